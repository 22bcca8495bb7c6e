"""redis-py's clients of a Redis Cluster, as a broker of channels needs them.

Theirs follow MOVED and ASK and look around again after an error. Ours add what they leave open: how long one node may be
silent (a frozen one raises no error, and would be asked for ever), where to begin again when all nodes that were known are
gone, a connection only once it is needed, and one kind of error for all of it: the broker is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import redis
from redis._parsers import AsyncCommandsParser
from redis.asyncio import cluster as acluster
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.cluster import ClusterNode, RedisCluster
from redis.commands.core import Script
from redis.exceptions import (
    AskError,
    ClusterError,
    RedisClusterException,
    SlotNotCoveredError,
    TryAgainError,
)
from redis.retry import Retry

from .address import Nodes
from .nodes import blocking_listener

NODE_S: Final = 2.0
"""A node that has not answered a command after this time is silent, and the cluster is looked at again: short enough that a
second one can be asked while `answering()` waits."""

AWAY: Final = (ClusterError, AskError, TryAgainError, SlotNotCoveredError)
"""What redis-py raises, beside its usual errors, while a cluster fails over or moves slots."""

_STALE: Final = (redis.ConnectionError,)


def _away(why: object) -> redis.ConnectionError:
    return redis.ConnectionError(f"no node of the cluster can be used: {why or f'silent for {NODE_S:g} s'}")


_CONNECTION: Final = {"socket_connect_timeout": NODE_S, "socket_keepalive": True, "protocol": 2}


def _options(nodes: Nodes, password: str | None) -> dict[str, Any]:
    return {
        "username": nodes.username,
        "password": nodes.password or password,
        # A cluster without some of its slots still serves the others, where it was told to.
        "require_full_coverage": False,
        **_CONNECTION,
    }


class Cluster(acluster.RedisCluster):
    """The asynchronous client."""

    def __init__(self, nodes: Nodes, *, password: str | None) -> None:
        self._seeds = nodes.hosts
        super().__init__(
            startup_nodes=[acluster.ClusterNode(*host) for host in nodes.hosts],
            retry=AsyncRetry(NoBackoff(), 1, supported_errors=_STALE),
            retry_on_error=list(_STALE),
            **_options(nodes, password),
        )
        self.commands_parser = _Commands(self)
        self.nodes_manager.startup_nodes = _Steady(self.nodes_manager.startup_nodes)
        # Any node hands a message on to all; the one that its name's slot lies at may be the one that is gone.
        self.command_flags["PUBLISH"] = self.RANDOM

    async def initialize(self) -> Cluster:
        """Look around, where that is needed.

        Raises:
            redis.ConnectionError: nobody tells what the cluster looks like.
        """
        try:
            async with asyncio.timeout(NODE_S):
                await super().initialize()
        except (TimeoutError, RedisClusterException) as error:
            self._begin_elsewhere()
            raise _away(error) from error
        return self

    def _begin_elsewhere(self) -> None:
        """Ask in another order next time, those of the address too: redis-py strikes out each one that failed, and waits for
        the first that is silent."""
        known = self.nodes_manager.startup_nodes
        for host in self._seeds:
            node = acluster.ClusterNode(*host, **self.connection_kwargs)
            known.setdefault(node.name, node)
        for name in random.sample(list(known), len(known)):
            known[name] = known.pop(name)

    def get_default_node(self) -> acluster.ClusterNode:
        """There is always one: redis-py has none while one call looks around, and other calls stumble over that."""
        chosen: acluster.ClusterNode | None = self.nodes_manager.default_node
        return self.get_random_node() if chosen is None else chosen

    async def _execute_command(self, target_node: acluster.ClusterNode, *args: Any, **kwargs: Any) -> Any:
        try:
            async with asyncio.timeout(NODE_S):
                return await super()._execute_command(target_node, *args, **kwargs)
        except TimeoutError as error:
            self.nodes_manager.startup_nodes.pop(target_node.name, None)
            await self.aclose()
            raise redis.TimeoutError(f"{target_node.name} is silent") from error

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> _Pipeline:
        """No transaction: one piece for each node."""
        if transaction:
            raise RedisClusterException("a pipeline over a cluster is no transaction; use a script")
        return _Pipeline(self)  # type: ignore[abstract]

    async def up_s(self) -> float:
        """How long (s) that of the masters runs that was started last."""
        told = await self.info("server", target_nodes=self.PRIMARIES)
        rows = told.values() if "uptime_in_seconds" not in told else [told]
        return min(float(row["uptime_in_seconds"]) for row in rows)


class _Commands(AsyncCommandsParser):
    """Which arguments of commands are keys. Redis-py asks the first master again at each look around, which may be gone."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__()
        self._cluster = cluster

    async def initialize(self, node: Any = None) -> None:
        """Learn it once, from whoever answers.

        Raises:
            redis.ConnectionError
        """
        if self.commands:
            return
        for one in self._cluster.get_nodes():
            with contextlib.suppress(TimeoutError, redis.ConnectionError):
                async with asyncio.timeout(NODE_S / 4):
                    await super().initialize(one)
                return
        raise redis.ConnectionError("no node of the cluster tells its commands")


class _Steady(dict[str, acluster.ClusterNode]):
    """Redis-py strikes nodes out of it while another call goes through it."""

    def values(self) -> Any:
        return list(super().values())


class _Pipeline(acluster.ClusterPipeline):
    async def _execute(self, *args: Any, **kwargs: Any) -> list[Any]:
        try:
            async with asyncio.timeout(NODE_S):
                return await super()._execute(*args, **kwargs)
        except TimeoutError as error:
            raise redis.TimeoutError("a node of the cluster is silent") from error


class BlockingCluster:
    """What a session child uses of the blocking client. Redis-py's connects when it is made, this one when it is used."""

    def __init__(self, nodes: Nodes, *, password: str | None) -> None:
        self._nodes = nodes
        self._password = password
        self._cluster: _LookingAround | None = None
        self._listener: redis.Redis | None = None

    @property
    def cluster(self) -> RedisCluster:
        """The client, connected.

        Raises:
            redis.ConnectionError
        """
        if self._cluster is None:
            options = {**_options(self._nodes, self._password), "socket_timeout": NODE_S}
            self._cluster = _LookingAround(self._nodes.hosts, options)  # type: ignore[abstract]
        return self._cluster

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cluster, name)

    def register_script(self, body: str) -> Callable[..., Any]:
        script: Script | None = None

        def call(*, keys: Sequence[str], args: Sequence[Any]) -> Any:
            nonlocal script
            if script is None:
                script = self.cluster.register_script(body)  # type: ignore[misc]
            return script(keys=keys, args=args)

        return call

    def pubsub(self) -> PubSub:
        """At any of the nodes."""
        if self._listener is None:
            options = {**_CONNECTION, "socket_timeout": NODE_S}
            self._listener = blocking_listener(self._nodes, options, password=self._password)
        return cast("PubSub", self._listener.pubsub())  # type: ignore[no-untyped-call]

    def close(self) -> None:
        if self._cluster is not None:
            self._cluster.close()
        if self._listener is not None:
            self._listener.close()


class _LookingAround(RedisCluster):
    """redis-py's blocking client, whose looks around fail with the error of an absent broker."""

    def __init__(self, seeds: Sequence[tuple[str, int]], options: dict[str, Any]) -> None:
        try:
            super().__init__(
                startup_nodes=[_seed(*host) for host in seeds],
                retry=Retry(NoBackoff(), 1, supported_errors=_STALE),
                cluster_error_retry_attempts=1,
                **options,
            )
        except RedisClusterException as error:
            raise _away(error) from error
        manager, look = self.nodes_manager, self.nodes_manager.initialize

        def look_around() -> None:
            try:
                look()  # type: ignore[no-untyped-call]
            except RedisClusterException as error:
                # Redis-py strikes out each node that failed; without this it would have none to ask in the end.
                for host in seeds:
                    node = _seed(*host)
                    manager.startup_nodes.setdefault(node.name, node)
                raise _away(error) from error

        manager.initialize = look_around  # type: ignore[method-assign]


def _seed(host: str, port: int) -> ClusterNode:
    return ClusterNode(host, port)  # type: ignore[no-untyped-call]
