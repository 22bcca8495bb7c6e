"""Where a viewer's frames go: the transport itself, or `await send` on servers that do not offer it.

Both bound what a slow viewer may cost. `send` returns when the backlog is within the soft bound again, so nothing more is
asked from the hub for a viewer that is behind: once drained it goes on from its cursor, out of the log if need be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from gridcast.broadcaster import Subscription

from .budget import Budget, TooSlow
from .crowd import Crowds, Ride
from .frames import Frame, Piece, corked
from .stats import Stats
from .websocket import EXTENSION, FramePort

HARD_FACTOR = 4
"""A viewer is let go when its backlog exceeds this many of the largest soft bound it may have."""

PIECE_BYTES = 64 << 10
"""How much is written at once: enough to make the call cheap, little beside what the kernel takes."""


class Gone(Exception):
    """The viewer went away."""


class Outlet(Protocol):
    """One viewer's way out."""

    @property
    def written(self) -> int:
        """Bytes handed over so far."""

    @property
    def backlog(self) -> int:
        """Those of them that wait in this process."""

    @property
    def unread(self) -> int:
        """Those of them that the viewer's machine did not take yet, as far as this one can tell."""

    @property
    def room(self) -> int:
        """Bytes that may be handed over before the viewer counts as behind; at least 1."""

    def limit(self, soft_bytes: int) -> None:
        """Set the viewer's share as its soft bound, unless it wants less."""

    async def send(self, frames: Sequence[Frame]) -> None:
        """Hand frames over in order. Raises `Gone` or `TooSlow`."""

    async def send_piece(self, piece: Piece) -> None:
        """The same for many frames that are written as one."""

    async def ride(self, subscription: Subscription) -> bool:
        """Let the crowd at the head write to this viewer for as long as it can.

        `subscription` is then where that ended. Answers whether the session's last entry was written. Raises `Gone` or
        `TooSlow`.
        """

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

    __slots__ = ("_budget", "_crowds", "_most_bytes", "_port", "_ride", "_soft_bytes", "_stats", "_written")

    def __init__(
        self, port: FramePort, *, soft_bytes: int, crowds: Crowds, budget: Budget, stats: Stats
    ) -> None:
        self._port = port
        self._most_bytes = soft_bytes
        self._soft_bytes = soft_bytes
        self._crowds = crowds
        self._budget = budget
        self._stats = stats
        self._written = 0
        self._ride: Ride | None = None
        port.limit(soft_bytes)

    @property
    def written(self) -> int:
        return self._written + (0 if self._ride is None else self._ride.written)

    @property
    def backlog(self) -> int:
        return self._port.backlog()

    @property
    def unread(self) -> int:
        return self._port.unread()

    @property
    def room(self) -> int:
        return max(1, self._soft_bytes - self._port.backlog())

    def limit(self, soft_bytes: int) -> None:
        self._soft_bytes = min(self._most_bytes, soft_bytes)
        self._port.limit(self._soft_bytes)

    async def send(self, frames: Sequence[Frame]) -> None:
        at = 0
        while at < len(frames):
            begin, size, room = at, 0, min(self.room, PIECE_BYTES)
            while at < len(frames) and size < room:
                size += frames[at].wire_bytes
                at += 1
            if self._port.closed:
                raise Gone
            piece = corked(frames[begin:at])
            self._port.write(piece)
            self._written += len(piece)
            self._stats.frames += at - begin
            self._stats.bytes += len(piece)
            await self._drained(frames[at:])

    async def send_piece(self, piece: Piece) -> None:
        if self._port.closed:
            raise Gone
        self._port.write(piece.wire)
        self._written += len(piece.wire)
        self._stats.frames += len(piece.frames)
        self._stats.bytes += len(piece.wire)
        await self._drained(())

    async def ride(self, subscription: Subscription) -> bool:
        with self._crowds.ride(self._port, subscription) as self._ride:
            try:
                final = await self._ride.over
            finally:
                self._written += self._ride.written
                self._ride = None
        if self._port.closed:
            raise Gone
        await self._drained(())
        return final

    async def _drained(self, held: Sequence[Frame]) -> None:
        """Wait until the peer has taken enough, if it has not, holding what is next for it."""
        port = self._port
        if not port.saturated:
            return
        backlog = port.backlog()
        if backlog > HARD_FACTOR * self._most_bytes:
            raise TooSlow
        with self._budget.waiting(backlog + sum(frame.wire_bytes for frame in held)):
            await port.drained()

    def beat(self, frame: Frame) -> None:
        self._port.write(frame.wire)
        self._written += len(frame.wire)

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

    backlog = unread = 0
    """Unknown here; the deadline of `send` takes its place."""

    room = PIECE_BYTES

    def __init__(self, websocket: WebSocket, *, deadline_s: float, budget: Budget, stats: Stats) -> None:
        self.written = 0
        self._websocket = websocket
        self._deadline_s = deadline_s
        self._budget = budget
        self._stats = stats
        self._sending = asyncio.Lock()
        self._beat: asyncio.Task[None] | None = None

    def limit(self, soft_bytes: int) -> None:
        """The server bounds what it buffers by itself."""

    async def ride(self, subscription: Subscription) -> bool:
        """Nobody can write to such a viewer but itself."""
        return False

    async def send(self, frames: Sequence[Frame]) -> None:
        with self._budget.waiting(sum(len(frame.payload) for frame in frames)):
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

    async def send_piece(self, piece: Piece) -> None:
        await self.send(piece.frames)

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


def outlet_of(
    websocket: WebSocket, *, soft_bytes: int, stall_s: float, crowds: Crowds, budget: Budget, stats: Stats
) -> Outlet:
    """The best way out that the server offers for this accepted WebSocket."""
    port = (websocket.scope.get("extensions") or {}).get(EXTENSION)
    if isinstance(port, FramePort):
        port.settle()
        return PortOutlet(port, soft_bytes=soft_bytes, crowds=crowds, budget=budget, stats=stats)
    return SendOutlet(websocket, deadline_s=stall_s, budget=budget, stats=stats)
