"""Forking: what a fork takes from its parent, what it may change, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fakeredis
import httpx2
import orjson
import pytest
from redis.asyncio import Redis

from gridcast.api.app import create_app
from gridcast.broadcaster import Channel, JobQueue, Settings
from gridcast.broadcaster.sessions import Sessions, SessionState
from gridcast.scenarios import resolve
from tests.valkey import free_port

CONFIG = resolve("ieee13-ofo", {"duration_s": 60}, 3).model_dump(mode="json")
PARENT: dict[str, Any] = {
    "id": "parent",
    "title": "Mine",
    "scenario": "ieee13-ofo",
    "overrides": {"duration_s": 60},
    "seed": 3,
    "speed": 20.0,
    "on_idle": "pause",
    "owner": "local",
    "created": 5.0,
    "config": CONFIG,
    "parent": None,
}
TAPS = {"command": "set_taps", "args": {"regulators": {"reg1": 1.05}}}


@pytest.fixture
def redis() -> Redis:
    return fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer(), protocol=2)


@pytest.fixture
async def http(redis: Redis, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the application with one session of 600 ticks, of which 100 are done."""
    settings = Settings(redis_url=f"redis://127.0.0.1:{free_port()}/0", dir=tmp_path)
    app = create_app(settings, redis=redis, host="lab")
    await Sessions(redis).create("parent", record=PARENT, n_ticks=600, created=5.0)
    await reach(redis, 100)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://lab:8000"
        ) as client,
    ):
        yield client


async def reach(redis: Redis, tick: int) -> None:
    await redis.hset(Channel.session("parent").meta, "tick", str(tick))  # type: ignore[misc]


async def remember(redis: Redis, **changed: Any) -> None:
    """Change what the parent's record says."""
    record = orjson.dumps({**PARENT, **changed}).decode()
    await redis.hset(Channel.session("parent").meta, "record", record)  # type: ignore[misc]


async def applied(redis: Redis, *done: tuple[int, str, str, dict[str, Any]]) -> None:
    """Commands that took effect in the parent, as its child records them."""
    records = [
        orjson.dumps({"command_id": f"c{n}", "by": by, "command": command, "args": args, "tick": tick})
        for n, (tick, by, command, args) in enumerate(done)
    ]
    await redis.rpush(Channel.session("parent").applied, *records)  # type: ignore[misc]


async def forked(http: httpx2.AsyncClient, redis: Redis, **body: Any) -> tuple[dict[str, Any], SessionState]:
    """The session object of a fork, and what its child will find."""
    response = await http.post("/api/sessions/parent/fork", json=body)
    assert response.status_code == 201, response.text
    document: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/api/sessions/{document['id']}"
    state = await Sessions(redis).get(document["id"])
    assert state is not None
    return document, state


async def refused(http: httpx2.AsyncClient, body: dict[str, Any]) -> dict[str, str]:
    """The faults of a refused fork by their dotted places; nothing was created."""
    response = await http.post("/api/sessions/parent/fork", json=body)
    assert response.status_code == 422, response.text
    assert len((await http.get("/api/sessions")).json()["items"]) == 1
    return {".".join(map(str, fault["loc"])): fault["msg"] for fault in response.json()["errors"]}


async def script_of(redis: Redis, state: SessionState) -> list[dict[str, Any]]:
    """What was laid down for a session to do."""
    raw = await redis.get(Channel.session(state.id).script)
    return orjson.loads(raw) if raw else []


async def test_a_fork_is_a_queued_session_that_knows_its_parent(
    http: httpx2.AsyncClient, redis: Redis
) -> None:
    session, state = await forked(http, redis, at_tick=100)
    assert (session["status"], session["tick"], session["n_ticks"]) == ("queued", 0, 600)
    assert session["parent"] == {"id": "parent", "tick": 100}
    assert session["title"] == "Mine (fork at 10 s)"
    assert (session["scenario"], session["seed"], session["speed"]) == ("ieee13-ofo", 3, 20.0)
    assert (session["on_idle"], session["overrides"]) == ("pause", {"duration_s": 60})
    assert (state.record["config"], await script_of(redis, state)) == (CONFIG, [])
    assert await JobQueue(redis).position(session["id"], 1) == 1
    assert (await http.get(f"/api/sessions/{session['id']}")).json()["parent"] == session["parent"]
    [listed, _] = (await http.get("/api/sessions")).json()["items"]
    assert listed["parent"] == session["parent"]


async def test_the_script_repeats_what_touched_the_shared_ticks_and_then_the_forks_own_commands(
    http: httpx2.AsyncClient, redis: Redis
) -> None:
    taps, batch = {"regulators": {"reg1": 1.0}}, {"datacenter": "dc", "batch_size_by_model": {"m": 8}}
    await applied(
        redis,
        (0, "user:ada", "set_taps", taps),
        (7, "user:ada", "pause", {}),
        (7, "user:bob", "set_batch_size", batch),
        (7, "user:bob", "step", {"ticks": 2}),
        (9, "user:bob", "resume", {}),
        (9, "user:bob", "speed", {"x": "max"}),
        (9, "user:bob", "run_until", {"t_s": 5}),
        (49, "user:ada", "set_controller", {"name": "ofo", "enabled": False}),
        (50, "user:ada", "set_taps", taps),
        (100, "user:ada", "stop", {}),
    )
    _, state = await forked(http, redis, at_tick=50, commands=[{**TAPS, "id": "mine"}, {"command": "pause"}])
    script = await script_of(redis, state)
    named = script[-1].pop("command_id")
    assert script == [
        {"tick": 0, "by": "user:ada", "command": "set_taps", "args": taps, "command_id": "c0"},
        {"tick": 7, "by": "user:bob", "command": "set_batch_size", "args": batch, "command_id": "c2"},
        {
            "tick": 49,
            "by": "user:ada",
            "command": "set_controller",
            "args": {"name": "ofo", "enabled": False},
            "command_id": "c7",
        },
        {"tick": 50, "by": "user:local", **TAPS, "command_id": "mine"},
        {"tick": 50, "by": "user:local", "command": "pause", "args": {}},
    ]
    assert named


async def test_a_fork_may_change_its_duration_title_and_speed(http: httpx2.AsyncClient, redis: Redis) -> None:
    overrides = {"duration_s": 120, "title": "Longer", "speed": "max"}
    session, state = await forked(http, redis, at_tick=100, overrides=overrides)
    assert (session["title"], session["speed"], session["n_ticks"]) == ("Longer", "max", 1200)
    assert session["overrides"] == {"duration_s": 120}
    assert state.record["config"] == {**CONFIG, "duration_s": 120}
    assert state.n_ticks == 1200


async def test_the_configuration_is_the_stored_one_whatever_the_catalogue_says_today(
    http: httpx2.AsyncClient, redis: Redis
) -> None:
    stored = {**CONFIG, "v_min": 0.93}
    await remember(redis, config=stored, scenario="a-name-of-last-year")
    _, state = await forked(http, redis, at_tick=1)
    assert state.record["config"] == stored


async def test_a_long_title_is_cut_so_that_the_place_of_the_fork_stays(
    http: httpx2.AsyncClient, redis: Redis
) -> None:
    await remember(redis, title="x" * 200)
    session, _ = await forked(http, redis, at_tick=55)
    assert len(session["title"]) == 200
    assert session["title"].endswith("x (fork at 5.5 s)")


@pytest.mark.parametrize("at_tick", [0, 100])
async def test_both_ends_of_what_is_done_can_be_forked(
    http: httpx2.AsyncClient, redis: Redis, at_tick: int
) -> None:
    session, _ = await forked(http, redis, at_tick=at_tick, commands=[TAPS])
    assert session["parent"]["tick"] == at_tick


async def test_what_the_parent_has_not_done_cannot_be_forked(http: httpx2.AsyncClient) -> None:
    faults = await refused(http, {"at_tick": 101})
    assert faults == {"at_tick": "the parent has done 100 ticks, so allowed are 0 to 100, not 101"}


async def test_any_other_override_is_refused_with_those_that_are_allowed(http: httpx2.AsyncClient) -> None:
    overrides = {"seed": 4, "datacenters.0.bus": "671", "duration_s": 30}
    faults = await refused(http, {"at_tick": 5, "overrides": overrides})
    assert set(faults) == {"overrides.seed", "overrides.datacenters.0.bus"}
    assert all("duration_s, title and speed" in msg for msg in faults.values())


async def test_a_fork_is_not_shorter_than_what_it_shares(http: httpx2.AsyncClient, redis: Redis) -> None:
    faults = await refused(http, {"at_tick": 91, "overrides": {"duration_s": 9}})
    assert "allowed is 10 s or more" in faults["overrides.duration_s"]
    session, _ = await forked(http, redis, at_tick=90, overrides={"duration_s": 9})
    assert session["n_ticks"] == 90


async def test_commands_need_a_tick_to_take_effect_before(http: httpx2.AsyncClient, redis: Redis) -> None:
    await reach(redis, 600)
    faults = await refused(http, {"at_tick": 600, "commands": [TAPS]})
    assert "duration_s above 60" in faults["commands"]
    await forked(http, redis, at_tick=600)
    await forked(http, redis, at_tick=600, commands=[TAPS], overrides={"duration_s": 61})


async def test_command_ids_are_unique_also_over_what_is_shared(
    http: httpx2.AsyncClient, redis: Redis
) -> None:
    await applied(redis, (1, "user:ada", "set_taps", {}), (60, "user:ada", "set_taps", {}))
    faults = await refused(
        http, {"at_tick": 50, "commands": [{**TAPS, "id": name} for name in ("c0", "c1", "c1")]}
    )
    assert set(faults) == {"commands.0.id", "commands.2.id"}


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, "at_tick"),
        ({"at_tick": -1}, "at_tick"),
        ({"at_tick": 1.5}, "at_tick"),
        ({"at_tick": True}, "at_tick"),
        ({"at_tick": 1, "tick": 1}, "tick"),
        ({"at_tick": 1, "overrides": {"duration_s": 0}}, "overrides.duration_s"),
        ({"at_tick": 1, "overrides": {"duration_s": 10**12}}, "overrides.duration_s"),
        ({"at_tick": 1, "overrides": {"duration_s": "60"}}, "overrides.duration_s"),
        ({"at_tick": 1, "overrides": {"speed": 0}}, "overrides.speed"),
        ({"at_tick": 1, "overrides": {"title": "x" * 201}}, "overrides.title"),
        ({"at_tick": 1, "commands": {}}, "commands"),
        ({"at_tick": 1, "commands": [TAPS] * 101}, "commands"),
        ({"at_tick": 1, "commands": [{"command": "explode"}]}, "commands.0.command"),
        ({"at_tick": 1, "commands": [{"command": "stop", "id": "a b"}]}, "commands.0.id"),
        ({"at_tick": 1, "commands": [{"command": "stop", "tick": 7}]}, "commands.0.tick"),
    ],
)
async def test_a_wrong_field_is_named(http: httpx2.AsyncClient, body: dict[str, Any], loc: str) -> None:
    faults = await refused(http, body)
    assert any(place.startswith(loc) and msg for place, msg in faults.items()), faults


async def test_a_hundred_commands_are_taken(http: httpx2.AsyncClient, redis: Redis) -> None:
    _, state = await forked(http, redis, at_tick=1, commands=[TAPS] * 100)
    assert len({entry["command_id"] for entry in await script_of(redis, state)}) == 100


async def test_the_same_idempotency_key_forks_once(http: httpx2.AsyncClient, redis: Redis) -> None:
    async def ask(path: str = "parent", **body: Any) -> httpx2.Response:
        headers = {"Idempotency-Key": "k1"}
        return await http.post(f"/api/sessions/{path}/fork", json=body, headers=headers)

    first = await ask(at_tick=10, commands=[TAPS])
    assert first.status_code == 201
    await reach(redis, 200)
    again = await ask(at_tick=10, commands=[TAPS])
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await ask(at_tick=11, commands=[TAPS])).status_code == 409
    other, _ = await forked(http, redis, at_tick=0)
    assert (await ask(other["id"], at_tick=0)).status_code == 409


async def test_a_fork_outlives_its_parent(http: httpx2.AsyncClient, redis: Redis) -> None:
    session, _ = await forked(http, redis, at_tick=10)
    assert (await http.delete("/api/sessions/parent")).status_code == 204
    assert (await http.get(f"/api/sessions/{session['id']}")).json()["parent"]["id"] == "parent"
    assert (await http.post("/api/sessions/parent/fork", json={"at_tick": 0})).status_code == 404


async def test_a_foreign_page_may_not_fork(http: httpx2.AsyncClient) -> None:
    headers = {"Origin": "http://evil.example"}
    response = await http.post("/api/sessions/parent/fork", json={"at_tick": 0}, headers=headers)
    assert response.status_code == 403
