"""The core's texts, buttons and forms as Discord takes them. Pure.

Rules from the documentation: Message Formatting, Components Reference, Create Message.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from discord import ButtonStyle, ComponentType, MessageFlags, TextStyle
from discord.utils import escape_mentions

from adapters.discord.interactions import LONGEST_TYPED, TYPE
from adapters.text import label, parts
from bot.content.words import Span, Words
from bot.events import As, Button, Form, Message, Tone

LONGEST = 2000
FOR_MARKS = 200
"""Characters of a message that are left for bold, italic and moments."""
ROWS, A_ROW = 5, 5
LONGEST_LABEL = 80
LONGEST_LINE = 100
LONGEST_TITLE = 45
LONGEST_HINT = 150

FORMATS = {"t": "t", "d": "f"}
"""How a moment is drawn: a short time; the date and a short time."""

STYLES = {
    Tone.PLAIN: ButtonStyle.secondary,
    Tone.GO: ButtonStyle.success,
    Tone.ALARM: ButtonStyle.danger,
}

NOBODY: dict[str, list[str]] = {"parse": []}
"""Whom a message of ours calls: whatever it says, nobody."""

HIDDEN = MessageFlags(ephemeral=True).value
SILENT = MessageFlags(suppress_notifications=True).value
NO_PREVIEW = MessageFlags(suppress_embeds=True).value

_MARKS = re.compile(r"([\\*_~`|<\[\]])")
_BLOCK = re.compile(r"^(\s*(?:\d+(?=\.))?)([>#.+-])")
"""What makes a line a quotation, a heading or an entry of a list."""
_URL = re.compile(r"(https?://[^\s<>]+)")
_VERB = re.compile(r"(?<![\w/.:])/([a-z]{2,32})\b")

Body = dict[str, Any]
"""A message as JSON."""


def texts(text: str, commands: Mapping[str, str]) -> list[str]:
    """A text in as few messages as it needs; ``commands`` are ids by name, to be tapped."""

    def length(part: str) -> int:
        return len(_tappable(_escaped(part), commands))

    return [content(run, commands) for run in parts(text, LONGEST - FOR_MARKS, length)]


def content(run: Iterable[Span], commands: Mapping[str, str]) -> str:
    """One message in Discord's Markdown; everything but our own marks is escaped."""
    written: list[str] = []
    for (bold, italic), spans in groupby(run, key=lambda span: (span.bold, span.italic)):
        text = ""
        for span in spans:
            begins = (text or "".join(written[-1:]) or "\n").endswith("\n")
            text += _one(span, commands, begins=begins)
        if italic:
            text = _wrapped(text, "*")
        written.append(_wrapped(text, "**") if bold else text)
    return "".join(written)


def _one(span: Span, commands: Mapping[str, str], *, begins: bool) -> str:
    if not span.moment:
        return _tappable(_escaped(span.text, begins=begins), commands)
    at, drawn = span.moment.split(":")
    return f"<t:{at}:{FORMATS[drawn]}>"


def _escaped(text: str, *, begins: bool = True) -> str:
    """What means only itself; ``begins``: at the beginning of a line."""
    found = []
    for nth, part in enumerate(_URL.split(text)):
        if nth % 2:
            found.append(part)  # an address is no Markdown
            continue
        marked = _MARKS.sub(r"\\\1", part)
        lines = marked.split("\n")
        first = begins and nth == 0
        lines = [
            _BLOCK.sub(r"\1\\\2", line) if n or first else line for n, line in enumerate(lines)
        ]
        found.append("\n".join(lines))
    return escape_mentions("".join(found))


def _wrapped(text: str, mark: str) -> str:
    """Marks stand at the words themselves: a space inside would show them."""
    bare = text.strip()
    if not bare:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{bare}{mark}{after}"


def _tappable(text: str, commands: Mapping[str, str]) -> str:
    def mention(found: re.Match[str]) -> str:
        known = commands.get(found[1])
        return f"</{found[1]}:{known}>" if known else found[0]

    return _VERB.sub(mention, text)


def buttons(message: Message, spoken: Words, *, alone: bool) -> list[Body]:
    """What stands below a message; a form to choose from stands there, too."""
    form = message.form
    rows = [_shown(row) for row in (form.buttons if form else message.buttons)]
    if message.typed and not alone:
        # Nobody can write to us where others read: a form takes what they would type.
        rows.append([Button(spoken("discord.type"), TYPE)])
    listed = form if form and form.shown is As.LIST else None
    found = [_row([_button(each) for each in row]) for row in _fitted(rows, ROWS - bool(listed))]
    return [_row([_list(listed)]), *found] if listed else found


def _shown(row: Iterable[Button]) -> list[Button]:
    return [each for each in row if each.data and not each.place]


def _fitted(rows: list[list[Button]], most: int) -> list[list[Button]]:
    """As few rows as Discord takes, none too long, and no button twice: it refuses all of it."""
    once = {each.data: each for row in reversed(rows) for each in reversed(row)}
    rows = [[each for each in row if once.pop(each.data, None)] for row in rows]
    rows = [row for row in rows if row]
    if len(rows) > most or any(len(row) > A_ROW for row in rows):
        every = [each for row in rows for each in row]
        rows = [every[at : at + A_ROW] for at in range(0, len(every), A_ROW)]
    return rows[:most]


def _row(shown: list[Body]) -> Body:
    return {"type": ComponentType.action_row.value, "components": shown}


def _button(button: Button) -> Body:
    return {
        "type": ComponentType.button.value,
        "style": STYLES[button.tone].value,
        "label": label(button.label)[:LONGEST_LABEL],
        "custom_id": button.data,
    }


def link(text: str, url: str) -> list[Body]:
    """One button that leads somewhere."""
    button = {
        "type": ComponentType.button.value,
        "style": ButtonStyle.link.value,
        "label": label(text)[:LONGEST_LABEL],
        "url": url,
    }
    return [_row([button])]


def _options(form: Form) -> list[Body]:
    return [
        {
            "label": label(each.label)[:LONGEST_LINE],
            "value": each.value,
            "default": each.chosen,
        }
        for each in form.options
    ]


def _list(form: Form) -> Body:
    return {
        "type": ComponentType.string_select.value,
        "custom_id": form.data,
        "placeholder": label(form.hint)[:LONGEST_HINT],
        "min_values": 1,
        "max_values": len(form.options),
        "options": _options(form),
    }


def page(form: Form) -> Body:
    """A form as a page of its own."""
    group = {
        "type": ComponentType.checkbox_group.value,
        "custom_id": "lines",
        "min_values": 1,
        "max_values": len(form.options),
        "required": True,
        "options": _options(form),
    }
    return _modal(form.data, form.title, form.hint, group)


def typing(spoken: Words) -> Body:
    """A page to type an answer on."""
    field = {
        "type": ComponentType.text_input.value,
        "custom_id": "text",
        "style": TextStyle.short.value,
        "min_length": 1,
        "max_length": LONGEST_TYPED,
        "required": True,
    }
    return _modal(TYPE, spoken("discord.type"), spoken("discord.typed"), field)


def _modal(custom_id: str, title: str, hint: str, component: Body) -> Body:
    return {
        "custom_id": custom_id,
        "title": label(title)[:LONGEST_TITLE],
        "components": [
            {
                "type": ComponentType.label.value,
                "label": label(hint)[:LONGEST_TITLE],
                "component": component,
            }
        ],
    }


def body(text: str, rows: list[Body], *, hidden: bool = False, silent: bool = False) -> Body:
    """A message to send."""
    flags = NO_PREVIEW | HIDDEN * hidden | SILENT * silent
    return {"content": text, "components": rows, "allowed_mentions": NOBODY, "flags": flags}


def edit(text: str, rows: list[Body]) -> Body:
    """What a message becomes; its flags stay as they are."""
    return {"content": text, "components": rows, "allowed_mentions": NOBODY}
