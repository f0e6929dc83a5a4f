"""The server: what it answers, what it remembers, and what it can be told to do wrong."""

import asyncio
import contextlib
import json
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from aiohttp import web

from tests.bot_api import rules
from tests.bot_api.html import Json
from tests.bot_api.people import (
    Chat,
    Group,
    Person,
    Press,
    Shown,
    Status,
    as_json,
    attachment,
    member,
)
from tests.bot_api.queue import Queue
from tests.bot_api.rules import Rates, Refusal, bad, kept

NGINX_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad"
    " Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)
GARBAGE = '{"ok":true,"result":{"mess'
TOKEN_PATH = re.compile(r"/bot(\d+:[\w-]{3,})/(\w+)/?")
FILE_PATH = re.compile(r"/file/bot(\d+:[\w-]{3,})/(.+)")


@dataclass
class Call:
    """One request of the bot. The status is 0 until it is answered, and if it never is."""

    method: str
    parameters: Json
    at: float
    chat_id: int | str | None
    status: int = 0


@dataclass
class Fault:
    """What is to go wrong, and how often."""

    kind: Literal["fail", "drop", "hang"]
    method: str | None
    times: int
    status: int = 500
    description: str = ""
    retry_after: int | None = None
    body: str | None = None
    after_doing: bool = False


@dataclass
class Query:
    """A pressed button that waits for its answer."""

    press: Press
    born: float
    over: bool = False


@dataclass
class File:
    path: str
    content: bytes = field(repr=False)


class BotApi:
    """A Telegram Bot API server with people in front of it."""

    def __init__(
        self,
        token: str = "123456:TEST-abc",  # noqa: S107 - made up
        username: str = "LegsUpTestBot",
        latency: tuple[float, float] = (0.08, 0.3),
        seed: int = 0,
        port: int = 0,
    ) -> None:
        self.token = token
        self.latency = latency
        self.port = port
        self.violations: list[str] = []
        self.calls: list[Call] = []
        self.now: Callable[[], float] = time.monotonic
        self.rates = Rates()
        self.privacy = True
        # tdlib/telegram-bot-api and the docs are silent on the two; both are settable.
        self.query_limit = 15.0
        self.answer_within = 10.0
        self.me: Json = {
            "id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Legs Up",
            "username": username,
        }  # fmt: skip
        self.queue = Queue(self)
        self.people: dict[int, Person] = {}
        self.groups: dict[int, Group] = {}
        self.files: dict[str, File] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.profile: dict[tuple[str, str], str] = {}
        self.revoked = False
        self._chance = random.Random(seed)
        self._faults: list[Fault] = []
        self._queries: dict[str, Query] = {}
        self._gone: set[tuple[int, int]] = set()
        self._instances: dict[int, str] = {}
        self._over = asyncio.Event()
        self._arrived = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._methods: dict[str, Callable[[Json], Awaitable[object]]] = {
            "getMe": self._get_me, "getUpdates": self.queue.get_updates,
            "setWebhook": self.queue.set_webhook, "deleteWebhook": self.queue.delete_webhook,
            "getWebhookInfo": self.queue.webhook_info, "sendMessage": self._send_message,
            "sendDocument": self._send_document, "editMessageText": self._edit_text,
            "editMessageReplyMarkup": self._edit_markup, "deleteMessage": self._delete,
            "sendChatAction": self._chat_action, "answerCallbackQuery": self._answer_query,
            "setMyCommands": self._set_commands, "getMyCommands": self._get_commands,
            "deleteMyCommands": self._delete_commands, "getChat": self._get_chat,
            "getChatMember": self._get_member, "getChatAdministrators": self._get_admins,
            "leaveChat": self._leave,
            "getFile": self._get_file,
            # core.telegram.org/bots/api#setmyname, #setmydescription, #setmyshortdescription
            **self._profile("Name", "name", 64),
            **self._profile("Description", "description", 512),
            **self._profile("ShortDescription", "short_description", 120),
        }  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        # A caller that hangs up is no longer polling: its handler ends.
        self._runner = web.AppRunner(
            self._app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        await self.up()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        await self.queue.close()
        assert self._runner is not None
        await self._runner.cleanup()

    async def up(self) -> None:
        """Listens, again at the same port."""
        assert self._runner is not None
        if self._site is None:
            self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
            await self._site.start()
            self.port = int(self._runner.addresses[0][1])

    async def down(self) -> None:
        """Nobody listens, and who was connected is cut off."""
        assert self._runner is not None
        if self._site is not None:
            await self._site.stop()
            self._site = None
            assert self._runner.server is not None
            for connection in list(self._runner.server.connections):
                if connection.transport is not None:
                    connection.transport.abort()

    # People

    def person(
        self, number: int, name: str, language_code: str | None = "de", username: str | None = None
    ) -> Person:
        self.people[number] = Person(self, number, name, language_code, username)
        return self.people[number]

    @property
    def somebody(self) -> Person:
        """Who does what nobody in particular does."""
        return self.people.get(136817) or self.person(136817, "Somebody", None)

    def group(
        self, number: int, title: str, kind: str = "supergroup", forum: bool = False
    ) -> Group:
        assert number < 0, "groups have negative numbers"
        assert kind in {"group", "supergroup"}
        self.groups[number] = Group(self, number, title, kind, forum)
        return self.groups[number]

    def wall(self) -> int:
        return int(time.time())

    def deliver(self, kind: str, body: Json, key: int) -> None:
        self.queue.put(kind, body, key)

    def may_read(self, chat: Chat, message: Json) -> bool:
        """core.telegram.org/bots/features#privacy-mode."""
        if not isinstance(chat, Group):
            return True
        if not chat.has_bot:
            return False
        text = message.get("text")
        is_service = text is None and "from" in message and not any(
            name in message
            for name in ("voice", "audio", "photo", "video", "animation", "video_note", "sticker",
                         "document", "contact", "location", "venue", "dice", "poll")
        )  # fmt: skip
        # An admin of the group reads all of it.
        if is_service or not self.privacy or chat.bot == "administrator":
            return True
        if message.get("reply_to_message", {}).get("from", {}).get("id") == self.me["id"]:
            return True
        command = re.match(r"/\w+(?:@(\w+))?", text or "")
        if not command:
            return False
        return not command[1] or command[1].lower() == self.me["username"].lower()

    def bot_status(self, chat: Json, by: Json, old: Status, new: Status) -> None:
        """Whether the bot is in a chat, or blocked."""
        update = {
            "chat": chat, "from": by, "date": self.wall(),
            "old_chat_member": member(self.me, old), "new_chat_member": member(self.me, new),
        }  # fmt: skip
        self.deliver("my_chat_member", update, chat["id"])

    def attachment(self, kind: str, person: Person, content: bytes) -> Json:
        return attachment(kind, person, self._keep(kind, content), len(content))

    def _keep(self, kind: str, content: bytes) -> tuple[str, str]:
        number = len(self.files) + 1
        file_id = f"BQACAgIAAxkBAAI{kind.title()}{number:06}"
        self.files[file_id] = File(f"{kind}s/file_{number}", content)
        return file_id, f"AgAD{number:08}"

    def inaccessible(self, message: Shown) -> None:
        """From now on the bot is only told its number (#inaccessiblemessage)."""
        self._gone.add((message.chat.id, message.id))

    def press(self, person: Person, message: Shown, data: str) -> Press:
        query_id = str(self._chance.randrange(10**17, 10**18))
        press = Press(query_id, self.now())
        self._queries[query_id] = Query(press, self.now())
        chat = message.chat
        live = chat.messages.get(message.id)
        body: Json = {"id": query_id, "from": person.json}
        if live is None or (chat.id, message.id) in self._gone:
            body["message"] = {"message_id": message.id, "chat": chat.json, "date": 0}
        else:
            body["message"] = kept(live.json)
        instance = self._instances.setdefault(
            chat.id, str(self._chance.randrange(-(10**18), 10**18))
        )
        body |= {"chat_instance": instance, "data": data}
        self.deliver("callback_query", body, person.id)
        return press

    def check(self) -> list[str]:
        """All that was broken, with the presses that wait too long for their answer."""
        for query in self._queries.values():
            waited = self.now() - query.born
            if (
                not query.press.answers.done()
                and not query.press.overdue
                and waited > self.answer_within
            ):
                query.press.overdue = True
                self.broke("answerCallbackQuery", f"query {query.press.id} was not answered within"
                           f" {self.answer_within:g} s")  # fmt: skip
        return self.violations

    async def called(self, method: str, times: int = 1, within: float = 10.0) -> None:
        """Waits until the bot has asked for something so often, counted from the beginning."""

        def often() -> bool:
            return sum(call.method.lower() == method.lower() for call in self.calls) >= times

        async with self._arrived:
            await asyncio.wait_for(self._arrived.wait_for(often), within)

    def broke(self, method: str, why: str) -> None:
        self.violations.append(f"{method}: {why}")

    # Faults

    def fail(
        self,
        method: str | None = None,
        times: int = 1,
        *,
        status: int = 500,
        description: str = "Internal Server Error",
        retry_after: int | None = None,
        body: str | None = None,
    ) -> None:
        """Nothing is done; `body` (NGINX_502, GARBAGE) takes the place of the JSON."""
        self._faults.append(Fault("fail", method, times, status, description, retry_after, body))

    def drop_connections(
        self, times: int = 1, after_doing: bool = True, method: str | None = None
    ) -> None:
        self._faults.append(Fault("drop", method, times, after_doing=after_doing))

    def hang(self, method: str | None = None, times: int = 1) -> None:
        """Nothing is done, and no answer comes."""
        self._faults.append(Fault("hang", method, times))

    def revoke(self) -> None:
        """The token is no longer good."""
        self.revoked = True

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            # A drop for all methods spares the poll, which is nearly always under way.
            if fault.method == method or (fault.method is None and method != "getUpdates"):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    # Requests

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=60 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        arrived = self.now()
        slow = self._chance.uniform(*self.latency)
        if match := FILE_PATH.fullmatch(request.path):
            return self._download(match[1], match[2])
        match = TOKEN_PATH.fullmatch(request.path)
        if not match or request.method not in {"GET", "POST"}:
            # tdlib/telegram-bot-api, HttpConnection.cpp
            return _answer({"ok": False, "error_code": 404, "description": "Not Found"}, 404)
        call = Call(match[2], {}, arrived, None)
        self.calls.append(call)
        async with self._arrived:
            self._arrived.notify_all()
        if match[1] != self.token or self.revoked:
            response = _answer(_failed(Refusal(401, "Unauthorized")), 401)
        else:
            response = await self._called(request, call)
        if (left := arrived + slow - self.now()) > 0:
            await asyncio.sleep(left)
        call.status = response.status
        return response

    async def _called(self, request: web.Request, call: Call) -> web.Response:
        try:
            given = await self._given(request)
        except ValueError as error:
            self.broke(call.method, f"an unreadable request: {error}")
            return _answer(_failed(bad("can't parse request")), 400)
        call.parameters = given
        method = rules.METHODS.get(call.method.lower())
        if method is None:
            self.broke(call.method, "no such method")
            return _answer(_failed(Refusal(404, "Not Found: method not found")), 404)
        call.method = method
        fault = self._fault(method)
        if fault and fault.kind == "hang":
            await self._over.wait()
            return _cut(request)
        if fault and fault.kind == "drop" and not fault.after_doing:
            return _cut(request)
        if fault and fault.kind == "fail":
            return self._failing(fault, call, given)
        response = await self.answer(call, given)
        return _cut(request) if fault and fault.kind == "drop" else response

    async def answer(self, call: Call, given: Json) -> web.Response:
        """Does one thing, and says how it went."""
        method = call.method
        try:
            parameters = rules.decoded(method, given, lambda why: self.broke(method, why))
            call.parameters = parameters
            call.chat_id = parameters.get("chat_id")
            if method in rules.COUNTED:
                self._count(call)
            result = await self._methods[method](parameters)
        except Refusal as refusal:
            if refusal.mistake:
                self.broke(method, refusal.mistake)
            return _answer(_failed(refusal), refusal.code)
        return _answer({"ok": True, "result": result}, 200)

    def _count(self, call: Call) -> None:
        group = isinstance(call.chat_id, int) and call.chat_id < 0
        why, wait = self.rates.check(call.chat_id, group, call.at)
        if why:
            self.broke(call.method, why)
            raise Refusal(429, f"Too Many Requests: retry after {wait}", retry_after=wait)

    def _failing(self, fault: Fault, call: Call, given: Json) -> web.Response:
        with contextlib.suppress(Refusal):
            call.parameters = rules.decoded(call.method, given, lambda _: None)
            call.chat_id = call.parameters.get("chat_id")
        if fault.body is not None:
            kind = "text/html" if fault.body.startswith("<") else "application/json"
            return web.Response(text=fault.body, status=fault.status, content_type=kind)
        refusal = Refusal(fault.status, fault.description)
        if fault.retry_after is not None:
            refusal = Refusal(
                fault.status,
                f"Too Many Requests: retry after {fault.retry_after}",
                retry_after=fault.retry_after,
            )
            if call.chat_id is not None and call.method in rules.COUNTED:
                self.rates.pause(call.chat_id, self.now() + fault.retry_after)
        return _answer(_failed(refusal), fault.status)

    async def _given(self, request: web.Request) -> Json:
        """core.telegram.org/bots/api#making-requests: four ways to pass parameters."""
        given: Json = dict(request.query)
        if request.content_type == "application/json":
            body = await request.text()
            data = json.loads(body) if body else {}
            if not isinstance(data, dict):
                raise ValueError("a JSON body must be an object")
            return given | {name: value for name, value in data.items() if value is not None}
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                given[name] = (value.filename, value.file.read())
            elif isinstance(value, bytes | bytearray):
                given[name] = value.decode()
            else:
                given[name] = value
        for name, value in given.items():
            if isinstance(value, str) and value.startswith("attach://"):
                attached = value.removeprefix("attach://")
                given[name] = given.get(attached, value)
                given = {key: one for key, one in given.items() if key != attached or key == name}
        return given

    def _download(self, token: str, path: str) -> web.Response:
        if token != self.token or self.revoked:
            return _answer(_failed(Refusal(401, "Unauthorized")), 401)
        for file in self.files.values():
            if file.path == path:
                return web.Response(body=file.content)
        return _answer(_failed(Refusal(404, "Not Found")), 404)

    # Chats

    def _chat(self, given: Json, right: Literal["read", "edit", "write"]) -> Chat:
        """tdlib/telegram-bot-api, Client.cpp, check_chat and check_chat_access."""
        number = given.get("chat_id")
        if number is None or number == "":
            raise bad("chat_id is empty")
        if person := self.people.get(number):
            if right != "read":
                _may_write(person)
            return person.chat
        group = self.groups.get(number)
        if group is None:
            raise Refusal(400, "Bad Request: chat not found")
        if group.next is not None:
            if right == "write":
                raise Refusal(
                    400,
                    "Bad Request: group chat was upgraded to a supergroup chat",
                    migrate_to_chat_id=group.next.id,
                )
            return group
        if not group.has_bot and (right != "read" or group.kind == "supergroup"):
            what = "was kicked from" if group.bot == "kicked" else "is not a member of"
            raise Refusal(403, f"Forbidden: bot {what} the {group.kind} chat")
        if right == "write" and not group.may_write:
            # tdlib, MessageContent.cpp, can_send_message_content
            raise Refusal(400, "Bad Request: not enough rights to send text messages to the chat")
        return group

    def _thread(self, chat: Chat, given: Json) -> int | None:
        thread: int | None = given.get("message_thread_id")
        if not thread:
            # The general topic has no number in the Bot API; it can be closed, too
            # (core.telegram.org/bots/api#closegeneralforumtopic).
            if isinstance(chat, Group) and chat.general_closed:
                raise Refusal(400, "Bad Request: TOPIC_CLOSED")
            return None
        # tdlib/telegram-bot-api, Client.cpp, check_message_topic. A supergroup without topics
        # passes there; the docs allow the parameter for forums only.
        if not isinstance(chat, Group) or thread not in chat.topics:
            self.broke("message_thread_id", f"no thread {thread} in chat {chat.id}")
            raise Refusal(400, "Bad Request: message thread not found")
        if thread in chat.closed:
            raise Refusal(400, "Bad Request: TOPIC_CLOSED")
        return thread

    def _live(self, chat: Chat, given: Json, what: str) -> Shown:
        live = chat.messages.get(given.get("message_id", 0))
        if live is None:
            # tdlib/telegram-bot-api, Client.cpp, check_message
            raise Refusal(400, f"Bad Request: {what} not found")
        return live

    # Methods

    async def _get_me(self, given: Json) -> object:
        return {
            **self.me, "can_join_groups": True, "can_read_all_group_messages": not self.privacy,
            "supports_inline_queries": False, "supports_guest_queries": False,
            "can_connect_to_business": False, "has_main_web_app": False,
            "has_topics_enabled": False, "allows_users_to_create_topics": False,
            "can_manage_bots": False,
        }  # fmt: skip

    async def _send_message(self, given: Json) -> object:
        text, entities = self._worded("sendMessage", given, "text", rules.LONGEST_TEXT)
        content: Json = {"text": text}
        if entities:
            content["entities"] = entities
        if preview := given.get("link_preview_options"):
            content["link_preview_options"] = preview
        return await self._say("sendMessage", given, content, None)

    async def _send_document(self, given: Json) -> object:
        document = given.get("document")
        if not document:
            raise bad("there is no document in the request")
        caption, entities = self._worded("sendDocument", given, "caption", rules.LONGEST_CAPTION)
        if isinstance(document, tuple):
            name, content = document
            if not content:
                # tdlib, FileManager.cpp
                raise bad("file must be non-empty")
            if len(content) > 50 * 2**20:
                # core.telegram.org/bots/api#sending-files
                self.broke("sendDocument", "a file over 50 MB")
                raise Refusal(413, "Request Entity Too Large")
            ids = self._keep("document", content)
        elif document in self.files:
            name, content, ids = "again", self.files[document].content, (document, "AgADagain")
        else:
            raise bad("wrong file identifier/HTTP URL specified")
        kind = "text/plain" if name.endswith(".txt") else "application/octet-stream"
        message: Json = {
            "document": {
                "file_name": name, "mime_type": kind, "file_id": ids[0],
                "file_unique_id": ids[1], "file_size": len(content),
            }
        }  # fmt: skip
        if caption:
            message["caption"] = caption
        if entities:
            message["caption_entities"] = entities
        return await self._say("sendDocument", given, message, (name, content))

    def _worded(self, method: str, given: Json, name: str, longest: int) -> tuple[str, list[Json]]:
        return rules.worded(given, name, longest, lambda why: self.broke(method, why))

    def _markup(self, method: str, given: Json, private: bool) -> Json | None:
        value = given.get("reply_markup")
        return rules.markup(value, private, lambda why: self.broke(method, why))

    async def _say(
        self, method: str, given: Json, content: Json, document: tuple[str, bytes] | None
    ) -> object:
        number = given.get("chat_id")
        private = isinstance(number, int) and number > 0
        markup = self._markup(method, given, private)
        chat = self._chat(given, "write")
        thread = self._thread(chat, given)
        message: Json = {}
        if reply := given.get("reply_parameters"):
            original = chat.messages.get(reply.get("message_id", 0))
            if original is not None:
                message["reply_to_message"] = {
                    name: value
                    for name, value in kept(original.json).items()
                    if name != "reply_to_message"
                }
            elif not reply.get("allow_sending_without_reply"):
                raise Refusal(400, "Bad Request: message to be replied not found")
        message = {
            "message_id": chat.new_id(), "from": self.me, "chat": chat.json, "date": self.wall(),
            **message,
        }  # fmt: skip
        if thread is not None:
            message |= {"message_thread_id": thread, "is_topic_message": True}
        message |= content
        if given.get("protect_content"):
            message["has_protected_content"] = True
        # tdlib/telegram-bot-api, Client.cpp, JsonMessage: only an inline keyboard is told
        if markup and "inline_keyboard" in markup:
            message["reply_markup"] = {"inline_keyboard": markup["inline_keyboard"]}
        shown = Shown(
            chat=chat, id=message["message_id"],
            text=str(content.get("text") or content.get("caption") or ""),
            entities=content.get("entities") or content.get("caption_entities") or [],
            markup=markup, silent=bool(given.get("disable_notification")), thread=thread,
            document=document[0] if document else None, content=document[1] if document else b"",
            date=message["date"], json=message,
            fixed=bool(markup and "inline_keyboard" not in markup),
        )  # fmt: skip
        chat.messages[shown.id] = shown
        await chat.tells(shown)
        return message

    def _editable(self, given: Json) -> Shown:
        if not given.get("chat_id") and not given.get("message_id"):
            # tdlib/telegram-bot-api, Client.cpp, get_inline_message_id
            raise bad("message identifier is not specified")
        chat = self._chat(given, "edit")
        live = self._live(chat, given, "message to edit")
        # tdlib, MessagesManager.cpp, can_edit_message
        migrated = isinstance(chat, Group) and chat.next is not None
        if not live.from_bot or live.fixed or migrated:
            raise Refusal(400, "Bad Request: message can't be edited")
        return live

    async def _edit_text(self, given: Json) -> object:
        text, entities = self._worded("editMessageText", given, "text", rules.LONGEST_TEXT)
        markup = self._inline("editMessageText", given)
        live = self._editable(given)
        if live.document is not None:
            # tdlib, MessagesManager.cpp, edit_message_text
            raise bad("there is no text in the message to edit")
        return await self._edited(live, text, entities, markup)

    async def _edit_markup(self, given: Json) -> object:
        markup = self._inline("editMessageReplyMarkup", given)
        live = self._editable(given)
        return await self._edited(live, live.text, live.entities, markup)

    def _inline(self, method: str, given: Json) -> Json | None:
        number = given.get("chat_id")
        markup = self._markup(method, given, isinstance(number, int) and number > 0)
        if markup and "inline_keyboard" not in markup:
            # tdlib, ReplyMarkup.cpp, get_inline_reply_markup
            raise bad("inline keyboard expected")
        return {"inline_keyboard": markup["inline_keyboard"]} if markup else None

    async def _edited(
        self, live: Shown, text: str, entities: list[Json], markup: Json | None
    ) -> object:
        old = {"inline_keyboard": live.markup["inline_keyboard"]} if live.markup else None
        if (text, entities, markup) == (live.text, live.entities, old):
            raise Refusal(400, rules.NOT_MODIFIED)
        live.text, live.entities, live.markup = text, entities, markup
        live.edited += 1
        live.json["edit_date"] = self.wall()
        if live.document is None:
            live.json["text"] = text
        for name, value in (
            ("caption_entities" if live.document else "entities", entities),
            ("reply_markup", markup),
        ):
            live.json.pop(name, None)
            if value:
                live.json[name] = value
        await live.chat.tells(live)
        return live.json

    async def _delete(self, given: Json) -> object:
        chat = self._chat(given, "write")
        live = self._live(chat, given, "message to delete")
        # See core.telegram.org/bots/api#deletemessage: for 48 hours; others' in private chats only
        old = self.wall() - live.date > 48 * 3600
        if old or not (live.from_bot or chat.kind == "private"):
            raise Refusal(400, "Bad Request: message can't be deleted for everyone")
        del chat.messages[live.id]
        return True

    async def _chat_action(self, given: Json) -> object:
        if given.get("action") not in rules.ACTIONS:
            raise bad("wrong parameter action in request")
        self._thread(self._chat(given, "write"), given)
        return True

    async def _answer_query(self, given: Json) -> object:
        query = self._queries.get(given.get("callback_query_id", ""))
        age = self.now() - query.born if query else 0.0
        if query is None or query.over or age > self.query_limit:
            why = "unknown" if query is None else "answered before" if query.over else "too old"
            raise Refusal(400, rules.TOO_OLD, mistake=f"query is {why}")
        if len(given.get("text") or "") > rules.LONGEST_ANSWER:
            raise bad("MESSAGE_TOO_LONG")
        query.over = True
        if age > self.answer_within and not query.press.overdue:
            query.press.overdue = True
            self.broke("answerCallbackQuery", f"answered after {age:.1f} s")
        if not query.press.answers.done():
            query.press.answers.set_result(given)
        return True

    async def _set_commands(self, given: Json) -> object:
        value = rules.commands(given.get("commands"), lambda why: self.broke("setMyCommands", why))
        self.commands[_where(given)] = value
        return True

    async def _get_commands(self, given: Json) -> object:
        return self.commands.get(_where(given), [])

    async def _delete_commands(self, given: Json) -> object:
        self.commands.pop(_where(given), None)
        return True

    def _profile(
        self, what: str, name: str, longest: int
    ) -> dict[str, Callable[[Json], Awaitable[object]]]:
        async def put(given: Json) -> object:
            value = given.get(name) or ""
            if len(value) > longest:
                raise bad(f"{name.upper()}_TOO_LONG")
            self.profile[name, rules.language(given.get("language_code"))] = value
            return True

        async def get(given: Json) -> object:
            asked = rules.language(given.get("language_code"))
            default = self.me["first_name"] if name == "name" else ""
            for language in (asked, ""):
                if value := self.profile.get((name, language)):
                    return {name: value}
            return {name: default}

        return {f"setMy{what}": put, f"getMy{what}": get}

    async def _get_chat(self, given: Json) -> object:
        return self._chat(given, "read").full

    async def _get_member(self, given: Json) -> object:
        chat = self._chat(given, "read")
        number = given.get("user_id")
        if number == self.me["id"]:
            return member(self.me, chat.bot if isinstance(chat, Group) else "member")
        person = self.people.get(number or 0)
        if person is None:
            raise bad("PARTICIPANT_ID_INVALID" if number else "invalid user_id specified")
        if isinstance(chat, Group):
            if chat.hides_members and chat.bot != "administrator":
                # See core.telegram.org/bots/api#getchatmember: guaranteed for admins only
                raise Refusal(400, "Bad Request: member list is inaccessible")
            return member(person.json, chat.status(person))
        return member(person.json, "member")

    async def _get_admins(self, given: Json) -> object:
        chat = self._chat(given, "read")
        if not isinstance(chat, Group):
            # tdlib/telegram-bot-api, Client.cpp, process_get_chat_administrators_query
            raise bad("there are no administrators in the private chat")
        found = [(one, chat.status(one)) for one in self.people.values()]
        return [
            member(one.json, status)
            for one, status in found
            if status in {"creator", "administrator"}
        ]

    async def _leave(self, given: Json) -> object:
        chat = self._chat(given, "read")
        if not isinstance(chat, Group):
            # tdlib, DialogParticipantManager.cpp
            raise bad("chat member status can't be changed in private chats")
        # As the queries of the bot itself come back to it: it left of its own.
        self.bot_status(chat.json, self.me, chat.bot, "left")
        chat.bot = "left"
        return True

    async def _get_file(self, given: Json) -> object:
        file = self.files.get(given.get("file_id") or "")
        if file is None:
            raise bad("invalid file_id")
        if len(file.content) > 20 * 2**20:
            raise bad("file is too big")
        return {
            "file_id": given["file_id"], "file_unique_id": "AgAD" + given["file_id"][-6:],
            "file_size": len(file.content), "file_path": file.path,
        }  # fmt: skip


def _may_write(person: Person) -> None:
    if person.deactivated:
        raise Refusal(403, "Forbidden: user is deactivated")
    if not person.started:
        raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
    if person.blocked:
        raise Refusal(403, "Forbidden: bot was blocked by the user")


def _where(given: Json) -> tuple[str, str]:
    return rules.scope(given.get("scope")), rules.language(given.get("language_code"))


def _failed(refusal: Refusal) -> Json:
    answer: Json = {
        "ok": False, "error_code": refusal.code, "description": refusal.description,
    }  # fmt: skip
    return answer | ({"parameters": refusal.parameters} if refusal.parameters else {})


def _answer(value: Json, status: int) -> web.Response:
    return web.Response(body=as_json(value), status=status, content_type="application/json")


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
