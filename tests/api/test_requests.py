"""What every request has: an id, and headers that keep browsers safe."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
import structlog
from structlog.testing import capture_logs

from gridcast.api import health
from gridcast.api.requests import DATA_POLICY, PAGE_POLICY
from gridcast.broadcaster import Channel
from tests.api.producer import Producer
from tests.api.serving import Api, receive
from tests.waiting import PATIENCE_S, seen


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


async def test_a_request_has_an_id_of_its_own(http: httpx2.AsyncClient) -> None:
    ids = {(await http.get("/healthz")).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize("ident", ["a", "A.b_c-1" * 9, "x" * 64])
async def test_a_sane_id_of_the_client_is_taken(http: httpx2.AsyncClient, ident: str) -> None:
    response = await http.get("/api/sessions/nothere", headers={"X-Request-ID": ident})
    assert response.headers["x-request-id"] == ident
    assert response.json()["instance"] == f"urn:gridcast:request:{ident}"


@pytest.mark.parametrize("ident", ["", "x" * 65, "a b", 'a"b', "a{b", "é"])
async def test_any_other_is_replaced(http: httpx2.AsyncClient, ident: str) -> None:
    response = await http.get("/healthz", headers=[(b"X-Request-ID", ident.encode())])
    assert response.headers["x-request-id"] != ident
    assert response.headers["x-request-id"].isalnum()


async def test_it_goes_with_what_it_causes(http: httpx2.AsyncClient, api: Api, producer: Producer) -> None:
    body = {"scenario": "ieee13", "overrides": {"duration_s": 60}}
    created = (await http.post("/api/sessions", json=body, headers={"X-Request-ID": "birth"})).json()
    state = await api.services.sessions.get(created["id"])
    assert state is not None
    assert state.origin == {"request_id": "birth"}
    await producer.begin()
    await http.post(
        f"/api/sessions/{producer.channel.id}/commands",
        json={"command": "pause", "id": "c1"},
        headers={"X-Request-ID": "click"},
    )
    [command] = await producer.commands.read(Channel.session(producer.channel.id))
    assert (command.id, command.origin) == ("c1", {"request_id": "click"})


async def test_log_lines_name_the_request_and_what_it_is_about(
    http: httpx2.AsyncClient, producer: Producer
) -> None:
    await producer.begin()
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await http.post(
            "/api/sessions/k3v9/commands", json={"command": "pause"}, headers={"X-Request-ID": "click"}
        )
    [stored] = [line for line in lines if line["event"] == "command_stored"]
    assert (stored["request_id"], stored["session"], stored["command"]) == ("click", "k3v9", "pause")
    [request] = [line for line in lines if line["event"] == "request"]
    assert (request["request_id"], request["status"]) == ("click", 202)


async def test_a_mistake_of_ours_has_all_of_it_too_and_tells_nothing(
    http: httpx2.AsyncClient, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(services: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(health, "unready", broken)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        response = await http.get("/readyz", headers={"X-Request-ID": "oops"})
    assert response.status_code == 500
    assert response.headers["x-request-id"] == "oops"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "hunter2" not in response.text
    assert response.json()["instance"] == "urn:gridcast:request:oops"
    assert [line["request_id"] for line in lines if line["event"] == "a request failed"] == ["oops"]
    assert api.services.stats.responses["GET", 500] == 1


async def test_no_answer_can_be_framed_sniffed_or_run(http: httpx2.AsyncClient) -> None:
    for path in ("/", "/healthz", "/metrics", "/api/sessions", "/api/nothing", "/openapi.json"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        page = headers["content-type"].startswith("text/html")
        assert headers["content-security-policy"] == (PAGE_POLICY if page else DATA_POLICY)


def test_the_page_runs_no_script_but_its_own() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in PAGE_POLICY.split(";"))
    assert rules["script-src"] == "'self'"
    assert rules["object-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"


async def test_a_socket_has_an_id_too(api: Api, producer: Producer) -> None:
    await producer.begin()
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        async with api.watch(additional_headers={"X-Request-ID": "socket"}) as viewer:
            await receive(viewer)
            await viewer.send('{"type":"command","id":"c9","command":"pause","args":{}}')
            await seen(lambda: producer.commands.read(producer.channel))
    [stored] = [line for line in lines if line["event"] == "command_stored"]
    assert (stored["request_id"], stored["command_id"]) == ("socket", "c9")
