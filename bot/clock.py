"""What time it is, and the alarm clock that rings when time must be looked at: never the memory."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

SAFETY_SWEEP = timedelta(seconds=60)
"""An alarm that was set wrongly or lost costs a minute, not a night."""

HOUSEKEEPING = timedelta(days=1)
"""Retention periods are counted in days. Its local hour means nothing, so drift is no harm."""

ALARM_RULES = {
    # A busy second or a sleeping laptop makes a job late; the default of 1 s would lose it.
    "misfire_grace_time": None,
    # One ring looks at everything that is due, however many were missed.
    "coalesce": True,
    # A job that is armed again while its last ring still runs would be dropped at the default 1.
    "max_instances": 1000,
    # Arming again moves the one alarm; without this it would raise a conflict.
    "replace_existing": True,
}


class Clock:
    """Real time plus an offset: the terminal's ``>>`` moves the offset, nothing else does."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        """Start at real time, or that much beside it."""
        self.offset = offset

    def now(self) -> datetime:
        """This moment, in UTC."""
        return datetime.now(UTC) + self.offset


class Alarm:
    """Rings at one due moment, and every minute in any case; ``clean`` is called daily."""

    def __init__(self, clock: Clock, ring: Callable[[], None], clean: Callable[[], None]) -> None:
        """Both are called in the event loop and must only ring a bell."""
        self._clock = clock
        self._ring = ring
        self._clean = clean
        # UTC is given so that APScheduler never asks the machine for its zone.
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to ring; needs a running event loop."""
        self._scheduler.start()
        for job, every in ((self._rung, SAFETY_SWEEP), (self._cleaned, HOUSEKEEPING)):
            self._scheduler.add_job(
                job, "interval", seconds=every.total_seconds(), id=job.__name__, **ALARM_RULES
            )

    def set(self, due: datetime | None) -> None:
        """Ring at ``due`` of the clock (at once if it is past), and no longer at any other."""
        if due is None:
            if self._scheduler.get_job("due"):
                self._scheduler.remove_job("due")
            return
        at = datetime.now(UTC) + max(timedelta(), due - self._clock.now())
        self._scheduler.add_job(self._rung, "date", run_date=at, id="due", **ALARM_RULES)

    def stop(self) -> None:
        """Never ring again."""
        self._scheduler.shutdown(wait=False)

    # Coroutines, because APScheduler runs plain functions on threads of its own.
    async def _rung(self) -> None:
        self._ring()

    async def _cleaned(self) -> None:
        self._clean()
