"""Local wall time: where a day turns, what is bedtime, and the nights when clocks jump."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.practice.localtime import bedtime, day, day_turns, instant, next_day, zone

BERLIN = zone("Europe/Berlin")
ZONES = sorted(available_timezones())


def local(text: str, where: ZoneInfo, fold: int = 0) -> datetime:
    at = datetime.fromisoformat(text).replace(tzinfo=where, fold=fold)
    return at.astimezone(UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_unknown_zone_is_utc():
    assert zone("") == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("clock", "belongs"),
    [
        ("2026-11-22 03:59:59", date(2026, 11, 21)),
        ("2026-11-22 04:00", date(2026, 11, 22)),
        ("2026-11-22 23:59", date(2026, 11, 22)),
        ("2026-11-23 00:30", date(2026, 11, 22)),
        ("2027-01-01 02:00", date(2026, 12, 31)),
    ],
)
def test_the_day_turns_at_four(clock, belongs):
    assert day(local(clock, BERLIN), BERLIN) == belongs


def test_a_day_is_that_of_the_place():
    at = utc("2026-11-22 18:30")
    assert day(at, BERLIN) == date(2026, 11, 22)
    assert day(at, zone("Asia/Tokyo")) == date(2026, 11, 22)
    assert day(at + timedelta(minutes=30), zone("Asia/Tokyo")) == date(2026, 11, 23)
    assert day(at, zone("Pacific/Kiritimati")) == date(2026, 11, 23)


def test_today_is_over_at_the_next_four():
    assert day_turns(local("2026-11-22 21:30", BERLIN), BERLIN) == utc("2026-11-23 03:00")
    assert day_turns(local("2026-11-23 01:00", BERLIN), BERLIN) == utc("2026-11-23 03:00")
    assert day_turns(local("2026-11-23 04:00", BERLIN), BERLIN) == utc("2026-11-24 03:00")


@pytest.mark.parametrize(
    ("clock", "late"),
    [
        ("19:59", False),
        ("20:00", True),
        ("23:59", True),
        ("00:00", True),
        ("03:59", True),
        ("04:00", False),
        ("12:00", False),
    ],
)
def test_bedtime_is_from_eight_to_four(clock, late):
    assert bedtime(local(f"2026-11-22 {clock}", BERLIN), BERLIN) is late


def test_bedtime_goes_by_the_clock_of_the_place():
    at = utc("2026-11-22 19:30")
    assert bedtime(at, BERLIN)
    assert not bedtime(at, zone("America/New_York"))


@pytest.mark.parametrize(
    ("at", "hour", "then"),
    [
        ("2026-11-22 21:30", 12, "2026-11-23 12:00"),
        ("2026-11-23 01:00", 12, "2026-11-23 12:00"),
        ("2026-11-23 01:00", 8, "2026-11-23 08:00"),
        ("2026-11-23 05:00", 8, "2026-11-24 08:00"),
        ("2026-12-31 22:00", 8, "2027-01-01 08:00"),
    ],
)
def test_the_next_day_is_that_after_the_evening(at, hour, then):
    assert next_day(local(at, BERLIN), BERLIN, hour) == local(then, BERLIN)


@pytest.mark.parametrize(
    ("name", "on", "hour", "then"),
    [
        # Berlin, forward at 02:00 to 03:00, and back at 03:00 to 02:00: the first of the two.
        ("Europe/Berlin", date(2027, 3, 28), 2, "2027-03-28 01:00"),
        ("Europe/Berlin", date(2027, 3, 28), 8, "2027-03-28 06:00"),
        ("Europe/Berlin", date(2026, 10, 25), 2, "2026-10-25 00:00"),
        ("Europe/Berlin", date(2026, 10, 25), 8, "2026-10-25 07:00"),
        # Santiago, forward at midnight: 00:00 is shown as 01:00.
        ("America/Santiago", date(2026, 9, 6), 0, "2026-09-06 04:00"),
        ("America/Santiago", date(2026, 9, 6), 8, "2026-09-06 11:00"),
        ("America/Santiago", date(2026, 4, 4), 23, "2026-04-05 02:00"),
        # Cairo, forward at midnight before Friday.
        ("Africa/Cairo", date(2026, 4, 24), 0, "2026-04-23 22:00"),
        ("Africa/Cairo", date(2026, 4, 24), 8, "2026-04-24 05:00"),
        # Lord Howe turns by half an hour.
        ("Australia/Lord_Howe", date(2026, 10, 4), 2, "2026-10-03 15:30"),
        ("Australia/Lord_Howe", date(2026, 10, 4), 8, "2026-10-03 21:00"),
        ("Australia/Lord_Howe", date(2026, 4, 5), 8, "2026-04-04 21:30"),
        # Apia had no 30 December 2011.
        ("Pacific/Apia", date(2011, 12, 30), 8, "2011-12-30 18:00"),
        ("Pacific/Apia", date(2011, 12, 31), 8, "2011-12-30 18:00"),
    ],
)
def test_an_hour_that_the_clock_skips_or_shows_twice(name, on, hour, then):
    assert instant(on, hour, zone(name)) == utc(then)


@pytest.mark.parametrize(
    ("name", "evening"),
    [
        ("Europe/Berlin", "2027-03-27 22:00"),
        ("Europe/Berlin", "2026-10-24 22:00"),
        ("America/Santiago", "2026-09-05 22:00"),
        ("America/Santiago", "2026-04-04 22:00"),
        ("Africa/Cairo", "2026-04-23 22:00"),
        ("Africa/Cairo", "2026-10-29 22:00"),
        ("Australia/Lord_Howe", "2026-10-03 22:00"),
        ("Australia/Lord_Howe", "2026-04-04 22:00"),
    ],
)
@pytest.mark.parametrize("hour", [4, 8, 12])
def test_the_morning_after_such_a_night_shows_the_hour(name, evening, hour):
    where = zone(name)
    at = local(evening, where)
    then = next_day(at, where, hour).astimezone(where)
    assert (then.hour, then.minute) == (hour, 0)
    assert then.date() == at.astimezone(where).date() + timedelta(days=1)


def test_in_the_hour_that_comes_twice_it_is_still_the_day_before():
    for fold in (0, 1):
        at = local("2026-10-25 02:30", BERLIN, fold)
        assert day(at, BERLIN) == date(2026, 10, 24)
        assert next_day(at, BERLIN, 8) == utc("2026-10-25 07:00")


seconds = st.integers(
    int(datetime(2005, 1, 1, tzinfo=UTC).timestamp()),
    int(datetime(2037, 1, 1, tzinfo=UTC).timestamp()),
)


@given(seconds, st.sampled_from(ZONES), st.integers(4, 23))
def test_the_next_day_is_always_ahead_and_never_far(second, name, hour):
    at = datetime.fromtimestamp(second, UTC)
    where = zone(name)
    then = next_day(at, where, hour)
    assert then.utcoffset() == timedelta(0)
    assert timedelta(0) < then - at <= timedelta(hours=48)
    assert day(at, where) <= day(then, where)


@pytest.mark.process
def test_in_no_zone_is_the_next_day_behind():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for name in ZONES:
        where = zone(name)
        for hours in range(0, 366 * 24, 37):
            at = start + timedelta(hours=hours)
            assert timedelta(0) < day_turns(at, where) - at <= timedelta(hours=48), name
