"""Two people who are one: what becomes of all that is kept of both. Nothing milder comes of it."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import TypeVar

from bot.conversation import check, closures
from bot.conversation.agenda import Agenda, Nudge, Offer, Once, Purpose, Wanted, folded, from_now
from bot.conversation.buttons import Pressed
from bot.conversation.person import Closed, Habits, Home, Person
from bot.conversation.reply import country, zone_of
from bot.conversation.values import replace
from bot.practice.clearance import Clearance, Variation, strictest
from bot.practice.localtime import day

Ordered = TypeVar("Ordered", int, float, datetime)
Numbered = TypeVar("Numbered", Closed, Once, Nudge, Offer, Home)

NUMBERED = {
    **dict.fromkeys(("hold", "feel", "worse", "card", "before", "change", "not_now", "leg"), 0),
    **dict.fromkeys(("later", "skip", "emergency", "answer", "proposed", "clinician"), 0),
    **dict.fromkeys(("nudge", "set", "run", "clock", "city", "travel", "home"), 0),
    "remind": 1,
}
"""Verbs of buttons that name a thing of its owner's by number, and where in the button it stands.

The pages of a check have numbers, too, but are everybody's.
"""


# Whose numbers


def translated(person: Person, pressed: Pressed) -> Pressed:
    """A button as this person's, if it is of somebody whom they were before chats were linked."""
    shift = dict(person.formerly).get(pressed.owner)
    if shift is None:
        return pressed
    about, at = list(pressed.about), NUMBERED.get(pressed.verb)
    if at is not None and at < len(about) and about[at].isdecimal():
        about[at] = str(int(about[at]) + shift)
    return Pressed(person.id, pressed.verb, tuple(about))


def shifted(person: Person, shift: int) -> Person:
    """The same person with every number of theirs so much higher."""
    agenda = person.agenda

    def up(thing: Numbered | None) -> Numbered | None:
        return replace(thing, number=thing.number + shift) if thing else None

    def wanted(what: Wanted) -> Wanted:
        return replace(what, once=tuple(replace(o, number=o.number + shift) for o in what.once))

    return replace(
        person,
        next_number=person.next_number + shift,
        settled=person.settled + shift if person.settled else 0,
        closed=tuple(replace(entry, number=entry.number + shift) for entry in person.closed),
        offer=up(person.offer),
        home=up(person.home) if person.home and person.home.number else person.home,
        agenda=replace(
            agenda,
            wanted=wanted(agenda.wanted),
            before=wanted(agenda.before) if agenda.before else None,
            change=agenda.change + shift if agenda.change else 0,
            dropped=up(agenda.dropped),
            nudge=up(agenda.nudge),
            why=up(agenda.why),
            missed=up(agenda.missed),
        ),
    )


# One of two


def merged(older: Person, newer: Person, now: datetime) -> Person:
    """The older with all that is the newer's, whose numbers follow on the older's.

    Neither has a rest under way. What was begun and not ended (a check, a card, a question) is
    let go; a result that is milder than what either may do by themselves is none.
    """
    shift = older.next_number
    newer = shifted(newer, shift)
    where = older if older.knows_time else newer
    formerly = (
        *older.formerly,
        (newer.id, shift),
        *((who, by + shift) for who, by in newer.formerly),
    )
    one = replace(
        older,
        locale=older.locale or newer.locale,
        language=older.language or newer.language,
        # A clock, its travels and its emergency numbers belong together.
        zone=where.zone,
        offset=where.offset,
        country=where.country if country(where) else older.country or newer.country,
        home=where.home,
        closed=_closed(older.closed, newer.closed),
        check=None,
        card=None,
        asking=None,
        offer=_first(older.offer, newer.offer),
        quiet=older.quiet or newer.quiet,
        habits=_habits(older, newer),
        next_number=newer.next_number,
        formerly=formerly,
        pinned="",
        tries=(),
    )
    one = _allowed(one, older, newer, now)
    one = replace(one, agenda=_agenda(older, newer, one, now))
    taken, one = closures.number_for(one)
    return replace(one, agenda=replace(one.agenda, change=taken))


def leaving(person: Person, spare: int, now: datetime) -> Person:
    """Somebody new in a chat that leaves: with what keeps legs down, a yes, and nothing else.

    And the language, so that they understand what is said. A check that is owed stays owed. All is
    numbered anew: nobody has a button of theirs yet.
    """
    closed = tuple(replace(entry, number=n) for n, entry in enumerate(person.closed, 1))
    found = _result(person, now)
    return Person(
        spare,
        locale=person.locale,
        language=person.language,
        consent=person.consent,
        clearance=found,
        cleared_at=person.cleared_at if found else None,
        cleared_until=person.cleared_until if found else None,
        settled=len(closed) + 1 if person.settled else 0,
        refused_at=person.refused_at,
        carried=person.carried,
        closed=closed,
        next_number=len(closed) + 2,
    )


# What they may do


def _allowed(one: Person, older: Person, newer: Person, now: datetime) -> Person:
    """What may be done: the stricter of both in each field, as a result of its own."""
    results = [_result(each, now) for each in (older, newer) if not _never_asked(each)]
    found = _stricter([each for each in results if each])
    if None in results and found:
        # One of them has a check to do; what that one told binds what an OK may open.
        known = [each.clearance for each in (older, newer) if each.clearance]
        found = None if found.open else _stricter(known)
    carried = [each for each in (older.carried, newer.carried) if each]
    told = filter(None, (older.renewal_told, newer.renewal_told))
    taken, one = closures.number_for(one)
    return replace(
        one,
        clearance=found,
        cleared_at=_least(older.cleared_at, newer.cleared_at),
        cleared_until=None,  # who keeps nothing is not linked
        settled=taken if found or older.settled or newer.settled else 0,
        proposed=None,
        proposed_at=None,
        refused_at=_most(older.refused_at, newer.refused_at),
        carried=strictest(*carried) if carried else None,
        renewal_told=max(told, default=None),
    )


def _never_asked(person: Person) -> bool:
    """Whether nothing at all is known of what they may do: no answer, and none begun."""
    begun = person.check or person.proposed or person.carried or person.refused_at
    return not (person.clearance or person.settled or begun)


def _result(person: Person, now: datetime) -> Clearance | None:
    """What their check has told: a refusal for good, an OK only where it holds now."""
    found = person.clearance
    if found is None or not found.open:
        return found
    return found if check.may_go_up(person, now) else None


def _stricter(results: list[Clearance]) -> Clearance | None:
    if not results:
        return None
    found = strictest(*results)
    refused = [each for each in results if not each.open]
    if not refused:
        return found
    # A refusal holds as long as it did, also beside a result that ends sooner.
    last = max(refused, key=lambda each: each.on)
    return replace(found, on=last.on, version=last.version)


def _closed(older: Iterable[Closed], newer: Iterable[Closed]) -> tuple[Closed, ...]:
    """What keeps legs down on either side; what is asked for twice is asked once, by the older."""
    kinds = {entry.kind: entry for entry in older}
    for entry in newer:
        kinds[entry.kind] = _longer(kinds.get(entry.kind, entry), entry)
    if "doctor" in kinds:  # what else was asked waits behind it
        return tuple(
            each if each.kind == "doctor" else replace(each, ask_at=None) for each in kinds.values()
        )
    return tuple(kinds.values())


def _longer(one: Closed, other: Closed) -> Closed:
    endless = one.until is None or other.until is None
    # How it went is asked after the last of both: no answer comes before its noon.
    last = max(one, other, key=_asked_last) if one.kind == "doctor" else None
    return replace(
        one,
        until=None if endless else _most(one.until, other.until),
        ask_at=last.ask_at if last else _least(one.ask_at, other.ask_at),
        asked=last.asked if last else min(one.asked, other.asked),
        slip=one.slip and other.slip,
    )


def _asked_last(entry: Closed) -> tuple[bool, datetime | int]:
    """Which question is open for longer: one that was asked waits for nothing any more."""
    return (True, entry.ask_at) if entry.ask_at else (False, -entry.asked)


def _habits(older: Person, newer: Person) -> Habits:
    """The gentler of both; what was done is added up."""
    one, other = older.habits, newer.habits
    both = one.rests and other.rests
    ways = [each.variation for each in (one, other) if each.variation]
    times = dict(one.times)
    for variation, n in other.times:
        times[variation] = times.get(variation, 0) + n
    usual = one if one.rests or not other.rests else other
    return replace(
        usual,
        variation=min(ways, key=list(Variation).index) if ways else None,
        minutes=min(one.minutes, other.minutes) if both else usual.minutes,
        lift_hips=one.lift_hips and other.lift_hips if both else usual.lift_hips,
        comfortable=min(one.comfortable, other.comfortable) if both else usual.comfortable,
        at_length=min(one.at_length, other.at_length) if both else usual.at_length,
        rests=one.rests + other.rests,
        seconds=one.seconds + other.seconds,
        times=tuple(times.items()),
        last=_last_used(older, newer),
        sleeper_told=one.sleeper_told and other.sleeper_told if both else usual.sleeper_told,
    )


def _last_used(older: Person, newer: Person) -> datetime | None:
    """The last rest, as far as it keeps a result from lapsing: for neither of them longer."""
    if older.clearance is None or newer.clearance is None:
        return _most(older.habits.last, newer.habits.last)
    return _least(_used(older, older.clearance), _used(newer, newer.clearance))


def _used(person: Person, found: Clearance) -> datetime:
    """The later of a check and the last rest."""
    checked = datetime.combine(found.on, time(12), zone_of(person))
    last = person.habits.last
    return last if last and day(last, zone_of(person)) >= found.on else checked


# What they are reminded of


def _agenda(older: Person, newer: Person, one: Person, now: datetime) -> Agenda:
    """The reminders of both in one list, and how far it has come: no night is said twice."""
    a, b = older.agenda, newer.agenda
    wanted = _wanted(held(older, one), held(newer, one), one)
    later = _second(older.offer, newer.offer)
    if later is not None:  # only one can be put off: the other becomes a single reminder
        wanted = replace(wanted, once=(*wanted.once, Once(later.number, at=later.at)))
    agenda = Agenda(
        wanted=wanted,
        said=max(filter(None, (a.said, b.said)), default=None),
        rested=_most(a.rested, b.rested),
        ran=_most(a.ran, b.ran),
        back=_most(a.back, b.back),
        no_run=max(filter(None, (a.no_run, b.no_run)), default=None),
        why=_newest(a.why, b.why),
        nudged=tuple(sorted(_newest_each(*a.nudged, *b.nudged))),
        missed=a.missed or b.missed,
        offered=a.offered or b.offered,
    )
    fresh = from_now(agenda, one.seat, one.clock, now)
    nights = [each.night for each in (a, b) if each.wanted.bedtimes] + [fresh.night]
    runs = [each.run_day for each in (a, b) if each.wanted.runs] + [fresh.run_day]
    today = day(now, one.clock) + timedelta(days=1)  # no zone leaves a night behind for longer
    return replace(
        fresh,
        night=min(max(filter(None, nights)), today),
        run_day=min(max(filter(None, runs)), today),
    )


def held(person: Person, one: Person) -> Wanted:
    """What they want; a single moment stays that moment, also by another clock."""
    wanted = person.agenda.wanted
    if not person.knows_time or str(person.clock) == str(one.clock):
        return wanted
    once = tuple(Once(each.number, at=each.due(person.clock)) for each in wanted.once)
    return replace(wanted, once=once)


def _wanted(a: Wanted, b: Wanted, one: Person) -> Wanted:
    """Both, each once: on a weekday that has two times that of the older stays."""
    once = {each.due(one.clock): each for each in (*b.once, *a.once)}
    return Wanted(
        bedtimes=folded((*b.bedtimes, *a.bedtimes)) if b.bedtimes != a.bedtimes else a.bedtimes,
        runs=folded((*b.runs, *a.runs)) if b.runs != a.runs else a.runs,
        once=tuple(once[due] for due in sorted(once)),
        quiet=a.quiet or b.quiet,
        both=a.both or b.both,
        seat=a.seat or b.seat,
        paused_until=max(filter(None, (a.paused_until, b.paused_until)), default=None),
    )


def _newest_each(*nudged: tuple[Purpose, datetime]) -> Iterable[tuple[Purpose, datetime]]:
    found: dict[Purpose, datetime] = {}
    for purpose, at in nudged:
        found[purpose] = max(at, found.get(purpose, at))
    return found.items()


def _newest(one: Nudge | None, other: Nudge | None) -> Nudge | None:
    return max(filter(None, (one, other)), key=lambda each: each.at, default=None)


def _first(one: Offer | None, other: Offer | None) -> Offer | None:
    return min(filter(None, (one, other)), key=lambda each: each.at, default=None)


def _second(one: Offer | None, other: Offer | None) -> Offer | None:
    first = _first(one, other)
    return (other if first is one else one) if one and other else None


def _least(*each: Ordered | None) -> Ordered | None:
    return min((value for value in each if value is not None), default=None)


def _most(*each: Ordered | None) -> Ordered | None:
    return max((value for value in each if value is not None), default=None)
