"""Tuning: how well experiments spread over workers, what one costs beside its simulation, how fresh and how quick its pages
are, and whether the search beats the sweep that OpenG2G's authors published."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import orjson
import redis
import websockets

from bench.report import Report, percentile
from bench.service import Service, service
from gridcast.broadcaster import AsyncLeases, Channel, Channels, Settings
from gridcast.broadcaster.analyses import Analyses
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.task_events import event

DUAL, PRIMAL = "controllers.0.voltage_dual_step_size", "controllers.0.primal_step_size"
PUBLISHED = {DUAL: 1.0, PRIMAL: 0.1}
"""OpenG2G's values for 13 buses, which the catalogue has."""
MULTIPLIERS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Of OpenG2G's one-at-a-time sweep (`examples/offline/sweep_ofo_parameters.py`)."""
RANGE = (0.1, 10.0)
"""In which the search looks, as multipliers too."""
OVER = {"completed", "failed", "cancelled"}
TASKS, EXPERIMENTS = 10, 500


@contextmanager
def one_at_a_time(workers: int) -> Iterator[Service]:
    """A service whose workers compute one simulation each: one core, one experiment."""
    before = os.environ.get("GRIDCAST_BATCH_SLOTS")
    os.environ["GRIDCAST_BATCH_SLOTS"] = "1"
    try:
        with service("--workers", str(workers)) as running:
            yield running
    finally:
        os.environ.pop("GRIDCAST_BATCH_SLOTS")
        if before is not None:
            os.environ["GRIDCAST_BATCH_SLOTS"] = before


def tune(running: Service, **spec: Any) -> dict[str, Any]:
    """A task, once it is over."""
    with httpx2.Client(base_url=running.url, timeout=30) as http:
        response = http.post("/api/tasks", json={"scenario": "ieee13-ofo", "baseline": False, **spec})
        response.raise_for_status()
        path = f"/api/tasks/{response.json()['id']}"
        while (task := http.get(path).json())["status"] not in OVER:
            time.sleep(0.2)
    found: dict[str, Any] = task
    return found


def step_sizes() -> dict[str, Any]:
    low, high = RANGE
    return {
        path: {"type": "float", "low": low * value, "high": high * value, "log": True}
        for path, value in PUBLISHED.items()
    }


def computed_s(running: Service) -> float:
    """What all simulations took by themselves."""
    with redis.Redis.from_url(running.run_file()["redis_url"]) as client:
        keys = list(client.scan_iter("gridcast:{simulation:*}:result", count=1000))
        return sum(float(orjson.loads(raw)["wall_s"]) for raw in client.mget(keys) if raw is not None)


def spread(report: Report, *, quick: bool) -> None:
    count, duration_s = (12, 1800) if quick else (40, 1800)
    took: dict[int, float] = {}
    for workers in (1, 2):
        with one_at_a_time(workers) as running:
            tune(
                running, space=step_sizes(), experiments=1, overrides={"duration_s": 10}, seed=99
            )  # warms both
            before_s = computed_s(running)
            task = tune(
                running,
                space=step_sizes(),
                sampler="random",
                experiments=count,
                parallelism=6,
                overrides={"duration_s": duration_s},
            )
            took[workers] = task["ended"] - task["started"]
            bare_s = computed_s(running) - before_s
            if workers == 1:
                report.add("bare simulation", [bare_s / count], unit="s")
                report.add(
                    "cost of an experiment over it", [100 * (took[1] / bare_s - 1)], unit="%", at_most=5.0
                )
            report.add(f"simulations under way at once, workers: {workers}", [bare_s / took[workers]])
            report.notes.append(f"{workers} worker(s): {took[workers]:.1f} s for {count} experiments")
    report.add("two workers against one", [took[1] / took[2]], unit="x", at_least=1.7)


def freshness(report: Report, *, quick: bool) -> None:
    """From the moment of an event to the moment when a viewer has it."""

    async def watch(running: Service) -> list[float]:
        async with httpx2.AsyncClient(base_url=running.url, timeout=30) as http:
            body = {
                "scenario": "ieee13-ofo",
                "space": step_sizes(),
                "sampler": "random",
                "experiments": 20 if quick else 60,
                "overrides": {"duration_s": 60},
            }
            task = (await http.post("/api/tasks", json=body)).json()
        found = []
        async with websockets.connect(f"{task['ws_url']}?since=live", compression=None) as viewer:
            async for text in viewer:
                entry = orjson.loads(text)
                if "timestamp" in entry:
                    found.append(1000 * (time.time() - entry["timestamp"]))
        return found

    with service("--workers", "1") as running:
        tune(running, space=step_sizes(), experiments=1, overrides={"duration_s": 10})
        late_ms = asyncio.run(watch(running))
    report.add("event to viewer, median", [percentile(late_ms, 0.5)], unit="ms")
    report.add("event to viewer, p99", [percentile(late_ms, 0.99)], unit="ms", at_most=100.0)


async def _fill(settings: Settings, spec: dict[str, Any]) -> list[str]:
    """Tasks with all their experiments done, as coordinators leave them."""
    client = async_client(settings)
    analyses, channels, ids = Analyses(client), Channels(client), []
    for n in range(TASKS):
        channel = Channel("task", f"bench-{n}")
        record = {"title": f"bench {n}", "owner": "local", "spec": spec, "total": EXPERIMENTS}
        first = event("task_progress", task_id=channel.id, message="queued")
        await analyses.create(channel, record=record, created=time.time(), first=first)
        token = await AsyncLeases(client, owner="bench", ttl_s=60).acquire(channel)
        records = [
            {
                "iter": i + 1, "experiment_id": f"{channel.id}-{i}", "number": i, "status": "completed",
                "params": {DUAL: 1.0 + i, PRIMAL: 0.1 + i},
                "metrics": {
                    "integral_violation_pu_s": 0.07 / (1 + i), "violation_time_s": 59.1, "worst_vmin": 0.943,
                    "worst_vmax": 1.0446, "mean_throughput_tps": 7933882.7, "itl_deadline_fraction": 0.011,
                    "integrated_throughput_tokens": 28561184528.6,
                },
                "score": 0.07 / (1 + i), "scores": [0.07 / (1 + i)], "broken": [], "error": None, "phases": 1,
                "elapsed_s": 5.0, "simulated_s": 3600.0, "ts": time.time(), "best": 0.07 / (1 + i),
            }
            for i in range(EXPERIMENTS)
        ]  # fmt: skip
        await channels.publish(
            channel,
            token=token,
            expected=2,
            entries=[],
            meta={"status": "completed", "ended": repr(time.time()), "best": orjson.dumps(records[-1])},
            applied=[orjson.dumps(one) for one in records],
        )
        ids.append(channel.id)
    await client.aclose()
    return ids


def pages(report: Report) -> None:
    spec = {"scenario": "ieee13-ofo", "overrides": {}, "seed": 0, "space": step_sizes(), "phases": [{}]}
    with service("--workers", "1") as running:
        settings = Settings(redis_url=running.run_file()["redis_url"])
        ids = asyncio.run(_fill(settings, spec))
        listing: list[float] = []
        opening: list[float] = []
        with httpx2.Client(base_url=running.url, timeout=30) as http:
            for task_id in ids:
                began_s = time.perf_counter()
                assert len(http.get("/api/tasks").json()["items"]) == TASKS
                listing.append(1000 * (time.perf_counter() - began_s))
                began_s = time.perf_counter()
                http.get(f"/api/tasks/{task_id}").raise_for_status()
                cursor: str | None = ""
                seen = 0
                while cursor is not None:
                    page = http.get(
                        f"/api/tasks/{task_id}/experiments?limit=200{cursor and f'&cursor={cursor}'}"
                    )
                    seen += len(page.json()["items"])
                    cursor = page.json()["next_cursor"]
                assert seen == EXPERIMENTS
                opening.append(1000 * (time.perf_counter() - began_s))
    report.add(f"{TASKS} tasks of {EXPERIMENTS} experiments listed", listing, unit="ms", at_most=300.0)
    report.add("one of them opened, with all its experiments", opening, unit="ms", at_most=300.0)


def quality(report: Report, *, quick: bool) -> None:
    """Violation integrals: the best of the sweep, and of 40 experiments of the search."""
    overrides = {"duration_s": 1800 if quick else 3600}
    with service("--workers", "1") as running:
        swept: list[float] = []
        for path, value in PUBLISHED.items():
            choices = [value * multiplier for multiplier in MULTIPLIERS]
            space = {path: {"type": "categorical", "choices": choices}}
            task = tune(running, space=space, sampler="grid", overrides=overrides)
            swept.append(task["best"]["score"])
        task = tune(
            running, space=step_sizes(), sampler="tpe", experiments=40, parallelism=2, overrides=overrides
        )
    best = task["best"]
    report.add("violation, best of the sweep", [min(swept)], unit="pu s")
    report.add("violation, best of 40 by TPE", [best["score"]], unit="pu s", at_most=min(swept))
    found = ", ".join(f"{path.rpartition('.')[2]} {value:.4g}" for path, value in best["params"].items())
    report.notes.append(f"found: {found}; published: 1 and 0.1; searched: 0.1 to 10 times that")


def run(*, quick: bool) -> Report:
    report = Report(title="Tuning step sizes of OFO on 13 buses")
    spread(report, quick=quick)
    freshness(report, quick=quick)
    pages(report)
    quality(report, quick=quick)
    return report
