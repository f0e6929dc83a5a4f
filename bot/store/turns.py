"""Turns: load the scenes, step, save. Many at once, in one transaction that the store commits.

A wave of people who are due, one line that somebody typed, and words that came back from a
platform are the same thing: everything is loaded, stepped, and then written together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Protocol

from sqlalchemy import Connection, Row, bindparam, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot import logs
from bot.content.words import words
from bot.conversation import exit_words, urgent_words
from bot.conversation.linking import concerns, leaves
from bot.conversation.person import Linking, Person, Scene, blank, lane
from bot.events import (
    Address,
    Blocked,
    Event,
    Expired,
    Incoming,
    Lane,
    Message,
    Unblocked,
    Wake,
)
from bot.store import clubs, door, linking, outbox, people
from bot.store.club_turns import ClubTurns
from bot.store.outbox import Outcome, Waiting
from bot.store.privacy import erase
from bot.store.tables import EPOCH, handled, micros

Step = Callable[[Scene, Event, datetime], tuple[Scene, tuple[Message, ...]]]
"""The pure core."""

WAVE = 250
"""People a transaction: more gains under a quarter and keeps others waiting longer."""

NO_SOONER = timedelta(milliseconds=250)
"""A step that leaves itself due is looked at again after this: never in a busy loop."""

USED_NOTED = timedelta(hours=1)
"""When somebody last spoke is noted no finer than this: it counts in months."""

log = logs.get(__name__)


class Ids(Protocol):
    """Numbers for new rows, each given once and never again."""

    def take(self, table: str) -> int:
        """The next number."""
        ...

    def give_back(self, table: str) -> None:
        """The last one was not used."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit takes.

    ``outcomes`` came back from platforms, ``heard`` from people, ``late`` are words that it would
    be wrong to say now. ``due`` says how many of each platform may be woken for a reminder, whoever
    has legs up is woken in any case; ``only`` are people to be woken alone, by id, and ``clubs``.
    """

    outcomes: tuple[Outcome, ...] = ()
    heard: tuple[Incoming, ...] = ()
    late: tuple[Waiting, ...] = ()
    due: Mapping[str, int] | None = None
    only: tuple[int, ...] = ()
    clubs: tuple[int, ...] = ()

    def after(self, joined: Mapping[int, int]) -> "Batch":
        """The same, where words that were on their way meanwhile belong to who they are now."""
        if not joined:
            return self
        outcomes = tuple(replace(each, waiting=each.waiting.of(joined)) for each in self.outcomes)
        return replace(self, outcomes=outcomes, late=tuple(each.of(joined) for each in self.late))

    @property
    def kind(self) -> str:
        """What is in it, in a word for the log."""
        if self.outcomes:
            return "outcomes"
        return "event" if self.heard else "expiry" if self.late else "wake"

    def parts(self) -> "Iterator[Batch]":
        """The same, each piece alone; whoever is due has to be named by ``only`` or ``clubs``."""
        if self.outcomes:
            yield Batch(outcomes=self.outcomes)
        yield from (Batch(heard=(incoming,)) for incoming in self.heard)
        yield from (Batch(late=(waiting,)) for waiting in self.late)
        yield from (Batch(only=(person_id,)) for person_id in self.only)
        yield from (Batch(clubs=(club_id,)) for club_id in self.clubs)


@dataclass(frozen=True, slots=True)
class Up:
    """Somebody whose legs are up, or on their way: enough to call them down without the store."""

    place: Address
    number: int
    ends: datetime | None
    speaks: str


@dataclass(slots=True)
class Done:
    """What a commit has changed, for whoever holds some of it in memory.

    ``words`` wait from now on, ``gone`` no longer. ``up`` tells of everybody who was stepped
    whether they have legs up. ``woken`` are lanes and how late they were looked at. ``next_wake``
    is the earliest moment at which time must be looked at again, as far as this commit knows;
    ``more`` are the platforms where somebody else is due already. ``causes`` name by its id what
    each event has led to. Who is ``lost`` can be reached no more, who has ``left`` is forgotten.
    ``joined`` says of people who are one with somebody else now, who that is.
    """

    words: list[Waiting] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    up: dict[int, Up | None] = field(default_factory=dict)
    reached: set[Address] = field(default_factory=set)
    lost: set[Address] = field(default_factory=set)
    left: set[Address] = field(default_factory=set)
    woken: list[tuple[Lane, timedelta]] = field(default_factory=list)
    next_wake: datetime | None = None
    more: set[str] = field(default_factory=set)
    erased: bool = False
    failed: set[tuple[str, str]] = field(default_factory=set)
    causes: dict[tuple[str, str], str] = field(default_factory=dict)
    joined: dict[int, int] = field(default_factory=dict)

    def add(self, other: "Done") -> None:
        """Take in what a later commit has changed."""
        self.words += other.words
        self.gone |= other.gone
        self.up |= other.up
        self.reached = (self.reached - other.lost) | other.reached
        self.left |= other.left
        self.lost = (self.lost - other.reached) | other.lost
        self.woken += other.woken
        self.next_wake = earlier(self.next_wake, other.next_wake)
        self.more |= other.more
        self.erased |= other.erased
        self.failed |= other.failed
        self.causes |= other.causes
        self.joined |= other.joined


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two moments, either of which may be none."""
    return min((moment for moment in (one, other) if moment), default=None)


class Turn:
    """One transaction's worth of steps: what they came to is gathered, and written together."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that a turn works with
        self,
        db: Connection,
        step: Step,
        now: datetime,
        ids: Ids,
        pseudonym: Callable[..., str],
        totals: clubs.Totals | None = None,
    ) -> None:
        """``pseudonym`` names things in logs, with no way back from the name.

        ``totals`` is what was counted of challenges in turns before.
        """
        self.done = Done()
        self.forgotten: list[int] = []
        self._db = db
        self._step = step
        self._now = now
        self._ids = ids
        self._pseudonym = pseudonym
        # Names in the log for whoever is woken, since no event names them.
        self._name = f"wake-{pseudonym(now)[:8]}"
        self._woken = count(1)
        self.touched: set[int] = set()
        # Whose chats have changed hands: what was read of them before is no more so.
        self._moved: set[int] = set()
        self._saved: list[dict[str, Any]] = []
        self._new: list[dict[str, Any]] = []
        self._new_places: list[dict[str, Any]] = []
        self._used: list[dict[str, Any]] = []
        self._rests: list[tuple[int, Any]] = []
        self._words: list[Waiting] = []
        self.clubs = ClubTurns(self, db, now, ids, pseudonym, totals or clubs.Totals())
        # When they are to be woken next, in microseconds as in the database.
        self._wakes: list[int] = []

    def look_at(self, moment: datetime | None) -> None:
        """Time must be looked at then, too."""
        self.done.next_wake = earlier(self.done.next_wake, moment)

    def woken(self) -> str:
        """A name in the log for somebody who is woken."""
        return f"{self._name}.{next(self._woken)}"

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """T2 of what came back from platforms."""
        self.done.erased |= outbox.settle(self._db, outcomes, self._now)

    # Events

    def hear(self, heard: Sequence[Incoming]) -> None:
        """T1 of events, in order. A second delivery does nothing."""
        left = self._fresh(heard)
        while left:
            # Whoever spoke twice has the second turn after the first one is written.
            first: dict[Address, tuple[Incoming, str]] = {}
            for each in left:
                first.setdefault(each[0].address, each)
            left = [each for each in left if first[each[0].address] is not each]
            rows = people.all_there(self._db, list(first))
            for place, (incoming, digest) in first.items():
                self._answer(incoming, self._as_written(rows.get(place), place), digest[:12])
            self.write()

    def _as_written(self, row: Row[Any] | None, place: Address) -> Row[Any] | None:
        """Somebody who has just spoken from another address, too, as they are since then."""
        if row is None or row.id not in self.touched | self._moved:
            return row
        self.write()
        return people.there(self._db, place)

    def _answer(self, incoming: Incoming, row: Row[Any] | None, cause: str) -> None:
        self.done.causes[incoming.name] = cause
        if incoming.group and row is not None and not row.reachable:
            row = None  # in a group, somebody to whom nothing can be said alone is a stranger
        try:
            match incoming.event:
                case Blocked():
                    self._lose(incoming, row)
                case Unblocked():
                    self.reach(incoming, row)
                    if row is not None:
                        linking.comes_back(self._db, row)
                case _:
                    self._hear(incoming, row, cause)
        except SQLAlchemyError:
            raise  # the database's fault: nothing of this commit may be written
        except Exception:
            kind = type(incoming.event).__name__
            log.exception("event failed", kind=kind, cause=cause)
            self.apologise(incoming, row, cause)

    def _fresh(self, heard: Sequence[Incoming]) -> list[tuple[Incoming, str]]:
        by_digest: dict[str, Incoming] = {}
        for incoming in heard:
            name = self._pseudonym(incoming.address.platform, incoming.id, size=16)
            by_digest.setdefault(name, incoming)
        if not by_digest:
            return []
        seen: set[str] = set()
        if len(by_digest) > 1:
            seen = set(self._db.execute(_HANDLED, {"events": list(by_digest)}).scalars())
        fresh = [(incoming, name) for name, incoming in by_digest.items() if name not in seen]
        rows = [{"event": name, "at": micros(self._now)} for _, name in fresh]
        # Of one alone the insert tells by itself whether it was there.
        return fresh if rows and self._db.execute(_HANDLE, rows).rowcount else []

    def _hear(self, incoming: Incoming, row: Row[Any] | None, cause: str) -> None:
        place, event = incoming.address, incoming.event
        if self.clubs.hears(incoming, row, cause):
            return
        if incoming.group is not None:
            linking.overheard(self._db, event, partial(self._pseudonym, "link", size=16))
        if row is None:
            at = self._now
            scene = Scene(Person(self._ids.take("person")), place, group=incoming.group)
            scene = self.clubs.visiting(scene, incoming)
        else:
            at = max(self._now, row.at)
            scene = replace(people.load(self._db, row, event), group=incoming.group)
            scene = self.clubs.visiting(self._with_chats(scene, event, at), incoming)
        someone = scene.person
        if (incoming.locale and not someone.locale) or (incoming.zone and not someone.zone):
            someone = replace(
                someone,
                locale=someone.locale or incoming.locale,
                zone=someone.zone or incoming.zone,
            )
            scene = replace(scene, person=someone)
        before = scene
        scene, messages = self._step(scene, event, at)
        question = scene.person.asking
        if question is not None and question != before.person.asking:
            clubs.unasked(self._db, place)
        home = None
        if row is not None:
            home, at_home = linking.home(self._db, row, before.person, scene.person)
            scene = replace(scene, address=at_home)
        kept = _kept(scene, at, at, home)
        # From here on nothing fails for a reason of the core's.
        if incoming.group is None:
            self.reach(incoming, row)
        else:
            self.done.reached.add(incoming.group)
        messages = outbox.answering(incoming, messages)
        if row is not None and before.linking and scene.linking:
            self._link(incoming, before.linking, scene, kept, messages, cause)
        elif row is not None:
            self._keep(scene, row.id, kept, messages, cause)
        elif kept is not None:
            self._welcome(incoming, scene, kept)
            self._told(scene, kept, messages, cause)
        else:
            self._ids.give_back("person")
            if scene.gone:
                door.let_go(self._db, place)
                self.done.left.add(place)
            self.say(messages, None, cause)

    # Chats that are linked

    def _with_chats(self, scene: Scene, event: Event, at: datetime) -> Scene:
        """With what concerns several chats, where the event does."""
        if not concerns(event):
            return scene
        self.write()  # whoever is on the other side is read as they are by now
        named = partial(self._pseudonym, "link", size=16)
        needs = linking.load(self._db, scene.person.id, event, at, named)
        if leaves(event):
            needs = replace(needs, spare=self._ids.take("person"))
        return replace(scene, linking=needs)

    def _link(  # noqa: PLR0913, PLR0917 - what `_keep` takes, and what was before
        self,
        incoming: Incoming,
        before: Linking,
        scene: Scene,
        kept: dict[str, Any] | None,
        messages: Sequence[Message],
        cause: str,
    ) -> None:
        """What a step came to that may have written a second person: no other ever does."""
        after = scene.linking or before
        if before.spare and after.left is None:
            self._ids.give_back("person")
        linking.keep(self._db, before, after)
        if after.vanished and kept is not None:
            linking.join(self._db, after, scene.person.id)
            self.done.joined[after.vanished] = scene.person.id
            self.done.up[after.vanished] = None
            self._moved |= {after.vanished, scene.person.id}
        if after.left is not None and kept is not None:
            row = people.as_row(after.left, self._now, self._now)
            linking.part(self._db, incoming.address, after.left, row)
            if row["wake_at"] is not None:
                self._wakes.append(row["wake_at"])
            home, place = linking.after_parting(self._db, scene.person.id, incoming.address)
            kept |= {"home": home, "platform": place.platform}
            scene = replace(scene, address=place)
            self._moved.add(scene.person.id)
        self._keep(scene, scene.person.id, kept, messages, cause)
        self._belong(before, after, incoming.address)

    def _belong(self, before: Linking, after: Linking, here: Address) -> None:
        """Of the words just said, each belongs to whoever is in that chat now."""
        others = dict.fromkeys(before.others_places, before.other.id) if before.other else {}
        if after.vanished:
            return
        if after.left is not None:
            others = {here: after.left.id}
        self._words = [
            replace(each, person_id=others.get(each.message.to, each.person_id))
            for each in self._words
        ]

    def _lose(self, incoming: Incoming, row: Row[Any] | None) -> None:
        """The platform says that nobody is there any more."""
        if row is not None:
            outbox.lose(self._db, incoming.address, row.id)
            self.done.lost.add(incoming.address)
            self.done.reached.discard(incoming.address)

    def reach(self, incoming: Incoming, row: Row[Any] | None) -> None:
        """Somebody is there; note who speaks where, if it is news."""
        self.done.reached.add(incoming.address)
        self.done.lost.discard(incoming.address)
        if row is None:
            return
        elsewhere = row.home != row.address_id
        old = self._now - row.last_used > USED_NOTED
        if elsewhere or old or not row.reachable or row.author != incoming.author:
            self._use(row.address_id, incoming.author)

    def _use(self, address_id: int, author: str) -> None:
        used = {"author": author, "reachable": True, "last_used": micros(self._now)}
        self._used.append({"address": address_id, **used})

    def _welcome(self, incoming: Incoming, scene: Scene, kept: dict[str, Any]) -> None:
        """Somebody of whom something is kept from now on."""
        who, where = scene.person.id, self._ids.take("address")
        self._new.append({**kept, "id": who, "home": where})
        self._new_places.append(
            {
                "id": where,
                **people.columns(incoming.address),
                "author": incoming.author,
                "person_id": who,
                "reachable": True,
                "last_used": micros(self._now),
            }
        )

    def apologise(self, incoming: Incoming, row: Row[Any] | None, cause: str) -> None:
        """Say that this event went wrong here; nothing else of it is kept."""
        if incoming.address == incoming.club:
            return  # nobody said it
        locale = (_speaks(row.state) if row else "") or incoming.locale
        text = urgent_words(incoming.event, locale) or words(locale)("service.failed")
        if incoming.group is None:
            self.reach(incoming, row)
        sorry = Message(incoming.address, text, aside=True, reply=incoming.reply)
        self.say([sorry], row.id if row else None, cause)

    # Time

    def wake(self, rows: Iterable[Row[Any]]) -> None:
        """Wake them; whoever fails is put off, and nobody else hears of it."""
        for row in rows:
            cause = self.woken()
            if self.look(row, _WAKE, cause) and row.wake_at:
                self.done.woken.append((Lane(row.lane), self._now - row.wake_at))

    def expire(self, late: Iterable[Waiting]) -> None:
        """Drop words that came too late, and tell the core, which is part of what it says next."""
        for waiting in late:
            outbox.drop(self._db, [waiting.id])
            self.done.gone.add(waiting.id)
            kind, person_id = waiting.message.kind, waiting.person_id
            person_id = self.done.joined.get(person_id or 0, person_id)
            if not kind or person_id is None:
                continue
            if person_id in self.touched:
                self.write()
            row = people.known(self._db, person_id)
            try:
                if row is not None:
                    self._look(row, Expired(kind), waiting.cause)
            except SQLAlchemyError:
                raise
            except Exception:
                log.exception("expiry failed", cause=waiting.cause)

    def _look(self, row: Row[Any], event: Event, cause: str) -> None:
        """The step of somebody who has not just spoken."""
        at = max(self._now, row.at)
        if not row.reachable:
            self.done.lost.add(people.place_of(row))  # whoever says it may not know since a restart
        scene, messages = self._step(people.load(self._db, row, event), event, at)
        if scene.person.pinned:
            home, place = linking.home(self._db, row, scene.person, scene.person)
            kept = _kept(replace(scene, address=place), at, at + NO_SOONER, home)
        else:
            kept = _kept(scene, at, at + NO_SOONER, row.home)
        self._keep(scene, row.id, kept, messages, cause)

    def put_off(self, row: Row[Any], cause: str) -> None:
        """After a failed Wake: called down first if in a hold, and looked at again later."""
        state = people.glance(row.state)
        if state.get("hold") and not row.failures:
            place = people.place_of(row)
            call = Message(place, exit_words(_speaks(row.state)), lane=Lane.EXIT)
            self.say([call], row.id, cause)
        again = self._now + people.backoff(row.failures)
        self.touched.add(row.id)
        people.put_off(self._db, row.id, again, row.failures + 1)
        self.look_at(again)

    def give_up(self, part: Batch) -> None:
        """What is left to do for a piece that cannot be written even alone."""
        outbox.drop(self._db, (outcome.waiting.id for outcome in part.outcomes if outcome.final))
        for incoming, digest in self._fresh(part.heard):
            self.apologise(incoming, people.there(self._db, incoming.address), digest[:12])
        outbox.drop(self._db, (waiting.id for waiting in part.late))
        self.done.gone |= {waiting.id for waiting in part.late}
        for person_id in part.only:
            row = people.known(self._db, person_id)
            if row is not None:
                self.put_off(row, self.woken())
        for club_id in part.clubs:
            row = clubs.known(self._db, club_id)
            if row is not None:
                self.clubs.put_off(row)

    def look(self, row: Row[Any], event: Event, cause: str) -> bool:
        """Whether the step of somebody did not fail; who fails is put off."""
        try:
            self._look(row, event, cause)
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("wake failed", who=self._pseudonym(row.id), cause=cause)
            self.put_off(row, cause)
            return False
        return True

    # What steps came to

    def _keep(
        self,
        scene: Scene,
        known: int,
        kept: dict[str, Any] | None,
        messages: Sequence[Message],
        cause: str,
    ) -> None:
        """Gather what a step came to for somebody in the tables."""
        if kept is None:
            self.write()
            if scene.gone:
                self.done.left.update(linking.places(self._db, known))
            row = people.known(self._db, known)
            self.forgotten += [known, *(linking.former(people.glance(row.state)) if row else ())]
            # A rest of many waits for nobody who is gone.
            self.clubs.ring(clubs.leave(self._db, known))
            # Who keeps nothing hears out what was said before; who is forgotten the goodbye.
            self.done.gone |= erase(self._db, known, keep_words=not scene.gone)
            self.done.erased = True
            self.done.up[known] = None
            self._moved.add(known)
            self.say(messages, None, cause)
            return
        kept["person"] = known
        self._saved.append(kept)
        if scene.forget_history:
            self.clubs.ring(clubs.leave(self._db, known))
            people.forget_rests(self._db, known)
            self.done.erased = True
        self._told(scene, kept, messages, cause)

    def _told(
        self, scene: Scene, kept: dict[str, Any], messages: Sequence[Message], cause: str
    ) -> None:
        someone = scene.person
        self.touched.add(someone.id)
        if kept["wake_at"] is not None:
            self._wakes.append(kept["wake_at"])
        self.done.up[someone.id] = up(someone, scene.address)
        self._rests += [(someone.id, rest) for rest in scene.rests]
        if scene.parts or scene.entries or scene.member is not None:
            self.clubs.shared.append((someone.id, scene))
        self.say(messages, someone.id, cause)

    def say(
        self,
        messages: Iterable[Message],
        person_id: int | None,
        cause: str,
        club_id: int | None = None,
    ) -> None:
        """Words of somebody's, of a club's, or of nobody of whom anything is kept."""
        self._words += [
            Waiting(self._ids.take("outbox"), message, person_id, cause, self._now, club_id=club_id)
            for message in messages
        ]

    def write(self) -> None:
        """Write what was gathered."""
        people.add(self._db, self._new, self._new_places)
        people.save(self._db, self._saved)
        people.used(self._db, self._used)
        people.keep_rests(self._db, self._rests)
        self.clubs.share()
        self.done.words += outbox.put(self._db, self._words)
        if self._wakes:
            soonest = EPOCH + timedelta(microseconds=min(self._wakes))
            self.done.next_wake = earlier(self.done.next_wake, soonest)
        for gathered in (self._new, self._new_places, self._saved, self._used, self._wakes):
            gathered.clear()
        self._rests.clear()
        self.clubs.shared.clear()
        self._words.clear()
        self.touched.clear()


_WAKE = Wake()

_HANDLED = select(handled.c.event).where(handled.c.event.in_(bindparam("events", expanding=True)))
_HANDLE = text("INSERT INTO handled (event, at) VALUES (:event, :at) ON CONFLICT DO NOTHING")


def _speaks(state: str) -> str:
    seen = people.glance(state)
    return str(seen.get("language") or seen.get("locale") or "")


def _kept(
    scene: Scene, at: datetime, earliest: datetime, home: int | None
) -> dict[str, Any] | None:
    """What is kept of a person after a step as columns; None if it is nothing."""
    if scene.gone or blank(scene.person):
        return None
    row = people.as_row(scene.person, at, earliest)
    row["platform"], row["home"] = scene.address.platform, home
    return row


def up(someone: Person, place: Address) -> Up | None:
    """Whoever has legs up, as it is needed to call them down; None for all others."""
    if someone.hold is None or lane(someone) > Lane.CUE:
        return None
    return Up(place, someone.hold.number, someone.hold.ends, someone.speaks)
