"""ARQ's worker, which can be told to stop."""

from __future__ import annotations

import asyncio
from typing import Any

from arq.worker import Worker


class Picker(Worker):
    """ARQ's worker for one queue, which can be told to take no more jobs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._picking = asyncio.Lock()

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        async with self._picking:
            await super().start_jobs(job_ids)

    async def stop_picking(self) -> None:
        """Returns when no job is half taken: one that nobody runs and everybody takes for running costs half a minute."""
        self.allow_pick_jobs = False
        self.max_jobs = 0
        async with self._picking:
            return
