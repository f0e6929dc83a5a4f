"""The chat in the terminal: lines become events, messages are printed."""

import asyncio
import os
import re
import shutil
import sys
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from itertools import count
from pathlib import Path
from typing import Protocol, assert_never
from uuid import uuid4
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from adapters.terminal import reader, typed
from adapters.terminal.screen import (
    NARROWEST,
    WIDEST,
    Choice,
    Style,
    choices,
    draw_choices,
    draw_text,
    room,
    without_place,
)
from adapters.text import clean
from bot.content.words import words
from bot.events import (
    Address,
    Command,
    Event,
    File,
    Incoming,
    Lane,
    Message,
    Rate,
    Receipt,
    TryLater,
)
from bot.service import Service, StoreAway

HOME = Address("terminal", "me")
AUTHOR = "me"
AGAIN_SECONDS = 60.0

PROMPT_TIME, PROMPT_FAR = "EEE d MMM HH:mm", "EEE d MMM y HH:mm"
"""As CLDR writes it: Sun 22 Nov 21:40."""

_BELL = "\a"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Clock(Protocol):
    """The present, which in this chat may lie beside the real one by the offset."""

    offset: timedelta

    def now(self) -> datetime:
        """This moment, in UTC."""
        ...


class Terminal:
    """A chat between one person at a keyboard, or a pipe, and the core."""

    name = HOME.platform
    rate: Rate | None = None

    def __init__(
        self, clock: Clock, exports: Path, locale: str, zone: str, named: bool = False
    ) -> None:
        """``exports`` is the folder for files that are handed over; it may not exist yet.

        ``zone`` is the machine's, or ``named`` by the person: whoever has another hears of it.
        """
        self._clock = clock
        self._exports = exports
        self._locale = locale
        self._zone = zone
        self._named = named
        self._theirs: tzinfo | None = None
        self._words = words(locale)
        self._live = sys.stdin.isatty() and sys.stdout.isatty()
        self._lines = reader.Lines(reader.keyboard if self._live else reader.Pipe(0).read)
        self._stop = asyncio.Event()
        self._offered: list[list[Choice]] = []
        self._slots: dict[str, str] = {}
        self._asking = ""
        self._gap = True
        self._gone = False
        # Whether more presses of the same line follow: their buttons are shown once, at the end.
        self._more = False

    def stop(self) -> None:
        """End the chat as soon as may be; what is kept is kept already."""
        self._stop.set()

    def greet(self) -> None:
        """Say what this is, before anything else is said."""
        self._note("terminal.header")

    async def run(self, service: Service) -> None:
        """Talk until the input ends or `stop` is called."""
        if self._stop.is_set():
            return
        give_back = reader.prepare_keyboard() if self._live else lambda: None
        talk = asyncio.create_task(self._talk(service))
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({talk, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            talk.cancel()
            give_back()
            if self._asking or not self._gap:
                self._asking = ""
                self._write("\n")
        await asyncio.gather(stopped, talk, return_exceptions=True)
        if not talk.cancelled():
            talk.result()
        try:
            key = "terminal.leaving_resting" if await service.resting() else ""
        except StoreAway:
            key = "terminal.leaving_unknown"
        if key:
            self._note(key, exit=self._words("exit.plain"))

    def rates_at(self, place: Address) -> tuple[Rate, ...]:  # noqa: ARG002 - the port's signature
        """A screen takes whatever is said."""
        return ()

    def counts(self, message: Message) -> bool:  # noqa: ARG002 - the port's signature
        """There is no rate to which it could count."""
        return True

    async def send(
        self,
        message: Message,
        edits: str = "",
        number: int = 0,  # noqa: ARG002 - the port's signature
    ) -> Receipt:
        """Print it; an edit of what this run has shown is told by its notice alone."""
        if self._gone:
            raise TryLater(AGAIN_SECONDS)
        shown = bool(edits) and self._slots.get(message.slot) == edits
        # What stays nowhere elsewhere may have nothing but its notice.
        brief = bool(message.notice) and (shown or not message.text)
        style = self._style()
        parts = [draw_text(message.notice if brief else message.text, style)]
        if message.file:
            parts.append(self._hand_over(message.file))
        if rows := without_place(message.buttons):
            self._offered = choices(rows)
            if not (brief and self._more):
                parts.append(draw_choices(self._offered, style))
        joint = "\n" if brief else "\n\n"
        bell = _BELL if message.lane is Lane.EXIT and self._live else ""
        self._say(bell + joint.join(part for part in parts if part))
        if self._gone:
            raise TryLater(AGAIN_SECONDS)
        receipt = Receipt(uuid4().hex)
        if message.slot:
            self._slots[message.slot] = receipt.message_id
        return receipt

    async def _talk(self, service: Service) -> None:
        if self._named:
            with suppress(StoreAway):
                # Nobody has one before the first visit: then it goes along as a hint.
                theirs = await service.clock_at(HOME)
                if theirs is not None and str(theirs) != self._zone:
                    await self._tell(service, Command("zone", self._zone))
        await self._tell(service, Command("start"))
        while (line := await self._next_line(service)) is not None:
            await self._answer(service, typed.tidy(line))

    async def _next_line(self, service: Service) -> str | None:
        with suppress(StoreAway):
            # They may have changed it with the last line.
            self._theirs = await service.clock_at(HOME)
        prompt = self._prompt()
        self._asking = prompt if self._live else ""
        line = await self._lines.ask(prompt)
        if line is not None:
            self._asking = ""
            if not self._live:
                self._write(f"{prompt}{typed.tidy(line)}\n")
            self._gap = False
        return line

    async def _answer(self, service: Service, line: str) -> None:
        match typed.read(line, [choice for row in self._offered for choice in row]):
            case typed.Events(events):
                for nth, event in enumerate(events, 1):
                    self._more = nth < len(events)
                    await self._tell(service, event)
            case typed.NotOffered(number):
                self._note("terminal.not_offered", number=number)
                self._say(draw_choices(self._offered, self._style()))
            case jump:
                try:
                    await self._jump(service, jump)
                except StoreAway:
                    self._note("terminal.away")

    async def _tell(self, service: Service, event: Event) -> None:
        await service.receive(
            Incoming(uuid4().hex, HOME, AUTHOR, event, locale=self._locale, zone=self._zone)
        )
        await service.settled(HOME)

    async def _jump(self, service: Service, jump: typed.Jump) -> None:
        now = self._clock.now()
        to: datetime | None
        match jump:
            case typed.NextDue():
                to = await service.next_due()
                if to is None:
                    self._note("terminal.nothing_due")
            case typed.Ahead(by):
                to = now + by
            case typed.Until(clock):
                to = typed.next_showing(clock, now, self._here())
            case typed.Reset():
                to = None
                done = await service.reset_clock()
                self._note("terminal.reset" if done else "terminal.reset_not_now")
            case typed.Unclear():
                to = None
                self._note("terminal.unclear_jump")
            case _:
                assert_never(jump)
        if to is not None:
            await service.travel(max(to, now))
            await service.settled(HOME)

    def _note(self, key: str, **values: object) -> None:
        self._say(draw_text(self._words(key, **values), self._style()))

    def _prompt(self) -> str:
        if not self._clock.offset:
            return "> "
        now = self._clock.now()
        # The year is said only once it is another one.
        pattern = PROMPT_TIME if now.year == (now - self._clock.offset).year else PROMPT_FAR
        shown = format_datetime(now, pattern, tzinfo=self._here(), locale=self._words.locale)
        return f"[{shown}] > "

    def _here(self) -> tzinfo:
        return self._theirs or ZoneInfo(self._zone or "UTC")

    def _style(self) -> Style:
        width = min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return Style(width, colour=self._live and not plain)

    def _say(self, block: str) -> None:
        """Print a block with one blank line around it, above a line that is being typed."""
        before = "" if self._gap else "\n"
        after = ""
        if self._asking:
            after = self._asking + clean(reader.typed_so_far())
            columns = max(shutil.get_terminal_size().columns, 1)
            rows = max(room(after) - 1, 0) // columns
            before = "\r" + (f"\x1b[{rows}A" if rows else "") + "\x1b[J"
        self._gap = True
        self._write(f"{before}{block}\n\n{after}")

    def _write(self, text: str) -> None:
        """Print; nobody reading any more (``| head``, a closed window) ends the chat quietly."""
        if self._gone:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            self._gone = True
            self.stop()
            # What is still buffered would fail once more when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _hand_over(self, file: File) -> str:
        try:
            path = store_file(file, self._exports)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            return draw_text(self._words("terminal.file_failed", reason=reason), self._style())
        # The path stays in one piece, so that it can be copied.
        return f"{draw_text(self._words('terminal.file'), self._style())}\n{clean(str(path))}"


def store_file(file: File, folder: Path) -> Path:
    """Write a file for its owner's eyes only, beside any of the same name."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = Path(_UNSAFE.sub("-", file.name).strip(".-")[:100] or "file")
    for number in count(1):
        path = folder / (name if number == 1 else f"{name.stem}-{number}{name.suffix}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as out:
            out.write(file.content)
        return path
    raise AssertionError("counting never ends")
