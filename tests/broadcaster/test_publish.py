"""The publish script: all or nothing, once, in order, by the newest token only."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from gridcast.broadcaster import AsyncLeases, Channel, Channels, Conflict, Fenced, NoChannel
from gridcast.broadcaster.errors import ChannelExists, UnansweredCommands
from tests.broadcaster.conftest import CHANNEL
from tests.checker import spliced

FIRST, SECOND, THIRD = (b'{"type":"status","n":%d}' % n for n in (1, 2, 3))


async def stored(channels: Channels, channel: Channel = CHANNEL) -> list[bytes]:
    return [entry.data for entry in await channels.page(channel, after=0)]


async def test_entries_get_their_offsets_and_are_read_back_in_order(channels: Channels) -> None:
    await channels.create(CHANNEL, meta={}, entries=[FIRST])
    result = await channels.publish(CHANNEL, token=0, expected=2, entries=[SECOND, THIRD])
    assert result.appended
    assert result.head == 3
    assert await stored(channels) == [spliced(FIRST, 1), spliced(SECOND, 2), spliced(THIRD, 3)]
    assert [entry.offset for entry in await channels.page(CHANNEL, after=1)] == [2, 3]


async def test_a_channel_is_created_once(channels: Channels) -> None:
    epoch = await channels.create(CHANNEL, meta={"status": "queued"}, entries=[FIRST])
    with pytest.raises(ChannelExists):
        await channels.create(CHANNEL, meta={}, entries=[SECOND])
    meta = await channels.meta(CHANNEL)
    assert meta is not None
    assert (meta["epoch"].decode(), meta["status"], meta["head"], meta["token"]) == (
        epoch,
        b"queued",
        b"1",
        b"0",
    )


async def test_a_repeat_after_a_lost_reply_writes_nothing_twice(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    for expected_outcome in (True, False):
        result = await channels.publish(
            CHANNEL, token=0, expected=1, entries=[FIRST, SECOND], meta={"tick": 2}, applied=[b"{}"]
        )
        assert result.appended is expected_outcome
        assert result.head == 2
    assert await stored(channels) == [spliced(FIRST, 1), spliced(SECOND, 2)]
    assert await redis.llen(CHANNEL.applied) == 1  # type: ignore[misc]


async def test_a_repeat_without_entries_lists_nothing_twice(channels: Channels, redis: Redis) -> None:
    """What a fork's script does in the shared ticks has no entries: only the lists tell that it is there already."""
    await channels.create(CHANNEL, meta={})
    for _ in range(2):
        await channels.publish(
            CHANNEL, token=0, expected=1, entries=[], applied=[b"one", b"two"], chunks=[b"three", b"four"]
        )
    await channels.publish(CHANNEL, token=0, expected=1, entries=[], applied=[b"five"])
    assert await redis.lrange(CHANNEL.applied, 0, -1) == [b"one", b"two", b"five"]  # type: ignore[misc]
    assert await redis.lrange(CHANNEL.chunks, 0, -1) == [b"three", b"four"]  # type: ignore[misc]


async def test_a_repeat_is_recognised_also_behind_later_entries(channels: Channels) -> None:
    await channels.create(CHANNEL, meta={})
    await channels.publish(CHANNEL, token=0, expected=1, entries=[FIRST])
    await channels.publish(CHANNEL, token=0, expected=2, entries=[SECOND])
    assert not (await channels.publish(CHANNEL, token=0, expected=1, entries=[FIRST])).appended


@pytest.mark.parametrize("expected", [0, 1, 3, 9])
async def test_other_entries_at_a_wrong_place_are_refused(channels: Channels, expected: int) -> None:
    await channels.create(CHANNEL, meta={}, entries=[FIRST])
    with pytest.raises(Conflict) as caught:
        await channels.publish(CHANNEL, token=0, expected=expected, entries=[SECOND], meta={"tick": 7})
    assert caught.value.head == 1
    assert await stored(channels) == [spliced(FIRST, 1)]
    assert "tick" not in (await channels.meta(CHANNEL) or {})


async def test_a_repeat_that_reaches_beyond_the_head_is_refused_whole(channels: Channels) -> None:
    await channels.create(CHANNEL, meta={}, entries=[FIRST])
    with pytest.raises(Conflict):
        await channels.publish(CHANNEL, token=0, expected=1, entries=[FIRST, SECOND])
    assert await stored(channels) == [spliced(FIRST, 1)]


async def test_an_older_token_is_fenced(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    leases = AsyncLeases(redis, owner="w1", ttl_s=5)
    old = await leases.acquire(CHANNEL)
    await leases.release(CHANNEL, old)
    new = await leases.acquire(CHANNEL)
    with pytest.raises(Fenced) as caught:
        await channels.publish(CHANNEL, token=old, expected=1, entries=[FIRST], meta={"tick": 1})
    assert (caught.value.token, caught.value.newest) == (old, new)
    assert await stored(channels) == []
    assert (await channels.publish(CHANNEL, token=new, expected=1, entries=[SECOND])).appended


async def test_nothing_brings_a_deleted_channel_back(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={}, entries=[FIRST])
    token = await AsyncLeases(redis, owner="w1", ttl_s=5).acquire(CHANNEL)
    assert await channels.delete(CHANNEL)
    with pytest.raises(NoChannel):
        await channels.publish(
            CHANNEL, token=token, expected=2, entries=[SECOND], meta={"tick": 1}, applied=[b"{}"]
        )
    with pytest.raises(NoChannel):
        await AsyncLeases(redis, owner="w1", ttl_s=5).renew(CHANNEL, token)
    assert await redis.keys("gridcast:*") == []
    assert not await channels.delete(CHANNEL)


async def test_trimming_keeps_from_the_given_offset(channels: Channels) -> None:
    await channels.create(CHANNEL, meta={}, entries=[FIRST, SECOND])
    await channels.publish(CHANNEL, token=0, expected=3, entries=[THIRD], trim=3)
    assert await stored(channels) == [spliced(THIRD, 3)]


async def test_an_empty_publish_sets_meta_alone(channels: Channels) -> None:
    await channels.create(CHANNEL, meta={}, entries=[FIRST])
    await channels.publish(CHANNEL, token=0, expected=2, entries=[], meta={"status": "paused"})
    meta = await channels.meta(CHANNEL)
    assert meta is not None
    assert (meta["status"], meta["head"]) == (b"paused", b"1")


async def test_closing_waits_for_unanswered_commands(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    at = await redis.xadd(CHANNEL.commands, {"c": b"{}"})
    with pytest.raises(UnansweredCommands):
        await channels.publish(CHANNEL, token=0, expected=1, entries=[FIRST], closing="0-0")
    assert await stored(channels) == []
    assert (
        await channels.publish(CHANNEL, token=0, expected=1, entries=[FIRST], closing=at.decode())
    ).appended


async def test_scripts_are_loaded_again_after_the_broker_forgot_them(
    channels: Channels, redis: Redis
) -> None:
    await channels.create(CHANNEL, meta={})
    await channels.publish(CHANNEL, token=0, expected=1, entries=[FIRST])
    await redis.script_flush()
    assert (await channels.publish(CHANNEL, token=0, expected=2, entries=[SECOND])).head == 2


async def test_pages_are_bounded_by_bytes_and_never_empty(channels: Channels) -> None:
    big = b'{"type":"ticks","x":"' + b"y" * 10_000 + b'"}'
    await channels.create(CHANNEL, meta={}, entries=[big] * 20)
    page = await channels.page(CHANNEL, after=3, max_bytes=25_000)
    assert [entry.offset for entry in page] == list(range(4, 4 + len(page)))
    assert 3 <= len(page) <= 8
    assert len(await channels.page(CHANNEL, after=19, max_bytes=1)) == 1
    assert await channels.page(CHANNEL, after=20) == []


async def test_large_batches_fit_in_one_call(channels: Channels) -> None:
    await channels.create(CHANNEL, meta={})
    entries = [b'{"type":"x","i":%d}' % i for i in range(3000)]
    assert (await channels.publish(CHANNEL, token=0, expected=1, entries=entries)).head == 3000


async def test_chunk_records_are_appended_once_also_by_a_call_without_entries(
    channels: Channels, redis: Redis
) -> None:
    await channels.create(CHANNEL, meta={})
    for chunks in ([b"a"], [b"a"], [b"b", b"c"], [b"b", b"c"]):
        await channels.publish(CHANNEL, token=0, expected=1, entries=[], chunks=chunks)
    for _ in range(2):
        await channels.publish(CHANNEL, token=0, expected=1, entries=[FIRST], applied=[b"{}"], chunks=[b"d"])
    assert await redis.lrange(CHANNEL.chunks, 0, -1) == [b"a", b"b", b"c", b"d"]  # type: ignore[misc]
    assert await redis.lrange(CHANNEL.applied, 0, -1) == [b"{}"]  # type: ignore[misc]


async def test_a_fenced_writer_lists_no_chunk(channels: Channels, redis: Redis) -> None:
    await channels.create(CHANNEL, meta={})
    await AsyncLeases(redis, owner="w2", ttl_s=5).acquire(CHANNEL)
    with pytest.raises(Fenced):
        await channels.publish(CHANNEL, token=0, expected=1, entries=[], chunks=[b"a"])
    assert await redis.exists(CHANNEL.chunks) == 0
