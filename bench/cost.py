"""What one session costs: processes, private memory, CPU while paused, at real time and at full speed, per feeder."""

from __future__ import annotations

import time

from bench.report import Report
from bench.service import Service, cpu_seconds, private_bytes, service

MIB = 1 << 20
SETTLE_S = 2.0
MEASURE_S = 6.0


def cpu_share(pid: int, seconds: float) -> float:
    """Percent of one core that a process uses over the next seconds."""
    before, begin = cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu_seconds(pid) - before) / (time.monotonic() - begin)


def running_child(running: Service, session_id: str) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            return running.child_pid(session_id)
        except StopIteration:
            time.sleep(0.05)
    raise TimeoutError("the session got no child")


def measure(running: Service, report: Report, feeder: str) -> None:
    session = running.post_session(scenario=feeder, speed=1)
    pid = running_child(running, session["id"])
    time.sleep(SETTLE_S)
    report.add(f"{feeder}: CPU at real time", [cpu_share(pid, MEASURE_S)], unit="% of a core")
    report.add(f"{feeder}: private memory of the child", [private_bytes(pid) / MIB], unit="MiB")
    running.command(session["id"], "pause")
    report.add(f"{feeder}: CPU while paused", [cpu_share(pid, MEASURE_S)], unit="% of a core")
    running.command(session["id"], "speed", x="max")
    running.command(session["id"], "resume")
    tick, begin, before = running.session(session["id"])["tick"], time.monotonic(), cpu_seconds(pid)
    time.sleep(2.0)
    ticks, seconds = running.session(session["id"])["tick"] - tick, time.monotonic() - begin
    used = cpu_seconds(pid) - before
    report.add(f"{feeder}: ticks/s at full speed, nobody watching", [ticks / seconds])
    report.add(f"{feeder}: CPU at full speed", [100 * used / seconds], unit="% of a core")
    running.delete(session["id"])


def run(*, quick: bool) -> Report:
    report = Report(
        title="Cost of a session (one process, the child, beside a share of worker, broker and API)"
    )
    with service("--workers", "1") as running:
        for feeder in ("ieee13",) if quick else ("ieee13", "ieee34", "ieee123"):
            measure(running, report, feeder)
    return report
