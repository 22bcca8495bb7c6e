"""The state of a session in its channel's meta hash, and the two changes that any process may make to it.

A session's meta fields: `record` (JSON: what was asked for, never changes), `status`, `reason`, `tick`, `n_ticks`,
`attempt`, `started`, `ended`, `workload`, `workload_hash`, `versions` (JSON), `schema` (JSON), `summary` (JSON), `digest`,
`answered`, `speed` (JSON, once it was changed), `recorded` (bytes of its files), `origin` (JSON: the request that asked for
it), `form` (number of the form of all this, see `versions.STATE`), `crashes` and `kills` (`tick:count`), beside the
channel's own `epoch`, `head` and `token`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

import orjson
from redis.asyncio import Redis

from .access import Visibility, meta_of
from .channels import Channels
from .client import answering, channels_of
from .commands import START, Command, CommandLog
from .errors import Conflict, NoChannel, UnansweredCommands
from .listing import newest, strike_off
from .names import (
    ACTIVE,
    FINISHED,
    LEFTOVERS,
    SESSIONS,
    STARTED,
    Channel,
    Epoch,
    open_key,
    owned_key,
    public_key,
    started_key,
)
from .origin import Origin, origin
from .queue import JobQueue
from .retention import lifetimes, look_after
from .settings import Settings
from .versions import STATE

Status = Literal["queued", "starting", "running", "paused", "recovering", "completed", "stopped", "failed"]
FINAL: Final[frozenset[str]] = frozenset({"completed", "stopped", "failed"})


MAX_CRASHES = 3
"""Crashes of a session's own at one tick, without progress, after which it is `failed`."""

MAX_KILLS = 20
"""The same for ends that come from outside: enough for any drill, few enough to notice a machine without memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionState:
    """What meta says about a session now. `record` holds what the creator asked for, all defaults filled in."""

    id: str
    epoch: Epoch
    head: int
    token: int
    status: Status
    reason: str | None
    tick: int
    n_ticks: int
    attempt: int
    started: float | None
    ended: float | None
    workload: str | None
    schema: dict[str, Any] | None
    summary: dict[str, Any] | None
    digest: str | None
    versions: dict[str, Any] | None
    workload_hash: str | None
    answered: str
    speed: float | Literal["max"]
    record: dict[str, Any]
    visibility: Visibility = "private"
    origin: Origin = field(default_factory=dict)
    form: int = STATE
    """Number of the form of what the session's keys hold."""

    @property
    def over(self) -> bool:
        """Whether the session reached a last status."""
        return self.status in FINAL


def _text(meta: Mapping[str, bytes], field: str) -> str | None:
    raw = meta.get(field)
    return raw.decode() if raw else None


def _number(meta: Mapping[str, bytes], field: str) -> float | None:
    raw = meta.get(field)
    return float(raw) if raw else None


def _json(meta: Mapping[str, bytes], field: str) -> dict[str, Any] | None:
    raw = meta.get(field)
    return cast("dict[str, Any]", orjson.loads(raw)) if raw else None


def decode(session_id: str, meta: Mapping[str, bytes]) -> SessionState:
    """Read a meta hash."""
    record = _json(meta, "record") or {}
    return SessionState(
        id=session_id,
        epoch=Epoch(meta["epoch"].decode()),
        head=int(meta["head"]),
        token=int(meta["token"]),
        status=cast("Status", _text(meta, "status") or "queued"),
        reason=_text(meta, "reason"),
        tick=int(meta.get("tick", b"0")),
        n_ticks=int(meta.get("n_ticks", b"0")),
        attempt=int(meta.get("attempt", b"1")),
        started=_number(meta, "started"),
        ended=_number(meta, "ended"),
        workload=_text(meta, "workload"),
        schema=_json(meta, "schema"),
        summary=_json(meta, "summary"),
        digest=_text(meta, "digest"),
        versions=_json(meta, "versions"),
        workload_hash=_text(meta, "workload_hash"),
        answered=_text(meta, "answered") or START,
        speed=orjson.loads(meta["speed"]) if "speed" in meta else record.get("speed", "max"),
        record=record,
        visibility=cast("Visibility", orjson.loads(meta["visibility"]))
        if "visibility" in meta
        else "private",
        origin=_json(meta, "origin") or {},
        form=int(meta.get("form", b"1")),
    )


def status_entry(status: Status, *, tick: int, attempt: int, reason: str | None = None) -> bytes:
    """A `status` entry; `tick` is the number of ticks done."""
    entry: dict[str, Any] = {
        "type": "status",
        "ts": time.time(),
        "status": status,
        "tick": tick,
        "attempt": attempt,
    }
    if reason is not None:
        entry["reason"] = reason
    return orjson.dumps(entry)


def command_entry(command: Command, *, tick: int, error: str | None = None) -> bytes:
    """The one answer to a command: applied at `tick`, or rejected with `error`."""
    entry: dict[str, Any] = {
        "type": "command",
        "ts": time.time(),
        "command_id": command.id,
        "by": command.by,
        "command": command.command,
        "args": command.args,
        "status": "applied" if error is None else "rejected",
        "tick": tick,
    }
    if error is not None:
        entry["error"] = error
    return orjson.dumps(entry)


class Sessions:
    """Sessions as any process sees them. Every method may raise `BrokerUnavailable`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._channeled = channels_of(redis)
        self._channels = Channels(self._channeled)
        self._commands = CommandLog(self._channeled)
        self._queue = JobQueue(redis)

    async def create(
        self,
        session_id: str,
        *,
        record: Mapping[str, Any],
        n_ticks: int,
        created: float,
        script: Sequence[Mapping[str, Any]] = (),
    ) -> Epoch:
        """Make the session's channel with its first entry, `queued`, and list it.

        `record` names its `owner`, whose list it comes on, and may say its `visibility` at first.
        `script`: commands `{tick, by, command, args, command_id}` that its child applies at their ticks.

        Raises:
            ChannelExists
        """
        # The ids of its script are taken: nobody may get a second answer to one of them.
        taken = {done["command_id"]: "script" for done in script if done["command_id"]}
        owner = record.get("owner")
        visibility: Visibility = "public" if record.get("visibility") == "public" else "private"
        channel = Channel.session(session_id)
        # Listed first: a creator that dies in between leaves a name without a channel, which a reaper takes off again (and
        # gives what is there of the channel an end).
        async with answering():
            pipe = self._redis.pipeline(transaction=True)
            pipe.zadd(SESSIONS, {session_id: created})
            if owner is not None:
                pipe.zadd(owned_key("session", owner), {session_id: created})
            if visibility == "public":
                pipe.zadd(public_key("session"), {session_id: created})
            pipe.sadd(ACTIVE, session_id)
            await pipe.execute()
            if script:
                pipe = self._channeled.pipeline(transaction=False)
                pipe.set(channel.script, orjson.dumps(list(script)))
                if taken:
                    pipe.hset(channel.seen, mapping=taken)
                await pipe.execute()
        return await self._channels.create(
            channel,
            meta={
                "record": orjson.dumps(record),
                **meta_of(owner, visibility),
                "status": "queued",
                "tick": 0,
                "n_ticks": n_ticks,
                "attempt": 1,
                "form": STATE,
                "origin": orjson.dumps(origin()),
            },
            entries=[status_entry("queued", tick=0, attempt=1)],
        )

    async def get(self, session_id: str) -> SessionState | None:
        meta = await self._channels.meta(Channel.session(session_id))
        return decode(session_id, meta) if meta else None

    async def page(
        self,
        *,
        before: tuple[float, str] | None,
        limit: int,
        among: Sequence[str] | None = None,
    ) -> list[tuple[float, SessionState]]:
        """Sessions with their creation time, newest first, starting after the one that `before` names.

        `among`: the lists (keys of sorted sets) in one of which they are; default: the list of all.
        """
        lists = (SESSIONS,) if among is None else among
        wanted = await newest(self._redis, lists, before=before, limit=limit)
        async with answering():
            pipe = self._channeled.pipeline(transaction=False)
            for _, session_id in wanted:
                pipe.hgetall(Channel.session(session_id).meta)
            metas: list[dict[bytes, bytes]] = await pipe.execute()
        found: list[tuple[float, SessionState]] = []
        nowhere: list[tuple[float, str]] = []
        for (created, session_id), meta in zip(wanted, metas, strict=True):
            if b"epoch" in meta:
                named = {name.decode(): value for name, value in meta.items()}
                found.append((created, decode(session_id, named)))
            else:
                nowhere.append((created, session_id))
        await strike_off(self._redis, lists, nowhere)
        return found[:limit]

    async def finish(self, session_id: str, *, token: int, status: Status, reason: str | None) -> None:
        """Bring a session that has no child to its last status as the holder of `token`.

        Every waiting command is answered first: a `stop` of a session that is being stopped is applied, all others rejected.

        Raises:
            NoChannel, Fenced
        """
        channel = Channel.session(session_id)
        while True:
            state = await self.get(session_id)
            if state is None:
                raise NoChannel(str(channel))
            if state.over:
                return
            waiting = await self._commands.read_all(channel, after=state.answered)
            answered = waiting[-1].at if waiting else state.answered
            answers = [
                command_entry(
                    command,
                    tick=state.tick,
                    error=None
                    if status == "stopped" and command.command == "stop"
                    else f"the session is {status}",
                )
                for command in waiting
            ]
            ended = time.time()
            meta: dict[str, Any] = {"status": status, "ended": repr(ended), "answered": answered}
            if reason is not None:
                meta["reason"] = reason
            try:
                await self._channels.publish(
                    channel,
                    token=token,
                    expected=state.head + 1,
                    entries=[
                        *answers,
                        status_entry(status, tick=state.tick, attempt=state.attempt, reason=reason),
                    ],
                    meta=meta,
                    closing=answered,
                )
                return
            except UnansweredCommands:
                continue

    async def hand_over(self, session_id: str, *, token: int, anew: bool = False) -> int | None:
        """Give a session its next attempt as the holder of `token`: publish `recovering`, and answer with the attempt.

        `anew`: its log may lack what readers have seen, so begin another epoch.

        None, and nothing done, if it is over or waits for a worker already. The caller gives the lease up and then calls
        `enqueue`: a worker that found the lease held would come back only when it could have lapsed.

        Raises:
            NoChannel, Fenced
        """
        channel = Channel.session(session_id)
        while True:
            state = await self.get(session_id)
            if state is None:
                raise NoChannel(str(channel))
            if state.over or state.status in {"queued", "recovering"}:
                return None
            attempt = state.attempt + 1
            if anew:
                await self._channels.begin_anew(channel, token=token)
            try:
                await self._channels.publish(
                    channel,
                    token=token,
                    expected=state.head + 1,
                    entries=[status_entry("recovering", tick=state.tick, attempt=attempt)],
                    meta={"status": "recovering", "attempt": attempt},
                )
            except Conflict:
                continue  # an entry of the old host came in between our read and the new token
            return attempt

    async def enqueue(self, session_id: str, attempt: int) -> None:
        """Put a session that was handed over before all that wait.

        A process that dies before this leaves a waiting session without a job, which a reaper finds.
        """
        await self._queue.enqueue_session(session_id, attempt, user=None)

    async def count_end(self, session_id: str, *, token: int, own_fault: bool) -> int | None:
        """Count a child that ended too early; answers with the tick if it happened too often there without progress.

        Crashes of its own count thrice at most, ends by others (which may be a system out of memory) more often.

        Raises:
            NoChannel, Fenced
        """
        channel = Channel.session(session_id)
        state = await self.get(session_id)
        meta = await self._channels.meta(channel)
        if state is None or meta is None:
            raise NoChannel(str(channel))
        field = "crashes" if own_fault else "kills"
        at, _, count = meta.get(field, b"-1:0").decode().partition(":")
        times = int(count) + 1 if int(at) == state.tick else 1
        await self._channels.publish(
            channel, token=token, expected=state.head + 1, entries=[], meta={field: f"{state.tick}:{times}"}
        )
        return state.tick if times >= (MAX_CRASHES if own_fault else MAX_KILLS) else None

    async def tokens(self, session_ids: Sequence[str]) -> list[int | None]:
        """The newest token of each session; `None` where it was deleted."""
        if not session_ids:
            return []
        async with answering():
            pipe = self._channeled.pipeline(transaction=False)
            for session_id in session_ids:
                pipe.hget(Channel.session(session_id).meta, "token")
            return [None if raw is None else int(raw) for raw in await pipe.execute()]

    async def retire(self, session_ids: Sequence[str], *, settings: Settings) -> None:
        """Take sessions that are over off the list that reapers look at, and leave them to those who sweep."""
        now_s = time.time()
        channels = [Channel.session(session_id) for session_id in session_ids]
        async with answering():
            pipe = self._channeled.pipeline(transaction=False)
            for channel in channels:
                pipe.hget(channel.meta, "owner")
            for channel in channels:
                for key, ttl_s in lifetimes(channel, settings).items():
                    pipe.expire(key, ttl_s, nx=True)
            owners = (await pipe.execute())[: len(channels)]
            # Off the list last: who dies before that leaves them to the next reaper, who finds their time begun already.
            pipe = self._redis.pipeline(transaction=True)
            pipe.srem(ACTIVE, *session_ids)
            pipe.srem(STARTED, *session_ids)
            for session_id, owned_by in zip(session_ids, owners, strict=True):
                if (owner := None if owned_by is None else orjson.loads(owned_by)) is not None:
                    pipe.srem(open_key("sessions", owner), session_id)
                    pipe.srem(started_key(owner), session_id)
            pipe.zadd(FINISHED, dict.fromkeys(session_ids, now_s), nx=True)
            pipe.zadd(LEFTOVERS, dict.fromkeys(session_ids, look_after(now_s)))
            await pipe.execute()

    async def delete(self, session_id: str) -> bool:
        """Delete every trace of a session in the broker; a child that still writes is told so by its next call.

        Its files are the caller's to delete. Whoever sweeps looks whether any came, or were left, after that.
        """
        async with answering():
            owned_by = await cast(
                "Awaitable[bytes | None]", self._channeled.hget(Channel.session(session_id).meta, "owner")
            )
            owner = None if owned_by is None else orjson.loads(owned_by)
            pipe = self._redis.pipeline(transaction=True)
            pipe.zrem(SESSIONS, session_id)
            pipe.zrem(public_key("session"), session_id)
            if owner is not None:
                pipe.zrem(owned_key("session", owner), session_id)
                pipe.srem(open_key("sessions", owner), session_id)
                pipe.srem(started_key(owner), session_id)
            pipe.srem(ACTIVE, session_id)
            pipe.srem(STARTED, session_id)
            pipe.zrem(FINISHED, session_id)
            pipe.zadd(LEFTOVERS, {session_id: look_after()})
            await pipe.execute()
        return await self._channels.delete(Channel.session(session_id))
