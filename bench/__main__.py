"""`python -m bench [--quick] [--json FILE] [NAME ...]`: run the benchmarks and print their tables."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from bench import (
    abuse,
    cost,
    drill,
    engine,
    fanout,
    fuzz,
    history,
    memory,
    million,
    operations,
    page,
    recordings,
    scaling,
    steering,
    strain,
    tuning,
    whole_path,
)
from bench.report import Report, write_json

SPEED: dict[str, Callable[..., Report]] = {
    "engine": engine.run,
    "whole-path": whole_path.run,
    "fan-out": fanout.run,
    "strain": strain.run,
    "memory": memory.run,
    "cost": cost.run,
    "page": page.run,
    "commands": steering.commands,
    "join": history.run,
}
"""What every change to the way of a tick is looked at with."""

LONG: dict[str, Callable[..., Report]] = {
    "steering": steering.run,
    "recordings": recordings.run,
    "million": million.run,
    "tuning": tuning.run,
    "fuzz": fuzz.run,
    "abuse": abuse.run,
    "operations": operations.run,
    "drill": drill.run,
    "scaling": scaling.run,
}
"""What takes many minutes each, and is asked for by name."""

BENCHES = {**SPEED, **LONG}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"some of: {', '.join(SPEED)} (default: all of these); by name only: {', '.join(LONG)}",
    )
    parser.add_argument("--quick", action="store_true", help="shorter runs, fewer repeats")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    reports = []
    for name in options.names or SPEED:
        begin = time.monotonic()
        report = BENCHES[name](quick=options.quick)
        report.notes.append(f"{name} took {time.monotonic() - begin:.0f} s")
        report.show()
        reports.append(report)
    if options.json is not None:
        write_json(options.json, reports)


if __name__ == "__main__":
    main()
