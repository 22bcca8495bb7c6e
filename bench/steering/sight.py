"""What one viewer sees of a session, over any number of connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from bench.viewers import CONNECT

OVER = {"completed", "stopped", "failed"}
PATIENCE_S = 60.0
RETRY_S = 0.05


@dataclass(kw_only=True)
class Sight:
    """What one viewer saw of a session, over all its connections. Times are `time.monotonic()`, stamps the log's."""

    offset: int = 0
    epoch: str | None = None
    rows: list[bytes] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    stamps: list[tuple[int, float]] = field(default_factory=list)
    statuses: list[tuple[str, float]] = field(default_factory=list)
    digest: str | None = None
    faults: list[str] = field(default_factory=list)
    connections: int = 0
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> bool:
        return bool(self.statuses) and self.statuses[-1][0] in OVER

    async def until_ticks(self, count: int) -> None:
        """Return when so many ticks were seen."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.rows) < count:
                self.grown.clear()
                await self.grown.wait()

    async def watch(self, url: str) -> None:
        """Follow a session to its end; whenever the connection is lost, go on behind the last entry that came."""
        while not self.over:
            asked = f"?since={self.offset}" + (f"&epoch={self.epoch}" if self.epoch else "")
            try:
                async with connect(url + asked, open_timeout=5, **CONNECT) as socket:
                    self.connections += 1
                    async for frame in socket:
                        self._take(orjson.loads(frame), time.monotonic())
            except (OSError, TimeoutError, WebSocketException):
                pass  # nobody serves just now
            await asyncio.sleep(RETRY_S)

    def _take(self, message: dict[str, Any], now_s: float) -> None:
        offset = message.get("offset")
        if offset is None:
            self.epoch = message.get("epoch", self.epoch)
            if message["type"] in {"reset", "skipped", "error"}:
                self.faults.append(str(message))
            return
        if offset != self.offset + 1:
            self.faults.append(f"offset {offset} after {self.offset}")
        self.offset = offset
        match message["type"]:
            case "ticks":
                if message["first"] != len(self.rows):
                    self.faults.append(f"tick {message['first']} after {len(self.rows)} ticks")
                self.rows += [orjson.dumps(row_of(message, n)) for n in range(len(message["t_s"]))]
                self.arrivals.append(now_s)
                self.stamps.append((message["first"], message["ts"]))
            case "status":
                self.statuses.append((message["status"], now_s))
            case "summary":
                self.digest = message["digest"]
        self.grown.set()


def row_of(entry: Mapping[str, Any], n: int) -> Any:
    """What a `ticks` entry says of one of its ticks; what the session says of itself (its lag) is not part of the run."""

    def of_tick(value: Any) -> Any:
        return (
            {name: of_tick(column) for name, column in value.items()} if isinstance(value, dict) else value[n]
        )

    tick = entry["first"] + n
    events = [event for event in entry["events"] if event["tick"] == tick and event["source"] != "custom"]
    controls = [control for control in entry["controls"] if control["tick"] == tick]
    return [*(of_tick(entry[name]) for name in ("t_s", "v", "dc", "taps", "storage")), events, controls]
