"""Commands to a running session: stored in Redis order first, then the writer is woken.

The stream is the truth; the wake-up may be lost, so the reader also looks by itself now and then.
"""

from __future__ import annotations

import hashlib
import select
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import redis
from redis.asyncio import Redis as AsyncRedis
from redis.client import PubSub

from . import scripts
from .client import BROKER_ERRORS, StreamRows, answering, broker_errors
from .errors import ChannelEnded, CommandIdReused, NoChannel, TooManyCommands, WheelHeld
from .names import Channel
from .origin import Origin, origin

READ_COUNT = 200
MAX_WAITING = 10_000
"""Unanswered commands that one channel holds: many more than people send while a session waits for a worker. Twice as many
before a `stop` is refused too."""
REMEMBERED = 2 * MAX_WAITING
"""How many newer commands a command's id outlives at least, twice as many at most: so no id of a command that waits is
forgotten, and what is remembered of a session that is commanded all its life stays within some 4 MB."""
START = "0-0"
"""Id before every command of a stream."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One stored command. `at` is its place in the stream: the order in which Redis took it."""

    at: str
    id: str
    by: str
    command: str
    args: Mapping[str, Any]
    origin: Origin = field(default_factory=dict)


def encode(*, command_id: str, by: str, command: str, args: Mapping[str, Any]) -> bytes:
    """The record that stands in the stream."""
    record: dict[str, Any] = {"id": command_id, "by": by, "command": command, "args": args}
    if asked := origin():
        record["origin"] = asked
    return orjson.dumps(record)


def decode(at: bytes, record: bytes) -> Command:
    raw = orjson.loads(record)
    return Command(
        at=at.decode(),
        id=raw["id"],
        by=raw["by"],
        command=raw["command"],
        args=raw["args"],
        origin=raw.get("origin", {}),
    )


def _digest(by: str, command: str, args: Mapping[str, Any]) -> str:
    body = orjson.dumps([by, command, args], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()[:32]


class CommandLog:
    """The API's side: store commands, read them back. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: AsyncRedis) -> None:
        self._redis = redis
        self._append = redis.register_script(scripts.COMMAND)

    async def append(
        self,
        channel: Channel,
        *,
        command_id: str,
        by: str,
        command: str,
        args: Mapping[str, Any],
        steers: tuple[str, float] | None = None,
    ) -> bool:
        """Store a command and wake the writer. False if this very command was stored before under this id.

        Args:
            steers: who sends it, and for how long (s) somebody unseen keeps the wheel; `None` for what no wheel stops.

        Raises:
            NoChannel, ChannelEnded, CommandIdReused, TooManyCommands, WheelHeld: nothing was stored.
        """
        record = encode(command_id=command_id, by=by, command=command, args=args)
        async with answering():
            reply = await self._append(
                keys=[channel.meta, channel.commands, channel.seen, channel.seen_before, channel.wheel],
                args=[
                    *(channel.control, command_id, _digest(by, command, args), record),
                    2 * MAX_WAITING if command == "stop" else MAX_WAITING,
                    REMEMBERED,
                    *(steers or ("", 0)),
                ],
            )
        word = reply[0]
        if word == b"NOCHANNEL":
            raise NoChannel(str(channel))
        if word == b"ENDED":
            raise ChannelEnded(str(channel))
        if word == b"REUSED":
            raise CommandIdReused(str(channel), command_id)
        if word == b"WHEEL":
            raise WheelHeld(str(channel), reply[1].decode())
        if word == b"FULL":
            raise TooManyCommands(str(channel))
        return bool(word == b"OK")

    async def read(self, channel: Channel, *, after: str = START, count: int = READ_COUNT) -> list[Command]:
        """Stored commands after stream id `after`, in order."""
        async with answering():
            rows = await self._redis.xrange(channel.commands, min=f"({after}", count=count)
        return [decode(at, fields[b"c"]) for at, fields in rows]

    async def read_all(self, channel: Channel, *, after: str = START) -> list[Command]:
        """All stored commands after stream id `after`, in order."""
        found: list[Command] = []
        while True:
            page = await self.read(channel, after=found[-1].at if found else after)
            found += page
            if len(page) < READ_COUNT:
                return found

    async def applied(self, channel: Channel) -> list[dict[str, Any]]:
        """What took effect: `{command_id, by, command, args, tick}` in order."""
        async with answering():
            rows = await cast("Awaitable[list[bytes]]", self._redis.lrange(channel.applied, 0, -1))
        return [orjson.loads(row) for row in rows]


class CommandReader:
    """The child's side: read the stream, and sleep until the next command comes.

    redis-py opens a cut connection again by itself and without a word, but the broker confirms the new subscription;
    so such a confirmation counts as a wake-up, because commands may have come meanwhile.
    """

    def __init__(self, client: redis.Redis, channel: Channel) -> None:
        self._client = client
        self._channel = channel
        self._pubsub: PubSub = client.pubsub()  # type: ignore[no-untyped-call]
        self._subscribed = False
        self._poll: select.poll | None = None
        self._descriptor = -1

    def read(self, after: str, *, count: int = READ_COUNT) -> list[Command]:
        """Commands after stream id `after`, in order.

        Raises:
            BrokerUnavailable
        """
        with broker_errors():
            rows = cast(
                "StreamRows", self._client.xrange(self._channel.commands, min=f"({after}", count=count)
            )
        return [decode(at, fields[b"c"]) for at, fields in rows]

    def stirring(self) -> bool:
        """Whether something came over the tail since it was last read; costs a microsecond, so it may be asked every tick.

        Always false before the tail is open: whoever asks must look now and then all the same.
        """
        return self._poll is not None and bool(self._poll.poll(0))

    def woken(self) -> bool:
        """Whether a wake-up came since the last look; takes no time to speak of. True when in doubt."""
        return self.wait(0.0)

    def wait(self, timeout_s: float) -> bool:
        """Sleep until a wake-up comes (true) or the time is over (false); true also when in doubt."""
        if not self._subscribed:
            return self._subscribe(timeout_s)
        self._watch_socket()
        deadline = time.monotonic() + timeout_s
        try:
            found = self._pubsub.get_message(timeout=max(0.0, timeout_s)) is not None
            while found and self._pubsub.get_message(timeout=0.0) is not None:
                pass
        except BROKER_ERRORS:
            self._drop(deadline)
            return True
        return found

    def _subscribe(self, timeout_s: float) -> bool:
        try:
            self._pubsub.subscribe(self._channel.control)  # type: ignore[no-untyped-call]
            self._subscribed = True
        except BROKER_ERRORS:
            self._drop(time.monotonic() + min(timeout_s, 0.2))
        return True

    def _watch_socket(self) -> None:
        """Poll the socket that the tail uses now; redis-py replaces it when it reconnects."""
        tail_socket = getattr(self._pubsub.connection, "_sock", None)
        descriptor = -1 if tail_socket is None else tail_socket.fileno()
        if descriptor != self._descriptor:
            self._descriptor = descriptor
            self._poll = None
            if descriptor >= 0:
                self._poll = select.poll()
                self._poll.register(descriptor, select.POLLIN)

    def _drop(self, until: float) -> None:
        """Forget a dead connection, without spinning while the broker is away."""
        self._poll = None
        self._descriptor = -1
        self._pubsub.close()
        self._pubsub = self._client.pubsub()  # type: ignore[no-untyped-call]
        self._subscribed = False
        time.sleep(max(0.0, min(0.2, until - time.monotonic())))

    def close(self) -> None:
        self._pubsub.close()
