"""Reads a connection to the broker in redis-py's place: no task is woken and nothing awaited between the socket and whoever
handles what came.

To be woken for a message costs several times what the message does, for by then the processor has forgotten everything. So
while a connection brings hundreds of them a second it is looked at every few milliseconds, as drivers of fast network cards
do, and what came meanwhile is handled together. Where little comes, nothing waits.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import hiredis
import structlog

log = structlog.get_logger(__name__)

LOOK_S = 0.01
"""How often a busy connection is looked at. What comes waits half as long on the average; at real time a tick is 0.1 s."""

BUSY_HZ = 400
"""Wakings a second from which on a connection is busy. It is no more when looking finds less than one message each time."""

_JUDGED_S = 0.1
"""How long is counted before a connection is called busy, or not busy any more."""

_READ_BYTES = 256 << 10
_MUCH_BYTES = 32 << 10
"""Who finds as much looks again at once: there may be more than one look can take."""


class Replies(asyncio.Protocol):
    """Handles each reply, and says when all of one read were `handled`.

    `ended` is done when the connection is lost, or brought what cannot be understood.
    """

    def __init__(
        self, transport: asyncio.Transport, *, handle: Callable[[object], None], handled: Callable[[], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._transport = transport
        self._before = transport.get_protocol()
        self._handle = handle
        self._handled = handled
        self._parser = hiredis.Reader()
        self._file = _file_under(transport)
        self._looking: asyncio.Handle | None = None
        self._since = self._loop.time()
        self._count = 0

    @property
    def looking(self) -> bool:
        """Whether the connection is busy, and so looked at from time to time."""
        return self._looking is not None

    def data_received(self, data: bytes) -> None:
        if self.ended.done():
            return
        self._take(data)
        self._count += 1
        now = self._loop.time()
        if now - self._since < _JUDGED_S:
            return
        if self._file is not None and self._count >= BUSY_HZ * (now - self._since):
            self._transport.pause_reading()
            self._looking = self._loop.call_later(LOOK_S, self._look)
        self._since, self._count = now, 0

    def connection_lost(self, exc: Exception | None) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._end(exc or _closed())
        self._before.connection_lost(exc)

    def _look(self) -> None:
        """Take what came since the last look."""
        self._looking = None
        if self._transport.is_closing() or self.ended.done():
            return
        size = self._read()
        now = self._loop.time()
        if self.ended.done():
            return
        if size >= _MUCH_BYTES:
            self._looking = self._loop.call_soon(self._look)
            return
        if now - self._since >= _JUDGED_S:
            calm = self._count * LOOK_S < now - self._since
            self._since, self._count = now, 0
            if calm:
                self._transport.resume_reading()
                return
        self._looking = self._loop.call_later(LOOK_S, self._look)

    def _read(self) -> int:
        """Handle what is there; how many bytes that were."""
        assert self._file is not None
        try:
            data = os.read(self._file, _READ_BYTES)
            self._count += self._take(data)
        except BlockingIOError:
            return 0
        except Exception as error:
            # Nobody else would tell, and nothing would be read any more.
            if not isinstance(error, OSError):
                log.exception("what came could not be handled")
            self._end(error)
            return 0
        if not data:
            self._end(_closed())
        return len(data)

    def _take(self, data: bytes) -> int:
        """Handle what is whole by now; how many replies that were."""
        gets, taken = self._parser.gets, 0
        try:
            self._parser.feed(data)
            while (reply := gets()) is not False:
                taken += 1
                self._handle(reply)
        except (hiredis.HiredisError, ConnectionError) as error:
            self._end(error)
        finally:
            self._handled()
        return taken

    def _end(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error if isinstance(error, OSError) else ConnectionError(str(error)))


def _closed() -> ConnectionError:
    return ConnectionError("the broker closed the live tail")


def _file_under(transport: asyncio.Transport) -> int | None:
    """The file to read from, where what stands in it is what the broker sent."""
    sock = transport.get_extra_info("socket")
    if sock is None or transport.get_extra_info("sslcontext") is not None:
        return None
    file: int = sock.fileno()
    return file
