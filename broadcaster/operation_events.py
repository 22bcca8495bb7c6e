"""What an operation tells: one JSON object for each thing that happens, as docs/analyses.md says under "An operation"."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, Literal

import orjson

FINAL: Final = b'"final":true,'
"""Stands first in the last entry, where whoever carries entries sees it without reading them."""

ErrorCode = Literal["failed", "cancelled"]


def progress_of(step: int, steps: int, msg: str, eta_s: float | None = None) -> dict[str, Any]:
    """How far it is; also the meta field `progress`."""
    return {
        "step": step,
        "steps": steps,
        "pct": round(100.0 * step / steps, 2),
        "msg": msg,
        **({} if eta_s is None else {"eta_s": round(eta_s, 1)}),
    }


def progress(operation_id: str, told: Mapping[str, Any], *, point: Mapping[str, Any] | None = None) -> bytes:
    """One entry, without `offset`; `told` as `progress_of` makes it, `point` is what has just come."""
    return orjson.dumps(
        {
            "type": "progress",
            "operation_id": operation_id,
            **told,
            **({} if point is None else {"point": point}),
            "ts": time.time(),
        }
    )


def complete(operation_id: str, result: Mapping[str, Any]) -> bytes:
    """The last entry of one that came to its end."""
    return _final({"type": "complete", "operation_id": operation_id, "pct": 100, "result": result})


def error(operation_id: str, msg: str, code: ErrorCode) -> bytes:
    """The last entry of one that did not."""
    return _final({"type": "error", "operation_id": operation_id, "msg": msg, "code": code})


def _final(entry: Mapping[str, Any]) -> bytes:
    return b"{" + FINAL + orjson.dumps({**entry, "ts": time.time()})[1:]
