"""Answering an interaction: once within three seconds, then as often as need be for 15 minutes.

Rules from the documentation, Interactions, Receiving and Responding.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable
from contextlib import suppress
from enum import Enum

from discord import HTTPException, InteractionResponseType, NotFound

from adapters.discord import markup
from adapters.discord.markup import Body
from adapters.discord.replies import Kind, Reply
from adapters.discord.rest import Rest
from bot.events import File

SOON = 1.5
"""Seconds after which Discord hears that the answer takes longer: it waits for three."""

LIVES = 15 * 60.0
"""Seconds for which an interaction can be answered."""

FINISHED_WITHIN = 60.0
"""Seconds until what turns for somebody is ended, if the words went another way."""

# Discord's codes: documentation, Opcodes and Status Codes.
ACKNOWLEDGED = 40060
UNKNOWN_INTERACTION = 10062
UNKNOWN_WEBHOOK = 10015
UNKNOWN_MESSAGE = 10008
BAD_WEBHOOK_TOKEN = 50027
TOO_MANY = 40094
"""Further answers, of an app that somebody uses where it is no member: it has five."""
UNKNOWN_CHANNEL = 10003
MISSING_ACCESS = 50001
OVER = (
    *(UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK, BAD_WEBHOOK_TOKEN, TOO_MANY),
    *(UNKNOWN_CHANNEL, MISSING_ACCESS),  # where it was asked is gone, but who asked is not
)

ANSWER = InteractionResponseType.channel_message
THINK = InteractionResponseType.deferred_channel_message
NOTED = InteractionResponseType.deferred_message_update
CHANGE = InteractionResponseType.message_update
PAGE = InteractionResponseType.modal
SUGGEST = InteractionResponseType.autocomplete_result


class Over(Exception):
    """An interaction cannot be answered any more."""


class State(Enum):
    """How far an interaction is answered.

    Not at all; with something that turns; by the message whose button was pressed, which may
    change; by a message of its own.
    """

    OPEN = "open"
    THINKING = "thinking"
    NOTED = "noted"
    SAID = "said"


BY = {THINK: State.THINKING, NOTED: State.NOTED, CHANGE: State.NOTED}
"""What each first answer leads to; all others are answers of their own."""


class Answer:
    """What is said to one interaction, in order."""

    def __init__(self, reply: Reply, rest: Rest, state: State, until: float) -> None:
        """``until``: the moment from which it is over, by the clock that never goes back."""
        self.reply = reply
        self.state = state
        self.until = until
        # What others see, too, stays as it is: whoever presses there is answered alone.
        self.public = reply.public
        # Whether any words were said to it.
        self.begun = state is not State.OPEN
        self._rest = rest
        self._turn = asyncio.Lock()
        # A first answer of which we do not know whether it arrived.
        self._tried: InteractionResponseType | None = None

    @property
    def live(self) -> bool:
        """Whether it can still be answered, as far as we know."""
        return time.monotonic() < self.until

    async def say(
        self, text: str, rows: list[Body], file: File | None = None, *, silent: bool = False
    ) -> str:
        """A message of its own; its id. Raises `Over`, or what the library raises."""
        hidden = not self.reply.alone
        body = markup.body(text, rows, hidden=hidden, silent=silent)
        async with self._turn:
            if self.state is State.OPEN:
                done = await self._first(ANSWER, body, file)
                if done is not None:
                    return done
            # The first of these ends what turns, and nothing new appears.
            done = await self._guarded(self._rest.further(self.reply, body, file))
            if self.state is State.THINKING:
                self.state = State.SAID
            return done

    async def change(self, body: Body) -> bool:
        """Write the message anew whose button was pressed; whether it could be done this way."""
        if self.public:
            return False
        async with self._turn:
            try:
                if self.state is State.OPEN and await self._first(CHANGE, body) is not None:
                    return True
                if self.state is not State.NOTED:
                    return False
                await self._guarded(self._rest.original(self.reply, body))
                return True
            except HTTPException as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                # It was deleted meanwhile.
                if self.state is State.NOTED:
                    self.state = State.SAID
                return False

    async def page(self, page: Body) -> bool:
        """Open a page to fill in; whether it could be: it is a first answer, or none."""
        async with self._turn:
            if self.state is not State.OPEN or self.reply.kind is Kind.MODAL:
                return False
            return await self._first(PAGE, page) is not None

    async def suggest(self, choices: list[dict[str, str]]) -> None:
        """What may be meant by what they are typing."""
        async with self._turn:
            await self._first(SUGGEST, {"choices": choices})

    async def note(self) -> None:
        """Say that it was heard, with nothing to see.

        After a press nothing turns, and what follows is seen by its author alone all the same:
        only what ends something that turns takes over whether it is hidden.
        """
        async with self._turn:
            if self.state is State.OPEN:
                await self._first(NOTED if self.reply.message else THINK, self._flags())

    async def drop(self) -> None:
        """End what turns, with nothing in its place."""
        async with self._turn:
            if self.state is State.THINKING:
                with suppress(NotFound):
                    await self._guarded(self._rest.drop_original(self.reply))
                self.state = State.SAID

    def _flags(self) -> Body | None:
        """Whether what follows is seen by its author only; decided here for good."""
        seen = self.reply.alone or self.reply.message
        return None if seen else {"flags": markup.HIDDEN}

    async def _first(
        self, kind: InteractionResponseType, data: Body | None, file: File | None = None
    ) -> str | None:
        """The first answer, and its message's id; None if there was another before.

        After one of which we do not know whether it arrived, Discord tells by refusing this one.
        """
        before, self._tried = self._tried, kind
        try:
            done = await self._rest.first(self.reply, kind, data, file)
        except HTTPException as error:
            self._tried = before
            if error.code == ACKNOWLEDGED:
                self.state = State.SAID if before is None else BY.get(before, State.SAID)
                if before is not kind:
                    return None
                return await self._made(kind)
            if error.code in OVER:
                self.until = 0.0
                raise Over from None
            raise
        self.state = BY.get(kind, State.SAID)
        return done

    async def _made(self, kind: InteractionResponseType) -> str:
        if kind is not ANSWER:
            return ""
        return await self._guarded(self._rest.find_original(self.reply))

    async def _guarded(self, request: Awaitable[str | None]) -> str:
        try:
            return await request or ""
        except HTTPException as error:
            if error.code in OVER:
                self.until = 0.0
                raise Over from None
            raise


class Answers:
    """The interactions of the last quarter of an hour."""

    def __init__(self, rest: Rest) -> None:
        """None yet."""
        self._rest = rest
        self._known: OrderedDict[str, Answer] = OrderedDict()

    def begin(self, reply: Reply) -> Answer | None:
        """One that has just come; None if it came before."""
        while self._known and not (oldest := next(iter(self._known.values()))).live:
            del self._known[oldest.reply.id]
        if reply.id in self._known:
            return None
        found = Answer(reply, self._rest, State.OPEN, time.monotonic() + LIVES)
        self._known[reply.id] = found
        return found

    def of(self, reply: Reply) -> Answer:
        """That of an interaction; of one from before a restart we know that it is late."""
        found = self._known.get(reply.id)
        if found is None:
            found = Answer(reply, self._rest, State.SAID, time.monotonic() + LIVES)
            self._known[reply.id] = found
        return found

    def live(self, reply: Reply) -> bool:
        """Whether it can still be answered, as far as we know."""
        known = self._known.get(reply.id)
        return known is None or known.live
