"""What tuning tasks and operations have in common over HTTP: created once, looked up, listed, cancelled."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from gridcast.broadcaster import Channel, Fenced, LeaseHeld, NoChannel
from gridcast.broadcaster.analyses import AnalysisKind, AnalysisState
from gridcast.broadcaster.errors import ChannelEnded, ChannelExists
from gridcast.broadcaster.names import ID_PATTERN, new_id

from .creating import MAX_RECORD_BYTES, Claim
from .cursors import newest_first
from .failures import GONE, OPERATION_STATE, TASK_STATE, Failure, Fault, invalid
from .models import PageQuery
from .services import Services
from .users import author, lists_of, may_see
from .views import Base

CANCELLED_IN_QUEUE: Final = "cancelled before a worker took it"
_STATE: Final = {"task": TASK_STATE, "operation": OPERATION_STATE}


def channel_at(kind: AnalysisKind, ident: str) -> Channel:
    """The channel of a task or an operation. Raises `NoChannel` for what cannot be an id."""
    if not ID_PATTERN.fullmatch(ident):
        raise NoChannel(f"{kind}:{ident}")
    return Channel(kind, ident)


async def state_at(services: Services, channel: Channel) -> AnalysisState:
    """What the broker knows of a task or an operation. Raises `NoChannel`."""
    state = await services.analyses.get(channel)
    if state is None:
        raise NoChannel(str(channel))
    return state


def told_of(state: AnalysisState, *, base: Base) -> dict[str, Any]:
    """What tasks and operations tell alike; null where there is nothing to tell."""
    return {
        "id": state.id,
        "title": state.record["title"],
        "status": state.status,
        "reason": state.reason,
        "created": state.created,
        "started": state.started,
        "ended": state.ended,
        "attempt": state.attempt,
        "owner": state.record["owner"],
        "visibility": state.visibility,
        "epoch": state.epoch,
        "head": state.head,
        "ws_url": f"{base.ws}/api/ws/{state.channel.kind}s/{state.id}",
        "url": f"{base.http}/{state.channel.kind}s/{state.id}",
    }


async def seen_by_asker(
    services: Services, kind: AnalysisKind, query: PageQuery, *, passes: Callable[[AnalysisState], bool]
) -> tuple[list[AnalysisState], str | None]:
    """A page of tasks or operations, newest first, of those that the asker may see; and where the next one begins."""
    lists = lists_of(kind)
    return await newest_first(
        lambda place: services.analyses.page(kind, before=place, limit=query.limit, among=lists),
        query,
        passes=lambda state: may_see(state.record["owner"], state.visibility) and passes(state),
    )


async def create_once(
    services: Services,
    kind: AnalysisKind,
    record: Mapping[str, Any],
    *,
    key: str | None,
    asked: Mapping[str, Any],
    first: Callable[[str], bytes],
) -> AnalysisState:
    """Create and enqueue what `record` describes; with an Idempotency-Key seen before, answer with what that created.

    Args:
        asked: what the client asked for, by which a repetition is told from another request with the same key.
        first: makes the first entry for an id.

    Raises:
        Failure: it is too large; there are too many; the key came before with another body, or what it made was deleted.
        BrokerUnavailable: unknown whether it was created; with a key it is safe to ask again.
    """
    size = len(orjson.dumps(record))
    if size > MAX_RECORD_BYTES:
        raise invalid([Fault((), f"the {kind} would have {size} bytes, and may have {MAX_RECORD_BYTES}")])
    channel = Channel(kind, new_id())
    if key is None:
        await _start(services, channel, record, first)
    else:
        claim = Claim(services, record["owner"], key, asked)
        before = await claim.take(channel.id)
        channel = Channel(kind, before["id"]) if before else channel
        if before is None or not before["done"]:
            # Not done: whoever came first with this key died or lost the broker on the way. Every step can be repeated.
            await _start(services, channel, record, first)
            await claim.done(channel.id)
    state = await services.analyses.get(channel)
    if state is None:
        raise Failure(GONE, f"{kind} {channel.id}, which this Idempotency-Key created, was deleted")
    return state


async def _start(
    services: Services, channel: Channel, record: Mapping[str, Any], first: Callable[[str], bytes]
) -> None:
    await services.limits.new(channel, record["owner"])
    # It exists where we repeat ourselves under the same key; the job's id is the same too, so it runs once.
    with contextlib.suppress(ChannelExists):
        await services.analyses.create(channel, record=record, created=time.time(), first=first(channel.id))
    await services.analyses.enqueue(channel, 1)


async def cancel(
    services: Services, channel: Channel, *, user: str, last: Callable[[str], bytes]
) -> AnalysisState:
    """Have a task or an operation end with what it has; its last entry says when that has happened.

    Args:
        last: makes the last entry of one that still waits for a worker, for a reason.

    Raises:
        NoChannel, BrokerUnavailable
        Failure: it is over already.
    """
    state = await state_at(services, channel)
    over = Failure(_STATE[channel.kind], f"{channel.kind} {channel.id} is over already; look at its status")
    if state.over:
        raise over
    try:
        # One id for each attempt: cancelled twice is cancelled once.
        await services.commands.append(
            channel,
            command_id=f"cancel-{state.attempt}",
            by=author(user),
            command="cancel",
            args={},
        )
    except ChannelEnded:
        raise over from None
    await _cancel_queued(services, channel, last)
    return await state_at(services, channel)


async def _cancel_queued(services: Services, channel: Channel, last: Callable[[str], bytes]) -> None:
    """End one that waits for a worker: nobody else is there to do it.

    Holding the lease, we are its one writer, so a worker that picks the job meanwhile finds it taken.
    """
    state = await state_at(services, channel)
    if state.status != "queued":
        return
    try:
        token = await services.leases.acquire(channel)
    except (LeaseHeld, NoChannel):
        return  # a worker has just taken it
    try:
        with contextlib.suppress(Fenced, NoChannel):
            await services.analyses.end_waiting(
                channel, token=token, entry=last(CANCELLED_IN_QUEUE), reason=CANCELLED_IN_QUEUE
            )
    finally:
        await services.leases.release(channel, token)
