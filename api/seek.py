"""From tick numbers to offsets: where in a log a viewer goes on that knows the run up to some tick."""

from __future__ import annotations

import re
from typing import Final

import orjson

from gridcast.broadcaster import Channel, Channels, Entry, NoChannel

_FIRST: Final = re.compile(rb'"first":(\d+)')


async def since_of_tick(channels: Channels, channel: Channel, tick: int) -> int:
    """The `since` for who has ticks 0..tick: the entry after it holds tick + 1, and maybe some ticks before.

    Where those entries were trimmed away, or the log does not reach `tick`, the answer is an offset to which the hub's
    reply is the right `reset`. Takes about log2(entries) small reads.
    """
    found = (await channels.heads([channel]))[0]
    if found is None:
        raise NoChannel(str(channel))
    head = found[1]
    page = await channels.page(channel, after=0, max_bytes=1)
    if not page:
        return head
    earliest = page[0].offset
    best: Entry | None = None
    low, high = earliest, head
    while low <= high:
        middle = (low + high) // 2
        entry = await _ticks_from(channels, channel, middle, high)
        if entry is not None and first_tick(entry) <= tick + 1:
            best = entry
            low = entry.offset + 1
        else:
            high = middle - 1
    if best is None:
        return head + 1 if earliest == 1 else max(0, earliest - 2)
    last = first_tick(best) + len(orjson.loads(best.data)["t_s"]) - 1
    if last > tick:
        return best.offset - 1
    return best.offset if last == tick else head + 1


def first_tick(entry: Entry) -> int:
    """Of a `ticks` entry, read from its head: writers put `first` before the numbers."""
    found = _FIRST.search(entry.data, 0, 200)
    return int(found[1]) if found else int(orjson.loads(entry.data)["first"])


async def _ticks_from(channels: Channels, channel: Channel, offset: int, high: int) -> Entry | None:
    """The first `ticks` entry between `offset` and `high`."""
    while offset <= high:
        page = await channels.page(channel, after=offset - 1, max_bytes=1)
        for entry in page:
            if entry.offset <= high and entry.type == "ticks":
                return entry
        if not page:
            return None
        offset = page[-1].offset + 1
    return None
