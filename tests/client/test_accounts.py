"""The SDK says who one is, on requests and on streams."""

from __future__ import annotations

import time

import pytest

from gridcast.broadcaster import Channel, Settings
from gridcast.client import AsyncClient, Problem, StreamRefused, follow
from gridcast.client.identity import headers_of
from tests.api.producer import Producer
from tests.api.serving import serving
from tests.api.signed import token, with_accounts

SHORT = {"duration_s": 60}


async def test_a_token_signs_requests_and_streams(settings: Settings) -> None:
    async with serving(with_accounts(settings)) as api, AsyncClient(api.http, token=token("ada")) as ada:
        producer = Producer(settings)
        await producer.create(owner="ada")
        await producer.take()
        await producer.finish()
        assert (await ada.run("k3v9").session()).owner == "ada"
        entries = [entry["type"] async for entry in follow(api.http, "k3v9", headers=ada.service.headers)]
        assert entries == ["status", "status"]
        await producer.aclose()


async def test_without_a_token_one_is_told_to_sign_in(settings: Settings) -> None:
    async with serving(with_accounts(settings)) as api, AsyncClient(api.http) as nobody:
        with pytest.raises(Problem, match="sign in") as refused:
            await nobody.create("ieee13", overrides=SHORT)
        assert refused.value.status == 401
        with pytest.raises(StreamRefused) as closed:
            await anext(follow(api.http, "k3v9"))
        assert closed.value.code == 4401


async def test_a_share_lets_in_who_holds_it(settings: Settings) -> None:
    async with serving(with_accounts(settings)) as api, AsyncClient(api.http, token=token("ada")) as ada:
        run = await ada.create("ieee13", overrides=SHORT)
        _, secret = await api.services.accounts.book.share(
            Channel.session(run.id), role="viewer", expires=time.time() + 60, by="ada", note=None
        )
        async with AsyncClient(api.http, share=secret) as guest:
            assert (await guest.run(run.id).session()).id == run.id
            with pytest.raises(Problem) as refused:
                await guest.run(run.id).command("pause")
            assert refused.value.status == 403


async def test_the_environment_names_a_token_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCAST_TOKEN", token("ada"))
    async with serving(with_accounts(settings)) as api, AsyncClient(api.http) as ada:
        run = await ada.create("ieee13", overrides=SHORT)
        assert (await run.session()).owner == "ada"


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert headers_of() == {}
    monkeypatch.setenv("GRIDCAST_TOKEN", "environment")
    assert headers_of() == {"Authorization": "Bearer environment"}
    assert headers_of("argument\n", "share") == {
        "Authorization": "Bearer argument",
        "Gridcast-Share": "share",
    }


@pytest.mark.parametrize("bad", ["two words", "two\nlines", "é"])
def test_what_no_header_may_hold_is_no_token(bad: str) -> None:
    with pytest.raises(ValueError, match="one word"):
        headers_of(bad)
