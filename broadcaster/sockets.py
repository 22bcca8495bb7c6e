"""How many sockets somebody has open, across API processes.

Each process tells its count of each user again and again; what was not told for `TTL_S` counts no more, so a killed process
takes nobody's places. While the broker is away everybody is let in: it is counted again once it is back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn

import structlog
from redis.asyncio import Redis

from . import scripts
from .client import broker_errors
from .errors import BrokerUnavailable
from .names import new_id, sockets_key

log = structlog.get_logger(__name__)

TTL_S: Final = 15.0
REFRESH_S: Final = 5.0
ASK_S: Final = 1.0
"""How long an answer is waited for; nobody is to wait for being counted."""

_PIECE: Final = 500


@dataclass(slots=True)
class _Tally:
    """One user's sockets in this process. One at a time asks the broker, so that it has the newest count."""

    count: int = 0
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sockets:
    """Counts sockets; never raises for a broker that is away."""

    def __init__(self, redis: Redis, *, now: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._count = redis.register_script(scripts.SOCKET)
        self._now = now
        self._process = new_id()
        self._tallies: dict[str, _Tally] = {}

    async def open(self, who: str, *, most: int) -> bool:
        """Count one more of somebody; false, and nothing counted, if there would be more than `most`."""
        tally = self._tallies.setdefault(who, _Tally())
        tally.count += 1
        let_in = False
        try:
            async with tally.asking:
                let_in = await self._told(who, tally.count, most=most)
        finally:
            if not let_in:
                tally.count -= 1
                self._forget(who, tally)
        return let_in

    async def close(self, who: str) -> None:
        """One of somebody's is closed."""
        tally = self._tallies[who]
        tally.count -= 1
        try:
            async with tally.asking:
                # Not there any more: all of them were closed at once, and the first has said so.
                if self._tallies.get(who) is tally:
                    await self._tell({who: tally.count})
        except BrokerUnavailable:
            log.debug("socket_not_counted_out", who=who)  # it lapses, or is told with the others
        finally:
            self._forget(who, tally)

    async def run(self) -> NoReturn:
        """Say again and again how many there are, until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_S)
            counts = {who: tally.count for who, tally in self._tallies.items()}
            names = list(counts)
            try:
                for begin in range(0, len(names), _PIECE):
                    await self._tell({who: counts[who] for who in names[begin : begin + _PIECE]})
            except BrokerUnavailable:
                log.debug("sockets_not_told")

    async def _told(self, who: str, count: int, *, most: int) -> bool:
        try:
            with broker_errors():
                async with asyncio.timeout(ASK_S):
                    args: list[str | int] = [self._process, count, most, self._now_ms(), int(1000 * TTL_S)]
                    return bool(await self._count(keys=[sockets_key(who)], args=args))
        except BrokerUnavailable as error:
            log.warning("socket_not_counted", why=str(error))
            return True

    async def _tell(self, counts: dict[str, int]) -> None:
        until = self._now_ms() + int(1000 * TTL_S)
        with broker_errors():
            async with asyncio.timeout(ASK_S):
                pipe = self._redis.pipeline(transaction=False)
                for who, count in counts.items():
                    if count:
                        pipe.hset(sockets_key(who), self._process, f"{count}:{until}")
                        pipe.pexpire(sockets_key(who), int(1000 * TTL_S))
                    else:
                        pipe.hdel(sockets_key(who), self._process)
                await pipe.execute()

    def _forget(self, who: str, tally: _Tally) -> None:
        """Whoever is about to open one is counted already, so nobody uses a tally of none."""
        if not tally.count and self._tallies.get(who) is tally:
            del self._tallies[who]

    def _now_ms(self) -> int:
        return int(1000 * self._now())
