"""Which tables tell of people, and for each of them: export, forget, and how long it is kept.

`PERSONAL` and `IMPERSONAL` name every table; a test walks the schema and fails on one that is in
neither, or on a column that is not named here. Each also says what becomes of it when two people
are found to be one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum, auto

from sqlalchemy import Connection, Select, Table, bindparam, delete, exists, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from bot.store import clubs
from bot.store.tables import (
    address,
    cheer,
    club,
    entry,
    guest,
    handled,
    link,
    member,
    organiser,
    outbox,
    part,
    person,
    rest,
    setting,
    shown,
    tally,
)

UNUSED_KEPT = timedelta(days=730)
"""Two years without a word from a person: nobody trains for a race that long ago."""

SHOWN_KEPT = timedelta(days=60)
"""Which message to edit: beyond two months nobody scrolls up to it, and platforms refuse it."""

WAITING_KEPT = timedelta(days=14)
"""Words that could not be said for two weeks (blocked, or failing) are no answer any more."""

HANDLED_KEPT = timedelta(hours=48)
"""No platform delivers an event again after that: Telegram keeps updates for 24 hours."""

SWEPT = 500
"""Rows that are deleted at a time."""

PEOPLE_SWEPT = 50
"""People at a time: each takes a statement for every table, some 2 ms."""


class Move(Enum):
    """What becomes of a column that refers to somebody who turns out to be somebody else, too."""

    OVER = auto()
    """It refers to who stays."""
    GONE = auto()
    """Its row goes."""


@dataclass(frozen=True, slots=True)
class Personal:
    """A table that tells of people; ``columns`` by the name that an export gives them.

    ``outdated`` rows are deleted; without it, they are when their person is (`UNUSED_KEPT`).
    ``moves`` names every column that refers to a person or their chat, ``numbered`` the one that
    holds a number of theirs.
    """

    table: Table
    title: str
    mine: Callable[[int], ColumnElement[bool]]
    columns: Mapping[str, str]
    outdated: Callable[[datetime], ColumnElement[bool]] | None
    moves: Mapping[str, Move] = field(default_factory=dict)
    numbered: str = ""


def _my_place(table: Table, person_id: int) -> ColumnElement[bool]:
    places = select(address.c.platform, address.c.chat_id, address.c.thread)
    here = tuple_(table.c.platform, table.c.chat_id, table.c.thread)
    return (table.c.person_id == person_id) | here.in_(
        places.where(address.c.person_id == person_id)
    )


def _chats(person_id: int) -> Select[tuple[int]]:
    return select(address.c.id).where(address.c.person_id == person_id)


_PLACE = {"platform": "platform", "chat_id": "chat", "thread": "thread"}
_OWNER = {"person_id": "person"}

# In the order in which they can be deleted: what is found through addresses goes before them,
# and whatever refers to the person before the person.
PERSONAL = {
    each.table.name: each
    for each in (
        Personal(
            table=shown,
            title="messages that are edited in place",
            mine=lambda who: _my_place(shown, who),
            columns=_PLACE
            | _OWNER
            | {
                "club_id": "club",
                "slot": "used for",
                "message_id": "message",
                "at": "shown at",
            },
            outdated=lambda now: shown.c.at < now - SHOWN_KEPT,
            moves={"person_id": Move.OVER},
        ),
        Personal(
            table=outbox,
            title="words on their way",
            mine=lambda who: _my_place(outbox, who),
            columns=_PLACE
            | _OWNER
            | {
                "id": "number",
                "club_id": "club",
                "lane": "urgency",
                "slot": "used for",
                "at": "said at",
                "until": "not after",
                "payload": "message",
                "cause": "trace",
            },
            outdated=lambda now: outbox.c.at < now - WAITING_KEPT,
            moves={"person_id": Move.OVER},
        ),
        Personal(
            table=guest,
            title="who let you in",
            mine=lambda who: tuple_(guest.c.platform, guest.c.chat_id).in_(
                select(address.c.platform, address.c.chat_id).where(address.c.person_id == who)
            ),
            columns={
                "platform": "platform",
                "chat_id": "chat",
                "code": "word",
                "locale": "language",
                "at": "let in at",
            },
            outdated=lambda now: (guest.c.at < now - UNUSED_KEPT) & (guest.c.code != ""),
        ),
        Personal(
            table=link,
            title="codes that link chats",
            mine=lambda who: link.c.asker.in_(_chats(who)) | link.c.namer.in_(_chats(who)),
            columns={
                "code": "digest of the code",
                "asker": "number of the address that asked",
                "namer": "number of the address that named it",
                "agreed": "half agreed",
                "ends": "until",
            },
            outdated=lambda now: link.c.ends < now,
            moves={"asker": Move.GONE, "namer": Move.GONE},
        ),
        Personal(
            table=organiser,
            title="clubs that you manage just now",
            mine=lambda who: tuple_(organiser.c.platform, organiser.c.chat_id).in_(
                select(address.c.platform, address.c.chat_id).where(address.c.person_id == who)
            ),
            columns={
                "platform": "platform",
                "chat_id": "chat",
                "club_id": "club",
                "asking": "asked",
                "until": "until",
            },
            outdated=lambda now: organiser.c.until < now,
        ),
        Personal(
            table=member,
            title="clubs whose runs you are asked after",
            mine=lambda who: member.c.person_id == who,
            columns=_OWNER | {"club_id": "club"},
            outdated=None,
            moves={"person_id": Move.OVER},
        ),
        Personal(
            table=part,
            title="legs up together",
            mine=lambda who: part.c.person_id == who,
            columns=_OWNER
            | {
                "club_id": "club",
                "number": "number",
                "phase": "how far",
                "seconds": "seconds",
            },
            outdated=None,
            moves={"person_id": Move.OVER},
        ),
        Personal(
            table=entry,
            title="challenges",
            mine=lambda who: entry.c.person_id == who,
            columns=_OWNER
            | {
                "club_id": "club",
                "number": "number",
                "joined": "from",
                "left": "left on",
                "name": "name that others see",
                "hidden": "hidden from others",
                "off": "days off",
            },
            outdated=None,
            moves={"person_id": Move.OVER},
        ),
        Personal(
            table=rest,
            title="rests",
            mine=lambda who: rest.c.person_id == who,
            columns=_OWNER
            | {
                "number": "number",
                "started": "started",
                "seconds": "seconds",
                "variation": "way",
                "bedtime": "at bedtime",
                "feeling": "how the legs felt",
                "day": "day that it counts for",
                "counted": "seconds that count",
                "logged": "told by you",
            },
            outdated=None,
            moves={"person_id": Move.OVER},
            numbered="number",
        ),
        Personal(
            table=person,
            title="about you",
            mine=lambda who: person.c.id == who,
            columns={
                "id": "person",
                "wake_at": "next moment to look at",
                "lane": "urgency",
                "home": "number of the address in use",
                "platform": "platform in use",
                "at": "last looked at",
                "failures": "failed steps",
                "version": "written in version",
                "state": "what is remembered",
            },
            outdated=None,
            moves={"id": Move.GONE, "home": Move.GONE},
        ),
        Personal(
            table=address,
            title="where we talk",
            mine=lambda who: address.c.person_id == who,
            columns=_PLACE
            | _OWNER
            | {
                "id": "number",
                "author": "account",
                "reachable": "reachable",
                "last_used": "last used",
            },
            outdated=None,
            moves={"person_id": Move.OVER},
        ),
    )
}

IMPERSONAL = frozenset({handled.name, setting.name, club.name, tally.name, cheer.name})
"""An event's id and who cheered are kept as keyed digests only; settings are the program's own. A
club is nobody's, and so is what people gave to it who were forgotten."""

_JSON = frozenset({"payload", "state"})


def record(db: Connection, person_id: int) -> str:
    """Everything that is kept about one person, as JSON for them to read."""
    return json.dumps(
        {
            each.title: [
                {title: _shown(name, row[name]) for name, title in each.columns.items()}
                for row in db.execute(select(each.table).where(each.mine(person_id))).mappings()
            ]
            for each in reversed(PERSONAL.values())
        },
        indent=2,
        ensure_ascii=False,
    )


def _shown(name: str, value: object) -> object:
    if name in _JSON:
        found = json.loads(str(value))
        if name == "state" and found.get("check"):
            found["check"].pop("ticks", None)  # a draft of answers: no file may outlive it
        if name == "payload":
            found.pop("reply", None)  # how to answer on their platform, for whoever holds it
        return found
    return value.isoformat() if isinstance(value, date) else value


def erase(db: Connection, person_id: int, *, keep_words: bool = False) -> set[int]:
    """Delete a person everywhere; ``keep_words`` leaves what is still to be said, unowned.

    It leaves them let in, too: they have agreed to nothing, and did not ask to be forgotten.

    The ids of the words that will not be said any more.
    """
    clubs.leave(db, person_id)
    mine = PERSONAL[outbox.name].mine(person_id)
    gone = set() if keep_words else set(db.execute(select(outbox.c.id).where(mine)).scalars())
    for each in PERSONAL.values():
        if not (keep_words and each.table in (outbox, guest)):
            db.execute(delete(each.table).where(each.mine(person_id)))
    return gone


def merge(db: Connection, vanished: int, stays: int, shift: int) -> None:
    """All rows of somebody become those of somebody else, as `Personal.moves` says."""
    clubs.joined(db, vanished, stays)
    for each in PERSONAL.values():
        if Move.GONE in each.moves.values() and each.table is not person:
            db.execute(delete(each.table).where(each.mine(vanished)))
    for each in PERSONAL.values():
        for column in (name for name, move in each.moves.items() if move is Move.OVER):
            numbers = {each.numbered: each.table.c[each.numbered] + shift} if each.numbered else {}
            mine = each.table.c[column] == vanished
            db.execute(update(each.table).where(mine).values({column: stays} | numbers))
    db.execute(delete(person).where(person.c.id == vanished))


def erase_all(db: Connection, wanted: Callable[[int], bool]) -> int:
    """Delete everybody whose id is ``wanted``, looked through in pieces; how many."""
    erased, after = 0, 0
    while ids := db.execute(_NEXT_IDS, {"after": after}).scalars().all():
        for person_id in filter(wanted, ids):
            erase(db, person_id)
            erased += 1
        after = ids[-1]
    return erased


_NEXT_IDS = (
    select(person.c.id).where(person.c.id > bindparam("after")).order_by(person.c.id).limit(10_000)
)
_has_address = exists().where(address.c.person_id == person.c.id)
_used = address.alias()
_UNUSED = (
    select(address.c.person_id)
    .distinct()
    .where(
        address.c.last_used < bindparam("before"),
        ~exists().where(
            _used.c.person_id == address.c.person_id, _used.c.last_used >= bindparam("before")
        ),
    )
    .limit(PEOPLE_SWEPT)
)


def sweep(db: Connection, now: datetime) -> tuple[int, set[int]]:
    """Delete what is older than its period, a piece at a time, until it finds nothing more.

    How many rows (and people) went, and the ids of the words that will not be said any more.
    """
    swept, gone = 0, set()
    late = select(outbox.c.id).where(outbox.c.at < now - WAITING_KEPT)
    gone |= set(db.execute(late.limit(SWEPT)).scalars())
    swept += _delete(db, outbox, outbox.c.id.in_(gone))
    for each in PERSONAL.values():
        if each.outdated is not None and each.table is not outbox:
            swept += _delete(db, each.table, each.outdated(now))
    swept += _delete(db, handled, handled.c.at < now - HANDLED_KEPT)
    unused = set(db.execute(_UNUSED, {"before": now - UNUSED_KEPT}).scalars())
    nowhere = select(person.c.id).where(person.c.platform == "", ~_has_address).limit(PEOPLE_SWEPT)
    for person_id in unused | set(db.execute(nowhere).scalars()):
        gone |= erase(db, person_id)
        swept += 1
    return swept, gone


def _delete(db: Connection, table: Table, which: ColumnElement[bool]) -> int:
    """At most a piece of them: others wait for the store meanwhile."""
    key = [*table.primary_key]
    piece = select(*key).where(which).limit(SWEPT)
    mine = tuple_(*key).in_(piece) if len(key) > 1 else key[0].in_(piece)
    return db.execute(delete(table).where(mine)).rowcount
