"""Joining a long run: its whole past, down-sampled for a screen, while it runs and when it is over."""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import orjson

from bench.report import Report, percentile
from bench.service import Service, cpu_seconds, service

SCENARIO = "ieee123-ofo"
TICKS = 36_000
SHORT_TICKS = 9_000
MAX_POINTS = 600
TARGET_MS = 500.0
TARGET_MIB = 100.0


def join(running: Service, session_id: str) -> tuple[float, dict[str, Any]]:
    """Milliseconds from the request to the parsed answer."""
    began = time.perf_counter()
    response = running.http.get(f"/api/sessions/{session_id}/ticks", params={"max_points": MAX_POINTS})
    answer: dict[str, Any] = orjson.loads(response.raise_for_status().content)
    return 1000 * (time.perf_counter() - began), answer


class Pings:
    """How long `/healthz` takes meanwhile, in ms: the loop that serves live viewers answers it."""

    def __init__(self, running: Service) -> None:
        self.taken: list[float] = []
        self._running = running
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Pings:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx2.Client(base_url=self._running.url) as http:
            while not self._done.wait(0.002):
                began = time.perf_counter()
                http.get("/healthz")
                self.taken.append(1000 * (time.perf_counter() - began))


def peak_bytes(pid: int) -> int:
    """The most memory that a process has had resident since `forget_peak`."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def forget_peak(pid: int) -> int:
    """Begin anew; answers with what is resident now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_bytes(pid)


def run(*, quick: bool) -> Report:
    report = Report(title=f"Join: {TICKS:,} ticks of {SCENARIO}, max_points={MAX_POINTS}")
    repeats = 5 if quick else 15
    live: list[float] = []
    over: list[float] = []
    growths: dict[int, float] = {}
    with service("--workers", "1") as running:
        (api,) = running.run_file()["api_pids"]
        session: dict[str, Any] = {}
        before = 0
        for ticks in (SHORT_TICKS, TICKS):
            session = running.post_session(scenario=SCENARIO, overrides={"duration_s": ticks // 10})
            while (seen := running.session(session["id"]))["status"] not in ("completed", "failed"):
                if seen["tick"] >= ticks // 2 and ticks == TICKS:
                    live.append(join(running, session["id"])[0])
                time.sleep(0.05)
            before = forget_peak(api)
            taken, answer = join(running, session["id"])
            growths[ticks] = (peak_bytes(api) - before) / (1 << 20)
            report.notes.append(
                f"first join of {ticks:,} ticks: {taken:.0f} ms, {len(answer['tick'])} rows, "
                f"{len(orjson.dumps(answer)) / 1e6:.1f} MB"
            )
        with Pings(running) as quiet:
            time.sleep(1)
        with Pings(running) as busy:
            over += [join(running, session["id"])[0] for _ in range(repeats)]
        growth = (peak_bytes(api) - before) / (1 << 20)
        used = cpu_seconds(api)
        alone = [join(running, session["id"])[0] for _ in range(repeats)]
        used = cpu_seconds(api) - used
        running.delete(session["id"])
    report.add("join of a finished run", alone, unit="ms", at_most=TARGET_MS)
    report.add("join of it while it runs at full speed", live, unit="ms", at_most=TARGET_MS)
    report.add("API CPU for a join", [1000 * used / repeats], unit="ms")
    report.add(f"API memory for the first join, {SHORT_TICKS:,} ticks", [growths[SHORT_TICKS]], unit="MiB")
    report.add(
        f"API memory for the first join, {TICKS:,} ticks", [growths[TICKS]], unit="MiB", at_most=TARGET_MIB
    )
    report.add(f"the same after {repeats} joins", [growth], unit="MiB", at_most=TARGET_MIB)
    report.add("an answer of the live loop, alone: p99", [percentile(quiet.taken, 0.99)], unit="ms")
    report.add("the same while history is read: p99", [percentile(busy.taken, 0.99)], unit="ms")
    report.add("the same: longest", [max(busy.taken)], unit="ms")
    report.notes.append(
        f"while pings run beside, a join takes {statistics.median(over):.0f} ms; one machine serves all of it"
    )
    return report
