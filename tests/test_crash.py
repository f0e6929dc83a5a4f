"""A real process on a real file, killed again and again across an evening with a hold.

What should have been said is computed by the pure core from the same events. The evening may say
a word twice only if a kill fell between its sending and T2: the rows that had been said and were
still in the outbox after that kill. Those must come again, once for each such kill; nothing else
may, and nothing may be missing.
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.conversation import step
from bot.conversation.person import Person, Phase, Rest, Scene, blank, due_at
from bot.events import Button, Command, Event, Lane, Message, Press, Text, Wake
from bot.store import people
from bot.store.turns import NO_SOONER
from tests.crash_process import INSTRUCTION_EVENT, MESSAGE, SEAMS
from tests.standin import HOME, START

pytestmark = pytest.mark.process
ROOT = Path(__file__).parent.parent

Instruction = dict[str, object]


class Replay:
    """The pure core alone, led through the evening; it notes what it was told and what it said."""

    def __init__(self) -> None:
        self.person = Person(0)
        self.ids = 0
        self.now = START
        self.rests: dict[int, Rest] = {}
        self.said: list[Message] = []
        self.told: list[Instruction] = []
        self.events = 0

    def _step(self, event: Event) -> None:
        asked = isinstance(event, Command) and event.name == "stats"
        history = tuple(self.rests[n] for n in sorted(self.rests)) if asked else ()
        scene, messages = step(Scene(self.person, HOME, history=history), event, self.now)
        self.said += messages
        self.rests |= {rest.number: rest for rest in scene.rests}
        self.person = scene.person
        if blank(self.person):
            self.person = Person(0)
            self.rests = {}

    def _wait(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        while (due := due_at(self.person)) and due <= until:
            assert due >= self.now, "a step left itself due in the past"
            self.now = due
            self._step(Wake())
            after = due_at(self.person)
            assert after is None or after >= due + NO_SOONER, "a Wake left itself due"
        self.now = until

    def wait(self, seconds: float) -> None:
        self._wait(seconds)
        self.told.append({"seconds": self._seconds})

    def tell(self, event: Event) -> None:
        """Five seconds later."""
        self._wait(5)
        self.events += 1
        self.told.append(
            {
                "seconds": self._seconds,
                "id": f"event-{self.events}",
                "event": INSTRUCTION_EVENT.dump_python(event),
            }
        )
        if not self.person.id:
            self.ids += 1
            self.person = Person(self.ids, zone="UTC")
        self._step(event)

    def phase(self) -> Phase | None:
        return self.person.hold.phase if self.person.hold else None

    @property
    def _seconds(self) -> float:
        return (self.now - START).total_seconds()

    def press(self, wanted: str = "") -> None:
        """The first button whose data has this in it, of the latest message that has one."""
        self.tell(Press(next(b.data for b in self._buttons() if wanted in b.data)))

    def _buttons(self) -> Iterator[Button]:
        for message in reversed(self.said):
            for row in message.buttons:
                yield from row


def evening() -> Replay:
    """From the first word over a whole hold to the statistics, with a pause in the middle."""
    ada = Replay()
    ada.tell(Command("start"))
    while ada.phase() in (None, Phase.SETUP):
        ada.press()
    while ada.phase() is not Phase.REST:
        ada.wait(60)
    ada.tell(Text("how long"))
    ada.press("pause")
    ada.wait(20)
    ada.press("resume")
    while ada.phase() is not Phase.WAY_OUT:
        ada.wait(45)
    ada.wait(35)
    ada.press("|feel|")
    ada.tell(Command("stats"))
    ada.wait(3600)
    ada.tell(Command("up"))
    return ada


@dataclass
class Kill:
    """When the running process is to die: at a seam, or a moment after some instruction."""

    seam: str = ""
    passings: int = 0
    instructions: int = 0
    seconds: float = 0.0


@dataclass
class Report:
    """What was found after all kills."""

    said: list[dict[str, str]] = field(default_factory=list)
    doubted: Counter[int] = field(default_factory=Counter)
    killed: int = 0


class Driver:
    """Starts the process, tells it the evening, kills it, and starts it again."""

    def __init__(self, folder: Path, told: list[Instruction]) -> None:
        self.database = folder / "legs.db"
        self.words = folder / "said"
        self.told = told
        self.done = 0
        self.report = Report()

    def run(self, kills: Iterator[Kill]) -> Report:
        while self.done < len(self.told):
            self._live(next(kills, Kill()))
        self.report.said = self._said()
        return self.report

    def _live(self, kill: Kill) -> None:
        """One life of the process; an instruction without an answer is given to the next."""
        program = ROOT / "tests" / "crash_process.py"
        arguments = [str(self.database), str(self.words), kill.seam, str(kill.passings)]
        with subprocess.Popen(
            [sys.executable, str(program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        ) as process:
            assert process.stdin
            assert process.stdout
            left = kill.instructions
            for instruction in self.told[self.done :]:
                try:
                    process.stdin.write(json.dumps(instruction).encode() + b"\n")
                    process.stdin.flush()
                except BrokenPipeError:
                    break
                left -= 1
                if left == 0:
                    # Not waiting for a condition: any moment will do.
                    time.sleep(kill.seconds)
                    process.send_signal(signal.SIGKILL)
                if process.stdout.readline() != b"done\n":
                    break
                self.done += 1
            with suppress(BrokenPipeError):
                process.stdin.close()
            code = process.wait(20)
        if code == -signal.SIGKILL:
            self.report.killed += 1
            self.report.doubted.update(self._in_doubt())
        else:
            assert code == 0, "the process failed by itself"

    def _said(self) -> list[dict[str, str]]:
        if not self.words.exists():
            return []
        return [json.loads(line) for line in self.words.read_text().splitlines()]

    def _in_doubt(self) -> set[int]:
        """Rows that were said and, for all that the database knows, still have to be."""
        if not self.database.exists():
            return set()
        copy = self.database.parent / "copy"
        copy.mkdir()
        for path in self.database.parent.glob("legs.db*"):
            shutil.copy(path, copy)
        with closing(sqlite3.connect(copy / "legs.db")) as db:
            tables = {name for (name,) in db.execute("select name from sqlite_master")}
            waiting = set()
            if "outbox" in tables:
                waiting = {row for (row,) in db.execute("select id from outbox")}
        shutil.rmtree(copy)
        return waiting & {int(line["row"]) for line in self._said()}


def check(driver: Driver, ada: Replay) -> None:
    """Nothing lost, nothing twice but what was in doubt, and the state is the pure core's."""
    report = driver.report
    times = Counter(int(line["row"]) for line in report.said)
    twice = {row: n - 1 for row, n in times.items() if n > 1}
    assert twice == dict(report.doubted), "said again, against what lay between send and T2"

    once = {int(line["row"]): line["message"] for line in report.said}
    expected = [MESSAGE.dump_json(message).decode() for message in ada.said]
    assert list(once.values()) == expected
    # A word that is said again comes right after itself: nothing was said in between.
    rows = [int(line["row"]) for line in report.said]
    assert rows == sorted(rows)

    with closing(sqlite3.connect(driver.database)) as db:
        [(version, state)] = db.execute("select version, state from person").fetchall()
        assert people.read(version, state) == ada.person
        assert db.execute("select count(*) from outbox").fetchone() == (0,)
        assert db.execute("select count(*) from handled").fetchone() == (ada.events,)
        rests = db.execute("select number, seconds, feeling from rest order by number").fetchall()
        assert rests == [
            (rest.number, rest.seconds, rest.feeling)
            for rest in sorted(ada.rests.values(), key=lambda rest: rest.number)
        ]


def run(folder: Path, kills: Iterator[Kill]) -> Report:
    ada = evening()
    driver = Driver(folder, ada.told)
    report = driver.run(kills)
    check(driver, ada)
    return report


def test_the_evening_is_worth_killing() -> None:
    ada = evening()
    assert len(ada.said) > 20
    assert any(message.lane is Lane.EXIT for message in ada.said)
    assert ada.rests
    assert ada.person.card


@pytest.mark.parametrize("seam", SEAMS)
def test_killed_at_a_seam(tmp_path: Path, seam: str) -> None:
    # In the questionnaire, and in the hold: each life counts the passings from its own start.
    kills = [Kill(seam, passings) for passings in (4, 12)]
    report = run(tmp_path, iter(kills))
    assert report.killed == len(kills)
    between_send_and_t2 = seam in ("words sent", "before T2", "in the commit of T2")
    assert sum(report.doubted.values()) == (len(kills) if between_send_and_t2 else 0)


def any_moment(chance: random.Random) -> Kill:
    """While starting, or within the milliseconds that an instruction takes."""
    return Kill(instructions=chance.randrange(1, 9), seconds=chance.uniform(0, 0.03))


@pytest.mark.parametrize("seed", [1])
def test_killed_at_random_moments(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    run(tmp_path, iter([any_moment(chance) for _ in range(6)]))


def soak_until() -> Callable[[], bool]:
    end = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "2"))
    return lambda: time.monotonic() < end


@pytest.mark.soak
def test_killed_for_a_long_time(tmp_path: Path) -> None:
    chance, going_on = random.Random(), soak_until()
    evenings = killed = 0
    while going_on():
        folder = tmp_path / str(evenings)
        folder.mkdir()
        seams = [Kill(chance.choice(SEAMS), chance.randrange(1, 12)) for _ in range(5)]
        moments = [any_moment(chance) for _ in range(5)]
        kills = seams + moments
        chance.shuffle(kills)
        killed += run(folder, iter(kills)).killed
        evenings += 1
    assert killed
