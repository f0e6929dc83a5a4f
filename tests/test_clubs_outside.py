"""A club from outside: the real libraries, the real service, and a whole evening of several."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests import discord_house, telegram_house
from tests.bot_api import Person as Telegrammer
from tests.bot_api import Shown as Told
from tests.discord_api import Channel
from tests.discord_api import Person as Discorder
from tests.discord_house import House as OnDiscord
from tests.telegram_house import House as OnTelegram

pytestmark = pytest.mark.process  # over the wire


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    telegram_house.hurry(monkeypatch)
    discord_house.hurry(monkeypatch)


# Telegram


async def agreed(person: Telegrammer) -> None:
    await telegram_house.checked(person)


async def presses(person: Telegrammer, label: str, hears: str) -> Told:
    await person.presses(label)
    return await person.hears(hears)


def test_a_group_is_set_up_joined_and_rests_together(tmp_path: Path) -> None:
    async def scenario(h: OnTelegram) -> None:
        group = h.api.group(-1001, "Run", "supergroup", False)
        anna, bob = h.api.person(7, "Anna", "en"), h.api.person(8, "Bob", "en")
        group.creator, group.bot = anna.id, "left"
        await agreed(anna)
        group.adds_bot(anna)
        await anna.hears("I have posted nothing")
        assert group.shown == []
        await presses(anna, "Here", "When are your club runs?")
        await presses(anna, "None", "once, without a ping")
        await anna.presses("Post it")
        welcome = await anna.hears("After a run: legs up", chat=group)
        # Bob has never written to us: the link leads into his own chat, and he is in.
        await bob.follows("Join: 4 weeks, 3 days a week", welcome)
        await bob.hears("You are nearly in")
        await bob.hears("Do you agree?")
        await presses(bob, "I agree", "You are in from today")
        await bob.hears("1/4")
        for page in ("2/4", "3/4", "4/4", "Nothing in your answers"):
            await presses(bob, "None of these", page)
        await bob.types("/together", chat=group)
        await bob.hears("for those who manage this club")
        await anna.types("/together in 5 minutes", chat=group)
        announced = await anna.hears("up to 10 minutes", chat=group)
        for each in (anna, bob):
            await each.follows("Join", announced)
            await each.hears("You are in. We begin at")
        await h.service.travel(h.clock.now() + timedelta(minutes=2, seconds=5))
        await anna.hears("2 are in", chat=group)
        for each in (anna, bob):
            await each.hears("Right now, or today")
            await presses(each, "None of these, start", "Stay seated")
        await h.service.travel(h.clock.now() + timedelta(minutes=1))
        for each in (anna, bob):
            await each.hears("1/3")
            await presses(each, "Next", "2/3")
            await presses(each, "Next", "3/3")
        await h.service.travel(h.clock.now() + timedelta(minutes=2, seconds=5))
        await anna.hears("We begin", chat=group)
        for each in (anna, bob):
            await each.hears("3 minutes, from now")
        await h.service.travel(h.clock.now() + timedelta(minutes=3, seconds=5))
        for each in (anna, bob):
            await each.hears("Time to come out, slowly")
            await presses(each, "Same", "That was it.")
        await anna.hears("We rested about 10 minutes together: a few runners.", chat=group)
        seen = " ".join(one.text for one in group.shown)
        assert "Bob" not in seen
        assert "Anna" not in seen
        await bob.types("/challenge", chat=group)
        await bob.hears("1 of 3 days for you")
        group.kicks_bot(anna)
        await h.quiet()

    telegram_house.play(tmp_path, scenario)


# Discord


async def answered(person: Discorder, label: str, reads: str, where: Channel) -> None:
    await person.press(label, where=where)
    await person.reads(reads, where)


def test_a_server_is_set_up_joined_and_rests_together(  # noqa: PLR0915 - one whole evening
    tmp_path: Path,
) -> None:
    async def scenario(h: OnDiscord) -> None:
        ada, bob, cem = (h.api.person(name) for name in ("Ada", "Bob", "Cem"))
        guild = h.api.guild("Runners", ada, bob, cem)
        guild.grants(ada, "MANAGE_EVENTS")
        channel = guild.channels[0]
        for each in (bob, cem):
            await discord_house.checked(each)
        await bob.command("club", channel)
        await bob.reads("for those who manage this club", channel)
        await ada.command("club", channel)
        await ada.reads("I have posted nothing", channel)
        await answered(ada, "Here", "When are your club runs?", channel)
        await answered(ada, "From the server's events", "once, without a ping", channel)
        await ada.press("Without the challenge", where=channel)
        welcome = await bob.reads("After a run: legs up", channel)
        assert not welcome.ephemeral
        begins = h.clock.now() + timedelta(hours=1)
        run = guild.plans(begins, begins + timedelta(hours=1))
        await h.quiet(ada)
        await ada.command("together", channel, start="in 5 minutes")
        await ada.reads("Announced", channel)
        announced = await bob.reads("up to 10 minutes", channel)
        for each in (bob, cem):
            await each.press("Join", announced, where=channel)
            await each.reads("You are in. We begin at", channel)
        await h.service.travel(h.clock.now() + timedelta(minutes=2, seconds=5))
        counted = await bob.reads("2 are in", channel)
        assert counted.id == announced.id
        assert "Join" in counted.buttons
        for each in (bob, cem):
            card = await each.reads("Right now, or today")
            await each.press("None of these, start", card)
            await each.reads("Stay seated")
        await h.service.travel(h.clock.now() + timedelta(minutes=1))
        for each in (bob, cem):
            for step in ("1/3", "2/3"):
                shown = await each.reads(step)
                await each.press("Next", shown)
            await each.reads("3/3")
        await h.service.travel(h.clock.now() + timedelta(minutes=2, seconds=5))
        await ada.reads("We begin", channel)
        await h.service.travel(h.clock.now() + timedelta(minutes=3, seconds=5))
        for each in (bob, cem):
            await each.press("Lighter", await each.reads("Time to come out, slowly"))
            await each.reads("That was it.")
        await ada.reads("We rested about 10 minutes together: a few runners.", channel)
        # The run of the server's calendar ends sooner than planned.
        await bob.command("challenge", channel)
        await bob.reads("You are in no challenge", channel)
        await h.service.travel(begins + timedelta(minutes=30))
        run.begins()
        run.completes()
        over = await bob.reads("Back from the club run?", channel)
        await bob.press("Ask me after each run", over, where=channel)
        await bob.reads("After each run of this club", channel)
        everybody = [one for one in ada.sees(channel) if not one.ephemeral]
        assert not any(name in one.text for one in everybody for name in ("Bob", "Cem"))
        assert [one.text for one in everybody] == [
            one.text for one in cem.sees(channel) if not one.ephemeral
        ]

    discord_house.play(tmp_path, scenario)
