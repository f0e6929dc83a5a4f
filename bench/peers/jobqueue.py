"""python-telegram-bot's JobQueue: one `run_daily` a person, all in memory.

Its users schedule everything anew at each start. ``grace`` raises APScheduler's misfire grace of
one second, which is what a user does who has read about it.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime
from datetime import time as wall_time
from typing import Any

from telegram.ext import Application, ContextTypes

from bench.crowd import Sleeper, crowd, words, zone_of
from bench.measure import Gauge, Sink, burst, child, lateness, memory, soon


async def wave(n: int, k: int, *, grace: bool) -> dict[str, Any]:
    """``k`` of ``n`` reminders due in one second."""
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    sink = Sink(k)

    async def remind(context: ContextTypes.DEFAULT_TYPE) -> None:
        who: Sleeper = context.job.data
        await sink.send(context.job.chat_id, words(who.hour, who.minute), who.due)

    before, began = memory(), time.perf_counter()
    bot = Application.builder().token("1:bench").build()
    due = soon(2 + n * 0.7e-3)
    options = {"misfire_grace_time": 3600} if grace else {}
    for who in crowd(n, k, due):
        at = wall_time(who.hour, who.minute, who.second, tzinfo=zone_of(who.zone))
        bot.job_queue.run_daily(remind, at, chat_id=who.id, data=who, job_kwargs=options)
    await bot.job_queue.start()
    cold = time.perf_counter() - began
    return {
        **await burst(sink, due),
        "start_ms": cold * 1e3,
        "grown_mb": memory() - before,
    }


async def holds(k: int, every: float, seconds: float) -> dict[str, Any]:
    """``k`` holds with a cue every so often: one `run_repeating` each."""
    late: list[float] = []

    async def cue(context: ContextTypes.DEFAULT_TYPE) -> None:
        planned = context.job.data
        late.append(time.time() - planned[0])
        planned[0] += every

    bot = Application.builder().token("1:bench").build()
    begin = soon(2 + k * 0.7e-3)
    for number in range(k):
        first = begin + every * number / k
        bot.job_queue.run_repeating(cue, every, datetime.fromtimestamp(first, UTC), data=[first])
    await bot.job_queue.start()
    return await steadily(late, begin, seconds)


async def steadily(late: list[float], begin: float, seconds: float) -> dict[str, Any]:
    """What cues cost from ``begin`` on, for so long."""
    gauge = Gauge(begin)
    await asyncio.sleep(begin + seconds - time.time())
    cpu = gauge.stop()
    return {
        "cpu_us": cpu / max(1, len(late)) * 1e6,
        **lateness(late),
        "stall_ms": gauge.stall * 1e3,
        "cues": len(late),
    }


if __name__ == "__main__":
    child(wave=wave, holds=holds)
