"""Waiting for a state instead of sleeping for luck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 30.0
"""How long a test waits before it calls a state unreachable; generous, because test machines are busy."""


async def until(holds: Callable[[], bool], *, what: str = "the awaited state") -> None:
    """Return as soon as `holds()` is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {PATIENCE_S:g} s")
        await asyncio.sleep(0.005)
