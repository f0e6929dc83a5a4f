"""What a challenge costs to count: ours beside counting in Python, and beside the bare driver."""

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import Connection, select

from bench.databases import file_of, is_postgres
from bench.measure import child
from bot.conversation.club import Challenge, Club, Entry, Kind
from bot.conversation.person import Person, Rest
from bot.conversation.scores import score, total
from bot.events import Address
from bot.practice.clearance import Variation
from bot.store import Store, clubs, people
from bot.store.tables import entry, rest

FIRST = date(2026, 11, 2)
AT = datetime(2026, 12, 1, tzinfo=UTC)
ROUNDS = 7
CHUNK = 100
"""Entrants a commit: a server ends statements that take long."""
MOST = 1000
"""Entrants: more rests are more of each."""
BARE = """
SELECT sum(c), count(*) FROM (
  SELECT max(r.counted) AS c FROM entry e JOIN rest r ON r.person_id = e.person_id
  WHERE e.club_id = 1 AND e.number = 1 AND r.day BETWEEN {first} AND {last}
    AND r.day >= e.joined AND (e."left" IS NULL OR r.day < e."left") AND r.counted > 0
  GROUP BY e.person_id, r.day) best
"""


def counting(url: str, rests: int) -> dict[str, Any]:
    """A club with so many rests: how long a recap, and one's own view of the ranking, take."""
    entrants = min(MOST, max(10, rests // 10))
    days = max(1, rests // entrants)
    store = Store(url)
    store.open()
    ends = FIRST + timedelta(days=days - 1)
    challenge = Challenge(1, Kind.TEAM, FIRST, ends, 1000, "bcdfg", ranking=True)
    totals = clubs.Totals()
    try:
        _fill(store, challenge, entrants, days)
        with store.reading() as db:
            return {
                "entrants": entrants,
                "ours_ms": _timed(lambda: clubs.counted(db, 1, challenge)),
                "mine_ms": _timed(lambda: clubs.entered(db, 50, AT, ends, totals)),
                "python_ms": _timed(lambda: _in_python(db, challenge)),
                "bare_ms": _bare(url, challenge),
            }
    finally:
        store.close()


def _fill(store: Store, challenge: Challenge, entrants: int, days: int) -> None:
    one = Club(1, Address("bench", "club"), posts=True, challenges=(challenge,))
    for begin in range(1, entrants + 1, CHUNK):
        with store.transaction() as db:
            if begin == 1:
                clubs.add(db, one, AT)
            _enter(db, range(begin, min(begin + CHUNK, entrants + 1)), days)


def _enter(db: Connection, ids: range, days: int) -> None:
    rows = [
        {**people.as_row(Person(who), AT, AT), "id": who, "home": None, "platform": "bench"}
        for who in ids
    ]
    people.add(db, rows, [])
    for who in ids:
        clubs.keep_entries(db, who, [Entry(1, 1, FIRST)])
        people.keep_rests(db, [(who, _rest(nth)) for nth in range(days)])


def _rest(nth: int) -> Rest:
    day = FIRST + timedelta(days=nth)
    return Rest(nth, AT, 300, Variation.REST_SEAT, day=day, counted=300)


def _timed(count: Callable[[], object]) -> float:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        count()
        took.append(time.perf_counter() - began)
    return 1000 * median(took)


def _in_python(db: Connection, challenge: Challenge) -> object:
    """As it is counted where all rows are read."""
    by_person: dict[int, list[tuple[date, int, bool]]] = {}
    rows = db.execute(
        select(rest.c.person_id, rest.c.day, rest.c.counted, rest.c.logged).join_from(
            rest, entry, entry.c.person_id == rest.c.person_id
        )
    )
    for who, on, seconds, logged in rows:
        by_person.setdefault(who, []).append((on, seconds, logged))
    mine = (Entry(1, 1, FIRST),)
    return total(score(rests, mine, challenge) for rests in by_person.values())


def _bare(url: str, challenge: Challenge) -> float:
    first, last = challenge.starts.toordinal(), challenge.ends.toordinal()
    statement = BARE.format(first=first, last=last)
    if is_postgres(url):
        with psycopg.connect(url) as server:
            return _timed(lambda: server.execute(statement.encode()).fetchall())
    file = sqlite3.connect(f"file:{file_of(url)}?mode=ro", uri=True)
    try:
        return _timed(lambda: file.execute(statement).fetchall())
    finally:
        file.close()


if __name__ == "__main__":
    child(counting=counting)
