"""Plain counters of this process, read by `/metrics`; counted per batch, so that a delivery costs nothing extra."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stats:
    """Totals since the process started."""

    frames: int = 0
    bytes: int = 0
    viewers_let_go: int = 0
    resets: int = 0
    sessions_created: int = 0
    commands: int = 0
    responses: Counter[tuple[str, int]] = field(default_factory=Counter)
    """HTTP responses by method and status."""
