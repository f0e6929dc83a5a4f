"""Which club an event of a person's is about, and what of it their step needs."""

import re
from dataclasses import dataclass

from bot.conversation.buttons import ANYONE, parse
from bot.events import Command, Event, Press, Text

HERE = ("challenge",)
"""Commands about the club in which they are said."""
MINE = ("challenge", "forget", "log")
"""Commands for which a step needs the challenges that somebody is in."""
_LINK = re.compile(r"([tcr])[_.]([0-9]{1,12})(?:[_.]([0-9]{1,9})(?:[_.]([a-z0-9]{1,12}))?)?")
_CODE = re.compile(r"([0-9]{1,12})-([0-9]{1,9})-([A-Za-z0-9]{1,12})")


@dataclass(frozen=True)
class Way:
    """The way into something of a club's: a rest of many (t), a challenge (c), its runs (r)."""

    what: str
    club: int
    number: int = 0
    code: str = ""


def way(said: str) -> Way | None:
    """What a link, or what stood behind a question, leads to."""
    found = _LINK.fullmatch(said)
    if found is None:
        return None
    what, club, number, code = found.groups(default="")
    return Way(what, int(club), int(number or 0), code)


def coded(said: str) -> Way | None:
    """What a code leads to, however it was typed."""
    found = _CODE.fullmatch("".join(said.split()))
    return Way("c", int(found[1]), int(found[2]), found[3].lower()) if found else None


def pressed(event: Press) -> Way | None:
    """What a button of a club's post leads to, or one that stood between."""
    found = parse(event.data)
    if found is None:
        return None
    about = (*found.about, "", "", "")
    match found.verb:
        case "consent" | "language":
            return way(about[1])
        case ("together" | "enter" | "after") as verb if found.owner == ANYONE:
            kind = {"together": "t", "enter": "c", "after": "r"}[verb]
            return way(".".join((kind, *filter(None, found.about))))
        case "member" | "entry" if about[0].isdecimal():
            return Way("", int(about[0]))
        case _:
            return None


def club_of(event: Event) -> int:
    """The club that an event is about, 0 if none is named."""
    found: Way | None = None
    match event:
        case Press():
            found = pressed(event)
        case Command(name, argument) if name.casefold() == "start":
            found = way(argument)
        case Command(name, argument) if name.casefold() == "join":
            found = coded(argument)
        case _:
            pass
    return found.club if found else 0


def about_entries(event: Event, *, naming: bool) -> bool:
    """Whether a step needs the challenges that they are in; ``naming``: a name is asked."""
    match event:
        case Command(name):
            return name.casefold() in (*MINE, "join") or club_of(event) > 0
        case Press():
            found = pressed(event)
            return found is not None and found.what in ("c", "")
        case Text():
            return naming
        case _:
            return False
