"""What linking needs of the tables, and what it does to them: within one turn, for both people."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from bot.conversation import linking
from bot.conversation.buttons import parse
from bot.conversation.person import Link, Linking, Person
from bot.events import Address, Command, Event, Press
from bot.store import people
from bot.store.people import at_place, place_of
from bot.store.privacy import merge
from bot.store.tables import address, link, outbox, person, shown

Names = Callable[[str], str]
"""The name that a code is kept under: a keyed digest."""


def fresh_code() -> str:
    """A code that nobody has had, as far as chance goes."""
    return "".join(secrets.choice(linking.ALPHABET) for _ in range(linking.LENGTH))


def places(db: Connection, person_id: int) -> tuple[Address, ...]:
    """Every chat of a person, the one last used first."""
    mine = select(address).where(address.c.person_id == person_id)
    rows = db.execute(mine.order_by(address.c.last_used.desc(), address.c.id))
    return tuple(place_of(row) for row in rows)


def load(db: Connection, me: int, event: Event, now: datetime, named: Names) -> Linking:
    """What that event of a person needs."""
    db.execute(delete(link).where(link.c.ends <= now))
    here = Linking(places=places(db, me))
    match event:
        case Command(name, argument) if name.casefold() == "link":
            code = fresh_code()
            here = replace(here, code=code, name=named(code))
            if spelled := linking.spelled(argument):
                return _with(db, here, me, _found(db, link.c.code == named(spelled)))
        case Press(data) if (pressed := parse(data)) is not None:
            if pressed.verb == "link":
                mine = or_(_asker.c.person_id == me, _namer.c.person_id == me)
                found = [each for each in _found(db, mine) if each.number == pressed.number]
                return _with(db, here, me, found)
    return here


_asker, _namer = address.alias("asker"), address.alias("namer")
_ASKED = (_asker.c.platform, _asker.c.chat_id, _asker.c.thread)
_NAMED = (_namer.c.platform, _namer.c.chat_id, _namer.c.thread)


def _found(db: Connection, which: Any) -> list[Link]:  # noqa: ANN401 - any condition
    rows = db.execute(
        select(
            *(link.c.code, link.c.agreed, link.c.ends),
            *(_asker.c.person_id, _namer.c.person_id, *_ASKED, *_NAMED),
        )
        .join_from(link, _asker, _asker.c.id == link.c.asker)
        .outerjoin(_namer, _namer.c.id == link.c.namer)
        .where(which)
    )
    return [
        Link(
            code,
            asker,
            Address(*place[:3]),
            ends,
            namer or 0,
            Address(*place[3:]) if namer else None,
            agreed,
        )
        for code, agreed, ends, asker, namer, *place in rows
    ]


def _with(db: Connection, here: Linking, me: int, found: list[Link]) -> Linking:
    """With that link, and whoever is on its other side."""
    if not found:
        return here
    [one] = found
    other = people.known(db, one.asker if one.asker != me else one.namer)
    if other is None:
        return replace(here, link=one)
    someone = replace(people.read(other.version, other.state), id=other.id)
    theirs = places(db, other.id)
    return replace(here, link=one, other=someone, others_places=theirs)


def keep(db: Connection, before: Linking, after: Linking) -> None:
    """Write down what became of a code. Of each chat there is one asked for, and one named."""
    if after.link == before.link:
        return
    if before.link is not None:
        db.execute(delete(link).where(link.c.code == before.link.name))
    if after.link is None:
        return
    asker = _id_of(db, after.link.asked_at)
    namer = _id_of(db, after.link.named_at) if after.link.named_at else None
    db.execute(delete(link).where(link.c.asker == asker))
    if namer is not None:
        db.execute(delete(link).where(link.c.namer == namer))
    db.execute(
        insert(link).values(
            code=after.link.name,
            asker=asker,
            namer=namer,
            agreed=after.link.agreed,
            ends=after.link.ends,
        )
    )


def _id_of(db: Connection, place: Address) -> int:
    found: int = db.execute(select(address.c.id).where(at_place(address, place))).scalar_one()
    return found


def join(db: Connection, linked: Linking, stays: int) -> None:
    """Two people are one: whatever refers to who vanished refers to who stays."""
    merge(db, linked.vanished, stays, linked.shift)
    # Another code of either was for somebody whom they are no more.
    theirs = select(address.c.id).where(address.c.person_id == stays)
    db.execute(delete(link).where(link.c.asker.in_(theirs) | link.c.namer.in_(theirs)))


def overheard(db: Connection, event: Event, named: Names) -> None:
    """A code that was said where others read is good for nobody any more."""
    match event:
        case Command(name, argument) if name.casefold() == "link":
            if spelled := linking.spelled(argument):
                db.execute(delete(link).where(link.c.code == named(spelled)))


def comes_back(db: Connection, row: Row[Any]) -> None:
    """A chat can be reached again: it is home to whom nothing else is."""
    reached = select(address.c.reachable).where(address.c.id == row.home)
    if row.home != row.address_id and not db.execute(reached).scalar():
        there = {"home": row.address_id, "platform": row.platform}
        db.execute(update(person).where(person.c.id == row.id).values(there))


def part(db: Connection, place: Address, left: Person, row: dict[str, Any]) -> None:
    """A chat leaves, with somebody new in it; ``row`` are the columns of that person."""
    here = _id_of(db, place)
    people.add(db, [{**row, "id": left.id, "home": here, "platform": place.platform}], [])
    db.execute(update(address).where(address.c.id == here).values(person_id=left.id))
    for table in (outbox, shown):
        mine = at_place(table, place) & table.c.person_id.is_not(None)
        db.execute(update(table).where(mine).values(person_id=left.id))
    db.execute(delete(link).where((link.c.asker == here) | (link.c.namer == here)))


def home(db: Connection, row: Row[Any], before: Person, after: Person) -> tuple[int, Address]:
    """The chat that reminders go to, after a step in the chat of ``row``.

    A rest is led where it was begun; a platform that is pinned comes before where they last spoke.
    What cannot be reached is nobody's home.
    """
    here = (row.address_id, place_of(row))
    if after.hold is not None:
        led = row.home if before.hold is not None else row.address_id
        return here if led in (None, row.address_id) else _reached(db, row, address.c.id == led)
    if not after.pinned or after.pinned == row.platform:
        return here
    return _reached(db, row, address.c.platform == after.pinned)


def _reached(db: Connection, row: Row[Any], which: Any) -> tuple[int, Address]:  # noqa: ANN401 - any condition
    mine = (address.c.person_id == row.id) & address.c.reachable & which
    found = db.execute(select(address).where(mine)).first()
    return (found.id, place_of(found)) if found else (row.address_id, place_of(row))


def after_parting(db: Connection, person_id: int, gone: Address) -> tuple[int, Address]:
    """The home of who stays, after that chat has left."""
    mine = (address.c.person_id == person_id) & ~at_place(address, gone)
    rows = select(address).where(mine)
    last = rows.order_by(address.c.reachable.desc(), address.c.last_used.desc(), address.c.id)
    found = db.execute(last.limit(1)).one()
    return found.id, place_of(found)


def former(state: dict[str, Any]) -> list[int]:
    """Who somebody was before, too, by a state as it lies there."""
    return [int(who) for who, _ in state.get("formerly") or ()]
