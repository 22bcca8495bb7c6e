"""When gathered ticks go out: by time, not by count. No I/O; the clock is passed in."""

from __future__ import annotations

GATHER_S = 0.02
"""For how long ticks are gathered at full speed: short for an eye, long beside the cost of one publish."""


class Batcher:
    """Says when the ticks gathered so far are due.

    The first tick after `restart` is due at once, so that people see a start or a resume without delay; after it ticks
    are due `gather_s` after the first of them came. Who sleeps between ticks sends before sleeping, so paced runs
    send every tick when it happens.
    """

    def __init__(self, gather_s: float = GATHER_S) -> None:
        self._gather_s = gather_s
        self._due_at: float | None = None
        self._at_once = True

    def restart(self) -> None:
        """The next tick is the first of a run, or the first after a pause."""
        self._at_once = True

    def added(self, now_s: float) -> bool:
        """One more tick was gathered; true when everything gathered should go out now."""
        if self._due_at is None:
            self._due_at = now_s if self._at_once else now_s + self._gather_s
        return now_s >= self._due_at

    def sent(self) -> None:
        """Everything gathered went out."""
        self._due_at = None
        self._at_once = False
