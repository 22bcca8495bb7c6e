"""`AsyncRun` against a scripted service: ticks whole and in order, wherever they have to be read from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from gridcast.client import AsyncClient, AsyncRun, Problem, RunFailed, StreamRefused, Unreachable, fill
from gridcast.client.sequel import Item
from tests.cli.fake_service import serving
from tests.client.scripted import (
    N_TICKS,
    SCHEMA,
    SUMMARY,
    Scripted,
    numbered,
    reset,
    status,
    ticks,
    whole,
)
from tests.client.test_sequel import brief, tick_numbers
from tests.waiting import until


@pytest.fixture
async def service() -> AsyncIterator[Scripted]:
    async with serving(Scripted()) as scripted:
        assert isinstance(scripted, Scripted)
        yield scripted


@pytest.fixture
async def run(service: Scripted) -> AsyncIterator[AsyncRun]:
    async with AsyncClient(service.url) as client:
        yield client.run("abc")


async def read(run: AsyncRun, **options: Any) -> list[Item]:
    return [item async for item in run.stream(**options)]


def trimmed(service: Scripted) -> None:
    """The log begins with tick 8; the schema and all before it were trimmed."""
    service.log = [reset(6), *whole()[5:]]


async def test_the_whole_run_comes_typed_and_ends(run: AsyncRun) -> None:
    items = await read(run)
    assert tick_numbers(items) == list(range(N_TICKS))
    assert brief(items)[-2:] == ["Summary", "completed"]


async def test_broken_connections_leave_no_trace(service: Scripted, run: AsyncRun) -> None:
    service.cuts = [4, 0, 1, 1]
    items = await read(run)
    assert tick_numbers(items) == list(range(N_TICKS))
    assert len(service.queries) == 5


async def test_what_the_log_does_not_hold_comes_from_the_history(service: Scripted, run: AsyncRun) -> None:
    trimmed(service)
    items = await read(run)
    assert brief(items) == [(0, 7), (8, 11), "Summary", "completed"]
    assert service.histories == [{"from": "0", "to": "7"}]


async def test_a_long_gap_is_read_page_by_page(
    service: Scripted, run: AsyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, "PAGE_TICKS", 3)
    trimmed(service)
    items = await read(run)
    assert tick_numbers(items) == list(range(N_TICKS))
    assert [asked["from"] for asked in service.histories] == ["0", "3", "6"]


@pytest.mark.parametrize(("first", "last"), [(3, 4), (0, 0), (7, 7), (0, 7), (1, 6)])
@pytest.mark.parametrize("page_ticks", [2, 3000])
async def test_a_gap_is_what_the_history_has_not_got_either_and_no_tick_more(
    service: Scripted, run: AsyncRun, monkeypatch: pytest.MonkeyPatch, page_ticks: int, first: int, last: int
) -> None:
    monkeypatch.setattr(fill, "PAGE_TICKS", page_ticks)
    trimmed(service)
    service.lost = (first, last)
    items = await read(run)
    assert ("gap", first, last, "trimmed") in brief(items)
    assert tick_numbers(items) == [tick for tick in range(N_TICKS) if not first <= tick <= last]
    [gap] = [item for item in items if type(item).__name__ == "Gap"]
    assert f"ticks {first} to {last} are not there any more" in str(gap)


async def test_gaps_are_only_told_where_that_is_wanted(service: Scripted, run: AsyncRun) -> None:
    trimmed(service)
    items = await read(run, fill_gaps=False)
    assert brief(items) == [("gap", 0, 7, "trimmed"), (8, 11), "Summary", "completed"]
    assert service.histories == []


async def test_a_history_that_is_busy_is_asked_again(
    service: Scripted, run: AsyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridcast.client.patience.LONGEST_WAIT_S", 0.0)
    trimmed(service)
    service.busy = 2
    assert tick_numbers(await read(run)) == list(range(N_TICKS))
    assert len(service.histories) == 3


async def test_from_now_on_means_from_the_next_tick(service: Scripted, run: AsyncRun) -> None:
    service.session = {"head": 4, "tick": 3}
    items = await read(run, since="now")
    assert brief(items)[0] == (3, 7)
    assert service.queries == [{"since": "4", "epoch": "e1"}]


async def test_a_stream_goes_on_where_a_piece_of_history_ends(service: Scripted, run: AsyncRun) -> None:
    past = await run.history(to_tick=9)
    items = await read(run, since=past)
    assert past.ticks.last == 9
    assert service.queries == [{"since": "5", "epoch": "e1"}]
    assert tick_numbers(items) == [10, 11]


async def test_history_of_many_ticks_is_read_page_by_page(
    service: Scripted, run: AsyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridcast.client.run.PAGE_TICKS", 5)
    past = await run.history()
    assert past.ticks.tick.tolist() == list(range(N_TICKS))
    assert past.n_ticks_in_range == N_TICKS
    assert [event.tick for event in past.events] == list(range(N_TICKS))
    assert service.histories == [{"from": "0", "to": "4"}, {"from": "5", "to": "9"}, {"from": "10"}]


async def test_a_down_sampled_history_is_one_question(service: Scripted, run: AsyncRun) -> None:
    past = await run.history(from_tick=2, max_points=100, fields=["v.671", "controls"])
    assert service.histories == [{"from": "2", "max_points": "100", "fields": "v.671,controls"}]
    assert past.to_pandas().columns.tolist() == ["t_s", "v.671.a", "v.671.b"]
    assert past.events == ()
    assert len(past.controls) == 10


async def test_ticks_that_are_gone_are_a_problem(service: Scripted, run: AsyncRun) -> None:
    service.lost = (3, 4)
    with pytest.raises(Problem, match="ticks 3 to 4 are not there"):
        await run.history()


async def test_a_run_that_is_not_there_is_refused(service: Scripted, run: AsyncRun) -> None:
    service.log, service.close_code = [], 4404
    with pytest.raises(StreamRefused):
        await read(run)


async def test_waiting_returns_the_summary(service: Scripted, run: AsyncRun) -> None:
    service.session = {"status": "completed", "summary": SUMMARY}
    assert (await run.wait()).digest == "d1"
    assert service.queries == []


async def test_waiting_for_a_run_that_goes_on_ends_with_it(service: Scripted, run: AsyncRun) -> None:
    service.hold = True
    waiting = asyncio.create_task(run.wait())
    await until(lambda: service.streaming == 1, what="the stream")
    service.session = {"status": "completed", "summary": SUMMARY}
    service.hold = False
    for server in service.sockets:
        await server.close(1000)
    assert (await waiting).ticks == N_TICKS


async def test_waiting_for_a_run_that_fails_says_why(service: Scripted, run: AsyncRun) -> None:
    service.session = {"status": "failed", "reason": "the power flow failed at tick 3", "tick": 3}
    with pytest.raises(RunFailed, match="abc failed at tick 3: the power flow failed"):
        await run.wait()


async def test_waiting_has_an_end_where_one_is_wanted(service: Scripted, run: AsyncRun) -> None:
    service.hold = True
    with pytest.raises(TimeoutError):
        await run.wait(timeout_s=0.05)


async def test_the_schema_of_a_run_that_has_not_begun_is_waited_for(service: Scripted, run: AsyncRun) -> None:
    service.session = {"schema": None, "status": "queued"}
    assert (await run.schema()).bus_phases[0] == ("671", "a")
    service.session = {}
    assert len(service.queries) == 1
    await run.schema()
    assert len(service.queries) == 1


async def test_a_run_that_never_began_has_no_schema(service: Scripted, run: AsyncRun) -> None:
    service.session = {"schema": None, "status": "stopped", "tick": 0, "reason": "stopped in the queue"}
    with pytest.raises(RunFailed, match="stopped in the queue"):
        await run.schema()


async def test_stepping_ends_when_the_run_has_paused_again(service: Scripted, run: AsyncRun) -> None:
    answered = {**SCHEMA, "type": "anything"}
    service.log = numbered(
        status("paused", 0), SCHEMA, answered, status("running", 4), ticks(4, 6), status("paused", 7)
    )
    service.hold = True
    stopped = await run.step(3)
    assert (stopped.status, stopped.tick) == ("paused", 7)
    assert service.queries == [{"since": "3"}]
    assert service.commands[0]["args"] == {"ticks": 3}


async def test_a_stream_may_be_left_at_any_moment(service: Scripted, run: AsyncRun) -> None:
    service.hold = True
    async with aclosing(run.stream()) as items:
        async for _ in items:
            break
    await until(lambda: service.streaming == 0, what="the stream's end")


async def test_a_service_that_is_gone_is_told_after_a_while() -> None:
    async with serving(Scripted()) as gone:
        pass
    async with AsyncClient(gone.url, give_up_s=0.05) as client:
        with pytest.raises(Unreachable, match=gone.url):
            await read(client.run("abc"))
        with pytest.raises(Unreachable):
            await client.run("abc").command("pause")
