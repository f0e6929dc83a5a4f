"""A Bot API server that only ever answers a `sendMessage`: a process of its own, on a raw socket.

The first part of a path is after how many ms it answers: ``/100/bot1:bench/sendMessage``.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = json.dumps(
    {
        "ok": True,
        "result": {
            "message_id": 4321,
            "from": {"id": 1, "is_bot": True, "first_name": "Legs Up", "username": "legs_up_bot"},
            "chat": {"id": 123456789, "first_name": "Ada", "username": "ada", "type": "private"},
            "date": 1_767_225_600,
            "text": "22:30. Legs up? 3 minutes.",
            "entities": [
                {"offset": 0, "length": 6, "type": "bold"},
                {"offset": 16, "length": 9, "type": "bold"},
            ],
            "reply_markup": {
                "inline_keyboard": [
                    [{"text": f"Button {number}", "callback_data": f"tap:{number}:4321"}]
                    for number in range(5)
                ]
            },
        },
    },
    separators=(",", ":"),
).encode()

WHOLE = (
    b"HTTP/1.1 200 OK\r\n"
    b"Server: nginx/1.18.0\r\n"
    b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    b"Content-Type: application/json\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: keep-alive\r\n"
    b"Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"
    b"Access-Control-Allow-Origin: *\r\n"
    b"Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
    b"Access-Control-Expose-Headers: Content-Length,Content-Type,Date,Server,Connection\r\n"
    b"\r\n" % len(ANSWER)
) + ANSWER

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Answering(asyncio.Protocol):
    """One connection: a request at a time, read to its end, and the same answer to each."""

    def __init__(self) -> None:
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A lane has come."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the types
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A request, or a piece of one."""
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        length = LENGTH.search(head + b"\r\n")
        if not end or self._transport is None or len(body) < (int(length[1]) if length else 0):
            return
        self._heard = b""
        after = int(head.split(b"/", 2)[1])
        if after:
            asyncio.get_running_loop().call_later(after / 1e3, self._transport.write, WHOLE)
        else:
            self._transport.write(WHOLE)


@contextmanager
def bot_api() -> Iterator[str]:
    """Its address. It ends with the block, and with the process that has started it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.bot_api"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:  # leaving it closes its input: it ends
        assert process.stdout  # noqa: S101 - for the types
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"


async def serve() -> None:
    """Until nobody holds the other end of the input any more."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
