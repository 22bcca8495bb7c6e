"""Metrics kept up block by block equal OpenG2G's over the whole run."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Any

import pytest
from openg2g.metrics.performance import compute_performance_stats
from openg2g.metrics.voltage import compute_allbus_voltage_stats

from gridcast.scenarios import resolve
from gridcast.workers.engine.build import build, build_stock
from gridcast.workers.engine.columns import Gatherer, Layout
from gridcast.workers.engine.summary import Summary
from tests.goldens import golden
from tests.workers.engine.runs import in_process

SCENARIOS = [
    ("ieee13-taps", {"duration_s": 60, "v_min": 0.96, "datacenters.0.dt_s": 0.5}),
    ("ieee34-ofo", {"duration_s": 30, "grid_dt_s": 0.5}),
    ("ieee123-storage-qv", {"duration_s": 20}),
]


def our_metrics(scenario: str, overrides: dict[str, Any], every: int) -> dict[str, Any]:
    simulation = build(resolve(scenario, overrides))
    coordinator = simulation.coordinator
    coordinator.reset()
    coordinator.start()
    gatherer = Gatherer(simulation, Layout.of(simulation))
    summary = Summary(simulation)
    for tick in range(simulation.config.n_ticks):
        gatherer.add(coordinator.step())
        if tick % every == 0:
            summary.add(gatherer.take())
    if len(gatherer):
        summary.add(gatherer.take())
    return summary.metrics()


def openg2g_metrics(scenario: str, overrides: dict[str, Any]) -> dict[str, Any]:
    config = resolve(scenario, overrides)
    run = build_stock(config).run()
    deadlines = {model.label: model.itl_deadline_s for site in config.datacenters for model in site.models}
    voltage = compute_allbus_voltage_stats(
        run.grid_states, v_min=config.v_min, v_max=config.v_max, exclude_buses=config.exclude_buses
    )
    performance = compute_performance_stats(run.dc_states, itl_deadline_s_by_model=deadlines)
    return {**asdict(voltage), **asdict(performance)}


@pytest.mark.parametrize(("scenario", "overrides"), SCENARIOS)
def test_metrics_equal_those_of_openg2g(
    processes: ProcessPoolExecutor, scenario: str, overrides: dict[str, Any]
) -> None:
    ours = in_process(processes, our_metrics, scenario, overrides, 37)
    theirs = in_process(processes, openg2g_metrics, scenario, overrides)
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        assert ours[name] == pytest.approx(expected, rel=1e-9, abs=1e-12), name


def test_metrics_of_the_golden_summary_are_those_that_a_run_gives(processes: ProcessPoolExecutor) -> None:
    ours = in_process(processes, our_metrics, "ieee13", {"duration_s": 2}, 10)
    assert golden("summary")["metrics"].keys() == ours.keys()
