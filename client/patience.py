"""Asking again while a service is away, for requests that may be made twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from .errors import Problem, Unreachable

LONGEST_WAIT_S = 1.0
UNAVAILABLE = 503

T = TypeVar("T")


async def patiently(ask: Callable[[], Awaitable[T]], give_up_s: float) -> T:
    """What `ask` answers, however often it takes; the last failure once nobody served for `give_up_s`.

    Raises:
        Problem: the service refused, and not only for now.
        Unreachable: nobody answered.
    """
    deadline = monotonic() + give_up_s
    while True:
        try:
            return await ask()
        except Problem as problem:
            if problem.status != UNAVAILABLE or monotonic() > deadline:
                raise
        except Unreachable:
            if monotonic() > deadline:
                raise
        await asyncio.sleep(random.uniform(0, LONGEST_WAIT_S))
