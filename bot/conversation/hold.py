"""A rest while its clock runs. Someone with legs up comes before all else."""

import dataclasses
from datetime import datetime, timedelta

from bot.content.routine import number
from bot.conversation import closures, safety
from bot.conversation.person import Closed, Hold, Phase, Plan, Scene
from bot.conversation.reply import Answer, minutes, say, seconds, with_hold, words_of
from bot.conversation.rest_buttons import (
    feeling_rows,
    rows,
    settle_rows,
    worse_rows,
)
from bot.conversation.setup import (
    STEPS,
    abandoned,
    all_steps,
    last_step,
    legs_up_since,
    more_time,
    settling,
    started,
    step_card,
    waits,
)
from bot.conversation.trouble import tingling, trouble, what_is_it
from bot.conversation.values import replace
from bot.conversation.way_out import (
    EXIT_LATE,
    away_at_end,
    dizzy,
    ended,
    is_down,
    record,
    unanswered,
    way_out,
)
from bot.events import Lane, Message
from bot.practice.clearance import Place, Variation
from bot.practice.timeline import LATEST

AWAY_AFTER = timedelta(seconds=number("late_halfway"))
"""From this lateness on it is said that we were away."""


def seat(scene: Scene, now: datetime) -> Answer:
    """The seated rest: nothing raised, open to everyone, always."""
    if scene.person.hold is not None:
        return where(scene, now)
    whole = number("seat_minutes")
    plan = Plan(Variation.REST_SEAT, Place.FLOOR, whole, limit=whole)
    person, joining = scene.person, scene.person.joining
    if joining is not None and not joining.binds(now):
        joining = None
    if joining is not None and now < joining.starts:
        return waits(scene, replace(joining, plan=plan, asked=True))
    taken, person = closures.number_for(replace(person, joining=None) if joining else person)
    hold = Hold(taken, plan, Phase.REST, now, legs_up=now, said=1, together=joining)
    hold = started(hold, now)
    scene = replace(scene, person=replace(person, hold=hold, card=None))
    text = words_of(person)("cue.start.rest_seat", minutes=minutes(words_of(person), hold.lasts))
    return scene, (_loud(scene, hold, text),)


def pressed(scene: Scene, about: tuple[str, ...], now: datetime) -> Answer | None:
    """A button of this rest; None for one of a rest that is over or a step that is behind."""
    hold = scene.person.hold
    if hold is None or len(about) < 2 or about[0] != str(hold.number):
        # A cry is never too late.
        chest = about[1:3] == ("trouble", "chest")
        return safety.emergency(ended(scene, now), now) if chest else None
    if about[1] == "next" and (len(about) < 3 or about[2] != str(hold.step)):
        return None
    if about[1] == "more" and (len(about) < 3 or about[2] != str(hold.more)):
        return None
    if about[1] == "down" and hold.phase in (Phase.WAY_OUT, Phase.SIT):
        return where(scene, now)
    if about[1] == "trouble":
        return trouble(scene, hold, about[2] if len(about) > 2 else "", now)
    return act(scene, about[1], now)


def act(scene: Scene, what: str, now: datetime) -> Answer | None:
    """Do what was tapped or typed; None where it means nothing in this phase."""
    hold = scene.person.hold
    if hold is None:
        return None
    match hold.phase, what:
        case Phase.SETUP, "next" if hold.step == STEPS - 1:
            hold = settling(replace(hold, step=STEPS), now)
            return with_hold(scene, hold, last_step(scene.person, hold, now))
        case Phase.SETUP, "next":
            hold = replace(hold, step=hold.step + 1, since=now)
            return with_hold(scene, hold, step_card(scene.person, hold))
        case ((Phase.SETUP | Phase.SETTLE), "stuck"):
            return with_hold(scene, hold, step_card(scene.person, hold, "stuck"))
        case Phase.SETTLE, ("place" | "done") if _before_others(hold, now):
            return where(scene, now)
        case ((Phase.SETUP | Phase.SETTLE), ("place" | "done")):
            return _start(scene, hold, now)
        case Phase.SETTLE, "more":
            return more_time(scene, hold)
        case Phase.SETTLE, "steps":
            return all_steps(scene, hold)
        case Phase.SETUP, ("leave" | "down") if hold.step == 1:
            return with_hold(scene, None, (words_of(scene.person)("setup.left"), ()))
        case ((Phase.SETUP | Phase.SETTLE | Phase.REST), ("leave" | "down")):
            return way_out(scene, hold, now)
        case Phase.REST, "done":
            return way_out(scene, hold, now)
        case Phase.REST, "pause" if not hold.paused and hold.plan.variation.raised:
            return _pause(scene, hold, now)
        case Phase.REST, "resume" if hold.paused:
            return _resume(scene, hold, now)
        case ((Phase.SETUP | Phase.SETTLE), "gone"):
            return where(scene, now)
        case (
            (Phase.SETUP | Phase.SETTLE | Phase.REST),
            ("tingling" | "gone" | "still" | "one_side"),
        ) if hold.plan.variation.raised:
            return tingling(scene, hold, what, now)
        case _, "wrong":
            return what_is_it(scene, hold, "wrong.ask", now)
        case ((Phase.WAY_OUT | Phase.SIT), ("down" | "done")):
            return is_down(scene, hold, now)
        case ((Phase.WAY_OUT | Phase.SIT), "dizzy"):
            return dizzy(scene, hold, now)
        case _:
            return None


def _before_others(hold: Hold, now: datetime) -> bool:
    """Whether they are in place before a rest of many begins, and can wait for it."""
    return hold.together is not None and not hold.plan.strict and now < hold.together.starts


def _start(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """In place: the clock runs from now."""
    legs_up = min(now, hold.legs_up or legs_up_since(hold, now))
    hold = started(replace(hold, legs_up=legs_up, said=1), now)
    scene = replace(scene, person=replace(scene.person, hold=hold))
    until = now + LATEST["start"]
    return scene, (_loud(scene, hold, _cue_text(scene, hold, "start"), until=until, kind="cue"),)


def _cue_text(scene: Scene, hold: Hold, name: str) -> str:
    """The words of a cue, for this way or this breathing where it has its own."""
    spoken, plan = words_of(scene.person), hold.plan
    suffix = plan.breathing if name == "breathe" else plan.variation.value
    own, ends = f"cue.{name}.{suffix}", hold.ends
    key = own if own in spoken else f"cue.{name}"
    left = ends - hold.started if ends and hold.started else timedelta(0)
    return spoken(key, minutes=minutes(spoken, hold.lasts), left=spoken.running(left))


def _loud(
    scene: Scene, hold: Hold, text: str, *, until: datetime | None = None, kind: str = ""
) -> Message:
    buttons = rows(scene.person, hold)
    return say(scene, text, *buttons, lane=Lane.CUE, until=until, kind=kind)


def _pause(scene: Scene, hold: Hold, now: datetime) -> Answer:
    hold = replace(hold, paused=now)
    scene = replace(scene, person=replace(scene.person, hold=hold))
    spoken = words_of(scene.person)
    at_most = seconds(spoken, _left(hold, now))
    return scene, (_loud(scene, hold, spoken("rest.paused", time=at_most)),)


def _resume(scene: Scene, hold: Hold, now: datetime) -> Answer:
    paused = now - hold.paused if hold.paused else timedelta(0)
    hold = replace(hold, paused=None, paused_for=hold.paused_for + paused)
    scene = replace(scene, person=replace(scene.person, hold=hold))
    text = words_of(scene.person)(
        "rest.resumed", left=words_of(scene.person).running(_left(hold, now))
    )
    return scene, (_loud(scene, hold, text),)


def _left(hold: Hold, now: datetime) -> timedelta:
    return max(timedelta(0), hold.ends - now) if hold.ends else timedelta(0)


def where(scene: Scene, now: datetime) -> Answer:
    """Where this rest is, with its buttons."""
    person, spoken, hold = scene.person, words_of(scene.person), scene.person.hold
    if hold is None:
        return scene, ()
    match hold.phase:
        case Phase.SETUP:
            return with_hold(scene, hold, step_card(person, hold))
        case Phase.SETTLE:
            wait = seconds(spoken, max(timedelta(0), hold.since - now))
            length = minutes(spoken, hold.plan.minutes)
            text = spoken("settle", minutes=length, settle=wait)
            return with_hold(scene, hold, (text, settle_rows(person, hold)))
        case Phase.REST:
            key = "rest.paused" if hold.paused else "rest.position"
            time = seconds(spoken, _left(hold, now))
            text = spoken(key, time=time, **_position(scene, hold, now))
            return with_hold(scene, hold, (text, rows(person, hold)))
        case Phase.WAY_OUT:
            again = f"{spoken('way_out.again')} {spoken('way_out.feel')}"
            return with_hold(scene, hold, (again, feeling_rows(person, hold)))
        case Phase.SIT if hold.worse:
            return with_hold(scene, hold, (spoken("feeling.worse.which"), worse_rows(person, hold)))
        case Phase.SIT:
            return with_hold(scene, hold, (spoken("way_out.feel"), feeling_rows(person, hold)))


def _position(scene: Scene, hold: Hold, now: datetime) -> dict[str, str]:
    spoken = words_of(scene.person)
    return {"run": spoken.running(hold.run(now)), "minutes": minutes(spoken, hold.lasts)}


def wake(scene: Scene, now: datetime) -> Answer:
    """What is due in a rest; late, only the newest is said."""
    hold = scene.person.hold
    due = hold.due if hold else None
    if hold is None or due is None or due > now:
        return scene, ()
    match hold.phase:
        case Phase.SETUP:
            return abandoned(scene, hold, now)
        case Phase.SETTLE:
            return _settled(scene, hold, now)
        case Phase.REST:
            return _resting(scene, hold, now)
        case Phase.WAY_OUT:
            return unanswered(scene, hold, now)
        case Phase.SIT:
            return _sat(scene, hold)


def _sat(scene: Scene, hold: Hold) -> Answer:
    """Nothing more was said. "Worse" without which leg stays a question."""
    person = replace(scene.person, hold=None)
    if hold.worse:
        person = closures.close(person, Closed("leg", hold.number))
    return replace(scene, person=person), ()


def _settled(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """The clock starts by itself, at the moment that was said."""
    at = min(hold.since, hold.last_moment or hold.since)
    hold = started(hold, at)
    scene = replace(scene, person=replace(scene.person, hold=hold))
    return _resting(scene, hold, now)


def _resting(scene: Scene, hold: Hold, now: datetime) -> Answer:
    ends = hold.ends
    if ends is not None and ends <= now:
        return _ended(scene, hold, ends, now)
    due: list[tuple[int, datetime]] = []
    while (at := hold.cue_at(hold.said + len(due))) is not None and at <= now:
        due.append((hold.said + len(due), at))
    if hold.tingling_at is not None and hold.tingling_at <= now:
        said = due[-1][0] + 1 if due else hold.said  # the question is more than any cue
        hold = replace(hold, tingling_at=None, said=said)
        asked = words_of(scene.person)("tingling.ask")
        scene = replace(scene, person=replace(scene.person, hold=hold))
        return scene, (_loud(scene, hold, asked, kind="cue"),)
    if not due:
        return scene, ()
    (_, oldest), (index, newest) = due[0], due[-1]
    cue = hold.cues[index]
    hold = replace(hold, said=index + 1)
    if (hold.tingled and cue.kind in ("optional", "breathing")) or _said_to_all(hold, cue.kind):
        return replace(scene, person=replace(scene.person, hold=hold)), ()
    scene = replace(scene, person=replace(scene.person, hold=hold))
    late = now - newest
    if late <= LATEST[cue.kind]:
        until = newest + LATEST[cue.kind]
        text = _cue_text(scene, hold, cue.name)
        return scene, (_loud(scene, hold, text, until=until, kind="cue"),)
    if late <= AWAY_AFTER:
        return scene, ()
    return scene, (_was_away(scene, hold, now - oldest, now),)


def _said_to_all(hold: Hold, kind: str) -> bool:
    """Whether the others' channel says it: in a rest of many only what is one's own comes alone."""
    if hold.together is None or kind == "start":
        return False
    alike = hold.ends is not None and abs(hold.ends - hold.together.ends) < AWAY_AFTER
    return kind in ("optional", "breathing") or alike


def _was_away(scene: Scene, hold: Hold, away: timedelta, now: datetime) -> Message:
    spoken = words_of(scene.person)
    time = seconds(spoken, away)
    return _loud(scene, hold, spoken("rest.away", time=time, **_position(scene, hold, now)))


def _ended(scene: Scene, hold: Hold, ends: datetime, now: datetime) -> Answer:
    if now - ends <= EXIT_LATE:
        return way_out(scene, hold, now)
    scene = record(scene, hold, ends)
    if not hold.plan.variation.raised:
        return replace(scene, person=replace(scene.person, hold=None)), ()
    return away_at_end(scene, hold, now)


def expired(scene: Scene, kind: str, now: datetime) -> Answer:
    """A cue or the end could not be said in time: say what is true now."""
    person, hold = scene.person, scene.person.hold
    if kind == "exit":
        if hold is not None and hold.phase is Phase.WAY_OUT:
            return away_at_end(scene, hold, now)
        if hold is not None or closures.closed_for(person, "exit") is None:
            return scene, ()  # it was answered all the same, or another rest is under way
        return scene, (say(scene, words_of(person)("exit.away"), lane=Lane.EXIT),)
    if kind == "cue" and hold is not None and hold.phase is Phase.REST:
        if hold.ends is not None and hold.ends <= now:
            return scene, ()
        text = words_of(person)("rest.position", time="", **_position(scene, hold, now))
        # Soon it is not true any more; and what waits through an outage must not come in a heap.
        until = min(filter(None, (now + AWAY_AFTER, hold.ends)))
        return scene, (dataclasses.replace(_loud(scene, hold, text), until=until),)
    return scene, ()
