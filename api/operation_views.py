"""Operation objects of the protocol, made from what the broker knows."""

from __future__ import annotations

from typing import Any

import orjson

from gridcast.broadcaster.analyses import AnalysisState
from gridcast.broadcaster.operation_events import progress_of

from .analyses import channel_at, state_at, told_of
from .services import Services
from .views import Base

_OPTIONAL = ("reason", "started", "ended")


async def operation_state(services: Services, operation_id: str) -> AnalysisState:
    """What the broker knows of an operation. Raises `NoChannel`."""
    return await state_at(services, channel_at("operation", operation_id))


def operation_object(state: AnalysisState, *, base: Base) -> dict[str, Any]:
    """One operation, without its result."""
    record, told = state.record, state.told
    found = {
        **told_of(state, base=base),
        "op": record["op"],
        "config": record["config"],
        "progress": told.get("progress") or progress_of(0, record["steps"], "queued"),
        "simulations": told.get("simulations", 0),
        "cached": told.get("cached", 0),
    }
    return {name: value for name, value in found.items() if value is not None or name not in _OPTIONAL}


async def whole_operation(services: Services, state: AnalysisState, *, base: Base) -> dict[str, Any]:
    """One operation, with its result where it completed and the broker keeps it still."""
    found = operation_object(state, base=base)
    if state.status == "completed":
        # It stands in the last entry, and there alone: states are read by the hundred, and results are large.
        for entry in await services.channels.page(state.channel, after=state.head - 1):
            found["result"] = orjson.loads(entry.data)["result"]
    return found
