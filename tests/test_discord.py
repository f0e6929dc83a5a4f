"""Discord as people meet it: the first evening, the check, what they type, and where it is said."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.discord import answering, commands, platform, replies
from adapters.discord.commands import COMMANDS
from adapters.discord.replies import Kind, Reply
from bot import service as service_room
from bot.content.words import plain, words
from bot.events import Address
from bot.events import Message as Said
from tests.discord_api import Channel, Interaction, Person, Shown
from tests.discord_api.places import Message
from tests.discord_house import House, agrees, checked, house, hurry, opened_api, play
from tests.standin import START, until

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("quick")]  # over the wire

HELP = "Get emergency help now"
GONE_ON = "I have written to you in our chat"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def club(h: House, *people: Person) -> Channel:
    return h.api.guild("Runners", *people).channels[0]


async def card(person: Person, where: Channel | None = None) -> Shown:
    """From the first proposal to the card of what would be wrong now."""
    await person.press("Now", where=where)
    shown = await person.reads("Right now, or today", where)
    assert "None of these, start" in shown.buttons
    return shown


async def lies_down(person: Person, where: Channel | None = None) -> Shown:
    """From the card to legs up, which goes on in their own chat."""
    await person.press("None of these, start", where=where)
    for step in ("1/3", "2/3"):
        await person.reads(step)
        await person.press("Next", await person.reads(step))
    await person.press("I'm in place", await person.reads("3/3"))
    return await person.reads(lambda shown: "Come down" in shown.buttons)


async def comes_down(h: House, person: Person) -> Shown:
    """Time passes until they are led out."""
    for _ in range(30):
        await h.service.travel(h.clock.now() + timedelta(seconds=30))
        last = person.sees()[-1]
        if "Lighter" in last.buttons:
            return last
    raise AssertionError("nobody called them down")


def public(*places: Channel) -> list[str]:
    """What anybody could read of us there."""
    return [
        one.content
        for place in places
        for one in place.messages.values()
        if one.by_bot and not one.ephemeral
    ]


@contextmanager
def slow_store(h: House) -> Iterator[None]:
    """Nothing can be written meanwhile."""
    gate = threading.Event()
    h.service._thread.submit(gate.wait)
    try:
        yield
    finally:
        gate.set()


def below(number: int, text: str = "") -> Callable[[Shown], bool]:
    """What the bot says below a message."""
    return lambda shown: shown.id > number and shown.by_bot and text in shown.text


async def words_to(sent: Interaction) -> Message:
    """The last words of the answer."""
    await sent.person.until(lambda: bool(sent.messages) and not sent.thinking)
    return sent.messages[-1]


async def over(sent: Interaction, seconds: float) -> None:
    """Until it is so long ago."""
    await until(lambda: sent.api.now() - sent.born > seconds)


def reply_of(one: Interaction) -> str:
    """As it stands beside words that wait."""
    reply = Reply(str(one.id), one.token, Kind.COMMAND, alone=one.where.guild is None)
    return replies.write(reply)


# The first evening


def test_a_first_evening_begins_in_a_channel_and_is_led_in_the_chat_of_two(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        ada, bob = h.api.person("Ada"), h.api.person("Bob")
        channel = club(h, ada, bob)
        await checked(ada, channel)
        await card(ada, channel)
        shown = ada.sees(channel)
        assert all(one.ephemeral for one in shown)
        assert len(shown) == 1  # each answer takes the place of the one before
        first_cue = await lies_down(ada, channel)
        assert not first_cue.ephemeral
        assert (await ada.reads(GONE_ON, channel)).links == {
            "Open our chat": f"https://discord.com/channels/@me/{ada.dm.id}"
        }
        out = await comes_down(h, ada)
        assert "Time to come out" in out.text
        await ada.press("Lighter", out)
        await ada.until(lambda: ada.sees()[-1].id > out.id)
        await h.quiet(ada)
        assert public(channel) == []
        assert bob.sees(channel) == bob.sees() == []
        assert not any(one.thinking for place in (channel, None) for one in ada.sees(place))

    play(tmp_path, scenario)


@pytest.mark.parametrize("place", ["our chat", "a server", "a chat of others"])
def test_who_has_the_app_alone_needs_no_server_of_ours(tmp_path: Path, place: str) -> None:
    async def scenario(h: House) -> None:
        ada, bob = h.api.person("Ada", installed=True), h.api.person("Bob")
        where: Channel | None = None
        if place == "a server":
            where = h.api.guild("Elsewhere", ada, bob, bot=False).channels[0]
        elif place == "a chat of others":
            where = h.api.private(ada, bob)
        await checked(ada, where)
        await card(ada, where)
        await lies_down(ada, where)
        await comes_down(h, ada)
        await h.quiet(ada)
        if where is not None:
            assert public(where) == []
            assert bob.sees(where) == []
        assert not h.api.calls("POST /channels/*/threads")
        # Each step has taken the buttons of the one before away.
        await ada.until(lambda: sum("Lighter" in one.buttons for one in ada.sees()) == 1)
        await ada.until(lambda: sum(bool(one.buttons) for one in ada.sees()) == 1)

    play(tmp_path, scenario)


# The questionnaire


def test_a_page_of_the_check_is_a_message_with_numbered_lines_and_a_form(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        page = await agrees(ada, channel)
        assert page.buttons == ["None of these", "Tick lines", "Can't see the form?"]
        numbers = [line[:2] for line in page.text.splitlines() if line[0].isdigit()]
        assert numbers == [f"{n} " for n in range(1, 7)]

        opened = await ada.press("Tick lines")
        modal = await opened.opened()
        (label,) = modal["components"]
        group = label["component"]
        assert group["type"] == 22  # a group of checkboxes
        assert [one["label"][:2] for one in group["options"][:-1]] == numbers
        assert group["options"][-1]["label"] == "None of these"

        # Submitted, the same message turns its page.
        await ada.tick(opened, ["1 Heart", "3 Pressure high"])
        second = await ada.reads("2/4", channel)
        assert second.id == page.id
        # What is ticked is ticked when the form is opened again.
        await ada.press("None of these")
        third = await ada.reads("3/4", channel)
        assert third.id == page.id
        assert len(ada.sees(channel)) == 1

    play(tmp_path, scenario)


def test_who_cannot_see_the_form_has_a_list_in_one_tap(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        page = await agrees(ada, channel)
        await ada.press("Can't see the form?")
        listed = await ada.reads(lambda shown: bool(shown.options), channel)
        assert listed.id == page.id
        assert listed.options[-1] == "None of these"
        assert listed.options[0] == "1 Heart"
        await ada.select("2 Breath lying flat", "1 Heart")
        second = await ada.reads("2/4", channel)
        assert second.id == page.id
        await ada.press("Can't see the form?")
        await ada.reads(lambda shown: bool(shown.options), channel)
        await ada.select("None of these")
        await ada.reads("3/4", channel)

    play(tmp_path, scenario)


@pytest.mark.parametrize("way", ["form", "list"])
def test_a_tick_beside_none_of_these_counts_and_is_asked_again(tmp_path: Path, way: str) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        page = await agrees(ada, channel)
        if way == "form":
            opened = await ada.press("Tick lines")
            await opened.opened()
            await ada.tick(opened, ["1 Heart", "None of these"])
        else:
            await ada.press("Can't see the form?")
            await ada.reads(lambda shown: bool(shown.options), channel)
            await ada.select("1 Heart", "None of these")
        again = await ada.reads("Something is ticked", channel)
        assert "1/4" in again.text
        assert again.id == page.id
        assert "Done, next" in again.buttons
        # The tick is there when the form is opened again.
        opened = await ada.press("Tick lines")
        options = (await opened.opened())["components"][0]["component"]["options"]
        assert [one["label"] for one in options if one.get("default")] == ["1 Heart"]
        await ada.press("Done, next")
        await ada.reads("2/4", channel)

    play(tmp_path, scenario)


def test_a_form_that_is_dismissed_or_comes_late_leaves_everything_usable(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await agrees(ada, channel)
        first = await ada.press("Tick lines")
        await first.opened()  # and dismissed: Discord tells nobody
        second = await ada.press("Tick lines")
        await second.opened()  # tapped again, it is no double tap
        await ada.press("None of these")
        await ada.reads("2/4", channel)
        # The form of a page that is not open any more changes nothing, and says where we are.
        sent = await ada.tick(first, ["1 Heart"])
        await sent.finished()
        await ada.reads("2/4", channel)
        for page in ("3/4", "4/4", "Nothing in your answers"):
            await ada.press("None of these")
            await ada.reads(page, channel)

    play(tmp_path, scenario)


def test_a_rest_that_is_over_is_not_begun_by_an_old_button(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        await checked(ada)
        await card(ada)
        cue = await lies_down(ada)
        out = await comes_down(h, ada)
        await ada.press("Lighter", out)
        await ada.until(lambda: ada.sees()[-1].id > out.id)
        before = len(ada.sees())
        (data,) = {
            one["custom_id"]
            for row in cue.components
            for one in row["components"]
            if one["label"] == "Come down"
        }
        stale = ada.press_id(cue, data)
        await stale.finished()
        await ada.until(lambda: len(ada.sees()) > before)
        assert ada.sees()[-1].text

    play(tmp_path, scenario)


# Words of alarm


def test_a_cry_for_help_is_answered_in_the_chat_in_a_form_and_in_a_rest(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada, bob = h.api.person("Ada"), h.api.person("Bob")
        channel = club(h, ada, bob)
        await bob.write("my chest hurts")  # from somebody we know nothing of
        await bob.reads(HELP)
        await checked(ada, channel)
        await asks_for_a_city(ada, channel)
        await types_in_form(ada, "I can't breathe", channel)
        await ada.reads(HELP, channel)
        assert public(channel) == []
        assert bob.sees(channel) == []

    play(tmp_path, scenario)


def test_stop_in_a_rest_leads_down_wherever_it_is_said(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        people = [h.api.person(name) for name in ("Ada", "Cleo", "Dan")]
        channel = club(h, *people)
        for person, how in zip(people, ("a word", "there", "here"), strict=True):
            await checked(person, channel)
            await card(person, channel)
            cue = await lies_down(person, channel)
            if how == "a word":
                await person.write("stop")
            else:
                await person.command("stop", channel if how == "there" else None)
            out = await person.reads(below(cue.id, "ome out"))
            assert "Lighter" in out.buttons
            assert "ome out" in out.text
            assert (out.silent, out.ephemeral) == (False, False)
            await h.quiet(person)
        assert public(channel) == []

    play(tmp_path, scenario)


# What is typed


async def asks_for_a_city(person: Person, where: Channel | None = None) -> Shown:
    """A question whose answer is typed."""
    await person.command("zone", where)
    return await person.reads(lambda shown: "Type an answer" in shown.buttons, where)


async def types_in_form(person: Person, text: str, where: Channel | None = None) -> None:
    """Into the form that a message offers where nobody can write to us."""
    opened = await person.press("Type an answer", where=where)
    modal = await opened.opened()
    (label,) = modal["components"]
    sent = await person.submit(opened, {label["component"]["custom_id"]: text})
    await sent.finished()


def test_where_others_read_an_answer_is_typed_into_a_form(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await checked(ada, channel)
        await asks_for_a_city(ada, channel)
        # What is not understood can be typed once more.
        await types_in_form(ada, "xyzzy plugh", channel)
        await ada.reads("I did not understand that", channel)
        await types_in_form(ada, "Berlin", channel)
        await ada.reads("Berlin: ", channel)
        # In our own chat they simply write.
        await ada.command("zone")
        asked = await ada.reads("ity")
        assert "Type an answer" not in asked.buttons
        await ada.write("Tokyo")
        await ada.reads("Tokyo: ")
        assert public(channel) == []

    play(tmp_path, scenario)


def test_commands_are_understood_as_words_and_what_we_cannot_read_is_answered(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        await ada.write("/up")
        await ada.reads("agree")
        await ada.write("/WHAT")
        await ada.reads("Viparita")
        await ada.write("/why heart")
        await ada.reads("Heart")
        await ada.write("hello there")
        await ada.until(lambda: ada.sees()[-1].by_bot)

    play(tmp_path, scenario)


def test_a_voice_message_or_a_picture_is_answered_and_of_others_we_take_no_notice(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await checked(ada)
        for flags, name in ((1 << 13, "voice-message.ogg"), (0, "knee.png")):
            before = ada.sees()[-1].id
            sends_file(ada, name, flags)
            await ada.reads(below(before, "I can only read words"))
        before = len(ada.sees())
        await ada.write("/up", channel)
        await ada.write(f"<@{h.api.application_id}> chest pain", channel)
        sends_file(ada, "", 0, "chest pain", bot=True)
        await ada.write("/help")
        await ada.until(lambda: len(ada.sees()) >= before + 3)
        await h.quiet(ada)
        assert HELP not in "".join(shown.text for shown in ada.sees())
        assert public(channel) == []

    play(tmp_path, scenario)


def sends_file(
    person: Person, name: str, flags: int, text: str = "", *, bot: bool = False
) -> Message:
    """A message with an attachment, in the chat of two; or one that another bot writes there."""
    attached = {
        "id": "1", "filename": name, "size": 9, "url": "http://x/y", "proxy_url": "http://x/y",
        "content_type": "audio/ogg" if flags else "image/png",
    }  # fmt: skip
    content = {"content": text, "flags": flags, "attachments": [attached] if name else []}
    author = person.json | ({"id": "42", "bot": True} if bot else {})
    return person.api.messages.put(Message(person.dm, author, content))


NASTY = (
    "@everyone @here <@{id}> <@&{role}> <#{id}>",
    "# heading\n> quote\n- list\n1. one",
    "**a** __b__ ~~c~~ ||d|| `e` ```f``` [g](http://h.example) \\",
    "<t:0:R> </up:1> <:x:2> https://evil.example/*_",
    "{x} {text} %s \x00 \u202e",
)


def test_what_people_are_called_and_type_never_pings_nor_breaks(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("@everyone **Ada** <@1>")
        channel = club(h, ada)
        guild = channel.guild
        assert guild is not None
        role = guild.role("@here", mentionable=True)
        await checked(ada, channel)
        for each in NASTY:
            text = each.format(id=ada.id, role=role, x="{x}", text="{text}")
            for name, option in (("zone", "city"), ("remind", "when"), ("why", "topic")):
                sent = await ada.command(name, channel, **{option: text})
                await sent.finished()
                written = await ada.write(f"/{name} {text}")
                await ada.reads(below(written.id))
                await h.quiet(ada)
        said = [one for place in (ada.dm, channel) for one in place.messages.values() if one.by_bot]
        assert not [one.content for one in said if one.pinged or one.mention_everyone]
        bodies = [
            call.body.get("data") or call.body
            for call in h.api.requests
            if call.uploads or call.body
        ]
        spoken = [body for body in bodies if body.get("content")]
        assert len(spoken) > 20
        assert all(body["allowed_mentions"] == {"parse": []} for body in spoken)

    play(tmp_path, scenario)


# What may be meant while they type


@pytest.mark.parametrize(
    ("locale", "asks", "page"),
    [("en-US", "agree", "None of these"), ("de", "einverstanden", "Nichts davon")],
)
def test_whatever_is_suggested_is_understood(
    tmp_path: Path, locale: str, asks: str, page: str
) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada", locale)
        channel = club(h, ada)
        agree = "I agree" if locale == "en-US" else "Einverstanden"
        await ada.command("up", channel)
        await ada.reads(lambda shown: agree in shown.buttons, channel)
        await ada.press(agree)
        for nth in range(1, 5):
            await ada.reads(f"{nth}/4", channel)
            await ada.press(page)
        await ada.until(lambda: "4/4" not in ada.sees(channel)[-1].text)
        missed = plain(words(locale)("unknown"))
        asked: list[tuple[str, str]] = []
        for name, option, typed in (
            *(("zone", "city", each) for each in ("Ber", "new y", "münch")),
            *(("remind", "when", each) for each in ("", "in 20 min", "21")),
            ("bedtime", "time", ""),
            ("up", "way", ""),
            ("why", "topic", ""),
            ("faq", "question", ""),
        ):
            found = await ada.autocomplete(name, option, typed, channel)
            assert found, (name, typed)
            assert len(found) <= 25
            for choice in found[:3]:
                asked.append((name, choice["name"]))
                sent = await ada.command(name, channel, **{option: choice["value"]})
                await sent.finished()
                said = (await words_to(sent)).content
                assert missed[:20] not in said, (name, choice)
                if name == "zone":
                    first = choice["value"].partition(",")[0]
                    assert first in said, (said, choice)
                elif name in ("remind", "bedtime"):
                    assert said != plain(words(locale)("once.ask")), choice
                    assert any(sign.isdigit() for sign in said) or sent.messages[-1].components
        assert len(asked) > 15
        assert public(channel) == []

    play(tmp_path, scenario)


def test_nothing_is_suggested_for_what_is_no_option_of_ours(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        assert await ada.autocomplete("zone", "city", "\x00@everyone", channel) == []
        assert await ada.autocomplete("zone", "city", "x" * 300, channel) == []
        assert await ada.autocomplete("why", "topic", "zzzz", channel) == []
        # In an outage of the database there are suggestions all the same.
        h.store.full = True
        with slow_store(h):
            assert await ada.autocomplete("zone", "city", "Berl", channel)
        h.store.full = False

    play(tmp_path, scenario)


# Commands


def test_commands_are_set_once_and_again_only_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with opened_api() as api:
            guild = api.guild("Ours")
            async with house(tmp_path, api) as h:
                assert set(h.discord.commands) == {one["name"] for one in api.commands[None]}
            assert api.command_writes == 1
            async with house(tmp_path, api) as h:
                assert h.discord.commands["up"]
            assert api.command_writes == 1
            monkeypatch.setattr(commands, "LONGEST_REST", 59)
            async with house(tmp_path, api):
                pass
            assert api.command_writes == 2
            # While somebody works on them: in one server alone, and at once.
            async with house(tmp_path, api, guild=guild.id):
                pass
            assert api.command_writes == 3
            assert {one["name"] for one in api.commands[guild.id]} >= {"up", "stop"}
            async with house(tmp_path, api, guild=guild.id):
                pass
            assert (api.command_writes, api.check()) == (3, [])

    asyncio.run(scenario())


def test_commands_have_a_name_in_each_language_and_are_what_the_core_knows(
    tmp_path: Path,
) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        offered = {one["name"]: one for one in ada.commands()}
        assert {"language", "country", "link"} <= set(offered)
        assert not {"language", "country", "link"} & {one["name"] for one in ada.commands(channel)}
        for one in h.api.commands[None]:
            assert set(one["name_localizations"]) == {"de"}
        assert offered["up"]["name_localizations"]["de"]
        # A command in a mention can be tapped.
        await ada.command("up")
        asked = await ada.reads("agree")
        assert f"</forget:{h.discord.commands['forget']}>" in asked.text

    play(tmp_path, scenario)


def test_every_command_is_answered(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await checked(ada)
        for slash in COMMANDS:
            options = {
                one.name: 5 if one.name == "minutes" else "x"
                for one in slash.options
                if one.required
            }
            for where in [w for n, w in ((0, channel), (1, None)) if n in slash.contexts]:
                sent = await ada.command(slash.name, where, **options)
                await sent.finished()
                await h.quiet(ada)
                assert sent.messages, slash.name
                assert "That went wrong" not in sent.messages[-1].content

        assert public(channel) == []

    play(tmp_path, scenario)


@pytest.mark.parametrize("post", ["run on Tue 19:00", "moment", "lovely weather"])
def test_a_post_about_a_run_is_reminded_of(tmp_path: Path, post: str) -> None:
    async def scenario(h: House) -> None:
        ada, bob = h.api.person("Ada"), h.api.person("Bob")
        channel = club(h, ada, bob)
        await checked(ada, channel)
        await ada.command("zone", channel, city="Berlin")
        await ada.reads("Berlin: ", channel)
        at = int((START + timedelta(days=2)).timestamp())
        text = f"Long run <t:{at}:F> @everyone" if post == "moment" else post
        shown = await bob.write(text, channel)
        sent = await ada.menu("Remind me after this run", shown, channel)
        await sent.finished()
        assert (await words_to(sent)).ephemeral
        asked = ada.sees(channel)[-1]
        if post == "lovely weather":
            assert "When? Tap, or type it" in asked.text
        else:
            assert "The run is" in asked.text
            assert len(asked.buttons) >= 2
            assert ("19:00" if post == "moment" else "Tue") in asked.text
        await ada.press(asked.buttons[0], asked)
        await ada.reads("I remind you once", channel)
        assert public(channel) == []
        assert [one.text for one in bob.sees(channel)] == [text]

    play(tmp_path, scenario)


# Long answers, and files


def test_an_export_is_a_file_and_a_long_answer_comes_in_parts(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await checked(ada, channel)
        for where in (channel, None):
            sent = await ada.command("export", where)
            (kept,) = (await words_to(sent)).attachments
            assert kept["filename"].endswith(".json")
            record = json.loads(h.api.messages.files[int(kept["id"])])
            assert "discord" in json.dumps(record)
            assert sent.messages[-1].ephemeral == (where is not None)
            why = await ada.command("why", where, topic="1")
            await words_to(why)
            # None of ours is so long as yet.
            text = "*Long.* " + "One more sentence & another. " * 150
            said = Said(Address("discord", str(ada.id)), text, reply=reply_of(why))
            await h.discord.send(said)
            assert [len(one.content) <= 2000 for one in why.messages[1:]] == [True] * 3
            assert all(one.ephemeral == (where is not None) for one in why.messages)
            whole = " ".join(one.content for one in why.messages[1:])
            assert whole.split() == text.replace("*", "**").split()
        # Typed in our own chat, too.
        await ada.write("/export")
        await ada.reads(lambda shown: bool(shown.files) and shown.message.interaction is None)

    play(tmp_path, scenario)


# In time, and to the end

THINKS, NOTED, CHANGED, PAGE = 5, 6, 7, 9


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "SOON", 0.05)


@pytest.mark.usefixtures("soon")
def test_what_takes_longer_is_said_to_be_on_its_way_and_finished(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        for where in (channel, None):
            with slow_store(h):
                sent = await ada.command("what", where)
                await sent.answered()
                assert (sent.first, ada.thinking(sent)) == (THINKS, True)
                assert sent.original is not None
                assert sent.original.ephemeral == (where is not None)
            await sent.finished()
            assert "Viparita" in sent.messages[0].content
        # A press: nothing is to be seen, and the message changes when there is something.
        page = await agrees(ada, channel)
        with slow_store(h):
            press = await ada.press("None of these")
            await press.answered()
            assert press.first == NOTED
            assert "1/4" in (await ada.reads("/4", channel)).text
        second = await ada.reads("2/4", channel)
        assert second.id == page.id
        # A form that was sent: the same.
        opened = await ada.press("Tick lines")
        await opened.opened()
        with slow_store(h):
            sent = await ada.tick(opened, ["None of these"])
            await sent.answered()
            assert sent.first == NOTED
        assert (await ada.reads("3/4", channel)).id == page.id

    play(tmp_path, scenario)


@pytest.mark.usefixtures("soon")
def test_a_form_that_can_open_no_more_is_a_message_with_its_buttons(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        page = await agrees(ada, channel)
        with slow_store(h):
            press = await ada.press("Tick lines")
            await press.answered()
            assert press.first == NOTED
        await h.quiet(ada)
        shown = await ada.reads("1/4", channel)
        assert (shown.id, shown.buttons[0]) == (page.id, "None of these")
        await ada.press("Can't see the form?")
        await ada.reads(lambda one: bool(one.options), channel)

    play(tmp_path, scenario)


@pytest.mark.usefixtures("soon")
def test_after_a_quarter_of_an_hour_words_go_into_the_chat_of_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        last = 0
        # Known to us by our own clock; by Discord's answer alone.
        for lives, theirs in ((0.3, 15 * 60), (15 * 60, 0.3)):
            monkeypatch.setattr(answering, "LIVES", lives)
            h.api.token_within = theirs
            with slow_store(h):
                sent = await ada.command("what", channel)
                await sent.answered()
                await over(sent, 0.35)
            last = (await ada.reads(below(last, "Viparita"))).id
            await h.quiet(ada)
            assert public(channel) == []
        h.api.violations.clear()  # that it was tried once too late is how it was noticed

    play(tmp_path, scenario)


@pytest.mark.usefixtures("soon")
def test_what_was_promised_before_a_restart_is_said_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_room, "LEAVING", 0.05)

    async def scenario() -> None:
        async with opened_api() as api:
            ada, bob = api.person("Ada"), api.person("Bob")
            channel = api.guild("Runners", ada, bob).channels[0]
            async with house(tmp_path, api) as h:
                await agrees(bob, channel)
                await h.quiet(bob)
                api.hang("POST /webhooks/*", times=100)
                api.hang("PATCH /webhooks/*", times=100)
                with slow_store(h):
                    asked = await ada.command("what", channel)
                    pressed = await bob.press("None of these")
                    await asked.answered()
                    await pressed.answered()
                await api.asked("POST /webhooks/*")
                await api.asked("PATCH /webhooks/*")
                assert ada.thinking(asked)
            api.heal()
            async with house(tmp_path, api, at=h.clock.now()) as h:
                await ada.reads("Viparita", channel)
                assert not ada.thinking(asked)
                await asked.finished()
                await bob.reads("2/4", channel)
                await h.quiet(ada, bob)
                assert ada.sees() == bob.sees() == []
                # Every button of before works.
                await bob.press("None of these")
                await bob.reads("3/4", channel)
                assert public(channel) == []
                assert api.check() == []

    asyncio.run(scenario())


def test_what_turns_ends_though_the_words_went_another_way_or_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "SOON", 0.05)
    monkeypatch.setattr(platform, "FINISHED_WITHIN", 0.1)

    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await checked(ada, channel)
        # Words that Discord takes in no case are said nowhere.
        h.api.fail("POST /webhooks/*", status=400, code=50035)
        with slow_store(h):
            sent = await ada.command("what", channel)
            await sent.answered()
            assert ada.thinking(sent)
        await sent.finished()
        assert not ada.thinking(sent)
        # In a rest the words stand in the chat of two, and here where they are.
        await card(ada, channel)
        with slow_store(h):
            press = await ada.press("None of these, start", where=channel)
            await press.answered()
            assert press.first == NOTED
        await ada.reads(GONE_ON, channel)
        await ada.press("Next", await ada.reads("1/3"))
        await ada.reads("2/3")
        with slow_store(h):
            sent = await ada.command("stop", channel)
            await sent.answered()
            assert ada.thinking(sent)
        await sent.finished()
        await ada.reads(below(ada.sees()[-1].id - 1))
        assert not any(one.thinking for one in ada.sees(channel))

    play(tmp_path, scenario)


def test_who_has_the_app_alone_has_five_more_answers_to_one_command(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada, bob = h.api.person("Ada", installed=True), h.api.person("Bob")
        where = h.api.private(ada, bob)
        sent = await ada.command("what", where)
        await words_to(sent)
        for nth in range(7):
            said = Said(Address("discord", str(ada.id)), f"{nth}", reply=reply_of(sent))
            await h.discord.send(said)
        assert [one.text for one in ada.sees(where)[1:]] == ["0", "1", "2", "3", "4"]
        assert [one.text for one in ada.sees()] == ["5", "6"]
        assert bob.sees(where) == []
        h.api.violations.clear()  # a sixth was tried

    play(tmp_path, scenario)


# Who taps twice, and who taps what is not theirs


def custom_ids(shown: Shown) -> dict[str, str]:
    """What stands behind each button, by its label."""
    return {
        one["label"]: one["custom_id"]
        for row in shown.components
        for one in row["components"]
        if "custom_id" in one and "label" in one
    }


def test_a_finger_that_taps_twice_has_tapped_once(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        page = await agrees(ada, channel)
        await h.quiet(ada)
        for turn in ("2/4", "3/4", "4/4"):
            data = custom_ids(ada.sees(channel)[-1])["None of these"]
            shown = ada.sees(channel)[-1]
            one, two = ada.press_id(shown, data), ada.press_id(shown, data)
            await one.answered()
            await two.answered()
            await ada.reads(turn, channel)
            await h.quiet(ada)
            assert turn in ada.sees(channel)[-1].text
            assert [one.id for one in ada.sees(channel)] == [page.id]

    play(tmp_path, scenario)


def test_a_button_of_somebody_else_does_nothing_to_its_owner(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada, eve = h.api.person("Ada"), h.api.person("Eve")
        channel = club(h, ada, eve)
        page = await agrees(ada, channel)
        await agrees(eve, channel)
        await h.quiet(ada, eve)
        before = ada.sees(channel)
        for data in custom_ids(page).values():
            forged = eve.press_id(eve.sees(channel)[-1], data)
            await forged.answered()
        await h.quiet(ada, eve)
        assert ada.sees(channel) == before
        assert ada.sees() == []
        # As a form and as a list, too: what is ticked is hers alone.
        opened = await eve.press("Tick lines")
        await opened.opened()
        assert opened.modal is not None
        opened.modal["custom_id"] = custom_ids(page)["Tick lines"].removesuffix("|page")
        sent = await eve.tick(opened, ["1 Heart"])
        await sent.answered()
        opened = await ada.press("Tick lines")
        options = (await opened.opened())["components"][0]["component"]["options"]
        assert not any(one.get("default") for one in options)

    play(tmp_path, scenario)


FORGED = (
    *("x", "1|", "1|1|lines|1|page|x", "1|1|lines|9|page", "2|1|up", "1|1|hold|1|down", "lines"),
    *("1|99999999999999999999|up", "1|0|consent|result", "1|1|tick|1|heart|maybe", "text", "type2"),
    *("@everyone", "\x00" * 9, "1|1|lines|²"),
)


def test_a_forged_press_is_answered_and_breaks_nothing(tmp_path: Path) -> None:
    async def scenario(h: House) -> None:
        ada = h.api.person("Ada")
        channel = club(h, ada)
        await agrees(ada, channel)
        for data in FORGED:
            page = ada.sees(channel)[-1]
            press = ada.press_id(page, data)
            await press.answered()
            chosen = ada._component(
                page, {"custom_id": data, "component_type": 3, "id": 1, "values": ["heart", data]}
            )
            await chosen.answered()
            await h.quiet(ada)
        for data in FORGED:
            opened = await ada.press("Tick lines", ada.sees(channel)[-1])
            await opened.answered()
            if opened.modal is None:
                continue
            opened.modal["custom_id"] = data
            options = opened.modal["components"][0]["component"]["options"]
            sent = await ada.tick(opened, [options[1]["label"]])
            await sent.answered()
            await h.quiet(ada)
        for text in (one.text for one in ada.sees(channel)):
            assert "went wrong" not in text
        await ada.command("up", channel)
        await ada.reads("/4", channel)
        await ada.press("None of these")
        await ada.reads(lambda shown: "/4" in shown.text, channel)
        assert public(channel) == []

    play(tmp_path, scenario)
