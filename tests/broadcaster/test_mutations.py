"""The suite can fail: without the gap check, the splice or the fencing, the judge finds a broken promise."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import fakeredis
import pytest

from gridcast.broadcaster import AsyncLeases, Channels, Conflict, Entry, Fenced, Reset, Subscription, scripts
from gridcast.broadcaster.feed import Feed
from tests.broadcaster.conftest import CHANNEL
from tests.broadcaster.memory import MemoryBroker, hub_over
from tests.checker import BrokenPromise, judge, spliced


async def read_to(subscription: Subscription, offset: int) -> list[Entry | Reset]:
    history: list[Entry | Reset] = []
    while subscription.offset < offset:
        history += await subscription.next()
    return history


async def a_hole_in_the_tail() -> None:
    """One message of three is lost on its way."""
    broker = MemoryBroker(CHANNEL)
    hub = hub_over(broker)
    async with hub.subscribe(CHANNEL) as subscription:
        for _ in range(3):
            broker.append()
        del broker.in_flight[1]
        while broker.in_flight:
            hub._arrived(CHANNEL.live, broker.in_flight.popleft())
        judge(await read_to(subscription, 3), broker.logs, epoch=broker.epoch)


async def a_late_joiner() -> None:
    """Some entries stand in the log only, later ones come by the tail."""
    broker = MemoryBroker(CHANNEL)
    hub = hub_over(broker)
    for _ in range(5):
        broker.append()
    broker.in_flight.clear()
    async with hub.subscribe(CHANNEL) as subscription:
        broker.append()
        hub._arrived(CHANNEL.live, broker.in_flight.popleft())
        judge(await read_to(subscription, 6), broker.logs, epoch=broker.epoch)


async def a_zombie_writer() -> None:
    """A writer wakes up after another took over, and writes what it had in hand."""
    redis = fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer(), protocol=2)
    channels, leases = Channels(redis), AsyncLeases(redis, owner="w", ttl_s=60)
    epoch = await channels.create(CHANNEL, meta={})
    old = await leases.acquire(CHANNEL)
    await leases.release(CHANNEL, old)
    new = await leases.acquire(CHANNEL)
    with contextlib.suppress(Fenced):
        await channels.publish(CHANNEL, token=old, expected=1, entries=[b'{"by":"zombie"}'])
    with contextlib.suppress(Conflict):
        await channels.publish(CHANNEL, token=new, expected=1, entries=[b'{"by":"holder"}'])
    history: list[Entry | Reset] = list(await channels.page(CHANNEL, after=0))
    judge(history, {epoch: {1: spliced(b'{"by":"holder"}', 1)}}, epoch=epoch)


def without_gap_check(patch: pytest.MonkeyPatch) -> None:
    def arrived(feed: Feed, entry: Entry) -> bool:
        if entry.offset <= feed.head:
            return False
        feed._window.append(entry)
        feed.head = entry.offset
        return True

    patch.setattr(Feed, "arrived", arrived)


def without_splice(patch: pytest.MonkeyPatch) -> None:
    """Hand out what the window has instead of reading the log for what comes before it."""
    after = Feed.after
    patch.setattr(
        Feed,
        "after",
        lambda feed, offset, max_bytes: after(feed, max(offset, feed.first - 1), max_bytes=max_bytes),
    )


def without_fencing(patch: pytest.MonkeyPatch) -> None:
    mutated = scripts.PUBLISH.replace("token ~= newest", "false")
    assert mutated != scripts.PUBLISH
    patch.setattr(scripts, "PUBLISH", mutated)


SCENES = [
    (a_hole_in_the_tail, without_gap_check),
    (a_late_joiner, without_splice),
    (a_zombie_writer, without_fencing),
]


@pytest.mark.parametrize(("scene", "mutation"), SCENES)
async def test_each_guard_is_what_keeps_the_promise(
    scene: Callable[[], Awaitable[None]],
    mutation: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await scene()
    mutation(monkeypatch)
    with pytest.raises(BrokenPromise):
        await scene()
