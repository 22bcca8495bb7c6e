"""The child's writer: repeats are harmless, and the log stays under its bound."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.broadcaster import BrokerUnavailable, Channels, Conflict, Settings, Writer
from gridcast.broadcaster.client import async_client, sync_client
from gridcast.broadcaster.writer import TrimWindow
from tests.broadcaster.conftest import CHANNEL
from tests.valkey import ValkeyServer


@pytest.fixture
async def channels(settings: Settings) -> AsyncIterator[Channels]:
    client = async_client(settings)
    channels = Channels(client)
    await channels.create(CHANNEL, meta={}, entries=[b'{"type":"status"}'])
    yield channels
    await client.aclose()


@pytest.fixture
def writer(settings: Settings, channels: Channels) -> Iterator[Writer]:
    client = sync_client(settings)
    writer = Writer(client, CHANNEL, token=0, log_bytes=100_000)
    writer.open()
    yield writer
    client.close()


async def test_it_goes_on_behind_what_is_in_the_log(writer: Writer, channels: Channels) -> None:
    assert writer.head == 1
    assert writer.publish([b'{"type":"a"}', b'{"type":"b"}'], meta={"tick": 2}) == 3
    assert [entry.type for entry in await channels.page(CHANNEL, after=0)] == ["status", "a", "b"]


async def test_the_log_stays_under_its_bound(
    writer: Writer, channels: Channels, valkey: ValkeyServer
) -> None:
    for _ in range(300):
        writer.publish([b'{"type":"ticks","x":"' + b"y" * 1000 + b'"}'])
    kept, after = 0, 0
    while page := await channels.page(CHANNEL, after=after):
        kept += sum(len(entry.data) for entry in page)
        after = page[-1].offset
    assert after == 301
    assert 90_000 < kept < 103_000


async def test_a_broker_that_lost_entries_begins_another_life_of_the_log(
    writer: Writer, channels: Channels, valkey: ValkeyServer
) -> None:
    """Readers that saw what is gone would else take for its continuation what is written under the same offsets."""
    [before] = await channels.heads([CHANNEL])
    writer.publish([b'{"type":"a"}', b'{"type":"b"}'])
    with valkey.client() as client:
        client.xdel(CHANNEL.log, "3-0")
        client.hset(CHANNEL.meta, "head", 2)
    for _ in range(2):
        with pytest.raises(Conflict):
            writer.publish([b'{"type":"c"}'])
    [after] = await channels.heads([CHANNEL])
    assert before is not None
    assert after is not None
    assert after[0] != before[0]
    assert after[1] == 2


async def test_another_writers_entries_are_no_loss(writer: Writer, channels: Channels) -> None:
    [before] = await channels.heads([CHANNEL])
    await channels.publish(CHANNEL, token=0, expected=2, entries=[b'{"type":"other"}'])
    with pytest.raises(Conflict):
        writer.publish([b'{"type":"mine"}'])
    [after] = await channels.heads([CHANNEL])
    assert before is not None
    assert after is not None
    assert after[0] == before[0]


async def test_a_repeat_after_an_outage_writes_once(mortal_valkey: ValkeyServer) -> None:
    settings = Settings(redis_url=mortal_valkey.url)
    redis = async_client(settings)
    channels = Channels(redis)
    await channels.create(CHANNEL, meta={})
    client = sync_client(settings)
    writer = Writer(client, CHANNEL, token=0, log_bytes=1 << 20)
    writer.open()
    writer.publish([b'{"type":"a"}'])
    mortal_valkey.stop()
    with pytest.raises(BrokerUnavailable):
        writer.publish([b'{"type":"b"}'])
    assert writer.head == 1
    mortal_valkey.start()
    assert writer.publish([b'{"type":"b"}']) == 2
    # The reply was lost, so the child sends the same bytes again.
    writer._head = 1
    assert writer.publish([b'{"type":"b"}']) == 2
    assert [entry.type for entry in await channels.page(CHANNEL, after=0)] == ["a", "b"]
    client.close()
    await redis.aclose()


@given(sizes=st.lists(st.integers(1, 500), min_size=1, max_size=60), bound=st.integers(1, 2000))
def test_the_trim_point_keeps_what_fits_and_always_the_newest(sizes: list[int], bound: int) -> None:
    window = TrimWindow(bound)
    keep_from = 1
    for offset, size in enumerate(sizes, start=1):
        window.add(offset, size)
        keep_from = window.trim_point() or keep_from
        kept = sizes[keep_from - 1 : offset]
        assert kept
        assert sum(kept) <= bound or len(kept) == 1
        if keep_from > 1:
            chunk = max(bound // 100, max(sizes))
            assert sum(kept) + chunk + sizes[keep_from - 2] > bound


def test_the_trim_window_stays_small_however_long_the_log() -> None:
    window = TrimWindow(1_000_000)
    for offset in range(1, 100_000):
        window.add(offset, 50)
        window.trim_point()
    assert len(window._chunks) <= 102
