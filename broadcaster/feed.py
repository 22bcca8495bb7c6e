"""What one process knows of one channel, and where each reader's next entries come from. No I/O here.

A feed is a bounded window over the newest entries, filled by the live tail, and the pages of the log that readers fetched
lately, for others at the same place. A cursor is one reader's place. Whatever a feed does not hold, the log does: a hole in
the tail empties the window, and readers find their way by offset.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from .entries import Batch, Entry
from .names import Channel, Epoch

BATCH_BYTES = 64 << 10
"""How much a reader takes at once: small, so that its own bounds can act between two."""

BATCHES_SHARE = 8
"""So much less than its window a feed keeps as batches, for readers that come to the same place."""

_ENTRY_OVERHEAD = 200
"""Bytes that an entry costs in memory beside its data."""


@dataclass(slots=True)
class Cursor:
    """One reader's place: the last offset it was given, in which life of the log."""

    epoch: Epoch
    offset: int


class Feed:
    """What is known of one channel.

    `head` is the newest offset known to be in the log; `life` changes whenever what was read before may be true no more.
    """

    def __init__(self, channel: Channel, *, epoch: Epoch, head: int, max_bytes: int) -> None:
        self.channel = channel
        self.epoch = epoch
        self.head = head
        self.max_bytes = max_bytes
        self.gone = False
        self.life = 0
        self._pages: deque[list[Entry]] = deque()
        self._pages_bytes = 0
        self._pages_used = False
        self._window: deque[Entry] = deque()
        self._bytes = 0
        self._batches: dict[int, Batch] = {}

    @property
    def window_bytes(self) -> int:
        return self._bytes

    @property
    def pages_bytes(self) -> int:
        return self._pages_bytes

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
        self._pages.clear()
        self._pages_bytes = 0
        self._batches.clear()
        self.life += 1
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

    def keep(self, page: list[Entry], *, life: int) -> None:
        """Remember a page of the log for other readers that are behind; `life` is the feed's before the page was read."""
        if life != self.life or not page:
            return
        self._pages.append(page)
        self._pages_bytes += _size(page)
        self._pages_used = True
        while self._pages_bytes > self.max_bytes and len(self._pages) > 1:
            self._pages_bytes -= _size(self._pages.popleft())

    def age(self) -> None:
        """Forget the pages if nobody wanted them since this was called before."""
        if not self._pages_used:
            self._pages.clear()
            self._pages_bytes = 0
            self._batches.clear()
        self._pages_used = False

    def batch(self, offset: int, *, max_bytes: int) -> Batch | None:
        """As `after`, `BATCH_BYTES` of them at most: the same object for all who come to this place, or `None`."""
        found = self._batches.get(offset)
        if found is not None and found.size <= max_bytes:
            self._pages_used = True
            return found
        entries = self.after(offset, max_bytes=min(max_bytes, BATCH_BYTES))
        if not entries:
            return None
        batch = Batch(entries)
        # One that ends at the head would be a small one for those who come later; small ones of those with little room, too.
        if max_bytes >= BATCH_BYTES and entries[-1].offset < self.head:
            self._batches[offset] = batch
            while len(self._batches) > max(1, self.max_bytes // (BATCHES_SHARE * BATCH_BYTES)):
                del self._batches[next(iter(self._batches))]
        return batch

    def after(self, offset: int, *, max_bytes: int) -> list[Entry]:
        """Entries `offset + 1`, ... some `max_bytes` of them; empty if neither window nor pages can continue there."""
        window = self._window
        if window:
            skip = offset + 1 - window[0].offset
            if skip == len(window) - 1:
                return [window[-1]]
            if 0 <= skip < len(window):
                return some(islice(window, skip, None), max_bytes)
        for page in self._pages:
            skip = offset + 1 - page[0].offset
            if 0 <= skip < len(page):
                self._pages_used = True
                return some(islice(page, skip, None), max_bytes)
        return []


def some(entries: Iterable[Entry], max_bytes: int) -> list[Entry]:
    """The first of them, and more until they are `max_bytes` together."""
    found: list[Entry] = []
    size = 0
    for entry in entries:
        found.append(entry)
        size += len(entry.data)
        if size >= max_bytes:
            break
    return found


def _size(page: list[Entry]) -> int:
    return sum(len(entry.data) + _ENTRY_OVERHEAD for entry in page)
