"""Memory that must stay flat: a session child over an hour on every feeder, an API process beside deaf viewers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from urllib.parse import urlsplit

from bench.report import Report
from bench.service import Service, private_bytes, resident_bytes, service
from bench.viewers import watch_all

MIB = 1 << 20
FROM_TICK = 5_000
TO_TICK = 36_000
VIEWERS = 50
DEAF = 10


def child_growth(running: Service, scenario: str) -> float:
    """Growth of a child's private memory between two ticks of a full-speed hour, in MiB."""
    session = running.post_session(scenario=scenario)
    pid: int | None = None
    first: int | None = None
    last = 0
    while True:
        state = running.session(session["id"])
        if pid is None and state["status"] == "running":
            with contextlib.suppress(StopIteration):
                pid = running.child_pid(session["id"])
        if state["status"] in {"completed", "failed", "stopped"}:
            break
        if pid is not None and state["tick"] >= FROM_TICK:
            with contextlib.suppress(OSError):
                last = private_bytes(pid)
                first = first if first is not None else last
        time.sleep(0.02)
    running.delete(session["id"])
    assert first is not None, f"{scenario} ended before it was measured: {state.get('reason')}"
    return (last - first) / MIB


def deaf_viewer(url: str) -> socket.socket:
    """A WebSocket client that shakes hands and never reads again."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = socket.create_connection((parts.hostname, parts.port or 80))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.sendall(
        (
            f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
    )
    return connection


async def api_peak(running: Service) -> tuple[float, list[str]]:
    """Growth of the API's resident memory beside deaf viewers, in MiB, and what the others missed."""
    (api,) = running.run_file()["api_pids"]
    begin = resident_bytes(api)
    peak = begin
    session = await asyncio.to_thread(running.post_session, scenario="ieee123", overrides={"duration_s": 900})
    deaf = [await asyncio.to_thread(deaf_viewer, session["ws_url"]) for _ in range(DEAF)]
    watching = asyncio.create_task(watch_all(session["ws_url"], VIEWERS - DEAF))
    while not watching.done():
        peak = max(peak, resident_bytes(api))
        await asyncio.sleep(0.05)
    seen = watching.result()
    for connection in deaf:
        connection.close()
    running.delete(session["id"])
    faults = [fault for viewer in seen for fault in viewer.faults]
    faults += [f"{viewer.ticks} ticks of 9000" for viewer in seen if viewer.ticks != 9000]
    return (peak - begin) / MIB, faults


def run(*, quick: bool) -> Report:
    report = Report(title="Memory")
    with service("--workers", "1") as running:
        for feeder in ("ieee13",) if quick else ("ieee13", "ieee34", "ieee123"):
            report.add(
                f"{feeder} child, growth from tick {FROM_TICK} to {TO_TICK}",
                [child_growth(running, feeder)],
                unit="MiB",
                at_most=5,
            )
        growth, faults = asyncio.run(api_peak(running))
        # By the settings: the window and its frames, four times the soft bound for each deaf viewer, and for each of the
        # others the soft bound and a page of the log.
        bound = 2 * 4 + 4 * DEAF + 1.25 * (VIEWERS - DEAF)
        report.add(
            f"API with {VIEWERS} viewers, {DEAF} deaf: growth",
            [growth],
            unit="MiB",
            at_most=bound,
        )
        report.notes += faults[:3]
    return report
