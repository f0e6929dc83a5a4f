"""How the tables came to be, step by step; `migrate` takes the steps that are missing."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from bot.store.troubles import StoreTooNew, StoreUnfit

MIGRATIONS = Path(__file__).parent

OURS = frozenset({"alembic_version", "person"})
"""Tables that every version of ours has, so that a database without them is another's."""


def steps() -> ScriptDirectory:
    """All steps that this program knows."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    # Alembic's settings are a ConfigParser's, to which a percent sign means something.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def revisions(db: Connection) -> frozenset[str]:
    """The schema that a database has, none if it is empty. Raises `StoreUnfit` for another's."""
    tables = set(inspect(db).get_table_names())
    if tables and not tables >= OURS:
        raise StoreUnfit(db.engine.url.database, "foreign", "it belongs to another program")
    return frozenset(MigrationContext.configure(db).get_current_heads())


def migrate(db: Connection) -> None:
    """Bring the tables to this version. Raises `StoreTooNew`, or `StoreUnfit` for another's."""
    present = revisions(db)
    known = steps()
    if present == set(known.get_heads()):
        return
    if present - {step.revision for step in known.walk_revisions()}:
        raise StoreTooNew("This database was written by a newer version of legs-up.")
    config = _config()
    config.attributes["connection"] = db
    command.upgrade(config, "head")
