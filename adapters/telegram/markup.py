"""The core's texts and buttons as Telegram writes them. Pure.

Rules from core.telegram.org/bots/api#formatting-options; lengths are counted as Telegram does, in
UTF-16 code units after the entities are parsed.
"""

import re
from collections.abc import Iterable
from html import escape

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
)
from telegram.constants import KeyboardButtonStyle, MessageLimit

from adapters.text import label, visible
from adapters.text import parts as parts_of
from bot.content.words import Span
from bot.events import Button, Message, Tone

LONGEST = int(MessageLimit.MAX_TEXT_LENGTH)
LONGEST_CAPTION = int(MessageLimit.CAPTION_LENGTH)

FORMATS = {"t": "t", "d": "wDt"}
"""How a moment is drawn: a short time; the weekday, the date and a short time."""

OPENS = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a link into a chat may carry (core.telegram.org/bots/features#deep-linking). With anything
else it would open nothing; so it opens the chat alone."""

STYLES = {
    Tone.PLAIN: None,
    Tone.GO: KeyboardButtonStyle.SUCCESS,
    Tone.ALARM: KeyboardButtonStyle.DANGER,
}


def units(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "replace")) // 2


def parts(text: str, longest: int = LONGEST) -> list[list[Span]]:
    """A text in as few messages as it needs."""
    return parts_of(text, longest, units)


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
    return visible(run)


def keyboard(message: Message, username: str) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    """What stands below a message: its buttons, or that of Telegram's which shares a place."""
    if message.asks_place:
        button = KeyboardButton(label(message.asks_place.label), request_location=True)
        return ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)
    return buttons(message, username)


def buttons(message: Message, username: str) -> InlineKeyboardMarkup | None:
    """The buttons of a message."""
    group = message.to.chat_id.startswith("-")
    rows = [[_button(button, username, group=group) for button in row] for row in message.buttons]
    return InlineKeyboardMarkup(rows) if rows else None


def _button(button: Button, username: str, *, group: bool) -> InlineKeyboardButton:
    """What is pressed in a group is answered where all can read: there it leads away."""
    style = STYLES[button.tone]
    if button.opens and (group or not button.data):
        link = f"https://t.me/{username}"
        if OPENS.fullmatch(button.opens):
            link += f"?start={button.opens}"
        return InlineKeyboardButton(label(button.label), url=link, style=style)
    return InlineKeyboardButton(label(button.label), callback_data=button.data, style=style)
