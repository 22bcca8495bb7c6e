"""The last span of a session's trace: its first tick is handed to a viewer. Nothing of this runs where nobody traces."""

from __future__ import annotations

import asyncio
import time

from gridcast.broadcaster import BrokerUnavailable, Channel, Entry, tracing
from gridcast.broadcaster.sessions import Sessions

MAX_KNOWN = 10_000
"""Sessions of which it is remembered that their time has come; then all are forgotten."""

FIRST = b'"first":0,'


class FirstTicks:
    """Watches what this process hands to its readers. Where several processes have viewers, each tells its own first."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._known: set[Channel] = set()
        self._telling: set[asyncio.Task[None]] = set()

    def watch(self, channel: Channel, batch: list[Entry]) -> None:
        """Take a look at a batch; never waits."""
        if channel.kind != "session" or channel in self._known:
            return
        entry = next((entry for entry in batch if entry.type == "ticks"), None)
        if entry is None:
            return
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known.add(channel)
        if FIRST in entry.data[:96] and (written_s := entry.written_s) is not None:
            task = asyncio.create_task(self._tell(channel, written_s, time.time()))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, channel: Channel, written_s: float, handed_s: float) -> None:
        try:
            state = await self._sessions.get(channel.id)
        except BrokerUnavailable:
            return  # a span is lost, no more
        if state is not None:
            parent = state.origin.get("traceparent")
            tracing.told(
                "first tick at a viewer", parent, began_s=written_s, ended_s=handed_s, session=channel.id
            )
