"""Local wall time: where a day turns, what is bedtime, when a clock next shows an hour."""

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from bot.content.routine import number

TURN = time(number("day_turns_hour"))
"""When one day ends and the next begins, for somebody who is up late."""
UP_LATE = timedelta(hours=number("day_turns_hour"))
"""How long after midnight it is still the day before."""


def fixed(minutes: int) -> tzinfo:
    """The clock of somebody of whom only the offset is known, in minutes east of UTC."""
    return timezone(timedelta(minutes=minutes))


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name; UTC while a person's is not known."""
    return ZoneInfo(name or "UTC")


# A whole wave of reminders asks for the same moment, in the few zones of those who are due.


@lru_cache(maxsize=1024)
def day(at: datetime, where: tzinfo) -> date:
    """The day that a moment belongs to: the small hours are still the day before."""
    return (at.astimezone(where) - UP_LATE).date()


@lru_cache(maxsize=4096)
def moment(on: date, clock: time, where: tzinfo) -> datetime:
    """When a clock there shows that: in a gap shifted by it, the first one of a doubled.

    So RFC 5545 wants it, and so zoneinfo has it with fold=0.
    """
    return datetime.combine(on, clock, tzinfo=where).astimezone(UTC)


@lru_cache(maxsize=4096)
def instant(on: date, hour: int, where: tzinfo) -> datetime:
    """When a clock there shows that full hour."""
    return moment(on, time(hour), where)


@lru_cache(maxsize=4096)
def at_night(night: date, clock: time, where: tzinfo) -> datetime:
    """When a clock there shows that in the evening of ``night`` or in the small hours after it."""
    return moment(night + timedelta(days=clock < TURN), clock, where)


def within(hours: tuple[time, time] | None, at: datetime, where: tzinfo) -> bool:
    """Whether a clock there stands in these hours at that moment; they may go over midnight."""
    if hours is None:
        return False
    (begin, end), clock = hours, at.astimezone(where).time()
    return begin <= clock < end if begin <= end else clock >= begin or clock < end


def next_day(at: datetime, where: tzinfo, hour: int) -> datetime:
    """That hour on the day after the one that ``at`` belongs to."""
    return instant(day(at, where) + timedelta(days=1), hour, where)


def day_turns(at: datetime, where: tzinfo) -> datetime:
    """When "today" is over."""
    return next_day(at, where, number("day_turns_hour"))


@lru_cache(maxsize=1024)
def bedtime(at: datetime, where: tzinfo) -> bool:
    """Whether a rest begun now is one before bed, with the limits of one."""
    hour = at.astimezone(where).hour
    return hour >= number("bedtime_from_hour") or hour < number("bedtime_to_hour")
