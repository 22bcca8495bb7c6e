"""Limits of one user and in all: both sides of each, over two API processes on one broker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson

from gridcast.broadcaster import Channel, Settings
from gridcast.broadcaster.names import job_id
from gridcast.broadcaster.rates import WINDOW_S
from gridcast.broadcaster.starts import Starts
from tests.api.producer import Producer
from tests.api.serving import Api, receive, receive_all, receive_until, serving
from tests.api.signed import bearer, with_accounts
from tests.valkey import ValkeyServer
from tests.waiting import PATIENCE_S, seen

SHORT = {"scenario": "ieee13", "overrides": {"duration_s": 60}}
HEATMAP = {
    "scenario": "ieee13",
    "param_x": "datacenters.0.power_factor",
    "param_y": "grid.source_pu",
}


@contextlib.asynccontextmanager
async def two(settings: Settings, *, accounts: bool = True, **limits: int) -> AsyncIterator[tuple[Api, Api]]:
    """Two API processes with these limits."""
    limited = with_accounts(settings) if accounts else settings
    limited = Settings.model_validate({**limited.model_dump(), **limits})
    async with serving(limited) as here, serving(limited) as there:
        yield here, there


async def ask(
    api: Api, who: str | None, method: str, path: str, body: object = None, **headers: str
) -> httpx2.Response:
    known = {} if who is None else bearer(who, role="admin" if who == "root" else None)
    # Without certificates, which take longer to load than anything here.
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S, verify=False) as http:
        return await http.request(method, path, json=body, headers={**known, **headers})


async def make(api: Api, who: str | None, **more: Any) -> httpx2.Response:
    return await ask(api, who, "POST", "/api/sessions", {**SHORT, **more})


async def made(api: Api, who: str | None, **more: Any) -> str:
    response = await make(api, who, **more)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def assert_refused(response: httpx2.Response, slug: str, *words: str) -> None:
    assert response.status_code == 429, response.text
    assert response.json()["type"] == f"urn:gridcast:problem:{slug}"
    assert int(response.headers["retry-after"]) >= 1
    for word in words:
        assert word in response.json()["detail"]


# --- requests --------------------------------------------------------------------------------------------------------


async def test_requests_of_a_user_are_counted_over_all_processes(settings: Settings) -> None:
    async with two(settings, user_requests_per_s=1) as (here, there):
        for n in range(WINDOW_S):
            assert (await ask((here, there)[n % 2], "ada", "GET", "/api/me")).status_code == 200
        for api in (here, there):
            refused = await ask(api, "ada", "GET", "/api/me")
            assert_refused(
                refused, "rate-limited", "10 requests in 10 s", "GRIDCAST_USER_REQUESTS_PER_S=1", "wait"
            )
        assert (await ask(here, "bob", "GET", "/api/me")).status_code == 200
        # What needs no rights is not counted: a page can say what is wrong.
        assert (await ask(here, "ada", "GET", "/api/scenarios")).status_code == 200


async def test_who_is_not_signed_in_is_counted_by_address(settings: Settings) -> None:
    async with two(settings, user_requests_per_s=1) as (here, there):
        for n in range(WINDOW_S):
            assert (await ask((here, there)[n % 2], None, "GET", "/api/me")).status_code == 200
        assert_refused(await ask(here, None, "GET", "/api/me"), "rate-limited")
        assert (await ask(here, "ada", "GET", "/api/me")).status_code == 200


async def test_a_flood_of_refused_requests_leaves_no_audit_records(settings: Settings) -> None:
    async with two(settings, user_requests_per_s=1) as (here, _):
        for _ in range(WINDOW_S):
            await ask(here, "ada", "GET", "/api/me")
        assert_refused(await make(here, "ada"), "rate-limited")
        trail = (await ask(here, "root", "GET", "/api/audit?user=ada")).json()
        assert trail["items"] == []
        figures = (await ask(here, "root", "GET", "/metrics")).text
        assert 'gridcast_api_limited_total{limit="requests"} 1.0' in figures


async def test_a_socket_that_is_one_request_too_many_is_closed_with_4429(settings: Settings) -> None:
    async with two(settings, user_requests_per_s=1) as (here, _):
        session = await made(here, "ada")
        for _ in range(WINDOW_S - 1):
            await ask(here, "ada", "GET", "/api/me")
        async with here.watch(session_id=session, additional_headers=bearer("ada")) as viewer:
            [refusal], code = await receive_all(viewer)
        assert (refusal["type"], refusal["code"], code) == ("error", "rate_limited", 4429)


# --- commands --------------------------------------------------------------------------------------------------------


async def test_commands_of_a_user_are_counted_over_processes_sockets_and_requests(settings: Settings) -> None:
    async with two(settings, user_commands_per_s=1) as (here, there):
        session = await made(here, "ada")
        path = f"/api/sessions/{session}/commands"
        async with there.watch(session_id=session, additional_headers=bearer("ada")) as viewer:
            for n in range(WINDOW_S // 2):
                assert (await ask(here, "ada", "POST", path, {"command": "pause"})).status_code == 202
                command = {"type": "command", "id": f"c{n}", "command": "pause", "args": {}}
                await viewer.send(orjson.dumps(command).decode())
            # Frames are taken in order: once this is answered, all before it are in.
            await viewer.send('{"type":"ping"}')
            await receive_until(viewer, type="pong")
            refused = await ask(here, "ada", "POST", path, {"command": "pause"})
            assert_refused(refused, "rate-limited", "10 commands in 10 s", "GRIDCAST_USER_COMMANDS_PER_S=1")
            await viewer.send('{"type":"command","id":"late","command":"pause","args":{}}')
            error = await receive_until(viewer, type="error")
            assert (error["code"], error["command_id"]) == ("rate_limited", "late")
            # It stays open, and nothing else is refused.
            await viewer.send('{"type":"ping"}')
            await receive_until(viewer, type="pong")
        waiting = await here.services.commands.read_all(Channel.session(session))
        assert len(waiting) == WINDOW_S
        assert (await ask(here, "ada", "GET", "/api/me")).status_code == 200
        other = await made(here, "bob")
        sent = await ask(here, "bob", "POST", f"/api/sessions/{other}/commands", {"command": "pause"})
        assert sent.status_code == 202


# --- sockets ---------------------------------------------------------------------------------------------------------


async def test_sockets_of_a_user_are_counted_over_all_processes(settings: Settings) -> None:
    async with two(settings, user_sockets=2) as (here, there):
        session = await made(here, "ada")
        mine: dict[str, Any] = {"session_id": session, "additional_headers": bearer("ada")}
        async with here.watch(**mine) as first, there.watch(**mine) as second:
            for viewer in (first, second):
                assert (await receive(viewer))["type"] == "hello"
            for api in (here, there):
                async with api.watch(**mine) as third:
                    [refusal], code = await receive_all(third)
                assert (refusal["code"], code) == ("too_many", 4429)
                assert "GRIDCAST_USER_SOCKETS" in refusal["detail"]
            events = await ask(here, "ada", "GET", f"/api/sessions/{session}/events")
            assert_refused(events, "too-many", "2 open sockets and event streams", "close some")
            theirs = await made(here, "bob")
            async with here.watch(session_id=theirs, additional_headers=bearer("bob")) as other:
                assert (await receive(other))["type"] == "hello"

        async def again() -> bool:
            async with there.watch(**mine) as viewer:
                return bool((await receive(viewer))["type"] == "hello")

        await seen(again)


# --- sessions, tasks, operations -------------------------------------------------------------------------------------


async def test_a_user_has_so_many_sessions_and_not_one_more_whoever_is_asked_at_once(
    settings: Settings,
) -> None:
    async with two(settings, user_queued_sessions=3) as apis:
        answers = await asyncio.gather(*(make(apis[n % 2], "ada") for n in range(8)))
        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 5
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert_refused(
            refused,
            "too-many",
            "3 sessions that wait for a worker",
            "GRIDCAST_USER_QUEUED_SESSIONS",
            "stop or delete",
            "100 may run at once (GRIDCAST_USER_RUNNING_SESSIONS)",
        )
        assert (await make(apis[0], "bob")).status_code == 201
        session = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
        fork = await ask(apis[0], "ada", "POST", f"/api/sessions/{session}/fork", {"at_tick": 0})
        assert_refused(fork, "too-many")
        assert (await ask(apis[1], "ada", "DELETE", f"/api/sessions/{session}")).status_code == 204
        assert (await make(apis[0], "ada")).status_code == 201


async def test_a_session_that_is_over_makes_room_also_before_a_reaper_has_seen_it(settings: Settings) -> None:
    async with two(settings, user_queued_sessions=1) as (here, there):
        session = await made(here, "ada")
        assert_refused(await make(here, "ada"), "too-many")
        stopped = await ask(here, "ada", "POST", f"/api/sessions/{session}/commands", {"command": "stop"})
        assert stopped.status_code == 202
        assert (await make(there, "ada")).status_code == 201


async def test_a_request_that_is_repeated_under_its_key_is_no_second_session(settings: Settings) -> None:
    async with two(settings, user_queued_sessions=1) as (here, there):
        key = {"Idempotency-Key": "k1"}
        first = await ask(here, "ada", "POST", "/api/sessions", SHORT, **key)
        again = await ask(there, "ada", "POST", "/api/sessions", SHORT, **key)
        assert first.json()["id"] == again.json()["id"]


async def test_a_stream_that_would_start_one_session_too_many_is_closed_with_4429(settings: Settings) -> None:
    async with two(settings, user_queued_sessions=1) as (here, _):
        await made(here, "ada")
        path = "/sim/stream?scenario=ieee13&duration_s=60"
        async with here.connect(path, additional_headers=bearer("ada")) as viewer:
            [refusal], code = await receive_all(viewer)
        assert (refusal["code"], code) == ("too_many", 4429)


async def test_sessions_that_run_are_not_counted_among_those_that_wait(settings: Settings) -> None:
    async with two(settings, user_queued_sessions=1, all_queued_sessions=2) as (here, there):
        first = await made(here, "ada")
        assert_refused(await make(there, "ada"), "too-many", "GRIDCAST_USER_QUEUED_SESSIONS")
        assert await let_start(here, first)
        second = await made(there, "ada")
        await made(here, "bob")
        assert_refused(await make(there, "eve"), "too-many", "GRIDCAST_ALL_QUEUED_SESSIONS")
        assert await let_start(here, second)
        await made(there, "eve")


async def test_who_has_as_many_running_as_may_be_is_told_what_the_next_one_waits_for(
    settings: Settings,
) -> None:
    async with two(settings, user_running_sessions=1) as (here, there):
        first, second, third = [await made(here, "ada") for _ in range(3)]
        told = (await ask(there, "ada", "GET", f"/api/sessions/{second}")).json()
        assert "reason" not in told, "nothing of hers runs"
        assert await let_start(here, first)
        for path in (f"/api/sessions/{second}", "/api/sessions"):
            body = (await ask(there, "ada", "GET", path)).json()
            told = next(one for one in body.get("items", [body]) if one["id"] == second)
            assert told["status"] == "queued"
            assert "ada has as many sessions running" in told["reason"]
            assert "(1, GRIDCAST_USER_RUNNING_SESSIONS)" in told["reason"]
        other = await made(here, "bob")
        assert "reason" not in (await ask(there, "bob", "GET", f"/api/sessions/{other}")).json()
        # Room is made by what is deleted at once, and the third is waiting all the same.
        assert (await ask(here, "ada", "DELETE", f"/api/sessions/{first}")).status_code == 204
        assert "reason" not in (await ask(there, "ada", "GET", f"/api/sessions/{third}")).json()


async def let_start(api: Api, session: str) -> bool:
    """Whether a worker may take this session now; it counts as running from then on."""
    starts = Starts(api.services.redis, api.services.settings)
    job = job_id(session, 1)
    return await starts.allowed([job], room=1) == [job]


async def test_all_users_together_have_so_many_sessions(settings: Settings) -> None:
    async with two(settings, all_queued_sessions=2) as (here, there):
        await made(here, "ada")
        await made(there, "bob")
        for api in (here, there):
            assert_refused(
                await make(api, "eve"), "too-many", "2 sessions", "GRIDCAST_ALL_QUEUED_SESSIONS", "full"
            )


async def test_without_accounts_only_what_holds_for_all_together_holds(settings: Settings) -> None:
    limits = {
        "user_queued_sessions": 1,
        "user_requests_per_s": 1,
        "user_sockets": 1,
        "user_commands_per_s": 1,
    }
    async with two(settings, accounts=False, all_queued_sessions=2, **limits) as (here, there):
        session = await made(here, None)
        await made(there, None)
        assert_refused(await make(here, None), "too-many", "GRIDCAST_ALL_QUEUED_SESSIONS")
        async with here.watch(session_id=session) as one, here.watch(session_id=session) as other:
            for viewer in (one, other):
                assert (await receive(viewer))["type"] == "hello"
        for _ in range(WINDOW_S + 1):
            assert (await ask(here, None, "GET", "/api/me")).status_code == 200
            sent = await ask(here, None, "POST", f"/api/sessions/{session}/commands", {"command": "pause"})
            assert sent.status_code == 202


async def test_tasks_and_operations_of_a_user_are_counted_together(settings: Settings) -> None:
    async with two(settings, user_analyses=1) as (here, there):
        scan = "/api/operations/scan?wait=false"
        first = await ask(here, "ada", "POST", scan)
        assert first.status_code == 202, first.text
        assert_refused(
            await ask(there, "ada", "POST", scan),
            "too-many",
            "1 tasks and operations",
            "GRIDCAST_USER_ANALYSES",
        )
        assert (await ask(there, "bob", "POST", scan)).status_code == 202
        async with there.connect("/ws/progress", additional_headers=bearer("ada")) as viewer:
            await viewer.send('{"op":"scan","config":{}}')
            refusal = await receive(viewer)
            assert (refusal["type"], refusal["code"]) == ("error", "too_many")
            assert "GRIDCAST_USER_ANALYSES" in refusal["msg"]
            gone = await ask(here, "ada", "DELETE", f"/api/operations/{first.json()['id']}")
            assert gone.status_code == 204
            await viewer.send('{"op":"scan","config":{}}')
            assert (await receive(viewer))["type"] == "progress"


async def test_all_users_together_have_so_many_analyses(settings: Settings) -> None:
    async with two(settings, all_analyses=1) as (here, there):
        scan = "/api/operations/scan?wait=false"
        assert (await ask(here, "ada", "POST", scan)).status_code == 202
        assert_refused(await ask(there, "bob", "POST", scan), "too-many", "GRIDCAST_ALL_ANALYSES")


async def test_a_verification_that_is_one_too_many_leaves_no_second_run(settings: Settings) -> None:
    async with two(settings, accounts=False, all_analyses=1) as (here, _):
        ended = Producer(settings, await made(here, None))
        await ended.take()
        await ended.ticks(2)
        await ended.publish(
            {"type": "summary", "ts": 1.0, "digest": "d1"},
            meta={"summary": orjson.dumps({"digest": "d1", "ticks": 10})},
        )
        await ended.finish()
        assert (await ask(here, None, "POST", "/api/operations/scan?wait=false")).status_code == 202
        refused = await ask(here, None, "GET", f"/api/sessions/{ended.channel.id}/verify?wait=false")
        assert_refused(refused, "too-many", "GRIDCAST_ALL_ANALYSES")
        listed = (await ask(here, None, "GET", "/api/sessions")).json()["items"]
        assert [one["id"] for one in listed] == [ended.channel.id]
        await ended.aclose()


async def test_a_session_runs_so_long_and_no_longer(settings: Settings) -> None:
    async with two(settings, session_duration_s=60, session_ticks=600) as (here, _):
        session = await made(here, "ada")
        n_ticks = here.services.settings.session_ticks
        assert (await ask(here, "ada", "GET", f"/api/sessions/{session}")).json()["n_ticks"] == n_ticks
        longer = await make(here, "ada", overrides={"duration_s": 61})
        assert longer.status_code == 422
        [fault] = longer.json()["errors"]
        assert fault["loc"] == ["overrides", "duration_s"]
        assert "600" in fault["msg"]
        assert "GRIDCAST_SESSION_TICKS" in fault["msg"]
        body = {"at_tick": 0, "overrides": {"duration_s": 61}}
        fork = await ask(here, "ada", "POST", f"/api/sessions/{session}/fork", body)
        assert fork.status_code == 422
    async with two(settings, session_duration_s=60) as (here, _):
        longer = await make(here, "ada", overrides={"duration_s": 61})
        assert "GRIDCAST_SESSION_DURATION_S" in longer.json()["detail"]


# --- a broker that is away -------------------------------------------------------------------------------------------


async def test_while_the_broker_is_away_nobody_is_refused_for_it_and_nothing_fails_as_ours(
    settings: Settings, mortal_valkey: ValkeyServer
) -> None:
    away = Settings.model_validate({**settings.model_dump(), "redis_url": mortal_valkey.url})
    async with two(away, user_requests_per_s=1, user_sockets=1) as (here, _):
        session = await made(here, "ada")
        mortal_valkey.kill()
        for _ in range(WINDOW_S + 1):
            assert (await ask(here, "ada", "GET", "/api/me")).status_code == 200
        assert (await make(here, "ada")).status_code == 503
        async with here.watch(session_id=session, additional_headers=bearer("ada")) as viewer:
            _, code = await receive_all(viewer)
        assert code == 1013
