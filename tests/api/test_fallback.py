"""On a server without the frame extension the same delivery goes by `await send`, with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
import websockets

from gridcast.api.app import create_app
from gridcast.api.budget import Budget, TooSlow
from gridcast.api.frames import Frame
from gridcast.api.main import listen
from gridcast.api.outlet import Gone, SendOutlet
from gridcast.api.stats import Stats
from gridcast.broadcaster import Settings
from tests.api.producer import Producer
from tests.api.serving import receive, receive_all
from tests.waiting import until


@pytest.fixture
async def plain_port(settings: Settings) -> AsyncIterator[int]:
    """The application under uvicorn's own WebSocket implementation."""
    listener = listen("127.0.0.1", 0, stall_s=10)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings), ws="websockets-sansio", log_level="warning", timeout_graceful_shutdown=2
        )
    )
    task = asyncio.create_task(server._serve([listener]))
    await until(lambda: server.started or task.done(), what="the server")
    yield listener.getsockname()[1]
    server.should_exit = True
    await task


async def test_entries_commands_and_the_end_come_as_ever(plain_port: int, producer: Producer) -> None:
    await producer.begin()
    url = f"ws://127.0.0.1:{plain_port}/api/ws/sessions/k3v9"
    async with websockets.connect(url, max_size=None) as viewer:
        assert (await receive(viewer))["type"] == "hello"
        await viewer.send('{"type":"ping"}')
        await producer.ticks(50)
        await producer.finish()
        frames, code = await receive_all(viewer)
    assert [frame["offset"] for frame in frames if "offset" in frame] == list(range(1, 55))
    assert [frame["type"] for frame in frames if "offset" not in frame] == ["pong"]
    assert code == 1000


class StuckSocket:
    async def send_text(self, text: str) -> None:
        await asyncio.Event().wait()


class ClosedSocket:
    async def send_text(self, text: str) -> None:
        raise RuntimeError("closed")


async def test_a_send_that_is_not_taken_in_time_lets_the_viewer_go() -> None:
    outlet = SendOutlet(StuckSocket(), deadline_s=0.01, budget=Budget(), stats=Stats())  # type: ignore[arg-type]
    with pytest.raises(TooSlow):
        await outlet.send([Frame(b"{}")])


async def test_a_closed_socket_is_a_viewer_that_left() -> None:
    outlet = SendOutlet(ClosedSocket(), deadline_s=1, budget=Budget(), stats=Stats())  # type: ignore[arg-type]
    with pytest.raises(Gone):
        await outlet.send([Frame(b"{}")])
