"""A server with a real Valkey behind it, and a session that the test writes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gridcast.broadcaster import Settings
from tests.api.producer import Producer
from tests.api.serving import Api, serving


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with serving(settings) as running:
        yield running


@pytest.fixture
async def producer(settings: Settings) -> AsyncIterator[Producer]:
    found = Producer(settings)
    yield found
    await found.aclose()
