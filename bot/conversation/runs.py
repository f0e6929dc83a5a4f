"""After a run: walk and drink first, legs up after. And the runs that come every week."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from bot.content.routine import number
from bot.conversation import (
    changes,
    check,
    closures,
    evenings,
    hold,
    offers,
    promises,
    safety,
    silence,
    single,
    up,
    whereabouts,
)
from bot.conversation.agenda import (
    WEEK,
    Purpose,
    RunTime,
    after_run,
    folded,
    upcoming,
)
from bot.conversation.asking import asking
from bot.conversation.person import Asking, Scene
from bot.conversation.promises import quiet_in_words, run_in_words
from bot.conversation.reply import Answer, button, lasting, pairs, say, words_of
from bot.conversation.values import replace
from bot.practice.localtime import day
from bot.times import moments, read_any

WAIT = timedelta(minutes=number("after_run_wait"))
LATE = timedelta(minutes=number("late_after_run"))
POST = 400
"""Characters of a post that are looked at for a time."""
_MOMENT = re.compile(r"@[0-9]{9,11}")
_CLOCK = re.compile(r"[0-9](?:[:.][0-9]{2}|\s?(?:[ap]m|h|uhr)\b)", re.IGNORECASE)
STARTS = (time(6, 30), time(7), time(12), time(17, 30), time(18), time(18, 30), time(19), time(20))
LENGTHS = (30, 45, 60, 90)


def ran(scene: Scene, now: datetime) -> Answer:
    """/ran, "I'm back": back from a run."""
    if scene.person.hold is not None:
        return hold.where(scene, now)
    person, spoken = scene.person, words_of(scene.person)
    if person.consent is not None:
        agenda = after_run(person.agenda, now, person.seat, person.clock, now)
        person = replace(person, agenda=agenda)
        scene = replace(scene, person=person)
    asked = safety.open_question(scene, now)
    if asked is not None:
        return scene, (say(scene, spoken("ran.closed")), asked)
    if silence.shut(person, now):
        seat = button(person, "button.seat", "seat")
        return scene, (say(scene, spoken("ran.seat"), (seat,)),)
    row = (
        button(person, "ran.now", "ran", "now"),
        button(person, "button.in_30", "ran", "soon"),
        button(person, "ran.tonight", "ran", "tonight"),
    )
    return scene, (say(scene, spoken("ran"), row),)


def finished(scene: Scene, ended_at: datetime, now: datetime) -> Answer:
    """A run is over, as a watch or a diary tells: offered once they have cooled down."""
    person = scene.person
    known = person.agenda.ran
    if person.consent is None or not now - LATE < ended_at <= now or person.hold is not None:
        return scene, ()
    if known is not None and abs(known - ended_at) < LATE:
        return scene, ()
    agenda = after_run(person.agenda, ended_at, person.seat, person.clock, now)
    agenda = replace(agenda, back=ended_at)
    return replace(scene, person=replace(person, agenda=agenda)), ()


def pressed(scene: Scene, when: str, now: datetime) -> Answer | None:
    """Cooled down already, in a while, or tonight."""
    if when not in ("now", "soon", "tonight"):
        return None
    person = scene.person
    if when == "now" or closures.is_closed(person, now) or not check.may_go_up(person, now):
        return up.legs_up(scene, "", now)
    if when == "tonight":
        return _tonight(scene, now)
    return offers.put_off(scene, now + WAIT, Purpose.BACK, now)


def after(scene: Scene, text: str, now: datetime) -> Answer:
    """A reminder after the run that a text tells of: a post of a club, or "@" and its moment."""
    if scene.person.consent is None:
        return check.ask_consent(scene)
    if whereabouts.unsure(scene.person):
        return whereabouts.ask(scene, now, wish="once")
    starts = _start(scene, text, now)
    if starts is None:
        return single.ask(scene, now)
    person, spoken, where = scene.person, words_of(scene.person), scene.person.clock
    ends = (starts + timedelta(minutes=length) for length in LENGTHS)
    walls = [end.astimezone(where) for end in ends if end > now]
    if not walls:
        return ran(scene, now)
    times = tuple(
        button(person, "", "once", f"{wall:%Y%m%d-%H%M}", label=spoken.time(wall.time()))
        for wall in walls
    )
    return scene, (say(scene, spoken("run.after", when=spoken.moment(starts, where)), times),)


def _start(scene: Scene, text: str, now: datetime) -> datetime | None:
    """When the run begins that a text tells of; None where it says no such thing clearly."""
    where = scene.person.clock
    if _MOMENT.fullmatch(text):
        return datetime.fromtimestamp(int(text[1:]), UTC)
    local, language = now.astimezone(where), words_of(scene.person).language
    readings = (read_any(part, language, local) for part in _about_time(text))
    said = next((each for each in readings if each and each.clock), None)
    return next(iter(moments(said, local)), None) if said else None


def _about_time(text: str) -> Iterator[str]:
    """The whole of it, and the words around what looks like a time, the most of them first."""
    yield text
    said = text[:POST].split()
    at = next((n for n, word in enumerate(said) if _CLOCK.search(word)), None)
    if at is None:
        return
    spans = [(max(0, at - before), at + after) for before in range(4) for after in range(1, 4)]
    for begin, end in sorted(set(spans), key=lambda span: span[0] - span[1]):
        yield " ".join(said[begin:end]).strip(",;.!?()-")


def _tonight(scene: Scene, now: datetime) -> Answer:
    """This evening's reminder stands for it, if one will come; else the time is asked."""
    person = silence.freed(replace(scene.person, offer=None))
    person = replace(person, agenda=replace(person.agenda, rested=None))
    due = silence.coming(person, Purpose.BEDTIME, Purpose.ONCE)
    if due is None or due.on != day(now, person.clock):
        return single.ask(scene, now)
    scene, spoken = replace(scene, person=person), words_of(person)
    text = spoken("offer.set", clock=spoken.live_clock(due.at, person.clock))
    return scene, (say(scene, text),)


# Usual runs


def ask(scene: Scene, now: datetime) -> Answer:
    """Usual runs: the days first, to tap or all to type."""
    if scene.person.consent is None:
        return check.ask_consent(scene)
    if whereabouts.unsure(scene.person, repeats=True):
        return whereabouts.ask(scene, now, wish="runs")
    scene = asking(scene, "runs", now)
    return _days(scene)


def _days(scene: Scene) -> Answer:
    person, spoken = scene.person, words_of(scene.person)
    question = person.asking
    if question is None:
        return scene, ()
    taken = question.number
    days = [
        button(
            person,
            "",
            "run",
            taken,
            "day",
            each,
            "off" if each in question.days else "on",
            label=f"{'✓ ' if each in question.days else ''}{spoken.weekdays([each])}",
        )
        for each in WEEK
    ]
    rows = [tuple(days[:4]), tuple(days[4:])]
    if question.days:
        rows.append((button(person, "button.days_done", "run", taken, "done"),))
    if person.agenda.wanted.runs:
        rows.append((button(person, "button.no_runs", "run", taken, "none"),))
    key = "run.ask.days" if question.days else "run.ask"
    chosen = spoken.weekdays(question.days) if question.days else ""
    return scene, (say(scene, spoken(key, days=chosen), *rows, slot="runs", notice=chosen),)


def usual_pressed(scene: Scene, taken: int, about: tuple[str, ...], now: datetime) -> Answer | None:
    """A day, a time, a length, or none at all."""
    what, said, on = about[0], "".join(about[1:2]), about[2:] != ("off",)
    question = scene.person.asking
    if question is None or question.kind != "runs" or question.number != taken:
        return None
    match what:
        case "day" if said in map(str, WEEK):
            days = {*question.days, int(said)} if on else {*question.days} - {int(said)}
            return _days(_asking(scene, replace(question, days=tuple(sorted(days)))))
        case "done" if question.days:
            return _ask_clock(scene, question)
        case "at" if question.days and said in [f"{each:%H%M}" for each in STARTS]:
            clock = time(int(said[:2]), int(said[2:]))
            return _ask_length(_asking(scene, replace(question, clock=clock)), taken)
        case "for" if question.days and question.clock and said in map(str, LENGTHS):
            return set_runs(scene, (RunTime(question.clock, question.days, int(said)),), now)
        case "none":
            return set_runs(scene, (), now)
        case _:
            return None


def _asking(scene: Scene, question: Asking) -> Scene:
    return replace(scene, person=replace(scene.person, asking=question))


def _ask_clock(scene: Scene, question: Asking) -> Answer:
    person, spoken = scene.person, words_of(scene.person)
    times = [
        button(person, "", "run", question.number, "at", f"{each:%H%M}", label=spoken.time(each))
        for each in STARTS
    ]
    return scene, (say(scene, spoken("run.ask.clock"), tuple(times[:4]), tuple(times[4:])),)


def _ask_length(scene: Scene, taken: int) -> Answer:
    person, spoken = scene.person, words_of(scene.person)
    lengths = [
        button(person, "", "run", taken, "for", each, label=lasting(spoken, each))
        for each in LENGTHS
    ]
    return scene, (say(scene, spoken("run.ask.length"), *pairs(lengths)),)


def set_runs(
    scene: Scene, usual: tuple[RunTime, ...], now: datetime, *, other: bool = False
) -> Answer:
    """These are the usual runs from now on; those of other days stay as they are."""
    wanted = scene.person.agenda.wanted
    usual = folded(usual)
    wanted = replace(wanted, runs=folded((*wanted.runs, *usual)) if usual else ())
    person = changes.changed(scene.person, wanted, now)
    scene, spoken = replace(scene, person=person), words_of(person)
    if not usual:
        return changes.echo(scene, spoken("run.none"))
    what = spoken("list.also").join(run_in_words(spoken, each) for each in wanted.runs)
    parts: list[str] = [spoken("run.set", what=what)]
    swallowed = any(
        silence.in_quiet_hours(person, due, due.at)
        for due in upcoming(person.agenda, person.seat, person.clock)
        if due.purpose is Purpose.RUN
    )
    parts += promises.promised(person, Purpose.RUN, now)
    if swallowed and wanted.quiet:
        hours = quiet_in_words(spoken, wanted.quiet)
        parts.append(spoken("bedtime.in_quiet", what=what, hours=hours))
    more = []
    if other:
        label = spoken("button.rather", clock=spoken.time(evenings.turned(usual[0].clock)))
        more.append(button(person, "", "set", person.agenda.change, "other", label=label))
    return changes.echo(scene, " ".join(parts), *more, *changes.seat_instead(person, now))
