"""The core's texts and buttons as Telegram writes them. Pure.

Rules from core.telegram.org/bots/api#formatting-options; lengths are counted as Telegram does, in
UTF-16 code units after the entities are parsed.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
)
from telegram.constants import KeyboardButtonStyle, MessageLimit

from adapters.text import clean
from bot.content.words import Span, plain, spans
from bot.events import Button, Message, Tone

LONGEST = int(MessageLimit.MAX_TEXT_LENGTH)
LONGEST_CAPTION = int(MessageLimit.CAPTION_LENGTH)

FORMATS = {"t": "t", "d": "wDt"}
"""How a moment is drawn: a short time; the weekday, the date and a short time."""

STYLES = {
    Tone.PLAIN: None,
    Tone.GO: KeyboardButtonStyle.SUCCESS,
    Tone.ALARM: KeyboardButtonStyle.DANGER,
}

_ENDS = tuple(re.compile(end) for end in (r"\n\n", r"\n", r"[.!?](?=\s)", r"\s"))
"""Where a text may be cut, the best place first."""


def units(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "replace")) // 2


def parts(text: str, longest: int = LONGEST) -> list[list[Span]]:
    """A text in as few messages as it needs: cut between sentences, never inside a moment."""
    left = _tidy(spans(text))
    done: list[list[Span]] = []
    while units(_visible(left)) > longest:
        first, left = _split(left, _cut(left, longest))
        done.append(first)
    return [*done, left] if left else done


def html(run: Iterable[Span], *, moments: bool = True) -> str:
    """One message in Telegram's HTML; everything but our own tags is escaped."""
    written = []
    for span in run:
        text = escape(span.text, quote=False)
        if span.moment and moments:
            at, drawn = span.moment.split(":")
            text = f'<tg-time unix="{at}" format="{FORMATS[drawn]}">{text}</tg-time>'
        if span.italic:
            text = f"<i>{text}</i>"
        written.append(f"<b>{text}</b>" if span.bold else text)
    return "".join(written)


def bare(run: Iterable[Span]) -> str:
    """One message without any markup, for when Telegram refuses ours."""
    return _visible(run)


def label(text: str) -> str:
    """What stands on a button, or in the few words that answer its press."""
    return clean(plain(text)).strip()


def keyboard(message: Message, username: str) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    """What stands below a message: its buttons, or that of Telegram's which shares a place."""
    if message.asks_place:
        button = KeyboardButton(label(message.asks_place.label), request_location=True)
        return ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)
    return buttons(message, username)


def buttons(message: Message, username: str) -> InlineKeyboardMarkup | None:
    """The buttons of a message."""
    rows = [[_button(button, username) for button in row] for row in message.buttons]
    return InlineKeyboardMarkup(rows) if rows else None


def _button(button: Button, username: str) -> InlineKeyboardButton:
    style = STYLES[button.tone]
    if button.opens:
        link = f"https://t.me/{username}?start={button.opens}"
        return InlineKeyboardButton(label(button.label), url=link, style=style)
    return InlineKeyboardButton(label(button.label), callback_data=button.data, style=style)


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


def _visible(run: Iterable[Span]) -> str:
    return "".join(span.text for span in run)


def _cut(run: list[Span], longest: int) -> int:
    """After how many characters to cut: in the second half of what fits, if anyhow possible."""
    text = _visible(run)
    fits = longest
    while units(text[:fits]) > longest:
        fits -= (units(text[:fits]) - longest + 1) // 2  # no character has more than two
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
