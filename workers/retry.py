"""Jobs that come too early."""

from __future__ import annotations

from typing import Final

RETRY_S: Final = 0.5
"""When a job that finds no room, or no broker, comes again."""


class TryLater(Exception):
    """The job cannot be done now, and nothing was done; it must come again after `after_s`."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"again in {after_s:g} s")
        self.after_s = after_s
