"""The way out: always said, said again, and asked after."""

from datetime import timedelta

import pytest

from bot.conversation.person import Hold, Phase
from bot.events import Lane, Wake
from tests.dialog import BERLIN, EVENING, Dialog, cleared, moment, resting

NIGHT = "2026-11-22 23:00"


def at_the_end(at: str = "2026-11-22 16:00") -> Dialog:
    return resting(at).wait(minutes=3)


def hold(dialog: Dialog) -> Hold:
    assert dialog.hold is not None
    return dialog.hold


def test_it_is_said_in_the_first_lane_and_asks_how_the_legs_feel() -> None:
    dialog = at_the_end()
    assert dialog.messages[0].lane is Lane.EXIT
    assert "Time to come out, slowly." in dialog.said
    assert "How do the legs feel?" in dialog.said
    assert {"Lighter", "Same", "Worse", "Dizzy"} <= set(dialog.buttons)


def test_unanswered_it_is_said_again_and_then_it_is_quiet_until_the_morning() -> None:
    dialog = at_the_end(NIGHT)
    end = dialog.now
    heard = []
    while dialog.hold is not None:
        dialog.wake()
        heard.append(round((dialog.now - end).total_seconds()))
    assert heard == [30, 60, 120, 240, 360]
    assert "do not stand on a numb leg" in dialog.said
    dialog.wake()
    assert dialog.now == moment("2026-11-23 08:00", dialog.zone)
    assert dialog.messages[0].silent
    assert "All well?" in dialog.said


@pytest.mark.parametrize("at", ["2026-11-23 00:30", NIGHT])
def test_the_morning_after_is_the_same_for_both_sides_of_midnight(at: str) -> None:
    dialog = at_the_end(at).wait(minutes=7).wake()
    assert dialog.now == moment("2026-11-23 08:00", dialog.zone)


def test_no_new_rest_before_the_question_is_answered() -> None:
    dialog = at_the_end().wait(minutes=7).type("/up")
    assert "All well?" in dialog.said
    dialog.tap("All well").type("/up")
    assert dialog.person.card is not None


def test_a_numb_leg_in_the_morning_is_seen_now() -> None:
    dialog = at_the_end(NIGHT).wait(hours=10).tap("A leg is numb").tap("Numb, cold, weak")
    assert "emergency department now" in dialog.said


def test_something_else_in_the_morning_shows_the_signs_and_then_asks_for_a_check() -> None:
    dialog = at_the_end(NIGHT).wait(hours=10).tap("Something else")
    assert "chest pain or pressure" in dialog.said
    assert dialog.event(Wake()).messages == ()
    dialog.tap("None of these").type("/up")
    assert "1/4" in dialog.said


@pytest.mark.parametrize("sign", ["1 Emergency", "2 Leg or urine", "3 Not now"])
def test_each_of_the_signs_in_the_morning_leads_on(sign: str) -> None:
    dialog = at_the_end(NIGHT).wait(hours=10).tap("Something else").tap(sign).type("/up")
    assert dialog.person.card is None


def test_after_a_night_all_well_a_shorter_one_is_offered_and_kept() -> None:
    dialog = at_the_end(NIGHT).wait(hours=10).tap("All well")
    shorter = dialog.buttons["Shorter next time"]
    dialog.press("Shorter", shorter).press("Shorter", shorter)
    assert dialog.said == "Good: 1 minute next time."
    assert dialog.type("/up").person.card is not None
    assert dialog.person.card is not None
    assert dialog.person.card.plan.minutes == 1


def test_an_answer_that_comes_at_night_spares_the_morning() -> None:
    dialog = at_the_end(NIGHT)
    same = dialog.buttons["Same"]
    dialog.wait(minutes=20).press("Same", same)
    assert not dialog.person.closed


def test_counted_are_the_minutes_chosen_not_those_slept() -> None:
    dialog = at_the_end(NIGHT).wait(hours=9)
    assert [rest.seconds for rest in dialog.history.values()] == [180]


@pytest.mark.parametrize("minutes", [1, 29])
def test_up_to_half_an_hour_late_the_exit_is_said_at_once(minutes: int) -> None:
    dialog = resting().sleep(minutes=3 + minutes).event(Wake())
    assert "Time to come out, slowly." in dialog.said
    assert hold(dialog).phase is Phase.WAY_OUT


def test_later_than_that_it_is_closed_unrated_and_counted_to_its_end() -> None:
    dialog = resting().sleep(minutes=34).event(Wake())
    assert dialog.said.startswith("I was away at the end.")
    assert dialog.hold is None
    assert [(rest.seconds, rest.feeling) for rest in dialog.history.values()] == [(180, "")]


def test_an_exit_that_the_sender_dropped_is_made_up_for() -> None:
    dialog = at_the_end().expire("exit")
    assert dialog.said.startswith("I was away at the end.")
    assert dialog.hold is None


def test_a_dropped_exit_that_was_answered_all_the_same_needs_no_word() -> None:
    assert at_the_end().tap("Same").expire("exit").messages == ()


def test_i_am_down_ends_the_calls() -> None:
    dialog = at_the_end().wait(seconds=31).tap("I'm down")
    assert hold(dialog).phase is Phase.SIT
    dialog.wait(minutes=10)
    assert "Asleep" not in "\n".join(dialog.lines)
    assert dialog.hold is None
    assert not dialog.person.closed


def test_sitting_comes_before_standing_as_long_as_the_check_says() -> None:
    dialog = cleared("2026-11-22 16:00", "Fainting").type("/check").tap("A clinician")
    dialog.tap("Yes, exactly").tap("Now").tap("Yes").tap("None of these, start").tap("Next")
    dialog.tap("Next").tap("I'm in place").wait(minutes=2)
    assert "sit 3 minutes" in dialog.said
    assert "Sit 3 minutes first" in dialog.tap("Same").said


def test_dizzy_once_waits_and_twice_ends_the_day() -> None:
    dialog = at_the_end()
    dizzy = dialog.buttons["Dizzy"]
    dialog.press("Dizzy", dizzy).press("Dizzy", dizzy)
    assert not dialog.person.closed  # a finger that taps twice
    dialog.wait(seconds=40).press("Dizzy", dizzy)
    assert "tell a clinician" in dialog.said
    assert "Let's skip today" in dialog.tap("Same").type("/up").said
    assert "1/4" in dialog.wait(days=1).type("/up").said


def test_worse_in_both_legs_makes_the_next_one_shorter() -> None:
    dialog = cleared().type("/up 8").tap("None of these, start").tap("Next").tap("Next")
    dialog.tap("I'm in place").wait(minutes=8).tap("Worse").tap("Both")
    assert "shorter and gentler" in dialog.said
    assert "5 minutes" in dialog.type("/up").said


def test_worse_in_one_leg_asks_which_and_in_both_weak_is_an_emergency() -> None:
    assert "Which is it?" in at_the_end().tap("Worse").tap("One").said
    weak = at_the_end().tap("Worse").tap("Both suddenly weak")
    assert weak.said.startswith("Stop. Get emergency help now.")


def test_three_comfortable_ones_make_the_next_one_longer() -> None:
    dialog = cleared().type("/up")
    for _ in range(3):
        assert dialog.person.card is not None
        assert dialog.person.card.plan.minutes == 3
        dialog.tap("None of these, start").tap("Next").tap("Next").wait(minutes=4).tap("Same")
        dialog.type("/up")
    assert "5 minutes" in dialog.said


def test_good_night_is_the_last_word_at_night_alone() -> None:
    first = at_the_end(EVENING).tap("Lighter")
    assert "Good night" not in first.said, "there is a question to answer"
    assert first.tap("No reminder").said.endswith("Good night.")
    second = first.wait(days=1).type("/up").tap("None of these, start").tap("Next").tap("Next")
    assert second.wait(minutes=4, seconds=10).tap("Lighter").said.endswith("Good night.")
    assert "Good night" not in at_the_end().tap("Lighter").said


def test_on_a_bed_at_night_one_stays_lying_and_in_the_afternoon_one_gets_up() -> None:
    for at, lying in ((EVENING, True), ("2026-11-22 16:00", False)):
        dialog = cleared(at, "Floor").tap("Now").tap("Yes").tap("OK").tap("None of these, start")
        dialog.tap("Next").tap("Next").tap("I'm in place").wait(minutes=2).tap("Same")
        assert ("Stay lying" in dialog.said) == lying
        assert ("Good night" in dialog.tap("No reminder").said) == lying


def test_the_first_and_the_tenth_rest_have_a_word_of_their_own() -> None:
    dialog = at_the_end().tap("Same")
    assert "That was it." in dialog.said
    assert dialog.zone.key == BERLIN


def test_an_answer_to_what_is_it_shows_that_nobody_sleeps() -> None:
    dialog = resting().wait(seconds=40).type("stop").tap("Nothing, all well")
    assert "How do the legs feel?" in dialog.said
    dialog.wait(minutes=10)
    assert not dialog.person.closed


def test_a_wake_that_comes_twice_finds_nothing() -> None:
    dialog = at_the_end()
    assert dialog.event(Wake()).messages == ()
    assert dialog.now + timedelta(0) == dialog.now


def test_worse_without_which_leg_stays_a_question() -> None:
    dialog = at_the_end().tap("Worse").wait(minutes=10)
    assert dialog.hold is None
    assert "Which is it?" in dialog.type("/up").said


def test_worse_is_asked_again_by_whoever_looks() -> None:
    assert "Both suddenly weak" in at_the_end().tap("Worse").type("/start").buttons


def test_who_was_away_at_the_end_asks_before_the_next_rest() -> None:
    dialog = resting().sleep(hours=2).event(Wake())
    assert "I was away at the end" in dialog.said
    assert "All well?" in dialog.type("/up").said
    dialog.tap("All well").type("/up")
    assert "None of these, start" in dialog.buttons


def test_a_sleepers_tingling_is_asked_about_in_the_morning() -> None:
    dialog = resting(NIGHT).tap("Tingling").until(lambda d: d.hold is None)
    dialog.wake()
    assert dialog.now == moment("2026-11-23 08:00", dialog.zone)


def test_dizzy_gets_no_lovely() -> None:
    assert "Lovely" not in at_the_end().tap("Dizzy").wait(minutes=2).tap("Lighter").said


@pytest.mark.parametrize("after", [{"minutes": 8}, {"days": 2}])
def test_a_symptom_is_never_old_news(after: dict[str, int]) -> None:
    dialog = at_the_end().tap("Something is wrong")
    chest = dialog.buttons["Chest, breath, heartbeat, faint"]
    dialog.wait(**after).press("Chest", chest)
    assert "Get emergency help now" in dialog.said
    dialog = at_the_end().tap("Worse")
    weak, one = dialog.buttons["Both suddenly weak"], dialog.buttons["One"]
    assert "Get emergency help now" in dialog.wait(**after).press("weak", weak).said
    dialog = at_the_end().tap("Worse").wait(**after)
    assert "Which is it?" in dialog.press("one", one).said


def test_worse_is_not_forgotten_for_another_word() -> None:
    dialog = at_the_end().tap("Worse").type("it hurts").tap("Nothing, all well").wait(minutes=10)
    assert "Which is it?" in dialog.type("/up").said


def test_the_questions_of_the_day_wait_for_the_day_when_we_were_away() -> None:
    dialog = resting(NIGHT).until(lambda d: d.hold is None).sleep(hours=28).event(Wake())
    assert dialog.messages == ()
    dialog.wake()
    assert dialog.now == moment("2026-11-24 08:00", dialog.zone)
