"""The floor of latency: who listens to the broker itself hears an entry so soon, with no server and no WebSocket in between.

`python -m bench.heard REDIS_URL CHANNEL COUNT` says {"ready": 1} when it listens to the Pub/Sub channel, and after so many
entries {"latencies_ms": [...]}, each from publishing to reading.
"""

from __future__ import annotations

import socket
import sys
import time
from urllib.parse import urlsplit

import hiredis

from bench.floor import answer
from bench.load import published_ns


def listen(url: str, channel: str, count: int) -> list[float]:
    parts = urlsplit(url)
    latencies_ms: list[float] = []
    reader = hiredis.Reader()
    with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379)) as broker:
        broker.sendall(b"SUBSCRIBE %b\r\n" % channel.encode())
        while len(latencies_ms) < count:
            said = broker.recv(1 << 16)
            if not said:
                raise ConnectionError("the broker has gone")
            reader.feed(said)
            now_ns = time.monotonic_ns()
            while (reply := reader.gets()) is not False:
                kind, _, data = reply
                if kind == b"subscribe":
                    answer({"ready": 1})
                elif (at_ns := published_ns(data, 0)) is not None:
                    latencies_ms.append((now_ns - at_ns) / 1e6)
    return latencies_ms


if __name__ == "__main__":
    answer({"latencies_ms": listen(sys.argv[1], sys.argv[2], int(sys.argv[3]))})
