"""Who the present request comes from, and what they are at what it is about.

The gate binds it to the context, so whatever the request causes knows its author. Without accounts everybody is the same
local user, who owns everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from gridcast.broadcaster.access import Visibility
from gridcast.broadcaster.names import Kind, owned_key, public_key

from .auth.roles import LOCAL, Role
from .auth.visits import Visit

_PRESENT: Final[ContextVar[Visit]] = ContextVar("gridcast.visit")


@contextmanager
def visiting(visit: Visit) -> Iterator[None]:
    """Make this the present request."""
    before = _PRESENT.set(visit)
    try:
        yield
    finally:
        _PRESENT.reset(before)


def present() -> Visit:
    """The present request or socket, as the gate let it in; its role may change while it lasts."""
    return _PRESENT.get()


def present_user() -> str:
    """The name of who asks."""
    return _PRESENT.get().asker.name


def present_role() -> str:
    """What they are now at what they look at, in the protocol's word."""
    return _PRESENT.get().role.word


def may_steer() -> bool:
    """Whether they may send commands now."""
    return _PRESENT.get().role >= Role.CONTROLLER


def counted() -> str:
    """In whose name the present request or socket is counted."""
    return _PRESENT.get().counted


def lists_of(kind: Kind) -> tuple[str, ...] | None:
    """The lists (keys of sorted sets) in one of which everything stands that they may see; None: all."""
    asker = present().asker
    if asker is LOCAL or (asker.user is not None and asker.user.admin):
        return None
    return (public_key(kind), *([owned_key(kind, asker.user.name)] if asker.user is not None else []))


def may_see(owner: str | None, visibility: Visibility) -> bool:
    """Whether an item of a list is one that they may see: a list may name what was made private since."""
    asker = present().asker
    if asker is LOCAL or visibility == "public":
        return True
    return asker.user is not None and (asker.user.admin or asker.user.name == owner)


def may_rule() -> bool:
    """Whether what they look at is theirs, or they are an admin."""
    return _PRESENT.get().role >= Role.OWNER


def author(user: str) -> str:
    """How a user stands in the `by` of a command entry."""
    return f"user:{user}"
