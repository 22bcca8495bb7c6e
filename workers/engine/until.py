"""What a `run_until` waits for: a time, or a voltage that leaves a bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .arguments import fields, number, one_of
from .simulation import PHASES, Phase
from .steer import Args, Refused

LOWEST_PU = 0.5
HIGHEST_PU = 1.5
"""Bounds that a scenario may have too; no feeder that still works gets there."""

_FORMS = '{"t_s"} or {"bus", "phase"?, "below" or "above"}'


class Condition(Protocol):
    """Something that holds or not after a tick; immutable."""

    def holds(self, t_next_s: float, voltages: NDArray[np.float64] | None) -> bool:
        """Whether the run shall pause here.

        `t_next_s` is the simulated time of the next tick, as the coordinator's clock tells it (a product of tick number
        and period is not exact enough). `voltages` are those of the tick just done in pu, in `bus_phases` order; None where
        the grid was not due.
        """

    def as_args(self) -> dict[str, Any]:
        """The arguments of the command, from which `parse_until` makes the same condition."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeReached:
    """Every tick before `t_s` is done, and none from then on; at the end of the run it completes instead."""

    t_s: float

    def holds(self, t_next_s: float, voltages: NDArray[np.float64] | None) -> bool:
        """See `Condition`."""
        return t_next_s >= self.t_s

    def as_args(self) -> dict[str, Any]:
        """See `Condition`."""
        return {"t_s": self.t_s}


@dataclass(frozen=True, kw_only=True, slots=True)
class VoltageCrossed:
    """A voltage of the bus (of its one phase, or of any) is below, or above, a bound; exactly one bound is given."""

    bus: str
    phase: Phase | None
    below: float | None
    above: float | None
    columns: tuple[int, ...]
    """Where the voltages stand in `bus_phases`."""

    def holds(self, t_next_s: float, voltages: NDArray[np.float64] | None) -> bool:
        """See `Condition`."""
        if voltages is None:
            return False
        if self.below is not None:
            return any(voltages[column] < self.below for column in self.columns)
        return any(voltages[column] > self.above for column in self.columns)

    def as_args(self) -> dict[str, Any]:
        """See `Condition`."""
        given = {"bus": self.bus, "phase": self.phase, "below": self.below, "above": self.above}
        return {name: value for name, value in given.items() if value is not None}


def parse_until(
    args: Args, *, bus_phases: Sequence[tuple[str, Phase]], t_next_s: float, end_s: float
) -> Condition:
    """The condition that the arguments of a `run_until` describe.

    `bus_phases` are the monitored ones, `t_next_s` is the time of the next tick, `end_s` the duration of the run.

    Raises:
        Refused: it is none, or none that this run can meet.
    """
    if "t_s" in args:
        return _time(args, t_next_s, end_s)
    if "bus" in args:
        return _voltage(args, bus_phases)
    fields(args, optional=("t_s", "bus", "phase", "below", "above"))
    raise Refused(f"run_until needs {_FORMS}")


def _time(args: Args, t_next_s: float, end_s: float) -> TimeReached:
    if len(args) > 1:
        raise Refused(f"t_s stands alone; run_until takes {_FORMS}")
    t_s = number("t_s", args["t_s"], 0.0, end_s, unit=" s")
    if t_s <= t_next_s:
        raise Refused(
            f"t_s is {t_s:.10g}, but the simulation is at {t_next_s:.10g} s already; allowed are later times "
            f"up to {end_s:.10g} s"
        )
    return TimeReached(t_s=t_s)


def _voltage(args: Args, bus_phases: Sequence[tuple[str, Phase]]) -> VoltageCrossed:
    fields(args, "bus", optional=("phase", "below", "above"))
    bus = one_of("bus", _bus_name(args["bus"]), list(dict.fromkeys(bus for bus, _ in bus_phases)))
    columns = {phase: column for column, (at, phase) in enumerate(bus_phases) if at == bus}
    phase = None
    if "phase" in args:
        named = one_of(f"the phase of bus {bus}", args["phase"], columns)
        phase = next(known for known in PHASES if known == named)
    bounds = [name for name in ("below", "above") if name in args]
    if len(bounds) != 1:
        raise Refused(f"{len(bounds)} bounds are given; needed is exactly one of below and above, in pu")
    bound = number(bounds[0], args[bounds[0]], LOWEST_PU, HIGHEST_PU, unit=" pu")
    return VoltageCrossed(
        bus=bus,
        phase=phase,
        below=bound if bounds == ["below"] else None,
        above=bound if bounds == ["above"] else None,
        columns=tuple(columns.values()) if phase is None else (columns[phase],),
    )


def _bus_name(value: object) -> object:
    """As scenarios take them: 671 is a name that a command line reads as a number, and case does not matter."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return str(value)
    return value.lower() if isinstance(value, str) else value
