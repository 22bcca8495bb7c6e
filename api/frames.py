"""Text frames of the WebSocket protocol (RFC 6455), built once per entry and shared by all its viewers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from gridcast.broadcaster import Batch, Entry, Reset
from gridcast.broadcaster.sessions import FINAL
from gridcast.broadcaster.task_events import FINAL as FINAL_MARK

_FIN_TEXT: Final = 0x81
_STATUS: Final = b'"type":"status"'
_HEAD_BYTES: Final = 64
"""Within so many bytes an entry tells its type, behind nothing but its offset."""


def text_head(size: int) -> bytes:
    """What stands before the payload of one unmasked, unfragmented, uncompressed text frame, as a server sends it."""
    if size < 126:
        return bytes((_FIN_TEXT, size))
    if size < 1 << 16:
        return bytes((_FIN_TEXT, 126)) + size.to_bytes(2, "big")
    return bytes((_FIN_TEXT, 127)) + size.to_bytes(8, "big")


class Frame:
    """What one frame carries. `wire` is the whole frame, built when first asked for; `piece` is for `corked`.

    `final` marks the last entry of a channel: a session's last status, the last word of a task.
    """

    __slots__ = ("_wire", "final", "payload", "piece")

    def __init__(self, payload: bytes, *, final: bool = False) -> None:
        self.payload = payload
        self.final = final
        self.piece: tuple[int, bytes] | None = None
        self._wire: bytes | None = None

    @property
    def wire_bytes(self) -> int:
        """The size of `wire`, which this does not build."""
        size = len(self.payload)
        return size + (2 if size < 126 else 4 if size < 1 << 16 else 10)

    @property
    def wire(self) -> bytes:
        if self._wire is None:
            self._wire = text_head(len(self.payload)) + self.payload
        return self._wire


def joined(frames: Sequence[Frame]) -> bytes:
    """Frames as one piece, for one write; nothing of it is kept."""
    pieces: list[bytes] = []
    for frame in frames:
        pieces += (text_head(len(frame.payload)), frame.payload)
    return b"".join(pieces)


def corked(frames: Sequence[Frame]) -> bytes:
    """The same for viewers who come one by one: those that are behind at one place are given the same object."""
    first = frames[0]
    if len(frames) == 1:
        return first.wire
    if first.piece is None or first.piece[0] != len(frames):
        first.piece = (len(frames), joined(frames))
    return first.piece[1]


class Piece:
    """Frames of entries as they are, for one write; `final` says that the last of them is the last of its channel."""

    __slots__ = ("final", "frames", "wire")

    def __init__(self, entries: Sequence[Entry | Reset]) -> None:
        self.frames = [frame_of(entry) for entry in entries]
        self.wire = joined(self.frames)
        self.final = self.frames[-1].final


def piece_of(batch: Batch | Reset) -> Piece:
    """The piece of a batch, the same object for every viewer that is given it."""
    if isinstance(batch, Reset):
        return Piece([batch])
    piece: Piece | None = batch.piece
    if piece is None:
        piece = batch.piece = Piece(batch.entries)
    return piece


def ends_channel(entry: Entry) -> bool:
    """Whether this is the last entry of its channel; a task that is resumed goes on behind one."""
    head = entry.data[:_HEAD_BYTES]
    if _STATUS not in head:
        return FINAL_MARK in head
    document = orjson.loads(entry.data)
    return document.get("type") == "status" and document.get("status") in FINAL


def frame_of(entry: Entry | Reset) -> Frame:
    """The frame of an entry, the same object for every viewer; its payload is the writer's bytes."""
    if isinstance(entry, Reset):
        return Frame(entry.encode())
    frame: Frame | None = entry.frame
    if frame is None:
        frame = entry.frame = Frame(entry.data, final=ends_channel(entry))
    return frame


def message(kind: str, **fields: object) -> Frame:
    """A frame of our own that is no entry: hello, error, pong, heartbeat, skipped."""
    return Frame(orjson.dumps({"type": kind, **fields}))
