"""One abusive user: requests at a rate that nobody may have, whatever the answers are.

`python -m bench.flood PORT TOKEN PER_S SECONDS` asks over 32 connections, many requests behind each other on each, and waits
for no answer. It prints one JSON line: how many requests it wanted to send, how many the server took, the answers by status.
"""

from __future__ import annotations

import os
import re
import selectors
import socket
import sys
import time
from collections import Counter

import orjson

CONNECTIONS = 32
TURN_S = 0.01
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def flood(port: int, token: str, per_s: int, seconds: float) -> dict[str, object]:
    """Ask, until the time is over."""
    request = f"GET /api/sessions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    selector = selectors.DefaultSelector()
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
    statuses: Counter[str] = Counter()
    offered, taken = 0, 0
    rests = dict.fromkeys(selector.get_map(), b"")
    begin = time.monotonic()
    while (past_s := time.monotonic() - begin) < seconds:
        due = int(per_s * past_s) - offered
        offered += due
        each = max(1, due // CONNECTIONS)
        for key, mask in selector.select(0):
            asking = key.fileobj
            assert isinstance(asking, socket.socket)
            if mask & selectors.EVENT_READ:
                try:
                    for found in _STATUS.findall(asking.recv(1 << 18)):
                        statuses[found.decode()] += 1
                except OSError:
                    selector.unregister(asking)
                    continue
            if mask & selectors.EVENT_WRITE and due > 0:
                data = rests[key.fd] or request * each
                try:
                    sent = asking.send(data)
                except OSError:
                    continue
                taken += sent // len(request)
                rests[key.fd] = data[sent:]
        time.sleep(TURN_S)
    return {"offered": offered, "taken": taken, "statuses": dict(statuses)}


if __name__ == "__main__":
    # Its own work must not be taken for the server's.
    os.nice(10)
    found = flood(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    sys.stdout.write(orjson.dumps(found).decode() + "\n")
