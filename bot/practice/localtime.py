"""Local wall time: where a day turns, what is bedtime, when a clock next shows an hour."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from bot.content.routine import number


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name; UTC while a person's is not known."""
    return ZoneInfo(name or "UTC")


def day(at: datetime, where: ZoneInfo) -> date:
    """The day that a moment belongs to: the small hours are still the day before."""
    return (at.astimezone(where) - timedelta(hours=number("day_turns_hour"))).date()


def instant(on: date, hour: int, where: ZoneInfo) -> datetime:
    """When the clock there shows that hour: in a gap shifted by it, the first one of a doubled."""
    return datetime.combine(on, time(hour), tzinfo=where).astimezone(UTC)


def next_day(at: datetime, where: ZoneInfo, hour: int) -> datetime:
    """That hour on the day after the one that ``at`` belongs to."""
    return instant(day(at, where) + timedelta(days=1), hour, where)


def day_turns(at: datetime, where: ZoneInfo) -> datetime:
    """When "today" is over."""
    return next_day(at, where, number("day_turns_hour"))


def bedtime(at: datetime, where: ZoneInfo) -> bool:
    """Whether a rest begun now is one before bed, with the limits of one."""
    hour = at.astimezone(where).hour
    return hour >= number("bedtime_from_hour") or hour < number("bedtime_to_hour")
