"""Where the measurements keep their rows: a file of SQLite, or a real PostgreSQL."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from sqlalchemy import make_url

from tests.postgres import SETTINGS, NoPostgres, Server

AS_IN_EARNEST = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
}


def is_postgres(url: str) -> bool:
    """Whether that is the address of a PostgreSQL."""
    return url.startswith("postgresql")


def name_of(url: str) -> str:
    """What it is called in a table."""
    return "PostgreSQL" if is_postgres(url) else "SQLite"


def driven_by(url: str, driver: str) -> str:
    """The address for SQLAlchemy, with that driver on PostgreSQL."""
    return url.replace("postgresql:", f"postgresql+{driver}:", 1)


def file_of(url: str) -> str:
    """The file of a SQLite address."""
    return make_url(url).database or ""


def prepare(url: str) -> None:
    """What a careful user of SQLite does first; the journal's mode stays with the file."""
    if not is_postgres(url):
        db = sqlite3.connect(file_of(url))
        db.execute("PRAGMA journal_mode = WAL")
        db.close()


class Databases:
    """A fresh database for each measurement, of each kind that this machine has."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self._folder = folder
        self._server = server
        self.kinds = ("sqlite", "postgresql") if server else ("sqlite",)

    @contextmanager
    def fresh(self, kind: str) -> Iterator[str]:
        """The address of an empty database, deleted afterwards."""
        if self._server is None or kind == "sqlite":
            with TemporaryDirectory(dir=self._folder) as folder:
                yield f"sqlite:///{folder}/bench.db"
            return
        url = self._server.database()
        try:
            yield url
        finally:
            self._server.drop(url)


@contextmanager
def databases() -> Iterator[Databases]:
    """Both, for one run."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="legs-up-bench-")))
        # What the tests leave out, a database in earnest does; and it is on a disk, as a file is.
        SETTINGS.update(AS_IN_EARNEST)
        os.environ.setdefault("TMPDIR", gettempdir())
        try:
            server = stack.enter_context(Server())
        except NoPostgres as why:
            print(why, file=sys.stderr)
            server = None
        yield Databases(folder, server)
