"""Legs up: what must be settled first, the card with the signs of right now, and the start."""

from datetime import datetime, timedelta

from bot.content.routine import number, routine
from bot.conversation import check, closures, hold, plan, safety, setup, trouble, verdict
from bot.conversation.free_text import begins
from bot.conversation.person import CARD_LIVES, Card, Closed, Person, Scene
from bot.conversation.reply import (
    Answer,
    button,
    minutes,
    pairs,
    say,
    words_of,
    zone_of,
)
from bot.conversation.values import replace
from bot.conversation.way_out import ended
from bot.events import Button, Message
from bot.practice.clearance import Clearance
from bot.practice.localtime import bedtime, day

CARD_AGAIN = timedelta(seconds=number("card_again_after"))
NEWS_HIDDEN = timedelta(hours=number("health_news_hidden_for"))


def legs_up(scene: Scene, wanted: str, now: datetime) -> Answer:
    """/up: whatever stands before a rest comes first, then the card.

    ``wanted`` is a way or a number of minutes, as a person or a button says it.
    """
    person = scene.person
    if person.hold is not None:
        return hold.where(scene, now)
    asked = safety.open_question(scene, now)
    if asked is not None:
        return scene, (asked,)
    shut = safety.shut_today(scene, now)
    if shut is not None:
        return scene, (shut,)
    if not check.agreed(person):
        return check.ask_consent(scene)
    if person.check is not None:
        return check.page(scene)
    if person.proposed is not None:
        return check.reconfirm(scene)
    found = check.current(person, now)
    if found is None or not found.open:
        return check.show(scene, now)
    unsaid = person.card
    if unsaid and unsaid.asking == "not_now" and not _another_day(person, unsaid, now):
        return _which_not_now(scene, unsaid)
    if unsaid and unsaid.again_at and unsaid.again_at > now:
        return scene, (say(scene, words_of(person)("card.mistake")),)
    planned = plan.plan_for(person, found, wanted, now)
    if unsaid and unsaid.plan == planned and not _old(unsaid, now):
        return ready(replace(scene, person=replace(person, offer=None)), now)
    taken, person = closures.number_for(person)
    card = Card(taken, shown=now, plan=planned)
    return ready(replace(scene, person=replace(person, card=card, offer=None)), now)


def ready(scene: Scene, now: datetime) -> Answer:
    """The questions before the card, one at a time, and then the card."""
    person, card = scene.person, scene.person.card
    found = check.current(person, now)
    if card is None or found is None:
        return scene, ()
    late = bedtime(now, zone_of(person))
    card = replace(card, plan=plan.fitted(card.plan, person, found, late=late))
    asking = _first_unasked(person, card, found)
    if asking:
        card = replace(card, asking=asking, shown=now, again_at=None)
        scene = replace(scene, person=replace(person, card=card))
        return scene, (_question(scene, card, asking),)
    card = replace(card, asking="", shown=now, again_at=None)
    scene = replace(scene, person=replace(person, card=card))
    return scene, (show_card(scene, card, found, now),)


def _first_unasked(person: Person, card: Card, found: Clearance) -> str:
    wanted = {
        "guardian": found.guarded_until is not None,
        "nearby": found.someone_nearby,
        "bedtime": card.plan.bedtime and not person.habits.sleeper_told,
    }
    return next((name for name, on in wanted.items() if on and name not in card.ready), "")


def _question(scene: Scene, card: Card, asking: str) -> Message:
    person, spoken = scene.person, words_of(scene.person)
    yes = button(person, f"before.{asking}.yes", "before", card.number, asking, "yes")
    no = button(person, "before.no", "before", card.number, asking, "no")
    row = (yes,) if asking == "bedtime" else (yes, no)
    text = spoken(f"before.{asking}", minutes=minutes(spoken, card.plan.minutes))
    return say(scene, text, row, slot="card")


def before(scene: Scene, taken: int, asking: str, said: str, now: datetime) -> Answer | None:
    """An answer to one of the questions before the card."""
    person, card = scene.person, scene.person.card
    if card is None or card.number != taken or card.asking != asking or _old(card, now):
        return None
    if said == "no":
        scene = replace(scene, person=replace(person, card=None))
        seat = (button(person, "button.seat", "seat"),)
        return scene, (say(scene, words_of(person)(f"before.{asking}.no"), seat),)
    if asking == "bedtime" and person.keeps:
        person = replace(person, habits=replace(person.habits, sleeper_told=True))
    card = replace(card, ready=(*card.ready, asking))
    return ready(replace(scene, person=replace(person, card=card)), now)


def show_card(scene: Scene, card: Card, found: Clearance, now: datetime) -> Message:
    """The card: the plan in a line, every sign in full, one tap for a healthy person."""
    person, spoken = scene.person, words_of(scene.person)
    parts = [plan.in_words(person, card.plan, said=verdict.start_with(found))]
    if card.plan.bedtime:
        parts.append(spoken("card.timer", minutes=minutes(spoken, card.plan.minutes)))
    head = " ".join(parts)
    text = f"{head}\n{spoken('card.lead')}\n{safety.signs_text(person, found.hours_after_food)}"
    start = button(person, "button.none_start", "card", card.number, "start")
    signs = [
        button(person, f"card.button.{sign.name}", "card", card.number, sign.name)
        for sign in routine().signs
    ]
    more: list[Button] = [button(person, "button.change", "change", card.number)]
    if person.cleared_at is None or now - person.cleared_at >= NEWS_HIDDEN:
        more.append(button(person, "button.news", "card", card.number, "news"))
    return say(scene, text, (start,), *pairs([*signs, *more]), slot="card")


def _another_day(person: Person, card: Card, now: datetime) -> bool:
    where = zone_of(person)
    return day(card.shown, where) != day(now, where)


def _old(card: Card, now: datetime) -> bool:
    return now - card.shown > CARD_LIVES


def _now_bedtime(card: Card, person: Person, now: datetime) -> bool:
    """Whether it has become bedtime since: then the rest is a shorter one, with a timer."""
    return bedtime(now, zone_of(person)) and not card.plan.bedtime


def pressed(scene: Scene, taken: int, what: str, now: datetime) -> Answer | None:
    """A button of the card; an old card gives way to a fresh one, with nothing decided.

    A sign of alarm counts on every card, however old: no tap on it is ever too late.
    """
    person, card = scene.person, scene.person.card
    if what == "emergency":
        return safety.emergency(ended(scene, now), now)
    if person.consent is None:
        return None
    if what == "leg" and (card is None or card.number != taken):
        return trouble.stop(scene, now) if person.legs_up else safety.which_leg(scene)
    if card is None or card.number != taken:
        return None
    if card.asking and what not in (card.asking, "leg"):
        return None
    match what:
        case "leg":
            held = replace(card, asking="leg")
            scene, said = safety.which_leg(scene)
            return replace(scene, person=replace(scene.person, card=held)), said
        case "not_now":
            return _which_not_now(scene, card)
        case "news":
            return check.health_news(scene, now)
        case "start" if card.again_at is not None:
            return legs_up(scene, "", now)
        case "start" if not check.may_go_up(person, now) or closures.is_closed(person, now):
            return legs_up(replace(scene, person=replace(person, card=None)), "", now)
        case "start" if _old(card, now) or _now_bedtime(card, person, now):
            # a number of its own: a finger that taps twice must not answer it unread
            taken, person = closures.number_for(person)
            fresh = replace(card, number=taken, shown=now, ready=())
            scene = replace(scene, person=replace(person, card=fresh))
            scene, said = ready(scene, now)
            return scene, (say(scene, words_of(person)("card.fresh")), *said)
        case "start":
            return setup.begin(replace(scene, person=replace(person, card=None)), card.plan, now)
        case _:
            return None


def is_fresh(person: Person, now: datetime) -> bool:
    """Whether a card was shown a moment ago, so that a typed number points at it."""
    return person.card is not None and not _old(person.card, now)


def typed(scene: Scene, text: str, now: datetime) -> Answer | None:
    """A sign of the card, or an answer about the leg, typed instead of tapped."""
    person, card, spoken = scene.person, scene.person.card, words_of(scene.person)
    entry = closures.closed_for(person, "leg")
    if entry is not None:
        sign = next(sign for sign in routine().signs if sign.name == "leg")
        for which in sign.which:
            if begins(text, spoken(f"which.{which.name}")):
                return leg(scene, entry.number, which.name, now)
        return None
    if card is None or card.asking or not is_fresh(person, now):
        return None
    if begins(text, spoken("button.none_start")):
        return pressed(scene, card.number, "start", now)
    for sign in routine().signs:
        if begins(text, spoken(f"card.button.{sign.name}")):
            return pressed(scene, card.number, sign.name, now)
    return None


def _which_not_now(scene: Scene, card: Card) -> Answer:
    person = replace(scene.person, card=replace(card, asking="not_now"))
    scene = replace(scene, person=person)
    sign = next(sign for sign in routine().signs if sign.name == "not_now")
    buttons = [
        *(button(person, f"which.{w.name}", "not_now", card.number, w.name) for w in sign.which),
        button(person, "button.mistake", "not_now", card.number, "mistake"),
    ]
    rows = tuple((each,) for each in buttons)
    return scene, (say(scene, words_of(person)("which.not_now"), *rows),)


def not_now(scene: Scene, taken: int, name: str, now: datetime) -> Answer | None:
    """Why not now: nothing lying until tomorrow, or a little later, or bed wins."""
    person, card = scene.person, scene.person.card
    if card is None or card.number != taken or card.asking != "not_now":
        return None
    if name == "mistake":
        return again(scene, card, now)
    try:
        why = safety.which("not_now", name)
    except KeyError:
        return None
    person = replace(person, card=None)
    spoken = words_of(person)
    seat = button(person, "button.seat_now", "seat")
    if not why.later:
        person = closures.close_today(person, now)
        scene = replace(scene, person=person)
        row = () if name == "sleepy" else ((seat,),)
        return scene, (say(scene, spoken(f"not_now.{name}"), *row),)
    until = now + timedelta(minutes=why.later)
    person = closures.close(person, Closed("later", card.number, until=until))
    scene = replace(scene, person=person)
    clock = spoken.clock(until, zone_of(person))
    later = button(person, "", "later", card.number, label=clock)
    skip = button(person, "button.skip", "skip", card.number)
    text = spoken(f"not_now.{name}", clock=spoken.live_clock(until, zone_of(person)))
    return scene, (say(scene, text, (seat, later, skip)),)


def again(scene: Scene, card: Card, now: datetime) -> Answer:
    """It was a slip of the finger: the card comes back after a minute."""
    held = replace(card, asking="", again_at=now + CARD_AGAIN)
    scene = replace(scene, person=replace(scene.person, card=held))
    return scene, (say(scene, words_of(scene.person)("card.mistake")),)


def leg(scene: Scene, taken: int, name: str, now: datetime) -> Answer | None:
    """Which sign of leg or urine it is, or none."""
    person = scene.person
    entry = closures.closed_for(person, "leg")
    if entry is None or entry.number != taken:
        return None
    if name == "mistake":
        person = closures.reopen(person, "leg")
        scene = replace(scene, person=person)
        if person.card is not None:
            return again(scene, person.card, now)
        asked = safety.open_question(scene, now)
        return scene, (asked or say(scene, words_of(person)("leg.mistake")),)
    try:
        which = safety.which("leg", name)
    except KeyError:
        return None
    return safety.see_doctor(replace(scene, person=closures.reopen(person, "leg")), which, now)


def wake(scene: Scene, now: datetime) -> Answer:
    """A card that comes back."""
    person, card = scene.person, scene.person.card
    if card is None or card.again_at is None or card.again_at > now:
        return scene, ()
    late = now - card.again_at > CARD_LIVES
    shut = closures.is_closed(person, now) or not check.may_go_up(person, now)
    if late or shut or person.hold:
        return replace(scene, person=replace(person, card=None)), ()
    return ready(scene, now)


def change(scene: Scene, taken: int, what: str, said: str, now: datetime) -> Answer | None:
    """[Change]: another way, length, place or breathing, then the card again."""
    person, card = scene.person, scene.person.card
    found = check.current(person, now)
    if card is None or card.number != taken or card.asking or found is None or not found.open:
        return None
    if not what:
        return scene, (plan.offered(scene, card, found),)
    late = bedtime(now, zone_of(person))
    planned = plan.changed(card.plan, found, what, said)
    if planned is None:
        return None
    planned = plan.fitted(planned, person, found, late=late)
    card = replace(card, plan=planned, shown=now)
    if person.keeps:
        habits = replace(
            person.habits,
            breathing=planned.breathing,
            lift_hips=planned.lift_hips,
        )
        person = replace(person, habits=habits)
    return ready(replace(scene, person=replace(person, card=card)), now)
