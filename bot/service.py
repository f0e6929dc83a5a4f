"""The shell: one event to its end, a wave of due people to its end, and what is in the way."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self, TypeVar, TypeVarTuple

from bot import conversation, logs
from bot.clock import Alarm, Clock
from bot.content.words import words
from bot.door import Door
from bot.events import (
    Address,
    Blocked,
    ClubRun,
    Incoming,
    Joined,
    Lane,
    Left,
    Message,
    Moved,
    Platform,
    Taken,
    Unblocked,
)
from bot.hands import Hands
from bot.health import Health
from bot.metrics import Metrics
from bot.sending import Sender
from bot.store import (
    Batch,
    Done,
    Guest,
    Step,
    Store,
    StoreAway,
    StoreBusy,
    StoreTooNew,
    Up,
    Waiting,
    earlier,
)
from bot.store.backup import Backups, CannotCopy, Stopped

AWAY_PAUSE = timedelta(seconds=1)
"""How long to leave a database alone that could not be used."""

SLOW = 4.0
"""Seconds after which somebody who waits for the database is told so."""

KEPT_URGENT = 100
"""Cries for help that are kept while the store is away: of more, the newest."""

TOGETHER = 64
"""Events that share a commit: more would keep whoever is due waiting."""

SLEPT = timedelta(minutes=1)
"""A machine that was away for longer has reminders waiting, which then go out gently."""

STILL_TRUE = 20.0
"""Seconds for which it is worth trying to say that the database is away."""

LEAVING = 4.0
"""Seconds that what is on the wire has when the program is to end. Ten are promised in all, and a
database that hangs takes six to be known for it."""

NOBODYS = (Blocked, Unblocked, Joined, Left, Moved, ClubRun)
"""Events that a platform tells, and nobody waits for an answer to."""

Chore = tuple[bool, set[int]]
"""Whether there is more of it, and the words that will not be said any more."""

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

log = logs.get(__name__)
outages = logs.get(f"{__name__}.outages")
"""Its own log, since a chat on a screen says it in words and shows no log line for it."""


class Heard:
    """An event that waits for its turn, and whoever waits for its commit."""

    def __init__(self, incoming: Incoming) -> None:
        """Needs a running event loop."""
        self.incoming = incoming
        self.told: asyncio.Task[bool] | None = None
        self.done: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()

    def fails(self, error: Exception) -> None:
        """It was not committed."""
        if not self.done.done():
            self.done.set_exception(error)


class Service:
    """Runs the conversation: ``async with Service(store, clock, platforms) as service``."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        platforms: Iterable[Platform],
        step: Step = conversation.step,
        health: Health | None = None,
    ) -> None:
        """Nothing happens before it is entered, and what is set until then is used from then on.

        With `backups` there is one a day, with `hands` the owner hears what needs one. `allow` are
        the words that let people in; without any everybody may come.
        """
        self.store = store
        self.clock = clock
        self.health = health or Health(Metrics())
        self.metrics = self.health.metrics
        self.backups: Backups | None = None
        self.hands: Hands | None = None
        self.allow: Collection[str] = ()
        self.door = Door()
        self._platforms = {platform.name: platform for platform in platforms}
        self._step = step
        # One thread: a turn is plain synchronous code, and the store has one writer anyway.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._alarm = Alarm(clock, self._rung, self._clean, self._beat, self._jumped)
        self._sender = Sender(
            self._platforms.values(), clock, self._came_back, store.pseudonym, self.metrics
        )
        self._bell = asyncio.Event()
        self._moved = asyncio.Event()
        self._heard: deque[Heard] = deque()
        self._urgent: deque[Incoming] = deque(maxlen=KEPT_URGENT)
        self._up: dict[int, Up] = {}
        self._called_down: set[tuple[int, int]] = set()
        # When time must be looked at next; whether it is to be looked at in any case.
        self._due: datetime | None = None
        self._look = True
        self._noted: datetime | None = None
        self._telling = False
        self._full: set[str] = set()
        self._turning = False
        # When each piece of work for the store's thread began to wait for it.
        self._asked: list[float] = []
        self._chores: deque[Callable[[], Chore]] = deque()
        self._asides: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._silent = False
        self._away = False
        self._trouble: StoreAway | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    async def __aenter__(self) -> Self:
        """Open the store and start. Raises `StoreBusy`, `StoreTooNew` or `StoreAway`."""
        try:
            waiting, unreachable = await self._on_store("open", self._prepare)
        except BaseException:  # a cancelled start, too, leaves no thread behind
            self._thread.shutdown()
            raise
        self._sender.add(waiting, unreachable)
        if self.hands:
            self.hands.listen()
        self._alarm.start()
        self._tasks = (asyncio.create_task(self._keep_turning(), name="turns"),)
        self._clean()
        return self

    def _prepare(self) -> tuple[list[Waiting], set[Address]]:
        self.store.open()
        kept = self.store.get("clock_offset")
        if kept and not self.clock.offset:
            self.clock.offset = timedelta(seconds=float(kept))
        # The first people at once: of few these are all. Others follow while everything goes on.
        self._refresh_next()
        self._up = self.store.with_legs_up()
        self.door = Door(self.allow, self.store.guests())
        noted = self.store.get("noted")
        self._noted = datetime.fromisoformat(noted) if noted else None
        return self.store.waiting()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop: what is on the wire is finished and written down, what waits stays in the store."""
        self._stopping = True
        if self.hands:
            self.hands.close()
        if self.backups:
            self.backups.stopping.set()
        self._alarm.stop()
        self._ring()
        try:
            await self._sender.stop(LEAVING)
            self._silent = True
            self._ring()
            await asyncio.gather(*self._tasks)
            for task in self._asides:
                task.cancel()
            await asyncio.gather(*self._asides, return_exceptions=True)
        finally:
            # On the same thread, so after everything that is still queued there.
            self._thread.submit(self.store.close)
            self._thread.shutdown()

    async def _on_store(
        self, what: str, work: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> Result:
        loop = asyncio.get_running_loop()
        began = time.monotonic()
        self._asked.append(began)
        try:
            return await loop.run_in_executor(self._thread, work, *arguments)
        finally:
            self._asked.remove(began)
            self.metrics.database(what, time.monotonic() - began)

    def _ring(self) -> None:
        self._bell.set()

    def _rung(self) -> None:
        """The alarm: time must be looked at."""
        if self.clock.ahead and not self._up:
            # The machine's clock was set back; nobody rests any more who would notice.
            self.clock.follow()
            self._chores.append(self._clamp)
        self._look = True
        self._ring()

    def _jumped(self, by: timedelta) -> None:
        """The machine's clock was moved, or the machine has slept."""
        if by > SLEPT:
            self._sender.recover()
        self._rung()

    def _beat(self, lag: float) -> None:
        """Each second: nobody's way out may wait for a database that does not answer."""
        self.health.beat(lag)
        if self._hangs:
            self._aside(self._call_down())
        elif self.hands and not self._telling and self.hands.due(self.clock.now(), self._noted):
            self._aside(self._tell_owner(self.hands))

    @property
    def _hangs(self) -> bool:
        """Whether the store is away, or takes so long that it may be."""
        return self._away or (bool(self._asked) and time.monotonic() - min(self._asked) > SLOW)

    def _aside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    def _came_back(self) -> None:
        """A platform has answered."""
        if self._full and any(self._sender.room().get(name) for name in self._full):
            self._look = True
        self._sender.calm(self._platforms.keys() - self._full)
        self._tell_moved()
        self._ring()

    def _tell_moved(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    # Events

    async def receive(self, incoming: Incoming, *, told: bool = False) -> Taken:
        """One event; returns once it is committed. A second delivery of its id does nothing.

        Where it could not be, the person was told, if not ``told`` before: the platform may
        deliver it again. While the store is away a cry for help is answered, and handed to the
        store later.
        """
        if self._silent:
            return Taken(committed=False)
        knock = self.door.knock(incoming)
        if knock.guest and not await self._let_in(knock.guest):
            told = told or await self._say_without_store(incoming, "store.away")
            return Taken(committed=False, told=told)
        if knock.incoming is None and not await self._knows(incoming):
            if knock.key:
                await self._say_without_store(incoming, knock.key)
            return Taken(committed=True)
        if knock.guest and knock.key:
            await self._say_without_store(incoming, knock.key)
        incoming = knock.incoming or incoming
        heard = Heard(incoming)
        self._heard.append(heard)
        self._ring()
        if told or isinstance(incoming.event, NOBODYS):
            with suppress(StoreAway):
                return await heard.done
            return Taken(committed=False, told=told)
        patience = 0.0 if self._hangs and _urgent(incoming) else SLOW
        slow = asyncio.get_running_loop().call_later(patience, self._tell_slow, heard)
        try:
            if taken := await heard.done:
                return taken
            told = await self._say_without_store(incoming, "service.failed")
        except StoreAway:
            slow.cancel()
            if _urgent(incoming):
                self._urgent.append(incoming)
                self._ring()
            told = await (heard.told or self._say_without_store(incoming, "store.away"))
        finally:
            slow.cancel()
        return Taken(committed=False, told=told)

    async def _let_in(self, guest: Guest) -> bool:
        """Whether somebody could be written down, and is let in from now on."""
        self.door.enters(guest)  # before anything is waited for: a word of one works once
        try:
            await self._on_store("door", self.store.let_in, guest, self.clock.now())
        except StoreAway:
            self.door.leaves(guest.place)
            return False
        return True

    async def _knows(self, incoming: Incoming) -> bool:
        """Whether somebody is no stranger: who agreed before there was a list may stay."""
        try:
            return await self._on_store("door", self.store.knows, incoming.address)
        except StoreAway:
            return False

    def _tell_slow(self, heard: Heard) -> None:
        heard.told = asyncio.create_task(self._say_without_store(heard.incoming, "store.slow"))

    # Turns

    async def _keep_turning(self) -> None:
        """Take whatever there is to do, commit it together, tell whom it concerns, and again."""
        while True:
            self._bell.clear()
            if self._away and (self._silent or not await self._come_back()):
                if self._silent:
                    break
                await self._pause()
                continue
            batch, heard = self._next_batch()
            if batch is not None:
                await self._turn(batch, heard)
            elif self._silent:
                break
            else:
                await self._rest()
        for each in self._heard:
            each.fails(StoreAway("the program ends"))

    async def _turn(self, batch: Batch, heard: list[Heard]) -> None:
        """One commit, with whatever becomes of it."""
        self._turning = True
        try:
            done = await self._on_store(
                "turn", self.store.turn, batch, self._step, self.clock.now()
            )
            self._take_in(batch, heard, done)
        except StoreAway as error:
            self._lost(error, heard)
        except Exception:
            log.exception("no turn")
            for each in heard:
                if not each.done.done():
                    each.done.set_result(Taken(committed=False))
            await self._pause()
        finally:
            self._turning = False
            self._tell_moved()

    def _next_batch(self) -> tuple[Batch | None, list[Heard]]:
        """What the next commit takes; None if there is nothing to do."""
        outcomes = self._sender.back()
        # Cries for help that the store missed come before anything that was said later.
        urgent = list(self._urgent)
        heard = [self._heard.popleft() for _ in range(min(TOGETHER, len(self._heard)))]
        late = () if self._stopping else self._sender.late()
        look = self._look or (self._due is not None and self._due <= self.clock.now())
        due = None
        if look and not self._stopping:
            due, self._look = self._sender.room(), False
        if not (outcomes or urgent or heard or late or due is not None):
            return None, []
        incoming = (*urgent, *(each.incoming for each in heard))
        return Batch(outcomes, incoming, late, due), heard

    def _take_in(self, batch: Batch, heard: Iterable[Heard], done: Done) -> None:
        """A commit is done: whatever of it is held in memory follows."""
        self._sender.written(batch.outcomes)
        self._sender.drop(done.gone)
        self._sender.reached(done.reached)
        # What was written and erased in the same commit is not said.
        words_ = (waiting for waiting in done.words if waiting.id not in done.gone)
        self._sender.add(words_, done.lost)
        handed_in = {id(incoming) for incoming in batch.heard}
        if self._urgent:
            left = (incoming for incoming in self._urgent if id(incoming) not in handed_in)
            self._urgent = deque(left, KEPT_URGENT)
        for place in done.left:
            self.door.leaves(place)
        said: dict[str, list[Waiting]] = {}
        for waiting in done.words:
            said.setdefault(waiting.cause, []).append(waiting)
        for each in heard:
            if not each.done.done():
                name = each.incoming.name
                answer = said.get(done.causes.get(name, ""), [])
                taken = _taken(name not in done.failed, answer, each.incoming.address)
                # What was heard before has its answer: whatever that shows stays.
                each.done.set_result(replace(taken, open=taken.open or name not in done.causes))
        for who, up in done.up.items():
            if up is None:
                self._up.pop(who, None)
            else:
                self._up[who] = up
        for lane, late in done.woken:
            self.metrics.woken(lane, (late.total_seconds(),))
        self._set_alarm(batch, done)

    def _set_alarm(self, batch: Batch, done: Done) -> None:
        if batch.due is None:
            due = earlier(self._due, done.next_wake)
        else:
            due = done.next_wake
            self.metrics.wave(len(done.woken))
            # Somebody else is due where there was no more room: when there is, look again.
            self._full = done.more
            room = self._sender.room()
            self._look |= any(room.get(name, 1) > 0 for name in self._full)
            self._sender.calm(self._platforms.keys() - self._full)
        due = earlier(due, self._sender.next_late())
        if due != self._due:
            self._due = due
            self._alarm.set(due)
        for name, waiting in self._sender.waiting().items():
            self.metrics.waiting(name, waiting)

    async def _rest(self) -> None:
        """Nothing is to be done now: what can wait has its turn, or all wait."""
        if self.store.unwiped and not self._away:
            with suppress(StoreAway):
                await self._on_store("wipe", self.store.wipe)
            if not self.store.unwiped:
                return
        if self._chores and not self._away and not self._stopping:
            try:
                more, gone = await self._on_store("chore", self._chores[0])
            except StoreAway as error:
                self._lost(error, ())
            except Exception:
                log.exception("a chore failed")
                self._chores.popleft()
            else:
                self._sender.drop(gone)
                if not more:
                    self._chores.popleft()
            return
        await self._bell.wait()

    async def _pause(self) -> None:
        """Leave the database alone until somebody speaks, or for a moment; then try again."""
        self._look = True
        self._tell_moved()
        with suppress(TimeoutError):
            async with asyncio.timeout(AWAY_PAUSE.total_seconds()):
                await self._bell.wait()

    # Chores: long work in small pieces, between which everything else goes on

    def _clean(self) -> None:
        """Delete what is kept no longer, and see whether the time zones are those of before."""
        self._chores.extend((self._refresh_next, self._sweep_next))
        self._ring()
        if self.backups:
            self._aside(self._back_up(self.backups))

    async def _back_up(self, backups: Backups) -> None:
        """On a thread of its own: a big file takes seconds, and nobody shall wait for it."""
        try:
            # By the machine's clock: whoever tries out next year shall not lose this week's.
            await asyncio.to_thread(backups.daily, self.clock.wall())
        except Stopped:
            return
        except (CannotCopy, StoreAway) as error:
            log.warning("no backup", why=str(error))
        except Exception:
            log.exception("no backup")

    def _refresh_next(self) -> Chore:
        """Compute when to wake people anew, if the program or the time zones changed."""
        written_with = f"{_version('legs-up')}, tzdata {_version('tzdata')}"
        if self.store.get("written_with") == written_with:
            return False, set()
        after = self.store.refresh(int(self.store.get("refreshed") or 0))
        self.store.put("refreshed", str(after or 0))
        if after is None:
            self.store.put("written_with", written_with)
            self._look = True
        return after is not None, set()

    def _sweep_next(self) -> Chore:
        swept, gone = self.store.sweep(self.clock.now())
        return swept > 0, gone

    def _clamp(self) -> Chore:
        self.store.clamp(self.clock.now())
        return False, set()

    # Outages

    @property
    def away(self) -> bool:
        """Whether the store could not be used when it last was to write something."""
        return self._away

    def _lost(self, error: StoreAway, heard: Iterable[Heard]) -> None:
        """Said once in the log, however often it is noticed."""
        if not self._away:
            outages.error("the store is away", why=str(error))
            self.health.store(away=True)
        self._away, self._trouble = True, error
        for each in (*heard, *self._heard):
            each.fails(error)
        self._heard.clear()
        self._aside(self._call_down())

    async def _come_back(self) -> bool:
        """Whether the store is back; then memory is as the store is, not as it should be.

        A commit whose answer was lost may have been done all the same.
        """
        self._turning = True
        try:
            waiting, unreachable, self._up = await self._on_store("back", self._read_again)
        except StoreAway as error:
            self._lost(error, ())
            return False
        except Exception as error:
            # Whatever it is: whoever takes turns must go on, or nobody is ever answered again.
            log.exception("not back")
            self._lost(StoreAway(type(error).__name__), ())
            return False
        finally:
            self._turning = False
        self._sender.again(waiting, unreachable)
        outages.warning("the store is back")
        self.health.store(away=False)
        self._called_down.clear()
        self._sender.recover()
        self._away, self._trouble, self._look = False, None, True
        return True

    def _read_again(self) -> tuple[list[Waiting], set[Address], dict[int, Up]]:
        # Only what was written proves it: a full disk can be read all the time.
        self.store.put("back", self.clock.wall().isoformat())
        return *self.store.waiting(), self.store.with_legs_up()

    async def _say_without_store(self, incoming: Incoming, key: str) -> bool:
        """Say it to whom it concerns; whether it could be said."""
        if isinstance(incoming.event, NOBODYS):
            return True
        urgent = conversation.urgent_words(incoming.event, incoming.locale)
        text = urgent or words(incoming.locale)(key)
        message = Message(incoming.address, text, lane=Lane.SAFETY, reply=incoming.reply)
        return await self._say_at_once(message, patience=STILL_TRUE)

    async def _call_down(self) -> None:
        """Nothing can be written, but legs that are up must come down: said once a rest."""
        now = self.clock.now()
        for who, up in list(self._up.items()):
            rest = (who, up.number)
            if up.ends is not None and up.ends <= now and rest not in self._called_down:
                self._called_down.add(rest)
                text = conversation.exit_words(up.speaks)
                if not await self._say_at_once(Message(up.place, text, lane=Lane.EXIT)):
                    self._called_down.discard(rest)

    async def _say_at_once(self, message: Message, patience: float = 0.0) -> bool:
        """Say what no row of the store stands for; whether the platform took it."""
        if message.to.platform not in self._platforms:
            return False
        waiting = Waiting(0, message, None, "without-store", self.clock.now())
        return await self._sender.say_beside(waiting, patience)

    async def _tell_owner(self, hands: Hands) -> None:
        """What needs a hand; tried again in a minute if it cannot be said."""
        owner = self.door.owner
        if owner is None or owner.place.platform not in self._platforms:
            return
        self._telling, now, counted = True, self.clock.now(), hands.counted.copy()
        note = Message(
            owner.place, hands.note(words(owner.locale)), lane=Lane.REMINDER, silent=True
        )
        if await self._say_at_once(note):
            hands.counted -= counted
            self._noted = now
            with suppress(StoreAway):
                await self._on_store("door", self.store.put, "noted", now.isoformat())
        hands.since, self._telling = now, False

    # Time

    async def next_due(self) -> datetime | None:
        """The next moment at which somebody is due, or words are."""
        wake = await self._on_store("time", self.store.next_wake)
        return earlier(wake, self._sender.next_moment())

    async def kept(self, name: str) -> str | None:
        """What an adapter has kept under that name. Raises `StoreAway`."""
        return await self._on_store("door", self.store.get, name)

    async def keep(self, name: str, value: str) -> None:
        """Keep something of an adapter's own. Raises `StoreAway`."""
        await self._on_store("door", self.store.put, name, value)

    def suggestions(self, what: str, typed: str, locale: str) -> tuple[tuple[str, str], ...]:
        """What may be meant while somebody types; it needs no store."""
        return conversation.suggestions(what, typed, locale, self.clock.now())

    async def clock_at(self, place: Address) -> tzinfo | None:
        """The clock on the wall of the person there, None while unknown. Raises `StoreAway`."""
        return await self._on_store("time", self.store.clock_at, place)

    async def last_at(self) -> datetime | None:
        """The latest moment at which anybody was stepped."""
        return await self._on_store("time", self.store.last_at)

    async def travel(self, to: datetime) -> None:
        """Make it ``to`` now, after each due moment on the way in order, at its own time.

        Each moment's words are said before the next. Raises `StoreAway`.
        """
        while (due := await self.next_due()) and due <= to and not self._stopping:
            await self._set_clock(due)
            await self._all_said()
        await self._set_clock(to)
        await self._all_said()

    async def _set_clock(self, now: datetime) -> None:
        ahead = max(timedelta(), now - self.clock.now())
        await self._keep_offset(self.clock.offset + ahead)

    async def _keep_offset(self, offset: timedelta) -> None:
        # First in the store: after a crash it may be later than it seemed, never earlier.
        await self._on_store("time", self.store.put, "clock_offset", str(offset.total_seconds()))
        self.clock.offset = offset
        self._due = None
        self._sender.look()
        self._rung()

    async def resting(self) -> bool:
        """Whether anybody has their legs up, or is on their way up or down."""
        return bool(self._up)

    async def reset_clock(self) -> bool:
        """Back to real time. What was set for a moment of the time tried out stays set for it.

        Not during a rest, whose end would lie in that future: False, and nothing is changed.
        """
        if self._up:
            return False
        await self._keep_offset(timedelta())
        await self._on_store("time", self.store.clamp, self.clock.now())
        self._sender.reset()
        self._rung()
        return True

    # Waiting for what is to come

    async def settled(self, address: Address) -> None:
        """Until every word for this address that may be said now was said, or has failed.

        And written down, unless the store is away.
        """
        self._sender.look()
        while not self._stopping:
            moved = self._moved
            if not self._sender.unsaid(address) and (self._away or not self._sender.back()):
                return
            await moved.wait()

    async def _all_said(self) -> None:
        """Until nobody is due now, and no words are. Raises `StoreAway`."""
        while not self._stopping:
            moved = self._moved
            if self._trouble is not None:
                raise self._trouble
            if self._idle and not self._sender.unsaid(None):
                return
            await moved.wait()

    @property
    def _idle(self) -> bool:
        due = self._due is not None and self._due <= self.clock.now()
        to_do = self._heard or self._urgent or self._sender.back() or self._sender.late()
        return not (self._turning or self._look or due or to_do)


def _taken(committed: bool, answer: list[Waiting], place: Address) -> Taken:
    notices = (waiting.message.notice for waiting in answer)
    edits = frozenset(waiting.edits for waiting in answer if waiting.edits)
    aside = bool(answer) and all(waiting.message.aside for waiting in answer)
    notice = next(filter(None, notices), "")
    said = any(waiting.message.to == place for waiting in answer)  # a club's post is no answer
    return Taken(committed, notice, edits, open=aside, said=said)


def _urgent(incoming: Incoming) -> bool:
    return bool(conversation.urgent_words(incoming.event, incoming.locale))


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


__all__ = ["Service", "StoreAway", "StoreBusy", "StoreTooNew"]
