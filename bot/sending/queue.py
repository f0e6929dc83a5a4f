"""What waits to be said with one token of a platform, and which of it goes next: no clock, no wire.

In order for each address, one at a time; the most urgent address first; as fast as the platform
takes it, and no faster.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import NamedTuple

from bot.events import Address, Lane, Message, Platform, Rate
from bot.store import Waiting

LANES = 8
"""Requests in flight per platform: 30 to 50 a second at 100 to 200 ms each need 3 to 10."""

KEPT_FOR_URGENT = 2
"""Of those, never taken by replies and reminders."""

ANSWERS = 64
"""Requests in flight beside those, of answers that count to no rate: a club presses at once, and
each has three seconds (Discord, interactions)."""

URGENT = Lane.CUE
"""Words of this lane and before are for somebody with legs up the wall."""

FIRST_BACKOFF = 2.0
LAST_BACKOFF = 60.0
LAST_URGENT_BACKOFF = 8.0
"""Seconds until words that failed are tried again, doubling; urgent words are tried more often."""

HOLDING_UP = 3
"""After so many failures (14 s) a message no longer holds up what comes after it."""

OUTAGE = 3
"""So many failures in a row, of whomever, mean that the platform is in trouble."""

AHEAD = 2.0
"""Seconds of a platform's rate that may wait: more would be said late, and be held in memory."""

AHEAD_UNLIMITED = 500
"""How many words may wait for a platform that knows no limit: two waves."""


class Pace:
    """Keeps to rates: when the next message may go, by when the last ones went."""

    def __init__(self, *rates: Rate) -> None:
        """Without any there is no limit."""
        self._sent = [(rate.seconds, deque[float](maxlen=rate.count)) for rate in rates]

    @property
    def next(self) -> float:
        """The earliest moment for one more."""
        full = (sent[0] + seconds for seconds, sent in self._sent if len(sent) == sent.maxlen)
        return max(full, default=-inf)

    @property
    def idle_at(self) -> float:
        """When nothing of what went counts any more."""
        return max((sent[-1] + seconds for seconds, sent in self._sent if sent), default=-inf)

    def take(self, now: float) -> None:
        """One goes now."""
        for _, sent in self._sent:
            sent.append(now)

    def took(self, now: float) -> None:
        """The last one has arrived by now: when it did on its way nobody knows."""
        for _, sent in self._sent:
            if sent:
                sent[-1] = now


def always(message: Message) -> bool:  # noqa: ARG001 - as a platform tells it
    """Every message counts."""
    return True


@dataclass(slots=True)
class Trouble:
    """Words that failed: how often, and when they may be tried again."""

    attempts: int = 0
    again: float = -inf


@dataclass(slots=True, eq=False)
class Chat:
    """What waits for one address, in order."""

    place: Address
    pace: Pace
    words: deque[Waiting] = field(default_factory=deque)
    troubles: dict[int, Trouble] = field(default_factory=dict)
    wire: Waiting | None = None
    # Those for which it is too late: whoever tells the core of it takes them away.
    late: set[int] = field(default_factory=set)
    reachable: bool = True
    # Whether a message counts to the rates of its place.
    counts: Callable[[Message], bool] = always
    again: float = -inf

    @property
    def urgency(self) -> Lane:
        """That of the most urgent: what stands before it has to go first."""
        return min(waiting.message.lane for waiting in self.words)

    def first(self, now: float) -> tuple[Waiting | None, float]:
        """What goes next and when it may. Words that failed often let others pass."""
        latest = inf
        for waiting in self.words:
            if waiting.id in self.late:
                continue
            trouble = self.troubles.get(waiting.id)
            paced = self.pace.next if self.counts(waiting.message) else -inf
            if trouble is None:
                return waiting, max(self.again, paced)
            if trouble.attempts < self._holding_up(waiting) or trouble.again <= now:
                return waiting, max(self.again, paced, trouble.again)
            latest = min(latest, trouble.again)
        return None, latest

    def _holding_up(self, waiting: Waiting) -> int:
        """After how many failures words no longer hold up others: at once, if those are urgent."""
        return 1 if self.urgency <= URGENT < waiting.message.lane else HOLDING_UP

    def sayable(self, now: float, wall: datetime) -> bool:
        """Whether something waits that may be said now."""
        waiting, moment = self.first(now)
        if waiting is None or moment > now or not self.reachable:
            return False
        until = waiting.message.until
        return until is None or until > wall


class Picked(NamedTuple):
    """What is to be said next; without it, the moment until which there is nothing to say."""

    chat: Chat | None
    waiting: Waiting | None
    moment: float


class Queue:
    """Everything that is to be said with one token of a platform."""

    def __init__(self, platform: Platform) -> None:
        """Nothing waits yet."""
        self.platform = platform
        self.name = platform.name
        self.chats: dict[Address, Chat] = {}
        # What is said just now, by its urgency; and the answers that count to no rate.
        self.on_wire: dict[int, Lane] = {}
        self._answering: set[int] = set()
        # Where each row waits, and how many of them are reminders.
        self.rows: dict[int, Chat] = {}
        # How many of them can be said to somebody, and how many of those are reminders.
        self.sayable = 0
        self.reminders = 0
        # After an outage reminders go out at half the pace until nobody waits any more.
        self.recovering = True
        rate = platform.rate
        self._pace, self._half = self._paces()
        self._again = -inf
        self._failures = 0
        # By urgency and age. An entry that is not true any more is passed over.
        self._ready: list[tuple[Lane, int, int, Chat]] = []
        self._answers: list[tuple[Lane, int, int, Chat]] = []
        self._asleep: list[tuple[float, int, Chat]] = []
        self._entries = count()
        self.ahead = max(1, int(rate.count / rate.seconds * AHEAD)) if rate else AHEAD_UNLIMITED

    def _paces(self) -> tuple[Pace, Pace]:
        """That of the token, and half of it."""
        rate = self.platform.rate
        if rate is None:
            return Pace(), Pace()
        spaced = rate.seconds / rate.count
        return Pace(Rate(1, spaced)), Pace(Rate(1, 2 * spaced))

    @property
    def room(self) -> int:
        """How many more may wait; none until half of it is free, so that it is filled in one go."""
        return self.ahead - self.sayable if self.sayable <= self.ahead // 2 else 0

    def chat(self, place: Address) -> Chat:
        """That of an address, made when it is first needed."""
        if place not in self.chats:
            pace = Pace(*self.platform.rates_at(place))
            self.chats[place] = Chat(place, pace, counts=self.platform.counts)
        return self.chats[place]

    def add(self, waiting: Waiting, now: float) -> None:
        """One more at the end of its chat."""
        chat = self.chat(waiting.message.to)
        chat.words.append(waiting)
        self.rows[waiting.id] = chat
        if chat.reachable:
            self._count(waiting, 1)
        self.offer(chat, now)

    def remove(self, chat: Chat, waiting: Waiting) -> None:
        """It waits no more."""
        chat.words.remove(waiting)
        chat.troubles.pop(waiting.id, None)
        chat.late.discard(waiting.id)
        del self.rows[waiting.id]
        if chat.reachable:
            self._count(waiting, -1)

    def _count(self, waiting: Waiting, one: int) -> None:
        self.sayable += one
        self.reminders += one * (waiting.message.lane >= Lane.REMINDER)

    def reach(self, chat: Chat, *, reachable: bool) -> None:
        """Somebody is there or not; what waits for nobody takes no room from others."""
        if chat.reachable != reachable:
            chat.reachable = reachable
            for waiting in chat.words:
                self._count(waiting, 1 if reachable else -1)

    def offer(self, chat: Chat, now: float) -> None:
        """Line a chat up: for now if it may go, else for when it may."""
        if chat.wire or not chat.words or not chat.reachable:
            return
        waiting, moment = chat.first(now)
        entry = next(self._entries)
        if waiting is not None and moment <= now:
            ready = self._ready if chat.counts(waiting.message) else self._answers
            heappush(ready, (chat.urgency, waiting.id, entry, chat))
        else:
            heappush(self._asleep, (moment, entry, chat))

    def tidy(self, chat: Chat, now: float) -> None:
        """Forget a chat for which nothing waits, once nothing that was said there counts."""
        if chat.words or chat.wire:
            return
        idle_at = max(chat.pace.idle_at, chat.again)
        if idle_at > now:
            heappush(self._asleep, (idle_at, next(self._entries), chat))
        elif self.chats.get(chat.place) is chat:  # not a later one of the same address
            del self.chats[chat.place]

    def pick(self, now: float, wall: datetime) -> Picked:
        """What to say next, which is on the wire from now on; or until when there is nothing."""
        while self._asleep and self._asleep[0][0] <= now:
            chat = heappop(self._asleep)[2]
            self.offer(chat, now)
            self.tidy(chat, now)
        picked = self._pick(self._answers, now, wall)
        if picked.chat is None:
            picked = self._pick(self._ready, now, wall)
        wakes = self._asleep[0][0] if self._asleep else inf
        return picked if picked.chat else Picked(None, None, min(wakes, picked.moment))

    def _pick(self, ready: list[tuple[Lane, int, int, Chat]], now: float, wall: datetime) -> Picked:
        while ready:
            urgency, row, _, chat = ready[0]
            waiting, moment = chat.first(now)
            true = waiting is not None and waiting.id == row and chat.urgency == urgency
            if waiting is None or not true or chat.wire or not chat.reachable or moment > now:
                heappop(ready)
                self.offer(chat, now)  # something else of it may be first by now
                continue
            may = self._may_go(urgency) if ready is self._ready else self._may_answer
            if may > now:
                return Picked(None, None, may)
            heappop(ready)
            if waiting.message.until is not None and waiting.message.until <= wall:
                chat.late.add(waiting.id)
                self.offer(chat, now)
                continue
            if ready is self._ready:
                self._take(chat, waiting, urgency, now)
            else:
                chat.wire = waiting
                self._answering.add(waiting.id)
            return Picked(chat, waiting, now)
        return Picked(None, None, inf)

    @property
    def _may_answer(self) -> float:
        """When one more answer may go that counts to no rate; for ever is until one has landed."""
        return inf if len(self._answering) >= ANSWERS else -inf

    def _may_go(self, urgency: Lane) -> float:
        """When one more that urgent may go; for ever is until one has landed."""
        ordinary = sum(each > URGENT for each in self.on_wire.values())
        free = urgency <= URGENT or ordinary < LANES - KEPT_FOR_URGENT
        if len(self.on_wire) >= LANES or not free:
            return inf
        if self.recovering and urgency >= Lane.REMINDER:
            return max(self.paced, self._half.next)
        return self.paced

    def _take(self, chat: Chat, waiting: Waiting, urgency: Lane, now: float) -> None:
        chat.wire = waiting
        self.on_wire[waiting.id] = urgency
        chat.pace.take(now)
        self._pace.take(now)
        self._half.take(now)

    @property
    def paced(self) -> float:
        """The earliest moment for one more with this token."""
        return max(self._again, self._pace.next)

    def beside(self, now: float) -> None:
        """Something that does not stand in this queue goes now."""
        self._pace.take(now)
        self._half.take(now)

    def landed(self, chat: Chat, now: float) -> None:
        """What was on the wire has come to its end."""
        if chat.wire and chat.wire.id in self._answering:
            self._answering.remove(chat.wire.id)
        elif chat.wire:
            del self.on_wire[chat.wire.id]
            chat.pace.took(now)
        chat.wire = None

    def said(self) -> None:
        """The platform took something: it is not in trouble."""
        self._failures = 0

    def later(self, now: float, after: float) -> None:
        """The platform takes nothing from this token for so many seconds."""
        self._again = max(self._again, now + after)
        self.recovering = True

    def try_again(self, chat: Chat, waiting: Waiting, now: float) -> None:
        """It failed: a little later, and later each time."""
        self._failures += 1
        if self._failures >= OUTAGE:
            self.recovering = True
        trouble = chat.troubles.setdefault(waiting.id, Trouble())
        last = LAST_URGENT_BACKOFF if waiting.message.lane <= URGENT else LAST_BACKOFF
        trouble.again = now + min(FIRST_BACKOFF * 2 ** min(trouble.attempts, 20), last)
        trouble.attempts += 1

    def wake_all(self) -> None:
        """Nobody waits for a moment any more, since the clock was taken back."""
        self._again = -inf
        self._pace, self._half = self._paces()
        self._asleep.clear()
        for chat in self.chats.values():
            chat.again = -inf
            chat.pace = Pace(*self.platform.rates_at(chat.place))
            chat.troubles.clear()
            chat.late.clear()
            self.offer(chat, -inf)
