"""The table of rights: what each route of the service needs. A test reads it beside the routes of the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from gridcast.broadcaster import Channel
from gridcast.broadcaster.names import ID_PATTERN, Kind, task_of

from .roles import Role


class Who(Enum):
    """Whom a route is for, before it is asked what they are at one thing."""

    OPEN = "everybody; who asks is not even looked at"
    ANYONE = "everybody; the answer depends on who asks"
    KNOWN = "users, and who has a share link"
    USER = "users"
    ADMIN = "admins"


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What a route needs: somebody of `who`, who is at least `role` at what its path (or the query, `ids`) names."""

    who: Who = Who.ANYONE
    role: Role = Role.NOBODY
    by_ids: bool = False


OPEN: Final = Need(who=Who.OPEN)
ANYONE: Final = Need()
KNOWN: Final = Need(who=Who.KNOWN)
USER: Final = Need(who=Who.USER)
ADMIN: Final = Need(who=Who.ADMIN)
VIEW: Final = Need(role=Role.VIEWER)
VIEW_ALL: Final = Need(role=Role.VIEWER, by_ids=True)
USE: Final = Need(who=Who.USER, role=Role.VIEWER)
"""See it, and make something of one's own out of it."""
CONTROL: Final = Need(role=Role.CONTROLLER)
OWN: Final = Need(who=Who.USER, role=Role.OWNER)

UNLISTED: Final = ADMIN
"""Of a route that is not in the table."""

TABLE: Final[Mapping[str, Need]] = {
    "GET /{path:path}": OPEN,  # the page
    "HEAD /{path:path}": OPEN,
    "WS /{path:path}": OPEN,  # says that there is nothing
    "GET /openapi.json": OPEN,
    "HEAD /openapi.json": OPEN,
    "GET /asyncapi.json": OPEN,
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": ADMIN,
    "GET /api/audit": ADMIN,
    "GET /api/scenarios": OPEN,
    "GET /api/scenarios/schema": OPEN,
    "GET /api/scenarios/{name}": OPEN,
    "GET /api/me": ANYONE,
    "POST /api/tickets": KNOWN,
    "GET /api/workers": USER,
    "GET /api/sessions": ANYONE,
    "POST /api/sessions": USER,
    "GET /api/sessions/{session_id}": VIEW,
    "DELETE /api/sessions/{session_id}": OWN,
    "GET /api/sessions/{session_id}/viewers": VIEW,
    "GET /api/sessions/{session_id}/ticks": VIEW,
    "GET /api/sessions/{session_id}/export": VIEW,
    "GET /api/sessions/{session_id}/events": VIEW,
    "GET /api/sessions/{session_id}/commands": VIEW,
    "POST /api/sessions/{session_id}/commands": CONTROL,
    "GET /api/sessions/{session_id}/wheel": VIEW,
    "POST /api/sessions/{session_id}/wheel/take": CONTROL,
    "POST /api/sessions/{session_id}/wheel/ask": CONTROL,
    "POST /api/sessions/{session_id}/wheel/give": CONTROL,
    "POST /api/sessions/{session_id}/wheel/refuse": CONTROL,
    "POST /api/sessions/{session_id}/wheel/let-go": CONTROL,
    "POST /api/sessions/{session_id}/fork": USE,
    "GET /api/sessions/{session_id}/verify": USE,
    "GET /api/compare": VIEW_ALL,
    "WS /api/ws/sessions/{session_id}": VIEW,
    "WS /sim/stream": USER,
    "GET /api/tasks": ANYONE,
    "POST /api/tasks": USER,
    "GET /api/tasks/{task_id}": VIEW,
    "DELETE /api/tasks/{task_id}": OWN,
    "POST /api/tasks/{task_id}/cancel": CONTROL,
    "POST /api/tasks/{task_id}/resume": CONTROL,
    "GET /api/tasks/{task_id}/experiments": VIEW,
    "GET /api/tasks/{task_id}/experiments/{experiment_id}": VIEW,
    "GET /api/tasks/{task_id}/best": VIEW,
    "GET /api/tasks/{task_id}/progress.jsonl": VIEW,
    "GET /api/tasks/{task_id}/live.json": VIEW,
    "GET /api/tasks/{task_id}/trajectory.svg": VIEW,
    "GET /api/tasks/{task_id}/events": VIEW,
    "GET /api/ws/tasks/{task_id}/subscribers": VIEW,
    "WS /api/ws/tasks/{task_id}": VIEW,
    "WS /api/ws/experiments/{experiment_id}": VIEW,
    "GET /api/operations": ANYONE,
    "POST /api/operations/characterize": USER,
    "POST /api/operations/heatmap": USER,
    "POST /api/operations/scan": USER,
    "POST /api/operations/{op}": USER,  # says that there is no such operation
    "GET /api/operations/{operation_id}": VIEW,
    "DELETE /api/operations/{operation_id}": OWN,
    "POST /api/operations/{operation_id}/cancel": CONTROL,
    "GET /api/operations/{operation_id}/events": VIEW,
    "WS /api/ws/operations/{operation_id}": VIEW,
    "WS /ws/progress": USER,
    "GET /api/{things}/{thing_id}/shares": OWN,
    "POST /api/{things}/{thing_id}/shares": OWN,
    "DELETE /api/{things}/{thing_id}/shares/{share_id}": OWN,
    "PUT /api/{things}/{thing_id}/visibility": OWN,
}
"""`METHOD PATH` (`WS` for WebSockets) -> what it needs."""

Thing = Literal["sessions", "tasks", "operations"]
KINDS: Final[Mapping[str, Kind]] = {"sessions": "session", "tasks": "task", "operations": "operation"}

_THINGS: Final = {"session_id": "sessions", "task_id": "tasks", "operation_id": "operations"}


def channel_of(things: str, ident: str) -> Channel | None:
    """The channel of one of those; None for what cannot be."""
    kind = KINDS.get(things)
    return None if kind is None or not ID_PATTERN.fullmatch(ident) else Channel(kind, ident)


def channel_in(named: Mapping[str, str]) -> Channel | None:
    """The channel whose owner and shares decide about a path with these parameters; None for what cannot be.

    Raises:
        LookupError: paths like this name nothing that could have an owner.
    """
    if "thing_id" in named:
        return channel_of(named["things"], named["thing_id"])
    for parameter, things in _THINGS.items():
        if parameter in named:
            return channel_of(things, named[parameter])
    return channel_of("tasks", task_of(named["experiment_id"]))


def channels_listed(query: str, kind: Kind = "session") -> list[Channel]:
    """Those that `ids` names, one or many times; what cannot be an id is left to the route, which refuses it."""
    ids = (one.strip() for one in query.split(","))
    return [Channel(kind, one) for one in ids if ID_PATTERN.fullmatch(one)]
