"""One simulation, built and ready to start: the coordinator and the names by which the wire calls its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from openg2g.controller.base import Controller
from openg2g.datacenter.offline import OfflineDatacenter
from openg2g.grid.base import GridState
from openg2g.grid.storage import BatteryStorage

from gridcast.scenarios import ScenarioConfig

from .fast_coordinator import FastCoordinator
from .fast_grid import FastGrid, RowVoltages
from .workload import WorkloadName

Phase = Literal["a", "b", "c"]
PHASES: tuple[Phase, Phase, Phase] = ("a", "b", "c")


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """What the wire tells about one model of a datacenter."""

    label: str
    gpus_per_replica: int
    itl_deadline_s: float
    feasible_batch_sizes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Site:
    """A datacenter: its OpenG2G backend (the `target` of commands), its bus, and its models in scenario order."""

    name: str
    bus: str
    backend: OfflineDatacenter
    models: tuple[ModelInfo, ...]


@dataclass(frozen=True, kw_only=True)
class StorageSite:
    """A battery: its OpenG2G resource (the `storage` of commands; `.state` is the last observation) and its bus."""

    name: str
    bus: str
    rated_power_kw: float
    capacity_kwh: float
    resource: BatteryStorage


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A scenario as OpenG2G objects. The mappings are in scenario order and keyed by the names of the wire.

    Nothing runs yet: the caller drives `coordinator` through reset, start, step (or run_iter) and stop. One
    process holds one started simulation at a time, because OpenDSS is one engine per process.
    """

    config: ScenarioConfig
    workload: WorkloadName
    coordinator: FastCoordinator
    grid: FastGrid
    datacenters: Mapping[str, Site]
    storages: Mapping[str, StorageSite]
    controllers: Mapping[str, Controller[Any, Any]]
    regulators: tuple[str, ...]

    @property
    def bus_phases(self) -> tuple[tuple[str, Phase], ...]:
        """The monitored (bus, phase) pairs in `v_index` order; known once the coordinator has started."""
        return tuple((bus, PHASES[phase - 1]) for bus, phase in self.grid.v_index)

    def voltages_pu(self, state: GridState) -> NDArray[np.float64]:
        """Voltages of one of this simulation's states in `bus_phases` order; read-only, and made when asked for."""
        return cast("RowVoltages", state.voltages).monitored_pu

    def taps(self, state: GridState) -> list[float]:
        """Tap ratios of one state, in the order of `regulators`."""
        ratios = state.tap_positions.regulators
        return [ratios[name] for name in self.regulators]
