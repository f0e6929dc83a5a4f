"""The readiness check, as it is talked through: consent, 20 lines, what the answers allow."""

from datetime import date, timedelta

import pytest

from bot.content.routine import routine
from bot.content.words import plain, words
from bot.conversation.person import Keep, Person, blank
from bot.conversation.verdict import note
from bot.events import Command
from bot.practice.clearance import Variation, Verdict
from bot.practice.questionnaire import assess
from tests.dialog import AFTERNOON, Dialog, cleared, resting

SPOKEN = words("en")
LOCKED = [line.name for line in routine().lines if line.locked]
ASKING = [line.name for line in routine().lines if line.verdict != "gentler"]
GENTLER = [line.name for line in routine().lines if line.verdict == "gentler"]
SEAT = "The seated rest is yours at any time and counts in a challenge."


def label(name: str) -> str:
    return plain(SPOKEN(f"label.{name}"))


def ticked(*names: str) -> Dialog:
    return cleared(AFTERNOON, *map(label, names))


def again(dialog: Dialog, *names: str) -> Dialog:
    """The four pages once more."""
    wanted = set(map(label, names))
    while dialog.person.check is not None and not dialog.person.check.asking:
        on_page = [full for full in dialog.buttons if full.split(" ", 1)[-1] in wanted]
        for full in on_page:
            dialog.tap(full)
        dialog.tap("Done, next" if on_page else "None of these")
    return dialog


# consent


def test_nothing_is_asked_before_there_is_a_yes() -> None:
    for said in ("/up", "/check", "legs up", "hello"):
        dialog = Dialog().type(said)
        assert "Do you agree?" in dialog.said
        assert blank(dialog.person)


def test_a_yes_is_kept_with_its_version_and_moment() -> None:
    dialog = Dialog().type("/start").tap("I agree")
    consent = dialog.person.consent
    assert consent is not None
    assert (consent.keep, consent.version) == (Keep.RESULT, routine().consent_version)
    assert consent.at == dialog.now


def test_a_no_keeps_nothing_and_leaves_the_seat_and_the_reading() -> None:
    dialog = Dialog().type("/start").tap("No thanks")
    assert blank(dialog.person)
    assert "Seated rest" in dialog.buttons
    dialog.tap("Seated rest")
    assert dialog.hold is not None
    dialog.wait(minutes=6)
    assert blank(dialog.person)
    assert "Viparita Karani" in dialog.type("/what").said
    assert dialog.type("/why").buttons


def test_words_that_changed_since_are_agreed_to_anew() -> None:
    dialog = cleared()
    dialog.agreed_to(version=0).type("/up")
    assert "Do you agree?" in dialog.said
    dialog.tap("I agree")
    assert dialog.person.check is not None


# the pages


def test_every_line_stands_on_its_page_with_its_label_and_none_of_these_is_first() -> None:
    dialog = Dialog().type("/start").tap("I agree")
    for page in range(1, 5):
        names = [line.name for line in routine().lines if line.page == page]
        for number, name in enumerate(names, 1):
            assert f"{number} {plain(SPOKEN(f'line.{name}'))}" in dialog.said
            assert f"{number} {label(name)}" in dialog.buttons
        first, *others = dialog.messages[-1].buttons
        assert [button.label for button in first] == ["None of these"]
        assert all(len(row) <= 2 for row in others)
        dialog.tap("None of these")


def test_a_tick_shows_and_goes_away_again() -> None:
    dialog = Dialog().type("/start").tap("I agree").tap("1 Heart")
    assert "1 Heart, ticked" in dialog.buttons
    assert dialog.messages[-1].notice == "Heart, ticked, 1 of 6."
    dialog.tap("1 Heart, ticked")
    assert "1 Heart" in dialog.buttons
    assert dialog.person.check is not None
    assert dialog.person.check.ticks == ()


def test_a_finger_that_taps_twice_takes_no_tick_back() -> None:
    dialog = Dialog().type("/start").tap("I agree")
    heart = dialog.buttons["1 Heart"]
    dialog.press("1 Heart", heart).press("1 Heart", heart)
    assert dialog.person.check is not None
    assert dialog.person.check.ticks == ("heart",)


def test_none_of_these_beside_a_tick_counts_as_the_tick_and_asks_again() -> None:
    dialog = Dialog().type("/start").tap("I agree").tap("1 Heart").tap("None of these")
    assert "I go by the tick" in dialog.said
    assert dialog.person.check is not None
    assert (dialog.person.check.page, dialog.person.check.ticks) == (1, ("heart",))
    again(dialog.tap("Done, next"))
    assert dialog.person.clearance is not None
    assert not dialog.person.clearance.open


def test_a_page_that_is_behind_is_not_answered_again() -> None:
    dialog = Dialog().type("/start").tap("I agree")
    none, heart = dialog.buttons["None of these"], dialog.buttons["1 Heart"]
    dialog.tap("None of these").press("None of these", none).press("1 Heart", heart)
    assert dialog.person.check is not None
    assert (dialog.person.check.page, dialog.person.check.ticks) == (2, ())


def test_typed_words_are_no_answer() -> None:
    dialog = Dialog().type("/start").tap("I agree").type("no I am perfectly healthy")
    assert dialog.person.check is not None
    assert dialog.person.check.page == 1
    assert "buttons" in dialog.said


def test_a_check_goes_on_where_it_was_and_its_ticks_are_gone_after_a_day() -> None:
    dialog = Dialog().type("/start").tap("I agree").tap("1 Heart").tap("Done, next")
    dialog.wait(hours=23).type("/up")
    assert "2/4" in dialog.said
    dialog.wait(hours=2)
    assert dialog.person.check is None
    assert "1/4" in dialog.type("/up").said


# what the answers allow


@pytest.mark.parametrize("name", ASKING)
def test_a_line_that_asks_for_a_clinician_closes_the_pose_and_offers_the_seat(name: str) -> None:
    dialog = ticked(name)
    assert SEAT in dialog.said
    assert dialog.person.refused_at == dialog.now
    rule = next(line for line in routine().lines if line.name == name)
    assert ("Not this pose." in dialog.said) == rule.locked
    assert ("May I" in dialog.said) == (not rule.locked)
    if name != "pregnancy":
        assert plain(SPOKEN(f"whom.{rule.whom}")) in dialog.said
    assert not any("OK" in full or "fine" in full for full in dialog.buttons)
    dialog.type("/up")
    assert dialog.person.card is None
    assert "A clinician has told me it is fine" not in dialog.buttons or not rule.locked
    dialog.tap("Seated rest")
    assert dialog.hold is not None
    assert not dialog.hold.plan.variation.raised


def test_the_note_says_what_an_ok_would_open_and_is_shown_once() -> None:
    dialog = ticked("pressure_high")
    for part in ("calves on a chair", "up to 10 minutes", "sit 3 minutes before standing",
                 "I ticked: high blood pressure", "If not, what instead?"):  # fmt: skip
        assert part in dialog.said
    assert "May I" not in dialog.type("/check").said
    found = dialog.person.clearance
    assert found is not None
    assert found.opens is not None
    assert "10 minutes" in note(dialog.person, found.opens, ("pressure_high",))


def test_pregnancy_has_words_of_its_own() -> None:
    dialog = ticked("pregnancy")
    assert "your midwife or doctor knows what suits you. Meanwhile: a seat." in dialog.said
    assert "I ticked: pregnancy" in dialog.said


@pytest.mark.parametrize("name", GENTLER)
def test_a_gentler_line_shows_its_ways_and_the_card_follows(name: str) -> None:
    dialog = ticked(name)
    rule = next(line for line in routine().lines if line.name == name)
    assert rule.limits is not None
    assert "Fine, the gentler way." in dialog.said
    dialog.tap("Now")
    if "Yes" in dialog.buttons:
        dialog.tap("Yes").tap("OK")
    card = dialog.person.card
    assert card is not None
    assert card.plan.variation in rule.limits.variations
    assert card.plan.minutes == 2
    assert not card.plan.lift_hips


def test_the_worst_answer_wins_and_permissions_are_shared() -> None:
    found = ticked("reflux", "fainting").person.clearance
    assert found is not None
    assert found.verdict is Verdict.ASK_CLINICIAN
    assert found.opens is not None
    assert found.opens.variations == (Variation.CALVES_ON_CHAIR,)
    assert (found.opens.longest, found.opens.hours_after_food) == (5, 3)
    assert found.opens.someone_nearby
    assert ticked("fainting", "clot_now").person.clearance.opens is None  # type: ignore[union-attr]  # just settled


def test_nobody_is_ever_told_that_it_is_safe() -> None:
    dialog = cleared()
    assert "Nothing in your answers speaks against it." in dialog.said
    assert "safe" not in "\n".join(dialog.lines).casefold()


def test_what_is_kept_names_no_line_and_no_tick() -> None:
    for name in ASKING:
        person = ticked(name).person
        assert person.check is None
        kept = repr(person.clearance)
        assert name not in kept


# age


def test_16_and_17_need_somebody_there_before_every_rest() -> None:
    dialog = ticked("under_18").tap("16 or 17").tap("2009").tap("May")
    assert "With a parent or guardian there, each time." in dialog.said
    for _ in range(2):
        dialog.type("/up")
        assert "Is a parent or guardian here with you?" in dialog.said
        dialog.tap("No")
        assert dialog.person.card is None
        assert "Seated rest" in dialog.buttons
    dialog.type("/up").tap("Yes, here").tap("None of these, start").tap("Next").tap("Next")
    dialog.wait(minutes=4).tap("Same").type("/up")
    assert "Is a parent or guardian here with you?" in dialog.said


def test_a_card_that_lay_there_for_hours_asks_for_the_guardian_again() -> None:
    dialog = ticked("under_18").tap("16 or 17").tap("2009").tap("May").tap("Now").tap("Yes, here")
    dialog.wait(hours=2).tap("None of these, start")
    assert dialog.hold is None
    assert "Is a parent or guardian here with you?" in dialog.said


def test_below_16_nothing_opens_it_before_the_birthday() -> None:
    dialog = ticked("under_18").tap("Under 16").tap("2011").tap("March")
    assert "From 1 April 2027" in dialog.said
    assert "May I" not in dialog.said
    for days in (1, 70, 40):
        dialog.wait(days=days).type("/up")
        assert dialog.person.card is None
        assert list(dialog.buttons) == ["Seated rest"]
    dialog.wait(days=30).type("/up")
    assert "1/4" in dialog.said


def test_a_birthday_that_has_been_counts() -> None:
    assert (
        ticked("under_18")
        .tap("Under 16")
        .tap("2010")
        .tap("January")
        .tap("Now")
        .said.startswith("Is a parent")
    )
    found = ticked("under_18").tap("16 or 17").tap("2008").tap("January").person.clearance
    assert found is not None
    assert found.guarded_until is None
    assert "under_18" not in repr(found)


def test_under_18_by_mistake() -> None:
    dialog = ticked("under_18").tap("By mistake: 18 or older")
    assert "Nothing in your answers" in dialog.said


# a clinician's OK


def test_a_clinicians_ok_opens_the_gentler_way_at_most() -> None:
    dialog = ticked("heart").type("/check").tap("A clinician has told me it is fine")
    assert "lie on my back with the calves on a chair, up to 5 minutes" in dialog.said
    dialog.tap("Yes, exactly that")
    found = dialog.person.clearance
    assert found is not None
    assert (found.verdict, found.longest) == (Verdict.GENTLER, 5)
    assert found.clinician_on == date(2026, 11, 22)
    assert dialog.tap("Now").person.card is not None


def test_another_ok_than_that_one_opens_nothing() -> None:
    dialog = ticked("heart").type("/check").tap("A clinician has told me it is fine")
    dialog.tap("No, or something else")
    assert dialog.person.clearance is not None
    assert not dialog.person.clearance.open


@pytest.mark.parametrize("name", LOCKED)
def test_a_locked_line_has_no_ok(name: str) -> None:
    dialog = ticked(name).type("/check")
    assert "A clinician has told me it is fine" not in dialog.buttons
    dialog.press("forged", f"1|{dialog.person.id}|clinician|yes")
    assert dialog.person.clearance is not None
    assert not dialog.person.clearance.open


# a flipped answer


def test_a_milder_check_within_a_day_of_a_refusal_waits_for_a_second_yes() -> None:
    dialog = ticked("glaucoma").wait(hours=23).type("/check").tap("Do the check again")
    again(dialog)
    assert "milder than your last check" in dialog.said
    assert dialog.person.clearance is not None
    assert not dialog.person.clearance.open
    assert "milder" in dialog.type("/up").said
    dialog.tap("Yes, that is right")
    assert dialog.person.clearance.open


def test_without_the_second_yes_the_stricter_one_stays() -> None:
    dialog = ticked("glaucoma").type("/check").tap("Do the check again")
    again(dialog).wait(hours=25)
    assert dialog.person.proposed is None
    assert dialog.person.clearance is not None
    assert not dialog.person.clearance.open


def test_after_a_day_a_new_check_counts_at_once() -> None:
    dialog = ticked("glaucoma").wait(hours=25).type("/check").tap("Do the check again")
    again(dialog)
    assert dialog.person.clearance is not None
    assert dialog.person.clearance.open


def test_from_locked_to_openable_is_milder_too_and_stricter_is_not() -> None:
    dialog = ticked("clot_now").type("/check").tap("Do the check again")
    assert "milder" in again(dialog, "heart").said
    dialog = ticked("heart").type("/check").tap("Do the check again")
    assert "Not this pose." in again(dialog, "clot_now").said


def test_a_refusal_is_not_shaken_off_by_an_emergency() -> None:
    dialog = ticked("clot_now").type("chest pain").tap("I am getting help").wait(hours=20)
    dialog.tap("Yes, nothing serious").tap("Check now")
    assert "milder" in again(dialog).said


# renewal


def test_a_check_runs_out_after_six_months_with_a_quiet_line_two_weeks_before() -> None:
    dialog = resting().wait(minutes=3).tap("Same")
    for _ in range(4):
        dialog.wait(days=40).type("/up").tap("None of these, start")
        while "Next" in dialog.buttons:
            dialog.tap("Next")
        dialog.until(lambda d: "Same" in d.buttons).tap("Same")
    dialog.until(lambda d: "runs out on 22 May 2027" in d.said)
    assert dialog.now.date() == date(2027, 5, 8)
    assert dialog.messages[-1].silent
    dialog.wait(days=13).type("/up")
    assert dialog.person.card is not None
    dialog.wait(days=2).type("/up")
    assert "run out" in dialog.said


def test_sixty_days_without_a_rest_ask_again_and_the_seat_is_none() -> None:
    dialog = resting().wait(minutes=3).tap("Same").wait(days=30).type("/seat").wait(minutes=6)
    dialog.wait(days=29).type("/up")
    assert dialog.person.card is not None
    dialog.wait(days=1).type("/up")
    assert "1/4" in dialog.said


def test_health_news_ends_the_old_result() -> None:
    dialog = cleared().tap("Now")
    assert "Health news" not in dialog.buttons
    dialog.wait(hours=24).type("/up").tap("Health news")
    assert dialog.person.clearance is None
    assert dialog.person.card is None
    assert "1/4" in dialog.said


def test_a_check_that_is_begun_anew_puts_the_card_away() -> None:
    dialog = cleared().tap("Now")
    start = dialog.buttons["None of these, start"]
    dialog.type("/check").tap("Do the check again").press("None of these, start", start)
    assert dialog.hold is None
    assert dialog.person.check is not None


def test_a_new_version_of_the_questions_asks_again() -> None:
    dialog = cleared()
    dialog.answered(version=0).type("/up")
    assert "run out" in dialog.said


# keep nothing


def test_keep_nothing_lives_for_the_one_rest() -> None:
    dialog = cleared(AFTERNOON, keep="Ask me each time").tap("Now").tap("None of these, start")
    dialog.tap("Next").tap("Next").tap("I'm in place").wait(minutes=3).tap("Lighter")
    assert dialog.person.clearance is None
    assert dialog.history == {}
    assert "1/4" in dialog.type("/up").said


def test_keep_nothing_lives_a_day_at_most() -> None:
    dialog = cleared(AFTERNOON, "Heart", keep="Ask me each time")
    assert dialog.person.clearance is not None
    dialog.wait(hours=24, seconds=1)
    assert dialog.person.clearance is None
    assert dialog.person.refused_at is None
    assert dialog.person == Person(
        dialog.person.id, zone=dialog.person.zone, consent=dialog.person.consent,
        next_number=dialog.person.next_number, at=dialog.person.at,
    )  # fmt: skip


def test_the_rule_behind_a_refusal_is_the_one_of_the_practice() -> None:
    """The dialogue and the rules say the same: a look across the seam."""
    on = date(2026, 11, 22)
    for name in [*ASKING, *GENTLER]:
        assert ticked(name).person.clearance == assess((name,), on)


def test_check_in_mid_rest_leaves_the_rest_alone() -> None:
    dialog = resting().event(Command("check"))
    assert dialog.person.check is None
    assert dialog.hold is not None
    assert "Come down" in dialog.buttons


def test_the_small_hours_belong_to_the_day_before() -> None:
    dialog = Dialog("2026-11-23 01:00").type("/start").tap("I agree")
    again(dialog)
    assert dialog.person.clearance is not None
    assert dialog.person.clearance.on == date(2026, 11, 22)
    assert dialog.now - timedelta(hours=2) < dialog.now


# a refusal is not shaken off


def test_an_ok_does_not_hide_that_a_new_check_is_milder() -> None:
    dialog = ticked("heart").type("/check").tap("A clinician").tap("Yes, exactly that")
    dialog.type("/check").tap("Do the check again")
    assert "milder" in again(dialog).said


def test_keeping_nothing_keeps_a_refusal_for_its_day() -> None:
    dialog = ticked("told_not_to").type("/settings").tap("Keep nothing").type("/up")
    assert "Not this pose" in dialog.said
    assert "milder" in again(dialog.tap("Do the check again")).said
    dialog = ticked("told_not_to").type("/settings").tap("Keep nothing").wait(hours=25)
    assert dialog.person.clearance is None


def test_not_today_is_never_over_in_five_minutes() -> None:
    dialog = cleared("2026-11-22 03:55").tap("Now").tap("OK").tap("3 Not now").tap("Unwell")
    assert "Let's skip today" in dialog.wait(minutes=10).type("/up").said
    assert "None of these, start" in dialog.wait(hours=6).type("/up").buttons


def test_the_question_after_not_yet_is_a_daytime_one() -> None:
    dialog = cleared("2026-11-22 02:00").tap("Now").tap("OK").tap("2 Leg").tap("Swollen")
    dialog.wake().tap("Not yet").wait(hours=15).type("/up").tap("Not yet").wake()
    assert dialog.now.astimezone(dialog.zone).hour == 12


def test_a_milder_check_does_not_wait_through_an_emergency() -> None:
    dialog = again(ticked("glaucoma").type("/check").tap("Do the check again"))
    dialog.type("chest pain").wait(hours=21).tap("Yes, nothing serious").type("/up")
    assert "Yes, that is right" not in dialog.buttons
    assert dialog.person.proposed is None


def test_an_old_ok_opens_no_other_refusal() -> None:
    dialog = ticked("glaucoma").type("/check").tap("A clinician")
    old = dialog.buttons["Yes, exactly that"]
    dialog.tap("No, or").wait(days=3).type("/check").tap("Do the check again")
    again(dialog, "heart").press("Yes", old)
    assert dialog.person.clearance is not None
    assert not dialog.person.clearance.open


def test_keeping_the_result_from_now_on_keeps_it() -> None:
    dialog = cleared(keep="Ask me each time").type("/settings").tap("Keep the result")
    assert dialog.wait(days=3).person.clearance is not None
