"""What every request has: an id that joins the logs of all processes, headers that keep browsers safe, and an answer also
where we failed.

The outermost of our middlewares but the one that counts, so that nothing leaves without them.
"""

from __future__ import annotations

import re
import time
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridcast.broadcaster import tracing
from gridcast.broadcaster.names import ID_PATTERN, new_id
from gridcast.broadcaster.origin import REQUEST_ID

from .problems import mistake

log = structlog.get_logger(__name__)

HEADER: Final = "x-request-id"

_THING = re.compile(rf"/(session|task|experiment|operation)s/({ID_PATTERN.pattern})(?=/|$)")
_QUIET = frozenset({"GET", "HEAD", "OPTIONS"})

PAGE_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""Scripts come from here alone. Styles may stand in the page: the components and the charts set them from scripts."""

DATA_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)
"""Of what is no page: looked at by itself it runs nothing and loads nothing. Server-drawn pictures have styles."""

SAFE: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class RequestContext:
    """Binds the request's id, and what it is about, to the context of all that is logged and stored for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            _bind(scope)
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        ident = _bind(scope)
        began_s = time.perf_counter()
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message, ident)
            await send(message)

        try:
            if tracing.enabled() and scope["method"] not in _QUIET:
                parent = Headers(scope=scope).get("traceparent")
                name = f"{scope['method']} {_route(scope['path'])}"
                with tracing.span(name, parent, request_id=ident):
                    await self._app(scope, receive, dressed)
            else:
                await self._app(scope, receive, dressed)
        except Exception as error:  # the outermost frame of a request
            request = Request(scope, receive)
            answer = mistake(request, error)
            if status:
                raise  # half an answer is out: the server breaks it off
            await answer(scope, receive, dressed)
        finally:
            loud = log.debug if scope["method"] in _QUIET else log.info
            took_ms = round(1000 * (time.perf_counter() - began_s), 2)
            loud("request", method=scope["method"], path=scope["path"], status=status, took_ms=took_ms)


def _bind(scope: Scope) -> str:
    """Bind what is known of a request before anything is done with it; answers with its id.

    Each request has a task, and so a context, of its own: nothing needs to be taken back.
    """
    given = Headers(scope=scope).get(HEADER, "")
    ident = given if REQUEST_ID.fullmatch(given) else new_id(16)
    about: dict[str, Any] = {"request_id": ident}
    if (thing := _THING.search(scope["path"])) is not None:
        about[thing[1]] = thing[2]
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**about)
    return ident


def _route(path: str) -> str:
    """A path without what is different in each request."""
    return _THING.sub(r"/\1s/{id}", path)


def _dress(message: Message, ident: str) -> None:
    headers = MutableHeaders(scope=message)
    headers[HEADER] = ident
    for name, value in SAFE.items():
        headers.setdefault(name, value)
    page = headers.get("content-type", "").startswith("text/html")
    headers.setdefault("content-security-policy", PAGE_POLICY if page else DATA_POLICY)
