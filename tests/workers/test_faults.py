"""What happens to sessions when the worker, its fork server or the broker fails."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from tests.valkey import ValkeyServer
from tests.waiting import until
from tests.workers.lab import Lab, alive, assert_contiguous, of, statuses, worker_process

HOUR_S = 3600


@pytest.fixture
async def mortal(mortal_valkey: ValkeyServer) -> AsyncIterator[Lab]:
    """A laboratory on a broker of the test's own."""
    settings = Settings(redis_url=mortal_valkey.url, lease_s=2.0)
    redis = async_client(settings)
    yield Lab(settings, redis)
    await redis.aclose()


def children_of(pid: int) -> list[int]:
    """All descendants of a process."""
    found = []
    # A process may end while it is looked at.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *children_of(int(child))]
    return found


async def test_a_killed_worker_leaves_no_process(mortal: Lab, tmp_path: Path) -> None:
    with worker_process(mortal.settings, tmp_path) as worker:
        channels = [await mortal.create(duration_s=HOUR_S, speed=1) for _ in range(2)]
        pids = [await mortal.child_pid(channel) for channel in channels]
        family = children_of(worker.pid)
        assert set(pids) < set(family)
        worker.signal(signal.SIGKILL)
        worker.wait()
        await until(lambda: not any(map(alive, family)))


async def test_without_a_free_slot_a_session_waits_in_the_queue(mortal: Lab, tmp_path: Path) -> None:
    settings = Settings(redis_url=mortal.settings.redis_url, slots=1)
    with worker_process(settings, tmp_path):
        first = await mortal.create(duration_s=HOUR_S, speed=1)
        await mortal.until_tick(first)
        waiting = [await mortal.create(duration_s=1), await mortal.create(duration_s=1)]
        await mortal.until_tick(first, 5)
        assert [(await mortal.state(channel)).status for channel in waiting] == ["queued", "queued"]
        assert [await mortal.queue.position(channel.id, 1) for channel in waiting] == [1, 2]
        await mortal.command(first, "stop")
        for channel in waiting:
            assert (await mortal.until_over(channel)).status == "completed"


async def test_a_worker_waits_for_a_broker_that_is_away_at_the_start(
    mortal: Lab, mortal_valkey: ValkeyServer, tmp_path: Path
) -> None:
    mortal_valkey.stop()
    with worker_process(mortal.settings, tmp_path) as worker:
        await until(lambda: "broker_away" in worker.log.read_text())
        mortal_valkey.start()
        assert (await mortal.until_over(await mortal.create())).status == "completed"


async def test_a_session_goes_on_where_it_was_when_the_broker_comes_back(
    mortal: Lab, mortal_valkey: ValkeyServer, tmp_path: Path
) -> None:
    with worker_process(mortal.settings, tmp_path) as worker:
        undisturbed = await mortal.until_over(await mortal.create("ieee13-ofo", duration_s=60))
        channel = await mortal.create("ieee13-ofo", duration_s=60, speed=20)
        await mortal.until_tick(channel, 20)
        # An orderly end: what the broker had acknowledged is on disk.
        mortal_valkey.stop()
        await until(lambda: "broker_away" in worker.log.read_text())
        mortal_valkey.start()
        await mortal.command(channel, "speed", x="max")
        state = await mortal.until_over(channel)
        assert (state.status, state.digest) == ("completed", undisturbed.digest)
        assert_contiguous(await mortal.entries(channel), 600)
        assert (await mortal.until_over(await mortal.create())).status == "completed"


async def test_a_broker_that_forgot_the_newest_entries_gets_them_again(mortal: Lab, tmp_path: Path) -> None:
    with worker_process(mortal.settings, tmp_path):
        undisturbed = await mortal.until_over(await mortal.create("ieee13-ofo", duration_s=60))
        channel = await mortal.create("ieee13-ofo", duration_s=60, speed=10)
        await mortal.until_tick(channel, 5)
        pid = await mortal.child_pid(channel)
        # Of one moment, as a broker forgets.
        keys = (channel.log, channel.meta)
        moment = mortal.redis.pipeline(transaction=True)
        for key in keys:
            moment.dump(key)
        kept = list(zip(keys, await moment.execute(), strict=True))
        await mortal.until_tick(channel, (await mortal.state(channel)).tick + 3)
        os.kill(pid, signal.SIGSTOP)
        for key, value in kept:
            await mortal.redis.restore(key, 0, value, replace=True)
        os.kill(pid, signal.SIGCONT)
        await mortal.until(channel, lambda state: state.attempt == 2)
        await mortal.command(channel, "speed", x="max")
        state = await mortal.until_over(channel)
        assert (state.status, state.digest) == ("completed", undisturbed.digest)
        assert_contiguous(await mortal.entries(channel), 600)


async def test_a_fork_server_that_dies_is_started_again_and_its_sessions_go_on(
    mortal: Lab, tmp_path: Path
) -> None:
    with worker_process(mortal.settings, tmp_path) as worker:
        channel = await mortal.create(duration_s=60, speed=10)
        child = await mortal.child_pid(channel)
        (server,) = [pid for pid in children_of(worker.pid) if pid != child]
        os.kill(server, signal.SIGKILL)
        await mortal.until(channel, lambda state: state.attempt == 2)
        await mortal.command(channel, "speed", x="max")
        assert (await mortal.until_over(channel)).status == "completed"
        assert_contiguous(await mortal.entries(channel), 600)


async def test_a_flushed_broker_ends_the_child(mortal: Lab, tmp_path: Path) -> None:
    with worker_process(mortal.settings, tmp_path):
        channel = await mortal.create(duration_s=HOUR_S, speed=10)
        await mortal.until_tick(channel)
        pid = await mortal.child_pid(channel)
        await mortal.redis.flushall()
        await until(lambda: not alive(pid))
        assert await mortal.redis.exists(channel.meta) == 0
        assert statuses(of(await mortal.entries(channel), "status")) == []
