"""A bad cable: every packet comes late, some never.

Where the kernel has netem it does that; many small kernels lack it. There the host's card is replaced by a TAP device,
and this module carries the packets between it and the switch.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import random
import select
import struct
import threading
import time
from collections.abc import Iterator

from tests.machines.network import Host, Network

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x2, 0x1000
FRAME_BYTES = 65536
SEED = 20


@contextlib.contextmanager
def bad_cable(network: Network, host: Host, *, delay_s: float, loss: float) -> Iterator[str]:
    """Give `host` a bad cable for the block: `delay_s` one way, `loss` of all packets in each direction. Yields how."""
    netem = (*("root", "netem", "delay", f"{delay_s * 1000:g}ms", "loss", f"{loss:%}"),)
    try:
        host.run("tc", "qdisc", "add", "dev", "eth0", *netem)
    except OSError:
        with _carried(network, host, delay_s=delay_s, loss=loss):
            yield "carried"
        return
    network.switch.run("tc", "qdisc", "add", "dev", host.port, *netem)
    try:
        yield "netem"
    finally:
        host.run("tc", "qdisc", "del", "dev", "eth0", "root")
        network.switch.run("tc", "qdisc", "del", "dev", host.port, "root")


@contextlib.contextmanager
def _carried(network: Network, host: Host, *, delay_s: float, loss: float) -> Iterator[None]:
    ends = (host.now(_tap, "slow0"), network.switch.now(_tap, "slowport"))
    over = threading.Event()
    carrier = threading.Thread(target=_carry, args=(ends, over, delay_s, loss), daemon=True)
    network.switch.ip("link", "set", "slowport", "master", "bridge", "up")
    host.ip("address", "del", f"{host.address}/24", "dev", "eth0")
    host.ip("address", "add", f"{host.address}/24", "dev", "slow0")
    host.ip("link", "set", "slow0", "up")
    _forget(host, network)
    carrier.start()
    try:
        yield
    finally:
        over.set()
        carrier.join()
        for end in ends:
            os.close(end)
        host.ip("address", "add", f"{host.address}/24", "dev", "eth0")
        _forget(host, network)


def _forget(moved: Host, network: Network) -> None:
    """The host has another card now: nobody shall send to the old one."""
    for host in network.hosts:
        if host is not moved:
            with contextlib.suppress(OSError):  # who never spoke to it knows nothing of it
                host.ip("neighbour", "del", moved.address, "dev", "eth0")


def _tap(name: str) -> int:
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def _carry(ends: tuple[int, int], over: threading.Event, delay_s: float, loss: float) -> None:
    dice = random.Random(SEED)
    waiting: list[tuple[float, int, int, bytes]] = []
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    number = 0
    while not over.is_set():
        pause_s = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.05
        for end in select.select(ends, (), (), min(pause_s, 0.05))[0]:
            with contextlib.suppress(BlockingIOError):
                frame = os.read(end, FRAME_BYTES)
                number += 1
                if dice.random() >= loss:
                    heapq.heappush(waiting, (time.monotonic() + delay_s, number, other[end], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, end, frame = heapq.heappop(waiting)
            with contextlib.suppress(OSError):  # full: lost, as on any cable
                os.write(end, frame)
