"""Every frame of real runs fits a model of the AsyncAPI document: sessions, a tuning task, operations.

`GRIDCAST_WRITE_GOLDEN=1` writes the first of each kind to tests/golden/real, where the fast tests read them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any, get_args

import httpx2
import orjson
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from websockets import ConnectionClosed
from websockets.asyncio.client import ClientConnection

from gridcast.api.messages import SENT
from gridcast.broadcaster import Settings
from gridcast.workers.main import SessionWorker
from tests.api.serving import Api, serving
from tests.goldens import FOLDER
from tests.valkey import ValkeyServer

PATIENCE_S = 100.0
"""Everything computes at once here, on a machine that may have other work too."""

TASK = {
    "scenario": "ieee13",
    "overrides": {"duration_s": 1},
    "space": {"v_min": {"type": "float", "low": 0.9, "high": 0.95}},
    "experiments": 2,
    "sampler": "random",
}
HEATMAP = {
    "name": "ieee13",
    "param_x": "v_min",
    "x_min": 0.9,
    "x_max": 0.95,
    "x_steps": 2,
    "param_y": "v_max",
    "y_min": 1.05,
    "y_max": 1.1,
    "y_steps": 2,
    "duration_s": 1,
}


def types_of(model: type[BaseModel]) -> tuple[str, ...]:
    """What a message of this model may have as its `type`."""
    return get_args(model.model_fields["type"].annotation)


class Judge:
    """Sorts frames by the one model that each fits, and remembers the first of each."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, str], dict[str, Any]] = {}
        self._adapters = {model: TypeAdapter(model) for models in SENT.values() for model in models}

    def take(self, kind: str, raw: str | bytes) -> str:
        """The name of the model."""
        message = orjson.loads(raw)
        likely = [model for model in SENT[kind] if message["type"] in types_of(model)]
        fitting = [model.__name__ for model in likely if self._fits(model, raw)]
        assert len(fitting) == 1, f"{fitting} for {raw[:2000]!r} on a {kind} socket"
        self.first.setdefault((kind, fitting[0]), message)
        return fitting[0]

    def _fits(self, model: type[BaseModel], raw: str | bytes) -> bool:
        try:
            self._adapters[model].validate_json(raw)
        except ValidationError:
            return False
        return True

    def write(self) -> None:
        (FOLDER / "real").mkdir(exist_ok=True)
        for (kind, name), message in self.first.items():
            path = FOLDER / "real" / f"{kind}.{name}.json"
            path.write_bytes(orjson.dumps(message, option=orjson.OPT_INDENT_2) + b"\n")


@pytest.fixture
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """With a broker and a worker of its own; heartbeats come soon."""
    folder = tmp_path_factory.mktemp("messages")
    server = ValkeyServer(folder)
    server.start()
    settings = Settings(redis_url=server.url, dir=folder, heartbeat_s=0.2, log_bytes=256 << 10)
    worker = SessionWorker(settings)
    working = asyncio.create_task(worker.run())
    async with serving(settings) as running:
        yield running
    worker.stop()
    await working
    server.stop()


class Socket:
    """A viewer whose every frame is judged."""

    def __init__(self, judge: Judge, kind: str, viewer: ClientConnection) -> None:
        self._judge = judge
        self._kind = kind
        self._viewer = viewer

    async def until(self, *names: str) -> dict[str, Any]:
        """The first frame that fits the first of these models, once all of them came."""
        awaited = set(names)
        wanted: dict[str, dict[str, Any]] = {}
        async with asyncio.timeout(PATIENCE_S):
            while awaited:
                raw = await self._viewer.recv()
                name = self._judge.take(self._kind, raw)
                wanted.setdefault(name, orjson.loads(raw))
                awaited.discard(name)
        return wanted[names[0]]

    async def to_the_end(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    self._judge.take(self._kind, await self._viewer.recv())
            except ConnectionClosed:
                return

    async def send(self, **frame: Any) -> None:
        await self._viewer.send(orjson.dumps(frame).decode())


async def session(api: Api, http: httpx2.AsyncClient, judge: Judge) -> None:
    body = {"scenario": "ieee13-ofo", "overrides": {"duration_s": 600}, "speed": 5}
    ident = (await http.post("/api/sessions", json=body)).json()["id"]
    async with api.watch(session_id=ident) as raw:
        viewer = Socket(judge, "session", raw)
        await viewer.until("TicksEntry", "SessionHello", "SchemaEntry", "StatusEntry")
        await viewer.send(type="ping")
        await viewer.send(type="playhead", tick=None)
        await viewer.send(type="nonsense")
        await viewer.send(type="command", id="c1", command="set_taps", args={"regulators": {"no such": 1.0}})
        await viewer.until("CommandEntry", "PongFrame", "ViewersFrame", "ErrorFrame")
        await viewer.send(type="command", id="c2", command="pause", args={})
        await viewer.until("HeartbeatFrame")
        await viewer.send(type="command", id="c3", command="speed", args={"x": "max"})
        await viewer.send(type="command", id="c4", command="resume", args={})
        await viewer.to_the_end()
    # Who comes late and wants the newest only is told what it does not see.
    async with api.watch("?mode=latest", session_id=ident) as raw:
        await Socket(judge, "session", raw).to_the_end()
    async with api.watch("?format=full&since=0", session_id=ident) as raw:
        await Socket(judge, "session", raw).until("ResetFrame", "TickFrame")
    stored = {"scenario": "ieee123-storage-qv", "overrides": {"duration_s": 2}}
    ident = (await http.post("/api/sessions", json=stored)).json()["id"]
    async with api.watch("?format=full", session_id=ident) as full, api.watch(session_id=ident) as raw:
        await Socket(judge, "session", full).to_the_end()
        await Socket(judge, "session", raw).to_the_end()


async def task(api: Api, http: httpx2.AsyncClient, judge: Judge) -> None:
    ident = (await http.post("/api/tasks", json=TASK)).json()["id"]
    async with api.connect(f"/api/ws/tasks/{ident}") as raw:
        viewer = Socket(judge, "task", raw)
        await viewer.send(type="ping")
        await viewer.until("PongFrame")
        await viewer.to_the_end()
    async with api.connect(f"/api/ws/experiments/{ident}-0") as raw:
        await Socket(judge, "experiment", raw).to_the_end()


async def operation(api: Api, http: httpx2.AsyncClient, judge: Judge) -> None:
    async with api.connect("/ws/progress") as raw:
        viewer = Socket(judge, "progress", raw)
        await viewer.send(type="ping")
        await viewer.send(op="heatmap", config={"name": "nowhere"})
        await viewer.until("ProgressErrorFrame", "PongFrame")
        await viewer.send(op="heatmap", config=HEATMAP, detach=True)
        detached = await viewer.until("DetachedFrame", "ProgressEntry")
        await viewer.to_the_end()
    async with api.connect(f"/api/ws/operations/{detached['operation_id']}") as raw:
        await Socket(judge, "operation", raw).to_the_end()
    async with api.connect("/ws/progress") as raw:
        viewer = Socket(judge, "progress", raw)
        long = {"name": "ieee123", "duration_s": 100_000, "pv_points": 2}
        await viewer.send(op="characterize", config=long)
        await viewer.until("ProgressEntry")
        await viewer.until("HeartbeatFrame")
        await viewer.send(type="cancel")
        await viewer.until("FailedEntry")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_frame_of_real_runs_fits_its_model(api: Api) -> None:
    judge = Judge()
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        await session(api, http, judge)
        await task(api, http, judge)
        await operation(api, http, judge)
    if os.environ.get("GRIDCAST_WRITE_GOLDEN"):
        judge.write()
    seen = {name for kind, name in judge.first if kind == "session"}
    assert {"TicksEntry", "CommandEntry", "SummaryEntry", "TickFrame", "ResetFrame", "SkippedFrame"} <= seen
    assert ("task", "TaskEvent") in judge.first
    assert ("operation", "CompleteEntry") in judge.first
    assert ("progress", "FailedEntry") in judge.first
