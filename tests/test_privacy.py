"""What is kept of a person: every column is named, exported, forgotten and outdated."""

import asyncio
import json
import logging
import random
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, insert, select, text

from bot.events import Incoming, Message, Press, Receipt, Refused, TryLater
from bot.service import Service
from bot.store import Outcome, Store
from bot.store.privacy import (
    HANDLED_KEPT,
    IMPERSONAL,
    PERSONAL,
    SHOWN_KEPT,
    UNUSED_KEPT,
    WAITING_KEPT,
    record,
)
from bot.store.tables import metadata, person
from tests.standin import AWAY, HOME, START, FakePlatform, HandClock, says, step

TELLING = {"person_id", "chat_id", "author", "thread", "platform", "state", "payload", "feeling"}
"""Names of columns that tell of a person wherever they stand."""


def opened(folder: Path) -> Store:
    store = Store(f"sqlite:///{folder}/legs.db", patience=0.05)
    store.open()
    return store


def hear(store: Store, *texts: str, place=HOME, days: float = 0) -> None:
    for each in texts:
        store.receive(says(each, place), step, START + timedelta(days=days))


def say_all(store: Store, days: float = 0) -> list[str]:
    said: list[str] = []
    back: list[Outcome] = []
    while taken := store.exchange(back, START + timedelta(days=days), ["fake"]):
        said += [waiting.message.text for waiting in taken]
        back = [Outcome(waiting, Receipt(f"receipt-{waiting.id}")) for waiting in taken]
    return said


def rows_of(store: Store, table: Table, who: int) -> list[dict[str, object]]:
    with store.engine.begin() as db:
        found = db.execute(select(table).where(PERSONAL[table.name].mine(who))).mappings()
        return [dict(row) for row in found]


def fill(store: Store, place=HOME) -> None:
    """A row for this person in every personal table, most of them twice."""
    hear(store, "keep", "rest 1", "rest 2", "in 86400", "card first", place=place)
    say_all(store)
    hear(store, "waits", "card second", place=place)


def on_disk(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in store.path.parent.iterdir())


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
    if name in IMPERSONAL:
        assert not telling, f"{name} tells of people: name it in PERSONAL"
    else:
        assert PERSONAL[name].columns.keys() == set(table.columns.keys())
        titles = list(PERSONAL[name].columns.values())
        assert len(titles) == len(set(titles))


def test_the_walk_would_find_a_new_table() -> None:
    # The same two questions, of a schema that somebody forgot to name.
    assert {"person", "diary"} - PERSONAL.keys() - IMPERSONAL == {"diary"}


# Export


def test_an_export_holds_every_row_of_the_person_and_no_other(tmp_path: Path) -> None:
    store = opened(tmp_path)
    fill(store, AWAY)
    fill(store)
    who = 2
    with store.engine.begin() as db:
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
    store.close()


def test_export_is_handed_to_the_command(tmp_path: Path) -> None:
    store = opened(tmp_path)
    fill(store)
    hear(store, "/export")
    exported = json.loads(say_all(store)[-1])
    assert exported["about you"][0]["what is remembered"]["consent"]["keep"] == "result"
    assert [row["number"] for row in exported["rests"]] == [1, 2]
    store.close()


# Forget


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
    [waiting] = store.exchange([], START, ["fake"])
    hear(store, "/forget")
    [goodbye] = store.exchange([Outcome(waiting, Receipt("late"))], START, ["fake"])
    store.exchange([Outcome(goodbye, Receipt("goodbye"))], START, ["fake"])
    assert HOME.chat_id.encode() not in on_disk(store)
    store.close()


def test_forget_reaches_the_log_once_nobody_reads_it_any_more(tmp_path: Path) -> None:
    store = opened(tmp_path)
    hear(store, "keep")
    say_all(store)
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("select * from address").fetchall()
    hear(store, "/forget")
    assert say_all(store) == ["gone"]
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
    store.receive(says("hello", id=f"{HOME.chat_id}:17"), step, START)
    say_all(store)
    assert HOME.chat_id.encode() not in on_disk(store)
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
    ],
)
def test_every_table_lets_go_after_its_period(tmp_path: Path, table: str, kept) -> None:
    store = opened(tmp_path)
    fill(store)
    count = select(text("count(*)")).select_from(metadata.tables[table])

    def left() -> int:
        with store.engine.begin() as db:
            return int(db.execute(count).scalar_one())

    before = left()
    assert before
    store.sweep(START + kept)
    assert left() == before
    store.sweep(START + kept + timedelta(seconds=1))
    assert left() == 0
    store.close()


def test_every_personal_table_has_a_tested_period() -> None:
    [mark] = test_every_table_lets_go_after_its_period.pytestmark
    assert {name for name, _ in mark.args[1]} == PERSONAL.keys() | IMPERSONAL - {"setting"}


def test_who_is_still_there_keeps_everything(tmp_path: Path) -> None:
    store = opened(tmp_path)
    fill(store)
    hear(store, "hello", days=700)
    store.sweep(START + timedelta(days=800))
    assert len(rows_of(store, metadata.tables["rest"], 1)) == 2
    store.close()


def test_a_person_without_any_address_is_outdated_at_once(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.engine.begin() as db:
        db.execute(insert(person).values(lane=3, at=START, failures=0, version=1, state="{}"))
    store.sweep(START)
    assert rows_of(store, person, 1) == []
    store.close()


def test_who_wants_nothing_kept_any_more_loses_the_history_and_stays(tmp_path: Path) -> None:
    store = opened(tmp_path)
    hear(store, "keep")
    hear(store, "rest 1")
    assert len(rows_of(store, metadata.tables["rest"], 1)) == 1
    hear(store, "nothing")
    assert rows_of(store, metadata.tables["rest"], 1) == []
    assert len(rows_of(store, person, 1)) == 1
    store.close()


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
        async def send(self, message: Message, edits: str = "") -> Receipt:
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


def test_an_export_holds_no_ticks_of_a_check_under_way(tmp_path: Path) -> None:
    from bot.conversation import step as real

    store = opened(tmp_path)
    for data in ("1|0|consent|result", "1|1|tick|1|heart|on"):
        store.receive(Incoming(data, HOME, "ada", Press(data)), real, START)
    say_all(store)
    [row] = rows_of(store, person, 1)
    assert '"heart"' in str(row["state"])
    with store.engine.begin() as db:
        assert "heart" not in record(db, 1)
    store.close()
