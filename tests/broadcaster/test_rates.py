"""Rates and socket counts as one process sees them, with others on the same broker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Settings, rates
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.rates import SHARE, Rate, Rates
from gridcast.broadcaster.sockets import TTL_S, Sockets
from tests.valkey import ValkeyServer
from tests.waiting import seen

WHO = "user:ada"


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = async_client(settings)
    yield client
    await client.aclose()


async def spend(counted: Rates, rate: Rate, times: int) -> int:
    """How many of so many were let through."""
    return sum([await counted.take(rate, WHO) == 0.0 for _ in range(times)])


async def test_what_a_process_takes_at_once_is_all_spent_before_it_refuses(redis: Redis) -> None:
    rate = Rate(name="requests", per_s=SHARE)
    counted = Rates(redis)
    assert await spend(counted, rate, rate.most) == rate.most
    assert await counted.take(rate, WHO) > 0


async def test_nothing_is_lost_of_what_many_requests_take_at_once(redis: Redis) -> None:
    rate = Rate(name="requests", per_s=SHARE)
    counted = Rates(redis)
    waits = await asyncio.gather(*(counted.take(rate, WHO) for _ in range(50)))
    assert waits == [0.0] * 50
    assert await spend(counted, rate, rate.most - 50) == rate.most - 50
    assert await counted.take(rate, WHO) > 0


async def test_two_processes_let_through_what_one_would_but_for_a_hundredth_each(redis: Redis) -> None:
    rate = Rate(name="requests", per_s=SHARE)
    here, there = Rates(redis), Rates(redis)
    through = await spend(here, rate, rate.most // 2 + 5) + await spend(there, rate, rate.most)
    assert rate.most - 2 * rate.most // SHARE <= through <= rate.most


async def test_who_is_refused_is_not_asked_about_again_at_once(redis: Redis, valkey: ValkeyServer) -> None:
    rate = Rate(name="requests", per_s=1)
    counted = Rates(redis, clock=lambda: 0.0)
    assert await spend(counted, rate, rate.most) == rate.most
    assert await counted.take(rate, WHO) > 0
    with valkey.client() as looking:
        before = looking.info("stats")["total_commands_processed"]
        assert await spend(counted, rate, 100) == 0
        assert looking.info("stats")["total_commands_processed"] - before < 10


async def test_after_a_window_it_goes_on(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "WINDOW_S", 1)
    rate = Rate(name="requests", per_s=2)
    counted = Rates(redis)
    await seen(lambda: counted.take(rate, WHO), lambda wait_s: wait_s > 0)
    await seen(lambda: counted.take(rate, WHO), lambda wait_s: wait_s == 0)


async def test_any_number_is_any_number(redis: Redis) -> None:
    assert await spend(Rates(redis), Rate(name="requests", per_s=0), 50) == 50


async def test_sockets_of_a_killed_process_count_until_they_lapse(redis: Redis) -> None:
    killed, alive = Sockets(redis), Sockets(redis)
    assert await killed.open(WHO, most=1)
    assert not await alive.open(WHO, most=1)
    later = Sockets(redis, now=lambda: time.time() + TTL_S + 1)
    assert await later.open(WHO, most=1)


async def test_a_closed_socket_makes_room_in_another_process(redis: Redis) -> None:
    here, there = Sockets(redis), Sockets(redis)
    assert await here.open(WHO, most=2)
    assert await here.open(WHO, most=2)
    assert not await there.open(WHO, most=2)
    await here.close(WHO)
    assert await there.open(WHO, most=2)
    assert not await here.open(WHO, most=2)
    await here.close(WHO)
    await there.close(WHO)
    assert await redis.keys("gridcast:sockets:*") == []
