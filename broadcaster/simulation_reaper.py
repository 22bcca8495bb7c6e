"""Finds simulations that nobody computes though somebody wants them. Any number of processes may."""

from __future__ import annotations

from redis.asyncio import Redis

from .client import answering
from .lookout import Lookout
from .names import BATCH_QUEUE, SIMULATIONS, SimulationKeys, simulation_job_id
from .settings import Settings
from .simulations import Simulations


class SimulationReaper:
    """Sweeps over all that are wanted and have no result."""

    def __init__(self, redis: Redis, *, settings: Settings) -> None:
        self._redis = redis
        self._simulations = Simulations(redis, ttl_s=settings.results_ttl_s)
        self._lookout = Lookout(redis, BATCH_QUEUE, lease_s=settings.lease_s)

    async def sweep(self) -> list[str]:
        """Put back what neither waits nor is computed: its worker was killed, or the queue lost."""
        async with answering():
            wanted = [raw.decode() for raw in await self._redis.smembers(SIMULATIONS)]  # type: ignore[misc]
            pipe = self._redis.pipeline(transaction=False)
            for key in wanted:
                names = SimulationKeys(key)
                pipe.exists(names.lease)
                pipe.exists(names.spec)
                pipe.get(names.tries)
            rows = await pipe.execute() if wanted else []
        idle: dict[str, str] = {}
        for key, held, there, tries in zip(wanted, rows[0::3], rows[1::3], rows[2::3], strict=True):
            if not there:
                await self._simulations.forget(key)
            elif not held:
                idle[simulation_job_id(key, int(tries or 0) + 1)] = key
        lost = sorted(idle[job] for job in await self._lookout.lost(list(idle)))
        for key in lost:
            await self._simulations.put_back(key, blameless=False)
        return lost
