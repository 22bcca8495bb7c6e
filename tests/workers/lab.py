"""A worker process and sessions for it, as the API would make them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis

from gridcast.broadcaster import Channel, Channels, CommandLog, JobQueue, Settings
from gridcast.broadcaster.client import channels_of
from gridcast.broadcaster.names import new_id
from gridcast.broadcaster.sessions import FINAL, Sessions, SessionState
from gridcast.broadcaster.workers import Heartbeat, Heartbeats
from gridcast.scenarios import resolve
from tests.waiting import PATIENCE_S

Entry = dict[str, Any]


class WorkerProcess:
    """`python -m gridcast.workers.main` with these settings; recordings go beside its log unless they say otherwise."""

    def __init__(
        self, settings: Settings, log: Path, *, program: Sequence[str] = ("-m", "gridcast.workers.main")
    ) -> None:
        passed = {"redis_url", "channels_url", "lease_s", "slots", "log_bytes", "session_ttl_s", "logs_bytes"}
        passed |= {"recordings", "recordings_ttl_s", "recordings_bytes", "batch_slots"}
        passed |= {"user_running_sessions", "all_running_sessions"}
        values = settings.model_dump(mode="json", include=passed)
        values["recordings"] = values["recordings"] or str(log.parent / "recordings")
        env = {f"GRIDCAST_{name.upper()}": str(value) for name, value in values.items() if value is not None}
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, *program],
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(PATIENCE_S)

    def end(self) -> None:
        """End it in whatever state it is."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


@contextmanager
def worker_process(settings: Settings, folder: Path) -> Iterator[WorkerProcess]:
    """A worker that ends with the block; its log goes to `folder`."""
    worker = WorkerProcess(settings, folder / "worker.log")
    try:
        yield worker
    finally:
        worker.end()


class Lab:
    """Makes sessions, commands them and reads what they say."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.settings = settings
        self.redis = redis
        self.sessions = Sessions(redis)
        self.channels = Channels(channels_of(redis))
        self.commands = CommandLog(channels_of(redis))
        self.queue = JobQueue(redis)

    async def create(
        self,
        scenario: str = "ieee13",
        *,
        speed: float | str = "max",
        enqueue: bool = True,
        record: Mapping[str, Any] | None = None,
        session_id: str | None = None,
        **overrides: Any,
    ) -> Channel:
        """A queued session of 10 s, unless `overrides` say otherwise (`__` stands for a dot)."""
        paths = {"duration_s": 10, **{name.replace("__", "."): value for name, value in overrides.items()}}
        config = resolve(scenario, paths)
        session_id = session_id or new_id()
        asked = {
            "id": session_id,
            "title": scenario,
            "scenario": scenario,
            "overrides": paths,
            "seed": 0,
            "speed": speed,
            "on_idle": "continue",
            "owner": "ada",
            "created": time.time(),
            "config": config.model_dump(mode="json"),
            **(record or {}),
        }
        await self.sessions.create(session_id, record=asked, n_ticks=config.n_ticks, created=time.time())
        if enqueue:
            await self.queue.enqueue_session(session_id, 1, user="ada")
        return Channel.session(session_id)

    async def command(self, channel: Channel, command: str, command_id: str = "", **args: Any) -> None:
        await self.commands.append(
            channel, command_id=command_id or new_id(), by="user:ada", command=command, args=args
        )

    async def entries(self, channel: Channel) -> list[Entry]:
        """Everything in the log."""
        found: list[Entry] = []
        while page := await self.channels.page(channel, after=found[-1]["offset"] if found else 0):
            found += [orjson.loads(entry.data) for entry in page]
        return found

    async def state(self, channel: Channel) -> SessionState:
        found = await self.sessions.get(channel.id)
        assert found is not None
        return found

    async def until(self, channel: Channel, holds: Callable[[SessionState], bool]) -> SessionState:
        """The first state that holds."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            state = await self.state(channel)
            if holds(state):
                return state
            if time.monotonic() > deadline or state.over:
                raise TimeoutError(f"the awaited state did not come; the session is {state}")
            await asyncio.sleep(0.005)

    async def until_over(self, channel: Channel) -> SessionState:
        return await self.until(channel, lambda state: state.status in FINAL)

    async def until_tick(self, channel: Channel, tick: int = 1) -> SessionState:
        return await self.until(channel, lambda state: state.tick >= tick)

    async def until_released(self, channel: Channel) -> None:
        """Return when nobody holds the session's lease; a lease that had to lapse is a failure."""
        broker = channels_of(self.redis)
        left_ms = await broker.pttl(channel.lease)
        deadline = time.monotonic() + max(0, left_ms) / 1000 - 0.1
        while await broker.exists(channel.lease):
            assert time.monotonic() < deadline, "the lease was left to lapse"
            await asyncio.sleep(0.005)

    async def heartbeats(self) -> list[Heartbeat]:
        return await Heartbeats(self.redis).alive()

    async def child_pid(self, channel: Channel, attempt: int | None = None) -> int:
        """Process id of the child that hosts a session (this attempt at it)."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for beat in await self.heartbeats():
                for session in beat["sessions"]:
                    if session["id"] == channel.id and attempt in (None, session["attempt"]):
                        return session["pid"]
            await asyncio.sleep(0.05)
        raise TimeoutError("no worker lists the session")


def of(entries: list[Entry], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry["type"] == kind]


def statuses(entries: list[Entry]) -> list[str]:
    return [entry["status"] for entry in of(entries, "status")]


def assert_contiguous(entries: list[Entry], n_ticks: int) -> None:
    """Offsets are 1, 2, ... and ticks 0, 1, ... up to `n_ticks`, none twice."""
    assert [entry["offset"] for entry in entries] == list(range(1, len(entries) + 1))
    ticks = [entry["first"] + n for entry in of(entries, "ticks") for n in range(len(entry["t_s"]))]
    assert ticks == list(range(n_ticks))


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
