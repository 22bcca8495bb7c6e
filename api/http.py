"""uvicorn's HTTP protocol with bounds on what a request may cost before it is complete.

uvicorn reads headers of any size and waits for the rest of a request for ever: connections that never finish one would
add up until no more can be opened, and one of them could fill the memory. It also takes apart all requests that come at
once, however many wait for their answers already: one connection could keep it busy for a second, and fill the memory too.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .cut import cut

EXTENSION: Final = "gridcast.cut"
"""In a request's scope: a function that cuts the connection under a response that will never be complete."""

MAX_HEAD_BYTES: Final = 64 << 10
"""Of one request's line and headers, looked at after each piece."""

PIECE_BYTES: Final = 4 << 10
"""What is taken apart at once."""

MAX_WAITING: Final = 8
"""Requests of one connection that wait behind the one being answered; those behind them are not even taken apart."""

MAX_HELD_BYTES: Final = 1 << 20
"""Of those; who sends more without waiting for an answer is cut off."""

_TIMEOUT: Final = b"408 Request Timeout"
_TOO_LARGE: Final = b"431 Request Header Fields Too Large"


class HttpProtocol(HttpToolsProtocol):
    """Written against uvicorn 0.54, whose version is pinned for it.

    A connection has `request_s` from its opening, or from the first byte of a later request, to the last byte of the
    body; an idle one between two requests is closed by uvicorn.
    """

    request_s: ClassVar[float] = 30.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._in_head = True
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._held = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._held += data
        self._take_apart()
        if len(self._held) > MAX_HELD_BYTES:
            self._cut()

    def _take_apart(self) -> None:
        """Read on until nothing is left, or enough requests wait."""
        data, at = self._held, 0
        self._held = b""
        while at < len(data) and len(self.pipeline) < MAX_WAITING and not self.transport.is_closing():
            piece = data[at : at + PIECE_BYTES]
            at += len(piece)
            if self._in_head:
                self._head_bytes += len(piece)
            super().data_received(piece)
            if self.transport.get_protocol() is not self:
                return  # a WebSocket now, on which nothing may come before our answer
            if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self._refuse(_TOO_LARGE)
        if at < len(data) and not self.transport.is_closing():
            self._held = data[at:]
            self.flow.pause_reading()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._held:
            self._take_apart()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = {EXTENSION: self._cut}
        self._in_head = True
        self._start_clock()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._in_head = False
        self._head_bytes = 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._stop_clock()

    def handle_websocket_upgrade(self) -> None:
        self._stop_clock()
        super().handle_websocket_upgrade()

    def _start_clock(self) -> None:
        self._stop_clock()
        self._deadline = self.loop.call_later(self.request_s, self._overdue)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _overdue(self) -> None:
        if self._answering and not self.cycle.more_body:
            # What is late came behind a request that is still being answered, and we do not read meanwhile.
            self._start_clock()
        else:
            self._refuse(_TIMEOUT)

    @property
    def _answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _cut(self) -> None:
        cut(self.transport)

    def _refuse(self, status: bytes) -> None:
        """Say why where no other answer is on its way, and close."""
        self._stop_clock()
        if self._answering:
            self.transport.abort()
            return
        self.transport.write(b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status)
        self.transport.close()
