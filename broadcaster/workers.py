"""Heartbeats of workers: who is alive, how many sessions each may run, which it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal, NotRequired, TypedDict

import orjson
from redis.asyncio import Redis

from .client import answering
from .histogram import ToldHistogram
from .names import WORKERS, worker_key

RecordingState = Literal["on", "paused", "off"]

BEAT_S = 1.0
DEAD_S = 4.0
"""A worker that has not said anything for this long is not listed any more."""


class RunningSession(TypedDict):
    """One session child. `lag_s`: how far a paced session is behind the wall clock. `recording` is paused while the store
    does not take what it is given."""

    id: str
    pid: int
    attempt: int
    tick: int
    lag_s: float
    recording: RecordingState


class Figures(TypedDict):
    """What a worker has counted since it began, for `/metrics`; see `Totals`. `simulations`: those that run now."""

    ticks: int
    publish_s: ToldHistogram
    queue_wait_s: ToldHistogram
    recoveries: dict[str, int]
    leases_lost: int
    simulations: int


class Heartbeat(TypedDict):
    id: str
    host: str
    pid: int
    slots: int
    sessions: list[RunningSession]
    figures: NotRequired[Figures]


class Heartbeats:
    """Writes and lists heartbeats. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis, *, now: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._now = now

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Say that a worker is alive for the next `DEAD_S` seconds."""
        now = self._now()
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            pipe.set(worker_key(heartbeat["id"]), orjson.dumps(heartbeat), px=int(DEAD_S * 1000))
            pipe.zadd(WORKERS, {heartbeat["id"]: now + DEAD_S})
            pipe.zremrangebyscore(WORKERS, 0, now)
            await pipe.execute()

    async def leave(self, worker_id: str) -> None:
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            pipe.delete(worker_key(worker_id))
            pipe.zrem(WORKERS, worker_id)
            await pipe.execute()

    async def alive(self) -> list[Heartbeat]:
        """The heartbeats of all live workers, by id."""
        async with answering():
            ids = await self._redis.zrangebyscore(WORKERS, self._now(), "+inf")
            raws: list[Any] = await self._redis.mget([worker_key(i.decode()) for i in ids]) if ids else []
        beats: list[Heartbeat] = [orjson.loads(raw) for raw in raws if raw is not None]
        return sorted(beats, key=lambda beat: beat["id"])
