"""Who a request comes from. Without accounts everybody is the same local user, who owns everything."""

from __future__ import annotations

from typing import Final

LOCAL_USER: Final = "local"
LOCAL_ROLE: Final = "owner"


def author(user: str) -> str:
    """How a user stands in the `by` of a command entry."""
    return f"user:{user}"
