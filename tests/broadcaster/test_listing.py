"""Lists of what there is: who looks while something is being created does not take it off."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.analyses import Analyses
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.listing import CREATION_S
from gridcast.broadcaster.names import listing_key
from gridcast.broadcaster.operation_events import progress, progress_of
from gridcast.broadcaster.sessions import Sessions

OPERATION = Channel("operation", "one")


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    client = async_client(settings)
    yield client
    await client.aclose()


async def page(redis: Redis, channel: Channel) -> list[str]:
    if channel.kind == "session":
        return [state.id for _, state in await Sessions(redis).page(before=None, limit=5)]
    return [state.id for _, state in await Analyses(redis).page("operation", before=None, limit=5)]


async def create(redis: Redis, channel: Channel, *, created: float) -> None:
    record = {"id": channel.id, "owner": "ada", "op": "scan", "title": "", "config": {}, "steps": 1}
    if channel.kind == "session":
        await Sessions(redis).create(channel.id, record=record, n_ticks=10, created=created)
    else:
        first = progress(channel.id, progress_of(0, 1, "queued"))
        await Analyses(redis).create(channel, record=record, created=created, first=first)


@pytest.mark.parametrize("channel", [OPERATION, Channel.session("one")], ids=["operation", "session"])
async def test_what_is_being_created_stays_listed(redis: Redis, channel: Channel) -> None:
    listing, now = listing_key(channel.kind), time.time()
    await redis.zadd(listing, {channel.id: now})  # as its creator does first
    assert await page(redis, channel) == []
    assert await redis.zscore(listing, channel.id) == now
    await create(redis, channel, created=now)
    assert await page(redis, channel) == [channel.id]


@pytest.mark.parametrize("channel", [OPERATION, Channel.session("one")], ids=["operation", "session"])
async def test_what_never_came_to_be_is_taken_off(redis: Redis, channel: Channel) -> None:
    listing, long_ago = listing_key(channel.kind), time.time() - CREATION_S - 5
    await redis.zadd(listing, {channel.id: long_ago})
    assert await page(redis, channel) == []
    assert await redis.zscore(listing, channel.id) is None
