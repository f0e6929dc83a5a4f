"""How much may be asked (discord-api-docs, topics/rate-limits)."""

import hashlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tests.discord_api.rules import Json

# Discord names none of these; they are what its headers said over the years, or a fair guess.
RATES: dict[str, tuple[int, float]] = {
    "POST /channels/{channel_id}/messages": (5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": (5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": (5, 1.0),
    "POST /channels/{channel_id}/typing": (5, 5.0),
    "POST /channels/{channel_id}/threads": (10, 10.0),
    "POST /users/@me/channels": (10, 10.0),
    "PUT /applications/{application_id}/commands": (5, 20.0),
    # receiving-and-responding#followup-messages: as webhooks have it
    "POST /webhooks/{application_id}/{token}": (5, 2.0),
    "PATCH /webhooks/{application_id}/{token}/messages/{message_id}": (5, 2.0),
    "DELETE /webhooks/{application_id}/{token}/messages/{message_id}": (5, 2.0),
}
OTHERS = (50, 1.0)
# A request may be on its way while the answer that forbids it is.
IN_FLIGHT = 0.1


@dataclass
class Window:
    """One bucket of one channel, guild or webhook. ``closed``: the client knows it until then."""

    limit: int
    per: float
    reset: float = 0.0
    used: int = 0
    told: float = 0.0
    closed: float = 0.0

    def tell(self, now: float, until: float) -> None:
        if now >= self.closed:
            self.told = now
        self.closed = max(self.closed, until)

    def ignored(self, now: float) -> bool:
        return self.told + IN_FLIGHT < now < self.closed - 0.01


@dataclass(frozen=True)
class Limited(Exception):
    """A 429. Without ``via`` it comes from Cloudflare, and is no JSON."""

    retry_after: float
    scope: str = "user"
    code: int | None = None

    @property
    def body(self) -> Json:
        what = "The resource is" if self.scope == "shared" else "You are"
        return {
            "message": f"{what} being rate limited.", "retry_after": up(self.retry_after),
            "global": self.scope == "global",
        } | ({"code": self.code} if self.code else {})  # fmt: skip

    @property
    def headers(self) -> dict[str, str]:
        named = {"X-RateLimit-Global": "true"} if self.scope == "global" else {}
        return named | {
            "Retry-After": str(math.ceil(self.retry_after)), "X-RateLimit-Scope": self.scope,
        }  # fmt: skip


class Limits:
    def __init__(self, broke: Callable[[str], None]) -> None:
        self.broke = broke
        self.rates = dict(RATES)
        self.others = OTHERS
        self.globally = 50
        # #invalid-request-limit-aka-cloudflare-bans
        self.ban_after = 10_000
        self.invalid: deque[float] = deque()
        self._windows: dict[tuple[str, str], Window] = {}
        self._everything = Window(50, 1.0)

    def loosen(self) -> None:
        """For tests in which pace does not matter."""
        self.rates = {}
        self.others = (10**6, 1.0)
        self.globally = 10**6

    def window(self, route: str, major: str) -> Window:
        limit, per = self.rates.get(route, self.others)
        found = self._windows.setdefault((route, major), Window(limit, per))
        found.limit, found.per = limit, per
        return found

    def take(self, route: str, major: str, now: float, everywhere: bool) -> Window:
        """Counts a request, or is `Limited`."""
        if everywhere:
            self._take_everywhere(route, now)
        window = self.window(route, major)
        if window.ignored(now):
            self.broke(f"{route} {major}: asked again {window.closed - now:.2f} s too early")
        if now >= window.reset:
            window.reset, window.used = now + window.per, 0
        if window.used >= window.limit:
            raise Limited(window.reset - now)
        window.used += 1
        return window

    def _take_everywhere(self, route: str, now: float) -> None:
        everything = self._everything
        if everything.ignored(now):
            early = everything.closed - now
            self.broke(f"{route}: asked {early:.2f} s before the global limit ends")
        if now >= everything.reset:
            everything.reset, everything.used = now + 1.0, 0
        if everything.used >= self.globally or now < everything.closed:
            wait = max(everything.reset, everything.closed) - now
            raise Limited(wait, "global")
        everything.used += 1

    def limited(self, route: str, major: str, limited: Limited, now: float) -> None:
        """The client is told so: from now on it knows."""
        window = self._everything if limited.scope == "global" else self.window(route, major)
        window.tell(now, now + limited.retry_after)

    def told(self, window: Window, now: float) -> dict[str, str]:
        """The headers of an answer (#header-format)."""
        if window.used >= window.limit:
            window.tell(now, window.reset)
        return self.headers(window, now)

    def headers(self, window: Window, now: float) -> dict[str, str]:
        left = max(0.0, window.reset - now)
        return {
            "X-RateLimit-Limit": str(window.limit),
            "X-RateLimit-Remaining": str(max(0, window.limit - window.used)),
            "X-RateLimit-Reset-After": f"{up(left):.3f}",
        }

    def count_invalid(self, now: float) -> None:
        self.invalid.append(now)

    def banned(self, now: float) -> bool:
        while self.invalid and now - self.invalid[0] > 600:
            self.invalid.popleft()
        return len(self.invalid) >= self.ban_after


def up(seconds: float) -> float:
    """To a thousandth, never too early."""
    return math.ceil(seconds * 1000) / 1000


def bucket(route: str) -> str:
    """#header-format: without the top-level resources."""
    return hashlib.sha256(route.encode()).hexdigest()[:32]
