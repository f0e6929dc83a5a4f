"""Legs up together: begun at one moment, led alone, counted and never named."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.content.routine import number
from bot.conversation.person import Phase
from bot.events import Address, Lane, Press
from bot.practice.clearance import Variation
from bot.store import clubs
from tests.club import GROUP, SERVER, Town, copies, town

PLACES = pytest.mark.parametrize("place", [SERVER, GROUP], ids=["discord", "telegram"])
BEFORE = ("OK", "None of these, start", "Next", "Next")


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as opened:
        opened.agrees("Ann", "Ben").set_up()
        yield opened


def through(t: Town, name: str, *labels: str) -> None:
    """Press what of these they see, in order."""
    for label in labels:
        if any(full.startswith(label) for full in t.sees.get(t.home(name), {})):
            t.tap(name, label)


def announced(t: Town, label: str = "In 10") -> datetime:
    t.say("Olga", "/together", here=True).tap("Olga", label)
    together = t.club.together
    assert together is not None
    return together.starts


def led(t: Town, *names: str) -> None:
    """Everybody in, and ready, until the start."""
    starts = announced(t)
    for name in names:
        t.tap(name, "Join")
    t.now = starts - timedelta(minutes=4)
    t.wait(minutes=1, seconds=5)
    for name in names:
        through(t, name, *BEFORE[:2])
    t.wait(minutes=1)
    for name in names:
        through(t, name, *BEFORE[2:])
    t.wait(seconds=(starts - t.now).total_seconds() + 20)


def channel(t: Town, since: datetime) -> list[str]:
    """What the channel has read anew since then."""
    pointer = "I answered in our own chat"
    texts = [post.text for at, post, edits in t.posts if at >= since and not edits]
    return [text for text in texts if not text.startswith(pointer)]


# From the announcement to the sum


@PLACES
def test_two_rest_together_from_one_moment_on(tmp_path: Path, place: Address) -> None:
    with town(tmp_path, place) as t:
        t.agrees("Ann", "Ben").set_up()
        begun = t.now
        led(t, "Ann", "Ben")
        starts = t.club.together.starts if t.club.together else t.now
        holds = [t.person(name).hold for name in ("Ann", "Ben")]
        for nth, hold in enumerate(holds):
            assert hold is not None
            assert hold.phase is Phase.REST
            assert hold.started is not None
            seat = timedelta(seconds=nth / number("together_seats"))
            assert timedelta() <= hold.started - starts - seat < timedelta(milliseconds=300)
        t.wait(minutes=4)
        for name in ("Ann", "Ben"):
            assert "Time to come" in t.lines[-1] or t.person(name).hold is not None
        texts = channel(t, begun)
        assert "We rested about 10 minutes together: a few runners." in texts[-1]
        assert len(texts) <= 6
        assert t.club.together is None


def test_the_count_is_written_anew_every_few_seconds_at_most(t: Town) -> None:
    announced(t)
    for name in copies(t, "Ann", 40):
        t.tap(name, "Join").wait(seconds=1)
    t.wait(seconds=10)
    edits = [at for at, _, edits in t.posts if edits]
    apart = [later - earlier for earlier, later in pairwise(edits)]
    assert min(apart) >= timedelta(seconds=number("count_edited_each"))
    assert "40 are in" in t.posts[-1][1].text
    assert len({post.to for _, post, _ in t.posts}) == 1


def test_words_of_the_rest_come_alone_but_those_that_are_for_all(t: Town) -> None:
    led(t, "Ann")
    t.wait(minutes=3)
    texts = [line.strip() for line in t.lines]
    assert sum("3 minutes, from now" in line for line in texts) == 1
    assert not any("out grow longer" in line for line in texts), "an optional cue"
    assert any("One minute left" in line for line in texts), "her own end is her own"


@PLACES
def test_who_may_not_raise_the_legs_sits_and_counts_the_same(
    tmp_path: Path, place: Address
) -> None:
    with town(tmp_path, place) as t:
        t.agrees("Ann").agrees("Cem", ticks=("Clot now",)).set_up()
        starts = announced(t)
        t.tap("Ann", "Join").tap("Cem", "Join")
        assert "Your seat counts the same" in t.heard("Cem")
        assert "clot" not in t.heard("Cem").casefold()
        assert "2 are in" in t.wait(seconds=10).posts[-1][1].text
        t.tap("Cem", "Seated rest")
        assert "Stay seated" in t.heard("Cem")
        t.wait(seconds=(starts - t.now).total_seconds() + 1)
        hold = t.person("Cem").hold
        assert hold is not None
        assert hold.plan.variation is Variation.REST_SEAT
        assert hold.started is not None
        assert hold.started - starts < timedelta(seconds=1)
        t.wait(minutes=15)
        assert "We rested" in channel(t, starts)[-1]


def test_a_stranger_is_led_through_their_own_check_and_is_in(t: Town) -> None:
    announced(t)
    t.tap("Dan", "Join")
    assert "One question first" in t.heard("Dan")
    t.tap("Dan", "I agree")
    assert "You are in" in t.heard("Dan")
    t.checks("Dan").tap("Dan", "Now")
    through(t, "Dan", *BEFORE)
    assert "Stay seated" in t.heard("Dan")
    t.wait(minutes=8, seconds=10)
    hold = t.person("Dan").hold
    assert hold is not None
    assert hold.phase is Phase.SETUP, "nobody lies down long before the start"


def test_a_stranger_who_does_not_agree_is_not_counted(t: Town) -> None:
    announced(t)
    t.tap("Dan", "Join").tap("Dan", "No thanks").wait(seconds=20)
    with t.store.reading() as db:
        assert clubs.crowd(db, 1, 1).inside == 0


def test_who_comes_late_rests_for_what_is_left(t: Town) -> None:
    t.say("Ben", "/up 15")
    t.sees[t.home("Ben")].clear()
    starts = announced(t)
    t.tap("Ann", "Join").wait(minutes=16, seconds=30)
    t.tap("Ben", "Join")
    assert "you can still join" in t.heard("Ben")
    through(t, "Ben", *BEFORE, "I'm in place")
    hold = t.person("Ben").hold
    assert hold is not None
    ends = hold.ends
    assert ends is not None
    assert ends <= starts + timedelta(minutes=10, seconds=31)
    t.wait(minutes=3).tap("Cem", "Join")
    assert "That one is over" in t.heard("Cem")


def test_one_who_needs_help_has_it_and_the_others_rest_on(t: Town) -> None:
    led(t, "Ann", "Ben")
    t.say("Ben", "my chest hurts")
    assert t.messages[0].lane <= Lane.SAFETY
    assert all(message.to == t.home("Ben") for message in t.messages)
    hold = t.person("Ann").hold
    assert hold is not None
    assert hold.phase is Phase.REST
    t.wait(minutes=4)
    assert "Ben" not in " ".join(channel(t, t.now - timedelta(hours=1)))


def test_out_again_with_one_tap_and_nobody_is_told(t: Town) -> None:
    announced(t)
    t.tap("Ann", "Join").tap("Ben", "Join").wait(seconds=10)
    t.tap("Ann", "Leave")
    assert "Nobody is told" in t.heard("Ann")
    assert "1 is in" in t.wait(seconds=10).posts[-1][1].text
    t.wait(minutes=15)
    assert not any("right now" in line and "Ann" in line for line in t.lines)
    assert t.person("Ann").joining is None


def test_nobody_waits_for_who_was_forgotten(t: Town) -> None:
    led(t, "Ann", "Ben")
    t.say("Ann", "/stop").wait(seconds=5)
    assert t.club.together is not None
    t.say("Ben", "/forget").tap("Ben", "Delete everything").wait(seconds=10)
    assert t.club.together is None


def test_stop_is_out_of_it_too(t: Town) -> None:
    announced(t)
    t.tap("Ann", "Join").say("Ann", "/stop").wait(minutes=9)
    assert t.person("Ann").joining is None
    with t.store.reading() as db:
        assert clubs.crowd(db, 1, 1).inside == 0


def test_it_can_be_called_off_until_it_begins(t: Town) -> None:
    announced(t)
    t.tap("Ann", "Join").wait(seconds=10)
    t.tap("Olga", "Call it off").wait(seconds=5)
    assert "called off" in t.posts[-1][1].text
    assert any("called off this time" in line for line in t.lines if "Legs up" in line)
    assert t.person("Ann").joining is None
    with t.store.reading() as db:
        assert clubs.crowd(db, 1, 1).inside == 0
    t.tap("Ben", "Join")
    assert "over" in t.heard("Ben")


def test_who_rests_already_is_called_out_by_nobody(t: Town) -> None:
    led(t, "Ann")
    t.say("Olga", "/together", here=True).tap("Olga", "Call it off")
    assert "It has begun" in t.heard("Olga")
    assert t.person("Ann").hold is not None


def test_a_rest_of_ones_own_before_is_ones_own(t: Town) -> None:
    t.say("Olga", "/together 22:00", here=True)
    t.tap("Ann", "Join").rests("Ann")
    joining = t.person("Ann").joining
    assert joining is not None
    with t.store.reading() as db:
        assert clubs.crowd(db, 1, joining.number).waiting == 1
    t.wait(hours=3)
    assert "At 21:57" in "\n".join(t.lines)
    assert any("21:57:0" in line and "Ann" in line for line in t.lines)


def test_a_limit_of_the_check_is_never_lengthened(t: Town) -> None:
    t.agrees("Eve", ticks=("Reflux",))
    led(t, "Eve")
    hold = t.person("Eve").hold
    assert hold is not None
    assert hold.legs_up is not None
    assert hold.ends is not None
    assert hold.ends - hold.legs_up <= timedelta(minutes=hold.plan.limit)


@pytest.mark.parametrize("wait", [0, 30, 100])
def test_the_wait_for_the_others_counts_to_the_limit(t: Town, wait: int) -> None:
    starts = announced(t)
    t.tap("Ann", "Join")
    t.now = starts - timedelta(minutes=4)
    t.wait(minutes=1, seconds=1)
    through(t, "Ann", *BEFORE[:2])
    t.now = starts - timedelta(minutes=2)
    t.wait(seconds=min(wait, 50) + 1)
    through(t, "Ann", *BEFORE[2:], "I'm in place")
    t.wait(minutes=4)
    hold = t.person("Ann").hold
    assert hold is not None
    assert hold.legs_up is not None
    assert hold.ends is not None
    assert hold.ends - hold.legs_up <= timedelta(minutes=hold.plan.limit)


def test_we_were_away_and_each_is_where_they_were(t: Town) -> None:
    led(t, "Ann", "Ben")
    t.away(seconds=70)
    for name in ("Ann", "Ben"):
        hold = t.person(name).hold
        assert hold is not None
        assert hold.phase is Phase.REST
    t.store.close()
    t.store.open()
    t.wait(minutes=3)
    for name in ("Ann", "Ben"):
        hold = t.person(name).hold
        assert hold is not None
        assert hold.phase is Phase.WAY_OUT


def test_nobody_joins_twice_or_for_somebody_else(t: Town) -> None:
    announced(t)
    t.tap("Ann", "Join").tap("Ann", "Join").tap("Ann", "Join")
    with t.store.reading() as db:
        assert clubs.crowd(db, 1, 1).inside == 1
    data = t.sees[t.home("Ann")]["Leave"][0]
    t.press("Ben", data)
    assert t.person("Ann").joining is not None


@pytest.mark.parametrize("about", ["together|1|99", "together|99|1", "together", "together|1|x"])
def test_forged_ways_in_get_an_answer(t: Town, about: str) -> None:
    announced(t)
    t.hear("Ann", Press(f"1|0|{about}"), here=True)
    assert t.heard("Ann")
    assert t.person("Ann").joining is None


# When, and who may


@pytest.mark.parametrize(
    ("said", "clock"),
    [("20:30", "20:30"), ("in 20 minutes", "19:50"), ("tomorrow 7:15", "07:15"), ("9pm", "21:00")],
)
def test_a_time_can_be_said(t: Town, said: str, clock: str) -> None:
    t.say("Olga", f"/together {said}", here=True)
    together = t.club.together
    assert together is not None
    assert f"{together.starts.astimezone(t.zone):%H:%M}" == clock


@pytest.mark.parametrize(
    "said",
    ["yesterday", "1 January 2099 8:00", "in 1 minute", "Tuesdays", "x" * 900],
)
def test_a_time_that_is_none_or_absurd_gets_a_clear_answer(t: Town, said: str) -> None:
    t.say("Olga", f"/together {said}", here=True)
    assert t.heard("Olga")
    assert t.club.together is None
    assert t.posted == ""


def test_organisers_begin_it_and_others_where_they_say_so(t: Town) -> None:
    t.say("Max", "/together 20:30", here=True)
    assert "for those who manage" in t.heard("Max")
    t.say("Olga", "/club", here=True).tap("Olga", "Who may start")
    t.say("Max", "/together", here=True).tap("Max", "In 10")
    assert t.club.together is not None
    assert "Announced" in t.heard("Max")


def test_one_at_a_time(t: Town) -> None:
    announced(t)
    t.say("Olga", "/together 21:00", here=True)
    assert "One at a time" in t.heard("Olga")


def test_it_needs_no_setting_at_all(tmp_path: Path) -> None:
    with town(tmp_path) as t:
        t.say("Olga", "/together", here=True).tap("Olga", "In 5")
        assert "up to 10 minutes" in t.posted
        assert t.posts[0][1].to == SERVER


def test_nobody_came_and_nobody_is_blamed(t: Town) -> None:
    starts = announced(t)
    t.wait(minutes=50)
    assert len(channel(t, starts)) == 0
    assert "is over" in t.posts[-1][1].text


# A crowd


@pytest.mark.parametrize("people", [48, pytest.param(300, marks=pytest.mark.soak)])
def test_many_begin_one_after_the_other_as_fast_as_a_platform_takes_it(
    t: Town, people: int
) -> None:
    names = copies(t, "Ann", people)
    led(t, *names)
    starts = t.club.together.starts if t.club.together else t.now
    began = sorted(hold.started for name in names if (hold := t.person(name).hold) and hold.started)
    assert len(began) == people
    seconds = people / number("together_seats")
    assert starts <= began[0] < starts + timedelta(seconds=1)
    assert timedelta(seconds=seconds - 1) < began[-1] - began[0] < timedelta(seconds=seconds + 1)
    for nth in range(int(seconds)):
        within = [at for at in began if timedelta() <= at - starts - timedelta(seconds=nth)]
        first = [at for at in within if at - starts < timedelta(seconds=nth + 1)]
        assert len(first) <= number("together_seats") + 7  # a quarter of a second more or less
    t.wait(minutes=4)
    assert f"We rested {people * 3} minutes together: {people} runners" in channel(t, starts)[-1]
