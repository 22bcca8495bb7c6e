"""`gridcast token create`: tokens for small installations, made where the secret is."""

from __future__ import annotations

import os
import sys

from .exits import Exit


def become_maker(*, user: str, role: str, days: float) -> Exit:
    """Turn this process into the one that makes the token and prints it."""
    command = [sys.executable, "-m", "gridcast.api.auth.making"]
    arguments = ["--user", user, "--role", role, "--days", repr(days)]
    os.execv(command[0], [*command, *arguments])
