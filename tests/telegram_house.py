"""The whole bot on Telegram in one event loop: server, database, service and adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters import tidying
from adapters.telegram import chats
from adapters.telegram import platform as platform_room
from adapters.telegram.platform import Telegram
from adapters.telegram.receiving import Webhook
from adapters.telegram.running import run
from bot.clock import Clock
from bot.events import Address, Rate
from bot.hands import Hands
from bot.sending import queue
from bot.service import Service
from tests.bot_api import BotApi, Call, Chat, Person, Shown
from tests.standin import START, FullStore, until

BRISK = Rate(1000, 1.0)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many words a second as there are, for tests in which pacing does not matter."""
    monkeypatch.setattr(chats, "IN_A_CHAT", BRISK)
    monkeypatch.setattr(chats, "IN_A_GROUP", BRISK)
    monkeypatch.setattr(platform_room, "TIDIED_EACH", 0.02)
    monkeypatch.setattr(tidying, "IDLE", 0.0)
    monkeypatch.setattr(queue, "FIRST_BACKOFF", 0.1)


@dataclass
class House:
    """Everything that is running, and its parts."""

    api: BotApi
    store: FullStore
    service: Service
    telegram: Telegram
    clock: Clock
    running: asyncio.Task[None]
    names: list[str] = field(default_factory=list)

    def calls(self, method: str, **with_: object) -> list[Call]:
        """What the bot has asked for, the oldest first."""
        return [
            call
            for call in self.api.calls
            if call.method == method
            and all(call.parameters.get(name) == value for name, value in with_.items())
        ]

    async def quiet(self, *chats_: Chat) -> None:
        """Until all updates are confirmed or on their way no more, and all is said."""
        await until(lambda: not self.api.queue.updates)
        for chat in chats_:
            await self.service.settled(Address("telegram", str(chat.id)))
        await self.tidied()

    async def tidied(self) -> None:
        """Until nothing is under way that only tidies up."""
        await until(lambda: not (self.telegram._asides or self.telegram._tidying.busy))


@asynccontextmanager
async def house(
    where: Path,
    api: BotApi,
    *,
    token: str = "",
    webhook: Webhook | None = None,
    allow: tuple[str, ...] = (),
    hands: Hands | None = None,
    at: datetime = START,
) -> AsyncIterator[House]:
    """As `legs-up run` puts it together; ``where`` is a folder for the database."""
    store = FullStore(f"sqlite:///{where}/legs.db", patience=0.05)
    clock = Clock(at - datetime.now(UTC))
    telegram = Telegram(token or api.token, api.url)
    service = Service(store, clock, [telegram])
    service.allow, service.hands = allow, hands
    names: list[str] = []
    try:
        async with service:
            running = asyncio.create_task(run(telegram, service, webhook, names.append))
            try:
                await until(lambda: bool(names) or running.done())
                yield House(api, store, service, telegram, clock, running, names)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
    finally:
        await telegram.close()


Scenario = Callable[[House], Coroutine[None, None, None]]


def play(where: Path, scenario: Scenario, *, broken: bool = False, **options: Any) -> None:  # noqa: ANN401 - those of `house`
    """A house with a server at any pace; unless it is ``broken``, no rule of Telegram may be."""

    async def playing() -> None:
        async with asyncio.timeout(40), BotApi(latency=(0, 0)) as api:
            if chats.IN_A_CHAT is BRISK:
                api.rates.burst = api.rates.each_second = api.rates.group_minute = 1000
            async with house(where, api, **options) as opened:
                await scenario(opened)
                if not broken:
                    assert api.check() == []

    asyncio.run(playing())


async def agrees(person: Person) -> Shown:
    """From nothing to the first page of the check."""
    await person.starts()
    await person.hears("Do you agree?")
    await person.presses("I agree")
    return await person.hears("1/4")


async def checked(person: Person) -> Shown:
    """From nothing to the first proposal, with nothing ticked."""
    shown = await agrees(person)
    for page in ("2/4", "3/4", "4/4", "Nothing in your answers"):
        await person.presses("None of these")
        shown = await person.hears(page)
    return shown
