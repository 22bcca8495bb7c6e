"""Leases: one holder, growing tokens, a lapsed one is taken again only by the newest."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import AsyncLeases, Channels, LeaseHeld, LeaseLost, NoChannel
from tests.broadcaster.conftest import CHANNEL


async def test_the_lease_has_one_holder_and_tokens_grow(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    one, two = AsyncLeases(redis, owner="one", ttl_s=60), AsyncLeases(redis, owner="two", ttl_s=60)
    first = await one.acquire(CHANNEL)
    with pytest.raises(LeaseHeld) as caught:
        await two.acquire(CHANNEL)
    assert caught.value.owner == "one"
    await one.release(CHANNEL, first)
    assert await two.acquire(CHANNEL) == first + 1


async def test_who_has_patience_takes_it_when_the_holder_lets_go(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    one, two = AsyncLeases(redis, owner="one", ttl_s=60), AsyncLeases(redis, owner="two", ttl_s=60)
    first = await one.acquire(CHANNEL)
    waiting = asyncio.create_task(two.acquire(CHANNEL, patience_s=60))
    with pytest.raises(LeaseHeld):
        await two.acquire(CHANNEL, patience_s=0.1)
    assert not waiting.done()
    await one.release(CHANNEL, first)
    assert await waiting == first + 1


async def test_a_lapsed_lease_is_taken_again_by_the_newest_token(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    one = AsyncLeases(redis, owner="one", ttl_s=60)
    token = await one.acquire(CHANNEL)
    await redis.delete(CHANNEL.lease)
    await one.renew(CHANNEL, token)
    assert await redis.get(CHANNEL.lease) == b"%d:one" % token
    assert 0 < await redis.pttl(CHANNEL.lease) <= 60_000


async def test_a_lost_lease_stays_lost(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    one, two = AsyncLeases(redis, owner="one", ttl_s=60), AsyncLeases(redis, owner="two", ttl_s=60)
    old = await one.acquire(CHANNEL)
    await redis.delete(CHANNEL.lease)
    new = await two.acquire(CHANNEL)
    with pytest.raises(LeaseLost):
        await one.renew(CHANNEL, old)
    await one.release(CHANNEL, old)
    assert await redis.get(CHANNEL.lease) == b"%d:two" % new


async def test_there_is_no_lease_without_a_channel(redis: Redis) -> None:
    with pytest.raises(NoChannel):
        await AsyncLeases(redis, owner="one", ttl_s=60).acquire(CHANNEL)
