"""The fault drill: for half an hour, every few seconds, some process is killed, ended, frozen or cut off; 200 people watch.

On hosts made of network namespaces, which are those of tests/machines. Whatever happens, each viewer must be given each tick
of its session once and in order, and each session must end right.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import tempfile
import time
import zlib
from array import array
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired

import orjson
from redis.exceptions import RedisError

from bench.report import Report
from gridcast.broadcaster import BrokerUnavailable, Channel, Settings
from gridcast.broadcaster.entries import offset_of
from tests.machines.network import Host, NoNamespaces, network
from tests.machines.plant import LEASE_S, Machine, Plant
from tests.machines.viewer import Viewer
from tests.waiting import PATIENCE_S
from tests.workers.lab import Lab

SEED = 24
FULL_S = 30 * 60
QUICK_S = 60
SCENARIO = "ieee13-ofo-taps"
PAUSE_S = (1.5, 5.0)
"""Between two faults, beside the time that the fault itself takes."""
OUTAGE_S = (0.5, 5.0)
LOOK_S = 2.0
END_S = 180.0


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much of everything."""

    seconds: float
    sessions: int = 20
    viewers: int = 200
    apis: int = 3
    workers: int = 3


class Ledger:
    """What a session's log said, entry by entry, as checksums: a half hour of entries would not fit."""

    def __init__(self) -> None:
        self.sums = array("L")

    def add(self, offset: int, data: bytes) -> None:
        if offset != len(self.sums) + 1:
            raise AssertionError(f"entry {offset} after {len(self.sums)}")
        self.sums.append(zlib.crc32(data))


class Onlooker(Viewer):
    """A viewer that counts what must not be, and keeps checksums alone."""

    def __init__(self, host: Host, doors: list[str], session_id: str) -> None:
        super().__init__(host, doors, session_id)
        self.seen = Ledger()
        self.lost = 0
        self.repeated = 0
        self.resets = 0

    def take(self, frame: bytes) -> None:
        if not frame.startswith(b'{"offset":'):
            told = orjson.loads(frame)
            self.resets += told["type"] == "reset"
            if told["type"] == "hello":
                self.epoch = told["epoch"]
            return
        offset = offset_of(frame)
        if offset <= self.at:
            self.repeated += 1
            return
        self.lost += offset - self.at - 1
        self.at = offset
        self.seen.sums.append(zlib.crc32(frame))


class Drill:
    """One drill on one plant."""

    def __init__(self, plant: Plant, lab: Lab, scale: Scale) -> None:
        self.plant = plant
        self.lab = lab
        self.scale = scale
        self.done: dict[str, int] = {}
        self.stuck = 0
        self._dice = random.Random(SEED)

    async def faults(self, seconds: float) -> None:
        """One fault after the other, until the time is over; then everything runs again."""
        until = time.monotonic() + seconds
        kinds: list[Callable[[], Awaitable[None]]] = [
            *(
                self._killed,
                self._killed,
                self._ended,
                self._frozen,
                self._cut,
                self._cut,
                self._child_killed,
            ),
        ]
        while time.monotonic() < until:
            kind = self._dice.choice(kinds)
            with suppress(BrokerUnavailable, RedisError, OSError):
                await kind()
            await asyncio.sleep(self._dice.uniform(*PAUSE_S))
        await asyncio.to_thread(self.plant.heal)

    def _count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1

    def _anyone(self) -> Machine:
        return self._dice.choice([*self.plant.apis, *self.plant.workers, self.plant.broker])

    async def _killed(self) -> None:
        """SIGKILL, and started again at once: the broker finds what it had acknowledged in its file."""
        await self._restarted(self._anyone(), signal.SIGKILL)

    async def _ended(self) -> None:
        await self._restarted(self._dice.choice([*self.plant.apis, *self.plant.workers]), signal.SIGTERM)

    async def _restarted(self, machine: Machine, number: signal.Signals) -> None:
        self._count(f"{machine.host.name.rstrip('0123456789')} {number.name}")
        try:
            await asyncio.to_thread(machine.stop, number)
        except TimeoutExpired:
            self.stuck += 1
            await asyncio.to_thread(machine.end)
        machine.start()

    async def _frozen(self) -> None:
        machine = self._anyone()
        self._count(f"{machine.host.name.rstrip('0123456789')} frozen")
        os.kill(machine.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(self._dice.uniform(*OUTAGE_S))
        finally:
            os.kill(machine.pid, signal.SIGCONT)

    async def _cut(self) -> None:
        machine = self._anyone()
        self._count(f"{machine.host.name.rstrip('0123456789')} cut off")
        with self.plant.network.unplugged(machine.host):
            await asyncio.sleep(self._dice.uniform(*OUTAGE_S))

    async def _child_killed(self) -> None:
        running = [session["pid"] for beat in await self.lab.heartbeats() for session in beat["sessions"]]
        if running:
            self._count("session SIGKILL")
            with suppress(ProcessLookupError):
                os.kill(self._dice.choice(running), signal.SIGKILL)

    async def read(self, ledgers: dict[str, Ledger]) -> None:
        """Take down what the logs have beyond what was read; they keep only their newest part."""
        for session_id, ledger in ledgers.items():
            channel = Channel.session(session_id)
            while page := await self.lab.channels.page(channel, after=len(ledger.sums)):
                for entry in page:
                    ledger.add(entry.offset, entry.data)

    async def keep_reading(self, ledgers: dict[str, Ledger]) -> None:
        while True:
            with suppress(BrokerUnavailable):
                await self.read(ledgers)
            await asyncio.sleep(LOOK_S)


async def drill(plant: Plant, scale: Scale, report: Report) -> None:
    """Run it, and add what was found."""
    redis = plant.look()
    lab = Lab(Settings(lease_s=LEASE_S), redis)
    one = Drill(plant, lab, scale)
    sessions = [
        await plant.create(SCENARIO, overrides={"duration_s": 7200}, speed=1) for _ in range(scale.sessions)
    ]
    ledgers = {session_id: Ledger() for session_id in sessions}
    doors = [plant.door(api) for api in plant.apis]
    hosts = itertools.cycle(plant.viewers)
    watching: list[Onlooker] = []
    for n in range(scale.viewers):
        turned = doors[n % len(doors) :] + doors[: n % len(doors)]
        places = plant.doors if n % 2 else turned
        watching.append(Onlooker(next(hosts), places, sessions[n % len(sessions)]))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.aclose)
        reading = asyncio.create_task(one.keep_reading(ledgers))
        following = [asyncio.create_task(viewer.follow()) for viewer in watching]
        try:
            await one.faults(scale.seconds)
            for session_id in sessions:
                await lab.until(Channel.session(session_id), lambda state: state.status == "running")
                await lab.command(Channel.session(session_id), "stop")
            ended = [await lab.until_over(Channel.session(session_id)) for session_id in sessions]
            _, late = await asyncio.wait(following, timeout=END_S)
        finally:
            for task in (reading, *following):
                task.cancel()
            await asyncio.gather(reading, *following, return_exceptions=True)
        await one.read(ledgers)
        different = sum(viewer.seen.sums != ledgers[viewer.session_id].sums for viewer in watching)
        identical = [await _verified(plant, session_id) for session_id in sessions]
    attempts = sum(state.attempt for state in ended)
    ticks = sum(state.tick for state in ended)
    report.add("faults", [sum(one.done.values())])
    report.add("ticks of all sessions", [ticks])
    report.add("entries given to viewers", [sum(len(viewer.seen.sums) for viewer in watching)])
    report.add("connections of viewers", [sum(viewer.connections for viewer in watching)])
    report.add("attempts at sessions", [attempts])
    report.add("entries lost", [sum(viewer.lost for viewer in watching)], at_most=0)
    report.add("entries repeated", [sum(viewer.repeated for viewer in watching)], at_most=0)
    report.add("resets", [sum(viewer.resets for viewer in watching)], at_most=0)
    report.add("viewers that were given anything else than the log", [different], at_most=0)
    report.add("viewers that did not see the end", [len(late)], at_most=0)
    stopped = sum(state.status == "stopped" for state in ended)
    report.add(f"processes that were given more than {PATIENCE_S:g} s to end, and killed", [one.stuck])
    report.add("sessions that ended right", [stopped], at_least=scale.sessions)
    report.add("runs identical to an undisturbed one", [sum(identical)], at_least=scale.sessions)
    report.notes.append("faults: " + ", ".join(f"{what} {n}" for what, n in sorted(one.done.items())))
    report.notes += [
        f"{state.id}: {state.status}: {state.reason}" for state in ended if state.status != "stopped"
    ]


async def _verified(plant: Plant, session_id: str) -> bool:
    answer = await plant.ask("GET", f"/api/sessions/{session_id}/verify")
    return bool(answer["result"]["identical"])


def run(*, quick: bool) -> Report:
    scale = Scale(seconds=QUICK_S if quick else FULL_S)
    report = Report(
        title=f"Fault drill: {scale.seconds:g} s, {scale.sessions} sessions, {scale.viewers} viewers"
    )
    try:
        with tempfile.TemporaryDirectory() as folder, network() as net:
            plant = Plant(net, Path(folder), apis=scale.apis, workers=scale.workers)
            try:
                plant.start()
                asyncio.run(drill(plant, scale, report))
            finally:
                plant.end()
    except NoNamespaces as reason:
        report.notes.append(f"left out: {reason}")
    return report
