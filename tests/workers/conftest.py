"""Fixtures: a laboratory on the shared broker, and one worker for all tests that do not hurt it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from tests.valkey import ValkeyServer
from tests.workers.lab import Lab, WorkerProcess, worker_process

LEASE_S = 2.0


@pytest.fixture
async def lab(settings: Settings) -> AsyncIterator[Lab]:
    redis = async_client(settings)
    yield Lab(settings, redis)
    await redis.aclose()


@pytest.fixture(scope="session")
def shared_worker(
    shared_valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    settings = Settings(redis_url=shared_valkey.url, lease_s=LEASE_S)
    with worker_process(settings, tmp_path_factory.mktemp("worker")) as worker:
        yield worker


@pytest.fixture
def worker(lab: Lab, shared_worker: WorkerProcess) -> WorkerProcess:
    """A running worker on the emptied broker; not to be stopped or killed."""
    return shared_worker
