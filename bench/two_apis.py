"""Whether two API processes deliver what two cores can: what a delivery costs at both, against all viewers at one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import httpx2

from bench.report import Report
from bench.servers import Server, watching
from bench.service import Service
from tests.valkey import free_port

SETTLE_S = 1.5
HZ = 50
"""Ticks of ten times a second, at five times real time."""
TOGETHER = (300, 1_000)
"""Viewers of one session, at one API process or at two; the last keep one process half busy."""


@contextmanager
def another_api(running: Service) -> Iterator[Server]:
    """A second API process of the same service."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gridcast.cli", "api", "--port", str(port)],
        env={**os.environ, "GRIDCAST_DIR": str(running.folder)},
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as http:
            while True:
                with suppress(httpx2.TransportError):
                    if http.get("/readyz").status_code == 200:
                        break
                time.sleep(0.05)
        yield Server(name="api", port=port, pid=process.pid)
    finally:
        process.terminate()
        process.wait()


def compare(running: Service, report: Report, *, seconds: float, repeats: int) -> None:
    """What a delivery costs where all viewers are at one API process, and where half of them are at another."""
    port = urlsplit(running.url).port or 80
    session_id = running.post_session(scenario="ieee13", speed=HZ / 10, overrides={"duration_s": 36_000})[
        "id"
    ]
    one = Server(name="api", port=port, pid=running.run_file()["api_pids"][0])
    with another_api(running) as other:
        for together in TOGETHER:
            ratios = []
            for _ in range(repeats):
                alone, shared = (
                    _delivery_us(session_id, servers, together, seconds)
                    for servers in ([one, one], [one, other])
                )
                ratios.append(shared / alone)
            report.add(
                f"CPU of a delivery at two API processes, to that at one ({together:,} viewers)",
                ratios,
                at_most=1.1,
            )
    running.delete(session_id)


def _delivery_us(session_id: str, servers: list[Server], together: int, seconds: float) -> float:
    with ExitStack() as stack:
        for server in servers:
            stack.enter_context(watching(server.port, [session_id], together // len(servers)))
        time.sleep(SETTLE_S)
        busy = {server.pid: server for server in servers}.values()
        before, begin = sum(server.cpu_s() for server in busy), time.monotonic()
        time.sleep(seconds)
        used, took_s = sum(server.cpu_s() for server in busy) - before, time.monotonic() - begin
    return 1e6 * used / (took_s * HZ * together)
