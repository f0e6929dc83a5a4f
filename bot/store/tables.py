"""The tables. Instants are integer microseconds UTC in the database and aware datetimes here."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """A moment as it stands in the database."""
    return (moment - EPOCH) // _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """A moment as integer microseconds since 1970 UTC: exact, sortable, the same everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To the database."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """From the database."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Day(TypeDecorator[date]):
    """A calendar day as its number from 1 January of year 1: sortable, the same everywhere."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To the database."""
        return None if value is None else value.toordinal()

    def process_result_value(self, value: int | None, dialect: Dialect) -> date | None:  # noqa: ARG002 - SQLAlchemy's signature
        """From the database."""
        return None if value is None else date.fromordinal(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Ids are never used again: a button may name a person or a row long after it is gone. The store
# hands them out (`Ids`), and SQLite would refuse to, too.
NEVER_AGAIN: dict[str, Any] = {"sqlite_autoincrement": True}

RowId = BigInteger().with_variant(Integer, "sqlite")


def _person(*, nullable: bool = False) -> Column[int]:
    gone = "SET NULL" if nullable else "CASCADE"
    return Column("person_id", ForeignKey("person.id", ondelete=gone), nullable=nullable)


def _club(*, nullable: bool = False, key: bool = False) -> Column[int]:
    owner = ForeignKey(club.c.id, ondelete="CASCADE")
    return Column("club_id", owner, nullable=nullable, primary_key=key)


def _place() -> tuple[Column[str], Column[str], Column[str]]:
    return (
        Column("platform", String, nullable=False),
        Column("chat_id", String, nullable=False),
        Column("thread", String, nullable=False),
    )


person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    # A cache of due_at(): when time must be looked at next.
    Column("wake_at", Instant),
    Column("lane", Integer, nullable=False),
    # The address where they last spoke, and its platform: that is what can have much to say.
    Column("home", BigInteger),
    Column("platform", String, nullable=False, server_default=text("''")),
    # The moment of the last step: time never goes back for a person.
    Column("at", Instant, nullable=False),
    # How many steps in a row have failed.
    Column("failures", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Index(None, "platform", "lane", "wake_at"),
    **NEVER_AGAIN,
)

address = Table(
    "address",
    metadata,
    Column("id", Integer, primary_key=True),
    *_place(),
    Column("author", String, nullable=False),
    _person(),
    Column("reachable", Boolean, nullable=False),
    Column("last_used", Instant, nullable=False),
    UniqueConstraint("platform", "chat_id", "thread"),
    Index(None, "person_id"),
    Index(None, "last_used"),
    **NEVER_AGAIN,
)

rest = Table(
    "rest",
    metadata,
    Column(
        "person_id", ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    Column("number", Integer, primary_key=True, nullable=False, autoincrement=False),
    Column("started", Instant, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("variation", String, nullable=False),
    Column("bedtime", Boolean, nullable=False),
    Column("feeling", String, nullable=False),
    # The day that it counts for, and how many seconds of it do: decided once, at its end.
    Column("day", Day),
    Column("counted", Integer, nullable=False, server_default=text("0")),
    Column("logged", Boolean, nullable=False, server_default=false()),
    Index(None, "person_id", "day"),
)

# A server or a group. Who is in what of it stands in the tables after it, keyed by both.
club = Table(
    "club",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform", String, nullable=False),
    Column("chat_id", String, nullable=False),
    Column("wake_at", Instant),
    Column("lane", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("failures", Integer, nullable=False),
    # Whether something could be posted when it last was to be.
    Column("reachable", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    UniqueConstraint("platform", "chat_id"),
    Index(None, "wake_at"),
    **NEVER_AGAIN,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    _person(nullable=True),
    _club(nullable=True),
    *_place(),
    Column("lane", Integer, nullable=False),
    Column("slot", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("until", Instant),
    Column("payload", Text, nullable=False),
    # One name, in every log, for all that an event or a wake led to.
    Column("cause", String, nullable=False),
    # No index: little waits at any time, and every word would pay for it twice.
)

shown = Table(
    "shown",
    metadata,
    *(Column(name, String, primary_key=True) for name in ("platform", "chat_id", "thread", "slot")),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE")),
    _club(nullable=True),
    Column("message_id", String, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "person_id"),
    Index(None, "club_id"),
    Index(None, "at"),
)

# Whom a word has let in, where a bot is not for everybody; the owner's is empty.
guest = Table(
    "guest",
    metadata,
    Column("platform", String, primary_key=True),
    Column("chat_id", String, primary_key=True),
    Column("code", String, nullable=False),
    Column("locale", String, nullable=False),
    Column("at", Instant, nullable=False),
)

# A code that links two chats, as a keyed digest, for its minutes: the chat that asked for it, the
# one that named it, and whether that one has said yes.
link = Table(
    "link",
    metadata,
    Column("code", String, primary_key=True),
    Column("asker", ForeignKey("address.id", ondelete="CASCADE"), nullable=False),
    Column("namer", ForeignKey("address.id", ondelete="CASCADE")),
    Column("agreed", Boolean, nullable=False),
    Column("ends", Instant, nullable=False),
)

# Whom a platform has just named as somebody who may manage a club, and what they are asked.
organiser = Table(
    "organiser",
    metadata,
    Column("platform", String, primary_key=True),
    Column("chat_id", String, primary_key=True),
    _club(),
    Column("asking", String, nullable=False),
    Column("until", Instant, nullable=False),
    Index(None, "club_id"),
)


def _of_both() -> tuple[Column[int], Column[int]]:
    who = ForeignKey("person.id", ondelete="CASCADE")
    return _club(key=True), Column("person_id", who, primary_key=True)


# Who wants to be asked after each run of a club.
member = Table("member", metadata, *_of_both(), Index(None, "person_id"))

# Who is in a club's rest of many, how far, and how long they rested.
part = Table(
    "part",
    metadata,
    *_of_both(),
    Column("number", Integer, primary_key=True),
    Column("phase", String, nullable=False),
    Column("seconds", Integer, nullable=False),
    Index(None, "person_id"),
)

# Who is in a club's challenge, from a day to the day before another; one row for each such time.
entry = Table(
    "entry",
    metadata,
    *_of_both(),
    Column("number", Integer, primary_key=True),
    Column("joined", Day, primary_key=True),
    Column("left", Day),
    Column("name", String, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("off", Text, nullable=False),
    Index(None, "club_id", "number"),
    Index(None, "person_id"),
)

# What somebody who was forgotten has given to a club's challenge: nobody's any more.
tally = Table(
    "tally",
    metadata,
    Column("id", RowId, primary_key=True),
    _club(),
    Column("number", Integer, nullable=False),
    Column("day", Day, nullable=False),
    Column("seconds", Integer, nullable=False),
    Index(None, "club_id", "number"),
)

# A cheer under a recap, as a keyed digest of who cheered: each counts once.
cheer = Table(
    "cheer",
    metadata,
    _club(key=True),
    Column("recap", Integer, primary_key=True),
    Column("who", String, primary_key=True),
)

# The event's id as a keyed digest: some platforms build their ids from the chat's.
handled = Table(
    "handled",
    metadata,
    Column("event", String, primary_key=True),
    Column("at", Instant, nullable=False),
    Index(None, "at"),
    sqlite_with_rowid=False,
)

setting = Table(
    "setting",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
