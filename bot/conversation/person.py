"""A person as the conversation knows them, and when time must next be looked at for them.

Its values have no slots: `bot.conversation.values.replace` copies them as dicts.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from bot.content.routine import number, routine
from bot.conversation.agenda import Agenda, Offer, newest_trace, next_due, seat_of
from bot.conversation.club import Entered, Entry, Part, Visit
from bot.conversation.values import replace
from bot.events import Address, Lane
from bot.practice.clearance import Clearance, Place, Variation
from bot.practice.localtime import day_turns, fixed, instant, zone
from bot.practice.questionnaire import expires
from bot.practice.timeline import Cue, cues

SETTLE = timedelta(seconds=number("settle"))
SETUP_CLOSES = timedelta(minutes=number("setup_closes"))
DRAFT_KEPT = timedelta(hours=number("draft_kept_for"))
RECONFIRM = timedelta(hours=number("reconfirm_within"))
RENEWAL_NOTICE = timedelta(days=number("renewal_notice"))
RENEWAL_HOUR = number("doctor_question_hour")
BACK_HOME_HOUR = number("back_home_hour")
CARD_LIVES = timedelta(minutes=number("card_lives"))
LEAD = timedelta(minutes=number("together_lead"))
STEPS_TAKE = timedelta(minutes=number("together_steps"))
WRONG_FOR = timedelta(hours=1)
"""How long a wrong code counts: who guesses soon waits, who mistypes is soon let on."""
TICK = 250_000
"""Due moments are rounded up to this many microseconds, so that those of many fall together."""


class Keep(StrEnum):
    """What a person agreed to have kept."""

    RESULT = "result"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Consent:
    """A person's own yes; ``version`` is that of the words they said it to."""

    keep: Keep
    version: int
    at: datetime


@dataclass(frozen=True)
class Plan:
    """A rest as it is meant to be: the chosen minutes, and the limit that it may never pass.

    A ``strict`` limit comes from the check, and counts from when the legs may be up; one of our
    own counts from when the clock starts, or would have started without [More time].
    """

    variation: Variation
    place: Place
    minutes: float
    limit: float
    strict: bool = False
    bedtime: bool = False
    familiar: bool = False
    breathing: str = "long_exhale"
    seconds_to_sit: int = 60
    lift_hips: bool = False
    draw_knees: bool = True


@dataclass(frozen=True)
class Check:
    """A readiness check under way: its ticks are a draft, gone with its end or after a day."""

    started: datetime
    page: int = 1
    ticks: tuple[str, ...] = ()
    asking: str = ""
    group: str = ""
    year: int = 0

    @property
    def gone_at(self) -> datetime:
        """When a draft is kept no longer."""
        return self.started + DRAFT_KEPT


@dataclass(frozen=True)
class Card:
    """The look at right now before every rest. ``asking`` is the sign that was tapped, if any."""

    number: int
    shown: datetime
    plan: Plan
    asking: str = ""
    ready: tuple[str, ...] = ()
    again_at: datetime | None = None


@dataclass(frozen=True)
class Joining:
    """A rest of many that somebody is in: the ``club``'s, of that ``number``.

    ``starts`` is their own seat in its start, ``ends`` the end of its frame for them. ``plan`` is
    how they will rest, once they have looked at right now; ``asked``: they were shown the card.
    """

    club: int
    number: int
    starts: datetime
    ends: datetime
    plan: Plan | None = None
    asked: bool = False

    @property
    def begins(self) -> datetime | None:
        """When the first words are due: before the start, and before that nobody lies down."""
        if self.plan is None:
            return None
        if not self.plan.variation.raised:
            return self.starts
        return self.starts - (SETTLE if self.plan.familiar else STEPS_TAKE)

    def binds(self, now: datetime) -> bool:
        """Whether a rest begun now is this one: so long before it a look at right now holds."""
        return self.starts - CARD_LIVES <= now < self.ends

    @property
    def due(self) -> datetime:
        """When time has something to say about it."""
        asks = self.starts - LEAD
        return self.begins or (self.ends if self.asked else asks)


class Phase(StrEnum):
    """Where a rest is."""

    SETUP = "setup"
    SETTLE = "settle"
    REST = "rest"
    WAY_OUT = "way_out"
    SIT = "sit"


@dataclass(frozen=True)
class Hold:
    """A rest under way.

    ``since`` is when the present phase began; in SETTLE it is when the clock will start, in
    WAY_OUT when the end was first said. ``said`` counts the cues, or the calls, that are behind.
    ``asking`` is the question about the body that is open. ``lasts`` are the minutes of its clock:
    the chosen ones, or what the limit leaves of them. ``seconds`` are the counted ones, ``day``
    is the one that they count for. ``together`` is the rest of many that it belongs to, if any.
    """

    number: int
    plan: Plan
    phase: Phase
    since: datetime
    step: int = 1
    started: datetime | None = None
    lasts: float = 0
    legs_up: datetime | None = None
    paused: datetime | None = None
    paused_for: timedelta = timedelta(0)
    said: int = 0
    asking: str = ""
    tingling_at: datetime | None = None
    tingled: bool = False
    dizzy: int = 0
    cramped: bool = False
    worse: bool = False
    seconds: int = 0
    day: date | None = None
    together: Joining | None = None

    @property
    def cues(self) -> tuple[Cue, ...]:
        """What is said during this rest."""
        plan = self.plan
        return cues(plan.variation, self.lasts, plan.breathing, plan.familiar)

    @property
    def last_moment(self) -> datetime | None:
        """When the legs must come down whatever else happens: the limit, from legs up."""
        return self.legs_up + timedelta(minutes=self.plan.limit) if self.legs_up else None

    @property
    def more(self) -> int:
        """How many times more time to settle was taken."""
        return (self.since - self.legs_up) // SETTLE if self.legs_up else 0

    @property
    def ends(self) -> datetime | None:
        """When the end is due: the chosen length, or the limit if that comes first."""
        last = self.last_moment
        if last is None or self.started is None or self.paused:
            return last
        return min(self.started + timedelta(minutes=self.lasts) + self.paused_for, last)

    def run(self, now: datetime) -> timedelta:
        """How long the clock of this rest has run."""
        if self.started is None:
            return timedelta(0)
        return max(timedelta(0), (self.paused or now) - self.started - self.paused_for)

    def cue_at(self, index: int) -> datetime | None:
        """When that cue is due; none while the rest is paused, or after the last one."""
        if self.started is None or self.paused:
            return None
        every = self.cues
        if index >= len(every):
            return None
        return self.started + self.paused_for + every[index].at

    @property
    def calls(self) -> tuple[datetime, ...]:
        """When the way out is said again, and last the text for who has fallen asleep."""
        lengths = routine().lengths
        return tuple(
            self.since + timedelta(seconds=after)
            for after in (*lengths.way_out_calls, lengths.asleep_text)
        )

    @property
    def due(self) -> datetime | None:
        """When this rest next needs looking at."""
        match self.phase:
            case Phase.SETUP:
                return self.since + self.setup_lasts
            case Phase.SETTLE:
                return min(moment for moment in (self.since, self.last_moment) if moment)
            case Phase.REST:
                moments = (self.cue_at(self.said), self.ends, self.tingling_at)
                return min(filter(None, moments), default=None)
            case Phase.WAY_OUT:
                return self.calls[min(self.said, len(self.calls) - 1)]
            case Phase.SIT:
                return self.since + timedelta(seconds=routine().lengths.asleep_text)

    @property
    def setup_lasts(self) -> timedelta:
        """How long one step of the set-up may take: once lying down, no longer than the limit."""
        lying = self.step > 1
        return min(SETUP_CLOSES, timedelta(minutes=self.plan.limit)) if lying else SETUP_CLOSES


@dataclass(frozen=True)
class Closed:
    """No rest with raised legs before ``until``, or before the question ``kind`` is answered.

    A ``slip`` of the finger may undo it: only an emergency that stands alone.
    """

    kind: str
    number: int
    until: datetime | None = None
    ask_at: datetime | None = None
    asked: int = 0
    slip: bool = False


@dataclass(frozen=True)
class Asking:
    """A question that a typed line may answer.

    ``wish`` is what was wanted when it had to be asked first where the person is: the kind of
    question that ``said`` answers. ``days`` and ``clock`` are what is chosen of usual runs;
    ``zones`` are the clocks or cities to choose from, by their buttons.
    """

    kind: str
    number: int
    at: datetime
    wish: str = ""
    said: str = ""
    days: tuple[int, ...] = ()
    clock: time | None = None
    zones: tuple[str, ...] = ()
    until: date | None = None

    @property
    def gone_at(self) -> datetime:
        """When a question that nobody answered is let go, with the words that waited for it."""
        return self.at + DRAFT_KEPT


@dataclass(frozen=True)
class Home:
    """Where somebody who travels comes from, and when to ask whether they are back."""

    zone: str
    country: str
    until: date | None = None
    number: int = 0


@dataclass(frozen=True)
class Rest:
    """A rest that is over: one row of the history. ``seconds`` are the counted ones.

    ``day`` is the day that it counts for, by their clock then, and ``counted`` what a challenge
    makes of it: decided once, at its end. ``logged``: they told of it afterwards.
    """

    number: int
    started: datetime
    seconds: int
    variation: Variation
    bedtime: bool = False
    feeling: str = ""
    day: date | None = None
    counted: int = 0
    logged: bool = False


@dataclass(frozen=True)
class Habits:
    """What is remembered so that the next rest starts as the last one did."""

    variation: Variation | None = None
    place: Place = Place.FLOOR
    minutes: float = 0
    breathing: str = "long_exhale"
    lift_hips: bool = False
    comfortable: int = 0
    at_length: int = 0
    rests: int = 0
    seconds: int = 0
    times: tuple[tuple[Variation, int], ...] = ()
    last: datetime | None = None
    sleeper_told: bool = False


@dataclass(frozen=True)
class Person:
    """Everything that is kept of one person but their addresses and the history of rests.

    ``locale`` is what their platform told, ``language`` what they chose. ``offset`` is all that
    is known of their clock, in minutes east of UTC, until there is a ``zone``.
    ``formerly`` are the ids that they had before chats were linked, with what was added to the
    numbers of each. Reminders go to the platform that is ``pinned``, if any, else to where they
    last spoke. ``tries`` are the wrong codes of late.
    """

    id: int
    locale: str = ""
    language: str = ""
    zone: str = ""
    offset: int | None = None
    country: str = ""
    home: Home | None = None
    consent: Consent | None = None
    clearance: Clearance | None = None
    cleared_at: datetime | None = None
    cleared_until: datetime | None = None
    proposed: Clearance | None = None
    proposed_at: datetime | None = None
    settled: int = 0
    refused_at: datetime | None = None
    carried: Clearance | None = None
    renewal_told: date | None = None
    check: Check | None = None
    card: Card | None = None
    joining: Joining | None = None
    hold: Hold | None = None
    closed: tuple[Closed, ...] = ()
    offer: Offer | None = None
    quiet: bool = False
    agenda: Agenda = field(default_factory=Agenda)
    asking: Asking | None = None
    next_number: int = 1
    habits: Habits = field(default_factory=Habits)
    formerly: tuple[tuple[int, int], ...] = ()
    pinned: str = ""
    tries: tuple[datetime, ...] = ()
    at: datetime | None = None

    @property
    def keeps(self) -> bool:
        """Whether what they do may be kept: they agreed, and not to nothing."""
        return self.consent is not None and self.consent.keep is Keep.RESULT

    @property
    def speaks(self) -> str:
        """The locale of what is said to them."""
        return self.language or self.locale

    @property
    def clock(self) -> tzinfo:
        """The clock on their wall; UTC while nothing is known of it."""
        if not self.zone and self.offset is not None:
            return fixed(self.offset)
        return zone(self.zone)

    @property
    def knows_time(self) -> bool:
        """Whether we know what their clock says."""
        return bool(self.zone) or self.offset is not None

    @property
    def seat(self) -> timedelta:
        """Their own place in the window of "about half past nine"."""
        return seat_of(self.id)

    @property
    def legs_up(self) -> bool:
        """Whether a rest with raised legs is under way, from its first step to the way out."""
        return self.hold is not None and self.hold.plan.variation.raised

    @property
    def proposed_until(self) -> datetime | None:
        """When a milder check that was never confirmed is let go."""
        return self.proposed_at + RECONFIRM if self.proposed_at else None


@dataclass(frozen=True)
class Link:
    """A code that waits, by the ``name`` that it is kept under: who asked for it, who named it.

    ``agreed``: whoever named it has said yes; whoever asked for it is asked now.
    """

    name: str
    asker: int
    asked_at: Address
    ends: datetime
    namer: int = 0
    named_at: Address | None = None
    agreed: bool = False

    @property
    def number(self) -> int:
        """The number that its buttons bear."""
        return int(self.name[:12] or "0", 16)


@dataclass(frozen=True)
class Linking:
    """What linking needs beyond the person, and what came of it.

    ``places`` are all their chats. Before: a fresh ``code`` and the ``name`` to keep it under; the
    ``link`` that the event is about, with the ``other`` person in it and their ``others_places``;
    the id that is ``spare`` for who leaves. After: the link as it now is; who ``vanished`` into
    whom, and how far their numbers ``shift``; who has ``left`` with the chat that they spoke in.
    """

    places: tuple[Address, ...] = ()
    code: str = ""
    name: str = ""
    link: Link | None = None
    other: Person | None = None
    others_places: tuple[Address, ...] = ()
    spare: int = 0
    vanished: int = 0
    shift: int = 0
    left: Person | None = None


@dataclass(frozen=True)
class Scene:
    """Who acts and where, with what a step needs beyond them.

    ``address`` is the person's own chat, even where they have spoken in a ``group``.
    The store hands in ``history`` for the commands that look back, ``record`` (all that is
    kept, as plain data) for an export, and ``linking`` for what concerns several chats. A step
    hands back in ``rests`` what became of history, by number, ``forget_history`` when no rest of
    before is to be kept, and ``gone`` once the person asked to be forgotten.
    ``visit`` is the club that the event is about, ``entered`` the challenges that they are in. A
    step hands back in ``parts`` and ``entries`` their rows there, and in ``member`` whether they
    want to be asked after the runs of that club.
    """

    person: Person
    address: Address
    group: Address | None = None
    history: tuple[Rest, ...] = ()
    record: str = ""
    rests: tuple[Rest, ...] = ()
    forget_history: bool = False
    gone: bool = False
    linking: Linking | None = None
    visit: Visit | None = None
    entered: tuple[Entered, ...] = ()
    parts: tuple[Part, ...] = ()
    entries: tuple[Entry, ...] = ()
    member: bool | None = None

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The other platforms on which they are, as far as the event needs to know."""
        places = self.linking.places if self.linking else ()
        return tuple(place.platform for place in places if place != self.address)


def blank(person: Person) -> bool:
    """Whether nothing at all is kept of this person: they agreed to nothing and nothing runs."""
    if person.consent is not None:
        return False  # what is said first of nearly everybody
    stranger = Person(person.id, locale=person.locale, zone=person.zone)
    bare = replace(person, next_number=stranger.next_number, asking=None, at=None)
    return replace(bare, formerly=(), pinned="", tries=()) == stranger


def with_agenda(scene: Scene, agenda: Agenda) -> Scene:
    """The scene with that agenda: the very same where nothing changes."""
    if agenda is scene.person.agenda:
        return scene
    return replace(scene, person=replace(scene.person, agenda=agenda))


def lane(person: Person) -> Lane:
    """How urgent it is to look at this person when they are due."""
    if person.joining is not None:
        return Lane.CUE
    if person.hold is None or not person.legs_up:
        return Lane.REMINDER
    return Lane.EXIT if person.hold.phase is Phase.WAY_OUT else Lane.CUE


def renewal_due(person: Person) -> datetime | None:
    """When the one quiet line about the end of the check is due, if it is still to be said."""
    clearance = person.clearance
    if clearance is None or person.cleared_until or person.quiet or not clearance.open:
        return None
    ends = expires(clearance)
    if person.renewal_told == ends:
        return None
    return instant(ends - RENEWAL_NOTICE, RENEWAL_HOUR, person.clock)


def back_home_due(person: Person) -> datetime | None:
    """When somebody who travels is asked whether they are back."""
    if person.home is None or person.home.until is None or person.quiet:
        return None
    return instant(person.home.until, BACK_HOME_HOUR, person.clock)


def due_at(person: Person) -> datetime | None:
    """The next moment at which time itself has something to say or to do for this person.

    A property of the state: nothing is ever cancelled. Rounded up to `TICK`.
    """
    hold, check, card, offer = person.hold, person.check, person.card, person.offer
    asking = person.asking
    traces = newest_trace(person.agenda) if person.consent and not person.keeps else None
    moments = [
        hold.due if hold else None,
        check.gone_at if check else None,
        card.again_at if card else None,
        asking.gone_at if asking else None,
        day_turns(traces, person.clock) if traces else None,
        offer.at if offer else None,
        person.joining.due if person.joining and hold is None else None,
        person.cleared_until,
        person.proposed_until,
        renewal_due(person) if hold is None else None,
        back_home_due(person) if hold is None else None,
        person.tries[-1] + WRONG_FOR if person.tries else None,
        None if person.quiet else next_due(person.agenda, person.seat, person.clock),
    ]
    if person.closed:
        moments += [entry.ask_at or entry.until for entry in person.closed]
    earliest = min(filter(None, moments), default=None)
    if earliest is None:
        return None
    past = earliest.microsecond % TICK
    return earliest + timedelta(microseconds=TICK - past) if past else earliest
