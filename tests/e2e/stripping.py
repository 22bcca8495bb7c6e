"""A loopback proxy that treats the web as some company networks do: no WebSockets, and if wanted no event streams either."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HEAD_BYTES = 64 << 10


class Stripping:
    """One connection carries one request, so that each can be looked at."""

    def __init__(self, upstream: str, *, hold_streams: bool) -> None:
        address = urlsplit(upstream)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._hold_streams = hold_streams
        self._serving: set[asyncio.Task[None]] = set()

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def close(self) -> None:
        """End what is still open."""
        for serving in self._serving:
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            if any(line.lower().startswith(b"upgrade:") for line in lines):
                writer.write(_REFUSED)
                await writer.drain()
                return
            if self._hold_streams and b"/events?" in lines[0]:
                # Kept for a virus scanner until it is complete, which a stream never is.
                await reader.read()
                return
            await self._pass_on(lines, reader, writer)

    async def _pass_on(
        self, lines: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        kept = [line for line in lines if not line.lower().startswith(b"connection:")]
        head = b"\r\n".join([kept[0], b"Connection: close", *kept[1:]])
        theirs, ours = await asyncio.open_connection(self._host, self._port)
        with contextlib.closing(ours):
            ours.write(head)
            up = asyncio.create_task(_copy(reader, ours))
            try:
                await _copy(theirs, writer)
            finally:
                up.cancel()
                await asyncio.gather(up, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(HEAD_BYTES):
        writer.write(data)
        await writer.drain()


@contextlib.asynccontextmanager
async def stripping(upstream: str, *, hold_streams: bool) -> AsyncIterator[str]:
    """The address of such a proxy before a service."""
    proxy = Stripping(upstream, hold_streams=hold_streams)
    server = await asyncio.start_server(proxy.take, "127.0.0.1", 0, limit=HEAD_BYTES)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        await proxy.close()
