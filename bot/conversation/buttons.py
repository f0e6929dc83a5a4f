"""Button data: which format, whose button, what it does, to what. Untrusted when it comes back."""

import re
from dataclasses import dataclass

FORMAT = "1"
LONGEST = 64
"""Bytes that every platform takes as button data (Telegram's callback_data)."""
ANYONE = 0
"""Owner of a button that does the same for whoever presses it."""

_SHAPE = re.compile(r"1\|(\d{1,18})\|([a-z_]{1,20})((?:\|[a-z0-9_.-]{0,24}){0,4})")


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
    written = "|".join((FORMAT, str(owner), verb, *map(str, about)))
    if len(written.encode()) > LONGEST or parse(written) is None:
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
