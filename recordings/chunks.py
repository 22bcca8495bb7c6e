"""One chunk of a recording: its record in the broker's list, and the name of its file."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Final

import orjson

FORMAT: Final = 1
"""Of the files and of their metadata."""

METADATA: Final = b"gridcast"
"""Key of our JSON object in a file's key-value metadata."""

CHUNK_TICKS: Final = 3600
"""A chunk is cut where it has at least so many ticks; ticks that were published in one entry stay together."""

CHUNK_BYTES: Final = 4 << 20
"""The same in memory, so that a run with many columns costs its process no more than one with few."""

SUFFIX: Final = ".parquet"
_OURS = re.compile(r"\d{10}-\d+\.parquet(\.\d+\.part)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """Ticks `first`, ..., `after - 1` of a session, in the file `name` of `size_bytes` bytes.

    `digest` is the run's digest after the last of them; `head` the offset of the log entry that ends with the last of them,
    or 0 where a recovery recorded them without looking at the log; `token` the fencing token of the attempt that wrote it.
    """

    name: str
    first: int
    ticks: int
    size_bytes: int
    digest: str
    head: int
    token: int

    @property
    def after(self) -> int:
        """The tick after the last one."""
        return self.first + self.ticks

    def encode(self) -> bytes:
        """The record in the list of chunks."""
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, record: bytes) -> Chunk:
        return cls(**orjson.loads(record))


def file_name(first: int, token: int) -> str:
    """Names sort by first tick; two attempts never share one."""
    return f"{first:010d}-{token}{SUFFIX}"


def is_ours(name: str) -> bool:
    """Whether a file's name is one that we give: that of a chunk, or of one that is not finished."""
    return _OURS.fullmatch(name) is not None


def in_order(chunks: list[Chunk]) -> list[Chunk]:
    """By first tick. The broker's list is in the order in which chunks were finished: a hole that a full disk left may be
    filled by a later attempt. Chunks of one list never overlap."""
    return sorted(chunks, key=lambda chunk: chunk.first)
