"""What a typed line means, given the buttons that are shown. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from adapters.terminal.screen import Choice
from adapters.text import clean
from bot.events import Command, Event, Location, Press, Text

LONGEST_LINE = 4000
LONGEST_JUMP = timedelta(days=366)

_NUMBERS = re.compile(r"[0-9]{1,2}(?:[\s,]+[0-9]{1,2})*,?")
_COMMAND = re.compile(r"/([A-Za-z][A-Za-z_]{0,31})(?:\s+(.*))?", re.DOTALL)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_PLACE = re.compile(r"(-?[0-9]{1,2}\.[0-9]+)\s*,\s*(-?[0-9]{1,3}\.[0-9]+)")
_SPANS = re.compile(r"(?:[0-9]{1,6}\s*[a-z]+\s*)+")
_SPAN = re.compile(r"([0-9]+)\s*([a-z]+)")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Events:
    """Things to tell the core, in order; none for an empty line."""

    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A number that no button has."""

    number: int


@dataclass(frozen=True, slots=True)
class NextDue:
    """``>>``: on to the next thing due."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """``>> 10m``: on by so much."""

    by: timedelta


@dataclass(frozen=True, slots=True)
class Until:
    """``>> 21:30``: on to when the clock next shows that."""

    clock: time


@dataclass(frozen=True, slots=True)
class Reset:
    """``>> reset``: back to real time."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """``>>`` and something that is no time."""


Jump = NextDue | Ahead | Until | Reset | Unclear
Typed = Events | NotOffered | Jump


def tidy(line: str) -> str:
    """One line of plain text, whatever came in."""
    return clean(line[:LONGEST_LINE]).replace("\n", " ").strip()


def read(line: str, offered: Sequence[Choice]) -> Typed:
    """What a tidy line means."""
    if not line:
        return Events()
    if line.startswith(">>"):
        return _jump(line.removeprefix(">>").strip().casefold())
    if command := _COMMAND.fullmatch(line):
        return Events((Command(command[1].lower(), (command[2] or "").strip()),))
    by_label = {
        name: choice
        for choice in reversed(offered)
        for name in (choice.label.casefold(), f"{choice.number} {choice.label}".casefold())
    }
    if choice := by_label.get(line.casefold()):
        return Events((Press(choice.data),))
    if place := _PLACE.fullmatch(line):  # a shared location, as maps write one
        return Events((Location(float(place[1]), float(place[2])),))
    if offered and _NUMBERS.fullmatch(line):
        return _pressed([int(part) for part in re.findall("[0-9]+", line)], offered)
    return Events((Text(line),))


def _pressed(numbers: Sequence[int], offered: Sequence[Choice]) -> Events | NotOffered:
    """All are looked up before any is pressed: a press may change what is shown."""
    by_number = {choice.number: choice for choice in offered}
    for number in numbers:
        if number not in by_number:
            return NotOffered(number)
    return Events(tuple(Press(by_number[number].data) for number in dict.fromkeys(numbers)))


def _jump(wanted: str) -> Jump:
    if not wanted:
        return NextDue()
    if wanted == "reset":
        return Reset()
    if clock := _CLOCK.fullmatch(wanted):
        return Until(time(int(clock[1]), int(clock[2])))
    parts = _SPAN.findall(wanted) if _SPANS.fullmatch(wanted) else []
    if not parts or any(unit not in _SECONDS for _, unit in parts):
        return Unclear()
    by = timedelta(seconds=sum(int(amount) * _SECONDS[unit] for amount, unit in parts))
    return Ahead(by) if timedelta(0) < by <= LONGEST_JUMP else Unclear()


def next_showing(clock: time, now: datetime, zone: tzinfo) -> datetime:
    """When the clock there next shows that time of day; in a gap shifted by it."""
    today = now.astimezone(zone).date()
    on_days = (today + timedelta(days=days) for days in range(3))
    moments = (datetime.combine(day, clock, tzinfo=zone).astimezone(UTC) for day in on_days)
    return next(moment for moment in moments if moment > now)
