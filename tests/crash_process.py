"""The program that test_crash.py kills: the real service and core on a real database.

Takes one instruction after another, says that each is done, and dies at the seam it was told.
"""

import asyncio
import json
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import event

from bot.events import Address, Command, Event, Incoming, Message, Press, Rate, Receipt, Text
from bot.service import Service
from bot.store import Batch, Done, Step, Store, Waiting
from tests.standin import HOME, START, HandClock

INSTRUCTION_EVENT: TypeAdapter[Event] = TypeAdapter(Command | Press | Text)
MESSAGE = TypeAdapter(Message)

SEAMS = (
    "before T1",
    "in the commit of T1",
    "after T1",
    "words sent",
    "before T2",
    "in the commit of T2",
    "after T2",
)


class Seam:
    """Dies at the n-th passing of one place."""

    def __init__(self, name: str, passings: int) -> None:
        self.name = name
        self.left = passings

    def at(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalStore(Store):
    """The store, which passes the seams, and knows the row of every message."""

    def __init__(self, url: str, seam: Seam) -> None:
        super().__init__(url)
        self.seam = seam
        self.committing: list[str] = []
        # By the identity of its message, which is alive here for good: that is all a platform gets.
        self.rows: dict[int, Waiting] = {}

    def open(self) -> None:
        super().open()

        @event.listens_for(self.engine, "commit")
        def commit(connection: object) -> None:
            self._pass("in the commit of")

    def turn(self, batch: Batch, step: Step, now: datetime) -> Done:
        parts = self._parts(batch, now)
        self.committing = parts
        self._pass("before")
        done = super().turn(batch, step, now)
        self.committing = []
        self.committed(batch, done, now)
        for part in parts:
            self.seam.at(f"after {part}")
        return done

    def committed(self, batch: Batch, done: Done, now: datetime) -> None:
        self.note(done.words)

    def _parts(self, batch: Batch, now: datetime) -> list[str]:
        """T1, if somebody spoke or is due; T2, if words came back. One commit may be both."""
        wake = self.next_wake() if batch.due is not None else None
        first = batch.heard or batch.late or (wake is not None and wake <= now)
        return ["T1"] * bool(first) + ["T2"] * bool(batch.outcomes)

    def _pass(self, where: str) -> None:
        for part in self.committing:
            self.seam.at(f"{where} {part}")

    def waiting(self) -> tuple[list[Waiting], set[Address]]:
        words, unreachable = super().waiting()
        self.note(words)
        return words, unreachable

    def note(self, words: Iterable[Waiting]) -> None:
        self.rows |= {id(waiting.message): waiting for waiting in words}


class Witness:
    """A platform whose every word is on disk before it says that it took it."""

    name = HOME.platform
    rate: Rate | None = None

    def __init__(self, path: Path, store: MortalStore) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.store = store

    def rates_at(self, place: Address) -> tuple[Rate, ...]:
        return ()

    def counts(self, message: Message) -> bool:
        return True

    async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:
        row = self.store.rows[id(message)].id
        said = MESSAGE.dump_json(message).decode()
        line = {"row": row, "message": said, "edits": edits, "life": os.getpid()}
        os.write(self.file, (json.dumps(line) + "\n").encode())
        os.fsync(self.file)
        self.store.seam.at("words sent")
        return Receipt(f"said-{row}")


Instruction = dict[str, Any]


def live(driver: Connection, url: str, said: Path, seam: Seam) -> None:
    """One life, until there is nothing more to do."""
    asyncio.run(_live(driver, url, said, seam))


async def _live(driver: Connection, url: str, said: Path, seam: Seam) -> None:
    store = MortalStore(url, seam)
    home: Address = HOME
    async with Service(store, HandClock(), [Witness(said, store)]) as service:
        # What a crash left unsaid is said before anything new happens.
        await service.settled(home)
        with suppress(EOFError):
            while True:
                told = await asyncio.to_thread(driver.recv)
                await service.travel(START + timedelta(seconds=told["seconds"]))
                if "event" in told:
                    heard = INSTRUCTION_EVENT.validate_python(told["event"])
                    await service.receive(Incoming(told["id"], home, "ada", heard, zone="UTC"))
                await service.settled(home)
                driver.send("done")
