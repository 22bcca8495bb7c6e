"""Pacing follows the wall clock without drift, and what was late on purpose is not caught up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.workers.engine.pace import FASTEST, SLOWEST, Pacer


def pacer(speed: float) -> Pacer:
    found = Pacer(tick_s=0.1, speed=speed)
    found.anchor(tick=0, now_s=100.0)
    return found


def test_full_speed_never_waits_and_never_lags() -> None:
    found = Pacer(tick_s=0.1, speed="max")
    found.anchor(tick=0, now_s=100.0)
    assert found.wait_s(tick=10_000, now_s=100.0) == 0.0
    assert found.lag_s(tick=0, now_s=999.0) == 0.0


def test_a_tick_is_due_at_its_simulated_time_over_the_speed() -> None:
    assert pacer(1.0).wait_s(tick=10, now_s=100.0) == pytest.approx(1.0)
    assert pacer(10.0).wait_s(tick=10, now_s=100.0) == pytest.approx(0.1)
    assert pacer(0.1).wait_s(tick=1, now_s=100.0) == pytest.approx(1.0)


@given(
    speed=st.floats(SLOWEST, FASTEST),
    lateness=st.lists(st.floats(0.0, 0.05), min_size=1, max_size=50),
)
def test_waking_late_does_not_add_up(speed: float, lateness: list[float]) -> None:
    found, now_s = pacer(speed), 100.0
    for tick, late_s in enumerate(lateness):
        now_s += found.wait_s(tick=tick, now_s=now_s) + late_s
    due_s = 100.0 + len(lateness) * 0.1 / speed
    ahead_s = found.wait_s(tick=len(lateness), now_s=now_s) - found.lag_s(tick=len(lateness), now_s=now_s)
    assert now_s + ahead_s == pytest.approx(due_s)


def test_lag_is_how_late_the_next_tick_is() -> None:
    found = pacer(1.0)
    assert found.lag_s(tick=10, now_s=101.5) == pytest.approx(0.5)
    assert found.wait_s(tick=10, now_s=101.5) == 0.0


def test_a_new_speed_counts_from_now_on() -> None:
    found = pacer(1.0)
    found.set_speed(2.0, tick=10, now_s=107.0)
    assert found.lag_s(tick=10, now_s=107.0) == 0.0
    assert found.wait_s(tick=12, now_s=107.0) == pytest.approx(0.1)


def test_a_pause_is_not_caught_up() -> None:
    found = pacer(1.0)
    found.anchor(tick=10, now_s=500.0)
    assert found.lag_s(tick=10, now_s=500.0) == 0.0
    assert found.wait_s(tick=11, now_s=500.0) == pytest.approx(0.1)
