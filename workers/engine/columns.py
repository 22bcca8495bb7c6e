"""The numbers of consecutive ticks as one matrix, from which stream, digest and summary are made.

One row a tick, float64, NaN where a number does not exist or its component was not due. The columns, in schema order:
`t_s`; the voltage in pu of each bus-phase; for each datacenter the power in W of phases a, b, c and then, each for all
models, batch size, replicas, latency in s, power in W; the ratio of each regulator; for each storage kW, kvar, charge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from openg2g.coordinator import TickOutput
from openg2g.datacenter.command import DatacenterCommand, SetBatchSize, ShiftReplicas
from openg2g.datacenter.offline import OfflineDatacenterState
from openg2g.events import SimEvent
from openg2g.grid.base import GridState
from openg2g.grid.command import GridCommand, SetStoragePower, SetTaps

from .simulation import Simulation

Output: TypeAlias = TickOutput[OfflineDatacenterState, GridState]
_STORAGE_COLUMNS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteColumns:
    """Where one datacenter's numbers stand; each slice but `power_w` has one column for each label."""

    labels: tuple[str, ...]
    power_w: slice
    batch: slice
    replicas: slice
    itl_s: slice
    model_power_w: slice


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Which number stands in which column; fixed for a whole run."""

    width: int
    voltages: slice
    sites: Mapping[str, SiteColumns]
    regulators: tuple[str, ...]
    taps: slice
    storages: Mapping[str, slice]

    @classmethod
    def of(cls, simulation: Simulation) -> Layout:
        """The layout of a simulation that has started."""
        at = 1

        def take(count: int) -> slice:
            nonlocal at
            at += count
            return slice(at - count, at)

        voltages = take(len(simulation.bus_phases))
        sites = {}
        for name, site in simulation.datacenters.items():
            labels = tuple(model.label for model in site.models)
            n = len(labels)
            sites[name] = SiteColumns(
                labels=labels,
                power_w=take(3),
                batch=take(n),
                replicas=take(n),
                itl_s=take(n),
                model_power_w=take(n),
            )
        return cls(
            voltages=voltages,
            sites=sites,
            regulators=tuple(simulation.regulators),
            taps=take(len(simulation.regulators)),
            storages={name: take(_STORAGE_COLUMNS) for name in simulation.storages},
            width=at,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """Something that touched the simulation: it took effect in `tick`."""

    tick: int
    by: str
    command: str
    args: Mapping[str, Any]
    command_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Ticks `first`, `first + 1`, ...: `numbers` as the module says; `site_due` and `grid_due` tell which rows exist."""

    first: int
    layout: Layout
    numbers: NDArray[np.float64]
    grid_due: NDArray[np.bool_]
    site_due: Mapping[str, NDArray[np.bool_]]
    events: Sequence[SimEvent]
    controls: Sequence[Control]

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(slots=True)
class _Gathered:
    outputs: list[Output] = field(default_factory=list)
    events: list[SimEvent] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    storage: list[float] = field(default_factory=list)


class Gatherer:
    """Collects ticks one by one, cheaply, and hands them over as blocks."""

    def __init__(self, simulation: Simulation, layout: Layout) -> None:
        self._simulation = simulation
        self._layout = layout
        self._names: dict[int, str] = {
            **{id(site.backend): name for name, site in simulation.datacenters.items()},
            **{id(storage.resource): name for name, storage in simulation.storages.items()},
        }
        self._resources = [storage.resource for storage in simulation.storages.values()]
        self._first = 0
        self._gathered = _Gathered()

    def __len__(self) -> int:
        """Number of ticks gathered."""
        return len(self._gathered.outputs)

    def add(self, output: Output) -> None:
        """Take what one step returned; must be called before the next step."""
        gathered = self._gathered
        gathered.outputs.append(output)
        if output.sim_events:
            gathered.events += output.sim_events
        if output.commands:
            tick = self._first + len(gathered.outputs) - 1
            for source, command in zip(
                self._simulation.coordinator.command_sources, output.commands, strict=True
            ):
                name, args = self._named(command)
                gathered.controls.append(
                    Control(tick=tick, by=f"controller:{source}", command=name, args=args)
                )
        if self._resources and output.grid_state is not None:
            for resource in self._resources:
                state = resource.state
                gathered.storage += (
                    (state.power_kw, state.reactive_power_kvar, state.soc) if state else (np.nan,) * 3
                )

    def control(self, control: Control) -> None:
        """Take what a person did to the simulation before the next tick."""
        self._gathered.controls.append(control)

    def event(self, event: SimEvent) -> None:
        """Take an event of the session itself."""
        self._gathered.events.append(event)

    @property
    def next_tick(self) -> int:
        """Number of the tick that `add` expects."""
        return self._first + len(self._gathered.outputs)

    def take(self) -> Block:
        """Everything gathered since the last call, as one block."""
        gathered, self._gathered = self._gathered, _Gathered()
        outputs, layout, first = gathered.outputs, self._layout, self._first
        self._first += len(outputs)
        # What was done before the next tick belongs to the block that has that tick.
        self._gathered.controls = [control for control in gathered.controls if control.tick >= self._first]
        controls = [control for control in gathered.controls if control.tick < self._first]
        numbers = np.full((len(outputs), layout.width), np.nan)
        numbers[:, 0] = [output.t_s for output in outputs]
        states = [output.grid_state for output in outputs if output.grid_state is not None]
        grid_due = np.array([output.grid_state is not None for output in outputs])
        if states:
            rows = slice(None) if len(states) == len(outputs) else grid_due
            voltages = np.concatenate([self._simulation.voltages_pu(state) for state in states])
            numbers[rows, layout.voltages] = voltages.reshape(len(states), -1)
            if layout.regulators:
                numbers[rows, layout.taps] = [self._simulation.taps(state) for state in states]
            if layout.storages:
                start = layout.taps.stop
                numbers[rows, start:] = np.array(gathered.storage).reshape(len(states), -1)
        site_due = {name: self._fill_site(numbers, outputs, name) for name in layout.sites}
        numbers[np.isnan(numbers)] = np.nan  # one bit pattern for "no number": the digest is over bits
        return Block(
            first=first,
            layout=layout,
            numbers=numbers,
            grid_due=grid_due,
            site_due=site_due,
            events=gathered.events,
            controls=controls,
        )

    def _fill_site(
        self, numbers: NDArray[np.float64], outputs: Sequence[Output], name: str
    ) -> NDArray[np.bool_]:
        columns = self._layout.sites[name]
        labels = columns.labels
        flat: list[float] = []
        due = np.array([name in output.dc_states for output in outputs])
        for output in outputs:
            state = output.dc_states.get(name)
            if state is not None:
                power = state.power_w
                flat += (power.a, power.b, power.c)
                flat += map(state.batch_size_by_model.__getitem__, labels)
                flat += map(state.active_replicas_by_model.__getitem__, labels)
                flat += map(state.observed_itl_s_by_model.__getitem__, labels)
                flat += map(state.power_by_model_w.__getitem__, labels)
        if flat:
            width = 3 + 4 * len(labels)
            start = columns.power_w.start
            rows = slice(None) if due.all() else due
            numbers[rows, start : start + width] = np.array(flat, dtype=np.float64).reshape(-1, width)
        return due

    def _named(self, command: DatacenterCommand | GridCommand) -> tuple[str, dict[str, Any]]:
        """A command of OpenG2G as the wire tells it: names in place of objects."""
        match command:
            case SetBatchSize():
                return "set_batch_size", {
                    "datacenter": self._names[id(command.target)],
                    "batch_size_by_model": command.batch_size_by_model,
                }
            case ShiftReplicas():
                return "shift_replicas", {
                    "datacenter": self._names[id(command.target)],
                    "model": command.model_label,
                    "replica_delta": command.replica_delta,
                }
            case SetTaps():
                return "set_taps", {"regulators": command.tap_position.regulators}
            case SetStoragePower():
                return "set_storage_power", {
                    "storage": self._names[id(command.storage)],
                    "power_kw": command.power_kw,
                    "reactive_power_kvar": command.reactive_power_kvar,
                }
        raise TypeError(f"a controller emitted {type(command).__name__}, which has no name on the wire")
