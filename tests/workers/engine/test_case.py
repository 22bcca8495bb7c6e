"""A feeder's tables become an OpenDSS case that OpenG2G can run."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from openg2g.clock import SimulationClock
from openg2g.common import ThreePhase
from openg2g.coordinator import SimulationLog
from openg2g.events import EventEmitter
from openg2g.grid.config import TapPosition

from gridcast.scenarios import FEEDERS, load_feeder, resolve
from gridcast.workers.engine.build import build
from gridcast.workers.engine.case import MASTER_FILE, case_text
from gridcast.workers.engine.fast_grid import FastGrid
from gridcast.workers.engine.simulation import Phase
from tests.workers.engine.runs import in_process, working_directory_after_start


def solved(scenario: str) -> tuple[dict[tuple[str, Phase], float], tuple[str, ...]]:
    """Voltage by monitored bus-phase after the first tick, and the regulators that OpenDSS found."""
    simulation = build(resolve(scenario, {"duration_s": 1}))
    state = next(simulation.coordinator.run_iter()).grid_state
    vector = simulation.voltages_pu(state).tolist()
    voltages = {(bus, phase): v for (bus, phase), v in zip(simulation.bus_phases, vector, strict=True)}
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


def megawatt_at_671() -> dict[tuple[str, str], float]:
    """Voltages of ieee13 at its default taps with 1 MW a phase, power factor 0.95, at bus 671."""
    feeder = load_feeder("ieee13")
    datacenter = build(resolve("ieee13")).datacenters["default"].backend
    grid = FastGrid(
        case=case_text("ieee13"),
        dss_master_file=MASTER_FILE,
        dt_s=Fraction(1),
        source_pu=feeder.source.pu,
        initial_tap_position=TapPosition(regulators=feeder.default_tap_ratios),
        exclude_buses=feeder.exclude_buses,
    )
    grid.attach_dc(datacenter, bus="671")
    clock = SimulationClock(tick_s=Fraction(1))
    log: SimulationLog[Any, Any] = SimulationLog()
    grid.reset()
    grid.start()
    grid.step(clock, {datacenter: [ThreePhase(a=1e6, b=1e6, c=1e6)]}, EventEmitter(clock, log, "grid"))
    return {
        (bus, "abc"[phase - 1]): v
        for (bus, phase), v in zip(grid.v_index, grid.voltages_vector(), strict=True)
    }


def test_ieee13_has_the_voltages_of_openg2gs_own_model_of_it(processes: ProcessPoolExecutor) -> None:
    table = (Path(__file__).parent / "ieee13_openg2g_voltages.csv").read_text("utf-8").splitlines()[1:]
    published = {(bus, phase): float(v_pu) for bus, phase, v_pu in (row.split(",") for row in table)}
    assert in_process(processes, megawatt_at_671) == pytest.approx(published, abs=2e-9)


def test_starting_leaves_the_working_directory_alone(processes: ProcessPoolExecutor) -> None:
    before, after = in_process(processes, working_directory_after_start, "ieee13")
    assert after == before
