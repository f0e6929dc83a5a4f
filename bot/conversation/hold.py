"""A rest from its first step to the answer after it. Someone with legs up comes before all else."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.content.routine import number, routine
from bot.conversation import safety
from bot.conversation.person import Closed, Habits, Hold, Keep, Person, Phase, Plan, Rest, Scene
from bot.conversation.reply import (
    Answer,
    Rows,
    button,
    minutes,
    pairs,
    say,
    seconds,
    words_of,
    zone_of,
)
from bot.events import Button, Lane, Message
from bot.practice.clearance import ON_BED, Place, Variation
from bot.practice.lengths import grown, shrunk
from bot.practice.localtime import next_day
from bot.practice.timeline import LATEST

SETTLE = timedelta(seconds=number("settle"))
AWAY_AFTER = timedelta(seconds=number("late_halfway"))
"""From this lateness on it is said that we were away."""
EXIT_LATE = timedelta(minutes=number("late_exit"))
TINGLING_WAIT = timedelta(seconds=number("tingling_wait"))
TINGLING_AFTER = timedelta(minutes=number("tingling_after_exit"))
MORNING_HOUR = number("morning_question_hour")
STEPS = 3
DIZZY_TWICE = 2


def begin(scene: Scene, plan: Plan, now: datetime) -> Answer:
    """After the card: the three steps, or straight to settling in for who knows the way."""
    taken, person = safety.number_for(scene.person)
    hold = Hold(taken, plan, Phase.SETUP, now)
    if plan.familiar:
        return _settle(replace(scene, person=person), hold, now)
    return _with(replace(scene, person=person), hold, _step(person, hold))


def seat(scene: Scene, now: datetime) -> Answer:
    """The seated rest: nothing raised, open to everyone, always."""
    if scene.person.hold is not None:
        return where(scene, now)
    taken, person = safety.number_for(scene.person)
    length = number("seat_minutes")
    plan = Plan(Variation.REST_SEAT, Place.FLOOR, length, limit=length)
    hold = Hold(taken, plan, Phase.REST, now, started=now, legs_up=now, said=1)
    scene = replace(scene, person=replace(person, hold=hold, card=None, offer=None))
    text = words_of(person)("cue.start.rest_seat", minutes=minutes(words_of(person), length))
    return scene, (_loud(scene, hold, text),)


def _with(scene: Scene, hold: Hold | None, *messages: tuple[str, Rows]) -> Answer:
    scene = replace(scene, person=replace(scene.person, hold=hold))
    return scene, tuple(say(scene, text, *rows) for text, rows in messages)


def _step(person: Person, hold: Hold, key: str = "setup") -> tuple[str, Rows]:
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
    stuck = button(person, "button.stuck", "hold", hold.number, "stuck")
    stop = button(person, "button.not_now", "hold", hold.number, "leave")
    if hold.step < STEPS:
        following = button(person, "button.next", "hold", hold.number, "next", hold.step)
        return text, ((following, stuck), (stop,))
    place = button(person, "button.in_place", "hold", hold.number, "place")
    return text, ((place, stuck), (stop,))


def _settle(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """The clock starts by itself a minute from now."""
    starts = now + SETTLE
    hold = replace(hold, phase=Phase.SETTLE, since=starts, legs_up=starts)
    person, spoken = scene.person, words_of(scene.person)
    key = "settle.familiar" if hold.plan.familiar else "settle"
    length = minutes(spoken, hold.plan.minutes)
    text = spoken(key, minutes=length, settle=seconds(spoken, SETTLE))
    return _with(scene, hold, (text, _settle_rows(person, hold)))


def _settle_rows(person: Person, hold: Hold) -> Rows:
    return (
        (
            button(person, "button.in_place", "hold", hold.number, "place"),
            button(person, "button.more_time", "hold", hold.number, "more"),
        ),
        (
            button(person, "button.show_steps", "hold", hold.number, "steps"),
            button(person, "button.wrong", "hold", hold.number, "wrong"),
        ),
    )


def _rest_rows(person: Person, hold: Hold) -> Rows:
    def choice(what: str) -> Button:
        return button(person, f"button.{what}", "hold", hold.number, what)

    if not hold.plan.variation.raised:
        return ((choice("done"), choice("wrong")),)
    pause = "resume" if hold.paused else "pause"
    return ((choice("down"), choice(pause)), (choice("tingling"), choice("wrong")))


def _loud(
    scene: Scene, hold: Hold, text: str, *, until: datetime | None = None, kind: str = ""
) -> Message:
    rows = _rest_rows(scene.person, hold)
    return say(scene, text, *rows, lane=Lane.CUE, until=until, kind=kind)


def pressed(scene: Scene, about: tuple[str, ...], now: datetime) -> Answer | None:
    """A button of this rest; None for one of a rest that is over or a step that is behind."""
    hold = scene.person.hold
    if hold is None or about[0] != str(hold.number) or len(about) < 2:
        return None
    if about[1] == "next" and (len(about) < 3 or about[2] != str(hold.step)):
        return None
    if about[1] == "trouble":
        return trouble(scene, hold, about[2] if len(about) > 2 else "", now)
    return act(scene, about[1], now)


def act(scene: Scene, what: str, now: datetime) -> Answer | None:
    """Do what was tapped or typed; None where it means nothing in this phase."""
    hold = scene.person.hold
    if hold is None:
        return None
    match hold.phase, what:
        case Phase.SETUP, "next" if hold.step < STEPS:
            hold = replace(hold, step=hold.step + 1, since=now)
            if hold.step == STEPS:
                hold = replace(hold, phase=Phase.SETTLE, since=now + SETTLE, legs_up=now + SETTLE)
            return _with(scene, hold, _last_step(scene.person, hold))
        case ((Phase.SETUP | Phase.SETTLE), "stuck"):
            return _with(scene, hold, _step(scene.person, hold, "stuck"))
        case ((Phase.SETUP | Phase.SETTLE), ("place" | "done")):
            return _start(scene, hold, now)
        case Phase.SETTLE, "more":
            return _more_time(scene, hold)
        case Phase.SETTLE, "steps":
            return _all_steps(scene, hold)
        case Phase.SETUP, ("leave" | "down") if hold.step == 1:
            return _with(scene, None, (words_of(scene.person)("setup.left"), ()))
        case ((Phase.SETUP | Phase.SETTLE | Phase.REST), ("leave" | "down")):
            return way_out(scene, hold, now)
        case Phase.REST, "done":
            return way_out(scene, hold, now)
        case Phase.REST, "pause" if not hold.paused and hold.plan.variation.raised:
            return _pause(scene, hold, now)
        case Phase.REST, "resume" if hold.paused:
            return _resume(scene, hold, now)
        case ((Phase.SETTLE | Phase.REST), ("tingling" | "gone" | "still")):
            return _tingling(scene, hold, what, now)
        case _, "wrong":
            return _what_is_it(scene, hold, "wrong.ask")
        case ((Phase.WAY_OUT | Phase.SIT), ("down" | "done")):
            return _is_down(scene, hold, now)
        case ((Phase.WAY_OUT | Phase.SIT), "dizzy"):
            return _dizzy(scene, hold, now)
        case _:
            return None


def _last_step(person: Person, hold: Hold) -> tuple[str, Rows]:
    text, rows = _step(person, hold)
    if hold.step < STEPS:
        return text, rows
    spoken = words_of(person)
    settling = spoken(
        "settle", minutes=minutes(spoken, hold.plan.minutes), settle=seconds(spoken, SETTLE)
    )
    more = button(person, "button.more_time", "hold", hold.number, "more")
    stuck = button(person, "button.stuck", "hold", hold.number, "stuck")
    wrong = button(person, "button.wrong", "hold", hold.number, "wrong")
    place = button(person, "button.in_place", "hold", hold.number, "place")
    return f"{text}\n{settling}", ((place, more), (stuck, wrong))


def _more_time(scene: Scene, hold: Hold) -> Answer:
    """Another minute to settle; it counts toward the limit."""
    hold = replace(hold, since=hold.since + SETTLE)
    spoken = words_of(scene.person)
    text = spoken("settle.more", settle=seconds(spoken, SETTLE))
    return _with(scene, hold, (text, _settle_rows(scene.person, hold)))


def _all_steps(scene: Scene, hold: Hold) -> Answer:
    person = scene.person
    steps = [_step(person, replace(hold, step=n))[0] for n in range(1, STEPS + 1)]
    return _with(scene, hold, ("\n".join(steps), _settle_rows(person, hold)))


def _start(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """In place: the clock runs from now."""
    legs_up = min(hold.legs_up, now) if hold.legs_up else now
    hold = replace(hold, phase=Phase.REST, since=now, started=now, legs_up=legs_up, said=1)
    scene = replace(scene, person=replace(scene.person, hold=hold))
    until = now + LATEST["start"]
    return scene, (_loud(scene, hold, _cue_text(scene, hold, "start"), until=until, kind="cue"),)


def _cue_text(scene: Scene, hold: Hold, name: str) -> str:
    """The words of a cue, for this way or this breathing where it has its own."""
    spoken, plan = words_of(scene.person), hold.plan
    suffix = plan.breathing if name == "breathe" else plan.variation.value
    key = next(k for k in (f"cue.{name}.{suffix}", f"cue.{name}") if k in spoken)
    left = hold.ends - hold.started if hold.ends and hold.started else timedelta(0)
    return spoken(key, minutes=minutes(spoken, plan.minutes), left=spoken.running(left))


def _pause(scene: Scene, hold: Hold, now: datetime) -> Answer:
    hold = replace(hold, paused=now, tingling_at=None)
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


def _tingling(scene: Scene, hold: Hold, said: str, now: datetime) -> Answer:
    """Bend the knees, wait a minute; still there means come out."""
    person, spoken = scene.person, words_of(scene.person)
    if said == "gone":
        hold = replace(hold, tingling_at=None, tingled=False)
        return _with(scene, hold, (spoken("tingling.gone"), _rows(person, hold)))
    if said == "still" or hold.tingled:
        return way_out(scene, replace(hold, tingled=True), now, spoken("tingling.still"))
    hold = replace(hold, tingled=True, tingling_at=now + TINGLING_WAIT)
    return _with(scene, hold, (spoken("tingling"), _tingling_rows(person, hold)))


def _rows(person: Person, hold: Hold) -> Rows:
    return _settle_rows(person, hold) if hold.phase is Phase.SETTLE else _rest_rows(person, hold)


def _tingling_rows(person: Person, hold: Hold) -> Rows:
    return (
        (
            button(person, "button.gone", "hold", hold.number, "gone"),
            button(person, "button.still", "hold", hold.number, "still"),
        ),
        (button(person, "button.wrong", "hold", hold.number, "wrong"),),
    )


def _what_is_it(scene: Scene, hold: Hold, key: str) -> Answer:
    """Which trouble it is: the rows that lead to what to do."""
    scene = replace(scene, person=replace(scene.person, hold=replace(hold, asking="what")))
    return scene, (_trouble_question(scene, hold, key),)


def _trouble_question(scene: Scene, hold: Hold, key: str) -> Message:
    person = scene.person
    buttons = [
        button(person, f"trouble.{t.name}", "hold", hold.number, "trouble", t.name)
        for t in routine().troubles
    ]
    buttons.append(button(person, "button.nothing", "hold", hold.number, "trouble", "nothing"))
    return say(scene, words_of(person)(key), *pairs(buttons), lane=Lane.SAFETY)


def stop(scene: Scene, now: datetime) -> Answer:
    """ "Stop", "ouch", "help" in a rest: the end is said at once, then "What is it?"."""
    hold = scene.person.hold
    if hold is None:
        return scene, ()
    if hold.phase is Phase.SETUP and hold.step == 1:
        return _with(scene, None, (words_of(scene.person)("setup.left"), ()))
    if hold.phase in (Phase.WAY_OUT, Phase.SIT) or not hold.plan.variation.raised:
        said = [say(scene, exit_text(scene, hold), lane=Lane.EXIT)]
    else:
        scene, messages = way_out(scene, hold, now)
        said = list(messages)
    hold = scene.person.hold
    if hold is None:
        return scene, tuple(said)
    scene, asked = _what_is_it(scene, hold, "wrong.what")
    return scene, (*said, *asked)


def trouble(scene: Scene, hold: Hold, name: str, now: datetime) -> Answer | None:
    """What is wrong, and what helps."""
    spoken = words_of(scene.person)
    hold = replace(hold, asking="")
    scene = replace(scene, person=replace(scene.person, hold=hold))
    if name == "nothing":
        return _with(scene, hold, (spoken("trouble.nothing.said"), _phase_rows(scene.person, hold)))
    rule = next((each for each in routine().troubles if each.name == name), None)
    if rule is None:
        return None
    resting = hold.phase in (Phase.SETUP, Phase.SETTLE, Phase.REST)
    if rule.verdict == "emergency":
        if resting:
            scene = _record(scene, hold, now)
        person = replace(scene.person, clearance=None, cleared_until=None)
        return safety.emergency(replace(scene, person=person), now, spoken("trouble.chest.said"))
    if rule.name == "tingling" and not resting:
        return _follow_tingling(scene, hold, now)
    if rule.name == "tingling":
        found = _tingling(scene, hold, "tingling", now)
        return found
    text = spoken(f"trouble.{name}.said")
    if not rule.out:
        return _with(scene, hold, (text, _phase_rows(scene.person, hold)))
    messages: tuple[Message, ...] = ()
    if resting:
        scene, messages = way_out(scene, hold, now, text)
    else:
        messages = (say(scene, text, lane=Lane.SAFETY),)
    if rule.closes:
        taken, person = safety.number_for(scene.person)
        person = replace(person, clearance=None, cleared_until=None)
        person = safety.close(person, Closed("eyes", taken))
        scene = replace(scene, person=person)
        messages = (*messages, safety.question(scene, "eyes"))
    return scene, messages


def _phase_rows(person: Person, hold: Hold) -> Rows:
    if hold.phase in (Phase.WAY_OUT, Phase.SIT):
        return _feeling_rows(person, hold)
    return _rows(person, hold)


def _follow_tingling(scene: Scene, hold: Hold, now: datetime) -> Answer:
    scene = replace(scene, person=_ask_tingling(scene.person, hold, now))
    text = words_of(scene.person)("tingling.after")
    return scene, (say(scene, text, *_feeling_rows(scene.person, hold), lane=Lane.SAFETY),)


def _ask_tingling(person: Person, hold: Hold, now: datetime) -> Person:
    closed = Closed("tingling", hold.number, ask_at=now + TINGLING_AFTER)
    return safety.close(person, closed)


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
        return _seat_over(scene, hold, now)
    scene = _record(scene, hold, now)
    hold = replace(
        hold, phase=Phase.WAY_OUT, since=now, said=0, asking="", seconds=_counted(hold, now)
    )
    person = replace(scene.person, hold=hold)
    if hold.tingled:
        person = _ask_tingling(person, hold, now)
    scene = replace(scene, person=person)
    text: str = exit_text(scene, hold)
    text = f"{lead}\n{text}" if lead else text
    rows = _feeling_rows(person, hold)
    return scene, (say(scene, text, *rows, lane=Lane.EXIT, until=now + EXIT_LATE, kind="exit"),)


def _feeling_rows(person: Person, hold: Hold) -> Rows:
    feelings = tuple(
        button(person, f"feeling.{feeling}", "feel", hold.number, feeling)
        for feeling in ("lighter", "same", "worse")
    )
    dizzy = button(person, "button.dizzy", "hold", hold.number, "dizzy")
    wrong = button(person, "button.wrong", "hold", hold.number, "wrong")
    return feelings, (dizzy, wrong)


def _counted(hold: Hold, now: datetime) -> int:
    """The seconds that count: those that the clock ran, at most the chosen ones."""
    return min(round(hold.run(now).total_seconds()), round(hold.plan.minutes * 60))


def _record(scene: Scene, hold: Hold, now: datetime) -> Scene:
    """Put the rest into the history and the habits, where the person lets us keep them."""
    person = scene.person
    keeps = person.consent is not None and person.consent.keep is Keep.RESULT
    if hold.started is None or not keeps:
        return scene
    counted, plan = _counted(hold, now), hold.plan
    rest = Rest(hold.number, hold.started, counted, plan.variation, plan.bedtime)
    habits = person.habits
    times = dict(habits.times)
    times[plan.variation] = times.get(plan.variation, 0) + 1
    habits = replace(
        habits,
        rests=habits.rests + 1,
        seconds=habits.seconds + counted,
        times=tuple(sorted(times.items())),
        last=now,
    )
    if plan.variation.raised:
        habits = replace(
            habits,
            variation=plan.variation,
            place=plan.place,
            minutes=plan.minutes if not plan.bedtime else habits.minutes or plan.minutes,
        )
    person = replace(person, habits=habits)
    return replace(scene, person=person, rests=(*scene.rests, rest))


def _seat_over(scene: Scene, hold: Hold, now: datetime) -> Answer:
    scene = _record(scene, hold, now)
    return _with(scene, None, (words_of(scene.person)("exit.rest_seat"), ()))


def _is_down(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """Down on the side: sit up slowly; the calls end here."""
    hold = replace(hold, phase=Phase.SIT, since=now)
    spoken = words_of(scene.person)
    text = spoken("way_out.down", sit=seconds(spoken, hold.plan.seconds_to_sit))
    return _with(scene, hold, (text, _feeling_rows(scene.person, hold)))


def _dizzy(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """Back down on the side and wait; a second time is enough for today."""
    hold = replace(hold, phase=Phase.SIT, since=now, dizzy=hold.dizzy + 1)
    spoken = words_of(scene.person)
    if hold.dizzy < DIZZY_TWICE:
        return _with(scene, hold, (spoken("way_out.dizzy"), _feeling_rows(scene.person, hold)))
    scene = replace(scene, person=safety.close_today(scene.person, now))
    return _with(scene, hold, (spoken("way_out.dizzy_again"), _feeling_rows(scene.person, hold)))


def feel(scene: Scene, taken: int, feeling: str, now: datetime) -> Answer | None:
    """How the legs feel: the answer to the way out, and the rating."""
    person = scene.person
    hold = person.hold
    if hold is None or hold.number != taken:
        return _felt_late(scene, taken, feeling, now)
    if hold.phase not in (Phase.WAY_OUT, Phase.SIT) or feeling not in FEELINGS:
        return None
    if feeling == "worse":
        hold = replace(hold, phase=Phase.SIT, since=now, asking="legs")
        text = words_of(person)("feeling.worse.which")
        rows = tuple(
            (button(person, f"worse.{which}", "worse", hold.number, which),)
            for which in ("both", "one", "weak")
        )
        return _with(scene, hold, (text, rows))
    scene = _rate(scene, hold, feeling)
    return _with(scene, None, (_goodbye(scene, hold, feeling, now), ()))


FEELINGS = ("lighter", "same", "worse")


def _felt_late(scene: Scene, taken: int, feeling: str, now: datetime) -> Answer | None:
    """An answer to a way out that had been given up for the night."""
    entry = safety.closed_for(scene.person, "exit")
    if entry is None or entry.number != taken or feeling not in FEELINGS:
        return None
    if feeling == "worse":
        return safety.answer(scene, taken, "exit", "leg", now)
    person = safety.reopen(scene.person, "exit")
    scene = replace(scene, person=person)
    return scene, (say(scene, words_of(person)("feeling.late")),)


def next_time(scene: Scene, said: str) -> Answer | None:
    """After a way out that was slept through: a shorter one next time, or as before."""
    person = scene.person
    found, habits = person.clearance, person.habits
    if said not in ("shorter", "same"):
        return None
    if said == "shorter" and found is not None and found.open and habits.minutes:
        habits = replace(habits, minutes=shrunk(found, habits.minutes), at_length=0)
        scene = replace(scene, person=replace(person, habits=habits))
    return scene, (say(scene, words_of(person)(f"next.{said}")),)


def worse(scene: Scene, taken: int, which: str, now: datetime) -> Answer | None:
    """Both legs, one, or both suddenly weak."""
    hold = scene.person.hold
    if hold is None or hold.number != taken or hold.asking != "legs":
        return None
    match which:
        case "weak":
            return safety.emergency(_rate(scene, hold, "worse"), now)
        case "one":
            return safety.which_leg(_rate(scene, hold, "worse"))
        case "both":
            scene = _rate(scene, hold, "worse")
            return _with(scene, None, (words_of(scene.person)("worse.both.said"), ()))
        case _:
            return None


def _rate(scene: Scene, hold: Hold, feeling: str) -> Scene:
    """Remember the feeling; it tunes the next suggestion."""
    person = scene.person
    keeps = person.consent is not None and person.consent.keep is Keep.RESULT
    if not keeps or hold.started is None:
        return scene
    rest = Rest(
        hold.number, hold.started, hold.seconds, hold.plan.variation, hold.plan.bedtime, feeling
    )
    found, habits = person.clearance, person.habits
    if found is not None and found.open:
        if feeling == "worse":
            habits = replace(habits, minutes=shrunk(found, habits.minutes), at_length=0)
        else:
            habits = _comfortable(habits, hold)
            longer = grown(found, habits.minutes, habits.at_length, habits.rests)
            if longer != habits.minutes:
                habits = replace(habits, minutes=longer, at_length=0)
    person = replace(person, habits=habits)
    return replace(scene, person=person, rests=(*scene.rests, rest))


def _comfortable(habits: Habits, hold: Hold) -> Habits:
    whole = hold.seconds >= round(hold.plan.minutes * 60)
    here = whole and hold.plan.minutes == habits.minutes
    return replace(
        habits,
        comfortable=habits.comfortable + 1,
        at_length=habits.at_length + 1 if here else habits.at_length,
    )


def _goodbye(scene: Scene, hold: Hold, feeling: str, now: datetime) -> str:
    """The last words of a rest; good night is always the last of the day."""
    person, spoken, plan = scene.person, words_of(scene.person), hold.plan
    parts = []
    sat = (now - hold.since).total_seconds()
    if plan.bedtime and plan.place is Place.BED:
        parts.append(spoken("way_out.stay_lying"))
    elif sat < plan.seconds_to_sit:
        left = seconds(spoken, plan.seconds_to_sit)
        parts.append(spoken("way_out.sit_first", time=left))
    else:
        parts.append(spoken("way_out.stand"))
    habits = person.habits
    if habits.rests == 1:
        parts.append(spoken("delight.first"))
    if habits.rests == TENTH:
        parts.append(spoken.count("delight.tenth", round(habits.seconds / 60)))
    parts.append(spoken("goodbye.night" if plan.bedtime else f"goodbye.{feeling}"))
    return " ".join(parts)


TENTH = 10


def where(scene: Scene, now: datetime) -> Answer:
    """Where this rest is, with its buttons."""
    person, spoken, hold = scene.person, words_of(scene.person), scene.person.hold
    if hold is None:
        return scene, ()
    match hold.phase:
        case Phase.SETUP:
            return _with(scene, hold, _step(person, hold))
        case Phase.SETTLE:
            wait = seconds(spoken, max(timedelta(0), hold.since - now))
            length = minutes(spoken, hold.plan.minutes)
            text = spoken("settle", minutes=length, settle=wait)
            return _with(scene, hold, (text, _settle_rows(person, hold)))
        case Phase.REST:
            key = "rest.paused" if hold.paused else "rest.position"
            time = seconds(spoken, _left(hold, now))
            text = spoken(key, time=time, **_position(scene, hold, now))
            return _with(scene, hold, (text, _rest_rows(person, hold)))
        case Phase.WAY_OUT | Phase.SIT:
            return _with(scene, hold, (spoken("way_out.feel"), _feeling_rows(person, hold)))


def _position(scene: Scene, hold: Hold, now: datetime) -> dict[str, str]:
    spoken = words_of(scene.person)
    return {"run": spoken.running(hold.run(now)), "minutes": minutes(spoken, hold.plan.minutes)}


def wake(scene: Scene, now: datetime) -> Answer:
    """What is due in a rest; late, only the newest is said."""
    hold = scene.person.hold
    if hold is None or hold.due is None or hold.due > now:
        return scene, ()
    match hold.phase:
        case Phase.SETUP:
            return _abandoned(scene, hold)
        case Phase.SETTLE:
            return _settled(scene, hold, now)
        case Phase.REST:
            return _resting(scene, hold, now)
        case Phase.WAY_OUT:
            return _unanswered(scene, hold, now)
        case Phase.SIT:
            return _with(scene, None)


def _abandoned(scene: Scene, hold: Hold) -> Answer:
    """A set-up that nobody goes on with: put away, and called down if the legs may be up."""
    spoken = words_of(scene.person)
    if hold.step == 1:
        return _with(scene, None, (spoken("setup.closed"), ()))
    text = spoken("setup.closed_lying", exit=exit_text(scene, hold))
    scene = replace(scene, person=replace(scene.person, hold=None))
    return scene, (say(scene, text, lane=Lane.EXIT),)


def _settled(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """The clock starts by itself, at the moment that was said."""
    at = min(hold.since, hold.last_moment or hold.since)
    hold = replace(hold, phase=Phase.REST, since=at, started=at)
    scene = replace(scene, person=replace(scene.person, hold=hold))
    return _resting(scene, hold, now)


def _resting(scene: Scene, hold: Hold, now: datetime) -> Answer:
    ends = hold.ends
    if ends is not None and ends <= now:
        return _ended(scene, hold, ends, now)
    if hold.tingling_at is not None and hold.tingling_at <= now:
        hold = replace(hold, tingling_at=None)
        text = words_of(scene.person)("tingling.ask")
        scene = replace(scene, person=replace(scene.person, hold=hold))
        rows = _tingling_rows(scene.person, hold)
        return scene, (say(scene, text, *rows, lane=Lane.CUE, kind="cue"),)
    due = [
        (index, at)
        for index in range(hold.said, len(hold.cues))
        if (at := hold.cue_at(index)) is not None and at <= now
    ]
    if not due:
        return scene, ()
    (_, oldest), (index, newest) = due[0], due[-1]
    cue = hold.cues[index]
    hold = replace(hold, said=index + 1)
    scene = replace(scene, person=replace(scene.person, hold=hold))
    late = now - newest
    if late <= LATEST[cue.kind]:
        until = newest + LATEST[cue.kind]
        text = _cue_text(scene, hold, cue.name)
        return scene, (_loud(scene, hold, text, until=until, kind="cue"),)
    if late <= AWAY_AFTER:
        return scene, ()
    return scene, (_was_away(scene, hold, now - oldest, now),)


def _was_away(scene: Scene, hold: Hold, away: timedelta, now: datetime) -> Message:
    spoken = words_of(scene.person)
    time = seconds(spoken, away)
    return _loud(scene, hold, spoken("rest.away", time=time, **_position(scene, hold, now)))


def _ended(scene: Scene, hold: Hold, ends: datetime, now: datetime) -> Answer:
    if now - ends <= EXIT_LATE:
        return way_out(scene, hold, now)
    scene = _record(scene, hold, ends)
    scene = replace(scene, person=replace(scene.person, hold=None))
    if not hold.plan.variation.raised:
        return scene, ()
    return scene, (say(scene, words_of(scene.person)("exit.away"), lane=Lane.EXIT),)


def _unanswered(scene: Scene, hold: Hold, now: datetime) -> Answer:
    """Said again, then a last text for the sleeper, then silence until the morning."""
    due = [index for index, at in enumerate(hold.calls) if index >= hold.said and at <= now]
    index = due[-1]
    spoken = words_of(scene.person)
    if index < len(hold.calls) - 1:
        hold = replace(hold, said=index + 1)
        scene = replace(scene, person=replace(scene.person, hold=hold))
        down = (button(scene.person, "button.down_now", "hold", hold.number, "down"),)
        text = spoken("way_out.again")
        until = hold.calls[index + 1]
        return scene, (say(scene, text, down, lane=Lane.EXIT, until=until, kind="call"),)
    morning = next_day(hold.since, zone_of(scene.person), MORNING_HOUR)
    person = replace(scene.person, hold=None)
    person = safety.close(person, Closed("exit", hold.number, ask_at=morning))
    scene = replace(scene, person=person)
    if now - hold.since > EXIT_LATE:
        return scene, ()
    until = hold.since + EXIT_LATE
    text = spoken("way_out.asleep")
    return scene, (say(scene, text, lane=Lane.EXIT, until=until, kind="asleep"),)


def expired(scene: Scene, kind: str, now: datetime) -> Answer:
    """A cue or the end could not be said in time: say what is true now."""
    person, hold = scene.person, scene.person.hold
    if kind == "exit":
        if hold is not None and hold.phase is Phase.WAY_OUT:
            scene = replace(scene, person=replace(person, hold=None))
        return scene, (say(scene, words_of(person)("exit.away"), lane=Lane.EXIT),)
    if kind == "cue" and hold is not None and hold.phase is Phase.REST:
        if hold.ends is not None and hold.ends <= now:
            return scene, ()
        text = words_of(person)("rest.position", time="", **_position(scene, hold, now))
        return scene, (_loud(scene, hold, text),)
    return scene, ()
