"""routine.toml as typed values: read once, refused with its reason when a field is wrong."""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

Quality = Literal["A", "B", "C", "D", "design"]


class _Entry(BaseModel):
    """Unknown fields are refused: a typo must not switch a rule off."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Entry):
    """Where a rule, a number or a claim comes from."""

    quality: Quality
    title: str


class Number(_Entry):
    """One named number that a user or a clinician could question."""

    value: int
    unit: str
    sources: tuple[str, ...]


class Limits(_Entry):
    """What is still allowed; whatever is left out is not limited. ``longest`` in minutes."""

    variations: tuple[str, ...]
    longest: int | None = None
    floor: bool = True
    hold_breath: bool = True
    draw_knees: bool = True
    seconds_to_sit: int | None = None
    hours_after_food: int = 0
    someone_nearby: bool = False


class Line(_Entry):
    """One line of the readiness check. ``ok`` is what a clinician's OK opens."""

    name: str
    page: int
    verdict: Literal["gentler", "ask_clinician"]
    sources: tuple[str, ...]
    whom: str = ""
    limits: Limits | None = None
    ok: Limits | None = None
    rows: tuple[str, ...] = ()

    @property
    def locked(self) -> bool:
        """Whether nothing in the bot can open it."""
        return self.verdict == "ask_clinician" and self.ok is None


class Which(_Entry):
    """One answer to "which one is it?": of a leg to be seen ``now``, else today.

    Of the rest no rest today, or ``later`` in minutes.
    """

    name: str
    now: bool = False
    later: int = 0


class Sign(_Entry):
    """One group of signs on the card before every rest."""

    name: str
    sources: tuple[str, ...]
    rows: tuple[str, ...] = ()
    which: tuple[Which, ...] = ()


class Trouble(_Entry):
    """What can be wrong during a rest; ``out`` brings its end at once."""

    name: str
    sources: tuple[str, ...]
    rows: tuple[str, ...] = ()
    out: bool = False
    closes: bool = False
    verdict: Literal["", "emergency"] = ""


class Way(_Entry):
    """One variation."""

    raised: bool = True
    beds: bool = False
    rows: tuple[str, ...] = ()


CueKind = Literal["start", "optional", "breathing", "halfway", "soon"]


class CueRule(_Entry):
    """When a cue falls: a share ``at`` of the length, or seconds ``before`` its end."""

    name: str
    kind: CueKind
    at: float | None = None
    before: int | None = None
    least: int = 0
    fresh: bool = False
    rows: tuple[str, ...] = ()


class Lengths(_Entry):
    """The ladders of lengths in minutes, and the calls of the way out in seconds."""

    usual: tuple[float, ...]
    gentler: tuple[float, ...]
    try_out: tuple[float, ...]
    way_out_calls: tuple[int, ...]
    asleep_text: int
    sources: tuple[str, ...]


class Breathing(_Entry):
    """A way to breathe; one that holds the breath needs the permission."""

    holds: bool
    rows: tuple[str, ...] = ()


class Claim(_Entry):
    """Something that is said, or knowingly not said, about what the pose does."""

    made: bool
    sources: tuple[str, ...]
    rows: tuple[str, ...] = ()


class Routine(_Entry):
    """The whole of routine.toml."""

    version: int
    consent_version: int
    reviewed_by: str
    sources: dict[str, Source]
    numbers: dict[str, Number]
    lengths: Lengths
    variations: dict[str, Way]
    lines: tuple[Line, ...]
    signs: tuple[Sign, ...]
    troubles: tuple[Trouble, ...]
    cues: tuple[CueRule, ...]
    breathing: dict[str, Breathing]
    claims: dict[str, Claim]
    faq: tuple[str, ...]
    texts: dict[str, tuple[str, ...]]
    dropped: dict[str, str]


class EmergencySource(_Entry):
    """Where a telephone number was read, and when."""

    title: str
    url: str
    quality: Quality
    read: date


class Country(_Entry):
    """Whom to call in one country: an ambulance, and a medical help line where there is one."""

    emergency: str
    source: str
    help_line: str = ""
    help_source: str = ""


@cache
def routine() -> Routine:
    """The practice as its writers keep it."""
    text = (files(__package__) / "routine.toml").read_text(encoding="utf-8")
    return Routine.model_validate(tomllib.loads(text))


@cache
def number(name: str) -> int:
    """The value of one named number."""
    return routine().numbers[name].value
