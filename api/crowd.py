"""Viewers of one channel that have everything there is: one cursor for all of them, and one loop that writes to them.

A viewer rides along while it is at the head and its connection takes what it is given. Then nothing of its own runs: no
task is woken for it, nothing is looked up. Whoever cannot take more gets off where the crowd is, and goes on by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

from gridcast.broadcaster import Channel, Subscription

from .frames import frame_of, joined
from .stats import Stats
from .websocket import Broadcast, FramePort


class Ride:
    """One viewer in a crowd. `over` is done when it got off: true if the session's last entry was written to it."""

    __slots__ = ("_began", "_crowd", "_ended", "over", "subscription")

    def __init__(self, crowd: Crowd, subscription: Subscription) -> None:
        self.subscription = subscription
        self.over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._crowd = crowd
        self._began = crowd.written
        self._ended: int | None = None

    @property
    def written(self) -> int:
        """Bytes written to this viewer so far."""
        return (self._crowd.written if self._ended is None else self._ended) - self._began

    def end(self, *, final: bool) -> None:
        self._ended = self._crowd.written
        if not self.over.done():
            self.over.set_result(final)


class Crowd:
    """The viewers at one place of one channel. While somebody is in it, `advance` runs whenever the channel has news.

    `written` counts the bytes that went to each of them.
    """

    def __init__(self, place: Subscription, stats: Stats) -> None:
        self.written = 0
        self._cursor = place.twin()
        self._stats = stats
        self._rides: dict[FramePort, Ride] = {}
        self._broadcast = Broadcast()

    def __len__(self) -> int:
        return len(self._rides)

    def is_at(self, place: Subscription) -> bool:
        """Whether there is somebody in it, and at this place."""
        return bool(self._rides) and self._cursor.place == place.place

    def join(self, port: FramePort, subscription: Subscription) -> Ride:
        """Take a viewer in that is at the crowd's place; `subscription` moves to where it gets off."""
        if not self._rides:
            self._cursor.follow(self.advance)
        ride = self._rides[port] = Ride(self, subscription)
        self._broadcast.add(port)
        return ride

    def leave(self, port: FramePort, *, final: bool = False) -> None:
        """Let a viewer off, if it is still in."""
        ride = self._rides.pop(port, None)
        if ride is not None:
            self._broadcast.discard(port)
            ride.subscription.meet(self._cursor)
            ride.end(final=final)
            if not self._rides:
                self._cursor.unfollow(self.advance)

    def advance(self) -> None:
        """Write what came to everyone, in pieces that are small beside their bounds; let off who cannot go on."""
        cursor, stats = self._cursor, self._stats
        while self._rides and (batch := cursor.ready()):
            frames = [frame_of(entry) for entry in batch]
            piece = joined(frames)
            self.written += len(piece)
            stats.frames += len(frames) * len(self._rides)
            stats.bytes += len(piece) * len(self._rides)
            final = frames[-1].final
            full = self._broadcast.write(piece)
            stats.catch_ups += 0 if final else len(full)
            if (written_s := batch[-1].written_s) is not None:
                stats.delivery_s.observe(time.time() - written_s)
            for port in list(self._rides) if final else full:
                self.leave(port, final=final)
        if not cursor.at_head:
            # A hole, another life of the log, its end: each viewer finds its way by itself.
            stats.catch_ups += len(self._rides)
            for port in list(self._rides):
                self.leave(port)


class Crowds:
    """The crowds of a process: one for each channel that has viewers at its head."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._crowds: dict[Channel, Crowd] = {}

    def __len__(self) -> int:
        return len(self._crowds)

    @contextlib.contextmanager
    def ride(self, port: FramePort, subscription: Subscription) -> Iterator[Ride]:
        """Be in the crowd at this subscription's place, the head of its channel, until off or out of the block."""
        channel = subscription.channel
        crowd = self._crowds.get(channel)
        if crowd is None or not crowd.is_at(subscription):
            crowd = self._crowds[channel] = Crowd(subscription, self._stats)
        ride = crowd.join(port, subscription)
        try:
            yield ride
        finally:
            crowd.leave(port)
            if not crowd and self._crowds.get(channel) is crowd:
                del self._crowds[channel]
