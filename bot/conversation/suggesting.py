"""What may be meant while somebody is still typing: offered to choose from, never taken as said."""

from datetime import datetime

from bot.content.routine import routine
from bot.content.words import Words, plain, words
from bot.conversation.about import TOPICS
from bot.practice import places
from bot.practice.clearance import Variation
from bot.times import read_any

MOST = 8
"""Suggestions at a time: what a phone shows without scrolling."""

Suggestion = tuple[str, str]
"""What is read, and what it stands for."""


def suggestions(what: str, typed: str, locale: str, now: datetime) -> tuple[Suggestion, ...]:
    """What may follow for an option of a command; nothing for one that is not known."""
    spoken = words(locale)
    match what:
        case "way":
            found = _ways(spoken)
        case "topic":
            found = tuple((plain(spoken(f"why.button.{name}")), name) for name in TOPICS)
        case "question":
            found = tuple((plain(spoken(f"faq.{name}.ask")), name) for name in routine().faq)
        case "city":
            return _cities(spoken, typed)
        case "when" | "evening":
            return _times(spoken, what, typed, now)
        case _:
            return ()
    wanted = typed.casefold()
    return tuple(each for each in found if wanted in each[0].casefold())[:MOST]


def _ways(spoken: Words) -> tuple[Suggestion, ...]:
    return tuple((plain(spoken(f"way.{way}")), way.value) for way in Variation if way.raised)


def _cities(spoken: Words, typed: str) -> tuple[Suggestion, ...]:
    names = spoken.locale.territories
    found: dict[str, str] = {}
    for city in places.beginning(typed, MOST):
        parts = dict.fromkeys((city.name, city.region, names.get(city.country, city.country)))
        label = ", ".join(filter(None, parts))
        found.setdefault(label, label)
    return tuple(found.items())


def _times(spoken: Words, what: str, typed: str, now: datetime) -> tuple[Suggestion, ...]:
    """What is typed already, if it can be read; and what many want, as it is written."""
    usual = plain(spoken(f"suggest.{what}")).split("; ")
    wanted = typed.strip().casefold()
    found = [each for each in usual if wanted in each.casefold()]
    if wanted and typed.strip() not in found and read_any(typed, spoken.language, now):
        found.insert(0, typed.strip())
    return tuple((each, each) for each in found[:MOST])
