"""One person on Telegram and Discord, over the wire of both, with one database between them."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.discord.platform import Discord
from adapters.discord.running import Server
from adapters.discord.running import run as run_discord
from adapters.telegram.platform import Telegram
from adapters.telegram.running import run as run_telegram
from bot.clock import Clock
from bot.events import Address
from bot.service import Service
from tests.bot_api import BotApi
from tests.bot_api import Person as TelegramPerson
from tests.discord_api import Channel, DiscordApi
from tests.discord_api import Person as DiscordPerson
from tests.standin import START, FullStore, until
from tests.telegram_house import agrees, hurry

pytestmark = pytest.mark.process  # over the wire


@asynccontextmanager
async def both(where: Path) -> AsyncIterator[tuple[BotApi, DiscordApi, Service]]:
    """As `legs-up run` puts it together with two tokens."""
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(BotApi(latency=(0, 0)))
        there.rates.burst = there.rates.each_second = 1000
        here = await stack.enter_async_context(DiscordApi(latency=(0, 0)))
        store = FullStore(f"sqlite:///{where}/legs.db", patience=0.05)
        telegram, discord = Telegram(there.token, there.url), Discord(here.token)
        stack.push_async_callback(telegram.close)
        stack.push_async_callback(discord.close)
        service = Service(store, Clock(START - datetime.now(UTC)), [telegram, discord])
        await stack.enter_async_context(service)
        names: list[object] = []
        on_telegram = run_telegram(telegram, service, None, names.append)
        server = Server(here.url)
        on_discord = run_discord(discord, service, server, lambda *of: names.append(of))
        running = [asyncio.create_task(each) for each in (on_telegram, on_discord)]
        try:
            await until(lambda: len(names) == 2 and bool(discord.commands))
            await here.ready()
            yield there, here, service
            assert there.check() == []
            assert here.check() == []
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def refused_with_a_reminder(anna: TelegramPerson) -> None:
    # On Telegram: a reminder for every evening, and answers that speak against it.
    await agrees(anna)
    await anna.presses("1 Heart")
    await until(lambda: any("ticked" in label for label in anna.chat.shown[-1].labels))
    await anna.presses("Done, next")
    for page in ("2/4", "3/4", "4/4"):
        await anna.hears(page)
        await anna.presses("None of these")
    await anna.hears("First ask a clinician")
    await anna.types("/zone Berlin")
    await anna.hears("Berlin")
    await anna.types("/remind every evening 21:30")
    await anna.hears("Legs up")


async def allowed(also_anna: DiscordPerson, club: Channel) -> None:
    # On Discord: nothing speaks against it.
    await also_anna.command("up", club)
    await also_anna.reads("agree", club)
    await also_anna.press("I agree", where=club)
    for page in ("1/4", "2/4", "3/4", "4/4"):
        await also_anna.reads(page, club)
        await also_anna.press("None of these", where=club)
    await also_anna.reads("Nothing in your answers", club)


async def linked(anna: TelegramPerson, also_anna: DiscordPerson) -> None:
    # One code, two yeses.
    await anna.types("/link")
    code = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", (await anna.hears("/link ")).text)
    assert code is not None
    await also_anna.command("link")  # what is to be said elsewhere leads nowhere here
    assert re.search(r"\*\*/link [A-Z0-9-]{9}\*\*", (await also_anna.reads("/link")).text)
    await also_anna.command("link", code=code[0].lower())
    await also_anna.reads("Is that chat on Telegram your own?")
    await also_anna.press("Yes, that is me")
    await anna.hears("Was that you?")
    await anna.presses("Yes, link us")
    await also_anna.reads("Linked.")
    await anna.hears("Linked.")


def test_who_is_linked_from_telegram_keeps_their_reminders_and_their_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)

    async def playing() -> None:
        async with asyncio.timeout(40), both(tmp_path) as (there, here, service):
            anna = there.person(7, "Anna", "en")
            also_anna, bob = here.person("also Anna"), here.person("Bob")
            club = here.guild("Runners", also_anna, bob).channels[0]
            await refused_with_a_reminder(anna)
            await allowed(also_anna, club)
            await linked(anna, also_anna)
            # The refusal holds on both, whichever button is pressed.
            await also_anna.command("up", club)
            await also_anna.reads("First ask a clinician", club)
            old = next(one for one in also_anna.sees(club) if "Now" in one.buttons)
            await also_anna.press("Now", old)
            await also_anna.until(
                lambda: sum("First ask a clinician" in s.text for s in also_anna.sees(club)) == 2
            )
            await also_anna.command("reminders")
            await also_anna.reads("21:30")
            # The reminder comes where they last wrote, and says what may be.
            told = len(also_anna.sees())
            await service.travel(START + timedelta(days=1, hours=6))
            await service.settled(Address("discord", str(also_anna.id)))
            assert not any("None of these, start" in one.buttons for one in also_anna.sees()[told:])
            assert bob.sees(club) == []

    asyncio.run(playing())
