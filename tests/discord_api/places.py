"""Where people and bots are: guilds, channels, threads, direct messages."""

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.discord_api.rules import EPHEMERAL, LOADING, PERMISSIONS, V2, Json

if TYPE_CHECKING:
    from tests.discord_api.interactions import Interaction
    from tests.discord_api.people import Person
    from tests.discord_api.server import DiscordApi

TEXT, DM, GROUP_DM, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 3, 11, 12
THREADS = (PUBLIC_THREAD, PRIVATE_THREAD)
EVERYTHING = (
    "ADD_REACTIONS", "VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "ATTACH_FILES",
    "READ_MESSAGE_HISTORY", "MENTION_EVERYONE", "USE_EXTERNAL_EMOJIS", "USE_APPLICATION_COMMANDS",
    "CREATE_PUBLIC_THREADS", "CREATE_PRIVATE_THREADS", "SEND_MESSAGES_IN_THREADS",
    "USE_EXTERNAL_APPS",
)  # fmt: skip
EPOCH = 1420070400000
_count = itertools.count()


def new_id() -> int:
    """A snowflake (discord-api-docs, reference#snowflakes): the moment, and a count within it."""
    moment = int(datetime.now(UTC).timestamp() * 1000) - EPOCH
    # The lowest bits only: ids that are made in a row must rise.
    return (moment << 22) | (next(_count) % 2**22)


def stamp(moment: datetime | None = None) -> str:
    return (moment or datetime.now(UTC)).isoformat()


def bits(*names: str) -> int:
    return sum(PERMISSIONS[name] for name in set(names))


class Message:
    """One message, and what became of it."""

    def __init__(self, channel: "Channel", author: Json, content: Json) -> None:
        self.id = new_id()
        self.channel = channel
        self.author = author
        self.content: str = content.get("content") or ""
        self.embeds: list[Json] = content.get("embeds") or []
        self.components: list[Json] = content.get("components") or []
        self.attachments: list[Json] = content.get("attachments") or []
        self.flags: int = content.get("flags") or 0
        self.kind = 0
        self.nonce: int | str | None = None
        self.reference: Json | None = None
        self.replied: Message | None = None
        self.interaction: Interaction | None = None
        self.recipient: Person | None = None
        self.mentions: list[Json] = []
        self.mention_roles: list[int] = []
        self.mention_everyone = False
        self.pinged: set[int] = set()
        self.born = channel.api.now()
        self.sent = stamp()
        self.edited: str | None = None
        self.edits = 0
        self.deleted = False

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        return bool(self.flags & LOADING)

    @property
    def new_style(self) -> bool:
        return bool(self.flags & V2)

    @property
    def by_bot(self) -> bool:
        return int(self.author["id"]) == self.channel.api.application_id

    @property
    def partial(self) -> Json:
        """Without what it refers to."""
        message: Json = {
            "id": str(self.id), "channel_id": str(self.channel.id), "author": self.author,
            "content": self.content, "timestamp": self.sent, "edited_timestamp": self.edited,
            "tts": False, "mention_everyone": self.mention_everyone, "mentions": self.mentions,
            "mention_roles": [str(one) for one in self.mention_roles], "pinned": False,
            "attachments": self.attachments, "embeds": self.embeds, "type": self.kind,
            "components": self.components, "flags": self.flags,
        }  # fmt: skip
        if self.nonce is not None:
            message["nonce"] = self.nonce
        if self.reference is not None:
            message["message_reference"] = self.reference
        if self.interaction is not None:
            application = self.channel.api.me["id"]
            message |= {"webhook_id": application, "application_id": application}
            message |= self.interaction.metadata
        return message

    @property
    def json(self) -> Json:
        if self.replied is None:
            return self.partial
        gone = self.replied.deleted
        return self.partial | {"referenced_message": None if gone else self.replied.partial}


class Channel:
    """Anything that holds messages."""

    def __init__(self, api: "DiscordApi", kind: int, name: str = "", number: int = 0) -> None:
        self.api = api
        self.id = number or new_id()
        self.kind = kind
        self.name = name
        self.guild: Guild | None = None
        self.parent: Channel | None = None
        self.people: list[Person] = []
        self.messages: dict[int, Message] = {}
        self.typed: list[float] = []
        self.deleted = False
        self.denied: set[str] = set()
        # Whether answers of apps that only their user has are seen by others, too
        self.external_apps = True
        # Threads
        self.archived = False
        self.locked = False
        self.auto_archive_duration = 1440
        self.invitable = True
        self.owner = 0
        self.from_message: int | None = None
        self.bot_inside = False
        api.channels[self.id] = self

    # What a test does to it

    def deny(self, *names: str) -> None:
        """Takes permissions from the bot here."""
        bits(*names)
        self.denied |= set(names)
        self.api.tell("CHANNEL_UPDATE", self.json, self.guild)

    def allow(self, *names: str) -> None:
        self.denied -= set(names)
        self.api.tell("CHANNEL_UPDATE", self.json, self.guild)

    def delete(self) -> None:
        self.deleted = True
        event = "THREAD_DELETE" if self.kind in THREADS else "CHANNEL_DELETE"
        self.api.tell(event, self.json, self.guild)

    def archive(self, archived: bool = True, locked: bool = False) -> None:
        self.archived, self.locked = archived, locked
        self.api.tell("THREAD_UPDATE", self.json, self.guild)

    # What it is

    @property
    def is_thread(self) -> bool:
        return self.kind in THREADS

    @property
    def gone(self) -> bool:
        return self.deleted or bool(self.parent and self.parent.deleted)

    @property
    def bot_reads(self) -> bool:
        """Whether the bot has access at all."""
        if self.guild is not None:
            if self.kind == PRIVATE_THREAD and not self.bot_inside:
                return False
            return self.guild.bot and self.bot_may("VIEW_CHANNEL")
        return self.kind == DM and self.is_with_bot

    @property
    def is_with_bot(self) -> bool:
        return self.kind == DM and len(self.people) == 1

    def bot_may(self, *names: str) -> bool:
        if self.guild is None:
            return True
        place = self.parent or self
        return not set(names) - (self.guild.allowed - place.denied)

    @property
    def app_permissions(self) -> int:
        """receiving-and-responding#interaction-object-interaction-structure, the three stars."""
        if self.guild is None:
            own = ("USE_EXTERNAL_EMOJIS",) if self.is_with_bot else ()
            return bits("ATTACH_FILES", "EMBED_LINKS", "MENTION_EVERYONE", *own)
        if not self.guild.bot:
            return bits("ATTACH_FILES", "EMBED_LINKS", "MENTION_EVERYONE")
        return bits(*(self.guild.allowed - (self.parent or self).denied))

    def shows_to(self, person: "Person") -> bool:
        if self.gone:
            return False
        if self.kind == PRIVATE_THREAD or self.guild is None:
            return person in self.people
        return person in self.guild.people

    @property
    def json(self) -> Json:
        channel: Json = {
            "id": str(self.id), "type": self.kind, "flags": 0,
            "last_message_id": str(max(self.messages)) if self.messages else None,
        }  # fmt: skip
        if self.guild is None:
            return channel | {"recipients": [one.json for one in self.people]}
        channel |= {"name": self.name, "guild_id": str(self.guild.id), "rate_limit_per_user": 0}
        if not self.is_thread:
            overwrite = {
                "id": self.api.me["id"], "type": 1, "allow": "0", "deny": str(bits(*self.denied)),
            }  # fmt: skip
            return channel | {
                "position": 0, "topic": None, "nsfw": False, "parent_id": None,
                "permission_overwrites": [overwrite] if self.denied else [],
            }  # fmt: skip
        assert self.parent is not None
        metadata: Json = {
            "archived": self.archived, "auto_archive_duration": self.auto_archive_duration,
            "archive_timestamp": stamp(), "locked": self.locked, "create_timestamp": stamp(),
        }  # fmt: skip
        if self.kind == PRIVATE_THREAD:
            metadata["invitable"] = self.invitable
        return channel | {
            "parent_id": str(self.parent.id), "owner_id": str(self.owner),
            "message_count": len(self.messages), "member_count": len(self.people) + self.bot_inside,
            "total_message_sent": len(self.messages), "thread_metadata": metadata,
        }  # fmt: skip

    def seen_by(self, person: "Person") -> Json:
        """As an interaction has it: with the permissions of who made it."""
        if self.guild is None:
            return self.json
        channel = self.json
        channel.pop("permission_overwrites", None)
        return channel | {"permissions": str(bits(*EVERYTHING))}


class Guild:
    """A server. The bot is a member or, with ``bot=False``, only known to some of its people."""

    def __init__(
        self,
        api: "DiscordApi",
        name: str,
        *,
        bot: bool = True,
        locale: str = "en-US",
        number: int = 0,
    ) -> None:
        self.api = api
        self.id = number or new_id()
        self.name = name
        self.locale = locale
        self.bot = bot
        self.available = True
        self.allowed: set[str] = set(EVERYTHING)
        self.people: list[Person] = []
        self.channels: list[Channel] = []
        self.roles: dict[int, Json] = {}
        self.bot_role = new_id()
        api.guilds[self.id] = self

    def channel(self, name: str = "general", number: int = 0) -> Channel:
        channel = Channel(self.api, TEXT, name, number)
        channel.guild = self
        self.channels.append(channel)
        self.api.tell("CHANNEL_CREATE", channel.json, self)
        return channel

    def role(self, name: str, mentionable: bool = False) -> int:
        number = new_id()
        self.roles[number] = _role(number, name, 0, mentionable=mentionable)
        self.api.tell("GUILD_ROLE_CREATE", {
            "guild_id": str(self.id), "role": self.roles[number],
        }, self)  # fmt: skip
        return number

    def joins(self, *people: "Person") -> None:
        self.people += [one for one in people if one not in self.people]
        for one in people:
            one.met = one.met or self.bot

    def leaves(self, person: "Person") -> None:
        self.people.remove(person)

    def adds_bot(self) -> None:
        self.bot = True
        self.joins(*self.people)
        self.api.tell("GUILD_CREATE", self.full, self)

    def kicks_bot(self) -> None:
        """discord-api-docs, events/gateway-events#guild-delete: without ``unavailable``."""
        self.api.tell("GUILD_DELETE", {"id": str(self.id)}, self)
        self.bot = False

    def goes_down(self) -> None:
        """An outage of this guild alone."""
        self.available = False
        self.api.tell("GUILD_DELETE", {"id": str(self.id), "unavailable": True}, self)

    def comes_back(self) -> None:
        self.available = True
        self.api.tell("GUILD_CREATE", self.full | {"unavailable": False}, self)

    def deny(self, *names: str) -> None:
        """Takes permissions from the role of the bot."""
        bits(*names)
        self.allowed -= set(names)
        self._role_changed()

    def allow(self, *names: str) -> None:
        self.allowed |= set(names)
        self._role_changed()

    def _role_changed(self) -> None:
        role = next(one for one in self.all_roles if one["id"] == str(self.bot_role))
        self.api.tell("GUILD_ROLE_UPDATE", {"guild_id": str(self.id), "role": role}, self)

    @property
    def all_roles(self) -> list[Json]:
        tags = {"bot_id": self.api.me["id"]}
        mine = _role(self.bot_role, self.api.me["username"], bits(*self.allowed), managed=True)
        return [_role(self.id, "@everyone", 0), mine | {"tags": tags}, *self.roles.values()]

    @property
    def json(self) -> Json:
        return {
            "id": str(self.id), "name": self.name, "icon": None, "splash": None,
            "discovery_splash": None, "owner_id": "1", "region": "deprecated",
            "afk_channel_id": None, "afk_timeout": 300, "verification_level": 0,
            "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0,
            "roles": self.all_roles, "emojis": [], "features": [], "application_id": None,
            "system_channel_id": None, "system_channel_flags": 0, "rules_channel_id": None,
            "vanity_url_code": None, "description": None, "banner": None, "premium_tier": 0,
            "preferred_locale": self.locale, "public_updates_channel_id": None, "nsfw_level": 0,
            "stickers": [], "premium_progress_bar_enabled": False, "max_members": 500000,
        }  # fmt: skip

    @property
    def full(self) -> Json:
        """As the gateway tells of a new one; without more intents the bot is the only member."""
        return self.json | {
            "joined_at": stamp(), "large": False,
            "member_count": len(self.people) + 1, "voice_states": [], "presences": [],
            "members": [self.bot_member], "stage_instances": [], "guild_scheduled_events": [],
            "soundboard_sounds": [], "channels": [one.json for one in self.listed],
            "threads": [one.json for one in self.threads if one.bot_reads],
        }  # fmt: skip

    @property
    def listed(self) -> list[Channel]:
        return [one for one in self.channels if not one.gone and not one.is_thread]

    @property
    def threads(self) -> list[Channel]:
        return [one for one in self.channels if not one.gone and one.is_thread]

    @property
    def bot_member(self) -> Json:
        return _member(self.api.me, [str(self.bot_role)])

    def member(self, person: "Person", permissions: bool = False) -> Json:
        member = _member(person.json, [str(one) for one in person.roles if one in self.roles])
        return member | ({"permissions": str(bits(*EVERYTHING))} if permissions else {})


def _member(user: Json, roles: list[str]) -> Json:
    return {
        "user": user, "nick": None, "avatar": None, "banner": None, "roles": roles,
        "joined_at": "2025-01-01T00:00:00+00:00", "premium_since": None, "deaf": False,
        "mute": False, "flags": 0, "pending": False, "communication_disabled_until": None,
    }  # fmt: skip


def _role(
    number: int, name: str, permissions: int, *, managed: bool = False, mentionable: bool = False
) -> Json:
    return {
        "id": str(number), "name": name, "color": 0, "hoist": False, "icon": None,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "unicode_emoji": None, "position": 0 if name == "@everyone" else 1,
        "permissions": str(permissions), "managed": managed, "mentionable": mentionable, "flags": 0,
    }  # fmt: skip
