"""Whom to call, by country; the country from the time zone."""

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from bot.content.routine import Country, EmergencySource

BELONG = {
    **dict.fromkeys(("CET", "EET", "EST", "HST", "MET", "MST", "WET"), ""),
    "Africa/Asmera": "ER",
    "Africa/Timbuktu": "ML",
    "America/Coral_Harbour": "CA",
    "America/Virgin": "VI",
    "Antarctica/South_Pole": "AQ",
    "Atlantic/Jan_Mayen": "SJ",
    "Iceland": "IS",
    "Pacific/Johnston": "UM",
    "Pacific/Ponape": "FM",
    "Pacific/Truk": "FM",
    "Pacific/Yap": "FM",
}
"""Older names whose clock is that of another country by now, and those of no country at all."""


class _Emergency(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    sources: dict[str, EmergencySource]
    countries: dict[str, Country]


@cache
def emergency() -> _Emergency:
    """The table of telephone numbers, with their sources."""
    text = (files("bot.content") / "emergency.toml").read_text(encoding="utf-8")
    return _Emergency.model_validate(tomllib.loads(text))


@cache
def zones() -> dict[str, str]:
    """Every zone name that belongs to one country, older names included, to its country code."""
    folder = files("tzdata") / "zoneinfo"
    rows = (line.split("\t") for line in (folder / "zone.tab").read_text().splitlines())
    found = {row[2].strip(): row[0] for row in rows if not row[0].startswith("#")}
    for line in (folder / "tzdata.zi").read_text().splitlines():
        kind, *names = line.split()
        if kind == "L" and names[0] in found:
            found.setdefault(names[1], found[names[0]])
    return {**found, **BELONG}


def country_of(zone: str) -> str:
    """The country code of a zone, or nothing where it belongs to none."""
    return zones().get(zone, "")


def numbers(country: str) -> Country | None:
    """Whom to call there; None where it is not known for sure."""
    return emergency().countries.get(country)
