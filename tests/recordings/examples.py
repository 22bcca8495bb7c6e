"""A small session's schema, and chunks of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridcast.recordings.chunks import Chunk, file_name
from gridcast.recordings.writer import Rows

SESSION = "k3v9"

SCHEMA: dict[str, Any] = {
    "bus_phases": [["671", "a"], ["671", "b"]],
    "datacenters": [{"name": "dc1", "bus": "671", "models": [{"label": "Llama-3.1-8B"}]}],
    "regulators": ["creg1a"],
    "storages": [{"name": "battery"}],
}
WIDTH = 14


def numbers(first: int, ticks: int) -> NDArray[np.float64]:
    """Rows that differ from each other; the last column does not exist in odd ticks."""
    found = np.arange(first, first + ticks)[:, None] + np.arange(WIDTH) / 100
    found[:, 0] = np.arange(first, first + ticks) * 0.1
    found[np.arange(first, first + ticks) % 2 == 1, -1] = np.nan
    return found


def rows(first: int, ticks: int, *, token: int = 1, **more: Any) -> Rows:
    """A chunk whose blocks have at most ten ticks."""
    blocks = [numbers(at, min(10, first + ticks - at)) for at in range(first, first + ticks, 10)]
    chunk = Chunk(
        name=file_name(first, token),
        first=first,
        ticks=ticks,
        size_bytes=0,
        digest=f"d{first + ticks}",
        head=0,
        token=token,
    )
    given: dict[str, Any] = {"events": {}, "controls": {}, "about": {"format": 1}, **more}
    return Rows(chunk=chunk, numbers=blocks, **given)
