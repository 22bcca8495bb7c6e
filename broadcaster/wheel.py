"""Who steers a session, where only one may at a time.

Nobody has the wheel at first, and all who may steer do. Once somebody has taken it, commands of others are refused, in the
one script that stores commands (`command.lua`), so that none slips in between a hand-over and its news. Others ask, and the
holder gives or refuses; the session's owner may do all of that at any time. Who is not seen for the grace time (no open view
of the session, no command) has let go of it. Times are the broker's, so that all processes agree.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import orjson
from redis.asyncio import Redis

from . import scripts
from .client import answering
from .errors import NoChannel
from .names import Channel

Action = Literal["take", "ask", "give", "refuse", "let-go", "look"]
Word = Literal["OK", "HELD", "NOT_YOURS", "NOT_ASKED", "FULL"]

ASK_S: Final = 300
"""After so long a question that nobody has answered is forgotten."""

MAX_ASKS: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """Who has it since when (unix s), and who has asked for it when. `holder` None: all who may steer do."""

    holder: str | None = None
    since: float | None = None
    asked: Mapping[str, float] = field(default_factory=dict)


FREE: Final = Wheel()


class Wheels:
    """The wheels of all sessions. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis, *, grace_s: float) -> None:
        self._redis = redis
        self._act = redis.register_script(scripts.WHEEL)
        self._seen = redis.register_script(scripts.WHEEL_SEEN)
        self.grace_s = grace_s

    async def act(
        self, channel: Channel, action: Action, *, who: str, owns: bool, about: str = ""
    ) -> tuple[Word, Wheel]:
        """Do something about it, or nothing and say why; and how it is then.

        Args:
            owns: whether they may do so whoever has it.
            about: to whom it is given, or who is refused.

        Raises:
            NoChannel
        """
        async with answering():
            reply = await self._act(
                keys=[channel.meta, channel.wheel],
                args=[action, who, "1" if owns else "0", about, self.grace_s, ASK_S, MAX_ASKS],
            )
        if reply[0] == b"NOCHANNEL":
            raise NoChannel(str(channel))
        word, holder, since, asks = reply
        return word.decode(), _wheel(holder, since, orjson.loads(asks))

    async def states(self, channels: Sequence[Channel]) -> list[Wheel]:
        """One for each channel, in one round trip; by this process's clock."""
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            for channel in channels:
                pipe.hmget(channel.wheel, ["holder", "since", "seen", "asks"])
            rows = await pipe.execute()
        now = time.time()
        found = []
        for holder, since, seen, asks in rows:
            held = holder if seen is not None and now - float(seen) <= self.grace_s else None
            asked = {name: at for name, at in orjson.loads(asks or b"{}").items() if now - at <= ASK_S}
            found.append(_wheel(held, since, asked))
        return found

    async def watched(self, present: Mapping[Channel, Collection[str]]) -> None:
        """Say who watches what, by name: a holder who does has not let go."""
        channels = list(present)
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            for channel in channels:
                pipe.hget(channel.wheel, "holder")
            holders = await pipe.execute() if channels else []
            for channel, holder in zip(channels, holders, strict=True):
                if holder and holder.decode() in present[channel]:
                    await self._seen(keys=[channel.wheel], args=[holder])


def _wheel(holder: bytes | None, since: bytes | None, asked: Mapping[str, float]) -> Wheel:
    if not holder:
        return Wheel(asked=asked)
    return Wheel(holder=holder.decode(), since=float(since or 0), asked=asked)
