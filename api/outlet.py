"""Where a viewer's frames go: the transport itself, or `await send` on servers that do not offer it.

Both bound what a slow viewer may cost. `send` returns when the backlog is within the soft bound again, so nothing more is
asked from the hub for a viewer that is behind: once drained it goes on from its cursor, out of the log if need be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from .frames import Frame
from .stats import Stats
from .websocket import EXTENSION, FramePort

HARD_FACTOR = 4
"""A viewer is let go when its backlog exceeds this many soft bounds."""


class Gone(Exception):
    """The viewer went away."""


class TooSlow(Exception):
    """The viewer's backlog is over the hard bound, or it made no progress for too long."""


class Outlet(Protocol):
    """One viewer's way out. `written` counts bytes handed over, `backlog` those that did not leave yet."""

    written: int

    @property
    def backlog(self) -> int: ...

    async def send(self, frames: Sequence[Frame]) -> None:
        """Hand frames over in order. Raises `Gone` or `TooSlow`."""

    def beat(self, frame: Frame) -> None:
        """Hand over a frame now if that takes no waiting; called by the one task that looks after all viewers."""

    async def finish(self) -> None:
        """Return when everything has left, or nothing more will."""

    async def close(self, code: int, reason: str) -> None:
        """Close with a code; what was handed over before goes out first."""

    def abort(self) -> None:
        """Cut the connection."""


class PortOutlet:
    """Writes shared frames to the transport."""

    def __init__(self, port: FramePort, *, soft_bytes: int, stats: Stats) -> None:
        self.written = 0
        self._port = port
        self._hard_bytes = HARD_FACTOR * soft_bytes
        self._stats = stats
        port.limit(soft_bytes)

    @property
    def backlog(self) -> int:
        return self._port.backlog()

    async def send(self, frames: Sequence[Frame]) -> None:
        port = self._port
        for frame in frames:
            if port.closed:
                raise Gone
            wire = frame.wire
            port.write(wire)
            self.written += len(wire)
            self._stats.frames += 1
            self._stats.bytes += len(wire)
            if port.saturated:
                if port.backlog() > self._hard_bytes:
                    raise TooSlow
                await port.drained()

    def beat(self, frame: Frame) -> None:
        self._port.write(frame.wire)
        self.written += len(frame.wire)

    async def finish(self) -> None:
        # Who does not read is cut by the audience's keeper, so this ends.
        self._port.limit(0)
        await self._port.drained()

    async def close(self, code: int, reason: str) -> None:
        self._port.close(code, reason)

    def abort(self) -> None:
        self._port.abort()


class SendOutlet:
    """The same over plain ASGI: each `send` has a deadline, and a viewer that misses it is let go."""

    backlog = 0
    """Unknown here; the deadline of `send` takes its place."""

    def __init__(self, websocket: WebSocket, *, deadline_s: float, stats: Stats) -> None:
        self.written = 0
        self._websocket = websocket
        self._deadline_s = deadline_s
        self._stats = stats
        self._sending = asyncio.Lock()
        self._beat: asyncio.Task[None] | None = None

    async def send(self, frames: Sequence[Frame]) -> None:
        async with self._sending:
            for frame in frames:
                try:
                    async with asyncio.timeout(self._deadline_s):
                        await self._websocket.send_text(frame.payload.decode())
                except TimeoutError:
                    raise TooSlow from None
                except (WebSocketDisconnect, RuntimeError, OSError):
                    raise Gone from None
                self.written += len(frame.payload)
                self._stats.frames += 1
                self._stats.bytes += len(frame.payload)

    def beat(self, frame: Frame) -> None:
        if not self._sending.locked():
            self._beat = asyncio.create_task(self._send_beat(frame))

    async def _send_beat(self, frame: Frame) -> None:
        try:
            await self.send([frame])
        except (Gone, TooSlow):
            # The viewer's own writer meets the same end at its next frame.
            return

    async def finish(self) -> None:
        if self._beat is not None:
            await self._beat

    async def close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(1.0):
                await self._websocket.close(code, reason)
        except (TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            return

    def abort(self) -> None:
        """Plain ASGI has no way to cut a connection; returning from the application closes it."""


def outlet_of(websocket: WebSocket, *, soft_bytes: int, stall_s: float, stats: Stats) -> Outlet:
    """The best way out that the server offers for this accepted WebSocket."""
    port = (websocket.scope.get("extensions") or {}).get(EXTENSION)
    if isinstance(port, FramePort):
        return PortOutlet(port, soft_bytes=soft_bytes, stats=stats)
    return SendOutlet(websocket, deadline_s=stall_s, stats=stats)
