"""Words on their way: written with the step that said them, gone once a platform has them.

The table is the truth. What waits in it is handed to the sender with each commit, and at the
start, so that nobody has to look for it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from bot import logs
from bot.events import Address, Incoming, Message, Receipt, Refused, Unreachable
from bot.store.many import Many
from bot.store.people import at_place, columns, place_of
from bot.store.tables import address, club, micros, outbox, person, shown

_MESSAGE = TypeAdapter(Message)

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits to be said; ``edits`` is the message that its slot shows now.

    ``person_id`` is whose words they are, None for somebody of whom nothing is kept; a post is of
    ``club_id``. ``cause`` names in every log what led to them, ``at`` is when they were found.
    """

    id: int
    message: Message
    person_id: int | None
    cause: str
    at: datetime
    edits: str = ""
    club_id: int | None = None

    @property
    def owned(self) -> bool:
        """Whether something is kept of whose words they are."""
        return self.person_id is not None or self.club_id is not None

    def of(self, joined: Mapping[int, int]) -> "Waiting":
        """The same words, of whoever that person is now."""
        now = joined.get(self.person_id or 0)
        return self if now is None else replace(self, person_id=now)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row on the platform: a receipt, or what was raised.

    None: it was not said, since newer words for the same slot came before.
    """

    waiting: Waiting
    result: Receipt | Exception | None

    @property
    def final(self) -> bool:
        """Whether it needs to be said no more, though the row may still stand."""
        nobody = self.waiting.person_id is None
        return isinstance(self.result, Receipt | Refused | None) or (
            nobody and isinstance(self.result, Unreachable)
        )


def answering(incoming: Incoming, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The same words, as the answer to an event: only to whoever has spoken."""
    if not incoming.reply:
        return messages
    return tuple(
        replace(each, reply=incoming.reply) if each.to == incoming.address else each
        for each in messages
    )


def message_of(row: Row[Any]) -> Message:
    """The message of a row."""
    return _MESSAGE.validate_python(json.loads(row.payload) | {"to": place_of(row)})


_PUT = Many(insert(outbox))
_SHOWN = select(shown).where(
    shown.c.person_id.in_(bindparam("people", expanding=True))
    | shown.c.club_id.in_(bindparam("clubs", expanding=True))
)


def put(db: Connection, words: Sequence[Waiting]) -> list[Waiting]:
    """Add words, in order; they come back with the message that their slot shows now."""
    if not words:
        return []
    _PUT(db, [_as_row(each) for each in words])
    with_slot = [each for each in words if each.message.slot and each.owned]
    if not with_slot:
        return list(words)
    people = list({each.person_id for each in with_slot} - {None})
    clubs_ = list({each.club_id for each in with_slot} - {None})
    shows = {
        (place_of(row), row.slot): row.message_id
        for row in db.execute(_SHOWN, {"people": people, "clubs": clubs_})
    }
    return [_editing(each, shows) for each in words]


def _editing(waiting: Waiting, shows: dict[tuple[Address, str], str]) -> Waiting:
    message = waiting.message
    edits = shows.get((message.to, message.slot), "") if message.slot else ""
    if not edits or message.anew or not waiting.owned:
        return waiting
    return replace(waiting, edits=edits)


def _as_row(waiting: Waiting) -> dict[str, Any]:
    message = waiting.message
    return {
        "id": waiting.id,
        "person_id": waiting.person_id,
        "club_id": waiting.club_id,
        **columns(message.to),
        "lane": int(message.lane),
        "slot": message.slot,
        "at": micros(waiting.at),
        "until": micros(message.until) if message.until else None,
        # The address stands in its columns only.
        "payload": _MESSAGE.dump_json(message, exclude={"to"}, exclude_defaults=True).decode(),
        "cause": waiting.cause,
    }


def waiting(db: Connection) -> tuple[list[Waiting], set[Address]]:
    """Everything that waits, in order, and the addresses that cannot be reached."""
    shows = {(place_of(row), row.slot): row.message_id for row in db.execute(_SHOWN_WAITING)}
    found = []
    for row in db.execute(select(outbox).order_by(outbox.c.id)).all():
        try:
            message = message_of(row)
        except ValueError:
            log.exception("a row of the outbox cannot be read; dropped", row=row.id)
            drop(db, [row.id])
            continue
        each = Waiting(row.id, message, row.person_id, row.cause, row.at, club_id=row.club_id)
        found.append(_editing(each, shows))
    unreachable = db.execute(select(address).where(address.c.reachable.is_(False)))
    places = {each.message.to for each in found}
    return found, {place for row in unreachable if (place := place_of(row)) in places}


_SHOWN_WAITING = select(shown).where(
    shown.c.person_id.in_(select(outbox.c.person_id))
    | shown.c.club_id.in_(select(outbox.c.club_id))
)

_DROP = Many(delete(outbox).where(outbox.c.id == bindparam("row")))


def drop(db: Connection, rows: Iterable[int]) -> None:
    """Say them never."""
    _DROP(db, [{"row": row} for row in rows])


_STILL_HERE = select(person.c.id).where(person.c.id.in_(bindparam("people", expanding=True)))
_CLUBS_HERE = select(club.c.id).where(club.c.id.in_(bindparam("clubs", expanding=True)))
_HIDE = delete(shown).where(
    shown.c.platform == bindparam("at_platform"),
    shown.c.chat_id == bindparam("at_chat_id"),
    shown.c.thread == bindparam("at_thread"),
    shown.c.slot == bindparam("at_slot"),
)
_SHOW = insert(shown)


def settle(db: Connection, outcomes: Iterable[Outcome], now: datetime) -> bool:
    """T2: write down what became of words; whether any of somebody of whom nothing is kept left.

    A row that is gone (its person was forgotten meanwhile) stays gone, and so does its receipt.
    """
    said = [outcome.waiting for outcome in outcomes if outcome.final]
    drop(db, (each.id for each in said))
    _keep_receipts(db, outcomes, now)
    for outcome in outcomes:
        if outcome.waiting.club_id is not None:
            _posted(db, outcome.waiting.club_id, outcome.result)
        elif isinstance(outcome.result, Unreachable) and not outcome.final:
            lose(db, outcome.waiting.message.to, outcome.waiting.person_id)
    return any(not each.owned for each in said)


def _posted(db: Connection, club_id: int, result: Receipt | Exception | None) -> None:
    """Whoever manages a club sees whether it can be posted to."""
    if isinstance(result, Receipt | Unreachable):
        here = isinstance(result, Receipt)
        changed = (club.c.id == club_id) & (club.c.reachable.is_not(here))
        db.execute(update(club).where(changed).values(reachable=here))


def _keep_receipts(db: Connection, outcomes: Iterable[Outcome], now: datetime) -> None:
    kept = [
        (outcome.waiting, outcome.result.message_id)
        for outcome in outcomes
        if isinstance(outcome.result, Receipt)
        and outcome.waiting.message.slot
        and outcome.waiting.owned
    ]
    if not kept:
        return
    people = {waiting.person_id for waiting, _ in kept} - {None}
    here = set(db.execute(_STILL_HERE, {"people": list(people)}).scalars())
    clubs_ = {waiting.club_id for waiting, _ in kept} - {None}
    there = set(db.execute(_CLUBS_HERE, {"clubs": list(clubs_)}).scalars()) if clubs_ else set()
    rows = {
        (waiting.message.to, waiting.message.slot): {
            **columns(waiting.message.to),
            "slot": waiting.message.slot,
            "person_id": waiting.person_id,
            "club_id": waiting.club_id,
            "message_id": message_id,
            "at": now,
        }
        for waiting, message_id in kept
        if waiting.person_id in here or waiting.club_id in there
    }
    if rows:
        old = [
            {f"at_{name}": row[name] for name in ("platform", "chat_id", "thread", "slot")}
            for row in rows.values()
        ]
        db.execute(_HIDE, old)
        db.execute(_SHOW, list(rows.values()))


def lose(db: Connection, place: Address, person_id: int | None) -> None:
    """Nobody is at that address; who has another is at home there from now on."""
    db.execute(update(address).where(at_place(address, place)).values(reachable=False))
    other = db.execute(
        select(address)
        .where(address.c.person_id == person_id, address.c.reachable)
        .order_by(address.c.last_used.desc(), address.c.id)
        .limit(1)
    ).one_or_none()
    if other is not None:
        db.execute(
            update(person)
            .where(person.c.id == person_id)
            .values(home=other.id, platform=other.platform)
        )


def of_club(db: Connection, club_id: int) -> set[int]:
    """Delete what waits for a club that is gone; the ids of it."""
    mine = outbox.c.club_id == club_id
    gone = set(db.execute(select(outbox.c.id).where(mine)).scalars())
    db.execute(delete(outbox).where(mine))
    db.execute(delete(shown).where(shown.c.club_id == club_id))
    return gone


def moves(db: Connection, club_id: int, to: Address) -> None:
    """A club is another chat: what waits goes there, and what was shown cannot be edited."""
    mine = (outbox.c.club_id == club_id) & (outbox.c.platform == to.platform)
    db.execute(update(outbox).where(mine).values(chat_id=to.chat_id))
    db.execute(delete(shown).where(shown.c.club_id == club_id))
