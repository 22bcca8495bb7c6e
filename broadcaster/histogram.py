"""Counts of durations in buckets, as Prometheus understands them; cheap enough to be filled by whoever serves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, TypedDict

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets: from one call of the broker to what nobody waits for any more."""

LONG_S: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""The same for waiting in a queue."""


class ToldHistogram(TypedDict):
    """A histogram as it travels."""

    bounds: list[float]
    counts: list[int]
    sum: float


class Histogram:
    """How many values fell into each bucket, and their sum. The last bucket holds what is above all bounds."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self._bounds = tuple(bounds)
        self.counts = [0] * (len(self._bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value; one below zero (two machines' clocks) counts as zero."""
        value = max(0.0, value)
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        return sum(self.counts)

    def add(self, counts: Sequence[int], total: float) -> None:
        """Take in what another histogram with the same bounds has counted.

        Raises:
            ValueError: it has other bounds.
        """
        self.counts = [mine + others for mine, others in zip(self.counts, counts, strict=True)]
        self.sum += total

    def told(self) -> ToldHistogram:
        """For a heartbeat."""
        return {"bounds": list(self._bounds), "counts": list(self.counts), "sum": round(self.sum, 6)}


def cumulative(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """The buckets as Prometheus wants them: each holds all that is not above its bound."""
    total = 0
    found: list[tuple[str, float]] = []
    for bound, count in zip([*map(str, bounds), "+Inf"], counts, strict=True):
        total += count
        found.append((bound, total))
    return found
