"""OpenG2G's coordinator, stepped with integers, without history, and with controllers that can be switched off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from openg2g.clock import SimulationClock
from openg2g.controller.base import Controller
from openg2g.coordinator import Coordinator, TickOutput
from openg2g.datacenter.command import DatacenterCommand
from openg2g.datacenter.offline import OfflineDatacenter, OfflineDatacenterState
from openg2g.grid.base import GridState
from openg2g.grid.command import GridCommand
from openg2g.grid.opendss import OpenDSSGrid

Tick: TypeAlias = TickOutput[OfflineDatacenterState, GridState]
Command: TypeAlias = DatacenterCommand | GridCommand


class FastClock(SimulationClock):  # type: ignore[misc]  # OpenG2G has no type information
    """`SimulationClock` without fractions: a quotient of two integers is rounded as the fraction's float is."""

    def __init__(self, tick: Fraction) -> None:
        super().__init__(tick_s=tick)
        self._numerator, self._denominator = tick.numerator, tick.denominator

    @property
    def time_s(self) -> float:
        """Simulated time in seconds."""
        step: int = self._step
        return step * self._numerator / self._denominator


@dataclass(kw_only=True)
class _Controlled:
    name: str
    controller: Controller[Any, Any]
    period: int
    enabled: bool


class FastCoordinator(Coordinator[OfflineDatacenterState, GridState]):  # type: ignore[misc]  # as above
    """`Coordinator` with bit-identical outputs; `history()` of its parts stays empty.

    Controllers have names. A disabled one is not stepped and keeps its state.
    """

    def __init__(
        self,
        *,
        datacenters: Sequence[OfflineDatacenter],
        grid: OpenDSSGrid,
        controllers: Mapping[str, Controller[Any, Any]],
        disabled: Sequence[str] = (),
        total_duration_s: int,
    ) -> None:
        super().__init__(
            datacenters=datacenters,
            grid=grid,
            controllers=list(controllers.values()),
            total_duration_s=total_duration_s,
        )
        self._tick: Fraction = self.clock.tick_s
        self.clock: FastClock = FastClock(self._tick)
        self._steps = [(dc, self._ticks(dc.dt_s)) for dc in datacenters]
        self._grid_ticks = self._ticks(grid.dt_s)
        self._controlled = [
            _Controlled(
                name=name,
                controller=controller,
                period=self._ticks(controller.dt_s),
                enabled=name not in disabled,
            )
            for name, controller in controllers.items()
        ]
        self._by_name = {controlled.name: controlled for controlled in self._controlled}
        self._sources: list[str] = []

    @property
    def n_ticks(self) -> int:
        """Ticks of the whole run."""
        return int(self.total_duration_s / self._tick)

    @property
    def command_sources(self) -> Sequence[str]:
        """For each of the last tick's commands, in their order, the name of the controller that gave it."""
        return self._sources

    @property
    def enabled(self) -> Mapping[str, bool]:
        """Controller -> does it step?"""
        return {controlled.name: controlled.enabled for controlled in self._controlled}

    def set_enabled(self, controller: str, enabled: bool) -> None:
        """Skip a controller's steps from the next tick on, or let it go on with the state it has; KeyError if unknown."""
        self._by_name[controller].enabled = enabled

    def step(self) -> Tick:
        """Advance by one tick."""
        if self._sink is None:
            raise RuntimeError("the coordinator must be started before it can step")
        clock = self.clock
        tick: int = clock.step
        t_s = clock.time_s
        dc_states: dict[str, OfflineDatacenterState] = {}
        for dc, period in self._steps:
            if tick % period == 0:
                # what do_step does, without a history that grows for ever
                dc._state = state = dc.step(clock, self._dc_events)
                self._dc_buffers[dc].append(state.power_w)
                dc_states[dc.name] = state
        grid_state: GridState | None = None
        if tick % self._grid_ticks == 0:
            self.grid._state = grid_state = self.grid.step(clock, self._dc_buffers, self._grid_events)
            for samples in self._dc_buffers.values():
                samples.clear()
        commands: list[Command] = []
        self._sources = []
        for controlled in self._controlled:
            if tick % controlled.period == 0 and controlled.enabled:
                given = controlled.controller.step(clock, self._controller_events)
                if given:
                    self.dispatch_commands(given)
                    commands.extend(given)
                    self._sources.extend([controlled.name] * len(given))
        sim_events = self._sink.drain()
        clock.advance()
        return TickOutput(
            t_s=t_s, dc_states=dc_states, grid_state=grid_state, commands=commands, sim_events=sim_events
        )

    def _ticks(self, period: Fraction) -> int:
        return int(period / self._tick)
