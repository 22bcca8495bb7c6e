"""How many sessions may wait for a worker, and how many tasks and operations there may be at once: of one user, and of all.

A new one is let in by one script, so that the bound holds across API processes. What is over is taken off by reapers and by
deleting; and before a user is refused it is looked whether those that are counted are still there, so a process that died
on the way costs nobody a place.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, Literal, cast

from redis.asyncio import Redis

from . import scripts
from .analyses import OVER
from .client import answering, channels_of
from .names import ACTIVE, STARTED, UNFINISHED, Amount, Channel, open_key, started_key
from .sessions import FINAL

Verdict = Literal["in", "user", "all"]
"""`user`, `all`: refused, as there are too many of this user's, or in all."""

LOOK_S: Final = 1.0
"""Between two looks of this process at what is counted of one user: a look reads all of it."""

_LISTED: Final = {"sessions": ACTIVE, "analyses": UNFINISHED}
_ENDS: Final[frozenset[str]] = FINAL | OVER


class Admission:
    """Lets in what is new. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._admit = redis.register_script(scripts.ADMIT)
        self._clock = clock
        self._looked: dict[str, float] = {}

    async def admit(self, channel: Channel, owner: str, *, of_user: int, of_all: int) -> Verdict:
        """Count a session, task or operation in that is about to be made (or revived), unless there are too many.

        Args:
            of_user, of_all: how many there may be, of sessions how many that were not let start; 0 for any number.
        """
        verdict = await self._ask(channel, owner, of_user, of_all)
        if verdict == "user" and await self._look(_amount(channel), owner):
            verdict = await self._ask(channel, owner, of_user, of_all)
        return verdict

    async def _ask(self, channel: Channel, owner: str, of_user: int, of_all: int) -> Verdict:
        what = _amount(channel)
        async with answering():
            word = await self._admit(
                keys=[
                    *(open_key(what, owner), _LISTED[what]),
                    *((started_key(owner), STARTED) if what == "sessions" else ()),
                ],
                args=[_name(channel), of_user, of_all],
            )
        return "in" if word == b"OK" else "user" if word == b"USER" else "all"

    async def _look(self, what: Amount, owner: str) -> bool:
        """Take off what is over or gone; false if there is nothing of that, or it was looked a moment ago."""
        key, now = open_key(what, owner), self._clock()
        if now - self._looked.get(key, -LOOK_S) < LOOK_S:
            return False
        self._looked = {known: at for known, at in self._looked.items() if now - at < LOOK_S} | {key: now}
        async with answering():
            members = [raw.decode() for raw in await cast("Awaitable[set[bytes]]", self._redis.smembers(key))]
            told = channels_of(self._redis).pipeline(transaction=False)
            listings = self._redis.pipeline(transaction=False)
            for name in members:
                told.hget(_channel(what, name).meta, "status")
                listings.sismember(_LISTED[what], name)
            statuses = await told.execute() if members else []
            # Listed and without a channel: somebody is making it just now.
            gone = [
                name
                for name, status, listed in zip(
                    members, statuses, await listings.execute() if members else [], strict=True
                )
                if (not listed if status is None else status.decode() in _ENDS)
            ]
            if gone:
                pipe = self._redis.pipeline(transaction=True)
                pipe.srem(key, *gone)
                if what == "sessions":
                    pipe.srem(started_key(owner), *gone)
                    pipe.srem(STARTED, *gone)
                await pipe.execute()
        return bool(gone)


def _amount(channel: Channel) -> Amount:
    return "sessions" if channel.kind == "session" else "analyses"


def _name(channel: Channel) -> str:
    """As the lists of what is not over name it."""
    return channel.id if channel.kind == "session" else str(channel)


def _channel(what: Amount, name: str) -> Channel:
    return Channel.session(name) if what == "sessions" else Channel.parse(name)
