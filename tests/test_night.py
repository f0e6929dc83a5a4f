"""What makes a sound, and what a screen is looked at for."""

import pytest

from bot.events import AskPlace, Lane, Location
from tests.dialog import Dialog, cleared, resting

NIGHT, DAY = "2026-11-22 22:10", "2026-11-22 16:00"


@pytest.mark.parametrize(
    ("clock", "silent"),
    [("21:59", False), ("22:00", True), ("03:00", True), ("06:59", True), ("07:00", False)],
)
def test_an_answer_by_night_makes_no_sound(clock: str, silent: bool) -> None:
    dialog = cleared(DAY)
    dialog.now = Dialog(f"2026-11-24 {clock}").now
    assert {message.silent for message in dialog.type("/help").messages} == {silent}


def test_by_night_the_way_out_is_heard_and_nothing_else() -> None:
    dialog = resting(NIGHT)
    heard = []
    for _ in range(30):
        dialog.wake()
        heard += [(message.lane is Lane.EXIT, message.silent) for message in dialog.messages]
        if dialog.hold is None:
            break
    assert set(heard) == {(True, False), (False, True)}


def test_by_day_cues_are_heard() -> None:
    dialog = resting(DAY).wake()
    assert dialog.messages
    assert not any(message.silent for message in dialog.messages)


def test_a_reminder_is_heard_at_the_hour_that_they_chose() -> None:
    dialog = cleared(DAY).type("/bedtime at 22:30").wait(hours=6, minutes=31)
    assert "Legs up?" in dialog.said
    assert not dialog.messages[-1].silent


def test_where_no_clock_is_known_there_is_no_night() -> None:
    dialog = Dialog(NIGHT, zone="UTC")
    dialog.scene = type(dialog.scene)(type(dialog.person)(7), dialog.scene.address)
    assert not any(message.silent for message in dialog.type("/help").messages)


def test_what_comes_by_itself_edits_nothing() -> None:
    dialog = cleared(DAY).type("/bedtime at 21:30").wait(hours=5, minutes=31)
    [reminder] = dialog.messages
    assert (reminder.slot, reminder.anew) == ("card", True)
    dialog.tap("Start")
    card = dialog.messages[-1]
    assert (card.slot, card.anew) == ("card", False), "it takes the reminder's place"


def test_reading_beside_a_question_leaves_it_open() -> None:
    dialog = cleared(DAY).type("/why")
    assert not dialog.messages[0].aside
    first = next(iter(dialog.buttons))
    assert all(message.aside for message in dialog.tap(first).messages)
    dialog.type("/faq")
    assert all(message.aside for message in dialog.tap(next(iter(dialog.buttons))).messages)


def test_a_place_can_be_shared_where_the_clock_is_asked() -> None:
    dialog = Dialog(DAY)
    dialog.scene = type(dialog.scene)(type(dialog.person)(7), dialog.scene.address)
    dialog.type("/start").tap("I agree")
    for _ in range(4):
        dialog.tap("None of these")
    dialog.type("every evening at 21:30")
    share = [b for row in dialog.messages[-1].buttons for b in row if b.place]
    assert [button.label for button in share] == ["Share my place"]
    [asked] = dialog.tap("Share my place").messages
    assert asked.aside
    assert asked.asks_place == AskPlace("Share my place", "Thank you.")
    dialog.event(Location(52.52, 13.405))
    assert dialog.person.zone == "Europe/Berlin"
    assert "every evening at 21:30" in dialog.said, "what had to wait is done"
