"""A session from the queue to its last status, as its viewers see it."""

from __future__ import annotations

import orjson
import pytest

from tests.goldens import golden
from tests.waiting import until
from tests.workers.conftest import LEASE_S
from tests.workers.lab import Lab, WorkerProcess, alive, assert_contiguous, of, statuses

pytestmark = pytest.mark.usefixtures("worker")


async def test_entries_come_in_the_order_of_the_protocol(lab: Lab) -> None:
    channel = await lab.create()
    await lab.until_over(channel)
    entries = await lab.entries(channel)
    assert_contiguous(entries, 100)
    assert statuses(entries) == ["queued", "starting", "running", "completed"]
    kinds = [entry["type"] for entry in entries]
    assert kinds[:4] == ["status", "status", "schema", "status"]
    assert kinds[-2:] == ["summary", "status"]
    assert set(kinds[4:-2]) == {"ticks"}
    assert entries[-1]["tick"] == 100


async def test_the_first_tick_goes_out_alone(lab: Lab) -> None:
    channel = await lab.create(duration_s=60)
    await lab.until_over(channel)
    first, second, *_ = of(await lab.entries(channel), "ticks")
    assert len(first["t_s"]) == 1
    assert len(second["t_s"]) > 1


async def test_meta_tells_the_same_as_the_log(lab: Lab) -> None:
    channel = await lab.create()
    state = await lab.until_over(channel)
    entries = await lab.entries(channel)
    (schema,), (summary,) = of(entries, "schema"), of(entries, "summary")
    assert state.schema == {key: value for key, value in schema.items() if key != "offset"}
    assert state.summary == {key: value for key, value in summary.items() if key != "offset"}
    assert (state.tick, state.n_ticks, state.status) == (100, 100, "completed")
    assert state.digest == summary["digest"]
    assert state.workload == schema["workload"] == "measured-figures"
    assert state.started is not None
    assert state.ended is not None
    meta = await lab.channels.meta(channel)
    assert meta is not None
    assert "openg2g" in orjson.loads(meta["versions"])
    await lab.until_released(channel)


async def test_messages_have_the_fields_of_the_golden_ones(lab: Lab) -> None:
    channel = await lab.create()
    await lab.command(channel, "resume")
    await lab.until_over(channel)
    entries = await lab.entries(channel)
    for kind in ("schema", "ticks", "command", "summary"):
        assert of(entries, kind)[0].keys() == golden(kind).keys()
    assert of(entries, "ticks")[0]["dc"]["default"].keys() == golden("ticks")["dc"]["dc"].keys()
    assert of(entries, "status")[0].keys() == golden("status").keys() - {"reason"}


async def test_two_sessions_at_once_are_as_if_each_were_alone(lab: Lab) -> None:
    alone = await lab.until_over(await lab.create("ieee13-ofo", duration_s=30))
    beside = await lab.create("ieee34-ofo", duration_s=30)
    again = await lab.create("ieee13-ofo", duration_s=30)
    assert (await lab.until_over(again)).digest == alone.digest
    assert (await lab.until_over(beside)).digest != alone.digest


async def test_the_digest_is_the_same_at_any_speed(lab: Lab) -> None:
    fast = await lab.until_over(await lab.create())
    paced = await lab.create(speed=50)
    assert (await lab.until_over(paced)).digest == fast.digest


async def test_at_a_pace_every_tick_goes_out_when_it_happens(lab: Lab) -> None:
    channel = await lab.create(speed=1, duration_s=2)
    await lab.until_over(channel)
    entries = await lab.entries(channel)
    assert_contiguous(entries, 20)
    (running,) = [entry for entry in of(entries, "status") if entry["status"] == "running"]
    for entry in of(entries, "ticks"):
        assert entry["ts"] - running["ts"] >= entry["t_s"][-1] - 0.001
    assert len(of(entries, "ticks")) >= 10


async def test_a_worker_says_what_it_runs(lab: Lab, worker: WorkerProcess) -> None:
    channel = await lab.create(speed=1)
    await lab.until_tick(channel, 3)
    pid = await lab.child_pid(channel)
    (beat,) = await lab.heartbeats()
    assert beat["pid"] == worker.pid
    assert beat["slots"] >= 16
    (session,) = beat["sessions"]
    assert (session["id"], session["attempt"], session["pid"]) == (channel.id, 1, pid)
    assert session["lag_s"] >= 0
    await lab.command(channel, "stop")
    await lab.until_over(channel)


async def test_a_session_that_is_deleted_takes_its_child_along(lab: Lab) -> None:
    channel = await lab.create(speed=1)
    await lab.until_tick(channel)
    pid = await lab.child_pid(channel)
    await lab.sessions.delete(channel.id)
    await until(lambda: not alive(pid))
    assert await lab.redis.keys("*" + channel.id + "*") == []


async def test_a_job_for_a_session_that_is_gone_or_over_does_nothing(lab: Lab) -> None:
    gone = await lab.create(enqueue=False)
    await lab.sessions.delete(gone.id)
    stopped = await lab.create(enqueue=False)
    await lab.sessions.finish(stopped.id, token=0, status="stopped", reason=None)
    await lab.queue.enqueue_session(gone.id, 1, user="ada")
    await lab.queue.enqueue_session(stopped.id, 1, user="ada")
    await lab.until_over(await lab.create())
    assert statuses(await lab.entries(stopped)) == ["queued", "stopped"]
    assert await lab.redis.exists(gone.meta) == 0
    assert await lab.queue.depth() == 0


async def test_a_scenario_that_takes_longer_to_build_than_a_lease_lasts_runs_at_once(lab: Lab) -> None:
    slow = {"duration_s": 10_000.0, "dt_s": 0.01, "seg_lo_s": [0.01, 0.01], "seg_hi_s": [0.01, 0.01]}
    training = [{"n_gpus": 1, "t_start_s": 0.0, "t_end_s": 1.0, "trace": slow}]
    channel = await lab.create(duration_s=1, datacenters__0__training=training)
    await lab.until_over(channel)
    entries = await lab.entries(channel)
    assert statuses(entries) == ["queued", "starting", "running", "completed"]
    started, ran = of(entries, "status")[1:3]
    assert ran["ts"] - started["ts"] > LEASE_S, "it was built too fast to tell anything"
