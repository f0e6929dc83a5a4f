"""The readiness check: from ticks to a Clearance. Unanswered and "not sure" count as a tick."""

from calendar import monthrange
from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

from bot.content.routine import Limits, Line, number, routine
from bot.practice.clearance import RAISED, Clearance, Variation, Verdict, strictest

UNDER_AGE = "under_18"
"""The line about age: its tick asks for the month of birth."""

EXPIRES_AFTER = number("check_expires")
LAPSES_AFTER = number("check_lapses_without_rest")

PAGES = max(line.page for line in routine().lines)


@lru_cache(maxsize=16)
def lines(page: int) -> tuple[str, ...]:
    """The names of the lines on that page (from 1), in their order."""
    names = tuple(line.name for line in routine().lines if line.page == page)
    return (*names, UNDER_AGE) if page == PAGES else names


def line(name: str) -> Line:
    """The rule of that line; raises KeyError for a name that is none."""
    for entry in routine().lines:
        if entry.name == name:
            return entry
    raise KeyError(name)


def months_later(day: date, months: int) -> date:
    """That many calendar months later, on the last day where the month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _unlimited(on: date) -> Clearance:
    return Clearance(
        verdict=Verdict.NO_CONCERN,
        variations=RAISED,
        longest=number("longest_usual"),
        on=on,
        version=routine().version,
        seconds_to_sit=number("sit"),
    )


def _limited(limits: Limits, on: date) -> Clearance:
    return Clearance(
        verdict=Verdict.GENTLER,
        variations=tuple(v for v in RAISED if v in {Variation(name) for name in limits.variations}),
        longest=min(limits.longest or number("longest_gentler"), number("longest_gentler")),
        on=on,
        version=routine().version,
        may_use_floor=limits.floor,
        may_lift_hips=False,  # raised hips are for people whose answers raise no concern at all
        may_hold_breath=limits.hold_breath,
        may_draw_knees=limits.draw_knees,
        seconds_to_sit=limits.seconds_to_sit or number("sit"),
        hours_after_food=limits.hours_after_food,
        someone_nearby=limits.someone_nearby,
    )


def _refused(on: date, opens: Clearance | None) -> Clearance:
    return replace(_unlimited(on), verdict=Verdict.ASK_CLINICIAN, opens=opens)


def _answer(name: str, on: date) -> Clearance:
    rule = line(name)
    if rule.limits is not None:
        return _limited(rule.limits, on)
    return _refused(on, _limited(rule.ok, on) if rule.ok else None)


def assess(ticks: Collection[str], on: date, born: date | None = None) -> Clearance:
    """What the ticks allow; the worst answer wins. ``born`` is the first of the month of birth.

    `UNDER_AGE` without a month of birth is refused as a child is.
    """
    every = [_unlimited(on), *(_answer(name, on) for name in ticks if name != UNDER_AGE)]
    if UNDER_AGE in ticks:
        every.append(_by_age(on, born))
    return strictest(*every)


def birthday(born: date, years: int) -> date:
    """The first day on which someone born in that month has surely turned that old."""
    month_after = born.replace(day=monthrange(born.year, born.month)[1]) + timedelta(days=1)
    return months_later(month_after, years * 12)


def _by_age(on: date, born: date | None) -> Clearance:
    if born is None:
        return _refused(on, None)
    with_guardian = birthday(born, number("age_with_guardian"))
    alone = birthday(born, number("age_alone"))
    if on < with_guardian:
        return replace(_refused(on, None), closed_until=with_guardian)
    if on < alone:
        return replace(_unlimited(on), guarded_until=alone)
    return _unlimited(on)


def expires(clearance: Clearance) -> date:
    """The first day on which it holds no more, by age alone."""
    return _expires(clearance.on, clearance.guarded_until, clearance.closed_until)


@lru_cache(maxsize=1024)
def _expires(on: date, guarded_until: date | None, closed_until: date | None) -> date:
    due = months_later(on, EXPIRES_AFTER)
    return min(filter(None, (due, guarded_until, closed_until)))


def holds(clearance: Clearance, today: date, last_rest: date | None) -> bool:
    """Whether it still counts: not too old, the same questions, and not long out of use."""
    used = max(clearance.on, last_rest) if last_rest else clearance.on
    return (
        today < expires(clearance)
        and clearance.version == routine().version
        and (today - used).days < LAPSES_AFTER
    )


def with_clinician(refused: Clearance, on: date) -> Clearance:
    """What a clinician's OK makes of a refusal; raises ValueError where it opens nothing.

    It expires with the check that it belongs to.
    """
    if refused.opens is None:
        msg = "an OK opens nothing here"
        raise ValueError(msg)
    return replace(refused.opens, clinician_on=on, verdict=Verdict.GENTLER)
