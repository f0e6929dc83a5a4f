"""The readiness check against the whole table of the practice, written out once more by hand."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.routine import routine
from bot.content.words import words
from bot.practice.clearance import Clearance, Variation, Verdict, strictest
from bot.practice.questionnaire import (
    PAGES,
    UNDER_AGE,
    assess,
    birthday,
    expires,
    holds,
    line,
    lines,
    months_later,
    with_clinician,
)

TODAY = date(2026, 11, 22)

V0, V1, V2, V3, V4, V5 = (
    Variation.CLASSIC,
    Variation.HIPS_BACK,
    Variation.KNEES_BENT,
    Variation.CALVES_ON_CHAIR,
    Variation.DOORWAY,
    Variation.LOW_CUSHION,
)
D, G, C = Verdict.ASK_CLINICIAN, Verdict.GENTLER, Verdict.NO_CONCERN


@dataclass(frozen=True)
class May:
    """What may be done at the most."""

    ways: set[Variation]
    longest: int = 10
    sit: int = 60
    food: int = 0
    nearby: bool = False
    breath: bool = True
    knees: bool = True
    floor: bool = True


LOCKED = None

# Every line in its order: page, label, verdict, and what it or a clinician's OK leaves open.
# Hips are lifted on no line at all: only where nothing is ticked (X9). The breath is not held with
# the heart, pressure, fainting and pregnancy lines (D5.3), the knees are not drawn up with the
# back, hernia and reflux lines and in pregnancy (D4.5). The gentler way ends at ten minutes (C5).
TABLE: dict[str, tuple[int, str, Verdict, May | None]] = {
    "heart": (1, "Heart", D, May({V3}, 5, breath=False)),
    "breath_lying_flat": (1, "Breath lying flat", D, LOCKED),
    "pressure_high": (1, "Pressure high", D, May({V1, V2, V3}, 10, sit=180, breath=False)),
    "pressure_treated": (1, "Pressure treated", D, May({V1, V2, V3}, 10, sit=180, breath=False)),
    "clot_now": (1, "Clot now", D, LOCKED),
    "clot_before": (1, "Clot before", D, May({V3, V1}, 10)),
    "glaucoma": (2, "Glaucoma", D, May({V3}, 3)),
    "retina": (2, "Retina, eye op", D, LOCKED),
    "head": (2, "Head", D, May({V3}, 5)),
    "fainting": (2, "Fainting", D, May({V3}, 5, sit=180, nearby=True, breath=False)),
    "new_pain": (3, "New pain", D, May({V3, V2}, knees=False)),
    "old_back": (3, "Old back trouble", G, May({V3, V2}, knees=False)),
    "arteries": (3, "Feet, arteries", D, LOCKED),
    "hernia": (3, "Hernia", D, May({V5, V3}, food=3, knees=False)),
    "reflux": (3, "Reflux", G, May({V5, V3}, food=3, knees=False)),
    "swelling": (3, "Swelling, lungs", D, May({V5, V3}, 5)),
    "pregnancy": (4, "Pregnancy, birth", D, May({V5}, breath=False, knees=False)),
    "operation": (4, "Operation, illness", D, May({V3}, 5)),
    "told_not_to": (4, "Told not to", D, LOCKED),
    "floor": (4, "Floor", G, May({V3}, nearby=True, floor=False)),
}

EVERY = [*TABLE, UNDER_AGE]
ticked = st.sets(st.sampled_from(list(TABLE)), max_size=5)
births = st.none() | st.dates(date(1950, 1, 1), date(2020, 12, 1)).map(lambda d: d.replace(day=1))


def may(found: Clearance) -> May:
    return May(
        set(found.variations),
        found.longest,
        found.seconds_to_sit,
        found.hours_after_food,
        found.someone_nearby,
        found.may_hold_breath,
        found.may_draw_knees,
        found.may_use_floor,
    )


# ---- the table


@pytest.mark.parametrize("name", TABLE)
def test_each_line_means_what_the_practice_says(name):
    _, _, verdict, allowed = TABLE[name]
    found = assess([name], TODAY)
    assert found.verdict is verdict
    if verdict is D:
        assert found.variations == ()
        assert not found.open
        assert (found.opens is None) is (allowed is LOCKED)
        assert line(name).locked is (allowed is LOCKED)
    given = found.opens if verdict is D else found
    if allowed is not LOCKED:
        assert given is not None
        assert given.open
        assert given.verdict is G
        assert may(given) == allowed
        assert not given.may_lift_hips


def test_the_five_locked_lines_are_these():
    locked = {entry.name for entry in routine().lines if entry.locked}
    assert locked == {"breath_lying_flat", "clot_now", "retina", "arteries", "told_not_to"}


def test_nothing_ticked_allows_every_way_at_the_usual_limits():
    found = assess([], TODAY)
    assert found.verdict is C
    assert set(found.variations) == {V0, V1, V2, V3, V4, V5}
    assert may(found) == May({V0, V1, V2, V3, V4, V5}, longest=15)
    assert found.may_lift_hips
    assert found.opens is None
    assert (found.guarded_until, found.closed_until) == (None, None)


def test_twenty_lines_on_four_pages_in_order_with_their_labels_and_the_age_last():
    shown = [(page, name) for page in range(1, PAGES + 1) for name in lines(page)]
    assert PAGES == 4
    assert len(TABLE) == 20
    wanted = [(row[0], name) for name, row in TABLE.items()]
    assert shown == [*wanted, (4, UNDER_AGE)]
    for name, row in TABLE.items():
        assert words("en")(f"label.{name}") == row[1]
    assert words("en")(f"label.{UNDER_AGE}") == "Under 18"


def test_who_is_asked_fits_the_line():
    asked = {
        "heart": "heart",
        "pressure_high": "pharmacist",
        "pressure_treated": "pharmacist",
        "clot_now": "team that treats the clot",
        "glaucoma": "eye specialist",
        "retina": "eye specialist",
        "head": "nerve",
        "new_pain": "physiotherapist",
        "arteries": "foot",
        "pregnancy": "midwife",
    }
    for name, row in TABLE.items():
        if row[2] is D:
            whom = words("en")(f"whom.{line(name).whom}")
            assert asked.get(name, "doctor") in whom, name


def test_a_name_that_is_no_line_is_refused():
    with pytest.raises(KeyError):
        assess(["nonsense"], TODAY)


# ---- age


@pytest.mark.parametrize(
    ("born", "verdict", "guarded", "closed"),
    [
        # Nobody knows the day: a birthday counts from the first day of the month after it.
        (date(2008, 10, 1), C, None, None),
        (date(2008, 11, 1), C, date(2026, 12, 1), None),
        (date(2009, 6, 1), C, date(2027, 7, 1), None),
        (date(2010, 10, 1), C, date(2028, 11, 1), None),
        (date(2010, 11, 1), D, None, date(2026, 12, 1)),
        (date(2014, 1, 1), D, None, date(2030, 2, 1)),
        (date(1990, 1, 1), C, None, None),
        (None, D, None, None),
    ],
)
def test_age(born, verdict, guarded, closed):
    found = assess([UNDER_AGE], TODAY, born)
    assert found.verdict is verdict
    assert found.guarded_until == guarded
    assert found.closed_until == closed
    assert found.opens is None
    assert found.open is (verdict is C)


def test_a_date_of_birth_matters_only_with_the_tick_of_age():
    assert assess([], TODAY, date(2015, 1, 1)) == assess([], TODAY)


def test_no_clinician_opens_the_pose_for_a_child():
    found = assess([UNDER_AGE, "heart"], TODAY, date(2014, 1, 1))
    assert found.verdict is D
    assert found.opens is None
    assert found.closed_until == date(2030, 2, 1)


def test_a_guardian_stays_with_whatever_a_clinician_opens():
    found = assess([UNDER_AGE, "heart"], TODAY, date(2009, 6, 1))
    assert found.opens is not None
    assert found.opens.guarded_until == date(2027, 7, 1)


def test_birthday_counts_from_the_month_after():
    assert birthday(date(2008, 12, 1), 18) == date(2027, 1, 1)
    assert birthday(date(2008, 2, 1), 16) == date(2024, 3, 1)


# ---- several ticks


def test_shared_ways_smallest_limit_and_every_permission():
    found = assess(["reflux", "old_back"], TODAY)
    assert found.verdict is G
    assert may(found) == May({V3}, 10, food=3, knees=False)
    found = assess(["clot_before", "pressure_high"], TODAY)
    assert found.opens is not None
    assert may(found.opens) == May({V3, V1}, 10, sit=180, breath=False)
    found = assess(["glaucoma", "fainting", "hernia"], TODAY)
    assert found.opens is not None
    assert may(found.opens) == May({V3}, 3, sit=180, food=3, nearby=True, breath=False, knees=False)


def test_nothing_in_common_asks_a_clinician_and_has_nothing_to_open():
    for other in ("heart", "old_back", "clot_before", "glaucoma", "floor"):
        found = assess(["pregnancy", other], TODAY)
        assert found.verdict is D, other
        assert found.opens is None, other
    reflux, cushion = assess(["reflux"], TODAY), assess(["old_back"], TODAY)
    apart = strictest(replace(reflux, variations=(V5,)), replace(cushion, variations=(V2,)))
    assert apart.verdict is D
    assert apart.variations == ()
    assert apart.opens is None


def test_one_locked_line_locks_all():
    for name in TABLE:
        for locked in ("breath_lying_flat", "clot_now", "retina", "arteries", "told_not_to"):
            found = assess([name, locked], TODAY)
            assert found.verdict is D
            assert found.opens is None, (name, locked)


def test_a_gentler_line_beside_one_to_ask_about_limits_what_the_ok_opens():
    found = assess(["reflux", "pressure_high"], TODAY)
    assert found.opens is not None
    assert may(found.opens) == May({V3}, 10, sit=180, food=3, breath=False, knees=False)


# ---- a clinician's OK


def test_an_ok_is_dated_at_most_gentler_and_ends_with_its_check():
    refused = assess(["heart"], TODAY)
    later = TODAY + timedelta(days=30)
    fine = with_clinician(refused, later)
    assert fine.verdict is G
    assert fine.clinician_on == later
    assert fine.on == TODAY
    assert expires(fine) == expires(refused)
    assert may(fine) == TABLE["heart"][3]


def test_an_ok_opens_nothing_where_there_is_nothing_to_open():
    for ticks in (["clot_now"], ["pregnancy", "heart"], [UNDER_AGE], []):
        with pytest.raises(ValueError, match="opens nothing"):
            with_clinician(assess(ticks, TODAY), TODAY)


# ---- how long it counts


def test_a_check_counts_for_six_calendar_months():
    found = assess([], date(2026, 8, 31))
    assert expires(found) == date(2027, 2, 28)
    rested = date(2027, 2, 20)
    assert holds(found, date(2027, 2, 27), rested)
    assert not holds(found, date(2027, 2, 28), rested)


def test_months_are_calendar_months():
    assert months_later(date(2026, 11, 22), 6) == date(2027, 5, 22)
    assert months_later(date(2027, 8, 31), 6) == date(2028, 2, 29)
    assert months_later(date(2026, 12, 1), 1) == date(2027, 1, 1)


def test_sixty_days_without_a_rest_end_it():
    found = assess([], TODAY)
    assert holds(found, TODAY + timedelta(days=59), None)
    assert not holds(found, TODAY + timedelta(days=60), None)
    rested = TODAY + timedelta(days=40)
    assert holds(found, rested + timedelta(days=59), rested)
    assert not holds(found, rested + timedelta(days=60), rested)


def test_a_rest_from_before_the_check_does_not_shorten_it():
    found = assess([], TODAY)
    assert holds(found, TODAY + timedelta(days=59), TODAY - timedelta(days=100))


def test_new_questions_end_it():
    found = assess([], TODAY)
    assert found.version == routine().version
    assert not holds(replace(found, version=found.version - 1), TODAY, None)


def test_the_eighteenth_birthday_ends_a_guarded_check_and_the_sixteenth_a_closed_one():
    guarded = assess([UNDER_AGE], TODAY, date(2008, 11, 1))
    assert expires(guarded) == date(2026, 12, 1)
    assert holds(guarded, date(2026, 11, 30), None)
    assert not holds(guarded, date(2026, 12, 1), None)
    closed = assess([UNDER_AGE], TODAY, date(2010, 11, 1))
    assert expires(closed) == date(2026, 12, 1)
    older = assess([UNDER_AGE], TODAY, date(2010, 10, 1))
    assert expires(older) == date(2027, 5, 22)


# ---- properties


def no_wider(stricter: Clearance, milder: Clearance) -> None:
    assert stricter.verdict >= milder.verdict
    assert set(stricter.variations) <= set(milder.variations)
    assert stricter.longest <= milder.longest
    assert stricter.may_use_floor <= milder.may_use_floor
    assert stricter.may_lift_hips <= milder.may_lift_hips
    assert stricter.may_hold_breath <= milder.may_hold_breath
    assert stricter.may_draw_knees <= milder.may_draw_knees
    assert stricter.seconds_to_sit >= milder.seconds_to_sit
    assert stricter.hours_after_food >= milder.hours_after_food
    assert stricter.someone_nearby >= milder.someone_nearby
    for ends in ("guarded_until", "closed_until"):
        had, has = getattr(milder, ends), getattr(stricter, ends)
        assert had is None or (has is not None and has >= had)


@given(ticked, st.sampled_from(EVERY), births)
def test_ticking_more_never_allows_more(ticks, one_more, born):
    fewer = assess(ticks, TODAY, born)
    more = assess({*ticks, one_more}, TODAY, born)
    no_wider(more, fewer)
    before = fewer.opens if fewer.verdict is D else fewer
    if more.opens is not None:
        assert before is not None
        no_wider(with_clinician(more, TODAY), before)


@given(ticked, births)
def test_an_ok_never_does_more_than_the_gentler_way(ticks, born):
    found = assess(ticks, TODAY, born)
    if found.opens is None:
        open_ways = [allowed.ways for name in ticks if (allowed := TABLE[name][3])]
        locked = len(open_ways) < len(ticks)
        nothing_shared = bool(open_ways) and not set.intersection(*open_ways)
        assert found.verdict is not D or locked or nothing_shared
        return
    assert not any(line(name).locked for name in ticks)
    fine = with_clinician(found, TODAY)
    assert fine.verdict is G
    assert fine.open
    assert fine.longest <= 10
    assert not fine.may_lift_hips
    assert fine.opens is None


@given(st.permutations(EVERY).flatmap(lambda p: st.integers(0, 6).map(lambda n: p[:n])), births)
def test_the_order_of_ticks_does_not_matter(ticks, born):
    assert assess(ticks, TODAY, born) == assess(sorted(ticks), TODAY, born)
    assert assess([*ticks, *ticks], TODAY, born) == assess(ticks, TODAY, born)


clearances = st.builds(assess, st.sets(st.sampled_from(EVERY), max_size=4), st.just(TODAY), births)


@given(clearances, clearances, clearances)
def test_strictest_may_be_taken_in_any_order_and_any_grouping(a, b, c):
    assert strictest(a, b) == strictest(b, a)
    assert strictest(strictest(a, b), c) == strictest(a, strictest(b, c)) == strictest(a, b, c)


@given(clearances)
def test_strictest_of_the_same_is_the_same(a):
    assert strictest(a) == a
    assert strictest(a, a) == a


def test_every_pair_of_lines_is_at_least_as_strict_as_each():
    for first, second in combinations(TABLE, 2):
        both = assess([first, second], TODAY)
        no_wider(both, assess([first], TODAY))
        no_wider(both, assess([second], TODAY))
