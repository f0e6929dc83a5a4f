"""Telegram at its edges: odd answers, crowds, second deliveries, closed doors and outages."""

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.telegram import platform, receiving
from adapters.telegram.receiving import TokenRefused, Webhook, WebhookRefused
from bot.conversation.person import Scene
from bot.events import Address, Event, Message, Press, TryLater
from bot.store.door import OWNER
from tests.bot_api import NGINX_502, BotApi, Chat, Person, Shown
from tests.standin import until
from tests.telegram_house import House, agrees, checked, house, hurry, play

pytestmark = pytest.mark.process  # over the wire

AWAY = "I can't get at my notes"
HELP = "Stop. Get emergency help now."
KEPT_OUT = "This bot is for a few people only."
CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@pytest.fixture
def webhook() -> Webhook:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return Webhook(f"http://127.0.0.1:{port}/hook", "s3cret-word", "127.0.0.1", port)


def anna_of(h: House) -> Person:
    return h.api.person(7, "Anna", "en")


def strangers(h: House, many: int) -> list[Person]:
    return [h.api.person(1000 + nth, f"Runner {nth}", "en") for nth in range(many)]


def texts(chat: Chat) -> list[str]:
    """All that the bot has ever said there, edits left out."""
    return [shown.text for shown in chat.events if shown.edited == 0]


def other_than(last: Shown) -> Callable[[Shown], bool]:
    return lambda shown: shown.text != last.text and bool(shown.buttons)


def live(message: Shown) -> Shown:
    return message.chat.messages[message.id]


# A poll that is answered oddly


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "body",
    [
        *('{"ok":true}', '{"ok":true,"result":null}', "null", "[]", ""),
        *('{"ok":true,"result":[{}]}', '{"ok":true,"result":[null]}', "[{}]", "[null]"),
    ],
)
def test_an_answer_that_is_none_does_not_end_the_asking(tmp_path: Path, body: str) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        h.api.fail("getUpdates", status=200, body=body)
        await anna.starts()
        await anna.hears("Do you agree?")
        assert not h.running.done()

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("status", "why"), [(401, "Unauthorized"), (404, "Not Found")])
def test_a_token_that_is_refused_once_is_still_good(tmp_path: Path, status: int, why: str) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        h.api.fail("getUpdates", status=status, description=why)
        await anna.starts()
        await anna.hears("Do you agree?")
        assert not h.running.done()

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("status", "why"), [(401, "Unauthorized"), (404, "Not Found")])
def test_a_token_that_is_refused_for_a_while_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, why: str
) -> None:
    monkeypatch.setattr(receiving, "BELIEVED", 0.5)

    async def scenario(h: House) -> None:
        anna = anna_of(h)
        h.api.fail("getUpdates", times=1000, status=status, description=why)
        await anna.starts()  # ends the poll that is under way
        with pytest.raises(TokenRefused):
            await asyncio.wait_for(h.running, 10)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_somebody_else_before_and_after_an_outage_has_not_had_the_token_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LONG_POLL", 1)
    monkeypatch.setattr(receiving, "LONGEST_PAUSE", 0.5)

    async def scenario(h: House) -> None:
        anna = anna_of(h)
        h.api.fail("getUpdates", status=409, description=CONFLICT)
        h.api.fail("getUpdates", status=502, body=NGINX_502)
        h.api.fail("getUpdates", status=409, description=CONFLICT)
        await until(lambda: [call.status for call in h.calls("getUpdates")].count(409) == 2)
        await anna.starts()
        await anna.hears("Do you agree?")
        assert not h.running.done()

    play(tmp_path, scenario)


# Crowds, at the pace that Telegram takes


def test_a_burst_in_many_topics_of_a_group_holds_up_no_stranger(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        club = h.api.group(-1001, "Club", forum=True)
        topics = [club.topic(f"Topic {nth}") for nth in range(12)]
        for nth, asking in enumerate(strangers(h, 48)):
            await asking.types("/up", chat=club, thread=topics[nth % 12])
        await until(lambda: bool(club.shown))

        async def asks(nth: int) -> None:
            eve = h.api.person(5000 + nth, "Eve", "en")
            await eve.starts()
            await eve.hears("Do you agree?", within=3)

        await asyncio.gather(*(asks(nth) for nth in range(10)))

    play(tmp_path, scenario)


def test_a_crowd_at_a_closed_door_is_told_no_faster_than_telegram_takes_it(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        crowd = strangers(h, 60)
        for eve in crowd:
            await eve.starts()
        await asyncio.gather(*(eve.hears(KEPT_OUT) for eve in crowd))
        assert {call.status for call in h.calls("sendMessage")} == {200}

    play(tmp_path, scenario, allow=("owner",))


def test_a_crowd_in_an_outage_of_the_store_is_told_no_faster_than_telegram_takes_it(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        crowd = strangers(h, 40)
        h.store.full = True
        for eve in crowd:
            await eve.starts()
        await asyncio.gather(*(eve.hears(AWAY) for eve in crowd))
        assert {call.status for call in h.calls("sendMessage")} == {200}

    play(tmp_path, scenario)


@pytest.mark.parametrize("after", [2, 3])
def test_while_telegram_takes_nothing_whoever_waits_for_their_second_waits_on(
    tmp_path: Path, after: int
) -> None:
    async def scenario(h: House) -> None:
        for number in (1, 2):
            h.api.person(number, "Runner", "en").started = True
        one, two = Address("telegram", "1"), Address("telegram", "2")
        await h.telegram.send(Message(one, "first"))
        second = asyncio.create_task(h.telegram.send(Message(one, "second")))
        h.api.fail("sendMessage", status=429, retry_after=after)
        with pytest.raises(TryLater):
            await h.telegram.send(Message(two, "other"))
        refused = h.calls("sendMessage")[-1]
        # From here on any request breaks a rule, which `play` asserts that none does.
        h.api.rates.pause(None, refused.at + after)
        (ended,) = await asyncio.gather(second, return_exceptions=True)
        if isinstance(ended, TryLater):
            assert h.calls("sendMessage")[-1] is refused
        else:
            assert h.calls("sendMessage")[-1].at - refused.at >= after - 0.02

    play(tmp_path, scenario)


# Help


@pytest.mark.usefixtures("quick")
def test_a_cry_for_help_in_an_outage_is_answered_though_telegram_errs_as_well(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await anna.starts()
        await anna.hears("Do you agree?")
        await h.quiet(anna.chat)
        h.store.full = True
        h.api.fail("sendMessage", status=502, body=NGINX_502)
        await anna.types("chest pain")
        await anna.hears("If this is an emergency")
        assert h.store.full
        assert [call.status for call in h.calls("sendMessage")][-2:] == [502, 200]
        h.store.full = False
        await anna.hears(HELP)

    play(tmp_path, scenario)


async def lies_down(anna: Person) -> Shown:
    """From nothing to legs up; the first cue of the rest."""
    await checked(anna)
    await anna.types("/up")
    shown = await anna.hears(lambda shown: bool(shown.labels))
    while "I'm in place" not in shown.labels:
        known = ("OK", "None of these, start", "Next")
        (label,) = (label for label in shown.labels if label in known)
        await anna.presses(label, shown)
        shown = await anna.hears(other_than(shown))
    await anna.presses("I'm in place", shown)
    return await anna.hears(lambda shown: "Come down" in shown.labels)


@pytest.mark.usefixtures("quick")
def test_buttons_that_cannot_be_taken_away_hold_up_no_way_out(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        cue = await lies_down(anna)
        await h.quiet(anna.chat)
        h.api.hang("editMessageReplyMarkup", times=5)
        asked = len(h.calls("editMessageReplyMarkup"))
        await anna.presses("Tingling", cue)
        await anna.hears(lambda shown: "It is gone" in shown.labels)
        await h.api.called("editMessageReplyMarkup", asked + 1)
        await anna.types("stop")
        await anna.hears("ome out", within=2)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_each_cue_of_a_rest_takes_the_buttons_of_the_one_before_away(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        cues = [await lies_down(anna)]
        for _ in range(12):
            said = len(anna.chat.events)
            await h.service.travel(h.clock.now() + timedelta(seconds=30))
            await h.quiet(anna.chat)
            cues += [
                shown
                for shown in anna.chat.events[said:]
                if "Come down" in shown.labels and not shown.edited
            ]
            with_buttons = [cue.id for cue in cues if live(cue).labels]
            assert with_buttons in ([cues[-1].id], [])
            if "Lighter" in anna.chat.shown[-1].labels:
                break
        assert len({cue.id for cue in cues}) >= 3

    play(tmp_path, scenario)


# Doors


@pytest.mark.usefixtures("quick")
def test_whoever_leaves_a_closed_door_is_told_nothing(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        eve = h.api.person(9, "Eve", "en")
        await eve.starts()
        await eve.hears(KEPT_OUT)
        sent = len(h.calls("sendMessage"))
        eve.blocks()
        await h.quiet(eve.chat)
        eve.unblocks()
        await h.quiet(eve.chat)
        assert len(h.calls("sendMessage")) == sent
        await eve.types("hello")
        await eve.hears(KEPT_OUT)

    play(tmp_path, scenario, allow=("owner",))


@pytest.mark.usefixtures("quick")
def test_who_talked_to_us_before_the_door_was_closed_may_go_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(30), BotApi(latency=(0, 0)) as api:
            api.rates.burst = api.rates.each_second = 1000
            async with house(tmp_path, api) as h:
                anna = anna_of(h)
                await checked(anna)
                await anna.types("remind me in 30 minutes")
                await anna.hears("I remind you once")
                await h.quiet(anna.chat)
            async with house(tmp_path, api, allow=("owner",), at=h.clock.now()) as h:
                eve = h.api.person(9, "Eve", "en")
                await eve.starts()
                await eve.hears(KEPT_OUT)
                await anna.types("/why")
                await anna.hears("Why do I ask that")
                await anna.types("/export")
                await anna.hears(lambda shown: shown.document is not None)
                anna.listens()
                await anna.types("/stop")
                await anna.hears(lambda shown: not shown.edited)
                await anna.types("/forget")
                asked = await anna.hears("Delete everything")
                await anna.presses(asked.labels[0], asked)
                await anna.hears("All gone")
                assert not [text for text in texts(anna.chat) if KEPT_OUT in text]
                await h.quiet(anna.chat)
                await anna.types("/up")
                await anna.hears(KEPT_OUT)
                assert api.check() == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
def test_who_lies_with_legs_up_when_the_door_is_closed_is_led_down(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(30), BotApi(latency=(0, 0)) as api:
            api.rates.burst = api.rates.each_second = 1000
            async with house(tmp_path, api) as h:
                anna = anna_of(h)
                cue = await lies_down(anna)
                await h.quiet(anna.chat)
            async with house(tmp_path, api, allow=("owner",), at=h.clock.now()) as h:
                await anna.presses("Come down", cue)
                out = await anna.hears("ome out")
                await anna.presses("Lighter", out)
                await anna.hears(lambda shown: not shown.edited)
                assert KEPT_OUT not in "".join(texts(anna.chat))
                assert api.check() == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
def test_of_two_who_have_the_owners_word_at_the_same_moment_one_is_the_owner(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        code = h.service.door.code
        both = strangers(h, 2)
        for person in both:
            await person.starts(code)
        for person in both:
            await person.hears("Do you agree?")
        owners = [
            person
            for person in both
            if any("You are the owner" in text for text in texts(person.chat))
        ]
        assert len(owners) == 1
        guests = await h.service._on_store("door", h.store.guests)
        kept = [guest.place.chat_id for guest in guests if guest.code == OWNER]
        assert kept == [str(owners[0].id)]

    play(tmp_path, scenario)


# A second delivery, a second tap, a second picture


@pytest.mark.usefixtures("quick")
def test_a_second_delivery_of_a_press_leaves_the_buttons_of_the_page_that_is_open(
    tmp_path: Path, webhook: Webhook
) -> None:
    async def scenario(h: House) -> None:
        await h.api.called("setWebhook")
        anna = anna_of(h)
        await agrees(anna)
        await h.quiet(anna.chat)
        press = await anna.presses("None of these")
        (delivered,) = h.api.queue.updates
        page = await anna.hears("2/4")
        await press.answered()
        await h.quiet(anna.chat)
        before = len(anna.chat.events)
        # As when our answer to the call was lost.
        headers = {receiving.SECRET_HEADER: webhook.secret}
        async with (
            aiohttp.ClientSession() as session,
            session.post(webhook.url, json=delivered.json, headers=headers) as answer,
        ):
            assert answer.status == 200
        await h.quiet(anna.chat)
        assert len(anna.chat.events) == before
        assert live(page).labels[0] == "None of these"
        assert "1 Glaucoma" in live(page).labels

    play(tmp_path, scenario, webhook=webhook)


@pytest.mark.usefixtures("quick")
def test_when_something_goes_wrong_here_the_buttons_stay_for_another_try(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        page = await agrees(anna)
        await h.quiet(anna.chat)
        step = h.service._step

        def fails(scene: Scene, event: Event, now: datetime) -> Any:  # noqa: ANN401 - a step's
            assert not isinstance(event, Press), "what she pressed"
            return step(scene, event, now)

        h.service._step = fails
        press = await anna.presses("None of these")
        await anna.hears("That went wrong here")
        await press.answered()
        await h.tidied()
        assert live(page).labels == page.labels
        h.service._step = step
        await anna.presses("1 Heart", page)
        await anna.hears(lambda shown: "1 Heart, ticked" in shown.labels)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("label", ["I agree", "None of these", "Now"])
def test_a_finger_that_taps_twice_has_tapped_once(tmp_path: Path, label: str) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        if label == "I agree":
            await anna.starts()
            shown = await anna.hears("Do you agree?")
        else:
            shown = await (agrees(anna) if label == "None of these" else checked(anna))
        await h.quiet(anna.chat)
        before = len(anna.chat.events)
        (data,) = (data for row in shown.buttons for name, data, _ in row if name == label)
        presses = [await anna.presses_data(shown, data) for _ in range(2)]
        for press in presses:
            await press.answered()
        await h.quiet(anna.chat)
        said = [one.text for one in anna.chat.events[before:] if one.text != shown.text]
        assert len(said) == 1
        assert not any("belongs to something that is over" in text for text in texts(anna.chat))

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_a_second_try_of_a_tap_that_could_not_be_written_down_is_no_second_tap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "AGAIN", 0.1)

    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await agrees(anna)
        await h.quiet(anna.chat)
        h.store.full = True
        press = await anna.presses("None of these")
        await anna.hears(AWAY)
        await press.answered()
        h.store.full = False
        await anna.hears("2/4")
        await h.quiet(anna.chat)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_who_taps_twice_while_nothing_can_be_written_down_has_tapped_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "AGAIN", 0.1)

    async def scenario(h: House) -> None:
        anna = anna_of(h)
        page = await agrees(anna)
        await h.quiet(anna.chat)
        h.store.full = True
        for _ in range(2):
            await anna.presses("None of these", page)
        await anna.hears(AWAY)
        h.store.full = False
        await anna.hears("2/4")
        await h.quiet(anna.chat)
        assert anna.chat.shown[-1].text.startswith("2/4"), "and not further"

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_what_went_wrong_can_be_tapped_once_more_at_once(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        page = await agrees(anna)
        await h.quiet(anna.chat)
        step, h.service._step = h.service._step, _fails
        await anna.presses("None of these", page)
        await anna.hears("went wrong")
        h.service._step = step
        await anna.presses("None of these", page)
        await anna.hears("2/4")

    play(tmp_path, scenario)


def _fails(scene: Scene, event: Event, now: datetime) -> tuple[Scene, tuple[Message, ...]]:
    raise ValueError("on purpose")


@pytest.mark.usefixtures("quick")
def test_the_same_tap_after_a_while_is_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "DOUBLE_TAP", 0.0)

    async def scenario(h: House) -> None:
        anna = anna_of(h)
        page = await agrees(anna)
        await anna.presses("1 Heart", page)
        await anna.hears(lambda shown: "1 Heart, ticked" in shown.labels)
        await anna.presses("1 Heart, ticked", page)
        await anna.hears(lambda shown: "1 Heart" in shown.labels)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_the_pictures_of_an_album_are_answered_once(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = anna_of(h)
        await checked(anna)
        for _ in range(6):
            await anna.sends("photo")
        await anna.hears("I can only read words")
        await h.quiet(anna.chat)
        said = [text for text in texts(anna.chat) if "I can only read words" in text]
        assert len(said) == 1
        await anna.types("/why")
        await anna.hears("Why do I ask that")

    play(tmp_path, scenario)


# The keyboard that shares a place

THANKS = "Thank you."


async def asked_for_a_place(h: House) -> Person:
    """On the way to a reminder, whose answer has buttons of its own."""
    anna = anna_of(h)
    await checked(anna)
    await anna.types("every evening at 21:30")
    await anna.hears("What does your clock say now?")
    await anna.presses("Share my place")
    await anna.hears("Tap the button below")
    assert anna.chat.keyboard == [["Share my place"]]
    await h.quiet(anna.chat)
    return anna


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("how", ["shared", "typed"])
def test_whoever_tells_where_they_are_is_thanked_and_the_keyboard_goes(
    tmp_path: Path, how: str
) -> None:
    async def scenario(h: House) -> None:
        anna = await asked_for_a_place(h)
        if how == "shared":
            await anna.shares_location(52.52, 13.405)
        else:
            await anna.types("Berlin")
        await anna.hears(THANKS)
        await anna.hears(lambda shown: bool(shown.labels))
        assert anna.chat.keyboard == []

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_whoever_asks_for_something_else_than_a_place_is_not_thanked_for_it(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        anna = await asked_for_a_place(h)
        await anna.types("/settings")
        await anna.hears("Language: English")
        await h.quiet(anna.chat)
        assert THANKS not in texts(anna.chat)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("quick")
def test_a_cry_for_help_is_answered_before_any_keyboard_is_taken_away(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        anna = await asked_for_a_place(h)
        await anna.types("chest pain")
        said = await anna.hears(lambda shown: not shown.edited, within=1)
        assert said.text.startswith(HELP)

    play(tmp_path, scenario)


# Being called


@pytest.mark.usefixtures("quick")
def test_an_address_that_telegram_does_not_want_to_call_is_told(
    tmp_path: Path, webhook: Webhook
) -> None:
    async def scenario() -> None:
        why = "bad webhook: An HTTPS URL must be provided for webhook"
        async with asyncio.timeout(30), BotApi(latency=(0, 0)) as api:
            api.fail("setWebhook", 50, status=400, description=f"Bad Request: {why}")
            async with house(tmp_path, api, webhook=webhook) as h:
                with pytest.raises(WebhookRefused, match=r"(?i)an https url must be provided"):
                    await asyncio.wait_for(h.running, 10)
                assert len(h.calls("setWebhook")) == 1

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("secret", [b"\xff\xfe", b"\xed\xa0\x80", b"s3cret-wor\xe9"])
def test_a_secret_that_is_no_text_is_refused(
    tmp_path: Path, webhook: Webhook, secret: bytes
) -> None:
    async def scenario(h: House) -> None:
        await h.api.called("setWebhook")
        reader, writer = await asyncio.open_connection(webhook.host, webhook.port)
        header = receiving.SECRET_HEADER.encode()
        writer.write(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n")
        writer.write(header + b": " + secret + b"\r\n\r\n{}")
        status = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        await writer.wait_closed()
        assert status.split()[1] == b"403"

    play(tmp_path, scenario, webhook=webhook)
