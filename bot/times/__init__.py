"""Times in words: what a text says about time, and the instants that may be meant. Pure.

A text is understood as a whole or not at all: a word that no grammar knows, or two times that
contradict each other, make `read` return None, so that nothing is guessed silently. A language
is one module with a `Language`, and one line in ``_LANGUAGES``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from bot.practice.localtime import TURN, day
from bot.times.english import ENGLISH
from bot.times.german import GERMAN
from bot.times.grammar import LONGEST_TEXT
from bot.times.meaning import (
    EVERY_DAY,
    HOUR,
    Clock,
    Date,
    Day,
    Ending,
    Heard,
    Later,
    Monday,
    Offset,
    together,
)

_LANGUAGES = {
    "en": ENGLISH,
    "de": GERMAN,
}
_DEFAULT_LANGUAGE = "en"

_DAY = timedelta(days=1)
_LONGEST_WAIT = timedelta(days=365)
_LONGEST_BARE_WAIT = 12 * HOUR  # "22 hours" is rather a clock time
_LONGEST_LENGTH = timedelta(days=1)
_JUST_PAST = timedelta(days=180)
"""So long after a date its name still means the past one, and not next year's."""
_MOST_CUTS = 16  # two for each weekday, and both ends of the text


@dataclass(frozen=True)
class Said:
    """What a text says about time; only what was said, nothing filled in."""

    after: timedelta | None = None  # a wait
    lasts: timedelta | None = None  # how long something takes
    on: date | None = None  # one day; its small hours may belong to the evening before
    weekdays: frozenset[int] = frozenset()  # repeated days, Monday is 0
    clock: time | None = None
    half_open: bool = False  # the clock may be in either half of the day
    part: str = ""  # "morning", "noon", "afternoon", "evening" or "night"
    exact: bool = False  # "at 21:30", "sharp"
    about: bool = False  # "around", "9ish"
    until: date | None = None  # the day on which things go on again


def read(text: str, language: str, now: datetime) -> Said | None:
    """What a text says; None when any of it is not understood.

    ``now`` is aware, in the person's zone. A text longer than 200 characters is not read.
    """
    phrases = _heard(text, language)
    return None if phrases is None else _together(phrases, now)


def _heard(text: str, language: str) -> tuple[Heard, ...] | None:
    if len(text) > LONGEST_TEXT:
        return None
    return _LANGUAGES.get(language, _LANGUAGES[_DEFAULT_LANGUAGE]).phrases_of(text)


def _together(phrases: Sequence[Heard], now: datetime) -> Said | None:
    heard = together(phrases)
    return None if heard is None else _said(heard, now)


def read_any(text: str, language: str, now: datetime) -> Said | None:
    """What a text says in the person's language, or else in any other."""
    readings = (read(text, each, now) for each in _from_own(language))
    return next((said for said in readings if said is not None), None)


def _from_own(language: str) -> tuple[str, ...]:
    """All languages, the person's first."""
    return (language, *(other for other in _LANGUAGES if other != language))


def read_schedule(text: str, language: str, now: datetime) -> tuple[Said, ...]:
    """What a text says, as one, or as several times that each have weekdays of their own.

    "Mon to Thu 10pm, Fri and Sat midnight" is two. Empty when it is not understood, can be
    cut in more than one way, or gives a weekday two times.
    """
    for each in _from_own(language):
        phrases = _heard(text, each)
        if phrases is None:
            continue
        if whole := _together(phrases, now):
            return (whole,)
        if several := _several(phrases, now):
            return several
    return ()


def _several(phrases: Sequence[Heard], now: datetime) -> tuple[Said, ...]:
    """The fewest times into which the phrases can be cut; empty unless that is one way only."""
    cuts = [0, *_cuts(phrases), len(phrases)]
    if len(cuts) > _MOST_CUTS:
        return ()
    ways: dict[int, set[tuple[Said, ...]]] = {0: {()}}
    for end in cuts[1:]:
        found = {
            (*way, said)
            for start in cuts
            if start < end and ways.get(start)
            if (said := _entry(phrases[start:end], now))
            for way in ways[start]
        }
        fewest = min(map(len, found), default=0)
        ways[end] = {*islice((way for way in found if len(way) == fewest), 2)}
    if len(ways[len(phrases)]) != 1:
        return ()
    (way,) = ways[len(phrases)]
    days = [day for said in way for day in said.weekdays]
    return way if len(days) == len(set(days)) else ()


def _cuts(phrases: Sequence[Heard]) -> Iterator[int]:
    """Where another time may begin: after a comma or an "and", or at days after a clock time."""
    before, apart = Heard(), False
    for at, heard in enumerate(phrases):
        if at and (
            (apart and (heard.says_days or heard.clock))
            or (heard.says_days and (before.clock or before.bare or before.length))
        ):
            yield at
        apart = heard.apart or (apart and not heard.says)
        before = heard if heard.says else before


def _entry(phrases: Sequence[Heard], now: datetime) -> Said | None:
    """One of several times: weekdays, together, and a clock time; "Tue 9" is every Tuesday."""
    heard = together(phrases)
    if heard is None or heard.upcoming or heard.clock is None:
        return None
    days_first = [each.says_days for each in phrases if each.says_days or each.clock]
    if days_first not in (sorted(days_first), sorted(days_first, reverse=True)):
        return None  # days on both sides of the clock time
    said = _said(replace(heard, repeats=heard.repeats or bool(heard.names)), now)
    return said if said and said.weekdays and not (said.until or said.on) else None


# --- from what was heard to what was said ---------------------------------------------------------


def _said(heard: Heard, now: datetime) -> Said | None:
    """Put together what the phrases of one text say; None when it does not make sense."""
    weekdays = _weekdays(heard)
    timed = _timed(heard, bool(weekdays))
    clock = _settled(heard)
    if weekdays is None or timed is None or (heard.clock and clock is None):
        return None
    if heard.overnight and clock and clock.at < TURN:
        return None
    said = replace(
        timed,
        weekdays=weekdays,
        clock=clock.at if clock else None,
        half_open=clock.half_open if clock else False,
        part=heard.part or (clock.part if clock else ""),
        exact=heard.exact and not heard.about,
        about=heard.about,
    )
    dated = _dated(heard, said, now)
    return dated if dated and _means_something(dated) and _on_topic(heard, dated) else None


def _means_something(said: Said) -> bool:
    if said.clock and (said.after or (said.until and not said.weekdays)):
        return False
    if said.after and (said.on or said.weekdays or said.part or said.until):
        return False
    return bool(
        said.after
        or said.lasts
        or said.on
        or said.weekdays
        or said.clock
        or said.part
        or said.until
    )


def _on_topic(heard: Heard, said: Said) -> bool:
    """Whether what else the text is about goes with the time."""
    if "away" in heard.topics:
        return bool(said.until and not said.weekdays)
    return "run_days" not in heard.topics or said.clock is not None


def _weekdays(heard: Heard) -> frozenset[int] | None:
    """The days that repeat; empty for a single one. None: "every day" beside single days."""
    if heard.every == EVERY_DAY and heard.names:
        return None
    several = heard.every or heard.repeats or len(heard.names) > 1
    days = (heard.every | heard.names or EVERY_DAY) if several else frozenset()
    return days - heard.but if heard.but < days or not heard.but else None


def _timed(heard: Heard, repeats: bool) -> Said | None:
    """The wait and the length: a bare one is a length beside a clock time or days."""
    beside = heard.clock or heard.day or heard.names or heard.part or repeats
    after = heard.wait or (None if beside else heard.bare)
    lasts = heard.length or (heard.bare if beside else None)
    if heard.bare and (heard.wait or heard.length):
        return None
    if heard.bare and not beside and ("doing" in heard.topics or heard.bare > _LONGEST_BARE_WAIT):
        return None
    ranges = ((after, _LONGEST_WAIT), (lasts, _LONGEST_LENGTH))
    waits = (heard.wait, heard.length, heard.bare)
    if any(each is not None and each <= timedelta() for each in waits):
        return None
    if any(each and each > longest for each, longest in ranges):
        return None
    return Said(after=after, lasts=lasts)


_HOURS_OF = {  # of a part of the day: its hours as they are, and those that mean twelve more
    "morning": ({*range(12)}, set[int]()),
    "noon": ({11, 12, 13, 14}, {1, 2}),
    "afternoon": ({*range(12, 19)}, {*range(1, 8)}),
    "evening": ({*range(4), *range(16, 24)}, {*range(4, 12)}),
    "night": ({*range(6), *range(18, 24)}, {*range(7, 12)}),
}


def _settled(heard: Heard) -> Clock | None:
    """The clock time, its half settled by the part of the day; None when they do not fit."""
    clock = heard.clock
    if clock is None:
        return Clock(time(12)) if heard.part == "noon" else None
    if not heard.part:
        return clock
    usual, later = _HOURS_OF[heard.part]
    hour = clock.at.hour
    if clock.half_open and hour == 12 and heard.part in ("evening", "night"):
        hour = 0
    elif clock.half_open and hour in later:
        hour += 12
    return (
        replace(clock, at=clock.at.replace(hour=hour), half_open=False) if hour in usual else None
    )


def _dated(heard: Heard, said: Said, now: datetime) -> Said | None:
    """Add the one day, or the day on which things go on again."""
    one_name = heard.names and not said.weekdays
    if heard.ending:
        return None if heard.day or one_name else _until(heard.ending, said, now)
    if not heard.day and not one_name:
        return said
    if said.weekdays or (isinstance(heard.day, Monday) and said.clock and not one_name):
        return None
    named = (day for day in _days(heard.day, now) if not one_name or day.weekday() in heard.names)
    later = [day for day in named if day > now.date() or not heard.upcoming]
    days = [replace(said, on=day) for day in later if day >= _house_day(now) or said.clock]
    if isinstance(heard.day, Offset) or (isinstance(heard.day, Date) and heard.day.comes_yearly):
        return days[0] if days else None  # that day, even when its time is past
    return next((each for each in days if _ahead(each, now)), None)


_ENDS = {"morning": 12, "noon": 14, "afternoon": 18, "evening": 24, "night": 24, "": 24}


def _ahead(said: Said, now: datetime) -> bool:
    """Whether the day that was named is still to come with its time: "Sunday 15:00" on a Sunday."""
    if said.clock is None:
        return said.on != now.date() or now.hour < _ENDS[said.part]
    local = (at.astimezone(now.tzinfo) for at in moments(said, now))
    into_night = said.part in ("evening", "night")
    return any(at.date() == said.on or at.hour == 0 or into_night for at in local)


def _until(ending: Ending, said: Said, now: datetime) -> Said | None:
    today = _house_day(now)
    first = today if ending.through else today + _DAY
    later = (on for on in _days(ending.day, now) if on >= first)
    named = (on for on in later if ending.name in (None, on.weekday()))
    until = next(named, None)
    return replace(said, until=until + _DAY * ending.through) if until else None


def _days(said: Day | None, now: datetime) -> Iterator[date]:
    """The days that may be meant, the next one first, up to a year ahead.

    Of a date without a year it is the one in the year that began `_JUST_PAST` ago.
    """
    today = now.date()
    year_ahead = (today + ahead * _DAY for ahead in range(_LONGEST_WAIT.days + 1))
    match said:
        case Offset(days):
            if days <= _LONGEST_WAIT.days:
                yield _house_day(now) + days * _DAY
        case Monday(weeks):
            monday = today + (7 * weeks - today.weekday()) * _DAY
            yield from (monday + ahead * _DAY for ahead in range(7))
        case Later(name, weeks, upcoming):
            first = next(day for day in islice(year_ahead, upcoming, None) if day.weekday() == name)
            yield first + 7 * weeks * _DAY
        case Date() if said.comes_yearly:
            year = (day - _JUST_PAST for day in year_ahead)
            yield from islice(filter(said.fits, year), 1)
        case Date():
            yield from filter(said.fits, year_ahead)
        case None:
            yield from islice(year_ahead, 8)


# --- from what was said to instants -------------------------------------------------------------


def _house_day(at: datetime) -> date:
    return day(at, at.tzinfo or UTC)


def moments(said: Said, now: datetime, *, evening: bool = True) -> tuple[datetime, ...]:
    """The instants in UTC that may be meant, likeliest first, at most two.

    None when no single time was said or it is past. A clock time in the evening is likelier than
    one in the morning while ``evening``. In a gap of the clocks it is shifted by the gap, of a
    doubled hour it is the first. ``now`` is aware, in the person's zone.
    """
    if said.after is not None:
        return (now.astimezone(UTC) + said.after,)
    if said.clock is None or said.weekdays or said.until:
        return ()
    found = []
    later_first = _later_first(said.clock.hour, evening)
    for order, clock in enumerate(_halves(said.clock, said.half_open, later_first)):
        if (at := _next(said, clock, now)) is not None:
            today = said.on in (None, _house_day(now)) and _house_day(at) == _house_day(now)
            found.append((_rank(at, now, evening) if today else (True, order, 0.0), at))
    return tuple(dict.fromkeys(at.astimezone(UTC) for _, at in sorted(found)))


def clocks(said: Said, *, evening: bool = True) -> tuple[time, ...]:
    """The clock times that may be meant by one that repeats, likeliest first.

    Of 5 to 11 the later is likelier while ``evening`` and the earlier otherwise; of 12 it is
    midnight or noon, of 1 to 4 the small hours or the afternoon.
    """
    if said.clock is None:
        return ()
    later_first = (5 <= said.clock.hour <= 11) == evening
    return _halves(said.clock, said.half_open, later_first)


def _halves(clock: time, half_open: bool, later_first: bool) -> tuple[time, ...]:
    """The clock time in each half of the day, or just as it is."""
    if not half_open:
        return (clock,)
    hour = clock.hour % 12
    hours = (hour + 12, hour) if later_first else (hour, hour + 12)
    return tuple(clock.replace(hour=each) for each in hours)


def _later_first(hour: int, evening: bool) -> bool:
    """Whether the later half is likelier on a day that is not today."""
    return not (5 <= hour <= 8 or (9 <= hour <= 11 and not evening))


def _next(said: Said, clock: time, now: datetime) -> datetime | None:
    """When the clock shows that next, on the day that was said; None when that is past."""
    turns = TURN.hour
    if said.on is None:
        days = [now.date() + ahead * _DAY for ahead in range(3)]
    elif clock.hour < turns and (
        said.part in ("evening", "night")
        or (said.on <= _house_day(now) and (now.hour < turns or clock.hour == 0))
        or (said.half_open and clock.hour == 0)
    ):
        days = [said.on + _DAY]  # the night after that day
    elif clock.hour >= turns and said.on == _house_day(now):
        days = [said.on, now.date()]  # "tonight" said after midnight may be this calendar day's
    else:
        days = [said.on]
    instants = (datetime.combine(day, clock, tzinfo=now.tzinfo) for day in days)
    return next((at for at in instants if at.astimezone(UTC) > now.astimezone(UTC)), None)


def _rank(at: datetime, now: datetime, evening: bool) -> tuple[bool, float, float]:
    """What is still today comes before another day's: in it the evening, else the sooner."""
    late = at.time() >= time(18) or at.time() <= time(0, 30)
    away = at.astimezone(UTC) - now.astimezone(UTC)
    return False, evening and not late, away.total_seconds()
