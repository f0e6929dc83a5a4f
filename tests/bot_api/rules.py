"""What the server asks of a request: parameters, keyboards, commands, rates."""

import json
import math
import re
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from tests.bot_api.html import BadMarkup, Json, checked, found, html, trimmed

# core.telegram.org/bots/api#sendmessage, telegram.constants.MessageLimit
LONGEST_TEXT = 4096
# core.telegram.org/bots/api#senddocument
LONGEST_CAPTION = 1024
# See core.telegram.org/bots/api#inlinekeyboardbutton: bytes
LONGEST_DATA = 64
# telegram.constants.InlineKeyboardMarkupLimit
MOST_BUTTONS = 100
# core.telegram.org/bots/api#answercallbackquery
LONGEST_ANSWER = 200
# core.telegram.org/bots/api#getupdates; tdlib/telegram-bot-api, Client.h, LONG_POLL_MAX_TIMEOUT
LONGEST_POLL = 50

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are"
    " exactly the same as a current content and reply markup of the message"
)
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete"
    " the webhook first"
)
OTHER_POLL = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is"
    " running"
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"

_SENT = {
    "business_connection_id": "str", "chat_id": "chat", "message_thread_id": "int",
    "direct_messages_topic_id": "int", "disable_notification": "bool", "protect_content": "bool",
    "allow_paid_broadcast": "bool", "message_effect_id": "str", "reply_parameters": "json",
    "suggested_post_parameters": "json", "reply_markup": "json",
}  # fmt: skip
_EDITED = {
    "business_connection_id": "str", "chat_id": "chat", "message_id": "int",
    "inline_message_id": "str", "reply_markup": "json",
}  # fmt: skip
_COMMANDS = {"scope": "json", "language_code": "str"}
# See core.telegram.org/bots/api#available-methods: a parameter that is not here is unknown
PARAMETERS: dict[str, dict[str, str]] = {
    "getMe": {},
    "getUpdates": {"offset": "int", "limit": "int", "timeout": "int", "allowed_updates": "json"},
    "setWebhook": {
        "url": "str", "certificate": "file", "ip_address": "str", "max_connections": "int",
        "allowed_updates": "json", "drop_pending_updates": "bool", "secret_token": "str",
    },
    "deleteWebhook": {"drop_pending_updates": "bool"},
    "getWebhookInfo": {},
    "sendMessage": {
        **_SENT, "text": "str", "parse_mode": "str", "entities": "json",
        "link_preview_options": "json",
    },
    "sendDocument": {
        **_SENT, "document": "file", "thumbnail": "file", "caption": "str", "parse_mode": "str",
        "caption_entities": "json", "disable_content_type_detection": "bool",
    },
    "editMessageText": {
        **_EDITED, "text": "str", "parse_mode": "str", "entities": "json",
        "link_preview_options": "json",
    },
    "editMessageReplyMarkup": _EDITED,
    "deleteMessage": {"chat_id": "chat", "message_id": "int"},
    "sendChatAction": {
        "business_connection_id": "str", "chat_id": "chat", "message_thread_id": "int",
        "action": "str",
    },
    "answerCallbackQuery": {
        "callback_query_id": "str", "text": "str", "show_alert": "bool", "url": "str",
        "cache_time": "int",
    },
    "setMyCommands": {**_COMMANDS, "commands": "json"},
    "getMyCommands": _COMMANDS,
    "deleteMyCommands": _COMMANDS,
    "setMyName": {"name": "str", "language_code": "str"},
    "getMyName": {"language_code": "str"},
    "setMyDescription": {"description": "str", "language_code": "str"},
    "getMyDescription": {"language_code": "str"},
    "setMyShortDescription": {"short_description": "str", "language_code": "str"},
    "getMyShortDescription": {"language_code": "str"},
    "getChat": {"chat_id": "chat"},
    "getChatMember": {"chat_id": "chat", "user_id": "int"},
    "getChatAdministrators": {"chat_id": "chat", "return_bots": "bool"},
    "leaveChat": {"chat_id": "chat"},
    "getFile": {"file_id": "str"},
}  # fmt: skip
# tdlib/telegram-bot-api, Query.cpp: the case of a method's name does not matter
METHODS = {name.lower(): name for name in PARAMETERS}
COUNTED = {"sendMessage", "sendDocument", "editMessageText", "editMessageReplyMarkup"}
# core.telegram.org/bots/api#sendchataction
ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note",
    "upload_video_note",
}  # fmt: skip
# core.telegram.org/bots/api#update
UPDATES = {
    "message", "edited_message", "channel_post", "edited_channel_post", "business_connection",
    "business_message", "edited_business_message", "deleted_business_messages",
    "message_reaction", "message_reaction_count", "inline_query", "chosen_inline_result",
    "callback_query", "shipping_query", "pre_checkout_query", "purchased_paid_media", "poll",
    "poll_answer", "my_chat_member", "chat_member", "chat_join_request", "chat_boost",
    "removed_chat_boost", "guest_message", "managed_bot",
}  # fmt: skip
# See core.telegram.org/bots/api#getupdates: all but these unless asked for
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
# core.telegram.org/bots/api#inlinekeyboardbutton
BUTTON_KINDS = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query",
    "switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "copy_text",
    "callback_game", "pay",
)  # fmt: skip
STYLES = {"", "default", "danger", "success", "primary"}
# core.telegram.org/bots/api#botcommandscope
SCOPES: dict[str, set[str]] = {
    "default": set(), "all_private_chats": set(), "all_group_chats": set(),
    "all_chat_administrators": set(), "chat": {"chat_id"}, "chat_administrators": {"chat_id"},
    "chat_member": {"chat_id", "user_id"},
}  # fmt: skip

Broke = Callable[[str], None]


class Refusal(Exception):
    """An answer that is not ok."""

    def __init__(self, code: int, description: str, mistake: str = "", **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.mistake = mistake
        self.parameters = parameters


def bad(description: str, mistake: str = "") -> Refusal:
    """What a bot can know before it asks; the rest happens to the best of bots."""
    return Refusal(400, f"Bad Request: {description}", mistake=mistake or description)


def decoded(method: str, given: Json, broke: Broke) -> Json:
    """Each parameter as its documented type; what is of another type or unknown is noted."""
    known = PARAMETERS[method]
    result: Json = {}
    attached = {
        value.removeprefix("attach://")
        for value in given.values()
        if isinstance(value, str) and value.startswith("attach://")
    }
    for name, value in given.items():
        if name not in known:
            if name not in attached:
                broke(f"unknown parameter {name}")
            continue
        result[name] = _typed(name, value, known[name], broke)
    return result


def _typed(name: str, value: object, kind: str, broke: Broke) -> object:
    wrong = f"{name} is no {kind}: {value!r}"[:200]
    if kind == "int" and (isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value))):
        broke(wrong)
        return 0
    if kind == "int":
        return int(str(value))
    if kind == "bool":
        # tdlib/telegram-bot-api, Client.cpp, to_bool
        if str(value).lower() not in {"true", "false", "0", "1"}:
            broke(wrong)
        return str(value).lower() in {"true", "yes", "1"}
    if kind == "chat":
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+|@\w+", str(value)):
            broke(wrong)
        return int(str(value)) if re.fullmatch(r"-?\d+", str(value)) else str(value)
    if kind == "json" and isinstance(value, str):
        try:
            return json.loads(value) if value else None
        except ValueError:
            broke(wrong)
            raise bad(f"can't parse {_json_name(name)} JSON object") from None
    if kind == "str" and not isinstance(value, str):
        broke(wrong)
        return str(value)
    return value


def _json_name(name: str) -> str:
    # tdlib/telegram-bot-api, Client.cpp, get_reply_markup
    return {"reply_markup": "reply keyboard markup"}.get(name, name.replace("_", " "))


def worded(given: Json, name: str, longest: int, broke: Broke) -> tuple[str, list[Json]]:
    """The text as the message keeps it, with all entities."""
    text = given.get(name) or ""
    mode = str(given.get("parse_mode") or "").lower()
    entities: list[Json] = []
    if not text:
        if name == "text":
            # tdlib/telegram-bot-api, Client.cpp, get_input_message_text
            raise bad("message text is empty")
        return "", []
    if mode == "html":
        try:
            text, entities, doubts = html(text)
        except BadMarkup as error:
            raise bad(f"can't parse entities: {error}") from None
        for doubt in doubts:
            broke(f"HTML: {doubt}")
    elif mode in {"markdown", "markdownv2"}:
        broke(f"{mode} is not modelled here")
    elif mode not in {"", "none"}:
        raise bad("unsupported parse_mode")
    else:
        entities = list(given.get("entities" if name == "text" else "caption_entities") or [])
    text, entities = trimmed(text, entities)
    if not text and name == "text":
        # tdlib, MessageEntity.cpp, fix_formatted_text
        raise bad("text must be non-empty")
    # tdlib, MessageContent.cpp: utf8_length, which is code points, and after the parsing
    if len(text) > longest:
        raise bad("message is too long" if name == "text" else "message caption is too long")
    if len(entities) > 100:
        # See core.telegram.org/api/entities: the rest is dropped
        broke(f"{len(entities)} entities, only 100 are kept")
        entities = entities[:100]
    return text, found(text, entities)


def markup(value: object, private: bool, broke: Broke) -> Json | None:
    """The keyboard as the message keeps it."""
    # tdlib/telegram-bot-api, Client.cpp, get_reply_markup
    if value in (None, ""):
        return None
    if not isinstance(value, dict):
        raise bad("object expected as reply markup")
    for kind, one in (("keyboard", _reply_button), ("inline_keyboard", _inline_button)):
        rows = value.get(kind)
        if rows is None:
            continue
        if not isinstance(rows, list):
            raise bad(f'field "{kind}" must be of type Array')
        if not all(isinstance(row, list) for row in rows):
            of = " of the InlineKeyboardMarkup" if kind == "inline_keyboard" else ""
            raise bad(f'field "{kind}"{of} must be an Array of Arrays')
        if not all(rows):
            broke("an empty row of buttons")
        kept = [[one(button, private, broke) for button in row] for row in rows if row]
        if sum(map(len, kept)) > MOST_BUTTONS:
            # tdlib/telegram-bot-api, Client.cpp, REPLY_MARKUP_TOO_LONG
            raise bad("reply markup is too long")
        if kept:
            return {**value, kind: kept}
    if value.get("remove_keyboard") or value.get("force_reply"):
        return value
    return None


def _label(button: Json, kind: str) -> None:
    where = "inline keyboard button" if kind else "keyboard button"
    if not isinstance(button.get("text"), str):
        raise bad(f"can't parse {where}: Can't find field \"text\"")
    if not button["text"].strip():
        # tdlib, ReplyMarkup.cpp
        raise bad(f"{where} text must be non-empty")
    if str(button.get("style", "")).lower() not in STYLES:
        # tdlib/telegram-bot-api, Client.cpp, get_button_style
        raise bad(f"can't parse {where}: invalid button style specified")


def _reply_button(button: object, private: bool, broke: Broke) -> Json:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict):
        raise bad("can't parse keyboard button: KeyboardButton must be a String or an Object")
    _label(button, "")
    asked = {
        "request_location": "location", "request_contact": "phone number", "request_poll": "poll",
        "web_app": "Web App buttons", "request_users": "users", "request_chat": "chats",
    }  # fmt: skip
    for name in button.keys() - {"text", "style", "icon_custom_emoji_id", *asked}:
        broke(f"unknown field {name} of a KeyboardButton")
    for name, what in asked.items():
        if button.get(name) and not private:
            # tdlib, ReplyMarkup.cpp
            verb = "be used" if name == "web_app" else "be requested"
            raise bad(f"{what} can {verb} in private chats only")
    return button


def _inline_button(button: object, private: bool, broke: Broke) -> Json:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    _label(button, "inline")
    kinds = [kind for kind in BUTTON_KINDS if button.get(kind) not in (None, "")
             or (kind.startswith("switch") and kind in button)]  # fmt: skip
    for name in button.keys() - {"text", "style", "icon_custom_emoji_id", *BUTTON_KINDS}:
        broke(f"unknown field {name} of an InlineKeyboardButton")
    if not kinds:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline"
                  " keyboard")  # fmt: skip
    if len(kinds) > 1:
        # See core.telegram.org/bots/api#inlinekeyboardbutton: exactly one; it takes the first
        broke(f"a button that is {' and '.join(kinds)}")
    if kinds[0] == "callback_data":
        if not isinstance(button["callback_data"], str):
            raise bad('can\'t parse inline keyboard button: Field "callback_data" must be of type'
                      " String")  # fmt: skip
        if len(button["callback_data"].encode()) > LONGEST_DATA:
            over = f"callback data over {LONGEST_DATA} bytes: {button['callback_data']!r}"
            raise bad("BUTTON_DATA_INVALID", over)
    if kinds[0] == "url":
        url = str(button["url"])
        if not re.match(r"(https?|tg)://", url, re.IGNORECASE):
            raise bad("BUTTON_URL_INVALID")
        if not checked(url):
            # tdlib, LinkManager.cpp, check_link
            raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
        link = re.fullmatch(r"https://t\.me/\w+\?start=(.*)", url)
        if link and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", link[1]):
            # core.telegram.org/bots/features#deep-linking
            broke(f"a link that carries {link[1]!r}")
    return button


def commands(value: object, broke: Broke) -> list[Json]:
    """core.telegram.org/bots/api#setmycommands; texts of tdlib, BotCommand.cpp."""
    if not isinstance(value, list):
        raise bad("expected an Array of BotCommand")
    if len(value) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for one in value:
        if not isinstance(one, dict):
            raise bad("can't parse BotCommand: expected an Object")
        for name in ("command", "description"):
            if not isinstance(one.get(name), str):
                raise bad(f"can't parse BotCommand: Can't find field \"{name}\"")
        if not one["command"]:
            raise bad("command must be non-empty")
        if len(one["command"]) > 32:
            raise bad("command length must not exceed 32")
        if not re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]):
            raise bad("BOT_COMMAND_INVALID")
        if not one["description"].strip():
            raise bad("command description must be non-empty")
        if len(one["description"]) > 256:
            raise bad("command description length must not exceed 256")
        for name in one.keys() - {"command", "description", "is_ephemeral"}:
            broke(f"unknown field {name} of a BotCommand")
    return value


def scope(value: object) -> str:
    """A key for a scope."""
    if value is None:
        value = {"type": "default"}
    if not isinstance(value, dict) or value.get("type") not in SCOPES:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    if missing := SCOPES[value["type"]] - value.keys():
        raise bad(f"can't parse BotCommandScope: Can't find field \"{min(missing)}\"")
    return json.dumps(value, sort_keys=True)


def language(value: object) -> str:
    """core.telegram.org/bots/api#setmycommands: two letters, or none for all others."""
    if not re.fullmatch(r"([a-z]{2})?", str(value or "")):
        raise bad("invalid language code specified")
    return str(value or "")


class Rates:
    """The limits of core.telegram.org/bots/faq, judged when a request arrives."""

    def __init__(self) -> None:
        self.burst = 0
        self.tolerance = 0.02
        self.each_second = 30
        self.group_minute = 20
        self._all: deque[float] = deque()
        self._second: defaultdict[object, deque[float]] = defaultdict(deque)
        self._minute: defaultdict[object, deque[float]] = defaultdict(deque)
        self._paused: dict[object, float] = {}

    def pause(self, chat: object, until: float) -> None:
        """Nothing more for a chat (or with None: for all) until then."""
        self._paused[chat] = max(until, self._paused.get(chat, 0.0))

    def check(self, chat: object, group: bool, now: float) -> tuple[str, int]:
        """Why not, and how many seconds it must wait; nothing if it may go."""
        for key in (None, chat):
            if (left := self._paused.get(key, 0.0) - now) > self.tolerance:
                what = "all chats" if key is None else f"chat {chat}"
                return f"sent while the retry_after of {what} runs", math.ceil(left)
        windows = [
            (None, self._all, 1.0, self.each_second, "over all chats"),
            (chat, self._second[chat], 1.0, 1 + self.burst, f"in chat {chat}"),
        ]
        if group:
            windows.append((chat, self._minute[chat], 60.0, self.group_minute, f"in group {chat}"))
        for key, times, span, most, where in windows:
            while times and times[0] <= now - span + self.tolerance:
                times.popleft()
            if len(times) >= most:
                wait = max(1, math.ceil(times[0] + span - now))
                self.pause(key, now + wait)
                return f"more than {most} in {span:g} s {where}", wait
        for _, times, *_ in windows:
            times.append(now)
        return "", 0


def kept(value: Any) -> Any:  # noqa: ANN401 - what JSON holds
    """A copy, as of a message at this moment."""
    return json.loads(json.dumps(value))
