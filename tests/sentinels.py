"""A broker with a replica, and three sentinels that make the replica the master when the master is gone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis

from tests.valkey import ValkeyServer, die_with_parent, free_port, valkey_binary
from tests.waiting import PATIENCE_S

MASTER = "grid"
DOWN_MS = 1000
SENTINELS = 3


class Watched:
    """`master` until it fails, then `replica`."""

    def __init__(self, folder: Path) -> None:
        self.master = ValkeyServer(folder / "master")
        self.replica = ValkeyServer(folder / "replica")
        self._folder = folder
        self._ports = [free_port() for _ in range(SENTINELS)]
        self._sentinels: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self._ports)
        return f"redis+sentinel://{hosts}/{MASTER}/0"

    def start(self) -> None:
        """Start all of it, and wait until each sentinel knows the others and the replica."""
        self.master.start()
        self.replica.start()
        with self.replica.client() as replica:
            replica.replicaof("127.0.0.1", str(self.master.port))
        self._until(lambda: self._says(self.replica, "master_link_status") == "up", "the replica is in step")
        for port in self._ports:
            self._sentinels.append(self._sentinel(port))
        self._until(lambda: all(self._knows(port) for port in self._ports), "the sentinels know each other")

    def _sentinel(self, port: int) -> subprocess.Popen[bytes]:
        file = self._folder / f"sentinel-{port}.conf"
        file.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {self._folder}\nloglevel warning\n"
            f"sentinel monitor {MASTER} 127.0.0.1 {self.master.port} 2\n"
            f"sentinel down-after-milliseconds {MASTER} {DOWN_MS}\n"
            f"sentinel failover-timeout {MASTER} 5000\n"
        )
        return subprocess.Popen(
            [str(valkey_binary()), str(file), "--sentinel"],
            stdout=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )

    def _knows(self, port: int) -> bool:
        try:
            with redis.Redis(port=port) as sentinel:
                told = sentinel.sentinel_master(MASTER)
        except (redis.ConnectionError, redis.ResponseError):
            return False
        known: bool = told["num-slaves"] == 1 and told["num-other-sentinels"] == SENTINELS - 1
        return known

    def _says(self, server: ValkeyServer, field: str) -> str:
        with server.client() as client:
            try:
                return str(client.info("replication").get(field))
            except redis.ConnectionError:  # it lets all go when it becomes the master
                return ""

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not come that {what}")
            time.sleep(0.05)

    def cut_replication(self) -> None:
        """The frozen replica gets nothing more: also what the kernel would keep for it goes nowhere."""
        self.replica.freeze()
        with self.master.client() as master:
            master.client_kill_filter(_type="slave")

    def until_failed_over(self) -> None:
        """Wait until the replica is the master, and every sentinel says so."""
        self._until(lambda: self._says(self.replica, "role") == "master", "the replica is the master")
        self._until(lambda: {self._named(port) for port in self._ports} == {self.replica.port}, "all know it")

    def _named(self, port: int) -> int:
        with redis.Redis(port=port) as sentinel:
            return int(sentinel.sentinel_get_master_addr_by_name(MASTER)[1])

    def stop(self) -> None:
        for sentinel in self._sentinels:
            sentinel.kill()
            sentinel.wait()
        self.master.stop()
        self.replica.stop()
