"""What is measured, and how. Every measurement is a fresh process that prints one line of JSON.

CPU is that of all threads of the process; the database server's is counted beside it. Lateness
is real time from the due moment to the platform. A stall is by how much a heartbeat every 5 ms
was late at the most.
"""

import asyncio
import contextlib
import inspect
import json
import math
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, event

BEAT = 0.005
PROC = Path("/proc")

# Processes


class Failed(Exception):
    """A measurement came to nothing; the message is the last that it said."""


TOO_SLOW = "the due moment came before all was ready"

patience = 1.0
"""How many times longer than usual a process takes to be ready for the due moment."""


def measured(module: str, **arguments: object) -> dict[str, Any]:
    """Run one measurement in a process of its own; on a busy machine again, with more time."""
    try:
        return _measured(module, arguments)
    except Failed as why:
        if TOO_SLOW not in str(why):
            raise
        return _measured(module, arguments | {"patience": 4})


def _measured(module: str, arguments: dict[str, Any], limit: float = 900) -> dict[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", module, json.dumps(arguments)],
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{module} {arguments}: no end after {limit:.0f} s") from None
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()][-3:]
        raise Failed(f"{module} {arguments}: {' | '.join(last)}")
    return json.loads(done.stdout.splitlines()[-1])


def child(**measurements: Callable[..., Any]) -> None:
    """The other end: run the measurement ``what`` and print what it gives."""
    global patience  # noqa: PLW0603 - of the whole process
    arguments = json.loads(sys.argv[1])
    patience = arguments.pop("patience", patience)
    result = measurements[arguments.pop("what")](**arguments)
    if inspect.iscoroutine(result):
        result = asyncio.Runner().run(result)
    print(json.dumps(result), flush=True)
    os._exit(0)  # a scheduler's threads and a pool's connections need no farewell


# CPU and memory


class Server:
    """The CPU of the PostgreSQL server at an address. Without /proc, and of a file: none."""

    def __init__(self, url: str) -> None:
        self._postmaster = None
        if url.startswith("postgresql"):
            with psycopg.connect(url) as db:
                self._postmaster = _parent(db.info.backend_pid)
        self._before = self._used()

    def start(self) -> None:
        """Count from here."""
        self._before = self._used()

    @property
    def seconds(self) -> float:
        """What its processes have used since, those that have ended, too."""
        return self._used() - self._before

    def _used(self) -> float:
        if self._postmaster is None:
            return 0.0
        used = _ended(self._postmaster)
        for entry in PROC.iterdir():
            if entry.name.isdigit() and self._postmaster in (int(entry.name), _parent(entry.name)):
                with contextlib.suppress(OSError):
                    used += int((entry / "schedstat").read_text().split()[0]) / 1e9
        return used


def _stat(pid: int | str) -> list[str]:
    """What is known of a process of PostgreSQL, from its state on; nothing of any other."""
    try:
        _, name, rest = re.split(r"[()]", (PROC / str(pid) / "stat").read_text(), maxsplit=2)
    except (OSError, ValueError):
        return []
    return rest.split() if name == "postgres" else []


def _parent(pid: int | str) -> int | None:
    stat = _stat(pid)
    return int(stat[1]) if stat else None


def _ended(pid: int) -> float:
    """Seconds of CPU that its children had used when they ended."""
    stat = _stat(pid)
    return sum(map(int, stat[13:15])) / os.sysconf("SC_CLK_TCK") if stat else 0.0


def memory() -> float:
    """MB that this process holds; without /proc the most that it ever held."""
    try:
        pages = int((PROC / "self" / "statm").read_text().split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1e6 if sys.platform == "darwin" else 1e3)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Commits:
    """How often SQLAlchemy committed; what commits by itself adds to ``count``."""

    def __init__(self) -> None:
        self.count = 0
        event.listen(Engine, "commit", self._one_more)

    def _one_more(self, connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's signature
        if not connection.get_execution_options().get("reading"):
            self.count += 1


# Lateness


class Sink:
    """The platform that takes everything at once; it keeps only how late each came."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.late: list[float] = []
        self.who: set[str] = set()
        self.said = ""
        self.complete = asyncio.Event()

    async def send(self, who: object, text: str, due: float) -> None:
        """One reminder, at the price of one turn of the event loop."""
        await asyncio.sleep(0)
        self.said = text
        self.take(who, due)

    def take(self, who: object, due: float) -> None:
        """It has arrived."""
        self.late.append(time.time() - due)
        self.who.add(str(who))
        if len(self.who) == self.expected:
            self.complete.set()

    async def all_in(self, due: float, silence: float = 5, limit: float = 300) -> None:
        """Until all are in, or none came for a while: then the others are lost."""
        seen, since = -1, time.time()
        while not self.complete.is_set() and time.time() < due + limit:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.complete.wait(), 0.25)
            if len(self.late) != seen:
                seen, since = len(self.late), time.time()
            elif time.time() > max(since, due) + silence:
                return


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value below which that share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def lateness(late: list[float]) -> dict[str, float | None]:
    """p50 and p99, in ms."""
    return {
        f"p{round(share * 100)}_ms": None if (at := percentile(late, share)) is None else at * 1e3
        for share in (0.5, 0.99)
    }


# Bursts


def soon(seconds: float) -> float:
    """A due moment: the next full second after so many."""
    return float(math.ceil(time.time() + seconds * patience))


class Gauge:
    """CPU and stalls from a moment on."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._cpu = time.process_time()
        self._beating = asyncio.create_task(self._beat())
        self.stall = 0.0

    async def _beat(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(BEAT)
            now = time.perf_counter()
            if time.time() < self._since:
                self._cpu = time.process_time()
            else:
                self.stall = max(self.stall, now - last - BEAT)
            last = now

    def stop(self) -> float:
        """Seconds of CPU since that moment."""
        self._beating.cancel()
        return time.process_time() - self._cpu


async def burst(
    sink: Sink,
    due: float,
    *,
    server: str = "",
    commits: Commits | None = None,
    settled: Callable[[], Awaitable[None]] | None = None,
    silence: float = 5,
) -> dict[str, Any]:
    """What ``sink.expected`` reminders cost from ``due`` until all are sent and written down."""
    if time.time() > due - 0.3:
        raise Failed(TOO_SLOW)
    backends = Server(server)
    gauge = Gauge(due)
    await asyncio.sleep(due - 0.2 - time.time())
    backends.start()
    committed = commits.count if commits else 0
    await sink.all_in(due, silence)
    if settled:
        await settled()
    cpu, served, fired = gauge.stop(), backends.seconds, max(1, len(sink.late))
    return {
        "cpu_us": cpu / fired * 1e6,
        "server_us": served / fired * 1e6,
        **lateness(sink.late),
        "stall_ms": gauge.stall * 1e3,
        "commits": (commits.count - committed) / fired if commits else 0,
        "lost": sink.expected - len(sink.who),
        "twice": len(sink.late) - len(sink.who),
        "memory_mb": memory(),
    }
