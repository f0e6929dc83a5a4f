"""A thousand people, and a process that is killed again and again while it speaks to them.

200 lie with their legs up, and their rests end within two minutes; 800 have a bedtime that comes
in them; others type, strangers agree, and three of four who rest answer how their legs feel. It
all runs ten times as fast as the world (crowd_process.py), on a platform that takes 30 words a
second, and one a second of each chat.

Kills and the time that a start takes decide which optional cues are still timely, so there is no
one transcript that must come out. What must hold, by the log and by the database at the end:

- lost 0: every row that was ever committed was said or, once its `until` had passed or there was
  a newer one for its slot, given up. Every bedtime reminder came, one row each. So did every end
  of a rest, and the last text to whoever does not answer. Each cue has a row, if the first look
  after its moment came before it was too late for it, before the next cue and before the end.
- doubled: a row is said once more for a kill after which it stood in the outbox though it had been
  said, and for nothing else. That was on the wire, or had come back since the last turn began.
- nobody's words out of order: within a life by their ids; what a later life says of before the
  kill is only what was in doubt.
- nothing before its time: no reminder before its hour, no end of a rest before its end.
- no hold stuck: at the end nobody rests, nobody is overdue, and nothing waits.
- each typed event is taken once: one row in `handled`, and one answer.
- ids stand for one thing: no row's id comes again with other words, what is new in a life has
  greater ids than all before, and newcomers have numbers that nobody had.
"""

import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.conversation import step
from bot.conversation.person import TICK, Person, Scene, due_at
from bot.conversation.values import replace
from bot.events import Address, Command, Event, Text, Wake
from bot.practice.timeline import LATEST
from bot.store import Store, people, put
from bot.store.tables import handled, micros, outbox, person
from tests.crash_process import INSTRUCTION_EVENT, SEAMS, Seam
from tests.crowd_process import BEGIN, PLATFORM, Life, Typed, live, read
from tests.dialog import Dialog, cleared
from tests.postgres import Server
from tests.test_crash import LIVES, Stored, ended, soak_until

pytestmark = pytest.mark.process

RESTING, ALL = 200, 1000
NEWCOMERS, PASSERS_BY = 20, 10
WINDOW = timedelta(seconds=125)
SLEPT = 400.0
"""Seconds that are left out at last: whoever has not answered until then does not any more."""

Line = dict[str, Any]


def lying(seconds: float) -> Person:
    """Somebody whose rest of three minutes began so long before BEGIN."""
    dialog = cleared("2026-11-22 21:50")
    dialog.wait(seconds=(BEGIN - dialog.now).total_seconds() - seconds)
    dialog.tap("Now").tap("OK").tap("None of these, start").tap("Next").tap("Next")
    return _until_begin(dialog.tap("I'm in place"))


def reminded(clock: str) -> Person:
    """Somebody whose bedtime is then, to the minute."""
    return _until_begin(cleared().type(f"/bedtime {clock}").tap("Exactly"))


def _until_begin(dialog: Dialog) -> Person:
    return dialog.wait(seconds=(BEGIN - dialog.now).total_seconds()).person


def everybody() -> dict[int, Person]:
    rests = [lying(seconds) for seconds in range(60, 151, 3)]
    evenings = [reminded(clock) for clock in ("22:00", "22:01")]
    found = {n: rests[n % len(rests)] for n in range(1, RESTING + 1)}
    found |= {n: evenings[n % len(evenings)] for n in range(RESTING + 1, ALL + 1)}
    return {n: replace(someone, id=n) for n, someone in found.items()}


def chat(number: int) -> str:
    return f"chat-{number}"


def write(url: str, found: dict[int, Person]) -> None:
    """As the store would have written them."""
    store = Store(url)
    store.open()
    rows, places = [], []
    for n, someone in found.items():
        at = someone.at or BEGIN
        rows.append({**people.as_row(someone, at, at), "id": n, "home": n, "platform": PLATFORM})
        place = people.columns(Address(PLATFORM, chat(n)))
        about = {"author": chat(n), "person_id": n, "reachable": True, "last_used": micros(at)}
        places.append({"id": n, **place, **about})
    with store.transaction() as db:
        people.add(db, rows, places)
        for table in ("person", "address"):
            put(db, f"next_{table}", str(ALL + 1))
    store.close()


def what_is_typed(chance: random.Random) -> list[Typed]:
    def typed(who: str, event: Event) -> Typed:
        at = chance.uniform(0, WINDOW.total_seconds() - 20)
        return Typed(f"typed-{who}", who, at, INSTRUCTION_EVENT.dump_python(event))

    found = [typed(chat(n), Text("how long")) for n in range(1, RESTING, 10)]
    found += [typed(chat(n), Command("help")) for n in range(RESTING + 1, ALL, 20)]
    found += [typed(f"new-{n}", Command("start")) for n in range(NEWCOMERS)]
    return found + [typed(f"passer-by-{n}", Text("hello")) for n in range(PASSERS_BY)]


@dataclass
class Kill:
    """At the n-th passing of a seam, and at the latest after so many seconds of the world."""

    seam: str = ""
    passings: int = 0
    seconds: float = 60.0


@dataclass
class Report:
    """What the kills did: how many fell, and which rows were in doubt after each.

    In doubt are those that a life has said, and that stood in the outbox at its end.
    """

    killed: int = 0
    doubted: Counter[int] = field(default_factory=Counter)
    waited: set[int] = field(default_factory=set)
    doubled: int = 0


class Driver:
    """Starts the process, kills it, and starts it again, until everything is said."""

    def __init__(self, url: str, folder: Path, chance: random.Random) -> None:
        self.url = url
        self.stored = Stored(url)
        self.log = folder / "log"
        self.people = everybody()
        self.typed = what_is_typed(chance)
        self.silent = {chat(n) for n in range(1, RESTING + 1) if n % 4 == 0}
        answering = {chat(n) for n in range(1, RESTING + 1)} - self.silent
        self.answering = answering | {f"new-{n}" for n in range(NEWCOMERS)}
        self.lives = 0
        self.report = Report()
        write(url, self.people)
        self.begun = time.monotonic()

    def run(self, kills: Iterable[Kill], last: Kill) -> Report:
        """``last`` is a kill after most of it, when minutes have passed at once."""
        for kill in kills:
            if self._live(kill, 0.0, BEGIN + WINDOW):
                break
        else:
            assert self._live(Kill(), 0.0, BEGIN + WINDOW), "it never came to its end"
        until = BEGIN + WINDOW + timedelta(seconds=SLEPT)
        if not self._live(last, SLEPT, until):
            assert self._live(Kill(), SLEPT, until), "it never came to its end"
        return self.report

    def _live(self, kill: Kill, skipped: float, until: datetime) -> bool:
        """One life; whether it came to its end."""
        self.lives += 1
        about = (self.log, self.lives, self.begun, skipped, until, self.typed, self.answering)
        life = Life(self.url, *about, Seam(kill.seam, kill.passings))
        process = LIVES.Process(target=live, args=(life,))
        process.start()
        process.join(kill.seconds)
        process.kill()
        code = ended(process)
        waiting = self.stored.waiting()
        self.report.waited |= waiting
        if code == -signal.SIGKILL:
            self.report.killed += 1
            self.report.doubted.update(self._in_doubt(waiting))
        else:
            assert code == 0, "the process failed by itself"
        return code == 0

    def _in_doubt(self, waiting: set[int]) -> set[int]:
        """Rows that this life has said, and for all that the database knows the next one has to."""
        lines = [line for line in read(self.log) if line["life"] == self.lives]
        said = {line["row"] for line in lines if line["what"] == "said"}
        turn = max((_moment(line) for line in lines if line["what"] == "turn"), default=BEGIN)
        settled = {
            line["row"] for line in lines if line["what"] == "answered" and _moment(line) < turn
        }
        assert not waiting & settled, "a turn was committed without what had come back before it"
        return said & waiting


def check(driver: Driver) -> None:
    """What the docstring of this module promises."""
    assert not read(driver.log, "trouble")
    said, known = read(driver.log, "said"), read(driver.log, "found", "late", "said")
    check_rows(driver, said, known)
    check_order(driver, said)
    check_reminders(driver, said)
    check_rests(driver, said, known)
    check_events(driver, said)
    check_end(driver)


def check_rows(driver: Driver, said: list[Line], known: list[Line]) -> None:
    report = driver.report
    words: dict[int, tuple[str, str]] = {}
    newest: dict[int, int] = {}
    for line in known:
        row, life = line["row"], line["life"]
        about = (line["chat"], line["text"])
        new = row not in words
        assert words.setdefault(row, about) == about, "an id came again"
        if new:
            before = [other for other, first in newest.items() if first < life]
            assert row > max(before, default=0), "an id of an earlier life was not given then"
            newest[row] = life
    times = Counter(line["row"] for line in said)
    twice = Counter({row: n - 1 for row, n in times.items() if n > 1})
    assert twice <= report.doubted, "said again, and it was not in doubt"
    report.doubled += twice.total()
    given_up = {
        line["row"]
        for line in known
        if line["what"] == "late" and line["until"] and line["until"] <= line["at"]
    }
    newest_for = {(line["chat"], line["slot"]): line["row"] for line in _by_row(known)}
    given_up |= {
        line["row"]
        for line in known
        if line["slot"] and line["row"] < newest_for[line["chat"], line["slot"]]
    }
    lost = (words.keys() | report.waited) - times.keys() - given_up
    assert not lost, "lost"
    left = {row for row, n in report.doubted.items() if times[row] <= n}
    assert left <= given_up, "in doubt, and not said again"


def check_order(driver: Driver, said: list[Line]) -> None:
    for lines in _by_chat(said).values():
        newest: dict[int, int] = {}
        for line in lines:
            row, life = line["row"], line["life"]
            assert row > newest.get(life, 0), "out of order"
            again = row <= max(newest.values(), default=0)
            assert not again or row in driver.report.doubted, "out of order"
            newest[life] = row


def check_reminders(driver: Driver, said: list[Line]) -> None:
    by_chat = _by_chat(said, "nudge.bedtime")
    for n in range(RESTING + 1, ALL + 1):
        due = due_at(driver.people[n])
        assert due
        _once(by_chat[chat(n)], due)


def check_rests(driver: Driver, said: list[Line], known: list[Line]) -> None:
    exits, asleep = _by_chat(said, "exit"), _by_chat(said, "asleep")
    cues = {(line["chat"], line["text"]) for line in known if line["kind"] == "cue"}
    looks = sorted(_moment(line) for line in read(driver.log, "turn") if line["looked"])
    # Whoever is told that words came too late is woken a moment after that look.
    late = {(line["chat"], _moment(line)) for line in read(driver.log, "late")}
    for n in range(1, RESTING + 1):
        someone, here = driver.people[n], chat(n)
        assert someone.hold
        assert someone.hold.ends
        _once(exits[here], someone.hold.ends)
        if here in driver.silent:
            _once(asleep[here], someone.hold.ends)
        for text in timely(someone, [look for look in looks if (here, look) not in late]):
            assert (here, text) in cues, "a cue that was timely is missing"


def timely(someone: Person, looks: list[datetime]) -> Iterable[str]:
    """The words of each cue that had to be found, since time was looked at while it was timely."""
    hold = someone.hold
    assert hold
    moments = [*(hold.cue_at(index) for index in range(len(hold.cues))), hold.ends]
    for index in range(hold.said, len(hold.cues)):
        at, following = moments[index], moments[index + 1]
        assert at
        assert following
        latest = at + LATEST[hold.cues[index].kind]
        look = next((look for look in looks if look >= at + timedelta(microseconds=TICK)), None)
        if look and look < following and look <= latest:
            before = replace(someone, hold=replace(hold, said=index))
            _, messages = step(Scene(before, Address(PLATFORM, "")), Wake(), look)
            yield from (message.text for message in messages)


def check_events(driver: Driver, said: list[Line]) -> None:
    heard = {line["id"]: line["cause"] for line in read(driver.log, "heard")}
    answers = defaultdict(list)
    for line in {line["row"]: line for line in said}.values():
        answers[line["cause"]].append(line["text"])
    assert heard.keys() >= {typed.id for typed in driver.typed}
    # Three of four answered how their legs feel, and newcomers have agreed.
    assert len(heard) == len(driver.typed) + len(driver.answering)
    for name, cause in heard.items():
        assert answers[cause], f"{name} was not answered"
        assert len(answers[cause]) == len(set(answers[cause])), f"{name} was answered twice"
    with driver.stored.look() as db:
        assert db.execute(select(func.count()).select_from(handled)).scalar() == len(heard)


def check_end(driver: Driver) -> None:
    end = BEGIN + WINDOW + timedelta(seconds=SLEPT)
    with driver.stored.look() as db:
        assert not db.execute(select(outbox)).all()
        rows = db.execute(select(person).order_by(person.c.id)).all()
    assert [row.id for row in rows] == list(range(1, ALL + NEWCOMERS + 1))
    for row in rows:
        someone = people.read(row.version, row.state)
        assert someone.hold is None
        assert row.wake_at is None or row.wake_at > end
        assert not row.failures


def _by_chat(said: list[Line], kind: str = "") -> dict[str, list[Line]]:
    found = defaultdict(list)
    for line in said:
        if not kind or line["kind"] == kind:
            found[line["chat"]].append(line)
    return found


def _by_row(lines: list[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line["row"])


def _once(lines: list[Line], due: datetime) -> None:
    """One row of it, not before its time."""
    assert len({line["row"] for line in lines}) == 1
    assert datetime.fromisoformat(lines[0]["began"]) >= due


def _moment(line: Line) -> datetime:
    return datetime.fromisoformat(line["at"])


def at_a_seam(chance: random.Random, seam: str) -> Kill:
    most = 10 if seam.endswith("T1") else 60
    return Kill(seam, chance.randrange(2, most), seconds=1.5)


def at_any_moment(chance: random.Random) -> Kill:
    # Not waiting for a condition: any moment will do.
    return Kill(seconds=chance.uniform(0.1, 1.0))


def run(url: str, folder: Path, seed: int, moments: int, rounds: int = 1) -> Report:
    chance = random.Random(seed)
    kills = [at_a_seam(chance, seam) for seam in SEAMS * rounds]
    kills += [at_any_moment(chance) for _ in range(moments)]
    chance.shuffle(kills)
    driver = Driver(url, folder, chance)
    report = driver.run(kills, last=Kill("words sent", chance.randrange(2, 30), seconds=5))
    check(driver)
    print(f"seed {seed}: {report.killed} kills, lost 0, doubled {report.doubled}")  # noqa: T201
    return report


def test_a_crowd_on_a_file(tmp_path: Path) -> None:
    report = run(f"sqlite:///{tmp_path / 'legs.db'}", tmp_path, seed=1, moments=4)
    assert report.killed == len(SEAMS) + 4 + 1


@pytest.mark.soak  # a file has to bear the same each time
def test_a_crowd_on_a_server(tmp_path: Path, postgres_url: str) -> None:
    report = run(postgres_url, tmp_path, seed=2, moments=4)
    assert report.killed == len(SEAMS) + 4 + 1


@pytest.mark.soak
def test_crowds_for_a_long_time(
    tmp_path: Path, postgres: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds, going_on = random.Random(), soak_until(share=0.5)
    crowds = killed = doubled = 0
    while going_on():
        folder, seed = tmp_path / str(crowds), seeds.randrange(1_000_000)
        folder.mkdir()
        on_server = crowds % 2 == 1
        url = postgres.database() if on_server else f"sqlite:///{folder / 'legs.db'}"
        try:
            report = run(url, folder, seed, moments=6, rounds=2)
        except BaseException as error:
            error.add_note(f"{url.partition(':')[0]}, seed {seed}")
            raise
        if on_server:
            postgres.drop(url)
        killed += report.killed
        doubled += report.doubled
        crowds += 1
    with capsys.disabled():
        print(f"{crowds} crowds, {killed} kills, lost 0, doubled {doubled}")  # noqa: T201
    assert killed
