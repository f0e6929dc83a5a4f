"""Setting reminders: what is on, every change echoed in words, and one tap that takes it back."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from bot.content.routine import number
from bot.content.words import Words
from bot.conversation import check, closures, silence, whereabouts
from bot.conversation.agenda import (
    WEEK,
    Agenda,
    Bedtime,
    Once,
    Purpose,
    RunTime,
    Wanted,
    answered,
    bedtime_at,
    from_now,
    night_of,
    run_question_at,
    upcoming,
    without,
)
from bot.conversation.asking import asked, asking
from bot.conversation.person import Asking, Person, Scene
from bot.conversation.reply import Answer, button, lasting, pairs, say, seconds, words_of
from bot.conversation.safety import open_question
from bot.events import Button
from bot.practice.localtime import TURN, bedtime, day, moment

EVENINGS = (time(21), time(21, 30), time(22), time(22, 30), time(23))
"""Bedtimes to tap before one must be typed."""
PARTS = {
    "": (time(7), time(13), *EVENINGS[1:4]),
    "morning": (time(6), time(7), time(8), time(9)),
    "noon": (time(12), time(12, 30), time(13)),
    "afternoon": (time(15), time(16), time(17), time(18)),
    "evening": EVENINGS,
    "night": EVENINGS,
}
"""Times to tap when only a day, or a part of it, was said."""
PAUSES = (1, 3, 7, 14)
"""Days of a pause to tap."""
QUIET = ((time(22), time(7)), (time(23), time(7)), (time(0), time(8)))
AT_MOST = 10
"""Single reminders of one person that wait at the same time."""
FURTHEST = timedelta(days=366)
"""How far ahead something can be set."""
WEEKEND = (5, 6)


Weekly = TypeVar("Weekly", Bedtime, RunTime)


# The card


def show(scene: Scene, now: datetime) -> Answer:
    """/reminders: what is on, when it comes next, and all that can be changed."""
    person = scene.person
    if person.consent is None:
        return check.ask_consent(scene)
    spoken, wanted = words_of(person), person.agenda.wanted
    lines = _lines(person, now)
    if not lines:
        text: str = spoken("reminders.none")
    else:
        text = "\n".join((spoken("reminders.title"), *lines, *_state(person, now)))
    rows = [
        button(person, "reminders.button.bedtime", "remind", "bedtime"),
        button(person, "reminders.button.runs", "remind", "runs"),
        button(person, "reminders.button.once", "remind", "once"),
        button(person, "reminders.button.quiet", "remind", "quiet"),
    ]
    if wanted.bedtimes or wanted.runs:
        if person.quiet or _paused(person, now):
            rows.append(button(person, "button.reminders_again", "resume"))
        else:
            rows.append(button(person, "button.pause_until", "remind", "pause"))
        rows.append(button(person, "button.all_off", "remind", "off"))
    rows += [
        button(person, "", "remind", "drop", each.number, label=_drop(person, each))
        for each in wanted.once
    ]
    if person.offer:
        label = spoken("button.take_away_one", clock=spoken.clock(person.offer.at, person.clock))
        rows.append(button(person, "", "skip", person.offer.number, label=label))
    if wanted.bedtimes or wanted.runs or wanted.once:
        rows += seat_instead(person, now)
    if person.home is not None:
        rows.append(button(person, "button.home_yes", "home", person.home.number, "yes"))
    if person.agenda.why:
        rows.append(button(person, "button.why_this", "remind", "why"))
    return scene, (say(scene, text, *pairs(rows), slot="reminders"),)


def _drop(person: Person, once: Once) -> str:
    spoken = words_of(person)
    return spoken("button.take_away_one", clock=spoken.clock(once.due(person.clock), person.clock))


def _lines(person: Person, now: datetime) -> list[str]:
    spoken, wanted, where = words_of(person), person.agenda.wanted, person.clock
    lines: list[str] = [
        spoken("reminders.bedtime", what=bedtime_in_words(spoken, each)) for each in wanted.bedtimes
    ]
    about = [each for each in wanted.bedtimes if not each.exact]
    if about:
        clocks = [
            spoken.clock(bedtime_at(each, day(now, where), person.seat, where), where)
            for each in about
        ]
        clocks.sort()
        lines.append(spoken("reminders.seat", clock=spoken("list.or").join(dict.fromkeys(clocks))))
    if wanted.bedtimes and wanted.both:
        lines.append(spoken("reminders.both"))
    lines += [spoken("reminders.run", what=run_in_words(spoken, each)) for each in wanted.runs]
    lines += [
        spoken("reminders.single", when=spoken.moment(once.due(where), where))
        for once in sorted(wanted.once, key=lambda each: each.due(where))
    ]
    if person.offer:
        lines.append(spoken("reminders.single", when=spoken.moment(person.offer.at, where)))
    if wanted.quiet:
        lines.append(quiet_in_words(spoken, wanted.quiet))
    return lines


def _state(person: Person, now: datetime) -> list[str]:
    """What keeps them from coming, or when the next one comes."""
    spoken, wanted = words_of(person), person.agenda.wanted
    if person.quiet:
        return [spoken("reminders.quiet")]
    lines: list[str] = []
    if wanted.paused_until and _paused(person, now):
        lines.append(spoken("reminders.paused", day=spoken.weekday_date(wanted.paused_until)))
    if shut := silence.shut(person, now):
        return [*lines, spoken(f"reminders.{shut}")]
    if wanted.seat and silence.way(person, now) == "seat":
        lines.append(spoken("reminders.seat_only"))
    return [*lines, next_in_words(person, now)]


def _paused(person: Person, now: datetime) -> bool:
    until = person.agenda.wanted.paused_until
    return until is not None and until > day(now, person.clock)


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
    return spoken("reminders.next", when=spoken.moment(max(min(moments), now), person.clock))


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
        return [*apart, spoken(first, when=spoken.moment(due.at, person.clock))]
    waits = purpose is Purpose.BEDTIME and any(
        each.run_days for each in person.agenda.wanted.bedtimes
    )
    return [spoken("bedtime.after_runs")] if waits else []


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


def seat_instead(person: Person, now: datetime) -> list[Button]:
    """The quiet seat, for whom legs up is closed."""
    if silence.shut(person, now) != "refused":
        return []
    return [button(person, "button.quiet_seat", "remind", "seat")]


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


def why(scene: Scene) -> Answer:
    """Why the last reminder came, and how to have fewer."""
    person, spoken = scene.person, words_of(scene.person)
    nudge = person.agenda.why
    if nudge is None:
        return scene, (say(scene, spoken("why_this.none")),)
    when = spoken.moment(nudge.at, person.clock)
    return scene, (say(scene, spoken(f"why_this.{nudge.purpose}", when=when)),)


# Changes


def changed(person: Person, wanted: Wanted, now: datetime) -> Person:
    """These wishes from now on; those before can be brought back with a tap.

    A finger that taps twice changes nothing, and still takes back what was before the first tap.
    """
    person = replace(person, asking=None, agenda=answered(person.agenda))
    if wanted == person.agenda.wanted and person.agenda.before is not None:
        return person
    taken, person = closures.number_for(person)
    before = person.agenda
    agenda = replace(before, wanted=wanted, before=before.wanted, dropped=None, change=taken)
    return replace(person, agenda=_from_now(person, agenda, now))


def _let_go(scene: Scene, now: datetime, wanted: Wanted) -> Scene:
    """The scene with these wishes, and without what was put off; [Undo] brings both back."""
    offer = scene.person.offer
    person = changed(replace(scene.person, offer=None), wanted, now)
    if offer is not None:
        person = replace(person, agenda=replace(person.agenda, dropped=offer))
    return replace(scene, person=person)


def _from_now(person: Person, agenda: Agenda, now: datetime) -> Agenda:
    fresh = from_now(agenda, person.seat, person.clock, now)
    before, after = person.agenda.wanted, agenda.wanted
    if before.bedtimes and before.bedtimes == after.bedtimes and agenda.night and fresh.night:
        fresh = replace(fresh, night=max(agenda.night, fresh.night))
    if before.runs and before.runs == after.runs and agenda.run_day and fresh.run_day:
        fresh = replace(fresh, run_day=max(agenda.run_day, fresh.run_day))
    return fresh


def undo(scene: Scene, taken: int, now: datetime) -> Answer | None:
    """As it was before the last change."""
    person = scene.person
    agenda, where = person.agenda, person.clock
    if agenda.change != taken or not taken:
        return None
    if agenda.before is None:
        return scene, (say(scene, words_of(person)("reminders.undone")),)
    still = tuple(each for each in agenda.before.once if each.due(where) > now)
    back = agenda.dropped if agenda.dropped and agenda.dropped.at > now else None
    agenda = replace(agenda, wanted=replace(agenda.before, once=still), before=None, dropped=None)
    person = replace(person, agenda=_from_now(person, agenda, now), asking=None)
    person = replace(person, offer=back or person.offer)
    scene = replace(scene, person=person)
    parts = [words_of(person)("reminders.undone"), next_in_words(person, now)]
    return scene, (say(scene, " ".join(filter(None, parts))),)


def echo(scene: Scene, text: str, *more: Button) -> Answer:
    """What was set, in words, with the taps that settle it or take it back."""
    person = scene.person
    taken = person.agenda.change
    right = button(person, "button.right", "set", taken, "right")
    back = button(person, "button.undo", "set", taken, "undo")
    if person.quiet:
        text = f"{text} {words_of(person)('reminders.quiet')}"
        more = (*more, button(person, "button.reminders_again", "resume"))
    return scene, (say(scene, text, *pairs((right, back, *more))),)


def set_pressed(scene: Scene, taken: int, what: str, now: datetime) -> Answer | None:
    """A tap below an echo."""
    agenda = scene.person.agenda
    if agenda.change != taken or (agenda.before is None and what != "undo"):
        return None
    match what:
        case "right":
            return scene, (say(scene, farewell(scene.person, "reminders.right", now)),)
        case "undo":
            return undo(scene, taken, now)
        case "exact":
            return _with_all(scene, now, _fresh(scene.person), exact=True)
        case "run_days":
            return _with_all(scene, now, _fresh(scene.person), run_days=True)
        case "all_days":
            return _with_all(scene, now, _fresh(scene.person), run_days=False)
        case "other":
            return _other_half(scene, now)
        case "both":
            wanted = replace(agenda.wanted, both=True)
            return _set(scene, wanted, now, words_of(scene.person)("reminders.both"))
        case _:
            return None


def _set(scene: Scene, wanted: Wanted, now: datetime, text: str, *more: Button) -> Answer:
    person = changed(scene.person, wanted, now)
    return echo(replace(scene, person=person), text, *more)


def _fresh(person: Person) -> tuple[Bedtime, ...]:
    """The bedtimes that the last change brought."""
    wanted, before = person.agenda.wanted, person.agenda.before
    return tuple(each for each in wanted.bedtimes if before and each not in before.bedtimes)


def _with_all(
    scene: Scene,
    now: datetime,
    bedtimes: tuple[Bedtime, ...],
    *,
    exact: bool | None = None,
    run_days: bool | None = None,
) -> Answer | None:
    """The same bedtimes, exact, or on run days only."""
    if not bedtimes:
        return None
    bedtimes = tuple(
        replace(
            each,
            exact=each.exact if exact is None else exact,
            run_days=each.run_days if run_days is None else run_days,
        )
        for each in bedtimes
    )
    return set_bedtimes(scene, bedtimes, now)


def _other_half(scene: Scene, now: datetime) -> Answer | None:
    """The other half of the day was meant, of what was set last."""
    wanted, before = scene.person.agenda.wanted, scene.person.agenda.before
    fresh = [each for each in wanted.once if before and each not in before.once]
    if fresh and fresh[0].wall:
        wall = fresh[0].wall
        other = wall.replace(hour=(wall.hour + 12) % 24)
        kept = replace(scene.person.agenda, wanted=without(wanted, fresh[0].number))
        scene = replace(scene, person=replace(scene.person, agenda=kept))
        return set_once(scene, now, wall=other)
    if before and before.runs != wanted.runs:
        runs = tuple(replace(each, clock=_turned(each.clock)) for each in wanted.runs)
        spoken = words_of(scene.person)
        what = spoken("list.also").join(run_in_words(spoken, each) for each in runs)
        person = changed(scene.person, replace(wanted, runs=runs), now)
        scene = replace(scene, person=person)
        parts = [spoken("run.set", what=what), *promised(person, Purpose.RUN, now)]
        return echo(scene, " ".join(parts))
    bedtimes = tuple(replace(each, clock=_turned(each.clock)) for each in _fresh(scene.person))
    return set_bedtimes(scene, bedtimes, now) if bedtimes else None


def _turned(clock: time) -> time:
    """The same on the dial, in the other half of the day."""
    return clock.replace(hour=(clock.hour + 12) % 24)


def farewell(person: Person, key: str, now: datetime) -> str:
    """The end of a talk: once the rest of an evening is done it is good night."""
    spoken, where = words_of(person), person.clock
    rested = person.agenda.rested
    done = bedtime(now, where) and rested and day(rested, where) == day(now, where)
    return " ".join((spoken(key), *([spoken("goodbye.night")] if done else [])))


def displaces(person: Person, at: datetime) -> str:
    """What is said when a reminder stays away because of another at that moment; else nothing."""
    spoken, where = words_of(person), person.clock
    for due in upcoming(person.agenda, person.seat, where):
        if due.purpose is Purpose.BEDTIME and abs(due.at - at) < silence.APART:
            return spoken("once.instead", clock=spoken.clock(due.at, where))
    return ""


# Bedtime


def ask_bedtime(scene: Scene, now: datetime) -> Answer:
    """When to be reminded in the evening: to tap, or to type."""
    if whereabouts.unsure(scene.person, repeats=True):
        return whereabouts.ask(scene, now, wish="bedtime")
    scene = asking(scene, "bedtime", now)
    person, spoken = scene.person, words_of(scene.person)
    times = [
        button(person, "", "bedtime", f"{clock:%H%M}", label=spoken.time(clock))
        for clock in EVENINGS
    ]
    wanted = person.agenda.wanted
    more = []
    if wanted.bedtimes:
        on_run_days = any(each.run_days for each in wanted.bedtimes)
        which = "all_days" if on_run_days else "run_days"
        more.append(button(person, f"button.{which}", "bedtime", which))
        both = "not_both" if wanted.both else "both"
        more.append(button(person, f"button.{both}", "bedtime", both))
        more.append(button(person, "button.no_bedtime", "bedtime", "none"))
    return scene, (say(scene, spoken("bedtime.ask"), tuple(times), *pairs(more)),)


def bedtime_pressed(scene: Scene, said: str, now: datetime) -> Answer | None:
    """A bedtime that was tapped, or a change of all of them."""
    wanted, spoken = scene.person.agenda.wanted, words_of(scene.person)
    match said:
        case "run_days" | "all_days":
            return _with_all(scene, now, wanted.bedtimes, run_days=said == "run_days")
        case "both" | "not_both":
            text = spoken(f"reminders.{said}")
            return _set(scene, replace(wanted, both=said == "both"), now, text)
        case "none":
            return _set(scene, replace(wanted, bedtimes=()), now, spoken("bedtime.none"))
        case "ask":
            return ask_bedtime(scene, now)
        case _ if len(said) == 4 and said.isdecimal() and said < "2400" and said[2:] < "60":
            clock = time(int(said[:2]), int(said[2:]))
            if whereabouts.unsure(scene.person, repeats=True):
                return whereabouts.ask(scene, now, wish="bedtime", said=f"{clock:%H:%M}")
            kept = any(each.run_days for each in wanted.bedtimes)
            return set_bedtimes(scene, (Bedtime(clock, run_days=kept),), now)
        case _:
            return None


def folded(entries: tuple[Weekly, ...]) -> tuple[Weekly, ...]:
    """Each weekday once: a later entry takes its days from those before it."""
    kept: list[Weekly] = []
    for entry in entries:
        before, kept = kept, [entry]
        for each in before:
            if days := tuple(d for d in each.days if d not in entry.days):
                kept.append(replace(each, days=days))
    return tuple(sorted(kept, key=lambda each: each.days))


def set_bedtimes(
    scene: Scene, bedtimes: tuple[Bedtime, ...], now: datetime, *, other: bool = False
) -> Answer:
    """These evenings; those of other weekdays stay as they are. ``other``: am or pm is unsure."""
    wanted = scene.person.agenda.wanted
    bedtimes = folded(bedtimes)
    every = folded((*wanted.bedtimes, *bedtimes))
    stay = [each for each in every if each not in bedtimes]
    person = changed(scene.person, replace(wanted, bedtimes=every), now)
    spoken, where, entry = words_of(person), person.clock, bedtimes[0]
    what = spoken("list.also").join(bedtime_in_words(spoken, each) for each in bedtimes)
    parts: list[str] = [spoken("bedtime.set", what=what)]
    if not entry.exact:
        own = spoken.clock(bedtime_at(entry, day(now, where), person.seat, where), where)
        parts.append(spoken("bedtime.own_minute", clock=own))
    more = []
    swallowed = [each for each in every if _lies_in(each, person.agenda.wanted, person, now)]
    if swallowed and wanted.quiet:
        parts.append(spoken("bedtime.in_quiet", hours=quiet_in_words(spoken, wanted.quiet)))
        more.append(button(person, "button.no_quiet", "quiet", "none"))
    else:
        parts += promised(person, Purpose.BEDTIME, now)
    more += seat_instead(person, now)
    if len(wanted.bedtimes) > len(stay) + 1:
        old = spoken("list.also").join(bedtime_in_words(spoken, each) for each in wanted.bedtimes)
        parts.append(spoken("bedtime.instead", what=old))
    if not entry.exact:
        label = spoken("button.exactly", clock=spoken.time(entry.clock))
        more.append(button(person, "", "set", person.agenda.change, "exact", label=label))
    if other:
        label = spoken("button.rather", clock=spoken.time(_turned(entry.clock)))
        more.append(button(person, "", "set", person.agenda.change, "other", label=label))
    if not entry.run_days:
        more.append(button(person, "button.run_days", "set", person.agenda.change, "run_days"))
    elif not wanted.runs:
        more.append(button(person, "reminders.button.runs", "remind", "runs"))
    more.append(button(person, "button.other_time", "remind", "bedtime"))
    return echo(replace(scene, person=person), " ".join(parts), *more)


# Once


def ask_once(scene: Scene, now: datetime, *, on: date | None = None, part: str = "") -> Answer:
    """One reminder: this evening, or that part of a day, to tap; anything to type."""
    if whereabouts.unsure(scene.person):
        return whereabouts.ask(scene, now, wish="once")
    today = day(now, scene.person.clock)
    scene = asked(scene, Asking("once", 0, now, until=on if on != today else None))
    person, spoken, where = scene.person, words_of(scene.person), scene.person.clock
    if part not in ("", "evening", "night") or (on and on != today):
        return _at_that_part(scene, on or today, part, now)
    local = now.astimezone(where).replace(tzinfo=None)
    start = local.replace(minute=0, second=0, microsecond=0)
    if start.hour < 20 and start.hour >= number("day_turns_hour"):
        start = start.replace(hour=20)
    halves = (start + timedelta(minutes=30 * step) for step in range(1, 9))
    soon = [each for each in halves if each - local > timedelta(minutes=20)][:4]
    times = tuple(
        button(person, "", "once", f"{each:%Y%m%d-%H%M}", label=spoken.time(each.time()))
        for each in soon
    )
    return scene, (say(scene, spoken("once.ask"), times),)


def _at_that_part(scene: Scene, on: date, part: str, now: datetime) -> Answer:
    person, spoken, where = scene.person, words_of(scene.person), scene.person.clock
    found = [datetime.combine(on, clock) for clock in PARTS.get(part, PARTS[""])]
    if all(moment(wall.date(), wall.time(), where) <= now for wall in found):
        found = [wall + timedelta(days=1) for wall in found]
    times = tuple(
        button(person, "", "once", f"{wall:%Y%m%d-%H%M}", label=spoken.time(wall.time()))
        for wall in found
        if moment(wall.date(), wall.time(), where) > now
    )
    text = spoken("once.ask_on", day=spoken.weekday_date(found[0].date()))
    return scene, (say(scene, text, times),)


def once_pressed(scene: Scene, said: str, now: datetime) -> Answer | None:
    """A moment that was tapped."""
    try:
        wall = datetime.strptime(said, "%Y%m%d-%H%M")  # noqa: DTZ007 - a wall time has no zone
    except ValueError:
        return None
    near = abs(wall - now.replace(tzinfo=None)) < FURTHEST
    if whereabouts.unsure(scene.person) or not near:
        return None
    return set_once(scene, now, wall=wall)


def set_once(
    scene: Scene,
    now: datetime,
    *,
    at: datetime | None = None,
    wall: datetime | None = None,
    other: datetime | None = None,
) -> Answer:
    """One reminder; in the evening it takes the place of that night's. ``other`` may be meant."""
    person = scene.person
    if person.consent is None:
        return check.ask_consent(scene)
    spoken, where, wanted = words_of(person), person.clock, person.agenda.wanted
    known = next((each for each in wanted.once if (each.at, each.wall) == (at, wall)), None)
    if known is None:
        known = Once(person.next_number, at=at, wall=wall)
        _, person = closures.number_for(person)
    once, due = known, known.due(where)
    if due <= now or due - now > FURTHEST:
        return scene, (say(scene, spoken("once.past" if due <= now else "once.far")),)
    night = night_of(once, where)
    kept = (each for each in wanted.once if night is None or night_of(each, where) != night)
    others = tuple(each for each in kept if each != once)
    if len(others) >= AT_MOST:
        return scene, (say(scene, spoken.count("once.too_many", AT_MOST)),)
    instead = [spoken.clock(e.due(where), where) for e in wanted.once if e not in (*others, once)]
    entry = wanted.bedtime_on(night) if night else None
    if entry and night and not instead:
        usual = bedtime_at(entry, night, person.seat, where)
        instead = [spoken.clock(usual, where)] if usual > now else []
    person = changed(person, replace(wanted, once=(*others, once)), now)
    parts: list[str] = [spoken("once.set", when=_when(person, due, now, waits=at is not None))]
    if shut := silence.shut(person, now):
        parts = [parts[0], spoken(f"reminders.{shut}")]
    if instead:
        parts.append(spoken("once.instead", clock=instead[0]))
    if wanted.is_quiet(due, where):
        parts.append(spoken("quiet.this_once"))
    more = seat_instead(person, now)
    if other:
        label = spoken("button.rather", clock=spoken.clock(other, where))
        more.append(button(person, "", "set", person.agenda.change, "other", label=label))
    return echo(replace(scene, person=person), " ".join(parts), *more)


def _when(person: Person, due: datetime, now: datetime, *, waits: bool) -> str:
    """A moment in words, with its year where that is another; a wait while no clock is known."""
    spoken, where = words_of(person), person.clock
    if waits and not person.knows_time:
        return spoken("once.in", time=seconds(spoken, due - now))
    local = due.astimezone(where)
    if local.year != now.astimezone(where).year:
        return f"{spoken.date(local.date())}, {spoken.clock(due, where)}"
    return spoken.moment(due, where)


def drop(scene: Scene, taken: int, now: datetime) -> Answer | None:
    """Take a single reminder away."""
    wanted = scene.person.agenda.wanted
    gone = next((each for each in wanted.once if each.number == taken), None)
    if gone is None:
        return None
    person, spoken = scene.person, words_of(scene.person)
    text = spoken("reminders.dropped", when=spoken.moment(gone.due(person.clock), person.clock))
    return _set(scene, without(wanted, taken), now, text)


# Quiet


def ask_quiet(scene: Scene, now: datetime) -> Answer:
    """Quiet hours: to tap, or to type."""
    if whereabouts.unsure(scene.person, repeats=True):
        return whereabouts.ask(scene, now, wish="quiet")
    scene = asking(scene, "quiet", now)
    person, spoken = scene.person, words_of(scene.person)
    buttons = [
        button(
            person,
            "",
            "quiet",
            f"{begin:%H%M}-{end:%H%M}",
            label=f"{spoken.time(begin)}-{spoken.time(end)}",
        )
        for begin, end in QUIET
    ]
    if person.agenda.wanted.quiet:
        buttons.append(button(person, "button.no_quiet", "quiet", "none"))
    return scene, (say(scene, spoken("quiet.ask"), *pairs(buttons)),)


def set_quiet(scene: Scene, quiet: tuple[time, time] | None, now: datetime) -> Answer:
    """From when to when nothing is sent unasked."""
    if scene.person.consent is None:
        return check.ask_consent(scene)
    wanted, spoken = replace(scene.person.agenda.wanted, quiet=quiet), words_of(scene.person)
    text: str = quiet_in_words(spoken, quiet) if quiet else spoken("quiet.none")
    if quiet:
        text = spoken("quiet.set", hours=text)
    inside = [each for each in wanted.bedtimes if _lies_in(each, wanted, scene.person, now)]
    if inside:
        text = f"{text} {spoken('quiet.swallows', clock=spoken.time(inside[0].clock))}"
    return _set(scene, wanted, now, text)


def _lies_in(entry: Bedtime, wanted: Wanted, person: Person, now: datetime) -> bool:
    at = bedtime_at(entry, day(now, person.clock), person.seat, person.clock)
    return wanted.is_quiet(at, person.clock)


def quiet_pressed(scene: Scene, said: str, now: datetime) -> Answer | None:
    """Quiet hours that were tapped."""
    if said == "none":
        return set_quiet(scene, None, now)
    known = {f"{begin:%H%M}-{end:%H%M}": (begin, end) for begin, end in QUIET}
    return set_quiet(scene, known[said], now) if said in known else None


# Pause


def ask_pause(scene: Scene, now: datetime) -> Answer:
    """Until when: to tap, or to type."""
    scene = asking(scene, "pause", now)
    person, spoken = scene.person, words_of(scene.person)
    today = day(now, person.clock)
    days = [
        button(
            person,
            "",
            "pause",
            f"{today + timedelta(days=each):%Y%m%d}",
            label=spoken.weekday_date(today + timedelta(days=each)),
        )
        for each in PAUSES
    ]
    rest = button(person, "button.until_i_say", "pause", "open")
    return scene, (say(scene, spoken("pause.ask"), *pairs(days), (rest,)),)


def pause_pressed(scene: Scene, said: str, now: datetime) -> Answer | None:
    """A pause that was tapped."""
    try:
        until = datetime.strptime(said, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return pause(scene, until, now)


def pause(scene: Scene, until: date, now: datetime) -> Answer:
    """No reminders before that day."""
    if scene.person.consent is None:
        return check.ask_consent(scene)
    today = day(now, scene.person.clock)
    if not today < until <= today + FURTHEST:
        return scene, (say(scene, words_of(scene.person)("pause.which")),)
    wanted = scene.person.agenda.wanted
    if not (wanted.bedtimes or wanted.runs or wanted.once or scene.person.offer):
        return show(scene, now)
    scene = _let_go(scene, now, replace(wanted, paused_until=until))
    person, spoken = scene.person, words_of(scene.person)
    parts: list[str] = [spoken("pause.set", day=spoken.weekday_date(until))]
    for each in wanted.once:
        if day(each.due(person.clock), person.clock) < until:
            when = spoken.moment(each.due(person.clock), person.clock)
            parts.append(spoken("pause.but", when=when))
    return echo(scene, " ".join(parts))


def resumed(person: Person, now: datetime) -> Person:
    """Reminders again: what lies behind stays behind."""
    wanted = replace(person.agenda.wanted, paused_until=None)
    still = tuple(each for each in wanted.once if each.due(person.clock) > now)
    agenda = replace(person.agenda, wanted=replace(wanted, once=still), ignored=0, asked=False)
    fresh = from_now(agenda, person.seat, person.clock, now)
    return replace(person, quiet=False, agenda=fresh)


def pressed(scene: Scene, what: str, taken: int, now: datetime) -> Answer | None:
    """A button of the card."""
    wanted, spoken = scene.person.agenda.wanted, words_of(scene.person)
    match what:
        case "":
            return show(scene, now)
        case "bedtime":
            return ask_bedtime(scene, now)
        case "once":
            return ask_once(scene, now)
        case "quiet":
            return ask_quiet(scene, now)
        case "pause":
            return ask_pause(scene, now)
        case "why":
            return why(scene)
        case "drop":
            return drop(scene, taken, now)
        case "seat":
            return _set(scene, replace(wanted, seat=True), now, spoken("reminders.seat_only"))
        case "off":
            scene = _let_go(scene, now, Wanted(quiet=wanted.quiet))
            return echo(scene, spoken("reminders.off"))
        case "no":
            return scene, (say(scene, farewell(scene.person, "offer.skipped", now)),)
        case _:
            return None


# After the first rest


def same_tomorrow(scene: Scene, now: datetime) -> Answer:
    """Asked once, after the first rest: every evening, on run days, or not at all."""
    person = scene.person
    agenda = person.agenda
    wanted = agenda.wanted
    if agenda.offered or wanted.bedtimes or wanted.runs or not person.keeps:
        return scene, ()
    if open_question(scene, now) or closures.is_closed(person, now):
        return scene, ()
    person = replace(person, agenda=replace(agenda, offered=True))
    scene = replace(scene, person=person)
    if whereabouts.unsure(person, repeats=True):
        return whereabouts.ask(scene, now, wish="tomorrow")
    return tomorrow(scene, now)


def tomorrow(scene: Scene, now: datetime) -> Answer:
    """Whether they would like the same tomorrow, at the time of this evening."""
    scene = asking(scene, "bedtime", now)
    person, spoken = scene.person, words_of(scene.person)
    local = now.astimezone(person.clock)
    near = time(local.hour, 30 * (local.minute // 30))
    clock = near if local.hour >= 20 or local.hour < number("bedtime_to_hour") else EVENINGS[1]
    label = spoken("button.every_evening", clock=spoken.time(clock))
    rows = (
        (button(person, "", "bedtime", f"{clock:%H%M}", label=label),),
        (
            button(person, "button.other_time", "remind", "bedtime"),
            button(person, "button.after_runs", "remind", "runs"),
            button(person, "button.no_reminder", "remind", "no"),
        ),
    )
    return scene, (say(scene, spoken("tomorrow.ask"), *rows),)
