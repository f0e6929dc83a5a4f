"""The store: one SQLite file, used from one thread, by one process at a time."""

import logging
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, tzinfo
from hashlib import blake2s
from typing import Any

import filelock
from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.dialects.sqlite import insert as upsert

from bot.conversation.person import Person
from bot.events import Address, Incoming
from bot.store import outbox, people, privacy, turns
from bot.store.file import (
    MIGRATIONS,
    StoreAway,
    StoreBusy,
    StoreTooNew,
    StoreUnfit,
    StoreUnknown,
    away,
    connect,
    located,
    migrate,
    revisions,
    troubles_named,
    wipe,
)
from bot.store.outbox import Memory, Outcome, Waiting
from bot.store.tables import handled, setting
from bot.store.turns import Step, what_failed

log = logging.getLogger(__name__)


class Store:
    """Synchronous; after `open` every call is made by the service on its one store thread."""

    def __init__(self, url: str, patience: float = 2.0) -> None:
        """``url`` is ``sqlite:///path``; ``patience`` is how long to wait for a locked file."""
        self._url, self.path = located(url)
        self._patience = patience
        self._engine: Engine | None = None
        self._lock = filelock.FileLock(
            # Not of a thread: opened on one, it may be closed on another.
            f"{self.path}.lock",
            thread_local=False,
        )
        self._key = b""
        self._leased: outbox.Leased = {}
        # What came back and could not be written down yet, and rows that cannot be read.
        self._unwritten: list[Outcome] = []
        self._unreadable: set[int] = set()
        self._unwiped = False

    @property
    def engine(self) -> Engine:
        """The engine, once open."""
        if self._engine is None:
            raise StoreAway("the store is not open")
        return self._engine

    def open(self) -> None:
        """Take the file, and bring its tables to this version; opening twice does nothing.

        Raises `StoreBusy`, `StoreTooNew`, `StoreUnfit` or `StoreAway`.
        """
        if self._engine is not None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(blocking=False)
            if self.path.exists():
                # Before anything touches it; what else is wrong is said when it is opened.
                with suppress(sqlite3.Error):
                    revisions(self.path)
            else:
                # Before SQLite makes it, so that nobody else on the machine may read it.
                self.path.touch(mode=0o600)
        except filelock.Timeout:
            raise StoreBusy(f"{self.path} is in use by another legs-up") from None
        except StoreUnfit:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise away(self.path, error) from error
        self._engine = connect(self._url, self._patience)
        try:
            with self._transaction() as db:
                migrate(db)
            self._key = bytes.fromhex(self._log_key())
        except BaseException:  # an interrupted start, too, gives the file back
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file; closing twice does nothing."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        self._lock.release()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with troubles_named(self.path), self.engine.begin() as db:
            yield db

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A transaction that writes nothing: it works while another program writes."""
        with (
            troubles_named(self.path),
            self.engine.connect().execution_options(reading=True) as db,
            db.begin(),
        ):
            yield db

    def _wipe(self) -> None:
        """After an erasure; tried again with the next words if somebody else reads just now."""
        self._unwiped = not wipe(self.engine)

    # Settings

    def get(self, name: str) -> str | None:
        """A setting of the program itself, or None."""
        with self._reading() as db:
            return db.execute(select(setting.c.value).where(setting.c.name == name)).scalar()

    def put(self, name: str, value: str) -> None:
        """Keep a setting of the program itself."""
        with self._transaction() as db:
            db.execute(
                upsert(setting)
                .values(name=name, value=value)
                .on_conflict_do_update(index_elements=["name"], set_={"value": value})
            )

    def _log_key(self) -> str:
        key = self.get("log_key")
        if key is None:
            key = secrets.token_hex(16)
            self.put("log_key", key)
        return key

    def pseudonym(self, *of: object) -> str:
        """The same name for the same thing in every log, and no way back from it."""
        text = "\n".join(map(str, of)).encode()
        return blake2s(text, key=self._key, digest_size=8).hexdigest()

    # Turns

    def receive(self, incoming: Incoming, step: Step, now: datetime) -> None:
        """T1 of one event: when this returns, it is committed. A second delivery does nothing."""
        try:
            with self._transaction() as db:
                if not self._is_new(db, incoming, now):
                    return
                erased = turns.receive(db, incoming, step, now, self._leased)
        except StoreAway:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the core raised, the person is told
            kind = type(incoming.event).__name__
            who = self.pseudonym(incoming.address)
            log.error("%s of %s failed: %s", kind, who, what_failed(error))  # noqa: TRY400 - a traceback could hold words
            with self._transaction() as db:
                if self._is_new(db, incoming, now):
                    turns.apologise(db, incoming, now, self._leased)
            return
        if erased:
            self._wipe()

    def _is_new(self, db: Connection, incoming: Incoming, now: datetime) -> bool:
        text = f"{incoming.address.platform}\n{incoming.id}".encode()
        digest = blake2s(text, key=self._key, digest_size=16).hexdigest()
        added = upsert(handled).values(event=digest, at=now).on_conflict_do_nothing()
        return db.execute(added).rowcount > 0

    def wave(self, step: Step, now: datetime) -> bool:
        """Serve a batch of those who are due, and words that came too late; whether any were."""
        with self._reading() as db:
            who = turns.due(db, now)
            late = outbox.late(db, now, self._leased)
        failed: dict[int, Exception] = {}
        try:
            failed = self._wake(who, step, now)
        except StoreAway:
            raise
        except Exception as error:  # noqa: BLE001 - one of them cannot be written: each alone
            log.error("a batch failed: %s", what_failed(error))  # noqa: TRY400 - as above
            for person_id in who:
                try:
                    failed |= self._wake([person_id], step, now)
                except StoreAway:
                    raise
                except Exception as alone:  # noqa: BLE001 - put off below
                    failed[person_id] = alone
        for person_id, cause in failed.items():
            log.error("Wake of %s failed: %s", self.pseudonym(person_id), what_failed(cause))
            with self._transaction() as db:
                turns.put_off(db, person_id, now, self._leased)
        for row in late:
            self._expire(row, step, now)
        return bool(who or late)

    def _wake(self, who: Iterable[int], step: Step, now: datetime) -> dict[int, Exception]:
        with self._transaction() as db:
            erased, failed = turns.wake(db, who, step, now, self._leased)
        if erased:
            self._wipe()
        return failed

    def _expire(self, row: Row[Any], step: Step, now: datetime) -> None:
        try:
            with self._transaction() as db:
                erased = turns.expire(db, row, step, now, self._leased)
        except StoreAway:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the core raised, it is not said
            who = self.pseudonym(row.person_id)
            log.error("Expired of %s failed: %s", who, what_failed(error))  # noqa: TRY400 - as above
            with self._transaction() as db:
                outbox.drop(db, row.id)
            return
        if erased:
            self._wipe()

    # Words

    def exchange(
        self, outcomes: Iterable[Outcome], now: datetime, platforms: Collection[str]
    ) -> list[Waiting]:
        """T2 of what came back from the platforms, and what to send next, in one commit.

        Outcomes are taken in any case: what cannot be written is kept for the next time.
        """
        self._unwritten += outcomes
        erased = []
        if self._unwritten or self._unreadable:
            came_back = {outcome.waiting.id for outcome in self._unwritten}
            on_wire = {of: w for of, w in self._leased.items() if of not in came_back}
            memory = Memory(on_wire, (), set())
            with self._transaction() as db:
                erased = [outbox.settle(db, outcome, now) for outcome in self._unwritten]
                for row_id in self._unreadable:
                    outbox.drop(db, row_id)
                taken = outbox.take(db, now, platforms, memory)
            self._leased, self._unreadable = memory.leased, memory.unreadable
            self._unwritten = []
        else:
            taken = self.take(now, platforms)
        if any(erased) or self._unwiped:
            self._wipe()
        return taken

    def take(self, now: datetime, platforms: Collection[str]) -> list[Waiting]:
        """What to send next. Only reads, so it works while nothing can be written."""
        memory = Memory(dict(self._leased), self._unwritten, self._unreadable)
        with self._reading() as db:
            taken = outbox.take(db, now, platforms, memory)
        self._leased = memory.leased
        return taken

    def unsaid(self, place: Address | None, now: datetime, platforms: Collection[str]) -> bool:
        """Whether anything for this address (or any) may be said now and is not said yet.

        What was said counts as said, even if that could not be written down yet.
        """
        memory = Memory(self._leased, self._unwritten, self._unreadable)
        with self._reading() as db:
            return outbox.unsaid(db, place, now, platforms, memory)

    # Time

    def next_due(self, now: datetime) -> datetime | None:
        """The next moment at which somebody is due, or words are."""
        with self._reading() as db:
            moments = (turns.next_wake(db), outbox.next_due(db, now, self._leased))
        return min((moment for moment in moments if moment), default=None)

    def resting(self) -> bool:
        """Whether anybody has their legs up, or is on their way up or down."""
        with self._reading() as db:
            return people.resting(db)

    def over_time(self, now: datetime) -> list[tuple[Address, Person]]:
        """Everybody whose legs should be down by now; only reads."""
        with self._reading() as db:
            return people.over_time(db, now)

    def last_at(self) -> datetime | None:
        """The latest moment at which anybody was stepped."""
        with self._reading() as db:
            return people.last_at(db)

    def clock_at(self, place: Address) -> tzinfo | None:
        """The clock on the wall of the person at an address; None while it is not known."""
        with self._reading() as db:
            return people.clock_at(db, place)

    def clamp(self, now: datetime) -> None:
        """For a clock that was set back: nobody's last step lies after ``now``."""
        with self._transaction() as db:
            people.clamp(db, now)

    def refresh(self, written_with: str) -> None:
        """Compute when to wake everybody anew if the program or the time zones changed."""
        if self.get("written_with") != written_with:
            with self._transaction() as db:
                people.refresh(db)
            self.put("written_with", written_with)

    def sweep(self, now: datetime) -> None:
        """Delete whatever is kept no longer."""
        with self._transaction() as db:
            gone = privacy.sweep(db, now)
        if gone:
            log.info("swept %d rows", gone)
            self._wipe()


__all__ = [
    "MIGRATIONS",
    "Outcome",
    "Step",
    "Store",
    "StoreAway",
    "StoreBusy",
    "StoreTooNew",
    "StoreUnfit",
    "StoreUnknown",
    "Waiting",
]
