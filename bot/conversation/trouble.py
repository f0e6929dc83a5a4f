"""When something is wrong in a rest: what it is, and what helps."""

from datetime import datetime, timedelta

from bot.content.routine import number, routine
from bot.conversation import closures, safety
from bot.conversation.person import Closed, Hold, Phase, Scene
from bot.conversation.reply import Answer, button, pairs, say, with_hold, words_of
from bot.conversation.rest_buttons import feeling_rows, rows
from bot.conversation.values import replace
from bot.conversation.way_out import (
    ask_tingling,
    exit_text,
    put_away,
    record,
    seat_over,
    spent,
    way_out,
)
from bot.events import Lane, Message

TINGLING_WAIT = timedelta(seconds=number("tingling_wait"))
SEATED_TROUBLES = ("chest", "head", "other")
"""What can be wrong with both feet on the floor."""


def tingling(scene: Scene, hold: Hold, said: str, now: datetime) -> Answer:
    """Bend the knees, wait a minute; still there means come out."""
    person, spoken = scene.person, words_of(scene.person)
    if said == "gone":
        hold = replace(hold, tingling_at=None, tingled=False)
        return with_hold(scene, hold, (spoken("tingling.gone"), rows(person, hold)))
    if said == "one_side":
        return _one_side(scene, hold, now)
    if hold.phase is Phase.SETUP:  # no clock runs that could wait
        return way_out(scene, replace(hold, tingled=True), now, spoken("tingling.still"))
    waiting = hold.tingling_at is not None and now < hold.tingling_at
    if said == "tingling" and waiting:
        return with_hold(scene, hold, (spoken("tingling"), rows(person, hold)))
    if said == "still" or hold.tingled:
        return way_out(scene, replace(hold, tingled=True), now, spoken("tingling.still"))
    hold = replace(hold, tingled=True, tingling_at=now + TINGLING_WAIT)
    return with_hold(scene, hold, (spoken("tingling"), rows(person, hold)))


def _one_side(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """Tingling on one side with weakness: down at once, and to be seen now."""
    down = say(scene, exit_text(scene, hold), lane=Lane.EXIT)
    scene, said = safety.see_doctor(record(scene, hold, now), safety.which("leg", "numb"), now)
    return scene, (down, *said)


def what_is_it(scene: Scene, hold: Hold, key: str, now: datetime) -> Answer:
    """Which trouble it is: the rows that lead to what to do."""
    hold = replace(hold, asking="what")
    if hold.phase is Phase.SIT:
        hold = replace(hold, since=now)  # there is time to answer
    scene = replace(scene, person=replace(scene.person, hold=hold))
    return scene, (_trouble_question(scene, hold, key),)


def _trouble_question(scene: Scene, hold: Hold, key: str) -> Message:
    person = scene.person
    raised = hold.plan.variation.raised
    key = key if raised else "wrong.what"
    buttons = [
        button(person, f"trouble.{t.name}", "hold", hold.number, "trouble", t.name)
        for t in routine().troubles
        if raised or t.name in SEATED_TROUBLES
    ]
    buttons.append(button(person, "button.nothing", "hold", hold.number, "trouble", "nothing"))
    return say(scene, words_of(person)(key), *pairs(buttons), lane=Lane.SAFETY)


def stop(scene: Scene, now: datetime, *, harmless: bool = False) -> Answer:
    """At a "stop", "ouch" or "help" in a rest the end is said at once, then "What is it?".

    A ``harmless`` stop before anybody lies down needs no question and no calls.
    """
    hold = scene.person.hold
    if hold is None:
        return scene, ()
    if hold.phase is Phase.SETUP and hold.step == 1 and harmless:
        return put_away(scene, hold)
    if not hold.plan.variation.raised:
        return seat_over(scene, hold, now)
    if hold.phase in (Phase.WAY_OUT, Phase.SIT):
        said = [say(scene, exit_text(scene, hold), lane=Lane.EXIT)]
    else:
        scene, messages = way_out(scene, hold, now)
        said = list(messages)
    hold = scene.person.hold
    if hold is None:
        return scene, tuple(said)
    scene, asked = what_is_it(scene, hold, "wrong.what", now)
    return scene, (*said, *asked)


def trouble(scene: Scene, hold: Hold, name: str, now: datetime) -> Answer | None:
    """What is wrong, and what helps."""
    spoken = words_of(scene.person)
    if hold.phase is Phase.WAY_OUT and hold.asking == "what":
        hold = replace(hold, phase=Phase.SIT, since=now)  # who answers is awake: no more calls
    asked = hold.asking == "what"  # or else it is the same tap once more
    hold = replace(hold, asking="")
    scene = replace(scene, person=replace(scene.person, hold=hold))
    if name == "nothing":
        key = "trouble.nothing.out" if hold.phase is Phase.SIT else "trouble.nothing.said"
        return with_hold(scene, hold, (spoken(key), rows(scene.person, hold)))
    rule = next((each for each in routine().troubles if each.name == name), None)
    if rule is None:
        return None
    resting = hold.phase in (Phase.SETUP, Phase.SETTLE, Phase.REST)
    if rule.verdict == "emergency":
        if resting:
            scene = record(scene, hold, now)
        return safety.emergency(replace(scene, person=spent(scene.person)), now)
    if rule.name == "tingling" and not resting:
        return _follow_tingling(scene, hold, now)
    if rule.name == "tingling":
        return tingling(scene, hold, "tingling", now)
    seated = f"trouble.{name}.seated"
    raised = hold.plan.variation.raised
    if not raised and name not in SEATED_TROUBLES:
        return None
    text = spoken(f"trouble.{name}.said" if raised else seated)
    again = rule.name == "cramp" and hold.cramped and asked
    if not rule.out and not again:
        hold = replace(hold, cramped=hold.cramped or rule.name == "cramp")
        return with_hold(scene, hold, (text, rows(scene.person, hold)))
    messages: tuple[Message, ...] = ()
    if resting:
        scene, messages = way_out(scene, hold, now, text)
    elif rule.closes:
        messages = (say(scene, text, lane=Lane.SAFETY),)
    else:
        messages = (say(scene, text, *feeling_rows(scene.person, hold), lane=Lane.SAFETY),)
    if rule.closes and scene.person.consent:
        taken, person = closures.numbered(scene.person, "eyes")
        person = replace(person, clearance=None, cleared_until=None)
        person = closures.close_today(closures.close(person, Closed("eyes", taken)), now)
        scene = replace(scene, person=person)
        messages = (*messages, safety.question(scene, "eyes"))
    return scene, messages


def _follow_tingling(scene: Scene, hold: Hold, now: datetime) -> Answer:
    scene = replace(scene, person=ask_tingling(scene.person, hold, now))
    text = words_of(scene.person)("tingling.after")
    return scene, (say(scene, text, *feeling_rows(scene.person, hold), lane=Lane.SAFETY),)
