"""The people of the peers: a zone each, a bedtime each, the same words as ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "America/Santiago",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Africa/Lagos",
    "Pacific/Auckland",
    "Europe/Kyiv",
    "Asia/Shanghai",
)

HOURS_LATER = 5
"""When the others are due: not during the measurement."""


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Somebody with a reminder every evening at a local time."""

    id: int
    zone: str
    hour: int
    minute: int
    second: int
    due: float


def crowd(n: int, k: int, due: float) -> Iterator[Sleeper]:
    """``n`` people, ``k`` of them (evenly among the others) due at that moment."""
    for number in range(n):
        now = number * k // n != (number + 1) * k // n
        at = due if now else due + HOURS_LATER * 3600 + number % 3600
        zone = ZONES[number % len(ZONES)]
        local = datetime.fromtimestamp(at, zone_of(zone))
        yield Sleeper(number + 1, zone, local.hour, local.minute, local.second, at)


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name."""
    return ZoneInfo(name)


def next_evening(after: datetime, hour: int, minute: int, second: int, zone: str) -> datetime:
    """The next moment after that at which a clock there shows this."""
    local = after.astimezone(zone_of(zone)).replace(
        hour=hour, minute=minute, second=second, microsecond=0, fold=0
    )
    while (at := local.astimezone(UTC)) <= after:
        local += timedelta(days=1)
    return at


def words(hour: int, minute: int) -> str:
    """The reminder."""
    return f"*{hour:02}:{minute:02}.* Legs up? *3 minutes*."
