"""Who was let in, and whose the bot is: rows of the table of guests."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from bot.events import Address
from bot.store.tables import guest

OWNER = ""
"""The word of the owner, who needs none."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who was let in by a word."""

    place: Address
    code: str
    locale: str


def guests(db: Connection) -> list[Guest]:
    """Everybody who was let in."""
    rows = db.execute(select(guest).order_by(guest.c.at))
    return [Guest(Address(row.platform, row.chat_id), row.code, row.locale) for row in rows]


def let_in(db: Connection, who: Guest, now: datetime) -> None:
    """Remember somebody; whoever is there already has the newer word."""
    place = who.place
    here = (guest.c.platform == place.platform) & (guest.c.chat_id == place.chat_id)
    db.execute(delete(guest).where(here))
    at = {"platform": place.platform, "chat_id": place.chat_id, "at": now}
    db.execute(insert(guest).values(**at, code=who.code, locale=who.locale))


def let_go(db: Connection, place: Address) -> None:
    """Forget somebody."""
    here = (guest.c.platform == place.platform) & (guest.c.chat_id == place.chat_id)
    db.execute(delete(guest).where(here))
