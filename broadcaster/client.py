"""The one place that makes Redis clients, with time-outs and retries that fit what each client is for.

Asynchronous clients have no socket time-out, because with one redis-py sends through `asyncio.wait_for`, which before
Python 3.12 swallows a cancellation that meets the end of the send (a reader that cannot be stopped was seen).
`answering()` bounds the whole call instead.

The protocol is RESP2 parsed by hiredis: redis-py's RESP3 parser needs twice the time for a message.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar, cast

import redis
import redis.asyncio as aredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.asyncio.sentinel import SentinelConnectionPool as AsyncSentinelPool
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from .address import nodes_in, sentinels_in
from .cluster import AWAY, BlockingCluster, Cluster
from .errors import BrokerUnavailable
from .nodes import listener
from .settings import Settings

BROKER_ERRORS = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.BusyLoadingError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
    OSError,
    *AWAY,
)
"""What redis-py raises when the broker is away, starting, read-only or full, as opposed to a mistake of ours."""

StreamRows = list[tuple[bytes, dict[bytes, bytes]]]
"""Reply of XRANGE: stream ids with their fields."""

ANSWER_S = 5.0
"""A broker that has not answered a command after this time counts as away."""


_STALE = (redis.ConnectionError,)
"""What a pooled connection raises that a restarted broker has closed; every script of ours may be sent again."""


SENTINEL_S = 1.0
"""How long one sentinel is waited for before the next is asked."""


def _options(**more: Any) -> dict[str, Any]:
    return {"socket_connect_timeout": ANSWER_S, "socket_keepalive": True, "protocol": 2, **more}


def _asking() -> dict[str, Any]:
    return {"socket_connect_timeout": SENTINEL_S, "socket_timeout": SENTINEL_S, "protocol": 2}


class _Pool(SentinelConnectionPool):
    """Ends its connections to the sentinels too, which redis-py leaves open."""

    def disconnect(self, inuse_connections: bool = True) -> None:
        super().disconnect(inuse_connections)
        for sentinel in self.sentinel_manager.sentinels:
            sentinel.close()


class _AsyncPool(AsyncSentinelPool):
    """The same."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        await super().disconnect(inuse_connections)
        for sentinel in self.sentinel_manager.sentinels:
            await sentinel.aclose()


class _Broker(aredis.Redis):
    """The broker of all but the channels; it knows theirs, and ends it with itself."""

    channels: aredis.Redis

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        await self.channels.aclose()


class _BlockingBroker(redis.Redis):
    """The same."""

    channels: redis.Redis

    def close(self) -> None:
        super().close()
        self.channels.close()


_Client = TypeVar("_Client", redis.Redis, aredis.Redis)


def channels_of(broker: _Client) -> _Client:
    """The client to use for the keys of channels, of which it holds nothing else; with one broker that is `broker` itself.

    Over a cluster it has no transactions, and a script, or a command of several keys, stays with one channel.
    """
    if isinstance(broker, _Broker | _BlockingBroker):
        return broker.channels
    return broker


def sync_client(settings: Settings) -> redis.Redis:
    """A blocking client for a session child: answers within `ANSWER_S`, tries once more on a stale connection."""
    if settings.channels_url is None:
        return _sync_client(redis.Redis, settings.redis_url, settings.redis_password)
    broker = _sync_client(_BlockingBroker, settings.redis_url, settings.redis_password)
    password, nodes = settings.channels_password, nodes_in(settings.channels_url)
    if nodes is None:
        broker.channels = _sync_client(redis.Redis, settings.channels_url, password)
    else:
        broker.channels = cast("redis.Redis", BlockingCluster(nodes, password=password))
    return broker


_Blocking = TypeVar("_Blocking", bound=redis.Redis)


def _sync_client(kind: type[_Blocking], url: str, password: str | None) -> _Blocking:
    once_more = Retry(NoBackoff(), 1, supported_errors=_STALE)
    options = _options(socket_timeout=ANSWER_S, retry=once_more, retry_on_error=list(_STALE))
    watched = sentinels_in(url)
    client: _Blocking
    if watched is None:
        client = cast("_Blocking", kind.from_url(url, password=password, **options))
    else:
        sentinel = Sentinel(watched.hosts, sentinel_kwargs=_asking())  # type: ignore[no-untyped-call]
        client = sentinel.master_for(  # type: ignore[no-untyped-call]
            watched.master,
            redis_class=kind,
            connection_pool_class=_Pool,
            db=watched.database,
            username=watched.username,
            password=watched.password or password,
            **options,
        )
    return client


def async_client(settings: Settings) -> aredis.Redis:
    """A client for API and worker processes, to be used inside `answering()`; tries once more on a stale connection."""
    once_more = AsyncRetry(NoBackoff(), 1, supported_errors=_STALE)
    more: dict[str, Any] = {"retry": once_more, "retry_on_error": list(_STALE)}
    if settings.channels_url is None:
        return _async_client(aredis.Redis, settings.redis_url, settings.redis_password, **more)
    broker = _async_client(_Broker, settings.redis_url, settings.redis_password, **more)
    password, nodes = settings.channels_password, nodes_in(settings.channels_url)
    if nodes is None:
        broker.channels = _async_client(aredis.Redis, settings.channels_url, password, **more)
    else:
        broker.channels = cast("aredis.Redis", Cluster(nodes, password=password))  # type: ignore[abstract]
    return broker


def async_pubsub_client(settings: Settings) -> aredis.Redis:
    """A client for Pub/Sub connections to the channels' broker. Reads have no time-out: an idle tail is no error, the canary
    finds dead ones."""
    url, password = settings.redis_url, settings.redis_password
    if settings.channels_url is not None:
        url, password = settings.channels_url, settings.channels_password
    nodes = nodes_in(url)
    if nodes is None:
        return _async_client(aredis.Redis, url, password, retry=AsyncRetry(NoBackoff(), 0))
    return listener(nodes, _options(socket_timeout=None), password=password)


_Async = TypeVar("_Async", bound=aredis.Redis)


def _async_client(kind: type[_Async], url: str, password: str | None, **more: Any) -> _Async:
    options = _options(socket_timeout=None, **more)
    watched = sentinels_in(url)
    client: _Async
    if watched is None:
        client = kind.from_url(url, password=password, **options)
    else:
        sentinel = AsyncSentinel(watched.hosts, sentinel_kwargs=_asking())  # type: ignore[no-untyped-call]
        client = sentinel.master_for(
            watched.master,
            redis_class=kind,
            connection_pool_class=_AsyncPool,
            db=watched.database,
            username=watched.username,
            password=watched.password or password,
            **options,
        )
    return client


async def up_s(broker: aredis.Redis) -> float:
    """How long (s) that of the broker's servers runs, of its channels too, which was started last."""
    clients: dict[Any, None] = dict.fromkeys((broker, channels_of(broker)))
    return min([await _up_s(client) for client in clients])


async def _up_s(client: aredis.Redis | Cluster) -> float:
    if isinstance(client, Cluster):
        return await client.up_s()
    server = await client.info("server")
    return float(server.get("uptime_in_seconds", math.inf))


@contextmanager
def broker_errors() -> Iterator[None]:
    """Turn redis-py's errors of an absent broker into `BrokerUnavailable`."""
    try:
        yield
    except BROKER_ERRORS as error:
        raise BrokerUnavailable(f"the broker does not answer: {error}") from error


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Bound asynchronous calls of the broker to `ANSWER_S`, and turn its absence into `BrokerUnavailable`."""
    with broker_errors():
        async with asyncio.timeout(ANSWER_S):
            yield
