"""Puts operations together for a worker."""

from __future__ import annotations

from redis.asyncio import Redis

from gridcast.broadcaster import Settings
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.operation_events import error
from gridcast.broadcaster.queue import JobQueue
from gridcast.broadcaster.sessions import Sessions
from gridcast.broadcaster.simulations import Simulations
from gridcast.scenarios.operations import (
    OPERATIONS,
    CharacterizeConfig,
    HeatmapConfig,
    OperationConfig,
    ScanConfig,
)
from gridcast.workers.chair import Chair
from gridcast.workers.coordinators import Craft
from gridcast.workers.versions import named_by

from .characterize import Characterize
from .coordinator import OperationCoordinator
from .heatmap import Heatmap
from .plan import Plan
from .scan import Scan
from .verify import VERIFY, Verification


def operation_craft(settings: Settings, redis: Redis) -> Craft:
    """How this worker coordinates operations."""

    async def coordinate(chair: Chair, state: AnalysisState) -> None:
        if state.record["op"] == VERIFY:
            await Verification(chair, state, sessions=Sessions(redis), queue=JobQueue(redis)).run()
            return
        asked = OPERATIONS[state.record["op"]].model_validate(state.record["config"])
        await OperationCoordinator(
            chair,
            state,
            plan_of(asked),
            analyses=Analyses(redis),
            simulations=Simulations(redis, ttl_s=settings.results_ttl_s),
            versions=named_by(settings),
        ).run()

    return Craft(
        coordinate=coordinate,
        failed=lambda state, reason: error(state.id, reason, "failed"),
    )


def plan_of(asked: OperationConfig) -> Plan:
    """The plan of what is asked."""
    match asked:
        case CharacterizeConfig():
            return Characterize(asked)
        case HeatmapConfig():
            return Heatmap(asked)
        case ScanConfig():
            return Scan(asked)
