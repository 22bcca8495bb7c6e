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

import structlog

from .channels import Channels
from .client import answering, async_client, async_pubsub_client, channels_of
from .entries import Entry, epoch_of, offset_of
from .errors import BrokerUnavailable, NoChannel
from .feed import Feed
from .names import Channel, Epoch, canary_channel, new_id
from .settings import Settings
from .subscription import Shared, Subscription
from .tail import CANARY_S, Tail

log = structlog.get_logger(__name__)

TOTAL_WINDOW_BYTES = 256 << 20
"""All windows of a process together, and as much again for pages of the log that several readers want; with many channels
each gets less than `Settings.window_bytes`."""

MIN_WINDOW_BYTES = 64 << 10


class Hub:
    """All subscriptions of one process. An async context manager; it starts also while the broker is away."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._broker = async_client(settings)
        self._client = channels_of(self._broker)
        self._tail_client = async_pubsub_client(settings)
        self._channels = Channels(self._client)
        self._canary = canary_channel(new_id())
        self._tail = Tail(
            self._tail_client,
            canary=self._canary,
            on_message=self._arrived,
            on_read=self._tell,
            on_connected=self._reconnected,
            clock=clock,
        )
        self._shared: dict[str, Shared] = {}
        self._news: list[Shared] = []
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
        await self._broker.aclose()
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
            shared = self._shared[channel.live] = Shared()
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

    async def _open(self, channel: Channel, shared: Shared) -> None:
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
        """Take one message of the tail in; `_tell` follows when there are no more for now."""
        shared = self._shared.get(name)
        if shared is None:
            return
        try:
            offset = offset_of(data)
        except ValueError:
            self._began_anew(shared, name, data)
            return
        if shared.feed is None:
            shared.seen_while_opening = max(shared.seen_while_opening, offset)
        elif shared.feed.arrived(Entry(offset, data)) and shared not in self._news[-1:]:
            self._news.append(shared)

    def _began_anew(self, shared: Shared, name: str, data: bytes) -> None:
        """Take the news that the log has another life, before its entries come, which continue nothing that was read."""
        life = epoch_of(data)
        if life is None:
            log.warning("ignored a message that is no entry", channel=name)
        elif shared.feed is not None and shared.feed.epoch != life[0]:
            shared.feed.observed(epoch=life[0], head=life[1])
            self._news.append(shared)

    def _tell(self) -> None:
        """Wake the readers of every channel that got entries; a channel may stand here twice, which costs little."""
        news, self._news = self._news, []
        for shared in news:
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
            for shared in self._shared.values():
                if shared.feed is not None:
                    shared.feed.age()
            await asyncio.sleep(CANARY_S)

    async def _compare(self, *, patient: bool) -> None:
        """Find channels that were deleted, flushed or restored, and heads that the tail did not bring.

        The tail may simply be on its way, so a patient comparison believes a higher head only if the tail has not
        reached it by the next round.
        """
        served = [
            (s, s.feed, s.feed.head, s.feed.epoch)
            for s in self._shared.values()
            if s.feed is not None and not s.feed.gone
        ]
        if not served:
            return
        found = await self._channels.heads([feed.channel for _, feed, _, _ in served])
        for (shared, feed, head_before, epoch_before), now in zip(served, found, strict=True):
            if feed.epoch != epoch_before:
                continue  # the tail told of another life meanwhile: what was read is of the one before
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
