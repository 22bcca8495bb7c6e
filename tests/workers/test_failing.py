"""A failed session says why, in words on which a person can act."""

from __future__ import annotations

import os
import signal

import pytest

from gridcast.broadcaster import AsyncLeases
from gridcast.broadcaster.sessions import MAX_CRASHES
from tests.waiting import until
from tests.workers.lab import Lab, alive, assert_contiguous, of

pytestmark = pytest.mark.usefixtures("worker")


async def test_a_power_flow_without_solution_names_tick_and_time(lab: Lab) -> None:
    load = {"bus": "671", "profile": "constant", "peak_kw": 100_000.0}
    channel = await lab.create(loads=[load])
    state = await lab.until_over(channel)
    assert state.status == "failed"
    assert state.reason is not None
    assert "power flow failed at tick 0 (0 s)" in state.reason
    assert "less load" in state.reason
    entries = await lab.entries(channel)
    assert entries[-1]["reason"] == state.reason
    assert of(entries, "summary") == []


async def test_ticks_before_a_failure_are_kept(lab: Lab) -> None:
    overlay = {"n_gpus": 30_000, "t_start_s": 5, "t_end_s": 9, "target_peak_w_per_gpu": 10_000}
    channel = await lab.create(datacenters__0__training=[overlay])
    state = await lab.until_over(channel)
    assert state.status == "failed"
    assert state.tick >= 50
    assert_contiguous(await lab.entries(channel), state.tick)


async def test_a_record_that_is_no_scenario_fails_with_the_field(lab: Lab) -> None:
    channel = await lab.create(record={"config": {"feeder": "ieee14"}})
    state = await lab.until_over(channel)
    assert state.status == "failed"
    assert state.reason is not None
    assert "feeder" in state.reason


async def test_a_child_that_crashes_thrice_at_one_tick_fails_with_the_signal(lab: Lab) -> None:
    channel = await lab.create(duration_s=3600, speed=10)
    await lab.until_tick(channel, 3)
    await lab.command(channel, "pause")
    await lab.until(channel, lambda state: state.status == "paused")
    for attempt in range(1, MAX_CRASHES + 1):
        await lab.until(channel, lambda s, n=attempt: s.attempt == n and s.status == "paused")  # type: ignore[misc]
        os.kill(await lab.child_pid(channel, attempt), signal.SIGSEGV)
    state = await lab.until_over(channel)
    assert (state.status, state.attempt) == ("failed", MAX_CRASHES)
    assert state.reason is not None
    assert "SIGSEGV" in state.reason
    assert f"at tick {state.tick}" in state.reason
    assert_contiguous(await lab.entries(channel), state.tick)
    await lab.until_released(channel)


async def test_a_command_that_came_before_a_kill_is_answered_after_it(lab: Lab) -> None:
    channel = await lab.create(duration_s=3600, speed=10)
    await lab.until_tick(channel)
    pid = await lab.child_pid(channel)
    os.kill(pid, signal.SIGSTOP)
    await lab.command(channel, "pause", "late")
    os.kill(pid, signal.SIGKILL)
    await lab.until(channel, lambda state: state.status == "paused" and state.attempt == 2)
    (answer,) = of(await lab.entries(channel), "command")
    assert (answer["command_id"], answer["status"]) == ("late", "applied")


async def test_who_lost_the_lease_ends_without_a_word(lab: Lab) -> None:
    channel = await lab.create(duration_s=3600, speed=10)
    await lab.until_tick(channel)
    pid = await lab.child_pid(channel)
    os.kill(pid, signal.SIGSTOP)
    await lab.redis.delete(channel.lease)
    token = await AsyncLeases(lab.redis, owner="other", ttl_s=60).acquire(channel)
    before = await lab.entries(channel)
    os.kill(pid, signal.SIGCONT)
    await until(lambda: not alive(pid))
    assert await lab.entries(channel) == before
    assert (await lab.state(channel)).token == token
