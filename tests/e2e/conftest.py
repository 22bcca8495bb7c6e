"""One Gridcast for all tests of a module, and a place for the pictures."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cli.started import REAL, Started, started
from tests.e2e.driving import WEB, chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Started]:
    """A running `gridcast up`."""
    chromium()
    assert (WEB / "dist" / "index.html").is_file(), "the page is not built: run `make setup`"
    assert (WEB / "node_modules" / "playwright-core").is_dir(), "web packages are missing: run `make setup`"
    folder = tmp_path_factory.mktemp("up") / "here"
    async with started("up", "--port", "0", folder=folder, command=REAL) as running:
        yield running


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where the pictures go: GRIDCAST_SCREENSHOTS, for who wants to look at them."""
    folder = Path(os.environ.get("GRIDCAST_SCREENSHOTS", tmp_path / "screenshots")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
