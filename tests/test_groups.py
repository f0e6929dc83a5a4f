"""What is said in a group: nothing of anybody's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.content.words import plain
from bot.conversation import OPENS, VERBS, step
from bot.conversation.groups import SAID_IN_GROUP
from bot.conversation.person import Person, Scene
from bot.events import (
    Address,
    Blocked,
    Command,
    Event,
    Lane,
    Location,
    Message,
    Press,
    Text,
    Unblocked,
    Unreadable,
)
from tests.dialog import HERE, Dialog, cleared, resting

CLUB = Address("test", "-100", "7")


def in_group(dialog: Dialog, event: Event) -> tuple[Scene, tuple[Message, ...]]:
    return step(replace(dialog.scene, group=CLUB), event, dialog.now)


@pytest.mark.parametrize("verb", VERBS)
def test_a_stranger_gets_the_way_into_a_chat_of_their_own(verb: str) -> None:
    dialog = Dialog()
    scene, said = in_group(dialog, Command(verb))
    [message] = said
    assert message.to == CLUB
    [[button]] = message.buttons
    assert button.opens == (verb if verb in OPENS else "start")
    assert not button.data, "there is nothing that somebody else could press"
    assert message.silent
    assert message.until == dialog.now + SAID_IN_GROUP
    assert scene.person == dialog.person, "nothing is kept of them"


@pytest.mark.parametrize("verb", [each for each in VERBS if each != "forget"])
def test_whoever_is_known_is_answered_in_their_own_chat(verb: str) -> None:
    dialog = cleared()
    alone = step(dialog.scene, Command(verb), dialog.now)
    scene, said = in_group(dialog, Command(verb))
    assert replace(scene, group=None) == alone[0]
    assert said[:-1] == alone[1]
    assert all(message.to == HERE for message in said[:-1])
    assert said[-1].to == CLUB


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_in_the_group_tells_one_person_from_another(verb: str) -> None:
    dialogs = cleared(), resting(), cleared("2026-11-22 16:00", "Heart")
    public = {
        tuple(message for message in in_group(dialog, Command(verb))[1] if message.to == CLUB)
        for dialog in dialogs
    }
    assert len({tuple(replace(m, until=None) for m in said) for said in public}) == 1


@pytest.mark.parametrize(
    "event",
    [
        Command("settle"),
        Command("ban", "everybody"),
        Text("see you on Tuesday"),
        Text("up"),
        Press("1|7|up"),
        Press("1|7|tick|1|heart|on"),
        Unreadable(),
        Location(52.5, 13.4),
        Blocked(),
        Unblocked(),
    ],
)
def test_what_is_not_meant_for_us_is_let_pass(event: Event) -> None:
    for dialog in (Dialog(), cleared(), resting()):
        scene, said = in_group(dialog, event)
        assert said == ()
        assert replace(scene, group=None) == dialog.scene


def test_a_cry_for_help_is_answered_where_it_can_be_read() -> None:
    [message] = in_group(Dialog(), Command("up", "my chest hurts"))[1]
    assert message.to == CLUB
    assert message.lane is Lane.SAFETY
    assert "emergency number" in plain(message.text)
    *alone, public = in_group(cleared(), Text("my chest hurts"))[1]
    assert any("112" in plain(message.text) for message in alone)
    assert all(message.to == HERE for message in alone)
    assert "112" not in plain(public.text), "the group need not read what they cried"


def test_stop_in_a_group_ends_the_rest_of_whoever_said_it() -> None:
    dialog = resting()
    scene, said = in_group(dialog, Command("stop"))
    assert said[0].lane is Lane.EXIT
    assert said[0].to == HERE
    assert scene.person.hold is not None
    assert scene.person.hold != dialog.hold


def test_a_link_into_the_chat_begins_with_its_word() -> None:
    known = cleared()
    for word in OPENS:
        asked = step(known.scene, Command("start", word), known.now)
        assert asked == step(known.scene, Command(word), known.now)
    for word in ("forget", "export", "owner-x", "../up", "UP"):
        asked = step(known.scene, Command("start", word), known.now)
        assert asked == step(known.scene, Command("start"), known.now), "no link does that"
    stranger = Scene(Person(7), HERE)
    assert (
        step(stranger, Command("start", "up"), known.now)[1]
        == (step(stranger, Command("start"), known.now)[1])
    ), "it begins with what must be asked"


def test_nobody_is_told_there_when_their_own_chat_is_late() -> None:
    dialog = cleared()
    *_, public = in_group(dialog, Command("up"))[1]
    assert public.until is not None
    assert public.until - dialog.now <= timedelta(minutes=1)
