"""The gateway (discord-api-docs, events/gateway and events/gateway-events)."""

import asyncio
import contextlib
import importlib
import json
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.discord_api.places import Guild
from tests.discord_api.rules import Json

if TYPE_CHECKING:
    from tests.discord_api.server import DiscordApi

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT = 0, 1, 2, 3, 4, 6, 7
MEMBERS, INVALID, HELLO, ACK, SOUNDS = 8, 9, 10, 11, 31
# events/gateway#list-of-intents
GUILDS, GUILD_MESSAGES, GUILD_TYPING, DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 11, 1 << 12
MEMBERS_INTENT, PRESENCES, MESSAGE_CONTENT = 1 << 1, 1 << 8, 1 << 15
SCHEDULED_EVENTS = 1 << 16
PRIVILEGED = {"GUILD_MEMBERS": MEMBERS_INTENT, "GUILD_PRESENCES": PRESENCES,
              "MESSAGE_CONTENT": MESSAGE_CONTENT}  # fmt: skip
ALL_INTENTS = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25
# topics/opcodes-and-status-codes#gateway-gateway-close-event-codes: the client did wrong
FAULTY = {
    4001: "unknown opcode", 4002: "decode error", 4003: "not authenticated",
    4004: "authentication failed", 4005: "already authenticated", 4007: "invalid seq",
    4008: "rate limited", 4009: "session timed out", 4010: "invalid shard",
    4011: "sharding required", 4012: "invalid API version", 4013: "invalid intents",
    4014: "disallowed intents",
}  # fmt: skip
FINAL = {4004, 4010, 4011, 4012, 4013, 4014}
# Guilds themselves come and go, whether or not they are available
WHOLE = ("GUILD_CREATE", "GUILD_DELETE")
# events/gateway#sending-events
LONGEST_EVENT = 4096
# #message-content-intent: what is empty without it
CONTENT: dict[str, object] = {"content": "", "embeds": [], "attachments": [], "components": []}


@dataclass
class Session:
    id: str
    shard: tuple[int, int]
    intents: int
    seq: int = 0
    events: list[Json] = field(default_factory=list)
    connection: "Connection | None" = None
    left: float = 0.0

    def routes(self, guild_id: int | None) -> bool:
        """#sharding: direct messages come to the first shard."""
        number, of = self.shard
        return ((guild_id >> 22) % of if guild_id else 0) == number

    def wants(self, event: str, dm: bool) -> bool:
        if event.startswith("MESSAGE"):
            needed = DIRECT_MESSAGES if dm else GUILD_MESSAGES
        elif event.startswith("GUILD_SCHEDULED_EVENT"):
            needed = SCHEDULED_EVENTS
        elif event.startswith(("GUILD", "CHANNEL", "THREAD")):
            needed = GUILDS
        else:
            return True
        return bool(self.intents & needed)


class Connection:
    """One websocket; what is to be sent goes out in order."""

    def __init__(self, gateway: "Gateway", ws: web.WebSocketResponse, compress: str | None) -> None:
        self.gateway = gateway
        self.ws = ws
        self.session: Session | None = None
        self.beaten = gateway.api.now()
        self.received: deque[float] = deque()
        self.path = ""
        self.ours = False
        self._compressor = _compressor(compress)
        self._queue: asyncio.Queue[Json] = asyncio.Queue()
        self.tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._watch())]

    def put(self, op: int, data: object = None, more: Json | None = None) -> None:
        self._queue.put_nowait({"op": op, "d": data, "s": None, "t": None} | (more or {}))

    async def _write(self) -> None:
        while True:
            payload = await self._queue.get()
            low, high = self.gateway.delay
            if payload["op"] == DISPATCH and high:
                await asyncio.sleep(self.gateway.api.chance.uniform(low, high))
            if self.gateway.silent:
                continue
            text = json.dumps(payload, separators=(",", ":"))
            with contextlib.suppress(ConnectionError, RuntimeError):
                if self._compressor is None:
                    await self.ws.send_str(text)
                else:
                    await self.ws.send_bytes(self._compressor(text.encode()))
                if payload["t"] == "INTERACTION_CREATE":
                    self.gateway.api.interactions.delivered(payload["d"]["id"])

    async def _watch(self) -> None:
        """#heartbeat-interval: who sends none in time is closed."""
        while True:
            await asyncio.sleep(self.gateway.heartbeat_interval / 4)
            if self.gateway.api.now() - self.beaten > 2 * self.gateway.heartbeat_interval:
                await self.close(4009)
                return

    async def close(self, code: int, told: bool = True) -> None:
        if told and code in FAULTY and code != 4004:
            self.gateway.api.broke(f"gateway: closed with {code}, {FAULTY[code]}")
        self.gateway.closes.append(code)
        self.ours = True
        if self.session is not None and code in FINAL:
            self.gateway.sessions.pop(self.session.id, None)
        with contextlib.suppress(ConnectionError):
            await self.ws.close(code=code, message=FAULTY.get(code, "").encode())


class Gateway:
    """What the bot is told, and what it must do for it. The plain fields are for tests to set."""

    def __init__(self, api: "DiscordApi") -> None:
        self.api = api
        self.heartbeat_interval = 41.25
        self.max_concurrency = 1
        self.identify_window = 5.0
        self.identify_limit = 1000
        self.resume_within = 180.0
        self.privileged: set[str] = set()
        self.must_shard = False
        self.shards = 1
        # Faults
        self.refusing = False
        self.acks = True
        self.silent = False
        self.delay = (0.0, 0.0)
        # What happened
        self.identified: list[float] = []
        self.resumed: list[float] = []
        self.closes: list[int] = []
        self.beats = 0
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self._twice: dict[str, int] = {}
        self._identifies: dict[int, float] = {}
        self._told_off: set[int] = set()

    @property
    def url(self) -> str:
        return f"{self.api.origin.replace('http', 'ws', 1)}/gateway"

    @property
    def resume_url(self) -> str:
        return f"{self.api.origin.replace('http', 'ws', 1)}/resume"

    @property
    def remaining(self) -> int:
        day = self.api.now() - 86400
        return self.identify_limit - sum(when > day for when in self.identified)

    @property
    def live(self) -> list[Session]:
        """Those that are connected, or may still come back."""
        return [one for one in self.sessions.values() if self._good(one)]

    @property
    def connected(self) -> bool:
        return any(one.connection is not None for one in self.sessions.values())

    def _good(self, session: Session) -> bool:
        return session.connection is not None or (
            self.api.now() - session.left <= self.resume_within
        )

    # What a test does

    async def close(self, code: int = 4000) -> None:
        """Closes all connections; most codes may be resumed from."""
        for one in list(self.connections):
            await one.close(code, told=False)

    def reconnect(self) -> None:
        """Op 7."""
        for one in self.connections:
            one.put(RECONNECT)

    def invalidate(self, resumable: bool = False) -> None:
        """Op 9."""
        for one in self.connections:
            if one.session is not None and not resumable:
                self.sessions.pop(one.session.id, None)
            one.put(INVALID, resumable)

    def forget(self) -> None:
        """No session can be resumed any more."""
        self.sessions = {
            one.id: one for one in self.sessions.values() if one.connection is not None
        }

    def cut(self) -> None:
        """All connections break without a word."""
        for one in self.connections:
            transport = one.ws._req.transport if one.ws._req is not None else None
            if transport is not None:
                transport.abort()

    def twice(self, event: str, times: int = 1) -> None:
        """The next events of this name come two times, with one number."""
        self._twice[event] = self._twice.get(event, 0) + times

    # Dispatching

    def tell(self, event: str, data: Json, guild: Guild | None, dm: bool = False) -> None:
        """To all sessions that it concerns."""
        if guild is not None and not guild.bot:
            return
        # During an outage only that it is: the rest comes with the GUILD_CREATE afterwards
        if guild is not None and not guild.available and event not in WHOLE:
            return
        for session in self.live:
            if session.routes(guild.id if guild else None) and session.wants(event, dm):
                self._add(session, event, self._filtered(session, event, data, dm))

    def tell_interaction(self, data: Json, guild: Guild | None) -> None:
        """Interactions need no intent, and no bot in the guild."""
        for session in self.live:
            if session.routes(guild.id if guild else None):
                self._add(session, "INTERACTION_CREATE", data)

    def _filtered(self, session: Session, event: str, data: Json, dm: bool) -> Json:
        if event not in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} or dm:
            return data
        mine = self.api.me["id"]
        mentioned = any(one["id"] == mine for one in data["mentions"])
        if session.intents & MESSAGE_CONTENT or data["author"]["id"] == mine or mentioned:
            return data
        return data | CONTENT

    def _add(self, session: Session, event: str, data: Json) -> None:
        session.seq += 1
        entry = {"s": session.seq, "t": event, "d": data}
        session.events.append(entry)
        if session.connection is None:
            return
        times = 1
        if self._twice.get(event):
            self._twice[event] -= 1
            times = 2
        for _ in range(times):
            session.connection.put(DISPATCH, data, entry)

    # Connections

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.refusing:
            return web.Response(status=503, text="upstream connect error")
        ws = web.WebSocketResponse(timeout=0.3, compress=False, max_msg_size=0)
        await ws.prepare(request)
        connection = Connection(self, ws, request.query.get("compress"))
        connection.path = request.path
        self.connections.append(connection)
        code: int | None = None
        try:
            if request.query.get("v") != "10" or request.query.get("encoding") != "json":
                await connection.close(4012)
                return ws
            connection.put(HELLO, {"heartbeat_interval": round(self.heartbeat_interval * 1000)})
            async for message in ws:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await self._received(connection, message.data)
            code = ws.close_code
        except Exception as error:
            self.api.broke(f"this gateway itself failed: {error!r}")
            raise
        finally:
            self._left(connection, code)
        return ws

    def _left(self, connection: Connection, code: int | None) -> None:
        for task in connection.tasks:
            task.cancel()
        if connection in self.connections:
            self.connections.remove(connection)
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection, session.left = None, self.api.now()
        # #initiating-a-disconnect: the client says that it is over
        if code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY) and not connection.ours:
            self.sessions.pop(session.id, None)
        self.api.changed()

    async def shut(self) -> None:
        for one in list(self.connections):
            for task in one.tasks:
                task.cancel()
            one.session = None
            with contextlib.suppress(ConnectionError):
                await one.ws.close(code=1001)

    async def _received(self, connection: Connection, raw: str | bytes) -> None:
        now = self.api.now()
        connection.received.append(now)
        while now - connection.received[0] > 60:
            connection.received.popleft()
        # #rate-limiting
        if len(connection.received) > 120:
            return await connection.close(4008)
        try:
            payload = json.loads(raw)
        except ValueError:
            return await connection.close(4002)
        if not isinstance(payload, dict) or len(raw) > LONGEST_EVENT:
            return await connection.close(4002)
        op, data = payload.get("op"), payload.get("d")
        if op == HEARTBEAT:
            self.beats += 1
            connection.beaten = now
            if self.acks:
                connection.put(ACK)
        elif op in (IDENTIFY, RESUME):
            if connection.session is not None:
                return await connection.close(4005)
            if not isinstance(data, dict):
                return await connection.close(4002)
            await (self._identify if op == IDENTIFY else self._resume)(connection, data)
        elif op not in (PRESENCE, VOICE, MEMBERS, SOUNDS):
            return await connection.close(4001)
        elif connection.session is None:
            return await connection.close(4003)
        elif op == MEMBERS:
            self._chunk(connection.session, data or {})
        return None

    async def _identify(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self.api.token or self.api.revoked:
            return await connection.close(4004)
        number, of = data.get("shard") or (0, 1)
        if not (isinstance(number, int) and isinstance(of, int) and 0 <= number < of):
            return await connection.close(4010)
        if self.must_shard and of == 1:
            return await connection.close(4011)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents < 0 or intents & ~ALL_INTENTS:
            return await connection.close(4013)
        if any(intents & bit and name not in self.privileged for name, bit in PRIVILEGED.items()):
            return await connection.close(4014)
        if not {"os", "browser", "device"} <= set(data.get("properties") or {}):
            return await connection.close(4002)
        if self._too_fast(number):
            return connection.put(INVALID, False)
        if self.remaining <= 0:
            # #identifying: all sessions end, and the token is no longer good
            self.api.broke(f"gateway: more than {self.identify_limit} identify in a day")
            self.api.revoke()
            return await self.close(4004)
        self.identified.append(self.api.now())
        session = Session(f"{self.api.chance.getrandbits(128):032x}", (number, of), intents)
        self.sessions[session.id] = session
        session.connection, connection.session = connection, session
        self._ready(session)
        self.api.changed()
        return None

    def _too_fast(self, shard: int) -> bool:
        """#sharding-max-concurrency: the key is the shard modulo the concurrency.

        Who has just started cannot know of those before; who was told and goes on could.
        """
        now, key = self.api.now(), shard % self.max_concurrency
        if now - self._identifies.get(key, float("-inf")) >= self.identify_window:
            self._identifies[key] = now
            self._told_off.discard(key)
            return False
        if key in self._told_off:
            self.api.broke(f"gateway: more than one identify in {self.identify_window:g} s")
        self._told_off.add(key)
        return True

    def _ready(self, session: Session) -> None:
        api = self.api
        guilds = [one for one in api.guilds.values() if one.bot and session.routes(one.id)]
        self._add(session, "READY", {
            "v": 10, "user": api.me | {"email": None, "verified": True, "mfa_enabled": True},
            "user_settings": {}, "relationships": [], "private_channels": [], "presences": [],
            "guilds": [{"id": str(one.id), "unavailable": True} for one in guilds],
            "session_id": session.id, "session_type": "normal", "shard": list(session.shard),
            "resume_gateway_url": self.resume_url, "geo_ordered_rtc_regions": [],
            "application": {"id": api.me["id"], "flags": api.flags}, "_trace": [],
        })  # fmt: skip
        if session.intents & GUILDS:
            for guild in guilds:
                if guild.available:
                    self._add(session, "GUILD_CREATE", guild.full | {"unavailable": False})
                else:  # events/gateway-events#guild-create, the first case
                    self._add(session, "GUILD_DELETE", guild.down)

    async def _resume(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self.api.token or self.api.revoked:
            return await connection.close(4004)
        if connection.path != "/resume":
            self.api.broke("gateway: resumes elsewhere than at resume_gateway_url")
        session = self.sessions.get(str(data.get("session_id")))
        if session is None or not self._good(session):
            return connection.put(INVALID, False)
        seq = data.get("seq")
        if not isinstance(seq, int) or seq > session.seq:
            return await connection.close(4007)
        old, session.connection = session.connection, connection
        connection.session = session
        if old is not None:
            old.session, old.ours = None, True
            await old.ws.close(code=4000)
        self.resumed.append(self.api.now())
        for entry in [one for one in session.events if one["s"] > seq]:
            connection.put(DISPATCH, entry["d"], entry)
        self._add(session, "RESUMED", {"_trace": []})
        self.api.changed()
        return None

    def _chunk(self, session: Session, data: Json) -> None:
        """events/gateway-events#request-guild-members: without the intent, a few by id."""
        guild = self.api.guilds.get(int(data.get("guild_id") or 0))
        if guild is None:
            return
        wanted = data.get("user_ids") or []
        wanted = {str(one) for one in (wanted if isinstance(wanted, list) else [wanted])}
        found = [guild.as_member(one) for one in guild.people if str(one.id) in wanted]
        self._add(session, "GUILD_MEMBERS_CHUNK", {
            "guild_id": str(guild.id), "members": found, "chunk_index": 0, "chunk_count": 1,
            "nonce": data.get("nonce"),
        })  # fmt: skip


def _compressor(kind: str | None) -> Any:  # noqa: ANN401 - bytes to bytes, or None
    """events/gateway#transport-compression: one stream for the whole connection."""
    if kind == "zlib-stream":
        zipper = zlib.compressobj()
        return lambda data: zipper.compress(data) + zipper.flush(zlib.Z_SYNC_FLUSH)
    if kind == "zstd-stream":
        for name in ("zstandard", "compression.zstd"):
            with contextlib.suppress(ImportError):
                module: Any = importlib.import_module(name)
                squeezer = module.ZstdCompressor()
                if name == "zstandard":
                    stream = squeezer.compressobj()
                    block = module.COMPRESSOBJ_FLUSH_BLOCK
                    return lambda data: stream.compress(data) + stream.flush(block)
                flush = squeezer.FLUSH_BLOCK
                return lambda data: squeezer.compress(data, flush)
    return None
