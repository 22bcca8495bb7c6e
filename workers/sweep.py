"""Clears away what nobody needs any more: logs and recordings beyond their age or size, files that belong to nothing.

Every worker runs it, and takes turns with the others. What is missing in the broker alone is no reason to delete a recording
before its time: a broker that was flushed must not cost the files.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence

import structlog
from redis.asyncio import Redis

from gridcast.broadcaster import BrokerUnavailable, Settings
from gridcast.broadcaster.names import ID_PATTERN
from gridcast.broadcaster.retention import CUT_BYTES, LOOK_AFTER_S, Kept, Retention
from gridcast.recordings.chunks import Chunk, is_ours
from gridcast.recordings.feeds import TASKS, feeds_at
from gridcast.recordings.store import Store, store_at

log = structlog.get_logger(__name__)

SWEEP_S = 60.0
"""One worker of all sweeps within this time."""

STRANGERS_S = 3600.0
"""How often a worker looks through the whole store, and all lists, for what the broker does not know any more."""


def beyond(kept: Sequence[Kept], size: Callable[[Kept], int], *, others: int, at_most: int) -> list[Kept]:
    """The oldest of `kept` that must go, so that what stays and `others` together have at most `at_most` bytes."""
    total = others + sum(map(size, kept))
    going = []
    for session in kept:
        if total <= at_most:
            break
        if size(session) > 0:
            total -= size(session)
            going.append(session)
    return going


class Sweep:
    """The sweeping of one worker."""

    def __init__(
        self,
        redis: Redis,
        settings: Settings,
        *,
        open_store: Callable[[str], Store] = store_at,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._retention = Retention(redis)
        self._open_store = open_store
        self._now = now
        self._store: Store | None = None
        self._strangers_at = now()

    async def run(self) -> None:
        """Sweep now and then, when it is this worker's turn, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S * random.uniform(0.2, 0.6))
            try:
                if await self._retention.turn(SWEEP_S):
                    await self.sweep()
            except BrokerUnavailable as error:
                log.debug("no_sweep", why=str(error))
            except Exception:  # a store may raise what it likes; the next turn comes
                log.exception("sweep_failed")

    async def sweep(self) -> None:
        """Once through all that is kept."""
        kept = await self._retention.kept()
        logs, files = await self._retention.running_bytes()
        await self._cut_logs(kept, running=logs)
        await self._forget_recordings(kept, running=files)
        await self._tidy_up()
        if self._now() >= self._strangers_at:
            self._strangers_at = self._now() + STRANGERS_S
            await self._delete_strangers()
            await self._delete_feeds()
            # Nothing is forgotten before this time has passed since its end.
            await self._retention.tidy_lists(before_s=self._now() - self._settings.session_ttl_s)

    async def _cut_logs(self, kept: Sequence[Kept], *, running: int) -> None:
        settings = self._settings
        whole = [session for session in kept if session.log_bytes > CUT_BYTES]
        old = [session for session in whole if session.ended < self._now() - settings.session_ttl_s]
        young = whole[len(old) :]
        going = old + beyond(young, lambda s: s.log_bytes, others=running, at_most=settings.logs_bytes)
        await self._retention.cut_logs([session.id for session in going])

    async def _forget_recordings(self, kept: Sequence[Kept], *, running: int) -> None:
        going = beyond(
            kept, lambda s: s.recorded_bytes, others=running, at_most=self._settings.recordings_bytes
        )
        if going:
            log.info("recordings_forgotten", sessions=[session.id for session in going])
        await self._retention.forget_recordings([session.id for session in going], now_s=self._now())

    async def _tidy_up(self) -> None:
        """Delete the files of sessions that were deleted, and those that no list names."""
        now_s = self._now()
        for session_id in await self._retention.leftovers(now_s=now_s):
            at_s: float | None = None
            try:
                await self._tidy(session_id)
            except (OSError, ValueError, TypeError) as error:  # the store's, or of a record that is none
                log.warning("files_left_over", session=session_id, why=str(error))
                at_s = now_s + LOOK_AFTER_S
            await self._retention.look_again(session_id, at_s=at_s)

    async def _tidy(self, session_id: str) -> None:
        """Once a session is over nothing is listed any more: a file that is not listed now never will be."""
        store = await self._opened()
        if store is None:
            return
        listed = await self._retention.listed(session_id)
        if not listed:
            await asyncio.to_thread(store.delete_session, session_id)
            return
        names = {Chunk.decode(record).name for record in listed}
        for file in await asyncio.to_thread(store.files, session_id):
            if file.name not in names and is_ours(file.name):
                await asyncio.to_thread(store.delete, session_id, file.name)

    async def _delete_strangers(self) -> None:
        """Delete recordings that nobody can find any more, once they are as old as any may become."""
        store = await self._opened()
        if store is None:
            return
        ids = [
            name
            for name in await asyncio.to_thread(store.sessions)
            if ID_PATTERN.fullmatch(name) and name != TASKS
        ]
        known = await self._retention.known(ids)
        oldest_s = self._now() - self._settings.recordings_ttl_s
        for session_id in ids:
            if session_id in known:
                continue
            try:
                files = await asyncio.to_thread(store.files, session_id)
                if all(file.modified_s < oldest_s for file in files):
                    log.info("recording_expired", session=session_id)
                    await asyncio.to_thread(store.delete_session, session_id)
            except OSError as error:
                log.warning("files_left_over", session=session_id, why=str(error))

    async def _delete_feeds(self) -> None:
        """Delete the feeds of tasks in the same way."""
        feeds = feeds_at(self._settings.recordings_at)
        if feeds is None:
            return
        written = await asyncio.to_thread(feeds.written)
        known = await self._retention.known(list(written), kind="task")
        oldest_s = self._now() - self._settings.recordings_ttl_s
        for task_id, modified_s in written.items():
            if task_id not in known and modified_s < oldest_s:
                log.info("feed_expired", task=task_id)
                try:
                    await asyncio.to_thread(feeds.delete, task_id)
                except OSError as error:
                    log.warning("feed_left_over", task=task_id, why=str(error))

    async def _opened(self) -> Store | None:
        """The store; `None` where nothing is recorded."""
        where = self._settings.recordings_at
        if where is None:
            return None
        if self._store is None:
            self._store = await asyncio.to_thread(self._open_store, where)
        return self._store
