"""A page of the check as a form, and what else a message tells a platform that can show more."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.conversation.check import EVERY_LINE, NONE
from bot.conversation.person import Person
from bot.events import As, Chosen, Form, Press
from bot.practice.clearance import Clearance
from bot.practice.questionnaire import PAGES, lines
from tests.dialog import Dialog, cleared, resting


def asked() -> Dialog:
    return Dialog().type("/start").tap("I agree")


def form(dialog: Dialog) -> Form:
    (found,) = [message.form for message in dialog.messages if message.form]
    return found


def hand_in(dialog: Dialog, *values: str) -> Dialog:
    return dialog.event(Chosen(form(dialog).data, values))


def result(person: Person) -> Clearance | None:
    return person.clearance


def test_a_page_is_a_form_too_with_all_its_lines_and_none_of_these() -> None:
    for page in range(1, PAGES + 1):
        dialog = asked()
        for _ in range(page - 1):
            dialog.tap("None of these")
        found = form(dialog)
        assert [option.value for option in found.options] == [*lines(page), NONE]
        assert len(found.options) <= 10
        assert all(len(option.label) <= 100 for option in found.options)
        assert len(found.title) <= 45
        assert found.shown is As.CLOSED
        labels = [button.label for row in found.buttons for button in row]
        assert labels == ["None of these", "Tick lines", "Can't see the form?"]


@pytest.mark.parametrize(("label", "how"), [("Tick lines", As.PAGE), ("Can't see", As.LIST)])
def test_one_tap_opens_it(label: str, how: As) -> None:
    dialog = asked()
    (data,) = [b.data for row in form(dialog).buttons for b in row if b.label.startswith(label)]
    dialog.event(Press(data))
    assert form(dialog).shown is how
    assert dialog.messages[0].slot == "check"


@given(some.lists(some.sets(some.sampled_from(EVERY_LINE)), min_size=PAGES, max_size=PAGES))
def test_a_form_comes_to_the_same_as_the_buttons(chosen: list[set[str]]) -> None:
    by_form, by_buttons = asked(), asked()
    for page, wanted in enumerate(chosen, 1):
        here = [name for name in lines(page) if name in wanted]
        hand_in(by_form, *(here or [NONE]))
        for name in here:
            full = next(o.label for o in form(by_buttons).options if o.value == name)
            by_buttons.tap(full)
        by_buttons.tap("Done, next" if here else "None of these")
    assert by_form.person.check == by_buttons.person.check
    assert result(by_form.person) == result(by_buttons.person)
    assert by_form.said == by_buttons.said


def test_none_of_these_beside_a_tick_counts_the_tick_and_is_asked_again() -> None:
    dialog = hand_in(asked(), NONE, "heart")
    assert "Something is ticked on this page" in dialog.said
    assert dialog.person.check is not None
    assert (dialog.person.check.page, dialog.person.check.ticks) == (1, ("heart",))
    assert [option.value for option in form(dialog).options if option.chosen] == ["heart"]


def test_a_form_takes_ticks_away_that_are_not_in_it_any_more() -> None:
    dialog = hand_in(asked().tap("1 Heart"), "clot_now")
    assert dialog.person.check is not None
    assert (dialog.person.check.page, dialog.person.check.ticks) == (2, ("clot_now",))


@pytest.mark.parametrize("values", [(), ("nonsense",), ("glaucoma",), ("x" * 4000,)])
def test_a_form_with_nothing_of_its_page_asks_again(values: tuple[str, ...]) -> None:
    dialog = asked().tap("1 Heart")
    hand_in(dialog, *values)
    assert "I can only read the buttons here" in dialog.said
    assert dialog.person.check is not None
    assert dialog.person.check.page == 1


def shapes(dialog: Dialog) -> Iterable[str]:
    written = form(dialog).data
    return (
        written.replace("|7|", "|8|"),
        written.replace("|lines|", "|tick|"),
        written[:-1] + "2",
        "1|0|lines|1",
        "",
        "lines",
    )


def test_a_form_of_somebody_else_of_another_page_or_of_nobody_changes_nothing() -> None:
    for data in shapes(asked()):
        dialog = asked()
        before = dialog.person.check
        dialog.event(Chosen(data, ("heart",)))
        assert dialog.person.check == before
        assert dialog.said  # where things stand, with what to do


def test_a_form_that_comes_after_the_check_is_over_changes_nothing() -> None:
    data = form(asked()).data
    dialog = cleared()
    before = dialog.person.clearance
    dialog.event(Chosen(data, ("heart",)))
    assert dialog.person.clearance == before
    assert dialog.person.check is None


def test_a_form_that_is_handed_in_twice_answers_one_page() -> None:
    dialog = asked()
    data = form(dialog).data
    dialog.event(Chosen(data, (NONE,))).event(Chosen(data, (NONE,)))
    assert dialog.person.check is not None
    assert dialog.person.check.page == 2


# What belongs to a rest, and what may be typed


def test_what_is_said_while_a_rest_is_under_way_belongs_to_it() -> None:
    dialog = cleared().tap("Now")
    assert not any(message.in_rest for message in dialog.messages)
    dialog.tap("None of these, start")
    assert all(message.in_rest for message in dialog.messages)
    dialog = resting()
    for _ in range(3):
        dialog.wake()
        assert all(message.in_rest for message in dialog.messages)


def test_what_ends_a_rest_does_not() -> None:
    dialog = resting().tap("Come down").tap("Lighter")
    assert dialog.hold is None
    assert not any(message.in_rest for message in dialog.messages)


def test_a_question_that_may_be_typed_says_so() -> None:
    assert cleared().type("/zone").messages[-1].typed
    assert not cleared().type("/stats").messages[-1].typed
