"""The program as a process of its own; started, watched and killed."""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.conversation.person import Hold, Person
from bot.conversation.values import replace
from bot.events import Address
from bot.store import Store, people, put
from bot.store.tables import micros
from tests.dialog import BERLIN, Dialog, cleared

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0
CONNECTED = "closes it."

CHECKED = timedelta(minutes=5)
"""So long ago did those who lie answer the questions."""


async def until(what: str, condition: Callable[[], object], within: float = PATIENCE) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {within:g} s"
        await asyncio.sleep(0.01)


class Program:
    """Lives of the program on one data folder, and all that they ever wrote.

    ``secrets`` are what none of them may have written.
    """

    secrets: tuple[str, ...] = ()

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.database = folder / "data" / "legs-up.sqlite3"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "LEGS_UP_DATA": str(folder / "data"),
            "HOME": str(folder),
            "TZ": "Europe/Berlin",
            "LOG_LEVEL": "DEBUG",
            **settings,
        }
        self.process: asyncio.subprocess.Process | None = None
        self.lives = 0

    @property
    def out(self) -> str:
        """What this life has printed."""
        return self._written("out", self.lives)

    @property
    def err(self) -> str:
        """What this life has logged, and the words of a refusal."""
        return self._written("err", self.lives)

    @property
    def all(self) -> str:
        """What all lives have written."""
        lives = range(1, self.lives + 1)
        return "".join(self._written(kind, n) for n in lives for kind in ("out", "err"))

    def _written(self, kind: str, life: int) -> str:
        path = self.folder / f"{kind}-{life}"
        return path.read_text() if path.exists() else ""

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def begins(self, *arguments: str) -> None:
        """Start it, and wait for nothing."""
        assert not self.alive
        self.lives += 1
        with (
            (self.folder / f"out-{self.lives}").open("wb") as out,
            (self.folder / f"err-{self.lives}").open("wb") as err,
        ):
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", *arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=err,
                cwd=self.folder, env=self.environment,
            )  # fmt: skip

    async def starts(self) -> None:
        """Start it, and wait until it is connected."""
        await self.begins()
        await self.connects()

    async def connects(self) -> None:
        await until("connected", lambda: CONNECTED in self.out or not self.alive)
        assert self.alive, f"it ended: {self.out}{self.err}"

    async def ends(self, within: float = PATIENCE) -> int:
        """Its exit status, once it has ended by itself."""
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), within)

    async def stops(self) -> int:
        """Asked politely, with the ten seconds that are promised."""
        assert self.process is not None
        self.process.terminate()
        return await self.ends(10.0)

    async def dies(self) -> None:
        """kill -9, at whatever it does."""
        assert self.process is not None
        assert self.alive
        self.process.kill()
        assert await self.ends() == -signal.SIGKILL

    async def close(self) -> None:
        if self.process is not None and self.alive:
            self.process.kill()
            await self.process.wait()
        written = self.all
        assert not [secret for secret in self.secrets if secret in written], "a token was written"
        assert "Traceback" not in written

    # What lies in the database, looked at from outside

    def waiting(self) -> int:
        """Words that are committed, and for all that is written down not said."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            [(count,)] = db.execute("SELECT count(*) FROM outbox")
            return int(count)

    async def written_down(self) -> None:
        """Until all that was said is known to have been."""
        await until("written down", lambda: not self.waiting())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nothing can be committed meanwhile."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")


# People who were here before


def lying(seconds: float, at: datetime | None = None) -> Person:
    """Somebody whose rest of three minutes began so long before that moment (now)."""
    at = at or datetime.now(UTC)
    began = at - timedelta(seconds=seconds)
    return _placed(began).tap("I'm in place").wait(seconds=(at - began).total_seconds()).person


def settling() -> Person:
    """Somebody who gets into place just now."""
    return _placed(datetime.now(UTC)).person


def _placed(at: datetime) -> Dialog:
    """Somebody who is about to say that they are in place."""
    dialog = cleared(f"{(at - CHECKED).astimezone(ZoneInfo(BERLIN)):%Y-%m-%d %H:%M}")
    dialog.wait(seconds=(at - dialog.now).total_seconds())
    dialog.tap("Now")
    if "OK" in dialog.buttons:  # asked at bedtime, and this is the real time
        dialog.tap("OK")
    return dialog.tap("None of these, start").tap("Next").tap("Next")


def hold(someone: Person) -> Hold:
    assert someone.hold is not None
    return someone.hold


def settle(bot: Program, found: dict[int, Person], platform: str = "telegram") -> None:
    """Write them into the database, as the store would have; each by the number of their chat."""
    bot.database.parent.mkdir(parents=True, exist_ok=True)
    store = Store(f"sqlite:///{bot.database}")
    store.open()
    rows, places = [], []
    for n, (chat, someone) in enumerate(found.items(), 1):
        at = someone.at
        assert at is not None
        row = people.as_row(replace(someone, id=n), at, at)
        rows.append({**row, "id": n, "home": n, "platform": platform})
        place = people.columns(Address(platform, str(chat)))
        about = {"author": str(chat), "person_id": n, "reachable": True, "last_used": micros(at)}
        places.append({"id": n, **place, **about})
    with store.transaction() as db:
        people.add(db, rows, places)
        for table in ("person", "address"):
            put(db, f"next_{table}", str(len(found) + 1))
    store.close()
