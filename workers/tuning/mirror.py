"""Carries a task's entries to the channels of its experiments, so that one of them can be followed alone.

An experiment's log is the part of its task's log that is about it, in the same order and but for the offset in the same
bytes, so it does not matter who carries: whoever does, writes the same. A task's last word, unless it has completed, is the
last one of the experiments that were under way too; a task that is resumed goes on with them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import orjson
from redis.asyncio import Redis

from gridcast.broadcaster import Channel, Channels, Conflict, NoChannel
from gridcast.broadcaster.errors import ChannelExists
from gridcast.broadcaster.names import task_of
from gridcast.broadcaster.task_events import LAST_OF_EXPERIMENT, LAST_OF_TASK, as_final

_AT_ONCE = 8


class Mirror:
    """The channels of one task's experiments. Every method may raise `BrokerUnavailable`, and may then be called again."""

    def __init__(self, redis: Redis, task: Channel) -> None:
        self._redis = redis
        self._task = task
        self._channels = Channels(redis)
        self._open: set[str] = set()
        self._heads: dict[str, int] = {}

    async def catch_up(self) -> None:
        """Carry what the task's log holds and whoever carried before did not."""
        entries: list[bytes] = []
        after = 0
        while page := await self._channels.page(self._task, after=after):
            entries += [bare(entry.data) for entry in page]
            after = page[-1].offset
        self._open.clear()
        by_experiment = self._sorted(entries)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def carry_rest(ident: str, ours: Sequence[bytes]) -> None:
            async with gate:
                head, last = await self._end_of(ident)
                if head:
                    self._heads[ident] = head
                known = ours.index(last) + 1 if last is not None and last in ours else 0
                await self._append(ident, ours[known:])

        await asyncio.gather(*(carry_rest(*one) for one in by_experiment.items()))

    async def carry(self, entries: Iterable[bytes]) -> None:
        """Carry what was just published on the task's channel."""
        for ident, ours in self._sorted(entries).items():
            await self._append(ident, ours)

    def _sorted(self, entries: Iterable[bytes]) -> dict[str, list[bytes]]:
        """Entries by experiment, in order."""
        found: dict[str, list[bytes]] = defaultdict(list)
        for entry in entries:
            told = orjson.loads(entry)
            kind, ident = told["type"], told.get("experiment_id")
            if ident is not None:
                over = kind in LAST_OF_EXPERIMENT
                found[ident].append(as_final(entry) if over else entry)
                (self._open.discard if over else self._open.add)(ident)
            elif kind in LAST_OF_TASK:
                for under_way in self._open:
                    found[under_way].append(entry)
        return found

    async def _end_of(self, ident: str) -> tuple[int, bytes | None]:
        """Newest offset of an experiment's log, and that entry as it was before it was carried."""
        channel = Channel("experiment", ident)
        [newest] = await self._channels.heads([channel])
        if newest is None:
            return 0, None
        page = await self._channels.page(channel, after=newest[1] - 1)
        return newest[1], bare(page[-1].data) if page else None

    async def _append(self, ident: str, entries: Sequence[bytes]) -> None:
        """Bring entries behind those that are there; what is there already of them is left alone."""
        if not entries:
            return
        channel = Channel("experiment", ident)
        if ident not in self._heads:
            with contextlib.suppress(ChannelExists):
                await self._channels.create(channel, meta={"task": task_of(ident)})
            self._heads[ident] = (await self._end_of(ident))[0]
        rest = list(entries)
        while rest:
            head = self._heads[ident]
            try:
                result = await self._channels.publish(channel, token=0, expected=head + 1, entries=rest)
            except NoChannel:
                return  # the task was deleted, and this with it
            except Conflict:
                # Somebody carries the same at the same time: what is there begins with ours.
                page = await self._channels.page(channel, after=head)
                there = {bare(entry.data) for entry in page}
                rest = [entry for entry in rest if entry not in there]
                self._heads[ident] = page[-1].offset
            else:
                self._heads[ident] = result.head
                return


def bare(data: bytes) -> bytes:
    """A stored entry as it was before it got its offset."""
    return b"{" + data.partition(b",")[2]
