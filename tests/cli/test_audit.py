"""`gridcast audit`: who did what, one line each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.cli.steered_service import in_a_thread
from tests.cli.watched_service import WatchedService

RECORDS = [
    {
        "id": "2-0",
        "ts": 1e9,
        "action": "session.command",
        "by": "user:ada",
        "target": "session:abc",
        "result": "applied",
        "request_id": "r2",
        "command": "pause",
        "command_id": "c1",
    },
    {
        "id": "1-0",
        "ts": 1e9,
        "action": "session.delete",
        "by": None,
        "target": "session:old",
        "result": "refused",
        "request_id": None,
    },
]


class AuditedService(WatchedService):
    """A service with two records."""

    def app(self) -> Starlette:
        app = super().app()
        app.router.routes.insert(0, Route("/api/audit", self._audit))
        return app

    async def _audit(self, request: Request) -> JSONResponse:
        query: dict[str, Any] = dict(request.query_params)
        self.asked.append(query)
        first, second = RECORDS
        page = (
            {"items": [second], "next_cursor": None}
            if "cursor" in query
            else {"items": [first], "next_cursor": "2-0"}
        )
        return JSONResponse(page)


@pytest.fixture
def service() -> Iterator[AuditedService]:
    with in_a_thread(AuditedService()) as fake:
        yield fake


def test_each_record_is_one_line(service: AuditedService) -> None:
    done = service.gridcast("audit")
    assert done.exit_code == 0, done.stderr
    heading, first, second = done.stdout.splitlines()
    assert heading.split() == ["when", "who", "what", "to", "result", "request"]
    assert first.split()[2:] == ["ada", "session.command", "pause", "session:abc", "applied", "r2"]
    assert second.split()[2:] == ["-", "session.delete", "session:old", "refused", "-"]


def test_filters_go_to_the_service_and_the_limit_holds(service: AuditedService) -> None:
    done = service.gridcast(
        "audit", "--session", "abc", "--user", "ada", "--action", "session.command", "--limit", "1", "--json"
    )
    assert json.loads(done.stdout) == RECORDS[:1]
    asked = service.asked[0]
    assert (asked["session"], asked["user"], asked["action"]) == ("abc", "ada", "session.command")
