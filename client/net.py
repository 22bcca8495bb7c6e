"""Small facts about addresses that HTTP and WebSocket connections share."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def base_url(url: str) -> str:
    """Check and normalise the address of a service: `http(s)://HOST[:PORT][/PREFIX]`, without a trailing slash.

    Raises:
        ValueError: `url` is no such address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not the address of a service; write it as http://HOST:PORT")
    if parts.query or parts.fragment:
        raise ValueError(f"{url!r} must end before any '?' or '#'; write it as http://HOST:PORT")
    return url.rstrip("/")


def websocket_url(base: str, path: str) -> str:
    """`path` (with its query) of the service at `base`, as a `ws` or `wss` address."""
    return "ws" + base.removeprefix("http") + path


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine; such connections never go through a proxy of the environment."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
