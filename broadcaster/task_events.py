"""What a task tells: one JSON object for each thing that happens, as the protocol's "Task events" says."""

from __future__ import annotations

import time
from typing import Any, Final, Literal

import orjson

Type = Literal[
    "task_started",
    "task_progress",
    "task_completed",
    "task_failed",
    "task_cancelled",
    "experiment_started",
    "experiment_progress",
    "experiment_completed",
    "experiment_failed",
    "experiment_pruned",
    "benchmark_started",
    "benchmark_progress",
    "benchmark_completed",
]

FINAL: Final = b'"final":true,'
"""Stands first in the last entry of a channel, where whoever carries entries sees it without reading them. A task that is
resumed goes on behind one."""

LAST_OF_TASK: Final[frozenset[str]] = frozenset({"task_completed", "task_failed", "task_cancelled"})
LAST_OF_EXPERIMENT: Final[frozenset[str]] = frozenset(
    {"experiment_completed", "experiment_failed", "experiment_pruned"}
)


def event(kind: Type, *, task_id: str, message: str, experiment_id: str | None = None, **data: Any) -> bytes:
    """One entry, without `offset`; `message` is for people, `data` for programs."""
    told: dict[str, Any] = {"type": kind, "task_id": task_id}
    if experiment_id is not None:
        told["experiment_id"] = experiment_id
    entry = orjson.dumps({**told, "timestamp": time.time(), "message": message, "data": data})
    return as_final(entry) if kind in LAST_OF_TASK else entry


def as_final(entry: bytes) -> bytes:
    """The same entry, marked as its channel's last."""
    return entry if entry.startswith(b"{" + FINAL) else b"{" + FINAL + entry[1:]
