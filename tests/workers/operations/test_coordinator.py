"""An operation from its first point to its last word, with simulations that come out as the test says."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.errors import GridcastError
from gridcast.broadcaster.names import SIMULATIONS
from gridcast.broadcaster.simulations import Result
from gridcast.scenarios import catalogue
from gridcast.workers.operations.classes import RULES
from gridcast.workers.operations.coordinator import WINDOW
from tests.waiting import seen
from tests.workers.operations.bench import BASE, DIVERGED, HEATMAP, STEP, OperationBench, done
from tests.workers.tuning.bench import Bench, Event
from tests.workers.tuning.specs import task_spec

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

Config = Mapping[str, Any]


@pytest.fixture
async def bench(valkey_url: str, tmp_path: Path) -> AsyncIterator[OperationBench]:
    # Another database than the one in which the real workers of other tests look for jobs.
    settings = Settings(redis_url=f"{valkey_url.removesuffix('/0')}/1", dir=tmp_path)
    redis: Redis = async_client(settings)
    yield OperationBench(settings, redis)
    await redis.aclose()


def step_of(config: Config) -> float:
    return float(config["controllers"][0]["voltage_dual_step_size"])


def base_kw(config: Config) -> float:
    return float(config["datacenters"][0]["base_kw_per_phase"])


def product(config: Config) -> Result:
    return done(integral_violation_pu_s=step_of(config) * base_kw(config))


def assert_in_order(entries: list[Event]) -> None:
    """Offsets without a hole; what is told never goes back; the last entry, and only that, is final."""
    assert [entry["offset"] for entry in entries] == list(range(1, len(entries) + 1))
    told = [(entry["pct"], entry.get("step", entry["pct"])) for entry in entries if "pct" in entry]
    assert [pct for pct, _ in told] == sorted(pct for pct, _ in told)
    assert [entry.get("final", False) for entry in entries] == [False] * (len(entries) - 1) + [True]


async def test_a_heatmap_tells_each_cell_and_then_all_of_them(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", HEATMAP)
    async with bench.computing(product):
        state = await bench.coordinate(channel)
    entries = await bench.events(channel)
    assert_in_order(entries)
    assert state.status == "completed"
    assert entries[0]["msg"] == "queued"
    points = [entry["point"] for entry in entries if "point" in entry]
    assert sorted((cell["y"], cell["x"]) for cell in points) == [(y, x) for y in range(3) for x in range(4)]
    assert {cell["part"] for cell in points} == {"cell"}
    last = entries[-1]
    assert (last["type"], last["pct"]) == ("complete", 100)
    result = last["result"]
    assert (result["x"], result["y"]) == ([1.0, 2.0, 3.0, 4.0], [0.0, 500.0, 1000.0])
    assert result["values"] == [[x * y for x in result["x"]] for y in result["y"]]
    assert result["best"] == {"x": 0, "y": 0, "value": 0.0}
    assert result["baseline"] == {"x": 1.0, "y": 500.0}
    assert (result["metric"], result["unit"], result["better"]) == (
        "integral_violation_pu_s",
        "pu s",
        "minimize",
    )
    assert (result["simulations"], result["cached"], result["failed"]) == (12, 0, 0)
    assert (result["op"], result["scenario"], result["seed"], result["duration_s"]) == (
        "heatmap",
        "ieee13-ofo",
        0,
        300,
    )
    assert state.told["result"] == result
    assert state.told["progress"]["pct"] == 100


async def test_a_metric_that_shall_be_large_has_its_best_where_it_is_largest(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", {**HEATMAP, "metric": "worst_vmin"})
    async with bench.computing(lambda config: done(worst_vmin=step_of(config))):
        state = await bench.coordinate(channel)
    assert state.told["result"]["best"]["x"] == 3


async def test_what_was_computed_before_is_told_at_once_and_computes_nothing(bench: OperationBench) -> None:
    async with bench.computing(product):
        first = await bench.coordinate(await bench.ask("heatmap", HEATMAP))
    computed = len(bench.computed)
    state = await bench.coordinate(await bench.ask("heatmap", HEATMAP))
    assert (computed, len(bench.computed)) == (12, 12)
    result = state.told["result"]
    assert (result["simulations"], result["cached"]) == (12, 12)
    assert result["values"] == first.told["result"]["values"]
    assert not await bench.redis.exists(SIMULATIONS)


async def test_a_config_that_a_task_has_tried_is_not_computed_again(bench: OperationBench) -> None:
    tasks = Bench(bench.settings, bench.redis)
    space = {STEP: {"type": "categorical", "choices": [1.0, 2.0, 3.0, 4.0]}}
    spec = task_spec(
        space=space, sampler="grid", overrides={"duration_s": 300, BASE: 500.0}, baseline=False, experiments=4
    )
    async with tasks.computing(product):
        await tasks.coordinate(await tasks.create(spec))
    async with bench.computing(product):
        state = await bench.coordinate(await bench.ask("heatmap", HEATMAP))
    assert len(tasks.computed) == 4
    assert len(bench.computed) == 8
    assert (state.told["result"]["simulations"], state.told["result"]["cached"]) == (12, 4)


async def test_a_cell_that_diverges_is_marked_and_the_others_come(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", HEATMAP)
    async with bench.computing(lambda config: DIVERGED if base_kw(config) > 600 else product(config)):
        state = await bench.coordinate(channel)
    result = state.told["result"]
    assert state.status == "completed"
    assert result["failed"] == 4
    assert result["values"][2] == [None] * 4
    assert result["failures"] == [
        {"x": x, "y": 2, "status": "diverged", "reason": DIVERGED.reason} for x in range(4)
    ]
    cells = [entry["point"] for entry in await bench.events(channel) if "point" in entry]
    assert Counter(cell["status"] for cell in cells) == {"done": 8, "diverged": 4}


async def test_a_cell_that_its_scenario_refuses_is_marked_without_being_computed(
    bench: OperationBench,
) -> None:
    replicas = {"param_x": "datacenters.0.models.0.replicas", "x_min": 700, "x_max": 9000, "x_steps": 2}
    channel = await bench.ask("heatmap", {**HEATMAP, **replicas})
    async with bench.computing(product):
        state = await bench.coordinate(channel)
    result = state.told["result"]
    assert (result["simulations"], result["failed"], len(bench.computed)) == (3, 3, 3)
    assert [failure["x"] for failure in result["failures"]] == [1, 1, 1]
    assert "GPUs" in result["failures"][0]["reason"]


async def test_a_simulation_that_lost_its_process_too_often_is_a_failed_point(bench: OperationBench) -> None:
    lost = Result(reason="its worker was lost, 3 times in a row", kind="accident")
    channel = await bench.ask("heatmap", HEATMAP)
    async with bench.computing(lambda config: lost if step_of(config) == 1 else product(config)):
        state = await bench.coordinate(channel)
    assert state.status == "completed"
    assert {failure["status"] for failure in state.told["result"]["failures"]} == {"failed"}


async def test_a_run_without_the_metric_is_a_failed_cell(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", {**HEATMAP, "metric": "worst_vmin"})

    def blind(config: Config) -> Result:
        whole = product(config)
        assert whole.metrics is not None
        return Result(metrics={**whole.metrics, "worst_vmin": None}, facts=whole.facts)

    async with bench.computing(blind):
        state = await bench.coordinate(channel)
    result = state.told["result"]
    assert (result["failed"], result["best"]) == (12, None)
    assert result["failures"][0]["reason"] == "the run has no worst_vmin"


async def test_only_so_many_simulations_wait_at_once(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", {**HEATMAP, "x_steps": 20, "y_steps": 10})
    coordinating = asyncio.create_task(bench.coordinate(channel))
    await seen(bench.wanted, lambda there: there == WINDOW)
    async with bench.computing(product):
        state = await coordinating
    assert state.told["result"]["simulations"] == 200


async def test_a_cancelled_operation_says_so_and_wants_nothing_more(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", HEATMAP)
    async with bench.computing(lambda config: product(config) if base_kw(config) == 0 else None):
        coordinating = asyncio.create_task(bench.coordinate(channel))
        await seen(lambda: bench.analyses.record_count(channel), lambda there: there == 4)
        await bench.commands.append(channel, command_id="c", by="user:ada", command="cancel", args={})
        state = await coordinating
    assert state.status == "cancelled"
    entries = await bench.events(channel)
    assert_in_order(entries)
    assert (entries[-1]["type"], entries[-1]["code"]) == ("error", "cancelled")
    assert not await bench.redis.exists(SIMULATIONS)
    assert "result" not in state.told


async def test_a_coordinator_that_takes_over_goes_on_where_the_other_was(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", HEATMAP)
    async with bench.computing(lambda config: product(config) if base_kw(config) == 0 else None):
        coordinating = asyncio.create_task(bench.coordinate(channel))
        await seen(lambda: bench.analyses.record_count(channel), lambda there: there == 4)
        coordinating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await coordinating
    token = await bench.leases.acquire(channel)
    assert await bench.analyses.again(channel, token=token) == 2
    await bench.leases.release(channel, token)
    async with bench.computing(product):
        state = await bench.coordinate(channel)
    entries = await bench.events(channel)
    assert_in_order(entries)
    cells = [(entry["point"]["x"], entry["point"]["y"]) for entry in entries if "point" in entry]
    assert len(cells) == len(set(cells)) == 12
    assert "recovering: its worker was lost" in [entry.get("msg") for entry in entries]
    assert "attempt 2 goes on" in [entry.get("msg") for entry in entries]
    assert state.told["result"]["values"][2] == [1000.0, 2000.0, 3000.0, 4000.0]
    assert len(bench.computed) == 12


async def test_who_is_taken_over_from_tells_nothing_more(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", HEATMAP)
    coordinating = asyncio.create_task(bench.coordinate(channel))
    await seen(bench.wanted, lambda there: there == 12)
    await bench.redis.delete(channel.lease)
    await bench.leases.acquire(channel)
    async with bench.computing(product):
        with pytest.raises(GridcastError):
            await coordinating
    assert await bench.analyses.record_count(channel) == 0


async def test_a_deleted_operation_wants_nothing_more(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", HEATMAP)
    coordinating = asyncio.create_task(bench.coordinate(channel))
    await seen(bench.wanted, lambda there: there == 12)
    await bench.analyses.delete(channel)
    async with bench.computing(lambda config: product(config) if base_kw(config) == 0 else None):
        with pytest.raises(GridcastError):
            await coordinating
    assert not await bench.redis.exists(SIMULATIONS)


async def test_how_far_points_under_way_are_counts_too(bench: OperationBench) -> None:
    channel = await bench.ask("heatmap", {**HEATMAP, "x_steps": 2, "y_steps": 2})
    coordinating = asyncio.create_task(bench.coordinate(channel))
    await seen(bench.wanted, lambda there: there == 4)

    async def told_pct() -> float:
        keys = [raw.decode() for raw in await bench.redis.smembers(SIMULATIONS)]  # type: ignore[misc]
        await bench.simulations.tell(dict.fromkeys(keys, 0.5))
        state = await bench.state(channel)
        return float((state.told.get("progress") or {}).get("pct", 0.0))

    await seen(told_pct, lambda pct: pct == 50.0)
    async with bench.computing(product):
        await coordinating
    entries = await bench.events(channel)
    assert_in_order(entries)
    assert any(entry.get("pct") == 50.0 and entry["step"] == 0 for entry in entries)


async def test_characterize_tells_the_scenario_from_three_sides(bench: OperationBench) -> None:
    def falling(config: Config) -> Result:
        """Undervoltage from 1.25 times the datacenter on, if nothing else is changed."""
        kw = base_kw(config)
        return done(mean_power_kw=2 * kw, max_power_kw=3 * kw, worst_vmin=1.0 - 0.08 * kw / 1000)

    asked = {"name": "ieee13-ofo", "pv_points": 5, "pv_max_scale": 2.0}
    channel = await bench.ask("characterize", asked)
    async with bench.computing(falling):
        state = await bench.coordinate(channel)
    result = state.told["result"]
    assert result["default"]["mean_power_kw"] == 1000.0
    assert [point["scale"] for point in result["pv_curve"]] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert [point["mean_power_kw"] for point in result["pv_curve"]] == [0.0, 500.0, 1000.0, 1500.0, 2000.0]
    limit = result["hosting_limit"]
    assert limit["limited_by"] == "undervoltage"
    assert (limit["scale"], limit["mean_power_kw"]) == (pytest.approx(1.25), pytest.approx(1250.0))
    tornado = result["sensitivity"]
    assert len(tornado) == 15
    assert (tornado[0]["parameter"], tornado[0]["strength"]) == (BASE, 1.0)
    assert (tornado[0]["base"], tornado[0]["low"]["value"], tornado[0]["high"]["value"]) == (
        500.0,
        400.0,
        600.0,
    )
    assert tornado[0]["low"]["metrics"]["worst_vmin"] > tornado[0]["high"]["metrics"]["worst_vmin"]
    assert [bar["strength"] for bar in tornado[1:]] == [0.0] * 14
    # The whole scenario is on its own curve: computed once, for both.
    assert (result["simulations"], result["cached"], len(bench.computed)) == (36, 1, 35)
    words = [entry["msg"] for entry in await bench.events(channel) if "point" in entry]
    assert "default run" in words
    assert [w for w in words if w.startswith("P-V")] == [f"P-V curve {n}/5" for n in range(1, 6)]
    assert [w for w in words if w.startswith("sensitivity")][-1].startswith("sensitivity 15/15: ")
    assert_in_order(await bench.events(channel))


async def test_a_characterized_scenario_that_diverges_everywhere_still_has_a_result(
    bench: OperationBench,
) -> None:
    channel = await bench.ask("characterize", {"name": "ieee13", "pv_points": 2})
    async with bench.computing(lambda config: DIVERGED):
        state = await bench.coordinate(channel)
    result = state.told["result"]
    assert (state.status, result["failed"]) == ("completed", 33)
    assert result["default"] == {
        "status": "diverged",
        "reason": DIVERGED.reason,
        "metrics": None,
        "mean_power_kw": None,
        "max_power_kw": None,
    }
    assert result["hosting_limit"]["limited_by"] == "diverged"


async def test_a_scan_sorts_every_site_and_scenario(bench: OperationBench) -> None:
    def by_bus(config: Config) -> Result:
        bus = config["datacenters"][0]["bus"]
        return {
            "632": done(worst_vmin=0.94),
            "670": done(worst_vmax=1.06),
            "680": done(worst_vmin=0.94, worst_vmax=1.06),
            "692": DIVERGED,
            "675": done(reversals=10, oscillation=10.0),
        }.get(bus, done())

    channel = await bench.ask("scan", {"feeders": ["ieee13"], "params": {"v_min": 0.945}})
    async with bench.computing(by_bus):
        state = await bench.coordinate(channel)
    result = state.told["result"]
    assert {site["bus"]: site["class"] for site in result["sites"]} == {
        "632": "undervoltage",
        "670": "overvoltage",
        "671": "within_band",
        "680": "both",
        "692": "diverged",
        "675": "oscillating",
        "633": "within_band",
    }
    assert [scenario["scenario"] for scenario in result["scenarios"]] == [
        name for name, scenario in catalogue().items() if scenario.feeder == "ieee13"
    ]
    assert (result["counts"]["within_band"], result["counts"]["both"]) == (2 + 5, 1)
    assert set(result["counts"]) == set(result["rules"]) == set(RULES)
    diverged = result["sites"][4]
    assert (diverged["reason"], diverged["worst_vmin"]) == (DIVERGED.reason, None)
    assert diverged["session"] == {
        "scenario": "ieee13",
        "overrides": {"v_min": 0.945, "duration_s": 120, "datacenters.0.bus": "692"},
    }
