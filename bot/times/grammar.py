"""The machine of the grammars: text into tokens, and runs of tokens into larger ones by rules.

A token has readings: by kind, what it may be (German "so" is a Sunday, or "about"). A rule says
which kinds in a row make up what. In a pattern the kinds in capitals hand their value to
the rule's meaning (None for one that was left out), ``?kind`` may be left out, ``a|b`` is either,
and ``<kind`` in front is what stands before the row without being part of it.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

LONGEST_TEXT = 200

Readings = Mapping[str, object]
Vocabulary = Mapping[str, Mapping[str, object]]

_DASHES = re.compile("[\u2010-\u2015\u2212]")
_QUOTES = re.compile("['\u2018\u2019\u201b`\u00b4\u02bc]")
_VULGAR = re.compile("([\u00bc-\u00be])")
_PIECES = re.compile(
    r"""
      (?P<iso>     [0-9]{4}-[0-9]{2}-[0-9]{2} (?![0-9]) )
    | (?P<dotted>  [0-9]{1,2}\.[0-9]{1,2}\. (?:[0-9]{4}|[0-9]{2})? (?![0-9]) )
    | (?P<half>    [0-9]{1,2}(?:[:.]?[0-9]{2})?[ap] (?! [0-9a-z] | \.[ ]?m ) )
    | (?P<clock>   [0-9]{1,2}:[0-9]{2} (?::00)? (?![0-9:]) )
    | (?P<hours>   [0-9]{1,2}[ ]?h(?:[0-9]{2})? (?![0-9a-z]) )
    | (?P<point>   [0-9]{1,2}[.,][0-9]{1,2} (?![0-9]) )
    | (?P<slash>   [0-9]{1,2}/[0-9]{1,2} (?![0-9]) )
    | (?P<digits>  [0-9]+ )
    | (?P<word>    [a-z]+ )
    | (?P<hyphen>  (?<=[a-z])-(?=[a-z]) )
    | (?P<between> (?<=[0-9])[ ]?-[ ]?(?=[0-9]) )
    | (?P<inside>  (?<=[0-9])[.:](?=[0-9]) | (?<![^ ])-(?=[0-9]) )
    | (?P<sign>    [^ ] )
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text, or what rules made of several."""

    readings: Readings


class Piece(NamedTuple):
    """A piece of a text before its meaning is looked up; ``form`` names its shape."""

    form: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a row of kinds makes up; a meaning of None says that it does not, after all.

    ``opens`` are the kinds that its row may begin with: at most tokens a glance at them will do.
    """

    kind: str
    pattern: str
    meaning: Callable[..., object]
    before: frozenset[str] = field(init=False)
    opens: frozenset[str] = field(init=False)
    steps: tuple[tuple[bool, tuple[str, ...]], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Read the pattern once."""
        words = self.pattern.split()
        before = words.pop(0)[1:].split("|") if words[0].startswith("<") else ()
        object.__setattr__(self, "before", frozenset(before))
        steps = [(word.startswith("?"), tuple(word.lstrip("?").split("|"))) for word in words]
        object.__setattr__(self, "steps", tuple(steps))
        needed = next((at for at, (optional, _) in enumerate(steps) if not optional), len(steps))
        opens = chain.from_iterable(kinds for _, kinds in steps[: needed + 1])
        object.__setattr__(self, "opens", frozenset(opens))


def listed(words: str) -> list[str]:
    """Forms that are parted by commas, over any number of lines."""
    return [" ".join(form.split()) for form in words.split(",")]


def fold(text: str) -> str:
    """One spelling for what people type differently: case, accents, quotes, dashes, widths."""
    text = _VULGAR.sub(r" \1", text)
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    text = _QUOTES.sub("", _DASHES.sub("-", text)).replace("\u2044", "/")
    return " ".join("".join(filter(_tells, text)).split())


def _tells(sign: str) -> bool:
    """Whether a character may carry meaning here: accents, emoji and invisible ones do not."""
    category = unicodedata.category(sign)
    return category[0] != "M" and category not in ("So", "Sk", "Cf")


def pieces(text: str) -> Iterator[Piece]:
    """Cut a folded text."""
    for match in _PIECES.finditer(text):
        yield Piece(match.lastgroup or "", match.group())


class Lexicon:
    """The words of a language: what each word or row of words may be."""

    def __init__(self, *vocabularies: Vocabulary, shortened: Collection[str] = ()) -> None:
        """By kind, forms parted by ``|`` and what they stand for; ``shortened`` take a point."""
        self._readings: dict[tuple[str, ...], dict[str, object]] = {}
        for kind, entries in chain.from_iterable(each.items() for each in vocabularies):
            for forms, value in entries.items():
                for form in forms.split("|"):
                    self._add(form, kind, value)
                    if kind in shortened:
                        self._add(f"{form} .", kind, value)
        self._longest = max(map(len, self._readings))

    def _add(self, form: str, kind: str, value: object) -> None:
        plain_vowels = fold(form)
        two_letters = fold(form.translate({0xE4: "ae", 0xF6: "oe", 0xFC: "ue"}))
        for spelling in {plain_vowels, two_letters}:
            key = tuple(piece.text for piece in pieces(spelling))
            self._readings.setdefault(key, {})[kind] = value

    def longest(self, row: Sequence[Piece], start: int) -> tuple[int, Readings]:
        """The longest entry that begins there, as its end and its readings."""
        end, readings = start + 1, {}
        key: list[str] = []
        for at in range(start, len(row)):
            if row[at].form == "hyphen" and at > start:
                continue
            key.append(row[at].text)
            if len(key) > self._longest:
                break
            if found := self._readings.get(tuple(key)):
                end, readings = at + 1, found
        return end, readings


def _fits(rule: Rule, tokens: Sequence[Token], start: int) -> tuple[int, list[object]] | None:
    """Where a rule's row ends if it begins there, and its values; optional kinds are greedy."""
    if rule.before and not (start and rule.before & tokens[start - 1].readings.keys()):
        return None
    at, values = start, []
    for optional, kinds in rule.steps:
        readings: Readings = tokens[at].readings if at < len(tokens) else {}
        kind = next((kind for kind in kinds if kind in readings), None)
        if kind is not None:
            at += 1
        elif not optional:
            return None
        if kinds[0].isupper():
            values.append(None if kind is None else readings[kind])
    return at, values


def rewrite(tokens: Sequence[Token], rules: Iterable[Rule]) -> list[Token]:
    """Put what the rules find in the place of the tokens it is made of; the longest row wins."""
    rules = tuple(rules)
    result, at = [], 0
    while at < len(tokens):
        fitting = [
            (fit[0], -order, fit[1], rule)
            for order, rule in enumerate(rules)
            if not rule.opens.isdisjoint(tokens[at].readings)
            and (fit := _fits(rule, tokens, at))
            and fit[0] > at
        ]
        end, token = at + 1, tokens[at]
        for row_end, _, values, rule in sorted(fitting, key=lambda fit: fit[:2], reverse=True):
            if (value := rule.meaning(*values)) is not None:
                end, token = row_end, Token({rule.kind: value})
                break
        result.append(token)
        at = end
    return result
