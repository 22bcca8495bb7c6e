"""Channels for asyncio programs: create, publish, read pages of the log, delete.

Publishing is one script, all or nothing. What belongs together (entries, the meta fields that describe the state after
them, the records of applied commands) travels in one call, so no reader can see half of it, and a retry after a lost
reply writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from . import scripts
from .client import answering
from .entries import Entry
from .errors import ChannelExists
from .names import Channel, Epoch

PAGE_BYTES = 256 << 10
"""How much of a log one read aims at: big enough to be efficient, small beside a viewer's bound."""

PAGE_ENTRIES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishResult:
    """`appended` is false where a retry found its very entries in the log."""

    appended: bool
    head: int


class Channels:
    """Asynchronous access to channels over the client that holds their keys. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._create = redis.register_script(scripts.CREATE)
        self._publish = redis.register_script(scripts.PUBLISH)
        self._anew = redis.register_script(scripts.ANEW)
        self._snapshot = redis.register_script(scripts.SNAPSHOT)

    async def create(
        self, channel: Channel, *, meta: Mapping[str, scripts.Arg], entries: Sequence[bytes] = ()
    ) -> Epoch:
        """Make a channel with its first entries (offsets 1, 2, ...) and fencing token 0; answer with its epoch.

        Raises:
            ChannelExists: the name is taken.
        """
        epoch = scripts.new_epoch()
        fields: list[scripts.Arg] = []
        for field, value in {**meta, "epoch": epoch}.items():
            fields += [field, value]
        async with answering():
            reply = await self._create(
                keys=[channel.meta, channel.log], args=[channel.live, len(entries), *entries, *fields]
            )
        if reply[0] == b"EXISTS":
            raise ChannelExists(str(channel))
        return epoch

    async def publish(
        self,
        channel: Channel,
        *,
        token: int,
        expected: int,
        entries: Sequence[bytes],
        meta: Mapping[str, scripts.Arg] | None = None,
        applied: Sequence[bytes] = (),
        chunks: Sequence[bytes] = (),
        trim: int = 0,
        closing: str | None = None,
    ) -> PublishResult:
        """Append `entries` at offsets `expected`, `expected + 1`, ... as the holder of `token`.

        Args:
            entries: JSON objects without `offset`, which the script puts in first.
            meta: fields of the channel's meta hash to set in the same step.
            applied: records to append to the list of applied commands.
            chunks: records to append to the list of chunks, none of which is ever given twice but in a retry.
            trim: first offset to keep; 0 keeps all.
            closing: id of the last answered command ("0-0" if none): refuse while a later one waits.

        Raises:
            NoChannel, Fenced, Conflict, UnansweredCommands: nothing was written.
        """
        args = scripts.publish_args(
            channel,
            token=token,
            expected=expected,
            entries=entries,
            meta=meta or {},
            applied=applied,
            chunks=chunks,
            trim=trim,
            closing=closing,
        )
        async with answering():
            reply = await self._publish(keys=scripts.publish_keys(channel), args=args)
        appended, head = scripts.publish_outcome(channel, reply, token=token, expected=expected)
        return PublishResult(appended=appended, head=head)

    async def begin_anew(self, channel: Channel, *, token: int) -> None:
        """Begin another epoch as the holder of `token`: the log lacks entries, or may lack some, that readers have seen.

        Raises:
            NoChannel, Fenced
        """
        async with answering():
            reply = await self._anew(keys=[channel.meta], args=scripts.anew_args(channel, token=token))
        scripts.publish_outcome(channel, reply, token=token, expected=0)

    async def meta(self, channel: Channel) -> dict[str, bytes] | None:
        """All meta fields, or `None` where there is no such channel."""
        async with answering():
            raw = await cast("Awaitable[dict[bytes, bytes]]", self._redis.hgetall(channel.meta))
        return {name.decode(): value for name, value in raw.items()} or None

    async def recorded(self, channel: Channel) -> tuple[dict[str, bytes], list[bytes]] | None:
        """All meta fields, and the records of all chunks, of one moment; `None` where there is no such channel."""
        async with answering():
            meta, chunks = await self._snapshot(keys=[channel.meta, channel.chunks], args=[1])
        return (
            ({name.decode(): value for name, value in scripts.pairs(meta).items()}, chunks) if meta else None
        )

    async def heads(self, channels: Sequence[Channel]) -> list[tuple[Epoch, int] | None]:
        """Epoch and head of each channel in one round trip; `None` where there is no such channel."""
        async with answering():
            pipe = self._redis.pipeline(transaction=False)
            for channel in channels:
                pipe.hmget(channel.meta, ["epoch", "head"])
            rows = await pipe.execute()
        return [None if row[0] is None else (Epoch(row[0].decode()), int(row[1])) for row in rows]

    async def page(self, channel: Channel, *, after: int, max_bytes: int = PAGE_BYTES) -> list[Entry]:
        """Entries from `after + 1` on, in order, some `max_bytes` of them (at least one if there is one).

        The first one's offset is greater than `after + 1` where the log was trimmed.
        """
        found: list[Entry] = []
        size, count = 0, 8
        while True:
            async with answering():
                rows = await self._redis.xrange(channel.log, min=f"{after + 1}-0", count=count)
            for stream_id, fields in rows:
                entry = Entry(int(stream_id.split(b"-")[0]), fields[b"e"])
                found.append(entry)
                size += len(entry.data)
            if len(rows) < count or size >= max_bytes or len(found) >= PAGE_ENTRIES:
                return found
            after = found[-1].offset
            mean = max(1, size // len(found))
            count = max(1, min(PAGE_ENTRIES - len(found), (max_bytes - size) // mean))

    async def delete(self, channel: Channel) -> bool:
        """Delete every key of the channel, for good: no later publish brings one back. False if there was none."""
        async with answering():
            return bool(await self._redis.delete(*channel.keys))
