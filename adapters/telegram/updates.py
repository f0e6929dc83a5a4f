"""What Telegram delivers becomes events; whatever is not for us becomes nothing. Pure."""

import re
from dataclasses import dataclass, replace

from telegram import (
    CallbackQuery,
    Chat,
    ChatMember,
    ChatMemberRestricted,
    ChatMemberUpdated,
    Message,
    Update,
    User,
)
from telegram.constants import ChatMemberStatus, ChatType, UpdateType

from adapters.text import clean
from bot.events import (
    ORGANISED,
    Address,
    Blocked,
    Command,
    Event,
    Incoming,
    Joined,
    Left,
    Location,
    Moved,
    Press,
    Text,
    Unblocked,
    Unreadable,
)

PLATFORM = "telegram"

ALLOWED = [UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER]
"""All that is delivered to us. An edited message is not: what it said first was answered."""

LONGEST_NAME = 32
"""Characters of a name: more would not fit beside others in a line of a phone."""

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of whatever follows them (unicode.org/reports/tr9)."""

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


def changes_club(event: Event) -> bool:
    """Whether it is about a club as a whole: then its order among others of the club matters."""
    match event:
        case Joined() | Left() | Moved():
            return True
        case Command(name):
            return name in ORGANISED
        case _:
            return False


def _incoming(number: int, who: User, event: Event, group: Address | None = None) -> Incoming:
    """Somebody's own chat has their own number."""
    author = str(who.id)
    return Incoming(
        id=f"update-{number}",
        address=Address(PLATFORM, author),
        author=author,
        event=event,
        locale=who.language_code or "",
        group=group,
        club=group,
        called=_called(who),
    )


def _of_nobody(number: int, event: Event, club: Address, *, organiser: bool = False) -> Incoming:
    """Where nobody can be spoken to alone."""
    name = f"update-{number}"
    return Incoming(name, club, "", event, group=club, club=club, organiser=organiser)


def _called(who: User) -> str:
    """A name that stands in one line with others, and changes nothing of theirs."""
    line = " ".join(_TURNING.sub("", clean(who.full_name)).split())
    return line[:LONGEST_NAME].strip()


def _group(chat: Chat, thread: int | None = None) -> Address | None:
    return Address(PLATFORM, str(chat.id), str(thread or "")) if chat.type in _GROUPS else None


def _topic(message: Message) -> int | None:
    """A thread of answers has a number, too; only a topic can be written into."""
    return message.message_thread_id if message.is_topic_message else None


def _pressed(query: CallbackQuery, number: int) -> Seen:
    # What a press comes from may be too old to be shown whole: then only its place is known.
    message = query.message
    topic = _topic(message) if isinstance(message, Message) else None
    group = _group(message.chat, topic) if message else None
    event = Press(clean(query.data or ""))
    incoming = None if query.from_user.is_bot else _incoming(number, query.from_user, event, group)
    if message is None:
        return Seen(incoming, query.id)
    return Seen(incoming, query.id, str(message.chat.id), message.message_id)


def _membership(update: ChatMemberUpdated, number: int) -> Seen:
    """They have blocked the bot, or let it in again; or it was added to a group, or removed."""
    who, inside = update.from_user, _inside(update.new_chat_member)
    if update.chat.type == ChatType.PRIVATE:
        return Seen(_incoming(number, who, Unblocked() if inside else Blocked()))
    group = _group(update.chat)
    if group is None or inside == _inside(update.old_chat_member):
        return Seen()
    event = Joined() if inside else Left()
    # An anonymous admin, or we ourselves: nobody to be spoken to.
    alone = who.is_bot
    return Seen(_of_nobody(number, event, group) if alone else _incoming(number, who, event, group))


def _inside(member: ChatMember) -> bool:
    """Who is restricted may be in the group or not (core.telegram.org/bots/api#chatmember)."""
    if isinstance(member, ChatMemberRestricted):
        return member.is_member
    return member.status not in _GONE


def _said(message: Message, number: int, username: str) -> Seen:
    chat, who = message.chat, message.from_user
    group = _group(chat, _topic(message))
    if message.migrate_to_chat_id:
        old, new = str(chat.id), str(message.migrate_to_chat_id)
        incoming = _of_nobody(number, Moved(new), Address(PLATFORM, old))
        return Seen(incoming, moved=(old, new))
    seen = Seen(chat=str(chat.id), message=message.message_id)
    event = _event(message, username, group=group is not None)
    if event is None or (group is None and chat.type != ChatType.PRIVATE):
        return seen
    if message.sender_chat or who is None or who.is_bot:
        # In the name of a group or a channel nobody is to be spoken to alone; but who speaks in
        # the group's own name is an admin of it (core.telegram.org/bots/api#message).
        own = message.sender_chat is not None and message.sender_chat.id == chat.id
        if group is None or not own or not changes_club(event):
            return seen
        return replace(seen, incoming=_of_nobody(number, event, group, organiser=True))
    return replace(seen, incoming=_incoming(number, who, event, group))


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
