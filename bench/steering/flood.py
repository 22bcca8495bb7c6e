"""Many commands of many people to one session at once, and the same again from its record."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from bench.report import Report
from bench.service import Service
from bench.viewers import CONNECT

from .dice import Dice
from .setting import SCENARIO, send_command
from .sight import OVER, PATIENCE_S, RETRY_S, row_of

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
            await send_command(socket, f"{self.n}.{i}", command, args)

    def _hear(self, message: dict[str, Any]) -> None:
        command_id = message.get("command_id", "")
        if message["type"] == "command":
            self.told.append((command_id, message["status"]))
        elif message["type"] == "error":
            self.refused.append(command_id)
        elif message["type"] == "ticks" and self.n == 0:
            self.rows += [_plain(row_of(message, n)) for n in range(len(message["t_s"]))]
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
        [sys.executable, "-W", "ignore", "-m", "bench.steering.plain"],
        input=orjson.dumps(given),
        env={**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    rows: list[Any] = orjson.loads(done.stdout)
    return rows
