"""Whole conversations, word for word: what clinicians and writers review.

`UPDATE_TRANSCRIPTS=1 pytest tests/test_transcripts.py` writes them anew; the diff is the review.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.events import Address
from tests.chats import DISCORD, Chats, linked, someone, two
from tests.club import GROUP, SERVER, Town, town
from tests.dialog import AFTERNOON, EVENING, Dialog, cleared, resting, tenth_evening

FOLDER = Path(__file__).with_name("transcripts")
LATE = "2026-11-22 23:00"


def refused(*ticks: str) -> Dialog:
    """The check with these ticks, /up tried all the same, then the seat."""
    return cleared(AFTERNOON, *ticks).type("/up").tap("Seated rest").wait(minutes=6)


def refused_under_16() -> Dialog:
    dialog = cleared(AFTERNOON, "Under 18").tap("Under 16").tap("2014").tap("March")
    return dialog.type("/up").tap("Seated rest").wait(minutes=6).type("/check")


def gentler_with_guardian() -> Dialog:
    dialog = cleared(AFTERNOON, "Under 18").tap("16 or 17").tap("2009").tap("May").tap("Now")
    dialog.tap("No").type("/up").tap("Yes, here").tap("None of these, start").tap("Next")
    return dialog.tap("Next").tap("I'm in place").wait(minutes=3).tap("Same")


def gentler_reflux() -> Dialog:
    dialog = cleared(AFTERNOON, "Reflux").tap("Now").tap("None of these, start").tap("Next")
    dialog.tap("Next").tap("I'm in place").wait(minutes=2).tap("Lighter")
    return dialog.type("/check")


def gentler_bed() -> Dialog:
    dialog = cleared(AFTERNOON, "Floor").tap("Now").tap("Yes").tap("OK")
    dialog.tap("None of these, start").tap("I'm stuck").tap("Next").tap("I'm stuck").tap("Next")
    return dialog.wait(minutes=1).wait(minutes=2).tap("Same")


def first_evening() -> Dialog:
    dialog = Dialog(EVENING).type("/start").tap("I agree")
    for _ in range(4):
        dialog.tap("None of these")
    dialog.tap("Now").tap("OK").tap("None of these, start").tap("Next").tap("Next")
    return dialog.wait(minutes=1).wait(minutes=3, seconds=20).tap("Lighter").wait(minutes=10)


def german() -> Dialog:
    """The whole of it in German: the first evening, a bedtime, a run, a week with them."""
    dialog = Dialog("2027-03-25 21:10").type("/start").tap("Deutsch").tap("Einverstanden")
    for _ in range(4):
        dialog.tap("Nichts davon")
    dialog.tap("Jetzt").tap("OK").tap("Nichts davon, los").tap("Weiter").tap("Weiter")
    dialog.tap("Ich liege").wait(minutes=3, seconds=20).tap("Leichter")
    dialog.tap("Andere Zeit").type("halb elf").tap("Genau 22:30").tap("Richtig")
    dialog.type("/reminders").tap("Übliche Läufe").type("Di Do So gegen 18:30, eine Stunde")
    dialog.tap("Richtig").type("erinnere mich morgen früh um 6").tap("Rückgängig")
    dialog.wait(days=1).type("bin zurück vom langen Lauf").tap("Heute Abend").wait(days=3)
    return dialog.tap("Los").tap("3 Jetzt nicht").type("/stop").type("/resume").type("/reminders")


def german_one_calf() -> Dialog:
    dialog = Dialog("2027-03-25 18:10").type("/start").tap("Deutsch").tap("Einverstanden")
    for _ in range(4):
        dialog.tap("Nichts davon")
    return dialog.tap("Jetzt").tap("2 Bein").tap("Geschwollen").type("/up").wait(days=1)


def first_afternoon_wrong_tap() -> Dialog:
    dialog = Dialog(AFTERNOON).type("hello").tap("I agree").tap("1 Heart").tap("None of these")
    dialog.tap("1 Heart, ticked").tap("None of these").tap("None of these").tap("None of these")
    dialog.tap("None of these").tap("Use the wall instead").tap("None of these, start")
    dialog.tap("I'm stuck").tap("Next").tap("I'm stuck").tap("Next").tap("I'm stuck")
    dialog.type("I'm in place").wait(minutes=3).tap("Same")
    return dialog


def way_out_answered_late() -> Dialog:
    """The clock runs out, "I'm down" after two calls, dizzy once, then fine."""
    dialog = resting().wait(minutes=3).wait(seconds=61).tap("I'm down").tap("Dizzy")
    return dialog.wait(seconds=70).tap("Lighter").wait(minutes=10).type("/stats")


def tingling_goes_away() -> Dialog:
    dialog = resting().wait(seconds=20).tap("Tingling").wait(seconds=60).tap("It is gone")
    return dialog.wait(minutes=2).tap("Lighter")


def tingling_stays() -> Dialog:
    dialog = resting().wait(seconds=20).type("tingling").wait(seconds=60).tap("Still there")
    dialog.wait(seconds=20).tap("Same").type("/up").wait(minutes=10).tap("It is gone")
    return dialog.type("/up")


def tingling_one_side() -> Dialog:
    dialog = resting().wait(seconds=20).tap("Tingling").wait(seconds=60).tap("Still there")
    return dialog.tap("Same").wait(minutes=10).tap("One side, and weak").wait(hours=24)


def tingling_still_there() -> Dialog:
    dialog = resting().wait(seconds=20).tap("Tingling").wait(seconds=60).tap("Still there")
    return dialog.tap("Same").wait(minutes=10).tap("Still there")


def emergency_before() -> Dialog:
    dialog = cleared().tap("Now").tap("1 Emergency").tap("I am getting help").type("/up")
    return dialog.wait(hours=24).tap("Being checked or treated").type("/up")


def emergency_by_mistake() -> Dialog:
    dialog = cleared().tap("Now").tap("1 Emergency").tap("By mistake").type("/up")
    return dialog.wait(hours=14).type("/up")


def emergency_during() -> Dialog:
    dialog = resting().wait(seconds=40).tap("Something is wrong").tap("Chest, breath")
    return dialog.wait(hours=24).tap("Yes, nothing serious").tap("Check now")


def emergency_during_by_mistake() -> Dialog:
    dialog = resting().wait(seconds=40).tap("Something is wrong").tap("Chest, breath")
    return dialog.tap("By mistake").type("/check").wait(hours=14).type("/up")


def one_calf(answer: str) -> Dialog:
    dialog = cleared(EVENING).tap("Now").tap("OK").tap("2 Leg or urine").tap("Swollen or sore")
    dialog.type("/up").wait(hours=15).tap(answer)
    if answer == "Not yet":
        dialog.wait(days=2).tap("Not yet").wait(days=5).type("/up")
    return dialog.type("/check")


def leg_now(which: str) -> Dialog:
    return cleared().tap("Now").tap("2 Leg or urine").tap(which)


def leg_by_mistake() -> Dialog:
    dialog = cleared().tap("Now").tap("2 Leg or urine").tap("By mistake").type("/up")
    return dialog.wait(minutes=1).tap("None of these, start")


def sleeper(*answers: str) -> Dialog:
    dialog = resting(LATE).wait(minutes=3).wait(minutes=7).wait(hours=9)
    for answer in answers:
        dialog.tap(answer)
    return dialog.type("/up")


def sleeper_answers_from_the_old_message() -> Dialog:
    dialog = resting(LATE).wait(minutes=3)
    lighter = dialog.buttons["Lighter"]
    return dialog.wait(minutes=7).wait(hours=1).press("Lighter", lighter).wait(hours=9)


def late_by_five_minutes() -> Dialog:
    dialog = resting().wait(minutes=2, seconds=30).sleep(minutes=5, seconds=30).wake()
    return dialog.tap("Lighter")


def late_by_two_hours() -> Dialog:
    dialog = resting().wait(minutes=2, seconds=30).sleep(hours=2, seconds=30).wake()
    return dialog.wait(hours=20).type("/up")


def outage_of_40_seconds() -> Dialog:
    dialog = eight_minutes().wait(seconds=60).sleep(seconds=47).wake()
    return dialog.until(lambda d: "Same" in d.buttons).tap("Same")


def outage_across_half_way() -> Dialog:
    dialog = eight_minutes().wait(minutes=3).sleep(minutes=1, seconds=50).wake()
    return dialog.until(lambda d: "Same" in d.buttons).tap("Same")


def eight_minutes() -> Dialog:
    dialog = cleared().tap("Now").tap("Change").tap("8 minutes").tap("None of these, start")
    return dialog.tap("Next").tap("Next").tap("I'm in place")


def pause_and_go_on() -> Dialog:
    dialog = eight_minutes().wait(minutes=3).tap("Pause").wait(minutes=2).tap("Go on")
    return dialog.wait(minutes=5).tap("Same")


def paused_and_asleep() -> Dialog:
    return eight_minutes().wait(minutes=3).tap("Pause").wait(minutes=12).wait(minutes=7)


def tenth() -> Dialog:
    return tenth_evening().tap("None of these, start").wait(minutes=4, seconds=10).tap("Lighter")


def clinicians_ok() -> Dialog:
    dialog = cleared(AFTERNOON, "Pressure high").type("/check")
    dialog.tap("A clinician has told me it is fine").tap("No, or something else").type("/check")
    dialog.tap("A clinician has told me it is fine").tap("Yes, exactly that").tap("Now")
    dialog.tap("None of these, start").tap("Next").tap("Next").tap("I'm in place")
    return dialog.wait(minutes=2).tap("Same").type("/check")


def flipped_answer(said: str) -> Dialog:
    dialog = cleared(AFTERNOON, "Glaucoma").type("/check").tap("Do the check again")
    for _ in range(4):
        dialog.tap("None of these")
    return dialog.tap(said).type("/up")


def keep_nothing() -> Dialog:
    dialog = cleared(AFTERNOON, keep="Ask me each time").tap("Now").tap("None of these, start")
    dialog.tap("Next").tap("Next").tap("I'm in place").wait(minutes=3).tap("Worse").tap("Both")
    return dialog.type("/stats").type("/settings").type("/up")


def no_thanks() -> Dialog:
    dialog = Dialog().type("/start").tap("No thanks").tap("Seated rest").wait(minutes=6)
    return dialog.type("/what").type("/up")


def not_now(*which: str) -> Dialog:
    dialog = cleared().tap("Now").tap("3 Not now")
    for tap in which:
        dialog.tap(tap)
    return dialog.type("/up").wait(hours=4)


def not_now_seat() -> Dialog:
    return cleared().tap("Now").tap("3 Not now").tap("Big meal").tap("Seat now").wait(minutes=6)


def eyes(answer: str) -> Dialog:
    dialog = resting().wait(seconds=40).tap("Something is wrong").tap("Head, eyes, ears")
    return dialog.tap(answer).wait(minutes=10).type("/up").wait(days=2).type("/up")


def eyes_then_check() -> Dialog:
    dialog = resting().wait(seconds=40).tap("Something is wrong").tap("Head, eyes, ears")
    dialog.tap("Eyes or sight").wait(days=2).type("/up")
    for _ in range(4):
        dialog.tap("None of these")
    dialog.type("/check").tap("A clinician has told me it is fine").tap("Yes, exactly that")
    return dialog


def dizzy_twice() -> Dialog:
    dialog = resting().wait(minutes=3).tap("Dizzy").wait(seconds=40).tap("Dizzy").wait(minutes=7)
    return dialog.type("/up").wait(days=1).type("/up")


def worse(which: str) -> Dialog:
    return resting().wait(minutes=3).tap("Worse").tap(which).type("/up")


def health_news() -> Dialog:
    dialog = cleared().wait(days=3).type("/up").tap("Health news").tap("6 Clot before")
    dialog.tap("Done, next")
    for _ in range(3):
        dialog.tap("None of these")
    return dialog


def change() -> Dialog:
    dialog = cleared().tap("Now").tap("Change").tap("Knees bent at the wall").tap("Change")
    dialog.tap("1 minute").tap("Change").tap("On a bed").tap("OK").tap("Change").tap("Box breath")
    dialog.tap("None of these, start").tap("Next").tap("Next").tap("I'm in place")
    return dialog.wait(minutes=1).tap("Lighter").type("/up")


def words_in_a_rest(said: str, trouble: str) -> Dialog:
    dialog = resting().wait(seconds=40).type(said).tap(trouble).wait(minutes=8)
    return dialog.type("/up")


def words_outside(said: str) -> Dialog:
    return cleared().type(said)


def words_of_a_stranger() -> Dialog:
    return Dialog().type("stop").type("ouch").type("help").type("chest pain").type("/start")


def words_in_the_seat() -> Dialog:
    dialog = cleared(AFTERNOON, "Heart").tap("Seated rest").wait(seconds=30)
    dialog.tap("Something is wrong").tap("Head, eyes, ears").tap("Head or ears").type("/seat")
    dialog.tap("Something is wrong").tap("Something else").type("/seat").type("stop")
    return dialog.type("/seat").type("chest")


def set_up_left() -> Dialog:
    dialog = cleared().tap("Now").tap("None of these, start").tap("Not now").type("/up")
    dialog.tap("None of these, start").type("stop").type("/up").tap("None of these, start")
    dialog.tap("Next").wait(minutes=25).type("/up").tap("All well").type("/up")
    return dialog.tap("None of these, start").wait(minutes=20)


def back_from_a_run() -> Dialog:
    dialog = cleared().type("/ran").tap("In 30 min").type("/reminders").wait(minutes=30)
    dialog.tap("Start").tap("Change").tap("Seated rest").wait(minutes=6).type("I'm back")
    return dialog.tap("Cooled down, legs up")


def forget_and_export() -> Dialog:
    dialog = resting().wait(minutes=3).tap("Same").type("/stats").type("/export")
    dialog.type("/privacy").type("/forget").tap("Keep it").type("/forget")
    return dialog.tap("Delete everything").type("/export").type("/stats").type("/up")


def forget_in_mid_rest() -> Dialog:
    return resting().wait(seconds=40).type("/forget").tap("Delete everything")


def settings() -> Dialog:
    dialog = cleared().type("/settings").type("/country").type("/country Germany")
    dialog.type("/country Brazil").type("/zone").type("/zone america/sao paulo").type("/help")
    dialog.type("/stop").type("/resume").type("/reminders").type("/settings")
    return dialog.tap("Keep nothing from now on").type("/up")


def half_a_year_on() -> Dialog:
    dialog = resting().wait(minutes=3).tap("Lighter").wait(days=50).type("/up")
    dialog.tap("None of these, start").tap("Next").tap("Next").wait(minutes=4).tap("Same")
    dialog.wait(days=59).type("/up").tap("None of these, start").tap("Next").tap("Next")
    return dialog.wait(minutes=4).tap("Same").wait(days=58).wait(days=60).type("/up")


def why() -> Dialog:
    dialog = Dialog().type("/why")
    for topic in list(dialog.buttons):
        dialog.press(topic, dialog.shown[topic])
    dialog.type("/faq")
    for question in list(dialog.buttons):
        dialog.press(question, dialog.shown[question])
    return dialog.type("/why heart")


def with_reminders(*lines: str, at: str = AFTERNOON) -> Dialog:
    """From here on, somebody who has set these."""
    dialog = cleared(at)
    for line in lines:
        dialog.type(line).tap("Right")
    return dialog.forget_lines()


def a_whole_rest(dialog: Dialog) -> Dialog:
    """From the card of a rest to its last answer."""
    dialog.tap("None of these, start")
    while "Next" in dialog.buttons:
        dialog.tap("Next")
    return dialog.tap("I'm in place").until(lambda d: "Lighter" in d.buttons).tap("Lighter")


def a_week_with_runs_and_bedtimes() -> Dialog:
    dialog = cleared().forget_lines().type("/reminders").tap("Bedtime").tap("22:30").tap("Right")
    dialog.tap("Usual runs") if "Usual runs" in dialog.buttons else dialog.type("/runs")
    dialog.type("Tue Thu Sun about 18:30, an hour").tap("Right").wait(hours=4)
    a_whole_rest(dialog.tap("I'm back").tap("Tonight").wait(hours=3).tap("Start").tap("OK"))
    dialog.wait(hours=24).tap("In 30 min").wait(minutes=30).tap("Not today")
    dialog.wait(hours=21).tap("No run today").wait(hours=3).tap("Later").tap("In 15")
    a_whole_rest(dialog.wait(minutes=15).tap("Start")).wait(days=1, hours=19).type("ran 10k")
    a_whole_rest(dialog.tap("In 30 min").wait(minutes=30).tap("Start")).wait(days=1)
    return dialog.wait(hours=5).type("/reminders").tap("Why did I get this?")


def a_clock_change_night() -> Dialog:
    """Saturday evening in Berlin, an hour missing in the night, and a week without an answer."""
    dialog = cleared("2027-03-27 20:00").forget_lines().type("/reminders").tap("Bedtime")
    dialog.type("halb elf").tap("Right").type("ran 10k").tap("Tonight")
    return dialog.wait(days=7, hours=3).type("/reminders")


def zone_by_clock_and_city() -> Dialog:
    """Of whose clock nothing is known: the offset does for once, a city for every evening."""
    dialog = Dialog(zone="Europe/London")
    dialog.scene = replace(dialog.scene, person=replace(dialog.person, zone=""))
    dialog.type("/start").tap("I agree")
    for _ in range(4):
        dialog.tap("None of these")
    dialog.forget_lines().tap("Tonight at").tap("16:00").tap("20:30").tap("Right").type("/settings")
    dialog.type("/bedtime half past nine").tap("London").tap("Right").type("/settings")
    dialog.type("/zone Springfield").tap("Springfield, Oregon").type("/zone").type("Berln")
    return dialog.tap("Berlin").type("/zone 東京").type("/zone Qqqqqqqq").type("/reminders")


def travelling() -> Dialog:
    dialog = with_reminders("/bedtime at 22:00", at="2026-11-23 12:00")
    dialog.type("I'm in Munich this week").type("I'm in Tokyo this week").tap("No, stay")
    dialog.type("I'm in Tokyo this week").tap("Yes, until").type("/settings").type("/reminders")
    dialog.wait(days=6, hours=14).tap("Not yet").wait(days=3)
    back = dialog.shown["Yes, I'm back"]
    return dialog.press("Yes, I'm back", back).type("/settings").wait(days=1)


def reminders_card_changes() -> Dialog:
    dialog = cleared().forget_lines().type("/reminders").tap("Bedtime")
    dialog.type("when the cows come home").type("Mon-Thu 22:00, Fri Sat 23:30").tap("Right")
    dialog.type("/bedtime 9").tap("09:00 instead").tap("Undo").type("/bedtime at 22:00")
    dialog.tap("Only run days").type("/bedtime").tap("Every such evening").tap("Right")
    dialog.type("/quiet").tap("22:00-07:00").tap("Undo").type("/runs").tap("Tue").tap("Thu")
    dialog.tap("That's all").tap("18:30").tap("1 hour").tap("Right")
    dialog.type("/remind tonight at 23:00").tap("Right").type("/remind tomorrow at 7")
    dialog.tap("Right").type("/reminders").tap("Take away 23:00").type("/pause until Friday").tap(
        "Right"
    )
    dialog.type("/reminders").tap("Reminders again").type("/stop").type("/reminders")
    dialog.type("/resume").type("/reminders").tap("All off").tap("Undo").wait(hours=7)
    return dialog.type("/reminders").tap("Why did I get this?")


def refused_with_reminders() -> Dialog:
    dialog = with_reminders("/bedtime at 22:00", "/runs Sun about 18:30, an hour")
    dialog.type("/check").tap("Do the check again").tap("1 Heart").tap("Done, next")
    for _ in range(3):
        dialog.tap("None of these")
    dialog.wait(days=2).type("/reminders").tap("A quiet seat").tap("Right").type("/reminders")
    dialog.wait(hours=7).tap("Seated rest").wait(days=4, hours=22).tap("I'm back")
    return dialog.tap("Cooled down")


def ignored_three() -> Dialog:
    dialog = with_reminders("/bedtime at 22:00").wait(days=4).tap("Go on").wait(days=4)
    return dialog.tap("All off").wait(days=2)


def linked_and_apart() -> Chats:
    """Somebody on Telegram with a bedtime and a refusal, and the same person new on Discord."""
    telegram = someone(7, "Heart").type("/bedtime 22:00").forget_lines()
    discord = someone(9).type("/runs Tue 18:30, one hour").forget_lines()
    chats = linked(two(telegram, discord)).type(DISCORD, "/up").type(DISCORD, "/reminders")
    return chats.type(DISCORD, "/unlink").tap(DISCORD, "Unlink").type(DISCORD, "/up")


@contextmanager
def a_club(place: Address = SERVER, locale: str = "en") -> Iterator[Town]:
    with TemporaryDirectory() as folder, town(Path(folder), place, locale=locale) as opened:
        yield opened


def an_organisers_first_three_minutes() -> Town:
    with a_club() as t:
        t.added().say("Olga", "/club", here=True).tap("Olga", "Here")
        t.say("Olga", "every second full moon").say("Olga", "Tue 19:00, about 60 min")
        t.tap("Olga", "Post it").say("Olga", "/club Berlin", here=True)
        t.say("Max", "/club", here=True).wait(days=1, hours=1)
    return t


def a_challenge_week() -> Town:
    with a_club(GROUP) as t:
        t.agrees("Ann", "Ben", "Cem", "Dan").set_up()
        t.lines.clear()
        t.say("Olga", "/challenge", here=True).tap("Olga", "3 days").tap("Olga", "With a ranking")
        t.tap("Olga", "Post it").tap("Ann", "Join").tap("Ann", "Show my name").tap("Ben", "Join")
        t.tap("Cem", "Join").tap("Dan", "Join").tap("Eve", "Join").tap("Eve", "I agree")
        for name in ("Ann", "Ben"):
            t.say(name, "/seat")
        t.wait(days=1)
        t.say("Cem", "/seat").say("Ann", "/seat").wait(days=1)
        t.say("Ben", "/challenge").tap("Ben", "A week off").say(
            "Ann", "/challenge", here=True
        ).wait(days=4)
        return t.tap("Ben", "Cheer").tap("Dan", "Cheer")


def legs_up_together() -> Town:
    """One is refused, one needs help, and one loses the network."""
    with a_club() as t:
        t.agrees("Ann", "Ben").agrees("Cem", ticks=("Clot now",)).set_up()
        return _together(t)


def _together(t: Town) -> Town:
    t.lines.clear()
    t.say("Olga", "/together", here=True).tap("Olga", "In 5").wait(seconds=30)
    for name in ("Ann", "Ben", "Cem"):
        t.tap(name, "Join")
    t.wait(minutes=2)
    for name in ("Ann", "Ben"):
        t.tap(name, "None of these, start")
    t.tap("Cem", "Seated rest").wait(minutes=1)
    for name in ("Ann", "Ben"):
        t.tap(name, "Next").tap(name, "Next")
    t.wait(minutes=2)
    t.say("Ben", "my chest hurts").tap("Ben", "Chest, breath")
    return t.away(seconds=50).wait(minutes=2).tap("Ann", "Lighter").wait(minutes=5)


def legs_up_together_german() -> Town:
    with a_club(GROUP, "de") as t:
        t.say("Ann", "/start").tap("Ann", "Einverstanden")
        for _ in range(4):
            t.tap("Ann", "Nichts davon")
        t.say("Olga", "/club", here=True).tap("Olga", "Hier").say("Olga", "Di 19:00, 60 min")
        t.tap("Olga", "Posten").say("Olga", "/club Berlin", here=True)
        t.lines.clear()
        t.say("Olga", "/together in 10 Minuten", here=True).tap("Ann", "Mitmachen")
        t.wait(minutes=7).tap("Ann", "Nichts davon, los").wait(minutes=1)
        return t.tap("Ann", "Weiter").tap("Ann", "Weiter").wait(minutes=5).tap("Ann", "Wie vorher")


EVERY: dict[str, Callable[[], Dialog | Chats | Town]] = {
    "linked_and_apart": linked_and_apart,
    "refused_blood_pressure": lambda: refused("Pressure high"),
    "refused_pressure_treated": lambda: refused("Pressure treated"),
    "refused_pregnancy": lambda: refused("Pregnancy, birth"),
    "refused_glaucoma": lambda: refused("Glaucoma"),
    "refused_pots": lambda: refused("Fainting"),
    "refused_breath_lying_flat": lambda: refused("Breath lying flat"),
    "refused_clot_now": lambda: refused("Clot now"),
    "refused_retina": lambda: refused("Retina, eye op"),
    "refused_arteries": lambda: refused("Feet, arteries"),
    "refused_told_not_to": lambda: refused("Told not to"),
    "refused_several": lambda: refused("Heart", "Clot now", "Fainting", "Reflux"),
    "refused_nothing_shared": lambda: refused("Pregnancy, birth", "Floor"),
    "refused_under_16": refused_under_16,
    "gentler_reflux": gentler_reflux,
    "gentler_with_guardian": gentler_with_guardian,
    "gentler_bed": gentler_bed,
    "first_evening": first_evening,
    "first_afternoon_wrong_tap": first_afternoon_wrong_tap,
    "tenth_evening": tenth,
    "way_out_answered_late": way_out_answered_late,
    "tingling_goes_away": tingling_goes_away,
    "tingling_stays": tingling_stays,
    "tingling_still_there": tingling_still_there,
    "tingling_one_side": tingling_one_side,
    "emergency_before": emergency_before,
    "emergency_by_mistake": emergency_by_mistake,
    "emergency_during": emergency_during,
    "emergency_during_by_mistake": emergency_during_by_mistake,
    "one_calf_fine": lambda: one_calf("Yes, nothing serious"),
    "one_calf_treated": lambda: one_calf("Being checked or treated"),
    "one_calf_not_yet": lambda: one_calf("Not yet"),
    "leg_hard": lambda: leg_now("Hard, pain growing"),
    "leg_numb": lambda: leg_now("Numb, cold, weak"),
    "leg_urine": lambda: leg_now("Dark urine"),
    "leg_injury": lambda: leg_now("Injury"),
    "leg_by_mistake": leg_by_mistake,
    "sleeper_all_well": lambda: sleeper("All well", "Shorter next time"),
    "sleeper_as_before": lambda: sleeper("All well", "As before"),
    "sleeper_leg": lambda: sleeper("A leg is numb", "Numb, cold, weak"),
    "sleeper_something_else": lambda: sleeper("Something else", "None of these"),
    "sleeper_old_message": sleeper_answers_from_the_old_message,
    "late_by_five_minutes": late_by_five_minutes,
    "late_by_two_hours": late_by_two_hours,
    "outage_of_40_seconds": outage_of_40_seconds,
    "outage_across_half_way": outage_across_half_way,
    "pause_and_go_on": pause_and_go_on,
    "paused_and_asleep": paused_and_asleep,
    "clinicians_ok": clinicians_ok,
    "flipped_answer_yes": lambda: flipped_answer("Yes, that is right"),
    "flipped_answer_no": lambda: flipped_answer("No, keep the careful one"),
    "keep_nothing": keep_nothing,
    "no_thanks": no_thanks,
    "not_now_unwell": lambda: not_now("Unwell, alcohol"),
    "not_now_meal": lambda: not_now("Big meal", "19:00"),
    "not_now_warm": lambda: not_now("Not cooled down", "16:15"),
    "not_now_skip": lambda: not_now("Not cooled down", "Skip"),
    "not_now_sleepy": lambda: not_now("Nodding off"),
    "not_now_by_mistake": lambda: not_now("By mistake"),
    "not_now_seat": not_now_seat,
    "eyes_head": lambda: eyes("Head or ears"),
    "eyes_eyes": lambda: eyes("Eyes or sight"),
    "eyes_lost": lambda: eyes("Sight lost"),
    "eyes_then_check": eyes_then_check,
    "dizzy_twice": dizzy_twice,
    "worse_both": lambda: worse("Both"),
    "worse_one": lambda: worse("One"),
    "worse_weak": lambda: worse("Both suddenly weak"),
    "health_news": health_news,
    "change": change,
    "stop_in_a_rest": lambda: words_in_a_rest("stop", "Nothing, all well"),
    "ouch_in_a_rest": lambda: words_in_a_rest("ouch my back", "Back or hip"),
    "chest_in_a_rest": lambda: words_in_a_rest("my chest hurts", "Chest, breath"),
    "help_in_a_rest": lambda: words_in_a_rest("help", "Cramp"),
    "light_headed_in_a_rest": lambda: words_in_a_rest("something is wrong", "Light-headed"),
    "stop_outside": lambda: words_outside("stop"),
    "ouch_outside": lambda: words_outside("ouch"),
    "chest_outside": lambda: words_outside("chest pain"),
    "help_outside": lambda: words_outside("help"),
    "words_of_a_stranger": words_of_a_stranger,
    "words_in_the_seat": words_in_the_seat,
    "set_up_left": set_up_left,
    "back_from_a_run": back_from_a_run,
    "forget_and_export": forget_and_export,
    "forget_in_mid_rest": forget_in_mid_rest,
    "settings": settings,
    "half_a_year_on": half_a_year_on,
    "why": why,
    "german": german,
    "german_one_calf": german_one_calf,
    "a_week_with_runs_and_bedtimes": a_week_with_runs_and_bedtimes,
    "a_clock_change_night": a_clock_change_night,
    "zone_by_clock_and_city": zone_by_clock_and_city,
    "travelling": travelling,
    "reminders_card_changes": reminders_card_changes,
    "refused_with_reminders": refused_with_reminders,
    "ignored_three": ignored_three,
    "an_organisers_first_three_minutes": an_organisers_first_three_minutes,
    "a_challenge_week": a_challenge_week,
    "legs_up_together": legs_up_together,
    "legs_up_together_german": legs_up_together_german,
}


@pytest.mark.parametrize("name", EVERY)
def test_transcript(name: str) -> None:
    said = "\n".join(EVERY[name]().lines) + "\n"
    kept = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_TRANSCRIPTS") == "1":
        kept.write_text(said, encoding="utf-8")
    assert said == kept.read_text(encoding="utf-8")


def test_every_transcript_is_played() -> None:
    assert {file.stem for file in FOLDER.glob("*.txt")} == set(EVERY)
