"""A task on a broker, and somebody who computes its simulations at once, as a test wants them to come out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson
from redis.asyncio import Redis

from gridcast.broadcaster import AsyncLeases, Channel, Channels, CommandLog, Settings
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.client import sync_client
from gridcast.broadcaster.names import SIMULATIONS, SimulationKeys, new_id
from gridcast.broadcaster.simulations import Result, Simulations
from gridcast.broadcaster.task_events import event
from gridcast.recordings.feeds import Feeds
from gridcast.scenarios.tuning import TaskSpec
from gridcast.workers.chair import Chair
from gridcast.workers.tuning.coordinator import TaskCoordinator
from gridcast.workers.tuning.journal import Journal
from gridcast.workers.tuning.mirror import Mirror

Event = dict[str, Any]
Compute = Callable[[Mapping[str, Any]], Result | None]
"""Takes a config; None leaves the simulation undone."""
VERSIONS = {"openg2g": "0"}


class Bench:
    """Makes tasks, coordinates them, reads what they say."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.settings = settings
        self.redis = redis
        self.analyses = Analyses(redis)
        self.simulations = Simulations(redis, ttl_s=600)
        self.channels = Channels(redis)
        self.commands = CommandLog(redis)
        self.leases = AsyncLeases(redis, owner="w", ttl_s=settings.lease_s)
        self.feeds = Feeds(settings.dir)
        self.computed: list[Mapping[str, Any]] = []

    async def create(self, spec: TaskSpec) -> Channel:
        channel = Channel("task", new_id())
        first = event("task_progress", task_id=channel.id, message="queued")
        record = {"spec": spec.model_dump(mode="json")}
        await self.analyses.create(channel, record=record, created=time.time(), first=first)
        return channel

    async def coordinate(self, channel: Channel) -> AnalysisState:
        """One attempt, to its end or until it is cancelled; answers with the state after it."""
        token = await self.leases.acquire(channel)
        state = await self.state(channel)
        chair = Chair(self.settings, self.redis, state, owner="w", token=token)
        helpers = [asyncio.create_task(chair.listen()), asyncio.create_task(chair.hold())]
        try:
            async with asyncio.timeout(60):
                await self._run(chair, state)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await chair.release()
        return await self.state(channel)

    async def _run(self, chair: Chair, state: AnalysisState) -> None:
        with sync_client(self.settings) as client:
            await TaskCoordinator(
                chair,
                state,
                analyses=self.analyses,
                simulations=self.simulations,
                mirror=Mirror(self.redis, state.channel),
                feeds=self.feeds,
                storage=lambda: Journal(client, state.channel, token=chair.token),
                versions=VERSIONS,
            ).run()

    async def state(self, channel: Channel) -> AnalysisState:
        state = await self.analyses.get(channel)
        assert state is not None
        return state

    async def events(self, channel: Channel) -> list[Event]:
        return [orjson.loads(entry.data) for entry in await self.channels.page(channel, after=0)]

    @contextlib.asynccontextmanager
    async def computing(self, compute: Compute) -> AsyncIterator[None]:
        """Finish every simulation that somebody wants, while the block lasts."""

        async def run() -> None:
            while True:
                for raw in await self.redis.smembers(SIMULATIONS):  # type: ignore[misc]
                    key = raw.decode()
                    spec = await self.redis.get(SimulationKeys(key).spec)
                    if spec is None:
                        continue
                    if await self.redis.exists(SimulationKeys(key).result):
                        # Wanted again just when it was done: workers see that too.
                        await self.simulations.claim(key, owner="w", lease_s=1.0)
                        continue
                    config = orjson.loads(spec)["config"]
                    result = compute(config)
                    if result is not None:
                        self.computed.append(config)
                        await self.simulations.finish(key, result)
                await asyncio.sleep(0.005)

        working = asyncio.create_task(run())
        try:
            yield
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
