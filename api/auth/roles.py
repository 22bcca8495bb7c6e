"""Users, and the role that somebody has at one thing. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from gridcast.broadcaster import Channel
from gridcast.broadcaster.access import Access, ShareRef
from gridcast.broadcaster.names import LOCAL_USER

GUEST: Final = "guest"
"""Whoever is not signed in. With the id of a share behind a colon, which no user's name holds."""


class Role(IntEnum):
    """What somebody is at one session, task or operation; each may all that the ones before may."""

    NOBODY = 0
    VIEWER = 1
    CONTROLLER = 2
    OWNER = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """As the protocol says it."""
        return self.name.lower()


SHARED: Final = {"viewer": Role.VIEWER, "controller": Role.CONTROLLER}


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Somebody whom a token names."""

    name: str
    admin: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Who asks: a user until `expires` (unix seconds), somebody with a share link, both, or nobody known."""

    user: User | None = None
    expires: float | None = None
    share: ShareRef | None = None

    @property
    def name(self) -> str:
        """As others see it."""
        if self.user is not None:
            return self.user.name
        return GUEST if self.share is None else f"{GUEST}:{self.share.share_id}"

    def user_at(self, now: float) -> User | None:
        """The user, unless the token has ended."""
        return None if self.expires is not None and now >= self.expires else self.user

    def ended_at(self, now: float) -> bool:
        """Whether they were a user once, whose token has ended."""
        return self.user is not None and self.user_at(now) is None

    def role_at(self, channel: Channel, access: Access | None, *, now: float) -> Role:
        """What they are at a channel; `access` is None where there is no such channel."""
        user = self.user_at(now)
        if user is not None and user.admin:
            return Role.ADMIN
        if access is None:
            return Role.NOBODY
        if user is not None and access.owner == user.name:
            return Role.OWNER
        role = Role.VIEWER if access.visibility == "public" else Role.NOBODY
        if self.share is not None and self.share.channel == channel:
            share = access.shares.get(self.share.share_id)
            if share is not None and now < share.expires:
                role = max(role, SHARED[share.role])
        return role


LOCAL: Final = Asker(user=User(name=LOCAL_USER, admin=False))
NOBODY: Final = Asker()
