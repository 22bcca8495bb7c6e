"""Which web pages may use this service: browsers tell the page's origin, and CORS does not guard WebSockets.

Programs that are no browsers send no `Origin` and are not held up by this rule.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .failures import FOREIGN_ORIGIN, Failure
from .problems import response

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def allowed(origin: str | None, *, host: str | None, extra: Collection[str] = ()) -> bool:
    """Whether a request with this `Origin` header may change or watch something.

    Allowed are: no browser at all; the service's own pages (`host` is the Host header); pages of this machine (any
    port, for development servers); the origins in `extra`.
    """
    if origin is None:
        return True
    if origin in extra:
        return True
    try:
        page = urlsplit(origin)
        if page.scheme not in _DEFAULT_PORTS or page.hostname is None or page.path or page.query:
            return False
        if page.hostname in _LOOPBACK:
            return True
        own = urlsplit(f"//{host or ''}")
        default = _DEFAULT_PORTS[page.scheme]
        return page.hostname == own.hostname and (page.port or default) == (own.port or default)
    except ValueError:
        return False


def refusal(origin: str | None) -> Failure:
    return Failure(
        FOREIGN_ORIGIN,
        f"pages of {origin} may not use this service; its operator can allow them with GRIDCAST_ALLOWED_ORIGINS",
    )


class OriginGuard:
    """Refuses requests of foreign pages that would change something. WebSockets are refused where they are served."""

    def __init__(self, app: ASGIApp, *, extra: Collection[str]) -> None:
        self._app = app
        self._extra = extra

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in _CHANGING:
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if not allowed(origin, host=headers.get("host"), extra=self._extra):
                await response(refusal(origin))(scope, receive, send)
                return
        await self._app(scope, receive, send)
