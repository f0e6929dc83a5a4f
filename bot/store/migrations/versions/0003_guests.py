"""Who was let in where a bot is not for everybody, and who owns it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "guest",
        sa.Column("platform", sa.String, primary_key=True),
        sa.Column("chat_id", sa.String, primary_key=True),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Back to the step before."""
    op.drop_table("guest")
