"""What a log does not hold any more, read from the history."""

from __future__ import annotations

from collections import deque
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
    at, why = gap.from_tick, gap.detail
    wanted = deque(
        (begin, min(begin + PAGE_TICKS - 1, gap.to_tick))
        for begin in range(gap.from_tick, gap.to_tick + 1, PAGE_TICKS)
    )
    while wanted:
        begin, end = wanted.popleft()
        try:
            document = await patiently(
                partial(service.history, session_id, from_tick=begin, to_tick=end), give_up_s
            )
        except Problem as problem:
            why = str(problem)
            wanted.extendleft(reversed(_left(problem, begin, end)))
            continue
        if begin > at:
            yield Gap(from_tick=at, to_tick=begin - 1, reason=gap.reason, detail=why)
        at = end + 1
        for item in items_of(document, schema):
            yield item
    if at <= gap.to_tick:
        yield Gap(from_tick=at, to_tick=gap.to_tick, reason=gap.reason, detail=why)


def _left(problem: Problem, begin: int, end: int) -> list[tuple[int, int]]:
    """What is there, by a refusal's word, of ticks that are not all there: less than all of them."""
    listed = problem.facts.get("available")
    spans = [span for span in listed if isinstance(span, list)] if isinstance(listed, list) else []
    found = [
        (max(first, begin), min(last, end))
        for first, last in spans
        if isinstance(first, int) and isinstance(last, int) and first <= end and last >= begin
    ]
    return found if found != [(begin, end)] else []
