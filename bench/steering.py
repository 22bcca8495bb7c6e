"""Steering: what dies is recovered without a trace in the ticks, and what people command is done, once and at once.

Four parts, all seeded: kill -9 on each process of a service at random ticks; the way of a command; many sessions at real
time; many commands at once. Leases last `LEASE_S`, not the default, so that the drill does not take all day.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

import httpx2
import numpy as np
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from bench.report import Report, percentile
from bench.service import Service, cpu_seconds, processes_below, service
from bench.viewers import CONNECT

LEASE_S = 2.0
SCENARIO = "ieee13-ofo-taps"
TICK_S = 0.1
OVER = {"completed", "stopped", "failed"}
PATIENCE_S = 60.0
RETRY_S = 0.05

R = TypeVar("R")

Asked = tuple[str, dict[str, Any]]
"""(command, arguments)."""


class Dice:
    """Random commands for one session, every other one such that it must be refused; a seed gives the same again."""

    def __init__(self, schema: Mapping[str, Any], seed: int) -> None:
        self._schema = schema
        self._chance = random.Random(seed)

    def roll(self) -> tuple[str, dict[str, Any], bool]:
        """(command, arguments, whether it is well-formed and within the limits; it may still mean nothing now)."""
        sound = self._chance.random() < 0.5
        command, args = self._chance.choice(self._sound() if sound else self._unsound())
        return command, args, sound

    def _sound(self) -> list[Asked]:
        chance, schema = self._chance, self._schema
        site = chance.choice(schema["datacenters"])
        model = chance.choice(site["models"])
        size = chance.choice(model["feasible_batch_sizes"])
        taps = {chance.choice(schema["regulators"]): chance.uniform(0.9, 1.1)}
        here = {"datacenter": site["name"]}
        bus, phase = chance.choice(schema["bus_phases"])
        asked: list[Asked] = [
            ("set_batch_size", {**here, "batch_size_by_model": {model["label"]: size}}),
            (
                "shift_replicas",
                {**here, "model": model["label"], "replica_delta": chance.choice([-3, -1, 1, 3])},
            ),
            ("set_taps", {"regulators": taps}),
            ("speed", {"x": chance.choice([5, 10, 20])}),
            ("pause", {}),
            ("step", {"ticks": chance.randint(1, 20)}),
            ("run_until", {"bus": bus, "phase": phase, "below": chance.uniform(0.9, 1.1)}),
            ("resume", {}),
            ("resume", {}),
        ]
        for storage in schema["storages"]:
            kw = chance.uniform(-0.9, 0.9) * storage["rated_power_kw"]
            asked.append(
                ("set_storage_power", {"storage": storage["name"], "power_kw": kw, "reactive_power_kvar": 0})
            )
        asked += [
            ("set_controller", {"name": controller["name"], "enabled": chance.random() < 0.5})
            for controller in schema["controllers"]
        ]
        return asked

    def _unsound(self) -> list[Asked]:
        chance, schema = self._chance, self._schema
        site = chance.choice(schema["datacenters"])
        label = site["models"][0]["label"]
        here = {"datacenter": site["name"]}
        return [
            ("fly", {}),
            ("pause", {"for_s": 5}),
            ("speed", {"x": chance.choice([0, -1, 5000, "fast", None])}),
            ("step", {"ticks": chance.choice([0, -1, 1.5, "all"])}),
            ("run_until", {"t_s": chance.choice([-1, 1e9, "noon"])}),
            ("set_batch_size", {**here, "batch_size_by_model": {label: chance.choice([0, 7, -16, "big"])}}),
            ("set_batch_size", {"datacenter": "nowhere", "batch_size_by_model": {label: 16}}),
            (
                "shift_replicas",
                {**here, "model": label, "replica_delta": chance.choice([0, -(10**9), 10**9])},
            ),
            ("set_taps", {"regulators": {schema["regulators"][0]: chance.choice([0.5, 1.2, None])}}),
            ("set_storage_power", {"storage": "nothing", "power_kw": 1, "reactive_power_kvar": 0}),
            ("set_controller", {"name": "nobody", "enabled": True}),
        ]


@dataclass(kw_only=True)
class Sight:
    """What one viewer saw of a session, over all its connections. Times are `time.monotonic()`, stamps the log's."""

    offset: int = 0
    epoch: str | None = None
    rows: list[bytes] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    stamps: list[tuple[int, float]] = field(default_factory=list)
    statuses: list[tuple[str, float]] = field(default_factory=list)
    digest: str | None = None
    faults: list[str] = field(default_factory=list)
    connections: int = 0
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> bool:
        return bool(self.statuses) and self.statuses[-1][0] in OVER

    async def until_ticks(self, count: int) -> None:
        """Return when so many ticks were seen."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.rows) < count:
                self.grown.clear()
                await self.grown.wait()

    async def watch(self, url: str) -> None:
        """Follow a session to its end; whenever the connection is lost, go on behind the last entry that came."""
        while not self.over:
            asked = f"?since={self.offset}" + (f"&epoch={self.epoch}" if self.epoch else "")
            try:
                async with connect(url + asked, open_timeout=5, **CONNECT) as socket:
                    self.connections += 1
                    async for frame in socket:
                        self._take(orjson.loads(frame), time.monotonic())
            except (OSError, TimeoutError, WebSocketException):
                pass  # nobody serves just now
            await asyncio.sleep(RETRY_S)

    def _take(self, message: dict[str, Any], now_s: float) -> None:
        offset = message.get("offset")
        if offset is None:
            self.epoch = message.get("epoch", self.epoch)
            if message["type"] in {"reset", "skipped", "error"}:
                self.faults.append(str(message))
            return
        if offset != self.offset + 1:
            self.faults.append(f"offset {offset} after {self.offset}")
        self.offset = offset
        match message["type"]:
            case "ticks":
                if message["first"] != len(self.rows):
                    self.faults.append(f"tick {message['first']} after {len(self.rows)} ticks")
                self.rows += [orjson.dumps(_row(message, n)) for n in range(len(message["t_s"]))]
                self.arrivals.append(now_s)
                self.stamps.append((message["first"], message["ts"]))
            case "status":
                self.statuses.append((message["status"], now_s))
            case "summary":
                self.digest = message["digest"]
        self.grown.set()


def _row(entry: Mapping[str, Any], n: int) -> Any:
    """What a `ticks` entry says of one of its ticks; what the session says of itself (its lag) is not part of the run."""

    def of_tick(value: Any) -> Any:
        return (
            {name: of_tick(column) for name, column in value.items()} if isinstance(value, dict) else value[n]
        )

    tick = entry["first"] + n
    events = [event for event in entry["events"] if event["tick"] == tick and event["source"] != "custom"]
    controls = [control for control in entry["controls"] if control["tick"] == tick]
    return [*(of_tick(entry[name]) for name in ("t_s", "v", "dc", "taps", "storage")), events, controls]


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


DRILL_S = 90
DRILL_SPEED = 10.0
DRILL_VIEWERS = 3
HIT = (30, 450)
"""Ticks between which something dies; at `DRILL_SPEED` that is within 5 s."""
GO_ON_TICKS = 150
KINDS = ("child", "worker", "API", "broker")


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
            await _command(socket, f"c{n}", *asked)
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


async def _command(socket: ClientConnection, command_id: str, command: str, args: Mapping[str, Any]) -> None:
    frame = {"type": "command", "id": command_id, "command": command, "args": args}
    await socket.send(orjson.dumps(frame).decode())


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


PEOPLE = 8
AHEAD = 8
"""Commands that one person sends before the first of them is answered."""
PAUSE_S = 0.01
"""Mean time between two commands of one person, so that they take effect in many ticks."""
BATTERY = {
    "name": "battery",
    "bus": "671",
    "rated_power_kw": 300.0,
    "capacity_kwh": 100.0,
    "apparent_power_kva": 500.0,
}


class Person:
    """Sends random commands over a socket, and sees everybody's answers."""

    def __init__(self, n: int, *, share: int) -> None:
        self.n = n
        self.answered = asyncio.Event()
        self.sound: dict[str, bool] = {}
        self.told: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self.rows: list[Any] = []
        self._open = asyncio.Semaphore(AHEAD)
        self._share = share
        self._left = share

    async def take_part(self, url: str, schema: Mapping[str, Any]) -> None:
        """Until the session is over."""
        async with connect(url, **CONNECT) as socket:
            sending = asyncio.create_task(self._send(socket, Dice(schema, seed=self.n)))
            async for frame in socket:
                self._hear(orjson.loads(frame))
            await sending

    async def _send(self, socket: ClientConnection, dice: Dice) -> None:
        pauses = random.Random(self.n)
        for i in range(self._share):
            await self._open.acquire()
            await asyncio.sleep(pauses.uniform(0, 2 * PAUSE_S))
            command, args, self.sound[f"{self.n}.{i}"] = dice.roll()
            await _command(socket, f"{self.n}.{i}", command, args)

    def _hear(self, message: dict[str, Any]) -> None:
        command_id = message.get("command_id", "")
        if message["type"] == "command":
            self.told.append((command_id, message["status"]))
        elif message["type"] == "error":
            self.refused.append(command_id)
        elif message["type"] == "ticks" and self.n == 0:
            self.rows += [_plain(_row(message, n)) for n in range(len(message["t_s"]))]
        if command_id.startswith(f"{self.n}."):
            self._open.release()
            self._left -= 1
            if not self._left:
                self.answered.set()


def _plain(row: Any) -> Any:
    """The state of a simulation in a tick: voltages, batch sizes, replicas, tap ratios, storage."""
    _, voltages, sites, taps, storages, _, _ = row
    site = sites["default"]
    return [voltages, site["batch"], site["replicas"], taps, storages["battery"]]


async def _talk(
    running: Service, url: str, schema: Mapping[str, Any], count: int
) -> tuple[list[Person], float]:
    """Have everybody send their share and stop the session; answers with the seconds until all had their answers."""
    people = [Person(n, share=count // PEOPLE) for n in range(PEOPLE)]
    begin_s = time.monotonic()
    taking = [asyncio.create_task(person.take_part(url, schema)) for person in people]
    async with asyncio.timeout(10 * PATIENCE_S):
        for person in people:
            await person.answered.wait()
    took_s = time.monotonic() - begin_s
    await asyncio.to_thread(_stop_at_a_second, running, url.rpartition("/")[2])
    await asyncio.gather(*taking)
    return people, took_s


def flood(running: Service, report: Report, *, count: int) -> None:
    """Many commands of many people to one session, half of them wrong; then the same again from its record."""
    overrides = {"storages": [BATTERY]}
    session = running.post_session(scenario=SCENARIO, overrides=overrides, speed=10)
    while (schema := running.session(session["id"]).get("schema")) is None:
        time.sleep(RETRY_S)
    people, took_s = asyncio.run(_talk(running, session["ws_url"], schema, count))
    ticks = running.session(session["id"])["tick"]
    own = {name for person in people for name in person.sound}
    times = Counter(name for name, _ in people[0].told if name in own)
    times.update(name for person in people for name in person.refused)
    unlike = sum(person.told != people[0].told for person in people)
    wrong = {name for person in people for name, sound in person.sound.items() if not sound}
    applied = running.http.get(f"/api/sessions/{session['id']}/commands").json()["items"]
    taken = {done["command_id"] for done in applied}
    report.add(f"{count} commands of {PEOPLE} people: seconds until all were answered", [took_s])
    report.add("  of them applied", [len(taken & own)])
    report.add("  ticks before which some were", [len({done["tick"] for done in applied})])
    report.add("  unsound ones applied", [len(taken & wrong)], at_most=0)
    report.add("  not answered exactly once", [sum(times[name] != 1 for name in own)], at_most=0)
    report.add("  people who saw another order", [unlike], at_most=0)
    same = _again(running, session["id"], ticks) == running.session(session["id"])["summary"]["digest"]
    report.add("  its record gives the same digest again (1: yes)", [float(same)], at_least=1)
    given = {"overrides": {**overrides, "duration_s": ticks // 10}, "applied": applied}
    plain = _in_plain_openg2g(given)
    unequal = sum(ours != theirs for ours, theirs in zip(people[0].rows, plain, strict=True))
    report.add(f"  ticks of {ticks} unlike those of plain OpenG2G", [unequal], at_most=0)


def _stop_at_a_second(running: Service, session_id: str) -> None:
    """Stop a session, whatever it does, where a scenario can end."""

    def send(command: str, **args: Any) -> None:
        # 409: it had that effect already
        running.http.post(
            f"/api/sessions/{session_id}/commands?wait=true", json={"command": command, "args": args}
        )

    send("pause")
    send("speed", x="max")
    t_s = running.session(session_id)["tick"] // 10 + 1
    send("run_until", t_s=t_s)
    while running.session(session_id)["tick"] < 10 * t_s:
        time.sleep(RETRY_S)
    send("stop")


def _again(running: Service, session_id: str, ticks: int) -> str:
    """Digest of a session that does all that was applied to another one."""
    body = {"at_tick": ticks, "overrides": {"duration_s": ticks // 10, "speed": "max"}}
    answer = running.http.post(f"/api/sessions/{session_id}/fork", json=body)
    answer.raise_for_status()
    while (fork := running.session(answer.json()["id"]))["status"] not in OVER:
        time.sleep(RETRY_S)
    return str(fork["summary"]["digest"]) if fork["summary"] else str(fork["reason"])


def _in_plain_openg2g(given: Mapping[str, Any]) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import bench.steering; bench.steering.plain_openg2g()"],
        input=orjson.dumps(given),
        env={**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    rows: list[Any] = orjson.loads(done.stdout)
    return rows


def plain_openg2g() -> None:
    """Read `{overrides, applied}`, run OpenG2G's own classes with these commands, write the state in each tick."""
    from openg2g.datacenter.command import SetBatchSize, ShiftReplicas
    from openg2g.grid.command import SetStoragePower, SetTaps
    from openg2g.grid.config import TapPosition

    from gridcast.scenarios import resolve
    from gridcast.workers.engine.build import build_stock

    given = orjson.loads(sys.stdin.buffer.read())
    config = resolve(SCENARIO, given["overrides"])
    coordinator = build_stock(config)
    (site,), grid = coordinator._datacenters, coordinator.grid
    battery = grid._storage_attachments[0].storage
    controllers = dict(zip((c.name for c in config.controllers), coordinator.controllers, strict=True))
    off: set[str] = set()
    by_tick: dict[int, list[dict[str, Any]]] = {}
    for done in given["applied"]:
        by_tick.setdefault(done["tick"], []).append(done)
    rows = []
    coordinator.reset()
    coordinator.start()
    for tick in range(config.n_ticks):
        for done in by_tick.get(tick, []):
            match done["command"], done["args"]:
                case "set_batch_size", args:
                    coordinator.dispatch_commands(
                        [SetBatchSize(batch_size_by_model=args["batch_size_by_model"], target=site)]
                    )
                case "shift_replicas", args:
                    coordinator.dispatch_commands(
                        [ShiftReplicas(args["model"], args["replica_delta"], target=site)]
                    )
                case "set_taps", args:
                    coordinator.dispatch_commands([SetTaps(TapPosition(regulators=args["regulators"]))])
                case "set_storage_power", args:
                    coordinator.dispatch_commands(
                        [SetStoragePower(battery, args["power_kw"], args["reactive_power_kvar"])]
                    )
                case "set_controller", args:
                    off = off - {args["name"]} if args["enabled"] else off | {args["name"]}
        coordinator.controllers[:] = [c for name, c in controllers.items() if name not in off]
        output = coordinator.step()
        here, there, stored = output.dc_states[site.name], output.grid_state, battery.state
        rows.append(
            [
                [_rounded(there.voltages[bus], "abc"[phase - 1], 5) for bus, phase in grid.v_index],
                here.batch_size_by_model,
                here.active_replicas_by_model,
                there.tap_positions.regulators,
                {
                    "p_kw": _rounded(stored, "power_kw", 3),
                    "q_kvar": _rounded(stored, "reactive_power_kvar", 3),
                    "soc": _rounded(stored, "soc", 6),
                },
            ]
        )
    sys.stdout.buffer.write(orjson.dumps(rows))


def _rounded(state: Any, name: str, digits: int) -> float:
    """As the `ticks` entry rounds."""
    return float(np.round(getattr(state, name), digits))


def run(*, quick: bool) -> Report:
    report = Report(title=f"Steering (leases of {LEASE_S:g} s)")
    os.environ["GRIDCAST_LEASE_S"] = str(LEASE_S)
    try:
        with service("--workers", "2") as running:
            asyncio.run(drill(running, report, times=3 if quick else 20))
        with service("--workers", "1", "--slots", "64") as running:
            asyncio.run(latency(running, report))
            crowd(running, report, count=16 if quick else 64, seconds=10 if quick else 60)
            flood(running, report, count=1_000 if quick else 10_000)
    finally:
        del os.environ["GRIDCAST_LEASE_S"]
    return report
