"""Turns: load the scene, step, save, inside a transaction that the store opens and commits."""

import json
import logging
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, union_all, update

from bot.content.words import words
from bot.conversation import exit_words, urgent_words
from bot.conversation.person import Scene, blank
from bot.events import Address, Event, Expired, Incoming, Lane, Message, Wake
from bot.store import outbox, people
from bot.store.outbox import Leased
from bot.store.privacy import erase
from bot.store.tables import address, person

Step = Callable[[Scene, Event, datetime], tuple[Scene, tuple[Message, ...]]]
"""The pure core."""

WAVE = 250
"""People a transaction: more gains under a quarter and keeps others waiting longer."""

FIRST_BACKOFF = timedelta(minutes=5)
LAST_BACKOFF = timedelta(hours=6)

NO_SOONER = timedelta(milliseconds=250)
"""A step that leaves itself due is looked at again after this: never in a busy loop."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken and is not written yet; ``earliest`` it may be woken next."""

    person_id: int
    scene: Scene
    messages: tuple[Message, ...]
    at: datetime
    earliest: datetime


def what_failed(error: BaseException) -> str:
    """An exception by its kind and place only: its message could hold a person's words."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    way = " > ".join(f"{frame.name} {frame.filename}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} in {way}"


def receive(db: Connection, incoming: Incoming, step: Step, now: datetime, leased: Leased) -> bool:
    """One event of a person, written to its end; whether a person was erased."""
    row = people.meet(db, incoming, now)
    at = max(now, row.at)
    scene = people.load(db, row, incoming.address, incoming.event)
    someone = scene.person
    someone = replace(
        someone,
        locale=someone.locale or incoming.locale,
        zone=someone.zone or incoming.zone,
    )
    scene, messages = step(replace(scene, person=someone), incoming.event, at)
    return write(db, Taken(row.id, scene, messages, at, earliest=at), now, leased)


def look(db: Connection, row: Row[Any], event: Event, step: Step, now: datetime) -> Taken:
    """The step of somebody who has not just spoken; nothing is written."""
    at = max(now, row.at)
    scene = people.load(db, row, people.home(db, row.id), event)
    scene, messages = step(scene, event, at)
    return Taken(row.id, scene, messages, at, earliest=at + NO_SOONER)


def write(db: Connection, taken: Taken, now: datetime, leased: Leased) -> bool:
    """Save what a step came to, with its words in the outbox; whether a person was erased."""
    scene = taken.scene
    erased = scene.gone or blank(scene.person)
    if erased:
        # Who keeps nothing hears out what was said before; who is forgotten only the goodbye.
        erase(db, taken.person_id, keep_words=not scene.gone)
    else:
        people.save(db, scene, taken.at, taken.earliest)
    outbox.put(db, taken.messages, None if erased else taken.person_id, now, leased)
    return erased or scene.forget_history


def apologise(db: Connection, incoming: Incoming, now: datetime, leased: Leased) -> None:
    """Say that this event went wrong here; nothing else of it is kept."""
    place = incoming.address
    known = db.execute(
        update(address)
        .where(people.at_place(address, place))
        .values(reachable=True, last_used=now)
        .returning(address.c.person_id)
    ).scalar()
    state = db.execute(select(person.c.state).where(person.c.id == known)).scalar()
    locale = (_speaks(state) if state else "") or incoming.locale
    text = urgent_words(incoming.event, locale) or words(locale)("service.failed")
    message = Message(place, text)
    outbox.put(db, (message,), known, now, leased)


def _glance(state: str) -> dict[str, Any]:
    """A person's state as it lies there, for when reading it properly may be what failed."""
    found = json.loads(state)
    return found if isinstance(found, dict) else {}


def _speaks(state: str) -> str:
    seen = _glance(state)
    return str(seen.get("language") or seen.get("locale") or "")


def due(db: Connection, now: datetime) -> list[int]:
    """Who is due, those with legs up the wall first: a batch at a time."""
    found: list[int] = []
    # Lane by lane, since only so the index serves both the order and the comparison.
    for lane in Lane:
        found += db.execute(
            select(person.c.id)
            .where(person.c.lane == lane, person.c.wake_at <= now)
            .order_by(person.c.wake_at, person.c.id)
            .limit(WAVE - len(found))
        ).scalars()
    return found


def next_wake(db: Connection) -> datetime | None:
    """The earliest moment at which anybody is due."""
    earliest = union_all(
        *(select(func.min(person.c.wake_at).label("at")).where(person.c.lane == x) for x in Lane)
    ).subquery()
    return db.execute(select(func.min(earliest.c.at))).scalar()


def wake(
    db: Connection, who: Iterable[int], step: Step, now: datetime, leased: Leased
) -> tuple[bool, dict[int, Exception]]:
    """Wake them: all steps first, then all writing. Whether any was erased, and who failed."""
    taken: list[Taken] = []
    failed: dict[int, Exception] = {}
    for person_id in who:
        row = db.execute(select(person).where(person.c.id == person_id)).one()
        try:
            taken.append(look(db, row, Wake(), step, now))
        except Exception as error:  # noqa: BLE001 - one person's failure is no other's
            failed[person_id] = error
    erased = [write(db, each, now, leased) for each in taken]
    return any(erased), failed


def put_off(db: Connection, person_id: int, now: datetime, leased: Leased) -> None:
    """After a failed Wake: called down first if in a hold, and looked at again later."""
    row = db.execute(select(person).where(person.c.id == person_id)).one()
    state = _glance(row.state)
    if state.get("hold") and not row.failures:
        home: Address = people.home(db, person_id)
        message = Message(home, exit_words(_speaks(row.state)), lane=Lane.EXIT)
        outbox.put(db, (message,), person_id, now, leased)
    pause = min(FIRST_BACKOFF * 2 ** min(row.failures, 20), LAST_BACKOFF)
    db.execute(
        update(person)
        .where(person.c.id == person_id)
        .values(wake_at=now + pause, failures=row.failures + 1)
    )


def expire(db: Connection, row: Row[Any], step: Step, now: datetime, leased: Leased) -> bool:
    """Drop words that came too late, and tell the core; whether a person was erased."""
    outbox.drop(db, row.id)
    kind = outbox.message_of(row).kind
    if not kind or row.person_id is None:
        return False
    whose = db.execute(select(person).where(person.c.id == row.person_id)).one()
    return write(db, look(db, whose, Expired(kind), step, now), now, leased)
