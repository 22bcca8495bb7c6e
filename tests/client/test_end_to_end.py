"""The client against a real service: what is streamed is whole, whatever becomes of the log and of the API process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import pytest_asyncio

from gridcast.client import (
    AsyncClient,
    Client,
    CommandRejected,
    Event,
    Gap,
    History,
    JSONObject,
    Problem,
    Status,
    Summary,
    Ticks,
)
from gridcast.client.follow import follow
from tests.cli.started import REAL, Started, started
from tests.client.test_sequel import tick_numbers

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOG_BYTES = 256 << 10
"""Some hundred ticks: the log of each run here is trimmed."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Started]:
    folder = tmp_path_factory.mktemp("gridcast")
    arguments = ("up", "--port", "0", "--workers", "1")
    async with started(
        *arguments, folder=folder, command=REAL, env={"GRIDCAST_LOG_BYTES": str(LOG_BYTES)}
    ) as up:
        yield up
        up.process.terminate()
        await up.ended()


async def test_ticks_come_exactly_once_also_when_the_api_process_is_killed(up: Started) -> None:
    async with AsyncClient(up.url) as client:
        run = await client.create("ieee13-ofo", overrides={"duration_s": 200}, speed=100)
        items = []
        [killed] = up.run_file["api_pids"]
        async for item in run.stream():
            items.append(item)
            if isinstance(item, Ticks) and item.first <= 500 <= item.last:
                os.kill(killed, signal.SIGKILL)
        assert tick_numbers(items) == list(range(2000))
        assert [item.status for item in items if isinstance(item, Status)][-1] == "completed"
        assert sum(isinstance(item, Summary) for item in items) == 1
        events = [item.tick for item in items if isinstance(item, Event)]
        assert events == sorted(events)
        assert up.run_file["api_pids"] != [killed]
        commanded = await run.history(fields=["controls"])
        assert len(commanded.controls) > 0
        streamed = [item for item in items if type(item).__name__ == "Control"]
        assert list(commanded.controls) == streamed


async def test_who_comes_late_gets_what_the_log_has_not_got_from_the_recording(up: Started) -> None:
    async with AsyncClient(up.url) as client:
        run = await client.create("ieee13-taps", overrides={"duration_s": 500})
        summary = await run.wait()
        assert summary.ticks == 5000
        told = [item async for item in run.stream(fill_gaps=False)]
        gaps = [item for item in told if isinstance(item, Gap)]
        assert [gap.from_tick for gap in gaps] == [0]
        assert tick_numbers(told) == list(range(gaps[0].to_tick + 1, 5000))
        whole = [item async for item in run.stream()]
        assert tick_numbers(whole) == list(range(5000))
        assert not any(isinstance(item, Gap) for item in whole)


async def test_a_stream_goes_on_where_history_ends(up: Started) -> None:
    async with AsyncClient(up.url) as client:
        run = await client.create("ieee13", overrides={"duration_s": 100}, speed="max")
        await run.wait()
        past = await run.history(to_tick=700)
        rest = [item async for item in run.stream(since=past)]
        assert past.ticks.tick.tolist() + tick_numbers(rest) == list(range(1000))


async def test_a_script_without_await(up: Started, tmp_path: Path) -> None:
    await asyncio.to_thread(script, up.url, tmp_path)


def script(url: str, folder: Path) -> None:
    """What docs/sdk.md shows, in one go."""
    with Client(url) as client:
        assert "ieee13-ofo" in [scenario.name for scenario in client.scenarios()]
        run = client.create("ieee13-ofo", overrides={"duration_s": 60}, speed=10)
        assert run.pause().status == "applied"
        before = run.session().tick
        assert run.step(10).tick == before + 10
        assert run.session().tick == before + 10
        done = run.command("set_taps", regulators={"creg1a": 1.05}).wait_applied()
        assert done.tick == before + 10
        with pytest.raises(CommandRejected, match="allowed are numbers from"):
            run.command("set_taps", regulators={"creg1a": 2}).wait_applied()
        with contextlib.closing(run.stream()) as items:
            next(items)
            assert [viewer.tick for viewer in run.viewers()] == [None]
        run.speed("max")
        assert run.run_until(t_s=30).tick == 300
        run.resume()
        assert run.wait(timeout_s=60).ticks == 600
        assert [control.command for control in run.commands()][:3] == ["pause", "step", "set_taps"]
        fork = run.fork(200, commands=[{"command": "set_taps", "args": {"regulators": {"creg1a": 1.0}}}])
        fork.wait()
        compared = client.compare([run, fork], fields=["taps.creg1a"])
        assert compared.sessions[1].parent is not None
        assert compared.sessions[1].parent.tick == 200
        assert "worst_vmin" in compared.summary_table().index
        ours, theirs = (compared.series[one.id]["taps.creg1a"] for one in (run, fork))
        shared = compared.t_s + compared.step_s <= 20
        assert abs(ours - theirs)[shared].max() == 0
        assert abs(ours - theirs)[~shared].max() == pytest.approx(0.05)
        table = run.history().to_arrow()
        recorded = pq.read_table(run.export(folder / "run.parquet"))
        assert recorded.column_names == [*table.column_names, "events", "controls"]
        assert recorded["tick"] == table["tick"]
        frame = run.history(fields=["v.671", "taps"], max_points=20).to_pandas()
        assert len(frame) <= 80
        assert frame.columns.tolist()[:4] == ["t_s", "v.671.a", "v.671.b", "v.671.c"]
        past: History = run.history(from_tick=100, to_tick=100, fields=["v.671.a"])
        voltage = float(past.ticks.v_pu[0, 0])
        assert voltage == pytest.approx(recorded["v.671.a"][100].as_py(), abs=1e-5)
        fork.delete()
        assert fork.id not in [session.id for session in client.sessions()]


SPEC: JSONObject = {
    "scenario": "ieee13-ofo",
    "overrides": {"duration_s": 10},
    "space": {"controllers.0.voltage_dual_step_size": {"type": "float", "low": 0.1, "high": 5.0}},
    "experiments": 3,
}


async def test_a_task_is_followed_to_its_best_and_the_best_becomes_a_run(up: Started) -> None:
    async with AsyncClient(up.url) as client:
        task = await client.tune(SPEC)
        events = [event async for event in task.events()]
        assert [event.offset for event in events] == list(range(1, len(events) + 1))
        assert (events[0].type, events[-1].type) == ("task_progress", "task_completed")
        info = await task.wait()
        assert (info.status, info.done, info.total, info.over) == ("completed", 3, 3, True)
        best = await task.best()
        assert info.best is not None
        assert (best.id, best.score) == (info.best.id, events[-1].data["best_score"])
        assert best.scenario is not None
        run = await client.create(best.scenario, overrides=best.overrides, seed=best.seed)
        summary = await run.wait()
        assert best.score == pytest.approx(summary.metrics["integral_violation_pu_s"], rel=1e-12)
        assert [one.baseline for one in await task.experiments()].count(True) == 1
        assert [info.id async for info in client.tasks(status="completed")] == [task.id]


async def test_a_task_without_await_is_cancelled_resumed_and_deleted(up: Started) -> None:
    def work() -> None:
        with Client(up.url) as client:
            long: JSONObject = {**SPEC, "overrides": {"duration_s": 600}, "experiments": 6}
            task = client.tune(long)
            for event in task.events():
                if event.type == "experiment_started":
                    task.cancel()
                    break
            assert task.wait().status == "cancelled"
            assert task.resume().status == "queued"
            assert task.wait().done == 6
            assert len(task.experiments(status="completed", sort="score")) == 7
            task.delete()
            with pytest.raises(Problem):
                task.info()
            with pytest.raises(Problem, match="space"):
                client.tune({**SPEC, "space": {}})

    await asyncio.to_thread(work)


async def test_events_of_a_task_come_exactly_once_also_when_the_api_process_is_killed(up: Started) -> None:
    async with AsyncClient(up.url) as client:
        task = await client.tune({**SPEC, "overrides": {"duration_s": 300}, "experiments": 8})
        [killed] = up.run_file["api_pids"]
        events = []
        async for event in task.events():
            events.append(event)
            if event.type == "experiment_completed" and up.run_file["api_pids"] == [killed]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(killed, signal.SIGKILL)
        assert [event.offset for event in events] == list(range(1, len(events) + 1))
        assert events[-1].type == "task_completed"
        assert [event.type for event in events].count("experiment_completed") == 9
        assert up.run_file["api_pids"] != [killed]
        assert (await task.info()).done == 8


async def test_who_comes_late_to_a_task_whose_log_was_trimmed_finds_all_of_it_in_its_table(
    up: Started,
) -> None:
    async with AsyncClient(up.url) as client:
        task = await client.tune(
            {
                **SPEC,
                "overrides": {"duration_s": 1},
                # Two different parameter sets: all others are known already, and only their events are many.
                "space": {
                    "controllers.0.voltage_dual_step_size": {"type": "categorical", "choices": [0.5, 2.0]}
                },
                "sampler": "random",
                "phases": [{"seed": seed} for seed in range(20)],
                "experiments": 40,
            }
        )
        info = await task.wait()
        frames = [entry async for entry in follow(up.url, task.id, kind="tasks")]
        [reset] = [frame for frame in frames if frame["type"] == "reset"]
        assert (frames[0], reset["reason"]) == (reset, "trimmed")
        offsets = [frame["offset"] for frame in frames[1:]]
        earliest = reset["earliest_offset"]
        assert isinstance(earliest, int)
        assert offsets == list(range(earliest, earliest + len(offsets)))
        assert frames[-1]["type"] == "task_completed"
        experiments = await task.experiments()
        assert sorted(one.number for one in experiments) == list(range(-1, 40))
        best = min(one.score for one in experiments if not one.baseline and one.score is not None)
        assert info.best is not None
        assert (await task.best()).score == info.best.score == best
