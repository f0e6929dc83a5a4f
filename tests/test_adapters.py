"""What every platform must do, whatever it is: the port of `bot.events` with each adapter in it."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.discord.platform import Discord
from adapters.discord.running import point
from adapters.telegram.platform import Telegram
from adapters.terminal.chat import HOME, Terminal
from bot.clock import Clock
from bot.content.words import escape
from bot.events import (
    Address,
    Button,
    File,
    Lane,
    Message,
    Platform,
    Receipt,
    Tone,
    TryLater,
    Unreachable,
)
from tests.bot_api import BotApi
from tests.discord_api import DiscordApi
from tests.telegram_house import hurry

pytestmark = pytest.mark.process  # over the wire


@dataclass
class Opened:
    """A platform with somebody before it: all that was shown, the files, and how they leave."""

    platform: Platform
    place: Address
    shown: Callable[[], str]
    files: Callable[[], list[str]]
    leaves: Callable[[], None]
    nobody: type[Exception]
    """What is raised when nobody is there: a terminal that closes may open again."""

    async def say(self, text: str, *rows: tuple[Button, ...], edits: str = "") -> Receipt:
        return await self.platform.send(Message(self.place, text, rows), edits)


@asynccontextmanager
async def on_terminal(
    folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Opened]:
    before = ""

    def shown() -> str:
        nonlocal before
        before += capsys.readouterr().out
        return before

    def files() -> list[str]:
        return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("exports/*"))]

    reads, writes = os.pipe()
    reader = os.fdopen(reads, "rb")
    pipe = os.fdopen(writes, "w", encoding="utf-8")

    def leaves() -> None:
        shown()
        reader.close()
        patch.setattr(sys, "stdout", pipe)

    terminal = Terminal(Clock(), folder / "exports", "en", "Europe/Berlin")
    with reader, pipe:
        yield Opened(terminal, HOME, shown, files, leaves, TryLater)


@asynccontextmanager
async def on_telegram(
    folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Opened]:
    hurry(patch)
    async with BotApi(latency=(0, 0)) as api:
        api.rates.burst = 1000
        anna = api.person(7, "Anna", "en")
        anna.started = True

        def shown() -> str:
            said = anna.chat.events
            return "\n".join(" ".join((one.text, *one.labels)) for one in said)

        def files() -> list[str]:
            return [one.content.decode() for one in anna.chat.shown if one.document]

        def leaves() -> None:
            anna.blocked = True

        telegram = Telegram(api.token, api.url)
        await telegram.transport.initialize()
        telegram.me = await telegram.bot.get_me()
        try:
            place = Address("telegram", str(anna.id))
            yield Opened(telegram, place, shown, files, leaves, Unreachable)
            assert api.check() == []
        finally:
            await telegram.close()


def as_drawn(text: str) -> str:
    """What a client of Discord makes of a text: moments, marks and what is escaped."""
    text = text.replace("<t:1795371000:t>", "21:30").replace("<t:1795371000:f>", "Sunday")
    text = re.sub(r"(?<!\\)(\*+)(?=\S)(.+?)(?<=[^\s\\])\1", r"\2", text)
    return re.sub(r"\\([^A-Za-z0-9\s])", r"\1", text).replace("\u200b", "")


@asynccontextmanager
async def on_discord(
    folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Opened]:
    async with DiscordApi(latency=(0, 0)) as api:
        anna = api.person("Anna", installed=True)

        def shown() -> str:
            said = anna.sees()
            return "\n".join(" ".join((as_drawn(one.text), *one.buttons)) for one in said)

        def files() -> list[str]:
            return [content.decode() for content in api.messages.files.values()]

        discord = Discord(api.token)
        point(api.url, "")
        await discord.client.login(api.token)
        discord.logged_in = True
        try:
            place = Address("discord", str(anna.id))
            yield Opened(discord, place, shown, files, anna.blocks, Unreachable)
            assert api.check() == []
        finally:
            await discord.close()


Scenario = Callable[[Opened], Coroutine[None, None, None]]
Play = Callable[[Scenario], None]


@pytest.fixture(
    params=[on_terminal, on_telegram, on_discord], ids=["terminal", "telegram", "discord"]
)
def play(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Play:
    def playing(scenario: Scenario) -> None:
        async def run() -> None:
            async with (
                asyncio.timeout(20),
                request.param(tmp_path, monkeypatch, capsys) as opened,
            ):
                await scenario(opened)

        asyncio.run(run())

    return playing


def test_it_has_a_name_by_which_its_addresses_are_known(play: Play) -> None:
    async def scenario(at: Opened) -> None:
        assert at.platform.name == at.place.platform

    play(scenario)


def test_it_says_what_it_takes_of_a_token_and_of_an_address(play: Play) -> None:
    async def scenario(at: Opened) -> None:
        rates = (at.platform.rate, *at.platform.rates_at(at.place))
        for rate in rates:
            assert rate is None or (rate.count > 0 and rate.seconds > 0)

    play(scenario)


def test_what_it_took_has_an_id_of_its_own(play: Play) -> None:
    async def scenario(at: Opened) -> None:
        receipts = [await at.say("hello"), await at.say("hello")]
        assert all(receipt.message_id for receipt in receipts)
        assert receipts[0] != receipts[1]
        assert at.shown().count("hello") == 2

    play(scenario)


@pytest.mark.parametrize("notice", ["", "Heart, ticked."])
def test_a_slot_shows_the_newer_words(play: Play, notice: str) -> None:
    async def scenario(at: Opened) -> None:
        first = await at.platform.send(Message(at.place, "old page", slot="page"))
        newer = Message(at.place, "new page", slot="page", notice=notice)
        second = await at.platform.send(newer, first.message_id)
        assert second.message_id
        assert "new page" in at.shown() or (notice and notice in at.shown())
        third = await at.platform.send(
            Message(at.place, "last page", slot="page"), second.message_id
        )
        assert third.message_id
        assert "last page" in at.shown()

    play(scenario)


@pytest.mark.parametrize("edits", ["", "987654", "not-an-id", "0", "-1", "\u0663"])
def test_an_edit_of_what_is_not_there_is_said_anew(play: Play, edits: str) -> None:
    async def scenario(at: Opened) -> None:
        message = Message(at.place, "here it is", slot="page")
        assert (await at.platform.send(message, edits)).message_id
        assert "here it is" in at.shown()

    play(scenario)


def test_a_message_may_have_no_buttons_or_many(play: Play) -> None:
    async def scenario(at: Opened) -> None:
        await at.say("none")
        rows = tuple((Button(f"Way {n}", f"1|0|way|{n}"),) for n in range(12))
        await at.say("many", *rows)
        tones = tuple(
            Button(f"Tone {tone.name}", f"1|0|{tone.name.lower()}", tone=tone) for tone in Tone
        )
        await at.say("tones", tones)
        shown = at.shown()
        assert all(f"Way {n}" in shown for n in range(12))
        assert all(f"Tone {tone.name}" in shown for tone in Tone)

    play(scenario)


@pytest.mark.parametrize("lane", Lane)
def test_every_lane_is_said_with_and_without_a_sound(play: Play, lane: Lane) -> None:
    async def scenario(at: Opened) -> None:
        for silent in (True, False):
            await at.platform.send(Message(at.place, f"lane {silent}", lane=lane, silent=silent))
        assert "lane True" in at.shown()
        assert "lane False" in at.shown()

    play(scenario)


def test_a_file_is_handed_over_whole(play: Play) -> None:
    async def scenario(at: Opened) -> None:
        content = '{"name": "\u00e9 <b> & \U0001f3c3"}\n' * 3
        message = Message(at.place, "All of it.", file=File("legs-up.json", content))
        assert (await at.platform.send(message)).message_id
        assert at.files() == [content]
        assert "All of it." in at.shown()

    play(scenario)


@pytest.mark.parametrize(
    "value", ["<b>Anna</b> & Co", "*a_b*", "\\*", "<1795371000:t|x>", "&lt;", "[31m"]
)
def test_a_value_in_a_text_is_shown_as_it_is(play: Play, value: str) -> None:
    async def scenario(at: Opened) -> None:
        await at.say(f"Hello {escape(value)}", (Button(escape(value), "1|0|up"),))
        assert at.shown().count(value) == 2

    play(scenario)


def test_no_control_character_comes_through(play: Play) -> None:
    async def scenario(at: Opened) -> None:
        await at.say("be\x07fore\x1b[31m \x9bafter", (Button("go\x1b on", "1|0|up"),))
        shown = at.shown()
        assert "before" in shown
        assert not {"\x07", "\x1b", "\x9b"} & set(shown)

    play(scenario)


def test_a_moment_reads_as_a_time(play: Play) -> None:
    async def scenario(at: Opened) -> None:
        await at.say("at <1795371000:t|21:30>, or *<1795371000:d|Sunday>*")
        assert "at 21:30, or Sunday" in at.shown()

    play(scenario)


def test_where_nobody_is_nothing_counts_as_said(play: Play) -> None:
    async def scenario(at: Opened) -> None:
        await at.say("hello")
        at.leaves()
        for _ in range(2):
            with pytest.raises(at.nobody):
                await at.say("anybody?")

    play(scenario)
