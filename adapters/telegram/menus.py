"""What Telegram shows around a chat: the menus of commands, and what the bot is."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2s

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)
from telegram.error import RetryAfter, TelegramError

from adapters.telegram.transport import pause
from adapters.text import label
from bot.content.words import DEFAULT_LANGUAGE, languages, words

PRIVATE = (
    *("up", "ran", "seat", "reminders", "stats", "challenge", "check", "settings", "what", "why"),
    *("help", "privacy", "export", "join", "link", "forget", "stop"),
)
GROUP = ("up", "together", "challenge", "ran", "seat", "reminders", "help")
ORGANISERS = (*GROUP[:3], "club", *GROUP[3:])
"""Whoever has a list of their own sees none of the wider ones (#botcommandscope)."""

AGAIN = 60.0
"""Seconds until it is tried once more; nobody waits for a menu."""


def digest() -> str:
    """A name for all of it that changes when any word of it does."""
    texts = [f"{language}{_about(language)}{_menus(language)}" for language in languages()]
    return blake2s("".join(texts).encode(), digest_size=8).hexdigest()


async def put_up(bot: Bot) -> None:
    """Set all of it, in every language; it may take as long as it takes."""
    for language in languages():
        # What has no language stands for all that we do not speak.
        code = None if language == DEFAULT_LANGUAGE else language
        description, about = _about(language)
        await _insist(bot.set_my_description, description, language_code=code)
        await _insist(bot.set_my_short_description, about, language_code=code)
        for scope, commands in _menus(language):
            await _insist(bot.set_my_commands, commands, scope=scope, language_code=code)


def _about(language: str) -> tuple[str, str]:
    spoken = words(language)
    return label(spoken("telegram.description")), label(spoken("telegram.about"))


def _menus(language: str) -> tuple[tuple[BotCommandScope, list[BotCommand]], ...]:
    spoken = words(language)

    def commands(names: tuple[str, ...]) -> list[BotCommand]:
        return [BotCommand(name, label(spoken(f"menu.{name}"))) for name in names]

    return (
        (BotCommandScopeAllPrivateChats(), commands(PRIVATE)),
        (BotCommandScopeAllGroupChats(), commands(GROUP)),
        (BotCommandScopeAllChatAdministrators(), commands(ORGANISERS)),
    )


async def _insist(call: Callable[..., Awaitable[bool]], *what: object, **how: object) -> None:
    while True:
        try:
            await call(*what, **how)
        except RetryAfter as error:
            await asyncio.sleep(pause(error))
        except TelegramError:
            await asyncio.sleep(AGAIN)
        else:
            return
