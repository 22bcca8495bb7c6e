"""Under which names this service may be reached. A page of a stranger can have its own name resolve to this machine (DNS
rebinding): then its origin is the Host header's, and only the name tells it from ours.

Programs that send no `Host` are no browsers, and not held up by this rule.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .failures import MISDIRECTED, PACKED, Failure
from .problems import response

ALL: Final = "*"
ANYWHERE: Final = frozenset({"0.0.0.0", "::", ""})


def known(host: str, *, own: str, extra: Collection[str] = ()) -> bool:
    """Whether a request with this `Host` header means this service.

    Allowed are: the names of the loopback interface; `own`, the address that the service listens on; those in
    `extra`. Where it listens on all addresses, each of them by number too: a number cannot be made to resolve elsewhere.
    """
    if ALL in extra:
        return True
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    if name in {own.lower().strip("[]"), *(other.lower().strip("[]") for other in extra)}:
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or own in ANYWHERE


def stranger(headers: Headers, *, own: str, extra: Collection[str]) -> str | None:
    """The first `Host` of a request, in case there are several, that does not mean this service; `None`: all do."""
    return next((host for host in headers.getlist("host") if not known(host, own=own, extra=extra)), None)


def refusal(host: str) -> Failure:
    return Failure(
        MISDIRECTED,
        f"this service is not known as {host}; its operator can add the name to GRIDCAST_ALLOWED_HOSTS",
    )


def packed(encoding: str) -> Failure:
    return Failure(
        PACKED,
        f"bodies with Content-Encoding: {encoding} are not read; send them as they are",
        headers={"Accept-Encoding": "identity"},
    )


class HostGuard:
    """Refuses requests by names that are not ours, and bodies that would have to be unpacked. WebSockets are refused where
    they are served."""

    def __init__(self, app: ASGIApp, *, own: str, extra: Collection[str]) -> None:
        self._app = app
        self._own = own
        self._extra = extra

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            host = stranger(headers, own=self._own, extra=self._extra)
            if host is not None:
                await response(refusal(host))(scope, receive, send)
                return
            if headers.get("content-encoding", "identity").lower() != "identity":
                await response(packed(headers["content-encoding"]))(scope, receive, send)
                return
        await self._app(scope, receive, send)
