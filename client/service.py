"""One Gridcast service over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx2
import orjson

from .errors import FieldProblem, Problem, Unreachable
from .net import base_url, is_loopback
from .types import JSON, JSONObject

ANSWER_S = 30.0
"""A request that got no answer in this time counts as unanswered; creating a session takes milliseconds."""
PAGE = 200
"""Sessions per page of a list: the most that a service gives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """Whether a service can serve now; `reasons` says why not."""

    ready: bool
    reasons: tuple[str, ...]


class Service:
    """An async client of the service at `url`; use it as a context manager.

    Raises (each method):
        Unreachable: nobody answered.
        Problem: the service refused, and said why.
    """

    def __init__(self, url: str, *, timeout_s: float = ANSWER_S) -> None:
        self.url = base_url(url)
        self._http = httpx2.AsyncClient(
            base_url=self.url, timeout=timeout_s, trust_env=not is_loopback(self.url)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def readiness(self) -> Readiness:
        """Ask `/readyz`; a service that answers 503 is not ready, which is no error here."""
        response = await self._send("GET", "/readyz")
        if response.status_code == httpx2.codes.OK:
            return Readiness(ready=True, reasons=())
        return Readiness(ready=False, reasons=_reasons(response))

    async def scenarios(self) -> list[JSONObject]:
        """The catalogue: name, title, description and feeder of each scenario."""
        answer = await self._json("GET", "/api/scenarios")
        items = answer.get("items") if isinstance(answer, dict) else answer
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    async def create_session(
        self,
        scenario: str,
        *,
        overrides: Mapping[str, JSON] | None = None,
        seed: int | None = None,
        speed: float | str | None = None,
        title: str | None = None,
        on_idle: str | None = None,
    ) -> JSONObject:
        """Start a session; the answer is the session object of the protocol."""
        wanted = {
            "scenario": scenario,
            "overrides": dict(overrides) if overrides else None,
            "seed": seed,
            "speed": speed,
            "title": title,
            "on_idle": on_idle,
        }
        body = {name: value for name, value in wanted.items() if value is not None}
        return _object(await self._json("POST", "/api/sessions", body))

    async def session(self, session_id: str) -> JSONObject:
        """The session object as it is now."""
        return _object(await self._json("GET", f"/api/sessions/{session_id}"))

    async def sessions(self) -> AsyncGenerator[JSONObject]:
        """All sessions, newest first, without their schemas; read page by page, as far as the caller goes."""
        cursor: JSON = None
        while True:
            query = urlencode({"limit": PAGE, **({"cursor": str(cursor)} if cursor else {})})
            page = _object(await self._json("GET", f"/api/sessions?{query}"))
            items = page.get("items")
            for item in items if isinstance(items, list) else []:
                yield _object(item)
            cursor = page.get("next_cursor")
            if not cursor:
                return

    async def fork_session(
        self,
        session_id: str,
        *,
        at_tick: int,
        overrides: Mapping[str, JSON] | None = None,
        commands: Sequence[Mapping[str, JSON]] = (),
    ) -> JSONObject:
        """Start a session that shares the first `at_tick` ticks of another; the answer is its session object."""
        body: dict[str, Any] = {"at_tick": at_tick}
        if overrides:
            body["overrides"] = dict(overrides)
        if commands:
            body["commands"] = [dict(command) for command in commands]
        return _object(await self._json("POST", f"/api/sessions/{session_id}/fork", body))

    async def delete_session(self, session_id: str) -> None:
        """Stop a session and delete all that is known of it."""
        response = await self._send("DELETE", f"/api/sessions/{session_id}")
        if response.is_error:
            raise _problem(response)

    async def command(
        self,
        session_id: str,
        command: str,
        args: Mapping[str, JSON] | None = None,
        *,
        command_id: str | None = None,
        wait: bool = False,
    ) -> JSONObject:
        """Send a command; the answer holds its `id`. What became of it is an entry of the session's log.

        With a `command_id` it is safe to send the same again: it takes effect once. With `wait` the answer is that
        entry, however long it takes, and a command that the session rejects is a `Problem` (409).
        """
        body: dict[str, Any] = {"command": command}
        if args:
            body["args"] = dict(args)
        if command_id is not None:
            body["id"] = command_id
        query = "?wait=true" if wait else ""
        return _object(await self._json("POST", f"/api/sessions/{session_id}/commands{query}", body))

    async def _json(self, method: str, path: str, body: object = None) -> JSON:
        response = await self._send(method, path, body)
        if response.is_error:
            raise _problem(response)
        try:
            return orjson.loads(response.content)  # type: ignore[no-any-return]
        except orjson.JSONDecodeError as error:
            raise Unreachable(self.url, "what answers there does not speak JSON; is it Gridcast?") from error

    async def _send(self, method: str, path: str, body: object = None) -> httpx2.Response:
        content = None if body is None else orjson.dumps(body)
        headers = {"content-type": "application/json"} if content else {}
        try:
            return await self._http.request(method, path, content=content, headers=headers)
        except httpx2.TransportError as error:
            raise Unreachable(self.url, str(error) or type(error).__name__) from error


def _object(answer: JSON) -> JSONObject:
    if not isinstance(answer, dict):
        raise Problem(502, "unexpected answer", "the service answered with something else than an object")
    return answer


def _document(response: httpx2.Response) -> JSONObject:
    try:
        document = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _problem(response: httpx2.Response) -> Problem:
    document = _document(response)
    listed = document.get("errors")
    return Problem(
        response.status_code,
        str(document.get("title") or response.reason_phrase or "refused"),
        str(document.get("detail") or f"the service answered {response.status_code}"),
        [_field(error) for error in listed if isinstance(error, dict)] if isinstance(listed, list) else (),
    )


def _field(error: JSONObject) -> FieldProblem:
    loc = error.get("loc")
    path = ".".join(str(part) for part in loc) if isinstance(loc, list) else str(loc or "")
    return FieldProblem(loc=path, msg=str(error.get("msg") or "is not valid"))


def _reasons(response: httpx2.Response) -> tuple[str, ...]:
    document = _document(response)
    for key in ("reasons", "errors"):
        listed = document.get(key)
        if isinstance(listed, list) and listed:
            return tuple(str(r.get("msg") or r) if isinstance(r, dict) else str(r) for r in listed)
    return (str(document.get("detail") or f"it answered {response.status_code}"),)
