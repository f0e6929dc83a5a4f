"""How the legs feel after a rest: the answer to the way out, and what it changes."""

import re
from datetime import datetime

from bot.conversation import closures, evenings, safety
from bot.conversation.person import Habits, Hold, Phase, Rest, Scene
from bot.conversation.plan import shorter
from bot.conversation.reply import (
    Answer,
    minutes,
    say,
    seconds,
    with_hold,
    words_of,
    zone_of,
)
from bot.conversation.rest_buttons import worse_rows
from bot.conversation.scores import counts
from bot.conversation.trouble import stop
from bot.conversation.values import replace
from bot.conversation.way_out import LEAST, ended
from bot.practice.clearance import Place
from bot.practice.lengths import grown
from bot.practice.localtime import bedtime

LENGTH = re.compile(r"\d{1,3}(\.\d)?")
FEELINGS = ("lighter", "same", "worse")
TENTH = 10


def feel(scene: Scene, taken: int, feeling: str, now: datetime) -> Answer | None:
    """How the legs feel: the answer to the way out, and the rating."""
    person = scene.person
    hold = person.hold
    if hold is None or hold.number != taken:
        return _felt_late(scene, taken, feeling, now)
    if hold.phase not in (Phase.WAY_OUT, Phase.SIT) or feeling not in FEELINGS:
        return None
    if feeling == "worse":
        hold = replace(hold, phase=Phase.SIT, since=now, worse=True)
        text = words_of(person)("feeling.worse.which")
        return with_hold(scene, hold, (text, worse_rows(person, hold)))
    scene = _rate(scene, hold, feeling)
    scene, _ = with_hold(scene, None)
    scene, more = evenings.same_tomorrow(scene, now) if not hold.dizzy else (scene, ())
    goodbye = _goodbye(scene, hold, "" if more else feeling, now)
    return scene, (say(scene, goodbye), *more)


def _felt_late(scene: Scene, taken: int, feeling: str, now: datetime) -> Answer | None:
    """An answer to a way out that had been given up for the night."""
    if feeling == "worse" and 0 < taken < scene.person.next_number and scene.person.consent:
        return _late_worse(scene, now)
    entry = closures.closed_for(scene.person, "exit")
    if entry is None or entry.number != taken or feeling not in FEELINGS:
        return None
    person = closures.reopen(scene.person, "exit")
    scene = replace(scene, person=person)
    return scene, (say(scene, words_of(person)("feeling.late")),)


def _late_worse(scene: Scene, now: datetime) -> Answer:
    """A leg that feels worse is never old news."""
    if scene.person.legs_up:
        return stop(scene, now)
    return safety.which_leg(scene)


def next_time(scene: Scene, said: str, shown: str) -> Answer | None:
    """After a way out that was slept through: a shorter one next time, or as before.

    ``shown`` are the minutes that the button named: a second tap makes it no shorter still.
    """
    person, spoken = scene.person, words_of(scene.person)
    if said == "same":
        return scene, (say(scene, spoken("next.same")),)
    length = float(shown) if LENGTH.fullmatch(shown) else 0
    if said != "shorter" or not length:
        return None
    if 0 < length < person.habits.minutes:
        habits = replace(person.habits, minutes=length, at_length=0)
        scene = replace(scene, person=replace(person, habits=habits))
    return scene, (say(scene, spoken("next.shorter", minutes=minutes(spoken, length))),)


def worse(scene: Scene, taken: int, which: str, now: datetime) -> Answer | None:
    """Both legs, one, or both suddenly weak."""
    hold = scene.person.hold
    if hold is None or hold.number != taken or not hold.worse:
        if which == "weak":
            return safety.emergency(ended(scene, now), now)
        return _late_worse(scene, now) if which == "one" and scene.person.consent else None
    match which:
        case "weak":
            return safety.emergency(_rate(scene, hold, "worse"), now)
        case "one":
            return safety.which_leg(_rate(scene, hold, "worse"))
        case "both":
            before = scene.person.habits.minutes
            scene = _rate(scene, hold, "worse")
            went_down = scene.person.habits.minutes < before
            key = "worse.both.said" if went_down else "worse.both.gentle"
            return with_hold(scene, None, (words_of(scene.person)(key), ()))
        case _:
            return None


def _rate(scene: Scene, hold: Hold, feeling: str) -> Scene:
    """Remember the feeling; it tunes the next suggestion."""
    person = scene.person
    if not person.keeps or hold.started is None:
        return scene
    rest = Rest(
        hold.number,
        hold.started,
        hold.seconds,
        hold.plan.variation,
        hold.plan.bedtime,
        feeling,
        day=hold.day,
        counted=counts(hold.seconds),
    )
    found, habits = person.clearance, person.habits
    if found is not None and found.open:
        if feeling == "worse":
            length = shorter(found, min(habits.minutes, hold.plan.minutes))
            habits = replace(habits, minutes=length, at_length=0)
        else:
            habits = _comfortable(habits, hold)
            longer = grown(found, habits.minutes, habits.at_length, habits.rests)
            if longer != habits.minutes:
                habits = replace(habits, minutes=longer, at_length=0)
    person = replace(person, habits=habits)
    return replace(scene, person=person, rests=(*scene.rests, rest))


def _comfortable(habits: Habits, hold: Hold) -> Habits:
    whole = hold.seconds >= round(hold.lasts * 60)
    here = whole and hold.plan.minutes == habits.minutes
    return replace(
        habits,
        comfortable=habits.comfortable + 1 if whole else habits.comfortable,
        at_length=habits.at_length + 1 if here else habits.at_length,
    )


def _goodbye(scene: Scene, hold: Hold, feeling: str, now: datetime) -> str:
    """The last words of a rest; good night is always the last of the day.

    Without a ``feeling`` there is a question to come, whose answer brings it.
    """
    person, spoken, plan = scene.person, words_of(scene.person), hold.plan
    parts = []
    late = bedtime(now, zone_of(person))
    sat = (now - hold.since).total_seconds()
    if late and plan.place is Place.BED:
        parts.append(spoken("way_out.stay_lying"))
    elif sat < plan.seconds_to_sit:
        left = seconds(spoken, plan.seconds_to_sit)
        parts.append(spoken("way_out.sit_first", time=left))
    else:
        parts.append(spoken("way_out.stand"))
    habits = person.habits
    teaches = hold.seconds >= LEAST
    if teaches and habits.rests == 1:
        parts.append(spoken("delight.first"))
    if teaches and habits.rests == TENTH:
        parts.append(spoken.count("delight.tenth", round(habits.seconds / 60)))
    if hold.dizzy:
        parts.append(spoken("goodbye.dizzy"))
    elif feeling:
        parts.append(spoken("goodbye.night" if late else f"goodbye.{feeling}"))
    return " ".join(parts)
