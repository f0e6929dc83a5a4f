"""Logs: one form for our records and everybody's, and never a word of a person's in them.

Ours have keys: ``log.error("words failed", platform="telegram", what=error)``. They go through
`logging` like all others, so one handler writes everything, and tests find it there.
"""

import logging
import os
import re
import sys
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Literal, TextIO

from structlog import wrap_logger
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.dev import ConsoleRenderer
from structlog.processors import JSONRenderer, TimeStamper
from structlog.stdlib import (
    BoundLogger,
    ProcessorFormatter,
    add_log_level,
    add_logger_name,
    filter_by_level,
)
from structlog.typing import EventDict, Processor, WrappedLogger

Form = Literal["auto", "json", "text"]
"""How a record is written; ``auto`` is text on a terminal and JSON anywhere else."""

OURS = ("bot", "adapters")
"""The loggers that have the chosen level. All others begin at WARNING: below, libraries tell
addresses with tokens in them (httpx, aiohttp) and all that is sent (telegram, discord)."""

HANDLER = "legs-up"
"""The name of our handler, by which a second `configure` finds the first one's."""

TELLING = 1000
"""Numbers from here on are not told of others' records: they could be somebody's id."""

VALUE = re.compile(r"[\n<({\['\"=:]")
"""Where a value may begin in a text that was put together before it came to us."""


def get(name: str) -> BoundLogger:
    """The logger of a module; it works the same before `configure`, after it and without it."""
    log: BoundLogger = wrap_logger(
        logging.getLogger(name),
        processors=(filter_by_level, merge_contextvars, _say_what, _only_plain, _hand_over),
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    return log


def about(**keys: str) -> AbstractContextManager[None]:
    """What all records are about that are made inside: ``with logs.about(cause=cause):``.

    Tasks and `asyncio.to_thread` take it with them, an executor only through `copy_context().run`.
    """
    return bound_contextvars(**keys)


def what_failed(error: BaseException) -> str:
    """An exception by its kind and place only: its message could hold a person's words."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    way = " > ".join(f"{frame.name} {frame.filename}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} in {way}" if way else type(error).__name__


def configure(level: str, stream: TextIO, form: Form = "auto") -> None:
    """Write all records from ``level`` on to ``stream``; those of libraries from WARNING on."""
    handler = _Handler(stream)
    handler.set_name(HANDLER)
    written = (
        _unwrap,
        merge_contextvars,
        _say_what,
        add_logger_name,
        add_log_level,
        TimeStamper("iso", utc=True),
        ProcessorFormatter.remove_processors_meta,
        _in_order,
        _renderer(stream, form),
    )
    # The text and what belongs into it arrive apart: `_unwrap` puts them together.
    formatter = ProcessorFormatter(
        processors=written, use_get_message=False, pass_foreign_args=True
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for former in [each for each in root.handlers if each.name == HANDLER]:
        root.removeHandler(former)
    root.addHandler(handler)
    chosen = logging.getLevelNamesMapping()[level]
    root.setLevel(max(chosen, logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(chosen)


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Nothing: Python would print the record, with all that was put into it."""


def _renderer(stream: TextIO, form: Form) -> Processor:
    terminal = stream.isatty()
    if form == "json" or (form == "auto" and not terminal):
        return JSONRenderer()
    # Windows would need one more library for colours.
    colours = terminal and os.name != "nt" and not os.environ.get("NO_COLOR")
    return ConsoleRenderer(colors=colours, sort_keys=False)


# Our records, on their way into logging


def _say_what(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What was raised becomes the key ``what``; nothing further on meets the exception itself."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event.setdefault("what", what_failed(raised))
    event.pop("stack_info", None)
    return event


def _only_plain(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _plain(value) for key, value in event.items()}


def _plain(value: object) -> object:
    """The value, if it is a plain one; an event or a message would show what people typed."""
    match value:
        case BaseException():
            return what_failed(value)
        case Enum():
            return value.name.lower()
        case None | str() | int() | float():
            return value
        case date() | timedelta() | PurePath():
            return str(value)
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in value]
        case _:
            return f"<{type(value).__name__}>"


def _hand_over(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The arguments of `logging`; the keys in one attribute, where none of them is reserved.

    And no exception, which `logging.Logger.exception` would fetch by itself.
    """
    return {"msg": event.pop("event"), "exc_info": None, "extra": {"keys": event}}


# All records, on their way to the stream


def _unwrap(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The text and keys of ours; of others the text alone, and not what was put into it."""
    record, values = event["_record"], event.pop("positional_args")
    keys = getattr(record, "keys", None)
    if isinstance(keys, Mapping):
        return {**event, **keys}
    return {**event, "event": _their_text(record.msg, values)}


def _their_text(text: object, values: tuple[object, ...] | Mapping[str, object]) -> str:
    """The text as their code has it; of the values only what cannot be anybody's."""
    if not isinstance(text, str):
        return f"<{type(text).__name__}>"
    if not values:
        end = VALUE.search(text)
        return text[: end.start()].rstrip() + "..." if end else text
    try:
        if isinstance(values, Mapping):
            return text % {name: _told(value) for name, value in values.items()}
        return text % tuple(map(_told, values))
    except (TypeError, ValueError, KeyError):
        return text


class _Untold:
    """Stands for a value in a text: its kind."""

    def __init__(self, value: object) -> None:
        self.kind = type(value).__name__

    def __repr__(self) -> str:
        return f"<{self.kind}>"


def _told(value: object) -> object:
    """A count or a duration may be told; all else could be a word, an address or a token."""
    harmless = isinstance(value, float) or (isinstance(value, int) and abs(value) < TELLING)
    return value if harmless else _Untold(value)


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    first = {key: event.pop(key) for key in ("timestamp", "level", "logger", "event")}
    return {**first, **event}
