"""Every request and every command that changes something leaves a record, whatever came of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from gridcast.api.audit import Deed, deed_of
from gridcast.broadcaster import Settings
from tests.api.producer import Producer
from tests.api.serving import Api, receive, receive_until, serving
from tests.api.signed import bearer, with_accounts
from tests.waiting import PATIENCE_S, seen

BODY = {"scenario": "ieee13", "overrides": {"duration_s": 60}}


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


async def trail(http: httpx2.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """What is told, oldest first."""
    response = await http.get("/api/audit", params=query)
    assert response.status_code == 200
    items: list[dict[str, Any]] = response.json()["items"]
    return items[::-1]


async def test_creating_forking_and_deleting(http: httpx2.AsyncClient) -> None:
    one = (await http.post("/api/sessions", json=BODY, headers={"X-Request-ID": "r1"})).json()["id"]
    fork = (await http.post(f"/api/sessions/{one}/fork", json={"at_tick": 0})).json()["id"]
    await http.delete(f"/api/sessions/{one}")
    await http.delete(f"/api/sessions/{one}")
    found = await trail(http)
    assert [(r["action"], r["target"], r.get("made"), r["result"], r["status"]) for r in found] == [
        ("session.create", f"session:{one}", None, "done", 201),
        ("session.fork", f"session:{one}", f"session:{fork}", "done", 201),
        ("session.delete", f"session:{one}", None, "done", 204),
        ("session.delete", f"session:{one}", None, "refused", 404),
    ]
    assert {r["by"] for r in found} == {"user:local"}
    assert found[0]["request_id"] == "r1"
    assert len({r["request_id"] for r in found}) == 4


async def test_a_command_is_stored_over_http_and_sockets(
    http: httpx2.AsyncClient, api: Api, producer: Producer
) -> None:
    await producer.begin()
    await http.post(
        "/api/sessions/k3v9/commands",
        json={"command": "speed", "args": {"x": 2}, "id": "c1"},
        headers={"X-Request-ID": "r1"},
    )
    async with api.watch(additional_headers={"X-Request-ID": "r2"}) as viewer:
        await receive(viewer)
        await viewer.send('{"type":"command","id":"c2","command":"pause","args":{}}')
        found = await seen(lambda: trail(http), lambda records: len(records) == 2)
        await viewer.send('{"type":"command","id":"c2","command":"stop","args":{}}')
        await receive_until(viewer, type="error", code="id_reused")
    told = [(r["action"], r["command_id"], r["command"], r["result"], r["request_id"]) for r in found]
    assert told == [
        ("session.command", "c1", "speed", "stored", "r1"),
        ("session.command", "c2", "pause", "stored", "r2"),
    ]
    assert found[0]["args"] == {"x": 2}
    *_, refused = await trail(http)
    assert (refused["command_id"], refused["result"], refused["why"]) == ("c2", "refused", "CommandIdReused")


async def test_the_same_command_again_is_no_second_record(
    http: httpx2.AsyncClient, producer: Producer
) -> None:
    await producer.begin()
    for _ in range(2):
        await http.post("/api/sessions/k3v9/commands", json={"command": "pause", "id": "c1"})
    assert len(await trail(http)) == 1


async def test_what_a_socket_creates_is_recorded(http: httpx2.AsyncClient, api: Api) -> None:
    async with api.connect("/sim/stream?scenario=ieee13&duration_s=60") as viewer:
        session_id = (await receive(viewer))["session"]["id"]
    created, *_ = await trail(http)
    assert (created["action"], created["target"]) == ("session.create", f"session:{session_id}")


async def test_filters_and_pages(http: httpx2.AsyncClient) -> None:
    ids = [(await http.post("/api/sessions", json=BODY)).json()["id"] for _ in range(3)]
    await http.delete(f"/api/sessions/{ids[1]}")
    assert [r["action"] for r in await trail(http, session=ids[1])] == ["session.create", "session.delete"]
    assert [r["target"] for r in await trail(http, action="session.create")] == [f"session:{i}" for i in ids]
    assert len(await trail(http, user="local")) == 4
    assert await trail(http, user="ada") == []
    page = (await http.get("/api/audit?limit=3")).json()
    rest = (await http.get(f"/api/audit?limit=3&cursor={page['next_cursor']}")).json()
    assert len(page["items"]) == 3
    assert [r["target"] for r in rest["items"]] == [f"session:{ids[0]}"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"scenario":"nowhere"}', b"x" * (2 << 20)])
async def test_what_is_no_request_for_anything_leaves_nothing(http: httpx2.AsyncClient, body: bytes) -> None:
    response = await http.post("/api/sessions", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (413, 422)
    assert await trail(http) == []


@pytest.mark.parametrize("query", ["cursor=x", "cursor=1-1%0A", "limit=0", "limit=201", "unknown=1"])
async def test_a_query_that_means_nothing_is_refused(http: httpx2.AsyncClient, query: str) -> None:
    assert (await http.get(f"/api/audit?{query}")).status_code == 422


async def test_every_deed_of_every_user_is_told_to_admins_with_author_time_and_result(
    settings: Settings,
) -> None:
    began = time.time()
    async with serving(with_accounts(settings)) as api:

        async def ask(who: str, method: str, path: str, body: object = None, **headers: str) -> Any:
            known = bearer(who, role="admin" if who == "root" else None)
            # Without certificates, which take longer to load than anything here.
            async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S, verify=False) as http:
                response = await http.request(method, path, json=body, headers={**known, **headers})
            return response.json() if response.content else None

        one = (await ask("ada", "POST", "/api/sessions", BODY))["id"]
        at = f"/api/sessions/{one}"
        link = await ask("ada", "POST", f"{at}/shares", {"role": "viewer"})
        shown = {"Gridcast-Share": link["share"]}
        fork = (await ask("bob", "POST", f"{at}/fork", {"at_tick": 0}, **shown))["id"]
        await ask("bob", "POST", f"{at}/commands", {"command": "pause", "id": "c1"}, **shown)
        watching = {**bearer("bob"), **shown}
        async with api.connect(f"/api/ws/sessions/{one}", additional_headers=watching) as viewer:
            await viewer.send('{"type":"command","id":"c3","command":"pause","args":{}}')
            await receive_until(viewer, type="error", code="forbidden")
        await ask("ada", "POST", f"{at}/commands", {"command": "pause", "id": "c2"})
        await ask("ada", "DELETE", f"{at}/shares/{link['id']}")
        await ask("ada", "PUT", f"{at}/visibility", {"visibility": "public"})
        await ask("bob", "DELETE", at)
        await ask("ada", "DELETE", at)
        assert (await ask("ada", "GET", "/api/audit"))["status"] == 403
        items = (await ask("root", "GET", "/api/audit"))["items"][::-1]
        of_bob = (await ask("root", "GET", "/api/audit?user=bob"))["items"]
    told = [(r["by"], r["action"], r["target"], r["result"]) for r in items]
    it = f"session:{one}"
    assert told == [
        ("user:ada", "session.create", it, "done"),
        ("user:ada", "session.share", it, "done"),
        ("user:bob", "session.fork", it, "done"),
        ("user:bob", "session.command", it, "refused"),
        ("user:bob", "session.command", it, "refused"),
        ("user:ada", "session.command", it, "stored"),
        ("user:ada", "session.share.delete", it, "done"),
        ("user:ada", "session.visibility", it, "done"),
        ("user:bob", "session.delete", it, "refused"),
        ("user:ada", "session.delete", it, "done"),
    ]
    assert items[2]["made"] == f"session:{fork}"
    assert [r["ts"] for r in items] == sorted(r["ts"] for r in items)
    assert began <= items[0]["ts"] <= items[-1]["ts"] <= time.time()
    assert of_bob == [r for r in items[::-1] if r["by"] == "user:bob"]
    assert link["share"] not in str(items), "a secret stands in the audit"


@pytest.mark.parametrize(
    ("method", "path", "deed"),
    [
        ("POST", "/api/sessions", Deed("session.create", None)),
        ("DELETE", "/api/sessions/k3v9", Deed("session.delete", "session:k3v9")),
        ("POST", "/api/sessions/k3v9/fork", Deed("session.fork", "session:k3v9")),
        ("POST", "/api/sessions/k3v9/shares", Deed("session.share", "session:k3v9")),
        ("DELETE", "/api/sessions/k3v9/shares/s1", Deed("session.share.delete", "session:k3v9")),
        ("PUT", "/api/tasks/t1/visibility", Deed("task.visibility", "task:t1")),
        ("POST", "/api/tasks/t1/cancel", Deed("task.cancel", "task:t1")),
        ("POST", "/api/operations/scan", Deed("operation.create", None)),
        ("GET", "/api/sessions/k3v9/verify", Deed("session.verify", "session:k3v9")),
        ("POST", "/api/sessions/k3v9/verify", None),
        ("POST", "/api/operations/o1/cancel", Deed("operation.cancel", "operation:o1")),
        ("DELETE", "/api/sessions/..%2f", Deed("session.delete", None)),
        ("POST", "/api/sessions/k3v9/commands", None),
        ("GET", "/api/sessions", None),
        ("POST", "/api/tickets", None),
        ("POST", "/", None),
    ],
)
def test_what_a_request_does_shows_in_its_address(method: str, path: str, deed: Deed | None) -> None:
    assert deed_of(method, path) == deed
