"""A rest of many, as one of them sees it: in by one tap, led alone, counted and never named.

Each has their own check, way, length and end. Who may not raise their legs sits and counts alike.
"""

import dataclasses
from datetime import datetime, timedelta

from bot.content.routine import number
from bot.conversation import check, closures, hold, safety, setup, up
from bot.conversation.club import Part, Visit
from bot.conversation.person import LEAD, Joining, Person, Phase, Scene
from bot.conversation.reply import Answer, button, say, words_of
from bot.conversation.values import replace
from bot.conversation.way_out import counted
from bot.events import Button, Lane, Message

SEATS = number("together_seats")
LEAST = timedelta(seconds=number("together_least"))
LATE = timedelta(minutes=number("late_exit"))


def join(scene: Scene, taken: int, now: datetime) -> Answer:
    """In, whoever they are; then their own check, and their own questions of right now."""
    person, visit = scene.person, scene.visit
    spoken = words_of(person)
    together = visit.club.together if visit else None
    if visit is None or together is None or together.number != taken:
        return scene, (say(scene, spoken("joining.over")),)
    if person.hold is not None:
        scene, said = hold.where(scene, now)
        return scene, (say(scene, spoken("joining.resting")), *said)
    known = person.joining
    if known is not None and (known.club, known.number) == (visit.club.id, taken):
        return _stands(scene, now)
    seat = timedelta(seconds=visit.seat / SEATS)
    new = Joining(visit.club.id, taken, together.starts + seat, together.ends + seat)
    if new.ends - now < LEAST:
        return scene, (say(scene, spoken("joining.over")),)
    if not check.agreed(person):
        return _consent(scene, visit, taken)
    return _in(replace(scene, person=replace(person, joining=new)), now)


def _consent(scene: Scene, visit: Visit, taken: int) -> Answer:
    """First their yes; it leads back here."""
    scene, said = check.ask_consent(scene, then=("t", visit.club.id, taken))
    return scene, (say(scene, words_of(scene.person)("joining.first")), *said)


def _in(scene: Scene, now: datetime) -> Answer:
    """They are in: what comes next, and when."""
    person, spoken = scene.person, words_of(scene.person)
    joining = person.joining
    if joining is None:
        return scene, ()
    leave = (button(person, "joining.leave", "joining", joining.number, "leave"),)
    if now >= joining.starts:
        scene = replace(scene, person=replace(person, joining=replace(joining, asked=True)))
        scene, said = up.legs_up(scene, "", now)
        return scene, (say(scene, spoken("joining.late")), *said)
    when = spoken.live_clock(joining.starts, person.clock)
    if sits(person, now):
        return scene, (_seat(scene, joining, leave),)
    if now >= joining.starts - LEAD or not ready(person, now):
        asked = now >= joining.starts - LEAD
        scene = replace(scene, person=replace(person, joining=replace(joining, asked=asked)))
        scene, said = up.legs_up(scene, "", now)
        return scene, (say(scene, spoken("joining.in", clock=when), leave), *said)
    asks = spoken.live_clock(joining.starts - LEAD, person.clock)
    text = spoken("joining.in_ahead", clock=when, asks=asks)
    return scene, (say(scene, text, leave),)


def sits(person: Person, now: datetime) -> bool:
    """Whether they take the seat: refused, or closed for a while, with nothing to be asked."""
    found = check.current(person, now)
    refused = found is not None and not found.open
    shut = refused or closures.is_closed(person, now)
    asked = any(closures.closed_for(person, kind) for kind in safety.BEFORE)
    return shut and not asked and person.check is None and person.proposed is None


def _seat(scene: Scene, joining: Joining, *more: tuple[Button, ...]) -> Message:
    """Their seat, which counts the same; the reason is not said again."""
    spoken = words_of(scene.person)
    when = spoken.live_clock(joining.starts, scene.person.clock)
    seat = (button(scene.person, "button.seat", "seat"),)
    return say(scene, spoken("joining.seat", clock=when), seat, *more)


def ready(person: Person, now: datetime) -> bool:
    """Whether nothing but the questions of right now stands before a rest."""
    return check.may_go_up(person, now) and not closures.is_closed(person, now)


def _stands(scene: Scene, now: datetime) -> Answer:
    """A second tap: they are in, and what is next stands there."""
    joining = scene.person.joining
    if joining is not None and joining.plan is not None:
        return setup.waits(scene, joining)
    return _in(scene, now)


def pressed(scene: Scene, taken: int, what: str, now: datetime) -> Answer | None:  # noqa: ARG001 - as every room
    """Out again, without a word to anybody."""
    joining = scene.person.joining
    if joining is None or joining.number != taken or what != "leave":
        return None
    scene = replace(scene, person=replace(scene.person, joining=None))
    return scene, (say(scene, words_of(scene.person)("joining.left")),)


def called_off(scene: Scene, club: int, taken: int) -> Answer:
    """Its club does not begin it; who rests already rests on."""
    joining = scene.person.joining
    if joining is None or (joining.club, joining.number) != (club, taken):
        return scene, ()
    scene = replace(scene, person=replace(scene.person, joining=None))
    text = words_of(scene.person)("joining.called_off")
    return scene, (say(scene, text, lane=Lane.REMINDER),)


def wake(scene: Scene, now: datetime) -> Answer:
    """The questions of right now before the start; the first words; or it is over."""
    person, joining = scene.person, scene.person.joining
    if joining is None or joining.due > now or person.hold is not None:
        return scene, ()
    if now >= joining.ends - LEAST:
        return replace(scene, person=replace(person, joining=None)), ()
    if joining.plan is None and joining.asked:
        return scene, ()
    if joining.plan is None:
        person = replace(person, joining=replace(joining, asked=True))
        scene = replace(scene, person=person)
        if person.check is not None:
            return scene, ()  # they are answering its questions just now
        if sits(person, now):
            return _aloud((scene, (_seat(scene, joining),)))
        return _aloud(up.legs_up(scene, "", now))
    if not joining.plan.variation.raised:
        return _aloud(hold.seat(scene, now))
    if not ready(person, now):
        person = replace(person, joining=replace(joining, plan=None))
        return _aloud(up.legs_up(replace(scene, person=person), "", now))
    return _aloud(setup.begin(scene, joining.plan, now))


def _aloud(answer: Answer) -> Answer:
    """What comes by itself before a start goes before every reminder."""
    scene, said = answer
    return scene, tuple(dataclasses.replace(each, lane=min(each.lane, Lane.CUE)) for each in said)


def parts(before: Person, scene: Scene, now: datetime) -> tuple[Part, ...]:
    """What has become of their place in a rest of many with this step: their own row of it."""
    was, now_in = _place(before), _place(scene.person)
    if was == now_in:
        return ()
    told = []
    if was is not None and (now_in is None or now_in[:2] != was[:2]):
        club, taken, state = was
        if state != "done":
            seconds = _rested(before, now)
            told.append(Part(club, taken, "done" if seconds else "out", seconds))
    if now_in is not None:
        club, taken, state = now_in
        running = scene.person.hold
        seconds = running.seconds if running and state == "done" else 0
        told.append(Part(club, taken, state, seconds))
    return tuple(told)


def _rested(person: Person, now: datetime) -> int:
    running = person.hold
    return counted(running, now) if running and running.started else 0


def _place(person: Person) -> tuple[int, int, str] | None:
    """In which rest of many they are, and how far."""
    joining, running = person.joining, person.hold
    if running is not None and (mine := running.together) is not None:
        resting = "resting" if running.phase is Phase.REST else "in"
        state = "done" if running.phase in (Phase.WAY_OUT, Phase.SIT) else resting
        return mine.club, mine.number, state
    return (joining.club, joining.number, "in") if joining is not None else None
