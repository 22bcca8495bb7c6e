"""Golden messages: one JSON file for each type, read by these tests and by the page's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).parent / "golden"


def golden(name: str) -> dict[str, Any]:
    """The message in `tests/golden/{name}.json`."""
    message: dict[str, Any] = orjson.loads((FOLDER / f"{name}.json").read_bytes())
    return message


def on_the_wire(entry: bytes, *, offset: int) -> dict[str, Any]:
    """An entry as the publish script sends it, at a time that does not change."""
    return {"offset": offset, **orjson.loads(entry), "ts": 5.0}


def real_messages(kind: str) -> list[dict[str, Any]]:
    """Messages of real runs on one kind of socket: `real/{kind}.{model}.json`, written by tests/workers/test_messages.py."""
    return [orjson.loads(path.read_bytes()) for path in sorted((FOLDER / "real").glob(f"{kind}.*.json"))]
