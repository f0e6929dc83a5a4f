"""``python -m bench``: the sections in order, then what was promised beside what came out.

Whatever is compared is measured in turns, round by round, and a figure is the median of its
rounds. On a machine that has other things to do, only the ratios mean something.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path

from bench.databases import databases
from bench.report import Plan, Report
from bench.sections import NAMES, SECTIONS

QUICK = Plan((), (1_000,), rounds=1, slow_peers=False, seconds=0, turns=1_000)
USUAL = Plan((1_000, 100_000), (1_000, 10_000), rounds=2, slow_peers=True, seconds=15, turns=800)
FULL = Plan(
    people=(1_000, 10_000, 100_000, 1_000_000),
    due=(1_000, 10_000),
    rounds=3,
    slow_peers=True,
    seconds=60,
    turns=4_000,
)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick", action="store_true", help="one round of the most telling, two minutes"
    )
    size.add_argument("--full", action="store_true", help="up to a million people")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there, too")
    asked = parser.parse_args()
    plan = QUICK if asked.quick else FULL if asked.full else USUAL
    began = time.monotonic()
    with databases() as where:
        report = Report(plan, where)
        kinds = " and ".join(NAMES[kind] for kind in where.kinds)
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {kinds}; {load()}")
        for name, section in SECTIONS.items():
            if not asked.only or name in asked.only:
                section(report)
    report.conclude()
    print(f"\n{time.monotonic() - began:.0f} s; {load()}")
    if asked.json:
        asked.json.write_text(json.dumps(report.results, indent=1) + "\n")


def load() -> str:
    """How busy the machine is."""
    return f"load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
