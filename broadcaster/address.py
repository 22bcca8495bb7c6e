"""Where a broker is: one server, whichever of several the sentinels call the master, or the nodes of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

SENTINEL: Final = "redis+sentinel"
SENTINEL_PORT: Final = 26379
PORT: Final = 6379
CLUSTER: Final = "redis+cluster"
SCHEMES: Final = ("redis", "rediss", SENTINEL)
CHANNELS_SCHEMES: Final = (*SCHEMES, CLUSTER)
"""Of a broker that holds channels and nothing else."""
FORM: Final = f"{SENTINEL}://[:PASSWORD@]HOST[:{SENTINEL_PORT}],HOST...[/MASTER[/DATABASE]]"
CLUSTER_FORM: Final = f"{CLUSTER}://[:PASSWORD@]HOST[:{PORT}],HOST..."


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentinels:
    """Servers to ask for the master of this name. The password is that of the brokers; sentinels have none."""

    hosts: tuple[tuple[str, int], ...]
    master: str
    database: int
    username: str | None
    password: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Nodes:
    """Some nodes of a cluster, which name the others."""

    hosts: tuple[tuple[str, int], ...]
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
    places, username, password = _apart(network)
    name, _, database = path.partition("/")
    hosts = tuple(_host(place, SENTINEL_PORT, FORM) for place in places.split(","))
    if not database.isdecimal() and database:
        raise ValueError(f"{database} is no number of a database; needed is {FORM}")
    return Sentinels(
        hosts=hosts,
        master=name or "mymaster",
        database=int(database or 0),
        username=username,
        password=password,
    )


def nodes_in(url: str) -> Nodes | None:
    """What a `redis+cluster://` address names; `None` for an address of another kind.

    Raises:
        ValueError: it has not the form `CLUSTER_FORM`.
    """
    scheme, _, rest = url.partition("://")
    if scheme != CLUSTER:
        return None
    network, _, path = rest.partition("/")
    if path not in ("", "0"):
        raise ValueError(f"a cluster has database 0 and no other; needed is {CLUSTER_FORM}")
    places, username, password = _apart(network)
    return Nodes(
        hosts=tuple(_host(place, PORT, CLUSTER_FORM) for place in places.split(",")),
        username=username,
        password=password,
    )


def _apart(network: str) -> tuple[str, str | None, str | None]:
    """The places of `[NAME][:PASSWORD]@PLACE,PLACE`, and who wants to go there."""
    user, _, places = network.rpartition("@")
    username, _, password = user.partition(":")
    return places, unquote(username) or None, unquote(password) or None


def _host(place: str, default_port: int, form: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{place}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit("//"), None
    if not parts.hostname:
        raise ValueError(f"{place!r} is no host; needed is {form}")
    return parts.hostname, port or default_port


def place(url: str) -> str:
    """Where an address leads, without the password."""
    watched = sentinels_in(url)
    if watched is not None:
        return f"{watched.master} of " + ",".join(f"{host}:{port}" for host, port in watched.hosts)
    nodes = nodes_in(url)
    if nodes is not None:
        return "cluster of " + ",".join(f"{host}:{port}" for host, port in nodes.hosts)
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or PORT}"
