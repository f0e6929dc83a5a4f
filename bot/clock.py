"""What time it is, and the alarm clock that rings when time must be looked at: never the memory."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import logs

SAFETY_SWEEP = timedelta(seconds=60)
"""An alarm that was set wrongly or lost costs a minute, not a night."""

HOUSEKEEPING = timedelta(days=1)
"""Retention periods are counted in days. Its local hour means nothing, so drift is no harm."""

PULSE = 1.0
"""Seconds between two looks at whether the machine's clock was moved, or the machine slept."""

STEP = timedelta(seconds=2)
"""What a clock may differ from steady time before it counts as moved: slewing stays far below."""

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

log = logs.get(__name__)


RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
"""No machine whose clock is right runs this program before that."""


class Clock:
    """Real time plus an offset: the terminal's ``>>`` moves the offset, nothing else does.

    A machine's clock that is set back does not take this one with it: whoever rests would lie
    there longer than they should. It is ``ahead`` from then on, until `follow` lets it go back.
    """

    def __init__(self, offset: timedelta = timedelta()) -> None:
        """Start at real time, or that much beside it."""
        self.offset = offset
        self.ahead = timedelta()
        self._moved = timedelta()
        self._anchor = (self.wall(), self.steady())

    def wall(self) -> datetime:
        """What the machine's clock shows, in UTC."""
        return datetime.now(UTC)

    def steady(self) -> float:
        """Seconds that nobody can set, but that may stand still while the machine sleeps."""
        return time.monotonic()

    def now(self) -> datetime:
        """This moment, in UTC; never earlier than before but for an ``offset`` taken back."""
        wall, steady = self.wall(), self.steady()
        by = wall - self._anchor[0] - timedelta(seconds=steady - self._anchor[1])
        if abs(by) >= STEP:
            # Not anew at each look, or many small steps would lead anywhere.
            self._anchor = (wall, steady)
            # Back: stay where we are. Forward: first take in what we are ahead by.
            self.ahead = max(timedelta(), self.ahead - by)
            self._moved += by
        return wall + self.ahead + self.offset

    async def plausible(self) -> None:
        """Wait for a clock that can be right: small machines start in 1970, or in the past."""
        while self.wall() < RELEASED:  # noqa: ASYNC110 - nobody rings when a clock is set
            await asyncio.sleep(PULSE)
        # Until now it has shown nothing that anybody has seen.
        self.moved()
        self.follow()

    def moved(self) -> timedelta:
        """How far the machine's clock was moved since this was last asked; mostly not at all."""
        self.now()
        by, self._moved = self._moved, timedelta()
        return by

    def follow(self) -> None:
        """Be real time again: nobody rests now."""
        self.ahead = timedelta()

    def elapsed(self) -> float:
        """Seconds for waiting times: they pass whatever is done to the machine's clock."""
        return self.steady() + self.offset.total_seconds()


class Alarm:
    """Rings at one due moment, and every minute in any case; ``clean`` is called daily."""

    def __init__(
        self,
        clock: Clock,
        ring: Callable[[], None],
        clean: Callable[[], None],
        beat: Callable[[float], None],
        jumped: Callable[[timedelta], None],
    ) -> None:
        """All are called in the event loop and must only ring a bell.

        ``beat`` is called each second, with how many seconds late the event loop was for it;
        ``jumped`` when the machine's clock was moved, or the machine has slept.
        """
        self._clock = clock
        self._ring = ring
        self._clean = clean
        self._beat = beat
        self._jumped = jumped
        self._due: datetime | None = None
        self._pulse: asyncio.Task[None] | None = None
        # UTC is given so that APScheduler never asks the machine for its zone.
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to ring; needs a running event loop."""
        self._scheduler.start()
        self._repeat()
        self._pulse = asyncio.create_task(self._beating(), name="pulse")

    def _repeat(self) -> None:
        for job, every in ((self._rung, SAFETY_SWEEP), (self._cleaned, HOUSEKEEPING)):
            self._scheduler.add_job(
                job, "interval", seconds=every.total_seconds(), id=job.__name__, **ALARM_RULES
            )

    def set(self, due: datetime | None) -> None:
        """Ring at ``due`` of the clock (at once if it is past), and no longer at any other."""
        self._due = due
        if due is None:
            if self._scheduler.get_job("due"):
                self._scheduler.remove_job("due")
            return
        at = self._clock.wall() + max(timedelta(), due - self._clock.now())
        self._scheduler.add_job(self._rung, "date", run_date=at, id="due", **ALARM_RULES)

    def stop(self) -> None:
        """Never ring again."""
        if self._pulse:
            self._pulse.cancel()
        self._scheduler.shutdown(wait=False)

    async def _beating(self) -> None:
        """APScheduler sleeps by the steady clock and compares by the machine's: mind both."""
        with suppress(asyncio.CancelledError):
            while True:
                before = self._clock.steady()
                await asyncio.sleep(PULSE)
                self._beat(max(0.0, self._clock.steady() - before - PULSE))
                if by := self._clock.moved():
                    log.warning("the machine's clock was moved", seconds=by.total_seconds())
                    self._repeat()
                    self.set(self._due)
                    self._jumped(by)

    # Coroutines, because APScheduler runs plain functions on threads of its own.
    async def _rung(self) -> None:
        self._ring()

    async def _cleaned(self) -> None:
        self._clean()
