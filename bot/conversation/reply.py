"""How a room answers: its words in the person's language, its buttons with their owner."""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

from bot.content.words import Marked, Words, words
from bot.conversation.buttons import ANYONE, data, deed, owned
from bot.conversation.person import Hold, Person, Scene
from bot.conversation.values import replace
from bot.events import Button, Lane, Message, Tone
from bot.practice.countries import country_of, numbers

Answer = tuple[Scene, tuple[Message, ...]]
"""What every room gives back: the scene as it now is, and what is to be said."""

Rows = tuple[tuple[Button, ...], ...]

TONES = {
    "consent.result": Tone.GO,
    "button.none_start": Tone.GO,
    "button.in_place": Tone.GO,
    "button.down_now": Tone.GO,
    "card.button.emergency": Tone.ALARM,
    "button.wrong": Tone.ALARM,
}
"""Buttons that a colour may mark, where a platform has any: the way on, and the cry for help."""


def words_of(person: Person) -> Words:
    """The words in this person's language."""
    return words(person.language or person.locale)


def zone_of(person: Person) -> tzinfo:
    """The clock on this person's wall; UTC while nothing is known of it."""
    return person.clock


def button(person: Person, key: str, verb: str, *about: object, label: str = "") -> Button:
    """A button of this person's, or of anyone's while nothing is kept of them."""
    owner = person.id if person.consent or person.hold else ANYONE
    if label:
        return Button(label, data(owner, verb, *about))
    label, what = _label_and_deed(person.language or person.locale, key, verb, *about)
    return Button(label, owned(owner, what), tone=TONES.get(key, Tone.PLAIN))


@lru_cache(maxsize=4096, typed=True)  # alike for many owners; typed, since 60 equals 60.0
def _label_and_deed(locale: str, key: str, verb: str, *about: object) -> tuple[str, str]:
    return words(locale)(key), deed(verb, *about)


def pairs(buttons: Iterable[Button]) -> Rows:
    """Buttons two by two, as they fit a phone."""
    row = tuple(buttons)
    return tuple(row[i : i + 2] for i in range(0, len(row), 2))


def say(  # noqa: PLR0913  # one argument for each field of a Message that a room may set
    scene: Scene,
    text: str,
    *rows: tuple[Button, ...],
    lane: Lane = Lane.REPLY,
    slot: str = "",
    notice: str = "",
    until: datetime | None = None,
    kind: str = "",
    silent: bool = False,
) -> Message:
    """A message to where the scene is."""
    return Message(scene.address, text, rows, lane, slot, notice, until, kind, silent)


def minutes(spoken: Words, length: float) -> str:
    """A length of a rest in words: 30 seconds, 1 minute, 8 minutes."""
    if length < 1:
        return spoken.count("count.seconds", round(length * 60))
    return spoken.count("count.minutes", length)


def lasting(spoken: Words, length: int) -> str:
    """How many minutes something takes, or after how many it comes: 45 minutes, 2 hours."""
    if length % 60 == 0:
        return spoken.count("count.hours", length // 60)
    return spoken.count("count.minutes", length)


def seconds(spoken: Words, length: float | timedelta) -> str:
    """A time in words: to the second up to two minutes, to the half hour from two hours on."""
    whole = round(length.total_seconds() if isinstance(length, timedelta) else length)
    if whole >= 7200:
        return spoken.count("count.hours", round(whole / 1800) / 2)
    if (whole and whole % 60 == 0) or whole > 120:
        return spoken.count("count.minutes", round(whole / 60))
    return spoken.count("count.seconds", whole)


def country(person: Person) -> str:
    """The country that the emergency numbers are for, or nothing while it is not known."""
    return person.country or country_of(person.zone)


def emergency_number(person: Person) -> str:
    """Whom to call now, as part of a sentence: a number, or the line for an unknown country."""
    spoken = words_of(person)
    known = numbers(country(person))
    if known is None:
        return spoken("emergency.unknown")
    return spoken("emergency.known", number=known.emergency, country=country_name(person))


def help_number(person: Person) -> str:
    """The number of the medical help line in the person's country, or nothing."""
    known = numbers(country(person))
    return known.help_line if known else ""


def help_line(person: Person) -> str:
    """The medical help line of the person's country as a part of a sentence, or nothing."""
    found = help_number(person)
    if not found:
        return Marked()
    return words_of(person)("emergency.help_line", number=found)


def country_name(person: Person, code: str = "") -> str:
    """A country, theirs if none is given, in the person's language."""
    code = code or country(person)
    name: str = words_of(person).locale.territories.get(code, code)
    return name


def with_hold(scene: Scene, hold: Hold | None, *messages: tuple[str, Rows]) -> Answer:
    """The rest as it now is, with what is said of it."""
    scene = replace(scene, person=replace(scene.person, hold=hold))
    return scene, tuple(say(scene, text, *rows) for text, rows in messages)
