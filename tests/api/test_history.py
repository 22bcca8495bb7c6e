"""The past of a run is one, wherever its ticks lie; what is not there is told, never left out in silence."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import orjson
import pytest

from gridcast.api import history, reading
from gridcast.api.columnar import Columnar
from gridcast.api.failures import PROBLEM_TYPE
from gridcast.api.fields import MAX_UNKNOWN
from gridcast.broadcaster import Settings
from gridcast.recordings.reader import read_chunk
from tests.api.recorded import Recorder
from tests.api.serving import Api
from tests.goldens import golden
from tests.recordings.made import SESSION, Made
from tests.waiting import PATIENCE_S, until

RUN = Made(200)
PARTS = ("t_s", "v", "dc", "taps", "storage", "events", "controls")


@pytest.fixture
async def recorder(settings: Settings) -> AsyncIterator[Recorder]:
    found = Recorder(settings, RUN)
    yield found
    await found.aclose()


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


async def get(http: httpx2.AsyncClient, session_id: Any = SESSION, **query: Any) -> Any:
    """The answer, which must be one."""
    response = await http.get(f"/api/sessions/{session_id}/ticks", params={**query})
    assert response.status_code == 200, response.text
    return response.json()


async def refused(http: httpx2.AsyncClient, status: int, session_id: Any = SESSION, **query: Any) -> Any:
    """The problem document, which must have this status."""
    response = await http.get(f"/api/sessions/{session_id}/ticks", params={**query})
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM_TYPE), response.text
    return response.json()


def same_as_live(answer: dict[str, Any], first: int, last: int) -> None:
    """The answer says of ticks `first` to `last` what a `ticks` entry would say, to the last digit."""
    told = RUN.told(first, last)
    assert answer["tick"] == list(range(first, last + 1))
    for part in PARTS:
        assert orjson.dumps(answer[part]) == orjson.dumps(told[part]), part
    assert (answer["from"], answer["to"], answer["n_ticks_in_range"]) == (first, last, last - first + 1)


CUTS = {
    "all in the log": [],
    "all recorded": [(0, 70), (70, 140), (140, 200)],
    "the rest in the log": [(0, 70), (70, 98)],
    "a chunk that ends within an entry": [(0, 70), (70, 101)],
    "a hole that the log fills": [(0, 35), (98, 140)],
    "listed out of order": [(70, 140), (0, 70)],
}


@pytest.mark.parametrize("chunks", CUTS.values(), ids=CUTS)
async def test_every_tick_is_as_it_was_seen_live(
    recorder: Recorder, http: httpx2.AsyncClient, chunks: list[tuple[int, int]]
) -> None:
    await recorder.begin()
    await recorder.go(200)
    for first, after in chunks:
        await recorder.record(first, after)
    same_as_live(await get(http), 0, 199)
    for first, last in ((0, 0), (69, 70), (97, 102), (139, 141), (33, 160), (199, 199)):
        same_as_live(await get(http, **{"from": first, "to": last}), first, last)


async def test_ticks_that_were_trimmed_come_from_the_recording(
    recorder: Recorder, http: httpx2.AsyncClient
) -> None:
    await recorder.begin()
    await recorder.go(140)
    await recorder.record(0, 105)
    await recorder.trim(recorder.head_of(106))
    await recorder.go(60)
    same_as_live(await get(http), 0, 199)


async def test_fields_choose_columns_by_name_or_beginning(
    recorder: Recorder, http: httpx2.AsyncClient
) -> None:
    await recorder.begin()
    await recorder.go(20)
    await recorder.record(0, 14)
    told = RUN.told(0, 19)
    scalars = {"session_id", "epoch", "from", "to", "n_ticks_in_range", "next_offset", "tick", "t_s"}

    # A label may hold dots: `small.1` is another model than `small`.
    answer = await get(http, fields="v.671, dc.dc.batch.small,events")
    assert set(answer) - scalars == {"bus_phases", "v", "dc", "events"}
    assert answer["bus_phases"] == [["671", "a"], ["671", "b"]]
    assert answer["v"] == [row and row[:2] for row in told["v"]]
    assert answer["dc"] == {"dc": {"batch": {"small": told["dc"]["dc"]["batch"]["small"]}}}
    assert answer["events"] == told["events"]

    answer = await get(http, fields="dc.dc.replicas.small.1,taps.creg1b,dc.dc.p_w.b,storage.battery.soc")
    assert answer["dc"]["dc"]["replicas"] == {"small.1": told["dc"]["dc"]["replicas"]["small.1"]}
    assert answer["dc"]["dc"]["p_w"] == told["dc"]["dc"]["p_w"]
    assert answer["taps"] == {"creg1b": told["taps"]["creg1b"]}
    assert answer["storage"] == {"battery": {"soc": told["storage"]["battery"]["soc"]}}
    assert set(await get(http, fields="t_s")) == scalars


async def test_the_answer_is_the_golden_one(recorder: Recorder, http: httpx2.AsyncClient) -> None:
    await recorder.begin()
    await recorder.go(24)
    await recorder.record(0, 14)
    answer = await get(http, max_points=1)
    known = golden("history")
    assert {**answer, "epoch": known["epoch"]} == known


async def test_few_points_keep_the_extremes_and_everything_that_happened(
    recorder: Recorder, http: httpx2.AsyncClient
) -> None:
    await recorder.begin()
    await recorder.go(200)
    await recorder.record(0, 84)
    answer = await get(http, max_points=10)
    ticks = answer["tick"]
    assert len(ticks) <= 40
    assert (ticks[0], ticks[-1]) == (0, 199)
    told = RUN.told(0, 199)
    assert answer["v"] == [told["v"][tick] for tick in ticks]
    assert answer["t_s"] == [told["t_s"][tick] for tick in ticks]
    assert answer["taps"]["creg1a"] == [told["taps"]["creg1a"][tick] for tick in ticks]
    for column in (1, 2, 3):
        assert int(np.nanargmin(RUN.numbers[:, 1:4].min(axis=1))) in ticks
        assert int(np.nanargmax(RUN.numbers[:, column])) in ticks
    assert answer["events"] == told["events"]
    assert answer["controls"] == told["controls"]
    assert "events_left_out" not in answer


async def test_what_happened_is_bounded_where_it_is_down_sampled_and_the_bound_is_told(
    recorder: Recorder, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorder.begin()
    await recorder.go(200)
    told = RUN.told(0, 199)
    size = sum(len(orjson.dumps([one])) for one in told["events"])
    monkeypatch.setattr(history, "MAX_TEXT_BYTES", size)
    whole = await get(http, max_points=5, fields="events")
    assert (len(whole["events"]), whole.get("events_left_out")) == (50, None)
    monkeypatch.setattr(history, "MAX_TEXT_BYTES", size - 1)
    part = await get(http, max_points=5, fields="events")
    assert (part["events"], part["events_left_out"]) == (told["events"][1:], 1)
    assert (await get(http, fields="events"))["events"] == told["events"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"from": 20}, "from: session k3v9 has done ticks 0 to 19 so far, so tick 20 is not there"),
        ({"to": 20}, "to: session k3v9 has done ticks 0 to 19 so far, so tick 20 is not there"),
        ({"from": 9, "to": 8}, "from: 9 comes after to=8; both ends are in the answer"),
        ({"from": -1}, "from: Input should be greater than or equal to 0"),
        ({"from": "1.5"}, "from: Input should be a valid integer"),
        ({"to": "all"}, "to: Input should be a valid integer"),
        ({"max_points": 0}, "max_points: Input should be greater than or equal to 1"),
        ({"max_points": 100_001}, "max_points: Input should be less than or equal to 100000"),
        ({"points": 5}, "points: there is no such parameter"),
        ({"fields": "v.672"}, "no 'v.672'; allowed are its columns and their beginnings at a dot, such as v.671"),
        ({"fields": "v,"}, "this run has no ''"),
        ({"fields": "power"}, "such as dc.dc, storage, t_s, taps, v, events, controls"),
        ({"fields": "v.6"}, "this run has no 'v.6'"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_with_what_is_there(
    recorder: Recorder, http: httpx2.AsyncClient, query: dict[str, Any], says: str
) -> None:
    await recorder.begin()
    await recorder.go(20)
    problem = await refused(http, 422, **query)
    assert says in problem["detail"]
    assert problem["errors"][0]["loc"] == [next(iter(query)) if "9" not in str(query) else "from"]


async def test_the_ends_of_what_is_allowed_are_allowed(recorder: Recorder, http: httpx2.AsyncClient) -> None:
    await recorder.begin()
    await recorder.go(20)
    same_as_live(await get(http, **{"from": 0, "to": 19, "max_points": 100_000}), 0, 19)
    assert len((await get(http, max_points=1))["tick"]) <= 4


async def test_an_answer_too_large_to_be_useful_is_refused_with_advice(
    recorder: Recorder, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorder.begin()
    await recorder.go(60)
    monkeypatch.setattr(history, "MAX_BYTES", 60 * 21 * 8)
    assert len((await get(http))["tick"]) == 60
    monkeypatch.setattr(history, "MAX_BYTES", 60 * 21 * 8 - 1)
    problem = await refused(http, 422)
    assert "60 ticks of 20 columns" in problem["detail"]
    assert "max_points" in problem["detail"]
    assert "export" in problem["detail"]
    assert len((await get(http, max_points=10))["tick"]) <= 40
    assert len((await get(http, to=58))["tick"]) == 59


async def test_more_events_than_an_answer_may_have_are_refused_with_advice(
    recorder: Recorder, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorder.begin()
    await recorder.go(200)
    size = sum(len(orjson.dumps([one])) for one in RUN.told(0, 199)["events"])
    monkeypatch.setattr(history, "MAX_BYTES", size)
    assert len((await get(http, fields="events"))["events"]) == 50
    monkeypatch.setattr(history, "MAX_BYTES", size - 1)
    problem = await refused(http, 422, fields="events")
    assert "give max_points, which leaves out the oldest" in problem["detail"]
    await get(http, fields="events", max_points=50)


async def test_a_refusal_names_a_few_of_many_unknown_fields(
    recorder: Recorder, http: httpx2.AsyncClient
) -> None:
    await recorder.begin()
    await recorder.go(1)
    problem = await refused(http, 422, fields=",".join(f"x{n}" for n in range(2000)))
    assert [fault["msg"].split(";")[0] for fault in problem["errors"]] == [
        f"this run has no 'x{n}'" for n in range(MAX_UNKNOWN)
    ]
    assert (await get(http, fields=",".join(["v.671"] * 2500)))["bus_phases"] == [["671", "a"], ["671", "b"]]


async def test_a_session_that_never_started_says_so(recorder: Recorder, http: httpx2.AsyncClient) -> None:
    await recorder.create()
    problem = await refused(http, 409)
    assert "is queued and has done no tick" in problem["detail"]
    await refused(http, 404, session_id="nobody")


async def test_a_chunk_removed_by_hand_is_told_and_what_is_advised_works(
    recorder: Recorder, http: httpx2.AsyncClient
) -> None:
    await recorder.begin()
    await recorder.go(140)
    chunks = [await recorder.record(first, first + 35) for first in range(0, 140, 35)]
    await recorder.trim(recorder.head + 1)
    await recorder.finish()
    recorder.store.delete(SESSION, chunks[1].name)
    problem = await refused(http, 410)
    assert problem["available"] == [[0, 34], [70, 139]]
    assert "ticks 35 to 69 of session k3v9 are not there any more" in problem["detail"]
    assert "there are ticks 0 to 34, 70 to 139" in problem["detail"]
    assert "from=70&to=139" in problem["detail"]
    same_as_live(await get(http, **{"from": 70, "to": 139}), 70, 139)
    same_as_live(await get(http, **{"from": 0, "to": 34}), 0, 34)
    await refused(http, 410, **{"from": 34, "to": 35})


async def test_the_log_stands_in_for_a_broken_chunk_as_far_as_it_goes(
    recorder: Recorder, http: httpx2.AsyncClient, settings: Settings
) -> None:
    await recorder.begin()
    await recorder.go(140)
    await recorder.record(0, 70)
    broken = await recorder.record(70, 140)
    await recorder.trim(recorder.head_of(85))
    await recorder.go(7)
    assert settings.recordings_at is not None
    file = Path(settings.recordings_at) / SESSION / broken.name
    data = bytearray(file.read_bytes())
    data[4:600] = bytes(596)
    file.write_bytes(data)  # as long as before: only who reads its numbers can know
    problem = await refused(http, 410)
    assert problem["available"] == [[0, 69], [84, 146]]
    assert "ticks 70 to 83 " in problem["detail"]
    same_as_live(await get(http, **{"from": 84}), 84, 146)
    same_as_live(await get(http, to=69), 0, 69)


async def test_without_a_recording_what_the_log_lost_is_told(
    recorder: Recorder, http: httpx2.AsyncClient
) -> None:
    await recorder.begin()
    await recorder.go(70)
    await recorder.trim(recorder.head_of(36))
    await recorder.go(7)
    problem = await refused(http, 410)
    assert problem["available"] == [[35, 76]]
    same_as_live(await get(http, **{"from": 35}), 35, 76)
    await refused(http, 410, **{"from": 34})
    for first, last in ((0, 0), (0, 33), (5, 34), (34, 34)):
        problem = await refused(http, 410, **{"from": first, "to": last})
        assert problem["available"] == [[35, 76]]


async def test_next_offset_is_where_the_rest_begins(recorder: Recorder, http: httpx2.AsyncClient) -> None:
    await recorder.begin()
    await recorder.go(70)
    await recorder.record(0, 35)
    assert (await get(http))["next_offset"] == recorder.head
    # Ticks 14 to 20 stand in one entry: it comes again where the answer ended within it.
    entry = recorder.head_of(21)
    assert (await get(http, to=20))["next_offset"] == entry
    assert (await get(http, to=19))["next_offset"] == entry - 1
    assert (await get(http, to=13))["next_offset"] == entry - 1
    await recorder.trim(entry + 1)
    await recorder.go(7)
    assert (await get(http, to=20))["next_offset"] == entry
    assert (await get(http, to=19))["next_offset"] is None


async def test_the_loop_goes_on_while_the_past_is_read_and_a_client_that_left_is_not_served(
    recorder: Recorder, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorder.begin()
    await recorder.go(140)
    for first in range(0, 140, 35):
        await recorder.record(first, first + 35)
    asked, let_go, reads = threading.Event(), threading.Event(), []

    def slow(*args: Any, **options: Any) -> Any:
        reads.append(options["first"])
        asked.set()
        assert let_go.wait(PATIENCE_S)
        return read_chunk(*args, **options)

    monkeypatch.setattr(reading, "read_chunk", slow)
    request = asyncio.create_task(http.get(f"/api/sessions/{SESSION}/ticks"))
    await until(asked.is_set, what="the first chunk's turn")
    assert (await http.get("/healthz")).status_code == 200
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    async with httpx2.AsyncClient(base_url=str(http.base_url), timeout=PATIENCE_S) as other:
        await other.get("/healthz")
        let_go.set()
        monkeypatch.setattr(reading, "read_chunk", read_chunk)
        same_as_live(await get(other), 0, 139)
    assert reads == [0]


async def test_the_next_chunk_is_read_while_the_last_one_is_sifted(
    recorder: Recorder, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorder.begin()
    await recorder.go(140)
    for first in range(0, 140, 35):
        await recorder.record(first, first + 35)
    reads: list[int] = []
    second = threading.Event()
    add = Columnar.add

    def noted(*args: Any, **options: Any) -> Any:
        reads.append(options["first"])
        if len(reads) == 2:
            second.set()
        return read_chunk(*args, **options)

    def patient(columns: Columnar, found: Any) -> None:
        assert second.wait(PATIENCE_S), "the second chunk's turn"
        add(columns, found)

    monkeypatch.setattr(reading, "read_chunk", noted)
    monkeypatch.setattr(Columnar, "add", patient)
    same_as_live(await get(http), 0, 139)
    assert reads == [0, 35, 70, 105]


async def test_what_is_trimmed_while_it_is_read_comes_from_its_new_chunk(
    recorder: Recorder, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ticks 70 to 139 are in the log when the request comes, and recorded and trimmed before they are read."""
    await recorder.begin()
    await recorder.go(140)
    await recorder.record(0, 70)
    moved = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def move() -> None:
        await recorder.record(70, 140)
        await recorder.trim(recorder.head_of(140))
        await recorder.go(7)
        moved.set()

    def moving(*args: Any, **options: Any) -> Any:
        if not moved.is_set():
            asyncio.run_coroutine_threadsafe(move(), loop).result(PATIENCE_S)
        return read_chunk(*args, **options)

    monkeypatch.setattr(reading, "read_chunk", moving)
    same_as_live(await get(http), 0, 139)
    assert moved.is_set()
