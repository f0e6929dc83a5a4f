"""One person on both platforms: from the code to the last reminder, and apart again."""

import dataclasses
import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.content.routine import routine
from bot.conversation import check, closures, linking, merging, step
from bot.conversation.agenda import Agenda, Bedtime, Offer, Wanted
from bot.conversation.buttons import parse
from bot.conversation.linking import LASTS, WRONG_AT_MOST
from bot.conversation.person import (
    WRONG_FOR,
    Check,
    Closed,
    Consent,
    Habits,
    Home,
    Keep,
    Linking,
    Person,
)
from bot.conversation.reply import country
from bot.events import Address, Command, Press
from bot.practice.clearance import RAISED, Clearance, Variation
from bot.practice.questionnaire import assess
from tests.chats import DISCORD, TELEGRAM, Chats, asked, code_in, linked, someone, two
from tests.dialog import Dialog
from tests.test_buttons import RELEASED, shape

UNKNOWN = "That code does not work"

# The code


def test_a_code_is_given_where_it_is_asked_for_and_said_in_the_other_chat() -> None:
    chats = two().type(TELEGRAM, "/link")
    assert "/link BCDF-GHJ2" in chats.said[TELEGRAM]
    assert "10 minutes" in chats.said[TELEGRAM]
    assert DISCORD not in chats.said


@pytest.mark.parametrize("typed", ["BCDF-GHJ2", "bcdf-ghj2", "bcdfghj2", " BCDF GHJ2 "])
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    chats = two().type(TELEGRAM, "/link").type(DISCORD, f"/link {typed}")
    assert "one person to me" in chats.said[DISCORD]


def test_both_say_yes_and_are_one() -> None:
    chats = asked(two())
    assert TELEGRAM not in chats.said, "nobody hears of it before it was meant"
    chats.tap(DISCORD, "Yes, that is me")
    assert "Was that you?" in chats.said[TELEGRAM]
    assert "telegram" in chats.said[DISCORD].casefold()
    chats.tap(TELEGRAM, "Yes, link us")
    assert chats.said[TELEGRAM].startswith("Linked. Telegram and Discord")
    assert chats.said[DISCORD].startswith("Linked. Discord and Telegram")
    assert chats.who == {TELEGRAM: 7, DISCORD: 7}, "the older one stays"
    assert chats.people.keys() == {7}
    assert chats.links == []


def test_the_older_one_stays_whoever_asks() -> None:
    chats = linked(two(someone(9), someone(7)))
    assert chats.people.keys() == {7}


@pytest.mark.parametrize("wrong", ["BCDF-GHJ3", "hello", "BCDF"])
def test_what_does_not_work_has_one_wording(wrong: str) -> None:
    chats = two().type(TELEGRAM, "/link").type(DISCORD, f"/link {wrong}")
    assert chats.said[DISCORD].startswith(UNKNOWN)


def test_a_code_is_over_after_its_minutes() -> None:
    chats = two().type(TELEGRAM, "/link")
    code = code_in(chats)
    chats.wait(seconds=LASTS.total_seconds()).type(DISCORD, f"/link {code}")
    assert chats.said[DISCORD].startswith(UNKNOWN)
    assert chats.links == []


def test_a_code_that_somebody_has_named_is_nobody_elses() -> None:
    third = Address("terminal", "x")
    chats = Chats({TELEGRAM: someone(7), DISCORD: someone(9), third: someone(11)})
    chats.type(TELEGRAM, "/link")
    code = code_in(chats)
    chats.type(DISCORD, f"/link {code}").type(third, f"/link {code}")
    assert chats.said[third].startswith(UNKNOWN)
    linked(chats).type(third, f"/link {code}")
    assert chats.said[third].startswith(UNKNOWN)


def test_ones_own_code_and_one_of_the_same_platform() -> None:
    other = Address("telegram", "other")
    chats = Chats({TELEGRAM: someone(7), other: someone(9)}).type(TELEGRAM, "/link")
    code = code_in(chats)
    chats.type(TELEGRAM, f"/link {code}")
    assert "the code of this chat" in chats.said[TELEGRAM]
    assert chats.at(TELEGRAM).tries == ()
    chats.type(other, f"/link {code}")
    assert "one chat of each platform" in chats.said[other]


def test_who_names_many_wrong_codes_waits_even_with_a_right_one() -> None:
    chats = two().type(TELEGRAM, "/link")
    code = code_in(chats)
    for n in range(WRONG_AT_MOST):
        chats.type(DISCORD, f"/link KKKK-KKK{n + 2}")
        assert chats.said[DISCORD].startswith(UNKNOWN)
    chats.type(DISCORD, f"/link {code}")
    assert "in an hour" in chats.said[DISCORD]
    chats.wake(DISCORD)
    assert chats.at(DISCORD).tries == ()
    linked(chats)
    assert chats.who[DISCORD] == 7


def test_what_is_no_code_at_all_is_not_counted() -> None:
    chats = two()
    for _ in range(2 * WRONG_AT_MOST):
        chats.type(DISCORD, "/link telegram please")
    assert chats.said[DISCORD].startswith(UNKNOWN)
    assert chats.at(DISCORD).tries == ()


# What stands in the way


@pytest.mark.parametrize("place", [TELEGRAM, DISCORD])
def test_no_agrees_first(place: Address) -> None:
    stranger = Dialog(person_id=7 if place == TELEGRAM else 9)
    chats = two(stranger, None) if place == TELEGRAM else two(None, stranger)
    for said in ("/link", "/link BCDF-GHJ2", "/link KKKK-KKKK"):
        chats.type(place, said)
        assert "whether I may keep anything" in chats.said[place]
        assert "Do you agree?" in chats.said[place]
    assert chats.links == []


def test_an_old_yes_is_none() -> None:
    chats = two(someone(7).agreed_to(0)).type(TELEGRAM, "/link")
    assert "Do you agree?" in chats.said[TELEGRAM]


def test_who_keeps_nothing_has_nothing_to_link() -> None:
    chats = two(someone(7, keep="Ask me each time")).type(TELEGRAM, "/link")
    assert "/settings lets me keep the result" in chats.said[TELEGRAM]


def test_a_rest_is_finished_first_at_every_step() -> None:
    chats = two().type(DISCORD, "/seat").type(DISCORD, "/link")
    assert "Finish it first" in chats.said[DISCORD]
    chats = two().type(TELEGRAM, "/link")
    code = code_in(chats)
    chats.type(DISCORD, "/seat").type(DISCORD, f"/link {code}")
    assert "Finish it first" in chats.said[DISCORD]
    chats = asked(two()).type(DISCORD, "/seat").tap(DISCORD, "Yes, that is me")
    assert "Finish it first" in chats.said[DISCORD]
    chats = asked(two()).tap(DISCORD, "Yes, that is me").type(DISCORD, "/seat")
    chats.tap(TELEGRAM, "Yes, link us")
    assert "In the other chat a rest is under way" in chats.said[TELEGRAM]
    assert chats.who == {TELEGRAM: 7, DISCORD: 9}
    chats = asked(two()).tap(DISCORD, "Yes, that is me").type(TELEGRAM, "/seat")
    chats.tap(TELEGRAM, "Yes, link us")
    assert "Finish it first" in chats.said[TELEGRAM]
    assert chats.who == {TELEGRAM: 7, DISCORD: 9}


def test_who_keeps_nothing_by_now_is_not_linked() -> None:
    chats = asked(two()).tap(DISCORD, "Yes, that is me")
    chats.type(DISCORD, "/settings").tap(DISCORD, "Keep nothing").tap(TELEGRAM, "Yes, link us")
    assert "In the other chat I may keep nothing" in chats.said[TELEGRAM]
    assert chats.who == {TELEGRAM: 7, DISCORD: 9}


def test_whoever_asks_confirms_last_and_not_before_the_other() -> None:
    chats = asked(two())
    number = chats.links[0].number
    chats.event(TELEGRAM, Press(f"1|7|link|{number}|yes"))
    assert chats.who == {TELEGRAM: 7, DISCORD: 9}


# Called off


def test_either_side_calls_it_off_until_the_end() -> None:
    chats = two().type(TELEGRAM, "/link")
    code = code_in(chats)
    chats.tap(TELEGRAM, "Never mind").type(DISCORD, f"/link {code}")
    assert chats.said[DISCORD].startswith(UNKNOWN)
    chats = asked(two()).tap(DISCORD, "No")
    assert "Nothing has changed" in chats.said[DISCORD]
    assert "called off on Discord" in chats.said[TELEGRAM]
    chats = asked(two()).tap(DISCORD, "Yes, that is me").tap(DISCORD, "Never mind")
    assert "called off on Discord" in chats.said[TELEGRAM]
    chats.tap(TELEGRAM, "Yes, link us")
    assert "over" in chats.said[TELEGRAM]
    chats = asked(two()).tap(DISCORD, "Yes, that is me").tap(TELEGRAM, "No, that was not me")
    assert "called off on Telegram" in chats.said[DISCORD]
    assert chats.links == []
    assert chats.who == {TELEGRAM: 7, DISCORD: 9}


def test_nobody_learns_how_the_other_is_called() -> None:
    chats = linked(two())
    assert not any(place.chat_id in line.split() for place in chats.who for line in chats.lines)


# What they keep


def test_the_reminders_and_the_refusal_of_telegram_are_kept() -> None:
    telegram = someone(7, "Heart").type("/bedtime 22:00 exactly")
    refusal = telegram.person.clearance
    chats = linked(two(telegram, someone(9)))
    assert refusal is not None
    assert chats.at(DISCORD).clearance == replace(refusal, on=refusal.on)
    assert "22:00" in chats.type(DISCORD, "/reminders").said[DISCORD]
    assert "First ask a clinician" in chats.type(DISCORD, "/up").said[DISCORD]


def test_the_refusal_of_who_came_later_counts_as_much() -> None:
    chats = linked(two(someone(7), someone(9, "Heart")))
    assert "the stricter result counts" in chats.said[TELEGRAM]
    assert "First ask a clinician" in chats.type(TELEGRAM, "/up").said[TELEGRAM]


def test_the_list_is_said_and_undo_leaves_what_was_here() -> None:
    telegram = someone(7).type("/bedtime 22:00 exactly")
    discord = someone(9).type("/runs Tue 18:30, one hour").type("/remind tomorrow at 7")
    chats = linked(two(telegram, discord))
    for each in ("22:00", "18:30", "07:00", "Undo leaves those that you had on Telegram"):
        assert each in chats.said[TELEGRAM]
    chats.tap(TELEGRAM, "Undo").type(TELEGRAM, "/reminders")
    assert "22:00" in chats.said[TELEGRAM]
    assert "18:30" not in chats.said[TELEGRAM]


def test_what_both_wanted_is_wanted_once() -> None:
    telegram = someone(7).type("/bedtime 22:00 exactly").type("/remind tomorrow at 7")
    discord = someone(9).type("/bedtime 22:00 exactly").type("/remind tomorrow at 7")
    chats = linked(two(telegram, discord))
    wanted = chats.at(TELEGRAM).agenda.wanted
    assert len(wanted.bedtimes) == len(wanted.once) == 1
    assert "one list" not in chats.said[TELEGRAM], "nothing has changed here"


def test_two_that_are_put_off_are_both_kept() -> None:
    telegram, discord = someone(7).type("/ran").tap("In 30 min"), someone(9)
    late = discord.now + timedelta(hours=2)
    discord.scene = replace(
        discord.scene, person=replace(discord.person, offer=Offer(late, 1), next_number=5)
    )
    one = linked(two(telegram, discord)).at(TELEGRAM)
    assert one.offer == telegram.person.offer
    assert [each.at for each in one.agenda.wanted.once] == [late]


# Buttons of before


def test_old_buttons_mean_their_own_thing() -> None:
    telegram = someone(7).type("/remind tomorrow at 7").type("/reminders")
    discord = someone(9).type("/remind tomorrow at 7:30").type("/reminders")
    assert parse(telegram.buttons["Take away 07:00"]).about == (  # type: ignore[union-attr]  # ours
        parse(discord.buttons["Take away 07:30"]).about  # type: ignore[union-attr]  # ours
    ), "the same number of each"
    chats = linked(two(telegram, discord)).event(DISCORD, Press(discord.buttons["Take away 07:30"]))
    assert "07:00" in chats.type(DISCORD, "/reminders").said[DISCORD]
    assert "07:30" not in chats.said[DISCORD]


def test_an_old_button_of_something_over_is_answered_kindly() -> None:
    discord = someone(9).tap("Now")
    chats = linked(two(None, discord))
    chats.event(DISCORD, Press(discord.buttons["None of these, start"]))
    assert "over" in chats.said[DISCORD]
    assert chats.at(DISCORD).hold is None


def test_somebody_who_was_two_before_knows_the_buttons_of_three() -> None:
    three, two_, one = (Person(n, next_number=10 * n) for n in (3, 2, 1))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    both = merging.merged(two_, three, now)
    all_ = merging.merged(one, both, now)
    assert dict(all_.formerly) == {2: 10, 3: 10 + 20}
    pressed = parse("1|3|card|5|start")
    assert pressed is not None
    assert merging.translated(all_, pressed).parts == ("card", "35", "start")


@pytest.mark.parametrize("written", RELEASED)
def test_every_released_button_has_a_rule_for_its_number(written: str) -> None:
    found = parse(written)
    assert found is not None
    at = merging.NUMBERED.get(found.verb)
    assert at is not None or found.verb in WITHOUT
    moved = merging.translated(Person(1, formerly=((found.owner, 1000),)), found)
    for n, (before, after) in enumerate(zip(found.about, moved.about, strict=True)):
        assert (before != after) == (n == at and before.isdecimal())


WITHOUT = {
    *("age", "bedtime", "consent", "faq", "forget", "keep", "language", "next", "once", "pause"),
    *("quiet", "ran", "resume", "seat", "up", "why", "zone", "place", "unlink", "pin"),
    *("tick", "page", "none", "lines", "check"),  # pages of the check, the same for everybody
    "link",  # the number of a code, which is nobody's own
    *("club", "cheer", "after", "enter", "together", "joining", "entry", "member"),  # a club's
}
"""Verbs whose buttons name nothing of somebody's by number."""


def test_every_number_of_the_newer_follows_on_the_older() -> None:
    """A walk through all that a person is made of: a number that is left as it is fails here."""
    discord = someone(9).type("/remind tomorrow at 7").type("/ran").tap("In 30 min")
    person = replace(
        discord.person, closed=(Closed("exit", 3),), home=Home("Europe/Paris", "FR", None, 4)
    )

    def numbers(value: object, path: str = "") -> dict[str, int]:
        if dataclasses.is_dataclass(value):
            found: dict[str, int] = {}
            for field in dataclasses.fields(value):
                inner = getattr(value, field.name)
                here = f"{path}.{field.name}"
                if field.name in ("number", "settled", "change", "next_number"):
                    found[here] = inner
                found |= numbers(inner, here)
            return found
        if isinstance(value, tuple):
            every = [numbers(each, f"{path}[{n}]") for n, each in enumerate(value)]
            return {key: n for each in every for key, n in each.items()}
        return {}

    before, after = numbers(person), numbers(merging.shifted(person, 1000))
    assert len(before) > 6
    kept = {key for key in before if not key.startswith((".card", ".check", ".asking", ".hold"))}
    assert {key for key in kept if before[key] and after[key] != before[key] + 1000} == set()


# Where reminders go


def test_where_reminders_go_is_said_once_and_changed_with_a_tap() -> None:
    chats = linked(two())
    assert "Reminders go where you last wrote" in chats.said[TELEGRAM]
    assert "Reminders go" not in chats.said[DISCORD]
    chats.tap(TELEGRAM, "Always on Discord")
    assert chats.at(TELEGRAM).pinned == "discord"
    assert "Reminders go to Discord" in chats.type(TELEGRAM, "/link").said[TELEGRAM]
    chats.tap(TELEGRAM, "Where I last wrote")
    assert chats.at(TELEGRAM).pinned == ""


@pytest.mark.parametrize("asks", ["/settings", "/reminders"])
def test_the_choice_is_found_again_by_whoever_is_linked_only(asks: str) -> None:
    chats = two().type(TELEGRAM, asks)
    assert "Where they go" not in chats.buttons[TELEGRAM]
    linked(chats).type(TELEGRAM, asks).tap(TELEGRAM, "Where they go")
    assert "Linked: Telegram and Discord" in chats.said[TELEGRAM]


def test_forget_says_that_it_is_for_both() -> None:
    said = linked(two()).type(DISCORD, "/forget").said[DISCORD]
    assert "Discord and Telegram" in said


# Two again


def test_whoever_leaves_has_what_keeps_legs_down_and_nothing_else() -> None:
    telegram = someone(7, "Heart").type("/bedtime 22:00 exactly")
    chats = linked(two(telegram, someone(9))).type(DISCORD, "/unlink")
    before = chats.at(DISCORD)
    chats.tap(DISCORD, "Unlink")
    left, stays = chats.at(DISCORD), chats.at(TELEGRAM)
    assert chats.who[TELEGRAM] == 7
    assert chats.who[DISCORD] not in (7, 9)
    assert left.clearance == before.clearance
    assert left.consent == before.consent
    assert (left.agenda, left.habits, left.zone, left.formerly) == (
        Person(0).agenda,
        Habits(),
        "",
        (),
    )
    assert stays.agenda.wanted.bedtimes
    assert "not linked any more" in chats.said[TELEGRAM]
    assert "First ask a clinician" in chats.type(DISCORD, "/up").said[DISCORD]


def test_unlink_without_a_link_or_in_a_rest_or_not_meant() -> None:
    assert "not linked" in two().type(TELEGRAM, "/unlink").said[TELEGRAM]
    chats = linked(two()).type(TELEGRAM, "/unlink").type(TELEGRAM, "/seat")
    assert "Finish it first" in chats.tap(TELEGRAM, "Unlink").said[TELEGRAM]
    chats = linked(two()).type(TELEGRAM, "/unlink").tap(TELEGRAM, "Stay linked")
    assert chats.who == {TELEGRAM: 7, DISCORD: 7}


def test_in_a_group_neither_the_code_nor_anything_else_is_shown() -> None:
    dialog, club = someone(7), Address("discord", "club")
    needs = Linking(places=(dialog.scene.address,), code="BCDFGHJ2", name="ab")
    scene = replace(dialog.scene, group=club, linking=needs)
    _, said = step(scene, Command("link"), dialog.now)
    assert any("BCDF-GHJ2" in message.text for message in said if message.to != club)
    assert not any("BCDF" in message.text for message in said if message.to == club)


# Nobody gets anything milder by it

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
TODAY = NOW.date()
LINES = [name for name in check.EVERY_LINE if name != "under_18"]
MILD = [name for name in LINES if assess((name,), TODAY).open]


def seldom(what: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    """Nothing, most of the time: most people have little that stands in the way."""
    return some.integers(0, 9).flatmap(lambda n: what if n == 4 else some.none())


results = some.builds(
    lambda ticks, ago, born: assess(
        (*ticks, *(("under_18",) if born else ())), TODAY - timedelta(days=ago), born
    ),
    some.lists(some.sampled_from(LINES), max_size=2, unique=True),
    some.integers(0, 500),
    seldom(some.dates(date(2008, 6, 1), date(2013, 1, 1)).map(lambda day: day.replace(day=1))),
)
moments = some.integers(0, 24 * 30).map(lambda hours: NOW - timedelta(hours=hours))
entries = some.builds(
    Closed,
    some.sampled_from(("doctor", "exit", "tingling", "day", "eyes", "leg", "signs")),
    some.integers(1, 20),
    until=some.none() | some.integers(1, 90).map(lambda hours: NOW + timedelta(hours=hours)),
    ask_at=some.none() | some.integers(1, 90).map(lambda hours: NOW + timedelta(hours=hours)),
    slip=some.booleans(),
)
habits = some.builds(
    Habits,
    variation=some.none() | some.sampled_from(RAISED),
    minutes=some.sampled_from((0, 3, 5, 8, 10)),
    comfortable=some.integers(0, 20),
    at_length=some.integers(0, 5),
    rests=some.integers(0, 30),
    last=some.none() | moments,
)


@some.composite
def person(draw: some.DrawFn, who: int) -> Person:
    found = draw(results) if draw(some.integers(0, 5)) != 3 else None
    plain = Person(
        who,
        zone="Europe/Berlin",
        consent=Consent(Keep.RESULT, routine().consent_version, NOW),
        clearance=found,
        settled=draw(some.integers(1, 5)) if found else draw(some.sampled_from((0, 0, 4))),
        habits=draw(habits),
        next_number=30,
    )
    if draw(some.sampled_from((True, True, True, False))):
        return plain
    closed = {entry.kind: entry for entry in draw(some.lists(entries, max_size=3))}
    return replace(
        plain,
        refused_at=draw(some.none() | moments),
        carried=draw(some.none() | some.just(assess(("glaucoma",), TODAY))),
        check=draw(some.none() | some.just(Check(NOW))),
        proposed=draw(some.none() | results),
        closed=tuple(closed.values()),
    )


def never_asked(who: Person) -> bool:
    return merging._never_asked(who)


def grown_up(who: Person, day: date) -> bool:
    """Whether a birthday has ended what was found: a question of the calendar, not of health."""
    guarded = who.clearance.guarded_until if who.clearance else None
    return guarded is not None and guarded <= day


def may(who: Person, at: datetime) -> Clearance | None:
    """What somebody may do with raised legs at that moment, without a further answer."""
    if closures.is_closed(who, at) or not check.may_go_up(who, at):
        return None
    return check.current(who, at)


@given(person(1), person(2), some.integers(0, 30) | some.integers(0, 90) | some.integers(0, 450))
@settings(max_examples=300, deadline=None)
def test_nobody_may_do_more_by_linking(older: Person, newer: Person, days: int) -> None:
    one, at = merging.merged(older, newer, NOW), NOW + timedelta(days=days)
    found = may(one, at)
    assert one.habits.comfortable <= max(older.habits.comfortable, newer.habits.comfortable)
    for each in (older, newer):
        assert {entry.kind for entry in each.closed} <= {entry.kind for entry in one.closed}
        for entry in each.closed:
            kept = closures.closed_for(one, entry.kind)
            assert kept is not None
            assert kept.until is None or (entry.until is not None and kept.until >= entry.until)
        if each.refused_at:
            assert one.refused_at is not None
            assert one.refused_at >= each.refused_at
        assert one.carried or not each.carried
        if each.clearance and not each.clearance.open:
            assert one.clearance is not None
            assert not one.clearance.open
        if found is None or never_asked(each) or grown_up(each, at.date()):
            continue
        alone = may(each, at)
        assert alone is not None
        assert {*found.variations} <= {*alone.variations}
        assert found.longest <= alone.longest
        assert found.seconds_to_sit >= alone.seconds_to_sit
        assert found.hours_after_food >= alone.hours_after_food
        assert found.someone_nearby >= alone.someone_nearby
        for field in ("may_use_floor", "may_lift_hips", "may_hold_breath", "may_draw_knees"):
            assert getattr(found, field) <= getattr(alone, field)
        assert (found.guarded_until or date.min) >= (alone.guarded_until or date.min)


def test_of_two_results_the_first_to_lapse_takes_both_along() -> None:
    unused = assess((), TODAY - timedelta(days=50))
    used = Person(1, clearance=assess((), TODAY), habits=Habits(rests=1, last=NOW))
    consent = Consent(Keep.RESULT, routine().consent_version, NOW)
    people = [
        replace(used, consent=consent, settled=1),
        Person(2, consent=consent, clearance=unused, settled=1),
    ]
    one = merging.merged(people[0], people[1], NOW)
    for days, holds in ((0, True), (9, True), (10, False)):
        at = NOW + timedelta(days=days)
        assert check.may_go_up(one, at) == check.may_go_up(people[1], at) == holds


@given(person(1), person(2))
def test_no_clinicians_ok_opens_more_than_both_have(older: Person, newer: Person) -> None:
    one = merging.merged(older, newer, NOW)
    if one.clearance is None or one.clearance.opens is None:
        return
    for each in (older.clearance, newer.clearance):
        if each is not None:
            most = each if each.open else each.opens
            assert most is not None
            assert {*one.clearance.opens.variations} <= {*most.variations}
            assert one.clearance.opens.longest <= most.longest


@pytest.mark.parametrize("lapsed", ["old_back", "reflux", "floor"])
@pytest.mark.parametrize("told", ["pressure_high", "pressure_treated", "clot_before"])
@pytest.mark.parametrize("first", ["lapsed", "told"])
def test_a_result_that_lapsed_still_binds_what_an_ok_may_open(
    lapsed: str, told: str, first: str
) -> None:
    consent = Consent(Keep.RESULT, routine().consent_version, NOW)
    long_ago = assess((lapsed,), TODAY - timedelta(days=500))
    results = (long_ago, assess((told,), TODAY))
    older, newer = (
        Person(who, consent=consent, clearance=found, settled=1, next_number=30)
        for who, found in enumerate(results if first == "lapsed" else results[::-1], 1)
    )
    opens = merging.merged(older, newer, NOW).clearance
    assert opens is not None
    assert opens.opens is not None
    assert {*opens.opens.variations} <= {*long_ago.variations}
    assert opens.opens.longest <= long_ago.longest


@given(person(1), person(2))
def test_no_lock_is_shed_by_linking_and_unlinking(older: Person, newer: Person) -> None:
    one = merging.merged(older, newer, NOW)
    left = merging.leaving(one, 3, NOW)
    assert [replace(entry, number=0) for entry in left.closed] == [
        replace(entry, number=0) for entry in one.closed
    ]
    assert (left.carried, left.refused_at) == (one.carried, one.refused_at)
    if one.clearance is not None and not one.clearance.open:
        assert left.clearance == one.clearance
    for days in (0, 30, 200):
        at = NOW + timedelta(days=days)
        assert may(left, at) in (None, may(replace(one, zone=""), at))


@given(person(1), person(2))
def test_linking_again_with_nobody_changes_nothing_of_it(older: Person, newer: Person) -> None:
    one = merging.merged(older, newer, NOW)
    again = merging.merged(one, Person(5, consent=one.consent), NOW)
    assert again.clearance == one.clearance
    assert again.closed == one.closed


def test_a_check_under_way_counts_as_one_to_do() -> None:
    discord = Dialog(person_id=9).type("/start").tap("I agree").tap("1 Heart")
    chats = linked(two(someone(7), discord))
    assert chats.at(TELEGRAM).clearance is None
    assert "the health questions once more" in chats.said[TELEGRAM]


def test_who_was_never_asked_takes_over_the_result() -> None:
    fresh = someone(9)
    fresh.scene = replace(
        fresh.scene, person=Person(9, consent=fresh.person.consent, zone="Europe/Berlin")
    )
    chats = linked(two(someone(7), fresh))
    assert check.may_go_up(chats.at(DISCORD), chats.now)


def test_habits_are_the_gentler_ones() -> None:
    one = Habits(Variation.CLASSIC, minutes=10, comfortable=12, at_length=3, rests=20)
    other = Habits(Variation.KNEES_BENT, minutes=5, comfortable=2, at_length=4, rests=4)
    both = merging.merged(Person(1, habits=one), Person(2, habits=other), NOW).habits
    assert (both.variation, both.minutes) == (Variation.KNEES_BENT, 5)
    assert (both.comfortable, both.at_length, both.rests) == (2, 3, 24)


def test_a_weekday_with_two_bedtimes_keeps_the_older_ones() -> None:
    agendas = (Bedtime(time(22)), Bedtime(time(21), days=(0, 1)))
    people = [
        Person(n, agenda=Agenda(Wanted(bedtimes=(each,)))) for n, each in enumerate(agendas, 1)
    ]
    wanted = merging.merged(people[0], people[1], NOW).agenda.wanted
    assert wanted.bedtimes == (agendas[0],)


def test_every_button_of_linking_is_released() -> None:
    chats = linked(two(someone(7).type("/bedtime 22:00"), someone(9).type("/runs Tue 18:00")))
    chats.tap(TELEGRAM, "Always on Discord").type(TELEGRAM, "/link").type(DISCORD, "/settings")
    chats.type(DISCORD, "/unlink").type(TELEGRAM, "/link")
    released = {shape(each) for each in RELEASED}
    assert {shape(each) for each in chats.every_data} <= released


def test_each_code_is_spelled_in_letters_that_nobody_takes_for_another() -> None:
    assert not {*"AEIOULO01"} & {*linking.ALPHABET}
    assert len(linking.ALPHABET) ** linking.LENGTH > 10**11
    for each in itertools.islice(linking.ALPHABET, 5):
        assert linking.spelled(each * 8)
    assert WRONG_FOR > LASTS


# What somebody could try


def test_who_is_asked_is_asked_once_and_the_code_lives_no_longer() -> None:
    chats = asked(two()).tap(DISCORD, "Yes, that is me")
    yes = chats.buttons[DISCORD]["Yes, that is me"]
    for _ in range(4):
        chats.wait(minutes=4).event(DISCORD, Press(yes))
        assert TELEGRAM not in chats.said or "Was that you?" not in chats.said[TELEGRAM]
    chats.tap(TELEGRAM, "Yes, link us")
    assert not chats.said[TELEGRAM].startswith("Linked.")


def test_a_code_that_two_have_named_links_nobody() -> None:
    third = Address("terminal", "x")
    chats = Chats({TELEGRAM: someone(7), DISCORD: someone(9), third: someone(11)})
    chats.type(TELEGRAM, "/link")
    code = code_in(chats)
    chats.type(third, f"/link {code}").tap(third, "Yes, that is me")
    chats.type(DISCORD, f"/link {code}")
    assert chats.said[DISCORD].startswith(UNKNOWN)
    assert "Not linked" in chats.said[TELEGRAM]
    chats.tap(TELEGRAM, "Yes, link us")
    assert not chats.said[TELEGRAM].startswith("Linked.")


def test_a_good_code_does_not_take_back_the_wrong_ones() -> None:
    chats = two()
    for n in range(4):
        chats.type(DISCORD, f"/link ZZZZ-ZZZ{n + 2}")
    chats.type(TELEGRAM, "/link")
    chats.type(DISCORD, f"/link {code_in(chats)}").type(DISCORD, "/link ZZZZ-ZZZ9")
    assert len(chats.at(DISCORD).tries) == 5


def test_a_check_that_is_owed_is_owed_after_unlinking_too() -> None:
    chats = linked(two()).type(DISCORD, "/check").tap(DISCORD, "Do the check again")
    chats.tap(DISCORD, "1 Heart").type(DISCORD, "/unlink").tap(DISCORD, "Unlink")
    chats.type(DISCORD, "/up")
    assert "1/4" in chats.said[DISCORD]
    assert chats.at(DISCORD).clearance is None


def test_reminders_that_are_off_on_one_side_are_said_to_be_off() -> None:
    telegram = someone(7).type("/bedtime 22:00")
    chats = linked(two(telegram, someone(9).type("/stop")))
    assert chats.at(TELEGRAM).quiet
    assert "Reminders are off" in chats.said[TELEGRAM]
    assert "Reminders are off" in chats.said[DISCORD]


def test_numbers_do_not_grow_with_each_link() -> None:
    one = Person(1, next_number=50)
    for n in range(30):
        one = merging.merged(one, merging.leaving(one, n + 2, NOW), NOW)
    assert one.next_number < 500


def test_the_emergency_number_is_that_of_the_clock() -> None:
    american = Person(2, country="US", consent=someone(9).person.consent)
    one = merging.merged(someone(7).person, american, NOW)
    assert country(one) == "DE"


def test_an_emergency_of_today_is_not_answered_away_by_one_of_yesterday() -> None:
    yesterday = someone(9, at="2026-11-21 16:00").type("chest pain")
    today = someone(7, at="2026-11-22 10:00").type("chest pain")
    asked_at = closures.closed_for(today.person, "doctor")
    one = merging.merged(today.person, yesterday.person, today.now)
    other = merging.merged(replace(yesterday.person, id=1), today.person, today.now)
    assert asked_at is not None
    for each in (one, other):
        entry = closures.closed_for(each, "doctor")
        assert entry is not None
        assert entry.ask_at == asked_at.ask_at
