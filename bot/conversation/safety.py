"""Before all else: emergencies, what closes the pose, and the questions that open it again."""

from datetime import datetime, timedelta

from bot.content.routine import Which, number, routine
from bot.conversation import plan
from bot.conversation.closures import close, close_today, closed_for, number_for, numbered, reopen
from bot.conversation.person import Closed, Keep, Person, Phase, Scene
from bot.conversation.reply import (
    Answer,
    button,
    emergency_number,
    help_line,
    pairs,
    say,
    words_of,
    zone_of,
)
from bot.conversation.values import replace
from bot.events import Lane, Message
from bot.practice.localtime import bedtime, day, instant
from bot.practice.questionnaire import assess

DOCTOR_HOUR = number("doctor_question_hour")
AGAIN = number("doctor_question_again")
ASKED_AT_MOST = 2
"""A question about how it went is asked by itself twice; then it waits at /up and /check."""
DAYTIME = ("doctor", "exit")
"""Questions that wait for the day when we were away at their hour."""
MORNING_HOUR = number("morning_question_hour")
BEFORE = ("doctor", "leg", "eyes", "tingling", "exit", "signs")
"""The questions that keep the pose closed, most urgent first."""


def _doctor_asked(person: Person, now: datetime, *, slip: bool = False) -> tuple[int, Person]:
    """Whatever was under way is over; what else was asked waits behind the question of noon.

    A ``slip`` may be undone where nothing else asked for a doctor before; tapped twice it is one.
    """
    waiting = tuple(replace(entry, ask_at=None) for entry in person.closed)
    person = replace(person, hold=None, card=None, check=None, offer=None, closed=waiting)
    person = replace(person, proposed=None, proposed_at=None)
    before = closed_for(person, "doctor")
    if before is not None and (slip or not before.slip):
        taken, slip = before.number, before.slip
    else:
        taken, person = number_for(person)
    return taken, close(person, Closed("doctor", taken, ask_at=_noon(person, now, 1), slip=slip))


def asked_by_doctor(person: Person, now: datetime) -> Person:
    """Closed until the question of the next noon is answered, whatever the reason was."""
    return _doctor_asked(person, now)[1]


def _noon(person: Person, now: datetime, days: int) -> datetime:
    """Noon so many days on: a daytime question, whenever it was answered or asked last."""
    return _at_hour(person, now, days, DOCTOR_HOUR)


def _at_hour(person: Person, now: datetime, days: int, hour: int) -> datetime:
    where = zone_of(person)
    return instant(day(now, where) + timedelta(days=days), hour, where)


def emergency(scene: Scene, now: datetime) -> Answer:
    """Large and first. Closed until the question of the next day is answered.

    With legs up the way down comes before it, in a line. Of someone who has agreed to nothing it
    is kept only that legs stay down until tomorrow, not why; and it is said.
    """
    text: str = words_of(scene.person)("safety.emergency", call=emergency_number(scene.person))
    running = scene.person.hold
    if running is not None and running.plan.variation.raised and running.phase is not Phase.SIT:
        text = f"{words_of(scene.person)('trouble.chest.said')}\n\n{text}"
    if scene.person.consent is None:
        person = close_today(replace(scene.person, hold=None), now)
        text = f"{text}\n{words_of(person)('safety.stranger')}"
        return replace(scene, person=person), (say(scene, text, lane=Lane.SAFETY),)
    taken, person = _doctor_asked(scene.person, now, slip=True)
    scene = replace(scene, person=person)
    buttons = (
        button(person, "button.getting_help", "emergency", taken, "help"),
        button(person, "button.mistake", "emergency", taken, "mistake"),
    )
    return scene, (say(scene, text, buttons, lane=Lane.SAFETY),)


def emergency_answer(scene: Scene, taken: int, said: str, now: datetime) -> Answer | None:
    """How it stands with an emergency; None for one that is over."""
    person = scene.person
    entry = closed_for(person, "doctor")
    if entry is None or entry.number != taken:
        return None
    spoken = words_of(person)
    if said == "mistake" and not (entry.slip and _waits(entry, now)):
        return scene, (_how_is_it(scene, entry, now),)
    if said == "mistake":
        scene = replace(scene, person=close_today(reopen(person, "doctor"), now))
        return scene, (say(scene, spoken("safety.mistake"), lane=Lane.SAFETY),)
    return scene, (say(scene, spoken("safety.help_coming"), lane=Lane.SAFETY),)


def see_doctor(scene: Scene, which: Which, now: datetime) -> Answer:
    """Legs stay down until someone has looked at it."""
    _, person = _doctor_asked(scene.person, now)
    scene = replace(scene, person=person)
    spoken = words_of(person)
    parts = [spoken(f"leg.{which.name}")]
    if which.now:
        parts.append(spoken("safety.department_now"))
    else:
        parts.append(spoken("safety.doctor_today", line=help_line(person)))
        parts.append(spoken(f"leg.{which.name}.say"))
    parts += [spoken("safety.leg_level"), spoken("safety.lungs", call=emergency_number(person))]
    parts.append(spoken("safety.quiet_until"))
    seat = (button(person, "button.seat", "seat"),)
    return scene, (say(scene, "\n\n".join(parts), seat, lane=Lane.SAFETY),)


def question(scene: Scene, kind: str) -> Message:
    """One of the questions that must be answered before legs go up again."""
    person = scene.person
    spoken = words_of(person)
    entry = closed_for(person, kind)
    taken = entry.number if entry else 0
    buttons = [
        button(person, f"answer.{kind}.{said}", "answer", taken, kind, said)
        for said in ANSWERS[kind]
    ]
    text: str = spoken(f"question.{kind}")
    if kind == "signs":
        text = f"{text}\n\n{signs_text(person)}"
    rows = pairs(buttons) if kind == "signs" else tuple((each,) for each in buttons)
    return say(scene, text, *rows, lane=Lane.SAFETY, silent=kind == "exit")


ANSWERS: dict[str, tuple[str, ...]] = {
    "doctor": ("fine", "treated", "not_yet"),
    "eyes": ("head", "eyes", "lost"),
    "tingling": ("gone", "still", "one_side"),
    "exit": ("well", "leg", "other"),
    "signs": ("none", "emergency", "leg", "not_now"),
}


def signs_text(person: Person, hours: int = 0) -> str:
    """The signs of the card in full. ``hours`` after any food, where the person needs them."""
    spoken = words_of(person)
    meal = spoken("card.any_food" if hours else "card.big_meal")
    return "\n".join(spoken(f"card.{sign.name}", meal=meal) for sign in routine().signs)


def answer(scene: Scene, taken: int, kind: str, said: str, now: datetime) -> Answer | None:
    """An answer to one of the questions; None when that question is no longer open."""
    entry = closed_for(scene.person, kind)
    if entry is None or entry.number != taken or said not in ANSWERS.get(kind, ()):
        return None
    match kind, said:
        case "doctor", _ if _waits(entry, now):
            return scene, (_how_is_it(scene, entry, now),)
        case "doctor", _:
            return _doctor(scene, entry, said, now)
        case ("eyes", "lost") | ("signs", "emergency"):
            # who answers sits by now
            return emergency(replace(scene, person=replace(scene.person, hold=None)), now)
        case "eyes", _:
            return _eyes(scene, said, now)
        case ("tingling", "gone") | ("exit", "well"):
            return _all_well(scene, kind)
        case "tingling", "still" if entry.ask_at is not None and entry.ask_at > now:
            return scene, (say(scene, words_of(scene.person)("tingling.after")),)
        case "tingling", _:
            return see_doctor(scene, which("leg", "numb"), now)
        case ("exit", "leg") | ("signs", "leg"):
            return which_leg(scene)
        case "exit", _:
            person = reopen(scene.person, "exit")
            person = close(person, replace(entry, kind="signs", ask_at=None))
            person = replace(person, clearance=None)
            scene = replace(scene, person=person)
            return scene, (question(scene, "signs"),)
        case "signs", "not_now":
            person = close_today(reopen(scene.person, "signs"), now)
            scene = replace(scene, person=person)
            return scene, (say(scene, words_of(person)("not_now.unwell")),)
        case _:
            person = reopen(scene.person, "signs")
            scene = replace(scene, person=person)
            up = (button(person, "button.check_again", "check", 0, "begin"),)
            return scene, (say(scene, words_of(person)("question.signs.none"), up),)


def _waits(entry: Closed, now: datetime) -> bool:
    """Whether it is too early to ask how it went: today the legs stay down in any case."""
    first = entry.kind == "doctor" and entry.asked == 0
    return first and entry.ask_at is not None and entry.ask_at > now


def _how_is_it(scene: Scene, entry: Closed, now: datetime) -> Message:
    """The doctor's question, or when it will be asked."""
    if entry.ask_at is None or not _waits(entry, now):
        return question(scene, "doctor")
    person, spoken = scene.person, words_of(scene.person)
    when = spoken.live_moment(entry.ask_at, zone_of(person))
    text = spoken("question.doctor.wait", when=when, call=emergency_number(person))
    return say(scene, text, (button(person, "button.seat", "seat"),), lane=Lane.SAFETY)


def _doctor(scene: Scene, entry: Closed, said: str, now: datetime) -> Answer:
    person = scene.person
    spoken = words_of(person)
    if said == "not_yet":
        again = _noon(person, now, AGAIN) if entry.asked < ASKED_AT_MOST else None
        person = close(person, replace(entry, ask_at=again))
        scene = replace(scene, person=person)
        text = spoken("answer.doctor.not_yet.said", line=help_line(person))
        return scene, (say(scene, text, lane=Lane.SAFETY),)
    person = _seen(person, now)
    if said == "treated" and person.consent:
        locked = assess(("clot_now",), day(now, zone_of(person)))
        until = now + timedelta(hours=number("keep_nothing_for"))
        asks = person.consent.keep is Keep.NOTHING
        person = replace(person, clearance=locked, cleared_until=until if asks else None)
        person = replace(person, refused_at=now)
        scene = replace(scene, person=person)
        seat = (button(person, "button.seat", "seat"),)
        return scene, (say(scene, spoken("answer.doctor.treated.said"), seat),)
    scene = replace(scene, person=person)
    begin = (button(person, "button.check_now", "check", 0, "begin"),)
    return scene, (say(scene, spoken("answer.doctor.fine.said"), begin),)


def _seen(person: Person, now: datetime) -> Person:
    """Someone looked at it: what was asked about it is over, and the check counts no more.

    A refusal stays until a new check. An open question about the eyes counts as a yes.
    """
    if closed_for(person, "eyes"):
        person = _eyes_kept(person, now)
    closed = tuple(entry for entry in person.closed if entry.kind == "day")
    person = replace(person, closed=closed)
    if person.clearance is not None and not person.clearance.open:
        return person
    return replace(person, clearance=None, cleared_until=None)


def _eyes_kept(person: Person, now: datetime) -> Person:
    """What the eyes told outlives a new check, where the person lets us keep it."""
    if not person.keeps:
        return person
    kept = assess(("glaucoma",), day(now, zone_of(person)))
    return replace(person, carried=kept, refused_at=now)


def _eyes(scene: Scene, said: str, now: datetime) -> Answer:
    """Who answers this has come down and sits: the rest is over.

    What the eyes told is kept until a clinician's OK; where nothing may be kept, a question is.
    """
    person = replace(reopen(scene.person, "eyes"), hold=None)
    spoken = words_of(person)
    if said == "eyes":
        person = _eyes_kept(person, now)
        if person.carried is None:
            _, person = _doctor_asked(person, now)
    scene = replace(scene, person=person)
    return scene, (say(scene, spoken(f"answer.eyes.{said}.said"), lane=Lane.SAFETY),)


def _all_well(scene: Scene, kind: str) -> Answer:
    person = reopen(scene.person, kind)
    scene = replace(scene, person=person)
    spoken = words_of(person)
    if kind == "tingling":
        return scene, (say(scene, spoken("answer.tingling.gone.said")),)
    seat = button(person, "button.seat", "seat")
    found, usual = person.clearance, person.habits.minutes
    if found is None or not found.open or not usual:
        return scene, (say(scene, spoken("feeling.late"), (seat,)),)
    length = plan.shorter(found, usual)
    less = button(person, "button.shorter", "next", "shorter", f"{length:g}")
    same = button(person, "button.as_before", "next", "same")
    return scene, (say(scene, spoken("answer.exit.well.said"), (less, seat, same)),)


def which(sign: str, name: str) -> Which:
    """The rule for one answer to "which one is it?"; raises KeyError for one that is none."""
    for entry in routine().signs:
        for each in entry.which:
            if (entry.name, each.name) == (sign, name):
                return each
    raise KeyError(name)


def which_leg(scene: Scene) -> Answer:
    """Which sign of leg or urine it is; the pose stays closed until that is said."""
    taken, person = numbered(scene.person, "leg")
    person = close(replace(person, hold=None, card=None), Closed("leg", taken))
    scene = replace(scene, person=person)
    return scene, (leg_question(scene),)


def leg_question(scene: Scene) -> Message:
    """Which sign of leg or urine it is."""
    person = scene.person
    entry = closed_for(person, "leg")
    taken = entry.number if entry else 0
    leg = next(sign for sign in routine().signs if sign.name == "leg")
    buttons = [button(person, f"which.{w.name}", "leg", taken, w.name) for w in leg.which]
    mistake = button(person, "button.mistake", "leg", taken, "mistake")
    text = words_of(person)("which.leg")
    return say(scene, text, *((each,) for each in (*buttons, mistake)), lane=Lane.SAFETY)


def wake(scene: Scene, now: datetime) -> Answer:
    """Ask what is due, let go of what is over."""
    if not scene.person.closed:
        return scene, ()
    said: list[Message] = []
    for entry in scene.person.closed:
        if entry.ask_at is not None and entry.ask_at <= now:
            if entry.kind in DAYTIME and bedtime(now, zone_of(scene.person)):
                hour = MORNING_HOUR if entry.kind == "exit" else DOCTOR_HOUR
                later = replace(entry, ask_at=_at_hour(scene.person, now, 1, hour))
                scene = replace(scene, person=close(scene.person, later))
                continue
            again = entry.kind == "doctor" and entry.asked + 1 < ASKED_AT_MOST
            ask_at = _noon(scene.person, now, AGAIN) if again else None
            asked = replace(entry, asked=entry.asked + 1, ask_at=ask_at)
            scene = replace(scene, person=close(scene.person, asked))
            said.append(question(scene, entry.kind))
        elif entry.until is not None and entry.until <= now:
            scene = replace(scene, person=reopen(scene.person, entry.kind))
    return scene, tuple(said)


def open_question(scene: Scene, now: datetime) -> Message | None:
    """What must be answered before legs go up again, most urgent first."""
    for kind in BEFORE:
        entry = closed_for(scene.person, kind)
        if entry is None:
            continue
        if kind == "doctor":
            return _how_is_it(scene, entry, now)
        return leg_question(scene) if kind == "leg" else question(scene, kind)
    return None


def shut_today(scene: Scene, now: datetime) -> Message | None:
    """What to say while the pose is closed until a moment; the seat is always there."""
    person = scene.person
    spoken = words_of(person)
    for entry in person.closed:
        if entry.until is not None and entry.until > now:
            where = zone_of(person)
            clock, on = spoken.clock(entry.until, where), spoken.day(entry.until, where)
            text = spoken(f"closed.{entry.kind}", clock=clock, day=on)
            return say(scene, text, (button(person, "button.seat", "seat"),))
    return None
