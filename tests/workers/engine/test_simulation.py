"""What a host relies on: names, states that cost little, controllers that can be switched, errors instead of nonsense."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from openg2g.datacenter.command import SetBatchSize, ShiftReplicas
from openg2g.grid.command import SetStoragePower, SetTaps
from openg2g.grid.config import TapPosition

from gridcast.scenarios import resolve
from gridcast.workers.engine.build import build
from gridcast.workers.engine.errors import EngineError, RefusedCommand
from gridcast.workers.engine.simulation import Simulation
from tests.workers.engine.runs import in_process


def started(scenario: str, overrides: dict[str, Any] | None = None) -> Simulation:
    simulation = build(resolve(scenario, overrides or {"duration_s": 10}))
    simulation.coordinator.reset()
    simulation.coordinator.start()
    return simulation


def _voltages() -> tuple[list[float], list[float], list[float], list[float]]:
    simulation = started("ieee34")
    state = simulation.coordinator.step().grid_state
    by_bus = [getattr(state.voltages[bus], phase) for bus, phase in simulation.bus_phases]
    regulators = state.tap_positions.regulators
    taps = [regulators[name] for name in simulation.regulators]
    return simulation.voltages_pu(state).tolist(), by_bus, simulation.taps(state), taps


def test_voltages_and_taps_come_as_arrays_and_by_name(processes: ProcessPoolExecutor) -> None:
    vector, by_bus, taps, by_name = in_process(processes, _voltages)
    assert vector == by_bus
    assert taps == by_name
    assert not any(map(math.isnan, vector))


def _commands(disabled: str | None) -> list[list[str]]:
    simulation = started("ieee123-ofo", {"duration_s": 3, "controllers.1.enabled": False})
    if disabled is not None:
        simulation.coordinator.set_enabled(disabled, False)
        simulation.coordinator.set_enabled("ofo-z2_nw", True)
    given = []
    for _ in range(11):
        output = simulation.coordinator.step()
        targets = [command.target.name for command in output.commands]
        assert [f"ofo-{target}" for target in targets] == list(simulation.coordinator.command_sources)
        given.append(targets)
    return given


def test_a_disabled_controller_gives_no_commands(processes: ProcessPoolExecutor) -> None:
    assert in_process(processes, _commands, None)[0] == ["z1_sw", "z3_se", "z4_ne"]


def test_controllers_are_switched_by_name_and_commands_tell_whose_they_are(
    processes: ProcessPoolExecutor,
) -> None:
    given = in_process(processes, _commands, "ofo-z4_ne")
    assert given[0] == given[10] == ["z1_sw", "z2_nw", "z3_se"]
    assert not any(given[1:10])


def _failure(overrides: dict[str, Any]) -> str:
    try:
        simulation = started("ieee13", overrides)
        for _ in range(10):
            simulation.coordinator.step()
    except EngineError as error:
        return f"{type(error).__name__}: {error}"
    return "none"


@pytest.mark.parametrize(
    "overrides",
    [
        {"datacenters.0.base_kw_per_phase": 50_000.0},
        {"loads": [{"bus": "680", "profile": "constant", "peak_kw": 9_000.0}]},
    ],
)
def test_a_power_flow_without_a_solution_fails_with_tick_and_reason(
    processes: ProcessPoolExecutor, overrides: dict[str, Any]
) -> None:
    failure = in_process(processes, _failure, overrides)
    assert failure.startswith("PowerFlowDiverged: the power flow failed at tick 0 (0 s): no convergence")


def _refusals() -> list[str]:
    simulation = started("ieee123-storage-qv")
    site = simulation.datacenters["z1_sw"].backend
    battery = simulation.storages["bat_z1"].resource
    before = [simulation.coordinator.step() for _ in range(2)][-1]
    refused = []
    for command in (
        SetTaps(tap_position=TapPosition(regulators={"creg9z": 1.0})),
        SetTaps(tap_position=TapPosition(regulators={"creg1a": 1.05, "a": 1.0, "nonsense": 1.0})),
        SetBatchSize(batch_size_by_model={"Llama-3.1-8B": 128, "GPT-1": 8}, target=site),
        SetBatchSize(batch_size_by_model={"Llama-3.1-8B": 7}, target=site),
        ShiftReplicas(model_label="GPT-1", replica_delta=1, target=site),
        SetStoragePower(storage=battery, power_kw=1e9),
    ):
        try:
            simulation.coordinator.dispatch_commands([command])
        except RefusedCommand as error:
            refused.append(str(error))
    after = simulation.coordinator.step()
    assert after.sim_events == []
    assert after.dc_states["z1_sw"].batch_size_by_model == before.dc_states["z1_sw"].batch_size_by_model
    assert after.grid_state.tap_positions == before.grid_state.tap_positions
    return refused


def test_commands_that_openg2g_would_ignore_or_choke_on_are_refused_and_change_nothing(
    processes: ProcessPoolExecutor,
) -> None:
    refused = in_process(processes, _refusals)
    assert len(refused) == 6
    assert "creg9z" in refused[0]
    assert "GPT-1" in refused[2]
    assert "batch size 7" in refused[3]
    assert "rating" in refused[5]


def _over_subscribed() -> str:
    simulation = started("ieee13")
    site = simulation.datacenters["default"].backend
    simulation.coordinator.dispatch_commands(
        [ShiftReplicas(model_label="Llama-3.1-8B", replica_delta=9000, target=site)]
    )
    try:
        simulation.coordinator.step()
    except EngineError as error:
        return str(error)
    return "none"


def test_replicas_beyond_the_servers_end_in_a_reason(processes: ProcessPoolExecutor) -> None:
    assert in_process(processes, _over_subscribed).startswith("default has not enough servers")


def _kept() -> int:
    simulation = started("ieee123-storage-pv", {"duration_s": 20})
    for _ in range(150):
        simulation.coordinator.step()
    backends = [site.backend for site in simulation.datacenters.values()]
    return sum(len(part.history()) for part in [simulation.grid, *backends])


def test_no_history_is_kept(processes: ProcessPoolExecutor) -> None:
    assert in_process(processes, _kept) == 0
