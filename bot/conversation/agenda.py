"""What a person wants to be reminded of, and when: local wall times, and the arithmetic on them.

A *night* is the day that an evening belongs to: a bedtime of 00:30 on Fridays comes when the
calendar says Saturday. Each night is dealt with once, whatever clocks and zones do meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import NamedTuple, TypeVar

from bot.content.routine import number
from bot.conversation.values import replace
from bot.practice.localtime import TURN, at_night, day, moment, within

SEAT_MINUTES = number("about_window")
SEATS = timedelta(minutes=SEAT_MINUTES)
RUN_QUESTION_AFTER = timedelta(minutes=number("run_question_after"))
SILENCES_FROM = time(number("rest_silences_from_hour"))
EVENING_FROM = time(number("evening_from_hour"))
ONE_DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=9)
"""A week and its edges: what repeats weekly has its newest one in it."""
WEEK = tuple(range(7))
"""Every weekday, from Monday."""


USUAL_RUN = 60
"""Minutes of a usual run of which the length was not said."""
LONGEST_RUN = 12 * 60


class Purpose(StrEnum):
    """What a reminder is for."""

    BEDTIME = "bedtime"
    RUN = "run"
    """The question at the end of a usual run."""
    BACK = "back"
    """A run is over, as something else than the person told us."""
    ONCE = "once"


@dataclass(frozen=True)
class Bedtime:
    """Evenings with a rest: exactly at that time, or in the person's own seat after it."""

    clock: time
    days: tuple[int, ...] = WEEK
    exact: bool = False
    run_days: bool = False


@dataclass(frozen=True)
class RunTime:
    """Usual runs: when they begin, and the minutes they last."""

    clock: time
    days: tuple[int, ...]
    lasts: int


@dataclass(frozen=True)
class Once:
    """One reminder: in so long (``at``, an instant), or at a local wall time (``wall``, naive)."""

    number: int
    at: datetime | None = None
    wall: datetime | None = None

    def due(self, where: tzinfo) -> datetime:
        """When it is due there."""
        if self.wall is None:
            return self.at or datetime.max.replace(tzinfo=UTC)
        return moment(self.wall.date(), self.wall.time(), where)


@dataclass(frozen=True)
class Wanted:
    """What was asked for. [Undo] brings back the one before, whole.

    ``quiet`` are the quiet hours, from and to. ``both``: a rest after a run does not stand for
    that evening's. ``seat``: while legs up is closed, a quiet seat at those times.
    """

    bedtimes: tuple[Bedtime, ...] = ()
    runs: tuple[RunTime, ...] = ()
    once: tuple[Once, ...] = ()
    quiet: tuple[time, time] | None = None
    both: bool = False
    seat: bool = False
    paused_until: date | None = None

    def bedtime_on(self, night: date) -> Bedtime | None:
        """The bedtime of that night, if it has one."""
        weekday = night.weekday()
        for each in self.bedtimes:
            if weekday in each.days:
                return each
        return None

    def is_quiet(self, at: datetime, where: tzinfo) -> bool:
        """Whether that moment lies in the quiet hours."""
        return within(self.quiet, at, where)


@dataclass(frozen=True)
class Offer:
    """A rest that was put off to a later moment; a reminder put off keeps its purpose."""

    at: datetime
    number: int = 0
    purpose: Purpose = Purpose.ONCE


@dataclass(frozen=True)
class Nudge:
    """A reminder that was said and is not answered yet."""

    number: int
    purpose: Purpose
    at: datetime


@dataclass(frozen=True)
class Agenda:
    """What is wanted, and how far it has come. ``before`` and ``dropped`` are for [Undo].

    ``night`` and ``run_day`` are the last ones that are dealt with, said or not; ``said`` is the
    last night for which a bedtime was said. ``rested`` is when the last rest began.
    ``nudged`` is when the last reminder of each purpose was said. ``missed`` is one that came to
    nothing because we were away: told once. ``offered``: "Same tomorrow?" was asked. ``ran`` is
    the end of the last run, ``back`` that of one that only another source told of.
    """

    wanted: Wanted = Wanted()
    before: Wanted | None = None
    dropped: Offer | None = None
    change: int = 0
    night: date | None = None
    said: date | None = None
    run_day: date | None = None
    rested: datetime | None = None
    ran: datetime | None = None
    back: datetime | None = None
    no_run: date | None = None
    nudge: Nudge | None = None
    why: Nudge | None = None
    nudged: tuple[tuple[Purpose, datetime], ...] = ()
    ignored: int = 0
    asked: bool = False
    missed: Nudge | None = None
    offered: bool = False


class Due(NamedTuple):
    """One reminder of an agenda: for which day, at which instant.

    A single one has a number, and may take the place of a night's bedtime; it was ``asked`` for,
    as was one that was put off. A tuple, since they are made at every look and never kept.
    """

    purpose: Purpose
    on: date
    at: datetime
    number: int = 0
    instead_of: date | None = None
    asked: bool = False


@lru_cache(maxsize=4096)
def seat_of(person_id: int) -> timedelta:
    """A person's own place in the window of "about", always the same."""
    drawn = int.from_bytes(sha256(b"seat %d" % person_id).digest()[:4])
    return timedelta(minutes=drawn % SEAT_MINUTES)


def bedtime_at(entry: Bedtime, night: date, seat: timedelta, where: tzinfo) -> datetime:
    """When the bedtime of that night is due."""
    at = at_night(night, entry.clock, where)
    return at if entry.exact else at + seat


def run_question_at(entry: RunTime, on: date, seat: timedelta, where: tzinfo) -> datetime:
    """When it is asked after the run of that day."""
    over = moment(on, entry.clock, where) + timedelta(minutes=entry.lasts)
    return over + RUN_QUESTION_AFTER + seat


def night_of(once: Once, where: tzinfo) -> date | None:
    """The night whose bedtime a single reminder takes the place of; none by day."""
    at = once.due(where).astimezone(where)
    evening = at.time() >= EVENING_FROM or at.time() < TURN
    return day(at, where) if evening else None


def upcoming(agenda: Agenda, seat: timedelta, where: tzinfo) -> Iterator[Due]:
    """The next of each kind: every single one, the next bedtime, the next question after a run."""
    wanted = agenda.wanted
    paused = wanted.paused_until - ONE_DAY if wanted.paused_until else date.min
    taken: set[date | None] = set()
    for once in wanted.once:
        at, night_taken = once.due(where), night_of(once, where)
        taken.add(night_taken)
        yield Due(Purpose.ONCE, day(at, where), at, once.number, night_taken, asked=True)
    if wanted.bedtimes and agenda.night:
        night = max(agenda.night, agenda.said or date.min, paused)
        for _ in range(len(WEEK) + len(taken) + 1):
            night += ONE_DAY
            entry = wanted.bedtime_on(night)
            if entry is None or night in taken:
                continue
            if not entry.run_days or is_run_day(agenda, night, where):
                yield Due(Purpose.BEDTIME, night, bedtime_at(entry, night, seat, where))
                break
    if agenda.back:
        yield Due(Purpose.BACK, day(agenda.back, where), agenda.back + RUN_QUESTION_AFTER)
    if wanted.runs and agenda.run_day:
        first = max(agenda.run_day, paused) + ONE_DAY
        days = (first + timedelta(days=ahead) for ahead in WEEK)
        yield min(
            (
                Due(Purpose.RUN, on, run_question_at(entry, on, seat, where))
                for on in days
                for entry in wanted.runs
                if on.weekday() in entry.days
            ),
            key=_AT,
        )


_AT = attrgetter("at")


def soonest(agenda: Agenda, seat: timedelta, where: tzinfo) -> Due | None:
    """The earliest of them."""
    return min(upcoming(agenda, seat, where), key=_AT, default=None)


Weekly = TypeVar("Weekly", Bedtime, RunTime)


def folded(entries: tuple[Weekly, ...]) -> tuple[Weekly, ...]:
    """Each weekday once: a later entry takes its days from those before it."""
    kept: list[Weekly] = []
    for entry in entries:
        before, kept = kept, [entry]
        for each in before:
            if days := tuple(d for d in each.days if d not in entry.days):
                kept.append(replace(each, days=days))
    return tuple(sorted(kept, key=lambda each: each.days))


def next_due(agenda: Agenda, seat: timedelta, where: tzinfo) -> datetime | None:
    """When that is."""
    due = soonest(agenda, seat, where)
    return due.at if due else None


def overdue(agenda: Agenda, seat: timedelta, where: tzinfo, now: datetime) -> list[Due]:
    """What has come due, oldest first: of each kind only the newest. After `caught_up`."""
    found: dict[object, Due] = {}
    while True:
        due = soonest(agenda, seat, where)
        if due is None or due.at > now:
            return sorted(found.values(), key=_AT)
        found[due.purpose, due.number] = due
        agenda = dealt_with(agenda, due)


def caught_up(agenda: Agenda, now: datetime, where: tzinfo) -> Agenda:
    """However long we were away, no night before last week's is looked at any more."""
    long_ago = day(now, where) - LOOK_BACK
    if agenda.night and agenda.night < long_ago:
        agenda = replace(agenda, night=long_ago)
    if agenda.run_day and agenda.run_day < long_ago:
        agenda = replace(agenda, run_day=long_ago)
    return agenda


def dealt_with(agenda: Agenda, due: Due) -> Agenda:
    """That one is behind, said or not."""
    match due.purpose:
        case Purpose.BEDTIME:
            return replace(agenda, night=due.on)
        case Purpose.RUN:
            return replace(agenda, run_day=due.on)
        case Purpose.BACK:
            return replace(agenda, back=None)
        case Purpose.ONCE:
            agenda = replace(agenda, wanted=without(agenda.wanted, due.number))
            if due.instead_of and agenda.night:
                agenda = replace(agenda, night=max(agenda.night, due.instead_of))
            return agenda


def without(wanted: Wanted, number_: int) -> Wanted:
    """What is wanted but for that single one."""
    once = tuple(each for each in wanted.once if each.number != number_)
    return replace(wanted, once=once)


def from_now(agenda: Agenda, seat: timedelta, where: tzinfo, now: datetime) -> Agenda:
    """What lies before ``now`` is behind: for times that were just set, or a clock that moved."""
    today = day(now, where)
    back = [today + timedelta(days=ahead) for ahead in range(1, -LOOK_BACK.days - 1, -1)]
    wanted = agenda.wanted

    def over(night: date) -> bool:
        entry = wanted.bedtime_on(night)
        return entry is not None and bedtime_at(entry, night, seat, where) <= now

    def asked(on: date) -> bool:
        return any(
            on.weekday() in each.days and run_question_at(each, on, seat, where) <= now
            for each in wanted.runs
        )

    return replace(
        agenda,
        night=next(filter(over, back), back[-1]),
        run_day=next(filter(asked, back), back[-1]),
    )


def after_run(
    agenda: Agenda, ended_at: datetime, seat: timedelta, where: tzinfo, now: datetime
) -> Agenda:
    """A run is over. A bedtime of run days that is past for today does not become due by it."""
    agenda = replace(agenda, ran=ended_at, back=None)
    fresh = from_now(agenda, seat, where, now)
    if agenda.night and fresh.night:
        agenda = replace(agenda, night=max(agenda.night, fresh.night))
    return agenda


def is_run_day(agenda: Agenda, night: date, where: tzinfo) -> bool:
    """Whether there was a run that day, as told or as usual."""
    if agenda.ran and day(agenda.ran, where) == night:
        return True
    usual = any(night.weekday() in each.days for each in agenda.wanted.runs)
    return usual and agenda.no_run != night


def served(agenda: Agenda, night: date, where: tzinfo) -> bool:
    """Whether a rest in the afternoon or later stands for that night's bedtime."""
    if agenda.rested is None or agenda.wanted.both or day(agenda.rested, where) != night:
        return False
    clock = agenda.rested.astimezone(where).time()
    return clock >= SILENCES_FROM or clock < TURN


def last_said(agenda: Agenda, *purposes: Purpose) -> datetime | None:
    """When one of those purposes was last said."""
    newest: datetime | None = None
    for purpose, at in agenda.nudged:
        if purpose in purposes and (newest is None or at > newest):
            newest = at
    return newest


def told(agenda: Agenda, purpose: Purpose, at: datetime) -> Agenda:
    """One of that purpose was said then."""
    return replace(agenda, nudged=_nudged(agenda, purpose, at))


def _nudged(agenda: Agenda, purpose: Purpose, at: datetime) -> tuple[tuple[Purpose, datetime], ...]:
    others = [each for each in agenda.nudged if each[0] is not purpose]
    return tuple(sorted([*others, (purpose, at)]))


def with_nudge(agenda: Agenda, nudge: Nudge, now: datetime, night: date | None) -> Agenda:
    """It was said, for that night if for any; one still unanswered before it was let pass."""
    return replace(
        agenda,
        nudge=nudge,
        why=nudge,
        nudged=_nudged(agenda, nudge.purpose, now),
        ignored=agenda.ignored + 1 if agenda.nudge else agenda.ignored,
        said=max(night, agenda.said or night) if night else agenda.said,
    )


def traces_gone(agenda: Agenda) -> Agenda:
    """Without what tells of days that are over: only what is wanted, and how far it has come."""
    return replace(
        agenda,
        rested=None,
        ran=None,
        back=None,
        no_run=None,
        why=None,
        nudge=None,
        nudged=(),
        missed=None,
        before=None,
        dropped=None,
    )


def newest_trace(agenda: Agenda) -> datetime | None:
    """The last moment of which something is remembered beyond what is wanted."""
    moments = [agenda.rested, agenda.ran, agenda.back, *(at for _, at in agenda.nudged)]
    return max((at for at in moments if at), default=None)


def answered(agenda: Agenda) -> Agenda:
    """They are there: whatever was let pass counts no more."""
    if agenda.nudge is None and not agenda.ignored and not agenda.asked:
        return agenda
    return replace(agenda, nudge=None, ignored=0, asked=False)
