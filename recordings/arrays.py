"""Between Arrow and numpy, by their buffers.

pyarrow's own conversions of arrays (`to_numpy`, `pyarrow.array`) import pandas where it is installed, even for plain
numbers: a second and 100 MiB in a process that has no other use for it. A null is NaN on this side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_OFFSET_MAX = 2**31 - 1


def matrix(table: Any) -> NDArray[np.float64]:
    """The numbers of a table of float64 columns, one column each; columns are contiguous."""
    # In one call: a page of a recording has hundreds of columns, and each would cost as much as its numbers.
    parts = [batch.to_tensor(null_to_nan=True, row_major=False).to_numpy() for batch in table.to_batches()]
    if not parts:
        return np.empty((0, table.num_columns), order="F")
    return parts[0] if len(parts) == 1 else np.asfortranarray(np.concatenate(parts))


def integers(column: Any) -> NDArray[np.int64]:
    """The numbers of an int64 `ChunkedArray` that has no nulls, as a copy."""
    return np.concatenate([np.empty(0, np.int64), *(_values(c, np.dtype(np.int64)) for c in column.chunks)])


def texts(column: Any) -> list[tuple[int, bytes]]:
    """Place and UTF-8 text of each string in a `ChunkedArray` that is not null."""
    found: list[tuple[int, bytes]] = []
    at = 0
    for chunk in column.chunks:
        there = _there(chunk)
        places = np.arange(len(chunk)) if there is None else np.flatnonzero(there)
        if len(places):
            _, offsets, data = chunk.buffers()
            edges = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
            whole = memoryview(data) if data is not None else memoryview(b"")
            found += [
                (at + place, bytes(whole[edges[place] : edges[place + 1]])) for place in places.tolist()
            ]
        at += len(chunk)
    return found


def float_array(values: NDArray[np.float64]) -> pa.Array:
    """A float64 array; NaN becomes null."""
    missing = np.isnan(values)
    bitmap = pa.py_buffer(_bitmap(~missing)) if missing.any() else None
    return pa.Array.from_buffers(
        pa.float64(), len(values), [bitmap, pa.py_buffer(np.ascontiguousarray(values))], int(missing.sum())
    )


def integer_array(values: NDArray[np.int64]) -> pa.Array:
    """An int64 array."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def text_array(count: int, told: Sequence[tuple[int, bytes]]) -> pa.Array:
    """A string array of this length with the texts at their places, which are in order; null elsewhere."""
    there = np.zeros(count, dtype=np.bool_)
    lengths = np.zeros(count + 1, dtype=np.int64)
    for place, text in told:
        there[place] = True
        lengths[place + 1] = len(text)
    offsets = np.cumsum(lengths)
    if offsets[-1] > _OFFSET_MAX:
        raise ValueError("more than 2 GiB of text in one piece")
    buffers = [
        pa.py_buffer(_bitmap(there)),
        pa.py_buffer(offsets.astype(np.int32)),
        pa.py_buffer(b"".join(text for _, text in told)),
    ]
    return pa.Array.from_buffers(pa.string(), count, buffers, count - len(told))


def _values(chunk: Any, of: np.dtype[Any]) -> NDArray[Any]:
    data = chunk.buffers()[1]
    if data is None:
        return np.empty(0, of)
    return np.frombuffer(data, of)[chunk.offset : chunk.offset + len(chunk)]


def _there(chunk: Any) -> NDArray[np.bool_] | None:
    """Which elements are not null; `None` if all are there."""
    bitmap = chunk.buffers()[0]
    if bitmap is None:
        return None
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")
    return bits[chunk.offset : chunk.offset + len(chunk)].astype(np.bool_)


def _bitmap(there: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.packbits(there, bitorder="little")
