"""Whether a worker of this host says that it is alive: `python -m gridcast.workers.alive`, its container's health check."""

from __future__ import annotations

import asyncio
import socket
import sys

from gridcast.broadcaster import BrokerUnavailable, load_settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.errors import BadSettings
from gridcast.broadcaster.workers import Heartbeats


async def alive(host: str) -> bool:
    """A worker beats once it could start a session at once. Raises `BadSettings`, `BrokerUnavailable`."""
    client = async_client(load_settings())
    try:
        return host in [beat["host"] for beat in await Heartbeats(client).alive()]
    finally:
        await client.aclose()


def main() -> str | None:
    """Why it is not, if it is not."""
    host = socket.gethostname()
    try:
        return None if asyncio.run(alive(host)) else f"no worker on {host} says that it is alive"
    except (BadSettings, BrokerUnavailable) as error:
        return f"error: {error}"


if __name__ == "__main__":
    sys.exit(main())
