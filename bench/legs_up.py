"""Our engine, driven from outside: a service on a store, its platform and its clock."""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, cycle
from typing import Any

from sqlalchemy import create_engine

from bench.databases import driven_by
from bench.measure import Commits, Gauge, Server, Sink, burst, child, lateness, memory, soon
from bench.people import EVERY, PLATFORM, TONIGHT, holds, load, reminders, sleepers, tonight
from bot import conversation
from bot.conversation.person import Scene
from bot.events import (
    Address,
    Button,
    Command,
    Event,
    Incoming,
    Lane,
    Message,
    Rate,
    Receipt,
)
from bot.service import Service
from bot.store import Batch, Outcome, Store, Waiting, outbox, people
from bot.store.turns import WAVE

Answer = tuple[Scene, tuple[Message, ...]]

BUTTONS = (
    tuple(
        Button(label, f"1|7|nudge|3|{n}")
        for n, label in enumerate(("Start", "In 30 min", "Not today"))
    ),
    tuple(
        Button(label, f"1|7|nudge|3|{n}")
        for n, label in enumerate(("Later ...", "Pause until ..."))
    ),
)


class Taker:
    """A platform; each message is handed to ``took``."""

    name = PLATFORM

    def __init__(self, took: Callable[[Message], None], rate: Rate | None = None) -> None:
        self.rate = rate
        self._took = took
        self._sent = 0

    def rates_at(self, place: Address) -> tuple[Rate, ...]:  # noqa: ARG002 - the port's signature
        """No chat takes less than the token."""
        return ()

    def counts(self, message: Message) -> bool:  # noqa: ARG002 - the port's signature
        """All the same for each."""
        return True

    async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:  # noqa: ARG002 - as above
        """At the price of one turn of the event loop."""
        await asyncio.sleep(0)
        self._took(message)
        self._sent += 1
        return Receipt(str(self._sent))


def at(moment: float) -> datetime:
    """A real moment."""
    return datetime.fromtimestamp(moment, UTC)


# Who is in the database, written by a process that does not measure


async def fill(url: str, n: int = 0, k: int = 0, holding: int = 0) -> dict[str, Any]:
    """``n`` people with a bedtime, ``k`` of them due, and so many with legs up."""
    began = time.perf_counter()
    # The first start writes down what it was started with; a later one would look at everybody.
    async with Service(Store(url), tonight(at(time.time()), -timedelta(hours=1)), []):
        while not setting(url, "written_with"):  # noqa: ASYNC110 - it is seen in the database only
            await asyncio.sleep(0.02)
    size = load(url, chain(sleepers(n, k), holds(holding)))
    many = n + holding
    return {"us": (time.perf_counter() - began) / many * 1e6, "bytes": size / many}


def setting(url: str, name: str) -> str | None:
    """A setting of a store, seen from outside."""
    engine = create_engine(driven_by(url, "psycopg"))
    with engine.connect() as db:
        found = db.exec_driver_sql(f"SELECT value FROM setting WHERE name = '{name}'").scalar()
    engine.dispose()
    return found


# Reminders


async def wave(url: str, k: int) -> dict[str, Any]:
    """``k`` reminders due at once: from the step of the real core to the deleted word."""
    before, began = memory(), time.perf_counter()
    sink, commits = Sink(k), Commits()
    due = soon(2)

    def took(message: Message) -> None:
        sink.take(message.to.chat_id, due)

    store = Store(url)
    async with Service(store, tonight(at(due)), [Taker(took)]) as service:
        started = time.perf_counter() - began

        async def settled() -> None:
            await service.settled(Address(PLATFORM, "0"))

        gc.freeze()  # as the program does
        measured = await burst(sink, due, server=url, commits=commits, settled=settled)
    return {**measured, "start_ms": started * 1e3, "grown_mb": memory() - before}


async def start(url: str) -> dict[str, Any]:
    """From nothing to a service that waits for the next moment; then a second of idling."""
    began, cpu = time.perf_counter(), time.process_time()
    async with Service(Store(url), tonight(at(time.time()), -timedelta(hours=1)), []) as service:
        await service.next_due()
        started = time.perf_counter() - began
        await asyncio.sleep(1)
        return {
            "start_ms": started * 1e3,
            "cpu_ms": (time.process_time() - cpu) * 1e3,
            "memory_mb": memory(),
        }


def claim(url: str, k: int) -> dict[str, Any]:
    """The statements of a wave as our store makes them, with states and words made before.

    Neither core nor reading of states: this is what stands beside `bench.floor`.
    """
    after = reminders()
    store = Store(url)
    store.open()
    queues = [(PLATFORM, lane) for lane in people.LANES]
    commits, server = Commits(), Server(url)
    began, cpu = time.perf_counter(), time.process_time()
    said: tuple[Outcome, ...] = ()
    served = 0
    while True:
        rows, words = [], []
        with store.transaction() as db:
            outbox.settle(db, said, TONIGHT)
            for lane in people.LANES:
                for row in people.due(db, PLATFORM, lane, TONIGHT, WAVE):
                    served += 1
                    kept, message = after[row.id % len(after)]
                    message = replace(message, to=people.place_of(row))
                    rows.append({"person": row.id, "home": row.home, "platform": PLATFORM, **kept})
                    words.append(Waiting(served, message, row.id, "wake-1a2b3c4d", TONIGHT))
            people.save(db, rows)
            outbox.put(db, words)
            people.next_wake(db, queues)
        if not (said or words):
            break
        said = tuple(Outcome(waiting, Receipt()) for waiting in words)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    return {
        "cpu_us": cpu / k * 1e6,
        "server_us": server.seconds / k * 1e6,
        "wall_us": wall / k * 1e6,
        "commits": commits.count / k,
        "lost": k - served,
    }


def turns(url: str, k: int) -> dict[str, Any]:
    """The same with the real core, and states read and written: all but service and sender."""
    store = Store(url)
    store.open()
    server = Server(url)
    cpu = time.process_time()
    said: tuple[Outcome, ...] = ()
    while True:
        batch = Batch(outcomes=said, due={PLATFORM: WAVE})
        done = store.turn(batch, conversation.step, TONIGHT)
        said = tuple(Outcome(waiting, Receipt()) for waiting in done.words)
        if not (batch.outcomes or said):
            break
    return {
        "cpu_us": (time.process_time() - cpu) / k * 1e6,
        "server_us": server.seconds / k * 1e6,
    }


# Holds


class Cues:
    """A core for holds: each wake says a cue and asks for the next. ``late`` is kept per cue."""

    def __init__(self, begin: float) -> None:
        self.late: list[float] = []
        self.reminders = 0
        self._begin = begin
        self._planned: dict[str, datetime] = {}

    def step(self, scene: Scene, event: Event, now: datetime) -> Answer:
        """A hold's cue by this, everything else by the real core."""
        hold = scene.person.hold
        if hold is None or hold.tingling_at is None:
            return conversation.step(scene, event, now)
        planned = following = hold.tingling_at
        while following <= now:
            following += EVERY
        self._planned[scene.address.chat_id] = planned
        person = replace(scene.person, hold=replace(hold, tingling_at=following))
        text = "Let the breath out grow longer than the breath in. No pauses."
        message = Message(scene.address, text, BUTTONS, lane=Lane.CUE, until=now + CUE_LATEST)
        return replace(scene, person=person), (message,)

    def took(self, message: Message) -> None:
        """How late a cue is counts from its own moment, not from the quarter second after it."""
        if message.lane is not Lane.CUE:
            self.reminders += 1
            return
        planned = self._planned.pop(message.to.chat_id) - TONIGHT
        self.late.append(time.time() - self._begin - planned.total_seconds())


CUE_LATEST = timedelta(seconds=10)


async def cues(url: str, seconds: float, rate: float = 0) -> dict[str, Any]:
    """What the holds of a database get within so many seconds, beside whoever else is due."""
    begin = soon(2)
    cue = Cues(begin)
    platform = Taker(cue.took, Rate(round(rate), 1) if rate else None)
    store = Store(url)
    async with Service(store, tonight(at(begin)), [platform], cue.step):
        server, gauge = Server(url), Gauge(begin)
        await asyncio.sleep(begin - time.time())
        server.start()
        await asyncio.sleep(begin + seconds - time.time())
        cpu, served, count = gauge.stop(), server.seconds, len(cue.late)
        return {
            "cpu_us": cpu / max(1, count) * 1e6,
            "server_us": served / max(1, count) * 1e6,
            "core_share": (cpu + served) / seconds,
            **lateness(cue.late),
            "stall_ms": gauge.stall * 1e3,
            "cues": count,
            "reminders": cue.reminders,
        }


# Interactions

COMMANDS = ("reminders", "help")


async def interact(url: str, n: int, count: int, at_once: int) -> dict[str, Any]:
    """``count`` commands of ``n`` people, so many in flight, each to its deleted answer."""
    said: list[Message] = []
    store = Store(url)
    clock = tonight(at(time.time()), -timedelta(hours=1))
    async with Service(store, clock, [Taker(said.append)]) as service:
        people_there = cycle(range(1, n + 1))
        everything = ask(count // 5 + count, people_there)
        await speak(service, everything, count // 5, at_once)  # warm
        server = Server(url)
        began, cpu = time.perf_counter(), time.process_time()
        await speak(service, everything, count, at_once)
        await service.settled(Address(PLATFORM, "0"))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - began
        return {
            "cpu_us": cpu / count * 1e6,
            "server_us": server.seconds / count * 1e6,
            "per_second": count / wall,
            "answers": len(said),
        }


def answer(url: str, n: int, count: int, at_once: int) -> dict[str, Any]:
    """Our part of an interaction: load, step, save, handled and words, so many in one commit.

    The rows of the answers before go with it, as they do while people speak.
    """
    store = Store(url)
    store.open()
    everything = ask(count // 5 + count, cycle(range(1, n + 1)))
    said: tuple[Outcome, ...] = ()

    def take(many: int) -> None:
        nonlocal said
        for _ in range(many // at_once):
            heard = tuple(next(everything) for _ in range(at_once))
            done = store.turn(Batch(outcomes=said, heard=heard), conversation.step, TONIGHT)
            said = tuple(Outcome(waiting, Receipt()) for waiting in done.words)

    take(count // 5)  # warm
    gc.collect()
    gc.freeze()
    server = Server(url)
    began, cpu = time.perf_counter(), time.process_time()
    take(count)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    return {
        "cpu_us": cpu / count * 1e6,
        "server_us": server.seconds / count * 1e6,
        "per_second": count / wall,
    }


def ask(count: int, who: Iterator[int]) -> Iterator[Incoming]:
    """So many commands."""
    for number in range(count):
        someone = str(next(who))
        command = Command(COMMANDS[number % len(COMMANDS)])
        yield Incoming(str(number), Address(PLATFORM, someone), someone, command, "en")


async def speak(service: Service, everything: Iterator[Incoming], count: int, at_once: int) -> None:
    """Hand them in, each of ``at_once`` people after the answer to their last one."""

    async def one_after_another(many: int) -> None:
        for _ in range(many):
            await service.receive(next(everything))

    await asyncio.gather(*(one_after_another(count // at_once) for _ in range(at_once)))


if __name__ == "__main__":
    child(
        fill=fill,
        wave=wave,
        start=start,
        claim=claim,
        turns=turns,
        cues=cues,
        interact=interact,
        answer=answer,
    )
