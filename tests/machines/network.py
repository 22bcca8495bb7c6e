"""Several hosts on one machine, each with an address of its own: network namespaces (Linux) that a bridge joins.

The namespaces have no names and no files: they exist while somebody is in them, so a run that is killed leaves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")

CLONE_NEWNET = 0x40000000
SUBNET = "10.77.0"
LAUNCH = Path(__file__).parents[2] / "cli" / "launch.py"
"""Starts programs that the kernel ends with us."""


class NoNamespaces(Exception):
    """This machine or this user cannot have network namespaces; says why."""


def _libc(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


class Namespace:
    """A network of its own. What `call` is given runs in a thread that is in it; sockets made and processes started
    there stay in it wherever they are used afterwards."""

    def __init__(self) -> None:
        self._fd = -1
        with ThreadPoolExecutor(1) as maker:
            maker.submit(self._make).result()
        self._threads = ThreadPoolExecutor(8, initializer=_libc, initargs=("setns", self._fd, CLONE_NEWNET))
        self.ip("link", "set", "lo", "up")

    def _make(self) -> None:
        _libc("unshare", CLONE_NEWNET)
        self._fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    @property
    def path(self) -> str:
        """By which other programs find it."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    def now(self, work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
        """`work(...)`, done in here."""
        return self._threads.submit(work, *args, **kwargs).result()

    async def call(self, work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
        """The same without stopping the loop."""
        return await asyncio.wrap_future(self._threads.submit(work, *args, **kwargs))

    def ip(self, *arguments: str) -> None:
        """The command `ip`, in here."""
        self.run("ip", *arguments)

    def run(self, *command: str) -> None:
        """Any command, in here.

        Raises:
            OSError: it failed; says how.
        """
        done = self.now(subprocess.run, command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str], log: Path, stdin: bytes = b""
    ) -> subprocess.Popen[bytes]:
        """Start a program in here that ends with this process at the latest; its words go to `log`."""
        launched = [sys.executable, str(LAUNCH), str(os.getpid()), *command]
        with log.open("ab") as out:
            process: subprocess.Popen[bytes] = self.now(
                subprocess.Popen, launched, env=dict(env), stdin=subprocess.PIPE, stdout=out, stderr=out
            )
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        return process

    def close(self) -> None:
        """The namespace ends with its last process and thread."""
        self._threads.shutdown()
        os.close(self._fd)


class Host(Namespace):
    """A machine with one network card."""

    def __init__(self, name: str, address: str, port: str) -> None:
        super().__init__()
        self.name = name
        self.address = address
        self.port = port
        """The switch's end of its cable."""


class Network:
    """A switch and its hosts."""

    def __init__(self) -> None:
        self.switch = Namespace()
        self.hosts: list[Host] = []
        self.switch.ip("link", "add", "bridge", "type", "bridge")
        self.switch.ip("link", "set", "bridge", "up")

    def host(self, name: str) -> Host:
        """Another host, plugged in."""
        number = len(self.hosts) + 1
        host = Host(name, f"{SUBNET}.{number}", f"port{number}")
        self.hosts.append(host)
        self.switch.ip(
            *("link", "add", host.port, "type", "veth", "peer", "name", "eth0", "netns", host.path)
        )
        self.switch.ip("link", "set", host.port, "master", "bridge", "up")
        host.ip("address", "add", f"{host.address}/24", "dev", "eth0")
        host.ip("link", "set", "eth0", "up")
        return host

    def unplug(self, host: Host) -> None:
        """Nothing reaches the host, and nothing leaves it; nobody is told, as with a cable that is pulled."""
        self.switch.ip("link", "set", host.port, "down")

    def plug(self, host: Host) -> None:
        self.switch.ip("link", "set", host.port, "up")

    @contextlib.contextmanager
    def unplugged(self, *hosts: Host) -> Iterator[None]:
        """These hosts are cut off within the block."""
        for host in hosts:
            self.unplug(host)
        try:
            yield
        finally:
            for host in hosts:
                self.plug(host)

    def close(self) -> None:
        for namespace in (*self.hosts, self.switch):
            namespace.close()


@contextlib.contextmanager
def network() -> Iterator[Network]:
    """A network for the block.

    Raises:
        NoNamespaces: this machine cannot have one.
    """
    if sys.platform != "linux":
        raise NoNamespaces("network namespaces are a thing of Linux")
    if shutil.which("ip") is None:
        raise NoNamespaces("the command `ip` is missing (apt-get install iproute2)")
    try:
        made = Network()
    except OSError as error:
        raise NoNamespaces(f"network namespaces are not allowed here: {error}") from error
    try:
        yield made
    finally:
        made.close()
