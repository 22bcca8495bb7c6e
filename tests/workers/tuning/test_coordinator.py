"""A task from its first experiment to its last word, with simulations that come out as the test says."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.errors import GridcastError
from gridcast.broadcaster.names import SIMULATIONS
from gridcast.broadcaster.simulations import Result
from tests.waiting import seen
from tests.workers.tuning.bench import Bench
from tests.workers.tuning.specs import STEP, task_spec

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

Config = Mapping[str, Any]


@pytest.fixture
async def bench(valkey_url: str, tmp_path: Path) -> AsyncIterator[Bench]:
    # Another database than the one in which the real workers of other tests look for jobs.
    settings = Settings(redis_url=f"{valkey_url.removesuffix('/0')}/1", dir=tmp_path)
    redis: Redis = async_client(settings)
    yield Bench(settings, redis)
    await redis.aclose()


def step_of(config: Config) -> float:
    return float(config["controllers"][0]["voltage_dual_step_size"])


def bowl(config: Config) -> Result:
    """Best at a step size of 2; the scenario has 1."""
    score = math.log(step_of(config) / 2) ** 2 + config["seed"]
    return Result(metrics={"integral_violation_pu_s": score, "worst_vmin": 0.96}, ticks=200, simulated_s=20.0)


async def test_a_task_tells_each_experiment_from_start_to_end_and_then_its_best(bench: Bench) -> None:
    channel = await bench.create(task_spec(experiments=12, parallelism=3))
    async with bench.computing(bowl):
        state = await bench.coordinate(channel)
    events = await bench.events(channel)
    kinds = Counter(told["type"] for told in events)
    assert state.status == "completed"
    assert kinds["experiment_started"] == kinds["experiment_completed"] == 13  # the baseline is one more
    assert kinds["benchmark_started"] == kinds["benchmark_completed"] == 13
    assert [told["offset"] for told in events] == list(range(1, len(events) + 1))
    last = events[-1]
    assert last["type"] == "task_completed"
    records = await bench.analyses.records(channel)
    best = min(r["score"] for r in records if r["number"] >= 0)
    assert last["data"]["best_score"] == best
    assert last["data"]["experiments"] == 12
    assert [r["iter"] for r in records] == list(range(1, 14))
    assert state.told["cost"] == 13 * 20.0
    progress = [told["data"]["done"] for told in events if told["type"] == "task_progress" and told["data"]]
    assert progress == sorted(progress)
    assert progress[-1] == 12


async def test_the_log_stays_within_its_bound_and_the_records_stay_whole(bench: Bench) -> None:
    bench.settings = bench.settings.model_copy(update={"log_bytes": 16 << 10})
    channel = await bench.create(task_spec(experiments=40, parallelism=4))
    async with bench.computing(bowl):
        state = await bench.coordinate(channel)
    events = await bench.events(channel)
    assert events[0]["offset"] > 1, "nothing was trimmed"
    assert [e["offset"] for e in events] == list(range(events[0]["offset"], state.head + 1))
    # An entry has its offset stamped in when it is stored.
    assert sum(len(orjson.dumps(e)) for e in events) <= (16 << 10) + 16 * len(events)
    records = await bench.analyses.records(channel)
    assert sorted(record["number"] for record in records) == list(range(-1, 40))
    best = min((r for r in records if r["number"] >= 0), key=lambda record: record["score"])
    assert state.told["best"]["experiment_id"] == best["experiment_id"]
    assert events[-1]["data"]["best_score"] == best["score"]


async def test_the_search_finds_what_is_better_than_the_scenario_as_it_is(bench: Bench) -> None:
    channel = await bench.create(task_spec(experiments=30, parallelism=4))
    async with bench.computing(bowl):
        state = await bench.coordinate(channel)
    assert state.told["best"]["score"] < state.told["baseline"]["score"]
    assert abs(math.log(state.told["best"]["params"][STEP] / 2)) < 0.5


async def test_equal_parameter_sets_are_simulated_once(bench: Bench) -> None:
    space = {STEP: {"type": "categorical", "choices": [0.5, 1.0]}}
    channel = await bench.create(task_spec(space=space, experiments=12, sampler="random", baseline=False))
    async with bench.computing(bowl):
        await bench.coordinate(channel)
    assert len(bench.computed) == 2
    assert len(await bench.analyses.records(channel)) == 12


async def test_phases_are_averaged_and_differ_as_they_were_told_to(bench: Bench) -> None:
    phases = [{"seed": 0}, {"seed": 4}]
    channel = await bench.create(task_spec(experiments=2, phases=phases, baseline=False))
    async with bench.computing(bowl):
        await bench.coordinate(channel)
    assert sorted(config["seed"] for config in bench.computed) == [0, 0, 4, 4]
    for record in await bench.analyses.records(channel):
        assert record["score"] == pytest.approx(math.log(record["params"][STEP] / 2) ** 2 + 2.0)


async def test_a_parameter_that_makes_the_power_flow_diverge_fails_alone(bench: Bench) -> None:
    def fragile(config: Config) -> Result:
        if step_of(config) > 1.0:
            return Result(reason="the power flow failed at tick 3", kind="diverged", ticks=3)
        return bowl(config)

    channel = await bench.create(task_spec(experiments=15))
    async with bench.computing(fragile):
        state = await bench.coordinate(channel)
    failed = [e for e in await bench.events(channel) if e["type"] == "experiment_failed"]
    assert state.status == "completed"
    assert failed
    assert failed[0]["data"]["error"] == "the power flow failed at tick 3"
    assert state.told["best"]["params"][STEP] <= 1.0


async def test_a_task_without_any_score_fails_and_says_why(bench: Bench) -> None:
    channel = await bench.create(task_spec(experiments=3))
    async with bench.computing(lambda config: Result(reason="no", kind="invalid")):
        state = await bench.coordinate(channel)
    assert state.status == "failed"
    assert state.reason == "no experiment gave a score; the last said: no"


async def test_parameters_that_do_not_fit_together_fail_without_a_simulation(bench: Bench) -> None:
    space = {
        "v_min": {"type": "categorical", "choices": [0.95, 1.02]},
        "v_max": {"type": "categorical", "choices": [1.01, 1.05]},
    }
    channel = await bench.create(task_spec(space=space, sampler="grid", experiments=10, baseline=False))
    async with bench.computing(bowl):
        await bench.coordinate(channel)
    records = await bench.analyses.records(channel)
    assert Counter(record["status"] for record in records) == {"completed": 3, "failed": 1}
    assert len(bench.computed) == 3


async def test_a_cancelled_task_ends_at_once_and_takes_back_what_it_asked_for(bench: Bench) -> None:
    channel = await bench.create(task_spec())
    running = asyncio.create_task(bench.coordinate(channel))
    await seen(lambda: bench.redis.exists(SIMULATIONS))
    await bench.commands.append(channel, command_id="c1", by="user:ada", command="cancel", args={})
    state = await running
    assert state.status == "cancelled"
    assert (await bench.events(channel))[-1]["type"] == "task_cancelled"
    assert not await bench.redis.exists(SIMULATIONS)


async def test_who_takes_over_goes_on_where_the_last_one_was(bench: Bench) -> None:
    channel = await bench.create(task_spec(experiments=10, parallelism=2))
    left = 5

    def some(config: Config) -> Result | None:
        nonlocal left
        left -= 1
        return bowl(config) if left >= 0 else None

    async with bench.computing(some):
        first = asyncio.create_task(bench.coordinate(channel))
        await seen(lambda: bench.analyses.records(channel), lambda records: len(records) == 5)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    token = await bench.leases.acquire(channel)
    await bench.analyses.again(channel, token=token)
    await bench.leases.release(channel, token)
    async with bench.computing(bowl):
        state = await bench.coordinate(channel)
    events = await bench.events(channel)
    assert state.status == "completed"
    assert len(bench.computed) == 11
    started = Counter(e["experiment_id"] for e in events if e["type"] == "experiment_started")
    completed = Counter(e["experiment_id"] for e in events if e["type"] == "experiment_completed")
    assert set(started.values()) == set(completed.values()) == {1}
    assert len(completed) == 11
    assert [e["type"] for e in events].count("task_started") == 1


async def test_who_only_waits_while_its_task_is_deleted_clears_away_too(bench: Bench) -> None:
    channel = await bench.create(task_spec(experiments=2, baseline=False))
    running = asyncio.create_task(bench.coordinate(channel))
    await seen(lambda: bench.redis.exists(SIMULATIONS))
    await bench.analyses.delete(channel)
    with pytest.raises(GridcastError):
        await running
    assert not await bench.redis.exists(SIMULATIONS)
    assert [key async for key in bench.redis.scan_iter(f"*{channel.id}*")] == []
