"""Everything that the three articles say is used, or was left out for a reason (section D)."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.content.routine import Routine, routine
from bot.content.words import catalogue, plain, words

DECISIONS = {"use", "reword", "optional", "background", "drop"}


@cache
def inventory() -> dict[str, set[str]]:
    """Each row with its decisions; one row of two questions has two."""
    text = (Path(__file__).parent / "inventory.txt").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("D")]
    assert all(len(row) == 3 for row in rows)
    return {row: set(decision.split()) for row, decision, _ in rows}


def used(content: Routine) -> Iterator[tuple[str, str]]:
    """Each row with the keys of the words that carry it; ``*`` stands for any ending."""
    for name, way in content.variations.items():
        for row in way.rows:
            yield from ((row, f"way.{name}"), (row, f"setup.{name}.*"), (row, f"cue.*.{name}"))
    for line in content.lines:
        for row in line.rows:
            yield from ((row, f"line.{line.name}"), (row, f"why.{line.name}"))
    for sign in content.signs:
        for row in sign.rows:
            yield from ((row, f"card.{sign.name}"), (row, f"why.sign.{sign.name}"))
    for trouble in content.troubles:
        key = "tingling" if trouble.name == "tingling" else f"trouble.{trouble.name}.said"
        yield from ((row, key) for row in trouble.rows)
    for cue in content.cues:
        for row in cue.rows:
            yield from ((row, f"cue.{cue.name}"), (row, f"cue.{cue.name}.*"))
    for name, breathing in content.breathing.items():
        for row in breathing.rows:
            yield from ((row, f"breathing.{name}"), (row, f"cue.breathe.{name}"))
    for name, claim in content.claims.items():
        yield from ((row, f"claim.{name}") for row in claim.rows)
    for key, rows in content.texts.items():
        yield from ((row, key) for row in rows)


@cache
def carried() -> dict[str, str]:
    """The words, in English, that each row points to."""
    texts = {m.id: plain(str(m.string)) for m in catalogue("en") if isinstance(m.id, str)}
    found: dict[str, list[str]] = defaultdict(list)
    for row, key in used(routine()):
        shape = re.compile(re.escape(key).replace(r"\*", r"\w+"))
        found[row] += [text for name, text in texts.items() if shape.fullmatch(name)]
    return {row: "\n".join(dict.fromkeys(said)) for row, said in found.items() if said}


def not_made() -> set[str]:
    return {row for claim in routine().claims.values() if not claim.made for row in claim.rows}


def test_the_list_is_whole():
    rows = list(inventory())
    last = {1: 13, 2: 8, 3: 10, 4: 12, 5: 8, 6: 5, 7: 12, 8: 11, 9: 20, 10: 11}
    assert rows == [f"D{part}.{n}" for part, most in last.items() for n in range(1, most + 1)]
    assert set().union(*inventory().values()) == DECISIONS


def test_every_row_is_used_or_dropped_with_a_reason():
    named = {row for row, _ in used(routine())}
    assert set(inventory()) - named - set(routine().dropped) == set()


def test_nothing_points_to_a_row_that_is_none():
    named = {row for row, _ in used(routine())} | set(routine().dropped)
    assert named - set(inventory()) == set()


def test_what_was_decided_to_drop_is_dropped_or_named_as_not_claimed():
    drop = {row for row, decision in inventory().items() if "drop" in decision}
    assert drop - set(routine().dropped) - not_made() == set()


def test_what_was_not_decided_to_drop_is_not_dropped():
    assert {row for row in routine().dropped if "drop" not in inventory()[row]} == set()
    assert all(len(reason.split()) >= 2 for reason in routine().dropped.values())


def test_a_dropped_claim_is_used_nowhere_but_where_it_is_not_made():
    """D9.3 keeps "many find it relaxing", D9.20 and the rest nothing at all."""
    only = {row for row, decision in inventory().items() if decision == {"drop"}}
    made = {row for name, c in routine().claims.items() if c.made for row in c.rows}
    texts = {row for rows in routine().texts.values() for row in rows}
    assert only & (made | texts) == {"D9.3"}
    assert "D9.3" in routine().claims["relaxing"].rows


def test_every_key_that_is_named_has_words():
    spoken = words("en")
    missing = {
        key for _, key in used(routine()) if "*" not in key and not key.startswith("cue.")
    } - {key for _, key in used(routine()) if key in spoken}
    assert missing == set()
    assert set(carried()) == {row for row, _ in used(routine())}


# What must be found in the words that a row points to: the meaning of the row, as it was decided.
# "&" joins what must all be there.
MEANS = {
    "D1.1": "legs up the wall",
    "D1.2": "viparita karani",
    "D1.3": r"\blutw\b",
    "D1.4": "legs on the wall & legs elevated stretch & foot against the wall & leg to wall",
    "D1.5": "lie on your back & head and trunk on the floor & legs go up a wall",
    "D1.6": "no muscle",
    "D1.7": "not for everybody",
    "D1.8": "little stretch is needed & down to the floor",
    "D1.9": "restful",
    "D1.10": "without a name & tired",
    "D1.11": "long run or ride & workout & long day",
    "D1.12": "couch",
    "D1.13": "above your heart",
    "D2.1": "after a long run",
    "D2.2": "hard workout",
    "D2.3": "long day standing",
    "D2.4": "before bed",
    "D2.5": "meditate",
    "D2.6": "check both calves first",
    "D2.7": "standing or sitting",
    "D2.8": "both legs equally tired is fine & one calf",
    "D3.1": "free wall, nothing above it",
    "D3.2": "comfortable spot",
    "D3.3": "bed & headboard",
    "D3.4": "pillow",
    "D3.5": r"\bmat\b",
    "D3.6": "rolled blanket & tailbone",
    "D3.7": "pillow",
    "D3.8": "bed",
    "D3.9": "doorway",
    "D3.10": "phone and water in reach & no door open & someone know",
    "D4.1": "10-15 cm",
    "D4.2": "sit sideways & from the wall & onto your back",
    "D4.3": "nearer your hips & more stretch",
    "D4.4": "closer only if it feels good",
    "D4.5": "knees toward your chest",
    "D4.6": "knees soft",
    "D4.7": "walk the feet up",
    "D4.8": "heels and legs rest on the wall",
    "D4.9": "arms wide or on your belly",
    "D4.10": "settle in & take your time",
    "D4.11": "own curve",
    "D4.12": "press it down & not with back trouble",
    "D5.1": "belly",
    "D5.2": "hand on your belly",
    "D5.3": "for four",
    "D5.4": "own rhythm",
    "D5.5": "slow breath through the nose & breath out grow longer",
    "D5.6": "nothing to do",
    "D5.7": "meditate & quiet",
    "D5.8": "may rest",
    "D6.1": "20 minutes",
    "D6.2": "30 seconds to 20 minutes",
    "D6.3": "no minimum",
    "D6.5": r"15-30 cm \(6-12 in\) & 10-15 cm \(4-6 in\)",
    "D7.1": "15-30 cm",
    "D7.2": "slant",
    "D7.3": "open angle",
    "D7.4": "rolled blanket",
    "D7.5": "pillow",
    "D7.6": "calves on a chair & knees bent",
    "D7.7": "bend your knees",
    "D7.8": "one leg & hips a bit away",
    "D7.9": "headboard",
    "D7.10": "grow after good ones",
    "D7.11": "more stretch",
    "D7.12": "propped & feet on the floor",
    "D8.1": "slowly",
    "D8.2": r"sit \{sit\}",
    "D8.3": "light-headed",
    "D8.4": "blood pressure is high & under control",
    "D8.5": "pregnant",
    "D8.6": "glaucoma",
    "D8.7": "pots",
    "D8.8": "orthostatic hypotension",
    "D8.9": "straight for long",
    "D8.10": "open angle is fine",
    "D8.11": "how do the legs feel & lighter",
    "D9.1": "lets fluid drain",
    "D9.2": "may help legs feel lighter",
    "D9.3": "relaxing & no trial found",
    "D9.4": "blood and fluid & back downhill",
    "D9.5": "most of the day your feet are below your heart",
    "D9.6": "could not be checked",
    "D9.7": "may feel easier",
    "D9.8": "gentle stretch",
    "D9.9": "three muscles & sit bones & behind the knee & bend the knee",
    "D9.10": "running, walking, cycling and long sitting",
    "D9.11": "disputed",
    "D9.12": "hips and knees & not checked",
    "D9.13": "gentle stretch & low back",
    "D9.14": "studies disagree",
    "D9.15": "calm pause & relaxing",
    "D9.16": "no trial of this pose",
    "D9.17": "nothing found",
    "D9.18": "contradict",
    "D9.19": "pelvic area relax",
    "D10.6": "further away from the wall",
    "D10.8": "lighter & gentle stretch",
    "D10.9": "what happens & how long & feet above the heart & 30 seconds",
}


@pytest.mark.parametrize("row", MEANS)
def test_the_words_carry_the_meaning(row):
    text = carried()[row].casefold()
    for part in MEANS[row].split(" & "):
        assert re.search(part, text), part


def test_the_meaning_of_every_used_row_is_held():
    assert set(MEANS) == {row for row, _ in used(routine())}
