"""Listening to a Redis Cluster: at any one of its nodes, as each PUBLISH is handed on to all of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import redis
import redis.asyncio as aredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from .address import Nodes

Host = tuple[str, int]


class Rota:
    """The nodes that are known, one after the other; processes begin at different ones."""

    def __init__(self, seeds: Sequence[Host]) -> None:
        self._seeds = tuple(seeds)
        self._hosts = random.sample(self._seeds, len(self._seeds))
        self._at = -1

    def next(self) -> Host:
        """Where to connect now: not where one connected before, if there is another."""
        self._at += 1
        return self._hosts[self._at % len(self._hosts)]

    def learn(self, slots: Any, *, host: str) -> None:
        """Take the reply of the node at `host` to CLUSTER SLOTS, so that a cluster may outlive its address."""
        named = {
            (_text(node[0]) or host, int(node[1]))
            for row in slots
            for node in row[2:]
            if _text(node[0]) != "?"
        }
        here = self._hosts[self._at % len(self._hosts)]
        kept = [known for known in self._hosts if known in named or known in self._seeds]
        self._hosts = [*kept, *sorted(named.difference(kept))]
        self._at = self._hosts.index(here) if here in self._hosts else self._at


def _text(raw: Any) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw or "")


class _Listening(aredis.Connection):
    def __init__(self, *, rota: Rota, **options: Any) -> None:
        super().__init__(**options)
        self._rota = rota

    async def _connect(self) -> None:
        self.host, self.port = self._rota.next()
        await super()._connect()  # type: ignore[no-untyped-call]

    async def on_connect(self) -> None:
        await super().on_connect()
        await self.send_command("CLUSTER", "SLOTS")
        try:
            self._rota.learn(await self.read_response(), host=self.host)
        except redis.ResponseError as error:
            raise redis.ConnectionError(
                f"{self.host}:{self.port} is no node of a cluster: {error}"
            ) from error


class _BlockingListening(redis.Connection):
    def __init__(self, *, rota: Rota, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._rota = rota

    def _connect(self) -> Any:
        self.host, self.port = self._rota.next()
        return super()._connect()  # type: ignore[no-untyped-call]

    def on_connect(self) -> None:
        super().on_connect()  # type: ignore[no-untyped-call]
        self.send_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
        try:
            self._rota.learn(self.read_response(), host=self.host)  # type: ignore[no-untyped-call]
        except redis.ResponseError as error:
            raise redis.ConnectionError(
                f"{self.host}:{self.port} is no node of a cluster: {error}"
            ) from error


def listener(nodes: Nodes, options: dict[str, Any], *, password: str | None) -> aredis.Redis:
    """A client for Pub/Sub alone; each connection goes to the next node."""
    pool = aredis.ConnectionPool(
        connection_class=_Listening,
        rota=Rota(nodes.hosts),
        username=nodes.username,
        password=nodes.password or password,
        retry=AsyncRetry(NoBackoff(), 0),
        **options,
    )
    return aredis.Redis.from_pool(pool)


def blocking_listener(nodes: Nodes, options: dict[str, Any], *, password: str | None) -> redis.Redis:
    """The same for a session child."""
    pool = redis.ConnectionPool(
        connection_class=_BlockingListening,
        rota=Rota(nodes.hosts),
        username=nodes.username,
        password=nodes.password or password,
        retry=Retry(NoBackoff(), 0),
        **options,
    )
    return redis.Redis.from_pool(pool)
