"""`python -m gridcast.api.main` as a process of its own: uvloop, signals and memory are real there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2

from gridcast.broadcaster import Settings
from tests.valkey import free_port
from tests.waiting import PATIENCE_S


class ApiProcess:
    """A running API process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port
        self.http = f"http://127.0.0.1:{port}"

    def ws(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    def rss_bytes(self) -> int:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    async def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S)


@contextlib.asynccontextmanager
async def api_process(settings: Settings, **environment: str) -> AsyncIterator[ApiProcess]:
    """Start one and wait until it answers."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gridcast.api.main", "--port", str(port)),
        env={
            **os.environ,
            "GRIDCAST_REDIS_URL": settings.redis_url,
            "GRIDCAST_CHANNELS_URL": settings.channels_url or "",
            **environment,
        },
    )
    api = ApiProcess(process, port)
    try:
        async with asyncio.timeout(PATIENCE_S), httpx2.AsyncClient() as http:
            while True:
                with contextlib.suppress(httpx2.TransportError):
                    if (await http.get(f"{api.http}/healthz")).status_code == 200:
                        break
                await asyncio.sleep(0.02)
        yield api
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@contextlib.contextmanager
def threaded_api(redis_url: str, **environment: str) -> Iterator[str]:
    """An API process for those who wait without a loop; its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gridcast.api.main", "--port", str(port)],
        env={
            **os.environ,
            "GRIDCAST_REDIS_URL": redis_url,
            "GRIDCAST_RECORDINGS": "off",
            **environment,
        },
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(httpx2.TransportError):
                if httpx2.get(f"{url}/healthz").status_code == 200:
                    break
            if time.monotonic() > deadline or process.poll() is not None:
                raise TimeoutError("the API process did not start")
            time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()
