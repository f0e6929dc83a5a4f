"""The program on a made-up Telegram, as a process of its own; started, watched and killed."""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.conversation.person import Hold, Person
from bot.conversation.values import replace
from bot.events import Address
from bot.store import Store, people, put
from bot.store.tables import micros
from tests.bot_api import BotApi, Call
from tests.bot_api import Person as Human
from tests.dialog import BERLIN, Dialog, cleared

ROOT = Path(__file__).parents[1]
SECRET = "AAFnoLogMayEverHoldThis_0123456789"
TOKEN = f"123456:{SECRET}"
PATIENCE = 30.0
OPEN = "https://t.me/LegsUpTestBot"
CONNECTED = "closes it."
UNREACHED = "Telegram cannot be reached"

CHECKED = timedelta(minutes=5)
"""So long ago did those who lie answer the questions."""

NEXT_LIFE = ("query is answered before", "more than 1 in 1 s in chat", "two at a time")
"""What a next life cannot know of the last: which taps it answered, when it spoke, and whether
Telegram has noticed that its poll is gone."""


async def until(what: str, condition: Callable[[], object], within: float = PATIENCE) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {within:g} s"
        await asyncio.sleep(0.01)


class Bot:
    """Lives of the program on one data folder, and all that they ever wrote."""

    def __init__(self, api: BotApi, folder: Path, **settings: str) -> None:
        self.api = api
        self.folder = folder
        self.database = folder / "data" / "legs-up.sqlite3"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "LEGS_UP_DATA": str(folder / "data"),
            "HOME": str(folder),
            "TZ": "Europe/Berlin",
            "LOG_LEVEL": "DEBUG",
            "TELEGRAM_TOKEN": api.token,
            "TELEGRAM_API_URL": api.url,
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
        # Taps are answered when it lives again.
        self.api.answer_within = self.api.query_limit = 60.0
        assert await self.ends() == -signal.SIGKILL

    async def close(self) -> None:
        if self.process is not None and self.alive:
            self.process.kill()
            await self.process.wait()
        written = self.all
        assert SECRET not in written, "the token was written"
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


@asynccontextmanager
async def telegram(
    folder: Path,
    *,
    may_break: tuple[str, ...] = (),
    latency: tuple[float, float] = (0.08, 0.3),
    **settings: str,
) -> AsyncIterator[tuple[BotApi, Bot]]:
    """A Telegram and a bot, not started yet; at the end the one was kept to, the other is gone."""
    async with BotApi(token=TOKEN, latency=latency) as api:
        bot = Bot(api, folder, **settings)
        try:
            yield api, bot
            broken = [why for why in api.check() if not any(each in why for each in may_break)]
            assert not broken, broken
        finally:
            await bot.close()


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
    return dialog.tap("Now").tap("OK").tap("None of these, start").tap("Next").tap("Next")


def hold(someone: Person) -> Hold:
    assert someone.hold is not None
    return someone.hold


def settle(bot: Bot, found: dict[int, Person]) -> None:
    """Write them into the database, as the store would have; each by the number of their chat."""
    bot.database.parent.mkdir(parents=True, exist_ok=True)
    store = Store(f"sqlite:///{bot.database}")
    store.open()
    rows, places = [], []
    for n, (chat, someone) in enumerate(found.items(), 1):
        at = someone.at
        assert at is not None
        row = people.as_row(replace(someone, id=n), at, at)
        rows.append({**row, "id": n, "home": n, "platform": "telegram"})
        place = people.columns(Address("telegram", str(chat)))
        about = {"author": str(chat), "person_id": n, "reachable": True, "last_used": micros(at)}
        places.append({"id": n, **place, **about})
    with store.transaction() as db:
        people.add(db, rows, places)
        for table in ("person", "address"):
            put(db, f"next_{table}", str(len(found) + 1))
    store.close()


def known(api: BotApi, number: int, name: str, language: str = "en") -> Human:
    """Somebody who has talked with the bot before."""
    human = api.person(number, name, language_code=language)
    human.started = True
    return human


# What was said


def said(api: BotApi, chat: int) -> list[str]:
    """Every text that came new into a chat, twice if it came twice."""
    return [one.text for one in api.people[chat].chat.shown]


def sends(api: BotApi, chat: int, text: str) -> list[Call]:
    """The requests that brought a text into a chat."""
    return [
        call for call in api.calls
        if call.method == "sendMessage" and str(call.chat_id) == str(chat)
        and call.status == 200 and text in str(call.parameters.get("text"))
    ]  # fmt: skip


def late(call: Call, moment: datetime) -> float:
    """Seconds from a moment until the request was there."""
    arrived = time.time() - time.monotonic() + call.at
    return arrived - moment.timestamp()


def polls(api: BotApi, **wanted: Any) -> list[Call]:  # noqa: ANN401 - parameters of all kinds
    """The polls with these parameters."""
    return [
        call for call in api.calls
        if call.method == "getUpdates"
        and all(call.parameters.get(name) == value for name, value in wanted.items())
    ]  # fmt: skip
