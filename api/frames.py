"""Text frames of the WebSocket protocol (RFC 6455), built once per entry and shared by all its viewers."""

from __future__ import annotations

from typing import Final

import orjson

from gridcast.broadcaster import Entry, Reset
from gridcast.broadcaster.sessions import FINAL

_FIN_TEXT: Final = 0x81


def text_frame(payload: bytes) -> bytes:
    """One unmasked, unfragmented, uncompressed text frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_FIN_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FIN_TEXT, 127)) + size.to_bytes(8, "big") + payload


class Frame:
    """What one frame carries. `wire` is the whole frame, built when first asked for.

    `final` marks the last entry of a channel: the session's last status.
    """

    __slots__ = ("_wire", "final", "payload")

    def __init__(self, payload: bytes, *, final: bool = False) -> None:
        self.payload = payload
        self.final = final
        self._wire: bytes | None = None

    @property
    def wire(self) -> bytes:
        if self._wire is None:
            self._wire = text_frame(self.payload)
        return self._wire


def ends_channel(entry: Entry) -> bool:
    """Whether this is the last entry that its session will ever have."""
    return entry.type == "status" and orjson.loads(entry.data).get("status") in FINAL


def frame_of(entry: Entry | Reset) -> Frame:
    """The frame of an entry, the same object for every viewer; its payload is the writer's bytes."""
    if isinstance(entry, Reset):
        return Frame(entry.encode())
    frame: Frame | None = entry.memo.get("frame")
    if frame is None:
        frame = entry.memo["frame"] = Frame(entry.data, final=ends_channel(entry))
    return frame


def message(kind: str, **fields: object) -> Frame:
    """A frame of our own that is no entry: hello, error, pong, heartbeat, skipped."""
    return Frame(orjson.dumps({"type": kind, **fields}))
