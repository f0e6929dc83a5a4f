"""From what a person says, shows or shares to a time zone: city names, wall clocks, positions.

The cities are GeoNames' (CC BY 4.0), trimmed by ``tools/build_cities.py``. They stay one piece of
text, searched as it is: an index of all their names would take twenty times the memory.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from unicodedata import category, normalize

from bot.practice.countries import country_of
from bot.practice.localtime import zone

READ = 80
"""Characters of what was said that are looked at; no city needs more."""
CLEAR = 10
"""So many times larger than the next of its name: nobody need be asked which one is meant."""
OWN_NAME = 5
"""What a city's own name counts for, against one that others, or other languages, call it."""
MOST = 6
LARGE = 250_000
"""People of a city that is meant before any that only others, or other times, call so."""
KNOWN = 100_000
CLOSE = 0.75
ALIKE = timedelta(days=400)
"""Zones that agree for so long are one rule; it spans every change of the clocks."""
ASKEW = 8
"""Minutes that a clock may be wrong: zones stand at least 15 apart."""
DAY = 24 * 60

_MARKS = "[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670]"
_DROPPED = "[\u061c\"'`\u00b4\u02b9-\u02bf\u02c8\u2018-\u201f\u200b-\u200f\u2060\ufeff]"
_LETTERS = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i",
        "ħ": "h", "ŋ": "ng", "ə": "e", "ǝ": "e", "\u0456": "и",
        # Arabic letters that languages, and keyboards, write differently
        "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643",
        "\u0629": "\u0647", "\u06be": "\u0647", "\u06c1": "\u0647",
    }
)  # fmt: skip
_SHORT = {"st": "saint", "ste": "sainte", "sankt": "saint", "mt": "mount", "ft": "fort"}
_INITIALS = re.compile(r"(?<=\b[a-z]) +(?=[a-z]\b)")
"""What stands between them: "D.C." is "dc"."""
_PARTS = re.compile(r"[,;:()\[\]/\r\n]")
_ROW = re.compile(rb"\n([^\t]+)\t([^\t]+)\t([^\t]+)\t([0-9]+)\t")
_UTC = frozenset({"utc", "gmt", "zulu", "Etc/UTC", "Etc/GMT"})


@dataclass(frozen=True, slots=True)
class City:
    """A city, as far as its clock goes; ``region`` is the state or province, or nothing."""

    name: str
    country: str
    region: str
    zone: str
    population: int


def find(said: str) -> tuple[City, ...]:
    """The cities of that name, the likeliest first: more than one only where it matters which.

    It matters where their zones differ and none is far larger. A country or region may follow the
    name: "Springfield, Missouri", "Paris TX", "Cordoba Argentinien".
    """
    spoken = _spoken(said)
    for name, within in (*_readings(spoken), *_readings(_without_e(spoken))):
        found = [(row, own) for row, own in _rows(name) if _inside(row, within)]
        if found:
            return _worth_asking(found)
    return ()


def near(said: str) -> tuple[City, ...]:
    """Up to three large cities whose name is nearly that one, the nearest first."""
    name, *after = _spoken(said) or [""]
    if len(name) < 4:
        return ()
    within = _areas_of(after)
    cities = _table()[1][: _large()].decode()
    alike = re.escape(name[0]) + f"[^|]{{{len(name) - 3},{len(name) + 1}}}"
    names = {*re.findall(rf"\|({alike})(?=\|)", cities), *re.findall(r"\t\|([^|]+)", cities)}
    found: dict[City, None] = {}
    for close in get_close_matches(name, names, n=8, cutoff=CLOSE):
        rows = [(row, own) for row, own in _rows(close) if _inside(row, within)]
        found.update((city, None) for city in _worth_asking(rows) if city.population >= LARGE)
    return tuple(found)[:3]


def beginning(said: str, most: int) -> tuple[City, ...]:
    """Cities whose name begins so, the largest first: for a list that grows as somebody types."""
    name = fold(said[:READ])
    cities, sought = _table()[1], f"|{name}".encode()
    found: list[City] = []
    at = cities.find(sought) if name else -1
    while at >= 0 and len(found) < most:
        start, end = cities.rindex(b"\n", 0, at), cities.index(b"\n", at)
        if match := _ROW.match(cities, start):
            found.append(_row(match).city())
        at = cities.find(sought, end)
    return tuple(found)


def zone_named(said: str) -> str:
    """The IANA name that was meant, today's for an older one, or nothing.

    Names without a place in them say a clock, and often another than is meant: only UTC counts.
    """
    key = re.sub(r"\s*/\s*", "/", said[:READ].strip()).casefold().replace(" ", "_")
    return "UTC" if key in _UTC else _zone_names().get(key, "")


def at_offset(
    minutes: int, now: datetime, *, country: str = "", most: int = MOST
) -> tuple[City, ...]:
    """The main city of each zone that is so far from UTC now, the largest first.

    Those of ``country`` come before all. Of a country's zones that go on alike only one is named.
    """
    there = [city for city in _zone_cities() if offset(city.zone, now) == minutes]
    there.sort(key=lambda city: city.country != country.upper())
    found: list[City] = []
    rules: set[tuple[str, tuple[int, ...]]] = set()
    for city in there:
        if len(found) >= most:
            break
        rule = (city.country, _rule(city.zone, now))
        if rule in rules or any(city.zone == other.zone for other in found):
            continue
        rules.add(rule)
        found.append(city)
    return tuple(found)


def offsets(now: datetime) -> tuple[int, ...]:
    """Every distance from UTC, in minutes, that the clocks of a known city have now."""
    known = (name for name, (_, largest) in _zones().items() if largest >= KNOWN)
    return tuple(sorted({offset(name, now) for name in known}))


def offset_of(clock: time, now: datetime) -> tuple[int, ...]:
    """What a wall clock that shows this now is from UTC, what more people live by first.

    Mostly it is one or none; two may be a day apart, or both nearly fit.
    """
    utc = now.astimezone(UTC)
    ahead = clock.hour * 60 + clock.minute - utc.hour * 60 - utc.minute
    people = _people(now)
    wrong = {offset: abs((offset - ahead + DAY // 2) % DAY - DAY // 2) for offset in people}
    fits = [offset for offset in people if wrong[offset] <= ASKEW]
    return tuple(sorted(fits, key=lambda offset: -people[offset]))


def zone_there(latitude: float, longitude: float) -> str:
    """The zone of a position, or nothing at sea. The position is neither kept nor written down."""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return ""  # also for nan, which compares as false
    from tzfpy import get_tz  # noqa: PLC0415 - 35 MB, which only a shared position needs

    name = get_tz(longitude, latitude)
    return "" if name.startswith("Etc/") else zone_named(name)


def fold(said: str) -> str:
    """A name as it is compared: without case, accents and punctuation, common short forms whole."""
    text = normalize("NFKD", said.casefold()).casefold()
    text = re.sub(_DROPPED, "", re.sub(_MARKS, "", text)).translate(_LETTERS)
    kept = (c if c.isalnum() or category(c)[0] == "M" else " " for c in normalize("NFC", text))
    words = _INITIALS.sub("", "".join(kept)).split()
    return " ".join(_SHORT.get(word, word) for word in words)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table, but for the names to find it by."""

    name: str
    area: str
    zone: str
    population: int

    def city(self) -> City:
        """What the rooms around see of it."""
        return City(self.name, self.area[:2], _region(self.area), self.zone, self.population)


def _row(match: re.Match[bytes]) -> _Row:
    name, area, where, population = match.groups()
    return _Row(name.decode(), area.decode(), where.decode(), int(population))


@cache
def _table() -> tuple[bytes, bytes]:
    """The areas (countries and regions) and the cities, the largest first, a line each."""
    packed = (files("bot.content") / "cities.txt.gz").read_bytes()
    _, areas, cities = gzip.decompress(packed).split(b"\n\n")
    return b"\n%b\n" % areas, b"\n%b" % cities


@cache
def _large() -> int:
    """Where in the table the large cities end."""
    rows = _ROW.finditer(_table()[1])
    return next(row.start() for row in rows if int(row[4]) < LARGE)


def _rows(name: str) -> Iterator[tuple[_Row, bool]]:
    """Each city with that folded name, the largest first, and whether it is the city's own."""
    cities, sought = _table()[1], f"|{name}|".encode()
    at = cities.find(sought)
    while at >= 0:
        start, end = cities.rindex(b"\n", 0, at), cities.index(b"\n", at)
        if match := _ROW.match(cities, start):
            yield _row(match), at < cities.index(b"~", start)
        at = cities.find(sought, end)


@cache
def _region(area: str) -> str:
    """The name of a region; nothing for a whole country."""
    areas = _table()[0]
    at = areas.find(f"\n{area}\t".encode())
    if "." not in area or at < 0:
        return ""
    return areas[at : areas.index(b"|", at)].split(b"\t")[1].decode()


def _areas(name: str) -> frozenset[str]:
    """The countries and regions of that folded name or code."""
    areas, sought = _table()[0], f"|{name}|".encode()
    found, at = set(), areas.find(sought)
    while at >= 0:
        start, end = areas.rindex(b"\n", 0, at) + 1, areas.index(b"\n", at)
        found.add(areas[start:end].split(b"\t", 1)[0].decode())
        at = areas.find(sought, end)
    return frozenset(found)


def _areas_of(names: list[str]) -> tuple[frozenset[str], ...]:
    """What each of those names may stand for; words that are no area ("please") do not count."""
    return tuple(areas for name in names if (areas := _areas(name)))


def _inside(row: _Row, within: tuple[frozenset[str], ...]) -> bool:
    return all(row.area in areas or row.area[:2] in areas for areas in within)


def _spoken(said: str) -> list[str]:
    """What stands between commas and the like, folded."""
    return [part for part in map(fold, _PARTS.split(said[:READ])) if part]


def _without_e(parts: list[str]) -> list[str]:
    """Duesseldorf as Dusseldorf; nothing when that changes nothing."""
    plain = [re.sub("(?<=[aou])e", "", part) for part in parts]
    return [] if plain == parts else plain


def _readings(parts: list[str]) -> Iterator[tuple[str, tuple[frozenset[str], ...]]]:
    """The ways to take it: all of it a name, or its beginning, with the areas that follow."""
    if not parts:
        return
    first, *after = parts
    yield " ".join(parts), ()
    within = _areas_of(after)
    if after:
        yield first, within
    for name, areas in _cut(first):
        yield name, (areas, *within)
        for shorter, inner in _cut(name):
            yield shorter, (inner, areas, *within)


def _cut(name: str) -> Iterator[tuple[str, frozenset[str]]]:
    """The ways to part a name from the country or region at its end."""
    words = name.split()
    for cut in range(len(words) - 1, 0, -1):
        if areas := _areas(" ".join(words[cut:])):
            yield " ".join(words[:cut]), areas


def _worth_asking(found: list[tuple[_Row, bool]]) -> tuple[City, ...]:
    """The likeliest, and of those with another clock each that is not far smaller."""
    if any(own and row.population >= LARGE for row, own in found):
        found = [(row, own) for row, own in found if own]  # Amman was called Philadelphia once
    weighed = [(row.population * (OWN_NAME if own else 1), row) for row, own in found]
    weighed.sort(key=lambda pair: -pair[0])
    kept: dict[str, _Row] = {}
    for weight, row in weighed:
        if weight * CLEAR >= weighed[0][0]:
            kept.setdefault(row.zone, row)
    return tuple(row.city() for row in kept.values())[:MOST]


@cache
def _zone_cities() -> tuple[City, ...]:
    """The main city of each zone in each country, the largest first.

    It is the largest, unless the one that the zone is named after is half as large.
    """
    cities, named = _table()[1], set[tuple[bytes, bytes]]()
    main: dict[tuple[bytes, bytes], re.Match[bytes]] = {}
    for match in _ROW.finditer(cities):
        key = (match[3], match[2][:2])
        largest = main.setdefault(key, match)
        if key not in named and cities.startswith(_namesake(match[3]), match.end()):
            named.add(key)
            main[key] = match if int(match[4]) * 2 >= int(largest[4]) else largest
    found = (_row(match).city() for match in main.values())
    return tuple(sorted(found, key=lambda city: -city.population))


@cache
def _namesake(name: bytes) -> bytes:
    """How the line of the city that a zone is named after goes on."""
    return f"|{fold(name.decode().rpartition('/')[2])}|".encode()


@cache
def _zones() -> dict[str, tuple[int, int]]:
    """How many people live in the cities of each zone, and in the largest of them."""
    zones: dict[bytes, tuple[int, int]] = {}
    for match in _ROW.finditer(_table()[1]):
        people, largest = zones.get(match[3], (0, 0))
        zones[match[3]] = people + int(match[4]), max(largest, int(match[4]))
    return {name.decode(): counted for name, counted in zones.items()}


def offset(name: str, at: datetime) -> int:
    """How far the clocks of a zone are ahead of UTC then, in minutes."""
    ahead = at.astimezone(zone(name)).utcoffset() or timedelta()
    return ahead // timedelta(minutes=1)


def _people(now: datetime) -> dict[int, int]:
    """How many live in cities by each distance from UTC."""
    people: dict[int, int] = {}
    for name, (living, _) in _zones().items():
        ahead = offset(name, now)
        people[ahead] = people.get(ahead, 0) + living
    return people


def _rule(name: str, now: datetime) -> tuple[int, ...]:
    """What a zone does to its clocks from now on, day by day."""
    return tuple(offset(name, now + timedelta(days=day)) for day in range(ALIKE.days))


@cache
def _zone_names() -> dict[str, str]:
    """Each zone name with a place in it, without case, to today's name.

    An older name stays where today's belongs to another country, whose ambulance is another.
    """
    folder = files("tzdata")
    rows = (line.split() for line in (folder / "zoneinfo" / "tzdata.zi").read_text().splitlines())
    links = {row[2]: row[1] for row in rows if row[0] == "L"}
    names: dict[str, str] = {}
    for name in (folder / "zones").read_text().split():
        today = links.get(name, name)
        if "/" in name:
            kept = today if country_of(today) == country_of(name) else name
            names[name.casefold()] = "UTC" if kept in _UTC else kept
    return names
