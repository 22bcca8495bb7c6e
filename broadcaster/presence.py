"""Who watches a channel, across all API processes, and where in the run each one looks.

Each process announces its viewers again and again; whoever is not announced for `TTL_S` counts as gone, so a killed
process leaves no ghosts. Playheads stand beside the viewers, one hash field for each process, so that moving one costs a
write of a few bytes. A counter changes with everything that changes: a process that wants to tell its viewers looks at
two numbers, and reads the list only when one of them is another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from redis.asyncio import Redis

from .client import answering
from .names import Channel

TTL_S = 15.0
REFRESH_S = 5.0
SHOWN = 50
"""Viewers that are told by name; of the others only how many there are."""

_CHANGES = "changes"
_KEY_TTL_S = int(4 * TTL_S)


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """One open socket or event stream. `since` is unix seconds."""

    id: str
    name: str
    since: float

    def encode(self) -> bytes:
        return orjson.dumps([self.id, self.name, self.since])

    @classmethod
    def decode(cls, raw: bytes) -> Viewer:
        viewer_id, name, since = orjson.loads(raw)
        return cls(id=viewer_id, name=name, since=since)


@dataclass(frozen=True, kw_only=True, slots=True)
class Company:
    """Who watches: `count` of them, of whom `shown` are told, longest there first; `ticks` holds the playheads of those
    who look at a moment of the past, by id."""

    count: int
    shown: Sequence[Viewer]
    ticks: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Glance:
    """Two numbers, one of which is another whenever the company may have changed."""

    count: int
    changes: int


class Presence:
    """Announces and counts viewers. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis, *, now: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._now = now

    async def announce(self, channel: Channel, viewers: Iterable[Viewer]) -> None:
        """Say that these viewers are here for the next `TTL_S` seconds."""
        now = self._now()
        scores = {viewer.encode(): now + TTL_S for viewer in viewers}
        if not scores:
            return
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            pipe.zadd(channel.viewers, scores)
            pipe.zremrangebyscore(channel.viewers, 0, now)
            pipe.expire(channel.viewers, _KEY_TTL_S)
            pipe.expire(channel.playheads, _KEY_TTL_S)
            added, *_ = await pipe.execute()
            if added:
                await self._changed(channel)

    async def leave(self, channel: Channel, viewer: Viewer) -> None:
        async with answering():
            if await self._redis.zrem(channel.viewers, viewer.encode()):
                await self._changed(channel)

    async def place(self, channel: Channel, process: str, ticks: Mapping[str, int]) -> None:
        """Say at which ticks the viewers of one process look, by id; who is not named looks at the newest."""
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            if ticks:
                pipe.hset(channel.playheads, process, orjson.dumps(ticks).decode())
            else:
                pipe.hdel(channel.playheads, process)
            pipe.hincrby(channel.playheads, _CHANGES, 1)
            pipe.expire(channel.playheads, _KEY_TTL_S)
            await pipe.execute()

    async def count(self, channel: Channel) -> int:
        async with answering():
            return int(await self._redis.zcount(channel.viewers, self._now(), "+inf"))

    async def counts(self, channels: list[Channel]) -> list[int]:
        """One count per channel, in one round trip."""
        now = self._now()
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            for channel in channels:
                pipe.zcount(channel.viewers, now, "+inf")
            return [int(n) for n in await pipe.execute()]

    async def glances(self, channels: Sequence[Channel]) -> list[Glance]:
        """One glance per channel, in one round trip."""
        now = self._now()
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            for channel in channels:
                pipe.zcount(channel.viewers, now, "+inf")
                pipe.hget(channel.playheads, _CHANGES)
            found = await pipe.execute()
        return [
            Glance(count=int(count), changes=int(changes or 0))
            for count, changes in zip(found[::2], found[1::2], strict=True)
        ]

    async def company(self, channel: Channel) -> Company:
        """Who is here now."""
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            pipe.zrangebyscore(channel.viewers, self._now(), "+inf")
            pipe.hgetall(channel.playheads)
            rows, heads = await pipe.execute()
        present = sorted(map(Viewer.decode, rows), key=lambda viewer: (viewer.since, viewer.id))
        here = {viewer.id for viewer in present}
        shown = present[:SHOWN]
        names = {viewer.id for viewer in shown}
        ticks: dict[str, int] = {}
        gone = []
        for process, placed in heads.items():
            if process == _CHANGES.encode():
                continue
            known: dict[str, int] = orjson.loads(placed)
            if here.isdisjoint(known):  # left behind by a process that was killed
                gone.append(process)
            ticks |= {name: tick for name, tick in known.items() if name in names}
        if gone:
            async with answering():
                pipe = self._redis.pipeline(transaction=False)
                pipe.hdel(channel.playheads, *gone)
                await pipe.execute()
        return Company(count=len(present), shown=shown, ticks=ticks)

    async def _changed(self, channel: Channel) -> None:
        pipe = self._redis.pipeline(transaction=False)
        pipe.hincrby(channel.playheads, _CHANGES, 1)
        pipe.expire(channel.playheads, _KEY_TTL_S)
        await pipe.execute()
