"""What a log does not hold any more, read from the history."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial

from .errors import Problem
from .messages import Gap, Schema
from .patience import patiently
from .sequel import Item, items_of
from .service import Service

PAGE_TICKS = 3_000
"""Ticks that are asked for at once where all of many are wanted: of the largest feeder some 7 MB, which the API answers
beside others."""


async def filled(
    service: Service, session_id: str, gap: Gap, schema: Schema, *, give_up_s: float
) -> AsyncGenerator[Item]:
    """The ticks of a gap, in order; what the history has not got either, as smaller gaps that say why.

    Raises:
        Unreachable: nobody answered for `give_up_s`.
    """
    missing: Gap | None = None
    for begin in range(gap.from_tick, gap.to_tick + 1, PAGE_TICKS):
        end = min(begin + PAGE_TICKS - 1, gap.to_tick)
        try:
            document = await patiently(
                partial(service.history, session_id, from_tick=begin, to_tick=end), give_up_s
            )
        except Problem as problem:
            since = missing.from_tick if missing else begin
            missing = Gap(from_tick=since, to_tick=end, reason=gap.reason, detail=str(problem))
            continue
        if missing:
            yield missing
            missing = None
        for item in items_of(document, schema):
            yield item
    if missing:
        yield missing
