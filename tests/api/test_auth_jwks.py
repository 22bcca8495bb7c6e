"""Keys of somebody else's accounts are fetched in the background, with bounds, and never while a request waits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gridcast.api.auth import jwks
from gridcast.api.auth.jwks import KeySet
from gridcast.broadcaster import Settings
from tests.api.serving import serving
from tests.waiting import PATIENCE_S, seen, until

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def document(**keys: rsa.RSAPrivateKey) -> bytes:
    """A JWKS of these by key id."""
    maker = jwt.algorithms.RSAAlgorithm
    listed = [{**json.loads(maker.to_jwk(one.public_key())), "kid": kid} for kid, one in keys.items()]
    return json.dumps({"keys": listed}).encode()


def signed(private: rsa.RSAPrivateKey, kid: str, user: str = "ada") -> dict[str, str]:
    claims = {"iss": "issuer", "aud": "lab", "sub": user, "exp": time.time() + 60}
    return {"Authorization": f"Bearer {jwt.encode(claims, private, 'RS256', headers={'kid': kid})}"}


class Issuer:
    """Somebody who serves keys, well or badly, and counts how often that was asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = "200 OK"
        self.body = b""
        self.answer: Answer | None = None
        self.port = 0
        self.serving: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/keys"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.answer is not None:
                await self.answer(writer)
            else:
                head = (
                    f"HTTP/1.1 {self.status}\r\ncontent-length: {len(self.body)}\r\nconnection: close\r\n\r\n"
                )
                writer.write(head.encode() + self.body)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    found = Issuer()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    for task in found.serving:
        task.cancel()
    await asyncio.gather(*found.serving, return_exceptions=True)


async def test_a_service_takes_tokens_of_the_issuer_that_its_settings_name(
    settings: Settings, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "SOONEST_S", 0.05)
    first, second = key(), key()
    issuer.body = document(k1=first)
    told = Settings.model_validate(
        {
            **settings.model_dump(),
            "auth": "jwt",
            "auth_jwks_url": issuer.url,
            "auth_issuer": "issuer",
            "auth_audience": "lab",
        }
    )
    async with (
        serving(told) as api,
        httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http,
    ):

        async def me(headers: dict[str, str]) -> int:
            return (await http.get("/api/me", headers=headers)).status_code

        assert await me(signed(first, "k1")) == 200
        # The issuer turns to another key: tokens of the new one count soon, those of the old one no more.
        issuer.body = document(k2=second)
        assert await me(signed(second, "k2")) == 401
        assert await seen(lambda: me(signed(second, "k2")), lambda status: status == 200)
        assert await me(signed(first, "k1")) == 401


async def test_keys_that_nobody_knows_are_asked_for_once_in_a_while_however_often_they_are_named(
    issuer: Issuer,
) -> None:
    issuer.body = document(k1=key())
    held = KeySet(issuer.url)
    await held.fetch()
    running = asyncio.create_task(held.run())
    try:
        for n in range(100):
            with contextlib.suppress(Exception):
                held.of(signed(key() if n == 0 else _KEPT, f"other{n}")["Authorization"][7:])
            await asyncio.sleep(0)
        assert issuer.asked == 1, "the next question comes SOONEST_S after the last"
    finally:
        running.cancel()


_KEPT = key()


async def _slow(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(PATIENCE_S)


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" " * 65536)
        await writer.drain()


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        ("500 No", b"", None),
        ("302 Found\r\nlocation: http://127.0.0.1:1/", b"", None),
        ("200 OK", b"nonsense", None),
        ("200 OK", b"{}", None),
        ("200 OK", b'{"keys":[]}', None),
        ("200 OK", b"", _slow),
        ("200 OK", b"", _endless),
    ],
)
async def test_an_issuer_that_answers_badly_takes_no_key_away(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, status: str, body: bytes, answer: Answer | None
) -> None:
    monkeypatch.setattr(jwks, "ANSWER_S", 0.5)
    issuer.body = document(k1=_KEPT)
    held = KeySet(issuer.url)
    await held.fetch()
    issuer.status, issuer.body, issuer.answer = status, body, answer
    await held.fetch()
    assert issuer.asked == 2
    assert held.of(signed(_KEPT, "k1")["Authorization"][7:])[1] == "RS256"


async def test_an_issuer_that_is_away_at_the_start_is_asked_again(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "SOONEST_S", 0.05)
    issuer.status = "503 No"
    held = KeySet(issuer.url)
    await held.fetch()
    running = asyncio.create_task(held.run())
    try:
        issuer.status, issuer.body = "200 OK", document(k1=_KEPT)
        token = signed(_KEPT, "k1")["Authorization"][7:]

        def known() -> bool:
            with contextlib.suppress(Exception):
                return bool(held.of(token))
            return False

        await until(known, what="the keys")
    finally:
        running.cancel()


def test_a_set_is_bounded() -> None:
    many: dict[str, Any] = json.loads(document(k=_KEPT))
    many["keys"] = [{**many["keys"][0], "kid": f"k{n}"} for n in range(jwks.MAX_KEYS + 10)]
    assert len(jwks.keys_in(many)) == jwks.MAX_KEYS
