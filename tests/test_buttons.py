"""Button data: read back as written, untrusted, and readable for good once released."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import step
from bot.conversation.buttons import LONGEST, Pressed, data, parse
from bot.events import Press
from tests.dialog import Dialog, cleared, resting

RELEASED = Path(__file__).with_name("released_buttons.txt").read_text(encoding="utf-8").split()
"""A press of every kind that a release has written. Lines are added, never taken away."""

PLACES = [
    (dialog.scene, dialog.now)
    for dialog in (Dialog(), cleared(), resting(), resting().wait(minutes=3))
]

part = st.from_regex(r"[a-z0-9_.-]{0,12}", fullmatch=True)


@given(
    st.integers(0, 10**12),
    st.from_regex(r"[a-z_]{1,10}", fullmatch=True),
    st.lists(part, max_size=3),
)
def test_what_is_written_is_read(owner: int, verb: str, about: list[str]) -> None:
    assert parse(data(owner, verb, *about)) == Pressed(owner, verb, tuple(about))


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_anything_else_is_no_button(written: str) -> None:
    found = parse(written)
    assert found is None or data(found.owner, found.verb, *found.about) == written


@pytest.mark.parametrize("about", [("x" * 25,), ("a", "b", "c", "d", "e"), ("A",), ("a b",)])
def test_data_that_no_platform_would_bring_back_is_not_written(about: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="no button data"):
        data(1, "hold", *about)


def test_the_longest_data_that_fits() -> None:
    fits = data(10**17, "emergency", "1" * 20, "x" * 12)
    assert len(fits) == LONGEST
    with pytest.raises(ValueError, match="no button data"):
        data(10**17, "emergency", "1" * 20, "x" * 13)


@pytest.mark.parametrize("written", RELEASED)
def test_a_released_button_is_still_read_and_answered(written: str) -> None:
    assert len(written.encode()) <= LONGEST
    assert parse(written) is not None
    for scene, now in PLACES:
        _, said = step(scene, Press(written), now)
        assert said


def test_every_button_of_this_release_has_its_line(every_shape: set[tuple[str, ...]]) -> None:
    released = {shape(written) for written in RELEASED}
    assert every_shape <= released


def shape(written: str) -> tuple[str, ...]:
    """A button without its owner and its numbers."""
    found = parse(written)
    assert found is not None
    return (found.verb, *("0" if each.isdecimal() else each for each in found.about))


@pytest.fixture(scope="module")
def every_shape() -> set[tuple[str, ...]]:
    from tests.test_transcripts import EVERY

    return {shape(written) for play in EVERY.values() for written in play().every_data}


def test_somebody_elses_button_does_nothing_and_is_answered_kindly() -> None:
    dialog = cleared().tap("Now")
    before = dialog.person
    dialog.event(Press(dialog.buttons["None of these, start"].replace("1|7|", "1|8|")))
    assert dialog.hold is None
    assert dialog.person.card == before.card
    assert "over" in dialog.said
    assert dialog.buttons


def test_a_strangers_button_is_everybodys() -> None:
    dialog = Dialog().type("/start")
    assert all(parse(written).owner == 0 for written in dialog.buttons.values())  # type: ignore[union-attr]  # all of ours parse
    assert dialog.tap("I agree").person.consent is not None


def test_the_buttons_of_a_rest_that_is_over_do_not_touch_the_next_one() -> None:
    dialog = resting()
    down = dialog.buttons["Come down"]
    dialog.tap("Come down").tap("Same").type("/up").tap("None of these, start").tap("Next")
    dialog.tap("Next").tap("I'm in place").event(Press(down))
    assert dialog.hold is not None
    assert dialog.hold.phase == "rest"
    assert "over" in dialog.said


def test_a_step_that_is_behind_is_not_skipped_twice() -> None:
    dialog = cleared().tap("Now").tap("None of these, start")
    following = dialog.buttons["Next"]
    dialog.event(Press(following)).event(Press(following))
    assert dialog.hold is not None
    assert dialog.hold.step == 2


def test_no_tick_travels_with_a_button_of_another_page_or_of_the_result() -> None:
    dialog = cleared("2026-11-22 16:00", "Heart")
    assert all("heart" not in written for written in dialog.buttons.values())
