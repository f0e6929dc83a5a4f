"""What holds for any person, whatever happens to them in whatever order."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.content.routine import routine
from bot.content.words import plain
from bot.conversation import step
from bot.conversation.agenda import Wanted, newest_trace
from bot.conversation.buttons import LONGEST, parse
from bot.conversation.check import agreed, current
from bot.conversation.closures import is_closed
from bot.conversation.free_text import alarm
from bot.conversation.person import (
    Habits,
    Hold,
    Keep,
    Person,
    Phase,
    Scene,
    blank,
    due_at,
    lane,
)
from bot.events import (
    Command,
    Event,
    Expired,
    Lane,
    Location,
    Message,
    Press,
    RunFinished,
    Text,
    Wake,
)
from bot.practice.clearance import Variation
from bot.practice.localtime import day_turns
from tests.dialog import HERE, Dialog, cleared, resting

START = datetime(2026, 11, 22, 15, tzinfo=UTC)
START_NAIVE = START.replace(tzinfo=None)
ZONES = ("Europe/Berlin", "America/Santiago", "Africa/Cairo", "Pacific/Apia", "", "Asia/Kolkata")
STATE = TypeAdapter(Person)
UP = (Phase.SETUP, Phase.SETTLE, Phase.REST)
ALARMS = ("stop", "ouch", "help", "chest pain", "My chest hurts!", "I can’t breathe", "STOP IT")
COMMANDS = (
    "start", "up", "hold", "lutw", "stop", "help", "seat", "ran", "reminders", "resume", "check",
    "what", "why", "faq", "stats", "settings", "country", "zone", "privacy", "export", "forget",
    "remind", "bedtime", "runs", "quiet", "pause", "language", "", "nonsense", "UP",
)  # fmt: skip
ARGUMENTS = (
    "", "5", "0", "99", "8 min", "classic", "knees_bent", "rest_seat", "Germany", "ZZ", "xx",
    "halb elf", "22:30", "tomorrow at 7", "Tue Thu about 18:30, an hour", "22:00-7:00", "Tokyo",
    "until friday", "springfield", "de",
    "Europe/London", "../etc/passwd", "heart", "claims", "4", "²", "٣", "-1", "1e9", "{x}", "*_\\",
)  # fmt: skip
TEXTS = (
    *ALARMS, "hello", "", "done", "next", "pause", "go on", "resume", "tingling", "gone", "still",
    "dizzy", "worse", "lighter", "im in place", "more time", "come down", "legs up", "i ran",
    "halb elf", "at 22:30", "in 20 min", "tomorrow at 7", "every evening at ten", "ran 10k",
    "Mon-Thu 22:00, Fri Sat 23:30", "Tue Thu about 18:30, an hour", "until friday", "Berlin",
    "I'm in Tokyo this week", "i am in paris", "springfield", "21:40", "22:00 to 7:00",
    "seat", "what is this", "wrong", "stuck", "{text}", "*_\\|", "\x00\ud83d\ude00"
    .encode("utf-16", "surrogatepass").decode("utf-16"), "a" * 5000,
)  # fmt: skip
FORGED = (
    "", "1|", "1|7|hold|1|next|1", "1|0|hold", "1|7|feel", "1|7|answer|1|eyes|eyes", "1|7|card",
    "1|7|tick|1|heart", "1|7|tick|1|heart|maybe", "1|7|age|12", "1|7|age|2010", "1|7|page|9",
    "1|7|change|1|min|0", "1|7|change|1|min|..", "1|7|change|1|way|rest_seat", "1|8|up", "2|7|up",
    "1|7|next|shorter|99", "1|7|next|shorter|..", "1|7|proposed|yes", "1|7|clinician|yes",
    "1|7|later|1", "1|7|leg|1|urine", "1|7|not_now|1|meal", "1|7|worse|1|weak", "1|7|keep|nothing",
    "1|7|keep|result", "1|7|emergency|1|mistake", "1|7|card|1|emergency", "1|7|card|1|leg",
    "1|7|up|classic", "1|7|ran|soon", "1|7|before|1|guardian|yes", "1|7|forget|no", "x" * 200,
    "1|7|nudge|1|start", "1|7|nudge|1|in|9999", "1|7|set|1|undo", "1|7|set|1|exact",
    "1|7|bedtime|2460", "1|7|bedtime|0030", "1|7|once|20261122-2130", "1|7|once|20261301-0000",
    "1|7|once|x", "1|7|pause|0", "1|7|pause|14", "1|7|quiet|2200-0700", "1|7|quiet|9999-0700",
    "1|7|run|1|day|9", "1|7|run|1|at|0000", "1|7|clock|1|9999", "1|7|clock|1|more",
    "1|7|city|1|0", "1|7|city|1|99", "1|7|travel|1|until", "1|7|home|1|yes", "1|7|language|xx",
    "1|7|language|de", "1|7|remind|drop|1", "1|7|remind|off", "1|7|ran|tonight", "1|7|zone",
    "1|7|once|00010101-0000",
    "1|7|hold|1|trouble|", "1|7|hold|1|more|-1", "1|7|hold|²|down", "1|99999999999999999999|up",
)  # fmt: skip


EXPIRING = ("cue", "exit", "call", "asleep", "nudge.bedtime", "nudge.run", "", "x")


@dataclass
class World:
    """A person, every button they were ever shown, and the clock."""

    scene: Scene
    now: datetime = START
    shown: list[str] = field(default_factory=list)
    latest: list[str] = field(default_factory=list)
    said: tuple[Message, ...] = ()

    @property
    def person(self) -> Person:
        return self.scene.person

    def take(self, event: Event) -> tuple[Message, ...]:
        before = self.scene
        after, said = step(before, event, self.now)
        after = replace(after, rests=(), forget_history=False)
        holds_always(before, after, event, said, self.now)
        for message in said:
            is_sayable(message)
        data = [button.data for message in said for row in message.buttons for button in row]
        self.shown += data
        self.latest = data or self.latest
        if after.gone:
            after = Scene(Person(before.person.id + 1, zone=before.person.zone), HERE)
        self.scene, self.said = after, said
        return said


def is_sayable(message: Message) -> None:
    said = plain(message.text)
    assert said.strip()
    assert len(said) <= 3500
    assert "{" not in said.replace("{x}", "").replace("{text}", "")
    for row in message.buttons:
        for button in row:
            assert plain(button.label).strip()
            assert len(button.data.encode()) <= LONGEST
            assert parse(button.data) is not None
    for message_until in filter(None, (message.until,)):
        assert message_until.tzinfo is not None


def runs_raised(hold: Hold | None) -> bool:
    return hold is not None and hold.plan.variation.raised and hold.phase in UP


def holds_always(
    before: Scene, after: Scene, event: Event, said: tuple[Message, ...], now: datetime
) -> None:
    was, is_ = before.person, after.person
    assert STATE.validate_json(STATE.dump_json(is_)) == is_
    assert is_.at == max(now, was.at or now)
    is_within_limits(is_)
    new = is_.hold is not None and (was.hold is None or was.hold.number != is_.hold.number)
    started = new and runs_raised(is_.hold)
    if started:
        may_start(was, is_, event, now)
    elif runs_raised(is_.hold):
        assert not is_closed(is_, now)
    if is_.consent is None:
        assert {entry.kind for entry in is_.closed} <= {"day"}
    if is_.consent is None and is_.hold is None:
        assert blank(replace(is_, closed=(), language=""))
    if is_.consent is not None and is_.consent.keep is Keep.NOTHING:
        assert is_.habits == Habits()
        assert not after.rests
        assert is_.carried is None
        newest = newest_trace(is_.agenda)
        late = newest is not None and day_turns(newest, is_.clock) <= now
        assert not (isinstance(event, Wake) and late), "a day leaves nothing behind"
        assert is_.clearance is None or is_.cleared_until is not None
    if isinstance(event, Wake):
        due = due_at(is_)
        assert due is None or due > now, "time must go on"
    if isinstance(event, Text) and alarm(event.text) and runs_raised(was.hold):
        assert said[0].lane is Lane.EXIT
        assert not runs_raised(is_.hold)
    assert lane(is_) in Lane


def may_start(was: Person, is_: Person, event: Event, now: datetime) -> None:
    """Only from the card of right now, with a check that allows it and nothing open."""
    pressed = parse(event.data) if isinstance(event, Press) else None
    assert pressed is not None
    assert (pressed.verb, pressed.about[1]) == ("card", "start")
    assert was.card is not None
    assert not was.card.asking
    assert now - was.card.shown <= timedelta(minutes=15)
    assert agreed(is_)
    assert not is_closed(is_, now)
    assert is_.check is None
    found = current(is_, now)
    assert found is not None
    assert found.open
    assert is_.hold is not None
    plan = is_.hold.plan
    assert plan.variation in found.variations
    assert plan.seconds_to_sit >= found.seconds_to_sit
    assert found.may_lift_hips or not plan.lift_hips
    assert found.may_hold_breath or not routine().breathing[plan.breathing].holds


def is_within_limits(person: Person) -> None:
    hold = person.hold
    if hold is None or not hold.plan.variation.raised:
        return
    plan = hold.plan
    assert 0 < plan.minutes <= plan.limit <= 20
    assert not plan.bedtime or plan.limit <= 3
    length = timedelta(minutes=plan.minutes)
    assert all(timedelta(0) <= cue.at < length for cue in hold.cues)
    if hold.legs_up is not None and hold.phase in (Phase.SETTLE, Phase.REST):
        due = due_at(person)
        assert due is not None
        last = hold.legs_up + timedelta(minutes=plan.limit)
        assert due <= last + timedelta(seconds=0.25)
        assert hold.ends is not None
        assert hold.ends <= last


events = st.one_of(
    st.builds(Command, st.sampled_from(COMMANDS), st.sampled_from(ARGUMENTS)),
    st.builds(Text, st.sampled_from(TEXTS) | st.text(max_size=40)),
    st.builds(Press, st.sampled_from(FORGED)),
    st.builds(Location, st.sampled_from((52.5, 0.0, 91.0)), st.sampled_from((13.4, 139.7, -181.0))),
    st.builds(RunFinished, st.datetimes(START_NAIVE, timezones=st.just(UTC))),
    st.builds(
        Expired,
        st.sampled_from(("cue", "exit", "call", "asleep", "nudge.bedtime", "nudge.run", "", "x")),
    ),
    st.tuples(st.just("wake"), st.sampled_from((0.0, 0.0, 0.0, 1.0, 20.0, 45.0, 3000.0, 90000.0))),
    st.tuples(
        st.just("jump"),
        st.sampled_from(
            (
                0.0,
                1.0,
                30.0,
                61.0,
                400.0,
                3600.0,
                9000.0,
                40000.0,
                90000.0,
                86400 * 12.0,
                86400 * 61.0,
            )
        )
        | st.floats(0, 400 * 86400),
    ),
    st.tuples(st.just("old"), st.integers(0, 10**6)),
    *[st.tuples(st.just("new"), st.integers(0, 10**6))] * 6,
    *[st.tuples(st.just("first"), st.just(0))] * 4,
)


def happens(world: World, each: object, *, twice: bool = False) -> None:
    if not isinstance(each, tuple):
        press(world, cast(Event, each), twice=twice)
        return
    kind, amount = each
    if kind == "jump":
        world.now += timedelta(seconds=amount)
        world.said = ()
    elif kind == "wake":
        due = due_at(world.person)
        if due is not None:
            world.now = max(world.now, due) + timedelta(seconds=amount)
        world.take(Wake())
    else:
        among = {"old": world.shown, "new": world.latest, "first": world.latest[:1]}[kind]
        if among:
            press(world, Press(among[amount % len(among)]), twice=twice)


def press(world: World, event: Event, *, twice: bool) -> None:
    before = world.person.id
    world.take(event)
    if twice and isinstance(event, Press) and world.person.id == before:
        once = world.scene
        world.take(event)
        assert world.scene == once, event


def beginnings() -> Iterable[Dialog]:
    yield Dialog()
    yield cleared()
    yield cleared("2026-11-22 21:30")
    yield cleared("2026-11-22 16:00", "Reflux")
    yield cleared("2026-11-22 16:00", "Heart")
    yield cleared("2026-11-22 16:00", "Floor")
    yield cleared("2026-11-22 16:00", keep="Ask me each time")
    yield resting()
    yield resting().wait(minutes=3)
    yield resting().wait(minutes=3).wait(minutes=7)


BEGINNINGS = [(dialog.scene, dialog.now, tuple(dialog.shown.values())) for dialog in beginnings()]


def world(beginning: int, zone: str) -> World:
    scene, now, shown = BEGINNINGS[beginning]
    person = replace(scene.person, zone=zone)
    return World(replace(scene, person=person), now, list(shown), list(shown[-6:]))


EXAMPLES = int(os.environ.get("EXAMPLES", "100"))
"""`EXAMPLES=5000 pytest tests/test_properties.py` looks for what a usual run does not find."""

usual = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=EXAMPLES == 100,
)
starts = st.integers(0, len(BEGINNINGS) - 1)
zones = st.sampled_from(ZONES)


@usual
@given(starts, zones, st.lists(events, max_size=40))
def test_any_event_in_any_state_leaves_a_valid_state(beginning, zone, many) -> None:
    someone = world(beginning, zone)
    for each in many:
        happens(someone, each)


@usual
@given(starts, zones, st.lists(events, max_size=25))
def test_a_button_that_is_pressed_twice_changes_nothing_more(beginning, zone, many) -> None:
    someone = world(beginning, zone)
    for each in many:
        happens(someone, each, twice=True)


@usual
@given(starts, zones, st.lists(events, max_size=15))
def test_every_button_works_when_it_is_pressed_at_once(beginning, zone, many) -> None:
    someone = world(beginning, zone)
    for each in many:
        happens(someone, each)
        for data in (b.data for message in someone.said for row in message.buttons for b in row):
            there = World(someone.scene, someone.now)
            assert not is_stale(there.take(Press(data))), data


def is_stale(said: tuple[Message, ...]) -> bool:
    return any("something that is over" in message.text for message in said)


@usual
@given(starts, zones, st.lists(events, max_size=40), st.lists(events, max_size=5))
def test_after_any_history_time_alone_brings_everything_to_rest(
    beginning, zone, many, more
) -> None:
    """Woken at each due moment, a person comes to where nothing is due but what they wished."""
    someone = world(beginning, zone)
    for each in [*many, *more]:
        happens(someone, each)
    without = replace(someone.person.agenda, wanted=Wanted())
    someone.scene = replace(someone.scene, person=replace(someone.person, agenda=without))
    for _ in range(60):
        due = due_at(someone.person)
        if due is None:
            break
        someone.now = max(someone.now, due)
        someone.take(Wake())
    assert due_at(someone.person) is None
    assert someone.person.hold is None


locked = st.sampled_from([line.name for line in routine().lines if line.verdict != "gentler"])


@usual
@given(locked, st.lists(events, max_size=40))
def test_a_refused_person_is_never_led_into_a_raised_pose(name, many) -> None:
    """Short of a new check, a clinician's yes, or being forgotten, nothing opens it."""
    label = {line.name: line for line in routine().lines}[name].name
    dialog = cleared("2026-11-22 16:00", LABELS[label])
    someone = World(dialog.scene, dialog.now, list(dialog.shown.values()))
    someone.latest = list(dialog.buttons.values())
    for each in many:
        if is_a_way_out_of_a_refusal(each, someone):
            continue
        happens(someone, each)
        hold = someone.person.hold
        assert hold is None or hold.plan.variation is Variation.REST_SEAT


def is_a_way_out_of_a_refusal(each: object, someone: World) -> bool:
    """What may rightly lead to another result: it is left out here."""
    opening = {"page", "none", "clinician", "forget", "keep", "consent", "age"}
    if isinstance(each, Press):
        found = parse(each.data)
        return found is not None and found.verb in opening
    if isinstance(each, tuple) and each[0] in ("old", "new", "first"):
        among = {"old": someone.shown, "new": someone.latest, "first": someone.latest[:1]}[each[0]]
        found = parse(among[each[1] % len(among)]) if among else None
        return found is not None and found.verb in opening
    return False


def _labels() -> dict[str, str]:
    from bot.content.words import words

    return {line.name: plain(words("en")(f"label.{line.name}")) for line in routine().lines}


LABELS = _labels()


def test_a_hold_that_nobody_touches_ends_within_its_limit() -> None:
    """Pause, more time, tingling in any order: called down at the limit at the latest."""
    for taps in (["Pause"], ["Tingling"], ["Tingling", "It is gone", "Pause"], ["Pause", "Go on"]):
        dialog = resting()
        for tap in taps:
            dialog.wait(seconds=2).tap(tap)
        assert dialog.hold is not None
        assert dialog.hold.legs_up is not None
        last = dialog.hold.legs_up + timedelta(minutes=dialog.hold.plan.limit)
        dialog.until(lambda d: d.hold is None or d.hold.phase is Phase.WAY_OUT)
        assert dialog.now <= last + timedelta(seconds=0.25)
