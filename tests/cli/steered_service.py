"""A service whose sessions can be steered, forked and deleted, and `gridcast` talking to it in the test's own process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from typer.testing import CliRunner, Result

from gridcast.cli.main import app
from tests.cli.fake_service import SCHEMA, SUMMARY, TICKS, FakeService, serving

Fake = TypeVar("Fake", bound=FakeService)
PAGE = 2
"""Sessions per page, small so that few sessions make many pages."""


def session(session_id: str, **more: Any) -> dict[str, Any]:
    """A running session of 4 ticks of 0.1 s, 2 of them done."""
    return {
        "id": session_id,
        "title": f"Run {session_id}",
        "status": "running",
        "tick": 2,
        "n_ticks": 4,
        "schema": SCHEMA,
        "epoch": f"epoch-{session_id}",
        "url": f"http://lab/sessions/{session_id}",
        **more,
    }


def ended(session_id: str, *, status: str = "completed", tick: int = 4, **summary: Any) -> dict[str, Any]:
    return session(session_id, status=status, tick=tick, summary={**SUMMARY, "ticks": tick, **summary})


def log_of(found: dict[str, Any], *middle: dict[str, Any]) -> list[dict[str, Any]]:
    """The whole log of an ended session: its schema, `middle`, its summary, its last status."""
    last = {"type": "status", "status": found["status"], "tick": found["tick"], "reason": found.get("reason")}
    summary = [found["summary"]] if "summary" in found else []
    return numbered(1, SCHEMA, *(middle or TICKS), *summary, last)


def numbered(first: int, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"offset": n, "ts": 1.0, **entry} for n, entry in enumerate(entries, start=first)]


def problem(status: int, detail: str, **more: Any) -> Response:
    document = {"title": "no", "status": status, "detail": detail, **more}
    return JSONResponse(document, status, media_type="application/problem+json")


@dataclass(kw_only=True)
class SteeredService(FakeService):
    """Sessions, newest first, with their logs; what was asked of them; and what is answered."""

    sessions: list[dict[str, Any]] = field(default_factory=lambda: [session("abc")])
    logs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rejection: Response | None = None
    """Answer to each command instead of `applied`."""
    outages: int = 0
    """So many commands are stored, but their answers are lost (503)."""
    fork: dict[str, Any] = field(
        default_factory=lambda: session("fork1", status="queued", schema=None, tick=0)
    )
    forked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/sessions", self._list),
                Route("/api/sessions/{id}", self._session),
                Route("/api/sessions/{id}", self._delete, methods=["DELETE"]),
                Route("/api/sessions/{id}/commands", self._command, methods=["POST"]),
                Route("/api/sessions/{id}/fork", self._fork, methods=["POST"]),
                WebSocketRoute("/api/ws/sessions/{id}", self._log),
            ]
        )

    def _list(self, request: Request) -> Response:
        first = int(request.query_params.get("cursor", 0))
        more = first + PAGE < len(self.sessions)
        items = [{**found, "schema": None} for found in self.sessions[first : first + PAGE]]
        return JSONResponse({"items": items, "next_cursor": str(first + PAGE) if more else None})

    def _session(self, request: Request) -> Response:
        for found in (*self.sessions, self.fork):
            if found["id"] == request.path_params["id"]:
                return JSONResponse(found)
        return problem(404, "there is no such session")

    def _delete(self, request: Request) -> Response:
        self.deleted.append(request.path_params["id"])
        return Response(status_code=204)

    async def _command(self, request: Request) -> Response:
        body = await request.json()
        asked = {"session": request.path_params["id"], **body}
        if asked not in self.commands:
            self.commands.append(asked)
        if self.outages:
            self.outages -= 1
            return problem(503, "this process is shutting down")
        if self.rejection:
            return self.rejection
        assert request.query_params["wait"] == "true"
        answer = {"type": "command", "offset": 9, "status": "applied", "tick": 2, "by": "user:local"}
        return JSONResponse({**answer, "command_id": body["id"], "command": body["command"]})

    async def _fork(self, request: Request) -> Response:
        self.forked.append((request.path_params["id"], await request.json()))
        if self.refusal:
            status, document = self.refusal
            return JSONResponse(document, status, media_type="application/problem+json")
        return JSONResponse(self.fork, 201)

    async def _log(self, socket: WebSocket) -> None:
        self.log = self.logs[socket.path_params["id"]]
        await self._stream(socket)

    def gridcast(self, *arguments: str) -> Result:
        """Run a command to its end; a process of its own would take a second to start."""
        return CliRunner().invoke(app, arguments, env={"GRIDCAST_URL": self.url})


@contextmanager
def in_a_thread(fake: Fake) -> Iterator[Fake]:
    """Serve `fake` beside a test that is not asynchronous, as a command is not."""
    loop = asyncio.new_event_loop()
    leaving = asyncio.Event()
    entered = threading.Event()

    async def serve() -> None:
        async with serving(fake):
            entered.set()
            await leaving.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert entered.wait(30)
        yield fake
    finally:
        loop.call_soon_threadsafe(leaving.set)
        thread.join()
        loop.close()
