"""Answers that are sent as they are made, and never end well when they are not whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing
from time import monotonic
from typing import Any, Final

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gridcast.broadcaster import BrokerUnavailable, NoChannel
from gridcast.recordings.reader import ChunkUnreadable

from .failures import Failure
from .places import Place
from .replies import first_of
from .services import Services

log = structlog.get_logger(__name__)

SEND_BYTES: Final = 256 << 10
"""Handed to the connection in one go; it must take them within `Settings.stall_s`."""


class Streamed(StreamingResponse):
    """Sends pieces until the last one, the client's leave, the loss of its place or the server's end.

    A failure on the way breaks the connection off, so that nobody takes a part for the whole.
    """

    def __init__(
        self,
        services: Services,
        pieces: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        holds: AsyncExitStack | None = None,
        place: Place | None = None,
    ) -> None:
        """`holds`: closed when everything was sent, or when nothing more will be; `place`: what it is sent from."""
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._services = services
        self._pieces = pieces
        self._holds = holds or AsyncExitStack()
        self._place = place or Place()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._holds:
            await first_of(self._stream(send), _left(receive), self._closing(), self._losing_place())

    async def _stream(self, send: Send) -> None:
        try:
            await self._put(
                send, {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    for part in _parts(piece):
                        await self._put(send, {"type": "http.response.body", "body": part, "more_body": True})
            await self._put(send, {"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self._services.stats.viewers_let_go += 1
        except (Failure, BrokerUnavailable, NoChannel, ChunkUnreadable, OSError) as error:
            log.warning("an answer was broken off", error=str(error))

    async def _put(self, send: Send, message: dict[str, Any]) -> None:
        """Raises `TimeoutError` where the client makes no progress."""
        began_s = monotonic()
        async with asyncio.timeout(self._services.settings.stall_s):
            await send(message)
        self._place.took(len(message.get("body", b"")), monotonic() - began_s)

    async def _closing(self) -> None:
        await self._services.closing.wait()

    async def _losing_place(self) -> None:
        await self._place.lost.wait()


async def in_turn(pieces: Iterable[bytes]) -> AsyncGenerator[bytes, None]:
    """What is made already, some `SEND_BYTES` at a time: a send for each number would cost more than the number."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= SEND_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _parts(piece: bytes) -> Iterable[bytes]:
    view = memoryview(piece)
    return (bytes(view[at : at + SEND_BYTES]) for at in range(0, len(view), SEND_BYTES))


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
