"""Clubs in the tables, and who is in what of them: a person's step writes its row, theirs reads."""

import json
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.conversation.club import (
    Challenge,
    Club,
    Crowd,
    Entered,
    Entry,
    Kind,
    Part,
    Rank,
    Score,
    due_at,
    lane,
)
from bot.conversation.linking import ALPHABET
from bot.events import Address
from bot.store.tables import cheer, club, entry, member, organiser, part, rest, tally

VERSION = 1
"""The version that `Club` is written in. A new field with a default needs no new version."""

RANKED = 10
"""Lines of a ranking that anybody is shown, and their own."""

CODE = 5
"""Letters of a challenge's code: who knows it may join, and that is all that it lets them do."""

IDS = 2**31
"""Every id is below this, and databases refuse to look for others."""

LONG = 0.05
"""Seconds of counting from which on it is not done again for everybody who looks."""
COUNT_KEPT = timedelta(seconds=10)

RUNG = timedelta(seconds=2)
"""A club that is rung looks within this time: so many who join at once are looked at once."""

SHARED = (member, part, entry)
"""What people and clubs share: a row of both."""

_CLUB = TypeAdapter(Club)
_OFF = TypeAdapter(tuple[tuple[date, date], ...])


@dataclass(frozen=True)
class Counted:
    """What came together in a challenge, and the first of its ranking by their ids."""

    score: Score
    first: tuple[tuple[int, Rank], ...] = ()

    def seen_by(self, me: int) -> tuple[Rank, ...]:
        """The ranking, with their own line in it."""
        return tuple(replace(rank, mine=who == me) for who, rank in self.first)


Sums = list[tuple[int, int, int]]
"""Of each person in a challenge: the id, the days and the seconds that count; the first first."""


class Totals:
    """Sums of challenges. What took long is good for some seconds: after a recap many look.

    Who is in, and as what others see them, is read each time.
    """

    def __init__(self) -> None:
        """Nothing is added up yet."""
        self._known: dict[tuple[int, int], tuple[datetime, Sums]] = {}

    def of(self, db: Connection, club_id: int, challenge: Challenge, now: datetime) -> Sums:
        """As they are now, or were a moment ago."""
        key = (club_id, challenge.number)
        at, known = self._known.get(key, (now, None))
        if known is not None and timedelta() <= now - at < COUNT_KEPT:
            return known
        began = time.perf_counter()
        found = _sums(db, club_id, challenge)
        self._known.pop(key, None)
        if time.perf_counter() - began > LONG:
            self._known[key] = (now, found)
        return found


def fresh_code() -> str:
    """Letters that nobody guesses."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE))


# Clubs

_WHICH = select(club)
_AT = _WHICH.where(club.c.platform == bindparam("platform"), club.c.chat_id == bindparam("chat"))
_KNOWN = _WHICH.where(club.c.id == bindparam("club"))
_DUE = (
    _WHICH.where(club.c.wake_at <= bindparam("now"))
    .order_by(club.c.lane, club.c.wake_at, club.c.id)
    .limit(bindparam("most"))
)


def at(db: Connection, place: Address) -> Row[Any] | None:
    """The club that this server or group is."""
    asked = {"platform": place.platform, "chat": place.chat_id}
    return db.execute(_AT, asked).one_or_none()


def known(db: Connection, club_id: int) -> Row[Any] | None:
    """A club by its id, which may come from outside."""
    if not 0 < club_id < IDS:
        return None
    return db.execute(_KNOWN, {"club": club_id}).one_or_none()


def due(db: Connection, now: datetime, most: int) -> Sequence[Row[Any]]:
    """The clubs that time must be looked at for, those where many rest first."""
    return db.execute(_DUE, {"now": now, "most": most}).all()


def next_wake(db: Connection) -> datetime | None:
    """When the next club is due."""
    return db.execute(select(func.min(club.c.wake_at))).scalar()


def read(row: Row[Any]) -> Club:
    """The club of a row."""
    found = _CLUB.validate_json(row.state)
    return found if found.id == row.id else replace(found, id=row.id)


def readable(state: str) -> Club | None:
    """The club of a row; None of one that fails at its own steps: nobody else shall suffer it."""
    try:
        return _CLUB.validate_json(state)
    except ValueError:
        return None


def add(db: Connection, new: Club, now: datetime) -> None:
    """A club that was a stranger until now."""
    db.execute(insert(club).values(id=new.id, reachable=True, **as_row(new, now, now)))


def save(db: Connection, one: Club, now: datetime, earliest: datetime) -> datetime | None:
    """Write a club back; when it is to be woken next, not before ``earliest``."""
    row = as_row(one, now, earliest)
    db.execute(update(club).where(club.c.id == one.id).values(row))
    moment: datetime | None = row["wake_at"]
    return moment


def as_row(one: Club, now: datetime, earliest: datetime) -> dict[str, Any]:
    """The columns that change with a step."""
    wake_at = due_at(one)
    return {
        "platform": one.place.platform,
        "chat_id": one.place.chat_id,
        "wake_at": max(wake_at, earliest) if wake_at else None,
        "lane": int(lane(one)),
        "at": now,
        "failures": 0,
        "version": VERSION,
        "state": _CLUB.dump_json(one).decode(),
    }


def put_off(db: Connection, club_id: int, until: datetime, failures: int) -> None:
    """Look at a club again only then, since looking failed so many times."""
    db.execute(update(club).where(club.c.id == club_id).values(wake_at=until, failures=failures))


def ring(db: Connection, club_ids: Iterable[int], now: datetime) -> datetime | None:
    """Something has changed for these: they look soon, or sooner if they would anyway."""
    ids, soon = sorted(set(club_ids)), now + RUNG
    if not ids:
        return None
    later = or_(club.c.wake_at.is_(None), club.c.wake_at > soon)
    rung = update(club).where(club.c.id.in_(ids), club.c.failures == 0, later)
    db.execute(rung.values(wake_at=soon))
    return soon


def erase(db: Connection, club_id: int) -> None:
    """What belongs to that club, and nothing else."""
    for table in (organiser, *SHARED, tally, cheer):
        db.execute(delete(table).where(table.c.club_id == club_id))
    db.execute(delete(club).where(club.c.id == club_id))


def gives_way(db: Connection, moved: Club) -> None:
    """A club is where another seems to be: that one is the same, heard of sooner."""
    same = at(db, moved.place)
    if same is not None and same.id != moved.id:
        other = member.alias()
        both = exists().where(other.c.club_id == moved.id, other.c.person_id == member.c.person_id)
        mine = member.c.club_id == same.id
        db.execute(update(member).where(mine, ~both).values(club_id=moved.id))
        erase(db, same.id)


# Who manages one

_MANAGES = select(organiser).where(
    organiser.c.platform == bindparam("platform"),
    organiser.c.chat_id == bindparam("chat"),
    organiser.c.until > bindparam("now"),
)


def managed(db: Connection, place: Address, now: datetime) -> Row[Any] | None:
    """The club that somebody manages just now, and what it has asked them."""
    asked = {"platform": place.platform, "chat": place.chat_id, "now": now}
    return db.execute(_MANAGES, asked).one_or_none()


def manages(db: Connection, place: Address, club_id: int, asking: str, until: datetime) -> None:
    """A platform has just said so, or they have just done something of it."""
    mine = (organiser.c.platform == place.platform) & (organiser.c.chat_id == place.chat_id)
    db.execute(delete(organiser).where(mine))
    db.execute(
        insert(organiser).values(
            platform=place.platform,
            chat_id=place.chat_id,
            club_id=club_id,
            asking=asking,
            until=until,
        )
    )


# Rests of many

_CROWD = (
    select(part.c.phase, func.count(), func.sum(part.c.seconds))
    .where(part.c.club_id == bindparam("club"), part.c.number == bindparam("number"))
    .group_by(part.c.phase)
)


def crowd(db: Connection, club_id: int, number: int) -> Crowd:
    """Who takes part in it, in numbers."""
    rows = db.execute(_CROWD, {"club": club_id, "number": number}).all()
    people = {state: (how_many, int(seconds or 0)) for state, how_many, seconds in rows}
    count = {state: how_many for state, (how_many, _) in people.items()}
    waiting = count.get("in", 0) + count.get("resting", 0)
    inside = waiting + count.get("done", 0)
    return Crowd(inside, count.get("resting", 0), waiting, people.get("done", (0, 0))[1])


def seat(db: Connection, club_id: int, number: int) -> int:
    """How many have ever joined it: the place of the next one."""
    mine = (part.c.club_id == club_id) & (part.c.number == number)
    found: int = db.execute(select(func.count()).select_from(part).where(mine)).scalar_one()
    return found


def keep_parts(db: Connection, person_id: int, parts: Iterable[Part]) -> None:
    """What has become of somebody's place; one of a rest of many that is over is no more."""
    for each in parts:
        mine = (
            (part.c.club_id == each.club)
            & (part.c.number == each.number)
            & (part.c.person_id == person_id)
        )
        values = {"phase": each.state, "seconds": each.seconds}
        if db.execute(update(part).where(mine).values(values)).rowcount:
            continue
        if db.execute(select(club.c.id).where(club.c.id == each.club)).first():
            key = {"club_id": each.club, "number": each.number, "person_id": person_id}
            db.execute(insert(part).values(key | values))


def over(db: Connection, club_id: int, number: int) -> None:
    """A rest of many is told of: who was in it is nobody's business."""
    db.execute(delete(part).where(part.c.club_id == club_id, part.c.number == number))


def inside(db: Connection, club_id: int, number: int, after: int, most: int) -> list[int]:
    """Who is in a rest of many and does not rest yet, in pieces."""
    which = (part.c.club_id == club_id) & (part.c.number == number) & (part.c.phase == "in")
    rows = select(part.c.person_id).where(which, part.c.person_id > after)
    return list(db.execute(rows.order_by(part.c.person_id).limit(most)).scalars())


# Who wants to be asked after a club's runs


def members(db: Connection, club_id: int, after: int, most: int) -> list[int]:
    """They, in pieces."""
    rows = select(member.c.person_id).where(member.c.club_id == club_id, member.c.person_id > after)
    return list(db.execute(rows.order_by(member.c.person_id).limit(most)).scalars())


def keep_member(db: Connection, club_id: int, person_id: int, *, wants: bool) -> None:
    """Whether they do from now on."""
    mine = (member.c.club_id == club_id) & (member.c.person_id == person_id)
    db.execute(delete(member).where(mine))
    if wants:
        db.execute(insert(member).values(club_id=club_id, person_id=person_id))


# Challenges


def keep_entries(db: Connection, person_id: int, entries: Iterable[Entry]) -> None:
    """What has become of somebody's entries."""
    for each in entries:
        mine = (
            (entry.c.club_id == each.club)
            & (entry.c.number == each.number)
            & (entry.c.person_id == person_id)
            & (entry.c.joined == each.joined)
        )
        values = {
            "left": each.left,
            "name": each.name,
            "hidden": each.hidden,
            "off": _OFF.dump_json(each.off).decode(),
        }
        if not db.execute(update(entry).where(mine).values(values)).rowcount:
            key = {"club_id": each.club, "number": each.number, "person_id": person_id}
            db.execute(insert(entry).values(key | values | {"joined": each.joined}))


def _entry_of(row: Row[Any]) -> Entry:
    off = _OFF.validate_python(json.loads(row.off), strict=False)
    return Entry(row.club_id, row.number, row.joined, row.left, row.name, row.hidden, off)


def entered(
    db: Connection, person_id: int, now: datetime, today: date, totals: Totals
) -> tuple[Entered, ...]:
    """The challenges that somebody is in, or was, while they run; ``today`` is their own."""
    mine = (
        select(entry, club.c.state, club.c.id)
        .join_from(entry, club, club.c.id == entry.c.club_id)
        .where(entry.c.person_id == person_id)
        .order_by(entry.c.club_id, entry.c.number, entry.c.joined)
    )
    found = []
    clubs: dict[int, Club | None] = {}
    for row in db.execute(mine):
        one = clubs.setdefault(row.club_id, readable(row.state))
        challenge = one.challenge(row.number) if one else None
        if one is not None and challenge is not None and challenge.result is None:
            found.append((_entry_of(row), challenge, one))
    return tuple(
        _entered(
            db,
            person_id,
            mine,
            challenge,
            today,
            counted(db, one.id, challenge, totals.of(db, one.id, challenge, now)),
        )
        for mine, challenge, one in found
    )


def _entered(  # noqa: PLR0913, PLR0917 - one row, and what it is read with
    db: Connection,
    person_id: int,
    mine: Entry,
    challenge: Challenge,
    today: date,
    every: Counted,
) -> Entered:
    club_id = mine.club
    alone = _of_one(db, club_id, challenge, person_id)
    week = 0
    if challenge.kind is Kind.WEEKLY:
        first = challenge.starts + timedelta(days=7 * (challenge.week(today) - 1))
        week = _of_one(db, club_id, challenge, person_id, since=first).days
    return Entered(mine, challenge, alone, week, every.score, every.seen_by(person_id))


def _best(club_id: int, challenge: Challenge, since: date | None = None) -> Select[Any]:
    """The seconds that count of each day of each person: of several rests the longest."""
    within = and_(
        rest.c.day >= (since or challenge.starts),
        rest.c.day <= challenge.ends,
        rest.c.day >= entry.c.joined,
        or_(entry.c.left.is_(None), rest.c.day < entry.c.left),
        rest.c.counted > 0,
    )
    if not challenge.logged:
        within = and_(within, rest.c.logged.is_(False))
    return (
        select(entry.c.person_id, rest.c.day, func.max(rest.c.counted).label("counted"))
        .join_from(entry, rest, and_(rest.c.person_id == entry.c.person_id, within))
        .where(entry.c.club_id == club_id, entry.c.number == challenge.number)
        .group_by(entry.c.person_id, rest.c.day)
    )


def _of_one(
    db: Connection, club_id: int, challenge: Challenge, person_id: int, since: date | None = None
) -> Score:
    best = _best(club_id, challenge, since).where(entry.c.person_id == person_id).subquery()
    days, seconds = db.execute(select(func.count(), func.sum(best.c.counted))).one()
    return Score(1, days, int(seconds or 0))


def counted(
    db: Connection, club_id: int, challenge: Challenge, sums: Sums | None = None
) -> Counted:
    """What came together in a challenge, with those who were forgotten; and its ranking.

    ``sums`` may be those of a moment ago.
    """
    rows = _sums(db, club_id, challenge) if sums is None else sums
    nobodys = (tally.c.club_id == club_id) & (tally.c.number == challenge.number)
    more, longer = db.execute(select(func.count(), func.sum(tally.c.seconds)).where(nobodys)).one()
    total = Score(
        _runners(db, club_id, challenge.number),
        sum(days for _, days, _ in rows) + more,
        sum(seconds for _, _, seconds in rows) + int(longer or 0),
    )
    first = _ranking(db, club_id, challenge.number, rows) if challenge.ranking else ()
    return Counted(total, first)


def _sums(db: Connection, club_id: int, challenge: Challenge) -> Sums:
    best = _best(club_id, challenge).subquery()
    days, seconds = func.count().label("days"), func.sum(best.c.counted).label("seconds")
    each = select(best.c.person_id, days, seconds).group_by(best.c.person_id)
    # Sorted and added up here: a thousand rows cost less than a plan that a server gets wrong.
    found = [(row.person_id, row.days, int(row.seconds)) for row in db.execute(each)]
    return sorted(found, key=lambda row: (-row[1], -row[2], row[0]))


def _runners(db: Connection, club_id: int, number: int) -> int:
    mine = (entry.c.club_id == club_id) & (entry.c.number == number) & entry.c.left.is_(None)
    who = select(func.count(entry.c.person_id.distinct())).where(mine)
    found: int = db.execute(who).scalar_one()
    return found


def _ranking(db: Connection, club_id: int, number: int, rows: Sums) -> tuple[tuple[int, Rank], ...]:
    """The first of them; who is hidden, or has left, is in nobody's."""
    seen = select(entry.c.person_id, entry.c.name).where(
        entry.c.club_id == club_id,
        entry.c.number == number,
        entry.c.left.is_(None),
        entry.c.hidden.is_(False),
    )
    names = {row.person_id: row.name for row in db.execute(seen)}
    shown = [row for row in rows if row[0] in names][:RANKED]
    return tuple((who, Rank(names[who], days, seconds)) for who, days, seconds in shown)


def frozen(db: Connection, club_id: int, number: int) -> None:
    """A challenge has its result: who was in it is nobody's business any more."""
    for table in (entry, tally):
        db.execute(delete(table).where(table.c.club_id == club_id, table.c.number == number))


def leave(db: Connection, person_id: int) -> set[int]:
    """Somebody is to be forgotten: what they gave to a challenge stays in it, and is nobody's.

    The clubs that this concerns.
    """
    concerned = set(
        db.execute(select(part.c.club_id).where(part.c.person_id == person_id)).scalars()
    )
    mine = select(entry.c.club_id, entry.c.number).where(entry.c.person_id == person_id).distinct()
    for club_id, number in db.execute(mine).all():
        row = known(db, club_id)
        one = readable(row.state) if row is not None else None
        challenge = one.challenge(number) if one is not None else None
        if challenge is not None and challenge.result is None:
            best = _best(club_id, challenge).where(entry.c.person_id == person_id)
            days = [
                {"club_id": club_id, "number": number, "day": day, "seconds": seconds}
                for _, day, seconds in db.execute(best)
            ]
            if days:
                db.execute(insert(tally), days)
    db.execute(delete(entry).where(entry.c.person_id == person_id))
    return concerned


# Cheers


def cheers(db: Connection, club_id: int, recap: int, who: Sequence[str]) -> bool:
    """Whether this is their first under that recap, from whichever of their chats."""
    db.execute(delete(cheer).where(cheer.c.club_id == club_id, cheer.c.recap < recap))
    same = (cheer.c.club_id == club_id) & (cheer.c.recap == recap) & cheer.c.who.in_(who)
    if db.execute(select(cheer.c.who).where(same)).first():
        return False
    db.execute(insert(cheer).values(club_id=club_id, recap=recap, who=who[0]))
    return True


def unasked(db: Connection, place: Address) -> None:
    """They are asked something else now, and the next line answers that."""
    mine = (organiser.c.platform == place.platform) & (organiser.c.chat_id == place.chat_id)
    db.execute(update(organiser).where(mine, organiser.c.asking != "").values(asking=""))


def joined(db: Connection, vanished: int, stays: int) -> None:
    """Two people are one: where both are in the same, one row stays, and no day is lost."""
    _fold(db, vanished, stays)
    _let_go(db, vanished, stays)
    for table in (member, part):
        keys = [column for column in table.primary_key if column.name != "person_id"]
        other = table.alias()
        same = and_(other.c.person_id == stays, *(other.c[key.name] == key for key in keys))
        twice = (table.c.person_id == vanished) & exists().where(same)
        db.execute(delete(table).where(twice))


def _let_go(db: Connection, vanished: int, stays: int) -> None:
    """Who vanishes joins no rest of many any more (`merging.merged`); one that they had counts."""
    mine = part.c.person_id == vanished
    waits = mine & part.c.phase.in_(("in", "resting"))
    db.execute(update(part).where(waits).values(phase="out"))
    other = part.alias()
    same = (other.c.club_id == part.c.club_id) & (other.c.number == part.c.number)
    rested = exists().where(other.c.person_id == vanished, other.c.phase == "done", same)
    left = (part.c.person_id == stays) & (part.c.phase == "out")
    db.execute(delete(part).where(left, rested))


def _fold(db: Connection, vanished: int, stays: int) -> None:
    """The entries of both, as those of one: in while either was, hidden where either wished it."""
    both = entry.c.person_id.in_((vanished, stays))
    rows = db.execute(select(entry).where(both).order_by(entry.c.joined)).all()
    db.execute(delete(entry).where(both))
    every: dict[tuple[int, int], list[Row[Any]]] = {}
    for row in rows:
        every.setdefault((row.club_id, row.number), []).append(row)
    for mine in every.values():
        own = next((row.name for row in mine if row.person_id == stays and row.name), "")
        name = own or next((row.name for row in mine if row.name), "")
        alike = [
            replace(
                _entry_of(row),
                name=name,
                hidden=any(other.hidden for other in mine),
                off=tuple(sorted({each for other in mine for each in _entry_of(other).off})),
            )
            for row in mine
        ]
        keep_entries(db, stays, _united(alike))


def _united(entries: Sequence[Entry]) -> list[Entry]:
    """Spans in the order in which they begin, those that meet as one."""
    found: list[Entry] = []
    for each in entries:
        last = found[-1] if found else None
        if last is None or (last.left is not None and last.left < each.joined):
            found.append(each)
        elif last.left is not None:
            left = None if each.left is None else max(last.left, each.left)
            found[-1] = replace(last, left=left)
    return found
