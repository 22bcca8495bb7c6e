"""How replies are read: at once where few come, together where many do, and none is lost on the way between."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from gridcast.broadcaster import replies
from gridcast.broadcaster.replies import Replies
from tests.waiting import until


class Listener:
    """What came, and after how many replies it was told that a read is done."""

    def __init__(self, broker: socket.socket, transport: asyncio.Transport) -> None:
        self.broker = broker
        self.transport = transport
        self.came: list[int] = []
        self.reads: list[int] = []
        self.replies = Replies(transport, handle=self.take, handled=lambda: self.reads.append(len(self.came)))
        transport.set_protocol(self.replies)

    def take(self, reply: object) -> None:
        assert isinstance(reply, int)
        self.came.append(reply)

    def say(self, *numbers: int) -> None:
        self.broker.sendall(b"".join(b":%d\r\n" % number for number in numbers))

    async def has(self, count: int) -> None:
        await until(lambda: len(self.came) >= count)


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    with theirs:
        listener = Listener(theirs, transport)
        try:
            yield listener
        finally:
            listener.replies.ended.cancel()
            writer.transport.abort()
            await asyncio.sleep(0)


@pytest.fixture
def make_busy(monkeypatch: pytest.MonkeyPatch) -> Callable[[Listener], None]:
    """Have a connection looked at from time to time, for as long as the test takes, whatever the machine does meanwhile."""

    def make(listener: Listener) -> None:
        monkeypatch.setattr(replies, "BUSY_HZ", 0.0)
        monkeypatch.setattr(replies, "_JUDGED_S", 0.0)
        listener.replies.data_received(b":1\r\n")
        assert listener.replies.looking
        monkeypatch.setattr(replies, "_JUDGED_S", 3600.0)

    return make


async def test_what_is_rare_is_handled_when_it_comes() -> None:
    async with listening() as listener:
        for number in range(3):
            listener.say(number)
            await listener.has(number + 1)
            assert not listener.replies.looking
        assert listener.reads == [1, 2, 3]


async def test_a_busy_connection_wakes_nobody_and_loses_nothing(
    make_busy: Callable[[Listener], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening() as listener:
        make_busy(listener)
        for number in range(2, 500):
            listener.say(number)
            if number % 50 == 0:
                await asyncio.sleep(replies.LOOK_S)
        await listener.has(499)
        assert listener.came == list(range(1, 500))
        assert len(set(listener.reads)) < 100, "each was handled by itself"
        assert listener.replies.looking


async def test_a_reply_in_two_parts_is_handled_when_it_is_whole(
    make_busy: Callable[[Listener], None],
) -> None:
    async with listening() as listener:
        make_busy(listener)
        listener.broker.sendall(b":1234")
        await asyncio.sleep(3 * replies.LOOK_S)
        listener.broker.sendall(b"5\r\n")
        await listener.has(2)
        assert listener.came == [1, 12345]


async def test_more_than_one_look_can_take_is_taken_at_once(
    make_busy: Callable[[Listener], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening() as listener:
        make_busy(listener)
        monkeypatch.setattr(replies, "_MUCH_BYTES", 1)
        monkeypatch.setattr(replies, "_READ_BYTES", 8)
        monkeypatch.setattr(replies, "LOOK_S", 3600.0)
        listener.say(*range(2, 1000))
        await listener.has(999)
        assert listener.came == list(range(1, 1000))


async def test_it_is_woken_again_when_little_comes(
    make_busy: Callable[[Listener], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening() as listener:
        make_busy(listener)
        monkeypatch.setattr(replies, "_JUDGED_S", 0.0)
        await until(lambda: not listener.replies.looking)
        monkeypatch.setattr(replies, "_JUDGED_S", 3600.0)
        listener.say(2)
        await listener.has(2)
        assert not listener.replies.looking


async def test_its_end_is_seen_while_it_is_busy(make_busy: Callable[[Listener], None]) -> None:
    async with listening() as listener:
        make_busy(listener)
        listener.broker.close()
        with pytest.raises(ConnectionError, match="closed the live tail"):
            await listener.replies.ended
        assert not listener.replies.looking


@pytest.mark.parametrize("said", [b"what?\r\n", b"+no number\r\n"], ids=["not-understood", "not-handled"])
async def test_what_nobody_can_take_ends_it_while_it_is_busy(
    make_busy: Callable[[Listener], None], said: bytes
) -> None:
    """It would be deaf without a word otherwise."""
    async with listening() as listener:
        make_busy(listener)
        listener.broker.sendall(said)
        with pytest.raises(ConnectionError):
            await listener.replies.ended
        assert not listener.replies.looking


async def test_nothing_is_handled_behind_the_end() -> None:
    async with listening() as listener:
        listener.replies.ended.cancel()
        listener.say(1)
        await asyncio.sleep(0.05)
        assert listener.came == []


async def test_it_reads_nothing_of_a_file_that_is_not_its_own_any_more(
    make_busy: Callable[[Listener], None],
) -> None:
    """A closed connection's number may be another's by the next look."""
    async with listening() as listener:
        make_busy(listener)
        listener.transport.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not listener.replies.looking


async def test_what_is_encrypted_is_left_to_whoever_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Encrypted(asyncio.Transport):
        def get_extra_info(self, name: str, default: object = None) -> object:
            return self if name in ("socket", "sslcontext") else default

        def get_protocol(self) -> asyncio.BaseProtocol:
            return asyncio.Protocol()

    monkeypatch.setattr(replies, "BUSY_HZ", 0.0)
    monkeypatch.setattr(replies, "_JUDGED_S", 0.0)
    listener = Replies(Encrypted(), handle=lambda _: None, handled=lambda: None)
    for _ in range(3):
        listener.data_received(b":1\r\n")
    assert not listener.looking
    listener.ended.cancel()
