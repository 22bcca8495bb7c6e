"""A session child of the tests that also records: what it publishes and writes is a run of `tests.recordings.made`."""

from __future__ import annotations

from typing import Any

import orjson

from gridcast.broadcaster import Settings
from gridcast.recordings.chunks import Chunk
from gridcast.recordings.store import Store, store_at
from tests.api.producer import Producer
from tests.recordings.made import Made, schema


class Recorder(Producer):
    """Publishes a run's ticks, and records what it is told to."""

    def __init__(self, settings: Settings, run: Made) -> None:
        super().__init__(settings, run.session_id)
        assert settings.recordings_at is not None
        self.run = run
        self.store: Store = store_at(settings.recordings_at)
        self.chunks: list[Chunk] = []
        self._offsets: list[tuple[int, int]] = []

    async def begin(self, *, n_ticks: int = 100_000, **record: Any) -> None:
        """Create the session and bring it to `running`."""
        await self.create(n_ticks=n_ticks, **record)
        await self.take()
        told = schema(self.run.session_id, n_ticks=n_ticks, tick_s=self.run.tick_s)
        await self.publish(told, meta={"schema": orjson.dumps(told)})
        await self.status("running")

    async def go(self, ticks: int, *, each: int = 7) -> None:
        """Publish so many ticks more, `each` of them in an entry."""
        end = self.tick + ticks
        while self.tick < end:
            count = min(each, end - self.tick)
            entry = self.run.entry(self.tick, count)
            await self.raw([entry], {"tick": self.tick + count, "digest": f"d{self.tick + count}"})
            self.tick += count
            self._offsets.append((self.tick, self.head))

    def head_of(self, after: int) -> int:
        """Offset of the entry that holds tick `after` - 1."""
        return next(offset for end, offset in self._offsets if end >= after)

    async def record(self, first: int, after: int, *, list_it: bool = True) -> Chunk:
        """Write a chunk of published ticks, and put it into the broker's list."""
        chunk = self.run.record(self.store, first, after - first, head=self.head_of(after))
        if list_it:
            self.chunks.append(chunk)
            await self.channels.publish(
                self.channel,
                token=self._token,
                expected=self.head + 1,
                entries=[],
                chunks=[chunk.encode()],
                trim=self._trim,
            )
        return chunk
