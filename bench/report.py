"""Measurements in turns, tables of them, and what was promised beside what came out."""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.databases import Databases
from bench.measure import Failed, measured

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    people: tuple[int, ...]
    due: tuple[int, ...]
    rounds: int
    slow_peers: bool
    seconds: int
    turns: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """One process; in a fresh database of a ``kind``, with our people in it if there is a ``fill``.

    Without a kind it needs none.
    """

    name: str
    module: str
    asked: dict[str, object]
    kind: str = ""
    fill: dict[str, int] | None = None


@dataclass
class Report:
    """What was measured, and what it is held against."""

    plan: Plan
    databases: Databases
    results: dict[str, Result] = field(default_factory=dict)
    promises: list[tuple[str, str, str, bool | None]] = field(default_factory=list)

    def measure(self, it: Measurement) -> Result | None:
        """Once; None if it failed."""
        began = time.monotonic()
        try:
            if not it.kind:
                return measured(it.module, **it.asked)
            with self.databases.fresh(it.kind) as url:
                if it.fill is not None:
                    measured("bench.legs_up", what="fill", url=url, **it.fill)
                return measured(it.module, url=url, **it.asked)
        except Failed as why:
            say(f"{it.name} failed: {why}")
            return None
        finally:
            say(f"{it.name}: {time.monotonic() - began:.0f} s")

    def in_turns(
        self,
        section: str,
        them: Iterable[Measurement],
        rounds: int | None = None,
        merged: Callable[[list[Result]], Result] | None = None,
    ) -> dict[str, Result]:
        """Each once a round; by name the medians of their figures, or what ``merged`` makes."""
        found: dict[str, list[Result]] = {}
        every = list(them)
        for _ in range(rounds or self.plan.rounds):
            for one in every:
                if result := self.measure(one):
                    found.setdefault(one.name, []).append(result)
        of_all = merged or middle
        figures = {one.name: of_all(found[one.name]) for one in every if one.name in found}
        self.results |= {f"{section}: {name}": result for name, result in figures.items()}
        return figures

    def at_most(self, claim: str, limit: float, came_out: float | None, unit: str = "") -> None:
        """A promise; what was not measured is neither kept nor broken."""
        self._promise(claim, "<=", limit, came_out, unit, lambda x: x <= limit)

    def at_least(self, claim: str, limit: float, came_out: float | None, unit: str = "") -> None:
        """The other way round."""
        self._promise(claim, ">=", limit, came_out, unit, lambda x: x >= limit)

    def _promise(
        self,
        claim: str,
        sign: str,
        limit: float,
        came_out: float | None,
        unit: str,
        holds: Callable[[float], bool],
    ) -> None:
        kept = None if came_out is None else holds(came_out)
        said = "not measured" if came_out is None else f"{text(float(came_out))} {unit}"
        self.promises.append((claim, f"{sign} {limit:g} {unit}".strip(), said.strip(), kept))

    def conclude(self) -> None:
        """The last table."""
        kept = {True: "yes", False: "NO", None: "-"}
        rows = [[*promise, kept[holds]] for *promise, holds in self.promises]
        table("What was promised", ["", "promised", "came out", "kept"], rows)


def say(what: str) -> None:
    """How far it is."""
    print(f"  ... {what}", file=sys.stderr, flush=True)


def middle(results: list[Result]) -> Result:
    """The median of each figure; of what was lost or doubled the most."""
    merged: Result = {}
    for name in results[0]:
        values = [result[name] for result in results if result[name] is not None]
        worst = name in ("lost", "twice")
        merged[name] = (max if worst else median)(values) if values else None
    return merged


def best(results: list[Result]) -> Result:
    """The round that used the least CPU, whole; of a stall the median, since it is one moment."""
    least = min(results, key=lambda result: result["cpu_us"])
    return {**least, **{name: of for name, of in middle(results).items() if "stall" in name}}


def whole(result: Result | None) -> float | None:
    """CPU of the process and of the database server, in us."""
    return None if result is None else result["cpu_us"] + result.get("server_us", 0)


def ratio(one: float | None, other: float | None) -> float | None:
    """How many times the other."""
    return one / other if one is not None and other else None


def table(title: str, columns: list[str], rows: list[list[object]]) -> None:
    """Printed as soon as it is known."""
    texts = [[text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    print(f"\n{title}\n")
    for row in (columns, ["-" * width for width in widths], *texts):
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        print("   ", row[0].ljust(widths[0]), " ".join(f" {cell}" for cell in cells[1:]))
    sys.stdout.flush()


def text(cell: object) -> str:
    """A cell as it is read."""
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return str(cell)
