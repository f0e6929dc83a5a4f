"""The sender: everything that waits to be said, in memory, and the lanes that say it.

The store's outbox is the truth: what is here waits there, too, until what became of it was
written down.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from math import inf

from bot import logs
from bot.clock import Clock
from bot.events import Address, Platform, Receipt, Refused, TryLater, Unreachable
from bot.metrics import Metrics
from bot.metrics import Outcome as How
from bot.sending.queue import Chat, Queue
from bot.store import Outcome, Waiting

SEND_PATIENCE = 15.0
"""Seconds until a request counts as failed: a platform that hangs must not stop the others, and
nobody's way out waits for longer behind an answer that hangs."""

SOONEST = 0.1
"""Seconds until words are tried again, if a platform names less: never in a busy loop."""

log = logs.get(__name__)


class Sender:
    """Says what it is given. `back` gives what became of it, to be written down."""

    def __init__(
        self,
        platforms: Iterable[Platform],
        clock: Clock,
        came_back: Callable[[], None],
        pseudonym: Callable[..., str],
        metrics: Metrics,
    ) -> None:
        """``came_back`` is called in the event loop whenever something was said, or was not."""
        self._clock = clock
        self._came_back = came_back
        self._pseudonym = pseudonym
        self._metrics = metrics
        self._queues = {platform.name: Queue(platform) for platform in platforms}
        self._back: list[Outcome] = []
        # By when words must be said, and those for which it is too late.
        self._untils: list[tuple[datetime, int]] = []
        self._late: set[int] = set()
        # On the wire, though the store has them no more.
        self._gone: set[int] = set()
        self._receipts: dict[tuple[Address, str], str] = {}
        self._lanes: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._stopping = False

    async def stop(self, patience: float) -> None:
        """Say nothing new. What is on the wire has so many seconds, then its end stays unknown."""
        self._stopping = True
        for timer in self._timers.values():
            timer.cancel()
        if self._lanes:
            _, hanging = await asyncio.wait(self._lanes, timeout=patience)
            for lane in hanging:
                lane.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)

    # What waits

    def add(self, words: Iterable[Waiting], unreachable: Collection[Address] = ()) -> None:
        """Say these, too, but where nobody can be reached. They are in the store already."""
        now = self._clock.elapsed()
        self.reached(unreachable, reachable=False)
        rung = set()
        for waiting in words:
            message = waiting.message
            queue = self._queues.get(message.to.platform)
            if queue is None:
                continue  # a platform without an adapter now: it waits in the store only
            if message.slot and not message.anew:
                self._replace(queue, message.to, message.slot)
                if edits := self._receipts.get((message.to, message.slot)):
                    waiting = replace(waiting, edits=edits)  # noqa: PLW2901 - the same words
            if message.until is not None:
                heappush(self._untils, (message.until, waiting.id))
            if message.to in unreachable:
                queue.reach(queue.chat(message.to), reachable=False)
            queue.add(waiting, now)
            rung.add(queue)
        for queue in rung:
            self._pump(queue)

    def again(self, words: Iterable[Waiting], unreachable: Collection[Address]) -> None:
        """All that waits in the store, after a time in which it may not have been as here."""
        self.reached([chat.place for chat in self._chats() if chat.place not in unreachable])
        here = {row for queue in self._queues.values() for row in queue.rows}
        said = {outcome.waiting.id for outcome in self._back}
        waiting = {each.id: each for each in words}
        self.drop(here - waiting.keys())
        fresh = (each for row, each in waiting.items() if row not in here | said)
        self.add(fresh, unreachable)

    def _replace(self, queue: Queue, place: Address, slot: str) -> None:
        """Newer words for a slot take the place of those that nobody has seen yet."""
        chat = queue.chat(place)
        for old in [w for w in chat.words if w.message.slot == slot]:
            # An answer is awaited: it is said even if it is old by now.
            if old is not chat.wire and not (old.message.anew or old.message.reply):
                queue.remove(chat, old)
                self._back.append(Outcome(old, None))

    def drop(self, rows: Iterable[int]) -> None:
        """Say these never: the store has them no more."""
        now = self._clock.elapsed()
        for row in rows:
            self._late.discard(row)
            for queue in self._queues.values():
                chat = queue.rows.get(row)
                if chat is None:
                    continue
                if chat.wire and chat.wire.id == row:
                    self._gone.add(row)
                    continue
                queue.remove(chat, next(w for w in chat.words if w.id == row))
                queue.offer(chat, now)
                queue.tidy(chat, now)
                self._pump(queue)

    def reached(self, places: Iterable[Address], *, reachable: bool = True) -> None:
        """Somebody is there again (they have spoken), or nobody is."""
        now = self._clock.elapsed()
        for place in places:
            queue = self._queues.get(place.platform)
            if queue is None or place not in queue.chats:
                continue
            chat = queue.chats[place]
            if chat.reachable != reachable:
                queue.reach(chat, reachable=reachable)
                queue.offer(chat, now)
                queue.tidy(chat, now)
                self._pump(queue)

    def late(self) -> tuple[Waiting, ...]:
        """Words that it would be wrong to say now, and that are not on the wire."""
        now = self._clock.now()
        while self._untils and self._untils[0][0] <= now:
            row = heappop(self._untils)[1]
            if self._waits(row):
                self._late.add(row)
        found = []
        for queue in self._queues.values():
            for row in sorted(self._late & queue.rows.keys()):
                chat = queue.rows[row]
                found += [w for w in chat.words if w.id == row and w is not chat.wire]
        return tuple(found)

    def next_late(self) -> datetime | None:
        """The next moment at which it is too late for something."""
        return self._untils[0][0] if self._untils else None

    def back(self) -> tuple[Outcome, ...]:
        """What came back and is not written down yet."""
        return tuple(self._back)

    def written(self, outcomes: Iterable[Outcome]) -> None:
        """These are written down now."""
        done = {id(outcome) for outcome in outcomes}
        for outcome in self._back:
            place, slot = outcome.waiting.message.to, outcome.waiting.message.slot
            shown = outcome.result.message_id if isinstance(outcome.result, Receipt) else None
            if id(outcome) in done and shown and self._receipts.get((place, slot)) == shown:
                # From now on the store knows what the slot shows.
                del self._receipts[(place, slot)]
        self._back = [outcome for outcome in self._back if id(outcome) not in done]

    def room(self) -> dict[str, int]:
        """How many more reminders each platform may have waiting: some, or none for now."""
        return {name: queue.room for name, queue in self._queues.items()}

    def waiting(self) -> dict[str, int]:
        """How many words wait, by platform."""
        return {name: len(queue.rows) for name, queue in self._queues.items()}

    def unsaid(self, place: Address | None) -> bool:
        """Whether anything for this address (or any) may be said now and is not said yet."""
        now, wall = self._clock.elapsed(), self._clock.now()
        return any(chat.wire is not None or chat.sayable(now, wall) for chat in self._chats(place))

    def next_moment(self) -> datetime | None:
        """The next moment at which something can be said that cannot be now, or is too late."""
        now, wall = self._clock.elapsed(), self._clock.now()
        moments = [until for until, row in self._untils if self._waits(row)]
        for chat in self._chats():
            if chat.words and chat.reachable and not chat.wire:
                _, moment = chat.first(now)
                if now < moment < inf:
                    moments.append(wall + timedelta(seconds=moment - now))
        return min(moments, default=None)

    def _waits(self, row: int) -> bool:
        return any(row in queue.rows for queue in self._queues.values())

    def recover(self) -> None:
        """Something was away: what has gathered does not go out at once."""
        for queue in self._queues.values():
            queue.recovering = True

    def calm(self, platforms: Iterable[str]) -> None:
        """On these nobody is due any more; where no reminder waits either, all is as ever."""
        for name in platforms:
            queue = self._queues[name]
            if queue.recovering and not queue.reminders:
                queue.recovering = False
                self._pump(queue)

    def look(self) -> None:
        """The clock was moved: what waited for its time may be sayable now."""
        for queue in self._queues.values():
            self._pump(queue)

    def reset(self) -> None:
        """The clock was taken back: nothing waits for a moment of a future that is gone."""
        for queue in self._queues.values():
            queue.wake_all()
            self._pump(queue)

    def _chats(self, place: Address | None = None) -> Iterator[Chat]:
        for queue in self._queues.values():
            if place is None:
                yield from queue.chats.values()
            elif place in queue.chats:
                yield queue.chats[place]

    # The lanes

    def _pump(self, queue: Queue) -> None:
        """Let as many speak as may; a chat that waits for its time never holds a lane."""
        while not self._stopping:
            picked = queue.pick(self._clock.elapsed(), self._clock.now())
            if picked.chat is None or picked.waiting is None:
                self._look_again(queue, picked.moment)
                return
            lane = asyncio.create_task(self._lane(queue, picked.chat, picked.waiting))
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)

    def _look_again(self, queue: Queue, moment: float) -> None:
        timer = self._timers.pop(queue.name, None)
        if timer:
            timer.cancel()
        if moment < inf:
            wait = max(0.0, moment - self._clock.elapsed())
            loop = asyncio.get_running_loop()
            self._timers[queue.name] = loop.call_later(wait, self._pump, queue)

    async def _lane(self, queue: Queue, chat: Chat, waiting: Waiting) -> None:
        """Say one after another, until there is nothing that this lane may say."""
        while True:
            result = await self.say(queue.platform, waiting)
            self._settle(queue, chat, waiting, result)
            if self._stopping:
                return
            picked = queue.pick(self._clock.elapsed(), self._clock.now())
            if picked.chat is None or picked.waiting is None:
                self._look_again(queue, picked.moment)
                return
            chat, waiting = picked.chat, picked.waiting

    async def say_beside(self, waiting: Waiting, patience: float) -> bool:
        """Say what stands in no queue, at the pace of all; whether it was said.

        ``patience``: seconds in which it is tried again, if the platform wants it later.
        """
        queue = self._queues[waiting.message.to.platform]
        until = self._clock.elapsed() + patience
        while not self._stopping:
            now = self._clock.elapsed()
            if (wait := queue.paced - now) > 0:
                if wait > max(patience, SOONEST):
                    return False
                await asyncio.sleep(wait)
                continue
            queue.beside(now)
            result = await self.say(queue.platform, waiting)
            if not isinstance(result, TryLater):
                return isinstance(result, Receipt)
            if result.everywhere:
                queue.later(now, result.after)
            if now + result.after > until:
                return False
            await asyncio.sleep(max(SOONEST, result.after))
        return False

    async def say(self, platform: Platform, waiting: Waiting) -> Receipt | Exception:
        """One request to its end; whatever is raised is a result."""
        message = waiting.message
        began = self._clock.steady()
        result: Receipt | Exception
        how: How = "said"
        try:
            async with asyncio.timeout(SEND_PATIENCE):
                result = await platform.send(message, waiting.edits, waiting.id)
        except TryLater as answer:
            result, how = answer, "later"
        except Unreachable as answer:
            result, how = answer, "unreachable"
        except Refused as answer:
            result, how = answer, "refused"
        except Exception as error:  # noqa: BLE001 - a platform's trouble, tried again later
            result, how = error, "failed"
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not we are to end, but something that the platform's library waited for.
            result, how = RuntimeError("cancelled"), "failed"
        took = self._clock.steady() - began
        late = (self._clock.now() - waiting.at).total_seconds()
        self._metrics.sent(platform.name, message.lane, how, took, late)
        if how != "said":
            self._tell(platform, waiting, how, result)
        return result

    def _tell(self, platform: Platform, waiting: Waiting, how: How, result: object) -> None:
        """In the log: what failed, and what is as it may be."""
        about = {"platform": platform.name, "cause": waiting.cause}
        about["to"] = self._pseudonym(waiting.message.to)
        match how:
            case "failed":
                log.error("words failed", what=result, **about)
            case "refused":
                log.error("words refused", **about)
            case _:
                log.info("words wait", how=how, **about)

    def _settle(
        self, queue: Queue, chat: Chat, waiting: Waiting, result: Receipt | Exception
    ) -> None:
        now = self._clock.elapsed()
        queue.landed(chat, now)
        outcome = Outcome(waiting, result)
        erased = waiting.id in self._gone
        self._gone.discard(waiting.id)
        if outcome.final or erased:
            self._late.discard(waiting.id)
        if erased and not outcome.final:
            queue.remove(chat, waiting)
        if isinstance(result, TryLater):
            # The platform spoke of the address, not of the message: its whole queue waits.
            after = max(SOONEST, result.after)
            chat.again = now + after
            if result.everywhere:
                queue.later(now, after)
        elif isinstance(result, Receipt | Refused | Unreachable):
            queue.said()
            if isinstance(result, Unreachable) and waiting.club_id is None:
                queue.reach(chat, reachable=False)  # of a club nobody tells when it is open again
            if outcome.final:
                queue.remove(chat, waiting)
            self._keep_receipt(chat, waiting, result)
            self._back.append(outcome)
        elif not erased:
            queue.try_again(chat, waiting, now)
        queue.offer(chat, now)
        queue.tidy(chat, now)
        self._came_back()

    def _keep_receipt(self, chat: Chat, waiting: Waiting, result: Receipt | Exception) -> None:
        """What the slot shows now is what the next words for it edit."""
        slot = waiting.message.slot
        if not (slot and isinstance(result, Receipt)) or not waiting.owned:
            return
        self._receipts[(chat.place, slot)] = result.message_id
        for nth, other in enumerate(chat.words):
            if other.message.slot == slot and not other.message.anew:
                chat.words[nth] = replace(other, edits=result.message_id)
