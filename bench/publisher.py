"""A session child's part of publishing, and nothing else of it: entries of a given size, by the real publish script.

`python -m bench.publisher REDIS_URL` takes one JSON command a line on standard input and answers with one line when it is
done: {"sessions": [...], "calls": 100, "hz": 50, "size": 2000, "batch": 1, "ahead": null}.

`hz` is calls a second for each session (null: as fast as the broker answers). With `ahead` no more than so many entries are
under way beyond what the last viewer of the first session has, which the load tells through a file of eight bytes.
"""

from __future__ import annotations

import mmap
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.client import sync_client
from gridcast.broadcaster.writer import Writer

LOG_BYTES = 1 << 30
"""Nothing is trimmed: what a viewer misses would be a loss of the delivery, not of the log."""


class Gate:
    """Where the slowest viewer is."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)

    @property
    def offset(self) -> int:
        return int.from_bytes(self._map[:8], "little")


class Publisher:
    """Writers of any number of sessions."""

    def __init__(self, redis_url: str, gate: Path | None) -> None:
        self._redis = sync_client(Settings(redis_url=redis_url))
        self._writers: dict[str, Writer] = {}
        self._gate = None if gate is None else Gate(gate)

    def writer(self, session: str) -> Writer:
        found = self._writers.get(session)
        if found is None:
            found = self._writers[session] = Writer(
                self._redis, Channel.session(session), token=0, log_bytes=LOG_BYTES
            )
            found.open()
        return found

    def publish(
        self,
        *,
        sessions: list[str],
        calls: int,
        hz: float | None = None,
        size: int = 2000,
        batch: int = 1,
        ahead: int | None = None,
    ) -> dict[str, Any]:
        """Publish `calls` times to each session; what was reached."""
        writers = [self.writer(session) for session in sessions]
        padding = b"x" * max(0, size - 80)
        begin = time.monotonic()
        for call in range(calls):
            for place, writer in enumerate(writers):
                if hz is not None:
                    # Sessions take turns within one period.
                    due = begin + (call + place / len(writers)) / hz
                    if (pause_s := due - time.monotonic()) > 0:
                        time.sleep(pause_s)
                if ahead is not None and self._gate is not None:
                    while writer.head + batch - self._gate.offset > ahead:
                        time.sleep(0.0002)
                writer.publish(
                    [
                        b'{"type":"ticks","at":%019d,"x":"%b"}' % (time.monotonic_ns(), padding)
                        for _ in range(batch)
                    ]
                )
        end = time.monotonic()
        return {"heads": [writer.head for writer in writers], "seconds": end - begin, "ended_at": end}


def main() -> None:
    publisher = Publisher(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(orjson.dumps(publisher.publish(**orjson.loads(line))) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
