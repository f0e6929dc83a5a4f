"""Statements for many rows at once: every reminder passes them, so nothing is done twice."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.expression import UpdateBase


class Many:
    """A statement that is compiled once; its values go to the driver as they are.

    SQLAlchemy would look at each value of each row, which costs more than the database does. So
    instants come as microseconds (`tables.micros`), and lanes as plain integers.
    """

    def __init__(self, statement: UpdateBase) -> None:
        """Every value of it is a named parameter."""
        self._statement = statement
        self._compiled = cache(self._compile)

    def _compile(self, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
        compiled = self._statement.compile(dialect=dialect)
        return str(compiled), tuple(compiled.positiontup or ())

    def __call__(self, db: Connection, rows: Sequence[dict[str, Any]]) -> int:
        """Execute it for each row; how many rows of the table that concerned."""
        if not rows:
            return 0
        sql, names = self._compiled(db.dialect)
        if not names:
            return db.exec_driver_sql(sql, list(rows)).rowcount
        values = [tuple([row[name] for name in names]) for row in rows]
        return db.exec_driver_sql(sql, values).rowcount
