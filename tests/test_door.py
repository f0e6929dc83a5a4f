"""The door: who may come, and whose the bot is."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.content.words import words
from bot.door import TRIES, Door, Knock
from bot.events import Address, Command, Incoming, Text
from bot.hands import COLLECTED, OFTEN, Hands
from bot.store import Guest
from bot.store.door import OWNER

ADA, BOB = Address("telegram", "1"), Address("telegram", "2")
NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


def says(text: str, place: Address = ADA) -> Incoming:
    name, _, rest = text.removeprefix("/").partition(" ")
    event = Command(name, rest) if text.startswith("/") else Text(text)
    return Incoming("1", place, place.chat_id, event, locale="de")


def knock(door: Door, text: str, place: Address = ADA) -> Knock:
    knocked = door.knock(says(text, place))
    if knocked.guest:
        door.enters(knocked.guest)
    return knocked


def test_without_a_list_everybody_may_come() -> None:
    assert Door().knock(says("hello")) == Knock(says("hello"))


def test_the_code_of_the_owner_works_once_and_is_no_part_of_the_talk() -> None:
    door = Door()
    code = door.code
    assert code.startswith("owner-")
    assert len(code) >= 18
    first = knock(door, f"/start {code}")
    assert first == Knock(says("/start"), Guest(ADA, OWNER, "de"), "door.owner")
    assert door.owner == Guest(ADA, OWNER, "de")
    assert door.code == ""
    assert knock(door, f"/start {code}", BOB).guest is None
    assert door.owner == Guest(ADA, OWNER, "de")


def test_every_start_has_a_code_of_its_own_until_there_is_an_owner() -> None:
    assert Door().code != Door().code
    assert Door(guests=[Guest(ADA, OWNER, "")]).code == ""


@pytest.mark.parametrize("word", ["owner", "", "owner-", "owner-x", "OWNER"])
def test_nobody_guesses_the_owner(word: str) -> None:
    for door in (Door(), Door(["owner"]), Door(["owner", "blue-shoes"])):
        assert knock(door, f"/start {word}").guest is None


def test_strangers_stay_outside_and_are_told_so() -> None:
    door = Door(["owner", "blue-shoes"])
    for text in ("hello", "/up", "/start", "/start blue", "/start BLUE-SHOES"):
        assert knock(door, text) == Knock(None, key="door.closed")


def test_a_word_lets_in_and_stays_true_after_a_restart() -> None:
    door = Door(["owner", "blue-shoes"])
    come = knock(door, "/start blue-shoes")
    assert come == Knock(says("/start"), Guest(ADA, "blue-shoes", "de"))
    assert knock(door, "/up").incoming == says("/up")
    assert knock(door, "/up", BOB).incoming is None
    again = Door(["owner", "blue-shoes"], [Guest(ADA, "blue-shoes", "de")])
    assert knock(again, "/up").incoming == says("/up")


def test_a_word_that_is_taken_from_the_list_lets_nobody_in_any_more() -> None:
    guests = [Guest(ADA, "blue-shoes", ""), Guest(BOB, OWNER, "")]
    door = Door(["owner", "red-shoes"], guests)
    assert knock(door, "/up").incoming is None
    assert knock(door, "/up", BOB).incoming is not None, "the owner may always come"


def test_after_a_few_wrong_words_none_of_theirs_opens() -> None:
    door = Door(["owner", "blue-shoes"])
    for number in range(TRIES):
        knock(door, f"/start wrong-{number}")
    assert knock(door, "/start blue-shoes").incoming is None
    assert knock(door, "/start blue-shoes", BOB).incoming is not None


def test_a_group_learns_nothing_of_the_door() -> None:
    door = Door(["owner"])
    said = replace(says("/up"), group=Address("telegram", "-5"))
    assert door.knock(said) == Knock(None)
    with_code = replace(says(f"/start {door.code}"), group=Address("telegram", "-5"))
    assert door.knock(with_code) == Knock(None), "everybody there could read it"


def test_whoever_is_forgotten_is_a_stranger_again() -> None:
    door = Door(["owner", "blue-shoes"])
    knock(door, "/start blue-shoes")
    door.leaves(ADA)
    assert knock(door, "/up").incoming is None


def heard(hands: Hands, message: str, level: int = logging.ERROR) -> None:
    hands.handle(logging.LogRecord("bot.x", level, "x.py", 1, message, None, None))


def test_what_goes_wrong_is_told_once_a_day_at_most() -> None:
    hands = Hands()
    assert not hands.due(NOW, None)
    heard(hands, "the store is away")
    heard(hands, "the store is away")
    heard(hands, "wake failed")
    assert not hands.due(NOW, None), "first all of it"
    assert hands.due(NOW + COLLECTED, None)
    assert not hands.due(NOW + COLLECTED, NOW - OFTEN + timedelta(minutes=5))
    assert hands.due(NOW + COLLECTED, NOW - OFTEN)
    note = hands.note(words("en"))
    assert "The database was away 2 times." in note
    assert "1 other thing went wrong." in note


def test_what_mends_itself_needs_no_hand() -> None:
    hands = Hands()
    heard(hands, "words failed")
    heard(hands, "Telegram is back", logging.WARNING)
    assert not hands.due(NOW + OFTEN, None)
    heard(hands, "no backup", logging.WARNING)
    hands.due(NOW, None)
    assert hands.due(NOW + COLLECTED, None)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_of_trouble_has_its_words(language: str) -> None:
    hands = Hands()
    for event in ("the store is away", "no backup", "words refused", "x"):
        heard(hands, event)
    heard(hands, "somebody else receives with this token", logging.WARNING)
    assert len(hands.note(words(language)).splitlines()) == 7
