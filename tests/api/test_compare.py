"""Sessions side by side: what was asked for, what came out, and how it went."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import numpy as np
import orjson
import pytest

from gridcast.broadcaster import Settings
from tests.api.recorded import Recorder
from tests.api.serving import Api
from tests.goldens import golden
from tests.recordings.made import Made
from tests.waiting import PATIENCE_S

ONE = Made(100, session_id="one")
TWO = Made(60, seed=1, session_id="two")
SLOW = Made(20, seed=2, tick_s=0.5, session_id="slow")


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=api.http, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def runs(settings: Settings) -> AsyncIterator[None]:
    """`one` with 100 ticks of 0.1 s, `two` with 60, `slow` with 20 of 0.5 s; the first two have summaries."""
    configs: dict[str, Any] = {
        "one": {"seed": 0, "datacenters": [{"bus": "671", "models": []}], "duration_s": 10},
        "two": {"seed": 1, "datacenters": [{"bus": "680", "models": []}], "duration_s": 10},
        "slow": {"seed": 1, "datacenters": [{"bus": "671", "models": [], "x": None}], "duration_s": 10},
    }
    recorders = []
    for run in (ONE, TWO, SLOW):
        recorder = Recorder(settings, run)
        recorders.append(recorder)
        await recorder.begin(config=configs[run.session_id])
        await recorder.go(run.ticks)
        await recorder.record(0, run.ticks // 2)
        if run is not SLOW:
            metrics = {
                "violation_time_s": 2.5 if run is ONE else 1.0,
                "worst_vmin": None if run is ONE else 0.9,
            }
            told = {"type": "summary", "ts": 3.0, "metrics": metrics}
            await recorder.publish(told, meta={"summary": orjson.dumps(told)})
    yield
    for recorder in recorders:
        await recorder.aclose()


async def compare(http: httpx2.AsyncClient, status: int = 200, **query: Any) -> Any:
    response = await http.get("/api/compare", params=query)
    assert response.status_code == status, response.text
    return response.json()


@pytest.mark.usefixtures("runs")
async def test_only_parameters_that_differ_are_told(http: httpx2.AsyncClient) -> None:
    found = await compare(http, ids="one,two,slow")
    assert found["parameters"] == [
        {"path": "seed", "values": {"one": 0, "two": 1, "slow": 1}},
        {"path": "datacenters.0.bus", "values": {"one": "671", "two": "680", "slow": "671"}},
    ]
    assert [session["id"] for session in found["sessions"]] == ["one", "two", "slow"]
    assert "schema" not in found["sessions"][0]


@pytest.mark.usefixtures("runs")
async def test_summaries_differ_from_the_first_and_null_where_one_is_missing(
    http: httpx2.AsyncClient,
) -> None:
    found = await compare(http, ids="one,two,slow")
    assert found["summary"] == {
        "violation_time_s": {"one": 2.5, "two": 1.0, "slow": None},
        "worst_vmin": {"one": None, "two": 0.9, "slow": None},
    }
    assert found["differences"] == {
        "violation_time_s": {"one": 0.0, "two": -1.5, "slow": None},
        "worst_vmin": {"one": None, "two": None, "slow": None},
    }


@pytest.mark.usefixtures("runs")
async def test_series_have_one_axis_and_end_with_their_runs(http: httpx2.AsyncClient) -> None:
    found = (await compare(http, ids="one,two", fields="taps.creg1a"))["series"]
    assert found["t_s"] == [n / 10 for n in range(100)]
    for run in (ONE, TWO):
        series = found[run.session_id]
        assert set(series) == {"v_min", "v_max", "p_kw_total", "taps.creg1a"}
        # The later half comes rounded from the log; the taps are not rounded there.
        low = run.numbers[:, 1:4].min(axis=1)
        assert series["v_min"][: run.ticks] == [None if np.isnan(v) else round(float(v), 5) for v in low]
        taps = run.column("taps.creg1a")
        assert series["taps.creg1a"][: run.ticks] == [
            None if np.isnan(v) else round(float(v), 6) for v in taps
        ]
    assert found["two"]["v_max"][60:] == [None] * 40


@pytest.mark.usefixtures("runs")
async def test_few_points_keep_the_extreme_voltages_and_other_ticks_fit_in(http: httpx2.AsyncClient) -> None:
    found = await compare(http, ids="one,slow", max_points=4)
    assert found["step_s"] == 2.5
    assert found["series"]["t_s"] == [0, 2.5, 5, 7.5]
    for run, each in ((ONE, 25), (SLOW, 5)):
        voltages = run.numbers[:, 1:4]
        high = [round(float(np.nanmax(voltages[n : n + each])), 5) for n in range(0, run.ticks, each)]
        assert found["series"][run.session_id]["v_max"] == high


@pytest.mark.usefixtures("runs")
async def test_the_answer_is_the_golden_one(http: httpx2.AsyncClient) -> None:
    found = await compare(http, ids="one,two", max_points=2, fields="taps")
    known = golden("compare")
    assert set(found) == set(known)
    assert set(found["series"]["one"]) == set(known["series"]["one"])
    for part in ("parameters", "summary", "differences", "left_out", "step_s", "max_points", "series"):
        assert found[part] == known[part]


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"ids": "one"}, 422, "2 to 8 sessions can be compared, not 1"),
        ({"ids": ",".join(f"s{n}" for n in range(9))}, 422, "2 to 8 sessions can be compared, not 9"),
        ({"ids": "one,two,one"}, 422, "'one' is there more than once"),
        ({"ids": "one,nobody"}, 404, "there is no session nobody"),
        ({}, 422, "ids: Field required"),
        ({"ids": "one,two", "fields": "v.9"}, 422, "this run has no 'v.9'"),
        ({"ids": "one,two", "max_points": 0}, 422, "greater than or equal to 1"),
        ({"ids": "one,two", "max_points": 10_001}, 422, "less than or equal to 10000"),
    ],
)
@pytest.mark.usefixtures("runs")
async def test_what_cannot_be_compared_is_refused(
    http: httpx2.AsyncClient, query: dict[str, Any], status: int, says: str
) -> None:
    assert says in (await compare(http, status, **query))["detail"]


@pytest.mark.usefixtures("runs")
async def test_columns_that_not_all_have_are_left_out_and_named(
    http: httpx2.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As between two feeders: `other` has another regulator."""
    other = Made(10, session_id="other")
    recorder = Recorder(settings, other)
    await recorder.begin(config={})
    await recorder.go(10)
    told = (await http.get("/api/sessions/other")).json()["schema"]
    told = {**told, "regulators": ["creg1a"]}
    await recorder.publish({**told}, meta={"schema": orjson.dumps(told)})
    await recorder.aclose()
    found = await compare(http, ids="one,other", fields="taps")
    assert found["left_out"] == ["taps.creg1b"]
    assert set(found["series"]["one"]) == {"v_min", "v_max", "p_kw_total", "taps.creg1a"}


async def test_a_run_that_has_lost_ticks_is_compared_by_what_is_left_and_the_holes_are_named(
    http: httpx2.AsyncClient, settings: Settings
) -> None:
    recorder = Recorder(settings, ONE)
    await recorder.begin(config={})
    await recorder.go(ONE.ticks)
    chunks = [await recorder.record(first, first + 20) for first in range(0, 100, 20)]
    await recorder.trim(recorder.head + 1)
    told = {"type": "summary", "ts": 3.0, "metrics": {"worst_vmax": 1.04}}
    await recorder.publish(told, meta={"summary": orjson.dumps(told)})
    other = Recorder(settings, TWO)
    await other.begin(config={})
    await other.go(TWO.ticks)
    whole = await compare(http, ids="one,two")
    assert whole["missing"] == {}
    for lost in (0, 1, 3):
        recorder.store.delete("one", chunks[lost].name)
    found = await compare(http, ids="one,two")
    assert found["missing"] == {"one": [[0, 39], [60, 79]]}
    assert found["summary"] == {"worst_vmax": {"one": 1.04, "two": None}}
    for name, values in whole["series"]["one"].items():
        left = [None if n < 40 or 60 <= n < 80 else value for n, value in enumerate(values)]
        assert found["series"]["one"][name] == left
    assert found["series"]["two"] == whole["series"]["two"]
    for chunk in chunks:
        recorder.store.delete("one", chunk.name)
    found = await compare(http, ids="one,two")
    assert found["missing"] == {"one": [[0, 99]]}
    assert set(found["series"]["one"]["v_min"]) == {None}
    await recorder.aclose()
    await other.aclose()


async def test_a_hole_between_recording_and_log_takes_nothing_of_either_with_it(
    http: httpx2.AsyncClient, settings: Settings
) -> None:
    recorder, other = Recorder(settings, ONE), Recorder(settings, TWO)
    for run in (recorder, other):
        await run.begin(config={})
        await run.go(42)
    await recorder.record(0, 21)
    whole = (await compare(http, ids="one,two"))["series"]["one"]["v_min"]
    await recorder.trim(recorder.head_of(36))
    await recorder.go(7)
    found = await compare(http, ids="two,one")
    assert found["missing"] == {"one": [[21, 34]]}
    assert found["series"]["one"]["v_min"][:42] == whole[:21] + [None] * 14 + whole[35:]
    await recorder.aclose()
    await other.aclose()


async def test_a_session_without_ticks_is_named(http: httpx2.AsyncClient, settings: Settings) -> None:
    waiting = Recorder(settings, ONE)
    await waiting.create()
    await waiting.aclose()
    assert "session one is queued" in (await compare(http, 409, ids="one,two"))["detail"]
