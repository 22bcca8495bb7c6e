"""Joining: the past, and then live from `next_offset`, without a gap or a repeat, whatever moves meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import orjson
import pytest

from gridcast.broadcaster import Channel, Reset, Settings
from tests.api.recorded import Recorder
from tests.api.serving import Api
from tests.recordings.made import SESSION, Made
from tests.waiting import PATIENCE_S
from tests.workers.lab import Lab, worker_process

JOINS = 200


async def join(
    api: Api, http: httpx2.AsyncClient, session_id: str, **query: Any
) -> tuple[dict[str, Any], list[int]]:
    """What history answers, and the next ticks that a subscription from there on brings (one entry's).

    None follow where the run is over, or where a reset says honestly that they were trimmed meanwhile.
    """
    response = await http.get(f"/api/sessions/{session_id}/ticks", params=query)
    assert response.status_code == 200, response.text
    answer = response.json()
    channel = Channel.session(session_id)
    async with (
        asyncio.timeout(PATIENCE_S),
        api.services.hub.subscribe(
            channel, since=answer["next_offset"], epoch=answer["epoch"]
        ) as subscription,
    ):
        while True:
            state = await api.services.sessions.get(session_id)
            if state is not None and state.over and subscription.offset >= state.head:
                return answer, []
            for entry in await subscription.next():
                if isinstance(entry, Reset):
                    assert entry.reason == "trimmed"
                    assert entry.earliest_tick is not None
                    assert entry.earliest_tick > answer["to"] + 1
                    return answer, []
                if entry.type == "ticks":
                    told = orjson.loads(entry.data)
                    return answer, list(range(told["first"], told["first"] + len(told["t_s"])))
                if entry.type == "summary":
                    return answer, []


@pytest.mark.slow
async def test_two_hundred_joins_in_the_very_moment_of_a_publish(api: Api, settings: Settings) -> None:
    """While ticks are published, recorded, listed and trimmed as fast as they can be."""
    run = Made(100_000)
    recorder = Recorder(settings, run)
    await recorder.begin()
    await recorder.go(30, each=3)
    enough = asyncio.Event()

    async def produce() -> None:
        recorded = 0
        while not enough.is_set():
            await recorder.go(9, each=3)
            if recorder.tick - recorded >= 120:
                await recorder.record(recorded, recorder.tick - 60)
                recorded = recorder.tick - 60
                await recorder.trim(max(1, recorder.head - 200))

    producing = asyncio.create_task(produce())
    first = joined = 0
    try:
        async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
            while joined < JOINS:
                answer, follows = await join(
                    api, http, SESSION, **{"from": first, "fields": "v.671,taps,events"}
                )
                last = answer["to"]
                assert answer["tick"] == list(range(first, last + 1))
                if follows:
                    assert follows[0] == last + 1, "no gap, no repeat"
                    joined += 1
                first = max(0, last - 150)
    finally:
        enough.set()
        await producing
        await recorder.aclose()
    assert len(recorder.chunks) >= 2


@pytest.mark.slow
async def test_joining_a_real_run_at_full_speed(api: Api, settings: Settings, tmp_path: Any) -> None:
    """A worker computes, records and trims; whoever joins has every tick from 0 on, once."""
    small = settings.model_copy(update={"log_bytes": 1 << 20, "recordings": str(settings.recordings_at)})
    lab = Lab(small, api.services.redis)
    with worker_process(small, tmp_path):
        channel = await lab.create("ieee13", duration_s=900)
        await lab.until(channel, lambda state: state.tick > 0)
        joins = 0
        async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as http:
            while not (await lab.state(channel)).over:
                answer, follows = await join(api, http, channel.id, fields="v.671.a,taps")
                assert answer["tick"] == list(range(answer["to"] + 1))
                assert answer["t_s"][-1] == round(answer["to"] * 0.1, 3)
                assert follows == [] or follows[0] == answer["to"] + 1
                joins += 1
            assert joins >= 3
            whole = (await http.get(f"/api/sessions/{channel.id}/ticks", params={"fields": "taps"})).json()
        assert whole["tick"] == list(range(9000))
        assert whole["next_offset"] == (await lab.state(channel)).head
