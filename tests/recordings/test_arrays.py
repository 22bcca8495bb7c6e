"""Arrow and numpy exchange numbers and texts by their buffers: nothing changes, and pandas stays out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.recordings.arrays import float_array, integer_array, integers, matrix, text_array, texts
from gridcast.recordings.store import store_at
from tests.recordings.made import SESSION, Made, schema

NUMBERS = st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), max_size=40)
TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=40)


@settings(deadline=None)  # machines are busy
@given(values=NUMBERS, start=st.integers(0, 40), cut=st.integers(0, 40))
def test_a_matrix_has_the_numbers_and_nan_for_null(values: list[float | None], start: int, cut: int) -> None:
    """Also of slices, whose nulls begin in the middle of a byte, and of several chunks."""
    array = pa.array(values, pa.float64())
    chunked = pa.chunked_array([array[:cut], array[cut:]], pa.float64())
    whole = pa.chunked_array([pa.array([1.0] * len(values), pa.float64())])
    expected = np.array(values, dtype=np.float64)[start:]
    found = matrix(pa.table([chunked, whole], names=["some", "all"]).slice(start))
    assert found.flags.f_contiguous
    assert np.array_equal(found[:, 0], expected, equal_nan=True)
    assert np.array_equal(found[:, 1], np.ones(len(expected)))
    made = float_array(np.array(values, dtype=np.float64))
    made.validate(full=True)
    assert made.equals(array)


@settings(deadline=None)  # machines are busy
@given(values=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20), start=st.integers(0, 20))
def test_integers_are_the_numbers(values: list[int], start: int) -> None:
    array = pa.array(values, pa.int64())
    assert integers(pa.chunked_array([array], pa.int64()).slice(start)).tolist() == values[start:]
    assert integer_array(np.array(values, dtype=np.int64)).equals(array)


@settings(deadline=None)  # machines are busy
@given(values=TEXTS, start=st.integers(0, 40), cut=st.integers(0, 40))
def test_texts_are_those_that_are_there_with_their_places(
    values: list[str | None], start: int, cut: int
) -> None:
    array = pa.array(values, pa.string())
    chunked = pa.chunked_array([array[:cut], array[cut:]], pa.string()).slice(start)
    told = [(place, text.encode()) for place, text in enumerate(values[start:]) if text is not None]
    assert texts(chunked) == told
    made = text_array(len(values[start:]), told)
    made.validate(full=True)
    assert made.equals(pa.array(values[start:], pa.string()))


READ = """
import sys
from gridcast.api.sheets import SHEETS
from gridcast.recordings.chunks import Chunk
from gridcast.recordings.columns import columns_of
from gridcast.recordings.reader import read_chunk
from gridcast.recordings.rows import Selection
from gridcast.recordings.store import store_at
import orjson

where, record, schema = sys.argv[1:]
columns = tuple(columns_of(orjson.loads(schema)))
chunk = Chunk.decode(record.encode())
selection = Selection(of=columns, columns=columns, events=True, controls=True)
rows = read_chunk(store_at(where), "k3v9", chunk, selection, first=chunk.first, last=chunk.after - 1)
for sheet in SHEETS.values():
    made = sheet(columns, {})
    made.head(), made.rows(rows), made.tail()
print(len(rows), "pandas" in sys.modules)
"""


def test_reading_and_exporting_do_not_import_pandas(tmp_path: Path) -> None:
    """It is installed here, and costs a second and 100 MiB in whatever process imports it."""
    run = Made(30)
    chunk = run.record(store_at(str(tmp_path)), 0, 30)
    arguments = [str(tmp_path), chunk.encode().decode(), orjson.dumps(schema(SESSION)).decode()]
    done = subprocess.run(
        [sys.executable, "-c", READ, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["30", "False"]
