"""A coordinator of the tests: brings operations along by hand, as far as a test wants."""

from __future__ import annotations

from typing import Any

import orjson

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.operation_events import complete, error, progress, progress_of
from tests.api.coordinating import Coordinator

X = "datacenters.0.base_kw_per_phase"
Y = "datacenters.0.power_factor"
HEATMAP: dict[str, Any] = {
    "name": "ieee13",
    "param_x": X,
    "x_min": 100,
    "x_max": 300,
    "x_steps": 2,
    "param_y": Y,
    "y_min": 0.9,
    "y_max": 0.95,
    "y_steps": 2,
}
STEPS = 4
RESULT = {"op": "heatmap", "values": [[1.0, 2.0], [3.0, None]]}


class Operator(Coordinator):
    """Holds one operation's lease and says what it is told to."""

    def __init__(self, settings: Settings, operation_id: str) -> None:
        super().__init__(settings, operation_id)
        self.channel = Channel("operation", operation_id)

    async def take(self) -> None:
        """Become the coordinator; the operation runs from now on."""
        self._token = await self._leases.acquire(self.channel)
        await self.step(0, "running", status="running", started="6.0")

    async def step(
        self, step: int, msg: str = "", *, point: dict[str, Any] | None = None, **meta: Any
    ) -> None:
        """So many points are over."""
        told = progress_of(step, STEPS, msg or f"cell {step}/{STEPS}")
        await self.raw(
            [progress(self.channel.id, told, point=point)],
            applied=[] if point is None else [point],
            progress=orjson.dumps(told),
            **meta,
        )

    async def complete(self) -> None:
        await self._last(complete(self.channel.id, RESULT), status="completed", simulations="4", cached="1")

    async def fail(self, msg: str = "it broke") -> None:
        await self._last(error(self.channel.id, msg, "failed"), status="failed", reason=msg)

    async def cancelled(self) -> None:
        """Do what a coordinator does when it finds the command to."""
        await self._last(
            error(self.channel.id, "cancelled", "cancelled"), status="cancelled", reason="cancelled"
        )

    async def commands_so_far(self) -> list[str]:
        return [command.command for command in await self.commands.read_all(self.channel)]

    async def _last(self, entry: bytes, **meta: Any) -> None:
        newest = await self.redis.xrevrange(self.channel.commands, count=1)
        await self.raw([entry], ended="9.0", answered=newest[0][0] if newest else "0-0", **meta)
        await self._leases.release(self.channel, self._token)
