"""How long what a session leaves behind is kept, and the bookkeeping of those who clear it away.

Every key of a session gets a time to live when it is over. What must live as long as the recording (without it nobody could
find the session, or read its files) lives longer than the rest. The log lives as long too, but is cut down to its last
words when its own time is over, so that whoever comes late is told what is missing, and that the session has ended.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from redis.asyncio import Redis

from .channels import Channels
from .client import answering, channels_of
from .names import (
    ACTIVE,
    FINISHED,
    LEFTOVERS,
    SESSIONS,
    SWEEP,
    Channel,
    Kind,
    listing_key,
    owned_key,
    public_key,
)
from .settings import Settings

LAST_WORDS = 2
"""Entries at the end of a log that are always kept: the summary and the last status."""

CUT_BYTES = 64 << 10
"""A log of less memory is not worth cutting (and was cut, most of the time)."""

LOOK_AFTER_S = 600
"""A session's files are looked at this long after it ended: a child that was frozen or slow may still have written some."""

_PAGE = 500

_LISTED: Final[tuple[Kind, ...]] = ("session", "task", "operation")


def lifetimes(channel: Channel, settings: Settings) -> dict[str, int]:
    """Seconds for which each key of a session lives on once it is over."""
    kept_s = max(settings.session_ttl_s, settings.recordings_ttl_s if settings.recordings_at else 0)
    return {key: kept_s if key in channel.lasting else settings.session_ttl_s for key in channel.keys}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What the broker keeps of a session that is over. `log_bytes` is memory, `recorded_bytes` files."""

    id: str
    ended: float
    log_bytes: int
    recorded_bytes: int


class Retention:
    """What is to be cleared away, as the broker knows it. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._channeled = channels_of(redis)
        self._channels = Channels(self._channeled)

    async def turn(self, every_s: float) -> bool:
        """Whether it is the caller's turn to sweep: at most one gets it within `every_s` seconds."""
        async with answering():
            return bool(await self._redis.set(SWEEP, "1", nx=True, px=int(1000 * every_s)))

    async def kept(self) -> list[Kept]:
        """All sessions that are over, the oldest first; what the broker has forgotten is taken off the lists."""
        async with answering():
            rows: list[tuple[bytes, float]] = await self._redis.zrange(FINISHED, 0, -1, withscores=True)
        found: list[Kept] = []
        for begin in range(0, len(rows), _PAGE):
            found += await self._kept([(raw.decode(), ended) for raw, ended in rows[begin : begin + _PAGE]])
        return found

    async def _kept(self, sessions: Sequence[tuple[str, float]]) -> list[Kept]:
        found, gone = [], []
        for (session_id, ended), row in zip(
            sessions, await self._sizes([session_id for session_id, _ in sessions]), strict=True
        ):
            if row is None:
                gone.append(session_id)
            else:
                found.append(Kept(id=session_id, ended=ended, log_bytes=row[0], recorded_bytes=row[1]))
        if gone:
            async with answering():
                pipe = self._redis.pipeline(transaction=True)
                pipe.zrem(FINISHED, *gone)
                pipe.zrem(SESSIONS, *gone)
                await pipe.execute()
        return found

    async def running_bytes(self) -> tuple[int, int]:
        """Memory of the logs, and size of the files, of all sessions that are not over."""
        async with answering():
            ids = [raw.decode() for raw in await cast("Awaitable[set[bytes]]", self._redis.smembers(ACTIVE))]
        sizes = [row for row in await self._sizes(ids) if row is not None]
        return sum(log for log, _ in sizes), sum(recorded for _, recorded in sizes)

    async def _sizes(self, ids: Sequence[str]) -> list[tuple[int, int] | None]:
        """(log, recording) of each session; `None` where the broker knows nothing of it."""
        if not ids:
            return []
        async with answering():
            pipe = self._channeled.pipeline(transaction=False)
            for session_id in ids:
                channel = Channel.session(session_id)
                pipe.hmget(channel.meta, ["epoch", "recorded"])
                pipe.exists(channel.chunks)
                pipe.memory_usage(channel.log)
            rows = await pipe.execute()
        return [
            None if epoch is None else (log_bytes or 0, int(recorded or 0) if listed else 0)
            for (epoch, recorded), listed, log_bytes in zip(rows[0::3], rows[1::3], rows[2::3], strict=True)
        ]

    async def cut_logs(self, ids: Sequence[str]) -> None:
        """Keep of these logs only their last words."""
        if not ids:
            return
        async with answering():
            pipe = self._channeled.pipeline(transaction=False)
            for session_id in ids:
                pipe.xtrim(Channel.session(session_id).log, maxlen=LAST_WORDS, approximate=False)
            await pipe.execute()

    async def forget_recordings(self, ids: Sequence[str], *, now_s: float) -> None:
        """Take the lists of chunks away; from then on their files are left over."""
        if not ids:
            return
        # Left over first: who dies in between leaves lists that still count, so that the next sweep comes here again.
        async with answering():
            await self._redis.zadd(LEFTOVERS, dict.fromkeys(ids, now_s))
            pipe = self._channeled.pipeline(transaction=False)
            for session_id in ids:
                pipe.delete(Channel.session(session_id).chunks)
            await pipe.execute()

    async def leftovers(self, *, now_s: float) -> list[str]:
        """Sessions whose files are to be looked at now."""
        async with answering():
            rows: list[bytes] = await self._redis.zrangebyscore(LEFTOVERS, "-inf", now_s)
        return [raw.decode() for raw in rows]

    async def look_again(self, session_id: str, *, at_s: float | None) -> None:
        """Look at a session's files at `at_s`, or never again."""
        async with answering():
            if at_s is None:
                await self._redis.zrem(LEFTOVERS, session_id)
            else:
                await self._redis.zadd(LEFTOVERS, {session_id: at_s})

    async def listed(self, session_id: str) -> list[bytes] | None:
        """The records of a session's chunks; `None` where there is no such session."""
        found = await self._channels.recorded(Channel.session(session_id))
        return None if found is None else found[1]

    async def tidy_lists(self, *, before_s: float) -> None:
        """Take off the lists (of all, of each user, of what is public) what was made before `before_s` and is forgotten.

        What is deleted leaves them at once; what expires does so in silence, and with it whose it was.
        """
        for kind in _LISTED:
            keys = [listing_key(kind), public_key(kind)]
            async with answering():
                keys += [
                    raw.decode()
                    async for raw in self._redis.scan_iter(match=owned_key(kind, "*"), count=_PAGE)
                ]
            for key in keys:
                await self._tidy_list(key, kind, before_s=before_s)

    async def _tidy_list(self, key: str, kind: Kind, *, before_s: float) -> None:
        start = 0
        while True:
            async with answering():
                page: list[bytes] = await self._redis.zrangebyscore(
                    key, "-inf", before_s, start=start, num=_PAGE
                )
            ids = [raw.decode() for raw in page]
            known = await self.known(ids, kind=kind)
            if gone := [ident for ident in ids if ident not in known]:
                async with answering():
                    await self._redis.zrem(key, *gone)
            if len(page) < _PAGE:
                return
            start += len(known)

    async def known(self, ids: Sequence[str], *, kind: Kind = "session") -> set[str]:
        """Those of `ids` that the broker knows."""
        found: set[str] = set()
        for begin in range(0, len(ids), _PAGE):
            page = ids[begin : begin + _PAGE]
            async with answering():
                pipe = self._channeled.pipeline(transaction=False)
                for ident in page:
                    pipe.exists(Channel(kind, ident).meta)
                found.update(i for i, there in zip(page, await pipe.execute(), strict=True) if there)
        return found


def look_after(now_s: float | None = None) -> float:
    """When to look at the files of a session that ends, or is deleted, now."""
    return (time.time() if now_s is None else now_s) + LOOK_AFTER_S
