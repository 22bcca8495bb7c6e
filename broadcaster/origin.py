"""Which request something comes from. It is carried along with what is stored, so that logs of all processes can be joined.

The present request is bound to the context (`structlog.contextvars`) by whoever takes it in; what it causes is stored with
`origin()`, and whoever goes on with that binds it again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import structlog

from . import tracing

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What a client may call its request."""

Origin = Mapping[str, str]
"""`{request_id?, traceparent?}`."""


def request_id() -> str | None:
    """The id of the request that is being served in this context."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return None if found is None else str(found)


def origin() -> dict[str, str]:
    """What goes along with what is stored now."""
    found: dict[str, str] = {}
    if (ident := request_id()) is not None:
        found["request_id"] = ident
    if (parent := tracing.carried()) is not None:
        found["traceparent"] = parent
    return found


def words(carried: Origin) -> dict[str, Any]:
    """The part of an origin that belongs into each line of the log."""
    return {"request_id": carried["request_id"]} if "request_id" in carried else {}
