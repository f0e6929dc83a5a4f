"""What is said when during a rest: never out of it, never too close, and always what matters."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.routine import routine
from bot.practice.clearance import RAISED, Variation
from bot.practice.timeline import GAP, LATEST, Cue, cues, place

BREATHINGS = ("long_exhale", "belly", "box", "own")
LENGTHS = (0.5, 1, 2, 3, 4, 5, 7.5, 8, 10, 15, 20)

ways = st.sampled_from(list(Variation))
raised = st.sampled_from(RAISED)
lengths = st.sampled_from(LENGTHS) | st.floats(0.5, 20).map(lambda m: round(m, 2))
breathings = st.sampled_from(BREATHINGS)


def names(placed: tuple[Cue, ...]) -> list[str]:
    return [cue.name for cue in placed]


def spread(placed: tuple[Cue, ...]) -> list[tuple[int, str]]:
    return [(round(cue.at.total_seconds()), cue.name) for cue in placed]


def moment(placed: tuple[Cue, ...], name: str) -> timedelta:
    return next(cue.at for cue in placed if cue.name == name)


def test_the_practice_knows_these_ways_of_breathing():
    assert set(routine().breathing) == set(BREATHINGS)
    assert {name for name, rule in routine().breathing.items() if rule.holds} == {"box"}


# ---- exactly


@pytest.mark.parametrize(
    ("minutes", "fresh", "familiar"),
    [
        (
            3,
            [(0, "start"), (25, "breathe"), (54, "soften"), (90, "halfway"), (120, "soon")],
            [(0, "start"), (25, "breathe"), (90, "halfway"), (120, "soon")],
        ),
        (
            5,
            [
                (0, "start"),
                (42, "breathe"),
                (90, "soften"),
                (150, "halfway"),
                (216, "quiet"),
                (240, "soon"),
            ],
            [(0, "start"), (42, "breathe"), (150, "halfway"), (216, "quiet"), (240, "soon")],
        ),
        (
            10,
            [
                (0, "start"),
                (84, "breathe"),
                (180, "soften"),
                (300, "halfway"),
                (432, "quiet"),
                (540, "soon"),
            ],
            [(0, "start"), (84, "breathe"), (300, "halfway"), (432, "quiet"), (540, "soon")],
        ),
    ],
)
def test_three_five_and_ten_minutes(minutes, fresh, familiar):
    assert spread(cues(Variation.CLASSIC, minutes, "long_exhale", familiar=False)) == fresh
    assert spread(cues(Variation.CLASSIC, minutes, "long_exhale", familiar=True)) == familiar


def test_the_shortest_tries_say_little():
    assert spread(cues(Variation.CLASSIC, 0.5, "long_exhale", familiar=False)) == [(0, "start")]
    assert spread(cues(Variation.CLASSIC, 1, "belly", familiar=False)) == [
        (0, "start"),
        (30, "halfway"),
    ]


def test_where_two_fall_together_the_one_that_matters_less_comes_earlier():
    two = cues(Variation.KNEES_BENT, 2, "belly", familiar=True)
    assert spread(two) == [(0, "start"), (17, "breathe"), (45, "halfway"), (60, "soon")]


# ---- always


@given(ways, lengths, breathings, st.booleans())
def test_cues_rise_from_the_start_with_room_between_them_and_before_the_end(
    way, minutes, breathing, familiar
):
    placed = cues(way, minutes, breathing, familiar)
    moments = [cue.at for cue in placed]
    assert placed[0] == Cue(timedelta(0), "start", "start")
    ends = timedelta(minutes=minutes)
    for before, after in zip(moments, [*moments[1:], ends], strict=True):
        assert after - before >= GAP
    assert len(set(names(placed))) == len(placed)


@given(raised, lengths, breathings, st.booleans())
def test_the_half_way_question_and_the_last_minute_are_there_where_there_is_room(
    way, minutes, breathing, familiar
):
    placed = cues(way, minutes, breathing, familiar)
    ends = timedelta(minutes=minutes)
    assert ("halfway" in names(placed)) is (minutes >= 1)
    assert ("soon" in names(placed)) is (minutes >= 2)
    if minutes >= 1:
        assert abs(moment(placed, "halfway") - ends / 2) <= GAP
    if minutes >= 2:
        assert moment(placed, "soon") == ends - timedelta(minutes=1)
        assert placed[-1].name == "soon"


@given(ways, lengths, breathings)
def test_less_is_said_to_who_knows_the_way(way, minutes, breathing):
    fresh = names(cues(way, minutes, breathing, familiar=False))
    familiar = names(cues(way, minutes, breathing, familiar=True))
    assert set(familiar) <= set(fresh)
    assert "soften" not in familiar
    if way.raised and minutes >= 3 and breathing != "own":
        assert "soften" in fresh


@given(raised, lengths, st.booleans())
def test_an_own_rhythm_is_left_in_peace_but_for_what_keeps_it_well(way, minutes, familiar):
    placed = cues(way, minutes, "own", familiar)
    assert {cue.kind for cue in placed} <= {"start", "halfway", "soon"}
    assert "breathe" in names(cues(way, 3, "box", familiar))


@given(lengths, breathings, st.booleans())
def test_the_seat_hears_nothing_about_legs(minutes, breathing, familiar):
    placed = cues(Variation.REST_SEAT, minutes, breathing, familiar)
    assert set(names(placed)) <= {"start", "breathe", "quiet"}


@given(raised, raised, lengths, breathings, st.booleans())
def test_every_raised_way_keeps_the_same_time(one, other, minutes, breathing, familiar):
    assert cues(one, minutes, breathing, familiar) == cues(other, minutes, breathing, familiar)


# ---- by other rules


def test_a_rule_that_comes_later_in_the_list_gives_way():
    start, soon, halfway = routine().cues[:3]
    clash = halfway.model_copy(update={"name": "clash", "at": 0.5, "least": 0})
    placed = place([start, soon, halfway, clash], Variation.CLASSIC, 10, "own", familiar=False)
    assert spread(placed) == [(0, "start"), (285, "clash"), (300, "halfway"), (540, "soon")]


def test_what_finds_no_room_is_left_out():
    start, _, halfway = routine().cues[:3]
    early = halfway.model_copy(update={"name": "early", "at": 0.1, "least": 0})
    placed = place([start, early], Variation.CLASSIC, 0.5, "own", familiar=False)
    assert names(placed) == ["start"]


def test_nothing_is_said_just_before_the_end():
    start, _, halfway = routine().cues[:3]
    late = halfway.model_copy(update={"name": "late", "at": 0.99, "least": 0})
    placed = place([start, late], Variation.CLASSIC, 5, "own", familiar=False)
    assert spread(placed) == [(0, "start"), (285, "late")]


def test_how_late_a_cue_may_be():
    seconds = {kind: late.total_seconds() for kind, late in LATEST.items()}
    assert seconds == {"start": 30, "optional": 5, "breathing": 10, "halfway": 30, "soon": 30}
