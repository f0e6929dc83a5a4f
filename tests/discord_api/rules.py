"""What may be in a body: how it is refused, and what is asked of messages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

# discord-api-docs, resources/message#create-message
LONGEST_CONTENT = 2000
LONGEST_NONCE = 25
MOST_EMBEDS = 10
MOST_FILES = 10
# See discord-api-docs, reference#uploading-files: per file, for an app
LARGEST_FILE = 10 * 2**20
# discord-api-docs, resources/message#embed-object-embed-limits
LONGEST_EMBEDS = 6000
# discord-api-docs, resources/message#message-object-message-flags
SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SILENT, V2 = 1 << 2, 1 << 6, 1 << 7, 1 << 12, 1 << 15
VOICE = 1 << 13
# discord-api-docs, topics/permissions#permissions-bitwise-permission-flags
PERMISSIONS = {
    "CREATE_INSTANT_INVITE": 1 << 0, "KICK_MEMBERS": 1 << 1, "BAN_MEMBERS": 1 << 2,
    "ADMINISTRATOR": 1 << 3, "MANAGE_CHANNELS": 1 << 4, "MANAGE_GUILD": 1 << 5,
    "ADD_REACTIONS": 1 << 6, "VIEW_AUDIT_LOG": 1 << 7, "PRIORITY_SPEAKER": 1 << 8,
    "STREAM": 1 << 9, "VIEW_CHANNEL": 1 << 10, "SEND_MESSAGES": 1 << 11,
    "SEND_TTS_MESSAGES": 1 << 12, "MANAGE_MESSAGES": 1 << 13, "EMBED_LINKS": 1 << 14,
    "ATTACH_FILES": 1 << 15, "READ_MESSAGE_HISTORY": 1 << 16, "MENTION_EVERYONE": 1 << 17,
    "USE_EXTERNAL_EMOJIS": 1 << 18, "VIEW_GUILD_INSIGHTS": 1 << 19, "CONNECT": 1 << 20,
    "SPEAK": 1 << 21, "MUTE_MEMBERS": 1 << 22, "DEAFEN_MEMBERS": 1 << 23, "MOVE_MEMBERS": 1 << 24,
    "USE_VAD": 1 << 25, "CHANGE_NICKNAME": 1 << 26, "MANAGE_NICKNAMES": 1 << 27,
    "MANAGE_ROLES": 1 << 28, "MANAGE_WEBHOOKS": 1 << 29, "MANAGE_GUILD_EXPRESSIONS": 1 << 30,
    "USE_APPLICATION_COMMANDS": 1 << 31, "REQUEST_TO_SPEAK": 1 << 32, "MANAGE_EVENTS": 1 << 33,
    "MANAGE_THREADS": 1 << 34, "CREATE_PUBLIC_THREADS": 1 << 35, "CREATE_PRIVATE_THREADS": 1 << 36,
    "USE_EXTERNAL_STICKERS": 1 << 37, "SEND_MESSAGES_IN_THREADS": 1 << 38,
    "USE_EMBEDDED_ACTIVITIES": 1 << 39, "MODERATE_MEMBERS": 1 << 40,
    "VIEW_CREATOR_MONETIZATION_ANALYTICS": 1 << 41, "USE_SOUNDBOARD": 1 << 42,
    "CREATE_GUILD_EXPRESSIONS": 1 << 43, "CREATE_EVENTS": 1 << 44, "USE_EXTERNAL_SOUNDS": 1 << 45,
    "SEND_VOICE_MESSAGES": 1 << 46, "SET_VOICE_CHANNEL_STATUS": 1 << 48, "SEND_POLLS": 1 << 49,
    "USE_EXTERNAL_APPS": 1 << 50, "PIN_MESSAGES": 1 << 51, "BYPASS_SLOWMODE": 1 << 52,
}  # fmt: skip
# discord-api-docs, reference#locales
LOCALES = {
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi",
    "th", "zh-CN", "ja", "zh-TW", "ko",
}  # fmt: skip
# discord-api-docs, topics/opcodes-and-status-codes#json, with the words of real answers
MESSAGES = {
    10003: "Unknown Channel", 10004: "Unknown Guild", 10007: "Unknown Member",
    10008: "Unknown Message", 10013: "Unknown User", 10015: "Unknown Webhook",
    10062: "Unknown interaction", 10063: "Unknown application command",
    10070: "Unknown Guild Scheduled Event",
    40005: "Request entity too large",
    40060: "Interaction has already been acknowledged.",
    40094: "This interaction has hit the maximum number of follow up messages",
    50001: "Missing Access", 50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message", 50007: "Cannot send messages to this user",
    50013: "Missing Permissions", 50024: "Cannot execute action on this channel type",
    50027: "Invalid Webhook Token", 50033: "Invalid Recipient(s)", 50035: "Invalid Form Body",
    50083: "Thread is archived", 50109: "The request body contains invalid JSON.",
    160004: "A thread has already been created for this message", 160005: "Thread is locked",
}  # fmt: skip


class Refusal(Exception):
    """An answer that is an error; with a ``mistake`` it breaks a documented rule."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str = "",
        *,
        mistake: str = "",
        errors: Json | None = None,
    ) -> None:
        super().__init__(message or MESSAGES[code])
        self.status = status
        self.mistake = mistake
        self.body: Json = {"message": message or MESSAGES[code], "code": code}
        if errors is not None:
            self.body["errors"] = errors


@dataclass(frozen=True)
class Field:
    """One place in a body, and what is wrong there (discord-api-docs, reference#error-messages)."""

    path: tuple[str, ...] = ()
    found: list[tuple[tuple[str, ...], str, str]] = field(default_factory=list)

    def __truediv__(self, name: str | int) -> "Field":
        return Field((*self.path, str(name)), self.found)

    def wrong(self, code: str, message: str) -> None:
        self.found.append((self.path, code, message))

    def done(self) -> None:
        """Refuses if anything was wrong."""
        if not self.found:
            return
        errors: Json = {}
        for path, code, message in self.found:
            at = errors
            for name in path:
                at = at.setdefault(name, {})
            at.setdefault("_errors", []).append({"code": code, "message": message})
        where = "; ".join(f"{'.'.join(path)}: {message}" for path, _, message in self.found)
        raise Refusal(400, 50035, mistake=where, errors=errors)

    def text(
        self, given: Mapping[str, Any], name: str, low: int, high: int, required: bool = True
    ) -> str:
        """A string between two lengths, in characters."""
        value = given.get(name)
        at = self / name
        if value is None:
            if required:
                at.wrong("BASE_TYPE_REQUIRED", "This field is required")
            return ""
        if not isinstance(value, str):
            at.wrong("STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return ""
        if len(value) < low or len(value) > high:
            if low:
                at.wrong("BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
            else:
                at.wrong("BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        return value

    def number(
        self, given: Mapping[str, Any], name: str, low: int, high: int, default: int | None = None
    ) -> int | None:
        value = given.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            (self / name).wrong("NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return default
        if value < low:
            (self / name).wrong(
                "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}."
            )
        if value > high:
            (self / name).wrong(
                "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}."
            )
        return value

    def choice(
        self, given: Mapping[str, Any], name: str, among: Sequence[int], required: bool = True
    ) -> int | None:
        value = given.get(name)
        if value is None and not required:
            return None
        if value is None:
            (self / name).wrong("BASE_TYPE_REQUIRED", "This field is required")
        elif value not in among or isinstance(value, bool):
            allowed = ", ".join(map(str, among))
            (self / name).wrong("BASE_TYPE_CHOICES", f"Value must be one of ({allowed}).")
        else:
            return int(value)
        return None

    def rows(self, given: Mapping[str, Any], name: str, low: int, high: int) -> list[Json]:
        """A list of objects, so many."""
        value = given.get(name)
        if value is None and low:
            (self / name).wrong("BASE_TYPE_REQUIRED", "This field is required")
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            (self / name).wrong("LIST_TYPE_CONVERT", "Only iterables of objects may be used")
            return []
        if len(value) < low or len(value) > high:
            message = f"Must be between {low} and {high} in length."
            (self / name).wrong("BASE_TYPE_BAD_LENGTH", message)
        return value


def snowflake(value: object) -> int | None:
    """An id as clients may send it: a string of digits, or a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdigit() else None


def embeds(at: Field, given: Json) -> list[Json]:
    """discord-api-docs, resources/message#embed-object-embed-limits."""
    found = at.rows(given, "embeds", 0, MOST_EMBEDS)
    total = 0
    for number, one in enumerate(found):
        here = at / "embeds" / number
        total += len(here.text(one, "title", 0, 256, required=False))
        total += len(here.text(one, "description", 0, 4096, required=False))
        for name, value in (("footer", "text"), ("author", "name")):
            if one.get(name) is not None:
                high = 2048 if name == "footer" else 256
                total += len((here / name).text(one[name], value, 0, high))
        for index, row in enumerate(here.rows(one, "fields", 0, 25)):
            total += len((here / "fields" / index).text(row, "name", 1, 256))
            total += len((here / "fields" / index).text(row, "value", 1, 1024))
    if total > LONGEST_EMBEDS:
        (at / "embeds").wrong(
            "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {LONGEST_EMBEDS}"
        )
    return found


def mentions(at: Field, given: Json) -> Json | None:
    """discord-api-docs, resources/message#allowed-mentions-object."""
    allowed = given.get("allowed_mentions")
    if allowed is None:
        return None
    here = at / "allowed_mentions"
    if not isinstance(allowed, dict):
        here.wrong("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return None
    parse = allowed.get("parse") or []
    for index, one in enumerate(parse):
        if one not in {"roles", "users", "everyone"}:
            (here / "parse" / index).wrong(
                "BASE_TYPE_CHOICES", "Value must be one of ('roles', 'users', 'everyone')."
            )
    for name in ("users", "roles"):
        listed = allowed.get(name) or []
        if len(listed) > 100:
            (here / name).wrong("BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
        for index, one in enumerate(listed):
            if snowflake(one) is None:
                (here / name / index).wrong(
                    "NUMBER_TYPE_COERCE", f'Value "{one}" is not snowflake.'
                )
        if listed and name in parse:
            here.wrong(
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.',
            )
    return allowed


def mentioned(text: str) -> tuple[set[int], set[int], bool]:
    """The users, the roles, and whether everyone; what stands in code mentions nobody."""
    text = re.sub(r"```.*?```|`[^`\n]+`", "", text, flags=re.DOTALL)
    users = {int(one) for one in re.findall(r"<@!?(\d+)>", text)}
    roles = {int(one) for one in re.findall(r"<@&(\d+)>", text)}
    return users, roles, bool(re.search(r"@(everyone|here)\b", text))


def nonce(at: Field, given: Json) -> int | str | None:
    value = given.get("nonce")
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if not isinstance(value, str):
        (at / "nonce").wrong("NONCE_TYPE_INVALID", "Nonce must be a string or an integer.")
        return None
    if len(value) > LONGEST_NONCE:
        (at / "nonce").wrong(
            "NONCE_TYPE_TOO_LONG", f"Nonce must be {LONGEST_NONCE} or fewer in length."
        )
    return value
