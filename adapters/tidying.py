"""Buttons that were answered are taken away: beside everything else, and never in its way."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

IDLE = 2.5
"""Seconds in which nobody has said anything in a chat: nobody's next tap waits for this."""

KEPT = 2000
"""Messages that wait for it; of more, the oldest keep their buttons, which still get an answer."""


class Tidying:
    """Messages whose buttons are to go, the oldest first, as soon as their chat is quiet."""

    def __init__(
        self,
        strip: Callable[[str, str], Awaitable[None]],
        quiet: Callable[[str, float], bool],
        each: float,
    ) -> None:
        """``strip`` takes the buttons of a chat's message, and never raises.

        ``quiet``: whether nobody has said anything in a chat for so many seconds. ``each``: seconds
        between two of them.
        """
        self._strip = strip
        self._quiet = quiet
        self._each = each
        self._waiting: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._work: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether there is something to do."""
        return self._work is not None and not self._work.done()

    def add(self, chat: str, message: str) -> None:
        """The buttons of that message are to go."""
        self._waiting[(chat, message)] = None
        if len(self._waiting) > KEPT:
            self._waiting.popitem(last=False)
        if not self.busy:
            self._work = asyncio.create_task(self._tidy(), name="tidying")

    def discard(self, chat: str, message: str) -> None:
        """It has new ones."""
        self._waiting.pop((chat, message), None)

    async def stop(self) -> None:
        """Leave the rest as it is."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _tidy(self) -> None:
        while self._waiting:
            quiet = (each for each in self._waiting if self._quiet(each[0], IDLE))
            if found := next(quiet, None):
                del self._waiting[found]
                await self._strip(*found)
            await asyncio.sleep(self._each)
