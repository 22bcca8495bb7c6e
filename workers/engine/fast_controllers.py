"""OpenG2G's controllers that read many voltages, on arrays instead of maps; same decisions, same bits."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openg2g.clock import SimulationClock
from openg2g.controller.storage import LocalVoltageStorageDroopController
from openg2g.datacenter.command import DatacenterCommand
from openg2g.events import EventEmitter
from openg2g.grid.command import GridCommand

from .fast_grid import FastGrid

Floats = NDArray[np.float64]


class FastStorageDroop(LocalVoltageStorageDroopController):  # type: ignore[misc]  # OpenG2G has no type information
    """The droop controller on a window of its own: the lowest phase voltage of each battery's bus at every power flow.

    OpenG2G reads the window from the history of the grid, which grows for ever. This one is emptied by every step;
    while the controller is disabled it grows by 8 bytes a battery and power flow.
    """

    def __init__(self, *, grid: FastGrid, **kwargs: Any) -> None:
        super().__init__(grid=grid, **kwargs)
        self._flows = grid
        self._buses = [controlled.bus for controlled in self._storages]
        self._seen = array("d")
        self._grid = self  # OpenG2G asks its grid for history() alone
        grid.on_solved(self._observe)

    def reset(self) -> None:
        """Back to the initial conditions."""
        super().reset()
        del self._seen[:]

    def start(self) -> None:
        """Look up where the batteries are."""
        self._nodes = np.stack([self._flows.nodes_of(bus) for bus in self._buses])

    def step(self, clock: SimulationClock, events: EventEmitter) -> list[DatacenterCommand | GridCommand]:
        """Answer the voltages since the last step."""
        self._history_cursor = 0
        commands: list[DatacenterCommand | GridCommand] = super().step(clock, events)
        del self._seen[:]
        return commands

    def history(self) -> range:
        """The power flows since the last step, by number."""
        return range(len(self._seen) // len(self._buses))

    def _observe(self, nodes_pu: Floats) -> None:
        self._seen.extend(nodes_pu.take(self._nodes).min(axis=1).tolist())

    def _state_local_voltage_pu(self, state: int, storage_bus: str) -> float:
        return self._seen[state * len(self._buses) + self._buses.index(storage_bus)]
