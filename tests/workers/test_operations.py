"""Operations on real workers: points are sessions that anybody can open, and outlast whatever fails."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import SIMULATIONS
from tests.valkey import ValkeyServer
from tests.waiting import until
from tests.workers.analysis_lab import AnalysisLab
from tests.workers.lab import Entry, Lab, WorkerProcess, of, worker_process
from tests.workers.operations.bench import BASE, STEP, create_operation
from tests.workers.test_tasks import simulating

HEATMAP: dict[str, Any] = {
    "name": "ieee13-ofo",
    "duration_s": 10,
    "param_x": STEP,
    "x_min": 1,
    "x_max": 3,
    "x_steps": 3,
    "param_y": BASE,
    "y_min": 400,
    "y_max": 500,
    "y_steps": 2,
}
MANY = {**HEATMAP, "duration_s": 60, "x_steps": 4, "y_steps": 3}
"""Enough to do that something can happen meanwhile."""
MANY_POINTS = 12


class Operations(AnalysisLab):
    """Makes operations and looks at them."""

    patience_s = 100.0
    """Simulations give way to everything else on a busy machine."""

    async def ask(self, op: str, config: dict[str, Any]) -> Channel:
        return await create_operation(self.analyses, op, config)

    async def whole(self, channel: Channel, points: int) -> list[Entry]:
        """All entries: without a hole, each point told once, nothing told going back."""
        entries = await self.lab.entries(channel)
        assert [entry["offset"] for entry in entries] == list(range(1, len(entries) + 1))
        told = [tuple(entry["point"].get(name) for name in PLACE) for entry in entries if "point" in entry]
        assert (len(told), len(set(told))) == (points, points)
        for field in ("pct", "step"):
            values = [entry[field] for entry in of(entries, "progress")]
            assert values == sorted(values)
        assert [entry for entry in entries if entry.get("final")] == entries[-1:]
        return entries


PLACE = ("part", "index", "direction", "x", "y")


@pytest.fixture
async def operations(lab: Lab) -> Operations:
    return Operations(lab.settings, lab.redis)


@pytest.fixture
async def mortal(mortal_valkey: ValkeyServer) -> AsyncIterator[Operations]:
    """On a broker of the test's own."""
    settings = Settings(redis_url=mortal_valkey.url, lease_s=1.0, batch_slots=1)
    redis = async_client(settings)
    yield Operations(settings, redis)
    await redis.aclose()


async def test_a_site_of_a_scan_is_the_session_that_it_names(
    operations: Operations, worker: WorkerProcess
) -> None:
    asked = {"feeders": ["ieee13"], "scenarios": False, "duration_s": 10}
    channel = await operations.ask("scan", asked)
    state = await operations.until_over(channel)
    await operations.whole(channel, 7)
    site = state.told["result"]["sites"][3]
    body = site["session"]
    overrides = {path.replace(".", "__"): value for path, value in body["overrides"].items()}
    session = await operations.lab.create(body["scenario"], **overrides)
    await operations.lab.until_over(session)
    metrics = of(await operations.lab.entries(session), "summary")[0]["metrics"]
    assert (site["worst_vmin"], site["worst_vmax"]) == (metrics["worst_vmin"], metrics["worst_vmax"])
    assert site["mean_power_kw"] == pytest.approx(4000, rel=0.01)


async def test_characterize_finds_how_much_power_the_feeder_hosts(
    operations: Operations, worker: WorkerProcess
) -> None:
    asked = {"name": "ieee13", "duration_s": 5, "pv_points": 5, "pv_max_scale": 1.5, "sensitivity": False}
    channel = await operations.ask("characterize", asked)
    state = await operations.until_over(channel)
    await operations.whole(channel, 6)
    result = state.told["result"]
    powers = [point["mean_power_kw"] for point in result["pv_curve"]]
    assert powers == sorted(powers)
    lowest = [point["worst_vmin"] for point in result["pv_curve"] if point["status"] == "done"]
    assert lowest == sorted(lowest, reverse=True)
    limit = result["hosting_limit"]
    assert limit["limited_by"] == "undervoltage"
    assert result["default"]["mean_power_kw"] < limit["mean_power_kw"] < powers[-1]


async def test_a_point_that_diverges_is_marked_and_the_others_come(
    operations: Operations, worker: WorkerProcess
) -> None:
    channel = await operations.ask("heatmap", {**HEATMAP, "y_max": 90_000})
    state = await operations.until_over(channel)
    result = state.told["result"]
    assert [[value is None for value in row] for row in result["values"]] == [[False] * 3, [True] * 3]
    assert {failure["status"] for failure in result["failures"]} == {"diverged"}
    assert all("power flow" in failure["reason"] for failure in result["failures"])


async def test_what_was_computed_is_there_at_once_the_next_time(
    operations: Operations, worker: WorkerProcess
) -> None:
    first = await operations.until_over(await operations.ask("heatmap", HEATMAP))
    again = await operations.until_over(await operations.ask("heatmap", HEATMAP))
    assert (first.told["result"]["cached"], again.told["result"]["cached"]) == (0, 6)
    assert again.told["result"]["values"] == first.told["result"]["values"]


async def test_a_cancelled_operation_leaves_no_simulation_behind(
    operations: Operations, worker: WorkerProcess
) -> None:
    channel = await operations.ask("heatmap", {**HEATMAP, "duration_s": 36_000})
    await until(lambda: bool(simulating(worker)))
    await operations.lab.command(channel, "cancel")
    await operations.until_over(channel, "cancelled")
    assert not await operations.redis.exists(SIMULATIONS)
    await until(lambda: not simulating(worker))
    assert (await operations.lab.entries(channel))[-1]["code"] == "cancelled"


async def test_an_operation_outlasts_the_worker_that_coordinates_it(
    mortal: Operations, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        workers = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            workers.append(stack.enter_context(worker_process(mortal.settings, folder)))
        channel = await mortal.ask("heatmap", MANY)
        await mortal.until_records(channel, 1)
        holder = (await mortal.redis.get(channel.lease)).decode()
        (coordinating,) = [worker for worker in workers if f"-{worker.pid}-" in holder]
        os.kill(coordinating.pid, signal.SIGKILL)
        state = await mortal.until_over(channel)
    entries = await mortal.whole(channel, MANY_POINTS)
    assert state.attempt == 2
    assert "recovering: its worker was lost" in [entry.get("msg") for entry in entries]
    assert state.told["result"]["failed"] == 0


async def test_a_worker_that_is_told_to_end_hands_over_at_once(mortal: Operations, tmp_path: Path) -> None:
    channel = await mortal.ask("heatmap", MANY)
    with worker_process(mortal.settings, tmp_path) as first:
        await mortal.until_records(channel, 1)
        first.signal(signal.SIGTERM)
        assert first.wait() == 0
        state = await mortal.state(channel)
        assert (state.status, state.attempt) == ("recovering", 2)
        assert not await mortal.redis.exists(channel.lease)
    with worker_process(mortal.settings, tmp_path):
        await mortal.until_over(channel)
    await mortal.whole(channel, MANY_POINTS)


async def test_an_operation_outlasts_a_restart_of_the_broker(
    mortal: Operations, mortal_valkey: ValkeyServer, tmp_path: Path
) -> None:
    channel = await mortal.ask("heatmap", MANY)
    with worker_process(mortal.settings, tmp_path) as worker:
        await mortal.until_records(channel, 1)
        mortal_valkey.stop()
        await until(lambda: "broker_away" in worker.log.read_text())
        mortal_valkey.start()
        await mortal.until_over(channel)
    await mortal.whole(channel, MANY_POINTS)
