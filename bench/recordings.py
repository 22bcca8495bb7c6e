"""What recording costs a run on its whole path, and how large an hour is on disk."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.report import Report
from bench.service import Service, service
from bench.whole_path import whole_path_seconds

MB = 1_000_000
REPEATS = 5
ON, OFF = None, "off"


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
