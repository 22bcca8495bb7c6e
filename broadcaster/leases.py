"""Leases with fencing tokens: who may write to a channel now.

A lease lapses when it is not renewed; its token stays in the channel's meta and only ever grows, so whoever took over
is told apart from whoever froze and woke up again: the publish script refuses all tokens but the newest.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from . import scripts
from .client import answering, broker_errors
from .errors import LeaseHeld, LeaseLost, NoChannel
from .names import Channel, Token

_LOOK_AGAIN_S: Final = 0.05


def _ms(ttl_s: float) -> int:
    return max(1, round(ttl_s * 1000))


def _acquired(channel: Channel, reply: list[bytes | int]) -> Token:
    if reply[0] == b"NOCHANNEL":
        raise NoChannel(str(channel))
    if reply[0] == b"HELD":
        owner = reply[1].decode().partition(":")[2] if isinstance(reply[1], bytes) else "?"
        raise LeaseHeld(str(channel), owner)
    return Token(int(reply[1]))


def _renewed(channel: Channel, reply: bytes, token: int) -> None:
    if reply == b"NOCHANNEL":
        raise NoChannel(str(channel))
    if reply == b"LOST":
        raise LeaseLost(str(channel), token)


class AsyncLeases:
    """Leases for worker and API processes. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: AsyncRedis, *, owner: str, ttl_s: float) -> None:
        self._owner = owner
        self._ttl_ms = _ms(ttl_s)
        self._acquire = redis.register_script(scripts.ACQUIRE)
        self._renew = redis.register_script(scripts.RENEW)
        self._release = redis.register_script(scripts.RELEASE)

    async def acquire(self, channel: Channel, *, patience_s: float = 0.0) -> Token:
        """Take the lease; the token is greater than every token of this channel before.

        Args:
            patience_s: How long to wait for another holder to let go. Who has just written the last entry of a
                channel still clears its table, and holds the lease for that moment.

        Raises:
            NoChannel, LeaseHeld
        """
        until = time.monotonic() + patience_s
        while True:
            try:
                return await self._acquired(channel)
            except LeaseHeld:
                if time.monotonic() >= until:
                    raise
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _acquired(self, channel: Channel) -> Token:
        async with answering():
            reply = await self._acquire(keys=[channel.meta, channel.lease], args=[self._owner, self._ttl_ms])
        return _acquired(channel, reply)

    async def renew(self, channel: Channel, token: int) -> None:
        """Prolong the lease, also one that lapsed while nobody else took it.

        Raises:
            NoChannel, LeaseLost
        """
        async with answering():
            reply = await self._renew(
                keys=[channel.meta, channel.lease], args=[self._owner, self._ttl_ms, token]
            )
        _renewed(channel, reply, token)

    async def release(self, channel: Channel, token: int) -> None:
        """Give the lease up, so that the next one need not wait for it to lapse."""
        async with answering():
            await self._release(keys=[channel.lease], args=[self._owner, token])


class Leases:
    """The same for a session child, blocking; `owner` must be the one who acquired."""

    def __init__(self, redis: Redis, *, owner: str, ttl_s: float) -> None:
        self._owner = owner
        self._ttl_ms = _ms(ttl_s)
        self._acquire = redis.register_script(scripts.ACQUIRE)
        self._renew = redis.register_script(scripts.RENEW)
        self._release = redis.register_script(scripts.RELEASE)

    def acquire(self, channel: Channel) -> Token:
        """See `AsyncLeases.acquire`."""
        with broker_errors():
            reply = self._acquire(keys=[channel.meta, channel.lease], args=[self._owner, self._ttl_ms])
        return _acquired(channel, reply)

    def renew(self, channel: Channel, token: int) -> None:
        """See `AsyncLeases.renew`."""
        with broker_errors():
            reply = self._renew(keys=[channel.meta, channel.lease], args=[self._owner, self._ttl_ms, token])
        _renewed(channel, reply, token)

    def release(self, channel: Channel, token: int) -> None:
        """See `AsyncLeases.release`."""
        with broker_errors():
            self._release(keys=[channel.lease], args=[self._owner, token])
