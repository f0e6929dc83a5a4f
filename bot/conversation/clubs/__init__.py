"""What a club answers: `step` is its table, and `route` says which events are a club's at all."""

import dataclasses
from datetime import datetime, timedelta
from enum import StrEnum

from bot.content.routine import number
from bot.content.words import words
from bot.conversation.buttons import ANYONE, Pressed, parse
from bot.conversation.club import KEPT, Club, ClubScene, recap_at, recap_on
from bot.conversation.clubs import calendar, challenge, panel, recap, together
from bot.conversation.clubs.reply import Answer, answered
from bot.conversation.free_text import urgent
from bot.conversation.groups import SAID_IN_GROUP
from bot.conversation.values import replace
from bot.events import (
    Button,
    ClubRun,
    Command,
    Event,
    Incoming,
    Joined,
    Left,
    Message,
    Moved,
    Press,
    Text,
    Wake,
)

TRUSTED = timedelta(minutes=number("organiser_for"))
"""For so long a platform's word is good that somebody may."""


class Whose(StrEnum):
    """Which club an event is for, if it is for one at all."""

    NOBODYS = "nobodys"
    HERE = "here"
    """The one that it was said in."""
    NAMED = "named"
    """The one that the button names."""
    MANAGED = "managed"
    """The one that they manage just now: in their own chat no other is meant."""
    ASKED = "asked"
    """As MANAGED, if it has asked them something."""


def route(incoming: Incoming) -> Whose:
    """Whether an event is a club's, and how that club is found."""
    event = incoming.event
    match event:
        case Joined() | Left() | Moved() | ClubRun():
            return Whose.HERE
        case Command() | Text() if urgent(event):
            return Whose.NOBODYS  # a cry for help is heard first, whatever it is said with
        case Command(name, argument):
            return _command(name.casefold(), argument, incoming)
        case Press(data) if (pressed := parse(data)) is not None:
            ours = pressed.owner == ANYONE and pressed.verb in ("club", "cheer")
            return Whose.NAMED if ours else Whose.NOBODYS
        case Text() if incoming.group is None:
            return Whose.ASKED
        case _:
            return Whose.NOBODYS


def _command(name: str, argument: str, incoming: Incoming) -> Whose:
    if name == "start" and argument.partition("_")[0] == "club" and incoming.club is None:
        return Whose.MANAGED
    if name in ("club", "together") or (name == "challenge" and incoming.organiser):
        return Whose.HERE if incoming.club else Whose.MANAGED
    return Whose.NOBODYS


def needs(club: Club, event: Event, now: datetime) -> tuple[int, ...]:
    """The challenges of which a step needs the scores."""
    match event:
        case Wake() | ClubRun() if _tells(club, now):
            return tuple(each.number for each in club.running)
        case Press(data) if (pressed := parse(data)) and pressed.about[1:2] == ("end",):
            return tuple(each.number for each in club.running)
        case _:
            return ()


def _tells(club: Club, now: datetime) -> bool:
    """Whether a recap is due, or a run is over on its day."""
    due, on = recap_at(club), recap_on(club)
    if due is None or on is None:
        return False
    return due <= now or on == now.astimezone(club.clock).date()


def step(scene: ClubScene, event: Event, now: datetime) -> Answer:
    """Answer an event: the club as it is afterwards, and what is to be said. Pure.

    An event that comes twice or too late changes nothing that matters.
    """
    now = max(now, scene.club.at or now)
    said_here = isinstance(event, Command | Press | Text) and scene.here is not None
    if said_here and scene.club.left is not None:
        scene = replace(scene, club=replace(scene.club, left=None))  # we are there again
    if scene.here is not None and scene.organiser and not scene.club.posts:
        # Until somebody says otherwise, it posts where it is spoken to.
        scene = replace(scene, club=replace(scene.club, place=scene.here))
    scene, said = _answer(scene, event, now)
    if scene.club.left is not None:
        said = ()
    scene = replace(scene, club=replace(scene.club, at=now))
    if isinstance(event, Command):
        said = (*said, *_elsewhere(scene, said, now))
    return scene, said


def _answer(scene: ClubScene, event: Event, now: datetime) -> Answer:
    match event:
        case Joined():
            return panel.joined(scene, now)
        case Left():
            return _left(scene, now)
        case Moved(chat_id):
            return _moved(scene, chat_id)
        case ClubRun():
            return calendar.told(scene, event, now)
        case Wake():
            return _wake(scene, now)
        case Command() | Press() | Text() if scene.nobodys:
            return answered(scene, "club.anonymous")
        case Command(name, argument):
            return _said(scene, name.casefold(), argument, now)
        case Press(data) if (pressed := parse(data)) is not None:
            return _pressed(scene, pressed, now)
        case Text(text) if scene.organiser and scene.asking == "together":
            return together.command(scene, text, now)
        case Text(text) if scene.organiser:
            return panel.typed(scene, text, now)
        case _:
            return scene, ()


def _said(scene: ClubScene, name: str, argument: str, now: datetime) -> Answer:
    if name == "together":
        return together.command(scene, argument, now)
    if not scene.organiser:
        return answered(scene, "club.only_organisers")
    scene = replace(scene, asking="")
    if name == "challenge":
        return challenge.show(scene)
    return panel.command(scene, "" if name == "start" else argument, now)


def _pressed(scene: ClubScene, pressed: Pressed, now: datetime) -> Answer:
    if pressed.verb == "cheer":
        said = pressed.about[1] if len(pressed.about) > 1 else ""
        return recap.cheered(scene, int(said) if said.isdecimal() else 0)
    _, what, said, more = (*pressed.about, "", "", "", "")[:4]
    if not scene.organiser and not (scene.club.everyone and what in ("at", "off")):
        return answered(scene, "club.say_again")
    scene = replace(scene, asking="")
    answer = panel.pressed(scene, what, said, more, now)
    answer = answer or challenge.pressed(scene, what, said, more, now)
    answer = answer or together.pressed(scene, what, said, now)
    return answer or answered(scene, "club.stale")


def _wake(scene: ClubScene, now: datetime) -> Answer:
    if scene.club.left is not None:
        return replace(scene, gone=now >= scene.club.left + KEPT), ()
    every: list[Message] = []
    for room in (together, recap, calendar):
        scene, said = room.wake(scene, now)
        every += said
    return scene, tuple(every)


def _left(scene: ClubScene, now: datetime) -> Answer:
    """Nothing ends yet: bots are removed by mistake."""
    if scene.club.left is not None:
        return scene, ()
    return replace(scene, club=replace(scene.club, left=now)), ()


def _moved(scene: ClubScene, chat_id: str) -> Answer:
    """The same club, elsewhere."""
    club = scene.club
    place = dataclasses.replace(club.place, chat_id=chat_id)
    together = club.together
    if together is not None:
        there = dataclasses.replace(together.place, chat_id=chat_id)
        together = replace(together, place=there)
    return replace(scene, club=replace(club, place=place, together=together, left=None)), ()


def _elsewhere(scene: ClubScene, said: tuple[Message, ...], now: datetime) -> tuple[Message, ...]:
    """Where others read the question, that its answer is in their own chat."""
    alone = any(each.to == scene.address for each in said)
    if scene.here is None or not scene.overheard or not alone or scene.nobodys:
        return ()
    spoken = words(scene.locale)
    door = Button(spoken("button.own_chat"), opens=f"club_{scene.club.id}")
    text = spoken("group.answered")
    return (Message(scene.here, text, ((door,),), until=now + SAID_IN_GROUP, silent=True),)
