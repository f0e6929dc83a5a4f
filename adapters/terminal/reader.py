"""Lines from a keyboard or a pipe, read on a thread of their own so that time goes on meanwhile.

The thread is a daemon and reads only when asked: nothing can make a blocked read return, so a
program that ends must be able to leave it where it is.
"""

import asyncio
import atexit
import os
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from queue import SimpleQueue
from threading import Thread
from types import ModuleType

from adapters.terminal.typed import LONGEST_LINE

_editing: ModuleType | None
try:
    _editing = import_module("readline")
except ImportError:  # Some builds of Python leave it out; a line is then typed without editing.
    _editing = None

_CHUNK = 65536
_MOST_BYTES = 4 * LONGEST_LINE


class Lines:
    """One line at a time, on request."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        """``read`` blocks for a line, given the prompt; None is the end."""
        self._read = read
        self._asked: SimpleQueue[tuple[str, asyncio.Future[str | None]]] = SimpleQueue()
        self._thread = Thread(target=self._serve, name="terminal-lines", daemon=True)

    def ask(self, prompt: str) -> asyncio.Future[str | None]:
        """The next line, or None at the end of the input."""
        if not self._thread.is_alive():
            self._thread.start()
        line: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._asked.put((prompt, line))
        return line

    def _serve(self) -> None:
        while True:
            prompt, waiting = self._asked.get()
            try:
                line = self._read(prompt)
            except (EOFError, OSError, ValueError):
                line = None
            with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
                waiting.get_loop().call_soon_threadsafe(_answer, waiting, line)
            if line is None:
                return


def _answer(waiting: asyncio.Future[str | None], line: str | None) -> None:
    if not waiting.done():
        waiting.set_result(line)


class Pipe:
    """Lines of bytes from a file descriptor: any bytes, lines of any length, no last newline.

    Read below `sys.stdin`, whose lock a blocked thread would still hold when Python ends.
    """

    def __init__(self, descriptor: int) -> None:
        """``descriptor`` is read, never closed."""
        self._descriptor = descriptor
        self._held = b""
        self._ended = False

    def read(self, _prompt: str) -> str | None:
        """The next line without its end; what is beyond the longest line is dropped."""
        line = b""
        while True:
            head, found, tail = self._held.partition(b"\n")
            line = (line + head)[:_MOST_BYTES]
            self._held = tail
            if found:
                break
            if self._ended or not (chunk := os.read(self._descriptor, _CHUNK)):
                self._ended = True
                if not line:
                    return None
                break
            self._held = chunk
        return line.decode("utf-8", errors="replace")


def keyboard(prompt: str) -> str:
    """A line that is typed, with editing and the history of this run."""
    return input(prompt)


def prepare_keyboard() -> Callable[[], None]:
    """Set up editing; call the result to give the terminal back as it was found.

    A thread left in `input()` never does that itself, and a shell without echo is no good night.
    """
    if _editing is not None:
        _editing.parse_and_bind("tab: self-insert")  # File names would mean nothing here.
        _editing.parse_and_bind("set enable-bracketed-paste off")
    descriptor = sys.stdin.fileno()
    found = termios.tcgetattr(descriptor)

    def give_back() -> None:
        with suppress(termios.error, OSError):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, found)

    # Once more at the very end: the thread may be about to begin another line.
    atexit.register(give_back)
    return give_back


def typed_so_far() -> str:
    """What stands behind the prompt while a line is being typed."""
    return str(_editing.get_line_buffer()) if _editing is not None else ""
