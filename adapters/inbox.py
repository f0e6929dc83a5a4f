"""Events on their way to the service: one person's in order, and none given up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot import logs
from bot.events import Taken

AT_ONCE = 32
"""Events in flight: more gain nothing, since they share commits (docs/performance.md)."""

AGAIN = 1.0
"""Seconds until what could not be committed is tried once more."""

Item = TypeVar("Item")

log = logs.get(__name__)


class _Going:
    """An event on its way; ``stirred`` once it is committed, or is known to have to wait."""

    def __init__(self) -> None:
        """Needs a running event loop."""
        self.stirred = asyncio.Event()
        self.committed = asyncio.Event()


class Inbox(Generic[Item]):
    """Hands events over: one person's in order, at most 32 at once."""

    def __init__(self, hear: Callable[[Item, bool], Awaitable[Taken]]) -> None:
        """``hear`` is told whether the person knows already that it has to wait."""
        self._hear = hear
        self._room = asyncio.Semaphore(AT_ONCE)
        self._last: dict[str, _Going] = {}
        self._told: set[object] = set()

    async def take(self, author: str, name: object, item: Item, *, patient: bool) -> bool:
        """Hand one over; whether it is committed. The patient one tries until it is."""
        going, before = _Going(), self._last.get(author)
        self._last[author] = going
        try:
            if before is not None:
                await self._follow(going, before, name, item)
            while not await self._try(going, name, item):
                if not patient:
                    return False
                await asyncio.sleep(AGAIN)
            return True
        finally:
            going.stirred.set()
            going.committed.set()
            if self._last.get(author) is going:
                del self._last[author]

    async def _follow(self, going: _Going, before: _Going, name: object, item: Item) -> None:
        """After what they said before; but a cry for help waits for no database."""
        await before.stirred.wait()
        if not before.committed.is_set() and await self._try(going, name, item):
            going.committed.set()
        await before.committed.wait()

    async def _try(self, going: _Going, name: object, item: Item) -> bool:
        if going.committed.is_set():
            return True
        told = name in self._told
        async with self._room:
            try:
                taken = await self._hear(item, told)
            except Exception:
                # Of our own making. Again and again it would hold up all that come after it.
                log.exception("an event could not be handled")
                return True
        if taken:
            self._told.discard(name)
            return True
        if taken.told:
            self._told.add(name)
        going.stirred.set()
        return False
