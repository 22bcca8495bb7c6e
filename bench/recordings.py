"""What recording costs a run on its whole path, how large an hour is on disk, and memory over a million ticks."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.report import Report
from bench.service import Service, processes_below, resident_bytes, service
from bench.whole_path import whole_path_seconds

MIB = 1 << 20
MB = 1_000_000
REPEATS = 5
ON, OFF = None, "off"
MILLION = 1_000_000
SETTLED = 0.1
"""The part of a long run after which memory must not grow any more."""


@contextmanager
def recording(where: str | None) -> Iterator[Service]:
    """A service that records into its own folder, or not at all."""
    before = os.environ.pop("GRIDCAST_RECORDINGS", None)
    try:
        if where is not None:
            os.environ["GRIDCAST_RECORDINGS"] = where
        with service("--workers", "1") as running:
            yield running
    finally:
        os.environ.pop("GRIDCAST_RECORDINGS", None)
        if before is not None:
            os.environ["GRIDCAST_RECORDINGS"] = before


def until_over(running: Service, session_id: str) -> None:
    while running.session(session_id)["status"] not in {"completed", "stopped", "failed"}:
        time.sleep(0.2)


def hour_bytes(running: Service, feeder: str) -> int:
    """Size on disk of an hour."""
    session = running.post_session(scenario=feeder)
    until_over(running, session["id"])
    folder = running.folder / "recordings" / session["id"]
    size = sum(int(file.stat().st_size) for file in folder.iterdir())
    running.delete(session["id"])
    return size


def run(*, quick: bool) -> Report:
    duration_s = 600 if quick else 3600
    report = Report(title=f"Recordings: {10 * duration_s} ticks of ieee13 to 10 viewers, with and without")
    seconds: dict[str | None, list[float]] = {ON: [], OFF: []}
    with recording(ON) as on, recording(OFF) as off:
        for turn in range(1 + (2 if quick else REPEATS)):
            for where, running in ((ON, on), (OFF, off)):
                took, faults = asyncio.run(whole_path_seconds(running, duration_s))
                report.notes += faults[:3]
                if turn > 0:  # the first run of a service warms it
                    seconds[where].append(took)
        for feeder, most in (("ieee13", 15), ("ieee123", 60)):
            report.add(f"{feeder}: an hour on disk", [hour_bytes(on, feeder) / MB], unit="MB", at_most=most)
    report.add("without recording", seconds[OFF], unit="s")
    report.add("with recording", seconds[ON], unit="s")
    ratios = [a / b for a, b in zip(seconds[ON], seconds[OFF], strict=True)]
    report.add("ratio", ratios, at_most=1.05)
    return report


def resident(running: Service) -> dict[str, int]:
    """Resident memory by role; a worker counts with its fork server and children."""
    known = running.run_file()
    found = {"API": known["api_pids"], "broker": [known["broker_pid"]], "worker": []}
    for pid in known["worker_pids"]:
        found["worker"] += processes_below(pid)
    return {
        role: sum(resident_bytes(pid) for pid in pids if Path(f"/proc/{pid}/statm").exists())
        for role, pids in found.items()
    }


def million(*, quick: bool) -> Report:
    """Growth of each process while one session computes a million ticks, from a tenth of the way on."""
    ticks = 100_000 if quick else MILLION
    report = Report(title=f"Memory over {ticks} ticks of ieee13")
    with recording(ON) as running:
        session = running.post_session(scenario="ieee13", overrides={"duration_s": ticks // 10})
        settled: dict[str, int] | None = None
        peak: dict[str, int] = {}
        while (state := running.session(session["id"]))["status"] not in {"completed", "stopped", "failed"}:
            if state["tick"] >= SETTLED * ticks:
                now = resident(running)
                settled = settled or now
                peak = {role: max(size, peak.get(role, 0)) for role, size in now.items()}
            time.sleep(0.5)
        if settled is None or state["status"] != "completed":
            report.notes.append(f"the session is {state['status']}: {state.get('reason')}")
            return report
        for role, size in peak.items():
            # The broker fills the log's bound, and its append-only file is rewritten now and then.
            most = 64 if role == "broker" else 10
            report.add(f"{role}: growth", [(size - settled[role]) / MIB], unit="MiB", at_most=most)
    return report
