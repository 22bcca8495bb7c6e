"""The chair of a task or an operation: the one lease, the one writer, ears for commands and results."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
import structlog
from redis.asyncio import Redis

from gridcast.broadcaster import (
    AsyncLeases,
    BrokerUnavailable,
    Channels,
    CommandLog,
    Conflict,
    LeaseLost,
    NoChannel,
    Settings,
)
from gridcast.broadcaster.analyses import Analyses, AnalysisState
from gridcast.broadcaster.client import BROKER_ERRORS, async_pubsub_client, channels_of
from gridcast.broadcaster.commands import Command
from gridcast.broadcaster.errors import UnansweredCommands
from gridcast.broadcaster.names import SIMULATIONS_LIVE

log = structlog.get_logger(__name__)

LOOK_S = 0.5
"""How often results and commands are looked for without a wake-up, which may be lost."""
CLEAR_S = 5.0
"""How long a coordinator that lost its chair may clear away what it left."""
_FIRST_RETRY_S = 0.05
_LAST_RETRY_S = 1.0

DELETING_S, DELETING_LOOKS = 2.0, 20
"""How long, and how often, it is looked whether what was taken away is being deleted."""

_TRIM_TO = 0.75
"""Of the log's bound: so much is left by a trim, so that there are few of them."""

R = TypeVar("R")


class Chair:
    """The holder of a channel's lease: publishes, outlasts a broker that is away, and waits for what happens.

    `Fenced`, `LeaseLost` and `NoChannel` from any method mean that somebody else sits here, or that the channel was deleted.
    """

    def __init__(
        self, settings: Settings, redis: Redis, state: AnalysisState, *, owner: str, token: int
    ) -> None:
        self.channel = state.channel
        self.user: str = state.record.get("owner") or ""
        """Whose turns it takes where it asks for simulations."""
        self._settings = settings
        self._redis = redis
        self.token = token
        self._head = state.head
        self._lease_s = settings.lease_s
        self._log_bytes = settings.log_bytes
        self._sizes: deque[int] = deque()
        self._kept_bytes = 0
        self._answered = state.answered
        channeled = channels_of(redis)
        self._channels = Channels(channeled)
        self._analyses = Analyses(redis)
        self._commands = CommandLog(channeled)
        self._leases = AsyncLeases(channeled, owner=owner, ttl_s=settings.lease_s)
        self._news = asyncio.Event()
        self._lost: LeaseLost | NoChannel | None = None
        self.watched: dict[str, float] = {}
        """Simulations that this one waits for, with the per cent done that they told last."""

    async def say(
        self,
        entries: Sequence[bytes] = (),
        *,
        meta: Mapping[str, Any] | None = None,
        applied: Sequence[bytes] = (),
        closing: str | None = None,
    ) -> None:
        """Publish all of it in one step; returns when the broker has it, however long that takes.

        Raises:
            UnansweredCommands: only with `closing`.
        """
        trim = self._trim_for(entries)
        try:
            await self.insist(
                lambda: self._channels.publish(
                    self.channel,
                    token=self.token,
                    expected=self._head + 1,
                    entries=entries,
                    meta=meta,
                    applied=applied,
                    trim=trim,
                    closing=closing,
                )
            )
        except Conflict as conflict:
            if conflict.head < self._head:
                # What the broker acknowledged is gone (a failover), and readers may have seen it.
                await self.insist(lambda: self._channels.begin_anew(self.channel, token=self.token))
            raise
        self._head += len(entries)

    def _trim_for(self, entries: Sequence[bytes]) -> int:
        """The first offset to keep, so that the log stays within its bound; what was there before this one sat here goes
        first, all at once, as nobody here knows its size. 0 while there is room."""
        self._sizes.extend(map(len, entries))
        self._kept_bytes += sum(map(len, entries))
        if self._kept_bytes <= self._log_bytes:
            return 0
        while self._kept_bytes > _TRIM_TO * self._log_bytes:
            self._kept_bytes -= self._sizes.popleft()
        return self._head + len(entries) - len(self._sizes) + 1

    async def insist(self, call: Callable[[], Awaitable[R]]) -> R:
        """What `call` answers, however long the broker is away."""
        pause_s = _FIRST_RETRY_S
        while True:
            try:
                return await call()
            except BrokerUnavailable as error:
                if pause_s == _FIRST_RETRY_S:
                    log.warning("broker_away", channel=str(self.channel), error=str(error))
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, _LAST_RETRY_S)

    async def last_word(self, entry: bytes, *, meta: Mapping[str, Any]) -> None:
        """Publish the last entry; commands that came just before are answered by it."""
        while True:
            try:
                await self.say([entry], meta={**meta, "answered": self._answered}, closing=self._answered)
                return
            except UnansweredCommands:
                await self.cancelled()  # who cancels what is just ending has what he wants

    async def cancelled(self) -> bool:
        """Whether somebody has commanded to cancel since this was asked last."""
        commands: list[Command] = await self.insist(
            lambda: self._commands.read_all(self.channel, after=self._answered)
        )
        if commands:
            self._answered = commands[-1].at
        return any(command.command == "cancel" for command in commands)

    async def deleted(self) -> bool:
        """Whether a chair that was taken away was not taken over, but deleted: whoever deletes takes it first."""
        for _ in range(DELETING_LOOKS):
            if await self._analyses.get(self.channel) is None:
                return True
            await asyncio.sleep(DELETING_S / DELETING_LOOKS)
        return False

    async def wait(self) -> None:
        """Return when a simulation is done or told its progress, when somebody commands, or after `LOOK_S`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._news.wait()
        self._news.clear()
        if self._lost is not None:
            raise self._lost

    async def hold(self) -> None:
        """Renew the lease until cancelled. When it is lost, who waits is told first and may clear away.

        Raises:
            LeaseLost, NoChannel
        """
        while True:
            await asyncio.sleep(self._lease_s / 3)
            try:
                await self._leases.renew(self.channel, self.token)
            except BrokerUnavailable:
                continue
            except (LeaseLost, NoChannel) as error:
                self._lost = error
                self._news.set()
                await asyncio.sleep(CLEAR_S)
                raise

    async def listen(self) -> None:
        """Hear wake-ups until cancelled; over every absence of the broker."""
        if channels_of(self._redis) is self._redis:
            await self._hear(self._redis, SIMULATIONS_LIVE, self.channel.control)
        async with async_pubsub_client(self._settings) as channeled, asyncio.TaskGroup() as hearing:
            hearing.create_task(self._hear(self._redis, SIMULATIONS_LIVE))
            hearing.create_task(self._hear(channeled, self.channel.control))

    async def _hear(self, redis: Redis, *names: str) -> None:
        while True:
            with contextlib.suppress(*BROKER_ERRORS):
                async with redis.pubsub(ignore_subscribe_messages=True) as heard:
                    await heard.subscribe(*names)
                    while True:
                        message = await heard.get_message(timeout=LOOK_S)
                        if message is not None:
                            self._take(message)
            await asyncio.sleep(LOOK_S)

    def _take(self, message: Mapping[str, Any]) -> None:
        if message["channel"] == SIMULATIONS_LIVE.encode():
            told = orjson.loads(message["data"])
            if told["key"] not in self.watched:
                return
            self.watched[told["key"]] = told["pct"]
        self._news.set()

    async def release(self) -> None:
        """Give the lease up, so that the next one need not wait for it to lapse."""
        with contextlib.suppress(BrokerUnavailable):
            await self._leases.release(self.channel, self.token)
