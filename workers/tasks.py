"""Puts tuning tasks together for a worker; their libraries are loaded by the first one that comes."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from gridcast.broadcaster import Settings
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.client import channels_of, sync_client
from gridcast.broadcaster.simulations import Simulations
from gridcast.broadcaster.task_events import event
from gridcast.recordings.feeds import feeds_at

from .chair import Chair
from .coordinators import Craft
from .versions import named_by


def task_craft(settings: Settings, redis: Redis) -> Craft:
    """How this worker coordinates tasks."""

    async def coordinate(chair: Chair, state: AnalysisState) -> None:
        # In a thread: Optuna takes a second and a hundred megabytes, and sessions must not wait for it.
        await asyncio.to_thread(_load)
        from .tuning.coordinator import TaskCoordinator
        from .tuning.journal import Journal
        from .tuning.mirror import Mirror

        with sync_client(settings) as client:
            await TaskCoordinator(
                chair,
                state,
                analyses=Analyses(redis),
                simulations=Simulations(redis, ttl_s=settings.results_ttl_s),
                mirror=Mirror(channels_of(redis), state.channel),
                storage=lambda: Journal(channels_of(client), state.channel, token=chair.token),
                feeds=feeds_at(settings.recordings_at),
                versions=named_by(settings),
            ).run()

    return Craft(
        coordinate=coordinate,
        failed=lambda state, reason: event("task_failed", task_id=state.id, message=reason),
    )


def _load() -> None:
    from .tuning import coordinator  # noqa: F401
