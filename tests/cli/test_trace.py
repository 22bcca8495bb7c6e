"""The lowest voltage over a run: minima survive in bounded memory, and a line of characters shows them."""

from __future__ import annotations

from typing import Any

import pytest

from gridcast.cli.trace import POINTS, Trace, sparkline


def traced(*lows: float | None) -> Trace:
    trace = Trace()
    rows: list[Any] = [None if low is None else [1.0, low, None] for low in lows]
    trace.take(list(range(len(lows))), rows)
    return trace


@pytest.mark.parametrize("place", [0, 1, 7000, 9998, 9999])
def test_the_lowest_tick_of_a_long_run_stays_in_its_stretch(place: int) -> None:
    trace = Trace()
    for n in range(10_000):
        trace.take([n], [[1.0, 0.9 if n == place else 0.99]])
    assert trace.lowest == (0.9, 1)
    stretches = trace.stretches(10)
    assert [n for n, low in enumerate(stretches) if low == 0.9] == [place // 1000]
    assert len(trace._points) <= POINTS


def test_the_newest_tick_with_voltages_counts_as_now() -> None:
    trace = traced(0.98, 0.97, None)
    assert (trace.now, trace.lowest) == ((0.97, 1), (0.97, 1))


def test_stretches_between_two_known_ticks_are_filled_and_those_before_the_first_stay_empty() -> None:
    assert traced(0.98, 0.97).stretches(4) == [0.98, 0.98, 0.97, 0.97]
    assert traced(None, 0.97).stretches(4) == [None, None, 0.97, 0.97]
    assert traced().stretches(2) == [None, None]


def test_answers_without_voltages_tell_nothing() -> None:
    trace = Trace()
    answers: list[Any] = [(None, None), ([0], None), ([0], [None]), ([0], [[None]]), (["0"], [[1.0]])]
    for ticks, rows in answers:
        trace.take(ticks, rows)
    assert (trace.now, trace.stretches(1)) == (None, [None])


@pytest.mark.parametrize(
    ("values", "line", "plain"),
    [
        ([1.0, 0.96, 0.9], "█▅▁", "#+_"),
        ([None, 0.9, 1.0], " ▁█", " _#"),
        ([0.95, 0.95005], "▅▅", "++"),
        ([None, None], "  ", "  "),
    ],
)
def test_a_line_goes_from_the_lowest_to_the_highest(
    values: list[float | None], line: str, plain: str
) -> None:
    assert sparkline(values, ascii_only=False) == line
    assert sparkline(values, ascii_only=True) == plain
