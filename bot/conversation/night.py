"""The night: who asks for something then is answered without a sound."""

from dataclasses import replace
from datetime import datetime

from bot.content.routine import number
from bot.conversation.person import Person
from bot.events import Lane, Message


def hushed(person: Person, said: tuple[Message, ...], now: datetime) -> tuple[Message, ...]:
    """The same words, without a sound by night: but the way out, and what is to wake them up.

    A reminder comes when they themselves have chosen.
    """
    if not (said and person.knows_time and _night(now.astimezone(person.clock).hour)):
        return said
    return tuple(
        replace(each, silent=True) if each.lane not in (Lane.EXIT, Lane.REMINDER) else each
        for each in said
    )


def _night(hour: int) -> bool:
    return hour >= number("night_from_hour") or hour < number("night_to_hour")
