"""Slowing somebody down without refusing anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class Pace:
    """Lets `burst` through at once, then `per_s` a second: whoever comes faster waits, in the order of coming.

    Nothing is lost, and nobody else waits.
    """

    def __init__(
        self,
        per_s: float,
        burst: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._left = float(burst)
        self._counted_at = clock()

    async def spend(self) -> None:
        """Count one; returns when it may go on."""
        now = self._clock()
        self._left = min(self._burst, self._left + self._per_s * (now - self._counted_at)) - 1
        self._counted_at = now
        if self._left < 0:
            await self._sleep(-self._left / self._per_s)
