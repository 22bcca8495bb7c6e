"""OpenG2G's power flow, stepped with less work and the same bits, and never trusted blindly.

What is saved: loads are reached by index, taps are read only after they were set, voltages stay the array that OpenDSS
gave until somebody asks for a bus, and no history is kept. What is added: every solution is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from opendssdirect import DSSException
from openg2g.clock import SimulationClock
from openg2g.common import ThreePhase
from openg2g.datacenter.base import DatacenterBackend
from openg2g.events import EventEmitter
from openg2g.grid.base import BusVoltages, GridState, PhaseVoltages
from openg2g.grid.command import GridCommand, SetStoragePower, SetTaps
from openg2g.grid.config import TapPosition
from openg2g.grid.opendss import OpenDSSGrid, dss

from .errors import PowerFlowDiverged, RefusedCommand

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PLAUSIBLE_PU = 3.0
"""No voltage of a solution that means anything reaches this."""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Where the voltages of buses and of monitored bus-phases stand in OpenDSS's array of nodes."""

    buses: Sequence[str]
    at_bus: Ints
    """One row a bus, one column a phase; -1 where the bus lacks the phase."""
    monitored: Ints


class RowVoltages(BusVoltages):  # type: ignore[misc]  # OpenG2G has no type information
    """`BusVoltages` of one power flow; the map of buses is made when somebody asks for a bus."""

    def __init__(self, nodes: Nodes, nodes_pu: Floats) -> None:
        # a frozen dataclass sets no attributes the usual way
        self.__dict__["nodes"] = nodes
        self.__dict__["nodes_pu"] = nodes_pu

    @cached_property
    def monitored_pu(self) -> Floats:
        """Voltages in `v_index` order."""
        found: Floats = self.__dict__["nodes_pu"][self.__dict__["nodes"].monitored]
        found.flags.writeable = False
        return found

    @cached_property
    def _data(self) -> dict[str, PhaseVoltages]:
        nodes: Nodes = self.__dict__["nodes"]
        table = np.append(self.__dict__["nodes_pu"], np.nan)[nodes.at_bus].tolist()
        return {bus: PhaseVoltages(a=a, b=b, c=c) for bus, (a, b, c) in zip(nodes.buses, table, strict=True)}


class FastGrid(OpenDSSGrid):  # type: ignore[misc]  # OpenG2G has no type information
    """`OpenDSSGrid` whose states are bit-identical, for a case given as text; regulator controls stay off.

    `step` raises PowerFlowDiverged for a solution that did not converge or has impossible voltages. Commands that
    OpenG2G ignores in part are refused. `history()` stays empty.
    """

    def __init__(self, *, case: str, **kwargs: Any) -> None:
        super().__init__(dss_case_dir=Path(), **kwargs)
        if self._dss_controls:
            raise ValueError("taps are read only when they were set: OpenDSS's own controls must be off")
        self._case = case
        self._observers: list[Callable[[Floats], None]] = []
        self._forget()

    def _forget(self) -> None:
        self._clock: SimulationClock | None = None
        self._row: RowVoltages | None = None
        self._taps: TapPosition | None = None

    def on_solved(self, observer: Callable[[Floats], None]) -> None:
        """Have `observer` called with the array of node voltages (pu) after every step; see `node_of`."""
        self._observers.append(observer)

    def nodes_of(self, bus: str) -> Ints:
        """Positions of the phases of a bus in the array of nodes; known once started."""
        at_bus: Ints = self._nodes.at_bus[self.all_buses.index(bus.lower())]
        return at_bus[at_bus >= 0]

    def reset(self) -> None:
        """Back to the initial conditions."""
        super().reset()
        self._forget()

    def start(self) -> None:
        """Compile the case and solve it once."""
        self._forget()
        # The checked calls of OpenDSSDirect cost more than the work that they do.
        self._lib = dss.Loads._lib
        # Compiling would move the process into the folder, which is gone a moment later.
        dss.Basic.AllowChangeDir(False)
        with TemporaryDirectory(prefix="gridcast-case-") as folder:
            self._case_dir = folder
            (Path(folder) / self._master).write_text(self._case, "utf-8")
            super().start()
        self._nodes = Nodes(
            buses=tuple(self.all_buses), at_bus=self._snap_indices, monitored=self._v_index_to_vmag
        )
        self._lib = dss.Loads._lib  # the checked calls of OpenDSSDirect cost more than the work that they do
        self._dc_loads = [
            (dc, _indices(att.load_names), att.tanphi) for dc, att in self._dc_attachments.items()
        ]
        self._profiles = [
            *(
                (att.generator.power_kw, _indices(att.load_names), att.tanphi, -1.0)
                for att in self._gen_attachments
            ),
            *(
                (att.load.power_kw, _indices(att.load_names), att.tanphi, 1.0)
                for att in self._load_attachments
            ),
        ]
        self._nodes_pu()

    def step(
        self,
        clock: SimulationClock,
        power_samples_w: dict[DatacenterBackend, list[ThreePhase]],
        events: EventEmitter,
    ) -> GridState:
        """Advance one period with the last power of each datacenter."""
        t_s = clock.time_s
        self._set_loads(t_s, power_samples_w)
        for att in self._storage_attachments:
            self._set_storage_dispatch(att, t_s)
        row = self._solved(clock)
        self._finish_storage_timestep(t_s)
        if self._taps is None:
            self._taps = self._read_current_taps()
        return GridState(time_s=t_s, voltages=row, tap_positions=self._taps)

    def voltages_vector(self) -> Floats:
        """Voltages in pu in `v_index` order, of the last power flow."""
        if self._row is None:  # solved by OpenG2G's own code, while it starts or estimates
            found: Floats = self._nodes_pu()[self._v_index_to_vmag]
            return found
        return self._row.monitored_pu

    def estimate_sensitivity(
        self, perturbation_kw: float = 100.0, dc: DatacenterBackend | None = None
    ) -> tuple[Floats, Floats]:
        """As OpenG2G's; it solves a few power flows of its own, each of which is checked too."""
        self._row = None
        estimated: tuple[Floats, Floats] = super().estimate_sensitivity(perturbation_kw, dc)
        self._row = RowVoltages(self._nodes, self._nodes_pu())
        return estimated

    def apply_control(self, command: GridCommand, events: EventEmitter) -> None:
        """Apply a command; RefusedCommand, and no change, for what OpenG2G would ignore."""
        match command:
            case SetTaps():
                known = self._reg_map or {}
                try:
                    wanted = self._tap_position_to_reg_dict(command.tap_position)
                except ValueError as error:
                    raise RefusedCommand(str(error)) from error
                if unknown := [name for name in wanted if name not in known]:
                    raise RefusedCommand(f"no regulator {', '.join(unknown)}; regulators: {', '.join(known)}")
                self._taps = None
                self.apply_control_set_taps(command, events)
            case SetStoragePower():
                try:
                    self.apply_control_set_storage_power(command, events)
                except ValueError as error:
                    raise RefusedCommand(str(error)) from error
            case _:
                raise RefusedCommand(f"the grid does not know the command {type(command).__name__}")

    def _set_loads(self, t_s: float, power_samples_w: dict[DatacenterBackend, list[ThreePhase]]) -> None:
        activate, set_kw, set_kvar = self._lib.Loads_Set_idx, self._lib.Loads_Set_kW, self._lib.Loads_Set_kvar
        previous = self._prev_power
        for dc, indices, tanphi in self._dc_loads:
            if samples := power_samples_w.get(dc):
                previous[dc] = samples[-1]
            power = previous[dc]
            for index, power_w in zip(indices, (power.a, power.b, power.c), strict=True):
                kw = power_w / 1e3
                activate(index)
                set_kw(kw)
                set_kvar(kw * tanphi)
        for power_kw, indices, tanphi, sign in self._profiles:
            kw = power_kw(t_s)
            kvar = kw * tanphi
            for index in indices:
                activate(index)
                set_kw(sign * kw)
                set_kvar(sign * kvar)

    def _solved(self, clock: SimulationClock) -> RowVoltages:
        self._clock = clock
        self._solve()
        nodes_pu = self._nodes_pu()
        self._row = RowVoltages(self._nodes, nodes_pu)
        for observer in self._observers:
            observer(nodes_pu)
        return self._row

    def _solve(self) -> None:
        try:
            super()._solve()
        except DSSException as error:
            raise self._diverged(str(error)) from error

    def _nodes_pu(self) -> Floats:
        """Voltages of all nodes, of a solution that can be believed."""
        nodes_pu: Floats = dss.Circuit.AllBusMagPu()
        if not self._lib.Solution_Get_Converged():
            raise self._diverged(f"no convergence within {dss.Solution.MaxIterations()} iterations")
        highest_pu = nodes_pu.max()
        if not highest_pu < PLAUSIBLE_PU:  # NaN is not less either
            raise self._diverged(f"a voltage of {highest_pu:.3g} pu")
        return nodes_pu

    def _diverged(self, reason: str) -> PowerFlowDiverged:
        if self._clock is None:
            return PowerFlowDiverged(tick=0, t_s=0.0, reason=reason)
        return PowerFlowDiverged(tick=self._clock.step, t_s=self._clock.time_s, reason=reason)


def _indices(load_names: Sequence[str]) -> tuple[int, ...]:
    """OpenDSS's own numbers of loads."""
    found = []
    for name in load_names:
        dss.Loads.Name(name)
        found.append(dss.Loads.Idx())
    return tuple(found)
