"""What Discord delivers becomes events; whatever is not for us becomes nothing. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from discord import (
    ComponentType,
    Interaction,
    InteractionType,
    Message,
    MessageType,
    Thread,
)

from adapters.discord import commands, replies
from adapters.discord.replies import Kind, Reply
from adapters.text import clean
from bot.events import Address, Chosen, Command, Event, Incoming, Press, Text, Unreadable

PLATFORM = "discord"

TYPE = "type"
"""The button that opens a form for words of one's own, and that form."""

SHOW = "show"
"""The button in a thread that shows to its owner alone what no moderator should read."""

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
    incoming = Incoming(
        id=f"interaction-{interaction.id}",
        address=Address(PLATFORM, author),
        author=author,
        event=event,
        locale=locale,
        reply=replies.write(reply),
    )
    typing = reply.kind is Kind.PRESS and event == Press(TYPE)
    chat = str(interaction.channel_id) if reply.alone and interaction.channel_id else ""
    return Seen(incoming, reply, typing=typing, chat=chat)


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
