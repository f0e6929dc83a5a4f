"""The program that test_crash.py kills: the real service and core on a real file.

Reads one instruction a line, answers "done" to each, and dies at the seam that it was told.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Collection, Iterable
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import event

from bot.events import Address, Command, Event, Incoming, Message, Press, Receipt, Text
from bot.service import Service
from bot.store import Outcome, Step, Store, Waiting
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
    """The store, which passes the seams."""

    def __init__(self, url: str, seam: Seam) -> None:
        super().__init__(url)
        self.seam = seam
        self.commit_of = ""
        self.row_of: dict[int, int] = {}

    def open(self) -> None:
        super().open()

        @event.listens_for(self.engine, "commit")
        def commit(connection: object) -> None:
            if self.commit_of:
                self.seam.at(f"in the commit of {self.commit_of}")

    @contextmanager
    def turn(self, name: str, *, real: bool = True):
        if not real:
            yield
            return
        self.seam.at(f"before {name}")
        self.commit_of = name
        yield
        self.commit_of = ""
        self.seam.at(f"after {name}")

    def receive(self, incoming: Incoming, step: Step, now: datetime) -> None:
        with self.turn("T1"):
            super().receive(incoming, step, now)

    def wave(self, step: Step, now: datetime) -> bool:
        due = self.next_due(now)
        with self.turn("T1", real=due is not None and due <= now):
            return super().wave(step, now)

    def exchange(
        self, outcomes: Iterable[Outcome], now: datetime, platforms: Collection[str]
    ) -> list[Waiting]:
        outcomes = list(outcomes)
        with self.turn("T2", real=bool(outcomes)):
            taken = super().exchange(outcomes, now, platforms)
        self.row_of |= {id(waiting.message): waiting.id for waiting in taken}
        return taken


class Witness:
    """A platform whose every word is on disk before it says that it took it."""

    name = HOME.platform

    def __init__(self, path: Path, store: MortalStore) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.store = store

    async def send(self, message: Message, edits: str = "") -> Receipt:
        row = self.store.row_of[id(message)]
        line = {"row": row, "message": MESSAGE.dump_json(message).decode(), "edits": edits}
        os.write(self.file, (json.dumps(line) + "\n").encode())
        os.fsync(self.file)
        self.store.seam.at("words sent")
        return Receipt(f"said-{row}")


async def main(database: str, said: str, seam: str, passings: str) -> None:
    store = MortalStore(f"sqlite:///{database}", Seam(seam, int(passings)))
    home: Address = HOME
    async with Service(store, HandClock(), [Witness(Path(said), store)]) as service:
        # What a crash left unsaid is said before anything new happens.
        await service.settled(home)
        while line := await asyncio.to_thread(sys.stdin.readline):
            told = json.loads(line)
            await service.travel(START + timedelta(seconds=told["seconds"]))
            if "event" in told:
                heard = INSTRUCTION_EVENT.validate_python(told["event"])
                await service.receive(Incoming(told["id"], home, "ada", heard, zone="UTC"))
            await service.settled(home)
            print("done", flush=True)  # noqa: T201 - the answer to the driver


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
