"""What the gate works with: who may be asked whom a token names, what is remembered, and who is here now."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from redis.asyncio import Redis

from gridcast.api.failures import UNAUTHENTICATED, Failure
from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.access import Access, AccessBook, ShareRef
from gridcast.broadcaster.errors import BadSettings

from .jwks import KeySet
from .rights import Need
from .roles import Asker, Role, User
from .tokens import HOW, OURS, BadToken, Key, SecretKey, Verifier, secret_of
from .visits import Accesses, Warden, judge

OFF = frozenset({"off", "off-trusted-network"})


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The part of the services that knows users. `verifier` is None where accounts are off."""

    verifier: Verifier | None
    key: Key | None
    book: AccessBook
    accesses: Accesses
    warden: Warden

    @property
    def on(self) -> bool:
        return self.verifier is not None

    def keepers(self) -> list[Coroutine[Any, Any, NoReturn]]:
        """What must run for as long as the service does."""
        if not self.on:
            return []
        return [self.warden.run(), *([self.key.run()] if isinstance(self.key, KeySet) else [])]

    async def asker(
        self, *, token: str | None, share: str | None, ticket: str | None = None, path: str = ""
    ) -> Asker:
        """Who shows these. A ticket stands for what was shown when it was issued, for one `path`.

        Raises:
            Failure: something of it is not valid (any more).
            BrokerUnavailable: a share or a ticket cannot be looked at now.
        """
        if ticket is not None:
            held = await self.book.use_ticket(ticket)
            if held is None or held["path"] != path:
                detail = "this ticket was used already, is too old, or is for another path; ask for a new one"
                raise unauthenticated(detail)
            return await self._asker_of(held)
        user, expires = None, None
        if token is not None and self.verifier is not None:
            try:
                verified = self.verifier.verify(token)
            except BadToken as error:
                raise unauthenticated(str(error)) from None
            user, expires = verified.user, verified.expires
        return Asker(user=user, expires=expires, share=await self._share(share))

    async def ticket(self, asker: Asker, share: str | None, path: str) -> str:
        """A ticket that makes whoever holds it this asker, once, at `path`. Raises `BrokerUnavailable`."""
        user = asker.user
        return await self.book.issue_ticket(
            {
                "path": path,
                "user": None if user is None else user.name,
                "admin": user is not None and user.admin,
                "expires": asker.expires,
                "share": share,
            }
        )

    async def _asker_of(self, held: Mapping[str, Any]) -> Asker:
        name = held["user"]
        user = None if name is None else User(name=name, admin=bool(held["admin"]))
        return Asker(user=user, expires=held["expires"], share=await self._share(held["share"]))

    async def _share(self, secret: str | None) -> ShareRef | None:
        if secret is None:
            return None
        ref = await self.book.known(secret)
        if ref is None:
            raise unauthenticated("this is no share link of ours; is all of it there?")
        return ref

    async def judged(self, asker: Asker, need: Need, channels: Sequence[Channel]) -> Role:
        """What they are there. Granted by what is remembered, refused only by what is true now.

        Raises:
            Failure: it is not enough.
            BrokerUnavailable
        """
        now = time.time()
        known = {channel: self.accesses.remembered(channel) for channel in channels}
        role, failure = judge(asker, need, channels, known.get, now=now)
        if failure is not None and channels:
            fresh = dict(zip(channels, await self.accesses.read(channels), strict=True))
            role, failure = judge(asker, need, channels, fresh.get, now=now)
        if failure is not None:
            raise failure
        return role

    async def access(self, channel: Channel) -> Access | None:
        """What is true now of a channel. Raises `BrokerUnavailable`."""
        [found] = await self.accesses.read([channel])
        return found

    def taken_back(self, channel: Channel) -> None:
        """Somebody may see less of a channel from now on: look at once who is here."""
        self.accesses.forget(channel)
        self.warden.hurry()


def unauthenticated(detail: str) -> Failure:
    return Failure(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


async def open_accounts(settings: Settings, redis: Redis) -> Accounts:
    """Whatever the settings say. Waits a moment for somebody else's keys, where those are named.

    Raises:
        BadSettings: they do not go together.
    """
    key = key_of(settings)
    book = AccessBook(redis)
    accesses = Accesses(book)
    if isinstance(key, KeySet):
        await key.fetch()
    return Accounts(
        verifier=None if key is None else verifier_of(settings, key),
        key=key,
        book=book,
        accesses=accesses,
        warden=Warden(accesses),
    )


def key_of(settings: Settings) -> Key | None:
    """What verifies tokens; None where accounts are off.

    Raises:
        BadSettings: too much is named, or too little.
    """
    if settings.auth in OFF:
        return None
    secret, url = secret_of(settings), settings.auth_jwks_url
    if (secret is None) == (not url):
        found = "neither is" if secret is None else "both are"
        raise BadSettings(
            f"GRIDCAST_AUTH=jwt needs a secret or GRIDCAST_AUTH_JWKS_URL, and {found} there; {HOW}"
        )
    if secret is not None:
        return SecretKey(secret)
    if not settings.auth_issuer or not settings.auth_audience:
        raise BadSettings("GRIDCAST_AUTH_JWKS_URL needs GRIDCAST_AUTH_ISSUER and GRIDCAST_AUTH_AUDIENCE too")
    place = urlsplit(url or "")
    if place.hostname is None or (
        place.scheme != "https" and not (place.scheme == "http" and is_loopback(place.hostname))
    ):
        raise BadSettings("GRIDCAST_AUTH_JWKS_URL: must be an https:// address")
    return KeySet(url or "")


def verifier_of(settings: Settings, key: Key) -> Verifier:
    return Verifier(
        key,
        issuer=settings.auth_issuer or OURS,
        audience=settings.auth_audience or OURS,
        admins=settings.auth_admins,
        own=isinstance(key, SecretKey),
        leeway_s=settings.auth_leeway_s,
    )


def check(settings: Settings, host: str) -> None:
    """Whether this service may listen on `host`.

    Raises:
        BadSettings: the settings do not go together; or everybody could do everything there.
    """
    key_of(settings)
    if settings.auth == "off" and not is_loopback(host):
        raise BadSettings(
            f"{host} is reached by others, who could do everything, because accounts are off. Switch them on with "
            "GRIDCAST_AUTH=jwt and a secret (`gridcast token create` then makes tokens; docs/accounts.md); "
            "or listen on 127.0.0.1; or say GRIDCAST_AUTH=off-trusted-network where the network keeps strangers out"
        )


def is_loopback(host: str) -> bool:
    """Whether an address, or all that a name stands for, is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(row[4][0]).is_loopback for row in found)
