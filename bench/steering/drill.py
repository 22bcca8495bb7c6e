"""kill -9 on each process of a service at random ticks, seeded."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import httpx2

from bench.report import Report
from bench.service import Service

from .setting import LEASE_S, SCENARIO
from .sight import PATIENCE_S, RETRY_S, Sight

R = TypeVar("R")

DRILL_S = 90
DRILL_SPEED = 10.0
DRILL_VIEWERS = 3
HIT = (30, 450)
"""Ticks between which something dies; at `DRILL_SPEED` that is within 5 s."""
GO_ON_TICKS = 150
KINDS = ("child", "worker", "API", "broker")


def insist(call: Callable[[], R]) -> R:
    """The result of `call`, over an API process that is just started again."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call()
        except (httpx2.HTTPError, StopIteration, IndexError, TypeError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_S)


@dataclass(kw_only=True)
class Drill:
    """What one kill did."""

    recovery_s: float
    tick: int
    noticed_s: float | None
    started_s: float | None
    wrong: int
    faults: list[str]


def _victim(running: Service, kind: str, session_id: str) -> int:
    """Process id of what is to die."""
    if kind == "child":
        return running.child_pid(session_id)
    if kind == "worker":
        workers = running.http.get("/api/workers").json()["workers"]
        return next(int(w["pid"]) for w in workers for s in w["sessions"] if s["id"] == session_id)
    found = running.run_file()
    return int(found["api_pids"][0] if kind == "API" else found["broker_pid"])


async def _see(
    running: Service, *, speed: float | str, viewers: int
) -> tuple[dict[str, Any], list[Sight], Any]:
    session = await asyncio.to_thread(
        insist,
        lambda: running.post_session(scenario=SCENARIO, overrides={"duration_s": DRILL_S}, speed=speed),
    )
    sights = [Sight() for _ in range(viewers)]
    return session, sights, asyncio.gather(*(sight.watch(session["ws_url"]) for sight in sights))


async def kill_one(running: Service, kind: str, chance: random.Random, expected: Sight) -> Drill:
    session, sights, watching = await _see(running, speed=DRILL_SPEED, viewers=DRILL_VIEWERS)
    pid = await asyncio.to_thread(insist, lambda: _victim(running, kind, session["id"]))
    at = max(chance.randint(*HIT), len(sights[0].rows))
    await sights[0].until_ticks(at)
    os.kill(pid, signal.SIGKILL)
    killed_s = time.monotonic()
    for sight in sights:
        await sight.until_ticks(at + GO_ON_TICKS)
    slow_until_s = time.monotonic()
    await asyncio.to_thread(insist, lambda: running.command(session["id"], "speed", x="max"))
    await watching
    await asyncio.to_thread(insist, lambda: running.delete(session["id"]))
    faults = [fault for sight in sights for fault in sight.faults]
    wrong = 0
    for sight in sights:
        pairs = zip(sight.rows, expected.rows, strict=False)
        wrong += abs(len(sight.rows) - len(expected.rows)) + sum(ours != theirs for ours, theirs in pairs)
        if sight.digest != expected.digest or sight.statuses[-1][0] != "completed":
            faults.append(f"{sight.statuses[-1][0]} with digest {sight.digest}")
    told = [(name, when) for name, when in sights[0].statuses if when > killed_s]
    noticed_s = next((when for name, when in told if name == "recovering"), None)
    started_s = next((when for name, when in told if name == "running"), None)
    recovered = kind in {"child", "worker"} and noticed_s is not None and started_s is not None
    if (kind in {"child", "worker"}) is not recovered or (kind == "API") is not (sights[0].connections > 1):
        faults.append(f"tick {at}: the kill hit something else")
    return Drill(
        recovery_s=max(_silence_end(sight.arrivals, killed_s, slow_until_s) for sight in sights) - killed_s,
        tick=at,
        noticed_s=noticed_s - killed_s if recovered and noticed_s else None,
        started_s=started_s - noticed_s if recovered and started_s and noticed_s else None,
        wrong=wrong,
        faults=faults,
    )


def _silence_end(arrivals: list[float], begin_s: float, end_s: float) -> float:
    """End of the longest time without a tick that reaches beyond `begin_s`: what was on the way still came before it."""
    pairs = [(a, b) for a, b in pairwise(arrivals) if begin_s < b <= end_s]
    return max(pairs, key=lambda pair: pair[1] - max(pair[0], begin_s))[1]


async def drill(running: Service, report: Report, *, times: int) -> None:
    chance = random.Random(5)
    session, (expected,), watching = await _see(running, speed="max", viewers=1)
    await watching
    ticks_per_s = running.session(session["id"])["summary"]["ticks_per_s"]
    drills: dict[str, list[Drill]] = {kind: [] for kind in KINDS}
    for _ in range(times):
        # in turns, so that what was started again has run for a while before it dies again
        for kind in KINDS:
            drills[kind].append(await kill_one(running, kind, chance, expected))
    for kind, done in drills.items():
        again_s = [one.tick / ticks_per_s if kind in {"child", "worker"} else 0.0 for one in done]
        name = f"kill -9 the {kind}"
        report.add(
            f"{name}: ticks lost, doubled or different at {DRILL_VIEWERS} viewers",
            [sum(one.wrong + len(one.faults) for one in done)],
            at_most=0,
        )
        report.add(
            f"{name}: to the next new tick",
            [one.recovery_s for one in done],
            unit="s",
            at_most=round(LEASE_S + 1 + statistics.median(again_s), 2),
        )
        parts = {
            "until it is noticed": [one.noticed_s for one in done if one.noticed_s is not None],
            "from there to running again": [one.started_s for one in done if one.started_s is not None],
            "of it re-simulation, at the speed of the undisturbed run": [s for s in again_s if s],
        }
        for part, values in parts.items():
            if values:
                report.add(f"  {part}", values, unit="s")
        report.notes += [f"{name}: {fault}" for one in done for fault in one.faults][:3]
