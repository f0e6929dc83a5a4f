"""What is said when during a rest: a function of the way, its length and how known it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from bot.content.routine import CueKind, CueRule, number, routine
from bot.practice.clearance import Variation

LATEST: dict[CueKind, timedelta] = {
    "start": timedelta(seconds=number("late_halfway")),
    "optional": timedelta(seconds=number("late_optional")),
    "breathing": timedelta(seconds=number("late_breathing")),
    "halfway": timedelta(seconds=number("late_halfway")),
    "soon": timedelta(seconds=number("late_halfway")),
}
"""How late a cue may still be said."""

GAP = timedelta(seconds=number("least_between_cues"))
SEATED = ("start", "breathe", "quiet")
"""The cues that also make sense with both feet on the floor."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One thing to say, so long after the clock started."""

    at: timedelta
    name: str
    kind: CueKind


@cache
def cues(variation: Variation, minutes: float, breathing: str, familiar: bool) -> tuple[Cue, ...]:
    """The cues of a rest in rising order, never two closer than `GAP`, none at or after its end."""
    return place(routine().cues, variation, minutes, breathing, familiar)


def place(
    rules: Sequence[CueRule], variation: Variation, minutes: float, breathing: str, familiar: bool
) -> tuple[Cue, ...]:
    """Those cues by these rules; of two that come too close the one ruled later gives way."""
    length = timedelta(minutes=minutes)
    placed: list[Cue] = []
    for rule in rules:
        if length.total_seconds() < rule.least or (rule.fresh and familiar):
            continue
        if not variation.raised and rule.name not in SEATED:
            continue
        if breathing == "own" and rule.kind in ("breathing", "optional"):
            continue
        at = _free(_wanted(rule, length), placed, length)
        if at is not None:
            placed.append(Cue(at, rule.name, rule.kind))
    return tuple(sorted(placed, key=lambda cue: cue.at))


def _wanted(rule: CueRule, length: timedelta) -> timedelta:
    if rule.before is not None:
        return length - timedelta(seconds=rule.before)
    return timedelta(seconds=round(length.total_seconds() * (rule.at or 0)))


def _free(wanted: timedelta, placed: Sequence[Cue], length: timedelta) -> timedelta | None:
    """The wanted moment or, when it is too close to a cue that matters more, one before that."""
    taken = [cue.at for cue in placed] + [length]
    for at in [wanted, *(other - GAP for other in taken if abs(other - wanted) < GAP)]:
        if at >= timedelta(0) and all(abs(other - at) >= GAP for other in taken):
            return at
    return None
