"""Legs up: what must be settled first, the card with the signs of right now, and the start."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.content.routine import number, routine
from bot.conversation import check, hold, safety
from bot.conversation.person import Card, Closed, Keep, Offer, Person, Plan, Scene
from bot.conversation.reply import (
    Answer,
    button,
    minutes,
    pairs,
    say,
    words_of,
    zone_of,
)
from bot.events import Button, Lane, Message
from bot.practice.clearance import ON_BED, Clearance, Place, Variation, Verdict
from bot.practice.lengths import FAMILIAR_AFTER, ceiling, choices, ladder
from bot.practice.localtime import bedtime, day

CARD_LIVES = timedelta(minutes=number("card_lives"))
CARD_AGAIN = timedelta(seconds=number("card_again_after"))
NEWS_HIDDEN = timedelta(hours=number("health_news_hidden_for"))


def legs_up(scene: Scene, wanted: str, now: datetime) -> Answer:
    """/up: whatever stands before a rest comes first, then the card.

    ``wanted`` is a way or a number of minutes, as a person or a button says it.
    """
    person = scene.person
    if person.hold is not None:
        return hold.where(scene, now)
    asked = safety.open_question(scene)
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
    taken, person = safety.number_for(person)
    card = Card(taken, shown=now, plan=plan(person, found, wanted, now))
    return ready(replace(scene, person=replace(person, card=card, offer=None)), now)


def plan(person: Person, found: Clearance, wanted: str, now: datetime) -> Plan:
    """The next rest: as last time, inside what is allowed now."""
    habits = person.habits
    way = habits.variation
    if wanted in Variation.__members__.values():
        way = Variation(wanted)
    if way not in found.variations:
        way = check.start_with(found)
    late = bedtime(now, zone_of(person))
    place = habits.place if found.may_use_floor else Place.BED
    length = _length(wanted) or habits.minutes or ladder(found)[0]
    draft = Plan(
        variation=way,
        place=place,
        minutes=length,
        limit=0,
        breathing=_breathing(habits.breathing, found),
        seconds_to_sit=found.seconds_to_sit,
        lift_hips=habits.lift_hips,
        draw_knees=found.may_draw_knees,
    )
    return fitted(draft, person, found, late=late)


def _length(wanted: str) -> float:
    """A number of minutes as it was said, or 0."""
    digits = wanted.split(" ", maxsplit=1)[0].removesuffix("min").removesuffix("m")
    return float(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 4 else 0


def _breathing(name: str, found: Clearance) -> str:
    holds = routine().breathing[name].holds
    return "long_exhale" if holds and not found.may_hold_breath else name


def fitted(draft: Plan, person: Person, found: Clearance, *, late: bool) -> Plan:
    """The plan inside its limits: no bed where a way has none, no length over the longest."""
    way = draft.variation
    place = draft.place if way in ON_BED else Place.FLOOR
    if not found.may_use_floor:
        place = Place.BED
    in_bed = late or place is Place.BED
    most = ceiling(found, bedtime=in_bed, comfortable=person.habits.comfortable)
    times = dict(person.habits.times).get(way, 0)
    return replace(
        draft,
        place=place,
        minutes=min(max(draft.minutes, routine().lengths.try_out[0]), most),
        limit=most,
        bedtime=in_bed,
        familiar=times >= FAMILIAR_AFTER,
        lift_hips=draft.lift_hips and found.may_lift_hips,
    )


def ready(scene: Scene, now: datetime) -> Answer:
    """The questions before the card, one at a time, and then the card."""
    person, card = scene.person, scene.person.card
    found = check.current(person, now)
    if card is None or found is None:
        return scene, ()
    asking = _first_unasked(person, card, found)
    if asking:
        card = replace(card, asking=asking)
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
    if asking == "bedtime" and person.consent and person.consent.keep is Keep.RESULT:
        person = replace(person, habits=replace(person.habits, sleeper_told=True))
    card = replace(card, ready=(*card.ready, asking))
    return ready(replace(scene, person=replace(person, card=card)), now)


def show_card(scene: Scene, card: Card, found: Clearance, now: datetime) -> Message:
    """The card: the plan in a line, every sign in full, one tap for a healthy person."""
    person, spoken = scene.person, words_of(scene.person)
    parts = [plan_line(person, card.plan, said=check.start_with(found))]
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
    given = datetime.combine(found.on, datetime.min.time(), tzinfo=zone_of(person))
    if now - given >= NEWS_HIDDEN:
        more.append(button(person, "button.news", "card", card.number, "news"))
    return say(scene, text, (start,), *pairs([*signs, *more]), slot="card")


def plan_line(person: Person, planned: Plan, said: Variation) -> str:
    """A plan in a line: 8 minutes, knees bent at the wall, as last time.

    Before the very first rest the way was ``said`` a moment ago, with the result of the check.
    """
    spoken = words_of(person)
    if not person.habits.rests and planned.variation is said and planned.place is Place.FLOOR:
        return spoken("plan.very_first", minutes=minutes(spoken, planned.minutes))
    way = spoken(f"way.{planned.variation}")
    if planned.place is Place.BED and planned.variation in ON_BED:
        way = spoken("way.on_bed", way=way)
    same = (person.habits.variation, person.habits.place) == (planned.variation, planned.place)
    last = "plan.as_last_time" if same else "plan.first_time"
    return spoken(last, minutes=minutes(spoken, planned.minutes), way=way)


def _another_day(person: Person, card: Card, now: datetime) -> bool:
    where = zone_of(person)
    return day(card.shown, where) != day(now, where)


def _old(card: Card, now: datetime) -> bool:
    return now - card.shown > CARD_LIVES


def pressed(scene: Scene, taken: int, what: str, now: datetime) -> Answer | None:
    """A button of the card; an old card gives way to a fresh one, with nothing decided."""
    person, card = scene.person, scene.person.card
    if card is None or card.number != taken or (card.asking and card.asking != what):
        return None
    found = check.current(person, now)
    match what:
        case "emergency":
            return safety.emergency(scene, now)
        case "leg":
            held = replace(card, asking="leg")
            scene, said = safety.which_leg(scene)
            return replace(scene, person=replace(scene.person, card=held)), said
        case "not_now":
            return _which_not_now(scene, card)
        case "news":
            return check.health_news(scene, now)
        case "start" if found is None or not found.open or person.closed or card.again_at:
            return legs_up(replace(scene, person=replace(person, card=None)), "", now)
        case "start" if _old(card, now):
            fresh = replace(card, shown=now)
            scene = replace(scene, person=replace(person, card=fresh))
            scene, said = ready(scene, now)
            return scene, (say(scene, words_of(person)("card.fresh")), *said)
        case "start":
            return hold.begin(replace(scene, person=replace(person, card=None)), card.plan, now)
        case _:
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
        person = safety.close_today(person, now)
        scene = replace(scene, person=person)
        row = () if name == "sleepy" else ((seat,),)
        return scene, (say(scene, spoken(f"not_now.{name}"), *row),)
    until = now + timedelta(minutes=why.later)
    person = safety.close(person, Closed("later", card.number, until=until))
    scene = replace(scene, person=person)
    clock = spoken.clock(until, zone_of(person))
    later = button(person, "", "later", card.number, label=clock)
    skip = button(person, "button.skip", "skip", card.number)
    text = spoken(f"not_now.{name}", clock=clock)
    return scene, (say(scene, text, (seat, later, skip)),)


def again(scene: Scene, card: Card, now: datetime) -> Answer:
    """It was a slip of the finger: the card comes back after a minute."""
    held = replace(card, asking="", again_at=now + CARD_AGAIN)
    scene = replace(scene, person=replace(scene.person, card=held))
    return scene, (say(scene, words_of(scene.person)("card.mistake")),)


def leg(scene: Scene, taken: int, name: str, now: datetime) -> Answer | None:
    """Which sign of leg or urine it is, or none."""
    person = scene.person
    entry = safety.closed_for(person, "leg")
    if entry is None or entry.number != taken:
        return None
    if name == "mistake":
        person = safety.reopen(person, "leg")
        scene = replace(scene, person=person)
        if person.card is not None:
            return again(scene, person.card, now)
        asked = safety.open_question(scene)
        return scene, (asked or say(scene, words_of(person)("leg.mistake")),)
    try:
        which = safety.which("leg", name)
    except KeyError:
        return None
    return safety.see_doctor(replace(scene, person=safety.reopen(person, "leg")), which, now)


def later(scene: Scene, taken: int) -> Answer | None:
    """A rest put off to the moment that was named."""
    entry = safety.closed_for(scene.person, "later")
    if entry is None or entry.number != taken or entry.until is None:
        return None
    person = replace(scene.person, offer=Offer(entry.until))
    scene = replace(scene, person=person)
    spoken = words_of(person)
    clock = spoken.clock(entry.until, zone_of(person))
    row = (button(person, "button.skip", "skip", taken),)
    return scene, (say(scene, spoken("offer.set", clock=clock), row),)


def skip(scene: Scene) -> Answer:
    """Nothing more today; it costs nothing."""
    scene = replace(scene, person=replace(scene.person, offer=None, card=None))
    return scene, (say(scene, words_of(scene.person)("offer.skipped")),)


def wake(scene: Scene, now: datetime) -> Answer:
    """A card that comes back, an offer whose time has come."""
    person = scene.person
    card, offer = person.card, person.offer
    if card and card.again_at and card.again_at <= now:
        found = check.current(person, now)
        if person.hold or person.closed or found is None or not found.open:
            return replace(scene, person=replace(person, card=None)), ()
        return ready(scene, now)
    if offer and offer.at <= now:
        scene = replace(scene, person=replace(person, offer=None))
        late = now - offer.at > timedelta(minutes=number("late_offer"))
        if late or person.hold or person.closed or person.quiet:
            return scene, ()
        row = (
            button(person, "button.start", "up"),
            button(person, "button.seat", "seat"),
            button(person, "button.skip", "skip", 0),
        )
        text = words_of(person)("offer.now")
        return scene, (say(scene, text, row, lane=Lane.REMINDER, kind="offer"),)
    return scene, ()


def change(scene: Scene, taken: int, what: str, said: str, now: datetime) -> Answer | None:
    """[Change]: another way, length, place or breathing, then the card again."""
    person, card = scene.person, scene.person.card
    found = check.current(person, now)
    if card is None or card.number != taken or card.asking or found is None or not found.open:
        return None
    if not what:
        return scene, (_choices(scene, card, found),)
    late = bedtime(now, zone_of(person))
    planned = _changed(card.plan, found, what, said)
    if planned is None:
        return None
    planned = fitted(planned, person, found, late=late)
    card = replace(card, plan=planned, shown=now)
    if person.consent and person.consent.keep is Keep.RESULT:
        habits = replace(
            person.habits,
            breathing=planned.breathing,
            lift_hips=planned.lift_hips,
        )
        person = replace(person, habits=habits)
    return ready(replace(scene, person=replace(person, card=card)), now)


def _changed(planned: Plan, found: Clearance, what: str, said: str) -> Plan | None:
    """The plan with one thing changed, inside what is allowed; None for what is not."""
    match what:
        case "way" if said in set(found.variations):
            return replace(planned, variation=Variation(said))
        case "min" if said.replace(".", "", 1).isdecimal():
            return replace(planned, minutes=float(said))
        case "place" if said in (Place.FLOOR, Place.BED):
            return replace(planned, place=Place(said))
        case "breath" if said in routine().breathing and _breathing(said, found) == said:
            return replace(planned, breathing=said)
        case "hips" if said in ("on", "off") and found.may_lift_hips:
            return replace(planned, lift_hips=said == "on")
        case _:
            return None


def _choices(scene: Scene, card: Card, found: Clearance) -> Message:
    person, spoken, planned = scene.person, words_of(scene.person), card.plan

    def choice(what: str, said: object, label: str) -> Button:
        return button(person, "", "change", card.number, what, said, label=label)

    late = bedtime(card.shown, zone_of(person)) or planned.place is Place.BED
    lengths = choices(found, bedtime=late, comfortable=person.habits.comfortable)
    ways = [
        choice("way", v, spoken(f"way.{v}")) for v in found.variations if v != planned.variation
    ]
    more = [choice("min", f"{m:g}", minutes(spoken, m)) for m in lengths if m != planned.minutes]
    places = [
        choice("place", place, spoken(f"place.{place}"))
        for place in Place
        if found.may_use_floor and planned.variation in ON_BED and place != planned.place
    ]
    breaths = [
        choice("breath", name, spoken(f"breathing.{name}"))
        for name in routine().breathing
        if name != planned.breathing and _breathing(name, found) == name
    ]
    hips = "off" if planned.lift_hips else "on"
    lifts = [choice("hips", hips, spoken(f"hips.{hips}"))] if found.may_lift_hips else []
    seat = button(person, "button.seat", "seat")
    rows = pairs([*ways, *more, *places, *breaths, *lifts, seat])
    text: str = spoken("change.ask")
    if found.verdict is Verdict.NO_CONCERN:
        text = f"{text} {spoken('change.hint')}"
    return say(scene, text, *rows)
