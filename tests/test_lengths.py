"""How long: the table of the practice (C5)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.practice.clearance import Clearance
from bot.practice.lengths import ceiling, choices, grown, ladder, shrunk
from bot.practice.questionnaire import assess, with_clinician

TODAY = date(2026, 11, 22)
USUAL = assess([], TODAY)
GENTLER = assess(["reflux"], TODAY)


def opened(*ticks: str) -> Clearance:
    return with_clinician(assess(ticks, TODAY), TODAY)


EYES = opened("glaucoma")
HEART = opened("heart")

cleared = st.sampled_from([USUAL, GENTLER, EYES, HEART])


def growing(found: Clearance, rests: int) -> list[float]:
    """The suggestions, rest after rest, of someone who finds each one comfortable."""
    minutes, here, suggested = ladder(found)[0], 0, []
    for rest in range(1, rests + 1):
        suggested.append(minutes)
        here += 1
        longer = grown(found, minutes, here, rest)
        here = 0 if longer != minutes else here
        minutes = longer
    return suggested


def test_usual_the_first_three_are_three_minutes_then_five_eight_and_ten():
    assert growing(USUAL, 14) == [3, 3, 3, 5, 5, 5, 8, 8, 8, 10, 10, 10, 10, 10]


def test_gentler_the_first_three_are_two_minutes_then_three_and_five():
    assert growing(GENTLER, 14) == [2, 2, 2, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 5]


def test_growing_ends_at_the_limit_of_a_line():
    assert growing(EYES, 10) == [2, 2, 2, 3, 3, 3, 3, 3, 3, 3]
    assert growing(HEART, 10)[-1] == 5


def test_nothing_grows_before_it_was_comfortable_often_enough():
    assert grown(USUAL, 3, comfortable_here=2, rests=9) == 3
    assert grown(USUAL, 3, comfortable_here=3, rests=2) == 3
    assert grown(USUAL, 3, comfortable_here=3, rests=3) == 5


def test_a_length_between_two_steps_grows_to_the_next_and_shrinks_to_the_one_before():
    assert grown(USUAL, 4, comfortable_here=3, rests=9) == 5
    assert shrunk(USUAL, 4) == 3


def test_one_chosen_beyond_the_suggestions_stays():
    assert grown(USUAL, 15, comfortable_here=9, rests=9) == 15
    assert grown(GENTLER, 10, comfortable_here=9, rests=9) == 10


def test_after_a_worse_one_it_is_one_step_shorter_and_never_below_the_first():
    assert [shrunk(USUAL, m) for m in (15, 10, 8, 5, 3)] == [10, 8, 5, 3, 3]
    assert [shrunk(GENTLER, m) for m in (10, 5, 3, 2)] == [5, 3, 2, 2]


@pytest.mark.parametrize(
    ("found", "comfortable", "evening", "bedtime"),
    [
        (USUAL, 0, 15, 3),
        (USUAL, 9, 15, 3),
        (USUAL, 10, 20, 3),
        (GENTLER, 0, 10, 3),
        (GENTLER, 10, 10, 3),
        (HEART, 10, 5, 3),
        (EYES, 10, 3, 3),
    ],
)
def test_the_longest_that_may_be_chosen(found, comfortable, evening, bedtime):
    """Before bed three minutes at most: there is no track with a bell yet."""
    assert ceiling(found, bedtime=False, comfortable=comfortable) == evening
    assert ceiling(found, bedtime=True, comfortable=comfortable) == bedtime


def test_what_is_offered():
    assert choices(USUAL, bedtime=False, comfortable=0) == (0.5, 1, 3, 5, 8, 10, 15)
    assert choices(USUAL, bedtime=False, comfortable=10) == (0.5, 1, 3, 5, 8, 10, 15, 20)
    assert choices(USUAL, bedtime=True, comfortable=10) == (0.5, 1, 3)
    assert choices(GENTLER, bedtime=False, comfortable=0) == (0.5, 1, 2, 3, 5, 10)
    assert choices(EYES, bedtime=False, comfortable=0) == (0.5, 1, 2, 3)


@given(cleared, st.booleans(), st.integers(0, 30))
def test_nothing_beyond_the_ceiling_is_offered(found, bedtime, comfortable):
    most = ceiling(found, bedtime=bedtime, comfortable=comfortable)
    offered = choices(found, bedtime=bedtime, comfortable=comfortable)
    assert offered == tuple(sorted(set(offered)))
    assert offered[-1] == most
    assert offered[:2] == (0.5, 1)


@given(cleared, st.floats(0.5, 20), st.integers(0, 30), st.integers(0, 30))
def test_no_suggestion_grows_past_what_is_allowed(found, minutes, here, rests):
    longer = grown(found, minutes, here, rests)
    assert longer >= minutes
    assert longer == minutes or longer <= min(found.longest, 10)
    assert shrunk(found, minutes) <= minutes
