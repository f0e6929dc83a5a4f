"""APScheduler with SQLAlchemyJobStore: one cron job a person, pickled in the database.

On SQLite in WAL mode, which suits it better than the default. The jobs are put into its table
in one go, since `add_job` commits each of them (1 to 4 ms): that is not what is measured here.
"""

import asyncio
import logging
import pickle
import time
from datetime import UTC, datetime
from typing import Any

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.util import datetime_to_utc_timestamp

from bench.crowd import crowd, words, zone_of
from bench.databases import driven_by, prepare
from bench.measure import Commits, Sink, burst, child, memory, soon

sink: Sink


async def remind(chat_id: int, hour: int, minute: int, due: float) -> None:
    """The job of every person."""
    await sink.send(chat_id, words(hour, minute), due)


async def wave(url: str, n: int, k: int, *, grace: bool) -> dict[str, Any]:
    """``k`` of ``n`` reminders due in one second."""
    global sink  # a pickled job finds its function by name, and that its platform
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    sink, commits = Sink(k), Commits()
    prepare(url)
    due = soon(2 + n * 0.4e-3)
    fill(url, n, k, due, grace=grace)

    before, began = memory(), time.perf_counter()
    store = SQLAlchemyJobStore(driven_by(url, "psycopg"))
    scheduler = AsyncIOScheduler(
        jobstores={"default": store}, executors={"default": AsyncIOExecutor()}, timezone=UTC
    )
    scheduler.start()
    await asyncio.sleep(0)
    cold = time.perf_counter() - began
    measured = await burst(sink, due, server=url, commits=commits)
    return {**measured, "start_ms": cold * 1e3, "grown_mb": memory() - before}


def fill(url: str, n: int, k: int, due: float, *, grace: bool) -> None:
    """The jobs as `add_job` would write them."""
    store = SQLAlchemyJobStore(driven_by(url, "psycopg"))
    store.start(None, "default")
    now = datetime.now(UTC)
    scheduler = AsyncIOScheduler(timezone=UTC)
    rows = []
    for who in crowd(n, k, due):
        zone = zone_of(who.zone)
        trigger = CronTrigger(hour=who.hour, minute=who.minute, second=who.second, timezone=zone)
        job = Job(
            scheduler,
            id=str(who.id),
            name="remind",
            trigger=trigger,
            executor="default",
            func=remind,
            args=(who.id, who.hour, who.minute, who.due),
            kwargs={},
            misfire_grace_time=3600 if grace else 1,
            coalesce=True,
            max_instances=1,
            next_run_time=trigger.get_next_fire_time(None, now),
        )
        rows.append(
            {
                "id": job.id,
                "next_run_time": datetime_to_utc_timestamp(job.next_run_time),
                "job_state": pickle.dumps(job.__getstate__(), store.pickle_protocol),
            }
        )
    with store.engine.begin() as db:
        db.execute(store.jobs_t.insert(), rows)
    store.engine.dispose()


if __name__ == "__main__":
    child(wave=wave)
