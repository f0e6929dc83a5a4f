"""Club challenges: joining, what counts, who sees what, recaps, and what nobody may do to them."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import Connection, insert, select

from adapters.discord import markup as discord
from adapters.telegram import markup as telegram
from bot.content.words import spans, words
from bot.conversation.club import COUNTED, Challenge, Club, Entry, Kind, Score
from bot.conversation.clubs.challenge import PRESETS
from bot.conversation.person import Rest
from bot.conversation.scores import counts, score, total, wanted
from bot.events import Address, Command, Incoming, Left, Press
from bot.practice.clearance import Variation
from bot.store import Batch, Store, clubs, people
from bot.store.privacy import merge
from bot.store.tables import cheer, club, entry, person, rest, tally
from tests.club import GROUP, SERVER, Town, town

PLACES = pytest.mark.parametrize("place", [SERVER, GROUP], ids=["discord", "telegram"])
MONDAY = date(2026, 11, 23)
FIVE = ("Ann", "Ben", "Cem", "Dee", "Flo")
WENT_WRONG = words("en")("service.failed")
LABELS = {"three": "3 days", "team": "1,000", "small": "300", "month": "30 days", "five": "5 days"}
NUMBERS = count(100_000)
"""Numbers of rests that are written past the conversation."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Town]:
    """A club on Discord that knows its clock."""
    with town(tmp_path) as t:
        yield settled(t)


def settled(t: Town, zone: str = "Berlin") -> Town:
    t.added()
    return t.say("Olga", f"/club {zone}", here=True)


def begun(t: Town, preset: str = "three", *options: str) -> Challenge:
    """The organiser begins a challenge of that preset."""
    t.say("Olga", "/challenge", here=True).tap("Olga", LABELS[preset])
    for option in options:
        t.tap("Olga", option)
    t.tap("Olga", "Post it")
    return t.club.running[-1]


def code(t: Town, challenge: Challenge | None = None) -> str:
    challenge = challenge or t.club.challenges[-1]
    return f"{t.club.id}-{challenge.number}-{challenge.code.upper()}"


def agree(t: Town, *names: str) -> None:
    for name in names:
        t.say(name, "/start").tap(name, "I agree")


def join(t: Town, *names: str, challenge: Challenge | None = None) -> None:
    """They agree, and come in by the code."""
    agree(t, *names)
    for name in names:
        t.say(name, f"/join {code(t, challenge)}")
        assert t.heard(name).startswith("You are in from today")


def number_of(t: Town, name: str) -> int:
    with t.store.reading() as db:
        row = people.there(db, t.home(name))
        assert row is not None
        return int(row.id)


def lay(
    t: Town, name: str, *, day: date = MONDAY, minutes: float = 5, logged: bool = False
) -> None:
    """A rest of theirs, as one that is over stands in the history."""
    seconds = round(minutes * 60)
    over = Rest(
        next(NUMBERS),
        datetime(day.year, day.month, day.day, 18, tzinfo=UTC),
        seconds,
        Variation.CLASSIC,
        day=day,
        counted=counts(seconds),
        logged=logged,
    )
    who = number_of(t, name)
    with t.store.transaction() as db:
        people.keep_rests(db, [(who, over)])


def came(t: Town, challenge: Challenge | None = None) -> Score:
    """What has come together."""
    one = t.club
    with t.store.reading() as db:
        return clubs.counted(db, one.id, challenge or one.challenges[-1]).score


def ranks(t: Town) -> list[tuple[str, int]]:
    one = t.club
    with t.store.reading() as db:
        found = clubs.counted(db, one.id, one.challenges[-1]).seen_by(0)
    return [(each.name, each.days) for each in found]


def rows(t: Town, table: Any = entry) -> list[dict[str, Any]]:  # noqa: ANN401 - any table
    with t.store.reading() as db:
        return [dict(row) for row in db.execute(select(table)).mappings()]


def posts(t: Town) -> str:
    """Every word that the club has ever read."""
    texts = ["".join(span.text for span in spans(message.text)) for _, message, _ in t.posts]
    return "\n".join(texts)


def to_sunday(t: Town) -> Town:
    """To a minute after the next recap of a club in Berlin."""
    local = t.now.astimezone(t.zone)
    sunday = local.date() + timedelta(days=(6 - local.weekday()) % 7)
    until = datetime(sunday.year, sunday.month, sunday.day, 18, 1, tzinfo=t.zone)
    return t.wait(seconds=(until - t.now).total_seconds())


# From a preset to a post


@PLACES
def test_a_challenge_is_three_taps_and_everybody_reads_one_post(
    tmp_path: Path, place: Address
) -> None:
    with town(tmp_path, place) as t:
        t.added()
        before = len(t.posts)
        t.say("Olga", "/challenge", here=True).tap("Olga", "3 days a week")
        assert not t.club.challenges
        assert all("weekly" not in post.text for _, post, _ in t.posts[before:])
        t.tap("Olga", "Post it")
        [made] = t.club.challenges
        assert (made.kind, made.goal, made.weeks) == (Kind.WEEKLY, 3, 4)
        assert not made.ranking
        assert not made.logged
        assert code(t) in t.heard("Olga")
        [(_, post, edits)] = [each for each in t.posts if "3 days a week" in each[1].text]
        assert post.silent
        assert not edits
        [[button]] = post.buttons
        assert button.label == "Join"
        assert button.opens == f"c_{t.club.id}_{made.number}_{made.code}"


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_each_preset_runs_for_as_long_as_it_says(server: Town, preset: str) -> None:
    made = begun(server, preset)
    kind, goal, days = PRESETS[preset]
    assert (made.kind, made.goal) == (kind, goal)
    assert (made.starts, made.ends) == (MONDAY, MONDAY + timedelta(days=days - 1))


def test_a_finger_that_taps_twice_begins_one_challenge(server: Town) -> None:
    server.say("Olga", "/challenge", here=True).tap("Olga", "3 days").tap("Olga", "Post it")
    posted = len(server.posts)
    server.tap("Olga", "Post it")
    assert len(server.club.challenges) == 1
    assert len(server.posts) == posted
    assert "runs already" in server.heard("Olga")


def test_three_run_at_once_and_no_fourth(server: Town) -> None:
    for preset in ("three", "five", "team"):
        begun(server, preset)
    server.say("Olga", "/challenge", here=True)
    assert "plenty" in server.heard("Olga")
    server.press("Olga", f"1|0|club|{server.club.id}|begin|month|n", here=True)
    assert len(server.club.running) == 3


def test_a_ranking_and_told_rests_are_only_what_the_club_asks_for(server: Town) -> None:
    made = begun(server, "three", "With a ranking", "Count /log")
    assert made.ranking
    assert made.logged
    made = begun(server, "team", "With a ranking", "No ranking")
    assert not made.ranking
    assert not made.logged


OF_ORGANISERS = (
    "begin|three|n", "begin|nonsense|n", "begin|three|x", "new|three|rl", "end|1", "end|1|yes",
    "end|99999999999|yes", "end|", "end|x|yes", "begin|three|rxr", "new|three|" + "l" * 24,
    "challenge",
)  # fmt: skip


@PLACES
def test_whoever_does_not_manage_a_club_changes_nothing_in_it(
    tmp_path: Path, place: Address
) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t, "team")
        agree(t, "Ann")
        before, posted, where = t.club.challenges, len(t.posts), t.club.id
        for data in OF_ORGANISERS:
            for here in (True, False):
                t.press("Ann", f"1|0|club|{where}|{data}", here=here)
                assert "/club once more" in t.heard("Ann"), data
                assert t.club.challenges == before, data
                assert len(t.posts) == posted, data


@pytest.mark.parametrize(
    "data",
    [
        "begin|nonsense|n", "begin|three|x", "begin|three|rxr", "end|99|yes", "end||yes",
        "end|x|yes", "end|999999999999999999999999|yes", "new|three|" + "l" * 24,
        "new|three|" + "n" * 24,
    ],
)  # fmt: skip
def test_absurd_buttons_of_an_organiser_change_nothing_and_are_answered(
    server: Town, data: str
) -> None:
    begun(server, "team")
    before, posted = server.club.challenges, len(server.posts)
    server.press("Olga", f"1|0|club|{server.club.id}|{data}", here=True)
    assert server.club.challenges == before
    assert len(server.posts) == posted
    assert server.heard("Olga")
    assert server.heard("Olga") != WENT_WRONG


def test_an_organiser_of_one_club_ends_nothing_in_another(server: Town) -> None:
    begun(server)
    elsewhere = Town(server.store, Address("discord", "901", "78"))
    elsewhere.number = 5_000
    elsewhere.homes = {"Zoe": Address("discord", "777")}
    elsewhere.organisers = {"Zoe"}
    elsewhere.say("Zoe", "/club Berlin", here=True)
    for here in (True, False):
        elsewhere.press("Zoe", f"1|0|club|{server.club.id}|end|1|yes", here=here)
        assert server.club.running
        assert "/club once more" in elsewhere.heard("Zoe")


# The way in


@PLACES
def test_a_button_a_link_and_a_code_lead_in_and_nobody_is_told(
    tmp_path: Path, place: Address
) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t)
        posted = len(t.posts)
        agree(t, *FIVE[:3])
        t.tap("Ann", "Join")
        t.hear("Ben", Command("start", f"c_{t.club.id}_1_{t.club.challenges[0].code}"))
        t.say("Cem", f"/join {code(t)}")
        for name in FIVE[:3]:
            t.say(name, "/challenge")
            assert "3 days a week" in t.heard(name)
        assert came(t).runners == 3
        assert len(rows(t)) == 3
        assert len(t.posts) == posted


@PLACES
def test_a_stranger_is_asked_first_and_then_in(tmp_path: Path, place: Address) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t)
        posted = len(t.posts)
        t.tap("Ann", "Join")
        assert "nearly in" in t.heard("Ann")
        assert not rows(t)
        t.tap("Ann", "I agree")
        assert "You are in from today" in t.heard("Ann")
        assert came(t).runners == 1
        assert len(t.posts) == posted


def test_who_says_no_or_lets_us_keep_nothing_is_not_in(server: Town) -> None:
    begun(server)
    server.tap("Ann", "Join").tap("Ann", "No thanks")
    server.tap("Ben", "Join").tap("Ben", "Ask me each time")
    assert "keep nothing" in server.heard("Ben")
    assert not rows(server)
    server.say("Ben", f"/join {code(server)}")
    assert not rows(server)
    assert "keep nothing" in server.heard("Ben")


def test_joining_again_is_being_in_once(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    before = rows(server)
    server.say("Ann", f"/join {code(server)}")
    assert server.heard("Ann").startswith("You are in already")
    server.tap("Ann", "Join")
    assert rows(server) == before


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        ("join", "{club}-{number}-{code}"),
        ("join", "{club}-{number}-{CODE}"),
        ("join", " {club} - {number} - {CODE} "),
        ("Join", "{club}-{number}-{CODE}"),
        ("JOIN", "{club}-{number}-{CODE}"),
    ],
)
def test_a_code_is_good_however_it_is_typed(server: Town, typed: str, command: str) -> None:
    made = begun(server)
    agree(server, "Ann")
    said = typed.format(
        club=server.club.id, number=made.number, code=made.code, CODE=made.code.upper()
    )
    server.hear("Ann", Command(command, said))
    assert "You are in from today" in server.heard("Ann")


WRONG_CODES = (
    "", "x", "1", "1-1", "1-1-", "-1-1-abcde", "1-1-zzzzz", "1-2-{code}", "2-1-{code}",
    "1-0-{code}", "0-1-{code}", "1-1-{code}x", "1-1-{code} 5", "1/1/{code}", "１-1-{code}",
    "1-1-%", "1-1-' OR 1=1", "999999999999-1-{code}", "9999999999999999999999-1-{code}",
    "1-999999999-{code}", "1-1-" + "b" * 500, "*_<@everyone>", "1-1-{code}\n1-1-{code}",
)  # fmt: skip


@PLACES
def test_a_wrong_code_lets_nobody_in_and_says_so(tmp_path: Path, place: Address) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        made = begun(t)
        agree(t, "Ann")
        for typed in WRONG_CODES:
            t.say("Ann", f"/join {typed.replace('{code}', made.code.upper())}")
            assert "do not know that challenge" in t.heard("Ann"), typed
            assert not rows(t), typed


WRONG_LINKS = (
    "c_1_1_zzzzz", "c_1_2_{code}", "c_2_1_{code}", "c_1_1", "c_1", "c_999999999999_1_{code}",
    "c_1_1_", "c_1_1_{code}_x", "c__1_{code}", "c_-1_1_{code}", "c_99999999999999_1_{code}",
)  # fmt: skip


def test_a_wrong_link_or_button_lets_nobody_in_and_is_answered(server: Town) -> None:
    made = begun(server)
    agree(server, "Ann")
    for wrong in WRONG_LINKS:
        wish = wrong.replace("{code}", made.code)
        server.hear("Ann", Command("start", wish))
        assert server.heard("Ann") not in ("", WENT_WRONG), wrong
        assert not rows(server), wrong
        server.press("Ann", f"1|0|enter|{'|'.join(wish.split('_')[1:])}"[:60], here=True)
        assert server.heard("Ann") not in ("", WENT_WRONG), wrong
        assert not rows(server), wrong


@PLACES
def test_what_stood_behind_a_strangers_yes_is_as_untrusted_as_a_link(
    tmp_path: Path, place: Address
) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t)
        for wish in ("c.1.1.zzzzz", "c.9.1.zzzzz", "c.999999999999.1.zz", "c.1", "x.1", "c"):
            name = f"Stranger {wish}"
            t.say(name, "/start")
            t.press(name, f"1|0|consent|keep|{wish}")
            assert t.heard(name) not in ("", WENT_WRONG)
        assert not rows(t)


def test_the_code_of_one_challenge_opens_no_other(server: Town) -> None:
    one, two = begun(server), begun(server, "team")
    agree(server, "Ann")
    server.say("Ann", f"/join {server.club.id}-{two.number}-{one.code}")
    assert not rows(server)
    assert "do not know" in server.heard("Ann")


def test_an_old_code_and_an_old_button_say_that_it_is_over(server: Town) -> None:
    made = begun(server)
    join(server, "Ann")
    button = f"1|0|enter|{server.club.id}|{made.number}|{made.code}"
    server.say("Olga", "/challenge", here=True).tap("Olga", "End:").tap("Olga", "End it")
    assert not rows(server)
    for name in ("Ann", "Ben"):
        agree(server, name) if name == "Ben" else None
        server.press(name, button, here=True)
        assert "is over" in server.heard(name)
        server.say(name, f"/join {code(server, made)}")
        assert "is over" in server.heard(name)
    assert not rows(server)


def test_after_the_last_day_nobody_joins_though_the_recap_is_to_come(server: Town) -> None:
    made = begun(server)
    agree(server, "Ann", "Ben")
    server.wait(days=27, hours=4)  # 23:30 of the last day
    server.say("Ann", f"/join {code(server, made)}")
    assert "You are in" in server.heard("Ann")
    server.wait(hours=8)  # the next morning
    server.say("Ben", f"/join {code(server, made)}")
    assert "is over" in server.heard("Ben")


@PLACES
def test_a_hundred_who_tap_at_once_are_all_in_once(tmp_path: Path, place: Address) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        made = begun(t)
        names = [f"runner {n}" for n in range(100)]
        telegram_ = place is GROUP

        def incoming(name: str, number: str, event: Command | Press) -> Incoming:
            club_ = None if telegram_ or isinstance(event, Command) else place
            return Incoming(number, t.home(name), name, event, "en", club=club_, called=name)

        start = tuple(incoming(n, f"s-{n}", Command("start", "")) for n in names)
        t.turn(Batch(heard=start))
        yes = [t.sees[t.home(n)]["I agree"][0] for n in names]
        t.turn(
            Batch(
                heard=tuple(
                    incoming(n, f"y-{n}", Press(data)) for n, data in zip(names, yes, strict=True)
                )
            )
        )
        where = (t.club.id, made.number, made.code)
        press = Press("1|0|enter|{}|{}|{}".format(*where))
        link = Command("start", "c_{}_{}_{}".format(*where))
        heard = tuple(incoming(n, f"j-{n}", link if telegram_ else press) for n in names)
        posted = len(t.posts)
        t.turn(Batch(heard=(*heard, *heard[:10])))
        assert came(t).runners == 100
        assert len(rows(t)) == 100
        before = rows(t)
        t.messages = []
        t.turn(Batch(heard=heard))
        assert rows(t) == before
        assert t.messages == []
        assert len(t.posts) == posted


def test_two_taps_of_one_person_in_one_batch_are_one_entry(server: Town) -> None:
    made = begun(server)
    agree(server, "Ann")
    press = Press(f"1|0|enter|{server.club.id}|{made.number}|{made.code}")
    heard = [Incoming(f"x{n}", server.home("Ann"), "Ann", press, "en") for n in range(3)]
    server.turn(Batch(heard=tuple(heard)))
    assert len(rows(server)) == 1


def test_challenge_in_the_club_shows_what_runs_there_and_a_way_in(server: Town) -> None:
    begun(server)
    agree(server, "Ann")
    server.say("Ann", "/challenge", here=True)
    assert "Nobody is told" in server.heard("Ann")
    server.tap("Ann", "Join: 3 days")
    assert "You are in from today" in server.heard("Ann")
    server.say("Ben", "/challenge")
    assert server.heard("Ben")


def test_challenge_in_the_club_is_known_whatever_its_case(server: Town) -> None:
    begun(server)
    agree(server, "Ann")
    server.hear("Ann", Command("Challenge", ""), here=True)
    assert "This runs here" in server.heard("Ann")


@PLACES
def test_a_code_that_is_typed_in_the_club_lets_in_and_names_nobody(
    tmp_path: Path, place: Address
) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t)
        agree(t, "Ann")
        t.say("Ann", f"/join {code(t)}", here=True)
        assert "You are in from today" in t.heard("Ann")
        assert came(t).runners == 1
        assert "Ann" not in posts(t)
        t.say("Zed", f"/join {code(t)}", here=True)
        assert came(t).runners == 1
        assert "Zed" not in posts(t)


def test_who_lets_us_keep_rests_after_all_is_in_with_one_more_tap(server: Town) -> None:
    begun(server)
    server.tap("Ben", "Join").tap("Ben", "Ask me each time")
    server.say("Ben", f"/join {code(server)}")
    [label] = [each for each in server.sees[server.home("Ben")] if "eep" in each]
    server.tap("Ben", label)
    assert not rows(server)
    server.say("Ben", f"/join {code(server)}")
    assert "You are in from today" in server.heard("Ben")


def test_a_join_before_the_end_in_one_batch_counts_and_one_after_it_is_over(server: Town) -> None:
    made = begun(server)
    agree(server, "Ann", "Ben")
    press = Press(f"1|0|enter|{server.club.id}|{made.number}|{made.code}")
    end = Press(f"1|0|club|{server.club.id}|end|{made.number}|yes")
    ann, ben, olga = (server.home(name) for name in ("Ann", "Ben", "Olga"))
    server.turn(
        Batch(
            heard=(
                Incoming("a", ann, "Ann", press, "en"),
                Incoming("o", olga, "Olga", end, "en", club=server.place, organiser=True),
                Incoming("b", ben, "Ben", press, "en"),
            )
        )
    )
    assert server.club.challenges[0].result == Score(1, 0, 0)
    assert "is over" in server.heard("Ben")
    assert rows(server) == []


def test_a_rest_counts_in_each_club_and_leaving_one_leaves_the_other_alone(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    other = Town(server.store, Address("discord", "901", "78"))
    other.number, other.homes = 5_000, {"Ann": server.home("Ann"), "Olga": server.home("Olga")}
    settled(other)
    begun(other, "team")
    other.say("Ann", f"/join {code(other)}")
    lay(server, "Ann")
    assert came(server) == came(other) == Score(1, 1, 300)
    where = f"1|{number_of(other, 'Ann')}|entry|{other.club.id}|{other.club.challenges[0].number}"
    other.press("Ann", f"{where}|leave|yes")
    assert came(server) == Score(1, 1, 300)
    assert came(other) == Score(0, 1, 300)
    forget(server, "Ann")
    assert came(server) == came(other) == Score(0, 1, 300)


# Out, and in again


def leave(t: Town, name: str) -> None:
    t.say(name, "/challenge").tap(name, "Leave").tap(name, "Yes, leave")


def test_leaving_is_asked_and_not_announced(server: Town) -> None:
    begun(server)
    join(server, "Ann", "Ben")
    posted = len(server.posts)
    server.say("Ann", "/challenge").tap("Ann", "Leave").tap("Ann", "Stay")
    assert came(server).runners == 2
    leave(server, "Ann")
    assert came(server).runners == 1
    assert len(server.posts) == posted
    server.say("Ann", "/challenge")
    assert "You are in no challenge" in server.heard("Ann")


def test_an_entry_holds_from_its_first_day_to_the_day_of_leaving(server: Town) -> None:
    begun(server)
    agree(server, "Ann")
    lay(server, "Ann", day=MONDAY)
    server.wait(days=1)
    server.say("Ann", f"/join {code(server)}")
    assert came(server).days == 0, "what was before does not count"
    lay(server, "Ann", day=MONDAY + timedelta(days=1))
    leave(server, "Ann")
    assert came(server) == Score(0, 1, 300), "the day of leaving counts"
    server.wait(days=1)
    lay(server, "Ann", day=MONDAY + timedelta(days=2))
    assert came(server) == Score(0, 1, 300)
    server.wait(days=1)
    server.say("Ann", f"/join {code(server)}")
    lay(server, "Ann", day=MONDAY + timedelta(days=3))
    assert came(server) == Score(1, 2, 600)
    assert len(rows(server)) == 2


def test_out_and_in_on_one_day_is_one_entry(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    lay(server, "Ann")
    for _ in range(3):
        leave(server, "Ann")
        server.say("Ann", f"/join {code(server)}")
        assert "Welcome back" in server.heard("Ann")
    assert len(rows(server)) == 1
    assert came(server) == Score(1, 1, 300)


def test_out_on_one_day_and_in_on_the_next_leaves_no_gap(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    leave(server, "Ann")
    server.wait(days=1)
    server.say("Ann", f"/join {code(server)}")
    assert len(rows(server)) == 2
    for n in range(2):
        lay(server, "Ann", day=MONDAY + timedelta(days=n))
    assert came(server) == Score(1, 2, 600)
    server.say("Ann", "/challenge")
    assert "2 of 3 days for you" in server.heard("Ann")


def test_an_old_button_of_an_entry_that_was_left_changes_nothing(server: Town) -> None:
    begun(server, "three", "With a ranking")
    join(server, "Ann")
    who, where = number_of(server, "Ann"), f"{server.club.id}|1"
    leave(server, "Ann")
    before = rows(server)
    for what in ("off", "leave", "leave|yes", "leave|no", "keep", "called", "nick", "hide", "name"):
        server.press("Ann", f"1|{who}|entry|{where}|{what}")
        assert rows(server) == before
        assert "something that is over" in server.heard("Ann")


def test_a_name_that_is_typed_after_leaving_is_not_taken(server: Town) -> None:
    begun(server, "three", "With a ranking")
    join(server, "Ann")
    server.tap("Ann", "A nickname")
    who = number_of(server, "Ann")
    server.press("Ann", f"1|{who}|entry|{server.club.id}|1|leave|yes")
    server.say("Ann", "Speedy")
    assert "Speedy" not in str(rows(server))
    assert server.heard("Ann")


FORGED = (
    "entry", "entry|1", "entry|1|1", "entry|1|1|", "entry|1|1|leave|maybe", "entry|1|2|off",
    "entry|2|1|leave|yes", "entry|x|1|off", "entry|1|x|off", "entry||1|off", "entry|1||off",
    "entry|1|1|off|off", "entry|-1|1|off", "entry|1|-1|off", "entry|1.0|1|off",
    "entry|1|999999999999999999999999|leave|yes", "entry|999999999999|1|leave|yes",
    "entry|999999999999999999999999|1|leave|yes", "entry|1|1|rename", "member|1|yes",
    "member|999999999999999999999999|no", "member|x|no", "member|77|no", "enter|77|1|bbbbb",
    "enter|999999999999999999999999|1|bbbbb", "enter|1|999999999999999999999999|b", "enter",
    "after|999999999999999999999999", "cheer", "cheer|77|1", "cheer|x|1",
    "cheer|999999999999999999999999|1",
)  # fmt: skip


@pytest.mark.parametrize("owned", [True, False])
def test_forged_buttons_change_nothing_and_are_answered(server: Town, *, owned: bool) -> None:
    begun(server, "three", "With a ranking")
    join(server, "Ann")
    before, was = rows(server), server.club
    owner = number_of(server, "Ann") if owned else 0
    unanswered = []
    for data in FORGED:
        for here in (True, False):
            server.press("Ann", f"1|{owner}|{data}", here=here)
            assert rows(server) == before, data
            assert replace(server.club, at=was.at) == was, data
            if server.heard("Ann") in ("", WENT_WRONG):
                unanswered.append((data, here, server.heard("Ann")))
    assert unanswered == []


@pytest.mark.parametrize("what", ["off", "leave|yes", "keep", "called", "nick", "hide", "name"])
def test_a_button_of_somebody_elses_entry_does_nothing(server: Town, what: str) -> None:
    begun(server, "three", "With a ranking")
    join(server, "Ann")
    agree(server, "Ben")
    before = rows(server)
    for owner in (number_of(server, "Ann"), number_of(server, "Ben"), 0, 999):
        server.press("Ben", f"1|{owner}|entry|{server.club.id}|1|{what}")
        assert rows(server) == before
        assert server.heard("Ben") not in ("", WENT_WRONG)
    server.press("Zed", f"1|{number_of(server, 'Ann')}|entry|{server.club.id}|1|{what}")
    assert rows(server) == before
    assert server.heard("Zed") not in ("", WENT_WRONG)


# What counts


def test_a_rest_that_was_led_counts_the_day_that_it_is_over(server: Town) -> None:
    begun(server)
    server.agrees("Ann")
    server.say("Ann", f"/join {code(server)}")
    posted = len(server.posts)
    server.rests("Ann")
    assert came(server) == Score(1, 1, 180)
    server.rests("Ann")
    assert came(server) == Score(1, 1, 180), "one rest a day"
    assert len(server.posts) == posted


def test_a_rest_that_is_broken_off_at_once_counts_nothing_and_costs_nothing(server: Town) -> None:
    begun(server)
    server.agrees("Ann")
    server.say("Ann", f"/join {code(server)}")
    server.say("Ann", "/up").tap("Ann", "None of these, start").tap("Ann", "Next")
    server.tap("Ann", "Next").tap("Ann", "I'm in place").wait(seconds=9)
    server.tap("Ann", "Come down").tap("Ann", "Same")
    assert came(server) == Score(1, 0, 0)
    server.rests("Ann")
    assert came(server) == Score(1, 1, 180)


def test_a_seat_counts_as_any_rest_does(server: Town) -> None:
    begun(server)
    server.agrees("Ann")
    server.say("Ann", f"/join {code(server)}")
    server.say("Ann", "/seat").wait(minutes=6)
    found = came(server)
    assert (found.runners, found.days) == (1, 1)
    assert found.seconds >= 60


def test_the_small_hours_count_for_the_day_before_and_a_journey_moves_nothing(
    tmp_path: Path,
) -> None:
    with town(tmp_path, at="2026-11-24 20:00") as t:
        settled(t)
        begun(t)
        t.agrees("Ann")
        t.say("Ann", f"/join {code(t)}")
        t.wait(hours=7, minutes=50)  # 03:50
        t.rests("Ann")
        [row] = rows(t, rest)
        assert row["day"] == date(2026, 11, 24)
        t.say("Ann", "/zone Tokyo")
        assert rows(t, rest)[0]["day"] == date(2026, 11, 24)
        assert came(t).days == 1


def test_a_rest_after_four_counts_for_the_new_day(tmp_path: Path) -> None:
    with town(tmp_path, at="2026-11-24 20:00") as t:
        settled(t)
        begun(t)
        t.agrees("Ann")
        t.say("Ann", f"/join {code(t)}")
        t.wait(hours=7, minutes=58)  # it begins before four, and is over after
        t.rests("Ann")
        [row] = rows(t, rest)
        assert row["day"] == date(2026, 11, 25)


def test_who_joins_at_night_is_in_from_that_night_as_told(tmp_path: Path) -> None:
    with town(tmp_path, at="2026-11-24 00:30") as t:
        settled(t)
        begun(t)
        t.agrees("Ann")
        t.say("Ann", f"/join {code(t)}")
        assert "You are in from today" in t.heard("Ann")
        t.rests("Ann")
        assert came(t).days == 1


@pytest.mark.parametrize(("minutes", "seconds"), [(0.4, 0), (5, 300), (10, 600), (45, COUNTED)])
def test_a_rest_counts_up_to_its_limit_and_a_moment_counts_nothing(
    server: Town, minutes: float, seconds: int
) -> None:
    begun(server, "team")
    join(server, "Ann")
    lay(server, "Ann", minutes=minutes)
    assert came(server) == Score(1, int(seconds > 0), seconds)


def test_of_several_rests_of_a_day_the_longest_counts(server: Town) -> None:
    begun(server, "team")
    join(server, "Ann")
    for minutes in (4, 9, 2, 9):
        lay(server, "Ann", minutes=minutes)
    assert came(server) == Score(1, 1, 540)


def test_days_before_and_after_the_challenge_do_not_count(server: Town) -> None:
    made = begun(server)
    join(server, "Ann")
    for day in (made.starts, made.ends):
        for off in (-1, 0, 1):
            lay(server, "Ann", day=day + timedelta(days=off))
    assert came(server).days == 4, "the first two and the last two"


def test_a_rest_that_somebody_tells_of_counts_only_where_the_club_says_so(server: Town) -> None:
    begun(server)
    logged = begun(server, "team", "Count /log")
    join(server, "Ann", challenge=server.club.challenges[0])
    server.say("Ann", "/log 5")
    assert "led rests" in server.heard("Ann")
    server.say("Ann", f"/join {code(server, logged)}")
    server.say("Ann", "/log 7")
    assert "It counts" in server.heard("Ann")
    assert came(server, server.club.challenges[0]) == Score(1, 0, 0)
    assert came(server, logged) == Score(1, 1, 420)
    server.say("Ann", "/stats")
    assert "told by you" in server.heard("Ann")
    assert all(row["logged"] for row in rows(server, rest))


def test_who_has_left_is_not_told_that_a_told_rest_counts(server: Town) -> None:
    begun(server, "team", "Count /log")
    join(server, "Ann")
    leave(server, "Ann")
    server.wait(days=2)
    server.say("Ann", "/log 5")
    assert "It counts" not in server.heard("Ann")
    assert came(server).days == 0


LENGTHS = (
    "0", "-5", "31", "999", "5.5", "5,5", "five", "٥", "²", "1e1", "00000", "0001999999",
    "000131", "0001" + "9" * 30, "9" * 5000, "5;", "*_<", "\u202e5",
)  # fmt: skip


def test_an_absurd_length_of_a_told_rest_is_asked_again(server: Town) -> None:
    begun(server, "team", "Count /log")
    join(server, "Ann")
    taken = []
    for said in LENGTHS:
        server.say("Ann", f"/log {said}")
        if "How many minutes" not in server.heard("Ann"):
            taken.append((said[:40], server.heard("Ann")))
    assert taken == []
    assert rows(server, rest) == []


def test_a_hundred_told_rests_of_a_day_are_one(server: Town) -> None:
    begun(server, "team", "Count /log")
    join(server, "Ann")
    for _ in range(20):
        server.say("Ann", "/log 30")
    assert came(server) == Score(1, 1, COUNTED)


def test_a_second_delivery_of_a_told_rest_is_none(server: Town) -> None:
    begun(server, "team", "Count /log")
    join(server, "Ann")
    heard = Incoming("same", server.home("Ann"), "Ann", Command("log", "5"), "en")
    for _ in range(2):
        server.turn(Batch(heard=(heard, heard)))
    assert len(rows(server, rest)) == 1


def test_a_told_rest_of_whoever_keeps_nothing_is_not_written_down(server: Town) -> None:
    begun(server, "team", "Count /log")
    server.say("Ann", "/start").tap("Ann", "Ask me each time")
    server.say("Ann", "/log 5").say("Ben", "/log 5")
    assert rows(server, rest) == []
    assert server.heard("Ben")


def test_a_week_off_asks_for_less_and_costs_nothing(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    lay(server, "Ann")
    server.say("Ann", "/challenge").tap("Ann", "A week off")
    assert "Sunday 29 Nov" in server.heard("Ann")
    server.say("Ann", "/challenge")
    assert "you are off. 1 days all the same" in server.heard("Ann").replace("1 day ", "1 days ")
    assert came(server) == Score(1, 1, 300)
    lay(server, "Ann", day=MONDAY + timedelta(days=1))
    assert came(server).days == 2, "a rest of a day off counts"
    assert "29 Nov" not in posts(server)


def test_many_weeks_off_follow_each_other_up_to_the_end(server: Town) -> None:
    made = begun(server)
    join(server, "Ann")
    server.say("Ann", "/challenge")
    for _ in range(8):
        server.tap("Ann", "A week off")
    assert "until its end" in server.heard("Ann")
    [row] = rows(server)
    assert row["off"].count("2026") == 8, "four weeks, from and to"
    assert str(made.ends) in row["off"]


def test_only_a_challenge_that_asks_for_days_a_week_has_weeks_off(server: Town) -> None:
    begun(server, "team")
    join(server, "Ann")
    assert "A week off" not in server.sees[server.home("Ann")]


def test_not_now_and_an_unfinished_rest_cost_nothing(server: Town) -> None:
    begun(server)
    server.agrees("Ann")
    server.say("Ann", f"/join {code(server)}")
    lay(server, "Ann", day=MONDAY)
    server.say("Ann", "/up").tap("Ann", "None of these, start").tap("Ann", "Not now")
    assert came(server) == Score(1, 1, 300)
    server.say("Ann", "/stop")
    assert came(server) == Score(1, 1, 300)


def test_days_off_never_ask_for_more() -> None:
    made = challenge_of(28)
    for first in range(28):
        for last in range(first, 28):
            off = (MONDAY + timedelta(days=first), MONDAY + timedelta(days=last))
            mine = Entry(1, 1, MONDAY, off=(off, off))
            for week in range(1, 5):
                assert 0 <= wanted(made, mine, week) <= made.goal


# Who sees what


def told_by(t: Town) -> list[str]:
    """Every line in which anything of many is said."""
    found = [line for line in t.lines if re.search(r"Together:|Goal:|goal of", line)]
    assert found
    return found


@PLACES
@pytest.mark.parametrize("runners", [1, 2, 4])
def test_below_five_nothing_tells_of_one_of_them(
    tmp_path: Path, place: Address, runners: int
) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t)
        small = begun(t, "small", "With a ranking")
        names = FIVE[:runners]
        join(t, *names, challenge=t.club.challenges[0])
        for n, name in enumerate(names):
            t.say(name, f"/join {code(t, small)}").tap(name, "Show my name")
            lay(t, name, minutes=7 + n)
        t.lines.clear()
        t.say("Ann", "/challenge")
        to_sunday(t)
        t.say("Olga", "/challenge", here=True).tap("Olga", "End: 300").tap("Olga", "End it")
        t.wait(days=28)
        for line in told_by(t):
            assert "a few runners" in line or "Goal" in line
            assert "day" not in line
            exact = re.findall(r"(?<!about )\b(\d+) minute", line.replace("of 300 minutes", ""))
            assert not exact, line
            assert all(int(n) % 10 == 0 for n in re.findall(r"about (\d+)", line)), line
        for name in names[1:]:
            assert name not in posts(t)
            assert f"{name}:" not in "".join(line for line in t.lines if line.startswith(" "))


def test_from_five_on_the_numbers_are_exact(server: Town) -> None:
    begun(server)
    join(server, *FIVE)
    for name in FIVE:
        lay(server, name, minutes=7)
    server.say("Ann", "/challenge")
    assert "Together: 5 runners, 5 days, 35 minutes." in server.heard("Ann")
    assert "of 60 days" in server.heard("Ann")
    to_sunday(server)
    assert "Together: 5 runners, 5 days, 35 minutes." in posts(server)


def test_when_the_fifth_leaves_numbers_are_few_again(server: Town) -> None:
    begun(server, "team", "With a ranking")
    join(server, *FIVE)
    for name in FIVE:
        lay(server, name, minutes=7)
        server.say(name, "/challenge").tap(name, "How others see me").tap(name, "Show my name")
    server.say("Ann", "/challenge")
    assert "Ben: 1 day" in server.heard("Ann")
    leave(server, "Flo")
    server.say("Ann", "/challenge")
    assert "a few runners, about 40 minutes" in server.heard("Ann")
    assert "Ben" not in server.heard("Ann")


def test_whoever_manages_the_club_sees_no_more_than_its_members(server: Town) -> None:
    begun(server, "three", "With a ranking")
    join(server, *FIVE)
    for n, name in enumerate(FIVE):
        lay(server, name, minutes=5 + n)
        server.tap(name, "Show my name")
    for said in ("/challenge", "/club", "/together"):
        server.say("Olga", said, here=True)
        heard = server.heard("Olga")
        assert not any(name in heard for name in FIVE)
        assert "runner" not in heard.replace("five runners", "")
        assert "minutes" not in heard.replace("minutes as a team", "")
    server.say("Olga", "/challenge")
    assert not any(name in server.heard("Olga") for name in FIVE)


@PLACES
def test_nothing_that_somebody_does_is_announced(tmp_path: Path, place: Address) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t, "three", "With a ranking", "Count /log")
        posted = len(t.posts)
        t.agrees("Ann")
        t.say("Ann", f"/join {code(t)}").tap("Ann", "Show my name")
        t.rests("Ann")
        t.say("Ann", "/log 5").say("Ann", "/challenge").tap("Ann", "A week off")
        t.say("Ann", "/stop").say("Ann", "/resume")
        leave(t, "Ann")
        t.say("Ann", f"/join {code(t)}")
        t.wait(hours=20)
        assert len(t.posts) == posted
        to_sunday(t)
        t.tap("Ann", "Cheer")
        t.say("Ann", "/forget").tap("Ann", "Delete everything")
        t.wait(days=40)
        assert "Ann" not in posts(t)
        for _, message, _ in t.posts:
            assert "Ann" not in "".join(b.label for row in message.buttons for b in row)


@PLACES
def test_appearing_in_a_ranking_is_ones_own_choice(tmp_path: Path, place: Address) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t, "three", "With a ranking")
        join(t, *FIVE)
        assert "This is how others see you in the ranking: a runner" in t.heard("Flo")
        for label in ("Keep", "Show my name", "A nickname", "Hide me"):
            assert label in t.sees[t.home("Flo")]
        for n, name in enumerate(FIVE):
            for day in range(n + 1):
                lay(t, name, day=MONDAY + timedelta(days=day))
        t.tap("Ann", "Keep").tap("Ben", "Show my name")
        assert "Ben" in t.heard("Ben")
        t.tap("Cem", "A nickname").say("Cem", "Flash")
        assert "Flash" in t.heard("Cem")
        t.tap("Dee", "Hide me")
        assert "do not see you" in t.heard("Dee")
        assert ranks(t) == [("", 5), ("Flash", 3), ("Ben", 2), ("", 1)]
        t.say("Ann", "/challenge")
        seen = t.heard("Ann")
        assert "1. a runner: 5 days" in seen
        assert "2. Flash: 3 days" in seen
        assert "4. a runner: 1 day" in seen
        assert "4 days" not in seen.replace("Week", "")
        to_sunday(t)
        assert "Flash: 3 days" in posts(t)
        assert "Dee" not in posts(t)
        assert "Ann" not in posts(t)


def test_who_taps_hide_me_twice_is_hidden(server: Town) -> None:
    begun(server, "team", "With a ranking")
    join(server, "Ann")
    lay(server, "Ann")
    data = server.sees[server.home("Ann")]["Hide me"][0]
    for _ in range(2):
        server.press("Ann", data)
    assert ranks(server) == []


@pytest.mark.parametrize("seen", ["Show my name", "Hide me"])
def test_keep_keeps_how_others_see_one(server: Town, seen: str) -> None:
    begun(server, "team", "With a ranking")
    join(server, "Ann")
    lay(server, "Ann")
    server.tap("Ann", seen)
    before = ranks(server)
    server.say("Ann", "/challenge").tap("Ann", "How others see me").tap("Ann", "Keep")
    assert ranks(server) == before


def test_who_hides_and_shows_again_is_seen_as_before(server: Town) -> None:
    begun(server, "team", "With a ranking")
    join(server, "Ann")
    lay(server, "Ann")
    server.tap("Ann", "Show my name")
    server.say("Ann", "/challenge").tap("Ann", "How others see me").tap("Ann", "Hide me")
    assert ranks(server) == []
    server.say("Ann", "/challenge")
    assert "do not see you" in server.heard("Ann")
    server.tap("Ann", "How others see me").tap("Ann", "Show me again")
    assert ranks(server) == [("Ann", 1)]


def test_without_a_ranking_nobody_is_named_whatever_they_say(server: Town) -> None:
    begun(server)
    join(server, *FIVE)
    for name in FIVE:
        lay(server, name)
        who = number_of(server, name)
        server.press(name, f"1|{who}|entry|{server.club.id}|1|called", here=True)
    server.say("Ann", "/challenge")
    assert "Ben" not in server.heard("Ann")
    assert "1." not in server.heard("Ann")
    to_sunday(server)
    assert not any(name in posts(server) for name in FIVE)


def test_who_hides_is_seen_nowhere_and_counts_the_same(server: Town) -> None:
    begun(server, "team", "With a ranking")
    join(server, *FIVE)
    for name in FIVE:
        server.tap(name, "Show my name")
        lay(server, name)
    before = came(server)
    server.say("Ben", "/challenge").tap("Ben", "How others see me").tap("Ben", "Hide me")
    assert came(server) == before
    assert "Ben" not in [name for name, _ in ranks(server)]
    server.say("Ann", "/challenge")
    assert "Ben" not in server.heard("Ann")
    to_sunday(server)
    assert "Ben" not in posts(server)
    leave(server, "Ben")
    server.wait(days=1)
    server.say("Ben", f"/join {code(server)}")
    lay(server, "Ben", day=MONDAY + timedelta(days=8))
    assert "Ben" not in [name for name, _ in ranks(server)], "out and in again is hidden as before"


def test_who_has_left_stands_in_no_ranking(server: Town) -> None:
    begun(server, "team", "With a ranking")
    join(server, *FIVE, "Gus")
    for name in (*FIVE, "Gus"):
        server.tap(name, "Show my name")
        lay(server, name)
    leave(server, "Ben")
    assert "Ben" not in [name for name, _ in ranks(server)]
    assert came(server) == Score(5, 6, 1800)


def test_a_list_of_a_ranking_shows_ten_at_most_and_oneself_once(server: Town) -> None:
    begun(server, "team", "With a ranking")
    names = [f"R{n}" for n in range(14)]
    join(server, *names)
    for n, name in enumerate(names):
        for day in range(n + 1):
            lay(server, name, day=MONDAY + timedelta(days=day))
    server.say("R13", "/challenge")
    assert len(re.findall(r"^\d+\. ", server.heard("R13"), re.MULTILINE)) == 10
    assert "1. a runner: 14 days" in server.heard("R13")
    to_sunday(server)
    recap = next(post.text for _, post, _ in server.posts if "week 1" in post.text)
    assert len(re.findall(r"^\d+\\?\. ", recap, re.MULTILINE)) == 3


HOSTILE = (
    "*bold* _it_ <b>x</b>", "@everyone @here", "<@123> <@&456>", "a\nb\r\nc\u2028d", "x" * 500,
    "\u202eevil\u202c", "\u2066\u2067\u200f", "[a](https://x.y)", "`code` ||spoiler||", "# Big",
    "<1795371000:t|21:30>", "\\*\\", "{name} {n} %s", "<tg-spoiler>", "&lt;&amp;", "1. Ann: 9 days",
    "\u200b\u200b", "a\tb", "\x00\x07nul", "<t:1:R>", "</up:1>", "🏃" * 100, "e\u0301" * 80, "> q",
)  # fmt: skip


LIVE = {
    discord.content: r"@(everyone|here)|(?<!\\)<(@|t:|/|#)|(?<!\\)\]\(https?:|(?<!\\)[*_`|]",
    telegram.html: r"<(?!/?b>)|<b>x",
}
"""What a platform would make something of."""


def live(name: str) -> list[str]:
    """How a line with that name is written, where a platform makes something of it."""
    run = list(spans(words("en")("rank.line", place=2, name=name, days="1 day")))
    written = {discord.content: discord.content(run, {}), telegram.html: telegram.html(run)}
    return [said for how, said in written.items() if re.search(LIVE[how], said)]


def harm(plain: str, lines: int) -> list[str]:
    """What a name does to what others read: so many lines, each short, and nothing means anything.

    The marks that turn the direction of whatever follows belong to the layout, too.
    """
    found = []
    if len(plain.splitlines()) != lines:
        found.append("lines")
    if re.search("[\u202a-\u202e\u2066-\u2069]", plain):
        found.append("turns")
    if re.search("[\x00-\x09\x0b-\x1f\u2028\u2029]", plain):
        found.append("controls")
    if any(len(line) >= 90 for line in plain.splitlines()):
        found.append("long")
    return found


@pytest.mark.parametrize("how", ["nick", "called"])
def test_a_name_breaks_no_layout_and_pings_nobody(server: Town, how: str) -> None:
    begun(server, "team", "With a ranking")
    join(server, *FIVE)
    for name in FIVE:
        lay(server, name)
    who = number_of(server, "Flo")
    wrong = {}
    for said in HOSTILE:
        if how == "nick":
            server.press("Flo", f"1|{who}|entry|{server.club.id}|1|nick").say("Flo", said)
        else:
            data = f"1|{who}|entry|{server.club.id}|1|called"
            server.hear("Flo", Press(data), called=said)
        assert server.heard("Flo") not in ("", WENT_WRONG)
        kept = next(row["name"] for row in rows(server) if row["person_id"] == who)
        assert len(kept) <= 24
        server.say("Ann", "/challenge")
        if found := [*harm(server.heard("Ann"), 4 + len(FIVE)), *live(kept)]:
            wrong[said] = found
    assert wrong == {}


def test_a_recap_with_hostile_names_has_its_lines_and_no_more(server: Town) -> None:
    begun(server, "team", "With a ranking")
    join(server, *FIVE)
    names = ("*@everyone* <b>x</b>", "<@123> _a_", "# `b` ||c|| \\")
    for n, name in enumerate(FIVE):
        for day in range(n + 1):
            lay(server, name, day=MONDAY + timedelta(days=day))
    for name, said in zip(FIVE[2:], names, strict=True):
        server.tap(name, "A nickname").say(name, said)
    to_sunday(server)
    recap = server.posts[-1][1]
    plain = "".join(span.text for span in spans(recap.text))
    assert harm(plain, 3 + 3) == []
    for said in ("everyone", "123", "_a_"):
        assert said in plain, "what means nothing stays"
    assert [row["name"] for row in rows(server) if live(row["name"])] == []


@pytest.mark.parametrize(
    "said", ["", " \n\u3000", "\u200b", "\u202e", "\u2060\ufeff", "\u3164", "\u2800"]
)
@pytest.mark.parametrize("how", ["nick", "called"])
def test_a_name_of_nothing_is_none(server: Town, said: str, how: str) -> None:
    begun(server, "team", "With a ranking")
    join(server, *FIVE)
    for name in FIVE:
        lay(server, name)
    who = number_of(server, "Flo")
    if how == "nick":
        server.tap("Flo", "A nickname").say("Flo", said)
    else:
        data = f"1|{who}|entry|{server.club.id}|1|called"
        server.hear("Flo", Press(data), called=said or " ")
    server.say("Ann", "/challenge")
    lines = re.findall(r"^\d+\. (.*): 1 day$", server.heard("Ann"), re.MULTILINE)
    assert lines == ["a runner"] * len(FIVE)


def test_a_nickname_of_an_organiser_is_no_answer_to_an_older_question_of_the_club(
    server: Town,
) -> None:
    begun(server, "team", "With a ranking")
    server.say("Olga", "/club", here=True).tap("Olga", "Clock")
    agree(server, "Olga")
    server.say("Olga", f"/join {code(server)}").tap("Olga", "A nickname").say("Olga", "Tokyo")
    assert server.club.zone == "Europe/Berlin"
    assert [row["name"] for row in rows(server)] == ["Tokyo"]


# Forgotten, and frozen


def forget(t: Town, name: str) -> None:
    t.say(name, "/forget").tap(name, "Delete everything")


@PLACES
def test_a_total_stays_when_somebody_is_forgotten_and_is_nobodys(
    tmp_path: Path, place: Address
) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t, "team", "With a ranking")
        join(t, "Ann", "Ben")
        t.tap("Ann", "Show my name")
        for day in range(3):
            lay(t, "Ann", day=MONDAY + timedelta(days=day), minutes=3 + day)
            lay(t, "Ann", day=MONDAY + timedelta(days=day), minutes=2)
        lay(t, "Ann", day=MONDAY - timedelta(days=1))
        before = came(t)
        who = number_of(t, "Ann")
        t.say("Ann", "/forget")
        assert "stay in its total" in t.heard("Ann")
        t.tap("Ann", "Delete everything")
        after = came(t)
        assert after == replace(before, runners=1)
        left = rows(t, tally)
        assert [(row["day"], row["seconds"]) for row in left] == [
            (MONDAY + timedelta(days=day), (3 + day) * 60) for day in range(3)
        ]
        assert set(left[0]) == {"id", "club_id", "number", "day", "seconds"}
        assert all(row["person_id"] != who for row in rows(t))
        assert "Ann" not in str([rows(t), left, t.club])


def test_only_what_counted_is_left_of_whoever_is_forgotten(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    lay(server, "Ann", logged=True)
    lay(server, "Ann", minutes=0.2, day=MONDAY + timedelta(days=1))
    leave(server, "Ann")
    lay(server, "Ann", day=MONDAY + timedelta(days=2))
    forget(server, "Ann")
    assert rows(server, tally) == []
    assert came(server) == Score(0, 0, 0)


def test_who_left_and_came_back_leaves_each_day_once(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    leave(server, "Ann")
    server.wait(days=1)
    server.say("Ann", f"/join {code(server)}")
    for day in range(2):
        lay(server, "Ann", day=MONDAY + timedelta(days=day))
    assert came(server) == Score(1, 2, 600)
    forget(server, "Ann")
    assert came(server) == Score(0, 2, 600)


def test_each_of_several_challenges_keeps_its_own_of_whoever_is_forgotten(server: Town) -> None:
    one = begun(server)
    two = begun(server, "team", "Count /log")
    join(server, "Ann", challenge=one)
    server.say("Ann", f"/join {code(server, two)}")
    lay(server, "Ann")
    lay(server, "Ann", day=MONDAY + timedelta(days=1), logged=True)
    forget(server, "Ann")
    assert came(server, one) == Score(0, 1, 300)
    assert came(server, two) == Score(0, 2, 600)


def test_who_wants_nothing_kept_any_more_takes_nothing_from_the_total(server: Town) -> None:
    begun(server, "team")
    join(server, "Ann")
    lay(server, "Ann")
    server.press("Ann", f"1|{number_of(server, 'Ann')}|keep|nothing")
    assert rows(server, rest) == []
    assert rows(server) == []
    assert came(server) == Score(0, 1, 300)


def test_a_rest_told_and_forgotten_in_one_batch_still_counts(server: Town) -> None:
    begun(server, "team", "Count /log")
    join(server, "Ann")
    server.say("Ann", "/forget")
    yes = server.sees[server.home("Ann")]["Delete everything"][0]
    home = server.home("Ann")
    server.turn(
        Batch(
            heard=(
                Incoming("l", home, "Ann", Command("log", "6"), "en"),
                Incoming("f", home, "Ann", Press(yes), "en"),
            )
        )
    )
    assert came(server) == Score(0, 1, 360)


def test_a_challenge_that_was_ended_keeps_its_result_whatever_comes(server: Town) -> None:
    begun(server, "team")
    join(server, *FIVE)
    for name in FIVE:
        lay(server, name)
    forget(server, "Flo")
    server.say("Olga", "/challenge", here=True).tap("Olga", "End:").tap("Olga", "Let it run")
    assert server.club.running
    server.say("Olga", "/challenge", here=True).tap("Olga", "End:").tap("Olga", "End it")
    result = server.club.challenges[0].result
    assert result == Score(4, 5, 1500)
    assert rows(server) == []
    assert rows(server, tally) == []
    assert "about 20 minutes" in posts(server) or "about 30 minutes" in posts(server)
    lay(server, "Ann", day=MONDAY + timedelta(days=1))
    forget(server, "Ben")
    server.press("Olga", f"1|0|club|{server.club.id}|end|1|yes", here=True)
    server.wait(days=60)
    assert server.club.challenges[0].result == result
    assert posts(server).count("that was it") == 1
    server.say("Ann", "/challenge")
    assert "You are in no challenge" in server.heard("Ann")


@PLACES
def test_a_challenge_ends_by_itself_the_day_after_and_says_what_came(
    tmp_path: Path, place: Address
) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        made = begun(t, "month")
        join(t, *FIVE)
        for name in FIVE:
            lay(t, name, day=made.ends)
        t.wait(days=29, hours=12)
        assert t.club.running
        t.wait(days=1)
        assert t.club.challenges[0].result == Score(5, 5, 1500)
        last = t.posts[-1]
        assert last[0].astimezone(t.zone).date() == made.ends + timedelta(days=1)
        assert "that was it" in last[1].text
        assert "5 runners, 5 days, 25 minutes" in last[1].text
        ended = len(t.posts)
        t.wait(days=30)
        assert len(t.posts) == ended


def test_the_goal_of_a_team_is_told_when_it_is_reached(server: Town) -> None:
    begun(server, "small")
    join(server, *FIVE)
    for name in FIVE:
        for day in range(6):
            lay(server, name, day=MONDAY + timedelta(days=day), minutes=10)
    to_sunday(server)
    assert "The goal of 300 minutes is reached: 300 minutes!" in posts(server)


# Recaps


@pytest.mark.parametrize("zone", ["Tokyo", "Los Angeles", "Kathmandu"])
def test_a_recap_is_on_sunday_at_six_by_the_clock_of_the_club(tmp_path: Path, zone: str) -> None:
    with town(tmp_path) as t:
        settled(t, zone)
        begun(t)
        join(t, "Ann")
        lay(t, "Ann")
        t.wait(days=10)
        said = [at for at, message, _ in t.posts if "week 1 of 4" in message.text]
        assert [at.astimezone(t.club.clock).strftime("%a %d %H:%M") for at in said] == [
            "Sun 29 18:00"
        ]


def test_each_sunday_has_one_recap_and_the_end_one(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    before = len(server.posts)
    server.wait(days=40)
    days = [f"{at.astimezone(server.zone):%a %d %b}" for at, _, _ in server.posts[before:]]
    assert days == ["Sun 29 Nov", "Sun 06 Dec", "Sun 13 Dec", "Sun 20 Dec", "Mon 21 Dec"]


def test_two_challenges_are_told_of_in_one_post(server: Town) -> None:
    begun(server)
    made = begun(server, "team")
    join(server, "Ann", challenge=made)
    server.say("Ann", f"/join {code(server, server.club.challenges[0])}")
    before = len(server.posts)
    to_sunday(server)
    [(_, post, _)] = server.posts[before:]
    assert post.text.count("Together") == 2
    assert post.silent


def test_a_week_of_nobody_is_not_told_of(server: Town) -> None:
    begun(server)
    before = len(server.posts)
    server.wait(days=40)
    assert len(server.posts) == before
    assert server.club.challenges[0].result == Score()


def test_a_recap_names_nobody_who_missed(server: Town) -> None:
    begun(server, "three", "With a ranking")
    join(server, *FIVE)
    for name in FIVE:
        server.tap(name, "Show my name")
    lay(server, "Ann")
    to_sunday(server)
    recap = server.posts[-1][1].text
    assert "Ann" in recap
    assert not any(name in recap for name in FIVE[1:])
    assert not re.search(r"\b0 days", recap)


def test_a_recap_waits_for_the_end_of_quiet_hours(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    server.say("Olga", "/club 17:00 to 20:00", here=True)
    server.wait(days=6)
    said = [at for at, message, _ in server.posts if "week 1 of 4" in message.text]
    assert not said
    server.wait(hours=1)
    said = [at for at, message, _ in server.posts if "week 1 of 4" in message.text]
    assert [f"{at.astimezone(server.zone):%a %H:%M}" for at in said] == ["Sun 20:00"]


def test_after_an_outage_only_a_recap_of_the_last_day_is_said(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    before = len(server.posts)
    server.away(days=14, hours=0)  # past two Sundays, the second the day before yesterday
    for _ in range(6):
        server.now += timedelta(seconds=5)
        server.look()
    assert len(server.posts) == before
    assert server.club.recapped is not None
    server.away(days=40)
    for _ in range(8):
        server.now += timedelta(seconds=5)
        server.look()
    assert len(server.posts) == before
    assert server.club.challenges[0].result == Score(1, 0, 0)


def test_a_recap_that_is_due_twice_is_said_once(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    to_sunday(server)
    said = len(server.posts)
    for _ in range(3):
        server.turn(Batch(clubs=(server.club.id,)))
        server.look()
    assert len(server.posts) == said


def test_a_club_that_has_let_us_go_hears_nothing(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    server.club_hears(Left())
    before = len(server.posts)
    to_sunday(server)
    assert len(server.posts) == before


# Cheers


def cheered(t: Town, recap: int | str = "", club_id: int = 0) -> str:
    return f"1|0|cheer|{club_id or t.club.id}|{recap if recap != '' else t.club.recap}"


@PLACES
def test_a_cheer_counts_once_of_everybody_and_names_nobody(tmp_path: Path, place: Address) -> None:
    with town(tmp_path, place) as t:
        settled(t)
        begun(t)
        join(t, "Ann", "Ben")
        to_sunday(t)
        said = len(t.posts)
        for name in ("Ann", "Ben", "Ann", "Ben", "Olga"):
            t.tap(name, "Cheer")
            assert t.heard(name)
        assert t.club.cheers == 3
        assert len(t.posts) == said
        t.wait(days=7)
        assert "3 cheers since the last time" in t.posts[-1][1].text
        t.wait(days=7)
        assert "cheer" not in t.posts[-1][1].text.casefold()


def test_the_cheers_of_a_batch_count_once_each(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    to_sunday(server)
    press = Press(cheered(server))
    heard = tuple(
        Incoming(f"c{n}-{again}", server.home(f"P{n}"), f"P{n}", press, "en", club=server.place)
        for n in range(30)
        for again in range(2)
    )
    server.turn(Batch(heard=heard))
    assert server.club.cheers == 30
    server.turn(Batch(heard=heard))
    assert server.club.cheers == 30


def test_a_cheer_under_an_older_recap_does_not_count_and_does_not_say_so(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    to_sunday(server)
    old = cheered(server)
    server.wait(days=7)
    server.press("Ann", old, here=True)
    assert server.club.cheers == 0
    assert server.heard("Ann")
    assert "counted" not in server.heard("Ann")
    assert server.heard("Ann") != "Cheered."


def test_before_a_first_recap_there_is_nothing_to_cheer(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    server.press("Ann", cheered(server, 0), here=True)
    assert server.club.cheers == 0


@pytest.mark.parametrize("recap", ["", "2", "99", "999999999999999999999999", "x", "-1", "01"])
def test_a_forged_cheer_does_not_count(server: Town, recap: str) -> None:
    begun(server)
    join(server, "Ann")
    to_sunday(server)
    server.press("Ann", f"1|0|cheer|{server.club.id}|{recap}", here=True)
    assert server.club.cheers == 0
    assert server.heard("Ann") not in ("", WENT_WRONG)


def test_a_stranger_who_cheers_and_then_agrees_cheers_once(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    to_sunday(server)
    server.tap("Zed", "Cheer")
    agree(server, "Zed")
    server.press("Zed", cheered(server), here=True)
    assert server.club.cheers == 1


def test_who_cheered_is_kept_as_a_digest_that_goes_with_the_next_recap(server: Town) -> None:
    begun(server)
    join(server, "Ann")
    to_sunday(server)
    server.tap("Ann", "Cheer")
    [row] = rows(server, cheer)
    assert len(row["who"]) >= 16
    assert server.home("Ann").chat_id not in row["who"].split()
    server.wait(days=7)
    server.tap("Ann", "Cheer")
    assert len(rows(server, cheer)) == 1


# Two chats of one person


def linked(t: Town, one: str, two: str) -> None:
    """Both have agreed; they turn out to be one."""
    t.say(one, "/link")
    found = re.search(r"/link ([A-Z0-9-]+)", t.heard(one))
    assert found
    t.say(two, f"/link {found[1]}").tap(two, "Yes, that is me").tap(one, "Yes, link us")
    assert number_of(t, one) == number_of(t, two)


def two_of_ann(t: Town) -> None:
    t.homes["Ann"] = Address("discord", "501")
    t.homes["Ann's other"] = Address("telegram", "502")


def test_who_is_in_with_two_chats_counts_once(server: Town) -> None:
    begun(server, "team")
    two_of_ann(server)
    join(server, "Ann", "Ann's other")
    lay(server, "Ann", minutes=5)
    lay(server, "Ann's other", minutes=7)
    lay(server, "Ann's other", minutes=7, day=MONDAY + timedelta(days=1))
    assert came(server) == Score(2, 3, 1140)
    linked(server, "Ann", "Ann's other")
    assert came(server) == Score(1, 2, 840)
    server.say("Ann", f"/join {code(server)}")
    assert "in already" in server.heard("Ann")
    assert came(server).runners == 1


def joined_apart(t: Town) -> None:
    """One chat is in since Monday, the other since Tuesday; then they are one."""
    two_of_ann(t)
    agree(t, "Ann", "Ann's other")
    t.say("Ann", f"/join {code(t)}")
    t.wait(days=1)
    t.say("Ann's other", f"/join {code(t)}")


def test_two_entries_of_one_person_are_one_line_of_a_ranking(server: Town) -> None:
    begun(server, "team", "With a ranking")
    join(server, "Ben", "Cem", "Dee", "Flo")
    joined_apart(server)
    lay(server, "Ann", day=MONDAY + timedelta(days=1))
    linked(server, "Ann", "Ann's other")
    assert came(server).runners == 5
    assert len(ranks(server)) == 1


def test_who_hid_one_of_two_chats_stays_hidden(server: Town) -> None:
    begun(server, "team", "With a ranking")
    joined_apart(server)
    server.tap("Ann's other", "Hide me")
    lay(server, "Ann", day=MONDAY + timedelta(days=1))
    linked(server, "Ann", "Ann's other")
    server.say("Ann", "/challenge")
    assert "do not see you" in server.heard("Ann")
    assert ranks(server) == []


def test_who_hid_one_of_two_chats_of_the_same_day_stays_hidden(server: Town) -> None:
    begun(server, "team", "With a ranking")
    two_of_ann(server)
    join(server, "Ann", "Ann's other")
    server.tap("Ann's other", "Hide me")
    lay(server, "Ann")
    linked(server, "Ann", "Ann's other")
    assert ranks(server) == []


def test_leaving_is_leaving_with_both_chats(server: Town) -> None:
    begun(server, "team")
    joined_apart(server)
    linked(server, "Ann", "Ann's other")
    leave(server, "Ann")
    assert came(server).runners == 0
    lay(server, "Ann", day=MONDAY + timedelta(days=5))
    assert came(server).days == 0


@pytest.mark.parametrize("first", ["Ann", "Ann's other"])
def test_no_day_is_lost_when_two_who_joined_one_day_are_one(server: Town, first: str) -> None:
    begun(server, "team")
    two_of_ann(server)
    join(server, "Ann", "Ann's other")
    other = "Ann" if first != "Ann" else "Ann's other"
    leave(server, first)
    server.wait(days=2)
    lay(server, other, day=MONDAY + timedelta(days=2))
    before = came(server)
    assert before == Score(1, 1, 300)
    linked(server, "Ann", "Ann's other")
    assert came(server) == before, "a team total never falls"


def test_of_two_chats_that_are_one_each_recap_has_one_cheer(server: Town) -> None:
    begun(server)
    two_of_ann(server)
    join(server, "Ann", "Ann's other")
    to_sunday(server)
    server.press("Ann's other", cheered(server))
    linked(server, "Ann", "Ann's other")
    server.press("Ann", cheered(server))
    server.press("Ann's other", cheered(server))
    assert server.club.cheers == 1


def test_a_chat_that_leaves_takes_nothing_of_the_total(server: Town) -> None:
    begun(server, "team")
    two_of_ann(server)
    join(server, "Ann", "Ann's other")
    lay(server, "Ann")
    linked(server, "Ann", "Ann's other")
    before = came(server)
    server.say("Ann's other", "/unlink").tap("Ann's other", "Unlink")
    assert number_of(server, "Ann") != number_of(server, "Ann's other")
    assert came(server) == before
    assert len(rows(server)) == 1


# In numbers: pure, and the same in SQL


def challenge_of(days: int = 14, *, logged: bool = False) -> Challenge:
    last = MONDAY + timedelta(days=days - 1)
    return Challenge(1, Kind.WEEKLY, MONDAY, last, 3, "bbbbb", ranking=True, logged=logged)


DAYS = some.integers(-3, 17).map(lambda n: MONDAY + timedelta(days=n))
SECONDS = some.sampled_from([0, 60, 300, 599, COUNTED]) | some.integers(60, COUNTED)
RESTS = some.lists(some.tuples(DAYS, SECONDS, some.booleans()), max_size=12)


@some.composite
def stays(draw: some.DrawFn) -> tuple[Entry, ...]:
    """In, out and in again: each time begins when the one before is over, or later."""
    edges = sorted(set(draw(some.lists(some.integers(-3, 17), min_size=1, max_size=6))))
    found = []
    hidden, name = draw(some.booleans()), draw(some.sampled_from(["", "Ann", "Ben"]))
    for n in range(0, len(edges), 2):
        left = MONDAY + timedelta(days=edges[n + 1]) if n + 1 < len(edges) else None
        found.append(Entry(1, 1, MONDAY + timedelta(days=edges[n]), left, name, hidden))
    return tuple(found)


CHALLENGES = some.builds(challenge_of, some.integers(1, 15), logged=some.booleans())


@given(RESTS, some.tuples(DAYS, SECONDS, some.booleans()), stays(), CHALLENGES)
def test_doing_more_never_lowers_a_score(
    rests: list[tuple[date, int, bool]],
    more: tuple[date, int, bool],
    entries: tuple[Entry, ...],
    made: Challenge,
) -> None:
    before = score(rests, entries, made)
    for after in (score([*rests, more], entries, made), score([more, *rests], entries, made)):
        assert after.days >= before.days
        assert after.seconds >= before.seconds
        assert after.days <= before.days + 1
        assert after.seconds <= before.seconds + more[1]


@given(RESTS, DAYS, stays(), CHALLENGES)
def test_a_refused_rest_never_raises_a_score(
    rests: list[tuple[date, int, bool]], on: date, entries: tuple[Entry, ...], made: Challenge
) -> None:
    before = score(rests, entries, made)
    for told in (True, False):
        assert score([*rests, (on, 0, told)], entries, made) == before


@given(some.integers(0, 100_000), some.integers(0, 100_000))
def test_counted_seconds_never_fall_with_longer_rests_and_have_a_limit(one: int, more: int) -> None:
    assert 0 <= counts(one) <= counts(one + more) <= COUNTED


@given(some.lists(some.tuples(RESTS, stays()), max_size=6), CHALLENGES, some.randoms())
def test_the_order_of_events_and_of_people_does_not_matter(
    everybody: list[tuple[list[tuple[date, int, bool]], tuple[Entry, ...]]],
    made: Challenge,
    chance: Any,  # noqa: ANN401 - a Random
) -> None:
    before = total(score(*each, made) for each in everybody)
    shuffled = []
    for rests, entries in everybody:
        mixed, times = list(rests), list(entries)
        chance.shuffle(mixed)
        chance.shuffle(times)
        shuffled.append((mixed, tuple(times)))
    chance.shuffle(shuffled)
    assert total(score(*each, made) for each in shuffled) == before


@given(RESTS, CHALLENGES)
def test_team_minutes_are_the_sum_of_the_days_best_rests(
    rests: list[tuple[date, int, bool]], made: Challenge
) -> None:
    always = (Entry(1, 1, MONDAY - timedelta(days=9)),)
    best = Counter[date]()
    for on, seconds, told in rests:
        if made.starts <= on <= made.ends and (made.logged or not told):
            best[on] = max(best[on], seconds)
    found = score(rests, always, made)
    assert found.seconds == sum(best.values())
    assert found.days == sum(1 for seconds in best.values() if seconds)


@given(RESTS, stays(), CHALLENGES, DAYS)
def test_being_in_for_longer_never_lowers_a_score(
    rests: list[tuple[date, int, bool]],
    entries: tuple[Entry, ...],
    made: Challenge,
    joined: date,
) -> None:
    before = score(rests, entries, made)
    again = score(rests, (*entries, Entry(1, 1, joined)), made)
    assert again.days >= before.days
    assert again.seconds >= before.seconds


@given(RESTS, stays(), CHALLENGES, DAYS, some.integers(0, 20))
def test_days_off_change_no_score(
    rests: list[tuple[date, int, bool]],
    entries: tuple[Entry, ...],
    made: Challenge,
    first: date,
    days: int,
) -> None:
    off = ((first, first + timedelta(days=days)),)
    rested = tuple(replace(each, off=off) for each in entries)
    assert score(rests, rested, made) == score(rests, entries, made)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.soak)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/legs.db"
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres_url"))
    opened = Store(url, folder=tmp_path)
    opened.open()
    yield opened
    opened.close()


def fill(db: Connection, who: int, rests: list[tuple[date, int, bool]]) -> None:
    """Somebody and their history."""
    now = datetime(2026, 12, 1, tzinfo=UTC)
    if db.execute(select(club.c.id)).first() is None:
        clubs.add(db, Club(1, SERVER, challenges=(challenge_of(),)), now)
    db.execute(
        insert(person).values(
            id=who, lane=0, platform="", at=now, failures=0, version=1, state="{}"
        )
    )
    history = [
        Rest(n, now, seconds, Variation.CLASSIC, day=on, counted=seconds, logged=told)
        for n, (on, seconds, told) in enumerate(rests, 1)
    ]
    people.keep_rests(db, [(who, each) for each in history])


EVERYBODY = some.lists(some.tuples(RESTS, stays()), max_size=5)
QUIETLY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUIETLY
@given(EVERYBODY, CHALLENGES, RESTS)
def test_sql_counts_as_the_pure_rules_do(
    store: Store,
    everybody: list[tuple[list[tuple[date, int, bool]], tuple[Entry, ...]]],
    made: Challenge,
    other: list[tuple[date, int, bool]],
) -> None:
    with store.transaction() as db:
        undone = db.begin_nested()
        for who, (rests, entries) in enumerate(everybody, 1):
            fill(db, who, rests)
            clubs.keep_entries(db, who, entries)
        fill(db, 99, other)  # of somebody who is in another challenge of the club
        clubs.keep_entries(db, 99, [Entry(1, 2, MONDAY)])
        came = clubs.counted(db, 1, made)
        found, ranked = came.score, came.seen_by(0)
        pure = [score(*each, made) for each in everybody]
        inside = [entries[-1].left is None for _, entries in everybody]
        assert (found.days, found.seconds) == (total(pure).days, total(pure).seconds)
        assert found.runners == sum(inside)
        expected = [
            (entries[-1].name, mine.days, mine.seconds)
            for (_, entries), mine, still in zip(everybody, pure, inside, strict=True)
            if still and mine.days and not entries[-1].hidden
        ]
        expected.sort(key=lambda each: each[1:], reverse=True)
        assert [(each.name, each.days, each.seconds) for each in ranked] == expected
        undone.rollback()


@QUIETLY
@given(EVERYBODY, CHALLENGES)
def test_forgetting_people_one_by_one_never_changes_a_total(
    store: Store,
    everybody: list[tuple[list[tuple[date, int, bool]], tuple[Entry, ...]]],
    made: Challenge,
) -> None:
    with store.transaction() as db:
        undone = db.begin_nested()
        for who, (rests, entries) in enumerate(everybody, 1):
            fill(db, who, rests)
            clubs.keep_entries(db, who, entries)
        now = datetime(2026, 12, 1, tzinfo=UTC)
        clubs.save(db, Club(1, SERVER, challenges=(made,)), now, now)
        before = after = clubs.counted(db, 1, made).score
        for who in range(1, len(everybody) + 1):
            clubs.leave(db, who)
            people.forget_rests(db, who)
            after = clubs.counted(db, 1, made).score
            assert (after.days, after.seconds) == (before.days, before.seconds)
        assert after.runners == 0
        undone.rollback()


@QUIETLY
@given(some.tuples(RESTS, stays()), some.tuples(RESTS, stays()), CHALLENGES)
def test_two_who_are_one_count_as_one_who_was_in_while_either_was(
    store: Store,
    one: tuple[list[tuple[date, int, bool]], tuple[Entry, ...]],
    other: tuple[list[tuple[date, int, bool]], tuple[Entry, ...]],
    made: Challenge,
) -> None:
    (rests, entries), (others, others_entries) = one, other
    with store.transaction() as db:
        undone = db.begin_nested()
        fill(db, 1, rests)
        fill(db, 2, others)
        clubs.keep_entries(db, 1, entries)
        clubs.keep_entries(db, 2, others_entries)
        merge(db, 2, 1, 1000)
        came = clubs.counted(db, 1, made)
        found, ranked = came.score, came.seen_by(0)
        mine = score([*rests, *others], (*entries, *others_entries), made)
        assert (found.days, found.seconds) == (mine.days, mine.seconds)
        still = any(each.left is None for each in (*entries, *others_entries))
        assert found.runners == still
        hidden = entries[0].hidden or others_entries[0].hidden
        assert len(ranked) == (still and mine.days > 0 and not hidden)
        kept = db.execute(select(entry).order_by(entry.c.joined)).mappings().all()
        assert {row["person_id"] for row in kept} == {1}
        for before, after in itertools.pairwise(kept):
            assert before["left"] is not None
            assert before["left"] <= after["joined"]
        undone.rollback()
