"""Alive, ready, and who works: `/healthz`, `/readyz`, `/api/workers`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from gridcast.broadcaster import BrokerUnavailable, Channel

from .failures import NOT_READY, RETRY_S, Failure, Fault
from .replies import fails_with, reply
from .services import Services, ServicesDep
from .users import lists_of, may_see

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Response:
    """This process answers."""
    return reply({"status": "ok"})


async def unready(services: Services) -> list[Fault]:
    """Why sessions could not be started and watched through this process now."""
    reasons = []
    try:
        if not await services.heartbeats.alive():
            reasons.append(Fault(("workers",), "no worker is alive; start one with `gridcast worker`"))
    except BrokerUnavailable as error:
        reasons.append(Fault(("broker",), str(error)))
    if not services.hub.healthy:
        reasons.append(Fault(("live",), "the live tail of the broker is not connected"))
    if services.closing.is_set():
        reasons.append(Fault(("process",), "this process is shutting down"))
    return reasons


@router.get("/readyz", responses=fails_with(503))
async def readyz(services: ServicesDep) -> Response:
    """Sessions can be started and watched through this process; 503 says why not."""
    reasons = await unready(services)
    if reasons:
        detail = "; ".join(reason.msg for reason in reasons)
        raise Failure(NOT_READY, detail, errors=reasons, headers={"Retry-After": str(RETRY_S)})
    return reply({"status": "ready"})


@router.get("/api/workers", responses=fails_with(503))
async def workers(services: ServicesDep) -> Response:
    """Live workers with those of their sessions that one may see; at most a second old."""
    alive = await services.heartbeats.alive()
    told = [{name: value for name, value in beat.items() if name != "figures"} for beat in alive]
    if lists_of("session") is not None:
        await _leave_out(services, told)
    return reply({"queue_depth": await services.queue.depth(), "workers": told})


async def _leave_out(services: Services, workers: list[dict[str, Any]]) -> None:
    """Take out the sessions that the asker may not see."""
    ids = {str(session["id"]) for worker in workers for session in worker["sessions"]}
    channels = [Channel.session(ident) for ident in ids]
    accesses = await services.accounts.accesses.read(channels)
    seen = {
        channel.id
        for channel, access in zip(channels, accesses, strict=True)
        if access is not None and may_see(access.owner, access.visibility)
    }
    for worker in workers:
        worker["sessions"] = [session for session in worker["sessions"] if session["id"] in seen]
