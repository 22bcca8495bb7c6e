"""Tasks and operations as any process sees them: their state in the channel's meta, and the changes that anybody may make.

Meta fields: `record` (JSON: what was asked for, never changes), `status`, `reason`, `attempt`, `created`, `started`,
`ended`, `answered`, and those that a coordinator keeps for readers, each JSON; beside the channel's own `epoch`, `head` and
`token`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

import orjson
from redis.asyncio import Redis

from .access import Visibility, meta_of
from .channels import Channels
from .client import answering, channels_of
from .commands import START
from .errors import Conflict, NoChannel, UnansweredCommands
from .listing import newest, strike_off
from .names import (
    UNFINISHED,
    Channel,
    Epoch,
    experiment_id,
    listing_key,
    open_key,
    owned_key,
    public_key,
    study_keys,
)
from .operation_events import progress
from .origin import Origin, origin
from .patrol import WAITING
from .queue import JobQueue
from .retention import lifetimes
from .settings import Settings

Status = Literal["queued", "running", "recovering", "completed", "failed", "cancelled"]
OVER: Final[frozenset[str]] = frozenset({"completed", "failed", "cancelled"})
AnalysisKind = Literal["task", "operation"]

_PIECE = 500

_OWN = frozenset(
    {"epoch", "head", "token", "status", "reason", "attempt", "created", "started", "ended", "answered"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalysisState:
    """What meta says now; `told` are the fields that its coordinator keeps, and `record` what was asked for."""

    channel: Channel
    epoch: Epoch
    head: int
    token: int
    status: Status
    reason: str | None
    attempt: int
    created: float
    started: float | None
    ended: float | None
    answered: str
    record: dict[str, Any]
    told: dict[str, Any]
    visibility: Visibility = "private"
    origin: Origin = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.channel.id

    @property
    def over(self) -> bool:
        return self.status in OVER


def decode(channel: Channel, meta: Mapping[str, bytes]) -> AnalysisState:
    """Read a meta hash."""

    def number(field: str) -> float | None:
        raw = meta.get(field)
        return float(raw) if raw else None

    told = {name: orjson.loads(raw) for name, raw in meta.items() if name not in _OWN and raw}
    told.pop("owner", None)  # as in the record
    return AnalysisState(
        channel=channel,
        epoch=Epoch(meta["epoch"].decode()),
        head=int(meta["head"]),
        token=int(meta["token"]),
        status=cast("Status", meta["status"].decode()),
        reason=meta["reason"].decode() if meta.get("reason") else None,
        attempt=int(meta["attempt"]),
        created=float(meta["created"]),
        started=number("started"),
        ended=number("ended"),
        answered=meta["answered"].decode() if meta.get("answered") else START,
        record=told.pop("record", {}),
        visibility=cast("Visibility", told.pop("visibility", "private")),
        origin=told.pop("origin", {}),
        told=told,
    )


class Analyses:
    """Tasks and operations. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._channeled = channels_of(redis)
        self._channels = Channels(self._channeled)
        self._queue = JobQueue(redis)

    async def create(
        self, channel: Channel, *, record: Mapping[str, Any], created: float, first: bytes
    ) -> Epoch:
        """Make the channel with its first entry, list it, and ask for a coordinator; `record` names its `owner`.

        Raises:
            ChannelExists
        """
        owner = record.get("owner")
        # Listed first: a creator that dies in between leaves a name without a channel, which a reaper takes off again.
        async with answering():
            pipe = self._redis.pipeline(transaction=True)
            pipe.zadd(listing_key(channel.kind), {channel.id: created})
            if owner is not None:
                pipe.zadd(owned_key(channel.kind, owner), {channel.id: created})
            pipe.sadd(UNFINISHED, str(channel))
            await pipe.execute()
        epoch = await self._channels.create(
            channel,
            meta={
                "record": orjson.dumps(record),
                **meta_of(owner, "private"),
                "status": "queued",
                "attempt": 1,
                "created": repr(created),
                "origin": orjson.dumps(origin()),
            },
            entries=[first],
        )
        await self._queue.enqueue_coordination(channel, 1, user=owner)
        return epoch

    async def get(self, channel: Channel) -> AnalysisState | None:
        meta = await self._channels.meta(channel)
        return decode(channel, meta) if meta else None

    async def page(
        self,
        kind: AnalysisKind,
        *,
        before: tuple[float, str] | None,
        limit: int,
        among: Sequence[str] | None = None,
    ) -> list[tuple[float, AnalysisState]]:
        """Newest first, with creation times, starting after the one that `before` names.

        `among`: the lists (keys of sorted sets) in one of which they are; default: the list of all.
        """
        lists = (listing_key(kind),) if among is None else among
        wanted = await newest(self._redis, lists, before=before, limit=limit)
        async with answering():
            pipe = self._channeled.pipeline(transaction=False)
            for _, ident in wanted:
                pipe.hgetall(Channel(kind, ident).meta)
            metas: list[dict[bytes, bytes]] = await pipe.execute()
        found = [
            (created, decode(Channel(kind, ident), {name.decode(): raw for name, raw in meta.items()}))
            for (created, ident), meta in zip(wanted, metas, strict=True)
            if meta
        ]
        nowhere = [place for place, meta in zip(wanted, metas, strict=True) if not meta]
        await strike_off(self._redis, lists, nowhere)
        return found[:limit]

    async def records(self, channel: Channel, *, start: int = 0, stop: int = -1) -> list[dict[str, Any]]:
        """What the coordinator has finished, in order: experiments of a task, steps of an operation."""
        async with answering():
            rows = await cast("Awaitable[list[bytes]]", self._channeled.lrange(channel.applied, start, stop))
        return [orjson.loads(row) for row in rows]

    async def record_count(self, channel: Channel) -> int:
        """How many of those there are."""
        async with answering():
            return int(await cast("Awaitable[int]", self._channeled.llen(channel.applied)))

    async def again(
        self,
        channel: Channel,
        *,
        token: int,
        status: Status = "recovering",
        entries: Sequence[bytes] = (),
        anew: bool = False,
    ) -> int | None:
        """Give it its next attempt as the holder of `token`; answers with the attempt, or None if it is over or waits.

        `status="queued"` revives one that is over; all that is known of it is then kept for as long as it goes on.
        `anew`: its log may lack what readers have seen, so begin another epoch.

        Raises:
            NoChannel, Fenced
        """
        while True:
            state = await self.get(channel)
            if state is None:
                raise NoChannel(str(channel))
            if state.status in WAITING or (state.over and status == "recovering"):
                return None
            attempt = state.attempt + 1
            if anew:
                await self._channels.begin_anew(channel, token=token)
            try:
                await self._channels.publish(
                    channel,
                    token=token,
                    expected=state.head + 1,
                    entries=entries or _recovering(state),
                    meta={"status": status, "attempt": attempt, "ended": "", "reason": ""},
                )
            except Conflict:
                continue
            if state.over:
                await self._for_all_keys(state, _keep)
            return attempt

    async def end_waiting(self, channel: Channel, *, token: int, entry: bytes, reason: str) -> bool:
        """Cancel what waits in the queue, as the holder of `token`; false if it does not wait any more.

        Raises:
            NoChannel, Fenced
        """
        while True:
            state = await self.get(channel)
            if state is None:
                raise NoChannel(str(channel))
            if state.status != "queued":
                return False
            async with answering():
                newest = await self._channeled.xrevrange(channel.commands, count=1)
            answered = newest[0][0].decode() if newest else state.answered
            try:
                await self._channels.publish(
                    channel,
                    token=token,
                    expected=state.head + 1,
                    entries=[entry],
                    meta={
                        "status": "cancelled",
                        "ended": repr(time.time()),
                        "reason": reason,
                        "answered": answered,
                    },
                    closing=answered,
                )
            except (Conflict, UnansweredCommands):
                continue
            await self._queue.remove_coordination(channel, state.attempt)
            return True

    async def delete(self, channel: Channel) -> bool:
        """Delete it with all that belongs to it, for good; its coordinator ends at its next word. False if there is none."""
        state = await self.get(channel)
        if state is None:
            return False
        async with answering():
            # From here on its coordinator writes nothing more, so that all keys are known.
            await self._channeled.hincrby(channel.meta, "token", 1)  # type: ignore[misc]
        await self._for_all_keys(state, lambda pipe, key, ttl_s: pipe.delete(key))
        async with answering():
            pipe = self._redis.pipeline(transaction=True)
            pipe.srem(UNFINISHED, str(channel))
            pipe.zrem(listing_key(channel.kind), channel.id)
            pipe.zrem(public_key(channel.kind), channel.id)
            if (owner := state.record.get("owner")) is not None:
                pipe.zrem(owned_key(channel.kind, owner), channel.id)
                pipe.srem(open_key("analyses", owner), str(channel))
            await pipe.execute()
        await self._queue.remove_coordination(channel, state.attempt)
        return True

    async def retire(self, channels: Sequence[Channel], *, settings: Settings) -> None:
        """Take what is over off the list that reapers look at; the broker forgets it in time."""
        for channel in channels:
            state = await self.get(channel)
            if state is not None:
                await self._for_all_keys(
                    state, lambda pipe, key, ttl_s: pipe.expire(key, ttl_s), settings=settings
                )
            async with answering():
                await self._redis.srem(UNFINISHED, str(channel))  # type: ignore[misc]
                if state is not None and (owner := state.record.get("owner")) is not None:
                    await self._redis.srem(open_key("analyses", owner), str(channel))  # type: ignore[misc]

    async def forget_experiments(self, channel: Channel, numbers: Iterable[int]) -> None:
        """Delete the channels of a deleted task's experiments, which its coordinator may have written to meanwhile."""
        ones = [Channel("experiment", experiment_id(channel.id, number)) for number in numbers]
        if ones:
            async with answering():
                await self._channeled.delete(*(key for one in ones for key in (one.meta, one.log)))

    async def _for_all_keys(
        self,
        state: AnalysisState,
        act: Callable[[Any, str, int], Any],
        *,
        settings: Settings | None = None,
    ) -> None:
        """Do something with every key of one (key, seconds it is kept); its own come last, so that this can be repeated."""
        channel = state.channel
        own = dict.fromkeys(channel.keys, 0) if settings is None else lifetimes(channel, settings)
        kept_s = own[channel.meta]
        keys: dict[str, int] = {}
        if channel.kind == "task":
            keys |= dict.fromkeys(await self._study_keys(channel), kept_s)
            numbers = [record["number"] for record in await self.records(channel)]
            numbers += [one["number"] for one in state.told.get("running") or []]
            for number in numbers:
                one = Channel("experiment", experiment_id(channel.id, number))
                keys |= dict.fromkeys((one.meta, one.log), own[channel.commands])
        keys |= own
        names = list(keys)
        for begin in range(0, len(names), _PIECE):
            async with answering():
                pipe = self._channeled.pipeline(transaction=False)
                for key in names[begin : begin + _PIECE]:
                    act(pipe, key, keys[key])
                await pipe.execute()

    async def _study_keys(self, channel: Channel) -> list[str]:
        async with answering():
            newest = await self._channeled.get(study_keys(channel.id)[0])
        return [] if newest is None else study_keys(channel.id, entries=int(newest) + 1)

    async def enqueue(self, channel: Channel, attempt: int) -> None:
        """Ask for a coordinator, and have reapers look after it; what waited or ran already goes before all that wait."""
        async with answering():
            await self._redis.sadd(UNFINISHED, str(channel))  # type: ignore[misc]
        state = None if attempt > 1 else await self.get(channel)
        user = None if state is None else state.record.get("owner")
        await self._queue.enqueue_coordination(channel, attempt, user=user)


def _recovering(state: AnalysisState) -> list[bytes]:
    """What those who watch an operation are told when its worker is lost. (A task's events have no word for it.)"""
    told = state.told.get("progress")
    if state.channel.kind != "operation" or told is None or state.over:
        return []
    known = {name: told[name] for name in told if name != "eta_s"}
    return [progress(state.id, {**known, "msg": "recovering: its worker was lost"})]


def _keep(pipe: Any, key: str, ttl_s: int) -> None:
    if not key.endswith((":lease", ":viewers", ":playheads")):  # these live for seconds, always
        pipe.persist(key)
