"""Two people who become one, in both databases and in a running service."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, insert, select

from bot import conversation
from bot.content.words import plain
from bot.conversation.club import Club, Crowd, Entry, Part
from bot.conversation.person import Hold, Person
from bot.events import (
    Address,
    Blocked,
    Command,
    Incoming,
    Message,
    Press,
    Receipt,
    TryLater,
    Unblocked,
    Unreachable,
)
from bot.service import Service
from bot.store import Batch, Done, Outcome, Store, Waiting, clubs, people
from bot.store.clubs import SHARED
from bot.store.privacy import PERSONAL, Move, merge, record
from bot.store.tables import entry, metadata, part
from tests.standin import START, FakePlatform, HandClock, path_of, says
from tests.test_privacy import everything_in, fill, in_a_club, rows_of

TELEGRAM, DISCORD = Address("telegram", "t-1"), Address("discord", "d-1", "thread")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.process)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/legs.db"
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres_url"))
    opened = Store(url, patience=0.05, folder=tmp_path)
    opened.open()
    yield opened
    opened.close()


def line(place: Address, said: str, number: int) -> Incoming:
    """A line as somebody types it."""
    name, _, argument = said.removeprefix("/").partition(" ")
    return Incoming(f"line-{number}", place, "ada", Command(name, argument), locale="en")


class Talk:
    """Two chats with the real conversation and a real store."""

    def __init__(self, store: Store) -> None:
        self.store, self.now, self.count = store, START, 0
        self.shown: dict[tuple[Address, str], str] = {}

    def hear(self, place: Address, *lines: str) -> Done:
        done = Done()
        for each in lines:
            done = self.turn(line(place, each, self.number))
        return done

    def tap(self, place: Address, label: str) -> Done:
        found = [
            data
            for (at, full), data in self.shown.items()
            if (at, full[: len(label)]) == (place, label)
        ]
        return self.turn(Incoming(f"tap-{self.number}", place, "ada", Press(found[-1])))

    @property
    def number(self) -> int:
        self.count += 1
        return self.count

    def turn(self, *heard: Incoming) -> Done:
        done = self.store.turn(Batch(heard=heard), conversation.step, self.now)
        for each in done.words:
            for row in each.message.buttons:
                for button in row:
                    self.shown.pop((each.message.to, button.label), None)
                    self.shown[each.message.to, button.label] = button.data
        return done

    def wake(self, **later: float) -> Done:
        self.now += timedelta(**later)
        room = {"telegram": 250, "discord": 250}
        return self.store.turn(Batch(due=room), conversation.step, self.now)

    def say_all(self) -> list[Waiting]:
        words, _ = self.store.waiting()
        back = tuple(Outcome(each, Receipt(f"m-{each.id}")) for each in words)
        self.store.turn(Batch(outcomes=back), conversation.step, self.now)
        return words

    def greet(self, place: Address, *ticks: str) -> None:
        self.hear(place, "/start", "/zone Berlin")
        self.tap(place, "I agree")
        self.hear(place, "/zone Berlin")
        for page in range(4):
            if page == 0 and ticks:
                self.tap(place, ticks[0])
                self.tap(place, "Done, next")
            else:
                self.tap(place, "None of these")

    def link(self) -> Done:
        done = self.hear(TELEGRAM, "/link")
        [code] = [each.message.text.split("/link ")[1].split("*")[0] for each in done.words]
        self.hear(DISCORD, f"/link {code}")
        self.tap(DISCORD, "Yes, that is me")
        return self.tap(TELEGRAM, "Yes, link us")

    def who(self, place: Address) -> Person:
        with self.store.reading() as db:
            row = people.there(db, place)
            assert row is not None
            return replace(people.read(row.version, row.state), id=row.id)

    def home(self, place: Address) -> tuple[str, str]:
        with self.store.reading() as db:
            row = people.there(db, place)
            assert row is not None
            at = people.known(db, row.id)
            assert at is not None
            person = metadata.tables["person"]
            queue = select(person.c.platform).where(person.c.id == row.id)
            assert db.execute(queue).scalar() == at.platform
            return at.platform, at.chat_id


@pytest.fixture
def talk(store: Store) -> Talk:
    talk = Talk(store)
    talk.greet(TELEGRAM)
    talk.greet(DISCORD)
    talk.say_all()
    return talk


def ids(store: Store) -> list[int]:
    with store.reading() as db:
        return list(db.execute(select(metadata.tables["person"].c.id)).scalars())


def test_two_become_one_and_every_row_of_theirs_follows(talk: Talk) -> None:
    one, two = talk.who(TELEGRAM).id, talk.who(DISCORD).id
    assert (one, two) == (1, 2)
    done = talk.link()
    assert talk.who(TELEGRAM) == talk.who(DISCORD)
    assert ids(talk.store) == [1]
    assert done.joined == {2: 1}
    assert {each.message.to for each in done.words} == {TELEGRAM, DISCORD}
    assert {each.person_id for each in done.words} == {1}
    assert rows_of(talk.store, metadata.tables["link"], 1) == []


@pytest.mark.parametrize("table", sorted(PERSONAL))
def test_after_a_merge_nothing_names_who_vanished(store: Store, table: str) -> None:
    """Whatever refers to a person: filled for both, merged, exported and forgotten."""
    fill(store, TELEGRAM)
    fill(store, DISCORD)
    chosen = metadata.tables[table]
    before = len(rows_of(store, chosen, 1)) + len(rows_of(store, chosen, 2))
    assert before >= 2
    with store.transaction() as db:
        merge(db, 2, 1, 1000)
        columns = [name for name, how in PERSONAL[table].moves.items() if how is Move.OVER]
        for name in columns:
            assert 2 not in db.execute(select(chosen.c[name])).scalars().all()
    gone = table in ("person", "link")
    after = rows_of(store, chosen, 1)
    assert len(after) == before - 1 if gone else len(after) == before
    assert rows_of(store, chosen, 2) == []
    with store.transaction() as db:
        assert TELEGRAM.chat_id in record(db, 1)
        assert DISCORD.chat_id in record(db, 1)
    store.turn(Batch(heard=(says("/forget", DISCORD),)), _forgets, START)
    assert rows_of(store, chosen, 1) == []
    for word in (TELEGRAM.chat_id, DISCORD.chat_id):
        assert word not in everything_in(store).replace("gone", "")


def test_who_is_in_the_same_of_a_club_twice_is_in_it_once(store: Store) -> None:
    fill(store, TELEGRAM)
    fill(store, DISCORD)
    for place in (TELEGRAM, DISCORD):
        in_a_club(store, place, one=77)
    with store.transaction() as db:
        merge(db, 2, 1, 1000)
        for table in SHARED:
            rows = db.execute(select(table).where(table.c.club_id == 77)).all()
            assert [row.person_id for row in rows] == [1], table.name


TODAY = START.date()


def filled(store: Store, *entries: tuple[int, Entry]) -> None:
    """Two people in a club with those entries, by the number of who has each."""
    for place in (TELEGRAM, DISCORD):
        fill(store, place)
    with store.transaction() as db:
        clubs.add(db, Club(77, Address("fake", "the-club")), START)
        for who, one in entries:
            clubs.keep_entries(db, who, [one])


def of_club(store: Store, table: Table) -> list[dict[str, object]]:
    with store.reading() as db:
        chosen = select(table).where(table.c.club_id == 77).order_by(*table.primary_key)
        return [dict(row) for row in db.execute(chosen).mappings()]


@pytest.mark.parametrize("hides", [1, 2])
def test_two_entries_of_one_day_are_one_and_nobodys_wish_is_lost(store: Store, hides: int) -> None:
    week, later = ((TODAY, TODAY + timedelta(days=6)), (TODAY + timedelta(days=9),) * 2)
    one = Entry(77, 1, TODAY, TODAY + timedelta(days=3), "Ann", hidden=hides == 1, off=(later,))
    other = Entry(77, 1, TODAY, None, "Her other", hidden=hides == 2, off=(week, later))
    filled(store, (1, one), (2, other))
    with store.transaction() as db:
        merge(db, 2, 1, 1000)
    [row] = of_club(store, entry)
    assert (row["person_id"], row["joined"], row["left"]) == (1, TODAY, None)
    assert (row["name"], row["hidden"]) == ("Ann", True)
    days = [[each.isoformat() for each in span] for span in (week, later)]
    assert json.loads(str(row["off"])) == days


def test_entries_that_do_not_meet_stay_as_they_are(store: Store) -> None:
    days = [TODAY + timedelta(days=n) for n in range(9)]
    filled(
        store,
        (1, Entry(77, 1, days[0], days[2])),
        (2, Entry(77, 1, days[4], days[6])),
        (2, Entry(77, 1, days[6], days[7])),  # out and in again on one day is one time
        (2, Entry(77, 2, days[1])),
    )
    with store.transaction() as db:
        merge(db, 2, 1, 1000)
    found = of_club(store, entry)
    assert {row["person_id"] for row in found} == {1}
    assert [(row["number"], row["joined"], row["left"]) for row in found] == [
        (1, days[0], days[2]),
        (1, days[4], days[7]),
        (2, days[1], None),
    ]


@pytest.mark.parametrize(
    ("stays", "vanishes", "left"),
    [
        (("in", 0), ("in", 0), ("in", 0)),
        (("in", 0), ("done", 60), ("in", 0)),
        (("in", 0), ("out", 0), ("in", 0)),
        (("done", 300), ("in", 0), ("done", 300)),
        (("done", 300), ("done", 60), ("done", 300)),
        (("out", 0), ("done", 60), ("done", 60)),
        (("out", 0), ("in", 0), ("out", 0)),
        # What the newer has joined is let go, as a check or a card that they had begun.
        (None, ("in", 0), ("out", 0)),
        (None, ("done", 60), ("done", 60)),
    ],
)
def test_two_places_in_a_rest_of_many_are_one_and_nobody_is_waited_for(
    store: Store,
    stays: tuple[str, int] | None,
    vanishes: tuple[str, int],
    left: tuple[str, int],
) -> None:
    filled(store)
    with store.transaction() as db:
        for who, place in ((1, stays), (2, vanishes)):
            clubs.keep_parts(db, who, [Part(77, 5, *place)] if place else [])
        merge(db, 2, 1, 1000)
        crowd = clubs.crowd(db, 77, 5)
    [row] = of_club(store, part)
    assert (row["person_id"], row["number"], row["phase"], row["seconds"]) == (1, 5, *left)
    assert crowd.inside == (left[0] != "out")
    assert crowd.waiting == (left[0] == "in")


def test_a_rest_of_many_does_not_wait_for_who_is_somebody_else_now(talk: Talk) -> None:
    with talk.store.transaction() as db:
        clubs.add(db, Club(77, Address("fake", "the-club")), START)
        clubs.keep_parts(db, 2, [Part(77, 5, "in")])
    talk.link()
    assert talk.who(TELEGRAM).joining is None
    with talk.store.reading() as db:
        assert clubs.crowd(db, 77, 5) == Crowd()


def test_both_chats_manage_their_club_after_a_merge(store: Store) -> None:
    filled(store)
    with store.transaction() as db:
        for place in (TELEGRAM, DISCORD):
            clubs.manages(db, place, 77, "runs", START + timedelta(minutes=5))
        merge(db, 2, 1, 1000)
        for place in (TELEGRAM, DISCORD):
            found = clubs.managed(db, place, START)
            assert found is not None
            assert (found.club_id, found.asking) == (77, "runs")
    assert len(rows_of(store, metadata.tables["organiser"], 1)) == 2


def _forgets(scene, event, now):
    return replace(scene, gone=True), ()


def test_rests_of_both_are_one_history(talk: Talk) -> None:
    with talk.store.transaction() as db:
        rest = metadata.tables["rest"]
        for who in (1, 2):
            row = {"person_id": who, "number": 3, "started": START, "seconds": 60 * who}
            db.execute(insert(rest).values(**row, variation="classic", bedtime=False, feeling=""))
    shift = talk.who(TELEGRAM).next_number
    done = talk.link()
    found = rows_of(talk.store, metadata.tables["rest"], 1)
    assert {row["number"] for row in found} == {3, 3 + shift}
    assert done.words
    [stats] = talk.hear(DISCORD, "/stats").words
    assert "2 rests so far" in stats.message.text


def test_old_words_and_old_buttons_stay_good(talk: Talk) -> None:
    talk.hear(DISCORD, "/remind tomorrow at 7")
    [card] = talk.hear(DISCORD, "/reminders").words
    assert card.person_id == 2
    talk.link()
    # It was on the wire all the time, and comes back from a person who is no more.
    late = Outcome(card, Receipt("late"))
    talk.store.turn(Batch(outcomes=(late,)), conversation.step, talk.now)
    [shown] = [
        row
        for row in rows_of(talk.store, metadata.tables["shown"], 1)
        if row["message_id"] == "late"
    ]
    assert shown["person_id"] == 1
    [answer] = talk.tap(DISCORD, "Take away 07:00").words
    assert "07:00" in plain(answer.message.text)
    assert talk.who(TELEGRAM).agenda.wanted.once == ()


def test_words_that_nobody_can_be_told_find_the_other_chat(talk: Talk) -> None:
    words = talk.hear(DISCORD, "/help").words
    talk.link()
    talk.hear(DISCORD, "/help")
    assert talk.home(TELEGRAM) == ("discord", "d-1")
    lost = tuple(Outcome(each, Unreachable()) for each in words)
    talk.store.turn(Batch(outcomes=lost), conversation.step, talk.now)
    assert talk.home(DISCORD) == ("telegram", "t-1")


def test_both_in_one_batch_with_others(talk: Talk) -> None:
    done = talk.hear(TELEGRAM, "/link")
    [code] = [each.message.text.split("/link ")[1].split("*")[0] for each in done.words]
    talk.hear(DISCORD, f"/link {code}")
    talk.tap(DISCORD, "Yes, that is me")
    yes = talk.shown[TELEGRAM, "Yes, link us"]
    third = Address("telegram", "t-3")
    talk.turn(
        line(DISCORD, "/bedtime 22:00", 900),
        Incoming("b", TELEGRAM, "ada", Press(yes)),
        line(third, "/start", 901),
        line(DISCORD, "/reminders", 902),
    )
    assert talk.who(DISCORD).agenda.wanted.bedtimes
    assert ids(talk.store) == [1]
    talk.turn(
        line(TELEGRAM, "/runs Tue 18:30, one hour", 903),
        line(DISCORD, "/quiet 23:00-7:00", 904),
    )
    wanted = talk.who(TELEGRAM).agenda.wanted
    assert wanted.bedtimes
    assert wanted.runs


def test_a_code_lies_there_as_a_digest_and_goes_with_its_minutes(talk: Talk) -> None:
    done = talk.hear(TELEGRAM, "/link")
    talk.say_all()
    [code] = [each.message.text.split("/link ")[1].split("*")[0] for each in done.words]
    assert code.replace("-", "") not in everything_in(talk.store)
    assert len(rows_of(talk.store, metadata.tables["link"], 1)) == 1
    talk.hear(TELEGRAM, "/link")
    assert len(rows_of(talk.store, metadata.tables["link"], 1)) == 1, "one code of each chat"
    talk.store.sweep(talk.now + timedelta(minutes=11))
    assert rows_of(talk.store, metadata.tables["link"], 1) == []


@pytest.mark.parametrize("place", [TELEGRAM, DISCORD])
def test_forget_in_between_takes_the_code_along(talk: Talk, place: Address) -> None:
    done = talk.hear(TELEGRAM, "/link")
    [code] = [each.message.text.split("/link ")[1].split("*")[0] for each in done.words]
    talk.hear(DISCORD, f"/link {code}")
    talk.tap(DISCORD, "Yes, that is me")
    talk.hear(place, "/forget")
    talk.tap(place, "Delete everything")
    if place == DISCORD:
        [said] = talk.tap(TELEGRAM, "Yes, link us").words[:1]
        assert "over" in said.message.text
    assert len(ids(talk.store)) == 1
    with talk.store.reading() as db:
        assert db.execute(select(metadata.tables["link"])).all() == []


def test_an_export_names_the_code_and_both_chats(talk: Talk) -> None:
    talk.hear(TELEGRAM, "/link")
    with talk.store.reading() as db:
        assert "digest of the code" in record(db, 1)
    talk.link()
    with talk.store.reading() as db:
        both = record(db, 1)
    assert "t-1" in both
    assert "d-1" in both


def test_who_was_two_is_forgotten_as_both_in_an_older_backup(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/legs.db", patience=0.05)
    store.open()
    talk = Talk(store)
    talk.greet(TELEGRAM)
    talk.greet(DISCORD)
    store.close()
    older = tmp_path / "older.db"
    shutil.copy(path_of(store), older)
    store.open()
    talk.link()
    talk.hear(DISCORD, "/forget")
    done = talk.tap(DISCORD, "Delete everything")
    assert done.left == {TELEGRAM, DISCORD}
    assert ids(store) == []
    store.close()
    shutil.copy(older, path_of(store))
    store.open()
    assert store.forgotten_again == 2
    assert ids(store) == []
    store.close()


# Where reminders go


def test_reminders_go_where_they_last_spoke_or_where_they_are_pinned(talk: Talk) -> None:
    talk.link()
    talk.hear(DISCORD, "/help")
    assert talk.home(TELEGRAM) == ("discord", "d-1")
    talk.hear(TELEGRAM, "/help")
    assert talk.home(TELEGRAM) == ("telegram", "t-1")
    talk.hear(TELEGRAM, "/link")
    talk.tap(TELEGRAM, "Always on Discord")
    assert talk.home(TELEGRAM) == ("discord", "d-1")
    talk.hear(TELEGRAM, "/remind in 2 hours")
    assert talk.home(TELEGRAM) == ("discord", "d-1")
    [rang] = talk.wake(hours=2).words
    assert rang.message.to == DISCORD


def test_a_pinned_chat_that_cannot_be_reached_falls_back(talk: Talk) -> None:
    talk.link()
    talk.hear(TELEGRAM, "/link")
    words = talk.tap(TELEGRAM, "Always on Discord").words
    reminder = [replace(each, message=replace(each.message, to=DISCORD)) for each in words]
    lost = tuple(Outcome(each, Unreachable()) for each in reminder)
    talk.store.turn(Batch(outcomes=lost), conversation.step, talk.now)
    assert talk.home(TELEGRAM) == ("telegram", "t-1")
    talk.hear(TELEGRAM, "/help")
    assert talk.home(TELEGRAM) == ("telegram", "t-1")
    talk.hear(DISCORD, "/help")
    talk.hear(TELEGRAM, "/help")
    assert talk.home(TELEGRAM) == ("discord", "d-1")


def test_a_rest_is_led_where_it_was_begun(talk: Talk) -> None:
    talk.link()
    talk.hear(TELEGRAM, "/link")
    talk.tap(TELEGRAM, "Always on Discord")
    talk.hear(TELEGRAM, "/seat")
    assert isinstance(talk.who(TELEGRAM).hold, Hold)
    assert talk.home(TELEGRAM) == ("telegram", "t-1")
    talk.hear(DISCORD, "/settings")
    assert talk.home(TELEGRAM) == ("telegram", "t-1"), "looking elsewhere moves no rest"
    said = talk.wake(minutes=6).words
    assert {each.message.to for each in said} == {TELEGRAM}
    assert talk.who(TELEGRAM).hold is None
    assert talk.home(TELEGRAM) == ("discord", "d-1"), "what comes next goes where it is pinned"


# Two again


def test_a_chat_that_leaves_has_somebody_new_in_it(talk: Talk) -> None:
    talk.link()
    talk.hear(TELEGRAM, "/bedtime 22:00")
    talk.hear(DISCORD, "/unlink")
    done = talk.tap(DISCORD, "Unlink")
    left, stays = talk.who(DISCORD), talk.who(TELEGRAM)
    assert (stays.id, left.id) == (1, 3)
    assert left.clearance == stays.clearance
    assert left.agenda.wanted.bedtimes == ()
    assert stays.agenda.wanted.bedtimes
    assert talk.home(TELEGRAM) == ("telegram", "t-1")
    assert talk.home(DISCORD) == ("discord", "d-1")
    assert {each.message.to: each.person_id for each in done.words} == {DISCORD: 3, TELEGRAM: 1}
    for table in ("outbox", "shown", "address"):
        mine = rows_of(talk.store, metadata.tables[table], 3)
        assert {row["person_id"] for row in mine} <= {3}
    talk.hear(DISCORD, "/forget")
    talk.tap(DISCORD, "Delete everything")
    assert ids(talk.store) == [1]
    assert talk.who(TELEGRAM).agenda.wanted.bedtimes


def test_linked_apart_and_linked_again(talk: Talk) -> None:
    talk.link()
    talk.hear(TELEGRAM, "/unlink")
    talk.tap(TELEGRAM, "Unlink")
    assert (talk.who(DISCORD).id, talk.who(TELEGRAM).id) == (1, 3)
    talk.link()
    assert talk.who(DISCORD).id == talk.who(TELEGRAM).id == 1
    assert [who for who, _ in talk.who(DISCORD).formerly] == [2, 3]


# With the service


def test_seen_from_outside_they_keep_their_reminder_and_their_refusal(store: Store) -> None:
    """Through the whole program, with two platforms; the words of one hang meanwhile."""
    telegram, discord, clock = FakePlatform("telegram"), FakePlatform("discord"), HandClock()

    def pressing(platform: FakePlatform, label: str) -> Press:
        every = [b for m in platform.said for row in m.buttons for b in row]
        return Press([b.data for b in every if b.label.startswith(label)][-1])

    async def run() -> None:
        count = iter(range(1000))

        async def tap(platform: FakePlatform, place: Address, label: str) -> None:
            pressed = pressing(platform, label)
            await service.receive(Incoming(f"tap-{next(count)}", place, "ada", pressed))
            await service.settled(place)

        async def type_(place: Address, said: str) -> None:
            await service.receive(line(place, said, next(count)))
            await service.settled(place)

        async with (
            asyncio.timeout(30),
            Service(store, clock, [telegram, discord], conversation.step) as service,
        ):
            for platform, place, tick in ((telegram, TELEGRAM, "1 Heart"), (discord, DISCORD, "")):
                await type_(place, "/start")
                await tap(platform, place, "I agree")
                for page in range(4):
                    if tick and page == 0:
                        await tap(platform, place, tick)
                        await tap(platform, place, "Done, next")
                    else:
                        await tap(platform, place, "None of these")
            await type_(TELEGRAM, "/zone Berlin")
            await type_(TELEGRAM, "/remind in 3 hours")
            await type_(TELEGRAM, "/link")
            code = telegram.texts[-1].split("/link ")[1].split("*")[0]
            await type_(DISCORD, f"/link {code}")

            def later(message: Message) -> None:
                raise TryLater(60)

            discord.before = later
            await type_(DISCORD, "/settings")
            pressed = pressing(discord, "Yes, that is me")
            await service.receive(Incoming("yes", DISCORD, "ada", pressed))
            await service.settled(TELEGRAM)
            await tap(telegram, TELEGRAM, "Yes, link us")
            discord.before = lambda message: None
            await service.travel(START + timedelta(minutes=5))
            assert any("*Linked.*" in each for each in discord.texts)
            assert any("Linked.*" in each for each in telegram.texts)
            await type_(DISCORD, "/up")
            assert "First ask a clinician" in discord.texts[-1]
            await service.travel(START + timedelta(hours=4))
            assert store.people() == 1
            shown = [plain(each) for each in discord.texts]
            assert not any("t-1" in each for each in shown)

    asyncio.run(run())


def test_a_wake_of_who_vanished_does_nothing(talk: Talk) -> None:
    talk.link()
    done = talk.store.turn(Batch(only=(2,)), conversation.step, talk.now)
    assert (done.words, done.failed) == ([], set())


def test_a_chat_that_can_be_reached_again_is_home_to_whom_nothing_else_is(store: Store) -> None:
    talk = Talk(store)
    talk.greet(TELEGRAM)
    talk.greet(DISCORD)
    talk.link()
    talk.hear(DISCORD, "/remind in 5 hours")
    talk.turn(Incoming("news-1", DISCORD, "ada", Blocked()))
    talk.turn(Incoming("news-2", TELEGRAM, "ada", Blocked()))
    talk.turn(Incoming("news-3", DISCORD, "ada", Unblocked()))
    said = talk.wake(hours=5).words
    assert [each.message.to for each in said if "Legs up?" in each.message.text] == [DISCORD]


def test_a_code_that_is_said_in_a_group_is_good_for_nobody(store: Store) -> None:
    talk = Talk(store)
    talk.greet(TELEGRAM)
    talk.greet(DISCORD)
    done = talk.hear(DISCORD, "/link")
    [code] = [each.message.text.split("/link ")[1].split("*")[0] for each in done.words]
    club = Address("telegram", "club")
    talk.turn(Incoming("aloud", TELEGRAM, "ada", Command("link", code), group=club))
    [said] = talk.hear(TELEGRAM, f"/link {code}").words
    assert "That code does not work" in said.message.text
