"""An export is all of a run in float64, or no file at all."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gridcast.api import places, reading
from gridcast.api.desk import EXPORTS
from gridcast.broadcaster import Settings
from gridcast.recordings.reader import read_chunk
from tests.api.recorded import Recorder
from tests.api.serving import Api
from tests.recordings.made import SESSION, Made
from tests.waiting import PATIENCE_S, until

RUN = Made(1300)
FORMATS = ("csv", "parquet", "jsonl")


@pytest.fixture
async def recorder(settings: Settings) -> AsyncIterator[Recorder]:
    found = Recorder(settings, RUN)
    yield found
    await found.aclose()


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Places of other exports."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


async def export(http: httpx2.AsyncClient, form: str, status: int = 200) -> httpx2.Response:
    response = await http.get(f"/api/sessions/{SESSION}/export", params={"format": form})
    assert response.status_code == status, response.text
    return response


async def recorded(recorder: Recorder, *edges: int) -> None:
    await recorder.begin()
    await recorder.go(edges[-1], each=50)
    for first, after in pairwise(edges):
        await recorder.record(first, after)


def exact(numbers: Any, after: int) -> None:
    assert np.array_equal(np.array(numbers, dtype=np.float64), RUN.numbers[:after], equal_nan=True)


async def test_csv_has_units_in_its_one_header_line_and_every_bit(
    recorder: Recorder, http: httpx2.AsyncClient
) -> None:
    await recorded(recorder, 0, 600, 1300)
    response = await export(http, "csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == f'attachment; filename="gridcast-ieee13-{SESSION}.csv"'
    header, *lines = list(csv.reader(io.StringIO(response.text)))
    units = {"v.671.a [pu]", "dc.dc.p_w.c [W]", "dc.dc.batch.small.1 [requests]", "storage.battery.soc [1]"}
    assert units < set(header)
    assert header[:2] == ["tick", "t_s [s]"]
    assert header[-2:] == ["events", "controls"]
    assert [int(line[0]) for line in lines] == list(range(1300))
    exact([[float(cell or "nan") for cell in line[1:-2]] for line in lines], 1300)
    assert orjson.loads(lines[20][-1])[0]["args"] == {"n": 20}
    assert (lines[21][-2], lines[21][-1]) == ("", "")


async def test_parquet_is_one_file_with_a_row_group_for_each_chunk_and_what_explains_it(
    recorder: Recorder, http: httpx2.AsyncClient
) -> None:
    await recorded(recorder, 0, 600, 1300)
    response = await export(http, "parquet")
    file = pq.ParquetFile(pa.BufferReader(response.content))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [600, 700]
    table = file.read()
    assert table.column("tick").to_pylist() == list(range(1300))
    exact(np.stack([table.column(c.name).to_numpy() for c in RUN.columns], axis=1), 1300)
    assert table.schema.field("v.671.a").metadata == {b"unit": b"pu"}
    about = orjson.loads(table.schema.metadata[b"gridcast"])
    assert (about["first"], about["ticks"], about["digest"]) == (0, 1300, "d1300")
    assert (about["rounded_from"], about["schema"]["feeder"]) == (None, "ieee13")
    assert orjson.loads(table.column("events").to_pylist()[4])[0]["tick"] == 4


async def test_json_lines_begin_with_the_units_and_have_an_object_for_each_tick(
    recorder: Recorder, http: httpx2.AsyncClient
) -> None:
    await recorded(recorder, 0, 600, 1300)
    response = await export(http, "jsonl")
    header, *lines = [orjson.loads(line) for line in response.content.splitlines()]
    assert header["units"]["v.671.a"] == "pu"
    assert header["ticks"] == 1300
    assert [line["tick"] for line in lines] == list(range(1300))
    exact([[line[column.name] for column in RUN.columns] for line in lines], 1300)
    assert lines[20]["events"] == RUN.told(20, 20)["events"]
    assert "events" not in lines[21]


@pytest.mark.parametrize("form", FORMATS)
async def test_of_a_running_session_comes_what_is_done_and_it_says_what_is_rounded(
    recorder: Recorder, http: httpx2.AsyncClient, form: str
) -> None:
    await recorded(recorder, 0, 600)
    await recorder.go(100)
    response = await export(http, form)
    assert response.headers["gridcast-rounded-from"] == "600"
    if form == "jsonl":
        header, *lines = [orjson.loads(line) for line in response.content.splitlines()]
        assert (header["ticks"], header["rounded_from"]) == (700, 600)
        exact([[line[column.name] for column in RUN.columns] for line in lines[:600]], 600)
        assert lines[-2]["v.671.a"] == round(float(RUN.numbers[698, 1]), 5)
    elif form == "csv":
        assert len(response.text.splitlines()) == 701
    else:
        assert pq.ParquetFile(pa.BufferReader(response.content)).metadata.num_rows == 700


@pytest.mark.parametrize("form", FORMATS)
async def test_a_chunk_that_is_missing_or_broken_is_noticed_before_the_first_byte(
    recorder: Recorder, http: httpx2.AsyncClient, settings: Settings, form: str
) -> None:
    await recorded(recorder, 0, 600, 1300)
    await recorder.trim(recorder.head + 1)
    await recorder.finish()
    assert settings.recordings_at is not None
    file = Path(settings.recordings_at) / SESSION / recorder.chunks[1].name
    whole = file.read_bytes()
    for damaged in (whole[:-10], whole[:-200] + bytes(200), None):
        if damaged is None:
            file.unlink()
        else:
            file.write_bytes(damaged)
        problem = (await export(http, form, 410)).json()
        assert problem["available"] == [[0, 599]]
        assert "ticks 600 to 1299" in problem["detail"]
        assert "an export is all of a run; /api/sessions/k3v9/ticks has ranges" in problem["detail"]
    file.write_bytes(whole)
    await export(http, form)


@pytest.mark.parametrize("form", FORMATS)
async def test_a_file_that_vanishes_on_the_way_breaks_the_connection_off(
    recorder: Recorder, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    await recorded(recorder, 0, 600, 1300)
    await recorder.trim(recorder.head + 1)
    await recorder.finish()

    def vanishing(*args: Any, **options: Any) -> Any:
        recorder.store.delete(SESSION, recorder.chunks[1].name)
        return read_chunk(*args, **options)

    monkeypatch.setattr(reading, "read_chunk", vanishing)
    async with http.stream("GET", f"/api/sessions/{SESSION}/export", params={"format": form}) as response:
        assert response.status_code == 200
        with pytest.raises(httpx2.RemoteProtocolError):
            await response.aread()


async def test_exports_are_few_at_once_and_the_next_one_is_told_to_wait(
    recorder: Recorder, http: httpx2.AsyncClient, api: Api, monkeypatch: pytest.MonkeyPatch, held: ExitStack
) -> None:
    await recorded(recorder, 0, 600, 1300)
    let_go = threading.Event()

    def slow(*args: Any, **options: Any) -> Any:
        assert let_go.wait(PATIENCE_S)
        return read_chunk(*args, **options)

    monkeypatch.setattr(reading, "read_chunk", slow)
    desk = api.services.desk
    for _ in range(EXPORTS - 1):
        held.enter_context(desk.exports.one())
    async with http.stream("GET", f"/api/sessions/{SESSION}/export") as first:
        assert first.status_code == 200
        problem = await export(http, "csv", 429)
        assert "try again" in problem.json()["detail"]
        let_go.set()
        await first.aread()
    await export(http, "csv")


async def test_an_export_gives_its_place_to_the_next_where_its_client_is_slow(
    recorder: Recorder,
    http: httpx2.AsyncClient,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    held: ExitStack,
) -> None:
    await recorded(recorder, 0, 600, 1300)
    begun, let_go = threading.Event(), threading.Event()

    def slow(*args: Any, **options: Any) -> Any:
        begun.set()
        assert let_go.wait(PATIENCE_S)
        return read_chunk(*args, **options)

    monkeypatch.setattr(reading, "read_chunk", slow)
    desk = api.services.desk
    others = [held.enter_context(desk.exports.one()) for _ in range(EXPORTS - 1)]
    async with http.stream("GET", f"/api/sessions/{SESSION}/export") as first:
        await until(begun.is_set, what="the first chunk's turn")
        [its] = desk.exports.taken - set(others)
        its.took(0, places.PATIENCE_S)
        next_one = asyncio.create_task(export(http, "csv"))
        await until(its.lost.is_set, what="the next export")
        let_go.set()
        with pytest.raises(httpx2.RemoteProtocolError):
            await first.aread()
    assert len((await next_one).text.splitlines()) == 1301


async def test_what_cannot_be_exported_is_refused(recorder: Recorder, http: httpx2.AsyncClient) -> None:
    await recorder.create()
    assert "has done no tick" in (await export(http, "csv", 409)).json()["detail"]
    assert "'csv', 'parquet' or 'jsonl'" in (await export(http, "xlsx", 422)).json()["detail"]
    assert (await http.get("/api/sessions/nobody/export")).status_code == 404
