"""Our own people: states made by the real conversation, put into the tables in one go.

It is the evening of `TONIGHT` by a clock that is offset from real time. Whoever lives where it is
evening then is due at that moment; the others, in America, hours later.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Table

from bench.crowd import zone_of
from bench.databases import file_of, is_postgres
from bot.clock import Clock
from bot.conversation import step
from bot.conversation.person import Person, Phase, Scene, due_at, lane
from bot.events import Address, Message, Wake
from bot.store import Store
from bot.store.people import VERSION, as_row, write
from bot.store.tables import address, micros, person, setting
from tests.dialog import Dialog, cleared, resting

TONIGHT = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
AFTERNOON = "2026-11-22 16:00"
EVENING = "2026-11-22 22:25"
PLATFORM = "bench"

EVENING_NOW = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Kyiv",
    "Africa/Lagos",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Sao_Paulo",
)
EVENING_LATER = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
BEDTIMES_LATER = ("21:30", "22:00", "22:15", "22:30")

EVERY = timedelta(seconds=15)
"""How often a hold has a cue."""


@dataclass(frozen=True, slots=True)
class Kind:
    """People who differ only in their ids."""

    person: Person
    platform: str = PLATFORM

    @property
    def wake_at(self) -> datetime | None:
        """When they are due."""
        return due_at(self.person)


def tonight(to: datetime, offset: timedelta = timedelta()) -> Clock:
    """A clock by which it is `TONIGHT` (and so much) at that real moment."""
    return Clock(TONIGHT + offset - to)


def sleepers(n: int, k: int) -> Iterator[Kind]:
    """``n`` people with a bedtime, ``k`` of them due tonight, evenly among the others."""
    now = [Kind(_sleeper(zone, _wall(zone))) for zone in EVENING_NOW]
    later = [Kind(_sleeper(zone, at)) for zone in EVENING_LATER for at in BEDTIMES_LATER]
    for number in range(n):
        before, after = number * k // n, (number + 1) * k // n
        yield now[before % len(now)] if before != after else later[number % len(later)]


def _wall(zone: str) -> str:
    return f"{TONIGHT.astimezone(zone_of(zone)):%H:%M}"


def _sleeper(zone: str, bedtime: str) -> Person:
    """Somebody who agreed, answered the check and asked for that bedtime, to the minute."""
    dialog = cleared(AFTERNOON)
    _live_in(dialog, zone)
    dialog.type(f"/bedtime {bedtime}").tap("Exactly")
    return dialog.person


def _live_in(dialog: Dialog, zone: str) -> None:
    dialog.zone = zone_of(zone)
    dialog.scene = replace(dialog.scene, person=replace(dialog.person, zone=zone))


def holds(k: int, platform: str = PLATFORM) -> Iterator[Kind]:
    """``k`` people whose legs are up: one cue each, evenly over the next `EVERY`.

    Real holds have a cue each 25 to 90 s. Here the same moment that a tingling foot asks about
    stands for it, since it can be set freely; `bench.legs_up.cue` says it and sets the next.
    """
    up = resting(EVENING).person
    if up.hold is None or up.hold.phase is not Phase.REST:
        raise RuntimeError("the conversation leads no longer into a rest")
    plan = replace(up.hold.plan, minutes=600, limit=600)
    hold = replace(up.hold, plan=plan, lasts=600, said=1000)
    for number in range(k):
        first = TONIGHT + EVERY * number / k
        yield Kind(replace(up, hold=replace(hold, tingling_at=first)), platform)


def reminders() -> list[tuple[dict[str, Any], Message]]:
    """How the real core leaves some of them tonight, as columns, and its words."""
    left = []
    for number, kind in enumerate(sleepers(len(EVENING_NOW), len(EVENING_NOW)), 1):
        scene = Scene(replace(kind.person, id=number), Address(PLATFORM, str(number)))
        scene, (message,) = step(scene, Wake(), TONIGHT)
        left.append((as_row(scene.person, TONIGHT, TONIGHT), message))
    return left


# Into the tables


def load(url: str, crowd: Iterator[Kind]) -> int:
    """Open a new store, and put people in. How many bytes it takes."""
    store = Store(url)
    store.open()
    store.close()
    return (_into_postgres if is_postgres(url) else _into_sqlite)(url, crowd)


def _rows(crowd: Iterator[Kind]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each person and their address, by the names of the columns."""
    at = micros(TONIGHT - timedelta(hours=6))
    known: dict[int, tuple[Kind, dict[str, Any], str]] = {}
    for number, kind in enumerate(crowd, 1):
        if id(kind) not in known:
            state_without_id = write(kind.person).split(",", 1)[1]
            known[id(kind)] = kind, _template(kind, at), state_without_id
        _, template, state = known[id(kind)]
        who = template | {"id": number, "home": number, "state": f'{{"id":{number},{state}'}
        where = {
            "id": number,
            "platform": kind.platform,
            "chat_id": str(number),
            "thread": "",
            "author": str(number),
            "person_id": number,
            "reachable": True,
            "last_used": at,
        }
        yield who, where


def _template(kind: Kind, at: int) -> dict[str, Any]:
    return {
        "wake_at": micros(kind.wake_at) if kind.wake_at else None,
        "lane": int(lane(kind.person)),
        "platform": kind.platform,
        "at": at,
        "failures": 0,
        "version": VERSION,
    }


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _settings(count: int) -> list[tuple[str, str]]:
    # The store hands out the ids.
    return [(f"next_{table}", str(count + 1)) for table in ("person", "address")]


def _into_sqlite(url: str, crowd: Iterator[Kind]) -> int:
    with closing(sqlite3.connect(file_of(url))) as db:
        db.execute("PRAGMA synchronous = OFF")
        count = 0
        for who, where in _rows(crowd):
            for table, row in ((person, who), (address, where)):
                names = _names(table)
                marks = ", ".join(f":{name}" for name in names)
                db.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", row)
            count += 1
        db.executemany(f"REPLACE INTO {setting} (name, value) VALUES (?, ?)", _settings(count))
        db.commit()
        db.execute("ANALYZE")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = db.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        ).fetchone()
        return int(size)


def _into_postgres(url: str, crowd: Iterator[Kind]) -> int:
    count = 0
    places = []
    with psycopg.connect(url) as db, db.cursor() as cursor:
        names = _names(person)
        with cursor.copy(f"COPY {person} ({', '.join(names)}) FROM STDIN") as copy:  # type: ignore[arg-type]
            for who, where in _rows(crowd):
                copy.write_row([who[name] for name in names])
                places.append(tuple(where[name] for name in _names(address)))
                count += 1
        with cursor.copy(f"COPY {address} ({', '.join(_names(address))}) FROM STDIN") as copy:
            for place in places:
                copy.write_row(place)
        cursor.execute("DELETE FROM setting WHERE name IN ('next_person', 'next_address')")
        cursor.executemany("INSERT INTO setting VALUES (%s, %s)", _settings(count))
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("VACUUM ANALYZE")
        db.execute("CHECKPOINT")
        return db.execute("SELECT pg_database_size(current_database())").fetchone()[0]
