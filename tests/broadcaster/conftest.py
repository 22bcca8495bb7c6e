"""Clients for the broadcaster's tests: the same tests run on a real Valkey and on fakeredis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import fakeredis
import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Channel, Channels, Settings
from gridcast.broadcaster.client import async_client

CHANNEL = Channel.session("k3v9")


@pytest.fixture(params=["valkey", "fakeredis"])
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """An asynchronous client of an empty broker."""
    if request.param == "valkey":
        client = async_client(Settings(redis_url=request.getfixturevalue("valkey_url")))
    else:
        client = fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer(), protocol=2)
    yield client
    await client.aclose()


@pytest.fixture
async def channels(redis: Redis) -> Channels:
    return Channels(redis)
