"""Where an interaction came from and how it is answered: what comes back with the words."""

from enum import StrEnum

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass


class Kind(StrEnum):
    """What was done: it decides which first answers Discord takes."""

    COMMAND = "command"
    PRESS = "press"
    MODAL = "modal"


@dataclass(frozen=True)
class Reply:
    """An interaction that can be answered for fifteen minutes, by whoever holds its token.

    ``alone``: it happened in the chat of two with us; everywhere else an answer is seen by nobody
    but its author. ``message`` is that of the button or the form, ``hidden`` if only its author
    sees it. ``channel`` and ``guild`` are set where we are a member, ``parent`` in a thread.
    """

    id: str
    token: str
    kind: Kind
    locale: str = ""
    alone: bool = False
    message: str = ""
    hidden: bool = False
    channel: str = ""
    parent: str = ""
    guild: str = ""

    @property
    def public(self) -> bool:
        """Whether it was a press under a message that others see, too."""
        return bool(self.message) and not self.hidden and not self.alone


_REPLY = TypeAdapter(Reply)


def write(reply: Reply) -> str:
    """As it stands beside words that wait."""
    return _REPLY.dump_json(reply, exclude_defaults=True).decode()


def read(written: str) -> Reply | None:
    """The other way; None for anything that is none of ours."""
    try:
        return _REPLY.validate_json(written)
    except ValidationError:
        return None
