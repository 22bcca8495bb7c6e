"""One service on ten hosts for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from gridcast.broadcaster import Settings
from tests.machines.network import NoNamespaces, network
from tests.machines.plant import LEASE_S, Plant
from tests.workers.lab import Lab


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    try:
        with network() as net:
            plant = Plant(net, tmp_path_factory.mktemp("machines"))
            try:
                plant.start()
                yield plant
            finally:
                plant.end()
    except NoNamespaces as reason:
        pytest.skip(f"*** SKIPPED: many machines: {reason} ***")


@pytest.fixture
async def plant(running: Plant) -> AsyncIterator[Plant]:
    """The service, whole: what a test has ended is started again."""
    yield running
    running.heal()


@pytest.fixture
async def lab(plant: Plant) -> AsyncIterator[Lab]:
    """The test's own look at the broker."""
    redis = plant.look()
    yield Lab(Settings(lease_s=LEASE_S), redis)
    await redis.aclose()
