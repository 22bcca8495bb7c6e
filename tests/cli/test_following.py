"""One id leads through the logs of a whole service: API, worker, and the session's child."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.started import REAL, Started, started
from tests.waiting import PATIENCE_S, seen, until

pytestmark = pytest.mark.slow


def lines(up: Started, **wanted: Any) -> list[dict[str, Any]]:
    """Lines of all its processes that have these fields."""
    found = [json.loads(line) for line in up.err.splitlines() if line.startswith("{")]
    return [line for line in found if all(line.get(name) == value for name, value in wanted.items())]


async def test_the_ids_of_a_request_and_a_command_stand_in_the_lines_of_api_worker_and_child(
    tmp_path: Path,
) -> None:
    async with started("up", "--port", "0", folder=tmp_path / "here", command=REAL) as up:
        async with httpx2.AsyncClient(base_url=up.url, timeout=PATIENCE_S) as http:
            body = {"scenario": "ieee13", "overrides": {"duration_s": 3600}, "speed": 1}
            made = await http.post("/api/sessions", json=body, headers={"X-Request-ID": "birth-1"})
            session = made.json()["id"]

            async def status() -> str:
                return str((await http.get(f"/api/sessions/{session}")).json()["status"])

            # One that waits in the queue would be stopped by the API alone.
            await seen(status, lambda now: now == "running")
            stopped = await http.post(
                f"/api/sessions/{session}/commands?wait=true",
                json={"command": "stop", "id": "cmd-1"},
                headers={"X-Request-ID": "click-1"},
            )
            assert stopped.json()["status"] == "applied", stopped.text

        def processes(**wanted: Any) -> set[str]:
            return {line["process"] for line in lines(up, session=session, **wanted)}

        await until(lambda: processes(request_id="birth-1") >= {"worker"}, what="the worker's line")
        await until(lambda: processes(command_id="cmd-1") >= {"api", "session"}, what="the child's line")
        await until(lambda: processes(request_id="click-1") >= {"api", "session"}, what="the child's line")
