"""Reminders as conversations: at the right moment of somebody's own life, never at a wrong one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.conversation.person import Phase, Scene, blank, due_at
from bot.events import Lane, Location, Message, RunFinished, Wake
from tests.dialog import AFTERNOON, BERLIN, EVENING, HERE, Dialog, cleared, moment, resting

LAST_CHECK_TAPS = 4
TUE_THU_SUN = "/runs Tue Thu Sun about 18:30, an hour"
"""Asked about at 19:51 by whoever has the seat of person 7."""


def told(*lines: str, at: str = AFTERNOON) -> Dialog:
    """Somebody with these lines said and settled."""
    dialog = cleared(at)
    for line in lines:
        dialog.type(line).tap("Right")
    return dialog.forget_lines()


def at_ten() -> Dialog:
    """A bedtime at exactly 22:00, on a Sunday afternoon."""
    return told("/bedtime at 22:00")


def comes(dialog: Dialog, **time: float) -> list[str]:
    """When something comes by itself in that time, by the person's own clock."""
    return [f"{at.astimezone(dialog.person.clock):%a %H:%M}" for at, _ in heard(dialog, **time)]


def heard(dialog: Dialog, **time: float) -> list[tuple[datetime, Message]]:
    """What comes by itself in that time, but for the questions of safety."""
    until = dialog.now + timedelta(**time)
    found: list[tuple[datetime, Message]] = []
    while (due := due_at(dialog.person)) is not None and due <= until:
        dialog.wake()
        found += [(dialog.now, each) for each in dialog.messages if each.lane is Lane.REMINDER]
    dialog.now = until
    return found


def clock(dialog: Dialog, local: str) -> Dialog:
    """Let time pass until the person's clock shows that, everybody woken on the way."""
    at = datetime.fromisoformat(local).replace(tzinfo=dialog.person.clock)
    return dialog.wait(seconds=(at - dialog.now).total_seconds())


def rest(dialog: Dialog, how: str = "/up 1") -> Dialog:
    """A whole rest, to its last answer."""
    dialog.type(how)
    return through(dialog)


def through(dialog: Dialog) -> Dialog:
    """From the card, or what stands before it, to the last answer of a rest."""
    if "OK" in dialog.buttons:
        dialog.tap("OK")
    dialog.tap("None of these, start")
    while dialog.hold is not None and dialog.hold.phase is Phase.SETUP:
        dialog.tap("Next")
    return dialog.until(lambda d: "Lighter" in d.buttons).tap("Lighter")


def clocks_of(dialog: Dialog) -> list[str]:
    """What is set for the evenings: the days by number, the time, and whether it is exact."""
    return [
        f"{''.join(map(str, each.days))} {each.clock:%H:%M}{' exactly' if each.exact else ''}"
        for each in dialog.person.agenda.wanted.bedtimes
    ]


# Setting a bedtime


def test_a_bedtime_is_three_taps_and_says_what_it_does() -> None:
    dialog = cleared().type("/reminders").tap("Bedtime").tap("21:30")
    assert "every evening about 21:30" in dialog.said
    assert "Your own minute is 21:36" in dialog.said
    assert "Sunday 22 Nov, 21:36 - right?" in dialog.said
    assert list(dialog.buttons) == [
        "Right", "Undo", "Exactly 21:30", "Only run days", "Other time",
    ]  # fmt: skip
    assert dialog.tap("Right").said == "Good."
    assert comes(dialog, days=3) == ["Sun 21:36", "Mon 21:36", "Tue 21:36"]


@pytest.mark.parametrize(
    ("typed", "comes_at"),
    [
        ("half past nine", "21:36"),
        ("halb zehn", "21:36"),
        ("halb elf", "22:36"),
        ("22 Uhr", "22:06"),
        ("quarter past nine", "21:21"),
        ("about 21:30", "21:36"),
        ("at 21:30", "21:30"),
        ("midnight", "00:06"),
    ],
)
def test_a_bedtime_is_typed_in_either_language(typed: str, comes_at: str) -> None:
    dialog = cleared().type("/reminders").tap("Bedtime").type(typed)
    assert "right?" in dialog.said
    found = comes(dialog.tap("Right"), days=1)
    assert [each.split()[1] for each in found] == [comes_at]


def test_exactly_is_to_the_minute_and_is_offered_no_more() -> None:
    dialog = cleared().type("/bedtime 21:30").tap("Exactly 21:30")
    assert "at 21:30" in dialog.said
    assert "own minute" not in dialog.said
    assert not any(label.startswith("Exactly") for label in dialog.buttons)
    assert comes(dialog, days=1) == ["Sun 21:30"]


def test_undo_brings_back_what_was_before() -> None:
    dialog = at_ten().type("/bedtime 23:30").tap("Undo")
    assert "Taken back" in dialog.said
    assert "Sunday 22 Nov, 22:00" in dialog.said
    assert comes(dialog, days=1) == ["Sun 22:00"]


def test_undo_of_the_first_one_leaves_nothing() -> None:
    dialog = cleared().type("/bedtime 22:00").tap("Undo")
    assert "Nothing is set" in dialog.type("/reminders").said
    assert comes(dialog, days=2) == []


def test_a_second_tap_on_undo_takes_back_nothing_more() -> None:
    dialog = at_ten().type("/bedtime 23:30")
    undo = dialog.buttons["Undo"]
    dialog.press("Undo", undo).press("Undo", undo)
    assert clocks_of(dialog) == ["0123456 22:00 exactly"]


def test_undo_of_an_older_message_leaves_a_later_change_alone() -> None:
    dialog = cleared().type("/bedtime 22:00")
    old = dialog.buttons["Undo"]
    dialog.type("/bedtime 23:00").press("Undo", old)
    assert clocks_of(dialog) == ["0123456 23:00"]


def test_a_finger_that_taps_twice_can_still_undo() -> None:
    dialog = cleared().type("/reminders").tap("Bedtime")
    half = dialog.buttons["21:30"]
    dialog.press("21:30", half).press("21:30", half).tap("Undo")
    assert clocks_of(dialog) == []


def test_the_other_half_of_the_day_is_a_tap_away() -> None:
    dialog = cleared().type("/bedtime 9")
    assert "about 21:00" in dialog.said
    dialog.tap("09:00 instead")
    assert "about 09:00" in dialog.said
    assert comes(dialog, days=2) == ["Mon 09:06", "Tue 09:06"]


def test_the_other_half_is_not_offered_where_it_was_said() -> None:
    for said in ("/bedtime 21:00", "/bedtime 9 pm"):
        assert not any("instead" in label for label in cleared().type(said).buttons)


def test_each_weekday_may_have_its_own() -> None:
    dialog = cleared().type("/bedtime Mon-Thu 22:00, Fri Sat 23:30").tap("Right")
    assert comes(dialog, days=7) == [
        "Mon 22:06", "Tue 22:06", "Wed 22:06", "Thu 22:06", "Fri 23:36", "Sat 23:36",
    ]  # fmt: skip


def test_both_times_of_a_week_are_echoed_and_undone_together() -> None:
    dialog = at_ten().type("/bedtime Mon-Thu 22:00, Fri Sat 23:30")
    for part in ("Monday to Thursday about 22:00", "Fri and Sat about 23:30"):
        assert part in dialog.said
    dialog.tap("Undo")
    assert clocks_of(dialog) == ["0123456 22:00 exactly"]


@pytest.mark.parametrize("typed", ["Wednesdays 21:00", "every Wednesday 21:00"])
def test_one_weekday_more_leaves_the_others(typed: str) -> None:
    dialog = told("/bedtime Mon-Thu 22:00").type(f"/bedtime {typed}").tap("Right")
    assert comes(dialog, days=7) == ["Mon 22:06", "Tue 22:06", "Wed 21:06", "Thu 22:06"]


def test_a_weekday_is_a_weekday_when_a_bedtime_is_asked_for() -> None:
    """The question itself says "Mon-Thu 22:00": "Fri 23:30" is another of these."""
    dialog = told("/bedtime Mon-Thu 22:00").type("/bedtime").type("Fri 23:30").tap("Right")
    assert clocks_of(dialog) == ["0123 22:00", "4 23:30"]


def test_a_weekday_at_midnight_is_the_night_of_that_day() -> None:
    dialog = told("/bedtime Fridays at 0:30")
    assert comes(dialog, days=7) == ["Sat 00:30"]


def test_what_is_not_understood_is_said_and_changes_nothing() -> None:
    dialog = at_ten()
    before = dialog.person.agenda
    for said in ("/bedtime", "/remind", "/quiet", "/pause", "/runs"):
        dialog.type(f"{said} when the cows come home")
        assert "Nothing has changed" in dialog.said
        assert dialog.person.agenda == before


def test_a_clock_time_out_of_the_blue_is_asked_about() -> None:
    dialog = cleared().type("21:30")
    assert dialog.said == "Once, or every evening?"
    assert list(dialog.buttons) == [
        "Sunday 22 Nov, 21:30", "Every evening about 21:30", "No reminder",
    ]  # fmt: skip
    dialog.tap("Every evening")
    assert clocks_of(dialog) == ["0123456 21:30"]


def test_good_night_is_the_last_word_of_the_day() -> None:
    dialog = cleared(EVENING).type("/bedtime 22:30").tap("Right")
    assert dialog.said == "Good.", "a reminder is still to come"
    assert comes(dialog, hours=2) == ["Sun 22:36"]
    dialog = rest(cleared(EVENING)).tap("Every evening about 21:30").tap("Right")
    assert dialog.said == "Good. Good night."


# One single reminder


def test_one_this_evening_by_tap() -> None:
    dialog = cleared().type("/reminders").tap("Just once").tap("20:30")
    assert "Sunday 22 Nov, 20:30 - right?" in dialog.said
    assert comes(dialog.tap("Right"), days=2) == ["Sun 20:30"]


@pytest.mark.parametrize(
    ("typed", "echo", "comes_at"),
    [
        ("/remind tomorrow at 7", "Monday 23 Nov, 07:00", "Mon 07:00"),
        ("/remind morgen früh um 6", "Monday 23 Nov, 06:00", "Mon 06:00"),
        ("in 20 min", "Sunday 22 Nov, 16:20", "Sun 16:20"),
        ("in half an hour", "Sunday 22 Nov, 16:30", "Sun 16:30"),
        ("remind me tonight at 11", "Sunday 22 Nov, 23:00", "Sun 23:00"),
    ],
)
def test_one_by_typing(typed: str, echo: str, comes_at: str) -> None:
    dialog = cleared().type(typed)
    assert f"{echo} - right?" in dialog.said
    assert comes(dialog.tap("Right"), days=2) == [comes_at]


def test_one_this_evening_takes_the_place_of_the_bedtime() -> None:
    dialog = at_ten().type("/remind tonight at 23:00")
    assert "It takes the place of 22:00." in dialog.said
    assert comes(dialog.tap("Right"), days=2) == ["Sun 23:00", "Mon 22:00"]


def test_undo_of_a_single_one_gives_the_night_its_bedtime_back() -> None:
    dialog = at_ten().type("/remind tonight at 23:00").tap("Undo")
    assert comes(dialog, days=1) == ["Sun 22:00"]


def test_taking_a_single_one_away_gives_the_night_its_bedtime_back() -> None:
    dialog = at_ten().type("/remind tonight at 23:00").type("/reminders").tap("Take away 23:00")
    assert comes(dialog, days=1) == ["Sun 22:00"]


def test_a_second_one_of_the_same_evening_takes_the_place_of_the_first() -> None:
    dialog = cleared().type("/remind tonight at 21:00").type("/remind tonight at 23:00")
    assert "It takes the place of 21:00." in dialog.said
    assert comes(dialog, days=1) == ["Sun 23:00"]


def test_one_by_day_takes_no_place() -> None:
    dialog = at_ten().type("/remind tomorrow at 7").tap("Right")
    assert comes(dialog, days=2) == ["Sun 22:00", "Mon 07:00", "Mon 22:00"]


def test_what_is_over_is_not_set() -> None:
    dialog = cleared().type("/remind today at 15:00")
    assert "Give me a time ahead" in dialog.said
    assert comes(dialog, days=2) == []


def test_the_other_half_of_a_single_one() -> None:
    dialog = cleared().type("/remind tomorrow at 7").tap("19:00 instead")
    assert "Monday 23 Nov, 19:00 - right?" in dialog.said
    assert comes(dialog, days=2) == ["Mon 19:00"]


def test_not_more_than_ten_wait() -> None:
    dialog = cleared()
    for day in range(1, 12):
        dialog.type(f"/remind on {day} December at 9:10")
    assert "10 wait already" in dialog.said
    assert len(dialog.person.agenda.wanted.once) == 10


# The card


def test_the_card_says_what_is_on_and_when_the_next_comes() -> None:
    dialog = told("/bedtime 22:00", TUE_THU_SUN, "/quiet 23:00 to 7:00", "/remind tomorrow at 8:00")
    dialog.type("/reminders")
    for part in (
        "Legs up every evening about 22:00.",
        "Yours: 22:06.",
        "Runs on Tue, Thu, and Sun about 18:30",
        "Quiet from 23:00 to 07:00.",
        "Once: Monday 23 Nov, 08:00.",
        "Next: Sunday 22 Nov, 19:51.",
    ):
        assert part in dialog.said
    assert dialog.messages[-1].slot == "reminders"


def test_nothing_set_is_an_offer() -> None:
    dialog = cleared().type("/reminders")
    assert "Nothing is set" in dialog.said
    assert list(dialog.buttons) == ["Bedtime", "Usual runs", "Just once", "Quiet hours"]


def test_what_is_taken_away_does_not_come() -> None:
    dialog = cleared().type("/remind tomorrow at 8:00").type("/reminders").tap("Take away 08:00")
    assert comes(dialog, days=2) == []


def test_all_off_and_all_back() -> None:
    dialog = told("/bedtime at 22:00", TUE_THU_SUN).type("/reminders").tap("All off")
    assert "All reminders are off" in dialog.said
    dialog.tap("Undo")
    assert comes(dialog, days=1) == ["Sun 19:51", "Sun 22:00"]
    dialog.type("/reminders").tap("All off")
    assert comes(dialog, days=7) == []


def test_a_pause_is_on_the_card_and_ends_by_itself() -> None:
    dialog = at_ten().type("/reminders").tap("Pause until").tap("Wednesday 25 Nov")
    assert "Quiet until Wednesday 25 Nov - right?" in dialog.said
    dialog.tap("Right").type("/reminders")
    assert "Paused until Wednesday 25 Nov." in dialog.said
    assert "Next: Wednesday 25 Nov, 22:00." in dialog.said
    assert comes(dialog, days=4) == ["Wed 22:00"]


def test_a_pause_can_end_before() -> None:
    dialog = at_ten().type("/pause until Friday").type("/reminders").tap("Reminders again")
    assert "Next: Sunday 22 Nov, 22:00." in dialog.said
    assert comes(dialog, days=1) == ["Sun 22:00"]


@pytest.mark.parametrize(
    ("line", "hours", "reason"),
    [
        ("/bedtime at 22:00", 7, "because you set a bedtime"),
        (TUE_THU_SUN, 4, "because you told me your usual runs"),
        ("/remind tonight at 21:00", 6, "because you asked for it"),
    ],
)
def test_why_did_i_get_this(line: str, hours: int, reason: str) -> None:
    dialog = told(line).wait(hours=hours).type("/reminders").tap("Why did I get this?")
    assert reason in dialog.said
    assert "Sunday 22 Nov" in dialog.said


def test_before_anything_came_there_is_nothing_to_explain() -> None:
    assert "Why did I get this?" not in at_ten().type("/reminders").buttons


# The buttons of a reminder


def at_the_nudge() -> Dialog:
    return at_ten().wait(hours=6)


def test_a_reminder_and_its_buttons() -> None:
    dialog = at_the_nudge()
    assert "Legs up?" in dialog.said
    assert list(dialog.buttons) == [
        "Start", "In 30 min", "Not today", "Later ...", "Pause until ...",
    ]  # fmt: skip
    assert not dialog.messages[-1].silent


def test_start_is_the_card_of_the_rest() -> None:
    dialog = at_the_nudge().tap("Start").tap("OK")
    assert dialog.person.card is not None
    assert "None of these, start" in dialog.buttons


def test_start_of_a_reminder_of_long_ago_still_starts() -> None:
    dialog = at_the_nudge()
    start = dialog.buttons["Start"]
    dialog.wait(days=2).press("Start", start)
    assert dialog.person.card is not None


def test_in_30_minutes() -> None:
    dialog = at_the_nudge().tap("In 30 min")
    assert "22:30" in dialog.said
    assert comes(dialog, days=1) == ["Sun 22:30", "Mon 22:00"]


def test_the_other_laters_are_behind_one_tap() -> None:
    dialog = at_the_nudge().tap("Later")
    assert len(dialog.buttons) == 3
    dialog.tap("In 15 minutes")
    assert comes(dialog, hours=1) == ["Sun 22:15"]


def test_put_off_twice_by_one_finger_is_once() -> None:
    dialog = at_the_nudge()
    half = dialog.buttons["In 30 min"]
    dialog.press("In 30 min", half)
    dialog.now += timedelta(seconds=1)
    dialog.press("In 30 min", half)
    assert comes(dialog, hours=2) == ["Sun 22:30"]


def test_what_was_put_off_can_be_skipped() -> None:
    dialog = at_the_nudge().tap("In 30 min").tap("Skip")
    assert comes(dialog, hours=12) == []


def test_not_today_costs_nothing_and_says_when_the_next_comes() -> None:
    dialog = at_the_nudge().tap("Not today")
    assert dialog.said == "Fine. Nothing is lost. Next: Monday 23 Nov, 22:00. Good night."
    assert comes(dialog, days=1) == ["Mon 22:00"]


def test_pause_until_by_tap() -> None:
    dialog = at_the_nudge().tap("Pause until").tap("Wednesday 25 Nov").tap("Right")
    assert comes(dialog, days=4) == ["Wed 22:00", "Thu 22:00"]


def test_pause_until_by_typing() -> None:
    dialog = at_the_nudge().tap("Pause until").type("until friday")
    assert "Quiet until Friday 27 Nov - right?" in dialog.said
    assert comes(dialog, days=6) == ["Fri 22:00", "Sat 22:00"]


def test_what_was_set_for_once_comes_in_a_pause_and_it_is_said() -> None:
    dialog = told("/bedtime at 22:00", "/remind tomorrow at 7").type("/pause until Friday")
    assert "Monday 23 Nov, 07:00" in dialog.said
    assert comes(dialog, days=4) == ["Mon 07:00"]


def test_pause_until_i_say_so() -> None:
    dialog = at_the_nudge().tap("Pause until").tap("Until I say so")
    assert comes(dialog, days=20) == []
    assert comes(dialog.type("/resume"), days=1) == ["Sun 22:00"]


def test_a_button_of_an_older_reminder_puts_nothing_off() -> None:
    dialog = at_the_nudge()
    old = dialog.buttons["In 30 min"]
    dialog.wait(days=1).press("In 30 min", old)
    assert "over" in dialog.said
    assert dialog.person.offer is None


# Quiet hours


def test_nothing_comes_inside_quiet_hours_and_it_is_said_at_once() -> None:
    dialog = at_ten().type("/quiet 21:30 to 7:00")
    assert "every evening at 22:00 lies in there and would not come." in dialog.said
    assert comes(dialog, days=3) == []


def test_a_bedtime_set_inside_quiet_hours_says_so() -> None:
    dialog = told("/quiet 21:30 to 7:00").type("/bedtime at 22:00")
    assert "would not come" in dialog.said
    dialog.tap("No quiet hours")
    assert comes(dialog, days=1) == ["Sun 22:00"]


def test_one_that_is_late_does_not_come_inside_quiet_hours_either() -> None:
    dialog = told("/bedtime at 22:45", "/quiet 23:00 to 7:00").wait(hours=6)
    dialog.sleep(hours=1, minutes=5).wake()
    assert dialog.messages == ()
    assert "could not remind you" in dialog.type("/reminders").said


def test_one_that_lay_in_quiet_hours_is_not_made_up_for_after_them() -> None:
    dialog = told("/bedtime at 22:00", "/quiet 21:30 to 22:30")
    dialog.sleep(hours=6, minutes=40).wake()
    assert dialog.messages == ()
    assert "away" not in dialog.type("/reminders").said


def test_what_is_asked_for_comes_inside_quiet_hours() -> None:
    dialog = told("/bedtime at 22:45", "/quiet 23:00 to 7:00").wait(hours=6, minutes=50)
    dialog.tap("In 30 min")
    assert "you asked, so this once I write" in dialog.said
    assert comes(dialog, hours=8) == ["Sun 23:20"]


def test_a_single_one_is_asked_for_too() -> None:
    dialog = told("/quiet 21:00 to 7:00").type("/remind tonight at 23:00")
    assert "you asked, so this once I write" in dialog.said
    assert comes(dialog, hours=12) == ["Sun 23:00"]


def test_quiet_hours_by_tap_and_gone_again() -> None:
    dialog = told("/bedtime at 23:30").type("/reminders").tap("Quiet hours").tap("23:00-07:00")
    assert comes(dialog, days=1) == []
    dialog.type("/quiet").tap("No quiet hours")
    assert comes(dialog, days=1) == ["Mon 23:30"]


def test_the_question_after_a_run_is_quiet_too() -> None:
    assert comes(told(TUE_THU_SUN, "/quiet 19:00 to 7:00"), hours=12) == []


def test_the_card_promises_nothing_that_quiet_hours_swallow() -> None:
    dialog = told("/bedtime at 22:00", "/quiet 21:30 to 7:00").type("/reminders")
    assert "Next: Sunday 22 Nov, 22:00" not in dialog.said


# A rest stands for the evening's


def test_a_rest_since_the_afternoon_silences_that_evening() -> None:
    dialog = rest(at_ten())
    assert comes(dialog, days=2) == ["Mon 22:00"]


def test_the_card_knows_that_it_is_silenced() -> None:
    dialog = rest(at_ten())
    assert "Next: Monday 23 Nov, 22:00." in dialog.type("/reminders").said


def test_a_rest_before_the_afternoon_does_not() -> None:
    dialog = rest(told("/bedtime at 22:00", at="2026-11-22 14:00"))
    assert comes(dialog, days=1) == ["Sun 22:00"]


def test_both_are_wanted() -> None:
    dialog = rest(at_ten().type("/bedtime").tap("Even after a run").tap("Right"))
    assert comes(dialog, hours=12) == ["Sun 22:00"]
    dialog.type("/bedtime").tap("Not after a rest that day")
    clock(dialog, "2026-11-23 16:00")
    assert comes(rest(dialog), hours=12) == []


def test_a_rest_after_midnight_stands_for_the_night_before() -> None:
    dialog = told("/bedtime at 1:30")
    clock(dialog, "2026-11-23 00:30")
    assert comes(rest(dialog), hours=10) == []
    assert comes(dialog, days=1) == ["Tue 01:30"]


# After a run and at bedtime: not both within two hours


@pytest.mark.parametrize(
    ("bedtime", "expected"),
    [
        ("20:30", ["Sun 19:51"]),
        ("21:50", ["Sun 19:51"]),
        ("21:51", ["Sun 19:51", "Sun 21:51"]),
        ("19:30", ["Sun 19:30"]),
        ("20:00", ["Sun 19:51"]),
    ],
)
def test_the_question_after_a_run_and_bedtime_are_two_hours_apart(bedtime, expected) -> None:
    assert comes(told(TUE_THU_SUN, f"/bedtime at {bedtime}"), hours=12) == expected


def test_a_run_that_ends_after_bedtime_was_said() -> None:
    dialog = told("/bedtime at 20:00").wait(hours=4, minutes=30)
    dialog.event(RunFinished(dialog.now))
    assert comes(dialog, hours=12) == []


def test_a_run_that_ends_before_bedtime_is_said() -> None:
    dialog = told("/bedtime at 21:00").wait(hours=4)
    dialog.event(RunFinished(dialog.now))
    assert comes(dialog, hours=12) == ["Sun 20:15"]


def test_a_rest_put_off_into_two_hours_of_bedtime_takes_its_place() -> None:
    dialog = at_ten().wait(hours=5).type("/ran").tap("In 30 min")
    assert "It takes the place of 22:00." in dialog.said
    assert comes(dialog, hours=12) == ["Sun 21:30"]


# At most one a day of each purpose


def test_no_second_one_when_the_time_is_changed_after_it_came() -> None:
    dialog = at_the_nudge().type("/bedtime at 23:00").tap("Right")
    assert comes(dialog, days=1) == []
    assert comes(dialog, hours=2) == ["Mon 23:00"]


def test_the_echo_of_that_change_promises_tomorrow() -> None:
    dialog = at_the_nudge().type("/bedtime at 23:00")
    assert "Monday 23 Nov, 23:00 - right?" in dialog.said


def test_no_second_question_when_the_runs_are_changed_after_it_came() -> None:
    dialog = told(TUE_THU_SUN).wait(hours=4).type("/runs Sun about 19:30, an hour").tap("Right")
    assert comes(dialog, hours=12) == []


def test_two_runs_a_day_are_one_reminder() -> None:
    dialog = cleared("2026-11-22 09:00").forget_lines()
    dialog.event(RunFinished(dialog.now))
    assert comes(dialog, hours=8) == ["Sun 09:15"]
    dialog.event(RunFinished(dialog.now))
    assert comes(dialog, hours=8) == []


def test_two_journeys_west_are_one_bedtime_a_night() -> None:
    dialog = at_the_nudge().type("/zone New York")
    assert comes(dialog, hours=12) == []


# Three ignored in a row


def ignored(nights: int) -> Dialog:
    dialog = at_ten()
    assert len(comes(dialog, days=nights)) == nights
    return dialog


def test_three_ignored_are_asked_about_once_and_kindly() -> None:
    dialog = at_ten()
    said = [each.text for _, each in heard(dialog, days=9)]
    assert len(said) == 9, "they go on meanwhile"
    asked = [n for n, text in enumerate(said) if "Shall I go on?" in text]
    assert asked == [3]
    assert "that is fine" in said[3]


def test_the_question_can_be_answered_with_one_tap() -> None:
    dialog = ignored(4)
    assert "Good, I go on" in dialog.tap("Go on").said
    said = [each.text for _, each in heard(dialog, days=4)]
    assert ["Shall I go on?" in text for text in said] == [False, False, False, True]
    dialog.tap("All off")
    assert comes(dialog, days=3) == []


@pytest.mark.parametrize(
    "answer",
    [
        lambda d: d.tap("Not today"),
        lambda d: d.tap("In 30 min").wait(minutes=30).tap("Not today"),
        rest,
        lambda d: d.type("/ran"),
        lambda d: d.type("/up"),
        lambda d: d.tap("Pause until").tap("Wednesday 25 Nov"),
    ],
)
def test_any_answer_counts_anew(answer: Callable[[Dialog], Dialog]) -> None:
    dialog = at_ten()
    assert len(comes(dialog, days=2, hours=6)) == 3
    answer(dialog)
    said = [each.text for _, each in heard(dialog, days=4, hours=1)]
    assert ["Shall I go on?" in text for text in said] == [False, False, False, True]


# Only on run days


def on_run_days(*lines: str) -> Dialog:
    dialog = told("/bedtime at 22:00", *lines).type("/bedtime").tap("Only run days").tap("Right")
    return dialog.forget_lines()


def test_on_usual_run_days() -> None:
    assert comes(on_run_days(TUE_THU_SUN), days=5) == [
        "Sun 19:51", "Sun 22:00", "Tue 19:51", "Tue 22:00", "Thu 19:51", "Thu 22:00",
    ]  # fmt: skip


def test_on_a_day_with_a_run_that_was_told() -> None:
    dialog = on_run_days()
    assert comes(dialog, days=1) == []
    dialog.type("ran 10k").tap("Tonight")
    assert "22:00" in dialog.said
    assert comes(dialog, days=2) == ["Mon 22:00"]


def test_not_after_no_run_today() -> None:
    dialog = on_run_days(TUE_THU_SUN).wait(hours=4).tap("No run today")
    assert comes(dialog, days=1) == []


def test_no_run_today_leaves_the_bedtime_of_every_evening() -> None:
    """Two hours lie between a rest after a run and bedtime; there was no run."""
    dialog = told(TUE_THU_SUN, "/bedtime at 21:30").wait(hours=4).tap("No run today")
    assert comes(dialog, hours=12) == ["Sun 21:30"]


def test_no_run_today_is_not_good_night_when_a_bedtime_is_to_come() -> None:
    dialog = told(TUE_THU_SUN, "/bedtime at 22:30").wait(hours=4, minutes=30)
    assert "Good night" not in dialog.tap("No run today").said
    assert comes(dialog, hours=12) == ["Sun 22:30"]


def test_a_bedtime_on_run_days_comes_though_it_was_asked_after_the_run() -> None:
    """What the issue itself names: runs about 18:30 for an hour, and about 21:30 on run days."""
    dialog = told(TUE_THU_SUN, "/bedtime at 21:30").type("/bedtime").tap("Only run days")
    dialog.wait(hours=4).tap("I'm back").tap("Tonight")
    assert comes(dialog, hours=12) == ["Sun 21:30"]


def test_an_evening_that_is_no_run_day_is_not_promised() -> None:
    dialog = cleared().type("/bedtime at 22:00").tap("Only run days")
    assert "Sunday 22 Nov" not in dialog.said
    assert "Sunday 22 Nov" not in dialog.type("/reminders").said


def test_run_days_can_be_typed() -> None:
    dialog = told(TUE_THU_SUN.replace("Sun ", "")).type("/bedtime 22:00 on run days").tap("Right")
    assert comes(dialog, days=3) == ["Tue 19:51", "Tue 22:06"]


def test_the_next_usual_run_day_is_promised() -> None:
    dialog = told(TUE_THU_SUN.replace("Tue Thu Sun", "Tue Thu"), "/bedtime at 22:00")
    dialog.type("/bedtime").tap("Only run days")
    assert "Tuesday 24 Nov, 22:00 - right?" in dialog.said


def test_every_evening_again() -> None:
    dialog = on_run_days().type("/bedtime").tap("Every such evening").tap("Right")
    assert comes(dialog, days=1) == ["Sun 22:00"]


# Runs


def test_usual_runs_by_taps() -> None:
    dialog = cleared().type("/reminders").tap("Usual runs").tap("Tue").tap("Thu").tap("Sun")
    assert "Tue, Thu, and Sun" in dialog.said
    dialog.tap("That's all").tap("18:30").tap("1 hour")
    assert "Afterwards I ask." in dialog.said
    assert comes(dialog.tap("Right"), days=5) == ["Sun 19:51", "Tue 19:51", "Thu 19:51"]


def test_a_day_that_was_tapped_can_be_untapped() -> None:
    dialog = cleared().type("/runs").tap("Tue").tap("Thu").tap("✓ Tue").tap("That's all")
    dialog.tap("18:30").tap("1 hour")
    assert [each.days for each in dialog.person.agenda.wanted.runs] == [(3,)]


@pytest.mark.parametrize(
    "typed",
    [
        "Tue Thu Sun about 18:30, an hour",
        "Di Do So gegen 18:30, eine Stunde",
        "Tuesdays, Thursdays and Sundays at 6:30 pm for an hour",
    ],
)
def test_usual_runs_by_typing(typed: str) -> None:
    dialog = cleared().type("/reminders").tap("Usual runs").type(typed).tap("Right")
    assert comes(dialog, days=5) == ["Sun 19:51", "Tue 19:51", "Thu 19:51"]


def test_it_asks_and_does_not_assume() -> None:
    dialog = told(TUE_THU_SUN).wait(hours=4)
    assert "Back from a run? If so:" in dialog.said
    assert list(dialog.buttons) == ["I'm back", "In an hour", "No run today", "Pause until ..."]


def test_the_runs_of_other_days_stay() -> None:
    dialog = told(TUE_THU_SUN).type("/runs Mon 7:00, 30 minutes").tap("Right")
    assert comes(dialog, days=2) == ["Sun 19:51", "Mon 07:51"]


def test_no_usual_runs() -> None:
    dialog = told(TUE_THU_SUN).type("/runs").tap("No usual runs").tap("Right")
    assert comes(dialog, days=7) == []


def test_back_and_cooled_down() -> None:
    dialog = told(TUE_THU_SUN).wait(hours=4).tap("I'm back")
    assert "walk a little and drink" in dialog.said
    dialog.tap("Cooled down")
    assert dialog.person.card is not None


def test_back_and_in_half_an_hour() -> None:
    dialog = told(TUE_THU_SUN).wait(hours=4).tap("I'm back").tap("In 30 min")
    assert comes(dialog, hours=12) == ["Sun 20:30"]


def test_back_and_tonight_without_a_bedtime_asks_when() -> None:
    dialog = told(TUE_THU_SUN).wait(hours=4).tap("I'm back").tap("Tonight").tap("21:30")
    assert comes(dialog, hours=12) == ["Sun 21:30"]


@pytest.mark.parametrize("bedtime", ["21:00", "22:00"])
def test_back_and_tonight_is_the_bedtime(bedtime: str) -> None:
    dialog = told(TUE_THU_SUN, f"/bedtime at {bedtime}").wait(hours=4).tap("I'm back")
    assert bedtime in dialog.tap("Tonight").said
    assert comes(dialog, hours=12) == [f"Sun {bedtime}"]


def test_the_bedtime_of_tonight_is_not_promised_when_it_is_over() -> None:
    dialog = at_ten().wait(hours=6, minutes=30).type("/ran").tap("Tonight")
    assert "22:00" not in dialog.said


@pytest.mark.parametrize("said", ["/ran", "ran 10k", "back from a long run", "I'm back"])
def test_a_told_run_is_not_asked_about(said: str) -> None:
    dialog = told(TUE_THU_SUN).wait(hours=3).type(said)
    assert "Well run." in dialog.said
    assert list(dialog.buttons) == ["Cooled down, legs up", "In 30 min", "Tonight"]
    assert comes(dialog, hours=12) == []


def test_in_an_hour_it_asks_again() -> None:
    dialog = told(TUE_THU_SUN).wait(hours=4).tap("In an hour")
    ((when, again),) = heard(dialog, hours=12)
    assert f"{when.astimezone(dialog.zone):%H:%M}" == "21:00"
    assert "Back from a run?" in again.text


# A watch tells


def watched(minutes_ago: float, *lines: str) -> Dialog:
    dialog = told(*lines)
    return dialog.event(RunFinished(dialog.now - timedelta(minutes=minutes_ago)))


def test_a_run_of_a_watch_is_spoken_of_once_they_have_cooled_down() -> None:
    dialog = watched(0)
    assert dialog.messages == ()
    ((when, message),) = heard(dialog, hours=12)
    assert f"{when.astimezone(dialog.zone):%H:%M}" == "16:15"
    assert message.text.startswith("Well run.")


def test_a_watch_that_tells_late_is_answered_at_once() -> None:
    dialog = watched(60)
    assert len(heard(dialog, minutes=1)) == 1


def test_a_watch_that_tells_too_late_is_not_answered() -> None:
    assert comes(watched(181), hours=12) == []
    assert len(comes(watched(179), hours=12)) == 1


def test_a_run_of_the_future_is_none() -> None:
    assert comes(watched(-60), hours=12) == []


def test_a_told_run_is_not_told_again_by_a_watch() -> None:
    dialog = cleared().type("/ran").tap("In 30 min")
    dialog.event(RunFinished(dialog.now - timedelta(minutes=10)))
    assert comes(dialog, hours=12) == ["Sun 16:30"]


def test_a_told_run_is_known_whatever_was_answered() -> None:
    dialog = cleared().type("/ran")
    dialog.event(RunFinished(dialog.now - timedelta(minutes=10)))
    assert comes(dialog, hours=12) == []


def test_a_run_of_a_watch_that_is_told_too_is_spoken_of_once() -> None:
    dialog = watched(5).type("I'm back").tap("In 30 min")
    assert comes(dialog, hours=12) == ["Sun 16:30"]


def test_a_watch_is_not_answered_in_a_pause_nor_in_quiet_hours() -> None:
    assert comes(watched(0, "/bedtime at 22:00", "/pause until Friday"), hours=12) == []
    assert comes(watched(0, "/quiet 16:00 to 18:00"), hours=12) == []


def test_the_same_run_of_two_watches_is_one() -> None:
    dialog = watched(5).event(RunFinished(moment("2026-11-22 15:52", Dialog().zone)))
    assert len(comes(dialog, hours=12)) == 1


def test_a_watch_is_not_asked_about_what_it_told() -> None:
    dialog = told(TUE_THU_SUN).wait(hours=3, minutes=20)
    dialog.event(RunFinished(dialog.now))
    assert comes(dialog, hours=12) == ["Sun 19:35"]


def test_a_stranger_with_a_watch_hears_nothing() -> None:
    dialog = Dialog()
    dialog.event(RunFinished(dialog.now))
    assert dialog.messages == ()
    assert blank(dialog.person)


# After a refusal


def refused(*lines: str) -> Dialog:
    """Somebody with reminders whose new check says: first ask a clinician."""
    dialog = told(*lines).type("/check").tap("Do the check again").tap("1 Heart").tap("Done, next")
    for _ in range(3):
        dialog.tap("None of these")
    return dialog


def test_after_a_refusal_reminders_are_off_and_it_is_said() -> None:
    dialog = refused("/bedtime at 22:00")
    assert "Your reminders are off meanwhile." in dialog.said
    assert comes(dialog, days=3) == []
    assert "Reminders stay away" in dialog.type("/reminders").said


def test_or_a_quiet_seat_if_wanted() -> None:
    dialog = refused("/bedtime at 22:00").tap("A quiet seat").tap("Right")
    ((_, message),) = heard(dialog, days=1)
    assert message.silent
    assert "Legs up" not in message.text
    assert message.buttons[0][0].label == "Seated rest"
    dialog.tap("Seated rest")
    assert dialog.hold is not None
    assert not dialog.person.legs_up


def test_who_may_not_go_up_is_never_told_legs_up_after_a_run() -> None:
    dialog = refused(TUE_THU_SUN).tap("A quiet seat").tap("Right")
    ((_, message),) = heard(dialog, days=1)
    assert "legs up" not in message.text.casefold()


def test_nor_when_a_watch_tells() -> None:
    dialog = refused("/bedtime at 22:00").tap("A quiet seat").tap("Right")
    dialog.event(RunFinished(dialog.now))
    for _, message in heard(dialog, hours=2):
        assert "legs up" not in message.text.casefold()


def test_nor_when_they_tell_it() -> None:
    dialog = refused("/bedtime at 22:00").type("/ran")
    assert "legs up" not in dialog.said.casefold()
    assert not any("legs up" in label.casefold() for label in dialog.buttons)


def test_a_clinicians_ok_brings_them_back() -> None:
    dialog = refused("/bedtime at 22:00")
    dialog.type("/check").tap("A clinician").tap("Yes, exactly that")
    assert comes(dialog, days=1) == ["Sun 22:00"]


def with_card(*lines: str) -> Dialog:
    dialog = told(*lines).type("/up")
    return dialog.tap("OK") if "OK" in dialog.buttons else dialog


def test_an_emergency_silences_everything_until_the_question_is_answered() -> None:
    dialog = with_card("/bedtime at 22:00", TUE_THU_SUN).tap("1 Emergency")
    assert comes(dialog, days=4) == []
    dialog.type("/up").tap("Yes, nothing serious")
    ((_, message),) = heard(clock(dialog, "2026-11-26 21:00"), hours=2)
    assert "health questions" in message.text


def test_one_sore_calf_silences_everything_until_the_question_is_answered() -> None:
    dialog = with_card("/bedtime at 22:00").tap("2 Leg or urine").tap("Swollen or sore")
    dialog.event(RunFinished(dialog.now))
    assert comes(dialog, days=4) == []
    dialog.type("/up").tap("Yes, nothing serious").tap("Check now")
    for _ in range(4):
        dialog.tap("None of these")
    assert comes(dialog, days=1) == ["Thu 22:00"]


def test_not_even_what_was_asked_for_comes_after_an_emergency() -> None:
    dialog = with_card("/remind tonight at 21:00").tap("1 Emergency")
    assert comes(dialog, days=1) == []


def test_unwell_is_quiet_until_tomorrow() -> None:
    dialog = with_card("/bedtime at 22:00", TUE_THU_SUN).tap("3 Not now").tap("Unwell")
    assert comes(dialog, days=2) == ["Mon 22:00"]


def test_an_expired_check_leads_to_the_questions() -> None:
    dialog = told("/bedtime Sundays at 22:00").wait(days=62)
    ((_, message),) = heard(dialog, days=7)
    assert "health questions" in message.text
    assert message.buttons[0][0].label == "Check now"
    assert "1/4" in dialog.tap("Check now").said


def test_keep_nothing_keeps_the_reminders_and_leads_to_the_questions() -> None:
    dialog = cleared(keep="Ask me each time").type("/bedtime at 22:00").tap("Right")
    found = heard(dialog, days=2)
    assert ["health questions" in message.text for _, message in found] == [False, True]
    assert "1/4" in dialog.tap("Check now").said


def test_keep_nothing_from_now_on_keeps_the_reminders() -> None:
    dialog = at_ten().type("/settings").tap("Keep nothing")
    assert "but the reminders" in dialog.said
    ((_, message),) = heard(dialog, days=1)
    assert "health questions" in message.text


# /stop and /resume


def test_stop_is_silence_and_resume_ends_it() -> None:
    dialog = told("/bedtime at 22:00", TUE_THU_SUN).type("/stop")
    assert comes(dialog, days=5) == []
    assert "/resume" in dialog.type("/reminders").said
    dialog.type("/resume")
    assert "Next: Friday 27 Nov, 22:00." in dialog.said
    assert comes(dialog, days=1) == ["Fri 22:00"]


def test_whatever_wakes_them_in_the_silence_says_nothing_of_reminders() -> None:
    dialog = at_ten().type("/stop").sleep(hours=6, minutes=1).event(Wake())
    assert dialog.messages == ()


def test_what_lay_in_the_silence_is_not_made_up_for() -> None:
    dialog = told("/bedtime at 22:00", "/remind tonight at 21:00").type("/stop")
    dialog.wait(hours=6, minutes=10).type("/resume")
    assert "away" not in dialog.said
    assert comes(dialog, hours=12) == []
    assert "away" not in dialog.type("/reminders").said


def test_what_is_set_in_the_silence_says_that_it_is_silent() -> None:
    dialog = at_ten().type("/stop").type("/bedtime 21:00")
    assert "/resume" in dialog.said
    dialog.tap("Reminders again")
    assert comes(dialog, hours=8) == ["Sun 21:06"]


# During a rest


def test_nothing_is_said_during_a_rest_and_nothing_afterwards() -> None:
    dialog = told("/bedtime at 22:00").wait(hours=5, minutes=58)
    dialog.type("/up").tap("OK").tap("None of these, start").tap("Next").tap("Next")
    dialog.tap("I'm in place")
    assert comes(dialog, minutes=3) == []
    dialog.until(lambda d: "Lighter" in d.buttons).tap("Lighter")
    assert comes(dialog, days=1) == ["Mon 22:00"]
    assert "away" not in dialog.type("/reminders").said


def test_nothing_is_said_over_a_card_that_is_being_read() -> None:
    dialog = at_ten().wait(hours=5, minutes=58).type("/up").tap("OK")
    assert comes(dialog, minutes=15) == []
    assert comes(dialog, hours=2) == ["Sun 22:15"], "asked again, since nothing came of the card"


def test_nothing_is_said_after_the_rest_of_a_card_that_lay_open() -> None:
    dialog = at_ten().wait(hours=5, minutes=58).type("/up").tap("OK").wait(minutes=4)
    dialog.tap("None of these, start").tap("Next").tap("Next").tap("I'm in place")
    dialog.until(lambda d: "Lighter" in d.buttons).tap("Lighter")
    assert comes(dialog, hours=12) == []


def test_alarm_words_after_any_command_are_heard() -> None:
    for line in ("/up chest pain", "/seat chest pain", "/ran aua", "/remind chest pain", "/112"):
        said = cleared().type(line).said
        assert "112" in said, line
    for line in ("/up chest pain", "/hilfe"):
        assert "Feet down" in resting().type(line).said, line


def test_only_the_newest_question_takes_a_yes_or_a_no() -> None:
    dialog = at_ten().wait(hours=6)
    dialog.type("/pause until friday").type("no")
    assert "Taken back" in dialog.said
    dialog = at_ten().wait(hours=6).type("I'm in Tokyo").type("yes")
    assert dialog.person.zone == "Asia/Tokyo"
    assert dialog.person.card is None


def test_a_time_that_always_comes_too_near_to_a_run_is_said_to_never_come() -> None:
    dialog = told("/runs Tue Thu Sun about 18:30, an hour").type("/bedtime Tue 21:00")
    assert "It would never come" in dialog.said
    assert comes(dialog, days=8).count("Tue 21:06") == 0


def test_a_refused_rest_after_a_run_is_the_end_of_the_evening() -> None:
    dialog = told("/bedtime at 22:00").wait(hours=5).type("/ran").tap("In 30 min")
    dialog.wait(minutes=31).tap("Not today")
    assert "Monday 23 Nov" in dialog.said
    assert comes(dialog, hours=10) == []


def test_a_button_of_a_stranger_may_not_touch_what_somebody_keeps() -> None:
    for forged in ("1|0|forget|yes", "1|0|bedtime|2130", "1|0|remind|off"):
        dialog = at_ten()
        before = dialog.person.agenda.wanted
        dialog.press("forged", forged)
        assert dialog.person.consent is not None, forged
        assert dialog.person.agenda.wanted == before, forged


# Late


def late(minutes: float, line: str = "/bedtime at 22:00", due: str = "22:00") -> Dialog:
    dialog = told(line)
    gap = moment(f"2026-11-22 {due}", dialog.zone) - dialog.now
    return dialog.sleep(seconds=gap.total_seconds() + minutes * 60).wake()


@pytest.mark.parametrize("minutes", [0.1, 5, 59])
def test_a_late_bedtime_is_said(minutes: float) -> None:
    assert "Legs up?" in late(minutes).said


@pytest.mark.parametrize("minutes", [61, 60 * 9])
def test_a_bedtime_that_is_too_late_is_dropped_and_told_once(minutes: float) -> None:
    dialog = late(minutes)
    assert dialog.messages == ()
    dialog.type("/reminders")
    assert dialog.said.startswith(
        "I was away and could not remind you, last on Sunday 22 Nov, 22:00."
    )
    assert "away" not in dialog.type("/reminders").said
    assert comes(dialog, days=1) == ["Mon 22:00"]


def test_a_week_away_is_one_line() -> None:
    dialog = late(60 * 24 * 7 + 61)
    assert dialog.type("/reminders").said.count("I was away") == 1


def test_the_question_after_a_run_may_be_two_hours_late() -> None:
    assert "Back from a run?" in late(119, TUE_THU_SUN, "19:51").said
    assert late(121, TUE_THU_SUN, "19:51").messages == ()


def test_a_watch_may_be_three_hours_late() -> None:
    for minutes, said in ((179, 1), (181, 0)):
        dialog = watched(0).sleep(minutes=15 + minutes).wake()
        assert len(dialog.messages) == said


def test_words_that_a_platform_could_not_take_in_time_are_told_of() -> None:
    dialog = at_the_nudge().expire("nudge.bedtime")
    assert dialog.messages == ()
    assert "last on Sunday 22 Nov, 22:00" in dialog.type("/reminders").said
    assert "away" not in dialog.type("/reminders").said


def test_words_that_never_came_were_not_ignored() -> None:
    dialog = at_ten()
    for _ in range(3):
        assert len(comes(dialog, days=1)) == 1
        dialog.expire("nudge.bedtime")
    ((_, message),) = heard(dialog, days=1)
    assert "Shall I go on?" not in message.text


def test_two_that_are_due_after_an_outage_are_one() -> None:
    dialog = told(TUE_THU_SUN, "/bedtime at 20:15")
    dialog.sleep(hours=4, minutes=30).wake()
    assert len(dialog.messages) == 1
    assert comes(dialog, hours=12) == []


def test_every_reminder_can_be_too_late() -> None:
    for minutes, dialog in ((60, at_the_nudge()), (120, told(TUE_THU_SUN).wait(hours=4))):
        message = dialog.messages[-1]
        assert message.until is not None
        nudge = dialog.person.agenda.nudge
        assert nudge is not None
        assert message.until - nudge.at == timedelta(minutes=minutes)
        assert message.kind == f"nudge.{nudge.purpose}"


# Whose they are


def test_forget_forgets_them() -> None:
    dialog = told("/bedtime at 22:00", TUE_THU_SUN).type("/forget").tap("Delete everything")
    assert blank(dialog.person)
    assert due_at(dialog.person) is None


@pytest.mark.parametrize(
    "said",
    [
        "/reminders", "/remind tomorrow at 7", "/bedtime 22:00", "/bedtime", "/quiet 22:00 to 7:00",
        "/pause until Friday", "/runs", TUE_THU_SUN, "/zone Berlin", "tomorrow at 7", "in 20 min",
        "I'm in Tokyo this week",
    ],
)  # fmt: skip
def test_a_stranger_is_asked_first_and_nothing_is_kept(said: str) -> None:
    dialog = Dialog().type(said)
    assert dialog.said
    assert blank(dialog.person)
    assert dialog.person.asking is None


def test_no_thanks_takes_the_reminders_away() -> None:
    dialog = at_ten().agreed_to(0).type("/up").tap("No thanks")
    assert comes(dialog, days=2) == []


def test_a_strangers_forged_tap_sets_nothing() -> None:
    dialog = Dialog()
    for about in ("bedtime|2200", "once|20261122-2030", "quiet|2200-0700", "pause|3"):
        for owner in ("7", "0", "*"):
            dialog.press("forged", f"1|{owner}|{about}")
            assert blank(dialog.person)


# Asked after the first rest


def test_after_the_first_rest_it_is_offered_once() -> None:
    dialog = rest(cleared(EVENING))
    assert "Same tomorrow?" in dialog.said
    dialog.tap("Every evening about 21:30")
    assert comes(dialog, hours=50) == ["Mon 21:36", "Tue 21:36"]
    dialog = rest(cleared(EVENING)).tap("No reminder")
    assert comes(dialog, days=2) == []
    assert "Same tomorrow?" not in rest(dialog).said


def test_same_tomorrow_promises_tomorrow() -> None:
    dialog = rest(cleared(EVENING)).tap("Every evening about 21:30")
    assert "First: Monday 23 Nov, 21:36 - right?" in dialog.said
    assert "Next: Monday 23 Nov, 21:36." in dialog.type("/reminders").said


def test_only_after_runs() -> None:
    dialog = rest(cleared(EVENING)).tap("Only after runs")
    assert "On which days do you run" in dialog.said


# Where the clock stands


def nowhere(zone: str = "Europe/London") -> Dialog:
    """Somebody of whose clock nothing is known, though it shows four in the afternoon there."""
    dialog = Dialog(zone=zone)
    dialog.scene = Scene(replace(dialog.person, zone=""), HERE)
    dialog.type("/start").tap("I agree")
    for _ in range(LAST_CHECK_TAPS):
        dialog.tap("None of these")
    return dialog.forget_lines()


def test_it_is_asked_when_a_clock_time_is_first_needed() -> None:
    for said in ("/bedtime 22:00", "/remind tomorrow at 7", "21:30", TUE_THU_SUN):
        dialog = nowhere().type(said)
        assert "What does your clock say now?" in dialog.said
        assert "16:00" in dialog.buttons
        assert comes(dialog, hours=20) == []


def test_how_long_from_now_needs_no_clock() -> None:
    dialog = nowhere().type("/remind in 20 min")
    assert "right?" in dialog.said
    assert "What does your clock say" not in dialog.said
    ((when, _),) = heard(dialog, hours=1)
    assert when == moment("2026-11-22 16:20", dialog.zone)


def test_tonight_at_asks_for_the_clock_and_goes_on() -> None:
    dialog = nowhere().tap("Tonight at").tap("16:00")
    assert "When? Tap, or type it" in dialog.said
    dialog.tap("20:30").tap("Right")
    assert comes(dialog, days=1) == ["Sun 20:30"]


def test_the_offset_alone_does_for_once_but_not_for_every_evening() -> None:
    dialog = nowhere().type("/remind tomorrow at 7").tap("16:00")
    assert "Monday 23 Nov, 07:00 - right?" in dialog.said
    assert dialog.person.zone == ""
    assert dialog.person.offset == 0
    dialog.tap("Right").type("/bedtime 22:00")
    assert "Which of these has your clock all year?" in dialog.said
    assert clocks_of(dialog) == []
    assert comes(dialog, days=3) == ["Mon 07:00"]


def test_the_clock_and_one_of_the_cities_are_two_taps() -> None:
    dialog = nowhere().type("/bedtime at 22:00").tap("16:00").tap("London")
    assert "London: Sunday 22 Nov, 16:00 now." in dialog.said
    assert "at 22:00" in dialog.said
    assert dialog.person.zone == "Europe/London"
    assert comes(dialog, days=2) == ["Sun 22:00", "Mon 22:00"]


@pytest.mark.parametrize("typed", ["16:00", "4 pm", "15:58"])
def test_the_clock_is_typed(typed: str) -> None:
    dialog = nowhere(BERLIN).type("/bedtime at 22:00").type(typed).tap("Berlin")
    assert dialog.person.zone == BERLIN
    assert clocks_of(dialog) == ["0123456 22:00 exactly"]


def test_another_time_offers_every_full_hour() -> None:
    dialog = nowhere(BERLIN).type("/bedtime at 22:00").tap("Another time").tap("16:00")
    assert "Which of these has your clock all year?" in dialog.said
    assert dialog.tap("Berlin").person.zone == BERLIN
    assert clocks_of(dialog) == ["0123456 22:00 exactly"]


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Darwin", "America/St_Johns"])
def test_a_clock_off_the_full_hour_can_be_told(zone: str) -> None:
    dialog = nowhere(zone).type("/remind tomorrow at 7").type("16:00")
    dialog.tap("Right")
    ((when, _),) = heard(dialog, days=1)
    assert when == moment("2026-11-23 07:00", dialog.zone)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Munich", BERLIN),
        ("München", BERLIN),
        ("東京", "Asia/Tokyo"),
        ("Москва", "Europe/Moscow"),
        ("Europe/Lisbon", "Europe/Lisbon"),
        ("Springfield, Illinois", "America/Chicago"),
    ],
)
def test_the_city_is_typed(typed: str, zone: str) -> None:
    dialog = nowhere().type("/bedtime at 22:00").type(typed)
    assert dialog.person.zone == zone
    assert comes(dialog, days=1)[0].endswith("22:00")


def test_which_springfield() -> None:
    dialog = nowhere().type("/bedtime at 22:00").type("Springfield")
    assert dialog.said == "Which one?"
    assert dialog.person.zone == ""
    dialog.tap("Springfield, Oregon")
    assert dialog.person.zone == "America/Los_Angeles"
    assert clocks_of(dialog) == ["0123456 22:00 exactly"]


def test_a_slip_of_the_finger_is_asked_about_not_guessed() -> None:
    dialog = nowhere().type("/bedtime at 22:00").type("Berln")
    assert "Did you mean" in dialog.said
    assert dialog.person.zone == ""
    dialog.tap("Berlin")
    assert clocks_of(dialog) == ["0123456 22:00 exactly"]


def test_no_city_at_all_changes_nothing() -> None:
    dialog = nowhere().type("/bedtime at 22:00").type("Qqqqqqqq")
    assert "did not understand" in dialog.said or "do not know" in dialog.said
    assert dialog.person.zone == ""


def test_nobody_is_asked_whose_platform_told_it() -> None:
    assert "right?" in cleared().type("/bedtime 22:00").said


def test_at_the_latest_it_is_asked_after_the_first_rest() -> None:
    dialog = rest(nowhere())
    assert "What does your clock say now?" in dialog.said
    dialog.tap(next(iter(dialog.buttons))).tap("London")
    assert "Same tomorrow?" in dialog.said


def test_the_country_is_unknown_until_a_city_is_chosen() -> None:
    dialog = nowhere().type("/remind tomorrow at 7").tap("16:00")
    said = dialog.type("chest pain").said
    for known in ("112", "911", "999", "000"):
        assert known in said


@pytest.mark.parametrize(("city", "number"), [("Munich", "112"), ("Chicago", "911"),
                                              ("Tokyo", "119"), ("Sydney", "000")])  # fmt: skip
def test_the_emergency_number_follows_the_city(city: str, number: str) -> None:
    dialog = nowhere().type(f"/zone {city}").type("chest pain")
    assert number in dialog.said
    assert "where you are" not in dialog.said


def test_a_country_that_was_set_is_left_behind_on_a_move() -> None:
    dialog = cleared().type("/country Brazil").type("/zone Chicago").type("chest pain")
    assert "911" in dialog.said


def test_a_shared_place_is_a_zone_and_nothing_more() -> None:
    dialog = nowhere().type("/bedtime at 22:00").event(Location(48.137154, 11.576124))
    assert dialog.person.zone == BERLIN
    assert clocks_of(dialog) == ["0123456 22:00 exactly"]
    kept = repr(dialog.person)
    assert "48.1" not in kept
    assert "11.5" not in kept


def test_a_place_at_sea_is_asked_about() -> None:
    dialog = nowhere().type("/bedtime at 22:00").event(Location(30.0, -40.0))
    assert "Which large city is near you?" in dialog.said
    assert dialog.type("Lisbon").person.zone == "Europe/Lisbon"
    assert clocks_of(dialog) == ["0123456 22:00 exactly"]


def test_zone_without_a_city_asks_for_it() -> None:
    assert "Where are you?" in cleared().type("/zone").said
    assert cleared().type("/zone").type("Lisbon").person.zone == "Europe/Lisbon"
    assert "What does your clock say now?" in nowhere().type("/zone").said


def test_a_wish_in_ones_own_words_is_kept_for_a_day_at_most() -> None:
    dialog = nowhere().type("/bedtime half past nine").wait(hours=25)
    assert "half past nine" not in repr(dialog.person)


# On a journey


def in_tokyo() -> Dialog:
    dialog = told("/bedtime at 22:00", at="2026-11-23 12:00")
    return dialog.type("I'm in Tokyo this week")


def test_whether_all_moves_is_asked_and_never_assumed() -> None:
    dialog = in_tokyo()
    assert "In Tokyo it is Monday 23 Nov, 20:00." in dialog.said
    assert "the emergency numbers" in dialog.said
    assert dialog.person.zone == BERLIN
    assert dialog.tap("No, stay").person.zone == BERLIN
    assert comes(dialog, hours=12) == ["Mon 22:00"]


def test_all_moves_and_at_the_end_it_asks_whether_they_are_back() -> None:
    dialog = in_tokyo().tap("Yes, until Monday 30 Nov")
    assert dialog.person.zone == "Asia/Tokyo"
    assert "119" in dialog.type("/settings").said
    nights = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    assert comes(dialog, days=6) == [f"{each} 22:00" for each in nights]
    found = heard(dialog, days=1)
    assert [f"{at.astimezone(dialog.person.clock):%a %H:%M}" for at, _ in found] == [
        "Sun 22:00", "Mon 10:00",
    ]  # fmt: skip
    assert "Are you back home?" in found[1][1].text
    dialog.tap("Yes, I'm back")
    assert dialog.person.zone == BERLIN
    assert "112" in dialog.type("/settings").said
    assert comes(dialog, days=1) == ["Mon 22:00"]


def test_not_yet_asks_again_and_i_stay_does_not() -> None:
    dialog = in_tokyo().tap("Yes, until").type("/bedtime").tap("No bedtime")
    assert comes(dialog, days=8) == ["Mon 10:00"]
    dialog.tap("Not yet")
    assert comes(dialog, days=4) == ["Fri 10:00"] or dialog.person.home is not None
    dialog.tap("I stay here")
    assert dialog.person.home is None
    assert comes(dialog, days=9) == []


@pytest.mark.parametrize("said", ["I moved to Lisbon", "I'm in Lisbon"])
def test_for_good(said: str) -> None:
    dialog = at_ten().type(said).tap("Yes, until I say so")
    assert dialog.person.zone == "Europe/Lisbon"
    assert comes(dialog, days=30) == comes(at_ten(), days=30)


def test_a_single_clock_time_moves_along_and_a_wait_does_not() -> None:
    dialog = told("/remind tonight at 23:00").type("/zone Lisbon")
    assert comes(dialog, days=1) == ["Sun 23:00"]
    dialog = cleared().type("/remind in 2 hours").tap("Right").type("/zone Lisbon")
    assert comes(dialog, days=1) == ["Sun 17:00"]


def test_what_a_journey_east_left_behind_is_not_our_absence() -> None:
    dialog = told("/remind tonight at 18:00").type("/zone Tokyo")
    comes(dialog, days=1)
    assert "I was away" not in dialog.type("/reminders").said


def test_a_shared_place_on_a_journey_is_asked_about() -> None:
    dialog = at_ten().event(Location(35.68, 139.69))
    assert "Shall everything move there" in dialog.said
    assert dialog.person.zone == BERLIN


def test_the_same_clock_needs_no_move() -> None:
    assert "has your clock already" in at_ten().type("I'm in Munich this week").said


def test_a_night_in_the_air_is_said_at_most_once() -> None:
    """East in the evening, west in the morning: whatever the clocks do, a night is one night."""
    dialog = at_ten()
    for city in ("Tokyo", "Honolulu", "Berlin", "Auckland", "Los Angeles"):
        dialog.type(f"/zone {city}")
        found = heard(dialog, hours=20)
        days = [at.astimezone(dialog.person.clock).date() for at, _ in found]
        assert len(days) == len(set(days)) <= 2


def test_the_other_half_of_the_day_is_meant_for_the_run_that_was_just_set() -> None:
    dialog = told("/runs Mon at 18:30, an hour").type("/runs tuesdays at 6").tap("18:00 instead")
    usual = {each.days: f"{each.clock:%H:%M}" for each in dialog.person.agenda.wanted.runs}
    assert usual == {(0,): "18:30", (1,): "18:00"}
