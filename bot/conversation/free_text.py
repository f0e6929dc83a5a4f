"""What a typed word means. Words of alarm count in every shipped language and in every state."""

import re
import unicodedata
from functools import cache

from bot.content.words import languages, words
from bot.conversation.buttons import parse
from bot.events import Command, Event, Press, Text

ALARMS = ("chest", "hurt", "help", "stop")
"""Meanings that are found anywhere in a text, most urgent first."""
MEANINGS = (
    "down", "done", "place", "next", "stuck", "more", "pause", "resume", "tingling", "gone",
    "still", "lighter", "same", "worse", "dizzy", "wrong", "up", "ran", "seat", "what",
)  # fmt: skip
"""Meanings of a whole text, in the person's own language."""
CRIES = frozenset({"down", "chest", "emergency", "weak"})
"""What a button says that must be answered at once."""
LONGEST_ALARM = 200
"""Characters: a longer text is no cry for help, and its first ones are read all the same."""

_OTHER = re.compile(r"[^\w]+")


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _OTHER.sub(" ", folded.replace("'", "").replace("\u2019", "")).strip()


@cache
def _phrases(language: str, meaning: str) -> frozenset[str]:
    return frozenset(_plain(phrase) for phrase in words(language)(f"text.{meaning}").split("|"))


def _sounds(phrase: str, padded: str) -> bool:
    # A number alone is a call for help; inside a sentence it is a distance or a time.
    return padded == f" {phrase} " if phrase.isdecimal() else f" {phrase} " in padded


def alarm(text: str) -> str:
    """The alarm in a text, in whatever shipped language, or nothing."""
    padded = f" {_plain(text[:LONGEST_ALARM])} "
    for meaning in ALARMS:
        for language in languages():
            if any(_sounds(phrase, padded) for phrase in _phrases(language, meaning)):
                return meaning
    return ""


def meanings(text: str, language: str) -> tuple[str, ...]:
    """What the whole text may mean in that language: which of it, the moment decides."""
    said = _plain(text[:LONGEST_ALARM])
    return tuple(m for m in MEANINGS if said in _phrases(language, m))


def urgent(event: Event) -> bool:
    """Whether an event must be answered even while nothing can be kept."""
    match event:
        case Text(text):
            return bool(alarm(text)) or any("down" in meanings(text, each) for each in languages())
        case Command(name):
            return name.casefold() in ("stop", "help")
        case Press(data):
            pressed = parse(data)
            return pressed is not None and bool(CRIES & {*pressed.parts})
        case _:
            return False
