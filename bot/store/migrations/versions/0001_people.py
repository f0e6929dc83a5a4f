"""People, their addresses, rests and words on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _place() -> list[sa.Column[str]]:
    return [
        sa.Column(name, sa.String, nullable=False) for name in ("platform", "chat_id", "thread")
    ]


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "person",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("wake_at", sa.BigInteger),
        sa.Column("lane", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_person_lane_wake_at", "person", ["lane", "wake_at"])
    op.create_table(
        "address",
        sa.Column("id", sa.Integer, primary_key=True),
        *_place(),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("reachable", sa.Boolean, nullable=False),
        sa.Column("last_used", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("platform", "chat_id", "thread"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_address_person_id", "address", ["person_id"])
    op.create_table(
        "rest",
        sa.Column("person_id", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("variation", sa.String, nullable=False),
        sa.Column("bedtime", sa.Boolean, nullable=False),
        sa.Column("feeling", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="CASCADE"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer),
        *_place(),
        sa.Column("lane", sa.Integer, nullable=False),
        sa.Column("slot", sa.String, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_platform_chat_id_thread_id", "outbox", ["platform", "chat_id", "thread", "id"]
    )
    op.create_index("ix_outbox_person_id", "outbox", ["person_id"])
    op.create_table(
        "shown",
        *(
            sa.Column(name, sa.String, primary_key=True)
            for name in ("platform", "chat_id", "thread", "slot")
        ),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_shown_person_id", "shown", ["person_id"])
    op.create_table(
        "handled",
        sa.Column("event", sa.String, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_handled_at", "handled", ["at"])
    op.create_table(
        "setting",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
