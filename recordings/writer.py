"""From rows to files: one chunk as Parquet, and the thread that writes chunks behind the simulation."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import structlog
from numpy.typing import NDArray

from .chunks import METADATA, Chunk
from .store import Store

log = structlog.get_logger(__name__)

BACKLOG_BYTES = 32 << 20
"""Numbers that wait for the store; what comes while so many wait is not recorded."""

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 30.0
"""A store that fails is asked again after this time at the latest."""

_PARQUET: Final[Mapping[str, Any]] = {
    "compression": "zstd",
    "compression_level": -1,  # hardly larger than with 1, and a fifth less time
    "use_dictionary": False,
    "write_statistics": False,
    "write_page_checksum": True,  # zstd makes other numbers of a bit that was turned over, without a word
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """The ticks of one chunk. `numbers`: blocks of rows in the order of the columns, NaN where there is no number.

    `events` and `controls`: JSON lists by tick, for the ticks that have any. `about`: what the file's metadata says.
    """

    chunk: Chunk
    numbers: Sequence[NDArray[np.float64]]
    events: Mapping[int, str]
    controls: Mapping[int, str]
    about: Mapping[str, Any]

    @property
    def size_bytes(self) -> int:
        """Memory of the numbers."""
        return sum(block.nbytes for block in self.numbers)


def parquet(schema: pa.Schema, rows: Rows) -> pa.Buffer:
    """A whole Parquet file. Uses no thread but the caller's, and leaves the interpreter to others most of the time."""
    chunk = rows.chunk
    by_column = np.empty((rows.numbers[0].shape[1], chunk.ticks))
    at = 0
    for block in rows.numbers:
        by_column[:, at : at + len(block)] = block.T
        at += len(block)
    ticks = range(chunk.first, chunk.after)
    arrays = [
        pa.array(np.arange(chunk.first, chunk.after, dtype=np.int64)),
        *(pa.array(column, from_pandas=True) for column in by_column),
        _texts(rows.events, ticks),
        _texts(rows.controls, ticks),
    ]
    table = pa.Table.from_arrays(
        arrays, schema=schema.with_metadata({METADATA: orjson.dumps(rows.about, default=str)})
    )
    stream = pa.BufferOutputStream()
    numbers = [field.name for field in schema if pa.types.is_floating(field.type)]
    pq.write_table(table, stream, use_byte_stream_split=numbers, row_group_size=len(ticks), **_PARQUET)
    return stream.getvalue()


def _texts(by_tick: Mapping[int, str], ticks: range) -> pa.Array:
    if not by_tick:
        return pa.nulls(len(ticks), pa.string())
    return pa.array([by_tick.get(tick) for tick in ticks], pa.string())


class ChunkWriter:
    """One thread that stores chunks in the order in which they were offered; it starts with the first one.

    A store that fails is asked again, with the same chunk, until it takes it; `trouble` says meanwhile what is wrong.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        session_id: str,
        schema: pa.Schema,
        *,
        backlog_bytes: int,
        first_retry_s: float,
    ) -> None:
        self._open_store = open_store
        self._session_id = session_id
        self._schema = schema
        self._bound_bytes = backlog_bytes
        self._first_retry_s = first_retry_s
        self._store: Store | None = None
        self._waiting: deque[Rows] = deque()
        self._done: deque[Chunk] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        self.trouble: str | None = None
        """Why the store did not take the last chunk that it was given; `None` while all is well."""

    @property
    def backlog_bytes(self) -> int:
        """Of chunks that were offered and are not stored yet."""
        with self._changed:
            return sum(rows.size_bytes for rows in self._waiting)

    @property
    def unfinished(self) -> list[Chunk]:
        """What was offered and is not stored yet."""
        with self._changed:
            return [rows.chunk for rows in self._waiting]

    @property
    def eased(self) -> bool:
        """Whether there is room for much more than one chunk again."""
        return self.trouble is None and self.backlog_bytes <= self._bound_bytes // 2

    def offer(self, rows: Rows) -> bool:
        """Have a chunk stored some time later; false, and forgotten, if too much is waiting already."""
        with self._changed:
            waiting = sum(other.size_bytes for other in self._waiting)
            if self._waiting and waiting + rows.size_bytes > self._bound_bytes:
                return False
            self._waiting.append(rows)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return True

    def done(self) -> list[Chunk]:
        """The chunks that were stored since the last call, in order."""
        found = []
        while self._done:
            found.append(self._done.popleft())
        return found

    def close(self) -> None:
        """Let the thread end when everything is stored, or at the next failure. Nothing may be offered any more."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """After `close`: whether the thread ended within that time."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout_s)
        return not thread.is_alive()

    def _run(self) -> None:
        # Signals are the main thread's: it may be asleep and must wake up for them.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        pause_s = self._first_retry_s
        while (rows := self._next()) is not None:
            try:
                size_bytes = self._write(rows)
            except Exception as error:  # noqa: BLE001  # the outermost frame of a thread: the run must go on
                self._failed(error)
                with self._changed:
                    if self._closing or self._changed.wait_for(lambda: self._closing, pause_s):
                        if pause_s < 0.0:
                            return
                        # One more try for what stands at the end of a run.
                        pause_s = -1.0
                        continue
                pause_s = min(2 * pause_s, LAST_RETRY_S)
                continue
            pause_s = self._first_retry_s
            with self._changed:
                self._waiting.popleft()
                self._done.append(replace(rows.chunk, size_bytes=size_bytes))
                self.trouble = None

    def _next(self) -> Rows | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return self._waiting[0] if self._waiting else None

    def _write(self, rows: Rows) -> int:
        if self._store is None:
            self._store = self._open_store()
        data = parquet(self._schema, rows)
        self._store.put(self._session_id, rows.chunk.name, data)
        return len(data)

    def _failed(self, error: Exception) -> None:
        if self.trouble is None:
            log.warning("recording_paused", session=self._session_id, why=str(error))
        self.trouble = said(error)


def said(error: Exception) -> str:
    """An error in a few words, without the names of files."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (words.splitlines() or [type(error).__name__])[0][:200]
