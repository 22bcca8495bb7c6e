"""ARQ's worker, which looks into its queue when it hears that something came, and can be told to stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NoReturn, Protocol

from arq.worker import Worker
from redis.asyncio import Redis

from gridcast.broadcaster.client import BROKER_ERRORS
from gridcast.broadcaster.names import news_of

LOOK_S = 0.25
"""How often it looks without having heard anything: wake-ups may be lost."""

HESITATE_S = 0.01
"""How long a worker without a free slot would wait for others to take what came: work goes to those that have the least."""


class Allowed(Protocol):
    """Says which of the jobs that wait may start, in their order; at most `room` of them anew."""

    def __call__(self, jobs: Sequence[str], *, room: int) -> Awaitable[list[str]]: ...


class Picker(Worker):
    """ARQ's worker for one queue. `busy` tells which share of its slots is taken; `allowed` holds jobs back."""

    def __init__(self, *, busy: Callable[[], float], allowed: Allowed | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._busy = busy
        self._allowed = allowed
        self._news = asyncio.Event()
        self._picking = asyncio.Lock()

    async def main(self) -> NoReturn:
        """Pick jobs until cancelled. (ARQ's own looks at fixed times, all but a few of them for nothing.)"""
        self.ctx["redis"] = self.pool
        while True:
            self._news.clear()
            await self._poll_iteration()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()

    def wake(self) -> None:
        """There is room: look now."""
        self._news.set()

    def hear(self) -> None:
        """Something came into the queue, as all workers hear."""
        asyncio.get_running_loop().call_later(HESITATE_S * self._busy(), self._news.set)

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

    def _release_sem_dec_counter_on_complete(self) -> None:
        super()._release_sem_dec_counter_on_complete()
        self._news.set()


async def listen(redis: Redis, pickers: Iterable[Picker]) -> NoReturn:
    """Tell pickers what comes into their queues, until cancelled; over every absence of the broker."""
    by_channel = {news_of(picker.queue_name).encode(): picker for picker in pickers}
    while True:
        with contextlib.suppress(*BROKER_ERRORS):
            async with redis.pubsub(ignore_subscribe_messages=True) as heard:
                await heard.subscribe(*by_channel)
                for picker in by_channel.values():
                    picker.wake()
                while True:
                    message = await heard.get_message(timeout=None)
                    if message is not None:
                        by_channel[message["channel"]].hear()
        await asyncio.sleep(LOOK_S)
