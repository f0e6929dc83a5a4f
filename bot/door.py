"""The door: whose the bot is, and who may talk to it. Everybody may, unless the owner says who."""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from hmac import compare_digest

from bot.conversation import OPENS
from bot.events import Address, Blocked, ClubRun, Command, Incoming, Joined, Left, Moved, Unblocked
from bot.store import Guest
from bot.store.door import OWNER

CODE = "owner-"
"""What the one-time word of the owner begins with."""

TRIES = 5
"""Wrong words from one person: after these none of theirs opens before a restart."""

REMEMBERED = 10_000
"""People whose wrong words are counted."""


@dataclass(frozen=True, slots=True)
class Knock:
    """What the door says to an event.

    ``incoming`` is what goes on to the core, None if the door stays closed for strangers; ``guest``
    is to be remembered first; ``key`` are words of the door's own.
    """

    incoming: Incoming | None
    guest: Guest | None = None
    key: str = ""


class Door:
    """Knows its guests in memory; whoever uses it writes them down."""

    def __init__(self, allow: Collection[str] = (), guests: Iterable[Guest] = ()) -> None:
        """``allow``: the words that open, beside the owner; without any it stands open."""
        self._allow = frozenset(allow)
        self._guests = {guest.place: guest for guest in guests}
        self._wrong: dict[Address, int] = {}
        self._code = CODE + secrets.token_urlsafe(9)

    @property
    def code(self) -> str:
        """The one-time word of the owner; empty once there is one."""
        return "" if self.owner else self._code

    @property
    def owner(self) -> Guest | None:
        """Whose the bot is, if anybody has said so."""
        return next((guest for guest in self._guests.values() if guest.code == OWNER), None)

    def knock(self, incoming: Incoming) -> Knock:
        """Whether somebody may come in."""
        place, word = incoming.address, _word(incoming)
        if self.code and compare_digest(word.encode(), self.code.encode()):
            mine = Guest(place, OWNER, incoming.locale)
            return Knock(_without_word(incoming), mine, "door.owner")
        known = self._guests.get(place)
        if isinstance(incoming.event, Blocked | Unblocked | Left | Moved | ClubRun):
            return Knock(incoming)
        if not self._allow or (known and (known.code == OWNER or known.code in self._allow)):
            return Knock(incoming)
        if incoming.group is not None or isinstance(incoming.event, Joined):
            return Knock(None)
        if word and word not in OPENS and self._wrong.get(place, 0) < TRIES:
            if word in self._allow and word != "owner":
                return Knock(_without_word(incoming), Guest(place, word, incoming.locale))
            if len(self._wrong) >= REMEMBERED:
                self._wrong.pop(next(iter(self._wrong)))
            self._wrong[place] = self._wrong.get(place, 0) + 1
        return Knock(None, key="door.closed")

    def enters(self, guest: Guest) -> None:
        """Somebody is let in from now on."""
        self._guests[guest.place] = guest

    def leaves(self, place: Address) -> None:
        """Somebody was forgotten, or could not be written down."""
        self._guests.pop(place, None)


def _word(incoming: Incoming) -> str:
    match incoming.event:
        case Command("start", word) if incoming.group is None:
            return word
        case _:
            return ""


def _without_word(incoming: Incoming) -> Incoming:
    return replace(incoming, event=Command("start"))
