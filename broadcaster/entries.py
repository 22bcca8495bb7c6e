"""Entries as readers see them: the offset and the very bytes that the writer sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from .names import Epoch

_PREFIX = b'{"offset":'


class Entry:
    """One entry of a channel's log.

    `data` is the JSON text as it stands in the broker, shared by all viewers of a process and never parsed for them.
    `frame` is for whoever encodes entries, so that it is done once: what it made of this one.
    """

    __slots__ = ("data", "frame", "offset")

    def __init__(self, offset: int, data: bytes) -> None:
        self.offset = offset
        self.data = data
        self.frame: Any = None

    def __repr__(self) -> str:
        return f"Entry({self.offset}, {self.data[:60]!r})"

    @property
    def type(self) -> str:
        """The entry's type, read from its head: writers put `type` first."""
        head = self.data[:96]
        start = head.find(b'"type":"')
        if start < 0:
            return str(orjson.loads(self.data).get("type", ""))
        start += 8
        return head[start : head.index(b'"', start)].decode()

    @property
    def written_s(self) -> float | None:
        """When its writer made it (unix s), read from its head; `None` where that does not say."""
        head = self.data[:128]
        start = head.find(b'"ts":')
        if start < 0:
            return None
        try:
            return float(head[start + 5 : head.index(b",", start)])
        except ValueError:
            return None


class Batch:
    """Entries that follow each other, given to all readers that come to the same place.

    `size` is the bytes of their data. `piece` is for whoever encodes entries: what it made of all of them.
    """

    __slots__ = ("entries", "piece", "size")

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.size = sum(len(entry.data) for entry in entries)
        self.piece: Any = None


def offset_of(data: bytes) -> int:
    """The offset that the publish script put first.

    Raises:
        ValueError: the bytes do not start as an entry does.
    """
    if not data.startswith(_PREFIX):
        raise ValueError(f"not an entry: {data[:40]!r}")
    return int(data[len(_PREFIX) : data.index(b",", len(_PREFIX))])


def epoch_of(data: bytes) -> tuple[Epoch, int] | None:
    """Epoch and head of a log, where a message of the tail says that it has begun another life; `None` for any other."""
    try:
        told = orjson.loads(data)
        return Epoch(str(told["epoch"])), int(told["head"])
    except (ValueError, TypeError, KeyError):
        return None


ResetReason = Literal["trimmed", "epoch", "ahead", "slow"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reset:
    """What a reader is told when it cannot have what it asked for: it goes on from `earliest_offset`."""

    epoch: Epoch
    earliest_offset: int
    earliest_tick: int | None
    reason: ResetReason

    def encode(self) -> bytes:
        """The `reset` frame of the protocol."""
        return orjson.dumps(
            {
                "type": "reset",
                "epoch": self.epoch,
                "earliest_offset": self.earliest_offset,
                "earliest_tick": self.earliest_tick,
                "reason": self.reason,
            }
        )
