"""`/ws/progress`: one request, told how far it is, to its end; the socket's end is the operation's, unless detached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection

from gridcast.api.inbound import MAX_BAD_IN_A_ROW, MAX_FRAME_BYTES
from gridcast.broadcaster import Settings
from gridcast.broadcaster.names import UNFINISHED, listing_key
from gridcast.scenarios import catalogue
from tests.api.operating import HEATMAP, RESULT, Operator
from tests.api.serving import Api, receive, receive_all, receive_raw, receive_until, serving
from tests.valkey import ValkeyServer
from tests.waiting import seen, until

REQUEST: dict[str, Any] = {"op": "heatmap", "config": HEATMAP}


async def ask(viewer: ClientConnection, request: object = REQUEST, **more: object) -> None:
    body = {**request, **more} if isinstance(request, dict) else request
    await viewer.send(orjson.dumps(body).decode())


@asynccontextmanager
async def operated(settings: Settings, viewer: ClientConnection) -> AsyncIterator[tuple[Operator, str]]:
    """Whoever computes what this viewer has asked for, and the first frame, as it came."""
    [first] = await receive_raw(viewer, 1)
    operator = Operator(settings, orjson.loads(first)["operation_id"])
    yield operator, first
    await operator.redis.aclose()


async def test_one_that_asks_gets_the_channels_entries_as_they_are_to_the_last(
    api: Api, settings: Settings
) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer)
        async with operated(settings, viewer) as (operator, first):
            await operator.take()
            await operator.step(1, point={"part": "cell", "x": 0, "y": 0, "value": None, "status": "failed"})
            await operator.complete()
            told = [first, *await receive_raw(viewer, 3)]
            assert (await receive_all(viewer)) == ([], 1000)
            page = await operator.channels.page(operator.channel, after=0)
            assert [frame.encode() for frame in told] == [entry.data for entry in page]
            assert await operator.commands_so_far() == []
    entries = [orjson.loads(text) for text in told]
    assert (entries[0]["type"], entries[0]["step"], entries[0]["msg"]) == ("progress", 0, "queued")
    assert (entries[-1]["type"], entries[-1]["pct"], entries[-1]["result"]) == ("complete", 100, RESULT)


async def test_a_scan_needs_no_config(api: Api) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer, {"op": "scan"})
        assert (await receive(viewer))["steps"] == 91 + len(catalogue())


async def test_closing_the_socket_cancels(api: Api, settings: Settings) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer)
        async with operated(settings, viewer) as (operator, _):
            await operator.take()
            await viewer.close()
            assert await seen(operator.commands_so_far) == ["cancel"]


async def test_closing_the_socket_in_the_very_moment_of_asking_cancels_too(
    api: Api, settings: Settings
) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer)
    redis = api.services.redis
    [ident] = await seen(lambda: redis.zrange(listing_key("operation"), 0, -1))
    operator = Operator(settings, ident.decode())
    await seen(operator.state, lambda state: state.status == "cancelled")
    await operator.redis.aclose()


async def test_what_is_detached_goes_on_and_others_watch_it(api: Api, settings: Settings) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer, detach=True)
        async with operated(settings, viewer) as (operator, first):
            detached = orjson.loads(first)
            assert detached == {
                "type": "detached",
                "operation_id": operator.channel.id,
                "ws_url": f"ws://127.0.0.1:{api.port}/api/ws/operations/{operator.channel.id}",
                "url": f"{api.http}/operations/{operator.channel.id}",
            }
            [queued] = await receive_raw(viewer, 1)
            await viewer.close()
            await until(lambda: len(api.services.audience) == 0, what="the leaving")
            async with api.connect(f"/api/ws/operations/{operator.channel.id}") as other:
                await receive(other)
                assert await receive_raw(other, 1) == [queued]
                await operator.take()
                assert await operator.commands_so_far() == []
                await operator.complete()
                assert (await receive_all(other))[1] == 1000


async def test_a_cancel_frame_ends_it_with_an_error_that_says_so(api: Api, settings: Settings) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer, detach=True)
        async with operated(settings, viewer) as (operator, _):
            await operator.take()
            await ask(viewer, {"type": "cancel"})
            await seen(operator.commands_so_far)
            await ask(viewer, {"type": "cancel"})
            await operator.cancelled()
            entries, code = await receive_all(viewer)
    assert (entries[-1]["type"], entries[-1]["code"], code) == ("error", "cancelled", 1000)


async def test_a_cancel_frame_ends_one_that_waits_at_once(api: Api) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer)
        await receive(viewer)
        await ask(viewer, {"type": "cancel"})
        entries, code = await receive_all(viewer)
    assert ([entry["code"] for entry in entries], code) == (["cancelled"], 1000)


async def test_one_that_fails_says_why(api: Api, settings: Settings) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer)
        async with operated(settings, viewer) as (operator, _):
            await operator.take()
            await operator.fail("no worker can do it")
            entries, code = await receive_all(viewer)
    assert (entries[-1]["msg"], entries[-1]["code"], code) == ("no worker can do it", "failed", 1000)


@pytest.mark.parametrize(
    ("frame", "code", "fields"),
    [
        ("{", "bad_json", []),
        ("NaN", "bad_json", []),
        (b"{}", "bad_frame", []),
        ([], "bad_frame", []),
        ({}, "bad_frame", []),
        ({"config": HEATMAP}, "bad_frame", []),
        ({"op": 7}, "bad_frame", [["op"]]),
        ({**REQUEST, "config": []}, "bad_frame", [["config"]]),
        ({**REQUEST, "detach": "yes"}, "bad_frame", [["detach"]]),
        ({**REQUEST, "colour": "red"}, "bad_frame", [["colour"]]),
        ({"type": "cancel"}, "bad_frame", []),
        ({"type": ["cancel"]}, "bad_frame", [["op"], ["type"]]),
        ({"type": "cancel", "id": 1}, "bad_frame", [["id"]]),
        ({"op": "explode"}, "unknown_op", [["op"]]),
        ({"op": "heatmap", "config": {**HEATMAP, "x_min": 500}}, "bad_config", [["x_min"]]),
        ({"op": "heatmap", "config": {**HEATMAP, "param_x": "a.b"}}, "bad_config", [["param_x"]]),
        ({"op": "heatmap", "config": {**HEATMAP, "x_steps": 0}}, "bad_config", [["x_steps"]]),
        ({"op": "heatmap", "config": {**HEATMAP, "metric": "beauty"}}, "bad_config", [["metric"]]),
        (
            {"op": "characterize", "config": {"name": "ieee13", "params": {"no": 1}}},
            "bad_config",
            [["params", "no"]],
        ),
    ],
)
async def test_what_is_refused_is_named_and_the_socket_stays_for_another(
    api: Api, frame: object, code: str, fields: list[list[str]]
) -> None:
    async with api.connect("/ws/progress") as viewer:
        if isinstance(frame, str | bytes):
            await viewer.send(frame)
        else:
            await ask(viewer, frame)
        refused = await receive(viewer)
        assert (refused["type"], refused["code"]) == ("error", code)
        assert refused["msg"]
        assert [error["loc"] for error in refused.get("errors", [])] == fields
        assert not await api.services.redis.exists(listing_key("operation"), UNFINISHED)
        await ask(viewer)
        assert (await receive(viewer))["type"] == "progress"


async def test_a_socket_has_one_operation(api: Api, settings: Settings) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer)
        async with operated(settings, viewer) as (operator, _):
            await ask(viewer)
            assert (await receive_until(viewer, type="error"))["code"] == "bad_frame"
            assert await api.services.redis.zcard(listing_key("operation")) == 1
            await ask(viewer, {"type": "ping"})
            assert (await receive_until(viewer, type="pong"))["ts"] > 0
            await operator.take()
            await operator.complete()
            assert (await receive_all(viewer))[1] == 1000


async def test_frames_have_a_bound(api: Api) -> None:
    async with api.connect("/ws/progress") as viewer:
        await viewer.send(orjson.dumps("x" * (MAX_FRAME_BYTES - 2)).decode())
        assert (await receive(viewer))["code"] == "bad_frame"
        await viewer.send(orjson.dumps("x" * (MAX_FRAME_BYTES - 1)).decode())
        frames, code = await receive_all(viewer)
        assert ([frame["code"] for frame in frames], code) == (["too_large"], 1009)


async def test_endless_bad_frames_end_the_socket(api: Api) -> None:
    async with api.connect("/ws/progress") as viewer:
        for _ in range(MAX_BAD_IN_A_ROW):
            await viewer.send("{")
        frames, code = await receive_all(viewer)
    assert (len(frames), code) == (MAX_BAD_IN_A_ROW, 1008)


async def test_heartbeats_come_while_a_step_takes_long(settings: Settings) -> None:
    async with (
        serving(settings.model_copy(update={"heartbeat_s": 0.05})) as api,
        api.connect("/ws/progress") as viewer,
    ):
        await ask(viewer)
        beat = await receive_until(viewer, type="heartbeat")
        assert beat.keys() == {"type", "ts"}
        assert (await receive_until(viewer, type="heartbeat"))["ts"] >= beat["ts"]


async def test_pages_of_others_may_not(api: Api) -> None:
    async with api.connect("/ws/progress", origin="http://evil.example") as viewer:
        frames, code = await receive_all(viewer)
    assert (frames[0]["type"], frames[0]["code"], code) == ("error", "forbidden", 4403)
    assert "evil.example" in frames[0]["msg"]


async def test_viewers_of_a_deleted_one_are_told(api: Api, settings: Settings) -> None:
    async with api.connect("/ws/progress") as viewer:
        await ask(viewer)
        async with operated(settings, viewer) as (operator, _):
            await operator.analyses.delete(operator.channel)
            assert (await receive_all(viewer))[1] == 4404


async def test_a_server_that_goes_away_cancels_nothing(settings: Settings) -> None:
    async with serving(settings) as api:
        viewer = await api.connect("/ws/progress")
        await ask(viewer)
        first = await receive(viewer)
    await viewer.close()
    operator = Operator(settings, first["operation_id"])
    assert (await operator.state()).status == "queued"
    assert await operator.commands_so_far() == []
    await operator.redis.aclose()


async def test_without_a_broker_one_is_asked_to_try_again_on_the_same_socket(
    mortal_valkey: ValkeyServer, tmp_path: Path
) -> None:
    mortal = Settings(redis_url=mortal_valkey.url, dir=tmp_path)
    async with serving(mortal) as api, api.connect("/ws/progress") as viewer:
        mortal_valkey.kill()
        await ask(viewer)
        refused = await receive(viewer)
        assert (refused["type"], refused["code"]) == ("error", "unavailable")
        mortal_valkey.start()

        async def again() -> dict[str, Any]:
            await ask(viewer)
            return await receive(viewer)

        await seen(again, lambda frame: frame["type"] == "progress")
