"""A task's feed on disk: telemetry, which never fails the task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from gridcast.recordings.feeds import Feeds, feed_line

log = structlog.get_logger(__name__)


class Feed:
    """The file of one task. What cannot be written is missing there until another coordinator takes over."""

    def __init__(self, feeds: Feeds | None, task_id: str) -> None:
        self._feeds = feeds
        self._id = task_id

    async def begin(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Make it hold just these."""
        lines = b"".join(map(feed_line, records))
        await self._do(lambda feeds: feeds.replace(self._id, lines))

    async def append(self, record: Mapping[str, Any]) -> None:
        await self._do(lambda feeds: feeds.append(self._id, feed_line(record)))

    async def delete(self) -> None:
        await self._do(lambda feeds: feeds.delete(self._id))

    async def _do(self, write: Callable[[Feeds], None]) -> None:
        feeds = self._feeds
        if feeds is None:
            return
        try:
            await asyncio.to_thread(write, feeds)
        except OSError as error:
            log.warning("feed_not_written", task=self._id, why=str(error))
