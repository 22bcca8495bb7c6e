"""The product as its users start it, on loopback, for one benchmark; and what /proc says of its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(kw_only=True)
class Service:
    """A running `gridcast up`."""

    url: str
    folder: Path
    http: httpx2.Client

    @property
    def ws_url(self) -> str:
        return "ws" + self.url.removeprefix("http")

    def run_file(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads((self.folder / "run.json").read_bytes())
        return found

    def post_session(self, **body: Any) -> dict[str, Any]:
        answer = self.http.post("/api/sessions", json=body)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def session(self, session_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/api/sessions/{session_id}").json()
        return found

    def command(self, session_id: str, command: str, **args: Any) -> None:
        self.http.post(
            f"/api/sessions/{session_id}/commands?wait=true", json={"command": command, "args": args}
        ).raise_for_status()

    def delete(self, session_id: str) -> None:
        self.http.delete(f"/api/sessions/{session_id}")

    def child_pid(self, session_id: str) -> int:
        """Process id of the child that runs a session."""
        workers = self.http.get("/api/workers").json()["workers"]
        return next(int(s["pid"]) for w in workers for s in w["sessions"] if s["id"] == session_id)


@contextmanager
def service(*arguments: str) -> Iterator[Service]:
    """Start `gridcast up` in a folder of its own and end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="gridcast-bench-") as name:
        folder = Path(name)
        process = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("gridcast")),
                "up",
                "--port",
                "0",
                "--dir",
                str(folder),
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=(folder / "log").open("wb"),
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("ready "):
                raise RuntimeError(f"gridcast up did not start:\n{(folder / 'log').read_text()[-2000:]}")
            url = line.split()[1]
            with httpx2.Client(base_url=url, timeout=60) as http:
                yield Service(url=url, folder=folder, http=http)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def private_bytes(pid: int) -> int:
    """Private memory of a process: pages that no other process shares."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean:", "Private_Dirty:")):
            total += int(line.split()[1]) * 1024
    return total


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of one process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def cpu_seconds_of_all(pid: int) -> float:
    """User and system time of a process, of all its descendants, and of those that have ended and were waited for."""
    total = 0
    for one in processes_below(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS_PER_S


def processes_below(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            found += processes_below(int(child))
    return found
