"""From a token to a bot that hears and speaks, until it is cancelled."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import discord.client
import discord.shard
from aiohttp import ClientError
from discord import (
    ConnectionClosed,
    DiscordException,
    EventStatus,
    Guild,
    HTTPException,
    Interaction,
    LoginFailure,
    Message,
    PrivilegedIntentsRequired,
    RateLimited,
    ScheduledEvent,
)
from discord.backoff import ExponentialBackoff
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.utils import MISSING
from yarl import URL

from adapters.account import claim
from adapters.discord import commands
from adapters.discord.interactions import read, said
from adapters.discord.platform import Discord, Hearing
from bot import logs
from bot.events import Joined, Left
from bot.service import Service, StoreAway

BOT = "discord_bot"
"""Under this name the store keeps whose people these are: no other bot can speak to them."""

COMMANDS = "discord_commands"
STARTED = "discord_started"

BETWEEN_STARTS = 5.0
"""Seconds between two sessions that begin (documentation, Gateway, Rate Limiting)."""

STARTS_KEPT = 500
"""With fewer left of the thousand a day, each waits for its share of the rest of the day: no crash
in a loop may use them up, since Discord then takes the token away."""

BELIEVED = 3.0
"""Seconds for which Discord must refuse a token."""

LONGEST_PAUSE = 5.0
"""Seconds between two tries to log in, at most; doubling from one."""

SOONER = 4
"""The library doubles its pause up to seventeen minutes; two to the power of this many seconds is
as long as anybody's next word should have to wait."""

STORE_PATIENCE = 2.0
"""Seconds that a start waits for a database that hangs."""

AGAIN = 60.0
"""Seconds until the commands are tried once more; nobody waits for them."""

TOKEN = 4004
"""The gateway's code for a token that it does not know (any more)."""

log = logs.get(__name__)


class TokenRefused(Exception):
    """Discord does not know the token (any more)."""


class GatewayRefused(Exception):
    """Discord takes no session with what is set; its code is the message."""


def point(api: str, gateway: str) -> None:
    """Where the library finds Discord: both addresses are its own, for the whole process."""
    Route.BASE = api
    if gateway:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)


def _soon() -> ExponentialBackoff[bool]:
    backoff = ExponentialBackoff[bool]()
    backoff._max = SOONER
    return backoff


@dataclass(frozen=True, slots=True)
class Server:
    """Where Discord is: its API with its version, and the gateway, empty if the API tells it.

    ``guild``: the server for which alone the commands are set, while somebody works on them.
    """

    api: str
    gateway: str = ""
    guild: int | None = None


async def run(
    bot: Discord, service: Service, server: Server, connected: Callable[[str, int], None]
) -> None:
    """Connect, then hear for ever. ``connected`` is called with the bot's name and number.

    Raises `TokenRefused`, `GatewayRefused` or `WrongBot`.
    """
    point(server.api, server.gateway)
    service.health.platform(bot.name, connected=False)
    await _log_in(bot)
    me = bot.client.user
    if me is None or bot.client.application_id is None:
        raise TokenRefused
    await claim(service, BOT, str(me.id))
    bot.logged_in = True
    connected(str(me), bot.client.application_id)
    setting = asyncio.create_task(_set_commands(bot, service, server.guild))
    try:
        await _stay(bot, service, server.gateway)
    finally:
        setting.cancel()
        bot.logged_in = False


async def _log_in(bot: Discord) -> None:
    """Until Discord has answered."""
    pause, refused, told = 1.0, 0.0, False
    while True:
        try:
            await bot.client.login(bot.token)
            return
        except LoginFailure:
            now = time.monotonic()
            refused = refused or now
            if now - refused >= BELIEVED:
                raise TokenRefused from None
            pause = 1.0
        except (DiscordException, OSError, ClientError) as error:
            if not told:
                log.warning("Discord cannot be reached", what=error)
            told = True
        await _closed(bot)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _closed(bot: Discord) -> None:
    """The library uses its connections once more, and they are closed by then."""
    await bot.client.http.close()
    bot.client.http.connector = MISSING


async def _stay(bot: Discord, service: Service, gateway: str) -> None:
    """Hear what people do, whatever happens to the connection."""
    discord.client.ExponentialBackoff = discord.shard.ExponentialBackoff = _soon  # type: ignore[attr-defined, assignment]
    _listen(bot, service, bot.hearing(service))
    # It tells of each try at length; we tell when it begins and ends.
    logging.getLogger(discord.client.__name__).setLevel(logging.CRITICAL)
    bot.client.before_identify_hook = Starts(bot, service).wait  # type: ignore[method-assign]
    while True:
        try:
            if not gateway:
                DiscordWebSocket.DEFAULT_GATEWAY = URL(await bot.rest.gateway())
            await bot.client.connect()
        except PrivilegedIntentsRequired:
            raise GatewayRefused("4014") from None
        except ConnectionClosed as error:
            if error.code == TOKEN:
                raise TokenRefused from None
            raise GatewayRefused(str(error.code)) from None
        except Exception as error:  # noqa: BLE001 - the library's own, too: whoever hears must go on
            log.warning("no session with Discord", what=error)
        service.health.platform(bot.name, connected=False)
        if bot.client.is_closed():
            bot.client.clear()
            await _closed(bot)
            await _log_in(bot)
        await asyncio.sleep(1.0)


def _listen(bot: Discord, service: Service, hearing: Hearing) -> None:
    """The library calls these by their names."""

    async def on_interaction(interaction: Interaction) -> None:
        try:
            await bot.until_closed(hearing.take(read(interaction)))
        except Exception:
            log.exception("an interaction could not be handled")

    async def on_message(message: Message) -> None:
        try:
            await bot.until_closed(hearing.take(said(message)))
        except Exception:
            log.exception("a message could not be handled")

    _listen_to_clubs(bot, hearing)
    away = False

    async def on_connect() -> None:
        nonlocal away
        if away:
            log.info("Discord's gateway is back")
        away = False
        service.health.platform(bot.name, connected=True)

    async def on_resumed() -> None:
        await on_connect()

    async def on_disconnect() -> None:
        nonlocal away
        if not away:
            log.info("no connection to Discord's gateway")
        away = True
        service.health.platform(bot.name, connected=False)

    for listener in (on_interaction, on_message, on_connect, on_resumed, on_disconnect):
        bot.client.event(listener)


def _listen_to_clubs(bot: Discord, hearing: Hearing) -> None:
    """What servers tell: that we are in or out, and what they plan."""

    async def hear(work: Coroutine[Any, Any, None]) -> None:
        try:
            await bot.until_closed(work)
        except Exception:
            log.exception("what a server told could not be handled")

    async def on_guild_join(guild: Guild) -> None:
        await hear(hearing.club(guild, Joined()))
        await hear(hearing.calendar(guild))

    async def on_guild_available(guild: Guild) -> None:
        # Each that comes with a session, and one that was down.
        await hear(hearing.calendar(guild))

    async def on_guild_remove(guild: Guild) -> None:
        await hear(hearing.club(guild, Left()))

    async def on_scheduled_event_create(entry: ScheduledEvent) -> None:
        if entry.guild is not None:
            await hear(hearing.entry(entry.guild, entry))

    async def on_scheduled_event_update(_before: ScheduledEvent, entry: ScheduledEvent) -> None:
        await on_scheduled_event_create(entry)

    async def on_scheduled_event_delete(entry: ScheduledEvent) -> None:
        if entry.guild is not None and entry.status is not EventStatus.completed:
            await hear(hearing.entry(entry.guild, entry, deleted=True))

    for listener in (
        on_guild_join,
        on_guild_available,
        on_guild_remove,
        on_scheduled_event_create,
        on_scheduled_event_update,
        on_scheduled_event_delete,
    ):
        bot.client.event(listener)


class Starts:
    """When a session may begin: Discord allows one in five seconds and a thousand a day."""

    def __init__(self, bot: Discord, service: Service) -> None:
        """Counts those of before a restart, too."""
        self._bot = bot
        self._service = service
        self._turn = asyncio.Lock()
        self._last: float | None = None

    async def wait(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002 - the library's
        """Until this one may."""
        async with self._turn:
            pause = await self._after_last()
            try:
                left, seconds = await self._bot.rest.starts_left()
            except (DiscordException, OSError, ClientError) as error:
                log.info("nobody tells how often we may start", what=error)
            else:
                if left < STARTS_KEPT:
                    pause = max(pause, seconds / max(1, left))
            if pause > BETWEEN_STARTS:
                log.warning("sessions begin too often; the next one waits", seconds=round(pause))
            await asyncio.sleep(pause)
            self._last, now = time.monotonic(), self._service.clock.wall().isoformat()
            with suppress(StoreAway, TimeoutError):
                async with asyncio.timeout(STORE_PATIENCE):
                    await self._service.keep(STARTED, now)

    async def _after_last(self) -> float:
        """Seconds until five have passed since the last one, also since that of another run."""
        if self._last is not None:
            return max(0.0, BETWEEN_STARTS - (time.monotonic() - self._last))
        kept = None
        with suppress(StoreAway, TimeoutError):
            async with asyncio.timeout(STORE_PATIENCE):
                kept = await self._service.kept(STARTED)
        if not kept:
            return 0.0
        passed = self._service.clock.wall() - datetime.fromisoformat(kept)
        # A clock that was set back must not make it wait for longer.
        return min(BETWEEN_STARTS, max(0.0, BETWEEN_STARTS - passed / timedelta(seconds=1)))


async def _set_commands(bot: Discord, service: Service, guild: int | None) -> None:
    """Only when they have changed: Discord allows it rarely."""
    wanted = commands.definitions()
    digest = commands.digest(wanted, bot.client.application_id, guild)
    while True:
        try:
            known = json.loads(await service.kept(COMMANDS) or "{}")
            if known.get("digest") != digest:
                ids = await bot.rest.set_commands(wanted, guild)
                known = {"digest": digest, "ids": ids}
                await service.keep(COMMANDS, json.dumps(known))
            bot.commands = known["ids"]
            return
        except (HTTPException, RateLimited, OSError, ClientError, StoreAway) as error:
            log.warning("the commands are not set yet", what=error)
        await asyncio.sleep(AGAIN)
