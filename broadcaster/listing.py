"""Reading lists that stand in sorted sets: ids, scored by creation time (unix seconds)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis

from .client import answering

SPARE: Final = 50
"""Read beyond what is asked for: some of the ids may be those of things that are gone."""


async def newest(
    redis: Redis, keys: Sequence[str], *, before: tuple[float, str] | None, limit: int
) -> list[tuple[float, str]]:
    """Creation times and ids out of all of these lists together, newest first, each once, from behind `before` on.

    `limit + SPARE` of them at most; fewer than that only where there are no more.
    """
    latest = "+inf" if before is None else repr(before[0])
    async with answering():
        pipe = redis.pipeline(transaction=False)
        for key in keys:
            pipe.zrevrangebyscore(key, latest, "-inf", start=0, num=limit + SPARE, withscores=True)
        rows: list[list[tuple[bytes, float]]] = await pipe.execute()
    found = {(created, raw.decode()) for listed in rows for raw, created in listed}
    if before is not None:
        found = {place for place in found if place < before}
    return sorted(found, reverse=True)[: limit + SPARE]
