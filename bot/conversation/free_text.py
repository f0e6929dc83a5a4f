"""What a typed word means. Words of alarm count in every shipped language and in every state."""

import re
import unicodedata
from functools import cache, lru_cache

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

_DISTANCE = re.compile(r"\d{1,3}(k|km|mi|m|min|h)?")
_GAP = r" (?:\w+ ){0,4}"
_OTHER = re.compile(r"[^\w]+")


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _OTHER.sub(" ", folded.replace("'", "").replace("\u2019", "")).strip()


@lru_cache(maxsize=1024)
def _ours(phrases: str) -> tuple[str, ...]:
    """Phrases out of our own words, plain. What a person types is remembered nowhere."""
    return tuple(_plain(each) for each in phrases.split("|"))


@cache
def _phrases(language: str, meaning: str) -> frozenset[str]:
    return frozenset(_ours(words(language)(f"text.{meaning}")))


@cache
def _anywhere(language: str, meaning: str) -> re.Pattern[str]:
    """Any phrase of that meaning, anywhere in a padded text.

    A number alone is a call for help; inside a sentence it is a distance or a time, and so a phrase
    after = counts only alone. Where one has three dots, up to four words may stand between.
    """
    found = []
    for phrase in words(language)(f"text.{meaning}").split("|"):
        parts = [re.escape(_plain(part)) for part in phrase.split("...")]
        alone = len(parts) == 1 and (parts[0].isdecimal() or phrase.startswith("="))
        found.append(f"^ {parts[0]} $" if alone else f" {_GAP.join(parts)} ")
    return re.compile("|".join(found))


def alarm(text: str) -> str:
    """The alarm in a text, in whatever shipped language, or nothing."""
    padded = f" {_plain(text[:LONGEST_ALARM])} "
    for meaning in ALARMS:
        for language in languages():
            if _anywhere(language, meaning).search(padded):
                return meaning
    return ""


def meanings(text: str, language: str) -> tuple[str, ...]:
    """What the whole text may mean, in that language first: which of it, the moment decides."""
    said = _plain(text[:LONGEST_ALARM])
    every = dict.fromkeys((language, *languages()))
    found = [m for each in every for m in MEANINGS if said in _phrases(each, m)]
    if any(_is_run(said, each) for each in every):
        found.append("ran")
    return tuple(dict.fromkeys(found))


def _is_run(said: str, language: str) -> bool:
    """Whether it is nothing but words of a run that is over: ran 10k, back from a long run."""
    run, over, rest = (_phrases(language, part) for part in ("ran_run", "ran_over", "ran_rest"))
    said_words = said.split()
    plain_words = [word for word in said_words if not _DISTANCE.fullmatch(word)]
    ran = len(plain_words) < len(said_words) or any(word in run for word in plain_words)
    known = all(word in run | over | rest for word in plain_words)
    return ran and known and any(word in over for word in plain_words)


def is_said(text: str, phrases: str) -> bool:
    """Whether a text is one of these phrases, whatever its case and punctuation."""
    return _plain(text[:LONGEST_ALARM]) in _ours(phrases)


def begins(text: str, label: str) -> bool:
    """Whether a text is a label, or the beginning of one up to the end of a word."""
    said = _plain(text[:LONGEST_ALARM])
    return bool(said) and any(f"{each} ".startswith(f"{said} ") for each in _ours(label))


def contains(text: str, meaning: str) -> bool:
    """Whether words of that meaning stand anywhere in a text, in whatever shipped language."""
    padded = f" {_plain(text[:LONGEST_ALARM])} "
    return any(_anywhere(each, meaning).search(padded) for each in languages())


@cache
def _weekdays() -> frozenset[str]:
    every = [words(each) for each in languages()]
    return frozenset(_plain(name) for each in every for name in each.weekday_names)


def names_weekday(text: str) -> bool:
    """Whether a text names a weekday, long or short, in whatever shipped language."""
    return not _weekdays().isdisjoint(_plain(text[:LONGEST_ALARM]).split())


NO_CRY = ("after",)
"""Commands about what somebody else has written."""


def urgent(event: Event) -> bool:
    """Whether an event must be answered even while nothing can be kept."""
    match event:
        case Text(text):
            return bool(alarm(text)) or any("down" in meanings(text, each) for each in languages())
        case Command(name, _) if name.casefold() in NO_CRY:
            return False
        case Command(name, argument):
            return name.casefold() in ("stop", "help") or bool(alarm(f"{name} {argument}"))
        case Press(data):
            pressed = parse(data)
            return pressed is not None and bool(CRIES & {*pressed.parts})
        case _:
            return False


def either(meaning: str) -> str:
    """A pattern for a word of that meaning, in whatever shipped language."""
    every = {phrase for each in languages() for phrase in words(each)(f"text.{meaning}").split("|")}
    return rf"\b(?:{'|'.join(map(re.escape, sorted(every)))})\b"
