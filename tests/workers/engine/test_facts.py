"""What an analysis learns of a run beside its metrics, whatever blocks it comes in."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridcast.scenarios import resolve
from gridcast.workers.engine.facts import SWING_PU, Facts, Reversals
from gridcast.workers.engine.headless import simulate
from gridcast.workers.operations.classes import OSCILLATING_PER_MIN
from tests.workers.engine.blocks import block, row
from tests.workers.engine.runs import in_process

WALKS = st.lists(st.floats(0.9, 1.1), min_size=1, max_size=60)


def reversals(signal: NDArray[np.float64], swing: float, pieces: int = 1) -> list[int]:
    """Of each column."""
    counter = Reversals(signal.shape[1], swing)
    for piece in np.array_split(signal, pieces):
        counter.add(piece)
    found: list[int] = counter.counts.tolist()
    return found


def one_by_one(signal: list[float], swing: float) -> int:
    """The definition, without any haste."""
    farthest, way, count = signal[0], 0, 0
    highest = lowest = signal[0]
    for value in signal[1:]:
        highest, lowest = max(highest, value), min(lowest, value)
        if way == 0:
            if highest - value >= swing:
                way, farthest = -1, value
            elif value - lowest >= swing:
                way, farthest = 1, value
        elif (farthest - value) * way >= swing:
            way, farthest, count = -way, value, count + 1
        elif (value - farthest) * way > 0:
            farthest = value
    return count


def test_a_signal_that_goes_up_and_down_reverses_once_each_time() -> None:
    zigzag = np.array([1.0, 1.01, 1.0, 1.01, 1.0, 1.01])[:, None]
    assert reversals(zigzag, 0.01 - 1e-9) == [4]
    assert reversals(zigzag, 0.01 + 1e-9) == [0]


def test_a_ramp_a_step_and_noise_within_the_swing_do_not_reverse() -> None:
    ticks = np.arange(300)
    noise = 0.0024 * np.random.default_rng(0).uniform(-1, 1, 300)
    signals = np.stack([1.0 - ticks / 3000, np.where(ticks < 99, 1.0, 0.97), 1.0 + noise], axis=1)
    assert reversals(signals, SWING_PU) == [0, 0, 0]


def test_a_slow_swing_counts_as_a_fast_one_does() -> None:
    ticks = np.arange(1200)
    waves = [1.0 + 0.01 * np.sin(2 * np.pi * ticks / period) for period in (12, 120, 400)]
    assert reversals(np.stack(waves, axis=1), SWING_PU) == [199, 20, 6]


@given(st.lists(WALKS, min_size=1, max_size=3), st.floats(0.001, 0.1), st.integers(1, 9))
def test_counts_are_those_of_the_definition_in_whatever_pieces_samples_come(
    walks: list[list[float]], swing: float, pieces: int
) -> None:
    length = min(map(len, walks))
    signals = np.array([walk[:length] for walk in walks]).T
    assert reversals(signals, swing, pieces) == [one_by_one(walk[:length], swing) for walk in walks]


def facts_of(rows: list[list[float]], every: int) -> dict[str, float]:
    facts = Facts(n_ticks=len(rows), tick_s=0.1, signals=2)
    for first in range(0, len(rows), every):
        facts.add(block(first, rows[first : first + every]))
    return facts.told()


@pytest.mark.parametrize("every", [1, 3, 7, 20])
def test_power_is_that_of_all_ticks_and_is_kept_where_a_datacenter_was_not_due(every: int) -> None:
    rows = [row(tick, site=tick % 4 == 0) for tick in range(20)]
    told = facts_of(rows, every)
    powers = [6000.5 + 4 * (tick // 4) for tick in range(20)]
    assert told["mean_power_kw"] == pytest.approx(sum(powers) / 20 / 1000)
    assert told["max_power_kw"] == pytest.approx(max(powers) / 1000)


@pytest.mark.parametrize("every", [1, 16, 300])
def test_reversals_count_after_the_first_third_only(every: int) -> None:
    rows = [row(tick) for tick in range(300)]
    for tick in range(0, 300, 2):
        rows[tick][1] = 1.0 if tick < 100 else 0.953124999
        rows[tick][2] = 1.0 if tick >= 200 else 1.000001 + 0.01 * (tick >= 100)
    told = facts_of(rows, every)
    assert told["reversals"] == 98
    assert told["oscillation"] == pytest.approx(98 / (200 * 0.1 / 60))


def test_ticks_without_a_power_flow_say_nothing_of_voltages() -> None:
    assert facts_of([row(tick, grid=tick % 5 == 0) for tick in range(30)], 10)["reversals"] == 0


HUNTING = {
    "duration_s": 60,
    "controllers.0.step_size": 1e5,
    "controllers.0.deadband": 0.0,
    "controllers.0.latency_guard": False,
    "controllers.0.v_min": 0.972,
    "controllers.0.v_max": 0.9725,
}
"""A controller that answers each violation of a band it cannot stay in with the smallest or the largest batch size."""


def facts_in_process(name: str, overrides: dict[str, Any]) -> dict[str, float]:
    result = simulate(resolve(name, overrides))
    assert result.facts is not None
    return dict(result.facts)


def test_a_hunting_controller_oscillates_and_the_documented_one_does_not(
    processes: ProcessPoolExecutor,
) -> None:
    hunting = in_process(processes, facts_in_process, "ieee13-rule-based", HUNTING)
    calm = in_process(processes, facts_in_process, "ieee13-rule-based", {"duration_s": 60})
    assert hunting["oscillation"] >= 2 * OSCILLATING_PER_MIN
    assert calm["oscillation"] == 0
