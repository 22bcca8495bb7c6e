"""Who one is to a service: headers that say it, on requests and on the handshakes of WebSockets."""

from __future__ import annotations

import os

TOKEN = "GRIDCAST_TOKEN"  # its name


def headers_of(token: str | None = None, share: str | None = None) -> dict[str, str]:
    """Headers for a `token` (default: GRIDCAST_TOKEN, if that is set) and the secret of a `share` link.

    Raises:
        ValueError: it holds what no header may, such as a line's end.
    """
    token = (token or os.environ.get(TOKEN) or "").strip()
    share = (share or "").strip()
    for secret in (token, share):
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ValueError(
                "a token or share is one word of visible ASCII characters; is all of it there, once?"
            )
    found = {"Authorization": f"Bearer {token}"} if token else {}
    return {**found, "Gridcast-Share": share} if share else found
