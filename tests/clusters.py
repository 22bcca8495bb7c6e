"""A Redis Cluster of real processes: three masters, each with a replica that takes over when it is gone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

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
                *("--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--cluster-require-full-coverage", "no"),
                *("--repl-diskless-sync-delay", "0"),
                # A replica that was frozen may follow its master all the same.
                *("--cluster-replica-validity-factor", "0"),
            ],
        )

    def ask(self, *words: str) -> str:
        with self.client() as client:
            raw = client.execute_command("CLUSTER", *words)
        return raw.decode() if isinstance(raw, bytes) else str(raw)


class ClusterOfNodes:
    """Three pairs, of which the first is the master and holds a third of the slots, in this order."""

    def __init__(self, folder: Path) -> None:
        self._pairs = [[Node(folder / f"{n}a"), Node(folder / f"{n}b")] for n in range(MASTERS)]
        self._gone: list[Node] = []

    @property
    def nodes(self) -> list[Node]:
        return [node for pair in self._pairs for node in pair]

    @property
    def _lives(self) -> list[Node]:
        return [node for node in self.nodes if node not in self._gone]

    def master(self, n: int) -> Node:
        return self._pairs[n][0]

    def replica(self, n: int) -> Node:
        return self._pairs[n][1]

    @property
    def url(self) -> str:
        """All of them: whoever starts needs one that lives."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> None:
        """Start all of it, and wait until each node sees all slots served and each replica is in step."""
        for node in self.nodes:
            node.start()
        first = self.master(0)
        for node in self.nodes[1:]:
            node.ask("MEET", "127.0.0.1", str(first.port), str(first.bus))
        for n in range(MASTERS):
            begin, after = (round(at * REDIS_CLUSTER_HASH_SLOTS / MASTERS) for at in (n, n + 1))
            self.master(n).ask("ADDSLOTSRANGE", str(begin), str(after - 1))
        for n in range(MASTERS):
            known = self.master(n).ask("MYID")
            _until(partial(_knows, self.replica(n), known), "the nodes know each other")
            self.replica(n).ask("REPLICATE", known)
        _until(self._whole, "the cluster is whole")

    def _whole(self) -> bool:
        lives = self._lives
        return all("cluster_state:ok" in node.ask("INFO") for node in lives) and all(
            _in_step(replica) and not any(_fails(replica, node) for node in lives)
            for _, replica in self._pairs
            if replica in lives
        )

    def index_of(self, channel: Channel) -> int:
        """Which pair holds a channel."""
        return key_slot(channel.meta.encode()) * MASTERS // REDIS_CLUSTER_HASH_SLOTS

    def id_at(self, n: int) -> str:
        """An id of a session whose channel lies at this pair."""
        while self.index_of(Channel.session(found := new_id())) != n:
            pass
        return found

    def cut_replication(self, n: int) -> None:
        """The frozen replica gets nothing more: also what the kernel would keep for it goes nowhere."""
        self.replica(n).freeze()
        with self.master(n).client() as master:
            master.client_kill_filter(_type="slave")

    def kill(self, n: int) -> None:
        """Kill a master."""
        self.master(n).kill()
        self._gone.append(self.master(n))

    def kill_replica(self, n: int) -> None:
        """Kill a replica."""
        self.replica(n).kill()
        self._gone.append(self.replica(n))

    def freeze(self, n: int) -> None:
        """Freeze a master: it answers nothing, and closes nothing."""
        self.master(n).freeze()
        self._gone.append(self.master(n))

    def until_failed_over(self, n: int) -> None:
        """Wait until the replica is the master, and every living node says so."""
        gone, successor = self._pairs[n]
        taken_over = successor.ask("MYID")
        _until(
            lambda: all(_serves(taken_over, node.ask("NODES")) for node in self._lives), "the replica serves"
        )
        self._pairs[n] = [successor, gone]

    def restore(self, n: int) -> None:
        """Have both of a pair: what was killed or frozen comes back as the replica of the one that took over."""
        if (gone := self.replica(n)) in self._gone:
            gone.restart()
            self._gone.remove(gone)
        _until(self._whole, "the replica is back")

    def all_keys(self) -> set[str]:
        """Names of all keys."""
        found: set[str] = set()
        for n in range(MASTERS):
            with self.master(n).client() as client:
                found.update(raw.decode() for raw in client.scan_iter(count=1000))
        return found

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not come that {what}")
        time.sleep(0.05)


def _fails(replica: Node, seen_by: Node) -> bool:
    """Whether a node does not know a replica, or takes it for dead."""
    rows = [line.split() for line in seen_by.ask("NODES").splitlines()]
    return not any(f":{replica.port}@" in row[1] and "fail" not in row[2] for row in rows)


def _in_step(replica: Node) -> bool:
    with replica.client() as client:
        return bool(client.info("replication").get("master_link_status") == "up")


def _serves(name: str, told: str) -> bool:
    """Whether a node is a master with slots, as CLUSTER NODES tells it."""
    rows = [line.split() for line in told.splitlines()]
    return any(row[0] == name and "master" in row[2] and len(row) > 8 for row in rows)


def _knows(node: Node, other: str) -> bool:
    return other in node.ask("NODES")
