"""Receiving at least once: Telegram keeps an update until we say that it is committed.

The library's own ways confirm an update before it is handled, or put it into a queue in memory.
"""

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from telegram import Update
from telegram.constants import PollingLimit
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError

from adapters.inbox import AGAIN, AT_ONCE, Inbox
from adapters.telegram import transport
from adapters.telegram.platform import Telegram
from adapters.telegram.updates import ALLOWED, Seen, changes_club, read
from bot import logs
from bot.health import PortUnusable
from bot.service import Service

LONG_POLL = 30
"""Seconds that Telegram waits for an update before it answers that there is none."""

POLL_MARGIN = 15.0
"""Seconds more until a poll without any answer counts as lost."""

BELIEVED = 3.0
"""Seconds for which Telegram must refuse a token: a single 401 comes and goes
(tdlib/telegram-bot-api#77)."""

CHECKED = 60.0
"""Seconds between two looks at whether the token is still good, when Telegram calls us."""

LONGEST_PAUSE = 5.0
"""Seconds between two tries, at most, while Telegram cannot be reached; doubling from one."""

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
LARGEST = 1024 * 1024
"""Bytes of an update: a text of 4,096 characters with all about it has some 40,000."""

Result = TypeVar("Result")

log = logs.get(__name__)


class TokenRefused(Exception):
    """Telegram does not know the token (any more)."""


class WebhookRefused(Exception):
    """Telegram does not want to call that address; its reason is the message."""


class TokenTaken(Exception):
    """Another program receives with the same token."""


class Outage:
    """A time in which Telegram does not answer: told at its beginning and its end."""

    def __init__(self) -> None:
        """There is none."""
        self._lasts = False

    def begins(self, error: Exception) -> None:
        """It did not answer, perhaps not for the first time."""
        if not self._lasts:
            log.warning("Telegram cannot be reached", what=error)
        self._lasts = True

    def ends(self) -> None:
        """It has answered."""
        if self._lasts:
            log.warning("Telegram is back")
        self._lasts = False


class Refusals:
    """A token is refused for good only if it is for a while: Telegram errs at times."""

    def __init__(self) -> None:
        """It is not refused yet."""
        self._since: float | None = None

    def again(self) -> None:
        """It was refused, perhaps not for the first time. Raises `TokenRefused`."""
        now = time.monotonic()
        if self._since is None:
            log.warning("Telegram refuses the token")
            self._since = now
        if now - self._since >= BELIEVED:
            raise TokenRefused


class Receiving:
    """Updates as they come, read and handed over."""

    def __init__(self, telegram: Telegram, service: Service) -> None:
        """Nothing is on its way yet."""
        self._telegram = telegram
        self._inbox = Inbox[Seen](lambda seen, told: telegram.hear(service, seen, told=told))

    async def take(self, raw: Mapping[str, Any], *, patient: bool) -> bool:
        """Hand an update over; whether it is committed. The patient one tries until it is."""
        seen = self._seen(raw)
        self._telegram.look(seen)
        if seen.incoming is None:
            return True
        incoming = await self._telegram.organisers.introduce(seen.incoming)
        # In order: what one person says, and what several do with one club.
        club = incoming.club if changes_club(incoming.event) else None
        whose = club.chat_id if club else incoming.author
        number = int(raw["update_id"])
        seen = replace(seen, incoming=incoming)
        return await self._inbox.take(whose, number, seen, patient=patient)

    def _seen(self, raw: Mapping[str, Any]) -> Seen:
        """One that we cannot read must not hold up all that come after it."""
        try:
            return read(Update.de_json(dict(raw), self._telegram.bot), self._telegram.username)
        except Exception:
            log.exception("an update could not be read")
            return Seen()


async def poll(telegram: Telegram, service: Service) -> None:
    """Ask for updates for ever. Raises `TokenRefused` or `TokenTaken`."""
    receiving = Receiving(telegram, service)
    on_their_way: dict[int, asyncio.Task[bool]] = {}
    following: int | None = None
    try:
        while True:
            waiting = [number for number, task in on_their_way.items() if not task.done()]
            for number in on_their_way.keys() - waiting if not waiting else ():
                del on_their_way[number]
            offset = min(waiting) if waiting else following
            for raw in await _fetch(telegram, service, offset, 0 if waiting else LONG_POLL):
                number = int(raw["update_id"])
                following = number + 1
                if number not in on_their_way:
                    taking = receiving.take(raw, patient=True)
                    on_their_way[number] = asyncio.create_task(taking)
            if on_their_way:
                await asyncio.wait(on_their_way.values(), timeout=AGAIN)
    finally:
        for task in on_their_way.values():
            task.cancel()
        await asyncio.gather(*on_their_way.values(), return_exceptions=True)


async def _fetch(
    telegram: Telegram, service: Service, offset: int | None, patience: int
) -> list[dict[str, Any]]:
    """The next updates, as they come; whatever is in the way is waited out, or raised."""
    pause, conflict, refused, outage = 1.0, 0.0, Refusals(), Outage()
    while True:
        wanted = {
            "offset": offset,
            "limit": int(PollingLimit.MAX_LIMIT),
            "timeout": patience,
            "allowed_updates": ALLOWED,
        }
        asked = {name: value for name, value in wanted.items() if value is not None}
        try:
            found = await telegram.bot.raw_updates(asked, patience + POLL_MARGIN)
        except InvalidToken:
            refused.again()
            pause = 1.0
        except Conflict:
            now = time.monotonic()
            conflict = conflict or now
            if now - conflict >= LONG_POLL:
                raise TokenTaken from None
            log.warning("somebody else receives with this token")
            pause = min(pause, LONG_POLL - (now - conflict))
        except RetryAfter as error:
            pause = transport.pause(error)
        except TelegramError as error:
            conflict, refused = 0.0, Refusals()
            outage.begins(error)
        else:
            outage.ends()
            service.health.platform(telegram.name, connected=True)
            return found
        service.health.platform(telegram.name, connected=False)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram is to call us, and where we listen for that."""

    url: str
    secret: str
    host: str
    port: int


async def listen(telegram: Telegram, service: Service, webhook: Webhook) -> None:
    """Let Telegram call us, for ever. Raises `PortUnusable`, `TokenRefused` or `WebhookRefused`."""
    receiving = Receiving(telegram, service)

    async def called(request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, webhook.secret.encode()):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        try:
            raw = json.loads(await request.read())
            int(raw["update_id"])
        except (ValueError, TypeError, KeyError):
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        done = await receiving.take(raw, patient=False)
        return web.Response(status=HTTPStatus.OK if done else HTTPStatus.SERVICE_UNAVAILABLE)

    app = web.Application(client_max_size=LARGEST)
    app.router.add_post(urlsplit(webhook.url).path or "/", called)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, webhook.host, webhook.port).start()
        except OSError as error:
            shown = f"{webhook.host}:{webhook.port}"
            reason = error.strerror or type(error).__name__
            raise PortUnusable(shown, reason) from None
        await _subscribe(telegram, service, webhook)
        while True:
            await asyncio.sleep(CHECKED)
            await insist(telegram.bot.get_me)
    finally:
        with suppress(Exception):
            await runner.cleanup()


async def _subscribe(telegram: Telegram, service: Service, webhook: Webhook) -> None:
    async def subscribe() -> None:
        await telegram.bot.set_webhook(
            webhook.url,
            secret_token=webhook.secret,
            max_connections=AT_ONCE,
            allowed_updates=ALLOWED,
        )

    try:
        await insist(subscribe)
    except BadRequest as error:
        raise WebhookRefused(error.message) from None
    service.health.platform(telegram.name, connected=True)


async def insist(call: Callable[[], Awaitable[Result]]) -> Result:
    """Until Telegram has answered it. Raises `TokenRefused`."""
    pause, refused, outage = 1.0, Refusals(), Outage()
    while True:
        try:
            done = await call()
            outage.ends()
            return done
        except InvalidToken:
            refused.again()
            pause = 1.0
        except BadRequest:
            raise
        except RetryAfter as error:
            pause = transport.pause(error)
        except (TelegramError, AttributeError, KeyError, TypeError) as error:
            outage.begins(error)  # also an answer that is none
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
