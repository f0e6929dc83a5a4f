"""Discord at its edges: closed doors, lost answers, limits, outages, and the gateway."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest

from adapters.account import WrongBot
from adapters.discord import platform, running
from adapters.discord.running import GatewayRefused, TokenRefused
from bot.events import Address, Button, Message, TryLater
from tests.discord_api import Channel, DiscordApi, Interaction, Person, Shown
from tests.discord_api.places import PUBLIC_THREAD
from tests.discord_api.server import CLOUDFLARE_502, CLOUDFLARE_BAN
from tests.discord_house import House, agrees, checked, house, hurry, opened_api, play
from tests.standin import until
from tests.test_discord import (
    HELP,
    below,
    card,
    club,
    custom_ids,
    public,
    slow_store,
    words_to,
)

pytestmark = pytest.mark.process  # over the wire

AWAY = "I can't get at my notes"
CLOSED = "I cannot write to you"
SEND = "POST /channels/*/messages"
THREAD = "POST /channels/*/threads"
LIMITS: tuple[Literal["user", "shared", "global"], ...] = ("user", "shared", "global")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def home(person: Person) -> Address:
    return Address("discord", str(person.id))


async def remembered(h: House, person: Person) -> None:
    """With a reminder in half an hour."""
    await checked(person)
    await person.command("zone", city="Berlin")
    await person.reads("Berlin: ")
    await person.command("remind", when="in 30 min")
    await person.reads("I remind you once")
    await h.quiet(person)


async def half_an_hour(h: House) -> None:
    await h.service.travel(h.clock.now() + timedelta(minutes=31))


def reminders(person: Person) -> list[Shown]:
    """Those that came by themselves."""
    return [one for one in person.sees() if one.message.interaction is None and one.by_bot]


# Where nobody can be written to


async def led_in_thread(ada: Person, channel: Channel) -> Channel:
    """From nothing to legs up, where her direct messages are closed; the thread with the cues."""
    await checked(ada, channel)
    await card(ada, channel)
    await ada.press("None of these, start")
    await ada.press("Next", await ada.reads("1/3", channel))
    await ada.press("Next", await ada.reads("2/3", channel))
    await ada.press("I'm in place", await ada.reads("3/3", channel))
    await ada.reads("I have opened a private thread", channel)
    (thread,) = ada.threads()
    await ada.reads(lambda shown: "Come down" in shown.buttons, thread)
    return thread


async def way_out(h: House, thread: Channel, ada: Person) -> Shown:
    for _ in range(30):
        await h.service.travel(h.clock.now() + timedelta(seconds=30))
        if "Lighter" in ada.sees(thread)[-1].buttons:
            return ada.sees(thread)[-1]
    raise AssertionError("nobody called her down")


@pytest.mark.usefixtures("quick")
def test_where_direct_messages_are_closed_a_private_thread_has_the_cues_and_nothing_else(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        ada, bob = h.api.person("Ada", dms_open=False), h.api.person("Bob")
        channel = club(h, ada, bob)
        thread = await led_in_thread(ada, channel)
        assert channel.guild is not None
        pointed = ada.sees(channel)[-1]
        assert "moderators can read there" in pointed.text
        assert pointed.links == {
            "Open the thread": f"https://discord.com/channels/{channel.guild.id}/{thread.id}"
        }
        who, cue = ada.sees(thread)
        assert "moderators can read" in who.text
        # What is about the body is asked and answered for her alone.
        await ada.press("Tingling", cue)
        await ada.reads(lambda shown: shown.ephemeral and "It is gone" in shown.buttons, thread)
        await h.quiet(ada)
        out = await way_out(h, thread, ada)
        assert "ome out" in out.text
        assert not out.ephemeral
        await ada.press("Dizzy", out)
        answer = await ada.reads(below(out.id), thread)
        assert answer.ephemeral
        await h.quiet(ada)
        # The look at how they are, the check, and what comes of it were never said there.
        said = " ".join(public(thread))
        assert "3 minutes, from now" in said
        for private in ("Right now, or today", "in your answers", "/4", "mergency", "Back down on"):
            assert private not in said
        assert bob.threads() == []
        assert bob.sees(channel) == []
        assert public(channel) == []
        assert ada.sees() == []

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_what_is_personal_is_shown_in_a_thread_to_its_owner_alone_when_they_ask(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        ada, mod = h.api.person("Ada", dms_open=False), h.api.person("Mod")
        channel = club(h, ada, mod)
        thread = await led_in_thread(ada, channel)
        thread.people.append(mod)  # who may manage threads sees this one
        out = await way_out(h, thread, ada)
        await ada.press("Something is wrong", out)
        await ada.reads(lambda shown: shown.ephemeral and shown.id > out.id, thread)
        # Nobody answers: what is asked then is no cue.
        await h.service.travel(h.clock.now() + timedelta(minutes=40))
        await h.quiet(ada)
        for one in mod.sees(thread):
            assert not one.ephemeral
            assert "mergency" not in one.text
        for shown in ada.sees(thread):
            if "Show me" in shown.buttons:
                opened = await ada.press("Show me", shown)
                assert (await words_to(opened)).ephemeral
        # Whoever else presses there is answered alone, and about themselves.
        before = [one.text for one in ada.sees(thread)]
        for shown in mod.sees(thread):
            for label in shown.buttons:
                pressed = await mod.press(label, shown)
                await pressed.answered()
                await h.quiet(mod, ada)
                assert all(one.ephemeral for one in pressed.messages if one is not pressed.message)
        assert [one.text for one in ada.sees(thread)] == before

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("why", ["no permission", "no server of ours", "blocked"])
def test_where_there_is_no_thread_either_it_is_said_how_to_let_us_write(
    tmp_path: Path, why: str
) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada", dms_open=False, installed=True)
        guild = h.api.guild("Runners", ada, bot=why != "no server of ours")
        channel = guild.channels[0]
        if why == "no permission":
            channel.deny("CREATE_PRIVATE_THREADS")
        if why == "blocked":
            channel.deny("SEND_MESSAGES_IN_THREADS")
        await checked(ada, channel)
        await card(ada, channel)
        await ada.press("None of these, start")
        told = await ada.reads(CLOSED, channel)
        assert told.ephemeral
        assert ada.threads() == []
        # Opened, everything goes on where it should.
        ada.opens_dms()
        await ada.command("up", channel)
        await h.quiet(ada)
        shown = [one for place in (None, channel) for one in ada.sees(place)][-1]
        if "None of these, start" in shown.buttons:
            await ada.press("None of these, start")
        await ada.reads("1/3")
        assert public(channel) == []

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_in_a_thread_of_others_the_private_one_is_opened_beside_it(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada", dms_open=False)
        channel = club(h, ada)
        guild = channel.guild
        assert guild is not None
        post = Channel(h.api, PUBLIC_THREAD, "Sunday run")
        post.guild, post.parent, post.owner = guild, channel, ada.id
        guild.channels.append(post)
        h.api.tell("THREAD_CREATE", post.json, guild)
        await checked(ada, post)
        await card(ada, post)
        await ada.press("None of these, start", where=post)
        await ada.reads("1/3", post)
        await ada.until(lambda: len(ada.threads()) == 2)
        (thread,) = (one for one in ada.threads() if one is not post)
        assert thread.parent is channel
        assert public(post, channel) == []

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_the_next_rest_is_led_in_the_chat_of_two_again_once_it_is_open(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada", dms_open=False)
        channel = club(h, ada)
        thread = await led_in_thread(ada, channel)
        await ada.press("Come down", ada.sees(thread)[-1])
        await ada.press("Lighter", await ada.reads(lambda one: "Lighter" in one.buttons, thread))
        await h.quiet(ada)
        ada.opens_dms()
        await ada.command("up", channel)
        await ada.reads("Right now, or today", channel)
        await ada.press("None of these, start", where=channel)
        await ada.reads("1/3")
        assert len(h.api.calls(THREAD)) == 1

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_after_a_restart_the_way_out_finds_the_thread(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened_api() as api:
            ada = api.person("Ada", dms_open=False)
            channel = api.guild("Runners", ada).channels[0]
            async with house(tmp_path, api) as h:
                thread = await led_in_thread(ada, channel)
                await h.quiet(ada)
            async with house(tmp_path, api, at=h.clock.now()) as h:
                await way_out(h, thread, ada)
                assert ada.threads() == [thread]
                assert api.check() == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
def test_a_thread_that_is_gone_or_folded_away_holds_up_nobody(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada, bob = (h.api.person(name, dms_open=False) for name in ("Ada", "Bob"))
        channel = club(h, ada, bob)
        one = await led_in_thread(ada, channel)
        two = await led_in_thread(bob, channel)
        assert one is not two
        two.archive()
        one.delete()
        ada.opens_dms()
        await h.service.travel(h.clock.now() + timedelta(minutes=5))
        # A message opens what is folded away; who can be reached elsewhere is.
        await bob.reads("Time to come out", two)
        await ada.reads("Time to come out")

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_a_thread_in_which_nothing_may_be_said_any_more_is_not_tried_for_ever(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada", dms_open=False)
        channel = club(h, ada)
        await led_in_thread(ada, channel)
        await h.quiet(ada)
        asked = len(h.api.requests)
        channel.deny("SEND_MESSAGES_IN_THREADS")
        await h.service.travel(h.clock.now() + timedelta(minutes=5))
        await h.quiet(ada)
        assert len(h.api.requests) - asked < 20

    play(tmp_path, scenario)


# What is gone


@pytest.mark.usefixtures("quick")
def test_what_was_deleted_comes_anew_and_a_chat_that_is_gone_is_opened_again(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        await agrees(ada)
        await h.quiet(ada)
        first = await h.discord.send(Message(home(ada), "one", ((Button("A", "1|0|up"),),)))
        await h.discord.send(Message(home(ada), "two"), edits=first.message_id)
        assert ada.sees()[-1].text == "two"
        assert ada.sees()[-1].buttons == []
        h.api.messages.remove(ada.sees()[-1].message)
        anew = await h.discord.send(Message(home(ada), "three"), edits=first.message_id)
        assert (anew.message_id, ada.sees()[-1].text) == (str(ada.sees()[-1].id), "three")
        assert anew.message_id != first.message_id
        # The chat of two is another one now.
        ada.dm.delete()
        ada._dm = None
        sent = await h.discord.send(Message(home(ada), "four"))
        assert sent.message_id == str(ada.sees()[-1].id)
        assert h.api.check() == []

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("noted", [False, True])
def test_a_press_on_a_message_that_is_gone_meanwhile_is_answered_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noted: bool
) -> None:
    if noted:
        monkeypatch.setattr(platform, "SOON", 0.05)

    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        for where in (channel, None):
            if where:
                page = await agrees(ada, where)
            else:
                await ada.command("up")
                page = await ada.reads("/4")
            with slow_store(h):
                press = await ada.press("None of these", page)
                if noted:
                    await press.answered()
                h.api.messages.remove(page.message)
            await ada.reads(lambda shown, at=page: shown.id > at.id and "/4" in shown.text, where)  # type: ignore[misc]
            await h.quiet(ada)
            await ada.command("what", where)  # and nobody counts as away
            await ada.reads("Viparita", where)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_what_could_not_be_answered_in_time_is_answered_in_the_chat_of_two(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        page = await agrees(ada, channel)
        h.api.first_within = 0.2
        with slow_store(h):
            asked = await ada.command("what", channel)
            await until(lambda: asked.failed)
        await ada.reads("Viparita")
        with slow_store(h):
            pressed = await ada.press("None of these", page)
            await until(lambda: pressed.failed)
        await ada.reads("2/4")
        assert public(channel) == []
        h.api.interactions.all.clear()
        h.api.violations.clear()  # it was late, and that is what it is about

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_an_answer_for_a_channel_that_is_gone_is_said_in_the_chat_of_two(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        guild = channel.guild
        assert guild is not None
        await remembered(h, ada)
        other = guild.channel("other")
        for gone in (channel.delete, guild.kicks_bot):
            where = channel if gone == channel.delete else other
            with slow_store(h):
                await ada.command("what", where)
                last = ada.sees()[-1].id
                gone()
            if where is channel:
                await ada.reads(below(last, "Viparita"))
            else:
                await ada.reads("Viparita", where)
        # Nothing was lost of hers, who can be reached though we left the server.
        ada.installed = True
        await half_an_hour(h)
        await ada.until(lambda: bool(reminders(ada)))

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_nothing_is_deleted_because_somebody_could_not_be_reached(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        codes = {50007: 403, 50001: 403, 50013: 403, 50278: 403, 10003: 404, 10013: 404}
        people = {code: h.api.person(f"Runner {code}") for code in codes}
        for code, person in people.items():
            await remembered(h, person)
            await person.command("bedtime", time="every evening 21:30")
            await person.until(lambda who=person: "21:30" in who.sees()[-1].text)  # type: ignore[misc]
            where = f"POST /channels/{person.dm.id}/messages"
            h.api.fail(where, times=1000, status=codes[code], code=code)
        await half_an_hour(h)
        assert not any(reminders(person) for person in people.values())
        h.api.heal()
        for person in people.values():
            await person.command("reminders")
            await person.reads(lambda one: "21:30" in one.text and "eminders" in one.text)
        await h.service.travel(h.clock.now() + timedelta(days=1, hours=3))
        for person in people.values():
            assert reminders(person)

    play(tmp_path, scenario, broken=True)


# Answers that are lost, limits, errors


@pytest.mark.usefixtures("quick")
def test_words_whose_answer_was_lost_are_said_once(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await remembered(h, ada)
        before = len(ada.sees())
        h.api.drop(SEND)
        h.api.fail(SEND, status=502, body=CLOUDFLARE_502, after_doing=True)
        await half_an_hour(h)
        await ada.until(lambda: len(ada.sees()) > before)
        await h.quiet(ada)
        assert len(ada.sees()) == before + 1
        tries = [call.body for call in h.api.calls(SEND)]
        assert len(tries) >= 3
        assert len({body["nonce"] for body in tries}) == 1
        assert all(body["enforce_nonce"] for body in tries)
        # The first answer to an interaction, too: Discord tells by refusing the second.
        before = len(ada.sees(channel))
        h.api.drop("POST /interactions/*")
        sent = await ada.command("what", channel)
        await words_to(sent)
        await h.quiet(ada)
        assert len(sent.messages) == 1
        assert len(ada.sees(channel)) == before + 1
        h.api.violations.clear()  # which is what it asked for

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_what_was_put_off_and_the_answer_lost_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "SOON", 0.05)

    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        page = await agrees(ada, channel)
        for doing in ("a command", "a press"):
            h.api.drop("POST /interactions/*")
            with slow_store(h):
                if doing == "a press":
                    sent = await ada.press("None of these", page)
                else:
                    sent = await ada.command("what", channel)
                await sent.answered()
            await sent.finished()
        await ada.reads("Viparita", channel)
        assert (await ada.reads("2/4", channel)).id == page.id
        await h.quiet(ada)
        assert ada.sees() == []
        h.api.violations.clear()  # that it was refused is how it was noticed

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_a_press_whose_answer_was_lost_turns_its_page_once(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        page = await agrees(ada, channel)
        for turn in ("2/4", "3/4"):
            h.api.drop("POST /interactions/*", after_doing=turn == "2/4")
            await ada.press("None of these")
            await ada.reads(turn, channel)
            await h.quiet(ada)
            assert [one.id for one in ada.sees(channel)] == [page.id]
        h.api.violations.clear()

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_a_limit_is_kept_and_nothing_is_lost(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada, bob = h.api.person("Ada"), h.api.person("Bob")
        channel = club(h, ada, bob)
        await checked(ada)
        for scope in LIMITS:
            asked = len(h.api.calls(SEND))
            h.api.limit(SEND, 0.3, scope=scope)
            written = await ada.write("/what")
            await h.api.asked(SEND, asked + 1)
            # Answers count to no limit of the bot's.
            if scope != "global":
                sent = await bob.command("what", channel)
                assert "Viparita" in (await words_to(sent)).content
            await ada.reads(below(written.id))
            await h.quiet(ada)
            one, two = h.api.calls(SEND)[asked:]
            assert two.at - one.at >= 0.3
            assert len([shown for shown in ada.sees() if shown.id > written.id]) == 1

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_a_global_limit_holds_up_no_answer(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada, bob = h.api.person("Ada"), h.api.person("Bob")
        channel = club(h, ada, bob)
        await checked(ada)
        h.api.limit(SEND, 1.0, scope="global")
        written = await ada.write("/what")
        await h.api.asked(SEND)
        sent = await bob.command("what", channel)
        await words_to(sent)
        assert sent.took is not None
        assert sent.took < 0.8
        await ada.reads(below(written.id))

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_a_machine_that_is_banned_says_nothing_for_a_while_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "BANNED", 0.4)

    async def scenario(h: House) -> None:
        ada, bob = h.api.person("Ada"), h.api.person("Bob")
        await remembered(h, ada)
        await checked(bob)
        await h.quiet(bob)
        h.api.fail(SEND, status=429, body=CLOUDFLARE_BAN)
        due = await h.service.next_due()
        assert due is not None
        await h.service.travel(due)
        await h.api.asked(SEND)
        written = await bob.write("/what")
        await ada.until(lambda: bool(reminders(ada)))
        await bob.reads(below(written.id))
        first, *others = h.api.calls(SEND)
        assert (first.status, len(others)) == (429, 2)
        assert all(one.at - first.at >= 0.35 for one in others)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_errors_of_discords_own_are_tried_again(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await remembered(h, ada)
        h.api.fail(SEND, status=503, times=2)
        h.api.fail("POST /interactions/*", status=503)
        h.api.drop("POST /interactions/*", after_doing=False)
        sent = await ada.command("what", channel)
        await words_to(sent)
        await half_an_hour(h)
        await ada.until(lambda: bool(reminders(ada)))
        await h.quiet(ada)
        assert (len(reminders(ada)), len(sent.messages)) == (1, 1)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_what_discord_refuses_for_good_holds_up_nothing(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await agrees(ada, channel)
        h.api.fail("POST /interactions/*", status=400, code=50035)
        refused = await ada.command("what", channel)
        again = await ada.command("privacy", channel)
        await words_to(again)
        assert refused.first is None or refused.messages

    play(tmp_path, scenario, broken=True)


# The database is away


@pytest.mark.usefixtures("quick")
def test_while_nothing_can_be_written_all_are_told_and_a_cry_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "SOON", 0.05)

    async def scenario(h: House) -> None:
        ada, bob, cleo = (h.api.person(name) for name in ("Ada", "Bob", "Cleo"))
        channel = club(h, ada, bob, cleo)
        await agrees(ada, channel)
        await h.quiet(ada)
        h.store.full = True
        asked = await bob.command("up", channel)
        told = await words_to(asked)
        assert AWAY in told.content
        assert told.ephemeral
        pressed = await ada.press("None of these")
        await ada.reads(AWAY, channel)
        assert pressed.first is not None
        await cleo.write("chest pain")
        await cleo.reads("If this is an emergency")
        assert h.store.full
        h.store.full = False
        # All of it is done when it can be.
        await cleo.reads(HELP)
        await bob.reads("agree", channel)
        await ada.reads("2/4", channel)
        assert public(channel) == []
        assert not any(one.thinking for person in (ada, bob) for one in person.sees(channel))

    play(tmp_path, scenario)


# After a restart


@pytest.mark.usefixtures("quick")
def test_buttons_work_after_a_restart_and_old_ones_are_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened_api() as api:
            ada = api.person("Ada")
            channel = api.guild("Runners", ada).channels[0]
            kept: list[tuple[Shown, dict[str, str]]] = []
            async with house(tmp_path, api) as h:
                for where in (channel, None):
                    await ada.command("up", where)
                    shown = await ada.reads(
                        "agree" if where else lambda one: bool(one.buttons), where
                    )
                    kept.append((shown, custom_ids(shown)))
                await h.quiet(ada)
            async with house(tmp_path, api, at=h.clock.now()) as h:
                await ada.press("I agree", kept[0][0])
                await ada.reads("1/4", channel)
                opened = await ada.press("Tick lines", where=channel)
                await opened.opened()
                await h.quiet(ada)
            async with house(tmp_path, api, at=h.clock.now()) as h:
                sent = await ada.tick(opened, ["None of these"])
                await sent.finished()
                await ada.reads("2/4", channel)
                # Old ones: of the chat of two, of a page that is over.
                for shown, ids in kept:
                    for data in ids.values():
                        old = ada.press_id(shown, data)
                        await old.answered()
                        await h.quiet(ada)
                        assert old.messages, data
                assert api.check() == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
def test_what_is_delivered_twice_is_done_once(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        page = await agrees(ada, channel)
        h.api.gateway.twice("INTERACTION_CREATE", 2)
        await ada.press("None of these")
        await ada.reads("2/4", channel)
        await ada.command("what")
        await ada.reads("Viparita")
        # What is no event of ours, too.
        await ada.command("zone", channel)
        asked = await ada.reads(lambda shown: "Type an answer" in shown.buttons, channel)
        h.api.gateway.twice("INTERACTION_CREATE", 2)
        opened = await ada.press("Type an answer", asked)
        await opened.opened()
        assert await ada.autocomplete("zone", "city", "Berl", channel)
        await h.quiet(ada)
        assert ada.sees(channel)[-1].id == asked.id
        h.api.gateway.twice("MESSAGE_CREATE", 1)
        await ada.write("/privacy")
        await ada.reads("What I keep")
        # All that a session was told comes again, if its number was lost.
        h.discord.client.ws.sequence = 1
        before = (len(ada.sees()), len(ada.sees(channel)))
        await h.api.gateway.close(4000)
        await until(lambda: len(h.api.gateway.resumed) == 1)
        await ada.command("stats")
        await ada.until(lambda: len(ada.sees()) > before[0])
        await h.quiet(ada)
        assert (len(ada.sees()), len(ada.sees(channel))) == (before[0] + 1, before[1])
        assert [one.id for one in ada.sees(channel)] == [page.id, asked.id]

    play(tmp_path, scenario)


# The gateway


@pytest.mark.usefixtures("quick")
def test_whatever_happens_to_the_connection_people_are_heard_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        gateway = h.api.gateway

        async def heard() -> None:
            before = len(ada.sees())
            sent = await ada.command("what")
            await sent.answered(within=8)
            await ada.until(lambda: len(ada.sees()) > before)

        async def again(happens: Callable[[], object], *, resumes: bool) -> None:
            sessions, resumed = len(gateway.identified), len(gateway.resumed)
            connections = list(gateway.connections)
            happens()
            await until(lambda: not set(connections) & set(gateway.connections))
            # What people do meanwhile is told them all the same.
            if resumes:
                await heard()
                assert (len(gateway.identified), len(gateway.resumed)) == (sessions, resumed + 1)
            else:
                await until(lambda: len(gateway.identified) == sessions + 1)
                await heard()

        def closes(code: int) -> Callable[[], object]:
            return lambda: asyncio.ensure_future(gateway.close(code))

        await heard()
        await again(gateway.reconnect, resumes=True)
        await again(lambda: gateway.invalidate(True), resumes=True)
        await again(gateway.cut, resumes=True)
        for code in (4000, 4001, 4002, 4005, 4008, 4009):
            await again(closes(code), resumes=True)
        await again(lambda: gateway.invalidate(False), resumes=False)
        assert not h.running.done()

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_a_connection_that_is_dead_is_noticed(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada, gateway = h.api.person("Ada"), h.api.gateway
        h.discord.client._connection.heartbeat_timeout = 0.3
        gateway.heartbeat_interval = 0.1
        gateway.reconnect()
        await until(lambda: len(gateway.resumed) == 1)
        await until(lambda: gateway.beats > 3)
        gateway.silent = True
        waits = await ada.command("what")
        await until(lambda: not gateway.connections)
        gateway.silent = False
        await waits.answered()
        assert len(gateway.resumed) >= 2

    play(tmp_path, scenario, broken=True)


@pytest.mark.usefixtures("quick")
def test_a_reminder_goes_out_while_the_gateway_is_away(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        await remembered(h, ada)
        h.api.gateway.refusing = True
        h.api.gateway.cut()
        await until(lambda: not h.api.gateway.connections)
        await half_an_hour(h)
        shown = (await ada.reads(lambda one: one.message.interaction is None)).text
        assert not h.api.gateway.connected
        h.api.gateway.refusing = False
        await h.api.ready()
        await ada.write("/stats")
        await ada.until(lambda: ada.sees()[-1].text != shown and ada.sees()[-1].by_bot)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_two_connections_in_one_process_hear_everybody_once(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        gateway = h.api.gateway
        await until(lambda: len([one for one in gateway.live if one.connection]) == 2)
        assert {one.shard for one in gateway.live} == {(0, 2), (1, 2)}
        people = [h.api.person(f"Runner {n}") for n in range(4)]
        for number, person in enumerate(people):
            guild = h.api.guild("Runners", person, number=(1000 + number) << 22)
            sent = await person.command("what", guild.channels[0])
            assert "Viparita" in (await words_to(sent)).content
            assert len(sent.messages) == 1
            await person.write("/what")
            await person.reads("Viparita")
        gateway.reconnect()
        await until(lambda: len(gateway.resumed) == 2)
        for person in people:
            before = len(person.sees())
            written = await person.write("/stats")
            await person.reads(below(written.id))
            await h.quiet(person)
            assert len(person.sees()) == before + 2

    play(tmp_path, scenario, shards=2)


def test_a_session_begins_at_most_once_in_its_time_also_over_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr(running, "BETWEEN_STARTS", 0.4)

    async def scenario() -> None:
        async with opened_api() as api:
            api.gateway.identify_window = 0.4
            for _ in range(3):
                async with house(tmp_path, api) as h:
                    pass
            async with house(tmp_path, api) as h:
                api.gateway.invalidate()
                await until(lambda: len(api.gateway.identified) == 5)
                api.gateway.invalidate()
                await until(lambda: len(api.gateway.identified) == 6)
                assert not h.running.done()
            began = api.gateway.identified
            pauses = [later - earlier for earlier, later in pairwise(began)]
            assert min(pauses) >= 0.4
            assert api.check() == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("code", "ends"),
    [(4004, TokenRefused), (4011, GatewayRefused), (4014, GatewayRefused)],
)
def test_what_the_gateway_refuses_for_good_ends_the_run(
    tmp_path: Path, code: int, ends: type[Exception]
) -> None:
    async def scenario(h: House) -> None:
        await h.api.gateway.close(code)
        with pytest.raises(ends):
            await asyncio.wait_for(h.running, 5)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_a_token_that_is_refused_for_a_while_is_told_and_once_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with opened_api() as api:
            api.fail("GET /users/@me", status=401)
            async with house(tmp_path, api) as h:
                assert h.discord.logged_in
            monkeypatch.setattr(running, "BELIEVED", 0.05)
            async with house(tmp_path, api, token=api.token[:-2] + "xx") as h:
                with pytest.raises(TokenRefused):
                    await h.running

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
def test_discord_may_be_away_at_the_start(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened_api() as api:
            ada = api.person("Ada")
            await api.down()
            starting = asyncio.create_task(_says_what(tmp_path, api, ada))
            await asyncio.wait({starting}, timeout=0.2)
            assert not starting.done()
            api.fail("GET /users/@me", status=503, times=1)
            await api.up()
            await starting

    asyncio.run(scenario())


async def _says_what(where: Path, api: DiscordApi, person: Person) -> None:
    async with house(where, api):
        sent = await person.command("what")
        assert "Viparita" in (await words_to(sent)).content


@pytest.mark.usefixtures("quick")
def test_the_people_of_another_bot_are_not_spoken_to(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened_api() as api, house(tmp_path, api):
            pass
        other = opened_api(application_id=1_100_000_000_000_000_999)
        async with other as api, house(tmp_path, api) as h:
            with pytest.raises(WrongBot):
                await h.running
            assert api.gateway.identified == []
            with pytest.raises(TryLater):
                await h.discord.send(Message(Address("discord", "7"), "hello"))

    asyncio.run(scenario())


# A crowd


# A machine that runs other tests beside, and all of Discord, has room for fewer.
@pytest.mark.parametrize("crowd", [70, pytest.param(200, marks=pytest.mark.soak)])
def test_a_crowd_that_presses_at_once_has_its_words_within_three_seconds(
    tmp_path: Path, crowd: int
) -> None:
    async def scenario(h: House) -> None:
        people = [h.api.person(f"Runner {nth}") for nth in range(crowd)]
        channel = club(h, *people)
        h.api.latency = (0.08, 0.3)

        async def all_have(sent: list[Interaction]) -> None:
            await h.api.until(lambda: all(one.messages and not one.thinking for one in sent))
            assert h.api.now() - min(one.born for one in sent) < 3.0

        asked = [await person.command("up", channel) for person in people]
        await all_have(asked)
        agreed = [
            one.person.press_id(one.person.sees(channel)[-1], "1|0|consent|result") for one in asked
        ]
        pages = [one.message for one in agreed if one.message]
        await h.api.until(lambda: all("1/4" in one.content for one in pages))
        assert h.api.now() - min(one.born for one in agreed) < 3.0
        assert max(one.took or 9 for one in (*asked, *agreed)) < 3.0
        assert public(channel) == []

    play(tmp_path, scenario)
