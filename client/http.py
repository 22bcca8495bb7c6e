"""HTTP to one service: JSON in and out, streams of bytes, and errors as the client's own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from urllib.parse import urlencode

import httpx2
import orjson

from .errors import CommandRejected, FieldProblem, Problem, Unreachable
from .net import base_url, is_loopback
from .types import JSON, JSONObject

REJECTED = "urn:gridcast:problem:rejected"
"""Type of the problem document with which a session's refusal of a command is told."""

COMMON = frozenset({"type", "title", "status", "detail", "errors"})
"""Members of every problem document."""

PAGE = 200
"""Items per page of a list: the most that a service gives."""


class Http:
    """Connections to the service at `url`.

    Args:
        timeout_s: a connection, or the next bytes of an answer, that takes longer counts as `Unreachable`.
        headers: sent with every request.

    Raises (each method):
        Unreachable: nobody answered, or the answer broke off.
        Problem: the service refused, and said why.
    """

    def __init__(self, url: str, *, timeout_s: float, headers: Mapping[str, str] | None = None) -> None:
        self.url = base_url(url)
        self._client = httpx2.AsyncClient(
            base_url=self.url,
            timeout=timeout_s,
            trust_env=not is_loopback(self.url),
            headers=dict(headers or {}),
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def value(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> JSON:
        """The answer as JSON."""
        response = await self.send(method, path, body, headers=headers)
        if response.is_error:
            raise problem_of(response)
        try:
            return orjson.loads(response.content)  # type: ignore[no-any-return]
        except orjson.JSONDecodeError as error:
            raise Unreachable(self.url, "what answers there does not speak JSON; is it Gridcast?") from error

    async def document(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> JSONObject:
        """The answer as a JSON object."""
        answer = await self.value(method, path, body, headers=headers)
        if not isinstance(answer, dict):
            raise Problem(502, "unexpected answer", "the service answered with something else than an object")
        return answer

    async def items(self, path: str) -> list[JSONObject]:
        """The `items` of a list that has one page."""
        found = (await self.document("GET", path)).get("items")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    async def pages(self, path: str, wanted: Mapping[str, str | None]) -> AsyncGenerator[JSONObject]:
        """The items of a list that pass, page by page, as far as the caller goes."""
        cursor: JSON = None
        while True:
            place = str(cursor) if cursor else None
            page = await self.document("GET", with_query(path, {"limit": PAGE, "cursor": place, **wanted}))
            items = page.get("items")
            for item in items if isinstance(items, list) else []:
                if isinstance(item, dict):
                    yield item
            cursor = page.get("next_cursor")
            if not cursor:
                return

    async def send(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """The whole answer, whatever its status: no `Problem` is raised."""
        content = None if body is None else orjson.dumps(body)
        headers = {**(headers or {}), **({"content-type": "application/json"} if content else {})}
        try:
            return await self._client.request(method, path, content=content, headers=headers)
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error

    async def stream(
        self, path: str, *, begun: Callable[[Mapping[str, str]], None] | None = None
    ) -> AsyncGenerator[bytes]:
        """The body of a GET as it arrives. Its normal end means that it is whole.

        Args:
            begun: called with the headers before the first piece.
        """
        try:
            async with self._client.stream("GET", path) as response:
                if response.is_error:
                    await response.aread()
                    raise problem_of(response)
                if begun is not None:
                    begun(response.headers)
                async for chunk in response.aiter_bytes():
                    yield chunk
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: httpx2.TransportError) -> Unreachable:
        return Unreachable(self.url, str(error) or type(error).__name__)


def with_query(path: str, wanted: Mapping[str, str | int | None]) -> str:
    """`path` with those parameters that have a value; commas stay readable."""
    given = {name: value for name, value in wanted.items() if value is not None}
    return f"{path}?{urlencode(given, safe=',')}" if given else path


def document_of(response: httpx2.Response) -> JSONObject:
    """The JSON object that a response holds, or an empty one."""
    try:
        document = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def problem_of(response: httpx2.Response) -> Problem:
    """What a refusal says."""
    document = document_of(response)
    listed = document.get("errors")
    kind = CommandRejected if document.get("type") == REJECTED else Problem
    return kind(
        response.status_code,
        str(document.get("title") or response.reason_phrase or "refused"),
        str(document.get("detail") or f"the service answered {response.status_code}"),
        [_field(error) for error in listed if isinstance(error, dict)] if isinstance(listed, list) else (),
        facts={name: value for name, value in document.items() if name not in COMMON},
    )


def _field(error: JSONObject) -> FieldProblem:
    loc = error.get("loc")
    path = ".".join(str(part) for part in loc) if isinstance(loc, list) else str(loc or "")
    return FieldProblem(loc=path, msg=str(error.get("msg") or "is not valid"))
