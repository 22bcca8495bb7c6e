"""Whatever strangers send: 100,000 frames and requests, some that nearly make sense and some that are noise.

Nothing of it may be answered with a mistake of ours, end the process, or leave anything in its memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
import redis
from websockets.frames import Frame, Opcode

from bench.noise import TEXTS, Noise, bent, generated, handshake
from bench.report import Report
from bench.service import resident_bytes
from tests.api.contract import Contract
from tests.valkey import ValkeyServer, free_port

WHOLE = 100_000
QUICK = 4_000
WARM_SHARE = 0.3
"""Of all inputs: what the process has grown to by then is what it needs; then it may grow no more."""
GROWTH = 1.10
SOCKETS = 48
FRAMES_EACH = 40
"""Frames that one socket takes before it is opened anew."""
ANSWER_S = 20.0
PATIENCE_S = 0.5
"""For the answer to a request that may not be whole."""


@dataclass(kw_only=True)
class Tally:
    """What came of it."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    closes: Counter[int] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)
    unanswered: int = 0

    def answered(self, raw: bytes, *, to: bytes) -> None:
        """Look at what a request got."""
        if raw.startswith(b"HTTP/1.1 "):
            status = int(raw[9:12])
            self.statuses[status] += 1
            if status >= 500 and b" /readyz" not in to[:200]:
                self.mistakes.append(f"{status} for {to[:300]!r}")


class Target:
    """An API process, with a log that is read afterwards."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        self.port = free_port()
        self._redis_url = redis_url
        self.log = folder / "api.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gridcast.api.main", "--port", str(self.port)],
                env={
                    **os.environ,
                    "GRIDCAST_REDIS_URL": redis_url,
                    "GRIDCAST_RECORDINGS": "off",
                    "GRIDCAST_LOG_FORMAT": "json",
                },
                stderr=out,
            )
        self.url = f"http://127.0.0.1:{self.port}"
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.TransportError):
                if httpx2.get(f"{self.url}/healthz").status_code == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError("the API process did not start")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def descriptors(self) -> int:
        """Open ones, but for connections to the broker: they are kept, as many as were once needed at the same time."""
        with redis.Redis.from_url(self._redis_url) as client:
            to_broker = client.info("clients")["connected_clients"] - 1
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir())) - int(to_broker)

    def errors(self) -> list[str]:
        """Lines that tell of a mistake of ours."""
        found = []
        for line in self.log.read_bytes().splitlines():
            event = (
                orjson.loads(line) if line.startswith(b"{") else {"level": "error", "event": line.decode()}
            )
            if event.get("level") in ("error", "critical"):
                found.append(f"{event.get('event')}: {str(event.get('exception', ''))[-300:]}")
        return found

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


async def closed_by(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def feed_socket(target: Target, path: str, frames: Sequence[bytes], tally: Tally) -> None:
    """Send frames over one socket until it is closed; what was not taken counts as sent, for the next socket is like it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=1 << 22)
    reading: asyncio.Task[bytes] | None = None
    try:
        writer.write(handshake(path, target.port))
        async with asyncio.timeout(ANSWER_S):
            head = await reader.readuntil(b"\r\n\r\n")
        tally.answered(head, to=path.encode())
        reading = asyncio.create_task(reader.read(-1))
        for frame in frames:
            tally.sent += 1
            writer.write(frame)
            await writer.drain()
        # A good end, so that all before it was read when the other side closes.
        writer.write(Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True))
        writer.write_eof()
        async with asyncio.timeout(ANSWER_S):
            last = await reading
        if (place := last.rfind(b"\x88")) >= 0 and len(last) - place >= 4:
            code = int.from_bytes(last[place + 2 : place + 4], "big")
            tally.closes[code] += 1
            if code == 1011:
                tally.mistakes.append(f"a socket at {path} was closed with 1011")
    except TimeoutError:
        tally.mistakes.append(f"a socket at {path} was not closed within {ANSWER_S:g} s")
    except (OSError, asyncio.IncompleteReadError):
        tally.closes[1006] += 1
    finally:
        if reading is not None:
            reading.cancel()
        await closed_by(writer)


async def feed_request(target: Target, raw: bytes, tally: Tally) -> None:
    """Send one request, and read what comes until nothing more does."""
    tally.sent += 1
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=1 << 22)
    try:
        writer.write(raw)
        # One that is not whole is waited for, by the server longer than by us.
        async with asyncio.timeout(PATIENCE_S):
            tally.answered(await reader.read(1 << 16), to=raw)
    except (OSError, TimeoutError):
        tally.unanswered += 1
    finally:
        await closed_by(writer)


def pieces(items: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def feed(target: Target, tally: Tally, *, count: int, session: str, seed: int) -> None:
    """Send `count` inputs: half frames of JSON, a quarter noise in frames, a quarter requests."""
    chance = random.Random(seed)
    noise = Noise(chance, target.port, session)
    texts = generated(TEXTS, max(1, count // 10), seed=seed)
    paths = (
        f"/api/ws/sessions/{session}?since=live",
        f"/api/ws/sessions/{session}?since=live&format=full&mode=latest",
        "/ws/progress",
        "/api/ws/tasks/nothere",
        "/sim/stream?scenario=nowhere",
    )
    # Each text five times, changed a little: what hypothesis makes costs more than what is made of it.
    json_frames = [
        Frame(Opcode.TEXT, bent(chance, text, n)).serialize(mask=True) for text in texts for n in range(5)
    ]
    noisy = [noise.frame() for _ in range(count // 4)]
    requests = [noise.request() for _ in range(count // 4)]
    turn = asyncio.Semaphore(SOCKETS)

    async def one(work: Callable[[], Any]) -> None:
        async with turn:
            await work()

    async with asyncio.TaskGroup() as tasks:
        for n, frames in enumerate(pieces(json_frames, FRAMES_EACH)):
            path = paths[n % len(paths)] if n % 10 == 9 else paths[n % 3]
            tasks.create_task(one(lambda path=path, frames=frames: feed_socket(target, path, frames, tally)))  # type: ignore[misc]
        for n, frames in enumerate(pieces(noisy, 3)):
            path = paths[n % 3]
            tasks.create_task(one(lambda path=path, frames=frames: feed_socket(target, path, frames, tally)))  # type: ignore[misc]
        for raw in requests:
            tasks.create_task(one(lambda raw=raw: feed_request(target, raw, tally)))  # type: ignore[misc]


def run(*, quick: bool) -> Report:
    report = Report(title="Fuzzing: frames and requests of strangers")
    total = QUICK if quick else WHOLE
    broker_folder = tempfile.TemporaryDirectory(prefix="gridcast-fuzz-")
    with broker_folder as folder:
        broker = ValkeyServer(Path(folder) / "broker")
        broker.start()
        target = Target(broker.url, Path(folder))
        try:
            tally, grown, descriptors, by_document = _measured(target, total)
        finally:
            target.end()
            broker.stop()
        errors = target.errors()
    report.add("frames and requests sent", [tally.sent + by_document.requests], at_least=0.95 * total)
    report.add("of them made from the OpenAPI document", [by_document.requests])
    report.add("answers with 5xx", [len(tally.mistakes) + len(by_document.mistakes)], at_most=0)
    report.add("errors in the log", [len(errors)], at_most=0)
    report.add("processes that ended", [float(not grown)], at_most=0)
    report.add("memory at the end / once warm", [grown], at_most=GROWTH)
    report.add("descriptors at the end - once warm", [descriptors], at_most=4)
    report.notes += [f"statuses {dict(sorted((tally.statuses + Counter(by_document.statuses)).items()))}"]
    report.notes += [
        f"close codes (0: not closed within {ANSWER_S:g} s) {dict(sorted(tally.closes.items()))}"
    ]
    report.notes += [*tally.mistakes[:5], *by_document.mistakes[:5], *sorted(set(errors))[:5]]
    return report


def _measured(target: Target, total: int) -> tuple[Tally, float, float, Any]:
    """The tally, growth of memory (0 if the process ended), open descriptors more than before, the document's part."""
    contract = Contract(target.url)
    tally = Tally()
    part = max(200, int(WARM_SHARE * total))
    asyncio.run(feed(target, tally, count=part, session=contract.session, seed=1))
    by_document = contract.run(valid=False, examples=max(1, total // 1000))
    more = contract.run(valid=True, examples=max(1, total // 1000))
    by_document.requests += more.requests
    by_document.mistakes += more.mistakes
    by_document.statuses = dict(Counter(by_document.statuses) + Counter(more.statuses))
    warm, open_then = resident_bytes(target.process.pid), target.descriptors()
    seed = 2
    while target.alive and (left := total - tally.sent - by_document.requests) > 100:
        asyncio.run(feed(target, tally, count=min(part, left), session=contract.session, seed=seed))
        seed += 1
    if not target.alive:
        return tally, 0.0, 0.0, by_document
    grown = resident_bytes(target.process.pid) / warm
    return tally, grown, float(target.descriptors() - open_then), by_document
