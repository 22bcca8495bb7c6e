"""Waiting for the end of something that has a log: a task, an operation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol, TypeVar

from .patience import patiently


class Ending(Protocol):
    """What is known of something that is over some day."""

    @property
    def over(self) -> bool: ...


T = TypeVar("T", bound=Ending)


async def until_over(
    ask: Callable[[], Awaitable[T]], log: Callable[[], AsyncGenerator[object]], give_up_s: float
) -> T:
    """What `ask` tells once it is over; `log` yields until it may be. One that was resumed meanwhile is waited for again.

    Raises:
        Unreachable: nobody answered for `give_up_s`.
    """
    known = await patiently(ask, give_up_s)
    while not known.over:
        async with aclosing(log()) as entries:
            async for _ in entries:
                pass
        known = await patiently(ask, give_up_s)
    return known
