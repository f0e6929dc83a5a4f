"""A small conversation, a platform and a clock set by hand, for the tests of store and service."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import Connection

from bot.clock import Clock
from bot.conversation.agenda import Offer
from bot.conversation.person import Consent, Hold, Keep, Link, Phase, Plan, Rest, Scene
from bot.events import (
    Address,
    Command,
    Event,
    Expired,
    Incoming,
    Lane,
    Message,
    Press,
    Rate,
    Receipt,
    Text,
    Wake,
)
from bot.practice.clearance import Place, Variation
from bot.store import Store, StoreAway
from bot.store.file import File

START = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
HOME = Address("fake", "chat-of-ada")
AWAY = Address("fake", "chat-of-bob")
LINK_LASTS = timedelta(minutes=10)

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
Answer = tuple[Scene, tuple[Message, ...]]


class HandClock(Clock):
    """Stands still until it is moved."""

    def wall(self) -> datetime:
        return START

    def steady(self) -> float:
        return 0.0


class StillClock(HandClock):
    """Whose steady time stands still, too, but for what it is moved by."""

    def steady(self) -> float:
        return 1000.0


class LoopClock(Clock):
    """Shows the event loop's own time, which `in_no_time` makes pass by itself."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._loop = asyncio.get_running_loop()  # since it is asked on other threads, too
        super().__init__(offset)

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.steady())

    def steady(self) -> float:
        return self._loop.time()


class FullStore(Store):
    """Whose disk can be full: all can be read, and nothing be written."""

    full = False

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with super().transaction() as db:
            yield db
            if self.full:
                raise StoreAway("database or disk is full")


def path_of(store: Store) -> Path:
    assert isinstance(store.database, File)
    return store.database.path


class FakePlatform:
    """Takes every word, unless told what else to do with it."""

    def __init__(self, name: str = "fake", rate: Rate | None = None) -> None:
        self.name = name
        self.rate = rate
        self.rates: dict[Address, Rate] = {}
        self.said: list[Message] = []
        self.edits: list[str] = []
        self.tried: list[Message] = []
        self.before: Callable[[Message], Awaitable[None] | None] = lambda message: None

    async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:
        self.tried.append(message)
        if (waiting := self.before(message)) is not None:
            await waiting
        self.said.append(message)
        self.edits.append(edits)
        return Receipt(f"message-{len(self.said)}")

    def rates_at(self, place: Address) -> tuple[Rate, ...]:
        return tuple(rate for at, rate in self.rates.items() if at == place)

    def counts(self, message: Message) -> bool:
        return True

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.said]


def step(scene: Scene, event: Event, now: datetime) -> Answer:
    """``verb rest`` does what the verb says; whoever said "keep" is remembered."""
    match event:
        case Text(text) | Press(text):
            verb, _, rest = text.partition(" ")
            return _said(scene, verb, rest, now)
        case Command("export"):
            return scene, (Message(scene.address, scene.record),)
        case Command("forget"):
            return replace(scene, gone=True), (Message(scene.address, "gone", slot="card"),)
        case Command("link") if scene.linking:
            link = Link(scene.linking.name, scene.person.id, scene.address, now + LINK_LASTS)
            return replace(scene, linking=replace(scene.linking, link=link)), ()
        case Command("stats"):
            return scene, (Message(scene.address, f"{len(scene.history)} rests"),)
        case Expired(kind):
            return scene, (Message(scene.address, f"too late for {kind}"),)
        case Wake() if scene.person.offer and scene.person.offer.at <= now:
            return _with(scene, offer=None), (Message(scene.address, "rang", lane=Lane.REMINDER),)
        case Wake() if scene.person.hold:
            raise ValueError("what she said")
        case _:
            return scene, ()


def _with(scene: Scene, **changes: object) -> Scene:
    return replace(scene, person=replace(scene.person, **changes))  # type: ignore[arg-type]  # fields by name


def _said(scene: Scene, verb: str, rest: str, now: datetime) -> Answer:
    reply = (Message(scene.address, f"{verb} {rest}".strip()),)
    match verb:
        case "keep":
            return _with(scene, consent=Consent(Keep.RESULT, 1, now)), reply
        case "in":
            return _with(scene, offer=Offer(now + timedelta(seconds=float(rest)))), reply
        case "card":
            return scene, (Message(scene.address, rest, slot="card"),)
        case "two":
            return scene, tuple(Message(scene.address, part) for part in rest.split())
        case "exit":
            return scene, (Message(scene.address, rest, lane=Lane.EXIT),)
        case "remind":
            return scene, (Message(scene.address, rest, lane=Lane.REMINDER),)
        case "soon":
            until = now + timedelta(seconds=10)
            return scene, (Message(scene.address, rest, until=until, kind="cue"),)
        case "rest":
            done = Rest(int(rest), now, 300, Variation.CLASSIC, feeling="lighter")
            return replace(scene, rests=(done,)), reply
        case "nothing":
            return replace(scene, forget_history=True), reply
        case "hold":
            plan = Plan(Variation.CLASSIC, Place.FLOOR, 10, 15)
            return _with(scene, hold=Hold(1, plan, Phase.SETTLE, now)), reply
        case "up":
            minutes = float(rest) / 60
            plan = Plan(Variation.CLASSIC, Place.FLOOR, minutes, 15)
            up = Hold(1, plan, Phase.REST, now, started=now, lasts=minutes, legs_up=now, said=99)
            return _with(scene, hold=up), reply
        case "boom":
            raise ValueError(rest)
        case _:
            return scene, reply


_count = iter(range(1, 1_000_000))


def says(text: str, place: Address = HOME, id: str = "", **hints: Any) -> Incoming:  # noqa: ANN401 - the fields of it
    event = Command(text[1:]) if text.startswith("/") else Text(text)
    return Incoming(id or f"event-{next(_count)}", place, "ada", event, **hints)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for it, at most so long."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - of things that ring no bell, too
            await asyncio.sleep(0.005)


class NoWaiting(selectors.DefaultSelector):
    """Instead of waiting it says how much time has passed; but for a thread that is at work."""

    passed = 0.0
    working = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.working:
            return super().select(None if timeout is None or timeout > 0 else timeout)
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("Everybody waits, and nothing will ever happen.")
        if not found and timeout is not None:
            self.passed += max(0.0, timeout)
        return found


class NoWaitingLoop(asyncio.SelectorEventLoop):
    """Nothing outside of it can be waited for but executors: no process, no network."""

    def __init__(self) -> None:
        self._passing = NoWaiting()
        super().__init__(self._passing)

    def time(self) -> float:
        return self._passing.passed

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[*Arguments], Result],
        *args: *Arguments,
    ) -> asyncio.Future[Result]:
        self._passing.working += 1
        working = super().run_in_executor(executor, func, *args)
        working.add_done_callback(self._worked)
        return working

    def _worked(self, _: object) -> None:
        self._passing.working -= 1


def in_no_time(main: Coroutine[None, None, None]) -> None:
    """Run it in a time that leaps to whatever happens next: an hour's waiting takes no second."""
    with asyncio.Runner(loop_factory=NoWaitingLoop) as runner:
        runner.run(main)
