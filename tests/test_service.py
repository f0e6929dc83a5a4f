"""The shell: events, waves and words, on a real SQLite file with a clock set by hand."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import Alarm, Clock
from bot.events import Command, Message, Refused, TryLater, Unreachable
from bot.service import KEPT_URGENT, Service, StoreAway, StoreBusy
from bot.store import Store
from tests.standin import (
    AWAY,
    HOME,
    START,
    FakePlatform,
    FullStore,
    HandClock,
    says,
    step,
    until,
)


@dataclass
class House:
    """Everything that is running, and its parts."""

    service: Service
    store: FullStore
    clock: HandClock
    platform: FakePlatform

    async def hear(self, *texts: str, place=HOME) -> None:
        for text in texts:
            await self.service.receive(says(text, place))
        await self.service.settled(place)

    async def travel(self, seconds: float) -> None:
        await self.service.travel(START + timedelta(seconds=seconds))


@asynccontextmanager
async def house(folder: Path, step=step, clock: HandClock | None = None) -> AsyncIterator[House]:
    platform, clock = FakePlatform(), clock or HandClock()
    store = FullStore(f"sqlite:///{folder}/legs.db", patience=0.05)
    async with Service(store, clock, [platform], step) as service:
        yield House(service, store, clock, platform)


Scenario = Callable[[House], Coroutine[None, None, None]]


def play(folder: Path, scenario: Scenario) -> None:
    async def run() -> None:
        async with asyncio.timeout(20), house(folder) as opened:
            await scenario(opened)

    asyncio.run(run())


def test_what_is_said_is_answered(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "hello")
        assert h.platform.texts == ["keep", "hello"]

    play(tmp_path, scenario)


def test_a_second_delivery_is_not_answered(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        for _ in range(3):
            await h.service.receive(says("keep", id="7"))
            await h.service.settled(HOME)
        assert h.platform.texts == ["keep"]

    play(tmp_path, scenario)


@pytest.mark.process
def test_many_at_once_are_each_answered_in_order(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        places = [replace(HOME, chat_id=f"chat-{n}") for n in range(20)]
        async with asyncio.TaskGroup() as group:
            for place in places:
                group.create_task(h.hear("keep", "a", "b", "c", place=place))
        for place in places:
            assert [m.text for m in h.platform.said if m.to == place] == ["keep", "a", "b", "c"]

    play(tmp_path, scenario)


def test_a_card_is_edited_where_it_stands(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "card 1")
        await h.hear("card 2")
        await h.hear("card 3")
        assert h.platform.edits == ["", "", "message-2", "message-3"]

    play(tmp_path, scenario)


def test_a_failing_step_is_said_kindly_and_loses_nothing(tmp_path: Path) -> None:
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

    play(tmp_path, scenario)


def test_a_database_that_is_away_is_said_and_urgent_words_go_out(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        other = sqlite3.connect(h.store.path, isolation_level=None)
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
        other = sqlite3.connect(h.store.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        await h.service.receive(says("stop"))
        other.execute("ROLLBACK")
        other.close()

    play(tmp_path, scenario)


def test_receipts_survive_a_database_that_is_away(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        other = sqlite3.connect(h.store.path, isolation_level=None)

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


def test_words_go_out_once_while_nothing_can_be_written(tmp_path: Path) -> None:
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
        assert not h.store.unsaid(None, START, ["fake"])

    play(tmp_path, scenario)


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


def test_leaving_ends_while_nothing_can_be_written(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        def fill(message: Message) -> None:
            h.store.full = True

        h.platform.before = fill
        await h.service.receive(says("two a b"))
        await until(lambda: bool(h.platform.said))
        await h.service.receive(says("stop"))

    play(tmp_path, scenario)


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
    assert said == ["the store is away: database or disk is full", "the store is back"] * 2


def test_cries_for_help_reach_the_store_when_it_is_back(tmp_path: Path) -> None:
    heard: list[object] = []

    def noting(scene, event, now):
        heard.append(event)
        return step(scene, event, now)

    async def run() -> None:
        async with asyncio.timeout(20), house(tmp_path, noting) as h:
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
def test_words_that_fail_come_again(tmp_path: Path, trouble: Exception, wait: float) -> None:
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

    play(tmp_path, scenario)


def test_refused_words_are_dropped_and_unreachable_ones_wait(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        answers: list[Exception] = [Refused(), Unreachable()]

        def fail(message: Message) -> None:
            if answers:
                raise answers.pop(0)

        h.platform.before = fail
        await h.hear("keep", "second", "third")
        assert h.platform.texts == []
        await h.travel(3600)
        assert h.platform.texts == []
        await h.hear("back")
        assert h.platform.texts == ["second", "third", "back"]

    play(tmp_path, scenario)


def test_travelling_runs_each_moment_at_its_own_time(tmp_path: Path) -> None:
    moments: list[datetime] = []

    def noting(scene, event, now):
        moments.append(now)
        return step(scene, event, now)

    async def run() -> None:
        async with asyncio.timeout(20), house(tmp_path, noting) as h:
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


def test_the_offset_of_the_clock_is_kept(tmp_path: Path) -> None:
    play(tmp_path, lambda h: h.travel(3600.000001))

    async def again(h: House) -> None:
        assert h.clock.now() == START + timedelta(seconds=3600.000001)
        await h.hear("keep")
        await h.service.reset_clock()
        assert h.clock.now() == START
        assert await h.service.last_at() == START

    play(tmp_path, again)


def test_what_was_committed_is_said_after_a_restart(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        def fail(message: Message) -> None:
            raise TryLater(60)

        h.platform.before = fail
        await h.hear("keep", "in 30")

    async def later(h: House) -> None:
        assert h.platform.texts == []
        await h.travel(60)
        assert h.platform.texts == ["keep", "in 30", "rang"]

    play(tmp_path, scenario)
    play(tmp_path, later)


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

        visiting = asyncio.create_task(visit())
        await leave.wait()
        release.set()
        await asyncio.wait_for(visiting, 10)

    asyncio.run(run())
    assert platform.texts == ["keep"]

    async def later(h: House) -> None:
        await h.service.settled(HOME)
        assert h.platform.texts == ["stays in the store"]

    play(tmp_path, later)


def test_a_second_service_on_the_same_file_is_refused(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        with pytest.raises(StoreBusy):
            async with house(tmp_path):
                pass

    play(tmp_path, scenario)


def test_travelling_without_a_database_says_so(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        other = sqlite3.connect(h.store.path, isolation_level=None)
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


# The alarm


def test_the_alarm_rings_at_the_last_moment_it_was_set_to() -> None:
    async def run() -> None:
        rung: list[datetime] = []
        clock = Clock(timedelta(days=300))
        alarm = Alarm(clock, lambda: rung.append(datetime.now(UTC)), lambda: None)
        alarm.start()
        start = datetime.now(UTC)
        alarm.set(clock.now() + timedelta(hours=1))
        alarm.set(clock.now() + timedelta(seconds=0.1))
        await until(lambda: bool(rung))
        assert timedelta(seconds=0.1) <= rung[0] - start < timedelta(seconds=5)
        alarm.set(clock.now() - timedelta(hours=1))
        await until(lambda: len(rung) == 2)
        alarm.set(clock.now() + timedelta(hours=1))
        alarm.set(None)
        alarm.set(None)
        alarm.stop()

    asyncio.run(run())


def test_an_alarm_that_is_set_again_while_it_rings_is_not_lost() -> None:
    async def run() -> None:
        rung = 0

        def ring() -> None:
            nonlocal rung
            rung += 1
            if rung < 50:
                alarm.set(clock.now())

        clock = Clock()
        alarm = Alarm(clock, ring, lambda: None)
        alarm.start()
        alarm.set(clock.now())
        await until(lambda: rung == 50)
        alarm.stop()

    asyncio.run(run())


@pytest.mark.process
def test_an_alarm_that_a_busy_loop_delayed_still_rings() -> None:
    async def run() -> None:
        rung: list[bool] = []
        clock = Clock()
        alarm = Alarm(clock, lambda: rung.append(True), lambda: None)
        alarm.start()
        alarm.set(clock.now() + timedelta(seconds=0.05))
        busy_until = datetime.now(UTC) + timedelta(seconds=1.5)
        while datetime.now(UTC) < busy_until:
            pass
        await until(lambda: bool(rung))
        alarm.stop()

    asyncio.run(run())


def test_who_has_legs_up_is_called_down_though_nothing_can_be_written(tmp_path: Path) -> None:
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

    play(tmp_path, scenario)
