"""What is stored of a session is bounded, because every list reads it."""

from __future__ import annotations

import httpx2
import orjson
import pytest

from gridcast.api import creating
from tests.api.serving import Api
from tests.waiting import PATIENCE_S


async def test_a_configuration_is_stored_up_to_a_bound_that_a_refusal_names(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        wanted = {"scenario": "ieee13", "overrides": {"duration_s": 60}}
        session = (await http.post("/api/sessions", json=wanted)).json()
        state = await api.services.sessions.get(session["id"])
        assert state is not None
        stored = {name: value for name, value in state.record.items() if name not in ("id", "created")}
        size = len(orjson.dumps(stored))
        monkeypatch.setattr(creating, "MAX_RECORD_BYTES", size)
        assert (await http.post("/api/sessions", json=wanted)).status_code == 201
        monkeypatch.setattr(creating, "MAX_RECORD_BYTES", size - 1)
        refused = await http.post("/api/sessions", json=wanted)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["loc"] == ["overrides"]
        assert f"{size} bytes with its overrides, and may have {size - 1}" in refused.json()["detail"]


async def test_a_large_override_is_refused_before_anything_is_created(api: Api) -> None:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
        schedule = [{"t_s": n, "taps": {"creg1a": 1.0, "creg1b": 1.0}} for n in range(1000)]
        controllers = [{"type": "tap_schedule", "name": f"s{n}", "schedule": schedule} for n in range(4)]
        refused = await http.post(
            "/api/sessions", json={"scenario": "ieee13", "overrides": {"controllers": controllers}}
        )
        assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["overrides"])
        assert (await http.get("/api/sessions")).json()["items"] == []
