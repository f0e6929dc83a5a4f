"""A poll each second with SQLAlchemy's AsyncSession: the due rows, each sent, advanced, committed.

It commits each reminder, so that a crash repeats one and not all.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Float, insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.crowd import crowd, next_evening, words
from bench.databases import driven_by, prepare
from bench.measure import Commits, Sink, burst, child, memory, soon


class Base(DeclarativeBase):
    """The tables."""


class Reminder(Base):
    """Somebody's evening."""

    __tablename__ = "reminder"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    zone: Mapped[str]
    hour: Mapped[int]
    minute: Mapped[int]
    second: Mapped[int]
    due: Mapped[float] = mapped_column(Float(53), index=True)


async def poll(sessions: async_sessionmaker[AsyncSession], sink: Sink) -> None:
    """Forever."""
    while True:
        now = datetime.now(UTC)
        async with sessions() as session:
            due = select(Reminder).where(Reminder.due <= now.timestamp()).order_by(Reminder.due)
            for who in (await session.scalars(due)).all():
                await sink.send(who.id, words(who.hour, who.minute), who.due)
                at = next_evening(now, who.hour, who.minute, who.second, who.zone)
                who.due = at.timestamp()
                await session.commit()
        await asyncio.sleep(1)


async def wave(url: str, n: int, k: int) -> dict[str, Any]:
    """``k`` of ``n`` reminders due in one second."""
    prepare(url)
    driven = driven_by(url, "asyncpg").replace("sqlite:", "sqlite+aiosqlite:")
    engine = create_async_engine(driven)
    due = soon(2 + n * 0.1e-3)
    async with engine.begin() as db:
        await db.run_sync(Base.metadata.create_all)
        rows = [
            {name: getattr(who, name) for name in ("id", "zone", "hour", "minute", "second", "due")}
            for who in crowd(n, k, due)
        ]
        await db.execute(insert(Reminder), rows)
        await db.exec_driver_sql("ANALYZE")
    del rows
    before, commits = memory(), Commits()
    sink = Sink(k)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    polling = asyncio.create_task(poll(sessions, sink))
    measured = await burst(sink, due, server=url, commits=commits)
    polling.cancel()
    return {**measured, "grown_mb": memory() - before}


if __name__ == "__main__":
    child(wave=wave)
