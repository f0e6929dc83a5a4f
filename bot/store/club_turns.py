"""The part of a turn that is a club's: what it hears, its wakes, and who shares what with it.

A club's step writes the club. What people are in of it, they write, each in their own row.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import SQLAlchemyError

from bot import logs
from bot.content.words import words
from bot.conversation.buttons import parse
from bot.conversation.club import Club, ClubScene, Visit
from bot.conversation.clubs import TRUSTED, Whose, needs, route
from bot.conversation.clubs import step as club_step
from bot.conversation.person import Scene
from bot.conversation.visiting import HERE, about_entries, club_of
from bot.events import (
    Address,
    CalledOff,
    ClubRun,
    Command,
    Event,
    Incoming,
    Left,
    Message,
    Moved,
    Press,
    RunFinished,
    Wake,
)
from bot.practice.localtime import day
from bot.store import clubs, linking, outbox, people

if TYPE_CHECKING:
    from bot.store.turns import Ids, Turn

AT_ONCE = 250
"""People who hear of something together, in one commit."""

SOONEST = timedelta(milliseconds=250)
"""A club that is left due is looked at again after this: never in a busy loop."""

log = logs.get(__name__)


class ClubTurns:
    """Clubs in one transaction."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a turn has, and the turn itself
        self,
        turn: "Turn",
        db: Connection,
        now: datetime,
        ids: "Ids",
        pseudonym: Callable[..., str],
        totals: clubs.Totals,
    ) -> None:
        """``turn`` is what gathers words and people, and writes them."""
        self._turn = turn
        self._db = db
        self._now = now
        self._ids = ids
        self._pseudonym = pseudonym
        self._totals = totals
        # What steps of people came to in the clubs that they are in.
        self.shared: list[tuple[int, Scene]] = []

    def visiting(self, scene: Scene, incoming: Incoming) -> Scene:
        """With the club that an event is about, and the challenges that they are in."""
        event, someone = incoming.event, scene.person
        question = someone.asking
        naming = question is not None and question.kind == "nick"
        if about_entries(event, naming=naming):
            today = day(self._now, someone.clock)
            mine = clubs.entered(self._db, someone.id, self._now, today, self._totals)
            scene = replace(scene, entered=mine)
        club_id = club_of(event)
        row = clubs.known(self._db, club_id) if club_id else None
        if (
            incoming.club is not None
            and isinstance(event, Command)
            and event.name.casefold() in HERE
        ):
            row = clubs.at(self._db, incoming.club)
        one = clubs.readable(row.state) if row is not None else None
        if one is None:
            return scene
        self._turn.write()  # whoever joined just before has their seat
        seat = clubs.seat(self._db, one.id, one.together.number) if one.together else 0
        return replace(scene, visit=Visit(one, seat, incoming.called))

    def share(self) -> None:
        """Each writes their own row of what they share with a club, and rings it."""
        rung: list[int] = []
        for person_id, scene in self.shared:
            clubs.keep_parts(self._db, person_id, scene.parts)
            clubs.keep_entries(self._db, person_id, scene.entries)
            rung += [each.club for each in scene.parts]
            if scene.member is not None and scene.visit is not None:
                club_id = scene.visit.club.id
                clubs.keep_member(self._db, club_id, person_id, wants=scene.member)
        self.ring(rung)

    def ring(self, club_ids: Iterable[int]) -> None:
        """Something has changed for these clubs."""
        soon = clubs.ring(self._db, club_ids, self._now)
        self._turn.look_at(soon)

    def hears(self, incoming: Incoming, row: Row[Any] | None, cause: str) -> bool:
        """Whether an event is a club's: then it has heard it."""
        whose = route(incoming)
        if whose is Whose.NOBODYS:
            return False
        managed = clubs.managed(self._db, incoming.address, self._now)
        found = self._club_row(whose, incoming, managed)
        if found is None and whose is not Whose.HERE:
            return False
        resting = row is not None and bool(people.glance(row.state).get("hold"))
        if whose is Whose.ASKED and (managed is None or not managed.asking or resting):
            return False
        if found is None and isinstance(incoming.event, Left | Moved | ClubRun):
            return True
        one = clubs.read(found) if found is not None else self._new_club(incoming)
        self._club_step(one, found, incoming, row, managed, cause)
        return True

    def _club_row(
        self, whose: Whose, incoming: Incoming, managed: Row[Any] | None
    ) -> Row[Any] | None:
        if whose is Whose.HERE and incoming.club is not None:
            return clubs.at(self._db, incoming.club)
        if whose is Whose.NAMED and isinstance(incoming.event, Press):
            pressed = parse(incoming.event.data)
            return clubs.known(self._db, pressed.number) if pressed else None
        return clubs.known(self._db, managed.club_id) if managed else None

    def _new_club(self, incoming: Incoming) -> Club:
        place = incoming.club or incoming.address
        language = words(incoming.locale).language
        return Club(self._ids.take("club"), place, language=language)

    def _club_step(  # noqa: PLR0913, PLR0917 - an event, and all that was found for it
        self,
        one: Club,
        found: Row[Any] | None,
        incoming: Incoming,
        row: Row[Any] | None,
        managed: Row[Any] | None,
        cause: str,
    ) -> None:
        """T1 of an event that a club answers."""
        state, place = people.glance(row.state) if row is not None else {}, incoming.address
        at = max(self._now, found.at) if found is not None else self._now
        here = incoming.club is not None and _same_club(incoming.club, one)
        granted = managed is not None and managed.club_id == one.id
        scene = ClubScene(
            club=one,
            address=place,
            here=incoming.club if here else None,
            overheard=incoming.group is not None,
            locale=str(state.get("language") or state.get("locale") or incoming.locale),
            zone=str(state.get("zone") or incoming.zone),
            # In the club its platform says so each time.
            organiser=incoming.organiser if here else granted,
            asking=managed.asking if managed is not None and granted else "",
            reachable=found is None or bool(found.reachable),
            fresh=clubs.fresh_code(),
            new=self._is_new_cheer(one, incoming, row),
        )
        scene = self._with_scores(scene, incoming.event, at)
        after, messages = club_step(scene, incoming.event, at)
        if row is not None and incoming.group is None:
            self._turn.reach(incoming, row)
        elif incoming.group is not None:
            self._turn.done.reached.add(incoming.group)
        messages = outbox.answering(incoming, messages)
        if found is None:
            clubs.add(self._db, one, self._now)
        self._keep_club(one, after, at, at)
        if here and granted and not after.organiser and isinstance(incoming.event, Command):
            clubs.manages(self._db, place, one.id, "", self._now)
        elif after.organiser and not after.nobodys:
            trusted = self._now + TRUSTED if here and incoming.organiser else None
            until = trusted or (managed.until if managed is not None else self._now)
            clubs.manages(self._db, place, one.id, after.asking, until)
        self._say_of_club(after, messages, row.id if row is not None else None, cause)

    def _is_new_cheer(self, one: Club, incoming: Incoming, row: Row[Any] | None) -> bool:
        """Whether it is the first of somebody under that recap; nobody else's kind of press is."""
        pressed = parse(incoming.event.data) if isinstance(incoming.event, Press) else None
        if pressed is None or pressed.verb != "cheer" or pressed.about[1:2] != (str(one.recap),):
            return False
        places = linking.places(self._db, row.id) if row is not None else ()
        names = [
            self._pseudonym("cheer", one.id, one.recap, each, size=16)
            for each in dict.fromkeys((incoming.address, *places))
        ]
        return clubs.cheers(self._db, one.id, one.recap, names)

    def _with_scores(self, scene: ClubScene, event: Event, at: datetime) -> ClubScene:
        """With what the step needs of those who take part."""
        one = scene.club
        numbers = needs(one, event, at)
        if numbers or (one.together is not None and isinstance(event, Wake)):
            self._turn.write()  # whoever has just come to something stands in it
        found = []
        for number in numbers:
            challenge = one.challenge(number)
            if challenge is not None:
                came = clubs.counted(self._db, one.id, challenge)
                found.append((number, came.score, came.seen_by(0)))
        crowd = scene.crowd
        if one.together is not None and isinstance(event, Wake):
            crowd = clubs.crowd(self._db, one.id, one.together.number)
        return replace(scene, scores=tuple(found), crowd=crowd)

    def _keep_club(self, before: Club, after: ClubScene, at: datetime, earliest: datetime) -> None:
        """Write a club back, and let go of what is over in it."""
        one = after.club
        if after.gone:
            self._turn.write()
            self._turn.done.gone |= outbox.of_club(self._db, one.id)
            clubs.erase(self._db, one.id)
            return
        ended, now_on = before.together, one.together
        told = ended is None or all(each.number != ended.number for each in one.tellings)
        if ended is not None and told and (now_on is None or now_on.number != ended.number):
            clubs.over(self._db, one.id, ended.number)
        for each in before.running:
            if (still := one.challenge(each.number)) is None or still.result is not None:
                clubs.frozen(self._db, one.id, each.number)
        if before.place.chat_id != one.place.chat_id:
            self._turn.write()
            clubs.gives_way(self._db, one)
            outbox.moves(self._db, one.id, one.place)
        moment = clubs.save(self._db, one, at, earliest)
        self._turn.look_at(moment)

    def _say_of_club(
        self, scene: ClubScene, messages: Iterable[Message], person_id: int | None, cause: str
    ) -> None:
        """A post is the club's; the rest is said to whoever has spoken."""
        home = scene.club.place
        for each in messages:
            own = (each.to.platform, each.to.chat_id) == (home.platform, home.chat_id)
            if own:
                self._turn.say([each], None, cause, None if scene.gone else scene.club.id)
            else:
                self._turn.say([each], person_id, cause)

    def wake(self, rows: Iterable[Row[Any]]) -> None:
        """Wake clubs; one that fails is put off, and nobody else hears of it."""
        for row in rows:
            cause = self._turn.woken()
            try:
                self._wake_club(row, cause)
            except SQLAlchemyError:
                raise
            except Exception:
                log.exception("a club's wake failed", club=row.id, cause=cause)
                self.put_off(row)

    def _wake_club(self, row: Row[Any], cause: str) -> None:
        one, at = clubs.read(row), max(self._now, row.at)
        scene = self._with_scores(ClubScene(one, one.place), Wake(), at)
        scene, messages = club_step(scene, Wake(), at)
        scene = self._tell(scene, at, cause)
        self._keep_club(one, scene, at, at + SOONEST)
        self._say_of_club(scene, messages, None, cause)

    def _tell(self, scene: ClubScene, at: datetime, cause: str) -> ClubScene:
        """What many people hear, a piece of them at a time: each by a step of their own."""
        one = scene.club
        telling, *more = one.tellings or (None,)
        if telling is None or telling.at > at or scene.gone:
            return scene
        event: Event = RunFinished(telling.at)
        if telling.number:
            event = CalledOff(one.id, telling.number)
            who = clubs.inside(self._db, one.id, telling.number, telling.after, AT_ONCE)
        else:
            who = clubs.members(self._db, one.id, telling.after, AT_ONCE)
        for person_id in who:
            if person_id in self._turn.touched:
                self._turn.write()
            if (row := people.known(self._db, person_id)) is not None:
                self._turn.look(row, event, cause)
        left = (replace(telling, after=who[-1]),) if len(who) == AT_ONCE else ()
        if not left and telling.number:
            self._turn.write()
            clubs.over(self._db, one.id, telling.number)
        return replace(scene, club=replace(one, tellings=(*left, *more)))

    def put_off(self, row: Row[Any]) -> None:
        """Look at it again later, since looking failed."""
        again = self._now + people.backoff(row.failures)
        clubs.put_off(self._db, row.id, again, row.failures + 1)
        self._turn.look_at(again)


def _same_club(place: Address, one: Club) -> bool:
    home = one.place
    return (place.platform, place.chat_id) == (home.platform, home.chat_id)
