"""Reading lists that stand in sorted sets: ids, scored by creation time (unix seconds)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis

from .client import answering

CREATION_S: Final = 60
"""What is listed for so long has been created, or its creator died before it was."""

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


async def strike_off(redis: Redis, keys: Sequence[str], nowhere: Sequence[tuple[float, str]]) -> None:
    """Take what is listed, and nowhere to be found, off these lists, unless it may be being created just now."""
    lost = [ident for created, ident in nowhere if time.time() - created > CREATION_S]
    if not lost:
        return
    async with answering():
        pipe = redis.pipeline(transaction=False)
        for key in keys:
            pipe.zrem(key, *lost)
        await pipe.execute()
