"""The slash commands as Discord shows them: their names, options and where each can be used. Pure.

Rules from the documentation, Interactions, Application Commands.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2s
from typing import Any

from discord import AppCommandOptionType, AppCommandType, Locale

from adapters.text import label
from bot.content.words import DEFAULT_LANGUAGE, Words, languages, words

MESSAGE = AppCommandType.message.value

SERVER, OWN_CHAT, OTHER_CHAT = 0, 1, 2
"""Where a command is offered: on a server, in the chat of two with us, in chats with others."""
EVERYWHERE = (SERVER, OWN_CHAT, OTHER_CHAT)
ALONE = (OWN_CHAT, OTHER_CHAT)

LONGEST_CHOICE = 100
LONGEST_REST = 60
"""Minutes that can be asked for; the check says what is allowed."""

LOCALES: dict[str, tuple[str, ...]] = {
    language: tuple(each.value for each in Locale if each.value.partition("-")[0] == language)
    for language in languages()
}
"""What Discord calls the languages that we speak."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something to add to a command; ``suggests`` names what is offered while it is typed."""

    name: str
    kind: AppCommandOptionType = AppCommandOptionType.string
    suggests: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Slash:
    """One command, by the verb that the core knows."""

    name: str
    options: tuple[Option, ...] = ()
    contexts: tuple[int, ...] = EVERYWHERE


COMMANDS = (
    Slash(
        "up",
        (Option("minutes", AppCommandOptionType.integer), Option("way", suggests="way")),
    ),
    Slash("ran"),
    Slash("seat"),
    Slash("remind", (Option("when", suggests="when", required=True),)),
    Slash("bedtime", (Option("time", suggests="evening"),)),
    Slash("runs", (Option("days"),)),
    Slash("reminders"),
    Slash("pause", (Option("until"),)),
    Slash("resume"),
    Slash("quiet", (Option("hours"),)),
    Slash("zone", (Option("city", suggests="city"),)),
    Slash("club", (Option("change"),), (SERVER,)),
    Slash("together", (Option("start"),), (SERVER,)),
    Slash("challenge"),
    Slash("join", (Option("code", required=True),)),
    Slash("log", (Option("minutes", AppCommandOptionType.integer),)),
    Slash("check"),
    Slash("stats"),
    Slash("settings"),
    Slash("language", contexts=ALONE),
    Slash("country", (Option("name"),), contexts=ALONE),
    Slash("what"),
    Slash("why", (Option("topic", suggests="topic"),)),
    Slash("faq", (Option("question", suggests="question"),)),
    Slash("help"),
    Slash("stop"),
    Slash("privacy"),
    Slash("link", (Option("code"),), contexts=ALONE),
    Slash("unlink", contexts=ALONE),
    Slash("export"),
    Slash("forget"),
)
_SUGGESTS = {option.name: option.suggests for slash in COMMANDS for option in slash.options}


def definitions() -> list[dict[str, Any]]:
    """All of it, as Discord takes it in one request."""
    return [*(_slash(each) for each in COMMANDS), _entry()]


def digest(definitions: list[dict[str, Any]], *where: object) -> str:
    """A name for all of it, and for where it is shown, that changes when any of it does."""
    text = json.dumps([definitions, *map(str, where)], sort_keys=True)
    return blake2s(text.encode(), digest_size=8).hexdigest()


def _slash(slash: Slash) -> dict[str, Any]:
    return {
        "type": AppCommandType.chat_input.value,
        **_named(f"slash.{slash.name}", f"menu.{slash.name}"),
        "options": [_option(each) for each in slash.options],
        "contexts": list(slash.contexts),
        "integration_types": [0, 1],  # added to a server, or to somebody's own account
    }


def _entry() -> dict[str, Any]:
    """What a message's menu of apps has; nobody's name but ours is fixed in it."""
    names = _named("slash.after", "slash.after")
    return {
        "type": MESSAGE,
        "name": names["name"],
        "name_localizations": names["name_localizations"],
        "contexts": [SERVER, OTHER_CHAT],
        "integration_types": [0, 1],
    }


def _option(option: Option) -> dict[str, Any]:
    written = {
        "type": option.kind.value,
        **_named(f"slash.option.{option.name}", f"slash.option.{option.name}.about"),
        "required": option.required,
    }
    if option.kind is AppCommandOptionType.integer:
        written |= {"min_value": 1, "max_value": LONGEST_REST}
    if option.suggests:
        written["autocomplete"] = True
    return written


def _named(name: str, about: str) -> dict[str, Any]:
    """In English, and in every other language that we speak."""

    def said(spoken: Words, key: str) -> str:
        return label(spoken(key))

    others = {
        locale: words(language)
        for language in languages()
        if language != DEFAULT_LANGUAGE
        for locale in LOCALES[language]
    }
    own = words(DEFAULT_LANGUAGE)
    return {
        "name": said(own, name),
        "name_localizations": {locale: said(each, name) for locale, each in others.items()},
        "description": said(own, about),
        "description_localizations": {locale: said(each, about) for locale, each in others.items()},
    }


def argument(data: Mapping[str, Any]) -> str:
    """What stands behind a command, as if it had been typed: the options in their order."""
    order = {option.name: nth for slash in COMMANDS for nth, option in enumerate(slash.options)}
    given = [each for each in data.get("options") or () if "value" in each]
    given.sort(key=lambda each: order.get(str(each.get("name")), 0))
    return " ".join(str(each["value"]).strip() for each in given).strip()


def asked(data: Mapping[str, Any]) -> tuple[str, str]:
    """Which kind of option somebody is typing, and what of it is there."""
    for each in data.get("options") or ():
        if each.get("focused"):
            return _SUGGESTS.get(str(each.get("name")), ""), str(each.get("value") or "")
    return "", ""


def choices(found: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Suggestions as Discord takes them."""
    return [
        {"name": shown[:LONGEST_CHOICE], "value": value[:LONGEST_CHOICE]} for shown, value in found
    ]
