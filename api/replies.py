"""JSON replies without a detour over pydantic, and what OpenAPI says about failures."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import orjson
from fastapi import Request
from starlette.responses import Response

from .failures import CLOSING, PROBLEM_TYPE, Failure
from .models import ProblemDocument
from .services import services_of

T = TypeVar("T")


def reply(document: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(document), status_code=status, media_type="application/json", headers=headers
    )


def fails_with(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for statuses that come as problem documents."""
    schema = {"schema": ProblemDocument.model_json_schema()}
    return {status: {"description": "Problem", "content": {PROBLEM_TYPE: schema}} for status in statuses}


async def first_of(*works: Coroutine[Any, Any, T]) -> T:
    """Run all until one ends; end the others; answer with its result, or raise what it raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return next(task for task in tasks if task in done).result()


class ClientGone(Failure):
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__(CLOSING, "the client went away")


async def while_connected(
    request: Request, work: Coroutine[Any, Any, T], *, if_closing: str = "ask again"
) -> T:
    """Do something that may take long, but no longer than the client waits or the server lives.

    Raises:
        ClientGone
        Failure: the server goes away; it says `if_closing`.
    """

    async def disconnected() -> T:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        raise ClientGone

    async def closing() -> T:
        await services_of(request).closing.wait()
        raise Failure(CLOSING, f"this process is shutting down; {if_closing}", headers={"Retry-After": "1"})

    return await first_of(work, disconnected(), closing())
