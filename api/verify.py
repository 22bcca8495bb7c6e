"""`/api/sessions/{id}/verify`: run an ended session again, as an operation, and say whether it is the same run."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from gridcast.broadcaster.analyses import AnalysisState
from gridcast.broadcaster.operation_events import progress, progress_of
from gridcast.broadcaster.sessions import SessionState

from .analyses import create_once
from .failures import FOREIGN_ORIGIN, NOT_VERIFIABLE, Failure
from .forking import MAX_TITLE_CHARS, fork_session
from .models import CommandRequest, ForkOverrides, ForkRequest
from .operation_models import VERIFY, OperationObject
from .operations import STARTED, Wait, answer
from .replies import fails_with
from .services import Services, ServicesDep
from .users import present_user
from .views import state_of

router = APIRouter(prefix="/api/sessions/{session_id}/verify", tags=["operations"])

_FAILS: Final = fails_with(403, 404, 409, 429, 503)


@router.get("", response_model=OperationObject, responses={**STARTED, **_FAILS})
async def verify(request: Request, services: ServicesDep, session_id: str, query: Wait) -> Response:
    """Run a completed or stopped session again and compare the digests. Who goes away while waiting cancels it."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        # A link or a picture of a foreign page would do for a GET, and browsers send no Origin with those.
        raise Failure(FOREIGN_ORIGIN, "pages of other sites may not start anything here")
    state = await start_verification(services, await state_of(services, session_id), owner=present_user())
    return await answer(request, services, state, wait=query.wait)


async def start_verification(services: Services, session: SessionState, *, owner: str) -> AnalysisState:
    """Begin the second run, and the operation that looks on.

    Raises:
        Failure: the session is not over, there is nothing that a second run could be compared with, or there are too many.
        BrokerUnavailable
    """
    digest = _digest(session)
    stopped_early = session.tick < session.n_ticks
    title = f"Verify {session.record['title']}"[:MAX_TITLE_CHARS]
    replay = await fork_session(
        services,
        session.id,
        ForkRequest(
            at_tick=session.tick,
            overrides=ForkOverrides(title=title, speed="max"),
            commands=[CommandRequest(command="stop")] if stopped_early else [],
        ),
        owner=owner,
        on_idle="continue",
    )
    config = {"session_id": session.id}
    try:
        return await create_once(
            services,
            "operation",
            {
                "title": title,
                "owner": owner,
                "op": VERIFY,
                "config": config,
                "steps": session.tick,
                "recorded": {"ticks": session.tick, "digest": digest},
                "replay_id": replay.id,
            },
            key=None,
            asked=config,
            first=lambda ident: progress(ident, progress_of(0, session.tick, "queued")),
        )
    except Failure:
        # Nobody would ever look at it.
        await services.sessions.delete(replay.id)
        await services.queue.remove(replay.id, replay.attempt)
        raise


def _digest(session: SessionState) -> str:
    if session.status not in ("completed", "stopped"):
        hint = "" if session.status == "failed" else "; wait for its end, or stop it"
        words = f"session {session.id} is {session.status}; a completed or stopped one can be verified{hint}"
        raise Failure(NOT_VERIFIABLE, words)
    digest = (session.summary or {}).get("digest")
    if not isinstance(digest, str) or not session.tick:
        words = f"session {session.id} ended before its first tick; there is nothing to compare with"
        raise Failure(NOT_VERIFIABLE, words)
    return digest
