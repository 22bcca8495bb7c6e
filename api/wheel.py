"""`/api/sessions/{id}/wheel`: who steers where only one may, and how it changes hands. docs/protocol.md has the rules."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from gridcast.broadcaster.wheel import MAX_ASKS, Action

from .bodies import StrictRoute
from .company import wheel_object
from .failures import FORBIDDEN, NOT_ASKED, TOO_MANY, WHEEL_HELD, Failure
from .replies import fails_with, reply
from .services import Services, ServicesDep
from .users import may_rule, present_user
from .views import channel_of

router = APIRouter(prefix="/api/sessions/{session_id}/wheel", tags=["commands"], route_class=StrictRoute)

_FAILS: Final = fails_with(403, 404, 409, 422, 429, 503)


class AskedItem(BaseModel):
    """Somebody who wants it."""

    name: str
    ts: float


class WheelDocument(BaseModel):
    """Who has the wheel; while nobody has, all who may steer do."""

    holder: str | None
    since: float | None
    asked: list[AskedItem]


class Named(BaseModel):
    """Whom it is about: the name of somebody who has asked."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


@router.get("", response_model=WheelDocument, responses=fails_with(404, 503))
async def look(services: ServicesDep, session_id: str) -> Response:
    """Who has it, and who has asked for it."""
    return await _act(services, session_id, "look")


@router.post("/take", response_model=WheelDocument, responses=_FAILS)
async def take(services: ServicesDep, session_id: str) -> Response:
    """Be the only one who steers. Where somebody else is: only for the owner."""
    return await _act(services, session_id, "take")


@router.post("/ask", response_model=WheelDocument, responses=_FAILS)
async def ask(services: ServicesDep, session_id: str) -> Response:
    """Ask whoever has it for it; where nobody has, it is taken."""
    return await _act(services, session_id, "ask")


@router.post("/let-go", response_model=WheelDocument, responses=_FAILS)
async def let_go(services: ServicesDep, session_id: str) -> Response:
    """Let all steer again."""
    return await _act(services, session_id, "let-go")


@router.post("/give", response_model=WheelDocument, responses=_FAILS)
async def give(services: ServicesDep, session_id: str, to: Named) -> Response:
    """Give it to somebody who has asked for it."""
    return await _act(services, session_id, "give", about=to.name)


@router.post("/refuse", response_model=WheelDocument, responses=_FAILS)
async def refuse(services: ServicesDep, session_id: str, to: Named) -> Response:
    """Do not give it to somebody who has asked; or take one's own question back."""
    return await _act(services, session_id, "refuse", about=to.name)


async def _act(services: Services, session_id: str, action: Action, *, about: str = "") -> Response:
    who = present_user()
    word, wheel = await services.wheels.act(
        channel_of(session_id), action, who=who, owns=may_rule(), about=about
    )
    match word:
        case "HELD":
            detail = f"{wheel.holder} has the wheel; ask for it, or have the owner take it"
            raise Failure(WHEEL_HELD, detail)
        case "NOT_YOURS":
            holder = "nobody" if wheel.holder is None else wheel.holder
            detail = f"{holder} has the wheel; only whoever has it, and the session's owner, may do this"
            raise Failure(FORBIDDEN, detail)
        case "NOT_ASKED":
            asked = ", ".join(sorted(wheel.asked)) or "nobody"
            raise Failure(NOT_ASKED, f"{about[:40]} has not asked for the wheel; {asked} has")
        case "FULL":
            raise Failure(TOO_MANY, f"{MAX_ASKS} people have asked for the wheel already; wait for an answer")
        case _:
            return reply(wheel_object(wheel))
