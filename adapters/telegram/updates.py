"""What Telegram delivers becomes events; whatever is not for us becomes nothing. Pure."""

import re
from dataclasses import dataclass

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType, UpdateType

from adapters.text import clean
from bot.events import (
    Address,
    Blocked,
    Command,
    Event,
    Incoming,
    Location,
    Press,
    Text,
    Unblocked,
    Unreadable,
)

PLATFORM = "telegram"

ALLOWED = [UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER]
"""All that is delivered to us. An edited message is not: what it said first was answered."""

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
_GONE = (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an update shows of a chat: its newest message, and the one whose button was pressed."""

    incoming: Incoming | None = None
    query: str = ""
    chat: str = ""
    message: int = 0
    moved: tuple[str, str] | None = None


def read(update: Update, username: str) -> Seen:
    """What there is for us in an update."""
    if update.callback_query:
        return _pressed(update.callback_query, update.update_id)
    if update.my_chat_member:
        return _membership(update.my_chat_member, update.update_id)
    if update.message:
        return _said(update.message, update.update_id, username)
    return Seen()


def _incoming(
    number: int, who: User, event: Event, chat: Chat | None = None, thread: str = ""
) -> Incoming:
    """Somebody's own chat has their own number."""
    author = str(who.id)
    group = chat is not None and chat.type in _GROUPS
    return Incoming(
        id=f"update-{number}",
        address=Address(PLATFORM, author),
        author=author,
        event=event,
        locale=who.language_code or "",
        group=Address(PLATFORM, str(chat.id), thread) if chat and group else None,
    )


def _pressed(query: CallbackQuery, number: int) -> Seen:
    # What a press comes from may be too old to be shown whole: then only its place is known.
    message = query.message
    chat = message.chat if message else None
    event = Press(clean(query.data or ""))
    incoming = None if query.from_user.is_bot else _incoming(number, query.from_user, event, chat)
    if message is None or chat is None:
        return Seen(incoming, query.id)
    return Seen(incoming, query.id, str(chat.id), message.message_id)


def _membership(update: ChatMemberUpdated, number: int) -> Seen:
    """They have blocked the bot, or let it in again; of groups nothing is kept."""
    if update.chat.type != ChatType.PRIVATE:
        return Seen()
    gone = update.new_chat_member.status in _GONE
    return Seen(_incoming(number, update.from_user, Blocked() if gone else Unblocked()))


def _said(message: Message, number: int, username: str) -> Seen:
    chat, who = message.chat, message.from_user
    if message.migrate_to_chat_id:
        return Seen(moved=(str(chat.id), str(message.migrate_to_chat_id)))
    seen = Seen(chat=str(chat.id), message=message.message_id)
    # In the name of a group or a channel nobody is to be spoken to alone.
    if who is None or who.is_bot or message.sender_chat:
        return seen
    event = _event(message, username, group=chat.type in _GROUPS)
    if event is None or (chat.type not in _GROUPS and chat.type != ChatType.PRIVATE):
        return seen
    # A thread of answers has a number, too; only a topic can be written into.
    topic = message.message_thread_id if message.is_topic_message else None
    incoming = _incoming(number, who, event, chat, str(topic or ""))
    return Seen(incoming, chat=seen.chat, message=seen.message)


def _event(message: Message, username: str, *, group: bool) -> Event | None:
    text = clean(message.text or message.caption or "").strip()
    if message.location:
        place = Location(message.location.latitude, message.location.longitude)
        return None if group else place
    if found := _COMMAND.fullmatch(text):
        name, whose, argument = found.groups()
        if whose and whose.casefold() != username.casefold():
            return None
        return Command(name.lower(), (argument or "").strip())
    if text:
        return Text(text)
    return Unreadable() if message.effective_attachment and not group else None
