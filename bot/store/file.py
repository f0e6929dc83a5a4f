"""The SQLite file: how it is opened, brought up to date, and what can be wrong with it."""

import errno
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)

MIGRATIONS = Path(__file__).parent / "migrations"

PRAGMAS = (
    "journal_mode = WAL",
    # In WAL, NORMAL may lose the last commits when the power goes.
    "synchronous = FULL",
    "foreign_keys = ON",
    # What is deleted is overwritten: /forget means the bytes, too.
    "secure_delete = ON",
)


OURS = {"alembic_version", "person"}
"""Tables that every version of ours has, so that a database without them is another's."""

UNFIT = {
    sqlite3.SQLITE_NOTADB: "garbled",
    sqlite3.SQLITE_CORRUPT: "garbled",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
}
"""Kinds of errors that no waiting will mend."""

FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class StoreBusy(Exception):
    """Another process has the database open."""


class StoreTooNew(Exception):
    """The database was written by a newer program than this one."""


class StoreAway(Exception):
    """The database cannot be used now."""


class StoreUnfit(StoreAway):
    """The file will not do as it is; ``why`` is "garbled", "foreign" or "read_only"."""

    def __init__(self, path: Path, why: str, reason: str) -> None:
        """``reason`` is what the system says."""
        super().__init__(f"{path}: {reason}")
        self.why = why


class StoreUnknown(ValueError):
    """An address of a database that this version cannot use."""


def located(url: str) -> tuple[URL, Path]:
    """The address of a database, and its file. Raises `StoreUnknown`."""
    found = make_url(url)
    if found.get_backend_name() != "sqlite":
        raise StoreUnknown("Only SQLite works in this version; PostgreSQL is not in it yet.")
    if not found.database or found.database == ":memory:":
        raise StoreUnknown("The database must be a file: sqlite:///path/to/file.db")
    return found, Path(found.database)


def connect(url: URL, patience: float) -> Engine:
    """An engine whose every transaction may write, from its first statement on."""
    # At DEBUG these log every row that is read; no log may hold a person's words.
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": patience})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        # sqlite3 shall not begin transactions by itself: it would begin them too late.
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The write lock at once: a turn that reads first could otherwise fail half-way.
        # One that only reads takes none: it goes on while another program writes.
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def troubles_named(path: Path) -> Iterator[None]:
    """Turn what a database can suffer from into `StoreAway`; mistakes of ours stay as they are."""
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError, NotSupportedError):
        raise
    except DBAPIError as error:
        raise away(path, error.orig) from None


def away(path: Path, error: BaseException | None) -> StoreAway:
    """What an error of SQLite or of the system means for the file."""
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        if error.errno in FORBIDDEN:
            return StoreUnfit(path, "read_only", reason)
        return StoreAway(f"{path}: {reason}")
    # The lowest byte is the kind; the others say where in SQLite it was noticed.
    why = UNFIT.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return StoreUnfit(path, why, str(error)) if why else StoreAway(f"{path}: {error}")


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


def wipe(engine: Engine) -> bool:
    """Empty the write-ahead log, which still holds what was erased; whether it could be done."""
    try:
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            found = cursor.fetchone()
    except (sqlite3.Error, DBAPIError):
        return False
    return found is not None and found[0] == 0


def migrate(db: Connection) -> None:
    """Bring the tables to this version. Raises `StoreTooNew`."""
    config = Config()
    # Alembic's settings are a ConfigParser's, to which a percent sign means something.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = db
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    if set(MigrationContext.configure(db).get_current_heads()) - known:
        raise StoreTooNew("This database was written by a newer version of legs-up.")
    command.upgrade(config, "head")
