"""Discord without a wire: the core's texts, buttons, forms and commands as it takes them."""

import asyncio
import re
import time
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import discord
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.discord import commands, interactions, markup, replies, running
from adapters.discord.commands import COMMANDS
from adapters.discord.interactions import SHOW, TYPE
from adapters.discord.platform import Discord, client
from adapters.discord.replies import Kind, Reply
from adapters.text import clean, label
from bot.content.words import escape, plain, words
from bot.conversation import VERBS, suggestions
from bot.events import (
    ORGANISED,
    Address,
    As,
    Button,
    Chosen,
    Command,
    Event,
    Form,
    Message,
    Option,
    Press,
    Text,
    Tone,
    Unreadable,
)
from bot.store.outbox import Waiting
from tests.club import Town
from tests.dialog import Dialog
from tests.discord_api import commands as server
from tests.discord_api import components, rules
from tests.standin import START, in_no_time
from tests.test_transcripts import EVERY

HERE = Address("discord", "7")
IDS = {one.name: "1" * 19 for one in COMMANDS}
ADA = "100000000000000007"
HIDDEN_AT = "\u200b"

BITS = st.sampled_from(
    [
        *("@everyone", "@here", f"<@{ADA}>", f"<@!{ADA}>", f"<@&{ADA}>", f"<#{ADA}>"),
        *("*", "_", "~~", "||", "`", "```", "\\", "<", ">", "# ", "- ", "1. ", "\n", " ", "/up"),
        *("[x](http://h.example)", "https://h.example/a_b*c", "<t:1795371000:R>", "</up:1>"),
        *("word", "Grüße", "\N{RUNNER}", "\u202e", "\x00", "\ud800", "\t", "." * 50, "a" * 300),
    ]
)
TEXTS = st.lists(st.one_of(BITS, st.text(max_size=20)), max_size=40).map("".join)
LABELS = st.lists(BITS, max_size=3).map("".join).map(lambda text: text if label(text) else "OK")


def whole(parts: list[str]) -> str:
    """What is read of messages: without our marks, their escapes and what hides an @."""
    text = "\n".join(parts).replace(HIDDEN_AT, "")
    return re.sub(r"\\([\\*_~`|<>#.+\[\]-])", r"\1", text)


def pings(text: str) -> bool:
    return rules.mentioned(text.replace("`", "")) != (set(), set(), False)


# Texts


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, max_size=3))
@example(["*" * 4000])
@example(["@everyone" * 400])
@example([f"<@{ADA}>" * 200])
@example(["\n# " * 900])
def test_whatever_somebody_is_called_or_types_is_only_text(values: list[str]) -> None:
    text = "*Bold* " + " _and_ ".join(escape(each) for each in values)
    for part in markup.texts(text, IDS):
        assert 0 < len(part) <= rules.LONGEST_CONTENT
        assert not pings(part)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_nothing_of_a_text_is_lost(value: str) -> None:
    shown = whole(markup.texts(escape(value), {}))
    expected = plain(escape(value))
    assert "".join(shown.split()) == "".join(clean(expected).split())


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("*a*", r"\*a\*"),
        ("_a_ ~~b~~ ||c||", r"\_a\_ \~\~b\~\~ \|\|c\|\|"),
        ("`a` \\", r"\`a\` \\"),
        ("# a\n> b\n- c\n1. d\n-# e", "\\# a\n\\> b\n\\- c\n1\\. d\n\\-# e"),
        ("+ a", r"\+ a"),
        ("a # b > c - d 1. e", "a # b > c - d 1. e"),
        ("<t:0:R>", r"\<t:0:R>"),
        ("<:x:1> </up:1>", r"\<:x:1> \</up:1>"),
    ],
)
def test_markdown_of_theirs_is_escaped(typed: str, shown: str) -> None:
    assert markup.texts(escape(typed), {}) == [shown]


def test_our_marks_are_drawn() -> None:
    text = "*Bold*, _italic_ and <1795371000:t|21:30>, <1795371000:d|Sun 21:30>, /up, /upper, a/up"
    assert markup.texts(text, IDS) == [
        f"**Bold**, *italic* and <t:1795371000:t>, <t:1795371000:f>, </up:{IDS['up']}>, /upper,"
        " a/up"
    ]
    assert markup.texts("https://example.org/up /up", {}) == ["https://example.org/up /up"]


# Buttons


def of_message(rows: list[dict[str, Any]]) -> None:
    """As a server takes them."""
    at = rules.Field()
    components.of_message(at, {"components": rows}, v2=False)
    at.done()


def of_modal(page: dict[str, Any]) -> None:
    at = rules.Field()
    components.of_modal(at, page)
    at.done()


BUTTONS = st.builds(
    Button,
    LABELS,
    st.one_of(st.text("ab1|", min_size=1, max_size=3), st.just("x" * 64)),
    opens=st.sampled_from(["", "", "", "up"]),
    place=st.sampled_from([False, False, False, True]),
    tone=st.sampled_from(Tone),
)
ROWS = st.lists(st.lists(BUTTONS, max_size=7).map(tuple), max_size=8).map(tuple)
FORMS = st.builds(
    Form,
    st.just("1|7|lines|1"),
    LABELS,
    LABELS,
    st.lists(
        st.builds(Option, LABELS, st.uuids().map(str),
                  st.booleans()),
        min_size=1, max_size=10,
    ).map(tuple),
    ROWS,
    st.sampled_from(As),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(ROWS, st.none() | FORMS, st.booleans(), st.booleans())
def test_whatever_buttons_there_are_discord_takes_them(
    rows: tuple[tuple[Button, ...], ...], form: Form | None, typed: bool, alone: bool
) -> None:
    message = Message(HERE, "hello", rows, form=form, typed=typed)
    shown = markup.buttons(message, words("en"), alone=alone)
    of_message(shown)
    ids = [one["custom_id"] for row in shown for one in row["components"]]
    wanted = {one.data for row in (form.buttons if form else rows) for one in row
              if not one.place}  # fmt: skip
    if len(wanted) <= 15:
        assert wanted <= set(ids)
    if typed and not alone:
        assert TYPE in ids
    assert (TYPE in ids) == (typed and not alone)
    if form is not None:
        of_modal(markup.page(form))


@pytest.mark.parametrize("name", EVERY)
def test_all_that_the_core_says_in_a_conversation_can_be_said(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    said: list[Message] = []
    take = Dialog.event

    def event(dialog: Dialog, what: Event) -> Dialog:
        taken = take(dialog, what)
        said.extend(dialog.messages)
        return taken

    hear = Town._hear

    def heard(town: Town, waiting: Waiting) -> str:
        said.append(waiting.message)
        return hear(town, waiting)

    monkeypatch.setattr(Dialog, "event", event)
    monkeypatch.setattr(Town, "_hear", heard)
    EVERY[name]()
    assert said
    for message in said:
        parts = markup.texts(message.text, IDS)
        assert parts
        assert all(0 < len(part) <= rules.LONGEST_CONTENT for part in parts)
        assert not any(pings(part) for part in parts)
        for alone in (True, False):
            shown = markup.buttons(message, words("de"), alone=alone)
            of_message(shown)
            ids = [one["custom_id"] for row in shown for one in row["components"]]
            rows = message.form.buttons if message.form else message.buttons
            for row in rows:
                for button in row:
                    assert button.data in ids or button.opens or button.place
            assert (TYPE in ids) == (message.typed and not alone)
        if message.form is not None:
            of_modal(markup.page(message.form))
            of_message([markup._row([markup._list(message.form)])])


def test_a_form_to_type_in_is_taken_in_every_language() -> None:
    for locale in ("en-US", "de"):
        of_modal(markup.typing(words(locale)))


# Commands


def test_discord_takes_the_commands_in_every_language() -> None:
    every = commands.definitions()
    at = rules.Field()
    for number, one in enumerate(every):
        server.checked(at / number, one, in_guild=False)
    server.crowded(at, every)
    at.done()
    assert all(one["integration_types"] == [0, 1] for one in every)
    assert {locale for one in every for locale in one["name_localizations"]} == {"de"}


def test_every_command_is_one_that_the_core_knows_and_none_is_missing() -> None:
    names = [one.name for one in COMMANDS]
    assert len(set(names)) == len(names)
    assert set(names) == {*VERBS, *ORGANISED} - {"start", "hold", "lutw"}
    suggested = {one.suggests for slash in COMMANDS for one in slash.options if one.suggests}
    for what in suggested:
        typed = "b" if what == "city" else ""
        assert suggestions(what, typed, "en-US", START), what
    # What is about a server is offered in one, what is about a person's own chat there only.
    assert {one.name for one in COMMANDS if one.contexts == (0,)} == {"club", "together"}
    assert {one.name for one in COMMANDS if 0 not in one.contexts} == {
        *("language", "country", "link", "unlink")
    }


def test_the_commands_have_another_name_as_soon_as_anything_changes() -> None:
    every = commands.definitions()
    first = commands.digest(every, 1, None)
    assert first == commands.digest(commands.definitions(), 1, None)
    assert len({first, commands.digest(every, 2, None), commands.digest(every, 1, 3)}) == 3
    every[0]["options"][0]["max_value"] = 59
    assert commands.digest(every, 1, None) != first


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ([("way", "classic"), ("minutes", 5)], "5 classic"),
        ([("minutes", 5)], "5"),
        ([("when", "  in 30 min ")], "in 30 min"),
        ([("city", "")], ""),
        ([], ""),
    ],
)
def test_the_options_of_a_command_are_what_would_be_typed_behind_it(
    options: list[tuple[str, object]], argument: str
) -> None:
    data = {"options": [{"name": name, "value": value} for name, value in options]}
    assert commands.argument(data) == argument


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=200), max_size=5), st.booleans())
def test_suggestions_are_no_longer_than_discord_takes(found: dict[str, str], focused: bool) -> None:
    for one in commands.choices(tuple(found.items())):
        assert len(one["name"]) <= 100
        assert len(one["value"]) <= 100
    data = {"options": [{"name": "city", "value": "Ber", "focused": focused}]}
    assert commands.asked(data) == (("city", "Ber") if focused else ("", ""))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["way", "topic", "question", "city", "when", "evening", "x"]), TEXTS)
def test_whatever_is_typed_is_suggested_something_that_discord_takes(what: str, typed: str) -> None:
    for locale in ("en-US", "de"):
        at = rules.Field()
        found = commands.choices(suggestions(what, typed, locale, START))
        server.choices(at, found, 3)
        at.done()


# What comes in


@cache
def state() -> Any:  # noqa: ANN401 - the library's own
    found = client(None)._connection
    me = {"id": "1", "username": "legs-up", "discriminator": "0", "avatar": None}
    found.user = discord.user.ClientUser(state=found, data=me)  # type: ignore[arg-type]
    return found


def interaction(
    kind: int,
    data: dict[str, Any],
    *,
    guild: bool = True,
    bot: bool = False,
    locale: str = "de",
    message: dict[str, Any] | None = None,
) -> discord.Interaction:
    """One as the library makes it of what the gateway tells."""
    user = {"id": ADA, "username": "ada", "discriminator": "0", "avatar": None, "bot": bot}
    member: dict[str, Any] = {
        "user": user, "roles": [], "permissions": "0", "joined_at": None, "flags": 0,
        "deaf": False, "mute": False,
    }  # fmt: skip
    where: dict[str, Any] = {
        "guild_id": "5", "member": member, "context": 0, "channel_id": "6",
        "authorizing_integration_owners": {"0": "5"},
        "channel": {"id": "6", "type": 0, "guild_id": "5", "name": "x", "position": 0},
    } if guild else {
        "user": user, "context": 1, "channel_id": "8", "authorizing_integration_owners": {"0": "0"},
        "channel": {"id": "8", "type": 1, "recipients": [user]},
    }  # fmt: skip
    return discord.Interaction(
        data={  # type: ignore[arg-type]
            "id": "9", "application_id": "1", "type": kind, "token": "t" * 40, "version": 1,
            "locale": locale, "entitlements": [], "app_permissions": "0", "data": data,
            "attachment_size_limit": 1, **where, **({"message": message} if message else {}),
        },
        state=state(),
    )  # fmt: skip


def event_of(found: discord.Interaction) -> object:
    seen = interactions.read(found)
    return seen.incoming.event if seen.incoming else None


def test_what_is_done_becomes_an_event() -> None:
    up = {
        "type": 1,
        "name": "up",
        "id": "2",
        "options": [{"name": "minutes", "value": 5, "type": 4}],
    }
    found = interaction(2, up)
    seen = interactions.read(found)
    assert seen.incoming is not None
    assert seen.incoming.event == Command("up", "5")
    assert seen.incoming.address == Address("discord", ADA)
    assert (seen.incoming.id, seen.incoming.locale) == ("interaction-9", "de")
    assert seen.incoming.group is None
    assert seen.reply == Reply("9", "t" * 40, Kind.COMMAND, "de", channel="6", guild="5")
    alone = interactions.read(interaction(2, up, guild=False))
    assert alone.reply is not None
    assert (alone.reply.alone, alone.chat, alone.reply.channel) == (True, "8", "")
    assert interactions.read(interaction(2, up, bot=True)).incoming is None
    assert interactions.read(interaction(1, {})).incoming is None


@pytest.mark.parametrize(
    ("kind", "data", "event"),
    [
        (3, {"custom_id": "1|7|up", "component_type": 2}, Press("1|7|up")),
        (3, {"custom_id": SHOW, "component_type": 2}, Command("start")),
        (3, {"custom_id": "1|7|lines|1", "component_type": 3, "values": ["a", "none"]},
         Chosen("1|7|lines|1", ("a", "none"))),
        (5, {"custom_id": "1|7|lines|1", "components": [
            {"type": 18, "component": {"type": 22, "custom_id": "lines", "values": ["a"]}}]},
         Chosen("1|7|lines|1", ("a",))),
        (5, {"custom_id": TYPE, "components": [
            {"type": 18, "component": {"type": 4, "custom_id": "text", "value": " at 9 \x00"}}]},
         Text("at 9")),
        (5, {"custom_id": TYPE, "components": [
            {"type": 1, "components": [{"type": 4, "custom_id": "text", "value": "at 9"}]}]},
         Text("at 9")),
        (2, {"type": 3, "name": "Remind me", "id": "2", "target_id": "3", "resolved": {
            "messages": {"3": {"content": "Run <t:1795371000:F> @everyone"}}}},
         Command("after", "@1795371000")),
        (2, {"type": 3, "name": "Remind me", "id": "2", "target_id": "3", "resolved": {
            "messages": {"3": {"content": "Tue 19:00"}}}}, Command("after", "Tue 19:00")),
        (2, {"type": 3, "name": "Remind me", "id": "2", "target_id": "3"}, Command("after", "")),
    ],
)  # fmt: skip
def test_what_is_pressed_chosen_or_sent_becomes_an_event(
    kind: int,
    data: dict[str, Any],
    event: Event,
) -> None:
    assert event_of(interaction(kind, data)) == event


FIELDS = st.recursive(
    st.fixed_dictionaries(
        {"type": st.integers(1, 30)},
        optional={
            "value": st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            "values": st.none() | st.lists(st.text(max_size=20) | st.integers(), max_size=3),
            "custom_id": st.text(max_size=20),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {}, optional={"components": st.lists(inner, max_size=3), "component": inner}
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([3, 5]),
    st.sampled_from([TYPE, SHOW, "1|7|lines|1", "", "x" * 100]) | st.text(max_size=100),
    st.lists(FIELDS, max_size=3),
    st.sampled_from([2, 3, 99, None]),
)
def test_whatever_a_changed_client_sends_is_some_event(
    kind: int, custom_id: str, fields: list[dict[str, Any]], component: int | None
) -> None:
    data = {"custom_id": custom_id, "components": fields, "component_type": component}
    match event_of(interaction(kind, data)):
        case Press(said) | Text(said) | Chosen(said, _) | Command(said, _):
            assert isinstance(said, str)
        case other:
            raise AssertionError(other)


def direct(text: str, **more: object) -> discord.Message:
    data = {
        "id": "77", "channel_id": "8", "content": text, "type": 0, "attachments": [], "embeds": [],
        "author": {"id": ADA, "username": "ada", "discriminator": "0", "avatar": None},
        "timestamp": "2026-11-22T18:00:00+00:00", "edited_timestamp": None, "tts": False,
        "mention_everyone": False, "mentions": [], "mention_roles": [], "pinned": False,
        "components": [], "flags": 0,
    } | more  # fmt: skip
    where: Any = {"id": "8", "type": 1, "recipients": []}
    channel = discord.DMChannel(me=state().user, state=state(), data=where)
    return discord.Message(state=state(), channel=channel, data=data)  # type: ignore[arg-type]


ATTACHED = {"id": "1", "filename": "a.ogg", "size": 1, "url": "u", "proxy_url": "u"}
STICKER = {"id": "1", "name": "x", "format_type": 1}
BOT = {"id": "3", "username": "bot", "discriminator": "0", "avatar": None, "bot": True}


@pytest.mark.parametrize(
    ("text", "more", "event"),
    [
        ("hello", {}, Text("hello")),
        ("/UP  5 min ", {}, Command("up", "5 min")),
        ("/up\n5", {}, Command("up", "5")),
        ("/ up", {}, Text("/ up")),
        ("/zone Coeur d'Alene", {}, Command("zone", "Coeur d'Alene")),
        ("a reply", {"type": 19}, Text("a reply")),
        ("\x00\u2028", {}, None),
        ("", {}, None),
        ("", {"attachments": [ATTACHED]}, Unreadable()),
        ("my knee", {"attachments": [ATTACHED]}, Text("my knee")),
        ("", {"sticker_items": [STICKER]}, Unreadable()),
        ("pinned", {"type": 6}, None),
        ("chest pain", {"author": BOT}, None),
    ],
)
def test_a_message_in_the_chat_of_two_becomes_an_event(
    text: str,
    more: dict[str, object],
    event: Event | None,
) -> None:
    seen = interactions.said(direct(text, **more))
    assert (seen.incoming.event if seen.incoming else None) == event
    if seen.incoming:
        assert (seen.incoming.id, seen.chat, seen.message) == ("message-77", "8", 77)


@given(
    st.builds(
        Reply,
        *(st.text(max_size=30),) * 2,
        st.sampled_from(Kind),
        st.text(max_size=5),
        *(st.booleans(), st.text(max_size=5), st.booleans(), st.text(max_size=5), st.text()),
    )
)
def test_where_an_answer_goes_is_kept_beside_it(reply: Reply) -> None:
    assert replies.read(replies.write(reply)) == reply


@given(st.text() | st.sampled_from(["", "{}", "[]", "null", '{"id":1}', '{"id":"1","token":"2"}']))
def test_whatever_else_is_kept_is_no_place_to_answer(written: str) -> None:
    assert replies.read(written) is None


# When a session may begin


class Rest:
    """What Discord says of how often a session may begin."""

    def __init__(self) -> None:
        self.left, self.seconds, self.away = 1000, 86_400.0, False

    async def starts_left(self) -> tuple[int, float]:
        if self.away:
            raise OSError
        return self.left, self.seconds


class Keeper:
    """What the service keeps, with a clock that shows the loop's own time."""

    def __init__(self) -> None:
        self.kept_: dict[str, str] = {}
        self._loop = asyncio.get_running_loop()
        self.clock = self
        self.back = timedelta()

    def wall(self) -> datetime:
        return START + timedelta(seconds=self._loop.time()) - self.back

    async def kept(self, name: str) -> str | None:
        return self.kept_.get(name)

    async def keep(self, name: str, value: str) -> None:
        self.kept_[name] = value


def test_a_session_begins_once_in_five_seconds_and_keeps_the_days_thousand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        keeper, rest = Keeper(), Rest()
        now = keeper._loop.time
        monkeypatch.setattr(time, "monotonic", now)

        def starts() -> running.Starts:
            bot = Discord("x")
            bot.rest = rest  # type: ignore[assignment]
            return running.Starts(bot, keeper)  # type: ignore[arg-type]

        async def took(one: running.Starts) -> float:
            began = now()
            await one.wait(None)
            return round(now() - began, 3)

        first = starts()
        assert [await took(first), await took(first), await took(first)] == [0, 5, 5]
        # After a restart, too.
        again = starts()
        assert await took(again) == 5
        # The clock was set back: nobody waits for it.
        keeper.back = timedelta(hours=3)
        assert await took(starts()) == 5
        # Few are left of this day's: each waits for its share.
        rest.left, rest.seconds = 400, 40_000.0
        assert await took(first) == 100
        rest.left = 0
        assert await took(first) == 40_000
        rest.away = True
        assert await took(starts()) <= 5

    in_no_time(scenario())
