"""Commands: stored once per id in Redis order, then the writer is woken; never after the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import Channels, CommandLog, CommandReader, NoChannel, Settings, commands
from gridcast.broadcaster.client import sync_client
from gridcast.broadcaster.commands import START
from gridcast.broadcaster.errors import ChannelEnded, CommandIdReused, TooManyCommands, UnansweredCommands
from tests.broadcaster.conftest import CHANNEL
from tests.valkey import ValkeyServer
from tests.waiting import until


async def test_commands_are_read_in_the_order_in_which_they_came(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    log = CommandLog(redis)
    for name in ("one", "two", "three"):
        assert await log.append(CHANNEL, command_id=name, by="user:ada", command="pause", args={"n": name})
    found = await log.read(CHANNEL)
    assert [(c.id, c.by, c.command, c.args) for c in found] == [
        (name, "user:ada", "pause", {"n": name}) for name in ("one", "two", "three")
    ]
    assert [c.id for c in await log.read(CHANNEL, after=found[0].at)] == ["two", "three"]


async def test_the_same_id_with_the_same_body_is_stored_once(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    log = CommandLog(redis)
    assert await log.append(CHANNEL, command_id="a", by="user:ada", command="speed", args={"x": 2})
    assert not await log.append(CHANNEL, command_id="a", by="user:ada", command="speed", args={"x": 2})
    with pytest.raises(CommandIdReused):
        await log.append(CHANNEL, command_id="a", by="user:ada", command="speed", args={"x": 3})
    assert len(await log.read(CHANNEL)) == 1


async def test_no_command_is_stored_after_the_end_or_without_a_channel(
    channels: Channels, redis: Redis
) -> None:
    log = CommandLog(redis)
    with pytest.raises(NoChannel):
        await log.append(CHANNEL, command_id="a", by="user:ada", command="stop", args={})
    await channels.create(CHANNEL, meta={"ended": "1.0"})
    with pytest.raises(ChannelEnded):
        await log.append(CHANNEL, command_id="a", by="user:ada", command="stop", args={})
    assert await redis.exists(CHANNEL.commands, CHANNEL.seen) == 0


async def test_of_many_commands_the_answered_ones_are_not_kept(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    log = CommandLog(redis)
    for n in range(1000):
        await log.append(CHANNEL, command_id=f"c{n}", by="user:ada", command="pause", args={})
    answered = (await log.read_all(CHANNEL))[-2].at
    await channels.publish(CHANNEL, token=0, expected=1, entries=[], meta={"answered": answered})
    assert len(await log.read_all(CHANNEL)) == 1000
    await log.append(CHANNEL, command_id="one more", by="user:ada", command="pause", args={})
    await channels.publish(CHANNEL, token=0, expected=1, entries=[], meta={"answered": answered})
    assert [c.id for c in await log.read(CHANNEL)] == ["c998", "c999", "one more"]
    with pytest.raises(UnansweredCommands):
        await channels.publish(CHANNEL, token=0, expected=1, entries=[], closing=answered)
    newest = (await log.read(CHANNEL))[-1].at
    await channels.publish(CHANNEL, token=0, expected=1, entries=[], meta={"answered": newest})
    await channels.publish(CHANNEL, token=0, expected=1, entries=[], closing=newest)


async def test_only_so_many_commands_may_wait_and_a_stop_finds_room(
    channels: Channels, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MAX_WAITING", 1001)
    await channels.create(CHANNEL, meta={})
    log = CommandLog(redis)
    for n in range(1002):
        await log.append(CHANNEL, command_id=f"c{n}", by="user:ada", command="pause", args={})
    with pytest.raises(TooManyCommands):
        await log.append(CHANNEL, command_id="more", by="user:ada", command="pause", args={})
    assert not await log.append(CHANNEL, command_id="c0", by="user:ada", command="pause", args={})
    assert await log.append(CHANNEL, command_id="stop", by="user:ada", command="stop", args={})
    newest = (await log.read_all(CHANNEL))[-1].at
    await channels.publish(CHANNEL, token=0, expected=1, entries=[], meta={"answered": newest})
    assert await log.append(CHANNEL, command_id="more", by="user:ada", command="pause", args={})


@pytest.fixture
def reader(settings: Settings) -> Iterator[CommandReader]:
    client = sync_client(settings)
    reader = CommandReader(client, CHANNEL)
    yield reader
    reader.close()
    client.close()


def open_tail(reader: CommandReader) -> None:
    """The first call opens the tail, the confirmation is the first wake-up: commands may have come before both."""
    assert reader.wait(0)
    assert reader.wait(20)


async def test_a_sleeping_reader_is_woken_by_a_command(reader: CommandReader, valkey: ValkeyServer) -> None:
    open_tail(reader)
    assert not reader.wait(0.01)
    with valkey.client() as client:
        wake_up = threading.Timer(0.05, client.publish, [CHANNEL.control, b"1-0"])
        wake_up.start()
        assert reader.wait(20)
        wake_up.join()  # the message may be here before the thread has its reply
    assert not reader.woken()


async def test_a_reader_whose_connection_was_cut_looks_again(
    reader: CommandReader, valkey: ValkeyServer
) -> None:
    open_tail(reader)
    with valkey.client() as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        assert reader.wait(20)  # in doubt: true
        wake_up = threading.Timer(0.05, client.publish, [CHANNEL.control, b"1-0"])
        wake_up.start()
        assert reader.wait(20)
        wake_up.join()  # the reader may have woken before that, by the confirmation of its new subscription


async def test_a_broker_that_is_away_does_not_make_the_reader_spin(mortal_valkey: ValkeyServer) -> None:
    client = sync_client(Settings(redis_url=mortal_valkey.url))
    reader = CommandReader(client, CHANNEL)
    reader.wait(0)
    mortal_valkey.stop()
    assert reader.wait(0.3)
    assert reader.wait(0.01)
    mortal_valkey.start()
    assert reader.wait(1)
    assert reader.read(START) == []
    reader.close()
    client.close()


async def test_a_busy_reader_notices_a_command_without_reading(
    reader: CommandReader, valkey: ValkeyServer
) -> None:
    assert not reader.stirring()
    open_tail(reader)
    assert not reader.woken()
    assert not reader.stirring()
    with valkey.client() as client:
        client.publish(CHANNEL.control, b"1-0")
        await until(reader.stirring)
        assert reader.stirring()
        assert reader.woken()
        assert not reader.stirring()
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await until(reader.stirring, what="a cut connection to be noticed")
        assert reader.wait(20)
        await until(lambda: not reader.woken())
        client.publish(CHANNEL.control, b"2-0")
        await until(reader.stirring)


async def test_an_id_is_remembered_over_the_next_commands_and_not_for_ever(
    channels: Channels, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "REMEMBERED", 5)
    await channels.create(CHANNEL, meta={})
    log = CommandLog(redis)

    async def stored(name: str) -> bool:
        return await log.append(CHANNEL, command_id=name, by="user:ada", command="pause", args={})

    for n in range(6):
        assert await stored(f"c{n}")
    assert not await stored("c0")
    for n in range(6, 30):
        assert await stored(f"c{n}")
        assert not await stored(f"c{n - 5}")
    assert await stored("c0")
    assert await redis.hlen(CHANNEL.seen) + await redis.hlen(CHANNEL.seen_before) <= 10  # type: ignore[misc]
