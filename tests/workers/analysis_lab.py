"""What tests of tasks and of operations on real workers share."""

from __future__ import annotations

from redis.asyncio import Redis

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from tests.waiting import PATIENCE_S, seen
from tests.workers.lab import Lab


class AnalysisLab:
    """Looks at tasks and operations; `patience_s` is for their ends."""

    patience_s = PATIENCE_S

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.lab = Lab(settings, redis)
        self.settings = settings
        self.redis = redis
        self.analyses = Analyses(redis)

    async def state(self, channel: Channel) -> AnalysisState:
        state = await self.analyses.get(channel)
        assert state is not None
        return state

    async def until_over(self, channel: Channel, status: str = "completed") -> AnalysisState:
        state = await seen(lambda: self.state(channel), lambda state: state.over, within_s=self.patience_s)
        assert state.status == status, state.reason
        return state

    async def until_records(self, channel: Channel, count: int) -> None:
        await seen(lambda: self.analyses.record_count(channel), lambda there: there >= count)
