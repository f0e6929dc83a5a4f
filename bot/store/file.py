"""A SQLite file: how it is opened, and what can be wrong with it."""

import errno
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import filelock
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.store.migrations import OURS
from bot.store.troubles import StoreAway, StoreBusy, StoreUnfit, StoreUnknown

PRAGMAS = (
    "journal_mode = WAL",
    # In WAL, NORMAL may lose the last commits when the power goes.
    "synchronous = FULL",
    "foreign_keys = ON",
    # What is deleted is overwritten: /forget means the bytes, too.
    "secure_delete = ON",
)

UNFIT = {
    sqlite3.SQLITE_NOTADB: "garbled",
    sqlite3.SQLITE_CORRUPT: "garbled",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
}
"""Kinds of errors that no waiting will mend."""

FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class File:
    """One SQLite file, used by one process at a time, which a lock beside it sees to."""

    kind = "file"

    def __init__(self, url: URL, patience: float) -> None:
        """``patience`` is how many seconds to wait for a locked file. Raises `StoreUnknown`."""
        if not url.database or url.database == ":memory:":
            raise StoreUnknown("The database must be a file: sqlite:///path/to/file.db")
        self.path = Path(url.database)
        self._url = url
        self._patience = patience
        # Not of a thread: opened on one, it may be closed on another.
        self._lock = filelock.FileLock(f"{self.path}.lock", thread_local=False)

    def __str__(self) -> str:
        return str(self.path.absolute())

    def open(self) -> Engine:
        """Take the file. Raises `StoreBusy`, `StoreUnfit` or `StoreAway`."""
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
        except OSError as error:
            raise self.trouble(error) from error
        return connect(self._url, self._patience)

    def close(self) -> None:
        """Let others have it."""
        self._lock.release()

    def trouble(self, error: BaseException | None) -> StoreAway:
        """What an error of SQLite or of the system means for the file."""
        if isinstance(error, OSError):
            reason = error.strerror or type(error).__name__
            if error.errno in FORBIDDEN:
                return StoreUnfit(self.path, "read_only", reason)
            return StoreAway(f"{self.path}: {reason}")
        # The lowest byte is the kind; the others say where in SQLite it was noticed.
        why = UNFIT.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        return StoreUnfit(self.path, why, str(error)) if why else StoreAway(f"{self.path}: {error}")

    def wipe(self, engine: Engine) -> bool:
        """Empty the write-ahead log, which still holds what was erased; whether it could be."""
        try:
            with closing(engine.raw_connection()) as connection:
                cursor = connection.cursor()
                # A backup may read for seconds, for which nobody who speaks shall wait.
                cursor.execute("PRAGMA busy_timeout = 0")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                found = cursor.fetchone()
                cursor.execute(f"PRAGMA busy_timeout = {round(self._patience * 1000)}")
        except (sqlite3.Error, DBAPIError):
            return False
        return found is not None and found[0] == 0


def connect(url: URL, patience: float) -> Engine:
    """An engine whose every transaction may write, from its first statement on."""
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": patience})
    path = Path(url.database or "")

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _which(path)
        # sqlite3 shall not begin transactions by itself: it would begin them too late.
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # SQLite would go on in a file that was deleted, and all of it would end with the program.
        if _which(path) != connection.info["file"]:
            raise StoreAway(f"{path}: it is not there any more")
        # The write lock at once: a turn that reads first could otherwise fail half-way.
        # One that only reads takes none: it goes on while another program writes.
        reading = connection.info.get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _which(path: Path) -> tuple[int, int] | None:
    """Which file is there, None if none is."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def revisions(path: Path) -> frozenset[str]:
    """The schema that a file has, none if it is empty; read only, so nothing is changed.

    Raises `StoreUnfit` for another program's database, and `sqlite3.Error`.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=2)) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return frozenset()
        if not tables >= OURS:
            raise StoreUnfit(path, "foreign", "it belongs to another program")
        return frozenset(row[0] for row in db.execute("SELECT version_num FROM alembic_version"))


def damage(path: Path) -> str:
    """What SQLite's quick look over all pages finds wrong, empty if nothing. May raise its errors.

    Read only, so nothing is changed.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=2)) as db:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        return "" if found == "ok" else str(found)
