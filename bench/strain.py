"""What one API process bears: many viewers, a publisher that is too fast, late and deaf viewers, many sessions."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from bench.fanout import AHEAD
from bench.memory import deaf_viewer
from bench.report import Report, percentile
from bench.servers import Helper, Rig, rig

KIB = 1 << 10
MIB = 1 << 20
STALL_S = 10.0
"""Seconds without progress after which a viewer is let go: the default of the service."""


def connect(rig: Rig, sessions: list[str], *, viewers: int, since: int, timed: bool = False) -> None:
    rig.load.do(
        do="connect",
        port=rig.ours.port,
        paths=[f"/api/ws/sessions/{session}?since={since}" for session in sessions for _ in range(viewers)],
        timed=timed,
    )


def peak_while(rig: Rig, work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], float]:
    """Do something; its answer, and by how many MiB the API's resident memory grew at most meanwhile."""
    begin = peak = rig.ours.resident_bytes()
    with ThreadPoolExecutor(1) as pool:
        done: Future[dict[str, Any]] = pool.submit(work)
        while not done.done():
            peak = max(peak, rig.ours.resident_bytes())
            time.sleep(0.02)
        return done.result(), (peak - begin) / MIB


def many_viewers(rig: Rig, report: Report, *, seconds: float) -> None:
    """1,000 viewers at 10 Hz."""
    viewers, hz = 1000, 10
    session = rig.new_session()
    begin = rig.ours.resident_bytes()
    connect(rig, [session], viewers=viewers, since=1, timed=True)
    rounds = int(seconds * hz)
    rig.publisher.send(sessions=[session], calls=rounds, hz=hz, size=1500)
    done = rig.load.do(do="reach", offset=1 + rounds)
    grown = (rig.ours.resident_bytes() - begin) / KIB
    rig.publisher.answer()
    name = f"{viewers} viewers x {hz} Hz x 1.5 kB"
    report.add(f"{name}: p50", [percentile(done["latencies_ms"], 0.5)], unit="ms")
    report.add(f"{name}: p99", [percentile(done["latencies_ms"], 0.99)], unit="ms", at_most=100)
    report.add(f"{name}: memory", [grown / viewers], unit="KiB/viewer", at_most=40)
    report.add(f"{name}: frames lost", [viewers * rounds - done["frames"]], at_most=0)
    report.notes += done["faults"][:3]
    rig.load.do(do="close")
    rig.delete_session(session)


def overload(rig: Rig, report: Report, *, repeats: int) -> None:
    """50 viewers, and for 4 s a publisher at twice the rate that they were just seen to follow."""
    viewers, batch, seconds, calls = 50, 8, 4.0, 1000
    load: dict[str, Any] = {"size": 2000, "batch": batch}
    follows_hz: list[float] = []
    published_hz: list[float] = []
    caught_up_s: list[float] = []
    lost: list[float] = []
    grown: list[float] = []
    for _ in range(repeats):
        session = rig.new_session()
        connect(rig, [session], viewers=viewers, since=1)
        rig.publisher.send(sessions=[session], calls=calls, ahead=AHEAD, **load)
        rig.load.do(do="reach", offset=1 + calls * batch)
        follows_hz.append(calls * batch / rig.publisher.answer()["seconds"])
        rounds = int(2 * follows_hz[-1] * seconds / batch)
        head = 1 + (calls + rounds) * batch
        rig.publisher.send(sessions=[session], calls=rounds, hz=2 * follows_hz[-1] / batch, **load)
        done, more = peak_while(rig, partial(rig.load.do, do="reach", offset=head, patience_s=60))
        told = rig.publisher.answer()
        published_hz.append(rounds * batch / told["seconds"])
        caught_up_s.append(done["reached_at"] - told["ended_at"])
        lost.append(viewers * rounds * batch - done["frames"])
        grown.append(more)
        report.notes += done["faults"][:3]
        rig.load.do(do="close")
        rig.delete_session(session)
    name = f"publisher at twice what {viewers} viewers follow"
    report.add(f"{name}: followed before", follows_hz, unit="entries/s")
    report.add(f"{name}: published", published_hz, unit="entries/s")
    report.add(f"{name}: caught up after its end", caught_up_s, unit="s", at_most=5)
    report.add(f"{name}: frames lost", lost, at_most=0)
    # The window with its frames, what all viewers may have unsent together, a page of the log for each.
    report.add(f"{name}: memory", grown, unit="MiB", at_most=2 * 4 + 64 + viewers * 0.25)


def late_viewer(rig: Rig, report: Report, *, repeats: int) -> None:
    """20 viewers at 50 Hz; then the same while others join who are 10,000 ticks behind, one tick an entry."""
    behind, viewers, hz, seconds = 10_000, 20, 50, 3.0
    session = rig.new_session()
    rig.publisher.do(sessions=[session], calls=behind // 50, size=2000, batch=50)
    head = 1 + behind
    connect(rig, [session], viewers=viewers, since=head, timed=True)
    joining = Helper("bench.load")
    p99: dict[bool, list[float]] = {False: [], True: []}
    took: list[float] = []
    for _ in range(repeats):
        for joined in (False, True):
            rounds = int(hz * seconds)
            rig.publisher.send(sessions=[session], calls=rounds, hz=hz, size=2000)
            if joined:
                time.sleep(0.5)
                begin = time.monotonic()
                joining.do(do="connect", port=rig.ours.port, paths=[f"/api/ws/sessions/{session}?since=0"])
                whole = joining.do(do="reach", offset=head)
                took.append(whole["reached_at"] - begin)
                report.notes += whole["faults"][:3]
            head += rounds
            done = rig.load.do(do="reach", offset=head)
            rig.publisher.answer()
            report.notes += done["faults"][:3]
            p99[joined].append(percentile(done["latencies_ms"], 0.99))
            joining.do(do="close")
    joining.end()
    rig.load.do(do="close")
    rig.delete_session(session)
    report.add(f"joining {behind} ticks late: whole after", took, unit="s", at_most=1)
    report.add("others' p99 without", p99[False], unit="ms")
    report.add("others' p99 while one joins", p99[True], unit="ms")


def deaf(rig: Rig, report: Report) -> None:
    """20 viewers that read and one that never does."""
    viewers, hz, size = 20, 50, 20_000
    session = rig.new_session()
    connect(rig, [session], viewers=viewers, since=1, timed=True)
    rounds = int(4.0 * hz)
    rig.publisher.send(sessions=[session], calls=rounds, hz=hz, size=size)
    before = rig.load.do(do="reach", offset=1 + rounds)
    rig.publisher.answer()
    connection = deaf_viewer(f"ws://127.0.0.1:{rig.ours.port}/api/ws/sessions/{session}?since=live")
    begin = time.monotonic()
    more = int((STALL_S + 3) * hz)
    rig.publisher.send(sessions=[session], calls=more, hz=hz, size=size)
    gone: list[float] = []

    def reach() -> dict[str, Any]:
        return rig.load.do(do="reach", offset=1 + rounds + more)

    def watch_it() -> None:
        while time.monotonic() - begin < STALL_S + 10:
            if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1:
                gone.append(time.monotonic() - begin)
                return
            time.sleep(0.02)
        gone.append(float("inf"))

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch_it)
        after, grown = peak_while(rig, reach)
        watching.result()
    rig.publisher.answer()
    connection.close()
    rig.load.do(do="close")
    rig.delete_session(session)
    name = "one that never reads beside 20 that do"
    report.add(f"{name}: their p99 before", [percentile(before["latencies_ms"], 0.99)], unit="ms")
    report.add(f"{name}: their p99 beside it", [percentile(after["latencies_ms"], 0.99)], unit="ms")
    # It is looked at twice a second.
    report.add(f"{name}: gone after", gone, unit="s", at_most=STALL_S)
    report.add(f"{name}: memory", [grown], unit="MiB", at_most=2 * 4 + 4)
    report.notes += [*before["faults"][:3], *after["faults"][:3]]


def many_sessions(rig: Rig, report: Report, *, seconds: float) -> None:
    """200 watched sessions on one API process, each paced at real time."""
    count, hz = 200, 10
    sessions = [rig.new_session() for _ in range(count)]
    connect(rig, sessions, viewers=1, since=1, timed=True)
    rounds = int(hz * seconds)
    before, begin = rig.ours.cpu_s(), time.monotonic()
    rig.publisher.send(sessions=sessions, calls=rounds, hz=hz, size=2000)
    done = rig.load.do(do="reach", offset=1 + rounds)
    share = 100 * (rig.ours.cpu_s() - before) / (time.monotonic() - begin)
    rig.publisher.answer()
    rig.load.do(do="close")
    name = f"{count} watched sessions x {hz} Hz"
    report.add(f"{name}: p99", [percentile(done["latencies_ms"], 0.99)], unit="ms", at_most=100)
    report.add(f"{name}: CPU of the API", [share], unit="% of a core")
    report.add(f"{name}: frames lost", [count * rounds - done["frames"]], at_most=0)
    report.notes += done["faults"][:3]


def run(*, quick: bool) -> Report:
    report = Report(title="What one API process bears")
    with rig(with_peer=False) as running:
        many_viewers(running, report, seconds=3 if quick else 10)
        overload(running, report, repeats=1 if quick else 3)
        late_viewer(running, report, repeats=1 if quick else 5)
        deaf(running, report)
        many_sessions(running, report, seconds=3 if quick else 10)
    return report
