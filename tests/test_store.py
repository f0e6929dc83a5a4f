"""The store by itself: the file, its schema, and what a turn leaves in it."""

import errno
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some
from sqlalchemy import inspect, text

from bot.conversation.person import Person
from bot.events import Message, Receipt, Refused, TryLater, Unreachable
from bot.store import (
    Outcome,
    Store,
    StoreAway,
    StoreBusy,
    StoreTooNew,
    StoreUnfit,
    StoreUnknown,
    people,
)
from bot.store.file import away
from bot.store.outbox import KEPT_FOR_URGENT, LANES
from bot.store.tables import metadata
from bot.store.turns import NO_SOONER
from tests.standin import AWAY, HOME, START, FullStore, says, step


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/legs.db", patience=0.05)
    opened.open()
    yield opened
    opened.close()


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    with store.engine.begin() as db:
        return [tuple(row) for row in db.execute(text(sql))]


def hear(store: Store, *texts: str, at: float = 0, place=HOME) -> None:
    for each in texts:
        store.receive(says(each, place), step, START + timedelta(seconds=at))


def take(store: Store, at: float = 0, back: list[Outcome] | None = None):
    return store.exchange(back or [], START + timedelta(seconds=at), ["fake"])


# The file


def test_migrations_lead_to_the_tables_in_code(store: Store) -> None:
    with store.engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_foreign_keys_and_uniqueness_are_as_in_code(store: Store) -> None:
    found = inspect(store.engine)
    for table in metadata.tables.values():
        keys = {
            (key["constrained_columns"][0], key["referred_table"], key["options"]["ondelete"])
            for key in found.get_foreign_keys(table.name)
        }
        assert keys == {
            (key.parent.name, key.column.table.name, key.ondelete) for key in table.foreign_keys
        }


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/legs.db")
    store.open()
    with store.engine.begin() as db:
        db.execute(text("update alembic_version set version_num = '9999'"))
    store.close()
    with pytest.raises(StoreTooNew):
        store.open()
    # A refusal lets go of the file.
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("update alembic_version set version_num = '0001'")
    other.close()
    store.open()
    store.close()


def test_a_second_program_on_the_same_file_is_refused(store: Store) -> None:
    second = Store(f"sqlite:///{store.path}")
    with pytest.raises(StoreBusy):
        second.open()


def test_closing_or_opening_twice_is_no_harm(store: Store) -> None:
    store.open()
    store.close()
    store.close()
    with pytest.raises(StoreAway):
        store.get("anything")


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


@pytest.mark.parametrize("url", ["postgresql://user@host/legs", "sqlite://", "sqlite:///:memory:"])
def test_only_a_file_of_sqlite_will_do(url: str) -> None:
    with pytest.raises(StoreUnknown):
        Store(url)


def test_nobody_else_may_read_the_file(store: Store) -> None:
    for path in store.path.parent.glob("legs.db*"):
        if not path.name.endswith(".lock"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_percent_sign_in_the_path_is_only_a_character(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/100%25 rest/legs.db")
    store.open()
    store.close()
    assert store.path.exists()


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
    for error in (failed.value, OSError(errno.EROFS, "Read-only file system")):
        found = away(tmp_path, error)
        assert isinstance(found, StoreUnfit)
        assert found.why == "read_only"
    assert not isinstance(away(tmp_path, OSError(errno.ENOSPC, "full")), StoreUnfit)
    assert not isinstance(away(tmp_path, sqlite3.OperationalError("locked")), StoreUnfit)


def test_reading_goes_on_while_another_program_writes(store: Store) -> None:
    hear(store, "keep", "in 60")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert [waiting.message.text for waiting in take(store)] == ["keep"]
        assert store.next_due(START) == START + timedelta(seconds=60)
        assert not store.resting()
        assert store.last_at() == START


def test_a_locked_database_is_away_and_comes_back(store: Store) -> None:
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreAway):
        hear(store, "keep")
    other.execute("ROLLBACK")
    other.close()
    hear(store, "keep")
    assert len(take(store)) == 1


def test_pragmas(store: Store) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
    found = [rows(store, f"PRAGMA {pragma}")[0][0] for pragma in pragmas]
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
    store.receive(says("keep", zone="Asia/Tokyo"), step, START)
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
    store.receive(says("keep", locale="de", zone="Europe/Berlin"), step, START)
    store.receive(says("hi", locale="fr", zone="Asia/Tokyo"), step, START)
    [(state,)] = rows(store, "select state from person")
    someone = people.read(1, str(state))
    assert (someone.locale, someone.zone) == ("de", "Europe/Berlin")


def test_a_second_delivery_changes_nothing(store: Store) -> None:
    store.receive(says("keep", id="7"), step, START)
    before = rows(store, "select * from person"), rows(store, "select * from outbox")
    store.receive(says("keep", id="7"), step, START + timedelta(minutes=1))
    assert (rows(store, "select * from person"), rows(store, "select * from outbox")) == before


def test_the_same_id_on_another_platform_is_another_event(store: Store) -> None:
    store.receive(says("keep", id="7"), step, START)
    store.receive(says("keep", replace(HOME, platform="other"), id="7"), step, START)
    assert len(rows(store, "select * from person")) == 2


def test_a_stranger_who_agrees_to_nothing_leaves_nothing(store: Store) -> None:
    hear(store, "hello", "card look")
    assert rows(store, "select * from person") == []
    assert rows(store, "select * from address") == []
    assert rows(store, "select person_id from outbox") == [(None,), (None,)]
    said = take(store)
    assert [waiting.message.text for waiting in said] == ["hello"]
    take(store, back=[Outcome(said[0], Receipt("1"))])
    assert rows(store, "select * from shown") == []


def test_an_id_is_never_used_again(store: Store) -> None:
    hear(store, "hello")
    hear(store, "keep")
    hear(store, "/forget")
    hear(store, "keep", place=AWAY)
    assert rows(store, "select id from person") == [(3,)]


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
    assert store.next_due(START) == START + timedelta(seconds=60)
    assert not store.wave(step, START + timedelta(seconds=59))
    assert store.wave(step, START + timedelta(seconds=60))
    assert not store.wave(step, START + timedelta(seconds=60))
    assert store.next_due(START + timedelta(seconds=60)) is None


def test_who_has_legs_up_goes_first(store: Store) -> None:
    hear(store, "keep", "in 1")
    hear(store, "keep", "hold", "in 2", place=AWAY)
    assert store.wave(step, START + timedelta(seconds=5))
    woken = rows(store, "select chat_id from outbox where payload like '%rang%' order by id")
    assert woken == [(AWAY.chat_id,), (HOME.chat_id,)]


def test_one_failing_step_stops_nobody_else(store: Store) -> None:
    hear(store, "keep", "hold")
    hear(store, "keep", "in 1", place=AWAY)
    assert store.wave(step, START + timedelta(seconds=2))
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
        assert store.wave(step, now)
        due = store.next_due(now)
        assert due
        pauses.append((due - now) / timedelta(minutes=1))
        now = due
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 360, 360]
    assert len(rows(store, "select * from outbox where lane = 0")) == 1


def test_a_state_that_cannot_be_read_is_a_failing_step(store: Store) -> None:
    hear(store, "keep", "in 1")
    hear(store, "keep", "in 1", place=AWAY)
    rows(store, """update person set state = '{"hold": 5}' where id = 1 returning id""")
    assert store.wave(step, START + timedelta(seconds=2))
    assert rows(store, "select failures from person order by id") == [(1,), (0,)]
    hear(store, "hi")
    [(payload,)] = rows(store, "select payload from outbox order by id desc limit 1")
    assert "went wrong here" in str(payload)


def test_a_batch_that_cannot_be_written_is_redone_one_by_one(store: Store) -> None:
    for name in ("ada", "bob", "cleo"):
        hear(store, "keep", "in 1", place=replace(HOME, chat_id=name))
    with store.engine.begin() as db:
        db.execute(
            text(
                "create trigger no before insert on outbox when new.chat_id = 'bob' and "
                "new.payload like '%rang%' begin select raise(abort, 'no'); end"
            )
        )
    assert store.wave(step, START + timedelta(seconds=2))
    assert rows(store, "select failures from person order by id") == [(0,), (1,), (0,)]


def test_a_step_that_leaves_itself_due_is_no_busy_loop(store: Store) -> None:
    hear(store, "keep", "in 1")
    now = START + timedelta(seconds=5)
    assert store.wave(lambda scene, event, now: (scene, ()), now)
    assert store.next_due(now) == now + NO_SOONER


def test_what_time_is_computed_from_may_change_but_not_a_backoff(store: Store) -> None:
    hear(store, "keep", "in 60")
    hear(store, "keep", "hold", place=AWAY)
    store.wave(step, START)
    before = rows(store, "select wake_at from person order by id")
    with store.engine.begin() as db:
        db.execute(text("update person set wake_at = 5 where id = 1"))
    store.refresh("tzdata 2027a")
    assert rows(store, "select wake_at from person order by id") == before
    with store.engine.begin() as db:
        db.execute(text("update person set wake_at = 5 where id = 1"))
    store.refresh("tzdata 2027a")
    assert rows(store, "select wake_at from person where id = 1") == [(5,)]


def test_one_unreadable_state_does_not_keep_the_program_from_starting(store: Store) -> None:
    hear(store, "keep", "in 60")
    hear(store, "keep", "in 60", place=AWAY)
    with store.engine.begin() as db:
        db.execute(text("update person set wake_at = 5"))
        db.execute(text("update person set state = 'no' where id = 1"))
    store.refresh("tzdata 2027a")
    store.clamp(START - timedelta(days=1))
    due = (START + timedelta(seconds=60)).timestamp() * 1_000_000
    assert rows(store, "select wake_at from person order by id") == [(5,), (due,)]


# Words


def test_words_go_one_at_a_time_and_in_order(store: Store) -> None:
    hear(store, "keep", "next", "last")
    heard = []
    back: list[Outcome] = []
    while taken := take(store, back=back):
        [waiting] = taken
        assert take(store) == []
        heard.append(waiting.message.text)
        back = [Outcome(waiting, Receipt("1"))]
    assert heard == ["keep", "next", "last"]


def test_a_slot_is_replaced_while_it_waits_but_not_on_the_wire(store: Store) -> None:
    hear(store, "keep", "card 1", "card 2", "other")
    assert len(rows(store, "select * from outbox")) == 3
    [keep] = take(store)
    [card] = take(store, back=[Outcome(keep, Receipt("1"))])
    assert card.message.text == "2"
    hear(store, "card 3")
    assert len(rows(store, "select * from outbox")) == 3
    [other] = take(store, back=[Outcome(card, Receipt("the card"))])
    [card] = take(store, back=[Outcome(other, Receipt("3"))])
    assert (card.message.text, card.edits) == ("3", "the card")


def test_a_card_is_edited_though_its_receipt_could_not_be_written(tmp_path: Path) -> None:
    store = FullStore(f"sqlite:///{tmp_path}/legs.db")
    store.open()
    hear(store, "keep", "card 1")
    [keep] = take(store)
    [card] = take(store, back=[Outcome(keep, Receipt("1"))])
    hear(store, "card 2")
    store.full = True
    with pytest.raises(StoreAway):
        take(store, back=[Outcome(card, Receipt("the card"))])
    [again] = store.take(START, ["fake"])
    assert (again.message.text, again.edits) == ("2", "the card")
    store.full = False
    assert take(store, back=[Outcome(again, Receipt("the card"))]) == []
    assert rows(store, "select message_id from shown") == [("the card",)]
    assert rows(store, "select * from outbox") == []
    store.close()


def test_messages_without_a_slot_are_never_replaced(store: Store) -> None:
    hear(store, "keep", "two a b", "two a b")
    assert len(rows(store, "select * from outbox")) == 5


def test_urgent_words_of_others_go_first_and_have_room(store: Store) -> None:
    for n in range(2 * LANES):
        hear(store, f"remind {n}", place=replace(HOME, chat_id=str(n)))
    first = take(store)
    assert len(first) == LANES - KEPT_FOR_URGENT
    for n in range(100, 110):
        hear(store, f"exit {n}", place=replace(HOME, chat_id=str(n)))
    assert [waiting.message.text for waiting in take(store)] == ["100", "101"]


def test_try_later_keeps_the_order_of_the_address(store: Store) -> None:
    hear(store, "keep", "next")
    hear(store, "hello", place=AWAY)
    mine, other = take(store)
    assert take(store, back=[Outcome(mine, TryLater(5)), Outcome(other, Receipt())]) == []
    assert store.next_due(START) == START + timedelta(seconds=5)
    assert not store.unsaid(HOME, START, ["fake"])
    assert [waiting.message.text for waiting in take(store, at=5)] == ["keep"]


def test_a_refused_message_is_dropped(store: Store) -> None:
    hear(store, "keep", "next")
    [waiting] = take(store)
    [waiting] = take(store, back=[Outcome(waiting, Refused())])
    assert waiting.message.text == "next"


def test_unreachable_waits_until_contact(store: Store) -> None:
    hear(store, "keep", "next")
    [waiting] = take(store)
    assert take(store, back=[Outcome(waiting, Unreachable())]) == []
    assert take(store, at=86400) == []
    assert store.next_due(START) is None
    hear(store, "hello")
    assert [waiting.message.text for waiting in take(store)] == ["keep"]


def test_an_unreachable_stranger_leaves_nothing(store: Store) -> None:
    hear(store, "hello")
    [waiting] = take(store)
    take(store, back=[Outcome(waiting, Unreachable())])
    assert rows(store, "select * from outbox") == []


def test_failing_words_come_again_and_hold_the_others_up_for_seconds_only(store: Store) -> None:
    hear(store, "keep", "next")
    now, pauses = 0.0, []
    [waiting] = take(store)
    for _ in range(2):
        assert take(store, at=now, back=[Outcome(waiting, OSError())]) == []
        due = store.next_due(START + timedelta(seconds=now))
        assert due
        pauses.append((due - START).total_seconds() - now)
        now += pauses[-1]
        [waiting] = take(store, at=now)
    assert pauses == [2, 4]
    [waiting] = take(store, at=now, back=[Outcome(waiting, OSError())])
    assert waiting.message.text == "next"


def test_late_words_are_dropped_and_the_core_hears_of_it(store: Store) -> None:
    hear(store, "keep", "soon half-way")
    [keep] = take(store)
    assert store.next_due(START) == START + timedelta(seconds=10)
    assert take(store, at=10, back=[Outcome(keep, Receipt())]) == []
    assert store.wave(step, START + timedelta(seconds=10))
    assert [waiting.message.text for waiting in take(store, at=10)] == ["too late for cue"]


def test_words_on_the_wire_do_not_expire(store: Store) -> None:
    hear(store, "keep", "soon half-way")
    [keep] = take(store)
    [cue] = take(store, back=[Outcome(keep, Receipt())])
    assert not store.wave(step, START + timedelta(seconds=10))
    assert take(store, at=10, back=[Outcome(cue, Receipt())]) == []
    assert not store.wave(step, START + timedelta(seconds=10))


def test_late_words_of_a_failing_core_are_dropped_all_the_same(store: Store) -> None:
    def failing(scene, event, now):
        raise ValueError

    hear(store, "keep", "soon half-way")
    assert store.wave(failing, START + timedelta(seconds=10))
    assert len(rows(store, "select * from outbox")) == 1


def test_a_message_that_cannot_be_read_stops_nothing(store: Store) -> None:
    hear(store, "keep", "next")
    with store.engine.begin() as db:
        db.execute(text("update outbox set payload = '{}' where id = 1"))
    [waiting] = take(store)
    assert waiting.message.text == "next"
    assert take(store, back=[Outcome(waiting, Receipt())]) == []
    assert rows(store, "select * from outbox") == []


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
    store.receive(says("keep"), lambda scene, event, now: (scene, (whole,)), START)
    assert [waiting.message for waiting in take(store)] == [whole]


def test_settings(store: Store) -> None:
    assert store.get("clock_offset") is None
    store.put("clock_offset", "1.5")
    store.put("clock_offset", "2.5")
    assert store.get("clock_offset") == "2.5"
