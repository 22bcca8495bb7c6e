"""What was recorded is read back as it was, in ranges; what is broken is told."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.recordings.chunks import Chunk
from gridcast.recordings.entries import rows_of_entries
from gridcast.recordings.reader import ChunkUnreadable, check_chunk, read_chunk
from gridcast.recordings.rows import Rows, Selection
from gridcast.recordings.store import Store, store_at
from tests.recordings.made import SESSION, Made

RUN = Made(120)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_at(str(tmp_path / "recordings"))


@pytest.fixture
def chunk(store: Store) -> Chunk:
    return RUN.record(store, 40, 50)


def file_of(tmp_path: Path, chunk: Chunk) -> Path:
    return tmp_path / "recordings" / SESSION / chunk.name


def read(store: Store, chunk: Chunk, first: int, last: int, selection: Selection | None = None) -> Rows:
    return read_chunk(store, SESSION, chunk, selection or RUN.everything, first=first, last=last)


@pytest.mark.parametrize(("first", "last"), [(40, 89), (40, 40), (89, 89), (52, 71)])
def test_every_bit_comes_back_with_what_happened(store: Store, chunk: Chunk, first: int, last: int) -> None:
    rows = read(store, chunk, first, last)
    assert rows.ticks.tolist() == list(range(first, last + 1))
    assert np.array_equal(rows.numbers, RUN.numbers[first : last + 1], equal_nan=True)
    assert [tick for tick, _ in rows.events] == [t for t in range(first, last + 1) if t % 4 == 0]
    assert [orjson.loads(text)[0]["tick"] for _, text in rows.controls] == [
        t for t in range(first, last + 1) if t % 5 == 0
    ]


def test_only_what_was_asked_for_comes_though_names_begin_alike(store: Store, chunk: Chunk) -> None:
    """Arrow takes `dc.dc.batch.small` also for the beginning of `dc.dc.batch.small.1`."""
    wanted = tuple(column for column in RUN.columns if column.name in ("t_s", "dc.dc.batch.small"))
    rows = read(store, chunk, 40, 89, Selection(of=RUN.columns, columns=wanted, events=False, controls=False))
    assert rows.columns == wanted
    assert np.array_equal(rows.numbers[:, 1], RUN.column("dc.dc.batch.small")[40:90], equal_nan=True)
    assert rows.events == ()
    assert rows.controls == ()


def test_a_file_that_is_gone_is_told(store: Store, chunk: Chunk, tmp_path: Path) -> None:
    check_chunk(store, SESSION, chunk)
    file_of(tmp_path, chunk).unlink()
    for look in (lambda: check_chunk(store, SESSION, chunk), lambda: read(store, chunk, 40, 89)):
        with pytest.raises(ChunkUnreadable, match=r"ticks 40 to 89.*the file is not there"):
            look()


def test_no_bit_that_a_disk_turned_over_becomes_another_number(
    store: Store, chunk: Chunk, tmp_path: Path
) -> None:
    file = file_of(tmp_path, chunk)
    whole = file.read_bytes()
    known, told = read(store, chunk, 40, 89), 0
    for at in range(0, len(whole), len(whole) // 200):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        file.write_bytes(damaged)
        try:
            found = read(store, chunk, 40, 89)
        except ChunkUnreadable:
            told += 1
            continue
        assert np.array_equal(found.numbers, known.numbers, equal_nan=True)
        assert (found.events, found.controls) == (known.events, known.controls)
    assert told > 100


def test_a_file_cut_short_is_told(store: Store, chunk: Chunk, tmp_path: Path) -> None:
    file = file_of(tmp_path, chunk)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ChunkUnreadable, match="cannot be read"):
        check_chunk(store, SESSION, chunk)


def test_a_file_whose_numbers_are_damaged_is_told_when_they_are_read(
    store: Store, chunk: Chunk, tmp_path: Path
) -> None:
    file = file_of(tmp_path, chunk)
    data = bytearray(file.read_bytes())
    data[4:400] = bytes(396)
    file.write_bytes(data)
    check_chunk(store, SESSION, chunk)
    with pytest.raises(ChunkUnreadable, match="cannot be read"):
        read(store, chunk, 40, 89)


def test_a_file_of_another_run_is_told(store: Store, chunk: Chunk, tmp_path: Path) -> None:
    other = Made(120, session_id="other").record(store, 40, 50)
    assert other.name == chunk.name
    file_of(tmp_path, chunk).write_bytes((tmp_path / "recordings" / "other" / other.name).read_bytes())
    with pytest.raises(ChunkUnreadable, match="belongs to another run"):
        read(store, chunk, 40, 89)


def test_a_column_that_the_file_lacks_is_told(store: Store, chunk: Chunk) -> None:
    more = Made(120).columns[1]
    unknown = type(more)(path=("v", "999", "a"), unit="pu")
    wanted = Selection(of=RUN.columns, columns=(RUN.columns[0], unknown), events=False, controls=False)
    with pytest.raises(ChunkUnreadable, match=r"no column 'v\.999\.a'"):
        read(store, chunk, 40, 89, wanted)


@settings(deadline=None)  # machines are busy
@given(
    cuts=st.sets(st.integers(1, 119), max_size=6),
    first=st.integers(0, 119),
    count=st.integers(1, 120),
    kept=st.sets(st.integers(1, 19)),
)
def test_the_log_gives_the_same_ticks_rounded(cuts: set[int], first: int, count: int, kept: set[int]) -> None:
    """However it was cut into entries, whatever range and columns are asked for."""
    last = min(119, first + count - 1)
    edges = [0, *sorted(cuts), 120]
    entries = [RUN.entry(a, b - a) for a, b in pairwise(edges) if b > first and a <= last]
    columns = tuple(column for at, column in enumerate(RUN.columns) if at == 0 or at in kept)
    wanted = Selection(of=RUN.columns, columns=columns, events=True, controls=True)
    rows = rows_of_entries(entries, wanted, first=first, last=last)
    assert rows.ticks.tolist() == list(range(first, last + 1))
    exact = RUN.numbers[first : last + 1, [at for at in range(20) if at == 0 or at in kept]]
    assert np.array_equal(np.isnan(rows.numbers), np.isnan(exact))
    assert np.nanmax(np.abs(rows.numbers - exact)) <= 0.5
    assert [tick for tick, _ in rows.events] == [t for t in range(first, last + 1) if t % 4 == 0]
