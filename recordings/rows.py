"""Ticks of a run as a table, wherever they were read, and which of its columns are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .columns import Column

Texts: TypeAlias = Sequence[tuple[int, bytes]]
"""What happened in some ticks: the tick, and a JSON list as in a `ticks` entry; in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What is read of a run: some of its columns of numbers, in schema order, `t_s` first; events; controls.

    `of`: all columns of the run.
    """

    of: tuple[Column, ...]
    columns: tuple[Column, ...]
    events: bool
    controls: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Some ticks in order. `numbers` has a row for each and a column for each of `columns`; NaN is no number."""

    columns: tuple[Column, ...]
    ticks: NDArray[np.int64]
    numbers: NDArray[np.float64]
    events: Texts = ()
    controls: Texts = ()

    def __len__(self) -> int:
        return len(self.ticks)

    def take(self, rows: NDArray[Any]) -> Rows:
        """Some of the rows, without what happened in them."""
        return replace(self, ticks=self.ticks[rows], numbers=self.numbers[rows], events=(), controls=())

    def part(self, start: int, stop: int) -> Rows:
        """Consecutive rows, with what happened in them."""
        ticks = self.ticks[start:stop]
        first, last = int(ticks[0]), int(ticks[-1])
        return Rows(
            columns=self.columns,
            ticks=ticks,
            numbers=self.numbers[start:stop],
            events=[text for text in self.events if first <= text[0] <= last],
            controls=[text for text in self.controls if first <= text[0] <= last],
        )


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts, one after the other; there must be one part at least."""
    return Rows(
        columns=parts[0].columns,
        ticks=np.concatenate([part.ticks for part in parts]),
        numbers=np.concatenate([part.numbers for part in parts]),
        events=[text for part in parts for text in part.events],
        controls=[text for part in parts for text in part.controls],
    )
