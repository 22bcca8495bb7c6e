"""What accounts cost, and what one user can do to another: a flood of requests at a hundred times the limit."""

from __future__ import annotations

import subprocess
import sys
import time

import httpx2
import jwt
import orjson

from bench.report import Report, percentile
from bench.servers import Rig, rig
from gridcast.broadcaster import Settings

SECRET = "a secret of the bench alone, which is longer than sixty-four bytes, as it should be"
HZ = 50
REQUESTS = 2_000


def token(user: str) -> str:
    told = {"iss": "gridcast", "aud": "gridcast", "sub": user, "exp": time.time() + 3600}
    return jwt.encode(told, SECRET, algorithm="HS256")


def watched(running: Rig, seconds: float, *, flooded: bool, notes: list[str]) -> list[float]:
    """Latencies (ms) from publish to ada's read, while mallory floods or does not."""
    session = running.new_session(owner="ada")
    path = f"/api/ws/sessions/{session}"
    with httpx2.Client(base_url=f"http://127.0.0.1:{running.ours.port}") as http:
        asked = http.post(
            "/api/tickets", json={"path": path}, headers={"Authorization": f"Bearer {token('ada')}"}
        )
        ticket = asked.raise_for_status().json()["ticket"]
    running.load.do(
        do="connect", port=running.ours.port, paths=[f"{path}?since=1&ticket={ticket}"], timed=True
    )
    flood = None
    if flooded:
        limit = Settings(redis_url=running.settings.redis_url).user_requests_per_s
        flood = subprocess.Popen(
            [
                *(sys.executable, "-m", "bench.flood", str(running.ours.port), token("mallory")),
                *(str(100 * limit), str(seconds + 3)),
            ],
            stdout=subprocess.PIPE,
        )
        time.sleep(2)
    calls = int(HZ * seconds)
    running.publisher.do(sessions=[session], calls=calls, hz=HZ)
    done = running.load.do(do="reach", offset=1 + calls)
    notes += done["faults"][:3]
    running.load.do(do="close")
    if flood is not None:
        told, _ = flood.communicate(timeout=60)
        found = orjson.loads(told)
        notes.append(
            f"flood: {found['offered']} requests wanted, {found['taken']} taken, answered {found['statuses']}"
        )
    running.delete_session(session)
    latencies: list[float] = done["latencies_ms"]
    return latencies


def cpu_us(running: Rig, headers: dict[str, str]) -> float:
    """CPU of the server for one request (us)."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{running.ours.port}", headers=headers) as http:
        for _ in range(200):
            http.get("/api/workers").raise_for_status()
        before = running.ours.cpu_s()
        for _ in range(REQUESTS):
            http.get("/api/workers").raise_for_status()
        return 1e6 * (running.ours.cpu_s() - before) / REQUESTS


def run(*, quick: bool) -> Report:
    report = Report(title="Accounts, and one abusive user beside another")
    env = {"GRIDCAST_AUTH": "jwt", "GRIDCAST_AUTH_SECRET": SECRET, "GRIDCAST_USER_REQUESTS_PER_S": "100"}
    repeats, seconds = (2, 4.0) if quick else (5, 10.0)
    with rig(with_peer=False, env=env) as running:
        quiet, flooded = [], []
        for _ in range(repeats):
            quiet.append(watched(running, seconds, flooded=False, notes=report.notes))
            flooded.append(watched(running, seconds, flooded=True, notes=report.notes))
            # Whoever was refused is let in again.
            time.sleep(10)
        for name, runs in (("quiet", quiet), ("flooded", flooded)):
            report.add(f"publish to viewer, p99, {name}", [percentile(one, 0.99) for one in runs], unit="ms")
        pairs = zip(flooded, quiet, strict=True)
        report.add(
            "p99, flooded to quiet",
            [percentile(a, 0.99) / percentile(b, 0.99) for a, b in pairs],
            at_most=2.0,
        )
    unlimited = {**env, "GRIDCAST_USER_REQUESTS_PER_S": "0"}
    on, off = [], []
    with rig(with_peer=False, env=unlimited) as signed, rig(with_peer=False) as plain:
        for _ in range(2 if quick else 5):
            on.append(cpu_us(signed, {"Authorization": f"Bearer {token('ada')}"}))
            off.append(cpu_us(plain, {}))
    report.add("CPU of a request, accounts on", on, unit="us")
    report.add("CPU of a request, accounts off", off, unit="us")
    report.add("accounts cost", [a - b for a, b in zip(on, off, strict=True)], unit="us", at_most=100.0)
    return report
