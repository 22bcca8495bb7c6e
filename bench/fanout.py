"""One API process, one session, a hundred viewers, fifty frames a second: nothing lost, and what a delivery costs."""

from __future__ import annotations

import asyncio

from bench.report import Report, percentile
from bench.service import Service, cpu_seconds, service
from bench.viewers import watch

VIEWERS = 100
TICKS = 600
SPEED = 5.0
"""Times real time: 50 ticks of 0.1 s a second, one frame each."""


async def fan_out(running: Service) -> tuple[float, float, list[float], list[str]]:
    (api,) = running.run_file()["api_pids"]
    before = cpu_seconds(api)
    session = await asyncio.to_thread(
        running.post_session, scenario="ieee13", overrides={"duration_s": TICKS // 10}, speed=SPEED
    )
    seen = await asyncio.gather(*(watch(session["ws_url"], keep_arrivals=True) for _ in range(VIEWERS)))
    running.delete(session["id"])
    faults = [fault for viewer in seen for fault in viewer.faults]
    faults += [f"{viewer.ticks} ticks of {TICKS}" for viewer in seen if viewer.ticks != TICKS]
    lost = sum(max(0, TICKS - viewer.ticks) for viewer in seen)
    deliveries = sum(viewer.frames for viewer in seen)
    # How long after the first viewer the last one had each frame.
    spreads = [
        1000 * (max(times) - min(times))
        for times in zip(*(viewer.arrivals[len(viewer.arrivals) // 2 :] for viewer in seen), strict=False)
    ]
    return lost, 1e6 * (cpu_seconds(api) - before) / deliveries, spreads, faults


def run(*, quick: bool) -> Report:
    report = Report(title=f"Fan-out: 1 session x {VIEWERS} viewers x {10 * SPEED:g} frames/s")
    lost, costs, spreads = [], [], []
    with service("--workers", "1") as running:
        for _ in range(1 if quick else 3):
            missing, cost, spread, faults = asyncio.run(fan_out(running))
            lost.append(missing)
            costs.append(cost)
            spreads += spread
            report.notes += faults[:3]
    report.add("ticks lost", lost, at_most=0)
    report.add("API CPU per delivery", costs, unit="us")
    report.add("first to last viewer, p50", [percentile(spreads, 0.5)], unit="ms")
    report.add("first to last viewer, p99", [percentile(spreads, 0.99)], unit="ms")
    return report
