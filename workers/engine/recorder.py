"""Keeps all that a run computes: cuts what was published into chunks and has them written behind the simulation.

No I/O of its own: files are made by the writer's thread (`recordings/writer.py`), the list of chunks is kept by the broker,
which `Voice` tells. The numbers of a run do not depend on any of this.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from openg2g.events import SimEvent

from gridcast.broadcaster.workers import RecordingState
from gridcast.recordings.chunks import CHUNK_BYTES, CHUNK_TICKS, FORMAT, Chunk, file_name
from gridcast.recordings.columns import arrow_schema, columns_of
from gridcast.recordings.store import Store, store_at
from gridcast.recordings.writer import BACKLOG_BYTES, FIRST_RETRY_S, ChunkWriter, Rows
from gridcast.workers.orders import Order

from .columns import Block, Control
from .past import Deed
from .translate import control_entry, event_entry, plain

LOG_SHARE = 4
"""A chunk is cut after this part of the log's bound at the latest: the log still holds what is not recorded yet."""

FINISH_S = 5.0
"""How long the end of a run waits for a store that does not answer."""

HURRY_S = 0.25
"""The same for a child that was told to end: whoever goes on records again what is lost here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hole:
    """Ticks `first`, ..., `after - 1` that were published and could not be recorded."""

    first: int
    after: int

    def __str__(self) -> str:
        return f"{self.first} to {self.after - 1}"


class Recorder:
    """Takes blocks that the broker acknowledged. Every method returns at once, but `finish` and `hurry`."""

    def __init__(
        self,
        order: Order,
        where: str | None,
        *,
        log_bytes: int,
        open_store: Callable[[str], Store] = store_at,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._order = order
        self._where = where
        self._open_store = open_store
        self._clock = clock
        self._cut_bytes = log_bytes // LOG_SHARE
        self._writer: ChunkWriter | None = None
        self._about: dict[str, Any] = {}
        self._listed: deque[Chunk] = deque()
        self._boundaries: frozenset[int] = frozenset()
        self._recorded_bytes = 0
        self._first = 0
        self._ticks = 0
        self._numbers: list[NDArray[np.float64]] = []
        self._events: list[SimEvent] = []
        self._controls: list[Control] = []
        self._published_bytes = 0
        self._digest = ""
        self._head = 0
        self._deeds: list[Deed] = []
        self._holes: list[Hole] = []
        self._told_holes = 0
        self._paused = False
        self._from_tick = 0
        self._why: str | None = None
        self._lost_why: str | None = None

    def begin(
        self,
        schema: Mapping[str, Any],
        *,
        epoch: str,
        versions: Mapping[str, str],
        workload_hash: str,
        listed: Sequence[Chunk],
    ) -> None:
        """The simulation has started; `listed` is what attempts before this one have recorded."""
        if self._where is None:
            return
        where, open_store = self._where, self._open_store
        self._writer = ChunkWriter(
            lambda: open_store(where),
            self._order.id,
            arrow_schema(columns_of(schema)),
            backlog_bytes=BACKLOG_BYTES,
            first_retry_s=FIRST_RETRY_S,
        )
        self._listed = deque(sorted(listed, key=lambda chunk: chunk.first))
        self._boundaries = frozenset(tick for chunk in listed for tick in (chunk.first, chunk.after))
        self._recorded_bytes = sum(chunk.size_bytes for chunk in listed)
        self._about = {
            "format": FORMAT,
            "session_id": self._order.id,
            "epoch": epoch,
            "token": self._order.token,
            "schema": schema,
            "record": self._order.record,
            "versions": versions,
            "workload_hash": workload_hash,
        }

    @property
    def state(self) -> RecordingState:
        if self._where is None:
            return "off"
        return "paused" if self._paused else "on"

    @property
    def recorded_bytes(self) -> int:
        """Size of all files that were listed, or are about to be."""
        return self._recorded_bytes

    def boundary(self, tick: int) -> bool:
        """Whether a block must not reach over the beginning of `tick`: a listed chunk begins or ends there."""
        return tick in self._boundaries

    def did(self, deed: Deed) -> None:
        """A command took effect."""
        if self._writer is not None:
            self._deeds.append(deed)

    def take(self, block: Block, *, digest: str, head: int, size_bytes: int) -> None:
        """Take ticks that the log has. `digest` is the run's after them, `size_bytes` that of the entry at offset `head`."""
        if self._writer is None:
            return
        after = block.first + len(block)
        while self._listed and self._listed[0].after <= block.first:
            self._listed.popleft()
        if self._listed and self._listed[0].first <= block.first:
            self._cut()
            self._deeds = [deed for deed in self._deeds if deed.tick >= after]
            return
        if not self._ticks:
            self._first = block.first
        self._ticks += len(block)
        self._numbers.append(block.numbers)
        self._events += block.events
        self._controls += block.controls
        self._published_bytes += size_bytes
        self._digest, self._head = digest, head
        if (
            self._ticks >= CHUNK_TICKS
            or self._ticks * block.numbers.shape[1] * block.numbers.itemsize >= CHUNK_BYTES
            or self._published_bytes >= self._cut_bytes
            or (self._listed and self._listed[0].first == after)
        ):
            self._cut()

    def finished(self) -> list[Chunk]:
        """Chunks that were stored since the last call, for the broker's list."""
        if self._writer is None:
            return []
        chunks = self._writer.done()
        self._recorded_bytes += sum(chunk.size_bytes for chunk in chunks)
        return chunks

    def news(self, *, tick: int, t_s: float) -> SimEvent | None:
        """What people should know: that recording paused, or that it goes on and what is missing."""
        writer = self._writer
        if writer is None:
            return None
        if not self._paused:
            if writer.trouble is None and self._why is None:
                return None
            self._paused = True
            self._from_tick = min((chunk.first for chunk in writer.unfinished), default=tick)
            why = writer.trouble or self._why
            return _event("recording.paused", {"reason": why}, tick=tick, t_s=t_s)
        if not writer.eased:
            return None
        self._paused, self._why = False, None
        missing = [[hole.first, hole.after - 1] for hole in self._holes[self._told_holes :]]
        self._told_holes = len(self._holes)
        begin = self._holes[-1].after if missing else self._from_tick
        return _event("recording.resumed", {"from_tick": begin, "missing": missing}, tick=tick, t_s=t_s)

    def finish(self, keep: Callable[[], None], *, timeout_s: float = FINISH_S) -> str | None:
        """The run is over: store what is left, calling `keep` now and then; what cannot be stored in time, in words."""
        writer = self._writer
        if writer is None:
            return None
        self._cut(last=True)
        writer.close()
        deadline_s = self._clock() + timeout_s
        while not writer.wait(0.02) and self._clock() < deadline_s:
            keep()
        holes = [*self._holes, *(Hole(first=chunk.first, after=chunk.after) for chunk in writer.unfinished)]
        if not holes:
            return None
        why = writer.trouble or self._lost_why or f"the store took more than {timeout_s:g} s"
        return f"its recording lacks ticks {', '.join(map(str, _joined(holes)))}: {why}"

    def hurry(self) -> None:
        """The child was told to end: give the chunk that is being written a moment."""
        if self._writer is not None:
            self._writer.close()
            self._writer.wait(HURRY_S)

    def _cut(self, *, last: bool = False) -> None:
        """Make a chunk of the ticks so far and leave it to the writer."""
        if not self._ticks or self._writer is None:
            return
        first, ticks, after = self._first, self._ticks, self._first + self._ticks
        token = self._order.token
        # What takes effect before the next tick belongs to the chunk that has that tick, if there will be one.
        done = [deed for deed in self._deeds if last or deed.tick < after]
        rows = Rows(
            chunk=Chunk(
                name=file_name(first, token),
                first=first,
                ticks=ticks,
                size_bytes=0,
                digest=self._digest,
                head=self._head,
                token=token,
            ),
            numbers=self._numbers,
            events=_by_tick(map(event_entry, self._events), first=first, after=after),
            controls=_by_tick(map(control_entry, self._controls), first=first, after=after),
            about={
                **self._about,
                "first": first,
                "ticks": ticks,
                "digest": self._digest,
                "commands": [deed.record() for deed in done],
            },
        )
        self._ticks, self._published_bytes = 0, 0
        self._numbers, self._events, self._controls = [], [], []
        self._deeds = self._deeds[len(done) :]
        if not self._writer.offer(rows):
            self._why = self._writer.trouble or "the store takes files more slowly than the run makes them"
            self._lost_why = self._why
            self._holes = _joined([*self._holes, Hole(first=first, after=after)])


def _joined(holes: Sequence[Hole]) -> list[Hole]:
    """The same ticks in as few holes as can be."""
    found: list[Hole] = []
    for hole in sorted(holes, key=lambda hole: hole.first):
        if found and found[-1].after == hole.first:
            found[-1] = Hole(first=found[-1].first, after=hole.after)
        else:
            found.append(hole)
    return found


def _by_tick(entries: Iterable[dict[str, Any]], *, first: int, after: int) -> dict[int, str]:
    """JSON lists by tick; what was said of the tick to come stands with the last one that is there."""
    found: dict[int, list[dict[str, Any]]] = {}
    for entry in entries:
        found.setdefault(min(max(entry["tick"], first), after - 1), []).append(entry)
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_DATACLASS
    return {tick: orjson.dumps(told, default=plain, option=option).decode() for tick, told in found.items()}


def _event(topic: str, data: dict[str, Any], *, tick: int, t_s: float) -> SimEvent:
    return SimEvent(tick=tick, t_s=t_s, source="custom", topic=topic, data=data)
