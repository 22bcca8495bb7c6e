"""Simulations without viewers: wanted by anyone, computed once, never lost, given up after too many accidents."""

from __future__ import annotations

from arq.constants import job_key_prefix
from redis.asyncio import Redis

from gridcast.broadcaster import Settings
from gridcast.broadcaster.names import BATCH_QUEUE, SIMULATIONS, SimulationKeys, simulation_job_id
from gridcast.broadcaster.simulation_reaper import SimulationReaper
from gridcast.broadcaster.simulations import MAX_TRIES, Result, Simulations, key_of, spec_of

SPEC = spec_of({"duration_s": 10})
KEY = key_of(SPEC, {"openg2g": "0.2"})
DONE = Result(metrics={"worst_vmin": 0.93}, digest="d", ticks=100, wall_s=0.1)


def simulations(redis: Redis) -> Simulations:
    return Simulations(redis, ttl_s=600)


async def waiting(redis: Redis) -> list[str]:
    return [raw.decode() for raw in await redis.zrange(BATCH_QUEUE, 0, -1)]


async def lose_jobs(redis: Redis) -> None:
    """What a worker does with a job that it takes, and what a queue does that was lost."""
    for job in await waiting(redis):
        await redis.delete(job_key_prefix + job)
    await redis.delete(BATCH_QUEUE)


def test_equal_configs_have_one_name_and_other_versions_another() -> None:
    assert key_of(spec_of({"b": 1, "a": 2}), {"x": "1"}) == key_of(spec_of({"a": 2, "b": 1}), {"x": "1"})
    assert key_of(SPEC, {"x": "1"}) != key_of(SPEC, {"x": "2"})


async def test_what_two_want_is_enqueued_and_computed_once(redis: Redis) -> None:
    sims = simulations(redis)
    await sims.want("task:a", {KEY: SPEC}, user="ada")
    await sims.want("task:b", {KEY: SPEC}, user="ada")
    assert await waiting(redis) == [simulation_job_id(KEY, 1)]
    assert await sims.claim(KEY, owner="w1", lease_s=5) == {"config": {"duration_s": 10}}
    assert await sims.claim(KEY, owner="w2", lease_s=5) is None


async def test_a_result_is_there_for_all_and_is_not_computed_again(redis: Redis) -> None:
    sims = simulations(redis)
    await sims.want("task:a", {KEY: SPEC}, user="ada")
    await sims.claim(KEY, owner="w1", lease_s=5)
    await sims.finish(KEY, DONE)
    await lose_jobs(redis)
    await sims.want("task:b", {KEY: SPEC}, user="ada")
    assert await sims.results([KEY, "0" * 32]) == [DONE, None]
    assert await waiting(redis) == []
    assert not await redis.exists(SIMULATIONS)


async def test_one_that_nobody_wants_any_more_is_taken_back(redis: Redis) -> None:
    sims = simulations(redis)
    await sims.want("task:a", {KEY: SPEC}, user="ada")
    await sims.want("task:b", {KEY: SPEC}, user="ada")
    await sims.give_up("task:a", [KEY])
    assert await waiting(redis)
    await sims.give_up("task:b", [KEY])
    assert await waiting(redis) == []
    assert await sims.claim(KEY, owner="w1", lease_s=5) is None


async def test_who_computes_it_learns_that_nobody_wants_it(redis: Redis) -> None:
    sims = simulations(redis)
    await sims.want("task:a", {KEY: SPEC}, user="ada")
    await sims.claim(KEY, owner="w1", lease_s=5)
    assert await sims.renew(KEY, owner="w1", lease_s=5)
    await sims.give_up("task:a", [KEY])
    assert not await sims.renew(KEY, owner="w1", lease_s=5)


async def test_a_lost_one_is_put_back_at_the_second_look(redis: Redis) -> None:
    sims = simulations(redis)
    reaper = SimulationReaper(redis, settings=Settings())
    await sims.want("task:a", {KEY: SPEC}, user="ada")
    await sims.claim(KEY, owner="w1", lease_s=5)
    await lose_jobs(redis)
    assert await reaper.sweep() == []  # it is being computed
    await redis.delete(SimulationKeys(KEY).lease)
    assert await reaper.sweep() == []
    assert await reaper.sweep() == [KEY]
    assert await waiting(redis) == [simulation_job_id(KEY, 2)]
    assert await reaper.sweep() == []


async def test_one_that_ends_its_worker_again_and_again_fails_alone(redis: Redis) -> None:
    sims = simulations(redis)
    await sims.want("task:a", {KEY: SPEC}, user="ada")
    for n in range(1, MAX_TRIES + 1):
        assert await sims.results([KEY]) == [None]
        await lose_jobs(redis)
        assert await sims.claim(KEY, owner=f"w{n}", lease_s=5)
        await sims.put_back(KEY, blameless=False, why="its process was killed")
    (result,) = await sims.results([KEY])
    assert result is not None
    assert (result.done, result.kind) == (False, "accident")
    assert result.reason == "its process was killed, 3 times in a row"


async def test_attempts_that_were_told_to_end_do_not_count(redis: Redis) -> None:
    sims = simulations(redis)
    await sims.want("task:a", {KEY: SPEC}, user="ada")
    for n in range(3 * MAX_TRIES):
        await lose_jobs(redis)
        assert await sims.claim(KEY, owner=f"w{n}", lease_s=5)
        await sims.put_back(KEY, blameless=True)
    assert await sims.results([KEY]) == [None]
    assert await waiting(redis)


async def test_every_key_has_a_time_to_live(redis: Redis) -> None:
    sims = simulations(redis)
    await sims.want("task:a", {KEY: SPEC}, user="ada")
    await sims.claim(KEY, owner="w1", lease_s=5)
    names = SimulationKeys(KEY)
    for name in (names.spec, names.wanted, names.lease, names.tries):
        assert await redis.pttl(name) > 0, name
    await sims.finish(KEY, DONE)
    assert await redis.pttl(names.result) > 0
    assert not await redis.exists(names.spec, names.wanted, names.lease, names.tries)
