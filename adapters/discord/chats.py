"""What is remembered of each person's chat while the program runs."""

from collections import OrderedDict
from dataclasses import dataclass
from math import inf

REMEMBERED = 10_000
"""People: of more, those are forgotten in whose chat nothing was said for the longest."""


@dataclass(slots=True)
class Chat:
    """One person's: ``id`` is the channel of two with them, empty while it is not known.

    ``thread`` stands in for it where it is closed, in a rest that is ``led`` there. ``newest`` is
    the last message, ``rest`` the channel and the last message of a rest that has buttons.
    ``tapped`` is the last tap that has its answer, by message and button, and ``at`` when it was.
    """

    id: str = ""
    locale: str = ""
    thread: str = ""
    led: bool = False
    newest: int = 0
    rest: tuple[str, str] | None = None
    tapped: tuple[str, str] | None = None
    at: float = -inf


class Chats:
    """The chats of one bot, by the number of the person."""

    def __init__(self) -> None:
        """None yet."""
        self._chats: OrderedDict[str, Chat] = OrderedDict()

    def of(self, user: str) -> Chat:
        """The chat with somebody."""
        found = self._chats.setdefault(user, Chat())
        self._chats.move_to_end(user)
        if len(self._chats) > REMEMBERED:
            self._chats.popitem(last=False)
        return found
