"""The made-up Discord itself, asked by hand and by the real client."""

import asyncio
import gc
import io
import json
import warnings
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

import aiohttp
import pytest

pytest.importorskip("discord")

import discord
import yarl
from discord import app_commands

from tests.discord_api import (
    CLOUDFLARE_502,
    Channel,
    DiscordApi,
    Face,
    Guild,
    Interaction,
    Person,
    ScheduledEvent,
)
from tests.discord_api.places import EXTERNAL, STAGE, VOICE
from tests.discord_api.rules import PERMISSIONS

pytestmark = pytest.mark.process  # over the wire

AGENT = "DiscordBot (https://example.org, 1.0)"
UP = {
    "name": "up", "description": "Legs up", "contexts": [0, 1, 2], "integration_types": [0, 1],
    "options": [
        {"name": "minutes", "type": 4, "description": "How long", "min_value": 1},
        {"name": "when", "type": 3, "description": "When", "autocomplete": True},
    ],
}  # fmt: skip
MENU = {"name": "Remind me after this", "type": 3, "contexts": [0, 1], "integration_types": [0, 1]}
Reply = tuple[int, Any]


class Hand:
    """A bot that does only what it is told: REST by hand, and a gateway of one connection."""

    def __init__(self, api: DiscordApi, session: aiohttp.ClientSession) -> None:
        self.api = api
        self.session = session
        self.ws: aiohttp.ClientWebSocketResponse
        self.seq = 0
        self.ready: dict[str, Any] = {}
        self.headers: Any = {}

    async def ask(self, method: str, path: str, body: object = None, **more: Any) -> Reply:  # noqa: ANN401
        headers = {"Authorization": f"Bot {self.api.token}", "User-Agent": AGENT}
        headers |= more.pop("headers", {})
        given = more if body is None else {"json": body, **more}
        url = f"{self.api.url}{path}"
        async with self.session.request(method, url, headers=headers, **given) as answer:
            self.headers = answer.headers
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    async def connect(self, path: str = "/gateway", query: str = "") -> None:
        url = f"{self.api.origin}{path}?v=10&encoding=json{query}"
        self.ws = await self.session.ws_connect(url, autoclose=False)
        assert (await self.ws.receive_json())["op"] == 10

    async def identify(self, intents: int = 1 | 1 << 9 | 1 << 12, **more: object) -> None:
        properties = {"os": "linux", "browser": "x", "device": "x"}
        data = {"token": self.api.token, "intents": intents, "properties": properties, **more}
        await self.ws.send_json({"op": 2, "d": data})

    async def meet(self, **more: Any) -> None:  # noqa: ANN401
        """Connects, and is ready."""
        await self.connect()
        await self.identify(**more)
        self.ready = await self.hear("READY")

    async def hear(self, event: str) -> dict[str, Any]:
        while True:
            payload = await self.ws.receive_json(timeout=5)
            self.seq = payload["s"] or self.seq
            if payload["t"] == event:
                return dict(payload["d"])

    async def closed(self) -> int:
        while True:
            message = await self.ws.receive(timeout=5)
            if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                return int(message.data or self.ws.close_code or 0)

    async def answer(self, to: Interaction, kind: int, **data: object) -> Reply:
        path = f"/interactions/{to.id}/{to.token}/callback"
        return await self.ask("POST", path, {"type": kind, "data": data})

    async def send(self, where: Channel, **message: object) -> Reply:
        return await self.ask("POST", f"/channels/{where.id}/messages", message)

    def hook(self, to: Interaction, rest: str = "") -> str:
        return f"/webhooks/{self.api.application_id}/{to.token}{rest}"


@asynccontextmanager
async def talking(**settings: Any) -> AsyncIterator[tuple[DiscordApi, Hand]]:  # noqa: ANN401
    async with DiscordApi(**settings) as api, aiohttp.ClientSession() as session:
        api.limits.loosen()
        api.gateway.identify_window = 0.0
        yield api, Hand(api, session)


Test = Callable[[DiscordApi, Hand, Person], Awaitable[None]]


def talk(test: Test) -> Callable[[], None]:
    """A server, somebody in a guild, and a bot that is connected and has commands."""

    async def run() -> None:
        async with asyncio.timeout(15), talking() as (api, hand):
            ada = api.person("Ada", "de")
            api.guild("Runners", ada, locale="fr")
            await hand.ask("PUT", f"/applications/{api.application_id}/commands", [UP, MENU])
            await hand.meet()
            await test(api, hand, ada)

    @wraps(test)
    def runs() -> None:
        asyncio.run(run())

    del runs.__wrapped__  # pytest would ask for fixtures of these names
    return runs


def code(reply: Reply) -> tuple[int, int]:
    return reply[0], reply[1]["code"]


def wrong(reply: Reply) -> set[str]:
    """The codes of what is wrong with the form."""
    assert code(reply) == (400, 50035), reply
    return {one["code"] for one in _errors(reply[1]["errors"])}


def _errors(at: dict[str, Any]) -> list[dict[str, Any]]:
    found = list(at.get("_errors", []))
    for name, inner in at.items():
        if name != "_errors":
            found += _errors(inner)
    return found


def row(*labels: str) -> dict[str, Any]:
    buttons = [{"type": 2, "style": 1, "label": one, "custom_id": one} for one in labels]
    return {"type": 1, "components": buttons}


def group(**more: object) -> dict[str, Any]:
    options = [{"label": one, "value": one.lower()} for one in ("Calf", "Knee", "Back")]
    inner = {"type": 22, "custom_id": "boxes", "options": options, **more}
    return {"type": 18, "label": "What applies?", "component": inner}


def home(api: DiscordApi) -> Guild:
    return next(iter(api.guilds.values()))


def place(api: DiscordApi) -> Channel:
    return home(api).channels[0]


def told(api: DiscordApi, start: str) -> list[str]:
    """What events of such a name the newest session was told of."""
    events = list(api.gateway.sessions.values())[-1].events
    return [one["t"] for one in events if one["t"].startswith(start)]


def at(hours: float = 0) -> datetime:
    return datetime(2030, 3, 5, 18, tzinfo=UTC) + timedelta(hours=hours)


# The way in


@talk
async def test_only_the_token_is_let_in(api, hand, ada):
    status, body = await hand.ask("GET", "/users/@me", headers={"Authorization": "Bot no"})
    assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})
    assert len(api.limits.invalid) == 1
    assert (await hand.ask("GET", "/users/@me"))[1]["id"] == str(api.application_id)
    api.revoke()
    assert (await hand.ask("GET", "/users/@me"))[0] == 401


@talk
async def test_wants_a_user_agent_an_endpoint_and_json(api, hand, ada):
    assert (await hand.ask("GET", "/users/@me", headers={"User-Agent": "x"}))[0] == 403
    assert code(await hand.ask("GET", "/nothing")) == (404, 0)
    given = {"data": b"{no", "headers": {"Content-Type": "application/json"}}
    assert code(await hand.ask("POST", "/users/@me/channels", **given)) == (400, 50109)
    assert len(api.violations) == 3


@talk
async def test_says_where_the_gateway_is(api, hand, ada):
    status, body = await hand.ask("GET", "/gateway/bot")
    assert (status, body["url"]) == (200, api.gateway.url)
    assert body["session_start_limit"]["remaining"] == 999
    assert body["session_start_limit"]["max_concurrency"] == 1


# Commands


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "Up"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "a b"}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "a" * 33}, "BASE_TYPE_BAD_LENGTH"),
        ({"description": ""}, "BASE_TYPE_BAD_LENGTH"),
        ({"description": "a" * 101}, "BASE_TYPE_BAD_LENGTH"),
        ({"description_localizations": {"de-DE": "x"}}, "APPLICATION_COMMAND_INVALID_LOCALE"),
        ({"description_localizations": {"de": "a" * 101}}, "BASE_TYPE_BAD_LENGTH"),
        ({"name_localizations": {"de": "Hoch"}}, "APPLICATION_COMMAND_INVALID_NAME"),
        ({"contexts": [3]}, "BASE_TYPE_CHOICES"),
        ({"integration_types": []}, "SET_TYPE_CONVERT"),
        ({"type": 3}, "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED"),
        ({"options": [UP["options"][0]] * 2}, "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE"),
        (
            {"options": [
                {"name": "a", "type": 3, "description": "a"},
                {"name": "b", "type": 3, "description": "b", "required": True},
            ]},
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            {"options": [{
                "name": "a", "type": 3, "description": "a", "autocomplete": True,
                "choices": [{"name": "a", "value": "a"}],
            }]},
            "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES",
        ),
        (
            {"options": [{
                "name": "a", "type": 3, "description": "a",
                "choices": [{"name": str(one), "value": str(one)} for one in range(26)],
            }]},
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {"options": [{
                "name": f"o{one}", "type": 3, "description": "a" * 100,
                "choices": [{"name": f"{two:0100}", "value": "a" * 100} for two in range(25)],
            } for one in range(2)]},
            "APPLICATION_COMMAND_TOO_LARGE",
        ),
    ],
)  # fmt: skip
def test_refuses_commands_that_are_none(change, expected):
    async def run() -> None:
        async with talking() as (api, hand):
            path = f"/applications/{api.application_id}/commands"
            given = {"name": "up", "description": "Legs up"} | change
            assert expected in wrong(await hand.ask("PUT", path, [given]))
            assert api.command_writes == 0
            assert len(api.violations) == 1

    asyncio.run(run())


@talk
async def test_keeps_commands_and_counts_the_writing(api, hand, ada):
    path = f"/applications/{api.application_id}/commands"
    _, before = await hand.ask("GET", path)
    _, after = await hand.ask("PUT", path, [UP])
    assert [one["id"] for one in after] == [before[0]["id"]]
    assert api.command_writes == 2
    assert "APPLICATION_COMMANDS_DUPLICATE_NAME" in wrong(await hand.ask("PUT", path, [UP, UP]))
    many = [{"name": f"m {one}", "type": 3} for one in range(16)]
    assert "APPLICATION_COMMANDS_LIMIT" in wrong(await hand.ask("PUT", path, many))


# Interactions


@talk
async def test_an_interaction_tells_where_and_by_whom(api, hand, ada):
    await ada.command("up", where=place(api), minutes=5)
    told = await hand.hear("INTERACTION_CREATE")
    guild = home(api)
    assert (told["locale"], told["guild_locale"], told["context"]) == ("de", "fr", 0)
    assert told["authorizing_integration_owners"] == {"0": str(guild.id)}
    assert told["data"]["options"] == [{"name": "minutes", "type": 4, "value": 5}]
    assert "user" not in told
    await ada.command("up")
    told = await hand.hear("INTERACTION_CREATE")
    assert (told["context"], told["authorizing_integration_owners"]) == (1, {"0": "0"})
    assert (told["user"]["id"], "member" in told) == (str(ada.id), False)
    eve, kim = api.person("Eve"), api.person("Kim")
    alone = api.private(eve, kim)
    await eve.command("up", where=alone)
    told = await hand.hear("INTERACTION_CREATE")
    assert (told["context"], told["authorizing_integration_owners"]) == (2, {"1": str(eve.id)})
    assert code(await hand.send(alone, content="hi")) == (403, 50001)


@talk
async def test_nobody_types_what_is_not_offered(api, hand, ada):
    with pytest.raises(AssertionError, match="no command 'down'"):
        await ada.command("down")
    with pytest.raises(AssertionError, match="at least 1"):
        await ada.command("up", minutes=0)
    elsewhere = api.private(api.person("Eve"), api.person("Kim"))
    with pytest.raises(AssertionError):
        await ada.command("up", where=elsewhere)


@talk
async def test_the_first_answer_is_one_and_in_time(api, hand, ada):
    api.first_within = 0.2
    up = await ada.command("up")
    assert (await hand.answer(up, 4, content="hi"))[0] == 204
    assert code(await hand.answer(up, 4, content="hi")) == (400, 40060)
    late = await ada.command("up")
    await ada.until(lambda: late.failed)
    assert len(api.check()) == 2
    assert code(await hand.answer(late, 4, content="hi")) == (404, 10062)
    assert code(await hand.ask("POST", hand.hook(late), {"content": "hi"})) == (404, 10015)


@talk
async def test_whom_nobody_told_is_not_to_blame(api, hand, ada):
    api.first_within = 0.05
    await hand.ws.close(code=4000)
    await ada.until(lambda: not api.gateway.connected)
    up = await ada.command("up")
    await ada.until(lambda: up.failed)
    assert code(await hand.answer(up, 4, content="hi")) == (404, 10062)
    assert api.check() == []


@talk
async def test_each_kind_has_its_answers(api, hand, ada):
    up = await ada.command("up")
    for kind in (1, 2, 6, 7, 8, 10, 12):
        assert code(await hand.answer(up, kind, content="hi")) == (400, 50035)
    assert (await hand.answer(up, 9, custom_id="m", title="M", components=[group()]))[0] == 204
    sent = await ada.tick(up, ["Knee"])
    for kind in (7, 9):
        assert code(await hand.answer(sent, kind, content="hi")) == (400, 50035)
    assert (await hand.answer(sent, 4, content="hi"))[0] == 204
    thinks = await ada.command("up")
    await hand.answer(thinks, 5)
    assert code(await hand.answer(thinks, 9, custom_id="m", title="M")) == (400, 40060)


@talk
async def test_autocomplete(api, hand, ada):
    async def bot() -> None:
        await hand.hear("INTERACTION_CREATE")
        (asked,) = ada.interactions
        assert code(await hand.answer(asked, 4, content="hi")) == (400, 50035)
        many = [{"name": str(one), "value": "x"} for one in range(26)]
        assert "BASE_TYPE_BAD_LENGTH" in wrong(await hand.answer(asked, 8, choices=many))
        await hand.answer(asked, 8, choices=many[:2])

    answering = asyncio.create_task(bot())
    choices = await ada.autocomplete("up", "when", "2")
    assert [one["name"] for one in choices] == ["0", "1"]
    await answering


@talk
async def test_nothing_follows_before_the_first_answer_nor_after_its_time(api, hand, ada):
    up = await ada.command("up")
    original = hand.hook(up, "/messages/@original")
    assert code(await hand.ask("POST", hand.hook(up), {"content": "hi"})) == (404, 10015)
    assert code(await hand.ask("PATCH", original, {"content": "hi"})) == (404, 10015)
    await hand.answer(up, 5, flags=64)
    assert ada.thinking(up)
    api.token_within = 0.0
    assert up.never_finished
    assert code(await hand.ask("PATCH", original, {"content": "hi"})) == (401, 50027)
    assert len(api.violations) == 3


@talk
async def test_a_deferral_decides_who_sees_it(api, hand, ada):
    bob = api.person("Bob")
    home(api).joins(bob)
    up = await ada.command("up", where=place(api))
    await hand.answer(up, 5, flags=64)
    # The first followup is the answer, and its flags do not matter
    status, message = await hand.ask("POST", hand.hook(up), {"content": "hi", "flags": 0})
    (shown,) = ada.sees(place(api))
    assert (status, shown.text, shown.ephemeral, shown.thinking) == (200, "hi", True, False)
    assert bob.sees(place(api)) == []
    path = f"/channels/{place(api).id}/messages/{message['id']}"
    for method, body in (("GET", None), ("PATCH", {"content": "x"}), ("DELETE", None)):
        assert code(await hand.ask(method, path, body)) == (404, 10008)
    own = hand.hook(up, f"/messages/{message['id']}")
    assert (await hand.ask("PATCH", own, {"content": "new"}))[0] == 200
    assert ada.sees(place(api))[0].text == "new"
    ada.restarts()
    assert ada.sees(place(api)) == []
    assert (await hand.ask("DELETE", own))[0] == 204
    assert code(await hand.ask("GET", own)) == (404, 10008)


@talk
async def test_who_only_has_the_app_gets_five_followups(api, hand, ada):
    eve = api.person("Eve")
    elsewhere = api.guild("Others", eve, bot=False)
    up = await eve.command("up", where=elsewhere.channels[0])
    told = await hand.hear("INTERACTION_CREATE")
    assert told["authorizing_integration_owners"] == {"1": str(eve.id)}
    await hand.answer(up, 4, content="1")
    for _ in range(5):
        assert (await hand.ask("POST", hand.hook(up), {"content": "+"}))[0] == 200
    assert code(await hand.ask("POST", hand.hook(up), {"content": "+"})) == (400, 40094)
    assert code(await hand.send(elsewhere.channels[0], content="x")) == (403, 50001)
    assert code(await hand.ask("GET", f"/guilds/{elsewhere.id}")) == (404, 10004)


@talk
async def test_a_button_changes_its_message(api, hand, ada):
    await hand.send(ada.dm, content="Go?", components=[row("Yes", "No")])
    yes = await ada.press("Yes")
    told = await hand.hear("INTERACTION_CREATE")
    assert told["data"] == {"custom_id": "Yes", "component_type": 2, "id": 1}
    assert told["message"]["content"] == "Go?"
    assert (await hand.answer(yes, 7, content="Gone", components=[]))[0] == 204
    (shown,) = ada.sees()
    assert (shown.text, shown.buttons, shown.edited) == ("Gone", [], 1)
    with pytest.raises(AssertionError, match="no button 'Yes'"):
        await ada.press("Yes")
    old = ada.press_id(shown, "Yes")
    assert (await hand.answer(old, 6))[0] == 204
    status, followed = await hand.ask("POST", hand.hook(old), {"content": "late", "flags": 64})
    assert (status, followed["flags"]) == (200, 64)


@talk
async def test_a_menu_and_a_select(api, hand, ada):
    said = await ada.write("ran 10 km")
    menu = await ada.menu("Remind me after this", said)
    told = await hand.hear("INTERACTION_CREATE")
    assert told["data"]["resolved"]["messages"][str(said.id)]["content"] == "ran 10 km"
    options = [{"label": one, "value": one.lower()} for one in ("Now", "Later")]
    select = {"type": 3, "custom_id": "when", "options": options}
    status, told = await hand.ask(
        "POST", f"/interactions/{menu.id}/{menu.token}/callback?with_response=true",
        {"type": 4, "data": {"components": [{"type": 1, "components": [select]}]}},
    )  # fmt: skip
    assert (status, told["resource"]["type"]) == (200, 4)
    assert told["interaction"]["response_message_id"] == told["resource"]["message"]["id"]
    await ada.select("Later")
    assert (await hand.hear("INTERACTION_CREATE"))["data"]["values"] == ["later"]


# In front of everybody


@talk
async def test_who_acts_in_a_guild_tells_what_they_may(api, hand, ada):
    guild, everything = home(api), sum(PERMISSIONS.values())
    coach = guild.member("Coach", nick="The coach")
    coach.roles.append(guild.role("Coaches", permissions=["MANAGE_GUILD"]))
    manages, administers = PERMISSIONS["MANAGE_EVENTS"], PERMISSIONS["MANAGE_GUILD"]
    assert (manages, administers) == (1 << 33, 1 << 5)
    for person, has, lacks in (
        (ada, PERMISSIONS["SEND_MESSAGES"], manages | administers),
        (coach, administers, manages),
        (guild.member("Mia", manages=True), manages, administers),
        (guild.member("Ann", administers=True), everything, 0),
        (guild.member("Olga", owns=True), everything, 0),
    ):
        await person.command("up", where=place(api))
        heard = await hand.hear("INTERACTION_CREATE")
        may = heard["member"]["permissions"]
        assert isinstance(may, str)
        assert (int(may) & has, int(may) & lacks) == (has, 0), person
        assert heard["channel"]["permissions"] == may
        assert (heard["guild_locale"], heard["guild"]["locale"]) == ("fr", "fr")
        assert heard["member"]["nick"] == ("The coach" if person is coach else None)
    assert guild.json["owner_id"] == str(person.id)


@talk
async def test_an_interaction_tells_what_the_bot_may_there(api, hand, ada):
    where, sends = place(api), PERMISSIONS["SEND_MESSAGES"]
    where.deny("SEND_MESSAGES")
    thread = home(api).thread(where)
    for there in (where, thread):
        await ada.command("up", where=there)
        may = int((await hand.hear("INTERACTION_CREATE"))["app_permissions"])
        assert (may & sends, may & PERMISSIONS["VIEW_CHANNEL"]) == (0, 1 << 10)
    home(api).allow("ADMINISTRATOR")
    await ada.command("up", where=where)
    may = int((await hand.hear("INTERACTION_CREATE"))["app_permissions"])
    assert may == sum(PERMISSIONS.values())
    assert (await hand.send(where, content="hi"))[0] == 200
    await hand.answer(ada.interactions[-1], 4, content="For you alone", flags=64)
    assert [one.text for one in ada.sees(where)] == ["hi", "For you alone"]
    assert [one.text for one in home(api).posts(where)] == ["hi"]


@talk
async def test_a_command_may_be_for_some_only(api, hand, ada):
    mia = home(api).member("Mia", manages=True)
    ann = home(api).member("Ann", administers=True)
    path = f"/applications/{api.application_id}/commands"
    for needed, who in ((str(1 << 33), {mia, ann}), ("0", {ann}), (None, {ada, mia, ann})):
        await hand.ask("PUT", path, [UP | {"default_member_permissions": needed}])
        assert {one for one in (ada, mia, ann) if one.commands(place(api))} == who
    assert ada.commands()


@talk
async def test_a_post_is_for_all_and_an_answer_for_who_pressed(api, hand, ada):
    guild, where = home(api), place(api)
    bob = guild.member("Bob")
    await hand.send(where, content="Tonight", components=[row("In", "Out")])
    post = await guild.post("Tonight")
    heard = await hand.hear("MESSAGE_CREATE")
    assert (heard["id"], heard["guild_id"]) == (str(post.id), str(guild.id))
    with pytest.raises(AssertionError, match=r"all in Runners see \['Tonight'\]"):
        await guild.post("Tomorrow", within=0.01)
    pressed = await bob.presses(post, "In")
    heard = await hand.hear("INTERACTION_CREATE")
    assert (heard["message"]["id"], heard["message"]["flags"] & 64) == (str(post.id), 0)
    assert heard["member"]["user"]["id"] == str(bob.id)
    assert (await hand.answer(pressed, 4, content="You are in", flags=64))[0] == 204
    assert [one.text for one in bob.sees(where)] == ["Tonight", "You are in"]
    assert [one.ephemeral for one in bob.sees(where)] == [False, True]
    assert [one.text for one in ada.sees(where)] == ["Tonight"]
    # The same, thought over; nobody else sees that anything is turning
    slow = await ada.presses(post, "Out")
    await hand.answer(slow, 5, flags=64)
    assert ada.thinking(slow)
    assert len(bob.sees(where)) == 2
    await hand.ask("PATCH", hand.hook(slow, "/messages/@original"), {"content": "You are out"})
    assert [one.text for one in ada.sees(where)] == ["Tonight", "You are out"]
    assert post.message.faces == [Face("Tonight", ["In", "Out"])]
    assert [one.id for one in guild.posts()] == [post.id]


@talk
async def test_a_press_can_keep_or_change_the_post_for_all(api, hand, ada):
    guild, where = home(api), place(api)
    bob = guild.member("Bob")
    await hand.send(where, content="Tonight", components=[row("In", "Out")])
    (post,) = guild.posts(where)
    kept = await ada.presses(post, "In")
    assert (await hand.answer(kept, 6))[0] == 204
    assert post.message.faces == [Face("Tonight", ["In", "Out"])]
    changed = await ada.presses(post, "In")
    assert (await hand.answer(changed, 7, content="1 is in", components=[row("In")]))[0] == 204
    heard = await hand.hear("MESSAGE_UPDATE")
    assert (heard["id"], heard["content"]) == (str(post.id), "1 is in")
    # After a deferral the original is the post itself
    own = hand.hook(kept, "/messages/@original")
    assert (await hand.ask("PATCH", own, {"content": "2 are in", "components": []}))[0] == 200
    assert [one.text for one in bob.sees(where)] == ["2 are in"]
    assert post.message.faces == [
        Face("Tonight", ["In", "Out"]), Face("1 is in", ["In"]), Face("2 are in", []),
    ]  # fmt: skip
    with pytest.raises(AssertionError, match="no button 'In'"):
        await bob.presses(post, "In")
    path = f"/channels/{where.id}/messages/{post.id}"
    await hand.ask("DELETE", path)
    with pytest.raises(AssertionError, match="no such post"):
        await bob.presses(post.message, "In")
    assert code(await hand.ask("PATCH", path, {"content": "late"})) == (404, 10008)


@talk
async def test_posts_only_where_it_may(api, hand, ada):
    guild, where = home(api), place(api)
    thread = guild.thread(where)
    (_, sent), (_, inner) = [await hand.send(one, content="hi") for one in (where, thread)]
    path = f"/channels/{where.id}/messages/{sent['id']}"
    where.deny("SEND_MESSAGES")
    assert code(await hand.send(where, content="hi")) == (403, 50013)
    # resources/message#edit-message asks for no more than being its author
    assert (await hand.ask("PATCH", path, {"content": "new"}))[0] == 200
    assert (await hand.send(thread, content="hi"))[0] == 200  # it has no effect in threads
    where.deny("VIEW_CHANNEL")
    assert not where.bot_may("ATTACH_FILES")
    for there in (where, thread):
        assert code(await hand.send(there, content="hi")) == (403, 50001)
    assert code(await hand.ask("PATCH", path, {"content": "new"})) == (403, 50001)
    where.allow("VIEW_CHANNEL", "SEND_MESSAGES")
    said = {"content": "once", "nonce": "n1", "enforce_nonce": True}
    first, again = [await hand.send(where, **said) for _ in range(2)]
    assert first[1]["id"] == again[1]["id"]
    assert len(guild.posts(where)) == 2
    path = f"/channels/{thread.id}/messages/{inner['id']}"
    thread.archive()
    assert code(await hand.ask("PATCH", path, {"content": "new"})) == (400, 50083)
    assert (await hand.send(thread, content="back"))[0] == 200
    assert not thread.archived
    for archived in (False, True):
        thread.archive(archived, locked=True)
        assert code(await hand.send(thread, content="hi")) == (403, 160005)
    thread.archive(False, locked=True)
    assert code(await hand.ask("PATCH", path, {"content": "new"})) == (403, 160005)
    thread.archive(locked=True)
    guild.allow("MANAGE_THREADS")
    assert (await hand.send(thread, content="all the same"))[0] == 200
    assert (thread.archived, thread.locked) == (False, True)
    assert api.violations == []


# Modals


@talk
async def test_a_modal_comes_back_as_it_was_filled_in(api, hand, ada):
    up = await ada.command("up")
    words = {"type": 4, "custom_id": "words", "style": 1, "required": False}
    more = {"type": 18, "label": "Words", "component": words}
    box = {"type": 18, "label": "Sure?", "component": {"type": 23, "custom_id": "sure"}}
    text = {"type": 10, "content": "Read this"}
    await hand.answer(up, 9, custom_id="m", title="M", components=[text, group(), more, box])
    await hand.hear("INTERACTION_CREATE")
    with pytest.raises(AssertionError, match="chosen"):
        await ada.tick(up, [])  # it is required
    await ada.submit(up, {"What applies?": ["Back", "Calf"], "sure": True})
    told = await hand.hear("INTERACTION_CREATE")
    assert told["type"] == 5
    boxes = {"type": 22, "id": 3, "custom_id": "boxes", "values": ["back", "calf"]}
    assert told["data"] == {"custom_id": "m", "components": [
        {"type": 10, "id": 1},
        {"type": 18, "id": 2, "component": boxes},
        {"type": 18, "id": 4, "component": {
            "type": 4, "id": 5, "custom_id": "words", "value": "",
        }},
        {"type": 18, "id": 6, "component": {
            "type": 23, "id": 7, "custom_id": "sure", "value": True,
        }},
    ]}  # fmt: skip


@talk
async def test_refuses_modals_that_are_none(api, hand, ada):
    option = {"label": "x", "value": "x"}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"title": "a" * 46}, "BASE_TYPE_BAD_LENGTH"),
        ({"custom_id": ""}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": []}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [group(custom_id=str(one)) for one in range(6)]}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [group(), group()]}, "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ({"components": [row("x")]}, "BASE_TYPE_CHOICES"),
        ({"components": [group() | {"label": "a" * 46}]}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [group() | {"description": "a" * 101}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"components": [group(options=[])]}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [group(options=[option] * 2)]}, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
        ({"components": [group(min_values=0)]}, "COMPONENT_REQUIRED_MIN_VALUES"),
        ({"components": [group(min_values=4)]}, "COMPONENT_MIN_VALUES_TOO_LARGE"),
        ({"components": [group(type=21, options=[option])]}, "BASE_TYPE_BAD_LENGTH"),
    ]
    up = await ada.command("up")
    for change, expected in cases:
        given = {"custom_id": "m", "title": "M", "components": [group()]} | change
        assert expected in wrong(await hand.answer(up, 9, **given)), change
    assert len(api.violations) == len(cases)


# Messages


@talk
async def test_refuses_messages_that_are_none(api, hand, ada):
    button = row("x")["components"][0]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"content": "a" * 2001}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"title": "x"}] * 11}, "BASE_TYPE_BAD_LENGTH"),
        ({"embeds": [{"description": "a" * 3001}] * 2}, "MAX_EMBED_SIZE_EXCEEDED"),
        ({"components": [row(str(one)) for one in range(6)]}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [row(*"abcdef")]}, "BASE_TYPE_BAD_LENGTH"),
        ({"components": [row("x"), row("x")]}, "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ({"components": [row("a" * 81)]}, "BASE_TYPE_MAX_LENGTH"),
        ({"components": [button]}, "BASE_TYPE_CHOICES"),
        ({"components": [{"type": 1, "components": [button | {"custom_id": ""}]}]},
         "BASE_TYPE_BAD_LENGTH"),
        ({"components": [{"type": 1, "components": [button | {"url": "https://x"}]}]},
         "BUTTON_COMPONENT_FIELD_EXCLUSIVE"),
        ({"components": [{"type": 10, "content": "x"}]}, "BASE_TYPE_CHOICES"),
        ({"flags": 1 << 15, "content": "x", "components": [{"type": 10, "content": "x"}]},
         "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 2500}] * 2},
         "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "x"}] * 41},
         "BASE_TYPE_BAD_LENGTH"),
        ({"content": "x", "nonce": "a" * 26}, "NONCE_TYPE_TOO_LONG"),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, "BASE_TYPE_CHOICES"),
        ({"content": "x", "allowed_mentions": {"users": ["1"] * 101}}, "BASE_TYPE_MAX_LENGTH"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
         "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"),
        ({"content": "x", "attachments": [{"id": 0}]}, "ATTACHMENT_NOT_FOUND"),
    ]  # fmt: skip
    for change, expected in cases:
        assert expected in wrong(await hand.send(ada.dm, **change)), change
    nothing: tuple[dict[str, Any], ...] = ({}, {"content": " \n "}, {"embeds": []})
    for empty in nothing:
        assert code(await hand.send(ada.dm, **empty)) == (400, 50006)
    assert (await hand.send(ada.dm, content="x", flags=64))[1]["flags"] == 0
    assert len(api.violations) == len(cases) + 4
    assert len(ada.sees()) == 1


@talk
async def test_a_nonce_makes_one_message(api, hand, ada):
    first = await hand.send(ada.dm, content="once", nonce="n1", enforce_nonce=True)
    again = await hand.send(ada.dm, content="once", nonce="n1", enforce_nonce=True)
    assert (first[1]["id"], len(ada.sees())) == (again[1]["id"], 1)
    await hand.send(ada.dm, content="twice", nonce="n1")
    assert len(ada.sees()) == 2
    again = await hand.send(ada.dm, content="once", nonce="n2", enforce_nonce=True)
    await hand.ask("DELETE", f"/channels/{ada.dm.id}/messages/{again[1]['id']}")
    again = await hand.send(ada.dm, content="once", nonce="n2", enforce_nonce=True)
    assert code(again) == (404, 10008)  # what was deleted is not made again
    api.messages.nonce_window = 0.0
    await hand.send(ada.dm, content="anew", nonce="n1", enforce_nonce=True)
    assert len(ada.sees()) == 3


@talk
async def test_what_broke_off_was_done_all_the_same(api, hand, ada):
    api.drop("POST /channels/*/messages")
    with pytest.raises(aiohttp.ClientError):
        await hand.send(ada.dm, content="once", nonce="n1", enforce_nonce=True)
    assert (await hand.send(ada.dm, content="once", nonce="n1", enforce_nonce=True))[0] == 200
    assert len(ada.sees()) == 1
    api.drop("POST /channels/*/messages", after_doing=False)
    with pytest.raises(aiohttp.ClientError):
        await hand.send(ada.dm, content="never")
    assert [one.text for one in ada.sees()] == ["once"]


@talk
async def test_pings_only_whom_it_may(api, hand, ada):
    where, bob = place(api), api.person("Bob")
    home(api).joins(bob)
    said = f"{ada.mention} {bob.mention} @everyone `{ada.mention}`"
    for allowed, pinged in (
        (None, {ada.id, bob.id}),
        ({"parse": []}, set()),
        ({"users": [str(bob.id)]}, {bob.id}),
        ({"parse": ["everyone"]}, {ada.id, bob.id}),
    ):
        given: dict[str, Any] = {} if allowed is None else {"allowed_mentions": allowed}
        await hand.send(where, content=said, **given)
        assert {one.id for one in (ada, bob) if one.sees(where)[-1].pings_me} == pinged
    where.deny("MENTION_EVERYONE")
    await hand.send(where, content="@everyone")
    assert not ada.sees(where)[-1].pings_me


@talk
async def test_files(api, hand, ada):
    form = aiohttp.FormData(quote_fields=False)
    given = {"content": "Yours", "attachments": [{"id": 0, "description": "All of it"}]}
    form.add_field("payload_json", json.dumps(given), content_type="application/json")
    form.add_field("files[0]", io.BytesIO(b"{}"), filename="all.json")
    status, sent = await hand.ask("POST", f"/channels/{ada.dm.id}/messages", data=form)
    assert (status, ada.sees()[0].files) == (200, ["all.json"])
    async with hand.session.get(sent["attachments"][0]["url"]) as answer:
        assert await answer.read() == b"{}"
    assert sent["attachments"][0]["description"] == "All of it"


@talk
async def test_nobody_is_written_to_against_their_will(api, hand, ada):
    status, channel = await hand.ask("POST", "/users/@me/channels", {"recipient_id": str(ada.id)})
    assert (status, channel["id"]) == (200, str(ada.dm.id))
    ada.closes_dms()
    assert (await hand.ask("POST", "/users/@me/channels", {"recipient_id": ada.id}))[0] == 200
    assert code(await hand.send(ada.dm, content="hi")) == (403, 50007)
    ada.opens_dms()
    ada.blocks()
    assert code(await hand.send(ada.dm, content="hi")) == (403, 50007)
    ada.unblocks()
    ada.leaves(home(api))
    assert code(await hand.send(ada.dm, content="hi")) == (403, 50007)
    stranger = api.person("Eve", installed=False)
    assert code(await hand.send(stranger.dm, content="hi")) == (403, 50007)
    reply = await hand.ask("POST", "/users/@me/channels", {"recipient_id": "7"})
    assert code(reply) == (400, 50033)


@talk
async def test_permissions_and_what_is_gone(api, hand, ada):
    where = place(api)
    guild = home(api)
    _, sent = await hand.send(where, content="hi")
    where.deny("SEND_MESSAGES")
    assert code(await hand.send(where, content="hi")) == (403, 50013)
    where.allow("SEND_MESSAGES")
    guild.deny("EMBED_LINKS")
    assert code(await hand.send(where, embeds=[{"title": "x"}])) == (403, 50013)
    where.deny("VIEW_CHANNEL")
    assert code(await hand.ask("GET", f"/channels/{where.id}")) == (403, 50001)
    where.allow("VIEW_CHANNEL")
    foreign = await ada.write("mine", where)
    path = f"/channels/{where.id}/messages/"
    assert code(await hand.ask("PATCH", f"{path}{foreign.id}", {"content": "x"})) == (403, 50005)
    assert code(await hand.ask("DELETE", f"{path}{foreign.id}")) == (403, 50013)
    assert (await hand.ask("DELETE", f"{path}{sent['id']}"))[0] == 204
    assert code(await hand.ask("DELETE", f"{path}{sent['id']}")) == (404, 10008)
    where.delete()
    assert (await hand.hear("CHANNEL_DELETE"))["id"] == str(where.id)
    assert code(await hand.send(where, content="hi")) == (404, 10003)
    other = guild.channel("more")
    guild.kicks_bot()
    assert await hand.hear("GUILD_DELETE") == {"id": str(guild.id)}
    assert code(await hand.send(other, content="hi")) == (403, 50001)
    assert code(await hand.ask("GET", f"/guilds/{guild.id}")) == (404, 10004)


@talk
async def test_threads(api, hand, ada):
    where, bob = place(api), api.person("Bob")
    home(api).joins(bob)
    path = f"/channels/{where.id}/threads"
    bad = {"name": "", "type": 12, "auto_archive_duration": 61}
    assert wrong(await hand.ask("POST", path, bad)) == {"BASE_TYPE_BAD_LENGTH", "BASE_TYPE_CHOICES"}
    status, made = await hand.ask("POST", path, {"name": "Ada", "auto_archive_duration": 60})
    assert (status, made["type"], made["parent_id"]) == (201, 12, str(where.id))
    thread = api.channels[int(made["id"])]
    own = f"/channels/{thread.id}"
    assert (await hand.ask("PUT", f"{own}/thread-members/{ada.id}"))[0] == 204
    await hand.send(thread, content="hi")
    assert (len(ada.sees(thread)), bob.sees(thread)) == (1, [])
    await hand.ask("PATCH", own, {"archived": True})
    assert code(await hand.ask("PUT", f"{own}/thread-members/{bob.id}")) == (400, 50083)
    assert code(await hand.ask("PATCH", own, {"name": "x"})) == (400, 50083)
    await hand.send(thread, content="back")
    assert not thread.archived
    where.deny("SEND_MESSAGES_IN_THREADS", "CREATE_PRIVATE_THREADS")
    assert code(await hand.send(thread, content="hi")) == (403, 50013)
    assert code(await hand.ask("POST", path, {"name": "x"})) == (403, 50013)


# Rates


@talk
async def test_five_messages_in_five_seconds(api, hand, ada):
    api.limits.rates = {"POST /channels/{channel_id}/messages": (5, 0.5)}
    for left in (4, 3, 2, 1, 0):
        await hand.send(ada.dm, content="hi")
        assert hand.headers["X-RateLimit-Remaining"] == str(left)
    assert float(hand.headers["X-RateLimit-Reset-After"]) <= 0.5
    status, body = await hand.send(ada.dm, content="hi")
    assert (status, body["global"], hand.headers["X-RateLimit-Scope"]) == (429, False, "user")
    assert (hand.headers["Retry-After"], hand.headers["Via"]) == ("1", "1.1 google")
    assert (await hand.send(place(api), content="hi"))[0] == 200  # a limit of its own
    assert api.violations == []
    await asyncio.sleep(0.15)
    await hand.send(ada.dm, content="hi")
    assert "too early" in api.violations[0]
    await asyncio.sleep(body["retry_after"])
    assert (await hand.send(ada.dm, content="hi"))[0] == 200
    assert len(api.limits.invalid) == 2


@talk
async def test_the_global_limit_spares_interactions(api, hand, ada):
    up = await ada.command("up")
    api.limits.globally = 2
    await hand.ask("GET", "/users/@me")
    await hand.ask("GET", "/users/@me")
    status, body = await hand.ask("GET", "/users/@me")
    assert (status, body["global"], hand.headers["X-RateLimit-Global"]) == (429, True, "true")
    assert (await hand.answer(up, 4, content="hi"))[0] == 204


@talk
async def test_a_limit_can_come_from_outside(api, hand, ada):
    api.limit("POST /channels/*/messages", 0.3, scope="shared", code=20028)
    status, body = await hand.send(ada.dm, content="hi")
    assert (status, body["code"], body["retry_after"]) == (429, 20028, 0.3)
    assert not api.limits.invalid  # not counted against us
    api.fail("POST /channels/*/messages", status=403, code=50007)
    assert code(await hand.send(ada.dm, content="hi")) == (403, 50007)
    api.limits.ban_after = 1
    status, text = await hand.send(ada.dm, content="hi")
    assert (status, text, "Via" in hand.headers) == (429, "error code: 1015", False)


# The gateway


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"token": "no"}, 4004),
        ({"intents": 1 << 30}, 4013),
        ({"intents": 1 << 15}, 4014),
        ({"shard": [1, 1]}, 4010),
        ({"properties": {}}, 4002),
    ],
)
def test_the_gateway_is_strict_at_the_door(more, expected):
    async def run() -> None:
        async with talking() as (api, hand):
            await hand.connect()
            await hand.identify(**more)
            assert await hand.closed() == expected
            assert len(api.violations) == (expected != 4004)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("no", 4002), ('{"op": 99}', 4001), ('{"op": 3, "d": {}}', 4003),
     ('{"op": 1, "d": "' + "x" * 5000 + '"}', 4002)],
)  # fmt: skip
def test_the_gateway_is_strict_inside(sent, expected):
    async def run() -> None:
        async with talking() as (_, hand):
            await hand.connect()
            await hand.ws.send_str(sent)
            assert await hand.closed() == expected

    asyncio.run(run())


@talk
async def test_identifies_once_and_not_too_often(api, hand, ada):
    await hand.identify()
    assert await hand.closed() == 4005
    api.gateway.identify_window = 5.0
    for _ in range(2):
        await hand.connect()
        await hand.identify()
    assert (await hand.ws.receive_json())["op"] == 9
    assert any("more than one identify" in one for one in api.violations)
    api.gateway.identify_limit = len(api.gateway.identified)
    api.gateway.identify_window = 0.0
    await hand.connect()
    await hand.identify()
    assert await hand.closed() == 4004
    assert api.revoked


@talk
async def test_a_hundred_and_twenty_a_minute(api, hand, ada):
    for _ in range(120):
        await hand.ws.send_json({"op": 1, "d": 0})
    assert await hand.closed() == 4008


def test_who_does_not_beat_is_closed():
    async def run() -> None:
        async with talking() as (api, hand):
            api.gateway.heartbeat_interval = 0.1
            await hand.meet()
            await hand.ws.send_json({"op": 1, "d": 0})
            assert await hand.closed() == 4009
            assert api.gateway.beats == 1

    asyncio.run(run())


@talk
async def test_resumes_with_all_that_was_missed(api, hand, ada):
    await hand.ws.close(code=4000)
    await ada.until(lambda: not api.gateway.connected)
    await ada.write("missed")
    await hand.connect("/resume")
    session = {"token": api.token, "session_id": hand.ready["session_id"], "seq": hand.seq}
    await hand.ws.send_json({"op": 6, "d": session})
    assert (await hand.hear("MESSAGE_CREATE"))["content"] == "missed"
    await hand.hear("RESUMED")
    assert api.violations == []
    await hand.ws.close(code=1000)  # says that it is over
    await ada.until(lambda: not api.gateway.live)
    await hand.connect("/resume")
    await hand.ws.send_json({"op": 6, "d": session})
    told = await hand.ws.receive_json()
    assert (told["op"], told["d"]) == (9, False)


@talk
async def test_a_sequence_that_never_was(api, hand, ada):
    await hand.connect("/resume")
    session = {"token": api.token, "session_id": hand.ready["session_id"], "seq": 999}
    await hand.ws.send_json({"op": 6, "d": session})
    assert await hand.closed() == 4007


@talk
async def test_words_in_channels_are_for_who_may_read_them(api, hand, ada):
    await ada.write("secret", place(api))
    assert (await hand.hear("MESSAGE_CREATE"))["content"] == ""
    await ada.write(f"<@{api.application_id}> hi", place(api))
    assert (await hand.hear("MESSAGE_CREATE"))["content"].endswith("hi")
    await ada.write("alone")
    assert (await hand.hear("MESSAGE_CREATE"))["content"] == "alone"


def test_events_go_where_the_intents_and_the_shards_say():
    async def run() -> None:
        async with talking() as (api, hand):
            ada = api.person("Ada")
            guilds = [api.guild(str(one), ada, number=(one << 22) + 1) for one in (6, 7)]
            await hand.meet(intents=1 << 12, shard=[1, 2])
            assert [one["id"] for one in hand.ready["guilds"]] == [str(guilds[1].id)]
            await ada.write("to the first shard only")
            assert next(iter(api.gateway.sessions.values())).seq == 1

    asyncio.run(run())


def test_compresses_as_it_is_asked():
    async def run() -> None:
        async with talking() as (api, hand):
            url = f"{api.gateway.url}?v=10&encoding=json&compress=zlib-stream"
            async with hand.session.ws_connect(url) as ws:
                stream = zlib.decompressobj()
                data = await ws.receive_bytes()
                assert data.endswith(b"\x00\x00\xff\xff")
                assert json.loads(stream.decompress(data))["op"] == 10
                await ws.send_json({"op": 1, "d": None})
                assert json.loads(stream.decompress(await ws.receive_bytes()))["op"] == 11

    asyncio.run(run())


@talk
async def test_the_gateway_can_go_wrong(api, hand, ada):
    gateway = api.gateway
    gateway.twice("MESSAGE_CREATE")
    await ada.write("two times")
    assert await hand.hear("MESSAGE_CREATE") == await hand.hear("MESSAGE_CREATE")
    gateway.acks = False
    await hand.ws.send_json({"op": 1, "d": 0})
    gateway.reconnect()
    assert (await hand.ws.receive_json())["op"] == 7
    gateway.invalidate()
    assert (await hand.ws.receive_json())["d"] is False
    await gateway.close(4000)
    assert await hand.closed() == 4000
    gateway.refusing = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # aiohttp leaves it to the collector
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await hand.connect()
        gc.collect()
    await api.down()
    with pytest.raises(aiohttp.ClientError):
        await hand.ask("GET", "/users/@me")
    await api.up()
    assert (await hand.ask("GET", "/users/@me"))[0] == 200
    assert api.violations == []


@talk
async def test_a_guild_has_an_outage(api, hand, ada):
    home(api).goes_down()
    assert (await hand.hear("GUILD_DELETE"))["unavailable"] is True
    home(api).comes_back()
    assert (await hand.hear("GUILD_CREATE"))["unavailable"] is False
    api.guild("Others")
    assert "unavailable" not in await hand.hear("GUILD_CREATE")  # so discord.py knows a new one


@talk
async def test_the_bot_is_added_and_kicked(api, hand, ada):
    guild = api.guild("Others", ada, bot=False)
    ann = guild.member("Ann", owns=True)
    entry = guild.plans(at(), at(1))
    with pytest.raises(AssertionError, match="Ada"):
        guild.adds_bot(by=ada)
    assert told(api, "GUILD_CREATE") == ["GUILD_CREATE"]
    guild.adds_bot(by=ann)
    while (heard := await hand.hear("GUILD_CREATE"))["id"] != str(guild.id):
        pass
    assert (heard["owner_id"], "unavailable" in heard) == (str(ann.id), False)
    assert heard["guild_scheduled_events"] == [entry.json]
    where = guild.channels[0]
    assert (await hand.send(where, content="Hello"))[0] == 200
    with pytest.raises(AssertionError, match="Ada"):
        guild.kicks_bot(by=ada)
    guild.kicks_bot(by=ann)
    assert await hand.hear("GUILD_DELETE") == {"id": str(guild.id)}
    assert code(await hand.send(where, content="hi")) == (403, 50001)
    (post,) = guild.posts(where)  # what it said stays
    path = f"/channels/{where.id}/messages/{post.id}"
    assert code(await hand.ask("PATCH", path, {"content": "new"})) == (403, 50001)
    where.delete()
    assert code(await hand.send(where, content="hi")) == (404, 10003)
    assert code(await hand.ask("GET", f"/guilds/{guild.id}/scheduled-events")) == (404, 10004)
    assert told(api, "CHANNEL_DELETE") == []


@talk
async def test_of_a_guild_that_is_down_nothing_is_told(api, hand, ada):
    guild = home(api)
    guild.goes_down()
    entry = guild.plans(at(), at(1))
    await hand.meet(intents=1 | 1 << 16)
    assert (await hand.hear("GUILD_DELETE")) == {"id": str(guild.id), "unavailable": True}
    entry.begins()
    assert told(api, "GUILD") == ["GUILD_DELETE"]
    guild.comes_back()
    (heard,) = (await hand.hear("GUILD_CREATE"))["guild_scheduled_events"]
    assert (heard["id"], heard["status"]) == (str(entry.id), 2)
    guild.goes_down()
    guild.kicks_bot()
    assert (await hand.hear("GUILD_DELETE"))["unavailable"]
    assert await hand.hear("GUILD_DELETE") == {"id": str(guild.id)}
    guild.adds_bot()
    assert await hand.hear("GUILD_CREATE") == {"id": str(guild.id), "unavailable": True}


# The calendar


@talk
async def test_the_calendar_is_told_to_whom_it_concerns(api, hand, ada):
    guild = home(api)
    guild.plans(at(), at(1))
    assert told(api, "GUILD_SCHEDULED_EVENT") == []  # without the intent
    await hand.meet(intents=1 | 1 << 16)
    (before,) = (await hand.hear("GUILD_CREATE"))["guild_scheduled_events"]
    outside = guild.plans(at(2), at(3), name="Long run", where="The lake")
    heard = await hand.hear("GUILD_SCHEDULED_EVENT_CREATE")
    assert heard == outside.json
    assert (heard["name"], heard["guild_id"], before["name"]) == (
        "Long run", str(guild.id), "Tuesday run",
    )  # fmt: skip
    for entry, kind, channel, ends in (
        (outside, EXTERNAL, None, at(3).isoformat()),
        (guild.plans(at(4)), VOICE, str(guild.voice().id), None),
        (guild.plans(at(4), where=guild.stage()), STAGE, str(guild.stage().id), None),
    ):
        shape = entry.json
        assert (shape["entity_type"], shape["channel_id"]) == (kind, channel)
        assert shape["scheduled_end_time"] == ends
        assert (shape["entity_metadata"] is None) == (kind != EXTERNAL)
        assert (shape["status"], shape["privacy_level"]) == (1, 2)


@talk
async def test_an_entry_goes_through_its_states(api, hand, ada):
    guild = home(api)
    await hand.meet(intents=1 | 1 << 16)

    async def hear(what: str = "UPDATE") -> dict[str, Any]:
        heard: dict[str, Any] = await hand.hear(f"GUILD_SCHEDULED_EVENT_{what}")
        return heard

    run = guild.plans(at(), at(1))
    run.moves(at(2), at(3))
    heard = await hear()
    assert (heard["id"], heard["scheduled_start_time"]) == (str(run.id), at(2).isoformat())
    run.changes(name="Short run", where="The track")
    heard = await hear()
    assert (heard["name"], heard["entity_metadata"]) == ("Short run", {"location": "The track"})
    with pytest.raises(AssertionError, match="from 1 nothing becomes 3"):
        run.completes()
    run.begins()
    assert (await hear())["status"] == 2
    with pytest.raises(AssertionError, match="from 2 nothing becomes 4"):
        run.cancels()
    with pytest.raises(AssertionError, match="not begun"):
        run.moves(at(4), at(5))
    run.moves(at(2), at(4))  # its end may be put off
    assert (await hear())["scheduled_end_time"] == at(4).isoformat()
    run.completes()
    assert (await hear())["status"] == 3
    for change in (run.begins, run.cancels, lambda: run.moves(at(5), at(6))):
        with pytest.raises(AssertionError, match="over or cancelled"):
            change()
    run.deletes()
    assert (await hear("DELETE"))["id"] == str(run.id)
    off = guild.plans(at())
    off.cancels()
    assert (await hear())["status"] == 4
    assert guild.full["guild_scheduled_events"] == []


@talk
async def test_an_entry_goes_on_by_itself(api, hand, ada):
    guild = home(api)
    outside, voice = guild.plans(at(), at(1)), guild.plans(at())
    states = []
    for hours in (-1, 0, 1, 2, 3):
        guild.it_is(at(hours))
        states.append((outside.status, voice.status))
    assert states == [(1, 1), (2, 1), (3, 1), (3, 1), (3, 4)]
    begun = guild.plans(at())
    begun.begins()
    guild.it_is(at(24))  # somebody is in that channel still
    assert begun.status == 2


@talk
async def test_refuses_entries_that_are_none(api, hand, ada):
    guild = home(api)
    mia, bob = guild.member("Mia", manages=True), guild.member("Bob")
    guild.grants(ada, "CREATE_EVENTS")
    cases: list[tuple[Callable[[], ScheduledEvent], str]] = [
        (lambda: guild.plans(at(), where="The lake"), "outside it has an end"),
        (lambda: guild.plans(at(), at()), "after its beginning"),
        (lambda: guild.plans(at(), at(1), name=""), "a name has"),
        (lambda: guild.plans(at(), at(1), where="x" * 101), "a location has"),
        (lambda: guild.plans(at(), where=place(api)), "no such channel"),
        (lambda: guild.plans(at(), at(1), by=bob), "Bob may not"),
        (lambda: guild.plans(at(), where=guild.stage(), by=mia), "in that channel"),
    ]
    for make, why in cases:
        with pytest.raises(AssertionError, match=why):
            make()
    own, other = guild.plans(at(), at(1), by=ada), guild.plans(at(), at(1), by=mia)
    assert own.json["creator_id"] == str(ada.id)
    own.moves(at(1), at(2), by=ada)
    own.cancels(by=mia)
    with pytest.raises(AssertionError, match="Ada may not"):
        other.deletes(by=ada)
    mia.leaves(guild)
    with pytest.raises(AssertionError, match="Mia is not there"):
        other.deletes(by=mia)
    with pytest.raises(AssertionError, match="outside it has an end"):
        other.moves(at())
    assert (other.starts, guild.planned) == (at(), [own, other])  # nothing came of all that
    for _ in range(99):
        guild.plans(at())
    with pytest.raises(AssertionError, match="30038"):
        guild.plans(at())


@talk
async def test_an_entry_where_the_bot_sees_nothing_is_none_of_its_business(api, hand, ada):
    guild = home(api)
    await hand.meet(intents=1 | 1 << 16)
    guild.voice().deny("VIEW_CHANNEL")
    hidden, outside = guild.plans(at()), guild.plans(at(), at(1))
    hidden.begins()
    assert told(api, "GUILD_SCHEDULED_EVENT") == ["GUILD_SCHEDULED_EVENT_CREATE"]
    assert guild.full["guild_scheduled_events"] == [outside.json]
    path = f"/guilds/{guild.id}/scheduled-events"
    outside.interests(ada)
    heard = await hand.hear("GUILD_SCHEDULED_EVENT_USER_ADD")
    assert (heard["user_id"], heard["guild_scheduled_event_id"]) == (str(ada.id), str(outside.id))
    ((one,), (counted,)) = [
        (await hand.ask("GET", f"{path}{query}"))[1] for query in ("", "?with_user_count=true")
    ]
    assert (one["id"], "user_count" in one, counted["user_count"]) == (str(outside.id), False, 1)
    assert (await hand.ask("GET", f"{path}/{outside.id}"))[1] == one
    assert code(await hand.ask("GET", f"{path}/{hidden.id}")) == (404, 10070)
    outside.bores(ada)
    await hand.hear("GUILD_SCHEDULED_EVENT_USER_REMOVE")


# Faults


@talk
async def test_requests_can_go_wrong(api, hand, ada):
    api.fail("GET /users/*", times=2, status=502, body=CLOUDFLARE_502)
    status, text = await hand.ask("GET", "/users/@me")
    assert (status, text) == (502, CLOUDFLARE_502)
    assert (await hand.ask("GET", "/gateway"))[0] == 200
    api.heal()
    assert (await hand.ask("GET", "/users/@me"))[0] == 200
    api.slow("GET /gateway", 0.1, 0.1, times=1)
    before = api.now()
    await hand.ask("GET", "/gateway")
    assert api.now() - before >= 0.1
    api.hang("POST /channels/*/messages")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await hand.send(ada.dm, content="never")
    assert ada.sees() == []
    (hung,) = api.calls("POST /channels/*/messages")
    assert (hung.status, hung.body) == (0, {"content": "never"})
    api.fail("POST /channels/*/messages", status=500, after_doing=True)
    assert (await hand.send(ada.dm, content="done"))[0] == 500
    assert [one.text for one in ada.sees()] == ["done"]


@talk
async def test_events_can_come_late(api, hand, ada):
    api.first_within = 0.1
    api.gateway.delay = (0.2, 0.2)
    up = await ada.command("up")
    await hand.hear("INTERACTION_CREATE")
    assert code(await hand.answer(up, 4, content="hi")) == (404, 10062)
    assert (up.failed, api.check()) == (True, [])  # the bot could do nothing about it


@talk
async def test_what_others_may_not_see_of_an_app_they_have_not(api, hand, ada):
    eve = api.person("Eve")
    elsewhere = api.guild("Others", ada, eve, bot=False).channels[0]
    elsewhere.external_apps = False
    up = await eve.command("up", where=elsewhere)
    await hand.answer(up, 4, content="mine")
    assert (eve.sees(elsewhere)[0].ephemeral, ada.sees(elsewhere)) == (True, [])


# The real client


class Asks(discord.ui.Modal, title="Before you begin"):
    what: discord.ui.Label[Any] = discord.ui.Label(
        text="What applies?",
        component=discord.ui.CheckboxGroup(
            custom_id="what",
            required=False,
            options=[discord.CheckboxGroupOption(label=one) for one in ("Knee", "Back")],
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.what.component, discord.ui.CheckboxGroup)
        ticked = ", ".join(self.what.component.values) or "nothing"
        await interaction.response.send_message(f"You ticked {ticked}", ephemeral=True)


class Go(discord.ui.View):
    @discord.ui.button(label="Begin")
    async def begin(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.edit_message(content="Begun", view=None)

    @discord.ui.button(label="Check")
    async def check(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.send_modal(Asks())


def bot() -> tuple[discord.Client, app_commands.CommandTree[Any]]:
    wanted = discord.Intents(guilds=True, dm_messages=True, guild_scheduled_events=True)
    client = discord.Client(intents=wanted)
    tree = app_commands.CommandTree(client)

    @tree.command(description="Legs up")
    async def up(interaction: discord.Interaction, minutes: int = 5) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content=f"{minutes} minutes", view=Go())

    @tree.command(description="Remind me")
    async def remind(interaction: discord.Interaction, when: str) -> None:
        await interaction.response.send_message(f"Reminded at {when}")

    @remind.autocomplete("when")
    async def times(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{typed}1:00", value=f"{typed}1")]

    return client, tree


Real = Callable[[DiscordApi, discord.Client, Person], Awaitable[None]]


def really(test: Real) -> Callable[[], None]:
    """The same with discord.py, which has to break no rule."""

    async def run() -> None:
        async with asyncio.timeout(20), DiscordApi() as api:
            ada = api.person("Ada", "de")
            api.guild("Runners", ada)
            api.gateway.identify_window = 0.0
            client, tree = bot()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(discord.http.Route, "BASE", api.url)
                patch.setattr(
                    discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(api.gateway.url)
                )
                async with client:
                    await client.login(api.token)
                    await tree.sync()
                    running = asyncio.create_task(client.connect())
                    await api.ready()
                    await ada.until(lambda: client.guilds and client.guilds[0].text_channels)
                    await test(api, client, ada)
                    await client.close()
                    await running
            assert api.check() == []

    @wraps(test)
    def runs() -> None:
        asyncio.run(run())

    del runs.__wrapped__
    return runs


@really
async def test_discord_py_answers(api, client, ada):
    up = await ada.command("up", where=place(api), minutes=7)
    await up.finished()
    (shown,) = ada.sees(place(api))
    assert (shown.text, shown.ephemeral) == ("7 minutes", True)
    asked = await ada.press("Check")
    await asked.opened()
    await ada.tick(asked, ["Back"])
    assert (await ada.reads("You ticked Back", place(api))).ephemeral
    begun = await ada.press("Begin")
    await begun.answered()
    assert ada.sees(place(api))[0].buttons == []
    assert [one["value"] for one in await ada.autocomplete("remind", "when", "2")] == ["21"]


@really
async def test_discord_py_keeps_the_pace(api, client, ada):
    api.limits.rates = {"POST /channels/{channel_id}/messages": (2, 0.2)}
    user = await client.fetch_user(ada.id)
    await user.create_dm()
    await asyncio.gather(*(user.send(str(one)) for one in range(5)))
    assert len(ada.sees()) == 5
    assert all(one.status == 200 for one in api.calls("POST /channels/*/messages"))


@really
async def test_discord_py_comes_back(api, client, ada):
    heard: list[str] = []

    @client.event
    async def on_message(message: discord.Message) -> None:
        heard.append(message.content)

    for trouble in (lambda: api.gateway.close(4000), api.down):
        before = len(api.gateway.resumed)
        await trouble()
        await api.up()
        await ada.write("Are you there?")
        await ada.until(lambda: len(api.gateway.resumed) > before)  # noqa: B023
    api.gateway.reconnect()
    await ada.until(lambda: len(api.gateway.resumed) == 3)
    api.gateway.cut()
    await ada.until(lambda: len(api.gateway.resumed) == 4)
    await ada.until(lambda: heard == ["Are you there?"] * 2)
    assert len(api.gateway.identified) == 1


@really
async def test_discord_py_gives_up_on_what_is_final(api, client, ada):
    user = await client.fetch_user(ada.id)
    ada.closes_dms()
    with pytest.raises(discord.Forbidden) as caught:
        await user.send("hi")
    assert caught.value.code == 50007
    api.fail("GET /users/*", status=429, body="error code: 1015")
    with pytest.raises(discord.HTTPException):
        await client.fetch_user(ada.id)


@really
async def test_discord_py_opens_a_thread(api, client, ada):
    channel = client.get_channel(place(api).id)
    assert isinstance(channel, discord.TextChannel)
    made = await channel.create_thread(name="Ada", auto_archive_duration=60)
    await made.add_user(discord.Object(ada.id))
    await made.send("Yours", file=discord.File(io.BytesIO(b"x"), "all.txt"))
    (thread,) = ada.threads()
    assert ada.sees(thread)[0].files == ["all.txt"]


@really
async def test_discord_py_reads_the_calendar(api, client, ada):
    changed: list[discord.EntityType] = []

    @client.event
    async def on_scheduled_event_update(
        _: discord.ScheduledEvent, entry: discord.ScheduledEvent
    ) -> None:
        changed.append(entry.entity_type)

    guild, own = home(api), client.guilds[0]
    for entry in (
        guild.plans(at(), at(1)), guild.plans(at()), guild.plans(at(), where=guild.stage()),
    ):  # fmt: skip
        await ada.until(lambda: own.get_scheduled_event(entry.id) is not None)  # noqa: B023
        entry.begins()
    kinds = discord.EntityType
    await ada.until(lambda: changed == [kinds.external, kinds.voice, kinds.stage_instance])
    assert [len(one) for one in (own.voice_channels, own.stage_channels)] == [1, 1]
    assert len(await own.fetch_scheduled_events()) == 3
    guild.goes_down()
    await ada.until(lambda: own.unavailable)
    guild.comes_back()
    guild.kicks_bot()
    await ada.until(lambda: not client.guilds)


@really
async def test_discord_py_notices_a_connection_that_is_dead(api, client, ada):
    """By silence alone: that acks are missing it does not mind, as long as events come."""
    client.ws._max_heartbeat_timeout = client._connection.heartbeat_timeout = 0.3
    heard = client.wait_for("message")
    await ada.write("wakes it, to the shorter patience")
    await heard
    api.gateway.silent = True
    await ada.until(lambda: len(api.gateway.connections) > 1 or not api.gateway.connected)
    api.gateway.silent = False
    await ada.until(lambda: api.gateway.resumed)
