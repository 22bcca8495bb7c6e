"""Commands to running sessions: applied between ticks, each answered once, in order."""

from __future__ import annotations

import asyncio
import time

import pytest

from gridcast.broadcaster.errors import ChannelEnded
from tests.workers.conftest import LEASE_S
from tests.workers.lab import Lab, assert_contiguous, of, statuses

pytestmark = pytest.mark.usefixtures("worker")


async def test_stop_completes_the_record_of_a_running_session(lab: Lab) -> None:
    channel = await lab.create(duration_s=3600, speed=10)
    await lab.until_tick(channel, 5)
    await lab.command(channel, "stop", "s1")
    state = await lab.until_over(channel)
    entries = await lab.entries(channel)
    assert state.status == "stopped"
    assert 5 <= state.tick < 36000
    assert_contiguous(entries, state.tick)
    assert [entry["type"] for entry in entries[-3:]] == ["command", "summary", "status"]
    answer = entries[-3]
    assert (answer["command_id"], answer["status"], answer["tick"]) == ("s1", "applied", state.tick)
    assert state.summary is not None
    assert state.summary["ticks"] == state.tick
    assert await lab.commands.applied(channel) == [
        {"command_id": "s1", "by": "user:ada", "command": "stop", "args": {}, "tick": state.tick}
    ]


async def test_a_session_that_was_stopped_before_it_started_computes_nothing(lab: Lab) -> None:
    channel = await lab.create(enqueue=False)
    await lab.command(channel, "stop")
    await lab.queue.enqueue_session(channel.id, 1, user="ada")
    state = await lab.until_over(channel)
    assert (state.status, state.tick) == ("stopped", 0)
    assert of(await lab.entries(channel), "ticks") == []


async def test_pause_step_and_resume(lab: Lab) -> None:
    channel = await lab.create(enqueue=False)
    await lab.command(channel, "pause")
    await lab.queue.enqueue_session(channel.id, 1, user="ada")
    await lab.until(channel, lambda state: state.status == "paused")
    await lab.command(channel, "step", ticks=7)
    await lab.until(channel, lambda state: state.status == "paused" and state.tick == 7)
    await lab.command(channel, "resume")
    state = await lab.until_over(channel)
    entries = await lab.entries(channel)
    assert_contiguous(entries, 100)
    seen = [(entry["status"], entry["tick"]) for entry in of(entries, "status")][2:]
    assert seen == [
        *[("running", 0), ("paused", 0), ("running", 0), ("paused", 7), ("running", 7)],
        ("completed", 100),
    ]
    undisturbed = await lab.until_over(await lab.create())
    assert state.digest == undisturbed.digest


async def test_speed_takes_effect_in_the_middle_of_a_long_wait(lab: Lab) -> None:
    channel = await lab.create(speed=0.1)
    await lab.until_tick(channel)
    await lab.command(channel, "speed", x="max")
    state = await lab.until_over(channel)
    assert (state.status, state.tick) == ("completed", 100)


async def test_a_refused_command_is_answered_with_what_is_allowed(lab: Lab) -> None:
    channel = await lab.create(duration_s=60, speed=10)
    await lab.command(channel, "fly", "c1")
    await lab.command(channel, "step", "c2", ticks=5)
    await lab.command(channel, "stop", "c3")
    await lab.until_over(channel)
    first, second, third = of(await lab.entries(channel), "command")
    assert [answer["command_id"] for answer in (first, second, third)] == ["c1", "c2", "c3"]
    assert first["status"] == second["status"] == "rejected"
    assert "allowed: pause, resume, stop, step, speed" in first["error"]
    assert "pause it first" in second["error"]
    assert third["status"] == "applied"
    assert "error" not in third


async def test_every_command_is_answered_before_the_last_status(lab: Lab) -> None:
    channel = await lab.create(speed=100)
    sent = 0
    while not (await lab.state(channel)).over:
        try:
            await lab.command(channel, "resume", f"c{sent}")
        except ChannelEnded:
            break
        sent += 1
    await lab.until_over(channel)  # who is refused may be early: the door closes before the last words
    entries = await lab.entries(channel)
    assert [entry["command_id"] for entry in of(entries, "command")] == [f"c{n}" for n in range(sent)]
    assert sent
    assert entries[-1]["status"] == "completed"
    assert statuses(entries)[-1] == "completed"


async def test_a_paused_session_keeps_its_lease(lab: Lab) -> None:
    channel = await lab.create(enqueue=False)
    await lab.command(channel, "pause")
    await lab.queue.enqueue_session(channel.id, 1, user="ada")
    await lab.until(channel, lambda state: state.status == "paused")
    until_s = time.monotonic() + 1.5 * LEASE_S
    while time.monotonic() < until_s:
        assert await lab.redis.exists(channel.lease) == 1
        await asyncio.sleep(0.05)
    await lab.command(channel, "stop")
    await lab.until_over(channel)
