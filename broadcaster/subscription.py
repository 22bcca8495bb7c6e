"""One reader's place in a channel, and what all readers of a channel in one process share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Literal

import orjson

from .channels import PAGE_BYTES, Channels
from .entries import Batch, Entry, Reset, ResetReason
from .errors import ChannelGone
from .feed import BATCH_BYTES, Cursor, Feed, some
from .names import Channel, Epoch
from .totals import TOTALS


class Shared:
    """A feed, who reads it, and what wakes them all."""

    def __init__(self) -> None:
        self.feed: Feed | None = None
        self.readers = 0
        self.opening = asyncio.Lock()
        self.reading = asyncio.Lock()
        self.behind: int | None = None
        self.followers: list[Callable[[], None]] = []
        self._waiters: set[asyncio.Future[None]] = set()
        self.seen_while_opening = 0

    def wake(self) -> None:
        """Entries came, or the channel changed."""
        for follower in tuple(self.followers):
            follower()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)


class Subscription:
    """One reader of one channel; made by `Hub.subscribe`."""

    __slots__ = ("_channels", "_cursor", "_feed", "_shared")

    watcher: ClassVar[Callable[[Channel, list[Entry]], None] | None] = None
    """Called with what each reader of this process is handed; there is one where somebody traces."""

    def __init__(
        self,
        channels: Channels,
        shared: Shared,
        feed: Feed,
        *,
        since: int | Literal["live"],
        epoch: Epoch | None,
    ) -> None:
        self._channels = channels
        self._shared = shared
        self._feed = feed
        offset = feed.head if since == "live" else since
        self._cursor = Cursor(epoch=epoch if epoch is not None else feed.epoch, offset=offset)

    @property
    def epoch(self) -> Epoch:
        """The life of the log that this reader is in."""
        return self._cursor.epoch

    @property
    def head(self) -> int:
        """The newest offset known."""
        return self._feed.head

    @property
    def offset(self) -> int:
        """The last offset handed out."""
        return self._cursor.offset

    @property
    def channel(self) -> Channel:
        return self._feed.channel

    @property
    def at_head(self) -> bool:
        """Whether everything known was handed out, and what comes next continues it."""
        return self._cursor.offset == self._feed.head and not self._feed.changed_since(self._cursor)

    def ready(self) -> list[Entry]:
        """What can be handed out now without waiting or asking the broker; may be empty."""
        feed, cursor = self._feed, self._cursor
        if feed.changed_since(cursor):
            return []
        batch = feed.after(cursor.offset, max_bytes=BATCH_BYTES)
        if batch:
            cursor.offset = batch[-1].offset
            if Subscription.watcher is not None:
                Subscription.watcher(feed.channel, batch)
        return batch

    @property
    def place(self) -> Cursor:
        """A copy of where this reader is."""
        return replace(self._cursor)

    def twin(self) -> Subscription:
        """Another cursor at the same place; good for as long as any reader of the channel stays subscribed."""
        return Subscription(
            self._channels, self._shared, self._feed, since=self._cursor.offset, epoch=self._cursor.epoch
        )

    def meet(self, twin: Subscription) -> None:
        """Go on where a twin is."""
        self._cursor = twin.place

    def follow(self, call: Callable[[], None]) -> None:
        """Call `call` from now on whenever entries came or the channel changed; `ready()` hands the entries out.

        It runs in the loop that serves all: it must neither wait nor fail.
        """
        self._shared.followers.append(call)

    def unfollow(self, call: Callable[[], None]) -> None:
        self._shared.followers.remove(call)

    async def next(self, *, max_bytes: int = PAGE_BYTES) -> list[Entry | Reset]:
        """The next entries in order, at least one, of some `max_bytes`; or one `Reset` that says what is missing.

        Raises:
            ChannelGone: the channel was deleted.
            BrokerUnavailable: the log could not be read now; call again to go on at the same place.
        """
        found = await self.next_batch(max_bytes=max_bytes)
        return [found] if isinstance(found, Reset) else list(found.entries)

    async def next_batch(self, *, max_bytes: int = PAGE_BYTES) -> Batch | Reset:
        """The same, as one object that others at the same place are given too; it is not to be changed."""
        feed, cursor = self._feed, self._cursor
        while True:
            if feed.gone:
                raise ChannelGone(str(feed.channel))
            if cursor.epoch != feed.epoch:
                return await self._reset("epoch")
            if cursor.offset > feed.head:
                if await self._caught_up():
                    continue
                return await self._reset("ahead")
            batch = feed.batch(cursor.offset, max_bytes=max_bytes)
            if batch is not None:
                return self._handed(batch)
            if cursor.offset >= feed.head:
                await self._shared.wait()
                continue
            if (page := await self._page()) is None or feed.changed_since(cursor):
                continue
            if not page:
                if await self._is_missing():
                    return await self._reset("trimmed")
            elif page[0].offset != cursor.offset + 1:
                return await self._reset("trimmed")
            else:
                return self._handed(
                    feed.batch(cursor.offset, max_bytes=max_bytes) or Batch(some(page, max_bytes))
                )

    def _handed(self, batch: Batch) -> Batch:
        self._cursor.offset = batch.entries[-1].offset
        if Subscription.watcher is not None:
            Subscription.watcher(self._feed.channel, batch.entries)
        return batch

    async def _page(self) -> list[Entry] | None:
        """Read the log from this reader's place on, for all that are near it; `None` where another reader just did.

        One reads at a time: those that fell behind together find the page in the feed when their turn comes.
        """
        feed, cursor = self._feed, self._cursor
        async with self._shared.reading:
            if feed.changed_since(cursor) or feed.after(cursor.offset, max_bytes=1):
                return None
            life = feed.life
            TOTALS.log_pages += 1
            page = await self._channels.page(
                feed.channel, after=cursor.offset, max_bytes=min(PAGE_BYTES, feed.max_bytes)
            )
            feed.keep(page, life=life)
            return page

    async def _caught_up(self) -> bool:
        """Look whether the log has what the reader saw elsewhere already and the tail has not brought here yet."""
        found = (await self._channels.heads([self._feed.channel]))[0]
        if found is None:
            return False
        epoch, head = found
        if epoch != self._feed.epoch or head > self._feed.head:
            self._feed.observed(epoch=epoch, head=head)
            self._shared.wake()
        return epoch != self._cursor.epoch or head >= self._cursor.offset

    async def _is_missing(self) -> bool:
        """The log is empty where the feed says entries are: whether they are gone, or the channel changed under us."""
        found = (await self._channels.heads([self._feed.channel]))[0]
        if found is None:
            self._feed.gone = True
        elif not self._feed.observed(epoch=found[0], head=found[1]):
            return True
        self._shared.wake()
        return False

    async def _reset(self, reason: ResetReason) -> Reset:
        feed = self._feed
        TOTALS.resets[reason] += 1
        first = await self._channels.page(feed.channel, after=0, max_bytes=1)
        earliest = first[0].offset if first else feed.head + 1
        reset = Reset(
            epoch=feed.epoch, earliest_offset=earliest, earliest_tick=_first_tick(first), reason=reason
        )
        self._cursor.epoch = feed.epoch
        self._cursor.offset = earliest - 1
        return reset


def _first_tick(entries: list[Entry]) -> int | None:
    for entry in entries:
        if entry.type == "ticks":
            return int(orjson.loads(entry.data)["first"])
    return None
