"""Fan-out: what a delivery costs, against a Node server on `ws` and `ioredis` over the same channels in the same run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bench.report import Report, percentile
from bench.servers import NAP_S, Helper, Rig, Server, rig


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of load. `hz` None: as fast as the slowest viewer follows."""

    name: str
    at_most: float
    sessions: int = 1
    viewers: int
    hz: float | None
    seconds: float = 4.0
    size: int = 2000
    batch: int = 1
    calls: int = 0
    deflate: bool = False

    @property
    def rounds(self) -> int:
        return self.calls or int(self.seconds * (self.hz or 1))


ROWS = (
    Row(name="1 session x 100 viewers x 50 Hz", viewers=100, hz=50, at_most=0.65),
    Row(name="50 viewers, saturated", viewers=50, hz=None, calls=1500, batch=8, at_most=0.85),
    Row(name="50 sessions x 2 viewers x 20 Hz", sessions=50, viewers=2, hz=20, at_most=0.9),
    Row(name="100 x 50 Hz, permessage-deflate offered", viewers=100, hz=50, deflate=True, at_most=0.7),
)
AHEAD = 512
"""Entries that a saturating publisher may be ahead of the slowest viewer."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one server needed for one row."""

    cpu_us: float
    deliveries_per_s: float
    faults: list[str]


def paths(rig: Rig, sessions: list[str], viewers: int, since: int) -> list[str]:
    return [f"/api/ws/sessions/{session}?since={since}" for session in sessions for _ in range(viewers)]


def deliver(rig: Rig, server: Server, row: Row) -> Cost:
    """Connect, publish, wait until everyone has everything: the CPU of the server from the first entry to the last."""
    sessions = [rig.new_session() for _ in range(row.sessions)]
    rig.load.do(
        do="connect",
        port=server.port,
        paths=paths(rig, sessions, row.viewers, 1),
        deflate=row.deflate,
        nap_s=0 if row.hz is None else NAP_S,
    )
    load: dict[str, Any] = {
        "sessions": sessions, "size": row.size, "batch": row.batch, "hz": row.hz,
        "ahead": AHEAD if row.hz is None else None,
    }  # fmt: skip
    head = 1 + 10 * row.batch
    rig.publisher.do(calls=10, **load)
    faults = rig.load.do(do="reach", offset=head)["faults"]
    before = server.cpu_s()
    rig.publisher.send(calls=row.rounds, **load)
    done = rig.load.do(do="reach", offset=head + row.rounds * row.batch)
    cpu_s = server.cpu_s() - before
    seconds = rig.publisher.answer()["seconds"]
    rig.load.do(do="close")
    for session in sessions:
        rig.delete_session(session)
    deliveries = row.sessions * row.viewers * row.rounds * row.batch
    if done["frames"] != deliveries:
        faults.append(f"{server.name}: {done['frames']} frames of {deliveries}")
    return Cost(
        cpu_us=1e6 * cpu_s / deliveries,
        deliveries_per_s=deliveries / seconds,
        faults=[*faults, *done["faults"]],
    )


def compare(rig: Rig, row: Row, report: Report, *, repeats: int) -> None:
    """The row on each server by turns."""
    costs: dict[str, list[Cost]] = {server.name: [] for server in rig.servers}
    for turn in range(repeats):
        for server in rig.servers if turn % 2 == 0 else reversed(rig.servers):
            cost = deliver(rig, server, row)
            costs[server.name].append(cost)
            report.notes += [f"{row.name}, {server.name}: {fault}" for fault in cost.faults[:3]]
    for name, found in costs.items():
        report.add(f"{row.name}: {name}", [cost.cpu_us for cost in found], unit="us CPU/delivery")
        if row.hz is None:
            report.add(f"{row.name}: {name}", [cost.deliveries_per_s for cost in found], unit="deliveries/s")
    if rig.peer is not None:
        ratios = [
            a.cpu_us / b.cpu_us for a, b in zip(costs[rig.ours.name], costs[rig.peer.name], strict=True)
        ]
        report.add(f"{row.name}: ratio", ratios, at_most=row.at_most)


def floor(rig: Rig, row: Row, report: Report, *, repeats: int) -> None:
    """What the kernel alone asks for the row's deliveries. Below it nothing written in Python can come."""
    assert row.hz is not None
    found: list[float] = []
    for _ in range(repeats):
        bare = Helper("bench.floor", str(row.viewers))
        port = bare.answer()["port"]
        rig.load.do(do="connect", port=port, paths=["/?since=1"] * row.viewers, nap_s=NAP_S)
        bare.send(calls=row.rounds, hz=row.hz, size=row.size)
        done = rig.load.do(do="reach", offset=1 + row.rounds)
        found.append(1e6 * bare.answer()["cpu_s"] / (row.rounds * row.viewers))
        report.notes += [f"{row.name}, floor: {fault}" for fault in done["faults"][:3]]
        rig.load.do(do="close")
        bare.end()
    report.add(f"{row.name}: bare socket.send", found, unit="us CPU/delivery")


def latency(rig: Rig, report: Report, *, repeats: int, seconds: float) -> None:
    """From the call of the publisher to the viewer's read, one viewer, 100 a second; and with no server at all."""
    hz = 100
    calls = int(hz * seconds)
    found: dict[str, list[list[float]]] = {server.name: [] for server in rig.servers}
    heard: list[list[float]] = []
    for _ in range(repeats):
        for server in rig.servers:
            session = rig.new_session()
            rig.load.do(do="connect", port=server.port, paths=paths(rig, [session], 1, 1), timed=True)
            rig.publisher.do(sessions=[session], calls=calls, hz=hz)
            done = rig.load.do(do="reach", offset=1 + calls)
            report.notes += [f"latency, {server.name}: {fault}" for fault in done["faults"][:3]]
            found[server.name].append(done["latencies_ms"])
            rig.load.do(do="close")
            rig.delete_session(session)
        session = rig.new_session()
        listener = Helper("bench.heard", rig.settings.redis_url, rig.channel(session).live, str(calls))
        listener.answer()
        rig.publisher.do(sessions=[session], calls=calls, hz=hz)
        heard.append(listener.answer()["latencies_ms"])
        listener.end()
        rig.delete_session(session)
    for share, word in ((0.5, "p50"), (0.99, "p99")):
        at = {name: [percentile(run, share) for run in runs] for name, runs in found.items()}
        bare = [percentile(run, share) for run in heard]
        for name, values in {**at, "nothing in between": bare}.items():
            report.add(f"publish to viewer, 1 x 1 at {hz} Hz, {word}: {name}", values, unit="ms")
        if rig.peer is not None:
            ratios = [a / b for a, b in zip(at[rig.ours.name], at[rig.peer.name], strict=True)]
            report.add(f"publish to viewer, {word}: ratio", ratios, at_most=0.7)
            floors = [a / b for a, b in zip(bare, at[rig.peer.name], strict=True)]
            report.add(f"publish to viewer, {word}: ratio of nothing in between", floors)


def run(*, quick: bool) -> Report:
    report = Report(title="Fan-out against ws+ioredis, alternating in one run")
    with rig() as running:
        for row in ROWS:
            short = replace(row, seconds=1.5, calls=row.calls // 3)
            compare(running, short if quick else row, report, repeats=2 if quick else 5)
            if row is ROWS[0]:
                floor(running, short if quick else row, report, repeats=2 if quick else 5)
        latency(running, report, repeats=2 if quick else 5, seconds=1.5 if quick else 4)
    return report
