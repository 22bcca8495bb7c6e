"""Tuning tasks on real workers: experiments are the sessions that they name, and outlast whatever fails."""

from __future__ import annotations

import math
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import SIMULATIONS, new_id
from gridcast.broadcaster.simulations import Result, Simulations, key_of, spec_of
from gridcast.broadcaster.task_events import event
from gridcast.scenarios import resolve
from gridcast.scenarios.tuning import TaskSpec
from gridcast.workers.versions import named_by
from tests.valkey import ValkeyServer
from tests.waiting import PATIENCE_S, seen, until
from tests.workers.analysis_lab import AnalysisLab
from tests.workers.lab import Lab, WorkerProcess, alive, of, worker_process
from tests.workers.test_faults import children_of
from tests.workers.tuning.specs import STEP

LONG_S = 1200
"""Simulated; takes a second or more."""


class Tasks(AnalysisLab):
    """Makes tasks and looks at them."""

    async def create(self, **given: Any) -> Channel:
        body = {
            "scenario": "ieee13-ofo",
            "space": {STEP: {"type": "float", "low": 0.1, "high": 5.0}},
            "overrides": {"duration_s": 20},
            "sampler": "random",
            "baseline": False,
            **given,
        }
        spec = TaskSpec.model_validate(body)
        channel = Channel("task", new_id())
        first = event("task_progress", task_id=channel.id, message="queued")
        record = {"spec": spec.model_dump(mode="json")}
        await self.analyses.create(channel, record=record, created=time.time(), first=first)
        return channel

    async def assert_whole(self, channel: Channel, experiments: int) -> None:
        """Each experiment was started and ended once, in the task's log and in its own."""
        entries = await self.lab.entries(channel)
        assert [entry["offset"] for entry in entries] == list(range(1, len(entries) + 1))
        for kind in ("experiment_started", "experiment_completed"):
            assert Counter(Counter(e["experiment_id"] for e in of(entries, kind)).values()) == {
                1: experiments
            }
        # A number may be left out: of a trial that was half written when its coordinator was killed.
        for ident in {e["experiment_id"] for e in of(entries, "experiment_started")}:
            own = await self.lab.entries(Channel("experiment", ident))
            about = [entry for entry in entries if entry.get("experiment_id") == ident]
            assert [(e["timestamp"], e["type"]) for e in own] == [(e["timestamp"], e["type"]) for e in about]
            assert own[-1]["final"]


@pytest.fixture
async def tasks(lab: Lab) -> Tasks:
    return Tasks(lab.settings, lab.redis)


@pytest.fixture
async def mortal(mortal_valkey: ValkeyServer) -> AsyncIterator[Tasks]:
    """On a broker of the test's own."""
    settings = Settings(redis_url=mortal_valkey.url, lease_s=1.0, batch_slots=2)
    redis = async_client(settings)
    yield Tasks(settings, redis)
    await redis.aclose()


def simulating(worker: WorkerProcess) -> list[int]:
    """Children of the fork server of a worker that hosts no session."""
    family = children_of(worker.pid)
    return family[1:]


async def test_an_experiment_is_bit_equal_to_the_session_that_it_names(
    tasks: Tasks, worker: WorkerProcess
) -> None:
    phases = [{"seed": 0}, {"seed": 3}]
    channel = await tasks.create(experiments=2, phases=phases, baseline=True)
    state = await tasks.until_over(channel)
    assert (state.told["calls"], state.told["cost"]) == (6, 120.0)
    best = state.told["best"]
    simulations = Simulations(tasks.redis, ttl_s=600)
    metrics = []
    for phase in phases:
        config = resolve("ieee13-ofo", {"duration_s": 20, **best["params"]}, phase["seed"])
        key = key_of(spec_of(config.model_dump(mode="json")), named_by(tasks.lab.settings))
        (result,) = await simulations.results([key])
        assert result is not None
        session = await tasks.lab.create(
            "ieee13-ofo", duration_s=20, seed=phase["seed"], **{STEP.replace(".", "__"): best["params"][STEP]}
        )
        ended = await tasks.lab.until_over(session)
        assert ended.digest == result.digest
        summary = of(await tasks.lab.entries(session), "summary")[0]
        metrics.append(summary["metrics"]["integral_violation_pu_s"])
    # Sums depend on how ticks were gathered, in their last digits.
    assert best["score"] == pytest.approx(sum(metrics) / 2, rel=1e-12)


async def test_what_diverges_fails_alone_and_the_task_goes_on(tasks: Tasks, worker: WorkerProcess) -> None:
    space = {"datacenters.0.base_kw_per_phase": {"type": "categorical", "choices": [90000.0, 500.0]}}
    channel = await tasks.create(space=space, sampler="grid")
    await tasks.until_over(channel)
    first, second = await tasks.analyses.records(channel)
    failed, completed = sorted([first, second], key=lambda record: record["number"])
    assert failed["status"] == "failed"
    assert "power flow" in failed["error"]
    assert completed["status"] == "completed"


@pytest.mark.parametrize(
    "score", [{}, {"worst_vmin": None}, {"worst_vmin": math.nan}], ids=["absent", "null", "nan"]
)
async def test_what_cannot_be_scored_fails_with_words_and_the_task_goes_on(
    tasks: Tasks, worker: WorkerProcess, score: dict[str, Any]
) -> None:
    # Every run has these metrics; so one of the two simulations is answered before a worker can.
    config = resolve("ieee13-ofo", {"duration_s": 20, STEP: 0.5}, 0).model_dump(mode="json")
    result = Result(metrics={"integral_violation_pu_s": 0.1, **score}, ticks=200, simulated_s=20.0)
    await Simulations(tasks.redis, ttl_s=600).finish(
        key_of(spec_of(config), named_by(tasks.lab.settings)), result
    )
    channel = await tasks.create(
        space={STEP: {"type": "categorical", "choices": [0.5, 2.0]}},
        sampler="grid",
        objectives=[{"metric": "worst_vmin"}],
    )
    state = await tasks.until_over(channel)
    records = {record["params"][STEP]: record for record in await tasks.analyses.records(channel)}
    assert (records[0.5]["status"], records[0.5]["score"]) == ("failed", None)
    assert records[0.5]["error"] == "it has no worst_vmin, so it cannot be scored"
    assert records[2.0]["status"] == "completed"
    assert state.told["best"]["params"] == {STEP: 2.0}
    [failed] = of(await tasks.lab.entries(channel), "experiment_failed")
    assert failed["data"]["error"] == records[0.5]["error"]


async def test_a_cancelled_task_leaves_no_simulation_behind(tasks: Tasks, worker: WorkerProcess) -> None:
    channel = await tasks.create(overrides={"duration_s": 3600}, experiments=20)
    await seen(lambda: tasks.redis.exists(SIMULATIONS))
    await until(lambda: bool(simulating(worker)))
    await tasks.lab.command(channel, "cancel")
    await tasks.until_over(channel, "cancelled")
    assert not await tasks.redis.exists(SIMULATIONS)
    await until(lambda: not simulating(worker))
    assert (await tasks.lab.entries(channel))[-1]["type"] == "task_cancelled"


async def test_a_deleted_task_ends_and_leaves_no_simulation_behind(
    tasks: Tasks, worker: WorkerProcess
) -> None:
    channel = await tasks.create(overrides={"duration_s": 3600}, experiments=20)
    await until(lambda: bool(simulating(worker)))
    await tasks.analyses.delete(channel)
    await seen(lambda: tasks.redis.exists(SIMULATIONS), lambda there: not there)
    await until(lambda: not simulating(worker))
    assert [key async for key in tasks.redis.scan_iter(f"*{{task:{channel.id}}}*")] == []


async def test_a_task_outlasts_the_worker_that_coordinates_and_computes_it(
    mortal: Tasks, tmp_path: Path
) -> None:
    channel = await mortal.create(overrides={"duration_s": LONG_S}, experiments=5, parallelism=3)
    with worker_process(mortal.settings, tmp_path) as first:
        await mortal.until_records(channel, 1)
        await until(lambda: bool(simulating(first)))
        first.signal(signal.SIGKILL)
        first.wait()
    with worker_process(mortal.settings, tmp_path):
        state = await mortal.until_over(channel)
    assert state.attempt == 2
    await mortal.assert_whole(channel, 5)


async def test_a_worker_that_is_told_to_end_hands_over_at_once(mortal: Tasks, tmp_path: Path) -> None:
    channel = await mortal.create(overrides={"duration_s": LONG_S}, experiments=4, parallelism=2)
    with worker_process(mortal.settings, tmp_path) as first:
        await mortal.until_records(channel, 1)
        first.signal(signal.SIGTERM)
        assert first.wait() == 0
        state = await mortal.state(channel)
        assert (state.status, state.attempt) == ("recovering", 2)
        assert not await mortal.redis.exists(channel.lease)
    with worker_process(mortal.settings, tmp_path):
        await mortal.until_over(channel)
    await mortal.assert_whole(channel, 4)


async def test_a_task_outlasts_a_restart_of_the_broker(
    mortal: Tasks, mortal_valkey: ValkeyServer, tmp_path: Path
) -> None:
    channel = await mortal.create(overrides={"duration_s": LONG_S}, experiments=5, parallelism=2)
    with worker_process(mortal.settings, tmp_path) as worker:
        await mortal.until_records(channel, 1)
        mortal_valkey.stop()
        await until(lambda: "broker_away" in worker.log.read_text())
        mortal_valkey.start()
        await mortal.until_over(channel)
    await mortal.assert_whole(channel, 5)


async def test_a_simulation_that_ends_its_process_again_and_again_fails_alone(
    mortal: Tasks, tmp_path: Path
) -> None:
    space = {"duration_s": {"type": "categorical", "choices": [3600, 10]}}
    channel = await mortal.create(overrides={}, space=space, sampler="grid", parallelism=1)
    killed: set[int] = set()
    with worker_process(mortal.settings, tmp_path) as worker:
        deadline = time.monotonic() + PATIENCE_S
        while not await mortal.analyses.record_count(channel) and time.monotonic() < deadline:
            for pid in simulating(worker):
                if pid not in killed and alive(pid):
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
        await mortal.until_over(channel)
    poisoned, sound = await mortal.analyses.records(channel)
    assert len(killed) == 3
    assert (poisoned["status"], sound["status"]) == ("failed", "completed")
    assert "SIGKILL" in poisoned["error"]
    assert "3 times in a row" in poisoned["error"]
