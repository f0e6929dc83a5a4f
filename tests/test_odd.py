"""The service when something odd happens: at the edges of a commit, and in the store itself."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

import bot.service
import bot.store.people
from bot.conversation.person import Scene
from bot.events import Address, Command, Event, Message, Unreachable, Wake
from bot.service import Service, StoreAway
from tests.standin import HOME, Answer, FakePlatform, FullStore, StillClock, says, until
from tests.test_service import House, crowd, play


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.process)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/legs.db"
    return str(request.getfixturevalue("postgres_url"))


def answers(*of: Exception) -> Callable[[Message], None]:
    """One after another, then only receipts."""
    left = list(of)

    def answer(message: Message) -> None:
        if left:
            raise left.pop(0)

    return answer


def test_what_was_written_and_erased_in_one_commit_is_not_said(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        forget = replace(says("x"), event=Command("forget"))
        await asyncio.gather(h.service.receive(says("a secret")), h.service.receive(forget))
        await h.service.settled(HOME)
        assert h.platform.texts == ["keep", "gone"]

    play(url, scenario)


def test_two_platforms_may_call_their_events_alike(url: str) -> None:
    def noticing(scene: Scene, event: Event, now: datetime) -> Answer:
        name = scene.address.platform
        return scene, (Message(scene.address, name, notice=f"hello {name}"),)

    async def run() -> None:
        store, platforms = FullStore(url, patience=0.05), [FakePlatform("one"), FakePlatform("two")]
        async with Service(store, StillClock(), platforms, noticing) as service:
            for _ in range(10):
                number = f"{uuid4()}"
                taken = await asyncio.gather(
                    *(
                        service.receive(says("x", Address(each.name, "1"), number))
                        for each in platforms
                    )
                )
                assert [each.notice for each in taken] == ["hello one", "hello two"]

    asyncio.run(run())


class HangingChores(FullStore):
    """Whose housekeeping takes as long as a test wants."""

    holding: threading.Event | None = None

    def sweep(self, now: datetime) -> tuple[int, set[int]]:
        if self.holding is not None:
            self.holding.wait(10)
        return super().sweep(now)


def test_who_has_legs_up_is_called_down_though_housekeeping_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.service, "SLOW", 0.05)

    async def scenario(h: House) -> None:
        assert isinstance(h.store, HangingChores)
        await h.hear("keep", "up 60")
        await until(lambda: not h.service._chores)
        h.store.holding = threading.Event()
        h.service._clean()
        await until(lambda: h.service._hangs)
        h.clock.offset += timedelta(seconds=61)
        h.service._beat(0.0)
        await until(lambda: "Come out slowly" in h.platform.texts[-1])
        h.store.holding.set()
        await until(lambda: not h.service._hangs)

    play(tmp_path, scenario, kind=HangingChores)


class Odd(FullStore):
    """Which, once, cannot come back for a reason that nobody has thought of."""

    odd = 0

    def put(self, name: str, value: str) -> None:
        if name == "back" and self.odd:
            self.odd -= 1
            raise ValueError("something else")
        super().put(name, value)


def test_whatever_is_in_the_way_of_coming_back_it_is_tried_again(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        assert isinstance(h.store, Odd)
        await h.hear("keep")
        h.store.full, h.store.odd = True, 2
        assert not await h.service.receive(says("hello"))
        h.store.full = False
        await until(lambda: not h.service.away)
        assert h.store.odd == 0
        await h.hear("again")
        assert h.platform.texts[-1] == "again"

    play(tmp_path, scenario, kind=Odd)


def test_a_commit_whose_answer_was_lost_makes_nobody_unreachable(tmp_path: Path) -> None:
    class Lost(FullStore):
        losing = False

        @contextmanager
        def transaction(self) -> Iterator[Connection]:
            with super().transaction() as db:
                yield db
            if self.losing:
                self.losing = False
                raise StoreAway("no answer")

    async def scenario(h: House) -> None:
        assert isinstance(h.store, Lost)
        await h.hear("keep")
        h.platform.before = answers(Unreachable())
        await h.service.receive(says("waits"))
        await h.service.settled(HOME)
        h.store.losing = True
        back = says("hello")
        assert not await h.service.receive(back)
        await until(lambda: not h.service.away)
        await h.service.settled(HOME)
        assert h.platform.texts[-2:] == ["waits", "hello"]

    play(tmp_path, scenario, kind=Lost)


def test_a_database_that_fails_within_a_turn_has_done_nothing_of_it(tmp_path: Path) -> None:
    """On a full disk SQLite rolls back by itself: what follows must not be written one by one."""

    async def scenario(h: House) -> None:
        places = crowd(20)
        for place in places:
            await h.hear("keep", "in 60", place=place)
        said = len(h.platform.said)
        failing = [True]
        load = bot.store.people.load

        def full(db: Connection, row: object, event: Event) -> Scene:
            if isinstance(event, Wake) and failing and row.id == 10:  # type: ignore[attr-defined]  # a row of people
                failing.clear()
                db.exec_driver_sql("ROLLBACK")
                raise OperationalError("x", {}, sqlite3.OperationalError("disk is full"))
            return load(db, row, event)  # type: ignore[arg-type]  # as it came

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bot.store.people, "load", full)
            with suppress(StoreAway):
                await h.travel(61)
            await until(lambda: not h.service.away)
            await h.travel(62)
        assert not failing
        rang = [message.to for message in h.platform.said[said:] if message.text == "rang"]
        assert sorted(rang, key=str) == sorted(places, key=str)

    play(tmp_path, scenario)
