"""What is offered while somebody types: short, in their language, and understood when sent."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.content.words import languages
from bot.conversation import suggestions
from bot.conversation.suggesting import MOST
from bot.practice.clearance import Variation
from tests.dialog import Dialog, cleared, moment

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
WHAT = ("way", "when", "evening", "city", "topic", "question", "nonsense")


def labels(what: str, typed: str, locale: str = "en") -> list[str]:
    return [label for label, _ in suggestions(what, typed, locale, NOW)]


def speaking(locale: str) -> Dialog:
    return cleared().type(f"/language {locale}")


@given(some.sampled_from(WHAT), some.text(max_size=120), some.sampled_from(["en", "de", "ja", ""]))
def test_whatever_is_typed_few_are_offered_and_each_once(what: str, typed: str, at: str) -> None:
    found = suggestions(what, typed, at, NOW)
    assert len(found) <= MOST
    assert len({label for label, _ in found}) == len(found)
    assert all(label.strip() and value.strip() for label, value in found)


@pytest.mark.parametrize("locale", languages())
@pytest.mark.parametrize(("what", "verb"), [("when", "remind"), ("evening", "bedtime")])
def test_each_time_that_is_offered_is_understood(locale: str, what: str, verb: str) -> None:
    found = suggestions(what, "", locale, NOW)
    assert len(found) >= 3
    for _, value in found:
        dialog = speaking(locale)
        before = dialog.person.agenda.wanted
        dialog.type(f"/{verb} {value}")
        assert dialog.person.agenda.wanted != before, value


@pytest.mark.parametrize("locale", languages())
def test_each_way_that_is_offered_is_one(locale: str) -> None:
    found = [value for _, value in suggestions("way", "", locale, NOW)]
    assert [Variation(value) for value in found] == [way for way in Variation if way.raised]


def test_each_topic_and_question_that_is_offered_has_an_answer() -> None:
    asked = (("topic", "why"), ("question", "faq"))
    for what, verb in asked:
        nothing = Dialog().type(f"/{verb}").said
        for _, value in suggestions(what, "", "en", NOW):
            assert Dialog().type(f"/{verb} {value}").said != nothing, value


def test_cities_come_by_the_beginning_of_a_name_the_largest_first() -> None:
    assert labels("city", "berl")[0] == "Berlin, Germany"
    assert labels("city", "BERL", "de")[0] == "Berlin, Deutschland"
    assert labels("city", "Münch", "de")[0].startswith("Munich")
    assert labels("city", "") == labels("city", "   ") == labels("city", "zzzzzz") == []


@pytest.mark.parametrize("typed", ["berl", "spring", "san", "new y", "par"])
def test_each_city_that_is_offered_is_understood(typed: str) -> None:
    for label in labels("city", typed):
        dialog = Dialog(zone="Asia/Tokyo").type("/start").tap("I agree").type(f"/zone {label}")
        assert dialog.person.asking is None or dialog.person.asking.zones, label


def test_what_is_typed_and_understood_is_offered_first() -> None:
    assert labels("when", "in 45 min")[0] == "in 45 min"
    assert labels("when", "tomorrow 6pm")[0] == "tomorrow 6pm"
    assert labels("when", "heute um halb zehn", "de")[0] == "heute um halb zehn"
    assert labels("when", "every even") == ["every evening 21:30"]
    assert labels("when", "qwertz") == []


# After a run that somebody posted


@pytest.mark.parametrize(
    "text",
    [
        "Easy 10k, Tue 19:00",
        "Tue 19:00, about 60 min",
        "Hey all! Tue 19:00 at the park, bring a light @everyone",
        "**Tue** run\nTue 7pm (meet at the gate)",
    ],
)
def test_a_reminder_after_a_run_that_a_post_tells_of(text: str) -> None:
    dialog = cleared().type(f"/after {text}")
    assert "Tuesday" in dialog.said
    dialog.tap("20:00")
    (once,) = dialog.person.agenda.wanted.once
    assert once.due(dialog.person.clock) == moment("2026-11-24 20:00", dialog.zone)


def test_a_moment_that_the_platform_draws_is_a_time() -> None:
    starts = moment("2026-11-22 18:30", Dialog().zone)
    dialog = cleared().type(f"/after @{int(starts.timestamp())}").tap("19:30")
    (once,) = dialog.person.agenda.wanted.once
    assert once.due(dialog.person.clock) == moment("2026-11-22 19:30", dialog.zone)


def test_what_a_post_says_is_no_cry_of_whoever_asks_to_be_reminded() -> None:
    text = "No pain no gain, stop at the park, chest out! Help needed. Tue 19:00"
    dialog = cleared().type(f"/after {text}")
    assert "Tuesday" in dialog.said
    assert not dialog.person.closed
    assert not dialog.person.quiet


def test_a_run_that_is_over_is_one_to_come_back_from() -> None:
    dialog = cleared()
    dialog.type(f"/after @{int(dialog.now.timestamp()) - 7200}")
    assert "Well run" in dialog.said


@pytest.mark.parametrize(
    "text", ["", "lol", "@", "@99999999999999999999", "@-5", "@١٢٣٤٥٦٧٨٩٠", "x" * 4000, "🏃" * 50]
)
def test_a_post_that_says_no_time_asks_for_it(text: str) -> None:
    dialog = cleared().type(f"/after {text}")
    assert dialog.person.asking is not None
    assert dialog.person.asking.kind == "once"
