"""Who did what, when, and what came of it: one bounded stream in the broker.

Auditing never fails what is audited: a record that cannot be stored goes to the log instead, whole, and is counted. In
practice the two fail together, as both need the broker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
import structlog
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from .client import answering, broker_errors
from .errors import BrokerUnavailable
from .names import AUDIT
from .origin import request_id
from .settings import Settings
from .totals import TOTALS

log = structlog.get_logger(__name__)

Result = Literal["done", "stored", "applied", "rejected", "refused", "failed"]
"""`stored`: a command that its session has yet to answer; then `applied` or `rejected` follows, under the same
`command_id`. `refused`: we did not do it; `failed`: we could not."""

MAX_ARGS_BYTES: Final = 1024
"""Of a command's arguments in a record; of longer ones it tells the size."""

SCAN: Final = 500
"""Records read at once."""

MAX_SCANNED: Final = 20_000
"""Records that one look goes through when a filter lets few of them pass."""

Record = dict[str, Any]
"""`{ts, action, by, target, result, request_id, ...}`."""


def record_of(action: str, *, by: str | None, target: str | None, result: Result, **facts: Any) -> Record:
    """One record of what happens now, in this context."""
    if (args := facts.get("args")) is not None and (size := len(orjson.dumps(args))) > MAX_ARGS_BYTES:
        facts = {**{name: value for name, value in facts.items() if name != "args"}, "args_bytes": size}
    request = facts.pop("request_id", None) or request_id()
    return {
        "ts": time.time(),
        "action": action,
        "by": by,
        "target": target,
        "result": result,
        "request_id": request,
        **{name: value for name, value in facts.items() if value is not None},
    }


def _commands(records: list[Record], settings: Settings) -> list[tuple[Any, ...]]:
    """What is sent to the broker for them. Trimmed roughly, which costs next to nothing: up to a hundred more may stay."""
    oldest_ms = int(1000 * (time.time() - settings.audit_ttl_s))
    return [
        *(("XADD", AUDIT, "MAXLEN", "~", settings.audit_events, "*", "e", orjson.dumps(r)) for r in records),
        ("XTRIM", AUDIT, "MINID", "~", oldest_ms),
    ]


def _lost(records: list[Record], error: Exception) -> None:
    TOTALS.audit_failures += len(records)
    for record in records:
        log.error("audit_not_stored", why=str(error), record=record)


def record_now(redis: Redis, settings: Settings, records: list[Record]) -> None:
    """Store records, blocking; for a session child. Never raises."""
    if not settings.audit_events or not records:
        return
    try:
        with broker_errors():
            pipe = redis.pipeline(transaction=False)
            for command in _commands(records, settings):
                pipe.execute_command(*command)  # type: ignore[no-untyped-call]
            pipe.execute()
    except BrokerUnavailable as error:
        _lost(records, error)


@dataclass(frozen=True, slots=True)
class Page:
    """Records, newest first, and the id behind which older ones follow; None where there are none."""

    items: list[Record]
    after: str | None


class Audit:
    """Stores and reads records."""

    def __init__(self, redis: AsyncRedis, settings: Settings) -> None:
        self._redis = redis
        self._settings = settings

    async def record(
        self, action: str, *, by: str | None, target: str | None = None, result: Result = "done", **facts: Any
    ) -> None:
        """Store a record. Never raises.

        Args:
            action: what was done to what, such as `session.share`.
            by: who did it, such as `user:ada`; `None`: nobody who said who they are.
            target: to which thing, such as `session:k3v9`.
            facts: what else is worth knowing. No secrets; JSON of some hundred bytes.
        """
        if not self._settings.audit_events:
            return
        record = record_of(action, by=by, target=target, result=result, **facts)
        try:
            async with answering():
                pipe = self._redis.pipeline(transaction=False)
                for command in _commands([record], self._settings):
                    pipe.execute_command(*command)
                await pipe.execute()
        except BrokerUnavailable as error:
            _lost([record], error)

    async def page(
        self, *, before: str | None, limit: int, passes: Callable[[Mapping[str, Any]], bool]
    ) -> Page:
        """The newest records before id `before` that pass, each with its `id`.

        Raises:
            BrokerUnavailable
        """
        found: list[Record] = []
        oldest = int(1000 * (time.time() - self._settings.audit_ttl_s))
        scanned = 0
        place = before
        while scanned < MAX_SCANNED:
            async with answering():
                rows = await self._redis.xrevrange(
                    AUDIT, max="+" if place is None else f"({place}", min=oldest, count=SCAN
                )
            for raw_id, fields in rows:
                scanned += 1
                place = raw_id.decode()
                record = orjson.loads(fields[b"e"])
                if passes(record):
                    found.append({"id": place, **record})
                    if len(found) == limit:
                        return Page(found, place)
            if len(rows) < SCAN:
                return Page(found, None)
        return Page(found, place)
