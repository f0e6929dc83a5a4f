"""Groups: nothing of anybody's is said there; the way leads into their own chat."""

from datetime import datetime, timedelta

from bot.conversation.person import Scene
from bot.conversation.reply import words_of
from bot.events import Address, Button, Lane, Message

SAID_IN_GROUP = timedelta(seconds=10)
"""For so long it helps anybody to read in a group that the answer is elsewhere. In a busy one more
would stand in the way of a cry for help."""


def answered(scene: Scene, group: Address, now: datetime) -> Message:
    """Where the answer is, to somebody whom we know."""
    return _invitation(scene, group, "group.answered", "start", now)


def stranger(scene: Scene, group: Address, opens: str, now: datetime) -> Message:
    """The way into a chat of our own, which begins with that word."""
    return _invitation(scene, group, "group.stranger", opens, now)


def called(group: Address, cry: str) -> Message:
    """To a stranger who calls for help there: at once, where they can read it."""
    return Message(group, cry, lane=Lane.SAFETY)


def _invitation(scene: Scene, group: Address, key: str, opens: str, now: datetime) -> Message:
    spoken = words_of(scene.person)
    door = Button(spoken("button.own_chat"), opens=opens)
    return Message(group, spoken(key), ((door,),), until=now + SAID_IN_GROUP, silent=True)
