"""A server with a real Valkey behind it, and a session that the test writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from gridcast.broadcaster import Settings
from tests.api.producer import Producer
from tests.api.serving import Api, serving
from tests.valkey import ValkeyServer


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with serving(settings) as running:
        yield running


@pytest.fixture
async def producer(settings: Settings) -> AsyncIterator[Producer]:
    found = Producer(settings)
    yield found
    await found.aclose()


@pytest.fixture(scope="session")
def api_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A server that no worker of other tests looks at: it would take the jobs that these tests leave waiting."""
    server = ValkeyServer(tmp_path_factory.mktemp("api-valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(api_valkey: ValkeyServer) -> ValkeyServer:
    """A running server with no keys in it; not to be killed, frozen or filled."""
    with api_valkey.client() as client:
        client.flushall()
    return api_valkey
