"""What Discord delivers becomes events; whatever is not for us becomes nothing. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from discord import (
    ComponentType,
    EventStatus,
    Interaction,
    InteractionType,
    Message,
    MessageType,
    Permissions,
    ScheduledEvent,
    Thread,
)

from adapters.discord import commands, replies
from adapters.discord.replies import Kind, Reply
from adapters.text import clean
from bot.events import (
    Address,
    Chosen,
    ClubRun,
    Command,
    Event,
    Incoming,
    Press,
    Text,
    Unreadable,
)

PLATFORM = "discord"

TYPE = "type"
"""The button that opens a form for words of one's own, and that form."""

SHOW = "show"
"""The button in a thread that shows to its owner alone what no moderator should read."""

LONGEST_NAME = 32
"""Characters of somebody's name: as many as Discord takes for one."""

LONGEST_TYPED = 400
"""Characters that such a form takes: no question needs more."""

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:\s+(.*))?", re.DOTALL)
_MOMENT = re.compile(r"<t:(\d{9,11})(?::[tTdDfFsSR])?>")


@dataclass(frozen=True, slots=True)
class Seen:
    """What an interaction or a message is to us.

    ``typing``: they want to type an answer. ``asks``: which option they are typing, and what of it
    is there. ``chat`` is the chat of two that it came from, ``message`` what stands last in it.
    """

    incoming: Incoming | None = None
    reply: Reply | None = None
    typing: bool = False
    asks: tuple[str, str] | None = None
    chat: str = ""
    message: int = 0


def read(interaction: Interaction) -> Seen:
    """What there is for us in an interaction."""
    data: Mapping[str, Any] = interaction.data or {}
    author, locale = str(interaction.user.id), interaction.locale.value
    if interaction.user.bot:
        return Seen()
    match interaction.type:
        case InteractionType.autocomplete:
            return Seen(reply=_reply(interaction, Kind.COMMAND), asks=commands.asked(data))
        case InteractionType.application_command:
            reply, event = _reply(interaction, Kind.COMMAND), _command(data)
        case InteractionType.component:
            reply, event = _reply(interaction, Kind.PRESS), _pressed(data)
        case InteractionType.modal_submit:
            reply, event = _reply(interaction, Kind.MODAL), _submitted(data)
        case _:
            return Seen()
    club = _club(reply)
    incoming = Incoming(
        id=f"interaction-{interaction.id}",
        address=Address(PLATFORM, author),
        author=author,
        event=event,
        locale=locale,
        reply=replies.write(reply),
        club=club,
        organiser=club is not None and _manages(interaction.permissions),
        called=" ".join(clean(interaction.user.display_name).split())[:LONGEST_NAME].strip(),
    )
    typing = reply.kind is Kind.PRESS and event == Press(TYPE)
    chat = str(interaction.channel_id) if reply.alone and interaction.channel_id else ""
    return Seen(incoming, reply, typing=typing, chat=chat)


def _club(reply: Reply) -> Address | None:
    """The server, where we are a member, with the channel or the thread."""
    return Address(PLATFORM, reply.guild, reply.channel) if reply.guild and reply.channel else None


def _manages(allowed: Permissions) -> bool:
    """Whether somebody may manage a server, or its events."""
    return allowed.administrator or allowed.manage_guild or allowed.manage_events


def planned(entry: ScheduledEvent, now: datetime, *, deleted: bool = False) -> ClubRun:
    """An entry of a server's calendar as it stands now; one that is over has ended."""
    called_off = entry.status is EventStatus.canceled
    if entry.status is EventStatus.completed:
        return ClubRun(str(entry.id), entry.start_time, max(entry.start_time, now))
    return ClubRun(str(entry.id), entry.start_time, entry.end_time, called_off or deleted)


def _reply(interaction: Interaction, kind: Kind) -> Reply:
    message = interaction.message
    member = interaction.guild_id is not None and interaction.is_guild_integration()
    thread = interaction.channel if isinstance(interaction.channel, Thread) else None
    return Reply(
        id=str(interaction.id),
        token=interaction.token,
        kind=kind,
        locale=interaction.locale.value,
        # Where that is not said, others may read: then an answer is for its author alone.
        alone=interaction.context.dm_channel,
        message=str(message.id) if message else "",
        hidden=bool(message and message.flags.ephemeral),
        channel=str(interaction.channel_id) if member and interaction.channel_id else "",
        parent=str(thread.parent_id) if member and thread else "",
        guild=str(interaction.guild_id) if member else "",
    )


def _command(data: Mapping[str, Any]) -> Event:
    if data.get("type") == commands.MESSAGE:
        messages = (data.get("resolved") or {}).get("messages") or {}
        target = messages.get(str(data.get("target_id"))) or {}
        text = str(target.get("content") or "")
        moment = _MOMENT.search(text)
        return Command("after", f"@{moment[1]}" if moment else clean(text).strip())
    return Command(str(data.get("name", "")), commands.argument(data))


def _pressed(data: Mapping[str, Any]) -> Event:
    custom_id = clean(str(data.get("custom_id", "")))
    if data.get("component_type") == ComponentType.string_select.value:
        return Chosen(custom_id, tuple(map(str, data.get("values") or ())))
    return Command("start") if custom_id == SHOW else Press(custom_id)


def _submitted(data: Mapping[str, Any]) -> Event:
    custom_id = clean(str(data.get("custom_id", "")))
    fields = list(_fields(data.get("components") or ()))
    if custom_id == TYPE:
        typed = next((str(each["value"]) for each in fields if each.get("value")), "")
        return Text(clean(typed).strip())
    values = (value for each in fields for value in each.get("values") or ())
    return Chosen(custom_id, tuple(map(str, values)))


def _fields(components: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - JSON from outside
    """What was filled in, below whatever holds it."""
    for each in components:
        if isinstance(each, Mapping):
            if "value" in each or "values" in each:
                yield each
            yield from _fields(each.get("components") or ())
            yield from _fields([each["component"]] if "component" in each else ())


def said(message: Message) -> Seen:
    """What there is for us in a message of a chat of two; all others are none of our business."""
    if message.guild is not None or message.author.bot:
        return Seen()
    seen = Seen(chat=str(message.channel.id), message=message.id)
    if message.type not in (MessageType.default, MessageType.reply):
        return seen
    event, author = _event(message), str(message.author.id)
    if event is None:
        return seen
    address = Address(PLATFORM, author)
    incoming = Incoming(f"message-{message.id}", address, author, event)
    return Seen(incoming, chat=seen.chat, message=seen.message)


def _event(message: Message) -> Event | None:
    text = clean(message.content).strip()
    if found := _COMMAND.fullmatch(text):
        name, argument = found.groups()
        return Command(name.lower(), (argument or "").strip())
    if text:
        return Text(text)
    return Unreadable() if message.attachments or message.stickers else None
