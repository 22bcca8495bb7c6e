"""Who watches a channel, across all API processes.

Each process announces its viewers again and again; whoever is not announced for `TTL_S` counts as gone, so a killed
process leaves no ghosts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson
from redis.asyncio import Redis

from .client import answering
from .names import Channel

TTL_S = 15.0
REFRESH_S = 5.0


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
            pipe.expire(channel.viewers, int(4 * TTL_S))
            await pipe.execute()

    async def leave(self, channel: Channel, viewer: Viewer) -> None:
        async with answering():
            await self._redis.zrem(channel.viewers, viewer.encode())

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

    async def list(self, channel: Channel) -> list[Viewer]:
        """All viewers, longest there first."""
        async with answering():
            rows = await self._redis.zrangebyscore(channel.viewers, self._now(), "+inf")
        return sorted((Viewer.decode(row) for row in rows), key=lambda viewer: (viewer.since, viewer.id))
