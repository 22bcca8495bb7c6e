"""All viewers of this process: announced to the others, kept awake by heartbeats, let go when they stop reading.

One task looks after all of them, so a viewer costs no timer of its own and a delivery no clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

import structlog

from gridcast.broadcaster import BrokerUnavailable, Channel, Presence, Viewer
from gridcast.broadcaster.presence import REFRESH_S

from .frames import Frame, message
from .playhead import Ear, Playhead

log = structlog.get_logger(__name__)


class Watched(Protocol):
    """What the keeper needs of an outlet."""

    @property
    def written(self) -> int: ...

    @property
    def unread(self) -> int: ...

    def beat(self, frame: Frame) -> None: ...

    def abort(self) -> None: ...


class Pulse:
    """When one outlet last took something in and its viewer last took something over; times are passed in."""

    __slots__ = ("_arrived", "_written", "moved_at", "sent_at")

    def __init__(self, now: float) -> None:
        self._written = 0
        self._arrived = 0
        self.sent_at = now
        self.moved_at = now

    def observe(self, outlet: Watched, now: float) -> None:
        """Take a look: progress is a byte that arrived, or nothing on the way."""
        written = outlet.written
        if written == self._written == self._arrived:
            self.moved_at = now
            return
        if written != self._written:
            self._written = written
            self.sent_at = now
        unread = outlet.unread
        arrived = written - unread
        if unread == 0 or arrived > self._arrived:
            self._arrived = arrived
            self.moved_at = now


class Seat:
    """One viewer of one channel; `outlet` is None for those whose server side keeps time itself (event streams).

    `ear` takes in who else is there, where the viewer wants to know; `playhead` is where it looks; `heartbeat_s` says how
    much silence it bears, where that is less than others do.
    """

    __slots__ = ("channel", "ear", "heartbeat_s", "let_go", "outlet", "playhead", "pulse", "viewer")

    def __init__(self, channel: Channel, viewer: Viewer, outlet: Watched | None, pulse: Pulse) -> None:
        self.channel = channel
        self.viewer = viewer
        self.outlet = outlet
        self.pulse = pulse
        self.let_go = False
        self.ear: Ear | None = None
        self.heartbeat_s = math.inf
        self.playhead = Playhead()


class Audience:
    """Everyone who watches through this process."""

    def __init__(
        self,
        presence: Presence,
        *,
        stall_s: float,
        heartbeat_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._presence = presence
        self._stall_s = stall_s
        self._heartbeat_s = heartbeat_s
        self._pause_s = min(0.5, stall_s / 4, heartbeat_s / 4)
        self._clock = clock
        self._seats: set[Seat] = set()

    def __len__(self) -> int:
        return len(self._seats)

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats)

    @contextlib.asynccontextmanager
    async def seat(self, channel: Channel, viewer: Viewer, outlet: Watched | None) -> AsyncIterator[Seat]:
        """Count a viewer in for as long as the block lasts."""
        seat = Seat(channel, viewer, outlet, Pulse(self._clock()))
        self._seats.add(seat)
        try:
            with contextlib.suppress(BrokerUnavailable):
                await self._presence.announce(channel, [viewer])
            yield seat
        finally:
            self._seats.discard(seat)
            # Where the broker is away, the announcement lapses by itself.
            with contextlib.suppress(BrokerUnavailable):
                await self._presence.leave(channel, viewer)

    async def run(self) -> None:
        """Look after everyone until cancelled."""
        announced_at = self._clock()
        while True:
            await asyncio.sleep(self._pause_s)
            self.look_round()
            if self._clock() - announced_at >= REFRESH_S:
                announced_at = self._clock()
                await self.announce_all()

    def look_round(self) -> None:
        """Cut those without progress, and send heartbeats to those who heard nothing for long.

        Who moved did so since the look before, and who would be too late at the next look is cut now: within the time.
        """
        now = self._clock()
        beat: Frame | None = None
        for seat in self._seats:
            outlet, pulse = seat.outlet, seat.pulse
            if outlet is None or seat.let_go:
                continue
            pulse.observe(outlet, now)
            if now - pulse.moved_at >= self._stall_s - self._pause_s:
                seat.let_go = True
                outlet.abort()
            elif now - pulse.sent_at >= min(seat.heartbeat_s, self._heartbeat_s):
                beat = beat or message("heartbeat", ts=time.time())
                outlet.beat(beat)

    async def announce_all(self) -> None:
        """Tell the other processes that those who sit here are still here."""
        viewers: dict[Channel, list[Viewer]] = defaultdict(list)
        for seat in self._seats:
            viewers[seat.channel].append(seat.viewer)
        try:
            for channel, present in viewers.items():
                await self._presence.announce(channel, present)
                seated = {seat.viewer for seat in self._seats}
                for viewer in present:
                    if viewer not in seated:  # it left while it was being announced
                        await self._presence.leave(channel, viewer)
        except BrokerUnavailable:
            log.debug("viewers not announced: the broker is away")
