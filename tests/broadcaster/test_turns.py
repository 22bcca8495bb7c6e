"""Queues in which users take turns: the order is what counts, and nobody runs these jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from arq.constants import job_key_prefix
from redis.asyncio import Redis

from gridcast.broadcaster import Channel, JobQueue, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import BATCH_QUEUE, COORDINATE_QUEUE, SESSION_QUEUE


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = async_client(settings)
    yield client
    await client.aclose()


@pytest.fixture
def queue(redis: Redis) -> JobQueue:
    return JobQueue(redis)


async def waiting(redis: Redis, queue: str = SESSION_QUEUE) -> list[str]:
    """Names of what waits, the next one first, without attempts."""
    return [
        raw.decode().rpartition(":")[0].removeprefix("simulation:")
        for raw in await redis.zrange(queue, 0, -1)
    ]


async def take(redis: Redis, count: int = 1) -> list[str]:
    """The next sessions, taken as a worker takes them."""
    taken = [raw.decode() for raw, _ in await redis.zpopmin(SESSION_QUEUE, count)]
    for job in taken:
        await redis.delete(job_key_prefix + job)
    return [job.rpartition(":")[0] for job in taken]


async def ask(queue: JobQueue, user: str, count: int, *, first: int = 0) -> None:
    for n in range(first, first + count):
        assert await queue.enqueue_session(f"{user}{n:03}", 1, user=user)


async def test_a_hundred_sessions_of_one_do_not_keep_anothers_first_waiting(
    redis: Redis, queue: JobQueue
) -> None:
    await ask(queue, "ada", 100)
    await ask(queue, "bob", 1)
    assert "bob000" in await take(redis, 2)


async def test_nor_once_many_of_them_were_taken(redis: Redis, queue: JobQueue) -> None:
    await ask(queue, "ada", 100)
    assert await take(redis, 40) == [f"ada{n:03}" for n in range(40)]
    await ask(queue, "bob", 3)
    order = await take(redis, 6)
    assert sorted(order[:2]) == ["ada040", "bob000"]
    assert [name for name in order if name.startswith("bob")] == ["bob000", "bob001", "bob002"]


async def test_users_take_turns_and_sessions_of_one_keep_their_order(redis: Redis, queue: JobQueue) -> None:
    await ask(queue, "ada", 4)
    await ask(queue, "bob", 4)
    await ask(queue, "eve", 2)
    assert await take(redis, 10) == [
        *("ada000", "bob000", "eve000", "ada001", "bob001"),
        *("eve001", "ada002", "bob002", "ada003", "bob003"),
    ]


async def test_alone_one_is_served_in_order_whatever_was_before(redis: Redis, queue: JobQueue) -> None:
    await ask(queue, "ada", 50)
    await take(redis, 50)
    await ask(queue, "bob", 2)
    await ask(queue, "ada", 1, first=50)
    # That ada had fifty turns while nobody else wanted one is not held against her.
    assert (await take(redis, 2)) == ["bob000", "ada050"]


async def test_new_sessions_do_not_push_back_an_old_one_for_ever(redis: Redis, queue: JobQueue) -> None:
    await ask(queue, "ada", 20)
    for n in range(40):
        await ask(queue, f"new{n:02}-", 1)
        await take(redis, 2)
    # Of eighty that were taken forty were of newcomers, and all of ada's were among the rest.
    assert not [name for name in await waiting(redis) if name.startswith("ada")]


async def test_one_that_lost_its_host_goes_before_all(redis: Redis, queue: JobQueue) -> None:
    await ask(queue, "ada", 3)
    assert await queue.enqueue_session("lost", 2, user=None)
    await ask(queue, "bob", 1)
    assert await waiting(redis) == ["lost", "ada000", "bob000", "ada001", "ada002"]


async def test_places_that_are_told_are_those_in_which_they_are_taken(redis: Redis, queue: JobQueue) -> None:
    await ask(queue, "ada", 5)
    await ask(queue, "bob", 2)
    names = [f"ada{n:03}" for n in range(5)] + ["bob000", "bob001"]
    told = dict(zip(names, await queue.positions([(name, 1) for name in names]), strict=True))
    assert [told[name] for name in await take(redis, 7)] == [1, 2, 3, 4, 5, 6, 7]


async def test_what_is_asked_for_twice_takes_one_turn(redis: Redis, queue: JobQueue) -> None:
    for _ in range(5):
        await queue.enqueue_session("ada000", 1, user="ada")
    await ask(queue, "ada", 1, first=1)
    await ask(queue, "bob", 2)
    assert await waiting(redis) == ["ada000", "bob000", "ada001", "bob001"]


async def test_many_jobs_of_one_turn_keep_the_order_in_which_they_came(redis: Redis, queue: JobQueue) -> None:
    users = [f"u{n * 7919 % 1000:03}" for n in range(60)]
    for user in users:
        await ask(queue, user, 1)
    assert await waiting(redis) == [f"{user}000" for user in users]


async def test_simulations_of_users_and_of_their_analyses_take_turns(redis: Redis, queue: JobQueue) -> None:
    async def want(user: str, flow: str, count: int) -> None:
        for n in range(count):
            await queue.enqueue_simulation(f"{flow}{n}", 1, user=user, flow=flow)

    def share(order: list[str], flow: str) -> int:
        return sum(name.startswith(flow) for name in order)

    await want("ada", "a", 64)
    await want("ada", "b", 64)
    await want("bob", "c", 64)
    order = await waiting(redis, BATCH_QUEUE)
    assert set(order[:4]) >= {"a0", "c0"}
    assert "b0" in order[:4]
    # One that was alone when it asked took each turn; the later ones of a user take every second.
    assert 25 <= share(order[:64], "c") <= 40
    assert share(order[:64], "b") >= 12
    await queue.enqueue_simulation("lost", 2, user=None)
    assert (await waiting(redis, BATCH_QUEUE))[0] == "lost"


async def test_coordinators_of_a_user_do_not_keep_those_of_another_waiting(
    redis: Redis, queue: JobQueue
) -> None:
    for n in range(100):
        await queue.enqueue_coordination(Channel("operation", f"a{n}"), 1, user="ada")
    await queue.enqueue_coordination(Channel("task", "b"), 1, user="bob")
    order = await waiting(redis, COORDINATE_QUEUE)
    assert any("b" in name.split(":") for name in order[:2])
