"""When reminders are due: wall times, nights, weekdays, and clocks that change."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.agenda import (
    WEEK,
    Agenda,
    Bedtime,
    Due,
    Once,
    Purpose,
    RunTime,
    Wanted,
    bedtime_at,
    dealt_with,
    from_now,
    next_due,
    night_of,
    overdue,
    seat_of,
    upcoming,
)

NO_SEAT = timedelta()
CLOCKS = [
    time(21, 30), time(23, 30), time(0, 15), time(0, 30), time(1, 30), time(2, 15), time(2, 30),
]  # fmt: skip
NIGHTS = 14
BERLIN = ZoneInfo("Europe/Berlin")


def exactly(clock: time, days: tuple[int, ...] = WEEK) -> Bedtime:
    return Bedtime(clock, days, exact=True)


def begun(wanted: Wanted, now: datetime, where: ZoneInfo = BERLIN) -> Agenda:
    return from_now(Agenda(wanted=wanted), NO_SEAT, where, now)


def played(agenda: Agenda, where: ZoneInfo, now: datetime, until: datetime) -> list[Due]:
    """Everything that comes due on the way, each when it is due."""
    found: list[Due] = []
    while True:
        due = min(upcoming(agenda, NO_SEAT, where), key=lambda each: each.at, default=None)
        if due is None or due.at > until:
            break
        assert due.at >= now or not found, "time goes on"
        if found and due.at == found[-1].at:
            found.pop()  # a night that Samoa never had falls together with the next
        found.append(due)
        agenda, now = dealt_with(agenda, due), due.at
    return found


def local(text: str, where: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=where).astimezone(UTC)


def wall(on: int, hour: int, minute: int = 0) -> datetime:
    """A time on somebody's wall, in November 2026: it belongs to no zone."""
    return datetime(2026, 11, on, hour, minute)  # noqa: DTZ001 - as just said


# Clock changes


@cache
def changes() -> tuple[tuple[str, date], ...]:
    """Every day on which a clock changes in 2026 to 2028, with its zone."""
    found = []
    for name in sorted(available_timezones()):
        where = ZoneInfo(name)
        noons = [
            datetime(2026, 1, 1, 12, tzinfo=where) + timedelta(days=n) for n in range(3 * 365 + 1)
        ]
        shifts = [noon.utcoffset() for noon in noons]
        found += [
            (name, noon.date())
            for noon, before, after in zip(noons[1:], shifts, shifts[1:], strict=False)
            if before != after
        ]
    return tuple(found)


def wall_time_of(night: date, clock: time, where: ZoneInfo) -> datetime:
    """By search: the first quarter that shows it, or so much later as is missing.

    Independent of the code under test, which asks zoneinfo for the answer.
    """
    on = night + timedelta(days=clock.hour < 4)
    naive = datetime.combine(on, clock)
    start = naive.replace(tzinfo=UTC) - timedelta(hours=15)
    quarters = (start + timedelta(minutes=15 * n) for n in range(30 * 4))
    showing = [at for at in quarters if at.astimezone(where).replace(tzinfo=None) == naive]
    if showing:
        return showing[0]
    before = naive.replace(tzinfo=where).utcoffset()
    assert before is not None
    return naive.replace(tzinfo=UTC) - before


def same_days(days: tuple[tuple[str, date], ...]) -> dict[tuple[object, ...], tuple[str, date]]:
    """One of all those whose clocks show the same around that day."""
    kinds: dict[tuple[object, ...], tuple[str, date]] = {}
    for name, on in days:
        where = ZoneInfo(name)
        hours = [
            datetime.combine(on, time(), tzinfo=UTC) + timedelta(minutes=30 * n)
            for n in range(-60, 80)
        ]
        kinds[on, *[at.astimezone(where).utcoffset() for at in hours]] = (name, on)
    return kinds


@pytest.mark.process
def test_there_are_clock_changes_to_look_at() -> None:
    zones = {name for name, _ in changes()}
    assert len(zones) > 150
    assert {"Europe/Berlin", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe"} <= zones


@pytest.mark.process
@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_every_clock_change_of_three_years_has_each_night_once_at_its_wall_time(clock) -> None:
    kinds = same_days(changes())
    assert len(kinds) > 60
    for name, on in kinds.values():
        where = ZoneInfo(name)
        first = on - timedelta(days=7)
        start = datetime.combine(first, time(12), tzinfo=where).astimezone(UTC)
        end = start + timedelta(days=NIGHTS)
        agenda = begun(Wanted(bedtimes=(exactly(clock),)), start, where)
        dues = played(agenda, where, start, end)
        assert [due.on for due in dues] == [first + timedelta(days=n) for n in range(NIGHTS)]
        near = [due for due in dues if abs(due.on - on) <= timedelta(days=1)]
        for due in near:
            assert due.at == wall_time_of(due.on, clock, where), (name, due)
        for due in dues:
            if due not in near:
                assert due.at.astimezone(where).time() == clock, (name, due)


@pytest.mark.parametrize(
    ("zone", "clock", "night", "expected"),
    [
        ("Europe/Berlin", "02:30", "2026-03-28", "2026-03-29T03:30+02:00"),
        ("Europe/Berlin", "02:30", "2026-10-24", "2026-10-25T02:30+02:00"),
        ("America/New_York", "02:30", "2026-03-07", "2026-03-08T03:30-04:00"),
        ("America/New_York", "01:30", "2026-10-31", "2026-11-01T01:30-04:00"),
        ("Australia/Lord_Howe", "02:15", "2026-10-03", "2026-10-04T02:45+11:00"),
        ("Australia/Lord_Howe", "01:45", "2026-04-04", "2026-04-05T01:45+11:00"),
        ("America/Santiago", "00:30", "2026-09-05", "2026-09-06T01:30-03:00"),
        ("America/Santiago", "23:30", "2026-04-04", "2026-04-04T23:30-03:00"),
        ("Asia/Kathmandu", "21:30", "2026-03-28", "2026-03-28T21:30+05:45"),
        ("Africa/Cairo", "00:30", "2026-04-23", "2026-04-24T01:30+03:00"),
        ("Pacific/Apia", "21:30", "2011-12-31", "2011-12-31T21:30+14:00"),
        ("Asia/Beirut", "00:15", "2026-03-28", "2026-03-29T01:15+03:00"),
    ],
)
def test_the_cases_where_cron_loses_or_doubles_a_night(zone, clock, night, expected) -> None:
    where, on = ZoneInfo(zone), date.fromisoformat(night)
    start = datetime.combine(on, time(12), tzinfo=where).astimezone(UTC) - timedelta(days=1)
    agenda = begun(Wanted(bedtimes=(exactly(time.fromisoformat(clock)),)), start, where)
    dues = played(agenda, where, start, start + timedelta(days=3))
    assert len({due.on for due in dues}) == len(dues) == 3
    assert [due.at for due in dues if due.on == on] == [datetime.fromisoformat(expected)]


# Nights and weekdays


def test_the_small_hours_belong_to_the_night_before() -> None:
    friday = Wanted(bedtimes=(exactly(time(0, 30), days=(4,)),))
    dues = played(begun(friday, local("2026-11-22 12:00")), BERLIN, local("2026-11-22 12:00"),
                  local("2026-12-05 12:00"))  # fmt: skip
    assert [due.at for due in dues] == [local("2026-11-28 00:30"), local("2026-12-05 00:30")]


def test_each_weekday_has_its_own_time() -> None:
    wanted = Wanted(
        bedtimes=(exactly(time(22), days=(0, 1, 2, 3)), exactly(time(23, 30), days=(4, 5)))
    )
    start = local("2026-11-22 12:00")  # a Sunday
    dues = played(begun(wanted, start), BERLIN, start, start + timedelta(days=7))
    clocks = [f"{due.at.astimezone(BERLIN):%a %H:%M}" for due in dues]
    assert clocks == ["Mon 22:00", "Tue 22:00", "Wed 22:00", "Thu 22:00", "Fri 23:30", "Sat 23:30"]


def test_a_single_one_in_the_evening_takes_the_place_of_that_nights() -> None:
    wanted = Wanted(bedtimes=(exactly(time(22)),), once=(Once(1, wall=wall(23, 23)),))
    start = local("2026-11-22 12:00")
    dues = played(begun(wanted, start), BERLIN, start, start + timedelta(days=3))
    assert [f"{due.at.astimezone(BERLIN):%d %H:%M}" for due in dues] == [
        "22 22:00", "23 23:00", "24 22:00",
    ]  # fmt: skip


def test_a_single_one_in_the_morning_takes_no_place() -> None:
    assert night_of(Once(1, wall=wall(23, 7)), BERLIN) is None
    assert night_of(Once(1, wall=wall(23, 1)), BERLIN) == date(2026, 11, 22)


def test_a_wait_is_an_instant_and_a_clock_time_goes_with_the_person() -> None:
    at = local("2026-11-22 21:30")
    assert Once(1, at=at).due(ZoneInfo("Asia/Tokyo")) == at
    clock = Once(1, wall=wall(22, 21, 30))
    assert clock.due(ZoneInfo("Asia/Tokyo")) == at - timedelta(hours=8)


def test_usual_runs_are_asked_about_after_their_end() -> None:
    wanted = Wanted(runs=(RunTime(time(18, 30), (1, 3, 6), 60),))
    start = local("2026-11-22 12:00")
    dues = played(begun(wanted, start), BERLIN, start, start + timedelta(days=7))
    assert [f"{due.at.astimezone(BERLIN):%a %H:%M}" for due in dues] == [
        "Sun 19:45", "Tue 19:45", "Thu 19:45",
    ]  # fmt: skip


def test_a_pause_leaves_nights_out_and_ends_by_itself() -> None:
    wanted = Wanted(bedtimes=(exactly(time(22)),), paused_until=date(2026, 11, 25))
    start = local("2026-11-22 12:00")
    dues = played(begun(wanted, start), BERLIN, start, start + timedelta(days=4))
    assert [due.on for due in dues] == [date(2026, 11, 25)]


# Late, early, never twice


@pytest.mark.parametrize("away", [timedelta(minutes=5), timedelta(days=1), timedelta(days=400)])
def test_after_any_absence_only_the_newest_night_is_looked_at(away) -> None:
    start = local("2026-11-22 12:00")
    agenda = begun(Wanted(bedtimes=(exactly(time(22)),)), start)
    now = local("2026-11-22 22:00") + away
    dues = overdue(agenda, NO_SEAT, BERLIN, now)
    assert len(dues) == 1
    assert now - timedelta(days=1) < dues[0].at <= now
    for due in dues:
        agenda = dealt_with(agenda, due)
    assert overdue(agenda, NO_SEAT, BERLIN, now) == []


def test_a_clock_that_steps_back_does_not_double_a_night() -> None:
    start = local("2026-11-22 12:00")
    agenda = begun(Wanted(bedtimes=(exactly(time(22)),)), start)
    due = overdue(agenda, NO_SEAT, BERLIN, local("2026-11-22 22:00"))[0]
    agenda = dealt_with(agenda, due)
    assert overdue(agenda, NO_SEAT, BERLIN, local("2026-11-22 21:00")) == []
    assert overdue(agenda, NO_SEAT, BERLIN, local("2026-11-22 22:30")) == []
    assert next_due(agenda, NO_SEAT, BERLIN) == local("2026-11-23 22:00")


def test_times_that_were_just_set_do_not_ring_for_what_is_past() -> None:
    agenda = begun(Wanted(bedtimes=(exactly(time(22)),)), local("2026-11-22 22:30"))
    assert next_due(agenda, NO_SEAT, BERLIN) == local("2026-11-23 22:00")


def test_a_night_that_was_said_is_not_said_again_when_the_time_is_changed() -> None:
    agenda = begun(Wanted(bedtimes=(exactly(time(23)),)), local("2026-11-22 22:30"))
    agenda = replace(agenda, said=date(2026, 11, 22))
    assert next_due(agenda, NO_SEAT, BERLIN) == local("2026-11-23 23:00")


@given(
    st.sampled_from(["Europe/Berlin", "America/Santiago", "Pacific/Apia", "Asia/Kathmandu"]),
    st.times(),
    st.sets(st.sampled_from(WEEK), min_size=1),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 1)),  # noqa: DTZ001 - made aware below
    st.lists(st.integers(1, 60 * 60), min_size=1, max_size=40),
)
def test_whenever_it_is_looked_at_no_night_comes_twice_or_early(
    zone, clock, days, at, steps
) -> None:
    where, now = ZoneInfo(zone), at.replace(tzinfo=UTC)
    clock = clock.replace(microsecond=0, second=0)
    agenda = begun(Wanted(bedtimes=(exactly(clock, days=tuple(sorted(days))),)), now, where)
    seen: list[date] = []
    for minutes in steps:
        now += timedelta(minutes=minutes)
        for due in overdue(agenda, NO_SEAT, where, now):
            assert due.at <= now
            assert due.on.weekday() in days
            seen.append(due.on)
            agenda = dealt_with(agenda, due)
        following = next_due(agenda, NO_SEAT, where)
        assert following is not None
        assert following > now
    assert seen == sorted(set(seen))


# Seats


def test_everybody_has_a_minute_of_their_own_that_never_moves() -> None:
    seats = [seat_of(person) for person in range(1, 3001)]
    assert seats == [seat_of(person) for person in range(1, 3001)]
    assert min(seats) == timedelta(0)
    assert max(seats) == timedelta(minutes=14)
    shares = [seats.count(timedelta(minutes=n)) for n in range(15)]
    assert min(shares) > 130, "an even spread has 200 in each minute"


def test_about_is_the_seat_after_it_and_exactly_is_exact() -> None:
    seat, night = timedelta(minutes=7), date(2026, 11, 22)
    assert bedtime_at(Bedtime(time(21, 30)), night, seat, BERLIN) == local("2026-11-22 21:37")
    assert bedtime_at(exactly(time(21, 30)), night, seat, BERLIN) == local("2026-11-22 21:30")


def test_quiet_hours_may_go_over_midnight() -> None:
    wanted = Wanted(quiet=(time(22), time(7)))
    inside = ["22:00", "23:59", "00:00", "06:59"]
    outside = ["21:59", "07:00", "12:00"]
    assert all(wanted.is_quiet(local(f"2026-11-22 {each}"), BERLIN) for each in inside)
    assert not any(wanted.is_quiet(local(f"2026-11-22 {each}"), BERLIN) for each in outside)
    midday = Wanted(quiet=(time(12), time(14)))
    assert midday.is_quiet(local("2026-11-22 13:00"), BERLIN)
    assert not midday.is_quiet(local("2026-11-22 14:00"), BERLIN)
    assert not Wanted().is_quiet(local("2026-11-22 13:00"), BERLIN)


def kinds(agenda: Agenda) -> Iterator[Purpose]:
    return (due.purpose for due in upcoming(agenda, NO_SEAT, BERLIN))


def test_nothing_wanted_is_never_due() -> None:
    agenda = begun(Wanted(), local("2026-11-22 12:00"))
    assert list(kinds(agenda)) == []
    assert next_due(agenda, NO_SEAT, BERLIN) is None
