"""How a message looks on a screen of text: wrapped, calm, readable without colour. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import count

from adapters.text import clean
from bot.content.words import plain, spans
from bot.events import Button

WIDEST = 80
NARROWEST = 40
DEEPEST_INDENT = 8

_OWN_NUMBER = re.compile(r"(\d{1,2})\s+(\S.*)", re.DOTALL)
_NUMBERED = re.compile(r"\s*\d+[.)]?\s+")
_MARKED = re.compile(r"\s*(?:\d+/\d+|[-•])\s+")
_BREAKS = re.compile(r"[ \t]+")

# Styles travel through the wrapping as characters that take no room. Private use: what a person
# or a writer puts in is cleaned of them first.
_BOLD_ON, _BOLD_OFF, _ITALIC_ON, _ITALIC_OFF, _DIM_ON, _DIM_OFF = map(chr, range(0xE000, 0xE006))
_ANSI = {
    _BOLD_ON: "\x1b[1m",
    _BOLD_OFF: "\x1b[22m",
    _ITALIC_ON: "\x1b[3m",
    _ITALIC_OFF: "\x1b[23m",
    _DIM_ON: "\x1b[2m",
    _DIM_OFF: "\x1b[22m",
}
_PAINT = {True: str.maketrans(_ANSI), False: str.maketrans(dict.fromkeys(_ANSI, ""))}


@dataclass(frozen=True, slots=True)
class Style:
    """What the screen can do."""

    width: int = WIDEST
    colour: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A button with the number that it is pressed by; ``label`` is without that number."""

    number: int
    label: str
    data: str


def room(text: str) -> int:
    """How many columns a text takes."""
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if char in _ANSI or unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def without_place(rows: tuple[tuple[Button, ...], ...]) -> tuple[tuple[Button, ...], ...]:
    """The buttons but those for sharing a place, which a screen knows nothing of."""
    shown = (tuple(button for button in row if not button.place) for row in rows)
    return tuple(row for row in shown if row)


def choices(rows: tuple[tuple[Button, ...], ...]) -> list[list[Choice]]:
    """Give every button its number.

    A label that starts with its own number keeps it. Then whoever stands before the first of
    those is 0 (one only) and all others take the next free numbers. Without any, all from 1.
    """
    shown = [[_own_number(clean(plain(button.label)).strip()) for button in row] for row in rows]
    own = [number for row in shown for number, _ in row if number is not None]
    if own and own != list(range(own[0], own[0] + len(own))):
        # "30 Min", "60 Min": amounts, not the numbering of a list.
        shown = [[(None, clean(plain(button.label)).strip()) for button in row] for row in rows]
        own = []
    free = count(max(own) + 1 if own else 1)
    zero = [0] if own and own[0] > 0 else []
    numbered = []
    for row, labels in zip(rows, shown, strict=True):
        line = []
        for button, (given, label) in zip(row, labels, strict=True):
            number = given if given is not None else zero.pop() if zero else next(free)
            zero = zero if given is None else []
            line.append(Choice(number, label, button.data))
        numbered.append(line)
    return numbered


def _own_number(label: str) -> tuple[int | None, str]:
    found = _OWN_NUMBER.fullmatch(label)
    # A small letter after it is a unit ("3 min"), so the number is the label's meaning.
    if found is None or found[2][0].islower():
        return None, label
    return int(found[1]), found[2]


def draw_text(text: str, style: Style) -> str:
    """A text in the markup, wrapped line by line."""
    marked = "".join(
        (_BOLD_ON if span.bold else "")
        + (_ITALIC_ON if span.italic else "")
        + clean(span.text)
        + (_ITALIC_OFF if span.italic else "")
        + (_BOLD_OFF if span.bold else "")
        for span in spans(text)
    )
    paragraphs = [paragraph.rstrip() for paragraph in marked.split("\n")]
    numbered = [bool(_NUMBERED.match(paragraph)) for paragraph in paragraphs]
    lines: list[str] = []
    for index, paragraph in enumerate(paragraphs):
        # A list has more than one number; "3 minutes, from now" is a sentence.
        listed = numbered[index] and sum(numbered[max(index - 1, 0) : index + 2]) > 1
        mark = (_NUMBERED if listed else _MARKED).match(paragraph)
        lines.extend(_wrap(paragraph, style.width, hang=room(mark[0]) if mark else 0))
    return "\n".join(lines).strip("\n").translate(_PAINT[style.colour])


def draw_choices(rows: list[list[Choice]], style: Style) -> str:
    """The buttons: a row of theirs is a row on screen where it fits, in columns where they fit."""
    pieces = [[f"[{choice.number}] {choice.label}" for choice in row] for row in _zero_first(rows)]
    widths = [
        max(room(row[column]) for row in pieces if len(row) > max(column, 1))
        for column in range(max((len(row) for row in pieces if len(row) > 1), default=0))
    ]
    if 2 + sum(widths) + 3 * len(widths) - 3 > style.width:
        widths = [0] * len(widths)
    lines: list[str] = []
    for row in pieces:
        line = ""
        for column, piece in enumerate(row):
            padded = piece
            if column + 1 < len(row):
                padded += " " * (widths[column] - room(piece))
            if line and room(f"{line}   {piece}") <= style.width:
                line = f"{line}   {padded}"
                continue
            lines.extend(_wrap(line, style.width, hang=6) if line else ())
            line = f"  {padded}"
        lines.extend(_wrap(line, style.width, hang=6))
    return "\n".join(f"{_DIM_ON}{line.rstrip()}{_DIM_OFF}" for line in lines).translate(
        _PAINT[style.colour]
    )


def _zero_first(rows: list[list[Choice]]) -> list[list[Choice]]:
    """The one that speaks for a whole list stands on a row of its own."""
    return [
        part
        for row in rows
        for part in ([c for c in row if c.number == 0], [c for c in row if c.number != 0])
        if part
    ]


def _wrap(line: str, width: int, hang: int) -> list[str]:
    """Break a line between words; a word that is wider than the screen is cut."""
    if room(line) <= width:
        return [line]
    start = len(line) - len(line.lstrip())
    indent = " " * min(hang, DEEPEST_INDENT)
    done: list[str] = []
    current = " " * min(start, DEEPEST_INDENT)
    fresh = True
    for word in _BREAKS.split(line.strip()):
        rest = word
        if not fresh and room(f"{current} {rest}") > width:
            done.append(current)
            current, fresh = indent, True
        while room(current + rest) > width and fresh:
            head, rest = _cut(rest, width - room(current))
            done.append(current + head)
            current = indent
        current = current + rest if fresh else f"{current} {rest}"
        fresh = False
    return [*done, current]


def _cut(word: str, columns: int) -> tuple[str, str]:
    """Split where the columns end, with at least one character before it."""
    taken = 0
    for index, char in enumerate(word):
        taken += _columns(char)
        if taken > columns and index:
            return word[:index], word[index:]
    return word, ""
