"""What one process knows of one channel, and where each reader's next entries come from. No I/O here.

A feed is a bounded window over the newest entries, filled by the live tail. A cursor is one reader's place. Whatever
the window does not hold, the log does: a hole in the tail empties the window, and readers find their way by offset.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .entries import Entry
from .names import Channel, Epoch

_ENTRY_OVERHEAD = 200
"""Bytes that an entry costs in memory beside its data."""


@dataclass(slots=True)
class Cursor:
    """One reader's place: the last offset it was given, in which life of the log."""

    epoch: Epoch
    offset: int


class Feed:
    """The window of one channel. `head` is the newest offset known to be in the log."""

    def __init__(self, channel: Channel, *, epoch: Epoch, head: int, max_bytes: int) -> None:
        self.channel = channel
        self.epoch = epoch
        self.head = head
        self.max_bytes = max_bytes
        self.gone = False
        self._window: deque[Entry] = deque()
        self._bytes = 0

    @property
    def window_bytes(self) -> int:
        return self._bytes

    @property
    def first(self) -> int:
        """Offset of the oldest entry in the window; `head + 1` when it is empty."""
        return self._window[0].offset if self._window else self.head + 1

    def arrived(self, entry: Entry) -> bool:
        """Take an entry from the live tail; false if it is no news.

        An entry that does not continue the window shows that the tail lost something: the window starts anew with it,
        and readers fetch from the log what lies before.
        """
        if entry.offset <= self.head:
            return False
        if entry.offset != self.head + 1:
            self._clear()
        self._window.append(entry)
        self._bytes += len(entry.data) + _ENTRY_OVERHEAD
        self.head = entry.offset
        self.shrink()
        return True

    def observed(self, *, epoch: Epoch, head: int) -> bool:
        """Take epoch and head as read from the broker; true if they tell something that the tail did not."""
        if epoch == self.epoch and head == self.head:
            return False
        self._clear()
        self.epoch = epoch
        self.head = head
        return True

    def changed_since(self, cursor: Cursor) -> bool:
        """Whether the channel was deleted or began another life since the cursor was set."""
        return self.gone or cursor.epoch != self.epoch

    def shrink(self) -> None:
        """Drop the oldest entries until the window is within its bound."""
        while self._bytes > self.max_bytes and self._window:
            self._bytes -= len(self._window.popleft().data) + _ENTRY_OVERHEAD

    def _clear(self) -> None:
        self._window.clear()
        self._bytes = 0

    def after(self, offset: int, *, max_bytes: int) -> list[Entry]:
        """Entries `offset + 1`, ... from the window, some `max_bytes` of them; empty if the window cannot continue there."""
        skip = offset + 1 - self.first
        if skip < 0 or skip >= len(self._window):
            return []
        if skip == len(self._window) - 1:
            return [self._window[-1]]
        found: list[Entry] = []
        size = 0
        for i in range(skip, len(self._window)):
            entry = self._window[i]
            found.append(entry)
            size += len(entry.data)
            if size >= max_bytes:
                break
        return found
