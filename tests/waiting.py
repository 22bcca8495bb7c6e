"""Waiting for a state instead of sleeping for luck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")

PATIENCE_S = 60.0
"""How long a test waits before it calls a state unreachable; generous, because test machines are busy."""


async def until(holds: Callable[[], bool], *, what: str = "the awaited state") -> None:
    """Return as soon as `holds()` is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {PATIENCE_S:g} s")
        await asyncio.sleep(0.005)


async def seen(
    look: Callable[[], Awaitable[Seen]], holds: Callable[[Seen], bool] = bool, *, within_s: float = PATIENCE_S
) -> Seen:
    """The first thing that `look` finds and that holds."""
    deadline = time.monotonic() + within_s
    while True:
        found = await look()
        if holds(found):
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"what was awaited did not come within {within_s:g} s; last seen: {found!r}")
        await asyncio.sleep(0.01)
