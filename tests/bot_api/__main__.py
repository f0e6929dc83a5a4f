"""To play by hand: what is typed is said by a person, a number presses a button."""

import argparse
import asyncio
import sys

from tests.bot_api import BotApi, Shown


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _print_message(message: Shown) -> None:
    _print(f"\n[{message.id}{', edited' * bool(message.edited)}] {message.text}")
    if message.document:
        _print(f"    ({message.document}, {len(message.content)} bytes)")
    for number, label in enumerate(message.labels, 1):
        _print(f"    {number}: {label}")


async def play(port: int, token: str) -> None:
    async with BotApi(token=token, port=port) as api:
        anna = api.person(42, "Anna")
        _print(f"{api.url}/bot, token {token}")

        async def listen() -> None:
            while True:
                _print_message(await anna.hears(lambda _: True, within=10**6))

        async def tell() -> None:
            told = 0
            while True:
                await asyncio.sleep(1)
                for line in api.check()[told:]:
                    _print(f"    ! {line}")
                told = len(api.violations)

        tasks = [asyncio.create_task(listen()), asyncio.create_task(tell())]
        while line := await asyncio.to_thread(sys.stdin.readline):
            labels = [label for one in anna.chat.shown[-1:] for label in one.labels]
            text = line.strip()
            if text.isdigit() and 0 < int(text) <= len(labels):
                await anna.presses(labels[int(text) - 1])
            elif text:
                await anna.types(text)
        for task in tasks:
            task.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bot_api")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default="123456:TEST-abc")
    given = parser.parse_args()
    asyncio.run(play(given.port, given.token))


if __name__ == "__main__":
    main()
