"""What keeps the pose closed for a while, as a ledger: entries are made, found and taken back."""

from datetime import datetime, timedelta

from bot.content.routine import number
from bot.conversation.person import Closed, Person
from bot.conversation.reply import zone_of
from bot.conversation.values import replace
from bot.practice.localtime import day_turns

LEAST_DAY_OFF = timedelta(hours=number("least_day_off"))


def number_for(person: Person) -> tuple[int, Person]:
    """A number for something new of this person's, and the person who has used it up."""
    return person.next_number, replace(person, next_number=person.next_number + 1)


def close(person: Person, entry: Closed) -> Person:
    """Close the pose for a reason; a second of the same kind takes the place of the first."""
    others = tuple(each for each in person.closed if each.kind != entry.kind)
    return replace(person, closed=(*others, entry))


def reopen(person: Person, kind: str) -> Person:
    """Take back one reason for which the pose is closed."""
    return replace(person, closed=tuple(each for each in person.closed if each.kind != kind))


def closed_for(person: Person, kind: str) -> Closed | None:
    """The entry of that kind, if there is one."""
    return next((each for each in person.closed if each.kind == kind), None)


def numbered(person: Person, kind: str) -> tuple[int, Person]:
    """The number of the entry of that kind, or a new one: a second tap opens no second one."""
    entry = closed_for(person, kind)
    return (entry.number, person) if entry else number_for(person)


def is_closed(person: Person, now: datetime) -> bool:
    """Whether anything keeps the pose closed at this moment."""
    return bool(person.closed) and any(
        entry.until is None or entry.until > now for entry in person.closed
    )


def close_today(person: Person, now: datetime) -> Person:
    """No raised legs before the day turns."""
    taken, person = numbered(person, "day")
    until = max(day_turns(now, zone_of(person)), now + LEAST_DAY_OFF)
    return close(person, Closed("day", taken, until=until))
