"""From a token to a bot that hears and speaks, until it is cancelled."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from adapters.account import claim
from adapters.telegram import menus
from adapters.telegram.platform import Telegram
from adapters.telegram.receiving import Webhook, insist, listen, poll
from bot.service import Service, StoreAway

BOT = "telegram_bot"
"""Under this name the store keeps whose people these are: no other bot can speak to them."""

MENUS = "telegram_menus"


def account(token: str) -> str:
    """The number of a token's bot, as far as the token tells it."""
    number, colon, _ = token.partition(":")
    return number if colon and number.isdecimal() else ""


async def run(
    telegram: Telegram,
    service: Service,
    webhook: Webhook | None,
    connected: Callable[[str], None],
) -> None:
    """Connect, then receive for ever. ``connected`` is called with the bot's name.

    Raises `TokenRefused`, `TokenTaken`, `WrongBot` or `PortUnusable`.
    """
    service.health.platform(telegram.name, connected=False)
    await telegram.transport.initialize()
    me = await insist(telegram.bot.get_me)
    await claim(service, BOT, str(me.id))
    telegram.me = me
    connected(telegram.username)
    putting_up = asyncio.create_task(_put_up_menus(telegram, service))
    try:
        if webhook is None:
            # Telegram gives its updates either way, never both.
            await insist(telegram.bot.delete_webhook)
            await poll(telegram, service)
        else:
            await listen(telegram, service, webhook)
    finally:
        putting_up.cancel()


async def _put_up_menus(telegram: Telegram, service: Service) -> None:
    """Only when they have changed: Telegram allows it rarely."""
    with suppress(StoreAway):
        digest = menus.digest()
        if await service.kept(MENUS) != digest:
            await menus.put_up(telegram.bot)
            await service.keep(MENUS, digest)
