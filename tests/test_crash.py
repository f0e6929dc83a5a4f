"""A real process on a real database, killed again and again across an evening with a hold.

What should have been said is computed by the pure core from the same events. The evening may say
a word twice only if a kill fell between its sending and T2: the rows that had been said and were
still in the outbox after that kill. Those must come again, once for each such kill; nothing else
may, and nothing may be missing.

A turn that takes in events, or people who are due, is a T1; one that takes what came back from the
platform is a T2; one commit may be both. test_crash_crowd.py does the same to many at once.
"""

import json
import multiprocessing
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from multiprocessing.process import BaseProcess
from operator import itemgetter
from pathlib import Path

import pytest
from sqlalchemy import (
    URL,
    Connection,
    NullPool,
    create_engine,
    func,
    inspect,
    make_url,
    select,
    text,
)

from bot.conversation import step
from bot.conversation.person import Person, Phase, Rest, Scene, blank, due_at
from bot.events import Button, Command, Event, Lane, Message, Press, Text, Wake
from bot.store import people
from bot.store.tables import handled, outbox, person, rest
from bot.store.turns import NO_SOONER
from tests.crash_process import INSTRUCTION_EVENT, MESSAGE, SEAMS, Instruction, Seam, live
from tests.postgres import Server
from tests.standin import HOME, START

pytestmark = pytest.mark.process


# Each life is a process that begins with everything imported, which alone would take a second.
LIVES = multiprocessing.get_context("forkserver")
LIVES.set_forkserver_preload(["tests.crowd_process"])


def ended(process: BaseProcess) -> int | None:
    """How a life ended, which it has to do by itself or by a kill."""
    process.join(30)
    code = process.exitcode
    process.kill()
    process.join()
    process.close()
    assert code is not None, "the process went on and on"
    return code


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
            self.person = Person(self.ids + 1, zone="UTC")
        self._step(event)
        # Somebody of whom nothing is kept takes no number.
        self.ids = max(self.ids, self.person.id)

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


class Stored:
    """What lies in a database, looked at from outside between two lives of the process."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Changes nothing: of a file, a copy is opened, with its write-ahead log."""
        if self.url.get_backend_name() != "sqlite":
            with _opened(self.url.set(drivername="postgresql+psycopg")) as db:
                self._wait_for_the_dead(db)
                yield db
            return
        file = Path(self.url.database or "")
        copy = file.parent / "copy"
        copy.mkdir()
        for path in file.parent.glob(f"{file.name}*"):
            shutil.copy(path, copy)
        with _opened(self.url.set(database=str(copy / file.name))) as db:
            yield db
        shutil.rmtree(copy)

    def _wait_for_the_dead(self, db: Connection) -> None:
        """What the process had asked of the server last may be under way still."""
        theirs = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        end = time.monotonic() + 20
        while db.execute(theirs).scalar():
            assert time.monotonic() < end, "the server still serves the dead"
            db.rollback()
            time.sleep(0.002)

    def waiting(self) -> set[int]:
        """The rows of the outbox."""
        with self.look() as db:
            if not inspect(db).has_table("outbox"):
                return set()
            return set(db.execute(select(outbox.c.id)).scalars())


@contextmanager
def _opened(url: URL) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as db:
            yield db
    finally:
        engine.dispose()


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

    def __init__(self, url: str, folder: Path, told: list[Instruction]) -> None:
        self.url = url
        self.stored = Stored(url)
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
        ours, theirs = LIVES.Pipe()
        seam = Seam(kill.seam, kill.passings)
        process = LIVES.Process(target=live, args=(theirs, self.url, self.words, seam))
        process.start()
        theirs.close()
        left = kill.instructions
        # It breaks off where the process died.
        with ours, suppress(EOFError, ConnectionError):
            for instruction in self.told[self.done :]:
                ours.send(instruction)
                left -= 1
                if left == 0:
                    # Not waiting for a condition: any moment will do.
                    time.sleep(kill.seconds)
                    process.kill()
                assert ours.recv() == "done"
                self.done += 1
        code = ended(process)
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
        return self.stored.waiting() & {int(line["row"]) for line in self._said()}


def check(driver: Driver, ada: Replay) -> None:
    """Nothing lost, nothing twice but what was in doubt, and the state is the pure core's."""
    report = driver.report
    times = Counter(int(line["row"]) for line in report.said)
    twice = {row: n - 1 for row, n in times.items() if n > 1}
    assert twice == dict(report.doubted), "said again, against what lay between send and T2"

    once = {int(line["row"]): line["message"] for line in report.said}
    expected = [MESSAGE.dump_json(message).decode() for message in ada.said]
    assert list(once.values()) == expected
    # What is said again comes before anything new: two that were in doubt are 6, 7, 6, 7.
    for _, life in groupby(report.said, key=itemgetter("life")):
        rows = [int(line["row"]) for line in life]
        assert rows == sorted(set(rows))

    with driver.stored.look() as db:
        [kept] = db.execute(select(person)).all()
        assert people.read(kept.version, kept.state) == ada.person
        assert not db.execute(select(outbox)).all()
        assert db.execute(select(func.count()).select_from(handled)).scalar() == ada.events
        rests = db.execute(select(rest).order_by(rest.c.number)).all()
        assert [(row.number, row.seconds, row.feeling) for row in rests] == [
            (done.number, done.seconds, done.feeling)
            for done in sorted(ada.rests.values(), key=lambda done: done.number)
        ]


def run(url: str, folder: Path, kills: Iterator[Kill]) -> Report:
    ada = evening()
    driver = Driver(url, folder, ada.told)
    report = driver.run(kills)
    check(driver, ada)
    return report


def test_the_evening_is_worth_killing() -> None:
    ada = evening()
    assert len(ada.said) > 20
    assert any(message.lane is Lane.EXIT for message in ada.said)
    assert ada.rests
    assert ada.person.card


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'legs.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.mark.parametrize("seam", SEAMS)
def test_killed_at_a_seam(url: str, tmp_path: Path, seam: str) -> None:
    # In the questionnaire, and in the hold: each life counts the passings from its own start.
    kills = [Kill(seam, passings) for passings in (4, 12)]
    report = run(url, tmp_path, iter(kills))
    assert report.killed == len(kills)
    if seam in ("words sent", "before T2", "in the commit of T2"):
        assert sum(report.doubted.values()) >= len(kills)


def any_moment(chance: random.Random) -> Kill:
    """While starting, or within the milliseconds that an instruction takes."""
    return Kill(instructions=chance.randrange(1, 9), seconds=chance.uniform(0, 0.03))


@pytest.mark.parametrize("seed", [1])
def test_killed_at_random_moments(url: str, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    run(url, tmp_path, iter([any_moment(chance) for _ in range(6)]))


def soak_until(share: float = 1.0) -> Callable[[], bool]:
    """Whether that share of SOAK_MINUTES is still going on."""
    end = time.monotonic() + share * 60 * float(os.environ.get("SOAK_MINUTES", "2"))
    return lambda: time.monotonic() < end


@pytest.mark.soak
def test_killed_for_a_long_time(
    tmp_path: Path, postgres: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, going_on = random.Random(), soak_until(share=0.5)
    evenings = killed = doubled = 0
    while going_on():
        folder = tmp_path / str(evenings)
        folder.mkdir()
        seams = [Kill(chance.choice(SEAMS), chance.randrange(1, 12)) for _ in range(5)]
        moments = [any_moment(chance) for _ in range(5)]
        kills = seams + moments
        chance.shuffle(kills)
        on_server = evenings % 2 == 1
        url = postgres.database() if on_server else f"sqlite:///{folder / 'legs.db'}"
        report = run(url, folder, iter(kills))
        if on_server:
            postgres.drop(url)
        killed += report.killed
        doubled += sum(report.doubted.values())
        evenings += 1
    with capsys.disabled():
        print(f"{evenings} evenings, {killed} kills, lost 0, doubled {doubled}")  # noqa: T201
    assert killed
