"""What an interrupted command takes back: others must not find running for nobody what it has started."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gridcast.client import ClientError

UNDO_S = 2.0
"""How long it tries."""


@asynccontextmanager
async def taken_back(undo: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """An interrupt inside the context is followed by `undo`, best effort, and then goes on."""
    try:
        yield
    except asyncio.CancelledError:
        with contextlib.suppress(ClientError, TimeoutError):
            async with asyncio.timeout(UNDO_S):
                await undo()
        raise
