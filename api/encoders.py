"""What a viewer asked to see, applied to the entries it gets: verbatim or `full`, all or only the latest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from gridcast.broadcaster import Channel, Entry, Reset
from gridcast.broadcaster.names import Epoch

from .conflate import Conflation
from .frames import Frame, frame_of
from .full import BusPhases, FullCache

Encode = Callable[[Entry | Reset], Sequence[Frame]]
"""The frames of one entry."""


def verbatim(entry: Entry | Reset) -> Sequence[Frame]:
    """`format=compact`: the writer's bytes."""
    return (frame_of(entry),)


class FullEncoder:
    """`format=full` for one viewer: ticks translated by the shared cache, other entries verbatim."""

    def __init__(
        self,
        cache: FullCache,
        channel: Channel,
        epoch: Epoch,
        *,
        bus_phases: BusPhases | None,
        since_tick: int | None = None,
    ) -> None:
        self._cache = cache
        self._channel = channel
        self._epoch = epoch
        self._bus_phases: BusPhases = bus_phases or ()
        self._since_tick = -1 if since_tick is None else since_tick

    def __call__(self, entry: Entry | Reset) -> Sequence[Frame]:
        if isinstance(entry, Reset):
            self._epoch = entry.epoch
            self._since_tick = -1
            return (frame_of(entry),)
        if entry.type == "schema":
            self._bus_phases = orjson.loads(entry.data)["bus_phases"]
        if entry.type != "ticks":
            return (frame_of(entry),)
        ticks = self._cache.ticks(self._channel, self._epoch, entry, self._bus_phases)
        if ticks and ticks[0].tick > self._since_tick:
            return [tick.frame for tick in ticks]
        return [tick.frame for tick in ticks if tick.tick > self._since_tick]


class AllMode:
    """`mode=all`: every entry."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def frames(self, batch: Sequence[Entry | Reset], *, at_head: bool) -> list[Frame]:
        """The frames of a batch of entries."""
        return [frame for entry in batch for frame in self._encode(entry)]


class LatestMode:
    """`mode=latest`: of the ticks that wait, only the newest, once there is nothing newer."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._conflation = Conflation()

    def frames(self, batch: Sequence[Entry | Reset], *, at_head: bool) -> list[Frame]:
        """The frames that can go out now; `at_head` says that no newer entry is known."""
        items = [item for entry in batch for item in self._conflation.feed(entry)]
        if at_head:
            items += self._conflation.flush()
        return [
            frame for item in items for frame in ((item,) if isinstance(item, Frame) else self._encode(item))
        ]
