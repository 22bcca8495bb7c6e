"""The API as a process: slow readers are bounded and let go, SIGTERM tells viewers, the simulator is never loaded."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import websockets

from gridcast.broadcaster import Settings
from tests.api.process import api_process
from tests.api.producer import Producer
from tests.api.serving import receive, receive_all
from tests.waiting import PATIENCE_S, until

_UPGRADE = (
    b"GET /api/ws/sessions/k3v9%b HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@contextlib.contextmanager
def deaf_viewer(port: int, query: str = "?since=0") -> Iterator[socket.socket]:
    """A viewer that opens a stream and never reads a byte of it."""
    with socket.socket() as connection:
        _open_stream(connection, port, query)
        yield connection


def _open_stream(connection: socket.socket, port: int, query: str) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
    connection.connect(("127.0.0.1", port))
    connection.sendall(_UPGRADE % query.encode())


def is_cut(connection: socket.socket) -> bool:
    """Whether the server gave this connection up, told without reading what it sent."""
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 or _tcp_state(connection) not in (
        1,
    )


def _tcp_state(connection: socket.socket) -> int:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


async def viewers(api_url: str) -> int:
    async with httpx2.AsyncClient() as http:
        return len((await http.get(f"{api_url}/api/sessions/k3v9/viewers")).json()["viewers"])


async def until_viewers(api_url: str, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await viewers(api_url) != count:
            pass


async def test_viewers_that_never_read_are_bounded_let_go_and_cost_the_others_nothing(
    settings: Settings, producer: Producer
) -> None:
    await producer.begin()
    bound = {
        "GRIDCAST_VIEWER_BYTES": str(256 << 10),
        "GRIDCAST_STALL_S": "4",
        "GRIDCAST_WINDOW_BYTES": str(1 << 20),
    }
    async with api_process(settings, **bound) as api, contextlib.AsyncExitStack() as stack:
        deaf = [stack.enter_context(deaf_viewer(api.port)) for _ in range(10)]
        async with websockets.connect(api.ws("/api/ws/sessions/k3v9"), max_size=None) as good:
            await receive(good)
            await until_viewers(api.http, 11)
            before = api.rss_bytes()
            assert [(await receive(good))["offset"] for _ in range(3)] == [1, 2, 3]
            most = before
            # 60 MB for each viewer, of which the deaf ones take nothing.
            for offset in range(4, 1004):
                await producer.ticks(1, padding=60_000)
                assert (await receive(good))["offset"] == offset
                most = max(most, api.rss_bytes())
            while await viewers(api.http) > 1:
                await producer.ticks(1)
                assert (await receive(good))["offset"] == producer.head
                most = max(most, api.rss_bytes())
            await until(lambda: all(is_cut(connection) for connection in deaf), what="the cut")
            # Ten soft bounds, the window with its frames, a page in flight for each; without bounds it is 60 MB and more.
            assert most - before < 10 * (256 << 10) + 2 * (1 << 20) + 10 * (256 << 10) + 8 * (1 << 20)
            async with httpx2.AsyncClient() as http:
                assert (
                    "gridcast_api_viewers_let_go_total 10.0" in (await http.get(f"{api.http}/metrics")).text
                )


async def test_a_viewer_whose_whole_backlog_lies_in_the_kernel_is_let_go_too(
    settings: Settings, producer: Producer
) -> None:
    await producer.begin()
    async with api_process(settings, GRIDCAST_STALL_S="1") as api:
        with deaf_viewer(api.port):
            async with websockets.connect(api.ws("/api/ws/sessions/k3v9"), max_size=None) as good:
                await until_viewers(api.http, 2)
                await producer.ticks(5, padding=40_000)
                await until_viewers(api.http, 1)
                assert [(await receive(good)).get("offset") for _ in range(9)] == [None, *range(1, 9)]


async def test_a_slow_reader_gets_everything_from_the_log(settings: Settings, producer: Producer) -> None:
    await producer.begin()
    bound = {"GRIDCAST_VIEWER_BYTES": str(64 << 10), "GRIDCAST_WINDOW_BYTES": str(64 << 10)}
    async with api_process(settings, **bound) as api:
        async with websockets.connect(api.ws("/api/ws/sessions/k3v9"), max_size=None, max_queue=1) as viewer:
            await receive(viewer)
            await producer.ticks(300, padding=60_000)
            await producer.finish()
            frames, code = await receive_all(viewer)
        assert [frame["offset"] for frame in frames] == list(range(1, 305))
        assert code == 1000


async def test_sigterm_closes_viewers_with_1012_and_exits_0(settings: Settings, producer: Producer) -> None:
    await producer.begin()
    async with (
        api_process(settings) as api,
        websockets.connect(api.ws("/api/ws/sessions/k3v9?since=live")) as viewer,
    ):
        await receive(viewer)
        ended = asyncio.create_task(api.terminate())
        assert await receive_all(viewer) == ([], 1012)
        assert await ended == 0


async def test_sigterm_ends_the_process_also_beside_a_viewer_that_never_reads(
    settings: Settings, producer: Producer
) -> None:
    await producer.begin()
    await producer.ticks(200, padding=60_000)
    async with api_process(settings) as api:
        with deaf_viewer(api.port):
            await until_viewers(api.http, 1)
            assert await api.terminate() == 0


def test_a_port_in_use_is_told(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "gridcast.api.main", "--port", str(port)],
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert ended.returncode == 1
    assert b"cannot listen" in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert ended.stdout == b""


def test_the_api_never_loads_the_simulator() -> None:
    program = (
        "import sys, gridcast.api.main as m, gridcast.broadcaster as b\n"
        "m.create_app(b.Settings()).openapi()\n"
        "bad = sorted(n for n in sys.modules if n.split('.')[0] in ('openg2g', 'opendssdirect', 'dss'))\n"
        "sys.exit(str(bad) if bad else 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
