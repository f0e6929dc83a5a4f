"""The clock that is set, that steps, and that sleeps; the alarm that must not lose its moment.

APScheduler runs as it does, by the clock that each test sets.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apscheduler.schedulers.base
import apscheduler.triggers.interval
import pytest

from bot import clock as clock_module
from bot import conversation
from bot.clock import STEP, Alarm, Clock
from bot.events import Command, Event, Incoming, Message, Press, Receipt, Text
from bot.service import Service
from bot.store import Store
from tests.standin import AWAY, HOME, FakePlatform, says, until
from tests.standin import step as small

HOUR = timedelta(hours=1)
NIGHT = timedelta(hours=9)


class SetClock(Clock):
    """A machine's clock that somebody sets: what is steady goes on, and stops for nobody."""

    def __init__(self) -> None:
        self.set_by = timedelta()
        super().__init__()

    def wall(self) -> datetime:
        return datetime.now(UTC) + self.set_by


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Everybody's on this machine: APScheduler's, too."""
    clock = SetClock()

    class Machine(datetime):
        @classmethod
        def now(cls, tz=None):
            return clock.wall()

    for module in (apscheduler.schedulers.base, apscheduler.triggers.interval):
        monkeypatch.setattr(module, "datetime", Machine)
    return clock


@pytest.fixture
def quick_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "PULSE", 0.02)


# The clock alone


class StillClock(Clock):
    """Both of its sides are set by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 18, tzinfo=UTC)
        self.seconds = 0.0
        super().__init__()

    def wall(self) -> datetime:
        return self.at

    def steady(self) -> float:
        return self.seconds

    def passes(self, seconds: float, wall: float | None = None) -> None:
        """So many seconds pass; the machine's clock counts others if told."""
        self.seconds += seconds
        self.at += timedelta(seconds=seconds if wall is None else wall)


def test_a_clock_that_is_set_back_goes_on() -> None:
    clock = StillClock()
    start = clock.now()
    clock.passes(10, wall=-3590)
    assert clock.now() == start + timedelta(seconds=10)
    clock.passes(10)
    assert clock.now() == start + timedelta(seconds=20)
    assert clock.ahead == HOUR
    assert clock.moved() == -HOUR
    assert clock.moved() == timedelta()
    clock.follow()
    assert clock.now() == clock.wall() == start + timedelta(seconds=20) - HOUR


def test_a_clock_that_is_set_back_and_right_again_is_right() -> None:
    clock = StillClock()
    start = clock.now()
    clock.passes(1, wall=1 - 3600)
    clock.now()
    clock.passes(1, wall=1 + 3600)
    assert clock.now() == clock.wall() == start + timedelta(seconds=2)
    assert clock.ahead == timedelta()
    assert clock.moved() == timedelta()


def test_a_clock_that_is_set_back_far_and_forward_a_little_loses_no_second() -> None:
    clock = StillClock()
    start = clock.now()
    clock.passes(1, wall=1 - 7200)
    clock.now()
    clock.passes(1, wall=1 + 3600)
    assert clock.now() == start + timedelta(seconds=2)
    assert clock.ahead == HOUR


def test_a_clock_that_is_set_forward_is_followed() -> None:
    clock = StillClock()
    clock.passes(1, wall=3601)
    assert clock.now() == clock.wall()
    assert clock.ahead == timedelta()
    assert clock.moved() == HOUR


def test_slewing_is_no_step() -> None:
    clock = StillClock()
    for _ in range(100):
        clock.passes(1, wall=0.99)
        assert clock.now() == clock.wall()
    assert clock.ahead == clock.moved() == timedelta()


def test_many_small_steps_back_lead_no_further_than_one() -> None:
    clock = StillClock()
    start, latest = clock.now(), clock.now()
    for second in range(1, 3601):
        clock.passes(1, wall=1 - 1.5)
        assert clock.now() > latest - STEP
        latest = max(latest, clock.now())
        assert abs(clock.now() - start - timedelta(seconds=second)) < 2 * STEP
    assert abs(clock.moved() + timedelta(seconds=1.5 * 3600)) < STEP


def test_waiting_times_pass_whatever_the_clock_shows() -> None:
    clock = StillClock()
    before = clock.elapsed()
    clock.passes(5, wall=5 - 3600)
    clock.now()
    assert clock.elapsed() == before + 5
    clock.passes(5, wall=5 + 7200)
    clock.now()
    assert clock.elapsed() == before + 10
    clock.offset += HOUR
    assert clock.elapsed() == before + 10 + 3600


# The alarm alone


@dataclass
class Bedside:
    """An alarm, and everything that it did."""

    alarm: Alarm
    clock: Clock
    lags: list[float]
    jumps: list[timedelta]
    rung: list[float] = field(default_factory=list)
    cleaned: list[float] = field(default_factory=list)
    ringing: Callable[[], None] = lambda: None


def beside(clock: Clock, scenario: Callable[[Bedside], Awaitable[None]]) -> None:
    async def run() -> None:
        def ring() -> None:
            bedside.rung.append(time.monotonic())
            bedside.ringing()

        def clean() -> None:
            bedside.cleaned.append(time.monotonic())

        lags: list[float] = []
        jumps: list[timedelta] = []
        alarm = Alarm(clock, ring, clean, lags.append, jumps.append)
        bedside = Bedside(alarm, clock, lags, jumps)
        alarm.start()
        try:
            async with asyncio.timeout(20):
                await scenario(bedside)
        finally:
            alarm.stop()

    asyncio.run(run())


def test_the_alarm_rings_at_the_last_moment_it_was_set_to() -> None:
    async def scenario(b: Bedside) -> None:
        start = time.monotonic()
        b.alarm.set(b.clock.now() + HOUR)
        b.alarm.set(b.clock.now() + timedelta(seconds=0.1))
        await until(lambda: bool(b.rung))
        assert 0.09 <= b.rung[0] - start < 5
        b.alarm.set(b.clock.now() - HOUR)
        await until(lambda: len(b.rung) == 2)
        b.alarm.set(b.clock.now() + HOUR)
        b.alarm.set(None)
        b.alarm.set(None)

    beside(Clock(timedelta(days=300)), scenario)


def test_an_alarm_that_is_set_while_it_rings_is_not_lost() -> None:
    async def scenario(b: Bedside) -> None:
        def again() -> None:
            if len(b.rung) < 50:
                b.alarm.set(b.clock.now())

        b.ringing = again
        b.alarm.set(b.clock.now())
        await until(lambda: len(b.rung) == 50)

    beside(Clock(), scenario)


def test_an_alarm_that_a_busy_loop_delayed_still_rings() -> None:
    async def scenario(b: Bedside) -> None:
        b.alarm.set(b.clock.now() + timedelta(seconds=0.02))
        stand_still(1.2)  # past APScheduler's own patience of a second
        await until(lambda: bool(b.rung))

    beside(Clock(), scenario)


async def beaten(b: Bedside, beats: int) -> None:
    await until(lambda: len(b.lags) > beats)


def stand_still(seconds: float) -> None:
    """The event loop does not go round."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@pytest.mark.usefixtures("quick_pulse")
@pytest.mark.parametrize("back", [HOUR, timedelta(days=400)])
def test_an_alarm_rings_in_time_though_the_clock_is_set_back(
    clock: SetClock, back: timedelta
) -> None:
    async def scenario(b: Bedside) -> None:
        start = time.monotonic()
        b.alarm.set(clock.now() + timedelta(seconds=0.5))
        clock.set_by -= back
        await until(lambda: bool(b.jumps))
        assert abs(b.jumps[0] + back) < timedelta(seconds=1)
        await until(lambda: bool(b.rung))
        assert 0.45 <= b.rung[0] - start < 5

    beside(clock, scenario)


@pytest.mark.usefixtures("quick_pulse")
def test_an_alarm_whose_moment_was_slept_through_rings_at_waking(clock: SetClock) -> None:
    async def scenario(b: Bedside) -> None:
        b.alarm.set(clock.now() + 2 * HOUR)
        clock.set_by += HOUR
        await until(lambda: len(b.jumps) == 1)
        await until(lambda: bool(b.rung))  # the minute's ring is due in any case
        del b.rung[:]
        b.alarm.set(clock.now() + HOUR)
        clock.set_by += NIGHT
        await until(lambda: len(b.jumps) == 2)
        # Until the alarm is set again its moment is past: it rings now, and not in an hour.
        await until(lambda: bool(b.rung))

    beside(clock, scenario)


@pytest.mark.usefixtures("quick_pulse")
def test_the_ring_of_each_minute_survives_a_clock_that_is_set_back(
    clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "SAFETY_SWEEP", timedelta(seconds=0.2))
    monkeypatch.setattr(clock_module, "HOUSEKEEPING", timedelta(seconds=0.3))

    async def scenario(b: Bedside) -> None:
        await until(lambda: len(b.rung) > 1 and bool(b.cleaned))
        clock.set_by -= HOUR
        await until(lambda: bool(b.jumps))
        rung, cleaned = len(b.rung), len(b.cleaned)
        await until(lambda: len(b.rung) > rung + 1 and len(b.cleaned) > cleaned)

    beside(clock, scenario)


@pytest.mark.usefixtures("quick_pulse")
def test_slewing_moves_no_alarm(clock: SetClock) -> None:
    async def scenario(b: Bedside) -> None:
        for _ in range(5):
            clock.set_by -= STEP / 10
            beats = len(b.lags)
            await beaten(b, beats + 1)
        assert b.jumps == []
        assert clock.ahead == timedelta()

    beside(clock, scenario)


@pytest.mark.usefixtures("quick_pulse")
def test_the_pulse_measures_how_late_the_loop_is() -> None:
    async def scenario(b: Bedside) -> None:
        await until(lambda: len(b.lags) > 3)
        assert min(b.lags) < 0.1
        before = len(b.lags)
        stand_still(0.4)
        await until(lambda: len(b.lags) > before)
        assert 0.3 < max(b.lags[before:]) < 5

    beside(Clock(), scenario)


# The service by such a clock


def core(scene, event: Event, now: datetime):
    """The real core; but "keep", "in 5" and "up 5" come to it without all the questions."""
    if isinstance(event, Text) and event.text.split()[0] in ("keep", "in", "up"):
        return small(scene, event, now)
    return conversation.step(scene, event, now)


class Ear(FakePlatform):
    """Notes by the steady clock when each was said."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[float, Message]] = []

    async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:
        self.heard.append((time.monotonic(), message))
        return await super().send(message, edits)

    def when(self, word: str) -> list[float]:
        return [at for at, message in self.heard if word in message.text]


@dataclass
class House:
    service: Service
    store: Store
    clock: SetClock
    ear: Ear

    async def hear(self, *texts: str, place=HOME) -> None:
        for text in texts:
            assert await self.service.receive(says(text, place))
        await self.service.settled(place)

    async def press(self, verb: str) -> None:
        """The last button that does this."""
        shown = [
            button.data
            for message in self.ear.said
            for row in message.buttons
            for button in row
            if verb in button.data.split("|")
        ]
        pressed = Incoming(f"press-{len(self.ear.said)}", HOME, "ada", Press(shown[-1]))
        assert await self.service.receive(pressed)
        await self.service.settled(HOME)


@asynccontextmanager
async def house(folder: Path, clock: SetClock, step=core) -> AsyncIterator[House]:
    ear, store = Ear(), Store(f"sqlite:///{folder}/legs.db")
    async with Service(store, clock, [ear], step) as service:
        yield House(service, store, clock, ear)


def play(
    folder: Path, clock: SetClock, scenario: Callable[[House], Coroutine[None, None, None]]
) -> None:
    async def run() -> None:
        async with asyncio.timeout(30), house(folder, clock) as opened:
            await scenario(opened)

    asyncio.run(run())


END = "roll to your side"


@pytest.mark.process
@pytest.mark.usefixtures("quick_pulse")
def test_a_rest_ends_when_it_should_though_the_clock_is_set_back(
    tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "SAFETY_SWEEP", timedelta(seconds=0.2))

    async def scenario(h: House) -> None:
        await h.hear("keep", "in 3600", place=AWAY)
        await h.hear("keep", "up 1.5")
        start = time.monotonic()
        clock.set_by -= HOUR
        await until(lambda: bool(h.ear.when(END)))
        assert 1.4 <= h.ear.when(END)[0] - start < 4
        assert clock.ahead > HOUR - timedelta(seconds=1)
        # Still on the way up: the clock does not go back under them.
        rung = clock.now()
        await until(lambda: clock.now() > rung + timedelta(seconds=0.5))
        assert clock.ahead > HOUR - timedelta(seconds=1)
        await h.press("same")
        assert not await h.service.resting()
        await until(lambda: clock.ahead == timedelta())
        assert abs(clock.now() - clock.wall()) < timedelta(seconds=1)
        await until(lambda: not h.service._chores)
        last = await h.service.last_at()
        assert last is not None
        assert last <= clock.now()
        said = len(h.ear.said)
        assert len(h.ear.when(END)) == 1
        # What lies ahead is said when the machine's clock has come there: once, and not before.
        assert not [message for message in h.ear.said[2:said] if message.to == AWAY]
        clock.set_by += 2 * HOUR + timedelta(minutes=1)
        await until(lambda: len(h.ear.said) > said)
        await h.service.settled(AWAY)
        assert [message.to for message in h.ear.said[said:]] == [AWAY]
        await h.hear("keep")
        assert len(h.ear.when(END)) == 1

    play(tmp_path, clock, scenario)


@pytest.mark.usefixtures("quick_pulse")
def test_a_clock_set_back_while_nobody_rests_is_followed(tmp_path: Path, clock: SetClock) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "in 1")
        clock.set_by -= HOUR
        await until(lambda: clock.ahead == timedelta() and clock.now() < clock.wall() + STEP)
        await until(lambda: not h.service._chores)
        last = await h.service.last_at()
        assert last is not None
        assert last <= clock.now()
        # A moment of the clock on the wall comes when that shows it.
        clock.set_by += HOUR + timedelta(seconds=1)
        await until(lambda: len(h.ear.said) == 3)
        await h.hear("keep")
        assert len(h.ear.said) == 4

    play(tmp_path, clock, scenario)


@pytest.mark.process
def test_after_a_night_what_is_due_is_looked_at_within_two_seconds(
    tmp_path: Path, clock: SetClock
) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "up 600")
        await h.hear("keep", "in 3600", place=AWAY)
        said = len(h.ear.said)
        woken = time.monotonic()
        clock.set_by += NIGHT
        await until(lambda: len(h.ear.heard) > said)
        assert h.ear.heard[said][0] - woken < 2
        await h.service.settled(HOME)
        # By the rules for what comes too late: the end as one that was missed, not as one of now.
        assert [m.text[:21] for m in h.ear.said[said:] if m.to == HOME] == ["I was away at the end"]
        await h.hear("keep")
        assert not h.clock.ahead

    play(tmp_path, clock, scenario)


@pytest.mark.usefixtures("quick_pulse")
def test_a_clock_that_is_set_forward_and_back_says_nothing_twice(
    tmp_path: Path, clock: SetClock
) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "in 1800")
        clock.set_by += HOUR
        await until(lambda: len(h.ear.said) == 3)
        clock.set_by -= HOUR
        await until(lambda: clock.now() < clock.wall() + STEP and not h.service._chores)
        clock.set_by += HOUR
        await until(lambda: clock.moved() == timedelta())
        await h.hear("keep")
        await h.service.receive(Incoming("again", HOME, "ada", Command("nothing")))
        await h.service.settled(HOME)
        assert len(h.ear.said) == 5

    play(tmp_path, clock, scenario)


@pytest.mark.usefixtures("quick_pulse")
def test_many_small_steps_during_a_rest_do_not_lengthen_it(tmp_path: Path, clock: SetClock) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "up 1")
        start = time.monotonic()
        for _ in range(20):
            clock.set_by -= STEP * 0.9
            clock.now()
            await asyncio.sleep(0)
        await until(lambda: bool(h.ear.when(END)))
        assert h.ear.when(END)[0] - start < 1 + 2 * STEP.total_seconds()

    play(tmp_path, clock, scenario)
