"""A service in one file that speaks just enough of the protocol: scripted sessions, connections that break on request."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

SCHEMA = {"type": "schema", "tick_s": 0.1, "n_ticks": 4, "bus_phases": [["671", "a"], ["671", "b"]]}
TICKS = (
    {"type": "ticks", "first": 0, "t_s": [0.0, 0.1], "v": [[1.0, 0.99], None]},
    {"type": "ticks", "first": 2, "t_s": [0.2, 0.3], "v": [[0.94, 1.02], [0.97, 1.01]]},
)
SUMMARY = {
    "type": "summary",
    "metrics": {"violation_time_s": 0.1, "worst_vmin": 0.94},
    "digest": "abc",
    "ticks": 4,
}


def entries(*, last: str = "completed", reason: str | None = None) -> list[dict[str, Any]]:
    """The whole log of a short session."""
    log: list[dict[str, Any]] = [{"type": "status", "status": "queued", "tick": 0}, SCHEMA, *TICKS]
    if last == "completed":
        log.append(SUMMARY)
    log.append({"type": "status", "status": last, "tick": 4, **({"reason": reason} if reason else {})})
    return [{"offset": n, "ts": 1.0, **entry} for n, entry in enumerate(log, start=1)]


@dataclass(kw_only=True)
class FakeService:
    """What it serves, and what was asked of it."""

    log: list[dict[str, Any]] = field(default_factory=entries)
    refusal: tuple[int, dict[str, Any]] | None = None
    """Answer to each POST of a session instead of a session."""
    cuts: list[int] = field(default_factory=list)
    """For each connection in turn: how many entries it gets before it breaks without a close frame."""
    skip: int | None = None
    """Offset that the first connection does not get, without a word about it."""
    close_code: int = 1000
    hold: bool = False
    """Stay open after the last entry, as a running session does."""
    url: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/readyz", lambda request: JSONResponse({"ready": True})),
                Route("/api/scenarios", lambda request: JSONResponse({"items": [{"name": "ieee13"}]})),
                Route("/api/sessions", self._create, methods=["POST"]),
                Route("/api/sessions/{id}/commands", self._command, methods=["POST"]),
                WebSocketRoute("/api/ws/sessions/{id}", self._stream),
            ]
        )

    async def _create(self, request: Request) -> Response:
        self.posted.append(await request.json())
        if self.refusal:
            status, document = self.refusal
            return JSONResponse(document, status, media_type="application/problem+json")
        session = {"id": "abc", "epoch": "e1", "url": f"{request.base_url}sessions/abc", "scenario": "ieee13"}
        return JSONResponse(session, 201)

    async def _command(self, request: Request) -> Response:
        self.commands.append(await request.json())
        return JSONResponse({"id": "c1"}, 202)

    async def _stream(self, socket: WebSocket) -> None:
        self.queries.append(dict(socket.query_params))
        await socket.accept()
        await socket.send_text(json.dumps({"type": "hello", "epoch": "e1", "head": len(self.log)}))
        cut = self.cuts.pop(0) if self.cuts else None
        since = int(socket.query_params.get("since", 0))
        for sent, entry in enumerate(self.log[since:]):
            if sent == cut:
                socket.scope["extensions"]["test.transport"]()
                return
            if self.skip is not None and entry.get("offset") == self.skip:
                self.skip = None
                continue
            await socket.send_text(json.dumps(entry))
        if self.hold:
            try:
                while True:
                    await socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
        await socket.close(self.close_code)


@asynccontextmanager
async def serving(fake: FakeService) -> AsyncIterator[FakeService]:
    """Serve `fake` on a free port while the context is open; `fake.url` is its address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    fake.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        _with_cutter(fake.app()), log_level="error", ws="websockets-sansio", lifespan="off"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield fake
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
        listening.close()


def _with_cutter(app: Starlette) -> Callable[..., Any]:
    """Gives the app a way to break its connection as a cable does: without any goodbye."""

    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            scope.setdefault("extensions", {})
            transport = send.__self__.transport
            scope["extensions"] = {**scope["extensions"], "test.transport": transport.abort}
        await app(scope, receive, send)

    return wrapped
