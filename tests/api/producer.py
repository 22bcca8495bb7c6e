"""A session child of the tests: writes entries as a real one does, as fast or as slowly as a test needs."""

from __future__ import annotations

from typing import Any

import orjson

from gridcast.broadcaster import AsyncLeases, Channel, Channels, CommandLog
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.sessions import Sessions, Status, command_entry, status_entry
from gridcast.broadcaster.settings import Settings
from tests.api.examples import schema, ticks

RECORD: dict[str, Any] = {
    "title": "IEEE 13",
    "scenario": "ieee13",
    "overrides": {},
    "seed": 0,
    "speed": "max",
    "on_idle": "continue",
    "owner": "local",
    "created": 5.0,
    "config": {},
    "parent": None,
}


class Producer:
    """Holds a session's lease and publishes to its channel."""

    def __init__(self, settings: Settings, session_id: str = "k3v9") -> None:
        self.channel = Channel.session(session_id)
        self._redis = async_client(settings)
        self.channels = Channels(self._redis)
        self.sessions = Sessions(self._redis)
        self.commands = CommandLog(self._redis)
        self._leases = AsyncLeases(self._redis, owner="test", ttl_s=60)
        self._token = 0
        self.head = 1
        self.tick = 0
        self._trim = 0
        self._answered = "0-0"

    async def create(self, *, n_ticks: int = 1000, **record: Any) -> None:
        await self.sessions.create(
            self.channel.id, record={**RECORD, "id": self.channel.id, **record}, n_ticks=n_ticks, created=5.0
        )

    async def take(self) -> None:
        """Take a session over that somebody else created."""
        self._token = await self._leases.acquire(self.channel)

    async def begin(self, *, n_ticks: int = 1000) -> None:
        """Create a session and bring it to `running`: offsets 1 (queued), 2 (schema), 3 (running)."""
        await self.create(n_ticks=n_ticks)
        await self.take()
        await self.publish(
            schema(self.channel.id, n_ticks), meta={"schema": orjson.dumps(schema(self.channel.id, n_ticks))}
        )
        await self.status("running")

    async def publish(self, *entries: dict[str, Any], meta: dict[str, Any] | None = None) -> None:
        await self.raw([orjson.dumps(entry) for entry in entries], meta)

    async def raw(self, entries: list[bytes], meta: dict[str, Any] | None = None) -> None:
        result = await self.channels.publish(
            self.channel,
            token=self._token,
            expected=self.head + 1,
            entries=entries,
            meta=meta,
            trim=self._trim,
        )
        self.head = result.head

    async def ticks(self, entries: int, *, each: int = 5, padding: int = 0) -> None:
        """Publish `entries` entries with `each` ticks, one by one."""
        for _ in range(entries):
            await self.publish(ticks(self.tick, each, padding=padding), meta={"tick": self.tick + each})
            self.tick += each

    async def status(self, status: Status) -> None:
        await self.raw([status_entry(status, tick=self.tick, attempt=1)], {"status": status})

    async def finish(self) -> None:
        """The last status."""
        await self.raw(
            [status_entry("completed", tick=self.tick, attempt=1)], {"status": "completed", "ended": "9.0"}
        )

    async def trim(self, first: int) -> None:
        """Let the log begin with offset `first`, from the next entry on."""
        self._trim = first

    async def answer(self, *, error: str | None = None) -> list[str]:
        """Answer all commands that wait; their names in order."""
        waiting = await self.commands.read(self.channel, after=self._answered)
        for command in waiting:
            await self.raw([command_entry(command, tick=self.tick, error=error)])
            self._answered = command.at
        return [command.command for command in waiting]

    async def aclose(self) -> None:
        await self._redis.aclose()
