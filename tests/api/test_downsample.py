"""What down-sampling must not lose, for any numbers, any cut into pieces and any bound."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridcast.api.downsample import ROWS_PER_POINT, Sieve
from gridcast.recordings.columns import Column
from gridcast.recordings.rows import Rows

T_S = Column(path=("t_s",), unit="s")
VOLTAGES = (Column(path=("v", "671", "a"), unit="pu"), Column(path=("v", "671", "b"), unit="pu"))
OTHERS = (
    Column(path=("dc", "dc1", "p_w", "a"), unit="W"),
    Column(path=("dc", "dc1", "itl_s", "m"), unit="s"),
    Column(path=("taps", "creg1a"), unit="ratio"),
)


def sifted(
    numbers: NDArray[np.float64],
    columns: Sequence[Column],
    max_points: int,
    *,
    first: int,
    cuts: Sequence[int],
) -> Rows:
    sieve = Sieve(columns, first=first, last=first + len(numbers) - 1, max_points=max_points)
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(numbers)}), len(numbers)]
    for start, stop in pairwise(edges):
        ticks = np.arange(first + start, first + stop)
        sieve.add(Rows(columns=tuple(columns), ticks=ticks, numbers=numbers[start:stop]))
    return sieve.rows()


def made(seed: int, ticks: int, columns: int, missing: float) -> NDArray[np.float64]:
    """Rough numbers, so that there are ties, some of them missing."""
    random = np.random.default_rng(seed)
    numbers = np.round(random.normal(size=(ticks, columns)), 1)
    numbers[random.random(size=numbers.shape) < missing] = np.nan
    numbers[:, 0] = np.arange(ticks)
    return numbers


@settings(deadline=None)  # machines are busy
@given(
    seed=st.integers(0, 1 << 30),
    ticks=st.integers(1, 600),
    max_points=st.integers(1, 40),
    first=st.integers(0, 10_000),
    cuts=st.lists(st.integers(1, 600), max_size=12),
    missing=st.sampled_from([0.0, 0.3, 0.97]),
)
def test_the_promises_hold_for_any_run(
    seed: int, ticks: int, max_points: int, first: int, cuts: list[int], missing: float
) -> None:
    columns = (T_S, *VOLTAGES, *OTHERS)
    numbers = made(seed, ticks, len(columns), missing)
    rows = sifted(numbers, columns, max_points, first=first, cuts=cuts)

    assert 1 <= len(rows) <= ROWS_PER_POINT * max_points
    places = rows.ticks - first
    assert (np.diff(places) > 0).all(), "sorted, and no tick twice"
    assert np.array_equal(rows.numbers, numbers[places], equal_nan=True), "ticks that were"
    assert (places[0], places[-1]) == (0, ticks - 1)
    if ticks <= ROWS_PER_POINT * max_points:
        assert len(rows) == ticks

    stretch = -(-ticks // max_points)
    voltages, kept = numbers[:, 1:3], rows.numbers[:, 1:3]
    for start in range(0, ticks, stretch):
        there = voltages[start : start + stretch]
        if not np.isnan(there).all():
            found = kept[(places >= start) & (places < start + stretch)]
            assert np.nanmin(found) == np.nanmin(there), "the lowest voltage of each stretch"
            assert np.nanmax(found) == np.nanmax(there), "the highest voltage of each stretch"
    if ROWS_PER_POINT * max_points >= 2 + 2 * max_points + 2 * (len(columns) - 1):
        for column in range(1, len(columns)):
            if not np.isnan(numbers[:, column]).all():
                assert np.nanmin(rows.numbers[:, column]) == np.nanmin(numbers[:, column])
                assert np.nanmax(rows.numbers[:, column]) == np.nanmax(numbers[:, column])


@settings(deadline=None)  # machines are busy
@given(seed=st.integers(0, 1 << 30), ticks=st.integers(50, 500), max_points=st.integers(4, 12))
def test_without_voltages_other_columns_have_all_the_room(seed: int, ticks: int, max_points: int) -> None:
    numbers = made(seed, ticks, 2, 0.1)
    rows = sifted(numbers, (T_S, OTHERS[0]), max_points, first=0, cuts=[17, 40])
    assert len(rows) <= ROWS_PER_POINT * max_points
    stretch = -(-ticks // max_points) if ticks > ROWS_PER_POINT * max_points else 1
    for start in range(0, ticks, stretch):
        there = numbers[start : start + stretch, 1]
        if not np.isnan(there).all():
            found = rows.numbers[(rows.ticks >= start) & (rows.ticks < start + stretch), 1]
            assert (np.nanmin(found), np.nanmax(found)) == (np.nanmin(there), np.nanmax(there))


def test_what_fits_is_not_touched_and_one_tick_more_is() -> None:
    for ticks, most in ((40, 40), (41, 39)):
        numbers = np.zeros((ticks, 2))
        numbers[:, 1] = np.arange(ticks)
        rows = sifted(numbers, (T_S, VOLTAGES[0]), 10, first=5, cuts=[20])
        assert len(rows) <= most
        assert (len(rows) == ticks) == (ticks <= ROWS_PER_POINT * 10)


def test_memory_does_not_grow_with_the_number_of_pieces() -> None:
    columns = (T_S, *VOLTAGES, *OTHERS)
    sieve = Sieve(columns, first=0, last=99_999, max_points=5)
    most = 0
    for first in range(0, 100_000, 50):
        numbers = made(first, 50, len(columns), 0.0)
        sieve.add(Rows(columns=columns, ticks=np.arange(first, first + 50), numbers=numbers))
        most = max(most, sum(map(len, sieve._kept)))
    assert most <= 4 * (5 * ROWS_PER_POINT + 2 * len(columns)) + 50
    assert len(sieve.rows()) <= 5 * ROWS_PER_POINT
