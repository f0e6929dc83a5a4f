"""What is remembered of each chat while the program runs: its pace, and what stands last in it."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf

from telegram.constants import FloodLimit

from bot.events import AskPlace, Rate, TryLater
from bot.sending.queue import Pace

IN_A_CHAT = Rate(int(FloodLimit.MESSAGES_PER_SECOND_PER_CHAT), 1.0)
IN_A_GROUP = Rate(int(FloodLimit.MESSAGES_PER_MINUTE_PER_GROUP), 60.0)
"""core.telegram.org/bots/faq: one message a second in a chat, twenty a minute in a group."""

PATIENCE = 1.5
"""Seconds that a message waits for its chat here, between two parts of it; longer waits are the
sender's, where nobody else waits for them."""

REMEMBERED = 10_000
"""Chats: of more, those are forgotten in which nothing was said for the longest."""


def rates(chat: str) -> tuple[Rate, ...]:
    """What a chat takes; groups have negative numbers."""
    return (IN_A_CHAT, IN_A_GROUP) if chat.startswith("-") else (IN_A_CHAT,)


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap on a button of a message that has its answer."""

    message: int
    data: str
    at: float


@dataclass(slots=True)
class Chat:
    """One chat: ``newest`` is its last message, ``pressed`` the one a button was tapped on.

    ``closed``: until when Telegram takes nothing for it. ``rest`` is the last message of a rest
    that has buttons. ``tapped`` is the last tap, ``unread`` the last thing we cannot read.
    ``told``: whether the last thing they said may be where they are. ``heard``: when anybody said
    something there.
    """

    pace: Pace
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    newest: int = 0
    pressed: int = 0
    place_asked: AskPlace | None = None
    closed: float = 0.0
    heard: float = -inf
    rest: int = 0
    tapped: Tap | None = None
    unread: float = -inf
    told: bool = False


class Chats:
    """The chats of one bot."""

    def __init__(self, now: Callable[[], float]) -> None:
        """``now``: seconds of a clock that never goes back."""
        self._now = now
        # Until when Telegram takes nothing from us, anywhere.
        self._closed = 0.0
        self._chats: OrderedDict[str, Chat] = OrderedDict()

    def of(self, chat: str) -> Chat:
        """The chat of that number."""
        found = self._chats.get(chat)
        if found is None:
            found = self._chats[chat] = Chat(Pace(*rates(chat)))
        self._chats.move_to_end(chat)
        oldest = next(iter(self._chats.values()))
        if len(self._chats) > REMEMBERED and not oldest.turn.locked():
            self._chats.popitem(last=False)
        return found

    def wait(self, chat: str) -> float:
        """Seconds until that chat takes one more."""
        here = self.of(chat)
        return max(0.0, max(here.pace.next, here.closed, self._closed) - self._now())

    def close(self, chat: str, seconds: float, *, everywhere: bool) -> None:
        """Telegram takes nothing for so long: for this chat, or from this bot."""
        until = self._now() + seconds
        self.of(chat).closed = until
        if everywhere:
            self._closed = max(self._closed, until)

    def quiet(self, chat: str, idle: float = 0.0) -> bool:
        """Whether nothing is said there now, or in the last seconds, and one more could be."""
        here = self.of(chat)
        busy = here.turn.locked() or self.wait(chat) > 0
        return not busy and self._now() - here.heard >= idle

    def heard(self, chat: str) -> None:
        """Somebody said something there."""
        self.of(chat).heard = self._now()

    @asynccontextmanager
    async def turn(self, chat: str) -> AsyncIterator[Chat]:
        """One request to a chat at a time, and no sooner than it takes it."""
        here = self.of(chat)
        async with here.turn:
            # More than once: Telegram may have closed meanwhile.
            while (wait := self.wait(chat)) > 0:
                if wait > PATIENCE:
                    raise TryLater(wait)
                await asyncio.sleep(wait)
            here.pace.take(self._now())
            try:
                yield here
            finally:
                here.pace.took(self._now())
