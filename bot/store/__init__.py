"""The store: one database, used from one thread, by one process at a time."""

import logging
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, tzinfo
from hashlib import blake2s
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection, Engine, delete, insert, make_url, select
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot import logs
from bot.events import Address, Lane
from bot.store import clubs, door, outbox, people, privacy
from bot.store.door import Guest
from bot.store.file import File
from bot.store.forgotten import Forgotten
from bot.store.migrations import migrate
from bot.store.outbox import Outcome, Waiting
from bot.store.tables import setting
from bot.store.troubles import StoreAway, StoreBusy, StoreTooNew, StoreUnfit, StoreUnknown
from bot.store.turns import WAVE, Batch, Done, Step, Turn, Up, earlier, up

if TYPE_CHECKING:
    from bot.store.server import Server

RESERVED = {"person": 0, "address": 0, "club": 0, "outbox": 1_000_000}
"""Ids that a start takes for itself at once, so that a crash never gives one twice.

People and addresses are numbered when their rows are written; words have to be numbered before.
"""

CLUBS = 20
"""Clubs a wave: each may ask what a thousand people came to."""

LEAP = 1_000_000
"""Ids that a database leaps which went back in time: those it gave since stand on old buttons."""

log = logs.get(__name__)


class Database(Protocol):
    """What differs between a file and a server; ``kind`` says which it is."""

    kind: str

    def open(self) -> Engine:
        """Take it, so that no other process can."""
        ...

    def close(self) -> None:
        """Let others have it."""
        ...

    def trouble(self, error: BaseException | None) -> StoreAway:
        """What an error of the database or of the system means."""
        ...

    def wipe(self, engine: Engine) -> bool:
        """Let the bytes of what was erased go, too; whether it could be done."""
        ...


def database(url: str, patience: float) -> "File | Server":
    """The database at an address. Raises `StoreUnknown`."""
    address = make_url(url)
    match address.get_backend_name():
        case "sqlite":
            return File(address, patience)
        case "postgresql" | "postgres":
            # Its driver takes an eighth of a second to load, which a file need not wait for.
            from bot.store.server import Server  # noqa: PLC0415

            return Server(address)
        case _:
            raise StoreUnknown("A database is sqlite:///path/to/file or postgresql://host/name.")


class Numbers:
    """The numbers for new rows: each is given once, and after a restart never again."""

    def __init__(self) -> None:
        """Nothing is given before `load`."""
        self._next: dict[str, int] = {}
        self._end: dict[str, int] = {}

    def load(self, store: "Store") -> None:
        """Go on after what was given before."""
        for table, reserved in RESERVED.items():
            self._next[table] = int(store.get(f"next_{table}") or 1)
            self._end[table] = self._next[table] + reserved
            store.put(f"next_{table}", str(self._end[table]))

    def take(self, table: str) -> int:
        """The next number."""
        number = self._next[table]
        self._next[table] = number + 1
        return number

    def give_back(self, table: str) -> None:
        """The last one was not used."""
        self._next[table] -= 1

    def leap(self, db: Connection) -> None:
        """Give none of those that may have been given in a time that this database knows not."""
        for table, reserved in RESERVED.items():
            self._next[table] += LEAP
            self._end[table] = self._next[table] + reserved
            put(db, f"next_{table}", str(self._end[table]))

    def keep(self, db: Connection) -> dict[str, int]:
        """Write down what was given and was not reserved before; `kept` once it is committed."""
        ends = {
            table: following + RESERVED[table]
            for table, following in self._next.items()
            if following > self._end[table]
        }
        for table, end in ends.items():
            put(db, f"next_{table}", str(end))
        return ends

    def kept(self, ends: dict[str, int]) -> None:
        """So far the database knows."""
        self._end |= ends


def _get(db: Connection, name: str) -> str | None:
    return db.execute(select(setting.c.value).where(setting.c.name == name)).scalar()


def put(db: Connection, name: str, value: str) -> None:
    """Keep a setting of the program itself."""
    db.execute(delete(setting).where(setting.c.name == name))
    db.execute(insert(setting).values(name=name, value=value))


class Store:
    """Synchronous; after `open` every call is made by the service on its one store thread."""

    def __init__(self, url: str, patience: float = 2.0, folder: Path | None = None) -> None:
        """``url`` is that of a file or a server; ``patience`` the seconds for a locked file.

        ``folder`` is where a server's forgotten.log lies; a file's lies beside it.
        """
        self.database = database(url, patience)
        if isinstance(self.database, File):
            folder = self.database.path.parent
        self._forgotten = Forgotten(folder, sure=self.database.kind == "file")
        self.unwiped = False
        self.forgotten_again = 0
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._key = b""
        self._numbers = Numbers()
        self._platforms: set[str] = set()
        # Who became one with whom since the start: some of their words may be on the wire.
        self._joined: dict[int, int] = {}
        self._totals = clubs.Totals()

    @property
    def engine(self) -> Engine:
        """The engine, once open."""
        if self._engine is None:
            raise StoreAway("the store is not open")
        return self._engine

    def open(self) -> None:
        """Take the database, and bring its tables to this version; twice does nothing.

        Raises `StoreBusy`, `StoreTooNew`, `StoreUnfit` or `StoreAway`.
        """
        if self._engine is not None:
            return
        # At DEBUG these log every row that is read; no log may hold a person's words.
        logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
        try:
            self._engine = self.database.open()
            with self.transaction() as db:
                migrate(db)
            self._key = bytes.fromhex(self._log_key())
            self._numbers.load(self)
            self._forget_again()
            # What was erased just before a crash may still lie in the write-ahead log.
            self.unwiped = True
            with self.reading() as db:
                self._platforms = people.platforms(db)
        except BaseException:  # an interrupted start, too, gives the database back
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database; closing twice does nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        self.database.close()

    @contextmanager
    def _troubles_named(self) -> Iterator[None]:
        """Turn what a database can suffer from into `StoreAway`; mistakes of ours stay as is."""
        try:
            yield
        except (IntegrityError, ProgrammingError, DataError, NotSupportedError) as error:
            named = self.database.trouble(error.orig)
            raise (named if isinstance(named, StoreUnfit) else error) from None
        except DBAPIError as error:
            raise self.database.trouble(error.orig) from None
        except PoolTimeout as error:
            raise self.database.trouble(error) from None
        except StoreBusy as error:
            if not self._key:
                raise
            # The connection was lost for a while, and another process was quicker.
            raise StoreAway(str(error)) from None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that may write; it is committed at the end."""
        with self._connected(reading=False) as db:
            yield db

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that writes nothing: it works while another program writes."""
        with self._connected(reading=True) as db:
            yield db

    @contextmanager
    def _connected(self, *, reading: bool) -> Iterator[Connection]:
        # One connection is kept open: taking it from a pool costs more than a short turn.
        with self._troubles_named():
            if self._connection is None:
                self._connection = self.engine.connect()
            self._connection.info["reading"] = reading
            with self._connection.begin():
                yield self._connection

    def wipe(self) -> None:
        """After an erasure; tried again later if somebody else reads just now."""
        self.unwiped = not self.database.wipe(self.engine)

    # Settings

    def get(self, name: str) -> str | None:
        """A setting of the program itself, or None."""
        with self.reading() as db:
            return _get(db, name)

    def put(self, name: str, value: str) -> None:
        """Keep a setting of the program itself."""
        with self.transaction() as db:
            put(db, name, value)

    def _log_key(self) -> str:
        key = self.get("log_key")
        if key is None:
            key = secrets.token_hex(16)
            self.put("log_key", key)
        return key

    def pseudonym(self, *of: object, size: int = 8) -> str:
        """The same name for the same thing in every log, and no way back from it."""
        text = "\n".join(map(str, of)).encode()
        return blake2s(text, key=self._key, digest_size=size).hexdigest()

    # Who asked to be forgotten

    def _forget_again(self) -> None:
        """If this database is older than forgotten.log: everybody who has asked since."""
        known = int(self.get("forgotten") or 0)
        lines = self._forgotten.checked(known)
        since = frozenset(lines[known:])
        if not since:
            return
        with self.transaction() as db:
            self.forgotten_again = privacy.erase_all(db, lambda who: self._hash(who) in since)
            put(db, "forgotten", str(len(lines)))
            self._numbers.leap(db)
        self.wipe()
        log.info("older than forgotten.log", forgotten_again=self.forgotten_again)

    def go_back(self) -> None:
        """This is a backup that takes the place of a database which has given more ids."""
        with self.transaction() as db:
            self._numbers.leap(db)

    def _forget(self, db: Connection, gone: Collection[int]) -> None:
        """Before the commit that erases them: no backup shall bring them back."""
        if not gone:
            return
        known = int(_get(db, "forgotten") or 0)
        # With more lines than are known, the next start has to look at them: so it stays.
        if len(self._forgotten.lines()) <= known:
            put(db, "forgotten", str(known + len(gone)))
        self._forgotten.add([self._hash(who) for who in gone], known)

    def _hash(self, who: int) -> str:
        return self.pseudonym("forgotten", who, size=16)

    # Turns

    def turn(self, batch: Batch, step: Step, now: datetime) -> Done:
        """All of a batch in one commit. What cannot be written with the others is done alone.

        Raises `StoreAway`, and then nothing of it was done.
        """
        try:
            return self._turn(batch, step, now)
        except StoreAway:
            raise
        except Exception:
            log.exception("a batch failed")
        done = Done()
        for part in self._named(batch, now).parts():
            done.add(self._alone(part, step, now))
        if batch.due is not None:
            # Whoever else is due comes with the next.
            done.more |= set(batch.due)
            done.next_wake = now
        return done

    def _turn(self, batch: Batch, step: Step, now: datetime) -> Done:
        with self._forgotten.with_commit(), self.transaction() as db:
            turn = Turn(db, step, now, self._numbers, self.pseudonym, self._totals)
            batch = batch.after(self._joined)
            turn.settle(batch.outcomes)
            turn.hear(batch.heard)
            turn.expire(batch.late)
            turn.write()
            turn.wake(row for who in batch.only if (row := people.known(db, who)) is not None)
            turn.clubs.wake(row for one in batch.clubs if (row := clubs.known(db, one)) is not None)
            if batch.due is not None:
                self._wake(turn, db, batch.due, now)
                turn.write()
                turn.clubs.wake(clubs.due(db, now, CLUBS))
            turn.write()
            self._platforms |= {place.platform for place in turn.done.reached}
            if batch.due is not None:
                queues = self._queues(turn.done.more)
                people_wake, clubs_wake = people.next_wake(db, queues), clubs.next_wake(db)
                turn.done.next_wake = earlier(people_wake, clubs_wake)
            ends = self._numbers.keep(db)
            self._forget(db, turn.forgotten)
        self._numbers.kept(ends)
        self._joined = {
            **{one: turn.done.joined.get(who, who) for one, who in self._joined.items()},
            **turn.done.joined,
        }
        self.unwiped |= turn.done.erased
        return turn.done

    def _wake(self, turn: Turn, db: Connection, room: Mapping[str, int], now: datetime) -> None:
        """Whoever has legs up first; then reminders, as far as their platform has room."""
        left = WAVE
        for urgency in people.LANES:
            for platform in sorted(self._platforms | set(room)):
                most = left
                if urgency is Lane.REMINDER:
                    most = min(left, room.get(platform, WAVE))
                rows = people.due(db, platform, urgency, now, most)
                turn.wake(rows)
                left -= len(rows)
                if urgency is Lane.REMINDER and len(rows) >= most:
                    turn.done.more.add(platform)

    def _queues(self, platforms: Collection[str]) -> Iterator[tuple[str, Lane]]:
        """Where to look for who is due next: reminders of a platform that is full must wait."""
        for platform in self._platforms:
            for urgency in people.LANES:
                if urgency is not Lane.REMINDER or platform not in platforms:
                    yield platform, urgency

    def _named(self, batch: Batch, now: datetime) -> Batch:
        """The same batch, with those who are due by their names."""
        if batch.due is None:
            return batch
        who: list[int] = []
        with self.reading() as db:
            due = tuple(row.id for row in clubs.due(db, now, CLUBS))
            for urgency in people.LANES:
                for platform in sorted(self._platforms | set(batch.due)):
                    most = batch.due.get(platform, WAVE) if urgency is Lane.REMINDER else WAVE
                    who += [row.id for row in people.due(db, platform, urgency, now, most)]
        only = tuple(who[:WAVE])
        return Batch(batch.outcomes, batch.heard, batch.late, only=only, clubs=due)

    def _alone(self, part: Batch, step: Step, now: datetime) -> Done:
        try:
            return self._turn(part, step, now)
        except StoreAway:
            raise
        except Exception:
            log.exception("not written", kind=part.kind)
            return self._give_up(part, step, now)

    def _give_up(self, part: Batch, step: Step, now: datetime) -> Done:
        """Leave nothing of it half done, and let nobody wait for it."""
        try:
            with self.transaction() as db:
                turn = Turn(db, step, now, self._numbers, self.pseudonym)
                turn.give_up(part)
                turn.write()
                ends = self._numbers.keep(db)
            self._numbers.kept(ends)
        except StoreAway:
            raise
        except Exception:
            log.exception("given up", kind=part.kind)
            return Done(
                failed={incoming.name for incoming in part.heard},
                # Not said again and again while they cannot be taken away; a restart tries anew.
                gone={waiting.id for waiting in part.late},
            )
        return turn.done

    # The door

    def guests(self) -> list[Guest]:
        """Everybody who was let in."""
        with self.reading() as db:
            return door.guests(db)

    def knows(self, place: Address) -> bool:
        """Whether something is kept of somebody there."""
        with self.reading() as db:
            return people.there(db, place) is not None

    def let_in(self, who: Guest, now: datetime) -> None:
        """Remember somebody who was let in."""
        with self.transaction() as db:
            door.let_in(db, who, now)

    def waiting(self) -> tuple[list[Waiting], set[Address]]:
        """All words that wait, in order, and the addresses that cannot be reached."""
        with self.transaction() as db:
            return outbox.waiting(db)

    # Time

    def next_wake(self) -> datetime | None:
        """The next moment at which somebody is due."""
        with self.reading() as db:
            return earlier(people.next_wake(db, self._queues(())), clubs.next_wake(db))

    def with_legs_up(self) -> dict[int, Up]:
        """Everybody who would have to be called down."""
        with self.reading() as db:
            found = people.with_legs_up(db)
        ups = {someone.id: up(someone, place) for place, someone in found}
        return {who: each for who, each in ups.items() if each}

    def people(self) -> int:
        """How many people something is kept of."""
        with self.reading() as db:
            return people.count(db)

    def last_at(self) -> datetime | None:
        """The latest moment at which anybody was stepped."""
        with self.reading() as db:
            return people.last_at(db)

    def clock_at(self, place: Address) -> tzinfo | None:
        """The clock on the wall of the person at an address; None while it is not known."""
        with self.reading() as db:
            return people.clock_at(db, place)

    def clamp(self, now: datetime) -> None:
        """For a clock that was set back: nobody's last step lies after ``now``."""
        with self.transaction() as db:
            people.clamp(db, now)

    def refresh(self, after: int) -> int | None:
        """Compute when to wake the next people anew; call again with the result until None."""
        with self.transaction() as db:
            return people.refresh(db, after)

    def sweep(self, now: datetime) -> tuple[int, set[int]]:
        """Delete some of what is kept no longer; call again until nothing went.

        How much went, and the ids of the words that will not be said any more.
        """
        with self.transaction() as db:
            swept, gone = privacy.sweep(db, now)
        self.unwiped |= swept > 0
        return swept, gone


__all__ = [
    "Batch",
    "Done",
    "Guest",
    "Outcome",
    "Step",
    "Store",
    "StoreAway",
    "StoreBusy",
    "StoreTooNew",
    "StoreUnfit",
    "StoreUnknown",
    "Up",
    "Waiting",
    "earlier",
]
