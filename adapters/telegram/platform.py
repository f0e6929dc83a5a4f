"""One bot on Telegram: how its words are sent, and how its buttons are answered."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar

from telegram import (
    InputFile,
    LinkPreviewOptions,
    ReplyKeyboardRemove,
    User,
)
from telegram.constants import CallbackQueryLimit, FloodLimit, ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from adapters.telegram import markup
from adapters.telegram.chats import PATIENCE, Chat, Chats, Tap, rates
from adapters.telegram.organisers import Organisers
from adapters.telegram.transport import RawBot, Transport, pause
from adapters.telegram.updates import PLATFORM, Seen
from adapters.text import label
from adapters.tidying import Tidying
from bot import logs
from bot.content.words import Span
from bot.events import (
    Address,
    AskPlace,
    Event,
    Lane,
    Location,
    Message,
    Press,
    Rate,
    Receipt,
    Refused,
    Taken,
    Text,
    TryLater,
    Unreachable,
    Unreadable,
)
from bot.service import Service

EVERYWHERE = Rate(int(FloodLimit.MESSAGES_PER_SECOND) - 6, 1.0)
"""Telegram takes about 30 a second of one bot (core.telegram.org/bots/faq). Six are left for what
tidies up, and for messages that a network brings closer together than they were sent."""

DOUBLE_TAP = 3.0
"""Seconds within which the same tap on the same message is one."""

QUERIES = 1000
"""Taps that are remembered as answered."""

ALBUM = 20.0
"""Seconds within which pictures get one answer together."""

ANSWERED_WITHIN = 2.0
"""Seconds until a tapped button stops turning, whether or not we know what it did."""

AT_LEAST = 0.05
"""Seconds until a chat is tried again in which something else is just said."""

TIDIED_EACH = 0.3
"""Seconds between two messages whose buttons are taken away: an edit counts as one, perhaps."""

STRIPPED = 2.0
"""Seconds that it may take: nobody waits for it, and the next one does."""

NOT_YET = 1.0
"""Seconds until the sender tries again while we are not connected."""

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

# What Telegram says in its refusals, in small letters (tdlib/telegram-bot-api, Client.cpp).
SAME = "message is not modified"
NOT_THERE = ("message to edit not found", "message can't be edited", "message_id_invalid")
NOBODY = ("chat not found", "peer_id_invalid", "user not found", "bot is not a member")
NOT_ALLOWED = (
    *("chat_write_forbidden", "chat_send_plain_forbidden", "chat_restricted", "topic_closed"),
    *("not enough rights to send text messages", "have no rights to send a message"),
)
NO_TOPIC = ("message thread not found", "topic_deleted", "topic_closed")
BAD_MARKUP = "can't parse entities"

Said = TypeVar("Said")

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Where:
    """A chat, and the topic in it."""

    chat: str
    topic: int | None = None


class Telegram:
    """The platform for the service, over one token."""

    name = PLATFORM
    rate: Rate | None = EVERYWHERE

    def __init__(self, token: str, api: str) -> None:
        """``api`` is the address of the Bot API server."""
        self.transport = Transport(api)
        self.bot = RawBot(
            token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=self.transport,
            get_updates_request=self.transport,
        )
        self.me: User | None = None
        self.organisers = Organisers(self.bot, time.monotonic)
        self._chats = Chats(time.monotonic)
        # Groups that have become supergroups since: their new number.
        self._moved: dict[str, str] = {}
        self._moments = True
        self._asides: set[asyncio.Task[None]] = set()
        self._queries: OrderedDict[str, None] = OrderedDict()
        self._tidying = Tidying(self._strip, self._chats.quiet, TIDIED_EACH)

    @property
    def username(self) -> str:
        """The bot's name, once connected."""
        return (self.me.username or "") if self.me else ""

    async def close(self) -> None:
        """What only tidies up is left; nothing is lost with it."""
        await self._tidying.stop()
        for task in self._asides:
            task.cancel()
        await asyncio.gather(*self._asides, return_exceptions=True)
        await self.transport.shutdown()

    def rates_at(self, place: Address) -> tuple[Rate, ...]:
        """What a chat or a group takes."""
        return rates(place.chat_id)

    def counts(self, message: Message) -> bool:
        """Every message, whatever it answers, but what stays nowhere."""
        return not message.passing

    # Saying

    async def send(
        self,
        message: Message,
        edits: str = "",
        number: int = 0,  # noqa: ARG002 - Telegram has nothing that would know it again
    ) -> Receipt:
        """Say it; raises `Unreachable`, `TryLater` or `Refused`, or what may pass by itself."""
        if message.passing:
            return Receipt()  # the tap was answered with its notice
        if self.me is None:
            raise TryLater(NOT_YET, everywhere=True)
        where = self._where(message.to)
        group = _is_group(where.chat)
        wait = self._chats.wait(where.chat)
        if wait > PATIENCE or (group and not self._chats.quiet(where.chat)):
            # Each topic of a group has a place in the sender of its own, but their pace is one.
            raise TryLater(max(AT_LEAST, wait))
        self._chats.heard(where.chat)
        try:
            return await self._say(where, message, edits)
        except ChatMigrated as error:
            self.follow(where.chat, str(error.new_chat_id))
            raise TryLater(0.0) from None
        except RetryAfter as error:
            raise self._heed(where.chat, error) from None
        except Forbidden:
            raise Unreachable from None
        except InvalidToken:
            raise TryLater(NOT_YET, everywhere=True) from None
        except BadRequest as error:
            if _says(error, *NOBODY, *(NOT_ALLOWED if group else ())):
                raise Unreachable from None
            log.warning("Telegram refused a message", why=_reason(error))
            raise Refused from None

    def _heed(self, chat: str, error: RetryAfter) -> TryLater:
        """Say nothing for as long as Telegram wishes.

        It does not tell whether it means the chat or the bot. A group has its own limit; in a chat
        of two it is the bot's, since we keep to the other.
        """
        everywhere = not _is_group(chat)
        self._chats.close(chat, pause(error), everywhere=everywhere)
        return TryLater(pause(error), everywhere=everywhere)

    def _where(self, place: Address) -> Where:
        chat = self._moved.get(place.chat_id, place.chat_id)
        return Where(chat, int(place.thread) if place.thread.isdecimal() else None)

    def follow(self, chat: str, new: str) -> None:
        """A group has become another chat."""
        self._moved[chat] = new

    async def _say(self, where: Where, message: Message, edits: str) -> Receipt:
        here = self._chats.of(where.chat)
        if edits.isdecimal() and _is_group(where.chat):
            # What a club reads is read where it stands, however much was said since. Messages of a
            # group that has become another chat stayed behind.
            moved = where.chat != message.to.chat_id
            if not moved and await self._edit(where, message, int(edits)):
                return Receipt(edits)
            if message.lane is Lane.SOCIAL:
                return Receipt(edits)
        elif edits.isdecimal() and self._looked_at(here, int(edits)):
            if await self._edit(where, message, int(edits)):
                return Receipt(edits)
        elif edits.isdecimal():
            self._tidying.add(where.chat, edits)
        if here.place_asked and here.told and message.buttons and message.lane > Lane.CUE:
            await self._take_back(where, here.place_asked)
        return Receipt(str(await self._write(where, message)))

    @staticmethod
    def _looked_at(here: Chat, number: int) -> bool:
        """Whether an edit of it will be seen: nothing stands below, or its button was tapped."""
        return number in (here.pressed, here.newest) or here.newest == 0

    async def _edit(self, where: Where, message: Message, number: int) -> bool:
        """Whether it could be edited; what is longer than a message comes anew.

        What a club reads has one place, and is cut to fit there.
        """
        runs = markup.parts(message.text)
        if message.lane is Lane.SOCIAL and _is_group(where.chat):
            runs = runs[:1]
        if len(runs) != 1 or message.file:
            return False

        async def edit(**text: Any) -> None:  # noqa: ANN401 - arguments of the library's
            async with self._chats.turn(where.chat):
                self._tidying.discard(where.chat, str(number))
                await self.bot.edit_message_text(
                    chat_id=where.chat,
                    message_id=number,
                    reply_markup=markup.buttons(message, self.username),
                    link_preview_options=NO_PREVIEW,
                    **text,
                )

        try:
            await self._written(runs[0], edit)
        except BadRequest as error:
            if _says(error, *NOT_THERE, *NO_TOPIC):
                return False
            if not _says(error, SAME):
                raise
        return True

    async def _write(self, where: Where, message: Message) -> int:
        """Send it in as many parts as it needs; the number of the last."""
        runs = markup.parts(message.text)
        caption = runs.pop() if runs and message.file and _fits_below(runs[-1]) else None
        number = 0
        for run in runs:
            last = run is runs[-1] and message.file is None
            number = await self._send(where, message, run, last=last)
        if message.file:
            number = await self._send(where, message, caption or [], last=True, file=True)
        return number

    async def _send(
        self, where: Where, message: Message, run: list[Span], *, last: bool, file: bool = False
    ) -> int:
        keys: Any = markup.keyboard(message, self.username) if last else None
        if keys is None and self._chats.of(where.chat).place_asked:
            keys = ReplyKeyboardRemove()

        async def send(topic: int | None, **text: Any) -> int:  # noqa: ANN401 - as above
            async with self._chats.turn(where.chat) as here:
                if file and message.file:
                    content = message.file.content.encode("utf-8", "replace")
                    if "text" in text:
                        text["caption"] = text.pop("text")
                    sent = await self.bot.send_document(
                        where.chat,
                        InputFile(BytesIO(content), filename=message.file.name, attach=True),
                        disable_notification=message.silent,
                        message_thread_id=topic,
                        reply_markup=keys,
                        **text,
                    )
                else:
                    sent = await self.bot.send_message(
                        where.chat,
                        disable_notification=message.silent,
                        link_preview_options=NO_PREVIEW,
                        message_thread_id=topic,
                        reply_markup=keys,
                        **text,
                    )
                self._sent(where.chat, here, sent.message_id, message, buttons=bool(keys))
                return sent.message_id

        try:
            return await self._written(run, lambda **text: send(where.topic, **text))
        except BadRequest as error:
            if where.topic is None or not _says(error, *NO_TOPIC):
                raise
            return await self._written(run, lambda **text: send(None, **text))

    def _sent(self, chat: str, here: Chat, number: int, message: Message, *, buttons: bool) -> None:
        """Remember what stands last in a chat now."""
        # What is edited from now on stands above, and nobody looks at it any more.
        here.newest, here.pressed = max(here.newest, number), 0
        here.place_asked = message.asks_place
        if message.lane <= Lane.CUE and buttons:
            if here.rest:
                self._tidying.add(
                    chat, str(here.rest)
                )  # each cue has the ways out of the one before
            here.rest = number

    async def _written(self, run: list[Span], say: Callable[..., Awaitable[Said]]) -> Said:
        """Say it as it is meant; where a server does not understand that, with less of it."""
        if not run:
            return await say()
        tries: list[dict[str, Any]] = [{"text": markup.bare(run), "parse_mode": None}]
        if any(span.moment for span in run):
            tries.append({"text": markup.html(run, moments=False), "parse_mode": ParseMode.HTML})
        if self._moments or not any(span.moment for span in run):
            tries.append({"text": markup.html(run), "parse_mode": ParseMode.HTML})
        while True:
            text = tries.pop()
            try:
                return await say(**text)
            except BadRequest as error:
                if not tries or not _says(error, BAD_MARKUP):
                    raise
                log.warning("Telegram did not understand our markup", left=len(tries))
                self._moments = self._moments and "<tg-time" not in str(text["text"])

    # Hearing

    def look(self, seen: Seen) -> None:
        """Remember what stands last in a chat."""
        if seen.moved:
            self.follow(*seen.moved)
        if not seen.chat:
            return
        self._chats.heard(seen.chat)
        here = self._chats.of(seen.chat)
        if seen.query:
            here.pressed, here.told = seen.message, False
        else:
            here.newest, here.pressed = max(here.newest, seen.message), 0
            said = seen.incoming.event if seen.incoming else None
            here.told = isinstance(said, Location | Text)

    async def hear(self, service: Service, seen: Seen, *, told: bool = False) -> Taken:
        """Hand an event over, and what became of it. A tap is answered in any case."""
        incoming = seen.incoming
        if incoming is None or self._same_again(seen, incoming.event):
            if seen.query and self._unanswered(seen.query):
                self._later(self._answer(seen.query, ""))
            return Taken(committed=True)
        hearing = asyncio.ensure_future(service.receive(incoming, told=told))
        if seen.query and self._unanswered(seen.query):
            self._later(self._answer_when(seen.query, hearing))
        taken = await hearing
        if taken and not taken.open and incoming.group is None:
            self._was_answered(seen, incoming.event)
        answered = taken and not taken.open and str(seen.message) not in taken.edits
        # In a group nobody's press takes away what is there for all.
        if seen.query and answered and incoming.group is None:
            self._tidying.add(seen.chat, str(seen.message))
        return taken

    def _unanswered(self, query: str) -> bool:
        """Whether a tap is to be answered: once, however often it is delivered or tried."""
        first = query not in self._queries
        self._queries[query] = None
        if len(self._queries) > QUERIES:
            self._queries.popitem(last=False)
        return first

    def _same_again(self, seen: Seen, event: Event) -> bool:
        """A finger that taps twice, or the next picture of an album: it has its answer."""
        here, now = self._chats.of(seen.chat), time.monotonic()
        match event:
            case Press(data) if here.tapped is not None:
                last = here.tapped
                same = (last.message, last.data) == (seen.message, data)
                return same and now - last.at < DOUBLE_TAP
            case Unreadable():
                return now - here.unread < ALBUM
            case _:
                return False

    def _was_answered(self, seen: Seen, event: Event) -> None:
        """From now on the same once more is the same again; not before, or it would be lost."""
        here, now = self._chats.of(seen.chat), time.monotonic()
        match event:
            case Press(data):
                here.tapped = Tap(seen.message, data, now)
            case Unreadable():
                here.unread = now
            case _:
                pass

    async def _answer_when(self, query: str, hearing: "asyncio.Future[Taken]") -> None:
        await asyncio.wait({hearing}, timeout=ANSWERED_WITHIN)
        known = hearing.done() and not hearing.cancelled() and not hearing.exception()
        await self._answer(query, label(hearing.result().notice) if known else "")

    async def _answer(self, query: str, notice: str) -> None:
        longest = int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)
        await self.bot.answer_callback_query(query, text=notice[:longest] or None)

    async def _take_back(self, where: Where, asked: AskPlace) -> None:
        """Take away the keyboard that shares a place, which a message with buttons cannot."""
        async with self._chats.turn(where.chat) as here:
            await self.bot.send_message(
                where.chat,
                label(asked.thanks),
                reply_markup=ReplyKeyboardRemove(),
                disable_notification=True,
            )
            here.place_asked = None

    async def _strip(self, chat: str, message: str) -> None:
        async with self._chats.turn(chat):
            pass  # the request itself holds up nobody: the way out may be next
        try:
            async with asyncio.timeout(STRIPPED):
                await self.bot.edit_message_reply_markup(chat, int(message), reply_markup=None)
        except RetryAfter as error:
            self._chats.close(chat, pause(error), everywhere=not _is_group(chat))
        except (TelegramError, TimeoutError):
            log.debug("buttons stay")

    def _later(self, work: Any) -> None:  # noqa: ANN401 - a coroutine
        """Beside everything else; whatever fails of it is not worth a second try."""

        async def quietly() -> None:
            with suppress(TelegramError):
                await work

        task = asyncio.create_task(quietly())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _is_group(chat: str) -> bool:
    """Groups have negative numbers (core.telegram.org/bots/api#chat)."""
    return chat.startswith("-")


def _says(error: BadRequest, *reasons: str) -> bool:
    return any(reason in error.message.casefold() for reason in reasons)


def _reason(error: BadRequest) -> str:
    """What Telegram says, without what it repeats of ours."""
    return error.message.partition(":")[0][:80]


def _fits_below(run: list[Span]) -> bool:
    return markup.units(markup.bare(run)) <= markup.LONGEST_CAPTION
