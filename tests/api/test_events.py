"""Server-Sent Events carry the same entries, resume by their ids, and end for good with a finished session."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx2
import orjson
import pytest

from gridcast.broadcaster import Settings
from tests.api.producer import Producer
from tests.api.serving import Api, serving
from tests.waiting import PATIENCE_S, until

PATH = "/api/sessions/k3v9/events"


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


def parsed(text: str) -> list[tuple[str, str]]:
    """(id, data) of each entry."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields and "event" not in fields:
            events.append((fields["id"], fields["data"]))
    return events


async def test_events_are_the_entries_and_end_with_the_session(
    api: Api, producer: Producer, http: httpx2.AsyncClient
) -> None:
    await producer.begin()
    reading = asyncio.create_task(http.get(PATH))
    await until(lambda: len(api.services.audience) == 1, what="the reader")
    await producer.ticks(3)
    await producer.finish()
    response = await reading
    assert response.headers["content-type"].startswith("text/event-stream")
    page = await producer.channels.page(producer.channel, after=0)
    state = await producer.sessions.get("k3v9")
    assert state is not None
    assert parsed(response.text) == [(f"{state.epoch}:{e.offset}", e.data.decode()) for e in page]


async def test_a_browser_that_comes_back_gets_the_rest_and_then_204(
    producer: Producer, http: httpx2.AsyncClient
) -> None:
    await producer.begin()
    await producer.ticks(3)
    await producer.finish()
    events = parsed((await http.get(PATH)).text)
    rest = await http.get(PATH, headers={"Last-Event-ID": events[3][0]})
    assert parsed(rest.text) == events[4:]
    assert (await http.get(PATH, headers={"Last-Event-ID": events[-1][0]})).status_code == 204
    assert (await http.get(f"{PATH}?since=7")).status_code == 204
    assert parsed((await http.get(f"{PATH}?since=5")).text) == events[5:]


async def test_an_id_of_another_life_gets_a_reset_from_which_it_can_go_on(
    producer: Producer, http: httpx2.AsyncClient
) -> None:
    await producer.begin()
    await producer.finish()
    events = parsed((await http.get(PATH, headers={"Last-Event-ID": "other:2"})).text)
    reset = orjson.loads(events[0][1])
    assert (reset["type"], reset["reason"], events[0][0]) == ("reset", "epoch", f"{reset['epoch']}:0")
    assert len(events) == 5


@pytest.mark.parametrize("event_id", ["7", "e:", "e:x", ":3", "e:-1", f"e:{'9' * 5000}"])
async def test_an_id_that_is_none_of_ours_is_refused(
    producer: Producer, http: httpx2.AsyncClient, event_id: str
) -> None:
    await producer.begin()
    assert (await http.get(PATH, headers={"Last-Event-ID": event_id})).status_code == 422


async def test_an_idle_stream_hears_heartbeats_and_ends_when_the_server_does(
    settings: Settings, producer: Producer
) -> None:
    await producer.begin()
    async with httpx2.AsyncClient(timeout=PATIENCE_S) as http:
        async with serving(settings.model_copy(update={"heartbeat_s": 0.1})) as api:
            context = http.stream("GET", f"{api.http}{PATH}?since=live")
            response = await context.__aenter__()
            lines = response.aiter_lines()
            for _ in range(2):  # the first one comes at once
                while await anext(lines) != "event: heartbeat":
                    pass
            assert len(api.services.audience) == 1
        rest = [line async for line in lines]
        assert not [line for line in rest if line.startswith("id")]
        await context.__aexit__(None, None, None)


async def test_a_reader_that_leaves_is_noticed(
    api: Api, producer: Producer, http: httpx2.AsyncClient
) -> None:
    await producer.begin()
    async with http.stream("GET", f"{PATH}?since=live"):
        await until(lambda: len(api.services.audience) == 1, what="the reader")
    await until(lambda: len(api.services.audience) == 0, what="the reader's leaving")
    assert api.services.hub.channels == {}


async def test_a_reader_that_takes_nothing_is_let_go_without_an_error_in_the_log(
    settings: Settings, producer: Producer, caplog: pytest.LogCaptureFixture
) -> None:
    await producer.begin()
    async with serving(settings.model_copy(update={"stall_s": 0.5})) as api:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
            deaf.connect(("127.0.0.1", api.port))
            deaf.sendall(b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % PATH.encode())
            await until(lambda: len(api.services.audience) == 1, what="the reader")
            for _ in range(200):  # more than the kernel takes for it
                await producer.ticks(1, padding=60_000)
            await until(lambda: len(api.services.audience) == 0, what="its end")
        assert api.services.stats.viewers_let_go == 1
        assert api.services.budget.waiting_bytes == 0
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
