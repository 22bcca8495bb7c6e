"""The job queues, as a small port: who needs them names sessions and simulations, not ARQ. ARQ could be replaced here.

Each queue is fair: jobs of one user come in turns with those of the others, so that a hundred of one do not keep another's
first waiting (start-time fair queueing; `turn.lua`). A job is given its due time once, when it is asked for, and jobs of one
user keep their order. Whoever lost a host has had its turn: it goes before all that wait.

Jobs travel as JSON (ARQ's default, pickle, would run what a stranger wrote into Redis), and job ids are never used twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix
from redis.asyncio import Redis

from . import scripts
from .client import BROKER_ERRORS, answering
from .names import (
    BATCH_QUEUE,
    COORDINATE_JOB,
    COORDINATE_QUEUE,
    SESSION_JOB,
    SESSION_QUEUE,
    SIMULATION_JOB,
    Channel,
    coordinate_job_id,
    job_id,
    news_of,
    simulation_job_id,
    turns_key,
)

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""ARQ orders a queue by due time (ms), so a job that was due long ago is next."""

_TURN_0 = datetime(2001, 1, 1, tzinfo=UTC)
_TURN_0_MS = int(1000 * _TURN_0.timestamp())
_TURN_MS = 1024
"""Due times that a turn has: so many jobs of one turn keep the order in which they came. Until today there are as many turns
as a queue that is never empty takes in 24 years, one each second."""

_TURNS_KEPT_S = 86_400
"""After the last job: by then a queue was empty, or all is lost."""

_EXPIRES = timedelta(days=1)


def serialize(job: dict[str, Any]) -> bytes:
    """ARQ's job dictionary as JSON."""
    return orjson.dumps(job, default=str)


def deserialize(raw: bytes) -> dict[str, Any]:
    """Inverse of `serialize`."""
    job: dict[str, Any] = orjson.loads(raw)
    return job


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Of a job: its rank in the queue, from 0 (it keeps it until it is done), and whether a worker has it in hand."""

    rank: int | None
    taken: bool

    @property
    def known(self) -> bool:
        return self.rank is not None or self.taken


class JobQueue:
    """Jobs that workers pick. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis) -> None:
        self._arq = ArqRedis(
            redis.connection_pool,
            job_serializer=serialize,
            job_deserializer=deserialize,
            default_queue_name=SESSION_QUEUE,
        )
        self._turn = redis.register_script(scripts.TURN)

    async def enqueue_session(self, session_id: str, attempt: int, *, user: str | None) -> bool:
        """Ask for a worker that hosts attempt `attempt` of a session. False if that was asked before.

        Args:
            user: whose turn it takes; `None` for a session that lost its host, which goes before all that wait.
        """
        job = job_id(session_id, attempt)
        return await self._enqueue(SESSION_QUEUE, job, (SESSION_JOB, session_id, attempt), user=user)

    async def enqueue_simulation(self, key: str, attempt: int, *, user: str | None, flow: str = "") -> bool:
        """Ask for a worker that computes a simulation. False if that was asked before.

        Args:
            user: whose turn it takes; `None` for one that lost its worker.
            flow: for which of the user's tasks and operations, which take the user's turns in turn.
        """
        job = simulation_job_id(key, attempt)
        return await self._enqueue(BATCH_QUEUE, job, (SIMULATION_JOB, key, attempt), user=user, flow=flow)

    async def enqueue_coordination(self, channel: Channel, attempt: int, *, user: str | None) -> bool:
        """Ask for a worker that coordinates a task or an operation. False if that was asked before.

        Args:
            user: whose turn it takes; `None` for one that lost its coordinator.
        """
        job = coordinate_job_id(channel, attempt)
        return await self._enqueue(COORDINATE_QUEUE, job, (COORDINATE_JOB, str(channel), attempt), user=user)

    async def _enqueue(
        self, queue: str, job: str, call: tuple[str, str, int], *, user: str | None, flow: str = ""
    ) -> bool:
        async with answering():
            due: datetime | None = _LONG_AGO
            if user is not None:
                due = await self._turn_of(queue, job, user, flow)
                if due is None:
                    return False
            made = await self._arq.enqueue_job(
                *call, _job_id=job, _queue_name=queue, _defer_until=due, _expires=_EXPIRES
            )
            if made is not None:
                await self._tell(queue)
        return made is not None

    async def _tell(self, queue: str) -> None:
        """Wake the workers up; they look by themselves now and then, so nothing is lost where this is."""
        with contextlib.suppress(*BROKER_ERRORS):
            await self._arq.publish(news_of(queue), b"")

    async def _turn_of(self, queue: str, job: str, user: str, flow: str) -> datetime | None:
        """When a user's next job is due, in the sense of the queue; `None` if it is there already."""
        score: bytes = await self._turn(
            keys=[queue, turns_key(queue), job_key_prefix + job],
            args=[user, flow, _TURN_0_MS, _TURN_MS, 1000 * _TURNS_KEPT_S],
        )
        return _TURN_0 + timedelta(milliseconds=int(score) - _TURN_0_MS) if score else None

    async def position(self, session_id: str, attempt: int) -> int | None:
        """Place in the queue, 1 for the next; `None` if it waits no more."""
        positions = await self.positions([(session_id, attempt)])
        return positions[0]

    async def positions(self, jobs: list[tuple[str, int]]) -> list[int | None]:
        """`position` of several sessions in one round trip. Jobs that a worker has in hand are not counted."""
        places = await self.places(SESSION_QUEUE, [job_id(*job) for job in jobs])
        return [None if place.rank is None or place.taken else place.rank + 1 for place in places]

    async def places(self, queue: str, jobs: Sequence[str]) -> list[Place]:
        """Where these jobs of a queue are."""
        if not jobs:
            return []
        async with answering():
            pipe = self._arq.pipeline(transaction=False)
            for job in jobs:
                pipe.zrank(queue, job)
                pipe.exists(in_progress_key_prefix + job)
            rows = await pipe.execute()
        return [
            Place(rank=None if rank is None else int(rank), taken=bool(taken))
            for rank, taken in zip(rows[0::2], rows[1::2], strict=True)
        ]

    async def give_to_others(self, job: str) -> None:
        """Let any worker take a job that one has in hand, as ARQ does by itself in time."""
        async with answering():
            await self._arq.delete(in_progress_key_prefix + job)

    async def bring_forward(self, queue: str, job: str) -> None:
        """Let a job that waits go before all others."""
        async with answering():
            await self._arq.zadd(queue, {job: int(1000 * _LONG_AGO.timestamp())}, xx=True)
            await self._tell(queue)

    async def remove(self, session_id: str, attempt: int) -> None:
        """Take a waiting job back. A worker that picked it already finds that there is nothing to do."""
        await self._remove(SESSION_QUEUE, job_id(session_id, attempt))

    async def remove_simulation(self, key: str, attempt: int) -> None:
        """The same for a simulation's."""
        await self._remove(BATCH_QUEUE, simulation_job_id(key, attempt))

    async def remove_coordination(self, channel: Channel, attempt: int) -> None:
        """The same for a task's or an operation's."""
        await self._remove(COORDINATE_QUEUE, coordinate_job_id(channel, attempt))

    async def _remove(self, queue: str, job: str) -> None:
        async with answering():
            pipe = self._arq.pipeline(transaction=True)
            pipe.zrem(queue, job)
            pipe.delete(job_key_prefix + job)
            await pipe.execute()

    async def depth(self) -> int:
        """Number of sessions in the queue."""
        async with answering():
            return int(await self._arq.zcard(SESSION_QUEUE))

    async def batch_depth(self) -> int:
        """Number of simulations in the queue."""
        async with answering():
            return int(await self._arq.zcard(BATCH_QUEUE))

    async def coordinate_depth(self) -> int:
        """Number of tasks and operations in the queue."""
        async with answering():
            return int(await self._arq.zcard(COORDINATE_QUEUE))
