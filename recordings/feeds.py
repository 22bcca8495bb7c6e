"""What tasks told of their finished experiments, one line each, in files beside the recordings:

    {root}/tasks/{task id}/progress.jsonl

Only where recordings lie in a folder: nothing can be appended to an object in a store. Every method may raise `OSError`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

TASKS: Final = "tasks"
"""Name of the folder, which is no session's: their ids are longer."""

_FILE = "progress.jsonl"
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_TOLD = ("iter", "score", "best", "experiment_id", "params", "ts")


def feed_line(record: Mapping[str, Any]) -> bytes:
    """The line of one finished experiment."""
    return orjson.dumps({name: record[name] for name in _TOLD}) + b"\n"


def feeds_at(where: str | None) -> Feeds | None:
    """Where the feeds of recordings at `where` are; `None` where there are none."""
    return None if where is None or "://" in where else Feeds(Path(where))


class Feeds:
    """Files by task."""

    def __init__(self, root: Path) -> None:
        self._root = root / TASKS

    def append(self, task_id: str, line: bytes) -> None:
        """Add a line, in one write."""
        path = self._path(task_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            file.write(line)

    def replace(self, task_id: str, lines: bytes) -> None:
        """Write the whole feed anew, all or nothing."""
        path = self._path(task_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        unfinished.write_bytes(lines)
        unfinished.replace(path)

    def read(self, task_id: str) -> bytes | None:
        """Its whole lines so far; `None` where there is no such feed."""
        try:
            raw = self._path(task_id).read_bytes()
        except FileNotFoundError:
            return None
        return raw[: raw.rfind(b"\n") + 1]

    def delete(self, task_id: str) -> None:
        """Delete one; one that is gone already is no error."""
        folder = self._path(task_id).parent
        try:
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            folder.rmdir()
        except FileNotFoundError:
            return

    def written(self) -> dict[str, float]:
        """All tasks that have one, with the unix time of its last change."""
        found = {}
        for path in self._root.glob(f"*/{_FILE}"):
            try:
                found[path.parent.name] = path.stat().st_mtime
            except FileNotFoundError:
                continue  # deleted meanwhile
        return found

    def _path(self, task_id: str) -> Path:
        if not _ID.fullmatch(task_id):
            raise ValueError(f"{task_id!r} is no id of a task")
        return self._root / task_id / _FILE
