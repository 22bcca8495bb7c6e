"""A session child's link to its channel: publish, hold the lease, hear commands, and outlast a broker that is away."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import structlog

from gridcast.broadcaster import (
    BrokerUnavailable,
    Channel,
    CommandReader,
    Leases,
    NoChannel,
    Settings,
    Writer,
)
from gridcast.broadcaster.audit import Record, record_now
from gridcast.broadcaster.client import broker_errors, channels_of, sync_client
from gridcast.broadcaster.commands import READ_COUNT, Command
from gridcast.broadcaster.retention import lifetimes
from gridcast.broadcaster.scripts import SNAPSHOT, Arg, pairs
from gridcast.broadcaster.totals import TOTALS

from .past import Past

log = structlog.get_logger(__name__)

FIRST_RETRY_S = 0.05
LAST_RETRY_S = 1.0
RELOOK_S = 2.0
"""How often the command log is read without a wake-up: a lost wake-up costs at most this."""


class Drained(Exception):
    """The child was told to end."""


class Link:
    """Everything that a session child says to the broker and hears from it.

    `Fenced`, `LeaseLost` and `NoChannel` from any method mean that the session is not this child's any more.
    `draining` is asked while the broker is away, so that the child can end then too.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        channel: Channel,
        token: int,
        owner: str,
        draining: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._channel = channel
        self._token = token
        self._broker = sync_client(settings)
        self._redis = channels_of(self._broker)
        self._writer = Writer(self._redis, channel, token=token, log_bytes=settings.log_bytes)
        self._leases = Leases(self._redis, owner=owner, ttl_s=settings.lease_s)
        self._reader = CommandReader(self._redis, channel)
        self._snapshot = self._redis.register_script(SNAPSHOT)
        self._draining = draining
        self._clock = clock
        self._sleep = sleep
        self._renew_every_s = settings.lease_s / 3
        self._settings = settings
        self._renew_at = 0.0
        self._read_at = 0.0
        self.outages = 0
        """How often the broker was found away; whoever paces by the wall clock looks at it."""

    def open(self) -> None:
        """Learn where the log ends."""
        self._insist(self._writer.open)

    def past(self) -> Past:
        """What attempts before this one have left; nobody else changes it while this child holds the newest token."""
        found: list[Past] = []
        self._insist(lambda: found.append(self._read_past()))
        return found[0]

    def _read_past(self) -> Past:
        keys = [self._channel.meta, self._channel.applied, self._channel.chunks, self._channel.script]
        with broker_errors():
            meta, applied, chunks, script = self._snapshot(keys=keys, args=[2])
        if not meta:
            raise NoChannel(str(self._channel))
        return Past.decode(pairs(meta), applied, script, chunks)

    def viewers(self) -> int | None:
        """How many watch now, across all API processes; `None` while the broker is away."""
        try:
            with broker_errors():
                return cast("int", self._redis.zcount(self._channel.viewers, time.time(), "+inf"))
        except BrokerUnavailable:
            return None

    def publish(
        self,
        entries: Sequence[bytes],
        *,
        meta: Mapping[str, Arg],
        applied: Sequence[bytes] = (),
        chunks: Sequence[bytes] = (),
        closing: str | None = None,
    ) -> int:
        """Append entries; returns the new head when the broker has them, however long that takes.

        Raises:
            Fenced, LeaseLost, NoChannel, Conflict, UnansweredCommands
            Drained: told to end while the broker was away.
        """
        began_s = self._clock()
        self._insist(
            lambda: self._writer.publish(entries, meta=meta, applied=applied, chunks=chunks, closing=closing)
        )
        TOTALS.publish_s.observe(self._clock() - began_s)
        return self._writer.head

    def audit(self, records: list[Record]) -> None:
        """Tell who did what, and what came of it."""
        record_now(self._broker, self._settings, records)

    def keep_lease(self) -> None:
        """Renew the lease if a third of its time has passed; a broker that is away is left for later."""
        now_s = self._clock()
        if now_s < self._renew_at:
            return
        try:
            self._leases.renew(self._channel, self._token)
            self._renew_at = now_s + self._renew_every_s
        except BrokerUnavailable:
            self.outages += 1
            self._renew_at = now_s + FIRST_RETRY_S

    def release(self) -> None:
        """The session is over: give the lease up, and let the broker forget the rest in time.

        A lease that cannot be given up lapses; keys that get no time to live are found by the next reaper.
        """
        try:
            self._leases.release(self._channel, self._token)
            with broker_errors():
                pipe = self._redis.pipeline(transaction=False)
                for key, ttl_s in lifetimes(self._channel, self._settings).items():
                    pipe.expire(key, ttl_s)
                pipe.execute()
        except BrokerUnavailable:
            log.info("lease_left_to_lapse", channel=str(self._channel))

    def new_commands(self, after: str) -> list[Command]:
        """Commands after stream id `after`, if somebody said that there are any, or if nobody did for a while."""
        now_s = self._clock()
        if not self._reader.woken() and now_s < self._read_at:
            return []
        self._read_at = now_s + RELOOK_S
        try:
            return self.commands(after)
        except BrokerUnavailable:
            self._read_at = now_s + FIRST_RETRY_S
            return []

    def commands(self, after: str) -> list[Command]:
        """All commands after stream id `after`."""
        found: list[Command] = []
        while True:
            page = self._reader.read(found[-1].at if found else after)
            found += page
            if len(page) < READ_COUNT:
                return found

    def insisted_commands(self, after: str) -> list[Command]:
        """As `commands`, however long it takes."""
        found: list[Command] = []
        self._insist(lambda: found.extend(self.commands(after)))
        return found

    def stirring(self) -> bool:
        """Whether somebody may have commanded something; cheap enough to ask before every tick."""
        return self._reader.stirring()

    def wait(self, timeout_s: float) -> None:
        """Sleep until a command comes or the time is over, but not so long that the lease lapses."""
        if self._reader.wait(min(timeout_s, self._renew_every_s)):
            self._read_at = 0.0

    def close(self) -> None:
        self._reader.close()
        self._broker.close()

    def _insist(self, call: Callable[[], object]) -> None:
        """Repeat `call` until the broker answers; before a repeat the lease, which may have lapsed, is taken again."""
        pause_s = FIRST_RETRY_S
        while True:
            try:
                if pause_s > FIRST_RETRY_S:
                    self._leases.renew(self._channel, self._token)
                call()
                if pause_s > FIRST_RETRY_S:
                    log.info("broker_back", channel=str(self._channel))
                return
            except BrokerUnavailable as error:
                if pause_s == FIRST_RETRY_S:
                    self.outages += 1
                    log.warning("broker_away", channel=str(self._channel), error=str(error))
            if self._draining():
                raise Drained
            self._sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, LAST_RETRY_S)
