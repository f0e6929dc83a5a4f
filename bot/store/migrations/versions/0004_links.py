"""Codes that link two chats of one person."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "link",
        sa.Column("code", sa.String, primary_key=True),
        sa.Column("asker", sa.Integer, nullable=False),
        sa.Column("namer", sa.Integer),
        sa.Column("agreed", sa.Boolean, nullable=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["asker"], ["address.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["namer"], ["address.id"], ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Back to the step before."""
    op.drop_table("link")
