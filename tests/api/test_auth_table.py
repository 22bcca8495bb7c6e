"""Every route of the service, and every frame, for every role: who is let in, and what the others hear.

The expectations stand here once more, beside `gridcast.api.auth.rights`, so that no right changes by a slip of one hand. A
route that is in no table fails.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import orjson
import pytest
import websockets

from gridcast.api.app import create_app
from gridcast.api.auth.gate import listed
from gridcast.api.auth.rights import TABLE, UNLISTED, Who
from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.names import new_id
from tests.api.producer import RECORD
from tests.api.serving import Api, receive, receive_all, serving
from tests.api.signed import bearer, with_accounts
from tests.waiting import PATIENCE_S

ROLES = ("anonymous", "stranger", "viewer", "controller", "guest", "owner", "admin")
"""`viewer` and `controller` have a link and nothing else; `guest` is a user with a viewer's link."""

IN = 0
"""Let in: whatever is answered, it is neither 401 nor 403."""

KINDS: Mapping[str, tuple[int, ...]] = {
    "open": (IN, IN, IN, IN, IN, IN, IN),
    "known": (401, IN, IN, IN, IN, IN, IN),
    "user": (401, IN, 401, 401, IN, IN, IN),
    "view": (401, 403, IN, IN, IN, IN, IN),
    "view all": (401, 403, 401, 401, 403, IN, IN),
    "use": (401, 403, 401, 401, IN, IN, IN),
    "control": (401, 403, 403, IN, 403, IN, IN),
    "own": (401, 403, 401, 401, 403, IN, IN),
    "admin": (401, 403, 401, 401, 403, 403, IN),
}

ROUTES: Mapping[str, str] = {
    "GET /{path:path}": "open",
    "HEAD /{path:path}": "open",
    "WS /{path:path}": "open",
    "GET /openapi.json": "open",
    "GET /asyncapi.json": "open",
    "HEAD /openapi.json": "open",
    "GET /healthz": "open",
    "GET /readyz": "open",
    "GET /metrics": "admin",
    "GET /api/audit": "admin",
    "GET /api/scenarios": "open",
    "GET /api/scenarios/schema": "open",
    "GET /api/scenarios/{name}": "open",
    "GET /api/me": "open",
    "POST /api/tickets": "known",
    "GET /api/workers": "user",
    "GET /api/sessions": "open",
    "POST /api/sessions": "user",
    "GET /api/sessions/{session_id}": "view",
    "DELETE /api/sessions/{session_id}": "own",
    "GET /api/sessions/{session_id}/viewers": "view",
    "GET /api/sessions/{session_id}/ticks": "view",
    "GET /api/sessions/{session_id}/export": "view",
    "GET /api/sessions/{session_id}/events": "view",
    "GET /api/sessions/{session_id}/commands": "view",
    "POST /api/sessions/{session_id}/commands": "control",
    "GET /api/sessions/{session_id}/wheel": "view",
    "POST /api/sessions/{session_id}/wheel/take": "control",
    "POST /api/sessions/{session_id}/wheel/ask": "control",
    "POST /api/sessions/{session_id}/wheel/give": "control",
    "POST /api/sessions/{session_id}/wheel/refuse": "control",
    "POST /api/sessions/{session_id}/wheel/let-go": "control",
    "POST /api/sessions/{session_id}/fork": "use",
    "GET /api/sessions/{session_id}/verify": "use",
    "GET /api/compare": "view all",
    "WS /api/ws/sessions/{session_id}": "view",
    "WS /sim/stream": "user",
    "GET /api/tasks": "open",
    "POST /api/tasks": "user",
    "GET /api/tasks/{task_id}": "view",
    "DELETE /api/tasks/{task_id}": "own",
    "POST /api/tasks/{task_id}/cancel": "control",
    "POST /api/tasks/{task_id}/resume": "control",
    "GET /api/tasks/{task_id}/experiments": "view",
    "GET /api/tasks/{task_id}/experiments/{experiment_id}": "view",
    "GET /api/tasks/{task_id}/best": "view",
    "GET /api/tasks/{task_id}/progress.jsonl": "view",
    "GET /api/tasks/{task_id}/live.json": "view",
    "GET /api/tasks/{task_id}/trajectory.svg": "view",
    "GET /api/tasks/{task_id}/events": "view",
    "GET /api/ws/tasks/{task_id}/subscribers": "view",
    "WS /api/ws/tasks/{task_id}": "view",
    "WS /api/ws/experiments/{experiment_id}": "view",
    "GET /api/operations": "open",
    "POST /api/operations/characterize": "user",
    "POST /api/operations/heatmap": "user",
    "POST /api/operations/scan": "user",
    "POST /api/operations/{op}": "user",
    "GET /api/operations/{operation_id}": "view",
    "DELETE /api/operations/{operation_id}": "own",
    "POST /api/operations/{operation_id}/cancel": "control",
    "GET /api/operations/{operation_id}/events": "view",
    "WS /api/ws/operations/{operation_id}": "view",
    "WS /ws/progress": "user",
    "GET /api/{things}/{thing_id}/shares": "own",
    "POST /api/{things}/{thing_id}/shares": "own",
    "DELETE /api/{things}/{thing_id}/shares/{share_id}": "own",
    "PUT /api/{things}/{thing_id}/visibility": "own",
}


def names() -> list[str]:
    return [route.name for route in listed(create_app(Settings()).routes)]


def test_every_route_of_the_service_is_in_the_table_of_rights() -> None:
    assert [name for name in names() if name not in TABLE] == []


def test_every_route_of_the_service_is_expected_here() -> None:
    assert sorted(set(names())) == sorted(ROUTES)


class World:
    """A service with accounts on, and things of ada's in it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.http = httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S)

    async def thing(self, kind: str, owner: str = "ada") -> Channel:
        """A new one."""
        services, ident, now = self.api.services, new_id(), time.time()
        if kind == "session":
            channel = Channel.session(ident)
            record = {**RECORD, "id": ident, "owner": owner, "created": now}
            await services.sessions.create(ident, record=record, n_ticks=10, created=now)
            return channel
        told: dict[str, Any] = {"title": "t", "owner": owner, "total": 3, "spec": {"scenario": "ieee13"}}
        told |= {"op": "scan", "config": {}, "steps": 3}
        channel = Channel("task" if kind == "task" else "operation", ident)
        await services.analyses.create(channel, record=told, created=now, first=b'{"type":"task_progress"}')
        return channel

    async def asking(self, role: str, channel: Channel) -> dict[str, str]:
        """The headers of somebody who has this role at a channel."""
        users = {"stranger": "bob", "guest": "eve", "owner": "ada", "admin": "root"}
        headers: dict[str, str] = {}
        if role in users:
            headers |= bearer(users[role], role="admin" if role == "admin" else None)
        if role in ("viewer", "controller", "guest"):
            _, secret = await self.api.services.accounts.book.share(
                channel,
                role="controller" if role == "controller" else "viewer",
                expires=time.time() + 60,
                by="ada",
                note=None,
            )
            headers["Gridcast-Share"] = secret
        return headers

    async def status(self, method: str, path: str, headers: dict[str, str]) -> int:
        """What is answered; of an endless answer, how it begins."""
        body = b'{"nothing":"like it"}' if method in ("POST", "PUT") else None
        told = {**headers, **({"content-type": "application/json"} if body else {})}
        async with self.http.stream(method, path, content=body, headers=told) as response:
            return response.status_code

    async def code(self, path: str, headers: dict[str, str]) -> int:
        """The code with which a socket is closed at once; 0 for one that is served."""
        async with self.api.connect(path, additional_headers=headers) as viewer:
            try:
                await viewer.send('{"type":"ping"}')  # the one frame that all sockets answer
                while True:
                    frame = orjson.loads(await asyncio.wait_for(viewer.recv(), PATIENCE_S))
                    if frame["type"] in ("hello", "pong"):
                        return 0
            except websockets.ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd is not None else 1006


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    async with serving(with_accounts(settings)) as api:
        found = World(api)
        yield found
        await found.http.aclose()


def kind_of(name: str) -> str:
    """What the path of a route names."""
    if "task_id" in name or "experiment_id" in name:
        return "task"
    return "operation" if "operation_id" in name else "session"


def path_of(name: str, channel: Channel, other: Channel) -> str:
    path = name.partition(" ")[2]
    if path == "/api/compare":
        return f"{path}?ids={channel.id},{other.id}"
    for parameter, value in {
        "session_id": channel.id,
        "task_id": channel.id,
        "operation_id": channel.id,
        "thing_id": channel.id,
        "things": f"{channel.kind}s",
        "experiment_id": f"{channel.id}-0",
        "share_id": "abcdefghjk",
        "name": "ieee13",
        "op": "nothing",
        "path:path": "nothing-here.txt",
    }.items():
        path = path.replace(f"{{{parameter}}}", value)
    return path


async def seen_by(world: World, role: str, name: str, channel: Channel, other: Channel) -> int:
    """The status with which a route answers; the one that a socket's close code means, and 200 for one that is served."""
    method, _, _ = name.partition(" ")
    path, headers = path_of(name, channel, other), await world.asking(role, channel)
    if method != "WS":
        return await world.status(method, path, headers)
    return {4401: 401, 4403: 403, 0: 200}.get(await world.code(path, headers), 404)


def fits(seen: int, expected: int) -> bool:
    return seen == expected if expected else seen not in (401, 403, 500)


async def test_every_role_is_let_in_or_refused_as_expected_by_every_route(world: World) -> None:
    wrong = []
    for name, expectation in ROUTES.items():
        for kind in ("session", "task", "operation") if "{things}" in name else (kind_of(name),):
            for role, expected in zip(ROLES, KINDS[expectation], strict=True):
                channel, other = await world.thing(kind), await world.thing("session")
                seen = await seen_by(world, role, name, channel, other)
                if not fits(seen, expected):
                    wrong.append(f"{name} of a {kind} for {role}: {seen}, not {expected or 'let in'}")
    assert wrong == []


PUBLIC: Mapping[str, tuple[int, int]] = {
    **{kind: (expected[0], expected[1]) for kind, expected in KINDS.items()},
    "view": (IN, IN),
    "view all": (IN, IN),
    "use": (401, IN),
    "control": (403, 403),
}
"""What anonymous and stranger hear of what is public."""


async def test_whatever_is_public_can_be_watched_by_everybody_and_changed_by_nobody_else(
    world: World,
) -> None:
    wrong = []
    for name, expectation in ROUTES.items():
        channel, other = await world.thing(kind_of(name)), await world.thing("session")
        for one in (channel, other):
            await world.api.services.accounts.book.show_to(one, "public", created=time.time())
        for role, expected in zip(("anonymous", "stranger"), PUBLIC[expectation], strict=True):
            seen = await seen_by(world, role, name, channel, other)
            if not fits(seen, expected):
                wrong.append(f"{name} for {role}: {seen}, not {expected or 'let in'}")
    assert wrong == []


@pytest.mark.parametrize(
    ("role", "word", "steers"),
    [
        ("viewer", "viewer", False),
        ("guest", "viewer", False),
        ("controller", "controller", True),
        ("owner", "owner", True),
        ("admin", "admin", True),
    ],
)
async def test_every_frame_of_every_role_on_a_socket(
    world: World, role: str, word: str, *, steers: bool
) -> None:
    channel = await world.thing("session")
    headers = await world.asking(role, channel)
    async with world.api.connect(
        f"/api/ws/sessions/{channel.id}?since=live", additional_headers=headers
    ) as viewer:
        hello = await receive(viewer)
        assert (hello["type"], hello["role"]) == ("hello", word)
        await viewer.send('{"type":"ping"}')
        await viewer.send('{"type":"playhead","tick":3}')
        await viewer.send('{"type":"command","id":"c1","command":"pause"}')
        await viewer.send('{"type":"ping"}')
        seen: list[dict[str, Any]] = []
        while sum(frame["type"] == "pong" for frame in seen) < 2:
            seen.append(await receive(viewer))
        refusals = [(frame["code"], frame["command_id"]) for frame in seen if frame["type"] == "error"]
        assert refusals == ([] if steers else [("forbidden", "c1")])
        waiting = await world.api.services.commands.read(channel, after="0-0")
        users = {"owner": "user:ada", "admin": "user:root"}
        if not steers:
            assert waiting == []
        elif role in users:
            assert [command.by for command in waiting] == [users[role]]
        else:
            [command] = waiting
            assert command.by.startswith("user:guest:")


async def test_a_refused_socket_is_told_why_with_its_code(world: World) -> None:
    channel = await world.thing("session")
    async with world.api.connect(f"/api/ws/sessions/{channel.id}") as viewer:
        frames, code = await receive_all(viewer)
    assert ([frame for frame in frames if "offset" in frame], code) == ([], 4401)


def test_a_route_that_nobody_listed_is_shut_for_all_but_admins() -> None:
    app = create_app(Settings())

    @app.get("/api/new")
    async def new() -> None: ...

    [found] = [route for route in listed(app.routes) if route.name == "GET /api/new"]
    assert found.need is UNLISTED
    assert UNLISTED.who is Who.ADMIN


def test_a_route_for_every_method_is_refused_at_once_as_nobody_could_list_it() -> None:
    app = create_app(Settings())
    app.mount("/other", create_app(Settings()))
    with pytest.raises(TypeError, match="no methods"):
        list(listed(app.routes))


async def test_a_service_below_a_path_of_a_proxy_is_judged_by_the_same_table(world: World) -> None:
    app, channel = world.api.server.config.app, await world.thing("session")
    transport = httpx2.ASGITransport(app=app, root_path="/grid")  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        path = f"/grid/api/sessions/{channel.id}"
        assert (await http.get(path)).status_code == 401
        assert (await http.get(path, headers=bearer("bob"))).status_code == 403
        assert (await http.get(path, headers=bearer("ada"))).status_code == 200
