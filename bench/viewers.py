"""Many WebSocket viewers in one process, which check what they get and remember when."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import connect

CONNECT: dict[str, Any] = {"compression": None, "max_size": None, "ping_interval": None}


@dataclass
class Seen:
    """What one viewer saw. Times are `time.monotonic()`."""

    frames: int = 0
    ticks: int = 0
    last_offset: int = 0
    first_ticks_at: float | None = None
    last_ticks_at: float | None = None
    ended_at: float | None = None
    faults: list[str] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)


async def watch(url: str, *, keep_arrivals: bool = False) -> Seen:
    """Read one session's stream to its end, checking that no entry is missing or repeated."""
    seen = Seen()
    async with connect(url, **CONNECT) as socket:
        async for frame in socket:
            now = time.monotonic()
            seen.frames += 1
            message = orjson.loads(frame)
            offset = message.get("offset")
            if offset is None:
                if message["type"] in {"reset", "skipped", "error"}:
                    seen.faults.append(str(message))
                continue
            if offset != seen.last_offset + 1:
                seen.faults.append(f"offset {offset} after {seen.last_offset}")
            seen.last_offset = offset
            if message["type"] == "ticks":
                if message["first"] != seen.ticks:
                    seen.faults.append(f"tick {message['first']} after {seen.ticks} ticks")
                seen.ticks += len(message["t_s"])
                seen.first_ticks_at = seen.first_ticks_at or now
                seen.last_ticks_at = now
                if keep_arrivals:
                    seen.arrivals.append(now)
    seen.ended_at = time.monotonic()
    return seen


async def watch_all(url: str, count: int) -> list[Seen]:
    return list(await asyncio.gather(*(watch(url) for _ in range(count))))
