"""A writer and readers that remember all they did, for the offline judge."""

from __future__ import annotations

import asyncio
from typing import Literal

from gridcast.broadcaster import Channel, ChannelGone, Channels, Entry, Hub, Reset
from gridcast.broadcaster.errors import BrokerUnavailable
from gridcast.broadcaster.names import Epoch
from tests.checker import judge, spliced


class RecordingWriter:
    """Appends numbered entries to a channel and keeps what each log must hold."""

    def __init__(self, channels: Channels, channel: Channel) -> None:
        self.channels = channels
        self.channel = channel
        self.logs: dict[str, dict[int, bytes]] = {}
        self.epoch = Epoch("")
        self.head = 0

    async def create(self) -> None:
        self.epoch = await self.channels.create(self.channel, meta={})
        self.logs[self.epoch] = {}
        self.head = 0

    async def write(self, count: int = 1, *, size: int = 20, trim: int = 0) -> None:
        """Append `count` entries in one call, and again until the broker took them."""
        first = self.head + 1
        entries = [
            b'{"type":"ticks","first":%d,"x":"%s"}' % (n, b"x" * size) for n in range(first, first + count)
        ]
        while True:
            try:
                await self.channels.publish(self.channel, token=0, expected=first, entries=entries, trim=trim)
                break
            except BrokerUnavailable:
                await asyncio.sleep(0.05)
        self.logs[self.epoch] |= {first + i: spliced(entry, first + i) for i, entry in enumerate(entries)}
        self.head += count


class RecordingReader:
    """Reads a channel in a task of its own until stopped or the channel is gone."""

    def __init__(
        self, hub: Hub, channel: Channel, *, since: int | Literal["live"] = 0, epoch: Epoch | None = None
    ) -> None:
        self.history: list[Entry | Reset] = []
        self.gone = False
        self.live = asyncio.Event()
        self._hub = hub
        self._channel = channel
        self._since = since
        self._epoch = epoch
        self._task = asyncio.create_task(self._read())

    @property
    def at(self) -> int:
        """Offset of the last entry read."""
        last = self.history[-1] if self.history else None
        return last.offset if isinstance(last, Entry) else 0

    @property
    def resets(self) -> list[Reset]:
        return [item for item in self.history if isinstance(item, Reset)]

    async def _read(self) -> None:
        async with self._hub.subscribe(self._channel, since=self._since, epoch=self._epoch) as subscription:
            self.live.set()
            while True:
                try:
                    self.history += await subscription.next()
                except BrokerUnavailable:
                    await asyncio.sleep(0.02)
                except ChannelGone:
                    self.gone = True
                    return

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def judge(self, writer: RecordingWriter, *, epoch: str | None = None, since: int = 0) -> None:
        """Hold this reader's history against what the writer did."""
        judge(self.history, writer.logs, epoch=epoch or writer.epoch, since=since)
