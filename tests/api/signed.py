"""Settings with accounts on, and tokens that their secret signs."""

from __future__ import annotations

import time
from typing import Any

import jwt

from gridcast.broadcaster import Settings

SECRET = "a secret of the tests alone, which is longer than sixty-four bytes, as HS512 wants it"


def with_accounts(settings: Settings, **more: Any) -> Settings:
    """The same with accounts on."""
    return Settings.model_validate(
        {**settings.model_dump(), "auth": "jwt", "auth_secret": SECRET, "auth_leeway_s": 0.0, **more}
    )


def token(
    user: str, *, role: str | None = None, secret: str = SECRET, algorithm: str = "HS256", **claims: Any
) -> str:
    """A token of a user for a minute, with other claims as asked; those that are None are left out."""
    told = {
        "iss": "gridcast",
        "aud": "gridcast",
        "sub": user,
        "exp": time.time() + 60,
        "role": role,
        **claims,
    }
    return jwt.encode(
        {name: value for name, value in told.items() if value is not None}, secret, algorithm=algorithm
    )


def bearer(user: str, **claims: Any) -> dict[str, str]:
    """The header with which a user asks."""
    return {"Authorization": f"Bearer {token(user, **claims)}"}
