"""Refuses content that does not fit together, at start and with the reason."""

from collections.abc import Iterator, Sequence

from bot.content.routine import CueRule, Limits, Line, Routine, routine
from bot.content.words import Words, languages, words
from bot.practice.clearance import RAISED, Variation
from bot.practice.countries import emergency
from bot.practice.questionnaire import UNDER_AGE
from bot.practice.timeline import GAP, place

LABEL_LENGTH = 24
"""Characters of a tick's label: two of them fit side by side on a phone."""


class Unfit(Exception):
    """The content contradicts itself; the message says where."""


def inspect(content: Routine | None = None, catalogues: Sequence[Words] | None = None) -> None:
    """Raise `Unfit` with every fault of the practice and of what is said of it.

    Both are the shipped ones unless they are handed in.
    """
    content = content or routine()
    catalogues = catalogues or [words(language) for language in languages()]
    faults = [*_sources(content), *_rules(content), *_cues(content)]
    for spoken in catalogues:
        faults += _words(content, spoken)
    if faults:
        raise Unfit("\n".join(dict.fromkeys(faults)))


def _sources(content: Routine) -> Iterator[str]:
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


def _rules(content: Routine) -> Iterator[str]:
    names = [entry.name for entry in content.lines]
    yield from (f"line {name} stands twice" for name in {n for n in names if names.count(n) > 1})
    ways = {variation.value for variation in Variation}
    if set(content.variations) != ways:
        yield f"variations must be exactly: {', '.join(sorted(ways))}"
    for entry in content.lines:
        yield from _line(entry)
    yield from (
        f"{row} is dropped without a reason" for row, why in content.dropped.items() if not why
    )


def _line(entry: Line) -> Iterator[str]:
    gentler = entry.verdict == "gentler"
    if gentler != (entry.limits is not None):
        yield f"line {entry.name}: limits belong to gentler lines, and to those alone"
    if gentler and entry.ok is not None:
        yield f"line {entry.name}: an OK opens what was closed, and this is open"
    if not gentler and not entry.whom:
        yield f"line {entry.name}: whom to ask?"
    for limits in filter(None, (entry.limits, entry.ok)):
        yield from _limits(f"line {entry.name}", limits)


def _limits(where: str, limits: Limits) -> Iterator[str]:
    raised = {variation.value for variation in RAISED}
    if not limits.variations:
        yield f"{where}: no way at all is left"
    yield from (f"{where}: no such way: {v}" for v in limits.variations if v not in raised)


def _keys(content: Routine) -> Iterator[str]:
    """Every key that a rule needs words for."""
    yield from (f"page.{page}" for page in sorted({entry.page for entry in content.lines}))
    for name in (*(entry.name for entry in content.lines), UNDER_AGE):
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


def _words(content: Routine, spoken: Words) -> Iterator[str]:
    language = spoken.language
    yield from (f"{language}: no words for {key}" for key in _keys(content) if key not in spoken)
    for name in (*(entry.name for entry in content.lines), UNDER_AGE):
        key = f"label.{name}"
        if key in spoken and len(spoken(key)) > LABEL_LENGTH:
            yield f"{language}: {key} is longer than {LABEL_LENGTH} characters"
    for rule in content.cues:
        cue = f"cue.{rule.name}"
        own = (f"{cue}.{name}" for name in content.breathing if name != "own")
        if cue not in spoken and not all(key in spoken for key in own):
            yield f"{language}: no words for {cue}"


def _cues(content: Routine) -> Iterator[str]:
    for rule in content.cues:
        if (rule.at is None) == (rule.before is None):
            yield f"cue {rule.name}: a share of the length, or seconds before its end"
        if not 0 <= (rule.at or 0) < 1 or (rule.before is not None and rule.before <= 0):
            yield f"cue {rule.name}: not within the rest"
    lengths = content.lengths
    for minutes in sorted({*lengths.usual, *lengths.gentler, *lengths.try_out}):
        for familiar in (False, True):
            yield from _order(content.cues, minutes, familiar)
    calls = (*lengths.way_out_calls, lengths.asleep_text)
    if list(calls) != sorted(set(calls)):
        yield "the calls of the way out are out of order"


def _order(rules: Sequence[CueRule], minutes: float, familiar: bool) -> Iterator[str]:
    rest = f"a rest of {minutes:g} min"
    placed = place(rules, Variation.CLASSIC, minutes, "long_exhale", familiar)
    moments = [cue.at.total_seconds() for cue in placed]
    kinds = [cue.kind for cue in placed]
    if not placed or kinds[0] != "start" or moments[0] != 0:
        yield f"{rest} does not begin with its start cue"
    steps = zip(moments, [*moments[1:], minutes * 60], strict=True)
    if any(after - before < GAP.total_seconds() for before, after in steps):
        yield f"{rest} has cues too close to each other or to its end"
    if "soon" in kinds and kinds.index("soon") != len(kinds) - 1:
        yield f"{rest} has cues out of order: one comes after the last notice"
