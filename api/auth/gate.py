"""The gate in front of all routes: who asks, what the route needs, and whether that goes together.

It looks up the very routes of the application in the table of rights, so that what is let through is what is served. What
is open for long is ended here too, when the right to it ends: routes know nothing of that.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import parse_qsl, urlencode

import structlog
from fastapi.routing import iter_route_contexts
from starlette._utils import get_route_path  # the router's own: what it sees is what is judged
from starlette.routing import BaseRoute, WebSocketRoute, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from gridcast.api.audit import TURNED_AWAY, UNRECORDED, WHO
from gridcast.api.failures import INTERNAL, NOT_FOUND, RATE_LIMITED, Failure, Fault, as_failure, invalid
from gridcast.api.http import EXTENSION as CUT
from gridcast.api.limits import counted_as
from gridcast.api.problems import response
from gridcast.api.services import Services
from gridcast.api.stream import serve
from gridcast.api.users import visiting
from gridcast.api.websocket import EXTENSION as FRAMES
from gridcast.api.websocket import FramePort
from gridcast.broadcaster import Channel

from .accounts import Accounts, unauthenticated
from .rights import TABLE, UNLISTED, USER, Need, Who, channel_in, channels_listed
from .roles import NOBODY, Asker, Role
from .visits import LOCAL_VISIT, Visit

log = structlog.get_logger(__name__)

NEVER_IN_AN_ADDRESS: Final = frozenset({"token", "access_token", "id_token", "jwt", "authorization", "share"})
_CREDENTIAL: Final = re.compile(
    b"(?i)(?:^|&)(?:ticket|" + "|".join(sorted(NEVER_IN_AN_ADDRESS)).encode() + b")(?:=|&|$)"
)
"""What may be one, before anything is taken apart; most addresses have none."""
_REASON_BYTES: Final = 120


class Ended(Exception):
    """The right to what is being answered has ended; nothing more of it goes out."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One route of the application, with what it needs."""

    name: str
    pattern: re.Pattern[str]
    need: Need
    ticketed: bool

    @property
    def method(self) -> str:
        return self.name.partition(" ")[0]


def listed(routes: Sequence[BaseRoute]) -> Iterator[Listed]:
    """All routes in the order in which the application tries them."""
    for route in iter_route_contexts(routes):
        path = route.path
        methods = ["WS"] if isinstance(route.original_route, WebSocketRoute) else sorted(route.methods or ())
        if path is None or not methods:
            raise TypeError(f"{route!r} has no path or no methods, so that nobody can say who may use it")
        pattern, _, _ = compile_path(path)
        for method in methods:
            name = f"{method} {path}"
            yield Listed(
                name=name,
                pattern=pattern,
                need=TABLE.get(name, UNLISTED),
                ticketed=method == "WS" or path.endswith("/events"),
            )


class Book:
    """Finds the route that will serve a request."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._by_method: dict[str, list[Listed]] = {}
        for route in listed(routes):
            self._by_method.setdefault(route.method, []).append(route)

    def find(self, method: str, path: str) -> tuple[Listed, Mapping[str, str]] | None:
        """The route, and what its path names; None where no route will serve it."""
        for route in self._by_method.get(method, ()):
            found = route.pattern.match(path)
            if found:
                return route, found.groupdict()
        return None


class Gate:
    """Lets through whom the table of rights lets through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._book: Book | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        services = cast("Services", scope["app"].state.services)
        accounts = services.accounts
        if not accounts.on:
            with visiting(LOCAL_VISIT):
                await self._app(scope, receive, send)
            return
        socket = scope["type"] == "websocket"
        try:
            visit, lasting = await self._visit(services, scope, "WS" if socket else scope["method"])
            held = contextlib.AsyncExitStack()
            if lasting:
                await held.enter_async_context(services.limits.socket(visit.counted))
        except Exception as error:  # noqa: BLE001  # nothing of this is behind the handlers that turn errors into answers
            failure = _failure_of(error)
            # A flood must not wash everything else out of the audit.
            scope[UNRECORDED] = failure.kind is RATE_LIMITED
            scope[TURNED_AWAY] = True
            await _refuse(failure, scope, receive, send)
            return
        async with held:
            with visiting(visit):
                if visit.need.who is Who.OPEN:
                    await self._app(scope, receive, send)
                    return
                accounts.warden.enter(visit)
                try:
                    await self._app(
                        scope, receive, (_watched_socket if socket else _watched)(visit, scope, send)
                    )
                except Ended:
                    return
                finally:
                    accounts.warden.leave(visit)

    async def _visit(self, services: Services, scope: Scope, method: str) -> tuple[Visit, bool]:
        """Who comes, and whether it is for long (a socket, an event stream). Raises `Failure`, `BrokerUnavailable`."""
        accounts = services.accounts
        if self._book is None:
            self._book = Book(scope["app"].routes)
        found = self._book.find(method, get_route_path(scope))
        if found is None or found[0].need.who is Who.OPEN:
            return Visit(NOBODY, Need(who=Who.OPEN), role=Role.NOBODY), False
        route, named = found
        ticket = _strip_ticket(scope, allowed=route.ticketed)
        asker = await _asker(accounts, scope, ticket)
        if asker.user is not None or asker.share is not None:
            scope[WHO] = asker.name
        counted = counted_as(asker, scope)
        await services.limits.request(counted)
        channels = _channels(route, named, scope)
        if channels is None:
            await accounts.judged(asker, USER, [])
            raise Failure(NOT_FOUND, f"there is nothing at {scope['path']}")
        role = await accounts.judged(asker, route.need, channels)
        return Visit(asker, route.need, channels, role=role, counted=counted), route.ticketed


async def _asker(accounts: Accounts, scope: Scope, ticket: str | None) -> Asker:
    token = share = None
    seen = 0
    for name, value in scope["headers"]:
        if name == b"authorization":
            seen += 1
            scheme, _, token = value.decode("latin-1").partition(" ")
            token = token.strip()
            if scheme.lower() != "bearer" or not token or seen > 1:
                raise unauthenticated("who asks is told by one header, `Authorization: Bearer TOKEN`")
        elif name == b"gridcast-share":
            share = value.decode("latin-1").strip()
    if ticket is None and token is None and share is None:
        return NOBODY
    return await accounts.asker(token=token, share=share, ticket=ticket, path=scope["path"])


def _channels(route: Listed, named: Mapping[str, str], scope: Scope) -> list[Channel] | None:
    """The things that a request is about; None where its path names what cannot exist."""
    if route.need.by_ids:
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        return [channel for name, value in query if name == "ids" for channel in channels_listed(value)]
    if route.need.role is Role.NOBODY:
        return []
    channel = channel_in(named)
    return None if channel is None else [channel]


def _strip_ticket(scope: Scope, *, allowed: bool) -> str | None:
    """The ticket of a request, taken out of its address, so that routes do not see it.

    Raises:
        Failure: there is a token in the address.
    """
    raw: bytes = scope["query_string"]
    if not _CREDENTIAL.search(raw):
        return None
    query = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
    named = {name.lower() for name, _ in query}
    if bad := sorted(named & NEVER_IN_AN_ADDRESS):
        text = (
            "must not stand in an address, which is logged; send `Authorization: Bearer`, or `Gridcast-Share`"
        )
        raise invalid([Fault((bad[0],), text)])
    if not allowed or "ticket" not in named:
        return None
    tickets = [value for name, value in query if name == "ticket"]
    scope["query_string"] = urlencode([pair for pair in query if pair[0] != "ticket"]).encode()
    if len(tickets) != 1:
        raise unauthenticated("give one ticket")
    return tickets[0]


def _failure_of(error: Exception) -> Failure:
    failure = as_failure(error)
    if failure is None:
        log.error("the gate failed", exc_info=error)
        return Failure(INTERNAL, "this failed by a mistake of ours; it was logged")
    return failure


async def _refuse(failure: Failure, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await response(failure)(scope, receive, send)
        return

    async def work() -> None:
        raise failure

    await serve(WebSocket(scope, receive, send), work)


def _watched(visit: Visit, scope: Scope, send: Send) -> Send:
    """`send` of a request whose answer is refused, or broken off, once its visit has ended."""
    begun = False

    def end(failure: Failure) -> None:
        cut = (scope.get("extensions") or {}).get(CUT)
        if begun and cut is not None:
            cut()

    visit.on_end(end)

    async def watched(message: Message) -> None:
        nonlocal begun
        if visit.ended is not None:
            if not begun:
                begun = True
                await response(visit.ended)(scope, _nothing, send)
            raise Ended
        begun = True
        await send(message)

    return watched


def _watched_socket(visit: Visit, scope: Scope, send: Send) -> Send:
    """`send` of a WebSocket that is closed once its visit has ended."""
    closed = False

    def end(failure: Failure) -> None:
        nonlocal closed
        port = (scope.get("extensions") or {}).get(FRAMES)
        if isinstance(port, FramePort):
            closed = True
            port.close(failure.kind.close_code, _reason(failure))

    visit.on_end(end)

    async def watched(message: Message) -> None:
        nonlocal closed
        if visit.ended is not None and not closed and message["type"] == "websocket.send":
            # A server that lets nobody close a socket from outside: at its next frame.
            closed = True
            failure = visit.ended
            code, reason = failure.kind.close_code, _reason(failure)
            await send({"type": "websocket.close", "code": code, "reason": reason})
            raise OSError("closed")
        await send(message)

    return watched


def _reason(failure: Failure) -> str:
    return failure.detail.encode()[:_REASON_BYTES].decode(errors="ignore")


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
