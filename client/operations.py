"""Operations, request by request; answers are documents of the protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Literal, TypeAlias
from urllib.parse import quote

from .http import Http, problem_of
from .types import JSON, JSONObject

Analysis: TypeAlias = Literal["characterize", "heatmap", "scan"]
Op: TypeAlias = Analysis | Literal["verify"]


class Operations:
    """The operations of a service; `Service.operations`.

    Raises (each method):
        Unreachable: nobody answered.
        Problem: the service refused, and said why.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, op: Analysis, config: Mapping[str, JSON], *, key: str | None = None) -> JSONObject:
        """Start an operation; the answer is its object. With a `key` it is safe to ask again: it is started once."""
        headers = None if key is None else {"Idempotency-Key": key}
        return await self._http.document(
            "POST", f"/api/operations/{op}?wait=false", dict(config), headers=headers
        )

    async def verify(self, session_id: str) -> JSONObject:
        """Start the second run of a session, which is over; the answer is the operation object."""
        return await self._http.document(
            "GET", f"/api/sessions/{quote(session_id, safe='')}/verify?wait=false"
        )

    async def get(self, operation_id: str) -> JSONObject:
        """The operation object as it is now, with its `result` once it has completed."""
        return await self._http.document("GET", _of(operation_id))

    def list(self, *, op: str | None = None, status: str | None = None) -> AsyncGenerator[JSONObject]:
        """Operations without their results, newest first, page by page, as far as the caller goes."""
        return self._http.pages("/api/operations", {"op": op, "status": status})

    async def cancel(self, operation_id: str) -> JSONObject:
        """End an operation without a result; its last entry says when that has happened."""
        return await self._http.document("POST", _of(operation_id, "/cancel"))

    async def delete(self, operation_id: str) -> None:
        """End an operation, and delete all that is known of it."""
        response = await self._http.send("DELETE", _of(operation_id))
        if response.is_error:
            raise problem_of(response)


def _of(operation_id: str, part: str = "") -> str:
    """The path of an operation, or of a part of it."""
    return f"/api/operations/{quote(operation_id, safe='')}{part}"
