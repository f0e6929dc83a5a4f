"""The server: what it answers, what it remembers, and what it can be told to do wrong."""

import asyncio
import base64
import fnmatch
import json
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from tests.discord_api import commands, rules
from tests.discord_api.gateway import Gateway
from tests.discord_api.interactions import Interactions
from tests.discord_api.limits import Limited, Limits, Window, bucket
from tests.discord_api.messages import Messages, Upload
from tests.discord_api.people import Person
from tests.discord_api.places import (
    DM,
    GROUP_DM,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    Channel,
    Guild,
    Message,
)
from tests.discord_api.rules import Field, Json, Refusal

BASE = "/api/v10"
# discord-api-docs, reference#user-agent; discord.py writes no comma, and is let in
USER_AGENT = re.compile(r"DiscordBot \(.+\)")
CLOUDFLARE_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad"
    " Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)
CLOUDFLARE_BAN = "error code: 1015"
# resources/channel#start-thread-without-message
ARCHIVE_DURATIONS = (60, 1440, 4320, 10080)
GATED_MESSAGES = 1 << 19  # GATEWAY_MESSAGE_CONTENT_LIMITED


@dataclass
class Call:
    """One request of the bot. The status is 0 until it is answered, and if it never is."""

    method: str
    path: str
    at: float
    route: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    unreadable: Refusal | None = None
    status: int = 0
    answer: object = field(default=None, repr=False)

    @property
    def major(self) -> str:
        """topics/rate-limits: the top-level resource."""
        names = ("channel_id", "guild_id", "token")
        return next((self.ids[name] for name in names if name in self.ids), "")

    @property
    def given(self) -> Any:  # noqa: ANN401 - bulk overwrites are a list
        return self.body.get("_list", self.body)


@dataclass
class Fault:
    """What is to go wrong, for what, and how often."""

    kind: Literal["fail", "drop", "hang", "slow"]
    pattern: str
    times: float
    status: int = 500
    body: Json | str = ""
    limited: Limited | None = None
    latency: tuple[float, float] = (0.0, 0.0)
    after_doing: bool = False


Handler = Callable[[Call], Awaitable[object]]


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    handler: Handler
    auth: Literal["bot", "token"] = "bot"
    status: int = 200

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found and method == self.method else None


class DiscordApi:
    """Discord, with people in front of it. The plain fields are for tests to set."""

    def __init__(
        self,
        application_id: int = 1_100_000_000_000_000_001,
        name: str = "legs-up",
        latency: tuple[float, float] = (0.0, 0.0),
        seed: int = 0,
        port: int = 0,
    ) -> None:
        start = base64.b64encode(str(application_id).encode()).decode().rstrip("=")
        self.token = f"{start}.GTestT.{'a1B2c3D4' * 4}TestTe"
        self.latency = latency
        self.port = port
        self.violations: list[str] = []
        self.requests: list[Call] = []
        self.now: Callable[[], float] = time.monotonic
        self.chance = random.Random(seed)
        # receiving-and-responding#interaction-callback
        self.first_within = 3.0
        self.token_within = 15 * 60.0
        self.revoked = False
        # resources/application#application-object-application-flags
        self.flags = GATED_MESSAGES | 1 << 23
        self.user_install = True
        self.me: Json = {
            "id": str(application_id), "username": name, "discriminator": "0001", "avatar": None,
            "global_name": None, "bot": True, "flags": 0, "public_flags": 0,
            "avatar_decoration_data": None, "primary_guild": None,
        }  # fmt: skip
        self.limits = Limits(self.broke)
        self.gateway = Gateway(self)
        self.messages = Messages(self)
        self.interactions = Interactions(self)
        self.people: dict[int, Person] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.commands: dict[int | None, list[Json]] = {None: []}
        self.command_writes = 0
        self._faults: list[Fault] = []
        self._pulse = asyncio.Event()
        self._over = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._routes = self._table()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """For `discord.http.Route.BASE`."""
        return f"{self.origin}{BASE}"

    @property
    def application_id(self) -> int:
        return int(self.me["id"])

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=25 * 2**20)  # resources/message#create-message
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get("/resume", self.gateway.handle)
        app.router.add_get("/resume/", self.gateway.handle)
        app.router.add_get("/attachments/{number}/{name}", self._attachment)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        await self.up()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        await self.gateway.shut()
        assert self._runner is not None
        await self._runner.cleanup()

    async def up(self) -> None:
        """Listens, again at the same port."""
        assert self._runner is not None
        if self._site is None:
            self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
            await self._site.start()
            self.port = int(self._runner.addresses[0][1])

    async def down(self) -> None:
        """Nobody listens, and who was connected is cut off."""
        assert self._runner is not None
        if self._site is not None:
            await self._site.stop()
            self._site = None
            assert self._runner.server is not None
            for connection in list(self._runner.server.connections):
                if connection.transport is not None:
                    connection.transport.abort()

    # People and places

    def person(
        self,
        name: str,
        locale: str = "en-US",
        *,
        dms_open: bool = True,
        installed: bool | None = None,
        number: int = 0,
    ) -> Person:
        """Somebody. ``installed``: has the app; unsaid, whoever never met it in a guild does."""
        person = Person(self, name, locale, dms_open=dms_open, installed=installed, number=number)
        self.people[person.id] = person
        return person

    def guild(
        self,
        name: str = "Runners",
        *people: Person,
        bot: bool = True,
        locale: str = "en-US",
        number: int = 0,
    ) -> Guild:
        """A server with one channel; more are made by `Guild.channel`."""
        guild = Guild(self, name, bot=bot, locale=locale, number=number)
        guild.joins(*people)
        channel = Channel(self, 0, "general")
        channel.guild = guild
        guild.channels.append(channel)
        if bot:
            self.tell("GUILD_CREATE", guild.full, guild)
        return guild

    def private(self, *people: Person) -> Channel:
        """A channel between people, without the bot."""
        assert len(people) > 1, "with the bot it is Person.dm"
        channel = Channel(self, DM if len(people) == 2 else GROUP_DM)
        channel.people = list(people)
        return channel

    def tell(self, event: str, data: Json, guild: Guild | None, dm: bool = False) -> None:
        self.gateway.tell(event, data, guild, dm)

    def tell_message(self, event: str, message: Message) -> None:
        channel = message.channel
        if not channel.bot_reads:
            return
        data = message.json | {"channel_type": channel.kind}
        if channel.guild is not None:
            data["guild_id"] = str(channel.guild.id)
            author = self.people.get(int(message.author["id"]))
            member = channel.guild.as_member(author) if author else channel.guild.bot_member
            data["member"] = {name: value for name, value in member.items() if name != "user"}
        self.tell(event, data, channel.guild, dm=channel.guild is None)

    def changed(self) -> None:
        """Wakes all who wait for something."""
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()

    async def until(
        self, predicate: Callable[[], object], within: float = 10.0, what: str = "it"
    ) -> None:
        """Waits for a condition, which is looked at after every change and now and then."""
        deadline = time.monotonic() + within
        while not predicate():
            if time.monotonic() > deadline:
                told = "; ".join(self.violations[-3:]) or "no violations"
                raise AssertionError(f"waited {within:g} s for {what} ({told})")
            try:
                await asyncio.wait_for(self._pulse.wait(), 0.02)
            except TimeoutError:
                continue

    async def ready(self, within: float = 10.0) -> None:
        """Until the bot is connected to the gateway."""
        await self.until(lambda: self.gateway.connected, within, "a session")

    async def asked(self, pattern: str, times: int = 1, within: float = 10.0) -> list[Call]:
        """Waits until something was asked for so often, counted from the beginning."""
        await self.until(lambda: len(self.calls(pattern)) >= times, within, pattern)
        return self.calls(pattern)

    def calls(self, pattern: str) -> list[Call]:
        """The requests that fit, like ``POST /channels/*/messages``, the oldest first."""
        return [one for one in self.requests if _fits(pattern, one)]

    def broke(self, why: str) -> None:
        self.violations.append(why)

    def check(self) -> list[str]:
        """All that was broken, with the interactions that nobody answered in time."""
        self.interactions.check()
        return self.violations

    def revoke(self) -> None:
        """The token is no longer good."""
        self.revoked = True

    # Faults. A pattern is like ``POST /channels/*/messages``; without one it is for everything.

    def fail(
        self,
        pattern: str = "*",
        times: float = 1,
        *,
        status: int = 500,
        code: int = 0,
        message: str = "",
        body: str | None = None,
        after_doing: bool = False,
    ) -> None:
        """``body`` (CLOUDFLARE_502) takes the place of the JSON."""
        told = message or rules.MESSAGES.get(code) or f"{status}: Error"
        answer: Json | str = {"message": told, "code": code} if body is None else body
        self._faults.append(Fault("fail", pattern, times, status, answer, after_doing=after_doing))

    def limit(
        self,
        pattern: str = "*",
        retry_after: float = 1.0,
        times: float = 1,
        *,
        scope: Literal["user", "global", "shared"] = "user",
        code: int | None = None,
    ) -> None:
        """A 429 as Discord's own, with its headers."""
        limited = Limited(retry_after, scope, code)
        self._faults.append(Fault("fail", pattern, times, 429, limited=limited))

    def hang(self, pattern: str = "*", times: float = 1, *, after_doing: bool = False) -> None:
        """No answer comes."""
        self._faults.append(Fault("hang", pattern, times, after_doing=after_doing))

    def drop(self, pattern: str = "*", times: float = 1, *, after_doing: bool = True) -> None:
        """The connection breaks: after it was done the client does not know."""
        self._faults.append(Fault("drop", pattern, times, after_doing=after_doing))

    def slow(self, pattern: str, low: float, high: float, times: float = float("inf")) -> None:
        self._faults.append(Fault("slow", pattern, times, latency=(low, high)))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()

    def _fault(self, call: Call, *kinds: str) -> Fault | None:
        for fault in self._faults:
            if fault.kind in kinds and _fits(fault.pattern, call):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    # Requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.method, request.path.removeprefix(BASE), self.now())
        call.query = dict(request.query)
        self.requests.append(call)
        route = self._route(call) if request.path.startswith(BASE) else None
        fault: Fault | None = None
        try:
            try:
                await self._read(request, call)
            except ValueError:
                call.unreadable = Refusal(400, 50109, mistake="a body that is no JSON")
            except web.HTTPRequestEntityTooLarge:
                call.unreadable = Refusal(413, 40005, mistake="a request over 25 MiB")
            slow = self._fault(call, "slow")
            low, high = slow.latency if slow else self.latency
            if high:
                await asyncio.sleep(self.chance.uniform(low, high))
            fault = self._fault(call, "fail", "drop", "hang")
            if fault and not fault.after_doing:
                return await self._faulty(request, call, fault)
            response = await self._answered(request, call, route)
        finally:
            self.changed()
        if fault:
            return await self._faulty(request, call, fault)
        return response

    async def _faulty(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse:
        if fault.kind == "hang":
            await self._over.wait()
        if fault.kind in ("hang", "drop"):
            call.status = 0
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if fault.limited is not None:
            return self._limited(call, fault.limited)
        call.status = fault.status
        self._count(fault.status)
        if isinstance(fault.body, str):
            return web.Response(text=fault.body, status=fault.status, content_type="text/html")
        return _json(fault.body, fault.status)

    def _count(self, status: int, scope: str = "") -> None:
        if status in (401, 403, 429) and scope != "shared":
            self.limits.count_invalid(self.now())

    def _limited(self, call: Call, limited: Limited) -> web.Response:
        """discord.py takes a 429 without ``Via`` for one of Cloudflare's, and gives up."""
        call.status = 429
        self._count(429, limited.scope)
        self.limits.limited(call.route, call.major, limited, self.now())
        headers = limited.headers
        if limited.scope != "global":
            window = self.limits.window(call.route, call.major)
            headers |= self.limits.headers(window, self.now())
            headers |= {"X-RateLimit-Bucket": bucket(call.route)}
            reset = time.time() + limited.retry_after
            headers |= {"X-RateLimit-Reset": f"{reset:.3f}"}
            headers |= {"X-RateLimit-Reset-After": f"{limited.body['retry_after']:.3f}"}
        return _json(limited.body, 429, headers)

    async def _answered(
        self, request: web.Request, call: Call, route: Route | None
    ) -> web.Response:
        if self.limits.banned(call.at):
            call.status = 429
            return web.Response(text=CLOUDFLARE_BAN, status=429, headers={"Retry-After": "600"})
        window: Window | None = None
        try:
            route = self._let_in(request, call, route)
            everywhere = route.auth == "bot"
            window = self.limits.take(route.name, call.major, self.now(), everywhere)
            answer = await route.handler(call)
        except Limited as limited:
            return self._limited(call, limited)
        except Refusal as refusal:
            if refusal.mistake:
                self.broke(f"{call.method} {call.route or call.path}: {refusal.mistake}")
            self._count(refusal.status)
            call.status, call.answer = refusal.status, refusal.body
            return _json(refusal.body, refusal.status, self._headers(call, window))
        except Exception as error:
            self.broke(f"this server itself failed: {call.method} {call.path}: {error!r}")
            raise
        assert route is not None
        call.status, call.answer = (204 if answer is None else route.status), answer
        headers = self._headers(call, window)
        if answer is None:
            return web.Response(status=204, headers=headers)
        return _json(answer, route.status, headers)

    def _headers(self, call: Call, window: Window | None) -> dict[str, str]:
        if window is None:
            return {"Via": "1.1 google"}
        now = self.now()
        reset = time.time() + max(0.0, window.reset - now)
        return self.limits.told(window, now) | {
            "X-RateLimit-Reset": f"{reset:.3f}", "X-RateLimit-Bucket": bucket(call.route),
        }  # fmt: skip

    def _let_in(self, request: web.Request, call: Call, route: Route | None) -> Route:
        """reference#authentication; what goes by an interaction's token needs no more."""
        if route is None:
            raise Refusal(404, 0, "404: Not Found", mistake="there is no such endpoint")
        bot = route.auth == "bot"
        if bot and (request.headers.get("Authorization") != f"Bot {self.token}" or self.revoked):
            raise Refusal(401, 0, "401: Unauthorized")
        if bot and not USER_AGENT.match(request.headers.get("User-Agent", "")):
            # topics/opcodes-and-status-codes#json
            raise Refusal(403, 40333, "internal network error", mistake="no valid User-Agent")
        if call.unreadable:
            raise call.unreadable
        return route

    def _route(self, call: Call) -> Route | None:
        for route in self._routes:
            ids = route.match(call.method, call.path)
            if ids is not None:
                call.route, call.ids = route.name, ids
                return route
        return None

    async def _read(self, request: web.Request, call: Call) -> None:
        """reference#uploading-files: JSON, or payload_json beside files[n]."""
        if request.content_type == "multipart/form-data":
            for name, value in (await request.post()).items():
                number = re.fullmatch(r"files\[(\d+)\]", name)
                if isinstance(value, web.FileField) and number:
                    data = value.file.read()
                    call.uploads.append(
                        Upload(int(number[1]), value.filename, value.content_type, data)
                    )
                elif name == "payload_json" and not isinstance(value, web.FileField):
                    call.body = json.loads(value)
                else:
                    self.broke(f"{call.method} {call.path}: form field {name!r} is not known")
            return
        text = await request.text()
        if not text:
            return
        if request.content_type != "application/json":
            self.broke(f"{call.method} {call.path}: Content-Type is {request.content_type}")
            return
        data = json.loads(text)
        call.body = data if isinstance(data, dict) else {"_list": data}

    async def _attachment(self, request: web.Request) -> web.Response:
        data = self.messages.files.get(int(request.match_info["number"]))
        return web.Response(status=404) if data is None else web.Response(body=data)

    # Endpoints

    def _table(self) -> list[Route]:
        channel, webhook = "/channels/{channel_id}", "/webhooks/{application_id}/{token}"
        message, guild = f"{channel}/messages/{{message_id}}", "/guilds/{guild_id}"
        own = "/applications/{application_id}"
        table: list[Route] = [
            Route("GET", "/users/@me", self._get_me),
            Route("GET", "/users/{user_id}", self._get_user),
            Route("POST", "/users/@me/channels", self._open_dm),
            Route("GET", "/users/@me/guilds", self._my_guilds),
            Route("DELETE", "/users/@me/guilds/{guild_id}", self._leave),
            Route("GET", "/applications/@me", self._get_application),
            Route("GET", "/oauth2/applications/@me", self._get_application),
            Route("GET", "/gateway", self._get_gateway),
            Route("GET", "/gateway/bot", self._get_gateway_bot),
            Route("GET", channel, self._get_channel),
            Route("PATCH", channel, self._edit_channel),
            Route("GET", f"{channel}/messages", self._get_messages),
            Route("POST", f"{channel}/messages", self._send),
            Route("GET", message, self._get_message),
            Route("PATCH", message, self._edit),
            Route("DELETE", message, self._delete),
            Route("POST", f"{message}/threads", self._thread, status=201),
            Route("POST", f"{channel}/typing", self._typing),
            Route("POST", f"{channel}/threads", self._thread, status=201),
            Route("GET", f"{channel}/thread-members", self._thread_members),
            Route("GET", f"{channel}/thread-members/{{user_id}}", self._thread_one),
            Route("PUT", f"{channel}/thread-members/{{user_id}}", self._thread_add),
            Route("DELETE", f"{channel}/thread-members/{{user_id}}", self._thread_remove),
            Route("GET", guild, self._get_guild),
            Route("GET", f"{guild}/channels", self._get_channels),
            Route("GET", f"{guild}/threads/active", self._get_threads),
            Route("GET", f"{guild}/roles", self._get_roles),
            Route("GET", f"{guild}/members/{{user_id}}", self._get_member),
            Route("GET", f"{guild}/scheduled-events", self._get_calendar),
            Route("GET", f"{guild}/scheduled-events/{{event_id}}", self._get_planned),
            Route("POST", "/interactions/{id}/{token}/callback", self._callback, "token"),
            Route("POST", webhook, self._followup, "token"),
            Route("GET", f"{webhook}/messages/{{message_id}}", self._get_answer, "token"),
            Route("PATCH", f"{webhook}/messages/{{message_id}}", self._edit_answer, "token"),
            Route("DELETE", f"{webhook}/messages/{{message_id}}", self._delete_answer, "token"),
        ]
        for place in (own, f"{own}{guild}"):
            table += [
                Route("GET", f"{place}/commands", self._get_commands),
                Route("PUT", f"{place}/commands", self._put_commands),
                Route("POST", f"{place}/commands", self._post_command, status=201),
                Route("GET", f"{place}/commands/{{command_id}}", self._get_command),
                Route("DELETE", f"{place}/commands/{{command_id}}", self._delete_command),
            ]
        return table

    async def _get_me(self, call: Call) -> object:
        return self.me | {"email": None, "verified": True, "mfa_enabled": True}

    async def _get_user(self, call: Call) -> object:
        person = self.people.get(rules.snowflake(call.ids["user_id"]) or 0)
        if call.ids["user_id"] == self.me["id"]:
            return self.me
        if person is None:
            raise Refusal(404, 10013)
        return person.json

    async def _get_application(self, call: Call) -> object:
        contexts = {"0": {"oauth2_install_params": None}}
        return {
            "id": self.me["id"], "name": self.me["username"], "icon": None, "description": "",
            "summary": "", "bot_public": True, "bot_require_code_grant": False, "team": None,
            "verify_key": "0" * 64, "flags": self.flags, "bot": self.me, "hook": True,
            "owner": self.me | {"id": "1", "bot": False}, "redirect_uris": [],
            "interactions_endpoint_url": None, "role_connections_verification_url": None,
            "approximate_guild_count": sum(one.bot for one in self.guilds.values()),
            "approximate_user_install_count": sum(one.has_app for one in self.people.values()),
            "integration_types_config": contexts | ({"1": {}} if self.user_install else {}),
        }  # fmt: skip

    async def _get_gateway(self, call: Call) -> object:
        return {"url": self.gateway.url}

    async def _get_gateway_bot(self, call: Call) -> object:
        """events/gateway#get-gateway-bot."""
        return {"url": self.gateway.url, "shards": self.gateway.shards, "session_start_limit": {
            "total": self.gateway.identify_limit, "remaining": max(0, self.gateway.remaining),
            "reset_after": 86_400_000, "max_concurrency": self.gateway.max_concurrency,
        }}  # fmt: skip

    async def _open_dm(self, call: Call) -> object:
        number = rules.snowflake(call.body.get("recipient_id"))
        if number == self.application_id:
            raise Refusal(400, 50007, mistake="writes to itself")
        person = self.people.get(number or 0)
        if person is None:
            raise Refusal(400, 50033)
        return person.dm.json

    async def _my_guilds(self, call: Call) -> object:
        return [
            {"id": str(one.id), "name": one.name, "icon": None, "owner": False, "features": []}
            for one in self.guilds.values() if one.bot
        ]  # fmt: skip

    async def _leave(self, call: Call) -> None:
        self._guild(call).kicks_bot()

    # Channels

    def _channel(self, call: Call) -> Channel:
        """Unknown comes before inaccessible."""
        channel = self.channels.get(rules.snowflake(call.ids["channel_id"]) or 0)
        if channel is None or channel.gone:
            raise Refusal(404, 10003)
        if not channel.bot_reads:
            raise Refusal(403, 50001)
        return channel

    async def _get_channel(self, call: Call) -> object:
        return self._channel(call).json

    async def _edit_channel(self, call: Call) -> object:
        """resources/channel#modify-channel, for threads."""
        channel, given = self._channel(call), call.body
        if not channel.is_thread:
            raise Refusal(403, 50013)
        owns = channel.owner == self.application_id
        opens = given.get("archived") is False
        # See topics/threads#editing--deleting-threads: whoever is in it may open it again
        if not (owns or channel.bot_may("MANAGE_THREADS") or (opens and len(given) == 1)):
            raise Refusal(403, 50013)
        if channel.archived and not opens:
            raise Refusal(400, 50083)
        if channel.locked and not channel.bot_may("MANAGE_THREADS"):
            raise Refusal(403, 50013)
        at = Field()
        at.text(given, "name", 1, 100, required=False)
        at.choice(given, "auto_archive_duration", ARCHIVE_DURATIONS, required=False)
        at.done()
        if given.get("locked") is not None and not channel.bot_may("MANAGE_THREADS"):
            raise Refusal(403, 50013)
        channel.name = given.get("name") or channel.name
        channel.auto_archive_duration = (
            given.get("auto_archive_duration") or channel.auto_archive_duration
        )
        channel.invitable = given.get("invitable", channel.invitable)
        channel.archive(
            bool(given.get("archived", channel.archived)), bool(given.get("locked", channel.locked))
        )
        return channel.json

    async def _get_messages(self, call: Call) -> object:
        channel = self._channel(call)
        if not channel.bot_may("READ_MESSAGE_HISTORY"):
            return []
        before = int(call.query.get("before") or 2**63)
        after = int(call.query.get("after") or 0)
        limit = int(call.query.get("limit") or 50)
        if not 1 <= limit <= 100:
            at = Field()
            (at / "limit").wrong("NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
            at.done()
        found = [one for number, one in sorted(channel.messages.items(), reverse=True)
                 if after < number < before and not one.ephemeral]  # fmt: skip
        chosen = found[-limit:] if "after" in call.query else found[:limit]
        return [one.json for one in chosen]

    async def _send(self, call: Call) -> object:
        return self.messages.create(self._channel(call), call.body, call.uploads)

    async def _get_message(self, call: Call) -> object:
        channel = self._channel(call)
        if not channel.bot_may("READ_MESSAGE_HISTORY"):
            raise Refusal(403, 50013)
        return self.messages.found(channel, call.ids["message_id"]).json

    async def _edit(self, call: Call) -> object:
        message = self.messages.found(self._channel(call), call.ids["message_id"])
        return self.messages.edit(message, call.body, call.uploads)

    async def _delete(self, call: Call) -> None:
        self.messages.delete(self.messages.found(self._channel(call), call.ids["message_id"]))

    async def _typing(self, call: Call) -> None:
        self.messages.typing(self._channel(call))

    async def _thread(self, call: Call) -> object:
        """resources/channel#start-thread-without-message, #start-thread-from-message."""
        parent, given, at = self._channel(call), call.body, Field()
        if parent.guild is None or parent.is_thread:
            raise Refusal(400, 50024)
        message = None
        if "message_id" in call.ids:
            message = self.messages.found(parent, call.ids["message_id"])
        name = at.text(given, "name", 1, 100)
        kind = PUBLIC_THREAD
        if message is None:
            # Without a type it is private, which the docs call a legacy that may change
            kinds = (PUBLIC_THREAD, PRIVATE_THREAD)
            kind = at.choice({"type": PRIVATE_THREAD} | given, "type", kinds) or PRIVATE_THREAD
        at.choice(given, "auto_archive_duration", ARCHIVE_DURATIONS, required=False)
        at.done()
        private = kind == PRIVATE_THREAD
        if not parent.bot_may(f"CREATE_{'PRIVATE' if private else 'PUBLIC'}_THREADS"):
            raise Refusal(403, 50013)
        if message is not None and message.id in self.channels:
            raise Refusal(400, 160004)
        thread = Channel(self, kind, name, message.id if message else 0)
        thread.guild, thread.parent, thread.owner = parent.guild, parent, self.application_id
        thread.bot_inside = True
        thread.auto_archive_duration = given.get("auto_archive_duration") or 1440
        thread.invitable = bool(given.get("invitable", True))
        parent.guild.channels.append(thread)
        self.tell("THREAD_CREATE", thread.json | {"newly_created": True}, parent.guild)
        return thread.json | {"member": self._thread_member(thread, self.application_id)}

    def _thread_member(self, thread: Channel, number: int) -> Json:
        return {
            "id": str(thread.id), "user_id": str(number), "flags": 1,
            "join_timestamp": "2026-01-01T00:00:00+00:00",
        }  # fmt: skip

    def _open_thread(self, call: Call) -> Channel:
        thread = self._channel(call)
        if not thread.is_thread:
            raise Refusal(400, 50024)
        return thread

    async def _thread_members(self, call: Call) -> object:
        thread = self._open_thread(call)
        return [self._thread_member(thread, one.id) for one in thread.people]

    async def _thread_one(self, call: Call) -> object:
        """resources/channel#get-thread-member."""
        thread = self._open_thread(call)
        number = rules.snowflake(call.ids["user_id"]) or 0
        if number not in {one.id for one in thread.people}:
            raise Refusal(404, 10007)
        return self._thread_member(thread, number)

    async def _thread_add(self, call: Call) -> None:
        """resources/channel#add-thread-member."""
        thread = self._open_thread(call)
        if thread.archived:
            raise Refusal(400, 50083)
        if call.ids["user_id"] == "@me":
            thread.bot_inside = True
            return
        if not thread.bot_may("SEND_MESSAGES_IN_THREADS"):
            raise Refusal(403, 50013)
        person = self.people.get(rules.snowflake(call.ids["user_id"]) or 0)
        if person is None:
            raise Refusal(404, 10013)
        assert thread.guild is not None
        if person not in thread.guild.people:
            raise Refusal(403, 50001)
        if person not in thread.people:
            thread.people.append(person)

    async def _thread_remove(self, call: Call) -> None:
        """resources/channel#remove-thread-member."""
        thread = self._open_thread(call)
        if thread.archived:
            raise Refusal(400, 50083)
        if call.ids["user_id"] == "@me":
            thread.bot_inside = False
            return
        mine = thread.owner == self.application_id and thread.kind == PRIVATE_THREAD
        if not mine and not thread.bot_may("MANAGE_THREADS"):
            raise Refusal(403, 50013)
        thread.people = [one for one in thread.people if str(one.id) != call.ids["user_id"]]

    # Guilds

    def _guild(self, call: Call) -> Guild:
        guild = self.guilds.get(rules.snowflake(call.ids["guild_id"]) or 0)
        if guild is None or not guild.bot:
            raise Refusal(404, 10004)
        return guild

    async def _get_guild(self, call: Call) -> object:
        return self._guild(call).json

    async def _get_channels(self, call: Call) -> object:
        return [one.json for one in self._guild(call).listed]

    async def _get_threads(self, call: Call) -> object:
        threads = [one for one in self._guild(call).threads if one.bot_reads and not one.archived]
        return {"threads": [one.json for one in threads], "members": []}

    async def _get_roles(self, call: Call) -> object:
        return self._guild(call).all_roles

    async def _get_member(self, call: Call) -> object:
        guild = self._guild(call)
        if call.ids["user_id"] == self.me["id"]:
            return guild.bot_member
        person = self.people.get(rules.snowflake(call.ids["user_id"]) or 0)
        if person is None:
            raise Refusal(404, 10013)
        if person not in guild.people:
            raise Refusal(404, 10007)
        return guild.as_member(person)

    async def _get_calendar(self, call: Call) -> object:
        """resources/guild-scheduled-event#list-scheduled-events-for-guild."""
        return [self._counted(call, one.json) for one in self._guild(call).calendar]

    async def _get_planned(self, call: Call) -> object:
        for one in self._guild(call).planned:
            if str(one.id) == call.ids["event_id"] and one.bot_sees:
                return self._counted(call, one.json)
        raise Refusal(404, 10070)

    def _counted(self, call: Call, entry: Json) -> Json:
        """The same, #list-scheduled-events-for-guild-query-string-params."""
        if call.query.get("with_user_count", "").lower() not in ("1", "true"):
            del entry["user_count"]
        return entry

    # Commands

    def _place(self, call: Call) -> int | None:
        if call.ids["application_id"] != self.me["id"]:
            raise Refusal(403, 20012, "You are not authorized to perform this action on this"
                          " application", mistake="another application")  # fmt: skip
        if "guild_id" not in call.ids:
            return None
        number = int(call.ids["guild_id"])
        if number not in self.guilds or not self.guilds[number].bot:
            raise Refusal(403, 50001)
        return number

    async def _get_commands(self, call: Call) -> object:
        return self.commands.get(self._place(call), [])

    async def _put_commands(self, call: Call) -> object:
        place, given = self._place(call), call.given
        at = Field()
        if not isinstance(given, list):
            at.wrong("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            at.done()
        for number, one in enumerate(given):
            commands.checked(at / number, one, place is not None)
        commands.crowded(at, given)
        at.done()
        self.command_writes += 1
        known = {(one["type"], one["name"]): one["id"] for one in self.commands.get(place, [])}
        self.commands[place] = [self._stored(one, known, place) for one in given]
        return self.commands[place]

    def _stored(self, one: Json, known: dict[tuple[int, str], str], place: int | None) -> Json:
        number = known.get((one.get("type") or 1, one["name"]))
        fresh = 10**18 + self.chance.randrange(10**17)
        return commands.stored(one, int(number or fresh), self.application_id, place)

    async def _post_command(self, call: Call) -> object:
        """application-commands#create-global-application-command: one of the same name goes."""
        place, given, at = self._place(call), call.body, Field()
        commands.checked(at, given, place is not None)
        key = (given.get("type") or 1, given.get("name"))
        others = [one for one in self.commands.get(place, []) if (one["type"], one["name"]) != key]
        commands.crowded(at, [*others, given])
        at.done()
        self.command_writes += 1
        command = self._stored(given, {}, place)
        self.commands[place] = [*others, command]
        return command

    async def _get_command(self, call: Call) -> object:
        for one in self.commands.get(self._place(call), []):
            if one["id"] == call.ids["command_id"]:
                return one
        raise Refusal(404, 10063)

    async def _delete_command(self, call: Call) -> None:
        command, place = await self._get_command(call), self._place(call)
        self.command_writes += 1
        self.commands[place] = [one for one in self.commands[place] if one is not command]

    # Interactions

    async def _callback(self, call: Call) -> object:
        told = await self.interactions.callback(
            call.ids["id"], call.ids["token"], call.body, call.uploads
        )
        wanted = call.query.get("with_response", "").lower() in ("1", "true")
        return told if wanted else None

    async def _followup(self, call: Call) -> object:
        interaction = self.interactions.of(call.ids["application_id"], call.ids["token"])
        return await self.interactions.followup(interaction, call.body, call.uploads)

    def _answer(self, call: Call) -> Message:
        interaction = self.interactions.of(call.ids["application_id"], call.ids["token"])
        return self.interactions.message(interaction, call.ids["message_id"])

    async def _get_answer(self, call: Call) -> object:
        return self._answer(call).json

    async def _edit_answer(self, call: Call) -> object:
        return self.interactions.edit(self._answer(call), call.body, call.uploads)

    async def _delete_answer(self, call: Call) -> None:
        self.messages.remove(self._answer(call))


def _fits(pattern: str, call: Call) -> bool:
    """By the path itself, or by its template."""
    names = (f"{call.method} {call.path}", call.route, call.path)
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)


def _json(value: object, status: int, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=json.dumps(value).encode(), status=status, content_type="application/json",
        headers={"Via": "1.1 google"} | (headers or {}),
    )  # fmt: skip
