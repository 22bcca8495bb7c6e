"""From POST to the last tick at ten viewers, against stock OpenG2G's `run()` alone; and from POST to the first tick."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

from bench.report import Report, percentile
from bench.service import Service, service
from bench.viewers import watch, watch_all

VIEWERS = 10
REPEATS = 3
FIRST_TICKS = 40

_STOCK = """
import sys, time
from gridcast.scenarios import resolve
from gridcast.workers.engine.build import build_stock
coordinator = build_stock(resolve("ieee13", {"duration_s": int(sys.argv[1])}), specs_dir=None)
begin = time.perf_counter()
coordinator.run()
print(time.perf_counter() - begin)
"""


def stock_seconds(duration_s: int) -> float:
    """Wall time of stock `Coordinator.run()` in a process of its own, building not counted."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _STOCK, str(duration_s)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


async def whole_path_seconds(running: Service, duration_s: int) -> tuple[float, list[str]]:
    begin = time.monotonic()
    session = await asyncio.to_thread(
        running.post_session, scenario="ieee13", overrides={"duration_s": duration_s}
    )
    seen = await watch_all(session["ws_url"], VIEWERS)
    faults = [fault for viewer in seen for fault in viewer.faults]
    faults += [
        f"{viewer.ticks} ticks of {10 * duration_s}" for viewer in seen if viewer.ticks != 10 * duration_s
    ]
    running.delete(session["id"])
    return max(viewer.last_ticks_at or 0.0 for viewer in seen) - begin, faults


async def first_tick_seconds(running: Service) -> float:
    begin = time.monotonic()
    session = await asyncio.to_thread(running.post_session, scenario="ieee13", overrides={"duration_s": 1})
    seen = await watch(session["ws_url"])
    running.delete(session["id"])
    assert seen.first_ticks_at is not None
    return seen.first_ticks_at - begin


def run(*, quick: bool) -> Report:
    duration_s = 600 if quick else 3600
    repeats = 3 if quick else REPEATS
    report = Report(title=f"Whole path: {10 * duration_s} ticks of ieee13 to {VIEWERS} viewers")
    ratios, stocks, paths = [], [], []
    with service("--workers", "1") as running:
        asyncio.run(first_tick_seconds(running))
        for _ in range(repeats):
            stock = stock_seconds(duration_s)
            path, faults = asyncio.run(whole_path_seconds(running, duration_s))
            report.notes += faults[:3]
            ratios.append(path / stock)
            stocks.append(stock)
            paths.append(path)
        firsts = [1000 * asyncio.run(first_tick_seconds(running)) for _ in range(FIRST_TICKS)]
    report.add("stock run() alone", stocks, unit="s")
    report.add("POST to last tick at all viewers", paths, unit="s")
    report.add("ratio", ratios, at_most=0.30)
    report.add("POST to first tick, p50", [percentile(firsts, 0.5)], unit="ms", at_most=50)
    report.add("POST to first tick, p95", [percentile(firsts, 0.95)], unit="ms", at_most=120)
    return report
