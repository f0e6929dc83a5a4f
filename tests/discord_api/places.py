"""Where people and bots are: guilds, channels, threads, direct messages."""

import copy
import itertools
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.discord_api.rules import EPHEMERAL, LOADING, PERMISSIONS, V2, Json

if TYPE_CHECKING:
    from tests.discord_api.interactions import Interaction
    from tests.discord_api.people import Person, Shown, What
    from tests.discord_api.server import DiscordApi

TEXT, DM, GROUP_DM, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 3, 11, 12
VOICE_CHANNEL, STAGE_CHANNEL = 2, 13
THREADS = (PUBLIC_THREAD, PRIVATE_THREAD)
EVERYTHING = (
    "ADD_REACTIONS", "VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "ATTACH_FILES",
    "READ_MESSAGE_HISTORY", "MENTION_EVERYONE", "USE_EXTERNAL_EMOJIS", "USE_APPLICATION_COMMANDS",
    "CREATE_PUBLIC_THREADS", "CREATE_PRIVATE_THREADS", "SEND_MESSAGES_IN_THREADS",
    "USE_EXTERNAL_APPS",
)  # fmt: skip
# What a member may do without any role
MEMBERS = (*EVERYTHING, "CONNECT", "CHANGE_NICKNAME")
# resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-status
SCHEDULED, ACTIVE, COMPLETED, CANCELED = 1, 2, 3, 4
# The same, #guild-scheduled-event-object-guild-scheduled-event-entity-types
STAGE, VOICE, EXTERNAL = 1, 2, 3
# The same, #guild-scheduled-event-permissions-requirements, besides those for events themselves
HOSTS = {
    STAGE: {"MANAGE_CHANNELS", "MUTE_MEMBERS", "MOVE_MEMBERS"}, VOICE: {"VIEW_CHANNEL", "CONNECT"},
    EXTERNAL: set(),
}  # fmt: skip
# The same, #create-guild-scheduled-event: at any time, that are to come or under way
MOST_PLANNED = 100
# "a few hours" (the same, #guild-scheduled-event-status-update-automation)
GIVEN_UP_AFTER = timedelta(hours=3)
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


@dataclass(frozen=True)
class Face:
    """What a message looked like, from one change of it to the next."""

    text: str
    buttons: list[str]


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
        # What it has been for whoever sees it, the newest last
        self.faces: list[Face] = []
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

    @property
    def bot_rights(self) -> set[str]:
        """topics/permissions#permission-overwrites, in threads those of the channel."""
        if self.guild is None:
            return set(EVERYTHING)
        if "ADMINISTRATOR" in self.guild.allowed:
            return set(PERMISSIONS)
        return self.guild.allowed - (self.parent or self).denied

    def bot_may(self, *names: str) -> bool:
        """topics/permissions#implicit-permissions: nothing where it sees nothing."""
        return self.guild is None or {"VIEW_CHANNEL", *names} <= self.bot_rights

    @property
    def app_permissions(self) -> int:
        """receiving-and-responding#interaction-object-interaction-structure, the three stars."""
        if self.guild is None:
            own = ("USE_EXTERNAL_EMOJIS",) if self.is_with_bot else ()
            return bits("ATTACH_FILES", "EMBED_LINKS", "MENTION_EVERYONE", *own)
        if not self.guild.bot:
            return bits("ATTACH_FILES", "EMBED_LINKS", "MENTION_EVERYONE")
        return bits(*self.bot_rights)

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
        if self.kind in (VOICE_CHANNEL, STAGE_CHANNEL):
            channel |= {
                "bitrate": 64000, "user_limit": 0, "rtc_region": None, "video_quality_mode": 1,
            }  # fmt: skip
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
        return channel | {"permissions": str(self.guild.permissions(person))}


class ScheduledEvent:
    """An entry of a server's calendar (resources/guild-scheduled-event), as people make it.

    It is somewhere outside, or in a voice or stage channel. Whoever does a thing to it without
    being named may.
    """

    def __init__(
        self,
        guild: "Guild",
        starts: datetime,
        ends: datetime | None,
        *,
        where: "Channel | str",
        name: str,
        by: "Person | None",
    ) -> None:
        self.guild = guild
        self.id = new_id()
        self.starts = starts
        self.ends = ends
        self.where = where
        self.name = name
        self.description: str | None = "Along the river"
        self.by = by
        self.status = SCHEDULED
        self.interested: list[Person] = []
        self._checked()
        self._allowed(by, making=True)

    def __repr__(self) -> str:
        return f"<ScheduledEvent {self.name!r}, status {self.status}>"

    @property
    def kind(self) -> int:
        if isinstance(self.where, str):
            return EXTERNAL
        return STAGE if self.where.kind == STAGE_CHANNEL else VOICE

    @property
    def open(self) -> bool:
        return self.status in (SCHEDULED, ACTIVE)

    @property
    def bot_sees(self) -> bool:
        """#guild-scheduled-event-permissions-requirements, "Get Permissions"."""
        return isinstance(self.where, str) or self.where.bot_reads

    @property
    def json(self) -> Json:
        """#guild-scheduled-event-object, with #field-requirements-by-entity-type."""
        where = self.where
        return {
            "id": str(self.id), "guild_id": str(self.guild.id),
            "creator_id": str(self.by.id) if self.by else self.guild.owner_id,
            "channel_id": None if isinstance(where, str) else str(where.id), "name": self.name,
            "description": self.description, "scheduled_start_time": stamp(self.starts),
            "scheduled_end_time": stamp(self.ends) if self.ends else None, "privacy_level": 2,
            "status": self.status, "entity_type": self.kind, "entity_id": None,
            "entity_metadata": {"location": where} if isinstance(where, str) else None,
            "user_count": len(self.interested), "image": None, "recurrence_rule": None,
        }  # fmt: skip

    def moves(
        self, starts: datetime, ends: datetime | None = None, by: "Person | None" = None
    ) -> None:
        at_once = self.status == ACTIVE and starts != self.starts
        assert not at_once, "only what has not begun can begin at another time"
        self._changeable(by)
        self._becomes_so(starts=starts, ends=ends)

    def changes(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        where: "Channel | str | None" = None,
        by: "Person | None" = None,
    ) -> None:
        """All but the times; with ``where`` it can become another kind."""
        self._changeable(by)
        self._becomes_so(
            name=self.name if name is None else name, where=where or self.where,
            description=self.description if description is None else description,
        )  # fmt: skip

    def begins(self, by: "Person | None" = None) -> None:
        self._changeable(by)
        self._becomes(ACTIVE, SCHEDULED)

    def completes(self, by: "Person | None" = None) -> None:
        self._changeable(by)
        self._becomes(COMPLETED, ACTIVE)

    def cancels(self, by: "Person | None" = None) -> None:
        self._changeable(by)
        self._becomes(CANCELED, SCHEDULED)

    def deletes(self, by: "Person | None" = None) -> None:
        self._allowed(by)
        self.guild.planned.remove(self)
        self._tell("DELETE")

    def interests(self, person: "Person") -> None:
        """She wants to be told of it: events/gateway-events#guild-scheduled-event-user-add."""
        assert person in self.guild.people, f"{person.name} is not there"
        self.interested.append(person)
        self._tell_user("ADD", person)

    def bores(self, person: "Person") -> None:
        self.interested.remove(person)
        self._tell_user("REMOVE", person)

    def it_is(self, moment: datetime) -> None:
        """#guild-scheduled-event-status-update-automation: what becomes of it by itself."""
        if self.kind == EXTERNAL and self.status == SCHEDULED and self.starts <= moment:
            self._becomes(ACTIVE, SCHEDULED)
        if self.kind == EXTERNAL and self.status == ACTIVE and self.ends and self.ends <= moment:
            self._becomes(COMPLETED, ACTIVE)
        if self.status == SCHEDULED and self.starts + GIVEN_UP_AFTER <= moment:
            self._becomes(CANCELED, SCHEDULED)

    def _checked(self) -> None:
        """#guild-scheduled-event-structure, #field-requirements-by-entity-type."""
        assert 1 <= len(self.name) <= 100, "a name has 1 to 100 characters"
        described = self.description is None or 1 <= len(self.description) <= 1000
        assert described, "a description has 1 to 1000 characters"
        assert self.ends is None or self.ends > self.starts, "it ends after its beginning"
        where = self.where
        if isinstance(where, str):
            assert self.ends, "outside it has an end"
            assert 1 <= len(where) <= 100, "a location has 1 to 100 characters"
        else:
            assert where.kind in (VOICE_CHANNEL, STAGE_CHANNEL), "it is in no such channel"
            assert where.guild is self.guild, "it is in a channel of its own guild"

    def _allowed(self, by: "Person | None", making: bool = False) -> None:
        """#guild-scheduled-event-permissions-requirements."""
        if by is None:
            return
        needed = {"CREATE_EVENTS"} if making else {"MANAGE_EVENTS"}
        if by is self.by:
            needed |= {"CREATE_EVENTS"}
        may = self.guild.rights(by)
        assert by in self.guild.people, f"{by.name} is not there"
        assert may & needed, f"{by.name} may not"
        assert may >= HOSTS[self.kind], f"{by.name} may not do so in that channel"

    def _changeable(self, by: "Person | None") -> None:
        """#guild-scheduled-event-object-guild-scheduled-event-status, the star; 180000."""
        self._allowed(by)
        assert self.open, "what is over or cancelled is not changed any more"

    def made(self) -> None:
        self._tell("CREATE")

    def _becomes_so(self, **changed: object) -> None:
        """If that can be; or else it stays as it was."""
        other = copy.copy(self)
        vars(other).update(changed)
        other._checked()
        vars(self).update(changed)
        self._tell("UPDATE")

    def _becomes(self, status: int, before: int) -> None:
        """#guild-scheduled-event-object-valid-guild-scheduled-event-status-transitions."""
        assert self.status == before, f"from {self.status} nothing becomes {status}"
        self.status = status
        self._tell("UPDATE")

    def _tell(self, what: str) -> None:
        if self.bot_sees:
            self.guild.api.tell(f"GUILD_SCHEDULED_EVENT_{what}", self.json, self.guild)

    def _tell_user(self, what: str, person: "Person") -> None:
        if self.bot_sees:
            self.guild.api.tell(f"GUILD_SCHEDULED_EVENT_USER_{what}", {
                "guild_scheduled_event_id": str(self.id), "user_id": str(person.id),
                "guild_id": str(self.guild.id),
            }, self.guild)  # fmt: skip


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
        self.owner: Person | None = None
        self.people: list[Person] = []
        self.channels: list[Channel] = []
        self.roles: dict[int, Json] = {}
        self.powers: dict[int, set[str]] = {}
        self.granted: dict[int, set[str]] = {}
        self.nicks: dict[int, str] = {}
        self.planned: list[ScheduledEvent] = []
        self.bot_role = new_id()
        self.bot_joined = stamp()
        api.guilds[self.id] = self

    def channel(self, name: str = "general", number: int = 0, kind: int = TEXT) -> Channel:
        channel = Channel(self.api, kind, name, number)
        channel.guild = self
        self.channels.append(channel)
        self.api.tell("CHANNEL_CREATE", channel.json, self)
        return channel

    def thread(self, parent: Channel, name: str = "after the run") -> Channel:
        """Somebody opens a thread that all who see the channel see (topics/threads)."""
        thread = Channel(self.api, PUBLIC_THREAD, name)
        thread.guild, thread.parent, thread.owner = self, parent, 1
        self.channels.append(thread)
        self.api.tell("THREAD_CREATE", thread.json | {"newly_created": True}, self)
        return thread

    def role(self, name: str, mentionable: bool = False, permissions: Collection[str] = ()) -> int:
        """Whoever has its number among their roles has the permissions."""
        number = new_id()
        self.roles[number] = _role(number, name, bits(*permissions), mentionable=mentionable)
        self.powers[number] = set(permissions)
        self.api.tell("GUILD_ROLE_CREATE", {
            "guild_id": str(self.id), "role": self.roles[number],
        }, self)  # fmt: skip
        return number

    def joins(self, *people: "Person") -> None:
        self.people += [one for one in people if one not in self.people]
        for one in people:
            one.met = one.met or self.bot

    def member(
        self,
        name: str,
        locale: str = "en-US",
        *,
        manages: bool = False,
        administers: bool = False,
        owns: bool = False,
        nick: str = "",
    ) -> "Person":
        """Somebody new, who may do as much as that. Who ``manages`` has the events in hand."""
        person = self.api.person(name, locale)
        self.joins(person)
        if manages:
            self.grants(person, "CREATE_EVENTS", "MANAGE_EVENTS")
        if administers:
            self.grants(person, "ADMINISTRATOR")
        if owns:
            self.owner = person
        if nick:
            self.nicks[person.id] = nick
        return person

    def leaves(self, person: "Person") -> None:
        self.people.remove(person)

    def grants(self, person: "Person", *names: str) -> None:
        """Gives somebody permissions beyond those that all have."""
        bits(*names)
        self.granted.setdefault(person.id, set()).update(names)

    def rights(self, person: "Person") -> set[str]:
        """topics/permissions#permission-overwrites, its compute_base_permissions.

        In every channel they are the same: only the bot has overwrites here.
        """
        held = {*MEMBERS, *self.granted.get(person.id, ())}
        for role in person.roles:
            held |= self.powers.get(role, set())
        return set(PERMISSIONS) if person is self.owner or "ADMINISTRATOR" in held else held

    def permissions(self, person: "Person") -> int:
        return bits(*self.rights(person))

    # What stands there for everybody

    def posts(self, where: Channel | None = None) -> "list[Shown]":
        """Those of the bot that all see who are there, the oldest first."""
        found: list[Shown] = []
        for channel in [where] if where else self.channels:
            screens = [one.sees(channel) for one in self.people if channel.shows_to(one)]
            shared = [{one.id for one in screen} for screen in screens]
            found += [
                one for one in (screens[0] if screens else ())
                if one.by_bot and not one.ephemeral and all(one.id in ids for ids in shared)
            ]  # fmt: skip
        return sorted(found, key=lambda one: one.id)

    async def post(
        self, what: "What", where: Channel | None = None, within: float = 10.0
    ) -> "Shown":
        """Waits until all see something that fits; the newest that does."""
        fits = what if callable(what) else (lambda one: what in one.text)

        def found() -> "list[Shown]":
            return [one for one in self.posts(where) if fits(one)]

        try:
            await self.api.until(found, within, repr(what))
        except AssertionError as error:
            there = [one.text for one in self.posts(where)]
            raise AssertionError(f"{error}; all in {self.name} see {there}") from None
        return found()[-1]

    # The calendar

    def plans(
        self,
        starts: datetime,
        ends: datetime | None = None,
        *,
        where: "Channel | str | None" = None,
        name: str = "Tuesday run",
        by: "Person | None" = None,
    ) -> ScheduledEvent:
        """Somebody makes an entry: unsaid, outside if it has an end, or else in a voice channel."""
        assert len([one for one in self.planned if one.open]) < MOST_PLANNED, "30038: too many"
        where = where or ("The bridge" if ends else self.voice())
        entry = ScheduledEvent(self, starts, ends, where=where, name=name, by=by)
        self.planned.append(entry)
        entry.made()
        return entry

    def voice(self) -> Channel:
        """Its voice channel, which is made when it is first needed."""
        known = [one for one in self.listed if one.kind == VOICE_CHANNEL]
        return known[0] if known else self.channel("Voice", kind=VOICE_CHANNEL)

    def stage(self) -> Channel:
        known = [one for one in self.listed if one.kind == STAGE_CHANNEL]
        return known[0] if known else self.channel("Stage", kind=STAGE_CHANNEL)

    def it_is(self, moment: datetime) -> None:
        """What begins and ends by itself until then."""
        for entry in list(self.planned):
            entry.it_is(moment)

    # The bot comes and goes

    def adds_bot(self, by: "Person | None" = None) -> None:
        """#guild-create, its third case: during an outage it is told as unavailable."""
        # See resources/application#server-context
        assert by is None or "MANAGE_GUILD" in self.rights(by), f"{by} may not"
        self.bot, self.bot_joined = True, stamp()
        self.joins(*self.people)
        self.api.tell("GUILD_CREATE", self.full if self.available else self.down, self)

    def kicks_bot(self, by: "Person | None" = None) -> None:
        """discord-api-docs, events/gateway-events#guild-delete: without ``unavailable``."""
        # See resources/guild#remove-guild-member
        assert by is None or "KICK_MEMBERS" in self.rights(by), f"{by} may not"
        self.api.tell("GUILD_DELETE", {"id": str(self.id)}, self)
        self.bot = False
        for thread in self.threads:
            thread.bot_inside = False

    @property
    def down(self) -> Json:
        """resources/guild#unavailable-guild-object."""
        return {"id": str(self.id), "unavailable": True}

    def goes_down(self) -> None:
        """An outage of this guild alone."""
        self.available = False
        self.api.tell("GUILD_DELETE", self.down, self)

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
            "discovery_splash": None, "owner_id": self.owner_id, "region": "deprecated",
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
            "joined_at": self.bot_joined, "large": False,
            "member_count": len(self.people) + 1, "voice_states": [], "presences": [],
            "members": [self.bot_member], "stage_instances": [],
            "guild_scheduled_events": [one.json for one in self.calendar],
            "soundboard_sounds": [], "channels": [one.json for one in self.listed],
            "threads": [one.json for one in self.threads if one.bot_reads],
        }  # fmt: skip

    @property
    def owner_id(self) -> str:
        return str(self.owner.id) if self.owner else "1"

    @property
    def calendar(self) -> list[ScheduledEvent]:
        """What is to come or under way, as far as the bot sees it."""
        return [one for one in self.planned if one.open and one.bot_sees]

    @property
    def listed(self) -> list[Channel]:
        return [one for one in self.channels if not one.gone and not one.is_thread]

    @property
    def threads(self) -> list[Channel]:
        return [one for one in self.channels if not one.gone and one.is_thread]

    @property
    def bot_member(self) -> Json:
        return _member(self.api.me, [str(self.bot_role)]) | {"joined_at": self.bot_joined}

    def as_member(self, person: "Person", permissions: bool = False) -> Json:
        """#guild-member-object; with what they may do there, as interactions have it."""
        member = _member(person.json, [str(one) for one in person.roles if one in self.roles])
        member["nick"] = self.nicks.get(person.id)
        return member | ({"permissions": str(self.permissions(person))} if permissions else {})


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
