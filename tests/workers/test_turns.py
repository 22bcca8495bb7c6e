"""In which order a worker takes the sessions of several users, and how many of them at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gridcast.broadcaster import AsyncLeases, Channel, Settings
from gridcast.broadcaster.client import async_client
from tests.valkey import ValkeyServer
from tests.waiting import PATIENCE_S
from tests.workers.lab import Lab, worker_process

LEASE_S = 2.0


@pytest.fixture
async def alone(mortal_valkey: ValkeyServer) -> AsyncIterator[Lab]:
    """A laboratory whose worker the test starts once everything waits."""
    settings = Settings(redis_url=mortal_valkey.url, lease_s=LEASE_S, slots=1, recordings="off")
    redis = async_client(settings)
    yield Lab(settings, redis)
    await redis.aclose()


async def ask(lab: Lab, user: str, *, speed: float | str = "max") -> Channel:
    channel = await lab.create(duration_s=10, speed=speed, enqueue=False, record={"owner": user})
    assert await lab.queue.enqueue_session(channel.id, 1, user=user)
    return channel


async def order_of(lab: Lab, channels: list[Channel]) -> list[str]:
    """Ids in the order in which they were started."""
    started = [(await lab.until_over(channel)).started or 0.0 for channel in channels]
    return [channel.id for _, channel in sorted(zip(started, channels, strict=True), key=lambda at: at[0])]


async def test_a_users_first_session_is_next_though_another_has_many_in_the_queue(
    alone: Lab, tmp_path: Path
) -> None:
    many = [await ask(alone, "ada") for _ in range(8)]
    first = await ask(alone, "bob")
    with worker_process(alone.settings, tmp_path):
        order = await order_of(alone, [*many, first])
    assert first.id in order[:2]
    assert [one for one in order if one != first.id] == [channel.id for channel in many]


async def test_one_that_came_too_early_is_not_put_behind_all_that_wait(alone: Lab, tmp_path: Path) -> None:
    early = await ask(alone, "ada", speed=10)
    many = [await ask(alone, "ada", speed=10) for _ in range(6)]
    leases = AsyncLeases(alone.redis, owner="somebody", ttl_s=PATIENCE_S)
    token = await leases.acquire(early)
    with worker_process(alone.settings, tmp_path):
        # The first in the queue was looked at before the second.
        await alone.until(many[0], lambda state: state.started is not None)
        await leases.release(early, token)
        order = await order_of(alone, [early, *many])
    assert order.index(early.id) < len(many)


async def test_the_next_free_slot_goes_to_a_user_who_has_none_though_another_has_all_and_many_wait(
    alone: Lab, tmp_path: Path
) -> None:
    settings = alone.settings.model_copy(update={"slots": 2})
    many = [await ask(alone, "ada", speed=1) for _ in range(6)]
    with worker_process(settings, tmp_path):
        for channel in many[:2]:
            await alone.until_tick(channel)
        first = await ask(alone, "bob", speed=1)
        await alone.command(many[1], "stop")
        await alone.until_tick(first)
        assert (await alone.state(many[0])).status == "running"
        assert {(await alone.state(channel)).status for channel in many[2:]} == {"queued"}


async def test_a_user_at_the_bound_waits_while_slots_are_free_and_others_start(
    alone: Lab, tmp_path: Path
) -> None:
    settings = alone.settings.model_copy(update={"slots": 4, "user_running_sessions": 2})
    many = [await ask(alone, "ada", speed=1) for _ in range(4)]
    other = await ask(alone, "bob", speed=1)
    with worker_process(settings, tmp_path):
        for channel in (*many[:2], other):
            await alone.until_tick(channel)
        assert {(await alone.state(channel)).status for channel in many[2:]} == {"queued"}
        await alone.command(many[0], "stop")
        await alone.until_over(many[0])
        await alone.until_tick(many[2])
        assert (await alone.state(many[3])).status == "queued"


async def test_all_users_together_have_so_many_running_and_take_turns_for_them(
    alone: Lab, tmp_path: Path
) -> None:
    settings = alone.settings.model_copy(update={"slots": 4, "all_running_sessions": 2})
    many = [await ask(alone, "ada", speed=1) for _ in range(3)]
    with worker_process(settings, tmp_path):
        for channel in many[:2]:
            await alone.until_tick(channel)
        other = await ask(alone, "bob", speed=1)
        await alone.command(many[0], "stop")
        await alone.until_tick(other)
        assert (await alone.state(many[2])).status == "queued"
