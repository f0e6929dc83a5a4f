"""A bedtime in nights in which the clocks change: ours beside APScheduler's CronTrigger.

JobQueue's `run_daily` is a CronTrigger, too. Once an evening is right; where the clock jumps over
the bedtime it comes that much later, where it is shown twice it comes at the first.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from typing import Any

from apscheduler.triggers.cron import CronTrigger

from bench.crowd import zone_of
from bench.measure import child
from bot.conversation import agenda as agendas
from bot.conversation.agenda import Agenda, Bedtime, Wanted

CASES = (
    ("Europe/Berlin", "02:30", "2026-03-27", "jumps over it"),
    ("America/New_York", "02:30", "2026-03-06", "jumps over it"),
    ("Australia/Lord_Howe", "02:15", "2026-10-02", "jumps over it, 30 min"),
    ("America/Santiago", "00:30", "2026-09-04", "jumps at midnight"),
    ("Africa/Cairo", "00:30", "2026-04-22", "jumps at midnight"),
    ("Asia/Beirut", "00:15", "2026-03-27", "jumps at midnight"),
    ("Europe/Berlin", "02:30", "2026-10-23", "shows it twice"),
    ("America/New_York", "01:30", "2026-10-30", "shows it twice"),
    ("Australia/Lord_Howe", "01:45", "2026-04-03", "shows it twice, 30 min"),
    ("America/Santiago", "23:30", "2026-04-02", "shows it twice"),
    ("Asia/Kathmandu", "21:30", "2026-03-27", "stays at +05:45"),
    ("Pacific/Apia", "21:30", "2011-12-27", "leaves out a whole day"),
)
"""A zone, a bedtime, a day before the change, and what the clock does there."""

DAYS = timedelta(days=5)
NO_SEAT = timedelta()


def cases() -> list[dict[str, str]]:
    """What becomes of each."""
    return [
        {
            "zone": zone,
            "bedtime": bedtime,
            "clock": what,
            "cron": verdict(by_cron(zone, bedtime, begin), begin),
            "ours": verdict(by_agenda(zone, bedtime, begin), begin),
        }
        for zone, bedtime, day, what in CASES
        for begin in [datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=zone_of(zone))]
    ]


def by_cron(zone: str, bedtime: str, begin: datetime) -> list[datetime]:
    """When a scheduler fires that asks the trigger for the next time after each."""
    hour, minute = map(int, bedtime.split(":"))
    trigger = CronTrigger(hour=hour, minute=minute, timezone=zone_of(zone))
    fired: list[datetime] = []
    now = begin.astimezone(UTC)
    while (at := trigger.get_next_fire_time(fired[-1] if fired else None, now)) <= begin + DAYS:
        fired.append(at.astimezone(UTC))
        now = fired[-1] + timedelta(seconds=1)
    return fired


def by_agenda(zone: str, bedtime: str, begin: datetime) -> list[datetime]:
    """When our conversation reminds: it is woken at each due moment, as the service does."""
    clock, where = wall_time.fromisoformat(bedtime), zone_of(zone)
    wanted = Wanted(bedtimes=(Bedtime(clock, exact=True),))
    agenda = agendas.from_now(Agenda(wanted), NO_SEAT, where, begin.astimezone(UTC))
    fired: list[datetime] = []
    while (at := agendas.next_due(agenda, NO_SEAT, where)) and at <= begin + DAYS:
        fired.append(at)
        for due in agendas.overdue(agenda, NO_SEAT, where, at):
            agenda = agendas.dealt_with(agenda, due)
    return fired


def verdict(fired: list[datetime], begin: datetime) -> str:
    """Whether there was one each evening."""
    steps = [later - earlier for earlier, later in zip([begin, *fired], fired, strict=False)][1:]
    if any(step < timedelta(hours=12) for step in steps):
        return "TWICE in a night"
    if any(step > timedelta(hours=36) for step in steps):
        return "SKIPS a night"
    return "once"


def cost() -> dict[str, float]:
    """CPU of one next moment, in us."""
    begin = datetime(2026, 11, 22, 12, tzinfo=UTC)
    zones = [zone_of(zone) for zone, *_ in CASES]
    triggers = [CronTrigger(hour=22, minute=30, timezone=zone) for zone in zones]
    wanted = Wanted(bedtimes=(Bedtime(wall_time(22, 30), exact=True),))
    ours = agendas.from_now(Agenda(wanted), NO_SEAT, zones[0], begin)

    def each(call: Callable[[int], object], times: int = 5000) -> float:
        began = time.process_time()
        for number in range(times):
            call(number % len(zones))
        return (time.process_time() - began) / times * 1e6

    return {
        "cron_us": each(lambda n: triggers[n].get_next_fire_time(None, begin)),
        "ours_us": each(lambda n: agendas.next_due(ours, NO_SEAT, zones[n])),
    }


def compare() -> dict[str, Any]:
    """All of it."""
    return {"cases": cases(), **cost()}


if __name__ == "__main__":
    child(compare=compare)
