"""What an adapter hears back of an event, who can be reached, groups, the door: at the service."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.conversation.person import Scene
from bot.events import (
    Address,
    Blocked,
    Command,
    Event,
    Incoming,
    Lane,
    Message,
    Text,
    TryLater,
    Unblocked,
    Unreachable,
)
from bot.hands import COLLECTED, Hands
from bot.service import Service
from tests import standin
from tests.standin import HOME, FakePlatform, StillClock, says, until
from tests.test_service import House, Scenario, house, play

GROUP = Address("fake", "-100", "7")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.process)])
def url(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/legs.db"
    return str(request.getfixturevalue("postgres_url"))


def noticing(scene: Scene, event: Event, now: datetime) -> standin.Answer:
    """As the small conversation; a tick edits the card, an aside leaves it open."""
    match event:
        case Text("tick"):
            card = Message(scene.address, "ticked", slot="card", notice="Heart, ticked")
            return scene, (Message(scene.address, "beside"), card)
        case Text("why"):
            return scene, (Message(scene.address, "because", aside=True),)
        case Text("both"):
            aside = Message(scene.address, "because", aside=True)
            return scene, (aside, Message(scene.address, "and so"))
        case Text("anew"):
            return scene, (Message(scene.address, "anew", slot="card", anew=True),)
        case Command("up") if scene.group is not None:
            answer = Message(scene.address, f"alone {scene.person.consent is not None}")
            return scene, (answer, Message(scene.group, "in the group"))
        case _:
            return standin.step(scene, event, now)


def blocked(event: Event, place: Address = HOME) -> Incoming:
    return replace(says("x", place), event=event)


def up(place: Address = HOME) -> Incoming:
    return replace(says("/up", place), group=GROUP)


def test_what_an_answer_is_comes_back_with_the_commit(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "card first")
        shown = f"message-{len(h.platform.said)}"
        taken = await h.service.receive(says("tick"))
        assert (taken.committed, taken.notice, taken.open) == (True, "Heart, ticked", False)
        assert taken.edits == {shown}
        assert (await h.service.receive(says("why"))).open
        assert not (await h.service.receive(says("both"))).open
        assert not (await h.service.receive(says("hello"))).open
        nothing = await h.service.receive(says("keep", id="1"))
        again = await h.service.receive(says("keep", id="1"))
        assert nothing.committed
        assert again.committed
        assert not again.edits

    play(url, scenario, step=noticing)


def test_many_at_once_each_hear_of_their_own(url: str) -> None:
    async def scenario(h: House) -> None:
        places = [replace(HOME, chat_id=f"chat-{n}") for n in range(8)]
        for place in places:
            await h.hear("keep", "card first", place=place)
        texts = ["tick", "why", "hello", "both"] * 2
        taken = await asyncio.gather(
            *(h.service.receive(says(text, at)) for text, at in zip(texts, places, strict=True))
        )
        assert [each.notice for each in taken] == ["Heart, ticked", "", "", ""] * 2
        assert [each.open for each in taken] == [False, True, False, False] * 2
        assert len(set.union(*(set(each.edits) for each in taken))) == 2

    play(url, scenario, step=noticing)


def test_what_comes_by_itself_is_a_new_message_and_the_next_edits_it(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "card first", "anew", "card last")
        assert h.platform.edits == ["", "", "", "message-3"]

    play(url, scenario, step=noticing)


def test_a_new_message_of_a_slot_neither_replaces_nor_is_replaced(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        h.platform.before = lambda message: (_ for _ in ()).throw(TryLater(5))
        for text in ("card one", "anew", "card two", "anew"):
            await h.service.receive(says(text))
        await until(lambda: len(h.platform.tried) > 1)
        h.platform.before = lambda message: None
        await h.travel(10)
        assert h.platform.texts[1:] == ["anew", "two", "anew"]

    play(url, scenario, step=noticing)


def test_who_has_blocked_us_is_not_spoken_to_until_they_let_us_in_again(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep", "in 10")
        assert await h.service.receive(blocked(Blocked()))
        await h.travel(20)
        assert h.platform.texts == ["keep", "in 10"], "the reminder waits"
        assert await h.service.receive(blocked(Unblocked()))
        await h.service.settled(HOME)
        assert h.platform.texts[2:] == ["rang"]

    play(url, scenario)


def test_that_they_have_blocked_us_outlives_a_restart(tmp_path) -> None:
    async def run() -> None:
        async with house(tmp_path) as first:
            await first.hear("keep", "in 10")
            await first.service.receive(blocked(Blocked()))
        async with house(tmp_path) as second:
            await second.travel(20)
            assert second.platform.tried == []
            await second.hear("hello")
            assert sorted(second.platform.texts) == ["hello", "rang"]

    asyncio.run(run())


def test_strangers_can_block_us_too(url: str) -> None:
    async def scenario(h: House) -> None:
        for event in (Blocked(), Unblocked(), Blocked()):
            assert await h.service.receive(blocked(event))
        assert h.platform.tried == []
        await h.hear("hello")
        assert h.platform.texts == ["hello"]

    play(url, scenario)


def test_nobody_is_told_of_an_outage_for_having_blocked_us(tmp_path) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        h.store.full = True
        assert not await h.service.receive(blocked(Blocked()))
        assert h.platform.texts == ["keep"]

    play(tmp_path, scenario)


def test_somebody_who_was_told_is_not_told_at_each_delivery(tmp_path) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        h.store.full = True
        said = says("hello")
        assert not await h.service.receive(said)
        told = len(h.platform.said)
        assert told == 2
        for _ in range(3):
            assert not await h.service.receive(said, told=True)
        assert len(h.platform.said) == told
        h.store.full = False
        await until(lambda: not h.service.away)
        assert await h.service.receive(said, told=True)
        await h.service.settled(HOME)
        assert h.platform.texts[-1] == "hello"

    play(tmp_path, scenario)


def test_in_a_group_somebody_is_who_they_are_in_their_own_chat(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        assert await h.service.receive(up())
        await h.service.settled(HOME)
        await h.service.settled(GROUP)
        said = {(message.to, message.text) for message in h.platform.said[1:]}
        assert said == {(HOME, "alone True"), (GROUP, "in the group")}

    play(url, scenario, step=noticing)


def test_in_a_group_whom_we_cannot_reach_alone_is_a_stranger(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        await h.service.receive(blocked(Blocked()))
        await h.service.receive(up())
        await h.service.settled(GROUP)
        assert h.platform.texts[1:] == ["alone False", "in the group"]
        await h.service.receive(says("hello"))
        await h.service.settled(HOME)
        assert h.platform.texts[-1] == "hello", "they are known as before"

    def step(scene: Scene, event: Event, now: datetime) -> standin.Answer:
        scene, said = noticing(scene, event, now)
        if scene.group:  # a stranger is not spoken to alone
            said = tuple(replace(each, to=scene.group) for each in said)
        return scene, said

    play(url, scenario, step=step)


def test_a_group_that_put_us_out_hears_us_again_when_somebody_speaks_there(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("keep")
        gone: list[Address] = [GROUP]

        def before(message: Message) -> None:
            if message.to in gone:
                raise Unreachable

        h.platform.before = before
        await h.service.receive(up())
        await h.service.settled(HOME)
        await until(lambda: any(message.to == GROUP for message in h.platform.tried))
        gone.clear()
        await h.service.receive(up())
        await h.service.settled(GROUP)
        assert h.platform.texts.count("in the group") == 2
        assert h.platform.texts.count("alone True") == 2, "they themselves were always reached"

    play(url, scenario, step=noticing)


# The door, and what needs a hand


def at_the_door(url: str, scenario: Scenario, *allow: str) -> None:
    async def run() -> None:
        store, clock, platform = standin.FullStore(url, patience=0.05), StillClock(), FakePlatform()
        service = Service(store, clock, [platform], standin.step)
        service.allow, service.hands = allow, Hands()
        async with asyncio.timeout(30), service:
            await scenario(House(service, store, clock, platform))

    asyncio.run(run())


def test_who_was_let_in_is_so_after_a_restart_and_forgotten_with_all_else(url: str) -> None:
    async def first(h: House) -> None:
        await h.hear("hello")
        assert h.platform.texts[0].startswith("This bot is for a few people only.")
        come = replace(says("x"), event=Command("start", "blue-shoes"))
        assert await h.service.receive(come)
        await h.hear("keep")
        assert h.platform.texts[-1] == "keep"

    async def second(h: House) -> None:
        await h.hear("hello")
        assert h.platform.texts == ["hello"]
        await h.service.receive(replace(says("x"), event=Command("forget")))
        await h.service.settled(HOME)
        await h.hear("hello")
        assert h.platform.texts[-1].startswith("This bot is for a few people only.")

    async def third(h: House) -> None:
        await h.hear("hello")
        assert h.platform.texts[-1].startswith("This bot is for a few people only.")

    for scenario in (first, second, third):
        at_the_door(url, scenario, "owner", "blue-shoes")


def test_a_stranger_who_cries_for_help_is_answered_at_any_door(url: str) -> None:
    async def scenario(h: House) -> None:
        await h.hear("my chest hurts")
        assert "emergency number" in h.platform.texts[0]

    at_the_door(url, scenario, "owner")


def test_nobody_is_let_in_that_could_not_be_written_down(tmp_path) -> None:
    async def scenario(h: House) -> None:
        h.store.full = True
        come = replace(says("x"), event=Command("start", "blue-shoes"))
        assert not await h.service.receive(come)
        h.store.full = False
        await h.hear("hello")
        assert h.platform.texts[-1].startswith("This bot is for a few people only.")
        assert await h.service.receive(come)

    at_the_door(f"sqlite:///{tmp_path}/legs.db", scenario, "blue-shoes")


@pytest.fixture
def quiet() -> Iterator[None]:
    """What a test lets go wrong on purpose is not written anywhere."""
    logging.getLogger("bot").propagate = False
    yield
    logging.getLogger("bot").propagate = True


def test_the_owner_is_told_once_a_day_what_needs_a_hand(url: str, quiet: None) -> None:
    async def scenario(h: House) -> None:
        assert h.service.door.code
        own = replace(says("x"), event=Command("start", h.service.door.code))
        await h.service.receive(own)
        await h.hear("keep")
        said = len(h.platform.said)

        def beat(**later: float) -> None:
            h.clock.offset += timedelta(**later)
            h.service._beat(0.0)

        await h.hear("boom what she said")
        beat()
        beat(seconds=COLLECTED.total_seconds())
        await until(lambda: len(h.platform.said) == said + 2)
        note = h.platform.said[-1]
        assert "needs a hand" in note.text
        assert "what she said" not in note.text
        assert (note.silent, note.lane, note.to) == (True, Lane.REMINDER, HOME)
        await h.hear("boom again")
        for _ in range(10):
            beat(hours=1)
        assert len(h.platform.said) == said + 3
        beat(hours=15)
        await until(lambda: len(h.platform.said) == said + 4)
        assert "needs a hand" in h.platform.texts[-1]

    at_the_door(url, scenario)


def test_a_note_that_could_not_be_said_is_said_later(tmp_path, quiet: None) -> None:
    async def scenario(h: House) -> None:
        own = replace(says("x"), event=Command("start", h.service.door.code))
        await h.service.receive(own)
        await h.hear("boom")
        assert h.service.hands is not None
        h.platform.before = lambda message: (_ for _ in ()).throw(TryLater(1))
        tried = len(h.platform.tried)
        h.service._beat(0.0)
        h.clock.offset += COLLECTED
        h.service._beat(0.0)
        await until(lambda: len(h.platform.tried) > tried)
        h.platform.before = lambda message: None
        await until(lambda: not h.service._telling)
        h.clock.offset += COLLECTED
        h.service._beat(0.0)
        await until(lambda: "needs a hand" in h.platform.texts[-1])

    at_the_door(f"sqlite:///{tmp_path}/legs.db", scenario)
