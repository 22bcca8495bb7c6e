"""A feeder's tables become an OpenDSS case that OpenG2G can run."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor

import pytest

from gridcast.scenarios import FEEDERS, load_feeder, resolve
from gridcast.workers.engine.build import build
from gridcast.workers.engine.case import case_text
from tests.workers.engine.runs import in_process, working_directory_after_start



def solved(scenario: str) -> tuple[dict[tuple[str, str], float], tuple[str, ...]]:
    """Voltage by monitored bus-phase after the first tick, and the regulators that OpenDSS found."""
    simulation = build(resolve(scenario, {"duration_s": 1}))
    state = next(simulation.coordinator.run_iter()).grid_state
    voltages = dict(zip(simulation.bus_phases, simulation.voltages_pu(state).tolist(), strict=True))
    return voltages, tuple(state.tap_positions.regulators)


@pytest.mark.parametrize(("feeder", "monitored"), [("ieee13", 32), ("ieee34", 67), ("ieee123", 253)])
def test_a_case_has_the_monitored_bus_phases_and_regulators_of_its_feeder(
    processes: ProcessPoolExecutor, feeder: str, monitored: int
) -> None:
    voltages, regulators = in_process(processes, solved, feeder)
    assert len(voltages) == monitored
    assert set(voltages) == set(load_feeder(feeder).bus_phases)
    assert set(regulators) == {regulator.name for regulator in load_feeder(feeder).regulators}
    assert all(0.9 < voltage < 1.1 for voltage in voltages.values())


@pytest.mark.parametrize("feeder", FEEDERS)
def test_a_case_holds_only_plain_commands(feeder: str) -> None:
    line = re.compile(r"(clear|calcvoltagebases|set |new |setbusxy )[A-Za-z0-9_.=%|\[\] +-]*")
    assert [command for command in case_text(feeder).splitlines() if not line.fullmatch(command)] == []


def test_starting_leaves_the_working_directory_alone(processes: ProcessPoolExecutor) -> None:
    before, after = in_process(processes, working_directory_after_start, "ieee13")
    assert after == before
