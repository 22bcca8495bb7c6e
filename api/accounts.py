"""`/api/me`, `/api/tickets`, and the share links and visibility of sessions, tasks and operations."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from gridcast.broadcaster import Channel, NoChannel
from gridcast.broadcaster.access import TICKET_S, Share, Visibility

from .analyses import state_at
from .auth.rights import KINDS, Thing, channel_of
from .bodies import StrictRoute
from .failures import NOT_FOUND, Failure
from .replies import fails_with, reply
from .services import Services, ServicesDep
from .users import present, present_user
from .views import Base

router = APIRouter(prefix="/api", tags=["accounts"], route_class=StrictRoute)

DAY_S: Final = 86400
_FRESH: Final = {"Cache-Control": "no-store"}

_FAILS: Final = fails_with(401, 403, 404, 503)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TicketRequest(_Strict):
    """Body of `POST /api/tickets`."""

    path: Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]{0,500}$")] = Field(
        description="What is to be opened, without its query, such as `/api/ws/sessions/ID`."
    )


class Ticket(BaseModel):
    """Opens one path once."""

    ticket: str
    expires_in_s: int


class Me(BaseModel):
    """Who asks. Without a `name` nobody is signed in."""

    name: str | None
    admin: bool
    auth: Literal["off", "on"]


class ShareRequest(_Strict):
    """Body of `POST .../shares`."""

    role: Literal["viewer", "controller"] = "viewer"
    expires_in_s: Annotated[int, Field(ge=60, le=365 * DAY_S)] = 7 * DAY_S
    note: Annotated[str, StringConstraints(max_length=200)] | None = None


class ShareObject(BaseModel):
    """A share link."""

    id: str
    role: Literal["viewer", "controller"]
    expires: float
    created: float
    by: str
    note: str | None


class NewShare(ShareObject):
    """With what is told once."""

    share: str = Field(description="The secret; `Gridcast-Share` header of requests.")
    url: str = Field(description="The page with it.")


class ShareList(BaseModel):
    items: list[ShareObject]
    next_cursor: None


class VisibilityDocument(_Strict):
    """Body and answer of `PUT .../visibility`."""

    visibility: Visibility


@router.get("/me", response_model=Me, responses=fails_with(401))
async def me(services: ServicesDep) -> Response:
    """Who one is here."""
    if not services.accounts.on:
        return reply({"name": present_user(), "admin": False, "auth": "off"}, headers=_FRESH)
    user = present().asker.user
    name, admin = (None, False) if user is None else (user.name, user.admin)
    return reply({"name": name, "admin": admin, "auth": "on"}, headers=_FRESH)


@router.post("/tickets", status_code=201, response_model=Ticket, responses=fails_with(401, 413, 422, 503))
async def ticket(
    services: ServicesDep, wanted: TicketRequest, gridcast_share: Annotated[str | None, Header()] = None
) -> Response:
    """A ticket for a WebSocket or an event stream, which browsers open without headers."""
    issued = await services.accounts.ticket(present().asker, gridcast_share, wanted.path)
    return reply({"ticket": issued, "expires_in_s": TICKET_S}, status=201, headers=_FRESH)


def thing(things: Thing, thing_id: str) -> Channel:
    """The channel of what a path names. Raises `NoChannel`."""
    channel = channel_of(things, thing_id)
    if channel is None:
        raise NoChannel(f"{KINDS[things]}:{thing_id}")
    return channel


ThingDep = Annotated[Channel, Depends(thing)]


@router.get("/{things}/{thing_id}/shares", response_model=ShareList, responses=_FAILS)
async def shares(services: ServicesDep, channel: ThingDep) -> Response:
    """Its share links that have not ended, newest first, without their secrets."""
    access = await services.accounts.access(channel)
    if access is None:
        raise NoChannel(str(channel))
    now = time.time()
    found = sorted(access.shares.values(), key=lambda share: (-share.created, share.id))
    items = [_told(share) for share in found if share.expires > now]
    return reply({"items": items, "next_cursor": None}, headers=_FRESH)


@router.post(
    "/{things}/{thing_id}/shares",
    status_code=201,
    response_model=NewShare,
    responses={**_FAILS, **fails_with(409, 413, 422)},
)
async def share(request: Request, services: ServicesDep, channel: ThingDep, wanted: ShareRequest) -> Response:
    """A link with which whoever has it may watch, or steer, until it ends or is withdrawn."""
    made, secret = await services.accounts.book.share(
        channel,
        role=wanted.role,
        expires=time.time() + wanted.expires_in_s,
        by=present_user(),
        note=wanted.note,
    )
    services.accounts.accesses.forget(channel)
    url = f"{Base.of(request).http}/{channel.kind}s/{channel.id}?share={secret}"
    where = f"/api/{channel.kind}s/{channel.id}/shares/{made.id}"
    document = {**_told(made), "share": secret, "url": url}
    return reply(document, status=201, headers={"Location": where, **_FRESH})


@router.delete(
    "/{things}/{thing_id}/shares/{share_id}", status_code=204, response_class=Response, responses=_FAILS
)
async def withdraw(services: ServicesDep, channel: ThingDep, share_id: str) -> Response:
    """End a share link; whoever watches by it is told (close code 4403) within seconds."""
    if not await services.accounts.book.withdraw(channel, share_id):
        raise Failure(NOT_FOUND, f"{channel.kind} {channel.id} has no share link {share_id[:40]}")
    services.accounts.taken_back(channel)
    return Response(status_code=204)


@router.put(
    "/{things}/{thing_id}/visibility",
    response_model=VisibilityDocument,
    responses={**_FAILS, **fails_with(413, 422)},
)
async def show_to(services: ServicesDep, channel: ThingDep, wanted: VisibilityDocument) -> Response:
    """Let everybody who reaches the service watch it, or only whom it was shared with."""
    created = await _created(services, channel)
    await services.accounts.book.show_to(channel, wanted.visibility, created=created)
    services.accounts.taken_back(channel)
    return reply({"visibility": wanted.visibility})


async def _created(services: Services, channel: Channel) -> float:
    """When a thing was made, which is its place in lists. Raises `NoChannel`."""
    if channel.kind == "session":
        session = await services.sessions.get(channel.id)
        if session is None:
            raise NoChannel(str(channel))
        return float(session.record["created"])
    return (await state_at(services, channel)).created


def _told(share: Share) -> dict[str, Any]:
    return {name: getattr(share, name) for name in ("id", "role", "expires", "created", "by", "note")}
