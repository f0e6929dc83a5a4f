"""Who may manage a club, as Telegram says it: asked before the core hears what they want."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from weakref import WeakValueDictionary

from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError

from adapters.telegram.transport import pause
from adapters.telegram.updates import changes_club
from bot import logs
from bot.events import Command, Incoming, Joined

ASKED_WITHIN = 5.0
"""Seconds in which Telegram must have said it: then somebody waits, and counts as no organiser."""

AGAIN = 0.5
"""Seconds between two tries."""

AT_ONCE = 8
"""Requests: of more, the words that are to be said would wait for a connection."""

KEPT_FOR = 30.0
"""Seconds for which an answer is good: several commands in a row ask once, and who manages a club
no more cannot for long."""

KEPT = 1000
"""Answers that are remembered."""

ORGANISERS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)

log = logs.get(__name__)


class Organisers:
    """What Telegram has said of late about who manages which club."""

    def __init__(self, bot: Bot, now: Callable[[], float]) -> None:
        """``now``: seconds of a clock that never goes back."""
        self._bot = bot
        self._now = now
        self._known: OrderedDict[tuple[str, str], tuple[bool, float]] = OrderedDict()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def introduce(self, incoming: Incoming) -> Incoming:
        """The same, with whether its author may manage the club, where that matters.

        What changes one club comes out in the order in which it went in; all else passes by.
        """
        club = incoming.club
        if club is None or not changes_club(incoming.event):
            return incoming
        turn = self._turns.setdefault(club.chat_id, asyncio.Lock())
        if not incoming.author or not isinstance(incoming.event, Command | Joined):
            async with turn:
                return incoming
        # Many are asked about at once, and yet nobody overtakes.
        asking = asyncio.create_task(self._may_manage(club.chat_id, incoming.author))
        try:
            async with turn:
                return replace(incoming, organiser=await asking)
        finally:
            asking.cancel()

    async def _may_manage(self, chat: str, who: str) -> bool:
        may, until = self._known.get((chat, who), (False, 0.0))
        if until > self._now():
            return may
        try:
            async with asyncio.timeout(ASKED_WITHIN):
                may = await self._asked(chat, int(who))
        except (TelegramError, TimeoutError) as error:
            log.warning("Telegram does not say who manages a club", why=type(error).__name__)
            return False
        self._known[(chat, who)] = may, self._now() + KEPT_FOR
        self._known.move_to_end((chat, who))
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return may

    async def _asked(self, chat: str, who: int) -> bool:
        while True:
            after = AGAIN
            try:
                async with self._room:
                    return await self._says(chat, who)
            except RetryAfter as error:
                after = pause(error)
                if after > ASKED_WITHIN:
                    raise
            except BadRequest:
                raise
            except (NetworkError, AttributeError, KeyError, TypeError):
                pass  # also an answer that is none
            await asyncio.sleep(after)

    async def _says(self, chat: str, who: int) -> bool:
        try:
            member = await self._bot.get_chat_member(chat, who)
        except BadRequest:
            # Where the members are hidden only an admin may ask for one of them; who manages the
            # group all may know (core.telegram.org/bots/api#getchatmember).
            found = await self._bot.get_chat_administrators(chat)
            return any(each.user.id == who for each in found)
        return member.status in ORGANISERS
