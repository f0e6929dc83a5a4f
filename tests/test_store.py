"""The store by itself, on both databases: its schema, and what a turn leaves in it."""

import asyncio
import errno
import json
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some
from sqlalchemy import Inspector, create_engine, inspect, make_url, text

from bot.conversation.person import Person
from bot.events import Incoming, Lane, Message, Receipt, Refused, Unreachable
from bot.service import Service
from bot.store import (
    Batch,
    Done,
    Outcome,
    Store,
    StoreAway,
    StoreBusy,
    StoreTooNew,
    StoreUnfit,
    StoreUnknown,
    Waiting,
    people,
    server,
)
from bot.store.migrations import MIGRATIONS
from bot.store.tables import metadata, micros
from bot.store.turns import NO_SOONER
from tests.standin import (
    AWAY,
    HOME,
    START,
    FakePlatform,
    HandClock,
    path_of,
    says,
    step,
)

CLEO = replace(HOME, chat_id="chat-of-cleo")
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.process)]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/legs.db", patience=0.05)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/legs.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    opened = Store(url, patience=0.05, folder=tmp_path)
    opened.open()
    yield opened
    opened.close()


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    with store.reading() as db:
        return [tuple(row) for row in db.execute(text(sql))]


def change(store: Store, sql: str) -> None:
    with store.transaction() as db:
        db.execute(text(sql))


def turn(store: Store, incoming: Incoming, step=step, now=START) -> Done:
    return store.turn(Batch(heard=(incoming,)), step, now)


def hear(store: Store, *texts: str, at: float = 0, place=HOME) -> None:
    for each in texts:
        turn(store, says(each, place), now=START + timedelta(seconds=at))


def wake(store: Store, at: float = 0, room: int = 250, step=step) -> Done:
    """Whoever is due then."""
    return store.turn(Batch(due={HOME.platform: room}), step, START + timedelta(seconds=at))


def waiting(store: Store) -> list[Waiting]:
    return store.waiting()[0]


def refresh(store: Store) -> None:
    after: int | None = 0
    while after is not None:
        after = store.refresh(after)


def came_back(store: Store, *outcomes: Outcome, at: float = 0) -> Done:
    return store.turn(Batch(outcomes=outcomes), step, START + timedelta(seconds=at))


# The file


def test_migrations_lead_to_the_tables_in_code(store: Store) -> None:
    with store.reading() as db:
        context = MigrationContext.configure(db, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_foreign_keys_and_uniqueness_are_as_in_code(store: Store) -> None:
    with store.reading() as db:
        _compare_keys(inspect(db))


def _compare_keys(found: Inspector) -> None:
    for table in metadata.tables.values():
        keys = {
            (key["constrained_columns"][0], key["referred_table"], key["options"]["ondelete"])
            for key in found.get_foreign_keys(table.name)
        }
        assert keys == {
            (key.parent.name, key.column.table.name, key.ondelete) for key in table.foreign_keys
        }
        keyed = found.get_pk_constraint(table.name)["constrained_columns"]
        assert keyed == [column.name for column in table.primary_key]


TABLES = "select name, sql from sqlite_master where sql is not null"


def test_a_file_gives_no_id_twice_where_the_code_says_so(file: Store) -> None:
    made = {name for name, sql in rows(file, TABLES) if "AUTOINCREMENT" in str(sql)}
    assert made == {
        name
        for name, table in metadata.tables.items()
        if table.dialect_options["sqlite"]["autoincrement"]
    }
    assert {"person", "address", "club"} <= made


def test_clubs_can_be_taken_back_and_leave_nothing_of_theirs(tmp_path: Path) -> None:
    path = tmp_path / "legs.db"
    written_before(path)
    migrated(path, command.upgrade, "0004")

    def schema() -> dict[str, str]:
        with closing(sqlite3.connect(path)) as db:
            return {name: sql.replace('"', "") for name, sql in db.execute(TABLES)}

    before = schema()
    migrated(path, command.upgrade, "0005")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("insert into club values (1, 'fake', 'club', null, 0, 0, 0, 1, 1, '{}')")
        values = "values ('fake', 'club', '', 'post', 1, 'm', 5)"
        names = "platform, chat_id, thread, slot, club_id, message_id, at"
        db.execute(f"insert into shown ({names}) {values}")
    migrated(path, command.downgrade, "0004")
    assert schema() == before
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("select message_id from shown").fetchall() == [("the card",)]
        assert db.execute("select count(*) from outbox").fetchone() == (4,)
    migrated(path, command.upgrade, "0005")


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/legs.db")
    store.open()
    change(store, "update alembic_version set version_num = '9999'")
    store.close()
    with pytest.raises(StoreTooNew):
        store.open()
    # A refusal lets go of the file.
    other = sqlite3.connect(path_of(store), isolation_level=None)
    other.execute("update alembic_version set version_num = '0005'")
    other.close()
    store.open()
    store.close()


def test_a_second_program_on_the_same_file_is_refused(file: Store) -> None:
    second = Store(f"sqlite:///{path_of(file)}")
    with pytest.raises(StoreBusy):
        second.open()


def test_closing_or_opening_twice_is_no_harm(file: Store) -> None:
    file.open()
    file.close()
    file.close()
    with pytest.raises(StoreAway):
        file.get("anything")


@pytest.mark.process
def test_a_killed_program_leaves_the_file_free(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/legs.db"
    program = (
        f"from bot.store import Store\ns = Store({url!r})\ns.open()\nprint('open', flush=True)\n"
        "input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout
        assert first.stdout.readline() == b"open\n"
        second = Store(url)
        with pytest.raises(StoreBusy):
            second.open()
        first.send_signal(signal.SIGKILL)
        first.wait(10)
        second.open()
        second.close()


@pytest.mark.parametrize("url", ["mysql://user@host/legs", "sqlite://", "sqlite:///:memory:"])
def test_what_is_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(StoreUnknown):
        Store(url)


def test_nobody_else_may_read_the_file(file: Store) -> None:
    for path in path_of(file).parent.glob("legs.db*"):
        if not path.name.endswith(".lock"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_percent_sign_in_the_path_is_only_a_character(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/100%25 rest/legs.db")
    store.open()
    store.close()
    assert path_of(store).exists()


def test_a_file_that_is_no_database_is_said_to_be_away(tmp_path: Path) -> None:
    (tmp_path / "legs.db").write_text("dear diary\n" * 1000)
    with pytest.raises(StoreAway, match="not a database"):
        Store(f"sqlite:///{tmp_path}/legs.db").open()


@pytest.mark.parametrize("table", ["recipe", "alembic_version"])
def test_another_programs_database_is_refused_before_anything_touches_it(
    tmp_path: Path, table: str
) -> None:
    path = tmp_path / "legs.db"
    other = sqlite3.connect(path)
    other.execute(f"create table {table} (id)")
    other.close()
    before = path.read_bytes(), path.stat().st_mtime_ns
    store = Store(f"sqlite:///{path}")
    for _ in range(2):
        with pytest.raises(StoreUnfit) as refused:
            store.open()
        assert refused.value.why == "foreign"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert not list(tmp_path.glob("legs.db-*"))


def test_what_is_wrong_with_a_file_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "legs.db").write_text("dear diary\n" * 1000)
    with pytest.raises(StoreUnfit) as refused:
        Store(f"sqlite:///{tmp_path}/legs.db").open()
    assert refused.value.why == "garbled"
    sqlite3.connect(tmp_path / "mine.db").close()
    with (
        closing(sqlite3.connect(f"file:{tmp_path}/mine.db?mode=ro", uri=True)) as db,
        pytest.raises(sqlite3.OperationalError) as failed,
    ):
        db.execute("create table t (id)")
    nameless = Store(f"sqlite:///{tmp_path}/mine.db").database
    for error in (failed.value, OSError(errno.EROFS, "Read-only file system")):
        found = nameless.trouble(error)
        assert isinstance(found, StoreUnfit)
        assert found.why == "read_only"
    assert not isinstance(nameless.trouble(OSError(errno.ENOSPC, "full")), StoreUnfit)
    assert not isinstance(nameless.trouble(sqlite3.OperationalError("locked")), StoreUnfit)


def test_reading_goes_on_while_another_program_writes(file: Store) -> None:
    hear(file, "keep", "in 60")
    with closing(sqlite3.connect(path_of(file), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert file.next_wake() == START + timedelta(seconds=60)
        assert not file.with_legs_up()
        assert file.last_at() == START


def test_a_locked_database_is_away_and_comes_back(file: Store) -> None:
    other = sqlite3.connect(path_of(file), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreAway):
        hear(file, "keep")
    other.execute("ROLLBACK")
    other.close()
    hear(file, "keep")
    assert [each.message.text for each in waiting(file)] == ["keep"]


def test_pragmas(file: Store) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
    found = [rows(file, f"PRAGMA {pragma}")[0][0] for pragma in pragmas]
    assert found == ["wal", 2, 1, 1, 50]


# People


def test_a_person_comes_back_as_they_were(store: Store) -> None:
    hear(store, "keep", "hold", "in 60")
    [(version, state)] = rows(store, "select version, state from person")
    someone = people.read(version, state)  # type: ignore[arg-type]  # raw rows
    assert someone.hold is not None
    assert people.read(1, people.write(someone)) == someone


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(some.from_type(Person))
def test_any_person_comes_back_as_they_were(someone: Person) -> None:
    # No length is infinite, and JSON has no word for it.
    assume(not re.search(r"\b(inf|nan)\b", repr(someone)))
    assert people.read(1, people.write(someone)) == someone


def test_the_zone_of_whoever_is_there(store: Store) -> None:
    assert store.clock_at(HOME) is None
    turn(store, says("keep", zone="Asia/Tokyo"), step, START)
    assert (store.clock_at(HOME), store.clock_at(AWAY)) == (ZoneInfo("Asia/Tokyo"), None)
    hear(store, "/forget")
    assert store.clock_at(HOME) is None


def test_older_states_are_read_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(people.READERS, 0, lambda old: {"id": old["id"], "locale": old["language"]})
    assert people.read(0, '{"id": 7, "language": "de"}') == Person(7, locale="de")
    for unknown in (-1, people.VERSION + 1):
        with pytest.raises(people.Unreadable):
            people.read(unknown, "{}")


def test_a_state_without_newer_fields_gets_their_defaults() -> None:
    assert people.read(1, '{"id": 7, "no_longer": 1}') == Person(7)


def test_hints_fill_what_is_empty_only(store: Store) -> None:
    turn(store, says("keep", locale="de", zone="Europe/Berlin"), step, START)
    turn(store, says("hi", locale="fr", zone="Asia/Tokyo"), step, START)
    [(state,)] = rows(store, "select state from person")
    someone = people.read(1, str(state))
    assert (someone.locale, someone.zone) == ("de", "Europe/Berlin")


def test_a_second_delivery_changes_nothing(store: Store) -> None:
    turn(store, says("keep", id="7"), step, START)
    before = rows(store, "select * from person"), rows(store, "select * from outbox")
    turn(store, says("keep", id="7"), step, START + timedelta(minutes=1))
    assert (rows(store, "select * from person"), rows(store, "select * from outbox")) == before


def test_the_same_id_on_another_platform_is_another_event(store: Store) -> None:
    turn(store, says("keep", id="7"), step, START)
    turn(store, says("keep", replace(HOME, platform="other"), id="7"), step, START)
    assert len(rows(store, "select * from person")) == 2


def test_a_stranger_who_agrees_to_nothing_leaves_nothing(store: Store) -> None:
    hear(store, "hello", "card look")
    assert rows(store, "select * from person") == []
    assert rows(store, "select * from address") == []
    assert rows(store, "select person_id from outbox") == [(None,), (None,)]
    said = waiting(store)
    assert [each.message.text for each in said] == ["hello", "look"]
    came_back(store, *(Outcome(each, Receipt("1")) for each in said))
    assert rows(store, "select * from shown") == []
    assert waiting(store) == []


def test_an_id_is_never_used_again(store: Store) -> None:
    hear(store, "hello")
    hear(store, "keep")
    hear(store, "/forget")
    hear(store, "keep", place=AWAY)
    assert rows(store, "select id from person") == [(2,)]


def test_rests_are_written_by_number_and_read_back(store: Store) -> None:
    hear(store, "keep", "rest 1", "rest 2")
    hear(store, "rest 2", at=9)
    hear(store, "/stats")
    assert len(rows(store, "select * from rest")) == 2
    [(payload,)] = rows(store, "select payload from outbox order by id desc limit 1")
    assert "2 rests" in str(payload)


def test_time_never_goes_back_for_a_person(store: Store) -> None:
    hear(store, "keep", at=60)
    hear(store, "in 10", at=0)
    [(wake_at,)] = rows(store, "select wake_at from person")
    assert wake_at == (START + timedelta(seconds=70)).timestamp() * 1_000_000
    store.clamp(START)
    assert store.last_at() == START


# Waves


def test_nobody_is_woken_before_their_time(store: Store) -> None:
    hear(store, "keep", "in 60")
    assert store.next_wake() == START + timedelta(seconds=60)
    assert not wake(store, 59).woken
    assert wake(store, 60).woken
    assert not wake(store, 60).woken
    assert store.next_wake() is None


def test_who_has_legs_up_goes_first(store: Store) -> None:
    hear(store, "keep", "in 1")
    hear(store, "keep", "hold", "in 2", place=AWAY)
    assert wake(store, 5).woken
    woken = rows(store, "select chat_id from outbox where payload like '%rang%' order by id")
    assert woken == [(AWAY.chat_id,), (HOME.chat_id,)]


def test_one_failing_step_stops_nobody_else(store: Store) -> None:
    hear(store, "keep", "hold")
    hear(store, "keep", "in 1", place=AWAY)
    assert wake(store, 2).woken
    assert rows(store, "select failures, wake_at from person order by id") == [
        (1, (START + timedelta(seconds=302)).timestamp() * 1_000_000),
        (0, None),
    ]
    said = rows(store, "select chat_id, lane from outbox order by id desc limit 2")
    # Who is in a hold is called down first, the other was served as ever.
    assert set(said) == {(HOME.chat_id, 0), (AWAY.chat_id, 4)}


def test_backoff_doubles_to_six_hours_and_the_exit_is_said_once(store: Store) -> None:
    hear(store, "keep", "hold")
    now, pauses = START, []
    for _ in range(9):
        wake(store, (now - START).total_seconds())
        due = store.next_wake()
        assert due
        pauses.append((due - now) / timedelta(minutes=1))
        now = due
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 360, 360]
    assert len(rows(store, "select * from outbox where lane = 0")) == 1


def test_a_state_that_cannot_be_read_is_a_failing_step(store: Store) -> None:
    hear(store, "keep", "in 1")
    hear(store, "keep", "in 1", place=AWAY)
    change(store, """update person set state = '{"hold": 5}' where id = 1""")
    assert wake(store, 2).woken
    assert rows(store, "select failures from person order by id") == [(1,), (0,)]
    hear(store, "hi")
    [(payload,)] = rows(store, "select payload from outbox order by id desc limit 1")
    assert "went wrong here" in str(payload)


def test_a_batch_that_cannot_be_written_is_redone_one_by_one(store: Store) -> None:
    def bad(scene, event, now):
        scene, said = step(scene, event, now)
        text = "\ud800" if scene.address.chat_id == "bob" else "rang"
        return scene, tuple(replace(message, text=text) for message in said)

    for name in ("ada", "bob", "cleo"):
        hear(store, "keep", "in 1", place=replace(HOME, chat_id=name))
    done = wake(store, 2, step=bad)
    assert [each.message.to.chat_id for each in done.words] == ["ada", "cleo"]
    assert rows(store, "select failures from person order by id") == [(0,), (1,), (0,)]
    assert store.next_wake() == START + timedelta(seconds=302)
    # The one that failed is tried again, and meanwhile nobody waits for it.
    assert [each.message.text for each in wake(store, 302).words] == ["rang"]


def test_a_step_that_leaves_itself_due_is_no_busy_loop(store: Store) -> None:
    hear(store, "keep", "in 1")
    now = START + timedelta(seconds=5)
    assert wake(store, 5, step=lambda scene, event, now: (scene, ())).woken
    assert store.next_wake() == now + NO_SOONER


def test_what_time_is_computed_from_may_change_but_not_a_backoff(store: Store) -> None:
    hear(store, "keep", "in 60")
    hear(store, "keep", "hold", place=AWAY)
    wake(store)
    before = rows(store, "select wake_at from person order by id")
    change(store, "update person set wake_at = 5 where failures = 0")
    refresh(store)
    assert rows(store, "select wake_at from person order by id") == before
    change(store, "update person set wake_at = 5")
    refresh(store)
    assert rows(store, "select wake_at from person where failures > 0") == [(5,)]


def test_one_unreadable_state_does_not_keep_the_program_from_starting(store: Store) -> None:
    hear(store, "keep", "in 60")
    hear(store, "keep", "in 60", place=AWAY)
    change(store, "update person set wake_at = 5")
    change(store, "update person set state = 'no' where id = 1")
    refresh(store)
    store.clamp(START - timedelta(days=1))
    due = (START + timedelta(seconds=60)).timestamp() * 1_000_000
    assert rows(store, "select wake_at from person order by id") == [(5,), (due,)]


# Words


def test_words_wait_in_order_until_they_came_back(store: Store) -> None:
    hear(store, "keep", "two a b")
    first, *others = waiting(store)
    assert [each.message.text for each in (first, *others)] == ["keep", "a", "b"]
    came_back(store, Outcome(first, Receipt("1")))
    assert waiting(store) == others
    came_back(store, Outcome(first, Receipt("1")))
    assert waiting(store) == others


def test_a_turn_hands_on_the_very_words_that_it_wrote(store: Store) -> None:
    done = turn(store, says("keep"))
    assert done.words == waiting(store)
    assert done.words[0].cause
    done = turn(store, says("card 1"))
    came_back(store, Outcome(done.words[0], Receipt("the card")))
    done = turn(store, says("card 2"))
    assert done.words[0].edits == "the card"
    assert done.words == waiting(store)[1:]


def test_refused_and_replaced_words_are_gone_and_others_stay(store: Store) -> None:
    hear(store, "keep", "a", "b", "c")
    keep, a, b, _ = waiting(store)
    came_back(store, Outcome(keep, Refused()), Outcome(a, None), Outcome(b, Unreachable()))
    left, unreachable = store.waiting()
    assert [each.message.text for each in left] == ["b", "c"]
    assert unreachable == {HOME}
    done = turn(store, says("hello"))
    assert HOME in done.reached
    assert store.waiting()[1] == set()


def test_an_unreachable_stranger_leaves_nothing(store: Store) -> None:
    hear(store, "hello")
    came_back(store, *(Outcome(each, Unreachable()) for each in waiting(store)))
    assert rows(store, "select * from outbox") == []


def test_late_words_are_dropped_and_the_core_hears_of_it(store: Store) -> None:
    hear(store, "keep", "soon half-way")
    late = waiting(store)[1:]
    done = store.turn(Batch(late=tuple(late)), step, START + timedelta(seconds=10))
    assert done.gone == {late[0].id}
    assert [each.message.text for each in done.words] == ["too late for cue"]
    assert waiting(store)[1:] == done.words


def test_late_words_of_a_failing_core_are_dropped_all_the_same(store: Store) -> None:
    def failing(scene, event, now):
        raise ValueError

    hear(store, "keep", "soon half-way")
    store.turn(Batch(late=tuple(waiting(store)[1:])), failing, START + timedelta(seconds=10))
    assert len(waiting(store)) == 1


def test_a_message_that_cannot_be_read_stops_nothing(store: Store) -> None:
    hear(store, "keep", "next")
    change(store, "update outbox set payload = '{}' where id = 1")
    assert [each.message.text for each in waiting(store)] == ["next"]
    assert rows(store, "select count(*) from outbox") == [(1,)]


def test_many_events_share_a_commit_and_one_that_fails_harms_none(store: Store) -> None:
    places = [replace(HOME, chat_id=f"chat-{n}") for n in range(20)]
    heard = tuple(says(text, place) for text in ("keep", "a", "b") for place in places)
    boom = says("boom secret", replace(HOME, chat_id="boom"))
    done = store.turn(Batch(heard=(*heard, boom, heard[0])), step, START)
    for place in places:
        assert [w.message.text for w in done.words if w.message.to == place] == ["keep", "a", "b"]
    assert [w.message.text[:9] for w in done.words if w.message.to.chat_id == "boom"] == [
        "That went"
    ]
    assert len(rows(store, "select * from handled")) == 61


def test_an_event_that_cannot_be_written_is_apologised_for(store: Store) -> None:
    def bad(scene, event, now):
        scene, said = step(scene, event, now)
        text = "\ud800" if event == says("bad").event else said[0].text
        return scene, (Message(scene.address, text),)

    heard = (says("keep"), says("keep", AWAY), says("bad"))
    done = store.turn(Batch(heard=heard), bad, START)
    assert sorted(w.message.text[:9] for w in done.words) == ["That went", "keep", "keep"]
    assert not done.failed
    assert len(waiting(store)) == 3


def test_ids_are_never_used_again(url: str, tmp_path: Path) -> None:
    seen: list[int] = []
    for _ in range(3):
        store = Store(url, folder=tmp_path)
        store.open()
        done = turn(store, says("keep"))
        seen += [each.id for each in done.words]
        came_back(store, *(Outcome(each, Receipt()) for each in done.words))
        hear(store, "/forget")
        came_back(store, *(Outcome(each, Receipt()) for each in waiting(store)))
        seen += [int(str(who)) for (who,) in rows(store, "select max(id) from person") if who]
        store.close()
    assert len(set(seen)) == len(seen) == 3


def test_a_wave_takes_whoever_has_legs_up_and_as_many_reminders_as_there_is_room(
    store: Store,
) -> None:
    for n in range(6):
        hear(store, "keep", "in 1", place=replace(HOME, chat_id=f"chat-{n}"))
    hear(store, "keep", "up 0", place=AWAY)
    done = wake(store, 5, room=2)
    assert len(done.woken) == 2, "the one with legs up fails here, and is called down"
    assert done.words[0].message.lane == 0
    assert done.more == {"fake"}
    assert len(wake(store, 5, room=250).woken) == 4
    assert not wake(store, 5, room=0).woken


def test_a_poison_person_where_no_adapter_runs_now_keeps_nobody_busy(store: Store) -> None:
    def bad(scene, event, now):
        scene, said = step(scene, event, now)
        text = "\ud800" if scene.address.platform == "elsewhere" else "rang"
        return scene, tuple(replace(message, text=text) for message in said)

    hear(store, "keep", "in 1", place=replace(HOME, platform="elsewhere"))
    hear(store, "keep", "in 1")
    done = wake(store, 2, step=bad)
    assert [each.message.to for each in done.words] == [HOME]
    wake(store, 2, step=bad)
    assert rows(store, "select failures from person order by id") == [(1,), (0,)]
    assert store.next_wake() == START + timedelta(seconds=302)


def test_what_no_database_takes_harms_nobody_else(store: Store) -> None:
    strange = [
        says("a\0b", replace(HOME, chat_id="zero in the words")),
        says("keep", replace(HOME, chat_id="zero\0")),
        says("a\ud800b", replace(HOME, chat_id="half a letter in the words")),
        says("keep", replace(HOME, chat_id="half a letter\ud800")),
        replace(says("keep", replace(HOME, chat_id="of an author")), author="\ud800\0"),
    ]
    done = store.turn(Batch(heard=(*strange, says("keep"))), step, START)
    said = {each.message.to.chat_id: each.message.text for each in done.words}
    assert said[HOME.chat_id] == "keep"
    assert said["zero in the words"] == "a\0b"
    # Of the others each has either an answer that is written, or is told without the store.
    for incoming in strange:
        assert (incoming.name in done.failed) != (incoming.address.chat_id in said)
    assert waiting(store) == done.words


# PostgreSQL


@pytest.mark.process
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_name_of_the_scheme_means_the_same(postgres_url: str, scheme: str) -> None:
    store = Store(postgres_url.replace("postgresql", scheme, 1))
    store.open()
    assert "fake" not in str(store.database)
    store.close()


@pytest.mark.process
def test_a_second_process_on_a_server_is_refused_until_the_first_is_gone(postgres_url: str) -> None:
    first, second = Store(postgres_url), Store(postgres_url)
    first.open()
    with pytest.raises(StoreBusy):
        second.open()
    first.close()
    second.open()
    second.close()


@pytest.mark.process
def test_a_connection_that_was_lost_comes_back_unless_another_was_quicker(
    postgres_url: str,
) -> None:
    first, second = Store(postgres_url), Store(postgres_url)
    first.open()
    hear(first, "keep")
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        kill = "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
        admin.execute(kill)
        with pytest.raises(StoreAway):
            hear(first, "a")
        hear(first, "b")
        admin.execute(kill)
        with pytest.raises(StoreAway):
            hear(first, "c")
        second.open()
        with pytest.raises(StoreAway, match="in use"):
            hear(first, "d")
        second.close()
        hear(first, "e")
    assert [each.message.text for each in waiting(first)] == ["keep", "b", "e"]
    first.close()


@pytest.mark.process
def test_another_programs_tables_are_left_alone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("create table recipe (id int)")
    with pytest.raises(StoreUnfit) as refused:
        Store(postgres_url).open()
    assert refused.value.why == "foreign"


def admin_of(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url, autocommit=True)


@pytest.mark.process
def test_a_server_that_only_reads_is_unfit_and_fit_again_by_itself(postgres_url: str) -> None:
    name = make_url(postgres_url).database
    store = Store(postgres_url)
    store.open()
    with admin_of(postgres_url) as admin:
        admin.execute(f"alter database {name} set default_transaction_read_only = on")
        admin.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
        with pytest.raises(StoreAway):
            hear(store, "keep")
        for _ in range(2):
            with pytest.raises(StoreUnfit) as refused:
                hear(store, "keep")
            assert refused.value.why == "read_only"
        second = Store(postgres_url)
        with pytest.raises((StoreUnfit, StoreBusy)):
            second.open()
        admin.execute("set default_transaction_read_only = off")
        admin.execute(f"alter database {name} reset default_transaction_read_only")
    hear(store, "keep")
    assert [each.message.text for each in waiting(store)] == ["keep"]
    store.close()


@pytest.mark.process
def test_a_role_that_may_only_read_is_unfit(postgres_url: str) -> None:
    store = Store(postgres_url)
    store.open()
    store.close()
    role = f"reader_{uuid4().hex}"
    with admin_of(postgres_url) as admin:
        admin.execute(f"create role {role} login")
        try:
            admin.execute(f"grant select on all tables in schema public to {role}")
            reader = make_url(postgres_url).set(username=role).render_as_string()
            with pytest.raises(StoreUnfit) as refused:
                Store(reader).open()
            assert refused.value.why == "read_only"
        finally:
            admin.execute(f"drop owned by {role}")
            admin.execute(f"drop role {role}")


@pytest.mark.process
@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout"])
def test_a_statement_that_takes_too_long_is_a_store_that_is_away(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    quick = server.SESSION.replace(f"{limit}={server.STATEMENT_PATIENCE}s", f"{limit}=200ms")
    assert quick != server.SESSION
    monkeypatch.setattr(server, "SESSION", quick)
    store = Store(postgres_url)
    store.open()
    with psycopg.connect(postgres_url) as other:
        other.execute("lock table outbox in access exclusive mode")
        with pytest.raises(StoreAway) as away:
            hear(store, "keep")
        assert not isinstance(away.value, StoreUnfit)
        other.rollback()
    hear(store, "again")
    assert [each.message.text for each in waiting(store)] == ["again"], "nothing was half done"
    assert rows(store, "select count(*) from handled") == [(1,)]
    store.close()


@pytest.mark.process
def test_a_password_is_shown_nowhere(postgres_url: str) -> None:
    store = Store("postgresql://ada:xylophone@127.0.0.1:9/legs")
    with pytest.raises(StoreAway) as failed:
        store.open()
    assert "xylophone" not in f"{store.database} {failed.value} {failed.value!r}"


def test_a_message_comes_back_whole(store: Store) -> None:
    from bot.events import Button, File, Lane

    whole = Message(
        HOME,
        "*hi*",
        ((Button("a", "1"), Button("b", "2")), (Button("c", "3"),)),
        Lane.CUE,
        "hold",
        "half-way",
        START + timedelta(seconds=9, microseconds=1),
        "cue",
        silent=True,
        file=File("export.json", "{}"),
    )
    turn(store, says("keep"), lambda scene, event, now: (scene, (whole,)))
    assert [each.message for each in waiting(store)] == [whole]


def test_settings(store: Store) -> None:
    assert store.get("clock_offset") is None
    store.put("clock_offset", "1.5")
    store.put("clock_offset", "2.5")
    assert store.get("clock_offset") == "2.5"


# Older files


def test_a_file_of_the_first_version_is_taken_over_whole(tmp_path: Path) -> None:
    path = tmp_path / "legs.db"
    written_before(path)
    store = Store(f"sqlite:///{path}", patience=0.05)
    store.open()

    homes = rows(store, "select id, home, platform, lane, failures from person order by id")
    assert homes == [
        (1, 1, "fake", 4, 0),  # of two addresses the one last spoken at
        (2, 4, "other", 2, 3),  # who cannot be reached there is at home at another
        (7, None, "", 3, 0),
    ]
    places = rows(
        store, "select id, chat_id, person_id, reachable, author from address order by id"
    )
    assert places == [
        (1, "chat-of-ada", 1, 1, "ada"),
        (2, "ada-before", 1, 1, "ada"),
        (3, "chat-of-bob", 2, 0, "bob"),
        (4, "bob-elsewhere", 2, 1, "bob"),
    ]
    assert people.read(
        1, str(rows(store, "select state from person where id = 1")[0][0])
    ) == Person(1, locale="de")
    [rest] = rows(store, "select * from rest")
    assert rest == (
        1,
        1,
        5,
        300,
        "classic",
        0,
        "lighter",
        None,
        0,
        0,
    )  # before clubs, it counts not
    assert rows(store, "select message_id from shown") == [("the card",)]
    assert rows(store, "select * from handled") == [("event-7", 5)]
    assert store.get("clock_offset") == "5.0"

    words, unreachable = store.waiting()
    assert [(each.id, each.message.text, each.person_id, each.edits) for each in words] == [
        (3, "first", 1, ""),
        (4, "to a stranger", None, ""),
        (5, "to nobody", 2, ""),
        (9, "card", 1, "the card"),
    ]
    assert words[0].message == Message(HOME, "first", lane=Lane.EXIT, until=START, kind="cue")
    assert [each.at for each in words] == [START] * 3 + [START + timedelta(seconds=1)]
    assert unreachable == {AWAY}

    # Whoever was due is woken, and whatever is new has a number that nobody ever had.
    done = wake(store, 60, step=lambda scene, event, now: (scene, (Message(scene.address, "up"),)))
    assert [each.message.to.chat_id for each in done.words] == ["chat-of-ada"]
    done = store.turn(Batch(heard=(says("keep", CLEO),)), step, START)
    assert [each.id for each in done.words] == [52]
    assert rows(store, "select max(id) from person") == [(13,)]
    assert rows(store, "select max(id) from address") == [(21,)]
    store.close()
    store.open()
    assert [each.id for each in waiting(store)][:4] == [3, 4, 5, 9]
    store.close()


def test_every_word_of_an_older_file_is_said_in_order(tmp_path: Path) -> None:
    written_before(tmp_path / "legs.db")
    platform = FakePlatform()

    async def run() -> None:
        store = Store(f"sqlite:///{tmp_path}/legs.db", patience=0.05)
        clock = HandClock(-timedelta(minutes=1))
        async with asyncio.timeout(20), Service(store, clock, [platform], step) as service:
            assert await service.receive(says("hello"))
            await service.settled(HOME)
            await service.settled(CLEO)

    asyncio.run(run())
    assert [m.text for m in platform.said if m.to == HOME] == ["first", "card", "hello"]
    assert [m.text for m in platform.said if m.to == CLEO] == ["to a stranger"]
    assert AWAY not in [m.to for m in platform.tried], "whom nobody can reach"
    assert dict(zip(platform.texts, platform.edits, strict=True))["card"] == "the card"


def migrated(path: Path, how: Callable[[Config, str], None], to: str) -> None:
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as db:
        config.attributes["connection"] = db
        how(config, to)
    engine.dispose()


def written_before(path: Path) -> None:
    """A file as the first version of the tables had it, with a row for everything."""
    migrated(path, command.upgrade, "0001")
    at = micros(START)
    ada, bob, nobody = (people.write(Person(who, locale="de")) for who in (1, 2, 7))
    first = {"text": "first", "lane": 0, "until": START.isoformat(), "kind": "cue"}
    card = {"text": "card", "slot": "card"}
    with closing(sqlite3.connect(path)) as old, old:
        old.executemany(
            "insert into person values (?, ?, ?, ?, ?, 1, ?)",
            [(1, at, 4, 5, 0, ada), (2, None, 2, 5, 3, bob), (7, None, 3, 5, 0, nobody)],
        )
        old.executemany(
            "insert into address values (?, ?, ?, '', ?, ?, ?, ?)",
            [
                (1, "fake", "chat-of-ada", "ada", 1, 1, 20),
                (2, "fake", "ada-before", "ada", 1, 1, 10),
                (3, "fake", "chat-of-bob", "bob", 2, 0, 20),
                (4, "other", "bob-elsewhere", "bob", 2, 1, 10),
            ],
        )
        old.execute("insert into rest values (1, 1, 5, 300, 'classic', 0, 'lighter')")
        old.executemany(
            "insert into outbox values (?, ?, 'fake', ?, '', ?, ?, ?, ?, ?, 0)",
            [
                (3, 1, "chat-of-ada", 0, "", at, at, json.dumps(first)),
                (4, None, "chat-of-cleo", 3, "", at, None, '{"text": "to a stranger"}'),
                (5, 2, "chat-of-bob", 3, "", at, None, '{"text": "to nobody"}'),
                (9, 1, "chat-of-ada", 3, "card", at + 10**6, None, json.dumps(card)),
            ],
        )
        old.execute(
            "insert into shown values ('fake', 'chat-of-ada', '', 'card', 1, 'the card', 5)"
        )
        old.execute("insert into handled values ('event-7', 5)")
        old.execute("insert into setting values ('clock_offset', '5.0')")
        # Rows with these numbers have been there, and are gone.
        for name, seq in (("person", 12), ("address", 20), ("outbox", 50)):
            old.execute("update sqlite_sequence set seq = ? where name = ?", (seq, name))
