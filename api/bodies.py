"""Reading request bodies: bounded while they are read, strict JSON, bounded depth."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.exceptions import HTTPException
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from gridcast.scenarios import ScenarioError
from gridcast.scenarios.validation import field_errors

from .failures import TOO_LARGE, Failure
from .services import services_of

DISCARD_FACTOR = 16
"""A body over the limit is read on, without keeping it, up to this many limits: a client that is still sending would
see a reset connection instead of the answer."""

MAX_DEPTH = 32
"""No document of the protocol nests deeper than ten; the rest is an attack on whoever walks it."""


def too_deep(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether lists and objects are nested more than `depth` deep."""
    level = [value]
    for _ in range(depth + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def loads(raw: bytes | str) -> Any:
    """Strict JSON: no NaN, no Infinity, UTF-8 only, at most `MAX_DEPTH` deep.

    Raises:
        orjson.JSONDecodeError: it is something else.
    """
    value = orjson.loads(raw)
    if too_deep(value):
        raise orjson.JSONDecodeError(f"nested more than {MAX_DEPTH} deep", "", 0)
    return value


def told_as_scenarios(model: type[BaseModel]) -> WrapValidator:
    """Lets the faults of a body, a `model` of scenarios, be told in the words of scenarios."""

    def checked(value: object, check: ValidatorFunctionWrapHandler) -> object:
        if not isinstance(value, dict):
            return check(value)  # the words for other bodies say how one is sent
        try:
            return check(value)
        except ValidationError as error:
            raise ScenarioError(field_errors(error, model)) from None

    return WrapValidator(checked)


class _StrictRequest(Request):
    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            limit = services_of(self).settings.max_body_bytes
            failure = Failure(TOO_LARGE, f"a body may have at most {limit} bytes")
            chunks: list[bytes] = []
            size = 0
            async for chunk in self.stream():
                size += len(chunk)
                if size <= limit:
                    chunks.append(chunk)
                elif size > DISCARD_FACTOR * limit:
                    break
                else:
                    chunks.clear()
            if size > limit:
                raise _Refused(failure)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        return loads(await self.body())


class _Refused(HTTPException):
    """Carries a failure through FastAPI's reading of the body, which lets nothing else pass."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(status_code=failure.kind.status)
        self.failure = failure


class StrictRoute(APIRoute):
    """A route whose body is read by the rules of this file."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            try:
                return await handler(_StrictRequest(request.scope, request.receive))
            except _Refused as refused:
                raise refused.failure from None

        return strict
