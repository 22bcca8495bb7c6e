"""A worker's fork server, from the worker's side."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from gridcast.broadcaster import Settings
from gridcast.workers.children import Children
from tests.waiting import PATIENCE_S, until


async def test_one_that_still_loads_does_not_hold_its_worker_up() -> None:
    children = Children(Settings())
    running = asyncio.create_task(children.run())
    await until(lambda: children.server_pid is not None)
    assert children.server_pid is not None
    os.kill(children.server_pid, signal.SIGSTOP)  # it would load for ever
    running.cancel()
    async with asyncio.timeout(PATIENCE_S):
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert children.server_pid is None
