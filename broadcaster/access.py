"""Who may see a channel: its owner, its visibility and its share links, as the broker keeps them; and tickets.

Nothing is decided here. The signature of a share keeps guesses away from the broker; whether it still holds is looked up,
so that it can be withdrawn.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import orjson
from redis.asyncio import Redis

from . import scripts
from .client import answering, channels_of
from .errors import NoChannel, TooManyShares
from .names import SHARE_KEY, Channel, new_id, public_key, ticket_key

Visibility = Literal["private", "public"]
ShareRole = Literal["viewer", "controller"]

MAX_SHARES: Final = 100
"""Of one channel: all of them are read to judge a request."""

TICKET_S: Final = 30
"""A page opens its socket at once."""

KEY_S: Final = 60
"""How long the signing key is believed: a broker that was flushed gets another one."""

_SIGNATURE_BYTES: Final = 16
_SHARE = re.compile(r"([a-z]+)\.([a-z0-9-]{1,64})\.([a-z0-9]{10})\.([A-Za-z0-9_-]{22})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """One share link; times in unix seconds."""

    id: str
    role: ShareRole
    expires: float
    created: float
    by: str
    note: str | None = None

    def encode(self) -> bytes:
        return orjson.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def decode(cls, raw: bytes) -> Share:
        return cls(**orjson.loads(raw))


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What decides who may do what with a channel. `owner` is None for what was made before owners were kept."""

    owner: str | None
    visibility: Visibility
    shares: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class ShareRef:
    """Which share a link names."""

    channel: Channel
    share_id: str


def meta_of(owner: str | None, visibility: Visibility) -> dict[str, bytes]:
    """The fields of a channel's meta that say who may see it."""
    return {"owner": orjson.dumps(owner), "visibility": orjson.dumps(visibility)}


class AccessBook:
    """Reads and changes who may see what. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._channeled = channels_of(redis)
        self._show_to = self._channeled.register_script(scripts.SHOW_TO)
        self._share = self._channeled.register_script(scripts.SHARE)
        self._key = b""
        self._key_until = 0.0

    async def read(self, channels: Sequence[Channel]) -> list[Access | None]:
        """One answer per channel, in one round trip; None where there is no such channel."""
        if not channels:
            return []
        async with answering():
            pipe = self._channeled.pipeline(transaction=False)
            for channel in channels:
                pipe.hmget(channel.meta, ["epoch", "owner", "visibility"])
                pipe.hgetall(channel.shares)
            rows: list[Any] = await pipe.execute()
        return [_access(meta, shares) for meta, shares in zip(rows[0::2], rows[1::2], strict=True)]

    async def show_to(self, channel: Channel, visibility: Visibility, *, created: float) -> None:
        """Say who may see it.

        Raises:
            NoChannel
        """
        listing = public_key(channel.kind)
        # The list may name one that is private by now, as every item is judged; a public one must not be missing in it.
        async with answering():
            if visibility == "public":
                await self._redis.zadd(listing, {channel.id: created})
            there = await self._show_to(keys=[channel.meta], args=[orjson.dumps(visibility)])
            if visibility == "private" or not there:
                await self._redis.zrem(listing, channel.id)
        if not there:
            raise NoChannel(str(channel))

    async def share(
        self, channel: Channel, *, role: ShareRole, expires: float, by: str, note: str | None
    ) -> tuple[Share, str]:
        """Make a share; answers with it and with the secret that a link carries, which is kept nowhere.

        Raises:
            NoChannel
            TooManyShares
        """
        share = Share(id=new_id(), role=role, expires=expires, created=time.time(), by=by, note=note)
        await self._sweep(channel)
        async with answering():
            word = await self._share(
                keys=[channel.meta, channel.shares],
                args=[share.id, share.encode(), int(1000 * expires) + 1000, MAX_SHARES],
            )
        if word == b"NOCHANNEL":
            raise NoChannel(str(channel))
        if word == b"FULL":
            raise TooManyShares(str(channel))
        return share, _written(channel, share.id, await self._signing_key())

    async def withdraw(self, channel: Channel, share_id: str) -> bool:
        """End a share; false if there is none of this id."""
        async with answering():
            return bool(await cast("Awaitable[int]", self._channeled.hdel(channel.shares, share_id)))

    async def known(self, secret: str) -> ShareRef | None:
        """Which share a link's secret names; None if we never made it."""
        found = _SHARE.fullmatch(secret)
        if found is None:
            return None
        kind, ident, share_id, _ = found.groups()
        try:
            channel = Channel.parse(f"{kind}:{ident}")
        except ValueError:
            return None
        genuine = _written(channel, share_id, await self._signing_key())
        return ShareRef(channel, share_id) if hmac.compare_digest(genuine, secret) else None

    async def issue_ticket(self, content: Mapping[str, Any]) -> str:
        """A ticket that gives `content` back once, within `TICKET_S`."""
        ticket = secrets.token_urlsafe(24)
        async with answering():
            await self._redis.set(ticket_key(_digest(ticket)), orjson.dumps(content), ex=TICKET_S)
        return ticket

    async def use_ticket(self, ticket: str) -> dict[str, Any] | None:
        """What a ticket holds, to the first who asks; None to everybody else."""
        async with answering():
            raw = await self._redis.getdel(ticket_key(_digest(ticket)))
        return None if raw is None else cast("dict[str, Any]", orjson.loads(raw))

    async def _sweep(self, channel: Channel) -> None:
        """Take off the shares that have ended."""
        [access] = await self.read([channel])
        ended = [] if access is None else [s.id for s in access.shares.values() if s.expires <= time.time()]
        if ended:
            async with answering():
                await cast("Awaitable[int]", self._channeled.hdel(channel.shares, *ended))

    async def _signing_key(self) -> bytes:
        if time.monotonic() > self._key_until:
            async with answering():
                fresh = secrets.token_bytes(32)
                known = await self._redis.set(SHARE_KEY, fresh, nx=True, get=True)
            self._key = fresh if known is None else cast("bytes", known)
            self._key_until = time.monotonic() + KEY_S
        return self._key


def _access(meta: Sequence[bytes | None], shares: Mapping[bytes, bytes]) -> Access | None:
    epoch, owner, visibility = meta
    if epoch is None:
        return None
    found = map(Share.decode, shares.values())
    return Access(
        owner=None if owner is None else orjson.loads(owner),
        visibility="public" if visibility == b'"public"' else "private",
        shares={share.id: share for share in found},
    )


def _written(channel: Channel, share_id: str, key: bytes) -> str:
    """`KIND.ID.SHARE.SIGNATURE`: short enough for a link, without anything that a URL would escape."""
    named = f"{channel.kind}.{channel.id}.{share_id}"
    digest = hmac.new(key, named.encode(), hashlib.sha256).digest()[:_SIGNATURE_BYTES]
    return f"{named}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
