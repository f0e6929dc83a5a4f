"""Whom to call: every zone has its country, every number its form and its source."""

import re
from datetime import date
from importlib.resources import files
from zoneinfo import available_timezones

import pytest
from babel import Locale
from babel.core import get_global

from bot.practice.countries import country_of, emergency, numbers, zones

DIALLED = re.compile(r"\d{2,5}")
HELP_LINE = re.compile(r"\+?\d[\d ]{1,14}\d")
"""Help lines are longer in some countries, and may be grouped."""


def zone_tab() -> dict[str, str]:
    text = (files("tzdata") / "zoneinfo" / "zone.tab").read_text()
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {row[2]: row[0] for row in rows}


def test_every_zone_of_the_list_belongs_to_its_country():
    listed = zone_tab()
    assert len(listed) > 400
    for name, code in listed.items():
        assert country_of(name) == code, name


@pytest.mark.parametrize("name", ["", "UTC", "Etc/GMT+3", "Mars/Olympus", "../etc/passwd"])
def test_a_name_of_no_country_has_none(name):
    assert country_of(name) == ""


def test_every_name_of_a_zone_gives_a_country_or_none():
    known = Locale("en").territories
    for name in available_timezones():
        code = country_of(name)
        assert code == "" or code in known, name
        found = numbers(code)
        assert found is None or found.emergency


@pytest.mark.parametrize(
    ("older", "code"),
    [
        ("Asia/Calcutta", "IN"),
        ("Europe/Kiev", "UA"),
        ("America/Buenos_Aires", "AR"),
        ("Asia/Saigon", "VN"),
        ("US/Pacific", "US"),
        ("GB", "GB"),
        ("Japan", "JP"),
    ],
)
def test_older_names_know_their_country(older, code):
    assert country_of(older) == code


def test_a_clock_shared_with_another_country_is_no_country_shared():
    """Iceland keeps the time of Abidjan: its ambulance does not come from there."""
    cldr, aliases = get_global("zone_territories"), get_global("zone_aliases")
    listed = zone_tab()
    wrong = {}
    for name, code in zones().items():
        theirs = cldr.get(aliases.get(name, name))
        if name not in listed and code and theirs and theirs != code:
            wrong[name] = (code, theirs)
    # CLDR counts these two to another name of the same ice and the same islands.
    assert {
        name: row for name, row in wrong.items() if row not in {("AQ", "NZ"), ("UM", "US")}
    } == {}
    assert country_of("Iceland") == "IS"
    assert country_of("America/Coral_Harbour") == "CA"


@pytest.mark.parametrize("letters", ["CET", "EET", "EST", "HST", "MET", "MST", "WET", "EST5EDT"])
def test_the_letters_of_a_clock_are_no_country(letters):
    assert country_of(letters) == ""


@pytest.mark.parametrize(
    ("code", "call", "help_line"),
    [
        ("DE", "112", "116117"),
        ("US", "911", None),
        ("CA", "911", None),
        ("GB", "999", "111"),
        ("IE", "112", None),
        ("AU", "000", None),
        ("NZ", "111", None),
        ("FR", "112", None),
        ("IT", "112", None),
        ("ES", "112", None),
        ("NL", "112", None),
        ("AT", "112", "1450"),
        ("CH", "144", None),
        ("SE", "112", "1177"),
        ("PL", "112", None),
        ("JP", "119", None),
        ("KR", "119", None),
        ("CN", "120", None),
        ("IN", "112", None),
        ("BR", "192", None),
        ("MX", "911", None),
        ("IL", "101", None),
        ("SG", "995", None),
    ],
)
def test_numbers_that_are_widely_known(code, call, help_line):
    found = numbers(code)
    assert found is not None
    equal = {"IE": {"112", "999"}, "FR": {"112", "15"}, "AT": {"112", "144"}}
    assert found.emergency in equal.get(code, {call})
    if help_line is not None:
        assert found.help_line == help_line


@pytest.mark.parametrize("code", sorted(emergency().countries))
def test_each_country_is_well_formed(code):
    country, sources = emergency().countries[code], emergency().sources
    assert re.fullmatch("[A-Z]{2}", code)
    assert code in Locale("en").territories
    assert code in zone_tab().values(), "a country that no zone leads to"
    assert DIALLED.fullmatch(country.emergency)
    assert country.source in sources
    assert bool(country.help_line) == bool(country.help_source)
    if country.help_line:
        assert HELP_LINE.fullmatch(country.help_line)
        assert country.help_line != country.emergency
        assert country.help_source in sources


def test_each_source_can_be_found_and_is_dated_and_used():
    table = emergency()
    used = {country.source for country in table.countries.values()}
    used |= {country.help_source for country in table.countries.values() if country.help_source}
    assert set(table.sources) == used
    for name, source in table.sources.items():
        assert source.title, name
        assert source.url.startswith(("https://", "http://")), name
        assert date(2026, 1, 1) <= source.read <= date(2026, 12, 31), name


def test_a_country_without_a_sure_number_has_none():
    assert numbers("") is None
    assert numbers("ZZ") is None
