"""The wheel of a session: who alone steers, how it changes hands, over two API processes on one broker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
import pytest

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.wheel import ASK_S, MAX_ASKS
from tests.api.serving import Api, receive_until, serving
from tests.api.signed import bearer, with_accounts
from tests.waiting import PATIENCE_S, seen

SHORT = {"scenario": "ieee13", "overrides": {"duration_s": 60}}
PAUSE = {"command": "pause"}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody at one of the processes."""

    api: Api
    headers: dict[str, str]
    session: str

    async def ask(self, method: str, path: str, body: object = None) -> httpx2.Response:
        # Without certificates, which take longer to load than anything here.
        async with httpx2.AsyncClient(base_url=self.api.http, timeout=PATIENCE_S, verify=False) as http:
            path = f"/api/sessions/{self.session}{path}"
            return await http.request(method, path, json=body, headers=self.headers)

    async def wheel(self, action: str = "", name: str | None = None) -> dict[str, Any]:
        response = await self.turn(action, name)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    async def turn(self, action: str = "", name: str | None = None) -> httpx2.Response:
        if not action:
            return await self.ask("GET", "/wheel")
        return await self.ask("POST", f"/wheel/{action}", None if name is None else {"name": name})

    async def holder(self) -> str | None:
        found: str | None = (await self.wheel())["holder"]
        return found

    async def steer(self) -> int:
        return (await self.ask("POST", "/commands", PAUSE)).status_code

    def watch(self) -> Any:
        return self.api.watch(session_id=self.session, additional_headers=self.headers)


@dataclass(frozen=True, kw_only=True)
class People:
    """The owner, two who may steer, one who may watch; bob and vic come through another process than ada and eve."""

    ada: Person
    bob: Person
    eve: Person
    vic: Person


@contextlib.asynccontextmanager
async def people(settings: Settings, **more: Any) -> AsyncIterator[People]:
    limited = with_accounts(settings, **more)
    async with serving(limited) as here, serving(limited) as there:
        async with httpx2.AsyncClient(base_url=here.http, timeout=PATIENCE_S, verify=False) as http:
            created = await http.post(
                "/api/sessions", json={**SHORT, "visibility": "public"}, headers=bearer("ada")
            )
            session = str(created.json()["id"])
            shared = await http.post(
                f"/api/sessions/{session}/shares", json={"role": "controller"}, headers=bearer("ada")
            )
        link = {"Gridcast-Share": shared.json()["share"]}
        yield People(
            ada=Person(api=here, headers=bearer("ada"), session=session),
            bob=Person(api=there, headers={**bearer("bob"), **link}, session=session),
            eve=Person(api=here, headers={**bearer("eve"), **link}, session=session),
            vic=Person(api=there, headers=bearer("vic"), session=session),
        )


@pytest.fixture
async def all_of_them(settings: Settings) -> AsyncIterator[People]:
    async with people(settings) as found:
        yield found


def slug(response: httpx2.Response) -> str:
    return str(response.json()["type"].rpartition(":")[2])


async def test_while_nobody_has_it_all_who_may_steer_do(all_of_them: People) -> None:
    they = all_of_them
    assert await they.vic.wheel() == {"holder": None, "since": None, "asked": []}
    assert [await one.steer() for one in (they.ada, they.bob, they.eve, they.vic)] == [202, 202, 202, 403]


async def test_who_has_it_alone_steers_also_before_the_owner(all_of_them: People) -> None:
    they = all_of_them
    taken = await they.bob.wheel("take")
    assert (taken["holder"], taken["asked"]) == ("bob", [])
    assert taken["since"] > 0
    assert [await one.steer() for one in (they.ada, they.bob, they.eve)] == [409, 202, 409]
    refused = await they.eve.ask("POST", "/commands", PAUSE)
    assert slug(refused) == "wheel-held"
    assert "bob has the wheel" in refused.json()["detail"]
    async with they.eve.watch() as viewer:
        await viewer.send('{"type":"command","id":"c1","command":"pause","args":{}}')
        error = await receive_until(viewer, type="error")
        assert (error["code"], error["command_id"]) == ("wheel_held", "c1")
        assert "bob" in error["detail"]
        # Once it is free, the same socket steers.
        assert (await they.bob.wheel("let-go"))["holder"] is None
        await viewer.send('{"type":"command","id":"c2","command":"pause","args":{}}')
        services = they.eve.api.services

        async def stored() -> list[str]:
            waiting = await services.commands.read_all(Channel.session(they.eve.session))
            return [command.id for command in waiting]

        assert "c1" not in await seen(stored, lambda ids: "c2" in ids)


async def test_it_is_handed_over_on_request(all_of_them: People) -> None:
    they = all_of_them
    await they.bob.wheel("take")
    asked = await they.eve.wheel("ask")
    assert asked["holder"] == "bob"
    assert [one["name"] for one in asked["asked"]] == ["eve"]
    given = await they.bob.wheel("give", "eve")
    assert (given["holder"], given["asked"]) == ("eve", [])
    assert [await one.steer() for one in (they.bob, they.eve)] == [409, 202]


async def test_a_request_can_be_refused_and_taken_back(all_of_them: People) -> None:
    they = all_of_them
    await they.ada.wheel("take")
    for one in (they.bob, they.eve):
        await one.wheel("ask")
    assert [one["name"] for one in (await they.ada.wheel("refuse", "bob"))["asked"]] == ["eve"]
    assert slug(await they.bob.turn("refuse", "eve")) == "forbidden"
    assert (await they.eve.wheel("refuse", "eve"))["asked"] == []
    assert await they.ada.holder() == "ada"


async def test_who_asks_for_one_that_nobody_has_gets_it(all_of_them: People) -> None:
    assert (await all_of_them.bob.wheel("ask"))["holder"] == "bob"


async def test_only_the_owner_takes_it_from_somebody(all_of_them: People) -> None:
    they = all_of_them
    await they.bob.wheel("take")
    held = await they.eve.turn("take")
    assert (held.status_code, slug(held)) == (409, "wheel-held")
    for action in ("let-go", "give"):
        refused = await they.eve.turn(action, "eve" if action == "give" else None)
        assert (refused.status_code, slug(refused)) == (403, "forbidden")
    assert (await they.ada.wheel("take"))["holder"] == "ada"
    assert [await one.steer() for one in (they.ada, they.bob)] == [202, 409]
    # And the owner lets go of what somebody else has.
    await they.bob.wheel("ask")
    await they.ada.wheel("give", "bob")
    assert (await they.ada.wheel("let-go"))["holder"] is None


async def test_it_is_given_to_nobody_who_has_not_asked(all_of_them: People) -> None:
    await all_of_them.ada.wheel("take")
    for name in ("bob", "nobody"):
        refused = await all_of_them.ada.turn("give", name)
        assert (refused.status_code, slug(refused)) == (409, "not-asked")


async def test_who_may_only_watch_sees_it_and_touches_nothing(all_of_them: People) -> None:
    they = all_of_them
    await they.bob.wheel("take")
    assert await they.vic.holder() == "bob"
    for action in ("take", "ask", "let-go"):
        assert (await they.vic.turn(action)).status_code == 403


async def test_one_of_many_who_take_it_at_once_has_it(all_of_them: People) -> None:
    they = all_of_them
    answers = await asyncio.gather(*(one.turn("take") for _ in range(5) for one in (they.bob, they.eve)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [409] * 5
    assert len({answer.json()["holder"] for answer in answers if answer.status_code == 200}) == 1


async def test_questions_are_few_and_do_not_last(all_of_them: People) -> None:
    they = all_of_them
    await they.ada.wheel("take")
    wheels, channel = they.ada.api.services.wheels, Channel.session(they.ada.session)
    for n in range(MAX_ASKS):
        assert (await wheels.act(channel, "ask", who=f"u{n}", owns=False))[0] == "OK"
    assert (await they.bob.turn("ask")).status_code == 429
    redis = they.ada.api.services.redis
    asks = orjson.loads(await redis.hget(channel.wheel, "asks") or b"{}")  # type: ignore[misc]
    await redis.hset(  # type: ignore[misc]
        channel.wheel, "asks", orjson.dumps({name: at - ASK_S - 1 for name, at in asks.items()}).decode()
    )
    assert [one["name"] for one in (await they.bob.wheel("ask"))["asked"]] == ["bob"]


async def test_who_is_not_seen_for_the_grace_time_has_let_go(settings: Settings) -> None:
    async with people(settings, wheel_grace_s=1) as they:
        await they.bob.wheel("take")
        assert await seen(they.eve.steer, lambda status: status == 202) == 202
        assert await they.eve.holder() is None


async def test_who_watches_has_not_let_go_however_long_nothing_is_steered(settings: Settings) -> None:
    async with people(settings, wheel_grace_s=2) as they:
        redis, key = they.bob.api.services.redis, Channel.session(they.bob.session).wheel

        async def seen_s() -> float:
            return float(await redis.hget(key, "seen") or 0)  # type: ignore[misc]

        async with they.bob.watch() as viewer:
            await receive_until(viewer, type="hello")
            await they.bob.wheel("take")
            taken_s = await seen_s()
            await seen(seen_s, lambda last_s: last_s - taken_s > 2)
            assert await they.eve.holder() == "bob"
            assert await they.eve.steer() == 409
        await seen(they.eve.holder, lambda holder: holder is None)


async def test_viewers_are_told_who_steers_and_who_wants_to(all_of_them: People) -> None:
    they = all_of_them
    async with they.vic.watch() as viewer:
        await viewer.send('{"type":"playhead","tick":null}')

        async def told(holder: str | None, asked: list[str]) -> None:
            while True:
                frame = await receive_until(viewer, type="viewers")
                wheel = frame["wheel"]
                if (wheel["holder"], [one["name"] for one in wheel["asked"]]) == (holder, asked):
                    [vic] = frame["viewers"]
                    assert vic["name"] == "vic"
                    assert vic["color"].startswith("#")
                    return

        await told(None, [])
        await they.ada.wheel("take")
        await told("ada", [])
        await they.bob.wheel("ask")
        await told("ada", ["bob"])
        await they.ada.wheel("give", "bob")
        await told("bob", [])
        await they.bob.wheel("let-go")
        await told(None, [])


async def test_hand_overs_and_refused_commands_are_in_the_audit(all_of_them: People) -> None:
    they = all_of_them
    await they.bob.wheel("take")
    await they.eve.turn("take")
    await they.eve.steer()
    page = await they.bob.api.services.audit.page(
        before=None, limit=50, passes=lambda record: record["target"] == f"session:{they.bob.session}"
    )
    found = [(record["action"], record["by"], record["result"]) for record in page.items]
    assert found[:3] == [
        ("session.command", "user:eve", "refused"),
        ("session.wheel.take", "user:eve", "refused"),
        ("session.wheel.take", "user:bob", "done"),
    ]


async def test_it_goes_with_its_session(all_of_them: People) -> None:
    they = all_of_them
    await they.bob.wheel("take")
    assert (await they.ada.ask("DELETE", "")).status_code == 204
    assert (await they.ada.turn("take")).status_code == 404
    redis = they.ada.api.services.redis
    assert await redis.keys(f"*{they.ada.session}*") == []


async def test_without_accounts_everybody_is_one_user_whom_nothing_stops(settings: Settings) -> None:
    async with serving(settings) as api:
        async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S, verify=False) as http:
            session = (await http.post("/api/sessions", json=SHORT)).json()["id"]
        person = Person(api=api, headers={}, session=session)
        assert (await person.wheel("take"))["holder"] == "local"
        assert await person.steer() == 202
        async with person.watch() as viewer:
            await viewer.send('{"type":"playhead","tick":null}')
            assert "wheel" not in await receive_until(viewer, type="viewers")
