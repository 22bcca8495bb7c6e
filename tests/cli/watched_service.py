"""A service whose sessions can also be looked at: filtered lists, viewers, commands, workers, history, export."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.cli.steered_service import SteeredService, problem

WORKER = {
    "id": "w1",
    "host": "lab",
    "pid": 7,
    "slots": 4,
    "sessions": [{"id": "abc", "tick": 2, "lag_s": 0.25}],
}
CSV = b"tick,t_s [s]\n0,0.0\n1,0.1\n2,0.2\n3,0.3\n"


def jsonl(rows: list[dict[str, Any]], **about: Any) -> list[bytes]:
    """An export: a line about the run, then one for each tick."""
    return [json.dumps(line).encode() + b"\n" for line in ({"rounded_from": None, **about}, *rows)]


@dataclass(kw_only=True)
class WatchedService(SteeredService):
    """What it knows of its sessions besides the objects themselves."""

    watching: list[dict[str, Any]] = field(default_factory=list)
    applied: list[dict[str, Any]] = field(default_factory=list)
    workers: list[dict[str, Any]] = field(default_factory=lambda: [WORKER])
    history: dict[str, Any] | Response = field(default_factory=dict)
    """Answer to each look at the past."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The queries of those looks."""
    file: list[bytes] = field(default_factory=lambda: [CSV[:20], CSV[20:]])
    """Of every export, unless `files` has one of its session."""
    files: dict[str, list[bytes]] = field(default_factory=dict)
    no_export: int | None = None
    """Status with which each export is refused."""
    rounded_from: int | None = None
    """The first tick of each export that no recording holds."""
    breaks: bool = False
    """The export breaks off after its bytes, without an end."""
    comparison: dict[str, Any] = field(default_factory=dict)

    def app(self) -> Starlette:
        mine = [
            Route("/api/workers", lambda request: JSONResponse({"queue_depth": 3, "workers": self.workers})),
            Route("/api/sessions", self._filtered),
            Route("/api/sessions/{id}/viewers", lambda request: JSONResponse({"viewers": self.watching})),
            Route("/api/sessions/{id}/commands", lambda request: JSONResponse({"items": self.applied})),
            Route("/api/sessions/{id}/ticks", self._history),
            Route("/api/sessions/{id}/export", self._export),
            Route("/api/compare", self._compare),
        ]
        return Starlette(routes=[*mine, *super().app().routes])

    def _filtered(self, request: Request) -> Response:
        wanted = {name: request.query_params.get(name) for name in ("status", "owner", "scenario")}
        whole = self.sessions
        self.sessions = [
            found
            for found in whole
            if all(value is None or found.get(name) == value for name, value in wanted.items())
        ]
        try:
            return self._list(request)
        finally:
            self.sessions = whole

    def _history(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.asked.append(query)
        if isinstance(self.history, Response):
            return self.history
        return JSONResponse(self.history)

    def _export(self, request: Request) -> Response:
        self.asked.append(dict(request.query_params))

        if self.no_export:
            return problem(self.no_export, "ticks 0 to 1 are not there any more")

        async def pieces() -> AsyncIterator[bytes]:
            for piece in self.files.get(request.path_params["id"], self.file):
                yield piece
            if self.breaks:
                raise ConnectionResetError

        rounded = {} if self.rounded_from is None else {"Gridcast-Rounded-From": str(self.rounded_from)}
        return StreamingResponse(pieces(), headers=rounded)

    def _compare(self, request: Request) -> Response:
        self.asked.append(dict(request.query_params))
        return JSONResponse(self.comparison) if self.comparison else problem(422, "cannot be compared")
