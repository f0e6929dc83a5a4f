"""The raw floor: the statements of a wave by the bare driver, with all values computed before.

For each batch of 250, in one commit: delete the words said meanwhile, look who is due in the
three lanes with the address of each, write the people back, insert their words, and ask who is
due next. For an interaction: the answer before is deleted, the event noted, its person read and
written, an answer inserted; a commit each. The tables, indexes, pragmas, states and payloads are
those of our store.
"""

import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
from pydantic import TypeAdapter

from bench.databases import file_of, is_postgres
from bench.measure import Server, child
from bench.people import PLATFORM, TONIGHT, reminders
from bot.events import Lane, Message
from bot.store.file import PRAGMAS
from bot.store.people import LANES, VERSION
from bot.store.tables import micros
from bot.store.turns import WAVE

DUE = """
    SELECT person.id, person.home, person.lane, person.wake_at, person.at, person.failures,
        person.version, person.state, address.id, address.platform, address.chat_id,
        address.thread, address.author, address.reachable, address.last_used
    FROM person JOIN address ON address.id = person.home
    WHERE person.platform = %s AND person.lane = %s AND person.wake_at <= %s
    ORDER BY person.wake_at, person.id LIMIT %s
"""
SAVE = """
    UPDATE person SET wake_at = %s, lane = %s, home = %s, platform = %s, at = %s, failures = %s,
        version = %s, state = %s
    WHERE id = %s
"""
PUT = """
    INSERT INTO outbox (id, person_id, platform, chat_id, thread, lane, slot, at, until, payload,
        cause)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
DROP = "DELETE FROM outbox WHERE id = %s"
NEXT = "SELECT min(at) FROM ({}) AS each".format(
    " UNION ALL ".join(
        "SELECT min(wake_at) AS at FROM person WHERE platform = %s AND lane = %s" for _ in LANES
    )
)
QUEUES = [value for lane in LANES for value in (PLATFORM, int(lane))]


class Database(Protocol):
    """What both drivers can, each in its own way."""

    def begin(self) -> None: ...
    def all(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]: ...
    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None: ...
    def commit(self) -> None: ...


class Sqlite:
    """sqlite3."""

    def __init__(self, url: str) -> None:
        self._db = sqlite3.connect(file_of(url), isolation_level=None)
        for pragma in PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")

    def begin(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def all(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._db.execute(statement.replace("%s", "?"), values).fetchall()

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self._db.executemany(statement.replace("%s", "?"), rows)

    def commit(self) -> None:
        self._db.execute("COMMIT")


class Postgres:
    """psycopg, whose `executemany` sends all rows before it waits for answers."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url)
        self._cursor = self._db.cursor()

    def begin(self) -> None:
        """With the first statement."""

    def all(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._cursor.execute(statement, values).fetchall()

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        if len(rows) == 1:
            self._cursor.execute(statement, rows[0])
        else:
            self._cursor.executemany(statement, rows)

    def commit(self) -> None:
        self._db.commit()


def written(message: Message) -> str:
    """A message as the outbox has it."""
    return TypeAdapter(Message).dump_json(message, exclude={"to"}).decode()


def claim(url: str, k: int) -> dict[str, Any]:
    """``k`` reminders, batch after batch."""
    db = Postgres(url) if is_postgres(url) else Sqlite(url)
    now, lane = micros(TONIGHT), int(Lane.REMINDER)
    after = [(row["wake_at"], row["state"], written(message)) for row, message in reminders()]
    until = now + 3_600_000_000
    server = Server(url)
    began, cpu = time.perf_counter(), time.process_time()
    said: list[tuple[int]] = []
    served = batches = 0
    while True:
        db.begin()
        if said:
            db.many(DROP, said)
        for each in LANES:
            due = db.all(DUE, (PLATFORM, int(each), now, WAVE))
        if due:
            people, words = [], []
            for row in due:
                who, home, place = row[0], row[1], row[9:12]
                wake_at, state, payload = after[who % len(after)]
                served += 1
                people.append((wake_at, lane, home, place[0], now, 0, VERSION, state, who))
                words.append((served, who, *place, lane, "", now, until, payload, "wake-1a2b3c4d"))
            db.many(SAVE, people)
            db.many(PUT, words)
        db.all(NEXT, QUEUES)
        db.commit()
        batches += 1
        if not said and not due:
            break
        said = [(row[0],) for row in words] if due else []
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    return {
        "cpu_us": cpu / k * 1e6,
        "server_us": server.seconds / k * 1e6,
        "wall_us": wall / k * 1e6,
        "commits": batches / k,
        "lost": k - served,
    }


# Interactions

SEEN = "SELECT event FROM handled WHERE event = %s"
HANDLE = "INSERT INTO handled (event, at) VALUES (%s, %s)"
THERE = """
    SELECT person.id, person.home, person.lane, person.wake_at, person.at, person.failures,
        person.version, person.state, address.id, address.platform, address.chat_id,
        address.thread, address.author, address.reachable, address.last_used
    FROM address JOIN person ON person.id = address.person_id
    WHERE address.platform = %s AND address.chat_id = %s AND address.thread = %s
"""


def interact(url: str, n: int, count: int) -> dict[str, Any]:
    """``count`` interactions, one after another: the answer before is deleted with the next."""
    db = Postgres(url) if is_postgres(url) else Sqlite(url)
    now, lane = micros(TONIGHT), int(Lane.REPLY)
    row, message = reminders()[0]
    wake_at, state, answer = row["wake_at"], row["state"], written(message)
    server = Server(url)
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(1, count + 1):
        event = f"{number:032x}"
        db.begin()
        db.many(DROP, [(number - 1,)])
        db.all(SEEN, (event,))
        db.many(HANDLE, [(event, now)])
        who, home, *_ = db.all(THERE, (PLATFORM, str(number % n + 1), ""))[0]
        db.many(SAVE, [(wake_at, lane, home, PLATFORM, now, 0, VERSION, state, who)])
        place = (PLATFORM, str(who), "")
        db.many(PUT, [(number, who, *place, lane, "", now, None, answer, event[:12])])
        db.commit()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    return {
        "cpu_us": cpu / count * 1e6,
        "server_us": server.seconds / count * 1e6,
        "per_second": count / wall,
    }


if __name__ == "__main__":
    child(claim=claim, interact=interact)
