"""A run as a file, made piece by piece: CSV, Parquet or JSON lines; numbers in full, units beside their names."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from gridcast.recordings.arrays import float_array, integer_array, text_array
from gridcast.recordings.chunks import METADATA
from gridcast.recordings.columns import CONTROLS, EVENTS, TICK, Column, arrow_schema
from gridcast.recordings.rows import Rows, Texts

Format: TypeAlias = Literal["csv", "parquet", "jsonl"]


class Sheet(Protocol):
    """Makes a file of rows that come in order. What the three methods give, one after the other, is the file."""

    def head(self) -> bytes: ...

    def rows(self, rows: Rows) -> bytes: ...

    def tail(self) -> bytes: ...


class Csv:
    """One header line, `v.671.a [pu]`, and a line for each tick: nothing where there is no number; what happened as JSON."""

    media_type = "text/csv; charset=utf-8"

    def __init__(self, columns: Sequence[Column], about: Mapping[str, Any]) -> None:
        self._columns = columns

    def head(self) -> bytes:
        line = io.StringIO(newline="")
        named = [f"{column.name} [{column.unit}]" for column in self._columns]
        csv.writer(line, lineterminator="\n").writerow([TICK, *named, EVENTS, CONTROLS])
        return line.getvalue().encode()

    def rows(self, rows: Rows) -> bytes:
        sink = pa.BufferOutputStream()
        options = pyarrow.csv.WriteOptions(include_header=False)
        pyarrow.csv.write_csv(_table(rows, arrow_schema(self._columns)), sink, options)
        return bytes(sink.getvalue())

    def tail(self) -> bytes:
        return b""


class Parquet:
    """One file of the chunks' columns, with a row group for each piece, and metadata as theirs."""

    media_type = "application/vnd.apache.parquet"

    def __init__(self, columns: Sequence[Column], about: Mapping[str, Any]) -> None:
        self._schema = arrow_schema(columns).with_metadata({METADATA: orjson.dumps(about, default=str)})
        self._sink = _Sink()
        numbers = [field.name for field in self._schema if pa.types.is_floating(field.type)]
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._sink, mode="w"),
            self._schema,
            compression="zstd",
            use_dictionary=False,
            write_statistics=False,
            write_page_checksum=True,
            use_byte_stream_split=numbers,
        )

    def head(self) -> bytes:
        return self._sink.take()

    def rows(self, rows: Rows) -> bytes:
        self._writer.write_table(_table(rows, self._schema), row_group_size=max(1, len(rows)))
        return self._sink.take()

    def tail(self) -> bytes:
        self._writer.close()
        return self._sink.take()


class JsonLines:
    """A header object with the columns and their units, then one object for each tick."""

    media_type = "application/jsonl"

    def __init__(self, columns: Sequence[Column], about: Mapping[str, Any]) -> None:
        self._columns = columns
        self._about = about

    def head(self) -> bytes:
        units = {column.name: column.unit for column in self._columns}
        return orjson.dumps({**self._about, "units": units}, default=str) + b"\n"

    def rows(self, rows: Rows) -> bytes:
        names = [column.name for column in self._columns]
        told = {EVENTS: dict(rows.events), CONTROLS: dict(rows.controls)}
        lines = []
        for tick, numbers in zip(rows.ticks.tolist(), np.ascontiguousarray(rows.numbers), strict=True):
            line = {TICK: tick, **dict(zip(names, numbers.tolist(), strict=True))}
            line |= {name: orjson.Fragment(texts[tick]) for name, texts in told.items() if tick in texts}
            lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        return b"".join(lines)

    def tail(self) -> bytes:
        return b""


SHEETS: Final[Mapping[Format, type[Csv | Parquet | JsonLines]]] = {
    "csv": Csv,
    "parquet": Parquet,
    "jsonl": JsonLines,
}


def _table(rows: Rows, schema: pa.Schema) -> pa.Table:
    numbers = np.asfortranarray(rows.numbers)
    arrays = [
        integer_array(rows.ticks),
        *(float_array(numbers[:, place]) for place in range(numbers.shape[1])),
        _texts(rows, rows.events),
        _texts(rows, rows.controls),
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _texts(rows: Rows, told: Texts) -> pa.Array:
    first = int(rows.ticks[0])  # rows of an export are consecutive ticks
    return text_array(len(rows), [(tick - first, text) for tick, text in told])


class _Sink:
    """A file that keeps only what was not taken yet."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        return

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken
