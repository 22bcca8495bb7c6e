"""A broker with a replica that sentinels promote: what a failover costs, and what it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from tests.api.process import api_process
from tests.faults.reference import undisturbed, whole
from tests.sentinels import Watched
from tests.workers.lab import Lab, worker_process

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


async def test_a_run_goes_on_at_the_replica_when_the_master_is_killed(
    lab: Lab, watched: Watched, tmp_path: Path
) -> None:
    with worker_process(lab.settings, tmp_path):
        expected = await undisturbed(lab, SCENARIO, duration_s=DURATION_S)
        channel = await lab.create(SCENARIO, speed=SPEED, duration_s=DURATION_S)
        await lab.until_tick(channel, 100)
        watched.master.kill()
        await asyncio.to_thread(watched.until_failed_over)
        state = await lab.state(channel)
        await lab.until_tick(channel, state.tick + 100)
        await lab.command(channel, "speed", x="max")
        state = await lab.until_over(channel)
        assert state.status == "completed", state.reason
        assert await whole(lab, channel) == expected
