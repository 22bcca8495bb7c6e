"""Following a session: each entry once and in order, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from gridcast.client import StreamRefused, Unreachable, follow
from tests.cli.fake_service import FakeService, serving


@pytest.fixture
async def service() -> AsyncIterator[FakeService]:
    async with serving(FakeService()) as fake:
        yield fake


async def offsets(service: FakeService) -> list[object]:
    return [entry["offset"] async for entry in follow(service.url, "abc")]


async def test_yields_the_whole_log_and_ends_with_the_session(service: FakeService) -> None:
    assert await offsets(service) == [entry["offset"] for entry in service.log]
    assert service.queries == [{"since": "0"}]


async def test_a_broken_connection_is_resumed_where_it_stopped(service: FakeService) -> None:
    service.cuts = [2, 0, 1]
    assert await offsets(service) == [entry["offset"] for entry in service.log]
    assert [query["since"] for query in service.queries] == ["0", "2", "2", "3"]
    assert {query["epoch"] for query in service.queries[1:]} == {"e1"}


async def test_an_entry_that_is_silently_missing_is_fetched_again(service: FakeService) -> None:
    service.skip = 3
    assert await offsets(service) == [entry["offset"] for entry in service.log]
    assert [query["since"] for query in service.queries] == ["0", "2"]


async def test_a_reset_is_handed_on_and_followed(service: FakeService) -> None:
    reset = {"type": "reset", "epoch": "e2", "earliest_offset": 4, "earliest_tick": 2, "reason": "trimmed"}
    service.log = [reset, *service.log[3:]]
    kinds = [entry["type"] async for entry in follow(service.url, "abc")]
    assert kinds == ["reset", "ticks", "summary", "status"]


@pytest.mark.parametrize("code", [4404, 4403, 4401, 1008])
async def test_a_refusal_is_an_error_at_once(service: FakeService, code: int) -> None:
    service.log, service.close_code = [], code
    with pytest.raises(StreamRefused) as refused:
        await offsets(service)
    assert refused.value.code == code
    assert len(service.queries) == 1


async def test_leaving_while_much_is_unread_does_not_wait_for_an_answer_that_is_behind_it(
    service: FakeService,
) -> None:
    service.log = [{"offset": n, "type": "ticks"} for n in range(1, 200)]
    service.hold = True
    entries = follow(service.url, "abc")
    await anext(entries)
    await asyncio.sleep(0)
    async with asyncio.timeout(5):  # the closing handshake's own default is 10
        await entries.aclose()


async def test_time_that_the_reader_takes_is_not_counted_against_the_service(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(sys.modules["gridcast.client.follow"], "monotonic", lambda: now)
    service.cuts = [2, 1]
    seen = []
    async for entry in follow(service.url, "abc", give_up_s=60):
        seen.append(entry["offset"])
        now += 100
    assert seen == [entry["offset"] for entry in service.log]


async def test_a_service_that_is_gone_for_good_is_an_error() -> None:
    async with serving(FakeService()) as service:
        url = service.url
    with pytest.raises(Unreachable, match=url):
        async for _ in follow(url, "abc", give_up_s=0.05):
            pass
