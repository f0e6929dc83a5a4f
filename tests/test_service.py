"""The shell: events, waves and words, on real databases with a clock set by hand."""

import asyncio
import random
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Connection, event

from bot import service
from bot.clock import Clock
from bot.content.words import words
from bot.conversation import urgent_words
from bot.events import (
    Address,
    Command,
    Lane,
    Message,
    Rate,
    Receipt,
    Refused,
    Text,
    TryLater,
    Unreachable,
    Wake,
)
from bot.health import STANDSTILL, Health
from bot.metrics import Metrics
from bot.sending.queue import AHEAD
from bot.service import KEPT_URGENT, Service, StoreAway, StoreBusy
from bot.store import Batch, Done, Outcome, Step, Store
from bot.store.file import File
from tests.standin import (
    AWAY,
    HOME,
    START,
    FakePlatform,
    FullStore,
    HandClock,
    LoopClock,
    StillClock,
    in_no_time,
    says,
    step,
    until,
)


@dataclass
class House:
    """Everything that is running, and its parts."""

    service: Service
    store: FullStore
    clock: StillClock
    platform: FakePlatform

    @property
    def file(self) -> Path:
        assert isinstance(self.store.database, File)
        return self.store.database.path

    async def hear(self, *texts: str, place=HOME) -> None:
        for text in texts:
            await self.service.receive(says(text, place))
        await self.service.settled(place)

    async def travel(self, seconds: float) -> None:
        await self.service.travel(START + timedelta(seconds=seconds))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.process)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/legs.db"
    return str(request.getfixturevalue("postgres_url"))


@asynccontextmanager
async def house(
    where: Path | str,
    step=step,
    platform: FakePlatform | None = None,
    kind: type[FullStore] = FullStore,
) -> AsyncIterator[House]:
    """``where``: a folder for a file, or the URL of a database."""
    url = where if isinstance(where, str) else f"sqlite:///{where}/legs.db"
    platform, clock, store = platform or FakePlatform(), StillClock(), kind(url, patience=0.05)
    async with Service(store, clock, [platform], step) as service:
        yield House(service, store, clock, platform)


Scenario = Callable[[House], Coroutine[None, None, None]]


def play(where: Path | str, scenario: Scenario, **options) -> None:
    async def run() -> None:
        async with asyncio.timeout(30), house(where, **options) as opened:
            await scenario(opened)

    asyncio.run(run())


def crowd(number: int) -> list[Address]:
    return [replace(HOME, chat_id=f"chat-{n}") for n in range(number)]


def test_what_is_said_is_answered(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "hello")
        assert h.platform.texts == ["keep", "hello"]

    play(url, scenario)


def test_a_second_delivery_is_not_answered(url: str) -> None:
    async def scenario(h: House) -> None:
        for _ in range(3):
            await h.service.receive(says("keep", id="7"))
            await h.service.settled(HOME)
        assert h.platform.texts == ["keep"]

    play(url, scenario)


def test_many_at_once_are_each_answered_in_order(url: str) -> None:
    async def scenario(h: House) -> None:
        places = [replace(HOME, chat_id=f"chat-{n}") for n in range(20)]
        async with asyncio.TaskGroup() as group:
            for place in places:
                group.create_task(h.hear("keep", "a", "b", "c", place=place))
        for place in places:
            assert [m.text for m in h.platform.said if m.to == place] == ["keep", "a", "b", "c"]

    play(url, scenario)


def test_a_card_is_edited_where_it_stands(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "card 1")
        await h.hear("card 2")
        await h.hear("card 3")
        assert h.platform.edits == ["", "", "message-2", "message-3"]

    play(url, scenario)


def test_a_failing_step_is_said_kindly_and_loses_nothing(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        await h.service.receive(says("boom secret", id="7"))
        await h.service.receive(says("boom secret", id="7"))
        await h.hear("hello")
        assert [text[:24] for text in h.platform.texts] == [
            "keep",
            "That went wrong here. No",
            "hello",
        ]

    play(url, scenario)


def test_a_database_that_is_away_is_said_and_urgent_words_go_out(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        other = sqlite3.connect(h.file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        await h.hear("hello", "stop", "/stop")
        assert h.platform.texts[1].startswith("I can't get at my notes")
        for text in h.platform.texts[2:]:
            assert "notes" not in text
            assert "down" in text
        other.execute("ROLLBACK")
        other.close()
        await h.hear("hello again")
        assert h.platform.texts[-1] == "hello again"

    play(tmp_path, scenario)


def test_a_platform_that_is_away_too_raises_nothing(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        def fail(message: Message) -> None:
            raise OSError("no network")

        h.platform.before = fail
        other = sqlite3.connect(h.file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        await h.service.receive(says("stop"))
        other.execute("ROLLBACK")
        other.close()

    play(tmp_path, scenario)


def test_receipts_survive_a_database_that_is_away(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        other = sqlite3.connect(h.file, isolation_level=None)

        def lock(message: Message) -> None:
            other.execute("BEGIN EXCLUSIVE")

        h.platform.before = lock
        await h.service.receive(says("keep"))
        await until(lambda: bool(h.platform.said))
        other.execute("ROLLBACK")
        other.close()
        h.platform.before = lambda message: None
        await h.hear("hello")
        assert h.platform.texts == ["keep", "hello"]

    play(tmp_path, scenario)


def test_words_go_out_once_while_nothing_can_be_written(url: str) -> None:
    async def scenario(h: House) -> None:
        def fill(message: Message) -> None:
            h.store.full = True

        await h.hear("keep")
        h.platform.before = fill
        await h.hear("two a b c")
        assert h.platform.texts == ["keep", "a", "b", "c"]
        await h.hear("hello")
        assert h.platform.texts[4].startswith("I can't get at my notes")
        h.platform.before = lambda message: None
        h.store.full = False
        await h.hear("hello again")
        assert h.platform.texts[5:] == ["hello again"]
        await until(lambda: not h.service.away)
        assert h.store.waiting() == ([], set())

    play(url, scenario)


@pytest.mark.process
def test_words_that_fail_while_nothing_can_be_written_are_waited_for_later(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        def fail(message: Message) -> None:
            h.store.full = True
            raise TryLater(5)

        h.platform.before = fail
        await h.hear("two a b")
        assert (h.platform.texts, len(h.platform.tried)) == ([], 1)
        h.platform.before = lambda message: None
        h.store.full = False
        await until(lambda: not h.service.away)
        await h.travel(5)
        assert h.platform.texts == ["a", "b"]

    play(tmp_path, scenario)


def test_leaving_ends_while_nothing_can_be_written(url: str) -> None:
    async def scenario(h: House) -> None:
        def fill(message: Message) -> None:
            h.store.full = True

        h.platform.before = fill
        await h.service.receive(says("two a b"))
        await until(lambda: bool(h.platform.said))
        await h.service.receive(says("stop"))

    play(url, scenario)


def test_an_outage_is_logged_when_it_begins_and_when_it_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(h: House) -> None:
        def fill(message: Message) -> None:
            h.store.full = True

        await h.hear("keep", "in 0")
        h.platform.before = fill
        for _ in range(2):
            await h.hear("a", "stop", "b", "help")
            with pytest.raises(StoreAway):
                await h.travel(1)
            h.platform.before = lambda message: None
            h.store.full = False
            await h.hear("c")
            await until(lambda: not h.service.away)
            h.store.full = True

    play(tmp_path, scenario)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["the store is away", "the store is back"] * 2
    assert "database or disk is full" in str(caplog.records[0].__dict__)


def test_cries_for_help_reach_the_store_when_it_is_back(url: str) -> None:
    heard: list[object] = []

    def noting(scene, event, now):
        heard.append(event)
        return step(scene, event, now)

    async def run() -> None:
        async with asyncio.timeout(20), house(url, noting) as h:
            await h.hear("keep")
            h.store.full = True
            stop = says("stop")
            for incoming in (stop, says("hello"), says("/help"), stop):
                await h.service.receive(incoming)
            await h.service.settled(HOME)
            assert [text[:9] for text in h.platform.texts] == [
                *("keep", "Come out ", "I can't g", "Come out ", "Come out "),
            ]
            del heard[:]
            h.store.full = False
            # Nobody says anything more: they are handed in by the service itself.
            await until(lambda: Command("help") in heard)
            await h.hear("later")
            # Each was answered once more, in order, and "stop" not twice.
            assert h.platform.texts[5:] == ["stop", "later"]

    asyncio.run(run())


@pytest.mark.process
def test_of_very_many_cries_for_help_the_newest_are_kept(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        h.store.full = True
        for number in range(KEPT_URGENT + 2):
            await h.service.receive(says(f"stop {number}"))
        h.store.full = False
        # Whoever speaks while the last look at the full disk is under way is told so.
        await until(lambda: not h.service.away)
        await h.hear("later")
        again = h.platform.texts[KEPT_URGENT + 2 :]
        assert (len(again), again[0]) == (KEPT_URGENT + 1, "stop 2")

    play(tmp_path, scenario)


def test_a_hanging_request_stops_no_other_address(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        hang = asyncio.Event()

        async def wait(message: Message) -> None:
            if message.to == HOME:
                await hang.wait()

        h.platform.before = wait
        await h.service.receive(says("keep"))
        await until(lambda: bool(h.platform.tried))
        await h.hear("keep", place=AWAY)
        assert [message.to for message in h.platform.said] == [AWAY]
        hang.set()
        await h.service.settled(HOME)
        assert len(h.platform.said) == 2

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("trouble", "wait"), [(TryLater(5), 5), (OSError("token 123"), 2), (TryLater(0.5), 0.5)]
)
def test_words_that_fail_come_again(url: str, trouble: Exception, wait: float) -> None:
    async def scenario(h: House) -> None:
        def fail(message: Message) -> None:
            raise trouble

        h.platform.before = fail
        await h.hear("keep", "next")
        assert h.platform.texts == []
        h.platform.before = lambda message: None
        assert await h.service.next_due() == START + timedelta(seconds=wait)
        await h.travel(wait)
        assert h.platform.texts == ["keep", "next"]

    play(url, scenario)


def test_refused_words_are_dropped_and_unreachable_ones_wait(url: str) -> None:
    async def scenario(h: House) -> None:
        answers: list[Exception] = [Refused(), Unreachable()]

        def fail(message: Message) -> None:
            if answers:
                raise answers.pop(0)

        h.platform.before = fail
        await h.hear("keep")
        await h.hear("two second third")
        assert h.platform.texts == []
        await h.travel(3600)
        assert h.platform.texts == []
        await h.hear("back")
        assert h.platform.texts == ["second", "third", "back"]

    play(url, scenario)


def test_travelling_runs_each_moment_at_its_own_time(url: str) -> None:
    moments: list[datetime] = []

    def noting(scene, event, now):
        moments.append(now)
        return step(scene, event, now)

    async def run() -> None:
        async with asyncio.timeout(20), house(url, noting) as h:
            await h.hear("keep", "in 60")
            await h.hear("keep", "in 30", place=AWAY)
            del moments[:]
            await h.travel(3600)
            assert [(now - START).total_seconds() for now in moments] == [30, 60]
            assert [message.to for message in h.platform.said[-2:]] == [AWAY, HOME]
            assert h.clock.now() == START + timedelta(hours=1)
            await h.travel(5)
            assert h.clock.now() == START + timedelta(hours=1)
            assert await h.service.last_at() == START + timedelta(seconds=60)

    asyncio.run(run())


def test_the_offset_of_the_clock_is_kept(url: str) -> None:
    play(url, lambda h: h.travel(3600.000001))

    async def again(h: House) -> None:
        assert h.clock.now() == START + timedelta(seconds=3600.000001)
        await h.hear("keep")
        await h.service.reset_clock()
        assert h.clock.now() == START
        assert await h.service.last_at() == START

    play(url, again)


def test_what_was_committed_is_said_after_a_restart(url: str) -> None:
    async def scenario(h: House) -> None:
        def fail(message: Message) -> None:
            raise TryLater(60)

        h.platform.before = fail
        await h.hear("keep", "in 30")

    async def later(h: House) -> None:
        assert h.platform.texts == []
        await h.travel(60)
        assert h.platform.texts == ["keep", "in 30", "rang"]

    play(url, scenario)
    play(url, later)


def test_leaving_finishes_what_is_on_the_wire(tmp_path: Path) -> None:
    platform = FakePlatform()

    async def run() -> None:
        leave, release = asyncio.Event(), asyncio.Event()

        async def wait(message: Message) -> None:
            leave.set()
            await release.wait()

        platform.before = wait
        store = Store(f"sqlite:///{tmp_path}/legs.db")

        async def visit() -> None:
            async with Service(store, HandClock(), [platform], step) as service:
                await service.receive(says("keep"))
                await service.receive(says("stays in the store"))
                await leave.wait()
                left.append(service)

        left: list[Service] = []
        visiting = asyncio.create_task(visit())
        await until(lambda: bool(left) and left[0]._stopping)
        release.set()
        await asyncio.wait_for(visiting, 10)

    asyncio.run(run())
    assert platform.texts == ["keep"]

    async def later(h: House) -> None:
        await h.service.settled(HOME)
        assert h.platform.texts == ["stays in the store"]

    play(tmp_path, later)


def test_a_second_service_on_the_same_database_is_refused(url: str) -> None:
    async def scenario(h: House) -> None:
        with pytest.raises(StoreBusy):
            async with house(url):
                pass

    play(url, scenario)


def test_travelling_without_a_database_says_so(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        other = sqlite3.connect(h.file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreAway):
            await h.travel(60)
        other.execute("ROLLBACK")
        other.close()
        await h.travel(60)

    play(tmp_path, scenario)


def test_real_time_wakes_people(tmp_path: Path) -> None:
    async def run() -> None:
        platform = FakePlatform()
        store = Store(f"sqlite:///{tmp_path}/legs.db")
        async with asyncio.timeout(20), Service(store, Clock(), [platform], step) as service:
            await service.receive(says("keep"))
            await service.receive(says("in 0.1"))
            await until(lambda: "rang" in platform.texts)

    asyncio.run(run())


def test_who_has_legs_up_is_called_down_though_nothing_can_be_written(url: str) -> None:
    async def scenario(opened: House) -> None:
        await opened.hear("keep", "up 60")
        opened.store.full = True
        opened.clock.offset = timedelta(seconds=61)
        opened.service._ring()
        await until(
            lambda: bool(opened.platform.texts) and "roll to your side" in opened.platform.texts[-1]
        )
        said = len(opened.platform.texts)
        opened.service._ring()
        await opened.service.receive(says("still away"))
        await until(lambda: len(opened.platform.texts) > said)
        assert sum("roll to your side" in text for text in opened.platform.texts) == 1
        opened.store.full = False

    play(url, scenario)


# Many at once


def commits_of(store: Store) -> list[Connection]:
    """Fills with each commit that may have written."""
    found: list[Connection] = []

    @event.listens_for(store.engine, "commit")
    def note(connection: Connection) -> None:
        if not connection.info.get("reading"):
            found.append(connection)

    return found


def test_events_that_come_together_share_commits(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        await until(lambda: not h.service._chores)
        commits = commits_of(h.store)
        places = crowd(16)
        done = await asyncio.gather(*(h.service.receive(says("keep", each)) for each in places))
        assert all(done)
        assert 1 <= len(commits) <= 4
        for place in places:
            await h.service.settled(place)
        assert sorted(m.to.chat_id for m in h.platform.said[1:]) == sorted(
            place.chat_id for place in places
        )
        assert len(commits) <= 10, "what came back from the platform shares them, too"
        assert not h.store.waiting()[0]

    play(url, scenario)


def test_an_event_that_fails_harms_none_of_the_same_commit(url: str) -> None:
    def poisoned(scene, event, now):
        scene, said = step(scene, event, now)
        if event == Text("unwritable"):
            said = tuple(replace(message, text="\ud800") for message in said)
        return scene, said

    async def scenario(h: House) -> None:
        places = crowd(12)
        texts = ["keep", "boom secret", "unwritable"] * 4
        heard = [says(text, place) for text, place in zip(texts, places, strict=True)]
        assert all(await asyncio.gather(*map(h.service.receive, heard)))
        for place in places:
            await h.service.settled(place)
        answers = {message.to: message.text[:15] for message in h.platform.said}
        assert len(h.platform.said) == 12
        assert [answers[place] for place in places] == [
            *["keep", "That went wrong", "That went wrong"] * 4
        ]
        # Once more they are no news.
        await asyncio.gather(*map(h.service.receive, heard))
        await h.service.settled(HOME)
        assert len(h.platform.said) == 12

    play(url, scenario, step=poisoned)


def gather_crowd(url: str, number: int, text: Callable[[int], str]) -> list[Address]:
    """People whom the store knows already, each with a reminder."""
    store, places = Store(url, patience=1), crowd(number)
    store.open()
    heard = [says("keep", place) for place in places]
    heard += [says(text(n), place) for n, place in enumerate(places)]
    store.turn(Batch(heard=tuple(heard)), step, START)
    words = store.waiting()[0]
    store.turn(Batch(outcomes=tuple(Outcome(each, Receipt()) for each in words)), step, START)
    store.close()
    return places


@pytest.mark.parametrize(
    "trouble", ["raises", pytest.param("cannot be written", marks=pytest.mark.process)]
)
def test_one_of_500_who_fails_harms_no_other_and_is_tried_again(url: str, trouble: str) -> None:
    places = gather_crowd(url, 500, lambda n: "in 1")
    poison, ill, tried = places[77], True, []

    def poisoned(scene, event, now):
        scene, said = step(scene, event, now)
        if scene.address == poison and isinstance(event, Wake):
            tried.append((now - START).total_seconds())
            if ill and trouble == "raises":
                raise ValueError("what she said")
            if ill:
                said = (Message(scene.address, "\ud800"),)
        return scene, said

    async def scenario(h: House) -> None:
        nonlocal ill
        await h.travel(2)
        assert h.platform.texts == ["rang"] * 499
        assert {message.to for message in h.platform.said} == {*places} - {poison}
        assert set(tried) == {1}
        assert await h.service.next_due() == START + timedelta(seconds=301)
        ill = False
        await h.travel(300)
        assert len(h.platform.said) == 499
        await h.travel(301)
        assert [message.to for message in h.platform.said[499:]] == [poison]
        assert set(tried) == {1, 301}

    play(url, scenario, step=poisoned)


def test_a_wave_waits_in_the_store_until_the_platform_has_room(url: str) -> None:
    number, urgent = 1000, {7, 400, 999}
    order = random.Random(7).sample(range(number), number)
    places = gather_crowd(url, number, lambda n: f"in {order[n]}")
    store = Store(url)
    store.open()
    lifts = tuple(says("up 60", places[n]) for n in sorted(urgent))
    words = store.turn(Batch(heard=lifts), step, START).words
    store.turn(Batch(outcomes=tuple(Outcome(each, Receipt()) for each in words)), step, START)
    store.close()
    most = 0

    def ringing(scene, event, now):
        offer = scene.person.offer
        if not isinstance(event, Wake) or offer is None or offer.at > now:
            return scene, ()
        lane = Lane.CUE if scene.person.hold else Lane.REMINDER
        person = replace(scene.person, offer=None, hold=None)
        return replace(scene, person=person), (Message(scene.address, "rang", lane=lane),)

    class Slow(FakePlatform):
        def rates_at(self, place: Address) -> tuple[Rate, ...]:
            return (Rate(1, 1),)

    async def run() -> None:
        nonlocal most
        clock, platform = LoopClock(timedelta(seconds=number)), Slow(rate=Rate(30, 1))
        async with Service(Store(url), clock, [platform], ringing) as service:
            done = asyncio.Event()

            def look(message: Message) -> None:
                nonlocal most
                most = max(most, service._sender.waiting()["fake"])
                if len(platform.tried) == number:
                    done.set()

            platform.before = look
            began = asyncio.get_running_loop().time()
            async with asyncio.timeout(100):
                await done.wait()
            took = asyncio.get_running_loop().time() - began
            # As after any outage at half the pace: a start may be one.
            assert (number - 5) / 15 <= took <= number / 15 + 2
        waited = sorted(set(range(number)) - urgent, key=lambda n: order[n])
        expected = [places[n] for n in (*sorted(urgent), *waited)]
        assert [message.to for message in platform.said] == expected

    in_no_time(run())
    assert 30 < most <= int(30 * AHEAD) + len(urgent)


# A database that is away, or slow


def test_whoever_hands_in_an_event_hears_whether_it_was_committed(url: str) -> None:
    async def scenario(h: House) -> None:
        assert await h.service.receive(says("keep"))
        h.store.full = True
        again = says("a")
        assert not await h.service.receive(again)
        assert not await h.service.receive(says("stop"))
        h.store.full = False
        await until(lambda: not h.service.away)
        assert await h.service.receive(again)
        await h.service.settled(HOME)
        assert h.platform.texts.count("a") == 1

    play(url, scenario)


class SlowStore(FullStore):
    """Whose next turn takes as long as a test wants."""

    def __init__(self, url: str, patience: float) -> None:
        super().__init__(url, patience)
        self.slow = False
        self.goes_on = threading.Event()

    def turn(self, batch: Batch, step: Step, now: datetime) -> Done:
        if self.slow:
            assert self.goes_on.wait(20)
        return super().turn(batch, step, now)


def test_a_slow_database_is_said_and_then_it_answers(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(h: House) -> None:
        assert isinstance(h.store, SlowStore)
        await h.hear("keep")
        await until(lambda: not h.service._chores)
        h.store.slow = True
        waiting = asyncio.create_task(h.service.receive(says("hello")))
        await until(lambda: len(h.platform.said) == 2)
        assert h.platform.texts[1] == words("")("store.slow")
        # It may be away: who cries for help hears at once what can be said without it.
        crying = asyncio.create_task(h.service.receive(says("stop")))
        await until(lambda: len(h.platform.said) == 3)
        assert h.platform.texts[2] == urgent_words(Text("stop"), "")
        assert not waiting.done()
        assert not crying.done()
        h.store.slow = False
        h.store.goes_on.set()
        assert await waiting
        assert await crying
        await h.service.settled(HOME)
        assert h.platform.texts[3:] == ["hello", "stop"]
        assert not h.service.away

    monkeypatch.setattr(service, "SLOW", 0.1)
    play(url, scenario, kind=SlowStore)


def test_who_has_legs_up_is_called_down_though_the_database_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(h: House) -> None:
        assert isinstance(h.store, SlowStore)
        await h.hear("keep", "up 60")
        await until(lambda: not h.service._chores)
        h.store.slow = True
        waiting = asyncio.create_task(h.service.receive(says("hello")))
        h.clock.offset = timedelta(seconds=61)
        await until(lambda: "roll to your side" in h.platform.texts[-1])
        h.store.slow = False
        h.store.goes_on.set()
        assert await waiting

    monkeypatch.setattr(service, "SLOW", 0.1)
    play(tmp_path, scenario, kind=SlowStore)


# The end


def test_what_hangs_at_the_end_is_said_again_by_the_next(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = FakePlatform()

    async def run() -> None:
        async def hang(message: Message) -> None:
            if message.to == HOME:
                await asyncio.Event().wait()

        platform.before = hang
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(20):
            async with house(url, platform=platform) as h:
                await h.service.receive(says("hangs"))
                await h.service.receive(says("waits"))
                await until(lambda: bool(platform.tried))
                await h.hear("is said", place=AWAY)
                began = loop.time()
            assert loop.time() - began < 5

    monkeypatch.setattr(service, "LEAVING", 0.05)
    asyncio.run(run())
    assert platform.texts == ["is said"]

    async def later(h: House) -> None:
        await h.service.settled(HOME)
        assert h.platform.texts == ["hangs", "waits"]

    play(url, later)


def test_what_comes_while_it_ends_is_committed_or_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async def hang(message: Message) -> None:
            await asyncio.Event().wait()

        async with asyncio.timeout(20):
            async with house(url) as h:
                h.platform.before = hang
                await h.service.receive(says("first"))
                await until(lambda: bool(h.platform.tried))
                ending = asyncio.create_task(h.service.receive(says("while it ends")))
            assert await ending
            assert not await h.service.receive(says("after the end"))

    monkeypatch.setattr(service, "LEAVING", 0.05)
    asyncio.run(run())

    async def later(h: House) -> None:
        await h.service.settled(HOME)
        assert h.platform.texts == ["first", "while it ends"]

    play(url, later)


# Work of the house


def test_another_version_computes_anew_when_to_wake_people_and_the_same_does_not(url: str) -> None:
    def forget_when(h: House) -> None:
        with h.store.transaction() as db:
            db.execute(sqlalchemy.text("update person set wake_at = null"))

    async def first(h: House) -> None:
        await h.hear("keep", "in 60")
        await until(lambda: not h.service._chores)
        forget_when(h)

    async def same(h: House) -> None:
        await until(lambda: not h.service._chores)
        assert await h.service.next_due() is None
        h.store.put("written_with", "legs-up 0.0, tzdata 1999z")

    async def other(h: House) -> None:
        await until(lambda: not h.service._chores)
        await h.travel(60)
        assert h.platform.texts == ["rang"]

    for scenario in (first, same, other):
        play(url, scenario)


def test_words_that_come_too_late_are_dropped_and_the_core_says_so(url: str) -> None:
    async def scenario(h: House) -> None:
        def later(message: Message) -> None:
            raise TryLater(60)

        h.platform.before = later
        await h.hear("keep", "soon half-way")
        h.platform.before = lambda message: None
        await h.travel(60)
        assert h.platform.texts == ["keep", "too late for cue"]
        assert not h.store.waiting()[0]

    play(url, scenario)


def test_whom_nobody_can_reach_is_not_tried_at_a_start(url: str) -> None:
    async def scenario(h: House) -> None:
        def gone(message: Message) -> None:
            raise Unreachable

        h.platform.before = gone
        await h.hear("keep")
        h.platform.before = lambda message: None

    async def later(h: House) -> None:
        await h.hear("hello", place=AWAY)
        assert [message.to for message in h.platform.tried] == [AWAY]
        await h.hear("hello")
        assert h.platform.texts == ["hello", "keep", "hello"]

    play(url, scenario)
    play(url, later)


# How it is


def test_all_is_well_as_long_as_the_loop_goes_round(tmp_path: Path) -> None:
    async def run() -> None:
        health = Health(Metrics(), asyncio.get_running_loop().time)
        store = Store(f"sqlite:///{tmp_path}/legs.db")
        async with Service(store, LoopClock(), [FakePlatform()], step, health):
            await asyncio.sleep(10 * STANDSTILL)
            assert health.trouble() == ""
        await asyncio.sleep(2 * STANDSTILL)
        assert health.trouble()

    in_no_time(run())


def test_what_happens_is_counted(url: str) -> None:
    async def scenario(h: House) -> None:
        def count(name: str, **labels: str) -> float | None:
            return h.service.metrics.registry.get_sample_value(f"legs_up_{name}", labels)

        def refuse(message: Message) -> None:
            raise Refused

        await h.hear("keep", "in 5")
        h.platform.before = refuse
        await h.hear("refused")
        h.platform.before = lambda message: None
        await h.travel(7)
        assert count("send_seconds_count", platform="fake", outcome="said") == 3
        assert count("send_seconds_count", platform="fake", outcome="refused") == 1
        assert count("due_late_seconds_count", kind="reminder") == 1
        assert count("due_late_seconds_sum", kind="reminder") == 0, "each at its own time"
        assert count("waiting_words", platform="fake") == 0
        turns = count("database_seconds_count", work="turn")
        assert turns is not None
        assert turns >= 4
        h.store.full = True
        await h.hear("away")
        assert count("store_away") == 1
        assert "database" in h.service.health.trouble()
        h.store.full = False
        await h.hear("back")
        await until(lambda: count("store_away") == 0)

    play(url, scenario)
