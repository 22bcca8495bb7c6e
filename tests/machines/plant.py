"""A whole service on hosts of its own: broker, proxy, APIs, workers, and hosts for viewers."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import orjson
from redis.asyncio import Redis

from tests.api.signed import SECRET, bearer
from tests.cli.started import REPOSITORY
from tests.machines.network import Host, Network
from tests.machines.roles import (
    API,
    BROKER_PORT,
    CADDYFILE,
    PORT,
    PROXY,
    SOCKET,
    WORKER,
    broker_command,
    broker_config,
)
from tests.waiting import PATIENCE_S

LEASE_S = 2.0
START_S = 3 * PATIENCE_S
"""Six processes that import everything at once, on few cores."""
SITE = "grid.test"
OWNER = "ada"


class Machine:
    """A host and the one program that it runs."""

    def __init__(
        self, host: Host, command: Iterable[str], *, env: Mapping[str, str], folder: Path, stdin: bytes = b""
    ) -> None:
        self.host = host
        self.log = folder / f"{host.name}.log"
        self._command = tuple(command)
        self._env = env
        self._stdin = stdin
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = self.host.start(self._command, env=self._env, log=self.log, stdin=self._stdin)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Tell it to end, and wait until it did."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(PATIENCE_S)

    def end(self) -> None:
        """End it in whatever state it is."""
        if self.runs:
            self.stop(signal.SIGKILL)


class Plant:
    """The machines, and what tests ask them."""

    def __init__(self, network: Network, folder: Path, *, apis: int = 3, workers: int = 3) -> None:
        self.network = network
        self.folder = folder
        self._password = secrets.token_urlsafe(12)
        for name, value in (("broker-password", self._password), ("auth-secret", SECRET)):
            (folder / name).write_text(value)
        (folder / "data").mkdir()
        broker = network.host("broker")
        config = broker_config(self._password, folder / "data")
        self.broker = Machine(broker, broker_command(), env=os.environ, folder=folder, stdin=config)
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GRIDCAST_")}
        env = {
            **ours,
            "PYTHONPATH": str(REPOSITORY),
            "GRIDCAST_REDIS_URL": f"redis://{broker.address}:{BROKER_PORT}/0",
            "GRIDCAST_REDIS_PASSWORD_FILE": str(folder / "broker-password"),
            "GRIDCAST_AUTH": "jwt",
            "GRIDCAST_AUTH_SECRET_FILE": str(folder / "auth-secret"),
            "GRIDCAST_ALLOWED_HOSTS": orjson.dumps([SITE]).decode(),
            "GRIDCAST_RECORDINGS": str(folder / "recordings"),
            "GRIDCAST_DIR": str(folder / "gridcast"),
            "GRIDCAST_LEASE_S": str(LEASE_S),
        }
        self.apis = [
            Machine(network.host(f"api{n}"), _gridcast(API), env=env, folder=folder) for n in range(apis)
        ]
        self.workers = [
            Machine(network.host(f"worker{n}"), _gridcast(WORKER), env=env, folder=folder)
            for n in range(workers)
        ]
        self.proxy = self._proxy() if shutil.which("caddy") else None
        self.viewers = [network.host(f"viewer{n}") for n in range(3)]
        self._http = httpx2.Client(trust_env=False, timeout=PATIENCE_S, headers=signed_in(OWNER))

    def _proxy(self) -> Machine:
        """Caddy with the file of docker-compose.yml; instead of Docker's resolver a hosts file knows `api`."""
        names = self.folder / "hosts"
        self.scale(self.apis)
        bound = f'mount --bind "{names}" /etc/hosts && exec "$@"'
        command = [str(CADDYFILE) if part.endswith("Caddyfile") else part for part in PROXY]
        env = {**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder / "caddy")}
        unshared = ("unshare", "--mount", "sh", "-c", bound, "proxy", *command)
        return Machine(self.network.host("proxy"), unshared, env=env, folder=self.folder)

    def scale(self, apis: Sequence[Machine]) -> None:
        """From now on the name `api` means these."""
        # Into the same file: the proxy has it mounted.
        (self.folder / "hosts").write_text("".join(f"{api.host.address} api\n" for api in apis))

    @property
    def machines(self) -> list[Machine]:
        return [self.broker, *self.apis, *self.workers, *([self.proxy] if self.proxy else [])]

    @property
    def doors(self) -> list[str]:
        """Addresses at which the service is reached: the proxy, or each API where there is none."""
        return [self.door(front) for front in ([self.proxy] if self.proxy else self.apis)]

    def by_pid(self, pid: int) -> Machine:
        """The machine whose program this is."""
        return next(machine for machine in self.machines if machine.pid == pid)

    def door(self, api: Machine) -> str:
        """Where one API is reached without the proxy."""
        return f"{api.host.address}:{PORT}"

    def start(self) -> None:
        """Start all of it, and wait until all of it serves."""
        self.heal()

    def heal(self) -> None:
        """Start what does not run."""
        for machine in self.machines:
            if not machine.runs:
                machine.start()
        for api in self.apis:
            self.until_serving(api)

    def until_serving(self, api: Machine) -> None:
        """Wait until it is ready, which takes a live worker as well."""
        deadline = time.monotonic() + START_S
        url = f"http://{self.door(api)}/readyz"
        while True:
            with suppress(httpx2.TransportError):
                if self.viewers[0].now(self._http.get, url).status_code == 200:
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{api.host.name} does not serve; its log is in {self.folder}")
            time.sleep(0.05)

    async def readiness(self) -> list[int]:
        """What each API answers at /readyz; it may take its time while the broker is away."""
        urls = [f"http://{self.door(api)}/readyz" for api in self.apis]
        answers = await asyncio.gather(*(self.viewers[0].call(self._http.get, url) for url in urls))
        return [answer.status_code for answer in answers]

    async def ask(self, method: str, path: str, *, door: str | None = None, **options: Any) -> dict[str, Any]:
        """An answer of the service, which must be a good one."""
        url = f"http://{door or self.doors[0]}{path}"
        answer = await self.viewers[0].call(self._http.request, method, url, **options)
        assert answer.is_success, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def create(self, scenario: str = "ieee13-ofo-taps", **body: Any) -> str:
        """Start a session; its id."""
        document = await self.ask("POST", "/api/sessions", json={"scenario": scenario, **body})
        return str(document["id"])

    def look(self) -> Redis:
        """A client for the test's own look at the broker, which no cut cable ends."""
        return Redis(unix_socket_path=str(self.folder / "data" / SOCKET), password=self._password)

    def end(self) -> None:
        """End what runs, workers first, as they have the most to end."""
        for machine in reversed(self.machines):
            machine.end()
        self._http.close()


def signed_in(user: str, *, role: str | None = None) -> dict[str, str]:
    """The header with which a user asks, for as long as any test runs."""
    return bearer(user, role=role, exp=time.time() + 3600)


def _gridcast(command: Iterable[str]) -> tuple[str, ...]:
    """The command as it is installed here."""
    return (sys.executable, "-m", "gridcast.cli", *list(command)[1:])
