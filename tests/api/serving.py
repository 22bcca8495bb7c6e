"""A real server in the test's own loop, and a viewer that remembers what it saw."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
import websockets
from websockets.asyncio.client import ClientConnection

from gridcast.api.main import Server, listen
from gridcast.api.services import Services
from gridcast.broadcaster import Settings
from tests.waiting import PATIENCE_S, until


class Api:
    """One running API process (in this process)."""

    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.port = port

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def services(self) -> Services:
        found: Services = self.server.app_state.services
        return found

    def connect(self, path: str, **options: Any) -> websockets.connect:
        """Connect; without a bound of its own, as a client that is full cannot read the answer to its close frame."""
        return websockets.connect(
            f"ws://127.0.0.1:{self.port}{path}",
            compression=None,
            max_size=None,
            max_queue=None,
            ping_interval=None,
            **options,
        )

    def watch(self, query: str = "", session_id: str = "k3v9", **options: Any) -> websockets.connect:
        return self.connect(f"/api/ws/sessions/{session_id}{query}", **options)


@contextlib.asynccontextmanager
async def serving(settings: Settings, *, port: int = 0) -> AsyncIterator[Api]:
    """Serve on a loopback port, a free one by default."""
    listener = listen("127.0.0.1", port, stall_s=settings.stall_s)
    server = Server(settings)
    # Without uvicorn's signal handlers, which belong to a process of its own.
    task = asyncio.create_task(server._serve([listener]))
    try:
        await until(lambda: server.started or task.done(), what="the server")
        api = Api(server, listener.getsockname()[1])
        yield api
    finally:
        server.should_exit = True
        await task


async def receive(viewer: ClientConnection) -> dict[str, Any]:
    """The next frame."""
    frame = await asyncio.wait_for(viewer.recv(), PATIENCE_S)
    document: dict[str, Any] = orjson.loads(frame)
    return document


async def receive_raw(viewer: ClientConnection, count: int) -> list[str]:
    """The next frames, as they are."""
    return [str(await asyncio.wait_for(viewer.recv(), PATIENCE_S)) for _ in range(count)]


async def receive_all(viewer: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """All frames until the close, and its code."""
    frames = []
    while True:
        try:
            frames.append(await receive(viewer))
        except websockets.ConnectionClosed as closed:
            return frames, closed.rcvd.code if closed.rcvd is not None else 1006


async def receive_until(viewer: ClientConnection, **wanted: Any) -> dict[str, Any]:
    """Frames up to the first that has these fields."""
    while True:
        frame = await receive(viewer)
        if all(frame.get(name) == value for name, value in wanted.items()):
            return frame
