"""Reminders against real time: outages, clocks that step or change, and the traps of APScheduler.

The whole program but for its platform: the real conversation on a real SQLite file, with a clock
that is set by hand.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import text

from bot import conversation
from bot.clock import ALARM_RULES, Alarm, Clock
from bot.content.words import plain
from bot.conversation.person import Person, Scene
from bot.events import Address, Event, Lane, Message, Text
from bot.practice.localtime import at_night
from bot.service import Service
from bot.store import Store
from tests.dialog import BERLIN, Dialog
from tests.standin import HOME, START, FakePlatform, HandClock, says, until

pytestmark = pytest.mark.process

MOVE_IN = "as somebody who has set all that"
SANTIAGO = "America/Santiago"
SUNDAY = "2026-11-22"


@dataclass
class House:
    """The program, its clock, and every word that was said, with its moment."""

    service: Service
    store: Store
    clock: HandClock
    platform: FakePlatform
    said: list[tuple[datetime, Message]] = field(default_factory=list)

    async def hear(self, *lines: str, place: Address = HOME) -> str:
        """What is said to the last of these lines."""
        before = len(self.said)
        for line in lines:
            before = len(self.said)
            await self.service.receive(says(line, place))
            await self.service.settled(place)
        return "\n".join(plain(message.text) for _, message in self.said[before:])

    async def travel(self, **time: float) -> None:
        await self.service.travel(self.clock.now() + timedelta(**time))

    def reminded(self, zone: str = BERLIN) -> list[str]:
        """When reminders came, by the clock there."""
        where = ZoneInfo(zone)
        return [f"{at.astimezone(where):%a %d %H:%M}" for at, _ in self.reminders]

    @property
    def reminders(self) -> list[tuple[datetime, Message]]:
        return [(at, message) for at, message in self.said if message.lane is Lane.REMINDER]


def somebody(*lines: str, at: str = f"{SUNDAY} 16:00", zone: str = BERLIN) -> Person:
    """Who has answered the check and said these lines, some time before."""
    dialog = Dialog(at, zone).type("/start").tap("I agree")
    while dialog.person.check is not None:
        dialog.tap("None of these")
    for line in lines:
        dialog.type(line).tap("Right")
    return dialog.person


def at_ten() -> Person:
    return somebody("/bedtime at 22:00")


def local(clock: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@asynccontextmanager
async def house(folder: Path, at: datetime, someone: Person | None = None) -> AsyncIterator[House]:
    """The program opened at that moment; whoever says `MOVE_IN` becomes that person."""

    def step(scene: Scene, event: Event, now: datetime) -> tuple[Scene, tuple[Message, ...]]:
        if event == Text(MOVE_IN) and someone is not None:
            return replace(scene, person=replace(someone, id=scene.person.id)), ()
        return conversation.step(scene, event, now)

    platform, clock = FakePlatform(), HandClock(at - START)
    store = Store(f"sqlite:///{folder}/legs.db")
    async with Service(store, clock, [platform], step) as service:
        opened = House(service, store, clock, platform)
        platform.before = lambda message: opened.said.append((clock.now(), message))
        if someone is not None:
            await opened.hear(MOVE_IN)
        yield opened


def run(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await scenario()

    asyncio.run(limited())


async def moved_in(folder: Path, someone: Person, at: str) -> None:
    """That person is kept in the file, and nothing runs any more."""
    async with house(folder, local(at), someone):
        pass


# Down over the due moment


@pytest.mark.parametrize("down", [timedelta(minutes=5), timedelta(minutes=59)])
def test_a_short_outage_makes_it_late_and_not_twice(tmp_path: Path, down: timedelta) -> None:
    async def scenario() -> None:
        await moved_in(tmp_path, at_ten(), f"{SUNDAY} 21:59")
        async with house(tmp_path, local(f"{SUNDAY} 22:00") + down) as h:
            await h.travel(minutes=1)
            assert len(h.reminders) == 1
            assert "Legs up?" in h.reminders[0][1].text
            assert "away" not in await h.hear("/reminders")
            await h.travel(days=1)
            assert h.reminded()[1:] == ["Mon 23 22:00"]

    run(scenario)


@pytest.mark.parametrize(
    ("down", "missed"),
    [
        (timedelta(minutes=61), "Sunday 22 Nov, 22:00"),
        (timedelta(days=1, minutes=61), "Monday 23 Nov, 22:00"),
        (timedelta(days=7, minutes=61), "Sunday 29 Nov, 22:00"),
        (timedelta(hours=15), "Sunday 22 Nov, 22:00"),
    ],
)
def test_a_long_outage_drops_it_and_tells_so_once(
    tmp_path: Path, down: timedelta, missed: str
) -> None:
    async def scenario() -> None:
        await moved_in(tmp_path, at_ten(), f"{SUNDAY} 21:59")
        back = local(f"{SUNDAY} 22:00") + down
        async with house(tmp_path, back) as h:
            await h.travel(minutes=1)
            assert h.reminders == []
            said = await h.hear("/reminders")
            assert said.startswith(f"I was away and could not remind you, last on {missed}.")
            assert said.count("I was away") == 1
            assert "away" not in await h.hear("/reminders")
            await h.travel(days=1)
            assert [each.split()[2] for each in h.reminded()] == ["22:00"]

    run(scenario)


def test_a_week_down_until_just_after_bedtime_is_one_late_reminder(tmp_path: Path) -> None:
    async def scenario() -> None:
        await moved_in(tmp_path, at_ten(), f"{SUNDAY} 21:59")
        async with house(tmp_path, local("2026-11-29 22:05")) as h:
            await h.travel(days=1)
            assert h.reminded() == ["Sun 29 22:05", "Mon 30 22:00"]

    run(scenario)


def test_a_platform_that_is_away_for_an_hour_drops_it_and_tells_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path, local(f"{SUNDAY} 21:59"), at_ten()) as h:
            note = h.platform.before

            def away(message: Message) -> None:
                raise OSError("no network")

            h.platform.before = away
            await h.travel(minutes=62)
            h.platform.before = note
            await h.travel(minutes=10)
            assert h.reminders == []
            assert "last on Sunday 22 Nov, 22:00" in await h.hear("/reminders")

    run(scenario)


def test_down_over_a_run_and_a_bedtime_is_one_reminder(tmp_path: Path) -> None:
    async def scenario() -> None:
        both = somebody("/bedtime at 20:15", "/runs Sun about 18:30, an hour")
        await moved_in(tmp_path, both, f"{SUNDAY} 19:00")
        async with house(tmp_path, local(f"{SUNDAY} 20:30")) as h:
            await h.travel(hours=12)
            assert len(h.reminders) == 1

    run(scenario)


# A clock that steps


def test_a_clock_that_steps_back_an_hour_says_nothing_twice(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path, local(f"{SUNDAY} 21:59"), at_ten()) as h:
            await h.travel(minutes=2)
            assert h.reminded() == ["Sun 22 22:00"]
            h.clock.offset -= timedelta(hours=1)
            await h.travel(hours=2)
            assert len(h.reminders) == 1
            await h.travel(days=1)
            assert h.reminded()[1:] == ["Mon 23 22:00"]

    run(scenario)


def test_a_clock_that_steps_back_before_it_came_says_it_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path, local(f"{SUNDAY} 21:59"), at_ten()) as h:
            h.clock.offset -= timedelta(hours=1)
            await h.hear("/reminders")
            await h.travel(days=1)
            assert h.reminded() == ["Sun 22 22:00"]

    run(scenario)


# tzdata


def test_new_rules_of_a_zone_are_followed_at_the_next_start(tmp_path: Path) -> None:
    """What was computed with the old rules is a cache: the wall time is the truth."""

    async def scenario() -> None:
        await moved_in(tmp_path, at_ten(), f"{SUNDAY} 16:00")
        store = Store(f"sqlite:///{tmp_path}/legs.db")
        store.open()
        stale = (local(f"{SUNDAY} 23:00") - datetime.fromtimestamp(0, UTC)) // timedelta(
            microseconds=1
        )
        with store.engine.begin() as db:
            db.execute(text("update person set wake_at = :stale"), {"stale": stale})
        store.put("written_with", "legs-up of before, tzdata 2020a")
        store.close()
        async with house(tmp_path, local(f"{SUNDAY} 17:00")) as h:
            await h.travel(days=1, hours=6)
            assert h.reminded() == ["Sun 22 22:00", "Mon 23 22:00"]

    run(scenario)


# Nights on which clocks change


NIGHTS = 14
CHANGES = [
    (BERLIN, "2027-03-21", {"21:30": "", "02:15": "2027-03-28T01:15", "02:30": "2027-03-28T01:30"}),
    (BERLIN, "2027-10-24", {"01:30": "", "02:15": "2027-10-31T00:15", "02:30": "2027-10-31T00:30"}),
    (SANTIAGO, "2027-08-29", {"23:30": "", "00:15": "2027-09-05T04:15",
                              "00:30": "2027-09-05T04:30"}),
    (SANTIAGO, "2027-03-28", {"21:30": "", "23:30": "2027-04-04T02:30", "00:30": ""}),
]  # fmt: skip
"""A week before each change, bedtimes, and the instant of the odd night where it has one."""


@pytest.mark.parametrize(
    ("zone", "first", "bedtime", "odd"),
    [(zone, first, *each) for zone, first, clocks in CHANGES for each in clocks.items()],
)
def test_each_of_14_nights_around_a_change_is_said_once(
    tmp_path: Path, zone: str, first: str, bedtime: str, odd: str
) -> None:
    async def scenario() -> None:
        someone = somebody(f"/bedtime at {bedtime}", at=f"{first} 12:00", zone=zone)
        async with house(tmp_path, local(f"{first} 12:00", zone), someone) as h:
            await h.travel(days=NIGHTS)
            assert len(h.reminders) == NIGHTS
            came = [at for at, _ in h.reminders]
            noons = {(at.astimezone(ZoneInfo(zone)) - timedelta(hours=12)).date() for at in came}
            assert len(noons) == NIGHTS
            clocks = Counter(each.split()[2] for each in h.reminded(zone))
            assert clocks[bedtime] >= (NIGHTS - 1 if odd else NIGHTS)
            if odd:
                assert datetime.fromisoformat(odd).replace(tzinfo=UTC) in came

    run(scenario)


def test_a_weekly_run_and_a_bedtime_over_a_change(tmp_path: Path) -> None:
    async def scenario() -> None:
        lines = ("/bedtime at 22:30", "/runs Sun about 18:30, an hour")
        someone = somebody(*lines, at="2027-03-26 12:00")
        async with house(tmp_path, local("2027-03-26 12:00"), someone) as h:
            await h.travel(days=4)
            question = f"Sun 28 {replace(someone, id=1).seat + timedelta(hours=19, minutes=45)}"
            assert h.reminded() == [
                *("Fri 26 22:30", "Sat 27 22:30", question[:12], "Sun 28 22:30", "Mon 29 22:30"),
            ]

    run(scenario)


# Very many


def test_three_hundred_bedtimes_spread_over_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async def scenario() -> None:
        about = somebody("/bedtime about 21:30")
        async with house(tmp_path, local(f"{SUNDAY} 21:00"), about) as h:
            for n in range(299):
                await h.service.receive(says(MOVE_IN, replace(HOME, chat_id=f"chat-{n}")))
            await h.travel(hours=2)
            assert len(h.reminders) == 300
            assert len({message.to for _, message in h.reminders}) == 300
            minutes = Counter(each.split()[2] for each in h.reminded())
            assert sorted(minutes) == [f"21:{n}" for n in range(30, 45)]
            assert max(minutes.values()) < 40, "an even spread has 20 in each minute"
            # And each at the same minute the next night.
            first = {message.to: at for at, message in h.reminders}
            del h.said[:]
            await h.travel(days=1)
            assert {message.to: at - timedelta(days=1) for at, message in h.reminders} == first

    run(scenario)


# Whose they are


def test_an_export_shows_them_and_a_stranger_leaves_none(tmp_path: Path) -> None:
    async def scenario() -> None:
        someone = somebody("/bedtime at 22:10", "/runs Sun about 18:35, an hour")
        async with house(tmp_path, local(f"{SUNDAY} 16:00"), someone) as h:
            await h.hear("/export")
            file = h.said[-1][1].file
            assert file is not None
            for part in ("22:10", "18:35", BERLIN):
                assert part in file.content
            await h.hear("/remind tomorrow at 7", place=replace(HOME, chat_id="stranger"))
            with h.store.engine.begin() as db:
                assert db.execute(text("select count(*) from person")).scalar() == 1

    run(scenario)


# The traps of APScheduler 3.11, and how we stay out of them


def test_trap_a_date_job_that_is_armed_again_while_it_runs_is_dropped() -> None:
    async def scenario() -> None:
        rung, dropped = 0, asyncio.Event()
        scheduler = AsyncIOScheduler(timezone=UTC)
        scheduler.add_listener(lambda event: dropped.set(), EVENT_JOB_MAX_INSTANCES)

        async def ring() -> None:
            nonlocal rung
            rung += 1
            arm()
            await dropped.wait()

        def arm() -> None:
            at = datetime.now(UTC)
            scheduler.add_job(ring, "date", run_date=at, id="due", replace_existing=True)

        scheduler.start()
        arm()
        await dropped.wait()
        await until(lambda: scheduler.get_job("due") is None)
        assert rung == 1, "the second ring is lost for ever"
        scheduler.shutdown(wait=False)

    run(scenario)


def test_our_rules_ring_it_though_the_last_ring_still_runs() -> None:
    async def scenario() -> None:
        rung, second = 0, asyncio.Event()
        scheduler = AsyncIOScheduler(timezone=UTC)

        async def ring() -> None:
            nonlocal rung
            rung += 1
            if rung == 1:
                arm()
                await second.wait()
            else:
                second.set()

        def arm() -> None:
            scheduler.add_job(ring, "date", run_date=datetime.now(UTC), id="due", **ALARM_RULES)

        scheduler.start()
        arm()
        await second.wait()
        scheduler.shutdown(wait=False)

    run(scenario)


def test_trap_a_job_that_is_two_seconds_late_is_lost() -> None:
    async def scenario() -> None:
        rung, missed = [], asyncio.Event()
        scheduler = AsyncIOScheduler(timezone=UTC)
        scheduler.add_listener(lambda event: missed.set(), EVENT_JOB_MISSED)

        async def ring() -> None:
            rung.append(True)

        late = datetime.now(UTC) - timedelta(seconds=2)
        scheduler.start()
        scheduler.add_job(ring, "date", run_date=late)
        await missed.wait()
        await until(lambda: not scheduler.get_jobs())
        assert rung == []
        scheduler.add_job(ring, "date", run_date=late - timedelta(days=9), id="due", **ALARM_RULES)
        await until(lambda: rung == [True])
        scheduler.shutdown(wait=False)

    run(scenario)


def test_our_alarm_rings_for_what_was_due_days_ago() -> None:
    async def scenario() -> None:
        rung: list[bool] = []
        clock = Clock()
        ring = partial(rung.append, True)
        alarm = Alarm(clock, ring, lambda: None, lambda lag: None, lambda by: None)
        alarm.start()
        alarm.set(clock.now() - timedelta(days=9))
        await until(lambda: rung == [True])
        alarm.stop()

    run(scenario)


def fires(trigger: CronTrigger | IntervalTrigger, start: datetime, times: int) -> list[datetime]:
    """The next so many moments of a trigger of APScheduler, in UTC."""
    found: list[datetime] = []
    last = None
    for _ in range(times):
        last = trigger.get_next_fire_time(last, start if last is None else last)
        found.append(last.astimezone(UTC))
    return found


def nights(first: str, clock: time, zone: str, count: int) -> list[datetime]:
    """The same nights as we have them."""
    on = datetime.fromisoformat(first).date()
    return [at_night(on + timedelta(days=n), clock, ZoneInfo(zone)) for n in range(count)]


def utc(*moments: str) -> list[datetime]:
    return [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in moments]


def test_trap_cron_skips_the_night_on_which_the_clock_jumps_at_midnight() -> None:
    cron = CronTrigger(hour=0, minute=30, timezone=ZoneInfo(SANTIAGO))
    found = fires(cron, local("2027-09-03 12:00", SANTIAGO), 2)
    assert found == utc("2027-09-04T04:30", "2027-09-06T03:30"), "nothing on the fifth"
    assert nights("2027-09-03", time(0, 30), SANTIAGO, 3) == utc(
        "2027-09-04T04:30", "2027-09-05T04:30", "2027-09-06T03:30"
    )


def test_trap_cron_fires_twice_in_the_hour_that_comes_twice() -> None:
    cron = CronTrigger(hour=2, minute=30, timezone=ZoneInfo(BERLIN))
    found = fires(cron, local("2027-10-30 12:00"), 3)
    assert found == utc("2027-10-31T00:30", "2027-10-31T01:30", "2027-11-01T01:30")
    assert nights("2027-10-30", time(2, 30), BERLIN, 2) == utc(
        "2027-10-31T00:30", "2027-11-01T01:30"
    )


@pytest.mark.parametrize(("first", "drifted"), [("2027-03-27", 23), ("2027-10-30", 21)])
def test_trap_an_interval_of_a_day_drifts_by_an_hour(first: str, drifted: int) -> None:
    where = ZoneInfo(BERLIN)
    daily = IntervalTrigger(days=1, start_date=local(f"{first} 22:00"), timezone=where)
    found = fires(daily, local(f"{first} 12:00"), 3)
    assert [at.astimezone(where).hour for at in found] == [22, drifted, drifted]
    ours = nights(first, time(22), BERLIN, 3)
    assert [at.astimezone(where).hour for at in ours] == [22, 22, 22]
