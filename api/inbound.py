"""What a viewer sends over its WebSocket: parsed and judged here, without I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import orjson
from pydantic import ValidationError

from .bodies import loads
from .frames import Frame, message
from .models import Command, CommandFrame, PingFrame, PlayheadFrame
from .problems import faults

MAX_FRAME_BYTES: Final = 64 << 10
MAX_BAD_IN_A_ROW: Final = 20
FRAMES_PER_S: Final = 100
BURST: Final = 1000
"""Frames of one socket that change nothing: so many at once, then so many a second."""

Code = Literal[
    "bad_json",
    "bad_frame",
    "bad_config",
    "unknown_op",
    "too_large",
    "forbidden",
    "ended",
    "id_reused",
    "rate_limited",
    "too_many",
    "wheel_held",
    "unavailable",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A frame that is answered with an `error` frame; `command_id` where it was a command's."""

    code: Code
    detail: str
    command_id: str | None = None

    def frame(self) -> Frame:
        named = {} if self.command_id is None else {"command_id": self.command_id}
        return message("error", code=self.code, detail=self.detail, **named)


def document_of(text: str | None) -> Any | Refusal:
    """What one client frame holds, as JSON; `None` stands for a binary one."""
    if text is None:
        return Refusal(code="bad_frame", detail="send text frames with JSON, not binary ones")
    # A character has at least one byte, so this is enough to know that it is small without encoding it.
    if len(text) > MAX_FRAME_BYTES or len(text.encode()) > MAX_FRAME_BYTES:
        return Refusal(code="too_large", detail=f"a frame may have at most {MAX_FRAME_BYTES} bytes")
    try:
        return loads(text)
    except orjson.JSONDecodeError as error:
        return Refusal(code="bad_json", detail=f"not JSON: {error.msg}")


def parse(text: str | None) -> CommandFrame | PingFrame | PlayheadFrame | Refusal:
    """Judge one frame of a session's viewer."""
    document = document_of(text)
    if isinstance(document, Refusal):
        return document
    kind = document.get("type") if isinstance(document, dict) else None
    try:
        if kind == "ping":
            return PingFrame.model_validate(document)
        if kind == "command":
            return CommandFrame.model_validate(document)
        if kind == "playhead":
            return PlayheadFrame.model_validate(document)
    except ValidationError as error:
        named = document.get("id")
        return Refusal(
            code="bad_frame",
            detail="; ".join(f"{'.'.join(map(str, f.loc))}: {f.msg}" for f in faults(error.errors())[:5]),
            command_id=named if isinstance(named, str) and len(named) <= 64 else None,
        )
    return Refusal(
        code="bad_frame",
        detail='a frame is {"type":"command","id":...,"command":...,"args":{...}}, '
        '{"type":"playhead","tick":...} or {"type":"ping"}; '
        f"commands are {', '.join(get_args(Command))}",
    )


class Patience:
    """Counts bad frames in a row; `exhausted` says that the viewer is to be closed."""

    def __init__(self) -> None:
        self._bad = 0

    def good(self) -> None:
        self._bad = 0

    def bad(self) -> None:
        self._bad += 1

    @property
    def exhausted(self) -> bool:
        return self._bad >= MAX_BAD_IN_A_ROW
