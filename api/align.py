"""Runs side by side: their series on one axis of time, whatever their ticks and lengths. No I/O here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gridcast.recordings.columns import Column
from gridcast.recordings.rounding import POWER_DIGITS, VOLTAGE_DIGITS
from gridcast.recordings.rows import Rows

MEAN_DIGITS: Final = 6
"""Of the mean of any column: more than of its numbers, as it is none of them."""

MANY_STEPS: Final = 10
"""A common step is used while the longest run has so many of them at least."""

SHOWN: Final = ("v_min", "v_max", "p_kw_total")
"""Series of every run, whatever else is asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """Stretches of `step_s` that begin at 0; point n of a series stands for the ticks with `n <= t_s / step_s < n + 1`."""

    step_s: Fraction
    points: int

    @classmethod
    def over(cls, runs: Sequence[tuple[float, int]], max_points: int) -> Axis:
        """For runs of (`tick_s`, number of ticks): the shortest step with at most `max_points`, and as many ticks of each
        run in every stretch where the ticks allow that."""
        ticks = [Fraction(str(tick_s)) for tick_s, _ in runs]
        longest = max(tick * count for tick, (_, count) in zip(ticks, runs, strict=True))
        common = _multiple(ticks)
        if common * MANY_STEPS > longest:
            common = max(ticks)
        step = common * max(1, math.ceil(longest / (common * max_points)))
        return cls(step_s=step, points=math.ceil(longest / step))

    @property
    def t_s(self) -> list[float]:
        """Where the stretches begin."""
        return [float(n * self.step_s) for n in range(self.points)]

    def places(self, ticks: NDArray[np.int64], tick_s: float) -> NDArray[np.int64]:
        """In which stretch each tick begins; exact, as ticks and step are whole multiples of something."""
        ratio = Fraction(str(tick_s)) / self.step_s
        return ticks * ratio.numerator // ratio.denominator


def _multiple(ticks: Sequence[Fraction]) -> Fraction:
    """The least common multiple."""
    return Fraction(
        math.lcm(*(tick.numerator for tick in ticks)), math.gcd(*(tick.denominator for tick in ticks))
    )


@dataclass(slots=True)
class Series:
    """One run on the axis: in each stretch its lowest and highest voltage, and the mean of its power and of `fields`.

    `columns`: those of the rows that will be added.
    """

    axis: Axis
    tick_s: float
    columns: Sequence[Column]
    fields: Sequence[Column]
    _low: NDArray[np.float64] = field(init=False)
    _high: NDArray[np.float64] = field(init=False)
    _sums: NDArray[np.float64] = field(init=False)
    _counts: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        points, means = self.axis.points, 1 + len(self.fields)
        self._low, self._high = np.full(points, np.nan), np.full(points, np.nan)
        self._sums = np.zeros((points, means))
        self._counts = np.zeros((points, means), dtype=np.int64)

    def add(self, rows: Rows) -> None:
        """Ticks of the run, each once."""
        places = self.axis.places(rows.ticks, self.tick_s)
        voltages = rows.numbers[:, [c.path[0] == "v" for c in self.columns]]
        np.fmin.at(self._low, places, np.fmin.reduce(voltages, axis=1))
        np.fmax.at(self._high, places, np.fmax.reduce(voltages, axis=1))
        powers = rows.numbers[:, [c.path[0] == "dc" and c.path[2] == "p_w" for c in self.columns]]
        values = [np.add.reduce(powers, axis=1) / 1000]
        values += [rows.numbers[:, self.columns.index(column)] for column in self.fields]
        for at, value in enumerate(values):
            there = ~np.isnan(value)
            self._sums[:, at] += np.bincount(places[there], value[there], self.axis.points)
            self._counts[:, at] += np.bincount(places[there], minlength=self.axis.points)

    def told(self) -> dict[str, Any]:
        """The series by name, for orjson: NaN where the run has ended, or has no such number."""
        means = np.full_like(self._sums, np.nan)
        np.divide(self._sums, self._counts, out=means, where=self._counts > 0)
        shown = (
            np.round(self._low, VOLTAGE_DIGITS),
            np.round(self._high, VOLTAGE_DIGITS),
            np.round(means[:, 0], POWER_DIGITS),
        )
        found = dict(zip(SHOWN, shown, strict=True))
        for at, column in enumerate(self.fields, start=1):
            found[column.name] = np.round(means[:, at], MEAN_DIGITS)
        return {name: np.ascontiguousarray(values) for name, values in found.items()}
