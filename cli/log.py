"""The one log of `up`: lines of all processes on stderr, each under the name and colour of its process."""

from __future__ import annotations

import queue
import sys
import threading
from collections import deque
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self, TextIO

import orjson

COLOURS = {"up": "1", "broker": "35", "api": "36", "worker": "32"}
NAME_WIDTH = 8
MOST_LINES = 10_000
"""Lines that wait for a terminal that does not take them (Ctrl-S, a pager); more are dropped and counted."""


class Log(Protocol):
    """Takes whole lines; never blocks the caller."""

    def line(self, name: str, text: str) -> None: ...


def _event(name: str, text: str) -> str:
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    event = {"process": name, "event": text, "level": "info", "timestamp": now}
    return orjson.dumps(event, default=str).decode()


class TailLog:
    """Keeps the last lines, to be shown only if something fails."""

    def __init__(self, size: int = 60) -> None:
        self.lines: deque[str] = deque(maxlen=size)

    def line(self, name: str, text: str) -> None:
        self.lines.append(f"{name}| {text}")


class TerminalLog:
    """Writes from a thread of its own, so that a stopped terminal stops neither `up` nor its processes.

    `as_json`: each line is a JSON object, as the processes write them; what they wrote otherwise becomes one.
    """

    def __init__(self, stream: TextIO | None = None, *, colour: bool, as_json: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._colour = colour
        self._as_json = as_json
        self._lines: queue.Queue[str | None] = queue.Queue(MOST_LINES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._lines.put(None, timeout=1)
        except queue.Full:
            return  # nobody reads; the daemon thread ends with the process
        self._thread.join(timeout=1)

    def line(self, name: str, text: str) -> None:
        try:
            if self._dropped:
                dropped = f"... {self._dropped} lines were dropped, nobody read them"
                self._lines.put_nowait((_event("up", dropped) if self._as_json else dropped) + "\n")
                self._dropped = 0
            self._lines.put_nowait(self._whole(name, text) + "\n")
        except queue.Full:
            self._dropped += 1

    def _whole(self, name: str, text: str) -> str:
        if self._as_json:
            return text if text.startswith("{") and text.endswith("}") else _event(name, text)
        prefix = f"{name:<{NAME_WIDTH}}|"
        if self._colour:
            prefix = f"\x1b[{COLOURS.get(name.partition('-')[0], '0')}m{prefix}\x1b[0m"
        return f"{prefix} {text}"

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line)
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                continue  # the reader closed its end (`| head`): go on taking lines, or the queue would fill
