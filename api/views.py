"""The session object of the protocol, made from what the broker knows and from where the client asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from gridcast.broadcaster import Channel, NoChannel
from gridcast.broadcaster.names import ID_PATTERN
from gridcast.broadcaster.sessions import SessionState

from .services import Services


@dataclass(frozen=True, slots=True)
class Base:
    """Scheme and host as the client names this service, such as `http://lab:8000`."""

    http: str
    ws: str

    @classmethod
    def of(cls, connection: HTTPConnection) -> Base:
        url = connection.base_url
        secure = url.scheme in ("https", "wss")
        host = url.netloc
        return cls(http=f"http{'s' * secure}://{host}", ws=f"ws{'s' * secure}://{host}")


def session_object(
    state: SessionState,
    *,
    base: Base,
    viewers: int,
    queue_position: int | None,
    held: str | None = None,
    brief: bool = False,
) -> dict[str, Any]:
    """One session; `brief` leaves the schema out, which is large and the same from list to list.

    Args:
        held: why it may not start yet though a worker may be free.
    """
    record = state.record
    found = {
        "id": state.id,
        "title": record["title"],
        "scenario": record["scenario"],
        "overrides": record["overrides"],
        "seed": record["seed"],
        "speed": state.speed,
        "on_idle": record["on_idle"],
        "status": state.status,
        "reason": state.reason or held,
        "tick": state.tick,
        "n_ticks": state.n_ticks,
        "progress": round(state.tick / state.n_ticks, 6) if state.n_ticks else 0.0,
        "attempt": state.attempt,
        "queue_position": queue_position,
        "owner": record["owner"],
        "visibility": state.visibility,
        "viewers": viewers,
        "created": record["created"],
        "started": state.started,
        "ended": state.ended,
        "parent": record.get("parent"),
        "epoch": state.epoch,
        "head": state.head,
        "schema": None if brief else state.schema,
        "summary": state.summary,
        "ws_url": f"{base.ws}/api/ws/sessions/{state.id}",
        "url": f"{base.http}/sessions/{state.id}",
    }
    optional = ("reason", "queue_position", "started", "ended", "parent", "schema", "summary")
    return {name: value for name, value in found.items() if value is not None or name not in optional}


def channel_of(session_id: str) -> Channel:
    """The session's channel. Raises `NoChannel` for what cannot be a session's id."""
    if not ID_PATTERN.fullmatch(session_id):
        raise NoChannel(f"session:{session_id}")
    return Channel.session(session_id)


async def state_of(services: Services, session_id: str) -> SessionState:
    """What the broker knows of a session. Raises `NoChannel`."""
    channel = channel_of(session_id)
    state = await services.sessions.get(session_id)
    if state is None:
        raise NoChannel(str(channel))
    return state


async def show(
    services: Services, states: Sequence[SessionState], *, base: Base, brief: bool = False
) -> list[dict[str, Any]]:
    """Session objects with their viewers and places in the queue, in three round trips for all of them."""
    if not states:
        return []
    viewers = await services.presence.counts([Channel.session(state.id) for state in states])
    queued = [(state.id, state.attempt) for state in states if state.status == "queued"]
    places = dict(zip(queued, await services.queue.positions(queued), strict=True))
    waiting = [state.record["owner"] for state in states if state.status == "queued"]
    held = await services.limits.why_waiting(waiting) if waiting else {}
    return [
        session_object(
            state,
            base=base,
            viewers=count,
            queue_position=places.get((state.id, state.attempt)),
            held=held.get(state.record["owner"]) if state.status == "queued" else None,
            brief=brief,
        )
        for state, count in zip(states, viewers, strict=True)
    ]
