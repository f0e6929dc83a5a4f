"""Who asked to be forgotten: a keyed hash each, outside the database, so that no backup undoes it.

The database counts the lines that it knows of. One that knows of fewer than there are is older
than the file, however it came back, and whoever is named by the others is forgotten again.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bot import logs
from bot.store.troubles import StoreAway

NAME = "forgotten.log"

LOST = "-"
"""Stands for a line that is not there any more, so that the count of every backup still holds."""

LINE = re.compile(rf"[0-9a-f]{{32}}|{LOST}")

log = logs.get(__name__)


class Forgotten:
    """The file. Without a folder there is none, and nothing is kept in it."""

    def __init__(self, folder: Path | None, *, sure: bool) -> None:
        """``sure``: a commit that failed was not made. A server's may have been, unheard."""
        self.path = folder / NAME if folder else None
        self._sure = sure
        self._written: tuple[int, int] | None = None

    def lines(self) -> list[str]:
        """Every whole line; a last one that was torn by a crash was never committed.

        A missing file has none. Raises `StoreAway` if there is one that cannot be read.
        """
        text = _whole(self._read()).decode("ascii", "replace")
        return text.split("\n")[:-1]

    def checked(self, known: int) -> list[str]:
        """The lines; that some were lost or garbled is said in the log, and hinders nobody."""
        found = self.lines()
        lost = max(0, known - len(found))
        garbled = sum(not LINE.fullmatch(line) for line in found)
        if self.path and (lost or garbled):
            log.warning("forgotten.log is not whole", lost=lost, garbled=garbled)
        return found

    def _read(self) -> bytes:
        if self.path is None:
            return b""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: OSError) -> StoreAway:
        return StoreAway(f"{self.path}: {error.strerror or type(error).__name__}")

    def add(self, names: Sequence[str], known: int) -> None:
        """Write lines that survive a loss of power, as the last thing before their commit.

        ``known`` is the database's count without them. Raises `StoreAway`, and then nothing was
        written.
        """
        if self.path is None:
            return
        before = _whole(self._read())
        lost = [LOST] * (known - before.count(b"\n"))
        new = "".join(f"{line}\n" for line in (*lost, *names)).encode()
        try:
            made = not self.path.exists()
            with self._opened() as file:
                os.ftruncate(file, len(before))
                # From here on it is taken back, whatever goes wrong.
                self._written = len(before), len(before) + len(new)
                while new:
                    new = new[os.write(file, new) :]
                os.fsync(file)
            if made:
                sync_folder(self.path.parent)
        except OSError as error:
            self._take_back()
            raise self._trouble(error) from None

    @contextmanager
    def _opened(self) -> Iterator[int]:
        assert self.path is not None  # noqa: S101 - for the types
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield file
        finally:
            os.close(file)

    @contextmanager
    def with_commit(self) -> Iterator[None]:
        """Around a transaction: if it fails, what was added in it is taken away again."""
        try:
            yield
        except BaseException:
            if self._sure:
                self._take_back()
            raise
        finally:
            self._written = None

    def _take_back(self) -> None:
        """Whoever's line stays is forgotten at the next start: they had asked for it."""
        if self._written is None or self.path is None:
            return
        before, after = self._written
        self._written = None
        # Another database's program may have added to it since.
        with suppress(OSError):
            if self.path.stat().st_size <= after:
                os.truncate(self.path, before)


def _whole(found: bytes) -> bytes:
    return found[: found.rfind(b"\n") + 1]


def sync_folder(folder: Path) -> None:
    """Let the names in a folder survive a loss of power."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
