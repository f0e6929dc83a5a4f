"""Whose people are in the database: no other bot could speak to them."""

import asyncio
from contextlib import suppress

from bot.service import Service, StoreAway

AGAIN = 1.0
"""Seconds until a store that is away is tried again."""


class WrongBot(Exception):
    """The token is that of another bot than the one whose people are in the database."""


async def claim(service: Service, name: str, account: str) -> None:
    """Remember the bot of a platform under that name. Raises `WrongBot` if it is another."""
    while True:
        with suppress(StoreAway):
            kept = await service.kept(name)
            if kept not in (None, account):
                raise WrongBot
            await service.keep(name, account)
            return
        await asyncio.sleep(AGAIN)
