"""The synchronous writer of one channel, for the process that runs the simulation."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import cast

from redis import Redis

from . import scripts
from .client import StreamRows, broker_errors
from .errors import Conflict
from .names import Channel

_LOAD_COUNT = 500


class TrimWindow:
    """Knows how big a log is and which offset to keep from, so that it stays under its bound.

    It counts in chunks of about 1 % of the bound: what it knows stays small however many entries a log has.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._chunk_bytes = max(1, max_bytes // 100)
        self._chunks: deque[list[int]] = deque()  # [first offset, bytes]
        self._bytes = 0

    def add(self, offset: int, size: int) -> None:
        """Count one more entry."""
        if not self._chunks or self._chunks[-1][1] + size > self._chunk_bytes:
            self._chunks.append([offset, 0])
        self._chunks[-1][1] += size
        self._bytes += size

    def trim_point(self) -> int:
        """First offset to keep; 0 while everything fits. The newest chunk is always kept."""
        dropped = False
        while self._bytes > self._max_bytes and len(self._chunks) > 1:
            self._bytes -= self._chunks.popleft()[1]
            dropped = True
        return self._chunks[0][0] if dropped else 0


class Writer:
    """Appends to one channel as the holder of `token`.

    After `BrokerUnavailable` the caller must call `publish` again with the same arguments until it returns or raises
    something else: whether the first call reached the broker is unknown, and the repeat writes nothing twice.
    """

    def __init__(self, redis: Redis, channel: Channel, *, token: int, log_bytes: int) -> None:
        self._redis = redis
        self._channel = channel
        self._token = token
        self._script = redis.register_script(scripts.PUBLISH)
        self._anew = redis.register_script(scripts.ANEW)
        self._window = TrimWindow(log_bytes)
        self._head = 0

    def open(self) -> None:
        """Learn the head and the sizes of what is in the log already.

        Raises:
            BrokerUnavailable: try again.
        """
        head = 0
        window: list[tuple[int, int]] = []
        with broker_errors():
            known = cast("str | None", self._redis.hget(self._channel.meta, "head"))
            head = int(known) if known is not None else 0
            after = 0
            while True:
                rows = cast(
                    "StreamRows",
                    self._redis.xrange(self._channel.log, min=f"{after + 1}-0", count=_LOAD_COUNT),
                )
                for stream_id, fields in rows:
                    after = int(stream_id.split(b"-")[0])
                    window.append((after, len(fields[b"e"])))
                if len(rows) < _LOAD_COUNT:
                    break
        for offset, size in window:
            self._window.add(offset, size)
        self._head = head

    @property
    def head(self) -> int:
        """Offset of the last entry known to be in the log."""
        return self._head

    def publish(
        self,
        entries: Sequence[bytes],
        *,
        meta: Mapping[str, scripts.Arg] | None = None,
        applied: Sequence[bytes] = (),
        chunks: Sequence[bytes] = (),
        closing: str | None = None,
    ) -> int:
        """Append `entries` (JSON objects without `offset`) and set meta fields in one step; answer with the new head.

        `chunks` are records of what was recorded. `closing` is the id of the last answered command ("0-0" if none): nothing
        is written while a later one waits.

        Raises:
            BrokerUnavailable: unknown whether it was written; repeat with the same arguments.
            NoChannel, Fenced, Conflict, UnansweredCommands: nothing was written, and repeating is of no use. Where the
                conflict is that the broker lost entries, the log has begun another life.
        """
        expected = self._head + 1
        try:
            self._append(expected, entries, meta or {}, applied, chunks, closing)
        except Conflict as conflict:
            if conflict.head < self._head:
                # What the broker acknowledged is gone (a failover, a crash of its machine). Readers may have seen it, and
                # the next attempt soon writes other entries under the same offsets: a new epoch is how they are told.
                self._begin_anew()
            raise
        for i, entry in enumerate(entries):
            self._window.add(expected + i, len(entry) + 20)
        self._head = expected + len(entries) - 1
        return self._head

    def _begin_anew(self) -> None:
        with broker_errors():
            reply = self._anew(
                keys=[self._channel.meta], args=scripts.anew_args(self._channel, token=self._token)
            )
        scripts.publish_outcome(self._channel, reply, token=self._token, expected=0)

    def _append(
        self,
        expected: int,
        entries: Sequence[bytes],
        meta: Mapping[str, scripts.Arg],
        applied: Sequence[bytes],
        chunks: Sequence[bytes],
        closing: str | None,
    ) -> None:
        args = scripts.publish_args(
            self._channel,
            token=self._token,
            expected=expected,
            entries=entries,
            meta=meta,
            applied=applied,
            chunks=chunks,
            trim=self._window.trim_point(),
            closing=closing,
        )
        with broker_errors():
            reply = self._script(keys=scripts.publish_keys(self._channel), args=args)
        scripts.publish_outcome(self._channel, reply, token=self._token, expected=expected)
