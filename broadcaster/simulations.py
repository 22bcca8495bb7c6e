"""Simulations that nobody watches, named by what they are: asked for by anyone, computed once, on any worker.

A result depends on nothing but the spec and the code, so two workers that compute the same one write the same: no fencing is
needed, and a lease only keeps work from being done twice. docs/analyses.md tells which key is what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from .client import answering, broker_errors
from .names import SIMULATIONS, SIMULATIONS_LIVE, SimulationKeys
from .queue import JobQueue

MAX_TRIES = 3
"""Attempts of one simulation that may end without a result (a killed worker, a crash) before it counts as failed."""

RESULT_VERSION = 2
"""Of what a result holds; one that was kept with less is not taken."""

ACCIDENT_TTL_S = 60
"""How long a failure is kept that another attempt may not meet."""

FailureKind = Literal["diverged", "invalid", "accident"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came out of a simulation: metrics and facts (docs/analyses.md), or why there are none.

    `kind` of a failure: `diverged` (the power flow has no solution), `invalid` (OpenG2G refuses the scenario), `accident`
    (its process died again and again, which says nothing about the scenario).
    """

    metrics: Mapping[str, Any] | None = None
    facts: Mapping[str, float] | None = None
    digest: str | None = None
    ticks: int = 0
    simulated_s: float = 0.0
    wall_s: float = 0.0
    reason: str | None = None
    kind: FailureKind | None = None

    @property
    def done(self) -> bool:
        return self.metrics is not None

    def encode(self) -> bytes:
        return orjson.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def decode(cls, raw: bytes) -> Result:
        return cls(**orjson.loads(raw))


def key_of(spec: bytes, versions: Mapping[str, str]) -> str:
    """The name of a simulation: 128 bits over its spec (as `spec_of` writes it) and the versions that compute it."""
    named = spec + orjson.dumps({**versions, "result": str(RESULT_VERSION)}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(named).hexdigest()[:32]


def spec_of(config: Mapping[str, Any]) -> bytes:
    """What is to be simulated: a whole config, all defaults and the seed filled in; equal ones are equal bytes."""
    return orjson.dumps({"config": config}, option=orjson.OPT_SORT_KEYS)


class Simulations:
    """Asks for simulations and looks after them. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: AsyncRedis, *, ttl_s: int) -> None:
        self._redis = redis
        self._queue = JobQueue(redis)
        self._ttl_s = ttl_s

    async def want(self, who: str, specs: Mapping[str, bytes], *, user: str) -> None:
        """Have these computed, key -> spec, unless they are already; `who` is whom to ask whether they are still wanted,
        and `user` whose turn they take."""
        if not specs:
            return
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            for key in specs:
                pipe.exists(SimulationKeys(key).result)
            known = await pipe.execute()
            fresh = [key for key, there in zip(specs, known, strict=True) if not there]
            pipe = self._redis.pipeline(transaction=True)
            for key in fresh:
                keys = SimulationKeys(key)
                pipe.sadd(keys.wanted, who)
                pipe.set(keys.spec, specs[key])
                pipe.sadd(SIMULATIONS, key)
                for name in (keys.wanted, keys.spec):
                    pipe.expire(name, self._ttl_s)
            if fresh:
                await pipe.execute()
        for key in fresh:
            await self._queue.enqueue_simulation(key, await self._next_try(key), user=user, flow=who)

    async def give_up(self, who: str, keys: Iterable[str]) -> None:
        """`who` wants these no longer; what nobody wants is taken out of the queue, and its child ended."""
        for key in keys:
            names = SimulationKeys(key)
            async with answering():
                pipe = self._redis.pipeline(transaction=True)
                pipe.srem(names.wanted, who)
                pipe.scard(names.wanted)
                _, others = await pipe.execute()
            if not others:
                await self._queue.remove_simulation(key, await self._next_try(key))
                await self.forget(key)

    async def results(self, keys: Sequence[str]) -> list[Result | None]:
        """What came out of each; None where nothing has yet."""
        if not keys:
            return []
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            for key in keys:
                pipe.get(SimulationKeys(key).result)
            raws = await pipe.execute()
        return [None if raw is None else Result.decode(raw) for raw in raws]

    async def claim(self, key: str, *, owner: str, lease_s: float) -> dict[str, Any] | None:
        """Begin one: its spec, or None if there is nothing to do (done, given up, or somebody else has it)."""
        names = SimulationKeys(key)
        async with answering():
            if not await self._redis.set(names.lease, owner, nx=True, px=_ms(lease_s)):
                return None
            pipe = self._redis.pipeline(transaction=False)
            pipe.get(names.spec)
            pipe.exists(names.result)
            raw, there = await pipe.execute()
            if raw is None or there:
                await self._redis.delete(names.lease)
                if there:  # it was wanted again just when it was done
                    await self.forget(key)
                return None
            pipe = self._redis.pipeline(transaction=True)
            pipe.incr(names.tries)
            pipe.expire(names.tries, self._ttl_s)
            await pipe.execute()
        spec: dict[str, Any] = orjson.loads(raw)
        return spec

    async def renew(self, key: str, *, owner: str, lease_s: float) -> bool:
        """Keep it; false if nobody wants it any more."""
        names = SimulationKeys(key)
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            pipe.set(names.lease, owner, px=_ms(lease_s))
            pipe.exists(names.spec)
            _, wanted = await pipe.execute()
        return bool(wanted)

    async def put_back(self, key: str, *, blameless: bool, why: str | None = None) -> None:
        """An attempt ended without a result: enqueue the next, or give up after too many; `blameless` ones do not count."""
        names = SimulationKeys(key)
        async with answering():
            pipe = self._redis.pipeline(transaction=True)
            pipe.delete(names.lease)
            pipe.exists(names.spec)
            pipe.exists(names.result)
            if blameless:
                pipe.decr(names.tries)
            else:
                pipe.get(names.tries)
            _, wanted, there, tries = await pipe.execute()
        if there:
            await self.forget(key)
        if not wanted or there:
            return
        if int(tries or 0) >= MAX_TRIES:
            words = (why or "its worker was lost").rstrip(".")
            reason = f"{words}, {MAX_TRIES} times in a row"
            await self.finish(key, Result(reason=reason, kind="accident"))
        else:
            await self._queue.enqueue_simulation(key, await self._next_try(key), user=None)

    async def tell(self, done: Mapping[str, float]) -> None:
        """Say how far simulations are (key -> share), to whoever waits for them."""
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            for key, share in done.items():
                pipe.publish(SIMULATIONS_LIVE, orjson.dumps({"key": key, "pct": round(100.0 * share, 1)}))
            await pipe.execute()

    async def finish(self, key: str, result: Result) -> None:
        """Store what came out, and wake whoever waits."""
        async with answering():
            pipe = self._redis.pipeline(transaction=True)
            _finish(pipe, key, result, self._ttl_s)
            await pipe.execute()

    async def _next_try(self, key: str) -> int:
        async with answering():
            tries = await self._redis.get(SimulationKeys(key).tries)
        return int(tries or 0) + 1

    async def forget(self, key: str) -> None:
        """Nobody looks after it any more; a result stays."""
        names = SimulationKeys(key)
        async with answering():
            pipe = self._redis.pipeline(transaction=True)
            pipe.srem(SIMULATIONS, key)
            pipe.delete(names.spec, names.wanted, names.tries)
            await pipe.execute()


def finish(redis: Redis, key: str, result: Result, *, ttl_s: int) -> None:
    """As `Simulations.finish`, for the child that computed it.

    Raises:
        BrokerUnavailable: try again; nothing is written twice.
    """
    with broker_errors():
        pipe = redis.pipeline(transaction=True)
        _finish(pipe, key, result, ttl_s)
        pipe.execute()


def _finish(pipe: Any, key: str, result: Result, ttl_s: int) -> None:
    names = SimulationKeys(key)
    pipe.set(names.result, result.encode(), ex=ACCIDENT_TTL_S if result.kind == "accident" else ttl_s)
    pipe.srem(SIMULATIONS, key)
    pipe.delete(names.spec, names.wanted, names.tries, names.lease)
    pipe.publish(SIMULATIONS_LIVE, orjson.dumps({"key": key, "pct": 100.0}))


def _ms(seconds: float) -> int:
    return max(1, round(1000 * seconds))
