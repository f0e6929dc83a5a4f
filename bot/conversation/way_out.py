"""The end of a rest, always said: a phase of its own, until it is answered."""

from datetime import datetime, timedelta

from bot.content.routine import number, routine
from bot.conversation import closures
from bot.conversation.agenda import answered
from bot.conversation.person import Closed, Hold, Person, Phase, Rest, Scene
from bot.conversation.reply import Answer, button, say, seconds, with_hold, words_of, zone_of
from bot.conversation.rest_buttons import feeling_rows
from bot.conversation.safety import MORNING_HOUR
from bot.conversation.scores import counts
from bot.conversation.values import replace
from bot.events import Lane
from bot.practice.clearance import ON_BED, Place
from bot.practice.localtime import day, next_day

EXIT_LATE = timedelta(minutes=number("late_exit"))
TINGLING_AFTER = timedelta(minutes=number("tingling_after_exit"))
LEAST = round(routine().lengths.try_out[0] * 60)
"""Seconds of the shortest try-out: less is in the history, and teaches nothing."""
RUNNING = (Phase.SETTLE, Phase.REST)
DIZZY_TWICE = 2
SAME_TAP = timedelta(seconds=number("same_tap"))
"""A finger that taps twice."""


def exit_text(scene: Scene, hold: Hold) -> str:
    """The way out in words, for this way of resting."""
    spoken, plan = words_of(scene.person), hold.plan
    if not plan.variation.raised:
        return spoken("exit.rest_seat")
    key = f"exit.{plan.variation}"
    if plan.place is Place.BED and plan.variation in ON_BED:
        key = "exit.on_bed"
    key = key if key in spoken else "exit"
    return spoken(key, sit=seconds(spoken, plan.seconds_to_sit))


def way_out(scene: Scene, hold: Hold, now: datetime, lead: str = "") -> Answer:
    """The end, always said: a phase of its own, until it is answered."""
    if not hold.plan.variation.raised:
        return seat_over(scene, hold, now, lead)
    scene = record(scene, hold, now)
    hold = replace(
        hold,
        phase=Phase.WAY_OUT,
        since=now,
        said=0,
        asking="",
        seconds=counted(hold, now),
        day=day(now, zone_of(scene.person)),
    )
    person = spent(replace(scene.person, hold=hold))
    if hold.tingled:
        person = ask_tingling(person, hold, now)
    scene = replace(scene, person=person)
    text: str = exit_text(scene, hold)
    text = f"{lead}\n{text}" if lead else text
    rows = feeling_rows(person, hold)
    return scene, (say(scene, text, *rows, lane=Lane.EXIT, until=now + EXIT_LATE, kind="exit"),)


def put_away(scene: Scene, hold: Hold) -> Answer:
    """A set-up that ends before the clock ran: for who has the legs up, the way down."""
    spoken = words_of(scene.person)
    text = spoken("setup.closed_lying", sit=seconds(spoken, hold.plan.seconds_to_sit))
    scene = replace(scene, person=spent(replace(scene.person, hold=None)))
    return scene, (say(scene, text, lane=Lane.EXIT),)


def ended(scene: Scene, now: datetime) -> Scene:
    """Put whatever runs into the history: something more urgent ends it."""
    hold = scene.person.hold
    return record(scene, hold, now) if hold and hold.phase in RUNNING else scene


def away_at_end(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """We were away when it ended: said, not rated, and asked about before the next rest."""
    person = spent(_asked_in_the_morning(scene.person, hold, now))
    scene = replace(scene, person=person)
    return scene, (say(scene, words_of(person)("exit.away"), lane=Lane.EXIT),)


def _asked_in_the_morning(person: Person, hold: Hold, since: datetime) -> Person:
    """Nobody answered: how it went is asked next morning, and about tingling, too."""
    morning = next_day(since, zone_of(person), MORNING_HOUR)
    person = replace(person, hold=None)
    person = closures.close(person, Closed("exit", hold.number, ask_at=morning))
    if hold.tingled or closures.closed_for(person, "tingling"):
        person = closures.close(person, Closed("tingling", hold.number, ask_at=morning))
    return person


def spent(person: Person) -> Person:
    """Where nothing is kept, a check was for the one rest that is now over."""
    if person.consent is None or person.keeps:
        return person
    return replace(person, clearance=None, cleared_at=None, cleared_until=None)


def ask_tingling(person: Person, hold: Hold, now: datetime) -> Person:
    """Whether it is gone is asked once more, ten minutes after coming out."""
    closed = Closed("tingling", hold.number, ask_at=now + TINGLING_AFTER)
    return closures.close(person, closed)


def counted(hold: Hold, now: datetime) -> int:
    """The seconds that count: those that the clock ran, at most the chosen ones."""
    return min(round(hold.run(now).total_seconds()), round(hold.lasts * 60))


def record(scene: Scene, hold: Hold, now: datetime) -> Scene:
    """Put the rest into the history and the habits, where the person lets us keep them."""
    person = _served(scene.person, hold)
    scene = replace(scene, person=person)
    if hold.started is None or not person.keeps:
        return scene
    plan, run = hold.plan, counted(hold, now)
    rest = Rest(
        hold.number,
        hold.started,
        run,
        plan.variation,
        plan.bedtime,
        day=day(now, zone_of(person)),
        counted=counts(run),
    )
    habits = person.habits
    # A seat is in the history, too; it teaches nothing about the pose.
    if plan.variation.raised and run >= LEAST:
        times = dict(habits.times)
        times[plan.variation] = times.get(plan.variation, 0) + 1
        habits = replace(
            habits,
            rests=habits.rests + 1,
            seconds=habits.seconds + run,
            times=tuple(sorted(times.items())),
            last=now,
            variation=plan.variation,
            place=plan.place,
            minutes=plan.minutes if not plan.bedtime else habits.minutes or plan.minutes,
        )
    person = replace(person, habits=habits)
    return replace(scene, person=person, rests=(*scene.rests, rest))


def _served(person: Person, hold: Hold) -> Person:
    """A rest stands for a reminder; and they are there."""
    if person.consent is None or hold.started is None:
        return person
    return replace(person, agenda=replace(answered(person.agenda), rested=hold.started))


def seat_over(scene: Scene, hold: Hold, now: datetime, said: str = "") -> Answer:
    """The end of a seated rest needs no way out."""
    scene = record(scene, hold, now)
    return with_hold(scene, None, (said or words_of(scene.person)("exit.rest_seat"), ()))


def is_down(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """Down on the side: sit up slowly; the calls end here."""
    hold = replace(hold, phase=Phase.SIT, since=now)
    spoken = words_of(scene.person)
    text = spoken("way_out.down", sit=seconds(spoken, hold.plan.seconds_to_sit))
    return with_hold(scene, hold, (text, feeling_rows(scene.person, hold)))


def dizzy(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """Back down on the side and wait; a second time is enough for today.

    A second tap within seconds is the same dizziness.
    """
    if hold.dizzy == 1 and hold.phase is Phase.SIT and now - hold.since < SAME_TAP:
        hold = replace(hold, dizzy=0)
    hold = replace(hold, phase=Phase.SIT, since=now, dizzy=hold.dizzy + 1)
    spoken = words_of(scene.person)
    if hold.dizzy < DIZZY_TWICE:
        return with_hold(scene, hold, (spoken("way_out.dizzy"), feeling_rows(scene.person, hold)))
    person = replace(scene.person, clearance=None, cleared_until=None)
    scene = replace(scene, person=closures.close_today(person, now))
    return with_hold(scene, hold, (spoken("way_out.dizzy_again"), feeling_rows(scene.person, hold)))


def unanswered(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """Said again, then a last text for the sleeper, then silence until the morning."""
    due = [index for index, at in enumerate(hold.calls) if index >= hold.said and at <= now]
    index = due[-1]
    spoken = words_of(scene.person)
    if index < len(hold.calls) - 1:
        hold = replace(hold, said=index + 1)
        scene = replace(scene, person=replace(scene.person, hold=hold))
        down = (button(scene.person, "button.down_now", "hold", hold.number, "done"),)
        text = spoken("way_out.again")
        until = hold.calls[index + 1]
        return scene, (say(scene, text, down, lane=Lane.EXIT, until=until, kind="call"),)
    scene = replace(scene, person=_asked_in_the_morning(scene.person, hold, hold.since))
    if now - hold.since > EXIT_LATE:
        return scene, ()
    until = hold.since + EXIT_LATE
    text = spoken("way_out.asleep")
    return scene, (say(scene, text, lane=Lane.EXIT, until=until, kind="asleep"),)
