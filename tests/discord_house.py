"""The whole bot on Discord in one event loop: server, database, service and adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters import inbox
from adapters.discord import platform as platform_room
from adapters.discord import running as running_room
from adapters.discord.platform import Discord
from adapters.discord.running import Server, run
from bot.clock import Clock
from bot.events import Address, Rate
from bot.hands import Hands
from bot.sending import queue
from bot.service import Service
from tests.discord_api import Channel, DiscordApi, Interaction, Person, Shown
from tests.standin import START, FullStore, until

BRISK = Rate(1000, 1.0)
STARTS_EACH = 0.05


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many words and sessions as there are, for tests in which pacing does not matter."""
    monkeypatch.setattr(Discord, "rate", BRISK)
    monkeypatch.setattr(platform_room, "IN_A_CHAT", BRISK)
    monkeypatch.setattr(platform_room, "TIDIED_EACH", 0.02)
    monkeypatch.setattr(running_room, "BETWEEN_STARTS", STARTS_EACH)
    monkeypatch.setattr(queue, "FIRST_BACKOFF", 0.1)
    monkeypatch.setattr(inbox, "AGAIN", 0.1)


def brisk(api: DiscordApi) -> DiscordApi:
    """The server at any pace, if we are in a hurry."""
    if platform_room.IN_A_CHAT is BRISK:
        api.limits.loosen()
        api.gateway.identify_window = STARTS_EACH
    return api


@asynccontextmanager
async def opened_api(**options: Any) -> AsyncIterator[DiscordApi]:  # noqa: ANN401 - those of `DiscordApi`
    """A server for more than one house."""
    async with asyncio.timeout(40), DiscordApi(latency=(0, 0), **options) as api:
        yield brisk(api)


@dataclass
class House:
    """Everything that is running, and its parts."""

    api: DiscordApi
    store: FullStore
    service: Service
    discord: Discord
    clock: Clock
    running: asyncio.Task[None]

    async def quiet(self, *people: Person) -> None:
        """Until all that may be said is said."""
        for person in people:
            await self.service.settled(Address("discord", str(person.id)))
        await until(lambda: not self.discord._tidying.busy)


@asynccontextmanager
async def house(
    where: Path,
    api: DiscordApi,
    *,
    token: str = "",
    shards: int | None = None,
    guild: int | None = None,
    allow: tuple[str, ...] = (),
    hands: Hands | None = None,
    at: datetime = START,
) -> AsyncIterator[House]:
    """As `legs-up run` puts it together; ``where`` is a folder for the database."""
    store = FullStore(f"sqlite:///{where}/legs.db", patience=0.05)
    clock = Clock(at - datetime.now(UTC))
    discord = Discord(token or api.token, shards)
    service = Service(store, clock, [discord])
    service.allow, service.hands = allow, hands
    try:
        async with service:
            server = Server(api.url, guild=guild)
            running = asyncio.create_task(run(discord, service, server, lambda *_: None))
            try:
                await until(lambda: bool(discord.commands) or running.done())
                if not running.done():
                    await api.ready()
                yield House(api, store, service, discord, clock, running)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
    finally:
        await discord.close()


Scenario = Callable[[House], Coroutine[None, None, None]]


def play(where: Path, scenario: Scenario, *, broken: bool = False, **options: Any) -> None:  # noqa: ANN401 - those of `house`
    """A house with a server; unless it is ``broken``, no rule of Discord may be."""

    async def playing() -> None:
        async with (
            asyncio.timeout(40),
            DiscordApi(latency=(0, 0)) as api,
            house(where, brisk(api), **options) as opened,
        ):
            await scenario(opened)
            if not broken:
                assert api.check() == []

    asyncio.run(playing())


async def agrees(person: Person, where: Channel | None = None) -> Shown:
    """From nothing to the first page of the check."""
    await person.command("up", where)
    await person.reads("agree", where)
    await person.press("I agree", where=where)
    return await person.reads("1/4", where)


async def checked(person: Person, where: Channel | None = None) -> Shown:
    """From nothing to the first proposal, with nothing ticked."""
    shown = await agrees(person, where)
    for page in ("2/4", "3/4", "4/4", "Nothing in your answers"):
        await person.press("None of these", where=where)
        shown = await person.reads(page, where)
    return shown


__all__ = [
    "House",
    "Interaction",
    "agrees",
    "brisk",
    "checked",
    "house",
    "hurry",
    "opened_api",
    "play",
]
