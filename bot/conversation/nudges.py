"""Reminders when their time has come: whether they are said at all, how, and their buttons."""

import dataclasses
from datetime import datetime, timedelta

from bot.content.routine import number
from bot.conversation import (
    closures,
    hold,
    offers,
    plan,
    promises,
    quiet_times,
    reminders,
    runs,
    silence,
    up,
    verdict,
    whereabouts,
)
from bot.conversation.agenda import (
    Agenda,
    Due,
    Nudge,
    Offer,
    Purpose,
    caught_up,
    dealt_with,
    overdue,
    with_nudge,
)
from bot.conversation.free_text import is_said
from bot.conversation.person import CARD_LIVES, Person, Scene, with_agenda
from bot.conversation.reply import Answer, Rows, button, lasting, say, words_of
from bot.conversation.values import replace
from bot.events import Button, Lane
from bot.practice.localtime import bedtime, day
from bot.times import read_any

LATEST = {
    Purpose.BEDTIME: timedelta(minutes=number("late_bedtime")),
    Purpose.ONCE: timedelta(minutes=number("late_bedtime")),
    Purpose.RUN: timedelta(minutes=number("late_run_question")),
    Purpose.BACK: runs.LATE,
}
"""Later than this a reminder is dropped, and the next words say so."""

GO_ON = number("ignored_before_asking")
LONGEST_WAIT = timedelta(hours=4)
"""A typed wait up to this puts the reminder off; a longer one is one of its own."""
LATERS = (15, 30, 60, 120)
"""Minutes by which a reminder can be put off with a tap."""
FIRST = {
    "legs": ("button.start", "start"),
    "check": ("button.check_now", "start"),
    "seat": ("button.seat", "seat"),
}
"""The first button of a reminder, by what it may lead to."""


def wake(scene: Scene, now: datetime) -> Answer:
    """Everything that has come due: each said once or never, in order."""
    scene, said = _offered(scene, now)
    person = scene.person
    if person.quiet:
        return scene, said
    every, where = list(said), person.clock
    agenda = caught_up(person.agenda, now, where)
    for due in overdue(agenda, person.seat, where, now):
        scene, said = _remind(scene, dealt_with(agenda, due), due, now)
        agenda = scene.person.agenda
        every += said
    return with_agenda(scene, agenda), tuple(every)


def _remind(scene: Scene, agenda: Agenda, due: Due, now: datetime) -> Answer:
    """One that has come due, with the agenda in which it is behind: said, or not."""
    person = scene.person
    way = silence.way(person, now)
    if not way or person.hold is not None:
        return with_agenda(scene, agenda), ()
    if silence.needless(person, due, now) or silence.in_quiet_hours(person, due, due.at):
        return with_agenda(scene, agenda), ()
    if now - due.at > LATEST[due.purpose] or silence.in_quiet_hours(person, due, now):
        return _missed(scene, agenda, due), ()
    if _busy(person, now):  # they are at it: asked again if nothing comes of it
        taken, person = closures.number_for(person)
        offer = person.offer or Offer(now + CARD_LIVES, taken, due.purpose)
        return replace(scene, person=replace(person, agenda=agenda, offer=offer)), ()
    return _nudge(scene, agenda, due, way, now)


def _missed(scene: Scene, agenda: Agenda, due: Due) -> Scene:
    return with_agenda(scene, replace(agenda, missed=Nudge(0, due.purpose, due.at)))


def _busy(person: Person, now: datetime) -> bool:
    """Whether they are in the middle of a card or a check just now."""
    card, begun = person.card, person.check
    if card is not None and now - card.shown < CARD_LIVES:
        return True
    return begun is not None and now - begun.started < CARD_LIVES


def _nudge(scene: Scene, agenda: Agenda, due: Due, way: str, now: datetime) -> Answer:
    """Say it, with the ways to answer it."""
    person, purpose, at = scene.person, due.purpose, due.at
    taken = person.next_number
    own = purpose is Purpose.BEDTIME and not due.asked
    night = due.on if own else due.instead_of
    agenda = with_nudge(agenda, Nudge(taken, purpose, at), now, night)
    asks = agenda.ignored >= GO_ON and not agenda.asked
    if asks:
        agenda = replace(agenda, asked=True)
    person = replace(person, next_number=taken + 1, agenda=agenda, card=None)
    scene = replace(scene, person=person)
    spoken, where = words_of(person), person.clock
    clock = spoken.clock(max(at, now), where) if person.knows_time else spoken("nudge.now")
    if purpose is Purpose.RUN:
        text: str = spoken(f"nudge.run.{way}", clock=clock)
    elif purpose is Purpose.BACK:
        text = spoken(f"nudge.back.{way}")
    elif way == "legs":
        text = spoken("nudge.legs", clock=clock, plan=_plan(person, now))
    else:
        text = spoken(f"nudge.{way}", clock=clock)
    rows = [*_rows(person, taken, purpose, way)]
    if asks:
        text = f"{text}\n\n{spoken.count('nudge.go_on', agenda.ignored)}"
        rows.append(
            (
                button(person, "button.go_on", "nudge", taken, "go_on"),
                button(person, "button.all_off", "remind", "off"),
            )
        )
    until = at + LATEST[purpose]
    kind, quiet = f"nudge.{purpose}", way == "seat"
    message = say(scene, text, *rows, lane=Lane.REMINDER, until=until, kind=kind, silent=quiet)
    # What it leads to takes its place on the screen.
    return scene, (dataclasses.replace(message, slot="card"),)


def _plan(person: Person, now: datetime) -> str:
    """The next rest in words, for whom `silence.way` has found that their check allows one."""
    found = person.clearance
    if found is None:
        return ""
    planned = plan.plan_for(person, found, "", now)
    return plan.in_words(person, planned, said=verdict.start_with(found))


def _rows(person: Person, taken: int, purpose: Purpose, way: str) -> Rows:
    def nudge(key: str, *what: object) -> Button:
        return button(person, key, "nudge", taken, *what)

    pause = nudge("button.pause_until", "pause")
    if purpose is Purpose.RUN:
        return (
            (nudge("button.back", "back"), nudge("button.in_an_hour", "in", 60)),
            (nudge("button.no_run", "today"), pause),
        )
    return (
        (nudge(*FIRST[way]), nudge("button.in_30", "in", 30), nudge("button.not_today", "today")),
        (nudge("button.later", "later"), pause),
    )


def pressed(scene: Scene, taken: int, what: str, much: str, now: datetime) -> Answer | None:
    """A button of a reminder; None for one of a reminder that is over."""
    nudge = scene.person.agenda.why
    if nudge is None or nudge.number != taken:
        return up.legs_up(scene, "", now) if what == "start" and taken else None
    match what:
        case "start":
            return up.legs_up(scene, "", now)
        case "seat":
            return hold.seat(scene, now)
        case "in" | "today" if day(nudge.at, scene.person.clock) != day(now, scene.person.clock):
            return None  # another day's
        case "back":
            return runs.ran(scene, now)
        case "in" if scene.person.hold is not None:
            return hold.where(scene, now)
        case "in" if not silence.way(scene.person, now):
            return up.legs_up(scene, "", now)
        case "in" if much in map(str, LATERS):
            return offers.put_off(scene, now + timedelta(minutes=int(much)), nudge.purpose, now)
        case "later":
            return _laters(scene, taken)
        case "today":
            return _not_today(scene, nudge, now)
        case "pause":
            return quiet_times.ask_pause(scene, now)
        case "go_on":
            return scene, (say(scene, words_of(scene.person)("nudge.going_on")),)
        case _:
            return None


def _laters(scene: Scene, taken: int) -> Answer:
    person, spoken = scene.person, words_of(scene.person)
    row = tuple(
        button(person, "", "nudge", taken, "in", each, label=_in(person, each))
        for each in LATERS
        if each != 30
    )
    return scene, (say(scene, spoken("nudge.later"), row),)


def _in(person: Person, length: int) -> str:
    spoken = words_of(person)
    return spoken("button.in", time=lasting(spoken, length))


def _not_today(scene: Scene, nudge: Nudge, now: datetime) -> Answer:
    """Nothing more of it today, and it costs nothing."""
    person = replace(scene.person, offer=None)
    if nudge.purpose is Purpose.RUN:
        agenda = replace(person.agenda, no_run=day(nudge.at, person.clock))
        person = silence.freed(replace(person, agenda=agenda))
    scene, spoken = replace(scene, person=person), words_of(person)
    parts = [spoken("offer.skipped"), promises.next_in_words(person, now)]
    due = silence.coming(person)
    more = due is not None and day(due.at, person.clock) == day(now, person.clock)
    if bedtime(now, person.clock) and not more:
        parts.append(spoken("goodbye.night"))
    return scene, (say(scene, " ".join(filter(None, parts))),)


def _offered(scene: Scene, now: datetime) -> Answer:
    """A rest that was put off to now."""
    person, offer = scene.person, scene.person.offer
    if offer is None or offer.at > now:
        return scene, ()
    running = person.hold
    if running and not running.plan.variation.raised:
        at = max(running.ends or now, now + timedelta(minutes=1))  # after the seated rest
        return replace(scene, person=replace(person, offer=replace(offer, at=at))), ()
    scene = replace(scene, person=replace(person, offer=None))
    way = silence.way(person, now)
    rested = person.agenda.rested
    if running or not way or (rested and rested > offer.at - CARD_LIVES):
        return scene, ()
    due = Due(offer.purpose, day(offer.at, person.clock), offer.at, asked=True)
    if now - offer.at > LATEST[offer.purpose] or silence.in_quiet_hours(person, due, now):
        return _missed(scene, person.agenda, due), ()
    return _nudge(scene, person.agenda, due, way, now)


def expired(scene: Scene, kind: str) -> Scene:
    """A reminder could not be said in time."""
    nudge = scene.person.agenda.why
    if nudge is None or kind != f"nudge.{nudge.purpose}":
        return scene
    return with_agenda(scene, replace(scene.person.agenda, nudge=None, missed=nudge))


def missed(scene: Scene) -> Answer:
    """What came to nothing because we were away, told once with the next words."""
    person = scene.person
    nudge = person.agenda.missed
    if nudge is None:
        return scene, ()
    scene = with_agenda(scene, replace(person.agenda, missed=None))
    when = words_of(person).moment(nudge.at, person.clock)
    return scene, (say(scene, words_of(person)("nudge.missed", when=when), silent=True),)


TYPED = {
    "start": ("button.start", "text.yes"),
    "today": ("button.not_today", "button.no_run", "text.no"),
    "pause": ("button.pause_until",),
    "later": ("button.later",),
}
"""What may be typed below a reminder, in words of the person's language."""


def typed(scene: Scene, text: str, now: datetime) -> Answer | None:
    """A line that says what a button of the newest question says: only that one takes a yes."""
    person, spoken = scene.person, words_of(scene.person)
    newest, asking = person.next_number - 1, person.asking
    yes, no = is_said(text, spoken("text.yes")), is_said(text, spoken("text.no"))
    if asking is not None and asking.number == newest and asking.kind == "travel" and (yes or no):
        said = ("until" if asking.until else "stay") if yes else "no"
        return whereabouts.travel_pressed(scene, newest, said, now)
    if person.agenda.change == newest:
        if no or is_said(text, spoken("text.undo")):
            return reminders.set_pressed(scene, newest, "undo", now)
        right = yes or is_said(text, spoken("button.right"))
        return reminders.set_pressed(scene, newest, "right", now) if right else None
    nudge = person.agenda.why
    if nudge is None or nudge.number != newest or now - nudge.at > LATEST[Purpose.BACK]:
        return None
    for what, keys in TYPED.items():
        if any(is_said(text, spoken(key)) for key in keys):
            back = what == "start" and nudge.purpose is Purpose.RUN
            return pressed(scene, nudge.number, "back" if back else what, "", now)
    wait = read_any(text, spoken.language, now.astimezone(person.clock))
    if wait and wait.after and wait.after <= LONGEST_WAIT and silence.way(person, now):
        return offers.put_off(scene, now + wait.after, nudge.purpose, now)
    return None
