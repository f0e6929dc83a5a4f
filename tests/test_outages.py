"""The database away, slow, full or read-only; a platform away; and an end while much is to be said.

Whoever speaks hears it kindly, whoever rests comes down, nothing is half done, and it goes on by
itself.
"""

import asyncio
import logging
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection

import bot.sending
import bot.service
from bot import conversation
from bot.clock import Clock
from bot.events import Address, Event, Expired, Lane, Message, Rate, Receipt, Text, TryLater
from bot.sending.queue import LANES
from bot.service import Service
from bot.store import Store, StoreAway
from tests import standin
from tests.postgres import Server
from tests.standin import START, FakePlatform, says, until
from tests.standin import step as small


class HandClock(standin.HandClock):
    """Shows what it is set to, while waiting times pass as they do."""

    def now(self) -> datetime:
        return START + self.offset

    def steady(self) -> float:
        return time.monotonic()


pytestmark = pytest.mark.process

EVERYBODY = tuple(Address("fake", name) for name in ("ada", "bob", "carl", "dora", "eva"))
ADA, BOB, CARL, DORA, EVA = EVERYBODY
AWAY = "I can't get at my notes"
SLOW = "My notes are slow"
PLAIN = "Come out slowly now: bend your knees"
"""What is said while the store is away."""

SMALL = {"keep", "in", "up", "two", "remind", "exit", "rest", "card"}


def core(scene, event: Event, now: datetime):
    """The real core; but what the tests need at once comes without all the questions."""
    match event:
        case Text(text):
            verb, _, rest = text.partition(" ")
            if verb == "until":
                seconds, _, word = rest.partition(" ")
                until = now + timedelta(seconds=float(seconds))
                words = Message(
                    scene.address, word, lane=Lane.REMINDER, until=until, kind="reminder"
                )
                return scene, (words,)
            if verb in SMALL:
                return small(scene, event, now)
        case Expired("reminder"):
            return small(scene, event, now)
        case _ if scene.person.offer and scene.person.offer.at <= now:
            return small(scene, event, now)
    return conversation.step(scene, event, now)


class Ear(FakePlatform):
    """Notes when each was said."""

    def __init__(self, rate: Rate | None = None) -> None:
        super().__init__(rate=rate)
        self.at: list[float] = []

    async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:
        receipt = await super().send(message, edits)
        self.at.append(time.monotonic())
        return receipt

    def to(self, place: Address) -> list[str]:
        return [message.text for message in self.said if message.to == place]

    def when(self, place: Address, begin: str) -> list[float]:
        both = zip(self.at, self.said, strict=True)
        return [at for at, said in both if said.to == place and said.text.startswith(begin)]


@dataclass
class House:
    service: Service
    store: Store
    clock: Clock
    ear: Ear

    async def hear(self, *texts: str, place=ADA, id="") -> bool:
        """Whether all was committed."""
        done = [await self.service.receive(says(text, place, id)) for text in texts]
        await self.service.settled(place)
        return all(done)

    async def back(self) -> None:
        """By itself: nobody says anything."""
        await until(lambda: not self.service.away)
        for place in EVERYBODY:
            await self.service.settled(place)


@asynccontextmanager
async def house(
    url: str,
    ear: Ear | None = None,
    clock: Clock | None = None,
    kind: type[Store] = Store,
    patience: float = 0.1,
) -> AsyncIterator[House]:
    ear, clock, store = ear or Ear(), clock or Clock(), kind(url, patience)
    async with Service(store, clock, [ear], core) as service:
        yield House(service, store, clock, ear)


def play(
    url: str, scenario: Callable[[House], Awaitable[None]], seconds: float = 40, **options
) -> None:
    async def run() -> None:
        async with asyncio.timeout(seconds), house(url, **options) as opened:
            await scenario(opened)

    asyncio.run(run())


def outages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Everything that the log tells as an error or a warning."""
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


ONCE = ["the store is away", "the store is back"]


async def through(
    h: House, breaks: Callable[[], object], mends: Callable[[], object], answers: float
) -> None:
    """An outage in which one speaks, one cries, one rests and one is due.

    ``answers``: the seconds in which whoever speaks has to hear something.
    """
    for place in EVERYBODY:
        await h.hear("keep", place=place)
    await h.hear("in 61", place=EVA)
    await h.hear("in 60", place=ADA)
    await h.hear("up 60", place=BOB)
    before = {place: len(h.ear.to(place)) for place in EVERYBODY}
    await asyncio.to_thread(breaks)
    h.clock.offset += timedelta(minutes=2)
    h.service._rung()

    began = ends = time.monotonic()
    heard = await asyncio.gather(
        h.hear("two a b", place=DORA, id="dora-speaks"),
        h.hear("stop", place=CARL, id="carl-cries"),
    )
    assert not any(heard)
    for place, begin in ((DORA, (AWAY, SLOW)), (CARL, (PLAIN,))):
        said = h.ear.to(place)[before[place] :]
        assert len(said) == 1, said
        assert said[0].startswith(begin)
        assert h.ear.when(place, said[0])[0] - began < answers
    assert "database" in h.service.health.trouble()
    # It is known now: whoever cries need not wait until it is tried again.
    began = time.monotonic()
    assert not await h.hear("help", place=CARL, id="carl-cries-again")
    assert h.ear.to(CARL)[-1].startswith(PLAIN)
    crying = h.ear.when(CARL, PLAIN)[-1] - began
    await until(lambda: bool(h.ear.when(BOB, PLAIN)))
    assert h.ear.when(BOB, PLAIN)[0] - ends < 6.5
    assert [len(h.ear.to(place)) for place in (ADA, EVA)] == [before[ADA], before[EVA]]

    said_until_now = len(h.ear.said)
    await asyncio.to_thread(mends)
    mended = time.monotonic()
    await h.back()
    assert time.monotonic() - mended < 5
    await until(lambda: {"rang"} == {h.ear.to(place)[-1] for place in (ADA, EVA)})
    await until(lambda: len(h.ear.to(BOB)) > before[BOB] + 1)
    assert h.service.health.trouble() == ""
    # Whoever rests came before those who are reminded, and these in the order of their moments.
    since = h.ear.said[said_until_now:]
    assert since[0].to == BOB
    assert [message.to for message in since if message.text == "rang"] == [ADA, EVA]
    # What was not committed is as if never said, and may be delivered again: once.
    told = len(h.ear.to(DORA))
    for _ in range(2):
        assert await h.hear("two a b", place=DORA, id="dora-speaks")
        assert await h.hear("stop", place=CARL, id="carl-cries")
    assert h.ear.to(DORA)[told:] == ["a", "b"]
    assert [h.ear.to(place)[before[place] :] for place in (ADA, EVA)] == [["rang"]] * 2
    plain, proper = h.ear.to(BOB)[before[BOB] :]
    assert plain.startswith(PLAIN)
    assert "Sitting up?" in proper
    assert crying < 1.5, f"a cry waited {crying:.1f} s in an outage that was known"


def rows(url: str, table: str) -> int:
    count = f"SELECT count(*) FROM {table}"  # noqa: S608 - of our own names
    if url.startswith("postgresql"):
        with psycopg.connect(url) as db:
            found = db.execute(count.encode()).fetchone()
    else:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as lite:
            found = lite.execute(count).fetchone()
    assert found is not None
    return int(found[0])


# A server


def ask(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True, connect_timeout=30) as db:
        for statement in statements:
            db.execute(statement.encode())


FULL = (
    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
    " 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
    *(
        f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE OR DELETE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION full_disk()"
        for table in ("person", "outbox", "handled", "setting", "address")
    ),
)


@dataclass
class Trouble:
    """Things that can be done to a database of a server, and undone."""

    server: Server
    url: str
    others: list[psycopg.Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Beside the database, from where everything can be done to it.
        self.beside = self.server._url("postgres")
        self.name = str(psycopg.conninfo.conninfo_to_dict(self.url)["dbname"])

    def _off(self) -> str:
        off = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = "
        return f"{off}'{self.name}'"

    def stop(self) -> None:
        self.server.stop()

    def kill(self) -> None:
        self.server.kill()

    def pause(self) -> None:
        self.server.pause()

    def start(self) -> None:
        self.server.start()

    def shut(self) -> None:
        ask(self.beside, f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false", self._off())

    def open(self) -> None:
        ask(self.beside, f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")

    def read_only(self) -> None:
        setting = f"ALTER DATABASE {self.name} SET default_transaction_read_only = on"
        ask(self.beside, setting, self._off())

    def writable(self) -> None:
        ask(self.beside, f"ALTER DATABASE {self.name} RESET default_transaction_read_only")

    def full(self) -> None:
        ask(self.url, *FULL)

    def emptied(self) -> None:
        ask(self.url, "DROP FUNCTION full_disk CASCADE")

    def crowd(self) -> None:
        self._fill()
        self.others[0].execute(self._off().encode())
        self._fill()

    def _fill(self) -> None:
        with suppress(psycopg.OperationalError):
            while True:
                self.others.append(psycopg.connect(self.beside, autocommit=True))

    def disperse(self) -> None:
        for other in self.others:
            other.close()
        self.others.clear()


TROUBLES = {
    "stopped": (Trouble.stop, Trouble.start, 3.0),
    "killed": (Trouble.kill, Trouble.start, 3.0),
    "hanging": (Trouble.pause, Trouble.start, 5.5),
    "shut": (Trouble.shut, Trouble.open, 3.0),
    "read-only": (Trouble.read_only, Trouble.writable, 3.0),
    "full": (Trouble.full, Trouble.emptied, 3.0),
    "crowded": (Trouble.crowd, Trouble.disperse, 3.0),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_server_in_trouble_costs_nobody_anything(
    own_postgres: Server, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    breaks, mends, answers = TROUBLES[name]
    url = own_postgres.database()
    trouble = Trouble(own_postgres, url)
    try:
        play(
            url,
            lambda h: through(h, lambda: breaks(trouble), lambda: mends(trouble), answers),
        )
        assert outages(caplog) == ONCE
        assert rows(url, "outbox") == 0
        assert rows(url, "person") == len(EVERYBODY)
    finally:
        trouble.disperse()
        own_postgres.start()
        own_postgres.drop(url)


def test_a_lost_connection_is_made_again_at_once(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    trouble = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    trouble += " WHERE datname = current_database() AND pid <> pg_backend_pid()"

    async def scenario(h: House) -> None:
        await h.hear("keep")
        for turn in range(3):
            await asyncio.to_thread(ask, postgres_url, trouble)
            said = len(h.ear.said)
            if not await h.hear("two a b", id=f"turn-{turn}"):
                assert h.ear.texts[said].startswith(AWAY)
                said += 1
                await h.back()
                assert await h.hear("two a b", id=f"turn-{turn}")
            assert h.ear.texts[said:] == ["a", "b"]

    play(postgres_url, scenario)
    assert outages(caplog) in ([], ONCE * 3)


def test_leaving_waits_for_no_server_that_hangs(
    own_postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor for a platform that hangs, too."""
    monkeypatch.setattr(bot.service, "AWAY_PAUSE", timedelta(seconds=1))
    url = own_postgres.database()
    began = 0.0

    async def scenario(h: House) -> None:
        nonlocal began
        lands = asyncio.Event()

        async def hang(message: Message) -> None:
            await (lands if message.to == BOB else asyncio.Event()).wait()

        await h.hear("keep")
        await h.hear("keep", place=BOB)
        h.ear.before = hang
        for place in (ADA, BOB):
            assert await h.service.receive(says("two a b", place))
        await until(lambda: len(h.ear.tried) == 4)
        await asyncio.to_thread(own_postgres.pause)
        # Said, and not to be written down.
        lands.set()
        await until(lambda: h.service._turning)
        began = time.monotonic()

    try:
        play(url, scenario)
        assert time.monotonic() - began < 10
    finally:
        own_postgres.start()
        own_postgres.drop(url)


# A file


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/legs.db"


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same, sooner."""
    monkeypatch.setattr(bot.service, "AWAY_PAUSE", timedelta(seconds=0.25))


def size_of_log(url: str) -> int:
    return Path(f"{path_of(url)}-wal").stat().st_size


class Locks:
    """Another program that writes."""

    def __init__(self, url: str) -> None:
        self.other = sqlite3.connect(path_of(url), isolation_level=None, check_same_thread=False)

    def breaks(self) -> None:
        self.other.execute("BEGIN IMMEDIATE")

    def mends(self) -> None:
        self.other.execute("ROLLBACK")
        self.other.close()


def test_a_locked_file_costs_nobody_anything(
    file_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(h: House) -> None:
        locks = Locks(file_url)
        await through(h, locks.breaks, locks.mends, 3)

    play(file_url, scenario)
    assert outages(caplog) == ONCE
    assert (rows(file_url, "outbox"), rows(file_url, "person")) == (0, len(EVERYBODY))


def test_a_file_that_cannot_grow_costs_nobody_anything(
    file_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its write-ahead log is full, as of a disk quota."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def scenario(h: House) -> None:
        def breaks() -> None:
            full = size_of_log(file_url) + 100
            resource.setrlimit(resource.RLIMIT_FSIZE, (full, before[1]))

        def mends() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

        try:
            await through(h, breaks, mends, 3)
        finally:
            mends()

    play(file_url, scenario)
    assert outages(caplog) == ONCE
    assert (rows(file_url, "outbox"), rows(file_url, "person")) == (0, len(EVERYBODY))


class Counting(Store):
    tries = 0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        self.tries += 1
        with super().transaction() as db:
            yield db


def test_a_full_disk_that_can_be_read_is_not_back(
    file_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is due and nobody speaks: what writes nothing proves nothing."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def scenario(h: House) -> None:
        store = h.store
        assert isinstance(store, Counting)
        await h.hear("keep")
        full = size_of_log(file_url) + 100
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (full, before[1]))
            for _ in range(2):
                assert not await h.hear("hello")
                tries = store.tries
                await until(lambda: store.tries > tries + 1)  # noqa: B023 - it ends before the next
                assert h.service.away
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        await h.back()

    play(file_url, scenario, kind=Counting)
    assert outages(caplog) == ONCE


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A real one of a few pages; only root can have it."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "legs-up", str(folder)]
    try:
        made = subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        made = False
    if not made:
        pytest.skip("Only root may make a small disk.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_costs_nobody_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        url, ballast = f"sqlite:///{disk}/legs.db", disk / "ballast"

        def fill() -> None:
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while file.write(b"." * 4096):
                    pass

        play(url, lambda h: through(h, fill, ballast.unlink, 3))
        assert outages(caplog) == ONCE
        assert (rows(url, "outbox"), rows(url, "person")) == (0, len(EVERYBODY))


def test_a_folder_that_is_gone_for_a_while_costs_nobody_anything(
    file_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that was not there, say. Whatever is written meanwhile would be lost."""
    folder = path_of(file_url).parent
    elsewhere = folder.with_name("elsewhere")

    play(
        file_url,
        lambda h: through(h, lambda: folder.rename(elsewhere), lambda: elsewhere.rename(folder), 3),
    )
    assert outages(caplog) == ONCE
    assert (rows(file_url, "outbox"), rows(file_url, "person")) == (0, len(EVERYBODY))


def test_a_folder_that_is_deleted_is_noticed(
    file_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "up 1")
        shutil.rmtree(path_of(file_url).parent)
        assert not await h.hear("hello")
        assert h.ear.texts[-1].startswith(AWAY)
        assert not await h.hear("stop")
        assert h.ear.texts[-1].startswith(PLAIN)
        await until(lambda: len(h.ear.when(ADA, PLAIN)) > 1)

    play(file_url, scenario)
    assert outages(caplog) == ONCE[:1]
    assert not path_of(file_url).exists()


READ_ONLY = """
import asyncio, os, sys
from bot.service import Service
from bot.store import Store, StoreUnfit
from tests.postgres import other_user
from tests.standin import FakePlatform, HandClock

async def tries(url):
    try:
        async with Service(Store(url), HandClock(), [FakePlatform()]):
            print("opened")
    except StoreUnfit as error:
        print(error.why)

asyncio.run(tries(sys.argv[1]))
# Whatever is imported late is imported now: the Python itself may be below /root.
if os.geteuid() == 0:
    user = other_user()
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
asyncio.run(tries(sys.argv[2]))
"""


def test_a_file_that_may_not_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        other, url = f"sqlite:///{tmp_path}/other.db", f"sqlite:///{folder}/legs.db"

        async def scenario(h: House) -> None:
            await h.hear("keep")

        play(url, scenario)
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, other, url],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        folder.chmod(0o755)
        assert done.stdout.split() == ["opened", "read_only"], done.stderr


class Cut(Store):
    """Its connection is lost when a commit is done, and before it is told so."""

    cut = False

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with super().transaction() as db:
            yield db
        if self.cut:
            self.cut = False
            raise StoreAway("the connection was lost")


def test_a_commit_whose_answer_was_lost_is_said_all_the_same(file_url: str) -> None:
    async def scenario(h: House) -> None:
        assert isinstance(h.store, Cut)
        await h.hear("keep")
        await h.hear("keep", place=BOB)
        h.store.cut = True
        assert not await h.hear("two a b", id="one")
        await h.back()
        assert await h.hear("two a b", id="one")
        await until(lambda: h.ear.to(ADA)[-2:] == ["a", "b"])
        # And legs that went up with it come down.
        h.store.cut = True
        assert not await h.hear("up 1", place=BOB)
        await h.back()
        assert await h.service.resting()

    play(file_url, scenario, kind=Cut)


def test_a_way_down_that_could_not_be_said_is_said_again(file_url: str) -> None:
    """Both are away, and the platform is back first."""

    async def scenario(h: House) -> None:
        await h.hear("keep", "up 1")
        locks = Locks(file_url)
        locks.breaks()

        def fail(message: Message) -> None:
            raise OSError("no network")

        h.ear.before = fail
        tried = len(h.ear.tried)
        await until(lambda: len(h.ear.tried) > tried)
        h.ear.before = lambda message: None
        await until(lambda: bool(h.ear.when(ADA, PLAIN)))
        locks.mends()
        await h.back()

    play(file_url, scenario)


def test_a_platform_that_hangs_keeps_no_one_else_from_hearing_of_an_outage(file_url: str) -> None:
    async def scenario(h: House) -> None:
        hang = asyncio.Event()

        async def wait(message: Message) -> None:
            if message.to == BOB and message.text.startswith(PLAIN):
                await hang.wait()

        await h.hear("keep")
        await h.hear("keep", "up 1", place=CARL)
        await h.hear("keep", "up 0.5", place=BOB)
        h.ear.before = wait
        locks = Locks(file_url)
        locks.breaks()
        await until(lambda: bool(h.ear.when(CARL, PLAIN)))
        began = time.monotonic()
        assert not await h.service.receive(says("hello", ADA))
        assert time.monotonic() - began < 4
        locks.mends()
        await until(lambda: not h.service.away)
        hang.set()

    play(file_url, scenario)


# A platform

MANY = [Address("fake", f"chat-{n}") for n in range(20)]
LATE = [Address("fake", f"late-{n}") for n in range(5)]


async def fill_up(h: House) -> None:
    """An exit and reminders wait: some may be said in an hour, some may not."""
    for place in (*MANY, *LATE, BOB):
        assert await h.service.receive(says("keep", place))
    await until(lambda: len(h.ear.said) == len(MANY) + len(LATE) + 1)


async def wait_up(h: House) -> None:
    asked = [(place, "until 7200 valid") for place in MANY]
    asked += [(place, "until 600 expired") for place in LATE]
    asked += [(BOB, "exit down")]
    heard = [h.service.receive(says(text, place)) for place, text in asked]
    assert all(await asyncio.gather(*heard))


def check_after_the_hour(said: list[Message], at: list[float]) -> None:
    texts = [message.text for message in said]
    assert texts[0] == "down"
    assert sorted(message.to.chat_id for message in said if message.text == "valid") == sorted(
        place.chat_id for place in MANY
    )
    assert "expired" not in texts
    assert [message.to for message in said if message.text == "too late for reminder"] == LATE
    assert len(said) == len(MANY) + len(LATE) + 1
    valid = [when for when, text in zip(at, texts, strict=True) if text == "valid"]
    # Half of 30 a second, evenly: none too close to the next.
    assert valid[-1] - valid[0] > (len(MANY) - 1) * 2 / 30 - 0.1
    assert min(later - one for one, later in pairwise(valid)) > 0.5 / 30


async def goes_away(how: str) -> None:
    match how:
        case "raises":
            raise OSError("no network")
        case "hangs":
            await asyncio.Event().wait()
        case _:
            raise TryLater(30, everywhere=True)


async def passes(h: House, to: timedelta) -> None:
    """Time, and nothing gets through."""
    while h.clock.now() < START + to:
        h.clock.offset += timedelta(minutes=5)
        h.service._sender.look()
        h.service._rung()
        tried = len(h.ear.tried)
        await until(lambda tried=tried: len(h.ear.tried) > tried)  # type: ignore[misc]
    assert h.ear.said == []


async def comes_back(h: House) -> None:
    queue = h.service._sender._queues["fake"]
    await until(lambda: not queue.on_wire)
    h.ear.before = lambda message: None
    h.clock.offset += timedelta(seconds=61)
    h.service._sender.look()
    await until(lambda: len(h.ear.said) >= len(MANY) + len(LATE) + 1)
    await until(lambda: not queue.rows and h.service._idle)
    check_after_the_hour(h.ear.said, h.ear.at)
    assert not queue.recovering


LONG = [("hangs", False), ("hangs", True), ("later", False)]


@pytest.mark.parametrize(
    ("how", "restarted"),
    [
        ("raises", False),
        ("later", True),
        *(pytest.param(*long, marks=pytest.mark.soak) for long in LONG),
    ],
)
def test_a_platform_that_was_away_for_an_hour_is_not_flooded(
    file_url: str, monkeypatch: pytest.MonkeyPatch, how: str, restarted: bool
) -> None:
    monkeypatch.setattr(bot.sending, "SEND_PATIENCE", 0.02)

    def ear() -> Ear:
        gone = Ear(Rate(30, 1))
        gone.before = lambda message: goes_away(how)
        return gone

    async def run() -> None:
        clock = HandClock()
        async with house(file_url, Ear(), clock) as h:
            await fill_up(h)
        async with house(file_url, ear(), clock) as h:
            await wait_up(h)
            await passes(h, timedelta(minutes=30))
            if not restarted:
                await passes(h, timedelta(hours=1))
                await comes_back(h)
        if restarted:
            async with house(file_url, ear(), clock) as h:
                await passes(h, timedelta(hours=1))
                await comes_back(h)

    asyncio.run(asyncio.wait_for(run(), 40))
    assert rows(file_url, "outbox") == 0


def test_who_must_wait_half_a_minute_is_not_asked_again_before(file_url: str) -> None:
    """Of a whole hour with a crowd, each half minute costs one wire's worth of tries."""

    async def run() -> None:
        clock, ear = HandClock(), Ear(Rate(30, 1))
        async with house(file_url, Ear(), clock) as h:
            await fill_up(h)
        async with house(file_url, ear, clock) as h:
            ear.before = lambda message: goes_away("later")
            await wait_up(h)
            await until(lambda: bool(ear.tried))
            await until(lambda: not h.service._sender._queues["fake"].on_wire)
            tried = len(ear.tried)
            clock.offset += timedelta(seconds=29)
            h.service._sender.look()
            assert not h.service._sender._queues["fake"].on_wire
            assert len(ear.tried) == tried <= LANES

    asyncio.run(asyncio.wait_for(run(), 40))


# The end of the program


CROWD = [Address("fake", f"chat-{n}") for n in range(500)]


def test_leaving_under_load_loses_nothing(file_url: str) -> None:
    hung = CROWD[3]

    async def run() -> tuple[Ear, Ear, float]:
        first = Ear()
        async with house(file_url, first) as h:
            for text in ("keep", "in 0.5"):
                heard = [h.service.receive(says(text, place)) for place in CROWD]
                assert all(await asyncio.gather(*heard))
            await until(lambda: len(first.said) >= 1000)
        first = Ear(Rate(30, 1))

        async def slow(message: Message) -> None:
            if message.to == hung:
                await asyncio.Event().wait()
            await asyncio.sleep(0.2)

        first.before = slow
        async with house(file_url, first) as h:
            # A machine that has other things to do takes its time for all of them.
            await until(lambda: len(first.said) > 20 and hung in [m.to for m in first.tried], 60)
            began, tried = time.monotonic(), len(first.tried)
        took = time.monotonic() - began
        assert len(first.tried) == tried  # nothing more was begun
        second = Ear()
        async with house(file_url, second) as h:
            await until(lambda: len(first.said) + len(second.said) >= len(CROWD), 60)
            await until(lambda: h.service._idle)
        return first, second, took

    first, second, took = asyncio.run(asyncio.wait_for(run(), 180))
    assert took < 10
    said = [message.to for message in (*first.said, *second.said)]
    assert sorted(said, key=lambda place: place.chat_id) == sorted(
        CROWD, key=lambda place: place.chat_id
    )
    tried = [message.to for message in (*first.tried, *second.tried)]
    assert [place for place in CROWD if tried.count(place) > 1] == [hung]
    assert rows(file_url, "outbox") == 0
