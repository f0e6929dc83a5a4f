"""The vocabulary that adapters and the core share, and the port that an adapter fills."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Protocol


class Lane(IntEnum):
    """Who goes first when much is to be said: someone with legs up the wall before all else."""

    EXIT = 0
    SAFETY = 1
    CUE = 2
    REPLY = 3
    REMINDER = 4
    SOCIAL = 5
    """What a club reads."""


@dataclass(frozen=True, slots=True)
class Address:
    """One place to talk to: a chat on a platform, and its thread where it has one.

    A club is a group and its topic, or a server and its channel: there ``thread`` is the channel.
    """

    platform: str
    chat_id: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A verb with a slash, without the slash: ``/up 5`` is ``Command("up", "5")``."""

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """A button was pressed; ``data`` is untrusted and parsed by the core."""

    data: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was ticked in a `Form`, by the values of its options; all of it is untrusted."""

    data: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """Anything else that a person typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something came that we cannot read: a voice note, a picture, a file."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place that a person shared, in degrees; used for its time zone and then forgotten."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nobody can be reached at the address any more, as the platform tells by itself."""


@dataclass(frozen=True, slots=True)
class Unblocked:
    """The address can be reached again."""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run is over, as a watch or a training diary tells."""

    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Joined:
    """We were added to a club, by whoever the envelope names, if anybody."""


@dataclass(frozen=True, slots=True)
class Left:
    """We were removed from a club."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The club is another chat of its platform from now on."""

    chat_id: str


@dataclass(frozen=True, slots=True)
class ClubRun:
    """An entry of the club's own calendar, as it stands now; ``ends`` is None while unknown."""

    key: str
    starts: datetime
    ends: datetime | None = None
    called_off: bool = False


@dataclass(frozen=True, slots=True)
class CalledOff:
    """A rest of many does not begin: what its club tells those who are in."""

    club: int
    number: int


@dataclass(frozen=True, slots=True)
class Wake:
    """Time has passed. It may come late and it may come twice."""


@dataclass(frozen=True, slots=True)
class Expired:
    """A message of this kind could not be said before its ``until`` and was dropped."""

    kind: str


ORGANISED = ("club", "together", "challenge")
"""Commands for which an adapter tells whether their author may manage the club."""

Event = (
    Command
    | Press
    | Chosen
    | Text
    | Unreadable
    | Location
    | Blocked
    | Unblocked
    | RunFinished
    | Joined
    | Left
    | Moved
    | ClubRun
    | CalledOff
    | Wake
    | Expired
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """The envelope of every event from a platform.

    ``id`` is unique per platform: a second delivery of the same id changes nothing.
    ``address`` is where its author is spoken to alone. Where many can read, that is in ``group``;
    what concerns the author goes to their own chat all the same.
    ``locale`` and ``zone`` are what the platform knows of the person, if it knows anything.
    ``reply`` is the platform's own, and comes back with the words that answer the event.
    ``club`` is the group or the server that it was said in, with the topic or the channel, where
    we are a member; ``organiser``: the platform says that the author may manage that club.
    ``called`` is the author's name there. What nobody said (a calendar, an anonymous admin) has the
    club for its ``address``, and no author.
    """

    id: str
    address: Address
    author: str
    event: Event
    locale: str = ""
    zone: str = ""
    group: Address | None = None
    reply: str = ""
    club: Address | None = None
    organiser: bool = False
    called: str = ""

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from every other event: ``id`` is unique on its platform only."""
        return self.address.platform, self.id


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an event: whether it is committed, and how it is answered.

    ``said``: whether there are words that answer it, perhaps still on their way. ``notice`` says in
    a few words what the press of a button did; ``edits`` are messages that the answer writes anew.
    ``open``: the question whose button was pressed stays open. ``told``: where it is not committed,
    whoever said it knows.
    """

    committed: bool
    notice: str = ""
    edits: frozenset[str] = frozenset()
    open: bool = False
    told: bool = False
    said: bool = False

    def __bool__(self) -> bool:
        """Whether it is committed."""
        return self.committed


class Tone(StrEnum):
    """What a button is, as a colour may show; its label says it without any."""

    PLAIN = ""
    GO = "go"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Button:
    """``data`` names the thing it is about, its owner and a format version, at most 64 bytes.

    One that ``opens`` leads from a group into the person's own chat, with that word; where it has
    ``data``, too, a platform whose presses are answered to their author alone uses that.
    One for a ``place`` is shown only where a place can be shared.
    """

    label: str
    data: str = ""
    opens: str = ""
    place: bool = False
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class File:
    """Something to hand over as a file."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class AskPlace:
    """The label of a button of the platform's own, and what is said when it goes again."""

    label: str
    thanks: str


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a form to tick; ``value`` comes back if it is chosen."""

    label: str
    value: str
    chosen: bool = False


class As(StrEnum):
    """How a form is shown: not yet, as a page of its own, or as a list in the message."""

    CLOSED = ""
    PAGE = "page"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Form:
    """Lines to tick all at once, where a platform can; ``buttons`` then stand for the message's.

    ``data`` and what was ticked come back as `Chosen`. ``hint`` says what to do.
    """

    data: str
    title: str
    hint: str
    options: tuple[Option, ...]
    buttons: tuple[tuple[Button, ...], ...] = ()
    shown: As = As.CLOSED


@dataclass(frozen=True, slots=True)
class Message:
    """Words for one address; ``text`` and labels are in the small markup of `bot.content.words`.

    ``slot`` names a place in the chat: a message for a slot edits what was last shown there and
    replaces what still waits for it. ``notice`` says the same edit in a few words, for whoever
    cannot see an edit. One that is ``anew`` edits nothing, since an edit makes no sound.
    After ``until`` saying it is wrong: it is dropped, and the core hears `Expired` with its
    ``kind``. ``asks_place`` brings the platform's own way of sharing where they are. An answer
    ``aside`` leaves the question open whose button led to it. One that is ``in_rest`` belongs to
    where the rest is led, ``typed`` ones may be answered with words of one's own. ``reply`` is that
    of the event which it answers. Of one that is ``passing`` a press says the ``notice``, where a
    platform has a way to, and no message stays.
    """

    to: Address
    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    lane: Lane = Lane.REPLY
    slot: str = ""
    notice: str = ""
    until: datetime | None = None
    kind: str = ""
    silent: bool = False
    file: File | None = None
    anew: bool = False
    asks_place: AskPlace | None = None
    aside: bool = False
    form: Form | None = None
    in_rest: bool = False
    typed: bool = False
    reply: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a platform gives back for a message that it took."""

    message_id: str = ""


class Unreachable(Exception):
    """The platform says that nobody is at this address (blocked, left, deleted)."""


class TryLater(Exception):
    """The platform cannot take the message now."""

    def __init__(self, after: float, *, everywhere: bool = False) -> None:
        """``after``: seconds to wait at the least; ``everywhere``: not at this address alone."""
        super().__init__(f"try again in {after} s")
        self.after = after
        self.everywhere = everywhere


class Refused(Exception):
    """The platform will never take this message as it is."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``count`` messages in any ``seconds``."""

    count: int
    seconds: float


class Platform(Protocol):
    """The whole port: an adapter sends one message, and hands events to the service itself.

    ``rate`` is what the platform takes of one token in all, None if it knows no limit. It is kept
    evenly: 30 a second are one each 33 ms, so that urgent words never wait for a burst to pass.
    """

    name: str
    rate: Rate | None

    def rates_at(self, place: Address) -> tuple[Rate, ...]:
        """What one address takes: a chat, or a group, may take less than the token."""
        ...

    def counts(self, message: Message) -> bool:
        """Whether it counts to these rates: an answer may have a way of its own."""
        ...

    async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:
        """Say it; ``edits`` is the id of the message that its slot shows now, if any.

        ``number`` is the same each time that the same words are tried, and 0 for words that are
        kept nowhere. Raises `Unreachable`, `TryLater` or `Refused`.
        """
        ...
