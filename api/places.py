"""Places for exports: few at once, each kept for as long as its client takes, but not by a slow one while others want it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

import structlog

from .failures import RETRY_S, TOO_MANY, Failure

log = structlog.get_logger(__name__)

PATIENCE_S: Final = 30.0
"""So long, in all, a client may keep us waiting before its place can be given to another."""

SLOW_BYTES_PER_S: Final = 512 << 10
"""Who takes less than that in the time in which we wait for it is slow: an hour of the largest feeder would take minutes."""


class Place:
    """One export under way. `lost` is set when it must end, as another has the place now."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self._waited_s = 0.0
        self._taken_bytes = 0

    def took(self, size_bytes: int, waited_s: float) -> None:
        """Its client took so much more, and kept us waiting so long for it."""
        self._taken_bytes += size_bytes
        self._waited_s += waited_s

    @property
    def bytes_per_s(self) -> float:
        """What its client takes while we wait for it."""
        return self._taken_bytes / self._waited_s if self._waited_s else float("inf")

    @property
    def slow(self) -> bool:
        return self._waited_s >= PATIENCE_S and self.bytes_per_s < SLOW_BYTES_PER_S


class Places:
    """So many at once; the next one gets the place of the slowest client, if one of them is slow."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._taken: set[Place] = set()

    @property
    def taken(self) -> frozenset[Place]:
        """Those of exports that are under way."""
        return frozenset(self._taken)

    @contextlib.contextmanager
    def one(self) -> Iterator[Place]:
        """Have a place for as long as the block lasts.

        Raises:
            Failure: all are taken, and no client is slow.
        """
        if len(self._taken) >= self._count:
            self._free_one()
        place = Place()
        self._taken.add(place)
        try:
            yield place
        finally:
            self._taken.discard(place)

    def _free_one(self) -> None:
        slow = [place for place in self._taken if place.slow]
        if not slow:
            detail = (
                f"{self._count} exports are under way, as many as this service makes at once; try again in a moment "
                "(one of them must end, or its client become slow)"
            )
            raise Failure(TOO_MANY, detail, headers={"Retry-After": str(RETRY_S)})
        slowest = min(slow, key=lambda place: place.bytes_per_s)
        self._taken.discard(slowest)
        slowest.lost.set()
        log.warning("an export was broken off: others wait", client_bytes_per_s=round(slowest.bytes_per_s))
