"""How often somebody may do something, counted in the broker over a sliding window, so right across API processes.

A process asks the broker for a hundredth of what the window allows at a time and spends that by itself, so that most
requests cost no question; whoever was refused is refused by the process for a moment, so that a flood costs none either.
Hence one bound may be missed by a hundredth of it for each process, downwards.

While the broker is away nothing is counted and everybody is let through. What is worth protecting needs the broker too, and
fails by itself; and a service that refuses everybody because it cannot count would make an outage longer than it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import Redis

from .client import broker_errors
from .errors import BrokerUnavailable
from .names import RATES

log = structlog.get_logger(__name__)

WINDOW_S: Final = 10
"""Over which a rate is meant: who was silent may send this many seconds' worth at once."""

SHARE: Final = 100
"""A process takes one of so many parts of a window at a time."""

SPEND_S: Final = 1.0
"""How long a process may spend what it has taken."""

SHUT_S: Final = 1.0
"""How long at most somebody is refused before the broker is asked again."""

ASK_S: Final = 1.0
"""How long an answer is waited for; nobody is to wait for being counted."""

AWAY_S: Final = 1.0
"""After a broker that did not answer it is not asked for so long."""

REMEMBERED: Final = 4096
"""Whose purses a process remembers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """So many a second, meant over `WINDOW_S`; 0 for any number."""

    name: str
    per_s: int

    @property
    def most(self) -> int:
        """Within one window."""
        return self.per_s * WINDOW_S


@dataclass(slots=True)
class _Purse:
    """What one process has taken for somebody and not spent yet, or until when nothing is there to be taken."""

    left: int = 0
    good_until: float = 0.0
    shut_until: float = 0.0


class Rates:
    """Counts; never raises for a broker that is away."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        # The pool is ours, so no address is needed, and options and bounds are those of all our calls.
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=RATES,
            connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # its options are typed as text and numbers
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._clock = clock
        self._purses: dict[tuple[str, str], _Purse] = {}
        self._away_until = 0.0

    async def take(self, rate: Rate, who: str) -> float:
        """Count one for somebody: 0 if it is within the rate, else the seconds after which it may be again."""
        now = self._clock()
        if not rate.per_s or now < self._away_until:
            return 0.0
        purse = self._purse(rate, who)
        if now < purse.shut_until:
            return purse.shut_until - now
        if purse.left and now < purse.good_until:
            purse.left -= 1
            return 0.0
        try:
            with broker_errors():
                async with asyncio.timeout(ASK_S):
                    return await self._fill(rate, who, purse)
        except BrokerUnavailable as error:
            log.warning("not_counted", rate=rate.name, why=str(error))
            self._away_until = self._clock() + AWAY_S
            return 0.0

    async def _fill(self, rate: Rate, who: str, purse: _Purse) -> float:
        item: RateLimitItem = RateLimitItemPerSecond(rate.most, WINDOW_S, namespace=rate.name)
        share = max(1, rate.most // SHARE)
        if await self._limiter.hit(item, who, cost=share):
            now = self._clock()
            # Added: several requests may have found it empty at once, and each has taken a share.
            purse.left = (purse.left if now < purse.good_until else 0) + share - 1
            purse.good_until = now + SPEND_S
            return 0.0
        if share > 1 and await self._limiter.hit(item, who):
            return 0.0
        stats = await self._limiter.get_window_stats(item, who)
        wait_s = min(max(stats.reset_time - time.time(), 0.05), float(WINDOW_S))
        purse.shut_until = self._clock() + min(wait_s, SHUT_S)
        return wait_s

    def _purse(self, rate: Rate, who: str) -> _Purse:
        purse = self._purses.setdefault((rate.name, who), _Purse())
        if len(self._purses) > REMEMBERED:
            self._purses.pop(next(iter(self._purses)))
        return purse
