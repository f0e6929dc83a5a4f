"""Which tables tell of people, and for each of them: export, forget, and how long it is kept.

`PERSONAL` and `IMPERSONAL` name every table; a test walks the schema and fails on one that is in
neither, or on a column that is not named here.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Table, delete, exists, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from bot.store.tables import address, handled, outbox, person, rest, setting, shown

UNUSED_KEPT = timedelta(days=730)
"""Two years without a word from a person: nobody trains for a race that long ago."""

SHOWN_KEPT = timedelta(days=60)
"""Which message to edit: beyond two months nobody scrolls up to it, and platforms refuse it."""

WAITING_KEPT = timedelta(days=14)
"""Words that could not be said for two weeks (blocked, or failing) are no answer any more."""

HANDLED_KEPT = timedelta(hours=48)
"""No platform delivers an event again after that: Telegram keeps updates for 24 hours."""


@dataclass(frozen=True, slots=True)
class Personal:
    """A table that tells of people; ``columns`` by the name that an export gives them."""

    table: Table
    title: str
    mine: Callable[[int], ColumnElement[bool]]
    columns: Mapping[str, str]
    outdated: Callable[[datetime], ColumnElement[bool]]


def _my_place(table: Table, person_id: int) -> ColumnElement[bool]:
    places = select(address.c.platform, address.c.chat_id, address.c.thread)
    here = tuple_(table.c.platform, table.c.chat_id, table.c.thread)
    return (table.c.person_id == person_id) | here.in_(
        places.where(address.c.person_id == person_id)
    )


def _unused(person_id: Column[int], before: datetime) -> ColumnElement[bool]:
    # An alias, so that it can be asked of the addresses themselves.
    used = address.alias()
    return ~exists().where(used.c.person_id == person_id, used.c.last_used >= before)


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
            | {"slot": "used for", "message_id": "message", "at": "shown at"},
            outdated=lambda now: shown.c.at < now - SHOWN_KEPT,
        ),
        Personal(
            table=outbox,
            title="words on their way",
            mine=lambda who: _my_place(outbox, who),
            columns=_PLACE
            | _OWNER
            | {
                "id": "number",
                "lane": "urgency",
                "slot": "used for",
                "not_before": "not before",
                "until": "not after",
                "payload": "message",
                "attempts": "failed attempts",
            },
            outdated=lambda now: outbox.c.not_before < now - WAITING_KEPT,
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
            },
            outdated=lambda now: _unused(rest.c.person_id, now - UNUSED_KEPT),
        ),
        Personal(
            table=person,
            title="about you",
            mine=lambda who: person.c.id == who,
            columns={
                "id": "person",
                "wake_at": "next moment to look at",
                "lane": "urgency",
                "at": "last looked at",
                "failures": "failed steps",
                "version": "written in version",
                "state": "what is remembered",
            },
            # Their addresses go with them, by the foreign key.
            outdated=lambda now: _unused(person.c.id, now - UNUSED_KEPT),
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
            outdated=lambda now: _unused(address.c.person_id, now - UNUSED_KEPT),
        ),
    )
}

IMPERSONAL = frozenset({handled.name, setting.name})
"""An event's id is kept as a keyed digest only; settings are the program's own."""

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
        return found
    return value.isoformat() if isinstance(value, datetime) else value


def erase(db: Connection, person_id: int, *, keep_words: bool = False) -> None:
    """Delete a person everywhere; ``keep_words`` leaves what is still to be said, unowned."""
    for each in PERSONAL.values():
        if not (keep_words and each.table is outbox):
            db.execute(delete(each.table).where(each.mine(person_id)))


def sweep(db: Connection, now: datetime) -> int:
    """Delete whatever is older than its period; the number of rows that went."""
    rules = [(each.table, each.outdated(now)) for each in PERSONAL.values()]
    rules.append((handled, handled.c.at < now - HANDLED_KEPT))
    return sum(db.execute(delete(table).where(old)).rowcount for table, old in rules)
