"""The promise of a channel, against a real server: in order, no gap, no repeat, or a reset that says what is missing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from gridcast.broadcaster import Channels, Entry, Hub, NoChannel, Reset, Settings
from gridcast.broadcaster.client import async_client
from gridcast.broadcaster.names import Epoch
from tests.broadcaster.conftest import CHANNEL
from tests.broadcaster.readers import RecordingReader, RecordingWriter
from tests.valkey import ValkeyServer
from tests.waiting import until


@pytest.fixture
async def writer(settings: Settings) -> AsyncIterator[RecordingWriter]:
    client = async_client(settings)
    writer = RecordingWriter(Channels(client), CHANNEL)
    await writer.create()
    yield writer
    await client.aclose()


@pytest.fixture
async def hub(settings: Settings) -> AsyncIterator[Hub]:
    async with Hub(settings) as hub:
        yield hub


async def reader_of(hub: Hub, **options: object) -> RecordingReader:
    reader = RecordingReader(hub, CHANNEL, **options)  # type: ignore[arg-type]
    await until(reader.live.is_set)
    return reader


async def test_a_late_joiner_reads_what_an_early_one_read(hub: Hub, writer: RecordingWriter) -> None:
    early = await reader_of(hub)
    await writer.write(50)
    for _ in range(30):
        await writer.write()
    late = await reader_of(hub)
    await writer.write(5)
    await until(lambda: early.at == late.at == 85)
    early.judge(writer)
    late.judge(writer)
    assert [e.data for e in early.history] == [e.data for e in late.history]  # type: ignore[union-attr]


async def test_a_reader_that_comes_back_misses_and_repeats_nothing(hub: Hub, writer: RecordingWriter) -> None:
    first = await reader_of(hub)
    await writer.write(10)
    await until(lambda: first.at == 10)
    await first.stop()
    await writer.write(10)
    second = await reader_of(hub, since=10, epoch=writer.epoch)
    await writer.write(10)
    await until(lambda: second.at == 30)
    second.judge(writer, since=10)
    assert len(second.history) == 20


async def test_since_live_begins_with_the_next_entry(hub: Hub, writer: RecordingWriter) -> None:
    await writer.write(7)
    reader = await reader_of(hub, since="live")
    await writer.write()
    await until(lambda: reader.at == 8)
    assert len(reader.history) == 1


async def test_joining_in_the_very_moment_of_publishing_loses_nothing(
    hub: Hub, writer: RecordingWriter
) -> None:
    dice = random.Random(7)
    readers: list[RecordingReader] = []

    async def join() -> None:
        for _ in range(150):
            readers.append(RecordingReader(hub, CHANNEL, since=dice.choice([0, max(0, writer.head - 2)])))
            await asyncio.sleep(dice.choice([0, 0, 0.001]))
            if len(readers) > 12:
                await readers.pop(dice.randrange(6)).stop()

    async def write() -> None:
        for _ in range(400):
            await writer.write(dice.randint(1, 3))

    await asyncio.gather(join(), write())
    await until(lambda: all(reader.at == writer.head for reader in readers))
    for reader in readers:
        first = reader.history[0]
        reader.judge(writer, since=first.offset - 1)  # type: ignore[union-attr]


async def test_a_slow_reader_is_served_from_the_log(settings: Settings, writer: RecordingWriter) -> None:
    async with Hub(settings.model_copy(update={"window_bytes": 64 << 10})) as hub:
        quick = await reader_of(hub)
        async with hub.subscribe(CHANNEL) as slow:
            for _ in range(40):
                await writer.write(5, size=2000)
            await until(lambda: quick.at == 200)
            assert hub.window_bytes <= 64 << 10
            seen: list[Entry | Reset] = []
            while len(seen) < 200:
                seen += await slow.next()
        assert [e.offset for e in seen] == list(range(1, 201))  # type: ignore[union-attr]
        quick.judge(writer)


async def test_a_trimmed_log_answers_with_a_reset(hub: Hub, writer: RecordingWriter) -> None:
    await writer.write(20)
    await writer.write(1, trim=12)
    reader = await reader_of(hub, since=3, epoch=writer.epoch)
    await until(lambda: reader.at == 21)
    (reset,) = reader.resets
    assert (reset.reason, reset.earliest_offset, reset.earliest_tick) == ("trimmed", 12, 12)
    reader.judge(writer, since=3)


async def test_a_log_that_is_gone_wholly_answers_with_a_reset_and_then_goes_on(
    hub: Hub, settings: Settings, writer: RecordingWriter
) -> None:
    await writer.write(5)
    client = async_client(settings)
    await client.delete(CHANNEL.log)
    await client.aclose()
    reader = await reader_of(hub)
    await until(lambda: bool(reader.resets))
    assert (reader.resets[0].reason, reader.resets[0].earliest_offset) == ("trimmed", 6)
    await writer.write(2)
    await until(lambda: reader.at == 7)


async def test_a_reader_right_at_the_trim_point_gets_no_reset(hub: Hub, writer: RecordingWriter) -> None:
    await writer.write(20)
    await writer.write(1, trim=12)
    reader = await reader_of(hub, since=11, epoch=writer.epoch)
    await until(lambda: reader.at == 21)
    assert reader.resets == []
    reader.judge(writer, since=11)


async def test_a_since_beyond_the_head_is_told_so(hub: Hub, writer: RecordingWriter) -> None:
    await writer.write(5)
    reader = await reader_of(hub, since=6, epoch=writer.epoch)
    await until(lambda: reader.at == 5)
    assert [(reset.reason, reset.earliest_offset) for reset in reader.resets] == [("ahead", 1)]


async def test_a_since_at_the_head_is_not_beyond_it(hub: Hub, writer: RecordingWriter) -> None:
    await writer.write(5)
    reader = await reader_of(hub, since=5, epoch=writer.epoch)
    await writer.write()
    await until(lambda: reader.at == 6)
    assert reader.resets == []


async def test_a_foreign_epoch_is_told_so(hub: Hub, writer: RecordingWriter) -> None:
    await writer.write(5)
    reader = await reader_of(hub, since=3, epoch=Epoch("of another life"))
    await until(lambda: reader.at == 5)
    assert [(reset.reason, reset.epoch) for reset in reader.resets] == [("epoch", writer.epoch)]


async def test_no_channel_is_an_error_and_leaves_no_subscription(hub: Hub, writer: RecordingWriter) -> None:
    await writer.channels.delete(CHANNEL)
    with pytest.raises(NoChannel):
        async with hub.subscribe(CHANNEL):
            pass
    assert hub.channels == {}


async def test_readers_of_a_deleted_channel_are_told(hub: Hub, writer: RecordingWriter) -> None:
    await writer.write(3)
    reader = await reader_of(hub)
    await until(lambda: reader.at == 3)
    await writer.channels.delete(CHANNEL)
    await until(lambda: reader.gone)


async def test_a_flushed_and_refilled_broker_shows_as_a_reset(
    hub: Hub, writer: RecordingWriter, valkey: ValkeyServer
) -> None:
    await writer.write(9)
    reader = await reader_of(hub)
    await until(lambda: reader.at == 9)
    old = writer.epoch
    with valkey.client() as client:
        client.flushall()
    await writer.create()
    await writer.write(4)
    await until(lambda: reader.at == 4)
    assert [reset.reason for reset in reader.resets] == ["epoch"]
    reader.judge(writer, epoch=old)


async def test_a_log_restored_from_an_older_state_shows_as_a_reset(
    hub: Hub, writer: RecordingWriter, valkey: ValkeyServer
) -> None:
    await writer.write(9)
    reader = await reader_of(hub)
    await until(lambda: reader.at == 9)
    with valkey.client() as client:
        client.xdel(CHANNEL.log, "8-0", "9-0")
        client.hset(CHANNEL.meta, "head", 7)
    await until(lambda: bool(reader.resets))
    assert reader.resets[0].reason == "ahead"


async def test_cutting_the_tail_a_hundred_times_loses_nothing(
    hub: Hub, writer: RecordingWriter, valkey: ValkeyServer
) -> None:
    readers = [await reader_of(hub) for _ in range(3)]
    with valkey.client() as client:
        for cut in range(100):
            await writer.write(20)
            if cut % 2 == 0:
                client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await asyncio.sleep(0)
    await until(lambda: all(reader.at == 2000 for reader in readers))
    for reader in readers:
        reader.judge(writer)


async def test_a_frozen_broker_is_found_by_the_canary(mortal_valkey: ValkeyServer) -> None:
    settings = Settings(redis_url=mortal_valkey.url)
    client = async_client(settings)
    writer = RecordingWriter(Channels(client), CHANNEL)
    await writer.create()
    async with Hub(settings) as hub:
        reader = await reader_of(hub)
        await writer.write(5)
        await until(lambda: reader.at == 5 and hub.healthy)
        mortal_valkey.freeze()
        await until(lambda: not hub.healthy, what="a tail that is known to be dead")
        mortal_valkey.thaw()
        await writer.write(5)
        await until(lambda: reader.at == 10 and hub.healthy)
        reader.judge(writer)
    await client.aclose()


async def test_a_broker_restart_loses_nothing_that_was_acknowledged(mortal_valkey: ValkeyServer) -> None:
    settings = Settings(redis_url=mortal_valkey.url)
    client = async_client(settings)
    writer = RecordingWriter(Channels(client), CHANNEL)
    await writer.create()
    async with Hub(settings) as hub:
        reader = await reader_of(hub)
        await writer.write(100)
        await asyncio.to_thread(mortal_valkey.restart)
        await writer.write(100)
        await until(lambda: reader.at == 200)
        reader.judge(writer)
        late = await reader_of(hub)
        await until(lambda: late.at == 200)
        late.judge(writer)
    await client.aclose()


async def test_the_hub_starts_while_the_broker_is_away(mortal_valkey: ValkeyServer) -> None:
    settings = Settings(redis_url=mortal_valkey.url)
    await asyncio.to_thread(mortal_valkey.stop)
    async with Hub(settings) as hub:
        assert not hub.healthy
        await asyncio.to_thread(mortal_valkey.start)
        await until(lambda: hub.healthy)


async def test_the_last_reader_to_leave_takes_the_subscription_along(
    hub: Hub, writer: RecordingWriter, valkey: ValkeyServer
) -> None:
    def subscribed() -> int:
        with valkey.client() as client:
            return int(client.pubsub_numsub(CHANNEL.live)[0][1])

    readers = [await reader_of(hub) for _ in range(3)]
    assert subscribed() == 1
    for reader in readers:
        await reader.stop()
    await until(lambda: subscribed() == 0)
    assert hub.channels == {}


async def test_leaving_while_another_joins_leaves_neither_ghost_nor_silence(
    hub: Hub, writer: RecordingWriter
) -> None:
    for _ in range(200):
        one = RecordingReader(hub, CHANNEL, since="live")
        await asyncio.sleep(0)
        two = RecordingReader(hub, CHANNEL, since="live")
        await until(lambda one=one: one.live.is_set())  # type: ignore[misc]
        await one.stop()
        await until(lambda two=two: two.live.is_set())  # type: ignore[misc]
        await writer.write()
        await until(lambda two=two: two.at == writer.head)  # type: ignore[misc]
        await two.stop()
    assert hub.channels == {}


async def test_a_log_that_lost_entries_is_told_of_before_those_that_take_their_places(
    hub: Hub, settings: Settings, writer: RecordingWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However fast its next writer is: nobody asks the broker in between."""

    async def nothing(*_: object, **__: object) -> None:
        pass

    reader = await reader_of(hub)
    await writer.write()
    await until(lambda: reader.at == 1)
    monkeypatch.setattr(Hub, "_compare", nothing)
    for _ in range(9):
        await writer.write()
    await until(lambda: reader.at == 10)
    client = async_client(settings)
    kept = {n: writer.logs[writer.epoch][n] for n in range(1, 6)}
    await client.delete(CHANNEL.log)
    for n, data in kept.items():
        await client.xadd(CHANNEL.log, {"e": data}, id=f"{n}-0")
    await client.hset(CHANNEL.meta, "head", "5")  # type: ignore[misc]
    await writer.channels.begin_anew(CHANNEL, token=0)
    epoch = await client.hget(CHANNEL.meta, "epoch")  # type: ignore[misc]
    await client.aclose()
    writer.epoch, writer.head = Epoch(epoch.decode()), 5
    writer.logs[writer.epoch] = kept
    for _ in range(8):
        await writer.write(size=30)
    await until(lambda: reader.at == 13)
    assert [(reset.reason, reset.earliest_offset) for reset in reader.resets] == [("epoch", 1)]
    assert [item.data for item in reader.history[11:] if isinstance(item, Entry)] == list(
        writer.logs[writer.epoch].values()
    )
