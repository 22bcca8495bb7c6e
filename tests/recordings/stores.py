"""A store in memory, that fails or hangs when it is told to."""

from __future__ import annotations

import threading
import time
from typing import Any

import pyarrow as pa

from gridcast.recordings.store import StoredFile
from tests.waiting import PATIENCE_S

FULL = OSError(28, "No space left on device")


class MemoryStore:
    """Takes what it is given unless `fails` is set; waits with it while `let_go` is cleared."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], bytes] = {}
        self._modified_s = time.time()
        self.fails: OSError | None = None
        self.let_go = threading.Event()
        self.let_go.set()

    def put(self, session_id: str, name: str, data: Any) -> None:
        assert self.let_go.wait(PATIENCE_S)
        if self.fails is not None:
            raise self.fails
        self.held[session_id, name] = bytes(data)

    def open(self, session_id: str, name: str) -> Any:
        return pa.BufferReader(self.held[session_id, name])

    def sessions(self) -> list[str]:
        return sorted({session_id for session_id, _ in self.held})

    def files(self, session_id: str) -> list[StoredFile]:
        return [
            StoredFile(name=name, size_bytes=len(data), modified_s=self._modified_s)
            for (owner, name), data in sorted(self.held.items())
            if owner == session_id
        ]

    def delete(self, session_id: str, name: str) -> None:
        self.held.pop((session_id, name), None)

    def delete_session(self, session_id: str) -> None:
        for file in self.files(session_id):
            self.delete(session_id, file.name)
