"""To play by hand: /commands are typed, a number presses a button, all else is written."""

import argparse
import asyncio
import shlex
import sys
from typing import Any

from tests.discord_api import DiscordApi, Interaction, Person, Shown
from tests.discord_api.components import CHECKBOX, CHECKBOXES, RADIO, fields


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _print_message(one: Shown) -> None:
    marks = ", edited" * bool(one.edited) + ", only you" * one.ephemeral
    _print(f"\n[{one.id}{marks}] {'thinking ...' if one.thinking else one.text}")
    for name in one.files:
        _print(f"    ({name})")
    for number, label in enumerate([*one.buttons, *one.options], 1):
        _print(f"    {number}: {label}")


async def _fill(ada: Person, opened: Interaction) -> None:
    """Asks for every field of a modal; what is left empty keeps its default."""
    modal = opened.modal or {}
    _print(f"\n== {modal['title']} ==")
    filled: dict[str, object] = {}
    for custom_id, (label, one) in fields(modal).items():
        options = [option["label"] for option in one.get("options") or []]
        listed = f" ({', '.join(options)})" if options else ""
        _print(f"{label}{listed}:")
        said = (await asyncio.to_thread(sys.stdin.readline)).strip()
        if one["type"] in (CHECKBOXES, RADIO):
            ticked = [option.strip() for option in said.split(",") if option.strip()]
            filled[custom_id] = ticked if one["type"] == CHECKBOXES else said or None
        elif said:
            filled[custom_id] = said not in {"n", "no"} if one["type"] == CHECKBOX else said
    await ada.submit(opened, filled)


async def _does(ada: Person, said: str) -> None:
    newest = ada.sees()[-1:]
    buttons = [label for one in newest for label in one.buttons]
    options = [label for one in newest for label in one.options]
    done: Interaction | None = None
    if said.startswith("/"):
        name, *given = shlex.split(said[1:])
        pairs = dict(one.split("=", 1) for one in given)
        typed: dict[str, Any] = {
            key: int(one) if one.isdigit() else one for key, one in pairs.items()
        }
        done = await ada.command(name, **typed)
    elif said.isdigit() and 0 < int(said) <= len(buttons):
        done = await ada.press(buttons[int(said) - 1], newest[0])
    elif said.isdigit() and 0 < int(said) <= len(buttons) + len(options):
        done = await ada.select(options[int(said) - len(buttons) - 1], shown=newest[0])
    else:
        await ada.write(said)
    if done is None:
        return
    try:
        await done.answered(4)
    except AssertionError:
        _print("    The application did not respond")
    if done.modal:
        await _fill(ada, done)


async def play(port: int) -> None:
    async with DiscordApi(port=port) as api:
        ada = api.person("Ada")
        api.guild("Runners", ada)
        _print(f"DISCORD_TOKEN={api.token}")
        _print(f"DISCORD_API_URL={api.url}")
        _print(f"DISCORD_GATEWAY_URL={api.gateway.url}")
        _print("Type /command option=value, the number of a button, or words.")

        async def show() -> None:
            shown: dict[int, Shown] = {}
            told = 0
            while True:
                await asyncio.sleep(0.2)
                for one in ada.sees():
                    if one.by_bot and shown.get(one.id) != one:
                        _print_message(one)
                    shown[one.id] = one
                for line in api.check()[told:]:
                    _print(f"    ! {line}")
                told = len(api.violations)

        showing = asyncio.create_task(show())
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                if line.strip():
                    await _does(ada, line.strip())
            except (AssertionError, ValueError) as error:
                _print(f"    {error}")
        showing.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.discord_api")
    parser.add_argument("--port", type=int, default=8082)
    asyncio.run(play(parser.parse_args().port))


if __name__ == "__main__":
    main()
