"""What a session has behind it when an attempt begins, and what was laid down for it to do.

A run is a pure function of its scenario, seed, workload, versions and the ordered list of (tick, command). So an attempt
that finds ticks done re-simulates them with the applied commands, and goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gridcast.broadcaster.commands import START
from gridcast.recordings.chunks import Chunk


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """A command and the tick before whose computation it takes effect. `by` is its author as the wire names it."""

    tick: int
    by: str
    command: str
    args: Mapping[str, Any]
    command_id: str | None = None

    def encode(self) -> bytes:
        """The record in the list of applied commands."""
        return orjson.dumps(self.record())

    def record(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "command_id": self.command_id,
            "by": self.by,
            "command": self.command,
            "args": self.args,
            "tick": self.tick,
        }

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Deed:
        return cls(
            tick=record["tick"],
            by=record["by"],
            command=record["command"],
            args=record["args"],
            command_id=record.get("command_id"),
        )


class Deeds:
    """Deeds by tick, each tick's in their order."""

    def __init__(self, deeds: Iterable[Deed] = ()) -> None:
        self._by_tick: dict[int, list[Deed]] = defaultdict(list)
        for deed in deeds:
            self._by_tick[deed.tick].append(deed)

    def at(self, tick: int) -> Sequence[Deed]:
        """What takes effect right before `tick` is computed."""
        return self._by_tick.get(tick, ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What meta and the list of applied commands say of the attempts before this one.

    `tick` ticks are in the log, and `digest` is theirs. `announced`: the schema is in the log. `answered` is the last
    command that got its answer. `script` was laid down when the session was made: a fork's past, and how it differs;
    `followed` is the last tick for which it was carried out and answered. `chunks` is what was recorded.
    """

    tick: int = 0
    digest: str | None = None
    announced: bool = False
    answered: str = START
    versions: Mapping[str, str] | None = None
    workload: str | None = None
    workload_hash: str | None = None
    started_s: float | None = None
    applied: tuple[Deed, ...] = ()
    script: tuple[Deed, ...] = ()
    followed: int = -1
    epoch: str = ""
    schema: Mapping[str, Any] | None = None
    chunks: tuple[Chunk, ...] = ()

    @classmethod
    def decode(
        cls,
        meta: Mapping[bytes, bytes],
        applied: Sequence[bytes],
        script: bytes | None,
        chunks: Sequence[bytes] = (),
    ) -> Past:
        versions = meta.get(b"versions")
        started = meta.get(b"started")
        return cls(
            tick=int(meta.get(b"tick", b"0")),
            digest=meta[b"digest"].decode() if b"digest" in meta else None,
            announced=b"schema" in meta,
            answered=meta.get(b"answered", START.encode()).decode(),
            versions=orjson.loads(versions) if versions else None,
            workload=meta[b"workload"].decode() if b"workload" in meta else None,
            workload_hash=meta[b"workload_hash"].decode() if b"workload_hash" in meta else None,
            started_s=float(started) if started else None,
            applied=tuple(Deed.of(orjson.loads(record)) for record in applied),
            script=tuple(map(Deed.of, orjson.loads(script))) if script else (),
            followed=int(meta.get(b"followed", b"-1")),
            epoch=meta.get(b"epoch", b"").decode(),
            schema=orjson.loads(meta[b"schema"]) if b"schema" in meta else None,
            chunks=tuple(map(Chunk.decode, chunks)),
        )
