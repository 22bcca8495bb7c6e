"""A service with one scripted run: its log, what its history still has, what an export sends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.cli.fake_service import FakeService, serving

N_TICKS = 12
BUS_PHASES = [["671", "a"], ["671", "b"], ["684", "c"]]

SCHEMA: dict[str, Any] = {
    "type": "schema",
    "session_id": "abc",
    "scenario": "ieee13",
    "feeder": "ieee13",
    "seed": 0,
    "workload": "measured-figures",
    "tick_s": 0.1,
    "n_ticks": N_TICKS,
    "v_min": 0.95,
    "v_max": 1.05,
    "bus_phases": BUS_PHASES,
    "datacenters": [],
    "regulators": ["reg1"],
    "storages": [],
    "controllers": [{"name": "ofo", "enabled": True}],
}
SUMMARY: dict[str, Any] = {
    "type": "summary",
    "metrics": {"violation_time_s": 0.1},
    "digest": "d1",
    "wall_s": 0.5,
    "ticks": N_TICKS,
    "ticks_per_s": 24.0,
}


def event(tick: int) -> dict[str, Any]:
    return {"tick": tick, "t_s": tick / 10, "source": "grid", "topic": "seen", "data": {}}


def control(tick: int) -> dict[str, Any]:
    return {"tick": tick, "by": "controller:taps", "command": "set_taps", "args": {"regulators": {}}}


def numbers(first: int, last: int) -> dict[str, Any]:
    """Ticks `first` to `last`, both included; each has a voltage that no other has, one control, and one event."""
    ticks = range(first, last + 1)
    return {
        "t_s": [tick / 10 for tick in ticks],
        "v": [[1 + tick / 1000, None, 0.9] for tick in ticks],
        "dc": {},
        "taps": {"reg1": [1.0 for _ in ticks]},
        "storage": {},
        "events": [event(tick) for tick in ticks],
        "controls": [control(tick) for tick in ticks],
    }


def ticks(first: int, last: int) -> dict[str, Any]:
    """A `ticks` entry."""
    return {"type": "ticks", "first": first, **numbers(first, last)}


def status(state: str, tick: int) -> dict[str, Any]:
    return {"type": "status", "status": state, "tick": tick, "attempt": 1}


def reset(offset: int, reason: str = "trimmed", epoch: str = "e1") -> dict[str, Any]:
    told = {"earliest_offset": offset, "earliest_tick": None, "reason": reason}
    return {"type": "reset", "epoch": epoch, **told}


def numbered(*entries: dict[str, Any], first: int = 1) -> list[dict[str, Any]]:
    return [{"offset": n, "ts": 1.0, **entry} for n, entry in enumerate(entries, start=first)]


def whole() -> list[dict[str, Any]]:
    """The log of a run that has completed: ticks 0-2, 3-7, 8-11."""
    return numbered(
        status("queued", 0),
        SCHEMA,
        status("running", 0),
        ticks(0, 2),
        ticks(3, 7),
        ticks(8, 11),
        SUMMARY,
        status("completed", N_TICKS),
    )


@dataclass(kw_only=True)
class Scripted(FakeService):
    """A run `abc`. `log` is what a reader gets, resets included."""

    log: list[dict[str, Any]] = field(default_factory=whole)
    session: dict[str, Any] = field(default_factory=dict)
    """What differs from a running session."""
    lost: tuple[int, int] | None = None
    """Ticks that the history has not got any more, from and to."""
    busy: int = 0
    """So many answers are 503 before one is an answer."""
    histories: list[dict[str, str]] = field(default_factory=list)
    export: list[bytes] = field(default_factory=lambda: [b"one,", b"two"])
    export_breaks: bool = False
    rejects: str | None = None
    sockets: list[WebSocket] = field(default_factory=list)
    """Streams that are open now."""

    @property
    def streaming(self) -> int:
        return len(self.sockets)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/sessions", self._create, methods=["POST"]),
                Route("/api/sessions", self._sessions),
                Route("/api/sessions/{id}", self._session),
                Route("/api/sessions/{id}/ticks", self._ticks),
                Route("/api/sessions/{id}/export", self._export),
                Route("/api/sessions/{id}/commands", self._command, methods=["POST"]),
                WebSocketRoute("/api/ws/sessions/{id}", self._watched),
            ]
        )

    def document(self) -> dict[str, Any]:
        running = {
            "id": "abc",
            "title": "A run",
            "scenario": "ieee13",
            "overrides": {},
            "seed": 0,
            "speed": "max",
            "on_idle": "continue",
            "status": "running",
            "tick": N_TICKS,
            "n_ticks": N_TICKS,
            "progress": 0.5,
            "attempt": 1,
            "owner": "local",
            "viewers": 0,
            "created": 1.0,
            "epoch": "e1",
            "head": len(self.log),
            "schema": {**SCHEMA, "ts": 1.0},
            "ws_url": "",
            "url": f"{self.url}/sessions/abc",
        }
        return {**running, **self.session}

    def _sessions(self, request: Request) -> Response:
        self.queries.append(dict(request.query_params))
        return JSONResponse({"items": [self.document()], "next_cursor": None})

    def _session(self, request: Request) -> Response:
        if request.path_params["id"] != "abc":
            return refusal(404, "there is no such session")
        return JSONResponse(self.document())

    def _ticks(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.histories.append(asked)
        if self.busy:
            self.busy -= 1
            return refusal(503, "the broker does not answer")
        first, last = int(asked.get("from", 0)), int(asked.get("to", N_TICKS - 1))
        if self.lost and first <= self.lost[1] and self.lost[0] <= last:
            text = f"ticks {self.lost[0]} to {self.lost[1]} are not there any more"
            there = [[0, self.lost[0] - 1], [self.lost[1] + 1, N_TICKS - 1]]
            return refusal(410, text, available=[span for span in there if span[0] <= span[1]])
        answer = {
            "session_id": "abc",
            "epoch": "e1",
            "from": first,
            "to": last,
            "tick": list(range(first, last + 1)),
            **numbers(first, last),
            "n_ticks_in_range": last + 1 - first,
            "bus_phases": BUS_PHASES,
            "next_offset": 3 + sum(last >= behind for behind in (2, 7, 11)),
        }
        if "fields" in asked:
            answer = {name: value for name, value in answer.items() if name not in ("taps", "events")}
            answer["bus_phases"] = BUS_PHASES[:2]
            answer["v"] = [row[:2] for row in numbers(first, last)["v"]]
        return JSONResponse(answer)

    def _export(self, request: Request) -> Response:
        self.queries.append(dict(request.query_params))

        async def pieces() -> AsyncIterator[bytes]:
            for piece in self.export:
                yield piece
            if self.export_breaks:
                raise ConnectionError("the disk went away")

        return StreamingResponse(pieces())

    async def _command(self, request: Request) -> Response:
        body = await request.json()
        self.commands.append({**body, **dict(request.query_params)})
        if self.busy:
            self.busy -= 1
            return refusal(503, "this process is going away")
        if "wait" not in request.query_params:
            return JSONResponse({"id": body["id"]}, 202)
        if self.rejects:
            return refusal(409, self.rejects, "rejected")
        told = {"command_id": body["id"], "by": "user:local", "command": body["command"], "args": {}}
        return JSONResponse({"type": "command", "offset": 3, "status": "applied", "tick": 4, **told})

    async def _watched(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        try:
            await self._stream(socket)
        finally:
            self.sockets.remove(socket)


def refusal(code: int, detail: str, kind: str = "no", **facts: Any) -> Response:
    document = {
        "type": f"urn:gridcast:problem:{kind}",
        "title": "No",
        "status": code,
        "detail": detail,
        **facts,
    }
    return Response(json.dumps(document), code, media_type="application/problem+json")


@contextlib.contextmanager
def in_a_thread(fake: Scripted) -> Iterator[Scripted]:
    """Serve `fake` beside a test that is not asynchronous."""
    entered, leaving = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

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
