"""Clubs on Discord, over the wire: who says what in a server, and how it is told things."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from adapters import inbox
from adapters.discord import platform, replies
from adapters.discord.platform import Discord
from adapters.discord.replies import Kind, Reply
from adapters.discord.running import Server, run
from bot.clock import Clock
from bot.events import (
    Address,
    Button,
    ClubRun,
    Command,
    Event,
    Incoming,
    Joined,
    Lane,
    Left,
    Message,
    Press,
    Receipt,
    Taken,
    Unreachable,
)
from bot.health import Health
from bot.metrics import Metrics
from bot.service import Service
from tests.discord_api import Channel, DiscordApi, Guild, Interaction, Person, Shown
from tests.discord_api.gateway import DIRECT_MESSAGES, GUILDS, SCHEDULED_EVENTS, Session
from tests.discord_api.interactions import DEFERS, SAYS
from tests.discord_api.places import Message as Posted
from tests.discord_house import brisk, hurry
from tests.standin import until

pytestmark = pytest.mark.process  # over the wire

IN = Button("I'm in", "1|0|together|9", opens="t_9")
OUT = Button("Not today", "1|0|out|9")
OWN_CHAT = Button("Open our chat", opens="up")
SOON, HOUR = timedelta(days=2), timedelta(hours=1)
SEND, OPEN = "POST /channels/*/messages", "POST /users/@me/channels"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


async def _nothing(incoming: Incoming) -> Taken:
    return Taken(committed=True)


@dataclass
class Core:
    """Stands in for the service: remembers what it heard, and has an answer for it."""

    clock: Clock = field(default_factory=Clock)
    health: Health = field(default_factory=lambda: Health(Metrics()))
    heard: list[Incoming] = field(default_factory=list)
    answer: Callable[[Incoming], Awaitable[Taken]] = _nothing
    _kept: dict[str, str] = field(default_factory=dict)

    async def receive(self, incoming: Incoming, *, told: bool = False) -> Taken:
        self.heard.append(incoming)
        return await self.answer(incoming)

    async def kept(self, name: str) -> str | None:
        return self._kept.get(name)

    async def keep(self, name: str, value: str) -> None:
        self._kept[name] = value

    @property
    def events(self) -> list[Event]:
        return [incoming.event for incoming in self.heard]

    @property
    def runs(self) -> list[ClubRun]:
        return [event for event in self.events if isinstance(event, ClubRun)]


@dataclass
class Club:
    """A server with the bot in it, and those who run there."""

    api: DiscordApi
    core: Core
    discord: Discord
    guild: Guild
    anna: Person
    bob: Person

    @property
    def channel(self) -> Channel:
        return self.guild.channels[0]

    @property
    def place(self) -> Address:
        return self.at(self.channel)

    def at(self, channel: Channel) -> Address:
        return Address("discord", str(self.guild.id), str(channel.id))

    async def hears(self, count: int = 1) -> list[Incoming]:
        await until(lambda: len(self.core.heard) >= count)
        assert len(self.core.heard) == count
        return self.core.heard

    async def posts(self, text: str = "Tonight at 21:00", **more: Any) -> Posted:  # noqa: ANN401
        """What a club reads, as it stands in the server."""
        to = more.pop("to", self.place)
        number = more.pop("number", 0)
        said = Message(to, text, ((IN, OUT),), Lane.SOCIAL, slot="post", **more)
        receipt = await self.discord.send(said, number=number)
        return self.api.channels[int(to.thread)].messages[int(receipt.message_id)]

    async def edits(self, post: Posted, text: str) -> Receipt:
        said = Message(self.at(post.channel), text, ((IN,),), Lane.SOCIAL, slot="post")
        return await self.discord.send(said, str(post.id), 5)

    def answers(self, text: str, **more: Any) -> None:  # noqa: ANN401
        """From now on whoever does anything is told that."""

        async def answer(incoming: Incoming) -> Taken:
            if incoming.author:
                said = Message(incoming.address, text, reply=incoming.reply, **more)
                await self.discord.send(said)
            return Taken(committed=True, said=True)

        self.core.answer = answer

    async def presses(self, who: Person, post: Posted, button: Button = IN) -> Interaction:
        [shown] = [one for one in who.sees(post.channel) if one.id == post.id]
        return await who.press(button.label, shown)


Scenario = Callable[[Club], Coroutine[None, None, None]]


@asynccontextmanager
async def club(*, planned: bool = False) -> AsyncIterator[Club]:
    async with DiscordApi(latency=(0, 0)) as api:
        brisk(api)
        anna, bob = api.person("Anna"), api.person("Bob")
        guild = api.guild("Runners", anna, bob, locale="de")
        if planned:
            guild.plans(at(), at() + HOUR)
        core, discord = Core(), Discord(api.token)
        discord.client._connection.guild_ready_timeout = 0.05  # tests wait for it
        service = cast(Service, core)
        running = asyncio.create_task(run(discord, service, Server(api.url), lambda *_: None))
        try:
            await until(lambda: bool(discord.commands) or running.done())
            await until(lambda: discord.client.is_ready() or running.done())
            yield Club(api, core, discord, guild, anna, bob)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await discord.close()


def play(scenario: Scenario, *, broken: bool = False, planned: bool = False) -> None:
    """A club in which, unless it is ``broken``, no rule of Discord may be."""

    async def playing() -> None:
        async with asyncio.timeout(20), club(planned=planned) as opened:
            await scenario(opened)
            if not broken:
                assert opened.api.check() == []

    asyncio.run(playing())


def at(hours: float = 0) -> datetime:
    """A moment in two days, to the second as Discord has it."""
    return datetime.now(UTC).replace(microsecond=0) + SOON + timedelta(hours=hours)


def as_it_was(post: Posted) -> None:
    """Nobody has touched it."""
    assert not post.deleted
    assert post.edits == 0
    assert [one["label"] for row in post.components for one in row["components"]] == [
        IN.label,
        OUT.label,
    ]


def alone(person: Person, channel: Channel) -> list[Shown]:
    """What there nobody else sees."""
    return [one for one in person.sees(channel) if one.ephemeral]


# Who says what


@pytest.mark.parametrize(
    ("granted", "organiser"),
    [
        ((), False),
        (("MANAGE_MESSAGES",), False),
        (("MANAGE_EVENTS",), True),
        (("MANAGE_GUILD",), True),
        (("ADMINISTRATOR",), True),
    ],
)
def test_what_is_said_in_a_server_names_its_club_and_who_may_manage_it(
    granted: tuple[str, ...], organiser: bool
) -> None:
    async def scenario(c: Club) -> None:
        c.guild.nicks[c.anna.id] = "Anna of  the\nHills and of all that lies behind them"
        c.guild.grants(c.anna, *granted)
        await (await c.anna.command("club", c.channel, change="21:00")).answered()
        [heard] = await c.hears()
        assert heard.event == Command("club", "21:00")
        assert (heard.club, heard.group) == (c.place, None)
        assert heard.address == Address("discord", str(c.anna.id))
        assert heard.called == "Anna of the Hills and of all tha"
        assert heard.organiser is organiser

    play(scenario)


def test_a_thread_is_a_place_of_its_own() -> None:
    async def scenario(c: Club) -> None:
        thread = c.guild.thread(c.channel)
        post = await c.posts(to=c.at(thread))
        await (await c.presses(c.bob, post)).answered()
        [heard] = await c.hears()
        assert (heard.event, heard.club) == (Press(IN.data), c.at(thread))
        assert (heard.address.chat_id, heard.called) == (str(c.bob.id), "Bob")

    play(scenario)


def test_where_we_are_no_member_there_is_no_club() -> None:
    async def scenario(c: Club) -> None:
        cleo = c.api.person("Cleo", installed=True)
        other = c.api.guild("Elsewhere", cleo, bot=False)
        other.grants(cleo, "ADMINISTRATOR")
        for where in (None, other.channels[0], c.api.private(cleo, c.bob)):
            await (await cleo.command("stats", where)).answered()
        heard = await c.hears(3)
        assert [(each.club, each.organiser) for each in heard] == [(None, False)] * 3
        assert {each.called for each in heard} == {"Cleo"}

    play(scenario)


# Posts


def test_a_post_stands_in_its_channel_with_what_can_be_pressed_there() -> None:
    async def scenario(c: Club) -> None:
        said = Message(
            c.place, "Tonight, @everyone", ((IN, OUT), (OWN_CHAT,)), Lane.SOCIAL, silent=True
        )
        receipt = await c.discord.send(said, number=7)
        post = c.channel.messages[int(receipt.message_id)]
        [shown] = c.bob.sees(c.channel)
        assert shown.buttons == [IN.label, OUT.label]
        assert (shown.links, shown.silent, shown.pings_me) == ({}, True, False)
        [call] = c.api.calls(SEND)
        assert call.body["allowed_mentions"] == {"parse": []}
        assert (call.body["nonce"], call.body["enforce_nonce"]) == ("7", True)
        # Said twice, as after a crash, it stands there once.
        assert await c.discord.send(said, number=7) == receipt
        assert list(c.channel.messages.values()) == [post]
        assert not c.api.calls(OPEN)
        assert c.discord.counts(said)

    play(scenario)


def test_what_a_club_reads_is_no_answer_to_whoever_made_it_so() -> None:
    async def scenario(c: Club) -> None:
        sent = await c.anna.command("together", c.channel)
        [heard] = await c.hears()
        post = await c.posts(reply=heard.reply)
        assert not post.ephemeral
        assert [one.id for one in c.bob.sees(c.channel)] == [post.id]
        assert post not in sent.messages

    play(scenario)


def test_a_post_is_edited_where_it_stands() -> None:
    async def scenario(c: Club) -> None:
        post = await c.posts()
        for text in ("Nice", "See you there"):
            await c.bob.write(text, c.channel)
        await c.posts("Another")
        assert await c.edits(post, "2 are in") == Receipt(str(post.id))
        assert (post.content, post.edits) == ("2 are in", 1)
        assert len(c.api.calls(SEND)) == 2

    play(scenario)


def test_a_post_that_somebody_took_away_stays_away() -> None:
    async def scenario(c: Club) -> None:
        c.guild.grants(c.bob, "MANAGE_MESSAGES")
        post = await c.posts(number=7)
        await c.bob.deletes(c.bob.sees(c.channel)[-1])
        assert await c.edits(post, "2 are in") == Receipt(str(post.id))
        # It was said before a crash, too.
        said = Message(c.place, "Tonight at 21:00", ((IN, OUT),), Lane.SOCIAL, slot="post")
        assert await c.discord.send(said, number=7) == Receipt()
        assert c.bob.sees(c.channel) == []

    play(scenario)


@pytest.mark.parametrize("why", ["no access", "may not write", "deleted", "kicked", "locked"])
@pytest.mark.parametrize("editing", [False, True])
def test_where_nothing_can_be_posted_is_unreachable(why: str, editing: bool) -> None:
    async def scenario(c: Club) -> None:
        thread = c.guild.thread(c.channel)
        place = thread if why == "locked" else c.channel
        post = await c.posts(to=c.at(place))
        match why:
            case "no access":
                c.channel.deny("VIEW_CHANNEL")
            case "may not write":
                c.channel.deny("SEND_MESSAGES")
            case "deleted":
                c.channel.delete()
            case "kicked":
                c.guild.kicks_bot()
            case _:
                thread.archive(locked=True)
        if editing and why in ("may not write", "locked"):
            # What is ours may be edited all the same; what is folded away is left alone.
            assert await c.edits(post, "2 are in") == Receipt(str(post.id))
            assert post.edits == (why != "locked")
            return
        with pytest.raises(Unreachable):
            await (c.edits(post, "2 are in") if editing else c.posts(to=c.at(place)))
        assert not c.api.calls(OPEN)

    play(scenario)


def test_a_thread_that_was_folded_away_opens_for_a_post() -> None:
    async def scenario(c: Club) -> None:
        thread = c.guild.thread(c.channel)
        post = await c.posts(to=c.at(thread))
        thread.archive()
        assert await c.edits(post, "2 are in") == Receipt(str(post.id))
        assert thread.archived
        await c.posts(to=c.at(thread))
        assert not thread.archived

    play(scenario)


# Presses


def test_whoever_presses_a_post_is_answered_alone_and_the_post_stays_as_it_is() -> None:
    async def scenario(c: Club) -> None:
        c.answers("You're in")
        post = await c.posts()
        for who in (c.anna, c.bob):
            sent = await c.presses(who, post)
            await who.reads("You're in", c.channel)
            assert sent.first == SAYS
        assert len(alone(c.anna, c.channel)) == len(alone(c.bob, c.channel)) == 1
        as_it_was(post)
        assert not c.api.calls(OPEN)

    play(scenario)


def test_what_would_edit_the_message_that_was_pressed_edits_no_post() -> None:
    async def scenario(c: Club) -> None:
        post = await c.posts()

        async def answer(incoming: Incoming) -> Taken:
            said = Message(incoming.address, "You're in", slot="card", reply=incoming.reply)
            assert await c.discord.send(said, str(post.id)) == Receipt()
            return Taken(committed=True, said=True)

        c.core.answer = answer
        await c.presses(c.anna, post)
        assert (await c.anna.reads("You're in", c.channel)).ephemeral
        as_it_was(post)

    play(scenario)


@pytest.mark.parametrize("said", [True, False])
def test_a_slow_answer_leaves_nothing_turning_and_the_post_as_it_is(
    monkeypatch: pytest.MonkeyPatch, said: bool
) -> None:
    monkeypatch.setattr(platform, "SOON", 0.02)

    async def scenario(c: Club) -> None:
        gate = asyncio.Event()

        async def answer(incoming: Incoming) -> Taken:
            await gate.wait()
            if said:
                message = Message(incoming.address, "You're in", reply=incoming.reply)
                await c.discord.send(message)
            return Taken(committed=True, said=said)

        c.core.answer = answer
        post = await c.posts()
        sent = await c.presses(c.anna, post)
        await sent.answered()
        assert sent.first == DEFERS
        assert not any(one.thinking for one in c.anna.sees(c.channel))
        gate.set()
        if said:
            assert (await c.anna.reads("You're in", c.channel)).ephemeral
        assert len(alone(c.anna, c.channel)) == said
        assert not alone(c.bob, c.channel)
        as_it_was(post)

    play(scenario)


def test_a_press_that_only_changes_the_post_leaves_nothing_turning() -> None:
    async def scenario(c: Club) -> None:
        post = await c.posts()
        sent = await c.presses(c.anna, post)
        await sent.answered()
        assert sent.first == DEFERS
        assert await c.edits(post, "1 is in") == Receipt(str(post.id))
        assert [one.text for one in c.anna.sees(c.channel)] == ["1 is in"]

    play(scenario)


def test_a_finger_that_taps_twice_is_one_and_two_people_are_two() -> None:
    async def scenario(c: Club) -> None:
        c.answers("You're in")
        post = await c.posts()
        await (await c.presses(c.anna, post)).answered()
        again = await c.presses(c.anna, post)
        await again.answered()
        await (await c.presses(c.bob, post)).answered()
        heard = await c.hears(2)
        assert {each.author for each in heard} == {str(c.anna.id), str(c.bob.id)}
        assert again.first == DEFERS
        assert len(alone(c.anna, c.channel)) == 1
        as_it_was(post)

    play(scenario)


def test_a_rest_that_is_begun_below_a_post_is_led_in_their_own_chat() -> None:
    async def scenario(c: Club) -> None:
        c.answers("Legs up", in_rest=True, buttons=((OUT,),))
        post = await c.posts()
        await c.presses(c.anna, post)
        assert (await c.anna.reads("Legs up")).buttons == [OUT.label]
        pointer = await c.anna.reads("I have written to you", c.channel)
        assert pointer.ephemeral
        await c.presses(c.anna, post, OUT)
        await c.anna.until(lambda: len(alone(c.anna, c.channel)) == 2)
        await until(lambda: not c.discord._tidying.busy)
        as_it_was(post)

    play(scenario)


# What passes


def test_what_passes_is_said_to_whoever_pressed_and_stays_nowhere_else() -> None:
    async def scenario(c: Club) -> None:
        c.answers("Thank you for that.", notice="Thank you!", passing=True)
        post = await c.posts()
        await c.presses(c.anna, post)
        assert (await c.anna.reads("Thank you!", c.channel)).ephemeral
        c.answers("Thank you for that.", passing=True)
        await c.presses(c.bob, post)
        await c.bob.reads("Thank you for that.", c.channel)
        assert len(c.bob.sees(c.channel)) == 2
        as_it_was(post)
        # In the chat of two it would stay.
        await c.discord.send(Message(Address("discord", str(c.anna.id)), "Now?", ((OUT,),)))
        await (await c.anna.press(OUT.label, await c.anna.reads("Now?"))).answered()
        await (await c.anna.command("stats")).finished()
        await until(lambda: [one.text for one in c.anna.sees()] == ["Now?"])

    play(scenario)


@pytest.mark.parametrize("answering", [True, False])
def test_what_passes_is_not_said_where_nobody_waits_for_it(answering: bool) -> None:
    async def scenario(c: Club) -> None:
        late = replies.write(Reply("1", "x" * 40, Kind.PRESS, message="2", guild="3", channel="4"))
        said = Message(
            Address("discord", str(c.anna.id)),
            "Thank you!",
            reply=late if answering else "",
            passing=True,
        )
        assert await c.discord.send(said) == Receipt()
        assert not c.api.calls(OPEN)
        assert not c.api.calls(SEND)

    play(scenario, broken=answering)


# The calendar


def test_the_calendar_of_a_server_comes_with_the_session_and_with_each_change() -> None:
    async def scenario(c: Club) -> None:
        [first] = c.guild.planned
        [heard] = await c.hears()
        assert heard.event == ClubRun(str(first.id), first.starts, first.ends)
        assert heard.club == heard.address == Address("discord", str(c.guild.id))
        assert (heard.author, heard.group, heard.locale) == ("", None, "de")
        second = c.guild.plans(at(3))
        await c.hears(2)
        was = second.starts
        second.moves(was + HOUR)
        await c.hears(3)
        second.moves(was)  # and back: that is a change, too
        await c.hears(4)
        assert [run.starts for run in c.core.runs[1:]] == [was, was + HOUR, was]
        assert {run.ends for run in c.core.runs[1:]} == {None}
        assert len({each.id for each in c.core.heard}) == 4

    play(scenario, planned=True)


def test_a_run_that_is_over_is_told_once_and_one_that_is_called_off_as_well() -> None:
    async def scenario(c: Club) -> None:
        over, off, gone = (c.guild.plans(at(nth), at(nth + 1)) for nth in range(3))
        await c.hears(3)
        c.api.gateway.twice("GUILD_SCHEDULED_EVENT_UPDATE", 2)
        over.begins()
        await c.hears(4)
        over.completes()
        off.cancels()
        gone.deletes()
        over.deletes()
        await until(lambda: len({each.id for each in c.core.heard}) >= 7)
        key = str(over.id)
        told = {each.id: each.event for each in c.core.heard if isinstance(each.event, ClubRun)}
        runs = list(told.values())
        [ended] = [one for one in runs[4:] if one.key == key]
        # Before it began: it has no earlier end than that.
        assert (ended.ends, ended.called_off) == (over.starts, False)
        assert {one.key for one in runs if one.called_off} == {str(off.id), str(gone.id)}
        assert len(runs) == 7

    play(scenario)


def test_after_a_break_only_what_is_new_is_told() -> None:
    async def scenario(c: Club) -> None:
        await c.hears()
        c.api.gateway.forget()
        await c.api.gateway.close(4000)  # it comes back to the same session
        await until(lambda: bool(c.api.gateway.resumed))
        c.api.gateway.invalidate()
        await until(lambda: len(c.api.gateway.identified) == 2)
        later = c.guild.plans(at(5))
        heard = await c.hears(2)
        assert isinstance(heard[1].event, ClubRun)
        assert heard[1].event.key == str(later.id)
        c.guild.goes_down()
        c.guild.comes_back()
        await (await c.anna.command("stats", c.channel)).answered()
        await c.hears(3)

    play(scenario, planned=True)


def test_a_server_that_becomes_a_club_has_its_calendar_told_once_more() -> None:
    async def scenario(c: Club) -> None:
        [first] = c.guild.planned
        over = c.guild.plans(at(2))
        over.begins()
        over.completes()
        await c.hears(4)
        await (await c.anna.command("club", c.channel)).answered()
        *before, again = await c.hears(6)
        assert isinstance(again.event, ClubRun)
        assert again.event.key == str(first.id)
        assert again.id not in {each.id for each in before}

    play(scenario, planned=True)


def test_we_ask_to_be_told_of_calendars_and_of_nothing_else_that_is_new() -> None:
    async def scenario(c: Club) -> None:
        [session] = c.api.gateway.live
        assert session.intents == GUILDS | DIRECT_MESSAGES | SCHEDULED_EVENTS

    play(scenario)
    without = Session("1", (0, 1), GUILDS)
    assert without.wants("GUILD_CREATE", dm=False)
    assert not without.wants("GUILD_SCHEDULED_EVENT_CREATE", dm=False)


# In and out


def test_we_are_in_and_out_of_a_server_and_one_that_is_down_is_not_lost() -> None:
    async def scenario(c: Club) -> None:
        c.guild.goes_down()
        c.guild.comes_back()
        c.guild.kicks_bot()
        await c.hears()
        c.guild.plans(at())
        c.guild.adds_bot()
        left, joined, planned = await c.hears(3)
        assert [left.event, joined.event] == [Left(), Joined()]
        here = Address("discord", str(c.guild.id))
        assert {each.club for each in c.core.heard} == {here}
        assert {each.address for each in c.core.heard} == {here}
        assert {each.author for each in c.core.heard} == {""}
        assert isinstance(planned.event, ClubRun)

    play(scenario)


def test_each_time_that_we_come_and_go_is_another() -> None:
    async def scenario(c: Club) -> None:
        for nth in range(1, 3):
            c.guild.kicks_bot()
            await c.hears(2 * nth - 1)
            c.guild.adds_bot()
            await c.hears(2 * nth)
        assert c.core.events == [Left(), Joined()] * 2
        assert len({each.id for each in c.core.heard}) == 4

    play(scenario)


def test_what_cannot_be_written_yet_of_a_server_is_tried_again() -> None:
    async def scenario(c: Club) -> None:
        async def answer(incoming: Incoming) -> Taken:
            return Taken(committed=len(c.core.heard) > 2)

        c.core.answer = answer
        c.guild.plans(at())
        await c.hears(3)
        assert len({each.id for each in c.core.heard}) == 1

    play(scenario)


def test_however_many_servers_tell_something_nobody_waits_for_it() -> None:
    async def scenario(c: Club) -> None:
        gate = asyncio.Event()

        async def answer(incoming: Incoming) -> Taken:
            if not incoming.author:
                await gate.wait()
            return Taken(committed=True)

        c.core.answer = answer
        for nth in range(inbox.AT_ONCE + 1):
            c.api.guild(f"Club {nth}", c.bob).plans(at())
        await until(lambda: len(c.core.heard) == inbox.AT_ONCE)
        await c.anna.command("stats", c.channel)
        await until(lambda: any(each.author for each in c.core.heard))
        gate.set()
        await until(lambda: len(c.core.runs) == inbox.AT_ONCE + 1)

    play(scenario)
