"""Finds sessions that lost their host and puts them back into the queue. Any process may run it, and any number of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog
from redis.asyncio import Redis

from .client import answering, up_s
from .errors import BrokerUnavailable
from .names import ACTIVE, SESSION_QUEUE, Channel, job_id
from .patrol import Patrol
from .queue import JobQueue
from .sessions import FINAL, Sessions
from .settings import Settings
from .totals import TOTALS

log = structlog.get_logger(__name__)


class Reaper(Patrol):
    """Sweeps over all sessions that are not over."""

    listed = ACTIVE
    queue = SESSION_QUEUE
    final = FINAL

    def __init__(self, redis: Redis, *, owner: str, settings: Settings) -> None:
        super().__init__(redis, owner=owner, settings=settings)
        self._settings = settings
        self._sessions = Sessions(redis)
        self._jobs = JobQueue(redis)

    async def run(self, *others: Callable[[], Awaitable[object]]) -> None:
        """Sweep until cancelled, several times within a lease's time; `others` sweep over other things in the same turn."""
        while True:
            await asyncio.sleep(random.uniform(0.8, 1.2) * min(1.0, self._settings.lease_s / 5))
            try:
                if await self._settled():
                    for sweep in (self.look, *others):
                        await sweep()
                    self.outage.over()
            except BrokerUnavailable as error:
                self.outage.noticed()
                log.debug("no_sweep", why=str(error))

    async def sweep(self) -> list[str]:
        """One look at all sessions; answers with those that were put back into the queue."""
        return [channel.id for channel in await self.look()] if await self._settled() else []

    def channel(self, name: str) -> Channel:
        return Channel.session(name)

    def job(self, channel: Channel, attempt: int) -> str:
        return job_id(channel.id, attempt)

    async def enqueue(self, channel: Channel, attempt: int) -> None:
        """Who lost a host goes before all that wait; whose job was lost takes a turn again."""
        state = None if attempt > 1 else await self._sessions.get(channel.id)
        user = None if state is None else state.record.get("owner")
        await self._jobs.enqueue_session(channel.id, attempt, user=user)

    async def next_attempt(self, channel: Channel, token: int) -> int | None:
        attempt = await self._sessions.hand_over(channel.id, token=token, anew=self.anew)
        if attempt is not None:
            TOTALS.recoveries["lapsed"] += 1
        return attempt

    async def retire(self, channels: Sequence[Channel]) -> None:
        await self._sessions.retire([channel.id for channel in channels], settings=self._settings)

    async def _settled(self) -> bool:
        """After an outage leases may have lapsed that their holders would have renewed: give them one lease time."""
        return not (await self._broker_is_young() or self.outage.within(self._settings.lease_s))

    async def _broker_is_young(self) -> bool:
        async with answering():
            return await up_s(self._redis) < self._settings.lease_s
