"""The bound on all viewers together, counted in bytes on real sockets whose peers do not read."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest

from gridcast.api.budget import Budget
from gridcast.broadcaster import Settings
from tests.api.producer import Producer
from tests.api.serving import Api, receive, serving
from tests.api.test_process import deaf_viewer
from tests.waiting import until

KIB = 1 << 10
DEAF = 16
ENTRY_BYTES = 60_000
ENTRIES = 100
"""7 MB for each, also translated: more than the kernel's buffers take, so that the rest stays with us."""


def backlogs(api: Api) -> list[int]:
    """Bytes that this process keeps for each connection."""
    connections = api.server.server_state.connections
    return [connection.transport.get_write_buffer_size() for connection in connections]


@pytest.mark.parametrize("query", ["?mode=all", "?format=full", "?mode=latest"])
@pytest.mark.parametrize(("total", "stay"), [(256 * KIB, False), (64 << 20, True)])
async def test_viewers_that_do_not_read_keep_no_more_than_the_total(
    settings: Settings, producer: Producer, total: int, stay: bool, query: str
) -> None:
    await producer.begin()
    async with serving(settings) as api, contextlib.AsyncExitStack() as stack:
        services = api.services
        api.server.app_state.services = replace(services, budget=Budget(total))
        budget = api.services.budget
        for _ in range(DEAF):
            stack.enter_context(deaf_viewer(api.port, query))
        await until(lambda: len(services.audience) == DEAF, what="all viewers")
        async with api.watch() as good:
            await receive(good)
            for offset in range(1, 4):
                assert (await receive(good))["offset"] == offset
            most = 0
            for offset in range(4, 4 + ENTRIES):
                await producer.ticks(1, each=120, padding=ENTRY_BYTES)
                assert (await receive(good))["offset"] == offset
                for _ in range(5):  # of the loop: who was just written to finds out that it has to wait
                    await asyncio.sleep(0)
                assert budget.waiting_bytes <= total
                most = max(most, sum(backlogs(api)))
            # Those that wait have the total between them, the others less than a share each.
            assert most <= total + (DEAF + 1) * budget.share_bytes
            assert (services.stats.viewers_let_go == 0) is stay
            assert len(services.audience) == 1 + DEAF - services.stats.viewers_let_go
