"""The look at right now before every rest, and [Change]."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.conversation.person import Check, Closed, Phase
from bot.practice.clearance import Place, Variation
from bot.practice.questionnaire import assess
from tests.dialog import AFTERNOON, EVENING, Dialog, cleared


def card(at: str = AFTERNOON, *ticks: str) -> Dialog:
    dialog = cleared(at, *ticks).tap("Now")
    return dialog.tap("OK") if "OK" in dialog.buttons else dialog


def started(dialog: Dialog) -> bool:
    return dialog.hold is not None and dialog.hold.plan.variation.raised


def test_one_tap_for_a_healthy_person_alone_on_the_first_row() -> None:
    dialog = card()
    rows = dialog.messages[-1].buttons
    assert [button.label for button in rows[0]] == ["None of these, start"]
    assert started(dialog.tap("None of these, start"))


def test_it_lives_fifteen_minutes() -> None:
    assert started(card().wait(minutes=15).tap("None of these, start"))
    dialog = card().wait(minutes=15, seconds=1).tap("None of these, start")
    assert not started(dialog)
    assert "A fresh look" in dialog.said
    assert started(dialog.tap("None of these, start"))


def test_two_taps_on_an_old_card_do_not_answer_the_fresh_one() -> None:
    dialog = card()
    start = dialog.buttons["None of these, start"]
    dialog.wait(minutes=20).press("start", start).press("start", start)
    assert not started(dialog)


def test_a_card_of_before_bedtime_is_a_bedtime_one_later() -> None:
    dialog = card("2026-11-22 19:55").tap("Change").tap("8 minutes").wait(minutes=6)
    dialog.tap("None of these, start")
    assert not started(dialog)
    dialog.tap("OK")
    assert "3 minutes" in dialog.said
    assert "Set a phone timer first" in dialog.said
    assert started(dialog.tap("None of these, start"))


def test_emergency_closes_until_the_question_of_noon_is_answered() -> None:
    dialog = card().tap("1 Emergency")
    assert dialog.said.startswith("Stop. Get emergency help now.")
    assert "112" in dialog.said
    dialog.type("/up")
    assert "On Monday 23 Nov, 12:00 I ask how it went" in dialog.said
    assert list(dialog.buttons) == ["Seated rest"]
    for days in (1, 9):
        dialog.wait(days=days).type("/up")
        assert "Did someone look at it?" in dialog.said
        assert dialog.person.card is None


def test_emergency_by_mistake_closes_today_and_keeps_the_check() -> None:
    dialog = card().tap("1 Emergency").tap("By mistake").type("/up")
    assert "Let's skip today" in dialog.said
    dialog.wait(hours=12, minutes=1).type("/up")
    assert dialog.person.card is not None


@pytest.mark.parametrize("sign", ["1 Emergency", "2 Leg or urine"])
def test_a_sign_of_alarm_counts_on_an_old_card_and_after_another_tap(sign: str) -> None:
    dialog = card()
    old = dialog.buttons[sign]
    dialog.tap("3 Not now").press(sign, old)
    assert "over" not in dialog.said
    assert dialog.person.closed
    dialog = card().wait(days=2).type("/up").press(sign, old)
    assert "over" not in dialog.said
    assert dialog.person.closed


def test_a_sign_of_the_leg_on_an_old_card_brings_a_running_rest_down_first() -> None:
    dialog = card()
    old = dialog.buttons["2 Leg or urine"]
    dialog.tap("None of these, start").tap("Next").tap("Next").tap("I'm in place")
    dialog.press("2 Leg or urine", old)
    assert "come out, slowly" in dialog.said


@pytest.mark.parametrize(
    ("which", "now"),
    [("Swollen or sore", False), ("Injury", False), ("Hard, pain growing", True),
     ("Numb, cold, weak", True), ("Dark urine", True)],
)  # fmt: skip
def test_leg_or_urine(which: str, now: bool) -> None:
    dialog = card().tap("2 Leg or urine").tap(which)
    assert ("Go to an emergency department now" in dialog.said) == now
    assert ("Get medical help today" in dialog.said) != now
    assert "No massage, no stretching" in dialog.said
    assert "Chest pain, hard to breathe or coughing blood" in dialog.said
    assert "12:00 I ask how it went" in dialog.type("/up").said
    assert "Did someone look at it?" in dialog.wait(days=1).type("/up").said


@pytest.mark.parametrize("sign", ["2 Leg or urine", "3 Not now"])
def test_by_mistake_brings_the_card_back_after_a_minute(sign: str) -> None:
    dialog = card()
    start = dialog.buttons["None of these, start"]
    dialog.tap(sign).tap("By mistake")
    assert not started(dialog.press("None of these, start", start))
    assert not started(dialog.type("/up"))
    dialog.wait(seconds=60)
    assert started(dialog.tap("None of these, start"))


def test_an_open_leg_question_stands_before_everything() -> None:
    dialog = card().tap("2 Leg or urine").wait(days=3).type("/up")
    assert "Which is it?" in dialog.said
    assert "Which is it?" in dialog.type("/check").said


def test_unwell_means_nothing_lying_until_tomorrow_but_the_seat() -> None:
    dialog = card().tap("3 Not now").tap("Unwell").type("/up")
    assert dialog.person.card is None
    assert dialog.tap("Seated rest").hold is not None
    dialog.wait(hours=11).type("/up")
    assert dialog.person.card is None
    dialog.wait(hours=2).type("/up")
    assert dialog.person.card is not None


def test_nodding_off_ends_with_good_night_and_nothing_more() -> None:
    dialog = card(EVENING).tap("3 Not now").tap("Nodding off")
    assert dialog.said == "Then bed wins. Good night."
    assert not dialog.messages[-1].buttons


@pytest.mark.parametrize(("which", "clock"), [("Big meal", "19:00"), ("Not cooled down", "16:15")])
def test_a_later_time_only_after_a_meal_or_a_run(which: str, clock: str) -> None:
    dialog = card().tap("3 Not now").tap(which)
    assert list(dialog.buttons) == ["Seat now", clock, "Skip"]
    dialog.tap(clock).type("/up")
    assert dialog.person.card is None
    dialog.until(lambda d: "Legs up?" in d.said).tap("Start")
    assert dialog.person.card is not None


def test_an_asked_for_time_is_kept_even_when_reminders_are_quiet() -> None:
    dialog = card().type("/stop").type("/ran").tap("In 30 min").wait(minutes=30)
    assert "Then legs up?" in dialog.said


def test_no_time_is_promised_to_who_may_not_go_up() -> None:
    dialog = cleared(AFTERNOON, "Heart").type("/ran")
    assert dialog.person.offer is None
    assert list(dialog.buttons) == ["Seated rest"]


def test_after_any_food_where_the_answers_say_so() -> None:
    assert "any food in the last 3 hours" in card(AFTERNOON, "Reflux").said
    assert "big meal in the last 3 hours" in card().said


def test_somebody_near_is_asked_for_where_the_answers_say_so() -> None:
    dialog = cleared(AFTERNOON, "Floor").tap("Now")
    assert "near you" in dialog.said
    dialog.tap("No")
    assert dialog.person.card is None


def test_the_phone_is_spoken_of_once() -> None:
    dialog = cleared(EVENING).tap("Now")
    assert "I never call anyone" in dialog.said
    dialog.tap("OK").type("/up")
    assert "I never call anyone" not in dialog.said


@pytest.mark.parametrize("at", ["2026-11-22 20:00", "2026-11-23 03:59", "2026-11-22 23:00"])
def test_a_bedtime_rest_is_three_minutes_at_most_with_a_timer(at: str) -> None:
    dialog = cleared(at).type("/up 15").tap("OK")
    assert "3 minutes" in dialog.said
    assert "Set a phone timer first" in dialog.said


@pytest.mark.parametrize("at", ["2026-11-22 19:59", "2026-11-23 04:00"])
def test_outside_bedtime_it_may_be_longer(at: str) -> None:
    assert "15 minutes" in cleared(at).type("/up 99").said


def test_change_offers_what_is_allowed_and_shows_the_card_again() -> None:
    dialog = card().tap("Change").tap("Knees bent").tap("Change").tap("30 seconds")
    plan = dialog.person.card.plan if dialog.person.card else None
    assert plan is not None
    assert (plan.variation, plan.minutes) == (Variation.KNEES_BENT, 0.5)
    dialog.tap("Change").tap("On a bed").tap("OK")
    assert dialog.person.card is not None
    assert dialog.person.card.plan.place is Place.BED
    assert dialog.person.card.plan.limit == 3


def test_change_never_goes_beyond_the_check() -> None:
    dialog = card(AFTERNOON, "Old back trouble").tap("Change")
    assert not any("close" in full or "Blanket" in full for full in dialog.buttons)
    number = dialog.person.card.number if dialog.person.card else 0
    for what in ("way|classic", "hips|on", "min|99", "breath|nonsense"):
        dialog.press("forged", f"1|7|change|{number}|{what}")
        assert dialog.person.card is not None
        plan = dialog.person.card.plan
        assert plan.variation is Variation.CALVES_ON_CHAIR
        assert plan.minutes <= 10
        assert not plan.lift_hips


def test_breath_is_not_held_where_the_check_forbids_it() -> None:
    dialog = cleared(AFTERNOON, "Pressure high").type("/check")
    dialog.tap("A clinician").tap("Yes, exactly").tap("Now").tap("Change")
    assert "Box breath" not in dialog.buttons
    assert "Belly breath" in dialog.buttons


def test_twenty_minutes_only_after_ten_comfortable_ones() -> None:
    dialog = card().tap("Change")
    assert "20 minutes" not in dialog.buttons
    for _ in range(10):
        dialog.type("/up 1").tap("None of these, start")
        while dialog.hold is not None and dialog.hold.phase is Phase.SETUP:
            dialog.tap("Next")
        dialog.until(lambda d: "Lighter" in d.buttons).tap("Lighter")
        dialog.wait(minutes=1)
        if dialog.person.habits.rests % 4 == 0:
            dialog.wait(hours=24).sleep(hours=0)
    dialog.now = dialog.now.replace(hour=11)
    dialog.wait(days=1).type("/up").tap("Change")
    assert "20 minutes" in dialog.buttons


@pytest.mark.parametrize(
    "since",
    [
        {"closed": (Closed("doctor", 1),)},
        {"closed": (Closed("day", 1, until=datetime(2026, 11, 23, 3, tzinfo=UTC)),)},
        {"clearance": None},
        {"clearance": assess(("heart",), date(2026, 11, 22))},
        {"clearance": assess((), date(2026, 5, 1))},
        {"check": Check(datetime(2026, 11, 22, 15, tzinfo=UTC))},
    ],
)
def test_a_card_alone_starts_nothing(since: dict[str, Any]) -> None:
    """Whatever came since it was shown counts, though the card still lies there."""
    dialog = card()
    dialog.scene = replace(dialog.scene, person=replace(dialog.person, **since))
    assert not started(dialog.tap("None of these, start"))
    assert dialog.said


def test_two_taps_on_up_are_one_card() -> None:
    dialog = cleared()
    up = dialog.buttons["Now"]
    dialog.press("Now", up)
    first = dialog.person
    dialog.press("Now", up)
    assert dialog.person == first


# what is undone, and what is not


@pytest.mark.parametrize("emergency_first", [True, False])
def test_a_slip_undoes_its_own_emergency_and_nothing_else(emergency_first: bool) -> None:
    dialog = card()
    emergency = dialog.buttons["1 Emergency"]
    if emergency_first:
        dialog.press("1 Emergency", emergency)
        mistake = dialog.buttons["By mistake"]
        dialog.press("2 Leg", emergency.replace("emergency", "leg")).tap("Hard, pain growing")
    else:
        dialog.tap("2 Leg or urine").tap("Hard, pain growing")
        mistake = dialog.press("1 Emergency", emergency).buttons["By mistake"]
    dialog.press("By mistake", mistake).wait(days=1, hours=1).type("/up")
    assert "Did someone look at it?" in dialog.said


def test_a_slip_is_over_when_the_day_is() -> None:
    dialog = card().tap("1 Emergency")
    mistake = dialog.buttons["By mistake"]
    dialog.wait(days=2).press("By mistake", mistake).type("/up")
    assert "Did someone look at it?" in dialog.said


def test_a_chosen_later_time_outlives_the_seat() -> None:
    dialog = card().tap("3 Not now").tap("Not cooled down")
    seat = dialog.buttons["Seat now"]
    dialog.tap("16:15").press("Seat now", seat)
    assert "Legs up?" in dialog.until(lambda d: "Start" in d.buttons).said


def test_yesterdays_skip_leaves_todays_offer() -> None:
    dialog = card().tap("3 Not now").tap("Not cooled down").tap("16:15")
    skip = dialog.buttons["Skip"]
    dialog.wait(days=1).type("/ran").tap("In 30 min").press("Skip", skip)
    assert dialog.person.offer is not None
