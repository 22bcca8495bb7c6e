"""uvicorn's sans-I/O WebSocket protocol with a door for frames that are built already.

`await send` costs a task switch, a copy and an encoding per viewer and frame; a viewer that gets the same bytes as a
hundred others needs none of it. The ASGI extension `gridcast.frames` in a WebSocket's scope is a `FramePort`: the
application writes whole frames to the transport and sees how much of them the network has not taken yet; a `Broadcast`
does so for many.

Name it with uvicorn's `--ws gridcast.api.websocket:FrameProtocol`. Compression is declined: browsers offer
permessage-deflate, and it costs several times the price of everything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import termios
from array import array
from collections.abc import Callable
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState, ProtocolError
from websockets.frames import Frame
from websockets.http11 import Request

from .cut import cut
from .mailbox import Mailbox

EXTENSION: Final = "gridcast.frames"
CLOSE_S: Final = 2.0
"""How long the peer has for its part of the closing handshake before the connection is cut."""
_COUNT: Final = array("i", [0])
"""Where the kernel puts an answer."""
MAX_PINGS_BEHIND: Final = 100
"""Pings answered while the peer takes nothing in; each answer waits in memory."""
MAX_FRAGMENTS: Final = 1024
"""Parts of one message. Empty ones count for nothing in its size, but each costs memory."""


class FramePort:
    """Direct access to the transport under one WebSocket whose handshake is complete."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: FrameProtocol) -> None:
        self._protocol = protocol

    @property
    def closed(self) -> bool:
        """Whether writing is of no use any more."""
        protocol = self._protocol
        return protocol.close_sent or protocol.transport.is_closing()

    def settle(self) -> None:
        """Forget the handshake, which is complete: kilobytes that would stay for as long as the connection does."""
        del self._protocol.request, self._protocol.response

    def limit(self, backlog_bytes: int) -> None:
        """Let `drained()` wait while more than `backlog_bytes` are unsent, and until three quarters of those are gone."""
        if not self.closed:
            self._protocol.transport.set_write_buffer_limits(high=backlog_bytes, low=backlog_bytes // 4)

    def write(self, frame: bytes) -> None:
        """Write one whole frame; never waits. Nothing happens on a closed connection."""
        if not self.closed:
            self._protocol.transport.write(frame)

    def backlog(self) -> int:
        """Bytes that the network has not taken yet."""
        return self._protocol.transport.get_write_buffer_size()

    def unread(self) -> int:
        """Bytes that the peer's machine has not taken yet: the backlog, and what lies in the kernel's buffers."""
        return self.backlog() + self._protocol.in_kernel()

    @property
    def saturated(self) -> bool:
        """Whether `drained()` would wait."""
        return self._protocol.saturated

    async def drained(self) -> None:
        """Return once the backlog is within its limit, or the connection is lost."""
        await self._protocol.writable.wait()

    def close(self, code: int, reason: str) -> None:
        """Send the close frame behind what is written already; cut the connection `CLOSE_S` later at the latest."""
        self._protocol.close_now(code, reason)

    def abort(self) -> None:
        """Cut the connection; what is not sent yet is lost."""
        self._protocol.abort()


class Broadcast:
    """Ports that are given the same frames.

    Writing to them is most of what an API process does, so nothing is looked at on the way: a connection that can take no
    more, or is closed, says so by itself.
    """

    def __init__(self) -> None:
        self._writes: dict[FramePort, Callable[[bytes], None]] = {}
        self._full: list[FramePort] = []

    def add(self, port: FramePort) -> None:
        """Write to this one too, which must not be in another broadcast."""
        protocol = port._protocol
        protocol.broadcast = self
        if port.closed:
            self._full.append(port)
            return
        self._writes[port] = protocol.transport.write
        if protocol.saturated:
            self._full.append(port)

    def discard(self, port: FramePort) -> None:
        """Write to this one no more."""
        port._protocol.broadcast = None
        self._writes.pop(port, None)
        if port in self._full:
            self._full.remove(port)

    def write(self, frames: bytes) -> list[FramePort]:
        """Write whole frames to all; answer with those that can take no more: closed, or above their limit."""
        for write in self._writes.values():
            write(frames)
        full, self._full = self._full, []
        return full

    def filled(self, port: FramePort) -> None:
        """The network takes less than this port was given."""
        self._full.append(port)

    def closed(self, port: FramePort) -> None:
        """Writing to this one is of no use any more."""
        if self._writes.pop(port, None) is not None:
            self._full.append(port)


class FrameProtocol(WebSocketsSansIOProtocol):
    """Written against uvicorn 0.54, whose version is pinned for it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn.available_extensions = []
        self.queue = Mailbox()  # type: ignore[assignment]  # has what uvicorn calls of a queue
        self._pings_behind = 0
        self.port = FramePort(self)
        self.broadcast: Broadcast | None = None
        self.saturated = False
        self._file: int | None = None

    def pause_writing(self) -> None:
        self.saturated = True
        if self.broadcast is not None:
            self.broadcast.filled(self.port)
        super().pause_writing()

    def resume_writing(self) -> None:
        self.saturated = False
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.saturated = False
        super().connection_lost(exc)
        self._leave_broadcast()

    def _leave_broadcast(self) -> None:
        """Called wherever the connection may have been closed, or a close frame sent."""
        if self.broadcast is not None and self.port.closed:
            self.broadcast.closed(self.port)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._leave_broadcast()
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            # A request that cannot be read, such as one with a line over 8 KiB: uvicorn leaves its peer waiting.
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_ping(self) -> None:
        self._pings_behind = 0 if self.writable.is_set() else self._pings_behind + 1
        if self._pings_behind > MAX_PINGS_BEHIND:
            self.abort()
        else:
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MAX_FRAGMENTS:
            self.abort()
        else:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                str(b"".join(self.frames), "utf-8")
            except UnicodeDecodeError:
                self._not_text()
                return
        super().send_receive_event_to_app()

    def _not_text(self) -> None:
        """Close with 1007, and no word in the log for each stranger; who sent a close frame behind it is answered that."""
        self.frames = []
        with contextlib.suppress(InvalidState):
            self.conn.send_close(1007)
            self.handle_parser_exception()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            sock = self.transport.get_extra_info("socket")
            self._file = None if sock is None else sock.fileno()
            # The application's task was made just now and has not run yet: it will see the extension.
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self.port

    def in_kernel(self) -> int:
        """Bytes that were sent and not confirmed; 0 where the system does not tell."""
        if self._file is None or self.transport.is_closing():
            return 0
        try:
            fcntl.ioctl(self._file, termios.TIOCOUTQ, _COUNT)
        except OSError:
            return 0
        return _COUNT[0]

    def close_now(self, code: int, reason: str) -> None:
        """What `send({"type": "websocket.close"})` does, without waiting for the backlog first."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        try:
            self.conn.send_close(code, reason)
        except ProtocolError:
            self.abort()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._leave_broadcast()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_S, self.abort)

    def abort(self) -> None:
        """Cut the connection now, with what lies in the kernel's buffers for a peer that does not take it."""
        if self.disconnected:
            return
        cut(self.transport)
        self._leave_broadcast()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._leave_broadcast()

    def shutdown(self) -> None:
        super().shutdown()
        self._leave_broadcast()
        # transport.close() waits for the backlog of a peer that may never read it.
        self.loop.call_later(CLOSE_S, self.abort)
