"""Finds tasks and operations that lost their coordinator, and gives them the next. Any number of processes may."""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import Redis

from .analyses import OVER, Analyses
from .names import COORDINATE_QUEUE, UNFINISHED, Channel, coordinate_job_id
from .patrol import Outage, Patrol
from .settings import Settings


class AnalysisReaper(Patrol):
    """Sweeps over all that are not over."""

    listed = UNFINISHED
    queue = COORDINATE_QUEUE
    final = OVER

    def __init__(self, redis: Redis, *, owner: str, settings: Settings, outage: Outage) -> None:
        super().__init__(redis, owner=owner, settings=settings, outage=outage)
        self._settings = settings
        self._analyses = Analyses(redis)

    def channel(self, name: str) -> Channel:
        return Channel.parse(name)

    def job(self, channel: Channel, attempt: int) -> str:
        return coordinate_job_id(channel, attempt)

    async def enqueue(self, channel: Channel, attempt: int) -> None:
        await self._analyses.enqueue(channel, attempt)

    async def next_attempt(self, channel: Channel, token: int) -> int | None:
        return await self._analyses.again(channel, token=token, anew=self.anew)

    async def retire(self, channels: Sequence[Channel]) -> None:
        await self._analyses.retire(channels, settings=self._settings)
