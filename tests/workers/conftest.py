"""Fixtures: a laboratory on a broker of its own, and one worker for all tests that do not hurt it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from tests.valkey import ValkeyServer
from tests.workers.lab import Lab, WorkerProcess, worker_process

LEASE_S = 2.0


@pytest.fixture(scope="session")
def worked_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """The shared worker's broker: on the one of all tests it would take the jobs that others leave waiting."""
    server = ValkeyServer(tmp_path_factory.mktemp("worked-valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(worked_valkey: ValkeyServer) -> ValkeyServer:
    """A running server with no keys in it; not to be killed, frozen or filled."""
    worked_valkey.empty()
    return worked_valkey


@pytest.fixture
async def lab(settings: Settings) -> AsyncIterator[Lab]:
    redis = async_client(settings)
    yield Lab(settings, redis)
    await redis.aclose()


@pytest.fixture(scope="session")
def shared_worker(
    worked_valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    settings = Settings(redis_url=worked_valkey.url, lease_s=LEASE_S)
    with worker_process(settings, tmp_path_factory.mktemp("worker")) as worker:
        yield worker


@pytest.fixture
def worker(lab: Lab, shared_worker: WorkerProcess) -> WorkerProcess:
    """A running worker on the emptied broker; not to be stopped or killed."""
    return shared_worker
