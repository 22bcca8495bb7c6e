"""What the reapers of sessions, and of tasks and operations, have in common: the look at all that are not over.

A channel that should be held and whose lease has lapsed gets a new attempt: the reaper takes the lease itself for a moment
(so every older writer is fenced from then on), says so in the channel, and enqueues a job of the next attempt. One that
waits for a worker but has no job in the queue (its creator died in between, or the queue was lost) is enqueued again.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from redis.asyncio import Redis

from .client import answering, channels_of
from .errors import LeaseHeld, NoChannel
from .leases import AsyncLeases
from .lookout import Lookout
from .names import Channel
from .settings import Settings

log = structlog.get_logger(__name__)

WAITING: Final = frozenset({"queued", "recovering"})
"""States in which a worker is waited for and nobody holds the lease."""


class Outage:
    """What one process remembers of the last time when the broker was away."""

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._seen_s: float | None = None

    @property
    def seen(self) -> bool:
        """Whether there was one since everything was looked at."""
        return self._seen_s is not None

    def noticed(self) -> None:
        self._seen_s = self._clock_s()

    def within(self, time_s: float) -> bool:
        """Whether it lasted until less than so long ago."""
        return self._seen_s is not None and self._clock_s() - self._seen_s < time_s

    def over(self) -> None:
        """Everything was looked at."""
        self._seen_s = None


class Patrol(ABC):
    """Any number of processes may go on it at once."""

    listed: str
    """Key of the set of the names of channels that are not over, as far as anybody knows."""
    queue: str
    final: frozenset[str]
    """States in which they are over."""

    def __init__(self, redis: Redis, *, owner: str, settings: Settings, outage: Outage | None = None) -> None:
        self._redis = redis
        self.outage = outage or Outage()
        self._fails_over = settings.channels_fail_over
        self._channeled = channels_of(redis)
        self._leases = AsyncLeases(self._channeled, owner=owner, ttl_s=settings.lease_s)
        self._lookout = Lookout(redis, self.queue, lease_s=settings.lease_s)
        self._missing: set[Channel] = set()

    @abstractmethod
    def channel(self, name: str) -> Channel:
        """Whose name on the list that is."""

    @abstractmethod
    def job(self, channel: Channel, attempt: int) -> str:
        """Id of the job of an attempt."""

    @abstractmethod
    async def enqueue(self, channel: Channel, attempt: int) -> None:
        """Ask for a worker."""

    @abstractmethod
    async def next_attempt(self, channel: Channel, token: int) -> int | None:
        """Give it its next attempt as the holder of `token`; None if it is over or waits."""

    @abstractmethod
    async def retire(self, channels: Sequence[Channel]) -> None:
        """Take those off the list that are over or gone."""

    @property
    def anew(self) -> bool:
        """Whether what is given its next attempt now begins another epoch. A replica that took over may lack the newest
        entries, over which readers and writers are the same as if they had never been; only a writer that lives knows."""
        return self._fails_over and self.outage.seen

    async def look(self) -> list[Channel]:
        """One look at all on the list; answers with those that were put back into the queue."""
        async with answering():
            names = [raw.decode() for raw in await self._redis.smembers(self.listed)]  # type: ignore[misc]
            channels = [self.channel(name) for name in names]
            pipe = self._channeled.pipeline(transaction=False)
            for channel in channels:
                pipe.hmget(channel.meta, ["status", "attempt"])
                pipe.exists(channel.lease)
            rows = await pipe.execute() if channels else []
        over: list[Channel] = []
        missing: set[Channel] = set()
        unheld: list[Channel] = []
        waiting: dict[str, tuple[Channel, int]] = {}
        for channel, (status, attempt), held in zip(channels, rows[0::2], rows[1::2], strict=True):
            if status is None:
                missing.add(channel)
            elif status.decode() in self.final:
                over.append(channel)
            elif held:
                continue
            elif status.decode() in WAITING:
                waiting[self.job(channel, int(attempt))] = (channel, int(attempt))
            else:
                unheld.append(channel)
        # One that is just being created is listed before it has a channel.
        over += self._missing & missing
        self._missing = missing
        if over:
            await self.retire(over)
        back = [channel for channel in unheld if await self._recover(channel)]
        for job in sorted(await self._lookout.lost(list(waiting))):
            channel, number = waiting[job]
            log.warning("job_lost", channel=str(channel), attempt=number)
            await self.enqueue(channel, number)
            back.append(channel)
        return back

    async def _recover(self, channel: Channel) -> bool:
        """False if somebody else was quicker, or it is over."""
        try:
            token = await self._leases.acquire(channel)
        except (LeaseHeld, NoChannel):
            return False
        attempt = await self.next_attempt(channel, token)
        # A worker that found the lease held would come back only when it could have lapsed.
        await self._leases.release(channel, token)
        if attempt is None:
            return False
        await self.enqueue(channel, attempt)
        log.warning("lease_lapsed", channel=str(channel), attempt=attempt)
        return True
