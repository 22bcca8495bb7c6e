"""What this process has counted since it began, for `/metrics`. One object for each process, as metrics are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .histogram import LONG_S, Histogram


@dataclass(slots=True)
class Totals:
    """Counted where it happens; each count stands for something rare, or for a whole batch of what is not."""

    resets: Counter[str] = field(default_factory=Counter)
    """Readers that were told what they miss, by reason."""
    log_pages: int = 0
    """Pages of logs read for readers that are behind."""
    publish_s: Histogram = field(default_factory=Histogram)
    """From handing entries to the broker until it has them; one value for each call."""
    queue_wait_s: Histogram = field(default_factory=lambda: Histogram(LONG_S))
    """From asking for a worker until one takes the session."""
    ticks: int = 0
    """Ticks published."""
    recoveries: Counter[str] = field(default_factory=Counter)
    """Sessions put back into the queue: their lease lapsed (`lapsed`), or their child ended too early (`ended`)."""
    leases_lost: int = 0
    """Children that others had taken over from."""
    audit_failures: int = 0
    """Audit records that could not be stored; they stand in the log."""


TOTALS = Totals()
