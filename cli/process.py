"""One process that `up` has started, in a process group of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import launch
from .log import Log

LONGEST_LINE = 64 << 10
LAST_WORDS_S = 1.0
"""For how long the output of an ended process is still read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What to start: `name` is unique within one `up`; `role` is `broker`, `api` or `worker`."""

    name: str
    role: str
    command: Sequence[str]
    env: Mapping[str, str]
    stdin: bytes = b""
    unsaid: Sequence[str] = ()
    """Parts of output lines that are not logged, because something else tells of them."""


class Process:
    """A running program: its output goes to the log, and nothing of its group outlives it."""

    def __init__(self, program: Program, child: asyncio.subprocess.Process, output: Output, log: Log) -> None:
        self.program = program
        self.pid = child.pid
        self._child = child
        self._log = log
        self._reading = asyncio.create_task(self._read(output))

    @classmethod
    async def start(cls, program: Program, log: Log) -> Process:
        """Start `program` so that it is killed when this process ends, however it ends."""
        starter = [sys.executable, "-I", "-S", str(Path(launch.__file__)), str(os.getpid())]
        # Pipes of our own: with asyncio's, `wait` would also wait for whoever inherited the child's end of them.
        read_end, write_end = os.pipe()
        stdin = _filled_pipe(program.stdin)
        try:
            child = await asyncio.create_subprocess_exec(
                *starter,
                *program.command,
                env=program.env,
                stdin=stdin,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,  # Ctrl-C reaches `up` alone, which then ends the others in order
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
            os.close(stdin)
        return cls(program, child, await Output.open(read_end), log)

    async def wait(self) -> int:
        """Wait for the end; then nothing of its process group is left. Negative: ended by that signal."""
        code = await self._child.wait()
        self._signal_group(signal.SIGKILL)
        await asyncio.wait([self._reading], timeout=LAST_WORDS_S)
        self._reading.cancel()
        return code

    async def end(self, grace_s: float, hurry: asyncio.Event) -> None:
        """Ask it to end (SIGTERM), and kill its group when `grace_s` is over or `hurry` is set."""
        if self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.terminate()
        waiting = asyncio.create_task(self._child.wait())
        hurrying = asyncio.create_task(hurry.wait())
        await asyncio.wait([waiting, hurrying], timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        self._signal_group(signal.SIGKILL)
        await waiting

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(
            ProcessLookupError, PermissionError
        ):  # an empty group, or (macOS) of zombies only
            os.killpg(self.pid, number)

    async def _read(self, output: Output) -> None:
        rest = b""
        with contextlib.closing(output):
            while chunk := await output.reader.read(LONGEST_LINE):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > LONGEST_LINE:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._say(line)
        if rest:
            self._say(rest)

    def _say(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        if not any(part in text for part in self.program.unsaid):
            self._log.line(self.program.name, text)


class Output:
    """The reading end of a pipe, on the event loop."""

    def __init__(self, reader: asyncio.StreamReader, transport: asyncio.ReadTransport) -> None:
        self.reader = reader
        self._transport = transport

    @classmethod
    async def open(cls, read_end: int) -> Output:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb")
        )
        return cls(reader, transport)

    def close(self) -> None:
        self._transport.close()


def _filled_pipe(content: bytes) -> int:
    """The reading end of a pipe that holds `content` (some KB at most) and then ends."""
    read_end, write_end = os.pipe()
    os.write(write_end, content)
    os.close(write_end)
    return read_end


def describe_exit(code: int) -> str:
    """A process's return code in words."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
