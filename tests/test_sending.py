"""The sender by itself: what goes when, in which order, and what becomes of it.

The event loop leaps from one moment to the next (`in_no_time`), so seconds here cost none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.events import Address, Lane, Message, Rate, Receipt, Refused, TryLater, Unreachable
from bot.metrics import Metrics
from bot.sending import SEND_PATIENCE, Sender
from bot.sending.queue import (
    AHEAD,
    AHEAD_UNLIMITED,
    ANSWERS,
    FIRST_BACKOFF,
    HOLDING_UP,
    KEPT_FOR_URGENT,
    LANES,
    LAST_BACKOFF,
    LAST_URGENT_BACKOFF,
    OUTAGE,
    URGENT,
)
from bot.store import Waiting
from tests.standin import AWAY, HOME, START, FakePlatform, LoopClock, in_no_time

CLEO = replace(HOME, chat_id="chat-of-cleo")
SOON = 0.001
"""Long enough for whatever can happen at once."""


class Wire(FakePlatform):
    """Notes when each was tried, and that no address hears two at a time."""

    def __init__(self, rate: Rate | None = None) -> None:
        super().__init__(rate=rate)
        self.at: list[float] = []
        self.busy: set[Address] = set()
        self.wrong: list[str] = []
        self.most = 0

    async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:
        # A failing assertion would be taken for a failing platform.
        self.wrong += [f"two at a time: {message.text}"] if message.to in self.busy else []
        self.busy.add(message.to)
        self.most = max(self.most, len(self.busy))
        self.at.append(asyncio.get_running_loop().time())
        try:
            return await super().send(message, edits)
        finally:
            self.busy.discard(message.to)

    def when(self, place: Address | None = None) -> list[float]:
        """When each was tried."""
        both = zip(self.at, self.tried, strict=True)
        return [round(at, 3) for at, message in both if place in (None, message.to)]


class Free(Wire):
    """Where answers count to no rate."""

    def counts(self, message: Message) -> bool:
        return not message.reply


class Desk:
    """A sender, and all that is around it."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.clock = LoopClock()
        self.rung = 0
        self.emptied = asyncio.Event()
        self.emptied.set()
        self.sender = Sender([self.wire], self.clock, self._ring, lambda *of: "somebody", Metrics())
        self._ids = count(1)

    def _ring(self) -> None:
        self.rung += 1
        if not self.sender.waiting()[self.wire.name]:
            self.emptied.set()

    def words(self, text: str, place: Address = HOME, owner: int | None = 1, **how) -> Waiting:
        message = Message(place, text, **how)
        return Waiting(next(self._ids), message, owner, "cause", self.clock.now())

    def say(self, *texts: str, place: Address = HOME, **how) -> list[Waiting]:
        waiting = [self.words(text, place, **how) for text in texts]
        self.emptied.clear()
        self.sender.add(waiting)
        return waiting

    def calm(self) -> None:
        self.sender.calm([self.wire.name])

    def write(self) -> None:
        """As the service does after a commit."""
        self.sender.written(self.sender.back())

    @property
    def came_back(self) -> list[tuple[int, object]]:
        return [(outcome.waiting.id, outcome.result) for outcome in self.sender.back()]


Scenario = Callable[[Desk], Awaitable[None]]


def play(scenario: Scenario, rate: Rate | None = None, wire: Wire | None = None) -> None:
    async def run() -> None:
        desk = Desk(wire or Wire(rate))
        await scenario(desk)
        await desk.sender.stop(0)
        assert desk.wire.wrong == []

    in_no_time(run())


def crowd(number: int, first: int = 0) -> list[Address]:
    return [replace(HOME, chat_id=f"chat-{n}") for n in range(first, first + number)]


def taking(seconds: float) -> Callable[[Message], Awaitable[None]]:
    def wait(message: Message) -> Awaitable[None]:
        return asyncio.sleep(seconds)

    return wait


def answers(*of: BaseException | None) -> Callable[[Message], None]:
    """One after another, then only receipts."""
    left = list(of)

    def answer(message: Message) -> None:
        if left and (error := left.pop(0)):
            raise error

    return answer


# In order


def test_an_address_hears_one_after_another_and_others_at_the_same_time() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = taking(1)
        d.say("a", "b", "c")
        d.say("d", "e", place=AWAY)
        await asyncio.sleep(10)
        assert [m.text for m in d.wire.said if m.to == HOME] == ["a", "b", "c"]
        assert (d.wire.when(HOME), d.wire.when(AWAY)) == ([0, 1, 2], [0, 1])
        assert not d.sender.unsaid(None)

    play(scenario)


def test_the_most_urgent_address_goes_first_then_the_oldest() -> None:
    async def scenario(d: Desk) -> None:
        d.calm()
        places = crowd(10)
        lanes = [Lane.REMINDER, Lane.REPLY, Lane.CUE, Lane.SAFETY, Lane.EXIT] * 2
        words = [
            d.words(f"{lane.name}", place, lane=lane)
            for place, lane in zip(places, lanes, strict=True)
        ]
        d.sender.add(words)
        await asyncio.sleep(60)
        ages = [places.index(message.to) for message in d.wire.said]
        assert ages == [4, 9, 3, 8, 2, 7, 1, 6, 0, 5]

    play(scenario, Rate(1, 1))


def test_what_stands_before_urgent_words_goes_with_them() -> None:
    async def scenario(d: Desk) -> None:
        words = [d.words(f"other {n}", place) for n, place in enumerate(crowd(3))]
        mine = [d.words("reply"), d.words("come down", lane=Lane.EXIT), d.words("after")]
        d.sender.add([*words, *mine])
        await asyncio.sleep(60)
        assert d.wire.texts == ["reply", "come down", "other 0", "other 1", "other 2", "after"]

    play(scenario, Rate(1, 1))


def test_urgent_words_that_come_later_overtake_a_crowd() -> None:
    async def scenario(d: Desk) -> None:
        for place in crowd(50):
            d.say("remind", place=place, lane=Lane.REMINDER)
        await asyncio.sleep(3.5)
        said = len(d.wire.said)
        d.say("come down", lane=Lane.EXIT)
        await asyncio.sleep(1)
        assert d.wire.texts[said] == "come down"

    play(scenario, Rate(2, 1))


# The lanes


def test_two_lanes_are_kept_for_urgent_words() -> None:
    async def scenario(d: Desk) -> None:
        released = asyncio.Event()

        async def wait(message: Message) -> None:
            await released.wait()

        d.wire.before = wait
        for place in crowd(12):
            d.say("remind", place=place, lane=Lane.REMINDER)
        for place in crowd(12, 20):
            d.say("reply", place=place)
        await asyncio.sleep(SOON)
        assert len(d.wire.tried) == LANES - KEPT_FOR_URGENT
        for lane, place in zip((Lane.CUE, Lane.EXIT, Lane.SAFETY), crowd(3, 40), strict=True):
            d.say(lane.name, place=place, lane=lane)
        await asyncio.sleep(SOON)
        assert [m.text for m in d.wire.tried[6:]] == ["CUE", "EXIT"]
        released.set()
        await asyncio.sleep(SOON)
        # Who is urgent has the first lane that is free; then the replies, then the reminders.
        texts = [m.text for m in d.wire.tried[8:]]
        assert texts == ["SAFETY", *["reply"] * 12, *["remind"] * 6]
        assert d.wire.most == LANES

    play(scenario)


def test_a_hanging_address_holds_one_lane_only() -> None:
    async def scenario(d: Desk) -> None:
        async def hang(message: Message) -> None:
            if message.to == HOME:
                await asyncio.Event().wait()

        d.wire.before = hang
        d.say("a", "b")
        for place in crowd(30):
            d.say("hello", place=place)
        await asyncio.sleep(SOON)
        assert len(d.wire.said) == 30
        assert not any(message.to == HOME for message in d.wire.said)

    play(scenario)


def test_an_address_that_waits_for_its_pace_holds_no_lane() -> None:
    async def scenario(d: Desk) -> None:
        slow = crowd(2 * LANES)
        d.wire.rates = dict.fromkeys(slow, Rate(1, 100))
        for place in slow:
            d.say("first", "second", place=place)
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["first"] * len(slow)
        d.say("hello")
        await asyncio.sleep(SOON)
        assert d.wire.texts[-1] == "hello"
        await asyncio.sleep(99)
        assert len(d.wire.said) == len(slow) + 1
        await asyncio.sleep(1)
        assert d.wire.texts[-len(slow) :] == ["second"] * len(slow)

    play(scenario)


def test_an_address_that_was_told_to_wait_holds_no_lane() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(*[TryLater(50)] * 2 * LANES)
        for place in crowd(2 * LANES):
            d.say("later", place=place)
        await asyncio.sleep(SOON)
        d.say("hello")
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["hello"]

    play(scenario)


# The pace


def test_a_token_is_spaced_evenly() -> None:
    async def scenario(d: Desk) -> None:
        for place in crowd(7):
            d.say("hello", place=place)
        await asyncio.sleep(3)
        assert d.wire.when() == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5]

    play(scenario, Rate(20, 5))


def test_a_group_has_its_window() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.rates = {HOME: Rate(3, 60)}
        d.say(*"abcdefg")
        d.say("hello", place=AWAY)
        await asyncio.sleep(200)
        assert d.wire.when(HOME) == [0, 0, 0, 60, 60, 60, 120]
        assert d.wire.when(AWAY) == [0]

    play(scenario)


def test_a_window_holds_though_nothing_waited_for_a_while() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.rates = {HOME: Rate(3, 60)}
        for _ in range(5):
            d.say("hello")
            await asyncio.sleep(10)
        await asyncio.sleep(100)
        assert d.wire.when() == [0, 10, 20, 60, 70]

    play(scenario)


def test_a_slow_request_counts_from_its_end_since_nobody_knows_when_it_arrived() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.rates = {HOME: Rate(2, 10)}
        d.wire.before = taking(4)
        d.say(*"abcd")
        await asyncio.sleep(60)
        assert d.wire.when() == [0, 4, 14, 18]

    play(scenario)


PLACES = crowd(4)
RATES = some.builds(Rate, some.integers(1, 4), some.sampled_from([0.5, 1.0, 7.5, 60.0]))
Speech = tuple[Address, Lane, float, float, list[float | None]]
SPEECH = some.tuples(
    some.sampled_from(PLACES),
    some.sampled_from(Lane),
    some.sampled_from([0.0, 0.0, 0.01, 0.7, 30.0]),  # seconds since the one before
    some.floats(0, SEND_PATIENCE - 1),  # seconds on the wire
    some.lists(some.sampled_from([0.0, 0.3, 5.0, None]), max_size=HOLDING_UP - 1),  # its troubles
)


@settings(max_examples=150, deadline=None)
@given(some.none() | RATES, some.dictionaries(some.sampled_from(PLACES), RATES), some.lists(SPEECH))
def test_whatever_is_said_no_rate_is_broken_and_all_is_said_in_order(
    rate: Rate | None, rates: dict[Address, Rate], speeches: list[Speech]
) -> None:
    left: dict[str, list[float | None]] = {}
    takes: dict[str, float] = {}
    quiet_until = dict.fromkeys(PLACES, 0.0)
    wrong: list[str] = []

    async def before(message: Message) -> None:
        if asyncio.get_running_loop().time() < quiet_until[message.to] - 1e-6:
            wrong.append(f"too soon: {message.text}")
        await asyncio.sleep(takes[message.text])
        if left[message.text]:
            after = left[message.text].pop()
            if after is None:
                raise OSError
            quiet_until[message.to] = asyncio.get_running_loop().time() + after
            raise TryLater(after)

    async def run() -> None:
        d = Desk(Wire(rate))
        d.wire.rates, d.wire.before = rates, before
        for n, (place, lane, gap, seconds, troubles) in enumerate(speeches):
            left[f"{n}"], takes[f"{n}"] = list(troubles), seconds
            await asyncio.sleep(gap)
            d.say(f"{n}", place=place, lane=lane)
        async with asyncio.timeout(10_000 + 200 * 60 * len(speeches)):
            await d.emptied.wait()
        await d.sender.stop(0)
        assert wrong + d.wire.wrong == []
        for place in PLACES:
            said = [message.text for message in d.wire.said if message.to == place]
            theirs = [f"{n}" for n, each in enumerate(speeches) if each[0] == place]
            urgent = any(each[1] <= URGENT for each in speeches if each[0] == place)
            failed = any(None in each[4] for each in speeches if each[0] == place)
            if urgent and failed:  # urgent words pass what has failed
                said.sort(key=int)
            assert said == theirs
            if place in rates:
                keeps(d.wire.when(place), rates[place])
        if rate:
            keeps(d.wire.when(), Rate(1, rate.seconds / rate.count))
        assert d.wire.most <= LANES

    in_no_time(run())


def keeps(times: list[float], rate: Rate) -> None:
    for earlier, later in zip(times, times[rate.count :], strict=False):
        assert later - earlier >= rate.seconds - 0.002


# Troubles


def test_who_has_to_wait_waits_with_all_that_is_theirs() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(TryLater(5))
        d.say("a", "b", "c")
        d.say("come down", lane=Lane.EXIT)
        d.say("hello", place=AWAY)
        await asyncio.sleep(4.9)
        assert (d.wire.texts, d.wire.when(HOME)) == (["hello"], [0])
        assert not d.sender.unsaid(HOME)
        assert d.sender.next_moment() == START + timedelta(seconds=5)
        await asyncio.sleep(1)
        assert d.wire.texts == ["hello", "a", "b", "c", "come down"]
        assert d.wire.when(HOME)[1] == 5

    play(scenario)


def test_a_whole_token_that_has_to_wait_says_nothing_at_all() -> None:
    async def scenario(d: Desk) -> None:
        d.calm()
        d.wire.before = answers(TryLater(5, everywhere=True))
        d.say("a")
        await asyncio.sleep(SOON)
        for place in crowd(3):
            d.say("remind", place=place, lane=Lane.REMINDER)
        d.say("come down", place=AWAY, lane=Lane.EXIT)
        await asyncio.sleep(4.9)
        assert d.wire.texts == []
        await asyncio.sleep(10)
        assert d.wire.texts[:2] == ["come down", "a"]
        # Then gently: reminders at half the pace.
        assert d.wire.when()[1:] == [5, 5.1, 5.3, 5.5, 5.7]

    play(scenario, Rate(10, 1))


@pytest.mark.parametrize(
    ("lane", "last"), [(Lane.REPLY, LAST_BACKOFF), (Lane.CUE, LAST_URGENT_BACKOFF)]
)
def test_failing_words_come_again_later_each_time_and_urgent_ones_sooner(
    lane: Lane, last: float
) -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(*[OSError()] * 9)
        d.say("a", lane=lane)
        await asyncio.sleep(1000)
        pauses = [later - earlier for earlier, later in pairwise(d.wire.when())]
        assert pauses == [min(FIRST_BACKOFF * 2**n, last) for n in range(9)]
        assert d.wire.texts == ["a"]
        assert [result for _, result in d.came_back] == [Receipt("message-1")]

    play(scenario)


def test_failing_words_hold_the_others_up_for_a_while_only() -> None:
    async def scenario(d: Desk) -> None:
        def fail(message: Message) -> None:
            if message.text == "a":
                raise OSError

        d.wire.before = fail
        d.say("a", "b", "c")
        await asyncio.sleep(5.9)
        assert d.wire.texts == []
        await asyncio.sleep(0.2)
        assert [m.text for m in d.wire.tried] == ["a"] * HOLDING_UP + ["b", "c"]
        d.wire.before = lambda message: None
        await asyncio.sleep(10)
        assert d.wire.texts == ["b", "c", "a"]
        assert d.wire.when()[-1] == 14

    play(scenario)


def test_a_request_that_hangs_is_a_failure_after_half_a_minute() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = taking(SEND_PATIENCE + 5)
        d.say("a")
        await asyncio.sleep(SEND_PATIENCE + 1)
        d.wire.before = lambda message: None
        assert d.wire.busy == set()
        await asyncio.sleep(2)
        assert (d.wire.texts, d.wire.when()) == (["a"], [0, SEND_PATIENCE + FIRST_BACKOFF])

    play(scenario)


def test_refused_words_are_over_and_the_next_ones_are_said() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(refused := Refused())
        d.say("a", "b")
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["b"]
        assert d.came_back == [(1, refused), (2, Receipt("message-1"))]
        assert d.sender.waiting() == {"fake": 0}

    play(scenario)


def test_who_cannot_be_reached_hears_it_all_when_they_are_back() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(gone := Unreachable())
        d.say("a", "b")
        await asyncio.sleep(SOON)
        d.say("c", lane=Lane.EXIT)
        d.sender.reached([AWAY])
        await asyncio.sleep(10_000)
        assert (len(d.wire.tried), d.came_back) == (1, [(1, gone)])
        assert not d.sender.unsaid(HOME)
        assert d.sender.next_moment() is None
        d.sender.reached([HOME])
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["a", "b", "c"]

    play(scenario)


def test_of_whom_the_store_knows_that_nobody_is_there_hears_nothing() -> None:
    async def scenario(d: Desk) -> None:
        d.sender.add([d.words("a")], {HOME})
        d.say("hello", place=AWAY)
        await asyncio.sleep(1000)
        assert d.wire.texts == ["hello"]
        d.sender.reached([HOME])
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["hello", "a"]

    play(scenario)


def test_a_stranger_who_cannot_be_reached_is_not_waited_for() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(Unreachable())
        d.say("a", owner=None)
        await asyncio.sleep(SOON)
        assert d.sender.waiting() == {"fake": 0}
        assert [outcome.final for outcome in d.sender.back()] == [True]

    play(scenario)


# Slots


def test_a_slot_is_replaced_while_it_waits_and_not_on_the_wire() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = taking(1)
        d.say("1", slot="card")
        d.say("between")
        await asyncio.sleep(0.5)
        d.say("2", "3", slot="card")
        d.say("of another slot", slot="other")
        d.say("of another place", slot="card", place=AWAY)
        await asyncio.sleep(0.1)
        assert d.came_back == [(3, None)]
        await asyncio.sleep(10)
        said = [message.text for message in d.wire.said if message.to == HOME]
        assert said == ["1", "between", "3", "of another slot"]
        assert sorted(row for row, _ in d.came_back) == [1, 2, 3, 4, 5, 6]

    play(scenario)


def test_words_without_a_slot_are_never_replaced() -> None:
    async def scenario(d: Desk) -> None:
        d.say("a", "a", "a")
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["a", "a", "a"]

    play(scenario)


def test_an_edit_is_of_the_newest_receipt_though_it_is_not_written_down_yet() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = taking(1)
        d.say("1", slot="card")
        await asyncio.sleep(0.5)
        d.say("2", slot="card")  # it came before the receipt
        await asyncio.sleep(0.6)
        assert d.came_back == [(1, Receipt("message-1"))]
        await asyncio.sleep(1)
        d.say("3", slot="card")  # and this after it
        d.say("other", slot="card", place=AWAY)
        await asyncio.sleep(5)
        edits = dict(zip(d.wire.texts, d.wire.edits, strict=True))
        assert edits == {"1": "", "2": "message-1", "3": "message-2", "other": ""}

    play(scenario)


def test_once_it_is_written_down_the_store_says_what_is_edited() -> None:
    async def scenario(d: Desk) -> None:
        d.say("1", slot="card")
        await asyncio.sleep(SOON)
        d.write()
        assert d.came_back == []
        d.sender.add([replace(d.words("2", slot="card"), edits="from the store")])
        await asyncio.sleep(SOON)
        assert d.wire.edits == ["", "from the store"]

    play(scenario)


# Too late


def test_what_would_come_too_late_is_never_said() -> None:
    async def scenario(d: Desk) -> None:
        until = d.clock.now() + timedelta(seconds=10)
        d.wire.before = answers(TryLater(20))
        d.say("first")
        [late] = d.say("half-way", until=until, kind="cue")
        d.say("after")
        assert d.sender.next_late() == until
        assert d.sender.next_moment() == until
        await asyncio.sleep(9.9)
        assert d.sender.late() == ()
        await asyncio.sleep(0.1)
        assert d.sender.late() == (late,)
        assert d.sender.late() == (late,), "until the store has dropped it"
        d.sender.drop([late.id])
        assert d.sender.late() == ()
        await asyncio.sleep(20)
        assert d.wire.texts == ["first", "after"]

    play(scenario)


def test_late_words_wait_for_the_store_and_hold_up_nobody_meanwhile() -> None:
    async def scenario(d: Desk) -> None:
        d.say("half-way", until=d.clock.now(), kind="cue")
        d.say("come down", lane=Lane.EXIT)
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["come down"], "the store may be away for long"
        [late] = d.sender.late()
        await asyncio.sleep(100)
        d.sender.drop([late.id])
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["come down"]

    play(scenario)


def test_what_is_on_the_wire_is_not_too_late_unless_it_fails() -> None:
    async def scenario(d: Desk) -> None:
        async def fails(message: Message) -> None:
            await asyncio.sleep(14)
            raise OSError

        d.wire.before = fails
        [late] = d.say("half-way", until=d.clock.now() + timedelta(seconds=10), kind="cue")
        await asyncio.sleep(13)
        assert d.sender.late() == ()
        await asyncio.sleep(2)
        assert d.sender.late() == (late,)
        await asyncio.sleep(100)
        assert len(d.wire.tried) == 1

    play(scenario)


def test_words_that_were_said_in_time_are_not_too_late() -> None:
    async def scenario(d: Desk) -> None:
        d.say("half-way", until=d.clock.now() + timedelta(seconds=10), kind="cue")
        await asyncio.sleep(20)
        assert d.wire.texts == ["half-way"]
        assert d.sender.late() == ()
        assert d.sender.next_moment() is None

    play(scenario)


# After an outage


def reminded(d: Desk, number: int, first: int) -> Callable[[], list[float]]:
    """Say so many reminders; gives when they went, counted from the first."""
    begun = len(d.wire.at)
    for place in crowd(number, first):
        d.say("remind", place=place, lane=Lane.REMINDER)
    return lambda: [round(at - d.wire.at[begun], 3) for at in d.wire.at[begun:]]


def test_after_an_outage_reminders_go_at_half_the_pace_until_none_waits() -> None:
    async def scenario(d: Desk) -> None:
        gentle = reminded(d, 4, 0)  # a start counts as one
        await asyncio.sleep(0.1)
        d.calm()  # some wait still
        d.say("hello", place=AWAY)
        await asyncio.sleep(5)
        assert gentle() == [0, 0.1, 0.3, 0.5, 0.7]
        assert d.wire.texts[1] == "hello", "who has just spoken waits for no half pace"
        d.calm()
        quick = reminded(d, 4, 10)
        await asyncio.sleep(5)
        assert quick() == [0, 0.1, 0.2, 0.3]
        d.sender.recover()
        gentle = reminded(d, 4, 20)
        await asyncio.sleep(5)
        assert gentle() == [0, 0.2, 0.4, 0.6]

    play(scenario, Rate(10, 1))


def test_a_platform_that_fails_whoever_it_is_told_is_in_trouble() -> None:
    async def scenario(d: Desk) -> None:
        for failures, pause in ((OUTAGE - 1, 0.1), (OUTAGE, 0.2)):
            d.calm()
            d.wire.before = answers(OSError(), None, *[OSError()] * failures)
            # One that failed before somebody was served does not count.
            for place in crowd(2 + failures, 50):
                d.say("fails", place=place)
            await asyncio.sleep(1)
            times = reminded(d, 3, 10 * failures)
            await asyncio.sleep(0.9)
            assert times() == [0, pause, round(2 * pause, 3)]
            await asyncio.sleep(60)

    play(scenario, Rate(10, 1))


# The end


def test_the_end_waits_for_what_is_on_the_wire_and_no_longer() -> None:
    async def run() -> None:
        d = Desk(Wire())
        wait = {HOME: 1, AWAY: 100}
        d.wire.before = lambda message: asyncio.sleep(wait[message.to])
        d.say("a", "b")
        d.say("hangs", place=AWAY)
        await asyncio.sleep(0.5)
        began = asyncio.get_running_loop().time()
        await d.sender.stop(4)
        assert asyncio.get_running_loop().time() - began == 4
        assert d.came_back == [(1, Receipt("message-1"))], "of what hung nobody knows"
        d.say("c", place=CLEO)
        await asyncio.sleep(1000)
        assert [m.text for m in d.wire.tried] == ["a", "hangs"]
        assert d.sender.waiting() == {"fake": 3}

    in_no_time(run())


def test_the_end_is_at_once_when_nothing_is_on_the_wire() -> None:
    async def run() -> None:
        d = Desk(Wire())
        d.wire.before = answers(TryLater(50))
        d.say("a")
        await asyncio.sleep(SOON)
        began = asyncio.get_running_loop().time()
        await d.sender.stop(4)
        assert asyncio.get_running_loop().time() == began
        await asyncio.sleep(100)
        assert len(d.wire.tried) == 1

    in_no_time(run())


# What the store has no more, or has again


def test_erased_words_are_never_said() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = taking(1)
        a, b, c = d.say("a", "b", "c")
        [other] = d.say("other", place=AWAY, owner=2)
        await asyncio.sleep(0.5)
        d.sender.drop([a.id, b.id, 999])
        assert d.sender.waiting() == {"fake": 3}, "what is on the wire comes to its end"
        await asyncio.sleep(10)
        assert d.wire.texts == ["a", "other", "c"]
        assert (a.id, Receipt("message-1")) in d.came_back
        assert {c.id, other.id} <= {row for row, _ in d.came_back}

    play(scenario)


@pytest.mark.parametrize("trouble", [OSError(), TryLater(5), Unreachable()])
def test_words_that_were_erased_on_the_wire_are_not_tried_again(trouble: Exception) -> None:
    async def scenario(d: Desk) -> None:
        async def fails(message: Message) -> None:
            await asyncio.sleep(1)
            raise trouble

        d.wire.before = fails
        [erased] = d.say("erased")
        await asyncio.sleep(0.5)
        d.sender.drop([erased.id])
        await asyncio.sleep(1)
        d.wire.before = lambda message: None
        d.sender.reached([HOME])
        await asyncio.sleep(100)
        assert d.wire.texts == []
        assert d.sender.waiting() == {"fake": 0}

    play(scenario)


def test_dropping_what_held_others_up_lets_them_go() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(OSError())
        [failing] = d.say("failing")
        d.say("next")
        await asyncio.sleep(SOON)
        d.sender.drop([failing.id])
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["next"]

    play(scenario)


def test_after_an_outage_memory_is_as_the_store_is() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = lambda message: asyncio.sleep(1) if message.text != "said" else None
        [said] = d.say("said")
        [wire, waits, gone] = d.say("on the wire", "waits", "gone", place=AWAY)
        await asyncio.sleep(0.5)
        news = d.words("news", CLEO)
        # The commit that should have told of "said" was lost, and one of which nobody heard done.
        d.sender.again([said, wire, waits, news], ())
        await asyncio.sleep(10)
        assert sorted(d.wire.texts) == ["news", "on the wire", "said", "waits"]
        assert gone.id not in [row for row, _ in d.came_back]

    play(scenario)


def test_a_clock_that_is_taken_back_makes_nobody_wait() -> None:
    async def scenario(d: Desk) -> None:
        d.clock.offset = timedelta(days=300)
        d.wire.rates = {CLEO: Rate(1, 60)}
        d.wire.before = answers(TryLater(50), OSError(), None)
        d.say("a")
        d.say("b", place=AWAY)
        d.say("c", "d", place=CLEO)
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["c"]
        d.clock.offset = timedelta()
        d.sender.reset()
        await asyncio.sleep(SOON)
        assert sorted(d.wire.texts) == ["a", "b", "c", "d"]

    play(scenario)


def test_a_clock_that_is_moved_on_is_seen_when_the_sender_looks() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(TryLater(3600))
        d.say("a")
        await asyncio.sleep(SOON)
        d.clock.offset = timedelta(hours=1)
        assert d.sender.unsaid(HOME)
        d.sender.look()
        await asyncio.sleep(SOON)
        assert d.wire.texts == ["a"]

    play(scenario)


# How much it holds


def test_there_is_room_for_what_can_be_said_soon_and_it_is_filled_in_one_go() -> None:
    async def scenario(d: Desk) -> None:
        ahead = int(30 * AHEAD)
        assert d.sender.room() == {"fake": ahead}
        for place in crowd(ahead):
            d.say("remind", place=place, lane=Lane.REMINDER)
        assert d.sender.room() == {"fake": 0}
        d.calm()
        seen = set()
        while d.sender.waiting()["fake"]:
            waiting, room = d.sender.waiting()["fake"], d.sender.room()["fake"]
            assert room == (ahead - waiting if waiting <= ahead // 2 else 0)
            seen.add(room)
            await asyncio.sleep(0.1)
        assert len(seen) > 5

    play(scenario, Rate(30, 1))
    play(_unlimited)


async def _unlimited(d: Desk) -> None:
    assert d.sender.room() == {"fake": AHEAD_UNLIMITED}


@pytest.mark.parametrize("rate", [None, Rate(1, 1), Rate(20, 60)])
def test_an_address_to_which_nothing_is_to_be_said_is_not_held_in_memory(
    rate: Rate | None,
) -> None:
    async def scenario(d: Desk) -> None:
        places = crowd(200)
        if rate:
            d.wire.rates = dict.fromkeys(places, rate)
        for place in places:
            d.say("hello", place=place)
        await asyncio.sleep(1000)
        d.say("hello", place=AWAY)
        await asyncio.sleep(1000)
        assert len(d.wire.said) == 201
        [queue] = d.sender._queues.values()
        assert len(queue.chats) < 20

    play(scenario)


def test_a_moment_that_was_waited_for_in_vain_mixes_nothing_up() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(OSError())
        [failing] = d.say("failing")
        await asyncio.sleep(SOON)
        d.sender.drop([failing.id])
        d.wire.before = taking(10)
        await asyncio.sleep(1)
        d.say("a")
        await asyncio.sleep(FIRST_BACKOFF)
        d.say("b")
        await asyncio.sleep(20)
        assert (d.wire.texts, d.wire.when()) == (["a", "b"], [0, 1.001, 11.001])

    play(scenario)


def test_words_for_a_platform_that_is_not_there_are_left_to_the_store() -> None:
    async def scenario(d: Desk) -> None:
        d.say("hello", place=Address("elsewhere", "1"))
        d.sender.reached([Address("elsewhere", "1")], reachable=False)
        await asyncio.sleep(SOON)
        assert d.sender.waiting() == {"fake": 0}
        assert not d.sender.unsaid(None)

    play(scenario)


def test_whoever_writes_down_is_rung_for_each_that_came_back() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(None, OSError(), TryLater(1), Refused())
        for place in crowd(4):
            d.say("hello", place=place)
        await asyncio.sleep(SOON)
        assert d.rung == 4
        before = d.sender.back()
        d.say("hello")
        await asyncio.sleep(SOON)
        d.sender.written(before)
        assert len(d.sender.back()) == 1, "only what was written is forgotten"

    play(scenario)


def test_whoever_cannot_be_reached_takes_no_room_from_others() -> None:
    async def scenario(d: Desk) -> None:
        queue = d.sender._queues["fake"]
        gone = crowd(40)
        d.sender.add(
            [d.words("x", place, lane=Lane.REMINDER) for place in gone for _ in "ab"], set(gone)
        )
        assert d.sender.room() == {"fake": 20}
        assert queue.reminders == 0
        d.wire.before = lambda message: _raise(Unreachable()) if message.to == HOME else None
        d.say("a", "b", "c", lane=Lane.REMINDER)
        await asyncio.sleep(60)
        assert d.sender.room() == {"fake": 20}
        d.wire.before = lambda message: None
        d.sender.reached([HOME, gone[0]])
        assert d.sender.room() == {"fake": 20 - 5}
        await asyncio.sleep(60)
        assert sorted(d.wire.texts) == ["a", "b", "c", "x", "x"]
        assert d.sender.room() == {"fake": 20}

    play(scenario, Rate(10, 1))


def _raise(error: Exception) -> None:
    raise error


def test_however_slow_a_platform_is_it_has_room_for_one() -> None:
    async def scenario(d: Desk) -> None:
        assert d.sender.room() == {"fake": 1}

    play(scenario, Rate(20, 60))


def test_nobodys_way_out_waits_long_behind_an_answer_that_hangs() -> None:
    async def scenario(d: Desk) -> None:
        async def hangs(message: Message) -> None:
            if message.text == "reply":
                await asyncio.sleep(1000)

        d.wire.before = hangs
        d.say("reply")
        await asyncio.sleep(1)
        d.say("come down", lane=Lane.EXIT)
        await asyncio.sleep(SEND_PATIENCE)
        assert d.wire.texts == ["come down"]

    play(scenario)


def test_words_that_are_passed_by_others_and_may_go_again_are_not_forgotten() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(OSError())
        d.say("reply")
        d.say("come down", lane=Lane.EXIT)
        await asyncio.sleep(60)
        assert sorted(d.wire.texts) == ["come down", "reply"]

    play(scenario, Rate(1, 7.5))


def test_a_library_that_cancels_itself_takes_no_lane_with_it() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = answers(*[asyncio.CancelledError()] * 2 * LANES, None)
        for place in crowd(2 * LANES):
            d.say("hello", place=place)
        await asyncio.sleep(60)
        assert d.wire.texts == ["hello"] * 2 * LANES

    play(scenario)


def test_a_platform_that_names_no_time_is_not_asked_without_a_pause() -> None:
    async def scenario(d: Desk) -> None:
        d.wire.before = lambda message: _raise(TryLater(0))
        d.say("hello")
        await asyncio.sleep(2)
        assert 10 <= len(d.wire.tried) <= 21

    play(scenario)


def test_of_people_who_are_gone_nothing_stays_in_memory() -> None:
    async def scenario(d: Desk) -> None:
        queue = d.sender._queues["fake"]
        d.wire.before = lambda message: _raise(Unreachable())
        words = [d.words("hello", place) for place in crowd(20)]
        d.sender.add(words)
        await asyncio.sleep(SOON)
        assert len(queue.chats) == 20
        d.sender.drop(waiting.id for waiting in words)
        assert queue.chats == {}
        late = d.words("half-way", until=d.clock.now() + timedelta(seconds=1), kind="cue")
        d.wire.before = taking(2)
        d.sender.add([late])
        await asyncio.sleep(1.5)
        assert d.sender.late() == ()
        await asyncio.sleep(10)
        assert d.wire.texts == ["half-way"]
        assert d.sender._late == set()

    play(scenario)


def test_what_a_slot_shows_is_remembered_until_the_store_knows_it() -> None:
    async def scenario(d: Desk) -> None:
        for text in "ab":
            d.say(text, slot="card")
            await asyncio.sleep(SOON)
        assert d.wire.edits == ["", "message-1"]
        d.sender.written(d.sender.back()[:1])
        assert list(d.sender._receipts.values()) == ["message-2"]
        d.sender.written(d.sender.back())
        assert d.sender._receipts == {}

    play(scenario)


# Answers that count to no rate


def test_answers_that_count_to_no_rate_wait_for_none() -> None:
    async def scenario(desk: Desk) -> None:
        for place in crowd(50):
            desk.say("answer", place=place, reply="token")
        await desk.emptied.wait()
        assert desk.wire.when() == [0.0] * 50

    play(scenario, wire=Free(Rate(1, 1.0)))


def test_answers_have_lanes_of_their_own_and_take_none_of_the_cues() -> None:
    async def scenario(desk: Desk) -> None:
        desk.calm()
        desk.wire.before = taking(5)
        for place in crowd(ANSWERS + 10):
            desk.say("answer", place=place, reply="token")
        await asyncio.sleep(SOON)
        assert len(desk.wire.busy) == ANSWERS
        desk.say("cue", place=CLEO, lane=Lane.CUE)
        await asyncio.sleep(SOON)
        assert CLEO in desk.wire.busy
        await asyncio.sleep(5)
        assert len(desk.wire.tried) == ANSWERS + 11

    play(scenario, wire=Free())


def test_a_crowd_that_is_paced_holds_up_no_answer() -> None:
    async def scenario(desk: Desk) -> None:
        for place in crowd(20):
            desk.say("cue", place=place, lane=Lane.CUE)
        desk.say("answer", place=CLEO, reply="token")
        await asyncio.sleep(SOON)
        assert desk.wire.when(CLEO) == [0.0]
        await desk.emptied.wait()
        assert desk.wire.when()[-1] == 19.0

    play(scenario, wire=Free(Rate(1, 1.0)))


def test_an_answer_is_said_though_there_is_something_newer_for_its_slot() -> None:
    async def scenario(desk: Desk) -> None:
        desk.wire.before = taking(1)
        desk.say("first", slot="card", reply="one")
        desk.say("second", slot="card", reply="two")
        desk.say("third", slot="card", reply="three")
        await desk.emptied.wait()
        assert desk.wire.texts == ["first", "second", "third"]

    play(scenario)
