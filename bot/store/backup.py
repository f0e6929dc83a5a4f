"""Copies of a SQLite file, made while it is in use, and one of them put back in its place."""

import os
import re
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import filelock

from bot.store import Store
from bot.store.file import File, damage, revisions
from bot.store.forgotten import sync_folder
from bot.store.migrations import steps
from bot.store.troubles import StoreBusy, StoreTooNew, StoreUnfit

EVERY = timedelta(hours=20)
"""How old the newest is before the next daily one: an evening may begin earlier than the last."""

KEPT = timedelta(days=6)
"""Looked at once a day: so whoever is forgotten is in a backup for seven days at most."""

ABANDONED = timedelta(hours=1)
"""A copy that nobody has written to for so long was left by a crash."""

PAGES = 1024
"""Pages between two looks at whether to stop: a few milliseconds."""

_NAME = re.compile(r"legs-up-(\d{8}-\d{6})(-\d+)?\.sqlite3")
_MOMENT = "%Y%m%d-%H%M%S"
_PREFIX, _UNFINISHED = ".legs-up-", ".part"
_BESIDE = ("-wal", "-journal", "-shm")
"""Files that SQLite has beside its own."""


class CannotCopy(Exception):
    """A backup cannot be made, or not be put back; nothing was changed.

    ``why`` is "none_yet", "exists" or "no_folder" where one is to be made; "missing", "folder",
    "same", "garbled", "foreign" or "newer" where it is to be put back; else "other".
    """

    def __init__(self, why: str, path: Path, reason: str = "") -> None:
        """``path`` is what it is about, ``reason`` is what the system says."""
        super().__init__(f"{path}: {reason or why}")
        self.why, self.path, self.reason = why, path, reason


class Stopped(Exception):
    """The program ends before the copy is done."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One that there is; ``size`` in bytes."""

    path: Path
    at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Restored:
    """Who is in the database now, who was forgotten again, and where the one before lies."""

    people: int
    again: int
    aside: Path | None


class Backups:
    """The backups of one file. What takes seconds needs no store: do it on a thread of its own."""

    def __init__(self, database: File, folder: Path) -> None:
        """``folder`` is where they lie; it is made when it is needed."""
        self._file = database
        self._database = database.path.absolute()
        self.folder = folder
        self.stopping = threading.Event()

    def all(self) -> list[Backup]:
        """Every one in the folder, the newest first."""
        found = []
        with suppress(OSError):
            for path in self.folder.iterdir():
                if (named := _NAME.fullmatch(path.name)) and path.is_file():
                    at = datetime.strptime(named[1], _MOMENT).replace(tzinfo=UTC)
                    found.append(Backup(path, at, path.stat().st_size))
        return sorted(found, key=lambda backup: (backup.at, backup.path.name), reverse=True)

    # Making one

    def daily(self, now: datetime) -> None:
        """Make one unless today's is there; then let go of those that are too old.

        Raises what `make` does, and then the old ones stay.
        """
        newest = next(iter(self.all()), None)
        if newest is None or not timedelta() <= now - newest.at < EVERY:
            self.make(now)
        for old in self.all():
            if now - old.at > KEPT:
                old.path.unlink(missing_ok=True)

    def make(self, now: datetime, to: Path | None = None) -> Path:
        """Make one: in the folder, in another one, or in a file that is not there yet.

        Raises `CannotCopy`, `StoreAway` or `Stopped`, and then there is nothing new.
        """
        if not self._database.exists():
            raise CannotCopy("none_yet", self._database)
        folder, name = self.folder, ""
        if to is not None:
            to = to.expanduser().absolute()
            folder, name = (to, "") if to.is_dir() else (to.parent, to.name)
            if name and os.path.lexists(to):
                raise CannotCopy("exists", to)
            if not folder.is_dir():
                raise CannotCopy("no_folder", folder)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _tidy(folder, now)
            with _unfinished(folder) as copy:
                self._copy(self._database, copy)
                target = folder / name if name else _free(folder / f"legs-up-{now:{_MOMENT}}")
                copy.rename(target)
            sync_folder(folder)
        except OSError as error:
            raise CannotCopy("other", folder, error.strerror or type(error).__name__) from None
        return target

    def _copy(self, source: Path, copy: Path) -> None:
        """Copy as it is at this moment, whoever goes on writing, and see that it is sound."""
        address = f"{source.as_uri()}?mode=ro"
        try:
            with (
                closing(sqlite3.connect(address, uri=True, isolation_level=None)) as db,
                closing(sqlite3.connect(copy, isolation_level=None)) as target,
            ):
                # One reading for all pages: without it each commit would make it begin anew.
                db.execute("BEGIN")
                db.execute("SELECT count(*) FROM sqlite_master").fetchone()
                db.backup(target, pages=PAGES, progress=self._go_on)
                target.set_progress_handler(self.stopping.is_set, 100_000)
                # A plain file, that can be read where nothing may be written.
                target.execute("PRAGMA journal_mode = DELETE")
                (found,) = target.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.Error as error:
            if self.stopping.is_set():
                raise Stopped from None
            raise self._file.trouble(error) from None
        if found != "ok":
            raise StoreUnfit(source, "garbled", str(found))
        _sync(copy)

    def _go_on(self, *_: int) -> None:
        if self.stopping.is_set():
            raise Stopped

    # Putting one back

    def restore(self, source: Path, now: datetime) -> Restored:
        """Put a backup in the database's place, forget again, and keep what was there.

        Raises `CannotCopy`, `StoreBusy` or `StoreAway`, and then nothing was changed.
        """
        source = self._sound(self._found(source))
        lock = filelock.FileLock(f"{self._database}.lock", thread_local=False)
        try:
            self._database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with lock.acquire(blocking=False):
                self._must_be_ours()
                with _scratch(self._database) as copy:
                    self._copy(source, copy)
                    people, again = _brought_up_to_date(copy)
                    aside = self._put_aside(now)
                    copy.replace(self._database)
                sync_folder(self._database.parent)
        except filelock.Timeout:
            raise StoreBusy(f"{self._database} is in use by another legs-up") from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise CannotCopy("other", source, reason) from None
        return Restored(people, again, aside)

    def _found(self, source: Path) -> Path:
        """The file that is meant; its name alone is enough for one of the folder."""
        there = source.expanduser().absolute()
        if not there.exists() and source.name == str(source):
            there = self.folder / source
        if not there.exists():
            raise CannotCopy("missing", source)
        if there.is_dir():
            raise CannotCopy("folder", there)
        if self._database.exists() and there.samefile(self._database):
            raise CannotCopy("same", there)
        return there.absolute()

    def _sound(self, source: Path) -> Path:
        """The file, if it is one of ours and whole."""
        try:
            found = revisions(source)
            harm = damage(source)
        except StoreUnfit as error:
            raise CannotCopy(error.why, source) from None
        except (sqlite3.Error, OSError) as error:
            trouble = self._file.trouble(error)
            why = trouble.why if isinstance(trouble, StoreUnfit) else "other"
            raise CannotCopy("other" if why == "read_only" else why, source, str(error)) from None
        if harm or not found:
            raise CannotCopy("garbled", source)
        if found - set(steps()):
            raise CannotCopy("newer", source)
        return source

    def _must_be_ours(self) -> None:
        """A damaged file may be replaced, another program's may not."""
        if self._database.exists():
            with suppress(sqlite3.Error):
                revisions(self._database)

    def _put_aside(self, now: datetime) -> Path | None:
        """Give what is there now another name; it keeps its own until the other takes it."""
        here = self._database
        if not here.exists():
            return None
        with suppress(sqlite3.Error), closing(sqlite3.connect(here, timeout=1)) as db:
            db.execute("PRAGMA journal_mode = DELETE")  # one file, with all that is in its log
        aside = _free(here.with_name(f"{here.stem}-before-{now:{_MOMENT}}"), here.suffix)
        linked = True
        try:
            aside.hardlink_to(here)
        except OSError:
            linked = False  # a disk that knows no second names
        # What a damaged file could not take in goes with it: the new one must not meet it.
        for ending in ("-wal", "-journal"):
            with suppress(FileNotFoundError):
                Path(f"{here}{ending}").rename(f"{aside}{ending}")
        Path(f"{here}-shm").unlink(missing_ok=True)
        if not linked:
            here.rename(aside)
        return aside


def _brought_up_to_date(copy: Path) -> tuple[int, int]:
    """Migrate a copy and forget again: how many people are in it, how many were forgotten."""
    store = Store(f"sqlite:///{copy}")
    try:
        store.open()
        store.go_back()
        people, again = store.people(), store.forgotten_again
    except StoreTooNew:
        raise CannotCopy("newer", copy) from None
    finally:
        store.close()
    with closing(sqlite3.connect(copy)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    _sync(copy)
    return people, again


def _free(path: Path, ending: str = ".sqlite3") -> Path:
    """A name that nothing has yet."""
    found, number = path.with_name(path.name + ending), 1
    while os.path.lexists(found):
        number += 1
        found = path.with_name(f"{path.name}-{number}{ending}")
    return found


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A file that only we may read, gone at the end unless it got another name."""
    number, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_UNFINISHED, dir=folder)
    os.close(number)
    copy = Path(name)
    try:
        yield copy
    finally:
        _remove(copy)


@contextmanager
def _scratch(database: Path) -> Iterator[Path]:
    """The same beside the database; its lock is ours, so what a crash has left there is, too."""
    copy = database.with_name(f".{database.name}{_UNFINISHED}")
    _remove(copy)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield copy
    finally:
        _remove(copy)


def _remove(copy: Path) -> None:
    for ending in ("", ".lock", *_BESIDE):
        Path(f"{copy}{ending}").unlink(missing_ok=True)


def _tidy(folder: Path, now: datetime) -> None:
    """Remove what crashes have left."""
    for path in folder.glob(f"{_PREFIX}*{_UNFINISHED}*"):
        with suppress(FileNotFoundError):
            if now.timestamp() - path.stat().st_mtime > ABANDONED.total_seconds():
                path.unlink()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
