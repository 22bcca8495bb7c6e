"""Finds sessions that lost their host and puts them back into the queue. Any process may run it, and any number of them.

A session that should be hosted and whose lease has lapsed gets a new attempt: the reaper takes the lease itself for a
moment (so every older writer is fenced from then on), publishes `recovering`, and enqueues a job of the next attempt before
all that wait. A session that waits for a worker but has no job in the queue (its creator died in between, or the queue
was lost) is enqueued again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog
from redis.asyncio import Redis

from .client import answering
from .errors import BrokerUnavailable, LeaseHeld, NoChannel
from .leases import AsyncLeases
from .names import ACTIVE, Channel
from .queue import JobQueue
from .sessions import FINAL, Sessions
from .settings import Settings

log = structlog.get_logger(__name__)

WAITING = frozenset({"queued", "recovering"})
"""States in which a session waits for a worker and holds no lease."""


class Reaper:
    """Sweeps over all sessions that are not over."""

    def __init__(self, redis: Redis, *, owner: str, settings: Settings) -> None:
        self._redis = redis
        self._settings = settings
        self._lease_s = settings.lease_s
        self._sessions = Sessions(redis)
        self._leases = AsyncLeases(redis, owner=owner, ttl_s=settings.lease_s)
        self._queue = JobQueue(redis)
        self._jobless: set[str] = set()
        self._missing: set[str] = set()

    async def run(self, *others: Callable[[], Awaitable[object]]) -> None:
        """Sweep until cancelled, several times within a lease's time; `others` sweep over other things in the same turn."""
        while True:
            await asyncio.sleep(random.uniform(0.8, 1.2) * min(1.0, self._lease_s / 5))
            try:
                await self.sweep()
                if others and not await self._broker_is_young():
                    for sweep in others:
                        await sweep()
            except BrokerUnavailable as error:
                log.debug("no_sweep", why=str(error))

    async def sweep(self) -> Sequence[str]:
        """One look at all sessions; answers with those that were put back into the queue."""
        if await self._broker_is_young():
            return []
        async with answering():
            ids = [raw.decode() for raw in await self._redis.smembers(ACTIVE)]  # type: ignore[misc]
            pipe = self._redis.pipeline(transaction=False)
            for session_id in ids:
                channel = Channel.session(session_id)
                pipe.hmget(channel.meta, ["status", "attempt"])
                pipe.exists(channel.lease)
            rows = await pipe.execute() if ids else []
        over: list[str] = []
        missing: list[str] = []
        hostless: list[str] = []
        waiting: list[tuple[str, int]] = []
        for session_id, (status, attempt), held in zip(ids, rows[0::2], rows[1::2], strict=True):
            if status is None:
                missing.append(session_id)
            elif status.decode() in FINAL:
                over.append(session_id)
            elif held:
                continue
            elif status.decode() in WAITING:
                waiting.append((session_id, int(attempt)))
            else:
                hostless.append(session_id)
        # One that is just being created is listed before it has a channel.
        over += self._missing.intersection(missing)
        self._missing = set(missing)
        if over:
            await self._sessions.retire(over, settings=self._settings)
        recovered = [session_id for session_id in hostless if await self.recover(session_id)]
        return recovered + await self._enqueue_jobless(waiting)

    async def recover(self, session_id: str) -> bool:
        """Give a session without a host its next attempt; false if somebody else was quicker, or it is over."""
        channel = Channel.session(session_id)
        try:
            token = await self._leases.acquire(channel)
        except (LeaseHeld, NoChannel):
            return False
        attempt = await self._sessions.hand_over(session_id, token=token)
        await self._leases.release(channel, token)
        if attempt is None:
            return False
        await self._sessions.enqueue(session_id, attempt)
        log.warning("session_recovering", session=session_id)
        return True

    async def _enqueue_jobless(self, waiting: Sequence[tuple[str, int]]) -> list[str]:
        """Enqueue whoever waits without a job, at the second look: a job may just be on its way."""
        places = await self._queue.known([*waiting])
        jobless = [
            (session_id, attempt)
            for (session_id, attempt), known in zip(waiting, places, strict=True)
            if not known
        ]
        again = [(session_id, attempt) for session_id, attempt in jobless if session_id in self._jobless]
        self._jobless = {session_id for session_id, _ in jobless}
        for session_id, attempt in again:
            log.warning("session_without_job", session=session_id)
            await self._queue.enqueue_session(session_id, attempt, urgent=attempt > 1)
        return [session_id for session_id, _ in again]

    async def _broker_is_young(self) -> bool:
        """After a restart leases may have lapsed that their holders would have renewed: give them one lease time."""
        async with answering():
            server = await self._redis.info("server")
        return float(server.get("uptime_in_seconds", self._lease_s)) < self._lease_s
