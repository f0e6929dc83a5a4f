"""How the tables came to be, step by step; `migrate` takes the steps that are missing."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from bot.store.troubles import StoreTooNew, StoreUnfit

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent

OURS = frozenset({"alembic_version", "person"})
"""Tables that every version of ours has, so that a database without them is another's."""


@cache
def steps() -> tuple[str, ...]:
    """All steps that this program knows, in order: each file's name begins with its own."""
    found = (MIGRATIONS / "versions").glob("[0-9]*.py")
    return tuple(sorted(path.stem.partition("_")[0] for path in found))


def revisions(db: Connection) -> frozenset[str]:
    """The schema that a database has, none if it is empty. Raises `StoreUnfit` for another's."""
    tables = set(inspect(db).get_table_names())
    if tables and not tables >= OURS:
        raise StoreUnfit(db.engine.url.database, "foreign", "it belongs to another program")
    if not tables:
        return frozenset()
    return frozenset(db.execute(text("SELECT version_num FROM alembic_version")).scalars())


def migrate(db: Connection) -> None:
    """Bring the tables to this version. Raises `StoreTooNew`, or `StoreUnfit` for another's."""
    present = revisions(db)
    if present == {steps()[-1]}:
        return
    if present - set(steps()):
        raise StoreTooNew("This database was written by a newer version of legs-up.")
    from alembic import command  # noqa: PLC0415 - as below

    config = _config()
    config.attributes["connection"] = db
    command.upgrade(config, "head")


def _config() -> "Config":
    # Loaded only where there is something to do: it takes a quarter of a second.
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # Alembic's settings are a ConfigParser's, to which a percent sign means something.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
