"""What is kept of a person: every column is named, exported, forgotten and outdated."""

import asyncio
import json
import logging
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, insert, select, text

from bot.conversation.club import Challenge, Club, Entry, Kind, Part, Score
from bot.conversation.person import Rest
from bot.events import Address, Incoming, Message, Press, Receipt, Refused, TryLater
from bot.practice.clearance import Variation
from bot.service import Service
from bot.store import Batch, Done, Guest, Outcome, Store, clubs, people
from bot.store.clubs import SHARED
from bot.store.privacy import (
    HANDLED_KEPT,
    IMPERSONAL,
    PEOPLE_SWEPT,
    PERSONAL,
    SHOWN_KEPT,
    SWEPT,
    UNUSED_KEPT,
    WAITING_KEPT,
    record,
)
from bot.store.tables import entry, handled, metadata, outbox, person, tally
from tests.standin import (
    AWAY,
    HOME,
    LINK_LASTS,
    START,
    FakePlatform,
    HandClock,
    path_of,
    says,
    step,
    until,
)

TELLING = {"person_id", "chat_id", "author", "thread", "platform", "state", "payload", "feeling"}
"""Names of columns that tell of a person wherever they stand."""


def opened(folder: Path) -> Store:
    store = Store(f"sqlite:///{folder}/legs.db", patience=0.05)
    store.open()
    return store


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.process)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/legs.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    store = Store(url, patience=0.05, folder=tmp_path)
    store.open()
    yield store
    store.close()


def hear(store: Store, *texts: str, place=HOME, days: float = 0) -> None:
    for each in texts:
        turn(store, says(each, place), START + timedelta(days=days))


def turn(store: Store, incoming: Incoming, now=START, step=step) -> Done:
    return store.turn(Batch(heard=(incoming,)), step, now)


def say_all(store: Store, days: float = 0) -> list[str]:
    """All that waits, as the sender says it; what was erased is wiped as the service does."""
    words, _ = store.waiting()
    back = tuple(Outcome(waiting, Receipt(f"receipt-{waiting.id}")) for waiting in words)
    store.turn(Batch(outcomes=back), step, START + timedelta(days=days))
    if store.unwiped:
        store.wipe()
    return [waiting.message.text for waiting in words]


def sweep(store: Store, now: datetime) -> None:
    while store.sweep(now)[0]:
        pass


def rows_of(store: Store, table: Table, who: int) -> list[dict[str, object]]:
    with store.transaction() as db:
        found = db.execute(select(table).where(PERSONAL[table.name].mine(who))).mappings()
        return [dict(row) for row in found]


def fill(store: Store, place=HOME) -> None:
    """A row for this person in every personal table, most of them twice."""
    hear(store, "keep", "rest 1", "rest 2", "in 86400", "card first", place=place)
    say_all(store)
    hear(store, "waits", "card second", "/link", place=place)
    store.let_in(Guest(replace(place, thread=""), "blue-shoes", "en"), START)
    in_a_club(store, place)


def in_a_club(store: Store, place: Address, one: int = 0) -> None:
    """A row in everything that a club is shared by, in a club of their own unless one is given."""
    with store.transaction() as db:
        row = people.there(db, place)
        assert row is not None
        club_id = one or 1000 + row.id
        if clubs.known(db, club_id) is None:
            clubs.add(db, Club(club_id, Address("fake", f"club-{club_id}")), START)
        clubs.keep_member(db, club_id, row.id, wants=True)
        clubs.keep_parts(db, row.id, [Part(club_id, 1, "in")])
        clubs.keep_entries(db, row.id, [Entry(club_id, 1, START.date())])
        clubs.manages(db, place, club_id, "", START + LINK_LASTS)


def on_disk(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in path_of(store).parent.iterdir())


# The registry


def test_every_table_is_named_once() -> None:
    assert not PERSONAL.keys() & IMPERSONAL
    assert PERSONAL.keys() | IMPERSONAL == metadata.tables.keys()


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_every_column_that_tells_of_a_person_is_named(name: str) -> None:
    table = metadata.tables[name]
    telling = {
        column.name
        for column in table.columns
        if column.name in TELLING
        or any(key.column.table.name in PERSONAL for key in column.foreign_keys)
    }
    if name == "club":
        telling -= {"platform", "chat_id", "state"}  # a group's or a server's
    if name in IMPERSONAL:
        assert not telling, f"{name} tells of people: name it in PERSONAL"
    else:
        assert PERSONAL[name].columns.keys() == set(table.columns.keys())
        titles = list(PERSONAL[name].columns.values())
        assert len(titles) == len(set(titles))


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_every_column_that_refers_to_a_person_says_how_it_moves(name: str) -> None:
    table = metadata.tables[name]
    refers = {
        column.name
        for column in table.columns
        if any(key.column.table.name in ("person", "address") for key in column.foreign_keys)
    }
    refers |= {"id", "home"} if name == "person" else set()
    assert PERSONAL[name].moves.keys() == refers
    keyed = [column.name for column in table.primary_key]
    # What is unique for a person would meet the same of the other's.
    own = [each for each in keyed if each not in refers and refers & {*keyed}]
    if table in SHARED:
        assert "club_id" in own  # then one row of two stays (`clubs.joined`)
        return
    assert own == ([PERSONAL[name].numbered] if PERSONAL[name].numbered else [])


def test_the_walk_would_find_a_new_table() -> None:
    # The same two questions, of a schema that somebody forgot to name.
    assert {"person", "diary"} - PERSONAL.keys() - IMPERSONAL == {"diary"}


# Export


def test_an_export_holds_every_row_of_the_person_and_no_other(store: Store) -> None:
    fill(store, AWAY)
    fill(store)
    who = 2
    with store.transaction() as db:
        exported = json.loads(record(db, who))
    for name, each in PERSONAL.items():
        kept = rows_of(store, metadata.tables[name], who)
        assert kept, f"{name} is not filled by this test"
        assert len(exported[each.title]) == len(kept)
        for row in exported[each.title]:
            assert row.keys() == set(each.columns.values())
    whole = json.dumps(exported)
    assert HOME.chat_id in whole
    assert AWAY.chat_id not in whole


def test_export_is_handed_to_the_command(store: Store) -> None:
    fill(store)
    hear(store, "/export")
    exported = json.loads(say_all(store)[-1])
    assert exported["about you"][0]["what is remembered"]["consent"]["keep"] == "result"
    assert [row["number"] for row in exported["rests"]] == [1, 2]


def test_an_export_says_where_somebody_is_at_home_and_what_led_to_their_words(
    store: Store,
) -> None:
    fill(store)
    with store.reading() as db:
        exported = json.loads(record(db, 1))
    [about] = exported["about you"]
    [place] = exported["where we talk"]
    assert about["number of the address in use"] == place["number"]
    assert (about["platform in use"], place["chat"]) == ("fake", HOME.chat_id)
    [waits, _] = exported["words on their way"]
    assert waits["trace"]
    assert waits["said at"] == START.isoformat()
    assert waits["message"]["text"] == "waits"


# Forget


def everything_in(store: Store) -> str:
    with store.reading() as db:
        return "\n".join(
            str(tuple(row))
            for table in metadata.tables.values()
            for row in db.execute(table.select())
        )


def test_forget_leaves_no_row_on_any_database(store: Store) -> None:
    place = replace(HOME, chat_id="4915112345678", thread="thread-of-ada")
    fill(store, AWAY)
    fill(store, place)
    hear(store, "card xylophone", "waits xylophone", place=place)
    unsaid = {each.id for each in store.waiting()[0] if each.message.to == place}
    assert len(unsaid) == 4
    done = turn(store, says("/forget", place))
    assert done.gone == unsaid, "whoever says them is told not to"
    # What is left is the goodbye, until it was said.
    [goodbye] = done.words
    store.turn(Batch(outcomes=(Outcome(goodbye, Receipt("late")),)), step, START)
    left = everything_in(store)
    for word in (place.chat_id, place.thread, "xylophone", "'ada'"):
        assert (word in left) == (word == "'ada'"), "the other has the same author's name"
    assert store.waiting()[0] == []
    assert AWAY.chat_id in left


def test_words_of_whoever_was_forgotten_are_not_said_any_more(url: str) -> None:
    platform, clock = FakePlatform(), HandClock()

    async def run() -> None:
        async with (
            asyncio.timeout(20),
            Service(Store(url, patience=0.05), clock, [platform], step) as service,
        ):
            await service.receive(says("keep"))
            await service.settled(HOME)

            def later(message: Message) -> None:
                raise TryLater(60)

            platform.before = later
            for each in ("two xylophone zither", "card harp", "/forget"):
                await service.receive(says(each))
            await service.settled(HOME)
            platform.before = lambda message: None
            await service.travel(START + timedelta(seconds=90))
            assert platform.texts == ["keep", "gone"]
            assert service._sender.waiting() == {"fake": 0}

    asyncio.run(run())


def test_who_is_forgotten_while_the_service_runs_leaves_no_byte(tmp_path: Path) -> None:
    async def run() -> None:
        store, platform = Store(f"sqlite:///{tmp_path}/legs.db"), FakePlatform()
        async with asyncio.timeout(20), Service(store, HandClock(), [platform], step) as service:
            for each in ("keep", "card xylophone"):
                await service.receive(says(each))
            await service.settled(HOME)
            assert HOME.chat_id.encode() in on_disk(store)
            await service.receive(says("/forget"))
            await service.settled(HOME)
            await until(lambda: HOME.chat_id.encode() not in on_disk(store))

    asyncio.run(run())


def test_forget_leaves_nothing_anywhere(tmp_path: Path) -> None:
    store = opened(tmp_path)
    place = replace(HOME, chat_id="4915112345678", thread="thread-of-ada")
    secret = "xylophone-of-ada"
    fill(store, place)
    fill(store, AWAY)
    hear(store, f"card {secret}", f"waits {secret}", place=place)
    for word in (place.chat_id, place.thread, secret):
        assert word.encode() in on_disk(store)

    hear(store, "/forget", place=place)
    for name in PERSONAL:
        assert rows_of(store, metadata.tables[name], 1) == []
        assert rows_of(store, metadata.tables[name], 2), "somebody else's stays"

    # Of all that still waited for them only this step's goodbye; the rest is the other's.
    assert sorted(say_all(store)) == ["gone", "second", "waits"]
    for word in (place.chat_id, place.thread, secret):
        assert word.encode() not in on_disk(store)
    store.close()
    for word in (place.chat_id, place.thread, secret):
        assert word.encode() not in on_disk(store)


@pytest.mark.process
def test_forget_among_many_leaves_no_byte_in_free_space(tmp_path: Path) -> None:
    store, chance = opened(tmp_path), random.Random(7)
    places = [replace(HOME, chat_id=f"chat-{n:04}-of-somebody") for n in range(120)]
    for place in places:
        fill(store, place)
    for _ in range(120):
        # States grow and shrink, so that pages are split and joined again.
        hear(store, f"in {chance.randrange(10**6)}", "rest 3", place=chance.choice(places))
    say_all(store)
    gone = chance.sample(places, 25)
    for place in gone:
        hear(store, "/forget", place=place)
    say_all(store)
    disk = on_disk(store)
    assert [place.chat_id for place in gone if place.chat_id.encode() in disk] == []
    assert all(place.chat_id.encode() in disk for place in places if place not in gone)
    store.close()


def test_forget_covers_words_that_are_on_the_wire(tmp_path: Path) -> None:
    store = opened(tmp_path)
    hear(store, "keep")
    say_all(store)
    hear(store, "card secret")
    [waiting] = store.waiting()[0]
    done = turn(store, says("/forget"))
    assert done.gone == {waiting.id}
    store.turn(Batch(outcomes=(Outcome(waiting, Receipt("late")),)), step, START)
    assert say_all(store) == ["gone"]
    assert HOME.chat_id.encode() not in on_disk(store)
    store.close()


def test_forget_reaches_the_log_once_nobody_reads_it_any_more(tmp_path: Path) -> None:
    store = opened(tmp_path)
    hear(store, "keep")
    say_all(store)
    reader = sqlite3.connect(path_of(store), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("select * from address").fetchall()
    hear(store, "/forget")
    assert say_all(store) == ["gone"]
    assert store.unwiped
    assert HOME.chat_id.encode() in on_disk(store)
    reader.execute("ROLLBACK")
    reader.close()
    say_all(store)
    assert HOME.chat_id.encode() not in on_disk(store)
    store.close()


def test_no_thanks_keeps_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path)
    hear(store, "hello", "no thanks")
    assert say_all(store) == ["hello", "no thanks"]
    assert HOME.chat_id.encode() not in on_disk(store)
    store.close()


def test_event_ids_are_kept_as_digests_only(tmp_path: Path) -> None:
    store = opened(tmp_path)
    turn(store, says("hello", id=f"{HOME.chat_id}:17"))
    say_all(store)
    assert HOME.chat_id.encode() not in on_disk(store)
    store.close()


# What is left in a challenge

FIRST = START.date()
LAST = FIRST + timedelta(days=13)
NAME = "xylophone-of-ada"
CLUB = Address("fake", "the-club")
RESTS = (
    # The day, the seconds that count, and whether it was told of afterwards.
    (0, 300, False),  # before they were in
    (1, 300, False),
    (1, 600, False),  # of several the longest
    (1, 60, False),
    (3, 240, False),
    (4, 300, False),  # out
    (5, 300, False),  # out
    (6, 300, False),
    (7, 0, False),  # too short
    (8, 420, True),
    (14, 300, False),  # the challenge is over
)
COUNT = {1: 600, 3: 240, 6: 300}


def in_a_challenge(store: Store, *, logged: bool) -> Challenge:
    """Two people in one, out and in again, whose rests do not all count."""
    made = Challenge(1, Kind.TEAM, FIRST, LAST, 1000, "bbbbb", ranking=True, logged=logged)
    day = [FIRST + timedelta(days=n) for n in range(15)]
    with store.transaction() as db:
        clubs.add(db, Club(77, CLUB, challenges=(made,)), START)
        for place in (HOME, AWAY):
            row = people.there(db, place)
            assert row is not None
            name = NAME if place == HOME else "harp"
            times = [(day[1], day[4]), (day[6], None)]
            clubs.keep_entries(db, row.id, [Entry(77, 1, *each, name) for each in times])
            over = [
                Rest(
                    n, START, seconds, Variation.CLASSIC, day=day[on], counted=seconds, logged=tell
                )
                for n, (on, seconds, tell) in enumerate(RESTS, 100)
            ]
            people.keep_rests(db, [(row.id, each) for each in over])
    return made


def counted(store: Store, made: Challenge) -> clubs.Counted:
    with store.reading() as db:
        return clubs.counted(db, 77, made)


def is_gone(store: Store, how: str) -> None:
    """Somebody asks for it, says nothing for two years, or wants no rests kept any more."""
    if how == "unused":
        hear(store, "hello", place=AWAY, days=700)
        sweep(store, START + UNUSED_KEPT + timedelta(seconds=1))
    else:
        hear(store, "/forget" if how == "forgotten" else "nothing")


@pytest.mark.parametrize("logged", [False, True])
@pytest.mark.parametrize("how", ["forgotten", "unused", "nothing"])
def test_what_counted_stays_in_a_challenge_and_is_nobodys(
    store: Store, how: str, *, logged: bool
) -> None:
    for place in (HOME, AWAY):
        fill(store, place)
    made = in_a_challenge(store, logged=logged)
    before = counted(store, made).score
    each = COUNT | ({8: 420} if logged else {})
    assert before == Score(2, 2 * len(each), 2 * sum(each.values()))
    is_gone(store, how)
    after = counted(store, made)
    assert after.score == replace(before, runners=1)
    assert [rank.name for _, rank in after.first] == ["harp"]
    with store.reading() as db:
        left = [dict(row) for row in db.execute(select(tally)).mappings()]
        inside = set(db.execute(select(entry.c.person_id)).scalars())
    for row in left:
        assert row.keys() == {"id", "club_id", "number", "day", "seconds"}
        assert (row["club_id"], row["number"]) == (77, 1)
    assert {row["day"]: row["seconds"] for row in left} == {
        FIRST + timedelta(days=on): seconds for on, seconds in each.items()
    }
    assert len(left) == len(each)
    assert inside == {2}
    assert NAME not in everything_in(store)
    for name in PERSONAL:
        if name not in ("entry", "rest") and how == "nothing":
            assert rows_of(store, metadata.tables[name], 1), "nothing else was asked for"
        else:
            assert rows_of(store, metadata.tables[name], 1) == []


def test_everybody_can_be_forgotten_and_the_total_stays(store: Store) -> None:
    for place in (HOME, AWAY):
        fill(store, place)
    made = in_a_challenge(store, logged=True)
    before = counted(store, made).score
    for place in (AWAY, HOME):
        hear(store, "/forget", place=place)
    assert counted(store, made) == clubs.Counted(replace(before, runners=0))
    assert store.people() == 0


@pytest.mark.parametrize("result", [None, Score(2, 8, 1)])
def test_nothing_is_left_in_a_challenge_that_is_over_or_nowhere(
    store: Store, result: Score | None
) -> None:
    for place in (HOME, AWAY):
        fill(store, place)
    made = in_a_challenge(store, logged=True)
    kept = (replace(made, result=result),) if result else ()
    with store.transaction() as db:
        clubs.save(db, Club(77, CLUB, challenges=kept), START, START)
    hear(store, "/forget")
    with store.reading() as db:
        assert db.execute(select(tally)).all() == []
        assert set(db.execute(select(entry.c.person_id)).scalars()) == {2}


def test_of_an_entry_in_a_challenge_no_byte_is_left_in_a_file(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for place in (HOME, AWAY):
        fill(store, place)
    made = in_a_challenge(store, logged=True)
    assert NAME.encode() in on_disk(store)
    hear(store, "/forget")
    say_all(store)
    assert NAME.encode() not in on_disk(store)
    assert HOME.chat_id.encode() not in on_disk(store)
    store.close()
    assert NAME.encode() not in on_disk(store)
    store.open()
    assert counted(store, made).score.runners == 1
    store.close()


# Retention


@pytest.mark.parametrize(
    ("table", "kept"),
    [
        ("handled", HANDLED_KEPT),
        ("shown", SHOWN_KEPT),
        ("outbox", WAITING_KEPT),
        ("rest", UNUSED_KEPT),
        ("person", UNUSED_KEPT),
        ("address", UNUSED_KEPT),
        ("guest", UNUSED_KEPT),
        ("link", LINK_LASTS),
        ("organiser", LINK_LASTS),
        ("member", UNUSED_KEPT),
        ("part", UNUSED_KEPT),
        ("entry", UNUSED_KEPT),
    ],
)
def test_every_table_lets_go_after_its_period(store: Store, table: str, kept) -> None:
    fill(store)
    count = select(text("count(*)")).select_from(metadata.tables[table])

    def left() -> int:
        with store.transaction() as db:
            return int(db.execute(count).scalar_one())

    before = left()
    assert before
    sweep(store, START + kept)
    assert left() == before
    sweep(store, START + kept + timedelta(seconds=1))
    assert left() == 0


def test_every_personal_table_has_a_tested_period() -> None:
    [mark] = test_every_table_lets_go_after_its_period.pytestmark
    # A club lets go of its own in its own time.
    clubs_own = {"club", "tally", "cheer"}
    assert {name for name, _ in mark.args[1]} == PERSONAL.keys() | IMPERSONAL - clubs_own - {
        "setting"
    }


def test_who_is_still_there_keeps_everything(store: Store) -> None:
    fill(store)
    hear(store, "hello", days=700)
    sweep(store, START + timedelta(days=800))
    assert len(rows_of(store, metadata.tables["rest"], 1)) == 2


def test_much_is_swept_in_pieces(store: Store) -> None:
    with store.transaction() as db:
        db.execute(insert(handled), [{"event": f"{n}", "at": START} for n in range(SWEPT + 300)])
    for _ in range(SWEPT + 100):
        hear_nothing = replace(HOME, chat_id="of-a-stranger")
        store.turn(Batch(heard=(says("hello", hear_nothing),)), step, START)
    places = [replace(HOME, chat_id=f"chat-{n}") for n in range(PEOPLE_SWEPT + 20)]
    store.turn(Batch(heard=tuple(says("keep", place) for place in places)), step, START)
    unsaid = {each.id for each in store.waiting()[0]}
    now, pieces = START + UNUSED_KEPT + timedelta(seconds=1), []
    gone: set[int] = set()
    while (piece := store.sweep(now))[0]:
        pieces.append(piece[0])
        assert len(piece[1]) <= SWEPT + len(places)
        gone |= piece[1]
    assert len(pieces) >= 3
    assert max(pieces) <= 2 * SWEPT + PEOPLE_SWEPT
    assert gone == unsaid, "whoever says them is told of each"
    assert store.unwiped
    assert store.people() == 0
    assert everything_in(store).count("chat") == 0


def test_a_person_without_any_address_is_outdated_at_once(store: Store) -> None:
    with store.transaction() as db:
        db.execute(insert(person).values(id=1, lane=3, at=START, failures=0, version=1, state="{}"))
    sweep(store, START)
    assert rows_of(store, person, 1) == []


def test_who_wants_nothing_kept_any_more_loses_the_history_and_stays(store: Store) -> None:
    hear(store, "keep")
    hear(store, "rest 1")
    assert len(rows_of(store, metadata.tables["rest"], 1)) == 1
    hear(store, "nothing")
    assert rows_of(store, metadata.tables["rest"], 1) == []
    assert len(rows_of(store, person, 1)) == 1


# Logs


def test_no_log_at_any_level_holds_a_word_or_an_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
    answers: list[Exception] = [
        OSError(f"POST https://api.telegram.org/bot{token}/sendMessage"),
        Refused(f"{HOME.chat_id}: xylophone"),
        TryLater(0),
    ]

    class Failing(FakePlatform):
        async def send(self, message: Message, edits: str = "", number: int = 0) -> Receipt:
            if answers:
                raise answers.pop()
            return await super().send(message, edits)

    async def run() -> None:
        store = Store(f"sqlite:///{tmp_path}/legs.db")
        platform = Failing()
        async with Service(store, HandClock(), [platform], step) as service:
            for each in ("keep", "xylophone", "boom xylophone", "hold", "/export"):
                await service.receive(says(each))
            pressed = Incoming("9", HOME, "ada", Press("xylophone 1"))
            await service.receive(pressed)
            await service.travel(START + timedelta(hours=1))  # the failing hold, and the retries
            await service.receive(says("/forget"))
            await service.settled(HOME)
            assert platform.texts[-1] == "gone"

    asyncio.run(run())
    log = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert "failed" in log
    for secret in ("xylophone", HOME.chat_id, "what she said", token, "ada'"):
        assert secret not in log


def test_pseudonyms_are_stable_and_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    store, other = opened(tmp_path), opened(tmp_path / "other")
    first = store.pseudonym(HOME)
    assert first != other.pseudonym(HOME)
    assert first != store.pseudonym(AWAY)
    store.close()
    store.open()
    assert store.pseudonym(HOME) == first
    store.close()
    other.close()


def test_an_export_holds_no_ticks_of_a_check_under_way(store: Store) -> None:
    from bot.conversation import step as real

    for data in ("1|0|consent|result", "1|1|tick|1|heart|on"):
        turn(store, Incoming(data, HOME, "ada", Press(data)), step=real)
    say_all(store)
    [row] = rows_of(store, person, 1)
    assert '"heart"' in str(row["state"])
    with store.transaction() as db:
        assert "heart" not in record(db, 1)


def test_an_export_holds_no_way_to_answer_in_their_place(store: Store) -> None:
    from bot.conversation import step as real

    event = Press("1|0|consent|result")
    turn(store, Incoming("press", HOME, "ada", event, reply="a token"), step=real)
    [row] = rows_of(store, outbox, 1)
    assert "a token" in str(row["payload"])
    with store.transaction() as db:
        assert "a token" not in record(db, 1)
