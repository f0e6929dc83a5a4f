"""A rest from its first step to its end."""

from datetime import timedelta

import pytest

from bot.conversation.person import Hold, Phase
from bot.events import Lane, Wake
from tests.dialog import AFTERNOON, Dialog, cleared, moment, resting


def hold(dialog: Dialog) -> Hold:
    assert dialog.hold is not None
    return dialog.hold


def minutes_up(length: str) -> Dialog:
    dialog = cleared().type(f"/up {length}").tap("None of these, start").tap("Next").tap("Next")
    return dialog.tap("I'm in place")


# getting in


def test_three_steps_each_with_another_way_in_and_never_the_same_words() -> None:
    dialog = cleared().tap("Now").tap("None of these, start")
    for step in (1, 2, 3):
        assert f"{step}/3" in dialog.said
        first = dialog.said
        dialog.tap("I'm stuck")
        assert dialog.said != first
        assert "I'm stuck" not in dialog.buttons
        if step < 3:
            dialog.tap("Next")


def test_the_clock_starts_by_itself_after_a_minute_or_when_in_place() -> None:
    dialog = cleared().tap("Now").tap("None of these, start").tap("Next").tap("Next")
    assert hold(dialog).phase is Phase.SETTLE
    dialog.wait(seconds=60)
    assert hold(dialog).phase is Phase.REST
    assert hold(resting()).phase is Phase.REST


def test_more_time_counts_toward_the_limit_and_two_taps_are_one() -> None:
    dialog = cleared().tap("Now").tap("None of these, start").tap("Next").tap("Next")
    more = dialog.buttons["More time"]
    starts = hold(dialog).since
    dialog.press("More time", more).press("More time", more)
    assert hold(dialog).since == starts + timedelta(minutes=1)
    for _ in range(30):
        dialog.type("more time")
    last = hold(dialog).last_moment
    assert last == starts + timedelta(minutes=15)
    dialog.until(lambda d: hold(d).phase is Phase.WAY_OUT)
    assert last is not None
    assert dialog.now <= last + timedelta(seconds=1)


def test_a_set_up_that_nobody_goes_on_with_is_put_away() -> None:
    dialog = cleared().tap("Now").tap("None of these, start").wait(minutes=15)
    assert dialog.hold is None
    assert "come out" not in dialog.said


def test_who_may_lie_there_already_is_called_down() -> None:
    dialog = cleared().tap("Now").tap("None of these, start").tap("Next").wait(minutes=15)
    assert hold(dialog).phase is Phase.WAY_OUT
    assert "If your legs are up:\nTime to come out, slowly." in dialog.said
    assert dialog.messages[-1].lane is Lane.EXIT
    assert not dialog.history


def test_not_now_before_lying_down_is_left_without_a_word_about_it() -> None:
    dialog = cleared().tap("Now").tap("None of these, start").tap("Not now")
    assert dialog.hold is None
    assert dialog.history == {}


def test_the_knees_are_not_drawn_up_where_the_check_forbids_it() -> None:
    dialog = cleared(AFTERNOON, "Old back trouble").type("/up knees_bent")
    dialog.tap("None of these, start").tap("Next")
    assert "one foot after the other" in dialog.said


def test_the_fourth_rest_in_the_same_way_skips_the_steps() -> None:
    dialog = cleared().type("/up")
    for _ in range(3):
        dialog.tap("None of these, start").tap("Next").tap("Next").wait(minutes=4).tap("Same")
        dialog.type("/up")
    dialog.tap("None of these, start")
    assert hold(dialog).phase is Phase.SETTLE
    assert "1/3" in dialog.tap("Show me the steps").said


# the rest


def test_the_cues_come_in_order_and_half_way_is_a_question() -> None:
    dialog = minutes_up("8").wait(minutes=8)
    text = "\n".join(dialog.lines)
    order = ["from now", "Half-way. Tingling?", "One minute left", "Time to come out, slowly"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_cues_that_are_late_are_dropped_and_the_newest_place_is_said() -> None:
    dialog = minutes_up("8").wait(seconds=60).sleep(seconds=14).event(Wake())
    assert "Let the breath out" in dialog.said  # 7 seconds late
    dialog = minutes_up("8").wait(seconds=60).sleep(seconds=27).event(Wake())
    assert dialog.messages == ()  # 20 seconds: too late for a breath, too little to speak of
    dialog = minutes_up("8").wait(seconds=60).sleep(seconds=47).event(Wake())
    assert dialog.said == "I was away for 40 seconds; you are at 1:47 of 8 minutes."


def test_pause_keeps_the_limit_and_go_on_keeps_the_minutes() -> None:
    dialog = minutes_up("5").wait(minutes=2).tap("Pause").wait(minutes=3).tap("Go on")
    assert "3:00 left" in dialog.said
    dialog.wait(minutes=3)
    assert hold(dialog).phase is Phase.WAY_OUT
    assert hold(dialog).seconds == 300


def test_paused_and_asleep_is_called_down_at_the_limit() -> None:
    dialog = minutes_up("5").wait(minutes=2).tap("Pause").wait(minutes=12, seconds=59)
    assert hold(dialog).phase is Phase.REST
    dialog.wait(seconds=1)
    assert hold(dialog).phase is Phase.WAY_OUT
    assert dialog.messages[0].lane is Lane.EXIT


def test_go_on_as_a_typed_word_goes_on() -> None:
    dialog = minutes_up("5").wait(minutes=1).type("pause").type("go on")
    assert hold(dialog).paused is None


def test_a_second_tap_on_tingling_waits_the_minute_all_the_same() -> None:
    dialog = resting()
    tingling = dialog.buttons["Tingling"]
    dialog.press("Tingling", tingling).press("Tingling", tingling)
    assert hold(dialog).phase is Phase.REST
    dialog.wait(seconds=60)
    assert "A minute is over" in dialog.said


def test_tingling_that_stays_ends_the_rest_and_is_asked_after_ten_minutes() -> None:
    dialog = resting().wait(seconds=30).tap("Tingling").wait(seconds=60).tap("Still there")
    assert hold(dialog).phase is Phase.WAY_OUT
    dialog.tap("Same").type("/up").tap("Still there")
    assert "Rest on your side" in dialog.said  # ten minutes are not over: no alarm yet
    dialog.wait(minutes=10).tap("Still there")
    assert "Go to an emergency department now" in dialog.said


def test_tingling_on_one_side_with_weakness_is_urgent_at_once() -> None:
    dialog = resting().tap("Tingling").tap("Still there").tap("Same").type("/up")
    assert "emergency department" in dialog.tap("One side, and weak").said


def test_tingling_and_a_cue_at_the_same_moment_do_not_stop_the_clock() -> None:
    dialog = resting().wait(seconds=30).tap("Tingling").wait(minutes=3)
    assert hold(dialog).phase is Phase.WAY_OUT


@pytest.mark.parametrize(
    ("trouble", "ends"),
    [("Chest", True), ("Head", True), ("Back", True), ("Something else", True),
     ("Light-headed", False), ("Cramp", False), ("Nothing", False), ("Tingling", False)],
)  # fmt: skip
def test_something_is_wrong(trouble: str, ends: bool) -> None:
    dialog = resting().wait(seconds=30).tap("Something is wrong").tap(trouble)
    running = dialog.hold is not None and dialog.hold.phase is Phase.REST
    assert running != ends
    if trouble == "Chest":
        assert "Come out now" in dialog.said
        assert "112" in dialog.said


def test_the_eyes_are_remembered_through_a_new_check_until_a_clinicians_ok() -> None:
    dialog = resting().tap("Something is wrong").tap("Head").tap("Eyes or sight")
    assert dialog.hold is None
    assert dialog.person.clearance is None
    dialog.wait(days=3).type("/up")
    for _ in range(4):
        dialog.tap("None of these")
    assert "your eye specialist" in dialog.said
    dialog.type("/check").tap("A clinician").tap("Yes, exactly")
    assert dialog.person.carried is None
    assert dialog.person.clearance is not None
    assert dialog.person.clearance.longest == 3


def test_the_head_closes_today_and_asks_for_a_full_check() -> None:
    dialog = resting().tap("Something is wrong").tap("Head").tap("Head or ears").type("/up")
    assert "Let's skip today" in dialog.said
    assert "1/4" in dialog.wait(days=1).type("/up").said


def test_sight_that_does_not_come_back_is_an_emergency() -> None:
    dialog = resting().tap("Something is wrong").tap("Head").tap("Sight lost")
    assert dialog.said.startswith("Stop. Get emergency help now.")


def test_come_down_tapped_twice_does_not_silence_the_calls() -> None:
    dialog = resting()
    down = dialog.buttons["Come down"]
    dialog.press("Come down", down).press("Come down", down)
    assert hold(dialog).phase is Phase.WAY_OUT
    dialog.wait(seconds=30)
    assert "Time to come down" in dialog.said


# the seat


def test_the_seat_is_open_to_everyone_and_teaches_nothing_about_the_pose() -> None:
    for dialog in (Dialog(), cleared(AFTERNOON, "Clot now"), cleared()):
        dialog.type("/seat").wait(minutes=5)
        assert dialog.hold is None
        assert "That was it" in dialog.said
        assert dialog.person.habits.rests == 0


def test_trouble_in_the_seat_is_spoken_of_as_in_a_seat() -> None:
    dialog = cleared().type("/seat").tap("Something is wrong")
    assert "Come down" not in dialog.said
    dialog.tap("Head")
    assert "roll to your side" not in dialog.said
    assert "Good rest" not in dialog.said
    dialog = cleared().type("/seat").type("chest pain")
    assert dialog.said.startswith("Stop. Get emergency help now.")


def test_only_one_rest_at_a_time() -> None:
    dialog = resting()
    number = hold(dialog).number
    for said in ("/up", "/seat", "/ran", "/start", "legs up"):
        assert hold(dialog.type(said)).number == number


def test_keep_nothing_in_mid_rest_lets_it_go_on_and_keeps_nothing_of_it() -> None:
    dialog = resting().type("/settings").tap("Keep nothing").wait(minutes=3).tap("Same")
    assert dialog.history == {}
    assert dialog.person.clearance is None


# limits


def with_glaucoma_ok() -> Dialog:
    dialog = cleared(AFTERNOON, "Glaucoma").type("/check").tap("A clinician").tap("Yes, exactly")
    return dialog.tap("Now").tap("None of these, start").tap("Next")


def test_a_limit_of_the_check_counts_from_when_the_legs_may_be_up() -> None:
    dialog = with_glaucoma_ok().wait(seconds=20).tap("Next")
    up = dialog.now
    while "no more" not in dialog.said and "all the time" not in dialog.said:
        dialog.type("more time")
    dialog.until(lambda d: hold(d).phase is Phase.WAY_OUT)
    assert dialog.now - up <= timedelta(minutes=3)


def test_lying_down_for_long_in_step_two_counts_too() -> None:
    dialog = with_glaucoma_ok().wait(seconds=150).tap("Next")
    dialog.until(lambda d: hold(d).phase is Phase.WAY_OUT)
    assert dialog.now - moment("2026-11-22 16:00", dialog.zone) <= timedelta(minutes=4)


def test_what_the_limit_leaves_is_what_is_promised() -> None:
    dialog = with_glaucoma_ok().tap("Next").type("more time").wait(minutes=2)
    assert "1 minute, from now" in dialog.said
    dialog.until(lambda d: hold(d).phase is Phase.WAY_OUT)
    assert hold(dialog).seconds == 60


def test_more_time_is_said_to_be_over_when_it_is() -> None:
    dialog = cleared().type("/up").tap("None of these, start").tap("Next").tap("Next")
    for _ in range(20):
        dialog.type("more time")
    assert "That is all the time there is" in dialog.said


# tingling


def test_the_answers_about_tingling_stay_under_the_finger() -> None:
    dialog = resting().tap("Tingling").wait(seconds=59)
    assert list(dialog.buttons)[1] == "Still there"
    dialog.wait(seconds=40)
    assert "Half-way" in dialog.said
    assert list(dialog.buttons)[1] == "Still there"


def test_one_side_and_weak_brings_the_end_and_the_emergency_department() -> None:
    dialog = resting().tap("Tingling").tap("One side, and weak")
    assert dialog.messages[0].lane is Lane.EXIT
    assert "Go to an emergency department now" in dialog.said
    assert dialog.hold is None
    assert "12:00 I ask how it went" in dialog.type("/up").said


# lengths


def test_a_rest_that_is_broken_off_is_no_comfortable_one() -> None:
    dialog = cleared()
    for _ in range(4):
        dialog.type("/up").tap("None of these, start").tap("Next").tap("Next").tap("I'm in place")
        dialog.tap("Come down").tap("Same")
    habits = dialog.person.habits
    assert (habits.comfortable, habits.rests, habits.times) == (0, 0, ())


# cramp


def test_a_cramp_that_comes_back_ends_the_rest() -> None:
    dialog = resting().tap("Something is wrong").tap("Cramp")
    assert "gently pull the toes" in dialog.said
    assert hold(dialog).phase is Phase.REST
    dialog.tap("Something is wrong").tap("Cramp")
    assert hold(dialog).phase is Phase.WAY_OUT


def test_pause_does_not_swallow_the_question_about_tingling() -> None:
    dialog = resting().tap("Tingling").tap("Pause").wait(seconds=61)
    assert "Is the tingling gone?" in dialog.said
    assert {"Come down", "Go on", "Still there"} <= set(dialog.buttons)


def test_tingling_while_getting_in_is_a_reason_to_come_out() -> None:
    dialog = cleared().type("/up").tap("None of these, start").tap("Next")
    dialog.type("something is wrong").tap("Tingling, numb")
    assert dialog.messages[0].lane is Lane.EXIT


def test_a_set_up_of_yesterday_rings_nobody_up() -> None:
    dialog = cleared("2026-11-22 16:00").type("/up").tap("None of these, start").tap("Next")
    dialog.sleep(hours=9).event(Wake())
    assert "I was away at the end" in dialog.said
    assert dialog.hold is None
