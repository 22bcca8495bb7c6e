"""Creating a session: check it, make its channel, ask for a worker; at most once for one Idempotency-Key."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gridcast.broadcaster import Channel
from gridcast.broadcaster.client import answering
from gridcast.broadcaster.errors import ChannelExists
from gridcast.broadcaster.names import SessionId, idempotency_key, new_id
from gridcast.broadcaster.sessions import SessionState
from gridcast.scenarios import catalogue, resolve

from .failures import GONE, ID_REUSED, Failure, Fault, invalid
from .models import SessionRequest
from .services import Services

KEY_TTL_S = 24 * 3600
"""How long an Idempotency-Key is remembered: longer than any client retries."""

MAX_RECORD_BYTES = 256 << 10
"""Of what is stored of a session besides its state, as JSON: every list of sessions reads all of it. Those of the catalogue
have 6 KiB; this holds schedules of hundreds of entries."""

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


async def create_session(
    services: Services, wanted: SessionRequest, *, owner: str, key: str | None = None
) -> SessionState:
    """Create and enqueue. With a key seen before, answer with the session that it created.

    Raises:
        ScenarioError: the scenario cannot be simulated as asked; nothing was created.
        Failure: it is too large or too long; there are too many; the key came with another body, or its session was deleted.
        BrokerUnavailable: unknown whether it was created; with a key it is safe to ask again.
    """
    record, n_ticks = await asyncio.to_thread(_record, wanted, owner)
    duration_s = record["config"]["duration_s"]
    services.limits.length(n_ticks=n_ticks, duration_s=duration_s, at=("overrides", "duration_s"))
    return await start_once(services, record, n_ticks, key=key, asked=wanted.model_dump())


async def start_once(
    services: Services,
    record: dict[str, Any],
    n_ticks: int,
    *,
    key: str | None,
    asked: Mapping[str, Any],
    script: Sequence[Mapping[str, Any]] = (),
) -> SessionState:
    """Create and enqueue the session that `record` describes; with a key seen before, answer with what that created.

    Args:
        asked: what the client asked for, by which a repetition is told from another request with the same key.
        script: commands that the session carries out at their ticks.

    Raises: as `create_session`, besides `ScenarioError`.
    """
    session_id = SessionId(new_id())
    if key is None:
        return await _start(services, session_id, record, n_ticks, script)
    claim = Claim(services, record["owner"], key, asked)
    before = await claim.take(session_id)
    if before is None or not before["done"]:
        # Not done: whoever came first with this key died or lost the broker on the way. Every step can be repeated.
        intended = SessionId(before["id"]) if before else session_id
        state = await _start(services, intended, record, n_ticks, script)
        await claim.done(state.id)
        return state
    known = await services.sessions.get(before["id"])
    if known is None:
        raise Failure(GONE, f"session {before['id']}, which this Idempotency-Key created, was deleted")
    return known


def _record(wanted: SessionRequest, owner: str) -> tuple[dict[str, Any], int]:
    """What is stored of a session besides its state: all that a worker needs, defaults filled in."""
    config = resolve(wanted.scenario, wanted.overrides, wanted.seed)
    record = {
        "title": wanted.title or catalogue()[wanted.scenario].title,
        "scenario": wanted.scenario,
        "overrides": wanted.overrides,
        "seed": wanted.seed,
        "speed": wanted.speed,
        "on_idle": wanted.on_idle,
        "owner": owner,
        "visibility": wanted.visibility,
        "config": config.model_dump(mode="json"),
        "parent": None,
    }
    size = len(orjson.dumps(record))
    if size > MAX_RECORD_BYTES:
        text = (
            f"the configuration would have {size} bytes with its overrides, and may have {MAX_RECORD_BYTES}"
        )
        raise invalid([Fault(("overrides",), text)])
    return record, config.n_ticks


async def _start(
    services: Services,
    session_id: SessionId,
    record: dict[str, Any],
    n_ticks: int,
    script: Sequence[Mapping[str, Any]],
) -> SessionState:
    created = time.time()
    await services.limits.new(Channel.session(session_id), record["owner"])
    # It exists where we repeat ourselves under the same key; the job's id is the same too, so it runs once.
    with contextlib.suppress(ChannelExists):
        await services.sessions.create(
            session_id,
            record={**record, "id": session_id, "created": created},
            n_ticks=n_ticks,
            created=created,
            script=script,
        )
    await services.queue.enqueue_session(session_id, 1, user=record["owner"])
    services.stats.sessions_created += 1
    state = await services.sessions.get(session_id)
    if state is None:
        raise Failure(GONE, f"session {session_id} was deleted while it was being created")
    return state


class Claim:
    """The memory of one Idempotency-Key in the broker: which session or task it stands for, for which body."""

    def __init__(self, services: Services, owner: str, key: str, asked: Mapping[str, Any]) -> None:
        if not _KEY.fullmatch(key):
            raise invalid([Fault(("Idempotency-Key",), "1 to 200 visible ASCII characters are allowed")])
        self._redis = services.redis
        self._key = idempotency_key(owner, key)
        self._digest = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def _value(self, session_id: str, *, done: bool) -> bytes:
        return orjson.dumps({"id": session_id, "digest": self._digest, "done": done})

    async def take(self, session_id: str) -> dict[str, Any] | None:
        """Claim the key for a new id; if it was claimed before, answer with what is known."""
        async with answering():
            known = await self._redis.set(
                self._key, self._value(session_id, done=False), nx=True, get=True, ex=KEY_TTL_S
            )
        if known is None:
            return None
        before: dict[str, Any] = orjson.loads(known)
        if before["digest"] != self._digest:
            raise Failure(ID_REUSED, "this Idempotency-Key came before with another body; take a new key")
        return before

    async def done(self, session_id: str) -> None:
        async with answering():
            await self._redis.set(self._key, self._value(session_id, done=True), ex=KEY_TTL_S)
