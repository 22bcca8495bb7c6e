"""Why a session failed, in words on which a person can act."""

from __future__ import annotations

from gridcast.scenarios import ScenarioError

from .errors import EngineError, PowerFlowDiverged


def reason_of(error: BaseException, *, tick: int, t_s: float) -> str:
    """`error` ended the session while tick `tick`, at `t_s`, was next."""
    match error:
        case PowerFlowDiverged():
            return f"{error}. The feeder cannot carry this: less load, other taps or more storage may help."
        case EngineError():
            return str(error)
        case ScenarioError():
            return f"the scenario cannot be run: {error}"
        case MemoryError():
            return (
                f"out of memory at tick {tick} ({t_s:g} s): the session's process could get no more. "
                "Run fewer sessions at once (--slots) or a smaller scenario."
            )
    said = f": {error}" if str(error) else ""
    return (
        f"unexpected error at tick {tick} ({t_s:g} s): {type(error).__name__}{said[:300]}. "
        "This is a fault of Gridcast or OpenG2G; the worker's log has the details."
    )
