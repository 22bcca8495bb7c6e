"""What a reaper remembers, from look to look, of jobs that nobody seems to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from redis.asyncio import Redis

from .queue import JobQueue


class Lookout:
    """Over one queue, for what waits for a worker and whose lease nobody holds."""

    def __init__(
        self, redis: Redis, queue: str, *, lease_s: float, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs = JobQueue(redis)
        self._queue = queue
        self._lease_s = lease_s
        self._clock_s = clock_s
        self._missing: set[str] = set()
        self._taken_s: dict[str, float] = {}

    async def lost(self, jobs: Sequence[str]) -> set[str]:
        """Those of `jobs` that the queue does not know, at the second look: a job may just be on its way.

        One that a worker has in hand, while nobody holds the lease, is about to be claimed. After a lease's time its
        worker is dead or frozen: the job is given to the others, where ARQ would wait half a minute. Should that worker
        live after all, the claim lets only one of the two begin.
        """
        now_s = self._clock_s()
        places = dict(zip(jobs, await self._jobs.places(self._queue, jobs), strict=True))
        self._taken_s = {job: self._taken_s.get(job, now_s) for job, place in places.items() if place.taken}
        for job in [job for job, since_s in self._taken_s.items() if now_s - since_s >= self._lease_s]:
            await self._jobs.give_to_others(job)
            del self._taken_s[job]
        missing = {job for job, place in places.items() if not place.known}
        lost, self._missing = self._missing & missing, missing
        return lost
