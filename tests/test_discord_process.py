"""The program on Discord as a process of its own: an evening in real time, and every way to end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path

import pytest

from tests.bot_api import BotApi
from tests.discord_api import Channel, DiscordApi, Person, Shown
from tests.program import Program, lying, settle, until

pytestmark = pytest.mark.process

START_CUE = "from now"
WAY_OUT = "Time to come out, slowly."
Test = Callable[..., Coroutine[None, None, None]]


class Bot(Program):
    """The program with a token of Discord's."""

    def __init__(self, api: DiscordApi, folder: Path, **settings: str) -> None:
        here = {"DISCORD_TOKEN": api.token, "DISCORD_API_URL": api.url}
        super().__init__(folder, **(here | settings))
        self.api = api
        self.secrets = (api.token,)

    async def starts(self) -> None:
        """Start it, and wait until it hears."""
        await super().starts()
        await self.api.ready(30.0)

    async def close(self) -> None:
        tokens = tuple(each.token for p in self.api.people.values() for each in p.interactions)
        self.secrets += tokens
        await super().close()


@asynccontextmanager
async def discord(
    folder: Path, latency: tuple[float, float] = (0.02, 0.1), **settings: str
) -> AsyncIterator[tuple[DiscordApi, Bot]]:
    """A Discord and a bot, not started yet; at the end the one was kept to, the other is gone."""
    async with DiscordApi(latency=latency) as api:
        api.gateway.identify_window = 0.0
        bot = Bot(api, folder, **settings)
        try:
            yield api, bot
            assert api.check() == []
        finally:
            await bot.close()


def run(test: Test) -> Callable[..., None]:
    @wraps(test)
    def runs(**fixtures: object) -> None:
        asyncio.run(test(**fixtures))

    return runs


async def below(folder: Path, *scenes: Callable[[Path], Coroutine[None, None, None]]) -> None:
    """Each with its own Discord and its own program: mostly they wait."""
    async with asyncio.TaskGroup() as group:
        for scene in scenes:
            place = folder / scene.__name__
            place.mkdir()
            group.create_task(scene(place))


async def tap(person: Person, label: str, expected: str, where: Channel | None = None) -> Shown:
    """Press a button, and read what comes of it."""
    await person.press(label, where=where)
    return await person.reads(expected, where, 20.0)


async def cleared(ada: Person, club: Channel) -> None:
    """From a slash command in a channel to the first proposal."""
    await ada.command("up", club)
    await ada.reads("agree", club, 20.0)
    await tap(ada, "I agree", "1/4", club)
    for page in ("2/4", "3/4", "4/4", "Nothing in your answers"):
        await tap(ada, "None of these", page, club)


async def lies_down(ada: Person, club: Channel) -> None:
    """On, to the moment at which the clock runs."""
    await ada.press("Now", where=club)
    await ada.until(lambda: {"OK", "None of these, start"} & {*ada.sees(club)[-1].buttons}, 20.0)
    if "OK" in ada.sees(club)[-1].buttons:  # at bedtime, and this is the real time
        await tap(ada, "OK", "Right now", club)
    await ada.press("None of these, start", where=club)
    await ada.reads("1/3", within=20.0)
    for step in ("2/3", "3/3"):
        await tap(ada, "Next", step)
    await tap(ada, "I'm in place", START_CUE)


async def an_evening(folder: Path) -> None:
    """From a slash command in a channel to how the legs feel, in the chat of two."""
    async with discord(folder) as (api, bot):
        ada, bob = api.person("Ada"), api.person("Bob")
        club = api.guild("Runners", ada, bob).channels[0]
        await bot.starts()
        await cleared(ada, club)
        await lies_down(ada, club)
        await tap(ada, "Come down", WAY_OUT)
        await tap(ada, "Lighter", "What does your clock say")
        assert bob.sees(club) == []
        assert await bot.stops() == 0


async def killed_in_mid_hold(folder: Path) -> None:
    """And the connection cut, and gone for a while: the way out comes, and once."""
    async with discord(folder) as (api, bot):
        ada, eve = api.person("Ada", installed=True), api.person("Eve", installed=True)
        settle(bot, {ada.id: lying(155), eve.id: lying(162)}, "discord")
        await bot.starts()
        await bot.dies()
        await bot.starts()
        await api.gateway.close(4000)
        api.gateway.refusing = True
        for person in (ada, eve):
            way_out = await person.reads(WAY_OUT, within=60.0)
            assert not way_out.silent
        api.gateway.refusing = False
        await bot.written_down()
        await api.ready(60.0)
        await tap(ada, "Lighter", "That was it.")
        for person in (ada, eve):
            assert sum(WAY_OUT in shown.text for shown in person.sees()) == 1


async def killed_before_its_answer(folder: Path) -> None:
    """What was committed and not said is said to the interaction by the next life."""
    async with discord(folder) as (api, bot):
        ada = api.person("Ada")
        club = api.guild("Runners", ada).channels[0]
        await bot.starts()
        await ada.command("up", club)
        await ada.reads("agree", club, 20.0)
        await bot.written_down()
        api.hang("POST /webhooks/*", 1)
        with bot.locked():
            late = await ada.press("I agree", where=club)
            await late.answered(5.0)  # by a deferral, since nothing can be written
        await until("committed", lambda: bot.waiting() or "1/4" in ada.sees(club)[-1].text)
        await bot.dies()
        api.heal()
        await bot.starts()
        await ada.reads("1/4", club, 20.0)
        await bot.written_down()
        assert len([one for one in ada.sees(club) if "1/4" in one.text]) == 1


async def tokens_and_addresses_that_are_wrong(folder: Path) -> None:
    async with discord(folder) as (api, bot):
        for name, value in (
            ("DISCORD_API_URL", "discord"),
            ("DISCORD_GATEWAY_URL", "http://127.0.0.1"),
            ("DISCORD_SHARDS", "0"),
            ("DISCORD_DEV_GUILD", "home"),
        ):
            bot.environment[name], before = value, bot.environment.get(name, "")
            await bot.begins()
            assert await bot.ends() == 2
            assert name in bot.err
            bot.environment[name] = before
        bot.environment["DISCORD_TOKEN"] = "made-up"
        await bot.begins()
        assert await bot.ends() == 78
        assert "developer portal" in bot.err
        bot.environment["DISCORD_TOKEN"] = api.token
        await bot.starts()
        assert await bot.stops() == 0
    async with DiscordApi(application_id=1_100_000_000_000_000_002) as other:
        bot.environment |= {"DISCORD_TOKEN": other.token, "DISCORD_API_URL": other.url}
        await bot.begins()
        assert await bot.ends() == 78
        assert "another bot" in bot.err


async def on_both(folder: Path) -> None:
    """With two tokens it talks on both, from one database."""
    async with BotApi(latency=(0.0, 0.02)) as there:
        settings = {"TELEGRAM_TOKEN": there.token, "TELEGRAM_API_URL": there.url}
        async with discord(folder, (0.02, 0.1), **settings) as (api, bot):
            ada, anna = api.person("Ada"), there.person(7, "Anna", "en")
            club = api.guild("Runners", ada).channels[0]
            await bot.starts()
            await cleared(ada, club)
            await anna.starts()
            await anna.hears("Do you agree?", 20.0)
            assert bot.out.count("https://discord.com/oauth2/authorize") == 2
            assert await bot.stops() == 0


@run
async def test_an_evening_and_every_way_to_end(tmp_path: Path) -> None:
    await below(
        tmp_path,
        an_evening,
        killed_in_mid_hold,
        killed_before_its_answer,
        tokens_and_addresses_that_are_wrong,
        on_both,
    )
