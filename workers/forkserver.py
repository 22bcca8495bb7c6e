"""A warm process that forks children, for sessions and for simulations without viewers: OpenG2G is imported and its figures
are cached once, for all of them.

Started by a worker (`children.py`) as `python -m gridcast.workers.forkserver CONTROL_FD REPORT_FD PARENT_PID`. Over the
control socket come lines of JSON: first the settings, then orders (`{"order": ...}`) and `{"drain": true}`; back go
`{"ready": true}`, `{"started": id, "pid": n}`, `{"refused": id, "why": text}` and
`{"exited": pid, "status": wait status}`. Children write their reports into the report pipe themselves.

It has one thread, because a fork copies only the one that calls it. When the worker's end of the socket closes, it kills
its children and ends; the kernel does the same where it cannot.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
from dataclasses import replace
from typing import Any

import orjson
import structlog

from gridcast.broadcaster import Settings
from gridcast.broadcaster.logs import set_up_logs
from gridcast.broadcaster.origin import words
from gridcast.broadcaster.totals import TOTALS
from gridcast.broadcaster.workers import RecordingState

from .engine.build import warm
from .engine.headless import host_simulation
from .engine.run import host
from .marks import MARKS
from .orders import Exit, Order, Report
from .processes import end_with_parent
from .versions import versions

log = structlog.get_logger(__name__)

_READ_BYTES = 1 << 16
_HELD_BACK = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


class ForkServer:
    """The loop between the worker and the children."""

    def __init__(self, control: socket.socket, report_fd: int) -> None:
        self._control = control
        self._report_fd = report_fd
        self._children: set[int] = set()
        self._unread = b""

    def serve(self) -> None:
        """Fork for every order, report every exit; returns when the worker is gone and no child is left."""
        settings = Settings.model_validate_json(self._first_line())
        set_up_logs(settings, process="forkserver")
        warm(specs_dir=settings.specs_dir)
        versions()
        gc.collect()
        gc.freeze()  # what is shared by fork stays shared: the collector does not touch it any more
        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        self._inherited = [self._control, woken, waker]
        self._send({"ready": True})
        with selectors.DefaultSelector() as selector:
            self._inherited_selector = selector
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is woken:
                        woken.recv(_READ_BYTES)
                        self._reap()
                    else:
                        chunk = self._receive()
                        if not chunk:
                            self._kill_all()
                            return
                        *lines, self._unread = (self._unread + chunk).split(b"\n")
                        for line in lines:
                            self._obey(orjson.loads(line), settings)

    def _first_line(self) -> bytes:
        while b"\n" not in self._unread:
            chunk = self._receive()
            if not chunk:
                sys.exit("fork server: the worker ended before it sent its settings")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _obey(self, message: dict[str, Any], settings: Settings) -> None:
        if "drain" in message:
            for pid in self._children:
                os.kill(pid, signal.SIGTERM)
            return
        order = Order(**message["order"])
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)  # until the child has handlers of its own
        try:
            server_pid = os.getpid()
            try:
                pid = os.fork()
            except OSError as error:
                self._send({"refused": order.id, "why": error.strerror})
                return
            if pid == 0:
                self._become_child(order, settings, server_pid)
            self._children.add(pid)
            self._send({"started": order.id, "pid": pid})
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)

    def _become_child(self, order: Order, settings: Settings, server_pid: int) -> None:
        """Never returns: the child must not get into the server's loop."""
        code = int(Exit.CRASHED)
        try:
            end_with_parent(server_pid)
            signal.set_wakeup_fd(-1)
            self._inherited_selector.close()
            for inherited in self._inherited:
                inherited.close()
            about = {"attempt": order.attempt, **words(order.origin)}
            structlog.contextvars.bind_contextvars(process=order.kind, **{order.kind: order.id}, **about)
            code = _run_child(order, settings, self._report_fd)
        except BaseException:  # nothing above this frame but the fork server's own loop
            with contextlib.suppress(Exception):
                log.exception("child_crashed", kind=order.kind, id=order.id)
        finally:
            with contextlib.suppress(Exception):
                sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._children.discard(pid)
            self._send({"exited": pid, "status": status})

    def _kill_all(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            os.waitpid(pid, 0)

    def _receive(self) -> bytes:
        """What the worker said; empty when it is gone."""
        try:
            return self._control.recv(_READ_BYTES)
        except ConnectionResetError:  # it ended without reading all that we said
            return b""

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the next read tells that the worker is gone
            self._control.sendall(orjson.dumps(message) + b"\n")


def _run_child(order: Order, settings: Settings, report_fd: int) -> int:
    """Host the session or compute the simulation in this forked process; SIGTERM asks it to end at a tick boundary."""
    asked_to_end = False
    newest = Report(pid=os.getpid(), tick=0, lag_s=0.0)

    def end(_number: int, _frame: object) -> None:
        nonlocal asked_to_end
        asked_to_end = True

    def tell(tick: int, lag_s: float, last_words: str | None, recording: RecordingState) -> None:
        nonlocal newest
        newest = Report(
            pid=os.getpid(), tick=tick, lag_s=lag_s, last_words=last_words, recording=recording, **counted()
        )
        send(newest)

    def counted() -> dict[str, Any]:
        publish = TOTALS.publish_s
        return {
            "ticks": TOTALS.ticks,
            "publish_counts": list(publish.counts),
            "publish_sum_s": publish.sum,
            "marks": dict(MARKS),
        }

    def send(report: Report) -> None:
        with contextlib.suppress(BlockingIOError):  # a worker that does not read misses a report, no more
            os.write(report_fd, report.encode())

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)
    if order.kind == "simulation":
        return int(host_simulation(order, settings, draining=lambda: asked_to_end, send=send))
    try:
        return int(host(order, settings, draining=lambda: asked_to_end, tell=tell))
    finally:
        send(replace(newest, **counted()))


def main(control_fd: int, report_fd: int, parent_pid: int) -> None:
    end_with_parent(parent_pid)
    # Ctrl-C and SIGTERM may reach the whole process group: the worker alone decides how its sessions end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.set_blocking(report_fd, False)
    ForkServer(socket.socket(fileno=control_fd), report_fd).serve()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
