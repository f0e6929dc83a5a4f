"""Button data: which format, whose button, what it does, to what. Untrusted when it comes back."""

import re
from dataclasses import dataclass

FORMAT = "1"
LONGEST = 64
"""Bytes that every platform takes as button data (Telegram's callback_data)."""
OWNERS = 10**18
"""Every owner is below this: 18 digits."""
ANYONE = 0
"""Owner of a button that does the same for whoever presses it."""

_ABOUT = r"([a-z_]{1,20})((?:\|[a-z0-9_.-]{0,24}){0,4})"
_SHAPE = re.compile(rf"1\|(\d{{1,18}})\|{_ABOUT}")
_SHAPE_OF_ABOUT = re.compile(_ABOUT)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button that was pressed, taken apart."""

    owner: int
    verb: str
    about: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The verb and what it is about, as one row of words."""
        return (self.verb, *self.about)

    @property
    def number(self) -> int:
        """The number of the thing that it is about, or 0."""
        first = self.about[0] if self.about else ""
        return int(first) if first.isdecimal() else 0


def data(owner: int, verb: str, *about: object) -> str:
    """Write button data; raises ValueError when it would not survive a platform."""
    return owned(owner, deed(verb, *about))


def owned(owner: int, what: str) -> str:
    """Button data that does for this owner what `deed` has written."""
    written = f"{FORMAT}|{owner}|{what}"
    # the shape is ASCII: a character is a byte
    if len(written) > LONGEST or not 0 <= owner < OWNERS:
        msg = f"no button data: {written}"
        raise ValueError(msg)
    return written


def deed(verb: str, *about: object) -> str:
    """The part of button data that has no owner: what it does, to what."""
    written = "|".join((verb, *map(str, about)))
    if not _SHAPE_OF_ABOUT.fullmatch(written):
        msg = f"no button data: {written}"
        raise ValueError(msg)
    return written


def parse(written: str) -> Pressed | None:
    """Read button data; None for anything that no release of ours has written."""
    found = _SHAPE.fullmatch(written)
    if found is None:
        return None
    owner, verb, about = found.groups()
    return Pressed(int(owner), verb, tuple(about.split("|")[1:]))
