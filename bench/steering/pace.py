"""The way of a command, and many sessions at real time."""

from __future__ import annotations

import asyncio
import random
import time

import orjson
from websockets.asyncio.client import connect

from bench.report import Report, percentile
from bench.service import Service, cpu_seconds, processes_below
from bench.viewers import CONNECT

from .setting import SCENARIO, TICK_S, send_command
from .sight import Sight

COMMANDS = 200


async def latency(running: Service, report: Report) -> None:
    chance = random.Random(6)
    session = running.post_session(scenario=SCENARIO, speed=1)
    took_ms: list[float] = []
    async with connect(session["ws_url"], **CONNECT) as socket:
        while orjson.loads(await socket.recv())["type"] != "ticks":
            pass
        for n in range(COMMANDS):
            await asyncio.sleep(chance.uniform(0, TICK_S))
            asked = ("speed", {"x": 1}) if n % 2 else ("set_taps", {"regulators": {"creg1a": 1 + n / 1e4}})
            begin_s = time.perf_counter()
            await send_command(socket, f"c{n}", *asked)
            while orjson.loads(await socket.recv()).get("command_id") != f"c{n}":
                pass
            took_ms.append(1000 * (time.perf_counter() - begin_s))
    running.delete(session["id"])
    report.add("command to its entry at the viewer, p50", [percentile(took_ms, 0.5)], unit="ms", at_most=10)
    report.add(
        "command to its entry at the viewer, p99",
        [percentile(took_ms, 0.99)],
        unit="ms",
        at_most=50 + 1000 * TICK_S,
    )


def crowd(running: Service, report: Report, *, count: int, seconds: int) -> None:
    """Sessions at real time: how late their ticks are, by their own account, by the log and by the wall clock."""
    ids = [running.post_session(scenario="ieee13", speed=1)["id"] for _ in range(count)]
    while any(running.session(name)["tick"] < 20 for name in ids):
        time.sleep(0.2)
    (worker,) = running.run_file()["worker_pids"]
    family = processes_below(worker)
    before = [_clocked(running, name) for name in ids]
    begin_s, used_s = time.time(), sum(map(cpu_seconds, family))
    lags_s = []
    while time.time() < begin_s + seconds:
        time.sleep(1)
        workers = running.http.get("/api/workers").json()["workers"]
        lags_s.append(max(s["lag_s"] for w in workers for s in w["sessions"]))
    end_s, used_s = time.time(), sum(map(cpu_seconds, family)) - used_s
    after = [_clocked(running, name) for name in ids]
    off = [_off(one, other) for one, other in zip(before, after, strict=True)]
    late = [asyncio.run(_lateness(running, name, begin_s, end_s)) for name in ids]
    for name in ids:
        running.delete(name)
    name = f"{count} sessions at real time, {seconds} s"
    report.add(f"{name}: worst lag that they tell", [max(lags_s) / TICK_S], unit="ticks", at_most=1)
    report.add(f"{name}: latest tick of all", [max(late) / TICK_S], unit="ticks", at_most=1)
    report.add(f"{name}: ticks beside the wall clock", [max(off)], unit="ticks", at_most=1)
    report.add(f"{name}: CPU of the worker's tree", [100 * used_s / (end_s - begin_s)], unit="% of a core")


def _clocked(running: Service, session_id: str) -> tuple[int, float, float]:
    """A session's tick, and between which times it was read."""
    before_s = time.time()
    tick = running.session(session_id)["tick"]
    return tick, before_s, time.time()


def _off(one: tuple[int, float, float], other: tuple[int, float, float]) -> float:
    """By how many ticks a session at real time went faster or slower than the clock between two readings."""
    ticks = other[0] - one[0]
    least, most = (other[1] - one[2]) / TICK_S, (other[2] - one[1]) / TICK_S
    return max(0.0, least - ticks, ticks - most)


async def _lateness(running: Service, session_id: str, begin_s: float, end_s: float) -> float:
    """How late the latest tick in a time was published, beside the most punctual one, in s."""
    await asyncio.to_thread(running.command, session_id, "stop")
    sight = Sight()
    await sight.watch(f"{running.ws_url}/api/ws/sessions/{session_id}")
    due = [stamp - tick * TICK_S for tick, stamp in sight.stamps if begin_s <= stamp <= end_s]
    return max(due) - min(due)
