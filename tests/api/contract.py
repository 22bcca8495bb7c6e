"""Requests made from the OpenAPI document by schemathesis, and what of the answers is a mistake of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import Case
from schemathesis.generation import GenerationMode

TIMEOUT_S = 30.0
STREAMS = "/events"
"""Endless answers; they are asked for of what there is not."""


@dataclass(kw_only=True)
class Found:
    """What came of many requests."""

    requests: int = 0
    routes: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)


class Contract:
    """The document of a running service, and a session that requests can be about."""

    def __init__(self, url: str) -> None:
        self._url = url
        body = {"scenario": "ieee13", "overrides": {"duration_s": 60}}
        answer = httpx2.post(f"{url}/api/sessions", json=body, timeout=TIMEOUT_S)
        self.session: str = answer.json()["id"]
        self._schema = schemathesis.openapi.from_url(f"{url}/openapi.json")

    def run(self, *, valid: bool, examples: int, seed: int = 0) -> Found:
        """Send so many requests to each route."""
        found = Found()
        for result in self._schema.get_all_operations():
            operation: Any = cast("Any", result).ok()
            found.routes += 1
            mode = GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE

            @seeded(seed)
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def send(case: Case[Any]) -> None:
                self._send(case, found)

            try:
                send()
            except Exception as error:  # what cannot be made wrong (a route without input) is skipped
                if type(error).__name__ not in ("Unsatisfiable", "InvalidArgument", "SkipTest"):
                    raise
        return found

    def _send(self, case: Case[Any], found: Found) -> None:
        if case.path.startswith("/api/sessions/{") and case.method != "DELETE" and STREAMS not in case.path:
            case.path_parameters = {**(case.path_parameters or {}), "session_id": self.session}
        # Nobody computes anything here, so nothing that is waited for would come.
        if case.method != "GET" and ("wait" in str(case.query) or "operations" in case.path):
            case.query = {**(case.query or {}), "wait": "false"}
        if case.path.endswith("/verify"):
            case.query = {**(case.query or {}), "wait": "false"}
        where = f"{case.method} {case.formatted_path}"
        found.requests += 1
        try:
            answer = case.call(timeout=TIMEOUT_S)
        except requests.RequestException as error:
            found.mistakes.append(f"{where}: {type(error).__name__}")
            return
        found.statuses[answer.status_code] = found.statuses.get(answer.status_code, 0) + 1
        unready = case.path == "/readyz" and answer.status_code == 503
        if answer.status_code >= 500 and not unready:
            found.mistakes.append(f"{where}: {answer.status_code} {answer.text[:300]}")
