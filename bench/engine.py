"""The accelerated engine against stock OpenG2G: ticks a second, their ratio, identity to the last bit, memory.

    python -m bench.engine [SCENARIO ...] [--rounds 5] [--seconds 120] [--memory] [--json FILE]

Both engines run in the same call, in turns, each in a process of its own; the ratio is that of the medians. Only the
steps are timed, not the build. Without names: the OFO scenarios, whose ratios are promised.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from openg2g.coordinator import Coordinator

from gridcast.scenarios import FEEDERS, catalogue, resolve
from gridcast.workers.engine.build import build, build_stock, warm
from gridcast.workers.engine.fingerprint import fingerprint

GOALS = {"ieee13-ofo": 4.5, "ieee34-ofo": 3.0, "ieee123-ofo": 2.5}
"""Promised ratios."""

MEMORY_TICKS = (5_000, 36_000)
MEMORY_GOAL_MB = 5.0

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One scenario's figures."""

    scenario: str
    stock_ticks_per_s: float
    fast_ticks_per_s: float
    ratio: float
    goal: float | None
    identical: bool
    ticks: int
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Private memory of a session's process, in MB."""

    scenario: str
    at_first_mb: float
    at_last_mb: float
    growth_mb: float


def main() -> int:
    """Print the table; 1 when a promise is not kept."""
    options = _options()
    rows = [_measure(name, options.rounds, options.seconds) for name in options.scenarios or GOALS]
    growth = [_growth(f"{feeder}-ofo-taps") for feeder in FEEDERS] if options.memory else []
    if options.json is not None:
        options.json.write_text(json.dumps({"engine": [*map(asdict, rows)], "memory": [*map(asdict, growth)]}, indent=2))
    kept = all(row.identical and (row.goal is None or row.ratio >= row.goal) for row in rows)
    return 0 if kept and all(grown.growth_mb < MEMORY_GOAL_MB for grown in growth) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(catalogue())}; all: every one")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each engine (5)")
    parser.add_argument("--seconds", type=int, default=120, help="simulated seconds a run (120)")
    parser.add_argument("--memory", action="store_true", help="also the memory of a whole hour on each feeder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    if options.scenarios == ["all"]:
        options.scenarios = list(catalogue())
    if unknown := [name for name in options.scenarios if name not in catalogue()]:
        parser.error(f"there is no scenario {', '.join(unknown)}; scenarios: {', '.join(catalogue())}")
    return options


def _measure(scenario: str, rounds: int, seconds: int) -> Row:
    stock, fast = [], []
    for _ in range(rounds):
        stock.append(_alone(_ticks_per_s, "stock", scenario, seconds))
        fast.append(_alone(_ticks_per_s, "fast", scenario, seconds))
    row = Row(
        scenario=scenario,
        stock_ticks_per_s=round(statistics.median(stock), 1),
        fast_ticks_per_s=round(statistics.median(fast), 1),
        ratio=round(statistics.median(fast) / statistics.median(stock), 2),
        goal=GOALS.get(scenario),
        identical=_alone(_digest, "stock", scenario, seconds) == _alone(_digest, "fast", scenario, seconds),
        ticks=resolve(scenario, {"duration_s": seconds}).n_ticks,
        rounds=rounds,
    )
    goal = "" if row.goal is None else f"(goal {row.goal:g})"
    print(
        f"{row.scenario:20} stock {row.stock_ticks_per_s:8,.0f}/s   accelerated {row.fast_ticks_per_s:8,.0f}/s   "
        f"{row.ratio:5.2f}x {goal:11} bit-identical: {'yes' if row.identical else 'NO'} "
        f"({row.ticks} ticks, median of {row.rounds})",
        flush=True,
    )
    return row


def _growth(scenario: str) -> Growth:
    first_mb, last_mb = _alone(_private_mb, scenario)
    growth = Growth(
        scenario=scenario,
        at_first_mb=round(first_mb, 2),
        at_last_mb=round(last_mb, 2),
        growth_mb=round(last_mb - first_mb, 2),
    )
    print(
        f"{scenario:20} private memory {first_mb:.1f} MB at tick {MEMORY_TICKS[0]:,}, {last_mb:.1f} MB at tick "
        f"{MEMORY_TICKS[1]:,}: {growth.growth_mb:+.2f} MB (goal: less than {MEMORY_GOAL_MB:g})",
        flush=True,
    )
    return growth


def _alone(task: Callable[..., R], *args: Any) -> R:
    """The result of a task in a new process: OpenDSS is one engine per process."""
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(partial(task, *args)).result()


def _coordinator(kind: str, scenario: str, seconds: int) -> Coordinator[Any, Any]:
    warm()
    config = resolve(scenario, {"duration_s": seconds})
    return build(config).coordinator if kind == "fast" else build_stock(config)


def _ticks_per_s(kind: str, scenario: str, seconds: int) -> float:
    coordinator = _coordinator(kind, scenario, seconds)
    ticks = int(coordinator.total_duration_s / coordinator.clock.tick_s)
    coordinator.reset()
    coordinator.start()
    started = time.perf_counter()
    for _ in range(ticks):
        coordinator.step()
    return ticks / (time.perf_counter() - started)


def _digest(kind: str, scenario: str, seconds: int) -> str:
    whole = sha256()
    for output in _coordinator(kind, scenario, seconds).run_iter():
        whole.update(fingerprint(output))
    return whole.hexdigest()


def _private_mb(scenario: str) -> tuple[float, float]:
    """Private memory at the two ticks of `MEMORY_TICKS` (Linux)."""
    coordinator = _coordinator("fast", scenario, 3600)
    coordinator.reset()
    coordinator.start()
    found = []
    for tick in range(1, MEMORY_TICKS[1] + 1):
        coordinator.step()
        if tick in MEMORY_TICKS:
            lines = Path("/proc/self/smaps_rollup").read_text("ascii").splitlines()
            found.append(sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024)
    return found[0], found[1]


if __name__ == "__main__":
    sys.exit(main())
