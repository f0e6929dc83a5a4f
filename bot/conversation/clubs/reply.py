"""How a club's rooms answer: to whoever speaks, alone, or to all of it."""

from datetime import datetime

from bot.content.words import Words, words
from bot.conversation.buttons import ANYONE, data
from bot.conversation.club import Club, ClubScene
from bot.conversation.reply import Rows
from bot.conversation.values import replace
from bot.events import Button, Lane, Message

Answer = tuple[ClubScene, tuple[Message, ...]]
"""What every room gives back: the scene as it now is, and what is to be said."""


def alone(scene: ClubScene, text: str, *rows: tuple[Button, ...], typed: bool = False) -> Message:
    """To whoever speaks, where nobody else reads it."""
    return Message(scene.address, text, rows, typed=typed)


def answered(scene: ClubScene, key: str, **values: object) -> Answer:
    """A sentence to whoever speaks, and nothing else."""
    return scene, (alone(scene, mine(scene)(key, **values)),)


def post(  # one argument for each field of a Message that a post may set  # noqa: PLR0913
    scene: ClubScene,
    text: str,
    *rows: tuple[Button, ...],
    lane: Lane = Lane.SOCIAL,
    slot: str = "",
    until: datetime | None = None,
    silent: bool = True,
) -> Message:
    """To all of the club, without a sound unless it is awaited."""
    return Message(scene.club.place, text, rows, lane, slot, until=until, silent=silent)


def mine(scene: ClubScene) -> Words:
    """The words in the language of whoever speaks."""
    return words(scene.locale or scene.club.language)


def ours(club: Club) -> Words:
    """The words in the language of the club."""
    return words(club.language)


def button(scene: ClubScene, key: str, *about: object, label: str = "") -> Button:
    """A button for those who manage the club; whoever presses it has to be one of them."""
    label = label or mine(scene)(key)
    return Button(label, data(ANYONE, "club", scene.club.id, *about))


def public(club: Club, key: str, verb: str, *about: object, opens: str = "") -> Button:
    """A button for everybody who reads the post."""
    return Button(ours(club)(key), data(ANYONE, verb, *about), opens=opens)


def changed(scene: ClubScene, **changes: object) -> ClubScene:
    """The scene with those fields of its club changed, and no question open any more."""
    return replace(scene, club=replace(scene.club, **changes), asking="")  # type: ignore[arg-type]  # any of its fields


def buttons(*rows: list[Button]) -> Rows:
    """Rows of buttons, without those that are empty."""
    return tuple(tuple(row) for row in rows if row)
