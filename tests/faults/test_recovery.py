"""A run survives any one process: every tick once, bit-identical to the run that nobody disturbed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from pathlib import Path

import pytest

from gridcast.broadcaster import Channel
from tests.faults.reference import undisturbed, whole
from tests.valkey import ValkeyServer
from tests.waiting import until
from tests.workers.lab import Lab, assert_contiguous, of, statuses, worker_process

SCENARIO = "ieee13-ofo-taps"
DURATION_S = 120
SPEED = 15.0
"""Slow enough to be hit in the middle, 8 s for the run; tests let it go on at full speed once they have hit it."""


async def child_at(lab: Lab, channel: Channel, tick: int) -> int:
    """Process id of the child once it has published so many ticks."""
    state = await lab.until(channel, lambda state: state.tick >= tick and state.status == "running")
    return await lab.child_pid(channel, state.attempt)


async def test_a_killed_child_is_continued_without_a_trace_in_the_ticks(mortal: Lab, tmp_path: Path) -> None:
    dice = random.Random(11)
    with worker_process(mortal.settings, tmp_path):
        expected = await undisturbed(mortal, SCENARIO, duration_s=DURATION_S)
        channel = await mortal.create(SCENARIO, speed=SPEED, duration_s=DURATION_S)
        for attempt in (1, 2, 3):
            state = await mortal.until(channel, lambda s, attempt=attempt: s.attempt == attempt)  # type: ignore[misc]
            pid = await child_at(mortal, channel, state.tick + dice.randint(10, 150))
            os.kill(pid, signal.SIGKILL)
            await mortal.until(channel, lambda s, attempt=attempt: s.attempt == attempt + 1)  # type: ignore[misc]
        await mortal.command(channel, "speed", x="max")
        state = await mortal.until_over(channel)
        assert (state.status, state.attempt) == ("completed", 4)
        assert await whole(mortal, channel) == expected
        assert statuses(await mortal.entries(channel)) == [
            *("queued", "starting", "running"),
            *("recovering", "running") * 3,
            "completed",
        ]


async def test_another_worker_goes_on_for_a_killed_one(mortal: Lab, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with worker_process(mortal.settings, tmp_path) as other:
        expected = await undisturbed(mortal, SCENARIO, duration_s=DURATION_S)
        other.signal(signal.SIGSTOP)
        with worker_process(mortal.settings, tmp_path / "one") as worker:
            channel = await mortal.create(SCENARIO, speed=SPEED, duration_s=DURATION_S)
            await child_at(mortal, channel, 100)
            worker.signal(signal.SIGKILL)
            worker.wait()
        other.signal(signal.SIGCONT)
        await mortal.command(channel, "speed", x="max")
        state = await mortal.until_over(channel)
        assert (state.status, state.attempt) == ("completed", 2)
        assert await whole(mortal, channel) == expected


async def test_a_worker_that_is_told_to_stop_hands_its_sessions_over(mortal: Lab, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with worker_process(mortal.settings, tmp_path) as worker:
        expected = await undisturbed(mortal, SCENARIO, duration_s=DURATION_S)
        running = await mortal.create(SCENARIO, speed=SPEED, duration_s=DURATION_S)
        await child_at(mortal, running, 100)
        paused = await mortal.create(SCENARIO, duration_s=DURATION_S, speed=SPEED)
        await mortal.until_tick(paused, 20)
        await mortal.command(paused, "pause")
        await mortal.until(paused, lambda state: state.status == "paused")
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
        for channel in (running, paused):
            state = await mortal.state(channel)
            assert (state.status, state.attempt) == ("recovering", 2)
            assert not await mortal.redis.exists(channel.lease)
        with worker_process(mortal.settings, tmp_path / "other"):
            await mortal.until_over(running)
            state = await mortal.until(paused, lambda state: state.status == "paused" and state.attempt == 2)
            await mortal.command(paused, "resume")
            await mortal.until_over(paused)
            assert await whole(mortal, running) == expected
            assert await whole(mortal, paused) == expected


async def test_a_frozen_child_loses_its_session_and_can_write_nothing(mortal: Lab, tmp_path: Path) -> None:
    with worker_process(mortal.settings, tmp_path):
        expected = await undisturbed(mortal, SCENARIO, duration_s=DURATION_S)
        channel = await mortal.create(SCENARIO, speed=SPEED, duration_s=DURATION_S)
        pid = await child_at(mortal, channel, 100)
        os.kill(pid, signal.SIGSTOP)
        await mortal.until(channel, lambda state: state.attempt == 2)
        await mortal.command(channel, "speed", x="max")
        await until(lambda: not Path(f"/proc/{pid}").exists(), what="the end of the frozen child")
        await mortal.until_over(channel)
        assert await whole(mortal, channel) == expected


async def test_a_thawed_worker_finds_its_sessions_gone(mortal: Lab, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with worker_process(mortal.settings, tmp_path) as other:
        expected = await undisturbed(mortal, SCENARIO, duration_s=DURATION_S)
        other.signal(signal.SIGSTOP)
        with worker_process(mortal.settings, tmp_path / "other") as worker:
            channel = await mortal.create(SCENARIO, speed=SPEED, duration_s=DURATION_S)
            pid = await child_at(mortal, channel, 50)
            for frozen in (worker.pid, pid):
                os.kill(frozen, signal.SIGSTOP)
            other.signal(signal.SIGCONT)
            await mortal.until(channel, lambda state: state.attempt == 2 and state.tick > 60)
            for frozen in (pid, worker.pid):
                os.kill(frozen, signal.SIGCONT)
            await mortal.until_over(channel)
            assert await whole(mortal, channel) == expected


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_broker_that_ends_and_comes_back_costs_no_tick(
    mortal: Lab, mortal_valkey: ValkeyServer, tmp_path: Path, end: str
) -> None:
    """What the broker acknowledged has left its process: an append-only file survives SIGKILL."""
    with worker_process(mortal.settings, tmp_path):
        expected = await undisturbed(mortal, SCENARIO, duration_s=DURATION_S)
        channel = await mortal.create(SCENARIO, speed=SPEED, duration_s=DURATION_S)
        await child_at(mortal, channel, 100)
        getattr(mortal_valkey, end)()
        await asyncio.to_thread(mortal_valkey.start)
        await mortal.until_over(channel)
        assert await whole(mortal, channel) == expected


async def test_commands_are_applied_once_over_a_recovery(mortal: Lab, tmp_path: Path) -> None:
    with worker_process(mortal.settings, tmp_path):
        channel = await mortal.create("ieee13", speed=SPEED, duration_s=DURATION_S)
        await mortal.until_tick(channel, 50)
        await mortal.command(channel, "set_taps", "one", regulators={"creg1a": 1.0})
        await mortal.command(channel, "step", "two", ticks=5)
        await mortal.command(channel, "pause", "three")
        await mortal.until(channel, lambda state: state.status == "paused")
        pid = await mortal.child_pid(channel)
        os.kill(pid, signal.SIGKILL)
        await mortal.until(channel, lambda state: state.attempt == 2 and state.status == "paused")
        await mortal.command(channel, "step", "four", ticks=7)
        await mortal.command(channel, "resume", "five")
        await mortal.until_over(channel)
        entries = await mortal.entries(channel)
        assert_contiguous(entries, 10 * DURATION_S)
        assert [(c["command_id"], c["status"]) for c in of(entries, "command")] == [
            ("one", "applied"),
            ("two", "rejected"),
            ("three", "applied"),
            ("four", "applied"),
            ("five", "applied"),
        ]
        controls = [control for entry in of(entries, "ticks") for control in entry["controls"]]
        assert [(c["by"], c["command"], c["command_id"]) for c in controls] == [
            ("user:ada", "set_taps", "one")
        ]
        applied = await mortal.commands.applied(channel)
        assert [deed["command_id"] for deed in applied] == ["one", "three", "four", "five"]


@pytest.mark.parametrize("rounds", [6])
async def test_random_kills_of_any_process(mortal: Lab, tmp_path: Path, rounds: int) -> None:
    """The drill in small: sessions with commands, and every half second something dies."""
    dice = random.Random(3)
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    with worker_process(mortal.settings, folders[0]) as steady:
        expected = await undisturbed(mortal, SCENARIO, duration_s=DURATION_S)
        channels = [await mortal.create(SCENARIO, speed=SPEED, duration_s=DURATION_S) for _ in range(3)]
        for _ in range(rounds):
            with worker_process(mortal.settings, folders[1]) as victim:
                await asyncio.sleep(dice.uniform(0.3, 1.0))
                for beat in await mortal.heartbeats():
                    for session in beat["sessions"]:
                        if dice.random() < 0.5:
                            with contextlib.suppress(ProcessLookupError):  # it may have just ended
                                os.kill(session["pid"], signal.SIGKILL)
                victim.signal(dice.choice([signal.SIGKILL, signal.SIGTERM]))
                victim.wait()
        assert steady.pid
        for channel in channels:
            state = await mortal.until_over(channel)
            assert state.status == "completed", state.reason
            assert await whole(mortal, channel) == expected
