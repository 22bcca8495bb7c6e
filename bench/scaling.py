"""What a viewer, an entry, a session and an experiment cost each part, and whether a model of that predicts other loads."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import redis

from bench import two_apis
from bench.model import Load, Model, fit
from bench.report import Report
from bench.servers import Rig, Server, rig, watching
from bench.service import Service, cpu_seconds_of_all, resident_bytes, service

TICKS_PER_S = 10
SETTLE_S = 1.5
ENTRY_BYTES = 1_000
"""Of what is published; a tick of `ieee13` is as large."""
WITHIN = 20.0
"""Per cent by which a prediction may be off."""
TASK = {
    "scenario": "ieee13",
    "overrides": {"duration_s": 60},
    "space": {"v_min": {"type": "float", "low": 0.9, "high": 0.95}},
    "sampler": "random",
}
EXPERIMENTS = 12


@dataclass(frozen=True, kw_only=True)
class Point:
    """A load to measure: `viewers` of each session, and the speed at which sessions run.

    `published`: not simulated, for thousands of entries a second ask more workers than a bench has cores; as many come from
    `bench/publisher.py`, and workers have no part in it.
    """

    sessions: int
    speed: float = 1.0
    viewers: int = 0
    published: bool = False

    @property
    def load(self) -> Load:
        entries = self.sessions * self.speed * TICKS_PER_S
        return Load(
            sessions=self.sessions,
            entries=entries,
            watched=entries if self.viewers else 0,
            deliveries=entries * self.viewers,
        )

    @property
    def name(self) -> str:
        return f"{self.sessions} x {self.speed:g} x {self.viewers}{', published' if self.published else ''}"


LEARNED = (
    Point(sessions=0),
    Point(sessions=10),
    Point(sessions=40),
    Point(sessions=4, speed=10),
    Point(sessions=1, speed=10, viewers=100),
    Point(sessions=1, speed=5, viewers=300),
    Point(sessions=20, viewers=5),
    Point(sessions=4, speed=10, viewers=20),
    Point(sessions=10, speed=10),
    Point(sessions=10, speed=10, viewers=2),
    Point(sessions=100, speed=3, published=True),
    Point(sessions=100, speed=3, viewers=1, published=True),
)
FORETOLD = (
    Point(sessions=30, viewers=5),
    Point(sessions=2, speed=8, viewers=80),
    Point(sessions=20, speed=2, viewers=2),
    Point(sessions=60, speed=3, viewers=2, published=True),
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Cores that each part kept busy, and what the broker was asked and sent."""

    cores: dict[str, float]
    ops_per_s: float
    sent_bytes_per_s: float


class Parts:
    """The processes of a running service."""

    def __init__(self, running: Service) -> None:
        about = running.run_file()
        pids = {"api": about["api_pids"], "broker": [about["broker_pid"]], "workers": about["worker_pids"]}
        self._servers = {part: [Server(name=part, port=0, pid=pid) for pid in pids[part]] for part in pids}
        self.broker = redis.Redis.from_url(about["redis_url"])

    def resident_bytes(self, part: str) -> int:
        return sum(resident_bytes(server.pid) for server in self._servers[part])

    def cpu_s(self) -> dict[str, float]:
        return {part: sum(server.cpu_s() for server in servers) for part, servers in self._servers.items()}

    def all_cpu_s(self) -> dict[str, float]:
        """With the processes that have ended: simulations without viewers are processes of seconds."""
        return {
            part: sum(cpu_seconds_of_all(server.pid) for server in servers)
            for part, servers in self._servers.items()
        }

    def measure(self, seconds: float) -> Measured:
        return measured(self.cpu_s, self.broker, lambda: time.sleep(seconds))


def counted(broker: redis.Redis) -> dict[str, int]:
    """What the broker counts."""
    return cast("dict[str, int]", broker.info("stats"))


def measured(
    cpu_s: Callable[[], dict[str, float]], broker: redis.Redis, work: Callable[[], object]
) -> Measured:
    """What the parts whose CPU time `cpu_s` tells, and the broker, do while `work` is done."""
    before, told, begin = cpu_s(), counted(broker), time.monotonic()
    work()
    after, now, took_s = cpu_s(), counted(broker), time.monotonic() - begin
    return Measured(
        cores={part: (after[part] - before[part]) / took_s for part in after},
        ops_per_s=(now["total_commands_processed"] - told["total_commands_processed"]) / took_s,
        sent_bytes_per_s=(now["total_net_output_bytes"] - told["total_net_output_bytes"]) / took_s,
    )


@contextmanager
def loaded(running: Service, point: Point) -> Iterator[None]:
    """The point's sessions run, and its viewers watch, within the block."""
    sessions = [
        running.post_session(scenario="ieee13", speed=point.speed, overrides={"duration_s": 36_000})["id"]
        for _ in range(point.sessions)
    ]
    try:
        for session_id in sessions:
            while running.session(session_id)["status"] != "running":
                time.sleep(0.05)
        with watching(urlsplit(running.url).port or 80, sessions, point.viewers):
            time.sleep(SETTLE_S)
            yield
    finally:
        for session_id in sessions:
            running.delete(session_id)


def experiment_cost(running: Service, parts: Parts, report: Report) -> None:
    before, ops = parts.all_cpu_s(), counted(parts.broker)["total_commands_processed"]
    task = running.http.post("/api/tasks", json={**TASK, "experiments": EXPERIMENTS}).json()
    begin = time.monotonic()
    while running.http.get(f"/api/tasks/{task['id']}").json()["status"] not in ("completed", "failed"):
        time.sleep(0.1)
    took_s = time.monotonic() - begin
    after = parts.all_cpu_s()
    for part in ("workers", "broker", "api"):
        cost_ms = 1000 * (after[part] - before[part]) / EXPERIMENTS
        report.add(f"an experiment of 600 ticks: {part}", [cost_ms], unit="ms CPU")
    asked = counted(parts.broker)["total_commands_processed"] - ops
    report.add("an experiment: calls of the broker", [asked / EXPERIMENTS])
    report.notes.append(f"{EXPERIMENTS} experiments took {took_s:.1f} s")


def published(running: Rig, point: Point, seconds: float) -> Measured:
    """What API and broker need for a published point."""
    sessions = [running.new_session() for _ in range(point.sessions)]
    hz = point.speed * TICKS_PER_S
    parts = {"api": running.ours, "broker": running.broker}

    def publish(seconds: float) -> None:
        running.publisher.do(calls=int(seconds * hz), sessions=sessions, size=ENTRY_BYTES, hz=hz)

    with (
        watching(running.ours.port, sessions, point.viewers),
        redis.Redis.from_url(running.settings.redis_url) as broker,
    ):
        publish(SETTLE_S)
        found = measured(
            lambda: {part: server.cpu_s() for part, server in parts.items()}, broker, lambda: publish(seconds)
        )
    for session in sessions:
        running.delete_session(session)
    return found


def middle(runs: list[Measured]) -> Measured:
    """The median of each figure: whatever else a machine does, it does for some seconds."""
    return Measured(
        cores={part: statistics.median(run.cores[part] for run in runs) for part in runs[0].cores},
        ops_per_s=statistics.median(run.ops_per_s for run in runs),
        sent_bytes_per_s=statistics.median(run.sent_bytes_per_s for run in runs),
    )


def run(*, quick: bool) -> Report:
    report = Report(
        title="Scaling: one API process, one worker, one broker (sessions x speed x viewers of each)"
    )
    seconds, rounds = (4.0, 1) if quick else (6.0, 3)
    found: dict[Point, list[Measured]] = {point: [] for point in (*LEARNED, *FORETOLD)}
    grown: dict[Point, float] = {}
    with service("--workers", "1", "--slots", "64") as running:
        parts = Parts(running)
        experiment_cost(running, parts, report)
        for _ in range(rounds):
            for point in found:
                if point.published:
                    continue
                bare = parts.resident_bytes("api")
                with loaded(running, point):
                    found[point].append(parts.measure(seconds))
                    if point.viewers >= 100:
                        more = parts.resident_bytes("api") - bare
                        grown.setdefault(point, more / (point.sessions * point.viewers))
        two_apis.compare(running, report, seconds=seconds, repeats=3 if quick else 7)
        parts.broker.close()
    with rig(with_peer=False, append_only=True) as bare_rig:
        for _ in range(rounds):
            for point in found:
                if point.published:
                    found[point].append(published(bare_rig, point, seconds))
    report.notes += [
        f"{point.name}: {size / 1024:.1f} KiB of the API process for each viewer"
        for point, size in grown.items()
    ]
    measured = {point: middle(runs) for point, runs in found.items()}
    describe(fit([(point.load, measured[point].cores) for point in LEARNED]), measured, report)
    return report


def describe(model: Model, found: dict[Point, Measured], report: Report) -> None:
    for part, costs in model.us.items():
        for name, cost in costs.items():
            report.add(f"{part}: {name}", [cost], unit="us CPU")
    per_entry = [
        (measured.ops_per_s - found[LEARNED[0]].ops_per_s) / point.load.entries
        for point, measured in found.items()
        if point.load.entries
    ]
    report.add("calls of the broker for each entry", per_entry)
    sent = [m.sent_bytes_per_s / p.load.entries for p, m in found.items() if p.load.watched]
    report.add("bytes that the broker sends for each entry watched at one API", sent, unit="B")
    for point, measured in found.items():
        kind = "foretold" if point in FORETOLD else "learned"
        for part, cores in measured.cores.items():
            off = 100 * (model.cores(part, point.load) / cores - 1)
            limit = WITHIN if point in FORETOLD else None
            figure = report.add(
                f"{kind} {point.name}: {part} {cores:.3f} cores, model off by", [off], unit="%"
            )
            if limit is not None:
                figure.target, figure.ok = f"within {limit:g}", abs(off) <= limit
