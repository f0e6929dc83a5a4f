"""A club and its people, with the real store and a clock moved by hand: what each sees."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import mkdtemp
from zoneinfo import ZoneInfo

from bot import conversation
from bot.content.words import plain
from bot.conversation.club import Club
from bot.conversation.person import Person
from bot.events import (
    Address,
    Command,
    Event,
    Incoming,
    Joined,
    Message,
    Press,
    Receipt,
    Text,
)
from bot.store import Batch, Outcome, Store, Waiting, clubs, people
from bot.store.tables import micros
from tests.dialog import BERLIN, moment

SERVER, GROUP = Address("discord", "900", "77"), Address("telegram", "-100900")
EVENING = "2026-11-23 19:30"
PAGES = 4
_DRAWN = re.compile(r"(enter\|\d+\|\d+\||\|c\.\d+\.\d+\.)[a-z0-9]+")
_CODE = re.compile(r"\b\d+-\d+-[A-Z0-9]{5}\b")


class Town:
    """A club on one platform, its organiser Olga and whoever else speaks, and one clock.

    ``lines`` is the transcript. ``sees`` are the buttons before everybody: those of the club's
    posts for all, the others each for one. ``said`` are the words of the last event, by place.
    """

    def __init__(
        self, store: Store, place: Address = SERVER, at: str = EVENING, locale: str = "en"
    ) -> None:
        self.store = store
        self.place = place
        self.zone = ZoneInfo(BERLIN)
        self.now = moment(at, self.zone)
        self.locale = locale
        self.organisers = {"Olga"}
        self.homes: dict[str, Address] = {}
        self.sees: dict[Address, dict[str, tuple[str, str]]] = {}
        self.shown: dict[Address, dict[str, str]] = {}
        self.said: dict[Address, str] = {}
        self.messages: list[Message] = []
        self.posts: list[tuple[datetime, Message, str]] = []
        self.lines: list[str] = []
        self.every_data: set[str] = set()
        self.number = 0
        self.day = ""

    def home(self, name: str) -> Address:
        """Somebody's own chat."""
        return self.homes.setdefault(name, Address(self.place.platform, f"{100 + len(self.homes)}"))

    # Doing

    def say(self, name: str, text: str, *, here: bool = False) -> "Town":
        """Say it alone, or ``here`` in the club."""
        self.lines.append(f"{name}{' (in the club)' if here else ''} >>> {text}")
        event: Event = Text(text)
        if text.startswith("/"):
            verb, _, argument = text[1:].partition(" ")
            event = Command(verb, argument)
        return self.hear(name, event, here=here)

    def tap(self, name: str, label: str) -> "Town":
        """Press a button that they see, in their own chat or under a post of the club's."""
        here = self.sees.get(self.home(name), {})
        found = [full for full in here if full.startswith(label)]
        if found:
            self.lines.append(f"{name} >>> [{found[-1]}]")
            return self.hear(name, Press(here[found[-1]][0]))
        posts = self.sees.get(self.place, {})
        found = [full for full in posts if full.startswith(label)]
        assert found, f"{name} sees no {label!r} among {[*here, *posts]}"
        self.lines.append(f"{name} >>> [{found[-1]}] under the post")
        data, opens = posts[found[-1]]
        if opens and self.place.platform == "telegram":
            return self.hear(name, Command("start", opens))  # a link leads into their own chat
        return self.hear(name, Press(data), here=True)

    def press(self, name: str, data: str, *, here: bool = False) -> "Town":
        """Press a button with any data."""
        self.lines.append(f"{name} >>> [?]")
        return self.hear(name, Press(data), here=here)

    def hear(self, name: str, event: Event, *, here: bool = False, called: str = "") -> "Town":
        """Hand in any event of somebody's."""
        self.number += 1
        telegram = self.place.platform == "telegram"
        incoming = Incoming(
            str(self.number),
            self.home(name),
            name,
            event,
            locale=self.locale,
            zone=BERLIN,
            group=self.place if here and telegram else None,
            club=self.place if here else None,
            organiser=here and name in self.organisers,
            called=called or name,
        )
        return self.turn(Batch(heard=(incoming,)))

    def club_hears(self, event: Event, *, of: str = "") -> "Town":
        """Hand in what nobody said, or what the platform tells of who added us."""
        self.number += 1
        incoming = Incoming(
            str(self.number),
            self.home(of) if of else self.place,
            of,
            event,
            locale=self.locale,
            group=self.place if of and self.place.platform == "telegram" else None,
            club=self.place,
            organiser=of in self.organisers,
        )
        return self.turn(Batch(heard=(incoming,)))

    def added(self, by: str = "Olga") -> "Town":
        """We are added to the club."""
        self.lines.append(f"({by} adds Legs Up to the club)")
        return self.club_hears(Joined(), of=by)

    # Time

    def wait(self, **time: float) -> "Town":
        """Let time pass, looking at each due moment on the way."""
        until = self.now + timedelta(**time)
        looked = 0
        while (due := self.store.next_wake()) is not None and due <= until:
            looked += 1
            assert looked < 5000, "time stands still"
            self.now = max(self.now + timedelta(milliseconds=1), due)
            self.look(quietly=True)
        self.now = until
        return self

    def away(self, **time: float) -> "Town":
        """Let time pass while we are away."""
        self.now += timedelta(**time)
        self.lines.append(f"... we were away for {timedelta(**time)}")
        return self.look()

    def look(self, *, quietly: bool = False) -> "Town":
        """Look at whoever is due."""
        return self.turn(Batch(due={"telegram": 250, "discord": 250}), quietly=quietly)

    def turn(self, batch: Batch, *, quietly: bool = False) -> "Town":
        """One commit, and all its words said."""
        done = self.store.turn(batch, conversation.step, self.now)
        if not quietly or done.words:
            self.said, self.messages = {}, []
        words = [each for each in done.words if each.id not in done.gone]
        words.sort(key=lambda each: each.id)
        outcomes = tuple(Outcome(each, Receipt(self._hear(each))) for each in words)
        if outcomes:
            self.store.turn(Batch(outcomes=outcomes), conversation.step, self.now)
        return self

    def _hear(self, waiting: Waiting) -> str:
        message = waiting.message
        self.messages.append(message)
        text = plain(message.text)
        self.said[message.to] = "\n".join(filter(None, (self.said.get(message.to, ""), text)))
        edits = waiting.edits
        number = edits or f"{waiting.id}"
        public = message.to.chat_id == self.place.chat_id
        if public:
            self.posts.append((self.now, message, edits))
        self._write(message, text, edited=bool(edits))
        if message.passing:
            return number
        buttons = [button for row in message.buttons for button in row]
        # Codes are drawn: one stands for all.
        data = {_DRAWN.sub(r"\1bcdfg", button.data) for button in buttons}
        self.every_data |= data - {""}
        seen = self.sees.setdefault(message.to, {})
        if buttons and not public:
            seen.clear()
        for button in buttons:
            seen[button.label] = (button.data, button.opens)
        return number

    def _write(self, message: Message, text: str, *, edited: bool) -> None:
        clock = self.now.astimezone(self.zone)
        day = f"{clock:%a %d %b}"
        if day != self.day:
            self.lines.append(f"--- {day}")
            self.day = day
        names = {home: name for name, home in self.homes.items()}
        who = names.get(message.to, "the club")
        how = " (edited)" if edited else ""
        self.lines.append(f"{clock:%H:%M:%S} to {who}{how}:")
        self.lines += [f"    {_CODE.sub('1-1-KXTBW', line)}" for line in text.splitlines()]
        for row in message.buttons:
            self.lines.append("    " + " ".join(f"[{button.label}]" for button in row))

    # Looking

    def heard(self, name: str) -> str:
        """What somebody was last told alone."""
        return self.said.get(self.home(name), "")

    @property
    def posted(self) -> str:
        """What the last event brought to the club."""
        return "\n".join(
            text for place, text in self.said.items() if place.chat_id == self.place.chat_id
        )

    @property
    def club(self) -> Club:
        with self.store.reading() as db:
            row = clubs.at(db, self.place)
            assert row is not None
            return clubs.read(row)

    def person(self, name: str) -> Person:
        with self.store.reading() as db:
            row = people.there(db, self.home(name))
            assert row is not None
            return people.read(row.version, row.state)

    # What people do often

    def agrees(self, *names: str, ticks: tuple[str, ...] = ()) -> "Town":
        """They agree, and go through the check."""
        for name in names:
            self.say(name, "/start").tap(name, "I agree")
            self.checks(name, *ticks)
        return self

    def checks(self, name: str, *ticks: str) -> "Town":
        """Through the pages of the check, with these labels ticked."""
        for _ in range(PAGES):
            seen = self.sees[self.home(name)]
            on_page = [full for full in seen if full.split(" ", 1)[-1] in ticks]
            for full in on_page:
                self.tap(name, full)
            self.tap(name, "Done, next" if on_page else "None of these")
        return self

    def set_up(self) -> "Town":
        """The club is set up, in Berlin, without runs and without a challenge."""
        self.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "None")
        return self.tap("Olga", "Without").say("Olga", "/club Berlin", here=True)

    def challenge(self, label: str = "3 days", *, ranking: bool = False) -> "Town":
        """One of the challenges is posted."""
        self.say("Olga", "/challenge", here=True).tap("Olga", label)
        if ranking:
            self.tap("Olga", "With a ranking")
        return self.tap("Olga", "Post it")

    def rests(self, name: str, minutes: float = 3) -> "Town":
        """A whole rest of theirs, from /up to how the legs feel."""
        self.say(name, "/up")
        for label in ("OK",):
            if label in self.sees[self.home(name)]:
                self.tap(name, label)
        self.tap(name, "None of these, start")
        for _ in range(2):
            if "Next" in self.sees[self.home(name)]:
                self.tap(name, "Next")
        self.tap(name, "I'm in place")
        self.wait(minutes=minutes, seconds=1)
        return self.tap(name, "Same")


def copies(town: Town, name: str, others: int) -> list[str]:
    """As many people who are as that one is: a crowd without its many conversations."""
    names = [f"{name}{n}" for n in range(others)]
    with town.store.reading() as db:
        row = people.there(db, town.home(name))
        assert row is not None
        state = people.read(row.version, row.state)
    with town.store.transaction() as db:
        for nth, each in enumerate(names):
            who, place = 10_000 + nth, town.home(each)
            columns = people.as_row(replace(state, id=who), town.now, town.now)
            at = {"id": who, **people.columns(place), "author": each, "person_id": who}
            at |= {"reachable": True, "last_used": micros(town.now)}
            new = {**columns, "id": who, "home": who, "platform": place.platform}
            people.add(db, [new], [at])
    return names


@cache
def _new() -> Path:
    """An empty database, made once: its tables take longer than most tests."""
    folder = Path(mkdtemp())
    store = Store(f"sqlite:///{folder}/legs.db")
    store.open()
    store.close()
    return folder


@contextmanager
def town(
    folder: Path, place: Address = SERVER, at: str = EVENING, locale: str = "en"
) -> Iterator[Town]:
    """A club in a store of its own."""
    copytree(_new(), folder, dirs_exist_ok=True)
    store = Store(f"sqlite:///{folder}/legs.db")
    store.open()
    try:
        yield Town(store, place, at, locale)
    finally:
        store.close()


__all__ = ["GROUP", "SERVER", "UTC", "Town", "copies", "town"]
