"""The folder of one `up`: its lock, and run.json, which says what runs.

The lock is the kernel's (`flock`): it goes with the process that holds it, so a run.json without a holder is known to be
stale, whatever its process ids name by now.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from .exits import CliError, Exit

LOCK = "up.lock"
RUN_FILE = "run.json"
LOCK_TRIES = 5
LOCK_WAIT_S = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """What `run.json` holds: the address, the broker, and the processes that run at this moment."""

    url: str
    redis_url: str
    broker_pid: int | None
    api_pids: list[int]
    worker_pids: list[int]


class Folder:
    """One folder of `up` (`.gridcast` by default)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one `up` of this folder, and remove run.json at the end.

        Raises:
            CliError: another one is, or the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CliError(
                Exit.BAD_INPUT, f"cannot write to the folder {self.path}: {error.strerror}"
            ) from error
        try:
            if not _try_lock(lock):
                raise CliError(Exit.REFUSED, self._taken())
            self._remove()
            try:
                yield
            finally:
                self._remove()
        finally:
            os.close(lock)

    def write(self, running: Running) -> None:
        """Replace run.json in one step; it is for its owner only, for the broker's password is in it."""
        temporary = self.path / f"{RUN_FILE}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(running), file, indent=2)
            file.write("\n")
        temporary.replace(self.path / RUN_FILE)

    def read(self) -> Running | None:
        """What serves here now, or None (also where a killed `up` left its run.json behind)."""
        if not self.is_held():
            return None
        try:
            return Running(**json.loads((self.path / RUN_FILE).read_text()))
        except (FileNotFoundError, json.JSONDecodeError, TypeError):
            return None

    def is_held(self) -> bool:
        """Whether an `up` of this folder lives; without a run.json it is still starting, or ending."""
        try:
            lock = os.open(self.path / LOCK, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def _taken(self) -> str:
        running = self.read()
        if running is None:
            return f"`gridcast up` is starting or ending in {self.path} already"
        return (
            f"`gridcast up` runs in {self.path} already, at {running.url}; "
            "end it with Ctrl-C there, or choose another folder with --dir"
        )

    def _remove(self) -> None:
        (self.path / RUN_FILE).unlink(missing_ok=True)


def _try_lock(lock: int) -> bool:
    """Take the lock for writing; who only looks (`is_held`) has it for some microseconds, so try more than once."""
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_WAIT_S)
        else:
            return True
    return False
