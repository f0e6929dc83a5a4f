"""Reading a person and their scene from the tables, and writing them back."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from bot.conversation import HISTORY
from bot.conversation.person import Person, Rest, Scene, due_at, lane
from bot.events import Address, Command, Event, Lane
from bot.practice.clearance import Variation
from bot.store.many import Many
from bot.store.privacy import record
from bot.store.tables import address, micros, outbox, person, rest

VERSION = 1
"""The version that `Person` is written in. A new field with a default needs no new version."""

READERS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From each older version to the one after it; never removed, since old rows stay as they are."""

LANES = (Lane.EXIT, Lane.CUE, Lane.REMINDER)
"""How urgent a person who is due can be, as `lane` tells."""

CHUNK = 500
"""People at a time in a long piece of work: between two pieces others have their turn."""

FIRST_BACKOFF = timedelta(minutes=5)
LAST_BACKOFF = timedelta(hours=6)

_PERSON = TypeAdapter(Person)


class Unreadable(Exception):
    """A row was written in a version that has no reader: too old, or newer than this program."""


def write(someone: Person) -> str:
    """A person as JSON."""
    return _PERSON.dump_json(someone).decode()


def read(version: int, state: str) -> Person:
    """A person from JSON of this or any earlier version."""
    if version == VERSION:
        return _PERSON.validate_json(state)
    data = json.loads(state)
    while version != VERSION:
        if version not in READERS:
            raise Unreadable(version)
        data, version = READERS[version](data), version + 1
    # From JSON and not from Python values: enums and dates are told apart by their fields only.
    return _PERSON.validate_json(json.dumps(data))


def glance(state: str) -> dict[str, Any]:
    """A person's state as it lies there, for when reading it properly may be what failed."""
    try:
        found = json.loads(state)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def backoff(failures: int) -> timedelta:
    """Until when somebody is left alone of whom looking failed so many times before."""
    pause: timedelta = FIRST_BACKOFF * 2 ** min(failures, 20)
    return min(pause, LAST_BACKOFF)


def at_place(table: Table, place: Address) -> ColumnElement[bool]:
    """The rows of a table that belong to one address."""
    return (
        (table.c.platform == place.platform)
        & (table.c.chat_id == place.chat_id)
        & (table.c.thread == place.thread)
    )


def columns(place: Address) -> dict[str, str]:
    """An address as the three columns that every table names alike."""
    return {"platform": place.platform, "chat_id": place.chat_id, "thread": place.thread}


def place_of(row: Row[Any]) -> Address:
    """The address in those three columns."""
    return Address(row.platform, row.chat_id, row.thread)


# Statements are built once: building one costs more than SQLite needs for it.

_WHO: tuple[ColumnElement[Any], ...] = (
    person.c.id,
    person.c.home,
    person.c.lane,
    person.c.wake_at,
    person.c.at,
    person.c.failures,
    person.c.version,
    person.c.state,
)
_WHERE: tuple[ColumnElement[Any], ...] = (
    address.c.id.label("address_id"),
    address.c.platform,
    address.c.chat_id,
    address.c.thread,
    address.c.author,
    address.c.reachable,
    address.c.last_used,
)

_AT_PLACE = (
    select(*_WHO, *_WHERE)
    .join_from(address, person, person.c.id == address.c.person_id)
    .where(
        address.c.platform == bindparam("platform"),
        address.c.chat_id == bindparam("chat_id"),
        address.c.thread == bindparam("thread"),
    )
)

_AT_PLACES = (
    select(*_WHO, *_WHERE)
    .join_from(address, person, person.c.id == address.c.person_id)
    .where(
        tuple_(address.c.platform, address.c.chat_id, address.c.thread).in_(
            bindparam("places", expanding=True)
        )
    )
)

_AT_HOME = select(*_WHO, *_WHERE).join_from(person, address, address.c.id == person.c.home)

_BY_ID = _AT_HOME.where(person.c.id == bindparam("person"))

_DUE = (
    _AT_HOME.where(
        person.c.platform == bindparam("platform"),
        person.c.lane == bindparam("lane"),
        person.c.wake_at <= bindparam("now"),
    )
    .order_by(person.c.wake_at, person.c.id)
    .limit(bindparam("most"))
)


def there(db: Connection, place: Address) -> Row[Any] | None:
    """Whoever is known at an address, with that address."""
    return db.execute(_AT_PLACE, columns(place)).one_or_none()


def all_there(db: Connection, places: Sequence[Address]) -> dict[Address, Row[Any]]:
    """Whoever is known at each of these addresses."""
    if len(places) == 1:
        row = there(db, places[0])
        return {} if row is None else {places[0]: row}
    asked = [(place.platform, place.chat_id, place.thread) for place in places]
    return {place_of(row): row for row in db.execute(_AT_PLACES, {"places": asked})}


def known(db: Connection, person_id: int) -> Row[Any] | None:
    """A person with the address that is their home."""
    return db.execute(_BY_ID, {"person": person_id}).one_or_none()


def due(db: Connection, platform: str, lane: Lane, now: datetime, most: int) -> list[Row[Any]]:
    """Who of a platform is due, the longest first, each with the address that is their home."""
    asked = {"platform": platform, "lane": lane, "now": now, "most": most}
    return list(db.execute(_DUE, asked).all()) if most > 0 else []


@cache
def _next_wake(queues: int) -> Select[Any]:
    # Queue by queue, since only so each is one look at the index.
    each = union_all(
        *(
            select(func.min(person.c.wake_at).label("at")).where(
                person.c.platform == bindparam(f"platform{n}"),
                person.c.lane == bindparam(f"lane{n}"),
            )
            for n in range(queues)
        )
    ).subquery()
    return select(func.min(each.c.at))


def next_wake(db: Connection, queues: Iterable[tuple[str, Lane]]) -> datetime | None:
    """The earliest moment at which anybody of these platforms and lanes is due."""
    asked = list(queues)
    if not asked:
        return None
    statement = _next_wake(len(asked))
    values: dict[str, object] = {f"platform{n}": name for n, (name, _) in enumerate(asked)}
    values |= {f"lane{n}": lane for n, (_, lane) in enumerate(asked)}
    return db.execute(statement, values).scalar()


def platforms(db: Connection) -> set[str]:
    """Every platform on which somebody is at home."""
    return set(db.execute(select(address.c.platform).distinct()).scalars())


_HISTORY = select(rest).where(rest.c.person_id == bindparam("person")).order_by(rest.c.number)


def history(db: Connection, person_id: int) -> tuple[Rest, ...]:
    """Every rest that is kept of a person, in order."""
    rows = db.execute(_HISTORY, {"person": person_id})
    return tuple(
        Rest(
            number=row.number,
            started=row.started,
            seconds=row.seconds,
            variation=Variation(row.variation),
            bedtime=row.bedtime,
            feeling=row.feeling,
            day=row.day,
            counted=row.counted,
            logged=row.logged,
        )
        for row in rows
    )


def load(db: Connection, row: Row[Any], event: Event) -> Scene:
    """The scene of a person's row, with what this event needs beyond it."""
    name = event.name.casefold() if isinstance(event, Command) else ""
    someone = read(row.version, row.state)
    return Scene(
        person=someone if someone.id == row.id else replace(someone, id=row.id),
        address=place_of(row),
        history=history(db, row.id) if name in HISTORY else (),
        record=record(db, row.id) if name == "export" else "",
    )


_CHANGING = ("wake_at", "lane", "home", "platform", "at", "failures", "version", "state")
_SAVE = Many(
    update(person)
    .where(person.c.id == bindparam("person"))
    .values({name: bindparam(name) for name in _CHANGING})
)
_NEW = Many(insert(person))
_NEW_PLACE = Many(insert(address))
_USED = Many(
    update(address)
    .where(address.c.id == bindparam("address"))
    .values({name: bindparam(name) for name in ("author", "reachable", "last_used")})
)


def as_row(someone: Person, now: datetime, earliest: datetime) -> dict[str, Any]:
    """The columns that change with a step. ``earliest`` is before what it may not be woken."""
    wake_at = due_at(someone)
    return {
        "wake_at": micros(max(wake_at, earliest)) if wake_at else None,
        "lane": int(lane(someone)),
        "at": micros(now),
        "failures": 0,
        "version": VERSION,
        "state": write(someone),
    }


def save(db: Connection, rows: list[dict[str, Any]]) -> None:
    """Write people back; each row names its ``person`` beside the columns."""
    _SAVE(db, rows)


def put_off(db: Connection, person_id: int, until: datetime, failures: int) -> None:
    """Look at somebody again only then, since looking failed so many times."""
    db.execute(
        update(person).where(person.c.id == person_id).values(wake_at=until, failures=failures)
    )


def add(db: Connection, people: list[dict[str, Any]], places: list[dict[str, Any]]) -> None:
    """Write people who were strangers until now, and where they are."""
    _NEW(db, people)
    _NEW_PLACE(db, places)


def used(db: Connection, rows: list[dict[str, Any]]) -> None:
    """Note who speaks at an ``address``, and that they can be reached there."""
    _USED(db, rows)


_UNREST = delete(rest).where(
    rest.c.person_id == bindparam("person"), rest.c.number == bindparam("rest")
)
_REST = insert(rest)


def keep_rests(db: Connection, rests: Iterable[tuple[int, Rest]]) -> None:
    """Write down what became of rests; one of the same number is replaced."""
    rows = {
        (person_id, over.number): {
            "person_id": person_id,
            "number": over.number,
            "started": over.started,
            "seconds": over.seconds,
            "variation": over.variation.value,
            "bedtime": over.bedtime,
            "feeling": over.feeling,
            "day": over.day,
            "counted": over.counted,
            "logged": over.logged,
        }
        for person_id, over in rests
    }
    if rows:
        db.execute(_UNREST, [{"person": who, "rest": number} for who, number in rows])
        db.execute(_REST, list(rows.values()))


def forget_rests(db: Connection, person_id: int) -> None:
    """Keep nothing of before."""
    db.execute(delete(rest).where(rest.c.person_id == person_id))


def count(db: Connection) -> int:
    """How many there are."""
    return db.execute(select(func.count()).select_from(person)).scalar_one()


def last_at(db: Connection) -> datetime | None:
    """The latest moment at which anybody was stepped."""
    return db.execute(select(func.max(person.c.at))).scalar()


def _readable(rows: Iterable[Row[Any]]) -> Iterator[tuple[Row[Any], Person]]:
    for row in rows:
        # One that cannot be read fails at its next step, and there only.
        with suppress(ValueError, Unreadable):
            someone = read(row.version, row.state)
            yield row, replace(someone, id=row.id)


def with_legs_up(db: Connection) -> list[tuple[Address, Person]]:
    """Everybody whose legs are up, or who is on the way up or down, and where to reach them."""
    rows = db.execute(_AT_HOME.where(person.c.lane <= Lane.CUE, person.c.wake_at.is_not(None)))
    return [(place_of(row), someone) for row, someone in _readable(rows)]


def clock_at(db: Connection, place: Address) -> tzinfo | None:
    """The clock on the wall of the person at an address; None while it is not known."""
    row = there(db, place)
    someone = next(_readable([row] if row else []), None)
    return someone[1].clock if someone and someone[1].knows_time else None


def clamp(db: Connection, now: datetime) -> None:
    """Nobody's last step and no words lie after ``now``: for a clock that was set back."""
    for row, someone in _readable(db.execute(_AT_HOME.where(person.c.at > now)).all()):
        clamped = replace(someone, at=min(someone.at, now) if someone.at else None)
        db.execute(
            update(person)
            .where(person.c.id == row.id)
            .values(at=now, version=VERSION, state=write(clamped))
        )
    db.execute(update(outbox).where(outbox.c.at > now).values(at=now))


_NEXT_PEOPLE = (
    select(*_WHO)
    .where(person.c.id > bindparam("after"), person.c.failures == 0)
    .order_by(person.c.id)
    .limit(CHUNK)
)
_REFRESH = (
    update(person)
    .where(person.c.id == bindparam("person"))
    .values({name: bindparam(name) for name in ("wake_at", "lane")})
)


def refresh(db: Connection, after: int) -> int | None:
    """Compute when to wake the next people anew, but in a backoff; the last id, None at the end."""
    rows = db.execute(_NEXT_PEOPLE, {"after": after}).all()
    found = [
        {"person": row.id, "wake_at": due_at(someone), "lane": lane(someone)}
        for row, someone in _readable(rows)
    ]
    if found:
        db.execute(_REFRESH, found)
    return rows[-1].id if rows else None
