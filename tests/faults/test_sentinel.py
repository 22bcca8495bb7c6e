"""A broker with a replica that sentinels promote: what a failover costs, and what it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

import httpx2
import pytest

from gridcast.broadcaster import Channel, Reset, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.sessions import SessionState
from tests.api.process import api_process
from tests.checker import judge
from tests.cli.started import REAL, started
from tests.faults.reference import undisturbed, whole
from tests.machines.viewer import Viewer, following
from tests.sentinels import Watched
from tests.workers.lab import Lab, worker_process

Given = ParamSpec("Given")
Found = TypeVar("Found")

SCENARIO = "ieee13-ofo-taps"
DURATION_S = 300
SPEED = 15.0


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    broker = Watched(tmp_path)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture
async def lab(watched: Watched) -> AsyncIterator[Lab]:
    settings = Settings(redis_url=watched.url, lease_s=1.0)
    redis = async_client(settings)
    yield Lab(settings, redis)
    await redis.aclose()


class Here:
    """This machine, as a host of a viewer."""

    async def call(self, work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
        return await asyncio.to_thread(work, *args, **kwargs)


async def log_of(lab: Lab, channel: Channel) -> dict[int, bytes]:
    log: dict[int, bytes] = {}
    while page := await lab.channels.page(channel, after=max(log, default=0)):
        log.update({entry.offset: entry.data for entry in page})
    return log


async def finished(lab: Lab, channel: Channel, more_ticks: int = 100) -> SessionState:
    """The session's last state; before, it has gone on as far as asked, and then as fast as it can."""
    state = await lab.state(channel)
    await lab.until_tick(channel, state.tick + more_ticks)
    await lab.command(channel, "speed", x="max")
    return await lab.until_over(channel)


async def test_a_run_goes_on_at_the_replica_when_the_master_is_killed(
    lab: Lab, watched: Watched, tmp_path: Path
) -> None:
    with worker_process(lab.settings, tmp_path):
        expected = await undisturbed(lab, SCENARIO, duration_s=DURATION_S)
        channel = await lab.create(SCENARIO, speed=SPEED, duration_s=DURATION_S)
        await lab.until_tick(channel, 100)
        watched.master.kill()
        await asyncio.to_thread(watched.until_failed_over)
        state = await finished(lab, channel)
        assert state.status == "completed", state.reason
        assert await whole(lab, channel) == expected


async def test_what_the_replica_did_not_have_yet_is_told_and_computed_again(
    lab: Lab, watched: Watched, tmp_path: Path
) -> None:
    """Replication is asynchronous: a failover may lose the last entries that the old master acknowledged."""
    with worker_process(lab.settings, tmp_path):
        expected = await undisturbed(lab, SCENARIO, duration_s=DURATION_S)
        async with api_process(lab.settings, GRIDCAST_RECORDINGS="off") as api:
            channel = await lab.create(SCENARIO, speed=SPEED, duration_s=DURATION_S)
            viewer = Viewer(Here(), [f"127.0.0.1:{api.port}"], channel.id)
            async with following(viewer):
                await viewer.until_tick(50)
                watched.cut_replication()
                await viewer.until_tick(viewer.ticks + 100)
                watched.master.kill()
                watched.replica.thaw()
                await asyncio.to_thread(watched.until_failed_over)
                state = await finished(lab, channel)
        assert state.status == "completed", state.reason
        assert await whole(lab, channel) == expected
        log = await log_of(lab, channel)
    resets = [place for place, item in enumerate(viewer.history) if isinstance(item, Reset)]
    assert resets, "the viewer saw more than the new master ever had"
    told = viewer.history[resets[-1]]
    assert isinstance(told, Reset)
    assert told.reason in ("ahead", "epoch")
    judge(
        viewer.history[resets[-1] + 1 :], {told.epoch: log}, epoch=told.epoch, since=told.earliest_offset - 1
    )


@pytest.mark.timeout(120)
async def test_a_laptop_can_use_such_a_broker_too(watched: Watched, tmp_path: Path) -> None:
    env = {"GRIDCAST_REDIS_URL": watched.url}
    async with started("up", "--port", "0", folder=tmp_path / "here", command=REAL, env=env) as up:
        assert up.run_file["broker_pid"] is None, "it started one of its own"
        async with httpx2.AsyncClient(base_url=up.url) as http:
            body = {"scenario": "ieee13", "overrides": {"duration_s": 10}}
            path = f"/api/sessions/{(await http.post('/api/sessions', json=body)).json()['id']}"
            while (await http.get(path)).json()["status"] != "completed":  # noqa: ASYNC110  # it is another process's
                await asyncio.sleep(0.05)
