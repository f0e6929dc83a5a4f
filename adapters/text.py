"""Text from outside, and text for a screen: without what no screen can show."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from bot.content.words import Span, plain, spans

_ENDS = tuple(re.compile(end) for end in (r"\n\n", r"\n", r"[.!?](?=\s)", r"\s"))
"""Where a text may be cut, the best place first."""

Length = Callable[[str], int]
"""How long a text is, as a platform counts it."""


def clean(text: str) -> str:
    """Text that a screen can show: no control characters, half characters or private ones."""
    return "".join(
        " " if char in "\t\u2028\u2029" else char
        for char in text
        if char in "\t\n" or unicodedata.category(char) not in ("Cc", "Cs", "Co")
    )


def label(text: str) -> str:
    """A text without any markup, as it stands on a button."""
    return clean(plain(text)).strip()


def parts(text: str, longest: int, length: Length) -> list[list[Span]]:
    """A text in as few messages as it needs: cut between sentences, never inside a moment."""
    left = _tidy(spans(text))
    done: list[list[Span]] = []
    while length(visible(left)) > longest:
        first, left = _split(left, _cut(left, longest, length))
        done.append(first)
    return [*done, left] if left else done


def _tidy(run: Iterable[Span]) -> list[Span]:
    """Without what Telegram would cut away at both ends."""
    cleaned = [Span(clean(s.text), s.bold, s.italic, s.moment) for s in run]
    while cleaned and not cleaned[0].text.strip():
        cleaned.pop(0)
    while cleaned and not cleaned[-1].text.strip():
        cleaned.pop()
    for at, strip in ((0, str.lstrip), (-1, str.rstrip)) if cleaned else ():
        end = cleaned[at]
        cleaned[at] = Span(strip(end.text), end.bold, end.italic, end.moment)
    return cleaned


def visible(run: Iterable[Span]) -> str:
    """What is read of it."""
    return "".join(span.text for span in run)


def _cut(run: list[Span], longest: int, length: Length) -> int:
    """After how many characters to cut: in the second half of what fits, if anyhow possible."""
    text = visible(run)
    fits = longest
    while length(text[:fits]) > longest:
        fits -= (length(text[:fits]) - longest + 1) // 2  # no character has more than two
    within = list(_moments(run))
    for end in _ENDS:
        places = [found.end() for found in end.finditer(text, fits // 2, fits)]
        places = [at for at in places if not any(a < at < b for a, b in within)]
        if places:
            return places[-1]
    return next((a for a, b in within if a < fits < b and a), fits)


def _moments(run: list[Span]) -> Iterator[tuple[int, int]]:
    """Where moments begin and end."""
    at = 0
    for span in run:
        if span.moment:
            yield at, at + len(span.text)
        at += len(span.text)


def _split(run: list[Span], at: int) -> tuple[list[Span], list[Span]]:
    first: list[Span] = []
    rest = list(run)
    while rest and at >= len(rest[0].text):
        at -= len(rest[0].text)
        first.append(rest.pop(0))
    if rest and at:
        span = rest[0]
        first.append(Span(span.text[:at], span.bold, span.italic, span.moment))
        rest[0] = Span(span.text[at:], span.bold, span.italic, span.moment)
    return _tidy(first), _tidy(rest)
