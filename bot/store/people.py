"""Reading a person and their scene from the tables, and writing them back."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Table, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.sql.elements import ColumnElement

from bot.conversation import HISTORY
from bot.conversation.person import Person, Rest, Scene, due_at, lane
from bot.events import Address, Command, Event, Incoming, Lane
from bot.practice.clearance import Variation
from bot.store.privacy import record
from bot.store.tables import address, outbox, person, rest

VERSION = 1
"""The version that `Person` is written in. A new field with a default needs no new version."""

READERS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From each older version to the one after it; never removed, since old rows stay as they are."""

_PERSON = TypeAdapter(Person)


class Unreadable(Exception):
    """A row was written in a version that has no reader: too old, or newer than this program."""


def write(someone: Person) -> str:
    """A person as JSON."""
    return _PERSON.dump_json(someone).decode()


def read(version: int, state: str) -> Person:
    """A person from JSON of this or any earlier version."""
    data = json.loads(state)
    while version != VERSION:
        if version not in READERS:
            raise Unreadable(version)
        data, version = READERS[version](data), version + 1
    # From JSON and not from Python values: enums and dates are told apart by their fields only.
    return _PERSON.validate_json(json.dumps(data))


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


def meet(db: Connection, incoming: Incoming, now: datetime) -> Row[Any]:
    """The row of whoever speaks; a stranger gets one. Contact makes an address reachable."""
    place = incoming.address
    known = db.execute(
        update(address)
        .where(at_place(address, place))
        .values(author=incoming.author, reachable=True, last_used=now)
        .returning(address.c.person_id)
    ).scalar()
    if known is None:
        created = insert(person).values(
            lane=Lane.REPLY, at=now, failures=0, version=VERSION, state=write(Person(id=0))
        )
        known = db.execute(created.returning(person.c.id)).scalar_one()
        db.execute(
            insert(address).values(
                **columns(place),
                author=incoming.author,
                person_id=known,
                reachable=True,
                last_used=now,
            )
        )
    return db.execute(select(person).where(person.c.id == known)).one()


def home(db: Connection, person_id: int) -> Address:
    """Where to reach a person who has not just spoken: where they last did, if anyone is there."""
    return place_of(
        db.execute(
            select(address)
            .where(address.c.person_id == person_id)
            .order_by(address.c.reachable.desc(), address.c.last_used.desc(), address.c.id)
            .limit(1)
        ).one()
    )


def history(db: Connection, person_id: int) -> tuple[Rest, ...]:
    """Every rest that is kept of a person, in order."""
    rows = db.execute(select(rest).where(rest.c.person_id == person_id).order_by(rest.c.number))
    return tuple(
        Rest(
            number=row.number,
            started=row.started,
            seconds=row.seconds,
            variation=Variation(row.variation),
            bedtime=row.bedtime,
            feeling=row.feeling,
        )
        for row in rows
    )


def load(db: Connection, row: Row[Any], place: Address, event: Event) -> Scene:
    """The scene of a person's row, with what this event needs beyond it."""
    name = event.name.casefold() if isinstance(event, Command) else ""
    return Scene(
        person=replace(read(row.version, row.state), id=row.id),
        address=place,
        history=history(db, row.id) if name in HISTORY else (),
        record=record(db, row.id) if name == "export" else "",
    )


def save(db: Connection, scene: Scene, now: datetime, earliest: datetime) -> None:
    """Write a scene back. ``earliest`` is before what the row may not ask to be woken."""
    someone = scene.person
    due = due_at(someone)
    db.execute(
        update(person)
        .where(person.c.id == someone.id)
        .values(
            wake_at=due and max(due, earliest),
            lane=lane(someone),
            at=now,
            failures=0,
            version=VERSION,
            state=write(someone),
        )
    )
    if scene.forget_history:
        db.execute(delete(rest).where(rest.c.person_id == someone.id))
    for over in scene.rests:
        row = {
            "started": over.started,
            "seconds": over.seconds,
            "variation": over.variation.value,
            "bedtime": over.bedtime,
            "feeling": over.feeling,
        }
        db.execute(
            upsert(rest)
            .values(person_id=someone.id, number=over.number, **row)
            .on_conflict_do_update(index_elements=["person_id", "number"], set_=row)
        )


def resting(db: Connection) -> bool:
    """Whether anybody has their legs up, or is on their way up or down."""
    up = select(person.c.id).where(person.c.lane <= Lane.CUE, person.c.wake_at.is_not(None))
    return db.execute(up.limit(1)).first() is not None


def last_at(db: Connection) -> datetime | None:
    """The latest moment at which anybody was stepped."""
    return db.execute(select(func.max(person.c.at))).scalar()


def _readable(db: Connection, which: ColumnElement[bool]) -> Iterator[tuple[Row[Any], Person]]:
    for row in db.execute(select(person).where(which)).all():
        # One that cannot be read fails at its next step, and there only.
        with suppress(ValueError, Unreadable):
            yield row, read(row.version, row.state)


def over_time(db: Connection, now: datetime) -> list[tuple[Address, Person]]:
    """Everybody whose legs should be down by now, with the address to reach them at."""
    due = (person.c.lane <= Lane.CUE) & (person.c.wake_at <= now)
    return [
        (home(db, row.id), replace(someone, id=row.id))
        for row, someone in _readable(db, due)
        if someone.hold and someone.hold.ends and someone.hold.ends <= now
    ]


def clock_at(db: Connection, place: Address) -> tzinfo | None:
    """The clock on the wall of the person at an address; None while it is not known."""
    known = select(address.c.person_id).where(at_place(address, place)).scalar_subquery()
    there = (someone for _, someone in _readable(db, person.c.id == known))
    return next((someone.clock for someone in there if someone.knows_time), None)


def clamp(db: Connection, now: datetime) -> None:
    """Nobody's last step and no words lie after ``now``: for a clock that was set back."""
    for row, someone in _readable(db, person.c.at > now):
        clamped = replace(someone, at=min(someone.at, now) if someone.at else None)
        db.execute(
            update(person)
            .where(person.c.id == row.id)
            .values(at=now, version=VERSION, state=write(clamped))
        )
    db.execute(update(outbox).where(outbox.c.not_before > now).values(not_before=now))


def refresh(db: Connection) -> None:
    """Compute every wake_at anew but those of a backoff, since what it is a cache of changed."""
    for row, someone in _readable(db, person.c.failures == 0):
        db.execute(
            update(person)
            .where(person.c.id == row.id)
            .values(wake_at=due_at(someone), lane=lane(someone))
        )
