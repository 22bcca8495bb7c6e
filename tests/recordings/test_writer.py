"""Chunks as Parquet, and the thread that writes them behind a run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gridcast.recordings.chunks import Chunk
from gridcast.recordings.columns import arrow_schema, columns_of
from gridcast.recordings.store import Store
from gridcast.recordings.writer import ChunkWriter, Rows, parquet
from tests.recordings.examples import SCHEMA, SESSION, numbers, rows
from tests.recordings.stores import FULL, MemoryStore
from tests.waiting import PATIENCE_S, until

ARROW = arrow_schema(columns_of(SCHEMA))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def writer_to(store: Store | Callable[[], Store], **more: Any) -> ChunkWriter:
    opened = store if callable(store) else lambda: store
    return ChunkWriter(opened, SESSION, ARROW, **{"backlog_bytes": 1 << 20, "first_retry_s": 0.001, **more})


async def stored(writer: ChunkWriter, count: int) -> list[Chunk]:
    found: list[Chunk] = []

    def all_there() -> bool:
        found.extend(writer.done())
        return len(found) >= count

    await until(all_there)
    return found


def test_a_chunk_is_read_back_to_the_last_bit_with_null_for_no_number() -> None:
    data = parquet(ARROW, rows(30, 25, events={31: "[1]"}, controls={}, about={"format": 1, "first": 30}))
    table = pq.read_table(pa.BufferReader(data))
    assert table["tick"].to_pylist() == list(range(30, 55))
    read = np.column_stack([table[name].to_numpy() for name in ARROW.names[1:-2]])
    np.testing.assert_array_equal(read, numbers(30, 25))
    assert table["storage.battery.soc"].null_count == 12
    assert table["events"].to_pylist()[:3] == [None, "[1]", None]
    assert table["controls"].null_count == 25
    assert table.schema.metadata[b"gridcast"] == b'{"format":1,"first":30}'
    assert table.schema.field("v.671.a").metadata[b"unit"] == b"pu"


async def test_chunks_are_stored_in_order_and_their_sizes_told(store: MemoryStore) -> None:
    writer = writer_to(store)
    for n in range(5):
        assert writer.offer(rows(10 * n, 10))
    chunks = await stored(writer, 5)
    assert [chunk.first for chunk in chunks] == [0, 10, 20, 30, 40]
    assert [name for _, name in store.held] == [chunk.name for chunk in chunks]
    assert all(chunk.size_bytes > 1000 for chunk in chunks)
    writer.close()
    assert writer.wait(PATIENCE_S)
    assert writer.unfinished == []


async def test_a_store_that_fails_is_asked_again_and_says_why_meanwhile(store: MemoryStore) -> None:
    store.fails = FULL
    writer = writer_to(store)
    writer.offer(rows(0, 10))
    await until(lambda: writer.trouble == "No space left on device")
    assert not writer.eased
    store.fails = None
    assert [chunk.first for chunk in await stored(writer, 1)] == [0]
    await until(lambda: writer.trouble is None and writer.eased)


async def test_a_store_that_cannot_be_opened_is_tried_again(store: MemoryStore) -> None:
    answers: list[Exception | None] = [OSError(2, "no such bucket"), ValueError("a bad URL"), None]

    def opened() -> Store:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return store

    writer = writer_to(opened)
    writer.offer(rows(0, 10))
    assert len(await stored(writer, 1)) == 1


async def test_what_waits_is_bounded_but_one_chunk_always_fits(store: MemoryStore) -> None:
    store.let_go.clear()
    bound = 2 * rows(0, 10).size_bytes
    writer = writer_to(store, backlog_bytes=bound)
    assert [writer.offer(rows(10 * n, 10)) for n in range(4)] == [True, True, False, False]
    assert writer.backlog_bytes == bound
    store.let_go.set()
    assert [chunk.first for chunk in await stored(writer, 2)] == [0, 10]
    assert writer.offer(rows(40, 1000))
    assert [chunk.first for chunk in await stored(writer, 1)] == [40]


async def test_a_closed_writer_finishes_what_it_has(store: MemoryStore) -> None:
    store.let_go.clear()
    writer = writer_to(store)
    for n in range(3):
        writer.offer(rows(10 * n, 10))
    writer.close()
    assert not writer.wait(0.0)
    store.let_go.set()
    assert writer.wait(PATIENCE_S)
    assert len(writer.done()) == 3


async def test_a_closed_writer_gives_up_soon_where_the_store_fails(store: MemoryStore) -> None:
    store.fails = FULL
    writer = writer_to(lambda: store, first_retry_s=3600)
    writer.offer(rows(0, 10))
    await until(lambda: writer.trouble is not None)
    writer.close()
    assert writer.wait(PATIENCE_S)
    assert [chunk.first for chunk in writer.unfinished] == [0]


def test_a_writer_that_was_given_nothing_has_no_thread(store: MemoryStore) -> None:
    before = threading.active_count()
    writer = writer_to(store)
    writer.close()
    assert writer.wait(0.0)
    assert threading.active_count() == before


def test_an_unencodable_chunk_is_trouble_and_no_crash(store: MemoryStore) -> None:
    writer = writer_to(store)
    broken = rows(0, 10)
    writer.offer(Rows(chunk=broken.chunk, numbers=[np.zeros((10, 2))], events={}, controls={}, about={}))
    writer.close()
    assert writer.wait(PATIENCE_S)
    assert writer.trouble
