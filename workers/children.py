"""The worker's side of its fork server: start it, order children, hear of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import structlog

from gridcast.broadcaster import Settings, tracing
from gridcast.broadcaster.totals import TOTALS
from gridcast.broadcaster.workers import RecordingState

from .orders import Kind, Order, Report

log = structlog.get_logger(__name__)

_LINE_BYTES = 1 << 20
_READ_BYTES = 1 << 16
_RESTART_S = 1.0
_KILLED = int(signal.SIGKILL)
"""Wait status of a child that died with its fork server."""

# One thread: the fork server must be forkable, and the sums of a BLAS depend on how it splits them.
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # An allocator that pyarrow has on board, and does not use, would start one.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    # What a chunk needs while it is written goes back to the system at once: some 15 MiB less for each session.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_MMAP_THRESHOLD_": str(256 << 10),
}


_UNNEEDED = {"auth_secret", "token"}
"""Settings that no child needs, and so none shall have."""


class CannotFork(Exception):
    """No child was started; the message says why."""


@dataclass(kw_only=True, slots=True)
class Child:
    """A running child, as far as this worker knows. `heard`: it has told something, so it is built and steps. `done` is the
    share of a simulation that is computed."""

    order: Order
    pid: int
    tick: int = 0
    lag_s: float = 0.0
    last_words: str | None = None
    recording: RecordingState = "off"
    heard: bool = False
    done: float = 0.0
    report: Report | None = None


Exited = Callable[[Child, int], None]
"""Called with a child that ended and its wait status."""


class Children:
    """The running children and the fork server that makes them.

    The fork server is started again when it dies; its children die with it, and are reported as killed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._exited: dict[Kind, Exited] = {}
        self._by_pid: dict[int, Child] = {}
        self._awaited: dict[str, asyncio.Future[int]] = {}
        self._orders: dict[str, Order] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._ready = asyncio.Event()
        self._none_left = asyncio.Event()
        self._none_left.set()
        self._server_pid: int | None = None
        self._reports_fd: int | None = None
        self._unread = b""

    def hear(self, kind: Kind, exited: Exited) -> None:
        """Call `exited` whenever a child of this kind ends."""
        self._exited[kind] = exited

    def running(self, kind: Kind) -> list[Child]:
        return [child for child in self._by_pid.values() if child.order.kind == kind]

    def runs(self, child: Child) -> bool:
        """Whether this very child still runs."""
        return self._by_pid.get(child.pid) is child

    @property
    def server_pid(self) -> int | None:
        """Process id of the fork server, while there is one."""
        return self._server_pid

    async def wait_ready(self) -> None:
        """Return when children can be ordered."""
        await self._ready.wait()

    async def run(self) -> None:
        """Keep a fork server running until cancelled; then it and all its children end."""
        while True:
            code = await self._run_one()
            log.error("fork_server_ended", exit_code=code, children=len(self._by_pid))
            self._lost_all(f"the fork server ended with exit code {code}")
            await asyncio.sleep(_RESTART_S)

    async def start(self, order: Order) -> Child:
        """Have a child forked for `order`.

        Raises:
            CannotFork
        """
        await self._ready.wait()
        writer = self._writer
        if writer is None:
            raise CannotFork("the fork server is not running")
        awaited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._awaited[order.id] = awaited
        self._orders[order.id] = order
        writer.write(orjson.dumps({"order": asdict(order)}) + b"\n")
        pid = await awaited
        return self._by_pid.get(pid) or Child(order=order, pid=pid)

    async def drain(self, grace_s: float) -> None:
        """Ask all children to end at a tick boundary, and wait for them; who takes longer is left to be killed."""
        if self._writer is not None:
            self._writer.write(b'{"drain":true}\n')
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._none_left.wait()

    async def _run_one(self) -> int:
        ours, theirs = socket.socketpair()
        reports_fd, report_fd = os.pipe()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "gridcast.workers.forkserver"),
                *(str(theirs.fileno()), str(report_fd), str(os.getpid())),
                pass_fds=(theirs.fileno(), report_fd),
                stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, **_ENVIRONMENT},
            )
        os.close(report_fd)
        self._server_pid = process.pid
        writer: asyncio.StreamWriter | None = None
        os.set_blocking(reports_fd, False)
        self._reports_fd, self._unread = reports_fd, b""
        loop = asyncio.get_running_loop()
        loop.add_reader(reports_fd, self._read_reports)
        try:
            reader, writer = await asyncio.open_connection(sock=ours, limit=_LINE_BYTES)
            writer.write(self._settings.model_dump_json(exclude=_UNNEEDED).encode() + b"\n")
            self._writer = writer
            while line := await reader.readline():
                self._heard(orjson.loads(line))
            return await process.wait()
        finally:
            if not self._ready.is_set():
                # Still loading, for seconds in which it hears nothing; it has no children.
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            self._ready.clear()
            self._writer = None
            self._server_pid = None
            (writer or ours).close()
            loop.remove_reader(reports_fd)
            self._reports_fd = None
            os.close(reports_fd)
            # It ends by itself when the socket closes; a worker that is cancelled must not leave before it has.
            await asyncio.shield(process.wait())

    def _heard(self, message: dict[str, Any]) -> None:
        match message:
            case {"ready": True}:
                self._ready.set()
            case {"started": str(ident), "pid": int(pid)}:
                self._by_pid[pid] = Child(order=self._orders.pop(ident), pid=pid)
                self._none_left.clear()
                self._answer(ident, pid)
            case {"refused": str(ident), "why": str(why)}:
                del self._orders[ident]
                self._answer(ident, CannotFork(f"the system refuses a new process: {why}"))
            case {"exited": int(pid), "status": int(status)}:
                self._read_reports()  # its last words were said before it ended
                self._ended(self._by_pid.pop(pid), status)
            case _:
                raise ValueError(f"the fork server said {message!r}")

    def _answer(self, ident: str, answer: int | CannotFork) -> None:
        awaited = self._awaited.pop(ident)
        if awaited.done():
            return  # whoever asked has been cancelled; the child runs and is watched all the same
        if isinstance(answer, CannotFork):
            awaited.set_exception(answer)
        else:
            awaited.set_result(answer)

    def _ended(self, child: Child, status: int) -> None:
        if not self._by_pid:
            self._none_left.set()
        self._exited[child.order.kind](child, status)

    def _lost_all(self, why: str) -> None:
        for ident in list(self._awaited):
            del self._orders[ident]
            self._answer(ident, CannotFork(why))
        lost, self._by_pid = self._by_pid, {}
        for child in lost.values():
            self._ended(child, _KILLED)

    def _read_reports(self) -> None:
        """Everything that children have told so far."""
        fd = self._reports_fd
        if fd is None:
            return
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(fd, _READ_BYTES):
                *lines, self._unread = (self._unread + chunk).split(b"\n")
                for line in lines:
                    self._told(Report.decode(line))

    def _told(self, report: Report) -> None:
        child = self._by_pid.get(report.pid)
        if child is not None:
            child.tick, child.lag_s, child.last_words = report.tick, report.lag_s, report.last_words
            child.recording = report.recording
            child.done = report.done
            child.heard = True
            _count(child, report)


def _count(child: Child, report: Report) -> None:
    """Add what a child has counted since its last report to this worker's totals; its spans, to its trace."""
    before, child.report = child.report, report
    if report.publish_counts:
        known = (
            before.publish_counts if before and before.publish_counts else [0] * len(report.publish_counts)
        )
        TOTALS.publish_s.add(
            [now - then for now, then in zip(report.publish_counts, known, strict=True)],
            report.publish_sum_s - (before.publish_sum_s if before else 0.0),
        )
    TOTALS.ticks += report.ticks - (before.ticks if before else 0)
    if tracing.enabled():
        for name, (began_s, ended_s) in report.marks.items():
            if before is None or name not in before.marks:
                parent = child.order.origin.get("traceparent")
                tracing.told(name, parent, began_s=began_s, ended_s=ended_s, session=child.order.id)
