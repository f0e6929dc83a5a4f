"""The shell: one event to its end, a wave of due people to its end, and the sender."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self, TypeVar, TypeVarTuple

from bot import conversation
from bot.clock import Alarm, Clock
from bot.content.words import words
from bot.events import (
    Address,
    Incoming,
    Lane,
    Message,
    Platform,
    Refused,
    TryLater,
    Unreachable,
)
from bot.store import Outcome, Step, Store, StoreAway, StoreBusy, StoreTooNew, Waiting
from bot.store.turns import what_failed

SEND_PATIENCE = 30.0
"""Seconds until a request counts as failed: a platform that hangs must not stop the others."""

AWAY_PAUSE = timedelta(seconds=1)
"""How long to leave a database alone that could not be used."""

KEPT_URGENT = 100
"""Cries for help that are kept while the store is away: of more, the newest."""

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

log = logging.getLogger(__name__)
outages = log.getChild("outages")
"""Its own log, since a chat on a screen says it in words and shows no log line for it."""


class Service:
    """Runs the conversation: ``async with Service(store, clock, platforms) as service``."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        platforms: Iterable[Platform],
        step: Step = conversation.step,
    ) -> None:
        """Nothing happens before it is entered."""
        self.store = store
        self.clock = clock
        self._platforms = {platform.name: platform for platform in platforms}
        self._step = step
        # One thread: a turn is plain synchronous code, and SQLite has one writer anyway.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._alarm = Alarm(clock, self._ring, self._clean)
        self._time_bell = asyncio.Event()
        self._words_bell = asyncio.Event()
        self._moved = asyncio.Event()
        self._wave_turn = asyncio.Lock()
        self._sweep_due = False
        self._stopping = False
        self._away = False
        self._called_down: set[tuple[int, int]] = set()
        # Outcomes that the store holds and could not write down yet.
        self._owing = False
        self._urgent: deque[Incoming] = deque(maxlen=KEPT_URGENT)
        self._urgent_turn = asyncio.Lock()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    async def __aenter__(self) -> Self:
        """Open the store and start. Raises `StoreBusy`, `StoreTooNew` or `StoreAway`."""
        try:
            await self._on_store(self._prepare)
        except BaseException:  # a cancelled start, too, leaves no thread behind
            self._thread.shutdown()
            raise
        self._alarm.start()
        self._tasks = (
            asyncio.create_task(self._keep_waking(), name="waves"),
            asyncio.create_task(self._keep_sending(), name="sender"),
        )
        self._ring()
        return self

    def _prepare(self) -> None:
        self.store.open()
        kept = self.store.get("clock_offset")
        if kept and not self.clock.offset:
            self.clock.offset = timedelta(seconds=float(kept))
        self.store.refresh(f"{_version('legs-up')}, tzdata {_version('tzdata')}")
        self.store.sweep(self.clock.now())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop: what is on the wire is finished and written down, what waits stays in the store."""
        self._stopping = True
        self._alarm.stop()
        self._ring()
        try:
            await asyncio.gather(*self._tasks)
        finally:
            # On the same thread, so after everything that is still queued there.
            self._thread.submit(self.store.close)
            self._thread.shutdown()

    async def _on_store(
        self, work: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, work, *arguments)

    def _ring(self) -> None:
        self._time_bell.set()
        self._words_bell.set()

    def _clean(self) -> None:
        self._sweep_due = True
        self._ring()

    # Events

    async def receive(self, incoming: Incoming) -> None:
        """One event; returns once it is committed. A second delivery of its id does nothing.

        While the store is away a cry for help is answered, and handed to the store later.
        """
        try:
            await self._hand_in_urgent()
            await self._on_store(self.store.receive, incoming, self._step, self.clock.now())
        except StoreAway as error:
            self._lost(error)
            if conversation.urgent_words(incoming.event, incoming.locale):
                self._urgent.append(incoming)
                self._time_bell.set()
            await self._say_without_store(incoming, "store.away")
        except Exception as error:  # noqa: BLE001 - even now the person must hear something
            log.error("not even an apology could be kept: %s", what_failed(error))  # noqa: TRY400 - a traceback could hold words
            await self._say_without_store(incoming, "service.failed")
        else:
            self._found()
            self._ring()

    async def _hand_in_urgent(self) -> None:
        """Give the store what it missed, in order, before anything that comes later."""
        async with self._urgent_turn:
            while self._urgent:
                incoming = self._urgent[0]
                try:
                    await self._on_store(self.store.receive, incoming, self._step, self.clock.now())
                except StoreAway:
                    raise
                except Exception as error:  # noqa: BLE001 - it was answered; others wait behind it
                    log.error("an urgent event could not be kept: %s", what_failed(error))  # noqa: TRY400 - a traceback could hold words
                # Had so many come meanwhile that this one fell out, another is the first.
                if self._urgent and self._urgent[0] is incoming:
                    self._urgent.popleft()
                self._found()
                self._words_bell.set()

    # Outages

    @property
    def away(self) -> bool:
        """Whether the store could not be used when it last was to write something."""
        return self._away

    def _lost(self, error: StoreAway) -> None:
        """Said once in the log, however often it is noticed."""
        if not self._away:
            outages.error("the store is away: %s", error)
        self._away = True

    def _found(self) -> None:
        # Only what was written proves it: a full disk can be read all the time.
        if self._away:
            outages.warning("the store is back")
            self._called_down.clear()
        self._away = False

    async def _say_without_store(self, incoming: Incoming, key: str) -> None:
        urgent = conversation.urgent_words(incoming.event, incoming.locale)
        text = urgent or words(incoming.locale)(key)
        await self._say_at_once(Message(incoming.address, text, lane=Lane.SAFETY))

    async def _call_down(self) -> None:
        """Nothing can be written, but legs that are up must come down: said once a rest."""
        with suppress(StoreAway):
            for place, person in await self._on_store(self.store.over_time, self.clock.now()):
                rest = (person.id, person.hold.number if person.hold else 0)
                if rest not in self._called_down:
                    self._called_down.add(rest)
                    text = conversation.exit_words(person.speaks)
                    await self._say_at_once(Message(place, text, lane=Lane.EXIT))

    async def _say_at_once(self, message: Message) -> None:
        try:
            async with asyncio.timeout(SEND_PATIENCE):
                await self._platforms[message.to.platform].send(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, there is nothing left to try
            log.error("could not say that the store is away: %s", what_failed(error))  # noqa: TRY400 - as above

    # Time

    async def next_due(self) -> datetime | None:
        """The next moment at which somebody is due, or words are."""
        return await self._on_store(self.store.next_due, self.clock.now())

    async def clock_at(self, place: Address) -> tzinfo | None:
        """The clock on the wall of the person there, None while unknown. Raises `StoreAway`."""
        return await self._on_store(self.store.clock_at, place)

    async def last_at(self) -> datetime | None:
        """The latest moment at which anybody was stepped."""
        return await self._on_store(self.store.last_at)

    async def travel(self, to: datetime) -> None:
        """Make it ``to`` now, after each due moment on the way in order, at its own time.

        Each moment's words are said before the next. Raises `StoreAway`.
        """
        while (due := await self.next_due()) and due <= to and not self._stopping:
            await self._set_clock(due)
            await self._serve_due()
            await self._until_said(None)
        await self._set_clock(to)
        await self._serve_due()
        await self._until_said(None)

    async def _set_clock(self, now: datetime) -> None:
        ahead = max(timedelta(), now - self.clock.now())
        await self._keep_offset(self.clock.offset + ahead)

    async def _keep_offset(self, offset: timedelta) -> None:
        # First in the store: after a crash it may be later than it seemed, never earlier.
        await self._on_store(self.store.put, "clock_offset", str(offset.total_seconds()))
        self.clock.offset = offset

    async def resting(self) -> bool:
        """Whether anybody has their legs up, or is on their way up or down."""
        return await self._on_store(self.store.resting)

    async def reset_clock(self) -> bool:
        """Back to real time. What was set for a moment of the time tried out stays set for it.

        Not during a rest, whose end would lie in that future: False, and nothing is changed.
        """
        if await self.resting():
            return False
        await self._keep_offset(timedelta())
        await self._on_store(self.store.clamp, self.clock.now())
        self._ring()
        return True

    async def _keep_waking(self) -> None:
        while not self._stopping:
            self._time_bell.clear()
            try:
                await self._serve_due()
                if self._sweep_due:
                    await self._on_store(self.store.sweep, self.clock.now())
                    self._sweep_due = False
            except Exception as error:  # noqa: BLE001 - this task must outlive everything
                self._failed("no wave", error)
                if isinstance(error, StoreAway):
                    await self._call_down()
                self._alarm.set(self.clock.now() + AWAY_PAUSE)
            await self._time_bell.wait()
        # The last chance: these are in memory only.
        with suppress(StoreAway):
            await self._hand_in_urgent()

    async def _serve_due(self) -> None:
        """Wake everybody who is due, then set the alarm to the next moment."""
        async with self._wave_turn:
            # Before anybody is led on: they may have wanted to stop.
            await self._hand_in_urgent()
            while not self._stopping and await self._on_store(
                self.store.wave, self._step, self.clock.now()
            ):
                self._found()
                self._words_bell.set()
            if not self._stopping:
                self._alarm.set(await self.next_due())

    # Words

    async def settled(self, address: Address) -> None:
        """Until every word for this address that may be said now was said, or has failed.

        While the store is away: until what can still be read was said.
        """
        try:
            await self._until_said(address)
        except StoreAway as error:
            self._lost(error)

    async def _until_said(self, address: Address | None) -> None:
        # What waited for its time may be sayable now, though nothing was written.
        self._words_bell.set()
        while not self._stopping:
            # Taken before the question: what moves after it wakes us.
            moved = self._moved
            if not await self._on_store(
                self.store.unsaid, address, self.clock.now(), self._platforms
            ):
                return
            await moved.wait()

    async def _keep_sending(self) -> None:
        """Settle what came back and send what may go next, until all on the wire is done."""
        on_wire: set[asyncio.Task[Outcome]] = set()
        while True:
            self._words_bell.clear()
            back = [task.result() for task in on_wire if task.done()]
            on_wire = {task for task in on_wire if not task.done()}
            open_to = () if self._stopping else tuple(self._platforms)
            for waiting in await self._exchange(back, open_to):
                task = asyncio.create_task(self._send(waiting))
                task.add_done_callback(lambda _: self._words_bell.set())
                on_wire.add(task)
            self._tell_moved()
            if self._stopping and not on_wire:
                break
            again = AWAY_PAUSE.total_seconds() if self._owing else None
            with suppress(TimeoutError):
                async with asyncio.timeout(again):
                    await self._words_bell.wait()

    async def _exchange(self, back: Collection[Outcome], open_to: Collection[str]) -> list[Waiting]:
        """T2, and the words that go next: those that can be read, if nothing can be written."""
        owed = self._owing or bool(back)
        self._owing = True
        now = self.clock.now()
        try:
            taken = await self._on_store(self.store.exchange, back, now, open_to)
        except Exception as error:  # noqa: BLE001 - the sender must outlive everything
            self._failed("no receipts", error)
        else:
            self._owing = False
            if owed:
                self._found()
            return taken
        try:
            return await self._on_store(self.store.take, now, open_to)
        except Exception as error:  # noqa: BLE001 - as above
            self._failed("no words", error)
            return []

    def _failed(self, what: str, error: Exception) -> None:
        if isinstance(error, StoreAway):
            self._lost(error)
        else:
            log.error("%s: %s", what, what_failed(error))

    def _tell_moved(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _send(self, waiting: Waiting) -> Outcome:
        message = waiting.message
        try:
            async with asyncio.timeout(SEND_PATIENCE):
                receipt = await self._platforms[message.to.platform].send(message, waiting.edits)
        except (TryLater, Unreachable) as answer:
            return Outcome(waiting, answer)
        except Refused as answer:
            who = self.store.pseudonym(message.to)
            log.error("%s refused words to %s", message.to.platform, who)  # noqa: TRY400 - as above
            return Outcome(waiting, answer)
        except Exception as error:  # noqa: BLE001 - a platform's trouble, tried again later
            who = self.store.pseudonym(message.to)
            log.error("words to %s failed: %s", who, what_failed(error))  # noqa: TRY400 - as above
            return Outcome(waiting, error)
        return Outcome(waiting, receipt)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


__all__ = ["Service", "StoreAway", "StoreBusy", "StoreTooNew"]
