"""Tuning tasks, request by request; answers are documents of the protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from urllib.parse import quote

from .http import Http, problem_of
from .types import JSON, JSONObject


class Tasks:
    """The tasks of a service; `Service.tasks`.

    Raises (each method):
        Unreachable: nobody answered.
        Problem: the service refused, and said why.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, spec: Mapping[str, JSON], *, key: str | None = None) -> JSONObject:
        """Start a task; the answer is the task object. With a `key` it is safe to ask again: it is started once."""
        headers = None if key is None else {"Idempotency-Key": key}
        return await self._http.document("POST", "/api/tasks", dict(spec), headers=headers)

    async def get(self, task_id: str) -> JSONObject:
        """The task object as it is now."""
        return await self._http.document("GET", _of(task_id))

    def list(self, *, status: str | None = None, scenario: str | None = None) -> AsyncGenerator[JSONObject]:
        """Tasks, newest first, page by page, as far as the caller goes."""
        return self._http.pages("/api/tasks", {"status": status, "scenario": scenario})

    def experiments(
        self, task_id: str, *, status: str | None = None, sort: str | None = None
    ) -> AsyncGenerator[JSONObject]:
        """Experiments in the order in which they ended, those under way last, unless `sort` says otherwise."""
        return self._http.pages(_of(task_id, "/experiments"), {"status": status, "sort": sort})

    async def best(self, task_id: str) -> JSONObject:
        """The best experiment so far, with the bodies of the sessions that compute the same."""
        return await self._http.document("GET", _of(task_id, "/best"))

    async def cancel(self, task_id: str) -> JSONObject:
        """End a task with what it has found; its last event says when that has happened."""
        return await self._http.document("POST", _of(task_id, "/cancel"))

    async def resume(self, task_id: str) -> JSONObject:
        """Go on with one that was cancelled, or failed with experiments left to do."""
        return await self._http.document("POST", _of(task_id, "/resume"))

    async def delete(self, task_id: str) -> None:
        """End a task, and delete all that is known of it."""
        response = await self._http.send("DELETE", _of(task_id))
        if response.is_error:
            raise problem_of(response)


def _of(task_id: str, part: str = "") -> str:
    """The path of a task, or of a part of it."""
    return f"/api/tasks/{quote(task_id, safe='')}{part}"
