"""Backups: made while the bot runs, put back, and never bringing back who asked to be forgotten."""

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text

from bot.conversation import step as real
from bot.events import Address, Incoming, Press, Receipt
from bot.service import Service
from bot.store import Batch, Outcome, Store, StoreAway, StoreBusy, StoreUnfit, backup
from bot.store.backup import Backups, CannotCopy
from bot.store.file import File
from bot.store.forgotten import Forgotten
from tests.postgres import Server
from tests.standin import AWAY, HOME, START, FakePlatform, HandClock, says, step, until

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
SECRET = "xylophone-of-ada"
ADA = replace(HOME, thread=SECRET)


def opened(folder: Path, url: str = "") -> Store:
    store = Store(url or f"sqlite:///{folder}/legs.db", patience=0.5, folder=folder)
    store.open()
    return store


def hear(store: Store, *texts: str, place: Address = ADA, step=step) -> None:
    """All of it is said, and written down."""
    for each in texts:
        done = store.turn(Batch(heard=(says(each, place),)), step, START)
        said = tuple(Outcome(word, Receipt(f"{word.id}")) for word in done.words)
        store.turn(Batch(outcomes=said), step, START)
    store.wipe()


def who(store: Store) -> list[str]:
    """The chats of everybody who is known."""
    with store.reading() as db:
        return sorted(db.execute(text("select chat_id from address")).scalars())


def number(store: Store) -> str | None:
    return store.get("forgotten")


def backups(folder: Path) -> Backups:
    return Backups(File(make_url(f"sqlite:///{folder}/legs.db"), 0.5), folder / "backups")


def lines(folder: Path) -> list[str]:
    return (folder / "forgotten.log").read_text().splitlines()


@contextmanager
def reopened(folder: Path) -> Iterator[Store]:
    store = opened(folder)
    try:
        yield store
    finally:
        store.close()


def with_both(folder: Path) -> Store:
    store = opened(folder)
    hear(store, "keep", "rest 1", f"card {SECRET}")
    hear(store, "keep", place=AWAY)
    return store


# Made


def test_a_backup_is_one_plain_file_for_nobody_else(tmp_path: Path) -> None:
    store = with_both(tmp_path)
    made = backups(tmp_path).make(NOW)
    assert made == tmp_path / "backups" / "legs-up-20261122-180000.sqlite3"
    assert [path.name for path in made.parent.iterdir()] == [made.name]
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    assert SECRET.encode() in made.read_bytes()
    made.chmod(0o400)
    with closing(sqlite3.connect(f"file:{made}?mode=ro&immutable=1", uri=True)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert db.execute("select count(*) from person").fetchone() == (2,)
    hear(store, "still here")
    store.close()


def test_two_in_one_second_are_two(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    made = [backups(tmp_path).make(NOW) for _ in range(3)]
    assert len(set(made)) == 3
    assert {each.path for each in backups(tmp_path).all()} == set(made)


def test_elsewhere_and_never_over_another_file(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    folder = tmp_path / "disk"
    folder.mkdir()
    assert backups(tmp_path).make(NOW, folder).parent == folder
    named = folder / "mine.db"
    assert backups(tmp_path).make(NOW, named) == named
    with pytest.raises(CannotCopy, match="exists"):
        backups(tmp_path).make(NOW, named)
    with pytest.raises(CannotCopy, match="no_folder"):
        backups(tmp_path).make(NOW, tmp_path / "nowhere" / "mine.db")


def test_a_database_that_is_not_there_or_damaged_gives_none(tmp_path: Path) -> None:
    with pytest.raises(CannotCopy, match="none_yet"):
        backups(tmp_path).make(NOW)
    with_both(tmp_path).close()
    good = backups(tmp_path).make(NOW)
    path = tmp_path / "legs.db"
    content = path.read_bytes()
    path.write_bytes(content[:20_000] + b"x" * (len(content) - 20_000))
    with pytest.raises(StoreUnfit):
        backups(tmp_path).daily(NOW + timedelta(days=30))
    assert [each.path for each in backups(tmp_path).all()] == [good], "the old one stays"
    assert len(list(good.parent.iterdir())) == 1


def test_one_a_day_and_none_older_than_a_week(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    mine = backups(tmp_path)
    other = tmp_path / "backups" / "by-hand.sqlite3"
    for day in range(20):
        now = NOW + timedelta(days=day)
        mine.daily(now)
        mine.daily(now + timedelta(minutes=1))
        assert len(mine.all()) in (min(day + 1, 6), min(day + 1, 7))
        assert all(now - each.at < timedelta(days=7) for each in mine.all())
        other.touch()
    assert other.exists()
    # Months later, and after a clock that was wrong.
    mine.daily(NOW + timedelta(days=200))
    assert len(mine.all()) == 1
    mine.daily(NOW)
    assert mine.all()[-1].at == NOW


def test_what_a_crash_has_left_goes(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    mine = backups(tmp_path)
    mine.make(NOW)
    left = [tmp_path / "backups" / f".legs-up-x{end}" for end in (".part", ".part-journal")]
    for path in left:
        path.touch()
    mine.make(datetime.now(UTC))
    assert all(path.exists() for path in left), "somebody may be writing it"
    mine.make(datetime.now(UTC) + timedelta(hours=2))
    assert not any(path.exists() for path in left)


def test_it_can_be_stopped(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    mine = backups(tmp_path)
    mine.stopping.set()
    with pytest.raises(backup.Stopped):
        mine.make(NOW)
    assert list(mine.folder.iterdir()) == []


def test_others_write_meanwhile_and_the_copy_is_of_one_moment(tmp_path: Path, monkeypatch) -> None:
    store = with_both(tmp_path)
    monkeypatch.setattr(backup, "PAGES", 1)
    mine, steps = backups(tmp_path), []

    class Writing:
        def is_set(self) -> bool:
            steps.append(1)
            hear(store, "rest 1", place=replace(AWAY, chat_id=f"new {len(steps)}"))
            hear(store, "keep", place=replace(AWAY, chat_id=f"new {len(steps)}"))
            began = time.monotonic()
            store.wipe()
            assert time.monotonic() - began < 0.1, "nobody waits for a backup"
            return False

    mine.stopping = Writing()  # type: ignore[assignment]  # it is asked at every page
    made = mine.make(NOW)
    assert 5 < len(steps) < 200, "it did not begin anew for each of them"
    with closing(sqlite3.connect(made)) as db:
        assert db.execute("select count(*) from person").fetchone() == (2,)
    store.wipe()
    assert not store.unwiped
    store.close()


WRITES = """
import asyncio, sys
from bot.service import Service
from bot.store import Store
from tests.standin import AWAY, FakePlatform, HandClock, says, step
from dataclasses import replace

async def main():
    store = Store(f"sqlite:///{sys.argv[1]}/legs.db")
    async with Service(store, HandClock(), [FakePlatform()], step) as service:
        for n in range(1_000_000):
            place = replace(AWAY, chat_id=f"chat {n}")
            await service.receive(says("keep", place, id=f"{n}"))
            if n == 50:
                print("writing", flush=True)

asyncio.run(main())
"""

DIES = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import make_url
from bot.store import backup
from bot.store.file import File
from datetime import datetime, UTC

backup.PAGES = 1
class Dies:
    left = int(sys.argv[2])
    def is_set(self):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

folder = Path(sys.argv[1])
mine = backup.Backups(File(make_url(f"sqlite:///{folder}/legs.db"), 1), folder / "backups")
mine.stopping = Dies()
now = datetime(2026, 11, 22, 18, tzinfo=UTC)
mine.make(now) if sys.argv[3] == "make" else mine.restore(Path(sys.argv[4]), now)
"""


@contextmanager
def running(program: str, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.process
def test_a_service_that_writes_all_the_time(tmp_path: Path) -> None:
    counts = []
    with running(WRITES, tmp_path) as process:
        assert process.stdout
        assert process.stdout.readline() == b"writing\n"
        mine = backups(tmp_path)
        for _ in range(5):
            made = mine.make(NOW)
            with closing(sqlite3.connect(made)) as db:
                [people] = db.execute("select count(*) from person").fetchone()
                # Both are of one commit.
                assert db.execute("select count(*) from address").fetchone() == (people,)
                assert db.execute("select count(*) from handled").fetchone() == (people,)
            counts.append(people)
        assert process.poll() is None
        with pytest.raises(StoreBusy):
            mine.restore(mine.all()[0].path, NOW)
    assert counts == sorted(counts)
    assert counts[0] > 50
    assert len(set(counts)) > 1


@pytest.mark.process
@pytest.mark.parametrize("at", [1, 15])
def test_a_kill_in_the_middle_leaves_nothing_that_looks_like_one(tmp_path: Path, at: int) -> None:
    with_both(tmp_path).close()
    with running(DIES, tmp_path, at, "make") as process:
        assert process.wait(30) == -signal.SIGKILL
    assert backups(tmp_path).all() == []
    assert list((tmp_path / "backups").glob("*.sqlite3")) == []
    backups(tmp_path).make(NOW)
    assert len(backups(tmp_path).all()) == 1


@pytest.mark.process
@pytest.mark.parametrize("at", [1, 15])
def test_a_kill_in_a_restore_changes_nothing(tmp_path: Path, at: int) -> None:
    with_both(tmp_path).close()
    made = backups(tmp_path).make(NOW)
    with reopened(tmp_path) as store:
        hear(store, "keep", place=replace(AWAY, chat_id="later"))
    with running(DIES, tmp_path, at, "restore", made) as process:
        assert process.wait(30) == -signal.SIGKILL
    with reopened(tmp_path) as store:
        assert store.people() == 3
    assert backups(tmp_path).restore(made, NOW).people == 2
    assert list(tmp_path.glob(".*")) == []


# Daily, by the service


def serve(folder: Path, scenario: Callable[[Service], object]) -> None:
    async def run() -> None:
        store = Store(f"sqlite:///{folder}/legs.db")
        service = Service(store, HandClock(), [FakePlatform()], step)
        service.backups = backups(folder)
        async with service:
            await service.receive(says("keep"))
            scenario(service)
            await until(lambda: not service._asides)

    asyncio.run(run())


def test_the_service_makes_one_and_says_when_it_cannot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    serve(tmp_path, lambda _: None)
    [made] = backups(tmp_path).all()
    # A second start that day, and housekeeping again: the one is enough.
    serve(tmp_path, lambda service: service._clean())
    assert [made] == backups(tmp_path).all()
    made.path.unlink()
    made.path.parent.rmdir()
    (tmp_path / "backups").touch()
    serve(tmp_path, lambda _: None)
    assert "no backup" in caplog.text


# Put back


def test_there_and_back(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    made = backups(tmp_path).make(NOW)
    with reopened(tmp_path) as store:
        hear(store, "keep", place=replace(AWAY, chat_id="later"))
        last = store.get("next_person")
    done = backups(tmp_path).restore(made, NOW)
    assert (done.people, done.again) == (2, 0)
    assert done.aside == tmp_path / "legs-before-20261122-180000.db"
    assert stat.S_IMODE((tmp_path / "legs.db").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} <= {
        *("legs.db", "legs.db.lock", "backups", done.aside.name)
    }
    with reopened(tmp_path) as store:
        assert store.people() == 2
        assert int(store.get("next_person") or 0) > int(last or 0), "no id comes twice"
    # The name alone is enough; and back to the one that was put aside.
    assert backups(tmp_path).restore(Path(made.name), NOW).people == 2
    assert backups(tmp_path).restore(done.aside, NOW).people == 3
    assert len(list(tmp_path.glob("legs-before-*"))) == 3, "nothing is ever lost"


def test_on_a_disk_that_knows_no_second_names(tmp_path: Path, monkeypatch) -> None:
    def never(*_: object) -> None:
        raise PermissionError("not on this disk")

    with_both(tmp_path).close()
    made = backups(tmp_path).make(NOW)
    monkeypatch.setattr(Path, "hardlink_to", never)
    done = backups(tmp_path).restore(made, NOW)
    assert done.aside
    assert done.aside.exists()
    with reopened(tmp_path) as store:
        assert store.people() == 2


def test_into_an_empty_folder(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    made = backups(tmp_path).make(NOW)
    done = backups(tmp_path / "new").restore(made, NOW)
    assert (done.people, done.aside) == (2, None)
    with reopened(tmp_path / "new") as store:
        assert len(who(store)) == 2


def test_in_place_of_a_damaged_one_whose_log_holds_more(tmp_path: Path) -> None:
    store = with_both(tmp_path)
    made = backups(tmp_path).make(NOW)
    path, wal = tmp_path / "legs.db", tmp_path / "legs.db-wal"
    hear(store, "keep", place=replace(AWAY, chat_id="later"))
    held = wal.read_bytes()
    store.close()
    path.write_bytes(b"not a database at all" * 500)
    wal.write_bytes(held)
    done = backups(tmp_path).restore(made, NOW)
    assert done.aside
    assert not wal.exists()
    with reopened(tmp_path) as store:
        assert len(who(store)) == 2


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


@pytest.mark.parametrize(
    "why", ["missing", "folder", "same", "garbled", "empty", "half", "foreign", "newer"]
)
def test_mistakes_change_nothing(tmp_path: Path, why: str) -> None:
    with_both(tmp_path).close()
    made = backups(tmp_path).make(NOW)
    match why:
        case "missing":
            made = tmp_path / "nowhere"
        case "folder":
            made = tmp_path
        case "same":
            (tmp_path / "link").symlink_to(tmp_path / "legs.db")
            made = tmp_path / "link"
        case "garbled":
            made.write_bytes(b"not a database at all" * 500)
        case "empty":
            made.write_bytes(b"")
        case "half":
            made.write_bytes(made.read_bytes()[:40_000])
        case "foreign":
            made.unlink()
            changed(made, "create table recipe (id)")
        case "newer":
            changed(made, "update alembic_version set version_num = '9999'")
        case _:
            raise AssertionError(why)
    before = (tmp_path / "legs.db").read_bytes()
    with pytest.raises(CannotCopy) as no:
        backups(tmp_path).restore(made, NOW)
    assert no.value.why == {"empty": "garbled", "half": "garbled"}.get(why, why)
    assert (tmp_path / "legs.db").read_bytes() == before
    assert not list(tmp_path.glob("legs-before*"))
    with reopened(tmp_path) as store:
        assert store.people() == 2


def test_another_programs_file_is_never_replaced(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    made = backups(tmp_path).make(NOW)
    (tmp_path / "legs.db").unlink()
    changed(tmp_path / "legs.db", "create table recipe (id)")
    with pytest.raises(StoreUnfit) as no:
        backups(tmp_path).restore(made, NOW)
    assert no.value.why == "foreign"


def test_an_older_one_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command

    from bot.store.file import connect
    from bot.store.migrations import _config

    with_both(tmp_path).close()
    old = tmp_path / "old.db"
    engine = connect(make_url(f"sqlite:///{old}"), 1)
    with engine.begin() as db:
        config = _config()
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
    engine.dispose()
    assert backups(tmp_path).restore(old, NOW).people == 0
    with reopened(tmp_path) as store:
        hear(store, "keep")
        assert store.people() == 1


# Forgotten


def test_forgotten_stays_forgotten_after_a_restore(tmp_path: Path) -> None:
    store = with_both(tmp_path)
    made = backups(tmp_path).make(NOW)
    hear(store, "/forget")
    store.close()
    assert SECRET.encode() in made.read_bytes()
    for _ in range(2):
        done = backups(tmp_path).restore(made, NOW)
        assert (done.people, done.again) == (1, 1)
        for path in tmp_path.iterdir():
            assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path
    with reopened(tmp_path) as store:
        assert who(store) == [AWAY.chat_id]
        assert (store.forgotten_again, number(store)) == (0, "1"), "nothing is looked for again"
        # Back again they are new, and stay.
        hear(store, "keep")
    with reopened(tmp_path) as store:
        assert len(who(store)) == 2
    assert len(lines(tmp_path)) == 1


def test_a_file_that_was_copied_by_hand_forgets_as_well(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    shutil.copy(tmp_path / "legs.db", tmp_path / "copy")
    with reopened(tmp_path) as store:
        hear(store, "/forget")
    shutil.copy(tmp_path / "copy", tmp_path / "legs.db")
    with reopened(tmp_path) as store:
        assert who(store) == [AWAY.chat_id]
        for path in tmp_path.iterdir():
            assert path.name == "copy" or SECRET.encode() not in path.read_bytes(), path


def test_their_buttons_are_stale_after_a_restore(tmp_path: Path) -> None:
    def press(store: Store, data: str, place: Address = ADA) -> str:
        done = store.turn(
            Batch(heard=(Incoming(f"press {time.monotonic()}", place, "ada", Press(data)),)),
            real,
            START,
        )
        return done.words[-1].message.text

    with reopened(tmp_path) as store:
        press(store, "1|0|consent|result")
        ticked = press(store, "1|1|tick|1|heart|on")
    made = backups(tmp_path).make(NOW)
    with reopened(tmp_path) as store:
        hear(store, "/forget", step=step)
    backups(tmp_path).restore(made, NOW)
    with reopened(tmp_path) as store:
        assert press(store, "1|1|tick|1|heart|on") != ticked
        assert store.people() == 0
        # Somebody new gets no number that such a button may name.
        press(store, "1|0|consent|result", AWAY)
        with store.reading() as db:
            assert db.execute(text("select id from person")).scalar_one() > 1_000_000


def test_two_backups_two_people_and_one_log(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    first = backups(tmp_path).make(NOW)
    with reopened(tmp_path) as store:
        hear(store, "/forget")
        hear(store, "keep", place=replace(AWAY, chat_id="third"))
    second = backups(tmp_path).make(NOW)
    with reopened(tmp_path) as store:
        hear(store, "/forget", place=AWAY)
    done = backups(tmp_path).restore(second, NOW)
    assert (done.people, done.again) == (1, 1)
    done = backups(tmp_path).restore(first, NOW)
    assert (done.people, done.again) == (0, 2)
    done = backups(tmp_path).restore(second, NOW)
    with reopened(tmp_path) as store:
        assert who(store) == ["third"]


def test_the_log_tells_nothing_of_anybody(tmp_path: Path) -> None:
    store = with_both(tmp_path)
    log = tmp_path / "forgotten.log"
    # A stranger, a "no thanks", and two years of silence are no wish to be forgotten.
    hear(store, "/forget", "hello", place=replace(AWAY, chat_id="stranger"))
    store.sweep(START)
    assert not log.exists()
    hear(store, "/forget")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    [line] = lines(tmp_path)
    assert line == store.pseudonym("forgotten", 1, size=16)
    while store.sweep(START + timedelta(days=800))[0]:
        pass
    assert store.people() == 0
    assert len(lines(tmp_path)) == 1
    store.close()


def test_many_in_one_commit(tmp_path: Path) -> None:
    store = opened(tmp_path)
    places = [replace(HOME, chat_id=f"{n}") for n in range(9)]
    store.turn(Batch(heard=tuple(says("keep", place) for place in places)), step, START)
    store.turn(Batch(heard=tuple(says("/forget", place) for place in places[:5])), step, START)
    assert (len(lines(tmp_path)), number(store), store.people()) == (5, "5", 4)
    store.close()


class Failing(Store):
    """Whose next commit is not made."""

    fails = False

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with super().transaction() as db:
            yield db
            if self.fails:
                raise StoreAway("database or disk is full")


def test_a_commit_that_is_not_made_takes_its_line_back(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    store = Failing(f"sqlite:///{tmp_path}/legs.db")
    store.open()
    store.fails = True
    for _ in range(2):
        with pytest.raises(StoreAway):
            hear(store, "/forget")
        assert lines(tmp_path) == []
    store.fails = False
    hear(store, "/forget")
    assert (len(lines(tmp_path)), number(store)) == (1, "1")
    store.close()


def test_what_fails_beside_it_does_not_undo_it(tmp_path: Path) -> None:
    store = with_both(tmp_path)

    def failing(scene, event, now):
        return step(scene, event, now)

    heard = (says("/forget", ADA), says("boom x", AWAY))
    store.turn(Batch(heard=heard), failing, START)
    assert (who(store), len(lines(tmp_path))) == ([AWAY.chat_id], 1)
    store.close()


def test_without_its_line_nobody_is_told_that_all_is_gone(tmp_path: Path) -> None:
    store = with_both(tmp_path)
    (tmp_path / "forgotten.log").mkdir()
    with pytest.raises(StoreAway):
        hear(store, "/forget")
    assert len(who(store)) == 2
    hear(store, "hello")
    (tmp_path / "forgotten.log").rmdir()
    hear(store, "/forget")
    assert who(store) == [AWAY.chat_id]
    store.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk(tmp_path: Path) -> None:
    forgotten = Forgotten(tmp_path, sure=True)
    forgotten.add(["a" * 32], 0)
    path = tmp_path / "forgotten.log"
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))
        with pytest.raises(StoreAway, match="File too large"):
            forgotten.add(["b" * 32], 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert path.read_text() == "a" * 32 + "\n"
    forgotten.add(["c" * 32], 1)
    assert lines(tmp_path) == ["a" * 32, "c" * 32]


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(os.urandom(500)),
        lambda path: path.write_bytes(path.read_bytes() + b"0123456"),
        lambda path: path.write_bytes(path.read_bytes()[:-5]),
        lambda path: path.write_bytes(b"\xff\r\x0b\x1c\n" * 2),
    ],
)
def test_a_log_that_is_lost_or_garbled_hinders_nobody(tmp_path: Path, harm) -> None:
    store = with_both(tmp_path)
    hear(store, "keep", place=replace(AWAY, chat_id="third"))
    store.close()
    with reopened(tmp_path) as store:
        hear(store, "/forget")
    made = backups(tmp_path).make(NOW)
    harm(tmp_path / "forgotten.log")
    with reopened(tmp_path) as store:
        assert len(who(store)) == 2
        hear(store, "/forget", place=AWAY)
    # The count of a backup that was made before still holds.
    done = backups(tmp_path).restore(made, NOW)
    assert (done.people, done.again) == (1, 1)
    with reopened(tmp_path) as store:
        assert who(store) == ["third"]


def test_a_log_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    with_both(tmp_path).close()
    (tmp_path / "forgotten.log").mkdir()
    with pytest.raises(StoreAway, match=r"forgotten\.log"):
        opened(tmp_path)


DIES_BEFORE_THE_COMMIT = """
import os, signal, sys
from sqlalchemy import event
from bot.store import Batch, Store
from bot.store.forgotten import Forgotten
from tests.standin import HOME, START, says, step
from dataclasses import replace

store = Store(f"sqlite:///{sys.argv[1]}/legs.db")
store.open()
add = Forgotten.add
def dies(self, *arguments):
    if sys.argv[2] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    add(self, *arguments)
    if sys.argv[2] == "torn":
        os.truncate(self.path, self.path.stat().st_size - 9)
    os.kill(os.getpid(), signal.SIGKILL)
Forgotten.add = dies
place = replace(HOME, thread="xylophone-of-ada")
store.turn(Batch(heard=(says("/forget", place, id="of the child"),)), step, START)
"""


@pytest.mark.process
@pytest.mark.parametrize(("where", "gone"), [("before", False), ("torn", False), ("line", True)])
def test_a_kill_before_the_commit(tmp_path: Path, where: str, gone: bool) -> None:
    """With the line on disk they are forgotten at the next start: they had asked for it."""
    with_both(tmp_path).close()
    with running(DIES_BEFORE_THE_COMMIT, tmp_path, where) as process:
        assert process.wait(30) == -signal.SIGKILL
    with reopened(tmp_path) as store:
        assert (len(who(store)) == 1) is gone
        disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert (SECRET.encode() not in disk) is gone
        if not gone:
            hear(store, "/forget")
        assert (who(store), len(lines(tmp_path)), number(store)) == ([AWAY.chat_id], 1, "1")


@pytest.mark.process
def test_a_server_that_was_put_back_forgets_again(postgres: Server, tmp_path: Path) -> None:
    url = postgres.database()
    copies = []
    try:
        store = opened(tmp_path, url)
        hear(store, "keep", f"card {SECRET}")
        hear(store, "keep", place=AWAY)
        store.close()
        copies.append(postgres.database(like=url))
        store = opened(tmp_path, url)
        hear(store, "/forget")
        assert (len(lines(tmp_path)), number(store)) == (1, "1")
        store.close()
        store = opened(tmp_path, copies[0])
        assert (who(store), store.forgotten_again, number(store)) == ([AWAY.chat_id], 1, "1")
        with store.reading() as db:
            assert SECRET not in str(db.execute(text("select * from person")).all())
            assert SECRET not in str(db.execute(text("select * from shown")).all())
        store.close()
        store = opened(tmp_path, copies[0])
        assert store.forgotten_again == 0
        # Without a folder there is no log, and all else works.
        store.close()
        store = Store(copies[0])
        store.open()
        hear(store, "/forget", place=AWAY)
        assert store.people() == 0
        store.close()
    finally:
        for each in (url, *copies):
            postgres.drop(each)


def test_an_unheard_commit_of_a_server_keeps_its_line(tmp_path: Path) -> None:
    for sure, kept in ((True, 0), (False, 1)):
        forgotten = Forgotten(tmp_path, sure=sure)
        with suppress(StoreAway), forgotten.with_commit():
            forgotten.add(["a" * 32], 0)
            raise StoreAway("connection lost")
        assert len(lines(tmp_path)) == kept


# How long things are kept


def test_a_draft_is_gone_after_a_day_by_itself(tmp_path: Path) -> None:
    async def run() -> None:
        store = Store(f"sqlite:///{tmp_path}/legs.db")
        async with Service(store, HandClock(), [FakePlatform()], real) as service:
            for data in ("1|0|consent|result", "1|1|tick|1|heart|on"):
                await service.receive(Incoming(data, HOME, "ada", Press(data)))
            await service.settled(HOME)
            [state] = states()
            assert '"heart"' in state
            await service.travel(START + timedelta(days=1, minutes=1))
            [state] = states()
            assert "heart" not in state

    def states() -> list[str]:
        with closing(sqlite3.connect(tmp_path / "legs.db")) as db:
            return [row[0] for row in db.execute("select state from person")]

    asyncio.run(run())


def test_housekeeping_sweeps_all_of_it_in_pieces(tmp_path: Path) -> None:
    async def run() -> None:
        store = Store(f"sqlite:///{tmp_path}/legs.db")
        async with Service(store, HandClock(), [FakePlatform()], step) as service:
            for n in range(3):
                place = replace(HOME, chat_id=f"chat {n}")
                for each in ("keep", "rest 1", "card one"):
                    await service.receive(says(each, place))
                await service.settled(place)
            store.put("marker", "stays")
            service.clock.offset += timedelta(days=731)
            service._clean()
            await until(lambda: not service._chores)

    asyncio.run(run())
    with closing(sqlite3.connect(tmp_path / "legs.db")) as db:
        for table in ("person", "address", "rest", "shown", "outbox", "handled"):
            assert db.execute("select * from " + table).fetchall() == [], table  # noqa: S608
        assert db.execute("select value from setting where name = 'marker'").fetchone()
    assert b"chat 1" not in (tmp_path / "legs.db").read_bytes()


# As somebody meets it


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LEGS_UP_DATA": str(tmp_path / "data"),
        "HOME": str(tmp_path),
        "TZ": "Europe/Berlin",
    }

    def run(
        *arguments: object, lines: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *map(str, arguments)],
            input=lines,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment | settings,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run


@pytest.mark.process
def test_an_evening_with_a_backup(run, tmp_path: Path) -> None:
    nothing = run("backup")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "nothing to copy yet" in nothing.stderr
    assert list(tmp_path.iterdir()) == []
    assert run("chat", lines="I agree\n").returncode == 0
    made = run("backup", tmp_path / "mine.db")
    assert (made.returncode, made.stderr) == (0, "")
    assert f"legs-up restore {tmp_path}/mine.db" in made.stdout
    listed = run("restore").stdout
    assert "newest first" in listed
    assert "To go back to one: legs-up restore legs-up-2" in listed
    assert "All gone." in run("chat", lines="/forget\n1\n").stdout
    back = run("restore", "mine.db")
    assert (back.returncode, back.stderr) == (0, "")
    assert "0 people are in it now." in back.stdout
    assert "1 person had asked since then to be forgotten" in back.stdout
    [aside] = (tmp_path / "data").glob("legs-up-before-*")
    assert str(aside) in back.stdout


@pytest.mark.process
def test_mistakes_are_explained(run, tmp_path: Path) -> None:
    run("migrate")
    (tmp_path / "recipes.db").write_text("an apple pie")
    for command, name, hint in (
        ("restore", "nowhere.db", "no file nowhere.db"),
        ("restore", ".", "is a folder"),
        ("restore", "data/legs-up.sqlite3", "in use now"),
        ("restore", "recipes.db", "no copy of mine"),
        ("backup", "recipes.db", "write over nothing"),
        ("backup", "no/such/folder", "no folder"),
    ):
        done = run(command, name)
        assert (done.returncode, done.stdout) == (1, "")
        assert hint in done.stderr


@pytest.mark.process
def test_a_server_is_left_to_its_own_tools(run) -> None:
    for command, tool in (("backup", "pg_dump"), ("restore", "pg_restore")):
        done = run(command, DATABASE_URL="postgresql://nobody@nowhere/x")
        assert done.returncode == 1
        assert tool in done.stderr
        assert "forgotten.log" in done.stderr
