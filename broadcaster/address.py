"""Where the broker is: one server, or whichever of several the sentinels call the master."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

SENTINEL: Final = "redis+sentinel"
SENTINEL_PORT: Final = 26379
PORT: Final = 6379
SCHEMES: Final = ("redis", "rediss", SENTINEL)
FORM: Final = f"{SENTINEL}://[:PASSWORD@]HOST[:{SENTINEL_PORT}],HOST...[/MASTER[/DATABASE]]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentinels:
    """Servers to ask for the master of this name. The password is that of the brokers; sentinels have none."""

    hosts: tuple[tuple[str, int], ...]
    master: str
    database: int
    username: str | None
    password: str | None


def sentinels_in(url: str) -> Sentinels | None:
    """What a `redis+sentinel://` address names; `None` for an address of another kind.

    Raises:
        ValueError: it has not the form `FORM`.
    """
    scheme, _, rest = url.partition("://")
    if scheme != SENTINEL:
        return None
    network, _, path = rest.partition("/")
    user, _, places = network.rpartition("@")
    name, _, database = path.partition("/")
    username, _, password = user.partition(":")
    hosts = tuple(_host(place) for place in places.split(","))
    if not database.isdecimal() and database:
        raise ValueError(f"{database} is no number of a database; needed is {FORM}")
    return Sentinels(
        hosts=hosts,
        master=name or "mymaster",
        database=int(database or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
    )


def _host(place: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{place}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit("//"), None
    if not parts.hostname:
        raise ValueError(f"{place!r} is no host; needed is {FORM}")
    return parts.hostname, port or SENTINEL_PORT


def place(url: str) -> str:
    """Where an address leads, without the password."""
    watched = sentinels_in(url)
    if watched is not None:
        return f"{watched.master} of " + ",".join(f"{host}:{port}" for host, port in watched.hosts)
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or PORT}"
