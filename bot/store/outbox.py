"""Words on their way: written with the step that said them, gone once a platform has them."""

import json
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.sql.elements import ColumnElement

from bot.events import Address, Lane, Message, Receipt, Refused, TryLater, Unreachable
from bot.store.people import at_place, columns, place_of
from bot.store.tables import address, outbox, shown

LANES = 8
"""Requests in flight per platform: 30 to 50 a second at 100 to 200 ms each need 3 to 10."""

KEPT_FOR_URGENT = 2
"""Of those, never taken by replies and reminders."""

FIRST_BACKOFF = timedelta(seconds=2)
LAST_BACKOFF = timedelta(minutes=5)

HOLDING_UP = 3
"""After so many failures (14 s) a message no longer holds up what comes after it."""

_MESSAGE = TypeAdapter(Message)

Leased = dict[int, "Waiting"]
"""What was handed out, by id: on the wire, or answered and not written down yet.

In memory only: after a crash all of it waits again.
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that is handed out to be sent; ``edits`` is the message that its slot shows now."""

    id: int
    message: Message
    lane: Lane
    edits: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it on the platform: a receipt, or what was raised."""

    waiting: Waiting
    result: Receipt | Exception

    @property
    def final(self) -> bool:
        """Whether it needs to be said no more, though the row may still stand."""
        return isinstance(self.result, Receipt | Refused)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of rows beyond the table, since it was not or cannot be written there.

    ``unwritten`` came back already; the ``unreadable`` ones are dropped when there is writing.
    """

    leased: Leased
    unwritten: Collection[Outcome]
    unreadable: set[int]

    @property
    def done(self) -> set[int]:
        """The rows that are never handed out again, though they still stand."""
        return {o.waiting.id for o in self.unwritten if o.final} | self.unreadable

    @property
    def on_wire(self) -> list[Waiting]:
        """What no platform has answered yet."""
        answered = {outcome.waiting.id for outcome in self.unwritten}
        return [waiting for waiting in self.leased.values() if waiting.id not in answered]


def message_of(row: Row[Any]) -> Message:
    """The message of a row."""
    return _MESSAGE.validate_python(json.loads(row.payload) | {"to": place_of(row)})


def put(
    db: Connection,
    messages: Iterable[Message],
    person_id: int | None,
    now: datetime,
    leased: Leased,
) -> None:
    """Add words, in order; those for a slot replace what still waits for it, unless on the wire."""
    for message in messages:
        if message.slot:
            db.execute(
                delete(outbox).where(
                    at_place(outbox, message.to),
                    outbox.c.slot == message.slot,
                    outbox.c.id.not_in(list(leased)),
                )
            )
        db.execute(
            insert(outbox).values(
                **columns(message.to),
                person_id=person_id,
                lane=message.lane,
                slot=message.slot,
                not_before=now,
                until=message.until,
                # The address stands in its columns only.
                payload=_MESSAGE.dump_json(message, exclude={"to"}).decode(),
                attempts=0,
            )
        )


_SAME_PLACE = and_(
    address.c.platform == outbox.c.platform,
    address.c.chat_id == outbox.c.chat_id,
    address.c.thread == outbox.c.thread,
)


def _queues(now: datetime, done: Collection[int]) -> Select[Any]:
    """For each address that can be reached: its first row that is not done, its urgent lane."""
    timely = or_(outbox.c.until.is_(None), outbox.c.until > now)
    counts = or_(outbox.c.attempts < HOLDING_UP, outbox.c.not_before <= now)
    return (
        select(func.min(outbox.c.id).label("first"), func.min(outbox.c.lane).label("urgency"))
        .select_from(outbox.outerjoin(address, _SAME_PLACE))
        .where(timely, counts, address.c.reachable.is_not(False), outbox.c.id.not_in(done))
        .group_by(outbox.c.platform, outbox.c.chat_id, outbox.c.thread)
    )


def take(
    db: Connection,
    now: datetime,
    platforms: Collection[str],
    memory: Memory,
) -> list[Waiting]:
    """Hand out what may be sent now: one row an address, urgent lanes first, within `LANES`.

    Only reads the table; ``memory`` learns of what was handed out, and what cannot be read.
    """
    done = memory.done
    queues = _queues(now, done).subquery()
    rows = db.execute(
        select(outbox, queues.c.urgency)
        .join(queues, queues.c.first == outbox.c.id)
        .where(outbox.c.not_before <= now, outbox.c.platform.in_(list(platforms)))
        .order_by(queues.c.urgency, outbox.c.id)
    )
    busy = {waiting.message.to for waiting in memory.leased.values() if waiting.id not in done}
    taken: list[Waiting] = []
    found_unreadable = False
    for row in rows:
        place = place_of(row)
        room = LANES if row.urgency <= Lane.CUE else LANES - KEPT_FOR_URGENT
        on_wire = sum(w.message.to.platform == place.platform for w in memory.on_wire)
        if place in busy or on_wire >= room:
            continue
        try:
            message = message_of(row)
        except ValueError:
            log.exception("row %d of the outbox cannot be read; dropped", row.id, exc_info=False)
            memory.unreadable.add(row.id)
            found_unreadable = True
            continue
        edits = _shown(db, message, memory) if row.person_id is not None else ""
        waiting = Waiting(row.id, message, Lane(row.urgency), edits)
        memory.leased[row.id] = waiting
        busy.add(place)
        taken.append(waiting)
    if found_unreadable:
        # What stood behind it is the first of its address now.
        taken += take(db, now, platforms, memory)
    return taken


def _shown(db: Connection, message: Message, memory: Memory) -> str:
    """The message that the slot of this one shows now; empty without a slot, or if none does."""
    if not message.slot:
        return ""
    slot = (message.to, message.slot)
    for outcome in reversed([*memory.unwritten]):
        said, result = outcome.waiting.message, outcome.result
        if isinstance(result, Receipt) and (said.to, said.slot) == slot:
            return result.message_id
    known = select(shown.c.message_id).where(
        at_place(shown, message.to), shown.c.slot == message.slot
    )
    return db.execute(known).scalar() or ""


def settle(db: Connection, outcome: Outcome, now: datetime) -> bool:
    """Write down what became of a row that was handed out; whether words of nobody left with it.

    A row that is gone (its person was forgotten meanwhile) stays gone, and so does its receipt.
    """
    waiting, result = outcome.waiting, outcome.result
    mine = outbox.c.id == waiting.id
    row = db.execute(select(outbox).where(mine)).one_or_none()
    if row is None:
        return True
    match result:
        case TryLater(after=seconds):
            # The platform spoke of the address, not of the message: its whole queue waits.
            _not_before(db, mine, now + timedelta(seconds=seconds))
            return False
        case Unreachable() if row.person_id is not None:
            db.execute(
                update(address).where(at_place(address, waiting.message.to)).values(reachable=False)
            )
            return False
        case Receipt() | Refused() | Unreachable():
            if isinstance(result, Receipt) and row.person_id is not None and row.slot:
                _keep_receipt(db, row, result.message_id, now)
            db.execute(delete(outbox).where(mine))
            return row.person_id is None
        case _:
            pause = min(FIRST_BACKOFF * 2 ** min(row.attempts, 20), LAST_BACKOFF)
            db.execute(update(outbox).where(mine).values(attempts=row.attempts + 1))
            _not_before(db, mine, now + pause)
            return False


def _not_before(db: Connection, mine: ColumnElement[bool], moment: datetime) -> None:
    db.execute(update(outbox).where(mine).values(not_before=moment))


def _keep_receipt(db: Connection, row: Row[Any], message_id: str, now: datetime) -> None:
    kept = {"person_id": row.person_id, "message_id": message_id, "at": now}
    db.execute(
        upsert(shown)
        .values(**columns(place_of(row)), slot=row.slot, **kept)
        .on_conflict_do_update(index_elements=["platform", "chat_id", "thread", "slot"], set_=kept)
    )


def late(db: Connection, now: datetime, leased: Leased) -> list[Row[Any]]:
    """The rows that it would be wrong to say now, in order."""
    return list(
        db.execute(
            select(outbox)
            .where(outbox.c.until <= now, outbox.c.id.not_in(list(leased)))
            .order_by(outbox.c.id)
        )
    )


def drop(db: Connection, row_id: int) -> None:
    """Say it never."""
    db.execute(delete(outbox).where(outbox.c.id == row_id))


def unsaid(
    db: Connection,
    place: Address | None,
    now: datetime,
    platforms: Collection[str],
    memory: Memory,
) -> bool:
    """Whether anything for this address (or any) may be said now and is not said yet."""
    if any(place in (None, waiting.message.to) for waiting in memory.on_wire):
        return True
    # These failed, and when to try again cannot be written down: they wait for the store.
    held = {outcome.waiting.message.to for outcome in memory.unwritten if not outcome.final}
    queues = _queues(now, memory.done)
    if place is not None:
        queues = queues.where(at_place(outbox, place))
    firsts = queues.subquery()
    rows = db.execute(
        select(outbox)
        .join(firsts, firsts.c.first == outbox.c.id)
        .where(outbox.c.not_before <= now, outbox.c.platform.in_(list(platforms)))
    )
    return any(place_of(row) not in held for row in rows)


def next_due(db: Connection, now: datetime, leased: Leased) -> datetime | None:
    """The next moment at which a row can be said that cannot be now, or will be too late."""
    resting = outbox.c.id.not_in(list(leased))
    reachable = address.c.reachable.is_not(False)
    again = db.execute(
        select(func.min(outbox.c.not_before))
        .select_from(outbox.outerjoin(address, _SAME_PLACE))
        .where(outbox.c.not_before > now, resting, reachable)
    ).scalar()
    too_late = db.execute(select(func.min(outbox.c.until)).where(resting)).scalar()
    return min((moment for moment in (again, too_late) if moment), default=None)
