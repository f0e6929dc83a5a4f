"""The words: complete, used, well formed, true to the practice, and plain enough for everybody."""

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from bot.content.routine import routine
from bot.content.words import DEFAULT_LANGUAGE, catalogue, escape, languages, plain, words
from bot.practice.questionnaire import PAGES, UNDER_AGE, lines

ROOT = Path(__file__).parents[1]


# ---- reading the catalogues


def entries(language: str) -> dict[str, tuple[str, ...]]:
    """Every text of a language by its key; a plural has several."""
    found: dict[str, tuple[str, ...]] = {}
    for message in catalogue(language):
        if message.id:
            key, texts = _parts(message)
            found[key] = texts
    return found


def _parts(message: Message) -> tuple[str, tuple[str, ...]]:
    key = message.id if isinstance(message.id, str) else message.id[0]
    said = message.string or ""
    return key, (said,) if isinstance(said, str) else tuple(said)


def everything(language: str) -> Iterator[tuple[str, str]]:
    for key, texts in entries(language).items():
        for text in texts:
            yield key, text


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


# ---- reading the code: which key is asked for, and with which values


@dataclass(frozen=True)
class Ask:
    """A key that the code asks for; ``values`` is None where they cannot be read off."""

    where: str
    key: re.Pattern[str]
    values: frozenset[str] | None
    exact: bool
    button: bool


def _code() -> list[Path]:
    return sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("adapters/**/*.py")])


SPEAKERS = {"spoken", "self._words"}
"""What the code calls a `Words`; `say` is one too outside the conversation."""
SAYS = {"bot/doctor.py", "bot/__main__.py", "bot/serving.py"}
SPEAKERS_MADE = {"words", "words_of"}
ANY = "[a-z0-9_]+"


@cache
def asks() -> tuple[Ask, ...]:
    return tuple(_asks())


def _asks() -> Iterator[Ask]:
    for path in _code():
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            key, values = _asked(node, name)
            for pattern in _patterns(key) if key is not None else ():
                yield Ask(
                    f"{name}:{node.lineno}",
                    re.compile(pattern),
                    values,
                    exact=ANY not in pattern,
                    button=ast.unparse(node.func) == "button",
                )


def _asked(call: ast.Call, name: str) -> tuple[ast.expr | None, frozenset[str] | None]:
    given = frozenset(k.arg for k in call.keywords if k.arg)
    values = None if any(k.arg is None for k in call.keywords) else given
    of = ast.unparse(call.func)
    if of == "button" and len(call.args) > 1:
        return call.args[1], frozenset()
    if of == "CannotServe":
        return call.args[0], given
    if of in {"self._note", "self._say_without_store"} and call.args:
        return call.args[-1], values if of == "self._note" else frozenset()
    counting = isinstance(call.func, ast.Attribute) and call.func.attr == "count"
    speaker = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else of
    speaks = speaker if counting else of
    made = re.fullmatch(r"(\w+)\(.*\)", speaks, re.DOTALL)
    if (
        speaks in SPEAKERS
        or (speaks == "say" and name in SAYS)
        or (made and made[1] in SPEAKERS_MADE)
    ) and call.args:
        return call.args[0], values | {"n"} if counting and values is not None else values
    return None, None


def _patterns(key: ast.expr) -> Iterator[str]:
    match key:
        case ast.Constant(str(text)) if text:
            yield re.escape(text)
        case ast.JoinedStr(values):
            yield "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else ANY
                for part in values
            )
        case ast.IfExp(_, body, orelse):
            yield from _patterns(body)
            yield from _patterns(orelse)
        case _:
            return


@cache
def literals() -> frozenset[str]:
    """Every text in the code."""
    return frozenset(
        node.value
        for path in _code()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@cache
def put_together() -> tuple[re.Pattern[str], ...]:
    """Every text with values in it that begins as a key does, even where it is only a variable."""
    return tuple(
        re.compile(pattern)
        for path in _code()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        for pattern in _patterns(node)
        if re.match(r"[a-z_]+\\\.", pattern)
    )


KNOWN_ELSEWHERE = {
    "setup.": "hold._step puts the key together: the step of a way, of its bed where it has one",
    "stuck.": "hold._step, for who is stuck with it",
    "slash.": "adapters.discord.commands, for each command and each of its options",
}
"""Families whose keys are put together from nothing but variables, and where."""

# ---- whole


def test_the_code_is_found_at_all():
    found = asks()
    assert len(found) > 200
    assert len({ask.where.split(":")[0] for ask in found}) > 10


@pytest.mark.parametrize("language", languages())
def test_each_key_stands_once(language):
    """The reader of catalogues lets a second one win silently."""
    text = (files("bot.content") / f"{language}.po").read_text(encoding="utf-8")
    keys = re.findall(r'^msgid "(.+)"$', text, re.MULTILINE)
    assert sorted(keys) == sorted(set(keys))
    assert set(keys) == set(entries(language))


@pytest.mark.parametrize("language", languages())
def test_every_language_says_everything_and_nothing_is_unsure(language):
    assert set(entries(language)) == set(entries(DEFAULT_LANGUAGE))
    for message in catalogue(language):
        if message.id:
            assert not message.fuzzy, message.id
            assert all(text.strip() for text in _parts(message)[1]), message.id


def test_every_key_that_the_code_asks_for_has_words():
    keys = entries(DEFAULT_LANGUAGE)
    missing = [
        (ask.where, ask.key.pattern)
        for ask in asks()
        if not any(ask.key.fullmatch(key) for key in keys)
    ]
    assert missing == []


def test_everything_in_the_code_that_looks_like_a_key_is_one():
    keys = entries(DEFAULT_LANGUAGE)
    families = {key.split(".")[0] for key in keys if "." in key}
    shape = re.compile(r"([a-z_]+)(\.[a-z_0-9]+)+")
    unknown = {
        text
        for text in literals()
        if (found := shape.fullmatch(text)) and found[1] in families and text not in keys
        if not text.endswith((".toml", ".tab", ".id"))
    }
    assert unknown == set()


def test_every_key_is_used_somewhere():
    patterns = [*(ask.key for ask in asks()), *put_together()]
    unused = [
        key
        for key in entries(DEFAULT_LANGUAGE)
        if key not in literals()
        and not any(pattern.fullmatch(key) for pattern in patterns)
        and not key.startswith(tuple(KNOWN_ELSEWHERE))
    ]
    assert unused == []


def test_steps_and_cues_and_ways_out_are_those_of_the_rules():
    ways = set(routine().variations)
    cues = {rule.name for rule in routine().cues}
    for key in entries(DEFAULT_LANGUAGE):
        family, *rest = key.split(".")
        if family in ("setup", "stuck") and rest[-1].isdecimal():
            assert rest[-1] in "123"
            assert rest[:-1] in [[way] for way in ways] + [["on_bed", way] for way in ways], key
        if family == "cue":
            assert rest[0] in cues, key
            assert set(rest[1:]) <= ways | set(routine().breathing), key
        if family == "exit" and rest:
            assert rest[0] in ways | {"on_bed", "plain", "away"}, key


def test_families_of_the_rules_have_no_words_for_what_is_no_rule():
    content = routine()
    names = {entry.name for entry in content.lines} | {UNDER_AGE}
    families = {
        **dict.fromkeys(("line", "label", "note"), names),
        "whom": {entry.whom for entry in content.lines if entry.whom},
        "faq": set(content.faq),
        "claim": set(content.claims),
        "breathing": set(content.breathing),
        "page": {str(page) for page in range(1, PAGES + 1)},
        "way": {*content.variations, "plain", "on_bed"},
    }
    for key in entries(DEFAULT_LANGUAGE):
        family, _, rest = key.partition(".")
        if rest and family in families:
            assert rest.split(".")[0] in families[family], key


# ---- well formed


@pytest.mark.parametrize("language", languages())
def test_every_language_takes_the_same_values(language):
    mine, default = entries(language), entries(DEFAULT_LANGUAGE)
    for key, texts in mine.items():
        for text in texts:
            assert fields(text) == fields(default[key][0]), key


def test_the_code_hands_in_every_value_that_is_asked_for():
    keys = {key: fields("".join(texts)) for key, texts in entries(DEFAULT_LANGUAGE).items()}
    lacking = [
        (ask.where, key, wanted - ask.values)
        for ask in asks()
        if ask.exact and ask.values is not None
        for key, wanted in keys.items()
        if ask.key.fullmatch(key) and not wanted <= ask.values
    ]
    assert lacking == []
    # A key that is put together may match more than is meant: one of the places must do.
    for key, wanted in keys.items():
        given = [ask.values for ask in asks() if ask.key.fullmatch(key)]
        assert not given or any(values is None or wanted <= values for values in given), key


@pytest.mark.parametrize("language", languages())
def test_plurals_are_complete(language):
    for message in catalogue(language):
        if not message.id or isinstance(message.id, str):
            continue
        key, texts = _parts(message)
        assert message.id[1] == f"{key}.plural"
        assert len(texts) == catalogue(language).num_plurals, key
        assert all("n" in fields(text) for text in texts), key
        others = dict.fromkeys(fields(texts[0]) - {"n"}, "x")
        for n in (0, 1, 2, 5, 11, 101):
            assert str(n) in words(language).count(key, n, **others)


@pytest.mark.parametrize("language", languages())
def test_the_markup_is_closed_again(language):
    for key, text in everything(language):
        bare = re.sub(r"\{\w*\}", "", re.sub(r"\\.", "", text))
        for mark in "*_":
            assert bare.count(mark) % 2 == 0, key


@pytest.mark.parametrize("language", languages())
def test_a_value_never_changes_the_layout(language):
    nasty = "*_\\{x}"
    for key, texts in entries(language).items():
        if len(texts) == 1:
            values = dict.fromkeys(fields(texts[0]), nasty)
            said = words(language)(key, **values)
            assert plain(said).count(nasty) == len(
                [1 for _, name, _, _ in string.Formatter().parse(texts[0]) if name]
            ), key
    assert plain(escape(nasty)) == nasty


@pytest.mark.parametrize("language", languages())
def test_labels_fit_on_their_buttons(language):
    spoken = words(language)
    for page in range(1, PAGES + 1):
        for name in lines(page):
            assert len(spoken(f"label.{name}")) <= 24, name
    on_buttons = [ask.key for ask in asks() if ask.button]
    in_texts = {ask.key.pattern.replace("\\", "") for ask in asks() if ask.exact and not ask.button}
    assert len(on_buttons) > 50
    choices = ("way.", "place.", "breathing.", "hips.")  # what [Change] offers
    for key, text in everything(language):
        offered = key.startswith(choices) and key.count(".") == 1 and key != "way.on_bed"
        if offered or (
            key not in in_texts and any(pattern.fullmatch(key) for pattern in on_buttons)
        ):
            assert len(plain(text)) <= 40, key
            assert "\n" not in text, key


# ---- what is never said to people

NEVER = {
    r"hold(s|ing)?|held": "the breath is never held",
    r"cap(s|ped)?": "longest for you",
    r"verdicts?": "",
    r"care days?": "day off",
    r"screen(s|ed|ing)?": "it is a health check",
    r"sessions?": "rest",
    r"cleared": "nothing speaks against it",
    r"diagnos\w+": "a purpose that we have not",
    r"treat(s|ed|ing|ments?)?": "a purpose that we have not",
    r"prevent\w*": "a purpose that we have not",
    r"cur(e|es|ed|ing)|heal(s|ed|ing)?|therap\w+": "a purpose that we have not",
    r"safe(ty|ly)?": "nobody knows that",
    r"patients?": "people",
    r"fail(s|ed|ure|ures)?": "blame",
    r"lazy|streaks?|don't lose|give up|hurry|last chance|quitters?|excuses?": "no pressure",
    r"push through|no pain|tough it out|proud": "no praise for discomfort",
    r"proven|guarantee\w*|detox\w*|toxins?|boost\w*": "more than is known",
    r"insomnia|anxiety|depression|cortisol|lymph\w*": "disease words and effects (C9)",
}

MAY_SAY = {
    ("line.pressure_treated", "treated"): "the line of the practice: the tablets do it, not we",
    ("label.pressure_treated", "treated"): "its label",
    ("note.pressure_treated", "treated"): "and the note to a clinician about it",
    ("line.clot_now", "treatment"): "the line of the practice: the treatment of a clot",
    ("whom.clot", "treats"): "the team that treats the clot is the one to ask",
    ("why.clot_now", "treats"): "and the only one that decides",
    ("answer.doctor.treated", "treated"): "the answer of the practice: a doctor does it",
    ("line.breath_lying_flat", "failure"): "heart failure is the illness's name",
    ("note.breath_lying_flat", "failure"): "as above",
    ("line.swelling", "failure"): "kidney failure is the illness's name",
    ("note.swelling", "failure"): "as above",
}


@pytest.mark.parametrize("never", NEVER)
def test_words_that_people_never_read(never):
    found = {
        (key, match[0].casefold())
        for key, text in everything("en")
        if not key.startswith("text.")  # what people type, not what they are told
        for match in re.finditer(rf"\b(?:{never})\b", plain(text), re.IGNORECASE)
    }
    assert {row for row in found if row not in MAY_SAY} == set()


def test_each_exception_is_still_needed():
    for key, word in MAY_SAY:
        assert word in plain(entries("en")[key][0]).casefold(), key


# ---- true to the practice

CLAIMS = {
    "lighter": "May help legs feel lighter; raising legs lets fluid drain.",
    "relaxing": "Many runners find it relaxing.",
    "calm": "A calm pause before bed.",
    "pelvis": "Lets the pelvic area relax.",
}


def test_claims_are_made_to_the_letter():
    spoken = words("en")
    for name, text in CLAIMS.items():
        assert spoken(f"claim.{name}") == text
        assert routine().claims[name].made
    assert spoken("claim.stretch").startswith("A gentle stretch")
    assert "may feel easier" in spoken("claim.easier")
    made = {name for name, claim in routine().claims.items() if claim.made}
    assert made == {*CLAIMS, "stretch", "easier", "gravity", "rest"}


def test_claims_without_evidence_are_named_as_not_made():
    kept = {name for name, claim in routine().claims.items() if not claim.made}
    assert kept == {
        "recovery", "pressure", "sleep", "injury", "digestion", "veins", "mobility", "back",
    }  # fmt: skip


def test_no_other_text_makes_a_claim_that_was_dropped():
    dropped = r"\b(recover\w*|injur\w*|digest\w*|lactate|blood pressure|sleep better|circulation)\b"
    may = (
        "claim.recovery", "claim.pressure", "claim.injury", "claim.digestion",  # not made
        "card.leg", "which.injury", "leg.injury",  # an injury as a sign
        "line.", "note.", "why.pressure", "why.out",  # the pressure of the person
        "text.",
    )  # fmt: skip
    for key, text in everything("en"):
        if not key.startswith(may):
            assert not re.search(dropped, plain(text), re.IGNORECASE), key


LETTER = {
    "verdict.no_concern": "*Nothing in your answers speaks against it.*",
    "verdict.gentler": "*Fine, the gentler way.*",
    "verdict.seat": "The seated rest is yours at any time and counts in a challenge.",
    "verdict.pregnancy": "What is comfortable changes now; your midwife or doctor knows what suits"
    " you. Meanwhile: a seat.",
    "card.lead": "Right now, or today:",
    "button.none": "None of these",
    "button.none_start": "None of these, start",
    "button.clinician": "A clinician has told me it is fine",
    "button.getting_help": "I am getting help",
    "button.mistake": "By mistake",
    "button.news": "Health news",
    "card.button.emergency": "1 Emergency",
    "card.button.leg": "2 Leg or urine",
    "card.button.not_now": "3 Not now",
    "which.unwell": "Unwell, alcohol or strong medicine",
    "which.meal": "Big meal",
    "which.warm": "Not cooled down",
    "which.sleepy": "Nodding off",
    "not_now.sleepy": "Then bed wins. Good night.",
    "question.doctor": "How is it? Did someone look at it?",
    "answer.doctor.fine": "Yes, nothing serious",
    "answer.doctor.treated": "Being checked or treated",
    "answer.doctor.not_yet": "Not yet",
    "answer.exit.well": "All well",
    "answer.exit.leg": "A leg is numb, weak or sore",
    "answer.exit.other": "Something else",
    "tingling": "Bend your knees, soles on the wall, or calves on a chair. Wait one minute.",
    "feeling.lighter": "Lighter",
    "feeling.same": "Same",
    "feeling.worse": "Worse",
    "goodbye.night": "Good night.",
}

BEGINS = {
    "safety.emergency": "*Stop. Get emergency help now.*",
    "safety.department_now": "*Not today. Go to an emergency department now.*",
    "safety.doctor_today": "*Not today. Get medical help today*",
    "safety.lungs": "*Chest pain, hard to breathe or coughing blood:*",
    "verdict.ask_clinician": "*First ask a clinician.*",
    "verdict.locked": "*Not this pose.*",
    "verdict.child": "*Not this pose yet.*",
    "not_now.unwell": "*Let's skip today.*",
    "way_out.asleep": "Asleep? When you wake: bend your knees, roll to your side, wait a minute,"
    " sit a minute.",
    "before.bedtime": "Phone on Do Not Disturb? My messages make no sound then.",
    "feeling.worse.which": "Sorry to hear that. Both legs, or one?",
    "worse.both.said": "Thank you. Next time shorter and gentler.",
    "answer.doctor.not_yet.said": "Please do it today.",
}

CONTAINS = {
    "emergency.unknown": (
        "*112* (Europe, most mobiles)",
        "*911* (US, Canada)",
        "*999* (UK)",
        "*000* (Australia)",
    ),
    "check.page": ("Tick what is true for you. Not sure? Tick it.",),
    "safety.leg_level": ("about level", "not raised", "No massage", "no stretching"),
    "safety.quiet_until": ("The seated rest is yours at any time and counts in a challenge.",),
    "check.stays": ("A seated rest is yours at any time and counts in a challenge.",),
    "not_now.unwell": ("until tomorrow", "costs nothing", "seated rest"),
    "not_now.meal": ("Not lying down yet.", "{clock}"),
    "not_now.warm": ("Not lying down yet:", "{clock}"),
    "verdict.note": ("May I {what}?", "I ticked: {ticked}.", "If not, what instead?"),
    "verdict.opens": ("{ways}", "up to {minutes}", "then sit {sit} before standing"),
    "before.bedtime": ("I never call anyone.",),
    "card.timer": ("Set a phone timer first",),
    "way_out.asleep": ("do not stand on a numb leg",),
    "exit": ("slowly", "soles to the wall", "roll to your side", "hands", "sit {sit}", "toes"),
    "exit.on_bed": ("turn on your side", "Stay lying"),
    "exit.plain": ("slowly", "bend your knees", "roll to your side", "before you stand"),
    "way_out.stand": ("hand on the wall", "20 seconds", "then walk", "water"),
    "way_out.sit_first": ("{time}", "hand on the wall", "20 seconds", "walk", "water"),
    "way_out.dizzy": ("Back down on your side", "Wait"),
    "way_out.dizzy_again": ("No more today", "clinician"),
    "cue.soon": ("One minute", "toes", "ten ankle circles"),
    "cue.halfway": ("Tingling? Bend your knees.",),
    "question.exit": ("You did not answer", "All well?"),
    "trouble.chest": ("Chest", "breath", "heartbeat", "faint"),
    "trouble.chest.said": ("Come out now", "to your side", "sit"),
    "trouble.head.said": ("Come out now", "sit", "No more today"),
    "trouble.back.said": ("Come out now", "roll to your side"),
    "trouble.breathing.said": ("Stop the pattern", "Breathe as it comes"),
    "trouble.cramp.said": ("Bend that knee", "gently pull the toes", "stop"),
    "answer.eyes.lost": ("Sight lost", "not normal again"),
    "answer.eyes.eyes.said": ("eye specialist",),
    "which.numb": ("Numb", "cold", "weak"),
    "which.hard": ("Hard", "pain growing"),
    "why.sign.leg": ("After a long journey check both calves first.",),
    "why.under_18": ("varicose veins", "Periods"),
    "what.not_reviewed": ("not yet clinically reviewed",),
    "consent.ask": ("I keep the result, not your answers", "/forget"),
}


def test_what_the_practice_words_is_said_in_its_words():
    texts = {key: text for key, (text, *_) in entries("en").items()}
    assert {key: texts[key] for key in LETTER} == LETTER
    for key, beginning in BEGINS.items():
        assert texts[key].startswith(beginning), key
    for key, parts in CONTAINS.items():
        for part in parts:
            assert part in texts[key], (key, part)


# Every sign of the check (C3) and of the card (C4), by the line that must name it.
SIGNS = {
    "line.heart": "heart problem now or before|attack|surgery|irregular beat|chest pain|valve",
    "line.breath_lying_flat": "heart failure|breathless lying flat|extra pillows to breathe",
    "line.pressure_high": "told that blood pressure is high|not under control|I am not sure it is",
    "line.pressure_treated": "treated and under control|pressure or water tablets",
    "line.clot_now": "clot in a leg or lung now|being checked for one|treatment ended under"
    " 3 months ago",
    "line.clot_before": "ever a clot|a clotting disorder|blood thinners",
    "line.glaucoma": "glaucoma|high eye pressure|very short-sighted with retina warnings",
    "line.retina": "retina ever torn or detached|bleeding|gas or oil in the eye|eye operation or"
    " injection under 3 months ago",
    "line.head": "stroke|mini-stroke|aneurysm|raised pressure in the head|concussion or head"
    " injury under 4 weeks ago",
    "line.fainting": "faint or nearly faint on standing|POTS|low pressure on standing|orthostatic"
    " hypotension|Parkinson's|diabetic nerve damage",
    "line.new_pain": "new or worse back, neck, hip or leg pain|the same soreness in both legs after"
    " a run does not count",
    "line.old_back": "slipped disc|sciatica|numbness or pins and needles down a leg|weak bones with"
    " fracture|old and settled",
    "line.arteries": "blocked or narrowed leg arteries|pain on walking that stops with rest|foot"
    " wounds|little feeling in the feet|feet cold and pale even in a warm room",
    "line.hernia": "hiatus hernia|another hernia",
    "line.reflux": "reflux|heartburn",
    "line.swelling": "kidney or liver failure with fluid|new swelling of both legs|severe lung"
    " disease",
    "line.pregnancy": "pregnant|maybe pregnant|a birth under 6 weeks ago",
    "line.operation": "operation|hospital stay|broken bone|cast|serious illness under 3 months ago",
    "line.told_not_to": "told by a clinician|not to lie flat|raise the legs|go upside down",
    "line.floor": "cannot get down to the floor and up again alone",
    "line.under_18": "under 18",
    "card.emergency": "chest pain or pressure|hard to breathe|coughing blood|face drooping|arm weak"
    "|slurred speech|both legs suddenly weak|numb between the legs|no control of bladder or bowel"
    "|confused|collapsed|very hot after the run|sudden terrible headache|sight loss",
    "card.leg": "one calf or thigh newly swollen, sore, warm, red or darker|calf or shin hard and"
    " tight with growing pain|foot numb|a leg cold, pale, weak|injury or pop|cola-coloured urine"
    "|Both legs equally tired is fine",
    "card.not_now": "dizzy|faint|sick|fever|headache|eye pain|alcohol|sedatives|strong painkillers"
    "|{meal}|not cooled down|nodding off already|tired is fine",
    "card.big_meal": "big meal in the last 3 hours",
    "card.any_food": "any food in the last 3 hours",
}


@pytest.mark.parametrize("key", SIGNS)
def test_no_sign_is_cut(key):
    text = entries("en")[key][0]
    for sign in SIGNS[key].split("|"):
        assert sign in text, sign


def test_signs_are_listed_for_every_line_of_the_check_and_group_of_the_card():
    named = {f"line.{name}" for page in range(1, PAGES + 1) for name in lines(page)}
    named |= {f"card.{sign.name}" for sign in routine().signs}
    assert f"line.{UNDER_AGE}" in named
    assert named <= set(SIGNS)


def test_the_note_to_a_clinician_names_what_matters():
    must = {
        "clot_before": "clot|clotting disorder|blood thinners",
        "head": "stroke|aneurysm|pressure in the head|head injury",
        "fainting": "faint|POTS|Parkinson's|diabetic nerve damage",
        "swelling": "kidney|liver|swelling of both legs|lung",
        "operation": "operation|hospital|broken bone|illness",
        "pregnancy": "pregnancy|birth",
        "glaucoma": "glaucoma|eye pressure|retina warnings",
    }
    for name, parts in must.items():
        for part in parts.split("|"):
            assert part in entries("en")[f"note.{name}"][0], (name, part)


def test_numbers_in_the_words_are_those_of_the_rules():
    """A rule that changes must not leave an old number in a sentence."""
    texts, content = {key: text for key, (text, *_) in entries("en").items()}, routine()
    value = {name: number.value for name, number in content.numbers.items()}
    which = {(sign.name, each.name): each for sign in content.signs for each in sign.which}
    soon = next(rule for rule in content.cues if rule.name == "soon")
    food = {
        limits.hours_after_food
        for line in content.lines
        if (limits := line.limits or line.ok) and limits.hours_after_food
    }
    assert which["not_now", "meal"].later == 3 * 60
    assert "3 hours" in texts["card.big_meal"]
    assert food == {3}
    assert "3 hours" in texts["card.any_food"]
    assert which["not_now", "warm"].later == 15
    assert value["after_run_wait"] == 30
    assert texts["button.in_30"] == "In 30 min"
    assert value["rest_silences_from_hour"] == 15
    assert "15:00" in texts["reminders.not_both"]
    assert value["about_window"] == 15
    assert "a quarter of an hour" in texts["reminders.seat"]
    assert "five to ten minutes" in texts["why.sign.not_now"]
    assert soon.before == 60
    assert texts["cue.soon"].startswith("One minute left.")
    assert value["tingling_wait"] == 60
    assert "Wait one minute." in texts["tingling"]
    assert value["tingling_after_exit"] == 10
    assert "in ten minutes" in texts["tingling.still"]
    assert value["sit"] == 60
    assert "a minute" in texts["exit.plain"]
    assert (value["age_with_guardian"], value["age_alone"]) == (16, 18)
    assert "Below 16" in texts["verdict.child"]
    assert (content.lengths.usual[0], content.lengths.gentler[0]) == (3, 2)
    assert "start with 3 (or 2)" in texts["why.length"]
    assert (value["longest_usual"], value["longest_gentler"]) == (15, 10)
    assert "stop at 15, 10" in texts["why.length"]
    assert content.lengths.usual[:4] == (3, 5, 8, 10)
    assert "Three minutes at first, then five, eight, ten" in texts["faq.long"]
    assert content.lengths.try_out[0] == 0.5
    assert "30 seconds" in texts["faq.long"]


def test_every_number_of_the_file_is_read_by_the_code():
    """One that nobody reads could be changed without any effect."""
    assert {name for name in routine().numbers if name not in literals()} == set()


def test_no_way_in_lifts_the_hips_or_draws_up_the_knees_of_who_may_not():
    for key, text in everything("en"):
        if key.startswith(("setup.", "stuck.")) and key not in ("setup.lift_hips", "setup.knees"):
            assert not re.search(r"under your (hips|bottom|tailbone)", text), key
            assert not re.search(r"toward your (chest|belly)", text), key


# ---- plain enough

EXEMPT = {
    "text.": "what people type",
    "line.": "names of illnesses, to the letter of the practice",
    "note.": "the same names, for a clinician",
    "whom.": "names of specialists",
    "card.emergency": "signs, to the letter of the practice",
    "card.leg": "signs, to the letter of the practice",
    "card.not_now": "signs, to the letter of the practice",
    "emergency.unknown": "the line of the practice: numbers and countries, no sentence",
    "cli.": "for who runs it: names of settings and files",
    "doctor.": "for who runs it: names of settings and files",
}
TOGETHER, ALONE, LONG = 4.0, 9.0, 10
"""School grades of all prose together and of one long entry; words that make one long."""


def syllables(word: str) -> int:
    letters = re.sub(r"[^a-z]", "", word.casefold())
    count = len(re.findall(r"[aeiouy]+", letters))
    mute = re.search(r"[^aeiouyl]e$|[^aeioutdy]ed$|[^aeiouyszcgxhl]es$", letters)
    return max(1, count - 1 if mute and count > 1 else count)


def grade(texts: list[str]) -> float:
    """The Flesch-Kincaid grade: years of school that reading it takes."""
    every = [re.sub(r"\{\w+\}", "ten", text) for text in texts]
    sentences = sum(len(re.findall(r"[^.!?\n]*\w[^.!?\n]*", plain(text))) for text in every)
    read = [word for text in every for word in re.findall(r"[A-Za-z0-9][\w'-]*", plain(text))]
    spoken = sum(syllables(word) for word in read)
    return 0.39 * len(read) / sentences + 11.8 * spoken / len(read) - 15.59


def prose() -> dict[str, str]:
    return {
        key: text
        for key, text in everything("en")
        if not key.startswith(tuple(EXEMPT)) and len(text.split()) >= 4
    }


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("legs", 1),
        ("pose", 1),
        ("tired", 1),
        ("rested", 2),
        ("gentle", 2),
        ("noses", 2),
        ("calves", 1),
        ("table", 2),
        ("emergency", 4),
        ("1", 1),
    ],
)
def test_syllables_are_counted(word, count):
    assert syllables(word) == count


def test_hard_texts_are_found_hard():
    easy = "Bend your knees. Roll to your side. Sit a while before you stand."
    hard = "Individuals exhibiting orthostatic hypotension should subsequently reconsider elevation"
    assert grade([easy]) < 2
    assert grade([hard]) > 15


def test_all_prose_together_is_easy_to_read():
    texts = prose()
    assert len(texts) > 200
    assert grade(list(texts.values())) <= TOGETHER


@pytest.mark.parametrize("key", [k for k, text in prose().items() if len(text.split()) >= LONG])
def test_no_long_text_is_hard_to_read(key):
    assert grade([prose()[key]]) <= ALONE
