"""Counts in buckets: both sides of each bound, and what travels."""

from __future__ import annotations

import pytest

from gridcast.broadcaster.histogram import Histogram, cumulative


def test_a_value_at_a_bound_is_not_above_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 2.5):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 1]
    assert (histogram.count, histogram.sum) == (5, 7.5)


def test_clocks_that_differ_do_not_give_negative_times() -> None:
    histogram = Histogram((1.0,))
    histogram.observe(-3.0)
    assert (histogram.counts, histogram.sum) == ([1, 0], 0.0)


def test_one_takes_in_what_another_has_told() -> None:
    one, other = Histogram((1.0, 2.0)), Histogram((1.0, 2.0))
    one.observe(1.5)
    other.observe(3.0)
    told = other.told()
    one.add(told["counts"], told["sum"])
    assert (one.counts, one.sum) == ([0, 1, 1], 4.5)
    with pytest.raises(ValueError, match="shorter"):
        one.add([1], 1.0)


def test_prometheus_gets_what_is_not_above_each_bound() -> None:
    assert cumulative([1.0, 2.0], [2, 3, 4]) == [("1.0", 2), ("2.0", 5), ("+Inf", 9)]
