"""What is kept, in whose hands, and how it goes away."""

import pytest

from bot.conversation.person import Habits, Keep, blank
from tests.dialog import AFTERNOON, Dialog, cleared, resting


def test_forget_asks_once_and_then_everything_is_gone() -> None:
    dialog = resting().wait(minutes=3).tap("Same").type("/forget").tap("Keep it")
    assert dialog.history
    assert dialog.person.clearance is not None
    dialog.type("/forget").tap("Delete everything")
    assert blank(dialog.person)
    assert dialog.history == {}
    assert "Do you agree?" in dialog.type("/up").said


def test_forget_in_mid_rest_says_the_way_out_first() -> None:
    dialog = resting().type("/forget").tap("Delete everything")
    assert dialog.said.startswith("Come out slowly now")
    assert "How do the legs feel?" not in dialog.said  # nobody is left to hear the answer


def test_forget_takes_a_refusal_along_and_says_so() -> None:
    dialog = cleared(AFTERNOON, "Heart").type("/forget")
    assert "A refusal goes too" in dialog.said


def test_export_is_a_file_and_a_stranger_has_none() -> None:
    message = cleared().type("/export").messages[0]
    assert message.file is not None
    assert message.file.name == "legs-up-2026-11-22.json"
    assert Dialog().type("/export").messages[0].file is None


def test_keep_nothing_from_now_on_deletes_what_was_kept() -> None:
    dialog = resting().wait(minutes=3).tap("Same").type("/settings").tap("Keep nothing")
    person = dialog.person
    assert person.consent is not None
    assert person.consent.keep is Keep.NOTHING
    assert (person.clearance, person.cleared_at, person.habits) == (None, None, Habits())
    assert dialog.history == {}
    assert "count nothing" in dialog.type("/stats").said


def test_keep_nothing_keeps_what_closes_the_pose_without_its_reason() -> None:
    dialog = cleared(AFTERNOON, keep="Ask me each time").tap("Now").tap("2 Leg or urine")
    dialog.tap("Swollen or sore")
    assert [entry.kind for entry in dialog.person.closed] == ["doctor"]
    assert "swollen" not in repr(dialog.person)
    assert "Did someone look at it?" in dialog.wait(days=4).type("/up").said


def test_the_result_may_be_kept_from_now_on() -> None:
    dialog = cleared(AFTERNOON, keep="Ask me each time").type("/settings").tap("Keep the result")
    assert dialog.person.consent is not None
    assert dialog.person.consent.keep is Keep.RESULT


def test_stats_count_in_plain_words() -> None:
    dialog = Dialog().type("/stats")
    assert dialog.said == "No rests yet. /up starts one."
    dialog = resting().wait(minutes=3).tap("Lighter").type("/stats")
    assert dialog.said.startswith("1 rest so far. 3 minutes together.")
    assert dialog.said.endswith("lighter")
    dialog.type("/up").tap("None of these, start").tap("Next").tap("Next").wait(minutes=4)
    assert dialog.tap("Same").type("/stats").said.startswith("2 rests so far. 6 minutes together.")


def test_the_seat_counts_too() -> None:
    dialog = cleared(AFTERNOON, "Heart").type("/seat").wait(minutes=5).type("/stats")
    assert dialog.said.startswith("1 rest so far. 5 minutes together.")


@pytest.mark.parametrize(
    ("said", "known"),
    [("Germany", "112"), ("de", "112"), ("US", "911"), ("united states", "911"), ("Japan", "119")],
)
def test_country(said: str, known: str) -> None:
    dialog = cleared().type(f"/country {said}")
    assert known in dialog.said
    assert known in dialog.type("chest pain").said


@pytest.mark.parametrize("said", ["", "Atlantis", "12", "ZZZ", "{x}"])
def test_a_country_that_is_none_is_asked_for_again(said: str) -> None:
    assert "Which country?" in cleared().type(f"/country {said}").said


def test_an_unknown_country_hears_every_number() -> None:
    dialog = Dialog(zone="UTC").type("chest pain")
    for known in ("112", "911", "999", "000"):
        assert known in dialog.said


def test_zone() -> None:
    dialog = cleared().type("/zone")
    assert "Where are you?" in dialog.said
    dialog.type("/zone america/new york")
    assert dialog.person.zone == "America/New_York"
    assert "911" in dialog.type("/settings").said


def test_what_cannot_be_kept_is_not_promised() -> None:
    for said in ("/zone Europe/Paris", "/country France"):
        dialog = Dialog().type(said)
        assert "could not remember" in dialog.said
        assert blank(dialog.person)


def test_stop_outside_a_rest_is_quiet_and_says_how_to_come_back() -> None:
    dialog = cleared().type("/ran").tap("In 30 min").type("/stop")
    assert "/resume" in dialog.said
    assert dialog.person.offer is None
    dialog.tap("Reminders again")
    assert not dialog.person.quiet


def test_a_reminder_that_is_set_is_shown_and_can_be_taken_away() -> None:
    dialog = cleared().type("/ran").tap("In 30 min").type("/reminders")
    assert "16:30" in dialog.said
    dialog.tap("Take away 16:30")
    assert dialog.person.offer is None
    assert "Nothing is set" in dialog.type("/reminders").said


def test_privacy_says_who_can_read_it() -> None:
    said = Dialog().type("/privacy").said
    for part in ("never your answers", "Whoever runs me", "/forget", "/export"):
        assert part in said


def test_help_names_every_verb() -> None:
    said = Dialog().type("/help").said
    for verb in ("up", "ran", "reminders", "stats", "settings", "check", "what", "why", "privacy",
                 "export", "forget", "stop", "seat"):  # fmt: skip
        assert f"/{verb}" in said


def test_why_gives_a_reason_and_a_source_for_every_line_and_claim() -> None:
    dialog = Dialog().type("/why")
    for topic, data in dict(dialog.buttons).items():
        assert "Source:" in dialog.press(topic, data).said
    assert "eye pressure" in dialog.type("/why glaucoma").said


def test_what_says_that_no_clinician_has_read_it_yet() -> None:
    assert "not yet clinically reviewed" in Dialog().type("/what").said
