"""Operations through `AsyncClient` and `Client`: typed, exactly once over broken connections, with their ends told."""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from gridcast.client import (
    AsyncClient,
    AsyncOperation,
    Characterization,
    Client,
    Heatmap,
    MissingLibrary,
    Operation,
    OperationFailed,
    Problem,
    Progress,
    Scan,
    StreamRefused,
    Unreachable,
)
from gridcast.client.found import result_of
from tests.cli.fake_service import serving
from tests.cli.operated_service import (
    CHARACTERIZATION,
    DIFFERENT,
    HEATMAP,
    PATH,
    SCAN,
    OperatedService,
    log_of,
)
from tests.cli.steered_service import in_a_thread

AXES: dict[str, Any] = {"param_x": PATH, "x_min": 0.1, "x_max": 0.3, "x_steps": 3}
AXES |= {"param_y": "source_pu", "y_min": 1.0, "y_max": 1.05, "y_steps": 2}


@pytest.fixture
async def service() -> AsyncIterator[OperatedService]:
    async with serving(OperatedService(log=log_of("characterize"))) as fake:
        assert isinstance(fake, OperatedService)
        yield fake


@pytest.fixture
async def client(service: OperatedService) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(service.url, give_up_s=30) as client:
        yield client


@pytest.fixture
def threaded() -> Iterator[OperatedService]:
    with in_a_thread(OperatedService()) as fake:
        yield fake


async def steps(operation: AsyncOperation[Any]) -> list[int]:
    return [progress.step async for progress in operation.progress()]


async def test_each_step_comes_once_and_in_order(client: AsyncClient) -> None:
    told = [progress async for progress in client.operation("op1").progress()]
    assert [progress.step for progress in told] == [0, 1, 2, 3, 4]
    assert told[1] == Progress(step=1, steps=4, pct=25, msg="P-V curve 1/4", eta_s=6.0, point={"part": "pv"})


async def test_broken_connections_leave_no_trace(service: OperatedService, client: AsyncClient) -> None:
    service.cuts = [2, 0, 1]
    assert await steps(client.operation("op1")) == [0, 1, 2, 3, 4]
    assert [query["since"] for query in service.queries] == ["0", "2", "2", "3"]
    assert {query.get("epoch") for query in service.queries[1:]} == {"e1"}


async def test_an_entry_that_was_skipped_is_read_again(service: OperatedService, client: AsyncClient) -> None:
    service.skip = 3
    assert await steps(client.operation("op1")) == [0, 1, 2, 3, 4]


async def test_leaving_the_loop_ends_nothing(service: OperatedService, client: AsyncClient) -> None:
    service.hold = True
    operation = client.operation("op1")
    async with aclosing(operation.progress()) as told:
        async for progress in told:
            if progress.step == 2:
                break
    assert service.cancelled == 0


async def test_what_a_newer_service_adds_is_left_out(service: OperatedService, client: AsyncClient) -> None:
    service.log[1]["invented"] = {"deep": 1}
    service.log.insert(2, {"type": "invented", "offset": 3, "ts": 1.0})
    for entry in service.log[3:]:
        entry["offset"] += 1
    assert await steps(client.operation("op1")) == [0, 1, 2, 3, 4]
    info = await client.operation("op1").refresh()
    assert (info.op, info.status, info.progress.pct, info.cached) == ("characterize", "completed", 100, 2)
    for document in (CHARACTERIZATION, HEATMAP, SCAN):
        assert result_of({**document, "invented": 1}) is not None


async def test_a_characterization_comes_typed(service: OperatedService, client: AsyncClient) -> None:
    operation = await client.characterize(
        "ieee13-ofo", params={"datacenters.0.bus": "671"}, seed=3, duration_s=60, pv_points=3, step=0.1
    )
    found = await operation.result(timeout_s=30)
    assert isinstance(found, Characterization)
    told = {"name": "ieee13-ofo", "params": {"datacenters.0.bus": "671"}, "seed": 3, "duration_s": 60}
    assert service.asked == [("characterize", {**told, "pv_points": 3, "step": 0.1})]
    assert found.hosting_limit is not None
    assert (found.hosting_limit.limited_by, found.v_min) == ("diverged", 0.95)
    assert [point.status for point in found.pv_curve] == ["done", "done", "diverged"]
    [source, step_size] = found.sensitivity
    assert (source.parameter, source.low.value, source.high.status) == ("source_pu", 1.03, "refused")
    assert step_size.high.metrics is not None


async def test_a_heatmap_comes_typed_and_its_cells_make_runs(client: AsyncClient) -> None:
    found = await (await client.heatmap("ieee13-ofo", **AXES)).result()
    assert isinstance(found, Heatmap)
    assert found.values.shape == (2, 3)
    assert math.isnan(found.values[1, 1])
    assert found.best is not None
    assert found.values[found.best.y, found.best.x] == found.best.value == 0.25
    assert [(cell.x, cell.y, cell.status) for cell in found.failures] == [(1, 1, "diverged")]
    assert found.overrides(found.best.x, found.best.y) == {
        "datacenters.0.bus": "671",
        "duration_s": 60,
        PATH: 0.2,
        "source_pu": 1.0,
    }


async def test_a_scan_comes_typed(service: OperatedService, client: AsyncClient) -> None:
    found = await (await client.scan(feeders=["ieee13"], scenarios=False)).result()
    assert isinstance(found, Scan)
    assert service.asked == [("scan", {"feeders": ["ieee13"], "scenarios": False})]
    assert [(site.bus, site.voltage_class) for site in found.sites][1:] == [
        ("675", "undervoltage"),
        ("844", "diverged"),
    ]
    assert found.sites[2].worst_vmin is None
    assert found.sites[0].session == {"scenario": "ieee13", "overrides": {}}
    assert found.counts["both"] == 1


async def test_a_run_is_verified(service: OperatedService, client: AsyncClient) -> None:
    operation = await client.run("abc").verify()
    assert await steps(operation) == [0, 1, 2, 3, 4]
    assert (await operation.result()).identical
    service.found = DIFFERENT
    different = await operation.result()
    assert (different.identical, different.replay_id) == (False, "def")
    assert service.asked == [("verify", {"session_id": "abc"})]


async def test_it_is_started_once_however_often_it_is_asked_for(
    service: OperatedService, client: AsyncClient
) -> None:
    service.busy = 2
    assert (await client.scan()).id == "op1"
    assert len(service.asked) == 1
    [key] = service.keys
    assert key


async def test_what_is_not_valid_names_its_fields(service: OperatedService, client: AsyncClient) -> None:
    wrong = {"loc": ["x_min"], "msg": "must be less than x_max"}
    service.refusal = (422, {"title": "not valid", "errors": [wrong]})
    with pytest.raises(Problem, match="x_min: must be less than x_max") as refused:
        await client.heatmap("ieee13", **AXES)
    assert [error.loc for error in refused.value.errors] == ["x_min"]


@pytest.mark.parametrize(("status", "said"), [("failed", "failed: why"), ("cancelled", "was cancelled: why")])
async def test_without_a_result_the_reason_is_told(
    service: OperatedService, client: AsyncClient, status: str, said: str
) -> None:
    service.status, service.reason = status, "why"
    with pytest.raises(OperationFailed, match=said) as failed:
        await client.operation("op1").result()
    assert failed.value.status == status


async def test_a_wait_may_be_too_short_and_ends_nothing(
    service: OperatedService, client: AsyncClient
) -> None:
    service.status, service.hold = "running", True
    with pytest.raises(TimeoutError):
        await client.operation("op1").result(timeout_s=0.05)
    assert service.cancelled == 0


async def test_it_can_be_cancelled_and_deleted(service: OperatedService, client: AsyncClient) -> None:
    operation = client.operation("op1")
    service.status = "running"
    assert (await operation.cancel()).status == "running"
    assert (await operation.refresh()).over
    await operation.delete()
    with pytest.raises(Problem, match="no such operation"):
        await operation.refresh()
    assert (service.cancelled, service.deleted) == (1, 1)


async def test_the_list_is_filtered_by_the_service(service: OperatedService, client: AsyncClient) -> None:
    listed = [info async for info in client.operations(op="scan", status="running")]
    assert [info.id for info in listed] == ["op1"]
    assert service.queries == [{"limit": "200", "op": "scan", "status": "running"}]


async def test_one_that_does_not_exist_is_refused(service: OperatedService, client: AsyncClient) -> None:
    service.close_code = 4404
    with pytest.raises(StreamRefused):
        await steps(client.operation("op1"))
    with pytest.raises(Problem, match="no such operation"):
        await client.operation("other").result()


async def test_a_service_that_stays_away_is_told() -> None:
    async with AsyncClient("http://127.0.0.1:9", give_up_s=0) as client:
        with pytest.raises(Unreachable):
            await client.operation("op1").result()
        with pytest.raises(Unreachable):
            await steps(client.operation("op1"))


def test_the_same_without_await(threaded: OperatedService) -> None:
    threaded.cuts = [2]
    with Client(threaded.url) as client:
        operation = client.heatmap("ieee13", **AXES)
        assert [progress.step for progress in operation.progress()] == [0, 1, 2, 3, 4]
        assert operation.result(timeout_s=30).metric == "integral_violation_pu_s"
        assert repr(operation) == f"<Operation op1 at {threaded.url}>"
        assert isinstance(client.characterize("ieee13").result(), Characterization)
        assert isinstance(client.scan().result(), Scan)
        [listed] = client.operations(status="completed")
        again = client.operation(listed.id)
        assert again.refresh() == listed
        assert again.cancel().status == "running"
        again.delete()
    assert threaded.deleted == 1


def test_sync_and_async_offer_the_same() -> None:
    def offered(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert offered(Operation) == offered(AsyncOperation)


def test_results_become_tables() -> None:
    pandas = pytest.importorskip("pandas")
    heatmap = result_of(HEATMAP)
    assert isinstance(heatmap, Heatmap)
    frame = heatmap.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert (frame.index.name, frame.columns.name, frame.attrs["unit"]) == ("source_pu", PATH, "pu s")
    assert frame.loc[1.0, 0.2] == 0.25
    characterization, scan = result_of(CHARACTERIZATION), result_of(SCAN)
    assert isinstance(characterization, Characterization)
    assert isinstance(scan, Scan)
    assert characterization.curve_table().loc[1.0, "worst_vmin"] == 0.96
    table = characterization.sensitivity_table("worst_vmin")
    assert list(table.loc["source_pu"])[:5] == [1.03, 1.05, 1.07, 0.94, 0.96]
    assert list(scan.to_pandas()["voltage_class"]) == ["within_band", "undervoltage", "diverged", "both"]


def test_tables_need_pandas_and_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    found = result_of(HEATMAP)
    assert isinstance(found, Heatmap)
    with pytest.raises(MissingLibrary, match=r"gridcast\[data\]"):
        found.to_pandas()


def test_a_result_of_a_newer_service_is_said_to_be_one() -> None:
    with pytest.raises(ValueError, match="newer service"):
        result_of({"op": "invented"})
