"""What the worker tells its fork server to start, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any, Literal

import orjson

from gridcast.broadcaster.origin import Origin
from gridcast.broadcaster.workers import RecordingState

Kind = Literal["session", "simulation"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One attempt at a session: a child shall host it as the holder of the lease that `owner` took with `token`. Or at a
    simulation without viewers, named by its key, which knows no tokens.

    `record` is the session's record in its channel's meta, or the simulation's spec: what was asked for, all defaults
    filled in. `origin`: the request that asked for it.
    """

    kind: Kind
    id: str
    attempt: int
    token: int
    owner: str
    record: Mapping[str, Any]
    origin: Origin = field(default_factory=dict)

    def encode(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, raw: bytes) -> Order:
        return cls(**orjson.loads(raw))


class Exit(IntEnum):
    """How a child ended, as its exit code; every other code, and every signal, is a crash."""

    DONE = 0
    """It brought the session to its last status."""
    LOST = 10
    """The session is not its own any more, it was taken over: it wrote nothing, and there is nothing to do."""
    DRAINED = 11
    """It was told to end: everything up to a tick boundary is published, the session is not over."""
    CONFLICT = 12
    """The log in the broker is not where this child left it."""
    CRASHED = 13
    """An error of our own that it could not tell the session's viewers itself."""
    DELETED = 14
    """There is no such session any more: it wrote nothing, and there is nothing to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a child tells now and then: its progress (`done`: the share of all, told by simulations), how far it is behind
    its pace, its last words if it fails, whether what it computes is recorded. Then what it has counted since it began:
    ticks published, its calls of the broker (as a `Histogram` holds them), when the parts of its start began and ended."""

    pid: int
    tick: int
    lag_s: float
    last_words: str | None = None
    recording: RecordingState = "off"
    done: float = 0.0
    ticks: int = 0
    publish_counts: Sequence[int] = ()
    publish_sum_s: float = 0.0
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def encode(self) -> bytes:
        """One line, short enough to be written to a pipe in one piece."""
        words = None if self.last_words is None else self.last_words[:1000]
        line = {
            "pid": self.pid,
            "tick": self.tick,
            "lag_s": round(self.lag_s, 3),
            "last_words": words,
            "recording": self.recording,
            "done": round(self.done, 4),
            "ticks": self.ticks,
            "publish_counts": list(self.publish_counts),
            "publish_sum_s": round(self.publish_sum_s, 6),
            "marks": dict(self.marks),
        }
        return orjson.dumps(line) + b"\n"

    @classmethod
    def decode(cls, raw: bytes) -> Report:
        return cls(**orjson.loads(raw))
