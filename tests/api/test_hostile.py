"""Peers that mean no good: what they send is bounded before it is understood, and they are let go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from websockets.frames import Frame, Opcode

from gridcast.api.http import MAX_HEAD_BYTES, MAX_HELD_BYTES, MAX_WAITING, HttpProtocol
from gridcast.api.websocket import MAX_FRAGMENTS
from tests.api.producer import Producer
from tests.api.serving import Api
from tests.waiting import PATIENCE_S, until

GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
UPGRADE = (
    b"Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Peer:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> bool:
        """Whether the other side still took it."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError:
            return False
        return True

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        found = b""
        with contextlib.suppress(ConnectionError):
            while chunk := await asyncio.wait_for(self.reader.read(1 << 16), PATIENCE_S):
                found += chunk
        return found

    async def head(self) -> bytes:
        """The first line of an answer; its headers are read too."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        return head.split(b"\r\n")[0]


@pytest.fixture
async def peer(api: Api) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=1 << 20)
    yield Peer(reader, writer)
    writer.transport.abort()


def masked(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


async def test_headers_without_end_are_refused(peer: Peer) -> None:
    await peer.send(GET)
    sent = 0
    while await peer.send(b"X: " + b"x" * 10_000 + b"\r\n") and sent < 100 * MAX_HEAD_BYTES:
        sent += 10_000
    assert sent < 100 * MAX_HEAD_BYTES


async def test_headers_up_to_the_bound_are_read(peer: Peer) -> None:
    await peer.send(GET + b"X: " + b"x" * (MAX_HEAD_BYTES - 1000) + b"\r\n\r\n")
    assert await peer.head() == b"HTTP/1.1 200 OK"


async def test_requests_behind_each_other_are_all_answered_in_their_order(peer: Peer) -> None:
    names = [b"/healthz" if i % 3 else b"/nothing" for i in range(20 * MAX_WAITING)]
    asked = b"".join(b"GET /api%b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % name for name in names)
    body = b'{"scenario": "nowhere"}'
    posted = b"POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    posted += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    last = GET + b"Connection: close\r\n\r\n"
    await peer.send(asked + posted % len(body) + body + last)
    answers = await peer.rest()
    assert answers.count(b"HTTP/1.1 404 ") == len(names)
    assert answers.count(b"HTTP/1.1 422 ") == 1
    assert answers.count(b"HTTP/1.1 200 ") == 1
    assert (
        answers.rindex(b"HTTP/1.1 404 ") < answers.index(b"HTTP/1.1 422 ") < answers.index(b"HTTP/1.1 200 ")
    )


async def test_who_asks_on_and_on_without_reading_is_cut_and_fills_no_memory(api: Api, peer: Peer) -> None:
    request = GET + b"X: " + b"x" * 200 + b"\r\n\r\n"
    sent = 0
    while await peer.send(1000 * request) and sent < 200 * MAX_HELD_BYTES:
        sent += 1000 * len(request)
        assert all(
            len(protocol.pipeline) <= 2 * MAX_WAITING + 8
            for protocol in api.server.server_state.connections
            if isinstance(protocol, HttpProtocol)
        )
    assert sent < 200 * MAX_HELD_BYTES


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HT", GET])
async def test_a_request_that_does_not_come_is_not_waited_for(
    api: Api, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(HttpProtocol, "request_s", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    peer = Peer(reader, writer)
    await peer.send(begun)
    assert (await peer.rest()).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpProtocol, "request_s", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    peer = Peer(reader, writer)
    await peer.send(
        b"POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )
    assert await peer.rest() == b""
    writer.close()


async def test_an_answer_may_take_longer_than_a_request(
    api: Api, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpProtocol, "request_s", 0.05)
    await producer.begin()
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    peer = Peer(reader, writer)
    await peer.send(b"GET /api/sessions/k3v9/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /healthz HT")
    assert await peer.head() == b"HTTP/1.1 200 OK"
    await asyncio.sleep(4 * HttpProtocol.request_s)
    await producer.ticks(1)
    await asyncio.wait_for(reader.readuntil(b'"type":"ticks"'), PATIENCE_S)
    writer.close()


async def test_a_websocket_whose_address_is_too_long_gets_an_answer(peer: Peer) -> None:
    await peer.send(b"GET /sim/stream?config=" + b"x" * 9000 + b" HTTP/1.1\r\n" + UPGRADE)
    assert (await peer.rest()).startswith(b"HTTP/1.1 414 ")


async def test_who_pings_and_does_not_read_is_cut(api: Api, producer: Producer, peer: Peer) -> None:
    await producer.create()
    await peer.send(b"GET /api/ws/sessions/k3v9 HTTP/1.1\r\n" + UPGRADE)
    assert b" 101 " in await peer.head()
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of the reader that a writer's transport has
    flood = masked(Opcode.PING, b"x" * 125) * 1000
    sent = 0
    while await peer.send(flood) and sent < 64 << 20:
        sent += len(flood)
    assert sent < 64 << 20
    await until(lambda: len(api.services.audience) == 0)


async def test_a_message_in_endless_empty_parts_is_cut(api: Api, producer: Producer, peer: Peer) -> None:
    await producer.create()
    await peer.send(b"GET /api/ws/sessions/k3v9 HTTP/1.1\r\n" + UPGRADE)
    assert b" 101 " in await peer.head()
    await peer.send(masked(Opcode.TEXT, b"", fin=False))
    await peer.send(masked(Opcode.CONT, b"", fin=False) * MAX_FRAGMENTS)
    await peer.rest()
    await until(lambda: len(api.services.audience) == 0)


@pytest.mark.parametrize(
    ("behind", "code"),
    [(b"", 1007), (masked(Opcode.CLOSE, b"\x03\xe8"), 1000)],
    ids=["alone", "before the end"],
)
async def test_text_that_is_none_closes_the_socket_and_nothing_else(
    api: Api, producer: Producer, peer: Peer, behind: bytes, code: int
) -> None:
    await peer.send(b"GET /api/ws/sessions/%b HTTP/1.1\r\n" % producer.channel.id.encode() + UPGRADE)
    await peer.head()
    await peer.send(masked(Opcode.TEXT, b"\xca\x20") + behind)
    assert (await peer.rest())[-4:] == b"\x88\x02" + code.to_bytes(2, "big")
