"""A laboratory on a broker of each test's own, to kill and freeze things in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from tests.valkey import ValkeyServer
from tests.workers.lab import Lab

LEASE_S = 1.0


@pytest.fixture
async def mortal(mortal_valkey: ValkeyServer) -> AsyncIterator[Lab]:
    settings = Settings(redis_url=mortal_valkey.url, lease_s=LEASE_S)
    redis = async_client(settings)
    yield Lab(settings, redis)
    await redis.aclose()
