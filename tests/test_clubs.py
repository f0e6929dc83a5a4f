"""A club from being added to being removed: what is posted, who is asked, and who may say what."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from bot import conversation
from bot.content.words import plain, words
from bot.conversation.club import Club, ClubScene, due_at
from bot.conversation.clubs import step
from bot.conversation.person import Scene
from bot.conversation.values import replace as changed
from bot.events import (
    Address,
    ClubRun,
    Command,
    Event,
    Incoming,
    Joined,
    Lane,
    Left,
    Message,
    Moved,
    Press,
    RunFinished,
    Text,
    Wake,
)
from bot.store import Batch, clubs
from bot.store.tables import address, club, entry, member, metadata, organiser, outbox, person
from tests.club import GROUP, SERVER, Town, copies, town

PLACES = pytest.mark.parametrize("place", [SERVER, GROUP], ids=["discord", "telegram"])
OTHERS = {SERVER: Address("discord", "901", "78"), GROUP: Address("telegram", "-100902")}
NEW = replace(GROUP, chat_id="-100901")
"""What the group becomes."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WENT_WRONG = words("en")("service.failed")
OVER = "Back from the club run?"
ASK = "Ask me after each run"


# The core is one for both; what differs stands below, on both, and the rest is gone through whole.
@pytest.fixture(
    params=[SERVER, pytest.param(GROUP, marks=pytest.mark.soak)], ids=["discord", "telegram"]
)
def t(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """On each platform."""
    with town(tmp_path, request.param) as opened:
        yield opened


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Town]:
    """A server whose runs are those of its calendar, at half past nine on a Tuesday."""
    with town(tmp_path, at="2026-11-24 09:30") as opened:
        yield follows(opened)


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, GROUP) as opened:
        yield opened


def follows(t: Town) -> Town:
    """Its runs are those of the server's calendar."""
    t.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "From the server")
    t.tap("Olga", "Without").say("Olga", "/club Berlin", here=True)
    t.posts.clear()
    return t


def weekly(t: Town, said: str, *, quiet: bool = True) -> Town:
    """It is set up, with these runs."""
    t.set_up().say("Olga", f"/club {said}", here=True)
    if not quiet:
        t.tap("Olga", "Quiet hours").tap("Olga", "No quiet hours")
    t.posts.clear()
    return t


def posts(t: Town) -> list[str]:
    """When the club heard something that nobody asked for, on its own clock."""
    return [
        at.astimezone(t.zone).strftime("%a %H:%M")
        for at, post, _ in t.posts
        if post.lane is Lane.SOCIAL
    ]


def runs_told(t: Town) -> list[str]:
    """When the club heard that a run is over."""
    return [
        at.astimezone(t.zone).strftime("%a %H:%M") for at, post, _ in t.posts if OVER in post.text
    ]


def offered(t: Town, name: str) -> list[str]:
    """When somebody was asked after a run, in their own chat."""
    found, clock = [], ""
    for line in t.lines:
        if line[2:3] == ":" and line[5:6] == ":":
            clock = line if f"to {name}:" in line else ""
        elif clock and ("Well run." in line or "Schön gelaufen" in line):
            found.append(clock[:5])
    return found


def same(one: Club) -> Club:
    """A club without when it was last spoken to."""
    return changed(one, at=None)


def every(t: Town) -> list[tuple[str, str]]:
    """All clubs that are kept: their platform and chat."""
    with t.store.reading() as db:
        return [(row.platform, row.chat_id) for row in db.execute(select(club))]


def rows(t: Town, name: str) -> int:
    with t.store.reading() as db:
        return len(db.execute(select(metadata.tables[name])).all())


def breaks(t: Town) -> None:
    """What is kept of the club can be read no more, and it is due."""
    club_id = t.club.id
    with t.store.transaction() as db:
        db.execute(update(club).where(club.c.id == club_id).values(state="{", wake_at=t.now))


def wants(t: Town, name: str) -> Town:
    """Somebody opts in, by the link or the button that every post has."""
    return t.press(name, f"1|0|after|{t.club.id}", here=t.place.platform == "discord")


def opts_in(t: Town, name: str) -> Town:
    if t.place.platform == "discord":
        return wants(t, name)
    return t.say(name, f"/start r_{t.club.id}")


def crowd(t: Town, name: str, others: int) -> list[int]:
    """As many people who are as that one is, by their ids."""
    [one] = copies(t, name, 1)
    with t.store.transaction() as db:
        home = db.execute(select(address).where(address.c.person_id == 10_000)).one()._asdict()
        mine = db.execute(select(person).where(person.c.id == 10_000)).one()._asdict()
        who = range(10_001, 10_000 + others)
        old = '"id":10000'
        assert mine["state"].count(old) == 1, one
        state = [mine["state"].replace(old, f'"id":{each}') for each in who]
        alike = zip(who, state, strict=True)
        people = [mine | {"id": each, "home": each, "state": new} for each, new in alike]
        db.execute(insert(person), people)
        homes = [{"id": each, "person_id": each, "chat_id": f"9{each}"} for each in who]
        db.execute(insert(address), [home | each for each in homes])
    return [10_000, *who]


# Being added


def test_being_added_posts_nothing_and_asks_who_did_it_alone(t: Town) -> None:
    t.added()
    assert t.posts == []
    assert {each.to for each in t.messages} == {t.home("Olga")}
    t.wait(days=40)
    assert t.posts == []


def test_from_being_added_to_the_first_post_are_three_taps_and_a_minute_of_reading(
    t: Town,
) -> None:
    t.added().say("Olga", "/club", here=True)
    read = t.heard("Olga")
    for label in ("Here", "None"):
        t.tap("Olga", label)
        read += t.heard("Olga")
    t.tap("Olga", "Post it")
    assert len(read.split()) < 200
    assert [each.lane for _, each, _ in t.posts if "After a run" in each.text] == [Lane.SOCIAL]


def test_the_preview_is_word_for_word_what_is_posted(t: Town) -> None:
    t.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "None")
    t.tap("Olga", "Change the words").say("Olga", "5 km *and* then _legs_ <up> \\o/")
    seen = t.heard("Olga")
    t.tap("Olga", "Post it")
    post = t.posts[-1][1]
    assert plain(post.text) == "5 km *and* then _legs_ <up> \\o/"
    assert plain(post.text) in seen
    for button in post.buttons[0]:
        assert f"[{button.label}]" in seen


@pytest.mark.parametrize("who", ["", "Max"])
def test_who_added_us_may_be_nobody_or_nobody_who_may(t: Town, who: str) -> None:
    t.added(by=who) if who else t.club_hears(Joined())
    assert t.messages == []
    t.say("Olga", "/club", here=True)
    assert "Thanks for having me" in t.heard("Olga")


def test_post_it_tapped_twice_is_one_post(t: Town) -> None:
    t.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "None")
    t.posts.clear()
    t.tap("Olga", "Post it").tap("Olga", "Post it")
    assert len(t.posts) == 1


def test_an_old_preview_posts_nothing_once_more(t: Town) -> None:
    t.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "None")
    data = t.sees[t.home("Olga")]["Post it"][0]
    t.tap("Olga", "Post it").wait(days=1).say("Olga", "/club", here=True)
    t.posts.clear()
    t.press("Olga", data)
    assert [each for _, each, _ in t.posts if each.lane is Lane.SOCIAL] == []


def test_two_organisers_who_both_set_it_up_post_once(t: Town) -> None:
    t.organisers = {"Olga", "Pam"}
    for name in ("Olga", "Pam"):
        t.say(name, "/club", here=True).tap(name, "Here").tap(name, "None")
    t.posts.clear()
    t.tap("Olga", "Post it").tap("Pam", "Post it")
    assert len(posts(t)) == 1


def test_a_welcome_that_is_asked_for_again_is_posted_again(t: Town) -> None:
    t.set_up()
    t.posts.clear()
    t.tap("Olga", "Welcome post").tap("Olga", "Post it")
    assert "After a run" in t.posts[-1][1].text


def test_a_stranger_does_not_move_where_the_club_posts(tmp_path: Path) -> None:
    topic, elsewhere = replace(GROUP, thread="5"), replace(GROUP, thread="6")
    with town(tmp_path, topic) as t:
        t.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "None")
        t.place = elsewhere
        for said in ("/club", "/together"):
            t.say("Max", said, here=True)
        t.press("Max", "1|0|cheer|1|7", here=True)
        t.tap("Olga", "Post it")
        assert [each.to for _, each, _ in t.posts if each.lane is Lane.SOCIAL] == [topic]


def test_an_organiser_moves_where_the_club_posts(t: Town) -> None:
    t.set_up()
    home, elsewhere = t.place, replace(t.place, thread="88")
    t.place = elsewhere
    t.say("Olga", "/club", here=True)
    assert "in another place" in t.heard("Olga")
    assert t.club.place == home
    t.tap("Olga", "Post here")
    assert t.club.place == elsewhere


@pytest.mark.parametrize("first", ["", "Max"])
def test_without_any_setting_a_club_speaks_as_its_organiser_does(t: Town, first: str) -> None:
    t.say(first, "/club", here=True) if first else t.club_hears(Joined())
    t.locale = "de"
    t.say("Olga", "/club", here=True).tap("Olga", "Hier").tap("Olga", "Keine")
    t.posts.clear()
    t.tap("Olga", "Ohne")
    assert t.club.language == "de"
    assert "Nach einem Lauf" in t.posts[-1][1].text


def test_without_any_setting_nothing_is_posted_and_everybody_is_answered(t: Town) -> None:
    t.agrees("Ann").club_hears(Joined())
    t.club_hears(ClubRun("a", t.now + HOUR, t.now + 2 * HOUR))
    t.say("Ann", "/up", here=True)
    assert "Right now" in t.heard("Ann") or "Start" in str(t.sees[t.home("Ann")])
    t.posts.clear()
    t.wait(days=14)
    assert t.posts == []


def test_without_a_clock_it_is_said_that_runs_are_read_as_utc(t: Town) -> None:
    t.say("Olga", "/club", here=True).tap("Olga", "Here")
    with t.store.transaction() as db:
        state = clubs.read(db.execute(select(club)).one())
        clubs.save(db, changed(state, zone=""), t.now, t.now)
    t.say("Olga", "Tue 19:00, about 60 min")
    assert "take UTC" in t.heard("Olga")
    t.tap("Olga", "Without")
    t.posts.clear()
    t.wait(days=1, hours=3)
    assert posts(t) == ["Tue 21:00"]


# Their own words


@pytest.mark.parametrize("own", ["\u200b", "\u2060\u200b\ufeff", "   \n ", "\u202e"])
def test_words_that_show_nothing_leave_the_usual_ones(t: Town, own: str) -> None:
    t.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "None")
    t.tap("Olga", "Change the words").say("Olga", own).tap("Olga", "Without")
    assert "After a run" in t.posts[-1][1].text


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u202b"])
def test_words_turn_no_line_around(t: Town, mark: str) -> None:
    t.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "None")
    t.tap("Olga", "Change the words").say("Olga", f"Legs {mark} up").tap("Olga", "Without")
    assert mark not in t.posts[-1][1].text


def test_words_that_come_too_late_are_nobodys_post(t: Town) -> None:
    t.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "None")
    t.tap("Olga", "Change the words").wait(minutes=16).say("Olga", "Come to my shop")
    assert t.club.welcome == ""


# The panel


@pytest.mark.parametrize(
    ("said", "days", "lasts"),
    [
        ("Tue 19:00, about 60 min", (1,), 60),
        ("Tue and Thu 19:00, 45 min", (1, 3), 45),
        ("every day 6:00", (0, 1, 2, 3, 4, 5, 6), 60),
        ("Sat 9:00, 2 hours", (5,), 120),
        ("tomorrow 19:00", (1,), 60),
        ("Di 19:00, etwa 60 Min", (1,), 60),
        ("Tue 19:00-20:30", (1,), 90),
    ],
)
def test_runs_are_taken_as_they_are_said(
    t: Town, said: str, days: tuple[int, ...], lasts: int
) -> None:
    t.set_up().say("Olga", f"/club {said}", here=True)
    assert [(each.days, each.lasts) for each in t.club.runs] == [(days, lasts)]


@pytest.mark.parametrize(
    "said",
    [
        *("Tue 25:00", "31 Feb 19:00", "Tue 19:00, 0 min", "Tue 19:00, 13 hours", "in 2 hours"),
        *("Tue 19:00, 99999999999999999999 min", "Tue", "Tue 18:00, Tue 19:00", "22 to 22"),
        *("0 to 0", "-1 to 5", "Springfield", "\u202e", "Europe/Nowhere", "xx", "1|0|club|1"),
        "Mon 5:00\n" * 300,
    ],
)
def test_absurd_wishes_are_answered_and_change_nothing(t: Town, said: str) -> None:
    weekly(t, "Wed 19:00, 60 min")
    before = t.club
    t.say("Olga", f"/club {said}", here=True)
    assert "did not understand" in t.heard("Olga")
    assert same(t.club) == same(before)


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ("22 to 7", (22, 7)),
        ("22:00-7:00", (22, 7)),
        ("10pm to 7am", (22, 7)),
        ("13:00 to 15:00", (13, 15)),
        ("9:00 to 17:00", (9, 17)),
    ],
)
def test_quiet_hours_are_taken_as_they_are_said(t: Town, said: str, hours: tuple[int, int]) -> None:
    t.set_up().say("Olga", f"/club {said}", here=True)
    assert t.club.quiet is not None
    assert tuple(each.hour for each in t.club.quiet) == hours


def test_the_panel_says_first_what_it_reads_shows_and_posts(t: Town) -> None:
    t.set_up().say("Olga", "/club", here=True)
    first, second = t.heard("Olga").splitlines()[:2]
    assert ("no messages" if t.place == SERVER else "with a slash") in first
    assert "health answers or rests, not even you" in first
    assert "at most once a day" in second


def test_the_panel_is_read_by_who_asked_for_it_alone(t: Town) -> None:
    weekly(t, "Wed 19:00, 60 min")
    t.say("Olga", "/club", here=True)
    assert "Quiet hours" not in t.posted
    assert "Wed" not in t.posted


# Who may


@pytest.mark.parametrize("said", ["/club", "/club Tokyo", "/club Tue 9:00", "/together 20:30"])
def test_who_may_not_is_told_so_kindly(t: Town, said: str) -> None:
    t.set_up()
    before = t.club
    t.say("Max", said, here=True)
    assert "for those who manage this club. For everybody" in t.heard("Max")
    assert same(t.club) == same(before)
    t.say("Max", "Tokyo")
    assert same(t.club) == same(before)


def test_taps_do_not_lengthen_an_organisers_quarter_of_an_hour(t: Town) -> None:
    t.set_up()
    for _ in range(3):
        t.wait(minutes=4.9)
        data = t.sees[t.home("Olga")]["Clock"][0]
        t.press("Olga", data)
    assert "which city" in t.heard("Olga")
    t.wait(minutes=1).say("Olga", "Tokyo")
    assert t.club.zone == "Europe/Berlin"


def test_an_organiser_of_one_club_is_nobody_in_another(t: Town) -> None:
    t.set_up()
    first, data = t.place, dict(t.sees[t.home("Olga")])
    before = t.club
    t.organisers = {"Max"}
    t.place = OTHERS[first]
    t.say("Max", "/club", here=True).tap("Max", "Here").tap("Max", "None").tap("Max", "Without")
    theirs = t.club
    t.say("Olga", "/club Tokyo", here=True)
    assert "for those who manage" in t.heard("Olga")
    for label in ("Post here", "Clock", "Who may start", "Challenge", "Language"):
        for here in (True, False):
            t.press("Max", data[label][0], here=here)
            assert "say /club once more" in t.heard("Max")
    t.say("Max", "Tokyo")
    assert same(t.club) == same(theirs)
    t.place = first
    assert same(t.club) == same(before)


def test_who_manages_two_clubs_answers_the_one_that_asked_last(t: Town) -> None:
    t.set_up().tap("Olga", "Clock")
    first = t.place
    t.place = OTHERS[first]
    t.say("Olga", "/club", here=True).tap("Olga", "Here").tap("Olga", "None")
    t.tap("Olga", "Without").say("Olga", "/club", here=True).tap("Olga", "Clock")
    t.say("Olga", "Tokyo")
    assert t.club.zone == "Asia/Tokyo"
    t.place = first
    assert t.club.zone == "Europe/Berlin"


def test_who_manages_the_club_no_more_may_no_more(t: Town) -> None:
    t.set_up().wait(minutes=5)
    t.organisers = set()
    t.say("Olga", "/club Tokyo", here=True)
    assert "for those who manage" in t.heard("Olga")
    assert t.club.zone == "Europe/Berlin"


@pytest.mark.parametrize("name", ["club", "together", "challenge"])
@pytest.mark.parametrize("thread", ["", "12"])
def test_who_speaks_as_the_club_itself_is_asked_for_their_own_name(
    group: Town, name: str, thread: str
) -> None:
    t = group.set_up()
    before = t.club
    t.posts.clear()
    here = replace(t.place, thread=thread)
    said = Incoming("x", here, "", Command(name, ""), group=here, club=here, organiser=True)
    t.turn(Batch(heard=(said,)))
    assert [(each.to, "your own name" in each.text) for _, each, _ in t.posts] == [(here, True)]
    assert same(t.club) == same(before)
    with t.store.reading() as db:
        managing = db.execute(select(organiser.c.chat_id)).scalars()
        assert set(managing) == {t.home("Olga").chat_id}


@pytest.mark.parametrize(
    "about",
    [
        *("club", "club|", "club|1", "club|0|panel", "club|1|here|-5", "club|1|here|x"),
        *("club|1|hours|none|x|y", "club|1|start|both", "club|1|language|..", "club|1|runs|all"),
        *("club|1|post|", "club|1|post|with.", "club|1|calendars", "club|1|new|three|nrl"),
        "club|999999999999999999999999|panel",
        *("after|0", "after|", "after|999999999999999999999999", "member|1|yes", "ran|club"),
    ],
)
@pytest.mark.parametrize("who", ["Olga", "Max"])
def test_forged_data_changes_nothing_and_is_no_crash(
    t: Town, about: str, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    t.set_up()
    before = t.club
    for here in (True, False):
        t.press(who, f"1|0|{about}", here=here)
        assert WENT_WRONG not in t.heard(who)
    t.wait(minutes=1)
    kept = changed(before, at=None, place=t.club.place)
    assert same(t.club) == kept
    assert "event failed" not in caplog.text
    assert rows(t, "member") == 0


def test_a_telegram_club_has_no_calendar_whatever_is_pressed(group: Town) -> None:
    t = group.set_up()
    t.press("Olga", f"1|0|club|{t.club.id}|calendar")
    assert not t.club.calendar


def test_an_organiser_who_is_forgotten_manages_nothing(t: Town) -> None:
    t.agrees("Olga").set_up()
    t.say("Olga", "/forget").tap("Olga", "Delete")
    assert rows(t, "organiser") == 0


# Who wants to be asked


def test_each_is_asked_in_their_own_zone_hours_and_language(t: Town) -> None:
    t.agrees("Ann", "Ben", "Cem", "Dee")
    weekly(t, "Tue 19:00, 60 min")
    for name in ("Ann", "Ben", "Cem"):
        opts_in(t, name)
    t.say("Ann", "/language de").say("Ben", "/zone Tokyo")
    t.say("Ben", "/quiet 22 to 7").say("Cem", "/quiet 19 to 7")
    t.lines.clear()
    t.wait(days=1, hours=4)
    assert offered(t, "Ann") == ["20:15"]
    assert any("Schön gelaufen" in line for line in t.lines)
    assert [offered(t, name) for name in ("Ben", "Cem", "Dee")] == [[], [], []]
    assert posts(t) == ["Tue 20:00"]


def test_members_are_asked_where_the_club_itself_is_quiet(t: Town) -> None:
    t.agrees("Ann")
    weekly(t, "Tue 19:00, 60 min").say("Olga", "/club 18 to 9", here=True)
    opts_in(t, "Ann")
    t.posts.clear()
    t.wait(days=2)
    assert posts(t) == []
    assert offered(t, "Ann") == ["20:15"]


def test_who_opts_in_as_a_stranger_is_in_after_their_yes(t: Town) -> None:
    weekly(t, "Tue 19:00, 60 min")
    opts_in(t, "Ann")
    assert rows(t, "member") == 0
    t.tap("Ann", "I agree")
    assert rows(t, "member") == 1
    opts_in(t, "Ann")
    assert rows(t, "member") == 1
    t.tap("Ann", "Not any more").wait(days=2)
    assert rows(t, "member") == 0
    assert offered(t, "Ann") == []


def test_who_says_no_or_wants_nothing_kept_is_no_member(t: Town) -> None:
    weekly(t, "Tue 19:00, 60 min")
    opts_in(t, "Ann").tap("Ann", "No thanks")
    opts_in(t, "Ben").tap("Ben", "Ask me each time")
    t.wait(days=2)
    assert offered(t, "Ann") == []
    with t.store.reading() as db:
        kept = db.execute(select(func.count()).select_from(person)).scalar_one()
    assert rows(t, "member") <= kept


def test_who_is_forgotten_is_asked_no_more(t: Town) -> None:
    t.agrees("Ann")
    weekly(t, "Tue 19:00, 60 min")
    opts_in(t, "Ann").say("Ann", "/forget").tap("Ann", "Delete")
    assert rows(t, "member") == 0
    t.wait(days=2)
    assert offered(t, "Ann") == []


def test_im_back_is_for_everybody_and_tells_the_club_nothing(t: Town) -> None:
    t.agrees("Ann")
    weekly(t, "Tue 19:00, 60 min").wait(days=1, hours=1)
    t.posts.clear()
    for name in ("Ann", "Cem"):
        t.tap(name, "I'm back")
        assert t.heard(name)
    assert t.posts == []
    assert rows(t, "member") == 0


def test_of_two_clubs_whose_runs_end_together_somebody_is_asked_once(t: Town) -> None:
    t.agrees("Ann")
    weekly(t, "Tue 19:00, 60 min")
    opts_in(t, "Ann")
    t.place = OTHERS[t.place]
    weekly(t, "Tue 19:00, 61 min")
    opts_in(t, "Ann").wait(days=1, hours=3)
    assert offered(t, "Ann") == ["20:15"]


# Weekly runs


@pytest.mark.parametrize(
    ("at", "days", "ends"),
    [
        ("2027-03-27 12:00", ["28"], ["2027-03-28 02:30"]),
        ("2027-10-30 12:00", ["31"], ["2027-10-31 01:30"]),
    ],
)
def test_a_run_in_the_night_in_which_the_clocks_change_is_over_once(
    tmp_path: Path, at: str, days: list[str], ends: list[str]
) -> None:
    with town(tmp_path, at=at) as t:
        t.agrees("Ann").say("Ann", "/quiet none")
        weekly(t, "Sun 02:30, 60 min", quiet=False)
        opts_in(t, "Ann").wait(days=3)
        assert [f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" for at, _, _ in t.posts] == ends
        assert [f"{at.astimezone(t.zone):%d}" for at, _, _ in t.posts] == days
        assert len(offered(t, "Ann")) == 1


@pytest.mark.parametrize("at", ["2027-03-25 12:00", "2027-10-28 12:00"])
def test_a_daily_run_at_half_past_two_is_over_once_each_day_of_that_week(
    tmp_path: Path, at: str
) -> None:
    with town(tmp_path, at=at) as t:
        weekly(t, "every day 02:30, 60 min", quiet=False).wait(days=6)
        told = [at.astimezone(t.zone).date() for at, _, _ in t.posts]
        assert len(told) == len(set(told)) == 6


@pytest.mark.parametrize(("minutes", "told"), [(119, True), (121, False)])
def test_what_is_two_hours_late_is_said_to_nobody(t: Town, minutes: int, told: bool) -> None:
    t.agrees("Ann")
    weekly(t, "Wed 10:00, 60 min")
    opts_in(t, "Ann")
    t.now = datetime(2026, 11, 25, 10, tzinfo=UTC)
    t.away(minutes=minutes).wait(hours=1)
    assert bool(posts(t)) is told
    assert bool(offered(t, "Ann")) is told
    assert all(each.until == datetime(2026, 11, 25, 12, tzinfo=UTC) for _, each, _ in t.posts)


def test_after_weeks_away_only_the_last_run_counts(t: Town) -> None:
    t.agrees("Ann")
    weekly(t, "every day 18:00, 60 min")
    opts_in(t, "Ann")
    t.now = datetime(2026, 12, 20, 18, 30, tzinfo=UTC)
    t.look().wait(hours=2)
    assert len(posts(t)) == len(offered(t, "Ann")) == 1


def test_a_club_whose_clock_is_set_later_is_told_of_no_run_twice(t: Town) -> None:
    weekly(t, "Tue 10:00, 60 min").wait(hours=16)
    assert posts(t) == ["Tue 11:00"]
    for city in ("Lisbon", "New York", "Berlin"):
        t.say("Olga", f"/club {city}", here=True)
    t.wait(hours=20)
    assert posts(t) == ["Tue 11:00"]


def test_a_recap_that_is_late_is_not_posted_in_quiet_hours(t: Town) -> None:
    t.agrees("Ann").set_up().challenge()
    t.tap("Ann", "Join").rests("Ann")
    t.posts.clear()
    t.now = datetime(2026, 11, 29, 22, 30, tzinfo=UTC)  # Sunday 23:30
    t.look()
    assert posts(t) == []
    t.wait(hours=8)
    assert posts(t) == ["Mon 07:00"]


@pytest.mark.parametrize("why", ["quiet", "away"])
def test_the_day_of_a_late_recap_has_no_second_post(t: Town, why: str) -> None:
    t.agrees("Ann").set_up().challenge()
    t.tap("Ann", "Join").rests("Ann").say("Olga", "/club Mon 10:00, 60 min", here=True)
    if why == "quiet":
        t.say("Olga", "/club 17 to 9", here=True)
    t.posts.clear()
    if why == "away":
        t.now = datetime(2026, 11, 30, 8, tzinfo=UTC)
        t.look()
    t.wait(days=7 if why == "quiet" else 1)
    assert len([each for each in posts(t) if each.startswith("Mon")]) == 1


def test_on_a_day_with_nothing_to_recap_the_run_is_posted(t: Town) -> None:
    t.set_up().challenge().say("Olga", "/club Sun 9:00, 60 min", here=True)
    t.posts.clear()
    t.wait(days=8)
    assert posts(t) == ["Sun 10:00"]


# The calendar


def test_a_run_of_the_calendar_is_followed_to_where_it_is_moved(server: Town) -> None:
    t, begins = server, server.now + HOUR
    t.club_hears(ClubRun("a", begins, begins + HOUR))
    t.club_hears(ClubRun("a", begins + DAY, begins + DAY + HOUR))
    t.club_hears(ClubRun("b", begins, begins + HOUR))
    t.club_hears(ClubRun("b", begins, begins + HOUR, called_off=True))
    t.club_hears(ClubRun("c", begins + 2 * DAY))
    t.wait(days=5)
    assert posts(t) == ["Wed 11:30", "Thu 11:30"]


@pytest.mark.parametrize("minutes", [-50, -1, 0, 1, 45, 110])
def test_a_run_that_ends_sooner_or_later_is_told_of_once(server: Town, minutes: int) -> None:
    t, begins = server.agrees("Ann"), server.now + HOUR
    opts_in(t, "Ann")
    run = ClubRun("a", begins, begins + HOUR)
    t.club_hears(run).wait(hours=2, minutes=minutes)
    for _ in range(3):
        t.club_hears(replace(run, ends=t.now))
    t.wait(hours=12)
    assert len(posts(t)) == 1
    assert len(offered(t, "Ann")) == 1


def test_a_run_that_ends_after_midnight_is_told_of_once(tmp_path: Path) -> None:
    with town(tmp_path) as t:
        follows(t).tap("Olga", "Quiet hours").tap("Olga", "No quiet hours")
        begins = t.now + 3 * HOUR
        t.posts.clear()
        t.club_hears(ClubRun("a", begins, begins + HOUR)).wait(hours=5.5)
        t.club_hears(ClubRun("a", begins, t.now)).wait(hours=1)
        assert len(posts(t)) == 1


def test_an_entry_that_is_put_off_when_its_time_has_passed_is_told_of_then(server: Town) -> None:
    t, begins = server, server.now + HOUR
    t.club_hears(ClubRun("a", begins, begins + HOUR)).wait(hours=2.1)
    t.club_hears(ClubRun("a", begins + DAY, begins + DAY + HOUR)).wait(days=2)
    assert posts(t) == ["Tue 11:30", "Wed 11:30"]


def test_an_entry_that_comes_again_next_week_is_told_of_again(server: Town) -> None:
    t, begins = server, server.now + HOUR
    for week in range(3):
        at = begins + timedelta(days=7 * week)
        t.club_hears(ClubRun("a", at, at + HOUR)).wait(days=7)
    assert posts(t) == ["Tue 11:30"] * 3


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("starts", "lasts"),
    [
        (datetime.max.replace(tzinfo=UTC), None),
        (datetime.max.replace(tzinfo=UTC) - HOUR, HOUR),
        (datetime.min.replace(tzinfo=UTC), None),
        (datetime(1999, 1, 1, tzinfo=UTC), HOUR),
        (datetime(2026, 11, 25, 9, tzinfo=UTC), -DAY),
        (datetime(2026, 11, 25, 9, tzinfo=UTC), 30 * DAY),
        (datetime(2027, 11, 25, 9, tzinfo=UTC), HOUR),
    ],
)
def test_absurd_dates_are_no_run(
    server: Town,
    starts: datetime,
    lasts: timedelta | None,
    known: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    t = server
    if known:
        t.club_hears(ClubRun("a", t.now + HOUR, t.now + 2 * HOUR))
    t.club_hears(ClubRun("a", starts, None if lasts is None else starts + lasts))
    assert "event failed" not in caplog.text
    assert t.club.planned == ()
    t.wait(days=3)
    assert posts(t) == []


def test_hundreds_of_entries_are_one_post_a_day(server: Town) -> None:
    t, begins = server, server.now + HOUR
    for nth in range(110):
        at = begins + timedelta(hours=nth % 96)
        t.club_hears(ClubRun(f"{nth}", at, at + HOUR))
    assert len(t.club.planned) <= 100
    t.wait(days=6)
    days = [each[:3] for each in posts(t)]
    assert len(days) == len(set(days)) >= 3


def test_old_entries_do_not_stand_in_the_way_of_new_ones(tmp_path: Path) -> None:
    with town(tmp_path) as t:
        t.set_up()
        for nth in range(100):
            t.club_hears(ClubRun(f"{nth}", t.now + HOUR))
        t.wait(days=30).say("Olga", "/club", here=True)
        t.tap("Olga", "Club runs").tap("Olga", "From the server")
        t.posts.clear()
        t.club_hears(ClubRun("new", t.now + 15 * HOUR)).wait(days=2)
        assert len(posts(t)) == 1


def test_runs_that_end_at_one_moment_are_one(server: Town) -> None:
    t, begins = server.agrees("Ann"), server.now + HOUR
    opts_in(t, "Ann")
    for key in "abc":
        t.club_hears(ClubRun(key, begins, begins + HOUR))
    t.wait(days=2)
    assert posts(t) == ["Tue 11:30"]
    assert offered(t, "Ann") == ["11:45"]


@pytest.mark.parametrize("seed", range(30))
def test_whatever_a_calendar_says_there_is_one_post_a_day_and_none_at_night(seed: int) -> None:
    chance = random.Random(seed)
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    one = Club(1, SERVER, "en", "Europe/Berlin", posts=True, calendar=True, ran=now)
    told: list[tuple[datetime, Message]] = []
    for _ in range(60):
        until = now + timedelta(minutes=chance.randrange(600))
        looked = 0
        while (due := due_at(one)) is not None and due <= until:
            looked += 1
            assert looked < 100, "time stands still"
            now = max(now + timedelta(milliseconds=1), due)
            scene, said = step(ClubScene(one, SERVER), Wake(), now)
            one = changed(scene.club, tellings=())
            told += [(now, each) for each in said]
        now = until
        starts = now + timedelta(minutes=chance.randrange(-900, 3000))
        lasts = timedelta(minutes=chance.randrange(15, 500))
        ends = chance.choice((None, starts + lasts, starts + lasts, max(starts, now)))
        run = ClubRun(chance.choice("abcde"), starts, ends, called_off=chance.random() < 0.1)
        for _ in range(chance.choice((1, 1, 2))):
            scene, said = step(ClubScene(one, SERVER), run, now)
            one = changed(scene.club, tellings=())
            told += [(now, each) for each in said]
    days = [at.astimezone(one.clock).date() for at, _ in told]
    assert len(days) == len(set(days))
    assert not [at for at, _ in told if one.is_quiet(at)]
    assert len(one.planned) <= 100


def test_a_rest_that_is_called_off_as_a_run_ends_is_called_off_for_all(tmp_path: Path) -> None:
    with town(tmp_path) as t:
        t.agrees("Ann")
        weekly(t, "Mon 19:00, 60 min").say("Olga", "/together 20:10", here=True)
        t.tap("Ann", "Join").wait(minutes=29).say("Olga", "/together", here=True)
        t.now = datetime(2026, 11, 23, 19, 0, 1, tzinfo=UTC)
        t.tap("Olga", "Call it off").wait(minutes=20)
        assert t.person("Ann").joining is None
        assert any("called off" in line or "does not begin" in line for line in t.lines[-12:])


# Being removed


def test_for_thirty_days_nothing_ends_and_nothing_is_said(t: Town) -> None:
    t.agrees("Ann")
    weekly(t, "every day 18:00, 60 min").challenge()
    t.tap("Ann", "Join")
    opts_in(t, "Ann").rests("Ann")
    t.club_hears(Left())
    t.lines.clear()
    t.posts.clear()
    t.wait(days=10).club_hears(Left()).wait(days=19, hours=23)
    assert t.posts == []
    assert offered(t, "Ann") == []
    assert rows(t, "member") == rows(t, "entry") == 1
    t.club_hears(Joined())
    assert t.club.left is None
    assert t.club.running
    t.wait(days=2)
    assert posts(t)
    assert offered(t, "Ann")


def test_a_second_word_that_we_are_out_does_not_prolong_it(t: Town) -> None:
    t.set_up().club_hears(Left()).wait(days=20)
    t.club_hears(Left()).wait(days=10, minutes=1)
    assert every(t) == []


def test_then_what_is_the_clubs_goes_and_nothing_else(t: Town) -> None:
    t.agrees("Ann")
    first, other = t.place, OTHERS[t.place]
    for place in (other, first):
        t.place = place
        weekly(t, "Tue 18:00, 60 min").challenge()
        t.tap("Ann", "Join")
        opts_in(t, "Ann")
    gone = t.club.id
    t.rests("Ann").club_hears(Left()).wait(days=30, hours=1)
    assert every(t) == [(other.platform, other.chat_id)]
    assert rows(t, "rest") == 1
    with t.store.reading() as db:
        assert set(db.execute(select(member.c.club_id)).scalars()) == {3 - gone}
        assert set(db.execute(select(entry.c.club_id)).scalars()) <= {3 - gone}
        assert not db.execute(select(outbox).where(outbox.c.club_id == gone)).all()
    t.lines.clear()
    t.wait(days=7)
    assert offered(t, "Ann") == ["19:15"]
    t.say("Olga", "/club", here=True)
    assert t.club.id not in (1, 2)
    assert "Thanks for having me" in t.heard("Olga")


def test_who_rests_on_after_we_were_removed_ends_no_club(t: Town) -> None:
    t.agrees("Ann").set_up().challenge()
    t.tap("Ann", "Join").say("Olga", "/together", here=True).tap("Olga", "In 5")
    t.tap("Ann", "Join").club_hears(Left())
    t.wait(minutes=2.5).tap("Ann", "None of these").wait(minutes=30)
    assert len(every(t)) == 1
    assert rows(t, "entry") == 1


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("Max", Press("1|0|cheer|1|1")),
        ("Max", Press("1|0|club|1|panel")),
        ("Olga", Press("1|0|club|1|panel")),
        ("Olga", Command("club")),
        ("Olga", Text("Tokyo")),
    ],
)
def test_nothing_that_is_said_elsewhere_takes_back_that_we_are_out(
    t: Town, who: str, said: Event
) -> None:
    t.set_up().tap("Olga", "Clock").club_hears(Left())
    t.hear(who, said)
    assert t.club.left is not None
    t.wait(days=30, hours=1)
    assert every(t) == []


def test_a_word_in_the_club_shows_that_we_are_there_again(t: Town) -> None:
    t.set_up().club_hears(Left()).wait(days=1).say("Olga", "/club", here=True)
    assert t.club.left is None
    assert "Legs Up in this club" in t.heard("Olga")


# Moving


@pytest.mark.parametrize("order", [*permutations(("joined", "left", "moved")), ("moved",) * 2])
def test_a_group_that_moves_is_one_club_in_whatever_order_it_is_told(
    group: Town, order: tuple[str, ...]
) -> None:
    t = group.agrees("Ann")
    weekly(t, "Tue 19:00, 60 min").challenge()
    t.tap("Ann", "Join")
    opts_in(t, "Ann")
    before = t.club
    told: dict[str, Event] = {"joined": Joined(), "left": Left(), "moved": Moved(NEW.chat_id)}
    for what in order:
        t.place = NEW if what == "joined" else GROUP
        t.club_hears(told[what])
    t.place = NEW
    assert every(t) == [(NEW.platform, NEW.chat_id)]
    assert same(t.club) == changed(before, at=None, place=NEW)
    assert rows(t, "member") == rows(t, "entry") == 1
    t.posts.clear()
    t.wait(days=1, hours=2)
    assert [each.to for _, each, _ in t.posts] == [NEW]
    assert offered(t, "Ann") == ["20:15"]
    t.place = GROUP
    t.club_hears(Left()).club_hears(Moved(NEW.chat_id))
    t.place = NEW
    assert t.club.left is None


def test_old_settings_win_over_those_of_the_new_chat(group: Town) -> None:
    t = weekly(group, "Tue 19:00, 60 min")
    before = t.club
    t.place = NEW
    t.locale = "de"
    t.say("Olga", "/club Tokyo", here=True)
    t.place = GROUP
    t.club_hears(Moved(NEW.chat_id))
    t.place = NEW
    assert same(t.club) == changed(before, at=None, place=NEW)
    t.say("Olga", "/club", here=True)
    assert "Legs Up in this club" in t.heard("Olga") or "in diesem" in t.heard("Olga")


def test_who_opted_in_at_the_new_chat_stays_in(group: Town) -> None:
    t = weekly(group.agrees("Ann", "Ben"), "Tue 19:00, 60 min")
    opts_in(t, "Ann")
    t.place = NEW
    t.club_hears(Joined())
    opts_in(t, "Ann")
    opts_in(t, "Ben")
    t.place = GROUP
    t.club_hears(Moved(NEW.chat_id))
    assert rows(t, "member") == 2


def test_what_waits_to_be_posted_goes_along(tmp_path: Path) -> None:
    with town(tmp_path, replace(GROUP, thread="5")) as t:
        weekly(t, "Wed 10:00, 60 min")
        t.now = datetime(2026, 11, 25, 10, 0, 1, tzinfo=UTC)
        t.store.turn(Batch(due={"telegram": 250}), conversation.step, t.now)
        t.store.turn(Batch(heard=(_nobodys(t, Moved(NEW.chat_id)),)), conversation.step, t.now)
        with t.store.reading() as db:
            waits = db.execute(select(outbox.c.chat_id, outbox.c.thread)).all()
        assert [tuple(each) for each in waits] == [(NEW.chat_id, "5")]


def _nobodys(t: Town, event: Event) -> Incoming:
    return Incoming(f"nobody-{t.now}", t.place, "", event, group=t.place, club=t.place)


def test_a_rest_of_many_goes_along(group: Town) -> None:
    t = group.agrees("Ann").set_up()
    t.say("Olga", "/together", here=True).tap("Olga", "In 5").tap("Ann", "Join")
    t.club_hears(Moved(NEW.chat_id)).wait(minutes=2.5).tap("Ann", "None of these")
    t.place = NEW
    assert t.club.together is not None
    assert t.club.together.place == NEW
    t.posts.clear()
    t.wait(minutes=3)
    assert "We begin" in t.posts[0][1].text


# Failing


def test_a_club_that_fails_harms_no_other_wake(t: Town) -> None:
    t.agrees("Ann").say("Ann", "/remind tomorrow 19:45")
    first = t.place
    weekly(t, "Tue 19:00, 60 min")
    t.place = OTHERS[first]
    weekly(t, "Tue 19:00, 60 min")
    opts_in(t, "Ann")
    t.place = first
    club_id = t.club.id
    breaks(t)
    t.wait(days=1, hours=2)
    t.place = OTHERS[first]
    assert any("20:00:00 to the club" in line for line in t.lines)
    assert t.club.posted is not None
    with t.store.reading() as db:
        broken = db.execute(select(club).where(club.c.id == club_id)).one()
    assert broken.failures >= 4
    assert t.now < broken.wake_at <= t.now + 6 * HOUR
    assert any("to Ann" in line for line in t.lines[-20:])


def test_who_speaks_to_a_club_that_fails_is_told_so(t: Town) -> None:
    t.agrees("Ann").set_up()
    club_id = t.club.id
    breaks(t)
    t.say("Olga", "/club", here=True)
    assert WENT_WRONG in t.heard("Olga")
    t.press("Ann", f"1|0|club|{club_id}|panel")
    assert WENT_WRONG in t.heard("Ann")
    t.say("Ann", "/up")
    assert WENT_WRONG not in t.heard("Ann")


@pytest.mark.parametrize("said", ["/challenge", "/log 5", "/forget"])
def test_a_club_that_fails_stands_in_nobodys_way(t: Town, said: str) -> None:
    t.agrees("Ann").set_up().challenge()
    t.tap("Ann", "Join")
    breaks(t)
    t.say("Ann", said)
    assert WENT_WRONG not in t.heard("Ann")


def test_a_club_that_fails_keeps_nobody_from_being_forgotten(t: Town) -> None:
    t.agrees("Ann").set_up().challenge()
    t.tap("Ann", "Join").say("Ann", "/forget")
    breaks(t)
    t.tap("Ann", "Delete everything")
    assert rows(t, "person") == 0


def test_a_club_that_fails_does_not_stop_the_sweep(t: Town) -> None:
    t.agrees("Ann", "Ben").set_up().challenge()
    t.tap("Ann", "Join")
    breaks(t)
    t.store.sweep(t.now + timedelta(days=800))
    assert rows(t, "person") == 0


# Many


def test_thousands_are_each_told_once_though_we_are_closed_in_between(tmp_path: Path) -> None:
    with town(tmp_path) as t:
        t.agrees("Ann").say("Ann", "/quiet none")
        weekly(t, "Wed 10:00, 60 min")
        club_id = t.club.id
        who = crowd(t, "Ann", 5000)
        with t.store.transaction() as db:
            db.execute(insert(member), [{"club_id": club_id, "person_id": one} for one in who])
        heard: Counter[int] = Counter()
        pieces: list[int] = []

        def counted(scene: Scene, event: Event, now: datetime) -> tuple[Scene, tuple[Message, ...]]:
            if isinstance(event, RunFinished):
                heard[scene.person.id] += 1
                return scene, ()
            return conversation.step(scene, event, now)

        t.now = datetime(2026, 11, 25, 10, 0, 1, tzinfo=UTC)
        for turn in range(40):
            before = heard.total()
            t.store.turn(Batch(due={"discord": 0}), counted, t.now)
            pieces.append(heard.total() - before)
            if t.club.tellings == ():
                break
            if turn % 5 == 2:
                t.store.close()
                t.store.open()
            t.now += timedelta(seconds=1)
        assert heard == Counter(who)
        assert max(pieces) <= 250
        t.store.turn(Batch(due={"discord": 0}), counted, t.now + timedelta(minutes=1))
        assert heard.total() == 5000


@pytest.mark.parametrize("said", ["/together my chest hurts", "/club help I cannot breathe"])
def test_a_cry_is_heard_first_whatever_it_is_said_with(t: Town, said: str) -> None:
    t.agrees("Olga").set_up().say("Olga", said, here=True)
    assert "112" in t.heard("Olga")
    assert t.club.together is None


def test_a_cheer_of_an_organiser_takes_nothing_from_them(group: Town) -> None:
    t = group.agrees("Ann").set_up().challenge()
    t.tap("Ann", "Join").wait(days=6).say("Olga", "/club", here=True)
    data = t.sees[t.place]["Cheer"][0]
    t.press("Olga", data, here=True).tap("Olga", "Who may start")
    assert t.club.everyone
