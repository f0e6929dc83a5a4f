"""HTTP for python-telegram-bot by aiohttp: much less CPU than its own (docs/performance.md).

No error of it holds an address, since every address of the Bot API holds the token.
"""

from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram import Bot
from telegram.error import NetworkError, RetryAfter, TimedOut
from telegram.request import BaseRequest, RequestData

JSONDict = dict[str, Any]

CONNECT, READ = 8.0, 12.0
"""Seconds. A send that takes longer counts as failed and is tried again."""

CONNECTIONS = 64
"""More than is ever in flight at once; what is idle costs nothing."""


class Transport(BaseRequest):
    """Requests of one bot. A proxy is taken from HTTPS_PROXY and its like, as is usual."""

    __slots__ = ("_proxy", "_session")

    def __init__(self, api: str) -> None:
        """Connects with the first request to the server at the address ``api``."""
        # Once: aiohttp would look at the environment with each request, at the price of half of it.
        self._proxy = _proxy(api)
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds, where a call names none."""
        return READ

    async def initialize(self) -> None:
        """Open the pool of connections."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=60)
            headers = {"User-Agent": self.USER_AGENT}
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=headers,
                proxy=self._proxy,
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(  # noqa: PLR0913, PLR0917 - the library's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - aiohttp knows none
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - there is always room
    ) -> tuple[int, bytes]:
        """One request: its status and its body. Raises `TimedOut` or `NetworkError`."""
        if self._session is None:
            raise NetworkError("the transport is not open")
        timeout = aiohttp.ClientTimeout(
            sock_connect=_seconds(connect_timeout, CONNECT), sock_read=_seconds(read_timeout, READ)
        )
        try:
            async with self._session.request(
                method, url, data=_body(request_data), timeout=timeout, allow_redirects=False
            ) as answer:
                return answer.status, await answer.read()
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from None


class RawBot(Bot):
    """The library's bot, which also gives updates as they came.

    Its own way refuses all that came together for one of them that it cannot read.
    """

    __slots__ = ()

    async def raw_updates(self, asked: JSONDict, patience: float) -> list[JSONDict]:
        """The updates that wait, each as Telegram wrote it; ``patience`` in seconds."""
        try:
            found = await self._post("getUpdates", asked, read_timeout=patience)
        except (AttributeError, KeyError, TypeError):
            raise NetworkError("an answer that is none") from None
        if not isinstance(found, list):
            raise NetworkError("an answer that is none")
        return [
            each
            for each in found
            if isinstance(each, dict) and isinstance(each.get("update_id"), int)
        ]


def pause(error: RetryAfter) -> float:
    """Seconds for which Telegram takes nothing."""
    after = error.retry_after
    return float(after) if isinstance(after, int) else after.total_seconds()


def _proxy(api: str) -> str | None:
    """The proxy that the environment names for an address."""
    parts = urlsplit(api)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _seconds(wanted: object, usual: float) -> float | None:
    """A timeout of the library: none given is the usual one, None is none."""
    return wanted if isinstance(wanted, int | float | None) else usual


def _body(data: RequestData | None) -> aiohttp.FormData | dict[str, str] | None:
    if data is None:
        return None
    if not data.contains_files:
        return data.json_parameters
    form = aiohttp.FormData(data.json_parameters)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form
