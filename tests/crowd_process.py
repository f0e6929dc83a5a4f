"""The program that test_crash_crowd.py kills: the real service and core, for a thousand people.

It lives ten times as fast as the world: its clock, its event loop, and so its platform. Everything
that happens is in one log, a line each, which is with the operating system before anything else
goes on: a kill -9 takes none of it back. (An fsync is for a loss of power, and 300 of them a second
would be all that this machine does.)

    found     a row that was committed        late   a row about to be dropped as too late
    said      a row that the platform took    heard  an event that was committed
    answered  the platform told so            turn   a commit, by when it began
    trouble   an error that the engine met
"""

import asyncio
import json
import logging
import os
import random
import selectors
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.clock import Alarm, Clock
from bot.events import Address, Event, Incoming, Message, Press, Rate, Receipt
from bot.service import Service
from bot.store import Batch, Done, Step, Waiting
from tests.crash_process import INSTRUCTION_EVENT, MortalStore, Seam

SPEED = 10
BEGIN = datetime(2026, 11, 22, 20, 59, 50, tzinfo=UTC)
"""Ten seconds before ten in Berlin."""
PLATFORM = "fake"


class FastClock(Clock):
    """``begun`` is the machine's steady time at BEGIN; ``skipped`` are seconds left out since."""

    def __init__(self, begun: float, skipped: float) -> None:
        self.begun, self.skipped = begun, skipped
        super().__init__()

    def wall(self) -> datetime:
        since = (time.monotonic() - self.begun) * SPEED + self.skipped
        return BEGIN + timedelta(seconds=since)

    def steady(self) -> float:
        return time.monotonic() * SPEED


class FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / SPEED if timeout and timeout > 0 else timeout)


class FastLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(FastSelector())

    def time(self) -> float:
        return super().time() * SPEED


class FastAlarm(Alarm):
    """Rings by the loop: APScheduler would ask the machine for the time."""

    timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._pulse = asyncio.create_task(self._beating())

    def set(self, due: datetime | None) -> None:
        if self.timer:
            self.timer.cancel()
        if due is not None:
            wait = max(0.0, (due - self._clock.now()).total_seconds())
            self.timer = asyncio.get_running_loop().call_later(wait, self._ring)

    def stop(self) -> None:
        self.set(None)
        if self._pulse:
            self._pulse.cancel()


class FastService(Service):
    def __init__(self, store: MortalStore, clock: Clock, platform: "Crowd") -> None:
        super().__init__(store, clock, [platform])
        self._alarm = FastAlarm(clock, self._rung, self._clean, self._beat, self._jumped)


class Log:
    """Lines that stay."""

    def __init__(self, path: Path, life: int) -> None:
        self.file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        self.life = life
        # A line that was torn by a kill was never written.
        os.truncate(path, path.read_bytes().rfind(b"\n") + 1)

    def add(self, *lines: dict[str, Any]) -> None:
        text = "".join(json.dumps(line | {"life": self.life}) + "\n" for line in lines)
        os.write(self.file, text.encode())


class Troubles(logging.Handler):
    """Whatever the engine calls an error fails the test."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.ERROR)
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        self.log.add({"what": "trouble", "text": self.format(record)})


def _row(what: str, waiting: Waiting, now: datetime) -> dict[str, Any]:
    message = waiting.message
    return {
        "what": what,
        "row": waiting.id,
        "chat": message.to.chat_id,
        "kind": message.kind,
        "slot": message.slot,
        "lane": int(message.lane),
        "text": message.text,
        "until": message.until.isoformat() if message.until else None,
        "cause": waiting.cause,
        "at": now.isoformat(),
    }


class CrowdStore(MortalStore):
    """Tells the log what was committed, before any seam that comes after it."""

    def __init__(self, url: str, seam: Seam, log: Log, clock: Clock) -> None:
        super().__init__(url, seam)
        self.log = log
        self.clock = clock
        self.unsaid: set[int] = set()

    def turn(self, batch: Batch, step: Step, now: datetime) -> Done:
        self.log.add(*(_row("late", waiting, now) for waiting in batch.late))
        return super().turn(batch, step, now)

    def committed(self, batch: Batch, done: Done, now: datetime) -> None:
        super().committed(batch, done, now)
        self.log.add({"what": "turn", "at": now.isoformat(), "looked": batch.due is not None})
        self.unsaid -= done.gone
        self.unsaid -= {outcome.waiting.id for outcome in batch.outcomes if outcome.final}

    def note(self, words: Iterable[Waiting]) -> None:
        super().note(words)
        self.unsaid |= {waiting.id for waiting in words}
        self.log.add(*(_row("found", waiting, self.clock.now()) for waiting in words))


@dataclass
class Typed:
    """An event that a platform delivers until it is taken; ``at`` is in seconds after BEGIN."""

    id: str
    chat: str
    at: float
    event: Any


class Crowd:
    """A platform with many chats, in which people answer what they are told."""

    name = PLATFORM
    rate: Rate | None = Rate(30, 1.0)

    def __init__(self, store: CrowdStore, log: Log, clock: FastClock, answering: set[str]) -> None:
        self.store = store
        self.log = log
        self.clock = clock
        self.answering = answering
        self.chance = random.Random(log.life)
        self.answers: asyncio.Queue[Typed] = asyncio.Queue()

    def rates_at(self, place: Address) -> tuple[Rate, ...]:
        return (Rate(1, 1.0),)

    def counts(self, message: Message) -> bool:
        return True

    async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:
        began = self.clock.now()
        await asyncio.sleep(self.chance.uniform(0.04, 0.15))
        waiting = self.store.rows.get(id(message))
        if waiting is None:  # "one moment", for which there is no row
            return Receipt("no-row")
        answer = self._answer(message)
        line = _row("said", waiting, self.clock.now())
        line["began"] = began.isoformat()
        line["answer"] = asdict(answer) if answer else None
        self.log.add(line)
        self.store.seam.at("words sent")
        if answer:
            self.answers.put_nowait(answer)
        await asyncio.sleep(self.chance.uniform(0.04, 0.15))
        self.log.add({"what": "answered", "row": line["row"], "at": self.clock.now().isoformat()})
        return Receipt(f"said-{waiting.id}")

    def _answer(self, message: Message) -> Typed | None:
        """How the legs feel, or that they agree: pressed three seconds later, and once."""
        chat = message.to.chat_id
        wanted = ("|feel|", "|consent|result") if chat in self.answering else ()
        for row in message.buttons:
            for button in row:
                if any(each in button.data for each in wanted):
                    at = (self.clock.now() - BEGIN).total_seconds() + 3
                    event = INSTRUCTION_EVENT.dump_python(Press(button.data))
                    return Typed(f"{chat}-{button.data}", chat, at, event)
        return None


@dataclass
class Life:
    """What one process is told. It goes on until ``until`` is past and all is said."""

    url: str
    log: Path
    number: int
    begun: float
    skipped: float
    until: datetime
    typed: list[Typed]
    answering: set[str]
    seam: Seam


def live(life: Life) -> None:
    """One life, to its end or to its seam."""
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        runner.run(_live(life))


async def _live(life: Life) -> None:
    log = Log(life.log, life.number)
    logging.getLogger().addHandler(Troubles(log))
    clock = FastClock(life.begun, life.skipped)
    store = CrowdStore(life.url, life.seam, log, clock)
    crowd = Crowd(store, log, clock, life.answering)
    left = {typed.id: typed for typed in _unheard(life)}
    async with FastService(store, clock, crowd) as service, asyncio.TaskGroup() as people:

        async def deliver(typed: Typed) -> None:
            due = BEGIN + timedelta(seconds=typed.at)
            await asyncio.sleep(max(0.0, (due - clock.now()).total_seconds()))
            event: Event = INSTRUCTION_EVENT.validate_python(typed.event)
            place = Address(PLATFORM, typed.chat)
            taken = await service.receive(Incoming(typed.id, place, typed.chat, event))
            assert taken, "no database was away"
            cause = store.pseudonym(PLATFORM, typed.id, size=16)[:12]
            log.add({"what": "heard", "id": typed.id, "cause": cause})
            del left[typed.id]

        known = set(left) | {line["id"] for line in read(life.log, "heard")}
        for typed in list(left.values()):
            people.create_task(deliver(typed))
        # Whoever is due is asked for first: the words may come between the two questions.
        while clock.now() < life.until or left or await _due(service, clock) or store.unsaid:
            try:
                typed = await asyncio.wait_for(crowd.answers.get(), 1)
            except TimeoutError:
                continue
            if typed.id not in known:
                known.add(typed.id)
                left[typed.id] = typed
                people.create_task(deliver(typed))


async def _due(service: Service, clock: Clock) -> bool:
    due = await service.next_due()
    return due is not None and due <= clock.now()


def _unheard(life: Life) -> Iterator[Typed]:
    """Typed in any life so far, as the platform knows, and never taken."""
    answers = [line["answer"] for line in read(life.log, "said") if line["answer"]]
    every = life.typed + [Typed(**answer) for answer in answers]
    heard = {line["id"] for line in read(life.log, "heard")}
    return (typed for typed in every if typed.id not in heard)


def read(log: Path, *what: str) -> list[dict[str, Any]]:
    """The lines of these kinds, of any if none is named."""
    if not log.exists():
        return []
    lines = [json.loads(line) for line in log.read_text().split("\n")[:-1]]
    return [line for line in lines if not what or line["what"] in what]
