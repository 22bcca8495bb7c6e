"""Ticks out of `ticks` entries of a session's log: what the recording gives, but rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from .columns import T_S
from .rows import Rows, Selection, Texts, joined


def rows_of_entries(entries: Sequence[bytes], selection: Selection, *, first: int, last: int) -> Rows:
    """Of ticks `first` to `last` those that the entries hold; there must be one entry at least."""
    places = _places(selection)
    found = []
    for data in entries:
        entry = orjson.loads(data)
        begin = entry["first"]
        ticks = np.arange(begin, begin + len(entry[T_S]))
        inside = slice(*np.searchsorted(ticks, [first, last + 1]).tolist())
        found.append(
            Rows(
                columns=selection.columns,
                ticks=ticks[inside],
                numbers=_numbers(entry, selection, places)[inside],
                events=_texts(entry["events"], ticks, first, last) if selection.events else (),
                controls=_texts(entry["controls"], ticks, first, last) if selection.controls else (),
            )
        )
    return joined(found)


_Path = tuple[str, ...]


def _places(selection: Selection) -> dict[_Path, int]:
    """For each number that stands in a row of its kind: its place in that row."""
    places: dict[_Path, int] = {}
    counts: dict[_Path, int] = {}
    for column in selection.of:
        row = _row(column.path)
        if row is not None:
            places[column.path] = counts.get(row, 0)
            counts[row] = places[column.path] + 1
    return places


def _row(path: _Path) -> _Path | None:
    """Where the rows are of which a number is one; `None` where a column stands by itself."""
    if path[0] == "v":
        return path[:1]
    return path[:3] if path[0] == "dc" and path[2] == "p_w" else None


def _numbers(
    entry: Mapping[str, Any], selection: Selection, places: Mapping[_Path, int]
) -> NDArray[np.float64]:
    numbers = np.empty((len(entry[T_S]), len(selection.columns)), order="F")
    tables: dict[_Path, NDArray[np.float64]] = {}
    for at, column in enumerate(selection.columns):
        row = _row(column.path)
        if row is None:
            numbers[:, at] = np.array(_at(entry, column.path), dtype=np.float64)
            continue
        table = tables.get(row)
        if table is None:
            table = tables[row] = _table(_at(entry, row))
        numbers[:, at] = table[:, places[column.path]] if table.size else np.nan
    return numbers


def _at(entry: Mapping[str, Any], path: _Path) -> Any:
    found: Any = entry
    for part in path:
        found = found[part]
    return found


def _table(rows: Sequence[Sequence[float | None] | None]) -> NDArray[np.float64]:
    """Rows that are null are rows without numbers; a table without size has no others."""
    there = [row for row in rows if row is not None]
    dense = np.array(there, dtype=np.float64)
    if len(there) == len(rows) or not there:
        return dense
    table = np.full((len(rows), dense.shape[1]), np.nan)
    table[[row is not None for row in rows]] = dense
    return table


def _texts(told: Sequence[Mapping[str, Any]], ticks: NDArray[np.int64], first: int, last: int) -> Texts:
    """By tick as in a recording: what was said of the tick to come stands with the last one of the entry."""
    by_tick: dict[int, list[Mapping[str, Any]]] = {}
    for one in told:
        tick = min(max(one["tick"], int(ticks[0])), int(ticks[-1]))
        if first <= tick <= last:
            by_tick.setdefault(tick, []).append(one)
    return [(tick, orjson.dumps(by_tick[tick])) for tick in sorted(by_tick)]
