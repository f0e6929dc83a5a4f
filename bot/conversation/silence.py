"""What keeps a reminder from being said; one answer for the wake and for every "next time"."""

from datetime import datetime, timedelta

from bot.content.routine import number
from bot.conversation import check, closures
from bot.conversation.agenda import (
    RUN_QUESTION_AFTER,
    SEATS,
    Due,
    Purpose,
    dealt_with,
    last_said,
    served,
    soonest,
    told,
)
from bot.conversation.person import Person
from bot.conversation.values import replace
from bot.practice.localtime import day

APART = timedelta(minutes=number("nudges_apart"))
"""After a run and at bedtime, never both within that time."""
LOOK_AHEAD = 40
"""Reminders that are looked at for the next one that will be said."""
RUNNING = (Purpose.RUN, Purpose.BACK)


def way(person: Person, now: datetime) -> str:
    """What a reminder may lead to: legs up, a check, a quiet seat, or to nothing at all."""
    if closures.is_closed(person, now):
        return ""
    found = check.current(person, now)
    if found is None or person.proposed is not None or person.check is not None:
        return "check"
    if found.open:
        return "legs"
    return "seat" if person.agenda.wanted.seat else ""


def shut(person: Person, now: datetime) -> str:
    """Why nothing comes for now: a question waits, or legs up is closed; else nothing."""
    if any(entry.until is None for entry in person.closed):
        return "question"
    found = check.current(person, now)
    closed = found is not None and not found.open
    return "refused" if closed and not person.agenda.wanted.seat else ""


def needless(person: Person, due: Due, at: datetime) -> bool:
    """Whether that reminder has been served, or would come too close to another."""
    agenda, where = person.agenda, person.clock
    if due.purpose is Purpose.ONCE:
        return False
    paused = agenda.wanted.paused_until
    if paused is not None and due.on < paused:
        return True
    if person.offer is not None and abs(person.offer.at - at) < APART:
        return True
    if due.purpose is Purpose.BEDTIME:
        return served(agenda, due.on, where) or _within(last_said(agenda, *RUNNING), at)
    known = agenda.ran and day(agenda.ran, where) == due.on
    if agenda.no_run == due.on or (due.purpose is Purpose.RUN and known):
        return True
    before = last_said(agenda, *RUNNING)
    again = before is not None and day(before, where) == due.on
    rested = agenda.rested is not None and agenda.rested > due.at - RUN_QUESTION_AFTER - SEATS
    return rested or again or _within(last_said(agenda, Purpose.BEDTIME, Purpose.ONCE), at)


def _within(before: datetime | None, at: datetime) -> bool:
    return before is not None and at - before < APART


def in_quiet_hours(person: Person, due: Due, at: datetime) -> bool:
    """Whether quiet hours swallow it; what was asked for in them comes all the same."""
    wanted, where = person.agenda.wanted, person.clock
    if wanted.quiet is None:
        return False
    inside = wanted.is_quiet(due.at, where)
    return not due.asked if inside else wanted.is_quiet(at, where)


def coming(person: Person, *purposes: Purpose) -> Due | None:
    """The next reminder that will be said as things stand, of these purposes or of any.

    Played forward as the wakes will: what is said first keeps others away.
    """
    if person.quiet:
        return None
    for _ in range(LOOK_AHEAD):
        agenda = person.agenda
        due = soonest(agenda, person.seat, person.clock)
        if due is None:
            return None
        said = not needless(person, due, due.at) and not in_quiet_hours(person, due, due.at)
        if said and (not purposes or due.purpose in purposes):
            return due
        agenda = dealt_with(agenda, due)
        if said:
            agenda = told(agenda, due.purpose, due.at)
        person = replace(person, agenda=agenda)
    return None


def freed(person: Person) -> Person:
    """What was said of a run keeps no bedtime away: there is to be none after it."""
    others = tuple(each for each in person.agenda.nudged if each[0] not in RUNNING)
    return replace(person, agenda=replace(person.agenda, nudged=others))
