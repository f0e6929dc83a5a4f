"""Clubs on Telegram, over the wire: who says what in a group, and how a group is told things."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from adapters.telegram import chats, menus, organisers, receiving
from adapters.telegram.platform import Telegram
from adapters.telegram.receiving import poll
from bot.events import (
    Address,
    Button,
    Command,
    Event,
    Incoming,
    Joined,
    Lane,
    Left,
    Message,
    Moved,
    Press,
    Rate,
    Receipt,
    Refused,
    Taken,
    TryLater,
    Unreachable,
)
from bot.health import Health
from bot.metrics import Metrics
from bot.service import Service
from tests.bot_api import BotApi, Call, Group, Person, Shown
from tests.standin import until
from tests.telegram_house import hurry

pytestmark = pytest.mark.process  # over the wire

IN, OUT = Button("I'm in", "1|9|in"), Button("Not today", "1|9|out")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr(organisers, "AGAIN", 0.01)


@dataclass
class Core:
    """Stands in for the service: remembers what it heard, and has an answer for it."""

    health: Health = field(default_factory=lambda: Health(Metrics()))
    heard: list[Incoming] = field(default_factory=list)
    answer: Callable[[Incoming], Taken] = lambda incoming: Taken(committed=True)

    async def receive(self, incoming: Incoming, *, told: bool = False) -> Taken:
        self.heard.append(incoming)
        return self.answer(incoming)

    @property
    def events(self) -> list[Event]:
        return [incoming.event for incoming in self.heard]


@dataclass
class Club:
    """A group with a bot in it, and those who run there."""

    api: BotApi
    core: Core
    telegram: Telegram
    group: Group
    anna: Person
    bob: Person

    @property
    def place(self) -> Address:
        return Address("telegram", str(self.group.id))

    def calls(self, method: str) -> list[Call]:
        return [call for call in self.api.calls if call.method == method]

    async def hears(self, count: int = 1) -> list[Incoming]:
        """That many events, and no more until nothing is under way."""
        await until(lambda: len(self.core.heard) >= count)
        await until(lambda: not self.api.queue.updates)
        assert len(self.core.heard) == count
        return self.core.heard

    async def posts(self, text: str = "Tonight at 21:00", **more: Any) -> Shown:  # noqa: ANN401
        """What a club reads, as it is shown then."""
        said = Message(self.place, text, ((IN, OUT),), Lane.SOCIAL, slot="post", **more)
        receipt = await self.telegram.send(said)
        return self.group.messages[int(receipt.message_id)]


Scenario = Callable[[Club], Coroutine[None, None, None]]


@asynccontextmanager
async def club(kind: str = "supergroup", *, forum: bool = False) -> AsyncIterator[Club]:
    async with BotApi(latency=(0, 0)) as api:
        api.rates.burst = api.rates.each_second = api.rates.group_minute = 1000
        group = api.group(-1001 if kind == "supergroup" else -55, "Run", kind, forum)
        anna, bob = api.person(7, "Anna", "en"), api.person(8, "Bob", "en")
        group.creator = anna.id
        core, telegram = Core(), Telegram(api.token, api.url)
        await telegram.transport.initialize()
        telegram.me = await telegram.bot.get_me()
        polling = asyncio.create_task(poll(telegram, cast(Service, core)))
        try:
            await api.called("getUpdates")
            yield Club(api, core, telegram, group, anna, bob)
        finally:
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
            await telegram.close()


def play(scenario: Scenario, *, broken: bool = False, **kind: Any) -> None:  # noqa: ANN401
    """A club in which, unless it is ``broken``, no rule of Telegram may be."""

    async def playing() -> None:
        async with asyncio.timeout(20), club(**kind) as opened:
            await scenario(opened)
            if not broken:
                assert opened.api.check() == []

    asyncio.run(playing())


# Who says what


def test_what_is_said_in_a_group_names_its_club_and_its_author() -> None:
    async def scenario(c: Club) -> None:
        c.anna.last_name = "of  the\nHills"
        topic = c.group.topic("After")
        await c.anna.types("/up", chat=c.group, thread=topic)
        await c.anna.types("/ran", chat=c.group)
        await c.anna.types("/ran")
        in_topic, in_general, alone = await c.hears(3)
        here = Address("telegram", "-1001", str(topic))
        assert (in_topic.club, in_topic.group) == (here, here)
        assert in_general.club == in_general.group == c.place
        assert alone.club is alone.group is None
        assert {each.called for each in c.core.heard} == {"Anna of the Hills"}
        assert {each.address for each in c.core.heard} == {Address("telegram", "7")}
        assert not any(each.organiser for each in c.core.heard)
        assert not c.calls("getChatMember"), "of them nobody wants to know"

    play(scenario, forum=True)


def test_a_press_names_the_topic_of_its_message() -> None:
    async def scenario(c: Club) -> None:
        topic = c.group.topic("After")
        here = Address("telegram", "-1001", str(topic))
        await c.telegram.send(Message(here, "Tonight", ((IN,),), Lane.SOCIAL))
        press = await c.bob.presses(IN.label, chat=c.group)
        assert await press.answered() == ""
        [heard] = await c.hears()
        assert (heard.event, heard.club, heard.group) == (Press(IN.data), here, here)
        assert (heard.address.chat_id, heard.called) == ("8", "Bob")

    play(scenario, forum=True)


def test_we_are_added_and_removed_once_each_and_whoever_did_it_is_named() -> None:
    async def scenario(c: Club) -> None:
        c.group.bot = "left"
        c.group.adds_bot(c.anna)
        await c.hears()
        c.group.promotes_bot(c.anna)
        c.group.demotes_bot(c.anna)
        c.group.mutes_bot(c.anna)
        c.group.kicks_bot(c.bob)
        joined, left = await c.hears(2)
        assert (joined.event, joined.author, joined.organiser) == (Joined(), "7", True)
        assert (left.event, left.author, left.organiser) == (Left(), "8", False)
        for each in (joined, left):
            assert each.club == each.group == c.place
            assert each.address == Address("telegram", each.author)

    play(scenario)


def test_added_by_an_anonymous_admin_nobody_is_named() -> None:
    async def scenario(c: Club) -> None:
        c.group.bot = "left"
        c.group.adds_bot(c.anna, anonymous=True)
        [joined] = await c.hears()
        assert (joined.event, joined.author, joined.called) == (Joined(), "", "")
        assert joined.address == joined.club == c.place
        assert not c.calls("getChatMember"), "nobody can be asked about"

    play(scenario)


def test_a_group_that_becomes_a_supergroup_moves_its_club() -> None:
    async def scenario(c: Club) -> None:
        old = await c.posts()
        new = c.group.migrates(c.anna)
        [moved] = await c.hears()
        assert moved.event == Moved(str(new.id))
        assert moved.address == moved.club == moved.group == c.place
        assert (moved.author, moved.organiser) == ("", False)
        # Its posts stayed behind: what would change one is done.
        again = Message(c.place, "Now", ((IN,),), Lane.SOCIAL)
        assert await c.telegram.send(again, str(old.id)) == Receipt(str(old.id))
        assert not c.calls("editMessageText")
        await c.telegram.send(replace_text(again, "In the new chat"))
        await c.bob.hears("In the new chat", chat=new)

    play(scenario, kind="group")


def replace_text(message: Message, text: str) -> Message:
    return Message(message.to, text, message.buttons, message.lane)


def test_a_move_is_told_once_however_telegram_tells_of_it() -> None:
    async def scenario(c: Club) -> None:
        new = c.group.migrates(c.anna, joins=True)
        heard = await c.hears(2)
        found = {(type(each.event), each.club and each.club.chat_id) for each in heard}
        # The core finds one club in both: which comes first nobody knows.
        assert found == {(Moved, "-55"), (Joined, str(new.id))}

    play(scenario, kind="group")


# Who may manage a club


@pytest.mark.parametrize("command", ["club", "together", "challenge"])
@pytest.mark.parametrize("status", ["administrator", "member", "restricted", "left"])
def test_telegram_is_asked_who_may_manage_a_club(command: str, status: Any) -> None:  # noqa: ANN401
    async def scenario(c: Club) -> None:
        c.group.people[c.bob.id] = status
        await c.bob.types(f"/{command}", chat=c.group)
        await c.anna.types(f"/{command}", chat=c.group)
        await c.bob.types(f"/{command}")
        heard = {(each.author, each.club): each.organiser for each in await c.hears(3)}
        assert heard == {
            ("8", c.place): status == "administrator",
            ("7", c.place): True,
            ("8", None): False,
        }
        assert len(c.calls("getChatMember")) == 2

    play(scenario)


def test_an_answer_is_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(c: Club) -> None:
        for times in (1, 2):
            await c.anna.types("/club", chat=c.group)
            await c.hears(times)
        assert len(c.calls("getChatMember")) == 1
        monkeypatch.setattr(organisers, "KEPT_FOR", 0.0)
        c.telegram.organisers._known.clear()
        for times in (3, 4):
            await c.anna.types("/club", chat=c.group)
            await c.hears(times)
        assert len(c.calls("getChatMember")) == 3

    play(scenario)


def test_no_more_than_some_answers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organisers, "KEPT", 2)

    async def scenario(c: Club) -> None:
        people = [c.anna, c.bob, c.api.person(9, "Cleo", "en"), c.bob, c.anna]
        for times, each in enumerate(people, 1):
            await each.types("/club", chat=c.group)
            await c.hears(times)
        asked = [call.parameters["user_id"] for call in c.calls("getChatMember")]
        assert asked == [7, 8, 9, 7]
        assert len(c.telegram.organisers._known) == 2

    play(scenario)


def test_telegram_is_asked_again_while_it_does_not_answer() -> None:
    async def scenario(c: Club) -> None:
        c.api.fail("getChatMember", times=2, status=502)
        c.api.drop_connections(method="getChatMember")
        await c.anna.types("/club", chat=c.group)
        [heard] = await c.hears()
        assert heard.organiser
        assert len(c.calls("getChatMember")) == 4

    play(scenario)


@pytest.mark.parametrize("why", ["silent", "busy", "unable", "kicked"])
def test_who_cannot_be_asked_about_is_no_organiser(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, why: str
) -> None:
    monkeypatch.setattr(organisers, "ASKED_WITHIN", 0.1)

    async def scenario(c: Club) -> None:
        match why:
            case "silent":
                c.api.hang("getChatMember")
            case "busy":
                c.api.fail("getChatMember", status=429, retry_after=30)
            case "unable":
                c.api.fail("getChatMember", times=1000, status=502)
            case _:
                c.api.fail("getChatMember", status=403, description="Forbidden: bot was kicked")
        await c.anna.types("/club", chat=c.group)
        [heard] = await c.hears()
        assert not heard.organiser
        assert "who manages a club" in caplog.text

    play(scenario)


def test_a_crowd_is_asked_about_together() -> None:
    async def scenario(c: Club) -> None:
        c.api.latency = (0.05, 0.05)
        loop = asyncio.get_running_loop()
        began = loop.time()
        runners = [c.api.person(100 + nth, f"Runner {nth}", "en") for nth in range(24)]
        for each in runners:
            await each.types("/challenge", chat=c.group)
        await until(lambda: len(c.core.heard) == len(runners))
        assert [each.called for each in c.core.heard] == [each.name for each in runners]
        assert loop.time() - began < 24 * 0.05

    play(scenario)


def test_where_the_members_are_hidden_the_admins_are_not() -> None:
    async def scenario(c: Club) -> None:
        c.group.hides_members = True
        cleo = c.api.person(9, "Cleo", "en")
        c.group.people[cleo.id] = "administrator"
        for who in (c.anna, c.bob, cleo):
            await who.types("/together", chat=c.group)
        heard = {each.called: each.organiser for each in await c.hears(3)}
        assert heard == {"Anna": True, "Bob": False, "Cleo": True}

    play(scenario)


def test_whoever_waits_for_that_holds_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organisers, "ASKED_WITHIN", 0.5)
    monkeypatch.setattr(receiving, "AGAIN", 0.02)  # between two looks while something is under way

    async def scenario(c: Club) -> None:
        c.api.hang("getChatMember")
        await c.anna.types("/club", chat=c.group)
        await c.api.called("getChatMember")
        await c.anna.types("/up", chat=c.group)
        await c.bob.types("/up", chat=c.group)
        await c.anna.types("/stop")
        await until(lambda: len(c.core.heard) == 3)
        assert Command("club") not in c.core.events
        assert (await c.hears(4))[-1].event == Command("club")

    play(scenario)


def test_what_happens_to_a_club_stays_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organisers, "ASKED_WITHIN", 0.1)

    async def scenario(c: Club) -> None:
        c.group.bot = "left"
        c.api.hang("getChatMember")
        c.group.adds_bot(c.anna)
        await c.bob.types("/together", chat=c.group)
        c.group.kicks_bot(c.anna)
        await c.hears(3)
        assert c.core.events == [Joined(), Command("together"), Left()]

    play(scenario)


def test_an_anonymous_admin_may_manage_the_club_and_nothing_else() -> None:
    async def scenario(c: Club) -> None:
        topic = c.group.topic("After")
        for text in ("/up", "/club on", "/challenge@OtherBot", "/ran"):
            await c.anna.types(text, chat=c.group, thread=topic, anonymous=True)
        [heard] = await c.hears()
        here = Address("telegram", "-1001", str(topic))
        assert (heard.event, heard.author, heard.organiser) == (Command("club", "on"), "", True)
        assert heard.address == heard.club == heard.group == here
        assert (heard.called, heard.locale) == ("", "")
        assert not c.calls("getChatMember")

    play(scenario, forum=True)


# What a group reads


def test_a_post_is_edited_where_it_stands() -> None:
    async def scenario(c: Club) -> None:
        post = await c.posts()
        for text in ("/up", "/ran"):
            await c.bob.types(text, chat=c.group)
        await c.hears(2)
        other = await c.posts("Another one")
        now = Message(c.place, "Three are in", ((IN,),), Lane.SOCIAL, slot="post")
        for _ in range(2):  # the second time nothing is left to be changed, which is fine
            assert await c.telegram.send(now, str(post.id)) == Receipt(str(post.id))
        assert [each.text for each in c.group.shown] == ["Three are in", "Another one"]
        assert other.labels == [IN.label, OUT.label]
        assert not c.telegram._tidying.busy

    play(scenario)


def test_an_answer_in_a_group_is_edited_where_it_stands_and_comes_anew_if_it_is_gone() -> None:
    async def scenario(c: Club) -> None:
        post, below = await c.posts(), await c.posts("Below")
        now = Message(c.place, "Answer", slot="answer")
        assert await c.telegram.send(now, str(post.id)) == Receipt(str(post.id))
        del c.group.messages[post.id]
        anew = await c.telegram.send(now, str(post.id))
        assert int(anew.message_id) > below.id

    play(scenario)


@pytest.mark.parametrize("why", ["deleted", "too old", "no topic"])
def test_a_post_that_is_gone_stays_gone(why: str) -> None:
    async def scenario(c: Club) -> None:
        post = await c.posts()
        match why:
            case "deleted":
                del c.group.messages[post.id]
            case "too old":
                refusal = "Bad Request: message can't be edited"
                c.api.fail("editMessageText", status=400, description=refusal)
            case _:
                c.api.fail("editMessageText", status=400, description="Bad Request: TOPIC_DELETED")
        now = Message(c.place, "Three are in", ((IN,),), Lane.SOCIAL, slot="post")
        assert await c.telegram.send(now, str(post.id)) == Receipt(str(post.id))
        assert len(c.calls("sendMessage")) == 1, "the post itself"

    play(scenario)


def test_a_post_that_grows_too_long_is_cut_and_stays_one() -> None:
    async def scenario(c: Club) -> None:
        post = await c.posts()
        now = Message(c.place, "Anna is in. " * 500, ((IN,),), Lane.SOCIAL, slot="post")
        assert await c.telegram.send(now, str(post.id)) == Receipt(str(post.id))
        [shown] = c.group.shown
        assert 2000 < len(shown.text) <= 4096
        assert shown.labels == [IN.label]

    play(scenario)


def test_edits_count_to_what_a_group_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chats, "IN_A_GROUP", Rate(3, 60.0))

    async def scenario(c: Club) -> None:
        c.api.rates.group_minute = 3
        post = await c.posts()
        for count in (1, 2):
            now = Message(c.place, f"{count} in", ((IN,),), Lane.SOCIAL, slot="post")
            await c.telegram.send(now, str(post.id))
        with pytest.raises(TryLater) as caught:
            await c.telegram.send(Message(c.place, "3 in", lane=Lane.SOCIAL), str(post.id))
        assert 50 < caught.value.after <= 60
        assert not caught.value.everywhere

    play(scenario)


# Presses


def test_a_press_on_a_post_says_what_it_did_and_takes_nothing_away() -> None:
    async def scenario(c: Club) -> None:
        post = await c.posts()
        c.core.answer = lambda incoming: Taken(committed=True, notice=f"{incoming.called} is *in*.")
        for who in (c.anna, c.bob, c.bob):
            press = await who.presses(IN.label, post)
            assert await press.answered() == f"{who.name} is in."
        await c.hears(3)
        assert not c.telegram._tidying.busy
        assert [each.labels for each in c.group.shown] == [[IN.label, OUT.label]]

    play(scenario)


def test_what_passes_is_said_by_the_press_alone() -> None:
    async def scenario(c: Club) -> None:
        passing = Message(c.place, "Already in.", notice="Already in.", passing=True)
        assert not c.telegram.counts(passing)
        assert c.telegram.counts(Message(c.place, "Already in."))
        assert await c.telegram.send(passing) == Receipt()
        assert await c.telegram.send(passing, "17") == Receipt()
        assert c.group.shown == []

    play(scenario)


def test_a_button_that_leads_away_does_so_in_a_group_and_is_pressed_in_a_chat_of_two() -> None:
    async def scenario(c: Club) -> None:
        both = Button("Join", "1|9|join", opens="club-K7_x")
        post = await c.telegram.send(Message(c.place, "Join us", ((both,),)))
        shown = c.group.messages[int(post.message_id)]
        assert shown.buttons == [[("Join", "https://t.me/LegsUpTestBot?start=club-K7_x", None)]]
        await c.bob.follows("Join", shown)
        [start] = await c.hears()
        assert (start.event, start.club) == (Command("start", "club-K7_x"), None)
        await c.telegram.send(Message(start.address, "Join them?", ((both,),)))
        await c.bob.hears("Join them?")
        await c.bob.presses("Join")
        assert (await c.hears(2))[-1].event == Press("1|9|join")

    play(scenario)


@pytest.mark.parametrize("word", ["with space", "ümlaut", "a" * 65, "a&b", "a=b"])
def test_a_link_carries_only_what_telegram_lets_it_carry(word: str) -> None:
    async def scenario(c: Club) -> None:
        button = Button("Join", opens=word)
        post = await c.telegram.send(Message(c.place, "Join us", ((button,),)))
        await c.bob.follows("Join", c.group.messages[int(post.message_id)])
        assert (await c.hears())[0].event == Command("start")

    play(scenario)


# Where nothing can be said


@pytest.mark.parametrize(
    "why", ["kicked", "left", "unknown", "muted", "all muted", "closed", "forbidden", "rights"]
)
def test_a_group_that_takes_no_words_cannot_be_reached(why: str) -> None:
    async def scenario(c: Club) -> None:
        place = c.place
        match why:
            case "kicked":
                c.group.kicks_bot(c.anna)
            case "left":
                c.group.bot = "left"
            case "unknown":
                place = Address("telegram", "-1002")
            case "muted":
                c.group.mutes_bot(c.anna)
            case "all muted":
                c.group.mutes_all()
            case "closed":
                topic = c.group.topic("After")
                c.group.closes(topic)
                c.group.closes_general()
                place = Address("telegram", "-1001", str(topic))
            case "forbidden":
                refusal = "Bad Request: CHAT_WRITE_FORBIDDEN"
                c.api.fail("sendMessage", status=400, description=refusal)
            case _:
                refusal = "Bad Request: have no rights to send a message"
                c.api.fail("sendMessage", status=400, description=refusal)
        with pytest.raises(Unreachable):
            await c.telegram.send(Message(place, "Tonight", lane=Lane.SOCIAL))

    play(scenario, forum=why == "closed")


def test_an_admin_may_speak_where_all_others_are_muted() -> None:
    async def scenario(c: Club) -> None:
        c.group.promotes_bot(c.anna)
        c.group.mutes_all()
        await c.posts()
        await c.bob.hears("Tonight", chat=c.group)

    play(scenario)


def test_what_is_wrong_with_the_words_says_nothing_about_the_group() -> None:
    async def scenario(c: Club) -> None:
        refusal = "Bad Request: BUTTON_URL_INVALID"
        c.api.fail("sendMessage", status=400, description=refusal)
        with pytest.raises(Refused):
            await c.telegram.send(Message(c.place, "Tonight", lane=Lane.SOCIAL))

    play(scenario)


def test_a_chat_of_two_is_not_given_up_for_what_groups_refuse() -> None:
    async def scenario(c: Club) -> None:
        await c.bob.starts()
        refusal = "Bad Request: CHAT_WRITE_FORBIDDEN"
        c.api.fail("sendMessage", status=400, description=refusal)
        with pytest.raises(Refused):
            await c.telegram.send(Message(Address("telegram", "8"), "Hello"))

    play(scenario)


# Menus


def test_a_group_has_a_menu_and_whoever_manages_it_a_longer_one() -> None:
    async def scenario(c: Club) -> None:
        await menus.put_up(c.telegram.bot)
        shown = {
            call.parameters["scope"]["type"]: [
                each["command"] for each in call.parameters["commands"]
            ]
            for call in c.calls("setMyCommands")
        }
        group, theirs = shown["all_group_chats"], shown["all_chat_administrators"]
        assert {"together", "challenge", "ran", "seat"} <= set(group)
        assert set(theirs) - set(group) == {"club"}
        assert {"challenge", "join"} <= set(shown["all_private_chats"])
        assert "club" not in shown["all_private_chats"]

    play(scenario)
