"""A run_until waits for exactly what it says, or is refused with a text that names what is allowed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.workers.engine.simulation import Phase
from gridcast.workers.engine.steer import Refused
from gridcast.workers.engine.until import Condition, parse_until

BUS_PHASES: list[tuple[str, Phase]] = [("650", "a"), ("650", "b"), ("650", "c"), ("684", "a"), ("684", "c")]
NOMINAL = np.ones(len(BUS_PHASES))


def parse(args: dict[str, Any], *, t_next_s: float = 10.0) -> Condition:
    return parse_until(args, bus_phases=BUS_PHASES, t_next_s=t_next_s, end_s=60.0)


def volts(**by_column: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    row = NOMINAL.copy()
    for column, value in by_column.items():
        row[int(column[1:])] = value
    return row


def refusal(args: dict[str, Any], *, t_next_s: float = 10.0) -> str:
    with pytest.raises(Refused) as refused:
        parse(args, t_next_s=t_next_s)
    return str(refused.value)


def test_a_time_is_reached_by_the_first_tick_that_starts_at_it_or_later() -> None:
    until = parse({"t_s": 10.3})
    assert not until.holds(10.2, NOMINAL)
    assert until.holds(10.3, NOMINAL)
    assert until.holds(10.4, None)


@pytest.mark.parametrize("t_s", [10.0001, 11, 60, 60.0])
def test_a_time_after_now_and_up_to_the_end_is_taken(t_s: float) -> None:
    assert parse({"t_s": t_s}).as_args() == {"t_s": float(t_s)}


@pytest.mark.parametrize("t_s", [10.0, 9.9, 0])
def test_a_time_that_has_been_is_refused(t_s: float) -> None:
    assert refusal({"t_s": t_s}) == (
        f"t_s is {t_s:g}, but the simulation is at 10 s already; allowed are later times up to 60 s"
    )


@pytest.mark.parametrize("t_s", [60.001, -1, 10**400, math.inf, math.nan, True, None, "30", [30]])
def test_a_time_outside_of_the_run_or_none_is_refused(t_s: object) -> None:
    assert refusal({"t_s": t_s}).endswith("allowed are numbers from 0 to 60 s")


def test_a_voltage_is_below_a_bound_at_any_phase_of_the_bus_and_not_at_it() -> None:
    until = parse({"bus": "684", "below": 0.95})
    assert not until.holds(11.0, volts(_3=0.95, _4=0.95))
    assert until.holds(11.0, volts(_4=math.nextafter(0.95, 0.0)))
    assert until.holds(11.0, volts(_3=0.9))
    assert not until.holds(11.0, volts(_0=0.5, _1=0.5, _2=0.5))


def test_a_voltage_is_above_a_bound_and_not_at_it() -> None:
    until = parse({"bus": "650", "above": 1.05})
    assert not until.holds(11.0, volts(_0=1.05, _3=1.2))
    assert until.holds(11.0, volts(_1=1.0500001))


def test_a_phase_alone_counts_if_it_is_named() -> None:
    until = parse({"bus": "684", "phase": "c", "below": 0.95})
    assert not until.holds(11.0, volts(_3=0.9))
    assert until.holds(11.0, volts(_4=0.9))


def test_without_a_power_flow_no_voltage_crosses_anything() -> None:
    assert not parse({"bus": "650", "below": 1.5}).holds(11.0, None)


def test_a_bus_is_known_in_capitals_and_as_a_number() -> None:
    assert parse({"bus": 650, "below": 0.95}).as_args() == {"bus": "650", "below": 0.95}
    until = parse_until(
        {"bus": "SourceBus", "above": 1}, bus_phases=[("sourcebus", "a")], t_next_s=0.0, end_s=60.0
    )
    assert until.as_args() == {"bus": "sourcebus", "above": 1.0}


@pytest.mark.parametrize("bus", ["651", "", True, 1.5, None, -1, ["650"]])
def test_a_bus_that_is_not_monitored_is_refused(bus: object) -> None:
    assert refusal({"bus": bus, "below": 0.95}).endswith("allowed: 650, 684")


@pytest.mark.parametrize("phase", ["b", "A", "", None, 1])
def test_a_phase_that_the_bus_lacks_is_refused(phase: object) -> None:
    assert refusal({"bus": "684", "phase": phase, "below": 0.95}).endswith("allowed: a, c")


@pytest.mark.parametrize("bound", [0.5, 1, 1.5])
def test_a_plausible_bound_is_taken(bound: float) -> None:
    assert parse({"bus": "650", "above": bound}).as_args()["above"] == bound


@pytest.mark.parametrize("bound", [0.4999, 1.5001, 0, 120, math.nan, -math.inf, True, None, "0.95"])
def test_an_implausible_bound_is_refused(bound: object) -> None:
    assert refusal({"bus": "650", "below": bound}).endswith("allowed are numbers from 0.5 to 1.5 pu")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({}, "run_until needs"),
        ({"below": 0.95}, "run_until needs"),
        ({"phase": "a"}, "run_until needs"),
        ({"t_s": 30, "bus": "650", "below": 0.95}, "t_s stands alone"),
        ({"t_s": 30, "x": 1}, "t_s stands alone"),
        ({"bus": "650"}, "0 bounds are given"),
        ({"bus": "650", "below": 0.95, "above": 1.05}, "2 bounds are given"),
        ({"bus": "650", "belw": 0.95}, "unknown argument 'belw'; allowed: bus, phase, below, above"),
        ({"until": 30}, "unknown argument 'until'; allowed: t_s, bus, phase, below, above"),
    ],
)
def test_anything_but_one_form_is_refused(args: dict[str, Any], why: str) -> None:
    assert refusal(args).startswith(why)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
VALUES = st.one_of(
    st.sampled_from(["650", "684", 650, "a", "b", "c"]), st.floats(0.4, 1.6), st.floats(0, 70), ANYTHING
)
NAMES = st.sampled_from(["t_s", "bus", "phase", "below", "above"]) | st.text(max_size=5)


@given(args=st.dictionaries(NAMES, VALUES, max_size=4))
def test_whatever_comes_is_a_condition_that_comes_back_from_its_arguments_or_is_refused(
    args: dict[str, Any],
) -> None:
    until, refusal = None, ""
    try:
        until = parse(args)
    except Refused as refused:
        refusal = str(refused)
    if until is None:
        assert 10 < len(orjson.dumps(refusal)) < 500
        return
    assert parse(orjson.loads(orjson.dumps(until.as_args()))) == until
    assert isinstance(bool(until.holds(20.0, NOMINAL)), bool)
