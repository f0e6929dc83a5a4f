"""The program on a made-up Telegram, as a process of its own; started, watched and killed."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bot_api import BotApi, Call
from tests.bot_api import Person as Human
from tests.program import Program

SECRET = "AAFnoLogMayEverHoldThis_0123456789"
TOKEN = f"123456:{SECRET}"
OPEN = "https://t.me/LegsUpTestBot"
UNREACHED = "Telegram cannot be reached"

NEXT_LIFE = ("query is answered before", "more than 1 in 1 s in chat", "two at a time")
"""What a next life cannot know of the last: which taps it answered, when it spoke, and whether
Telegram has noticed that its poll is gone."""


class Bot(Program):
    """The program with a token of Telegram's."""

    secrets = (SECRET,)

    def __init__(self, api: BotApi, folder: Path, **settings: str) -> None:
        here = {"TELEGRAM_TOKEN": api.token, "TELEGRAM_API_URL": api.url}
        super().__init__(folder, **(here | settings))
        self.api = api

    async def dies(self) -> None:
        """Taps are answered when it lives again."""
        self.api.answer_within = self.api.query_limit = 60.0
        await super().dies()


@asynccontextmanager
async def telegram(
    folder: Path,
    *,
    may_break: tuple[str, ...] = (),
    latency: tuple[float, float] = (0.08, 0.3),
    **settings: str,
) -> AsyncIterator[tuple[BotApi, Bot]]:
    """A Telegram and a bot, not started yet; at the end the one was kept to, the other is gone."""
    async with BotApi(token=TOKEN, latency=latency) as api:
        bot = Bot(api, folder, **settings)
        try:
            yield api, bot
            broken = [why for why in api.check() if not any(each in why for each in may_break)]
            assert not broken, broken
        finally:
            await bot.close()


# People who were here before


def known(api: BotApi, number: int, name: str, language: str = "en") -> Human:
    """Somebody who has talked with the bot before."""
    human = api.person(number, name, language_code=language)
    human.started = True
    return human


# What was said


def said(api: BotApi, chat: int) -> list[str]:
    """Every text that came new into a chat, twice if it came twice."""
    return [one.text for one in api.people[chat].chat.shown]


def sends(api: BotApi, chat: int, text: str) -> list[Call]:
    """The requests that brought a text into a chat."""
    return [
        call for call in api.calls
        if call.method == "sendMessage" and str(call.chat_id) == str(chat)
        and call.status == 200 and text in str(call.parameters.get("text"))
    ]  # fmt: skip


def late(call: Call, moment: datetime) -> float:
    """Seconds from a moment until the request was there."""
    arrived = time.time() - time.monotonic() + call.at
    return arrived - moment.timestamp()


def polls(api: BotApi, **wanted: Any) -> list[Call]:  # noqa: ANN401 - parameters of all kinds
    """The polls with these parameters."""
    return [
        call for call in api.calls
        if call.method == "getUpdates"
        and all(call.parameters.get(name) == value for name, value in wanted.items())
    ]  # fmt: skip
