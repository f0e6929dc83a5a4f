"""Messages: what they may hold, whom they ping, and how they are sent, edited and deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.discord_api import components, rules
from tests.discord_api.places import DM, Channel, Face, Message, new_id, stamp
from tests.discord_api.rules import EPHEMERAL, LOADING, SILENT, SUPPRESS_EMBEDS, V2, Field, Json
from tests.discord_api.rules import Refusal as Refused

if TYPE_CHECKING:
    from tests.discord_api.server import DiscordApi

# discord-api-docs, resources/message#create-message
SENDABLE = SUPPRESS_EMBEDS | SILENT | V2 | rules.VOICE
CONTENT = ("content", "embeds", "components", "attachments", "poll", "sticker_ids")


@dataclass(frozen=True)
class Upload:
    """One files[n] (discord-api-docs, reference#uploading-files)."""

    number: int
    filename: str
    kind: str
    data: bytes = field(repr=False)


def face(message: Message) -> Face:
    """What can be read and pressed there."""
    all_of_it = components.walk(message.components)
    said = [message.content] if message.content else []
    for embed in message.embeds:
        fields = [f"{one['name']}\n{one['value']}" for one in embed.get("fields") or []]
        said += [embed.get("title") or "", embed.get("description") or "", *fields]
    said += [one["content"] for one in all_of_it if one["type"] == components.TEXT]
    buttons = [one for one in all_of_it if one["type"] == components.BUTTON]
    return Face(
        "\n".join(one for one in said if one),
        [components.label(one) for one in buttons if "custom_id" in one],
    )


class Messages:
    def __init__(self, api: "DiscordApi") -> None:
        self.api = api
        # "the past few minutes" (resources/message#create-message)
        self.nonce_window = 180.0
        self.files: dict[int, bytes] = {}
        self._nonces: dict[tuple[str, str], tuple[float, Message]] = {}

    def checked(
        self, given: Json, uploads: Sequence[Upload], flags: int, at: Field, old: Message | None
    ) -> Json:
        """What a message will hold; for an edit only what changes. ``flags`` may be set."""
        v2 = bool(flags & V2)
        content: Json = {}
        if old is None or "content" in given:
            value = given.get("content")
            number = isinstance(value, int) and not isinstance(value, bool)
            spoken = {"content": str(value)} if number else given  # Discord reads numbers, too
            content["content"] = at.text(spoken, "content", 0, rules.LONGEST_CONTENT, False).strip()
        if old is None or "embeds" in given:
            content["embeds"] = rules.embeds(at, given)
        if old is None or "components" in given:
            content["components"] = components.of_message(at, given, v2)
        if old is None or "attachments" in given or uploads:
            content["attachments"] = self._attached(at, given, uploads, old)
        rules.mentions(at, given)
        if v2:
            for name in ("content", "embeds", "sticker_ids", "poll"):
                if given.get(name) or (name not in given and old and getattr(old, name, None)):
                    (at / name).wrong(
                        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                        f"The '{name}' field cannot be used when using"
                        " MessageFlags.IS_COMPONENTS_V2",
                    )
        at.done()
        result = {name: getattr(old, name, None) for name in CONTENT} | content
        if not any(result.values()) and not any(given.get(one) for one in CONTENT[4:]):
            raise Refused(400, 50006, mistake="an empty message")
        return content

    def _attached(
        self, at: Field, given: Json, uploads: Sequence[Upload], old: Message | None
    ) -> list[Json]:
        """Those that stay, then the new ones."""
        if len(uploads) > rules.MOST_FILES:
            (at / "files").wrong("BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        if any(len(one.data) > rules.LARGEST_FILE for one in uploads):
            raise Refused(413, 40005, mistake="a file over 10 MiB")
        had = {int(one["id"]): one for one in (old.attachments if old else [])}
        named: dict[int, Json] = {}
        kept = [] if "attachments" in given else list(had.values())
        for number, one in enumerate(given.get("attachments") or []):
            value = rules.snowflake(one.get("id"))
            if value in had:
                kept.append(had[value] | one)
            elif value is not None and any(upload.number == value for upload in uploads):
                named[value] = one
            else:
                (at / "attachments" / number / "id").wrong(
                    "ATTACHMENT_NOT_FOUND", f"There is no files[{one.get('id')}] in the request"
                )
        return kept + [self._keep(upload, named.get(upload.number, {})) for upload in uploads]

    def _keep(self, upload: Upload, described: Json) -> Json:
        number = new_id()
        self.files[number] = upload.data
        name = described.get("filename") or upload.filename
        url = f"{self.api.origin}/attachments/{number}/{name}"
        attachment = {
            "id": str(number), "filename": name, "size": len(upload.data), "url": url,
            "proxy_url": url, "content_type": upload.kind,
        }  # fmt: skip
        if described.get("description"):
            attachment["description"] = described["description"]
        return attachment

    def allowed_flags(self, given: Json, allowed: int, where: str) -> int:
        """Those that may be set; others are ignored, as Discord does."""
        flags = given.get("flags") or 0
        if flags & EPHEMERAL & ~allowed:
            self.api.broke(f"{where}: only what answers an interaction can be ephemeral")
        return int(flags) & allowed

    def pings(self, message: Message, given: Json) -> None:
        """resources/message#allowed-mentions-object; an ephemeral message pings nobody."""
        allowed = given.get("allowed_mentions")
        inner = components.walk(message.components)
        texts = [one["content"] for one in inner if one["type"] == components.TEXT]
        users, roles, everyone = rules.mentioned("\n".join([message.content, *texts]))
        listed = {"parse": ["users", "roles", "everyone"]} if allowed is None else allowed
        parse = listed.get("parse") or []
        if "users" not in parse:
            users &= {int(one) for one in listed.get("users") or []}
        if "roles" not in parse:
            roles &= {int(one) for one in listed.get("roles") or []}
        channel, guild = message.channel, message.channel.guild
        people = self.api.people
        everyone = everyone and "everyone" in parse and channel.bot_may("MENTION_EVERYONE")
        message.mention_everyone = everyone and guild is not None
        known = guild.roles if guild else {}
        message.mention_roles = [one for one in roles if one in known]
        message.mentions = [people[one].json for one in users if one in people]
        if message.ephemeral:
            return
        there = guild.people if guild else channel.people
        pinged = users | {one.id for one in there if message.mention_everyone}
        for role in message.mention_roles:
            if known[role]["mentionable"] or channel.bot_may("MENTION_EVERYONE"):
                pinged |= {one.id for one in there if role in one.roles}
        replied = message.replied
        if replied is not None and (allowed is None or allowed.get("replied_user")):
            pinged.add(int(replied.author["id"]))
        message.pinged = {one for one in pinged if one in people and channel.shows_to(people[one])}

    def put(self, message: Message) -> Message:
        message.channel.messages[message.id] = message
        message.faces.append(face(message))
        self.api.changed()
        if not message.ephemeral:
            self.api.tell_message("MESSAGE_CREATE", message)
        return message

    def change(self, message: Message, content: Json, given: Json) -> Message:
        """An edit pings nobody."""
        for name, value in content.items():
            setattr(message, name, value)
        if given.get("flags") is not None:
            changeable = SUPPRESS_EMBEDS | V2
            kept = message.flags & (~changeable | V2)  # it cannot be taken away again
            message.flags = kept | (given["flags"] & changeable)
        pinged = message.pinged
        self.pings(message, given)
        message.pinged = pinged
        was_loading = message.loading
        message.flags &= ~LOADING
        if not was_loading:
            message.edited = stamp()
            message.edits += 1
        message.faces.append(face(message))
        self.api.changed()
        if not message.ephemeral:
            self.api.tell_message("MESSAGE_UPDATE", message)
        return message

    def remove(self, message: Message) -> None:
        message.deleted = True
        message.channel.messages.pop(message.id, None)
        self.api.changed()
        if not message.ephemeral:
            gone = {"id": str(message.id), "channel_id": str(message.channel.id)}
            guild = message.channel.guild
            if guild is not None:
                gone["guild_id"] = str(guild.id)
            if message.channel.bot_reads:
                self.api.tell("MESSAGE_DELETE", gone, guild, dm=guild is None)

    # By the bot, in a channel

    def may_write(self, channel: Channel) -> None:
        """Access first, then the permission (topics/permissions)."""
        if channel.kind == DM:
            (person,) = channel.people
            if not person.reachable:
                raise Refused(403, 50007)
            return
        needed = "SEND_MESSAGES_IN_THREADS" if channel.is_thread else "SEND_MESSAGES"
        if not channel.bot_may(needed):
            raise Refused(403, 50013)
        if channel.is_thread and channel.locked and not channel.bot_may("MANAGE_THREADS"):
            raise Refused(403, 160005)

    def create(self, channel: Channel, given: Json, uploads: Sequence[Upload]) -> Json:
        self.may_write(channel)
        if (given.get("embeds") and not channel.bot_may("EMBED_LINKS")) or (
            uploads and not channel.bot_may("ATTACH_FILES")
        ):
            raise Refused(403, 50013)
        at = Field()
        nonce = rules.nonce(at, given)
        flags = self.allowed_flags(given, SENDABLE, "POST messages")
        reference, replied = self._reference(at, channel, given)
        content = self.checked(given, uploads, flags, at, None)
        if given.get("enforce_nonce") and nonce is not None:
            known = self._known(str(nonce), channel)
            if known is not None and known.deleted:
                # discord/discord-api-docs#6647: it is not made again, and that is intended
                raise Refused(404, 10008)
            if known is not None:
                return known.json
        message = Message(channel, self.api.me, content | {"flags": flags})
        message.nonce = nonce
        message.reference, message.replied = reference, replied
        message.kind = 19 if reference else 0
        self.pings(message, given)
        if nonce is not None:
            self._nonces[message.author["id"], str(nonce)] = self.api.now(), message
        if channel.is_thread and channel.archived:  # resources/channel#thread-metadata: unarchives
            channel.archive(False, channel.locked)
        return self.put(message).json

    def _known(self, nonce: str, channel: Channel) -> Message | None:
        """The message of this nonce, if it is not long ago."""
        when, message = self._nonces.get((self.api.me["id"], nonce), (0.0, None))
        if message is None or self.api.now() - when > self.nonce_window:
            return None
        if message.channel is not channel:
            self.api.broke(f"POST messages: nonce {nonce} in two channels")
        return message

    def _reference(
        self, at: Field, channel: Channel, given: Json
    ) -> tuple[Json | None, Message | None]:
        reference = given.get("message_reference")
        if not reference:
            return None, None
        replied = channel.messages.get(rules.snowflake(reference.get("message_id")) or 0)
        if replied is None or replied.ephemeral:
            if reference.get("fail_if_not_exists", True):
                (at / "message_reference").wrong("REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            return None, None
        if not channel.bot_may("READ_MESSAGE_HISTORY"):
            raise Refused(403, 160002, "Cannot reply without permission to read message history")
        kept = {"type": 0, "message_id": str(replied.id), "channel_id": str(channel.id)}
        if channel.guild is not None:
            kept["guild_id"] = str(channel.guild.id)
        return kept, replied

    def found(self, channel: Channel, number: str) -> Message:
        """One that can be reached without a token: no ephemeral one."""
        message = channel.messages.get(rules.snowflake(number) or 0)
        if message is None or message.ephemeral:
            mistake = "an ephemeral message is reached by its token only" if message else ""
            raise Refused(404, 10008, mistake=mistake)
        return message

    def edit(self, message: Message, given: Json, uploads: Sequence[Upload]) -> Json:
        if not message.by_bot:
            raise Refused(403, 50005, mistake="edits what somebody else wrote")
        channel = message.channel
        if channel.archived:
            raise Refused(400, 50083)
        # See topics/threads#locked-threads: nobody updates what is said there, either
        if channel.locked and not channel.bot_may("MANAGE_THREADS"):
            raise Refused(403, 160005)
        content = self.checked(given, uploads, self.edit_flags(message, given), Field(), message)
        return self.change(message, content, given).json

    def edit_flags(self, message: Message, given: Json) -> int:
        return message.flags | int(given.get("flags") or 0)

    def delete(self, message: Message) -> None:
        channel = message.channel
        if not message.by_bot and channel.guild is None:
            raise Refused(403, 50003, "Cannot execute action on a DM channel")
        if not message.by_bot and not channel.bot_may("MANAGE_MESSAGES"):
            raise Refused(403, 50013)
        if channel.archived:
            raise Refused(400, 50083)
        self.remove(message)

    def typing(self, channel: Channel) -> None:
        self.may_write(channel)
        channel.typed.append(self.api.now())
