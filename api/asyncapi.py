"""`/asyncapi.json`: what goes over the sockets, as an AsyncAPI 3 document made from the models of `messages.py`."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from .messages import SENT, TAKEN
from .models import EventsQuery, SessionRequest, StreamQuery
from .replies import reply

router = APIRouter(tags=["health"])

_ABOUT: Final = (
    "Text frames, one JSON object each. Frames with `offset` are entries of a log, in order and without gaps, or a `reset` "
    "says what is missing. Close codes: 1000 finished, 1008 policy, 1009 too large, 1012 going away, 1013 too slow, "
    "4401 not authenticated, 4403 not allowed, 4404 no such thing, 4429 too many."
)
_ID: Final = {"description": "Lower-case letters, digits and hyphens."}

CHANNELS: Final[dict[str, tuple[str, str, type[BaseModel] | None, str]]] = {
    "session": (
        "session",
        "/api/ws/sessions/{id}",
        StreamQuery,
        "A session's entries from `since` on; commands and their answers on the same socket.",
    ),
    "simStream": (
        "session",
        "/sim/stream",
        SessionRequest,
        "Starts a session and streams it, one frame a tick. The query holds the body of `POST /api/sessions`.",
    ),
    "task": ("task", "/api/ws/tasks/{id}", EventsQuery, "What happens to a tuning task."),
    "experiment": ("experiment", "/api/ws/experiments/{id}", EventsQuery, "The part of one experiment."),
    "operation": (
        "operation",
        "/api/ws/operations/{id}",
        EventsQuery,
        "How far an operation is, and its result.",
    ),
    "progress": ("progress", "/ws/progress", None, "Asks for one operation and follows it to its end."),
}
"""By name: the kind of its messages, its address, its query, what it is."""


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    models = {model for kinds in (SENT, TAKEN) for listed in kinds.values() for model in listed}
    queries = {query for _, _, query, _ in CHANNELS.values() if query is not None}
    named = sorted(models | queries, key=lambda model: model.__name__)
    references, definitions = models_json_schema(
        [(model, "validation") for model in named], ref_template="#/components/schemas/{model}"
    )
    schemas = {model.__name__: references[model, "validation"] for model in named}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Gridcast",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name, schemas) for name in CHANNELS},
        "operations": {
            operation: found for name in CHANNELS for operation, found in _operations(name).items()
        },
        "components": {
            "messages": {
                model.__name__: {
                    "name": model.__name__,
                    "title": _title(model.__name__),
                    "payload": schemas[model.__name__],
                }
                for model in named
                if model in models
            },
            "schemas": definitions["$defs"],
        },
    }


def _title(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _channel(name: str, schemas: dict[str, Any]) -> dict[str, Any]:
    kind, address, query, text = CHANNELS[name]
    messages = dict.fromkeys(model.__name__ for model in (*SENT[kind], *TAKEN[kind]))
    found: dict[str, Any] = {
        "address": address,
        "description": text,
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in messages},
    }
    if "{id}" in address:
        found["parameters"] = {"id": _ID}
    if query is not None:
        found["bindings"] = {"ws": {"query": schemas[query.__name__]}}
    return found


def _operations(name: str) -> dict[str, Any]:
    kind = CHANNELS[name][0]
    channel = {"$ref": f"#/channels/{name}"}

    def listed(models: tuple[type[BaseModel], ...]) -> list[dict[str, str]]:
        return [{"$ref": f"#/channels/{name}/messages/{model.__name__}"} for model in models]

    return {
        f"{name}Sends": {"action": "send", "channel": channel, "messages": listed(SENT[kind])},
        f"{name}Takes": {"action": "receive", "channel": channel, "messages": listed(TAKEN[kind])},
    }


@router.get("/asyncapi.json")
async def asyncapi() -> Response:
    """What goes over the WebSockets."""
    return reply(document())
