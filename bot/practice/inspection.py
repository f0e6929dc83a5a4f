"""Refuses content that does not fit together, at start and with the reason."""

from collections.abc import Iterator

from bot.content.routine import Limits, routine
from bot.content.words import languages, words
from bot.practice.clearance import RAISED, Variation
from bot.practice.countries import emergency
from bot.practice.questionnaire import PAGES, UNDER_AGE, lines
from bot.practice.timeline import GAP, cues

LABEL_LENGTH = 24
"""Characters of a tick's label: two of them fit side by side on a phone."""


class Unfit(Exception):
    """The content contradicts itself; the message says where."""


def inspect() -> None:
    """Raise `Unfit` with every fault that is found in routine.toml and the catalogues."""
    faults = [*_sources(), *_rules(), *_words(), *_cues()]
    if faults:
        raise Unfit("\n".join(faults))


def _sources() -> Iterator[str]:
    content = routine()
    named = {
        **{f"line {entry.name}": entry.sources for entry in content.lines},
        **{f"sign {entry.name}": entry.sources for entry in content.signs},
        **{f"trouble {entry.name}": entry.sources for entry in content.troubles},
        **{f"claim {name}": entry.sources for name, entry in content.claims.items()},
        **{f"number {name}": entry.sources for name, entry in content.numbers.items()},
        "lengths": content.lengths.sources,
    }
    for where, sources in named.items():
        if not sources:
            yield f"{where} has no source"
        yield from (f"{where}: no such source: {s}" for s in sources if s not in content.sources)
    table = emergency()
    for code, country in table.countries.items():
        for source in filter(None, (country.source, country.help_source)):
            if source not in table.sources:
                yield f"country {code}: no such source: {source}"
        if bool(country.help_line) != bool(country.help_source):
            yield f"country {code}: a help line and its source come together"


def _rules() -> Iterator[str]:
    content = routine()
    names = [entry.name for entry in content.lines]
    yield from (f"line {name} stands twice" for name in names if names.count(name) > 1)
    ways = {variation.value for variation in Variation}
    if set(content.variations) != ways:
        yield f"variations must be exactly: {', '.join(sorted(ways))}"
    for entry in content.lines:
        if (entry.limits is None) == (entry.verdict == "gentler"):
            yield f"line {entry.name}: limits belong to gentler lines, and to those alone"
        if entry.verdict == "ask_clinician" and not entry.whom:
            yield f"line {entry.name}: whom to ask?"
        for limits in filter(None, (entry.limits, entry.ok)):
            yield from _limits(f"line {entry.name}", limits)


def _limits(where: str, limits: Limits) -> Iterator[str]:
    raised = {variation.value for variation in RAISED}
    if not limits.variations:
        yield f"{where}: an OK that opens nothing is none"
    yield from (f"{where}: no such way: {v}" for v in limits.variations if v not in raised)


def _keys() -> Iterator[str]:
    """Every key that a rule needs words for."""
    content = routine()
    for page in range(1, PAGES + 1):
        yield f"page.{page}"
        for name in lines(page):
            yield from (f"line.{name}", f"label.{name}", f"note.{name}", f"why.{name}")
    for entry in content.lines:
        if entry.whom:
            yield f"whom.{entry.whom}"
    for sign in content.signs:
        yield from (f"card.{sign.name}", f"card.button.{sign.name}", f"why.sign.{sign.name}")
        for which in sign.which:
            yield from (f"which.{which.name}", f"{sign.name}.{which.name}")
            if sign.name == "leg" and not which.now:
                yield f"leg.{which.name}.say"
    for trouble in content.troubles:
        yield f"trouble.{trouble.name}"
        yield "tingling" if trouble.name == "tingling" else f"trouble.{trouble.name}.said"
    for variation in Variation:
        yield f"way.{variation}"
    for variation in RAISED:
        yield f"way.plain.{variation}"
        for step in (1, 2, 3):
            yield from (f"setup.{variation}.{step}", f"stuck.{variation}.{step}")
    yield from (f"breathing.{name}" for name in content.breathing)
    yield from (f"claim.{name}" for name in content.claims)
    for name in content.faq:
        yield from (f"faq.{name}", f"faq.{name}.ask")
    yield from content.texts


def _words() -> Iterator[str]:
    for language in languages():
        spoken = words(language)
        yield from (f"{language}: no words for {key}" for key in _keys() if key not in spoken)
        for name in (*(entry.name for entry in routine().lines), UNDER_AGE):
            key = f"label.{name}"
            if key in spoken and len(spoken(key)) > LABEL_LENGTH:
                yield f"{language}: {key} is longer than {LABEL_LENGTH} characters"
        for rule in routine().cues:
            cue = f"cue.{rule.name}"
            own = (f"{cue}.{name}" for name in routine().breathing if name != "own")
            if cue not in spoken and not all(key in spoken for key in own):
                yield f"{language}: no words for {cue}"


def _cues() -> Iterator[str]:
    lengths = routine().lengths
    for minutes in sorted({*lengths.usual, *lengths.gentler, *lengths.try_out}):
        for familiar in (False, True):
            placed = cues(Variation.CLASSIC, minutes, "long_exhale", familiar)
            moments = [cue.at.total_seconds() for cue in placed]
            if not placed or placed[0].name != "start" or moments[0] != 0:
                yield f"a rest of {minutes:g} min does not begin with its start cue"
            steps = zip(moments, [*moments[1:], minutes * 60], strict=True)
            if any(after - before < GAP.total_seconds() for before, after in steps):
                yield f"a rest of {minutes:g} min has cues out of order or too close"
    calls = (*lengths.way_out_calls, lengths.asleep_text)
    if list(calls) != sorted(set(calls)):
        yield "the calls of the way out are out of order"
