"""The floor of fan-out: the same frames to as many viewers by bare `socket.send`, nothing received, nothing looked at.

`python -m bench.floor VIEWERS` tells its port, {"port": 1}, takes in that many viewers of `bench.load`, and then does one
JSON command a line on standard input, {"calls": 200, "hz": 50, "size": 2000}, answered with the CPU seconds that it took.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Mapping

import orjson

from gridcast.api.frames import message, text_head

FIRST = 2
"""Offset of the first entry: viewers come with `since=1`."""


def answer(found: Mapping[str, object]) -> None:
    print(orjson.dumps(found).decode(), flush=True)


def take_in(count: int) -> list[socket.socket]:
    """Shake hands with so many viewers."""
    with socket.socket() as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(count)
        answer({"port": listener.getsockname()[1]})
        viewers: list[socket.socket] = []
        while len(viewers) < count:
            viewer, _ = listener.accept()
            viewer.recv(4096)
            viewer.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + message("hello").wire)
            viewers.append(viewer)
    return viewers


def send(viewers: list[socket.socket], *, calls: int, hz: float, size: int) -> dict[str, float]:
    """Send an entry to all of them `hz` times a second."""
    began_cpu_s, began_s = time.thread_time(), time.monotonic()
    for call in range(calls):
        time.sleep(max(0.0, began_s + call / hz - time.monotonic()))
        entry = b'{"offset":%d,"x":"%b"}' % (FIRST + call, b"x" * (size - 30))
        frame = text_head(len(entry)) + entry
        for viewer in viewers:
            viewer.send(frame)
    return {"cpu_s": time.thread_time() - began_cpu_s}


if __name__ == "__main__":
    taken_in = take_in(int(sys.argv[1]))
    for line in sys.stdin:
        answer(send(taken_in, **orjson.loads(line)))
