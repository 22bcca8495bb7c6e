"""How many sessions run at once: of one user, and of all. Workers ask before they take one out of the queue.

What may not start yet keeps its place in the queue, and others go past it; so does the first session of a user who runs
nothing, past all of those who do: turns (`queue.py`) are for starts, and somebody's may run for days. What was let start
counts until it is over, also while it is given to another worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis

from . import scripts
from .client import answering, channels_of
from .names import ACTIVE, LOCAL_USER, STARTED, Channel, started_key
from .settings import Settings

AGAIN_S: Final = 0.25
"""Between two questions of this process where none of those that wait may start yet."""


@dataclass(frozen=True, slots=True)
class Full:
    """As many run as may: `running` of the `owner`, or of all where `owner` is None."""

    owner: str | None
    running: int


class Starts:
    """Holds sessions back that may not run yet."""

    def __init__(
        self, redis: Redis, settings: Settings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = redis
        self._of_user = settings.user_running_sessions
        self._of_all = settings.all_running_sessions
        self._script = redis.register_script(scripts.START)
        self._clock = clock
        self._held: frozenset[str] = frozenset()
        self._asked = clock()

    async def allowed(self, jobs: Sequence[str], *, room: int) -> list[str]:
        """Those of the sessions' `jobs`, told in the order in which they wait, that may start now, the next one first.

        At most `room` of them are let start by this call. Raises what the broker's client raises, as ARQ does.
        """
        now = self._clock()
        if now - self._asked < AGAIN_S and self._held.issuperset(jobs):
            return []
        # All of them, or whoever is asked about alone would get what belongs to another.
        ids = [job.rpartition(":")[0] for job in jobs]
        pipe = channels_of(self._redis).pipeline(transaction=False)
        for one in ids:
            pipe.hmget(Channel.session(one).meta, ["status", "owner"])
        # What another worker starts in between is in the set by then, and is not counted twice.
        metas = await pipe.execute()
        waiting = [
            part for one, meta in zip(ids, metas, strict=True) for part in (one, *(m or b"" for m in meta))
        ]
        taken, held = await self._script(
            keys=[STARTED, ACTIVE],
            args=[room, started_key(""), self._of_user, self._of_all, LOCAL_USER, *waiting],
        )
        self._asked, self._held = now, frozenset(jobs[place - 1] for place in held)
        return [jobs[place - 1] for place in taken]

    async def full(self, owners: Sequence[str]) -> dict[str, Full]:
        """For each of these users why no more of their sessions may start now; those that may are left out.

        Raises:
            BrokerUnavailable
        """
        named = sorted(set(owners))
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            pipe.scard(STARTED)
            for owner in named:
                pipe.scard(started_key(owner))
            in_all, *each = await pipe.execute()
        if self._of_all and in_all >= self._of_all:
            return dict.fromkeys(named, Full(None, self._of_all))
        return {
            owner: Full(owner, self._of_user)
            for owner, running in zip(named, each, strict=True)
            if self._of_user and owner != LOCAL_USER and running >= self._of_user
        }
