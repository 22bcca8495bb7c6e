"""Under which names the service answers: a stranger's name that resolves to this machine is none of them."""

from __future__ import annotations

import httpx2
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from gridcast.api.app import create_app
from gridcast.api.bodies import StrictRoute
from gridcast.api.hosts import known
from gridcast.broadcaster import Settings
from tests.api.producer import Producer
from tests.api.serving import Api, receive_all


@pytest.mark.parametrize(
    ("host", "own", "extra"),
    [
        ("127.0.0.1:8000", "127.0.0.1", ()),
        ("127.3.2.1", "127.0.0.1", ()),
        ("localhost:8000", "127.0.0.1", ()),
        ("LocalHost", "127.0.0.1", ()),
        ("lab.localhost:8000", "127.0.0.1", ()),
        ("[::1]:8000", "127.0.0.1", ()),
        ("lab.example", "lab.example", ()),
        ("grid.example:443", "127.0.0.1", ("grid.example",)),
        ("192.168.0.7:8000", "192.168.0.7", ()),
        ("192.168.0.7:8000", "0.0.0.0", ()),
        ("[fe80::1]:8000", "::", ()),
        ("any.example", "0.0.0.0", ("*",)),
    ],
)
def test_known(host: str, own: str, extra: tuple[str, ...]) -> None:
    assert known(host, own=own, extra=extra)


@pytest.mark.parametrize(
    ("host", "own", "extra"),
    [
        ("evil.example:8000", "127.0.0.1", ()),
        ("127.0.0.1.evil.example", "127.0.0.1", ()),
        ("localhost.evil.example", "127.0.0.1", ()),
        ("evillocalhost", "127.0.0.1", ()),
        ("", "127.0.0.1", ()),
        ("[::1", "127.0.0.1", ()),
        ("192.168.0.7", "127.0.0.1", ()),
        ("evil.example", "0.0.0.0", ()),
        ("sub.grid.example", "127.0.0.1", ("grid.example",)),
        ("user@evil.example", "127.0.0.1", ()),
    ],
)
def test_unknown(host: str, own: str, extra: tuple[str, ...]) -> None:
    assert not known(host, own=own, extra=extra)


async def test_a_request_by_another_name_is_refused(api: Api) -> None:
    async with httpx2.AsyncClient(base_url=api.http) as http:
        for path in ("/", "/api/sessions", "/metrics", "/healthz"):
            response = await http.get(path, headers={"Host": "evil.example"})
            assert response.status_code == 421
            assert "GRIDCAST_ALLOWED_HOSTS" in response.json()["detail"]


async def test_a_socket_by_another_name_is_refused_with_a_code(api: Api, producer: Producer) -> None:
    await producer.begin()
    for path in ("/api/ws/sessions/k3v9", "/api/ws/tasks/t1", "/sim/stream?scenario=ieee13", "/nothing"):
        async with api.connect(path, additional_headers={"Host": "evil.example"}) as viewer:
            frames, code = await receive_all(viewer)
        assert (code, [frame["code"] for frame in frames]) == (4403, ["forbidden"])


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, identity"])
async def test_a_packed_body_is_not_unpacked(api: Api, encoding: str) -> None:
    async with httpx2.AsyncClient(base_url=api.http) as http:
        response = await http.post("/api/sessions", content=b"x", headers={"Content-Encoding": encoding})
    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"


def test_every_body_is_read_by_the_strict_rules() -> None:
    """Bounded while it is read, strict JSON, bounded depth: no route reads one in another way."""
    app = create_app(Settings())
    routes = [context.route for context in iter_route_contexts(app.routes)]
    reading = [route for route in routes if isinstance(route, APIRoute) and route.body_field is not None]
    assert len(reading) > 5
    assert [route.path for route in reading if not isinstance(route, StrictRoute)] == []
