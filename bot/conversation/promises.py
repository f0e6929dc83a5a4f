"""What is set, and what will come of it, in words."""

from datetime import date, datetime, time, timedelta

from bot.content.words import Words
from bot.conversation import silence
from bot.conversation.agenda import (
    WEEK,
    Bedtime,
    Purpose,
    RunTime,
    bedtime_at,
    run_question_at,
    upcoming,
)
from bot.conversation.person import Person
from bot.conversation.reply import lasting, seconds, words_of
from bot.practice.localtime import TURN, bedtime, day

WEEKEND = (5, 6)


def bedtime_in_words(spoken: Words, entry: Bedtime) -> str:
    """Which evenings, and when: every evening about 21:30."""
    days = _evenings(spoken, entry.days, late=entry.clock >= time(15) or entry.clock < TURN)
    if entry.run_days:
        every = entry.days == WEEK
        days = spoken("days.run_days") if every else spoken("days.if_run_day", days=days)
    key = "bedtime.exact" if entry.exact else "bedtime.about"
    return spoken(key, days=days, clock=spoken.time(entry.clock))


def _evenings(spoken: Words, days: tuple[int, ...], *, late: bool = True) -> str:
    if days == WEEK:
        return spoken("days.every_evening" if late else "days.every")
    if days == WEEKEND:
        return spoken("days.weekend")
    first, last = days[0], days[-1]
    if len(days) > 2 and last - first == len(days) - 1:
        return spoken("days.range", first=spoken.weekday(first), last=spoken.weekday(last))
    return spoken("days.some", days=spoken.weekdays(days))


def run_in_words(spoken: Words, entry: RunTime) -> str:
    """Which days, when and how long."""
    days = _evenings(spoken, entry.days, late=False)
    length = lasting(spoken, entry.lasts)
    return spoken("run.usual", days=days, clock=spoken.time(entry.clock), minutes=length)


def quiet_in_words(spoken: Words, quiet: tuple[time, time]) -> str:
    """From when to when."""
    begin, end = quiet
    return spoken("reminders.hours", begin=spoken.time(begin), end=spoken.time(end))


def next_in_words(person: Person, now: datetime) -> str:
    """When the next reminder comes; nothing while none does."""
    if person.quiet or silence.shut(person, now):
        return ""
    due = silence.coming(person)
    moments = [due.at] if due else []
    if person.offer:
        moments.append(person.offer.at)
    if not moments:
        return ""
    spoken = words_of(person)
    return spoken("reminders.next", when=when(person, max(min(moments), now), now, waits=True))


def promised(person: Person, purpose: Purpose, now: datetime) -> list[str]:
    """When the first of these comes, with the question whether that is right; or why none does."""
    spoken = words_of(person)
    shut = silence.shut(person, now)
    if shut:
        return [spoken(f"reminders.{shut}")]
    due = silence.coming(person, purpose)
    if due is not None:
        first = "run.first" if purpose is Purpose.RUN else "bedtime.first"
        apart = [spoken("reminders.apart")] if _too_near(person) else []
        return [*apart, spoken(first, when=spoken.live_moment(due.at, person.clock))]
    waits = purpose is Purpose.BEDTIME and any(
        each.run_days for each in person.agenda.wanted.bedtimes
    )
    if waits:
        return [spoken("bedtime.after_runs")]
    return [spoken("reminders.never")] if _too_near(person) else []


def _too_near(person: Person) -> bool:
    """Whether a question after a run and a bedtime are meant for the same hours."""
    wanted, where, seat = person.agenda.wanted, person.clock, person.seat
    on = date(2026, 6, 1)  # a Monday; clocks change on Sundays
    days = [on + timedelta(days=ahead) for ahead in WEEK]
    return any(
        abs(run_question_at(run, each, seat, where) - bedtime_at(bed, each, seat, where))
        < silence.APART
        for each in days
        for run in wanted.runs
        for bed in wanted.bedtimes
        if each.weekday() in run.days and each.weekday() in bed.days
    )


def displaces(person: Person, at: datetime) -> str:
    """What is said when a reminder stays away because of another at that moment; else nothing."""
    spoken, where = words_of(person), person.clock
    for due in upcoming(person.agenda, person.seat, where):
        if due.purpose is Purpose.BEDTIME and abs(due.at - at) < silence.APART:
            return spoken("once.instead", clock=spoken.clock(due.at, where))
    return ""


def farewell(person: Person, key: str, now: datetime) -> str:
    """The end of a talk: once the rest of an evening is done it is good night."""
    spoken, where = words_of(person), person.clock
    rested = person.agenda.rested
    done = bedtime(now, where) and rested and day(rested, where) == day(now, where)
    return " ".join((spoken(key), *([spoken("goodbye.night")] if done else [])))


def when(person: Person, due: datetime, now: datetime, *, waits: bool) -> str:
    """A moment in words, with its year where that is another; a wait while no clock is known."""
    spoken, where = words_of(person), person.clock
    if waits and not person.knows_time:
        return spoken("once.in", time=seconds(spoken, due - now))
    local = due.astimezone(where)
    if local.year != now.astimezone(where).year:
        return f"{spoken.date(local.date())}, {spoken.clock(due, where)}"
    return spoken.live_moment(due, where)
