"""The accelerated simulation is OpenG2G's, to the last bit."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from gridcast.scenarios import catalogue
from tests.workers.engine.runs import commanded_digests, first_difference, in_process, tick_digests

EVERYTHING: dict[str, Any] = {
    "duration_s": 14,
    "datacenters.0.power_factor": 0.97,
    "datacenters.0.connection": "delta",
    "datacenters.0.training": [
        {"n_gpus": 80, "t_start_s": 2, "t_end_s": 9},
        {"n_gpus": 40, "t_start_s": 4.05, "t_end_s": 6},
    ],
    "datacenters.0.models.0.ramps": [
        {"target": 150, "t_start_s": 1, "t_end_s": 3},
        {"target": 20, "t_start_s": 3, "t_end_s": 8.5},
        {"target": 40, "t_start_s": 10, "t_end_s": 10},
    ],
    "datacenters.1.power_augmentation": {"noise_fraction": 0.0},
    "datacenters.2.dt_s": 0.2,
    "datacenters.3.models.0.ramps": [{"target": 0, "t_start_s": 2, "t_end_s": 6}],
    "loads": [
        {"bus": "13", "peak_kw": 30.0, "site_idx": 2},
        {"bus": "1", "profile": "constant", "peak_kw": 5.0},
    ],
    "storages": [{"name": "battery", "bus": "60", "rated_power_kw": 200.0, "capacity_kwh": 0.2}],
    "controllers": [
        {
            "type": "tap_schedule",
            "schedule": [
                {"t_s": 0, "taps": {"creg1a": 1.05}},
                {"t_s": 3, "taps": {"creg4a": 0.95, "creg4b": 1.0}},
            ],
        },
        {
            "type": "batch_size_schedule",
            "datacenter": "z1_sw",
            "schedule": [{"t_s": 2, "model": "Llama-3.1-8B", "batch_size": 32}],
        },
        {"type": "rule_based", "datacenter": "z2_nw", "step_size": 300.0, "dt_s": 0.5},
        {"type": "ofo", "datacenter": "z3_se", "sensitivity_update_interval": 4},
        {"type": "storage_droop", "mode": "pv", "voltage_statistic": "mean", "dt_s": 0.4},
        {"type": "storage_droop", "name": "again", "mode": "qv", "voltage_statistic": "latest", "dt_s": 3.0},
        {"type": "load_shift"},
    ],
}
"""What the catalogue has, and what it has not, within seconds."""


@pytest.mark.parametrize("scenario", catalogue())
def test_every_tick_of_the_catalogue_equals_that_of_openg2g(
    processes: ProcessPoolExecutor, scenario: str
) -> None:
    runs = [processes.submit(tick_digests, kind, scenario, {"duration_s": 12}) for kind in ("fast", "stock")]
    fast, stock = (run.result(timeout=100) for run in runs)
    assert len(fast) == 120
    assert first_difference(fast, stock) is None


@pytest.mark.parametrize("seed", [0, 3])
def test_ramps_training_schedules_and_batteries_equal_those_of_openg2g(
    processes: ProcessPoolExecutor, seed: int
) -> None:
    overrides = {**EVERYTHING, "seed": seed}
    fast, stock = (
        in_process(processes, tick_digests, kind, "ieee123", overrides) for kind in ("fast", "stock")
    )
    assert first_difference(fast, stock) is None


def test_replicas_that_ramp_down_and_training_equal_those_of_openg2g_when_they_meet(
    processes: ProcessPoolExecutor,
) -> None:
    overrides = {
        "duration_s": 12,
        "datacenters.0.training": [{"n_gpus": 2400, "t_start_s": 2.0, "t_end_s": 9.0}],
        **{
            f"datacenters.0.models.{i}.ramps": [{"target": 9, "t_start_s": 3, "t_end_s": 11}]
            for i in range(5)
        },
    }
    fast, stock = (
        in_process(processes, tick_digests, kind, "ieee13-ofo-taps", overrides) for kind in ("fast", "stock")
    )
    assert first_difference(fast, stock) is None


def test_replicas_that_move_between_datacenters_equal_those_of_openg2g(
    processes: ProcessPoolExecutor,
) -> None:
    overrides = {
        "duration_s": 8,
        "controllers.5.v_min": 1.03,
    }  # at their smallest batches, below this bound: they move
    fast, stock = (
        in_process(processes, tick_digests, kind, "ieee123-load-shift", overrides)
        for kind in ("fast", "stock")
    )
    assert first_difference(fast, stock) is None


def test_a_grid_that_is_slower_than_its_datacenters_equals_openg2g(processes: ProcessPoolExecutor) -> None:
    overrides = {"duration_s": 12, "grid_dt_s": 0.3, "controllers.0.dt_s": 0.9}
    fast, stock = (
        in_process(processes, tick_digests, kind, "ieee13-ofo", overrides) for kind in ("fast", "stock")
    )
    assert first_difference(fast, stock) is None


def test_commands_between_ticks_have_the_effect_that_they_have_on_openg2g(
    processes: ProcessPoolExecutor,
) -> None:
    fast, stock = (
        in_process(processes, commanded_digests, kind, "ieee34-ofo", {"duration_s": 12})
        for kind in ("fast", "stock")
    )
    assert first_difference(fast, stock) is None


def test_two_sessions_at_once_run_as_each_does_alone(processes: ProcessPoolExecutor) -> None:
    scenarios = ["ieee13-ofo", "ieee123-storage-qv"]
    minute = {"duration_s": 60}
    alone = [in_process(processes, tick_digests, "fast", scenario, minute) for scenario in scenarios]
    together = [processes.submit(tick_digests, "fast", scenario, minute) for scenario in scenarios]
    for before, run in zip(alone, together, strict=True):
        assert first_difference(before, run.result(timeout=100)) is None


def test_another_seed_is_another_run(processes: ProcessPoolExecutor) -> None:
    one, other = (
        in_process(processes, tick_digests, "fast", "ieee13", {"duration_s": 1, "seed": seed})
        for seed in (0, 1)
    )
    assert first_difference(one, other) == 0
