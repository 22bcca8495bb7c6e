"""ARQ's worker, which can be told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from arq.worker import Worker


class Allowed(Protocol):
    """Says which of the jobs that wait may start, in their order; at most `room` of them anew."""

    def __call__(self, jobs: Sequence[str], *, room: int) -> Awaitable[list[str]]: ...


class Picker(Worker):
    """ARQ's worker for one queue, which can be told to take no more jobs, and holds those back that may not start yet."""

    def __init__(self, *, allowed: Allowed | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._allowed = allowed
        self._picking = asyncio.Lock()

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        async with self._picking:
            if self._allowed is not None and job_ids:
                waiting = [job.decode() for job in job_ids]
                allowed = await self._allowed(waiting, room=self.max_jobs - self.job_counter)
                job_ids = [job.encode() for job in allowed]
            await super().start_jobs(job_ids)

    async def stop_picking(self) -> None:
        """Returns when no job is half taken: one that nobody runs and everybody takes for running costs half a minute."""
        self.allow_pick_jobs = False
        self.max_jobs = 0
        async with self._picking:
            return
