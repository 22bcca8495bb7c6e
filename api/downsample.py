"""Few ticks that tell what many told: minima and maxima survive, and every row is a tick that was.

The library's MinMax finds extremes (`tsdownsample`: one pass, no copies). It drops the last number of some lengths, and
knows nothing of stretches that reach over the end of a piece. So it only proposes: the last row of what it looked at is
proposed too, and of all that was proposed for a stretch the best is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

from gridcast.recordings.columns import Column
from gridcast.recordings.rows import Rows, joined

ROWS_PER_POINT: Final = 4
"""Rows of an answer at most: two for the voltages of each stretch, as many for all else."""

_Floats: TypeAlias = NDArray[np.float64]
_Places: TypeAlias = NDArray[np.int64]
_Propose: TypeAlias = Callable[[_Floats, int, int], _Places]
"""Rows of a series that may hold the extremes of its stretches; also given the first row's offset, and the stretch."""

_MIN_MAX: Final = MinMaxDownsampler()  # type: ignore[no-untyped-call]  # the library's own constructor


class Sieve:
    """Takes the ticks `first` to `last` piece by piece, and keeps at most `ROWS_PER_POINT * max_points` of them.

    Kept are, in this order: the first and the last tick; in each of at most `max_points` stretches of equal length the ticks
    with the lowest and the highest voltage; of each column the ticks with its lowest and its highest number; in longer
    stretches the lowest and the highest of each kind of column (one datacenter's power, all taps). What stands later has the
    room that is left; without voltages among the columns it has all of it.

    Memory depends on `max_points` and the number of columns, not on how many ticks there are.
    """

    def __init__(self, columns: Sequence[Column], *, first: int, last: int, max_points: int) -> None:
        self._first, self._last = first, last
        self._count = last - first + 1
        self._max_rows = ROWS_PER_POINT * max_points
        self._numbers = range(1, len(columns))
        self._lowest = np.full(len(columns), np.inf)
        self._highest = np.full(len(columns), -np.inf)
        kinds = _kinds(columns)
        voltages = kinds.pop(("v",), None)
        self._stretches: list[tuple[slice, int]] = []
        room = self._max_rows - 2 - 2 * len(self._numbers)
        if voltages is not None:
            stretch = -(-self._count // max_points)
            self._stretches.append((voltages, stretch))
            room -= 2 * -(-self._count // stretch)
        if kinds and (points := min(max_points, room // (2 * len(kinds)))) > 0:
            self._stretches += [(where, -(-self._count // points)) for where in kinds.values()]
        self._voltages = voltages is not None
        self._kept: list[Rows] = []
        self._prune_above = 4 * (self._max_rows + 2 * len(columns))

    def add(self, rows: Rows) -> None:
        """The ticks after those that were added before, without holes."""
        if self._count <= self._max_rows:
            self._kept.append(rows)
            return
        self._kept.append(rows.take(self._best(rows, _proposed, self._news(rows))))
        if len(self._kept) > 1 and sum(map(len, self._kept)) > self._prune_above:
            pruned = joined(self._kept)
            self._kept = [pruned.take(self._best(pruned, _all, self._numbers))]

    def rows(self) -> Rows:
        """What is left; to be asked once all ticks were added. What happened in them is not kept."""
        rows = joined(self._kept)
        if self._count <= self._max_rows:
            return rows
        return rows.take(self._best(rows, _all, self._numbers, room=self._max_rows))

    def _news(self, rows: Rows) -> Sequence[int]:
        """The columns that have a lower or a higher number here than in any row before."""
        lowest, highest = np.fmin.reduce(rows.numbers, axis=0), np.fmax.reduce(rows.numbers, axis=0)
        better = (lowest < self._lowest) | (highest > self._highest)
        self._lowest, self._highest = np.fmin(lowest, self._lowest), np.fmax(highest, self._highest)
        return [column for column in self._numbers if better[column]]

    def _best(
        self, rows: Rows, propose: _Propose, columns: Sequence[int], *, room: int | None = None
    ) -> _Places:
        """Rows to keep, in order. `columns`: those whose own extremes may be among these rows."""
        offsets = rows.ticks - self._first
        kept = set(np.flatnonzero((rows.ticks == self._first) | (rows.ticks == self._last)).tolist())
        by_rank = [
            set(_extremes(rows, where, offsets, stretch, propose)) for where, stretch in self._stretches
        ]
        if self._voltages:
            kept |= by_rank.pop(0)
        kept |= _of_columns(rows, columns, kept, room)
        return np.array(sorted(kept.union(*by_rank)), dtype=np.int64)


def _of_columns(rows: Rows, columns: Sequence[int], kept: set[int], room: int | None) -> set[int]:
    """Where each column has its lowest and highest number, as long as there is room beside what is kept."""
    found: set[int] = set()
    for column in columns:
        series = np.ascontiguousarray(rows.numbers[:, column])
        places = [int(at) for at in _MIN_MAX.downsample(series, n_out=2) if not np.isnan(series[at])]
        if room is not None and len(kept | found | set(places)) > room:
            break
        found.update(places)
    return found


def _kinds(columns: Sequence[Column]) -> dict[tuple[str, ...], slice]:
    """Columns that are of one kind stand side by side: all voltages, all taps, one part of a datacenter or storage."""
    kinds: dict[tuple[str, ...], slice] = {}
    for at, column in enumerate(columns):
        if at:
            kind = column.path[:1] if column.path[0] in ("v", "taps") else column.path[:3]
            kinds[kind] = slice(kinds[kind].start if kind in kinds else at, at + 1)
    return kinds


def _extremes(rows: Rows, where: slice, offsets: _Places, stretch: int, propose: _Propose) -> Iterator[int]:
    """For each stretch the row with the lowest and that with the highest of some columns' numbers."""
    for reduce, sign in ((np.fmin.reduce, 1.0), (np.fmax.reduce, -1.0)):
        series: _Floats = reduce(rows.numbers[:, where], axis=1)
        places = propose(series, int(offsets[0]), stretch)
        values, stretches = sign * series[places], offsets[places] // stretch
        order = np.lexsort((values, stretches))
        firsts = order[np.flatnonzero(np.diff(stretches[order], prepend=-1))]
        yield from places[firsts[~np.isnan(values[firsts])]].tolist()


def _all(series: _Floats, offset: int, stretch: int) -> _Places:
    return np.arange(len(series))


def _proposed(series: _Floats, offset: int, stretch: int) -> _Places:
    """For consecutive rows: the library looks at all whole stretches at once, and at the rest on both sides."""
    head = min(len(series), -offset % stretch)
    tail = head + (len(series) - head) // stretch * stretch
    places = []
    for start, stop in ((0, head), (head, tail), (tail, len(series))):
        if start < stop:
            bins = max(1, (stop - start) // stretch)
            found = _MIN_MAX.downsample(series[start:stop], n_out=2 * bins)
            places += [start + found.astype(np.int64), np.array([stop - 1])]
    return np.unique(np.concatenate(places))
