"""Everything that has a token, talking until it is stopped."""

import asyncio
import gc
import secrets
import sys
from collections.abc import Coroutine
from typing import Any

from adapters.account import WrongBot
from adapters.discord import running as on_discord
from adapters.discord.platform import Discord
from adapters.telegram import receiving
from adapters.telegram import running as on_telegram
from adapters.telegram.platform import Telegram
from bot.clock import RELEASED
from bot.content.words import Words, plain
from bot.health import PortUnusable
from bot.service import Service
from bot.settings import Settings
from bot.store import Store

TAKEN, WRONG_TOKEN = 75, 78
"""EX_TEMPFAIL and EX_CONFIG of sysexits.h: starting it again may help with the first alone."""

PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 36 | 1 << 38
"""All that a server is asked for: to see channels, to send messages, to open private threads and
to send messages there (documentation, Permissions)."""

WORTH_A_WORD = 5.0
"""Seconds of waiting for a platform, after which whoever looks on wants to know why."""


class CannotServe(Exception):
    """A platform that cannot be served; ``key`` are the words for it."""

    def __init__(self, key: str, status: int = WRONG_TOKEN, **values: object) -> None:
        """``values`` are those of the words, ``status`` is the exit status."""
        super().__init__(key)
        self.key = key
        self.status = status
        self.values = values


def check(settings: Settings, store: Store) -> None:
    """What can be said before anything is opened. Raises `CannotServe`."""
    known, mine = store.get(on_telegram.BOT), on_telegram.account(settings.telegram)
    if known and mine and known != mine:
        raise CannotServe("cli.telegram.other_bot")


def platforms(settings: Settings) -> list[Telegram | Discord]:
    """Everything that has a token; nothing of it is started."""
    found: list[Telegram | Discord] = []
    if settings.telegram:
        found.append(Telegram(settings.telegram, settings.telegram_api))
    if settings.discord:
        shards = settings.discord_shards
        found.append(Discord(settings.discord, shards if shards > 1 else None))
    return found


async def serve(
    settings: Settings,
    bots: list[Telegram | Discord],
    service: Service,
    say: Words,
    stop: asyncio.Event,
) -> None:
    """Let them talk until it is time to stop. Raises `CannotServe`."""
    talking = asyncio.create_task(_talk(settings, bots, service, say))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({talking, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        talking.cancel()
        stopped.cancel()
        await asyncio.gather(talking, stopped, return_exceptions=True)
        for bot in bots:
            await bot.close()
    if not talking.cancelled():
        talking.result()


async def _talk(
    settings: Settings, bots: list[Telegram | Discord], service: Service, say: Words
) -> None:
    """Let all of them talk until this is cancelled, or one of them cannot."""
    if service.clock.wall() < RELEASED:
        print(plain(say("cli.clock", year=RELEASED.year)), file=sys.stderr, flush=True)
        await service.clock.plausible()
    # Whatever is loaded by now stays: walking it would stop everything for a tenth of a second.
    gc.freeze()
    async with service:
        talks = [
            asyncio.create_task(
                _telegram(settings, each, service, say)
                if isinstance(each, Telegram)
                else _discord(settings, each, service, say)
            )
            for each in bots
        ]
        try:
            done, _ = await asyncio.wait(talks, return_when=asyncio.FIRST_COMPLETED)
            for talk in done:
                talk.result()
        finally:
            for talk in talks:
                talk.cancel()
            await asyncio.gather(*talks, return_exceptions=True)


async def _patiently(talk: Coroutine[Any, Any, None], waiting: asyncio.TimerHandle) -> None:
    try:
        await talk
    finally:
        waiting.cancel()


def _still_waiting(say: Words, platform: str) -> asyncio.TimerHandle:
    """Say so, unless it is cancelled before."""

    def told() -> None:
        print(plain(say("cli.waiting", platform=platform)), file=sys.stderr, flush=True)

    return asyncio.get_running_loop().call_later(WORTH_A_WORD, told)


async def _telegram(settings: Settings, bot: Telegram, service: Service, say: Words) -> None:
    """Say how to find the bot, and let it talk until this is cancelled."""
    waiting = _still_waiting(say, "Telegram")

    def connected(username: str) -> None:
        waiting.cancel()
        name = f"t.me/{username}"
        link = f"https://{name}"
        print(plain(say("cli.telegram.open", bot=name, link=link)))
        if code := service.door.code:
            print(plain(say("cli.telegram.owner", code=code, link=f"{link}?start={code}")))
        print(plain(say("cli.leave")), flush=True)

    try:
        await _patiently(on_telegram.run(bot, service, _webhook(settings), connected), waiting)
    except WrongBot:
        raise CannotServe("cli.telegram.other_bot") from None
    except receiving.TokenRefused:
        raise CannotServe("cli.telegram.refused") from None
    except receiving.WebhookRefused as error:
        raise CannotServe("cli.telegram.webhook", reason=error) from None
    except receiving.TokenTaken:
        raise CannotServe("cli.telegram.taken", TAKEN) from None
    except PortUnusable as error:
        raise CannotServe("cli.telegram.port", 1, port=error.port, reason=error.reason) from None


async def _discord(settings: Settings, bot: Discord, service: Service, say: Words) -> None:
    """As on Telegram."""
    waiting = _still_waiting(say, "Discord")

    def connected(name: str, application: int) -> None:
        waiting.cancel()
        link = f"https://discord.com/oauth2/authorize?client_id={application}"
        server = f"{link}&scope=bot+applications.commands&permissions={PERMISSIONS}"
        own = f"{link}&scope=applications.commands&integration_type=1"
        print(plain(say("cli.discord.open", bot=name, server=server, own=own)))
        if code := service.door.code:
            print(plain(say("cli.discord.owner", code=code)))
        print(plain(say("cli.leave")), flush=True)

    at = on_discord.Server(
        settings.discord_api, settings.discord_gateway or "", settings.discord_guild
    )
    try:
        await _patiently(on_discord.run(bot, service, at, connected), waiting)
    except WrongBot:
        raise CannotServe("cli.discord.other_bot") from None
    except on_discord.TokenRefused:
        raise CannotServe("cli.discord.refused") from None
    except on_discord.GatewayRefused as error:
        raise CannotServe("cli.discord.gateway", code=error) from None


def _webhook(settings: Settings) -> receiving.Webhook | None:
    if settings.telegram_webhook is None:
        return None
    known = settings.telegram_secret
    secret = known.get_secret_value() if known else secrets.token_urlsafe(32)
    return receiving.Webhook(settings.telegram_webhook, secret, *settings.telegram_listen)
