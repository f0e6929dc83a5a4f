"""The words: catalogues read at start, and the small markup that every text is written in.

Markup: ``*bold*``, ``_italic_``, ``<1795371000:t|21:30>`` for a moment (seconds since 1970, as a
time ``t`` or as a day and a time ``d``, and how it reads where a platform cannot draw it), and a
backslash before a character that means only itself. Values that are put into a text are escaped,
so that a name can never change the layout.
"""

import gettext
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from importlib.resources import files

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

DEFAULT_LANGUAGE = "en"

_SPECIAL = re.compile(r"([\\*_<])")
_TOKEN = re.compile(r"\\(.)|([*_])|<(\d+:[td])\|([^>]*)>|([^\\*_<]+|<)", re.DOTALL)


class Marked(str):
    """Text that is already in the markup: it goes into another text as it is."""

    __slots__ = ()


def escape(value: object) -> Marked:
    """Make a value mean only itself in the markup."""
    return value if isinstance(value, Marked) else Marked(_SPECIAL.sub(r"\\\1", str(value)))


def _escaped(values: dict[str, object]) -> dict[str, Marked]:
    return {name: escape(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style; a ``moment`` is its seconds since 1970, and how to draw it."""

    text: str
    bold: bool = False
    italic: bool = False
    moment: str = ""


def spans(text: str) -> Iterator[Span]:
    """Read the markup, for an adapter that renders it."""
    bold = italic = False
    for literal, mark, moment, shown, plain_text in _TOKEN.findall(text):
        if mark == "*":
            bold = not bold
        elif mark == "_":
            italic = not italic
        elif moment:
            yield Span(plain(shown), bold, italic, moment)
        else:
            yield Span(literal or plain_text, bold, italic)


def plain(text: str) -> str:
    """The words without their markup."""
    return "".join(span.text for span in spans(text))


@cache
def catalogue(language: str) -> Catalog:
    """The catalogue of one shipped language, as its writers keep it."""
    with (files(__package__) / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def languages() -> tuple[str, ...]:
    """Every shipped language, the default first."""
    found = sorted(
        entry.name.removesuffix(".po")
        for entry in files(__package__).iterdir()
        if entry.name.endswith(".po")
    )
    return (DEFAULT_LANGUAGE, *(name for name in found if name != DEFAULT_LANGUAGE))


class Words:
    """One language: its sentences by key, its plurals and its dates."""

    def __init__(self, language: str, source: Catalog | None = None) -> None:
        """``language`` is one of `languages()`, and so is its catalogue unless one is given."""
        compiled = io.BytesIO()
        write_mo(compiled, catalogue(language) if source is None else source)
        compiled.seek(0)
        self.language = language
        self.locale = Locale.parse(language)
        self._gettext = gettext.GNUTranslations(compiled)
        self._texts: dict[str, str] = {}  # each text of the catalogue, once it was used
        self._said: dict[str, Marked] = {}  # each sentence that needs no values, once it was said
        self._counted = lru_cache(maxsize=1024)(self._count)

    def __call__(self, key: str, **values: object) -> Marked:
        """The sentence of that key with the values in it; a missing key raises KeyError."""
        if values:
            return Marked(self._text(key).format(**_escaped(values)))
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = Marked(self._text(key).format())
        return said

    def _text(self, key: str) -> str:
        found = self._texts.get(key)
        if found is None:
            found = self._gettext.gettext(key)
            if found == key:
                raise KeyError(key)
            self._texts[key] = found
        return found

    def __contains__(self, key: str) -> bool:
        """Whether this language has words for the key."""
        return self._gettext.gettext(key) != key

    def count(self, key: str, n: float, **values: object) -> Marked:
        """The sentence of that key in the plural form of ``n``, which it names ``{n}``."""
        return self._count(key, n, **values) if values else self._counted(key, n)

    def _count(self, key: str, n: float, **values: object) -> Marked:
        whole = int(n) if float(n).is_integer() else 2
        found = self._gettext.ngettext(key, f"{key}.plural", whole)
        if found in (key, f"{key}.plural"):
            raise KeyError(key)
        return Marked(found.format(n=_decimal(n, self.language), **_escaped(values)))

    def clock(self, at: datetime, zone: tzinfo) -> str:
        """The time of day there, as this language writes it."""
        return _clock(at, zone, self.language)

    def time(self, clock: time) -> str:
        """A time of day, as this language writes it."""
        return _time(clock.replace(second=0, microsecond=0), self.language)

    def weekdays(self, days: Sequence[int]) -> str:
        """Weekdays from Monday = 0, as a list: Tue, Thu and Sun."""
        names = self.locale.days["stand-alone"]["abbreviated"]
        return format_list([names[day] for day in days], locale=self.locale)

    def all_of(self, names: Sequence[str]) -> str:
        """Names as a list: Telegram and Discord."""
        return format_list(names, locale=self.locale)

    @property
    def weekday_names(self) -> list[str]:
        """The names of the weekdays, long and short."""
        names = self.locale.days["format"]
        return [*names["wide"].values(), *names["abbreviated"].values()]

    def weekday(self, day: int) -> str:
        """The name of a weekday, from Monday = 0."""
        name: str = self.locale.days["stand-alone"]["wide"][day]
        return name

    def day(self, at: datetime, zone: tzinfo) -> str:
        """The day there, with its weekday: Sunday 22 Nov."""
        return self.weekday_date(at.astimezone(zone).date())

    def moment(self, at: datetime, zone: tzinfo) -> str:
        """The day and the time of day there: Sunday 22 Nov, 12:00."""
        return f"{self.day(at, zone)}, {self.clock(at, zone)}"

    def live_clock(self, at: datetime, zone: tzinfo) -> Marked:
        """The time of day of a moment to come, which a platform may draw by their own clock."""
        return Marked(f"<{int(at.timestamp())}:t|{escape(self.clock(at, zone))}>")

    def live_moment(self, at: datetime, zone: tzinfo) -> Marked:
        """The day and time of a moment to come, which a platform may draw by their own clock."""
        return Marked(f"<{int(at.timestamp())}:d|{escape(self.moment(at, zone))}>")

    def weekday_date(self, on: date) -> str:
        """A calendar day with its weekday: Sunday 22 Nov."""
        return _date(on, self("format.day"), self.language)

    def date(self, on: date) -> str:
        """A calendar day in full: 22 November 2026."""
        return _date(on, self("format.date"), self.language)

    def month(self, number: int) -> str:
        """The name of a month, from 1."""
        name: str = self.locale.months["stand-alone"]["wide"][number]
        return name

    def running(self, elapsed: timedelta) -> str:
        """How far a clock has run: 6:20."""
        seconds = max(0, int(elapsed.total_seconds()))
        return f"{seconds // 60}:{seconds % 60:02d}"


# Babel reads its patterns anew each time, and whole clubs are told the same minute of the same day.


@lru_cache(maxsize=1024)
def _decimal(n: float, language: str) -> str:
    return format_decimal(n, locale=language)


@lru_cache(maxsize=1024)
def _clock(at: datetime, zone: tzinfo, language: str) -> Marked:
    return _time(at.astimezone(zone).time().replace(second=0, microsecond=0), language)


@lru_cache(maxsize=4096)
def _time(clock: time, language: str) -> Marked:
    return escape(format_time(clock, "HH:mm", locale=language))


@lru_cache(maxsize=1024)
def _date(on: date, pattern: str, language: str) -> str:
    return format_date(on, pattern, locale=language)


@lru_cache(maxsize=256)  # what a locale is called comes from outside, and is never trusted
def words(language: str) -> Words:
    """The words of the shipped language that is nearest to the one asked for."""
    wanted = [language.replace("-", "_")] if language else []
    return _shipped(negotiate_locale(wanted, list(languages()), sep="_") or DEFAULT_LANGUAGE)


@cache
def _shipped(language: str) -> Words:
    return Words(language)
