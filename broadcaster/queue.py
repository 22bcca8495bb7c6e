"""The job queue, as a small port: who needs it names sessions, not ARQ. ARQ could be replaced here.

Jobs travel as JSON (ARQ's default, pickle, would run what a stranger wrote into Redis), and job ids are never used twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix
from redis.asyncio import Redis

from .client import answering
from .names import SESSION_JOB, SESSION_QUEUE, job_id

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""The queue is ordered by due time, so a job that was due long ago is next."""

_EXPIRES = timedelta(days=1)


def serialize(job: dict[str, Any]) -> bytes:
    """ARQ's job dictionary as JSON."""
    return orjson.dumps(job, default=str)


def deserialize(raw: bytes) -> dict[str, Any]:
    """Inverse of `serialize`."""
    job: dict[str, Any] = orjson.loads(raw)
    return job


class JobQueue:
    """Jobs that workers pick. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis) -> None:
        self._arq = ArqRedis(
            redis.connection_pool,
            job_serializer=serialize,
            job_deserializer=deserialize,
            default_queue_name=SESSION_QUEUE,
        )

    async def enqueue_session(self, session_id: str, attempt: int, *, urgent: bool = False) -> bool:
        """Ask for a worker that hosts attempt `attempt` of a session. False if that was asked before.

        An urgent session (one that lost its host) goes before all that wait.
        """
        async with answering():
            job = await self._arq.enqueue_job(
                SESSION_JOB,
                session_id,
                attempt,
                _job_id=job_id(session_id, attempt),
                _queue_name=SESSION_QUEUE,
                _defer_until=_LONG_AGO if urgent else None,
                _expires=_EXPIRES if urgent else None,
            )
        return job is not None

    async def position(self, session_id: str, attempt: int) -> int | None:
        """Place in the queue, 1 for the next; `None` if it waits no more."""
        positions = await self.positions([(session_id, attempt)])
        return positions[0]

    async def positions(self, jobs: list[tuple[str, int]]) -> list[int | None]:
        """`position` of several sessions in one round trip. Jobs that a worker has in hand are not counted."""
        places = await self._places(jobs)
        return [None if rank is None or taken else rank + 1 for rank, taken in places]

    async def known(self, jobs: list[tuple[str, int]]) -> list[bool]:
        """For each session, whether the queue or a worker has its job."""
        return [rank is not None or taken for rank, taken in await self._places(jobs)]

    async def _places(self, jobs: list[tuple[str, int]]) -> list[tuple[int | None, bool]]:
        """For each job its rank in the queue, from 0, and whether a worker has it in hand."""
        if not jobs:
            return []
        async with answering():
            pipe = self._arq.pipeline(transaction=False)
            for session_id, attempt in jobs:
                pipe.zrank(SESSION_QUEUE, job_id(session_id, attempt))
                pipe.exists(in_progress_key_prefix + job_id(session_id, attempt))
            rows = await pipe.execute()
        return [
            (None if rank is None else int(rank), bool(taken))
            for rank, taken in zip(rows[0::2], rows[1::2], strict=True)
        ]

    async def remove(self, session_id: str, attempt: int) -> None:
        """Take a waiting job back. A worker that picked it already finds that there is nothing to do."""
        job = job_id(session_id, attempt)
        async with answering():
            pipe = self._arq.pipeline(transaction=True)
            pipe.zrem(SESSION_QUEUE, job)
            pipe.delete(job_key_prefix + job)
            await pipe.execute()

    async def depth(self) -> int:
        """Number of jobs in the queue."""
        async with answering():
            return int(await self._arq.zcard(SESSION_QUEUE))
