"""Few ticks that tell what many told: minima and maxima survive, and every row is a tick that was.

The library's MinMax finds the extreme voltages of many short stretches (`tsdownsample`: one pass, no copies). It drops the
last number of some lengths, and knows nothing of stretches that reach over the end of a piece. So it only proposes: the last
row of what it looked at is proposed too, and of all that was proposed for a stretch the best is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
        self._lowest = np.full(len(columns), np.inf)
        self._highest = np.full(len(columns), -np.inf)
        kinds = _kinds(columns)
        self._voltages = kinds.pop(("v",), None)
        self._stretch = -(-self._count // max_points)
        room = self._max_rows - 2 - 2 * (len(columns) - 1)
        if self._voltages is not None:
            room -= 2 * -(-self._count // self._stretch)
        self._kinds: Sequence[slice] = ()
        if kinds and (points := min(max_points, room // (2 * len(kinds)))) > 0:
            self._kinds = list(kinds.values())
            self._stretch_of_kinds = -(-self._count // points)
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
            self._kept = [pruned.take(self._best(pruned, _all, self._records(pruned)))]

    def rows(self) -> Rows:
        """What is left; to be asked once all ticks were added. What happened in them is not kept."""
        rows = joined(self._kept)
        if self._count <= self._max_rows:
            return rows
        return rows.take(self._best(rows, _all, self._records(rows), room=self._max_rows))

    def _news(self, rows: Rows) -> list[set[int]]:
        """Where the columns have lower or higher numbers than in any row before."""
        found = []
        lowest, highest = np.fmin.reduce(rows.numbers, axis=0), np.fmax.reduce(rows.numbers, axis=0)
        for extremes, better in ((lowest, lowest < self._lowest), (highest, highest > self._highest)):
            better[0] = False  # time only grows
            found.append(set(np.argmax(rows.numbers[:, better] == extremes[better], axis=0).tolist()))
        self._lowest, self._highest = np.fmin(lowest, self._lowest), np.fmax(highest, self._highest)
        return found

    def _records(self, rows: Rows) -> Iterator[set[int]]:
        """Where each column has its lowest and its highest number of all; they are among these rows."""
        for column in range(1, rows.numbers.shape[1]):
            if self._lowest[column] <= self._highest[column]:
                series = rows.numbers[:, column]
                ends = (self._lowest[column], self._highest[column])
                yield {int(np.argmax(series == end)) for end in ends}

    def _best(
        self, rows: Rows, propose: _Propose, of_columns: Iterable[set[int]], *, room: int | None = None
    ) -> _Places:
        """Rows to keep, in order. `of_columns`: those that are extremes of columns, as long as there is room."""
        offsets = rows.ticks - self._first
        kept = set(np.flatnonzero((rows.ticks == self._first) | (rows.ticks == self._last)).tolist())
        if self._voltages is not None:
            for series in _signed(rows, [self._voltages]):
                places = propose(series, int(offsets[0]), self._stretch)
                lowest = _lowest(series[np.newaxis, places], offsets[places] // self._stretch)
                kept.update(places[lowest].tolist())
        for places_of_column in of_columns:
            if room is not None and len(kept | places_of_column) > room:
                break
            kept |= places_of_column
        if self._kinds:
            kept.update(_lowest(_signed(rows, self._kinds), offsets // self._stretch_of_kinds).tolist())
        return np.array(sorted(kept), dtype=np.int64)


def _kinds(columns: Sequence[Column]) -> dict[tuple[str, ...], slice]:
    """Columns that are of one kind stand side by side: all voltages, all taps, one part of a datacenter or storage."""
    kinds: dict[tuple[str, ...], slice] = {}
    for at, column in enumerate(columns):
        if at:
            kind = column.path[:1] if column.path[0] in ("v", "taps") else column.path[:3]
            kinds[kind] = slice(kinds[kind].start if kind in kinds else at, at + 1)
    return kinds


def _signed(rows: Rows, kinds: Sequence[slice]) -> _Floats:
    """Two series for each kind, of which the lowest numbers are wanted: its lowest in each row, and its highest negated."""
    found = np.empty((2 * len(kinds), len(rows)))
    for at, where in enumerate(kinds):
        np.fmin.reduce(rows.numbers[:, where], axis=1, out=found[2 * at])
        np.negative(np.fmax.reduce(rows.numbers[:, where], axis=1), out=found[2 * at + 1])
    return found


def _lowest(series: _Floats, stretches: _Places) -> _Places:
    """For each series the places of its lowest number in each stretch; of equal ones the first. NaN is none."""
    starts = np.flatnonzero(np.diff(stretches, prepend=-1))
    nth = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(stretches)))
    lowest = np.fmin.reduceat(series, starts, axis=1)
    which, places = np.nonzero(series == lowest[:, nth])
    return places[np.flatnonzero(np.diff(which * len(starts) + nth[places], prepend=-1))]


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
