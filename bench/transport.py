"""HTTP to Telegram: `Bot.send_message` by our transport, by the library's own, and the floor.

The floor is an aiohttp session that posts the same fields and reads the answer's bytes. What the
library itself does for a call (the fields made, the answer read into a `Message`) comes on top of
any transport; it is measured alone, too, with an answer out of memory.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.request import BaseRequest, RequestData

from adapters.telegram.transport import RawBot, Transport
from bench.bot_api import ANSWER, bot_api
from bench.crowd import words
from bench.measure import Failed, Gauge, child

Send = Callable[[], Awaitable[object]]

TOKEN = "1:bench"  # noqa: S105 - of nobody
TEXT = words(22, 30)
BUTTONS = InlineKeyboardMarkup(
    [[InlineKeyboardButton(f"Button {n}", callback_data=f"tap:{n}:4321")] for n in range(5)]
)
STALLS_FROM = 64
"""Lanes. A heartbeat, 200 times a second, would show in the CPU of ten messages a second."""

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Memory(BaseRequest):
    """No transport: the answer is there at once. It keeps the fields that would have gone."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    @property
    def read_timeout(self) -> float:
        return 5

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self,
        url: str,  # noqa: ARG002 - it goes nowhere
        method: str,  # noqa: ARG002
        request_data: RequestData | None = None,
        *_: object,
        **__: object,
    ) -> tuple[int, bytes]:
        if request_data is not None:
            self.fields = request_data.json_parameters
        return 200, ANSWER


def _sending(bot: Bot) -> Send:
    """A reminder as the adapter sends it."""

    def send() -> Awaitable[object]:
        return bot.send_message(
            123456789,
            TEXT,
            parse_mode="Markdown",
            disable_notification=True,
            link_preview_options=NO_PREVIEW,
            reply_markup=BUTTONS,
        )

    return send


async def ours(lanes: int, seconds: float, after: int) -> dict[str, Any]:
    """The transport of the adapter."""
    with bot_api() as api:
        transport = Transport(api)
        await transport.initialize()
        bot = RawBot(TOKEN, f"{api}/{after}/bot", request=transport, get_updates_request=transport)
        result = await _cost(_sending(bot), lanes, seconds)
        await transport.shutdown()
    return result


async def httpx(lanes: int, seconds: float, after: int) -> dict[str, Any]:
    """The library's own, as `Bot` makes it if it is told nothing: up to 256 connections."""
    with bot_api() as api:
        bot = Bot(TOKEN, f"{api}/{after}/bot")
        await bot.request.initialize()
        result = await _cost(_sending(bot), lanes, seconds)
        await bot.request.shutdown()
    return result


async def floor(lanes: int, seconds: float, after: int) -> dict[str, Any]:
    """The same fields, posted; nobody reads the answer."""
    memory = Memory()
    await _sending(Bot(TOKEN, request=memory))()
    with bot_api() as api:
        url = f"{api}/{after}/bot{TOKEN}/sendMessage"
        async with aiohttp.ClientSession() as session:

            async def send() -> None:
                async with session.post(url, data=memory.fields) as answer:
                    await answer.read()

            return await _cost(send, lanes, seconds)


async def library(lanes: int, seconds: float) -> dict[str, Any]:
    """The library without any HTTP."""
    send = _sending(Bot(TOKEN, request=Memory()))

    async def one() -> None:
        await send()
        await asyncio.sleep(0)  # memory never waits, and a lane must

    return await _cost(one, lanes, seconds)


async def _cost(send: Send, lanes: int, seconds: float) -> dict[str, Any]:
    """CPU of a call and calls a second, once each lane is connected."""
    sent = 0
    connected = asyncio.Event()

    async def lane() -> None:
        nonlocal sent
        while True:
            await send()
            sent += 1
            if sent == 2 * lanes:
                connected.set()

    stalls = lanes >= STALLS_FROM
    first = Gauge(time.time()) if stalls else None
    at_work = [asyncio.create_task(lane()) for _ in range(lanes)]
    ready = asyncio.create_task(connected.wait())
    await asyncio.wait([ready, *at_work], return_when=asyncio.FIRST_COMPLETED)
    if first:
        first.stop()
    steady = Gauge(time.time()) if stalls else None
    began, cpu, before = time.perf_counter(), time.process_time(), sent
    await asyncio.sleep(seconds)
    took, used, calls = time.perf_counter() - began, time.process_time() - cpu, sent - before
    if steady:
        steady.stop()
    for one in (ready, *at_work):
        one.cancel()
    for ended in await asyncio.gather(*at_work, return_exceptions=True):
        if not isinstance(ended, asyncio.CancelledError):
            raise Failed(f"a lane ended: {ended!r}")
    return {
        "cpu_us": used / calls * 1e6,
        "per_second": calls / took,
        "stall_ms": steady.stall * 1e3 if steady else None,
        "first_stall_ms": first.stall * 1e3 if first else None,
    }


if __name__ == "__main__":
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # the server is here
    child(ours=ours, httpx=httpx, floor=floor, library=library)
