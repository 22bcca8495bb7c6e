"""Makes tokens for small installations: `python -m gridcast.api.auth.making`, which `gridcast token create` starts."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Final

import jwt

from gridcast.broadcaster import Settings, load_settings
from gridcast.broadcaster.errors import BadSettings
from gridcast.broadcaster.names import LOCAL_USER, USER_PATTERN

from .tokens import HOW, OURS, secret_of

BAD_INPUT: Final = 2
MAX_DAYS: Final = 3650
ROLES: Final = ("user", "admin")


def token_for(settings: Settings, user: str, *, role: str, days: float, now: float | None = None) -> str:
    """A token that names `user` for `days`.

    Raises:
        BadSettings: there is no secret to sign it with.
        ValueError: this cannot be a user, or not for so long.
    """
    if not USER_PATTERN.fullmatch(user) or user == LOCAL_USER:
        raise ValueError(
            f"{user!r} cannot be a user's name: 1 to 128 of A-Za-z0-9._@|+=~-, and not {LOCAL_USER!r}"
        )
    if not 0 < days <= MAX_DAYS:
        raise ValueError(f"a token lasts up to {MAX_DAYS} days, not {days:g}")
    secret = secret_of(settings)
    if secret is None:
        raise BadSettings(f"no secret to sign tokens with; {HOW}")
    begun = time.time() if now is None else now
    claims = {
        "iss": settings.auth_issuer or OURS,
        "aud": settings.auth_audience or OURS,
        "sub": user,
        "iat": int(begun),
        "exp": int(begun + days * 86400),
    }
    if role == "admin":
        claims["role"] = role
    return jwt.encode(claims, secret, algorithm="HS256")


def main() -> int:
    """Print a token on stdout."""
    parser = argparse.ArgumentParser(prog="gridcast token create", description="Make a token.")
    parser.add_argument("--user", required=True)
    parser.add_argument("--role", choices=ROLES, default="user")
    parser.add_argument("--days", type=float, default=30.0)
    wanted = parser.parse_args()
    try:
        token = token_for(load_settings(), wanted.user, role=wanted.role, days=wanted.days)
    except (BadSettings, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return BAD_INPUT
    sys.stdout.write(f"{token}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
