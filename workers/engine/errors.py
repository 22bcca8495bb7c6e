"""What can go wrong while a simulation is built or stepped; the message is the reason that a person reads."""

from __future__ import annotations

from gridcast.broadcaster.errors import GridcastError


class EngineError(GridcastError):
    """A simulation that cannot be built, or cannot go on."""


class WorkloadUnavailable(EngineError):
    """Traces that should have been downloaded could not be."""


class PowerFlowDiverged(EngineError):
    """The power flow of a tick has no solution that means anything; the simulation cannot go on from here."""

    def __init__(self, *, tick: int, t_s: float, reason: str) -> None:
        self.tick = tick
        self.t_s = t_s
        self.reason = reason
        super().__init__(f"the power flow failed at tick {tick} ({t_s:g} s): {reason}")


class RefusedCommand(EngineError):
    """A command that OpenG2G would ignore in part or choke on later; it has changed nothing."""


class CannotContinue(EngineError):
    """A session that another attempt began and that cannot be continued here with the same results."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the session cannot be continued here: {why}. Start it again, or fork it.")
