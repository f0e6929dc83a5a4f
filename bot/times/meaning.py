"""What the words and figures of every language come to, and the rules that all languages share."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, time, timedelta
from fractions import Fraction
from functools import reduce

from bot.times.grammar import (
    LONGEST_TEXT,
    Lexicon,
    Piece,
    Readings,
    Rule,
    Token,
    Vocabulary,
    fold,
    pieces,
    rewrite,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EVERY_DAY = frozenset(range(7))
WORKING_DAYS = frozenset(range(5))
WEEKEND = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as written: how many digits (none when spelled), and whether a zero leads."""

    value: int
    digits: int = 0
    led: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock time; ``half_open`` when it may belong to either half of the day."""

    at: time
    half_open: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True)
class Offset:
    """So many days from today."""

    days: int


@dataclass(frozen=True, slots=True)
class Date:
    """A date with what was said of it: the next one that is like that."""

    day: int
    month: int | None = None
    year: int | None = None

    @property
    def comes_yearly(self) -> bool:
        """Whether it is a date of every year."""
        return self.month is not None and self.year is None

    def fits(self, day: date) -> bool:
        """Whether a day is like that."""
        return (
            day.day == self.day
            and self.month in (None, day.month)
            and self.year in (None, day.year)
        )


@dataclass(frozen=True, slots=True)
class Monday:
    """The Monday on which the week begins that is so many weeks from this one."""

    weeks: int


@dataclass(frozen=True, slots=True)
class Ending:
    """Until when: a day, a weekday or both, ``through`` it when that day still counts."""

    day: "Day | None" = None
    name: int | None = None
    through: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """So many weeks after the next weekday of that name, which is not today when ``upcoming``."""

    name: int
    weeks: int
    upcoming: bool = False


Day = Offset | Date | Monday | Later


@dataclass(frozen=True, slots=True)
class Heard:
    """What one phrase of a text says, or all of them together; unset is None or empty."""

    wait: timedelta | None = None
    length: timedelta | None = None
    bare: timedelta | None = None  # a wait or a length: the rest of the text decides
    day: Day | None = None
    names: frozenset[int] = frozenset()  # weekdays, each named once
    every: frozenset[int] = frozenset()  # weekdays that repeat
    but: frozenset[int] = frozenset()  # weekdays that are left out
    overnight: bool = False  # "Friday to Saturday": two days, or the one night between them
    repeats: bool = False  # the weekdays named, or every day
    upcoming: bool = False  # "next": not today
    ending: Ending | None = None
    clock: Clock | None = None
    part: str = ""
    exact: bool = False
    about: bool = False
    topics: frozenset[str] = frozenset()  # "doing" something, "away", or on "run_days"
    apart: bool = False  # a comma or an "and"

    @property
    def says_days(self) -> bool:
        """Whether it names weekdays, or every day."""
        return bool(self.names or self.every or self.repeats)

    @property
    def says(self) -> bool:
        """Whether it says anything about time."""
        return replace(self, apart=False, topics=frozenset()) != Heard()

    def __add__(self, other: "Heard | None") -> "Heard | None":
        """Both together; None when they contradict each other."""
        if other is None:
            return None
        together = {}
        for entry in fields(self):
            mine, theirs = getattr(self, entry.name), getattr(other, entry.name)
            if isinstance(mine, frozenset):
                together[entry.name] = mine | theirs
            elif entry.default in (mine, theirs) or mine == theirs:
                together[entry.name] = theirs if mine == entry.default else mine
            else:
                return None
        return Heard(**together)


def together(phrases: Iterable[Heard]) -> Heard | None:
    """All that they say; None when two contradict each other."""
    start: Heard | None = Heard()
    return reduce(lambda all_, each: all_ and all_ + each, phrases, start)


# --- figures ---------------------------------------------------------------------------------


def _clock_of(hour: str, minute: str) -> Clock | None:
    return clock(Figure(int(hour), len(hour), hour.startswith("0")), Figure(int(minute), 2))


def _digits(text: str) -> Readings:
    readings: dict[str, object] = {}
    if len(text) <= 4:
        readings["NUMBER"] = Figure(int(text), len(text), text.startswith("0"))
    if len(text) in (3, 4) and (at := _clock_of(text[:-2], text[-2:])):
        readings["RUN"] = at
        if len(text) == 4:
            readings["FOUR_DIGITS"] = replace(at, half_open=False)
    if len(text) == 4:
        readings["YEAR"] = int(text)
    return readings


def _dotted(text: str) -> Readings:
    """24.12. or 24.12.2026, but 21.30. is a clock time that ends a sentence."""
    day, month, year = text.split(".")
    on = dated(int(day), int(month), int(year) + 2000 * (len(year) == 2) if year else None)
    if on:
        return {"DATE": on}
    at = None if year or len(month) == 1 else _clock_of(day, month)
    return {"FULL": at} if at else {}


def _point(text: str) -> Readings:
    """22.15 is a clock time, 24.12 a date, 1.5 a number; 10.12 may be either of the first two."""
    first, second = re.split("[.,]", text)
    readings: dict[str, object] = {}
    if len(second) == 1 or second in ("25", "75"):
        readings["PART_NUMBER"] = Fraction(f"{first}.{second}")
    if "," in text:
        return readings
    at = _clock_of(first, second) if len(second) == 2 else None
    on = dated(int(first), int(second))
    if on:
        readings["POINT_DATE" if at or len(second) == 1 else "DATE"] = on
    if at:
        readings["POINT" if on else "FULL"] = at
    return readings


def _slash(text: str) -> Readings:
    """1/2 before a unit, or a date whose order is plain."""
    first, second = map(int, text.split("/"))
    if (first, second) in ((1, 2), (1, 4), (3, 4)):
        part = Fraction(first, second)
        return {"PART_NUMBER": part, "PART_HOUR": int(60 * part)}
    day, month = (first, second) if first > 12 or first == second else (second, first)
    on = dated(day, month) if day > 12 or first == second else None
    return {"DATE": on} if on else {}


def _hours(text: str) -> Readings:
    """2h30 is a length, 21h30 a clock time; between them only "at" or "in" can tell."""
    hour, minute = text.replace(" ", "").split("h")
    if int(minute or 0) > 59:
        return {}
    readings: dict[str, object] = {"H_SPAN": int(hour) * HOUR + int(minute or 0) * MINUTE}
    if at := _clock_of(hour, minute or "00"):
        readings["H_CLOCK"] = at
    if int(hour) <= 6:
        readings["SPAN"] = readings["H_SPAN"]
    elif at and int(hour) > 12:
        readings["FULL"] = at
    return readings


def _iso(text: str) -> Readings:
    year, month, day = map(int, text.split("-"))
    on = dated(day, month, year)
    return {"DATE": on} if on else {}


def _colon(text: str) -> Readings:
    at = _clock_of(*text.split(":")[:2])
    return {"FULL": at} if at else {}


def _half(text: str) -> Readings:
    """9a, 9:30p, 930p."""
    figures = re.sub("[^0-9]", "", text)
    hour, minute = (figures[:-2], figures[-2:]) if len(figures) > 2 else (figures, "00")
    at = clock(Figure(int(hour), len(hour)), int(minute), f"{text[-1]}m")
    return {"FULL": at} if at else {}


_FORMS: Mapping[str, Callable[[str], Readings]] = {
    "iso": _iso,
    "dotted": _dotted,
    "half": _half,
    "clock": _colon,
    "hours": _hours,
    "point": _point,
    "slash": _slash,
    "digits": _digits,
    "between": lambda _: {"dash": None},
    "hyphen": lambda _: {"dash": None, "filler": None, "hyphen": None},
    "inside": lambda _: {},
}

SHORTENED = ("WEEKDAY", "MONTH", "UNIT")  # "Nov.", "Min."

SIGNS: Vocabulary = {
    "filler": {'.|,|;|:|!|?|(|)|[|]|"|\u201c|\u201d|\u201e|\u00ab|\u00bb|*|_|-|...': None},
    "comma": {",": None},
    "point": {".": None},
    "dash": {"-": None},
    "and": {"&|+|/|,": None},
    "joint": {"&|+|/": None},
    "apart": {".|,|;|&|+|/": None},
}


# --- the meanings of the shared rules ----------------------------------------------------------


def clock(
    hour: Figure, minute: Figure | int | None = None, half: str | None = None
) -> Clock | None:
    """A clock time from its figures and "am" or "pm"."""
    minutes = minute.value if isinstance(minute, Figure) else minute or 0
    if minutes > 59 or hour.value > 24 or hour.digits > 2:
        return None
    if hour.value == 24:
        return None if minutes or half else Clock(time(0), part="night")
    if half is None:
        return Clock(time(hour.value, minutes), not hour.led and 1 <= hour.value <= 12)
    if hour.value == 0 or (hour.value > 12 and half == "am"):
        return None
    twelve_more = 12 if half == "pm" else 0
    return Clock(time(hour.value % 12 + twelve_more, minutes))


def shifted(at: Clock | None, minutes: int) -> Clock | None:
    """So many minutes past a full hour, or before it."""
    return None if at is None or at.at.minute else turned(at, minutes)


def turned(at: Clock, minutes: int) -> Clock:
    """A clock time so many minutes later, or earlier."""
    since_midnight = (at.at.hour * 60 + at.at.minute + minutes) % (24 * 60)
    hour, minute = divmod(since_midnight, 60)
    return replace(at, at=time(hour or 12 if at.half_open else hour, minute))


def full_hour(hour: Figure | Clock, half: str | None = None) -> Clock | None:
    """The clock time that minutes are counted from: "nine", "nine pm", "midnight"."""
    return clock(hour, None, half) if isinstance(hour, Figure) else hour


def past(
    minutes: Figure | timedelta, hour: Figure | Clock, half: str | None = None
) -> Clock | None:
    """As in "ten past nine", "ten minutes past nine"."""
    return _away(minutes, hour, half, 1)


def to(minutes: Figure | timedelta, hour: Figure | Clock, half: str | None = None) -> Clock | None:
    """As in "ten to nine"."""
    return _away(minutes, hour, half, -1)


def _away(
    minutes: Figure | timedelta, hour: Figure | Clock, half: str | None, sign: int
) -> Clock | None:
    away = _few(minutes)
    return shifted(full_hour(hour, half), sign * away) if away else None


def minutes_past(minutes: Figure, hour: Figure | Clock) -> Clock | None:
    """As in German "zwei nach zehn": where no range reads like that, any minutes do."""
    return past(minutes.value * MINUTE, hour)


def minutes_to(minutes: Figure, hour: Figure | Clock) -> Clock | None:
    """As in German "zwei vor zehn"."""
    return to(minutes.value * MINUTE, hour)


_SHORTLY = 5
_FEW_HOURS = 3 * HOUR


def _shortly(at: Figure | Clock, sign: int) -> Heard | None:
    whole = full_hour(at)
    return Heard(clock=turned(whole, sign * _SHORTLY), about=True) if whole else None


def _quarter_past(hour: Figure | Clock, half: str | None) -> Clock | None:
    return shifted(full_hour(hour, half), 15)


def _quarter_to(hour: Figure | Clock, half: str | None) -> Clock | None:
    return shifted(full_hour(hour, half), -15)


def _twelve(hour: Figure, turn: Clock) -> Clock | None:
    """As in "twelve midnight"."""
    return turn if hour.value in (0, 12, 24) else None


def _few(minutes: Figure | timedelta) -> int | None:
    """Minutes beside a full hour; without the word "minutes" they come in fives."""
    if isinstance(minutes, timedelta):
        return minutes // MINUTE if MINUTE <= minutes <= _FEW_HOURS else None
    return minutes.value if 0 < minutes.value < 30 and minutes.value % 5 == 0 else None


def spoken(hour: Figure, minute: Figure, half: str | None = None) -> Clock | None:
    """As in "nine thirty", "9 30": the minutes have two digits."""
    two = minute.digits == 2 or (minute.digits == 0 and minute.value >= 10)
    return clock(hour, minute, half) if two else None


def halved(at: Clock, half: str | None) -> Clock | None:
    """A whole clock time with "am" or "pm"."""
    return clock(Figure(at.at.hour, 2), at.at.minute, half) if half else at


_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def dated(day: int, month: int | None = None, year: int | None = None) -> Date | None:
    """A date, if there is one like that."""
    if month is not None and not 1 <= month <= 12:
        return None
    longest = max(_LENGTHS) if month is None else _LENGTHS[month - 1]
    return Date(day, month, year) if 1 <= day <= longest else None


def _day_month(day: Figure, month: int, year: int | None) -> Date | None:
    return dated(day.value, month, year)


def _span(amount: Figure | Fraction, unit: timedelta) -> timedelta:
    minutes = (amount.value if isinstance(amount, Figure) else amount) * (unit // MINUTE)
    return timedelta(minutes=float(minutes))


def _sum(hours: timedelta, minutes: timedelta) -> timedelta | None:
    fine = not hours % HOUR and hours <= 12 * HOUR and timedelta() < minutes < HOUR
    return hours + minutes if fine else None


def _sum_of_figures(hours: timedelta, minutes: Figure) -> timedelta | None:
    """As in "an hour 20"."""
    return _sum(hours, minutes.value * MINUTE) if minutes.digits == 2 else None


def _range(first: int | frozenset[int], last: int | frozenset[int]) -> frozenset[int] | None:
    """From a weekday, or the plural of one, to another."""
    ends = names(first), names(last)
    if ends[0] == ends[1] or any(len(end) > 1 for end in ends):
        return None
    (begin,), (end,) = ends
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _ranged(days: frozenset[int]) -> Heard:
    return Heard(every=days, overnight=len(days) == 2)


def names(*days: int | frozenset[int] | None) -> frozenset[int]:
    """All of these days, as one set."""
    sets = (day if isinstance(day, frozenset) else {day} for day in days if day is not None)
    return frozenset().union(*sets)


def _bare_hour(hour: Figure) -> Heard | None:
    at = clock(hour) if hour.digits < 3 and 1 <= hour.value < 24 else None
    return Heard(clock=at) if at else None


def exactly_at(at: Clock | Figure) -> Heard | None:
    """As in "at nine"."""
    if isinstance(at, Figure):
        heard = _bare_hour(at)
        return heard and replace(heard, exact=True)
    return Heard(clock=at, exact=True)


def at_about(at: Clock | Figure) -> Heard | None:
    """As in "around nine"."""
    heard = exactly_at(at)
    return heard and replace(heard, exact=False, about=True)


def _endings(word: str, *, through: bool) -> Iterator[Rule]:
    """Until a day, a weekday, or both at once."""

    def ending(day: Day | None, name: int | None = None) -> Heard:
        return Heard(ending=Ending(day, name, through))

    yield Rule("HEARD", f"{word} ?the DAY|DATE|POINT_DATE", ending)
    yield Rule("HEARD", f"{word} NUMBER point", lambda day: (at := dated(day.value)) and ending(at))
    yield Rule("HEARD", f"{word} ?the ?next WEEKDAY", lambda name: ending(None, name))
    yield Rule("HEARD", f"{word} ?the WEEKDAY ?and DATE", lambda name, day: ending(day, name))


def until_part(name: int, part: str) -> Heard:
    """Until an evening: that day still counts."""
    return Heard(ending=Ending(name=name, through=part in ("evening", "night")))


def _until_end(month: int | None = None) -> Heard:
    return Heard(ending=Ending(Date(1, month and month % 12 + 1)))


def days_from(days: int, day: Day) -> Heard | None:
    """As in "a week from tomorrow"."""
    return Heard(day=Offset(day.days + days)) if isinstance(day, Offset) else None


def weeks_after(name: int, days: int) -> Heard | None:
    """As in "a week on Tuesday"."""
    return None if days % 7 else Heard(day=Later(name, days // 7))


LENGTHS = (
    Rule("FULL", "FOUR_DIGITS hours", lambda at: at),
    Rule("SPAN", "NUMBER|ONE|PART_NUMBER UNIT", _span),
    Rule(
        "SPAN",
        "NUMBER|ONE|PART_NUMBER UNIT and_a_half",
        lambda amount, unit: _span(amount, unit) + unit / 2,
    ),
    Rule("SPAN", "NUMBER and_a_half UNIT", lambda n, unit: _span(n, unit) + unit / 2),
    Rule(
        "SPAN",
        "NUMBER PART_NUMBER UNIT",
        lambda n, part, unit: _span(n, unit) + _span(part, unit),
    ),
    Rule("SPAN", "NUMBER dash|more UNIT", _span),
    Rule("DAYS", "NUMBER more DAY_UNIT", lambda amount, unit: amount.value * unit),
    Rule("DAYS", "NUMBER|ONE DAY_UNIT", lambda amount, unit: amount.value * unit),
)
SUMS = (
    Rule("SPAN", "?more SPAN|H_SPAN ?and SPAN", _sum),
    Rule("SPAN", "?more SPAN NUMBER", _sum_of_figures),
    Rule("SPAN", "more SPAN|H_SPAN", lambda span: span),
    Rule("DAYS", "more DAYS", lambda days: days),
)
DATES = (
    Rule("DATE", "?on ?the NUMBER ?th ?point ?of MONTH ?YEAR", _day_month),
    Rule("DATE", "?on ?the ORDINAL ?of MONTH ?YEAR", _day_month),
    Rule("DATE", "MONTH ?the ORDINAL ?YEAR", lambda month, day, year: _day_month(day, month, year)),
    Rule("DATE", "MONTH NUMBER ?th ?YEAR", lambda month, day, year: _day_month(day, month, year)),
    Rule(
        "DATE", "MONTH NUMBER ?th comma YEAR", lambda month, day, year: _day_month(day, month, year)
    ),
    Rule("DATE", "on|the NUMBER point|th", lambda day: dated(day.value)),
    Rule("DATE", "on the NUMBER point|th", lambda day: dated(day.value)),
    Rule("DATE", "on DATE|POINT_DATE", lambda day: day),
    Rule("UNCLEAR", "WEEKDAY dash WEEKDAY dash WEEKDAY", lambda *_: True),
    Rule("RANGE", "?from WEEKDAY|WEEKDAYS dash|to|through|until WEEKDAY|WEEKDAYS", _range),
)
LISTS = (
    Rule(
        "NAMES",
        "WEEKDAY|RANGE|NAMES ?and ?and WEEKDAY|RANGE|NAMES" + " ?and ?and ?WEEKDAY|RANGE|NAMES" * 5,
        names,
    ),
)
CLOCKS = (
    Rule("CLOCK", "FULL|RUN ?HALF ?oclock", halved),
    Rule("CLOCK", "POINT HALF ?oclock", halved),
    Rule("CLOCK", "POINT oclock", lambda at: at),
    Rule("CLOCK", "NUMBER HALF", lambda hour, half: clock(hour, None, half)),
    Rule("CLOCK", "NUMBER oclock ?HALF", lambda hour, half: clock(hour, None, half)),
    Rule("CLOCK", "NUMBER oclock NUMBER", clock),
    Rule("CLOCK", "NUMBER NUMBER ?HALF", spoken),
    Rule("CLOCK", "NUMBER|ONE|SPAN past NUMBER|TURN ?HALF ?oclock", past),
    Rule("CLOCK", "NUMBER|ONE|SPAN to|before NUMBER|TURN ?HALF ?oclock", to),
    Rule("CLOCK", "quarter past NUMBER|TURN ?HALF ?oclock", _quarter_past),
    Rule("CLOCK", "quarter to|before NUMBER|TURN ?HALF ?oclock", _quarter_to),
    Rule("CLOCK", "TURN", lambda at: at),
    Rule("CLOCK", "NUMBER oclock TURN", _twelve),
    Rule("CLOCK", "NUMBER TURN", _twelve),
    Rule("UNCLEAR", "NUMBER SPAN", lambda *_: True),  # "2 30 min" wants a word or a comma
    Rule("UNCLEAR", "for NUMBER", lambda _: True),  # a clock time, or minutes
    Rule("UNCLEAR", "?in SPAN|H_SPAN event", lambda _: True),  # nobody knows when that ends
)
PHRASES = (
    Rule("HEARD", "CLOCK", lambda at: Heard(clock=at)),
    Rule("HEARD", "NUMBER", _bare_hour),
    Rule("HEARD", "at CLOCK|H_CLOCK|POINT|NUMBER", exactly_at),
    Rule("HEARD", "at about CLOCK|H_CLOCK|POINT|NUMBER", at_about),
    Rule("HEARD", "about at CLOCK|H_CLOCK|POINT|NUMBER", at_about),
    Rule("HEARD", "so about|at ?at CLOCK|H_CLOCK|POINT|NUMBER", at_about),
    Rule("HEARD", "?at ?about shortly past CLOCK|POINT|NUMBER", lambda at: _shortly(at, 1)),
    Rule("HEARD", "?at ?about shortly to|before CLOCK|POINT|NUMBER", lambda at: _shortly(at, -1)),
    Rule("HEARD", "about", lambda: Heard(about=True)),
    Rule("HEARD", "?at exactly ?at", lambda: Heard(exact=True)),
    Rule("HEARD", "PART", lambda part: Heard(part=part)),
    Rule("HEARD", "at NOON", lambda part: Heard(part=part, exact=True)),
    Rule("HEARD", "NOON", lambda part: Heard(part=part)),
    Rule("HEARD", "?so about NOON", lambda part: Heard(part=part, about=True)),
    Rule("HEARD", "in SPAN|H_SPAN", lambda span: Heard(wait=span)),
    Rule("HEARD", "in about SPAN|H_SPAN", lambda span: Heard(wait=span, about=True)),
    Rule("HEARD", "SPAN from_now", lambda span: Heard(wait=span)),
    Rule("HEARD", "for SPAN|H_SPAN ?long", lambda span: Heard(length=span)),
    Rule("HEARD", "for about SPAN|H_SPAN ?long", lambda span: Heard(length=span, about=True)),
    Rule("HEARD", "SPAN long", lambda span: Heard(length=span)),
    Rule("HEARD", "SPAN", lambda span: Heard(bare=span)),
    Rule("HEARD", "in DAYS", lambda days: Heard(day=Offset(days))),
    Rule("HEARD", "DAYS from_now", lambda days: Heard(day=Offset(days))),
    Rule("HEARD", "?for DAYS ?long", lambda days: Heard(ending=Ending(Offset(days)))),
    Rule("HEARD", "DAY", lambda day: Heard(day=day)),
    Rule("HEARD", "DAY PART", lambda day, part: Heard(day=day, part=part)),
    Rule("HEARD", "DAY_PART", lambda pair: Heard(day=pair[0], part=pair[1])),
    Rule("HEARD", "?on DATE", lambda day: Heard(day=day)),
    Rule("HEARD", "?on WEEKDAY", lambda day: Heard(names=frozenset({day}))),
    Rule("HEARD", "?on NAMES", lambda days: Heard(names=days)),
    Rule("HEARD", "?on next WEEKDAY", lambda day: Heard(names=frozenset({day}), upcoming=True)),
    Rule("HEARD", "?every ?on WEEKDAYS", lambda days: Heard(every=days)),
    Rule("HEARD", "?every ?on RANGE", _ranged),
    Rule("HEARD", "except ?on WEEKDAY|RANGE|NAMES|WEEKDAYS", lambda days: Heard(but=names(days))),
    Rule("HEARD", "every WEEKDAY", lambda day: Heard(names=frozenset({day}), repeats=True)),
    Rule("HEARD", "every NAMES", lambda days: Heard(names=days, repeats=True)),
    Rule("HEARD", "every PART|NOON", lambda part: Heard(part=part, every=EVERY_DAY)),
    Rule("HEARD", "?every ?on EVERY_PART", lambda part: Heard(part=part, repeats=True)),
    Rule("HEARD", "WEEK", lambda weeks: Heard(ending=Ending(Monday(weeks)))),
    *_endings("until", through=False),
    *_endings("through", through=True),
    Rule("HEARD", "until ?the WEEKDAY PART", until_part),
    Rule("HEARD", "until end_of MONTH", _until_end),
    Rule("HEARD", "until end_of_month", _until_end),
    Rule("HEARD", "until MONTH", lambda month: Heard(ending=Ending(Date(1, month)))),
    Rule("HEARD", "UNTIL_NAME", lambda day: Heard(ending=Ending(name=day))),
    Rule("HEARD", "TOPIC", lambda topic: Heard(topics=frozenset({topic}))),
    Rule("HEARD", "and|apart", lambda: Heard(apart=True)),
    Rule("HEARD", "filler|for|the|more", Heard),
)


# --- a language --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Language:
    """A grammar: the words, and the rules that a language has for itself, tried before the rest."""

    lexicon: Lexicon
    clocks: tuple[Rule, ...] = ()
    days: tuple[tuple[Rule, ...], ...] = ()  # each is tried on what the one before it made
    phrases: tuple[Rule, ...] = ()

    def phrases_of(self, text: str) -> tuple[Heard, ...] | None:
        """What a text says, phrase by phrase; None when a piece of it is not understood."""
        folded = fold(text)
        if len(folded) > LONGEST_TEXT:  # one character may unfold into many
            return None
        tokens = self._tokens(list(pieces(folded)))
        clocks, phrases = self.clocks + CLOCKS, self.phrases + PHRASES
        for level in (LENGTHS, SUMS, DATES, clocks, *self.days, LISTS, phrases):
            tokens = rewrite(tokens, level)
        heard = [token.readings.get("HEARD") for token in tokens]
        phrased = tuple(each for each in heard if isinstance(each, Heard))
        return phrased if len(phrased) == len(heard) else None

    def _tokens(self, row: Sequence[Piece]) -> list[Token]:
        tokens, at = [], 0
        while at < len(row):
            read = _FORMS.get(row[at].form)
            end, readings = self.lexicon.longest(row, at)
            if read and end == at + 1:  # but "2nite" is a word
                readings = read(row[at].text)
            tokens.append(Token(readings))
            at = end
        return tokens
