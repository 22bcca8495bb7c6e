"""Many viewers in one process, the same for every server: it reads, counts and checks offsets, and does nothing else.

`python -m bench.load [GATE]` takes one JSON command a line on standard input and answers each with one line:

    {"do": "connect", "port": 1, "paths": [...], "deflate": false, "timed": false, "nap_s": 0}   all have heard hello
    {"do": "reach", "offset": 500}       every viewer has the entry with this offset; what all saw since the last report
    {"do": "close"}

Into the file GATE, eight bytes long, it writes the offset that the slowest viewer has, for a publisher that waits for it.

A client that decodes JSON costs more than the server that it measures. This one looks at the head of each frame only. It
is so quick that it would fall asleep between two frames to two of its viewers, and the kernel charges waking it to the
server that writes: with `nap_s` it rests that long between two looks, and the server pays for its writes alone, as it does
with viewers on other machines.
"""

from __future__ import annotations

import mmap
import os
import selectors
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

_READ_BYTES = 256 << 10
_PREFIX = b'{"offset":'
_AT = b'"at":'
_AT_WITHIN = 72
"""Publishers put the time of publishing into the first bytes of an entry."""
_HEADS: dict[int, tuple[bytes, int]] = {}
"""Offset to how its frame began where it came first, up to the digits, and its size: most viewers are sent the same."""
_HEADS_KEPT = 1 << 18
_PONG = bytes((0x8A, 0x80, 0, 0, 0, 0))


@dataclass
class Report:
    """What all viewers saw together. Latencies are milliseconds from publishing to reading."""

    frames: int = 0
    bytes: int = 0
    faults: list[str] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    reached_at: float = 0.0

    def fault(self, text: str) -> None:
        if len(self.faults) < 20:
            self.faults.append(text)


class Viewer:
    """One connection whose handshake is done. `at` is the offset of its newest entry, -1 before the first."""

    __slots__ = ("at", "closed", "greeted", "rest", "socket", "timed")

    def __init__(self, connection: socket.socket, *, rest: bytes, at: int, timed: bool) -> None:
        self.socket = connection
        self.rest = rest
        self.at = at
        self.timed = timed
        self.greeted = False
        self.closed = False

    def read(self, report: Report) -> None:
        """Take what is there."""
        try:
            data = self.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return
        report.bytes += len(data)
        self.take(data, report)

    def take(self, data: bytes, report: Report) -> None:
        """Walk over the frames in `data`; what is not whole yet waits."""
        if self.rest:
            data = self.rest + data
        at, place, size, frames = self.at, 0, len(data), 0
        while size - place >= 4:
            known = _HEADS.get(at + 1)
            if known is not None and data.startswith(known[0], place) and size - place >= known[1]:
                at += 1
                frames += 1
                if self.timed:
                    self._time(data, place, report)
                place += known[1]
                continue
            length = data[place + 1]
            start = place + 2
            if length == 126:
                length, start = data[place + 2] << 8 | data[place + 3], place + 4
            elif length == 127:
                if size - place < 10:
                    break
                length, start = int.from_bytes(data[place + 2 : place + 10], "big"), place + 10
            end = start + length
            if end > size:
                break
            if data.startswith(b"%b%d," % (_PREFIX, at + 1), start):
                at += 1
                frames += 1
                if self.timed:
                    self._time(data, start, report)
                if len(_HEADS) < _HEADS_KEPT:
                    _HEADS[at] = (data[place : data.index(b",", start) + 1], end - place)
            else:
                at = self._other(data, place, start, end, at, report)
            place = end
        self.at = at
        self.rest = data[place:]
        report.frames += frames

    def _time(self, data: bytes, start: int, report: Report) -> None:
        at_ns = published_ns(data, start)
        if at_ns is not None:
            report.latencies_ms.append((time.monotonic_ns() - at_ns) / 1e6)

    def _other(self, data: bytes, place: int, start: int, end: int, at: int, report: Report) -> int:
        """What is no entry, or not the next one."""
        if data[place] == 0x89:
            self.socket.send(_PONG)
        elif data[place] == 0x88:
            report.fault(f"closed with {int.from_bytes(data[start : start + 2], 'big')}")
            self.closed = True
        elif data[place] != 0x81:
            report.fault(f"a frame that begins with {data[place]:#x}")
        elif data.startswith(_PREFIX, start):
            offset = int(data[start + len(_PREFIX) : data.index(b",", start)])
            if at >= 0:
                report.fault(f"entry {offset} after {at}")
            report.frames += 1
            return offset
        elif data.startswith(b'{"type":"hello"', start):
            self.greeted = True
        elif not data.startswith(b'{"type":"heartbeat"', start):
            report.fault(data[start : min(end, start + 120)].decode(errors="replace"))
        return at


def published_ns(data: bytes, start: int) -> int | None:
    """When the entry that begins at `start` was published (monotonic), if it says so."""
    found = data.find(_AT, start, start + _AT_WITHIN)
    return int(data[found + 5 : found + 24]) if found >= 0 else None


def shake_hands(port: int, path: str, *, deflate: bool, timed: bool) -> tuple[Viewer, bool]:
    """Connect, upgrade; the viewer, and whether the server took up the offer to compress."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" if deflate else ""
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{offer}"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(4096)
        if not chunk:
            raise ConnectionError(f"{path} was closed during the handshake")
        head += chunk
    head, _, rest = head.partition(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n")[0]:
        raise ConnectionError(head.decode(errors="replace"))
    connection.setblocking(False)
    since = path.partition("since=")[2].partition("&")[0]
    at = int(since) if since.isdigit() else -1
    return Viewer(connection, rest=rest, at=at, timed=timed), b"permessage-deflate" in head


class Load:
    """The viewers, and the commands that stand in line."""

    def __init__(self, gate: Path | None) -> None:
        self.gate: mmap.mmap | None = None
        if gate is not None:
            with gate.open("r+b") as file:
                self.gate = mmap.mmap(file.fileno(), 8)
        self.nap_s = 0.0
        self.viewers: list[Viewer] = []
        self.report = Report()
        self.commands = b""
        self.selector = selectors.DefaultSelector()
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)

    def turn(self, timeout_s: float | None) -> None:
        """Read from everyone who has something."""
        if self.nap_s:
            time.sleep(self.nap_s)
        for key, _ in self.selector.select(timeout_s):
            viewer: Viewer | None = key.data
            if viewer is None:
                chunk = os.read(sys.stdin.fileno(), 1 << 20)
                if not chunk:
                    sys.exit()
                self.commands += chunk
                continue
            viewer.read(self.report)
            if viewer.closed:
                self.selector.unregister(viewer.socket)
                viewer.socket.close()
        if self.gate is not None and self.viewers:
            slowest = max(0, min(viewer.at for viewer in self.viewers))
            self.gate[:8] = slowest.to_bytes(8, "little")

    def run(self) -> None:
        while True:
            self.turn(None)
            while b"\n" in self.commands:
                line, _, self.commands = self.commands.partition(b"\n")
                command = orjson.loads(line)
                done = getattr(self, command.pop("do"))(**command)
                sys.stdout.buffer.write(orjson.dumps(done) + b"\n")
                sys.stdout.buffer.flush()

    def connect(
        self,
        *,
        port: int,
        paths: list[str],
        deflate: bool = False,
        timed: bool = False,
        nap_s: float = 0.0,
    ) -> dict[str, Any]:
        new = []
        for path in paths:
            viewer, compressed = shake_hands(port, path, deflate=deflate, timed=timed)
            if compressed:
                self.report.fault("the server compresses")
            viewer.take(b"", self.report)
            new.append(viewer)
            self.selector.register(viewer.socket, selectors.EVENT_READ, viewer)
            self.turn(0)
        self.viewers += new
        while not all(viewer.greeted or viewer.closed for viewer in new):
            self.turn(1.0)
        self.nap_s = nap_s
        return {"viewers": len(self.viewers)}

    def reach(self, *, offset: int, patience_s: float = 60.0) -> dict[str, Any]:
        deadline = time.monotonic() + patience_s
        while (behind := sum(viewer.at < offset for viewer in self.viewers if not viewer.closed)) > 0:
            self.turn(min(0.05, patience_s))
            if time.monotonic() > deadline:
                self.report.fault(f"{behind} viewers behind {offset} after {patience_s:g} s")
                break
        lost = sum(viewer.closed for viewer in self.viewers)
        if lost:
            self.report.fault(f"{lost} viewers lost their connection")
        done, self.report = self.report, Report()
        done.reached_at = time.monotonic()
        return asdict(done)

    def close(self) -> dict[str, Any]:
        for viewer in self.viewers:
            if not viewer.closed:
                self.selector.unregister(viewer.socket)
                viewer.socket.close()
        self.viewers.clear()
        _HEADS.clear()
        self.nap_s = 0.0
        self.report = Report()
        return {}


if __name__ == "__main__":
    Load(Path(sys.argv[1]) if len(sys.argv) > 1 else None).run()
