"""Operations: how long the long analyses take, how well they spread over workers, and what telling their progress costs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
import websockets

from bench.report import Report, percentile
from bench.service import Service, service
from bench.tuning import DUAL, computed_s, one_at_a_time
from gridcast.broadcaster import Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.simulations import Simulations, key_of, spec_of
from gridcast.scenarios.operations import parse_operation, points_of
from gridcast.workers.versions import named_by

BASE = "datacenters.0.base_kw_per_phase"
LOOK_S = 0.02


def heatmap(x_steps: int, y_steps: int, **more: Any) -> dict[str, Any]:
    """A heatmap of OFO on 13 buses."""
    return {
        "name": "ieee13-ofo",
        "param_x": DUAL,
        "x_min": 0.1,
        "x_max": 10,
        "x_steps": x_steps,
        "param_y": BASE,
        "y_min": 100,
        "y_max": 700,
        "y_steps": y_steps,
        **more,
    }


async def follow(running: Service, op: str, config: dict[str, Any]) -> tuple[float, float, dict[str, Any]]:
    """Seconds to the first frame and to the last, and the result."""
    async with websockets.connect(f"{running.ws_url}/ws/progress", compression=None, max_size=None) as socket:
        began_s = time.perf_counter()
        await socket.send(orjson.dumps({"op": op, "config": config}).decode())
        frame = orjson.loads(await socket.recv())
        first_s = time.perf_counter() - began_s
        while frame["type"] in ("progress", "heartbeat"):
            frame = orjson.loads(await socket.recv())
        if frame["type"] != "complete":
            raise RuntimeError(f"{op} ended with {frame}")
        return first_s, time.perf_counter() - began_s, frame["result"]


def run_one(running: Service, op: str, config: dict[str, Any]) -> tuple[float, float, dict[str, Any]]:
    return asyncio.run(follow(running, op, config))


def targets(report: Report, *, quick: bool) -> None:
    """The three of them, on one worker that uses all cores."""
    characterized = {"name": "ieee13", "duration_s": 300 if quick else 600}
    mapped = heatmap(5, 5) if quick else heatmap(15, 15)
    scanned = {"feeders": ["ieee13", "ieee34"]} if quick else {}
    jobs = (
        ("characterize ieee13", "characterize", characterized, 30.0),
        (f"heatmap {mapped['x_steps']} x {mapped['y_steps']} of ieee13-ofo", "heatmap", mapped, 60.0),
        (f"scan{' of two feeders' if quick else ''}", "scan", scanned, 120.0),
    )
    with service("--workers", "1") as running:
        warm(running)
        for name, op, config, at_most_s in jobs:
            before_s = computed_s(running)
            _, took_s, result = run_one(running, op, config)
            bare_s = computed_s(running) - before_s
            report.add(name, [took_s], unit="s", at_most=at_most_s)
            points = result["simulations"] - result["cached"]
            report.notes.append(
                f"{name}: {points} simulations of {bare_s / points:.2f} s, {bare_s / took_s:.2f} under way at once"
            )
            _, again_s, _ = run_one(running, op, config)
            report.add(f"{name}, all of it cached", [again_s], unit="s")
        first_ms = [
            1000 * run_one(running, "heatmap", heatmap(2, 2, duration_s=5, seed=seed))[0]
            for seed in range(8 if quick else 30)
        ]
        report.add("request to first progress frame, median", [percentile(first_ms, 0.5)], unit="ms")
        report.add(
            "request to first progress frame, p95", [percentile(first_ms, 0.95)], unit="ms", at_most=100.0
        )


def warm(running: Service) -> None:
    run_one(running, "heatmap", heatmap(2, 2, duration_s=5, seed=99))


async def _bare(settings: Settings, config: dict[str, Any]) -> float:
    """Seconds that the same simulations take where nobody coordinates them or is told anything."""
    client = async_client(settings)
    simulations = Simulations(client, ttl_s=600)
    specs = [spec_of(point.configured()) for point in points_of(parse_operation("heatmap", config))]
    wanted = {key_of(spec, named_by(settings)): spec for spec in specs}
    began_s = time.perf_counter()
    await simulations.want("bench", wanted, user="bench")
    while True:
        if None not in await simulations.results(list(wanted)):
            break
        await asyncio.sleep(LOOK_S)
    took_s = time.perf_counter() - began_s
    await client.aclose()
    return took_s


def overhead(report: Report, *, quick: bool) -> None:
    """An operation that somebody watches against its bare simulations, by turns, on one core."""
    over: list[float] = []
    with one_at_a_time(1) as running:
        warm(running)
        settings = Settings(redis_url=running.run_file()["redis_url"])
        for turn in range(2 if quick else 5):
            asked = heatmap(4, 3 if quick else 6, duration_s=600)
            bare_s = asyncio.run(_bare(settings, {**asked, "seed": 2 * turn}))
            _, told_s, _ = run_one(running, "heatmap", {**asked, "seed": 2 * turn + 1})
            over.append(100 * (told_s / bare_s - 1))
    report.add("coordinating and telling, over the simulations alone", over, unit="%", at_most=2.0)


def spread(report: Report, *, quick: bool) -> None:
    asked = heatmap(4, 4 if quick else 8, duration_s=900)
    ratios: list[float] = []
    for turn in range(1 if quick else 3):
        took: dict[int, float] = {}
        for workers in (1, 2) if turn % 2 == 0 else (2, 1):
            with one_at_a_time(workers) as running:
                warm(running)
                _, took[workers], _ = run_one(running, "heatmap", asked)
        ratios.append(took[1] / took[2])
    report.add("two workers against one", ratios, unit="x", at_least=1.7)


def run(*, quick: bool) -> Report:
    report = Report(title="Operations")
    targets(report, quick=quick)
    overhead(report, quick=quick)
    spread(report, quick=quick)
    return report
