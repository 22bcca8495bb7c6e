"""What strangers may send: JSON that nearly makes sense, frames and requests that are wrong below it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any, get_args

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from gridcast.api.models import Command

BITS = (b'"', b"{", b"}", b"[", b",", b":", b"0", b"-", b"e9", b"\\u0000")
"""What a text is bent with."""

COMMANDS = (*get_args(Command), "nonsense")

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NEARLY = st.fixed_dictionaries(
    {"type": st.sampled_from(["command", "ping", "playhead", "cancel", ""]) | JSON},
    optional={
        "id": st.text(max_size=70) | JSON,
        "command": st.sampled_from(COMMANDS) | JSON,
        "args": st.dictionaries(
            st.sampled_from(["ticks", "t_s", "x", "bus", "regulators", "datacenter", "name", "enabled"]),
            JSON,
            max_size=4,
        )
        | JSON,
        "tick": st.integers() | JSON,
        "op": st.sampled_from(["characterize", "heatmap", "scan"]) | JSON,
        "config": JSON,
        "detach": JSON,
    },
)
TEXTS = (NEARLY | JSON).map(lambda value: json.dumps(value).encode())


def generated(strategy: st.SearchStrategy[Any], count: int, *, seed: int) -> list[Any]:
    """Values that hypothesis makes, in its order."""
    found: list[Any] = []

    @seeded(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def keep(value: Any) -> None:
        found.append(value)

    keep()
    return found


def bent(chance: random.Random, text: bytes, times: int) -> bytes:
    """A text with so many bytes changed, still UTF-8."""
    raw = bytearray(text)
    for _ in range(times):
        place = chance.randrange(len(raw) + 1)
        raw[place : place + chance.randrange(2)] = chance.choice(
            (b'"', b"{", b"}", b"[", b",", b":", b"0", b"-", b"e9", b"\\u0000")
        )
    return bytes(raw).decode(errors="ignore").encode()


def handshake(path: str, port: int) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


class Noise:
    """Frames and requests that are wrong below JSON."""

    def __init__(self, chance: random.Random, port: int, session: str) -> None:
        self._chance = chance
        self._port = port
        self._session = session

    def frame(self) -> bytes:
        """Something like a frame: any bits in its head, any length told, any bytes; often a good head around noise."""
        chance = self._chance
        body = chance.randbytes(chance.choice((0, 1, 5, 125, 126, 1000, 70_000)))
        kind = chance.randrange(6)
        if kind == 0:
            return chance.randbytes(chance.randrange(1, 40))
        if kind == 1:
            return bytes([chance.randrange(256), chance.randrange(256)]) + body[:200]
        opcode = chance.choice(
            (Opcode.TEXT, Opcode.BINARY, Opcode.CONT, Opcode.PING, Opcode.PONG, Opcode.CLOSE)
        )
        control = opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE)
        if control:
            body = body[:125]
        return Frame(opcode, body, fin=control or chance.random() < 0.8).serialize(mask=kind != 2)

    def request(self) -> bytes:
        """A good request with some of its bytes changed, taken out, doubled; or noise alone."""
        chance = self._chance
        if chance.random() < 0.05:
            return chance.randbytes(chance.randrange(1, 300))
        raw = bytearray(chance.choice(self._good()))
        for _ in range(chance.choice((0, 1, 1, 2, 5, 20))):
            place = chance.randrange(len(raw) + 1)
            match chance.randrange(4):
                case 0:
                    raw[place : place + 1] = chance.randbytes(1)
                case 1:
                    del raw[place : place + chance.randrange(1, 10)]
                case 2:
                    raw[place:place] = raw[place : place + 20] * chance.choice((1, 3))
                case _:
                    raw[place:place] = chance.choice(
                        (b"\r\n", b"\0", b"%00", b"../", b"\xff", b"NaN", b"[" * 40, b'"')
                    )
        return bytes(raw) or b"\n"

    def _good(self) -> Sequence[bytes]:
        host = f"Host: 127.0.0.1:{self._port}\r\n".encode()

        def post(path: str, body: object, more: bytes = b"") -> bytes:
            raw = orjson.dumps(body)
            head = f"POST {path} HTTP/1.1\r\n".encode() + host + more
            length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(raw)
            return head + length + raw

        def get(path: str, more: bytes = b"") -> bytes:
            return f"GET {path} HTTP/1.1\r\n".encode() + host + more + b"\r\n"

        here = f"/api/sessions/{self._session}"
        return (
            get("/healthz"),
            get("/"),
            get("/api/sessions?limit=2&cursor=WzEsImEiXQ"),
            get(here),
            get(f"{here}/ticks?from=0&to=9&max_points=5&fields=v,taps"),
            get(f"{here}/export?format=csv"),
            get(f"/api/compare?ids={self._session},{self._session}"),
            get("/api/audit?limit=3&user=a"),
            get("/metrics", b"X-Request-ID: abc\r\nAccept-Encoding: gzip\r\n"),
            post(
                "/api/sessions",
                {"scenario": "nowhere", "overrides": {"datacenters.0.bus": "671"}, "speed": 2.5},
            ),
            post(
                f"{here}/commands",
                {"command": "speed", "args": {"x": 3}, "id": "c1"},
                b"Content-Encoding: gzip\r\n",
            ),
            post(
                f"{here}/fork",
                {"at_tick": 3, "overrides": {"duration_s": 60}, "commands": [{"command": "pause"}]},
            ),
            post("/api/tasks", {"scenario": "ieee13", "space": {"seed": {"type": "int", "low": 0}}}),
            post("/api/operations/heatmap?wait=false", {"name": "ieee13", "param_x": "v_min"}),
            handshake(f"/api/ws/sessions/{self._session}?since=0&mode=latest", self._port),
            handshake("/sim/stream?scenario=nowhere&duration_s=5", self._port),
        )
