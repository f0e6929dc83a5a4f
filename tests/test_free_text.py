"""What a typed word does: alarms in every state and language, the rest where it means something."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.content.words import languages, words
from bot.conversation import urgent_words
from bot.conversation.free_text import ALARMS, alarm, meanings
from bot.conversation.person import Phase, blank
from bot.events import Command, Lane, Text
from tests.dialog import AFTERNOON, Dialog, cleared, resting


def set_up(steps: int) -> Dialog:
    dialog = cleared().tap("Now").tap("None of these, start")
    for _ in range(steps):
        dialog.tap("Next")
    return dialog


STATES: dict[str, Callable[[], Dialog]] = {
    "step 1": lambda: set_up(0),
    "step 2": lambda: set_up(1),
    "settling": lambda: set_up(2),
    "resting": resting,
    "paused": lambda: resting().tap("Pause"),
    "tingling": lambda: resting().tap("Tingling"),
    "asked what": lambda: resting().tap("Something is wrong"),
    "way out": lambda: resting().wait(minutes=3),
    "sitting": lambda: resting().wait(minutes=3).wait(seconds=31).tap("I'm down"),
}
ALARMED = ["stop", "Ouch!", "HELP", "my chest hurts", "I can't breathe", "I can’t breathe",
           "it hurts, stop it", "/stop"]  # fmt: skip


@pytest.mark.parametrize("said", ALARMED)
@pytest.mark.parametrize("state", STATES)
def test_an_alarm_in_any_state_of_a_rest_says_the_way_out_at_once(state: str, said: str) -> None:
    dialog = STATES[state]().type(said)
    assert dialog.messages[0].lane is Lane.EXIT
    assert "come out" in dialog.said.casefold()
    assert dialog.hold is None or dialog.hold.phase in (Phase.WAY_OUT, Phase.SIT)
    if dialog.hold is not None:
        assert "What is it?" in dialog.said
        assert any(full.startswith("Chest") for full in dialog.buttons)


OUTSIDE: dict[str, Callable[[], Dialog]] = {
    "stranger": Dialog,
    "consent asked": lambda: Dialog().type("/start"),
    "in the check": lambda: Dialog().type("/start").tap("I agree"),
    "cleared": cleared,
    "refused": lambda: cleared(AFTERNOON, "Heart"),
    "card": lambda: cleared().tap("Now"),
    "seat": lambda: cleared().type("/seat"),
    "closed": lambda: cleared().tap("Now").tap("2 Leg or urine"),
}


@pytest.mark.parametrize("state", OUTSIDE)
def test_outside_chest_is_an_emergency_and_the_others_say_whom_to_call(state: str) -> None:
    for said in ("chest pain", "ouch", "help"):
        dialog = OUTSIDE[state]().type(said)
        assert dialog.messages[0].lane is Lane.SAFETY
        assert "112" in dialog.messages[0].text
        expected = "Stop. Get emergency help now." if said == "chest pain" else "If this is an"
        assert dialog.said.startswith(expected)


def test_of_a_strangers_chest_only_the_day_off_is_kept_and_only_for_the_day() -> None:
    dialog = Dialog().type("chest")
    assert "That is all I remember" in dialog.said
    assert blank(replace(dialog.person, closed=()))
    assert [entry.kind for entry in dialog.person.closed] == ["day"]
    assert "Let's skip today" in dialog.type("/up").said
    dialog.wait(days=1)
    assert blank(dialog.person)


@pytest.mark.parametrize(
    "cry",
    ["I feel faint", "my heart is racing", "I can't see", "call an ambulance", "112", "dizzy"],
)
def test_a_cry_in_a_rest_brings_the_end_at_once(cry: str) -> None:
    dialog = resting().wait(seconds=30).type(cry)
    assert dialog.messages[0].lane is Lane.EXIT
    assert "What is it?" in dialog.said


def test_a_distance_is_no_call_for_help() -> None:
    assert "emergency" not in cleared().type("ran 112 km this week").said.casefold()


def test_dizzy_on_the_way_out_has_its_own_answer() -> None:
    dialog = resting().until(lambda d: "Lighter" in d.buttons).type("dizzy")
    assert "Back down on your side" in dialog.said


def test_ouch_shows_the_card_and_help_the_verbs() -> None:
    assert cleared().type("ouch").person.card is not None
    assert "/settings" in cleared().type("help").said


def test_stop_outside_is_quiet() -> None:
    assert cleared().type("stop").person.quiet


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("meaning", ALARMS)
def test_every_alarm_word_of_every_language_is_one(language: str, meaning: str) -> None:
    for phrase in words(language)(f"text.{meaning}").split("|"):
        assert alarm(phrase)
        assert alarm(f"  {phrase.upper()}!! ")
        assert urgent_words(Text(phrase), "xx")


@pytest.mark.parametrize("said", ["chest", "ouch", "help me", "stop"])
def test_without_the_store_the_way_out_and_every_number_are_said(said: str) -> None:
    found = urgent_words(Text(said), "en")
    assert found is not None
    assert found.startswith("Come out slowly now")
    assert "112" in found


def test_other_words_are_not_urgent() -> None:
    assert urgent_words(Text("hello"), "en") is None
    assert urgent_words(Command("up"), "en") is None
    assert urgent_words(Command("stop"), "en") is not None


@pytest.mark.parametrize(
    "said", ["helpful", "unstoppable", "orchestra", "a painter", "I showed up", ""]
)
def test_a_word_inside_a_word_is_no_alarm(said: str) -> None:
    assert alarm(said) == ""


@pytest.mark.parametrize(
    ("said", "phase"),
    [("I'm in place", Phase.REST), ("done", Phase.REST), ("more time", Phase.SETTLE),
     ("come down", Phase.WAY_OUT), ("stuck", Phase.SETTLE)],
)  # fmt: skip
def test_words_while_settling(said: str, phase: Phase) -> None:
    dialog = set_up(2).type(said)
    assert dialog.hold is not None
    assert dialog.hold.phase is phase


@pytest.mark.parametrize("said", ["lighter", "better", "good", "same", "fine", "ok", "Lighter!"])
def test_a_typed_feeling_is_an_answer(said: str) -> None:
    assert resting().wait(minutes=3).type(said).hold is None


def test_a_typed_dizzy_worse_and_down_are_heard() -> None:
    assert "side" in resting().wait(minutes=3).type("dizzy").said
    assert "Both legs" in resting().wait(minutes=3).type("worse").said
    assert "heel lifts" in resting().wait(minutes=3).type("I'm down").said


@pytest.mark.parametrize("said", ["legs up", "start", "go", "Viparita Karani", "lutw", "now"])
def test_words_for_legs_up(said: str) -> None:
    assert cleared().type(said).person.card is not None


@pytest.mark.parametrize("said", ["I'm back", "ran", "went running"])
def test_words_for_a_run(said: str) -> None:
    assert "Well run" in cleared().type(said).said


def test_one_helpful_line_for_everything_else() -> None:
    assert "/up" in cleared().type("what a lovely day").said
    assert "Stop" in resting().type("what a lovely day").said
    assert "buttons" in Dialog().type("/start").tap("I agree").type("hm").said
    assert "Do you agree?" in Dialog().type("hm").said


def test_a_word_may_mean_several_things() -> None:
    assert meanings("better", "en") == ("gone", "lighter")
    assert meanings("nothing of ours", "en") == ()


def test_markup_and_braces_that_a_person_types_do_no_harm() -> None:
    for said in ("{x} *bold* _it_ \\", "/country *_\\{x}", "/zone {0}", "/up {wanted}", "\x00"):
        assert cleared().type(said).said
