"""The accelerated engine against stock OpenG2G: ticks a second, their ratio, identity to the last bit.

Both engines run in the same call, in turns, each in a process of its own; only the steps are timed, not the build.
`python -m bench.engine [--rounds N] [--seconds S] [--json FILE] [SCENARIO ...]` takes any scenarios ("all": every
one); as a part of `python -m bench` it runs those whose ratio is promised.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from openg2g.coordinator import Coordinator

from bench.report import Report, write_json
from gridcast.scenarios import catalogue, resolve
from gridcast.workers.engine.build import build, build_stock, warm
from gridcast.workers.engine.fingerprint import fingerprint

PROMISED = {"ieee13-ofo": 5.0, "ieee34-ofo": 3.5, "ieee123-ofo": 3.0}

R = TypeVar("R")


def run(*, quick: bool) -> Report:
    return measure(tuple(PROMISED), rounds=3 if quick else 5, seconds=30 if quick else 120)


def measure(scenarios: Sequence[str], *, rounds: int, seconds: int) -> Report:
    """Each scenario's speeds over so many simulated seconds, and whether all ticks are equal."""
    report = Report(title=f"Engine, {seconds} simulated seconds")
    for scenario in scenarios:
        stock, fast = [], []
        for _ in range(rounds):
            stock.append(_alone(_ticks_per_s, "stock", scenario, seconds))
            fast.append(_alone(_ticks_per_s, "fast", scenario, seconds))
        ratios = [accelerated / own for accelerated, own in zip(fast, stock, strict=True)]
        report.add(f"{scenario}, stock", stock, unit="ticks/s")
        report.add(f"{scenario}, accelerated", fast, unit="ticks/s")
        report.add(f"{scenario}, ratio", ratios, at_least=PROMISED.get(scenario))
        same = _alone(_digest, "stock", scenario, seconds) == _alone(_digest, "fast", scenario, seconds)
        report.add(f"{scenario}, bit-identical (1: yes)", [float(same)], at_least=1)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.engine", description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help="default: those whose ratio is promised"
    )
    parser.add_argument("--rounds", type=int, default=5, help="runs of each engine (5)")
    parser.add_argument("--seconds", type=int, default=120, help="simulated seconds of a run (120)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args()
    scenarios = list(catalogue()) if options.scenarios == ["all"] else options.scenarios or list(PROMISED)
    if unknown := [name for name in scenarios if name not in catalogue()]:
        parser.error(f"there is no scenario {', '.join(unknown)}; scenarios: {', '.join(catalogue())}")
    report = measure(scenarios, rounds=options.rounds, seconds=options.seconds)
    report.show()
    if options.json is not None:
        write_json(options.json, [report])


def _alone(task: Callable[..., R], *args: Any) -> R:
    """The result of a task in a new process: OpenDSS is one engine per process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([build.__module__])
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


if __name__ == "__main__":
    main()
