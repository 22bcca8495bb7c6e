"""Every way in which a request can fail, and the one table that turns errors into HTTP statuses and close codes.

Errors go out as problem documents (RFC 9457). What is not in the table is a mistake of ours: the client learns that
much, the log gets the traceback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gridcast.broadcaster import BrokerUnavailable, Fenced, LeaseHeld, NoChannel
from gridcast.broadcaster.errors import (
    ChannelEnded,
    ChannelError,
    CommandIdReused,
    TooManyCommands,
    TooManyShares,
    WheelHeld,
)
from gridcast.broadcaster.origin import request_id
from gridcast.scenarios import ScenarioError

PROBLEM_TYPE: Final = "application/problem+json"
RETRY_S: Final = 2
"""What `Retry-After` says while the broker is away: it is back within seconds or not at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One way to fail: `slug` ends the problem's type URI, `close_code` is what a WebSocket is refused with."""

    slug: str
    status: int
    title: str
    close_code: int = 1008


INVALID: Final = Kind(slug="invalid", status=422, title="The request is not valid")
NOT_FOUND: Final = Kind(slug="not-found", status=404, title="There is no such thing", close_code=4404)
FOREIGN_ORIGIN: Final = Kind(
    slug="foreign-origin", status=403, title="Pages of this origin may not do this", close_code=4403
)
MISDIRECTED: Final = Kind(
    slug="misdirected", status=421, title="This service has another name", close_code=4403
)
PACKED: Final = Kind(slug="packed", status=415, title="The body must not be packed")
UNAUTHENTICATED: Final = Kind(
    slug="unauthenticated", status=401, title="Nobody is signed in", close_code=4401
)
FORBIDDEN: Final = Kind(slug="forbidden", status=403, title="You may not do this", close_code=4403)
TOO_MANY_SHARES: Final = Kind(slug="too-many-shares", status=409, title="There are too many share links")
TOO_LARGE: Final = Kind(slug="too-large", status=413, title="The body is too large", close_code=1009)
ENDED: Final = Kind(slug="ended", status=409, title="The session has ended")
RATE_LIMITED: Final = Kind(
    slug="rate-limited", status=429, title="Too much in too little time", close_code=4429
)
TOO_MANY: Final = Kind(slug="too-many", status=429, title="There are too many of these", close_code=4429)
WHEEL_HELD: Final = Kind(slug="wheel-held", status=409, title="Somebody else has the wheel")
NOT_ASKED: Final = Kind(slug="not-asked", status=409, title="They have not asked for the wheel")
REJECTED: Final = Kind(slug="rejected", status=409, title="The session rejected the command")
ID_REUSED: Final = Kind(slug="id-reused", status=409, title="This id was used before with another body")
GONE: Final = Kind(slug="gone", status=409, title="What this key created is gone")
BUSY: Final = Kind(slug="busy", status=409, title="Somebody else is changing this session")
TASK_STATE: Final = Kind(slug="task-state", status=409, title="The task is not in a state for this")
OPERATION_STATE: Final = Kind(
    slug="operation-state", status=409, title="The operation is not in a state for this"
)
NOT_VERIFIABLE: Final = Kind(slug="not-verifiable", status=409, title="There is nothing to verify")
NO_TICKS: Final = Kind(slug="no-ticks", status=409, title="The session has no ticks yet")
TICKS_GONE: Final = Kind(slug="ticks-gone", status=410, title="Some of these ticks are not there any more")
UNAVAILABLE: Final = Kind(slug="unavailable", status=503, title="The broker does not answer", close_code=1013)
NOT_READY: Final = Kind(slug="not-ready", status=503, title="This service cannot serve now", close_code=1013)
CLOSING: Final = Kind(slug="closing", status=503, title="This process is going away", close_code=1012)
INTERNAL: Final = Kind(slug="internal", status=500, title="Something went wrong on our side", close_code=1011)

Problem = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field: where it stands, and what is allowed there."""

    loc: tuple[str | int, ...]
    msg: str


class Failure(Exception):
    """A request that cannot be served, in words for the person who made it."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """`facts`: members of the problem document for programs, beside those that all have."""
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.facts = dict(facts or {})


def invalid(faults: Sequence[Fault]) -> Failure:
    """A 422 that names each wrong field."""
    named = "; ".join(f"{'.'.join(map(str, f.loc))}: {f.msg}" if f.loc else f.msg for f in faults[:3])
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return Failure(INVALID, named + more, errors=faults)


def problem(kind: Kind, detail: str, errors: Sequence[Fault] = ()) -> Problem:
    """The problem document."""
    document: Problem = {
        "type": f"urn:gridcast:problem:{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
    }
    if (request := request_id()) is not None:
        document["instance"] = f"urn:gridcast:request:{request}"
    if errors:
        document["errors"] = [{"loc": list(fault.loc), "msg": fault.msg} for fault in errors]
    return document


def encode(failure: Failure) -> bytes:
    return orjson.dumps({**problem(failure.kind, failure.detail, failure.errors), **failure.facts})


def held_by(holder: str) -> str:
    """What somebody is told whose command is refused."""
    return f"{holder} has the wheel and alone steers this session; ask for it, or wait until it is let go"


def _thing(error: ChannelError) -> str:
    return error.channel.replace(":", " ", 1)


def as_failure(error: Exception) -> Failure | None:
    """The failure that an error means to a client; `None` for what is no failure of a request but a mistake of ours."""
    match error:
        case Failure():
            return error
        case NoChannel():
            return Failure(NOT_FOUND, f"there is no {_thing(error)}; it was never created, or it was deleted")
        case BrokerUnavailable():
            return Failure(
                UNAVAILABLE,
                "the broker does not answer; nothing is lost, try again in a moment",
                headers={"Retry-After": str(RETRY_S)},
            )
        case ChannelEnded():
            return Failure(ENDED, f"{_thing(error)} has ended and takes no more commands")
        case CommandIdReused():
            return Failure(
                ID_REUSED,
                f"the command id {error.command_id!r} was used before with another body; take a new id",
            )
        case TooManyCommands():
            return Failure(
                RATE_LIMITED,
                f"too many commands to {_thing(error)} wait for their answers; wait for some of them",
                headers={"Retry-After": str(RETRY_S)},
            )
        case WheelHeld():
            return Failure(WHEEL_HELD, held_by(error.holder))
        case TooManyShares():
            return Failure(
                TOO_MANY_SHARES,
                f"{_thing(error)} has as many share links as it may have; withdraw some, or let them end",
            )
        case LeaseHeld() | Fenced():
            return Failure(BUSY, f"{_thing(error)} has just been taken over; look at it and try again")
        case ScenarioError():
            return invalid([Fault(tuple(e.loc), e.msg) for e in error.errors])
        case _:
            return None
