"""A PostgreSQL server: how it is used by one process at a time, and what can be wrong with it."""

import logging
from dataclasses import dataclass
from typing import Any, TypeVar

from psycopg import Connection, errors
from psycopg.abc import PQGen
from sqlalchemy import URL, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from bot.store.migrations import revisions
from bot.store.troubles import StoreAway, StoreBusy, StoreUnfit

ONLY_US = 0x1E65_0001
"""The key of the advisory lock that keeps a second process off the same database."""

CONNECT_PATIENCE = 3
"""Seconds until a server that does not answer counts as away."""

STATEMENT_PATIENCE = 5
"""Seconds for one statement. Ours take milliseconds; more means that the server is in trouble."""

STANDSTILL = STATEMENT_PATIENCE + 1
"""Seconds without an answer after which a server hangs: one that runs would have said no by now."""

Result = TypeVar("Result")

SESSION = (
    f"-c statement_timeout={STATEMENT_PATIENCE}s -c lock_timeout={STATEMENT_PATIENCE}s"
    # A server that loses sight of us lets go of the lock after half a minute.
    " -c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c timezone=UTC"
)

_HELD = text(
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)

READ_ONLY = (errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege)


class Impatient(Connection[Any]):
    """Waits for no server that hangs: its system may keep a connection alive for ever."""

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = STANDSTILL
    ) -> Result:
        """Raises `OperationalError` when there is no answer, and can be used no more."""
        try:
            return super().wait(gen, interval, timeout)
        except errors._WaitTimeout:
            self.pgconn.finish()  # what it answers later would be taken for something else
            raise


@dataclass(frozen=True, slots=True)
class Look:
    """What a database is like from outside; ``size`` in bytes."""

    revisions: frozenset[str]
    size: int
    busy: bool


class Server:
    """One database of a server.

    There is one connection, and it holds an advisory lock: whatever is committed was committed by
    the one process that may. A connection that is lost takes its lock with it.
    """

    kind = "server"

    def __init__(self, url: URL) -> None:
        """Whatever the address says of a driver, psycopg 3 is it."""
        self._url = url.set(drivername="postgresql+psycopg")

    def __str__(self) -> str:
        return self._url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)

    def open(self) -> Engine:
        """The one connection is made when it is first used; `trouble` names what is wrong."""
        # It warns of what it leaves behind when a connection is lost, which is said once and by us.
        logging.getLogger("psycopg").setLevel(logging.ERROR)
        engine = self._engine(hide_parameters=True, pool_size=1, max_overflow=0)

        @event.listens_for(engine, "connect")
        def lock(connection: DBAPIConnection, _record: object) -> None:
            cursor = connection.cursor()
            cursor.execute("SELECT pg_try_advisory_lock(%s)", (ONLY_US,))
            found = cursor.fetchone()
            connection.commit()
            cursor.close()
            if not (found and found[0]):
                raise StoreBusy(f"{self} is in use by another legs-up")

        return engine

    def _engine(self, **options: object) -> Engine:
        engine = create_engine(self._url, connect_args=self._connecting(), **options)

        @event.listens_for(engine, "do_connect")
        def connect(
            _dialect: object, _record: object, words: list[Any], named: dict[str, Any]
        ) -> Connection[Any]:
            return Impatient.connect(*words, **named)

        @event.listens_for(engine, "handle_error")
        def forget(context: ExceptionContext) -> None:
            # It was told so when it connected, and hears of a change only when it does again.
            if isinstance(context.original_exception, READ_ONLY):
                context.is_disconnect = True

        return engine

    def _connecting(self) -> dict[str, object]:
        return {
            "connect_timeout": CONNECT_PATIENCE,
            # What the address itself asks of the server stays.
            "options": f"{self._url.query.get('options', '')} {SESSION}".strip(),
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "application_name": "legs-up",
        }

    def close(self) -> None:
        """The lock went with the connection."""

    def look(self) -> Look:
        """What is there, without taking it or changing anything. Raises `StoreAway`."""
        engine = self._engine(poolclass=NullPool)
        try:
            with engine.connect() as db:
                db.execute(text("SET TRANSACTION READ ONLY"))
                return Look(
                    revisions(db),
                    db.execute(text("SELECT pg_database_size(current_database())")).scalar_one(),
                    db.execute(_HELD, {"key": ONLY_US}).first() is not None,
                )
        except DBAPIError as error:
            raise self.trouble(error.orig) from None
        finally:
            engine.dispose()

    def trouble(self, error: BaseException | None) -> StoreAway:
        """What an error of the server means."""
        reason = _reason(error)
        if isinstance(error, READ_ONLY):
            return StoreUnfit(self, "read_only", reason)
        return StoreAway(f"{self}: {reason}")

    def wipe(self, engine: Engine) -> bool:  # noqa: ARG002 - as a file is asked to
        """Nothing to do: the server's own vacuum takes the bytes of what was deleted."""
        return True


def _reason(error: BaseException | None) -> str:
    """The first line only, and no more of it than the server itself says of itself."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
