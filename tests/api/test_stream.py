"""`/api/ws/sessions/{id}`: order, resuming, formats, commands and close codes, over real sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from gridcast.api.inbound import MAX_BAD_IN_A_ROW
from gridcast.broadcaster import Settings
from tests.api.producer import Producer
from tests.api.serving import Api, receive, receive_all, receive_raw, receive_until, serving
from tests.waiting import seen, until

GOLDEN = Path(__file__).parents[1] / "golden"


def offsets(frames: list[dict[str, Any]]) -> list[int]:
    return [frame["offset"] for frame in frames if "offset" in frame]


async def test_hello_comes_first_and_is_the_golden_one(api: Api, producer: Producer) -> None:
    await producer.begin()
    await producer.ticks(2)
    async with api.watch() as viewer:
        hello = await receive(viewer)
    text = orjson.dumps(hello).decode().replace(hello["epoch"], "EPOCH").replace(str(api.port), "8000")
    assert orjson.loads(text) == orjson.loads((GOLDEN / "hello.json").read_bytes())


async def test_joining_late_gives_the_very_bytes_of_joining_early(api: Api, producer: Producer) -> None:
    await producer.create()
    async with api.watch() as early:
        await receive(early)
        await producer.take()
        await producer.ticks(20)
        seen = await receive_raw(early, 21)
        async with api.watch() as late:
            await receive(late)
            assert await receive_raw(late, 21) == seen
        page = await producer.channels.page(producer.channel, after=0)
        assert [frame.encode() for frame in seen] == [entry.data for entry in page]


async def test_who_returns_with_since_misses_and_repeats_nothing(api: Api, producer: Producer) -> None:
    await producer.begin()
    await producer.ticks(5)
    async with api.watch() as viewer:
        hello = await receive(viewer)
        last = (await receive_until(viewer, offset=6))["offset"]
    await producer.ticks(5)
    async with api.watch(f"?since={last}&epoch={hello['epoch']}") as viewer:
        await receive(viewer)
        await producer.ticks(1)
        assert [(await receive(viewer))["offset"] for _ in range(8)] == list(range(7, 15))


async def test_since_live_begins_now(api: Api, producer: Producer) -> None:
    await producer.begin()
    await producer.ticks(5)
    async with api.watch("?since=live") as viewer:
        assert (await receive(viewer))["head"] == 8
        await producer.ticks(1)
        assert (await receive(viewer))["offset"] == 9


@pytest.mark.parametrize(
    ("query", "reason"), [("?since=99", "ahead"), ("?since=3&epoch=other", "epoch"), ("?since=3", "trimmed")]
)
async def test_a_reset_says_why_and_goes_on_from_the_earliest(
    api: Api, producer: Producer, query: str, reason: str
) -> None:
    await producer.begin()
    await producer.ticks(3)
    await producer.trim(6)
    await producer.ticks(1)
    async with api.watch(query) as viewer:
        hello = await receive(viewer)
        reset = await receive(viewer)
        assert reset == {
            "type": "reset",
            "epoch": hello["epoch"],
            "earliest_offset": 6,
            "earliest_tick": 10,
            "reason": reason,
        }
        assert [(await receive(viewer))["offset"] for _ in range(2)] == [6, 7]


async def test_the_socket_closes_with_1000_after_the_last_status(api: Api, producer: Producer) -> None:
    await producer.begin()
    async with api.watch() as viewer:
        await receive(viewer)
        await producer.ticks(2)
        await producer.finish()
        frames, code = await receive_all(viewer)
        assert (offsets(frames), frames[-1]["status"], code) == ([1, 2, 3, 4, 5, 6], "completed", 1000)
    for query, left in (("", [1, 2, 3, 4, 5, 6]), ("?since=5", [6]), ("?since=6", []), ("?since=live", [])):
        async with api.watch(query) as viewer:
            assert (await receive(viewer))["type"] == "hello"
            frames, code = await receive_all(viewer)
            assert (offsets(frames), code) == (left, 1000)


async def test_full_format_has_one_frame_per_tick(api: Api, producer: Producer) -> None:
    await producer.create()
    async with api.watch("?format=full") as viewer:
        await receive(viewer)
        await producer.take()
        await producer.publish(
            {
                "type": "schema",
                "ts": 1.0,
                "bus_phases": [["671", p] for p in "abc"] + [["1", "a"], ["1", "b"]],
            }
        )
        await producer.ticks(2, each=3)
        await producer.finish()
        frames, code = await receive_all(viewer)
    assert [frame["type"] for frame in frames] == ["status", "schema", *["tick"] * 6, "status"]
    assert [(frame["tick"], frame["offset"]) for frame in frames[2:8]] == [
        (0, 3),
        (1, 3),
        (2, 3),
        (3, 4),
        (4, 4),
        (5, 4),
    ]
    assert frames[2]["grid_state"]["voltages"]["671"] == {"a": 1.0, "b": 0.99, "c": 0.98}
    assert code == 1000


@pytest.mark.parametrize("tick", [0, 3, 4, 5, 28, 49])
async def test_full_format_resumes_after_a_tick(api: Api, producer: Producer, tick: int) -> None:
    await producer.begin()
    await producer.ticks(5)
    await producer.status("paused")
    await producer.status("running")
    await producer.ticks(5)
    await producer.finish()
    async with api.watch(f"?format=full&since_tick={tick}") as viewer:
        frames, _ = await receive_all(viewer)
    assert [frame["tick"] for frame in frames if frame["type"] == "tick"] == list(range(tick + 1, 50))
    assert not [frame for frame in frames if frame["type"] == "reset"]


async def test_full_format_says_what_is_trimmed_or_not_there_yet(api: Api, producer: Producer) -> None:
    await producer.begin()
    await producer.ticks(5)
    await producer.trim(6)
    await producer.ticks(1)
    for tick, reason in ((3, "trimmed"), (77, "ahead")):
        async with api.watch(f"?format=full&since_tick={tick}") as viewer:
            await receive(viewer)
            assert (await receive(viewer))["reason"] == reason
            assert (await receive(viewer))["tick"] == 10


async def test_latest_mode_catches_up_with_the_newest_ticks_and_names_the_hole(
    api: Api, producer: Producer
) -> None:
    await producer.begin()
    await producer.ticks(400, padding=2000)
    await producer.status("paused")
    async with api.watch("?mode=latest") as viewer:
        await receive(viewer)
        frames = [await receive(viewer) for _ in range(6)]
        kinds = [frame["type"] for frame in frames]
        assert kinds == ["status", "schema", "status", "skipped", "ticks", "status"]
        assert frames[3] == {
            "type": "skipped",
            "from_offset": 4,
            "to_offset": 402,
            "from_tick": 0,
            "to_tick": 1994,
        }
        assert frames[4]["offset"] == 403
        await producer.ticks(1)
        assert (await receive(viewer))["offset"] == 405


async def test_a_command_is_answered_by_an_entry_that_all_see(api: Api, producer: Producer) -> None:
    await producer.begin()
    async with api.watch("?since=live") as one, api.watch("?since=live") as two:
        await receive(one)
        await receive(two)
        await one.send('{"type":"command","id":"c1","command":"pause","args":{}}')
        await until(lambda: api.services.stats.commands == 1)
        await producer.answer()
        answer = await receive(one)
        assert answer == await receive(two)
        assert (answer["type"], answer["command_id"], answer["by"], answer["status"]) == (
            "command", "c1", "user:local", "applied",
        )  # fmt: skip
        await one.send('{"type":"command","id":"c1","command":"pause","args":{}}')
        await one.send('{"type":"command","id":"c1","command":"resume"}')
        refusal = await receive(one)
        assert (refusal["type"], refusal["code"], refusal["command_id"]) == ("error", "id_reused", "c1")
        assert len(await producer.commands.read(producer.channel)) == 1


async def test_stop_of_a_queued_session_takes_effect_at_once(api: Api, producer: Producer) -> None:
    await producer.create()
    async with api.watch() as viewer:
        await receive(viewer)
        await viewer.send('{"type":"command","id":"p","command":"pause"}')
        await viewer.send('{"type":"command","id":"s","command":"stop"}')
        frames, code = await receive_all(viewer)
    told = [(frame["type"], frame.get("command_id"), frame["status"]) for frame in frames]
    assert told == [
        ("status", None, "queued"),
        ("command", "p", "rejected"),
        ("command", "s", "applied"),
        ("status", None, "stopped"),
    ]
    assert code == 1000


async def test_a_command_to_a_session_that_ended_is_told_so(api: Api, producer: Producer) -> None:
    await producer.begin()
    async with api.watch("?since=live") as viewer:
        await receive(viewer)
        # Ended in the broker, while its last status is still on the way to the viewer.
        await producer.channels.publish(
            producer.channel, token=1, expected=producer.head + 1, entries=[], meta={"ended": "9.0"}
        )
        await viewer.send('{"type":"command","id":"c","command":"stop"}')
        refusal = await receive(viewer)
        assert (refusal["code"], refusal["command_id"]) == ("ended", "c")


async def test_malformed_frames_are_answered_and_the_twentieth_in_a_row_closes(
    api: Api, producer: Producer
) -> None:
    await producer.begin()
    async with api.watch("?since=live") as viewer:
        await receive(viewer)
        for _ in range(MAX_BAD_IN_A_ROW - 1):
            await viewer.send("{")
            assert (await receive(viewer))["code"] == "bad_json"
        await viewer.send('{"type":"ping"}')
        assert (await receive(viewer))["type"] == "pong"
        for _ in range(MAX_BAD_IN_A_ROW):
            await viewer.send(b"\x00")
            assert (await receive(viewer))["code"] == "bad_frame"
        assert await receive_all(viewer) == ([], 1008)


@pytest.mark.parametrize("size", [65 << 10, 300 << 10])
async def test_a_frame_over_64_kib_closes_with_1009(api: Api, producer: Producer, size: int) -> None:
    await producer.begin()
    async with api.watch("?since=live") as viewer:
        await receive(viewer)
        await viewer.send("x" * size)
        frames, code = await receive_all(viewer)
        assert code == 1009
        assert [frame["code"] for frame in frames] == (["too_large"] if size < 128 << 10 else [])


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/ws/sessions/nobody", 4404),
        ("/api/ws/sessions/No_Such_Id", 4404),
        ("/api/ws/nothing", 4404),
        ("/api/ws/sessions/k3v9?since=-1", 1008),
        ("/api/ws/sessions/k3v9?since=soon", 1008),
        ("/api/ws/sessions/k3v9?format=xml", 1008),
        ("/api/ws/sessions/k3v9?mode=some", 1008),
        ("/api/ws/sessions/k3v9?offset=4", 1008),
        ("/api/ws/sessions/k3v9?since_tick=4", 1008),
    ],
)
async def test_refusals_accept_the_socket_first_so_that_the_code_is_seen(
    api: Api, producer: Producer, path: str, code: int
) -> None:
    await producer.begin()
    async with api.connect(path) as viewer:
        frames, seen = await receive_all(viewer)
    assert seen == code
    assert [frame["code"] for frame in frames] == (["bad_frame"] if code == 1008 else [])


async def test_pages_of_foreign_origins_are_refused_with_4403(
    api: Api, producer: Producer, caplog: pytest.LogCaptureFixture
) -> None:
    await producer.begin()
    with caplog.at_level("WARNING"):
        async with api.watch(origin="http://evil.example") as viewer:
            frames, code = await receive_all(viewer)
            assert ([frame["code"] for frame in frames], code) == (["forbidden"], 4403)
    assert caplog.records == []
    async with api.watch(origin=f"http://127.0.0.1:{api.port}") as viewer:
        assert (await receive(viewer))["type"] == "hello"


async def test_deleting_the_session_closes_with_4404(api: Api, producer: Producer) -> None:
    await producer.begin()
    async with api.watch("?since=live") as viewer:
        await receive(viewer)
        await producer.sessions.delete("k3v9")
        assert await receive_all(viewer) == ([], 4404)


async def test_compression_is_declined(api: Api, producer: Producer) -> None:
    await producer.begin()
    async with websockets.connect(f"ws://127.0.0.1:{api.port}/api/ws/sessions/k3v9") as viewer:
        assert viewer.request is not None
        assert "permessage-deflate" in viewer.request.headers["Sec-WebSocket-Extensions"]
        assert viewer.response is not None
        assert "Sec-WebSocket-Extensions" not in viewer.response.headers


async def test_shutting_down_closes_with_1012(settings: Settings, producer: Producer) -> None:
    await producer.begin()
    async with serving(settings) as api:
        viewer = await api.watch("?since=live")
        await receive(viewer)
    assert await receive_all(viewer) == ([], 1012)
    with pytest.raises(ConnectionClosed):
        await viewer.recv()


async def test_an_idle_viewer_hears_a_heartbeat(settings: Settings, producer: Producer) -> None:
    await producer.begin()
    async with (
        serving(settings.model_copy(update={"heartbeat_s": 0.2})) as api,
        api.watch("?since=live") as viewer,
    ):
        await receive(viewer)
        beat = await receive(viewer)
        assert (beat["type"], sorted(beat)) == ("heartbeat", ["ts", "type"])


async def test_viewers_are_counted_while_they_watch(api: Api, producer: Producer) -> None:
    await producer.begin()
    async with api.watch("?since=live") as one:
        assert (await receive(one))["session"]["viewers"] == 1
        async with api.watch("?since=live") as two:
            assert (await receive(two))["session"]["viewers"] == 2
    await until(lambda: len(api.services.audience) == 0, what="the leaving of both")
    await seen(lambda: api.services.presence.count(producer.channel), lambda count: count == 0)
    await until(lambda: api.services.hub.channels == {}, what="the end of the subscription")
