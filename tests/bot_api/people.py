"""Those who talk with the bot: people, groups, and what their screens show."""

import asyncio
import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from tests.bot_api.html import Json, found
from tests.bot_api.rules import kept

if TYPE_CHECKING:
    from tests.bot_api.server import BotApi

# See core.telegram.org/bots/api#message: who writes for an anonymous admin
ANONYMOUS = {
    "id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot",
}  # fmt: skip

Button = tuple[str, str, str | None]

Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

# See core.telegram.org/bots/api#chatmemberadministrator, #chatmemberrestricted: never left out
ADMIN_MAY = (
    "can_be_edited", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
    "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users",
    "can_post_stories", "can_edit_stories", "can_delete_stories", "can_pin_messages",
    "can_manage_topics",
)  # fmt: skip
RESTRICTED_MAY = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos",
    "can_send_videos", "can_send_video_notes", "can_send_voice_notes", "can_send_polls",
    "can_send_other_messages", "can_add_web_page_previews", "can_change_info", "can_invite_users",
    "can_pin_messages", "can_manage_topics", "can_edit_tag", "can_react_to_messages",
)  # fmt: skip


def member(user: Json, status: Status, inside: bool = True) -> Json:
    """core.telegram.org/bots/api#chatmember: six kinds; who is restricted may be inside or not."""
    about: Json = {"user": user, "status": status}
    match status:
        case "creator":
            about["is_anonymous"] = False
        case "administrator":
            about |= {"is_anonymous": False, **dict.fromkeys(ADMIN_MAY, False)}
        case "restricted":
            about |= {"until_date": 0, "is_member": inside, **dict.fromkeys(RESTRICTED_MAY, False)}
        case "kicked":
            about["until_date"] = 0
        case "member" | "left":
            pass
    return about


@dataclass
class Shown:
    """A message as it is on the screen at one moment."""

    chat: "Chat" = field(repr=False)
    id: int
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    markup: Json | None = None
    silent: bool = False
    edited: int = 0
    thread: int | None = None
    document: str | None = None
    content: bytes = field(default=b"", repr=False)
    from_bot: bool = True
    date: int = 0
    json: Json = field(default_factory=dict, repr=False)
    fixed: bool = field(default=False, repr=False)

    @property
    def buttons(self) -> list[list[Button]]:
        """Rows of (label, data or address, style)."""
        rows = (self.markup or {}).get("inline_keyboard") or []
        return [
            [
                (one["text"], one.get("callback_data") or one.get("url") or "", one.get("style"))
                for one in row
            ]
            for row in rows
        ]

    @property
    def labels(self) -> list[str]:
        return [button[0] for row in self.buttons for button in row]

    @property
    def reply_keyboard(self) -> list[list[str]] | None:
        """The labels of the keyboard that it puts below the chat; empty if it takes one away."""
        if self.markup and self.markup.get("remove_keyboard"):
            return []
        rows = (self.markup or {}).get("keyboard")
        return [[one["text"] for one in row] for row in rows] if rows else None


What = str | Callable[[Shown], bool]


class Chat:
    """All messages of one chat, and who waits for the next."""

    def __init__(self, api: "BotApi", chat_id: int, kind: str) -> None:
        self.api = api
        self.id = chat_id
        self.kind = kind
        self.messages: dict[int, Shown] = {}
        self.events: list[Shown] = []
        self.changed = asyncio.Condition()
        self._next = 0

    def new_id(self) -> int:
        self._next += 1
        return self._next

    @property
    def json(self) -> Json:
        raise NotImplementedError

    @property
    def full(self) -> Json:
        # See core.telegram.org/bots/api#chatfullinfo: the fields that are never left out
        gifts = (
            "unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription",
            "gifts_from_channels",
        )  # fmt: skip
        return {
            **self.json,
            "accent_color_id": self.id % 7,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, self.kind == "private"),
        }

    @property
    def shown(self) -> list[Shown]:
        """What the bot has said and is still there, the oldest first."""
        return [copy.copy(one) for one in self.messages.values() if one.from_bot]

    @property
    def keyboard(self) -> list[list[str]]:
        """The labels of the keyboard below the chat, if there is one."""
        rows = [one.reply_keyboard for one in self.messages.values()]
        return next((one for one in reversed(rows) if one is not None), [])

    async def tells(self, message: Shown) -> None:
        """To all who wait: a new message, or a new face of an old one."""
        self.events.append(replace(message, json=kept(message.json)))
        async with self.changed:
            self.changed.notify_all()


class PrivateChat(Chat):
    def __init__(self, api: "BotApi", person: "Person") -> None:
        super().__init__(api, person.id, "private")
        self.person = person

    @property
    def json(self) -> Json:
        person = {"id": self.id, "first_name": self.person.name, "type": "private"}
        return person | ({"username": self.person.username} if self.person.username else {})


class Group(Chat):
    """A group, a supergroup or a forum. The bot is in it until it leaves or is kicked.

    Who is not said to be anything else is a member.
    """

    def __init__(self, api: "BotApi", chat_id: int, title: str, kind: str, forum: bool) -> None:
        super().__init__(api, chat_id, kind)
        self.title = title
        self.forum = forum
        self.bot: Status = "member"
        self.people: dict[int, Status] = {}
        self.hides_members = False
        self.muted = False
        self.next: Group | None = None
        self.creator: int | None = None
        self.topics: dict[int, str] = {}
        self.closed: set[int] = set()
        self.general_closed = False

    @property
    def json(self) -> Json:
        chat: Json = {"id": self.id, "title": self.title, "type": self.kind}
        if self.forum:
            chat["is_forum"] = True
        if self.kind == "group":
            chat["all_members_are_administrators"] = True
        return chat

    def topic(self, name: str, by: "Person | None" = None) -> int:
        """Opens one; its number is that of the message which tells of it."""
        assert self.forum, "only a forum has topics"
        by = by or self.api.somebody
        content = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        thread = self._next + 1
        self.topics[thread] = name
        by.puts(self, content, thread)
        return thread

    def closes(self, thread: int) -> None:
        self.closed.add(thread)
        self.api.somebody.puts(self, {"forum_topic_closed": {}}, thread)

    def status(self, person: "Person") -> Status:
        return "creator" if person.id == self.creator else self.people.get(person.id, "member")

    @property
    def has_bot(self) -> bool:
        return self.bot in {"member", "administrator", "restricted"}

    def closes_general(self) -> None:
        assert self.forum, "only a forum has topics"
        self.general_closed = True
        self.api.somebody.puts(self, {"forum_topic_closed": {}})

    def adds_bot(self, by: "Person", anonymous: bool = False) -> None:
        self._turns("member", by, anonymous)
        by.puts(self, {"new_chat_members": [self.api.me], "new_chat_member": self.api.me,
                       "new_chat_participant": self.api.me})  # fmt: skip

    def kicks_bot(self, by: "Person | None" = None) -> None:
        by = by or self.api.somebody
        by.puts(self, {"left_chat_member": self.api.me, "left_chat_participant": self.api.me})
        self._turns("kicked", by)

    def promotes_bot(self, by: "Person") -> None:
        self._turns("administrator", by)

    def demotes_bot(self, by: "Person") -> None:
        self._turns("member", by)

    def mutes_bot(self, by: "Person") -> None:
        """It may read, and not write."""
        self._turns("restricted", by)

    def mutes_all(self) -> None:
        """By the permissions of the group, of which a bot is told nothing."""
        self.muted = True

    @property
    def may_write(self) -> bool:
        return self.bot == "administrator" or not (self.muted or self.bot == "restricted")

    def _turns(self, status: Status, by: "Person", anonymous: bool = False) -> None:
        old, self.bot = self.bot, status
        self.api.bot_status(self.json, ANONYMOUS if anonymous else by.json, old, status)

    def migrates(self, by: "Person | None" = None, joins: bool = False) -> "Group":
        """A group becomes a supergroup, with another number.

        The real one also tells that the bot joins the new chat, and never that it left the old one
        (tdlib/telegram-bot-api#266): with ``joins``, before anything else.
        """
        assert self.kind == "group", "only a group becomes a supergroup"
        by = by or self.api.somebody
        self.next = self.api.group(-1_000_000_000_000 + self.id, self.title)
        self.next.creator, self.next.people = self.creator, dict(self.people)
        if joins:
            self.api.bot_status(self.next.json, by.json, "left", "member")
        by.puts(self, {"migrate_to_chat_id": self.next.id})
        by.puts(self.next, {"migrate_from_chat_id": self.id})
        return self.next


class Press:
    """A finger on a button; the answer comes to it."""

    def __init__(self, query_id: str, pressed: float) -> None:
        self.id = query_id
        self.pressed = pressed
        self.answers: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.overdue = False

    async def answered(self, within: float = 5.0) -> str:
        """The answer's text, often empty."""
        try:
            answer = await asyncio.wait_for(asyncio.shield(self.answers), within)
        except TimeoutError:
            raise AssertionError(f"no answerCallbackQuery within {within:g} s") from None
        return str(answer.get("text") or "")

    @property
    def alert(self) -> bool:
        return self.answers.done() and bool(self.answers.result().get("show_alert"))


class Person:
    """Somebody with a phone."""

    def __init__(
        self, api: "BotApi", number: int, name: str, language_code: str | None, username: str | None
    ) -> None:
        self.api = api
        self.id = number
        self.name = name
        self.language_code = language_code
        self.username = username
        self.last_name = ""
        self.started = False
        self.blocked = False
        self.deactivated = False
        self.chat = PrivateChat(api, self)
        self._heard: dict[int, int] = {}

    @property
    def json(self) -> Json:
        user: Json = {"id": self.id, "is_bot": False, "first_name": self.name}
        if self.last_name:
            user["last_name"] = self.last_name
        if self.username:
            user["username"] = self.username
        if self.language_code:
            user["language_code"] = self.language_code
        return user

    def puts(
        self,
        chat: Chat,
        content: Json,
        thread: int | None = None,
        reply_to: Shown | None = None,
        anonymous: bool = False,
    ) -> Shown:
        """A message of any content; the bot is told of it if it may be."""
        private = chat is self.chat
        if private and not self.started:
            self.started = True
        message: Json = {"message_id": chat.new_id(), "from": self.json, "chat": chat.json}
        if anonymous:
            message |= {"from": ANONYMOUS, "sender_chat": chat.json}
        message["date"] = self.api.wall()
        if thread is not None:
            message |= {"message_thread_id": thread, "is_topic_message": True}
        if reply_to is not None:
            original = {name: value for name, value in chat.messages[reply_to.id].json.items()
                        if name != "reply_to_message"}  # fmt: skip
            message["reply_to_message"] = original
        message |= content
        shown = Shown(
            chat=chat, id=message["message_id"], text=content.get("text", ""),
            entities=content.get("entities", []), thread=thread, from_bot=False,
            date=message["date"], json=message,
        )  # fmt: skip
        chat.messages[shown.id] = shown
        if self.api.may_read(chat, message):
            self.api.deliver("message", kept(message), chat.id)
        return replace(shown)

    async def types(
        self,
        text: str,
        chat: Chat | None = None,
        thread: int | None = None,
        reply_to: Shown | None = None,
        anonymous: bool = False,
    ) -> Shown:
        content: Json = {"text": text}
        if entities := found(text, []):
            content["entities"] = entities
        return self.puts(chat or self.chat, content, thread, reply_to, anonymous)

    async def starts(self, payload: str = "") -> Shown:
        """Opens the bot, perhaps by a link with a payload."""
        if self.blocked:
            self.unblocks()
        return await self.types(f"/start {payload}".strip())

    async def edits(self, message: Shown, text: str) -> Shown:
        live = message.chat.messages[message.id]
        assert not live.from_bot, "nobody edits what the bot said"
        live.text, live.entities = text, found(text, [])
        live.edited += 1
        live.json |= {"text": text, "edit_date": self.api.wall(), "entities": live.entities}
        if not live.entities:
            del live.json["entities"]
        if self.api.may_read(live.chat, live.json):
            self.api.deliver("edited_message", kept(live.json), live.chat.id)
        return replace(live)

    async def shares_location(
        self, latitude: float, longitude: float, reply_to: Shown | None = None
    ) -> Shown:
        content = {"location": {"latitude": latitude, "longitude": longitude}}
        return self.puts(self.chat, content, reply_to=reply_to)

    async def sends(self, kind: str, chat: Chat | None = None, content: bytes = b"x") -> Shown:
        """Anything but text: voice, photo, sticker, document, poll ..."""
        return self.puts(chat or self.chat, self.api.attachment(kind, self, content))

    async def follows(self, label: str, message: Shown) -> Shown:
        """Taps a link into the bot: it opens, and what the link carries is sent with /start.

        core.telegram.org/bots/features#deep-linking
        """
        links = [data for row in message.buttons for text, data, _ in row if text == label]
        found = re.fullmatch(
            rf"https://t\.me/{self.api.me['username']}(?:\?start=([A-Za-z0-9_-]{{1,64}}))?",
            links[0] if links else "",
        )
        assert found, f"{label!r} leads to {links}, which is no way into the bot"
        return await self.starts(found[1] or "")

    async def presses(
        self, label: str, message: Shown | None = None, chat: Chat | None = None
    ) -> Press:
        """The newest button of exactly this label that is still shown."""
        chat = message.chat if message else chat or self.chat
        shown = [one for one in chat.shown if message is None or one.id == message.id]
        for one in reversed(shown):
            for row in (one.markup or {}).get("inline_keyboard") or []:
                for button in row:
                    if button["text"] == label and "callback_data" in button:
                        return await self.presses_data(one, button["callback_data"])
        there = [f"{one.text!r}: {one.labels}" for one in shown]
        raise AssertionError(
            f"no button {label!r} to press; shown are " + ("; ".join(there) or "no messages")
        )

    async def presses_data(self, message: Shown, data: str) -> Press:
        """As a changed client could: any data, on a message that may be long gone."""
        return self.api.press(self, message, data)

    async def hears(self, what: What, within: float = 10.0, chat: Chat | None = None) -> Shown:
        """The next new or edited message that fits, after the one that was heard last."""
        chat = chat or self.chat
        fits = what if callable(what) else (lambda shown: what in shown.text)
        begin = at = self._heard.get(chat.id, 0)

        async def fitting() -> Shown:
            nonlocal at
            async with chat.changed:
                while True:
                    while at < len(chat.events):
                        at += 1
                        if fits(chat.events[at - 1]):
                            return chat.events[at - 1]
                    await chat.changed.wait()

        try:
            heard = await asyncio.wait_for(fitting(), within)
        except TimeoutError:
            there = [one.text or one.document for one in chat.events[begin:]]
            wanted = repr(what) if isinstance(what, str) else "what was waited for"
            raise AssertionError(f"{wanted} not heard within {within:g} s, but {there}") from None
        self._heard[chat.id] = max(at, self._heard.get(chat.id, 0))
        return heard

    def listens(self, chat: Chat | None = None) -> None:
        """From here on: whatever was said before is no longer waited for."""
        chat = chat or self.chat
        self._heard[chat.id] = len(chat.events)

    def blocks(self) -> None:
        self.blocked = True
        self.api.bot_status(self.chat.json, self.json, "member", "kicked")

    def unblocks(self) -> None:
        self.blocked = False
        self.api.bot_status(self.chat.json, self.json, "kicked", "member")

    def deletes_account(self) -> None:
        self.deactivated = True


def attachment(kind: str, person: Person, ids: tuple[str, str], size: int) -> Json:
    """The content of a message as core.telegram.org/bots/api#message has it."""
    file: Json = {"file_id": ids[0], "file_unique_id": ids[1], "file_size": size}
    match kind:
        case "voice":
            return {"voice": {"duration": 3, "mime_type": "audio/ogg", **file}}
        case "audio":
            return {
                "audio": {"duration": 180, "mime_type": "audio/mpeg", "title": "A song", **file}
            }
        case "photo":
            return {
                "photo": [
                    {**file, "width": 90, "height": 67},
                    {**file, "width": 1280, "height": 960},
                ]
            }
        case "video":
            return {
                "video": {
                    "duration": 5,
                    "width": 640,
                    "height": 480,
                    "mime_type": "video/mp4",
                    **file,
                }
            }
        case "animation":
            gif = {"duration": 2, "width": 320, "height": 240, "mime_type": "video/mp4", **file}
            return {"animation": gif, "document": {"mime_type": "video/mp4", **file}}
        case "video_note":
            return {"video_note": {"duration": 4, "length": 384, **file}}
        case "sticker":
            still = {"is_animated": False, "is_video": False, "type": "regular"}
            face = {"emoji": "\N{GRINNING FACE}", "set_name": "Faces"}
            return {"sticker": {"width": 512, "height": 512, **still, **face, **file}}
        case "document":
            return {"document": {"file_name": "notes.txt", "mime_type": "text/plain", **file}}
        case "contact":
            return {"contact": {"phone_number": "+4915112345678", "first_name": person.name,
                                "user_id": person.id}}  # fmt: skip
        case "location":
            return {"location": {"latitude": 52.52, "longitude": 13.405}}
        case "venue":
            place = {"latitude": 52.52, "longitude": 13.405}
            return {
                "location": place,
                "venue": {"location": place, "title": "Park", "address": "Here"},
            }
        case "dice":
            return {"dice": {"emoji": "\N{GAME DIE}", "value": 4}}
        case "poll":
            options = [{"persistent_id": str(number), "text": text, "voter_count": 0}
                       for number, text in enumerate(("yes", "no"))]  # fmt: skip
            return {"poll": {"id": "5" + "0" * 17, "question": "Run?", "options": options,
                             "total_voter_count": 0, "is_closed": False, "is_anonymous": True,
                             "type": "regular", "allows_multiple_answers": False,
                             "allows_revoting": True, "members_only": False}}  # fmt: skip
        case _:
            raise ValueError(f"nobody can send a {kind}")


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
