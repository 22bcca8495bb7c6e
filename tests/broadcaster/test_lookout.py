"""Jobs that nobody does: those that are missing, and those whose worker died with them in hand."""

from __future__ import annotations

import pytest
from arq.constants import in_progress_key_prefix
from redis.asyncio import Redis

from gridcast.broadcaster import JobQueue
from gridcast.broadcaster.lookout import Lookout
from gridcast.broadcaster.names import BATCH_QUEUE, simulation_job_id

KEY = "k"
JOB = simulation_job_id(KEY, 1)
LEASE_S = 5.0


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lookout(redis: Redis, clock: Clock) -> Lookout:
    return Lookout(redis, BATCH_QUEUE, lease_s=LEASE_S, clock_s=clock)


async def take(redis: Redis) -> None:
    """What ARQ's worker does with a job that it begins: it stays in the queue, under a mark that lapses."""
    await JobQueue(redis).enqueue_simulation(KEY, 1, user="ada")
    await redis.set(in_progress_key_prefix + JOB, b"1", px=30_000)


async def taken(redis: Redis) -> bool:
    return bool(await redis.exists(in_progress_key_prefix + JOB))


async def test_a_job_is_lost_that_is_missing_twice_in_a_row(redis: Redis, lookout: Lookout) -> None:
    assert [await lookout.lost([JOB]) for _ in range(2)] == [set(), {JOB}]


async def test_a_job_that_waits_is_never_lost(redis: Redis, lookout: Lookout, clock: Clock) -> None:
    await JobQueue(redis).enqueue_simulation(KEY, 1, user="ada")
    for _ in range(3):
        assert await lookout.lost([JOB]) == set()
        clock.now_s += LEASE_S


async def test_a_job_in_hand_is_left_to_its_worker_for_a_lease_time(
    redis: Redis, lookout: Lookout, clock: Clock
) -> None:
    await take(redis)
    await lookout.lost([JOB])
    clock.now_s += LEASE_S - 0.01
    await lookout.lost([JOB])
    assert await taken(redis)


async def test_a_job_in_hand_for_longer_is_given_to_the_others_and_still_waits(
    redis: Redis, lookout: Lookout, clock: Clock
) -> None:
    await take(redis)
    await lookout.lost([JOB])
    clock.now_s += LEASE_S
    assert await lookout.lost([JOB]) == set()
    assert not await taken(redis)
    [place] = await JobQueue(redis).places(BATCH_QUEUE, [JOB])
    assert (place.rank, place.taken) == (0, False)


async def test_a_job_that_was_claimed_in_between_is_not_counted_on(
    redis: Redis, lookout: Lookout, clock: Clock
) -> None:
    await take(redis)
    await lookout.lost([JOB])
    clock.now_s += LEASE_S
    await lookout.lost([])  # somebody holds its lease, so nobody asks about it
    await lookout.lost([JOB])
    assert await taken(redis)
