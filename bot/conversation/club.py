"""A club as the conversation knows it, and when time must next be looked at for it.

A club is a server or a group. Its values have no slots: `bot.conversation.values.replace` copies
them as dicts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from bot.content.routine import number
from bot.conversation.agenda import RunTime
from bot.events import Address, Lane
from bot.practice.localtime import instant, moment, within, zone

KEPT = timedelta(days=number("club_kept"))
QUIET = time(number("club_quiet_from_hour")), time(number("club_quiet_to_hour"))
LATE_EXIT = timedelta(minutes=number("late_exit"))
EDITED_EACH = timedelta(seconds=number("count_edited_each"))
FEW = number("few_runners")
COUNTED = number("counted_minutes") * 60
"""Seconds of a day's rest that count, at most."""
A_DAY = timedelta(days=1)
WEEKS_LOOKED = 9
"""Days: what repeats weekly has its next one in them."""


class Kind(StrEnum):
    """What a challenge asks for."""

    WEEKLY = "weekly"
    """So many days a week."""
    TEAM = "team"
    """So many minutes, all together."""
    DAYS = "days"
    """As many of so many days as everybody likes."""


@dataclass(frozen=True)
class Score:
    """What came together: of how many people, on how many of their days, for how many seconds."""

    runners: int = 0
    days: int = 0
    seconds: int = 0


@dataclass(frozen=True)
class Rank:
    """One line of a ranking; ``name`` is empty for somebody who did not say theirs."""

    name: str
    days: int
    seconds: int
    mine: bool = False


@dataclass(frozen=True)
class Challenge:
    """A challenge of a club, from ``starts`` to ``ends``, both included.

    ``goal`` are days a week, or the minutes of all. ``logged``: rests that somebody tells of
    afterwards count, too. ``code`` lets people in from their own chat. ``result``: it is over.
    """

    number: int
    kind: Kind
    starts: date
    ends: date
    goal: int
    code: str
    ranking: bool = False
    logged: bool = False
    result: Score | None = None

    @property
    def weeks(self) -> int:
        """How many it lasts."""
        return ((self.ends - self.starts).days + 1) // 7

    def week(self, on: date) -> int:
        """Which week of it a day is in, from 1."""
        return max(0, min((on - self.starts).days, (self.ends - self.starts).days)) // 7 + 1


@dataclass(frozen=True)
class Together:
    """A rest of many that begins at one moment.

    ``said`` counts what the channel has heard of it. ``shown`` is how many the announcement says
    are in, last written at ``edited``; ``again``: they were more, and it is written anew soon.
    """

    number: int
    starts: datetime
    minutes: int
    place: Address
    said: int = 0
    shown: int = 0
    edited: datetime | None = None
    again: datetime | None = None

    @property
    def ends(self) -> datetime:
        """When its frame is over."""
        return self.starts + timedelta(minutes=self.minutes)

    @property
    def cues(self) -> tuple[tuple[str, datetime], ...]:
        """What the channel hears, and when."""
        return (
            ("begin", self.starts),
            ("halfway", self.starts + (self.ends - self.starts) / 2),
            ("soon", self.ends - timedelta(minutes=1)),
            ("end", self.ends),
        )

    @property
    def due(self) -> datetime:
        """When the channel next hears something, or when nobody is waited for any more."""
        cue = self.cues[self.said][1] if self.said < len(self.cues) else self.ends + LATE_EXIT
        return min(cue, self.again) if self.again else cue


@dataclass(frozen=True)
class Crowd:
    """Who takes part in a rest of many: how many are in, and how many of those rest just now.

    ``seconds`` are those of everybody who is done.
    """

    inside: int = 0
    resting: int = 0
    waiting: int = 0
    seconds: int = 0


@dataclass(frozen=True)
class Planned:
    """A run of the club's own calendar; one that was ``told`` is over for good."""

    key: str
    starts: datetime
    ends: datetime | None
    told: bool = False

    @property
    def over(self) -> datetime:
        """When it ends, as far as anybody said."""
        return self.ends or self.starts + timedelta(hours=1)


@dataclass(frozen=True)
class Telling:
    """Something that many people hear, each in their own chat, and how far that has come.

    A run is over at ``at``: those hear it who want to be asked then. A rest of many of that
    ``number`` is called off: those who are in.
    """

    at: datetime
    number: int = 0
    after: int = 0


@dataclass(frozen=True)
class Club:
    """Everything that is kept of a club but who is in what.

    ``place`` is where it posts; without a ``posts`` nothing is posted yet. ``zone`` is empty while
    nobody said it. ``calendar``: runs are those of the server's own events. ``ran`` is up to when
    its runs are dealt with; ``posted`` and ``recapped`` are the last days of each. ``cheers`` are
    those since the last recap, whose number is ``recap``; one that would come in the quiet hours
    waits for ``recap_after``. ``welcomes`` counts the welcome posts.
    """

    id: int
    place: Address
    language: str = ""
    zone: str = ""
    posts: bool = False
    quiet: tuple[time, time] | None = QUIET
    runs: tuple[RunTime, ...] = ()
    calendar: bool = False
    planned: tuple[Planned, ...] = ()
    ran: datetime | None = None
    tellings: tuple[Telling, ...] = ()
    welcome: str = ""
    welcomes: int = 0
    everyone: bool = False
    together: Together | None = None
    challenges: tuple[Challenge, ...] = ()
    posted: date | None = None
    recapped: date | None = None
    recap: int = 0
    recap_after: datetime | None = None
    cheers: int = 0
    next_number: int = 1
    left: datetime | None = None
    at: datetime | None = None

    @property
    def clock(self) -> tzinfo:
        """The clock on the wall of the club; UTC while nobody said where that is."""
        return zone(self.zone)

    @property
    def running(self) -> tuple[Challenge, ...]:
        """The challenges that are not over."""
        return tuple(each for each in self.challenges if each.result is None)

    def challenge(self, number: int) -> Challenge | None:
        """That one, if there is one."""
        return next((each for each in self.challenges if each.number == number), None)

    def is_quiet(self, at: datetime) -> bool:
        """Whether nothing is posted by itself at that moment."""
        return within(self.quiet, at, self.clock)


@dataclass(frozen=True)
class Visit:
    """What a person's step needs of a club: as it stands, and who came before them.

    ``seat`` is how many have joined its rest before; ``called`` is how the platform calls them.
    """

    club: Club
    seat: int = 0
    called: str = ""


@dataclass(frozen=True)
class Part:
    """One person in a rest of many: ``state`` is "in", "resting", "done" or "out"."""

    club: int
    number: int
    state: str
    seconds: int = 0


@dataclass(frozen=True)
class Entry:
    """One person in a challenge, from ``joined`` to the day before ``left``.

    ``off`` are holidays, from and to. ``name`` is what others see in a ranking: "a runner" if
    empty, and nothing of them at all if ``hidden``.
    """

    club: int
    number: int
    joined: date
    left: date | None = None
    name: str = ""
    hidden: bool = False
    off: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True)
class Entered:
    """A challenge that somebody is in, with what came together: alone, this week, and of all."""

    entry: Entry
    challenge: Challenge
    mine: Score
    this_week: int
    every: Score
    ranking: tuple[Rank, ...] = ()


@dataclass(frozen=True)
class ClubScene:
    """Who says what to a club, and where.

    ``address`` is the speaker's own chat, the club's where nobody speaks; ``here`` is where it was
    said, ``overheard`` if others can read it. ``organiser``: they may manage it. ``asking`` is the
    question that a line of theirs may answer. The store hands in what the event needs: the
    ``crowd`` of a rest of many, the ``scores`` of challenges by number, a ``fresh`` code. ``new``:
    this cheer is their first; ``reachable``: the last post could be posted. A step hands back
    ``gone`` when nothing of the club is to be kept any more.
    """

    club: Club
    address: Address
    here: Address | None = None
    overheard: bool = False
    locale: str = ""
    zone: str = ""
    organiser: bool = False
    asking: str = ""
    crowd: Crowd = Crowd()
    scores: tuple[tuple[int, Score, tuple[Rank, ...]], ...] = ()
    fresh: str = ""
    new: bool = True
    reachable: bool = True
    gone: bool = False

    @property
    def nobodys(self) -> bool:
        """Whether nobody can be answered alone: the platform tells it, or an anonymous admin."""
        home = self.club.place
        return (self.address.platform, self.address.chat_id) == (home.platform, home.chat_id)

    def score(self, number: int) -> tuple[Score, tuple[Rank, ...]]:
        """What has come together in that challenge, and its ranking."""
        found = ((score, ranks) for each, score, ranks in self.scores if each == number)
        return next(found, (Score(), ()))


def next_run(runs: Iterable[RunTime], after: datetime, where: tzinfo) -> datetime | None:
    """When the next weekly run is over."""
    today = after.astimezone(where).date()
    ends = (
        moment(on, each.clock, where) + timedelta(minutes=each.lasts)
        for ahead in range(-1, WEEKS_LOOKED)
        for each in runs
        if (on := today + timedelta(days=ahead)).weekday() in each.days
    )
    return min((end for end in ends if end > after), default=None)


def run_over(club: Club) -> datetime | None:
    """When the next run of the club is over that is not dealt with yet."""
    if club.ran is None or not club.posts:
        return None
    if club.calendar:
        waits = (each.over for each in club.planned if not each.told)
        return min((over for over in waits if over > club.ran), default=None)
    return next_run(club.runs, club.ran, club.clock)


def recap_on(club: Club) -> date | None:
    """The day of the next recap: weekly while a challenge runs, and the day after its end."""
    days = []
    for each in club.running:
        since = max(club.recapped or each.starts, each.starts)
        ahead = (number("recap_weekday") - since.weekday() - 1) % 7 + 1
        weekly = since + timedelta(days=ahead)
        days.append(weekly if weekly <= each.ends else each.ends + A_DAY)
    return min(days, default=None)


def recap_at(club: Club) -> datetime | None:
    """When the next recap is due: after the quiet hours, if it would be in them."""
    on = recap_on(club)
    if on is None:
        return None
    at = instant(on, number("recap_hour"), club.clock)
    at = max(at, club.recap_after or at)
    return quiet_ends(club, at) if club.is_quiet(at) else at


def quiet_ends(club: Club, at: datetime) -> datetime:
    """When the quiet hours that hold that moment are over."""
    if club.quiet is None:
        return at
    today = at.astimezone(club.clock).date()
    ends = moment(today, club.quiet[1], club.clock)
    return ends if ends > at else moment(today + A_DAY, club.quiet[1], club.clock)


def due_at(club: Club) -> datetime | None:
    """The next moment at which time itself has something to say or to do for this club."""
    if club.left is not None:
        return club.left + KEPT
    moments = (
        club.together.due if club.together else None,
        club.tellings[0].at if club.tellings else None,
        run_over(club),
        recap_at(club),
    )
    return min(filter(None, moments), default=None)


def lane(club: Club) -> Lane:
    """How urgent it is to look at this club when it is due."""
    return Lane.CUE if club.together else Lane.SOCIAL
