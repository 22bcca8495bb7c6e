"""What all parts share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection

LEASE_S = 2.0
"""Not the default, so that the drill does not take all day."""
SCENARIO = "ieee13-ofo-taps"
TICK_S = 0.1


async def send_command(
    socket: ClientConnection, command_id: str, command: str, args: Mapping[str, Any]
) -> None:
    frame = {"type": "command", "id": command_id, "command": command, "args": args}
    await socket.send(orjson.dumps(frame).decode())
