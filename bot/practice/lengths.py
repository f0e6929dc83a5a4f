"""How long a rest may be and what to suggest next. Minutes throughout."""

from functools import lru_cache

from bot.content.routine import number, routine
from bot.practice.clearance import Clearance, Verdict

FAMILIAR_AFTER = number("familiar_after")
SHORTEST = routine().lengths.try_out[0]
COMFORTABLE_FOR_LONGEST = number("comfortable_for_longest")
LONGEST_BY_CHOICE = number("longest_by_choice")
LONGEST_BEDTIME = number("longest_bedtime")
GROWS_TO = {
    Verdict.NO_CONCERN: number("grows_to"),
    Verdict.GENTLER: number("grows_to_gentler"),
}
"""Suggestions grow up to here by themselves; more is a person's own choice."""


def ladder(clearance: Clearance) -> tuple[float, ...]:
    """The lengths to go up and down by."""
    return _ladder(clearance.verdict is Verdict.NO_CONCERN, clearance.longest)


@lru_cache(maxsize=64)
def _ladder(usual: bool, longest: int) -> tuple[float, ...]:
    steps = routine().lengths.usual if usual else routine().lengths.gentler
    return tuple(step for step in steps if step <= longest) or (longest,)


def ceiling(clearance: Clearance, *, bedtime: bool, comfortable: int = 0) -> float:
    """The longest that may be chosen; ``comfortable`` rests open the last step."""
    longest: float = clearance.longest
    usual = clearance.verdict is Verdict.NO_CONCERN
    if usual and comfortable >= COMFORTABLE_FOR_LONGEST:
        longest = LONGEST_BY_CHOICE
    return min(longest, LONGEST_BEDTIME) if bedtime else longest


def choices(clearance: Clearance, *, bedtime: bool, comfortable: int) -> tuple[float, ...]:
    """The lengths to choose from, the short first tries included."""
    most = ceiling(clearance, bedtime=bedtime, comfortable=comfortable)
    steps = {*routine().lengths.try_out, *ladder(clearance), most}
    return tuple(sorted(step for step in steps if step <= most))


def grown(clearance: Clearance, minutes: float, comfortable_here: int, rests: int) -> float:
    """The length after a comfortable rest: one step up once it was comfortable often enough."""
    enough = number("comfortable_to_grow")
    if comfortable_here < enough or rests < number("first_rests"):
        return minutes
    most = GROWS_TO[clearance.verdict]
    return next((step for step in ladder(clearance) if minutes < step <= most), minutes)


def shrunk(clearance: Clearance, minutes: float) -> float:
    """The length after a rest that felt worse: one step down."""
    return max((step for step in ladder(clearance) if step < minutes), default=minutes)
