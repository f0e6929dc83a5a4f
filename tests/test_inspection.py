"""The shipped content fits together, and content that does not is refused with the reason."""

import io

import pytest
from babel.messages.pofile import read_po
from pydantic import ValidationError

from bot.content.routine import CueRule, Limits, Line, Routine, routine
from bot.content.words import Words, catalogue
from bot.practice.inspection import Unfit, inspect


def faults(content: Routine | None = None, *catalogues: Words) -> str:
    with pytest.raises(Unfit) as refused:
        inspect(content, catalogues or None)
    return str(refused.value)


def with_line(name: str, **changed: object) -> Routine:
    """The practice with one line changed."""
    lines = tuple(
        line.model_copy(update=changed) if line.name == name else line for line in routine().lines
    )
    assert lines != routine().lines
    return routine().model_copy(update={"lines": lines})


def with_cue(name: str, **changed: object) -> Routine:
    cues = tuple(
        cue.model_copy(update=changed) if cue.name == name else cue for cue in routine().cues
    )
    assert cues != routine().cues
    return routine().model_copy(update={"cues": cues})


def with_words(**changed: str | None) -> Words:
    """English with other words for some keys; None takes them out. ``__`` stands for a dot."""
    copy = read_po(io.BytesIO(b""), locale="en")
    for message in catalogue("en"):
        key = message.id if isinstance(message.id, str) else message.id[0]
        text = changed.get(key.replace(".", "__"), message.string)
        if message.id and text is not None:
            copy.add(message.id, text)
    return Words("en", copy)


def test_the_shipped_content_fits_together():
    inspect()
    inspect(routine(), [with_words()])


# ---- words


def test_a_rule_without_words_is_refused():
    assert "en: no words for line.heart" in faults(None, with_words(line__heart=None))


@pytest.mark.parametrize(
    "key",
    [
        *("label.reflux", "note.head", "why.floor", "whom.eye", "page.2", "card.leg", "tingling"),
        *("leg.swollen.say", "trouble.cramp.said", "way.plain.doorway", "faq.long.ask"),
        *("setup.classic.2", "stuck.doorway.3", "claim.calm", "breathing.box", "cue.halfway"),
        *("label.under_18", "why.sign.not_now", "not_now.meal", "which.numb"),
    ],
)
def test_whatever_a_rule_needs_must_be_said(key):
    lacking = with_words(**{key.replace(".", "__"): None})
    assert faults(None, lacking) == f"en: no words for {key}"


def test_a_new_line_needs_its_words_in_every_language():
    new = Line(name="new_sign", page=4, verdict="ask_clinician", whom="gp", sources=("design",))
    content = routine().model_copy(update={"lines": (*routine().lines, new)})
    said = faults(content)
    for kind in ("line", "label", "note", "why"):
        assert f"no words for {kind}.new_sign" in said


def test_a_label_over_its_length_is_refused():
    assert faults(None, with_words(label__heart="H" * 25)) == (
        "en: label.heart is longer than 24 characters"
    )
    inspect(None, [with_words(label__heart="H" * 24)])


def test_a_breathing_cue_needs_words_for_each_way_to_breathe():
    assert faults(None, with_words(cue__breathe__belly=None)) == "en: no words for cue.breathe"


# ---- lines


def test_a_medical_line_without_a_source_is_refused():
    assert faults(with_line("heart", sources=())) == "line heart has no source"


def test_a_source_that_is_none_is_refused():
    assert faults(with_line("heart", sources=("hearsay",))) == (
        "line heart: no such source: hearsay"
    )


@pytest.mark.parametrize("kind", ["signs", "troubles"])
def test_signs_and_troubles_need_a_source_too(kind):
    first, *others = getattr(routine(), kind)
    bare = first.model_copy(update={"sources": ()})
    said = faults(routine().model_copy(update={kind: (bare, *others)}))
    assert said == f"{kind.removesuffix('s')} {first.name} has no source"


def test_claims_numbers_and_lengths_need_a_source_too():
    claim = routine().claims["calm"].model_copy(update={"sources": ()})
    number = routine().numbers["sit"].model_copy(update={"sources": ()})
    content = routine().model_copy(
        update={
            "claims": {**routine().claims, "calm": claim},
            "numbers": {**routine().numbers, "sit": number},
            "lengths": routine().lengths.model_copy(update={"sources": ()}),
        }
    )
    assert faults(content).splitlines() == [
        "claim calm has no source",
        "number sit has no source",
        "lengths has no source",
    ]


def test_a_gentler_line_must_say_what_is_left():
    assert "line reflux: limits belong to gentler lines" in faults(with_line("reflux", limits=None))


def test_a_line_to_ask_about_has_no_limits_of_its_own():
    both = with_line("heart", limits=Limits(variations=("doorway",)))
    assert "line heart: limits belong to gentler lines" in faults(both)


def test_a_gentler_line_has_no_ok():
    both = with_line("reflux", ok=Limits(variations=("doorway",)))
    assert "line reflux: an OK opens what was closed" in faults(both)


def test_whom_to_ask_must_be_said():
    assert "line heart: whom to ask?" in faults(with_line("heart", whom=""))


def test_a_way_that_is_none_is_refused():
    assert faults(with_line("heart", ok=Limits(variations=("headstand",)))) == (
        "line heart: no such way: headstand"
    )
    # The seat is always there; an OK that opens no more than it opens nothing.
    assert "no such way: rest_seat" in faults(
        with_line("reflux", limits=Limits(variations=("rest_seat",)))
    )


def test_an_ok_must_leave_a_way():
    assert "line heart: no way at all is left" in faults(
        with_line("heart", ok=Limits(variations=()))
    )


def test_a_line_that_stands_twice_is_refused():
    content = routine().model_copy(update={"lines": (*routine().lines, routine().lines[0])})
    assert "line heart stands twice" in faults(content)


def test_the_ways_are_those_of_the_practice():
    fewer = {name: way for name, way in routine().variations.items() if name != "doorway"}
    assert "variations must be exactly" in faults(
        routine().model_copy(update={"variations": fewer})
    )


def test_a_row_is_dropped_with_a_reason():
    dropped = {**routine().dropped, "D6.4": ""}
    assert "D6.4 is dropped without a reason" in faults(
        routine().model_copy(update={"dropped": dropped})
    )


# ---- cues


def test_a_rest_begins_with_its_start():
    assert "does not begin with its start cue" in faults(with_cue("start", at=0.2))


def test_nothing_comes_after_the_last_notice():
    said = faults(with_cue("halfway", at=0.95))
    assert "a rest of 15 min has cues out of order: one comes after the last notice" in said


@pytest.mark.parametrize("changed", [{"at": 1.0}, {"at": -0.1}])
def test_a_cue_lies_within_the_rest(changed):
    assert "cue quiet: not within the rest" in faults(with_cue("quiet", **changed))


def test_a_notice_lies_before_the_end():
    assert "cue soon: not within the rest" in faults(with_cue("soon", before=0))


@pytest.mark.parametrize("changed", [{"at": None}, {"before": 30}])
def test_a_cue_has_one_time(changed):
    said = "cue quiet: a share of the length, or seconds before its end"
    assert said in faults(with_cue("quiet", **changed))


def test_the_calls_of_the_way_out_rise():
    for calls in ((30, 120, 60, 240), (30, 60, 60, 240), (30, 60, 120, 400)):
        lengths = routine().lengths.model_copy(update={"way_out_calls": calls})
        said = faults(routine().model_copy(update={"lengths": lengths}))
        assert said == "the calls of the way out are out of order"


# ---- every fault is named, and a typo in the file is one


def test_every_fault_is_named_at_once():
    content = with_line("heart", sources=(), whom="")
    said = faults(content, with_words(line__head=None, label__reflux="R" * 30))
    assert len(said.splitlines()) == 4


def test_a_field_that_nobody_knows_is_refused():
    with pytest.raises(ValidationError):
        Limits.model_validate({"variations": ["classic"], "longst": 3})
    with pytest.raises(ValidationError):
        CueRule.model_validate({"name": "x", "kind": "loud", "at": 0.5})
