"""What each machine starts: the very commands of docker-compose.yml, which tests/test_compose.py holds to these."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.valkey import valkey_binary

PORT: Final = 8000
BROKER_PORT: Final = 6379
API: Final = ("gridcast", "api", "--host", "0.0.0.0", "--port", str(PORT))
WORKER: Final = ("gridcast", "worker")
CADDYFILE: Final = Path(__file__).parents[2] / "deploy" / "Caddyfile"
PROXY: Final = ("caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile")
SOCKET: Final = "broker.sock"
BROKER: Final = ("valkey-server", "-")
BROKER_CONFIG: Final = (
    "bind * -::*",
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory-policy noeviction",
)
"""Read from stdin, together with `requirepass`, so that the password stands in no list of processes."""


def broker_command() -> tuple[str, ...]:
    """The same with the server that the tests have."""
    return (str(valkey_binary()), *BROKER[1:])


def broker_config(password: str, folder: Path) -> bytes:
    """Beside the network, tests look at it through a file, which no cable can cut off."""
    ours = (
        f"requirepass {password}",
        f'dir "{folder}"',
        f'unixsocket "{folder / SOCKET}"',
        "loglevel warning",
    )
    return "\n".join((*BROKER_CONFIG, *ours, "")).encode()
