"""How jobs come from a queue to a worker: at once where it hears of them, soon where it does not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from arq import func
from arq.connections import ArqRedis
from redis.asyncio import Redis

from gridcast.broadcaster import JobQueue, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import SESSION_JOB, SESSION_QUEUE, news_of
from gridcast.broadcaster.queue import deserialize, serialize
from gridcast.workers import picker as module
from gridcast.workers.picker import Picker, listen
from tests.valkey import ValkeyServer
from tests.waiting import seen, until

NEVER_S = 3600.0


@pytest.fixture
async def redis(mortal_valkey: ValkeyServer) -> AsyncIterator[Redis]:
    """A broker that no worker looks at."""
    client = async_client(Settings(redis_url=mortal_valkey.url))
    yield client
    await client.aclose()


@contextlib.asynccontextmanager
async def picking(
    redis: Redis, taken: list[str], *, busy: Callable[[], float] = lambda: 0.0, slots: int = 4
) -> AsyncIterator[Picker]:
    """A picker at work, which has looked once and listens."""

    async def take(ctx: dict[Any, Any], session_id: str, attempt: int) -> None:
        taken.append(session_id)

    picker = Picker(
        busy=busy,
        functions=[func(take, name=SESSION_JOB)],
        queue_name=SESSION_QUEUE,
        redis_pool=ArqRedis(redis.connection_pool, job_deserializer=deserialize, job_serializer=serialize),
        job_serializer=serialize,
        job_deserializer=deserialize,
        handle_signals=False,
        max_jobs=slots,
        keep_result=0,
    )
    listeners = await redis.pubsub_numsub(news_of(SESSION_QUEUE))
    tasks = [asyncio.create_task(picker.main()), asyncio.create_task(listen(redis, [picker]))]

    async def heard() -> bool:
        return bool((await redis.pubsub_numsub(news_of(SESSION_QUEUE)))[0][1] > listeners[0][1])

    await seen(heard)
    await asyncio.sleep(0.05)  # for the look that follows: were it later, the tests would show less, not fail
    yield picker
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_takes_what_it_hears_of_without_looking_again_and_again(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", NEVER_S)
    taken: list[str] = []
    async with picking(redis, taken):
        for name in ("a", "b"):
            await JobQueue(redis).enqueue_session(name, 1, user="ann")
            await until(lambda name=name: taken[-1:] == [name])  # type: ignore[misc]


async def test_takes_all_that_waits_one_after_the_other(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", NEVER_S)
    names = [f"s{n}" for n in range(7)]
    for name in names:
        await JobQueue(redis).enqueue_session(name, 1, user="ann")
    taken: list[str] = []
    async with picking(redis, taken, slots=1):
        await until(lambda: taken == names)


async def test_takes_what_nobody_told_it_of(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    taken: list[str] = []

    async def nothing(self: JobQueue, queue: str) -> None:
        """The wake-up is lost."""

    monkeypatch.setattr(JobQueue, "_tell", nothing)
    async with picking(redis, taken):
        await JobQueue(redis).enqueue_session("a", 1, user="ann")
        await until(lambda: taken == ["a"])


async def test_work_goes_to_whoever_has_the_least(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", NEVER_S)
    monkeypatch.setattr(module, "HESITATE_S", NEVER_S)
    idle: list[str] = []
    busy: list[str] = []
    async with picking(redis, busy, busy=lambda: 0.5), picking(redis, idle):
        await JobQueue(redis).enqueue_session("a", 1, user="ann")
        await until(lambda: idle == ["a"])
    assert busy == []


async def test_room_is_filled_at_once(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", NEVER_S)
    taken: list[str] = []
    async with picking(redis, taken) as picker:
        picker.allow_pick_jobs = False
        await JobQueue(redis).enqueue_session("a", 1, user="ann")
        picker.allow_pick_jobs = True
        picker.wake()
        await until(lambda: taken == ["a"])
