"""A worker's fork server, from the worker's side."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import pytest

from gridcast.broadcaster import Settings
from gridcast.workers.children import Children
from tests.waiting import PATIENCE_S


@pytest.mark.parametrize("turns", [0, 1, 2, 20], ids="{}-turns-later".format)
async def test_one_that_still_loads_does_not_hold_its_worker_up(turns: int) -> None:
    """However short the time is that the worker has known it."""
    children = Children(Settings())
    running = asyncio.create_task(children.run())
    async with asyncio.timeout(PATIENCE_S):
        while (pid := children.server_pid) is None:  # noqa: ASYNC110  # its very first moment is meant
            await asyncio.sleep(0)
        os.kill(pid, signal.SIGSTOP)  # it would load for ever
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
