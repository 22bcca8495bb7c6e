"""What a service knows about a run, a scenario and its workers, as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .messages import OVER, Schema, State, Summary, schema_of, summary_of
from .types import JSON, known


@dataclass(frozen=True, kw_only=True, slots=True)
class Parent:
    """Where a fork comes from: it shares the first `tick` ticks of the session `id`."""

    id: str
    tick: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A run as it was when it was asked for.

    `tick` of `n_ticks` ticks are done (`progress`: 0 to 1); `created`, `started` and `ended` are Unix seconds; `speed` is
    in simulated seconds per second; `epoch` and `head` are its log's life and newest offset. Lists leave the schema out.
    """

    id: str
    title: str
    scenario: str
    overrides: Mapping[str, JSON]
    seed: int
    speed: float | Literal["max"]
    on_idle: Literal["continue", "pause", "stop"]
    status: State
    tick: int
    n_ticks: int
    progress: float
    attempt: int
    owner: str
    viewers: int
    created: float
    epoch: str
    head: int
    url: str
    reason: str | None = None
    queue_position: int | None = None
    started: float | None = None
    ended: float | None = None
    parent: Parent | None = None
    schema: Schema | None = None
    summary: Summary | None = None

    @property
    def over(self) -> bool:
        """It has completed, failed, or was stopped."""
        return self.status in OVER


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A scenario of the catalogue. `duration_s` in simulated seconds."""

    name: str
    title: str
    description: str
    feeder: str
    duration_s: float
    n_ticks: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """Somebody who watches a run, `since` so many Unix seconds; `tick`: where they look, None at the live edge; `color`:
    theirs, `#rrggbb`."""

    id: str
    name: str
    color: str
    since: float
    tick: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """Who alone steers a run since when (Unix seconds), and the names of those who have asked to, the first first.

    `holder` None: all who may steer do.
    """

    holder: str | None
    since: float | None
    asked: Sequence[str]


def session_of(document: Mapping[str, Any]) -> Session:
    """A session object of the protocol; what later services add to it is left out."""
    parent, schema, summary = (document.get(name) for name in ("parent", "schema", "summary"))
    return known(
        Session,
        document,
        parent=Parent(id=parent["id"], tick=parent["tick"]) if parent else None,
        schema=schema_of(schema) if schema else None,
        summary=summary_of(summary) if summary else None,
    )


def scenario_of(item: Mapping[str, Any]) -> Scenario:
    """An item of the catalogue."""
    return known(Scenario, item)


def wheel_of(document: Mapping[str, Any]) -> Wheel:
    """A wheel as the protocol tells it."""
    return known(Wheel, document, asked=[item["name"] for item in document["asked"]])


def viewer_of(item: Mapping[str, Any]) -> Viewer:
    """One of a session's viewers."""
    return known(Viewer, item)
