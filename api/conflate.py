"""`mode=latest`: a viewer that is behind gets the newest ticks, and is told which it did not get. No I/O.

Only `ticks` entries are left out; answers, states and all else are passed on, in order.
"""

from __future__ import annotations

import orjson

from gridcast.broadcaster import Entry, Reset

from .frames import Frame, message

MAX_HELD = 256
"""Other entries that may wait behind the newest ticks before those go out too."""

Item = Entry | Reset | Frame


class Conflation:
    """Feed it entries; take what comes out; `flush` it when there is nothing newer to be had."""

    def __init__(self) -> None:
        self._hole: tuple[Entry, Entry] | None = None
        self._newest: Entry | None = None
        self._held: list[Entry | Reset] = []

    def feed(self, entry: Entry | Reset) -> list[Item]:
        """Take the next entry; answer with what is certain to go out now."""
        if isinstance(entry, Entry) and entry.type == "ticks":
            ready: list[Item] = []
            if self._newest is not None:
                self._hole = (self._hole[0] if self._hole else self._newest, self._newest)
                if self._held:
                    ready = [*self._close_hole(), *self._held]
                    self._held = []
            self._newest = entry
            return ready
        if self._newest is None:
            return [entry]
        self._held.append(entry)
        if isinstance(entry, Reset) or len(self._held) >= MAX_HELD:
            return self.flush()
        return []

    def flush(self) -> list[Item]:
        """Everything that waits: the hole, the newest ticks, and what came behind them."""
        ready: list[Item] = self._close_hole()
        if self._newest is not None:
            ready.append(self._newest)
        ready.extend(self._held)
        self._newest = None
        self._held = []
        return ready

    def _close_hole(self) -> list[Item]:
        if self._hole is None:
            return []
        first, last = (orjson.loads(entry.data) for entry in self._hole)
        hole, self._hole = self._hole, None
        return [
            message(
                "skipped",
                from_offset=hole[0].offset,
                to_offset=hole[1].offset,
                from_tick=first["first"],
                to_tick=last["first"] + len(last["t_s"]) - 1,
            )
        ]
