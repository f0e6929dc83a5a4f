"""What a person may do: the values that a readiness check ends in, and how two are combined."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum, StrEnum

from bot.content.routine import routine


class Verdict(IntEnum):
    """What an answer leads to, mildest first: of several the worst counts."""

    NO_CONCERN = 0
    GENTLER = 1
    NOT_TODAY = 2
    ASK_CLINICIAN = 3
    SEE_DOCTOR_TODAY = 4
    EMERGENCY = 5


class Variation(StrEnum):
    """The ways to do it, gentlest first."""

    REST_SEAT = "rest_seat"
    LOW_CUSHION = "low_cushion"
    CALVES_ON_CHAIR = "calves_on_chair"
    DOORWAY = "doorway"
    KNEES_BENT = "knees_bent"
    HIPS_BACK = "hips_back"
    CLASSIC = "classic"

    @property
    def raised(self) -> bool:
        """Whether the legs go up at all."""
        return routine().variations[self.value].raised


RAISED = tuple(variation for variation in Variation if variation.raised)
"""Every way with raised legs, gentlest first."""


class Place(StrEnum):
    """Where a person lies; the bed goes with the three middle ways only."""

    FLOOR = "floor"
    BED = "bed"


ON_BED = tuple(variation for variation in Variation if routine().variations[variation].beds)


@dataclass(frozen=True)
class Clearance:
    """Permissions that a readiness check ended in: all that is kept of it, never an answer.

    ``longest`` is in minutes. ``guarded_until`` and ``closed_until`` are the first day of the
    month from which the restriction is gone. ``opens`` is what a clinician's OK would open.
    """

    verdict: Verdict
    variations: tuple[Variation, ...]
    longest: int
    on: date
    version: int
    may_use_floor: bool = True
    may_lift_hips: bool = True
    may_hold_breath: bool = True
    may_draw_knees: bool = True
    seconds_to_sit: int = 60
    hours_after_food: int = 0
    someone_nearby: bool = False
    guarded_until: date | None = None
    closed_until: date | None = None
    opens: "Clearance | None" = None
    clinician_on: date | None = None

    @property
    def open(self) -> bool:
        """Whether it allows any rest with raised legs at all."""
        return self.verdict <= Verdict.GENTLER and bool(self.variations)


def _later(dates: Iterable[date | None]) -> date | None:
    return max((day for day in dates if day), default=None)


def strictest(first: Clearance, *others: Clearance) -> Clearance:
    """Combine: worst verdict, shared variations, smallest limit, every permission held by all.

    Nothing shared at all is a question for a clinician. What an OK would open is combined the
    same way, and is nothing if it is nothing for one of those that ask for it.
    """
    every = (first, *others)
    combined = _combine(every)
    if combined.verdict is not Verdict.ASK_CLINICIAN:
        return combined
    opened = [each.opens if each.verdict >= Verdict.ASK_CLINICIAN else each for each in every]
    known = [each for each in opened if each is not None]
    opens = _combine(known) if len(known) == len(every) else None
    return replace(combined, opens=opens if opens and opens.open else None)


def _combine(every: Sequence[Clearance]) -> Clearance:
    shared = tuple(v for v in RAISED if all(v in each.variations for each in every))
    verdict = max(each.verdict for each in every)
    if not shared:
        verdict = max(verdict, Verdict.ASK_CLINICIAN)
    return Clearance(
        verdict=verdict,
        variations=shared if verdict <= Verdict.GENTLER else (),
        longest=min(each.longest for each in every),
        on=min(each.on for each in every),
        version=min(each.version for each in every),
        may_use_floor=all(each.may_use_floor for each in every),
        may_lift_hips=all(each.may_lift_hips for each in every),
        may_hold_breath=all(each.may_hold_breath for each in every),
        may_draw_knees=all(each.may_draw_knees for each in every),
        seconds_to_sit=max(each.seconds_to_sit for each in every),
        hours_after_food=max(each.hours_after_food for each in every),
        someone_nearby=any(each.someone_nearby for each in every),
        guarded_until=_later(each.guarded_until for each in every),
        closed_until=_later(each.closed_until for each in every),
        clinician_on=every[0].clinician_on,
    )
