"""Fixtures for the engine's tests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.workers.engine.runs import own_processes


@pytest.fixture(scope="session")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Two processes at once, each new for its task."""
    with own_processes(2) as executor:
        yield executor
