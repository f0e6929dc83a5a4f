"""Clubs, and who is in what of them; the day that a rest counts for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _club(*, key: bool = False) -> sa.Column[int]:
    return sa.Column("club_id", sa.Integer, nullable=False, primary_key=key)


def _of_club() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["club_id"], ["club.id"], ondelete="CASCADE")


def _of_person() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="CASCADE")


def _of_both(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        _club(key=True),
        sa.Column("person_id", sa.Integer, primary_key=True),
        *columns,
        _of_club(),
        _of_person(),
    )
    op.create_index(f"ix_{name}_person_id", name, ["person_id"])


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "club",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("platform", sa.String, nullable=False),
        sa.Column("chat_id", sa.String, nullable=False),
        sa.Column("wake_at", sa.BigInteger),
        sa.Column("lane", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("reachable", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.UniqueConstraint("platform", "chat_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_club_wake_at", "club", ["wake_at"])
    op.create_table(
        "organiser",
        sa.Column("platform", sa.String, primary_key=True),
        sa.Column("chat_id", sa.String, primary_key=True),
        _club(),
        sa.Column("asking", sa.String, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        _of_club(),
    )
    op.create_index("ix_organiser_club_id", "organiser", ["club_id"])
    _of_both("member")
    _of_both(
        "part",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("phase", sa.String, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
    )
    _of_both(
        "entry",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("joined", sa.Integer, primary_key=True),
        sa.Column("left", sa.Integer),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("off", sa.Text, nullable=False),
    )
    op.create_index("ix_entry_club_id_number", "entry", ["club_id", "number"])
    op.create_table(
        "tally",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        _club(),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        _of_club(),
    )
    op.create_index("ix_tally_club_id_number", "tally", ["club_id", "number"])
    op.create_table(
        "cheer",
        _club(key=True),
        sa.Column("recap", sa.Integer, primary_key=True),
        sa.Column("who", sa.String, primary_key=True),
        _of_club(),
    )
    _rests()
    _words()


def _rests() -> None:
    with op.batch_alter_table("rest") as rest:
        rest.add_column(sa.Column("day", sa.Integer))
        rest.add_column(
            sa.Column("counted", sa.Integer, nullable=False, server_default=sa.text("0"))
        )
        rest.add_column(sa.Column("logged", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("ix_rest_person_id_day", "rest", ["person_id", "day"])


def _words() -> None:
    for name in ("outbox", "shown"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("club_id", sa.Integer))
            table.create_foreign_key(
                f"fk_{name}_club_id", "club", ["club_id"], ["id"], ondelete="CASCADE"
            )
            if name == "shown":
                table.alter_column("person_id", existing_type=sa.Integer, nullable=True)
    op.create_index("ix_shown_club_id", "shown", ["club_id"])


def downgrade() -> None:
    """Back to the step before."""
    op.drop_index("ix_shown_club_id", "shown")
    for name in ("outbox", "shown"):
        of_club = sa.table(name, sa.column("club_id"))
        op.execute(of_club.delete().where(of_club.c.club_id.is_not(None)))
        with op.batch_alter_table(name) as table:
            table.drop_constraint(f"fk_{name}_club_id", type_="foreignkey")
            table.drop_column("club_id")
            if name == "shown":
                table.alter_column("person_id", existing_type=sa.Integer, nullable=False)
    op.drop_index("ix_rest_person_id_day", "rest")
    with op.batch_alter_table("rest") as rest:
        for name in ("day", "counted", "logged"):
            rest.drop_column(name)
    for name in ("cheer", "tally", "entry", "part", "member", "organiser", "club"):
        op.drop_table(name)
