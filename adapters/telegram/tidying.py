"""Buttons that were answered are taken away: beside everything else, and never in its way."""

import asyncio
from collections import OrderedDict

from telegram.error import RetryAfter, TelegramError

from adapters.telegram.chats import Chats
from adapters.telegram.transport import RawBot, pause
from bot import logs

EACH = 0.3
"""Seconds between two of them: Telegram counts an edit as a message, perhaps."""

IDLE = 2.5
"""Seconds in which nobody has said anything in a chat: nobody's next tap waits for this."""

KEPT = 2000
"""Messages that wait for it; of more, the oldest keep their buttons, which still get an answer."""

TOOK = 2.0
"""Seconds that one may take: nobody waits for it, and the next one does."""


log = logs.get(__name__)


class Tidying:
    """Messages whose buttons are to go, the oldest first, as soon as their chat is quiet."""

    def __init__(self, bot: RawBot, chats: Chats) -> None:
        """Begins with the first message."""
        self._bot = bot
        self._chats = chats
        self._waiting: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._work: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether there is something to do."""
        return self._work is not None and not self._work.done()

    def add(self, chat: str, number: int) -> None:
        """The buttons of that message are to go."""
        self._waiting[(chat, number)] = None
        if len(self._waiting) > KEPT:
            self._waiting.popitem(last=False)
        if not self.busy:
            self._work = asyncio.create_task(self._tidy(), name="tidying")

    def discard(self, chat: str, number: int) -> None:
        """It has new ones."""
        self._waiting.pop((chat, number), None)

    async def stop(self) -> None:
        """Leave the rest as it is."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _tidy(self) -> None:
        while self._waiting:
            quiet = (each for each in self._waiting if self._chats.quiet(each[0], IDLE))
            if found := next(quiet, None):
                del self._waiting[found]
                await self._take_buttons(*found)
            await asyncio.sleep(EACH)

    async def _take_buttons(self, chat: str, number: int) -> None:
        async with self._chats.turn(chat):
            pass  # the request itself holds up nobody: the way out may be next
        try:
            await self._bot.edit_message_reply_markup(
                chat, number, reply_markup=None, read_timeout=TOOK, connect_timeout=TOOK
            )
        except RetryAfter as error:
            self._chats.close(chat, pause(error), everywhere=not chat.startswith("-"))
        except TelegramError:
            log.debug("buttons stay")
