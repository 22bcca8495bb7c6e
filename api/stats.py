"""Plain counters of this process, read by `/metrics`; counted per batch, so that a delivery costs nothing extra."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from gridcast.broadcaster.histogram import Histogram


@dataclass(slots=True)
class Stats:
    """Totals since the process started."""

    frames: int = 0
    bytes: int = 0
    viewers_let_go: int = 0
    catch_ups: int = 0
    """Viewers at the live edge that could not take what came, or lost the thread, and went on from the log."""
    sessions_created: int = 0
    commands: int = 0
    responses: Counter[tuple[str, int]] = field(default_factory=Counter)
    """HTTP responses by method and status."""
    response_s: Histogram = field(default_factory=Histogram)
    delivery_s: Histogram = field(default_factory=Histogram)
    """From writing entries until they were handed to a crowd."""
