"""Problem documents for every error that leaves a route: FastAPI's own, Starlette's, and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gridcast.broadcaster import GridcastError
from gridcast.scenarios import ScenarioError

from .failures import (
    INTERNAL,
    PROBLEM_TYPE,
    Failure,
    Fault,
    Kind,
    as_failure,
    encode,
    invalid,
)

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=BaseModel)

_WHERE = {"body", "query", "path", "header"}


def faults(errors: Sequence[ErrorDetails | dict[str, Any]]) -> list[Fault]:
    """Pydantic's findings, without the part of the request that they stand in."""
    found = []
    for error in errors:
        loc = tuple(error["loc"])
        in_query = loc[:1] == ("query",)
        if loc and loc[0] in _WHERE:
            loc = loc[1:]
        if error["type"] == "json_invalid":
            found.append(Fault((), f"the body is not JSON: {error['ctx']['error']}"))
        elif error["type"] == "extra_forbidden":
            found.append(Fault(loc, f"there is no such {'parameter' if in_query else 'field'}"))
        elif isinstance(cause := error.get("ctx", {}).get("error"), ScenarioError):
            found += [Fault((*loc, *inner.loc), inner.msg) for inner in cause.errors]
        elif error["type"] == "missing" and not loc:
            found.append(Fault((), "a JSON body is needed"))
        elif error["type"] == "model_type":
            found.append(Fault(loc, "a JSON object is needed"))
        elif error["type"] == "model_attributes_type":
            found.append(Fault(loc, "a JSON object is needed, sent with Content-Type: application/json"))
        else:
            found.append(Fault(loc, error["msg"]))
    return found


def validated(model: type[M], data: Mapping[str, Any]) -> M:
    """A client's `data` as a `model`. Raises `Failure`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid(faults(error.errors())) from None


def response(failure: Failure) -> Response:
    return Response(
        encode(failure), status_code=failure.kind.status, media_type=PROBLEM_TYPE, headers=failure.headers
    )


async def _known(request: Request, error: Exception) -> Response:
    failure = as_failure(error)
    if failure is None:
        return await _unknown(request, error)
    return response(failure)


async def _unknown(request: Request, error: Exception) -> Response:
    return mistake(request, error)


def mistake(request: Request, error: Exception) -> Response:
    """What a client is told of a mistake of ours: that it was one. The log has the rest."""
    log.error("a request failed", method=request.method, path=request.url.path, exc_info=error)
    return response(Failure(INTERNAL, "the request failed by a mistake of ours; it was logged"))


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return response(invalid(faults(error.errors())))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    details = {404: f"there is nothing at {request.url.path}"}
    allowed = _methods(request) if status == HTTPStatus.METHOD_NOT_ALLOWED else set()
    if status == HTTPStatus.METHOD_NOT_ALLOWED and not allowed and request.url.path.startswith("/api/"):
        status = HTTPStatus.NOT_FOUND  # only the page's files, which answer every GET, match this path
        headers.pop("allow", None)
        headers.pop("Allow", None)
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(allowed)) or "GET, HEAD"
        details[status] = f"{request.method} is not allowed here, but {headers['Allow']}"
    kind = Kind(slug=status.phrase.lower().replace(" ", "-"), status=status, title=status.phrase)
    detail = details.get(status, str(error.detail))
    return response(Failure(kind, detail, headers=headers))


def _methods(request: Request) -> set[str]:
    """What is allowed at a path; Starlette's own `Allow` names only the first route that matches it."""
    path = request.url.path
    return {
        method.upper()
        for template, operations in request.app.openapi()["paths"].items()
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
        for method in operations
    }


def install(app: FastAPI) -> None:
    """Let every error of `app` leave as a problem document."""
    for kind in (Failure, GridcastError, ScenarioError):
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)
