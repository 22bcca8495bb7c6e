"""Runs with other ticks and lengths on one axis of time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from gridcast.api.align import Axis, Series
from gridcast.recordings.columns import Column
from gridcast.recordings.rows import Rows

COLUMNS = (
    Column(path=("t_s",), unit="s"),
    Column(path=("v", "671", "a"), unit="pu"),
    Column(path=("v", "671", "b"), unit="pu"),
    Column(path=("dc", "dc", "p_w", "a"), unit="W"),
    Column(path=("dc", "dc", "p_w", "b"), unit="W"),
    Column(path=("taps", "creg1a"), unit="ratio"),
)
NAN = float("nan")


@pytest.mark.parametrize(
    ("runs", "max_points", "step", "points"),
    [
        ([(0.1, 600), (0.1, 600)], 600, "1/10", 600),
        ([(0.1, 600), (0.1, 600)], 599, "1/5", 300),
        ([(0.1, 600), (0.25, 100)], 1000, "1/2", 120),
        ([(0.1, 36_000), (1, 3600)], 600, "6", 600),
        ([(0.1, 1), (0.1, 1)], 1, "1/10", 1),
        ([(0.1, 40), (0.3, 7), (7, 1)], 100, "7", 1),
    ],
)
def test_the_step_is_the_shortest_that_fits_and_suits_every_tick(
    runs: list[tuple[float, int]], max_points: int, step: str, points: int
) -> None:
    axis = Axis.over(runs, max_points)
    assert (axis.step_s, axis.points) == (Fraction(step), points)
    assert axis.t_s == [float(n * Fraction(step)) for n in range(points)]


def test_every_tick_falls_into_the_stretch_that_it_begins_in() -> None:
    axis = Axis.over([(0.1, 36_000), (0.3, 12_000)], 600)
    for tick_s in (0.1, 0.3):
        ticks = np.arange(12_000)
        assert axis.places(ticks, tick_s).tolist() == [
            int(tick * Fraction(str(tick_s)) // axis.step_s) for tick in range(12_000)
        ]


def test_a_stretch_tells_extremes_and_means_and_null_where_there_is_nothing() -> None:
    axis = Axis(step_s=Fraction(1, 5), points=3)
    series = Series(axis=axis, tick_s=0.1, columns=COLUMNS, fields=COLUMNS[5:])
    numbers = np.array(
        [
            [0.0, 0.98, 1.02, 1000.0, 2000.0, 1.0],
            [0.1, 0.97, NAN, 3000.0, 4000.0, 1.1],
            [0.2, NAN, NAN, NAN, NAN, NAN],
        ]
    )
    for part in (slice(0, 1), slice(1, 3)):
        series.add(Rows(columns=COLUMNS, ticks=np.arange(3)[part], numbers=numbers[part]))
    expected = {
        "v_min": [0.97, NAN, NAN],
        "v_max": [1.02, NAN, NAN],
        "p_kw_total": [5.0, NAN, NAN],
        "taps.creg1a": [1.05, NAN, NAN],
    }
    told = series.told()
    assert list(told) == list(expected)
    for name, values in expected.items():
        assert told[name].tolist() == pytest.approx(values, nan_ok=True)
