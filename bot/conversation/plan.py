"""The next rest as it is meant to be, and [Change]."""

from datetime import datetime
from functools import lru_cache

from bot.content.routine import routine
from bot.content.words import Words
from bot.conversation import verdict
from bot.conversation.person import Card, Person, Plan, Scene
from bot.conversation.reply import (
    button,
    minutes,
    pairs,
    say,
    words_of,
    zone_of,
)
from bot.conversation.values import replace
from bot.events import Button, Message
from bot.practice.clearance import ON_BED, Clearance, Place, Variation, Verdict
from bot.practice.lengths import FAMILIAR_AFTER, SHORTEST, ceiling, choices, ladder, shrunk
from bot.practice.localtime import bedtime

WAYS = frozenset(Variation)


def plan_for(person: Person, found: Clearance, wanted: str, now: datetime) -> Plan:
    """The next rest: as last time, inside what is allowed now."""
    habits = person.habits
    said = wanted.split()
    way = next((Variation(each) for each in said if each in WAYS), habits.variation)
    if way not in found.variations:
        way = verdict.start_with(found)
    late = bedtime(now, person.clock)
    place = habits.place if found.may_use_floor else Place.BED
    wished = next(filter(None, map(_length, said)), 0.0)
    length = wished or habits.minutes or ladder(found)[0]
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


def shorter(found: Clearance, length: float) -> float:
    """A length below that one: a step down, at the lowest step the short first tries."""
    steps = (shrunk(found, length), *routine().lengths.try_out)
    return max((step for step in steps if step < length), default=length)


def _length(wanted: str) -> float:
    """A number of minutes as it was said, or 0."""
    digits = wanted.removesuffix("min").removesuffix("m")
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
        minutes=min(max(draft.minutes, SHORTEST), most),
        limit=most,
        strict=found.verdict is Verdict.GENTLER and most >= found.longest,
        bedtime=in_bed,
        familiar=times >= FAMILIAR_AFTER,
        lift_hips=draft.lift_hips and found.may_lift_hips,
    )


def in_words(person: Person, planned: Plan, said: Variation) -> str:
    """A plan in a line: 8 minutes, knees bent at the wall, as last time.

    Before the very first rest the way was ``said`` a moment ago, with the result of the check.
    """
    habits, way, place = person.habits, planned.variation, planned.place
    if not habits.rests and way is said and place is Place.FLOOR:
        key = "plan.very_first"
    elif habits.variation == way and habits.place == place:
        key = "plan.as_last_time"
    else:
        key = "plan.first_time"
    return _in_words(words_of(person), key, way, place, planned.minutes)


@lru_cache(maxsize=1024)  # the plans of many people are alike
def _in_words(spoken: Words, key: str, way: Variation, place: Place, length: float) -> str:
    bed = place is Place.BED and way in ON_BED
    words = verdict.way_words(spoken, way, not bed)
    return spoken(key, minutes=minutes(spoken, length), way=words)


def changed(planned: Plan, found: Clearance, what: str, said: str) -> Plan | None:
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


def offered(scene: Scene, card: Card, found: Clearance) -> Message:
    """What can be different, inside what is allowed."""
    person, spoken, planned = scene.person, words_of(scene.person), card.plan

    def choice(what: str, said: object, label: str) -> Button:
        label = label[:1].upper() + label[1:]
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
