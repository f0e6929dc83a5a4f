"""For many people: who is home where, and words that wait in memory."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _tables() -> tuple[sa.TableClause, sa.TableClause, sa.TableClause]:
    return (
        sa.table("person", *map(sa.column, ("id", "home", "platform"))),
        sa.table(
            "address", *map(sa.column, ("id", "person_id", "platform", "reachable", "last_used"))
        ),
        sa.table("setting", *map(sa.column, ("name", "value"))),
    )


def upgrade() -> None:
    """To this step."""
    op.add_column("person", sa.Column("home", sa.BigInteger))
    op.add_column(
        "person", sa.Column("platform", sa.String, nullable=False, server_default=sa.text("''"))
    )
    person, address, setting = _tables()
    latest = (
        sa.select(address.c.id)
        .where(address.c.person_id == person.c.id)
        .order_by(address.c.reachable.desc(), address.c.last_used.desc(), address.c.id)
        .limit(1)
    )
    op.execute(sa.update(person).values(home=latest.scalar_subquery()))
    platform = sa.select(address.c.platform).where(address.c.id == person.c.home)
    at_home = person.c.home.is_not(None)
    op.execute(sa.update(person).where(at_home).values(platform=platform.scalar_subquery()))
    op.drop_index("ix_person_lane_wake_at", "person")
    op.create_index("ix_person_platform_lane_wake_at", "person", ["platform", "lane", "wake_at"])
    op.create_index("ix_address_last_used", "address", ["last_used"])
    op.create_index("ix_shown_at", "shown", ["at"])
    if op.get_bind().dialect.name == "sqlite":
        # From here on the store hands out the ids, and goes on where SQLite was.
        sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        for name in ("person", "address", "outbox"):
            reached = sa.select(sa.literal(f"next_{name}"), sequence.c.seq + 1)
            op.execute(
                sa.insert(setting).from_select(
                    ["name", "value"], reached.where(sequence.c.name == name)
                )
            )
    # After that: SQLite forgets with a table which numbers it has given.
    _outbox()
    _handled()


def _outbox() -> None:
    """Made anew: without indexes, and numbered by the store."""
    columns = ["id", "person_id", "platform", "chat_id", "thread", "lane", "slot", "payload"]
    old = sa.table("outbox", *map(sa.column, [*columns, "not_before", "until"]))
    waiting = op.get_bind().execute(sa.select(old)).mappings().all()
    op.drop_table("outbox")
    place = [
        sa.Column(name, sa.String, nullable=False) for name in ("platform", "chat_id", "thread")
    ]
    new = op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("person_id", sa.Integer),
        *place,
        sa.Column("lane", sa.Integer, nullable=False),
        sa.Column("slot", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="SET NULL"),
    )
    rows = [
        {**{name: row[name] for name in [*columns, "until"]}, "at": row["not_before"], "cause": ""}
        for row in waiting
    ]
    op.bulk_insert(new, rows)


def _handled() -> None:
    """Made anew: on SQLite without the hidden number of each row."""
    old = sa.table("handled", *map(sa.column, ("event", "at")))
    rows = [dict(row) for row in op.get_bind().execute(sa.select(old)).mappings()]
    op.drop_table("handled")
    new = op.create_table(
        "handled",
        sa.Column("event", sa.String, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(new, rows)
    op.create_index("ix_handled_at", "handled", ["at"])
