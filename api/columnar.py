"""History as JSON: columns as in a `ticks` entry, rounded alike, made from arrays a slice at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray

from gridcast.recordings.columns import T_S, TICK
from gridcast.recordings.rounding import (
    LATENCY_DIGITS,
    POWER_DIGITS,
    SOC_DIGITS,
    VOLTAGE_DIGITS,
    elements,
    rows,
    whole,
)
from gridcast.recordings.rows import Rows, Selection

Path: TypeAlias = tuple[str, ...]

SLICE_NUMBERS: Final = 50_000
"""Encoded in one go: some milliseconds, in which no other thread of the process gets the interpreter."""

NUMBER_BYTES: Final = 8
"""What a number takes as JSON, about: `1.01234,`."""

_DIGITS: Final = {
    "v": VOLTAGE_DIGITS,
    "itl_s": LATENCY_DIGITS,
    "p_kw": POWER_DIGITS,
    "q_kvar": POWER_DIGITS,
    "soc": SOC_DIGITS,
}


def size_bytes(selection: Selection, n_rows: int) -> int:
    """About how long the JSON of so many rows is, without what happened in them."""
    return n_rows * (len(selection.columns) + 1) * NUMBER_BYTES


def _kind(path: Path) -> str:
    return path[2] if path[0] in ("dc", "storage") else path[0]


@dataclass(slots=True)
class Columnar:
    """Gathers rows, in order, as the insides of JSON lists."""

    selection: Selection
    _lists: dict[Path, list[bytes]] = field(default_factory=dict)
    _groups: list[tuple[Path, slice]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Columns that make one list of rows stand side by side.
        for at, column in enumerate(self.selection.columns):
            path = _list_of(column.path)
            if self._groups and self._groups[-1][0] == path:
                self._groups[-1] = (path, slice(self._groups[-1][1].start, at + 1))
            else:
                self._groups.append((path, slice(at, at + 1)))
        self._lists = {(TICK,): [], **{path: [] for path, _ in self._groups}}

    @property
    def size_bytes(self) -> int:
        return sum(len(piece) for pieces in self._lists.values() for piece in pieces)

    def add(self, found: Rows) -> None:
        """Rows after those that were added before."""
        step = max(1, SLICE_NUMBERS // len(self.selection.columns))
        for start in range(0, len(found), step):
            numbers = found.numbers[start : start + step]
            self._put((TICK,), found.ticks[start : start + step])
            for path, where in self._groups:
                self._put(path, _encodable(path, numbers[:, where]))

    def _put(self, path: Path, values: Any) -> None:
        self._lists[path].append(orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1])

    def pieces(self) -> Iterator[bytes]:
        """The members of the JSON object, without its braces."""
        complete = self.selection.columns == self.selection.of
        tree: dict[str, Any] = {
            TICK: [],
            T_S: [],
            **({"v": [], "dc": {}, "taps": {}, "storage": {}} if complete else {}),
        }
        for path, inside in self._lists.items():
            at = tree
            for part in path[:-1]:
                at = at.setdefault(part, {})
            at[path[-1]] = inside
        yield from _members(tree)


def _list_of(path: Path) -> Path:
    """The list in which a column's numbers stand: by themselves, or as parts of rows."""
    if path[0] == "v":
        return path[:1]
    return path[:3] if path[0] == "dc" and path[2] == "p_w" else path


def _encodable(path: Path, numbers: NDArray[np.float64]) -> Any:
    kind = _kind(path)
    there: NDArray[np.bool_] = ~np.isnan(numbers)
    due: NDArray[np.bool_] = np.logical_or.reduce(there, axis=1)
    if kind == "v":
        return rows(np.round(numbers, VOLTAGE_DIGITS), due)
    if kind == "p_w":
        return rows(whole(numbers, due), due)
    column = np.ascontiguousarray(numbers[:, 0])
    if kind in ("batch", "replicas", "power_w"):
        return elements(whole(column, due), due)
    return np.round(column, _DIGITS[kind]) if kind in _DIGITS else column


def _members(tree: dict[str, Any]) -> Iterator[bytes]:
    for n, (name, value) in enumerate(tree.items()):
        yield b",%b:" % orjson.dumps(name) if n else b"%b:" % orjson.dumps(name)
        if isinstance(value, dict):
            yield b"{"
            yield from _members(value)
            yield b"}"
            continue
        yield b"["
        for k, inside in enumerate(value):
            yield b"," + inside if k else inside
        yield b"]"
