"""The suite can fail: without the gap check, the splice or the fencing, the judge finds a broken promise."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import fakeredis
import pytest

from gridcast.broadcaster import (
    AsyncLeases,
    Channels,
    Conflict,
    Entry,
    Fenced,
    Hub,
    Reset,
    Subscription,
    scripts,
)
from gridcast.broadcaster.feed import Feed
from gridcast.broadcaster.names import Epoch
from tests.broadcaster.conftest import CHANNEL
from tests.broadcaster.memory import MemoryBroker, hub_over
from tests.checker import BrokenPromise, judge, spliced


async def read_to(subscription: Subscription, offset: int) -> list[Entry | Reset]:
    history: list[Entry | Reset] = []
    while subscription.offset < offset:
        history += await subscription.next()
    return history


def deliver(broker: MemoryBroker, hub: Hub) -> None:
    """Everything in flight arrives, in one read."""
    while broker.in_flight:
        hub._arrived(CHANNEL.live, broker.in_flight.popleft())
    hub._tell()


async def a_hole_in_the_tail() -> None:
    """One message of three is lost on its way."""
    broker = MemoryBroker(CHANNEL)
    hub = hub_over(broker)
    async with hub.subscribe(CHANNEL) as subscription:
        for _ in range(3):
            broker.append()
        del broker.in_flight[1]
        deliver(broker, hub)
        judge(await read_to(subscription, 3), broker.logs, epoch=broker.epoch)


async def a_hole_before_a_follower() -> None:
    """Someone at the head is handed what comes, and reads the log once that does not continue what it has."""
    broker = MemoryBroker(CHANNEL)
    hub = hub_over(broker)
    async with hub.subscribe(CHANNEL) as subscription:
        history: list[Entry | Reset] = []
        follow = lambda: history.extend(subscription.ready())  # noqa: E731
        subscription.follow(follow)
        for hole in (False, True, False):
            for _ in range(2):
                broker.append()
            if hole:
                broker.in_flight.popleft()
            deliver(broker, hub)
        subscription.unfollow(follow)
        if subscription.offset < broker.head:
            history += await read_to(subscription, broker.head)
        judge(history, broker.logs, epoch=broker.epoch)


async def readers_behind_together() -> None:
    """One page of the log serves all that are near; after the log began another life it must not."""
    broker = MemoryBroker(CHANNEL)
    hub = hub_over(broker)
    for _ in range(20):
        broker.append()
    broker.in_flight.clear()
    async with hub.subscribe(CHANNEL) as one, hub.subscribe(CHANNEL) as two:
        judge(await read_to(one, 20), broker.logs, epoch=broker.epoch)
        broker.flush()
        for _ in range(20):
            broker.append()
        broker.in_flight.clear()
        await hub._reconnected()
        judge(await read_to(two, 20), broker.logs, epoch="life-1")


async def a_late_joiner() -> None:
    """Some entries stand in the log only, later ones come by the tail."""
    broker = MemoryBroker(CHANNEL)
    hub = hub_over(broker)
    for _ in range(5):
        broker.append()
    broker.in_flight.clear()
    async with hub.subscribe(CHANNEL) as subscription:
        broker.append()
        deliver(broker, hub)
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

    def careless(feed: Feed, offset: int, *, max_bytes: int) -> list[Entry]:
        return after(feed, max(offset, feed._window[0].offset - 1), max_bytes=max_bytes)

    patch.setattr(Feed, "after", careless)


def without_forgetting(patch: pytest.MonkeyPatch) -> None:
    """Keep the pages of a log that is not there any more."""
    observed = Feed.observed

    def keeping(feed: Feed, *, epoch: Epoch, head: int) -> bool:
        pages = list(feed._pages)
        told = observed(feed, epoch=epoch, head=head)
        feed._pages.extend(pages)
        return told

    patch.setattr(Feed, "observed", keeping)


def without_fencing(patch: pytest.MonkeyPatch) -> None:
    mutated = scripts.PUBLISH.replace("token ~= newest", "false")
    assert mutated != scripts.PUBLISH
    patch.setattr(scripts, "PUBLISH", mutated)


SCENES = [
    (a_hole_in_the_tail, without_gap_check),
    (a_hole_before_a_follower, without_gap_check),
    (a_late_joiner, without_splice),
    (readers_behind_together, without_forgetting),
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
