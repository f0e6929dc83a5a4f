"""The updates: polled by the bot or pushed to it, until it has confirmed them."""

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from tests.bot_api import rules
from tests.bot_api.html import Json
from tests.bot_api.rules import Refusal, bad

if TYPE_CHECKING:
    from tests.bot_api.server import BotApi

# core.telegram.org/bots/api#getting-updates
DAY = 24 * 3600.0
# tdlib/telegram-bot-api, WebhookActor.h, WEBHOOK_MAX_RESEND_TIMEOUT
LONGEST_PAUSE = 60.0


@dataclass
class Update:
    json: Json
    key: tuple[str, int]
    born: float
    fails: int = 0
    pause: float = 1.0
    wake: float = 0.0

    @property
    def id(self) -> int:
        return int(self.json["update_id"])


@dataclass
class Hook:
    url: str
    secret: str
    most: int
    error: str = ""
    failed: int = 0


class Queue:
    """At most one reader: a poll, or the webhook."""

    def __init__(self, api: "BotApi") -> None:
        self.api = api
        self.pause = 1.0
        self.updates: list[Update] = []
        self.hook: Hook | None = None
        self.most_in_flight = 0
        self._allowed: set[str] | None = None
        self._next = 100_000_001
        self._poll: asyncio.Future[str] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._pushes: set[asyncio.Task[None]] = set()
        self._busy: set[tuple[str, int]] = set()
        self._hook_set = -1.0
        self._session: aiohttp.ClientSession | None = None

    def put(self, kind: str, body: Json, key: int) -> None:
        allowed = self._allowed
        if kind in rules.ON_REQUEST if allowed is None else kind not in allowed:
            return
        # tdlib/telegram-bot-api, Client.cpp, add_update: in order within a chat (a button: within
        # a person), and beside each other otherwise
        order = "message" if kind == "edited_message" else kind
        update = {"update_id": self._next, kind: body}
        self._next += 1
        self.updates.append(Update(update, (order, key), self.api.now()))
        self._stir()

    def _stir(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result("")
        self._wake.set()

    def _forget_old(self) -> None:
        self.updates = [one for one in self.updates if self.api.now() - one.born < DAY]

    def _allow(self, given: Json) -> None:
        value = given.get("allowed_updates")
        if value is None:
            return
        if not isinstance(value, list) or not set(value) <= rules.UPDATES:
            self.api.broke("allowed_updates", f"not a list of kinds of updates: {value!r}")
            return
        # See core.telegram.org/bots/api#getupdates: an empty list stands for the default
        self._allowed = set(value) or None

    async def get_updates(self, given: Json) -> object:
        if self.hook is not None:
            self.api.broke("getUpdates", "while a webhook is set")
            raise Refusal(409, rules.WEBHOOK_ACTIVE)
        if self._poll is not None and not self._poll.done():
            self.api.broke("getUpdates", "two at a time")
            self._poll.set_result(rules.OTHER_POLL)
        self._allow(given)
        limit, timeout = given.get("limit", 100), given.get("timeout", 0)
        if not 1 <= limit <= 100:
            self.api.broke("getUpdates", f"a limit of {limit}")
        if not 0 <= timeout <= rules.LONGEST_POLL:
            self.api.broke("getUpdates", f"a timeout of {timeout}: at most {rules.LONGEST_POLL}")
        self._forget_old()
        offset = given.get("offset", 0)
        if offset < 0:
            self.updates = self.updates[offset:]
        elif offset:
            self.updates = [one for one in self.updates if one.id >= offset]
        if not self.updates and timeout > 0:
            poll = self._poll = asyncio.get_running_loop().create_future()
            try:
                with contextlib.suppress(TimeoutError):
                    ended = await asyncio.wait_for(
                        asyncio.shield(poll), min(timeout, rules.LONGEST_POLL)
                    )
                    if ended:
                        raise Refusal(409, ended)
            finally:
                # Also when whoever asked has hung up.
                if self._poll is poll:
                    self._poll = None
        return [one.json for one in self.updates[: max(1, min(limit, 100))]]

    async def set_webhook(self, given: Json) -> object:
        url, secret = given.get("url") or "", given.get("secret_token") or ""
        if not url:
            return await self.delete_webhook(given)
        # tdlib/telegram-bot-api, Client.cpp, process_set_webhook_query
        if self.api.now() < self._hook_set + 1:
            self.api.broke("setWebhook", "twice within a second")
            raise Refusal(429, "Too Many Requests: retry after 1", retry_after=1)
        self._hook_set = self.api.now()
        # The real one takes https only; a server of one's own takes both.
        if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
            raise bad("invalid webhook URL specified")
        if len(secret) > 256:
            raise bad("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad("secret token contains unallowed characters")
        most = given.get("max_connections", 40)
        if not 1 <= most <= 100:
            self.api.broke("setWebhook", f"max_connections of {most}")
            most = max(1, min(most, 100))
        self._allow(given)
        if given.get("drop_pending_updates"):
            self.updates.clear()
        if self._poll is not None and not self._poll.done():
            self._poll.set_result("Conflict: terminated by setWebhook request")
        self.hook = Hook(url, secret, most)
        for update in self.updates:
            update.wake = 0.0
        if self._pump is None:
            self._pump = asyncio.create_task(self._pumps())
        self._wake.set()
        return True

    async def delete_webhook(self, given: Json) -> object:
        if given.get("drop_pending_updates"):
            self.updates.clear()
        self.hook = None
        return True

    async def webhook_info(self, given: Json) -> object:
        hook = self.hook
        self._forget_old()
        info: Json = {
            "url": hook.url if hook else "", "has_custom_certificate": False,
            "pending_update_count": len(self.updates),
        }  # fmt: skip
        if hook and hook.error:
            info |= {"last_error_date": hook.failed, "last_error_message": hook.error}
        if hook:
            info |= {"max_connections": hook.most, "ip_address": "127.0.0.1"}
        if self._allowed is not None:
            info["allowed_updates"] = sorted(self._allowed)
        return info

    async def _pumps(self) -> None:
        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(60)
        ) as session:
            self._session = session
            while True:
                await self._wake.wait()
                self._wake.clear()
                self._forget_old()
                seen: set[tuple[str, int]] = set()
                for update in self.updates:
                    hook = self.hook
                    if hook is None or len(self._pushes) >= hook.most:
                        break
                    first = update.key not in seen
                    seen.add(update.key)
                    if not first or update.key in self._busy:
                        continue
                    if (left := update.wake - self.api.now()) > 0:
                        loop.call_later(left, self._wake.set)
                        continue
                    self._busy.add(update.key)
                    push = asyncio.create_task(self._push(session, hook, update))
                    self._pushes.add(push)
                    push.add_done_callback(self._pushes.discard)
                    self.most_in_flight = max(self.most_in_flight, len(self._pushes))

    async def _push(self, session: aiohttp.ClientSession, hook: Hook, update: Update) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
        body = b""
        after = 0.0
        try:
            async with session.post(hook.url, json=update.json, headers=headers) as response:
                body = await response.read()
                good = 200 <= response.status < 300
                error = f"Wrong response from the webhook: {response.status} {response.reason}"
                with contextlib.suppress(ValueError):
                    after = float(response.headers.get("Retry-After", "0"))
        except (aiohttp.ClientError, TimeoutError) as trouble:
            good, error = False, "Connection refused" if isinstance(
                trouble, aiohttp.ClientConnectorError) else "Read timeout expired"  # fmt: skip
        if good:
            self.updates = [one for one in self.updates if one is not update]
            await self._reply(body)
        else:
            hook.error, hook.failed = error, self.api.wall()
            # tdlib/telegram-bot-api, WebhookActor.cpp, on_update_error: the first time at once,
            # then after pauses that double
            pause = after
            if not after and update.fails:
                update.pause = min(update.pause * 2, LONGEST_PAUSE)
                pause = update.pause
            update.fails += 1
            update.wake = self.api.now() + pause * self.pause
        self._busy.discard(update.key)
        asyncio.get_running_loop().call_soon(self._wake.set)

    async def _reply(self, body: bytes) -> None:
        """core.telegram.org/bots/api#making-requests-when-getting-updates."""
        from tests.bot_api.server import Call

        with contextlib.suppress(ValueError):
            given = json.loads(body) if body else {}
            name = given.pop("method", "") if isinstance(given, dict) else ""
            method = rules.METHODS.get(str(name).lower())
            if method:
                call = Call(method, given, self.api.now(), None)
                self.api.calls.append(call)
                call.status = (await self.api.answer(call, given)).status

    async def close(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result("")
        for task in (*self._pushes, *([self._pump] if self._pump else [])):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
