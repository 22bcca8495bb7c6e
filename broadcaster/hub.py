"""Subscriptions for one process: one Pub/Sub connection, shared windows, one cursor per reader.

Late joining, reconnecting, a broker hiccup and a slow reader are one code path: a cursor whose next entry is not in the
window reads the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Literal, Self

import orjson
import structlog

from .channels import PAGE_BYTES, Channels
from .client import answering, async_client, async_pubsub_client
from .entries import Entry, Reset, ResetReason, offset_of
from .errors import BrokerUnavailable, ChannelGone, NoChannel
from .feed import Cursor, Feed
from .names import Channel, Epoch, canary_channel, new_id
from .settings import Settings
from .tail import CANARY_S, Tail

log = structlog.get_logger(__name__)

BATCH_BYTES = 64 << 10
"""How much one `next()` takes from the window: small, so that a reader's own bounds can act between two."""

TOTAL_WINDOW_BYTES = 256 << 20
"""All windows of a process together; with many channels each gets less than `Settings.window_bytes`."""

MIN_WINDOW_BYTES = 64 << 10


class _Shared:
    """A feed, who reads it, and the event that wakes them all."""

    def __init__(self) -> None:
        self.feed: Feed | None = None
        self.readers = 0
        self.opening = asyncio.Lock()
        self.behind: int | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self.seen_while_opening = 0

    def wake(self) -> None:
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

    def __init__(
        self,
        channels: Channels,
        shared: _Shared,
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

    def ready(self) -> list[Entry]:
        """What can be handed out now without waiting or asking the broker; may be empty."""
        feed, cursor = self._feed, self._cursor
        if feed.changed_since(cursor):
            return []
        batch = feed.after(cursor.offset, max_bytes=BATCH_BYTES)
        if batch:
            cursor.offset = batch[-1].offset
        return batch

    async def next(self) -> list[Entry | Reset]:
        """The next entries in order, at least one; or one `Reset` that says what is missing.

        Raises:
            ChannelGone: the channel was deleted.
            BrokerUnavailable: the log could not be read now; call again to go on at the same place.
        """
        feed, cursor = self._feed, self._cursor
        while True:
            if feed.gone:
                raise ChannelGone(str(feed.channel))
            if cursor.epoch != feed.epoch:
                return [await self._reset("epoch")]
            if cursor.offset > feed.head:
                if await self._caught_up():
                    continue
                return [await self._reset("ahead")]
            batch = feed.after(cursor.offset, max_bytes=BATCH_BYTES)
            if batch:
                cursor.offset = batch[-1].offset
                return list(batch)
            if cursor.offset >= feed.head:
                await self._shared.wait()
                continue
            page = await self._channels.page(feed.channel, after=cursor.offset, max_bytes=PAGE_BYTES)
            if feed.changed_since(cursor):  # while the page was on its way
                continue
            if not page:
                await self._confirm_missing()
            elif page[0].offset != cursor.offset + 1:
                return [await self._reset("trimmed")]
            else:
                cursor.offset = page[-1].offset
                return list(page)

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

    async def _confirm_missing(self) -> None:
        """The log is empty where the feed says entries are: the channel changed under us; look at it again."""
        found = (await self._channels.heads([self._feed.channel]))[0]
        if found is None:
            self._feed.gone = True
            self._shared.wake()
        elif not self._feed.observed(epoch=found[0], head=found[1]):
            # Everything was trimmed away: there is nothing to hand out before the next entry.
            self._cursor.offset = self._feed.head

    async def _reset(self, reason: ResetReason) -> Reset:
        feed = self._feed
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


class Hub:
    """All subscriptions of one process. An async context manager; it starts also while the broker is away."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._client = async_client(settings)
        self._tail_client = async_pubsub_client(settings)
        self._channels = Channels(self._client)
        self._canary = canary_channel(new_id())
        self._tail = Tail(
            self._tail_client,
            canary=self._canary,
            on_message=self._arrived,
            on_connected=self._reconnected,
            clock=clock,
        )
        self._shared: dict[str, _Shared] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._tail.run()), asyncio.create_task(self._watch())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()
        await self._tail_client.aclose()

    @property
    def healthy(self) -> bool:
        """Whether what is published now arrives here: the process's own canary came back lately."""
        return self._tail.healthy

    @property
    def channels(self) -> dict[Channel, int]:
        """Channels served now, with the number of readers here."""
        return {
            shared.feed.channel: shared.readers for shared in self._shared.values() if shared.feed is not None
        }

    @property
    def window_bytes(self) -> int:
        """Bytes in all windows together."""
        return sum(shared.feed.window_bytes for shared in self._shared.values() if shared.feed is not None)

    @contextlib.asynccontextmanager
    async def subscribe(
        self, channel: Channel, *, since: int | Literal["live"] = 0, epoch: Epoch | None = None
    ) -> AsyncIterator[Subscription]:
        """Subscribe from the entry after `since` on. Live on entry: nothing published from now on is missed.

        Raises:
            NoChannel: there is no such channel.
            BrokerUnavailable: the broker is away.
        """
        shared = self._shared.get(channel.live)
        if shared is None:
            shared = self._shared[channel.live] = _Shared()
        shared.readers += 1
        try:
            async with shared.opening:
                if shared.feed is None or shared.feed.gone:
                    await self._open(channel, shared)
            assert shared.feed is not None
            yield Subscription(self._channels, shared, shared.feed, since=since, epoch=epoch)
        finally:
            shared.readers -= 1
            # No await between the check and the removal: a reader that comes meanwhile makes a new feed.
            if shared.readers == 0 and self._shared.get(channel.live) is shared:
                del self._shared[channel.live]
                self._bound_windows()
                await self._tail.unsubscribe(channel.live)

    async def _open(self, channel: Channel, shared: _Shared) -> None:
        """Subscribe first, then read the head: an entry is either in the log by then or comes by the tail."""
        await self._tail.subscribe(channel.live)
        found = (await self._channels.heads([channel]))[0]
        if found is None:
            raise NoChannel(str(channel))
        epoch, head = found
        shared.feed = Feed(channel, epoch=epoch, head=max(head, shared.seen_while_opening), max_bytes=0)
        self._bound_windows()

    def _bound_windows(self) -> None:
        allowance = max(MIN_WINDOW_BYTES, TOTAL_WINDOW_BYTES // max(1, len(self._shared)))
        for shared in self._shared.values():
            if shared.feed is not None:
                shared.feed.max_bytes = min(self._settings.window_bytes, allowance)
                shared.feed.shrink()

    def _arrived(self, name: str, data: bytes) -> None:
        shared = self._shared.get(name)
        if shared is None:
            return
        try:
            offset = offset_of(data)
        except ValueError:
            log.warning("ignored a message that is no entry", channel=name)
            return
        if shared.feed is None:
            shared.seen_while_opening = max(shared.seen_while_opening, offset)
        elif shared.feed.arrived(Entry(offset, data)):
            shared.wake()

    async def _reconnected(self) -> None:
        """Messages were lost while the tail was down: take epochs and heads from the broker."""
        await self._compare(patient=False)

    async def _watch(self) -> None:
        """Send the canary, and compare what we serve with what the broker has."""
        while True:
            with contextlib.suppress(BrokerUnavailable):
                async with answering():
                    await self._client.publish(self._canary, b"1")
                await self._compare(patient=True)
            await asyncio.sleep(CANARY_S)

    async def _compare(self, *, patient: bool) -> None:
        """Find channels that were deleted, flushed or restored, and heads that the tail did not bring.

        The tail may simply be on its way, so a patient comparison believes a higher head only if the tail has not
        reached it by the next round.
        """
        served = [
            (s, s.feed, s.feed.head) for s in self._shared.values() if s.feed is not None and not s.feed.gone
        ]
        if not served:
            return
        found = await self._channels.heads([feed.channel for _, feed, _ in served])
        for (shared, feed, head_before), now in zip(served, found, strict=True):
            overdue, shared.behind = shared.behind, None
            if now is None:
                feed.gone = True
            else:
                epoch, head = now
                if epoch == feed.epoch and head >= head_before and head <= feed.head:
                    continue
                if epoch == feed.epoch and head > feed.head and patient:
                    shared.behind = head
                    if overdue is None or feed.head >= overdue:
                        continue
                feed.observed(
                    epoch=epoch,
                    head=max(head, feed.head) if epoch == feed.epoch and head > head_before else head,
                )
            shared.wake()
