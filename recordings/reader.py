"""Ticks out of one chunk. What is broken is told, never read around."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from .arrays import integers, matrix, texts
from .chunks import METADATA, Chunk
from .columns import CONTROLS, EVENTS, TICK
from .rows import Rows, Selection, Texts
from .store import Store


class ChunkUnreadable(Exception):
    """A chunk that the list names is not there, or is not what the list says."""

    def __init__(self, chunk: Chunk, why: str) -> None:
        super().__init__(f"chunk {chunk.name} (ticks {chunk.first} to {chunk.after - 1}): {why}")
        self.chunk = chunk


def read_chunk(
    store: Store, session_id: str, chunk: Chunk, selection: Selection, *, first: int, last: int
) -> Rows:
    """Ticks `first` to `last`, which must be the chunk's.

    Raises:
        ChunkUnreadable
    """
    names = [column.name for column in selection.columns]
    told = [EVENTS] * selection.events + [CONTROLS] * selection.controls
    with _opened(store, session_id, chunk) as file:
        # By all cores: who joins a long run waits for little else. Arrow takes a name also for the beginning of longer ones.
        table = file.read(columns=[TICK, *names, *told], use_threads=True)
        missing = [name for name in (TICK, *names, *told) if table.schema.get_field_index(name) < 0]
        if missing:
            raise ChunkUnreadable(chunk, f"it has no column {missing[0]!r}")
        if not np.array_equal(integers(table.column(TICK)), np.arange(chunk.first, chunk.after)):
            raise ChunkUnreadable(chunk, "it holds other ticks")
        happened = {name: _texts(table, name, first, last, chunk) for name in told}
        return Rows(
            columns=selection.columns,
            ticks=np.arange(first, last + 1),
            numbers=matrix(table.select(names).slice(first - chunk.first, last - first + 1)),
            events=happened.get(EVENTS, ()),
            controls=happened.get(CONTROLS, ()),
        )


def check_chunk(store: Store, session_id: str, chunk: Chunk) -> None:
    """Look whether a chunk is there and is what the list says, without reading its numbers.

    Raises:
        ChunkUnreadable
    """
    with _opened(store, session_id, chunk):
        return


@contextmanager
def _opened(store: Store, session_id: str, chunk: Chunk) -> Iterator[Any]:
    try:
        with (
            store.open(session_id, chunk.name) as source,
            pq.ParquetFile(source, page_checksum_verification=True) as file,
        ):
            about = orjson.loads(file.metadata.metadata[METADATA])
            found = (about["session_id"], about["first"], about["ticks"], about["digest"])
            if found != (session_id, chunk.first, chunk.ticks, chunk.digest):
                raise ChunkUnreadable(chunk, "it belongs to another run, or to other ticks of it")
            yield file
    except FileNotFoundError:
        raise ChunkUnreadable(chunk, "the file is not there") from None
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise ChunkUnreadable(chunk, f"the file cannot be read ({str(error)[:200]})") from error


def _texts(table: Any, name: str, first: int, last: int, chunk: Chunk) -> Texts:
    told = ((chunk.first + place, text) for place, text in texts(table.column(name)))
    return [(tick, text) for tick, text in told if first <= tick <= last]
