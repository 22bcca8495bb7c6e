"""The one place that makes Redis clients, with time-outs and retries that fit what each client is for.

Asynchronous clients have no socket time-out, because with one redis-py sends through `asyncio.wait_for`, which before
Python 3.12 swallows a cancellation that meets the end of the send (a reader that cannot be stopped was seen).
`answering()` bounds the whole call instead.

The protocol is RESP2 parsed by hiredis: redis-py's RESP3 parser needs twice the time for a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import redis
import redis.asyncio as aredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.asyncio.sentinel import SentinelConnectionPool as AsyncSentinelPool
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from .address import sentinels_in
from .errors import BrokerUnavailable
from .settings import Settings

BROKER_ERRORS = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.BusyLoadingError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
    OSError,
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


def sync_client(settings: Settings) -> redis.Redis:
    """A blocking client for a session child: answers within `ANSWER_S`, tries once more on a stale connection."""
    once_more = Retry(NoBackoff(), 1, supported_errors=_STALE)
    options = _options(socket_timeout=ANSWER_S, retry=once_more, retry_on_error=list(_STALE))
    password, watched = settings.redis_password, sentinels_in(settings.redis_url)
    client: redis.Redis
    if watched is None:
        client = redis.Redis.from_url(settings.redis_url, password=password, **options)
    else:
        sentinel = Sentinel(watched.hosts, sentinel_kwargs=_asking())  # type: ignore[no-untyped-call]
        client = sentinel.master_for(  # type: ignore[no-untyped-call]
            watched.master,
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
    return _async_client(settings, retry=once_more, retry_on_error=list(_STALE))


def async_pubsub_client(settings: Settings) -> aredis.Redis:
    """A client for one Pub/Sub connection. Reads have no time-out: an idle tail is no error, the canary finds dead ones."""
    return _async_client(settings, retry=AsyncRetry(NoBackoff(), 0))


def _async_client(settings: Settings, **more: Any) -> aredis.Redis:
    options = _options(socket_timeout=None, **more)
    password, watched = settings.redis_password, sentinels_in(settings.redis_url)
    client: aredis.Redis
    if watched is None:
        client = aredis.Redis.from_url(settings.redis_url, password=password, **options)
    else:
        sentinel = AsyncSentinel(watched.hosts, sentinel_kwargs=_asking())  # type: ignore[no-untyped-call]
        client = sentinel.master_for(
            watched.master,
            connection_pool_class=_AsyncPool,
            db=watched.database,
            username=watched.username,
            password=watched.password or password,
            **options,
        )
    return client


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
