"""Plans on paper: from the costs that `bench scaling` measured, how many processes a load needs, and where it breaks first.

`python -m bench.simulate [FILE]` prints the plans of docs/scaling.md. The broker is one thread that serves a call after the
other, so beside its share of a core its queue is simulated: sessions tick ten times a second, each with a phase of its own.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from bench.model import PARTS, Load, Model
from bench.report import percentile

BUSY = 0.6
"""Share of a core up to which a process is planned: above, queues grow faster than load."""
TICK_S = 0.1
SEED = 5
SIMULATED_S = 5.0
MAX_CALLS = 400_000
API_KIB_A_VIEWER = 40
CHILD_MIB = 14
MEASURED = Path(__file__).parent / "costs.json"
"""Costs that a run of `bench scaling` found: part -> what -> microseconds."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A load to plan for: `viewers` in all, spread over the sessions, which run at real time."""

    name: str
    sessions: int
    viewers: int
    entry_bytes: int = 1_000

    @property
    def watched_sessions(self) -> int:
        return min(self.sessions, self.viewers)


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What a plan needs."""

    apis: int
    worker_cores: float
    children_gib: float
    brokers: int
    broker_share: float
    """Of one core, of each broker."""
    broker_wait_ms: tuple[float, float]
    """p50 and p99 from a call until it is served."""
    api_mib: float
    broker_sends_mbit: float
    out_gbit: float


def plan(model: Model, wanted: Plan) -> Fleet:
    """The smallest fleet of which no process is busier than `BUSY`; sessions are spread over brokers, and each API process
    serves one broker's sessions."""
    brokers = 1
    while True:
        found = _with_brokers(model, wanted, brokers)
        if found.broker_share <= BUSY:
            return found
        brokers += max(1, brokers // 4)


def _with_brokers(model: Model, wanted: Plan, brokers: int) -> Fleet:
    sessions = wanted.sessions / brokers
    entries = sessions / TICK_S
    viewers = wanted.viewers / brokers
    watched_sessions = wanted.watched_sessions / brokers
    a_viewer = wanted.viewers / max(1, wanted.watched_sessions)
    deliveries = viewers / TICK_S
    apis = 1
    while True:
        # Viewers go anywhere, so an API process hears the sessions of those that it happens to have.
        here = viewers / apis
        heard = watched_sessions * (1 - (1 - 1 / apis) ** a_viewer) if apis > 1 else watched_sessions
        load = Load(
            sessions=sessions,
            entries=entries,
            watched=heard / TICK_S,
            deliveries=deliveries / apis,
            apis=apis,
        )
        if model.cores("api", load) <= BUSY or apis > viewers:
            break
        apis = max(apis + 1, math.ceil(apis * 1.05))
    share = model.cores("broker", load)
    return Fleet(
        apis=apis * brokers,
        worker_cores=model.cores("workers", load) * brokers / BUSY,
        children_gib=wanted.sessions * CHILD_MIB / 1024,
        brokers=brokers,
        broker_share=share,
        broker_wait_ms=broker_wait_ms(model, load),
        api_mib=here * API_KIB_A_VIEWER / 1024,
        broker_sends_mbit=load.watched * apis * wanted.entry_bytes * 8 / 1e6,
        out_gbit=wanted.viewers / TICK_S * wanted.entry_bytes * 8 / 1e9,
    )


def broker_wait_ms(model: Model, load: Load) -> tuple[float, float]:
    """p50 and p99 of how long a publish call waits for its turn and is served, in milliseconds.

    A call takes what the model says that an entry costs the broker, its fan-out included.
    """
    if load.entries == 0:
        return 0.0, 0.0
    service_s = (model.cores("broker", load) - model.cores("broker", Load())) / load.entries
    dice = random.Random(SEED)
    phases = sorted(dice.uniform(0, TICK_S) for _ in range(max(1, round(load.sessions))))
    rounds = max(2, min(round(SIMULATED_S / TICK_S), MAX_CALLS // len(phases)))
    free_at, waits = 0.0, []
    for n in range(rounds):
        for phase in phases:
            came = n * TICK_S + phase
            free_at = max(free_at, came) + service_s
            waits.append(1000 * (free_at - came))
    return percentile(waits, 0.5), percentile(waits, 0.99)


PLANS: Sequence[Plan] = (
    Plan(name="1,000 viewers of 1 session", sessions=1, viewers=1_000),
    Plan(name="1,000 viewers of 100 sessions", sessions=100, viewers=1_000),
    Plan(name="1,000,000 viewers of 1 session", sessions=1, viewers=1_000_000),
    Plan(name="1,000,000 viewers of 1,000 sessions", sessions=1_000, viewers=1_000_000),
    Plan(name="10,000 sessions, nobody watches", sessions=10_000, viewers=0),
    Plan(name="10,000 sessions, 10,000 viewers", sessions=10_000, viewers=10_000),
)


def costs_in(file: Path) -> Model:
    """The model in a report of `bench scaling` (`--json`), or in `bench/costs.json`."""
    told = orjson.loads(file.read_bytes())
    if isinstance(told, dict) and set(told) == set(PARTS):
        return Model(us=told)
    figures = [figure for report in told for figure in report["figures"]]
    found: dict[str, dict[str, float]] = {part: {} for part in PARTS}
    for figure in figures:
        part, _, what = figure["name"].partition(": ")
        if part in PARTS and what in PARTS[part]:
            found[part][what] = figure["median"]
    return Model(us=found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.simulate", description=__doc__)
    parser.add_argument(
        "costs", nargs="?", type=Path, default=MEASURED, help="a file that `bench --json FILE scaling` wrote"
    )
    model = costs_in(parser.parse_args().costs)
    table = Table(
        title=f"No process busier than {BUSY:.0%} of a core; sessions at real time", title_justify="left"
    )
    for column in ("plan", "brokers", "of a core each", "publish p50/p99", "APIs", "MiB each", "worker cores",
                   "children GiB", "broker sends", "out"):  # fmt: skip
        table.add_column(column, justify="left" if column == "plan" else "right")
    for wanted in PLANS:
        fleet = plan(model, wanted)
        table.add_row(
            wanted.name, str(fleet.brokers), f"{fleet.broker_share:.2f}",
            f"{fleet.broker_wait_ms[0]:.2f}/{fleet.broker_wait_ms[1]:.2f} ms", str(fleet.apis),
            f"{fleet.api_mib:.0f}", f"{fleet.worker_cores:.1f}", f"{fleet.children_gib:.1f}",
            f"{fleet.broker_sends_mbit:.1f} Mbit/s", f"{fleet.out_gbit:.2f} Gbit/s",
        )  # fmt: skip
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
