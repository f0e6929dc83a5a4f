"""The program on Telegram as a real process: whole evenings, kills, crowds, and refusals.

A real Telegram is not asked: tests/bot_api is one of our own, which is strict. Every life of the
program logs at DEBUG, and at the end of each test the token must not be in what it wrote.
"""

import asyncio
import random
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from pathlib import Path
from socket import socket
from typing import Any

import aiohttp
import psutil  # type: ignore[import-untyped]  # its types are a package of their own
import pytest

from bot.content.words import words
from tests.bot_api import GARBAGE, NGINX_502, BotApi, Press, Shown
from tests.bot_api import Person as Human
from tests.program import CONNECTED, PATIENCE, hold, lying, settle, settling, until
from tests.telegram_process import (
    NEXT_LIFE,
    OPEN,
    SECRET,
    TOKEN,
    UNREACHED,
    Bot,
    known,
    late,
    polls,
    said,
    sends,
    telegram,
)

pytestmark = pytest.mark.process

Test = Callable[..., Coroutine[Any, Any, None]]

START_CUE = "3 minutes, from now."
PAUSED, RESUMED = "Paused. No cues;", "On we go:"
WAY_OUT = "Time to come out, slowly."
SIT_FIRST = "Sit 1 minute first."
HERE_YOU_ARE = "3/3"


def run(test: Test) -> Callable[..., None]:
    @wraps(test)
    def runs(**fixtures: object) -> None:
        asyncio.run(test(**fixtures))

    return runs


def newest(shown: Shown) -> bool:
    """A message with buttons that is the last in its chat."""
    return bool(shown.labels) and shown.id == max(shown.chat.messages)


async def tap(human: Human, label: str, expected: str, within: float = PATIENCE) -> Shown:
    """Press a button, and hear what comes of it."""
    press = await human.presses(label)
    heard = await human.hears(expected, within)
    await press.answered()
    return heard


def below(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


async def together(*scenes: Coroutine[None, None, None]) -> None:
    """Each with its own Telegram and its own program: mostly they wait."""
    async with asyncio.TaskGroup() as group:
        for scene in scenes:
            group.create_task(scene)


# A whole first evening


@dataclass
class Evening:
    """Somebody who only taps: what they saw, and how their taps were answered."""

    human: Human
    presses: list[Press] = field(default_factory=list)
    on: list[int] = field(default_factory=list)

    def tidied(self) -> bool:
        """Whether five of the messages that were tapped have no buttons any more."""
        return sum(not m.labels for m in self.human.chat.shown if m.id in self.on) >= 5

    async def tap(self, label: str, expected: str) -> Shown:
        before = next(m for m in reversed(self.human.chat.shown) if label in m.labels)
        self.on.append(before.id)
        self.presses.append(await self.human.presses(label))
        heard = await self.human.hears(lambda m: expected in m.text)
        await self.presses[-1].answered(4.0)
        return heard

    async def spend(self, language: str) -> None:
        say = words(language)
        none = say("button.none")
        await self.human.starts()
        await self.human.hears(lambda m: say("consent.result") in m.labels)
        await self.tap(say("consent.result"), "1/4")
        for page in ("2/4", "3/4", "4/4"):
            await self.tap(none, page)
        card = await self.tap(none, "")
        assert card.labels[0] == say("button.now")
        asked = await self.tap(say("button.now"), "")
        if "OK" in asked.labels:  # at bedtime, and this is the real time
            await self.tap("OK", "")
        steps = await self.tap(say("button.none_start"), "1/3")
        assert not steps.silent
        await self.tap(say("button.next"), "2/3")
        await self.tap(say("button.next"), "3/3")
        rest = await self.tap(say("button.in_place"), "3 Min" if language == "de" else START_CUE)
        assert not rest.silent
        way_out = await self.tap(rest.labels[0], "")
        assert say("feeling.lighter") in way_out.labels
        assert not way_out.silent
        await self.tap(say("feeling.lighter"), "")
        # Which clocks there are to choose from, and so how many questions, changes in the year.
        while (asks := await self.human.hears(newest)).text != say("tomorrow.ask"):
            if asks.labels != [say("button.other_place")]:
                self.on.append(asks.id)
                self.presses.append(await self.human.presses(asks.labels[0], asks))
                await self.presses[-1].answered(4.0)


@pytest.mark.soak  # half a minute; without a process it is tested each time
@run
async def test_a_first_evening_goes_by_buttons_alone_in_english_and_in_german(
    tmp_path: Path,
) -> None:
    async with telegram(tmp_path) as (api, bot):
        await bot.starts()
        evenings = {
            language: Evening(api.person(number, name, language))
            for number, (language, name) in enumerate((("en", "Anna"), ("de", "Berta")), 42)
        }
        await asyncio.gather(*(each.spend(language) for language, each in evenings.items()))
        for language, each in evenings.items():
            shown = {m.id: m for m in each.human.chat.shown}
            offer = shown[max(shown)]
            assert words(language)("button.no_reminder") in offer.labels
            assert all(press.answers.done() for press in each.presses)
            assert len(each.presses) >= 14
            # All go, one a second at most; the first of them show it.
            await until("buttons taken away", each.tidied)
        assert await bot.stops() == 0
        assert not bot.waiting()


# Killed


async def lies_down(bot: Bot, api: BotApi) -> Human:
    """Somebody who gets into place, and has the button for it on the screen."""
    settle(bot, {42: settling()})
    anna = known(api, 42, "Anna")
    await bot.starts()
    await anna.types("/up")
    await anna.hears(lambda m: "I'm in place" in m.labels)
    return anna


@run
async def test_killed_with_legs_up_they_are_picked_up_where_they_are(tmp_path: Path) -> None:
    async with telegram(tmp_path, may_break=NEXT_LIFE) as (api, bot):
        anna = await lies_down(bot, api)
        heard = [anna.chat.shown[-1].text]
        for label, expected in (
            ("I'm in place", START_CUE),
            ("Pause", PAUSED),
            ("Go on", RESUMED),
            ("Come down", WAY_OUT),
            ("Lighter", SIT_FIRST),
        ):
            # The buttons are those from before the kill.
            shown = await tap(anna, label, expected)
            heard.append(shown.text)
            if expected in (START_CUE, PAUSED, WAY_OUT):
                await bot.written_down()
                await bot.dies()
                await bot.starts()
        await anna.hears(words("en")("tomorrow.ask"))
        await bot.written_down()
        # By night all that is said is silent, but for this.
        [way_out] = sends(api, 42, WAY_OUT)
        assert not way_out.parameters.get("disable_notification")
        assert said(api, 42)[: len(heard)] == heard
        assert len(said(api, 42)) == len(heard) + 1


@run
async def test_a_rest_that_ends_while_the_program_is_dead_is_ended_when_it_lives(
    tmp_path: Path,
) -> None:
    async with telegram(tmp_path, may_break=NEXT_LIFE) as (api, bot):
        anna = known(api, 42, "Anna")
        resting = lying(177)
        ends = hold(resting).ends
        assert ends is not None
        settle(bot, {42: resting})
        await bot.starts()
        await bot.dies()
        assert said(api, 42) == []
        await until("the end of the rest", lambda: datetime.now(UTC) > ends)
        await bot.starts()
        heard = await anna.hears(lambda m: "Lighter" in m.labels)
        assert not heard.silent
        await bot.written_down()
        assert len(said(api, 42)) == 1


async def between_an_update_and_its_commit(folder: Path) -> None:
    async with telegram(folder, may_break=NEXT_LIFE) as (api, bot):
        anna = await lies_down(bot, api)
        await bot.written_down()
        with bot.locked():
            press = await anna.presses("I'm in place")
            # Told not to wait: it has one that it is not done with.
            await until("received", lambda: polls(api, timeout=0))
            await bot.dies()
        assert sends(api, 42, START_CUE) == []
        await bot.starts()
        await anna.hears(START_CUE)
        await press.answered()
        await tap(anna, "Pause", PAUSED)
        await bot.written_down()
        assert len(said(api, 42)) == 3


async def between_a_commit_and_its_words(folder: Path) -> None:
    async with telegram(folder, may_break=NEXT_LIFE) as (api, bot):
        anna = await lies_down(bot, api)
        await bot.written_down()
        before = len(api.calls)
        api.hang("sendMessage")
        await anna.presses("I'm in place")
        await until(
            "on the wire", lambda: any(c.method == "sendMessage" for c in api.calls[before:])
        )
        assert bot.waiting() == 1
        await bot.dies()
        await bot.starts()
        await anna.hears(START_CUE)
        await tap(anna, "Pause", PAUSED)
        await bot.written_down()
        assert Counter(said(api, 42)).most_common(1)[0][1] == 1
        assert len(said(api, 42)) == 3


async def before_it_is_written_down_that_it_was_said(folder: Path) -> None:
    async with telegram(folder, may_break=NEXT_LIFE) as (api, bot):
        anna = await lies_down(bot, api)
        await bot.written_down()
        api.latency = (1.0, 1.0)
        await anna.presses("I'm in place")
        await anna.hears(START_CUE)
        assert bot.waiting() == 1
        await bot.dies()
        api.latency = (0.08, 0.3)
        await bot.starts()
        await anna.hears(START_CUE)
        await tap(anna, "Pause", PAUSED)
        await bot.written_down()
        texts = said(api, 42)
        assert [text.startswith(START_CUE) for text in texts] == [False, True, True, False]


@run
async def test_killed_at_any_seam_it_hears_once_and_says_once_but_for_what_is_not_written_down(
    tmp_path: Path,
) -> None:
    await together(
        between_an_update_and_its_commit(below(tmp_path, "update")),
        between_a_commit_and_its_words(below(tmp_path, "commit")),
        before_it_is_written_down_that_it_was_said(below(tmp_path, "words")),
    )


@pytest.mark.soak  # the seams are tested each time
@pytest.mark.parametrize("seed", [1, 2, 3])
@run
async def test_killed_at_random_moments_nobody_loses_a_word(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with telegram(tmp_path, may_break=NEXT_LIFE) as (api, bot):
        anna = await lies_down(bot, api)
        expected, doubted = [HERE_YOU_ARE], 0
        for label, words_of_it in (
            ("I'm in place", START_CUE),
            ("Pause", PAUSED),
            ("Go on", RESUMED),
        ):
            await anna.presses(label)
            # Not waiting for a condition: any moment will do.
            await asyncio.sleep(chance.uniform(0.0, 0.6))
            await bot.dies()
            doubted += bot.waiting()
            await bot.starts()
            await until("said", partial(sends, api, 42, words_of_it))
            await bot.written_down()
            expected.append(words_of_it)
        texts = said(api, 42)
        once = list(dict.fromkeys(texts))
        assert len(once) == len(expected)
        assert all(
            words_of_it in text for text, words_of_it in zip(once[1:], expected[1:], strict=True)
        )
        assert len(texts) - len(once) <= doubted


# Crowds


@dataclass
class Crowd:
    """What a crowd was like: how long each waited for an answer, and how late each cue was."""

    answered: list[float] = field(default_factory=list)
    cues: dict[str, float] = field(default_factory=dict)
    megabytes: float = 0.0

    def __str__(self) -> str:
        cues = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in self.cues.items())
        median, most = statistics.median(self.answered), max(self.answered)
        answers = f"answers after {median:.2f} s, at most {most:.2f} s"
        return f"late: {cues}; {answers}; {self.megabytes:.0f} MB"


CUES = (("Let the breath out", 25), ("Half-way.", 90), ("One minute left.", 120), (WAY_OUT, 180))
"""Words, and how many seconds after "I'm in place" they are due."""

ANSWERS_A_SECOND = 25


async def crowd(folder: Path, people: int, seconds: float) -> Crowd:
    """So many come within so many seconds, while four lie there whose cues fall due."""
    chance, found = random.Random(1), Crowd()
    async with telegram(folder, latency=(0.02, 0.08)) as (api, bot):
        seeded = datetime.now(UTC)
        # Cues fall due all over the time that two answers to each take.
        busy = max(seconds, 2 * people / ANSWERS_A_SECOND) - 4
        holders = {
            number: lying(after - 4 - busy * (number / 4 - 0.1), seeded)
            for number, (_, after) in enumerate(CUES, 1)
        }
        settle(bot, holders)
        for number in holders:
            known(api, number, f"Holder {number}")
        await bot.starts()
        begun = datetime.now(UTC)

        async def comes(number: int) -> None:
            human = api.person(number, "Somebody", chance.choice(("en", "de")))
            await asyncio.sleep(chance.uniform(0, seconds))
            at = time.monotonic()
            await human.starts()
            hello = await human.hears(lambda m: bool(m.labels), 60)
            found.answered.append(time.monotonic() - at)
            at = time.monotonic()
            press = await human.presses(hello.labels[0])
            await press.answered(15)
            await human.hears("1/4", 60)
            found.answered.append(time.monotonic() - at)

        await asyncio.gather(*(comes(1000 + n) for n in range(people)))
        over = datetime.now(UTC)
        for number, (text, after) in enumerate(CUES, 1):
            resting = hold(holders[number])
            due = resting.ends if text is WAY_OUT else resting.started
            assert due is not None
            if text is not WAY_OUT:
                due += timedelta(seconds=after)
                assert due in {resting.cue_at(n) for n in range(5)}
            assert begun < due < over, "the crowd was not there then"
            await until(text, partial(sends, api, number, text))
            [call] = sends(api, number, text)
            found.cues[text] = late(call, due)
        assert len(found.answered) == 2 * people
        assert bot.process is not None
        found.megabytes = psutil.Process(bot.process.pid).memory_info().rss / 2**20
        print(found)  # noqa: T201 - for whoever asks with -s
    return found


def all_is_well(found: Crowd) -> None:
    assert len(found.cues) == len(CUES)
    assert all(0 <= seconds < 2 for seconds in found.cues.values()), str(found)
    assert 20 < found.megabytes < 200, str(found)


@run
@pytest.mark.soak  # a crowd presses in tests/test_discord_edges.py each time
async def test_while_200_people_come_in_10_seconds_no_cue_is_late_and_200_mb_are_enough(
    tmp_path: Path,
) -> None:
    all_is_well(await crowd(tmp_path, 200, 10))


@pytest.mark.soak
@run
async def test_while_500_people_come_in_a_minute_no_cue_is_late_and_200_mb_are_enough(
    tmp_path: Path,
) -> None:
    all_is_well(await crowd(tmp_path, 500, 60))


# Refusals, and how it ends


@run
async def test_an_unknown_token_is_refused_by_the_name_of_who_gives_them(tmp_path: Path) -> None:
    token = "123456:AAnother_one_that_nobody_knows"
    async with telegram(tmp_path, TELEGRAM_TOKEN=token) as (_, bot):
        await bot.begins()
        assert await bot.ends() == 78
        *logged, said = bot.err.splitlines()
        assert "@BotFather" in said
        assert len(logged) == 1
        assert token not in bot.all


@pytest.mark.soak  # without a process it is tested each time
@run
async def test_a_token_that_is_revoked_while_it_runs_ends_it(tmp_path: Path) -> None:
    async with telegram(tmp_path) as (api, bot):
        await bot.starts()
        await until("polled", lambda: polls(api))
        api.revoke()
        await api.down()
        await api.up()
        assert await bot.ends() == 78
        assert "@BotFather" in bot.err


@pytest.mark.soak
@run
async def test_beside_another_program_with_the_same_token_it_gives_up_after_a_long_poll(
    tmp_path: Path,
) -> None:
    async with telegram(tmp_path, may_break=("two at a time",)) as (api, bot):
        await bot.starts()

        async def other() -> None:
            async with aiohttp.ClientSession() as session:
                while True:
                    url = f"{api.url}/bot{TOKEN}/getUpdates"
                    async with session.post(url, json={"timeout": 30}) as answer:
                        await answer.read()

        began = time.monotonic()
        polling = asyncio.create_task(other())
        try:
            assert await bot.ends(60) == 75
        finally:
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
        assert time.monotonic() - began > 25
        assert "Another program receives with the same TELEGRAM_TOKEN." in bot.err


@run
async def test_the_database_of_another_bot_is_refused_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    async with telegram(tmp_path) as (api, bot):
        await bot.starts()
        assert await bot.stops() == 0
        asked = len(api.calls)
        bot.environment["TELEGRAM_TOKEN"] = f"654321:{SECRET}"
        await bot.begins()
        assert await bot.ends() == 78
        assert "talk to another bot" in bot.err
        assert bot.out == ""
        assert len(api.calls) == asked


async def while_it_speaks(folder: Path) -> None:
    async with telegram(folder, may_break=NEXT_LIFE, latency=(1.0, 1.0)) as (api, bot):
        await bot.starts()
        anna, ben = (api.person(n, name, "en") for n, name in ((42, "Anna"), (43, "Ben")))
        await anna.starts()
        await until("on the wire", lambda: any(c.method == "sendMessage" for c in api.calls))
        began = time.monotonic()
        assert await bot.stops() == 0
        assert time.monotonic() - began < 10
        assert len(sends(api, 42, "Do you agree?")) == 1
        assert "picks up here" in bot.out
        assert not bot.waiting()
        await ben.starts()
        await bot.starts()
        await ben.hears("Do you agree?")
        assert len(said(api, 42)) == 1


async def while_telegram_hangs(folder: Path, number: signal.Signals) -> None:
    async with telegram(folder, may_break=NEXT_LIFE) as (api, bot):
        await bot.starts()
        anna = api.person(42, "Anna", "en")
        api.hang("sendMessage")
        await anna.starts()
        await until("on the wire", lambda: any(c.method == "sendMessage" for c in api.calls))
        assert bot.process is not None
        bot.process.send_signal(number)
        assert await bot.ends(10) == 0
        # Nobody knows whether it was said, so it waits.
        assert bot.waiting() == 1
        await bot.starts()
        await anna.hears("Do you agree?")


@run
async def test_asked_to_end_it_does_so_in_ten_seconds_and_nothing_is_lost(tmp_path: Path) -> None:
    await together(
        while_it_speaks(below(tmp_path, "speaks")),
        while_telegram_hangs(below(tmp_path, "hangs"), signal.SIGTERM),
        while_telegram_hangs(below(tmp_path, "hangs too"), signal.SIGINT),
    )


@pytest.mark.parametrize(
    ("settings", "arguments", "word"),
    [
        ({"TELEGRAM_API_URL": "foo"}, (), "TELEGRAM_API_URL is not an address."),
        ({"TELEGRAM_WEBHOOK_SECRET": "a b"}, (), "TELEGRAM_WEBHOOK_SECRET is not a secret"),
        ({"ALLOW": "blue shoes"}, (), "ALLOW is not a list"),
        ({"TELEGRAM_WEBHOOK_LISTEN": "0"}, (), "TELEGRAM_WEBHOOK_LISTEN is not a port"),
        ({"TELEGRAM_WEBHOOK_URL": "example.org"}, (), "TELEGRAM_WEBHOOK_URL is not an address."),
        ({}, ("--at", "2027-03-27 20:00"), "With a token I talk to real people"),
    ],
)
@run
async def test_what_is_set_wrongly_is_said_in_one_kind_line(
    tmp_path: Path, settings: dict[str, str], arguments: tuple[str, ...], word: str
) -> None:
    async with telegram(tmp_path) as (api, bot):
        bot.environment |= settings
        await bot.begins(*arguments)
        assert await bot.ends() == 2
        assert bot.err.startswith(word)
        assert len(bot.err.splitlines()) == 1
        assert bot.out == ""
        assert api.calls == []


# The owner


@run
async def test_the_owners_word_is_printed_until_it_was_used_and_works_once(tmp_path: Path) -> None:
    async with telegram(tmp_path, may_break=NEXT_LIFE) as (api, bot):
        await bot.starts()
        assert OPEN in bot.out
        code = bot.out.partition("/start ")[2].split()[0]
        assert code.startswith("owner-")
        assert f"https://t.me/LegsUpTestBot?start={code}" in bot.out
        anna, ben, carl = (
            api.person(n, name, "en") for n, name in ((42, "Anna"), (43, "Ben"), (44, "Carl"))
        )
        await ben.starts("owner-guessed-wrong")
        await ben.hears("Do you agree?")
        await anna.starts(code)
        await anna.hears("You are the owner of this bot now.")
        await anna.hears("Do you agree?")
        await carl.starts(code)
        await carl.hears("Do you agree?")
        for human in (ben, carl):
            assert not any("owner" in text for text in said(api, human.id))
        assert await bot.stops() == 0
        await bot.starts()
        assert OPEN in bot.out
        assert "owner" not in bot.out
        await ben.starts(code)
        await ben.hears("Do you agree?")
        assert not any("owner" in text for text in said(api, ben.id))


# Called by Telegram


def free_port() -> int:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@run
async def test_called_by_telegram_it_hears_what_it_was_killed_over_again_and_answers_once(
    tmp_path: Path,
) -> None:
    port = free_port()
    hook = f"http://127.0.0.1:{port}/telegram"
    async with telegram(
        tmp_path,
        may_break=NEXT_LIFE,
        TELEGRAM_WEBHOOK_URL=hook,
        TELEGRAM_WEBHOOK_LISTEN=str(port),
    ) as (api, bot):
        api.queue.pause = 0.2
        await bot.starts()
        anna = api.person(42, "Anna", "en")
        await until("a webhook", lambda: api.queue.hook)
        async with (
            aiohttp.ClientSession() as session,
            session.post(hook, json={"update_id": 1}) as answer,
        ):
            assert answer.status == 403
        await anna.starts()
        await anna.hears("Do you agree?")
        await tap(anna, "I agree", "1/4")
        await bot.written_down()
        with bot.locked():
            press = await anna.presses("None of these")
            # It stops turning after two seconds, whatever the database does.
            await press.answered()
            await bot.dies()
        assert [one.json for one in api.queue.updates], "it was confirmed before it was kept"
        await bot.starts()
        await anna.hears("2/4")
        await tap(anna, "None of these", "3/4")
        await until("all confirmed", lambda: not api.queue.updates)
        await bot.written_down()
        assert len(said(api, 42)) == 2
        assert [m.edited for m in anna.chat.shown][-1] == 2
        assert polls(api) == []


# Telegram is away


async def away_at_the_start(folder: Path) -> None:
    async with telegram(folder) as (api, bot):
        await api.down()
        await bot.begins()
        await until("said in the log", lambda: UNREACHED in bot.err)
        assert bot.alive
        assert bot.out == ""
        await api.up()
        await bot.connects()
        # Once in a while, and not at each try.
        assert bot.err.count(UNREACHED) < 4
        anna = api.person(42, "Anna", "en")
        await anna.starts()
        await anna.hears("Do you agree?")


async def away_for_a_while(folder: Path) -> None:
    async with telegram(folder) as (api, bot):
        resting = lying(173)
        ends = hold(resting).ends
        assert ends is not None
        settle(bot, {42: resting})
        anna, ben = known(api, 42, "Anna"), api.person(43, "Ben", "en")
        await bot.starts()
        await ben.starts()
        await ben.hears("Do you agree?")
        await bot.written_down()
        await api.down()
        await ben.types("/why")
        await until("noticed", lambda: UNREACHED in bot.err)
        await until("the end of the rest", lambda: datetime.now(UTC) > ends)
        await until("tried to say it", lambda: "words failed" in bot.err)
        assert bot.alive
        await api.up()
        way_out = await anna.hears(WAY_OUT)
        assert not way_out.silent
        await ben.hears(lambda m: m.id > 2)
        await bot.written_down()
        assert len(sends(api, 42, WAY_OUT)) == 1
        assert len(said(api, 43)) == 2
        assert bot.err.count(UNREACHED) < 6
        assert await bot.stops() == 0


@pytest.mark.soak  # without a process it is tested each time
@run
async def test_while_telegram_is_away_it_waits_tells_the_log_and_loses_nothing(
    tmp_path: Path,
) -> None:
    await together(
        away_at_the_start(below(tmp_path, "start")), away_for_a_while(below(tmp_path, "middle"))
    )


@pytest.mark.soak  # every test here looks for it, too
@run
async def test_whatever_telegram_does_the_token_is_in_no_log(tmp_path: Path) -> None:
    async with telegram(tmp_path) as (api, bot):
        await bot.starts()
        people = [api.person(42 + n, "Somebody", "en") for n in range(6)]
        api.fail("sendMessage", status=502, body=NGINX_502)
        api.fail("sendMessage", body=GARBAGE, status=200)
        api.fail("sendMessage", status=404, description="Not Found")
        api.fail("sendMessage", status=400, description="Bad Request: something new")
        api.drop_connections(method="sendMessage", after_doing=False)
        api.fail("getUpdates", status=502, body=NGINX_502)
        for human in people:
            await human.starts()
        await until("five troubles", lambda: bot.err.count("words") >= 4)
        await until("a poll failed", lambda: UNREACHED in bot.err)
        refused = 1
        await until(
            "all others heard",
            lambda: sum(len(said(api, human.id)) for human in people) >= len(people) - refused,
        )
        assert SECRET not in bot.all
        assert "/bot" not in bot.err


# The machine's clock


LATE_CLOCK = """
import os, pathlib, datetime
import bot.clock

class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        with open(os.environ["LOOKS"], "a") as looks:
            looks.write(".")
        real = datetime.datetime.now(tz)
        is_set = pathlib.Path(os.environ["CLOCK_IS_SET"]).exists()
        return real if is_set else real - datetime.timedelta(days=20000)

bot.clock.datetime = Shifted
"""
"""Runs before the program: until somebody sets the machine's clock, it stands in 1972."""


@run
async def test_before_the_clock_can_be_right_nothing_is_asked_or_said(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(LATE_CLOCK)
    looks, is_set = tmp_path / "looks", tmp_path / "clock-is-set"
    async with telegram(tmp_path, LOOKS=str(looks), CLOCK_IS_SET=str(is_set)) as (api, bot):
        bot.environment["PYTHONPATH"] = f"{tmp_path}:{bot.environment['PYTHONPATH']}"
        settle(bot, {42: lying(179)})
        anna, ben = known(api, 42, "Anna"), api.person(43, "Ben", "en")
        await ben.starts()
        await bot.begins()
        await until("said", lambda: "This machine's clock shows a time before 2026." in bot.err)
        seen = looks.stat().st_size
        await until("two more looks", lambda: looks.stat().st_size >= seen + 2)
        assert bot.alive
        assert api.calls == []
        assert CONNECTED not in bot.out
        is_set.touch()
        await bot.connects()
        way_out = await anna.hears(lambda m: "Lighter" in m.labels)
        assert not way_out.silent
        await ben.hears("Do you agree?")
