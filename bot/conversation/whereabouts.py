"""Where a person's clock stands: asked when a time of day is first needed, never assumed."""

import dataclasses
import re
from datetime import UTC, date, datetime, timedelta
from functools import cache

from bot.content.words import words
from bot.conversation import closures
from bot.conversation.agenda import from_now, without
from bot.conversation.asking import asked, asking
from bot.conversation.free_text import is_said
from bot.conversation.person import Asking, Home, Person, Scene, back_home_due
from bot.conversation.reply import Answer, button, country_name, pairs, say, words_of
from bot.conversation.values import replace
from bot.events import AskPlace, Button, Lane, Location
from bot.practice import places
from bot.practice.countries import country_of
from bot.practice.localtime import day, zone
from bot.practice.places import City
from bot.times import Said, clocks, read_any

CLOCKS = tuple(range(-10 * 60, 13 * 60 + 1, 60))
"""Offsets to tap, in minutes, when the likely ones are none of it; others can be typed."""
NOT_YET = timedelta(days=3)
"""Until the question whether somebody is back home comes once more."""


def unsure(person: Person, *, repeats: bool = False) -> bool:
    """Whether we must ask first; what repeats needs the zone, not only what the clock says."""
    return not (person.zone if repeats else person.knows_time)


def ask(scene: Scene, now: datetime, wish: str = "", said: str = "") -> Answer:
    """What does your clock say; or, where that is known, in which city. Then the wish goes on."""
    person = scene.person
    if person.offset is not None and not person.zone:
        found = places.at_offset(person.offset, now, country=_hint(person, now))
        return _ask_city(scene, found, now, wish, said, key="where.which_city")
    scene = asked(scene, Asking("clock", 0, now, wish=wish, said=said))
    taken, spoken = _number(scene), words_of(person)
    offsets = dict.fromkeys(places.offset(name, now) for name in _likely(person))
    buttons = [_clock_button(scene.person, taken, each, now) for each in offsets]
    other = button(scene.person, "button.another_time", "clock", taken, "more")
    share = _share_button(scene.person, taken)
    return scene, (say(scene, spoken("where.clock"), *pairs([*buttons, other]), (share,)),)


def _share_button(person: Person, taken: int) -> Button:
    return dataclasses.replace(button(person, "button.share", "place", taken), place=True)


def share(scene: Scene) -> Answer:
    """How to share a place, where the platform can."""
    spoken = words_of(scene.person)
    asked_ = say(scene, spoken("where.share"))
    way = AskPlace(spoken("button.share"), spoken("where.thanks"))
    return scene, (dataclasses.replace(asked_, asks_place=way),)


def _number(scene: Scene) -> int:
    return scene.person.asking.number if scene.person.asking else 0


def _hint(person: Person, now: datetime) -> str:
    """The country that a locale or a language speaks for: for the order of cities alone."""
    named = person.locale.replace("_", "-").partition("-")[2].upper()
    likely = (name for name in _likely(person) if places.offset(name, now) == person.offset)
    return named or country_of(next(likely, ""))


def _likely(person: Person) -> list[str]:
    """The zones in which most people live who speak that language."""
    return words_of(person)("zone.likely").split("|")


def _clock_button(person: Person, taken: int, offset: int, now: datetime) -> Button:
    shown = words_of(person).clock(now + timedelta(minutes=offset), UTC)
    return button(person, "", "clock", taken, offset, label=shown)


def clock_pressed(scene: Scene, taken: int, said: str, now: datetime) -> Answer | None:
    """What their clock says: the offset, and next the city, where the wish needs one."""
    question = scene.person.asking
    if question is None or question.kind != "clock" or question.number != taken:
        return None
    if said == "more":
        buttons = [_clock_button(scene.person, taken, each, now) for each in CLOCKS]
        return scene, (say(scene, words_of(scene.person)("where.all_clocks"), *pairs(buttons)),)
    if not re.fullmatch(r"-?\d{1,3}", said) or int(said) not in (*places.offsets(now), *CLOCKS):
        return None
    return _with_offset(scene, question, int(said), now)


def _with_offset(scene: Scene, question: Asking, offset: int, now: datetime) -> Answer:
    if scene.person.zone:  # it stays until a city is chosen
        found = places.at_offset(offset, now, country=_hint(scene.person, now))
        return _ask_city(scene, found, now, question.wish, question.said, key="where.which_city")
    person = replace(scene.person, offset=offset)
    person = replace(person, agenda=from_now(person.agenda, person.seat, person.clock, now))
    scene = replace(scene, person=person)
    if question.wish == "once":
        return scene, ()
    return ask(scene, now, question.wish, question.said)


def _ask_city(  # noqa: PLR0913  # what is asked, and what for
    scene: Scene,
    found: tuple[City, ...],
    now: datetime,
    wish: str,
    said: str,
    *,
    key: str,
    until: date | None = None,
) -> Answer:
    entries = tuple(f"{city.zone} {city.country} {city.name}" for city in found)
    question = Asking("city", 0, now, wish=wish, said=said, zones=entries, until=until)
    scene = asked(scene, question)
    person, taken, spoken = scene.person, _number(scene), words_of(scene.person)
    names = [city.name for city in found]
    buttons = [
        button(
            scene.person,
            "",
            "city",
            taken,
            index,
            label=f"{city.name}, {_region(scene.person, city)}"
            if names.count(city.name) > 1
            else city.name,
        )
        for index, city in enumerate(found)
    ]
    return scene, (say(scene, spoken(key), *pairs(buttons), (_share_button(person, taken),)),)


def _region(person: Person, city: City) -> str:
    return city.region or country_name(person, city.country)


def city_pressed(scene: Scene, taken: int, said: str, now: datetime) -> Answer | None:
    """One of the cities that were shown."""
    question = scene.person.asking
    if question is None or question.kind != "city" or question.number != taken:
        return None
    if not said.isdecimal() or int(said) >= len(question.zones):
        return None
    return _chosen(scene, question.zones[int(said)], question, now)


def _chosen(scene: Scene, entry: str, question: Asking, now: datetime) -> Answer:
    """A place is clear: it becomes theirs, or they are asked whether all moves there."""
    if question.wish == "travel":
        return _ask_travel(scene, entry, question.until, now)
    return settle(scene, entry, now)


def settle(scene: Scene, entry: str, now: datetime) -> Answer:
    """This is where they are: the next times are those of the clock there."""
    name, code, label = entry.split(" ", 2)
    before, person = scene.person.clock, moved(scene.person, name, code, now)
    if person.home and person.home.zone == name:
        person = replace(person, home=None)
    over = [each for each in person.agenda.wanted.once if each.due(person.clock) <= now]
    for each in over:
        left = without(person.agenda.wanted, each.number)
        person = replace(person, agenda=replace(person.agenda, wanted=left))
    scene, spoken = replace(scene, person=replace(person, asking=None)), words_of(person)
    parts: list[str] = [
        spoken("where.set", place=label, when=spoken.moment(now, person.clock)),
        *(spoken("where.over", clock=spoken.clock(e.due(before), before)) for e in over),
    ]
    other = button(person, "button.other_place", "zone")
    return scene, (say(scene, " ".join(parts), (other,)),)


def moved(person: Person, name: str, code: str, now: datetime) -> Person:
    """A person on another clock, with the emergency numbers of that country."""
    code = "" if code in ("-", country_of(name)) else code
    person = replace(person, zone=name, offset=None, country=code)
    return replace(person, agenda=from_now(person.agenda, person.seat, person.clock, now))


# Typed or shared


def text(scene: Scene, said: str, now: datetime, *, travel: bool = False) -> Answer | None:
    """A city, a zone or what a clock says, as an answer; None for anything else."""
    question = scene.person.asking or Asking("city", 0, now)
    if travel:
        question = replace(question, wish="travel")
    exact = places.zone_named(said)
    if exact:
        return _chosen(scene, _entry_of(exact), question, now)
    found = places.find(said)
    if len(found) == 1:
        city = found[0]
        return _chosen(scene, f"{city.zone} {city.country} {_label(city, said)}", question, now)
    if found:
        return _ask_city(
            scene, found, now, question.wish, question.said, key="where.which", until=question.until
        )
    if not travel and (answer := _clock_typed(scene, said, question, now)):
        return answer
    near = places.near(said)
    if near:
        return _ask_city(
            scene, near, now, question.wish, question.said, key="where.near", until=question.until
        )
    return None


def _entry_of(name: str, code: str = "") -> str:
    """A zone as a place to choose, called by its city."""
    return f"{name} {code or country_of(name) or '-'} {name.rpartition('/')[2].replace('_', ' ')}"


def _label(city: City, said: str) -> str:
    """A place as they call it themselves, unless that is an abbreviation: Tokio, but New York."""
    typed = " ".join(said.split())
    return typed.title() if len(typed) > 3 and typed.isalpha() else city.name


def _clock_typed(scene: Scene, said: str, question: Asking, now: datetime) -> Answer | None:
    read = read_any(said, words_of(scene.person).language, now.astimezone(scene.person.clock))
    shown = clocks(read, evening=False) if read else ()
    offsets = [each for clock in shown for each in places.offset_of(clock, now)]
    if len(offsets) == 1:
        return _with_offset(scene, question, offsets[0], now)
    hint = _hint(scene.person, now)
    found = [c for each in offsets for c in places.at_offset(each, now, country=hint, most=3)]
    if shown and not offsets:
        text_ = words_of(scene.person)("where.no_such_clock")
        return replace(scene, person=replace(scene.person, asking=question)), (say(scene, text_),)
    if not found:
        return None
    return _ask_city(
        scene, tuple(found[:6]), now, question.wish, question.said, key="where.which_city"
    )


def shared(scene: Scene, location: Location, now: datetime) -> Answer:
    """A shared location: its zone is kept, the place itself is forgotten at once."""
    name = places.zone_there(location.latitude, location.longitude)
    if not name:
        return scene, (say(scene, words_of(scene.person)("where.nowhere")),)
    entry = _entry_of(name)
    if scene.person.zone and scene.person.zone != name:
        return _ask_travel(scene, entry, None, now)
    return settle(scene, entry, now)


def command(scene: Scene, argument: str, now: datetime) -> Answer:
    """/zone: a city or a zone; without one it is asked."""
    if not argument:
        if scene.person.knows_time:
            scene = asking(scene, "city", now)
            row = (_share_button(scene.person, _number(scene)),)
            return scene, (say(scene, words_of(scene.person)("zone.which"), row),)
        return ask(replace(scene, person=replace(scene.person, asking=None)), now)
    cleared = replace(scene, person=replace(scene.person, asking=None))
    return text(cleared, argument, now) or (
        asking(scene, "city", now),
        (say(scene, words_of(scene.person)("where.unknown")),),
    )


# Travelling


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    phrases = words(language)("text.travel").split("|")
    return tuple(
        re.compile(
            re.escape(phrase)
            .replace("<place>", r"(?P<place>.{2,60}?)")
            .replace("<span>", r"(?P<span>.{3,40}?)")
            .replace(r"\ ", r"\s+"),
            re.IGNORECASE,
        )
        for phrase in phrases
    )


def travelling(scene: Scene, said: str, now: datetime) -> Answer | None:
    """Whether everything moves there is asked: "I'm in Tokyo". None for another text."""
    person = scene.person
    spoken, local = words_of(person), now.astimezone(person.clock)
    plain = said.strip(" .!").replace("\u2019", "'")[:120]
    for pattern in _patterns(spoken.language):
        found = pattern.fullmatch(plain)
        if found is None:
            continue
        parts = found.groupdict()
        span = read_any(parts["span"], spoken.language, local) if "span" in parts else None
        if "span" in parts and (span is None or _until(span) is None):
            continue
        if not places.find(parts["place"]) and not places.zone_named(parts["place"]):
            continue
        if span and span.on and span.on > day(now, person.clock):
            return scene, (say(scene, spoken("travel.then")),)
        before = person.asking or Asking("city", 0, now)
        question = replace(before, kind="city", at=now, until=_until(span) if span else None)
        scene = replace(scene, person=replace(person, asking=question))
        return text(scene, parts["place"], now, travel=bool(person.zone))
    return None


def home_again(scene: Scene, said: str, now: datetime) -> Answer | None:
    """Whether a text says that they are back home; None for another one."""
    home = scene.person.home
    if home is None or not is_said(said, words_of(scene.person)("text.home")):
        return None
    return home_pressed(scene, home.number, "yes", now)


def _until(said: Said) -> date | None:
    if said.until or said.on is None:
        return said.until
    return said.on + timedelta(days=1)


def _ask_travel(scene: Scene, entry: str, until: date | None, now: datetime) -> Answer:
    name, _, label = entry.split(" ", 2)
    scene = asked(scene, Asking("travel", 0, now, zones=(entry,), until=until))
    taken, person, spoken = _number(scene), scene.person, words_of(scene.person)
    if name == person.zone:
        scene = replace(scene, person=replace(person, asking=None))
        return scene, (say(scene, spoken("where.same", place=label)),)
    when = spoken.moment(now, zone(name))
    rows = []
    if until:
        text_ = spoken("button.move_until", day=spoken.weekday_date(until))
        rows.append((button(person, "", "travel", taken, "until", label=text_),))
    rows.append((button(person, "button.move", "travel", taken, "stay"),))
    rows.append((button(person, "button.no_move", "travel", taken, "no"),))
    return scene, (say(scene, spoken("travel.ask", place=label, when=when), *rows),)


def travel_pressed(scene: Scene, taken: int, said: str, now: datetime) -> Answer | None:
    """Whether everything moves."""
    person = scene.person
    question = person.asking
    if question is None or question.kind != "travel" or question.number != taken:
        return None
    if said == "no":
        scene = replace(scene, person=replace(person, asking=None))
        return scene, (say(scene, words_of(person)("travel.no")),)
    home = person.home or Home(person.zone, person.country)
    if said == "until" and question.until:
        home = replace(home, until=question.until, number=taken)
        person = replace(person, home=home)
    elif said == "stay":
        person = replace(person, home=None)
    else:
        return None
    return settle(replace(scene, person=person), question.zones[0], now)


def wake(scene: Scene, now: datetime) -> Answer:
    """Whether they are back home is asked once the journey should be over."""
    person, due = scene.person, back_home_due(scene.person)
    if due is None or due > now or person.home is None or person.hold is not None:
        return scene, ()
    taken, person = closures.number_for(person)
    home = replace(person.home or Home("", ""), until=None, number=taken)
    scene = replace(scene, person=replace(person, home=home))
    person, spoken = scene.person, words_of(scene.person)
    label = _entry_of(home.zone).split(" ", 2)[2]
    rows = (
        (button(person, "button.home_yes", "home", taken, "yes"),),
        (button(person, "button.home_not_yet", "home", taken, "not_yet"),),
        (button(person, "button.home_stay", "home", taken, "stay"),),
    )
    text_ = spoken("travel.back", place=label)
    return scene, (say(scene, text_, *rows, lane=Lane.REMINDER, silent=True),)


def home_pressed(scene: Scene, taken: int, said: str, now: datetime) -> Answer | None:
    """Back home, not yet, or here to stay."""
    person, home = scene.person, scene.person.home
    if home is None or home.number != taken:
        return None
    if said == "yes":
        person = replace(person, home=None)
        return settle(replace(scene, person=person), _entry_of(home.zone, home.country), now)
    if said == "not_yet":
        until = day(now, person.clock) + NOT_YET
        person = replace(person, home=replace(home, until=until))
        scene = replace(scene, person=person)
        when = words_of(person).weekday_date(until)
        return scene, (say(scene, words_of(person)("travel.not_yet", day=when)),)
    if said == "stay":
        scene = replace(scene, person=replace(person, home=None))
        return scene, (say(scene, words_of(person)("travel.stay")),)
    return None
