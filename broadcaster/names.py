"""Every string that crosses a process: Redis keys, Pub/Sub channels, queues, the environment's prefix.

All keys of one channel share one hash tag (`gridcast:{session:k3v9}:log`), so that a script may touch them together on a
cluster.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Literal, NewType, cast, get_args

PREFIX = "gridcast"
ENV_PREFIX = "GRIDCAST_"

Kind = Literal["session", "task", "experiment", "operation"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

SessionId = NewType("SessionId", str)
Token = NewType("Token", int)
Epoch = NewType("Epoch", str)

SESSION_QUEUE = f"{PREFIX}:queue:sessions"
SESSION_JOB = "run_session"

SESSIONS = f"{PREFIX}:sessions"
"""Sorted set of all session ids, scored by creation time (unix seconds)."""

ACTIVE = f"{PREFIX}:active"
"""Set of the ids of sessions that are not over, as far as anybody knows; reapers look after them."""

WORKERS = f"{PREFIX}:workers"
"""Sorted set of worker ids, scored by the time (unix seconds) at which each counts as dead unless it says more."""

CANARY = f"{PREFIX}:canary"
"""Pub/Sub channels under this prefix carry each API process's canary to itself."""

IDEMPOTENCY = f"{PREFIX}:idempotency"


def new_id(size: int = 10) -> str:
    """A random id for a session, task, ...: lower-case letters and digits without look-alikes."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "".join(secrets.choice(alphabet) for _ in range(size))


def worker_key(worker_id: str) -> str:
    """Key of a worker's heartbeat (a JSON document with a TTL)."""
    return f"{PREFIX}:worker:{worker_id}"


def idempotency_key(user: str, key: str) -> str:
    """Key under which the answer to a create request with this Idempotency-Key is remembered."""
    return f"{IDEMPOTENCY}:{user}:{key}"


def canary_channel(process_id: str) -> str:
    """Pub/Sub channel on which a process hears itself."""
    return f"{CANARY}:{process_id}"


def job_id(session_id: str, attempt: int) -> str:
    """Id of the queue's job for one attempt at a session; never reused."""
    return f"{session_id}:{attempt}"


@dataclass(frozen=True, slots=True)
class Channel:
    """The name of a channel and of each key that belongs to it."""

    kind: Kind
    id: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"channel kind {self.kind!r} is none of {', '.join(KINDS)}")
        if not ID_PATTERN.fullmatch(self.id):
            raise ValueError(f"channel id {self.id!r} may hold lower-case letters, digits and hyphens only")

    @classmethod
    def session(cls, session_id: str) -> Channel:
        return cls("session", session_id)

    @classmethod
    def parse(cls, text: str) -> Channel:
        """Inverse of `str(channel)`.

        Raises:
            ValueError: `text` is no channel name.
        """
        kind, _, ident = text.partition(":")
        return cls(cast("Kind", kind), ident)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    def _key(self, part: str) -> str:
        return f"{PREFIX}:{{{self}}}:{part}"

    @property
    def log(self) -> str:
        """Stream of entries; the id of entry n is `n-0`."""
        return self._key("log")

    @property
    def live(self) -> str:
        """Pub/Sub channel that carries the bytes of each new entry."""
        return self._key("live")

    @property
    def meta(self) -> str:
        """Hash of what is known about the channel now."""
        return self._key("meta")

    @property
    def lease(self) -> str:
        """String `token:owner` with a TTL, held by the one writer."""
        return self._key("lease")

    @property
    def commands(self) -> str:
        """Stream of commands, in the order in which Redis took them."""
        return self._key("commands")

    @property
    def seen(self) -> str:
        """Hash of command id to a digest of the command's body."""
        return self._key("seen")

    @property
    def control(self) -> str:
        """Pub/Sub channel that wakes the writer when a command was stored."""
        return self._key("control")

    @property
    def applied(self) -> str:
        """List of the commands that took effect, with their ticks."""
        return self._key("applied")

    @property
    def script(self) -> str:
        """String: the commands that were laid down for a session when it was made (JSON list)."""
        return self._key("script")

    @property
    def viewers(self) -> str:
        """Sorted set of viewers, scored by the time at which each counts as gone."""
        return self._key("viewers")

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that must vanish when the channel is deleted."""
        return (
            self.meta,
            self.log,
            self.lease,
            self.commands,
            self.seen,
            self.applied,
            self.script,
            self.viewers,
        )
