"""A broker in memory, for driving the hub step by step: the log, and a live tail that can lose, repeat and delay."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from gridcast.broadcaster import Channel, Entry, Hub, Settings
from gridcast.broadcaster.names import Epoch
from tests.checker import spliced


class MemoryBroker:
    """One channel's log, and the messages that are on their way to the hub."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.lives = 0
        self.logs: dict[str, dict[int, bytes]] = {}
        self.sent: list[bytes] = []
        self.in_flight: deque[bytes] = deque()
        self.flush()

    def flush(self) -> None:
        """Begin another life of the log."""
        self.lives += 1
        self.epoch = Epoch(f"life-{self.lives}")
        self.logs[self.epoch] = {}
        self.kept: dict[int, bytes] = {}
        self.head = 0
        self.in_flight.clear()
        self.sent.clear()

    def append(self) -> None:
        self.head += 1
        data = spliced(b'{"type":"ticks","first":%d,"life":%d}' % (self.head, self.lives), self.head)
        self.logs[self.epoch][self.head] = self.kept[self.head] = data
        self.in_flight.append(data)
        self.sent.append(data)

    def trim(self, first: int) -> None:
        self.kept = {offset: data for offset, data in self.kept.items() if offset >= first}

    async def page(self, channel: Channel, *, after: int, max_bytes: int = 100) -> list[Entry]:
        found = [Entry(offset, data) for offset, data in sorted(self.kept.items()) if offset > after]
        return found[: max(1, max_bytes // 60)]

    async def heads(self, channels: Sequence[Channel]) -> list[tuple[Epoch, int] | None]:
        return [(self.epoch, self.head) for _ in channels]

    async def subscribe(self, name: str) -> None:
        """Confirmed at once; what is in flight may still arrive."""

    async def unsubscribe(self, name: str) -> None:
        self.in_flight.clear()


def hub_over(broker: MemoryBroker) -> Hub:
    """A hub whose log and tail are the memory broker's; never started, every message is handed to it by the test."""
    hub = Hub(Settings(window_bytes=64 << 10))
    hub._channels = broker  # type: ignore[assignment]
    hub._tail = broker  # type: ignore[assignment]
    return hub
