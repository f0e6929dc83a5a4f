"""Getting in: three steps with another way for each, then a minute to settle."""

from datetime import datetime, timedelta

from bot.conversation import closures
from bot.conversation.person import SETTLE, Hold, Joining, Person, Phase, Plan, Scene
from bot.conversation.reply import (
    Answer,
    Rows,
    button,
    minutes,
    say,
    seconds,
    with_hold,
    words_of,
)
from bot.conversation.rest_buttons import settle_rows
from bot.conversation.values import replace
from bot.conversation.way_out import EXIT_LATE, away_at_end, way_out
from bot.practice.clearance import Place

HALF_MINUTE = timedelta(seconds=30)
"""The clock of a rest runs for whole half minutes."""
STEPS = 3


def begin(scene: Scene, plan: Plan, now: datetime) -> Answer:
    """After the card: the three steps, or straight to settling in for who knows the way.

    In a rest of many nobody lies down long before it begins.
    """
    joining = scene.person.joining
    if joining is not None and not joining.binds(now):
        joining = None  # another rest, long before
    if joining is not None:
        joining = replace(joining, plan=plan, asked=True)
        if joining.begins is not None and now < joining.begins:
            return waits(scene, joining)
        scene = replace(scene, person=replace(scene.person, joining=None))
    taken, person = closures.number_for(scene.person)
    hold = Hold(taken, plan, Phase.SETUP, now, together=joining)
    if plan.familiar:
        return settle(replace(scene, person=person), hold, now)
    return with_hold(replace(scene, person=person), hold, step_card(person, hold))


def waits(scene: Scene, joining: Joining) -> Answer:
    """They are ready before the others: nothing is raised yet."""
    person = replace(scene.person, joining=joining)
    spoken, begins = words_of(person), joining.begins or joining.starts
    text = spoken("joining.wait", clock=spoken.live_clock(begins, person.clock))
    row = (button(person, "joining.leave", "joining", joining.number, "leave"),)
    return replace(scene, person=person), (say(scene, text, row),)


def settle(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """The clock starts by itself a minute from now."""
    hold = settling(hold, now)
    person, spoken = scene.person, words_of(scene.person)
    key = "settle.familiar" if hold.plan.familiar else "settle"
    length = minutes(spoken, hold.plan.minutes)
    text = spoken(key, minutes=length, settle=seconds(spoken, hold.since - now))
    return with_hold(scene, hold, (text, settle_rows(person, hold)))


def settling(hold: Hold, now: datetime) -> Hold:
    """The hold with its minute to settle; with others it may be longer, but for a strict limit."""
    since = now + SETTLE
    if hold.plan.strict:
        return replace(hold, phase=Phase.SETTLE, since=since, legs_up=legs_up_since(hold, now))
    held = replace(hold, phase=Phase.SETTLE, since=since, legs_up=since)
    if hold.together is None:
        return held
    return replace(held, since=max(since, hold.together.starts))  # the wait counts to the limit


def legs_up_since(hold: Hold, now: datetime) -> datetime:
    """Since when the legs may be up: a minute after the step that raises them was shown."""
    lying = hold.phase is Phase.SETUP and hold.step > 1
    return min(now, hold.since + SETTLE) if lying else now


def started(hold: Hold, at: datetime) -> Hold:
    """The hold with its clock running, for as long as the limit leaves it."""
    left = (hold.last_moment - at) / HALF_MINUTE if hold.last_moment else 0
    if hold.together is not None:
        left = min(left, (hold.together.ends - at) / HALF_MINUTE)  # all come out together
    lasts = min(hold.plan.minutes, max(1, int(left)) / 2)
    return replace(hold, phase=Phase.REST, since=at, started=at, lasts=lasts)


def step_card(person: Person, hold: Hold, key: str = "setup") -> tuple[str, Rows]:
    """A card of the set-up, or another way in for who is stuck with it."""
    spoken, plan = words_of(person), hold.plan
    bed = f"{key}.on_bed.{plan.variation}.{hold.step}"
    name = (
        bed if plan.place is Place.BED and bed in spoken else f"{key}.{plan.variation}.{hold.step}"
    )
    knees = spoken("setup.knees" if plan.draw_knees else "setup.no_knees")
    text: str = spoken(name, knees=knees)
    if hold.step == 1 and plan.lift_hips and key == "setup":
        text = f"{text} {spoken('setup.lift_hips')}"
    text = spoken("setup.step", step=hold.step, steps=STEPS, text=text)
    stop = button(person, "button.not_now", "hold", hold.number, "leave")
    if hold.step == STEPS:
        place = button(person, "button.in_place", "hold", hold.number, "place")
        more = button(person, "button.more_time", "hold", hold.number, "more", hold.more)
        wrong = button(person, "button.wrong", "hold", hold.number, "wrong")
        return text, ((place, more), (wrong, stop))
    following = button(person, "button.next", "hold", hold.number, "next", hold.step)
    if key == "stuck":
        return text, ((following, stop),)
    stuck = button(person, "button.stuck", "hold", hold.number, "stuck")
    return text, ((following, stuck), (stop,))


def last_step(person: Person, hold: Hold, now: datetime) -> tuple[str, Rows]:
    """The last step, with which the minute to settle begins."""
    text, _ = step_card(person, hold)
    spoken = words_of(person)
    settling = spoken(
        "settle",
        minutes=minutes(spoken, hold.plan.minutes),
        settle=seconds(spoken, hold.since - now),
    )
    more = button(person, "button.more_time", "hold", hold.number, "more", hold.more)
    stuck = button(person, "button.stuck", "hold", hold.number, "stuck")
    wrong = button(person, "button.wrong", "hold", hold.number, "wrong")
    place = button(person, "button.in_place", "hold", hold.number, "place")
    return f"{text}\n{settling}", ((place, more), (stuck, wrong))


def more_time(scene: Scene, hold: Hold) -> Answer:
    """Another minute to settle; it counts toward the limit."""
    spoken = words_of(scene.person)
    last = hold.last_moment
    if last is not None and hold.since + SETTLE > last - HALF_MINUTE:
        return with_hold(scene, hold, (spoken("settle.no_more"), settle_rows(scene.person, hold)))
    hold = replace(hold, since=hold.since + SETTLE)
    text = spoken("settle.more", settle=seconds(spoken, SETTLE))
    return with_hold(scene, hold, (text, settle_rows(scene.person, hold)))


def all_steps(scene: Scene, hold: Hold) -> Answer:
    """Every step at once, for who knows the way and wants to be sure."""
    person = scene.person
    steps = [step_card(person, replace(hold, step=n))[0] for n in range(1, STEPS + 1)]
    return with_hold(scene, hold, ("\n".join(steps), settle_rows(person, hold)))


def abandoned(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """A set-up that nobody goes on with: put away, and called down if the legs may be up."""
    spoken = words_of(scene.person)
    if hold.step == 1:
        return with_hold(scene, None, (spoken("setup.closed"), ()))
    if hold.due is not None and now - hold.due > EXIT_LATE:
        return away_at_end(scene, hold, now)
    return way_out(scene, hold, now, spoken("setup.closed_up"))
