"""One interaction as an async bot with an ORM does it: a session for each update.

Load the user, change the state, note the update as handled, commit, word the answer, send it.
Nothing of the answer is written down, so a crash loses it.
"""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.crowd import words
from bench.databases import driven_by, prepare
from bench.measure import Server, Sink, child

STATE = {"settings": {str(number): "x" * 20 for number in range(60)}, "seen": 0}
"""As large as a person of ours."""


class Base(DeclarativeBase):
    """The tables."""


class User(Base):
    """Who talks to the bot."""

    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    state: Mapped[str]
    last_seen: Mapped[float]


class Handled(Base):
    """Updates that were answered."""

    __tablename__ = "handled_update"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[float]


async def interact(url: str, n: int, count: int, at_once: int) -> dict[str, Any]:
    """``count`` updates of ``n`` people, so many in flight."""
    prepare(url)
    driven = driven_by(url, "asyncpg").replace("sqlite:", "sqlite+aiosqlite:")
    engine = create_async_engine(driven, pool_size=at_once)
    async with engine.begin() as db:
        await db.run_sync(Base.metadata.create_all)
        rows = [{"id": n, "state": json.dumps(STATE), "last_seen": 0.0} for n in range(1, n + 1)]
        await db.execute(insert(User), rows)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    sink = Sink(count)
    updates = iter(range(1, count + count // 5 + 1))

    async def one_after_another(many: int) -> None:
        for _ in range(many):
            await answer(sessions, sink, next(updates), n)

    async def all_of_them(many: int) -> None:
        await asyncio.gather(*(one_after_another(many // at_once) for _ in range(at_once)))

    await all_of_them(count // 5)  # warm
    server = Server(url)
    began, cpu = time.perf_counter(), time.process_time()
    await all_of_them(count)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    return {
        "cpu_us": cpu / count * 1e6,
        "server_us": server.seconds / count * 1e6,
        "per_second": count / wall,
    }


async def answer(
    sessions: async_sessionmaker[AsyncSession], sink: Sink, update: int, people: int
) -> None:
    """One update to its end."""
    now = datetime.now(UTC)
    async with sessions() as session:
        user = await session.get_one(User, update % people + 1)
        state = json.loads(user.state)
        state["seen"] += 1
        user.state, user.last_seen = json.dumps(state), now.timestamp()
        session.add(Handled(id=update, at=now.timestamp()))
        await session.commit()
    await sink.send(user.id, words(now.hour, now.minute), now.timestamp())


if __name__ == "__main__":
    child(interact=interact)
