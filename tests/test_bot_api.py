"""The made-up Telegram itself, asked by the real client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import wraps
from typing import Any

import aiohttp
import pytest
from aiohttp import web

pytest.importorskip("telegram")

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from tests.bot_api import GARBAGE, NGINX_502, BotApi

# The client announces that retry_after will be a timedelta.
pytestmark = [
    pytest.mark.process,  # over the wire
    pytest.mark.filterwarnings("ignore:Deprecated since version v22:DeprecationWarning"),
]


def seconds(error: RetryAfter) -> float:
    """Whole seconds, or a timedelta if somebody has asked the client for it."""
    after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


Test = Callable[[BotApi, Bot], Coroutine[Any, Any, None]]


@asynccontextmanager
async def talking(**settings: Any) -> AsyncIterator[tuple[BotApi, Bot]]:  # noqa: ANN401
    async with BotApi(latency=(0, 0), **settings) as api:
        bot = Bot(api.token, base_url=f"{api.url}/bot", base_file_url=f"{api.url}/file/bot")
        async with bot:
            api.rates.burst = 1000
            yield api, bot


def talk(test: Test) -> Callable[[], None]:
    """Runs a test with a server and a client, at any speed; `Rates` has tests of its own."""

    async def run() -> None:
        async with talking() as (api, bot):
            await test(api, bot)

    @wraps(test)
    def runs() -> None:
        asyncio.run(run())

    del runs.__wrapped__  # pytest would ask for fixtures of these names
    return runs


async def refused(kind: type[TelegramError], text: str, doing: Awaitable[object]) -> None:
    with pytest.raises(kind) as caught:
        await doing
    assert text.lower() in str(caught.value).lower()  # the client changes the first letter


def board(*labels: str, **more: Any) -> InlineKeyboardMarkup:  # noqa: ANN401
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=f"do:{label}", **more)] for label in labels]
    )


async def asked(api: BotApi, method: str, **given: object) -> tuple[int, dict[str, Any]]:
    """Without a client between: as JSON."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{api.url}/bot{api.token}/{method}", json=given) as response,
    ):
        return response.status, await response.json()


# The way in


@talk
async def test_knows_the_bot(api, bot):
    assert (bot.username, bot.id) == ("LegsUpTestBot", 123456)


def test_another_token_is_not_let_in():
    async def run() -> None:
        async with BotApi(latency=(0, 0)) as api:
            bot = Bot("123456:OTHER", base_url=f"{api.url}/bot")
            with pytest.raises(InvalidToken):
                await bot.initialize()
            await bot.shutdown()
            async with aiohttp.ClientSession() as session:
                for path, code in (("bot123456:OTHER/getMe", 401), ("botless/getMe", 404)):
                    async with session.get(f"{api.url}/{path}") as response:
                        answer = await response.json()
                        assert response.status == answer["error_code"] == code

    asyncio.run(run())


@talk
async def test_a_revoked_token_is_not_let_in(api, bot):
    api.revoke()
    await refused(InvalidToken, "Unauthorized", bot.get_chat(1))


@talk
async def test_takes_parameters_in_every_documented_way(api, bot):
    await api.person(42, "Anna").starts()
    url = f"{api.url}/bot{api.token}/SENDMESSAGE"
    given = {"chat_id": "42", "text": "Hi"}
    ways: tuple[dict[str, Any], ...] = (
        {"method": "GET", "params": given},
        {"method": "POST", "params": given},
        {"method": "POST", "data": given},
        {"method": "POST", "json": given},
    )
    async with aiohttp.ClientSession() as session:
        for way in ways:
            async with session.request(url=url, **way) as response:
                assert (await response.json())["ok"]
    assert [call.chat_id for call in api.calls[1:]] == [42] * 4
    assert api.violations == []


@talk
async def test_unknown_methods_and_parameters_are_noted(api, bot):
    await api.person(42, "Anna").starts()
    status, answer = await asked(api, "sendMessge")
    assert (status, answer["error_code"]) == (404, 404)
    await asked(api, "sendMessage", chat_id=42, text="Hi", texd="Ho")
    await asked(api, "sendMessage", chat_id=42, text="Hi", disable_notification="perhaps")
    assert [one.partition(":")[0] for one in api.violations] == [
        "sendMessge",
        "sendMessage",
        "sendMessage",
    ]


# Updates


@talk
async def test_updates_come_until_they_are_confirmed(api, bot):
    anna = api.person(42, "Anna", username="anna")
    for text in ("/start now", "one", "two"):
        await anna.types(text)
    first, *_ = await bot.get_updates()
    assert first.message.from_user.language_code == "de"
    assert first.message.entities[0].type == "bot_command"
    assert len(await bot.get_updates(limit=2)) == 2
    assert len(await bot.get_updates(offset=first.update_id + 1)) == 2
    assert [one.message.text for one in await bot.get_updates(offset=-1)] == ["two"]
    assert len(await bot.get_updates(offset=first.update_id)) == 1


@talk
async def test_a_long_poll_waits_for_the_next(api, bot):
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await api.called("getUpdates")
    await api.person(42, "Anna").types("Hi")
    assert [one.message.text for one in await poll] == ["Hi"]


@talk
async def test_updates_are_dropped_after_a_day(api, bot):
    await api.person(42, "Anna").types("Hi")
    now = api.now
    api.now = lambda: now() + 24 * 3600
    assert await bot.get_updates() == ()


@talk
async def test_only_allowed_updates_come(api, bot):
    anna = api.person(42, "Anna")
    await bot.get_updates(allowed_updates=["my_chat_member"])
    await anna.starts()
    anna.blocks()
    anna.unblocks()
    updates = await bot.get_updates()
    assert [one.my_chat_member.new_chat_member.status for one in updates] == ["kicked", "member"]


@talk
async def test_of_two_polls_the_older_ends(api, bot):
    older = asyncio.create_task(bot.get_updates(timeout=5))
    await api.called("getUpdates")
    newer = asyncio.create_task(asked(api, "getUpdates", timeout=5))
    await refused(Conflict, "terminated by other getUpdates request", older)
    await api.person(42, "Anna").types("Hi")
    assert len((await newer)[1]["result"]) == 1
    assert api.violations == ["getUpdates: two at a time"]


@asynccontextmanager
async def hooked(
    answer: Callable[[web.Request], Awaitable[web.Response]],
) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/hook", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    finally:
        await runner.cleanup()


@talk
async def test_a_webhook_gets_each_update_until_it_takes_it(api, bot):
    api.queue.pause = 0.01
    got: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    codes = [500, 302, 200, 200]

    async def hook(request: web.Request) -> web.Response:
        update = Update.de_json(await request.json(), bot)
        assert update is not None
        assert update.message is not None
        secret = request.headers["X-Telegram-Bot-Api-Secret-Token"]
        got.put_nowait((secret, update.message.text or ""))
        return web.Response(status=codes.pop(0))

    async with hooked(hook) as url:
        await bot.set_webhook(url, secret_token="se-cret_1", max_connections=1)
        anna = api.person(42, "Anna")
        await anna.types("one")
        await anna.types("two")
        texts = [await asyncio.wait_for(got.get(), 5) for _ in range(4)]
        assert texts == [("se-cret_1", "one")] * 3 + [("se-cret_1", "two")]
        assert api.queue.most_in_flight == 1
        assert (await bot.get_webhook_info()).last_error_message
        await refused(Conflict, "can't use getUpdates method while webhook", bot.get_updates())
        await bot.delete_webhook(drop_pending_updates=True)
    assert (await bot.get_webhook_info()).url == ""


@talk
async def test_a_webhook_must_be_set_right(api, bot):
    await refused(BadRequest, "invalid webhook URL", bot.set_webhook("gopher://here/"))
    api.queue._hook_set = -1
    wrong = bot.set_webhook("http://127.0.0.1/", secret_token="ü")
    await refused(BadRequest, "secret token contains unallowed characters", wrong)
    with pytest.raises(RetryAfter):
        await bot.set_webhook("http://127.0.0.1/")


# Texts


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("<b>a</b> &lt;&#33;&#x41;&gt;", "a <!A>", [("bold", 0, 1)]),
        ("\U0001f9b5 <i>x</i>", "\U0001f9b5 x", [("italic", 3, 1)]),
        ("<b>a<i>b</i></b>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
        ("  \n <b> a </b>  ", " a", [("bold", 0, 2)]),
        ('<a href="https://a.de/?x&amp;y">l</a>', "l", [("text_link", 0, 1)]),
        ('<pre><code class="language-py">x</code></pre>', "x", [("pre", 0, 1)]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", 0, 1)]),
        ('<span class="tg-spoiler">s</span>', "s", [("spoiler", 0, 1)]),
        ('<tg-time unix="1647531900" format="wDT">t</tg-time>', "t", [("date_time", 0, 1)]),
        ("go /now@LegsUpTestBot", "go /now@LegsUpTestBot", [("bot_command", 3, 18)]),
    ],
)
def test_html_becomes_text_and_entities(source, text, entities):
    @talk
    async def run(api: BotApi, bot: Bot) -> None:
        await api.person(42, "Anna").starts()
        message = await bot.send_message(42, source, parse_mode="HTML")
        assert message.text == text
        assert [(one.type, one.offset, one.length) for one in message.entities] == entities
        assert api.violations == []

    run()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>a</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("ä<p>a</p>", 'Unsupported start tag "p" at byte offset 2'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<tg-time unix="1" format="x">a</tg-time>', "Invalid date format used"),
        ("&#xd83d;", "Text contains invalid Unicode characters"),
    ],
)
def test_bad_html_is_refused(source, why):
    @talk
    async def run(api: BotApi, bot: Bot) -> None:
        await api.person(42, "Anna").starts()
        sent = bot.send_message(42, source, parse_mode="HTML")
        await refused(BadRequest, f"can't parse entities: {why}", sent)
        assert len(api.violations) == 1

    run()


@talk
async def test_html_that_only_just_passes_is_noted(api, bot):
    await api.person(42, "Anna").starts()
    assert (await bot.send_message(42, "a & b > c", parse_mode="HTML")).text == "a & b > c"
    assert len(api.violations) == 2


@talk
async def test_a_text_is_counted_after_parsing_and_in_code_points(api, bot):
    await api.person(42, "Anna").starts()
    leg = "\U0001f9b5"
    await bot.send_message(42, f"<b>{leg * 4096}</b>", parse_mode="HTML")
    await refused(BadRequest, "message is too long", bot.send_message(42, leg * 4097))
    await refused(BadRequest, "message text is empty", bot.send_message(42, ""))
    await refused(BadRequest, "text must be non-empty", bot.send_message(42, " \n "))
    assert len(api.violations) == 3


# Keyboards


@talk
async def test_keyboards_keep_to_their_rules(api, bot):
    await api.person(42, "Anna").starts()

    async def wrong(why: str, **button: object) -> None:
        keyboard = {"inline_keyboard": [[button]]}
        status, answer = await asked(
            api, "sendMessage", chat_id=42, text="Hi", reply_markup=keyboard
        )
        assert (status, why in answer["description"]) == (400, True), answer

    await wrong("BUTTON_DATA_INVALID", text="a", callback_data="ü" * 33)
    await wrong("BUTTON_URL_INVALID", text="a", url="ftp://a.de")
    await wrong("Wrong HTTP URL", text="a", url="https://localhost/")
    await wrong("text must be non-empty", text=" ", callback_data="a")
    await wrong("invalid button style specified", text="a", callback_data="a", style="huge")
    await wrong("Text buttons are unallowed in the inline keyboard", text="a")
    assert len(api.violations) == 6
    await bot.send_message(42, "Hi", reply_markup=board("a", style="danger"))
    long = board(*map(str, range(101)))
    await refused(
        BadRequest, "reply markup is too long", bot.send_message(42, "Hi", reply_markup=long)
    )
    assert api.people[42].chat.shown[-1].buttons == [[("a", "do:a", "danger")]]


@talk
async def test_a_location_is_asked_for_in_private_only(api, bot):
    anna = api.person(42, "Anna")
    api.group(-1001, "Runners")
    await anna.starts()
    keyboard = ReplyKeyboardMarkup([[KeyboardButton("Here", request_location=True)]])
    await bot.send_message(42, "Where?", reply_markup=keyboard)
    assert anna.chat.keyboard == [["Here"]]
    sent = bot.send_message(-1001, "Where?", reply_markup=keyboard)
    await refused(BadRequest, "location can be requested in private chats only", sent)


# Edits


@talk
async def test_edits(api, bot):
    anna = api.person(42, "Anna")
    own = await anna.starts()
    message = await bot.send_message(42, "one", reply_markup=board("a"))
    await bot.edit_message_text("two", 42, message.message_id, reply_markup=board("a"))
    same = bot.edit_message_text("two", 42, message.message_id, reply_markup=board("a"))
    await refused(BadRequest, "message is not modified: specified new message content", same)
    await bot.edit_message_text("two", 42, message.message_id)
    (shown,) = anna.chat.shown
    assert (shown.text, shown.buttons, shown.edited) == ("two", [], 2)
    unchanged = bot.edit_message_reply_markup(42, message.message_id)
    await refused(BadRequest, "message is not modified", unchanged)
    await refused(BadRequest, "message to edit not found", bot.edit_message_text("x", 42, 99))
    await refused(BadRequest, "message can't be edited", bot.edit_message_text("x", 42, own.id))
    keyboard = ReplyKeyboardMarkup([["Here"]])
    fixed = await bot.send_message(42, "Where?", reply_markup=keyboard)
    edit = bot.edit_message_text("x", 42, fixed.message_id)
    await refused(BadRequest, "message can't be edited", edit)
    await bot.delete_message(42, message.message_id)
    gone = bot.delete_message(42, message.message_id)
    await refused(BadRequest, "message to delete not found", gone)
    assert api.violations == []


# Buttons


@talk
async def test_a_press_is_answered_once_and_in_time(api, bot):
    anna = api.person(42, "Anna")
    await anna.starts()
    await bot.send_message(42, "Hi", reply_markup=board("a", "b"))
    with pytest.raises(
        AssertionError, match=r"no button 'c' to press; shown are 'Hi': \['a', 'b'\]"
    ):
        await anna.presses("c")
    press = await anna.presses("a")
    query = (await bot.get_updates())[-1].callback_query
    assert query.data == "do:a"
    assert isinstance(query.message, Message)
    await bot.answer_callback_query(query.id, "Done")
    assert await press.answered() == "Done"
    again = bot.answer_callback_query(query.id)
    await refused(BadRequest, "query is too old and response timeout expired", again)
    assert api.violations == ["answerCallbackQuery: query is answered before"]
    api.violations.clear()
    late, never = await anna.presses("a"), await anna.presses("b")
    now = api.now
    api.now = lambda: now() + 11
    await bot.answer_callback_query(late.id)
    assert len(api.check()) == len(api.check()) == 2
    api.now = lambda: now() + 16
    await refused(BadRequest, "query is too old", bot.answer_callback_query(never.id))


@talk
async def test_a_press_on_what_the_bot_can_no_longer_see(api, bot):
    anna = api.person(42, "Anna")
    await anna.starts()
    await bot.send_message(42, "Hi", reply_markup=board("a"))
    (shown,) = anna.chat.shown
    api.inaccessible(shown)
    await anna.presses_data(shown, "forged")
    query = (await bot.get_updates())[-1].callback_query
    assert query.data == "forged"
    assert not query.message.is_accessible


# Rates


def test_one_a_second_in_a_chat():
    async def run() -> None:
        async with talking() as (api, bot):
            api.rates.burst = 0
            await api.person(42, "Anna").starts()
            await api.person(43, "Ben").starts()
            now = api.now()
            api.now = lambda: now
            await bot.send_message(42, "one")
            await bot.send_message(43, "one")
            await bot.send_chat_action(42, "typing")
            with pytest.raises(RetryAfter) as caught:
                await bot.send_message(42, "two")
            assert seconds(caught.value) == 1
            api.now = lambda: now + 0.9
            with pytest.raises(RetryAfter):
                await bot.send_message(42, "two")
            api.now = lambda: now + 0.99
            await bot.send_message(42, "two")
            assert api.violations == [
                "sendMessage: more than 1 in 1 s in chat 42",
                "sendMessage: sent while the retry_after of chat 42 runs",
            ]

    asyncio.run(run())


@talk
async def test_thirty_a_second_in_all(api, bot):
    now = api.now()
    api.now = lambda: now
    for number in range(1, 32):
        await api.person(number, "P").starts()
    for number in range(1, 31):
        await bot.send_message(number, "Hi")
    with pytest.raises(RetryAfter):
        await bot.send_message(31, "Hi")
    with pytest.raises(RetryAfter):
        await bot.send_message(1, "Hi")
    api.now = lambda: now + 1
    await bot.send_message(31, "Hi")


@talk
async def test_twenty_a_minute_in_a_group(api, bot):
    api.group(-1001, "Runners")
    now = api.now()
    for second in range(20):
        api.now = lambda second=second: now + second
        await bot.send_message(-1001, "Hi")
    api.now = lambda: now + 20
    status, answer = await asked(api, "sendMessage", chat_id=-1001, text="Hi")
    assert (status, answer["parameters"]) == (429, {"retry_after": 40})
    assert answer["description"] == "Too Many Requests: retry after 40"
    api.now = lambda: now + 60
    await bot.send_message(-1001, "Hi")


# Chats


@talk
async def test_whom_the_bot_may_write_to(api, bot):
    anna = api.person(42, "Anna")

    async def sent() -> None:
        await bot.send_message(42, "Hi")

    await refused(Forbidden, "bot can't initiate conversation with a user", sent())
    await refused(BadRequest, "chat not found", bot.send_message(44, "Hi"))
    await anna.starts()
    await sent()
    anna.blocks()
    await refused(Forbidden, "bot was blocked by the user", sent())
    await anna.starts()
    await sent()
    anna.deletes_account()
    await refused(Forbidden, "user is deactivated", sent())
    assert api.violations == []


@talk
async def test_groups_the_bot_is_no_longer_in(api, bot):
    anna = api.person(42, "Anna")
    club, small = api.group(-1001, "Runners"), api.group(-5, "Two", kind="group")
    club.kicks_bot()
    small.kicks_bot()
    kicked = "bot was kicked from the"
    await refused(Forbidden, f"{kicked} supergroup chat", bot.send_message(-1001, "Hi"))
    await refused(Forbidden, f"{kicked} group chat", bot.send_message(-5, "Hi"))
    club.adds_bot(by=anna)
    await bot.leave_chat(-1001)
    left = bot.send_message(-1001, "Hi")
    await refused(Forbidden, "bot is not a member of the supergroup chat", left)


@talk
async def test_a_group_becomes_a_supergroup(api, bot):
    small = api.group(-5, "Two", kind="group")
    new = small.migrates()
    with pytest.raises(ChatMigrated) as caught:
        await bot.send_message(-5, "Hi")
    assert caught.value.new_chat_id == new.id
    old_says, new_says = [one.message for one in await bot.get_updates()]
    assert (old_says.chat.id, old_says.migrate_to_chat_id) == (-5, new.id)
    assert (new_says.chat.id, new_says.migrate_from_chat_id) == (new.id, -5)
    await bot.send_message(new.id, "Hi")


@talk
async def test_topics(api, bot):
    forum = api.group(-1001, "Runners", forum=True)
    api.group(-1002, "Plain")
    topic = forum.topic("Legs")
    message = await bot.send_message(-1001, "Hi", message_thread_id=topic)
    assert (message.message_thread_id, forum.shown[0].thread) == (topic, topic)
    for chat in (-1001, -1002):
        sent = bot.send_message(chat, "Hi", message_thread_id=99)
        await refused(BadRequest, "message thread not found", sent)
    forum.closes(topic)
    sent = bot.send_message(-1001, "Hi", message_thread_id=topic)
    await refused(BadRequest, "TOPIC_CLOSED", sent)


@talk
async def test_in_a_group_the_bot_hears_only_what_is_meant_for_it(api, bot):
    anna, club = api.person(42, "Anna"), api.group(-1001, "Runners")
    sent = await bot.send_message(-1001, "Hi")
    await anna.types("good morning", chat=club)
    await anna.types("/up@OtherBot", chat=club)
    await anna.sends("photo", chat=club)
    await anna.types("/up@LegsUpTestBot", chat=club, anonymous=True)
    await anna.types("/up", chat=club)
    (shown,) = club.shown
    await anna.types("thanks", chat=club, reply_to=shown)
    updates = [one.message for one in await bot.get_updates()]
    assert [one.text for one in updates] == ["/up@LegsUpTestBot", "/up", "thanks"]
    assert updates[0].from_user.id == 1087968824
    assert updates[0].sender_chat.id == -1001
    assert updates[2].reply_to_message.message_id == sent.message_id


# What people do


@pytest.mark.parametrize(
    "kind",
    [
        "voice", "audio", "photo", "video", "animation", "video_note", "sticker", "document",
        "contact", "location", "venue", "dice", "poll",
    ],
)  # fmt: skip
def test_people_send_all_kinds_of_things(kind):
    @talk
    async def run(api: BotApi, bot: Bot) -> None:
        await api.person(42, "Anna").sends(kind)
        ((update),) = await bot.get_updates()
        assert update.message is not None
        assert update.message.effective_attachment

    run()


@talk
async def test_people_edit_and_share_where_they_are(api, bot):
    anna = api.person(42, "Anna")
    await anna.edits(await anna.types("won"), "one")
    await anna.shares_location(52.5, 13.4)
    first, edited, place = await bot.get_updates()
    assert (first.message.text, edited.edited_message.text) == ("won", "one")
    assert place.message.location.latitude == 52.5


@talk
async def test_hears_what_is_new_or_edited(api, bot):
    anna = api.person(42, "Anna")
    await anna.starts()
    heard = asyncio.create_task(anna.hears("two"))
    message = await bot.send_message(42, "one", disable_notification=True)
    await bot.edit_message_text("two", 42, message.message_id)
    shown = await heard
    assert (shown.id, shown.silent, shown.edited) == (message.message_id, True, 1)
    with pytest.raises(AssertionError, match="not heard"):
        await anna.hears("two", within=0.01)


@talk
async def test_files_go_both_ways(api, bot):
    anna = api.person(42, "Anna")
    await anna.sends("document", content=b"notes")
    update = (await bot.get_updates())[0]
    file = await bot.get_file(update.message.document.file_id)
    assert await file.download_as_bytearray() == b"notes"
    await bot.send_document(
        42, b"data", filename="me.json", caption="<b>Yours</b>", parse_mode="HTML"
    )
    (shown,) = anna.chat.shown
    assert (shown.document, shown.content, shown.text) == ("me.json", b"data", "Yours")
    long = bot.send_document(42, b"data", caption="x" * 1025)
    await refused(BadRequest, "message caption is too long", long)
    await refused(BadRequest, "invalid file_id", bot.get_file("nonsense"))


# What the bot says of itself


@talk
async def test_commands_and_descriptions(api, bot):
    commands = [BotCommand("up", "Legs up")]
    scope = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands(commands, scope, language_code="de")
    assert list(await bot.get_my_commands(scope, "de")) == commands
    assert await bot.get_my_commands() == ()
    await bot.delete_my_commands(scope, "de")
    assert await bot.get_my_commands(scope, "de") == ()
    await refused(BadRequest, "BOT_COMMAND_INVALID", bot.set_my_commands([("Up!", "no")]))
    long = bot.set_my_commands([("up", "x" * 257)])
    await refused(BadRequest, "command description length must not exceed 256", long)
    await bot.set_my_description("All", language_code="de")
    assert (await bot.get_my_description("de")).description == "All"
    await refused(BadRequest, "", bot.set_my_description("x" * 513))
    await refused(BadRequest, "", bot.set_my_short_description("x" * 121))
    await bot.set_my_name("Legs")
    assert (await bot.get_my_name("fr")).name == "Legs"


@talk
async def test_chats_and_members(api, bot):
    anna, club = api.person(42, "Anna"), api.group(-1001, "Runners")
    club.creator = anna.id
    assert (await bot.get_chat(-1001)).title == "Runners"
    assert (await bot.get_chat(42)).first_name == "Anna"
    assert (await bot.get_chat_member(-1001, 42)).status == "creator"
    assert (await bot.get_chat_member(-1001, bot.id)).status == "member"


# Faults


@talk
async def test_fails_as_told(api, bot):
    await api.person(42, "Anna").starts()
    api.fail("sendMessage", status=502, description="Bad Gateway")
    await refused(NetworkError, "Bad Gateway", bot.send_message(42, "Hi"))
    api.fail("sendMessage", status=502, body=NGINX_502)
    await refused(NetworkError, "", bot.send_message(42, "Hi"))
    api.fail("sendMessage", status=200, body=GARBAGE)
    await refused(TelegramError, "", bot.send_message(42, "Hi"))
    assert api.people[42].chat.shown == []
    api.fail("sendMessage", status=429, retry_after=3)
    with pytest.raises(RetryAfter):
        await bot.send_message(42, "Hi")
    assert api.violations == []
    with pytest.raises(RetryAfter):
        await bot.send_message(42, "Hi")
    assert len(api.violations) == 1


@talk
async def test_a_connection_is_cut_after_the_message_was_sent(api, bot):
    anna = api.person(42, "Anna")
    await anna.starts()
    api.drop_connections(after_doing=True)
    await refused(NetworkError, "", bot.send_message(42, "one"))
    api.drop_connections(after_doing=False)
    await refused(NetworkError, "", bot.send_message(42, "two"))
    assert [one.text for one in anna.chat.shown] == ["one"]


@talk
async def test_hangs(api, bot):
    await api.person(42, "Anna").starts()
    api.hang("sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(42, "Hi", read_timeout=0.05)
    await bot.send_message(42, "Hi")
    assert [call.status for call in api.calls if call.method == "sendMessage"] == [0, 200]


@talk
async def test_goes_down_and_comes_back_at_the_same_port(api, bot):
    await api.person(42, "Anna").starts()
    await bot.send_message(42, "Hi")
    port = api.port
    await api.down()
    await refused(NetworkError, "", bot.send_message(42, "Hi"))
    await api.up()
    assert api.port == port
    await bot.send_message(42, "Hi")


@talk
async def test_replies(api, bot):
    anna = api.person(42, "Anna")
    own = await anna.starts()
    message = await bot.send_message(42, "Hi", reply_parameters=ReplyParameters(own.id))
    assert message.reply_to_message is not None
    sent = bot.send_message(42, "Hi", reply_parameters=ReplyParameters(99))
    await refused(BadRequest, "message to be replied not found", sent)


def test_answers_within_the_latency():
    async def run() -> None:
        async with BotApi(latency=(0.05, 0.06)) as api:
            loop = asyncio.get_running_loop()
            began = loop.time()
            await asyncio.gather(*(asked(api, "getMe") for _ in range(50)))
            assert 0.05 <= loop.time() - began < 2

    asyncio.run(run())
