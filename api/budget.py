"""What the viewers of a process may have unsent, together: the bound that no number of slow ones exceeds. No I/O.

Each viewer's soft bound is its share, smaller with many viewers and the same for those that came first. Whoever waits for
its peer is counted with all that waits with it, also what was translated for it and is much larger than its share; when the
whole is spent, the next one that would wait is let go instead, and comes back with `since`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

TOTAL_BYTES = 64 << 20
LEAST_SHARE_BYTES = 16 << 10
"""A viewer with less would be behind after every entry; as many as have this much fill the whole."""


class TooSlow(Exception):
    """The viewer's backlog is over a bound, or it made no progress for too long."""


class Sharer(Protocol):
    """Somebody with a soft bound."""

    def limit(self, soft_bytes: int) -> None: ...


class Budget:
    """Shares and counts `total_bytes`. `waiting_bytes` is what all have that wait now."""

    def __init__(self, total_bytes: int = TOTAL_BYTES) -> None:
        self.waiting_bytes = 0
        self._total_bytes = total_bytes
        self._sharers: set[Sharer] = set()

    @property
    def share_bytes(self) -> int:
        """The soft bound of each. It changes only when their number doubles, so that joining stays cheap."""
        doublings = max(0, len(self._sharers) - 1).bit_length()
        return max(LEAST_SHARE_BYTES, self._total_bytes >> doublings)

    @contextlib.contextmanager
    def shared_by(self, sharer: Sharer) -> Iterator[None]:
        """Share with one more, for as long as the block lasts."""
        before = self.share_bytes
        self._sharers.add(sharer)
        self._tell(before)
        sharer.limit(self.share_bytes)
        try:
            yield
        finally:
            before = self.share_bytes
            self._sharers.discard(sharer)
            self._tell(before)

    def _tell(self, before: int) -> None:
        now = self.share_bytes
        if now != before:
            for sharer in self._sharers:
                sharer.limit(now)

    @contextlib.contextmanager
    def waiting(self, size: int) -> Iterator[None]:
        """Count `size` bytes for as long as the block lasts. Raises `TooSlow` where that is more than is left."""
        if self.waiting_bytes + size > self._total_bytes:
            raise TooSlow
        self.waiting_bytes += size
        try:
            yield
        finally:
            self.waiting_bytes -= size
