"""Where a viewer stands in a session's log, and what each frame or close code means for it. No I/O here."""

from __future__ import annotations

from urllib.parse import urlencode

from .errors import StreamRefused
from .types import Entry

FINISHED = 1000
"""Close code after the last status of a session."""

NO_WAY_BACK = frozenset({1002, 1003, 1007, 1008, 1009, 4401, 4403, 4404})
"""Close codes after which connecting again would end in the same way."""


class Hole(Exception):
    """A frame does not follow the last one: the connection is of no use any more, the log is."""


class Cursor:
    """Follows one log: feeds on frames, yields entries without gap or repeat, knows how to resume.

    Args:
        since: offset of the last entry that is known already.
        epoch: the life of the log that `since` belongs to, or None at the start.
    """

    def __init__(self, since: int = 0, epoch: str | None = None) -> None:
        self.offset = since
        self.epoch = epoch

    @property
    def query(self) -> str:
        """The query with which to connect (again)."""
        wanted: dict[str, int | str] = {"since": self.offset}
        if self.epoch is not None:
            wanted["epoch"] = self.epoch
        return urlencode(wanted)

    def take(self, frame: Entry) -> Entry | None:
        """The entry to hand on, or None for a frame about the connection only.

        A `reset` is handed on too: it says exactly which entries are missing.

        Raises:
            Hole: the frame skips entries without a word about it.
        """
        kind = frame.get("type")
        if kind == "hello":
            if self.epoch is None:
                self.epoch = str(frame["epoch"])
            return None
        if kind == "reset":
            self.epoch = str(frame["epoch"])
            self.offset = _whole(frame["earliest_offset"]) - 1
            return frame
        if "offset" not in frame:
            return None
        offset = _whole(frame["offset"])
        if offset <= self.offset:
            return None
        if offset != self.offset + 1:
            raise Hole(f"entry {offset} came after entry {self.offset}")
        self.offset = offset
        return frame


def may_reconnect(code: int, reason: str) -> bool:
    """Whether a closed connection is worth opening again; False when the session has finished.

    Raises:
        StreamRefused: the service will not serve this stream.
    """
    if code in NO_WAY_BACK:
        raise StreamRefused(code, reason or "refused")
    return code != FINISHED


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise Hole(f"{value!r} is no offset")
    return value
