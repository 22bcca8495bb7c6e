"""Every string that crosses a process: Redis keys, Pub/Sub channels, queues, the environment's prefix.

All keys of one channel share one hash tag (`gridcast:{session:k3v9}:log`), so that a script may touch them together on a
cluster.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final, Literal, NewType, cast, get_args

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

BATCH_QUEUE = f"{PREFIX}:queue:batch"
SIMULATION_JOB = "simulate"

COORDINATE_QUEUE = f"{PREFIX}:queue:coordinate"
COORDINATE_JOB = "coordinate"


def turns_key(queue: str) -> str:
    """Hash of user to the turns that their next jobs of a queue get, by flow (JSON)."""
    return f"{queue}:turns"


def news_of(queue: str) -> str:
    """Pub/Sub channel: a queue has a job that may be taken now. A wake-up, which may be lost."""
    return f"{queue}:news"


UNFINISHED = f"{PREFIX}:unfinished"
"""Set of the channel names of tasks and operations that are not over, as far as anybody knows; reapers look after them."""

SIMULATIONS = f"{PREFIX}:simulations"
"""Set of the keys of simulations that somebody wants and that have no result yet; reapers look after them."""

SIMULATIONS_LIVE = f"{PREFIX}:simulations:live"
"""Pub/Sub channel: a simulation made progress or is done (JSON). A wake-up, which may be lost."""

SESSIONS = f"{PREFIX}:sessions"
"""Sorted set of all session ids, scored by creation time (unix seconds)."""

ACTIVE = f"{PREFIX}:active"
"""Set of the ids of sessions that are not over, as far as anybody knows; reapers look after them."""

FINISHED = f"{PREFIX}:finished"
"""Sorted set of the ids of sessions that are over and that the broker still knows, scored by when they ended."""

LEFTOVERS = f"{PREFIX}:leftovers"
"""Sorted set of the ids of sessions whose files somebody must look at, scored by when."""

SWEEP = f"{PREFIX}:sweep"
"""Held, with a TTL, by whoever clears old things away."""

WORKERS = f"{PREFIX}:workers"
"""Sorted set of worker ids, scored by the time (unix seconds) at which each counts as dead unless it says more."""

CANARY = f"{PREFIX}:canary"
"""Pub/Sub channels under this prefix carry each API process's canary to itself."""

AUDIT = f"{PREFIX}:audit"
"""Stream of who did what."""

IDEMPOTENCY = f"{PREFIX}:idempotency"

SHARE_KEY = f"{PREFIX}:share-key"
"""String: the key that signs share links."""

USER_PATTERN = re.compile(r"[A-Za-z0-9._@|+=~-]{1,128}")
"""Names of users: no colon, which parts the names of keys, and no braces, which are hash tags."""


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


def listing_key(kind: Kind) -> str:
    """Sorted set of the ids of all tasks or operations, scored by creation time (unix seconds)."""
    return f"{PREFIX}:{kind}s"


def owned_key(kind: Kind, user: str) -> str:
    """Sorted set of the ids of a user's sessions, tasks or operations, scored by creation time (unix seconds)."""
    return f"{PREFIX}:{kind}s:of:{user}"


def public_key(kind: Kind) -> str:
    """Sorted set of the ids of those that everybody may see, scored likewise."""
    return f"{PREFIX}:{kind}s:public"


LOCAL_USER = "local"
"""Everybody, where accounts are off; the name of nobody where they are on."""

Amount = Literal["sessions", "analyses"]
"""What users may have only so much of at once; analyses are tasks and operations."""


def open_key(what: Amount, user: str) -> str:
    """Set of the names of those of a user that are not over, as far as anybody knows; it bounds how many there are."""
    return f"{PREFIX}:open:{what}:{user}"


STARTED = f"{PREFIX}:started"
"""Set of the ids of sessions that a worker was let start and that are not over, as far as anybody knows."""


def started_key(user: str) -> str:
    """Set of those of a user; it bounds how many run at once."""
    return f"{PREFIX}:started:{user}"


RATES = f"{PREFIX}:rates"
"""Prefix of the counters of requests and commands."""


def sockets_key(who: str) -> str:
    """Hash of API process to how many sockets somebody has open there, and until when (unix ms) that is believed."""
    return f"{PREFIX}:sockets:{who}"


def ticket_key(digest: str) -> str:
    """String with a TTL: whom the ticket of this digest lets in, and where (JSON)."""
    return f"{PREFIX}:ticket:{digest}"


def study_prefix(task_id: str) -> str:
    """Prefix under which Optuna keeps a task's study."""
    return f"{PREFIX}:{{task:{task_id}}}:study"


def study_keys(task_id: str, *, entries: int = 0) -> list[str]:
    """Keys that Optuna's journal uses under that prefix, once it has so many entries: the counter of them comes first."""
    prefix = study_prefix(task_id)
    return [f"{prefix}:log_number", f"{prefix}:snapshot", *(f"{prefix}:log:{n}" for n in range(entries))]


BASELINE: Final = -1
"""Number of the experiment that changes nothing; it is no trial of its task's study."""


def experiment_id(task_id: str, number: int) -> str:
    """Id of a task's experiment."""
    return f"{task_id}-base" if number == BASELINE else f"{task_id}-{number}"


def task_of(experiment: str) -> str:
    """The task that an experiment of this id belongs to."""
    return experiment.rpartition("-")[0]


def coordinate_job_id(channel: Channel, attempt: int) -> str:
    """Id of the queue's job for one attempt at a task or an operation; never reused."""
    return f"{channel}:{attempt}"


def simulation_job_id(key: str, attempt: int) -> str:
    """Id of the batch queue's job for one attempt at a simulation; never reused."""
    return f"simulation:{key}:{attempt}"


@dataclass(frozen=True, slots=True)
class SimulationKeys:
    """Keys of one simulation without viewers; `key` is the hash of what it is."""

    key: str

    def _key(self, part: str) -> str:
        return f"{PREFIX}:{{simulation:{self.key}}}:{part}"

    @property
    def spec(self) -> str:
        """String: what is to be simulated (JSON)."""
        return self._key("spec")

    @property
    def result(self) -> str:
        """String: what came out (JSON)."""
        return self._key("result")

    @property
    def lease(self) -> str:
        """String with a TTL: the worker that computes it."""
        return self._key("lease")

    @property
    def wanted(self) -> str:
        """Set of the names of those who want it."""
        return self._key("wanted")

    @property
    def tries(self) -> str:
        """Counter of attempts that were begun."""
        return self._key("tries")

    @property
    def all(self) -> tuple[str, ...]:
        return (self.spec, self.result, self.lease, self.wanted, self.tries)


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
    def seen_before(self) -> str:
        """The same for older commands: `seen` takes its place when it is full."""
        return self._key("seen-before")

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
    def chunks(self) -> str:
        """List of what was recorded: one JSON record for each chunk, in the order in which they were finished."""
        return self._key("chunks")

    @property
    def viewers(self) -> str:
        """Sorted set of viewers, scored by the time at which each counts as gone."""
        return self._key("viewers")

    @property
    def playheads(self) -> str:
        """Hash of API process to the ticks at which its viewers look, and how often anything of that changed."""
        return self._key("playheads")

    @property
    def wheel(self) -> str:
        """Hash: who alone may steer a session, and who has asked to."""
        return self._key("wheel")

    @property
    def shares(self) -> str:
        """Hash of share id to what it allows (JSON); lives until the last of them ends."""
        return self._key("shares")

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that must vanish when the channel is deleted."""
        return (
            self.meta,
            self.log,
            self.lease,
            self.commands,
            self.seen,
            self.seen_before,
            self.applied,
            self.script,
            self.chunks,
            self.viewers,
            self.playheads,
            self.wheel,
            self.shares,
        )

    @property
    def lasting(self) -> tuple[str, ...]:
        """Of those the keys that are needed for as long as the recording is kept."""
        return (self.meta, self.log, self.applied, self.script, self.chunks, self.shares)
