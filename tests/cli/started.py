"""A `gridcast` command as a process of its own, and what became of the processes that it started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from typer.testing import Result

Gridcast = Callable[..., Result]
"""A `gridcast` command in the test's own process, by its arguments."""
REPOSITORY = Path(__file__).parents[2]
STANDINS = (sys.executable, "-m", "tests.cli.standins")
REAL = (sys.executable, "-m", "gridcast.cli")


class Started:
    """A running command: its output so far, and its folder."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.out = ""
        self.err = ""
        self._reading = [asyncio.create_task(self._read(name)) for name in ("out", "err")]

    async def _read(self, name: str) -> None:
        stream = self.process.stdout if name == "out" else self.process.stderr
        assert stream is not None
        while chunk := await stream.read(65536):
            setattr(self, name, getattr(self, name) + chunk.decode())

    async def ended(self) -> int:
        """Wait for the end; the exit code."""
        code = await self.process.wait()
        await asyncio.wait(self._reading)
        return code

    @property
    def run_file(self) -> dict[str, Any]:
        """run.json, or nothing where there is none."""
        try:
            content: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        except FileNotFoundError:
            return {}
        return content

    @property
    def url(self) -> str:
        return self.out.removeprefix("ready ").strip()

    def pids(self) -> set[int]:
        """Every process of it, and of its process groups, that runs now."""
        running = self.run_file
        return {running["broker_pid"], *running["api_pids"], *running["worker_pids"]} | self.grandchildren()

    def grandchildren(self) -> set[int]:
        """Children that the stand-in workers said they have."""
        said = (line.partition('{"worker"') for line in self.err.splitlines())
        return {json.loads(begin + rest)["child"] for _, begin, rest in said if begin}


@asynccontextmanager
async def started(
    *arguments: str,
    folder: Path,
    command: tuple[str, ...] = STANDINS,
    env: Mapping[str, str] | None = None,
    ready: bool = True,
) -> AsyncIterator[Started]:
    """Start `gridcast ARGUMENTS` with the folder `folder`; end it with the context. `ready`: first wait until it serves."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GRIDCAST_")}
    process = await asyncio.create_subprocess_exec(
        *command,
        *arguments,
        cwd=REPOSITORY,
        env={**ours, "GRIDCAST_DIR": str(folder), **(env or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    begun = Started(process, folder)
    try:
        while ready and not begun.out.endswith("\n"):
            assert process.returncode is None, begun.err
            await asyncio.sleep(0.005)
        yield begun
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await begun.ended()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not yet reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")
