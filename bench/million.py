"""A very long run: memory of the worker, of the API beside a viewer, and of the broker; then joining it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench.history import MAX_POINTS, TARGET_MIB, forget_peak, join, peak_bytes
from bench.recordings import ON, recording
from bench.report import Report
from bench.service import Service, processes_below, resident_bytes
from bench.viewers import Seen, watch

MIB = 1 << 20
SCENARIO = "ieee13"
TICKS = 1_000_000
QUICK_TICKS = 100_000
TICKS_PER_S = 10
"""Of the scenario: ticks of 0.1 simulated seconds."""
SETTLED = 0.1
"""The part of the run after which memory must not grow any more: by then the log has its bound."""
AT_MOST_MIB = {"worker": 10, "API": 10, "broker": 64}
"""The broker's allocator keeps pages, and its append-only file is rewritten now and then."""
OVER = {"completed", "stopped", "failed"}


@contextmanager
def watching(url: str) -> Iterator[Future[Seen]]:
    """A viewer of the whole run, in a thread."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(lambda: asyncio.run(watch(url)))


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


def run(*, quick: bool) -> Report:
    """Growth of each role's memory while one session computes all its ticks, from a tenth of the way on."""
    ticks = QUICK_TICKS if quick else TICKS
    report = Report(title=f"Memory over {ticks:,} ticks of {SCENARIO}, watched by one viewer")
    seen: dict[str, list[int]] = {role: [] for role in AT_MOST_MIB}
    with recording(ON) as running:
        (api,) = running.run_file()["api_pids"]
        began = time.monotonic()
        session = running.post_session(scenario=SCENARIO, overrides={"duration_s": ticks // TICKS_PER_S})
        with watching(session["ws_url"]) as viewer:
            while (state := running.session(session["id"]))["status"] not in OVER:
                if state["tick"] >= SETTLED * ticks:
                    for role, size in resident(running).items():
                        seen[role].append(size)
                time.sleep(0.5)
            took_s = time.monotonic() - began
            viewed = viewer.result()
        if state["status"] != "completed" or not seen["API"]:
            report.notes.append(f"the session is {state['status']}: {state.get('reason')}")
            return report
        before = forget_peak(api)
        joined_ms, answer = join(running, session["id"])
        growth = (peak_bytes(api) - before) / MIB
        files = list((running.folder / "recordings" / session["id"]).iterdir())
        recorded = sum(file.stat().st_size for file in files)
        running.delete(session["id"])
    for role, sizes in seen.items():
        report.add(
            f"{role}: growth after {SETTLED:.0%} of it",
            [(max(sizes) - sizes[0]) / MIB],
            unit="MiB",
            at_most=AT_MOST_MIB[role],
        )
    report.add(
        f"API memory for joining it, max_points={MAX_POINTS}", [growth], unit="MiB", at_most=TARGET_MIB
    )
    report.add("joining it", [joined_ms], unit="ms")
    report.notes += [
        f"{took_s:.0f} s, {ticks / took_s:,.0f} ticks/s; {len(files)} recorded files of {recorded / 1e6:.0f} MB",
        f"the join has {len(answer['tick'])} rows",
        f"the viewer saw {viewed.ticks:,} ticks, {len(viewed.faults)} faults {viewed.faults[:2]}",
    ]
    for role, sizes in seen.items():
        marks = [sizes[at * (len(sizes) - 1) // 4] / MIB for at in range(5)]
        report.notes.append(f"{role}, MiB on the way: {', '.join(f'{mark:.0f}' for mark in marks)}")
    return report
