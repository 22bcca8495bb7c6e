"""Everything that people can command, in one place: how time passes, and what the simulation does."""

from __future__ import annotations

from typing import Any, Final

from gridcast.scenarios.errors import listed, shown

from .columns import Control, Gatherer
from .controls import CONTROLS, apply_control
from .past import Deed
from .simulation import Simulation
from .steer import COMMANDS, Refused, Steering
from .until import parse_until

RUN_UNTIL: Final = "run_until"
KNOWN: Final = (*COMMANDS, RUN_UNTIL, *CONTROLS)


class Helm:
    """Applies commands to a started simulation and its steering, each checked before it touches anything."""

    def __init__(self, simulation: Simulation, steering: Steering, gatherer: Gatherer) -> None:
        self._simulation = simulation
        self._steering = steering
        self._gatherer = gatherer
        self._bus_phases = simulation.bus_phases
        self._end_s = float(simulation.config.duration_s)

    def apply(self, deed: Deed) -> dict[str, Any]:
        """Carry a command out before the tick whose turn it is; answers with its arguments as they took effect.

        Raises:
            Refused: nothing changed.
        """
        command, args = deed.command, deed.args
        if command not in KNOWN:
            raise Refused(f"unknown command {shown(command)}; allowed: {listed(KNOWN)}")
        if command in COMMANDS:
            self._steering.apply(command, args)
            return dict(args)
        self._steering.check_open()
        if command == RUN_UNTIL:
            condition = parse_until(
                args,
                bus_phases=self._bus_phases,
                t_next_s=self._simulation.coordinator.clock.time_s,
                end_s=self._end_s,
            )
            self._steering.run_until(condition)
            return condition.as_args()
        done = apply_control(self._simulation, command, args)
        self._gatherer.control(
            Control(tick=deed.tick, by=deed.by, command=command, args=done, command_id=deed.command_id)
        )
        return done
