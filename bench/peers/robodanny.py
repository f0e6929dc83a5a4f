"""The reminder cog of the RoboDanny Discord bot: one loop that sleeps until the earliest row.

The row is deleted, its reminder dispatched as a task, and for a daily one the next is inserted:
asyncpg on PostgreSQL, aiosqlite on SQLite.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import aiosqlite
import asyncpg

from bench.crowd import Sleeper, crowd, next_evening, words
from bench.databases import file_of, is_postgres, prepare
from bench.measure import Sink, burst, child, memory, soon

TABLE = (
    "CREATE TABLE reminders (id {id}, expires DOUBLE PRECISION NOT NULL, chat_id BIGINT NOT NULL,"
    " zone TEXT NOT NULL, hour INTEGER NOT NULL, minute INTEGER NOT NULL, second INTEGER NOT NULL)"
)
INDEX = "CREATE INDEX reminders_expires ON reminders (expires)"
COLUMNS = "expires, chat_id, zone, hour, minute, second"
NEXT = f"SELECT id, {COLUMNS} FROM reminders ORDER BY expires LIMIT 1"


class Postgres:
    """A pool; each statement commits by itself."""

    commits = 0

    async def open(self, url: str, people: list[Sleeper]) -> None:
        """Its table, with these people."""
        self.pool = await asyncpg.create_pool(url)
        await self.pool.execute(TABLE.format(id="BIGSERIAL PRIMARY KEY"))
        await self.pool.copy_records_to_table(
            "reminders", records=[row_of(who) for who in people], columns=COLUMNS.split(", ")
        )
        await self.pool.execute(INDEX)
        await self.pool.execute("VACUUM ANALYZE reminders")

    async def next(self) -> tuple[Any, ...] | None:
        """The earliest."""
        return await self.pool.fetchrow(NEXT)

    async def delete(self, row_id: int) -> None:
        """It is dispatched."""
        self.commits += 1
        await self.pool.execute("DELETE FROM reminders WHERE id = $1", row_id)

    async def insert(self, row: tuple[Any, ...]) -> None:
        """The next evening's."""
        self.commits += 1
        await self.pool.execute(
            f"INSERT INTO reminders ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)",
            *row,
        )


class Sqlite:
    """One connection; each statement commits by itself."""

    commits = 0

    async def open(self, url: str, people: list[Sleeper]) -> None:
        """Its table, with these people."""
        prepare(url)
        self.db = await aiosqlite.connect(file_of(url), isolation_level=None)
        await self.db.execute("BEGIN")
        await self.db.execute(TABLE.format(id="INTEGER PRIMARY KEY"))
        await self.db.executemany(
            f"INSERT INTO reminders ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            [row_of(who) for who in people],
        )
        await self.db.execute(INDEX)
        await self.db.commit()

    async def next(self) -> tuple[Any, ...] | None:
        """The earliest."""
        return next(iter(await self.db.execute_fetchall(NEXT)), None)

    async def delete(self, row_id: int) -> None:
        """It is dispatched."""
        self.commits += 1
        await self.db.execute_fetchall("DELETE FROM reminders WHERE id = ?", (row_id,))

    async def insert(self, row: tuple[Any, ...]) -> None:
        """The next evening's."""
        self.commits += 1
        await self.db.execute_fetchall(
            f"INSERT INTO reminders ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )


def row_of(who: Sleeper) -> tuple[Any, ...]:
    """A person as a row."""
    return who.due, who.id, who.zone, who.hour, who.minute, who.second


class Reminders:
    """The cog."""

    def __init__(self, db: Postgres | Sqlite, sink: Sink) -> None:
        self.db, self.sink = db, sink
        self.under_way: set[asyncio.Task[None]] = set()

    async def dispatch(self) -> None:
        """The loop."""
        while row := await self.db.next():
            if (ahead := row[1] - time.time()) > 0:
                await asyncio.sleep(ahead)
            await self.db.delete(row[0])
            task = asyncio.create_task(self.remind(*row))
            self.under_way.add(task)
            task.add_done_callback(self.under_way.discard)

    async def remind(
        self, _id: int, due: float, chat: int, zone: str, hour: int, minute: int, second: int
    ) -> None:
        """Say it, and come back tomorrow."""
        await self.sink.send(chat, words(hour, minute), due)
        at = next_evening(datetime.now(UTC), hour, minute, second, zone)
        await self.db.insert((at.timestamp(), chat, zone, hour, minute, second))

    async def settled(self) -> None:
        """Until all is written down."""
        while self.under_way:
            await asyncio.gather(*self.under_way)


async def wave(url: str, n: int, k: int) -> dict[str, Any]:
    """``k`` of ``n`` reminders due in one second."""
    due = soon(2 + n * 0.05e-3)
    people = list(crowd(n, k, due))
    before = memory()
    db = Postgres() if is_postgres(url) else Sqlite()
    await db.open(url, people)
    reminders = Reminders(db, Sink(k))
    loop = asyncio.create_task(reminders.dispatch())
    measured = await burst(reminders.sink, due, server=url, settled=reminders.settled)
    loop.cancel()
    return {**measured, "commits": db.commits / max(1, k), "grown_mb": memory() - before}


if __name__ == "__main__":
    child(wave=wave)
