"""One bot on Discord: where its words go, and how what people do is answered."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime
from hashlib import blake2s
from typing import Any, NamedTuple

from aiohttp import ClientError
from discord import (
    AutoShardedClient,
    Client,
    DiscordException,
    EventStatus,
    Guild,
    HTTPException,
    Intents,
    MemberCacheFlags,
    RateLimited,
    ScheduledEvent,
    VoiceClient,
)

from adapters.discord import commands, markup, replies
from adapters.discord.answering import FINISHED_WITHIN, SOON, Answer, Answers, Over, State
from adapters.discord.chats import Chat, Chats
from adapters.discord.interactions import PLATFORM, SHOW, Seen, planned
from adapters.discord.rest import Rest
from adapters.inbox import Inbox
from adapters.text import label
from adapters.tidying import Tidying
from bot import logs
from bot.content.words import words
from bot.events import (
    Address,
    As,
    Button,
    Command,
    Event,
    Incoming,
    Lane,
    Left,
    Message,
    Press,
    Rate,
    Receipt,
    Refused,
    Taken,
    TryLater,
    Unreachable,
)
from bot.service import Service

EVERYWHERE = Rate(40, 1.0)
"""Discord takes 50 requests a second of one bot (documentation, Rate Limits); ten are left for
what is no message. Answers to interactions count to no such limit."""

IN_A_CHAT = Rate(4, 5.0)
"""Five in five seconds, as its answers tell; one is left for an edit."""

TIDIED_EACH = 0.2
"""Seconds between two messages whose buttons are taken away."""

STRIPPED = 2.0
"""Seconds that it may take: nobody waits for it, and the next one does."""

NOT_YET = 1.0
"""Seconds until the sender tries again while we are not logged in."""

BANNED = 60.0
"""Seconds to say nothing to a Discord that takes nothing more of a machine that erred often."""

DOUBLE_TAP = 3.0
"""Seconds within which the same tap on the same message is one."""

CALENDARS = 4
"""Servers whose calendars are told at once: a session begins with those of all."""

OVER_FOR_GOOD = (EventStatus.completed, EventStatus.canceled)
"""An entry stays so (documentation, Guild Scheduled Event, Valid Status Transitions)."""

LOOKED_AT = 20
"""Threads of ours that are looked through for somebody's, the newest first: each is a request."""

IN_THREAD = (Lane.EXIT, Lane.CUE)
"""What of a rest may stand where moderators can read: its cues, and nothing that was answered."""

LINK = "https://discord.com/channels"

# Discord's codes: documentation, Opcodes and Status Codes.
UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
ANOTHERS_MESSAGE = 50005
ARCHIVED = 50083
NOT_THERE = (UNKNOWN_MESSAGE, ANOTHERS_MESSAGE, UNKNOWN_CHANNEL)

log = logs.get(__name__)


class Entry(NamedTuple):
    """An entry of a server's calendar, as it was last told."""

    starts: datetime
    ends: datetime | None
    status: str
    deleted: bool


class Saying(NamedTuple):
    """Words on their way, as the service hands them over."""

    message: Message
    edits: str
    number: int

    @property
    def user(self) -> str:
        """Whose chat they are for."""
        return self.message.to.chat_id


def client(shards: int | None) -> Client:
    """A client that is not started: it keeps no members and no messages, and asks no privilege."""
    VoiceClient.warn_nacl = VoiceClient.warn_dave = False  # we write, and say so nowhere
    how: dict[str, Any] = {
        "intents": Intents(guilds=True, dm_messages=True, guild_scheduled_events=True),
        "member_cache_flags": MemberCacheFlags.none(),
        "chunk_guilds_at_startup": False,
        "max_messages": None,
        "max_ratelimit_timeout": 30.0,
    }
    return AutoShardedClient(shard_count=shards, **how) if shards else Client(**how)


class Discord:
    """The platform for the service, over one token."""

    name = PLATFORM
    rate: Rate | None = EVERYWHERE

    def __init__(self, token: str, shards: int | None = None) -> None:
        """``shards``: over so many connections; None for a single one."""
        self.token = token
        self.client = client(shards)
        self.rest = Rest(self.client)
        self.commands: dict[str, str] = {}
        self.logged_in = False
        self._answers = Answers(self.rest)
        self._chats = Chats()
        self._asides: set[asyncio.Task[None]] = set()
        self._tidying = Tidying(self._strip, self._quiet, TIDIED_EACH)

    async def close(self) -> None:
        """What only tidies up is left; nothing is lost with it."""
        await self._tidying.stop()
        for task in self._asides:
            task.cancel()
        await asyncio.gather(*self._asides, return_exceptions=True)
        await self.client.close()

    def rates_at(self, place: Address) -> tuple[Rate, ...]:  # noqa: ARG002 - the port's signature
        """What a chat takes."""
        return (IN_A_CHAT,)

    def counts(self, message: Message) -> bool:
        """Whether it is no answer to an interaction: those count to no limit of the bot's."""
        if message.to.thread:
            return True
        reply = replies.read(message.reply) if message.reply else None
        if reply is None or not self._answers.live(reply):
            return True
        if reply.alone or not message.in_rest:
            return False
        shown_alone = self._chats.of(message.to.chat_id).led and message.lane not in IN_THREAD
        return not shown_alone

    # Saying

    async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:
        """Say it; raises `Unreachable`, `TryLater` or `Refused`, or what may pass by itself."""
        if not self.logged_in:
            raise TryLater(NOT_YET, everywhere=True)
        said = Saying(message, edits, number)
        if message.to.thread:
            return await self._post(said)
        reply = replies.read(message.reply) if message.reply else None
        answer = self._answers.of(reply) if reply else None
        try:
            if message.passing:
                return await self._pass(message, answer)
            if not _of_a_rest(message):
                self._chats.of(said.user).led = False  # the next one tries their own chat first
            try:
                return await self._say(said, answer)
            except Over:
                return await self._tell(said)
        except DiscordException as error:
            raise _meaning(error) from None

    async def _post(self, said: Saying) -> Receipt:
        """In a channel of a club's: anew, or where it stands, however much was said since."""
        message = said.message
        texts = markup.texts(message.text, self.commands) or [""]
        rows = markup.buttons(message, words(""), alone=True)
        try:
            if said.edits.isdecimal() and await self._rewritten(said, texts[0], rows):
                return Receipt(said.edits)
            return Receipt(await self._send(message.to.thread, said, texts, rows))
        except HTTPException as error:
            if error.code == UNKNOWN_MESSAGE:
                return Receipt()  # said before, and taken away: the nonce is known
            raise (Unreachable() if error.code == ARCHIVED else _meaning(error)) from None
        except DiscordException as error:
            raise _meaning(error) from None

    async def _rewritten(self, said: Saying, text: str, rows: list[markup.Body]) -> bool:
        """Whether a post is dealt with by an edit; what somebody took away stays away."""
        try:
            await self.rest.edit(said.message.to.thread, said.edits, markup.edit(text, rows))
            return True
        except HTTPException as error:
            # In a thread that is folded away nobody sees an edit, and none opens it again.
            if error.code not in (UNKNOWN_MESSAGE, ANOTHERS_MESSAGE, ARCHIVED):
                raise
            return said.message.lane is Lane.SOCIAL

    async def _pass(self, message: Message, answer: Answer | None) -> Receipt:
        """A word to whoever pressed, and to nobody if that cannot be said there."""
        if answer is None or not answer.live:
            return Receipt()
        text = "\n".join(markup.texts(message.notice or message.text, self.commands))
        with suppress(Over):
            if answer.reply.alone:  # there it would stay
                await answer.note()
                await answer.drop()
            else:
                await answer.say(text, [])
                answer.begun = True
        return Receipt()

    async def _say(self, said: Saying, answer: Answer | None) -> Receipt:
        if answer is None or not answer.live:
            return await self._tell(said)
        if said.message.in_rest and not answer.reply.alone:
            return await self._lead(said, answer)
        return await self._answer(said, answer)

    async def _answer(self, said: Saying, answer: Answer) -> Receipt:
        """As the answer to an interaction, where it was made."""
        message, reply, form = said.message, answer.reply, said.message.form
        if form and form.shown is As.PAGE and await answer.page(markup.page(form)):
            # Whoever closes it may open it again at once.
            self._chats.of(said.user).tapped = None
            return Receipt(said.edits)
        texts = markup.texts(message.text, self.commands) or [""]
        rows = markup.buttons(message, words(reply.locale), alone=reply.alone)
        first = not answer.begun
        here = bool(reply.message) and reply.message == said.edits
        if len(texts) == 1 and message.file is None:
            turns_into = reply.hidden and first and not message.aside
            if (here or turns_into) and await answer.change(markup.edit(texts[0], rows)):
                answer.begun = True
                return Receipt(said.edits if here else "")
            if here and reply.alone:
                return await self._tell(said)
        if reply.message and first and not message.aside:
            await answer.change({"components": []})  # it has its answer
        for text in texts[:-1]:
            await answer.say(text, [])
        number = await answer.say(texts[-1], rows, message.file, silent=message.silent)
        answer.begun = True
        if not reply.alone:
            return Receipt()  # what only they can see can be changed through them alone
        self._sent(said, self._chats.of(said.user).id, number, buttons=bool(rows))
        return Receipt(number)

    async def _lead(self, said: Saying, answer: Answer) -> Receipt:
        """A rest is led in the chat of two, wherever it was begun; where it goes on is said."""
        spoken, chat = words(answer.reply.locale), self._chats.of(said.user)
        was_led = chat.led
        try:
            receipt = await self._tell(said, answer)
        except (DiscordException, Unreachable) as error:
            if isinstance(_meaning(error), Unreachable) and not answer.begun:
                await self._point(answer, "discord.closed", [])
            raise
        if answer.begun and chat.led == was_led:
            return receipt
        if chat.led and answer.reply.channel == chat.thread:
            answer.begun = True  # they are there
            with suppress(Over):
                await answer.change({"components": []})
        elif chat.led:
            way = f"{LINK}/{answer.reply.guild}/{chat.thread}"
            rows = markup.link(spoken("discord.go_thread"), way)
            await self._point(answer, "discord.in_thread", rows)
        else:
            rows = markup.link(spoken("discord.go"), f"{LINK}/@me/{chat.id}")
            await self._point(answer, "discord.in_chat", rows)
        return receipt

    async def _point(self, answer: Answer, key: str, rows: list[markup.Body]) -> None:
        """Say where it goes on; nothing is lost if that cannot be said."""
        turns_into = answer.reply.hidden and not answer.begun
        answer.begun = True
        text = "\n".join(markup.texts(words(answer.reply.locale)(key), self.commands))
        with suppress(Over, DiscordException, OSError, ClientError):
            if not (turns_into and await answer.change(markup.edit(text, rows))):
                await answer.say(text, rows)

    async def _tell(self, said: Saying, answer: Answer | None = None, *, gone: str = "") -> Receipt:
        """Into the chat of two; what belongs to a rest into a thread where that chat is closed.

        ``gone``: a thread in which nothing can be said.
        """
        chat = self._chats.of(said.user)
        if not chat.led:
            try:
                return await self._write(said, await self._open(said.user))
            except HTTPException as error:
                if error.code == UNKNOWN_CHANNEL and chat.id:
                    chat.id = ""  # another one may have taken its place
                    return await self._write(said, await self._open(said.user))
                if not isinstance(_meaning(error), Unreachable) or not _of_a_rest(said.message):
                    raise
            chat.thread = chat.thread or await self._thread(said.user, answer, gone)
            chat.led = True
        return await self._in_thread(said, answer, gone=gone)

    async def _open(self, user: str) -> str:
        chat = self._chats.of(user)
        if not chat.id:
            chat.id = await self.rest.open_chat(user)
        return chat.id

    async def _write(self, said: Saying, channel: str) -> Receipt:
        """A message in a channel, or an edit of what its slot shows, if anybody will see that."""
        message, edits = said.message, said.edits
        texts = markup.texts(message.text, self.commands) or [""]
        rows = markup.buttons(message, words(""), alone=True)
        chat = self._chats.of(said.user)
        if edits.isdecimal() and len(texts) == 1 and message.file is None:
            if chat.newest in (0, int(edits)):
                try:
                    self._tidying.discard(channel, edits)
                    await self.rest.edit(channel, edits, markup.edit(texts[0], rows))
                    return Receipt(edits)
                except HTTPException as error:
                    if error.code not in NOT_THERE:
                        raise
            else:
                self._tidying.add(channel, edits)
        number = await self._send(channel, said, texts, rows)
        self._sent(said, channel, number, buttons=bool(rows))
        return Receipt(number)

    async def _send(
        self, channel: str, said: Saying, texts: list[str], rows: list[markup.Body]
    ) -> str:
        """Messages in a channel, in as many parts as it needs; the number of the last."""
        number, message = "", said.message
        for nth, text in enumerate(texts):
            last = nth == len(texts) - 1
            body = markup.body(text, rows if last else [], silent=message.silent)
            if said.number:
                # Said once, however often it is tried: Discord knows it again for some minutes.
                nonce = f"{said.number}.{nth}" if nth else str(said.number)
                body |= {"nonce": nonce, "enforce_nonce": True}
            number = await self.rest.send(channel, body, message.file if last else None)
        return number

    def _sent(self, said: Saying, channel: str, number: str, *, buttons: bool) -> None:
        """Remember what stands last in a chat now."""
        chat = self._chats.of(said.user)
        chat.newest = max(chat.newest, int(number or 0))
        if said.message.lane <= Lane.CUE and buttons and number:
            if chat.rest:
                self._tidying.add(*chat.rest)  # each cue has the ways out of the one before
            chat.rest = (channel, number)

    # A thread where the chat of two is closed

    async def _thread(self, user: str, answer: Answer | None, gone: str) -> str:
        """One that is there, or a new one where they have spoken. Raises `Unreachable`."""
        me = self.client.user.id if self.client.user else 0
        ours = [
            thread.id
            for guild in self.client.guilds
            for thread in guild.threads
            if thread.owner_id == me and thread.is_private() and not thread.archived
            if str(thread.id) != gone
        ]
        for found in sorted(ours, reverse=True)[:LOOKED_AT]:
            with suppress(HTTPException):
                await self.rest.thread_member(str(found), user)
                return str(found)
        if answer is None or not answer.reply.channel:
            raise Unreachable
        spoken = words(answer.reply.locale)
        try:
            name = label(spoken("discord.thread"))
            where = answer.reply.parent or answer.reply.channel
            thread_id = await self.rest.open_thread(where, name, user)
            text = "\n".join(markup.texts(spoken("discord.thread.who"), self.commands))
            await self.rest.send(thread_id, markup.body(text, []))
        except HTTPException as error:
            log.info("no thread", code=error.code)
            raise Unreachable from None
        return thread_id

    async def _in_thread(self, said: Saying, answer: Answer | None, *, gone: str = "") -> Receipt:
        """Cues only: moderators can read there. What is personal is shown to its owner alone."""
        chat, message = self._chats.of(said.user), said.message
        if message.lane not in IN_THREAD:
            if answer is not None and answer.live:
                return await self._answer(said, answer)
            if not message.in_rest:
                raise Unreachable
            spoken = words(chat.locale)
            row = (Button(spoken("discord.show"), SHOW),)
            message = Message(message.to, spoken("discord.thread.more"), (row,), lane=Lane.CUE)
            said = Saying(message, "", said.number)
        try:
            return await self._write(Saying(message, "", said.number), chat.thread)
        except HTTPException as error:
            if not (isinstance(_meaning(error), Unreachable) or error.code == ARCHIVED):
                raise
        # It is gone: their own chat may be open by now, or there is room for another thread.
        failed, chat.thread, chat.led = chat.thread, "", False
        if gone:
            raise Unreachable
        return await self._tell(said, answer, gone=failed)

    # Hearing

    def hearing(self, service: Service) -> "Hearing":
        """Whoever hands over what people do."""
        return Hearing(self, service, self._answers, self._chats)

    async def until_closed(self, work: Coroutine[Any, Any, None]) -> None:
        """To its end, or to ours: nothing is under way any more when the connections close."""
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)
        with suppress(asyncio.CancelledError):
            await task

    def later(self, work: Coroutine[Any, Any, object]) -> None:
        """Beside everything else; whatever fails of it is not worth a second try."""

        async def quietly() -> None:
            with suppress(Over, DiscordException, OSError, ClientError):
                await work

        task = asyncio.create_task(quietly())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _strip(self, channel: str, message: str) -> None:
        with suppress(DiscordException, OSError, ClientError):
            async with asyncio.timeout(STRIPPED):
                await self.rest.edit(channel, message, {"components": []})

    def _quiet(self, channel: str, idle: float) -> bool:  # noqa: ARG002 - their own limit paces it
        return True


class Hearing:
    """What people do on Discord, on its way to the service."""

    def __init__(self, discord: Discord, service: Service, answers: Answers, chats: Chats) -> None:
        """Nothing is on its way yet."""
        self._discord = discord
        self._service = service
        self._answers = answers
        self._chats = chats
        self._inbox = Inbox[tuple[Seen, Answer | None]](self._hear)
        # Apart from what people do: they wait for none of it.
        self._clubs = Inbox[tuple[Seen, Answer | None]](self._hear)
        self._calendars = asyncio.Semaphore(CALENDARS)
        self._planned: dict[tuple[int, int], Entry] = {}

    async def take(self, seen: Seen) -> None:
        """One interaction or message to its end."""
        answer = None
        if seen.reply is not None:
            answer = self._answers.begin(seen.reply)
            if answer is None:
                return  # delivered before
        self._look(seen)
        if answer is not None and seen.incoming is not None:
            # A thread that stands in for somebody's own chat is theirs.
            mine = self._chats.of(seen.incoming.author).thread
            answer.public = answer.reply.public and answer.reply.channel != mine
        if answer is not None and seen.asks is not None:
            self._discord.later(self._suggest(answer, *seen.asks))
        elif answer is not None and seen.typing:
            self._discord.later(answer.page(markup.typing(words(answer.reply.locale))))
        elif (incoming := seen.incoming) is not None:
            if answer is not None:
                asyncio.get_running_loop().call_later(SOON, self._note, answer)
            await self._inbox.take(incoming.author, incoming.id, (seen, answer), patient=True)

    async def club(self, guild: Guild, event: Event, name: str = "") -> None:
        """What a server tells of itself, and nobody says."""
        place = Address(PLATFORM, str(guild.id))
        if not name:
            # One name for each time that we are in, so that it comes again after the next.
            user = self._discord.client.user
            me = guild.get_member(user.id) if user else None
            since = (me.joined_at if me else None) or self._service.clock.now()
            name = f"{type(event).__name__.lower()}-{guild.id}-{since:%Y%m%d%H%M%S%f}"
        if isinstance(event, Left):
            ours = [each for each in self._planned if each[0] == guild.id]
            for each in ours:
                del self._planned[each]
        locale = guild.preferred_locale.value
        incoming = Incoming(name, place, "", event, locale=locale, club=place)
        await self._clubs.take(str(guild.id), name, (Seen(incoming), None), patient=True)

    async def calendar(self, guild: Guild, since: str = "") -> None:
        """All that a server plans, as it stands now; ``since`` something, told once more."""
        async with self._calendars:
            for entry in list(guild.scheduled_events):
                if entry.status not in OVER_FOR_GOOD:  # those were told when they ended
                    await self.entry(guild, entry, since=since)

    async def entry(
        self, guild: Guild, entry: ScheduledEvent, *, deleted: bool = False, since: str = ""
    ) -> None:
        """One entry of a server's calendar, if it is not as it was last told.

        Told twice it changes nothing, and what is changed back is told once more; but it ends once.
        """
        now, key = self._service.clock.now(), (guild.id, entry.id)
        as_it_is = Entry(entry.start_time, entry.end_time, entry.status.name, deleted)
        if self._planned.get(key) == as_it_is and not since:
            return
        over = deleted or entry.status in OVER_FOR_GOOD
        if over:
            self._planned.pop(key, None)
        else:
            self._planned[key] = as_it_is
        told = (*as_it_is, since or ("" if over else now.isoformat()))
        name = blake2s(repr(told).encode(), digest_size=8).hexdigest()
        run = planned(entry, now, deleted=deleted)
        await self.club(guild, run, f"calendar-{entry.id}-{name}")

    def _note(self, answer: Answer) -> None:
        if answer.state is State.OPEN:
            self._discord.later(answer.note())

    def _finish(self, answer: Answer) -> None:
        """What turns for somebody is ended, also where the words went another way."""
        if answer.state is State.THINKING:
            self._discord.later(answer.drop())

    async def _suggest(self, answer: Answer, what: str, typed: str) -> None:
        found = self._service.suggestions(what, typed, answer.reply.locale)
        await answer.suggest(commands.choices(found))

    async def _hear(self, item: tuple[Seen, Answer | None], told: bool) -> Taken:
        seen, answer = item
        incoming = seen.incoming
        if incoming is None:
            return Taken(committed=True)
        if answer is not None and self._same_again(seen):
            self._discord.later(answer.note())
            return Taken(committed=True)
        taken = await self._service.receive(incoming, told=told)
        if taken and not taken.open:
            self._was_answered(seen)
        if taken and incoming.club and incoming.event == Command("club"):
            guild = self._discord.client.get_guild(int(incoming.club.chat_id))
            if guild is not None:
                # It may not have been a club of ours when the server told of it.
                self._discord.later(self.calendar(guild, since=incoming.id))
        if taken and answer is not None:
            if not taken.said:
                self._discord.later(answer.note())
            asyncio.get_running_loop().call_later(FINISHED_WITHIN, self._finish, answer)
        return taken

    def _look(self, seen: Seen) -> None:
        """Remember what stands last in a chat, and where they are."""
        if seen.incoming is None:
            return
        chat = self._chats.of(seen.incoming.author)
        chat.locale = seen.incoming.locale or chat.locale
        chat.id = seen.chat or chat.id
        chat.newest = max(chat.newest, seen.message)

    def _same_again(self, seen: Seen) -> bool:
        """A finger that taps twice: it has its answer."""
        tap = _tap(seen)
        chat = self._chats.of(seen.incoming.author) if seen.incoming else Chat()
        return tap is not None and chat.tapped == tap and time.monotonic() - chat.at < DOUBLE_TAP

    def _was_answered(self, seen: Seen) -> None:
        """From now on the same once more is the same again; not before, or it would be lost."""
        if seen.incoming is not None:
            chat = self._chats.of(seen.incoming.author)
            chat.tapped, chat.at = _tap(seen), time.monotonic()


def _tap(seen: Seen) -> tuple[str, str] | None:
    if seen.incoming and seen.reply and isinstance(seen.incoming.event, Press):
        return seen.reply.message, seen.incoming.event.data
    return None


def _of_a_rest(message: Message) -> bool:
    return message.in_rest or message.lane in IN_THREAD


def _meaning(error: Exception) -> Exception:
    """What the service makes of it."""
    match error:
        case RateLimited():
            return TryLater(error.retry_after)
        case HTTPException(status=429):
            return TryLater(BANNED, everywhere=True)
        case HTTPException(status=401):
            return TryLater(NOT_YET, everywhere=True)
        case HTTPException(status=403 | 404):
            return Unreachable()
        case HTTPException(status=400):
            log.warning("Discord refused a message", code=error.code)
            return Refused()
        case _:
            return error
