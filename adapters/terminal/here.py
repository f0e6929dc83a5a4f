"""What this machine knows of the person at it: their language and their time zone."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tzlocal import get_localzone_name

NOWHERE = frozenset({"UTC", "Etc/UTC", "UCT", "Etc/UCT", "Universal", "Zulu", "Etc/Universal"})
_LOCALE = re.compile(r"([a-z]{2,3})(?:_([A-Z]{2}|[0-9]{3}))?(?:[.@].*)?")


class NoSuchZone(Exception):
    """No time zone has that name; ``near`` are names that look like it."""

    def __init__(self, name: str, near: list[str]) -> None:
        """``name`` as it was given."""
        super().__init__(name)
        self.name = name
        self.near = near


def language(environment: Mapping[str, str]) -> str:
    """The locale as platforms write it: ``de-DE``; empty where there is none."""
    wanted = next(
        (value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))),
        "",
    )
    found = _LOCALE.fullmatch(wanted)
    return "-".join(part for part in found.groups() if part) if found else ""


def machine_zone() -> str:
    """The IANA name of the machine's time zone; empty where it does not say.

    UTC is what a machine is set to that stands nowhere: it says nothing of a person's evening.
    """
    try:
        name = get_localzone_name()
        return ZoneInfo(name).key if name and name not in NOWHERE else ""
    except (ZoneInfoNotFoundError, LookupError, ValueError, OSError):
        return ""


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name, in any case of letters; old names (GB, EST5EDT) are names, too."""
    every = available_timezones()
    wanted = name.strip().casefold().replace(" ", "_")
    exact = [zone for zone in every if zone.casefold() == wanted]
    if exact:
        return ZoneInfo(exact[0])
    # None of the old ones is suggested.
    names = sorted(zone for zone in every if "/" in zone or zone == "UTC")
    by_city = {zone.rsplit("/", 1)[-1].casefold(): zone for zone in reversed(names)}
    near = [by_city[city] for city in get_close_matches(wanted, by_city, n=2, cutoff=0.7)]
    lowered = {zone.casefold(): zone for zone in names}
    near += [lowered[zone] for zone in get_close_matches(wanted, lowered, n=3, cutoff=0.6)]
    raise NoSuchZone(name, list(dict.fromkeys(near))[:3])
