"""Gridcast's client: speaks the protocol (HTTP and WebSocket), imports nothing else of Gridcast.

`Client` and `AsyncClient` are for people who write scripts and notebooks (docs/sdk.md); `Service`, `follow` and `steer`
are the thin layer below, in documents as they travel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import (
    ClientError,
    CommandRejected,
    MissingLibrary,
    NoService,
    OperationFailed,
    Problem,
    RunFailed,
    StreamRefused,
    TaskFailed,
    Unreachable,
)
from .follow import follow
from .service import Readiness, Service
from .steering import steer
from .types import JSON, Entry, JSONObject

if TYPE_CHECKING:
    from .aio import AsyncClient
    from .comparison import Comparison
    from .history import History
    from .messages import CommandAnswer, Control, Event, Gap, Rewind, Schema, Status, Summary
    from .operation import AsyncOperation, OperationInfo, Progress
    from .results import Characterization, Heatmap, Place, Scan, Verification
    from .run import AsyncRun
    from .sent import AsyncSent
    from .sequel import Item
    from .session import Scenario, Session, Viewer, Wheel
    from .sync import Client
    from .sync_operation import Operation
    from .sync_run import Run, Sent
    from .sync_task import Task
    from .task import AsyncTask, Experiment, TaskEvent, TaskInfo
    from .ticks import Ticks

__all__ = [
    "JSON",
    "AsyncClient",
    "AsyncOperation",
    "AsyncRun",
    "AsyncSent",
    "AsyncTask",
    "Characterization",
    "Client",
    "ClientError",
    "CommandAnswer",
    "CommandRejected",
    "Comparison",
    "Control",
    "Entry",
    "Event",
    "Experiment",
    "Gap",
    "Heatmap",
    "History",
    "Item",
    "JSONObject",
    "MissingLibrary",
    "NoService",
    "Operation",
    "OperationFailed",
    "OperationInfo",
    "Place",
    "Problem",
    "Progress",
    "Readiness",
    "Rewind",
    "Run",
    "RunFailed",
    "Scan",
    "Scenario",
    "Schema",
    "Sent",
    "Service",
    "Session",
    "Status",
    "StreamRefused",
    "Summary",
    "Task",
    "TaskEvent",
    "TaskFailed",
    "TaskInfo",
    "Ticks",
    "Unreachable",
    "Verification",
    "Viewer",
    "Wheel",
    "follow",
    "steer",
]

_HOMES = {
    "aio": ("AsyncClient",),
    "comparison": ("Comparison",),
    "history": ("History",),
    "messages": ("CommandAnswer", "Control", "Event", "Gap", "Rewind", "Schema", "Status", "Summary"),
    "operation": ("AsyncOperation", "OperationInfo", "Progress"),
    "results": ("Characterization", "Heatmap", "Place", "Scan", "Verification"),
    "run": ("AsyncRun",),
    "sent": ("AsyncSent",),
    "sequel": ("Item",),
    "session": ("Scenario", "Session", "Viewer", "Wheel"),
    "sync": ("Client",),
    "sync_operation": ("Operation",),
    "sync_run": ("Run", "Sent"),
    "sync_task": ("Task",),
    "task": ("AsyncTask", "Experiment", "TaskEvent", "TaskInfo"),
    "ticks": ("Ticks",),
}
"""Where the names are that need numpy, directly or not: loaded when first used, so that commands start without it."""


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
