"""A Redis Cluster of real processes: three masters, each with a replica that takes over when it is gone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from gridcast.broadcaster import Channel
from gridcast.broadcaster.names import new_id
from tests.valkey import ValkeyServer, free_port, valkey_binary
from tests.waiting import PATIENCE_S

MASTERS = 3
NODE_TIMEOUT_MS = 1000
"""Long enough that a busy machine of tests is not taken for a dead one too often."""


@cache
def why_not() -> str | None:
    """Why no cluster can be had with the tests' server; None if one can."""
    shown = subprocess.run([str(valkey_binary()), "--version"], capture_output=True, text=True, check=False)
    probe = subprocess.run(
        [str(valkey_binary()), "--port", "0", "--cluster-enabled", "maybe"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    said = probe.stdout + probe.stderr
    return None if "must be 'yes' or 'no'" in said else f"{shown.stdout.strip()} has no cluster mode"


class Node(ValkeyServer):
    """One server of a cluster."""

    def __init__(self, folder: Path) -> None:
        self.bus = free_port()
        super().__init__(
            folder,
            more=[
                *("--cluster-enabled", "yes", "--cluster-port", str(self.bus)),
                *("--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--cluster-replica-validity-factor", "0"),
            ],
        )

    def ask(self, *words: str) -> str:
        with self.client() as client:
            raw = client.execute_command("CLUSTER", *words)
        return raw.decode() if isinstance(raw, bytes) else str(raw)


class ClusterOfNodes:
    """Masters 0, 1, 2 hold a third of the slots each, in this order; replica n is that of master n."""

    def __init__(self, folder: Path) -> None:
        self.masters = [Node(folder / f"master-{n}") for n in range(MASTERS)]
        self.replicas = [Node(folder / f"replica-{n}") for n in range(MASTERS)]

    @property
    def nodes(self) -> list[Node]:
        return [*self.masters, *self.replicas]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.masters)

    def start(self) -> None:
        """Start all of it, and wait until each node sees all slots served and each replica is in step."""
        for node in self.nodes:
            node.start()
        first = self.masters[0]
        for node in self.nodes[1:]:
            node.ask("MEET", "127.0.0.1", str(first.port), str(first.bus))
        for n, master in enumerate(self.masters):
            share = REDIS_CLUSTER_HASH_SLOTS / MASTERS
            master.ask("ADDSLOTSRANGE", str(round(n * share)), str(round((n + 1) * share) - 1))
        for master, replica in zip(self.masters, self.replicas, strict=True):
            known = master.ask("MYID")
            self._until(partial(_knows, replica, known), "the nodes know each other")
            replica.ask("REPLICATE", known)
        self._until(self._whole, "the cluster is whole")

    def _whole(self) -> bool:
        ready = all("cluster_state:ok" in node.ask("INFO") for node in self.nodes)
        known = all(node.ask("NODES").count("connected") >= len(self.nodes) for node in self.nodes)
        return ready and known and all(self._in_step(replica) for replica in self.replicas)

    def _in_step(self, replica: Node) -> bool:
        with replica.client() as client:
            return bool(client.info("replication").get("master_link_status") == "up")

    def master_of(self, channel: Channel) -> int:
        """Number of the master that holds a channel at first."""
        return key_slot(channel.meta.encode()) * MASTERS // REDIS_CLUSTER_HASH_SLOTS

    def id_at(self, master: int) -> str:
        """An id of a session whose channel lies there."""
        while self.master_of(Channel.session(found := new_id())) != master:
            pass
        return found

    def until_failed_over(self, master: int) -> None:
        """Wait until the replica serves in a master's place, and all that live say so."""
        taken_over = self.replicas[master].ask("MYID")
        lives = [node for n, node in enumerate(self.nodes) if n != master]

        def served() -> bool:
            return all(
                "cluster_state:ok" in node.ask("INFO")
                and any(
                    line.startswith(taken_over) and "master" in line and "-" in line.rsplit(" ", 1)[1]
                    for line in node.ask("NODES").splitlines()
                )
                for node in lives
            )

        self._until(served, "the replica is the master")

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not come that {what}")
            time.sleep(0.05)

    def keys(self, node: Node) -> set[str]:
        """Names of all keys of a node."""
        with node.client() as client:
            return {raw.decode() for raw in client.scan_iter(count=1000)}

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()


def _knows(node: Node, other: str) -> bool:
    return other in node.ask("NODES")


def no_keys_but_channels(server: redis.Redis) -> bool:
    """Whether there is nothing at a broker that belongs to a channel."""
    return not [raw for raw in server.scan_iter(count=1000) if raw.startswith(b"gridcast:{session:")]
