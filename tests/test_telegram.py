"""Telegram over the wire: the real library, real HTTP, a strict server and people before it."""

import asyncio
import io
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from telegram.error import TelegramError

from adapters.account import WrongBot
from adapters.telegram import receiving, transport
from adapters.telegram.receiving import TokenRefused, TokenTaken, Webhook
from bot import logs
from bot.content.words import Marked, escape
from bot.events import Address, Button, Command, Incoming, Message, Taken, TryLater
from bot.hands import Hands
from tests.bot_api import GARBAGE, NGINX_502, BotApi, Chat, Person, Shown
from tests.bot_api.queue import Update
from tests.standin import START, until
from tests.telegram_house import House, agrees, checked, house, hurry, play

pytestmark = pytest.mark.process  # over the wire

CARD = "Right now, or today:"
AWAY = "I can't get at my notes"
INVITATION = "Legs up, led step by step."


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def anna_of(h: House) -> Person:
    return h.api.person(7, "Anna", "en")


def texts(chat: Chat) -> list[str]:
    """All that the bot has ever said there, edits left out."""
    return [shown.text for shown in chat.events if shown.edited == 0]


async def more_than(said: int, chat: Chat) -> None:
    await until(lambda: len(chat.events) > said)


def other_than(last: Shown) -> Callable[[Shown], bool]:
    return lambda shown: shown.text != last.text and bool(shown.buttons)


def live(message: Shown) -> Shown:
    return message.chat.messages[message.id]


def kinds(message: Shown) -> list[str]:
    return [entity["type"] for entity in message.entities]


def place_of(chat: Chat, thread: int | None = None) -> Address:
    return Address("telegram", str(chat.id), str(thread or ""))


# The first evening


def test_from_the_first_contact_to_the_first_page(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await anna.starts()
        first = await anna.hears("Do you agree?")
        assert first.labels[0] == "I agree"
        await anna.presses("I agree")
        page = await anna.hears("1/4")
        assert page.labels[0] == "None of these"
        tick = await anna.presses("3 Pressure high")
        assert await tick.answered() == "Pressure high, ticked, 1 of 6."

    play(tmp_path, scenario)


def test_the_pages_of_the_check_are_edited_in_place(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        assert len(anna.chat.shown) == 3
        pages = [shown for shown in anna.chat.events if shown.text[1:3] == "/4"]
        assert len({page.id for page in pages}) == 1
        assert [page.text[0] for page in pages if page.buttons] == ["1", "2", "3", "4"]

    play(tmp_path, scenario)


def test_a_press_is_answered_though_the_store_is_slow_or_nothing_is_said(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        page = await agrees(anna)
        for data in ("", "nonsense", "1|7|tick|x", "1|999|up", "\x00", "1|0|consent|result"):
            press = await anna.presses_data(page, data)
            assert await press.answered() == ""

    play(tmp_path, scenario)


# Keyboards


def test_buttons_are_taken_away_once_they_are_answered(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await anna.starts()
        asked = await anna.hears("Do you agree?")
        await anna.presses("I agree")
        await anna.hears("1/4")
        await h.quiet(anna.chat)
        assert live(asked).labels == []
        assert h.calls("editMessageReplyMarkup", message_id=asked.id)

    play(tmp_path, scenario)


@pytest.mark.parametrize("command", ["/why", "/what"])
def test_a_menu_stays_open(tmp_path: Path, command: str) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await anna.types(command)
        menu = await anna.hears(lambda shown: len(shown.labels) >= 2 and not shown.edited)
        for label in menu.labels[:2]:
            said = len(anna.chat.events)
            await anna.presses(label, menu)
            await more_than(said, anna.chat)
            await h.quiet(anna.chat)
            assert live(menu).labels == menu.labels

    play(tmp_path, scenario)


# What people write is only text


def test_what_people_and_groups_are_called_is_never_interpreted(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = h.api.person(7, "<b>Anna</b> & </i>", "en", "anna_b")
        await checked(anna)
        run = h.api.group(-1001, "<b>Run & Fun</b> </tg-time>", forum=True)
        for text in ("<b>fat</b> & <script>", "*_<1:t|x>\\", "/zone <i>Berlin</i>", "&lt;&#x3c;"):
            said = len(anna.chat.events)
            await anna.types(text)
            await more_than(said, anna.chat)
        await anna.types("/up", chat=run, thread=run.topic("<u>now</u>"))
        await anna.hears("I answered in our own chat", chat=run)
        await h.quiet(anna.chat)
        assert not any("<" in text for text in texts(anna.chat))

    play(tmp_path, scenario)


@pytest.mark.parametrize("name", ["<b>Anna</b> & Co", "&lt;i&gt;", "*a_b*", "<1795371000:t|x>"])
def test_a_value_in_a_text_is_shown_as_it_is(tmp_path: Path, name: str) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await anna.starts()
        await anna.hears("Do you agree?")
        await h.telegram.send(Message(place_of(anna.chat), f"*Hello* {escape(name)}"))
        shown = await anna.hears("Hello")
        assert (shown.text, kinds(shown)) == (f"Hello {name}", ["bold"])

    play(tmp_path, scenario)


def test_a_city_is_shown_as_it_is_called(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await anna.types("/zone Coeur d'Alene")
        await anna.hears("Coeur d'Alene: ")

    play(tmp_path, scenario)


# Long texts, files, moments


def test_a_text_that_is_too_long_comes_in_parts_with_the_buttons_below_the_last(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await anna.starts()
        await anna.hears("Do you agree?")
        said = Message(
            place_of(anna.chat),
            "*Long.* " + "One more sentence & another. " * 400,
            ((Button("Go on", "1|0|up"),),),
            silent=True,
        )
        receipt = await h.telegram.send(said)
        parts = [shown for shown in anna.chat.shown if "sentence" in shown.text]
        assert len(parts) == 3
        assert [part.labels for part in parts] == [[], [], ["Go on"]]
        assert all(part.silent and part.text.endswith((".", "another.")) for part in parts)
        assert receipt.message_id == str(parts[-1].id)
        whole = " ".join(part.text for part in parts)
        assert whole.split() == ("Long. " + "One more sentence & another. " * 400).split()

    play(tmp_path, scenario)


def test_a_long_text_for_a_slot_comes_anew(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await anna.starts()
        first = await anna.hears("Do you agree?")
        await h.telegram.send(Message(place_of(anna.chat), "a " * 4000), edits=str(first.id))
        assert live(first).text == first.text
        assert [shown.text[:3] for shown in anna.chat.shown[1:]] == ["a a", "a a"]

    play(tmp_path, scenario)


def test_an_export_is_a_document(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await anna.types("/export")
        shown = await anna.hears(lambda shown: shown.document is not None)
        assert shown.document is not None
        assert shown.document.endswith(".json")
        assert b"telegram" in shown.content
        assert "Everything I keep" in shown.text

    play(tmp_path, scenario)


def test_a_moment_is_drawn_by_their_own_clock(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await anna.types("/zone Berlin")
        await anna.hears("Berlin: ")
        await anna.types("in 30 min")
        shown = await anna.hears("I remind you once")
        (moment,) = (one for one in shown.entities if one["type"] == "date_time")
        assert abs(moment["unix_time"] - (START + timedelta(minutes=30)).timestamp()) < 61
        assert moment["date_time_format"] == "wDt"

    play(tmp_path, scenario)


def test_by_night_nothing_sounds_but_the_way_out(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await anna.types("/zone Berlin")
        await anna.hears("Berlin: ")
        await anna.types("/up")
        await anna.hears("Do Not Disturb")
        await anna.presses("OK")
        assert (await anna.hears(CARD)).silent
        await anna.presses("None of these, start")
        shown = await anna.hears("1/3")
        while "Next" in shown.labels:
            await anna.presses("Next", shown)
            shown = await anna.hears(other_than(shown))
        assert shown.silent
        await anna.types("stop")
        out = await anna.hears("slowly")
        assert not out.silent

    play(tmp_path, scenario, at=START + timedelta(hours=4))


# Slots


@pytest.mark.parametrize(
    "why", ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"]
)
def test_what_cannot_be_edited_comes_anew(tmp_path: Path, why: str) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        page = await agrees(anna)
        h.api.fail("editMessageText", status=400, description=f"Bad Request: {why}")
        await anna.presses("1 Heart")
        anew = await anna.hears(lambda shown: "1 Heart, ticked" in shown.labels)
        assert (anew.id > page.id, anew.edited) == (True, 0)

    play(tmp_path, scenario)


def test_what_is_shown_already_needs_no_second_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await agrees(anna)
        why = "message is not modified: specified new message content and reply markup are"
        h.api.fail("editMessageText", status=400, description=f"Bad Request: {why}")
        await anna.presses("1 Heart")
        await h.quiet(anna.chat)
        await anna.presses("None of these")
        await anna.hears("Something is ticked")
        assert len(anna.chat.shown) == 2

    play(tmp_path, scenario)
    # It counts as said, not as refused.
    assert not [record for record in caplog.records if "refused" in record.getMessage()]


def test_what_stands_above_their_words_comes_anew_and_loses_its_buttons(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await anna.types("/up")
        first = await anna.hears(CARD)
        await anna.types("/up")
        second = await anna.hears(CARD)
        assert second.id > first.id
        await h.quiet(anna.chat)
        assert (live(first).labels, live(second).labels) == ([], second.labels)

    play(tmp_path, scenario)


# Groups


def test_a_stranger_in_a_group_is_shown_the_way_into_a_chat_of_our_own(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        bob = h.api.person(8, "Bob", "en")
        run = h.api.group(-1001, "Run", forum=True)
        topic = run.topic("After")
        await bob.types("/up", chat=run, thread=topic)
        said = await bob.hears(INVITATION, chat=run)
        assert said.thread == topic
        ((button,),) = said.buttons
        assert button[1] == "https://t.me/LegsUpTestBot?start=up"
        await h.quiet(run)
        assert len(run.shown) == 1
        assert bob.chat.shown == []

    play(tmp_path, scenario)


def test_the_way_in_leads_to_what_was_asked_for(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await anna.starts("up")
        await anna.hears(CARD)

    play(tmp_path, scenario)


def test_nothing_of_anybodys_health_stands_in_a_group(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        run = h.api.group(-1001, "Run")
        for command in ("/up", "/check", "/ran", "/export", "/up@LegsUpTestBot"):
            said = len(anna.chat.events)
            await anna.types(command, chat=run)
            await more_than(said, anna.chat)
        await h.quiet(anna.chat, run)
        assert any(CARD in text for text in texts(anna.chat))
        assert set(texts(run)) == {"I answered in our own chat. What you tell me stays there."}
        assert all(shown.document is None for shown in run.shown)

    play(tmp_path, scenario)


def test_whatever_else_is_said_in_a_group_is_not_for_us(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        h.api.privacy = False
        anna = anna_of(h)
        await checked(anna)
        run = h.api.group(-1001, "Run")
        before = len(anna.chat.events)
        for text in ("up", "legs up?", "/up@OtherRunBot", "/weather", "1", "None of these"):
            await anna.types(text, chat=run)
        await anna.sends("voice", chat=run)
        await anna.types("/up", chat=run, anonymous=True)
        await h.quiet(anna.chat, run)
        assert (run.shown, len(anna.chat.events)) == ([], before)

    play(tmp_path, scenario)


def test_a_forged_press_in_a_group_changes_nothing(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna, bob = anna_of(h), h.api.person(8, "Bob", "en")
        await checked(anna)
        await anna.types("/up")
        card = await anna.hears(CARD)
        run = h.api.group(-1001, "Run")
        await bob.types("/up", chat=run)
        said = await bob.hears(INVITATION, chat=run)
        # A press of "Emergency" is a cry for help, wherever it comes from.
        forged = [data for row in card.buttons for _, data, _ in row if "emergency" not in data]
        assert forged
        for who in (anna, bob):
            for data in forged:
                press = await who.presses_data(said, data)
                assert await press.answered() == ""
        await h.quiet(anna.chat, bob.chat, run)
        assert live(card).labels == card.labels
        assert bob.chat.shown == []
        # FAULT: hear() takes the buttons away of whatever was pressed, also where nothing came
        # of it: a forged press takes the way in from everybody in the group.
        assert [one.labels for one in run.shown] == [said.labels]

    play(tmp_path, scenario)


def test_a_group_that_becomes_another_chat_is_followed(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        bob = h.api.person(8, "Bob", "en")
        run = h.api.group(-55, "Run", kind="group")
        await bob.types("/up", chat=run)
        await bob.hears(INVITATION, chat=run)
        new = run.migrates()
        await h.quiet()
        await h.telegram.send(Message(place_of(run), "still here"))
        await bob.hears("still here", chat=new)

    play(tmp_path, scenario)


def test_a_group_that_has_become_another_chat_is_followed_though_nobody_told(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        bob = h.api.person(8, "Bob", "en")
        run = h.api.group(-55, "Run", kind="group")
        run.next = h.api.group(-1_000_000_000_055, "Run")
        await bob.types("/up", chat=run)
        await bob.hears(INVITATION, chat=run.next)

    play(tmp_path, scenario)


def test_a_topic_that_is_gone_is_answered_beside_it(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        bob = h.api.person(8, "Bob", "en")
        run = h.api.group(-1001, "Run", forum=True)
        topic = run.topic("After")
        run.closes(topic)
        await h.telegram.send(Message(place_of(run, topic), "*here*"))
        said = await bob.hears("here", chat=run)
        assert (said.thread, kinds(said)) == (None, ["bold"])

    play(tmp_path, scenario)


# What Telegram refuses


def test_too_many_requests_are_waited_out_and_nothing_is_lost(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        h.api.fail("sendMessage", status=429, retry_after=1)
        for command in ("/privacy", "/what", "/settings", "/why"):
            await anna.types(command)
        await anna.hears("Why do I ask that")
        sent = [call for call in h.calls("sendMessage") if call.chat_id == anna.id]
        (failed,) = (nth for nth, call in enumerate(sent) if call.status == 429)
        assert sent[failed + 1].at - sent[failed].at >= 1
        said = [call.parameters["text"] for call in sent[failed:]]
        assert said[0] == said[1]
        assert len(said) == 5

    play(tmp_path, scenario)


def test_a_group_that_takes_no_more_holds_up_nobody_else(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        run = h.api.group(-1001, "Run")
        h.api.fail("sendMessage", status=429, retry_after=30)
        with pytest.raises(TryLater) as later:
            await h.telegram.send(Message(place_of(run), "hello"))
        assert (later.value.after, later.value.everywhere) == (30, False)
        await anna.types("/what")
        await anna.hears(lambda shown: not shown.edited)

    play(tmp_path, scenario)


def test_somebody_who_cannot_be_reached_hears_what_waited_once_they_are_back(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        h.api.fail("sendMessage", status=403, description="Forbidden: bot was blocked by the user")
        await anna.types("/privacy")
        await until(lambda: any(call.status == 403 for call in h.calls("sendMessage")))
        await h.quiet()
        before = len(anna.chat.events)
        await anna.types("/why")
        await anna.hears("Why do I ask that")
        said = texts(anna.chat)
        assert len(anna.chat.events) == before + 2
        assert "/forget" in said[-2]

    play(tmp_path, scenario)


def test_nothing_is_sent_to_whoever_has_blocked_us_until_they_are_back(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await anna.types("/zone Berlin")
        await anna.hears("Berlin: ")
        await anna.types("in 30 min")
        await anna.hears("I remind you once")
        anna.blocks()
        await h.quiet(anna.chat)
        sent = len(h.calls("sendMessage"))
        await h.service.travel(h.clock.now() + timedelta(minutes=32))
        assert len(h.calls("sendMessage")) == sent
        anna.unblocks()
        await h.quiet(anna.chat)
        await anna.types("/why")
        await anna.hears("Why do I ask that")

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    "why",
    [
        *("BUTTON_DATA_INVALID", "message text is empty", "wrong file identifier", "XYZ"),
        "can't parse entities: Unsupported start tag",
    ],
)
def test_what_is_refused_never_holds_up_what_comes_after(tmp_path: Path, why: str) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        h.api.fail("sendMessage", times=2, status=400, description=f"Bad Request: {why}")
        for command in ("/settings", "/privacy", "/why"):
            await anna.types(command)
        await anna.hears("Why do I ask that")

    play(tmp_path, scenario)


def test_markup_that_is_not_understood_is_said_with_less_of_it(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await anna.starts()
        await anna.hears("Do you agree?")
        moment = Marked("*at* <1795371000:t|21:30>")
        why = "Bad Request: can't parse entities: Unsupported start tag"
        for times, wanted in ((1, ["bold"]), (0, ["bold"]), (1, [])):
            if times:
                h.api.fail("sendMessage", times=times, status=400, description=why)
            await h.telegram.send(Message(place_of(anna.chat), moment))
            shown = await anna.hears("at 21:30")
            # Whoever did not understand a moment once is shown none any more.
            assert kinds(shown) == wanted

    play(tmp_path, scenario)


# Outages

COMMANDS = ("/settings", "/privacy", "/what", "/why")


def server_error(h: House, times: int) -> None:
    h.api.fail("sendMessage", times, status=500)


def bad_gateway(h: House, times: int) -> None:
    h.api.fail("sendMessage", times, status=502, body=NGINX_502)


def garbage(h: House, times: int) -> None:
    h.api.fail("sendMessage", times, status=200, body=GARBAGE)


def hung_up(h: House, times: int) -> None:
    h.api.drop_connections(times, after_doing=False, method="sendMessage")


def hung_up_after_doing(h: House, times: int) -> None:
    h.api.drop_connections(times, after_doing=True, method="sendMessage")


@pytest.mark.parametrize(
    "trouble", [server_error, bad_gateway, garbage, hung_up, hung_up_after_doing]
)
@pytest.mark.parametrize("times", [1, 2])
def test_what_could_not_be_said_is_said_later_and_in_order(
    tmp_path: Path, trouble: Callable[[House, int], None], times: int
) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        for command in COMMANDS:
            await anna.types(command)
        await anna.hears("Why do I ask that")
        wanted = texts(anna.chat)[-4:]
        await h.quiet(anna.chat)
        before = len(anna.chat.events)
        trouble(h, times)
        for command in COMMANDS:
            await anna.types(command)
        await anna.hears("Why do I ask that")
        said = [shown.text for shown in anna.chat.events[before:] if not shown.edited]
        if trouble is hung_up_after_doing:
            # Nobody can know that it was done: those words come once more, and no others.
            assert said == [wanted[0]] * times + wanted
        else:
            assert said == wanted

    play(tmp_path, scenario)


@pytest.mark.parametrize("method", ["getUpdates", "answerCallbackQuery", "editMessageText"])
def test_a_time_without_telegram_costs_nobody_anything(tmp_path: Path, method: str) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await agrees(anna)
        h.api.fail(method, times=2, status=502, body=NGINX_502)
        await anna.presses("None of these")
        await anna.hears("2/4")

    play(tmp_path, scenario)


def test_when_nobody_listens_for_a_while_all_comes_afterwards(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await h.api.down()
        for command in COMMANDS:
            await anna.types(command)
        await h.api.up()
        await anna.hears("Why do I ask that")

    play(tmp_path, scenario)


# Receiving


def test_nothing_is_confirmed_before_it_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "AGAIN", 0.1)

    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        await h.quiet(anna.chat)
        before = len(anna.chat.events)
        h.store.full = True
        await anna.types("/what")
        await anna.hears(AWAY)
        await anna.types("my chest hurts")
        await anna.hears("Come out")
        await anna.types("/why")
        await anna.hears(AWAY)
        # Each is delivered again and again, and whoever was told once is not told again.
        await h.api.called("getUpdates", len(h.calls("getUpdates")) + 5)
        assert len(h.api.queue.updates) == 3
        assert len(anna.chat.events) == before + 3
        h.store.full = False
        await anna.hears("Why do I ask that")
        await h.quiet(anna.chat)
        after = [shown.text[:17] for shown in anna.chat.events[before + 3 :] if not shown.edited]
        # The cry for help before all else, the others as they were said, each once.
        assert after == ["Stop. Get emergen", "Legs up the wall ", "Why do I ask that"]

    play(tmp_path, scenario)


def test_a_second_delivery_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(30), BotApi(latency=(0, 0)) as api:
            api.rates.burst = 1000
            async with house(tmp_path, api) as h:
                anna = anna_of(h)
                await checked(anna)
                await h.quiet(anna.chat)
                await anna.types("/why")
                (delivered,) = api.queue.updates
                await anna.hears("Why do I ask that")
                await h.quiet(anna.chat)
                before = len(anna.chat.events)
            # As after a crash between a commit and the next poll.
            api.queue.updates.append(delivered)
            async with house(tmp_path, api) as h:
                await anna.types("/what")
                await anna.hears(lambda shown: not shown.edited)
                await h.quiet(anna.chat)
                assert len(anna.chat.events) == before + 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "body",
    [
        {"message": {"message_id": "x"}},
        {"message": {"message_id": 1, "date": "never", "chat": 7, "from": []}},
        {"callback_query": {"id": 1}},
        {"of_tomorrow": {"a": [1, {"b": None}]}},
        {"message": None, "callback_query": 7},
        {},
    ],
)
def test_an_update_that_cannot_be_read_holds_up_no_other(
    tmp_path: Path, body: dict[str, Any]
) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        odd = {"update_id": 100_000_000, **body}
        h.api.queue.updates.append(Update(odd, ("message", 1), h.api.now()))
        await anna.starts()
        await anna.hears("Do you agree?")
        await h.quiet(anna.chat)

    play(tmp_path, scenario)


def test_one_persons_updates_are_taken_in_order_and_at_most_32_at_once(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        going, most, order = 0, 0, dict[str, list[str]]()
        receive = h.service.receive

        async def counting(incoming: Incoming, *, told: bool = False) -> Taken:
            nonlocal going, most
            going += 1
            most = max(most, going)
            order.setdefault(incoming.author, []).append(
                incoming.event.name if isinstance(incoming.event, Command) else ""
            )
            taken = await receive(incoming, told=told)
            going -= 1
            return taken

        h.service.receive = counting  # type: ignore[method-assign]
        people = [h.api.person(number, "Runner", "en") for number in range(100, 150)]
        for command in ("start", "what", "why"):
            for person in people:
                await person.types(f"/{command}")
        await h.quiet()
        assert len(order) == 50
        assert all(heard == ["start", "what", "why"] for heard in order.values())
        assert 1 < most <= 32

    play(tmp_path, scenario)


# Being called


@pytest.fixture
def webhook() -> Webhook:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return Webhook(f"http://127.0.0.1:{port}/hook", "s3cret-word", "127.0.0.1", port)


def test_telegram_calls_us_with_a_secret_and_for_three_kinds_only(
    tmp_path: Path, webhook: Webhook
) -> None:
    async def scenario(h: House) -> None:
        await h.api.called("setWebhook")
        anna = anna_of(h)
        await checked(anna)
        (call,) = h.calls("setWebhook")
        assert call.parameters["secret_token"] == webhook.secret
        assert call.parameters["allowed_updates"] == ["message", "callback_query", "my_chat_member"]
        assert call.parameters["max_connections"] == 32
        assert not h.calls("getUpdates")

    play(tmp_path, scenario, webhook=webhook)


def test_whoever_calls_without_the_secret_or_with_nonsense_is_refused(
    tmp_path: Path, webhook: Webhook
) -> None:
    async def scenario(h: House) -> None:
        await h.api.called("setWebhook")
        good = {receiving.SECRET_HEADER: webhook.secret}
        update = '{"update_id": 5, "message": {}}'
        cases: list[tuple[dict[str, str], str, int]] = [
            ({}, update, 403),
            ({receiving.SECRET_HEADER: "s3cret-worD"}, update, 403),
            ({receiving.SECRET_HEADER: "\u00e9"}, update, 403),
            (good, "{", 400),
            (good, "[]", 400),
            (good, '{"message": {}}', 400),
            (good, '{"update_id": "x"}', 400),
            (good, "", 400),
            (good, update, 200),
            # What cannot be read must not come again and again.
            (good, '{"update_id": 6, "message": {"message_id": "x"}}', 200),
            (good, '{"update_id": 7, "callback_query": {"id": 1}}', 200),
        ]
        async with aiohttp.ClientSession() as session:
            for headers, body, status in cases:
                async with session.post(webhook.url, data=body, headers=headers) as answer:
                    assert (body, answer.status) == (body, status)
            async with session.get(webhook.url, headers=good) as answer:
                assert answer.status == 405

    play(tmp_path, scenario, webhook=webhook)


def test_a_call_is_not_taken_before_it_is_committed(tmp_path: Path, webhook: Webhook) -> None:
    async def scenario(h: House) -> None:
        await h.api.called("setWebhook")
        anna = anna_of(h)
        await checked(anna)
        await h.quiet(anna.chat)
        h.store.full = True
        statuses: list[int] = []
        update = {
            "update_id": 5,
            "message": {
                "message_id": 900, "date": 1, "chat": anna.chat.json, "from": anna.json,
                "text": "/why",
            },
        }  # fmt: skip
        headers = {receiving.SECRET_HEADER: webhook.secret}
        before = len(anna.chat.events)
        async with aiohttp.ClientSession() as session:
            for full in (True, True, False, False):
                h.store.full = full
                if not full:
                    await until(lambda: not h.service.away)
                async with session.post(webhook.url, json=update, headers=headers) as answer:
                    statuses.append(answer.status)
        assert statuses == [503, 503, 200, 200]
        await anna.hears("Why do I ask that")
        await h.quiet(anna.chat)
        said = [shown.text[:23] for shown in anna.chat.events[before:]]
        assert said == [AWAY, "Why do I ask that, and "]

    play(tmp_path, scenario, webhook=webhook)


# The token


CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot"


def test_somebody_else_who_receives_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LONG_POLL", 2)

    async def scenario(h: House) -> None:
        anna = anna_of(h)
        h.api.fail("getUpdates", times=1, status=409, description=CONFLICT)
        await anna.starts()
        await anna.hears("Do you agree?")
        await until(lambda: not h.calls("getUpdates") or h.calls("getUpdates")[-1].status != 409)
        assert not h.running.done()

    play(tmp_path, scenario)


def test_somebody_else_who_goes_on_receiving_has_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LONG_POLL", 1)

    async def scenario(h: House) -> None:
        h.api.fail("getUpdates", times=1000, status=409, description=CONFLICT)
        with pytest.raises(TokenTaken):
            await asyncio.wait_for(h.running, 10)

    play(tmp_path, scenario)


def test_a_token_that_telegram_does_not_know_is_told(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        with pytest.raises(TokenRefused):
            await asyncio.wait_for(h.running, 10)

    play(tmp_path, scenario, token="99:wrong")


def test_a_token_that_is_revoked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "LONG_POLL", 1)

    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        h.api.revoke()
        with pytest.raises(TokenRefused):
            await asyncio.wait_for(h.running, 10)

    play(tmp_path, scenario)


def test_another_bot_cannot_speak_to_these_people(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(30):
            async with BotApi(latency=(0, 0)) as api, house(tmp_path, api) as h:
                await until(lambda: bool(h.names))
            async with (
                BotApi("777:OTHER-x", latency=(0, 0)) as other,
                house(tmp_path, other) as h,
            ):
                with pytest.raises(WrongBot):
                    await asyncio.wait_for(h.running, 10)

    asyncio.run(scenario())


# A shared place


def below(chat: Chat) -> list[list[str]] | None:
    """The keyboard below the chat, by all that ever was said."""
    boards = [shown.reply_keyboard for shown in chat.events]
    return next((board for board in reversed(boards) if board is not None), None)


async def asked_for_a_place(h: House) -> Person:
    anna = anna_of(h)
    await checked(anna)
    await anna.types("/zone")
    await anna.hears("What does your clock say now?")
    await anna.presses("Share my place")
    shown = await anna.hears("Tap the button below")
    assert shown.markup is not None
    assert shown.markup["keyboard"][0][0]["request_location"] is True
    return anna


def test_a_shared_place_sets_the_clock_and_its_keyboard_goes(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = await asked_for_a_place(h)
        await anna.shares_location(52.52, 13.405)
        await anna.hears("Berlin: Sunday 22 Nov, 19:00 now")
        assert below(anna.chat) == []

    play(tmp_path, scenario)


def test_a_city_that_is_typed_instead_takes_the_keyboard_away_as_well(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = await asked_for_a_place(h)
        await anna.types("Berlin")
        await anna.hears("Berlin: Sunday 22 Nov, 19:00 now")
        assert below(anna.chat) == []

    play(tmp_path, scenario)


# What stands around the chat


async def kept_anew(h: House, name: str, before: tuple[str | None, ...]) -> None:
    async with asyncio.timeout(10):
        while await h.service.kept(name) in before:  # noqa: ASYNC110 - it rings no bell
            await asyncio.sleep(0.01)


SHOWN_AROUND = ("setMyCommands", "setMyDescription", "setMyShortDescription")


def test_menus_and_descriptions_are_set_once_and_again_when_they_change(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(30), BotApi(latency=(0, 0)) as api:
            for changed, times in ((False, 1), (False, 0), (True, 1)):
                api.calls.clear()
                async with house(tmp_path, api) as h:
                    if changed:
                        # The next start sees that what it has set is not what it has to say.
                        await h.service.keep("telegram_menus", "others")
                if changed:
                    api.calls.clear()
                async with house(tmp_path, api) as h:
                    anna = anna_of(h)
                    await anna.starts()
                    await anna.hears(lambda shown: not shown.edited)
                    if times:
                        await kept_anew(h, "telegram_menus", (None, "others"))
                    else:
                        assert not any(h.calls(method) for method in SHOWN_AROUND)
                asked = [
                    (call.method, str(call.parameters.get("scope")),
                     call.parameters.get("language_code"))
                    for call in api.calls
                    if call.method in SHOWN_AROUND
                ]  # fmt: skip
                # Two descriptions and three menus in two languages, each once.
                assert len(asked) == len(set(asked)) == times * 10
            menus = {
                (call.parameters["scope"]["type"], call.parameters.get("language_code", "")): [
                    one["command"] for one in call.parameters["commands"]
                ]
                for call in api.calls
                if call.method == "setMyCommands"
            }
            scopes = ("all_private_chats", "all_group_chats", "all_chat_administrators")
            assert set(menus) == {(scope, code) for scope in scopes for code in ("", "de")}
            assert menus["all_private_chats", "de"][:2] == ["up", "ran"]
            group = ["up", "together", "challenge", "ran", "seat", "reminders", "help"]
            assert menus["all_group_chats", ""] == group

    asyncio.run(scenario())


# The door


KEPT_OUT = "This bot is for a few people only."


def test_the_code_of_the_owner_works_once(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna, bob = anna_of(h), h.api.person(8, "Bob", "en")
        code = h.service.door.code
        await anna.starts(code)
        await anna.hears("You are the owner of this bot now.")
        await bob.starts(code)
        await bob.hears("Do you agree?")
        owner = h.service.door.owner
        assert owner is not None
        assert owner.place == place_of(anna.chat)
        assert h.service.door.code == ""

    play(tmp_path, scenario)


def test_strangers_are_kept_out_but_a_cry_for_help_is_answered(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        eve = h.api.person(9, "Eve", "en")
        await eve.starts()
        await eve.hears(KEPT_OUT)
        await eve.types("my chest hurts")
        await eve.hears("Come out")
        run = h.api.group(-1001, "Run")
        await eve.types("/up", chat=run)
        await h.quiet(eve.chat, run)
        assert run.shown == []
        assert "Do you agree?" not in "".join(texts(eve.chat))

    play(tmp_path, scenario, allow=("club",))


def test_a_word_lets_in_until_they_are_forgotten(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(30), BotApi(latency=(0, 0)) as api:
            api.rates.burst = 1000
            async with house(tmp_path, api, allow=("club",)) as h:
                anna = anna_of(h)
                await anna.starts("club")
                await anna.hears("Do you agree?")
                await h.quiet(anna.chat)
            async with house(tmp_path, api, allow=("club",)) as h:
                await anna.types("/why")
                await anna.hears("Why do I ask that")
                await anna.types("/up")
                await anna.hears("Do you agree?")
                await anna.presses("I agree")
                await anna.hears("1/4")
                await anna.types("/forget")
                asked = await anna.hears("Delete everything")
                await anna.presses(asked.labels[0], asked)
                await anna.hears("All gone")
                await anna.types("/up")
                await anna.hears(KEPT_OUT)

    asyncio.run(scenario())


def test_after_five_wrong_words_none_opens(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        eve, anna = h.api.person(9, "Eve", "en"), anna_of(h)
        for nth in range(5):
            await eve.starts(f"guess{nth}")
            await eve.hears(KEPT_OUT)
        await eve.starts("club")
        await eve.hears(KEPT_OUT)
        await anna.starts("club")
        await anna.hears("Do you agree?")

    play(tmp_path, scenario, allow=("club",))


def test_the_owner_hears_once_a_day_what_needs_a_hand_and_without_a_sound(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await anna.starts(h.service.door.code)
        await anna.hears("Do you agree?")
        log, told = logs.get("bot.tests"), 0
        for hours, notes in ((1, 1), (2, 1), (26, 2)):
            log.error("the store is away")
            await until(lambda: bool(h.service.hands and h.service.hands.since))
            await h.service.travel(START + timedelta(hours=hours))
            if notes > told:
                await anna.hears("Something needs a hand.")
                told = notes
            said = [one for one in anna.chat.shown if "Something needs a hand." in one.text]
            assert (len(said), all(one.silent for one in said)) == (notes, True)

    play(tmp_path, scenario, hands=Hands())


# The token


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[io.StringIO]:
    """All records at any level, as they are written and as they are."""
    names = (None, *logs.OURS, "aiohttp", "telegram", "asyncio")
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    handlers = list(logging.getLogger().handlers)
    stream = io.StringIO()
    logs.configure("DEBUG", stream, "json")
    for logger, _ in before:
        logger.setLevel(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    yield stream
    logging.getLogger().handlers[:] = handlers
    for logger, level in before:
        logger.setLevel(level)


def test_the_token_is_in_no_record_and_in_no_error(
    tmp_path: Path,
    everything_logged: io.StringIO,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "READ", 0.3)
    told: list[str] = []

    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        h.api.fail("getUpdates", status=500)
        h.api.fail("getUpdates", status=409, description=CONFLICT)
        kinds_: tuple[Callable[[], object], ...] = (
            lambda: h.api.fail("sendMessage", status=500),
            lambda: h.api.fail("sendMessage", status=502, body=NGINX_502),
            lambda: h.api.fail("sendMessage", status=200, body=GARBAGE),
            lambda: h.api.fail("sendMessage", status=400, description="Bad Request: XYZ"),
            lambda: h.api.fail("sendMessage", status=403, description="Forbidden: blocked"),
            lambda: h.api.fail("sendMessage", status=404, description="Not Found"),
            lambda: h.api.fail("sendMessage", status=401, description="Unauthorized"),
            lambda: h.api.fail("sendMessage", status=409, description=CONFLICT),
            lambda: h.api.fail("sendMessage", status=429, retry_after=0),
            lambda: h.api.drop_connections(1, after_doing=False, method="sendMessage"),
            lambda: h.api.hang("sendMessage"),
        )
        for trouble in kinds_:
            trouble()
            try:
                await h.telegram.bot.send_message(7, "hello")
            except TelegramError as error:
                told.extend((str(error), repr(error), "".join(traceback.format_exception(error))))
            trouble()
            try:
                await h.telegram.send(Message(place_of(anna.chat), "hello"))
            except Exception as error:  # noqa: BLE001 - whatever it is
                told.extend((str(error), repr(error), "".join(traceback.format_exception(error))))
        await h.api.down()
        try:
            await h.telegram.bot.get_me()
        except TelegramError as error:
            told.extend((str(error), repr(error), "".join(traceback.format_exception(error))))
        await h.api.up()
        h.api.revoke()

    play(tmp_path, scenario, broken=True)
    assert len(told) >= 3 * 20
    everything = [everything_logged.getvalue(), *told]
    # Below WARNING, libraries are heard only by whoever asks for it beside `configure`.
    ours = [
        record
        for record in caplog.records
        if record.name.startswith(logs.OURS) or record.levelno >= logging.WARNING
    ]
    for record in ours:
        everything += [record.getMessage(), str(record.__dict__)]
    assert len(ours) > 5
    assert len(caplog.records) > 50
    assert not [text for text in everything if "TEST-abc" in text]
