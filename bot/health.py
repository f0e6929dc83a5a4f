"""Health: whether all goes well, and the port that tells it to machines; it knows nobody's name."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from time import monotonic

from prometheus_client.exposition import choose_encoder

from bot import logs
from bot.metrics import Metrics

STANDSTILL = 10.0
"""Seconds without a beat after which the loop counts as standing still."""

DISCONNECTED = 120.0
"""Seconds that a platform may be gone: most come back by themselves before."""

SILENCE = 5.0
"""Seconds that a client may keep silent while it asks or listens."""

log = logs.get(__name__)


class PortUnusable(Exception):
    """The port cannot be opened: it is in use, not allowed, or not of this machine."""

    def __init__(self, port: str, reason: str) -> None:
        """``port`` with its host, ``reason`` in the system's words."""
        super().__init__(f"{port}: {reason}")
        self.port = port
        self.reason = reason


class Health:
    """How the service is, as it tells; it may be asked from any thread."""

    def __init__(self, metrics: Metrics, now: Callable[[], float] = monotonic) -> None:
        """``now``: seconds of a clock that never goes back."""
        self.metrics = metrics
        self._now = now
        self._beaten = now()
        self._away = False
        self._gone: dict[str, float] = {}

    def beat(self, lag: float) -> None:
        """Each second: the event loop goes round, if so many seconds late."""
        self._beaten = self._now()
        self.metrics.lag(lag)

    def store(self, *, away: bool) -> None:
        """The database cannot be used, or can again."""
        self._away = away
        self.metrics.store_away(away)

    def platform(self, name: str, *, connected: bool) -> None:
        """A platform is connected, or is not: not yet or no longer."""
        if connected:
            self._gone.pop(name, None)
        else:
            self._gone.setdefault(name, self._now())
        self.metrics.connected(name, connected)

    def trouble(self) -> str:
        """What is wrong, empty if nothing is."""
        now = self._now()
        found = []
        if now - self._beaten > STANDSTILL:
            found.append(f"the event loop has stood still for {now - self._beaten:.0f} s")
        if self._away:
            found.append("the database is away")
        for name, since in self._gone.copy().items():
            if now - since > DISCONNECTED:
                found.append(f"{name} has not been connected for {now - since:.0f} s")
        return "; ".join(found)


@contextmanager
def serving(health: Health, host: str, port: int) -> Iterator[int]:
    """Answer there until left, in threads beside the event loop; gives the port (0: a free one).

    Raises `PortUnusable`.
    """
    try:
        server = _Server(health, host, port)
    except (OSError, UnicodeError) as error:  # the latter for what cannot be a host's name
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise PortUnusable(shown, reason) from None
    # So often it looks whether it shall stop.
    thread = Thread(target=server.serve_forever, args=(0.1,), name="health", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingMixIn, TCPServer):
    """A thread for each question, so a slow client keeps no other waiting.

    No HTTPServer: at its start that asks the network for a name of this machine.
    """

    # Elsewhere it lets a restart have the port at once; on Windows, two programs at a time.
    allow_reuse_address = os.name != "nt"
    daemon_threads = True
    request_queue_size = 32

    def __init__(self, health: Health, host: str, port: int) -> None:
        self.health = health
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Question)

    def handle_error(self, *_question: object) -> None:
        """Most often they hung up; the library would print it."""
        log.debug("a question about health got no answer", exc_info=True)


class _Question(BaseHTTPRequestHandler):
    server: _Server
    timeout = SILENCE

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/healthz":
                trouble = self.server.health.trouble()
                status = HTTPStatus.SERVICE_UNAVAILABLE if trouble else HTTPStatus.OK
                said = {"status": "trouble", "reason": trouble} if trouble else {"status": "ok"}
                self._answer(status, "application/json", json.dumps(said).encode())
            case "/metrics":
                encode, kind = choose_encoder(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, kind, encode(self.server.health.metrics.registry))
            case _:
                self.send_error(HTTPStatus.NOT_FOUND)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        return "legs-up"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: who asks, and how often, is no matter."""
